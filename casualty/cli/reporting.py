"""The report of a package, for people who read."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import app, out, say


@app.command()
def report(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="The folder of a package that holds.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.pdf", help="The report to be written; never written over.")],
) -> None:
    """Write the report of a package as a PDF, with nothing but the package."""
    from casualty import release
    from casualty.release import report as reporting
    from casualty.release.package import Package

    release.verify(package)
    reporting.write(Package.at(package), target)
    out(str(target))
    say(f"{target.stat().st_size:,} bytes; PDF/A-2a and PDF/UA-1, the same for the same package.")
