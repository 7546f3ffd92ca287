"""Who is whose neighbour: areas that touch, the nearest so many places, or all within a distance."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Sphere of the same surface as the earth; straight lines through it order places as ways over it do.
EARTH_M = 6_371_007.2


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Weights of places (n) for one another: a sparse CSR `matrix` of n by n, nothing on its diagonal, and its `rule`.

    Within a row all weights are equal. A place without neighbours is an island: its row is empty.
    """

    matrix: Any
    rule: str

    def __len__(self) -> int:
        return int(self.matrix.shape[0])

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Neighbours of each place, shape (n,)."""
        return np.asarray(np.diff(self.matrix.indptr), dtype=np.intp)

    @property
    def islands(self) -> NDArray[np.intp]:
        """Indices of the places without neighbours."""
        return np.flatnonzero(self.counts == 0)

    def binary(self) -> "Neighbours":
        """Return the same with weights of one."""
        return self._weighted(np.ones(len(self)))

    def standardised(self) -> "Neighbours":
        """Return the same with each row summing to one; islands stay empty."""
        return self._weighted(1 / np.maximum(self.counts, 1))

    def _weighted(self, row: Floats) -> "Neighbours":
        matrix = self.matrix.copy()
        matrix.data = np.repeat(row, self.counts)
        return replace(self, matrix=matrix)

    def only(self, kept: Flags) -> "Neighbours":
        """Return the flagged places, neighbours as before among themselves, each row's weights of one."""
        chosen = np.flatnonzero(kept)
        return replace(self, matrix=self.matrix[chosen][:, chosen].tocsr()).binary()

    def of(self, place: int) -> NDArray[np.intp]:
        """Return the indices of a place's neighbours."""
        return np.asarray(self.matrix.indices[self.matrix.indptr[place] : self.matrix.indptr[place + 1]], dtype=np.intp)


def from_pairs(n: int, one: ArrayLike, other: ArrayLike, rule: str) -> Neighbours:
    """Return neighbours among n places from pairs of indices, each weight 1; pairs of a place with itself are dropped.

    `one` has `other` as its neighbour; a pair that is given twice counts once. Raises Unusable for indices off the list.
    """
    from scipy.sparse import csr_array

    rows, columns = np.asarray(one, dtype=np.intp).ravel(), np.asarray(other, dtype=np.intp).ravel()
    if rows.size and (min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= n):
        raise Unusable(f"A pair of neighbours names a place that is not among the {n}. Number the places from 0.")
    apart = rows != columns
    matrix = csr_array((np.ones(int(apart.sum())), (rows[apart], columns[apart])), shape=(n, n))
    matrix.sum_duplicates()
    matrix.sort_indices()
    matrix.data[:] = 1.0
    return Neighbours(matrix, rule)


def touching(polygons: ArrayLike, *, rook: bool = False, gap: float = 0.0) -> Neighbours:
    """Return which areas share a border.

    `polygons`: shapely polygons, shape (n,), valid, in any one reference system. Queen (the default): one common point
    is enough; rook: a piece of border of some length. Areas that overlap are neighbours. `gap`: borders drawn this far
    apart still touch (queen only), in the unit of the coordinates. Raises Unusable for what is no polygon.
    """
    import shapely

    shapes = np.asarray(polygons, dtype=object)
    wrong = np.flatnonzero(
        shapely.is_missing(shapes) | shapely.is_empty(shapes) | (shapely.get_dimensions(shapes) != 2)
    )
    if wrong.size:
        raise Unusable(f"{wrong.size} of {shapes.size} areas have no polygon (the first is {wrong[0]}). Give each one.")
    tree = shapely.STRtree(shapes)
    if rook:
        one, other = tree.query(shapes, predicate="intersects")
        half = one < other
        one, other = one[half], other[half]
        shared = shapely.length(shapely.intersection(shapes[one], shapes[other])) > 0
        one, other = np.r_[one[shared], other[shared]], np.r_[other[shared], one[shared]]
        return from_pairs(shapes.size, one, other, "areas that share a length of border (rook)")
    one, other = tree.query(shapes, predicate="dwithin", distance=gap) if gap else tree.query(shapes, "intersects")
    return from_pairs(shapes.size, one, other, "areas that share a point of their borders (queen)")


def nearest(x: ArrayLike, y: ArrayLike, k: int, *, degrees: bool = False) -> Neighbours:
    """Return the k nearest places of each; a place may be near another without the reverse.

    `x`, `y`: metres, shape (n,), or longitude and latitude with `degrees`. Of places equally far, the first listed are
    taken. Raises Unusable for coordinates that are none, TooLittle where there are not more than k places.
    """
    from scipy.spatial import cKDTree

    at = _positions(x, y, degrees)
    n = len(at)
    if not 0 < k < n:
        raise TooLittle(f"{k} neighbours were asked for among {n} places. Ask for fewer, or give more places.")
    reach = cKDTree(at).query(at, k=k + 1)[0][:, -1]
    pairs = [_first(at, i, within, k) for i, within in enumerate(cKDTree(at).query_ball_point(at, reach * (1 + 1e-12)))]
    return from_pairs(n, np.repeat(np.arange(n), k), np.concatenate(pairs), f"the {k} nearest places")


def _first(at: Floats, i: int, within: list[int], k: int) -> NDArray[np.intp]:
    others = np.array(sorted(j for j in within if j != i), dtype=np.intp)
    far = np.round(np.linalg.norm(at[others] - at[i], axis=1), 6)
    return np.asarray(others[np.argsort(far, kind="stable")[:k]])


def within(x: ArrayLike, y: ArrayLike, metres: float, *, degrees: bool = False) -> Neighbours:
    """Return all places no further than so many metres.

    `x`, `y`: metres, shape (n,), or longitude and latitude with `degrees` (great circle on a sphere). Raises Unusable
    for coordinates that are none, or a distance that is not above 0.
    """
    from scipy.spatial import cKDTree

    if not (np.isfinite(metres) and metres > 0):
        raise Unusable(f"A distance of {metres} m cannot be used. Give one above 0.")
    at = _positions(x, y, degrees)
    reach = 2 * EARTH_M * np.sin(min(metres / EARTH_M, np.pi) / 2) if degrees else metres
    one, other = cKDTree(at).query_pairs(reach, output_type="ndarray").reshape(-1, 2).T
    return from_pairs(len(at), np.r_[one, other], np.r_[other, one], f"places within {metres:g} m")


def _positions(x: ArrayLike, y: ArrayLike, degrees: bool) -> Floats:
    """Metres, flat or, for degrees, in space: shape (n, 2) or (n, 3)."""
    east, north = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if east.size != north.size or not (np.isfinite(east).all() and np.isfinite(north).all()):
        raise Unusable("Each place needs two coordinates that are numbers. Leave out places without.")
    if not degrees:
        return np.column_stack([east, north])
    if (np.abs(east) > 180).any() or (np.abs(north) > 90).any():
        raise Unusable("A longitude is beyond 180 degrees or a latitude beyond 90. Are the coordinates metres?")
    lon, lat = np.radians(east), np.radians(north)
    return EARTH_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
