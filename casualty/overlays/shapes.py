"""Shapes out of GeoPackage and GeoJSON: to WGS 84, simplified to what a screen shows, with a few short words each.

GeoJSON is read as the JSON it is. A GeoPackage is given to GDAL only if its bytes say that it is one, so that no file can
have itself opened as something that points elsewhere.
"""

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from casualty.overlays.form import Bounds, Unusable, bounds_of, broken

MOST_READ = 100 * 1024**2  # bytes of a GeoJSON file
MOST_FEATURES = 200_000
MOST_TEXT = 4_000_000  # bytes of what is sent to a map; about a quarter of it on the wire
STEPS = (50_000, 10_000, 2_000)  # the finest of these parts of the layer's extent at which it is small enough
DECIMALS = 6
MOST_WORDS = 4
LONGEST = 80
GEOPACKAGE = (b"GPKG", b"GP10", b"GP11")
AUTHORITY = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC):[\d.]*:?(\w+)")
DEGREES = ("EPSG:4326", "OGC:CRS84")
SMALLER = "Make tiles of it (PMTiles or MBTiles), or leave out what the map need not show."
SYSTEM = "Save it in WGS 84 (EPSG:4326)."

Shapes = np.ndarray[Any, np.dtype[np.object_]]
Words = dict[str, str]


@dataclass(frozen=True)
class Drawn:
    """A layer as GeoJSON text (WGS 84), where it lies, and what was left out of it."""

    text: bytes
    bounds: Bounds
    remarks: tuple[Unusable, ...]


@lru_cache(maxsize=32)
def drawn(path: Path, stamp: tuple[int, int], table: str) -> Drawn:
    """Return a GeoJSON file, or a table of a GeoPackage, as a map draws it; the stamp changes when the file does.

    Raises Unusable for what cannot be read, is not on the globe, or is too much for a page; OSError.
    """
    shapes, words = _table(path, table) if table else _geojson(path)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not there.any():
        raise Unusable("Holds no shape that can be drawn.", "Look whether it was saved with its geometry.")
    shapes, words = shapes[there], [one for one, kept in zip(words, there, strict=True) if kept]
    west, south, east, north = shapely.total_bounds(shapes)
    if not (west >= -180 and south >= -90 and east <= 180 and north <= 90):
        raise Unusable("Its coordinates are not degrees on the globe.", SYSTEM)
    left = int((~there).sum())
    values: dict[str, object] = {"count": left}
    told = (Unusable("Features without a shape that can be drawn, left out: {count}.", "Look at them.", values),)
    return Drawn(_small_enough(shapes, words), _window(west, south, east, north), told if left else ())


def _window(west: float, south: float, east: float, north: float) -> Bounds:
    """Return the bounds; a single point gets a little room round it."""
    room = 0.01 if west == east or south == north else 0.0
    return bounds_of((west - room, south - room, east + room, north + room))


def _small_enough(shapes: Shapes, words: Sequence[Words]) -> bytes:
    west, south, east, north = shapely.total_bounds(shapes)
    size = max(east - west, north - south)
    for steps in STEPS:
        text = _written(shapely.simplify(shapes, size / steps), words)
        if len(text) <= MOST_TEXT:
            return text
    fault = "Holds too much for one layer of a page ({count} features)."
    raise Unusable(fault, SMALLER, {"count": len(shapes)})


def _written(shapes: Shapes, words: Sequence[Words]) -> bytes:
    rounded = shapely.transform(shapes, lambda points: np.round(points, DECIMALS))
    texts = shapely.to_geojson(rounded)
    features = [
        f'{{"type":"Feature","properties":{json.dumps(said, ensure_ascii=False)},"geometry":{text}}}'
        for text, said in zip(texts, words, strict=True)
    ]
    return ('{"type":"FeatureCollection","features":[' + ",".join(features) + "]}").encode("utf-8", "replace")


def _short(values: Mapping[str, Any], names: Sequence[str]) -> Words:
    """Return what a feature says in its named columns, cut short."""
    said = {}
    for name in names:
        text = " ".join(str(values[name]).split()) if isinstance(values.get(name), str | int) else ""
        if text:
            said[name[:LONGEST]] = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return said


def _geojson(path: Path) -> tuple[Shapes, list[Words]]:
    if path.stat().st_size > MOST_READ:
        raise Unusable("Is larger than {most} megabytes.", SMALLER, {"most": MOST_READ // 1024**2})
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as wrong:
        raise broken("it is no JSON") from wrong
    features = _features(data)
    rows = [row if isinstance(row := feature.get("properties"), dict) else {} for feature in features]
    names = list(
        dict.fromkeys(name for row in rows[:100] for name, value in row.items() if isinstance(value, str | int))
    )
    texts = [json.dumps(feature.get("geometry")) for feature in features]
    shapes = shapely.force_2d(shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore"))
    return _in_degrees(shapes, _named(data)), [_short(row, names[:MOST_WORDS]) for row in rows]


def _features(data: Any) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON object; a bare geometry is one without words."""
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "FeatureCollection" and isinstance(data.get("features"), list):
        features = [feature for feature in data["features"] if isinstance(feature, dict)]
    elif kind == "Feature":
        features = [data]
    elif isinstance(data, dict) and ("coordinates" in data or kind == "GeometryCollection"):
        features = [{"geometry": data}]
    else:
        raise Unusable("Is JSON, but no GeoJSON.", "Save it as GeoJSON (RFC 7946).")
    if len(features) > MOST_FEATURES:
        raise Unusable("Holds more than {most} features.", SMALLER, {"most": MOST_FEATURES})
    return features


def _named(data: Mapping[str, Any]) -> str | None:
    """Return the coordinate system that an older GeoJSON file names, None for WGS 84; a link to one is not followed."""
    said = data.get("crs")
    if said is None:
        return None
    inner = said.get("properties") if isinstance(said, dict) else None
    found = AUTHORITY.fullmatch(str(inner.get("name"))) if isinstance(inner, dict) else None
    if found is None:
        raise Unusable("Names its coordinate system in a way that cannot be read.", SYSTEM)
    return f"{found[1]}:{found[2]}"


def tables(path: Path) -> list[str]:
    """Return the names of a GeoPackage's tables of shapes; raise Unusable, or OSError."""
    from pyogrio import list_layers
    from pyogrio.errors import DataLayerError, DataSourceError

    with path.open("rb") as file:
        head = file.read(72)
    if not head.startswith(b"SQLite format 3\0") or head[68:72] not in GEOPACKAGE:
        raise Unusable("Is no GeoPackage.", "Save it as GeoPackage, GeoJSON, PMTiles or MBTiles.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = [str(name) for name, kind in list_layers(path) if kind is not None]
        except (DataSourceError, DataLayerError) as wrong:
            raise broken("its tables cannot be read") from wrong
    if not found:
        raise Unusable("Holds no table of shapes.", "Look whether it was saved with its geometry.")
    return found


def _table(path: Path, table: str) -> tuple[Shapes, list[Words]]:
    from pyogrio import raw, read_info
    from pyogrio.errors import DataLayerError, DataSourceError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is not conform is not ours to mend; what cannot be drawn is counted
        try:
            info = read_info(path, layer=table)
            if info["features"] > MOST_FEATURES:
                raise Unusable("Holds more than {most} features.", SMALLER, {"most": MOST_FEATURES})
            names = [
                str(name) for name, kind in zip(info["fields"], info["dtypes"], strict=True) if _telling(str(kind))
            ]
            meta, _, wkb, columns = raw.read(path, layer=table, columns=names[:MOST_WORDS], force_2d=True)
        except (DataSourceError, DataLayerError) as wrong:
            raise broken("a table cannot be read") from wrong
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    fields = [str(field) for field in meta["fields"]]
    rows = [dict(zip(fields, values, strict=True)) for values in zip(*columns, strict=True)] if fields else []
    words = [_short({name: _whole(value) for name, value in row.items()}, fields) for row in rows]
    return _in_degrees(shapes, meta["crs"]), words or [{} for _ in shapes]


def _telling(kind: str) -> bool:
    """Return whether a column of this kind holds text or whole numbers."""
    return kind.startswith(("object", "str", "int"))


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, np.integer) else value


def _in_degrees(shapes: Shapes, crs: str | None) -> Shapes:
    """Return the shapes in WGS 84, longitude first, point by point."""
    if crs is None or crs in DEGREES:
        return shapes
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        turn = Transformer.from_crs(crs, DEGREES[0], always_xy=True)
    except ProjError as wrong:
        raise Unusable("Is in a coordinate system that is not known here.", SYSTEM) from wrong
    turned: Shapes = shapely.transform(shapes, lambda points: np.column_stack(turn.transform(*points.T)))
    return turned
