"""How a validated draft becomes rows, how rows become a draft again, and how an amendment keeps what is the same.

Rows are plain dictionaries of JSON values, absent values left out: the same that go into the ledger's bodies.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import ledger, rules
from casualty.errors import CheckFailed, Fault, InvalidRecords
from casualty.ledger import Row, Rows
from casualty.schema import (
    AttributionFields,
    ClaimFields,
    IncidentDraft,
    IncidentFields,
    InvolvementDraft,
    InvolvementFields,
    NameFields,
    VictimDraft,
    VictimFields,
)
from casualty.vocabulary import CODEBOOK_VERSION, IncidentStatus

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62


@dataclass
class Ids:
    """Mints keys: UUIDv7 in the order asked for, and readable codes that carry no meaning."""

    _last: int = field(default=0)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def key(self) -> str:
        """Return a UUIDv7 (RFC 9562) later than every one returned before, also when the clock goes back."""
        random = int.from_bytes(os.urandom(10), "big")
        fresh = (
            (time.time_ns() // 1_000_000 << 80)
            | _VERSION_7
            | ((random >> 62 & 0xFFF) << 64)
            | _VARIANT
            | (random & (1 << 62) - 1)
        )
        with self._lock:
            self._last = fresh if fresh > self._last else self._last + 1
            digits = f"{self._last:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    @staticmethod
    def code() -> str:
        """Return twelve random letters and digits (60 bits, no I, L, O, U) in three fours."""
        random = int.from_bytes(os.urandom(8), "big")
        letters = "".join(CROCKFORD[random >> shift & 31] for shift in range(0, 60, 5))
        return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def stamp(moment: datetime) -> str:
    """Return a moment in UTC as every table keeps it: ISO 8601 with microseconds and a Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def dump(draft: SQLModel) -> Row:
    """Return the stated values of a draft as JSON values, absent ones and empty texts left out."""
    return _filled(draft.model_dump(mode="json", exclude_none=True))


def _filled(fields: Row) -> Row:
    """Return the fields without empty texts: an empty box says nothing, and is no reason and no place."""
    return {name: value for name, value in fields.items() if value != ""} if "" in fields.values() else fields


def unstorable(text: str) -> bool:
    """Return whether a text holds what no database keeps: a NUL, or half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\x00" in text


def refuse_unstorable(rows: Rows) -> None:
    """Raise InvalidRecords naming each text of these rows that no database keeps."""
    faults = [
        Fault(0, f"{name}.{column}", "Holds a character that cannot be kept (NUL, or half a pair).", "Type it again.")
        for name, part in rows.items()
        for row in part
        for column, value in row.items()
        if isinstance(value, str) and unstorable(value)
    ]
    if faults:
        raise InvalidRecords("The record cannot be saved as it is.", faults)


def root(ids: Ids, at: str, by: str, fields: Row) -> Row:
    """Return a new root row: the keys of every record, and its fields."""
    return {
        "id": ids.key(),
        "version": 1,
        "recorded_at": at,
        "recorded_by": by,
        "sensitivity": "moderate",
        "codebook_version": CODEBOOK_VERSION,
        **fields,
    }


def new_incident(draft: IncidentDraft, ids: Ids, at: str, by: str, status: str) -> Rows:
    """Return the rows of a new incident and all its children."""
    fields = dump(draft)
    claims = fields.pop("claims")
    del fields["involvements"], fields["victims"]
    incident = root(ids, at, by, fields)
    incident |= {"code": ids.code(), "status": status}
    key = incident["id"]
    rows: Rows = {"incident": [incident]}
    rows["claim"] = [{"id": ids.key(), "incident_id": key, "standing": "current", **_filled(claim)} for claim in claims]
    parties = _add_involvements(rows, {}, draft.involvements, key, ids)
    if draft.victims:
        _add_victims(rows, {}, draft.victims, parties, key, ids)
    return rows


def amended_incident(before: Rows, draft: IncidentDraft, ids: Ids) -> Rows:
    """Return the rows of an incident after an amendment.

    Children whose values are unchanged keep their keys; a victim is the same victim if the draft names its `id`.
    Claims are evidence: those the draft leaves out stay, those it adds are added. A judgement was of what it saw:
    if anything but the claims changes, the incident waits for review again.
    """
    held = before["incident"][0]
    fields = dump(draft)
    for name in ("claims", "involvements", "victims"):
        del fields[name]
    kept = {name: value for name, value in held.items() if name not in IncidentFields.model_fields}
    rows: Rows = {"incident": [kept | fields]}
    key = held["id"]
    claims = _matched(
        before.get("claim", []), [dump(claim) for claim in draft.claims], {"standing": "current"}, key, ids
    )
    present = {claim["id"] for claim in claims}
    rows["claim"] = claims + [claim for claim in before.get("claim", []) if claim["id"] not in present]
    parties = _add_involvements(rows, before, draft.involvements, key, ids)
    _add_victims(rows, before, draft.victims, parties, key, ids)
    rows["review"] = before.get("review", [])
    if judged_content(rows) != judged_content(before):
        dead = found_dead(before, rows)
        rows["incident"][0]["status"] = rules.after_amendment(status_of(before), found_dead=dead).value
    return rows


def found_dead(before: Rows, after: Rows) -> bool:
    """Return whether these rows say that somebody is dead who was missing or disappeared in the rows before."""
    stated = rules.figures_found_dead(before["incident"][0], after["incident"][0])
    fates = {row["harm"] for row in before.get("victim", ())}
    return stated or (
        not fates.isdisjoint(rules.UNKNOWN_FATE) and rules.found_dead(_victims_of(before), _victims_of(after))
    )


def _victims_of(rows: Rows) -> list[VictimDraft]:
    known = {*VictimFields.model_fields, "id"}
    return [
        VictimDraft.model_validate({name: value for name, value in row.items() if name in known})
        for row in rows.get("victim", ())
    ]


def status_of(rows: Rows) -> IncidentStatus:
    """Return where an incident stands; raise CheckFailed for a word that is no status."""
    word = rows["incident"][0]["status"]
    try:
        return IncidentStatus(word)
    except ValueError as wrong:
        raise CheckFailed(
            "An incident holds the status {word}, which is none; see: casualty ledger verify",
            values={"word": repr(word)},
        ) from wrong


def judged_content(rows: Rows) -> str:
    """Return what a judgement is about: the record without its evidence, without the judgements and where they put it."""
    root = {name: value for name, value in rows["incident"][0].items() if name not in STANDING}
    parts = {name: part for name, part in rows.items() if name not in ("claim", "review")}
    return ledger.body({**parts, "incident": [root]})


# Where an incident stands, which judgements and withdrawals say: no part of what is judged.
STANDING = frozenset({"version", "status", "merged_into_id", "withdrawn_at", "withdrawn_by", "withdrawn_reason"})


def _matched(
    old: Iterable[Row],
    stated: Iterable[Row],
    extra: Row,
    incident_id: str,
    ids: Ids,
    beyond: frozenset[str] = frozenset(),
) -> list[Row]:
    """Give each stated child the row that was there with the same values, or a new key.

    `beyond` names columns that no draft states: what stands in them stays.
    """
    pool = list(old)
    rows = []
    for fields in stated:
        wanted = {"incident_id": incident_id, **extra, **fields}
        same = next((row for row in pool if _same(row, wanted, beyond)), None)
        if same is not None:
            pool.remove(same)
        rows.append(same or {"id": ids.key(), **wanted})
    return rows


INTAKE_KEYS = frozenset({"dataset", "external_id", "occurrence", "row_number", "batch_id", "digest"})
ACT_DETAIL = frozenset({"means", "note", "involvement_id"})


def _same(row: Row, wanted: Row, beyond: frozenset[str]) -> bool:
    return wanted.items() <= row.items() and row.keys() - wanted.keys() - INTAKE_KEYS - beyond == {"id"}


def _add_involvements(
    rows: Rows, before: Rows, parts: list[InvolvementDraft], incident_id: str, ids: Ids
) -> dict[str, str]:
    """Add the involvements' rows; return their keys by the names under which acts point at them.

    An involvement is the same one if the draft names its `id`, or else if one of the same values was there.
    """
    rows["involvement"] = []
    names: dict[str, str] = {}
    pool = {row["id"]: row for row in before.get("involvement", [])}
    named = {part.id for part in parts}
    for part in parts:
        stated = {"incident_id": incident_id, **_filled(part.model_dump(mode="json", exclude_none=True, exclude=NAMES))}
        same = next((k for k, row in pool.items() if k not in named and row == {"id": k, **stated}), None)
        key = part.id if part.id and part.id in pool else same or ids.key()
        pool.pop(key, None)
        rows["involvement"].append({"id": key, **stated})
        names |= {name: key for name in (part.id, part.ref, key) if name}
    return names


def _add_victims(
    rows: Rows, before: Rows, victims: list[VictimDraft], parties: dict[str, str], incident_id: str, ids: Ids
) -> None:
    """Add the victims' rows and those under them; groups come first, since persons may point at them."""
    old = {row["id"]: row for row in before.get("victim", [])}
    if strange := [
        number for number, victim in enumerate(victims, start=1) if before and victim.id and victim.id not in old
    ]:
        faults = [
            Fault(0, f"victim {number} id", "Is no victim of this incident.", "Leave it out for a new one.")
            for number in strange
        ]
        raise InvalidRecords("The incident cannot be saved as it is.", faults)
    keys = [victim.id if victim.id and victim.id in old else ids.key() for victim in victims]
    refs = {name: key for victim, key in zip(victims, keys, strict=True) for name in (victim.id, victim.ref) if name}
    rows |= {"victim": [], "victim_name": [], "attribution": [], "act": []}
    for victim, key in zip(victims, keys, strict=True):
        fields = _filled(victim.model_dump(mode="json", exclude_none=True, exclude=UNDER_VICTIM))
        if fields["kind"] == "person":
            fields |= {"count_low": 1, "count_best": 1, "count_high": 1}
        if victim.resolved_out_of is not None:
            fields["resolved_out_of"] = refs.get(victim.resolved_out_of, victim.resolved_out_of)
        code = old[key]["code"] if key in old else ids.code()
        rows["victim"].append({"id": key, "incident_id": incident_id, "code": code, **fields})
        for name, stated in _under(victim):
            mine = [row for row in before.get(name, []) if row.get("victim_id") == key]
            rows[name] += _matched(mine, stated, {"victim_id": key}, incident_id, ids)
        rows["act"] += _acts(before.get("act", []), victim, key, parties, incident_id, ids)
    rows["act"] += [act for act in before.get("act", []) if "victim_id" not in act]
    rows["victim"].sort(key=lambda row: row["kind"] == "person")


NAMES = {"id", "ref"}
UNDER_VICTIM = {"id", "ref", "names", "attributions", "acts"}


def _under(victim: VictimDraft) -> Iterator[tuple[str, list[Row]]]:
    yield "victim_name", [dump(name) for name in victim.names]
    yield "attribution", [dump(attribution) for attribution in victim.attributions]


def _acts(
    old: list[Row], victim: VictimDraft, key: str, parties: dict[str, str], incident_id: str, ids: Ids
) -> list[Row]:
    """Return the rows of a victim's acts. An act stated as its kind alone keeps the details that are held of it."""
    pool = [row for row in old if row.get("victim_id") == key]
    rows: list[Row] = []
    for act in victim.acts:
        stated = act.model_dump(mode="json", exclude_none=True, exclude={"involvement"})
        if act.involvement is not None:
            stated["involvement_id"] = parties.get(act.involvement, act.involvement)
        alone = act.model_fields_set == {"kind"}
        beyond = ACT_DETAIL if alone else frozenset()
        found = _matched(pool, [_filled(stated)], {"victim_id": key}, incident_id, ids, beyond)
        pool = [row for row in pool if row["id"] != found[0]["id"]]
        rows += found
    return rows


def draft_of(rows: Rows) -> IncidentDraft:
    """Return an editable draft of an incident as held: its current claims, involvements and victims with their keys.

    Raises CheckFailed if the rows hold what no draft may.
    """

    def stated(row: Row, fields: type[SQLModel]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name in fields.model_fields}

    def under(name: str, victim: Row, fields: type[SQLModel]) -> list[dict[str, Any]]:
        return [stated(row, fields) for row in rows.get(name, []) if row.get("victim_id") == victim["id"]]

    incident = rows["incident"][0]
    fields = {
        **stated(incident, IncidentFields),
        "sensitivity": incident["sensitivity"],
        "claims": [stated(c, ClaimFields) for c in rows.get("claim", []) if c["standing"] == "current"],
        "involvements": [{**stated(part, InvolvementFields), "id": part["id"]} for part in rows.get("involvement", [])],
        "victims": [
            {
                **stated(victim, VictimFields),
                "id": victim["id"],
                "names": under("victim_name", victim, NameFields),
                "attributions": under("attribution", victim, AttributionFields),
                "acts": [
                    {
                        "kind": act["kind"],
                        "means": act.get("means"),
                        "note": act.get("note"),
                        "involvement": act.get("involvement_id"),
                    }
                    for act in rows.get("act", [])
                    if act.get("victim_id") == victim["id"]
                ],
            }
            for victim in rows.get("victim", [])
        ],
    }
    try:
        return IncidentDraft.model_validate(fields)
    except ValidationError as wrong:
        raise CheckFailed("The incident holds what no draft may; see: casualty ledger verify") from wrong
