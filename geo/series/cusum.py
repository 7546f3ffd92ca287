"""The upward cumulative sum: small excesses that go on, added up until they are unusual together."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geo.faults import TooLittle, Unusable
from geo.series.alarms import Alarms, Floats, nothing, sound

Scale = Literal["standard", "rossi"]

# With a normal score these wait 500 bins on average for a false alarm (Rossi and others 1999).
K, H = 1.04, 2.26


def cusum(
    counts: ArrayLike,
    first: int,
    *,
    k: float = K,
    h: float = H,
    scale: Scale = "standard",
    expected: ArrayLike | None = None,
    dispersion: float = 1.0,
    reset: bool = False,
) -> Alarms:
    """Add up what each count's score is above k from bin `first` on, never below 0; an alarm is a sum of h or more.

    counts: (n,) whole numbers; expected: mean of each judged bin or one for all (None: the mean of the counts before
    `first`); scale: "standard" is (x - m) / sqrt(m), "rossi" (x - 3m + 2 sqrt(xm)) / (2 sqrt(m)), which is nearer to
    normal for small m; dispersion: variance over mean, which divides the score by its root; reset: begin anew after
    an alarm, else alarms last until the sum has fallen. Returns Alarms; `upper` is the count from which on the bin
    raises an alarm. Raises TooLittle without counts before `first` or with none of anything in them. Lucas 1985; Rossi,
    Lampugnani and Marchi 1999. An alarm says that the recent counts together are high, not that this one bin is.
    """
    values = sound(counts)
    mean = _expected(values, first, expected)
    unit = np.sqrt(mean * dispersion)
    scores = _standard(values[first:], mean, unit) if scale == "standard" else _rossi(values[first:], mean, unit)
    before, sums = _sums(scores, k, h, reset)
    needed = h + k - before
    limit = mean + needed * unit if scale == "standard" else _rossi_inverse(needed, mean, dispersion)
    watched = np.arange(len(values)) >= first
    told, upper, alarm = nothing(len(values)), nothing(len(values)), np.zeros(len(values), dtype=bool)
    told[first:], upper[first:], alarm[first:] = mean, np.maximum(limit, 0), sums >= h
    return Alarms(watched, told, upper, None, alarm)


def _expected(values: Floats, first: int, expected: ArrayLike | None) -> Floats:
    if not 0 <= first < len(values) or (expected is None and first < 1):
        raise TooLittle(f"{len(values)} bins: there must be some before bin {first + 1} to learn from, and that one")
    mean = values[:first].mean() if expected is None else np.asarray(expected, dtype=float)
    every = np.broadcast_to(mean, len(values) - first).astype(float)
    if not np.isfinite(every).all():
        raise Unusable("the expected counts must be numbers")
    if not (every > 0).all():
        raise TooLittle("nothing is expected: there must be counts above 0 in the bins to learn from")
    return every


def _standard(x: Floats, mean: Floats, unit: Floats) -> Floats:
    return np.asarray((x - mean) / unit)


def _rossi(x: Floats, mean: Floats, unit: Floats) -> Floats:
    return np.asarray((x - 3 * mean + 2 * np.sqrt(x * mean)) / (2 * unit))


def _rossi_inverse(score: Floats, mean: Floats, dispersion: float) -> Floats:
    root = np.sqrt(mean)
    square = np.maximum(4 * mean + 2 * score * root * np.sqrt(dispersion), 0)
    return np.asarray(np.maximum(np.sqrt(square) - root, 0) ** 2)


def _sums(scores: Floats, k: float, h: float, reset: bool) -> tuple[Floats, Floats]:
    """The sum before each bin and with it."""
    before, sums, total = np.zeros(len(scores)), np.zeros(len(scores)), 0.0
    for i, score in enumerate(scores):
        before[i] = 0.0 if reset and total >= h else total
        total = sums[i] = max(0.0, before[i] + score - k)
    return before, sums
