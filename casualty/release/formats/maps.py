"""Incidents and administrative units for a GIS: GeoJSON and GeoPackage, WGS 84. Standards: RFC 7946; R33, R36, R85."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casualty.release.formats import columnar
from casualty.release.formats.columnar import Chosen, Shape
from casualty.release.formats.output import Output, Wishes
from casualty.release.formats.tables import TEXT, Column, Table, one
from casualty.release.geography import CLOSING, EXACT_ENOUGH, OPENING
from casualty.release.package import Package

WGS84 = "EPSG:4326"
REPRESENTATIVE = Column(
    "representative", "true where the point stands for an area: place precision of 3 or more, or not known.", "true or false",
    "incident.place_precision",
)  # fmt: skip
CAUTION = (
    "A point of place precision 3 or more, or of none, stands for an area: nothing is said to have happened there. Such points never\n"
    "enter a test on points."
)


def geojson(package: Package, output: Output, _: Wishes) -> None:
    """Write incidents.geojson (RFC 7946; no point: a null geometry) and the package's administrative units."""
    incidents = one(package, "incident")
    if incidents is not None:
        table = incidents.typed()
        output.text("incidents.geojson", _features(table, table.rows()))
        columns = [c for c in table.columns if c.name not in ("lat", "lon")]
        output.describe("incidents.geojson", [*columns, REPRESENTATIVE], sum(1 for _ in table.rows()))
    units = package.folder / columnar.UNITS
    if units.is_file():
        with units.open(encoding="utf-8", newline="") as lines:
            output.text("admin_units.geojson", lines)
        outlined = one(package, "admin_unit")
        if outlined is not None:
            output.describe("admin_units.geojson", outlined.columns, _drawn(units))
    output.notes.append(
        f"Longitude first. An incident without a point has a null geometry; none is left out.\n{CAUTION}"
    )


def _drawn(units: Path) -> int:
    with units.open(encoding="utf-8") as lines:
        return sum(line.startswith('{"type":"Feature",') for line in lines)


def _features(table: Table, rows: Iterator[list[str]]) -> Iterator[str]:
    yield OPENING
    lat, lon, key = table.at("lat"), table.at("lon"), table.at("id")
    kept = [(at, c.name, columnar.READERS[c.kind]) for at, c in enumerate(table.columns) if at not in (lat, lon)]
    drawn = columnar.point_of(table)
    for number, row in enumerate(rows):
        values = {name: _plain(read, row[at]) for at, name, read in kept}
        values["representative"] = _representative(table, row)
        shown = lat is not None and lon is not None and drawn(row) is not None
        point = {"type": "Point", "coordinates": [float(row[lon]), float(row[lat])]} if shown else None  # type: ignore[index]
        feature = {
            "type": "Feature",
            **({} if key is None else {"id": row[key]}),
            "geometry": point,
            "properties": values,
        }
        yield ("," if number else "") + json.dumps(feature, ensure_ascii=False, separators=(",", ":")) + "\n"
    yield CLOSING.lstrip("\n")


def _plain(read: Any, cell: str) -> Any:
    value = read(cell) if cell else None
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _representative(table: Table, row: list[str]) -> bool:
    at = table.at("place_precision")
    return at is None or not row[at].isdecimal() or int(row[at]) > EXACT_ENOUGH


def geopackage(package: Package, output: Output, _: Wishes) -> None:
    """Write one GeoPackage: incidents with a point, incidents without, administrative units. Its time is that of the package."""
    import pyogrio

    day = package.info.get("Bagging-Date") or "1980-01-01"
    path = output.place("package.gpkg")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day}T00:00:00.000Z"})
    try:
        _layers(package, output, path)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    output.notes.append(
        f"WGS 84 (EPSG:4326). Incidents without a point are in a table of their own; none is left out.\n{CAUTION}"
    )


def _layers(package: Package, output: Output, path: Path) -> None:
    incidents, units = one(package, "incident"), one(package, "admin_unit")
    if incidents is not None:
        table = incidents.typed()
        point = columnar.point_of(table)
        _layer(output, path, table, "incidents", "Point", point, lambda row: point(row) is not None)
        _layer(output, path, table, "incidents_without_point", None, None, lambda row: point(row) is None)
    if units is not None:
        table = units.typed()
        _layer(output, path, table, "administrative_units", "MultiPolygon", columnar.outline_of(package, table), None)


def _layer(
    output: Output, path: Path, table: Table, name: str, kind: str | None, shape: Shape | None, chosen: Chosen | None
) -> None:
    import pyarrow as pa
    import pyogrio

    form = columnar.schema(table, shaped=shape is not None)
    count = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal count
        for batch in columnar.batches(table, form, shape, chosen):
            count += batch.num_rows
            yield batch

    drawn = {"geometry_name": columnar.GEOMETRY, "geometry_type": kind, "crs": WGS84} if kind else {}
    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(form, counted()),
        path,
        layer=name,
        driver="GPKG",
        append=path.exists(),
        **drawn,
    )
    shown = [*table.columns, *([Column(columnar.GEOMETRY, "Point or boundary, WGS 84.", TEXT)] if shape else [])]
    output.describe(f"package.gpkg, {name}", shown, count)
