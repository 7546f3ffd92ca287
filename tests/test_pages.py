"""The record without a browser: every page full, asked wrongly, and as every role. The map has tests of its own."""

import pytest
import sqlalchemy as sa
from paged import Page, html, moved_in, opener, shown, three_incidents

from casualty.access import Acting
from casualty.schema import DimensionFields, table
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role


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
    assert "Killed, best 7 8" in text
    assert "recount" in text
    assert f"begins with {revision.hash[:12]}" in text


@pytest.mark.parametrize("code", ["NONE-SUCH-CODE", "' OR 1=1 --", "../../etc/passwd", "م"])
def test_an_unknown_code_is_answered_in_words(page: Page, full: dict[str, str], code: str) -> None:
    """R74"""
    assert "Nothing is held under" in page("record", code=code).info[0].value.replace("\\", "")


@pytest.mark.parametrize("role", list(Role))
def test_who_may_not_record_sees_no_form_and_reads_all_the_same(page: Page, full: dict[str, str], role: Role) -> None:
    """R75: the page follows the table of permissions."""
    may = role in (Role.RECORDER, Role.ADMINISTRATOR)
    assert any(part.label == "Save and submit for review" for part in page("record", role).button) is may
    test = page("record", role, code=full["exact"])
    assert "أحمد المثال" in shown(test)
    assert ("Amend" in test.get("button_group")[0].options) is may


def test_without_a_session_there_is_nothing(page: Page, full: dict[str, str]) -> None:
    """R75"""
    test = page("map", None)
    assert "Your session has ended" in shown(test)
    assert not test.title
