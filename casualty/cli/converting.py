"""Writing a package in the formats that other tools read."""

from pathlib import Path
from typing import Annotated

import typer

from casualty.cli.frame import app, out, say


@app.command()
def convert(
    package: Annotated[Path, typer.Argument(help="A package as it was delivered.")],
    wanted: Annotated[
        str, typer.Argument(metavar="FORMAT", help="csv, xlsx, geojson, gpkg, parquet, hxl, ged, acled or sdg.")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV files with a byte order mark, for old spreadsheets.")
    ] = False,
    population: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For sdg: CSV with area, year, population, source; sex or age.")
    ] = None,
    year: Annotated[list[int], typer.Option(help="For sdg: a year, as often as needed; all if not given.")] = [],  # noqa: B006
    since: Annotated[
        Path | None, typer.Option(metavar="PACKAGE", help="An earlier package: list what was added, changed, removed.")
    ] = None,
) -> None:
    """Write a package in a format that other tools read; needs no database."""
    from casualty.release import formats

    done = formats.convert(package, wanted, target, formats.Wishes(bom, population, tuple(year)), since)
    for name, rows in done.rows.items():
        out(f"{rows:>12,}  {name}")
    say(f"Converted: {target}")
