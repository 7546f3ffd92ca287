"""Commands that read the record and ask it questions."""

from typing import Annotated

import typer

from casualty.cli.frame import Json, app, dumped, opened, out, say


@app.command()
def summary(
    by: Annotated[str | None, typer.Option(help="year, status, group or admin1.")] = None,
    status: Annotated[str | None, typer.Option(help="Only incidents of this status.")] = None,
    as_json: Json = False,
) -> None:
    """Sum the record, with its unknowns."""
    from casualty.summary import summarise

    found = summarise(opened(), by, status)
    if as_json:
        out(dumped(found.as_json()))
        return
    out(f"{'':<32}{'incidents':>10}{'victims':>9}{'low':>11}{'best':>11}{'high':>11}{'no best':>9}{'no place':>9}")
    for name, sums in (*found.by.items(), ("all", found.total)):
        out(
            f"{name[:31]:<32}{sums.incidents:>10,}{sums.victims:>9,}{sums.killed_low:>11,}{sums.killed_best:>11,}"
            f"{sums.killed_high:>11,}{sums.without_best:>9,}{sums.without_place:>9,}"
        )
    say("Documented, not all deaths. An unknown figure adds 0 and is counted under 'no best'.")


@app.command()
def history(
    code: str,
    at: Annotated[int | None, typer.Option(help="Show the record as it stood at this revision.")] = None,
    as_json: Json = False,
) -> None:
    """Show every revision of a record, or its state at one."""
    from casualty import telling

    document, text = telling.history(opened(), code, at)
    out(dumped(document) if as_json else text)
