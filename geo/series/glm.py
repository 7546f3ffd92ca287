"""A log-linear rate fitted to counts that vary more than Poisson counts do: quasi-Poisson, by reweighted least squares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.faults import TooLittle

Floats = NDArray[np.float64]

ROUNDS, CLOSE = 100, 1e-12
# No step may multiply the fitted mean by more than this: a count of nothing would else run off in one round.
LONGEST_STEP = 5.0


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients with what their spread is made of.

    coefficients (k,); covariance (k, k): as if the counts were Poisson, to be multiplied by the dispersion; mean (n,);
    leverage (n,); dispersion: Pearson's sum over its degrees of freedom, at least 1; freedom: n - k; relative: the
    weighted mean of squared relative residuals over the same degrees.
    """

    coefficients: Floats
    covariance: Floats
    mean: Floats
    leverage: Floats
    dispersion: float
    freedom: int
    relative: float

    def spread(self, number: int) -> float:
        """Return the standard error of one coefficient, dispersion included."""
        return float(np.sqrt(self.dispersion * self.covariance[number, number]))


def quasi_poisson(counts: Floats, design: Floats, weights: Floats | None = None) -> Fit:
    """Fit log(mean) = design @ coefficients to counts (n,), with a variance proportional to the mean.

    design: (n, k); weights: (n,) prior weights, 1 by default. Raises TooLittle where nothing was counted at all or there
    are not more counts than coefficients. McCullagh and Nelder 1989. The dispersion never falls below 1: counts more
    regular than Poisson's do not make an interval narrower.
    """
    n, k = design.shape
    if n <= k:
        raise TooLittle(f"{n} counts cannot fit {k} coefficients: a longer series is needed")
    if not counts.sum() > 0:
        raise TooLittle("nothing was counted: a rate cannot be fitted to zeros alone")
    prior = np.ones(n) if weights is None else weights
    coefficients, mean = _converged(counts, design, prior)
    working = prior * mean
    covariance = np.asarray(np.linalg.pinv((design.T * working) @ design), dtype=float)
    leverage = working * np.einsum("ij,jk,ik->i", design, covariance, design)
    squares = prior * (counts - mean) ** 2
    dispersion = max(1.0, float((squares / mean).sum()) / (n - k))
    relative = float((squares / mean**2).sum()) / (n - k)
    return Fit(coefficients, covariance, mean, leverage, dispersion, n - k, relative)


def _converged(counts: Floats, design: Floats, prior: Floats) -> tuple[Floats, Floats]:
    eta = np.log(counts + 0.1)
    coefficients: Floats = np.zeros(design.shape[1])
    deviance = np.inf
    for turn in range(ROUNDS):
        mean = np.exp(eta)
        root = np.sqrt(prior * mean)
        target = eta + (counts - mean) / mean
        coefficients = np.asarray(np.linalg.lstsq(design * root[:, None], root * target, rcond=None)[0], dtype=float)
        step = design @ coefficients - eta
        eta = eta + (step if turn == 0 else np.clip(step, -LONGEST_STEP, LONGEST_STEP))
        now = _deviance(counts, np.exp(eta), prior)
        if abs(now - deviance) <= CLOSE * (abs(now) + 0.1):
            break
        deviance = now
    return coefficients, np.asarray(np.exp(eta))


def _deviance(counts: Floats, mean: Floats, prior: Floats) -> float:
    some = np.where(counts > 0, counts, 1.0)
    return float(2 * (prior * (counts * np.log(some / mean) - (counts - mean))).sum())
