"""Days gathered into days, weeks or months of the calendar, a million at a time."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import Unusable

Step = Literal["day", "week", "month"]
Whole = NDArray[np.int64]

# In whole numbers there is no NaN: this day stands for none.
NO_DAY = int(np.iinfo(np.int32).min)
UNDATED, OUTSIDE = -1, -2
# The years that ISO 8601 writes with four digits; the last ends a year earlier, because a week may reach beyond it.
EARLIEST, LATEST = (int(np.datetime64(day).astype("M8[D]").astype(np.int64)) for day in ("0001-01-01", "9998-12-31"))
# 1970-01-01 was a Thursday.
MONDAY = -3


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins of one step without a gap, and the bin of each day.

    starts, ends (n,): first and last day of each bin, in days since 1970-01-01; of (days,): the number of each day's
    bin, UNDATED where there is no day, OUTSIDE where it lies before the first or after the last bin; undated, outside:
    how many of each. So len(of) is what all bins hold, and undated, and outside.
    """

    step: Step
    starts: Whole
    ends: Whole
    of: NDArray[np.int32]
    undated: int
    outside: int

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def first_days(self) -> tuple[str, ...]:
        """The first day of each bin as ISO 8601 writes it."""
        return _written(self.starts)

    @property
    def last_days(self) -> tuple[str, ...]:
        """The last day of each bin as ISO 8601 writes it."""
        return _written(self.ends)


def binned(days: ArrayLike, step: Step, *, first: int | None = None, last: int | None = None) -> Bins:
    """Return the bins that days lie in, from that of the first to that of the last day.

    `days` (n,): days since 1970-01-01; a part of a day counts as its day; NaN, or NO_DAY among whole numbers, is no
    day. `step`: day, week (from Monday, as in ISO 8601) or month. `first`, `last`: days in whose bins the row of bins
    begins and ends, where it is not to follow the days. Raises Unusable for a day outside the years 1 to 9998, and for
    a last before the first. A bin without days is there too: that nothing lies in it does not show that nothing was.
    """
    given = np.asarray(days).ravel()
    known = given != NO_DAY if given.dtype.kind in "iu" else ~np.isnan(given.astype(np.float64, copy=False))
    dated = given if known.all() else given[known]
    if dated.dtype.kind == "f":
        dated = np.floor(dated)
    low, high = _ends(dated, first, last)
    undated = given.size - dated.size
    if low is None or high is None:
        empty = np.empty(0, np.int64)
        return Bins(step, empty, empty, np.full(given.size, UNDATED, np.int32), undated, 0)
    starts = _starts(low, high, step)
    ends = starts[1:] - 1
    found = _numbers(dated.astype(np.int64, copy=False), starts, step)
    of = found
    if undated:
        of = np.full(given.size, UNDATED, np.int32)
        of[known] = found
    return Bins(step, starts[:-1], ends, of, undated, int((found == OUTSIDE).sum()))


def _ends(dated: NDArray[np.generic], first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """The first and the last day to be covered; None where nothing says."""
    held: list[float] = [float(dated.min()), float(dated.max())] if dated.size else []
    asked = [day for day in (first, last) if day is not None]
    for day in (*held, *asked):
        if not EARLIEST <= day <= LATEST:
            raise Unusable(f"Day {day:g} counted from 1970-01-01 lies outside the years 1 to 9998. Mend its date.")
    low = first if first is not None else min((*map(int, held), *asked), default=None)
    high = last if last is not None else max((*map(int, held), *asked), default=None)
    if low is not None and high is not None and high < low:
        raise Unusable(f"The last day ({high}) comes before the first ({low}). Exchange them.")
    return low, high


def _starts(low: int, high: int, step: Step) -> Whole:
    """The first day of each bin, and of the bin after the last."""
    if step == "month":
        months = np.array([low, high]).astype("M8[D]").astype("M8[M]").astype(np.int64)
        return np.arange(months[0], months[1] + 2).astype("M8[M]").astype("M8[D]").astype(np.int64)
    long = 7 if step == "week" else 1
    begin = MONDAY + (low - MONDAY) // 7 * 7 if step == "week" else low
    return begin + long * np.arange((high - begin) // long + 2, dtype=np.int64)


def _numbers(days: Whole, starts: Whole, step: Step) -> NDArray[np.int32]:
    """The number of each day's bin. Months are looked up in a row of all days: searching for each day is slower."""
    since = days - starts[0]
    span = int(starts[-1] - starts[0])
    within = (since >= 0) & (since < span)
    inside = bool(within.all())
    if step == "month":
        row = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
        found = row[since if inside else np.where(within, since, 0)]
    else:
        found = (since // 7 if step == "week" else since).astype(np.int32)
    return found if inside else np.where(within, found, np.int32(OUTSIDE))


def _written(days: Whole) -> tuple[str, ...]:
    return tuple(np.datetime_as_string(days.astype("M8[D]"), unit="D").tolist())
