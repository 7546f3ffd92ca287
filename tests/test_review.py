"""The queue, the claims side by side, and what a reviewer may say of them (R10, R13-R18)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PASSWORD, minimum

from casualty import cli, review
from casualty.access import Acting
from casualty.errors import EditConflict, InvalidRecords, NotFound, Refused, UsageFault
from casualty.schema import DocumentFields, IncidentDraft, SituationFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Operation, Reliability, Role

S = IncidentStatus


class Desk:
    """A store with a moving clock, two documents of two sources, a recorder and a second person."""

    def __init__(self, target: str) -> None:
        self.now = datetime(2025, 1, 1, 12, tzinfo=UTC)
        self.store = Store.create(target, clock=lambda: self.now)
        self.by, self.second = self.store.local("recorder"), self.store.local("second")
        self.sources = [self.store.record("source", SourceFields(name=name), self.by).id for name in ("Radio", "Paper")]
        self.documents = [
            self.store.record("document", DocumentFields(title=name, source_id=source), self.by).id
            for name, source in zip(("News at nine", "Page four"), self.sources, strict=True)
        ]

    def claim(self, number: int, **fields: Any) -> dict[str, Any]:
        return {"document_id": self.documents[number], **fields}

    def draft(self, **fields: Any) -> IncidentDraft:
        return minimum(self.documents[0], **{"claims": [self.claim(0), self.claim(1)], **fields})

    def record(self, by: Acting | None = None, **fields: Any) -> str:
        self.now += timedelta(days=1)
        return self.store.record("incident", self.draft(**fields), by or self.by).id

    def claims(self, key: str) -> list[dict[str, Any]]:
        return self.store.current("incident", key)["claim"]


@pytest.fixture
def desk(target: str) -> Any:
    made = Desk(target)
    yield made
    made.store.close()


# The queue ------------------------------------------------------------------------------------------------------------


def test_the_first_recorded_comes_first(desk: Desk) -> None:
    """R10: with what a reviewer chooses by."""
    keys = [desk.record(killed_low=n, killed_best=n, killed_high=9) for n in range(3)]
    desk.store.record("incident", desk.draft(), desk.by, status=S.DRAFT)
    desk.now += timedelta(days=10)
    page = review.queue(desk.store, desk.second)
    assert [item.id for item in page.items] == keys
    assert [item.age_days for item in page.items] == [12, 11, 10]
    assert (page.total, page.more, page.next) == (3, False, None)
    first = page.items[0]
    assert (first.killed.low, first.killed.best, first.killed.high) == (0, 0, 9)
    assert (first.claims, first.origins, first.place, first.own) == (2, 2, "Market of the old town", False)
    assert first.waits_for.said == "Nobody has taken it up."


def test_pages_follow_each_other_whatever_is_added(desk: Desk) -> None:
    """R10: nothing twice, nothing left out."""
    keys = [desk.record() for _ in range(5)]
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = review.queue(desk.store, desk.second, after=after, limit=2)
        seen += [item.id for item in page.items]
        after = page.next
        if len(seen) == 2:
            keys.append(desk.record())
            desk.store.review(keys[0], S.IN_REVIEW, "Seen", desk.second)
        if after is None:
            break
    assert seen == keys
    for limit in (0, 201):
        with pytest.raises(UsageFault):
            review.queue(desk.store, desk.second, limit=limit)


def test_many_are_counted_up_to_a_bound_and_paged_alike(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """R10: the other way of finding a page gives the same page."""
    keys = [desk.record() for _ in range(4)]
    few = review.queue(desk.store, desk.second)
    monkeypatch.setattr("casualty.review.queueing.COUNTED_TO", 2)
    many = review.queue(desk.store, desk.second)
    assert [item.id for item in many.items] == [item.id for item in few.items] == keys
    assert ((few.total, few.more), (many.total, many.more)) == ((4, False), (2, True))


def test_filters(desk: Desk) -> None:
    """R10: status, who, where, when; alone and together."""
    store = desk.store
    situation = store.record("situation", SituationFields(name="War"), desk.by).id
    old, other, mine = (
        desk.record(title="50% of the well", situation_id=situation), desk.record(place_as_reported="سوق البلدة"),
        desk.record(desk.second),
    )  # fmt: skip
    desk.now += timedelta(days=10)
    young = desk.record()
    store.review(other, S.IN_REVIEW, "Seen", desk.second)
    review.assign(store, old, desk.second.name, desk.second)

    def found(**asked: Any) -> list[str]:
        return [item.id for item in review.queue(store, desk.second, **asked).items]

    assert found() == [old, other, mine, young]
    assert found(status=S.IN_REVIEW) == [other]
    assert found(status=[S.SUBMITTED, S.VERIFIED]) == [old, mine, young]
    assert found(assignee="me") == found(assignee=desk.second.name) == [old]
    assert found(assignee="nobody") == [other, mine, young]
    assert found(recorder=desk.second.name) == [mine]
    assert found(situation=situation) == [old]
    assert found(older_than_days=5) == [old, other, mine]
    assert found(text="البلدة") == [other]
    assert found(text="50% OF") == [old]
    assert found(text="%") == [old]
    assert found(text="old town", assignee="nobody") == [mine, young]
    assert found(text="'; DROP TABLE incident; --\x00") == []


WAITS = [
    # status          claims   reader        waits for
    ("submitted",     2,       "second",     "Nobody has taken it up."),
    ("in_review",     2,       "second",     "A judgement."),
    ("in_review",     1,       "second",     "1 independent origin(s), 2 needed to verify."),
    ("verified",      2,       "second",     "Nothing: it was judged."),
    ("needs_work",    2,       "second",     "With its recorder."),
    ("in_review",     2,       "recorder",   "A second person: you recorded or amended it."),
]  # fmt: skip


@pytest.mark.parametrize(("status", "claims", "reader", "said"), WAITS)
def test_each_says_what_it_waits_for(desk: Desk, status: str, claims: int, reader: str, said: str) -> None:
    """R13, R17"""
    key = desk.record(claims=[desk.claim(number) for number in range(claims)])
    for step in {"submitted": (), "in_review": ("in_review",)}.get(status, ("in_review", status)):
        desk.store.review(key, S(step), "Seen", desk.second)
    (item,) = review.queue(desk.store, desk.store.local(reader), status=S(status)).items
    assert (item.waits_for.said, item.own) == (said, reader == "recorder")


def test_who_else_is_looking(desk: Desk) -> None:
    """R10: for a minute after their page last said so; nobody meets themselves."""
    key = desk.record()
    review.viewing(desk.store, key, desk.by)
    review.viewing(desk.store, key, desk.second)
    assert review.viewers(desk.store, key, desk.second) == ("local:recorder",)
    assert review.queue(desk.store, desk.second).items[0].viewers == ("local:recorder",)
    desk.now += timedelta(seconds=59)
    review.viewing(desk.store, key, desk.second)
    assert review.viewers(desk.store, key, desk.second) == ("local:recorder",)
    desk.now += timedelta(seconds=2)
    assert review.viewers(desk.store, key, desk.second) == ()
    assert review.viewers(desk.store, key, desk.by) == ("local:second",)
    with pytest.raises(NotFound):
        review.viewing(desk.store, "nothing", desk.second)


def test_only_who_may_judge_is_asked(store: Store, accounts: dict[str, Acting]) -> None:
    """R13: a reviewer, and not for what they recorded; nothing of it is in the ledger."""
    head = accounts["administrator"]
    store.add_account("closed", Role.REVIEWER, PASSWORD, head)
    draft = minimum(store.record("document", DocumentFields(title="Paper"), accounts["recorder"]).id)
    key = store.record("incident", draft, accounts["recorder"]).id
    ledger = store.head()
    for name in ("recorder", "analyst", "nobody-here", "\x00"):
        with pytest.raises(InvalidRecords):
            review.assign(store, key, name, accounts["reviewer"])
    for name in ("recorder", "analyst", "custodian", "administrator"):
        with pytest.raises(Refused):
            review.assign(store, key, "reviewer", accounts[name])
    review.assign(store, key, "reviewer", accounts["reviewer"])
    review.assign(store, key, "closed", accounts["reviewer"])
    assert review.queue(store, accounts["reviewer"]).items[0].assignee == "closed"
    review.assign(store, key, None, accounts["reviewer"])
    assert review.queue(store, accounts["reviewer"]).items[0].assignee is None
    assert store.head() == ledger


# Claims side by side --------------------------------------------------------------------------------------------------

LINES = [
    # what the two claims say                                                  fields on which they differ
    (({"killed_best": 7}, {"killed_best": 7}),                                 set()),
    (({"killed_best": 7}, {"killed_best": 9}),                                 {"killed_best"}),
    (({"killed_best": 7}, {}),                                                 set()),
    (({"killed_best": 0}, {"killed_best": 7}),                                 {"killed_best"}),
    (({"killed_low": 5, "killed_high": 9}, {"killed_best": 7}),                set()),
    (({"actor_as_reported": "The army"}, {"actor_as_reported": "Unknown"}),    {"actor_as_reported"}),
    (({"date_as_reported": "2 May"}, {"date_as_reported": "3 May"}),           {"date_as_reported"}),
    (({"locator": "p. 4"}, {"locator": "minute 3"}),                           set()),
    (({"injured_best": 3, "killed_best": 7}, {"injured_best": 4, "killed_best": 8}), {"injured_best", "killed_best"}),
]  # fmt: skip


@pytest.mark.parametrize(("said", "differ"), LINES)
def test_what_the_sources_disagree_on_is_marked(
    sqlite_store: Store, said: tuple[dict[str, Any], ...], differ: set[str]
) -> None:
    """R16: each claim in its column; what one leaves out is no disagreement."""
    by = sqlite_store.local("recorder")
    documents = [sqlite_store.record("document", DocumentFields(title=name), by).id for name in "ab"]
    claims = [{"document_id": document, **fields} for document, fields in zip(documents, said, strict=True)]
    key = sqlite_store.record("incident", minimum(documents[0], claims=claims), by).id
    found = review.compare(sqlite_store, key, by)
    assert {line.field for line in found.lines if line.differs} == differ
    columns = [column.document for column in found.columns]
    for line in found.lines:
        stated = dict(zip(columns, line.values, strict=True))
        assert stated == {name: fields.get(line.field) for name, fields in zip("ab", said, strict=True)}


def test_papers_on_one_wire_are_one_origin(desk: Desk) -> None:
    """R15: grouped by a reviewer, beside each other; no figure changes, and the reviewer is no recorder by it."""
    key = desk.record(
        claims=[desk.claim(0, killed_best=7), desk.claim(1, killed_best=9), desk.claim(1, locator="p. 5")]
    )
    before = review.compare(desk.store, key, desk.second)
    assert (before.claims, before.origins) == (3, 2)
    ids = [claim["id"] for claim in desk.claims(key)]
    review.assess(desk.store, key, ids, origin="One wire", reason="Same words", by=desk.second)
    after = review.compare(desk.store, key, desk.second)
    assert (after.claims, after.origins, [len(group) for group in after.groups]) == (3, 1, [3])
    assert {column.origin for column in after.columns} == {"One wire"}
    figures = {column.claim_id: value for column, value in zip(after.columns, after.lines[1].values, strict=True)}
    assert figures == {claim["id"]: claim.get("killed_best") for claim in desk.claims(key)}
    last = desk.store.history("incident", key)[-1]
    assert (last.operation, last.reason, last.actor) == (Operation.REVIEW, "Same words", desk.second.name)
    desk.store.review(key, S.IN_REVIEW, "Seen", desk.second)
    review.assess(desk.store, key, ids[0], origin=None, reason="Their own reporter", by=desk.second)
    assert review.compare(desk.store, key, desk.second).origins == 2
    desk.store.verify()


def test_an_origin_is_used_again_by_its_label_or_id(desk: Desk) -> None:
    """R15"""
    key = desk.record()
    one, two = (claim["id"] for claim in desk.claims(key))
    review.assess(desk.store, key, one, origin="One wire", reason="Seen", by=desk.second)
    origin = next(claim["origin_id"] for claim in desk.claims(key) if "origin_id" in claim)
    review.assess(desk.store, key, two, origin="One wire", reason="Seen", by=desk.second)
    assert {claim["origin_id"] for claim in desk.claims(key)} == {origin}
    review.assess(desk.store, key, two, origin=None, reason="Seen", by=desk.second)
    review.assess(desk.store, key, two, origin=origin, reason="Seen", by=desk.second)
    assert {claim["origin_id"] for claim in desk.claims(key)} == {origin}


def test_what_is_said_and_who_says_it_are_rated_apart(desk: Desk) -> None:
    """R14: and neither changes the other."""
    key = desk.record()
    one = desk.claims(key)[0]["id"]
    review.assess(desk.store, key, one, credibility="4", reason="Not logical", by=desk.second)
    review.rate_source(desk.store, desk.sources[0], Reliability.B, "Right in the past", desk.second)
    column = next(c for c in review.compare(desk.store, key, desk.second).columns if c.claim_id == one)
    assert (column.credibility, column.reliability, column.origin_id) == ("4", "b", None)
    review.assess(desk.store, key, one, origin="One wire", reason="Seen", by=desk.second)
    assert desk.claims(key)[0]["credibility"] == "4"
    assert desk.store.history("source", desk.sources[0])[-1].operation == Operation.REVIEW


def test_fewer_origins_than_a_judgement_stands_on_reopen_it(desk: Desk) -> None:
    """R15, R17: found to be one wire, it is no longer verified."""
    key = desk.record()
    for status in (S.IN_REVIEW, S.VERIFIED):
        desk.store.review(key, status, "Seen", desk.second)
    ids = [claim["id"] for claim in desk.claims(key)]
    review.assess(desk.store, key, ids, origin="One wire", reason="Same words", by=desk.second)
    rows = desk.store.current("incident", key)
    assert rows["incident"][0]["status"] == "in_review"
    assert (rows["review"][-1]["from_status"], rows["review"][-1]["reasons"]) == ("verified", "Same words")
    desk.store.verify()


ASSESSED = [
    # by            claim       reason    credibility   what is wrong
    ("second",      "own",      "Seen",   "2",          ""),
    ("second",      "another",  "Seen",   "2",          "claim"),
    ("second",      "own",      " ",      "2",          "reasons"),
    ("recorder",    "own",      "Seen",   "2",          "reviewer"),
    ("amender",     "own",      "Seen",   "2",          "reviewer"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "claim", "reason", "credibility", "fault"), ASSESSED)
def test_who_may_rate_what(desk: Desk, who: str, claim: str, reason: str, credibility: str, fault: str) -> None:
    """R13, R14"""
    key, other = desk.record(), desk.record()
    draft, version = desk.store.draft(key)
    amended = draft.model_copy(update={"killed_best": 8})
    version = desk.store.amend("incident", key, amended, expected=version, by=desk.store.local("amender")).version
    wanted = desk.claims(key if claim == "own" else other)[0]["id"]
    asked: dict[str, Any] = {"credibility": credibility, "reason": reason, "by": desk.store.local(who)}
    if not fault:
        review.assess(desk.store, key, wanted, expected=version, **asked)
        with pytest.raises(EditConflict):
            review.assess(desk.store, key, wanted, expected=version, **{**asked, "credibility": "3"})
        return
    with pytest.raises(InvalidRecords) as told:
        review.assess(desk.store, key, wanted, **asked)
    assert [one.field for one in told.value.faults] == [fault]


def test_every_role_but_reviewers_is_refused(store: Store, accounts: dict[str, Acting]) -> None:
    """R13: judging is for reviewers, in the store."""
    source = store.record("source", SourceFields(name="Radio"), accounts["recorder"]).id
    document = store.record("document", DocumentFields(title="Paper", source_id=source), accounts["recorder"]).id
    key = store.record("incident", minimum(document), accounts["recorder"]).id
    claim = store.current("incident", key)["claim"][0]["id"]
    for name in ("recorder2", "analyst", "custodian", "administrator"):
        with pytest.raises(Refused):
            review.assess(store, key, claim, credibility="1", reason="Seen", by=accounts[name])
        with pytest.raises(Refused):
            review.rate_source(store, source, Reliability.A, "Seen", accounts[name])
    review.assess(store, key, claim, credibility="1", reason="Seen", by=accounts["reviewer"])
    review.rate_source(store, source, Reliability.A, "Seen", accounts["reviewer"])


def test_claims_of_documents_taken_back_are_shown_and_count_nothing(desk: Desk) -> None:
    """R15, R20"""
    key = desk.record()
    desk.store.withdraw("document", desk.documents[0], desk.by, "forged")
    found = review.compare(desk.store, key, desk.second)
    assert (len(found.columns), found.claims, found.origins) == (2, 1, 1)
    assert review.queue(desk.store, desk.second).items[0].origins == 1


# The command line -----------------------------------------------------------------------------------------------------


def test_the_commands_are_the_same_steps(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R12, R13, R18, R19: `review CODE` and `review queue` share a word; nobody verifies their own work here either."""
    store, by = sqlite_store, sqlite_store.local("tester")
    documents = [store.record("document", DocumentFields(title=name), by).id for name in "ab"]
    claims = [{"document_id": document} for document in documents]
    codes = [str(store.record("incident", minimum(documents[0], claims=claims), by).code) for _ in range(2)]

    def run(*arguments: str, who: str = "second") -> tuple[int, str]:
        monkeypatch.setattr("casualty.store.login_name", lambda: who)
        code = cli.run(["--db", str(tmp_path / "record.db"), *arguments])
        return code, capsys.readouterr().out

    assert run("review", codes[0], "--to", "in_review", "--reason", "mine", who="tester")[0] == 10
    assert run("review", "--to", "in_review", "--reason", "Seen", codes[0])[0] == 0
    assert run("review", codes[0], "--to", "verified", "--reason", "Seen", "--standard", "not_stated")[0] == 10
    assert run("review", codes[0], "--to", "verified", "--reason", "Seen", "--standard", "balance")[0] == 0
    assert run("review", codes[0], "--to", "true", "--reason", "Seen")[0] == 2
    assert run("review", "assign", codes[1], "local:second")[0] == 0
    code, out = run("review", "queue", "--mine", "--json")
    assert (code, [item["code"] for item in json.loads(out)["incidents"]]) == (0, [codes[1]])
    assert codes[1] in run("review", "queue")[1]
    assert run("merge", codes[1], codes[0], "--reason", "The same")[0] == 0
    assert run("unmerge", codes[1], "--reason", "Not the same")[0] == 0
    assert json.loads(run("review", "pairs", "--json")[1]) == {"fewer": 0, "pairs": []}
    sample = run("review", "draw", "third", "--size", "2", "--seed", "1")[1].strip()
    assert json.loads(run("review", "agreement", sample, "--json")[1])["missing"] == 2
    asked = run("correction", "add", "The day is wrong", "--by", "family", "--code", codes[0])[1].strip()
    assert run("correction", "answer", asked, "--to", "accepted", "--reason", "Yes", who="tester")[0] == 10
    assert run("correction", "answer", asked, "--to", "accepted", "--reason", "Yes")[0] == 0
    assert [one["answer"] for one in json.loads(run("correction", "list", "--json")[1])] == ["accepted"]
    store.verify()
