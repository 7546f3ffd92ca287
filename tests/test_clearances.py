"""Clearances: what an account of named situations sees and writes, and what it does not learn of."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import PASSWORD, minimum
from hypothesis import given
from hypothesis import strategies as st

from casualty import access
from casualty.access import Acting
from casualty.errors import InvalidRecords, NotFound, Refused
from casualty.schema import (
    CodingFields,
    CodingSampleFields,
    CorrectionFields,
    IncidentDraft,
    PairingFields,
    ReleaseFields,
    SituationFields,
    SourceFields,
    table,
)
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Role

pytestmark = pytest.mark.usefixtures("quick_hashes")
FIRST, OTHER = Acting("administrator", Role.ADMINISTRATOR), Acting("recorder2", Role.RECORDER)
NARROW, JUDGE = Acting("recorder", Role.RECORDER), Acting("reviewer", Role.REVIEWER)
VICTIM = {"kind": "person", "harm": "killed", "names": [{"name": "A"}]}


class Ground:
    """Two situations and incidents in them; the recorder and the reviewer are cleared for the first."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.document = store.record("source", SourceFields(name="x"), FIRST).id and self._document()
        self.cleared, self.closed = (
            store.record("situation", SituationFields(name=name), FIRST).id for name in ("North", "South")
        )
        self.seen = self.made(self.cleared, OTHER)
        self.hidden = self.made(self.closed, OTHER)
        self.nowhere = self.made(None, OTHER)
        self.own = {place: self.made(place, NARROW) for place in (self.cleared, self.closed, None)}
        for by in (NARROW, JUDGE):
            store.clear(by.name, self.cleared, FIRST, "works on the north")

    def _document(self) -> str:
        from casualty.schema import DocumentFields

        return self.store.record("document", DocumentFields(title="x"), FIRST).id

    def draft(self, situation: str | None) -> IncidentDraft:
        return minimum(self.document, situation_id=situation, victims=[VICTIM])

    def made(self, situation: str | None, by: Acting) -> str:
        return self.store.record("incident", self.draft(situation), by).id

    def amended(self, key: str, by: Acting, **fields: Any) -> None:
        draft, version = self.store.draft(key)
        for name, value in {"title": "Amended", **fields}.items():
            setattr(draft, name, value)
        self.store.amend("incident", key, draft, expected=version, by=by)

    def victim(self, key: str) -> str:
        return str(self.store.current("incident", key)["victim"][0]["id"])


@pytest.fixture
def ground(store: Store, accounts: dict[str, Acting]) -> Ground:
    return Ground(store)


def test_who_is_cleared_for_what(ground: Ground) -> None:
    """R75: without a scope all; named, those that stand; nobody known, none; what is taken back ends at once."""
    store = ground.store
    assert store.situations_of(OTHER) is None
    assert store.situations_of(Acting("local:tester")) is None
    assert store.situations_of(NARROW) == {ground.cleared}
    assert store.situations_of(Acting("nobody", Role.RECORDER)) == frozenset()
    store.clear("recorder", ground.closed, FIRST, "helps in the south")
    assert store.situations_of(NARROW) == {ground.cleared, ground.closed}
    store.end_clearance("recorder", ground.cleared, FIRST, "moved")
    assert store.situations_of(NARROW) == {ground.closed}
    store.clear("recorder", ground.cleared, FIRST, "back")
    assert store.situations_of(NARROW) == {ground.cleared, ground.closed}
    store.change_account("recorder", FIRST, "whole desk", scope="all")
    assert store.situations_of(NARROW) is None
    store.verify()


def test_only_an_administrator_clears_and_says_why(ground: Ground) -> None:
    """R75, R20"""
    for act in (ground.store.clear, ground.store.end_clearance):
        with pytest.raises(Refused, match="must be one of"):
            act("recorder", ground.cleared, NARROW, "for myself")
        with pytest.raises(InvalidRecords, match="reason"):
            act("recorder", ground.cleared, FIRST, "")
        with pytest.raises(NotFound):
            act("nobody", ground.cleared, FIRST, "why")
    with pytest.raises(NotFound, match="not cleared"):
        ground.store.end_clearance("recorder", ground.closed, FIRST, "why")


def test_what_is_not_cleared_is_not_found(ground: Ground) -> None:
    """R75: by id, by code, by a victim's code, in its history; that it exists is not told, in the same words as of none."""
    store = ground.store
    for key in (ground.hidden, ground.nowhere):
        code = store.current("incident", key)["incident"][0]["code"]
        victim = store.current("incident", key)["victim"][0]["code"]
        for read in (
            lambda key=key: store.current("incident", key, by=NARROW),
            lambda key=key: store.draft(key, by=NARROW),
            lambda key=key: store.history("incident", key, by=NARROW),
            lambda key=key: store.identify(key, by=NARROW),
            lambda code=code: store.identify(code, by=NARROW),
            lambda victim=victim: store.identify(victim, by=NARROW),
        ):
            with pytest.raises(NotFound) as told:
                read()
            assert not isinstance(told.value, Refused)
        with pytest.raises(NotFound) as none:
            store.current("incident", "no-such-id", by=NARROW)
        with pytest.raises(NotFound) as hidden:
            store.current("incident", key, by=NARROW)
        assert none.value.template == hidden.value.template
        assert store.current("incident", key, by=OTHER)
        assert store.identify(code, by=OTHER) == ("incident", key)
    for key in (ground.seen, *ground.own.values()):
        assert store.draft(key, by=NARROW)
        assert store.history("incident", key, by=NARROW)
        assert store.identify(key, by=NARROW) == ("incident", key)


def test_the_condition_of_queries_says_the_same(ground: Ground) -> None:
    """R75: what a query shows is what may be opened one by one."""
    incident = table("incident")
    for by in (NARROW, JUDGE, OTHER, FIRST):
        listed = {row.id for row in ground.store.rows(sa.select(incident.c.id).where(ground.store.visible(by)))}
        situations = ground.store.situations_of(by)
        rows = [dict(row._mapping) for row in ground.store.rows(sa.select(incident))]
        assert listed == {row["id"] for row in rows if access.sees(row, situations, by.name)}
    assert len(listed) == 6


WRITES: list[tuple[str, Callable[[Ground, str], Any]]] = [
    ("amend", lambda g, key: g.amended(key, NARROW)),
    ("withdraw", lambda g, key: g.store.withdraw("incident", key, NARROW, "twice")),
    ("submit", lambda g, key: g.store.submit(key, NARROW)),
    ("review", lambda g, key: g.store.review(key, IncidentStatus.IN_REVIEW, "taken up", JUDGE)),
    ("correction", lambda g, key: g.store.record("correction", CorrectionFields(
        incident_id=key, asked_by="family", received_on="2024-06-01", wanted="The age"), NARROW)),
    ("correction of a victim", lambda g, key: g.store.record("correction", CorrectionFields(
        victim_id=g.victim(key), asked_by="family", received_on="2024-06-01", wanted="The age"), NARROW)),
    ("pairing", lambda g, key: g.store.record("pairing", PairingFields(
        victim_id=g.victim(g.seen), other_id=g.victim(key), verdict="same", reasons="the same name"), JUDGE)),
    ("sample", lambda g, key: g.store.record("coding_sample", CodingSampleFields(
        coder="reviewer", seed=1, drawn_from="all", population=6, incidents=f'["{g.seen}", "{key}"]'), JUDGE)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "write"), WRITES)
def test_what_is_not_cleared_is_not_written(ground: Ground, what: str, write: Callable[[Ground, str], Any]) -> None:
    """R75: in the store, whatever the page; nothing is left behind."""
    before = ground.store.head()
    for key in (ground.hidden, ground.nowhere):
        with pytest.raises(NotFound, match="is held"):
            write(ground, key)
    assert ground.store.head() == before


def test_a_second_coding_of_what_is_not_cleared_is_not_written(ground: Ground) -> None:
    """R75"""
    drawn = CodingSampleFields(
        coder="reviewer", seed=1, drawn_from="all", population=6, incidents=f'["{ground.hidden}"]'
    )
    ground.store.add_account("wide", Role.REVIEWER, PASSWORD, FIRST)
    sample = ground.store.record("coding_sample", drawn, Acting("wide", Role.REVIEWER)).id
    coded = CodingFields(sample_id=sample, incident_id=ground.hidden, incident_type="unknown", to_status="unverifiable")
    with pytest.raises(NotFound):
        ground.store.record("coding", coded, JUDGE)
    with pytest.raises(NotFound):
        ground.store.current("coding_sample", sample, by=JUDGE)
    ground.store.change_account("reviewer", FIRST, "whole desk", scope="all")
    ground.store.record("coding", coded, JUDGE)


def test_what_is_cleared_is_written(ground: Ground) -> None:
    """R75"""
    ground.amended(ground.seen, NARROW)
    ground.store.review(ground.seen, IncidentStatus.IN_REVIEW, "taken up", JUDGE)
    for place in (ground.cleared, None):
        ground.amended(ground.own[place], NARROW)
        ground.made(place, NARROW)
    ground.amended(ground.own[ground.closed], NARROW)
    ground.amended(ground.own[ground.closed], NARROW, situation_id=ground.cleared)
    ground.store.verify()


def test_nothing_is_moved_to_where_one_is_not_cleared(ground: Ground) -> None:
    """R75: nor is another's incident taken out of its situation; one's own may stand in none."""
    for key, to in (
        (ground.seen, ground.closed),
        (ground.seen, None),
        (ground.own[ground.cleared], ground.closed),
        (ground.own[None], ground.closed),
    ):
        with pytest.raises(Refused, match="not cleared for the situation"):
            ground.amended(key, NARROW, situation_id=to)
    with pytest.raises(Refused, match="not cleared for the situation"):
        ground.made(ground.closed, NARROW)
    ground.amended(ground.own[ground.cleared], NARROW, situation_id=None)


def test_work_on_the_whole_record_is_for_those_who_see_it(ground: Ground) -> None:
    """R75: intake and release are refused in words to an account of named situations."""
    store = ground.store
    for action in ("intake", "withdraw_batch"):
        with pytest.raises(Refused, match="whole record"), store.writing(NARROW, action=action):
            pass
    custodian = Acting("custodian", Role.CUSTODIAN)
    store.clear("custodian", ground.cleared, FIRST, "north only")
    stated = {"tier": "public", "recipient": "x", "basis": "x", "manifest_sha256": "x", "ledger_head": "x"}
    with pytest.raises(Refused, match="whole record"):
        store.record("release", ReleaseFields.model_validate({**stated, "incidents": 1}), custodian)


def test_reference_data_stay_for_all(ground: Ground) -> None:
    """R75: sources, situations and the like are the deployment's."""
    saved = ground.store.record("source", SourceFields(name="Local paper"), NARROW)
    assert ground.store.current("source", saved.id, by=JUDGE)
    assert ground.store.current("situation", ground.closed, by=NARROW)


@given(
    situation=st.sampled_from([None, "a", "b"]),
    by=st.sampled_from(["me", "you"]),
    cleared=st.none() | st.frozensets(st.sampled_from(["a", "b", "c"])),
)
def test_the_rule_itself(situation: str | None, by: str, cleared: frozenset[str] | None) -> None:
    """R75: all, or the cleared situations and what one recorded; none is never among the cleared."""
    row = {"recorded_by": by} | ({} if situation is None else {"situation_id": situation})
    wanted = cleared is None or by == "me" or (situation is not None and situation in cleared)
    assert access.sees(row, cleared, "me") is wanted
