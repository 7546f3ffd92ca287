"""Exact rates: intervals and p-values of counts, of shares and of rate ratios, and corrections for many questions.

Counts here may be real numbers, because an incident with victims of two groups gives each a part of its one vote.
At whole numbers everything is the exact law as R's `poisson.test` and `binom.test` have it. Between two whole
numbers a tail, and a p-value, is read off the straight line between its values at them. Votes that are split vary
less than whole ones, and the line lies above the curve: the split costs some power. That it raises no false alarms is
not proven for every way to split, but was searched for and not found: no p fell below its level more often than that.

SciPy is imported where it is used: a command line that asks nothing of this module should not wait for it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.many import benjamini_hochberg, benjamini_yekutieli

Floats = NDArray[np.float64]
Kind = Literal["exact", "mid-p"]

# Two outcomes count as equally likely when their probabilities agree to this, as in R's binom.test.
AS_LIKELY = 1 + 1e-7
# A sum of thirds that should be 1 is 1: votes this close to a whole number are that number.
NEARLY_WHOLE = 1e-9
# The smallest p that is told. An exact p is never nothing, but a float can be.
SMALLEST_P = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A rate ratio with its interval and its p-values; 0 and infinity are possible, NaN means not defined.

    `p` is two-sided (exact: all outcomes no likelier than the one seen; mid-p: twice the smaller mid-tail);
    `p_greater` is the chance of this many or more in the first group if the ratio were 1.
    """

    ratio: float
    low: float
    high: float
    p: float
    p_greater: float


def whole(x: ArrayLike) -> Floats:
    """`x` with numbers that rounding error alone keeps from being whole made whole."""
    values = np.asarray(x, dtype=float)
    nearest = np.round(values)
    return np.where(np.abs(values - nearest) < NEARLY_WHOLE * np.maximum(1, nearest), nearest, values)


def at_least(x: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Chance of `x` or more of `n`, each falling to the group with probability `share` (binomial law)."""
    values = np.asarray(x, dtype=float)
    below = np.floor(values)
    part = values - below
    return np.asarray((1 - part) * _whole_tail(below, n, share) + part * _whole_tail(below + 1, n, share))


def at_most(x: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Chance of `x` or fewer of `n`, each falling to the group with probability `share` (binomial law)."""
    return at_least(np.asarray(n) - np.asarray(x), n, 1 - np.asarray(share, dtype=float))


def _whole_tail(k: Floats, n: ArrayLike, share: ArrayLike) -> Floats:
    from scipy.special import betainc

    total = np.asarray(n, dtype=float)
    inside = (k > 0) & (k < total + 1)
    tail = betainc(np.where(inside, k, 1.0), np.where(inside, total - k + 1, 1.0), share)
    return np.asarray(np.where(inside, tail, np.where(k <= 0, 1.0, 0.0)))


def share_interval(x: ArrayLike, n: ArrayLike, level: float = 0.95, kind: Kind = "exact") -> tuple[Floats, Floats]:
    """Interval of a binomial share.

    `x` of `n` (arrays, counts that may be fractions); `level` a probability. Returns the lower and upper limits, NaN
    where n is 0. Exact is Clopper and Pearson 1934, which holds at least its level; mid-p (Lancaster 1961) counts
    half of the outcome seen and holds its level on average only. Shows nothing if the n are not independent.
    """
    seen, total = np.broadcast_arrays(whole(x), whole(n))
    find = _exact_lower if kind == "exact" else _mid_lower
    alpha = (1 - level) / 2
    low, high = find(seen, total, alpha), 1 - find(whole(total - seen), total, alpha)
    return np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


def _exact_lower(x: Floats, n: Floats, alpha: float) -> Floats:
    below = np.floor(x)
    limit = _clopper_pearson_lower(below, n, alpha)
    split = (x > below) & (n > 0)
    if not split.any():
        return limit
    bracket = limit[split], _clopper_pearson_lower(below + 1, n, alpha)[split]
    limit[split] = _root(at_least, bracket, (x[split], n[split]), alpha)
    return limit


def _clopper_pearson_lower(k: Floats, n: Floats, alpha: float) -> Floats:
    from scipy.special import betaincinv

    inside = (k > 0) & (k < n + 1)
    limit = betaincinv(np.where(inside, k, 1.0), np.where(inside, n - k + 1, 1.0), alpha)
    return np.asarray(np.where(inside, limit, np.where(k <= 0, 0.0, 1.0)))


def _mid_lower(x: Floats, n: Floats, alpha: float) -> Floats:
    limit = _exact_lower(x, n, alpha)
    seen = (x > 0) & (n > 0)
    if seen.any():
        upper = 1 - _exact_lower(whole(n - x), n, alpha)
        limit[seen] = _root(_mid_at_least, (limit[seen], upper[seen]), (x[seen], n[seen]), alpha)
    return limit


def _mid_at_least(x: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    return (at_least(x, n, share) + at_least(np.asarray(x) + 1, n, share)) / 2


def _root(tail: Any, bracket: tuple[Floats, Floats], args: tuple[Floats, Floats], alpha: float) -> Floats:
    """The share at which `tail` is `alpha`; the lower, safe end of the bracket where that is not inside it."""
    from scipy.optimize.elementwise import find_root

    low, high = bracket
    reached = tail(*args, low) < alpha
    found = low.copy()
    if reached.any():
        inner = tuple(a[reached] for a in args)
        solved = find_root(lambda share, x, n: tail(x, n, share) - alpha, (low[reached], high[reached]), args=inner)
        found[reached] = np.where(solved.success, solved.x, low[reached])
    return found


def as_ratio(share: ArrayLike, odds: ArrayLike) -> Floats:
    """The rate ratio that gives the group this share of the incidents; `odds` = its people over all others."""
    part = np.asarray(share, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / (1 - part) / odds)


def least_likely(pmf: Floats, x: float) -> float:
    """Two-sided p: the chance of all outcomes no likelier than the one seen.

    `pmf` holds the probabilities of 0, 1, 2, ...; `x` may be a fraction. Source: the rule of R's `binom.test` and
    `poisson.test`.
    """
    below = int(x)
    part = x - below
    p = (1 - part) * _no_likelier(pmf, below)
    if part:
        p += part * _no_likelier(pmf, below + 1)
    return min(1.0, max(p, SMALLEST_P))


def _no_likelier(pmf: Floats, k: int) -> float:
    return float(pmf[pmf <= pmf[k] * AS_LIKELY].sum())


def share_p(x: float, n: float, share: float) -> float:
    """Exact two-sided p that `x` of `n` fell to a group with this share of the people; NaN when n is 0."""
    from scipy.stats import binom

    total = round(n)
    if total < 1:
        return float("nan")
    return least_likely(binom.pmf(np.arange(total + 1), total, share), min(float(whole(x)), total))


def rate_ratio(x1: float, x0: float, t1: float, t0: float, *, kind: Kind = "exact", level: float = 0.95) -> Ratio:
    """The ratio of two rates, x1 per t1 over x0 per t0, conditional on x1 + x0.

    `x1`, `x0` counts; `t1`, `t0` people or time, greater than 0. Returns a Ratio. Source: the conditional test of
    Przyborowski and Wilenski 1940, as R's `poisson.test`; mid-p after Rothman. Does not show anything if the
    things counted are not independent: ten victims of one incident are not ten events.
    """
    n, share, odds = x1 + x0, t1 / (t1 + t0), t1 / t0
    low, high = (float(limit) for limit in share_interval(x1, n, level, kind))
    greater, lower = float(at_least(x1, n, share)), float(at_most(x1, n, share))
    p = share_p(x1, n, share)
    if kind == "mid-p":
        greater = float(_mid_at_least(x1, n, share))
        lower = float(_mid_at_least(x0, n, 1 - share))
        p = min(1.0, 2 * min(greater, lower))
    ratio = float(as_ratio(x1 / n, odds)) if n else float("nan")
    return Ratio(ratio, float(as_ratio(low, odds)), float(as_ratio(high, odds)), p, greater)


def standardised_ratio(observed: int, expected: float, level: float = 0.95) -> Ratio:
    """Observed over expected events (SMR), with the exact Poisson interval and p.

    `observed` a count; `expected` greater than 0 and taken as known without error. Returns a Ratio. Source: Garwood
    1936 for the interval; the rule of R's `poisson.test` for p.
    """
    from scipy.stats import chi2, poisson

    alpha = (1 - level) / 2
    low = chi2.ppf(alpha, 2 * observed) / 2 if observed else 0.0
    high = chi2.isf(alpha, 2 * observed + 2) / 2
    far = int(max(observed, expected) + 40 * np.sqrt(expected) + 60)
    p = least_likely(poisson.pmf(np.arange(far + 1), expected), observed)
    greater = float(poisson.sf(observed - 1, expected))
    return Ratio(observed / expected, float(low) / expected, float(high) / expected, p, greater)


def adjust(p: ArrayLike, how: Literal["bh", "by", "holm"] = "bh") -> Floats:
    """p-values corrected for the number of questions asked.

    `p` an array; NaN stands for a question that could not be asked, stays NaN and is not counted. Benjamini and
    Hochberg 1995 (`bh`, false discovery rate), Benjamini and Yekutieli 2001 (`by`, the same under any dependence),
    Holm 1979 (`holm`, any false alarm at all). Returns an array of the same shape.
    """
    if how != "holm":
        return benjamini_hochberg(p) if how == "bh" else benjamini_yekutieli(p)
    values = np.asarray(p, dtype=float)
    adjusted, asked = np.full(values.shape, np.nan), ~np.isnan(values)
    adjusted[asked] = _holm(values[asked])
    return adjusted


def _holm(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted
