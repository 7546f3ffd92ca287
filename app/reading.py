"""Shows one incident as held: facts, victims, alleged involvement, claims side by side, reviews and history."""

from collections.abc import Iterable
from html import escape
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import session, widgets
from app.widgets import UNKNOWN, label, text
from casualty.frames import TIER_OF
from casualty.ledger import Row, Rows
from casualty.schema import table
from casualty.store import Revised
from casualty.vocabulary import (
    ActKind,
    AgeBand,
    AttributionBasis,
    Cause,
    CivilStatus,
    Confidence,
    Credibility,
    DimensionState,
    Harm,
    IdentitySense,
    IncidentStatus,
    IncidentType,
    InvolvementResponse,
    InvolvementRole,
    Missing,
    Operation,
    Sensitivity,
    Sex,
    StandardOfProof,
)

MOST_REVISIONS = 50
MOST_VICTIMS = 200
LONGEST_VALUE = 300
STANDING = {"current": "Stands", "superseded": "Superseded by a newer version", "withdrawn": "Withdrawn"}


def named(kind: str, column: str, ids: Iterable[str | None]) -> dict[str, str]:
    """Return what records of a kind are called, by id."""
    held = table(kind)
    wanted = {key for key in ids if key}
    rows = session.store().rows(sa.select(held.c.id, held.c[column]).where(held.c.id.in_(wanted))) if wanted else []
    return {row[0]: row[1] for row in rows}


def show(rows: Rows) -> None:
    """Show a whole incident."""
    incident = rows["incident"][0]
    _facts(incident)
    _counts(incident)
    for name, title in (("narrative_public", "Account"), ("narrative_restricted", "Account, restricted")):
        if incident.get(name):
            st.subheader(title, anchor=False)
            st.html(f'<p dir="auto" class="account">{escape(incident[name])}</p>')
    _victims(rows)
    _involvements(rows.get("involvement", []))
    _claims(rows.get("claim", []))
    _reviews(rows.get("review", []))


def _facts(incident: Row) -> None:
    facts = [
        ("Status", widgets.status(incident["status"], TIER_OF.get(incident["status"], "other"))),
        ("Type", escape(label(IncidentType, incident["incident_type"]))),
        ("Date", _date(incident)),
        ("Place", _place(incident)),
        ("Coordinates", _coordinates(incident)),
        ("Administrative unit", _unit(incident)),
        ("Sensitivity", escape(label(Sensitivity, incident["sensitivity"]))),
        ("Recorded", f"{escape(incident['recorded_at'][:16])}Z, {text(incident['recorded_by'])}"),
        ("Version", str(incident["version"])),
    ]
    if incident.get("title"):
        facts.insert(0, ("Title", text(incident["title"])))
    if incident.get("withdrawn_reason"):
        facts.insert(1, ("Withdrawn", f"{escape(incident['withdrawn_at'][:10])}, {text(incident['withdrawn_reason'])}"))
    if incident.get("merged_into_id"):
        code = named("incident", "code", [incident["merged_into_id"]])[incident["merged_into_id"]]
        facts.insert(1, ("Duplicate of", widgets.link(code)))
    widgets.facts(facts)


def _date(incident: Row) -> str:
    if "date_start" not in incident:
        return escape(label(Missing, incident.get("date_missing"))).lower()
    shown = escape(widgets.when(incident["date_start"], incident.get("date_end"), incident.get("date_precision")))
    if incident.get("time_of_day"):
        shown += f", {text(incident['time_of_day'])}"
    if incident.get("date_as_reported"):
        shown += f"<br>as reported: {text(incident['date_as_reported'])}"
    if incident.get("report_date"):
        shown += f"<br>reported on {escape(incident['report_date'])}"
    return shown


def _place(incident: Row) -> str:
    if incident.get("place_missing"):
        return escape(label(Missing, incident["place_missing"])).lower()
    return f"{text(incident.get('place_as_reported'))}, {escape(widgets.where(incident.get('place_precision')))}"


def _coordinates(incident: Row) -> str:
    if "lat" not in incident:
        return "none"
    around = f", within {incident['uncertainty_m']:g} m" if "uncertainty_m" in incident else ""
    stands = " (stands for an area, not the place)" if incident.get("place_precision", 0) >= 3 else ""
    return f"{incident['lat']:g}, {incident['lon']:g}{around}{stands}"


def _unit(incident: Row) -> str:
    names = [text(incident[name]) for name in ("admin2", "admin1", "country") if incident.get(name)]
    if incident.get("pcode"):
        names.append(f"P-code {text(incident['pcode'])} ({text(incident.get('boundary_set'))})")
    return ", ".join(names) or "not recorded"


def _counts(incident: Row) -> None:
    rows = []
    for name in ("killed", "injured", "missing"):
        values = (incident.get(f"{name}_{part}") for part in ("low", "best", "high"))
        rows.append([name.capitalize(), *(UNKNOWN if value is None else str(value) for value in values)])
    widgets.table(("", "Low", "Best", "High"), rows, ("Low", "Best", "High"))
    notes = []
    if incident.get("count_conflict"):
        notes.append("The figures are out of order as stated; they are kept so.")
    if incident.get("counted_how"):
        notes.append(f"Counted: {incident['counted_how']}")
    if notes:
        st.caption(widgets.plain(" ".join(notes)))


def _victims(rows: Rows) -> None:
    victims = rows.get("victim", [])
    st.subheader("Victims", anchor=False)
    if not victims:
        st.caption("No victim is recorded one by one.")
        return
    if len(victims) > MOST_VICTIMS:
        st.caption(f"The first {MOST_VICTIMS} of {len(victims)} are listed.")
    identities = _identities(rows.get("attribution", []))
    codes = {victim["id"]: victim["code"] for victim in victims}
    acts: dict[str, list[str]] = {}
    for act in rows.get("act", []):
        acts.setdefault(act.get("victim_id", ""), []).append(label(ActKind, act["kind"]))
    names: dict[str, list[str]] = {}
    for name in rows.get("victim_name", []):
        names.setdefault(name["victim_id"], []).append(text(name["name"]))
    cells = []
    for victim in victims[:MOST_VICTIMS]:
        key = victim["id"]
        harm = escape(", ".join([label(Harm, victim["harm"]), *acts.get(key, [])]))
        traits = "<br>".join(filter(None, (_traits(victim), *identities.get(key, []))))
        cells.append([escape(victim["code"]), _who(victim, names.get(key, []), codes), _number(victim), harm, traits])
    widgets.table(("Code", "Who", "Number", "Harm", "Sex, age, status, cause, identity"), cells)


def _who(victim: Row, names: list[str], codes: dict[str, str]) -> str:
    who = " / ".join(names) or ("unnamed group" if victim["kind"] == "group" else "person, name unknown")
    if victim.get("described_as"):
        who += f", {text(victim['described_as'])}"
    if victim.get("resolved_out_of"):
        who += f" (one of group {escape(codes.get(victim['resolved_out_of'], UNKNOWN))})"
    return who


def _number(victim: Row) -> str:
    return escape(widgets.killed(*(victim.get(f"count_{part}") for part in ("low", "best", "high"))))


def _traits(victim: Row) -> str:
    age = label(AgeBand, victim["age_band"]).lower()
    if "age_years" in victim:
        age = f"{victim['age_years']:g} years"
    elif "age_low" in victim or "age_high" in victim:
        age = f"{victim.get('age_low', UNKNOWN)} to {victim.get('age_high', UNKNOWN)} years"
    parts = [f"sex {label(Sex, victim['sex']).lower()}", f"age {age}"]
    parts.append(f"status {label(CivilStatus, victim['civil_status']).lower()}")
    parts.append(f"cause {label(Cause, victim['cause']).lower()}")
    shown = escape("; ".join(parts))
    return shown + (f"; {text(victim['occupation'])}" if victim.get("occupation") else "")


def _identities(attributions: list[Row]) -> dict[str, list[str]]:
    """Return the attributions of each victim as HTML; those of a dimension that is switched off do not exist here."""
    dimensions = {row.id: row.label for row in session.listed("dimension") if row.state != DimensionState.OFF}
    groups = {row.id: row.label for row in session.listed("identity_group")}
    documents = named("document", "title", (a.get("document_id") for a in attributions))
    found: dict[str, list[str]] = {}
    for a in attributions:
        if a["dimension_id"] not in dimensions:
            continue
        group = (
            text(groups[a["group_id"]])
            if a.get("group_id") in groups
            else label(Missing, a.get("group_missing")).lower()
        )
        basis = f"{label(IdentitySense, a['sense'])}; basis: {label(AttributionBasis, a['basis'])}; "
        basis += f"confidence: {label(Confidence, a['confidence'])}"
        source = f"; {text(documents[a['document_id']])}" if a.get("document_id") in documents else ""
        shown = f"{text(dimensions[a['dimension_id']])}: {group} ({escape(basis)}{source})"
        found.setdefault(a["victim_id"], []).append(shown)
    return found


def _involvements(involvements: list[Row]) -> None:
    st.subheader("Alleged involvement", anchor=False)
    if not involvements:
        st.caption("No involvement is alleged.")
        return
    actors = named("actor", "name", (part.get("actor_id") for part in involvements))
    documents = named("document", "title", (part.get("document_id") for part in involvements))
    rows = [
        [
            text(actors.get(part.get("actor_id", "")))
            if part.get("actor_id")
            else label(Missing, part.get("actor_missing")),
            escape(label(InvolvementRole, part["role"])),
            escape(label(Confidence, part["confidence"])),
            escape(label(InvolvementResponse, part["response"])),
            text(documents[part["document_id"]]) if part.get("document_id") in documents else "not recorded",
        ]
        for part in involvements
    ]
    widgets.table(("Alleged actor", "Alleged role", "Confidence", "What the actor says", "Source"), rows)


def _claims(claims: list[Row]) -> None:
    st.subheader("What each source says", anchor=False)
    if not claims:
        st.caption("No claim is recorded.")
        return
    documents = named("document", "title", (claim["document_id"] for claim in claims))
    behind = named("document", "source_id", (claim["document_id"] for claim in claims))
    said_by = [claim.get("source_id") or behind.get(claim["document_id"]) for claim in claims]
    sources = named("source", "name", said_by)
    origins = named("origin", "label", (claim.get("origin_id") for claim in claims))
    lines: list[tuple[str, list[Any]]] = [
        ("Source", [sources.get(key or "") for key in said_by]),
        ("First came from", [origins.get(claim.get("origin_id", ""), "not established") for claim in claims]),
        *((_heading(name), [claim.get(name) for claim in claims]) for name in CLAIMED),
        ("Where it says so", [claim.get("locator") or _row(claim) for claim in claims]),
        ("Credibility", [label(Credibility, c["credibility"]) if "credibility" in c else "not rated" for c in claims]),
        ("Standing", [STANDING[claim["standing"]] for claim in claims]),
    ]
    rows = [[escape(name) + _differs(name, values), *map(_said, values)] for name, values in lines]
    widgets.table(("", *(documents.get(claim["document_id"], UNKNOWN) for claim in claims)), rows)


CLAIMED = (
    "killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high", "date_as_reported",
    "actor_as_reported",
)  # fmt: skip


def _said(value: object) -> str:
    return "not stated" if value in (None, "") else text(value)


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _row(claim: Row) -> str | None:
    return f"{claim['dataset']}, row {claim['row_number']}" if claim.get("dataset") else None


def _differs(name: str, values: list[Any]) -> str:
    stated = {value for value in values if value is not None}
    compared = name in map(_heading, CLAIMED) and len(stated) > 1
    return ' <span class="tier other">they differ</span>' if compared else ""


def _reviews(reviews: list[Row]) -> None:
    st.subheader("Reviews", anchor=False)
    if not reviews:
        st.caption("Not reviewed yet.")
        return
    rows = [
        [
            escape(review["reviewed_at"][:16] + "Z"),
            text(review["reviewer"]),
            escape(" to ".join(label(IncidentStatus, review[name]) for name in ("from_status", "to_status"))),
            escape(label(StandardOfProof, review["standard_of_proof"])),
            text(review["reasons"]),
        ]
        for review in reviews
    ]
    widgets.table(("When", "Reviewer", "Status", "Standard of proof", "Reasons"), rows)


def history(revisions: list[Revised]) -> None:
    """Show every revision, latest first, with what it changed and the beginning of its hash."""
    st.subheader("History", anchor=False)
    if len(revisions) > MOST_REVISIONS:
        st.caption(f"The latest {MOST_REVISIONS} of {len(revisions)} revisions are listed.")
    for revision in revisions[: -MOST_REVISIONS - 1 : -1]:
        operation = label(Operation, revision.operation)
        with st.expander(widgets.plain(f"{revision.seq} · {revision.at[:16]}Z · {revision.actor} · {operation}")):
            reason = f"Reason: {text(revision.reason)}. " if revision.reason else ""
            st.html(f"<p>{reason}Hash {escape(revision.hash[:12])}...</p>")
            _changes(revision)


def _changes(revision: Revised) -> None:
    changed = [(where, old, new) for where, old, new in revision.differences() if not where.endswith(".version")]
    if not changed:
        st.caption("Nothing that is shown here changed, or the body was erased.")
        return
    rows = [[escape(_short(where)), _value(old), _value(new)] for where, old, new in changed]
    widgets.table(("Field", "Before", "After"), rows)


def _short(where: str) -> str:
    """Return a field of the ledger with the key of a child cut to its end."""
    name, _, column = where.rpartition(".")
    kind, _, key = name.partition(" ")
    return f"{kind} ...{key[-6:]} {column}" if key else f"{kind} {column}"


def _value(value: object) -> str:
    shown = str(value) if value is not None else ""
    return text(shown[:LONGEST_VALUE] + ("..." if len(shown) > LONGEST_VALUE else "")) if shown else "&ndash;"
