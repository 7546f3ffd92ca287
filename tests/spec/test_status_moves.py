"""Where an incident stands, and where it may go from there. One table for people, tried move by move (R10, R12, R18)."""

import pytest
from conftest import minimum

from casualty import rules
from casualty.errors import InvalidRecords
from casualty.schema import DocumentFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, StandardOfProof

# From              may become (by a review or a withdrawal; a draft is put forward by its recorder)
MOVES = """
draft             | submitted withdrawn
submitted         | in_review withdrawn
in_review         | submitted needs_work corroborated verified contested unverifiable refuted withdrawn
needs_work        | submitted withdrawn
corroborated      | in_review verified contested withdrawn
verified          | in_review contested withdrawn
contested         | in_review withdrawn
unverifiable      | in_review withdrawn
refuted           | in_review withdrawn
duplicate         | in_review withdrawn
withdrawn         | in_review
"""
TABLE = {line.split("|")[0].strip(): set(line.split("|")[1].split()) for line in MOVES.strip().splitlines()}

# What else a judgement needs:
#    to            origins  least  standard               reviewer     what is missing
NEEDS = [
    ("verified",        2,     2,  "reasonable_grounds",  "second",    ""),
    ("verified",        1,     2,  "reasonable_grounds",  "second",    "origins"),
    ("verified",        1,     1,  "reasonable_grounds",  "second",    ""),
    ("verified",        2,     3,  "reasonable_grounds",  "second",    "origins"),
    ("verified",        2,     2,  "not_stated",          "second",    "standard_of_proof"),
    ("verified",        2,     2,  "balance",             "recorder",  "reviewer"),
    ("verified",        0,     2,  "not_stated",          "recorder",  "origins reviewer standard_of_proof"),
    ("corroborated",    2,     9,  "not_stated",          "second",    ""),
    ("corroborated",    1,     1,  "not_stated",          "second",    "origins"),
    ("contested",       1,     2,  "not_stated",          "second",    ""),
    ("unverifiable",    0,     2,  "not_stated",          "second",    ""),
    ("refuted",         0,     2,  "not_stated",          "amender",   "reviewer"),
    ("submitted",       0,     2,  "not_stated",          "second",    ""),
]  # fmt: skip


def test_the_rules_are_this_table() -> None:
    """R18: and every status can be left again: none is the end."""
    assert {before.value: {after.value for after in moves} for before, moves in rules.MOVES.items()} == TABLE
    assert set(TABLE) == set(IncidentStatus)
    assert all(TABLE.values())
    assert all(status not in moves for status, moves in TABLE.items())


def test_every_status_can_be_reached() -> None:
    """R10: from a draft; only a duplicate needs another record to point to."""
    reached = {"draft"}
    while more := {after for status in reached for after in TABLE[status]} - reached:
        reached |= more
    assert reached == set(TABLE) - {"duplicate"}


@pytest.mark.parametrize(("to", "origins", "least", "standard", "reviewer", "missing"), NEEDS)
def test_what_a_judgement_needs(to: str, origins: int, least: int, standard: str, reviewer: str, missing: str) -> None:
    """R12, R13, R17: all that is missing is said at once."""
    faults = rules.check_review(
        IncidentStatus.IN_REVIEW, IncidentStatus(to), reviewer=reviewer, recorders={"recorder", "amender"}, reasons="Seen",
        standard=StandardOfProof(standard), origins=origins, minimum_origins=least,
    )  # fmt: skip
    assert sorted(fault.field for fault in faults) == missing.split()


@pytest.mark.parametrize("reasons", ["", " ", "\t\n"])
def test_a_judgement_has_reasons(reasons: str) -> None:
    """R12"""
    (fault,) = rules.check_review(
        IncidentStatus.SUBMITTED, IncidentStatus.IN_REVIEW, reviewer="second", recorders={"recorder"}, reasons=reasons,
        standard=StandardOfProof.NOT_STATED, origins=0, minimum_origins=2,
    )  # fmt: skip
    assert fault.field == "reasons"


PATHS = {
    "draft": (), "submitted": (), "in_review": ("in_review",), "needs_work": ("in_review", "needs_work"),
    "corroborated": ("in_review", "corroborated"), "verified": ("in_review", "verified"), "contested": ("in_review", "contested"),
    "unverifiable": ("in_review", "unverifiable"), "refuted": ("in_review", "refuted"), "withdrawn": ("in_review", "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("before", PATHS)
def test_the_store_makes_these_moves_and_no_other(sqlite_store: Store, before: str) -> None:
    """R10, R12, R18: from each status to each: made as the table says, or refused, and the ledger is whole."""
    store, by, second = sqlite_store, sqlite_store.local("recorder"), sqlite_store.local("second")
    documents = []
    for name in ("one", "two"):
        source = store.record("source", SourceFields(name=name), by)
        documents.append(store.record("document", DocumentFields(title=name, source_id=source.id), by).id)
    claims = [{"document_id": document} for document in documents]
    start = IncidentStatus.DRAFT if before == "draft" else IncidentStatus.SUBMITTED
    for after in IncidentStatus:
        key = store.record("incident", minimum(documents[0], claims=claims), by, status=start).id
        for step in PATHS[before]:
            store.review(key, IncidentStatus(step), "Seen", second)
        if after.value in TABLE[before]:
            store.review(key, after, "Seen", second)
            assert store.current("incident", key)["incident"][0]["status"] == after
        else:
            with pytest.raises(InvalidRecords, match="cannot become"):
                store.review(key, after, "Seen", second)
            assert store.current("incident", key)["incident"][0]["status"] == before
    store.verify()


def test_a_recorder_may_take_back_at_any_time(sqlite_store: Store, document_of: str) -> None:
    """R18: withdrawing is every recorder's, whatever the reviewers have said."""
    store, by, second = sqlite_store, sqlite_store.local("recorder"), sqlite_store.local("second")
    for path in PATHS.values():
        if "verified" not in path and "corroborated" not in path and "withdrawn" not in path:
            key = store.record("incident", minimum(document_of), by).id
            for step in path:
                store.review(key, IncidentStatus(step), "Seen", second)
            store.withdraw("incident", key, by, "a mistake")
            assert store.current("incident", key)["incident"][0]["status"] == "withdrawn"


@pytest.fixture
def document_of(sqlite_store: Store) -> str:
    return sqlite_store.record("document", DocumentFields(title="Paper"), sqlite_store.local("recorder")).id
