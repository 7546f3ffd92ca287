"""The pages without a browser: every page empty, full, asked wrongly, in Arabic, and as every role."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from app import session
from app.gate import Sessions
from casualty.access import Acting
from casualty.schema import (
    ActorFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    SourceFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role

MAIN = str(Path(__file__).parent.parent / "app" / "main.py")
PASSWORD = "a long password"
NASTY = "<script>alert(1)</script> *star* ![x](http://evil.example/x.png)"
Page = Callable[..., AppTest]


@pytest.fixture
def house(sqlite_store: Store) -> Store:
    """The store, shown by the pages, with one account of each role."""
    session.move_in(session.House(sqlite_store, Sessions(sqlite_store)))
    sqlite_store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, sqlite_store.local("tester"))
    first = Acting("administrator", Role.ADMINISTRATOR)
    for role in Role:
        if role is not Role.ADMINISTRATOR:
            sqlite_store.add_account(role.value, role, PASSWORD, first)
    return sqlite_store


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody of a role, at an address."""

    def opened(name: str, role: Role | None = Role.RECORDER, **params: Any) -> AppTest:
        by = Acting(role.value, role) if role else None
        monkeypatch.setattr(session, "acting", lambda: by)
        test = AppTest.from_file(MAIN, default_timeout=60).run()
        if role:
            test.switch_page(f"screens/{name}.py")
            for key, value in params.items():
                test.query_params[key.rstrip("_")] = value
            test.run()
        assert not test.exception
        return test

    return opened


@pytest.fixture
def full(house: Store) -> dict[str, str]:
    """Three incidents: one exact with a named victim, one that stands for a region, one without a place."""
    by, analyst = Acting("recorder", Role.RECORDER), Acting("analyst", Role.ANALYST)
    source = house.record("source", SourceFields(name="Paper of record"), by).id
    document = house.record("document", DocumentFields(title=NASTY, source_id=source), by).id
    dimension = house.record(
        "dimension",
        DimensionFields(code="faith", label="Faith", state=DimensionState.ON, assessment="signed"),
        analyst,
    ).id
    north = GroupFields(dimension_id=dimension, code="north", label="Northern")
    group = house.record("identity_group", north, analyst).id
    actor = house.record("actor", ActorFields(name="Group A"), by).id
    base = {"date_end": "2024-05-02", "date_start": "2024-05-02", "date_precision": 1}
    claims: list[dict[str, Any]] = [{"document_id": document, "killed_best": best} for best in (7, 9)]
    claims[1]["locator"] = "p. 2"
    victim = {
        "kind": "person",
        "harm": "killed",
        "names": [{"name": "أحمد المثال"}],
        "attributions": [{"dimension_id": dimension, "group_id": group, "basis": "family"}],
    }
    exact = {"lat": 10.5, "lon": 20.25, "place_as_reported": "سوق المدينة", "place_precision": 1, "uncertainty_m": 500}
    alleged = {"actor_id": actor, "role": "alleged_perpetrator"}
    drafts = {
        "exact": exact
        | {"killed_low": 5, "killed_best": 7, "killed_high": 9, "victims": [victim], "involvements": [alleged]},
        "area": {"lat": 11, "lon": 21, "place_as_reported": NASTY, "place_precision": 4, "killed_low": 2},
        "placeless": {"country": "Sampleland", "killed_best": 0, "date_start": "2023-01-01", "date_precision": 5},
    }
    saved = {
        name: house.record("incident", IncidentDraft.model_validate({**base, "claims": claims, **fields}), by)
        for name, fields in drafts.items()
    }
    codes = {name: str(one.code) for name, one in saved.items()}
    return codes | {"actor": actor, "id": saved["exact"].id, "identity": f"{dimension}/{group}"}


def html(test: AppTest) -> str:
    """All HTML of a page, its styles left out."""
    return "\n".join(part.proto.body for part in test.get("html") if "<style>" not in part.proto.body)


def shown(test: AppTest) -> str:
    """The text of a page's HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", html(test)).split())


def box(test: AppTest, label: str) -> Any:
    """The input of this label."""
    kinds = (test.text_input, test.text_area, test.number_input, test.selectbox, test.checkbox)
    (found,) = [part for kind in kinds for part in kind if part.label == label]
    return found


def press(test: AppTest, label: str) -> AppTest:
    """Press the button of this label."""
    (found,) = [part for part in test.button if part.label == label]
    return found.click().run()


# The map --------------------------------------------------------------------------------------------------------------


def test_an_empty_house_says_what_to_do(page: Page) -> None:
    """R50: nothing recorded is said, not drawn as zero."""
    test = page("map")
    assert "No incident is recorded yet" in test.info[0].value
    assert "Shown 0 of 0, 0 without a place." in shown(test)
    assert "<th" not in html(test)


def test_the_map_counts_every_matching_incident(page: Page, full: dict[str, str]) -> None:
    """R11, R49: what is shown, of how many, how many have no place, and that these are not all deaths."""
    text = shown(page("map"))
    assert "Shown 2 of 3, 1 without a place." in text
    assert "Documented incidents, not all deaths." in text
    assert text.count("Submitted") == 3
    assert "unknown (low 2, high unknown)" in text


def test_the_legend_gives_each_sign_one_meaning(page: Page, full: dict[str, str]) -> None:
    """R11, R33: what is not corroborated and what stands for an area can be told from the rest."""
    text = shown(page("map"))
    for word in ("not corroborated", "stands for an area, not the place", "number killed (best)"):
        assert word in text


ASKED: list[tuple[dict[str, Any], str]] = [
    ({"from_": "2024-01-01"}, "Shown 2 of 3, 1 without a place."),
    ({"from_": "2024-06-01"}, "Shown 0 of 0, 0 without a place."),
    ({"to": "2023-12-31"}, "Shown 0 of 1, 1 without a place."),
    ({"status": ["submitted"]}, "Shown 2 of 3, 1 without a place."),
    ({"status": ["verified"]}, "Shown 0 of 0, 0 without a place."),
    ({"killed": "1"}, "Shown 1 of 1, 0 without a place."),
    ({"killed": "0"}, "Shown 1 of 2, 1 without a place."),
    ({"q": "سوق"}, "Shown 1 of 1, 0 without a place."),
    ({"q": "sampleLAND"}, "Shown 0 of 1, 1 without a place."),
    ({"dimension": "faith", "group": "north"}, "Shown 1 of 1, 0 without a place."),
]


@pytest.mark.parametrize(("params", "counted"), ASKED)
def test_a_filter_in_the_address_is_followed(
    page: Page, full: dict[str, str], params: dict[str, Any], counted: str
) -> None:
    """R74: one filter for map and list, from plain ids and words."""
    test = page("map", **params)
    assert counted in shown(test)
    assert not test.warning


def test_an_actor_is_asked_for_by_id(page: Page, full: dict[str, str]) -> None:
    """R37: as an allegation."""
    test = page("map", actor=full["actor"])
    assert "Shown 1 of 1" in shown(test)
    assert "alleged" in next(part.label for part in test.selectbox if "Actor" in part.label)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"from_": "yesterday"}, "from"),
        ({"from_": "1066-10-14"}, "from"),
        ({"from_": "2024-02-01", "to": "2024-01-01"}, "from, to"),
        ({"status": ["submitted", "sure"]}, "status"),
        ({"type": "massacre"}, "type"),
        ({"dimension": "blood"}, "dimension"),
        ({"group": "north"}, "group"),
        ({"killed": "-1"}, "killed"),
        ({"killed": "９"}, "killed"),
        ({"actor": "' OR 1=1"}, "actor"),
        ({"pickle": "gASV"}, "pickle"),
    ],
)
def test_a_wrong_value_is_ignored_and_said(
    page: Page, full: dict[str, str], params: dict[str, Any], named: str
) -> None:
    """R74: nothing wrong in an address is followed or dropped in silence."""
    test = page("map", **params)
    assert f"{named}:" in test.warning[0].value.replace("\\", "")
    assert "of 3," in shown(test)


def test_what_is_unknown_is_left_out_and_said(page: Page, full: dict[str, str]) -> None:
    """R08: an incident without a best figure matches no question about it, and the page says how many."""
    test = page("map", killed="0")
    assert any("1 incident without a best number killed" in part.value for part in test.caption)


def test_a_filter_set_by_hand_goes_into_the_address(page: Page, full: dict[str, str]) -> None:
    """R74"""
    test = page("map")
    box(test, "Code or place contains").set_value("سوق").run()
    assert "Shown 1 of 1" in shown(test)
    assert test.query_params["q"] == "سوق"
    press(test, "Clear the filter")
    assert "of 3," in shown(test)
    assert "q" not in test.query_params


def test_nothing_of_the_record_acts_as_markup(page: Page, full: dict[str, str]) -> None:
    """R73: no script runs and no picture is fetched because of what somebody typed."""
    for test in (page("map"), page("record", code=full["exact"])):
        assert "<script>" not in html(test)
        assert "&lt;script&gt;" in html(test)
        assert not any("![x](" in part.value for part in (*test.markdown, *test.caption, *test.warning, *test.info))


# The record -----------------------------------------------------------------------------------------------------------


def test_a_record_is_shown_whole(page: Page, full: dict[str, str]) -> None:
    """R08, R22, R23, R37, R39: figures, names as written, allegations, attributions with their basis, all claims."""
    test = page("record", Role.ANALYST, code=full["exact"])
    text = shown(test)
    assert f"Incident {full['exact']}" in test.title[0].value
    for word in ("أحمد المثال", "سوق المدينة", "Alleged perpetrator", "Faith :", "basis: Family", "they differ"):
        assert word in text
    assert "within 500 m" in text
    assert "p. 2" in text
    assert 'dir="auto">أحمد المثال' in html(test)
    assert "Killed 5 7 9" in text
    assert "Injured unknown unknown unknown" in text


def test_unknown_is_never_shown_as_zero(page: Page, full: dict[str, str]) -> None:
    """R08, R25"""
    assert "Killed 2 unknown unknown" in shown(page("record", code=full["area"]))
    assert "Killed unknown 0 unknown" in shown(page("record", code=full["placeless"]))


def test_a_dimension_that_is_switched_off_is_nowhere(page: Page, house: Store, full: dict[str, str]) -> None:
    """R41"""
    row = house.rows(sa.select(table("dimension")))[0]
    off = DimensionFields(code="faith", label="Faith", state=DimensionState.OFF)
    house.amend("dimension", row.id, off, expected=row.version, by=Acting("analyst", Role.ANALYST))
    assert "Northern" not in shown(page("record", code=full["exact"]))
    assert not any("Identity" in part.label for part in page("map").selectbox)
    test = page("record")
    press(test, "Add a person")
    assert not any("Identity" in part.label for part in test.selectbox)


def test_history_tells_what_changed(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: who, when, which field, from what to what, and the link of the chain."""
    draft, version = house.draft(full["id"])
    changed, by = draft.model_copy(update={"killed_best": 8}), Acting("recorder", Role.RECORDER)
    house.amend("incident", full["id"], changed, expected=version, by=by, reason="recount")
    test = page("record", Role.REVIEWER, code=full["exact"])
    test.get("button_group")[0].set_value("History").run()
    revision = house.history("incident", full["id"])[-1]
    assert str(revision.seq) in test.expander[0].label
    assert "recorder" in test.expander[0].label
    text = shown(test)
    assert "incident killed_best 7 8" in text
    assert f"Reason: recount . Hash {revision.hash[:12]}" in text


@pytest.mark.parametrize("code", ["NONE-SUCH-CODE", "' OR 1=1 --", "../../etc/passwd", "م"])
def test_an_unknown_code_is_answered_in_words(page: Page, full: dict[str, str], code: str) -> None:
    """R74"""
    assert "Nothing is held under" in page("record", code=code).info[0].value.replace("\\", "")


@pytest.mark.parametrize("role", list(Role))
def test_who_may_not_record_sees_no_form_and_reads_all_the_same(page: Page, full: dict[str, str], role: Role) -> None:
    """R75: the page follows the table of permissions."""
    may = role in (Role.RECORDER, Role.ADMINISTRATOR)
    assert any(part.label == "Save the incident" for part in page("record", role).button) is may
    test = page("record", role, code=full["exact"])
    assert "أحمد المثال" in shown(test)
    assert ("Amend" in test.get("button_group")[0].options) is may


def test_without_a_session_there_is_nothing(page: Page, full: dict[str, str]) -> None:
    """R75"""
    test = page("map", None)
    assert "Your session has ended" in shown(test)
    assert not test.title


# Recording ------------------------------------------------------------------------------------------------------------


def minimum(test: AppTest) -> None:
    """Type the minimum record."""
    box(test, "Date (required)").set_value("2024-05")
    box(test, "Place as the source names it (required)").set_value("حيّ الزيتون")
    box(test, "Killed, best figure (one required)").set_value(11)
    box(test, "Source (required): who says so").set_value("Radio Sample")


def test_the_minimum_record_is_enough(page: Page, house: Store) -> None:
    """R07, R16, R32: place, date, number killed, source; a month stays a month."""
    test = page("record")
    minimum(test)
    test.run()
    assert any("2024-05-31, month" in part.value.replace("\\", "") for part in test.caption)
    press(test, "Save the incident")
    (row,) = house.rows(sa.select(table("incident")))
    assert (row.date_start, row.date_end, row.date_precision) == (date(2024, 5, 1), date(2024, 5, 31), 4)
    assert (row.place_as_reported, row.recorded_by) == ("حيّ الزيتون", "recorder")
    assert (row.killed_low, row.killed_best, row.killed_high) == (None, 11, None)
    (claim,) = house.rows(sa.select(table("claim")))
    assert (claim.killed_best, claim.date_as_reported) == (11, "2024-05")
    assert row.code in test.title[0].value
    assert row.code in test.success[0].value.replace("\\", "")


def test_nothing_at_all_is_refused_with_every_fault_at_once(page: Page, house: Store) -> None:
    """R07: the page names all four that are missing."""
    test = page("record")
    press(test, "Save the incident")
    text = shown(test)
    for word in ("Killed: No number killed.", "Date: No date.", "Place: No place.", "Source: No source is named."):
        assert word in text
    assert house.rows(sa.select(table("incident"))) == []


def test_nothing_typed_is_lost_by_a_fault(page: Page, house: Store) -> None:
    """R32: a date that is questioned stays in its box."""
    test = page("record")
    minimum(test)
    box(test, "Date (required)").set_value("05/04/24")
    press(test, "Save the incident")
    assert "may be day-month or month-day" in shown(test)
    assert box(test, "Date (required)").value == "05/04/24"
    assert box(test, "Place as the source names it (required)").value == "حيّ الزيتون"
    box(test, "Date (required)").set_value("2024-04-05")
    press(test, "Save the incident")
    assert len(house.rows(sa.select(table("incident")))) == 1


def test_saving_twice_makes_one_record(page: Page, house: Store) -> None:
    """R58: after saving the form is empty and new."""
    test = page("record")
    minimum(test)
    press(test, "Save the incident")
    del test.query_params["code"]
    test.run()
    assert box(test, "Date (required)").value == ""
    press(test, "Save the incident")
    assert len(house.rows(sa.select(table("incident")))) == 1


def test_victims_are_recorded_with_their_identity_and_its_basis(page: Page, house: Store, full: dict[str, str]) -> None:
    """R09, R23, R39, R44: a person by name, a group by numbers; no identity without a basis."""
    test = page("record")
    minimum(test)
    press(test, "Add a person")
    press(test, "Add an unnamed group")
    box(test, "Victim 1: name, in its own script").set_value("Иван Пример")
    box(test, "Age").set_value("34")
    box(test, "Victim 2: group, described as").set_value("harvesters")
    box(test, "At most").set_value(10)
    identity = next(part for part in test.selectbox if part.label.startswith("Identity group"))
    identity.set_value(full["identity"])
    press(test, "Save the incident")
    assert "Victim 1, Identity: An identity without its basis." in shown(test)
    next(part for part in test.selectbox if part.label == "How is it known?").set_value("family")
    press(test, "Save the incident")
    names = [row.name for row in house.rows(sa.select(table("victim_name")))]
    assert "Иван Пример" in names
    group = house.rows(sa.select(table("victim")).where(table("victim").c.kind == "group"))[0]
    assert (group.count_low, group.count_best, group.count_high, group.described_as) == (None, None, 10, "harvesters")
    assert len(house.rows(sa.select(table("attribution")))) == 2


def amending(page: Page, full: dict[str, str]) -> AppTest:
    test = page("record", code=full["exact"])
    return test.get("button_group")[0].set_value("Amend").run()


def test_an_amendment_changes_only_what_was_changed(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: claims, victims and attributions stay as they were."""
    before = house.current("incident", full["id"])
    test = amending(page, full)
    box(test, "Killed, at most (one required)").set_value(12)
    box(test, "Why it is changed").set_value("second list")
    press(test, "Save the changes")
    after = house.current("incident", full["id"])
    assert after["incident"][0] == before["incident"][0] | {"killed_high": 12, "version": 2}
    assert {name: rows for name, rows in after.items() if name != "incident"} == {
        name: rows for name, rows in before.items() if name != "incident"
    }
    assert house.history("incident", full["id"])[-1].reason == "second list"


def test_an_amendment_of_nothing_saves_nothing(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20"""
    press(amending(page, full), "Save the changes")
    assert len(house.history("incident", full["id"])) == 1


def test_two_who_save_the_same_record_lose_nothing(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: the second is told field by field, keeps what was typed, chooses, and saves."""
    test = amending(page, full)
    draft, version = house.draft(full["id"])
    other = draft.model_copy(update={"killed_best": 6, "country": "Elsewhere"})
    house.amend("incident", full["id"], other, expected=version, by=Acting("administrator", Role.ADMINISTRATOR))
    box(test, "Killed, best figure (one required)").set_value(8)
    box(test, "Time of day").set_value("dawn")
    press(test, "Save the changes")
    text = shown(test)
    assert "incident.killed_best 7 6 8" in text
    assert "incident.country unknown Elsewhere unknown" in text
    assert box(test, "Killed, best figure (one required)").value == 8
    (choice,) = test.radio
    assert "killed" in choice.label
    choice.set_value("theirs")
    press(test, "Save the changes")
    row = house.current("incident", full["id"])["incident"][0]
    assert (row["killed_best"], row["country"], row["time_of_day"], row["version"]) == (6, "Elsewhere", "dawn", 3)
