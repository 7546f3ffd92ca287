"""Days in bins of the calendar: each day in its own bin, none lost and none twice; counted beside plain dates."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo.calendar_bins import NO_DAY, OUTSIDE, UNDATED, Bins, Step, binned
from geo.faults import Unusable

SOME = settings(deadline=None, max_examples=150)
EPOCH = date(1970, 1, 1)
STEPS: tuple[Step, ...] = ("day", "week", "month")
NEAR = st.dates(date(1960, 1, 1), date(2035, 12, 31))
DAYS = st.lists(st.none() | NEAR | NEAR.map(lambda day: day.replace(day=1)), max_size=40)


def number(day: date) -> int:
    return (day - EPOCH).days


def start_of(day: date, step: Step) -> date:
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[step]


def end_of(start: date, step: Step) -> date:
    following = {
        "day": start + timedelta(days=1),
        "week": start + timedelta(days=7),
        "month": (start + timedelta(days=31)).replace(day=1),
    }
    return following[step] - timedelta(days=1)


def held(bins: Bins) -> list[tuple[date, date]]:
    spans = zip(bins.first_days, bins.last_days, strict=True)
    return [(date.fromisoformat(one), date.fromisoformat(other)) for one, other in spans]


def given_as(days: list[date | None], whole: bool) -> np.ndarray:
    if whole:
        return np.array([NO_DAY if day is None else number(day) for day in days], dtype=np.int64)
    return np.array([np.nan if day is None else number(day) + 0.25 for day in days], dtype=np.float64)


@SOME
@given(DAYS, st.sampled_from(STEPS), st.booleans())
@example([date(2024, 2, 29), date(2023, 12, 31), None], "week", True)
@example([date(1969, 12, 31), date(1970, 1, 1)], "month", False)
def test_each_day_lies_in_its_bin(days: list[date | None], step: Step, whole: bool) -> None:
    """R32: weeks from Monday, months of the calendar, in whole numbers or not; what has no day has no bin."""
    bins = binned(given_as(days, whole), step)
    spans = held(bins)
    assert [spans[at][0] if at >= 0 else None for at in bins.of] == [
        None if day is None else start_of(day, step) for day in days
    ]
    assert bins.undated == days.count(None)
    assert bins.outside == 0
    assert all((at == UNDATED) == (day is None) for at, day in zip(bins.of, days, strict=True))


@SOME
@given(DAYS, st.sampled_from(STEPS))
def test_the_row_of_bins_has_no_gap(days: list[date | None], step: Step) -> None:
    """R50: bins without a day stand there too, from the first day's to the last day's and no further."""
    spans = held(binned(given_as(days, True), step))
    known = [day for day in days if day is not None]
    assert [end for _, end in spans] == [end_of(start, step) for start, _ in spans]
    assert [start for start, _ in spans[1:]] == [end + timedelta(days=1) for _, end in spans[:-1]]
    if known:
        assert (spans[0][0], spans[-1][0]) == (start_of(min(known), step), start_of(max(known), step))
    else:
        assert spans == []


@SOME
@given(DAYS, st.sampled_from(STEPS), st.tuples(NEAR, NEAR).map(sorted))
def test_bounds_that_are_asked_for_are_kept(days: list[date | None], step: Step, asked: list[date]) -> None:
    """R50: the row begins and ends where it is told; what lies beyond is outside, and counted."""
    first, last = asked
    bins = binned(given_as(days, False), step, first=number(first), last=number(last))
    spans = held(bins)
    assert (spans[0][0], spans[-1][0]) == (start_of(first, step), start_of(last, step))
    beyond = [day is not None and not spans[0][0] <= day <= spans[-1][1] for day in days]
    assert [at == OUTSIDE for at in bins.of] == beyond
    assert bins.outside == sum(beyond)
    assert int((bins.of >= 0).sum()) + bins.undated + bins.outside == len(days)


def test_one_bound_alone_is_enough() -> None:
    """R50: the other end follows the days, and where there are none it is the same bin."""
    assert binned([10.0, np.nan], "day", first=8).first_days == ("1970-01-09", "1970-01-10", "1970-01-11")
    assert binned([10], "day", last=12).first_days == ("1970-01-11", "1970-01-12", "1970-01-13")
    assert binned([], "month", first=40).first_days == ("1970-02-01",)
    assert len(binned([np.nan], "week")) == 0


@pytest.mark.parametrize(
    ("days", "bounds", "fault"),
    [
        ([0, 4_000_000], {}, "outside the years"),
        ([np.inf], {}, "outside the years"),
        ([0], {"first": -800_000}, "outside the years"),
        ([0], {"first": 5, "last": 4}, "comes before the first"),
    ],
)
def test_what_cannot_be_binned_is_refused(days: list[float], bounds: dict[str, int], fault: str) -> None:
    """R32: a day of no year is a fault of the record and is not drawn somewhere."""
    with pytest.raises(Unusable, match=fault):
        binned(days, "month", **bounds)


def test_the_ends_of_what_can_be_written() -> None:
    """R32: the first and the last year are held whole."""
    low, high = number(date(1, 1, 1)), number(date(9998, 12, 31))
    for step in STEPS[1:]:
        bins = binned([low, high], step)
        assert bins.first_days[0] == "0001-01-01"
        assert bins.last_days[-1] in ("9998-12-31", "9999-01-03")
