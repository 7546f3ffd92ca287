"""Tables as Arrow batches, from which GeoPackage and Parquet are written: typed, a few thousand rows at a time."""

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casualty.release.formats.tables import DAY, FLAG, NUMBER, TEXT, WHOLE, Table
from casualty.release.package import Package

if TYPE_CHECKING:
    import pyarrow as pa

AT_ONCE = 10_000
GEOMETRY = "geometry"
UNITS = "data/05_geo/admin_units.geojson"
READERS: dict[str, Callable[[str], Any]] = {
    WHOLE: int, NUMBER: float, FLAG: lambda cell: cell == "true", DAY: date.fromisoformat, TEXT: str,
}  # fmt: skip

Shape = Callable[[list[str]], bytes | None]
Chosen = Callable[[list[str]], bool]


def schema(table: Table, shaped: bool = False, metadata: dict[str, str] | None = None) -> "pa.Schema":
    """Return the Arrow schema of a table, with the meaning of each column in its metadata."""
    import pyarrow as pa

    types = {WHOLE: pa.int64(), NUMBER: pa.float64(), FLAG: pa.bool_(), DAY: pa.date32(), TEXT: pa.string()}
    fields = [pa.field(c.name, types[c.kind], metadata={"meaning": c.meaning}) for c in table.columns]
    return pa.schema([*fields, *([pa.field(GEOMETRY, pa.binary())] if shaped else [])], metadata=metadata)


def batches(
    table: Table, form: "pa.Schema", shape: Shape | None = None, chosen: Chosen | None = None
) -> Iterator["pa.RecordBatch"]:
    """Yield a table's rows in their order, or those chosen; an empty cell is null."""
    rows: Iterable[list[str]] = table.rows() if chosen is None else filter(chosen, table.rows())
    rows = iter(rows)
    while block := list(islice(rows, AT_ONCE)):
        yield _batch(table, form, block, shape)


def _batch(table: Table, form: "pa.Schema", block: list[list[str]], shape: Shape | None) -> "pa.RecordBatch":
    import pyarrow as pa

    arrays = []
    for at, column in enumerate(table.columns):
        read = READERS[column.kind]
        arrays.append(pa.array([read(row[at]) if row[at] else None for row in block], form.field(at).type))
    if shape is not None:
        arrays.append(pa.array(map(shape, block), pa.binary()))
    return pa.RecordBatch.from_arrays(arrays, schema=form)


def point_of(table: Table) -> Shape:
    """Return what gives a row's point as WKB, longitude first (WGS 84); None where none is shown."""
    lat, lon = table.at("lat"), table.at("lon")
    numbers = [at is not None and table.columns[at].kind == NUMBER for at in (lat, lon)]
    if lat is None or lon is None or not all(numbers):
        return lambda row: None
    return lambda row: struct.pack("<BIdd", 1, 1, float(row[lon]), float(row[lat])) if row[lat] and row[lon] else None


def outline_of(package: Package, table: Table) -> Shape:
    """Return what gives a unit's boundary as WKB, many-part; None where the package draws none."""
    import shapely

    outlines: dict[str, bytes] = {}
    for key, geometry in _boundaries(package.folder / UNITS):
        found = shapely.from_geojson(json.dumps(geometry))
        whole = shapely.multipolygons(shapely.get_parts(found))
        outlines[key] = shapely.to_wkb(whole, byte_order=1)
    at = table.at("id")
    return lambda row: None if at is None else outlines.get(row[at])


def _boundaries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield key and boundary of each unit that has one; the file has one feature a line."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"type":"Feature",'):
                feature = json.loads(line.rstrip(",\n"))
                if feature["geometry"]["type"] in ("Polygon", "MultiPolygon"):
                    yield str(feature["id"]), feature["geometry"]
