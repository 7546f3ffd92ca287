"""Sources and alleged involvements as they are typed: who says what, in which document; who is alleged to have had a part.

Each source becomes a claim with its own figures, date and actor, so that what sources say stays apart from what is held.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import SQLModel

from app.entry.reading import HARMED, PARTS, Read, Typed, read_figures, text
from casualty.errors import Fault
from casualty.schema import ActorFields, ClaimFields, DocumentFields, SourceFields, table
from casualty.store import faults_of
from casualty.vocabulary import ActorKind, SourceKind
from casualty.writing import Writer

FIRST = "1"  # the key of the first source, which every form has
NO_SOURCE = Fault(0, f"source.{FIRST}.name", "No source is named.", "Name the document or the person this comes from.")
OWN = ("killed", "injured", "date", "actor")
PLACEHOLDER = "recorded with the incident"
BOXES = {"actor_as_reported": "actor", "date_as_reported": "date"}  # fields of a claim whose box is called otherwise
Model = TypeVar("Model", bound=SQLModel)
INVOLVED = ("role", "confidence", "response")


@dataclass(frozen=True, slots=True)
class Told:
    """One source as typed: its draft and its document's (None where one is held already), and what it claims."""

    key: str
    source: SourceFields
    document: DocumentFields | None
    document_id: str | None
    claim: dict[str, Any]


def keys(typed: Typed) -> list[str]:
    """Return the keys of the sources that a form has boxes for."""
    return [FIRST, *(str(key) for key in typed.get("sources") or ())]


def names(typed: Typed) -> dict[str, str]:
    """Return what an identity may name as its source: the form's sources, and the documents attached to it."""
    listed = {f"source.{key}": text(of(key, typed), "name") for key in keys(typed)}
    return {key: name for key, name in listed.items() if name}


def of(key: str, typed: Typed) -> dict[str, Any]:
    """Return the boxes of one source by their short names."""
    start = f"source.{key}."
    return {name.removeprefix(start): value for name, value in typed.items() if name.startswith(start)}


def told(typed: Typed, held: Mapping[str, Any], found: Read, *, optional: bool = False) -> list[Told]:
    """Return every source that was typed; `held` are the incident's own figures, which an only source is taken to state.

    With `optional` no source at all is fine: an amendment need not bring a new one.
    """
    listed = []
    named = [key for key in keys(typed) if any(text(of(key, typed), name) for name in of(key, typed))]
    for key in named:
        boxes, at = of(key, typed), f"source.{key}"
        if text(boxes, "name") is None:
            found.faults.append(Fault(0, f"{at}.name", "A source without its name.", "Say who says so."))
            continue
        alone = len(named) == 1 and not optional and not any(text(boxes, name) for name in OWN)
        listed.append(_told(key, boxes, at, held if alone else {}, found))
    return [one for one in listed if one is not None]


def _told(key: str, boxes: Typed, at: str, said: Mapping[str, Any], found: Read) -> Told | None:
    own = Read()
    for harm in ("killed", "injured"):
        read_figures(boxes, harm, harm, own)
    claim = {name: value for name, value in own.fields.items() if value is not None} or dict(said)
    claim |= {"date_as_reported": text(boxes, "date") or said.get("date_as_reported")}
    claim |= {
        "actor_as_reported": text(boxes, "actor"),
        "locator": text(boxes, "locator"),
        "cited": text(boxes, "cited"),
    }
    name = str(text(boxes, "name"))
    stated = {"title": text(boxes, "title") or name[:400], "url": text(boxes, "url")}
    stated["retrieved_at"] = text(boxes, "retrieved_at")
    held = boxes.get("document") or None
    source = _valid(SourceFields, {"name": name, "kind": boxes.get("kind") or SourceKind.NOT_RECORDED}, own)
    document = None if held else _valid(DocumentFields, stated, own)
    stands = _valid(ClaimFields, {**claim, "document_id": PLACEHOLDER}, own)
    found.faults += [replace(fault, field=f"{at}.{BOXES.get(fault.field, fault.field)}") for fault in own.faults]
    if source is None or stands is None or (document is None and held is None):
        return None
    return Told(key, source, document, held, claim)


def _valid(form: type[Model], stated: Mapping[str, Any], found: Read) -> Model | None:
    """Return a draft of these fields, or None with its faults in `found`."""
    try:
        return form.model_validate(stated)
    except ValidationError as wrong:
        found.faults += faults_of(wrong)
        return None


def claims_of(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an incident's fields an only source is taken to state."""
    names = [f"{harm}_{part}" for harm in HARMED if harm != "missing" for part in PARTS]
    return {name: held.get(name) for name in (*names, "count_conflict", "date_as_reported")}


def attached(typed: Typed, listed: list[Told]) -> list[str]:
    """Return the documents that were attached to the form and that no source of it names."""
    named = {one.document_id for one in listed}
    return [str(key) for key in typed.get("documents") or () if key not in named]


def record(writer: Writer, listed: list[Told], documents: list[str]) -> list[ClaimFields]:
    """Record the sources and documents that are not held yet; return the claims that point at them.

    A document that was attached without a source of its own is the first source's: a picture that somebody sends along
    is no independent origin.
    """
    known = _held(writer, "source")
    claims = []
    for one in listed:
        name = one.source.name.casefold()
        if name not in known:
            known[name] = writer.record("source", one.source).id
        document_id = one.document_id
        if one.document is not None:
            document = one.document.model_copy(update={"source_id": known[name]})
            document_id = writer.record("document", document).id
        stated = {**one.claim, "document_id": document_id, "source_id": known[name]}
        claims.append(ClaimFields.model_validate(stated))
    first = claims[0].source_id if claims else None
    own = _sources_of(writer, documents)
    claims += [ClaimFields(document_id=key, source_id=own[key] or first) for key in documents if key in own]
    return claims


def documents_of(listed: list[Told], claims: list[ClaimFields]) -> dict[str, str]:
    """Return the document of each source of the form, by the name under which an identity points at it."""
    return {f"source.{one.key}": claim.document_id for one, claim in zip(listed, claims, strict=False)}


def pointed(victims: list[dict[str, Any]], documents: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the victims with each identity's source as the document that was recorded for it."""
    return [
        {**who, "attributions": [
            {**one, "document_id": documents.get(one["document_id"], one["document_id"])} if one.get("document_id") else one
            for one in who.get("attributions") or ()
        ]}
        for who in victims
    ]  # fmt: skip


def _sources_of(writer: Writer, documents: list[str]) -> dict[str, str | None]:
    """Return the source of each of these documents that stands."""
    document = table("document")
    standing = sa.select(document.c.id, document.c.source_id).where(
        document.c.id.in_(documents), document.c.withdrawn_at.is_(None)
    )
    return {row.id: row.source_id for row in writer.connection.execute(standing)}


def _held(writer: Writer, name: str) -> dict[str, str]:
    """Return the records of a kind that stand, by their name in small letters."""
    part = table(name)
    standing = sa.select(part.c.id, part.c.name).where(part.c.withdrawn_at.is_(None))
    return {row.name.casefold(): row.id for row in writer.connection.execute(standing)}


def involvements(typed: Typed, held: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the alleged involvements as typed; the name of an actor who is not held stands under `new_actor`.

    One whose boxes are all empty was added and not filled in, unless it is one of those `held`.
    """
    stated = []
    for key in typed.get("actors") or ():
        boxes = {name: typed.get(f"actor.{key}.{name}") for name in ("actor", "kind", "note", *INVOLVED)}
        if not any(boxes.values()) and key not in held:
            continue
        one = {name: boxes[name] or "not_recorded" for name in INVOLVED} | {
            "ref": str(key),
            "note": text(boxes, "note"),
        }
        named = text(boxes, "actor")
        one |= {"new_actor": named, "kind": boxes["kind"]} if named else {"actor_missing": "unknown"}
        stated.append(one)
    return stated


def with_actors(writer: Writer, stated: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the involvements with the actors' keys; an actor who is not held yet is recorded."""
    known = _held(writer, "actor") if stated else {}
    return [_with_actor(writer, known, one) for one in stated]


def _with_actor(writer: Writer, known: dict[str, str], one: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in one.items() if name not in ("new_actor", "kind")}
    name = one.get("new_actor")
    if name is None:
        return rest
    if name.casefold() not in known:
        fields = ActorFields(name=name, kind=one.get("kind") or ActorKind.NOT_RECORDED)
        known[name.casefold()] = writer.record("actor", fields).id
    return {**rest, "actor_id": known[name.casefold()]}


def checked(stated: list[dict[str, Any]], found: Read) -> list[dict[str, Any]]:
    """Return the involvements as a draft can be checked before its actors are recorded; faults name the actor's box."""
    listed = []
    for one in stated:
        rest = {name: value for name, value in one.items() if name not in ("new_actor", "kind")}
        name = one.get("new_actor")
        try:
            if name is not None:
                ActorFields(name=name, kind=one.get("kind") or ActorKind.NOT_RECORDED)
        except ValidationError as wrong:
            boxes = {"kind": f"actor.{one['ref']}.kind"}
            found.faults += [
                replace(f, field=boxes.get(f.field, f"actor.{one['ref']}.actor")) for f in faults_of(wrong)
            ]
        listed.append(rest if name is None else {**rest, "actor_id": PLACEHOLDER})
    return listed
