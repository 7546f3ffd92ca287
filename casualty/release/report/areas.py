"""In which first-order unit each incident of a package lies, as the record itself tells it (R33, R34).

First what is recorded (the ancestor of a P-code; the unit as stated, matched to a held unit's code or name), else the
unit around the point where its precision allows that. The same answer as `frames.areas` gives on the database.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casualty.linkage import fold
from casualty.patterns.plainly import clean
from casualty.release.package import Package
from casualty.release.report.people import Row, number

if TYPE_CHECKING:
    from geo.places import Locator

UNITS = "data/05_geo/admin_units.geojson"
UNKNOWN = "unknown"
NOT_TOLD = ("not known", "withheld")
FIRST = 1
# A point of this precision or better, or of none stated, is taken to lie in the unit around it.
PRECISE = 4


@dataclass(frozen=True)
class Units:
    """The administrative units of a package: where a point lies, the code by name, and the name by code."""

    locator: "Locator | None"
    codes: Mapping[str, str]
    names: Mapping[str, str]

    def called(self, code: str | None) -> str:
        """Return what a unit is called: its code with its name, or the text itself where no unit has this code."""
        return named(code, self.names.get(code)) if code else UNKNOWN


def named(code: str, name: str | None) -> str:
    """Return what a unit is called: its code and its name, on one line."""
    return clean(f"{code} {name}" if name and name != code else code)


def shapes(package: Package) -> Iterator[Mapping[str, Any]]:
    """Yield the features of the package's administrative units, one at a time; none if it has no such file."""
    file = package.folder / UNITS
    if not file.is_file():
        return
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"type":"Feature",'):
                yield json.loads(line.rstrip(",\n"))


def units(package: Package) -> Units:
    """Return the units of the latest boundary set, and the names of all."""
    held = [row for row in package.rows("admin_unit") if not row.get("withdrawn_at") and row.get("pcode")]
    if not held:
        return Units(None, {}, {})
    first = [row for row in held if number(row.get("level")) == FIRST]
    codes = {fold(word): row["pcode"] for row in first for word in _words(row)}
    return Units(_locator(package, held), codes, {row["pcode"]: row.get("name", "") for row in held})


def _words(row: Row) -> list[str]:
    return [word for word in (row.get("name_local"), row.get("name"), row.get("pcode")) if word]


def _locator(package: Package, held: Sequence[Row]) -> "Locator":
    import shapely

    from geo.places import Locator, Unit

    latest = max(held, key=lambda row: (row.get("recorded_at", ""), row["id"])).get("boundary_set")
    drawn = {feature["id"]: feature["geometry"] for feature in shapes(package)}
    return Locator(
        Unit(
            row["pcode"],
            row.get("name", ""),
            number(row.get("level")) or 0,
            row.get("parent_pcode") or None,
            shapely.from_geojson(json.dumps(drawn[row["id"]])) if _is_area(drawn.get(row["id"])) else None,
        )
        for row in held
        if row.get("boundary_set") == latest
    )


def _is_area(geometry: Mapping[str, Any] | None) -> bool:
    return geometry is not None and geometry["type"] != "Point"


def first_order(package: Package) -> list[str]:
    """Return what the first-order unit of each incident is called, in the order of the file; `unknown` where none is known."""
    known = units(package)
    found: list[str | None] = []
    points: list[tuple[int, float, float]] = []
    for at, row in enumerate(package.rows("incident")):
        found.append(_stated(row, known))
        if found[-1] is None and row.get("lat") and (number(row.get("place_precision")) or 1) <= PRECISE:
            points.append((at, float(row["lon"]), float(row["lat"])))
    if known.locator is not None and points:
        lon, lat = ([point[axis] for point in points] for axis in (1, 2))
        for (at, _, _), code in zip(points, known.locator.locate(lon, lat, FIRST), strict=True):
            found[at] = code
    return [known.called(code) for code in found]


def _stated(row: Row, known: Units) -> str | None:
    if row.get("area"):  # a tier that does not tell P-codes tells the area that it may tell
        return UNKNOWN if row["area"] in NOT_TOLD else row["area"]
    pcode, stated = row.get("pcode"), row.get("admin1")
    above = None
    if pcode:
        above = known.locator.ancestor(pcode, FIRST) if known.locator is not None else pcode
    if above is None and stated:
        above = known.codes.get(fold(stated), stated)
    return above
