"""The claims of all sources in columns, with the lines on which they differ, and what a reviewer says of them.

Where claims first came from, how credible one is and how reliable its source is are three statements, each with its reason.
"""

from collections.abc import Callable
from html import escape
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import language, revisions, session, signing, widgets
from app.form import Form
from app.language import count, later, say
from casualty import review
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.ledger import Row
from casualty.review import Comparison, Line, Told
from casualty.schema import table
from casualty.vocabulary import Credibility, Reliability

MOST_COLUMNS = 12
UNGROUPED = "-"
STANDING = {"superseded": later("Superseded by a newer version"), "withdrawn": later("Withdrawn")}


# Side by side --------------------------------------------------------------------------------------------------------


def claims(incident: Row, compared: Comparison) -> None:
    """Show what every source says, claims of one origin beside each other, and the lines that differ."""
    st.subheader(say("What each source says"), anchor=False)
    if not compared.columns:
        st.caption(say("No claim is recorded."))
        return
    _groups(compared)
    columns = compared.columns[:MOST_COLUMNS]
    if len(compared.columns) > MOST_COLUMNS:
        st.caption(say("The first {most} of {all} claims are shown.", most=MOST_COLUMNS, all=len(compared.columns)))
    heads = "".join(f'<th scope="col">{number}. {_head(told)}</th>' for number, told in enumerate(columns, start=1))
    held = f'<th scope="col">{escape(say("The record"))}</th>'
    about = [
        (later("Source"), lambda told: widgets.text(told.source)),
        (
            later("First came from"),
            lambda told: widgets.text(told.origin) if told.origin else escape(say("not established")),
        ),
        (later("Source's reliability"), lambda told: escape(_step(told.reliability))),
        (later("Credibility"), lambda told: escape(_step(told.credibility))),
    ]
    if not all(told.counts for told in columns):
        about.append((later("Standing"), _standing))
    body = [_plain_line(say(name), columns, told_of) for name, told_of in about]
    body += [_line(line, len(columns)) for line in compared.lines if line.held is not None or any(_stated(line))]
    st.html(
        f'<div class="list claims" tabindex="0" role="region" aria-label="{escape(say("Claims side by side"))}"><table>'
        f"<thead><tr><td></td>{held}{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _groups(compared: Comparison) -> None:
    """Say which claims come from one origin, and so count once."""
    numbers = {told.claim_id: number for number, told in enumerate(compared.columns, start=1)}
    items = []
    for group in compared.groups:
        first = group[0]
        named = first.origin or first.source or first.document
        which = language.joined(f"{numbers[told.claim_id]}" for told in group)
        said = count("{n} claim, 1 origin", "{n} claims, 1 origin", len(group))
        items.append(f"<li><b>{widgets.text(named)}</b>: {escape(said)} ({escape(which)})</li>")
    total = language.joined(
        [
            count("{n} claim", "{n} claims", compared.claims),
            count("{n} independent origin", "{n} independent origins", compared.origins),
        ]
    )
    st.html(f'<p><b>{escape(total)}</b></p><ul class="origins">{"".join(items)}</ul>')


def _head(told: Told) -> str:
    merged = f"<br>{escape(say('from the merged {code}', code=told.code))}" if told.code else ""
    return widgets.text(told.document) + merged


def _step(rated: Reliability | Credibility | None) -> str:
    return say("not rated") if rated is None else f"{rated.value.upper()}: {language.term(rated)}"


def _standing(told: Told) -> str:
    if told.counts:
        return escape(say("Stands"))
    return escape(say(STANDING.get(told.standing, "Its document was taken back")))


def _plain_line(name: str, columns: tuple[Told, ...], said_of: Callable[[Told], str]) -> str:
    cells = "".join(f"<td>{said_of(told)}</td>" for told in columns)
    return f'<tr><th scope="row">{escape(name)}</th><td></td>{cells}</tr>'


def _stated(line: Line) -> list[bool]:
    return [value is not None for value in line.values]


def _line(line: Line, most: int) -> str:
    mark = f' <span class="differs-sign">&ne; {escape(say("they differ"))}</span>' if line.differs else ""
    cells = "".join(f"<td>{value(one)}</td>" for one in line.values[:most])
    held = widgets.text(line.held) if line.held is not None else ""
    row = ' class="differs"' if line.differs else ""
    return f'<tr{row}><th scope="row">{escape(revisions.column_name(line.field))}{mark}</th><td>{held}</td>{cells}</tr>'


def value(value: object) -> str:
    """Return what a claim states as HTML, or that it does not state it."""
    return escape(say("not stated")) if value in (None, "") else widgets.text(value)


# What a reviewer says of them ----------------------------------------------------------------------------------------


def show(by: Acting, key: str, incident: Row, compared: Comparison) -> None:
    """Offer to group claims under one origin, to rate a claim, and to rate a source."""
    if not compared.columns:
        return
    version = incident["version"]
    own = {told.claim_id: told for told in compared.columns if told.incident_id == key}
    labels = {
        told.claim_id: language.joined([f"{number}. {told.document}", told.source or ""]).rstrip(", ،")
        for number, told in enumerate(compared.columns, start=1)
        if told.claim_id in own
    }
    if labels:
        with st.expander(say("Where claims first came from")):
            _origin(by, key, version, labels)
        with st.expander(say("How credible a claim is")):
            _credible(by, key, version, labels)
    if sources := {told.source_id: told.source or "" for told in compared.columns if told.source_id}:
        with st.expander(say("How reliable a source is")):
            _reliable(by, key, sources)


def _origins() -> list[str]:
    part = table("origin")
    chosen = sa.select(part.c.label).where(part.c.withdrawn_at.is_(None)).order_by(part.c.id.desc()).limit(200)
    return list(dict.fromkeys(row.label for row in session.store().rows(chosen)))


def _origin(by: Acting, key: str, version: int, labels: dict[str, str]) -> None:
    st.caption(say("Three papers that print one wire are three claims of one origin, and count once."))
    form = signing.form_of(by, key, "origin")
    form.several("claim", say("Claims (required)"), labels, placeholder=say("Choose one or more"))
    known = {label: label for label in _origins()}
    if held := form.typed.get("known"):
        known.setdefault(held, held)
    form.choice("known", say("An origin that is known"), known, unset=say("None of these"))
    form.text("label", say("Or a new origin, as it should be called"))
    form.tick("none", say("None is established: let the sources count"))
    _reasoned(form, say("Set the origin"), "origin", key, version)


def _credible(by: Acting, key: str, version: int, labels: dict[str, str]) -> None:
    form = signing.form_of(by, key, "credibility")
    form.choice("claim", say("Claim (required)"), labels, unset=say("Choose one"))
    form.choice("credibility", say("Credibility of what it says"), _steps(Credibility), unset=say("not rated"))
    _reasoned(form, say("Rate the claim"), "credibility", key, version)


def _reliable(by: Acting, key: str, sources: dict[str, str]) -> None:
    st.caption(say("This is about the source, whatever it says here; it holds for all that comes from it."))
    form = signing.form_of(by, key, "reliability")
    form.choice("source", say("Source (required)"), sources, unset=say("Choose one"))
    form.choice("reliability", say("Reliability of the source"), _steps(Reliability), unset=say("not rated"))
    _reasoned(form, say("Rate the source"), "reliability", key, 0)


def _steps(scheme: type[Credibility] | type[Reliability]) -> dict[str, str]:
    return {step.value: f"{step.value.upper()}: {language.term(step)} ({language.explain(step)})" for step in scheme}


def _reasoned(form: Form, label: str, part: str, key: str, version: int) -> None:
    """Ask for the reason, keep what is typed, and offer to record it."""
    form.lines("reasons", say("Reasons (required)"))
    form.keep()
    signing.refused(form)
    st.button(label, key=f"{form.id}-save", on_click=_record, args=(part, form.by, key, version))


def _record(part: str, by: Acting, key: str, version: int) -> None:
    """Record what was said of a claim or a source; what is refused stays typed."""
    form = signing.form_of(by, key, part)
    try:
        RECORDED[part](form, key, version)
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, BLANKS[part])
    signing.done(key, say("Recorded."))


BLANKS: dict[str, dict[str, Any]] = {
    "origin": {"claim": [], "known": "", "label": "", "none": False, "reasons": ""},
    "credibility": {"claim": "", "credibility": "", "reasons": ""},
    "reliability": {"source": "", "reliability": "", "reasons": ""},
}


def _set_origin(form: Form, key: str, version: int) -> None:
    said = form.typed
    chosen, label, none = said.get("claim"), said.get("label") or said.get("known"), said.get("none")
    signing.must(
        (chosen, "claim", later("No claim is chosen."), later("Choose one or more.")),
        (label or none, "label", later("No origin is named."), later("Choose one, name one, or say that none is.")),
    )
    clash = bool(none and label) or bool(said.get("label") and said.get("known"))
    signing.must((not clash, "label", later("More than one answer is given."), later("Keep one of them.")))
    review.assess(session.store(), key, list(chosen or ()), origin=label if label else None,
                  reason=said.get("reasons") or "", by=form.by, expected=version)  # fmt: skip


def _set_credibility(form: Form, key: str, version: int) -> None:
    said = form.typed
    signing.must((said.get("claim"), "claim", later("No claim is chosen."), later("Choose one.")))
    rated = Credibility(said["credibility"]) if said.get("credibility") else None
    review.assess(session.store(), key, said["claim"], credibility=rated, reason=said.get("reasons") or "", by=form.by,
                  expected=version)  # fmt: skip


def _set_reliability(form: Form, key: str, version: int) -> None:
    said = form.typed
    signing.must((said.get("source"), "source", later("No source is chosen."), later("Choose one.")))
    rated = Reliability(said["reliability"]) if said.get("reliability") else None
    review.rate_source(session.store(), said["source"], rated, said.get("reasons") or "", form.by)


RECORDED: dict[str, Callable[[Form, str, int], None]] = {
    "origin": _set_origin, "credibility": _set_credibility, "reliability": _set_reliability,
}  # fmt: skip
