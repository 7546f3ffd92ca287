"""A row of counts in time: bins of one step, every one of them there, and none twice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable
from geo.series.alarms import sound

Floats = NDArray[np.float64]

EPOCH = date(1970, 1, 1).toordinal()
NAMED = 5


class Step(StrEnum):
    """How long a bin is. Weeks counted anew begin on Mondays."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


# Bins of a year where seasons are counted in whole bins, and on average; days of a bin, least and most; months of a bin.
PER_YEAR = {Step.DAY: 365, Step.WEEK: 52, Step.MONTH: 12, Step.QUARTER: 4, Step.YEAR: 1}
ON_AVERAGE = {**PER_YEAR, Step.DAY: 365.25, Step.WEEK: 365.25 / 7}
DAYS = {Step.DAY: (1, 1), Step.WEEK: (7, 7), Step.MONTH: (28, 31), Step.QUARTER: (89, 92), Step.YEAR: (365, 366)}
MONTHS = {Step.MONTH: 1, Step.QUARTER: 3, Step.YEAR: 12}


@dataclass(frozen=True, eq=False)
class Series:
    """Counts (n,) in bins of one step without a gap.

    starts: first day of each bin; name: of the group it counts, None for all; marks (n, 3): low, best and
    high of what stands beside the counts, or None; marked: what that is (count: of the counts themselves); complete
    (n,): part of each bin's events that should be reported by now, or None where nothing is known of it; left_out:
    events not counted, by reason.
    """

    starts: tuple[date, ...]
    counts: Floats
    step: Step
    name: str | None = None
    marks: Floats | None = None
    complete: Floats | None = None
    marked: str = "count"
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def last_day(self) -> date:
        """The last day of the last bin."""
        return following(self.starts[-1], self.step) - timedelta(days=1)

    def masked(self, least: float) -> int:
        """Return how many bins at the end are less complete than `least`."""
        if self.complete is None:
            return 0
        full = np.flatnonzero(self.complete >= least)
        return len(self) - (int(full[-1]) + 1 if len(full) else 0)

    def until(self, bins: int) -> "Series":
        """Return the first so many bins."""
        cut = [None if part is None else part[:bins] for part in (self.marks, self.complete)]
        return replace(self, starts=self.starts[:bins], counts=self.counts[:bins], marks=cut[0], complete=cut[1])


def series(dates: Sequence[str | date], counts: ArrayLike, *, name: str | None = None) -> Series:
    """Return dates (2024, 2024-05, 2024-W05 or 2024-05-17) and counts as one series, its step read off the dates.

    Rows may come in any order. Raises Unusable for a date that is none, two rows of one bin, a count that is missing
    or no whole number, and for a gap: no data is not zero, so nothing is filled in. Raises TooLittle for one row.
    """
    if len(dates) != np.asarray(counts).size:
        raise Unusable(f"{len(dates)} dates but {np.asarray(counts).size} counts: each row needs both")
    days = [each if isinstance(each, date) else parsed(each) for each in dates]
    order = sorted(range(len(days)), key=days.__getitem__)
    values = sound(counts)[order]
    starts = tuple(days[i] for i in order)
    return Series(starts, values, step_of(starts), name)


def parsed(text: str) -> date:
    """Return the first day of what a date in the manner of ISO 8601 names; raises Unusable."""
    words = text.strip()
    try:
        if re.fullmatch(r"\d{4}", words):
            return date(int(words), 1, 1)
        if re.fullmatch(r"\d{4}-\d{2}", words):
            return date.fromisoformat(f"{words}-01")
        if re.fullmatch(r"\d{4}-?W\d{2}", words):
            return date.fromisocalendar(int(words[:4]), int(words[-2:]), 1)
        return date.fromisoformat(words)
    except ValueError as error:
        raise Unusable(f"{text!r} is no date: write 2024, 2024-05, 2024-W05 or 2024-05-17") from error


def step_of(starts: Sequence[date]) -> Step:
    """Return the step of days in order; raises Unusable for a gap, for two of one bin and for a step of no name."""
    if len(starts) < 2:
        raise TooLittle(f"{len(starts)} row of counts: at least 2 are needed to see how long a bin is")
    apart = [(b - a).days for a, b in pairwise(starts)]
    if min(apart) == 0:
        twice = starts[apart.index(0)]
        raise Unusable(f"{twice} is there twice: one row for each date, add the counts up or name their groups")
    step = next((each for each, (low, high) in DAYS.items() if low <= min(apart) <= high), None)
    if step is None:
        raise Unusable(f"the dates are {min(apart)} days apart at least: count by day, week, month, quarter or year")
    _without_gap(starts, step)
    return step


def _without_gap(starts: Sequence[date], step: Step) -> None:
    places = [_place(each, starts[0], step) for each in starts]
    for (before, _), (after, beyond), day in zip(places, places[1:], starts[1:], strict=False):
        if beyond:
            raise Unusable(f"{day} does not lie on the same steps of a {step} as the dates before it")
        if after == before:
            raise Unusable(f"two rows lie in the {step} of {day}: one row for each {step}")
    missing = _missing(starts, [place for place, _ in places], step)
    if missing:
        named = ", ".join(map(str, missing[:NAMED])) + (f" and {len(missing) - NAMED} more" * (len(missing) > NAMED))
        raise Unusable(
            f"no row for {len(missing)} of the {step}s between {starts[0]} and {starts[-1]} ({named}); no data is not "
            f"zero: write 0 where it is known that nothing was recorded, or use the longest part without a gap"
        )


def _place(day: date, first: date, step: Step) -> tuple[int, int]:
    """How many whole bins after the first a day lies, and how much (months or days) beyond."""
    if step in MONTHS:
        return divmod((day.year - first.year) * 12 + day.month - first.month, MONTHS[step])
    return divmod((day - first).days, DAYS[step][0])


def _missing(starts: Sequence[date], places: Sequence[int], step: Step) -> list[date]:
    found: list[date] = []
    for day, before, after in zip(starts, places, places[1:], strict=False):
        for _ in range(after - before - 1):
            day = following(day, step)
            found.append(day)
    return found


def following(start: date, step: Step) -> date:
    """Return the day on which the next bin begins."""
    if step not in MONTHS:
        return start + timedelta(days=DAYS[step][0])
    months = start.year * 12 + start.month - 1 + MONTHS[step]
    # The end of a month follows the end of a month.
    first = date(months // 12, months % 12 + 1, 1)
    next_month = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    return first + timedelta(days=min(start.day, (next_month - first).days) - 1)


def start_of(day: date, step: Step) -> date:
    """Return the first day of the bin in which a day lies."""
    if step in MONTHS:
        month = (day.month - 1) // MONTHS[step] * MONTHS[step] + 1
        return date(day.year, month, 1)
    return day - timedelta(days=day.weekday() if step is Step.WEEK else 0)


def bins(first: date, last: date, step: Step) -> tuple[date, ...]:
    """Return the first days of all bins from that of `first` to that of `last`."""
    starts = [start_of(first, step)]
    while (day := following(starts[-1], step)) <= last:
        starts.append(day)
    return tuple(starts)


def number_of(day: date) -> int:
    """Return days since 1970-01-01."""
    return day.toordinal() - EPOCH
