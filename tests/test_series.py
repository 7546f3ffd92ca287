"""Counts in time: kernels against brute force, what must not change an answer, false alarms, and rows that cannot be used.

Holds R32 (no day is made up), R46, R48, R50, R55 and R56. Others' figures are in test_series_reference.py.
"""

import csv
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.faults import TooLittle, Unusable
from geo.series import (
    IMPROVED,
    ORIGINAL,
    Settings,
    Step,
    change_point,
    completeness,
    cusum,
    ears,
    farrington,
    reporting_delays,
    series,
    trend,
)
from geo.series.changepoint import orders
from geo.series.farrington import reference
from geo.series.row import bins, following, start_of

SOME = settings(deadline=None, max_examples=60)
FEW = settings(deadline=None, max_examples=20)
SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
COAL = SHARED / "reference" / "cases" / "changepoint_coal"
COUNTS = st.lists(st.integers(0, 9), min_size=4, max_size=30).filter(lambda counts: sum(counts) >= 5)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# The change point ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(
    not COAL.exists() and "CI" not in os.environ, reason="the reference cases are not beside this checkout"
)
def test_the_coal_disasters() -> None:
    """R55: 191 disasters; the first regime ends with 1891; likelihood ratio, rates and simulated quantile as in R."""
    told: dict[str, Any] = json.loads((COAL / "expected.json").read_text())["expected"]
    rows = list(csv.DictReader((COAL / "data.csv").read_text().splitlines()))
    coal = series([row["year"] for row in rows], [float(row["n"]) for row in rows])
    found = change_point(coal.counts, rng=rng(), replications=9_999)
    assert (coal.step, coal.counts.sum()) == (Step.YEAR, told["events"])
    assert (found.cut, coal.starts[found.cut - 1].year) == (told["k"], told["last_year_regime1"])
    assert found.log_likelihood_ratio == pytest.approx(told["llr"], rel=1e-9)
    assert [found.before, found.after] == pytest.approx([told["rate1"], told["rate2"]])
    assert (found.p, found.p_poisson, found.p_blocks) == (told["p_9999"],) * 3
    assert np.quantile(found.simulated, 0.95) == pytest.approx(told["sim_q95"], abs=0.15)


def by_hand(counts: list[int]) -> list[float]:
    """Twice written out: the log likelihood of two Poisson rates less that of one, for each cut."""

    def likelihood(part: list[int], mean: float) -> float:
        return sum(-mean + (count * math.log(mean) if count else 0) for count in part)

    whole = likelihood(counts, sum(counts) / len(counts))
    cuts = [(counts[:k], counts[k:]) for k in range(1, len(counts))]
    return [sum(likelihood(part, sum(part) / len(part)) for part in cut) - whole for cut in cuts]


@SOME
@given(COUNTS)
def test_every_cut_by_hand(counts: list[int]) -> None:
    """The ratio of every cut, and that the deepest is the one told."""
    found, told = change_point(counts, rng=rng(), replications=0), by_hand(counts)
    assert found.ratios == pytest.approx(told, abs=1e-9)
    assert found.log_likelihood_ratio == pytest.approx(max(told), abs=1e-9)
    assert found.p is None


@FEW
@given(COUNTS)
def test_backwards_and_by_other_workers(counts: list[int]) -> None:
    """R55: time turned round changes no ratio, workers change nothing, and more draws keep those before."""
    forward = change_point(counts, rng=rng(), replications=130)
    with ThreadPoolExecutor(2) as pool:
        threads = change_point(counts, rng=rng(), replications=130, executor=pool)
    assert change_point(counts[::-1], rng=rng(), replications=0).ratios == pytest.approx(forward.ratios[::-1], abs=1e-9)
    assert threads.simulated.tolist() == forward.simulated.tolist()
    assert (threads.p_poisson, threads.p_blocks) == (forward.p_poisson, forward.p_blocks)
    fewer = change_point(counts, rng=rng(), replications=64)
    assert fewer.simulated.tolist() == forward.simulated[:64].tolist()


@SOME
@given(st.integers(4, 40), st.data())
def test_blocks_move_as_blocks(n: int, data: st.DataObject) -> None:
    """Every bin stands once, and neighbours of one block stay neighbours."""
    block = data.draw(st.integers(1, n // 2))
    for order in orders(n, block, 5, rng(n)):
        assert sorted(order) == list(range(n))
        place = np.argsort(order)
        inner = np.flatnonzero(np.arange(1, n) % block)
        assert (place[inner + 1] == place[inner] + 1).all()


@pytest.mark.parametrize("dispersion", [1, 3])
def test_false_changes(dispersion: int) -> None:
    """R56: no change, even or bursting: the headline is wrong in 5 % at most; the Poisson p alone is not to be trusted."""
    draws, wrong, alone = rng(5), 0, 0
    for _ in range(200):
        counts = draws.poisson(2, 60) if dispersion == 1 else draws.negative_binomial(1, 1 / 3, 60)
        found = change_point(counts, rng=draws, replications=99)
        wrong += bool(found.p is not None and found.p <= 0.05)
        alone += bool(found.p_poisson is not None and found.p_poisson <= 0.05)
    assert wrong <= 20  # 5 % and four standard errors
    assert (alone > 60) == (dispersion > 1)


def test_a_change_is_found_where_it_is() -> None:
    """R56: a planted doubling."""
    counts = np.concatenate([rng(1).poisson(3, 40), rng(2).poisson(7, 40)])
    found = change_point(counts, rng=rng(), replications=199)
    assert abs(found.cut - 40) <= 2
    assert found.p == 1 / 200


def test_nothing_to_cut() -> None:
    """R50: too few bins or events is said, with the mend."""
    for counts in ([3, 4, 5], [0, 1, 0, 3, 0, 0]):
        with pytest.raises(TooLittle, match="at least 5 in 4"):
            change_point(counts, rng=rng())


# Alarms --------------------------------------------------------------------------------------------------------------


@SOME
@given(st.lists(st.integers(0, 30), min_size=12, max_size=40), st.sampled_from([0.0, 0.5, 1.0]))
def test_ears_c3_by_hand(counts: list[int], least: float) -> None:
    """C3 as it is written: an alarm where the excesses of three bins, each less one, are together over the quantile."""
    found, high = ears(counts, 3, least_spread=least, alpha=0.025), 1.959963984540054
    for t in range(11, len(counts)):
        excess = 0.0
        for i in (t - 2, t - 1, t):
            before = np.array(counts[i - 9 : i - 2], dtype=float)
            over, spread = counts[i] - before.mean(), max(float(before.std(ddof=1)), least)
            excess += max(0.0, over / spread - 1) if spread else (math.inf if over > 0 else 0.0)
        if abs(excess - high) > 1e-9:
            assert found.alarm[t] == (excess > high and counts[t] > 0), t
    assert not found.watched[:11].any()
    assert found.watched[11:].all()


@SOME
@given(st.lists(st.integers(0, 20), min_size=9, max_size=40).filter(lambda counts: sum(counts[:5]) > 0), st.booleans())
def test_the_count_that_a_cumulative_sum_needs(counts: list[int], reset: bool) -> None:
    """`upper` is what it is said to be: a bin raises an alarm exactly from that count on."""
    for scale in ("standard", "rossi"):
        found = cusum(counts, 5, scale="rossi" if scale == "rossi" else "standard", dispersion=1.5, reset=reset)
        for i in range(5, len(counts)):
            for count in {max(0, math.ceil(found.upper[i] - 1e-9)), max(0, math.ceil(found.upper[i]) - 1)}:
                changed = cusum(
                    [*counts[:i], count],
                    5,
                    scale="rossi" if scale == "rossi" else "standard",
                    dispersion=1.5,
                    reset=reset,
                )
                if abs(count - found.upper[i]) > 1e-9:
                    assert changed.alarm[i] == (count > found.upper[i])


def test_a_cumulative_sum_begins_anew() -> None:
    """After an alarm the sum is 0 again with `reset`, and stays where it is without."""
    counts = [2] * 10 + [20, 2, 2]
    assert cusum(counts, 10).alarm[10:].tolist() == [True, True, True]
    assert cusum(counts, 10, reset=True).alarm[10:].tolist() == [True, False, False]


@SOME
@given(st.sampled_from([1, 2, 4, 5, 10]), st.integers(0, 3), st.integers(0, 26))
def test_the_reference_of_a_bin(seasons: int, half: int, gap: int) -> None:
    """Neither the bin nor what comes after it is ever its own reference; the season judged has its windows."""
    chosen = Settings(seasons=seasons, half_window=half, gap=max(gap, half + 1))
    base, season = reference(300, chosen)
    assert base.max() < 300
    assert base.min() == 300 - chosen.needed
    assert np.unique(season).tolist() == list(range(seasons))
    windows = {300 - 52 * year + step for year in range(1, 6) for step in range(-half, half + 1)}
    assert set(base[season == 0]) == {bin_ for bin_ in windows if bin_ <= base.max()}


@pytest.mark.parametrize("counts", [np.zeros(300), np.eye(300)[10], np.eye(300)[280] * 9])
@pytest.mark.parametrize("chosen", [ORIGINAL, IMPROVED])
def test_a_reference_of_almost_nothing(counts: Any, chosen: Settings) -> None:
    """R50: nothing in five years expects almost nothing, no error and no division by zero; nine at once are an alarm."""
    found = farrington(counts, chosen)
    assert (found.expected[found.watched] > 0).all()
    assert (found.expected[found.watched] < 0.1).all()
    assert found.alarm.sum() == (counts.sum() > 5)


def test_an_outbreak_is_found() -> None:
    """R56: eight times as many in the last week but two; the weeks before it are quiet."""
    counts = rng(3).poisson(4, 320)
    counts[317] = 32
    for chosen in (ORIGINAL, IMPROVED):
        assert np.flatnonzero(farrington(counts, chosen, 310).alarm).tolist() == [317]
    for method in (1, 2):
        assert ears(counts, method, least_spread=1).alarm[317]


def test_too_short_for_years_of_reference() -> None:
    """R50: what is needed is named."""
    with pytest.raises(TooLittle, match=r"200 bins; 5 years .* at least 264"):
        farrington(np.ones(200))
    with pytest.raises(TooLittle, match="needs at least 12"):
        ears(np.ones(11), 3)
    with pytest.raises(TooLittle, match="nothing is expected"):
        cusum([0, 0, 3], 2)


@pytest.mark.parametrize("wrong", [[1, math.nan, 2], [1, -1, 2], [1, 2.5, 2], [1, math.inf, 2]])
def test_counts_that_are_none(wrong: list[float]) -> None:
    """R50: a missing count is no zero, and a part of an event is no count."""
    for ask in (ears, farrington, lambda counts: trend(counts, 1), lambda counts: cusum(counts, 2)):
        with pytest.raises(Unusable, match="count 2 is"):
            ask(wrong)


# Trend ---------------------------------------------------------------------------------------------------------------


@FEW
@given(st.floats(0.3, 3), st.sampled_from([12, 52]))
def test_a_trend_without_noise(ratio: float, per_year: int) -> None:
    """The ratio by the year, whatever the bins; a straight line has the dispersion of Poisson counts and no less."""
    counts = np.round(1e6 * ratio ** (np.arange(3 * per_year) / per_year))
    found = trend(counts, per_year)
    assert found.ratio == pytest.approx(ratio, rel=1e-4)
    assert found.low < ratio < found.high
    assert found.dispersion == 1


def test_false_trends() -> None:
    """R56: bursting counts without a trend; wrong in 5 % at most."""
    draws = rng(6)
    wrong = sum(trend(draws.negative_binomial(1, 1 / 3, 60), 12).p <= 0.05 for _ in range(300))
    assert wrong <= 30  # 5 % and four standard errors


# Rows ----------------------------------------------------------------------------------------------------------------

FIRST = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@SOME
@given(FIRST, st.sampled_from(list(Step)), st.integers(3, 30), st.randoms())
def test_the_step_is_read_off_the_dates(first: date, step: Step, n: int, shuffled: Any) -> None:
    """Any first day, in any order; a month that begins on the 31st too."""
    days = [first]
    while len(days) < n:
        days.append(following(days[-1], step))
    mixed = list(days)
    shuffled.shuffle(mixed)
    found = series([day.isoformat() for day in mixed], np.arange(n))
    assert (found.step, found.starts) == (step, tuple(days))
    # Only two steps of a month from a 30 January are told from 28 days by what follows; here all are longer.
    gapped = [day for day in days if day != days[1]]
    if n > 4:
        with pytest.raises(Unusable, match="no data is not zero"):
            series(gapped, np.zeros(n - 1))


def test_counts_keep_their_dates() -> None:
    """R32: rows in another order, and dates that name years, months and weeks."""
    found = series(["2021-03", "2021-01", "2021-02"], [3, 1, 2])
    assert (found.step, found.counts.tolist()) == (Step.MONTH, [1, 2, 3])
    assert found.last_day == date(2021, 3, 31)
    assert series(["2020-W53", "2021-W01"], [1, 2]).starts == (date(2020, 12, 28), date(2021, 1, 4))
    assert series(["2021-01-31", "2021-02-28", "2021-03-31"], [1, 2, 3]).step is Step.MONTH
    assert series(["2020-01-01", "2020-04-01", "2020-07-01"], [1, 2, 3]).step is Step.QUARTER


@pytest.mark.parametrize(
    ("dates", "counts", "told"),
    [
        (["2021-01-04", "2021-01-11", "2021-01-25"], [1, 2, 3], r"no row for 1 .*2021-01-18.*no data is not zero"),
        (["2021-01-04", "2021-01-04", "2021-01-11"], [1, 2, 3], "there twice"),
        (["2021-01-04", "2021-01-08", "2021-01-12"], [1, 2, 3], "4 days apart"),
        (["2021-01-04", "2021-01-11", "2021-01-19"], [1, 2, 3], "same steps of a week"),
        (["2021-01-04", "yesterday"], [1, 2], "'yesterday' is no date"),
        (["2021-02-30", "2021-03-01"], [1, 2], "is no date"),
        (["2021-01-04", "2021-01-11"], [1, math.nan], "count 2 is not a number"),
        (["2021-01-04", "2021-01-11"], [1], "2 dates but 1 counts"),
    ],
)
def test_rows_that_cannot_be_used(dates: list[str], counts: list[float], told: str) -> None:
    """R50: gaps, doubles, steps of no name, days that are none: refused with the reason, never filled in."""
    with pytest.raises(Unusable, match=told):
        series(dates, counts)


def test_one_row() -> None:
    """R50: one row shows no step."""
    with pytest.raises(TooLittle, match="at least 2"):
        series(["2021"], [4])


@SOME
@given(FIRST, FIRST, st.sampled_from(list(Step)[1:]))
def test_every_day_lies_in_one_bin(a: date, b: date, step: Step) -> None:
    first, last = min(a, b), min(max(a, b), min(a, b) + timedelta(days=2_000))
    every = bins(first, last, step)
    assert every[0] <= first
    assert every[-1] <= last < following(every[-1], step)
    assert all(start_of(day, step) == day for day in every)
    assert start_of(last, step) == every[-1]


# Delays --------------------------------------------------------------------------------------------------------------


def test_delays_are_not_taken_for_short_ones() -> None:
    """R56: delays up to 60 days, seen to the end of the 200th: of the last days only the quick reports are there."""
    draws = rng(4)
    happened = draws.integers(0, 200, 4_000).astype(float)
    delay = draws.integers(0, 60, 4_000)
    seen = happened + delay <= 200
    found = reporting_delays(happened[seen], (happened + delay)[seen], until=200)
    naive = np.mean(delay[seen] <= 20)
    assert found.within(20) == pytest.approx(21 / 60, abs=0.04)
    assert naive > found.within(20) + 0.02
    assert found.within([-1, 59, 500]).tolist() == [0.0, 1.0, 1.0]
    assert (np.diff(found.share) >= 0).all()


def test_how_complete_a_bin_is() -> None:
    """The mean over its days; a bin that is not over yet is not complete."""
    happened = np.repeat(np.arange(100.0), 2)
    found = reporting_delays(happened, happened + np.tile([0, 4], 100), until=110)
    assert found.within([0, 3, 4]).tolist() == [0.5, 0.5, 1.0]
    assert completeness(found, [90, 104, 107], [96, 110, 113]).tolist() == pytest.approx([1.0, 5 / 7, 2 / 7])


def test_delays_that_cannot_be_told() -> None:
    """R50: fewer than thirty pairs; a report before the event is none."""
    with pytest.raises(TooLittle, match="29 events have both days; 30 are needed"):
        reporting_delays([*range(29), 50, math.nan], [*range(29), 20, 4])
