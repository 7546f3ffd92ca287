"""Permutation tests: which value moves where in each replicate, the calls into the kernel, and p from what was drawn."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from ctypes import c_int32, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import Unusable
from geo.many import in_blocks

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Progress = Callable[[int, int], None]

# Replications of one piece of work: as many as the kernel runs side by side.
BLOCK = 64
# Sums are equal when they agree to this part of them.
TIE = 1e-9
# One part in so many of the permutations, the observed among them, lies below the central 95 %, and above it.
OUTSIDE = 40


@dataclass(frozen=True, eq=False)
class Shuffle:
    """Which points exchange their values: those of one stratum, among themselves.

    members (n,): points, stratum by stratum; starts (strata + 1,): where each begins; seed: replicate r draws from
    (seed, r) alone.
    """

    members: Codes
    starts: Codes
    seed: int

    @property
    def points(self) -> int:
        return int(self.members.size)

    def arguments(self) -> tuple[Any, ...]:
        """Return the first arguments of every function of the kernel."""
        return c_int32(self.points), c_int32(self.starts.size - 1), self.members, self.starts

    def from_seed(self, first: int, count: int) -> tuple[Any, ...]:
        """Return those that name the replicates to draw."""
        return c_uint64(self.seed % 2**64), c_int64(first), c_int64(count)


@dataclass(frozen=True, eq=False)
class Tested:
    """Statistics (of any one shape) against their permutations.

    observed, expected (mean of the permutations unless known), ratio; low, high: the observed over the upper and the
    lower end of the central 95 % of the permutations (`central`), so that 1 outside means that few permutations come
    near (NaN where nothing was observed); chance_low, chance_high: those ends themselves; p: one-sided, that chance
    gives as much or more; p_adjusted: the same for the largest of all standardised statistics, so any false alarm among
    them is held.
    """

    observed: Floats
    expected: Floats
    ratio: Floats
    low: Floats
    high: Floats
    chance_low: Floats
    chance_high: Floats
    p: Floats
    p_adjusted: Floats


def shuffle(points: int, seed: int, strata: ArrayLike | None = None) -> Shuffle:
    """Return how values move over points; `strata` (n,) of any codes keeps them within."""
    if strata is None:
        return Shuffle(np.arange(points, dtype=np.int32), np.array([0, points], dtype=np.int32), seed)
    codes = np.unique(np.asarray(strata), return_inverse=True)[1]
    if codes.size != points:
        raise Unusable(f"{points} points but {codes.size} strata. Name one for each point.")
    starts = np.concatenate(([0], np.bincount(codes).cumsum()))
    return Shuffle(np.argsort(codes, kind="stable").astype(np.int32), starts.astype(np.int32), seed)


def called(name: str, *arguments: Any) -> None:
    """Call a function of the kernel; arrays go by address and must be of the type it is written for."""
    from geo.kernel import function

    if function(name)(*(c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in arguments)):
        raise MemoryError(f"Not enough memory for {name}.")


def orders(moves: Shuffle, first: int, count: int) -> Codes:
    """Return (count, n): in each replicate the point whose value each point gets."""
    drawn = np.empty((count, moves.points), dtype=np.int32)
    called("pairs_orders", *moves.arguments(), *moves.from_seed(first, count), drawn)
    return drawn


def replicated(
    work: Callable[..., NDArray[Any]],
    given: Sequence[Any],
    replications: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> NDArray[Any]:
    """Return `work(*given, first, count)` for all replicates, stacked; workers and blocks never change the result.

    `work`: a function of a module that returns (count, ...). Raises Unusable for fewer than one replication.
    """
    if replications < 1:
        raise Unusable(f"{replications} replications cannot rank anything. Ask for 99 or more.")
    firsts = range(0, replications, BLOCK)
    blocks = [(*given, first, min(BLOCK, replications - first)) for first in firsts]
    told = progress and (lambda done, of: progress(min(done * BLOCK, replications), replications))
    return np.concatenate(in_blocks(work, blocks, executor, told))


def ranked(observed: ArrayLike, drawn: NDArray[Any], expected: ArrayLike | None = None, unit: float = 1.0) -> Tested:
    """Return statistics ranked among their permutations.

    `observed` of any shape, `drawn` (replications, *shape); `expected` where it is known exactly. For the maximum they
    are standardised by mean and variance over all draws, the observed among them; `unit` squared (one pair) is added to
    the variance, so that an almost empty cell does not rule the maximum. p = (1 + as large) / (replications + 1), ties
    counted. Source: Westfall and Young 1993 for the maximum. Does not show which of several raised cells drives the rest.
    """
    seen = np.asarray(observed, dtype=float)
    mean = drawn.mean(axis=0) if expected is None else np.asarray(expected, dtype=float)
    low, high = central(drawn)
    return Tested(
        seen, mean, _over(seen, mean), _over(seen, high), _over(seen, low), low, high,
        at_least(seen, drawn), _by_maximum(seen, drawn, unit),
    )  # fmt: skip


def central(drawn: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return the lower and the upper end of the central 95 % of `drawn` (R, ...), two of the values drawn.

    They are of rank k = floor(0.025 (R + 1)) from below and from above, so that one value more of the same law lies
    between them or on them with a probability of 1 - 2 k / (R + 1) or more: at least 95 %, where interpolated quantiles
    of 99 hold 93 %. With fewer than 39 draws even the least and the greatest hold (R - 1) / (R + 1) only.
    """
    first = max((len(drawn) + 1) // OUTSIDE, 1) - 1
    last = len(drawn) - 1 - first
    ends = np.partition(drawn, (first, last), axis=0)[[first, last]]
    return np.asarray(ends[0], dtype=float), np.asarray(ends[1], dtype=float)


def at_least(seen: Floats, drawn: Floats) -> Floats:
    """Return p that chance gives as much or more, ties counted."""
    return np.asarray((1 + (drawn >= seen - TIE * np.maximum(np.abs(seen), 1)).sum(axis=0)) / (len(drawn) + 1))


def _over(seen: Floats, by: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where((seen == 0) & (by == 0), np.nan, seen / by))


def _by_maximum(seen: Floats, drawn: Floats, unit: float) -> Floats:
    every = np.concatenate([seen[None], drawn])
    spread = np.sqrt(every.var(axis=0) + unit**2)
    z = (every - every.mean(axis=0)) / spread
    largest = z[1:].reshape(len(drawn), -1).max(axis=1)
    return at_least(z[0], largest.reshape((-1,) + (1,) * seen.ndim))


def largest_p(seen: Floats, drawn: Floats, unit: float = 1.0) -> float:
    """Return the p of the largest standardised distance from the mean, either way, over all statistics at once."""
    every = np.concatenate([seen[None], drawn]).reshape(len(drawn) + 1, -1)
    spread = np.sqrt(every.var(axis=0) + unit**2)
    largest = np.abs((every - every.mean(axis=0)) / spread).max(axis=1)
    return float(at_least(largest[0], largest[1:]))
