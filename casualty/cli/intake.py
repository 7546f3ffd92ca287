"""Commands that take files in, and take them back."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import Json, acting, dumped, intake_app, opened, out, progress, say
from casualty.errors import InvalidRecords, UsageFault


@intake_app.command("file", hidden=True)
def intake_file(
    file: Path,
    format: Annotated[
        str | None, typer.Option(help="ged, ibc, hxl, victims, incidents, population, places, groups or actors.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="A column mapping in TOML; see: intake propose.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The name under which its rows are known again.")] = None,
    complete: Annotated[bool, typer.Option("--complete", help="Withdraw what the file no longer names.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report exactly, write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take a file into the record."""
    from casualty import intake
    from casualty.intake import mapping as mappings
    from casualty.vocabulary import IntakeFormat

    if format is not None and format not in set(IntakeFormat):
        raise UsageFault(f"{format} is not a format; one of: {', '.join(IntakeFormat)}.")
    store = opened()
    report = intake.take_in(
        store, file, acting(store),
        format=IntakeFormat(format) if format else None,
        mapping=mappings.load(mapping) if mapping else None,
        dataset=dataset, complete=complete, dry_run=dry_run, progress=progress("rows read"),
    )  # fmt: skip
    for remark in report.remarks:
        say(f"Note: {remark}")
    for kind, rows in sorted(report.kinds_of_warning.items()):
        say(f"Warning in {rows:,} rows: {kind}")
    for fault in report.faults if not as_json else ():
        say(f"Refused: {fault}")
    sentence = ", ".join(
        f"{getattr(report, part):,} {part}"
        for part in ("read", "recorded", "amended", "unchanged", "refused", "vanished")
    )
    say(
        f"{'Dry run, nothing written' if dry_run else 'Batch ' + str(report.batch) if report.batch else 'Nothing new'}: {sentence}."
    )
    if as_json:
        out(dumped(report.as_json()))
    if report.refused:
        raise typer.Exit(InvalidRecords.exit_code)


@intake_app.command("propose")
def intake_propose(file: Path, format: str | None = None, dataset: str | None = None) -> None:
    """Print a proposed mapping of a file, to be edited and given back with --mapping."""
    from casualty import intake
    from casualty.vocabulary import IntakeFormat

    if format is not None and format not in set(IntakeFormat):
        raise UsageFault(f"{format} is not a format; one of: {', '.join(IntakeFormat)}.")
    sys.stdout.write(intake.propose(file, format=IntakeFormat(format) if format else None, dataset=dataset))


@intake_app.command("list")
def intake_list(as_json: Json = False) -> None:
    """List the batches, newest first."""
    from casualty import intake

    found = intake.batches(opened())
    if as_json:
        out(dumped(found))
        return
    for batch in found:
        state = f" WITHDRAWN: {batch['withdrawn_reason']}" if batch["withdrawn_at"] else ""
        out(
            f"{batch['batch']}  {batch['recorded_at'][:16]}  {batch['dataset']} ({batch['format']}) by {batch['recorded_by']}:"
            f" {batch['recorded']} recorded, {batch['amended']} amended, {batch['refused']} refused{state}"
        )


@intake_app.command("withdraw")
def intake_withdraw(batch: int, reason: Annotated[str, typer.Option(help="Why.")]) -> None:
    """Take a whole batch back."""
    from casualty import intake

    store = opened()
    done = intake.withdraw_batch(store, batch, acting(store), reason, progress("records"))
    say(", ".join(f"{number:,} {what}" for what, number in done.items()) + ".")
