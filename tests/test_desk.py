"""Forms on the desk: nothing that somebody types is lost, nobody else reads it, and it never becomes two records (R58, R75)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casualty import desk
from casualty.access import Acting
from casualty.errors import CasualtyError, InvalidRecords, NotFound, Refused
from casualty.schema import IncidentDraft, table
from casualty.store import Store
from casualty.vocabulary import Role

NASTY = [
    "\x00",
    "\ud800 half a pair",
    "\u202eright to left",
    "😀" * 50,
    "كانت هناك",
    "' OR 1=1 --",
    "</script>",
    " ",
    "\n\t",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def key() -> str:
    return str(uuid4())


def standing(store: Store, by: Acting, form_id: str) -> dict[str, Any]:
    found = desk.form(store, by, form_id)
    assert found is not None
    return found.typed


@pytest.fixture
def finished(store: Store, by: Acting, draft: IncidentDraft) -> tuple[str, str]:
    """A form that became a record, and that record."""
    form_id = key()
    desk.keep(store, by, form_id, {"date": "2024-05-02"})
    with store.writing(by) as writer:
        assert desk.became(writer.connection, by, form_id) is None
        saved = writer.record("incident", draft).id
        desk.finish(writer.connection, by, form_id, saved)
    return form_id, saved


# One person, two devices ----------------------------------------------------------------------------------------------


def test_what_is_typed_lies_on_the_desk_and_in_no_ledger(store: Store, by: Acting) -> None:
    """R58, R75: typing is no record: the head of the ledger stands."""
    head, form_id = store.head(), key()
    assert desk.form(store, by, form_id) is None
    desk.keep(store, by, form_id, {"date": "2024", "place": "حيّ"})
    assert standing(store, by, form_id) == {"date": "2024", "place": "حيّ"}
    assert [form.id for form in desk.forms(store, by)] == [form_id]
    desk.discard(store, by, form_id)
    assert desk.form(store, by, form_id) is None
    assert store.head() == head
    store.verify()


def test_two_devices_that_type_in_different_fields_lose_nothing(store: Store, by: Acting) -> None:
    """R20: each sends what it changed; the last one to change a field wins that field alone."""
    form_id = key()
    desk.keep(store, by, form_id, {"date": "2024", "killed": "7"})
    desk.keep(store, by, form_id, {"place": "Market"})
    held = desk.keep(store, by, form_id, {"killed": "9"})
    assert held.typed == {"date": "2024", "killed": "9", "place": "Market"}
    assert desk.keep(store, by, form_id, {"date": None}).typed == {"killed": "9", "place": "Market"}


FIELDS = st.sampled_from(["date", "place", "killed", "people"])
TYPING = st.lists(st.tuples(st.booleans(), st.dictionaries(FIELDS, JSON, max_size=3)), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TYPING)
def test_any_order_of_two_devices_ends_as_if_one_had_typed(
    store: Store, by: Acting, typing: list[tuple[bool, dict[str, Any]]]
) -> None:
    """R20: what stands at the end is the last value of each field, whichever device sent it."""
    form_id, last = key(), dict[str, Any]()
    for _, changed in typing:
        last |= changed
        held = desk.keep(store, by, form_id, changed)
        assert held.typed == {name: value for name, value in last.items() if value is not None}
        assert standing(store, by, form_id) == held.typed


def test_many_that_type_at_once_lose_nothing(store: Store, by: Acting) -> None:
    """R20: the first field of a form may come from two devices at one moment."""
    for _ in range(5):
        form_id, start = key(), threading.Barrier(6)

        def typed(number: int, form_id: str = form_id, start: threading.Barrier = start) -> None:
            start.wait()
            desk.keep(store, by, form_id, {f"field {number}": number})

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(typed, range(6)))
        assert standing(store, by, form_id) == {f"field {number}": number for number in range(6)}


@pytest.mark.parametrize("text", NASTY)
def test_whatever_is_pasted_is_kept_as_it_is(store: Store, by: Acting, text: str) -> None:
    """R23, R32: it is questioned when it is saved, not thrown away while it is typed."""
    form_id = key()
    desk.keep(store, by, form_id, {text: text, "people": [{"id": "1", "name": text}]})
    assert standing(store, by, form_id) == {text: text, "people": [{"id": "1", "name": text}]}


def test_a_form_beyond_measure_is_refused_in_words_and_what_was_kept_stays(store: Store, by: Acting) -> None:
    """R32: 2 MB are no form of an incident."""
    form_id = key()
    desk.keep(store, by, form_id, {"date": "2024"})
    desk.keep(store, by, form_id, {"narrative_public": "x" * (desk.MOST_TYPED - 100)})
    with pytest.raises(InvalidRecords) as told:
        desk.keep(store, by, form_id, {"narrative_public": "ا" * desk.MOST_TYPED})
    assert told.value.faults[0].remedy
    assert standing(store, by, form_id)["date"] == "2024"


@pytest.mark.parametrize("form_id", ["", "1", "x" * 300, "\x00", "' OR 1=1", "5980FE9C-E568-43C0-916B-5697CB2637FD"])
def test_only_a_key_that_a_page_makes_lays_a_form(store: Store, by: Acting, form_id: str) -> None:
    """R74"""
    with pytest.raises(CasualtyError):
        desk.keep(store, by, form_id, {"date": "2024"})
    assert desk.forms(store, by) == []


def test_the_last_typed_comes_first(target: str) -> None:
    """R75: what one goes on with is what one left last."""
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    store = Store.create(target, clock=lambda: now[0])
    by, ids = store.local("tester"), [key(), key(), key()]
    for form_id in (*ids, ids[0]):
        now[0] += timedelta(minutes=1)
        desk.keep(store, by, form_id, {"date": str(now[0])})
    found = desk.forms(store, by)
    assert [form.id for form in found] == [ids[0], ids[2], ids[1]]
    assert found[0].begun_at < found[0].typed_at
    store.close()


# Whose it is ----------------------------------------------------------------------------------------------------------


def test_nobody_else_reads_changes_finishes_or_throws_away(
    store: Store, draft: IncidentDraft, accounts: dict[str, Acting]
) -> None:
    """R75: not the administrator either."""
    mine, form_id = accounts["recorder"], key()
    desk.keep(store, mine, form_id, {"date": "2024"})
    for name in ("recorder2", "administrator", "reviewer"):
        other = accounts[name]
        assert desk.forms(store, other) == []
        with pytest.raises(NotFound):
            desk.form(store, other, form_id)
        with pytest.raises(NotFound):
            desk.keep(store, other, form_id, {"date": "1999"})
        desk.discard(store, other, form_id)
    for name in ("recorder2", "administrator"):
        with store.writing(accounts[name]) as writer:
            with pytest.raises(NotFound):
                desk.became(writer.connection, accounts[name], form_id)
            desk.finish(writer.connection, accounts[name], form_id, writer.record("incident", draft).id)
    assert [form.id for form in desk.forms(store, mine)] == [form_id]
    assert standing(store, mine, form_id) == {"date": "2024"}


def test_who_has_no_account_any_more_types_nowhere(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: the store asks, not the page."""
    for who in (Acting("nobody", Role.RECORDER), Acting("recorder", Role.ADMINISTRATOR), Acting("recorder", None)):
        with pytest.raises(Refused):
            desk.keep(store, who, key(), {"date": "2024"})
    assert store.rows(sa.select(table("unfinished"))) == []


# What it becomes ------------------------------------------------------------------------------------------------------


def test_a_form_becomes_one_record_and_is_typed_into_no_more(
    store: Store, by: Acting, finished: tuple[str, str], draft: IncidentDraft
) -> None:
    """R58: a second saving is told what the first one made."""
    form_id, saved = finished
    with store.writing(by) as writer:
        assert desk.became(writer.connection, by, form_id) == saved
        desk.finish(writer.connection, by, form_id, "another")
        assert desk.became(writer.connection, by, form_id) == saved
    held = desk.keep(store, by, form_id, {"date": "1999"})
    assert (held.saved_id, held.typed) == (saved, {})
    assert desk.forms(store, by) == []
    desk.discard(store, by, form_id)
    assert desk.form(store, by, form_id) == held


def test_what_was_thrown_away_is_not_recorded_after_all(store: Store, by: Acting) -> None:
    """R58"""
    form_id = key()
    desk.keep(store, by, form_id, {"date": "2024"})
    desk.discard(store, by, form_id)
    with store.writing(by) as writer, pytest.raises(NotFound):
        desk.became(writer.connection, by, form_id)


def test_an_amendment_is_found_again_by_its_incident(store: Store, by: Acting, draft: IncidentDraft) -> None:
    """R20: on whichever device, at the version that was read."""
    held = store.record("incident", draft, by)
    form_id = key()
    assert desk.amending(store, by, held.id) is None
    desk.keep(store, by, form_id, {"killed": "8"}, incident_id=held.id, version=held.version)
    desk.keep(store, by, form_id, {"date": "2024"}, incident_id=held.id, version=99)
    found = desk.amending(store, by, held.id)
    assert found is not None
    assert (found.id, found.version, found.typed) == (form_id, held.version, {"killed": "8", "date": "2024"})
    assert desk.amending(store, store.local("second"), held.id) is None


def test_a_saved_form_is_forgotten_in_the_end_and_an_unsaved_one_never(tmp_path: Path) -> None:
    """R55: what became a record long ago needs no mark any more; what nobody saved waits."""
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    store = Store.create(tmp_path / "record.db", clock=lambda: now[0])
    by, saved, unsaved = store.local("tester"), key(), key()
    for form_id in (saved, unsaved):
        desk.keep(store, by, form_id, {"date": "2024"})
    with store.writing(by) as writer:
        desk.finish(writer.connection, by, saved, "a record")
    now[0] += timedelta(days=desk.KEPT_DAYS - 1)
    desk.keep(store, by, key(), {"date": "2024"})
    assert desk.form(store, by, saved) is not None
    now[0] += timedelta(days=2)
    desk.keep(store, by, key(), {"date": "2024"})
    assert desk.form(store, by, saved) is None
    assert standing(store, by, unsaved) == {"date": "2024"}
    store.close()
