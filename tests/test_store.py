"""The door: who writes when, under which keys, and what a record that passes through it becomes."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import PASSWORD, minimum
from sqlmodel import SQLModel
from whole import incident, references, whole

from casualty import telling
from casualty.access import Acting
from casualty.bodies import CROCKFORD, Ids
from casualty.errors import CasualtyError, InvalidRecords, NotFound, Refused, UsageFault
from casualty.schema import ActorFields, DeploymentFields, IncidentFields, OriginFields, SourceFields, table
from casualty.store import Store, opening
from casualty.vocabulary import IncidentStatus

STRANGE = ["\x00", "half \udc80", "", " ", "x" * 10_000, "' OR 1=1 --", "none"]


@pytest.mark.parametrize("text", STRANGE)
def test_what_cannot_be_held_is_not_found(store: Store, text: str) -> None:
    """R75: whatever is typed in search of a record, the answer is that there is none."""
    for ask in (
        store.identify,
        lambda text: store.current("incident", text),
        lambda text: store.history("incident", text),
        store.draft,
    ):
        with pytest.raises(NotFound):
            ask(text)
    with pytest.raises(NotFound):
        store.current("no kind", "x")
    for value in ("\x00", "\udc80", 10**30):
        try:
            found = store.rows(sa.text("SELECT name FROM deployment WHERE name = :v OR minimum_origins = :n"),
                               v=value if isinstance(value, str) else "", n=value if isinstance(value, int) else 0)  # fmt: skip
        except CasualtyError:
            continue
        assert found == []


# Two at once ---------------------------------------------------------------------------------------------------------


def test_writers_follow_one_another(store: Store) -> None:
    """R20, R21: eight people saving at the same moment leave one whole chain, every save in it."""
    by = store.local("tester")
    ids = references(store, by)
    before = store.head().seq
    faults: list[CasualtyError] = []

    def save(number: int) -> None:
        try:
            for turn in range(5):
                saved = store.record("incident", incident(ids, title=f"{number}.{turn}"), by)
                draft, version = store.draft(saved.id)
                draft.killed_best = 3
                store.amend("incident", saved.id, draft, expected=version, by=by)
        except CasualtyError as wrong:
            faults.append(wrong)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert store.verify().revisions == before + 80
    titles = store.rows(sa.select(table("incident").c.title))
    assert {row[0] for row in titles} == {f"{number}.{turn}" for number in range(8) for turn in range(5)}


def test_of_two_savings_of_one_record_one_wins(store: Store, document: str) -> None:
    """R20: eight people amend the same version at once: one is saved, the others are told, none is half there."""
    by = store.local("tester")
    saved = store.record("incident", minimum(document), by)
    told: list[str] = []
    ready = threading.Barrier(8)

    def save(number: int) -> None:
        draft, version = store.draft(saved.id)
        draft.title = str(number)
        ready.wait()
        try:
            store.amend("incident", saved.id, draft, expected=version, by=by)
            told.append("saved")
        except CasualtyError as wrong:
            told.append(type(wrong).__name__)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["EditConflict"] * 7 + ["saved"]
    assert len(store.history("incident", saved.id)) == 2
    store.verify()


def test_a_long_writer_does_not_stop_readers_and_others_are_told(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: reading goes on as of before; a second writer waits a while, then is told in words, and nothing is saved."""
    monkeypatch.setattr(opening, "WAIT_SECONDS", 1)
    store = Store.create(target)
    by = store.local("tester")
    with store.writing(by, reason="large batch") as writer:
        writer.record("origin", OriginFields(label="first"))
        writer.flush()
        assert store.rows(sa.select(table("origin").c.id)) == []
        assert store.head().seq == 1
        begun = time.monotonic()
        with pytest.raises(CasualtyError, match="Somebody else is writing") as told:
            store.record("origin", OriginFields(label="second"), by)
        assert 0.5 < time.monotonic() - begun < 10
        assert told.value.exit_code == 1
    assert [row[0] for row in store.rows(sa.select(table("origin").c.label))] == ["first"]
    assert store.verify().revisions == 2
    store.close()


def test_a_failure_on_the_way_leaves_nothing(store: Store) -> None:
    """R20: all of a transaction or nothing, rows and links alike."""
    by = store.local("tester")
    before = store.head()

    def broken(labels: Iterable[str], fault: BaseException | None) -> None:
        with store.writing(by) as writer:
            for label in labels:
                writer.record("origin", OriginFields(label=label))
            writer.flush()
            if fault:
                raise fault

    for fault in (ValueError("a fault"), KeyboardInterrupt()):
        with pytest.raises(type(fault)):
            broken("abc", fault)
    with pytest.raises(InvalidRecords, match="refused"):
        broken("aba", None)
    assert store.head() == before
    assert store.rows(sa.select(table("origin").c.id)) == []
    store.verify()


# Keys and codes ------------------------------------------------------------------------------------------------------


def test_keys_are_of_version_seven_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """R58: RFC 9562; later is greater, also when the clock stands still, goes back, or many ask at once."""
    ids = Ids()
    made = [ids.key() for _ in range(5000)]
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000_000_000_000)
    made += [ids.key() for _ in range(5000)]
    shared: list[str] = []
    threads = [threading.Thread(target=lambda: shared.extend(ids.key() for _ in range(2000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == sorted(made)
    assert len({*made, *shared}) == 18_000
    assert min(shared) > made[-1]
    for key in (*made[::500], *shared[::500]):
        assert (uuid.UUID(key).version, uuid.UUID(key).variant, str(uuid.UUID(key))) == (7, uuid.RFC_4122, key)


def test_keys_tell_when_they_were_made() -> None:
    """R58: the first 48 bits are milliseconds since 1970."""
    before = time.time_ns() // 1_000_000
    assert before <= uuid.UUID(Ids().key()).int >> 80 <= time.time_ns() // 1_000_000


def test_codes_carry_no_meaning_and_can_be_read_aloud() -> None:
    """R58: twelve letters and digits in three fours, none that is taken for another."""
    codes = {Ids.code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 14 and code[4] == code[9] == "-" for code in codes)
    letters = "".join(codes).replace("-", "")
    assert set(letters) == set(CROCKFORD)
    assert not set("ILOU") & set(CROCKFORD)


def test_a_code_finds_its_record(store: Store, document: str) -> None:
    """R18: an incident by its code, its victims' codes or its key, however typed; others by their key."""
    by = store.local("tester")
    saved = store.record("incident", minimum(document, victims=[{}]), by)
    (victim,) = store.current("incident", saved.id)["victim"]
    for code in (saved.code, str(saved.code).lower(), f"  {saved.code} ", victim["code"], saved.id, saved.id.upper()):
        assert store.identify(str(code)) == ("incident", saved.id)
    assert store.identify(document) == ("document", document)
    with pytest.raises(NotFound):
        store.identify(str(saved.code)[:-1])


# Records -------------------------------------------------------------------------------------------------------------


def test_a_draft_must_state_its_kind(store: Store, by: Acting) -> None:
    """R20: columns that a table does not have would stand in the ledger and not in the row."""
    drafts: list[tuple[str, SQLModel]] = [
        ("source", ActorFields(name="x")), ("incident", IncidentFields()), ("incident", SourceFields(name="x")),
        ("claim", SourceFields(name="x")), ("no kind", SourceFields(name="x")),
    ]  # fmt: skip
    for kind, draft in drafts:
        with pytest.raises(UsageFault, match="does not state"):
            store.record(kind, draft, by)
    assert store.head().seq == 1


@pytest.mark.parametrize("status", [s for s in IncidentStatus if s not in ("draft", "submitted")])
def test_nothing_enters_the_record_judged(store: Store, by: Acting, document: str, status: IncidentStatus) -> None:
    """R12, R13: a new incident is a draft or submitted; all else takes a review, a merge or a withdrawal."""
    with pytest.raises(InvalidRecords) as told:
        store.record("incident", minimum(document), by, status=status)
    assert [fault.field for fault in told.value.faults] == ["status"]


def test_every_kind_has_its_history(store: Store) -> None:
    """R20: recording, amending, withdrawing, restoring: each a revision with before and after, by whom and why."""
    by = store.local("tester")
    saved = store.record("source", SourceFields(name="Radio", kind="media", reliability="b"), by, "heard of")
    store.amend("source", saved.id, SourceFields(name="Radio One", kind="media"), expected=1, by=by, reason="renamed")
    store.withdraw("source", saved.id, by, "not a source")
    with pytest.raises(InvalidRecords, match="already withdrawn"):
        store.withdraw("source", saved.id, by, "not a source")
    with pytest.raises(InvalidRecords, match="restored before"):
        store.amend("source", saved.id, SourceFields(name="Radio"), expected=3, by=by)
    store.restore("source", saved.id, by, "it is one")
    with pytest.raises(InvalidRecords, match="is not withdrawn"):
        store.restore("source", saved.id, by, "it is one")
    told = store.history("source", saved.id)
    assert {r.actor for r in told} == {by.name}
    assert [(r.operation, r.reason) for r in told] == [
        ("record", "heard of"), ("amend", "renamed"), ("withdraw", "not a source"), ("restore", "it is one"),
    ]  # fmt: skip
    assert told[0].before is None
    assert all(later.before == earlier.after for earlier, later in pairwise(told))
    assert told[-1].after == store.current("source", saved.id)
    assert told[1].differences() == [
        ("source.name", "Radio", "Radio One"), ("source.reliability", "b", None), ("source.version", 1, 2),
    ]  # fmt: skip
    store.verify()


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_withdrawing_and_restoring_need_a_reason(store: Store, by: Acting, reason: str) -> None:
    """R20"""
    saved = store.record("origin", OriginFields(label="x"), by)
    for act in (store.withdraw, store.restore):
        with pytest.raises(InvalidRecords, match="reason"):
            act("origin", saved.id, by, reason)


@pytest.mark.parametrize("kind", ["batch", "release", "deployment"])
def test_what_is_not_withdrawn_by_hand(store: Store, kind: str) -> None:
    """R20: the message says what to do instead."""
    ids = whole(store)
    keeper = store.sign_in("keeper", PASSWORD)
    with pytest.raises(InvalidRecords, match="not withdrawn so"):
        store.withdraw(kind, ids.get(kind, ""), keeper, "wrong")


def test_a_record_as_it_stood_at_a_revision(store: Store, by: Acting, document: str) -> None:
    """R20: `history --at` shows the state after the last revision up to that one."""
    saved = store.record("incident", minimum(document, title="First"), by)
    first = store.head().seq
    store.record("origin", OriginFields(label="between"), by)
    draft, version = store.draft(saved.id)
    draft.title = "Second"
    store.amend("incident", saved.id, draft, expected=version, by=by)

    def title(at: int) -> Any:
        document, text = telling.history(store, str(saved.code), at)
        assert isinstance(document, dict)
        assert document["state"]["incident"][0]["title"] in text
        return document["state"]["incident"][0]["title"], document["seq"]

    assert title(first) == title(first + 1) == ("First", first)
    assert title(first + 2) == title(10**30) == ("Second", first + 2)
    for early in (first - 1, 0, -5):
        with pytest.raises(NotFound, match="not yet recorded"):
            telling.history(store, saved.id, early)


def test_what_the_database_refuses_is_told_by_its_constraint(store: Store, by: Acting, document: str) -> None:
    """R16: unknown references and taken names, in words and without the values."""
    store.record("source", SourceFields(name="Secret name"), by)
    acts: list[Callable[[], object]] = [
        lambda: store.record("incident", minimum("no such document"), by),
        lambda: store.record("source", SourceFields(name="Secret name"), by),
        lambda: store.record("incident", minimum(document, situation_id="none"), by),
    ]
    for act in acts:
        with pytest.raises(InvalidRecords, match="refused") as told:
            act()
        assert "Secret" not in str(told.value)
    assert store.verify().revisions == 4


def test_an_assessment_comes_before_a_dimension(store: Store, by: Acting) -> None:
    """R41, R42: a sensitive dimension is not switched on without its signed assessment, blank text included."""
    from casualty.schema import DimensionFields

    for assessment in (None, "", "  "):
        with pytest.raises(InvalidRecords, match="assessment_first"):
            store.record(
                "dimension", DimensionFields(code="faith", label="Faith", state="on", assessment=assessment), by
            )
    saved = store.record("dimension", DimensionFields(code="faith", label="Faith", state="on", assessment="Signed"), by)
    with pytest.raises(InvalidRecords, match="assessment_first"):
        store.amend("dimension", saved.id, DimensionFields(code="faith", label="Faith", state="on"), expected=1, by=by)


def test_deployment_settings_are_amended_like_any_record(store: Store, by: Acting) -> None:
    """R17: with history."""
    held = store.deployment()
    store.amend(
        "deployment", held["id"], DeploymentFields(name="Ours", minimum_origins=3), expected=1, by=by, reason="decided"
    )
    assert store.deployment()["minimum_origins"] == 3
    assert [r.reason for r in store.history("deployment", held["id"])] == ["database made", "decided"]


def test_the_login_name_signs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R20: as the system knows it, however odd, and never without one."""
    from casualty.store import login_name

    for name in ("anna", "a" * 500, "né"):
        monkeypatch.setenv("LOGNAME", name)
        assert login_name() == name
        store.record("origin", OriginFields(label=name[:60]), store.local(login_name()))
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(OSError("no user")))
    assert login_name() == str(os.getuid())
    with pytest.raises(Refused):
        store.record("origin", OriginFields(label="x"), Acting(login_name()))
    store.verify()
