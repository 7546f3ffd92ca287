"""Commands for analyses that were kept: list them, show one, ask one again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casualty.cli.frame import GLOBALS, Json, acting, dumped, opened, out, patterns_app, say

if TYPE_CHECKING:
    from casualty.access import Acting
    from casualty.runs import Rerun, Run
    from casualty.store import Store

HEAD = 60


@patterns_app.command("runs")
def patterns_runs(
    method: Annotated[str | None, typer.Option(help="Only of this question.")] = None,
    name: Annotated[str | None, typer.Option(help="Only those called so.")] = None,
    as_json: Json = False,
) -> None:
    """List the analyses kept, oldest first."""
    from casualty import runs
    from casualty.patterns.plainly import clean

    store = opened()
    found = runs.listed(store, by=_reader(store), method=method, name=name)
    if as_json:
        out(dumped([_head(run) for run in found]))
        return
    for run in found:
        taken_back = "  WITHDRAWN" if run.withdrawn else ""
        called = f"{clean(run.name)}: " if run.name else ""
        words = f"{called}{clean(run.question)}"[:HEAD]
        out(f"{run.code}  {run.at[:16].replace('T', ' ')}  {run.method:<16}{words}{taken_back}")
    say(f"{len(found):,} kept." if found else "None kept yet: each question asked of the record is kept as one.")


@patterns_app.command("run")
def patterns_run(
    code: str,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it too: .svg, .png, .html, or .json for Vega-Lite.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show an analysis as it was asked and answered."""
    from casualty import runs
    from casualty.patterns import plainly

    store = opened()
    run = runs.shown(store, code, by=_reader(store))
    if figure is not None:
        from casualty.patterns import figures

        figures.write(run.result, figure)
    if as_json:
        out(dumped(run.as_json()))
        return
    out(plainly.text(run.result))
    if run.name:
        out(f"\nNamed {plainly.clean(run.name)}.")
    out(
        f"\n{run.code}: {plainly.clean(run.question)}\nAsked {run.at} by {run.by}; SHA-256 of the answer {run.result_sha256},"
    )
    out(f"of the data {run.data_sha256}; ledger head {run.ledger_head}.")
    out(f"Computed by {', '.join(f'{name} {version}' for name, version in run.versions.items())}.")
    if run.withdrawn:
        out(f"WITHDRAWN: {run.withdrawn}")


@patterns_app.command("rerun")
def patterns_rerun(
    code: Annotated[str, typer.Argument(metavar="CODE|PACKAGE", help="A kept analysis, or the folder of a package.")],
    run: Annotated[str | None, typer.Option(metavar="CODE", help="Of a package: only this analysis.")] = None,
    as_json: Json = False,
) -> None:
    """Ask an analysis again and say whether the answer is the same, byte for byte; ends with 1 if not.

    Of a package nothing is needed but its folder: no database is opened.
    """
    found = _of_package(Path(code), run) if Path(code).is_dir() else [_of_record(code)]
    if as_json:
        out(dumped([again.as_json() for again in found] if Path(code).is_dir() else found[0].as_json()))
    else:
        out(
            "\n".join(
                line for again in found for line in (again.sentence, *(f"  {place}" for place in again.differences))
            )
        )
    if not all(again.same or (again.agrees and again.program) for again in found):
        raise typer.Exit(1)


def _of_record(code: str) -> "Rerun":
    from casualty import asking, runs

    store = opened()
    who = _reader(store)
    return runs.rerun(store, code, asking.again(store, who), by=who)


def _of_package(folder: Path, code: str | None) -> "list[Rerun]":
    from casualty import release
    from casualty.release import analyses
    from casualty.release.package import Package

    release.verify(folder)
    return analyses.rerun(Package.at(folder), code)


@patterns_app.command("compare")
def patterns_compare(code: str, other: str, as_json: Json = False) -> None:
    """Set two analyses side by side: what differs in what was asked, and in what was found; no test is made."""
    from casualty import asking, runs
    from casualty.patterns.plainly import clean

    store = opened()
    who = _reader(store)
    found = asking.compared(runs.shown(store, code, by=who), runs.shown(store, other, by=who))
    out(dumped(found.as_json()) if as_json else clean(found.sentence))
    if as_json:
        return
    out("\n".join(f"  {clean(what)}: {clean(one)} | {clean(two)}" for what, one, two in found.apart()))
    out("\n".join(f"  {clean(pair.name)}: {pair.first.said} | {pair.second.said}" for pair in found.pairs))


def _reader(store: "Store") -> "Acting | None":
    """Return who reads, if they say so; whoever holds the database may read it all."""
    return acting(store) if GLOBALS["as"] else None


def _head(run: "Run") -> dict[str, Any]:
    kept = ("code", "name", "at", "by", "method", "question", "dimension", "group", "result_sha256", "withdrawn")
    return {name: getattr(run, name) for name in kept}
