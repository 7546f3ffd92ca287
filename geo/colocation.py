"""Points of one kind near points of another: the cross-K function and the local co-location quotient."""

from collections.abc import Sequence
from concurrent.futures import Executor
from ctypes import c_int32, c_int64
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable
from geo.many import benjamini_hochberg
from geo.permuting import (
    Floats,
    Progress,
    Shuffle,
    Tested,
    at_least,
    called,
    largest_p,
    orders,
    ranked,
    replicated,
    shuffle,
)

Flags = NDArray[np.bool_]
Correction = Literal["none", "border", "isotropic"]

FEWEST = 5
FIRST, SECOND = 1, 2
# Distances are equal to a radius when they agree to this part of it.
TIE = 1e-12
# A pair at the very edge of the window stands for no more than so many unseen ones (as is usual for this correction).
HEAVIEST = 100.0


@dataclass(frozen=True, eq=False)
class CrossK:
    """Points of the first kind and those of the second around them, by radius (axis 0).

    n, n_first, n_second: points that exchange labels, and of each kind; radii (K,); pairs (K,): ordered pairs within
    the radius; k (K,): cross-K in square metres, NaN where the second kind stands apart; found (K,): the sums tested (pairs,
    weighted where an edge correction was asked for) against labels permuted; p_global: of the largest standardised
    distance from the mean over all radii, either way; near, near_rest (K,): part of the first kind, and of all other
    points, with one of the second kind within the radius.
    """

    n: int
    n_first: int
    n_second: int
    radii: Floats
    pairs: Floats
    k: Floats
    found: Tested
    p_global: float
    near: Floats
    near_rest: Floats


@dataclass(frozen=True, eq=False)
class Quotient:
    """Local co-location quotient of each point of the first kind (m,): index, value, p (greater), p by BH, bandwidth."""

    at: NDArray[np.intp]
    value: Floats
    p: Floats
    p_adjusted: Floats
    bandwidth: Floats


@dataclass(frozen=True, eq=False)
class _Directed:
    """Ordered pairs by their first point: where each point's begin, partners, distances, weights, radii they count at."""

    starts: NDArray[np.int64]
    source: NDArray[np.intp]
    partner: NDArray[np.int32]
    distance: Floats
    weight: Floats
    since: NDArray[np.int32]
    until: NDArray[np.int32]


def cross_k(
    x: ArrayLike,
    y: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    radii: Sequence[float],
    window: Any = None,
    correction: Correction = "none",
    strata: ArrayLike | None = None,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CrossK:
    """Return how many points of a second kind lie around those of a first, labels permuted over all the points.

    `x`, `y` (n,) metres in a flat frame; `first`, `second` (n,) flags (a point may be both; it is no pair with itself);
    both flags of a point move together, within `strata` where given. `radii` (K,) rising; `window` a shapely polygon that
    holds all points (None: their bounding box); `correction` for what lies outside: border (only points farther from
    the edge than the radius are centres) or isotropic (Ripley: a pair counts as one over the part of its circle
    inside). The test needs none, since the places stand still. Raises Unusable and TooLittle. Sources: Ripley 1977;
    Lotwick and Silverman 1982 for two kinds; Diggle 1986 for random labelling. Does not show that either kind brings
    the other: what attracts both, or where the groups live, does the same.
    """
    east, north, ends = _placed(x, y, radii)
    one, two = _kind(first, east.size, "first"), _kind(second, east.size, "second")
    bounds = _Window(window, east, north)
    pairs = _directed(east, north, ends, bounds, correction)
    inside = bounds.depth(east, north)[:, None] >= ends if correction == "border" else np.zeros((east.size, ends.size))
    label = (one * FIRST + two * SECOND).astype(np.uint8)
    given = (shuffle(east.size, seed, strata), label, pairs, ends.size, inside.astype(float), correction == "border")
    seen = _sums(*given, False, 0, 1)[0]
    drawn = replicated(_sums, (*given, True), replications, executor, progress)
    known = None if strata is not None or correction == "border" else _expected(pairs, one, two, ends.size)
    centres = 1.0 if correction == "border" else float(one.sum())
    pair = centres / one.sum()
    return CrossK(
        east.size, int(one.sum()), int(two.sum()), ends, _counted(pairs, one, two, ends),
        seen * bounds.area / two.sum() / centres, ranked(seen, drawn, known, pair), largest_p(seen, drawn, pair),
        *_parts(_nearest(pairs, two), one, ends),
    )  # fmt: skip


def points_near(
    x: ArrayLike,
    y: ArrayLike,
    first: ArrayLike,
    to_x: ArrayLike,
    to_y: ArrayLike,
    *,
    radii: Sequence[float],
    own: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> CrossK:
    """Return whether the points of the first kind lie nearer to fixed other points than the rest of the points do.

    `to_x`, `to_y` (m,): the other points, which stand still while `first` is permuted over `x`, `y` (n,). `own` (n,):
    flags of points that are themselves among the others and are not counted around themselves. All else as `cross_k`.
    Does not show that the points are near to the others by chance or by purpose, only that the first kind is nearer.
    """
    from scipy.spatial import cKDTree

    east, north, ends = _placed(x, y, radii)
    one = _kind(first, east.size, "first")
    to = np.column_stack([np.asarray(to_x, dtype=float), np.asarray(to_y, dtype=float)])
    if not len(to) or not np.isfinite(to).all():
        raise Unusable("The other points need finite coordinates, one at least.")
    tree, places, itself = cKDTree(to), np.column_stack([east, north]), np.zeros(east.size, dtype=int)
    itself = itself if own is None else np.asarray(own, dtype=int)
    around = [tree.query_ball_point(places, r * (1 + TIE), return_length=True) - itself for r in ends]
    counts = np.column_stack(around).astype(float)
    given = (shuffle(east.size, seed, strata), (one * FIRST).astype(np.uint8), _NONE, ends.size, counts, None)
    seen = _sums(*given, False, 0, 1)[0]
    drawn = replicated(_sums, (*given, True), replications, executor, progress)
    known = None if strata is not None else counts.sum(axis=0) * one.sum() / one.size
    near = (counts > 0)[one].mean(axis=0), (counts > 0)[~one].mean(axis=0)
    found = ranked(seen, drawn, known)
    nowhere = np.full(ends.size, np.nan)
    return CrossK(east.size, int(one.sum()), len(to), ends, seen, nowhere, found, largest_p(seen, drawn), *near)


def local_quotient(
    x: ArrayLike,
    y: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    neighbours: int = 20,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Quotient:
    """Return for each point of the first kind how much its neighbours are of the second, against the share of all.

    `x`, `y`, `first`, `second` (n,) as `cross_k`. Neighbours weigh by a Gaussian of the distance over the distance of the
    last of them (`neighbours` nearest). 1: as chance has it. p by permuting the labels of all other points, one-sided;
    p_adjusted holds the false discovery rate (Benjamini and Hochberg). Raises Unusable and TooLittle. Sources:
    Cromley, Hanink and Bentley 2014; Wang, Hu, Wang and Li 2017. Does not show a distance at which the kinds meet.
    """
    from scipy.spatial import cKDTree

    east, north, _ = _placed(x, y, [1.0])
    one, two = _kind(first, east.size, "first"), _kind(second, east.size, "second")
    at, places, many = np.flatnonzero(one), np.column_stack([east, north]), min(neighbours, east.size - 2)
    if many < 1:
        raise Unusable(f"{neighbours} neighbours tell nothing. Ask for 5 or more.")
    near = cKDTree(places).query(places[at], k=many + 1)[1]
    near = _others(near, at)
    distance = np.hypot(east[near] - east[at][:, None], north[near] - north[at][:, None])
    width = distance[:, -1:]
    weight = np.exp(-0.5 * np.divide(distance, width, out=np.zeros_like(distance), where=width > 0) ** 2)
    weight /= weight.sum(axis=1, keepdims=True)
    rest = (two.sum() - two[at]) / (east.size - 1)
    if not (rest > 0).all():
        raise TooLittle("A point of the second kind is the only one. Take a wider kind.")
    seen = (weight * two[near]).sum(axis=1) / rest
    moves = shuffle(east.size - 1, seed)
    # Its neighbours' numbers among all points but itself: the labels of those move, its own stays.
    among = near - (near > at[:, None])
    drawn = replicated(_quotients, (moves, two, at, among, weight, rest), replications, executor, progress)
    p = at_least(seen, drawn)
    return Quotient(at, seen, p, benjamini_hochberg(p), width[:, 0])


# Input --------------------------------------------------------------------------------------------------------------


def _placed(x: ArrayLike, y: ArrayLike, radii: Sequence[float]) -> tuple[Floats, Floats, Floats]:
    east, north, ends = (np.asarray(part, dtype=float) for part in (x, y, radii))
    if east.shape != north.shape or east.ndim != 1 or not (np.isfinite(east) & np.isfinite(north)).all():
        raise Unusable("Each point needs a finite x and y. Leave out those without.")
    if not ends.size or not np.isfinite(ends).all() or not (np.diff(ends) > 0).all() or not ends[0] > 0:
        raise Unusable("The radii must be above 0 and rise, such as 250, 500, 1000.")
    if east.size < FEWEST:
        raise TooLittle(f"{east.size} points; at least {FEWEST} are needed. Widen the period or the area.")
    if np.ptp(east) == 0 and np.ptp(north) == 0:
        raise TooLittle("All points lie in one place: nothing is near or far. Give finer places.")
    return east, north, ends


def _kind(flags: ArrayLike, n: int, name: str) -> Flags:
    flagged = np.asarray(flags, dtype=bool)
    if flagged.shape != (n,):
        raise Unusable(f"{n} points but {flagged.size} flags of the {name} kind.")
    if not flagged.any() or flagged.all():
        which = "all points are" if flagged.any() else "no point is"
        raise TooLittle(f"Only one kind: {which} of the {name} kind. There is nothing to compare it with.")
    return flagged


class _Window:
    """The study area: its area, how deep points lie in it, and how much of a circle's line."""

    def __init__(self, window: Any, x: Floats, y: Floats) -> None:
        import shapely

        self.shape = shapely.box(x.min(), y.min(), x.max(), y.max()) if window is None else window
        self.area = float(self.shape.area)
        if window is not None and not shapely.intersects_xy(self.shape, x, y).all():
            raise Unusable("Points lie outside the window. Give a window that holds them all.")

    def depth(self, x: Floats, y: Floats) -> Floats:
        import shapely

        return np.asarray(shapely.distance(shapely.points(x, y), self.shape.boundary))

    def share(self, x: Floats, y: Floats, radius: Floats) -> Floats:
        import shapely

        rings = [shapely.get_coordinates(line) for line in shapely.get_parts(self.shape.boundary)]
        edges = np.ascontiguousarray(np.vstack([np.hstack([ring[:-1], ring[1:]]) for ring in rings]))
        inside = np.empty(radius.size)
        parts = (np.ascontiguousarray(part, dtype=float) for part in (x, y, radius))
        called("pairs_share_inside", c_int64(radius.size), *parts, c_int32(len(edges)), edges, inside)
        return inside


# Pairs --------------------------------------------------------------------------------------------------------------


def _directed(x: Floats, y: Floats, ends: Floats, window: _Window, correction: Correction) -> _Directed:
    """All ordered pairs within the largest radius, with what each counts and from which radius to which."""
    from scipy.spatial import cKDTree

    pairs = cKDTree(np.column_stack([x, y])).query_pairs(ends[-1] * (1 + 1e-9), output_type="ndarray")
    both = np.vstack([pairs, pairs[:, ::-1]])
    source, partner = both[np.lexsort((both[:, 1], both[:, 0]))].T
    distance = np.hypot(x[source] - x[partner], y[source] - y[partner])
    since, until = np.searchsorted(ends * (1 + TIE), distance), np.full(distance.size, ends.size)
    if correction == "border":
        until = np.maximum(np.searchsorted(ends, window.depth(x, y)[source], side="right"), since)
    kept = since < ends.size
    source, partner, distance, since, until = (part[kept] for part in (source, partner, distance, since, until))
    weight = np.ones(distance.size)
    if correction == "isotropic":
        apart = distance > 0
        share = window.share(x[source[apart]], y[source[apart]], distance[apart])
        weight[apart] = np.minimum(1 / np.maximum(share, 1 / HEAVIEST), HEAVIEST)
    starts = np.searchsorted(source, np.arange(x.size + 1)).astype(np.int64)
    partners, since, until = (np.ascontiguousarray(part, dtype=np.int32) for part in (partner, since, until))
    return _Directed(starts, source, partners, distance, weight, since, until)


_EMPTY = np.zeros(0, dtype=np.int32)
_NONE = _Directed(
    np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.intp), _EMPTY, np.zeros(0), np.zeros(0), _EMPTY, _EMPTY
)


def _sums(
    moves: Shuffle,
    label: NDArray[np.uint8],
    pairs: _Directed,
    bins: int,
    values: Floats,
    divided: bool | None,
    drawn: bool,
    first: int,
    count: int,
) -> Floats:
    """By replicate and radius: weights of the pairs, or (`divided` None) the points' own values; or weights per centre."""
    sums, totals = np.empty((count, bins)), np.empty((count, bins))
    starts = pairs.starts if pairs.source.size else np.zeros(moves.points + 1, dtype=np.int64)
    called(
        "pairs_labelled", *moves.arguments(), label, starts, pairs.partner, pairs.weight, pairs.since, pairs.until,
        c_int32(bins), np.ascontiguousarray(values), c_int32(drawn), *moves.from_seed(first, count), sums, totals,
    )  # fmt: skip
    if divided is None:
        return totals
    return sums / np.maximum(totals, 1) if divided else sums


def _expected(pairs: _Directed, one: Flags, two: Flags, bins: int) -> Floats:
    """Mean over all labellings: every ordered pair of points is as likely to be of both kinds."""
    both = one.sum() * two.sum() - (one & two).sum()
    whole = np.bincount(pairs.since, weights=pairs.weight, minlength=bins).cumsum()
    return np.asarray(whole * both / (one.size * (one.size - 1)))


def _counted(pairs: _Directed, one: Flags, two: Flags, ends: Floats) -> Floats:
    asked = one[pairs.source] & two[pairs.partner]
    return np.bincount(pairs.since[asked], minlength=ends.size).cumsum().astype(float)


def _nearest(pairs: _Directed, two: Flags) -> Floats:
    nearest, asked = np.full(two.size, np.inf), two[pairs.partner]
    np.minimum.at(nearest, pairs.source[asked], pairs.distance[asked])
    return nearest


def _parts(nearest: Floats, one: Flags, ends: Floats) -> tuple[Floats, Floats]:
    within = nearest[:, None] <= ends * (1 + TIE)
    return within[one].mean(axis=0), within[~one].mean(axis=0)


def _others(near: NDArray[np.intp], at: NDArray[np.intp]) -> NDArray[np.intp]:
    """Neighbours without the point itself, which among points at one place need not come first; else without the last."""
    itself = near == at[:, None]
    itself[~itself.any(axis=1), -1] = True
    return np.asarray(near[~itself].reshape(len(at), -1))


def _quotients(
    moves: Shuffle, two: Flags, at: NDArray[np.intp], among: NDArray[np.intp], weight: Floats, rest: Floats, *block: int
) -> Floats:
    """Local quotients by replicate and point; without point i there is one label less, of its own kind."""
    drawn = orders(moves, *block)
    found = np.empty((len(drawn), at.size))
    for kind in (False, True):
        mine = two[at] == kind
        if mine.any():
            labels = np.delete(two, at[mine][0])[drawn]
            found[:, mine] = np.einsum("rmk,mk->rm", labels[:, among[mine]], weight[mine]) / rest[mine]
    return found
