"""What the pages rest on, without a page: spots that add up, typing that is understood, words, filters."""

import math
import re
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app import entry, filters, spots, widgets
from app.gate import FIRST_WAIT, LONGEST_WAIT, Throttle
from casualty.access import Acting
from casualty.errors import EditConflict, InvalidRecords, Refused
from casualty.schema import IncidentDraft, table
from casualty.store import Store

# The spots ------------------------------------------------------------------------------------------------------------


def points(number: int, seed: int) -> spots.Points:
    rng = np.random.default_rng(seed)
    return spots.Points(
        lon=rng.choice([-179.9, 0.0, 12.5, 12.5001, 170.0], number) + rng.normal(0, 0.01, number).round(3),
        lat=rng.choice([-60.0, 0.0, 33.3, 80.0], number) + rng.normal(0, 0.01, number).round(3),
        killed=np.where(rng.random(number) < 0.2, np.nan, rng.integers(0, 50, number).astype(float)),
        tier=rng.integers(0, 3, number),
        area=rng.random(number) < 0.3,
    )


@given(number=st.integers(1, 4500), seed=st.integers(0, 50), zoom=st.floats(0, 14))
def test_no_incident_is_lost_or_drawn_twice(number: int, seed: int, zoom: float) -> None:
    """R29: the spots add up to the incidents in view, grid or not, and every spot gives its incidents back."""
    held = points(number, seed)
    view = spots.View(-10.0, -70.0, 175.0, 85.0, zoom)
    drawn = spots.draw(held, view)
    inside = view.holds(held.lon, held.lat)
    assert sum(int(spot[2]) for spot in drawn.spots) == drawn.inside == int(inside.sum())
    assert sum(int(spot[3]) for spot in drawn.spots) == np.nansum(held.killed[inside])
    assert sum(int(spot[4]) for spot in drawn.spots) == np.isnan(held.killed[inside]).sum()
    for spot in drawn.spots[:3]:
        found = spots.members(held, [str(spot[7])])
        assert int(spot[2]) == int(inside[found].sum())
    assert len(spots.members(held, [str(spot[7]) for spot in drawn.spots])) >= drawn.inside


def test_the_grid_is_what_a_plain_count_gives() -> None:
    """R29: against counting cell by cell in a loop, in Web Mercator."""
    rng = np.random.default_rng(7)
    lon, lat, none = rng.uniform(-180, 180, 20_000), rng.uniform(-85, 85, 20_000), np.zeros(20_000)
    held = spots.Points(lon, lat, none, none.astype(np.int64), none > 0)
    view = spots.View(-170.0, -80.0, 180.0, 85.0, 2.3)
    drawn = spots.draw(held, view)
    assert drawn.grid
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
    held = spots.Points(two, two, two, np.array([0, 2]), np.array([False, True]))
    drawn = spots.draw(held, spots.View(-10, -10, 10, 10, 5))
    assert sorted(spot[6] for spot in drawn.spots) == [0, 2]


def test_mixed_cells_say_so() -> None:
    """R11: a cell is verified only if all in it are."""
    many = np.zeros(spots.MOST_POINTS + 1)
    tier = np.zeros(len(many), dtype=np.int64)
    tier[0] = 2
    drawn = spots.draw(spots.Points(many, many, many, tier, many > 0), spots.View(-10, -10, 10, 10, 5))
    assert drawn.grid
    assert [spot[5] for spot in drawn.spots] == [spots.MIXED]


@pytest.mark.parametrize("key", ["", "p", "p/1/2", "g/x/1", "g/-1/0", "g/99/0", "p/nan/nan/0", "x/1/2/3"])
def test_a_key_that_is_not_understood_names_nothing(key: str) -> None:
    """R74"""
    assert len(spots.members(points(10, 1), [key])) == 0


# What is typed --------------------------------------------------------------------------------------------------------

TYPED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # typed                                             understood
    ({"date_from": "2024-03-05"}, {"date_start": date(2024, 3, 5), "date_end": date(2024, 3, 5), "date_precision": 1}),
    ({"date_from": "2024-02"}, {"date_start": date(2024, 2, 1), "date_end": date(2024, 2, 29), "date_precision": 4}),
    ({"date_from": "1994"}, {"date_end": date(1994, 12, 31), "date_precision": 5, "date_as_reported": "1994"}),
    ({"date_from": "2024-03-01", "date_to": "2024-03-04"}, {"date_end": date(2024, 3, 4), "date_precision": 2}),
    ({"date_from": "2024-03-01", "date_to": "2024-03-07"}, {"date_precision": 3}),
    ({"date_from": "2024-03-01", "date_to": "2024-03-08"}, {"date_precision": 4}),
    ({"date_from": "2024-01", "date_to": "2024-03"}, {"date_end": date(2024, 3, 31), "date_precision": 5}),
    ({"date_from": "2024-03-05", "date_precision": 3}, {"date_precision": 3}),
    ({"date_from": "5 May 2016", "date_as_reported": "that Thursday"}, {"date_as_reported": "that Thursday"}),
    ({"coordinates": "33.51, 36.29"}, {"lat": 33.51, "lon": 36.29}),
    ({"coordinates": "-1 30"}, {"lat": -1.0, "lon": 30.0}),
    ({"killed_low": 0}, {"killed_low": 0, "killed_best": None}),
    ({"uncertainty_m": "1500"}, {"uncertainty_m": 1500.0}),
]


@pytest.mark.parametrize(("typed", "understood"), TYPED)
def test_what_is_typed_is_understood(typed: dict[str, Any], understood: dict[str, Any]) -> None:
    """R32, R33: a date and a place are never made more exact than they were typed."""
    found = entry.read(typed)
    assert not found.faults
    assert {name: found.fields[name] for name in understood} == understood


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"date_from": "2024-02-30"}, "date"),
        ({"date_from": "soon"}, "date"),
        ({"date_from": "?"}, "date"),
        ({"date_from": "2024-02-01", "date_to": "later"}, "date_end"),
        ({"date_to": "2024-02-01"}, "date"),
        ({"coordinates": "36.29"}, "coordinates"),
        ({"coordinates": "133.5, 36.2"}, "coordinates"),
        ({"coordinates": "33N 36E"}, "coordinates"),
        ({"uncertainty_m": "about a mile"}, "uncertainty_m"),
    ],
)
def test_what_is_not_understood_is_a_fault_with_its_mend(typed: dict[str, Any], field: str) -> None:
    """R32: nothing is dropped in silence."""
    (fault,) = entry.read(typed).faults
    assert fault.field == field
    assert fault.mend


@given(st.dictionaries(st.sampled_from(["date_from", "date_to", "coordinates", "uncertainty_m"]), st.text(max_size=30)))
def test_any_text_is_read_or_questioned(typed: dict[str, str]) -> None:
    """R32"""
    found = entry.read(typed)
    if str(typed.get("coordinates") or "").strip() and not found.faults:
        assert found.fields["lat"] is not None


def test_a_form_filled_from_a_record_changes_nothing() -> None:
    """R20: opening a record and saving it again is no change."""
    fields: dict[str, Any] = {"date_start": "2024-03-01", "date_end": "2024-05-07", "date_precision": 2}
    fields |= {"killed_low": 3, "killed_best": 0, "count_conflict": True, "place_as_reported": " x y "}
    fields |= {"lat": 1.1, "lon": 2.25, "uncertainty_m": 12.5}
    draft = IncidentDraft.model_validate(fields)
    edit = entry.Edit("id", 1, draft)
    assert entry.changes(edit, entry.as_typed(draft)).fields == {}


TYPED_WHOLE = {"date_from": "2024-05-02", "place_as_reported": "Here", "killed_best": 7, "source": "Somebody"}


def test_the_store_refuses_what_the_page_hides(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: hiding is not refusing."""
    with pytest.raises(Refused):
        entry.record(store, accounts["reviewer"], TYPED_WHOLE, [])
    assert store.rows(sa.select(table("incident"))) == []
    assert store.rows(sa.select(table("source"))) == []


def test_a_source_is_recorded_once(store: Store, by: Acting) -> None:
    """R15, R16: the same name in other letters is the same source, and each report is a document of its own."""
    for name in ("Somebody", " somebody"):
        entry.record(store, by, TYPED_WHOLE | {"source": name}, [])
    assert len(store.rows(sa.select(table("source")))) == 1
    assert len(store.rows(sa.select(table("document")))) == 2


def test_a_second_conflict_is_told_too(store: Store, by: Acting) -> None:
    """R20: what was saved after the first comparison is compared again, and nothing is saved meanwhile."""
    key = entry.record(store, by, TYPED_WHOLE, []).id
    draft, version = store.draft(key)
    edit = entry.Edit(key, version, draft)
    for best in (5, 6):
        fresh, now = store.draft(key)
        store.amend("incident", key, fresh.model_copy(update={"killed_best": best}), expected=now, by=by)
    typed = entry.as_typed(draft) | {"killed_best": 8}
    with pytest.raises(EditConflict) as told:
        entry.settle(store, by, edit, typed, "", seen=2, theirs=frozenset())
    assert [(d.theirs, d.yours) for d in entry.clashes(told.value)] == [(6, 8)]
    with pytest.raises(InvalidRecords):
        entry.amend(store, by, edit, typed | {"date_from": "never"}, "")
    assert store.draft(key)[0].killed_best == 6


# Words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((None, None, None), "unknown"),
        ((float("nan"), 3.0, float("nan")), "3 (low unknown, high unknown)"),
        ((0, 0, 0), "0"),
        ((1, None, 4), "unknown (low 1, high 4)"),
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


@given(st.dictionaries(st.sampled_from([*filters.NAMES, "x"]), st.lists(st.text(max_size=12), max_size=3)))
def test_any_address_is_read(params: dict[str, list[str]]) -> None:
    """R74: what was understood survives being written and read again."""
    known = filters.Known({"faith": {"north": "Northern"}}, {"faith": "Faith"}, {"id": "Group A"})
    wanted, _ = filters.read(params, known)
    again, notes = filters.read(wanted.params(), known)
    assert again == wanted
    assert not notes


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
