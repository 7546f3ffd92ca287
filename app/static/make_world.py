"""Makes world.json (land, borders, disputed borders) and provinces.json (borders within countries) for every map of ours.

    apt-get download qgis-common && dpkg -x qgis-common_*.deb parts
    python app/static/make_world.py parts/usr/share/qgis/resources/data/world_map.gpkg

The source is Natural Earth 1:10 million as QGIS carries it; Natural Earth is in the public domain. Provinces are simplified
as one coverage, so that land and all borders still meet. Coordinates are hundredths of a degree (WGS 84), each as the
difference to the one before; app/map/land.js adds them up again. No edge crosses the antimeridian.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyogrio import raw

TOLERANCE = 0.065  # degrees
SCALE = 100  # steps in a degree
SMALLEST = 0.008  # square degrees; the largest island of each country stays, however small
NEAR = 0.03  # degrees: an edge that runs so close to a disputed line is that line
SOURCE_EDGE = 179.89  # the source ends a little short of the antimeridian

# Parts of the source that are no country of their own: leases, bases and special regions, with what they are part of.
WITHIN = {"HKG": "CHN", "MAC": "CHN", "KAB": "KAZ", "USG": "CUB", "ESB": "CYP", "WSB": "CYP"}

# Which borders of the source are not agreed on: after what Natural Earth and the maps of the United Nations show as
# disputed, provisional, a line of control or undetermined. (west, south, east, north) narrows it to a part.
DISPUTED: dict[tuple[str, str], tuple[float, float, float, float] | None] = {
    ("BLZ", "GTM"): None,
    ("BTN", "CHN"): None,
    ("CHN", "IND"): None,
    ("CHN", "KAS"): None,
    ("CHN", "PAK"): None,
    ("CYN", "CYP"): None,
    ("EGY", "SDN"): (33.1, 21.5, 38.0, 24.0),
    ("ETH", "SOM"): None,
    ("FRA", "SUR"): (-55.0, 2.0, -53.5, 3.4),
    ("GUY", "SUR"): (-58.5, 1.0, -56.0, 3.5),
    ("GUY", "VEN"): None,
    ("IND", "KAS"): None,
    ("IND", "PAK"): (73.0, 32.25, 80.0, 38.0),
    ("ISR", "PSX"): None,
    ("ISR", "SYR"): None,
    ("KAS", "PAK"): None,
    ("KEN", "SDS"): None,
    ("KOR", "PRK"): None,
    ("KOS", "SRB"): None,
    ("MAR", "SAH"): None,
    ("RUS", "UKR"): (32.0, 45.0, 37.0, 46.6),
    ("SDN", "SDS"): None,
    ("SOL", "SOM"): None,
}

Shapes = np.ndarray[Any, np.dtype[np.object_]]
Point = tuple[float, float]
Edge = tuple[Point, Point]


def read(source: Path, layer: str, *columns: str) -> tuple[Shapes, list[Any]]:
    """Return the geometries of a layer (WGS 84) and the columns named; the source's own edge becomes the antimeridian."""
    _, _, wkb, values = raw.read(source, layer=layer, columns=list(columns))
    return shapely.transform(shapely.from_wkb(wkb), _to_the_edge), values


def _to_the_edge(points: Any) -> Any:
    lon = points[:, 0]
    return np.column_stack([np.where(np.abs(lon) > SOURCE_EDGE, np.sign(lon) * 180, lon), points[:, 1]])


def rounded(shapes: Shapes) -> Shapes:
    """Return the shapes with every corner at a hundredth of a degree, so that what was shared is still shared."""
    return shapely.transform(shapes, lambda points: np.round(points * SCALE) / SCALE)


def edges_of(shapes: Shapes) -> dict[Edge, list[int]]:
    """Return every edge with the positions of the shapes that have it."""
    found = defaultdict(list)
    for at, shape in enumerate(shapes):
        for part in shapely.get_parts(shape):
            for ring in (part.exterior, *part.interiors):
                for one, other in pairwise(map(tuple, shapely.get_coordinates(ring))):
                    if one != other:
                        found[min(one, other), max(one, other)].append(at)
    return found


def disputed(pair: tuple[str, str], edge: Edge) -> bool:
    """Return whether this edge of the border between two countries is among those not agreed on."""
    if pair not in DISPUTED:
        return False
    west, south, east, north = DISPUTED[pair] or (-180, -90, 180, 90)
    lon, lat = (sum(axis) / 2 for axis in zip(*edge, strict=True))
    return bool(west <= lon <= east and south <= lat <= north)


def sorted_out(shapes: Shapes, countries: Sequence[str]) -> dict[str, list[Edge]]:
    """Return the shared edges as `border`, `disputed` or `province`; those of a single shape are coast and left out."""
    kinds: dict[str, list[Edge]] = {"border": [], "disputed": [], "province": []}
    for edge, owners in edges_of(shapes).items():
        if len(owners) < 2:
            continue
        one, other = sorted(countries[at] for at in owners[:2])
        outer = "disputed" if disputed((one, other), edge) else "border"
        kinds["province" if one == other else outer].append(edge)
    return kinds


def merged(edges: Iterable[Edge]) -> Any:
    """Return edges joined to the longest lines that they make."""
    return shapely.line_merge(shapely.MultiLineString([list(edge) for edge in edges]))


def apart(edges: list[Edge], lines: Any) -> list[Edge]:
    """Return the edges that do not run along these lines."""
    near = shapely.buffer(lines, NEAR)
    shapely.prepare(near)
    along = shapely.covers(near, shapely.linestrings(np.array(edges)))
    return [edge for edge, hidden in zip(edges, along, strict=True) if not hidden]


def land(shapes: Shapes, countries: Sequence[str]) -> list[Any]:
    """Return the land as polygons, small islands left out unless a country has no larger one."""
    parts, owners = shapely.get_parts(shapely.make_valid(shapes), return_index=True)
    parts, at = shapely.get_parts(parts, return_index=True)
    areas = [(part, countries[owners[which]]) for part, which in zip(parts, at, strict=True) if part.area > 0]
    largest = {country: part for part, country in sorted(areas, key=lambda pair: float(pair[0].area))}
    whole = shapely.union_all([part for part, _ in areas], grid_size=1 / SCALE)
    kept = shapely.STRtree(shapely.point_on_surface(list(largest.values())))
    islands = shapely.get_parts(whole)
    return [part for part in islands if part.area >= SMALLEST or kept.query(part, predicate="intersects").size]


def differences(line: Any) -> list[int]:
    """Return a line's corners as one list: hundredths of a degree, each as the difference to the corner before."""
    steps = np.round(shapely.get_coordinates(line) * SCALE).astype(int)
    return np.diff(steps, axis=0, prepend=0).ravel().tolist()


def write(name: str, kinds: dict[str, Any]) -> None:
    """Write a file of outlines beside this script."""
    text = json.dumps({"scale": SCALE, **kinds}, separators=(",", ":"))
    Path(__file__).with_name(name).write_text(text + "\n", encoding="utf-8")


def rings(polygons: Iterable[Any]) -> Iterator[list[list[int]]]:
    """Yield each polygon's rings; the foot of the map, below Antarctica, in steps of at most a quarter of the way round."""
    for polygon in map(partial(shapely.segmentize, max_segment_length=90), polygons):
        yield [differences(ring) for ring in (polygon.exterior, *polygon.interiors)]


def main(source: Path) -> None:
    """Read the GeoPackage and write both files."""
    shapes, (codes,) = read(source, "states_provinces", "adm0_a3")
    countries = [WITHIN.get(code, code) for code in codes]
    shapes = rounded(shapely.coverage_simplify(shapes, TOLERANCE))
    claims, _ = read(source, "disputed_borders", "name")
    kinds = sorted_out(shapes, countries)
    own = merged(kinds["disputed"])
    contested = apart_lines(shapely.union_all(rounded(shapely.simplify(claims, TOLERANCE / 2))), own)
    every = shapely.union_all([own, contested])
    border, province = (merged(apart(kinds[kind], every)) for kind in ("border", "province"))
    lines = {"border": border, "disputed": every}
    write(
        "world.json",
        {"land": list(rings(land(shapes, countries)))}
        | {
            kind: [differences(line) for line in shapely.get_parts(shapely.line_merge(of))]
            for kind, of in lines.items()
        },
    )
    write("provinces.json", {"province": [differences(line) for line in shapely.get_parts(province)]})


def apart_lines(lines: Any, others: Any) -> Any:
    """Return lines without the edges that run along others."""
    edges = [edge for line in shapely.get_parts(lines) for edge in pairwise(map(tuple, shapely.get_coordinates(line)))]
    return merged(apart(edges, others))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
