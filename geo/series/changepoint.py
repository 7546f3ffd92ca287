"""Did the rate change, and when: the largest likelihood ratio over every place where a row of counts can be cut in two."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable
from geo.many import in_blocks
from geo.series.alarms import Floats, sound

LEAST_BINS, LEAST_EVENTS = 4, 5
# Replications drawn from one child of the generator.
BLOCK = 64
# A simulated ratio is as large as the one observed when they agree to this part of it.
TIE = 1e-9
# Blocks of neighbouring bins are never so long that fewer than this many could change places.
LEAST_BLOCKS = 8


@dataclass(frozen=True, eq=False)
class ChangePoint:
    """The cut with the largest likelihood ratio, and how seldom chance cuts as deep.

    cut: bins in the first regime; log_likelihood_ratio; before, after: mean count of a bin in each; ratios (n - 1,):
    the log likelihood ratio of every cut; dispersion: Pearson's about the two means, over n - 2 degrees (1: as Poisson
    counts vary); p_poisson: as deep a cut if the same number of events fell on equal bins independently; p_blocks: if
    the bins as counted changed places in blocks of `block`, which keeps how unevenly events come; p: the larger of the two,
    None without replications; simulated (replications,): the largest ratios under the Poisson law.
    """

    cut: int
    log_likelihood_ratio: float
    before: float
    after: float
    ratios: Floats
    dispersion: float
    block: int
    p_poisson: float | None
    p_blocks: float | None
    p: float | None
    simulated: Floats


def change_point(
    counts: ArrayLike,
    *,
    rng: np.random.Generator,
    replications: int = 999,
    block: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ChangePoint:
    """Find the one cut that best divides counts into two rates, and test it against no change.

    counts: (n,) whole numbers of equally long bins; block: bins that change places together (None: the cube root of n,
    but never so long that fewer than 8 could); 64 replications draw from one child of `rng`, so `executor` changes
    nothing; progress(done, of) counts pieces of work. The exact conditional Poisson likelihood ratio: given their
    number, events fall on bins as a multinomial (Worsley 1986); p by simulation, ties counted. The headline is p:
    events that come in bursts make p_poisson too small, and p_blocks holds whatever law the counts of a block follow.
    Raises TooLittle for fewer than 4 bins or 5 events. Only one change is looked for: a slow trend, a season or a short
    burst is cut in two as well, and the cut does not say what changed, the events or their recording.
    """
    values = sound(counts)
    n, total = len(values), int(values.sum())
    if n < LEAST_BINS or total < LEAST_EVENTS:
        raise TooLittle(
            f"{total} events in {n} bins; a change needs at least {LEAST_EVENTS} in {LEAST_BINS}: a longer time or "
            f"shorter bins"
        )
    length = _block(n, block)
    ratios = split_ratios(values)
    cut = int(ratios.argmax()) + 1
    best = float(ratios[cut - 1])
    drawn = _drawn(values, replications, length, rng, executor, progress)
    p_poisson, p_blocks = (_rank(best, each) for each in drawn.T)
    before, after = float(values[:cut].mean()), float(values[cut:].mean())
    p = None if p_poisson is None or p_blocks is None else max(p_poisson, p_blocks)
    dispersion = _dispersion(values, cut)
    return ChangePoint(cut, best, before, after, ratios, dispersion, length, p_poisson, p_blocks, p, drawn[:, 0])


def split_ratios(counts: Floats) -> Floats:
    """Return the log likelihood ratio of every cut (..., n - 1) of rows of counts (..., n) with events in them."""
    n, summed = counts.shape[-1], np.cumsum(counts, axis=-1)
    total, first = summed[..., -1:], summed[..., :-1]
    share = np.arange(1, n) / n
    return np.asarray(_part(first, total * share) + _part(total - first, total * (1 - share)))


def _part(seen: Floats, expected: Floats) -> Floats:
    return np.asarray(seen * np.log(np.where(seen > 0, seen, 1.0) / expected))


def _block(n: int, block: int | None) -> int:
    if block is not None and not 1 <= block <= n // 2:
        raise Unusable(f"blocks of {block} bins cannot change places among {n} bins")
    return block or max(1, min(round(n ** (1 / 3)), n // LEAST_BLOCKS))


def _rank(best: float, drawn: Floats) -> float | None:
    if not len(drawn):
        return None
    return float(1 + (drawn >= best * (1 - TIE)).sum()) / (len(drawn) + 1)


def _drawn(
    values: Floats,
    replications: int,
    block: int,
    rng: np.random.Generator,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> Floats:
    """The largest ratios of each replication: of scattered events, of exchanged blocks."""
    if replications < 0:
        raise Unusable("replications cannot be fewer than 0")
    sizes = [min(BLOCK, replications - first) for first in range(0, replications, BLOCK)]
    children = rng.spawn(len(sizes)) if sizes else []
    pieces = [(values, size, block, child) for size, child in zip(sizes, children, strict=True)]
    return np.concatenate([np.empty((0, 2)), *in_blocks(_piece, pieces, executor, progress)])


def _piece(values: Floats, size: int, block: int, rng: np.random.Generator) -> Floats:
    n = len(values)
    scattered = rng.multinomial(int(values.sum()), np.full(n, 1 / n), size=size).astype(float)
    exchanged = values[orders(n, block, size, rng)]
    return np.column_stack([split_ratios(each).max(axis=1) for each in (scattered, exchanged)])


def orders(n: int, block: int, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return (size, n): the bins in the order they have when blocks of neighbours change places."""
    of = np.arange(n) // block
    places = rng.permuted(np.tile(np.arange(of[-1] + 1), (size, 1)), axis=1)
    return np.argsort(places[:, of] * block + np.arange(n) % block, axis=1)


def _dispersion(values: Floats, cut: int) -> float:
    parts = [(part, part.mean()) for part in (values[:cut], values[cut:])]
    squares = sum(float(((part - mean) ** 2).sum()) / mean for part, mean in parts if mean > 0)
    return float(squares) / (len(values) - 2)
