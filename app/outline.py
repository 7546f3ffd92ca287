"""The outlines of the administrative units held, as the map draws them."""

import json
from functools import lru_cache

import sqlalchemy as sa

from app.shipped import Kept
from casualty.schema import table
from casualty.store import Store

STEPS = 2000


def territory(store: Store) -> Kept:
    """Return the units as GeoJSON (WGS 84): `pcode`, `name`, `level`, `parent`; simplified to what a screen shows."""
    unit = table("admin_unit")
    marks = store.rows(sa.select(sa.func.count(), sa.func.max(unit.c.recorded_at), sa.func.sum(unit.c.version)))
    return _drawn(store, tuple(marks[0]))


@lru_cache(maxsize=4)
def _drawn(store: Store, marks: tuple[object, ...]) -> Kept:
    import shapely

    unit = table("admin_unit")
    columns = sa.select(unit.c.pcode, unit.c.name, unit.c.level, unit.c.parent_pcode, unit.c.geometry)
    held = store.rows(columns.where(unit.c.geometry.is_not(None), unit.c.withdrawn_at.is_(None)))
    shapes = shapely.from_geojson([row.geometry for row in held])
    west, south, east, north = shapely.total_bounds(shapes) if held else (0.0, 0.0, 0.0, 0.0)
    simple = shapely.simplify(shapes, max(east - west, north - south) / STEPS)
    features = [
        {
            "type": "Feature",
            "properties": {"pcode": row.pcode, "name": row.name, "level": row.level, "parent": row.parent_pcode},
            "geometry": json.loads(text),
        }
        for row, text in zip(held, shapely.to_geojson(simple), strict=True)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    return Kept(text.encode(), "application/geo+json")
