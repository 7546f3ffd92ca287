"""Whether values of areas are arranged in space at all: one figure for the whole map, with its law under shuffling."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.faults import TooLittle, Unusable
from geo.neighbours import Floats, Neighbours


@dataclass(frozen=True, slots=True)
class Arranged:
    """A statistic of the whole map, what it would be and vary if values fell to areas at random, and (stat - E) / sd."""

    statistic: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        return float((self.statistic - self.expected) / np.sqrt(self.variance))


def checked(values: ArrayLike, neighbours: Neighbours, least: int = 4) -> Floats:
    """Return the values as floats of the neighbours' length.

    Raises Unusable where a value is not finite or the lengths differ, TooLittle where there are fewer than `least`
    values, all are alike, or no place has a neighbour.
    """
    x = np.asarray(values, dtype=float).ravel()
    if x.size != len(neighbours) or not np.isfinite(x).all():
        raise Unusable(f"{x.size} values for {len(neighbours)} areas, or one is not a number. Leave out areas without.")
    if x.size < least:
        raise TooLittle(f"{x.size} areas; at least {least} are needed. Take smaller areas or a wider region.")
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        raise TooLittle("All areas have one and the same value: nothing can stand out. Take another measure or region.")
    if not neighbours.matrix.nnz:
        raise TooLittle("No area has a neighbour. Choose a wider rule of who is a neighbour.")
    return x


def _sums(neighbours: Neighbours) -> tuple[float, float, float]:
    """Return S0, S1 and S2 of Cliff and Ord 1981: sums over the weights."""
    w = neighbours.matrix
    both = w + w.T
    rows, columns = np.asarray(w.sum(axis=1)).ravel(), np.asarray(w.sum(axis=0)).ravel()
    return float(w.sum()), float((both.data**2).sum()) / 2, float(((rows + columns) ** 2).sum())


def moran(values: ArrayLike, neighbours: Neighbours) -> Arranged:
    """Return Moran's I under randomisation (Cliff and Ord 1981): above its expectation, neighbours are alike.

    `values` shape (n,), `neighbours` with any weights. Raises as `checked`. Does not show where.
    """
    x = checked(values, neighbours)
    n, z, (s0, s1, s2) = x.size, x - x.mean(), _sums(neighbours)
    squares = float(z @ z)
    peak = n * float((z**4).sum()) / squares**2
    regular = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0)
    peaked = peak * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    second = (regular - peaked) / ((n - 1) * (n - 2) * (n - 3) * s0 * s0)
    return Arranged(n / s0 * float(z @ (neighbours.matrix @ z)) / squares, -1 / (n - 1), second - 1 / (n - 1) ** 2)


def geary(values: ArrayLike, neighbours: Neighbours) -> Arranged:
    """Return Geary's C under randomisation (Cliff and Ord 1981): below 1, neighbours are alike. Raises as `checked`."""
    x = checked(values, neighbours)
    n, z, (s0, s1, s2) = x.size, x - x.mean(), _sums(neighbours)
    squares = float(z @ z)
    peak = n * float((z**4).sum()) / squares**2
    pairs = neighbours.matrix.tocoo()
    apart = float((pairs.data * (x[pairs.row] - x[pairs.col]) ** 2).sum())
    spread = (n - 1) * s1 * (n * n - 3 * n + 3 - (n - 1) * peak)
    spread -= (n - 1) * s2 * (n * n + 3 * n - 6 - (n * n - n + 2) * peak) / 4
    spread += s0 * s0 * (n * n - 3 - (n - 1) ** 2 * peak)
    return Arranged((n - 1) * apart / (2 * s0 * squares), 1.0, spread / (n * (n - 2) * (n - 3) * s0 * s0))


def concentration(values: ArrayLike, neighbours: Neighbours) -> Arranged:
    """Return the global G of Getis and Ord 1992: high where high values are neighbours.

    `values` shape (n,), none below 0; weights should be ones. Raises as `checked`, and Unusable for values below 0.
    """
    x = checked(values, neighbours)
    if (x < 0).any():
        raise Unusable("The global G is for values of 0 or more. Use Moran's I.")
    n, (s0, s1, s2) = x.size, _sums(neighbours)
    m1, m2, m3, m4 = (float((x**power).sum()) for power in (1, 2, 3, 4))
    b0 = (n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0 * s0
    b1 = -((n * n - n) * s1 - 2 * n * s2 + 6 * s0 * s0)
    b2 = -(2 * n * s1 - (n + 3) * s2 + 6 * s0 * s0)
    b3 = 4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0 * s0
    b4 = s1 - s2 + s0 * s0
    pairs, ways = m1 * m1 - m2, n * (n - 1) * (n - 2) * (n - 3)
    second = (b0 * m2 * m2 + b1 * m4 + b2 * m1 * m1 * m2 + b3 * m1 * m3 + b4 * m1**4) / (pairs * pairs * ways)
    expected = s0 / (n * (n - 1))
    return Arranged(float(x @ (neighbours.matrix @ x)) / pairs, expected, second - expected**2)


def joins(flags: ArrayLike, neighbours: Neighbours) -> Arranged:
    """Return the joins of flagged areas with flagged ones, flags shuffled without replacement (Cliff and Ord 1981).

    `flags` shape (n,) of 0 and 1; weights should be ones (each pair is then counted once). Raises as `checked`.
    """
    x = checked(flags, neighbours)
    n, (s0, s1, s2) = x.size, _sums(neighbours)
    marked = float(x.sum())
    two = marked * (marked - 1) / (n * (n - 1))
    three = two * (marked - 2) / (n - 2)
    four = three * (marked - 3) / (n - 3)
    second = (s1 * two + (s2 - 2 * s1) * three + (s0 * s0 + s1 - s2) * four) / 4
    return Arranged(float(x @ (neighbours.matrix @ x)) / 2, s0 * two / 2, second - (s0 * two / 2) ** 2)
