"""EARS C1, C2 and C3: a count against the mean and spread of the few counts just before it."""

import numpy as np
from numpy.typing import ArrayLike

from geo.faults import TooLittle, Unusable
from geo.series.alarms import Alarms, Floats, nothing, sound

# Bins left out between the baseline and the bin that is judged.
LAG = {1: 0, 2: 2, 3: 2}
ALPHA = {1: 0.001, 2: 0.001, 3: 0.025}
# C3 adds what the last three bins are over one spread above their means.
SUMMED = 3


def ears(
    counts: ArrayLike, method: int = 1, *, baseline: int = 7, alpha: float | None = None, least_spread: float = 0.0
) -> Alarms:
    """Judge each count by the `baseline` counts before it (C1), or before the two before it (C2, C3).

    counts: (n,) whole numbers, one per bin; method: 1, 2 or 3; alpha: one-sided chance of an alarm if the counts were
    normal with known mean and spread (None: 0.001 for C1 and C2, 0.025 for C3); least_spread: the standard deviation
    is taken to be at least this. Returns Alarms without p. Raises TooLittle where no bin has a baseline. Hutwagner and
    others 2003; Fricker, Hegler and Dunfee 2008. It looks back a few bins only: a slow rise moves the baseline along,
    seasons are not seen, and with seven counts the real chance of a false alarm is above alpha.
    """
    values = sound(counts)
    if method not in LAG or baseline < 2:
        raise Unusable("EARS has methods 1, 2 and 3, and a baseline of at least 2 bins")
    first = baseline + LAG[method] + (SUMMED - 1 if method == 3 else 0)
    if len(values) <= first:
        raise TooLittle(f"{len(values)} bins; EARS C{method} with a baseline of {baseline} needs at least {first + 1}")
    mean, spread = _before(values, baseline, LAG[method], least_spread)
    high = _quantile(ALPHA[method] if alpha is None else alpha)
    watched = np.arange(len(values)) >= first
    upper = mean + high * spread if method < 3 else _summed(values, mean, spread, high)
    upper = np.where(watched, upper, np.nan)
    return Alarms(watched, np.where(watched, mean, np.nan), upper, None, watched & (values > upper))


def _quantile(alpha: float) -> float:
    from scipy.special import ndtri

    if not 0 < alpha < 1:
        raise Unusable("alpha is a probability between 0 and 1")
    return -float(ndtri(alpha))


def _before(values: Floats, baseline: int, lag: int, least: float) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the baseline of each bin."""
    mean, spread = nothing(len(values)), nothing(len(values))
    windows = np.lib.stride_tricks.sliding_window_view(values, baseline)[: len(values) - baseline - lag]
    mean[baseline + lag :] = windows.mean(axis=1)
    spread[baseline + lag :] = np.maximum(windows.std(axis=1, ddof=1), least)
    return mean, spread


def _summed(values: Floats, mean: Floats, spread: Floats, high: float) -> Floats:
    """The count at which the excess of this bin and of the two before it, in spreads less one, reaches the quantile.

    0 where the two reach it by themselves: then any event raises an alarm, an empty bin none.
    """
    over = values - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(spread > 0, np.maximum(0, over / spread - 1), np.where(over > 0, np.inf, 0.0))
    earlier = nothing(len(values))
    earlier[2:] = excess[1:-1] + excess[:-2]
    with np.errstate(invalid="ignore"):
        left = high - earlier
        return np.where(left > 0, mean + spread * (1 + left), np.where(left <= 0, 0.0, np.nan))
