"""Points gathered into cells of one size, where there are no areas to count in."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import Unusable
from geo.neighbours import Floats, Neighbours, from_pairs

# Steps (columns, rows) to the cells around a square, and around a hexagon in axial columns and rows.
AROUND = {
    "square": [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)],
    "hexagon": [(1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)],
}


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells that hold at least one point, by row and column.

    ids: such as c3r7 (column 3 from the west, row 7 from the south); of: the cell of each point; x, y: centres in
    metres; neighbours: the occupied ones among the 8 cells around a square, the 6 around a hexagon.
    """

    ids: tuple[str, ...]
    of: NDArray[np.intp]
    x: Floats
    y: Floats
    neighbours: Neighbours


def gridded(
    x: ArrayLike, y: ArrayLike, size: float, *, shape: Literal["square", "hexagon"] = "square", inset: float = 0.0
) -> Cells:
    """Return the cells of one size that points lie in.

    `x`, `y`: metres in a flat frame, shape (n,). `size`: metres from side to side. `inset`: how far the first cell
    begins before the most western and southern point, as a part of the size (0 to 1). Raises Unusable for coordinates
    or a size that are none. Counts by cell depend on the cells: another size or inset gives another picture (the
    modifiable areal unit problem), and a cell without points is not shown to be empty, only unrecorded.
    """
    east, north = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if east.size != north.size or not east.size or not (np.isfinite(east).all() and np.isfinite(north).all()):
        raise Unusable("Cells need points, each with two coordinates that are numbers. Leave out events without.")
    if not (np.isfinite(size) and size > 0):
        raise Unusable(f"A cell of {size} m cannot be drawn. Give a size above 0.")
    corner = np.array([east.min(), north.min()]) - inset * size
    places = np.column_stack([east, north]) - corner
    keys = np.floor(places / size).astype(np.int64) if shape == "square" else _hexagons(places, size)
    cells, of = np.unique(keys[:, ::-1], axis=0, return_inverse=True)
    cells = cells[:, ::-1]
    centres = (cells + 0.5) * size if shape == "square" else _middles(cells, size)
    numbers = cells - np.minimum(cells.min(axis=0), 0)
    ids = tuple(f"c{column}r{row}" for column, row in numbers)
    middle_x, middle_y = (centres + corner).T
    return Cells(ids, of.ravel(), middle_x, middle_y, _around(cells, shape))


def _hexagons(places: Floats, size: float) -> NDArray[np.int64]:
    """Axial column and row of the hexagon (points up) nearest to each place, by rounding in three axes."""
    row = places[:, 1] / (size * np.sqrt(3) / 2)
    column = places[:, 0] / size - row / 2
    three = np.column_stack([column, row, -column - row])
    near = np.round(three)
    worst = np.abs(three - near).argmax(axis=1)
    each = np.arange(len(near))
    near[each, worst] -= near.sum(axis=1)
    return near[:, :2].astype(np.int64)


def _middles(cells: NDArray[np.int64], size: float) -> Floats:
    column, row = cells.T
    return np.column_stack([size * (column + row / 2), size * np.sqrt(3) / 2 * row])


def _around(cells: NDArray[np.int64], shape: str) -> Neighbours:
    number = {(int(column), int(row)): i for i, (column, row) in enumerate(cells)}
    pairs = [
        (i, number[column + right, row + up])
        for (column, row), i in number.items()
        for right, up in AROUND[shape]
        if (column + right, row + up) in number
    ]
    one, other = zip(*pairs, strict=True) if pairs else ((), ())
    return from_pairs(len(cells), one, other, f"occupied cells around a {shape}")
