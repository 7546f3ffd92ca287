"""Beside the map, without a browser: findings of analyses, the record that was pressed, and the table that leaves."""

import hashlib
import json
from typing import Any

import pytest
import sqlalchemy as sa
from mapped import ADMIN, ANALYST, RECORDER, linked, watched
from paged import Page, box, html, moved_in, opener, press, shown, three_incidents
from streamlit.testing.v1 import AppTest

from casualty import runs
from casualty.schema import (
    DocumentFields,
    IncidentDraft,
    SituationFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import Role

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


# Layers: findings of analyses -----------------------------------------------------------------------------------------


def found(house: Store, full: dict[str, str]) -> str:
    """Keep a scan that found the exact incident; return its code."""
    cluster = {"rank": 1, "locations": [full["exact"]], "radius": 900.0, "p_value": 0.01, "start": "2024-05-01",
               "end": "2024-05-03", "high": True}  # fmt: skip
    other = cluster | {"rank": 2, "p_value": 0.6, "locations": ["NONE-NONE-NONE"]}
    result = {"method": "scan", "question": "Where?", "n": 2, "left_out": {}, "sentence": "Consistent with *one* cluster.",
              "caveats": [], "clusters": [cluster, other]}  # fmt: skip
    return str(
        runs.keep(
            house,
            ANALYST,
            method="scan",
            question="Where?",
            parameters={"filter": ""},
            data_sha256="a" * 64,
            seed=1,
            result=result,
        )
    )


def test_findings_lie_on_the_map_by_their_code(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R51: what was found when it was run, with its sentence; what stands out apart from what chance brings."""
    code = found(house, full)
    test = linked(page, Role.ANALYST, run=code)
    (circle,) = drawn["map"]["findings"]["circles"]
    assert circle[:5] == [20.25, 10.5, 900.0, 1, True]
    assert any(f"{code}: Consistent with *one* cluster." in part.value.replace("\\", "") for part in test.info)
    test.selectbox(key="map_run").set_value("").run()
    assert drawn["map"]["findings"]["circles"] == []
    assert "run" not in test.query_params


def test_a_code_that_is_not_known_shows_no_findings(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R74"""
    found(house, full)
    test = linked(page, Role.ANALYST, run="' OR 1=1")
    assert drawn["map"]["findings"]["circles"] == []
    assert "Shown 2 of 3" in shown(test)


def test_findings_tell_no_place_that_is_not_cleared(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R75: analyses are of the whole record, so an account of named situations is offered none."""
    code = found(house, full)
    north = house.record("situation", SituationFields(name="North"), ADMIN).id
    house.clear("reviewer", north, ADMIN, "works on the north")
    test = linked(page, Role.REVIEWER, run=code)
    assert drawn.get("map", {"findings": {"circles": []}})["findings"]["circles"] == []
    assert code not in "".join(test.selectbox(key="map_run").options)


# The record beside the map --------------------------------------------------------------------------------------------


def pressed(page: Page, drawn: dict[str, Any], role: Role, at: tuple[float, float] = (20.25, 10.5)) -> AppTest:
    """Press the spot that stands here."""
    test = page("map", role)
    key = next(spot[7] for spot in drawn["map"]["spots"] if (spot[0], spot[1]) == at)
    test.session_state["pressed"] = [key]
    return test.run()


def test_the_panel_shows_record_claims_history_and_neighbours(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R20, R31, R33: beside the map, with how far the place may be from its point."""
    document = house.record("document", DocumentFields(title="y"), RECORDER).id
    stated = {"date_start": "2024-05-05", "date_end": "2024-05-05", "lat": 10.55, "lon": 20.25, "place_precision": 1,
              "killed_best": 3, "claims": [{"document_id": document}]}  # fmt: skip
    near = house.record("incident", IncidentDraft.model_validate(stated), RECORDER)
    test = pressed(page, drawn, Role.RECORDER)
    text = shown(test)
    assert "within 500 m of its point" in text
    assert "Paper of record" in text
    assert drawn["map"]["chosen"] == {"lon": 20.25, "lat": 10.5, "metres": 500, "unit": None}
    views = test.get("button_group")[0]
    views.set_value("history").run()
    assert "begins with" in shown(test)
    test.get("button_group")[0].set_value("near").run()
    assert "3 days later" in shown(test)
    assert str(near.code) in html(test)
    assert any("is not a link between them" in part.value for part in test.caption)


def test_incidents_at_one_place_are_fanned_out(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R32: each leaf is one incident, in the order of the list beside the map; each can be chosen."""
    document = house.record("document", DocumentFields(title="y"), RECORDER).id
    stated = {"date_start": "2024-05-05", "date_end": "2024-05-05", "lat": 10.5, "lon": 20.25, "place_precision": 1,
              "killed_best": 3, "claims": [{"document_id": document}]}  # fmt: skip
    other = house.record("incident", IncidentDraft.model_validate(stated), RECORDER)
    test = pressed(page, drawn, Role.RECORDER)
    assert any("2 incidents here" in part.value for part in test.markdown)
    assert {leaf[0] for leaf in drawn["map"]["fan"]["leaves"]} == {full["exact"], str(other.code)}
    test.radio(key="map_chosen").set_value(str(other.code)).run()
    assert f"/record?code={other.code}" in html(test)
    press(test, "Next")
    assert test.session_state["map_chosen"] == full["exact"]


def test_a_record_is_questioned_from_the_panel(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R13: an analyst too may say what is doubtful; it waits for a reviewer."""
    test = pressed(page, drawn, Role.ANALYST)
    test.text_area(key=f"question-{full['exact']}").set_value("Counted twice?").run()
    press(test, "Ask the reviewers")
    (row,) = house.rows(sa.select(table("correction")))
    assert (row.incident_id, row.wanted, row.recorded_by) == (full["id"], "Counted twice?", "analyst")
    assert any("Taken down." in part.value for part in test.success)
    assert not [part for part in test.button if part.label == "Send back"]


def test_a_record_is_sent_back_to_review_from_the_panel(
    page: Page, house: Store, full: dict[str, str], drawn: dict[str, Any]
) -> None:
    """R13: by reviewers alone, with reasons; without any it is refused in words."""
    test = pressed(page, drawn, Role.REVIEWER)
    press(test, "Send back")
    assert 'role="alert"' in html(test)
    assert house.current("incident", full["id"])["incident"][0]["status"] == "submitted"
    test.text_area(key=f"back-{full['exact']}").set_value("The figures differ").run()
    press(test, "Send back")
    assert house.current("incident", full["id"])["incident"][0]["status"] == "in_review"


# What leaves the page -------------------------------------------------------------------------------------------------

TAKE = "Take these incidents as a table (CSV)"


@pytest.mark.parametrize("role", list(Role))
def test_a_table_is_offered_to_whom_it_may_be_given(page: Page, full: dict[str, str], role: Role) -> None:
    """R64, R75"""
    offered = any(part.label == TAKE for part in page("map", role).expander)
    assert offered is (role in (Role.ANALYST, Role.CUSTODIAN, Role.ADMINISTRATOR))


def test_a_table_is_taken_for_a_purpose_and_that_is_noted(page: Page, house: Store, full: dict[str, str]) -> None:
    """R64, R81: of what the filter holds, and of nothing else; a changed filter takes the ready table away."""
    test = page("map", Role.ANALYST, filter="killed_best.from(0)")
    make = next(part for part in test.button if part.key == "export_make")
    assert make.disabled
    test.text_input(key="export_purpose").set_value("Count by month").run()
    press(test, "Make the table")
    (ready,) = test.get("download_button")
    (row,) = house.rows(sa.select(table("release")))
    assert (row.recipient, row.incidents, row.tier) == ("analyst", 2, "internal")
    assert json.loads(row.basis) == {
        "purpose": "Count by month",
        "filter": "killed_best.from(0)",
        "what": "table of incidents",
    }
    assert hashlib.sha256(test.session_state["export_ready"][1]).hexdigest() == row.manifest_sha256
    assert ready.label == "Download"
    house.verify()
    box(test, "Code, title or place contains").set_value("سوق").run()
    assert not test.get("download_button")


def test_an_account_of_named_situations_takes_no_table(page: Page, house: Store, full: dict[str, str]) -> None:
    """R75"""
    north = house.record("situation", SituationFields(name="North"), ADMIN).id
    house.clear("analyst", north, ADMIN, "works on the north")
    assert not [part for part in page("map", Role.ANALYST).expander if part.label == TAKE]
