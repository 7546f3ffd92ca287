"""Commands that read the record, ask it questions and let packages out."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import Json, acting, app, dumped, opened, out, say
from casualty.errors import UsageFault


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


@app.command()
def release(
    out: Path,
    tier: Annotated[str, typer.Option(help="commission.")],
    to: Annotated[str, typer.Option(help="Who receives it.")],
    basis: Annotated[str, typer.Option(help="On what legal basis or agreement.")],
) -> None:
    """Write a package that can be verified without this program."""
    from casualty import release as releasing
    from casualty.vocabulary import Tier

    if tier not in set(Tier):
        raise UsageFault(f"{tier} is not a tier; one of: {', '.join(Tier)}.")
    store = opened()
    done = releasing.build(store, out, tier=Tier(tier), recipient=to, basis=basis, by=acting(store))
    say(f"Released {done.incidents:,} incidents to {to}: {out}")
    say(f"SHA-256 of its manifest: {done.manifest_sha256}")


@app.command()
def verify(bag: Path) -> None:
    """Check a released package, with nothing but the package."""
    from casualty import release as releasing

    for line in releasing.verify(bag):
        out(line)
