"""The tables as Parquet, incidents and administrative units as GeoParquet 1.1: typed, with their meanings in the schema."""

import json
from typing import TYPE_CHECKING

from casualty.release.formats import columnar
from casualty.release.formats.columnar import Shape
from casualty.release.formats.output import Output, Wishes, manifest_of
from casualty.release.formats.tables import TEXT, Column, Table, held
from casualty.release.package import Package

if TYPE_CHECKING:
    import pyarrow as pa

KINDS = {"incident": ["Point"], "admin_unit": ["MultiPolygon"]}


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write every table of the package as a Parquet file of its own, rows in the order of the package."""
    of = {"release": package.info.get("External-Identifier", ""), "manifest_sha256": manifest_of(package)}
    for raw in held(package):
        table = raw.typed()
        shape = _shape(package, table)
        metadata = of if shape is None else {**of, "geo": _geo(KINDS[table.name])}
        form = columnar.schema(table, shaped=shape is not None, metadata=metadata)
        count = _write(output, table, form, shape)
        drawn = (
            []
            if shape is None
            else [Column(columnar.GEOMETRY, "Point or boundary as WKB, WGS 84, longitude first.", TEXT)]
        )
        output.describe(f"{table.stem}.parquet", [*table.columns, *drawn], count)
    output.notes.append("A null geometry is an incident without a point, or a unit without a boundary.")


def _shape(package: Package, table: Table) -> Shape | None:
    if table.name == "incident":
        return columnar.point_of(table)
    return columnar.outline_of(package, table) if table.name == "admin_unit" else None


def _geo(kinds: list[str]) -> str:
    """Return the metadata by which readers know the geometry (GeoParquet 1.1)."""
    from pyproj import CRS

    column = {"encoding": "WKB", "geometry_types": kinds, "crs": CRS.from_epsg(4326).to_json_dict()}
    return json.dumps({"version": "1.1.0", "primary_column": columnar.GEOMETRY, "columns": {columnar.GEOMETRY: column}})


def _write(output: Output, table: Table, form: "pa.Schema", shape: Shape | None) -> int:
    import pyarrow.parquet as pq

    count = 0
    with pq.ParquetWriter(output.place(f"{table.stem}.parquet"), form, compression="zstd") as writer:
        for batch in columnar.batches(table, form, shape):
            writer.write_batch(batch)
            count += batch.num_rows
    return count
