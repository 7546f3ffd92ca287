"""How fast a rate rises or falls over the years, with the interval that counts as uneven as these leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.faults import TooLittle
from geo.series.alarms import Floats, sound
from geo.series.glm import quasi_poisson

LEAST_BINS = 4


@dataclass(frozen=True, eq=False)
class Trend:
    """A constant change by the year.

    ratio: rate of one year over that of the year before; low, high: its interval; p: two-sided; dispersion: variance
    over mean, at least 1; fitted, fitted_low, fitted_high (n,): the line and its interval at each bin.
    """

    ratio: float
    low: float
    high: float
    p: float
    dispersion: float
    fitted: Floats
    fitted_low: Floats
    fitted_high: Floats


def trend(counts: ArrayLike, per_year: float, level: float = 0.95) -> Trend:
    """Fit a log-linear change to counts (n,) of equal bins, `per_year` of them in a year.

    Quasi-Poisson (McCullagh and Nelder 1989), Student's t with n - 2 degrees: never narrower than for Poisson counts.
    Raises TooLittle for fewer than 4 bins or no event. A line is a summary: it does not show whether the change was
    steady, seasonal or sudden, and counts that depend on those before them make the interval too narrow.
    """
    from scipy.special import stdtr, stdtrit

    values = sound(counts)
    n = len(values)
    if n < LEAST_BINS:
        raise TooLittle(f"{n} bins; a trend needs at least {LEAST_BINS}: a longer time or shorter bins")
    design = _line(n, per_year)
    fit = quasi_poisson(values, design)
    slope, error = float(fit.coefficients[1]), fit.spread(1)
    wide = float(stdtrit(fit.freedom, (1 + level) / 2))
    line = design @ fit.coefficients
    band = wide * np.sqrt(fit.dispersion * np.einsum("ij,jk,ik->i", design, fit.covariance, design))
    ratio, low, high = (float(np.exp(np.clip(slope + way * wide * error, -700, 700))) for way in (0, -1, 1))
    p = 2 * float(stdtr(fit.freedom, -abs(slope / error)))
    return Trend(ratio, low, high, p, fit.dispersion, np.exp(line), np.exp(line - band), np.exp(line + band))


def yearly(sums: ArrayLike, per_year: float) -> float | None:
    """Return the ratio by the year of sums (n,) that need not be whole, or None where they are not known or all 0.

    A description: what is summed may come in lumps, so that no interval is given.
    """
    values = np.asarray(sums, dtype=float)
    if len(values) < LEAST_BINS or not np.isfinite(values).all() or not values.sum() > 0:
        return None
    return float(np.exp(np.clip(quasi_poisson(values, _line(len(values), per_year)).coefficients[1], -700, 700)))


def _line(n: int, per_year: float) -> Floats:
    return np.column_stack([np.ones(n), (np.arange(n) - (n - 1) / 2) / per_year])
