"""What no hand may write past the rules, whichever door it comes through: answers, second codings, judged pairs,
hashes of analyses.

`Writer` asks here before every insert and change. What a page or a command checks first, to say it better, is checked
here again.
"""

import hashlib
import json

import sqlalchemy as sa

from casualty import access
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, Refused
from casualty.ledger import Row, Rows
from casualty.schema import table
from casualty.vocabulary import CorrectionAnswer, SameOrNot, VictimKind

GUARDED = frozenset({"correction", "coding", "pairing", "analysis_run"})
CANNOT = "This judgement cannot be recorded."


def must_hold(connection: sa.Connection, by: Acting, kind: str, before: Rows | None, after: Rows) -> None:
    """Raise Refused or InvalidRecords for a record that this person, or nobody, may leave as it would stand."""
    was = None if before is None else before[kind][0]
    now = after[kind][0]
    if kind == "correction":
        _answer(by, was, now)
    elif kind == "coding":
        _coding(connection, by, now)
    elif kind == "analysis_run":
        _analysis(now)
    elif kind == "pairing" and "withdrawn_at" not in now:
        _pairing(connection, now)


def _answer(by: Acting, was: Row | None, now: Row) -> None:
    """Who takes a request down does not answer it: the answer is for those who may review."""
    before = CorrectionAnswer.OPEN.value if was is None else was["answer"]
    parts = ("answer", "answer_reasons", "answered_on")
    if now["answer"] != before or (was is not None and any(was.get(part) != now.get(part) for part in parts)):
        access.permit(by, "answer")


def _coding(connection: sa.Connection, by: Acting, now: Row) -> None:
    sample = table("coding_sample")
    chosen = sa.select(sample.c.coder, sample.c.incidents).where(sample.c.id == now["sample_id"])
    held = connection.execute(chosen).first()
    if held is None or now["incident_id"] not in json.loads(held.incidents):
        text = "The incident is not in this sample."
        raise InvalidRecords(CANNOT, [Fault(0, "incident_id", text, "Code one that was drawn.")])
    if by.name != held.coder:
        raise Refused("This sample was drawn for {coder}.", values={"coder": held.coder})


def _analysis(now: Row) -> None:
    if hashlib.sha256(now["result"].encode()).hexdigest() != now["result_sha256"]:
        text = "Is not the SHA-256 of the answer."
        raise InvalidRecords("The analysis cannot be kept.", [Fault(0, "result_sha256", text, "Run it again.")])


def _pairing(connection: sa.Connection, now: Row) -> None:
    """Two persons; a row counted as one other at most; no circle; nobody both the same and different."""
    one, other = now["victim_id"], now["other_id"]
    victim = table("victim")
    kinds = connection.execute(sa.select(victim.c.kind).where(victim.c.id.in_([one, other]))).scalars()
    if any(kind != VictimKind.PERSON for kind in kinds):
        text = "An unnamed group is not one person."
        raise InvalidRecords(CANNOT, [Fault(0, "victim", text, "Name persons out of it first.")])
    same, different = _judged(connection, now.get("id", ""))
    alike = _component(one, same)
    if now["verdict"] == SameOrNot.DIFFERENT:
        if other in alike:
            text = "Judgements that stand make them one person."
            raise InvalidRecords(CANNOT, [Fault(0, "verdict", text, "Unmerge them first.")])
        return
    if one in same:
        text = "It is counted as another row already."
        raise InvalidRecords(CANNOT, [Fault(0, "victim", text, "Unmerge it first.")])
    if other in alike:
        raise InvalidRecords(CANNOT, [Fault(0, "into", "They are one person already.", "Nothing needs to be done.")])
    theirs = _component(other, same)
    if any((a in alike and b in theirs) or (a in theirs and b in alike) for a, b in different):
        text = "They, or rows counted as them, were judged to be different people."
        raise InvalidRecords(CANNOT, [Fault(0, "verdict", text, "Judge that pair again first.")])


def _judged(connection: sa.Connection, but: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the judgements that stand, without one: each row's other, and the pairs of different people."""
    pairing = table("pairing")
    chosen = sa.select(pairing.c.victim_id, pairing.c.other_id, pairing.c.verdict).where(
        pairing.c.withdrawn_at.is_(None), pairing.c.id != but
    )
    rows = connection.execute(chosen).all()
    same = {row.victim_id: row.other_id for row in rows if row.verdict == SameOrNot.SAME}
    return same, [(row.victim_id, row.other_id) for row in rows if row.verdict == SameOrNot.DIFFERENT]


def _component(row: str, same: dict[str, str]) -> set[str]:
    """Return every row of one person."""
    found, edge = {row}, [row]
    while edge:
        here = edge.pop()
        beside = {other for other in (same.get(here),) if other} | {one for one, other in same.items() if other == here}
        edge += beside - found
        found |= beside
    return found
