"""Corrections that families and others ask for: taken down, answered with reasons by a second person, never lost.

Source: Standards for Casualty Recording (2016), correction of published records; R19. The contact of who asks is for
those who answer, and for who took it down.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords
from casualty.review.merging import found
from casualty.review.stating import JUDGEMENT, must_be_second, must_say_why, seen, stated
from casualty.schema import CorrectionFields, table
from casualty.store import Saved, Store
from casualty.vocabulary import AskedBy, CorrectionAnswer, Operation, Role

ANSWERS_SEEN_BY = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Request:
    """A correction asked for. `code` is of the incident or the victim; `contact` is None for who may not see it.

    `age_days` since it came in; of an answered one, until the answer.
    """

    id: str
    version: int
    incident_id: str | None
    victim_id: str | None
    code: str | None
    asked_by: AskedBy
    received_on: date
    wanted: str
    contact: str | None
    answer: CorrectionAnswer
    answer_reasons: str | None
    answered_on: date | None
    recorded_by: str
    age_days: int


def ask(
    store: Store, by: Acting, *, wanted: str, asked_by: AskedBy, code: str | None = None,
    received_on: date | None = None, contact: str | None = None,
) -> Saved:  # fmt: skip
    """Take down that somebody asks for a correction; `code` names the incident or the victim, if there is one yet."""
    names: dict[str, str] = {}
    if code is not None:
        kind, record_id = found(store, code, by)
        names[f"{kind}_id"] = record_id
        if kind == "victim":
            names["incident_id"] = _incident_of(store, record_id)
    received = received_on or store.today()
    if received > store.today():
        text = "{day} has not come yet."
        faults = [Fault(0, "received_on", text, "Check day, month and year.", {"day": received})]
        raise InvalidRecords("The record cannot be saved as it is.", faults)
    draft = stated(
        CorrectionFields, wanted=wanted, asked_by=asked_by, received_on=received, contact=contact or None, **names
    )
    return store.record("correction", draft, by)


def _incident_of(store: Store, victim_id: str) -> str:
    victim = table("victim")
    return str(store.rows(sa.select(victim.c.incident_id).where(victim.c.id == victim_id))[0].incident_id)


def corrections(store: Store, by: Acting, answer: CorrectionAnswer | None = None) -> list[Request]:
    """Return the corrections asked for, as far as `by` sees them, the oldest first; `answer`: only those so answered."""
    part, incident, victim = table("correction"), table("incident"), table("victim")
    chosen = (
        sa.select(part, sa.func.coalesce(victim.c.code, incident.c.code).label("code"))
        .outerjoin(incident, incident.c.id == part.c.incident_id)
        .outerjoin(victim, victim.c.id == part.c.victim_id)
        .where(part.c.withdrawn_at.is_(None), part.c.incident_id.is_(None) | store.visible(by))
        .order_by(part.c.received_on, part.c.id)
    )
    rows = store.rows(chosen if answer is None else chosen.where(part.c.answer == CorrectionAnswer(answer)))
    return [_request(row, by, store.today()) for row in rows]


def _request(row: "sa.Row[tuple[object, ...]]", by: Acting, today: date) -> Request:
    told = row._mapping
    told_all = by.role is None or by.role in ANSWERS_SEEN_BY or told["recorded_by"] == by.name
    return Request(
        **{name: told[name] for name in Request.__slots__ if name not in ("contact", "age_days")},
        contact=told["contact"] if told_all else None,
        age_days=((told["answered_on"] or today) - told["received_on"]).days,
    )


def answer(
    store: Store, correction_id: str, answer: CorrectionAnswer, reasons: str, by: Acting, *, expected: int | None = None
) -> Saved:
    """Answer a correction, with reasons and today's day; an answer may be given anew, and the one before stays told.

    It is for who may review, and never for who recorded or amended the incident that it speaks of: what is asked of one's
    own work is answered by a second person. Raises InvalidRecords, Refused, NotFound.
    """
    must_say_why(reasons)
    given = CorrectionAnswer(answer)
    if given == CorrectionAnswer.OPEN:
        raise InvalidRecords(
            JUDGEMENT, [Fault(0, "answer", "An answer is not open.", "Accept it, in part, or decline.")]
        )
    with store.writing(by, action="answer", reason=reasons) as writer:
        before = seen(writer, "correction", correction_id)
        held = before["correction"][0]
        if expected is not None and held["version"] != expected:
            text = "Somebody else answered it since you opened it."
            raise InvalidRecords(JUDGEMENT, [Fault(0, "answer", text, "Read it again.")])
        if "incident_id" in held:
            must_be_second(writer, seen(writer, "incident", held["incident_id"]), reasons)
        told = {"answer": given.value, "answer_reasons": reasons.strip(), "answered_on": writer.today.isoformat()}
        return writer.change("correction", before, {"correction": [held | told]}, Operation.REVIEW)
