"""Events soon after and close to others: Knox's test, bands of distance and time, and what stays within a group."""

from collections.abc import Sequence
from concurrent.futures import Executor
from ctypes import c_int32
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable
from geo.permuting import Codes, Floats, Progress, Shuffle, Tested, called, orders, ranked, replicated, shuffle

Counts = NDArray[np.int64]

FEWEST = 5
LONGEST = 32_767  # days that fit the kernel's small numbers: 89 years
MOST_GROUPS = 64
# Distances are equal to a limit when they agree to this part of it.
TIE = 1e-12
ALIKE, UNLIKE = 0, 1


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of points (m,) by index, the smaller first, and the distance between; at_one_place: pairs left out for it."""

    first: Codes
    second: Codes
    distance: Floats
    at_one_place: int


@dataclass(frozen=True, eq=False)
class Grid:
    """Pairs of events by distance (axis 0) and time (axis 1).

    n: events; space, limits: upper ends; pairs_in_space (S,), pairs_in_time (T,): pairs near in one alone; found (S, T):
    pairs near in both against permutations; at_one_place: pairs left out because both have the very same coordinates;
    of_one_time: those of them that have one time too; shared_places: coordinates with more than one event; fullest: the
    most events at one of them; once: events that move on their own (reports of one place and time move as one).
    """

    n: int
    space: Floats
    limits: Floats
    cumulative: bool
    pairs_in_space: Counts
    pairs_in_time: Counts
    found: Tested
    at_one_place: int
    of_one_time: int
    shared_places: int
    fullest: int
    once: int


@dataclass(frozen=True, eq=False)
class Alike:
    """Pairs near in both by what the two events are: axis 2 is a common group, none in common, then each group.

    n: events with a group; unmarked: events without, left out; found (S, T, 2 + g): against groups permuted over the
    events; p_place, p_place_adjusted (same shape): chance of so large a part among the pairs near in both, given the
    part among those near in space at any time; share (S, T): part of the pairs near in both that have a common group;
    share_near (S,): the same of the pairs near in space at any time.
    """

    n: int
    unmarked: int
    found: Tested
    p_place: Floats
    p_place_adjusted: Floats
    share: Floats
    share_near: Floats
    at_one_place: int


def close_pairs(x: Floats, y: Floats, reach: float, *, same_place: bool = False) -> Pairs:
    """Return all pairs of points no farther apart than `reach`, found once by a KD-tree.

    `x`, `y` (n,) in metres of a flat frame, finite. Points at the very same coordinates make no pair unless
    `same_place`: they stand for one village or one event told twice, and say nothing of distance.
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack([x, y]))
    found = tree.query_pairs(reach * (1 + 1e-9), output_type="ndarray")
    distance = np.hypot(x[found[:, 0]] - x[found[:, 1]], y[found[:, 0]] - y[found[:, 1]])
    kept = distance <= reach * (1 + TIE)
    apart = kept if same_place else kept & (distance > 0)
    first, second = found[apart].astype(np.int32).T
    return Pairs(np.ascontiguousarray(first), np.ascontiguousarray(second), distance[apart], int((kept & ~apart).sum()))


def near_repeat(
    x: ArrayLike,
    y: ArrayLike,
    times: ArrayLike,
    *,
    space: Sequence[float],
    limits: Sequence[float],
    cumulative: bool = False,
    strata: ArrayLike | None = None,
    same_place: bool = False,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Grid:
    """Return how many pairs of events lie close in space and in time, against times permuted over the events.

    `x`, `y` (n,) metres in a flat frame; `times` (n,) whole days over at most 32,767; `space` (S,), `limits` (T,) rising
    upper ends: bands are (lower, upper], the first from 0 with 0; `cumulative`: all pairs up to both ends (Knox's X; one
    end each: Knox's test). `strata` (n,): times move within each only. `same_place`: pairs at the very same
    coordinates count too. They are left out of the pairs of the permutations as well; events of one place and time
    move as one. expected: exact, n_s n_t over all pairs, without strata; else the mean of the permutations. Raises
    Unusable and TooLittle. Sources: Knox 1964; Johnson and others 2007 and Ratcliffe 2009 for bands. Does not show what
    links the events of a pair, nor a rise that comes everywhere at once.
    """
    points = _checked(x, y, times)
    space_ends, time_ends = _ends(space, "distances", above=0.0), _ends(limits, "days", above=-1.0)
    pairs = _enough(close_pairs(points[0], points[1], space_ends[-1], same_place=same_place), space_ends[-1])
    event, at = _once(*points, _codes(strata, points[0].size), apart=same_place)
    moves = shuffle(event.shape[0], seed, None if strata is None else event[:, 3])
    band = np.searchsorted(space_ends * (1 + TIE), pairs.distance)
    listed = _by_kind(at[pairs.first], at[pairs.second], band, space_ends.size)
    given = (moves, _short(event[:, 2] - event[:, 2].min()), *listed, _short(time_ends))
    seen = _banded(_close(*given, False, 0, 1), cumulative)[0]
    drawn = _banded(replicated(_close, (*given, True), replications, executor, progress), cumulative)
    in_space = np.bincount(band, minlength=space_ends.size)
    in_space = in_space.cumsum() if cumulative else in_space
    expected = None if strata is not None else _expected(in_space, event[:, 2], time_ends, cumulative)
    in_time = _pairs_in_time(points[2], time_ends, cumulative)
    return Grid(
        points[0].size, space_ends, time_ends, cumulative, in_space, in_time, ranked(seen, drawn, expected),
        pairs.at_one_place, *_stacked(*points), event.shape[0],
    )  # fmt: skip


def alike(
    x: ArrayLike,
    y: ArrayLike,
    times: ArrayLike,
    groups: ArrayLike,
    *,
    space: Sequence[float],
    limits: Sequence[float],
    cumulative: bool = False,
    strata: ArrayLike | None = None,
    same_place: bool = False,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Alike:
    """Return whether pairs close in space and time are of one group more often than the groups' numbers explain.

    `groups` (n, g) true where an event belongs to a group (to several: a pair has a common group if any is shared); a
    row of false: not known, the event is left out. All else as `near_repeat`. Two nulls: groups permuted over the
    events (whole rows, within `strata`), places and times fixed; and times permuted, places and groups fixed, which
    groups that live apart do not disturb. Raises Unusable and TooLittle (fewer than two groups). Does not show who
    did either of two events, nor that one answers the other.
    """
    every, marks = _checked(x, y, times), np.asarray(groups, dtype=bool)
    known = _known(marks, every[0].size)
    points, marks = _checked(*(part[known] for part in every)), marks[known]
    space_ends, time_ends = _ends(space, "distances", above=0.0), _ends(limits, "days", above=-1.0)
    pairs = _enough(close_pairs(points[0], points[1], space_ends[-1], same_place=same_place), space_ends[-1])
    levels = _codes(strata, every[0].size)[known]
    row = np.unique(marks, axis=0, return_inverse=True)[1].reshape(-1)
    event, at = _once(*points, levels, row, apart=same_place)
    moves = shuffle(event.shape[0], seed, None if strata is None else event[:, 3])
    marked = np.zeros((event.shape[0], marks.shape[1]), dtype=bool)
    marked[at] = marks
    band = np.searchsorted(space_ends * (1 + TIE), pairs.distance)
    ends = at[pairs.first], at[pairs.second], band
    run = _Run(
        moves, ends, event[:, 2], marked, space_ends.size, time_ends, cumulative, replications, executor, progress
    )
    found, (p, adjusted) = _among_groups(run), _given_place(run)
    share, near = _part(found.observed)[:, :, ALIKE], _part(_near(run))[:, ALIKE]
    return Alike(int(known.sum()), int((~known).sum()), found, p, adjusted, share, near, pairs.at_one_place)


def mantel(
    x: ArrayLike, y: ArrayLike, times: ArrayLike, *, reciprocal: bool = False, replications: int = 999, seed: int
) -> tuple[float, float]:
    """Return the correlation of distance and time over all pairs of events, and the one-sided p by permuting times.

    `x`, `y`, `times` (n,) as `near_repeat`. `reciprocal`: of 1 / (1 + distance) and 1 / (1 + time), which the many far
    pairs do not drown. Source: Mantel 1967. Grows with n squared; weak without `reciprocal`.
    """
    east, north, when = _checked(x, y, times)
    one, other = np.triu_indices(east.size, 1)
    apart = np.hypot(east[one] - east[other], north[one] - north[other])
    apart = 1 / (1 + apart) if reciprocal else apart
    moves = shuffle(east.size, seed)
    given = ((apart - apart.mean()) / (apart.std() * apart.size), when, one, other, reciprocal)
    seen = _correlated(*given, np.arange(east.size, dtype=np.int32)[None])
    drawn = replicated(_mantel, (moves, *given), replications)
    return float(seen[0]), float(ranked(seen[0], drawn, unit=0.0).p)


# Input --------------------------------------------------------------------------------------------------------------


def _checked(x: ArrayLike, y: ArrayLike, times: ArrayLike) -> tuple[Floats, Floats, Floats]:
    east, north, when = (np.asarray(part, dtype=float) for part in (x, y, times))
    if not east.shape == north.shape == when.shape or east.ndim != 1:
        raise Unusable("Each event needs one x, one y and one time.")
    if not all(np.isfinite(part).all() for part in (east, north, when)):
        raise Unusable("A coordinate or a time is missing or not finite. Leave such events out.")
    if (when != np.floor(when)).any():
        raise Unusable("Times must be whole days. Round them, or count in smaller units.")
    if east.size < FEWEST:
        raise TooLittle(f"{east.size} events with a place and a day; at least {FEWEST} are needed. Widen the period.")
    if np.ptp(east) == 0 and np.ptp(north) == 0:
        raise TooLittle("All events lie in one place: nothing is near or far. Give finer places.")
    if np.ptp(when) == 0:
        raise TooLittle("All events have one time: nothing is soon or late. Widen the period.")
    if np.ptp(when) > LONGEST:
        raise Unusable(f"The events span {np.ptp(when):,.0f} days, more than {LONGEST:,}. Look for a false year.")
    return east, north, when


def _ends(values: Sequence[float], name: str, above: float) -> Floats:
    ends = np.asarray(values, dtype=float)
    if not ends.size or not np.isfinite(ends).all() or not (np.diff(ends) > 0).all() or not ends[0] > above:
        raise Unusable(f"The {name} must be upper ends of bands that rise, such as 100, 200, 400.")
    return ends


def _enough(pairs: Pairs, reach: float) -> Pairs:
    if not pairs.first.size:
        raise TooLittle(f"No two events at different places lie within {reach:g} m. Name wider distances.")
    return pairs


def _codes(strata: ArrayLike | None, n: int) -> NDArray[np.intp]:
    if strata is None:
        return np.zeros(n, dtype=np.intp)
    codes = np.unique(np.asarray(strata), return_inverse=True)[1]
    if codes.size != n:
        raise Unusable(f"{n} events but {codes.size} strata. Name one for each event.")
    return codes


def _known(marks: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    if marks.ndim != 2 or marks.shape[0] != n:
        raise Unusable("Groups need one row for each event and one column for each group.")
    if marks.shape[1] > MOST_GROUPS:
        raise Unusable(f"{marks.shape[1]} groups; no more than {MOST_GROUPS} can be compared. Join the rarest.")
    if (marks.sum(axis=0) > 0).sum() < 2:
        raise TooLittle("Fewer than two groups among the events: none to tell from another. Take another dimension.")
    return np.asarray(marks.any(axis=1))


def _once(*columns: ArrayLike, apart: bool) -> tuple[Floats, NDArray[np.intp]]:
    """What moves on its own: rows (k, columns) without their repetitions, and which of them each point is.

    One event told twice at one place and day would otherwise be two, whose pairs with a third come together or not at
    all; a permutation that tore them apart would make chance look steadier than it is.
    """
    rows = np.column_stack([np.asarray(column, dtype=float) for column in columns])
    if apart:
        return rows, np.arange(len(rows))
    event, at = np.unique(rows, axis=0, return_inverse=True)
    return event, at.reshape(-1)


def _stacked(x: Floats, y: Floats, when: Floats) -> tuple[int, int, int]:
    """Pairs of one place and one time, places with several events, and the most events at one."""
    told = np.unique(np.column_stack([x, y, when]), axis=0, return_counts=True)[1]
    held = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)[1]
    return int((told * (told - 1) // 2).sum()), int((held > 1).sum()), int(held.max())


# Times permuted -----------------------------------------------------------------------------------------------------


def _short(days: Floats) -> NDArray[np.int16]:
    """Whole days as the kernel takes them."""
    return np.minimum(np.floor(days), LONGEST).astype(np.int16)


def _by_kind(first: Any, second: Any, kind: Any, kinds: int) -> tuple[Counts, Codes, Codes]:
    """Pairs in order of their kind: where each kind begins, and both ends."""
    order = np.lexsort((second, first, kind))
    starts = np.concatenate(([0], np.bincount(kind, minlength=kinds).cumsum())).astype(np.int64)
    return starts, first[order].astype(np.int32), second[order].astype(np.int32)


def _close(
    moves: Shuffle, time: Any, kinds: Counts, one: Codes, other: Codes, limits: Any, drawn: bool, first: int, count: int
) -> Counts:
    """Pairs by replicate, kind and limit (cumulative in time)."""
    counts = np.empty((count, kinds.size - 1, limits.size), dtype=np.int64)
    sizes = c_int32(kinds.size - 1), c_int32(limits.size)
    called(
        "pairs_close", *moves.arguments(), time, sizes[0], kinds, one, other, sizes[1], limits, c_int32(drawn),
        *moves.from_seed(first, count), counts,
    )  # fmt: skip
    return counts


def _banded(counts: Any, cumulative: bool) -> Any:
    """Counts (R, S, T) that are cumulative in time only, made so in both or in none."""
    return counts.cumsum(axis=1) if cumulative else np.diff(counts, axis=2, prepend=0)


def _pairs_in_time(when: Floats, limits: Floats, cumulative: bool) -> Counts:
    ordered = np.sort(when)
    later = [np.searchsorted(ordered, ordered + np.floor(limit), side="right").sum() for limit in limits]
    up_to = np.array(later, dtype=np.int64) - ordered.size * (ordered.size + 1) // 2
    return up_to if cumulative else np.diff(up_to, prepend=0)


def _expected(in_space: Counts, when: Floats, limits: Floats, cumulative: bool) -> Floats:
    return np.outer(in_space, _pairs_in_time(when, limits, cumulative)) / (when.size * (when.size - 1) / 2)


def _mantel(moves: Shuffle, apart: Floats, when: Floats, one: Any, other: Any, reciprocal: bool, *block: int) -> Floats:
    return _correlated(apart, when, one, other, reciprocal, orders(moves, *block))


def _correlated(apart: Floats, when: Floats, one: Any, other: Any, reciprocal: bool, drawn: Codes) -> Floats:
    between = [np.abs(when[order[one]] - when[order[other]]) for order in drawn]
    between = [1 / (1 + days) if reciprocal else days for days in between]
    return np.array([days @ apart / days.std() for days in between])


# Groups -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Run:
    """What both tests of groups are made of: near pairs (both ends and band), times and groups of what moves."""

    moves: Shuffle
    pairs: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
    when: Floats
    marks: NDArray[np.bool_]
    bands: int
    limits: Floats
    cumulative: bool
    replications: int
    executor: Executor | None
    progress: Progress | None

    def rolled(self, counts: Any, *axes: int) -> Any:
        """Counts made cumulative along these axes where it was asked for."""
        for axis in axes if self.cumulative else ():
            counts = counts.cumsum(axis=axis)
        return counts


def _among_groups(run: _Run) -> Tested:
    """Groups permuted over the events, places and times fixed."""
    first, second, band = run.pairs
    soon = np.searchsorted(np.floor(run.limits), np.abs(run.when[first] - run.when[second]))
    kept, width = soon < run.limits.size, run.limits.size
    listed = _by_kind(first[kept], second[kept], band[kept] * width + soon[kept], run.bands * width)
    bits = (run.marks * (np.uint64(1) << np.arange(run.marks.shape[1], dtype=np.uint64))).sum(axis=1, dtype=np.uint64)
    given = (run.moves, bits, run.marks.shape[1], *listed)
    seen, drawn = _shared(*given, False, 0, 1), replicated(_shared, (*given, True), run.replications, run.executor)
    seen, drawn = (run.rolled(part.reshape(len(part), run.bands, width, -1), 1, 2) for part in (seen, drawn))
    return ranked(seen[0], drawn)


def _shared(
    moves: Shuffle, bits: Any, groups: int, kinds: Counts, one: Codes, other: Codes, drawn: bool, first: int, count: int
) -> Counts:
    counts = np.empty((count, kinds.size - 1, groups + 2), dtype=np.int64)
    sizes = c_int32(groups), c_int32(kinds.size - 1)
    called(
        "pairs_alike", *moves.arguments(), bits, *sizes, kinds, one, other, c_int32(drawn),
        *moves.from_seed(first, count), counts,
    )  # fmt: skip
    return counts


def _given_place(run: _Run) -> tuple[Floats, Floats]:
    """Times permuted, places and groups fixed: the part of each kind among the near and soon, against all that are near.

    Standardised as (pairs of the kind - part x pairs) / sqrt(pairs), so that a general rise of near pairs soon after one
    another, of whatever groups, changes nothing.
    """
    first, second, band = run.pairs
    at, kind = np.nonzero(_kinds(run))
    width = run.marks.shape[1] + 2
    listed = _by_kind(first[at], second[at], band[at] * width + kind, run.bands * width)
    given = (run.moves, _short(run.when - run.when.min()), *listed, _short(run.limits))
    near = _part(_near(run))[None, :, None, :]

    def parts(counts: Counts) -> Floats:
        by_time = counts.reshape(len(counts), run.bands, width, -1).transpose(0, 1, 3, 2)
        banded = run.rolled(by_time, 1) if run.cumulative else np.diff(by_time, axis=2, prepend=0)
        every = banded[..., ALIKE] + banded[..., UNLIKE]
        return np.asarray((banded - near * every[..., None]) / np.sqrt(np.maximum(every, 1))[..., None])

    drawn = replicated(_close, (*given, True), run.replications, run.executor, run.progress)
    found = ranked(parts(_close(*given, False, 0, 1))[0], parts(drawn), unit=0.1)
    return found.p, found.p_adjusted


def _kinds(run: _Run) -> NDArray[np.bool_]:
    """What each near pair is (m, 2 + g): of a common group, of none, of each group."""
    both = run.marks[run.pairs[0]] & run.marks[run.pairs[1]]
    shared = both.any(axis=1, keepdims=True)
    return np.hstack([shared, ~shared, both])


def _near(run: _Run) -> Counts:
    """Pairs near in space at any time, by band and kind."""
    kinds = _kinds(run).astype(np.int64)
    counts = np.array([kinds[run.pairs[2] == band].sum(axis=0) for band in range(run.bands)])
    return np.asarray(run.rolled(counts, 0))


def _part(counts: Any) -> Floats:
    """Counts by kind (last axis) as parts of all pairs of events with known groups; 0 where there are none."""
    every = counts[..., ALIKE] + counts[..., UNLIKE]
    return np.asarray(counts / np.maximum(every, 1)[..., None])
