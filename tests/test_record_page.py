"""The record page without a browser: recorded fast or deep, questioned at its box, kept as it is typed, amended by two."""

import json
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from paged import Page, box, html, moved_in, opener, press, shown, three_incidents
from streamlit.testing.v1 import AppTest
from typed import BOXES, MINIMUM, held
from typed import full as whole_form

from app.language import CHOSEN
from casualty import desk
from casualty.access import Acting
from casualty.schema import DimensionFields, table
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role

SAVE, AMEND = "Save and submit for review", "Save the changes"
DATE, KILLED = "Date (required)", "How many were killed? (required)"
PLACE, SOURCE = "Place, as the source names it (required)", "Source: who says so (required)"
REASON = "Why is it changed? (required)"
BY = Acting("recorder", Role.RECORDER)


@pytest.fixture
def house(sqlite_store: Store) -> Store:
    """The store, shown by the pages, with one account of each role."""
    return moved_in(sqlite_store)


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens a page as somebody of a role, at an address."""
    return opener(monkeypatch)


@pytest.fixture
def full(house: Store) -> dict[str, str]:
    """Three incidents: one exact with a named victim, one that stands for a region, one without a place."""
    return three_incidents(house)


def count(store: Store, name: str) -> int:
    return int(store.rows(sa.select(sa.func.count()).select_from(table(name)))[0][0])


def laid(store: Store, typed: dict[str, Any]) -> str:
    """Lay a form on the recorder's desk, as another device has typed it; return its key."""
    form_id = str(uuid4())
    desk.keep(store, BY, form_id, typed)
    return form_id


def minimum(test: AppTest) -> None:
    """Type the minimum record."""
    box(test, DATE).set_value("2024-05")
    box(test, PLACE).set_value("حيّ الزيتون")
    box(test, KILLED).set_value("11")
    box(test, SOURCE).set_value("Radio Sample")


def grid(test: AppTest) -> dict[str, Any]:
    """Return what the grid of victims is given."""
    (part,) = [one for one in test.get("bidi_component") if one.proto.component_name == "casualty_grid"]
    given: dict[str, Any] = json.loads(part.proto.json)
    return given


# Recording ------------------------------------------------------------------------------------------------------------


def test_the_minimum_record_is_enough(page: Page, house: Store) -> None:
    """R07, R16, R32: place, date, number killed, source; a month stays a month, and is said before it is saved."""
    test = page("record")
    minimum(test)
    test.run()
    said = " ".join(part.value.replace("\\", "") for part in test.caption)
    assert "2024-05-01 to 2024-05-31" in said
    assert "best figure 11" in said
    press(test, SAVE)
    (row,) = house.rows(sa.select(table("incident")))
    assert (row.date_start, row.date_end, row.date_precision) == (date(2024, 5, 1), date(2024, 5, 31), 4)
    assert (row.place_as_reported, row.recorded_by, row.status) == ("حيّ الزيتون", "recorder", "submitted")
    assert (row.killed_low, row.killed_best, row.killed_high) == (None, 11, None)
    (claim,) = house.rows(sa.select(table("claim")))
    assert (claim.killed_best, claim.date_as_reported) == (11, "2024-05")
    assert row.code in test.title[0].value
    assert row.code in test.success[0].value.replace("\\", "")


def test_nothing_at_all_is_refused_with_every_fault_at_its_box(page: Page, house: Store) -> None:
    """R07: the page names all four that are missing, each once, and what is required looks so before."""
    test = page("record")
    assert {DATE, KILLED, PLACE, SOURCE} <= {part.label for part in test.text_input}
    assert "No date." not in shown(test)
    press(test, SAVE)
    text = shown(test)
    for word in ("No number killed.", "No date.", "No place.", "No source is named."):
        assert text.count(word) == 1
    assert count(house, "incident") == 0


def test_nothing_typed_is_lost_by_a_fault(page: Page, house: Store) -> None:
    """R32, R58: a date that is questioned stays in its box, its readings beside it; all else stays too."""
    test = page("record")
    minimum(test)
    box(test, DATE).set_value("05/04/2024")
    press(test, SAVE)
    assert box(test, DATE).value == "05/04/2024"
    assert box(test, PLACE).value == "حيّ الزيتون"
    assert count(house, "incident") == 0
    press(test, "It means 2024-04-05")
    press(test, SAVE)
    (row,) = house.rows(sa.select(table("incident")))
    assert (row.date_start, row.date_as_reported) == (date(2024, 4, 5), "05/04/2024")


def test_a_fault_goes_when_its_box_is_typed_in(page: Page) -> None:
    """R58"""
    test = page("record")
    minimum(test)
    box(test, KILLED).set_value("dozens")
    press(test, SAVE)
    assert "is no number of people" in shown(test)
    box(test, KILLED).set_value("30").run()
    assert "is no number of people" not in shown(test)
    assert "cannot be saved" not in shown(test)


def test_saving_twice_makes_one_record(page: Page, house: Store) -> None:
    """R58: the same form is the same record, also when its old address is opened; a new form is empty."""
    test = page("record")
    minimum(test)
    test.run()
    address = test.query_params["form"]
    press(test, SAVE)
    again = page("record", form=address)
    assert house.rows(sa.select(table("incident")))[0].code in again.title[0].value
    test = page("record")
    assert box(test, DATE).value == ""
    press(test, SAVE)
    assert count(house, "incident") == count(house, "document") == 1


@pytest.mark.parametrize("wrong", ["", "x", "' OR 1=1", "../../etc/passwd", "5980FE9C-E568-43C0-916B-5697CB2637FD"])
def test_any_address_of_a_form_opens_one(page: Page, house: Store, wrong: str) -> None:
    """R74"""
    test = page("record", form=wrong)
    minimum(test)
    press(test, SAVE)
    assert count(house, "incident") == 1


# Kept as it is typed --------------------------------------------------------------------------------------------------


def test_what_is_typed_lies_on_the_desk_and_comes_back(page: Page, house: Store) -> None:
    """R58, R75: after a reload, and on another device, without being saved; the ledger knows nothing of it."""
    head = house.head()
    test = page("record")
    minimum(test)
    test.run()
    address = test.query_params["form"]
    form = desk.form(house, BY, address[0] if isinstance(address, list) else address)
    assert form is not None
    assert form.typed["place_as_reported"] == "حيّ الزيتون"
    again = page("record", form=form.id)
    assert (box(again, DATE).value, box(again, KILLED).value, box(again, PLACE).value) == (
        "2024-05",
        "11",
        "حيّ الزيتون",
    )
    other = page("record")
    (resume,) = [part for part in other.button if part.label.startswith("Go on")]
    assert "الزيتون" in resume.label
    resume.click().run()
    assert box(other, SOURCE).value == "Radio Sample"
    assert house.head() == head


def test_what_is_thrown_away_is_gone(page: Page, house: Store) -> None:
    """R58: the form alone, and the next one is empty."""
    test = page("record", form=laid(house, MINIMUM))
    press(test, "Yes, throw it away")
    assert box(test, DATE).value == ""
    assert [form for form in desk.forms(house, BY) if form.typed] == []


def test_somebody_elses_form_is_not_opened(page: Page, house: Store) -> None:
    """R75: the address of a form is no key to it."""
    test = page("record", Role.ADMINISTRATOR, form=laid(house, MINIMUM))
    assert box(test, PLACE).value == ""
    assert "Market" not in shown(test)


def test_every_fault_has_a_box_to_stand_at(page: Page, house: Store) -> None:
    """R32, R58: the boxes that faults are told at are those of the page, and a form comes back with every one filled."""
    typed = whole_form(held(house, Acting("administrator", Role.ADMINISTRATOR)))
    test = page("record", form=(form_id := laid(house, typed)))
    next(part for part in test.selectbox if part.label == "More about one victim").set_value("p1").run()
    kinds = (test.text_input, test.text_area, test.selectbox, test.multiselect, test.checkbox)
    standing = {part.key.removeprefix(f"{form_id}:").partition("~")[0]: part.value for kind in kinds for part in kind
                if str(part.key).startswith(f"{form_id}:")}  # fmt: skip
    cells = {f"people.{row['id']}.{column['name']}" for row in grid(test)["rows"] for column in grid(test)["columns"]}
    assert standing.keys() | cells | {"people"} >= BOXES
    assert {name: value for name, value in standing.items() if name in typed} == {
        name: value for name, value in typed.items() if name in standing
    }
    assert grid(test)["rows"] == typed["people"]
    form = desk.form(house, BY, form_id)
    assert form is not None
    assert {name: form.typed.get(name) for name in typed} == typed
    press(test, SAVE)
    assert count(house, "incident") == 1


# Victims --------------------------------------------------------------------------------------------------------------


def test_victims_are_recorded_with_their_identity_and_its_basis(page: Page, house: Store, full: dict[str, str]) -> None:
    """R09, R23, R39, R44: a person by name, a group by numbers; no identity without a basis, and the cell says so."""
    people = [
        {"id": "a", "name": "Иван Пример", "age": "34", "identity": full["identity"]},
        {"id": "b", "count": "up to 10", "note": "harvesters"},
    ]
    test = page("record", form=laid(house, MINIMUM | {"people": people}))
    press(test, SAVE)
    assert "An identity without its basis." in grid(test)["faults"]["a"]["basis"]
    assert count(house, "incident") == 3
    people[0]["basis"] = "family"
    test = page("record", form=laid(house, MINIMUM | {"people": people}))
    press(test, SAVE)
    assert "Иван Пример" in [row.name for row in house.rows(sa.select(table("victim_name")))]
    group = house.rows(sa.select(table("victim")).where(table("victim").c.kind == "group"))[0]
    assert (group.count_low, group.count_best, group.count_high, group.described_as) == (None, None, 10, "harvesters")
    assert count(house, "attribution") == 2


@pytest.mark.parametrize(
    ("killed", "count_of_group", "said"),
    [
        ("9-11", "", "7 named: 7 killed are described. Stated: \u20669–11\u2069; not described: \u20662–4\u2069."),
        ("9-11", "4", "7 named, 4 in groups: 11 killed are described. Stated: \u20669–11\u2069; not described: 0."),
        ("at least 9", "", "7 named: 7 killed are described. Stated: at least 9; not described: at least 2."),
        ("?", "", "7 named: 7 killed are described."),
    ],
)
def test_rows_and_the_figure_are_reconciled_in_words(
    page: Page, house: Store, killed: str, count_of_group: str, said: str
) -> None:
    """R09, R30: "7 named of 9-11", and what is left."""
    people = [{"id": f"r{number}", "name": f"Name {number}"} for number in range(7)] + [
        {"id": "g", "count": count_of_group}
    ]
    test = page("record", form=laid(house, MINIMUM | {"killed": killed, "people": people}))
    assert said in shown(test)


def test_more_victims_than_stated_are_questioned_and_saved(page: Page, house: Store) -> None:
    """R08, R09: the rows and the number are both kept; somebody looks at both."""
    people = [{"id": f"r{number}", "name": f"Name {number}"} for number in range(12)]
    test = page("record", form=laid(house, MINIMUM | {"people": people}))
    assert "At least 1 more" in test.warning[0].value.replace("\\", "")
    press(test, SAVE)
    assert count(house, "victim") == 12


def test_a_dimension_that_is_switched_off_has_no_column(page: Page, house: Store, full: dict[str, str]) -> None:
    """R41: and what is held in it stays when something else is amended."""
    assert {"identity", "basis"} <= {column["name"] for column in grid(page("record"))["columns"]}
    row = house.rows(sa.select(table("dimension")))[0]
    off = DimensionFields(code="faith", label="Faith", state=DimensionState.OFF)
    house.amend("dimension", row.id, off, expected=row.version, by=Acting("analyst", Role.ANALYST))
    assert not {"identity", "basis"} & {column["name"] for column in grid(page("record"))["columns"]}
    before = house.current("incident", full["id"])["attribution"]
    test = amending(page, full)
    box(test, "Country").set_value("Elsewhere")
    box(test, REASON).set_value("known now")
    press(test, AMEND)
    now = house.current("incident", full["id"])
    assert (now["incident"][0]["country"], now["attribution"]) == ("Elsewhere", before)


# In Arabic ------------------------------------------------------------------------------------------------------------


def test_the_page_asks_and_questions_in_arabic(page: Page, house: Store) -> None:
    """R77: labels, faults and the way to mend them; what was typed stays as it was typed."""
    test = page("record", form=laid(house, MINIMUM | {"killed": "عشرات"}))
    english = {part.label for part in (*test.text_input, *test.selectbox, *test.button)}
    test.session_state[CHOSEN] = "ar"
    test.run()
    arabic = {part.label for part in (*test.text_input, *test.selectbox, *test.button)}
    assert not english & arabic
    save = next(part for part in test.button if str(part.key).endswith("-save"))
    save.click().run()
    assert "is no number of people" not in html(test)
    assert "عشرات" in html(test)
    assert count(house, "incident") == 0
    killed = next(part for part in test.text_input if str(part.key).endswith(":killed"))
    killed.set_value("من ٩ إلى ١١").run()
    next(part for part in test.button if str(part.key).endswith("-save")).click().run()
    (row,) = house.rows(sa.select(table("incident")))
    assert (row.killed_low, row.killed_high) == (9, 11)


# Amending -------------------------------------------------------------------------------------------------------------


def amending(page: Page, full: dict[str, str]) -> AppTest:
    test = page("record", code=full["exact"])
    return test.get("button_group")[0].set_value("Amend").run()


def test_an_amendment_changes_only_what_was_changed(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: claims, victims and attributions stay as they were."""
    before = house.current("incident", full["id"])
    test = amending(page, full)
    assert box(test, KILLED).value == "5-7-9"
    box(test, KILLED).set_value("5-7-12")
    box(test, REASON).set_value("second list")
    press(test, AMEND)
    after = house.current("incident", full["id"])
    assert after["incident"][0] == before["incident"][0] | {"killed_high": 12, "version": 2}
    assert {name: rows for name, rows in after.items() if name != "incident"} == {
        name: rows for name, rows in before.items() if name != "incident"
    }
    assert house.history("incident", full["id"])[-1].reason == "second list"


def test_an_amendment_of_nothing_saves_nothing(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: an amendment that was only looked at leaves nothing on the desk; one without a reason is asked for it."""
    test = amending(page, full)
    assert desk.forms(house, BY) == []
    press(test, AMEND)
    assert "No reason is given." in shown(test)
    box(test, REASON).set_value("to see")
    press(test, AMEND)
    assert "Nothing was changed" in test.success[0].value.replace("\\", "")
    assert len(house.history("incident", full["id"])) == 1
    assert desk.forms(house, BY) == []


def test_an_amendment_begun_elsewhere_goes_on_here(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20, R58: with what was typed, at the version that was read then."""
    test = amending(page, full)
    box(test, KILLED).set_value("8").run()
    other = amending(page, full)
    assert box(other, KILLED).value == "8"
    box(other, REASON).set_value("recount")
    press(other, AMEND)
    assert house.current("incident", full["id"])["incident"][0]["killed_best"] == 8


def test_a_source_is_named_in_an_amendment_too(page: Page, house: Store, full: dict[str, str]) -> None:
    """R22: a source typed without its name is questioned at a box that is there."""
    test = amending(page, full)
    box(test, "Killed, by this source").set_value("6")
    box(test, REASON).set_value("another source")
    press(test, AMEND)
    assert "A source without its name." in shown(test)
    box(test, "Who says so").set_value("Clinic")
    press(test, AMEND)
    assert count(house, "claim") == 7


def test_two_who_save_the_same_record_lose_nothing(page: Page, house: Store, full: dict[str, str]) -> None:
    """R20: the second is told field by field, keeps what was typed, chooses, and saves."""
    test = amending(page, full)
    box(test, KILLED).set_value("5-8-9")
    box(test, "Time of day").set_value("dawn")
    box(test, REASON).set_value("mine").run()
    draft, version = house.draft(full["id"])
    other = draft.model_copy(update={"killed_best": 6, "country": "Elsewhere"})
    house.amend("incident", full["id"], other, expected=version, by=Acting("administrator", Role.ADMINISTRATOR))
    press(test, AMEND)
    text = shown(test)
    assert "killed_best 7 6 8" in text
    assert "country unknown Elsewhere unknown" in text
    assert box(test, KILLED).value == "5-8-9"
    (choice,) = test.radio
    assert "killed" in choice.label.lower()
    choice.set_value("theirs")
    press(test, AMEND)
    row = house.current("incident", full["id"])["incident"][0]
    assert (row["killed_best"], row["country"], row["time_of_day"], row["version"]) == (6, "Elsewhere", "dawn", 3)
