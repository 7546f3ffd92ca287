"""The public page of a release."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import app, out, say


@app.command()
def webpage(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="A public package as it was released.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    corrections_to: Annotated[
        str, typer.Option(metavar="TEXT", help="How to report an error: address, phone, hours; lines are kept.")
    ] = "",
    since: Annotated[
        list[Path], typer.Option(metavar="EARLIER", help="An earlier public package, oldest first: what was corrected.")
    ] = [],  # noqa: B006
    reasons: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with code and reason: why, in words for the public.")
    ] = None,
) -> None:
    """Write the public page of a release: plain HTML, no scripts, no requests; needs no database."""
    from casualty.release import webpage as pages

    done = pages.write(package, target, corrections_to=corrections_to, since=since, reasons=reasons)
    out(str(target / "index.html"))
    say(f"{len(done.pages)} files of the page, {done.files} to download, {done.corrections:,} lines of corrections.")
    if not corrections_to.strip():
        say("It names no address for errors: give one with --corrections-to.")
