"""Rate ratios compared within strata: Mantel-Haenszel as the point, the exact conditional law for interval and p.

Within a stratum (one area in one period) with n incidents, a rate ratio r gives a group with t1 people, against
t0 others, each incident with probability r*t1/(r*t1 + t0). The group's total over the strata is then a sum of
independent binomials. For all r these laws are one family: the probability of a total k is tilted by r to the power
of k. So the binomials are convolved once, at the ratio that makes the total seen the expected one, and tilted from
there; nothing is lost far out in a tail, and no approximation is needed however many the incidents.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from casualty.patterns.rates import SMALLEST_P, Floats, Ratio, least_likely, whole

Pool = Callable[[Floats], Any]

# Outcomes this much rarer than the likeliest are dropped while convolving: far below any tail that is read.
NEGLIGIBLE = 1e-40
# A p below this is twice the smaller tail: the outcomes of the other tail that match it are then dropped.
FAR_OUT = 1e-30


def mantel_haenszel(x1: Floats, x0: Floats, t1: Floats, t0: Floats, pool: Pool = np.sum) -> Floats:
    """Common rate ratio over strata: sum(x1*t0/t) / sum(x0*t1/t), with t = t1 + t0.

    One number per stratum: incidents of the group and of the rest, people of the group and of the rest (0 and 0: a
    stratum that is not used). `pool` sums over strata. Infinite when only the group has incidents, NaN when nobody
    has. Source: Mantel and Haenszel 1959 in the person-time form of Rothman and Boice 1979. Does not show whether
    the ratio is the same in all strata.
    """
    every = np.where(t1 + t0 > 0, t1 + t0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(pool(x1 * t0 / every), pool(x0 * t1 / every)))


def stratified(x1: Floats, n: Floats, t1: Floats, t0: Floats, level: float = 0.95) -> Ratio:
    """The rate ratio of a group within strata.

    One number per stratum: `x1` the group's incidents (fractions allowed), `n` all incidents (whole), `t1` and `t0`
    the people of the group and of the rest, greater than 0. Returns a Ratio: Mantel-Haenszel point, exact conditional
    interval with equal tails, and p at ratio 1. Strata without incidents say nothing. The interval supposes one ratio
    for all strata. Where they differ widely the point, which weighs them otherwise, can fall outside: the interval is
    then stretched to it, and the strata must be read one by one.
    """
    told = n > 0
    x1, n, t1, t0 = x1[told], n[told], t1[told], t0[told]
    if not n.size:
        return Ratio(*[float("nan")] * 5)
    total = min(float(whole(x1.sum())), float(n.sum()))
    law = Law(n, t1 / t0, total)
    low, high = law.limits((1 - level) / 2)
    point = float(mantel_haenszel(x1, np.maximum(n - x1, 0), t1, t0))
    return Ratio(point, min(low, point), max(high, point), law.two_sided(), law.beyond(1, 0.0))


class Law:
    """The law of a group's total over strata, for any rate ratio, about the total that was seen.

    `n` incidents and `odds` t1/t0 per stratum; `seen` the total, perhaps a fraction, from 0 to all incidents.
    """

    def __init__(self, n: Floats, odds: Floats, seen: float) -> None:
        self.n, self.odds, self.seen = n, odds, seen
        self.most = round(float(n.sum()))
        self.near = _tilt(n, odds, min(max(seen, 0.5), self.most - 0.5))
        self._first, pmf = _convolved(n, _share(odds, self.near))
        self._k = self._first + np.arange(pmf.size)
        with np.errstate(divide="ignore"):
            self._log = np.log(pmf) + self._cumulant(self.near) - self._k * self.near

    def beyond(self, side: int, log_ratio: float) -> float:
        """Chance of the total seen or more (side 1), or of it or less (-1), at this log rate ratio."""
        below = int(self.seen)
        part = self.seen - below
        tail = self._tail(below, side, log_ratio)
        return (1 - part) * tail + part * self._tail(below + 1, side, log_ratio) if part else tail

    def limits(self, alpha: float) -> tuple[float, float]:
        """The rate ratios at which so many or more, and so few or fewer, have probability `alpha`."""
        # A part of one vote above 0 (or short of all) leaves a chance that no ratio brings down: no limit on that side.
        low = 0.0 if 1 - self.seen >= alpha else self._crossing(1, alpha)
        high = float("inf") if self.seen - (self.most - 1) >= alpha else self._crossing(-1, alpha)
        return low, high

    def two_sided(self) -> float:
        """p of the total seen if the rate ratio were 1: the chance of all totals no likelier."""
        tail = min(self.beyond(1, 0.0), self.beyond(-1, 0.0))
        if tail < FAR_OUT:
            return max(2 * tail, SMALLEST_P)
        first, pmf = _convolved(self.n, _share(self.odds, 0.0))
        return least_likely(pmf, self.seen - first)

    def _tail(self, k: int, side: int, log_ratio: float) -> float:
        log = self._log + self._k * log_ratio - self._cumulant(log_ratio)
        split = min(max(k - self._first, 0), log.size)
        return min(1.0, float(np.exp(log[split:] if side > 0 else log[: max(k - self._first + 1, 0)]).sum()))

    def _crossing(self, side: int, alpha: float) -> float:
        from scipy.optimize import brentq

        def excess(log_ratio: float) -> float:
            return self.beyond(side, log_ratio) - alpha

        step = 0.5
        while excess(self.near - side * step) > 0:
            step *= 2
        return float(np.exp(brentq(excess, self.near, self.near - side * step, xtol=1e-11)))

    def _cumulant(self, log_ratio: float) -> float:
        return float((self.n * (np.logaddexp(0, np.log(self.odds) + log_ratio))).sum())


def _tilt(n: Floats, odds: Floats, mean: float) -> float:
    """The log rate ratio at which the expected total is `mean`, which lies between 0 and all incidents."""
    from scipy.optimize import brentq

    crude = float(np.log(mean / (n.sum() - mean)))
    ends = crude - float(np.log(odds.max())) - 1e-6, crude - float(np.log(odds.min())) + 1e-6
    return float(brentq(lambda tilt: float((n * _share(odds, tilt)).sum()) - mean, *ends, xtol=1e-12))


def _share(odds: Floats, log_ratio: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(np.log(odds) + log_ratio))))


def _convolved(n: Floats, share: Floats) -> tuple[int, Floats]:
    """The law of a sum of binomials: the first total that is not negligible, and the probabilities from there."""
    parts = [_cut(0, pmf) for pmf in _binomials(n, share)]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        parts = [_cut(a + b, np.convolve(p, q)) for (a, p), (b, q) in pairs] + parts[len(parts) // 2 * 2 :]
    return parts[0]


def _cut(first: int, pmf: Floats) -> tuple[int, Floats]:
    if pmf.size < 64:
        return first, pmf
    kept = np.flatnonzero(pmf > pmf.max() * NEGLIGIBLE)
    return first + int(kept[0]), pmf[kept[0] : kept[-1] + 1]


def _binomials(n: Floats, share: Floats) -> list[Floats]:
    """The binomial probabilities of every stratum, all in one sweep."""
    from scipy.special import gammaln, xlog1py, xlogy

    size = n.astype(int) + 1
    ends = size.cumsum()
    k = np.arange(ends[-1]) - np.repeat(ends - size, size)
    total, p = np.repeat(n, size), np.repeat(share, size)
    choose = gammaln(total + 1) - gammaln(k + 1) - gammaln(total - k + 1)
    return np.split(np.exp(choose + xlogy(k, p) + xlog1py(total - k, -p)), ends[:-1])
