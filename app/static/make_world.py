"""Makes world.geojson, the land outline under the map, from a land file of Natural Earth in TopoJSON.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python app/static/make_world.py package/land-50m.json

Natural Earth is in the public domain. The land is cut at the antimeridian, so that no edge runs across the map.
"""

import json
import sys
from itertools import accumulate
from pathlib import Path

import numpy as np
from shapely import MultiPolygon, Polygon, box, get_coordinates, get_parts, make_valid, set_precision, union_all
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

TOLERANCE = 0.13
SMALLEST = 0.06
DECIMALS = 2
WORLD = box(-180, -90, 180, 90)


def arcs(topology: dict) -> list[np.ndarray]:
    """Return the arcs of a quantised TopoJSON as arrays of (longitude, latitude) in degrees, WGS 84."""
    scale, offset = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    return [
        np.array(list(accumulate(arc, lambda a, b: [a[0] + b[0], a[1] + b[1]]))) * scale + offset
        for arc in topology["arcs"]
    ]


def ring(numbers: list[int], lines: list[np.ndarray]) -> np.ndarray:
    """Return the closed ring of these arcs; a negative number is the arc ~number backwards."""
    parts = [lines[number] if number >= 0 else lines[~number][::-1] for number in numbers]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def unwrapped(points: np.ndarray) -> Polygon:
    """Return a ring with its jumps of a whole turn undone; one that goes round a pole is closed over that pole."""
    turns = np.round(np.diff(points[:, 0]) / 360)
    lon = points[:, 0] - 360 * np.concatenate([[0], np.cumsum(turns)])
    lat = points[:, 1]
    if abs(lon[-1] - lon[0]) > 180:
        pole = -90 if lat.mean() < 0 else 90
        lon, lat = np.concatenate([lon, [lon[-1], lon[0]]]), np.concatenate([lat, [pole, pole]])
    return Polygon(np.column_stack([lon, lat]))


def cut(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape brought back between -180 and 180 degrees, cut where it crosses."""
    return union_all([translate(shape, turn).intersection(WORLD) for turn in (-360, 0, 360)])


def land(topology: dict) -> BaseGeometry:
    """Return the land as one valid geometry within -180 and 180 degrees."""
    lines = arcs(topology)
    shapes = []
    for part in topology["objects"]["land"]["geometries"]:
        polygons = [part["arcs"]] if part["type"] == "Polygon" else part["arcs"]
        for outer, *holes in polygons:
            inner = union_all([cut(unwrapped(ring(hole, lines))) for hole in holes])
            shapes.append(cut(make_valid(unwrapped(ring(outer, lines)))).difference(inner))
    return union_all(shapes)


def thinned(shape: BaseGeometry) -> MultiPolygon:
    """Return the shape simplified to what a world map shows, the smallest islands left out."""
    simple = set_precision(shape.simplify(TOLERANCE), 10**-DECIMALS)
    return MultiPolygon([part for part in get_parts(simple) if isinstance(part, Polygon) and part.area >= SMALLEST])


def main(source: Path) -> None:
    """Read the TopoJSON file and write world.geojson beside this script."""
    shape = thinned(land(json.loads(source.read_text(encoding="utf-8"))))
    parts = [[np.round(get_coordinates(r), DECIMALS).tolist() for r in (p.exterior, *p.interiors)] for p in shape.geoms]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": parts}}
    text = json.dumps({"type": "FeatureCollection", "features": [feature]}, separators=(",", ":"))
    Path(__file__).with_name("world.geojson").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
