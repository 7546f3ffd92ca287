"""A random sample coded a second time, by somebody who does not see how it was coded at first.

The sample is drawn by hash: incidents in order of SHA-256 of "SEED:ID", the first so many. Anybody who knows the seed and
what it was drawn from draws the same. Source: second coding and agreement as in Cohen (1960); see `agreeing`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from casualty import access, rules
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotEnoughData, Refused
from casualty.ledger import Row, Rows
from casualty.review.agreeing import Kappa, kappa
from casualty.review.stating import stated
from casualty.schema import CodingFields, CodingSampleFields, table
from casualty.store import Saved, Store, history
from casualty.vocabulary import IncidentStatus, IncidentType, Operation

CODED = ("incident_type", "date_precision", "place_precision", "killed_best", "to_status")
NOT_STATED = "not stated"
# What is there to be coded again: put forward, and not taken back or merged away.
DRAWN_FROM = tuple(
    s for s in IncidentStatus if s in rules.JUDGED | {IncidentStatus.SUBMITTED, IncidentStatus.IN_REVIEW}
)
# What a claim says itself; how it was rated, and where it is said to come from, is the first coders' work.
SHOWN = (
    "locator", "killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high",
    "count_conflict", "date_as_reported", "actor_as_reported", "cited", "stated",
)  # fmt: skip
DOCUMENT = ("title", "url", "retrieved_at", "media_type", "language", "sha256")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample: whose it is, how it was drawn (of `population`), its incidents in the order drawn, how many are coded."""

    id: str
    coder: str
    seed: int
    drawn_from: str
    population: int
    incidents: tuple[str, ...]
    coded: int
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Uncoded:
    """An incident to be coded, as its documents tell it and no other way; `number` of `size` in the sample.

    `claims` hold the words and figures of each claim with its `document` (title, address, hash) and `source` (name).
    """

    incident_id: str
    number: int
    size: int
    claims: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the second coder agrees with how the incidents were coded when the sample was drawn, field by field.

    `missing` of the sample are not yet coded. Statuses are compared where the incident had been judged by then.
    """

    sample: Sample
    fields: tuple[Kappa, ...]
    missing: int


def draw(
    store: Store, by: Acting, coder: str, size: int, seed: int, *,
    status: Sequence[IncidentStatus] = DRAWN_FROM, situation: str | None = None,
) -> Sample:  # fmt: skip
    """Draw a sample of incidents for a second coder and record it, with what it was drawn from.

    Never what the coder recorded or amended, nor what the one who draws does not see. Raises NotEnoughData if fewer are
    there than asked for, InvalidRecords, Refused.
    """
    incident, revision = table("incident"), table("revision")
    wanted = [IncidentStatus(one) for one in status]
    mine = sa.select(revision.c.record_id).where(
        revision.c.record_kind == "incident", revision.c.actor.in_([coder, f"local:{coder.removeprefix('local:')}"]),
        revision.c.operation.in_([Operation.RECORD, Operation.AMEND, Operation.RESTORE]),
    )  # fmt: skip
    where: list[sa.ColumnElement[bool]] = [
        incident.c.status.in_(wanted),
        incident.c.withdrawn_at.is_(None),
        incident.c.id.not_in(mine),
    ]
    if situation is not None:
        where.append(incident.c.situation_id == situation)
    access.permit(by, "judge")
    ids = [row.id for row in store.rows(sa.select(incident.c.id).where(*where, store.visible(by)))]
    if not 1 <= size <= len(ids):
        text = "{found} incidents can be drawn from; {size} were asked for."
        raise NotEnoughData(text, values={"found": len(ids), "size": size})
    ids.sort(key=lambda key: (hashlib.sha256(f"{seed}:{key}".encode()).hexdigest(), key))
    told = f"status {', '.join(wanted)}; {'situation ' + situation if situation else 'every situation'}; not by {coder}"
    draft = stated(
        CodingSampleFields, coder=coder, seed=seed, drawn_from=told, population=len(ids),
        incidents=json.dumps(ids[:size]),
    )  # fmt: skip
    saved = store.record("coding_sample", draft, by)
    return sample(store, saved.id)


def samples(store: Store) -> list[Sample]:
    """Return the samples drawn, the last first."""
    part, coding = table("coding_sample"), table("coding")
    done = sa.select(coding.c.sample_id, sa.func.count().label("n")).where(coding.c.withdrawn_at.is_(None))
    counted = done.group_by(coding.c.sample_id).subquery()
    chosen = sa.select(part, counted.c.n).outerjoin(counted, counted.c.sample_id == part.c.id)
    rows = store.rows(chosen.where(part.c.withdrawn_at.is_(None)).order_by(part.c.id.desc()))
    return [
        Sample(
            row.id, row.coder, row.seed, row.drawn_from, row.population, tuple(json.loads(row.incidents)), row.n or 0,
            row.recorded_at,
        )
        for row in rows
    ]  # fmt: skip


def sample(store: Store, sample_id: str) -> Sample:
    """Return a sample by its id; raise NotFound."""
    store.current("coding_sample", sample_id)
    return next(one for one in samples(store) if one.id == sample_id)


def next_uncoded(store: Store, sample_id: str, by: Acting) -> Uncoded | None:
    """Return the next incident of a sample that its coder has not coded, None when all are; raise Refused to others."""
    drawn = sample(store, sample_id)
    if by.name != drawn.coder:
        raise Refused("This sample was drawn for {coder}.", values={"coder": drawn.coder})
    done = {row["incident_id"] for row in _codings(store, sample_id)}
    for number, key in enumerate(drawn.incidents, start=1):
        if key not in done:
            return Uncoded(key, number, len(drawn.incidents), _told(store, key))
    return None


def _codings(store: Store, sample_id: str) -> list[Row]:
    part = table("coding")
    chosen = sa.select(part).where(part.c.sample_id == sample_id, part.c.withdrawn_at.is_(None))
    return [dict(row._mapping) for row in store.rows(chosen)]


def _told(store: Store, incident_id: str) -> tuple[Row, ...]:
    claim, document, source = table("claim"), table("document"), table("source")
    chosen = (
        sa.select(
            *(claim.c[name] for name in SHOWN), *(document.c[name].label(f"document_{name}") for name in DOCUMENT),
            document.c.id.label("document_id"), source.c.name.label("source"),
        )
        .join(document, document.c.id == claim.c.document_id)
        .outerjoin(source, source.c.id == sa.func.coalesce(claim.c.source_id, document.c.source_id))
        .where(claim.c.incident_id == incident_id, claim.c.standing == "current", document.c.withdrawn_at.is_(None))
        .order_by(claim.c.id)
    )  # fmt: skip
    return tuple(
        {
            **{name: value for name, value in row._mapping.items() if not name.startswith("document_")},
            "document": {name: row._mapping[f"document_{name}"] for name in ("id", *DOCUMENT)},
        }
        for row in store.rows(chosen)
    )


def code(
    store: Store, sample_id: str, incident_id: str, by: Acting, *, incident_type: IncidentType,
    date_precision: int | None, place_precision: int | None, killed_best: int | None, to_status: IncidentStatus,
    note: str | None = None,
) -> Saved:  # fmt: skip
    """Record how the second coder codes one incident of a sample, once; `to_status` as they would judge it."""
    if to_status not in rules.JUDGED:
        text, allowed = "Is no judgement.", {"allowed": tuple(sorted(rules.JUDGED))}
        raise InvalidRecords(
            "The record cannot be saved as it is.", [Fault(0, "to_status", text, "One of: {allowed}.", allowed)]
        )
    if any(row["incident_id"] == incident_id for row in _codings(store, sample_id)):
        text = "It is coded already."
        raise InvalidRecords(
            "The record cannot be saved as it is.", [Fault(0, "incident_id", text, "Go on to the next.")]
        )
    draft = stated(
        CodingFields, sample_id=sample_id, incident_id=incident_id, incident_type=incident_type,
        date_precision=date_precision, place_precision=place_precision, killed_best=killed_best, to_status=to_status,
        note=note,
    )  # fmt: skip
    return store.record("coding", draft, by)


def agreement(store: Store, sample_id: str) -> Agreement:
    """Return how far a sample's coder agrees with how its incidents were coded when it was drawn; see `Agreement`."""
    drawn = sample(store, sample_id)
    pairs: dict[str, list[tuple[str, str]]] = {field: [] for field in CODED}
    codings = _codings(store, sample_id)
    with store.reading() as connection:
        seq = next(r.seq for r in history.revisions(connection, "coding_sample", sample_id))
        for coding in codings:
            first = _as_drawn(history.revisions(connection, "incident", coding["incident_id"]), seq)
            for field in CODED if first is not None else ():
                _compare(field, first or {}, coding, pairs[field])
    return Agreement(drawn, tuple(kappa(field, pairs[field]) for field in CODED), len(drawn.incidents) - len(codings))


def _as_drawn(told: Sequence[Any], seq: int) -> Row | None:
    """Return the incident as it stood when the sample was drawn; None if that was lawfully erased."""
    rows: Rows | None = next((r.after for r in reversed(told) if r.seq < seq), None)
    return None if rows is None else rows["incident"][0]


def _compare(field: str, first: Row, second: Mapping[str, Any], pairs: list[tuple[str, str]]) -> None:
    if field == "to_status":
        if first["status"] in rules.JUDGED:
            pairs.append((first["status"], str(second["to_status"])))
        return
    was, now = first.get(field), second[field]
    pairs.append((NOT_STATED if was is None else str(was), NOT_STATED if now is None else str(now)))
