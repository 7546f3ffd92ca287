"""Farrington's alarm and Noufaily's improved one: a count against the same season of earlier years, past outbreaks damped.

Farrington, Andrews, Beale and Catchpole 1996; Noufaily, Enki, Farrington, Garthwaite, Andrews and Charlett 2013.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable
from geo.series.alarms import Alarms, Floats, nothing, sound
from geo.series.glm import Fit, quasi_poisson

Threshold = Literal["delta", "negative binomial", "negative binomial, mean at its limit"]
POWERS = (2 / 3, 1 / 2, 1.0)
# A trend is estimated from this many years at least.
TREND_YEARS = 3
# Events below which nothing is fitted to the reference: its mean is taken.
LEAST_REFERENCE = 5
# A trend that leads below this part of the reference's mean is one that the fit ran away with.
LOWEST = 1e-3


@dataclass(frozen=True)
class Settings:
    """How a bin is compared with earlier years.

    years: how many back; per_year: bins of a year; half_window: bins before and after the same season that belong to
    it; seasons: 1 takes these windows alone as reference, more takes all bins and fits so many seasons, the window one
    of them; gap: bins before the judged one that are no reference (seasons > 1 only); damp_above: reference bins whose
    standardised Anscombe residual is above this count less, None: all count alike; trend_level: a trend is kept where
    its p is below this, 1 or more keeps it always, None never has one; it is never kept where it leads beyond every
    reference count, nor with fewer than 3 years (but for 1 or more). threshold: "delta" is a normal law of counts
    to the power `power`, with the error of the fit; "negative binomial" the quantile at the fitted mean;
    "negative binomial, mean at its limit" the quantile at the upper limit of the mean. alpha: one-sided. least: no
    alarm where fewer than least[0] were counted in the last least[1] bins. relative_error: takes the error of the fit
    from relative residuals, as R's surveillance does in farringtonFlexible, instead of from the dispersion.
    """

    years: int = 5
    per_year: int = 52
    half_window: int = 3
    seasons: int = 1
    gap: int = 0
    damp_above: float | None = 1.0
    trend_level: float | None = 0.05
    threshold: Threshold = "delta"
    power: float = 2 / 3
    alpha: float = 0.005
    least: tuple[int, int] = (5, 4)
    relative_error: bool = False

    @property
    def needed(self) -> int:
        """Bins before the first that can be judged."""
        return self.years * self.per_year + self.half_window


ORIGINAL = Settings()
IMPROVED = Settings(seasons=10, gap=26, damp_above=2.58, trend_level=1.0, threshold="negative binomial")


@dataclass(frozen=True, eq=False)
class Judged:
    """The reference of one bin.

    expected; dispersion; error: of the logarithm of what is expected; trend: whether with one; plain: what is expected,
    and the variance over the mean of a count to come with the error of the fit, when past outbreaks are not damped.
    """

    expected: float
    dispersion: float
    error: float
    trend: bool
    plain: tuple[float, float]


def farrington(counts: ArrayLike, settings: Settings = ORIGINAL, first: int | None = None) -> Alarms:
    """Judge each count by a quasi-Poisson regression on the counts of earlier years.

    counts: (n,) whole numbers, one per bin; first: the first bin to be judged (None: the first that can be). Returns
    Alarms with one-sided p. `upper` is NaN and there is no alarm where too few were counted lately (`least`). The p is
    a negative binomial's from the same regression with nothing damped, because damping makes the dispersion, and so p,
    too small where counts vary more than Poisson's; alarm and p need therefore not agree to the last. Raises TooLittle
    where no bin has its years of reference. One bin is judged by itself: nothing is corrected for many bins.
    """
    values = sound(counts)
    _checked(settings)
    start = settings.needed if first is None else max(first, settings.needed)
    if len(values) <= start:
        raise TooLittle(
            f"{len(values)} bins; {settings.years} years of reference and half a window of {settings.half_window} need "
            f"at least {settings.needed + 1}: compare with fewer years, or use EARS or a cumulative sum"
        )
    watched = np.arange(len(values)) >= start
    expected, upper, p = nothing(len(values)), nothing(len(values)), nothing(len(values))
    for i in range(start, len(values)):
        found = judged(values, i, settings)
        expected[i], upper[i], p[i] = found.expected, limit(found, settings), _tail(values[i], *found.plain)
    few = _lately(values, settings.least[1]) < settings.least[0]
    upper = np.where(few, np.nan, upper)
    with np.errstate(invalid="ignore"):
        return Alarms(watched, expected, upper, p, watched & (values > upper))


def judged(values: Floats, bin_: int, settings: Settings) -> Judged:
    """Fit the reference of one bin: with trend and past outbreaks damped, and without the trend where it does not hold."""
    base, season = reference(bin_, settings)
    then = values[base]
    if then.sum() < LEAST_REFERENCE:
        # Too few to fit anything to: the mean of a Gamma posterior after Jeffreys, and its relative error.
        seen = float(then.sum()) + 0.5
        return Judged(seen / len(base), 1.0, seen**-0.5, False, (seen / len(base), 1 + 1 / len(base)))
    columns = [np.ones(len(base)), *_seasons(season, then)]
    at = np.zeros(len(columns) + 1)
    at[0] = 1
    trended = np.column_stack([*columns, (base - bin_) / settings.per_year])
    if settings.trend_level is not None and len(then) > trended.shape[1]:
        plain, fit = _fits(then, trended, settings)
        if _keeps(fit, then, settings):
            return _at(plain, fit, at, settings, True)
    plain, fit = _fits(then, np.column_stack(columns), settings)
    return _at(plain, fit, at[:-1], settings, False)


def reference(bin_: int, settings: Settings) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the bins one bin is compared with and the season of each, 0 being the one judged."""
    width, start = 2 * settings.half_window + 1, bin_ - settings.needed
    if settings.seasons == 1:
        years = bin_ - settings.per_year * np.arange(settings.years, 0, -1)
        base = (years[:, None] + np.arange(width) - settings.half_window).ravel()
        return base, np.zeros(len(base), dtype=np.intp)
    base = np.arange(start, bin_ - settings.gap)
    place = (base - start) % settings.per_year
    others = np.array_split(np.arange(width, settings.per_year), settings.seasons - 1)
    return base, np.searchsorted([part[0] for part in others], place, side="right")


def _seasons(season: NDArray[np.intp], then: Floats) -> list[Floats]:
    """One column for each season but the judged; none where a season had nothing, for its mean would be 0."""
    present = np.unique(season)
    if any(not then[season == each].any() for each in present):
        return []
    return [(season == each).astype(float) for each in present if each != 0]


def _fits(then: Floats, design: Floats, settings: Settings) -> tuple[Fit, Fit]:
    """Fit twice, the second time with less weight for counts far above the first fit."""
    fit = quasi_poisson(then, design)
    if settings.damp_above is None:
        return fit, fit
    spread = np.sqrt(fit.dispersion * np.maximum(1 - fit.leverage, 1e-9))
    residual = 1.5 * (then ** (2 / 3) - fit.mean ** (2 / 3)) / (fit.mean ** (1 / 6) * spread)
    weights = np.where(residual > settings.damp_above, np.maximum(residual, 1e-9) ** -2.0, 1.0)
    return fit, quasi_poisson(then, design, weights * len(then) / weights.sum())


def _keeps(fit: Fit, then: Floats, settings: Settings) -> bool:
    from scipy.special import stdtr

    level = settings.trend_level or 0.0
    slope, error = fit.coefficients[-1], np.sqrt(fit.covariance[-1, -1] * _scale(fit, settings))
    enough = settings.years >= TREND_YEARS or level >= 1
    within = np.log(LOWEST * then.mean()) <= fit.coefficients[0] <= np.log(then.max())
    return bool(enough and within and 2 * stdtr(fit.freedom, -abs(slope / error)) < level)


def _at(plain: Fit, fit: Fit, at: Floats, settings: Settings, trend: bool) -> Judged:
    mean, undamped = (float(np.exp(at @ each.coefficients)) for each in (fit, plain))
    error = float(np.sqrt(at @ fit.covariance @ at * _scale(fit, settings)))
    ratio = plain.dispersion * (1 + undamped * float(at @ plain.covariance @ at))
    return Judged(mean, fit.dispersion, error, trend, (undamped, ratio))


def _scale(fit: Fit, settings: Settings) -> float:
    """What the covariance is multiplied by."""
    return fit.relative if settings.relative_error and settings.damp_above is not None else fit.dispersion


def limit(found: Judged, settings: Settings) -> float:
    """Return the count above which a bin raises an alarm."""
    from scipy.special import ndtri

    high = -float(ndtri(settings.alpha))
    if settings.threshold != "delta":
        return _quantile(_mean(found, settings), found.dispersion, settings.alpha)
    relative = _prediction(found) / found.expected
    return float(found.expected * (1 + settings.power * high * relative) ** (1 / settings.power))


def _prediction(found: Judged) -> float:
    return float(np.sqrt(found.dispersion * found.expected + (found.expected * found.error) ** 2))


def _mean(found: Judged, settings: Settings) -> float:
    from scipy.special import ndtri

    if settings.threshold == "negative binomial":
        return found.expected
    return float(found.expected * np.exp(-ndtri(settings.alpha) * found.error))


def _quantile(mean: float, dispersion: float, alpha: float) -> float:
    """The smallest count that is exceeded with a chance of alpha at most."""
    from scipy.stats import nbinom, poisson

    law = poisson(mean) if dispersion <= 1 else nbinom(mean / (dispersion - 1), 1 / dispersion)
    return float(law.isf(alpha))


def _tail(count: float, mean: float, dispersion: float) -> float:
    from scipy.special import betainc, gammainc

    if count <= 0:
        return 1.0
    if dispersion <= 1:
        return float(gammainc(count, mean))
    return float(betainc(count, mean / (dispersion - 1), 1 - 1 / dispersion))


def _lately(values: Floats, bins: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return np.asarray(total[ends] - total[np.maximum(ends - bins, 0)])


def _checked(settings: Settings) -> None:
    if not 0 < settings.alpha < 0.5:
        raise Unusable("alpha is a probability below one half")
    if settings.years < 1 or not 0 <= 2 * settings.half_window + 1 <= settings.per_year:
        raise Unusable("at least one year of reference is needed, and a window no longer than a year")
    if settings.seasons > 1 and settings.seasons - 1 > settings.per_year - 2 * settings.half_window - 1:
        raise Unusable("more seasons than bins of the year outside of the window")
    if not any(np.isclose(settings.power, power) for power in POWERS):
        raise Unusable("the power is 2/3, 1/2 or 1")
