"""What the pages rest on, without a page: spots that add up, typing that is understood, words, filters."""

import math
import re
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from app import entry, filtering, widgets
from app.atlas import spots
from app.gate import FIRST_WAIT, LONGEST_WAIT, Throttle
from casualty import desk, filters
from casualty.access import Acting
from casualty.errors import Fault, Refused, UsageFault
from casualty.filters import EVERYTHING
from casualty.schema import table
from casualty.store import Store

# The spots ------------------------------------------------------------------------------------------------------------

FORMS: tuple[spots.Form, ...] = ("bubbles", "squares", "hexagons", "places")


def points(number: int, seed: int) -> spots.Points:
    rng = np.random.default_rng(seed)
    best = np.where(rng.random(number) < 0.2, np.nan, rng.integers(0, 50, number).astype(float))
    below, above = rng.integers(0, 5, number), rng.integers(0, 5, number)
    ends = [np.where(rng.random(number) < 0.1, np.nan, end) for end in (best - below, best + above)]
    return spots.Points(
        lon=rng.choice([-179.9, 0.0, 12.5, 12.5001, 170.0], number) + rng.normal(0, 0.01, number).round(3),
        lat=rng.choice([-60.0, 0.0, 33.3, 80.0], number) + rng.normal(0, 0.01, number).round(3),
        value=np.column_stack([ends[0], best, ends[1]]),
        category=rng.integers(0, 3, number),
        categories=3,
        area=rng.random(number) < 0.3,
        at=np.arange(number),
    )


def alike(lon: Any, lat: Any, category: Any = None, area: Any = None) -> spots.Points:
    """Points of which nothing but this is known."""
    none = np.zeros(len(lon))
    kinds = none.astype(np.int64) if category is None else category
    value = np.column_stack([none, none, none])
    return spots.Points(lon, lat, value, kinds, 3, none > 0 if area is None else area, np.arange(len(lon)))


@settings(deadline=None)
@given(number=st.integers(1, 4500), seed=st.integers(0, 50), zoom=st.floats(0, 14), form=st.sampled_from(FORMS))
def test_no_incident_is_lost_or_drawn_twice(number: int, seed: int, zoom: float, form: spots.Form) -> None:
    """R29: the spots add up to the incidents in view in every form, and every spot gives its incidents back."""
    held = points(number, seed)
    view = spots.View(-10.0, -70.0, 175.0, 85.0, zoom)
    drawn = spots.draw(held, view, form)
    inside = view.holds(held.lon, held.lat)
    low, best, high = held.value.T
    assert sum(int(spot[2]) for spot in drawn.spots) == drawn.inside == int(inside.sum())
    assert sum(int(spot[3]) for spot in drawn.spots) == np.nansum(best[inside])
    assert sum(int(spot[4]) for spot in drawn.spots) == np.isnan(best[inside]).sum()
    for at, end in ((8, low), (9, high)):
        stated = np.where(np.isnan(end), best, end)
        assert sum(int(spot[at]) for spot in drawn.spots) == np.nansum(stated[inside])
    assert len({spot[7] for spot in drawn.spots}) == len(drawn.spots)
    for spot in drawn.spots[:3]:
        found = spots.members(held, [str(spot[7])])
        assert int(spot[2]) == int(inside[found].sum())
    assert len(spots.members(held, [str(spot[7]) for spot in drawn.spots])) >= drawn.inside


def test_the_grid_is_what_a_plain_count_gives() -> None:
    """R29: against counting cell by cell in a loop, in Web Mercator."""
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(-180, 180, 20_000), rng.uniform(-85, 85, 20_000)
    view = spots.View(-170.0, -80.0, 180.0, 85.0, 2.3)
    drawn = spots.draw(alike(lon, lat), view)
    assert drawn.outlines is not None
    size = spots.CELL_PIXELS / (spots.WORLD_PIXELS * 2**2.25)
    counted: dict[tuple[int, int], int] = {}
    for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
        if view.west <= x <= view.east and view.south <= y <= view.north:
            north = 0.5 - math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) / (2 * math.pi)
            cell = (math.floor((x / 360 + 0.5) / size), math.floor(north / size))
            counted[cell] = counted.get(cell, 0) + 1
    assert sorted(int(spot[2]) for spot in drawn.spots) == sorted(counted.values())


def test_a_spot_keeps_areas_apart_from_places() -> None:
    """R33: a point that stands for a district is not drawn as the place, even at the same coordinates."""
    two = np.array([1.0, 1.0])
    drawn = spots.draw(alike(two, two, np.array([0, 2]), np.array([False, True])), spots.View(-10, -10, 10, 10, 5))
    assert sorted(spot[6] for spot in drawn.spots) == [0, 2]


@pytest.mark.parametrize(("verified", "foremost"), [(1, 2), (2, 3), (3, 0)])
def test_mixed_cells_say_so(verified: int, foremost: int) -> None:
    """R11: a cell has the colour of more than half of it, and one of its own where there is no such."""
    four = np.ones(4)
    category = np.array([0] * verified + [2] * (4 - verified))
    drawn = spots.draw(alike(four, four, category), spots.View(-10, -10, 10, 10, 5), "squares")
    assert [spot[5] for spot in drawn.spots] == [foremost]


def test_too_many_places_are_drawn_as_cells_and_that_is_told() -> None:
    """R29: single places were asked for; none is left out for that they are too many."""
    held = points(spots.MOST_POINTS + 1, 3)
    view = spots.View(-180.0, -85.0, 180.0, 85.0, 3.0)
    drawn = spots.draw(held, view, "places")
    assert (drawn.form, drawn.fallback, drawn.inside) == ("bubbles", True, spots.MOST_POINTS + 1)
    assert not spots.draw(points(spots.MOST_POINTS, 3), view, "places").fallback


@pytest.mark.parametrize(
    "key",
    ["", "p", "p/1/2", "g/1/0", "s/x/1", "s/-1/0", "s/99/0", "s/1/x", "h/nan/0", "h/3/--1", "p/nan/nan/0", "x/1/2/3"],
)
def test_a_key_that_is_not_understood_names_nothing(key: str) -> None:
    """R74"""
    assert len(spots.members(points(10, 1), [key])) == 0


# What a page hides ----------------------------------------------------------------------------------------------------


def test_the_store_refuses_what_the_page_hides(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: hiding is not refusing; what was typed stays on the desk."""
    by, form_id = accounts["reviewer"], str(uuid4())
    typed = {"date": "2024-05-02", "place_as_reported": "Here", "killed": "7", "source.1.name": "Somebody"}
    desk.keep(store, by, form_id, typed)
    with pytest.raises(Refused):
        entry.record(store, by, form_id, typed)
    assert store.rows(sa.select(table("incident"))) == []
    assert store.rows(sa.select(table("source"))) == []
    assert [form.typed for form in desk.forms(store, by)] == [typed]


# Words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((None, None, None), "unknown"),
        ((float("nan"), 3.0, float("nan")), "3 (low unknown, high unknown)"),
        ((0, 0, 0), "0"),
        ((1, None, 4), "1 to 4"),
        ((1, None, None), "at least 1"),
        ((None, None, 4), "at most 4"),
        ((1, 2, 4), "2 (low 1, high 4)"),
    ],
)
def test_numbers_in_words(figures: tuple[Any, ...], words: str) -> None:
    """R08: unknown is a word, never a zero."""
    assert widgets.killed(*figures) == words


@pytest.mark.parametrize(
    ("date_", "words"),
    [
        (("2024-05-02", "2024-05-02", 1), "2024-05-02, exact day"),
        (("2024-05-01", "2024-05-31", 4.0), "2024-05-01 to 2024-05-31, month"),
        ((pd.NaT, pd.NaT, float("nan")), "date unknown"),
        (("2024-05-02", None, None), "2024-05-02"),
    ],
)
def test_dates_in_words(date_: tuple[Any, ...], words: str) -> None:
    """R32"""
    assert widgets.when(*date_) == words


@given(st.text(max_size=40))
def test_text_in_a_label_stays_text(text: str) -> None:
    """R73: with every sign of Markdown escaped, nothing is read as a picture, a link or a colour."""
    assert not re.search(r"(?<!\\)[\[\]!*_`<>:$~]", widgets.plain(text).replace("\\\\", ""))


@given(st.text(max_size=60) | st.text('tier.is(verfd,)"and or not \\u0623', max_size=60))
def test_any_address_is_read(text: str) -> None:
    """R74: an address is understood or refused in words; what was understood survives being written and read again."""
    wanted, faults = EVERYTHING, list[Fault]()
    try:
        wanted = filters.read(text)
    except UsageFault as told:
        faults = list(told.faults)
    assert not (wanted and faults)
    assert faults or filters.read(wanted.text) == wanted
    assert faults or not text.strip() or wanted
    assert filtering.link(wanted) == ({"filter": wanted.text} if wanted else {})


# Waiting --------------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_failure_makes_the_next_wait_longer() -> None:
    """R75: guessing slows down, one name at a time, whatever the case of its letters."""
    clock = Clock()
    throttle = Throttle(clock)
    assert throttle.wait("recorder") == 0
    assert throttle.wait("RECORDER") == pytest.approx(FIRST_WAIT)
    assert throttle.wait("recorder") == pytest.approx(FIRST_WAIT + 2 * FIRST_WAIT)
    assert throttle.wait("another") == 0
    throttle.forget("Recorder")
    assert throttle.wait("recorder") == 0


def test_many_at_once_stand_in_one_line_and_then_are_turned_away() -> None:
    """R75"""
    clock = Clock()
    throttle = Throttle(clock)
    waits = [throttle.wait("recorder") for _ in range(50)]
    allowed = [wait for wait in waits if wait is not None]
    assert allowed == sorted(allowed)
    assert None in waits
    clock.now += 120
    assert throttle.wait("recorder") == LONGEST_WAIT
