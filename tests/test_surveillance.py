"""Incidents counted in time, their trend and their alarms: nothing smeared, nothing filled in, nothing said too much.

Holds R29, R32, R45, R48 to R50, R55 and R56.
"""

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.counting import COARSE, CUT, OUTSIDE, counted
from casualty.patterns.events import NO_DATE, NO_IDENTITY, Events
from casualty.patterns.surveillance import EARS, TITLES, surveillance
from casualty.patterns.trend import LATE, trend
from geo.faults import TooLittle
from geo.series import Series, Step, series
from geo.series.row import number_of

SOME = settings(deadline=None, max_examples=40)
MONDAY = date(2018, 1, 1)
CONTRACT = {"date", "observed", "expected", "ratio", "low", "high", "p", "p_adjusted", "alarm"}


def happened(
    spans: list[tuple[Any, Any]],
    mix: list[tuple[float, float]] | None = None,
    victims: list[tuple[float, float, float]] | None = None,
    reported: list[float] | None = None,
) -> Events:
    """Incidents with nothing but what time asks of them; a span of None has no date."""
    n = len(spans)
    days = np.array([[math.nan] * 2 if a is None else [number_of(a), number_of(b)] for a, b in spans]).reshape(n, 2)
    nothing, none = np.full(n, math.nan), tuple(frozenset[str]() for _ in range(n))
    return Events(
        ids=tuple(f"i{i}" for i in range(n)), x=nothing, y=nothing, day=days[:, 0], day_span=days, spread_m=nothing,
        place_precision=nothing, date_precision=nothing, groups=("A", "B"), mix=np.array(mix or [(1.0, 0.0)] * n),
        victims=np.array(victims or [(1.0, 1.0, 1.0)] * n), reported=np.array(nothing if reported is None else reported),
        area=(None,) * n, tier=("other",) * n, sources=none, actors=none, acts=none, means=none, place_type=(None,) * n,
    )  # fmt: skip


def on(*days: date) -> list[tuple[date, date]]:
    return [(day, day) for day in days]


def weekly(counts: Any, **parts: Any) -> Series:
    days = [MONDAY + timedelta(weeks=i) for i in range(len(counts))]
    return replace(series(days, counts), **parts)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# Counting ------------------------------------------------------------------------------------------------------------


def test_a_massacre_counts_once_and_quiet_weeks_are_zeros() -> None:
    """R29: three incidents in four weeks; forty victims are one of them, and stand beside."""
    found = happened(
        on(MONDAY, MONDAY + timedelta(2), MONDAY + timedelta(27)), victims=[(1, 2, 3), (40, 40, 60), (0, 1, math.nan)]
    )
    (every,) = counted(found, every="week")
    assert every.counts.tolist() == [2, 0, 0, 1]
    assert every.starts[0] == MONDAY
    assert every.marks is not None
    assert every.marks.tolist() == [[41, 42, 63], [0, 0, 0], [0, 0, 0], [0, 1, math.inf]]
    assert every.complete is None


def test_no_day_is_made_up() -> None:
    """R32: a date that could lie in two weeks is left out and counted, however short; a month counts by month."""
    month, over = (date(2018, 1, 1), date(2018, 1, 31)), (date(2018, 1, 7), date(2018, 1, 8))
    found = happened([*on(MONDAY), month, over, (None, None)])
    (weeks,) = counted(found, every="week")
    assert weeks.counts.sum() == 1
    assert weeks.left_out == {NO_DATE: 1, COARSE.format(step="week"): 2}
    (months,) = counted(found, every="month")
    assert (months.counts.tolist(), dict(months.left_out)) == ([3], {NO_DATE: 1})


def test_the_study_period_cuts_no_bin() -> None:
    """R50: a week of which three days were looked at is no week; what lies in it is counted as left out."""
    days = [MONDAY + timedelta(days=number) for number in (3, 8, 15, 22, 40)]
    (found,) = counted(happened(on(*days)), every="week", since=MONDAY + timedelta(2), until=MONDAY + timedelta(23))
    assert (found.starts[0], found.counts.tolist()) == (MONDAY + timedelta(7), [1, 1])
    assert found.left_out == {OUTSIDE: 1, CUT.format(step="week"): 2}


def test_an_incident_of_two_groups_is_in_both() -> None:
    """R45: by group, with what is not known left out and counted."""
    mix = [(1.0, 0.0), (0.5, 0.5), (math.nan, math.nan)]
    a, b = counted(happened(on(MONDAY, MONDAY, MONDAY), mix, [(4.0, 4.0, 4.0)] * 3), every="week", groups=["A", "B"])
    assert (a.name, a.counts.tolist(), b.counts.tolist()) == ("A", [2], [1])
    assert a.marks is not None
    assert a.marks.tolist() == [[6, 6, 6]]
    assert a.left_out == {NO_IDENTITY: 1}


@SOME
@given(st.lists(st.integers(0, 900), min_size=1, max_size=40), st.sampled_from(list(Step)))
def test_every_incident_is_counted_or_named(numbers: list[int], step: Step) -> None:
    """R29: bins and those left out add up to all, whatever the step."""
    spans = [(MONDAY + timedelta(n), MONDAY + timedelta(n + n % 3)) for n in numbers]
    try:
        (found,) = counted(happened(spans), every=step)
    except NotEnoughData:
        assert step is Step.DAY
        assert all(n % 3 for n in numbers)
        return
    assert found.counts.sum() + sum(found.left_out.values()) == len(numbers)
    assert (found.counts[0] > 0, found.counts[-1] > 0) == (True, True) or found.left_out


def test_counting_what_is_not_there() -> None:
    """R50: no dates, no such step, no such group."""
    with pytest.raises(NotEnoughData, match="No incident has a date"):
        counted(happened([(None, None)]))
    with pytest.raises(NotEnoughData, match="within a day"):
        counted(happened([(MONDAY, MONDAY + timedelta(1))]), every="day")
    with pytest.raises(UsageFault, match="'fortnight'"):
        counted(happened(on(MONDAY)), every="fortnight")
    with pytest.raises(UsageFault, match="No group 'C'"):
        counted(happened(on(MONDAY)), groups=["C"])


def late(n: int = 400, per_day: int = 3) -> Events:
    """Incidents of n days, reported up to 40 days later, as they are known on the last of them."""
    draws = rng(9)
    day = np.sort(draws.integers(0, n, n * per_day))
    delay = draws.integers(0, 40, len(day))
    seen = day + delay < n
    start = number_of(MONDAY)
    days = [MONDAY + timedelta(days=int(each)) for each in day[seen]]
    return happened(on(*days), reported=[float(start + each) for each in (day + delay)[seen]])


def test_late_reports_mask_the_last_weeks() -> None:
    """R49: the weeks that are not full yet are shown as such, raise no alarm and no fall, and are counted."""
    (found,) = counted(late(), every="week")
    assert found.complete is not None
    assert 4 <= found.masked(0.9) <= 7
    answer = surveillance(found)
    masked = [row for row in answer.rows if row["masked"]]
    assert len(masked) == found.masked(0.9)
    assert not any(row["alarm"] or row["expected"] for row in masked)
    assert answer.left_out[LATE] == sum(row["observed"] for row in masked)
    assert answer.n + answer.left_out[LATE] == found.counts.sum()
    assert f"The last {len(masked)} are masked" in answer.sentence
    even = trend([found], rng=rng(), replications=99)
    assert not any(row["alarm"] for row in even.rows)
    fall = trend([found], rng=rng(), replications=99, least_complete=0.0)
    assert fall.rows[1]["alarm"]
    assert fall.rows[1]["ratio"] < 0.8


# Trend ---------------------------------------------------------------------------------------------------------------


def test_a_change_by_group() -> None:
    """R48, R45: a rise of one group of two, corrected over all four questions, said plainly, as strict JSON."""
    steady, doubled = rng(1).poisson(4, 120), np.concatenate([rng(2).poisson(3, 60), rng(3).poisson(7, 60)])
    answer = trend([weekly(steady, name="A"), weekly(doubled, name="B")], rng=rng(), replications=199)
    tests = [row for row in answer.rows if row.get("band")]
    assert [row["band"] for row in tests] == [f"{g}: change {w}" for g in "AB" for w in ("by the year", "point")]
    assert [row["alarm"] for row in tests] == [False, False, True, True]
    assert all(row.keys() >= CONTRACT for row in answer.rows)
    assert tests[3]["p"] == max(tests[3]["p_poisson"], tests[3]["p_blocks"]) == 1 / 200
    assert tests[3]["low"] < 7 / 3 < tests[3]["high"]
    assert abs((date.fromisoformat(tests[3]["date"]) - MONDAY).days / 7 - 60) <= 3
    assert tests[1]["low"] <= 1 <= tests[1]["high"]
    assert "consistent with" in answer.sentence
    assert "(B)" in answer.sentence
    assert "(A)" not in answer.sentence
    assert answer.n == steady.sum() + doubled.sum()
    assert json.loads(json.dumps(answer.as_json(), allow_nan=False))["rows"]


def test_all_incidents_are_not_counted_twice() -> None:
    """R29: beside the series of all, those of groups add nothing to n; a group of too few is named."""
    whole = weekly(rng(1).poisson(3, 60))
    some = weekly([1, 0] * 2 + [0] * 56, name="B")
    answer = trend([whole, some], rng=rng(), replications=19)
    assert answer.n == whole.counts.sum()
    assert any("Not asked of B: 2 events" in caveat for caveat in answer.caveats)
    with pytest.raises(TooLittle, match="at least 5"):
        trend([some], rng=rng())


def test_the_same_seed_the_same_bytes() -> None:
    """R55: again, to the byte."""
    counts = weekly(rng(1).poisson(3, 60))
    first, again, other = (json.dumps(trend([counts], rng=rng(seed), replications=99).as_json()) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert json.loads(first)["seed"] == 3


def test_ranges_stand_beside() -> None:
    """R29, R30: victims low, best and high by bin, and their own change by the year, without an interval."""
    grown = np.arange(1, 41) * 2.0
    marks = np.column_stack([grown, grown * 1.5, np.full(40, np.inf)])
    answer = trend([weekly(rng(1).poisson(3, 40), marks=marks, marked="victims")], rng=rng(), replications=19)
    assert answer.rows[0]["victims_ratio_low"] == pytest.approx(answer.rows[0]["victims_ratio_best"])
    assert answer.rows[0]["victims_ratio_low"] > 5
    assert answer.rows[0]["victims_ratio_high"] is None
    assert [answer.rows[3][f"victims_{end}"] for end in ("low", "best")] == [4, 6]


# Alarms --------------------------------------------------------------------------------------------------------------


def test_an_outbreak_in_every_method() -> None:
    """R56: thirty in one week of about four; the rows keep the contract; the sentence alone misleads nobody."""
    counts = rng(5).poisson(4, 330)
    counts[325] = 30
    for method in TITLES:
        answer = surveillance(weekly(counts), method=method)  # type: ignore[arg-type]
        rows = {row["date"]: row for row in answer.rows}
        hit = rows[(MONDAY + timedelta(weeks=325)).isoformat()]
        assert hit["alarm"], method
        assert hit["observed"] == 30
        assert hit["high"] < 30
        assert all(row.keys() >= CONTRACT for row in answer.rows)
        assert (hit["p"] is not None) == (method in ("farrington", "noufaily"))
        assert hit["date"] in answer.sentence
        assert "without any change" in answer.sentence or "clear after correction" in answer.sentence
        json.dumps(answer.as_json(), allow_nan=False)


def quiet(answer: Answer) -> float:
    return float(np.mean([row["alarm"] for row in answer.rows]))


@pytest.mark.parametrize("mean", [0.2, 2.0, 10.0])
@pytest.mark.parametrize("dispersion", [1, 3])
def test_false_alarms(mean: float, dispersion: int) -> None:
    """R56: what is chosen by default alarms in one bin of twenty at most, where counts vary up to thrice as much as Poisson's."""
    draws = rng(int(100 * mean) + dispersion)
    for method in (*EARS, "cusum"):
        found = []
        for _ in range(40):
            counts = draws.poisson(mean, 150)
            if dispersion > 1:
                counts = draws.negative_binomial(mean / (dispersion - 1), 1 / dispersion, 150)
            if counts[:75].any():
                found.append(quiet(surveillance(weekly(counts), method=method)))  # type: ignore[arg-type]
        assert np.mean(found) <= 0.05 + 4 * np.std(found) / math.sqrt(len(found)), method


def test_false_p_of_the_yearly_methods() -> None:
    """R56: bursting counts of six years: p at most 0.05 in one bin of twenty."""
    draws = rng(8)
    for method in ("farrington", "noufaily"):
        small = []
        for _ in range(25):
            counts = draws.negative_binomial(1, 1 / 3, 270)
            answer = surveillance(weekly(counts), method=method)  # type: ignore[arg-type]
            small.append(np.mean([row["p"] <= 0.05 for row in answer.rows]))
        assert np.mean(small) <= 0.05 + 4 * np.std(small) / math.sqrt(len(small)), method


def test_nothing_to_watch() -> None:
    """R50: an unknown method, a step it cannot judge, too short a series, reports that fill every bin."""
    with pytest.raises(UsageFault, match="'c4' is not known"):
        surveillance(weekly([1] * 20), method="c4")  # type: ignore[arg-type]
    with pytest.raises(UsageFault, match="years it cannot"):
        surveillance(series([str(year) for year in range(1990, 2020)], [3] * 30), method="noufaily")
    with pytest.raises(TooLittle, match="5 years of reference"):
        surveillance(weekly([1] * 100), method="noufaily")
    with pytest.raises(TooLittle, match="late reports may still fill every bin"):
        surveillance(weekly([1] * 20, complete=np.full(20, 0.3)))


def test_months_have_seasons_too() -> None:
    """Years of months: a January that is high every year is expected; a July that never was is an alarm."""
    counts = np.tile([30, *[4] * 11], 8) + rng(2).integers(0, 3, 96)
    counts[90] = 30
    found = series([f"{2010 + i // 12}-{i % 12 + 1:02}" for i in range(96)], counts)
    for method in ("farrington", "noufaily"):
        answer = surveillance(found, method=method, half_window=0)  # type: ignore[arg-type]
        assert [row["date"] for row in answer.rows if row["alarm"]] == ["2017-07-01"], method
