"""Two records of one thing: merged, taken apart again, counted once, and told (R09, R15, R18, R20)."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import minimum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casualty import frames, release, review, rules
from casualty.access import Acting
from casualty.errors import CasualtyError, InvalidRecords, NotFound, Refused
from casualty.schema import DimensionFields, DocumentFields, GroupFields, PairingFields, SourceFields, table
from casualty.store import Store
from casualty.summary import Sums, summarise
from casualty.vocabulary import IncidentStatus, SameOrNot, Tier

S = IncidentStatus
PERSON = {"harm": "killed"}


class Desk:
    """A store with a recorder, a second person and a third; incidents each of a source of its own."""

    def __init__(self, store: Store) -> None:
        self.store, self.papers = store, 0
        self.by, self.second, self.third = (store.local(name) for name in ("recorder", "second", "third"))

    def incident(self, **fields: Any) -> str:
        self.papers += 1
        source = self.store.record("source", SourceFields(name=f"Paper {self.papers}"), self.by)
        document = self.store.record("document", DocumentFields(title="Issue", source_id=source.id), self.by).id
        return self.store.record("incident", minimum(document, **fields), self.by).id

    def code(self, key: str) -> str:
        return str(self.store.current("incident", key)["incident"][0]["code"])

    def status(self, key: str) -> str:
        return str(self.store.current("incident", key)["incident"][0]["status"])

    def victims(self, key: str) -> list[str]:
        return [row["code"] for row in self.store.current("incident", key).get("victim", [])]

    def verify(self, key: str) -> None:
        for status in (S.IN_REVIEW, S.VERIFIED):
            self.store.review(key, status, "Seen", self.second)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_duplicate_points_to_the_record_that_stands(desk: Desk) -> None:
    """R18, R20: with reasons, signed; and the counts have it once."""
    one, other = desk.incident(killed_best=7), desk.incident(killed_best=7)
    assert summarise(desk.store).total.killed_best == 14
    done = review.merge(desk.store, desk.code(one), desk.code(other), "The same market", desk.second)
    assert (done.kind, done.id, done.into_id) == ("incident", one, other)
    row = desk.store.current("incident", one)
    assert (row["incident"][0]["status"], row["incident"][0]["merged_into_id"]) == ("duplicate", other)
    assert [(r["from_status"], r["to_status"], r["reasons"]) for r in row["review"]] == [
        ("submitted", "duplicate", "The same market")
    ]
    assert review.redirect(desk.store, one) == review.redirect(desk.store, other) == other
    assert summarise(desk.store).total.killed_best == 7
    desk.store.verify()


def test_merging_into_a_duplicate_leads_to_what_stands(desk: Desk) -> None:
    """R18"""
    a, b, c = (desk.incident() for _ in range(3))
    review.merge(desk.store, a, b, "same", desk.second)
    assert review.merge(desk.store, c, a, "same", desk.second).into_id == b
    assert [review.redirect(desk.store, key) for key in (a, b, c)] == [b, b, b]
    review.merge(desk.store, b, desk.incident(), "same", desk.second)
    assert len({review.redirect(desk.store, key) for key in (a, b, c)}) == 1


WRONG = [
    # what is merged  into     by           reason    what is wrong
    ("a",             "a",     "second",    "same",   "into"),
    ("a",             "dup",   "second",    "same",   "into"),
    ("dup",           "b",     "second",    "same",   "code"),
    ("a",             "gone",  "second",    "same",   "into"),
    ("gone",          "a",     "second",    "same",   "to_status"),
    ("a",             "b",     "second",    " ",      "reasons"),
    ("a",             "b",     "recorder",  "same",   "reviewer"),
    ("a",             "p",     "second",    "same",   "into"),
    ("p",             "p",     "second",    "same",   "into"),
    ("p",             "p",     "second",    "",       "reasons"),
    ("p",             "q",     "recorder",  "same",   "reviewer"),
    ("p",             "group", "second",    "same",   "victim"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "into", "who", "reason", "fault"), WRONG)
def test_what_cannot_be_merged(sqlite_store: Store, what: str, into: str, who: str, reason: str, fault: str) -> None:
    """R13, R18: circles, what is merged or taken back, one's own record, without reasons; nothing is written."""
    desk = Desk(sqlite_store)
    group = {"kind": "group", "harm": "killed", "count_low": 2, "count_best": 2, "count_high": 2, "ref": "g"}
    named = {"a": desk.incident(victims=[PERSON]), "b": desk.incident(victims=[PERSON, group]), "gone": desk.incident()}
    named["dup"] = desk.incident()
    named["p"] = desk.victims(named["a"])[0]
    rows = desk.store.current("incident", named["b"])["victim"]
    named["q"], named["group"] = (next(r["code"] for r in rows if r["kind"] == kind) for kind in ("person", "group"))
    review.merge(desk.store, named["dup"], named["a"], "same", desk.second)
    desk.store.withdraw("incident", named["gone"], desk.by, "a mistake")
    head = desk.store.head()
    with pytest.raises(InvalidRecords) as told:
        review.merge(desk.store, named[what], named[into], reason, desk.store.local(who))
    assert fault in {f.field for f in told.value.faults}
    assert desk.store.head() == head


def test_nothing_is_found_under_a_wrong_code(desk: Desk) -> None:
    """R18"""
    for code in ("ZZZZ-ZZZZ-ZZZZ", "", "\x00", desk.incident() + "0"):
        with pytest.raises(NotFound):
            review.merge(desk.store, code, desk.incident(), "same", desk.second)


@pytest.mark.parametrize("before", ["submitted", "in_review", "verified", "refuted"])
def test_unmerged_it_stands_as_before(desk: Desk, before: str) -> None:
    """R18, R20: with the standard by which it was judged; every step is told."""
    documents = [desk.store.record("document", DocumentFields(title=name), desk.by).id for name in "ab"]
    claims = [{"document_id": document} for document in documents]
    one, other = desk.incident(claims=claims), desk.incident()
    for status in {"submitted": (), "in_review": (S.IN_REVIEW,)}.get(before, (S.IN_REVIEW, S(before))):
        desk.store.review(one, status, "Seen", desk.second)
    review.merge(desk.store, one, other, "same day", desk.second)
    review.unmerge(desk.store, one, desk.third, "another day")
    row = desk.store.current("incident", one)["incident"][0]
    assert (row["status"], row.get("merged_into_id")) == (before, None)
    assert [r.reason for r in desk.store.history("incident", one)][-2:] == ["same day", "another day"]
    with pytest.raises(InvalidRecords):
        review.unmerge(desk.store, one, desk.third, "again")
    desk.store.verify()


def test_what_was_amended_as_a_duplicate_is_not_verified_by_unmerging(desk: Desk) -> None:
    """R13: what nobody judged waits for judgement."""
    one, other = desk.incident(), desk.incident()
    helper = desk.incident()
    review.merge(desk.store, helper, one, "same", desk.second)
    desk.verify(one)
    review.merge(desk.store, one, other, "same", desk.second)
    draft, version = desk.store.draft(one)
    desk.store.amend("incident", one, draft.model_copy(update={"killed_best": 70}), expected=version, by=desk.by)
    review.unmerge(desk.store, one, desk.second, "not the same")
    assert desk.status(one) == "submitted"


def test_origins_of_duplicates_count_for_the_survivor_each_once(desk: Desk) -> None:
    """R15, R17: and when they leave, what no longer stands on enough of them is taken up again."""
    one, other = desk.incident(), desk.incident()
    desk.store.review(other, S.IN_REVIEW, "Seen", desk.second)
    with pytest.raises(InvalidRecords, match="1 independent"):
        desk.store.review(other, S.VERIFIED, "Seen", desk.second)
    review.merge(desk.store, one, other, "same", desk.second)
    found = review.compare(desk.store, other, desk.second)
    assert (found.claims, found.origins) == (2, 2)
    assert [column.code for column in found.columns] == [None, desk.code(one)] or found.columns[0].code == desk.code(
        one
    )
    desk.store.review(other, S.VERIFIED, "Seen", desk.second)
    review.unmerge(desk.store, one, desk.second, "another day")
    assert (desk.status(one), desk.status(other)) == ("submitted", "in_review")


def test_who_recorded_the_duplicate_does_not_judge_the_survivor(desk: Desk) -> None:
    """R13: their evidence counts in it."""
    source = desk.store.record("source", SourceFields(name="Mine"), desk.third)
    document = desk.store.record("document", DocumentFields(title="Mine", source_id=source.id), desk.third).id
    mine = desk.store.record("incident", minimum(document), desk.third).id
    other = desk.incident()
    review.merge(desk.store, mine, other, "same", desk.second)
    with pytest.raises(InvalidRecords, match="cannot review"):
        desk.store.review(other, S.IN_REVIEW, "Seen", desk.third)


# One person in two rows -----------------------------------------------------------------------------------------------

COUNTS = [
    # the row's incident                     the other's                     persons, killed best: before   after
    ({"killed_best": None},                  {"killed_best": None},          (2, 2),                        (1, 1)),
    ({"killed_best": 7},                     {"killed_best": None},          (2, 8),                        (1, 7)),
    ({"killed_best": None},                  {"killed_best": 7},             (2, 8),                        (1, 7)),
    ({"killed_best": 7},                     {"killed_best": 5},             (2, 12),                       (1, 11)),
]  # fmt: skip


@pytest.mark.parametrize(("mine", "theirs", "before", "after"), COUNTS)
def test_a_person_in_two_incidents_is_counted_once(
    store: Store, mine: dict[str, Any], theirs: dict[str, Any], before: tuple[int, int], after: tuple[int, int]
) -> None:
    """R09: in the stated figures too, which hold them; and apart again when it is taken back."""
    desk = Desk(store)
    one, other = desk.incident(victims=[PERSON], **mine), desk.incident(victims=[PERSON], **theirs)
    (a,), (b,) = desk.victims(one), desk.victims(other)

    def counted(part: str | None = None) -> tuple[int, int]:
        found = summarise(desk.store, part)
        whole = Sums()
        for sums in found.by.values() or [found.total]:
            whole.add(sums)
        assert whole == found.total
        return found.total.victims, found.total.killed_best

    assert counted() == before
    review.merge(desk.store, a, b, "One man, two spellings", desk.second)
    assert {counted(part) for part in (None, "year", "status", "admin1")} == {after}
    assert int(frames.incidents(desk.store)["victims"].sum()) == after[0]
    review.unmerge(desk.store, a, desk.second, "Brothers")
    assert counted() == before
    review.merge(desk.store, a, b, "One man after all", desk.second)
    assert counted() == after
    desk.store.withdraw("incident", other, desk.by, "a rumour")
    assert counted()[0] == 1  # never lost with the record in which they were counted
    desk.store.verify()


def test_what_is_attributed_to_any_row_is_attributed_to_the_person(store: Store) -> None:
    """R09, R44: the comparison of groups sees one person, disputed if the rows disagree."""
    desk = Desk(store)
    fields = DimensionFields(code="language", label="Language", state="on", assessment="Signed.")
    dimension = store.record("dimension", fields, desk.by).id
    groups = [
        store.record("identity_group", GroupFields(dimension_id=dimension, code=c, label=c), desk.by).id for c in "no"
    ]

    def person(*ids: str) -> dict[str, Any]:
        told = [{"dimension_id": dimension, "group_id": group, "basis": "family"} for group in ids]
        return {**PERSON, "attributions": told}

    rows = [person(groups[0]), person(), person(groups[1])]
    a, b, c = (desk.victims(desk.incident(killed_best=None, victims=[row]))[0] for row in rows)
    review.merge(store, a, b, "same", desk.second)
    frame = frames.attributions(store, "language")
    assert sorted(frame["group"].fillna("-")) == ["n", "o"]
    assert summarise(store, "group").by["language: n"].victims == 1
    review.merge(store, c, a, "same", desk.second)
    (row,) = frames.attributions(store, "language").to_dict("records")
    assert (row["disputed"], row["group"]) == (True, None)


def test_two_rows_of_one_incident_leave_its_figure(store: Store) -> None:
    """R09: what its sources state of the whole is not theirs to change; the persons are fewer."""
    desk = Desk(store)
    one = desk.incident(killed_best=7, victims=[PERSON, PERSON])
    a, b = desk.victims(one)
    review.merge(store, a, b, "same", desk.second)
    total = summarise(store).total
    assert (total.victims, total.killed_best) == (1, 7)


def test_judgements_that_contradict_are_refused(desk: Desk) -> None:
    """R09, R20: and an earlier one of the same two is replaced, and stays told."""
    a, b, c = (desk.victims(desk.incident(victims=[PERSON]))[0] for _ in range(3))

    def judge(one: str, other: str, verdict: SameOrNot) -> Any:
        return review.judge_pair(desk.store, one, other, verdict, "Looked at both", desk.second)

    saved = judge(a, b, SameOrNot.DIFFERENT)
    assert judge(a, b, SameOrNot.SAME).id == saved.id
    for one, other, verdict in ((a, c, SameOrNot.SAME), (a, a, SameOrNot.SAME)):
        with pytest.raises(InvalidRecords):
            judge(one, other, verdict)
    judge(b, c, SameOrNot.SAME)
    with pytest.raises(InvalidRecords, match="one person"):
        judge(a, c, SameOrNot.DIFFERENT)
    with pytest.raises(InvalidRecords):
        judge(c, a, SameOrNot.SAME)
    judge(b, a, SameOrNot.DIFFERENT)
    assert set(review.judged_pairs(desk.store).values()) == {SameOrNot.DIFFERENT, SameOrNot.SAME}
    with pytest.raises(InvalidRecords, match="different people"):
        judge(a, c, SameOrNot.SAME)
    assert [r.after and r.after["pairing"][0]["verdict"] for r in desk.store.history("pairing", saved.id)][:2] == [
        "different", "same",
    ]  # fmt: skip
    desk.store.verify()


def test_no_door_makes_a_circle(desk: Desk) -> None:
    """R09: not even the store's own."""
    ids = [desk.store.current("incident", desk.incident(victims=[PERSON]))["victim"][0]["id"] for _ in range(2)]
    for one, other in (ids, ids[::-1]):
        draft = PairingFields(victim_id=one, other_id=other, verdict=SameOrNot.SAME, reasons="same")
        if one == ids[0]:
            desk.store.record("pairing", draft, desk.second)
        else:
            with pytest.raises(InvalidRecords, match="cannot be recorded"):
                desk.store.record("pairing", draft, desk.second)


def test_only_reviewers_merge(store: Store, accounts: dict[str, Acting]) -> None:
    """R13: in the store, whatever a page shows."""
    source = store.record("source", SourceFields(name="Paper"), accounts["recorder"])
    document = store.record("document", DocumentFields(title="Issue", source_id=source.id), accounts["recorder"]).id
    keys = [store.record("incident", minimum(document, victims=[PERSON]), accounts["recorder"]).id for _ in range(2)]
    victims = [store.current("incident", key)["victim"][0]["code"] for key in keys]
    for name, by in accounts.items():
        if name not in ("reviewer", "recorder"):
            for one, other in (keys, victims):
                with pytest.raises(Refused):
                    review.merge(store, one, other, "same", by)
    for one, other in (victims, keys):
        review.merge(store, one, other, "same", accounts["reviewer"])


def test_a_package_counts_each_person_once_and_shows_why(sqlite_store: Store, tmp_path: Path) -> None:
    """R09, R85: its own verifier counts again, with the judged pairs; a pair struck out is found."""
    desk = Desk(sqlite_store)
    group = {"kind": "group", "harm": "killed", "count_low": 2, "count_best": 4, "count_high": 5, "ref": "g"}
    keys = [
        desk.incident(killed_best=7, victims=[PERSON]),
        desk.incident(killed_best=None, victims=[group, {**PERSON, "resolved_out_of": "g"}, PERSON]),
        desk.incident(killed_best=None, victims=[PERSON, {"harm": "missing"}]),
        desk.incident(killed_best=None, victims=[{**group, "harm": "missing"}, {**PERSON, "resolved_out_of": "g"}]),
    ]
    rows = [row for key in keys for row in desk.store.current("incident", key)["victim"] if row["kind"] == "person"]
    killed = [row["code"] for row in rows if row["harm"] == "killed"]
    for one, other in ((0, 1), (2, 3), (3, 1)):
        review.merge(desk.store, killed[one], killed[other], "Canary: the same man", desk.second)
    done = release.build(
        desk.store, tmp_path / "bag", tier=Tier.COMMISSION, recipient="A commission", basis="Request 1", by=desk.by
    )
    assert done.incidents == 4
    text = (tmp_path / "bag/data/04_records/pairings.csv").read_text(encoding="utf-8")
    assert text.count("Canary: the same man") == 3
    assert summarise(desk.store).total.victims == 3
    verify = release.verifier.check(str(tmp_path / "bag"))
    assert verify.faults == []
    (tmp_path / "bag/data/04_records/pairings.csv").write_text("".join(text.splitlines(True)[:-1]), encoding="utf-8")
    assert {"data/summary.json", "data/04_records/pairings.csv"} <= {
        file for file, _, _ in release.verifier.check(str(tmp_path / "bag")).faults
    }


# Any sequence ---------------------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("merge"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("unmerge"), st.integers(0, 3)),
    st.tuples(st.just("pair"), st.integers(0, 3), st.integers(0, 3), st.sampled_from(list(SameOrNot))),
    st.tuples(st.just("part"), st.integers(0, 3)),
    st.tuples(st.just("review"), st.integers(0, 3), st.sampled_from([S.IN_REVIEW, S.VERIFIED, S.REFUTED])),
    st.tuples(st.just("amend"), st.integers(0, 3), st.integers(1, 9)),
    st.tuples(st.just("withdraw"), st.integers(0, 3)),
)


class Walk:
    """Four incidents of one killed person each, taken through steps; what is refused changes nothing."""

    def __init__(self, store: Store) -> None:
        self.desk, self.store = Desk(store), store
        self.keys = [self.desk.incident(killed_best=None, victims=[PERSON]) for _ in range(4)]
        self.victims = [self.store.current("incident", key)["victim"][0]["id"] for key in self.keys]

    def merge(self, a: int, b: int) -> None:
        review.merge(self.store, self.keys[a], self.keys[b], "same", self.desk.second)

    def unmerge(self, a: int) -> None:
        review.unmerge(self.store, self.keys[a], self.desk.second, "not the same")

    def pair(self, a: int, b: int, verdict: SameOrNot) -> None:
        review.judge_pair(self.store, self.victims[a], self.victims[b], verdict, "looked", self.desk.second)

    def part(self, a: int) -> None:
        review.unmerge(self.store, self.victims[a], self.desk.second, "not the same")

    def review(self, a: int, to: S) -> None:
        self.store.review(self.keys[a], to, "Seen", self.desk.second)

    def amend(self, a: int, number: int) -> None:
        draft, version = self.store.draft(self.keys[a])
        changed = draft.model_copy(update={"injured_best": number})
        self.store.amend("incident", self.keys[a], changed, expected=version, by=self.desk.by)

    def withdraw(self, a: int) -> None:
        self.store.withdraw("incident", self.keys[a], self.desk.by, "a mistake")

    def holds(self) -> None:
        rows = {key: self.store.current("incident", key) for key in self.keys}
        into = {key: row["incident"][0].get("merged_into_id") for key, row in rows.items()}
        for key in self.keys:
            seen = [key]
            while (following := into[seen[-1]]) is not None:
                assert following not in seen
                seen.append(following)
            assert review.redirect(self.store, key) == seen[-1]
            if rows[key]["incident"][0]["status"] == "verified":
                with self.store.writing(self.desk.second) as writer:
                    assert writer.origins(rows[key]) >= 2
                    assert self.desk.second.name not in writer.hands(rows[key])
                last = rows[key]["review"][-1]
                assert (last["to_status"], last["standard_of_proof"]) == ("verified", "reasonable_grounds")
        self.counts(
            {key for key, row in rows.items() if row["incident"][0]["status"] not in ("duplicate", "withdrawn")}
        )

    def counts(self, standing: set[str]) -> None:
        stand = {victim for victim, key in zip(self.victims, self.keys, strict=True) if key in standing}
        same = table("pairing")
        pairs = self.store.rows(
            sa.select(same.c.victim_id, same.c.other_id).where(same.c.verdict == "same", same.c.withdrawn_at.is_(None))
        )
        groups = [{victim} for victim in self.victims]
        for one, other in pairs:
            joined = [group for group in groups if {one, other} & group]
            groups = [group for group in groups if group not in joined] + [set().union(*joined)]
        people = sum(1 for group in groups if group & stand)
        total = summarise(self.store).total
        assert total.victims == total.killed_best == people
        assert rules.counted_once([(a, b) for a, b in pairs], stand) == frames.counted_as(self.store)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_any_sequence_keeps_counts_chains_and_ledger(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    """R09, R13, R15, R18, R20: no circle, each person once, verified only on what the rules ask, a whole ledger."""
    store = Store.create(tmp_path_factory.mktemp("walk") / "record.db")
    walk = Walk(store)
    for name, *told in steps:
        head = store.head()
        try:
            getattr(walk, name)(*told)
        except CasualtyError:
            assert store.head() == head
        walk.holds()
    store.verify()
    store.close()
