"""The land: an invented coast, its regions and districts, and the settlements in them.

The territory lies in the open South Atlantic, between 18 and 23 degrees west and 28 and 32 degrees south, where
no land is. It is grown from some thousand small Voronoi cells, so that neighbours share every vertex of a border.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Voronoi, cKDTree

from sample_data.names import COUNTRY, COUNTRY_CODE, PLACES, local

BOUNDARY_SET = "sample-2024"
DISTRICTS = (4, 5, 4, 4, 5, 4)  # by region
SETTLEMENTS = 7  # in each district
LON, LAT = -20.5, -30.0  # centre, degrees
KM_EAST, KM_NORTH = 96.4, 110.9  # of one degree, at the centre
HALF_EAST, HALF_NORTH = 190.0, 165.0  # of the box of sea, km
CELL = 3.2  # km between cells
DECIMALS = 4  # of coordinates: about 11 m
ISLANDS = 6
SMALLEST = 50  # cells of a district on the mainland
ROUGH = 0.75  # power of a wave's length that its height grows with; lower is rougher

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Unit:
    """An administrative unit with its shape in WGS 84, longitude first."""

    pcode: str
    name: str
    name_local: str
    level: int
    parent: str | None
    shape: Any


@dataclass(frozen=True)
class Settlement:
    """A place where people live; `weight` is its share of the district's incidents."""

    name: str
    name_local: str
    lon: float
    lat: float
    weight: float


@dataclass(frozen=True)
class Territory:
    """Units by P-code, district P-codes in order, and the settlements of each district."""

    units: dict[str, Unit]
    districts: tuple[str, ...]
    settlements: dict[str, tuple[Settlement, ...]]

    def region_of(self, district: str) -> str:
        return district[:4]


@dataclass(frozen=True)
class Cells:
    """Voronoi cells: centres in km, pairs of neighbours, corner polygons in degrees."""

    centres: Floats
    pairs: Ints
    outlines: list[list[tuple[float, float]]]


def grow(rng: np.random.Generator) -> Territory:
    """Return a territory of six regions and 26 districts."""
    cells = _cells(rng)
    warped = cells.centres + np.column_stack([_noise(rng, cells.centres, 25, 110) for _ in range(2)]) * 11
    mainland = _mainland(rng, cells)
    district = _districts(rng, cells, warped, mainland)
    while np.bincount(district[mainland]).min() < SMALLEST:
        district = _districts(rng, cells, warped, mainland)
    _add_islands(rng, cells, mainland, district)
    return _named(rng, cells, district)


def _districts(rng: np.random.Generator, cells: Cells, warped: Floats, mainland: Bools) -> Ints:
    region = _divide(rng, warped, mainland, cells.pairs, len(DISTRICTS))
    district = np.full(len(region), -1)
    for number, parts in enumerate(DISTRICTS):
        inside = region == number
        split = _divide(rng, warped, inside, cells.pairs, parts)
        district[inside] = split[inside] + sum(DISTRICTS[:number])
    return district


def _cells(rng: np.random.Generator) -> Cells:
    east, north = np.meshgrid(np.arange(-HALF_EAST, HALF_EAST, CELL), np.arange(-HALF_NORTH, HALF_NORTH, CELL * 0.866))
    east = east + (np.arange(len(east)) % 2 * CELL / 2)[:, None]
    centres = np.column_stack([east.ravel(), north.ravel()])
    centres = centres + rng.uniform(-0.3, 0.3, centres.shape) * CELL
    diagram = Voronoi(centres)
    corners = np.round(diagram.vertices / (KM_EAST, KM_NORTH) + (LON, LAT), DECIMALS)
    outlines = []
    for at in diagram.point_region:
        ring = diagram.regions[at]
        outlines.append([] if -1 in ring else [(float(x), float(y)) for x, y in corners[ring]])
    return Cells(centres, diagram.ridge_points.astype(np.int64), outlines)


def _noise(rng: np.random.Generator, at: Floats, shortest: float, longest: float) -> Floats:
    """Return smooth noise of about unit size at points in km, out of waves between two wavelengths in km."""
    total = np.zeros(len(at))
    length = np.geomspace(shortest, longest, 14)
    for wave, turn, phase in zip(length, rng.uniform(0, 6.283, 14), rng.uniform(0, 6.283, 14), strict=True):
        total += wave**ROUGH * np.sin((at[:, 0] * np.cos(turn) + at[:, 1] * np.sin(turn)) * 6.283 / wave + phase)
    return np.asarray(total / np.sqrt((length ** (2 * ROUGH)).sum() / 2))


def _mainland(rng: np.random.Generator, cells: Cells) -> Bools:
    """Return which cells are mainland: one piece, without inner seas."""
    east, north = cells.centres.T
    height = 1 - np.hypot(east / 122, north / 100) + 0.19 * _noise(rng, cells.centres, 9, 150)
    land = (height > 0) & (np.abs(east) < HALF_EAST - 15) & (np.abs(north) < HALF_NORTH - 15)
    land = _pieces(land, cells.pairs) == 0
    sea = _pieces(~land, cells.pairs)
    return np.asarray(sea != 0)


def _pieces(chosen: Bools, pairs: Ints) -> Ints:
    """Return for each chosen cell the number of its connected piece, the largest being 0; -1 for the others."""
    both = pairs[chosen[pairs[:, 0]] & chosen[pairs[:, 1]]]
    graph = coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(len(chosen), len(chosen)))
    _, piece = connected_components(graph, directed=False)
    names, inverse, sizes = np.unique(piece[chosen], return_inverse=True, return_counts=True)
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(names))
    result = np.full(len(chosen), -1, dtype=np.int64)
    result[chosen] = rank[inverse]
    return result


def _divide(rng: np.random.Generator, at: Floats, inside: Bools, pairs: Ints, parts: int) -> Ints:
    """Return for each cell inside which of `parts` compact, connected parts it belongs to; -1 outside."""
    points = at[inside]
    centres = points[rng.integers(len(points))][None, :]
    for _ in range(parts - 1):  # the next centre is the point farthest from all before
        away = cKDTree(centres).query(points)[0]
        centres = np.vstack([centres, points[np.argmax(away)]])
    for _ in range(30):
        nearest = cKDTree(centres).query(points)[1]
        centres = np.array([points[nearest == part].mean(axis=0) for part in range(parts)])
    order = np.argsort(np.argsort(centres[:, 0], kind="stable"), kind="stable")
    label = np.full(len(at), -1, dtype=np.int64)
    label[inside] = order[nearest]
    return _joined(label, pairs, parts)


def _joined(label: Ints, pairs: Ints, parts: int) -> Ints:
    """Return the labels with every detached scrap given to the neighbour it touches most."""
    label = label.copy()
    both_ways = np.vstack([pairs, pairs[:, ::-1]])
    for part in range(parts):
        piece = _pieces(label == part, pairs)
        for scrap in range(1, piece.max() + 1):
            edge = both_ways[piece[both_ways[:, 0]] == scrap][:, 1]
            around = label[edge][(label[edge] >= 0) & (label[edge] != part)]
            if len(around):
                label[piece == scrap] = np.bincount(around).argmax()
    return label


def _add_islands(rng: np.random.Generator, cells: Cells, mainland: Bools, district: Ints) -> None:
    """Raise a few islands off the coast, each of the district that lies nearest to it."""
    tree = cKDTree(cells.centres[mainland])
    away, nearest = tree.query(cells.centres)
    owner = district[mainland][nearest]
    inner = (np.abs(cells.centres) < (HALF_EAST - 20, HALF_NORTH - 20)).all(axis=1)
    open_sea = (away > 9) & inner
    free = open_sea & (away > 14) & (away < 34)
    for _ in range(ISLANDS):
        if not free.any():
            return
        centre = rng.choice(np.flatnonzero(free))
        reach = np.hypot(*(cells.centres - cells.centres[centre]).T)
        island = _pieces((reach < rng.uniform(4, 11) + rng.uniform(-2, 2, len(reach))) & open_sea, cells.pairs) == 0
        district[island] = owner[centre]
        free &= reach > 45


def _named(rng: np.random.Generator, cells: Cells, district: Ints) -> Territory:
    names = iter(rng.permutation(PLACES).tolist())
    country = COUNTRY_CODE
    regions = [f"{country}{number + 1:02d}" for number in range(len(DISTRICTS))]
    codes = [f"{regions[r]}{part + 1:02d}" for r, parts in enumerate(DISTRICTS) for part in range(parts)]
    region_names = [next(names) for _ in regions]
    shapes = [
        _union([shapely.Polygon(cells.outlines[c]) for c in np.flatnonzero(district == d)]) for d in range(len(codes))
    ]
    units = {country: Unit(country, COUNTRY, local(COUNTRY, 0), 0, None, _union(shapes))}
    for number, (code, name) in enumerate(zip(regions, region_names, strict=True)):
        parts = [shape for shape, of in zip(shapes, codes, strict=True) if of.startswith(code)]
        units[code] = Unit(code, name, local(name, number), 1, country, _union(parts))
    for number, (code, shape) in enumerate(zip(codes, shapes, strict=True)):
        name = next(names)
        units[code] = Unit(code, name, local(name, number), 2, code[:4], shape)
    settlements = {code: _settle(rng, cells, district, d, units[code], names) for d, code in enumerate(codes)}
    return Territory(units, tuple(codes), settlements)


def _union(shapes: list[Any]) -> Any:
    """Return the union of shapes that share their vertices, in one canonical order of points."""
    return shapely.orient_polygons(shapely.normalize(shapely.coverage_union_all(shapes)))


def _settle(
    rng: np.random.Generator, cells: Cells, district: Ints, number: int, unit: Unit, names: Any
) -> tuple[Settlement, ...]:
    """Return the settlements of one district, away from its edge; the first, the largest, has its name."""
    mine = district == number
    edge = np.unique(cells.pairs[mine[cells.pairs].sum(axis=1) == 1])
    inner = np.setdiff1d(np.flatnonzero(mine), edge)
    chosen = rng.choice(inner, SETTLEMENTS, replace=False)
    weights = 1 / np.sqrt(np.arange(1, SETTLEMENTS + 1))
    found = []
    for rank, cell in enumerate(chosen):
        name = unit.name if rank == 0 else next(names)
        lon, lat = np.round(cells.centres[cell] / (KM_EAST, KM_NORTH) + (LON, LAT), 5)
        share = float(weights[rank] / weights.sum())
        found.append(Settlement(name, local(name, rank), float(lon), float(lat), share))
    return tuple(found)


def feature_collection(land: Territory) -> dict[str, Any]:
    """Return the units as GeoJSON (RFC 7946: WGS 84, longitude first, outer rings anticlockwise)."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "pcode": unit.pcode,
                "name": unit.name,
                "name_local": unit.name_local,
                "level": unit.level,
                "parent_pcode": unit.parent,
                "boundary_set": BOUNDARY_SET,
            },
            "geometry": shapely.geometry.mapping(unit.shape),
        }
        for unit in sorted(land.units.values(), key=lambda unit: (unit.level, unit.pcode))
    ]
    return {"type": "FeatureCollection", "name": BOUNDARY_SET, "features": features}
