"""Simulated records: what they keep of the places and dates they are made from, and what is planted in them (R56)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from towns import table

from casualty.patterns import simulating
from casualty.patterns.events import Events
from casualty.patterns.simulating import Dates, Noise, Null
from casualty.points import points

QUIET = Null(noise=Noise.of(0.0))
DRAWN = settings(max_examples=15, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Events:
    file = tmp_path_factory.mktemp("points") / "points.csv"
    file.write_text(table(), encoding="utf-8")
    return points(file, crs="local")


# What a record without a pattern keeps -------------------------------------------------------------------------------


@DRAWN
@given(seed=SEEDS)
def test_places_dates_and_sizes_are_kept(events: Events, seed: int) -> None:
    """R56: only to whom it happened is drawn anew, in whole incidents; sizes are dealt out."""
    made = simulating.without_pattern(events, np.random.default_rng(seed), QUIET)
    assert made.ids == events.ids
    assert np.array_equal(made.x, events.x)
    assert np.array_equal(made.y, events.y)
    assert np.array_equal(made.day, events.day)
    assert np.array_equal(made.day_span, events.day_span)
    assert sorted(made.victims[:, 1]) == sorted(events.victims[:, 1])
    assert {tuple(row) for row in made.mix} <= {tuple(row) for row in events.mix}


@DRAWN
@given(seed=SEEDS)
def test_dates_dealt_anew_are_the_same_dates(events: Events, seed: int) -> None:
    """R56: dealt, no place has a time of its own; even, they lie in the same period."""
    rng = np.random.default_rng(seed)
    dealt = simulating.without_pattern(events, rng, replace(QUIET, dates=Dates.DEALT))
    assert sorted(dealt.day) == sorted(events.day)
    assert not np.array_equal(dealt.day, events.day)
    even = simulating.without_pattern(events, rng, replace(QUIET, dates=Dates.EVEN))
    assert events.day.min() <= even.day.min()
    assert even.day.max() <= events.day.max()
    assert np.array_equal(even.day_span[:, 0], even.day)


@DRAWN
@given(seed=SEEDS)
def test_areas_keep_their_own_mix(events: Events, seed: int) -> None:
    """R56: within an area nobody comes who was never recorded there."""
    area, share = np.array(events.area), events.share("kess").copy()
    share[area == "A03"] = 0.0
    mixed = replace(events, mix=np.column_stack([share, 1 - share]))
    made = simulating.without_pattern(mixed, np.random.default_rng(seed), replace(QUIET, within_area=True))
    assert not made.share("kess")[area == "A03"].any()
    assert made.share("kess")[area != "A03"].any()


def test_no_group_is_singled_out(events: Events) -> None:
    """R56: over many records every incident is of the group as often as incidents are in all."""
    drawn = [simulating.without_pattern(events, np.random.default_rng(i), QUIET).share("kess") for i in range(400)]
    part, sd = events.share("kess").mean(), 0.5 / np.sqrt(400)
    assert abs(np.mean(drawn) - part) < 0.005
    assert np.abs(np.mean(drawn, axis=0) - part).max() < 4.5 * sd


def test_sizes_have_a_heavy_tail_where_none_are_stated(events: Events) -> None:
    """R56"""
    plain = replace(events, victims=np.ones((len(events), 3)))
    made = simulating.without_pattern(plain, np.random.default_rng(1), QUIET).victims[:, 1]
    assert made.max() > 20 * np.median(made)


def test_people_draw_areas(events: Events) -> None:
    """R56: where incidents are set against people, a null has them fall as people live."""
    people = {"A00": 9_000.0, "A01": 1_000.0}
    made = simulating.without_pattern(events, np.random.default_rng(1), replace(QUIET, people=people))
    assert set(made.area) == {"A00", "A01"}
    assert abs(np.mean([area == "A00" for area in made.area]) - 0.9) < 0.06
    homes = {(x, y) for x, y, area in zip(events.x, events.y, events.area, strict=True) if area == "A01"}
    assert {(x, y) for x, y, area in zip(made.x, made.y, made.area, strict=True) if area == "A01"} <= homes


def test_reporting_loses_whoever_was_hit(events: Events) -> None:
    """R56: identities, days, places and incidents are lost in the part asked for, alike for every group."""
    noise = Noise(unknown=0.2, dates=0.3, places=0.4, uneven=0.5)
    kept: dict[bool, list[float]] = {True: [], False: []}
    for i in range(60):
        made = simulating.noisy(events, np.random.default_rng(i), noise)
        there, hit = np.isin(events.ids, made.ids), events.share("kess") == 1
        for of in kept:
            kept[of].append(float(there[hit == of].mean()))
    assert abs(np.mean(kept[True]) - 0.75) < 0.04
    assert abs(np.mean(kept[True]) - np.mean(kept[False])) < 0.03
    assert abs(np.isnan(made.mix[:, 0]).mean() - 0.2) < 0.1
    assert abs((made.date_precision == 4).mean() - 0.3) < 0.1
    assert abs((made.place_precision == 4).mean() - 0.4) < 0.1
    known = dict(zip(events.ids, events.day, strict=True))
    day = np.array([known[one] for one in made.ids])
    assert ((made.day_span[:, 0] <= day) & (day <= made.day_span[:, 1])).all()
    # An area's incidents are lost together: some areas lose hardly any, others nearly half.
    left = [np.isin(events.ids, made.ids)[np.array(events.area) == area].mean() for area in set(events.area)]
    assert max(left) - min(left) > 0.2


def test_no_noise_loses_nothing(events: Events) -> None:
    """R56"""
    made = simulating.noisy(events, np.random.default_rng(1), Noise.of(0.0))
    assert made.ids == events.ids
    assert np.array_equal(made.mix, events.mix)
    assert np.array_equal(made.day_span, events.day_span)


# What is planted -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [2.0, 4.0])
def test_the_odds_in_the_circle_are_as_stated(events: Events, strength: float) -> None:
    """R56: inside they are so many times what they are in all; outside nothing is changed."""
    inside: list[float] = []
    outside: list[float] = []
    for i in range(200):
        rng = np.random.default_rng(i)
        made, truth = simulating.planted(events, rng, simulating.circle, group="kess", strength=strength, null=QUIET)
        within = np.isin(made.ids, list(truth.inside))
        inside += made.share("kess")[within].tolist()
        outside += made.share("kess")[~within].tolist()
        assert within.sum() == round(0.15 * len(events))
    odds = events.share("kess").mean() / (1 - events.share("kess").mean())
    assert np.mean(inside) / (1 - np.mean(inside)) == pytest.approx(strength * odds, rel=0.12)
    assert np.mean(outside) == pytest.approx(events.share("kess").mean(), abs=0.01)


def test_a_circle_in_time_holds_its_places_at_any_time(events: Events) -> None:
    """R56: a scan names all places of its circle, so the truth does too."""
    rng = np.random.default_rng(3)
    window = simulating.circle(events, rng, part=0.5, last=True)
    assert window.days is not None
    assert window.days[1] == events.day.max()
    assert (window.around[window.inside]).all()
    assert window.inside.sum() < window.around.sum()
    assert (events.day[window.inside] >= window.days[0]).all()


def test_the_rate_rises_as_stated(events: Events) -> None:
    """R56: in a quarter of the period it is three times what it is in the rest."""
    risen, inside = [], []
    for i in range(100):
        made, truth = simulating.risen(events, np.random.default_rng(i), part=0.25, strength=3.0, null=QUIET)
        first, last = ((np.datetime64(day) - np.datetime64("1970-01-01")).astype(int) for day in truth.span or ())
        assert events.day.min() <= made.day.min()
        assert made.day.max() <= events.day.max()
        assert last - first + 1 == pytest.approx(0.25 * (np.ptp(events.day) + 1), abs=1)
        flags = (made.day >= first) & (made.day <= last)
        risen.append(flags.mean())
        inside.append(set(truth.inside) == {made.ids[k] for k in np.flatnonzero(flags)})
    assert np.mean(risen) == pytest.approx(3 * 0.25 / (3 * 0.25 + 0.75), abs=0.02)
    assert all(inside)


def test_more_pairs_follow_nearby_with_the_same_dates(events: Events) -> None:
    """R56: as many times the pairs near in place and time as chance gives, and no date is made up."""
    x, y = events.x, events.y
    near = np.triu(np.hypot(x[:, None] - x, y[:, None] - y) <= 4_000, 1)

    def pairs(made: Events) -> int:
        return int((near & (np.abs(made.day[:, None] - made.day) <= 14)).sum())

    chance, more = [], []
    for i in range(30):
        null = replace(QUIET, dates=Dates.DEALT)
        chance.append(pairs(simulating.without_pattern(events, np.random.default_rng(i), null)))
        made, truth = simulating.followed(
            events, np.random.default_rng(i), metres=4_000, days=14, strength=2.0, null=QUIET
        )
        assert sorted(made.day) == sorted(events.day)
        assert truth.inside
        more.append(pairs(made))
    assert 1.7 < np.mean(more) / np.mean(chance) < 2.2
