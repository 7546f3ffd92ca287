"""What the map draws: single places when few incidents are in view, cells of a grid when many. Pure, in numpy.

Every incident in view stands in exactly one spot, so the numbers of the spots add up to the incidents in view.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_POINTS = 3000
CELL_PIXELS = 44
WORLD_PIXELS = 512
AREA_FROM = 3
TIERS = ("verified", "corroborated", "other")
MIXED = len(TIERS)
NEAR_METRES = 25_000.0
PLAIN_WINDOW = (900, 520)

Floats = np.ndarray[Any, np.dtype[np.float64]]
Positions = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class View:
    """A window on the map: degrees in WGS 84 and the zoom level of the map (512 pixels round the world at 0)."""

    west: float
    south: float
    east: float
    north: float
    zoom: float

    def holds(self, lon: Floats, lat: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which points lie in the window."""
        return (lon >= self.west) & (lon <= self.east) & (lat >= self.south) & (lat <= self.north)


@dataclass(frozen=True)
class Points:
    """The incidents that have coordinates: arrays of one length. `killed` is the best figure, NaN where unknown."""

    lon: Floats
    lat: Floats
    killed: Floats
    tier: np.ndarray[Any, np.dtype[np.int64]]
    area: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Drawn:
    """What to draw. Each spot: lon, lat, incidents, killed (best, as far as known), incidents without a best figure,
    tier (index in TIERS, or MIXED), 0 places / 1 some areas / 2 areas only, and the key by which it is asked for."""

    spots: list[list[float | int | str]]
    inside: int
    grid: bool


def mercator(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return Web Mercator coordinates from 0 to 1, west to east and north to south."""
    clipped = np.clip(lat, -85.0511, 85.0511)
    return lon / 360 + 0.5, 0.5 - np.arcsinh(np.tan(np.radians(clipped))) / (2 * math.pi)


def fitted(points: Points) -> View | None:
    """Return a window that holds all points, at the zoom a plain window would have; None if there is no point."""
    if not len(points.lon):
        return None
    west, east, south, north = (float(v) for v in (*_ends(points.lon), *_ends(points.lat)))
    x, y = mercator(np.array([west, east]), np.array([north, south]))
    wide, high = max(x[1] - x[0], 1e-5), max(y[1] - y[0], 1e-5)
    zoom = min(math.log2(PLAIN_WINDOW[0] / WORLD_PIXELS / wide), math.log2(PLAIN_WINDOW[1] / WORLD_PIXELS / high))
    return View(west, south, east, north, min(max(zoom, 0.0), 10.0))


def _ends(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def draw(points: Points, view: View) -> Drawn:
    """Return the spots in a window: one per place up to MOST_POINTS incidents, one per cell of a grid above."""
    inside = np.flatnonzero(view.holds(points.lon, points.lat))
    if not len(inside):
        return Drawn([], 0, False)
    grid = len(inside) > MOST_POINTS
    labels = _cells(points, inside, _level(view.zoom)) if grid else _places(points, inside)
    _, first, where = np.unique(labels, return_index=True, return_inverse=True, axis=0)
    level = _level(view.zoom)
    keys = [_key(points, inside[at], level if grid else None) for at in first]
    return Drawn(_summed(points, inside, where.ravel(), keys), len(inside), grid)


def _level(zoom: float) -> float:
    """Return the zoom in quarter steps, so that a small change of zoom keeps the cells."""
    return math.floor(zoom * 4) / 4


def _cell_size(level: float) -> float:
    return float(CELL_PIXELS / (WORLD_PIXELS * 2**level))


def _cells(points: Points, chosen: Any, level: float) -> np.ndarray[Any, np.dtype[np.int64]]:
    x, y = mercator(points.lon[chosen], points.lat[chosen])
    size = _cell_size(level)
    across = int(1 / size) + 2
    return np.floor(x / size).astype(np.int64) + across * np.floor(y / size).astype(np.int64)


def _places(points: Points, chosen: Any) -> Floats:
    return np.column_stack([points.lon[chosen], points.lat[chosen], points.area[chosen]])


def _key(points: Points, at: int, level: float | None) -> str:
    """Return the name of the spot that a point belongs to: its place, or its cell at this level."""
    if level is None:
        return f"p/{float(points.lon[at])!r}/{float(points.lat[at])!r}/{int(points.area[at])}"
    return f"g/{level}/{int(_cells(points, np.array([at]), level)[0])}"


def members(points: Points, keys: Sequence[str]) -> Positions:
    """Return the positions of the points of these spots, each once; a key that is not understood names none."""
    found = [_members(points, str(key)) for key in keys]
    return np.unique(np.concatenate(found)) if found else np.array([], dtype=np.int64)


def _members(points: Points, key: str) -> Positions:
    kind, *rest = key.split("/")
    try:
        numbers = [float(part) for part in rest]
    except ValueError:
        numbers = []
    if kind == "p" and len(numbers) == 3:
        lon, lat, area = numbers
        return np.flatnonzero((points.lon == lon) & (points.lat == lat) & (points.area == bool(area)))
    if kind == "g" and len(numbers) == 2 and 0 <= numbers[0] <= 24:
        return np.flatnonzero(_cells(points, slice(None), numbers[0]) == numbers[1])
    return np.array([], dtype=np.int64)


def _summed(points: Points, chosen: Any, where: Any, keys: list[str]) -> list[list[float | int | str]]:
    def total(weights: Any = None) -> Any:
        return np.bincount(where, weights=weights, minlength=len(keys))

    count = total()
    killed, tier, area = points.killed[chosen], points.tier[chosen], points.area[chosen]
    lon, lat = (np.round(total(values[chosen]) / count, 5) for values in (points.lon, points.lat))
    known = total(np.nan_to_num(killed)).astype(np.int64)
    unknown = total(np.isnan(killed)).astype(np.int64)
    shade = np.full(len(keys), MIXED)
    for index in range(len(TIERS)):
        shade[total(tier == index) == count] = index
    areas = total(area)
    form = np.where(areas == 0, 0, np.where(areas == count, 2, 1))
    columns = (lon, lat, count, known, unknown, shade, form)
    return [
        [*row, key] for row, key in zip(zip(*(column.tolist() for column in columns), strict=True), keys, strict=True)
    ]
