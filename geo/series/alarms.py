"""What a one-step alarm answers: for each bin what was expected, from which count on it is unusual, and whether it was."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import Unusable

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Alarms:
    """One value for each bin (n,).

    watched: whether the bin was judged at all (those before the first complete baseline are not); expected: of the bin,
    NaN where not watched; upper: counts above it (for a cumulative sum: from it on) raise an alarm, NaN where not
    watched; p: chance of as many or more, NaN where not watched, None for methods without one; alarm.
    """

    watched: Flags
    expected: Floats
    upper: Floats
    p: Floats | None
    alarm: Flags


def sound(counts: ArrayLike) -> Floats:
    """Return counts as floats; raises Unusable unless they are one row of whole numbers, none missing or below 0."""
    values = np.asarray(counts, dtype=float)
    if values.ndim != 1:
        raise Unusable("counts must be one row of numbers")
    if not np.isfinite(values).all():
        where = int(np.flatnonzero(~np.isfinite(values))[0]) + 1
        raise Unusable(f"count {where} is not a number: no data is not zero, leave the time before or after it out")
    if (values < 0).any() or (values != np.floor(values)).any():
        where = int(np.flatnonzero((values < 0) | (values != np.floor(values)))[0]) + 1
        raise Unusable(f"count {where} is {values[where - 1]:g}: a count is a whole number, 0 or more")
    return values


def nothing(n: int) -> Floats:
    """Return n undefined values."""
    return np.full(n, np.nan)
