"""The claims of all sources side by side, grouped by where they first came from; rated, never rewritten.

Three papers on one wire are three claims of one origin. How reliable a source is and how credible this information is are
two ratings that are never merged into one (six steps each). Sources: Standards for Casualty Recording (2016),
evaluation; OHCHR Guidance on Casualty Recording (2019); HURIDOCS Events Standard Formats 0953 and 2553. Standards: R14-R16.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

import sqlalchemy as sa

from casualty import access, bodies
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords
from casualty.ledger import Row, Rows
from casualty.review.stating import (
    JUDGEMENT,
    bare,
    judgement,
    must_be_second,
    must_say_why,
    seen,
    stated,
    take_up_if_bare,
)
from casualty.schema import OriginFields, table
from casualty.store import Saved, Store, history
from casualty.vocabulary import Credibility, IncidentStatus, Operation, Reliability
from casualty.writing import MERGED_INTO, Writer

FIELDS = (
    "killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high", "date_as_reported",
    "actor_as_reported", "cited", "locator",
)  # fmt: skip
# What a claim may well say otherwise than another without disagreeing with it.
BESIDE = frozenset({"locator", "cited"})
HELD = ("killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high", "date_as_reported")


@dataclass(frozen=True, slots=True)
class Told:
    """One claim as a column: what it comes from and how it was rated. `code` is of the merged incident it stands in."""

    claim_id: str
    incident_id: str
    code: str | None
    document_id: str
    document: str
    source_id: str | None
    source: str | None
    reliability: Reliability | None
    credibility: Credibility | None
    origin_id: str | None
    origin: str | None
    standing: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One field in all claims, in the order of the columns; `held` as the incident has it; None is not stated.

    `differs` if two current claims state it and do not agree.
    """

    field: str
    held: Any
    values: tuple[Any, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """All claims of an incident, those of one origin beside each other; "`claims` claims, `origins` origins"."""

    columns: tuple[Told, ...]
    lines: tuple[Line, ...]
    claims: int
    origins: int

    @property
    def groups(self) -> tuple[tuple[Told, ...], ...]:
        """The current claims by independent origin."""
        found: dict[object, list[Told]] = {}
        for column in self.columns:
            if column.counts:
                found.setdefault(_origin(column), []).append(column)
        return tuple(map(tuple, found.values()))


def _origin(column: Told) -> str:
    return column.origin_id or column.source_id or column.document_id


def side_by_side(
    rows: Rows, documents: Mapping[str, Row], sources: Mapping[str, Row], origins: Mapping[str, Row],
    merged: Sequence[Rows] = (),
) -> Comparison:  # fmt: skip
    """Return the claims of an incident, and of those merged into it, as columns, one line a field.

    Parameters
    ----------
    rows, merged: bodies of the incidents. documents, sources, origins: rows by id (title and source_id, name and
    reliability, label; `withdrawn_at` where taken back: claims of such documents are shown and count nothing).
    """
    told = [(claim, None) for claim in rows.get("claim", ())]
    told += [(claim, part["incident"][0]["code"]) for part in merged for claim in part.get("claim", ())]
    every = [(_told(claim, code, documents, sources, origins), claim) for claim, code in told]
    every.sort(key=lambda one: (not one[0].counts, _origin(one[0]), one[0].claim_id))
    columns = tuple(column for column, _ in every)
    return Comparison(
        columns,
        tuple(_line(name, rows["incident"][0], every) for name in FIELDS),
        sum(column.counts for column in columns),
        len({_origin(column) for column in columns if column.counts}),
    )


def _told(
    claim: Row, code: str | None, documents: Mapping[str, Row], sources: Mapping[str, Row], origins: Mapping[str, Row]
) -> Told:
    document = documents.get(claim["document_id"], {})
    source_id = claim.get("source_id") or document.get("source_id")
    source, origin = sources.get(source_id or "", {}), origins.get(claim.get("origin_id") or "", {})
    return Told(
        claim["id"], claim["incident_id"], code, claim["document_id"], document.get("title", ""), source_id,
        source.get("name"), Reliability(source["reliability"]) if source.get("reliability") else None,
        Credibility(claim["credibility"]) if claim.get("credibility") else None, claim.get("origin_id"),
        origin.get("label"), claim["standing"],
        claim["standing"] == "current" and document.get("withdrawn_at") is None and bool(document),
    )  # fmt: skip


def _line(name: str, incident: Row, every: Sequence[tuple[Told, Row]]) -> Line:
    stated_values = {claim[name] for column, claim in every if column.counts and claim.get(name) is not None}
    held = incident.get(name) if name in HELD else None
    values = tuple(claim.get(name) for _, claim in every)
    return Line(name, held, values, name not in BESIDE and len(stated_values) > 1)


def compare(store: Store, incident_id: str, by: Acting) -> Comparison:
    """Return all claims of an incident side by side, with those of what was merged into it; raise NotFound."""
    rows = store.current("incident", incident_id, by=by)
    with store.reading() as connection:
        ids = connection.execute(MERGED_INTO, {"id": incident_id}).scalars().all()
        merged = [history.current(connection, "incident", key) for key in ids]
        claims = [claim for part in (rows, *merged) for claim in part.get("claim", ())]
        documents = _named(connection, "document", {claim["document_id"] for claim in claims})
        ids_of_sources = {claim.get("source_id") for claim in claims} | {d["source_id"] for d in documents.values()}
        sources = _named(connection, "source", ids_of_sources)
        origins = _named(connection, "origin", {claim.get("origin_id") for claim in claims})
    return side_by_side(rows, documents, sources, origins, merged)


def _named(connection: sa.Connection, name: str, ids: set[str | None]) -> dict[str, Row]:
    part = table(name)
    wanted = [key for key in ids if key is not None]
    return {row.id: dict(row._mapping) for row in connection.execute(sa.select(part).where(part.c.id.in_(wanted)))}


def assess(
    store: Store, incident_id: str, claim_id: str | Sequence[str], *, origin: str | EllipsisType | None = ...,
    credibility: Credibility | EllipsisType | None = ..., reason: str, by: Acting, expected: int | None = None,
) -> Saved:  # fmt: skip
    """Say where claims first came from and how credible their information is; their words and figures stay.

    Parameters
    ----------
    claim_id: one claim of the incident or several. origin: id or label of an origin (a new label makes a new one), None
    for none; left out, it stays. credibility: one of six steps, None for none; left out, it stays.
    expected: the version that was read; EditConflict if somebody saved another since.

    It is a judgement: for a second person, with reasons, in the ledger as a review. An incident that would stand on fewer
    independent origins than its status needs is taken into review again.
    """
    ids = {claim_id} if isinstance(claim_id, str) else set(claim_id)
    minimum = store.deployment()["minimum_origins"]
    with store.writing(by, reason=reason) as writer:
        before = seen(writer, "incident", incident_id)
        if expected is not None:
            history.must_be_version(writer, "incident", before, expected)
        must_be_second(writer, before, reason)
        _must_hold_claims(before, ids)
        rated: Row = {}
        if origin is not ...:
            rated["origin_id"] = _origin_id(writer, origin)
        if credibility is not ...:
            rated["credibility"] = None if credibility is None else Credibility(credibility).value
        claims = [_rated(claim, rated) if claim["id"] in ids else claim for claim in before["claim"]]
        return _assessed(writer, before, {**before, "claim": claims}, minimum, reason)


def _assessed(writer: Writer, before: Rows, after: Rows, minimum: int, reason: str) -> Saved:
    writer.flush()
    if bare(writer, after, minimum):
        return writer.judge(before, after, judgement(IncidentStatus.IN_REVIEW, reason))
    saved = writer.change("incident", before, after, Operation.REVIEW)
    if (survivor := before["incident"][0].get("merged_into_id")) is not None:
        from casualty.review.merging import end_of

        take_up_if_bare(writer, end_of(writer.connection, survivor), minimum, reason)
    return saved


def _must_hold_claims(before: Rows, ids: set[str]) -> None:
    if bodies.status_of(before) == IncidentStatus.WITHDRAWN:
        text = "The incident is withdrawn."
        raise InvalidRecords(JUDGEMENT, [Fault(0, "status", text, "Take it into review first.")])
    if not ids or ids - {claim["id"] for claim in before.get("claim", ())}:
        raise InvalidRecords(
            JUDGEMENT, [Fault(0, "claim", "It is no claim of this incident.", "Choose one of its claims.")]
        )


def _rated(claim: Row, rated: Row) -> Row:
    return {name: value for name, value in (claim | rated).items() if value is not None}


def _origin_id(writer: Writer, origin: str | None) -> str | None:
    """Return the id of an origin by its id or label; a label that nobody used makes a new one."""
    if origin is None or not origin.strip():
        return None
    part, wanted = table("origin"), origin.strip()
    same = (part.c.id == wanted) | (part.c.label == wanted)
    bodies.refuse_unstorable({"origin": [{"label": wanted}]})
    held = writer.connection.execute(sa.select(part.c.id).where(same, part.c.withdrawn_at.is_(None))).scalar()
    return held or writer.record("origin", stated(OriginFields, label=wanted)).id


def rate_source(store: Store, source_id: str, reliability: Reliability | None, reason: str, by: Acting) -> Saved:
    """Say how reliable a source is, apart from anything it says; for reviewers, with reasons, in the ledger as a review."""
    must_say_why(reason)
    access.permit(by, "review")
    with store.writing(by, reason=reason) as writer:
        before = seen(writer, "source", source_id)
        rated = {"reliability": None if reliability is None else Reliability(reliability).value}
        return writer.change("source", before, {"source": [_rated(before["source"][0], rated)]}, Operation.REVIEW)
