"""A finished package in the formats that other people's tools read. Nothing here opens a database.

What may go out was decided when the package was made; a format shows no more than the package holds, and says what it could
not carry. Standards: R34, R36, R92, R93, R95, R98; issue of releases, point 6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from casualty.errors import UsageFault
from casualty.release.formats import acled, changes, delimited, ged, maps, parquet, sdg, tagged, workbook
from casualty.release.formats.output import Output, Wishes, placed
from casualty.release.package import Package

__all__ = ["FORMATS", "Converted", "Wishes", "convert"]


Writer = Callable[[Package, Output, Wishes], None]

# By name: what it is, and who writes it.
FORMATS: dict[str, tuple[str, Writer]] = {
    "csv": ("the tables of the package as CSV.", delimited.write),
    "xlsx": ("the tables of the package as one workbook.", workbook.write),
    "geojson": ("incidents and administrative units as GeoJSON.", maps.geojson),
    "gpkg": ("incidents and administrative units as a GeoPackage.", maps.geopackage),
    "parquet": ("the tables of the package as Parquet, places as GeoParquet.", parquet.write),
    "hxl": ("incidents as CSV with HXL tags.", tagged.write),
    "ged": ("incidents in the layout of the UCDP Georeferenced Event Dataset.", ged.write),
    "acled": ("incidents in a table shaped like ACLED's.", acled.write),
    "sdg": ("SDG indicator 16.1.2, documented deaths per 100,000 people.", sdg.write),
}


@dataclass(frozen=True, slots=True)
class Converted:
    """What was written: rows by file."""

    path: Path
    rows: dict[str, int]


def convert(
    package: Path, wanted: str, out: Path, wishes: Wishes | None = None, since: Path | None = None
) -> Converted:
    """Write a package in a format as the folder `out`, with a data dictionary and a README; it appears whole or not at all.

    since: an earlier package, against which changes.csv lists what was added, changed and removed. The same package gives the
    same bytes. Raises UsageFault for an unknown format or an `out` that is not empty, NotFound and CheckFailed for what is no
    package or does not hold, and what the format itself raises.
    """
    from casualty import release

    if wanted not in FORMATS:
        raise UsageFault(f"{wanted} is not a format; one of: {', '.join(FORMATS)}.")
    for source in (package, since):
        if source is not None:
            release.verify(source)
            if source.resolve() in (out.resolve(), *out.resolve().parents):
                raise UsageFault(f"{out} lies in {source}; nothing in a package is changed. Name a folder elsewhere.")
    opened, earlier = Package.at(package), None if since is None else Package.at(since)
    asked, (told, write) = wishes or Wishes(), FORMATS[wanted]
    with placed(out) as folder:
        output = Output(folder, opened, bom=asked.bom)
        write(opened, output, asked)
        if earlier is not None:
            changes.write(opened, earlier, output)
        output.finish(wanted, told, earlier)
    return Converted(out, output.counts)
