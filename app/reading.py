"""Shows one incident as held: facts, victims, alleged involvement, claims side by side, and reviews."""

from collections.abc import Iterable
from html import escape
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import language, revisions, session, widgets
from app.language import number, phrase, say
from app.widgets import label, text, unknown
from casualty.errors import Word
from casualty.frames import TIER_OF
from casualty.ledger import Row, Rows
from casualty.schema import table
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
    SameOrNot,
    Sensitivity,
    Sex,
    StandardOfProof,
)

MOST_VICTIMS = 200


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
    accounts = (("narrative_public", say("Account")), ("narrative_restricted", say("Account, restricted")))
    for name, title in accounts:
        if incident.get(name):
            st.subheader(title, anchor=False)
            st.html(f'<p dir="auto" class="account">{escape(incident[name])}</p>')
    _victims(rows)
    _involvements(rows.get("involvement", []))
    claims(rows.get("claim", []))
    _reviews(rows.get("review", []))
    st.page_link(
        "screens/corrections.py", label=say("Take down a correction that somebody asks for"),
        query_params={"code": incident["code"]},
    )  # fmt: skip


def _facts(incident: Row) -> None:
    facts = [
        (say("Status"), widgets.status(incident["status"], TIER_OF.get(incident["status"], "other"))),
        (say("Type"), escape(label(IncidentType, incident["incident_type"]))),
        (say("Date"), _date(incident)),
        (say("Place"), _place(incident)),
        (say("Coordinates"), _coordinates(incident)),
        (say("Administrative unit"), _unit(incident)),
        (say("Sensitivity"), escape(label(Sensitivity, incident["sensitivity"]))),
        (
            say("Recorded"),
            language.joined([escape(language.moment(incident["recorded_at"])), text(incident["recorded_by"])]),
        ),
        (say("Version"), str(incident["version"])),
    ]
    if incident.get("title"):
        facts.insert(0, (say("Title"), text(incident["title"])))
    if incident.get("withdrawn_reason"):
        why = language.joined([escape(language.day(incident["withdrawn_at"])), text(incident["withdrawn_reason"])])
        facts.insert(1, (say("Withdrawn"), why))
    if incident.get("merged_into_id"):
        code = named("incident", "code", [incident["merged_into_id"]])[incident["merged_into_id"]]
        facts.insert(1, (say("Duplicate of"), widgets.link(code)))
    widgets.facts(facts)


def _date(incident: Row) -> str:
    if "date_start" not in incident:
        return escape(label(Missing, incident.get("date_missing"))).lower()
    shown = escape(widgets.when(incident["date_start"], incident.get("date_end"), incident.get("date_precision")))
    if incident.get("time_of_day"):
        shown = language.joined([shown, text(incident["time_of_day"])])
    if incident.get("date_as_reported"):
        shown += f"<br>{phrase('as reported: {date}', date=text(incident['date_as_reported']))}"
    if incident.get("report_date"):
        shown += f"<br>{phrase('reported on {day}', day=escape(language.day(incident['report_date'])))}"
    return shown


def _place(incident: Row) -> str:
    if incident.get("place_missing"):
        return escape(label(Missing, incident["place_missing"])).lower()
    known = escape(widgets.where(incident.get("place_precision")))
    return language.joined([text(incident.get("place_as_reported")), known])


def _coordinates(incident: Row) -> str:
    if "lat" not in incident:
        return say("none")
    parts = [f'<bdi dir="ltr">{incident["lat"]:g}, {incident["lon"]:g}</bdi>']
    if "uncertainty_m" in incident:
        parts.append(phrase("within {metres} m", metres=incident["uncertainty_m"]))
    if incident.get("place_precision", 0) >= 3:
        parts.append(phrase("stands for an area, not the place"))
    return language.joined(parts)


def _unit(incident: Row) -> str:
    names = [text(incident[name]) for name in ("admin2", "admin1", "country") if incident.get(name)]
    if incident.get("pcode"):
        boundaries = text(incident.get("boundary_set"))
        names.append(phrase("P-code {pcode} ({boundaries})", pcode=text(incident["pcode"]), boundaries=boundaries))
    return language.joined(names) or say("not recorded")


def _counts(incident: Row) -> None:
    rows = []
    for name in ("killed", "injured", "missing"):
        values = (incident.get(f"{name}_{part}") for part in ("low", "best", "high"))
        rows.append([escape(language.field(name)), *(unknown() if v is None else number(v) for v in values)])
    heads = (say("Low"), say("Best"), say("High"))
    widgets.table(("", *heads), rows, heads)
    notes = []
    if incident.get("count_conflict"):
        notes.append(say("The figures are out of order as stated; they are kept so."))
    if incident.get("counted_how"):
        notes.append(say("Counted: {how}", how=incident["counted_how"]))
    if notes:
        st.caption(widgets.plain(" ".join(notes)))


def _victims(rows: Rows) -> None:
    victims = rows.get("victim", [])
    st.subheader(say("Victims"), anchor=False)
    if not victims:
        st.caption(say("No victim is recorded one by one."))
        return
    if len(victims) > MOST_VICTIMS:
        st.caption(say("The first {most} of {all} are listed.", most=MOST_VICTIMS, all=len(victims)))
    identities = _identities(rows.get("attribution", []))
    codes = {victim["id"]: victim["code"] for victim in victims}
    acts: dict[str, list[str]] = {}
    for act in rows.get("act", []):
        acts.setdefault(act.get("victim_id", ""), []).append(label(ActKind, act["kind"]))
    names: dict[str, list[str]] = {}
    for name in rows.get("victim_name", []):
        names.setdefault(name["victim_id"], []).append(text(name["name"]))
    elsewhere = _counted_as(victims[:MOST_VICTIMS])
    cells = []
    for victim in victims[:MOST_VICTIMS]:
        key = victim["id"]
        harm = escape(language.joined([label(Harm, victim["harm"]), *acts.get(key, [])]))
        traits = "<br>".join(filter(None, (_traits(victim), *identities.get(key, []))))
        if key in elsewhere:
            traits += f"<br><b>{phrase('counted as {code}', code=widgets.link(elsewhere[key]))}</b>"
        cells.append([escape(victim["code"]), _who(victim, names.get(key, []), codes), _number(victim), harm, traits])
    heads = (say("Code"), say("Who"), say("Number"), say("Harm"), say("Sex, age, status, cause, identity"))
    widgets.table(heads, cells)


def _counted_as(victims: list[Row]) -> dict[str, str]:
    """Return the code of the row as which each of these victims is counted, where a reviewer judged them one person."""
    pairing, other = table("pairing"), table("victim")
    chosen = (
        sa.select(pairing.c.victim_id, other.c.code)
        .join(other, other.c.id == pairing.c.other_id)
        .where(
            pairing.c.victim_id.in_([victim["id"] for victim in victims]), pairing.c.verdict == SameOrNot.SAME,
            pairing.c.withdrawn_at.is_(None),
        )
    )  # fmt: skip
    return {row.victim_id: row.code for row in session.store().rows(chosen)}


def _who(victim: Row, names: list[str], codes: dict[str, str]) -> str:
    who = " / ".join(names) or (say("unnamed group") if victim["kind"] == "group" else say("person, name unknown"))
    if victim.get("described_as"):
        who = language.joined([who, text(victim["described_as"])])
    if victim.get("resolved_out_of"):
        group = codes.get(victim["resolved_out_of"])
        who += f" ({phrase('one of group {code}', code=escape(group) if group else None)})"
    return who


def _number(victim: Row) -> str:
    return escape(widgets.killed(*(victim.get(f"count_{part}") for part in ("low", "best", "high"))))


def _traits(victim: Row) -> str:
    age = label(AgeBand, victim["age_band"]).lower()
    if "age_years" in victim:
        age = say("{years} years", years=victim["age_years"])
    elif "age_low" in victim or "age_high" in victim:
        age = say("{low} to {high} years", low=victim.get("age_low"), high=victim.get("age_high"))
    parts = (
        say("sex {sex}", sex=Word(label(Sex, victim["sex"]).lower())),
        say("age {age}", age=Word(age)),
        say("status {status}", status=Word(label(CivilStatus, victim["civil_status"]).lower())),
        say("cause {cause}", cause=Word(label(Cause, victim["cause"]).lower())),
    )
    shown = escape(language.joined(parts, ";"))
    return language.joined([shown, text(victim["occupation"])], ";") if victim.get("occupation") else shown


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
        basis = say(
            "{sense}; basis: {basis}; confidence: {confidence}",
            sense=Word(label(IdentitySense, a["sense"])),
            basis=Word(label(AttributionBasis, a["basis"])),
            confidence=Word(label(Confidence, a["confidence"])),
        )
        source = f"; {text(documents[a['document_id']])}" if a.get("document_id") in documents else ""
        shown = f"{text(dimensions[a['dimension_id']])}: {group} ({escape(basis)}{source})"
        found.setdefault(a["victim_id"], []).append(shown)
    return found


def _involvements(involvements: list[Row]) -> None:
    st.subheader(say("Alleged involvement"), anchor=False)
    if not involvements:
        st.caption(say("No involvement is alleged."))
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
            text(documents[part["document_id"]]) if part.get("document_id") in documents else say("not recorded"),
        ]
        for part in involvements
    ]
    widgets.table(
        (say("Alleged actor"), say("Alleged role"), say("Confidence"), say("What the actor says"), say("Source")), rows
    )


def claims(claims: list[Row]) -> None:
    """Show what each source says, side by side."""
    st.subheader(say("What each source says"), anchor=False)
    if not claims:
        st.caption(say("No claim is recorded."))
        return
    documents = named("document", "title", (claim["document_id"] for claim in claims))
    behind = named("document", "source_id", (claim["document_id"] for claim in claims))
    said_by = [claim.get("source_id") or behind.get(claim["document_id"]) for claim in claims]
    sources = named("source", "name", said_by)
    origins = named("origin", "label", (claim.get("origin_id") for claim in claims))
    lines: list[tuple[str, list[Any]]] = [
        (say("Source"), [sources.get(key or "") for key in said_by]),
        (say("First came from"), [origins.get(c.get("origin_id", ""), say("not established")) for c in claims]),
        *((language.field(name), [claim.get(name) for claim in claims]) for name in CLAIMED),
        (say("Where it says so"), [claim.get("locator") or _row(claim) for claim in claims]),
        (say("Credibility"), [_rated(claim) for claim in claims]),
        (say("Standing"), [say(revisions.STANDING[claim["standing"]]) for claim in claims]),
    ]
    rows = [[escape(name) + _differs(name, values), *map(_said, values)] for name, values in lines]
    widgets.table(("", *(documents.get(claim["document_id"], unknown()) for claim in claims)), rows)


CLAIMED = (
    "killed_low", "killed_best", "killed_high", "injured_low", "injured_best", "injured_high", "date_as_reported",
    "actor_as_reported",
)  # fmt: skip


def _said(value: object) -> str:
    return say("not stated") if value in (None, "") else text(value)


def _rated(claim: Row) -> str:
    return label(Credibility, claim["credibility"]) if "credibility" in claim else say("not rated")


def _row(claim: Row) -> str | None:
    if not claim.get("dataset"):
        return None
    return say("{dataset}, row {number}", dataset=claim["dataset"], number=claim["row_number"])


def _differs(name: str, values: list[Any]) -> str:
    stated = {value for value in values if value is not None}
    compared = name in map(language.field, CLAIMED) and len(stated) > 1
    return f' <span class="tier other">{escape(say("they differ"))}</span>' if compared else ""


def _reviews(reviews: list[Row]) -> None:
    st.subheader(say("Reviews"), anchor=False)
    if not reviews:
        st.caption(say("Not reviewed yet."))
        return
    rows = [
        [
            escape(language.moment(review["reviewed_at"])),
            text(review["reviewer"]),
            escape(
                say(
                    "{before} to {after}",
                    before=Word(label(IncidentStatus, review["from_status"])),
                    after=Word(label(IncidentStatus, review["to_status"])),
                )
            ),
            escape(label(StandardOfProof, review["standard_of_proof"])),
            text(review["reasons"]),
        ]
        for review in reviews
    ]
    heads = (say("When"), say("Reviewer"), say("Status"), say("Standard of proof"), say("Reasons"))
    widgets.table(heads, rows)
