"""Points gathered into cells on the Web Mercator plane: squares and hexagons, each point in exactly one of them."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Shape = Literal["square", "hexagon"]

# The plane is cut off where Web Mercator's is, so that it is a square.
HIGHEST = 85.0511
_MOST_IN_TABLE = 4_000_000
_ROW = 1 << 31  # more than there are cells beside each other at any size asked for


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of one shape and size that hold points.

    keys (n,): a whole number for each cell, rising and the same for the same shape and size whatever the points; of (points,):
    which cell each lies in; lon, lat (n,): the middle of each in degrees (WGS 84).
    """

    shape: Shape
    size: float
    keys: Whole
    of: NDArray[np.intp]
    lon: Floats
    lat: Floats

    def __len__(self) -> int:
        return len(self.keys)


def mercator(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return Web Mercator coordinates from 0 to 1, west to east and north to south, of degrees in WGS 84."""
    clipped = np.clip(np.asarray(lat, dtype=np.float64), -HIGHEST, HIGHEST)
    y = 0.5 - np.arcsinh(np.tan(np.radians(clipped))) / (2 * math.pi)
    return np.asarray(lon, dtype=np.float64) / 360 + 0.5, y


def degrees(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Return longitude and latitude of Web Mercator coordinates."""
    turned = np.asarray(y, dtype=np.float64)
    return (np.asarray(x, dtype=np.float64) - 0.5) * 360, np.degrees(np.arctan(np.sinh((0.5 - turned) * 2 * math.pi)))


def gathered(lon: ArrayLike, lat: ArrayLike, size: float, shape: Shape = "square") -> Cells:
    """Return the cells that hold points; `size`: the width of a cell as a part of the world's width.

    A hexagon stands on a corner and is as wide as a square of the same size. Cells are equal on the map and not on the
    ground: towards the poles they hold less land.
    """
    return gathered_on_plane(*mercator(lon, lat), size, shape)


def gathered_on_plane(x: Floats, y: Floats, size: float, shape: Shape = "square") -> Cells:
    """Return the same of points whose Web Mercator coordinates (0 to 1) are known already."""
    keys, of = _distinct(*_placed(x, y, size, shape))
    return Cells(shape, size, keys, of, *degrees(*_middles(keys, size, shape)))


def _distinct(column: Whole, row: Whole) -> tuple[Whole, NDArray[np.intp]]:
    """Return the keys in rising order and which of them each point has: by a table of all cells where there are few enough."""
    if not len(column):
        return np.array([], dtype=np.int64), np.array([], dtype=np.intp)
    left, top = int(column.min()), int(row.min())
    wide, high = int(column.max()) - left + 1, int(row.max()) - top + 1
    if wide * high > _MOST_IN_TABLE:
        found, of = np.unique(row * _ROW + column, return_inverse=True)
        return found, of.reshape(-1)
    at = (row - top) * wide + (column - left)
    there = np.flatnonzero(np.bincount(at, minlength=wide * high))
    number = np.empty(wide * high, dtype=np.intp)
    number[there] = np.arange(len(there))
    return (there // wide + top) * _ROW + there % wide + left, number[at]


def numbered(lon: ArrayLike, lat: ArrayLike, size: float, shape: Shape = "square") -> Whole:
    """Return the key of the cell that each point lies in."""
    return numbered_on_plane(*mercator(lon, lat), size, shape)


def numbered_on_plane(x: Floats, y: Floats, size: float, shape: Shape = "square") -> Whole:
    """Return the same of points whose Web Mercator coordinates (0 to 1) are known already."""
    column, row = _placed(x, y, size, shape)
    return row * _ROW + column


def _placed(x: Floats, y: Floats, size: float, shape: Shape) -> tuple[Whole, Whole]:
    return _squares(x, y, size) if shape == "square" else _hexagons(x, y, size)


def _squares(x: Floats, y: Floats, size: float) -> tuple[Whole, Whole]:
    return np.floor(x / size).astype(np.int64), np.floor(y / size).astype(np.int64)


def _hexagons(x: Floats, y: Floats, size: float) -> tuple[Whole, Whole]:
    """Of the two rows between whose middles a point lies, the one with the nearer middle."""
    high = size * math.sqrt(3) / 2  # from one row of middles to the next
    upper = np.floor(y / high).astype(np.int64)
    columns, away = [], []
    for row in (upper, upper + 1):
        shift = (row & 1) * 0.5
        column = np.rint(x / size - shift).astype(np.int64)
        columns.append(column)
        away.append((x - (column + shift) * size) ** 2 + (y - row * high) ** 2)
    lower = away[1] < away[0]
    return np.where(lower, columns[1], columns[0]), np.where(lower, upper + 1, upper)


def _middles(keys: Whole, size: float, shape: Shape) -> tuple[Floats, Floats]:
    row = (keys + _ROW // 2) // _ROW
    column = keys - row * _ROW
    across, down = column.astype(np.float64), row.astype(np.float64)
    if shape == "square":
        return (across + 0.5) * size, (down + 0.5) * size
    return (across + (row & 1) * 0.5) * size, down * (size * math.sqrt(3) / 2)


def outline(cells: Cells) -> Floats:
    """Return the corners of each cell in degrees, shape (n, corners, 2): longitude and latitude, not closed."""
    x, y = _middles(cells.keys, cells.size, cells.shape)
    if cells.shape == "square":
        across, down = np.array([-1, 1, 1, -1]) / 2, np.array([-1, -1, 1, 1]) / 2
    else:
        turns = np.radians(np.arange(6) * 60 + 30)
        across, down = np.cos(turns) / math.sqrt(3), np.sin(turns) / math.sqrt(3)
    lon, lat = degrees(x[:, None] + across * cells.size, y[:, None] + down * cells.size)
    return np.stack([lon, lat], axis=2)


def classes(values: ArrayLike, most: int = 5, *, by: Literal["quantile", "log"] = "quantile") -> Floats:
    """Return the upper ends of at most so many classes of the values above 0, in rising order; empty without any.

    quantile: as many values in each as can be, equal values never parted; log: equal steps of the logarithm. A value v is in
    the first class whose end is at least v.
    """
    given = np.asarray(values, dtype=np.float64)
    known = np.sort(given[np.isfinite(given) & (given > 0)])
    if not len(known):
        return np.array([])
    if by == "log":
        low, high = float(known[0]), float(known[-1])
        ends = np.geomspace(low, high, most + 1)[1:] if high > low else np.array([high])
    else:
        ends = known[np.minimum(np.ceil(np.arange(1, most + 1) * len(known) / most).astype(int) - 1, len(known) - 1)]
    ends[-1] = known[-1]
    return np.asarray(np.unique(ends))
