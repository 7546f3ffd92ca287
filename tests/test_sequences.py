"""Any sequence of steps on an incident, in the store and in a model in plain Python beside it: the same states, a whole ledger."""

import copy
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import minimum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casualty import rules
from casualty.errors import EditConflict, InvalidRecords
from casualty.ledger import Rows
from casualty.schema import DocumentFields, IncidentDraft, SourceFields, VictimDraft, table
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

S = IncidentStatus

STEPS = st.one_of(
    st.tuples(st.just("amend"), st.integers(0, 6), st.integers(0, 2), st.booleans(), st.sampled_from(["A", "B", ""])),
    st.tuples(st.just("review"), st.sampled_from(list(S))),
    st.tuples(st.just("withdraw"), st.sampled_from(["", "twice"])),
    st.tuples(st.just("submit")),
    st.tuples(st.just("stale")),
)  # fmt: skip


class Model:
    """An incident in plain Python: the states it went through, and what may happen to it next."""

    def __init__(self, status: str) -> None:
        self.now: dict[str, Any] = {"title": "0", "status": status, "victims": {}, "claims": Counter({"A": 1})}
        self.states = [copy.deepcopy(self.now)]
        self.count = 0

    def moved(self, **fields: Any) -> None:
        self.now |= fields
        self.states.append(copy.deepcopy(self.now))

    def amended(self, title: int, new: int, drop: bool, source: str) -> bool:
        """Change as the step says; return False if that is no change, or not allowed."""
        if self.now["status"] == "withdrawn":
            return False
        before = copy.deepcopy(self.now)
        victims: dict[str, str | None] = self.now["victims"]
        if drop and victims:
            gone = min(victims)
            del victims[gone]
            for name, group in victims.items():
                victims[name] = None if group == gone else group
        groups = [name for name in sorted(victims) if name.startswith("group")]
        for _ in range(new):
            self.count += 1
            kind = "group" if self.count % 3 == 1 else "person"
            victims[f"{kind}{self.count:03}"] = groups[-1] if kind == "person" and groups else None
        self.now["title"] = str(title)
        if {**before, "claims": None} != {**self.now, "claims": None} and before["status"] in (
            "needs_work", "corroborated", "verified", "contested", "unverifiable", "refuted",
        ):  # fmt: skip
            self.now["status"] = "submitted"
        if source:
            self.now["claims"] |= Counter({source: 1})
        if self.now == before:
            return False
        self.moved()
        return True


def seen(rows: Rows) -> dict[str, Any]:
    """Return a body of the ledger in the model's terms."""
    root = rows["incident"][0]
    names = {row["id"]: row["described_as"] for row in rows.get("victim", [])}
    victims = {row["described_as"]: names.get(row.get("resolved_out_of")) for row in rows.get("victim", [])}
    claims = Counter(row["locator"] for row in rows["claim"])
    return {"title": root["title"], "status": root["status"], "victims": victims, "claims": claims}


class Run:
    """One incident taken through steps, in the store and in the model beside it."""

    def __init__(self, store: Store, documents: dict[str, str], status: S) -> None:
        self.store, self.documents, self.model = store, documents, Model(status.value)
        self.by, self.second = store.local("tester"), store.local("second")
        draft = minimum(documents["A"], title="0", claims=[self.claim("A")])
        self.key = store.record("incident", draft, self.by, status=status).id

    def claim(self, source: str) -> dict[str, Any]:
        return {"document_id": self.documents[source], "locator": source}

    def step(self, name: str, *told: Any) -> None:
        head = self.store.head()
        try:
            done = getattr(self, name)(*told)
        except InvalidRecords:
            done = False
        assert (self.store.head() != head) == done, (name, told, self.model.now)
        assert seen(self.store.current("incident", self.key)) == self.model.now

    def amend(self, title: int, new: int, drop: bool, source: str) -> bool:
        draft, version = self.store.draft(self.key)
        done = self.model.amended(title, new, drop, source)
        if not done and self.model.now["status"] == "withdrawn":
            title += 100
        draft.title = str(title)
        held = {victim.described_as: victim for victim in draft.victims}
        draft.victims = []
        for name, group in sorted(self.model.now["victims"].items()):
            victim = held.get(name) or VictimDraft.model_validate(
                {"described_as": name, "kind": name[:-3], "ref": name}
            )
            into = None if group is None else held.get(group)
            victim.resolved_out_of = group if into is None else into.id
            draft.victims.append(victim)
        if source:
            draft.claims = [IncidentDraft.model_validate({"claims": [self.claim(source)]}).claims[0]]
        self.store.amend("incident", self.key, draft, expected=version, by=self.by, reason="amended")
        return done

    def review(self, to: S) -> bool:
        """The table of moves stands in words in tests/spec/test_status_moves.py."""
        origins = len(self.model.now["claims"])
        allowed = to in rules.MOVES[S(self.model.now["status"])] - {S.DUPLICATE} and (
            to not in (S.VERIFIED, S.CORROBORATED) or origins >= 2
        )
        if allowed:
            self.model.moved(status=to.value)
        self.store.review(self.key, to, "judged", self.second)
        return allowed

    def withdraw(self, reason: str) -> bool:
        allowed = bool(reason) and self.model.now["status"] != "withdrawn"
        if allowed:
            self.model.moved(status="withdrawn")
        self.store.withdraw("incident", self.key, self.by, reason)
        return allowed

    def submit(self) -> bool:
        allowed = self.model.now["status"] in ("draft", "needs_work")
        if allowed:
            self.model.moved(status="submitted")
        self.store.submit(self.key, self.by)
        return allowed

    def stale(self) -> bool:
        draft, version = self.store.draft(self.key)
        draft.title = "stale"
        with pytest.raises(EditConflict):
            self.store.amend("incident", self.key, draft, expected=version - 1, by=self.by)
        return False


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.sampled_from([S.DRAFT, S.SUBMITTED]), steps=st.lists(STEPS, max_size=12))
def test_any_sequence_leaves_the_ledger_whole_and_every_state_in_it(
    store: Store, status: S, steps: list[tuple[Any, ...]]
) -> None:
    """R18, R20, R21: record, amend, review, withdraw and submit in any order: each past state can be rebuilt."""
    by = store.local("tester")
    documents = {row.title: row.id for row in store.rows(sa.select(table("document").c.title, table("document").c.id))}
    for name in {"A", "B"} - documents.keys():
        source = store.record("source", SourceFields(name=name), by)
        documents[name] = store.record("document", DocumentFields(title=name, source_id=source.id), by).id
    run = Run(store, documents, status)
    for name, *told in steps:
        run.step(name, *told)
    history = store.history("incident", run.key)
    assert [seen(revised.after or {}) for revised in history] == run.model.states
    assert [revised.after and revised.after["incident"][0]["version"] for revised in history] == [
        *range(1, len(history) + 1)
    ]
    assert [revised.before for revised in history[1:]] == [revised.after for revised in history[:-1]]
    store.verify()
