"""Are latitude and longitude exchanged? Asked of the first rows of a file, before any of it is believed.

The evidence is, in this order: the countries the rows state, the administrative units held, the land of the globe.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from casualty.intake import values
from casualty.intake.mapping import Mapping
from casualty.intake.proposing import SAMPLE_ROWS
from casualty.intake.reading import Table

if TYPE_CHECKING:
    from geo.frame import SwapCheck

# With neither country nor units, so many points must speak, or one latitude that no globe has.
FEWEST = 20


@dataclass(frozen=True)
class _Points:
    """Coordinates of the rows that state both, as the mapping has them, and the countries they state."""

    lat: list[float]
    lon: list[float]
    countries: list[str]


def mended(table: Table, mapping: Mapping, connection: sa.Connection | None) -> Mapping:
    """Return a proposed mapping with the columns of latitude and longitude exchanged if they look so, and a remark."""
    sentence = suspicion(table, mapping, connection)
    if sentence is None:
        return mapping
    columns = {**mapping.columns, "lat": mapping.columns["lon"], "lon": mapping.columns["lat"]}
    remark = f"{sentence} So latitude is read from {columns['lat'][0]!r} and longitude from {columns['lon'][0]!r}."
    return replace(mapping, columns=columns, remarks=[*mapping.remarks, remark])


def suspicion(table: Table, mapping: Mapping, connection: sa.Connection | None) -> str | None:
    """Return a sentence if latitude and longitude look exchanged throughout, or None."""
    if not {"lat", "lon"} <= mapping.columns.keys():
        return None
    points = _points(table, mapping)
    if not points.lat:
        return None
    found = _check(points, connection)
    return found.sentence if found.whole else None


def _points(table: Table, mapping: Mapping) -> _Points:
    at = {
        name: table.headers.index(columns[0])
        for name, columns in mapping.columns.items()
        if columns[0] in table.headers
    }
    points = _Points([], [], [])
    if not {"lat", "lon"} <= at.keys():
        return points
    for cells in islice(table.rows(), SAMPLE_ROWS):
        if len(cells) < len(table.headers):
            continue
        try:
            lat, lon = values.decimal(cells[at["lat"]]), values.decimal(cells[at["lon"]])
        except ValueError:
            continue
        if lat is not None and lon is not None:
            points.lat.append(lat)
            points.lon.append(lon)
            points.countries.append(cells[at["country"]] if "country" in at else mapping.defaults.get("country", ""))
    return points


def _check(points: _Points, connection: sa.Connection | None) -> "SwapCheck":
    from geo import land
    from geo.frame import looks_swapped

    if land.known(points.countries).mean() >= 0.5:
        return looks_swapped(points.lat, points.lon, lambda lon, lat: land.plausible(lon, lat, points.countries))
    within = _within_units(connection) if connection is not None else None
    if within is not None:
        return looks_swapped(points.lat, points.lon, within)
    found = looks_swapped(points.lat, points.lon, land.plausible)
    certain = any(abs(lat) > 90 for lat in points.lat)
    return found if found.n >= FEWEST or certain else replace(found, whole=False)


def _within_units(connection: sa.Connection) -> Callable[[Any, Any], Any] | None:
    """Return whether points lie in any of the widest units held, or None where no unit is drawn."""
    import shapely

    from geo.places import Locator, Unit

    rows = connection.execute(
        sa.text(
            "SELECT pcode, level, geometry FROM admin_unit WHERE geometry IS NOT NULL AND withdrawn_at IS NULL"
            " AND level = (SELECT min(level) FROM admin_unit WHERE geometry IS NOT NULL AND withdrawn_at IS NULL)"
        )
    ).all()
    if not rows:
        return None
    locator = Locator(Unit(row[0], row[0], row[1], None, geometry=shapely.from_geojson(row[2])) for row in rows)
    return lambda lon, lat: locator.locate(lon, lat) != None  # noqa: E711 - asked of each element of an array
