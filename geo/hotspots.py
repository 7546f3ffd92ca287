"""Which areas have high or low values around them: local statistics, their laws under shuffling, and steadier rates."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.autocorrelation import checked
from geo.faults import TooLittle, Unusable
from geo.many import in_blocks
from geo.neighbours import Floats, Neighbours

Progress = Callable[[int, int], None]
Counts = NDArray[np.int64]

# Replications that share one generator: block b draws from child b of the generator handed in.
BLOCK = 1_000
# Sums are equal when they agree to this part of the largest sum there can be.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Local:
    """A statistic of each area (n,): its value, expectation, variance and (value - expectation) / sd; NaN for islands."""

    statistic: Floats
    expected: Floats
    variance: Floats

    @property
    def z(self) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((self.statistic - self.expected) / np.sqrt(self.variance))


@dataclass(frozen=True, eq=False)
class Steadied:
    """Rates of areas (n,), raw and made comparable where bases are small.

    mean: the rate of the whole; between: variance of the true rates between areas (moments, not below 0); raw: cases
    over base; smoothed: drawn towards the mean, the more the smaller the base (Marshall 1991); standardised: the
    distance from the mean in standard deviations of an area of that base (Assuncao and Reis 1999).
    """

    mean: float
    between: float
    raw: Floats
    smoothed: Floats
    standardised: Floats


def steadied(cases: ArrayLike, base: ArrayLike, *, shares: bool = False) -> Steadied:
    """Return empirical-Bayes rates of areas.

    `cases`, `base` shape (n,), cases not below 0 and base above 0. `shares`: cases are a part of the base and vary as
    a binomial number; else as a Poisson number, as the papers have it. Raises Unusable for other values, TooLittle
    where there are no cases at all, or nothing but cases.
    """
    x, n = np.asarray(cases, dtype=float), np.asarray(base, dtype=float)
    if x.shape != n.shape or not (np.isfinite(x).all() and np.isfinite(n).all() and (x >= 0).all()):
        raise Unusable("A rate needs a count of 0 or more and a base for each area. Leave out areas without.")
    if not (n > 0).all():
        raise Unusable(f"{int((n <= 0).sum())} areas have a base of 0. Leave them out: there is no rate without one.")
    mean = x.sum() / n.sum()
    chance = mean * (1 - mean) if shares else mean
    if not chance > 0:
        raise TooLittle("All areas have one and the same rate, none or all. Take another group, period or base.")
    raw = x / n
    between = float(max((n * (raw - mean) ** 2).sum() / n.sum() - chance / n.mean(), 0.0))
    spread = between + chance / n
    return Steadied(float(mean), between, raw, mean + between / spread * (raw - mean), (raw - mean) / np.sqrt(spread))


def local_g(values: ArrayLike, neighbours: Neighbours, *, own: bool = True) -> Local:
    """Return Gi* (`own`: the area itself is one of its neighbours) or Gi, and its z (Ord and Getis 1995).

    `values` shape (n,); the neighbours' weights are used, the area's own being that of its neighbours (1 for an
    island, whose Gi* is its own value alone). High z: high values here. Raises as `autocorrelation.checked`.
    """
    x = checked(values, neighbours)
    n, w, counts = x.size, neighbours.matrix, neighbours.counts
    row = np.asarray(w.sum(axis=1)).ravel()
    squares = np.asarray((w * w).sum(axis=1)).ravel()
    lag = w @ x
    if own:
        weight = np.where(counts > 0, row / np.maximum(counts, 1), 1.0)
        row, squares, lag = row + weight, squares + weight**2, lag + weight * x
        mean, variance = np.full(n, x.mean()), np.full(n, x.var())
        return Local(lag, row * mean, variance * (n * squares - row**2) / (n - 1))
    mean = (x.sum() - x) / (n - 1)
    variance = ((x**2).sum() - x**2) / (n - 1) - mean**2
    none = np.where(counts > 0, 1.0, np.nan)
    return Local(lag * none, row * mean, variance * ((n - 1) * squares - row**2) / (n - 2))


def local_moran(values: ArrayLike, neighbours: Neighbours) -> Local:
    """Return local Moran (Anselin 1995) with its law given the area's own value (Sokal, Oden and Thomson 1998).

    `values` shape (n,); above 0 the area is like its neighbours, below unlike. Raises as `autocorrelation.checked`.
    """
    x = checked(values, neighbours)
    n, z, w = x.size, x - x.mean(), neighbours.matrix
    row, squares = np.asarray(w.sum(axis=1)).ravel(), np.asarray((w * w).sum(axis=1)).ravel()
    m2 = float(z @ z) / n
    variance = (z / m2) ** 2 * (n / (n - 2)) * (squares - row**2 / (n - 1)) * (m2 - z**2 / (n - 1))
    none = np.where(neighbours.counts > 0, 1.0, np.nan)
    return Local(z / m2 * (w @ z) * none, -(z**2) * row / ((n - 1) * m2), variance)


def local_joins(flags: ArrayLike, neighbours: Neighbours) -> tuple[Floats, Floats]:
    """Return how many neighbours of each area are flagged, and the p that as many or more are (Anselin and Li 2019).

    `flags` shape (n,) of 0 and 1. p given that the area is flagged, flags shuffled among the others: exactly
    hypergeometric, so nothing is drawn. NaN for areas that are not flagged, and for islands. Raises as `checked`.
    """
    from scipy.stats import hypergeom

    x = checked(flags, neighbours)
    if not np.isin(x, (0, 1)).all():
        raise Unusable("Flags are 0 or 1. Say from which value on an area is flagged.")
    n, marked = x.size, int(x.sum())
    beside = np.asarray(neighbours.binary().matrix @ x)
    asked = (x == 1) & (neighbours.counts > 0)
    p = np.full(n, np.nan)
    p[asked] = hypergeom.sf(beside[asked] - 1, n - 1, marked - 1, neighbours.counts[asked])
    return beside, p


def shuffled_p(
    values: ArrayLike,
    neighbours: Neighbours,
    *,
    own: bool,
    replications: int,
    rng: np.random.Generator,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Floats, Floats]:
    """Return the chances, shape (n,) each, that the sum around an area is as low or lower, and as high or higher.

    `values` shape (n,). With `own` the sum takes in the area itself and all values are shuffled over the areas (the
    law behind Gi*); without, the area keeps its value and the others are shuffled over the rest (conditional
    permutation: Gi, local Moran). p = (1 + as far) / (replications + 1), ties counted; NaN for islands. Block b of 1000
    replications draws from child b of `rng`, so an executor changes nothing. Raises as `autocorrelation.checked`.

    One draw serves all areas: of a random order of the values an area with k neighbours takes the first k, or k + 1
    without its own. Each p has its exact law; the draws that areas share make their p-values vary together.
    """
    x = checked(values, neighbours)
    if replications < 1:
        raise Unusable(f"{replications} replications cannot rank anything. Ask for 999 or more.")
    taken = neighbours.counts + own
    seen = neighbours.binary().matrix @ x + (x if own else 0)
    sizes = [min(BLOCK, replications - first) for first in range(0, replications, BLOCK)]
    blocks = [(x, taken, seen, own, size, child) for size, child in zip(sizes, rng.spawn(len(sizes)), strict=True)]
    told = progress and (lambda done, of: progress(min(done * BLOCK, replications), replications))
    low, high = np.sum(in_blocks(_ranked, blocks, executor, told), axis=0)
    none = np.where(neighbours.counts > 0, 1.0, np.nan)
    return (1 + low) / (replications + 1) * none, (1 + high) / (replications + 1) * none


def both_sides(low: Floats, high: Floats) -> Floats:
    """Return two-sided p: twice the smaller of both tails, at most 1."""
    return np.asarray(np.minimum(2 * np.minimum(low, high), 1.0))


def _ranked(
    x: Floats, taken: NDArray[np.intp], seen: Floats, own: bool, size: int, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """How many of `size` shuffled sums are at most, and at least, the one seen: by area."""
    most = int(taken.max())
    drawn = _draws(rng, size, x.size, min(most + 1, x.size))
    values = x[drawn]
    sums = np.cumsum(values, axis=1)
    slack = TIE * np.abs(x).max() * max(most, 1)
    low, high = np.zeros(x.size, dtype=np.int64), np.zeros(x.size, dtype=np.int64)
    for k in np.unique(taken[taken > 0]):
        areas = taken == k
        ordered = np.sort(sums[:, k - 1])
        low[areas] = np.searchsorted(ordered, seen[areas] + slack, side="right")
        high[areas] = size - np.searchsorted(ordered, seen[areas] - slack, side="left")
    return (low, high) if own else _without_own(x, taken, seen, (drawn, values, sums), slack, (low, high))


def _without_own(
    x: Floats,
    taken: NDArray[np.intp],
    seen: Floats,
    draw: tuple[NDArray[np.intp], Floats, Floats],
    slack: float,
    ranks: tuple[Counts, Counts],
) -> tuple[Counts, Counts]:
    """Where an area was drawn among its own neighbours, the next one drawn takes its place."""
    (drawn, values, sums), (low, high) = draw, ranks
    for j in range(int(taken.max())):
        row = np.flatnonzero(j < taken[drawn[:, j]])
        area = drawn[row, j]
        old = sums[row, taken[area] - 1]
        new = old - values[row, j] + values[row, taken[area]]
        here = seen[area]
        np.add.at(low, area, (new <= here + slack).astype(np.int64) - (old <= here + slack))
        np.add.at(high, area, (new >= here - slack).astype(np.int64) - (old >= here - slack))
    return low, high


def _draws(rng: np.random.Generator, rows: int, n: int, k: int) -> NDArray[np.intp]:
    """Rows of k different numbers below n, in random order: drawn freely and drawn again where two are alike."""
    if k * k > n:
        order = np.broadcast_to(np.arange(n), (rows, n))
        return np.asarray(rng.permuted(order, axis=1)[:, :k], dtype=np.intp)
    drawn = rng.integers(n, size=(rows, k))
    while True:
        inside = np.sort(drawn, axis=1)
        alike = (inside[:, 1:] == inside[:, :-1]).any(axis=1)
        if not alike.any():
            return drawn
        drawn[alike] = rng.integers(n, size=(int(alike.sum()), k))


def quadrants(values: ArrayLike, neighbours: Neighbours) -> tuple[str, ...]:
    """Return of each area whether it, and then the mean of its neighbours, is above the whole's: high-low, and so on."""
    x = np.asarray(values, dtype=float)
    mine, theirs = x > x.mean(), neighbours.standardised().matrix @ (x - x.mean()) > 0
    words = ("low", "high")
    return tuple(f"{words[int(one)]}-{words[int(other)]}" for one, other in zip(mine, theirs, strict=True))
