"""The map page without a browser: what it counts and draws in every form, and its one filter."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from mapped import ADMIN, ANALYST, RECORDER, linked, watched
from paged import Page, box, html, moved_in, opener, press, shown, three_incidents
from streamlit.testing.v1 import AppTest

from app import session
from casualty import keptfilters
from casualty.schema import (
    AdminUnitFields,
    DimensionFields,
    DocumentFields,
    IncidentDraft,
    PopulationFields,
    SituationFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def house(sqlite_store: Store) -> Store:
    """The store, shown by the pages, with one account of each role."""
    return moved_in(sqlite_store)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the map and the timeline were last given, under `map` and `timeline`."""
    return watched(monkeypatch)


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody of a role, at an address."""
    return opener(monkeypatch)


@pytest.fixture
def full(house: Store) -> dict[str, str]:
    """Three incidents: one exact with a named victim, one that stands for a region, one without a place."""
    return three_incidents(house)


# What is counted ------------------------------------------------------------------------------------------------------


def test_an_empty_house_says_what_to_do(page: Page) -> None:
    """R50: nothing recorded is said, not drawn as zero."""
    test = page("map")
    assert "No incident is recorded yet" in test.info[0].value
    assert "Shown 0 of 0; 0 outside this view; 0 without a place." in shown(test)
    assert "<th" not in html(test)


def test_the_map_counts_every_matching_incident(page: Page, full: dict[str, str], drawn: dict[str, Any]) -> None:
    """R11, R49: what is shown, of how many, how many have no place, and that these are not all deaths."""
    test = page("map")
    text = shown(test)
    assert "Shown 2 of 3; 0 outside this view; 1 without a place." in text
    assert "Documented incidents, not all deaths." in text
    assert text.count("Submitted") == 3
    assert "at least 2" in text
    assert any(part.value == "1 to 3 of 3." for part in test.caption)
    assert sum(spot[2] for spot in drawn["map"]["spots"]) == 2
    bars = drawn["timeline"]
    assert bars["inside"].sum() + bars["undated"][0] == 7
    assert bars["total"] == "7 killed (best figures)"


def test_those_without_a_place_are_listed(page: Page, full: dict[str, str]) -> None:
    """R11: one press leads to them; the address says so, and the way back is to clear the filter."""
    test = press(page("map"), "List the 1 incident without a place")
    assert "Shown 0 of 1; 0 outside this view; 1 without a place." in shown(test)
    assert test.query_params["filter"] == "point.missing()"
    assert full["placeless"] in html(test)
    press(test, "Clear the filter")
    assert "Shown 2 of 3; 0 outside this view; 1 without a place." in shown(test)
    assert "filter" not in test.query_params


def test_what_lies_outside_the_window_is_counted(page: Page, full: dict[str, str], drawn: dict[str, Any]) -> None:
    """R11: the window that the map tells of leaves some outside; the list still has all."""
    test = page("map")
    test.session_state["map"] = {"view": [20.0, 10.0, 20.5, 10.9, 9.0]}
    test.run()
    assert "Shown 1 of 3; 1 outside this view; 1 without a place." in shown(test)
    assert [spot[2] for spot in drawn["map"]["spots"]] == [1]
    assert any(part.value == "1 to 3 of 3." for part in test.caption)


# One filter -----------------------------------------------------------------------------------------------------------

ASKED: list[tuple[str, str]] = [
    ("date.from(2024-01-01)", "Shown 2 of 3; 0 outside this view; 1 without a place."),
    ("date.from(2024-06-01)", "Shown 0 of 0; 0 outside this view; 0 without a place."),
    ("date.to(2023-12-31)", "Shown 0 of 1; 0 outside this view; 1 without a place."),
    ("status.is(submitted)", "Shown 2 of 3; 0 outside this view; 1 without a place."),
    ("tier.is(verified)", "Shown 0 of 0; 0 outside this view; 0 without a place."),
    ("killed_best.from(1)", "Shown 1 of 1; 0 outside this view; 0 without a place."),
    ("killed_best.from(0)", "Shown 1 of 2; 0 outside this view; 1 without a place."),
    ("not killed_best.from(0)", "Shown 1 of 1; 0 outside this view; 0 without a place."),
    ("text.has(سوق)", "Shown 1 of 1; 0 outside this view; 0 without a place."),
    ("text.has(sampleLAND)", "Shown 0 of 1; 0 outside this view; 1 without a place."),
    ("group.is(faith/north)", "Shown 1 of 1; 0 outside this view; 0 without a place."),
    ('point.within("20 10","21 10","21 10.9","20 10.9")', "Shown 1 of 1; 0 outside this view; 0 without a place."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "counted"), ASKED)
def test_a_filter_in_the_address_is_followed(page: Page, full: dict[str, str], text: str, counted: str) -> None:
    """R74: one filter for map and list, from plain ids and words, and it stays in the address as it was."""
    test = page("map", filter=text)
    assert counted in shown(test)
    assert not test.warning
    assert test.query_params["filter"] == text


def test_an_actor_is_asked_for_by_id(page: Page, full: dict[str, str]) -> None:
    """R37: as an allegation."""
    test = page("map", filter=f"actor.is({full['actor']})")
    assert "Shown 1 of 1" in shown(test)
    assert next(part.value for part in test.selectbox if "alleged" in part.label) == full["actor"]


@pytest.mark.parametrize(
    "text",
    [
        "date.from(yesterday)", "date.between(2024-02-01,2024-01-01)", "status.is(submitted,sure)", "group.is(north)",
        "killed_best.from(９)", "actor.is(\"' OR 1=1\")", "pickle.is(gASV)", "tier.is(verified", "password.has(a)",
    ],
)  # fmt: skip
def test_a_wrong_address_is_ignored_and_said(page: Page, full: dict[str, str], text: str) -> None:
    """R74: nothing wrong in an address is followed or dropped in silence; nothing of it is applied."""
    test = page("map", filter=text)
    said = test.warning[0].value.replace("\\", "")
    assert "was not understood, and nothing of it is applied" in said
    assert len(said) > 90
    assert "of 3;" in shown(test)
    assert "filter" not in test.query_params


def test_a_unit_that_is_not_there_is_said_and_matches_nothing(page: Page, full: dict[str, str]) -> None:
    """R74: a link to what is not held shows nothing instead of everything."""
    assert "Shown 0 of 0" in shown(page("map", filter="unit.is(NOWHERE)"))


def test_a_filter_set_by_hand_goes_into_the_address(page: Page, full: dict[str, str]) -> None:
    """R74"""
    test = page("map")
    box(test, "Code, title or place contains").set_value("سوق").run()
    assert "Shown 1 of 1" in shown(test)
    assert test.query_params["filter"] == "text.has(سوق)"
    box(test, "Killed at least (best)").set_value(8).run()
    assert "Shown 0 of 0" in shown(test)
    assert test.query_params["filter"] == "text.has(سوق) and killed_best.from(8)"
    assert "No incident matches the filter" in " ".join(part.value for part in test.info)
    press(test, "Clear the filter")
    assert "of 3;" in shown(test)
    assert "filter" not in test.query_params


KEPT = "place_precision.is(4) and victim(sex.is(woman)) and (tier.is(other) or killed_best.from(100))"


def test_what_no_box_can_show_is_kept_and_can_be_taken_out(page: Page, full: dict[str, str]) -> None:
    """R74: no part of a link is lost by what somebody types beside it."""
    test = page("map", filter=KEPT)
    box(test, "Killed at least (best)").set_value(1).run()
    assert test.query_params["filter"] == f"killed_best.from(1) and {KEPT}"
    outs = [part for part in test.button if part.key and part.key.startswith("filter_out_")]
    assert len(outs) == 3
    outs[1].click().run()
    assert test.query_params["filter"] == f"killed_best.from(1) and {KEPT}".replace(" and victim(sex.is(woman))", "")


def add(test: AppTest, about: str, field: str, way: str, value: str | list[str]) -> AppTest:
    """Add one condition to the group that is being put together."""
    test.selectbox(key="filter_about").set_value(about).run()
    test.selectbox(key=f"filter_field_{about}").set_value(field).run()
    test.selectbox(key=f"filter_{about}_{field}_way").set_value(way).run()
    kinds = test.multiselect if isinstance(value, list) else test.text_input
    kinds(key=f"filter_{about}_{field}_{way}").set_value(value).run()
    return press(test, "Add condition")


@pytest.mark.parametrize(
    ("join", "text", "counted"),
    [
        ("all", "killed_best.from(7) and victim(harm.is(killed))", "Shown 1 of 1;"),
        ("any", "killed_best.from(7) or victim(harm.is(killed))", "Shown 1 of 1;"),
        ("none", "not (killed_best.from(7) or victim(harm.is(killed)))", "Shown 1 of 2;"),
    ],
)
def test_more_conditions_are_joined_as_asked(
    page: Page, full: dict[str, str], join: str, text: str, counted: str
) -> None:
    """R74: any field, grouped by all, any or none, and applied at once."""
    test = page("map")
    add(test, "incident", "killed_best", "from", "7")
    add(test, "victim", "harm", "is", ["killed"])
    test.radio(key="filter_join").set_value(join).run()
    press(test, "Apply")
    assert test.query_params["filter"] == text
    assert counted in shown(test)


def test_a_value_that_is_not_understood_cannot_be_added(page: Page, full: dict[str, str]) -> None:
    """R74: it is said beside the box."""
    test = page("map")
    test.selectbox(key="filter_field_incident").set_value("killed_best").run()
    test.selectbox(key="filter_incident_killed_best_way").set_value("from").run()
    test.text_input(key="filter_incident_killed_best_from").set_value("many").run()
    assert any("a number such as 5" in part.value for part in test.caption)
    assert next(part for part in test.button if part.key == "filter_add").disabled


def test_filters_are_saved_by_name_and_are_ones_own(
    page: Page, house: Store, full: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R74, R77: saved, used, forgotten; nobody else sees them, and they are no part of the record."""
    test = page("map", Role.ANALYST, filter="killed_best.from(1)")
    head = house.head()
    test.text_input(key="filter_name").set_value("Deadly *ones*").run()
    press(test, "Save")
    assert [(one.name, one.filter.text) for one in keptfilters.kept(house, ANALYST)] == [
        ("Deadly *ones*", "killed_best.from(1)")
    ]
    assert house.head() == head
    press(test, "Clear the filter")
    assert "of 3;" in shown(test)
    test.button(key="filter_use_Deadly *ones*").click().run()
    assert "Shown 1 of 1;" in shown(test)
    assert test.query_params["filter"] == "killed_best.from(1)"
    other = page("map", Role.REVIEWER)
    assert not [part for part in other.button if part.key and part.key.startswith("filter_use")]
    monkeypatch.setattr(session, "acting", lambda: ANALYST)
    test.button(key="filter_drop_Deadly *ones*").click().run()
    assert keptfilters.kept(house, ANALYST) == []
    assert any("None is saved yet." in part.value for part in test.caption)


def test_an_account_of_named_situations_sees_its_own(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R75: map, timeline, list and counts speak of the cleared incidents alone, in the same words."""
    north = house.record("situation", SituationFields(name="North"), ADMIN).id
    draft, version = house.draft(full["id"])
    moved = draft.model_copy(update={"situation_id": north})
    house.amend("incident", full["id"], moved, expected=version, by=RECORDER, reason="of the north")
    house.clear("reviewer", north, ADMIN, "works on the north")
    test = page("map", Role.REVIEWER)
    assert "Shown 1 of 1; 0 outside this view; 0 without a place." in shown(test)
    assert full["area"] not in html(test)
    assert sum(spot[2] for spot in drawn["map"]["spots"]) == 1
    assert drawn["timeline"]["around"].sum() == 7
    assert "Shown 2 of 3" in shown(page("map", Role.ANALYST))


# What is drawn --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bubbles", "squares", "hexagons", "places"])
def test_every_form_shows_the_same_incidents(
    page: Page, full: dict[str, str], drawn: dict[str, Any], form: str
) -> None:
    """R11: whatever is drawn counts the same, has a table, and stands in the address unless it is the usual."""
    test = linked(page, draw=form)
    assert "Shown 2 of 3; 0 outside this view; 1 without a place." in shown(test)
    assert sum(spot[2] for spot in drawn["map"]["spots"]) == 2
    assert (drawn["map"]["outlines"] is not None) is (form in ("squares", "hexagons"))
    assert any(part.label == "The map as a table" for part in test.expander)
    assert "7 (low 5, high 9)" in shown(test)
    assert test.query_params.get("draw", "bubbles") == form


def test_every_colour_and_size_has_a_legend(page: Page, full: dict[str, str], drawn: dict[str, Any]) -> None:
    """R11, R33: one meaning for each sign, the same words on the map, in its table and in the timeline."""
    test = page("map")
    colours = test.selectbox(key="map_color").options
    assert len(colours) == 6
    for kind, words in (
        ("tier", ("verified", "not corroborated")), ("type", ("not recorded",)), ("actor", ("Group A", "not recorded")),
        ("source", ("Paper of record",)), ("precision", ("exact",)), ("group:faith", ("Northern", "not recorded")),
    ):  # fmt: skip
        test.selectbox(key="map_color").set_value(kind).run()
        text, labels = shown(test), [one["label"] for one in drawn["timeline"]["categories"]]
        assert all(word in text.lower() or word in text for word in words), kind
        assert all(label in text for label in labels), kind
        assert len(drawn["map"]["colours"]) == len(labels) + 1
        assert test.query_params.get("color", "tier") == kind
    for size in ("injured", "missing", "incidents", "killed"):
        test.selectbox(key="map_size").set_value(size).run()
        assert drawn["map"]["size"] == size
        assert drawn["timeline"]["inside"].sum() == {"killed": 7, "incidents": 3}.get(size, 0)
    for word in ("stands for an area, not the place", "number killed (best)"):
        assert word in shown(test)


def test_wrong_choices_of_an_address_are_the_usual_ones(
    page: Page, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R74"""
    test = linked(page, color="pickle", size="'", draw="units9", step="hour", run="NONE", layers="../x")
    assert (drawn["map"]["size"], drawn["map"]["form"]) == ("killed", "places")
    assert drawn["map"]["overlays"] == []
    assert "Shown 2 of 3" in shown(test)


def boxed(west: float, south: float, east: float, north: float) -> str:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


@pytest.fixture
def units(house: Store, full: dict[str, str]) -> Store:
    """Three units: of one all incidents with a place, of one the filter has none, of one nothing is recorded."""
    for code, west in (("SX01", 20), ("SX02", 30), ("SX03", 40)):
        unit = AdminUnitFields(
            pcode=code, boundary_set="s", name=f"Unit <{code}>", level=1, geometry=boxed(west, 10, west + 5, 12)
        )
        house.record("admin_unit", unit, ADMIN)
    document = house.record("document", DocumentFields(title="x"), RECORDER).id
    stated = {"date_start": "2019-01-01", "date_end": "2019-01-01", "lat": 11, "lon": 31, "place_precision": 1,
              "killed_best": 4, "claims": [{"document_id": document}]}  # fmt: skip
    house.record("incident", IncidentDraft.model_validate(stated), RECORDER)
    return house


def test_units_are_shaded_and_no_data_is_not_zero(page: Page, units: Store, drawn: dict[str, Any]) -> None:
    """R08, R50: none of the filter is zero, nothing ever recorded is no data; both are said, and differ in the map."""
    test = linked(page, draw="units1", filter="date.from(2020-01-01)")
    shaded = drawn["map"]["shaded"]
    assert shaded["without"] == ["SX03"]
    assert shaded["classes"] == {"SX01": 0, "SX02": -1}
    text = shown(test)
    assert "Shown 2 of 3; 1 in none of these units, or their unit is not known." in text
    assert "Unit &lt;SX01&gt;" in html(test)
    assert "no data" in text
    assert any("no data, which is not zero" in part.value for part in test.caption)
    everything = linked(page, draw="units1")
    assert "Shown 3 of 4; 1 in none of these units, or their unit is not known." in shown(everything)
    assert drawn["map"]["shaded"]["classes"].keys() == {"SX01", "SX02"}


def test_a_rate_is_refused_without_people(page: Page, units: Store, drawn: dict[str, Any]) -> None:
    """R48: without a denominator nothing is guessed, and that is said; with one it is per 100,000."""
    test = linked(page, draw="units1", measure="rate")
    assert drawn["map"]["shaded"]["classes"] == {}
    assert any("a rate is refused, not guessed" in part.value for part in test.caption)
    people = PopulationFields(area="SX01", year=2020, number=50_000, source="Census")
    units.record("population", people, ADMIN)
    linked(page, draw="units1", measure="rate")
    assert drawn["map"]["shaded"]["classes"] == {"SX01": 0}
    assert sorted(drawn["map"]["shaded"]["without"]) == ["SX02", "SX03"]


def test_without_outlines_no_units_are_offered(page: Page, full: dict[str, str]) -> None:
    """R50"""
    assert not [one for one in page("map").selectbox(key="map_draw").options if "units" in one]


# Words ----------------------------------------------------------------------------------------------------------------


def test_the_page_in_arabic_counts_the_same(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R80: the page turns round; the map and the timeline are told so."""
    test = page("map", Role.ANALYST)
    test.session_state["language"] = "ar"
    test.run()
    assert not test.exception
    assert drawn["map"]["direction"] == "rtl"
    assert sum(spot[2] for spot in drawn["map"]["spots"]) == 2
    assert full["exact"] in html(test)


def test_a_dimension_that_is_switched_off_is_nowhere(page: Page, house: Store, full: dict[str, str]) -> None:
    """R41: in no colour, no box, no condition; a link that asks for it shows nothing of it."""
    row = house.rows(sa.select(table("dimension")))[0]
    off = DimensionFields(code="faith", label="Faith", state=DimensionState.OFF)
    house.amend("dimension", row.id, off, expected=row.version, by=ANALYST)
    test = page("map", filter="group.is(faith/north)")
    assert "Shown 0 of 0" in shown(test)
    offered = [option for part in test.selectbox for option in part.options]
    assert not [word for word in offered if "Northern" in word or "Faith" in word]
