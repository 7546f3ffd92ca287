"""A second coding: a sample is drawn, its coder sees documents and claims only, and the agreement is shown with its limits."""

from html import escape
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import assessing, evidence, language, reviewing, revisions, session, signing, widgets
from app.language import count, later, phrase, say
from casualty import access, review, rules
from casualty.access import Acting
from casualty.errors import CasualtyError, Word
from casualty.review import Kappa, Sample, Uncoded
from casualty.schema import table
from casualty.vocabulary import DatePrecision, IncidentStatus, IncidentType, PlacePrecision

MOST_SAMPLES = 30
DRAWN = {"coder": "", "size": "", "seed": "", "situation": ""}
CODED = {
    "incident_type": "",
    "date_precision": "",
    "place_precision": "",
    "killed_best": "",
    "to_status": "",
    "note": "",
}
JUDGEMENTS = sorted(rules.JUDGED, key=list(IncidentStatus).index)


def may_not(by: Acting, action: str) -> str:
    """Return why this person may not do it, or nothing."""
    try:
        access.permit(by, action)
    except CasualtyError as refused:
        return language.told(refused)[0]
    return ""


def number(form: Any, box: str) -> int | None:
    """Return the whole number typed in a box, None if it is empty; refuse anything else."""
    text = str(form.typed.get(box) or "").strip()
    if not text:
        return None
    signing.must(
        (text.isdecimal() and len(text) < 10, box, later("This is no whole number."), later("Write it in digits."))
    )
    return int(text)


# The coder's page ----------------------------------------------------------------------------------------------------


def code(drawn: Sample, by: Acting) -> None:
    """Ask the coder for the next incident, as its documents tell it."""
    found = review.next_uncoded(session.store(), drawn.id, by)
    if found is None:
        st.success(say("All of this sample is coded. Thank you."))
        return
    st.subheader(say("Number {number} of {size}", number=found.number, size=found.size), anchor=False)
    st.caption(
        say(
            "Code what these documents say, and look nowhere else: the first coding is hidden so that yours is your own."
        )
    )
    told(found)
    ids = list(dict.fromkeys(claim["document"]["id"] for claim in found.claims))
    if ids and st.toggle(say("Show the documents"), key=f"documents-{drawn.id}-{found.number}"):
        evidence.gallery(ids, by, f"gallery-{drawn.id}-{found.number}")
    form = signing.form_of(by, drawn.id, f"coding {found.incident_id}")
    left, right = st.columns(2)
    with left:
        form.terms("incident_type", say("Type (required)"), IncidentType, unset=say("Choose"))
        form.text("killed_best", say("Killed, best"), placeholder=say("leave empty if not stated"))
        form.terms("to_status", say("How you would judge it (required)"), JUDGEMENTS, unset=say("Choose"))
    with right:
        form.terms("date_precision", say("How closely the date is known"), DatePrecision, unset=say("Not stated"))
        form.terms("place_precision", say("How closely the place is known"), PlacePrecision, unset=say("Not stated"))
    form.lines("note", say("Note"))
    form.keep()
    signing.refused(form)
    args = (drawn.id, found.incident_id, by)
    st.button(say("Record this coding"), type="primary", key=f"{form.id}-save", on_click=record, args=args)


def told(found: Uncoded) -> None:
    """Show the claims of an incident that is coded blindly, in columns."""
    if not found.claims:
        st.info(say("No claim of it stands any more. Code it as not recorded, and say so in the note."))
        return
    heads = [""] + [
        language.joined(filter(None, (claim["document"]["title"], claim["source"]))) for claim in found.claims[:12]
    ]
    rows = [
        [escape(revisions.column_name(name)), *(assessing.value(claim.get(name)) for claim in found.claims[:12])]
        for name in review.comparing.FIELDS
        if any(claim.get(name) is not None for claim in found.claims)
    ]
    rows += [
        [escape(say(label)), *(assessing.value(claim["document"].get(name)) for claim in found.claims[:12])]
        for name, label in (("url", later("Address")), ("language", later("Language of the document")))
        if any(claim["document"].get(name) for claim in found.claims)
    ]
    widgets.table(heads, rows)
    for claim in found.claims:
        if claim.get("stated"):
            with st.expander(widgets.plain(say("The row as read: {document}", document=claim["document"]["title"]))):
                st.html(f'<p class="long" dir="auto">{escape(str(claim["stated"]))}</p>')


def record(sample_id: str, incident_id: str, by: Acting) -> None:
    """Record a coding; what is refused stays typed."""
    form = signing.form_of(by, sample_id, f"coding {incident_id}")
    said = form.typed
    try:
        signing.must(
            (said.get("incident_type"), "incident_type", later("No type is chosen."), later("Choose one.")),
            (
                said.get("to_status"),
                "to_status",
                later("No status is chosen."),
                later("Choose how you would judge it."),
            ),
        )
        review.code(
            session.store(), sample_id, incident_id, by, incident_type=IncidentType(said["incident_type"]),
            date_precision=number(form, "date_precision"), place_precision=number(form, "place_precision"),
            killed_best=number(form, "killed_best"), to_status=IncidentStatus(said["to_status"]),
            note=said.get("note") or None,
        )  # fmt: skip
    except CasualtyError as refused:
        signing.refuse(form, refused)
        return
    signing.empty(form, CODED)
    signing.done("coding", say("Recorded. Here is the next one."))


# Drawing -------------------------------------------------------------------------------------------------------------


def draw(by: Acting) -> None:
    """Ask for a sample."""
    with st.expander(say("Draw a sample")):
        form = signing.form_of(by, "coding", "draw")
        left, right = st.columns(2)
        with left:
            form.choice("coder", say("Coder (required)"), {name: name for name in coders()}, unset=say("Choose"))
            named = {row.id: row.name for row in session.listed("situation")}
            form.choice("situation", say("Situation"), named, unset=say("Every situation"))
        with right:
            form.text("size", say("How many incidents (required)"), placeholder="50")
            form.text("seed", say("Number that the drawing begins with (required)"), placeholder="2026",
                      help=say("Anybody who knows it can draw the same sample again."))  # fmt: skip
        form.keep()
        signing.refused(form)
        st.button(say("Draw it"), type="primary", key=f"{form.id}-save", on_click=drawn_now, args=(by,))


def coders() -> list[str]:
    """Return the names of those who may code."""
    account = table("account")
    chosen = sa.select(account.c.name).where(
        account.c.role.in_(sorted(access.PERMITTED["code"])), account.c.active, account.c.withdrawn_at.is_(None)
    )
    return [row.name for row in session.store().rows(chosen.order_by(account.c.name))] or reviewing.reviewers()


def drawn_now(by: Acting) -> None:
    """Draw and record a sample; what is refused stays typed."""
    form = signing.form_of(by, "coding", "draw")
    said = form.typed
    try:
        signing.must((said.get("coder"), "coder", later("No coder is chosen."), later("Choose one.")))
        size, seed = number(form, "size"), number(form, "seed")
        signing.must(
            (size, "size", later("No number is given."), later("Write how many.")),
            (seed is not None, "seed", later("No number is given."), later("Write any whole number.")),
        )
        made = review.draw(
            session.store(), by, said["coder"], size or 0, seed or 0, situation=said.get("situation") or None
        )
    except CasualtyError as refused:
        signing.refuse(form, refused)
        return
    signing.empty(form, DRAWN)
    signing.done("coding", count("Drawn: {n} incident of {all}.", "Drawn: {n} incidents of {all}.", len(made.incidents),
                                 all=made.population))  # fmt: skip


# Agreement -----------------------------------------------------------------------------------------------------------


def listed(by: Acting, samples: list[Sample]) -> None:
    """Show the samples, and how far the coders agree; not to a coder who is still at it."""
    for drawn in samples[:MOST_SAMPLES]:
        size = len(drawn.incidents)
        with st.container(border=True, key=f"sample-{drawn.id}"):
            head = phrase(
                "{day}: coder {coder}, {coded} of {size} coded", day=escape(language.moment(drawn.recorded_at)),
                coder=widgets.text(drawn.coder), coded=drawn.coded, size=size,
            )  # fmt: skip
            how = say(
                "Drawn of {population} with the number {seed}.", population=drawn.population, seed=Word(str(drawn.seed))
            )
            st.html(f'<div class="waiting"><p class="head">{head}</p><p class="small">{escape(how)}</p></div>')
            if drawn.coder == by.name and drawn.coded < size:
                st.button(
                    say("Code the next one"), key=f"code-{drawn.id}", type="primary", on_click=begin, args=(drawn.id,)
                )
            elif st.toggle(say("Show the agreement"), key=f"agreement-{drawn.id}"):
                agreement(drawn)


def begin(sample_id: str) -> None:
    """Open the coder's page."""
    st.query_params["sample"] = sample_id


def agreement(drawn: Sample) -> None:
    """Show how far the second coder agrees with the first, field by field."""
    found = review.agreement(session.store(), drawn.id)
    if found.missing:
        st.caption(count("{n} incident is not yet coded.", "{n} incidents are not yet coded.", found.missing))
    heads = (say("Field"), say("Coded by both"), say("Alike"), say("Kappa"), say("95 % interval"))
    cells = [kappa_cells(one) for one in found.fields]
    widgets.table(heads, cells, heads[1:4])
    st.caption(
        say(
            "Kappa is agreement beyond chance: 1 is full agreement, 0 what chance alone would give. It takes categories as they "
            "are, so that to be near is no agreement; it depends on how common each category is; with few incidents the "
            "interval is rough. It says whether two people code alike, and not whether either is right. Statuses are compared "
            "where the incident had been judged when the sample was drawn."
        )
    )
    for one in found.fields:
        if one.table:
            with st.expander(widgets.plain(say("{field}: what each coded", field=field_name(one.field)))):
                pairs = sorted(one.table.items(), key=lambda item: (-item[1], item[0]))
                rows = [[escape(category(one.field, a)), escape(category(one.field, b)), str(n)] for (a, b), n in pairs]
                widgets.table((say("First coder"), say("Second coder"), say("Incidents")), rows, (say("Incidents"),))


def kappa_cells(one: Kappa) -> list[str]:
    """Return a field's agreement as cells of a table."""
    alike = say("unknown") if one.observed is None else say("{share} %", share=round(100 * one.observed, 1))
    if one.kappa is None or one.low is None or one.high is None:
        return [escape(field_name(one.field)), str(one.n), escape(alike), "&ndash;", escape(say(one.why))]
    between = say("{low} to {high}", low=round(one.low, 2), high=round(one.high, 2))
    return [
        escape(field_name(one.field)),
        str(one.n),
        escape(alike),
        language.number(round(one.kappa, 2)),
        escape(between),
    ]


def field_name(name: str) -> str:
    """Return what is coded, in words."""
    return say("Judgement") if name == "to_status" else language.field(name)


def category(name: str, value: str) -> str:
    """Return a coded value in words."""
    if value == review.coding.NOT_STATED:
        return say("not stated")
    schemes: dict[str, Any] = {"incident_type": IncidentType, "to_status": IncidentStatus, **revisions.CODED}
    if name not in schemes:
        return value
    return widgets.label(schemes[name], int(value) if name in revisions.CODED else value)


by = session.acting()
if by is None:
    st.stop()
revisions.style()
st.title(say("Second coding"), anchor=False)
signing.tell("coding")
there = review.samples(session.store())
chosen = next((one for one in there if one.id == st.query_params.get("sample")), None)
may_draw, may_code = not may_not(by, "judge"), not may_not(by, "code")
if chosen is not None and chosen.coder == by.name:
    code(chosen, by)
    st.button(say("Back to the samples"), on_click=st.query_params.clear)
elif not (may_draw or may_code):
    st.info(widgets.plain(may_not(by, "code")))
else:
    st.caption(say("Some incidents are coded a second time by somebody who does not see how they were coded at first."))
    if may_draw:
        draw(by)
    if not there:
        st.info(say("No sample has been drawn yet."))
    listed(by, there)
