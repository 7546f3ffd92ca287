"""Incidents as they may have been too: draws within what is recorded, bounds, tiers, and leaving out.

Holds R32 and R33 (spans of dates and places), R08 (low and high), R47 (unknown identities), R51 (tiers, each source)
and R55.
"""

from collections import Counter
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_loosely import INCIDENTS, NAN, plain_row, table

from casualty.patterns.drawing import (
    ANOTHER,
    EARTH_M,
    TIERS,
    bounds,
    drawn,
    movable,
    spread,
    tiers,
    undrawn,
    without_actors,
    without_sources,
)
from casualty.patterns.events import Events

SOME = settings(deadline=None, max_examples=60)


def alike(one: Events, other: Events) -> bool:
    def equal(a: Any, b: Any) -> bool:
        return bool(np.array_equal(a, b, equal_nan=True)) if isinstance(a, np.ndarray) else bool(a == b)

    return all(equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(Events))


def metres(one: Events, other: Events) -> Any:
    if not one.degrees:
        return np.hypot(one.x - other.x, one.y - other.y)
    lon, lat, lon2, lat2 = (np.radians(v) for v in (one.x, one.y, other.x, other.y))
    half = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_M * np.arcsin(np.sqrt(half))


@SOME
@given(INCIDENTS, st.integers(0, 99), st.booleans())
def test_draws_stay_within_what_is_recorded(rows: list[Any], seed: int, degrees: bool) -> None:
    """R08, R32, R33: whole days, discs and whole counts; and what is not known stays unknown."""
    events = table(rows, degrees)
    found = drawn(events, np.random.default_rng(seed))
    dated, pointed = np.isfinite(events.day), np.isfinite(events.x)
    assert np.array_equal(np.isfinite(found.day), dated)
    assert np.array_equal(np.isfinite(found.x), pointed)
    assert np.array_equal(np.isfinite(found.victims), np.isfinite(events.victims))
    day = found.day[dated]
    assert ((day >= events.day_span[dated, 0]) & (day <= events.day_span[dated, 1]) & (day == np.floor(day))).all()
    reach = np.nan_to_num(spread(events))[pointed]
    assert (metres(events, found)[pointed] <= reach * 1.001 + 1e-6).all()
    low, best, high = found.victims[np.isfinite(found.victims).all(axis=1)].T
    assert ((low <= best) & (best <= high) & (best == np.floor(best))).all()
    assert np.array_equal(found.victims[:, [0, 2]], events.victims[:, [0, 2]], equal_nan=True)


@SOME
@given(INCIDENTS, st.integers(0, 99))
def test_drawing_nothing_changes_nothing_and_each_kind_only_its_own(rows: list[Any], seed: int) -> None:
    """R55: and the dates drawn are the same whether places are drawn or not."""

    def made(events: Events, **kinds: bool) -> Events:
        return drawn(events, np.random.default_rng(seed), **kinds)

    events = table(rows)
    assert alike(made(events, dates=False, places=False, counts=False), events)
    precise = table([(*row[:1], 0, 0, row[3], 0.0, row[5], (3.0, 3.0, 3.0), *row[7:]) for row in rows])
    assert movable(precise) == ()
    assert alike(made(precise), precise)
    every, dates = made(events), made(events, places=False, counts=False)
    assert np.array_equal(every.day, dates.day, equal_nan=True)
    assert np.array_equal(dates.x, events.x, equal_nan=True)
    assert set(movable(events)) >= {
        name
        for name, moved in (
            ("dates", not np.array_equal(every.day, events.day, equal_nan=True)),
            ("places", not np.array_equal(every.x, events.x, equal_nan=True)),
            ("counts", not np.array_equal(every.victims, events.victims, equal_nan=True)),
        )
        if moved
    }


@SOME
@given(INCIDENTS, st.integers(0, 99))
def test_a_place_known_to_a_district_never_enters_a_test_on_points_drawn_or_not(rows: list[Any], seed: int) -> None:
    """R33"""
    events = table(rows)
    found = drawn(events, np.random.default_rng(seed))
    coarse = events.place_precision >= 3
    assert np.array_equal(found.x[coarse], events.x[coarse], equal_nan=True)
    assert found.with_points().ids == events.with_points().ids
    assert not set(found.with_points().ids) & {name for name, far in zip(events.ids, coarse, strict=True) if far}


def test_draws_are_even_over_the_days_the_disc_and_the_counts() -> None:
    """R32, R33, R08: 4,000 incidents alike; bounds at 4.5 standard deviations."""
    n = 4000
    events = table([plain_row(early=2, late=1, spread=1000.0, victims=(2.0, 3.0, 4.0))] * n)
    found = drawn(events, np.random.default_rng(1))
    for values, kinds in ((found.day, [98, 99, 100, 101]), (found.victims[:, 1], [2, 3, 4])):
        seen = Counter(values.tolist())
        share = 1 / len(kinds)
        assert sorted(seen) == kinds
        assert all(abs(seen[k] - n * share) < 4.5 * np.sqrt(n * share * (1 - share)) for k in kinds)
    # Evenly over a disc a half of the points lies within the radius over the root of two.
    inside = (np.hypot(found.x, found.y) < 1000 / np.sqrt(2)).sum()
    assert abs(inside - n / 2) < 4.5 * np.sqrt(n) / 2
    assert abs((found.x > 0).sum() - n / 2) < 4.5 * np.sqrt(n) / 2


def test_a_disc_in_degrees_is_as_wide_as_it_is_high() -> None:
    """R33, R36: at 60 degrees north a degree of longitude is half as long."""
    events = table([plain_row(x=6e5, spread=1000.0)] * 4000, degrees=True)
    found = drawn(events, np.random.default_rng(1))
    assert np.std(found.x) / np.std(found.y) == pytest.approx(2, rel=0.05)
    assert (metres(events, found) > 1000 / np.sqrt(2)).mean() == pytest.approx(0.5, abs=0.04)


def test_precision_says_how_far_where_nothing_is_stated() -> None:
    """R33: 1 the place itself, 2 about 25 km; stated metres come first; what says nothing is counted."""
    told = [(NAN, 1.0), (NAN, 2.0), (300.0, 1.0), (300.0, 2.0), (300.0, NAN), (NAN, NAN), (9e4, 3.0), (NAN, 6.0)]
    events = table([plain_row(spread=metre, precision=precision) for metre, precision in told])
    assert np.array_equal(spread(events), [0, 25_000, 300, 300, 300, NAN, 0, 0], equal_nan=True)
    assert undrawn(events) == 1


@SOME
@given(INCIDENTS)
def test_bounds_take_every_unknown_identity_or_none(rows: list[Any]) -> None:
    """R47: all others stay as they are, and no one is dropped."""
    events = table(rows)
    unknown = np.isnan(events.mix[:, 0])
    every, none = bounds(events, "G")
    assert every.groups == none.groups == ("G", "H", ANOTHER)
    assert len(every.with_identity()) == len(none.with_identity()) == len(events)
    assert (every.share("G")[unknown] == 1).all()
    assert (none.share("G")[unknown] == 0).all()
    assert (none.share(ANOTHER) == unknown).all()
    assert np.array_equal(every.mix[~unknown, :2], events.mix[~unknown])
    assert np.array_equal(none.mix[~unknown, :2], events.mix[~unknown])


@SOME
@given(INCIDENTS)
def test_tiers_sources_and_actors_leave_out_what_they_should(rows: list[Any]) -> None:
    """R51: a source on which no incident rests alone leaves everything."""
    events = table(rows)
    better = dict(tiers(events))
    assert tuple(better) == TIERS
    assert better["all"] is events
    assert set(better["verified"].tier) <= {"verified"}
    assert set(better["corroborated or better"].tier) <= {"verified", "corroborated"}
    sources = dict(without_sources(events))
    assert set(sources) == set().union(*events.sources)
    for source, left in sources.items():
        assert len(events) - len(left) == sum(each == {source} for each in events.sources)
    for actor, left in without_actors(events):
        assert actor != "unknown"
        assert left.ids == tuple(i for i, each in zip(events.ids, events.actors, strict=True) if actor not in each)
