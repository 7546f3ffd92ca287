"""What a person types becomes a draft, or faults that say what is wrong; nothing typed is dropped in silence."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from casualty.access import Acting
from casualty.errors import Difference, EditConflict, Fault, InvalidRecords
from casualty.intake import values
from casualty.rules import age_band
from casualty.schema import ClaimFields, DocumentFields, IncidentDraft, SourceFields, table
from casualty.store import Saved, Store, faults_of
from casualty.vocabulary import SourceKind

DATE_MEND = "Write it as 2024-03-05, 2024-03 or 2024."
PLAIN = (
    "incident_type", "date_missing", "date_as_reported", "time_of_day", "place_as_reported", "place_missing", "country",
    "admin1", "admin2", "pcode", "place_precision", "narrative_public", "narrative_restricted",
)  # fmt: skip
COUNTS = ("killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high")
SPAN = ("date_start", "date_end", "date_precision")
_PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*$")

Typed = Mapping[str, Any]


@dataclass
class Read:
    """Fields understood from what was typed, and a fault for each that was not."""

    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(typed: Typed) -> Read:
    """Return the incident's fields as typed; an empty box is an absent value, a 0 is a 0."""
    found = Read({name: typed.get(name) or None for name in PLAIN} | {name: typed.get(name) for name in COUNTS})
    found.fields["count_conflict"] = bool(typed.get("count_conflict"))
    found.fields["incident_type"] = typed.get("incident_type") or "not_recorded"
    _read_date(typed, found)
    _read_coordinates(typed.get("coordinates") or "", found)
    try:
        found.fields["uncertainty_m"] = values.decimal(str(typed.get("uncertainty_m") or ""))
    except ValueError as wrong:
        found.faults.append(Fault(0, "uncertainty_m", f"{wrong}.", "Write metres: 500."))
    return found


def _read_date(typed: Typed, found: Read) -> None:
    first, last = (str(typed.get(name) or "").strip() for name in ("date_from", "date_to"))
    found.fields |= dict.fromkeys(SPAN)
    if last and not first:
        found.faults.append(Fault(0, "date", "An end without a beginning.", "Give the first day too."))
    spans = [_span(name, stated, found) for name, stated in (("date", first), ("date_end", last)) if stated]
    if not spans or None in spans:
        return
    start, end = spans[0].start, spans[-1].end
    exact = spans[0].precision if len(spans) == 1 else None
    precision = typed.get("date_precision") or exact or _precision((end - start).days + 1)
    found.fields |= {"date_start": start, "date_end": end, "date_precision": precision}
    found.fields["date_as_reported"] = found.fields["date_as_reported"] or (f"{first} to {last}" if last else first)


def _span(name: str, stated: str, found: Read) -> Any:
    try:
        span = values.day(stated)
    except ValueError as wrong:
        found.faults.append(Fault(0, name, f"{str(wrong).partition(';')[0]}.", DATE_MEND))
        return None
    if span is None:
        mend = f"{DATE_MEND} If there is none, leave it empty and say why."
        found.faults.append(Fault(0, name, f"{stated[:40]!r} is not a date.", mend))
    return span


def _precision(days: int) -> int:
    """Return the UCDP date precision of a span of so many days."""
    return next((code for code, most in ((1, 1), (2, 6), (3, 7), (4, 31)) if days <= most), 5)


def _read_coordinates(stated: str, found: Read) -> None:
    found.fields |= {"lat": None, "lon": None}
    if not stated.strip():
        return
    pair = _PAIR.match(stated)
    if pair is None:
        mend = "Write latitude, then longitude, in decimal degrees: 33.51, 36.29."
        found.faults.append(Fault(0, "coordinates", f"{stated[:60]!r} is not a pair of decimal degrees.", mend))
        return
    lat, lon = map(float, pair.groups())
    if not -90 <= lat <= 90 or not -180 <= lon <= 180:
        mend = "Latitude lies between -90 and 90, longitude between -180 and 180; perhaps they are swapped."
        found.faults.append(Fault(0, "coordinates", f"{lat:g}, {lon:g} is nowhere on Earth.", mend))
        return
    found.fields |= {"lat": lat, "lon": lon}


def as_typed(draft: IncidentDraft) -> dict[str, Any]:
    """Return an incident as it would have been typed, to fill a form with."""
    held = draft.model_dump(mode="json")
    typed = {name: held[name] for name in (*PLAIN, *COUNTS, "count_conflict")}
    typed["date_from"] = held["date_start"] or ""
    typed["date_to"] = held["date_end"] if held["date_end"] and held["date_end"] != held["date_start"] else ""
    typed["uncertainty_m"] = "" if held["uncertainty_m"] is None else f"{held['uncertainty_m']:g}"
    typed["coordinates"] = "" if held["lat"] is None else f"{held['lat']!r}, {held['lon']!r}"
    written = read(typed).fields["date_precision"]
    typed["date_precision"] = held["date_precision"] if held["date_precision"] != written else None
    return typed


def victim(typed: Typed, number: int, found: Read) -> dict[str, Any]:
    """Return one victim's fields as typed: a person, or a group with low, best and high."""
    who: dict[str, Any] = {name: typed.get(name) for name in ("kind", "harm", "sex", "civil_status") if typed.get(name)}
    who["described_as"] = typed.get("described_as") or None
    if typed.get("kind") == "group":
        who |= {f"count_{part}": typed.get(part) for part in ("low", "best", "high")}
    else:
        name = (typed.get("name") or "").strip()
        who["names"] = [{"name": name}] if name else []
        who |= _age(str(typed.get("age") or ""), number, found)
    if typed.get("identity"):
        dimension, group = typed["identity"].split("/")
        who["attributions"] = [{"dimension_id": dimension, "group_id": group, "basis": typed.get("basis")}]
        if not typed.get("basis"):
            mend = "Say how it is known; it is never inferred by the program."
            found.faults.append(Fault(0, f"victim {number} identity", "An identity without its basis.", mend))
            who["attributions"] = []
    return who


def _age(stated: str, number: int, found: Read) -> dict[str, Any]:
    try:
        age = values.age(stated)
    except ValueError as wrong:
        found.faults.append(Fault(0, f"victim {number} age", f"{wrong}.", "Write 34, 30-35, 30s or child."))
        return {}
    if age is None:
        return {}
    band = age.band or age_band(age.exact).value
    return {"age_years": age.exact, "age_low": age.low, "age_high": age.high, "age_band": band}


def _checked(store: Store, found: Read, fields: Mapping[str, Any]) -> IncidentDraft:
    """Return the draft of these fields; raise InvalidRecords with every fault of typing, fields and rules at once."""
    faults, draft = list(found.faults), None
    try:
        draft = IncidentDraft.model_validate(fields)
    except ValidationError as wrong:
        faults += faults_of(wrong)
    if draft is not None:
        said = {fault.field for fault in faults}
        faults += [fault for fault in store.check(draft).faults if fault.field not in said]
    if draft is None or faults:
        raise InvalidRecords("The incident cannot be saved as it is. Nothing you typed is lost.", faults)
    return draft


def record(store: Store, by: Acting, typed: Typed, victims: Sequence[Typed]) -> Saved:
    """Record a new incident with its source, in one transaction; raise InvalidRecords with every fault, or Refused."""
    found = read(typed)
    people = [victim(who, number, found) for number, who in enumerate(victims, start=1)]
    if not typed.get("killed_unknown") and all(
        found.fields[f"killed_{part}"] is None for part in ("low", "best", "high")
    ):
        mend = "Give a low, a best or a high (0 if nobody was killed), or say that it is not known."
        found.faults.append(Fault(0, "killed", "No number killed.", mend))
    source = str(typed.get("source") or "").strip()
    said = {name: found.fields[name] for name in (*COUNTS, "count_conflict", "date_as_reported")}
    said |= {"locator": typed.get("locator") or None, "document_id": "recorded with the incident"}
    draft = _checked(store, found, {**found.fields, "victims": people, "claims": [said] if source else []})
    known = _source_id(store, source)
    with store.writing(by, reason=str(typed.get("reason") or "")) as writer:
        kind = typed.get("source_kind") or SourceKind.NOT_RECORDED
        source_id = known or writer.record("source", SourceFields(name=source, kind=kind)).id
        document = writer.record("document", _document(typed, source, source_id))
        claim = ClaimFields.model_validate({**said, "document_id": document.id, "source_id": source_id})
        return writer.record("incident", draft.model_copy(update={"claims": [claim]}))


def _document(typed: Typed, source: str, source_id: str) -> DocumentFields:
    title = str(typed.get("document") or "").strip() or f"Report of {source}"
    return DocumentFields(title=title, source_id=source_id, url=str(typed.get("url") or "").strip() or None)


def _source_id(store: Store, name: str) -> str | None:
    source = table("source")
    held = store.rows(sa.select(source.c.id, source.c.name).where(source.c.withdrawn_at.is_(None)))
    return next((row.id for row in held if row.name.casefold() == name.casefold()), None)


@dataclass(frozen=True)
class Edit:
    """An amendment under way: the incident, the version that was opened, and what it held then."""

    incident_id: str
    version: int
    opened: IncidentDraft


def changes(edit: Edit, typed: Typed) -> Read:
    """Return only those fields that differ from what was opened, and the faults of the typing."""
    mine, before = read(typed), read(as_typed(edit.opened)).fields
    changed = {name: value for name, value in mine.fields.items() if value != before[name]}
    return Read(changed, mine.faults)


def amend(store: Store, by: Acting, edit: Edit, typed: Typed, reason: str) -> Saved:
    """Save what was changed; raise EditConflict, InvalidRecords or Refused, and save nothing then."""
    mine = changes(edit, typed)
    draft = _checked(store, mine, {**edit.opened.model_dump(mode="json"), **mine.fields})
    return store.amend("incident", edit.incident_id, draft, expected=edit.version, by=by, reason=reason)


def settle(
    store: Store, by: Acting, edit: Edit, typed: Typed, reason: str, *, seen: int, theirs: frozenset[str]
) -> Saved:
    """Save after a conflict: this person's changes go onto version `seen`, except the fields named in `theirs`."""
    mine = changes(edit, typed)
    fresh, _ = store.draft(edit.incident_id)
    kept = {name: value for name, value in mine.fields.items() if name not in theirs}
    draft = _checked(store, mine, {**fresh.model_dump(mode="json"), **kept})
    return store.amend("incident", edit.incident_id, draft, expected=seen, by=by, reason=reason)


def clashes(conflict: EditConflict) -> list[Difference]:
    """Return the fields of the form that both changed, and differently: somebody has to choose between them."""
    asked = {f"incident.{name}" for name in read({}).fields}
    both = [d for d in conflict.differences if d.theirs != d.before and d.yours not in (d.before, d.theirs)]
    return [d for d in both if d.field in asked]
