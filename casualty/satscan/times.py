"""Times as SaTScan's files write them, and the study period cut into intervals, counted back from its end."""

from bisect import bisect_right
from datetime import MAXYEAR, date
from itertools import pairwise
from typing import NamedTuple

YEAR, MONTH, DAY, GENERIC = 1, 2, 3, 4
UNREADABLE, OUTSIDE, COARSE = -1, -2, -3


class When(NamedTuple):
    """A year, with month and day where they are stated (0: not)."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def precision(self) -> int:
        return DAY if self.day else MONTH if self.month else YEAR


def when(text: str) -> When | None:
    """Read 1999, 1999/5, 1999/5/17, 5/1999 or 5/17/1999 (also with - or .); None if it is no such time.

    Two figures for the year are one of 1950 to 2049.
    """
    parts = text.replace("-", "/").replace(".", "/").split("/")
    if len(parts) > 3 or not all(map(str.isdecimal, parts)):
        return None
    if len(parts) > 1 and len(parts[-1]) == 4:
        parts = [parts[-1], *parts[:-1]]
    if len(parts[0]) not in (2, 4) or any(len(part) > 2 or not int(part) for part in parts[1:]):
        return None
    year, month, day = (*map(int, parts), 0, 0)[:3]
    if len(parts[0]) == 2:
        year += 1900 if year >= 50 else 2000
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None
    return When(year, month, day) if year < MAXYEAR else None


def ordinal(text: str, middle: bool = False) -> int | None:
    """The day number of a time; with `middle` a bare year is its 1 July and a bare month its 15th, else their first day."""
    found = when(text)
    if found is None:
        return None
    if middle:
        return date(found.year, found.month or 7, found.day or (15 if found.month else 1)).toordinal()
    return date(found.year, found.month or 1, found.day or 1).toordinal()


def last_day(text: str) -> int | None:
    """The day number of the last day of a time."""
    found = when(text)
    if found is None:
        return None
    if found.day:
        return date(found.year, found.month, found.day).toordinal()
    return back(date(found.year, found.month or 12, 1).toordinal(), -1, MONTH) - 1


def begins(day: int, unit: int) -> bool:
    """Whether a day is the first of its year or of its month."""
    found = date.fromordinal(day)
    return found.day == 1 and (unit == MONTH or found.month == 1)


def back(day: int, by: int, unit: int) -> int:
    """Go back from a day by a number of units; a day that the month has not is its last."""
    if unit in (DAY, GENERIC):
        return day - by
    start = date.fromordinal(day)
    months = start.year * 12 + start.month - 1 - by * (12 if unit == YEAR else 1)
    if months < 12:
        return 0
    for last in (start.day, 30, 29, 28):
        try:
            return date(months // 12, months % 12 + 1, min(last, start.day)).toordinal()
        except ValueError:
            continue
    raise AssertionError


class Study(NamedTuple):
    """The study period: the first day of each interval and the day after the last; generic times are plain numbers.

    precision: to what case times are read (0: they state none).
    """

    edges: tuple[int, ...]
    precision: int

    @property
    def bins(self) -> int:
        return len(self.edges) - 1

    @property
    def first(self) -> str:
        return self._shown(self.edges[0])

    @property
    def last(self) -> str:
        return self._shown(self.edges[-1] - 1)

    def spans(self) -> tuple[tuple[str, str], ...]:
        """First and last day of each interval."""
        return tuple((self._shown(a), self._shown(b - 1)) for a, b in pairwise(self.edges))

    def bin(self, text: str) -> int:
        """The interval of a case's time, or why there is none: UNREADABLE, COARSE or OUTSIDE."""
        if self.precision == GENERIC:
            number = generic(text)
            return UNREADABLE if number is None else self.holding(number)
        found = when(text)
        if found is None:
            return UNREADABLE
        if found.precision < self.precision:
            return COARSE
        month = found.month if self.precision >= MONTH else 1
        return self.holding(date(found.year, month, found.day if self.precision >= DAY else 1).toordinal())

    def holding(self, day: int) -> int:
        """The interval that holds a day, or OUTSIDE."""
        return bisect_right(self.edges, day) - 1 if self.edges[0] <= day < self.edges[-1] else OUTSIDE

    def _shown(self, day: int) -> str:
        return str(day) if self.precision == GENERIC else date.fromordinal(day).isoformat()


def cut(first: int, after: int, unit: int, length: int) -> tuple[int, ...]:
    """Cut a period into intervals of `length` units counted back from its end; the first may be shorter."""
    edges, step = [after], 1
    while (edge := back(after, step * length, unit)) > first:
        edges.append(edge)
        step += 1
    return (first, *reversed(edges))


def units(first: int, after: int, unit: int) -> int:
    """How many units a period holds, the first of them perhaps in part."""
    return len(cut(first, after, unit, 1)) - 1


def generic(text: str) -> int | None:
    """A generic time, a whole number; None if it is none."""
    return int(text) if text.removeprefix("-").isdecimal() else None
