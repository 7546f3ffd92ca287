"""Two records of one thing: merged with reasons, taken apart again with reasons, and never lost.

An incident that repeats another becomes its duplicate and points to it. A victim row that repeats another is counted as
it. Both stay as they were written; every step is in the ledger. Sources: Standards for Casualty Recording (2016) on
duplicate records; both errors matter, a person counted twice and a person counted away.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from casualty import bodies, rules
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotFound
from casualty.ledger import Row, Rows
from casualty.review.stating import (
    JUDGEMENT,
    judgement,
    must_be_second,
    must_say_why,
    seen,
    stated,
    take_up_if_bare,
)
from casualty.schema import PairingFields, table
from casualty.store import Saved, Store, history
from casualty.vocabulary import IncidentStatus, Operation, SameOrNot, StandardOfProof
from casualty.writing import Writer

S = IncidentStatus
CANNOT = "These two cannot be merged."


@dataclass(frozen=True, slots=True)
class Merged:
    """What was merged into what; `kind` is incident or victim, `into` what stands for both."""

    kind: str
    id: str
    code: str
    into_id: str
    into_code: str


def merge(store: Store, code: str, into: str, reason: str, by: Acting) -> Merged:
    """Merge an incident into an incident, or a victim row into a victim row, by their codes or ids.

    Merging into a duplicate leads to the record that it points to. The incident becomes a duplicate with a signed
    judgement; its claims are shown with the survivor and count for its independent origins, each origin once. The victim
    row is counted as the other from then on, wherever people are counted.

    Raises NotFound; InvalidRecords (a circle, a record already merged or taken back, the recorder's own record, no
    reasons); Refused.
    """
    must_say_why(reason)
    (kind, one), (other_kind, other) = found(store, code, by), found(store, into, by)
    if kind != other_kind:
        raise InvalidRecords(CANNOT, [Fault(0, "into", "One is an incident, the other a victim.", "Name two alike.")])
    with store.writing(by, reason=reason) as writer:
        merged = _merge_victims if kind == "victim" else _merge_incidents
        return merged(writer, one, other, reason)


def _merge_incidents(writer: Writer, one: str, other: str, reason: str) -> Merged:
    before, target = seen(writer, "incident", one), seen(writer, "incident", end_of(writer.connection, other))
    incident, into = before["incident"][0], target["incident"][0]
    codes = {"code": incident["code"], "into": into["code"]}
    if incident["status"] == S.DUPLICATE:
        text = "{code} is merged already."
        raise InvalidRecords(CANNOT, [Fault(0, "code", text, "Unmerge it first.", codes)])
    if into["id"] == incident["id"]:
        text = "{code} would point to itself."
        raise InvalidRecords(CANNOT, [Fault(0, "into", text, "Name another record.", codes)])
    if into["status"] in (S.DRAFT, S.WITHDRAWN):
        values = {**codes, "status": S(into["status"])}
        raise InvalidRecords(CANNOT, [Fault(0, "into", "{into} is {status}.", "Name one that stands.", values)])
    writer.review(before, judgement(S.DUPLICATE, reason), 1, into=into["id"])
    return Merged("incident", incident["id"], incident["code"], into["id"], into["code"])


def _merge_victims(writer: Writer, one: str, other: str, reason: str) -> Merged:
    chosen = _judged(writer, one, other, SameOrNot.SAME, reason, follow=True)
    return Merged("victim", chosen[0].id, chosen[0].code, chosen[1].id, chosen[1].code)


def unmerge(store: Store, code: str, by: Acting, reason: str) -> Saved:
    """Take a merge back: the incident has its former status again, or the victim row is counted for itself again.

    What was amended, or lost its origins, while it was a duplicate waits for review again; so does the record it was
    merged into, if fewer origins now stand behind it than its status needs. Raises as `merge` does.
    """
    must_say_why(reason)
    kind, record_id = found(store, code, by)
    minimum = store.deployment()["minimum_origins"]
    with store.writing(by, reason=reason) as writer:
        if kind == "victim":
            return _part_victim(writer, record_id)
        return _part_incident(writer, record_id, reason, minimum)


def _part_incident(writer: Writer, incident_id: str, reason: str, minimum: int) -> Saved:
    before = seen(writer, "incident", incident_id)
    if bodies.status_of(before) != S.DUPLICATE:
        raise InvalidRecords(
            JUDGEMENT, [Fault(0, "code", "It is not merged into another record.", "Name one that is.")]
        )
    must_be_second(writer, before, reason)
    survivor = end_of(writer.connection, incident_id)
    to, standard = _former(writer, before)
    saved = writer.judge(before, before, judgement(to, reason, standard))
    for touched in (incident_id, survivor):
        taken_up = take_up_if_bare(writer, touched, minimum, reason)
        saved = taken_up if taken_up and touched == incident_id else saved
    return saved


def _former(writer: Writer, before: Rows) -> tuple[IncidentStatus, StandardOfProof]:
    """Return the status before the merge and its standard of proof; what was amended since is put forward again."""
    told = history.revisions(writer.connection, "incident", before["incident"][0]["id"])
    was = next(
        (r.before for r in reversed(told) if r.before and r.after and _became_duplicate(r.before, r.after)), None
    )
    if was is None:
        return S.SUBMITTED, StandardOfProof.NOT_STATED
    to = bodies.status_of(was)
    if bodies.judged_content(was) != bodies.judged_content(before):
        to = rules.after_amendment(to, found_dead=bodies.found_dead(was, before))
    standards = [row["standard_of_proof"] for row in was.get("review", ()) if row["to_status"] == to]
    return to, StandardOfProof(standards[-1]) if standards else StandardOfProof.NOT_STATED


def _became_duplicate(before: Rows, after: Rows) -> bool:
    was, now = (rows["incident"][0]["status"] for rows in (before, after))
    return bool(was != S.DUPLICATE and now == S.DUPLICATE)


def _part_victim(writer: Writer, victim_id: str) -> Saved:
    pairing = table("pairing")
    held = writer.connection.execute(_standing().where(pairing.c.victim_id == victim_id)).first()
    if held is None:
        text = "It is not counted as another row."
        raise InvalidRecords(JUDGEMENT, [Fault(0, "code", text, "Name one that is.")])
    return writer.withdraw("pairing", seen(writer, "pairing", held.id))


def redirect(store: Store, record_id: str) -> str:
    """Return the id of the incident, or of the victim row, that stands for this one; its own if none does."""
    with store.reading() as connection:
        return end_of(connection, record_id)


def end_of(connection: sa.Connection, record_id: str) -> str:
    """Return where the merges of an incident, or the judgements of a victim row, lead in the end."""
    incident, pairing = table("incident"), table("pairing")
    onward = sa.select(incident.c.merged_into_id).where(incident.c.id == sa.bindparam("id"))
    same = sa.select(pairing.c.other_id).where(
        pairing.c.victim_id == sa.bindparam("id"), pairing.c.verdict == SameOrNot.SAME, pairing.c.withdrawn_at.is_(None)
    )
    seen_so_far = [record_id]
    while True:
        here = {"id": seen_so_far[-1]}
        following = connection.execute(onward, here).scalar() or connection.execute(same, here).scalar()
        if following is None or following in seen_so_far:
            return seen_so_far[-1]
        seen_so_far.append(following)


def judge_pair(store: Store, a: str, b: str, verdict: SameOrNot, reasons: str, by: Acting) -> Saved:
    """Record what a reviewer judged of two victim rows, by code or id: if they are the same, `a` is counted as `b`.

    An earlier judgement of the same two is replaced, and stays in the ledger. Raises InvalidRecords for a judgement that
    contradicts others that stand: a row counted as two, a circle, two rows of one person called different people.
    """
    must_say_why(reasons)
    (kind, one), (other_kind, other) = found(store, a, by), found(store, b, by)
    if {kind, other_kind} != {"victim"}:
        raise InvalidRecords(CANNOT, [Fault(0, "victim", "A pair is two victims.", "Name them by their own codes.")])
    with store.writing(by, reason=reasons) as writer:
        _, _, saved = _judged(writer, one, other, verdict, reasons, follow=False)
        return saved


def judged_pairs(store: Store) -> dict[frozenset[str], SameOrNot]:
    """Return the pairs of victims' ids on which a judgement stands, each with what was judged."""
    pairing = table("pairing")
    chosen = sa.select(pairing.c.victim_id, pairing.c.other_id, pairing.c.verdict).where(
        pairing.c.withdrawn_at.is_(None)
    )
    return {frozenset((row.victim_id, row.other_id)): row.verdict for row in store.rows(chosen.order_by(pairing.c.id))}


def _judged(
    writer: Writer, one: str, other: str, verdict: SameOrNot, reasons: str, *, follow: bool
) -> tuple[Any, Any, Saved]:
    """Record a judgement of two rows; with `follow`, of the first and the row as which the second is counted."""
    other = end_of(writer.connection, other) if follow else other
    victim = table("victim")
    rows = {
        row.id: row
        for row in writer.connection.execute(
            sa.select(victim.c.id, victim.c.code, victim.c.incident_id).where(victim.c.id.in_([one, other]))
        )
    }
    must_be_second(writer, seen(writer, "incident", rows[one].incident_id), reasons)
    seen(writer, "incident", rows[other].incident_id)
    draft = (
        stated(PairingFields, victim_id=one, other_id=other, verdict=verdict, reasons=reasons) if one != other else None
    )
    if draft is None:
        text = "Both are one row."
        raise InvalidRecords(CANNOT, [Fault(0, "into", text, "Name another.")])
    held, turned = _held(writer, one, other), _held(writer, other, one)
    if turned is not None and "withdrawn_at" not in turned:
        writer.withdraw("pairing", {"pairing": [turned]})
        writer.flush()
    if held is None:
        return rows[one], rows[other], writer.record("pairing", draft)
    plain = {name: value for name, value in held.items() if not name.startswith("withdrawn_")}
    after = {"pairing": [plain | bodies.dump(draft)]}
    return rows[one], rows[other], writer.change("pairing", {"pairing": [held]}, after, Operation.AMEND)


def _held(writer: Writer, one: str, other: str) -> Row | None:
    pairing = table("pairing")
    chosen = sa.select(pairing.c.id).where(pairing.c.victim_id == one, pairing.c.other_id == other)
    key = writer.connection.execute(chosen).scalar()
    return None if key is None else history.current(writer.connection, "pairing", key)["pairing"][0]


def _standing() -> "sa.Select[tuple[str]]":
    pairing = table("pairing")
    return sa.select(pairing.c.id).where(pairing.c.verdict == SameOrNot.SAME, pairing.c.withdrawn_at.is_(None))


def found(store: Store, code: str, by: Acting | None = None) -> tuple[str, str]:
    """Return ("victim", id) or ("incident", id) by a code or an id; raise NotFound, also for what `by` does not see."""
    victim, wanted = table("victim"), code.strip()
    if not bodies.unstorable(wanted):
        match = (victim.c.code == wanted.upper()) | (victim.c.id == wanted.lower())
        for row in store.rows(sa.select(victim.c.id, victim.c.incident_id).where(match)):
            store.current("incident", row.incident_id, by=by)
            return "victim", row.id
    kind, record_id = store.identify(wanted, by=by)
    if kind != "incident":
        raise NotFound("{code} is neither an incident nor a victim.", values={"code": repr(wanted)})
    return kind, record_id
