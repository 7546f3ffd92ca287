"""The annex: incidents of the package one by one, what is held apart from what sources say and from what was judged (R87).

At most 2,000: of more, those with the most people killed, in the order of their days; all stand in the table of incidents.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casualty.patterns.plainly import clean
from casualty.release.package import Package
from casualty.release.records import FILES
from casualty.release.report.held import Incident, Record
from casualty.release.report.lines import inline
from casualty.release.report.people import PARTS, SUPPRESSED, Row
from casualty.release.report.tables import figure
from casualty.vocabulary import (
    DatePrecision,
    IncidentStatus,
    IncidentType,
    InvolvementResponse,
    InvolvementRole,
    NameKind,
    PlacePrecision,
    SourceKind,
    StandardOfProof,
    Terms,
)

MOST = 2000
# What the whole annex may hold of each, shared out equally over its incidents, and the most of one: text takes memory.
SHARED = {"letters": (300_000, 1500), "names": (12_000, 20), "claims": (6_000, 5), "parties": (6_000, 5)}
NOT_STATED = "not stated"
ABSENT = ("", "not_applicable", "not_recorded")


@dataclass
class Beside:
    """What stands under the chosen incidents, by the incident's id; names by its code."""

    claims: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    parties: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    judged: dict[str, str] = field(default_factory=dict)


def of(package: Package, record: Record) -> dict[str, Any]:
    """Return the annex: the incidents shown, how many there are, and the file that holds all."""
    chosen = _chosen(record.incidents)
    beside = _beside(package, set(chosen), {incident.code for incident in chosen.values()})
    share = {what: min(most, whole // max(len(chosen), 1)) for what, (whole, most) in SHARED.items()}
    rows = (row for row in package.rows("incident") if row["id"] in chosen)
    shown = [_entry(row, chosen[row["id"]], beside, share) for row in rows]
    shown.sort(key=lambda entry: (entry["day"] or "9999", entry["code"]))
    return {
        "incidents": shown,
        "shown": figure(len(shown)),
        "of": figure(len(record.incidents)),
        "whole": len(shown) == len(record.incidents),
        "file": f"data/04_records/{FILES['incident']}.csv",
    }  # fmt: skip


def _chosen(incidents: Iterable[Incident]) -> dict[str, Incident]:
    ranked = sorted(incidents, key=lambda incident: (-incident.killed[1], -incident.killed[2], incident.code))
    return {incident.id: incident for incident in ranked[:MOST]}


def _entry(row: Row, incident: Incident, beside: Beside, share: Mapping[str, int]) -> dict[str, Any]:
    text = row.get("narrative_public", "")
    return {
        "code": incident.code,
        "tier": incident.tier,
        "status": _label(IncidentStatus, incident.status) if incident.status else "",
        "day": row.get("date_start") or row.get("period", ""),
        "when": _when(row),
        "type": "" if incident.kind in ABSENT else _label(IncidentType, incident.kind),
        "title": clean(row.get("title", "")),
        "where": _where(row),
        "closely": "" if incident.precision is None else PlacePrecision(incident.precision).label.lower(),
        "killed": _killed(row, incident),
        "injured": _stated(row, "injured"),
        "missing": _stated(row, "missing"),
        "names": _few(beside.names.get(incident.code, []), share["names"]),
        "parties": _few(beside.parties.get(row["id"], []), share["parties"]),
        "account": [clean(part) for part in text[: share["letters"]].splitlines() if part.strip()],
        "cut": len(text) > share["letters"],
        "claims": _few(beside.claims.get(row["id"], []), share["claims"]) or _kinds(row),
        "judged": beside.judged.get(row["id"], ""),
        "withheld": reasons(row),
    }


def reasons(row: Row) -> str:
    """Return why something of a row was kept back, without saying which columns: the reasons of the list of what is withheld."""
    told = (part.partition(":")[0].strip() for part in row.get("withheld", "").split(";"))
    return ", ".join(dict.fromkeys(clean(reason) for reason in told if reason))


def _label(scheme: type[Terms], value: str) -> str:
    return next((term.label for term in scheme if term.value == value), clean(value))


def _few(listed: list[str], most: int) -> list[str]:
    return listed if len(listed) <= most else [*listed[:most], f"and {figure(len(listed) - most)} more"]


def _kinds(row: Row) -> list[str]:
    """Return how many sources of each kind speak of an incident, at a tier that tells no more of them."""
    parts = (part.partition(":") for part in row.get("sources", "").split(";") if part.strip())
    return [f"{_source_kind(kind.strip())}: {number.strip()}" for kind, _, number in parts]


def _source_kind(told: str) -> str:
    """Return a kind of source in words; its reliability, where it is told, stays behind it in brackets."""
    kind, bracket, rating = told.partition(" (")
    return f"{_label(SourceKind, kind).lower()}{bracket}{clean(rating)}"


def _when(row: Row) -> str:
    """Return the days of an incident as they are known, never closer."""
    first, last = row.get("date_start", ""), row.get("date_end", "")
    if not first:
        return row.get("period", "") or "day not known"
    days = first if last in ("", first) else f"{first} to {last}"
    precision = row.get("date_precision", "")
    exact = not precision.isdigit() or int(precision) == DatePrecision.DAY
    return days if exact else f"{days} ({DatePrecision(int(precision)).label.lower()})"


def _where(row: Row) -> list[str]:
    """Return the place as reported and the units above it, each a text of its own."""
    named = [row.get(name, "") for name in ("place_as_reported", "admin2", "admin1", "area", "country")]
    return list(dict.fromkeys(clean(name) for name in named if name)) or ["place not known"]


def _killed(row: Row, incident: Incident) -> str:
    if incident.suppressed:
        return SUPPRESSED
    stated = _stated(row, "killed")
    if stated:
        return stated
    low, best, high = incident.killed
    return f"{_range(str(low), str(best), str(high))} (from the victims recorded)" if high else NOT_STATED


def _stated(row: Row, what: str) -> str:
    cells = [row.get(f"{what}_{part}", "") for part in PARTS]
    return _range(*cells) if any(cells) else ""


def _range(low: str, best: str, high: str) -> str:
    """Return a range as it is printed: one number where no other is stated, else all three, `?` for one not stated."""
    if (low == best == high) or (best and not low and not high):
        return _number(best)
    return f"{_number(low)} - {_number(best)} - {_number(high)}"


def _number(cell: str) -> str:
    return f"{int(cell):,}" if cell.isdigit() else cell or "?"


# Beside the incidents -------------------------------------------------------------------------------------------------


def _beside(package: Package, ids: set[str], codes: set[str]) -> Beside:
    found = Beside()
    sources = _sources(package)
    for row in _under(package, "claim", ids):
        if row.get("standing", "current") == "current":
            found.claims[row["incident_id"]].append(_claim(row, sources))
    actors = {row["id"]: inline(row.get("name") or row["id"]) for row in package.rows("actor")}
    for row in _under(package, "involvement", ids):
        found.parties[row["incident_id"]].append(_party(row, actors))
    for row in package.rows("victim_name"):
        if row["incident_code"] in codes and row.get("kind", NameKind.FULL) == NameKind.FULL:
            found.names[row["incident_code"]].append(clean(row["name"]))
    for row in _under(package, "review", ids):
        found.judged[row["incident_id"]] = _judgement(row)
    return found


def _under(package: Package, name: str, ids: set[str]) -> Iterator[Row]:
    return (row for row in package.rows(name) if row.get("incident_id") in ids)


def _sources(package: Package) -> Mapping[str, str]:
    """Return what each document is called: its source by name, or by kind where the name is withheld."""
    named = {
        row["id"]: inline(row.get("name") or f"a source ({_label(SourceKind, row.get('kind', '')).lower()})")
        for row in package.rows("source")
        if row.get("id")
    }
    documents = {row["id"]: named.get(row.get("source_id", ""), "a source") for row in package.rows("document")}
    return {**named, **documents}


def _claim(row: Row, sources: Mapping[str, str]) -> str:
    who = sources.get(row.get("source_id") or row.get("document_id", ""), "a source")
    said = _stated(row, "killed")
    told = f"killed {said}" if said else "no figure of people killed"
    rated = f"; credibility {row['credibility']}" if row.get("credibility", "") not in ABSENT else ""
    return f"{who}: {told}{rated}"


def _party(row: Row, actors: Mapping[str, str]) -> str:
    """Return an allegation in words: who, in which role, and what the party says of it."""
    who = actors.get(row.get("actor_id", ""), "a party not known")
    role, answer = row.get("role", ""), row.get("response", "")
    told = [
        _label(InvolvementRole, role).lower() if role not in ABSENT else "",
        _label(InvolvementResponse, answer).lower() if answer not in (*ABSENT, InvolvementResponse.UNKNOWN) else "",
    ]
    return ", ".join(part for part in (who, *told) if part)


def _judgement(row: Row) -> str:
    status = _label(IncidentStatus, row.get("to_status", "")).lower()
    proof = row.get("standard_of_proof", "")
    by = (
        ""
        if proof in (*ABSENT, StandardOfProof.NOT_STATED)
        else f", by the standard: {_label(StandardOfProof, proof).lower()}"
    )
    day = row.get("reviewed_at", "")[:10]
    return f"{status}{by}{f', {day}' if day else ''}. {inline(row.get('reasons', ''))}".strip()
