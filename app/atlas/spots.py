"""What the map draws: single places when few incidents are in view, cells of a grid when many. Pure, in numpy.

Every incident in view stands in exactly one spot, so the numbers of the spots add up to the incidents in view.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from geo import cells
from geo.cells import mercator

MOST_POINTS = 3000
CELL_PIXELS = 44
WORLD_PIXELS = 512
AREA_FROM = 3
NEAR_METRES = 25_000.0
PLAIN_WINDOW = (900, 520)
MOST_DIGITS = 5

Floats = np.ndarray[Any, np.dtype[np.float64]]
Positions = np.ndarray[Any, np.dtype[np.int64]]
Form = Literal["bubbles", "squares", "hexagons", "places"]


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


@dataclass(frozen=True, eq=False)
class Points:
    """The incidents that have coordinates: arrays of one length.

    value (n, 3): low, best and high of the number that sizes stand for, NaN where unknown; category: a number from 0 to
    `categories` - 1; area: the point stands for an area; at: position in the overview.
    """

    lon: Floats
    lat: Floats
    value: Floats
    category: np.ndarray[Any, np.dtype[np.int64]]
    categories: int
    area: np.ndarray[Any, np.dtype[np.bool_]]
    at: Positions

    def __len__(self) -> int:
        return len(self.lon)

    @cached_property
    def plane(self) -> tuple[Floats, Floats]:
        """Web Mercator coordinates, from 0 to 1."""
        return mercator(self.lon, self.lat)

    @cached_property
    def unknown(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether the best figure is not known."""
        return np.isnan(self.value[:, 1])

    @cached_property
    def sums(self) -> tuple[Floats, Floats, Floats]:
        """What adds up to best, low and high: nought where nothing is known, the best where an end is not stated."""
        low, best, high = self.value.T
        ends = (np.where(np.isnan(end), best, end) for end in (best, low, high))
        best, low, high = (np.nan_to_num(end, copy=False) for end in ends)
        return best, low, high

    def only(self, chosen: Any) -> "Points":
        """Return the chosen points."""
        rows = (self.lon, self.lat, self.value, self.category, self.area, self.at)
        lon, lat, value, category, area, at = (column[chosen] for column in rows)
        return Points(lon, lat, value, category, self.categories, area, at)


@dataclass(frozen=True)
class Drawn:
    """What to draw. Each spot: lon, lat, incidents, best (sum as far as known), incidents without a best figure,
    category of more than half of its incidents (`several`: of none), 0 places / 1 some areas / 2 areas only, the key by
    which it is asked for, low and high (sums; what is not stated adds what is known of it).

    form: what was drawn; inside: incidents in the window; outlines: corners of each spot's cell (lon, lat), None for places;
    fallback: places were asked for and are too many.
    """

    spots: list[list[float | int | str]]
    inside: int
    form: Form
    outlines: list[list[list[float]]] | None = None
    fallback: bool = False


def fitted(points: Points) -> View | None:
    """Return a window that holds all points, at the zoom a plain window would have; None if there is no point."""
    if not len(points):
        return None
    west, east, south, north = (float(v) for v in (*_ends(points.lon), *_ends(points.lat)))
    x, y = mercator(np.array([west, east]), np.array([north, south]))
    wide, high = max(x[1] - x[0], 1e-5), max(y[1] - y[0], 1e-5)
    zoom = min(math.log2(PLAIN_WINDOW[0] / WORLD_PIXELS / wide), math.log2(PLAIN_WINDOW[1] / WORLD_PIXELS / high))
    return View(west, south, east, north, min(max(zoom, 0.0), 10.0))


def _ends(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def draw(points: Points, view: View, form: Form = "bubbles") -> Drawn:
    """Return the spots in a window.

    bubbles: one for each place up to MOST_POINTS incidents, one for each cell of a grid above; squares, hexagons: always
    cells; places: always places, unless more than MOST_POINTS are in view.
    """
    inside = np.flatnonzero(view.holds(points.lon, points.lat))
    few = len(inside) <= MOST_POINTS
    if not len(inside):
        return Drawn([], 0, "places" if form == "places" else form)
    if few and form in ("bubbles", "places"):
        return _at_places(points, inside)
    shape: cells.Shape = "hexagon" if form == "hexagons" else "square"
    level = level_of(view.zoom)
    x, y = points.plane
    found = cells.gathered_on_plane(_rows(x, inside), _rows(y, inside), cell_size(level), shape)
    keys = [f"{shape[0]}/{level:g}/{key}" for key in found.keys.tolist()]
    spots = _summed(points, inside, found.of, found.lon, found.lat, keys)
    outlines = np.round(cells.outline(found), 4).tolist()
    drawn: Form = form if form in ("squares", "hexagons") else "bubbles"
    return Drawn(spots, len(inside), drawn, outlines, fallback=form == "places")


def _at_places(points: Points, inside: Positions) -> Drawn:
    held = np.column_stack([points.lon[inside], points.lat[inside], points.area[inside]])
    _, first, of = np.unique(held, return_index=True, return_inverse=True, axis=0)
    lon, lat = points.lon[inside[first]], points.lat[inside[first]]
    keys = [_place_key(points, int(inside[at])) for at in first]
    return Drawn(_summed(points, inside, of.ravel(), lon, lat, keys), len(inside), "places")


def level_of(zoom: float) -> float:
    """Return the zoom in quarter steps, so that a small change of zoom keeps the cells."""
    return math.floor(zoom * 4) / 4


def cell_size(level: float) -> float:
    """Return how wide a cell is at this level, as a part of the world."""
    return float(CELL_PIXELS / (WORLD_PIXELS * 2**level))


def _place_key(points: Points, at: int) -> str:
    return f"p/{float(points.lon[at])!r}/{float(points.lat[at])!r}/{int(points.area[at])}"


def members(points: Points, keys: Sequence[str]) -> Positions:
    """Return the rows of the points of these spots, each once; a key that is not understood names none."""
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
    if kind in ("s", "h") and len(numbers) == 2 and 0 <= numbers[0] <= 24 and rest[1].lstrip("-").isdigit():
        shape: cells.Shape = "hexagon" if kind == "h" else "square"
        labels = cells.numbered_on_plane(*points.plane, cell_size(numbers[0]), shape)
        return np.flatnonzero(labels == int(rest[1]))
    return np.array([], dtype=np.int64)


def _summed(
    points: Points, chosen: Positions, of: Any, lon: Floats, lat: Floats, keys: list[str]
) -> list[list[float | int | str]]:
    def total(weights: Any = None) -> Any:
        return np.bincount(of, weights=weights, minlength=len(keys))

    count = total()
    sums = [total(_rows(end, chosen)).astype(np.int64) for end in points.sums]
    areas, unknown = (
        np.bincount(of[_rows(which, chosen)], minlength=len(keys)) for which in (points.area, points.unknown)
    )
    form = np.where(areas == 0, 0, np.where(areas == count, 2, 1))
    columns = (
        np.round(lon, MOST_DIGITS), np.round(lat, MOST_DIGITS), count, sums[0], unknown,
        _foremost(points, chosen, of, count), form,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    ends = zip(sums[1].tolist(), sums[2].tolist(), strict=True)
    return [[*row, key, *end] for row, key, end in zip(rows, keys, ends, strict=True)]


def _rows(column: Any, chosen: Positions) -> Any:
    """Return the chosen rows of a column; the column itself where they are all of them."""
    return column if len(chosen) == len(column) else column[chosen]


def _foremost(points: Points, chosen: Positions, of: Any, count: Any) -> Any:
    """Return the category of more than half of each spot's incidents; `points.categories` where there is none."""
    several = points.categories
    pairs = np.bincount(of * several + _rows(points.category, chosen), minlength=len(count) * several).reshape(
        -1, several
    )
    first = pairs.argmax(axis=1)
    return np.where(pairs.max(axis=1) * 2 > count, first, several)
