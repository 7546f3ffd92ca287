"""The review of one incident: what it waits for, what all sources say, and the judgement. Drawn on the record page.

Nothing here allows a step: the store refuses what is not this person's to do, and the reason it gives is shown.
"""

from collections.abc import Iterable
from html import escape
from urllib.parse import parse_qs

import sqlalchemy as sa
import streamlit as st

from app import assessing, duplicates, evidence, language, revisions, session, signing, waiting, widgets
from app.form import plainly
from app.language import count, later, phrase, say
from casualty import access, bodies, review, rules
from casualty.access import Acting
from casualty.errors import CasualtyError, Word
from casualty.ledger import Row, Rows
from casualty.review import Comparison
from casualty.schema import table
from casualty.store import Revised
from casualty.vocabulary import IncidentStatus, Operation, Role, StandardOfProof

HEARTBEAT = 20  # seconds between two words that this page is still open
WRITTEN = (Operation.RECORD, Operation.AMEND, Operation.RESTORE)
JUDGEMENT = ("to_status", "standard_of_proof", "reasons")


def show(by: Acting, key: str, rows: Rows) -> None:
    """Show the review of an incident, with what this person may do in it."""
    revisions.style()
    incident = rows["incident"][0]
    bar(by, key)
    signing.tell(key)
    compared = review.compare(session.store(), key, by)
    why = may_not(by, key)
    waits(incident, compared, why)
    if why:
        st.info(widgets.plain(why))
    duplicates.merged(by, key, incident, may_judge=not why)
    assessing.claims(incident, compared)
    documents(by, key, compared)
    if not why:
        judge(by, key, incident)
        assessing.show(by, key, incident, compared)
    duplicates.show(by, key, rows, may_judge=not why)


# Who, and what it waits for ------------------------------------------------------------------------------------------


def reviewers() -> list[str]:
    """Return the names of those who may be asked to review: the accounts of reviewers, or the local person."""
    account = table("account")
    chosen = sa.select(account.c.name).where(
        account.c.role == Role.REVIEWER, account.c.active, account.c.withdrawn_at.is_(None)
    )
    by = session.acting()
    local = [by.name] if by is not None and by.local else []
    return local or [row.name for row in session.store().rows(chosen.order_by(account.c.name))]


def may_not(by: Acting, key: str) -> str:
    """Return why this person does not judge this incident, or nothing."""
    try:
        access.permit(by, "review")
    except CasualtyError as refused:
        said = say("You may read this; judging it is for others. {why}", why=Word(language.told(refused)[0]))
        return said
    if own(by, key):
        return say("You recorded or amended this, or what was merged into it: a second person judges it.")
    return ""


def own(by: Acting, key: str) -> bool:
    """Return whether this person recorded or amended an incident, or one that was merged into it."""
    revision, incident = table("revision"), table("incident")
    merged = sa.select(incident.c.id).where(incident.c.merged_into_id == key)
    chosen = sa.select(revision.c.actor).where(
        revision.c.record_kind == "incident", revision.c.operation.in_(WRITTEN),
        (revision.c.record_id == key) | revision.c.record_id.in_(merged),
    )  # fmt: skip
    return any(rules.same_hand(by.name, row.actor) for row in session.store().rows(chosen.distinct()))


def waits(incident: Row, compared: Comparison, why: str) -> None:
    """Show how far the incident is, and what it waits for."""
    status = IncidentStatus(incident["status"])
    sign, word = waiting.stage(status)
    minimum = session.store().deployment()["minimum_origins"]
    needs = rules.waits_for(status, compared.origins, minimum, own=False)
    assignment = table("assignment")
    asked = session.store().rows(sa.select(assignment.c.reviewer).where(assignment.c.incident_id == incident["id"]))
    who = say("assigned to {name}", name=asked[0].reviewer) if asked else say("assigned to nobody")
    stands = language.joined([claims_of(compared.claims), origins_of(compared.origins), who])
    parts = [
        f"<p>{_in_short(incident)}</p>",
        f'<p class="head"><span class="stage"><i aria-hidden="true">{sign}</i> {escape(word)}</span> '
        f"{escape(language.joined([language.term(status), stands]))}</p>",
        f"<p><b>{escape(say('Waits for: {what}', what=Word(plainly(needs))))}</b></p>",
    ]
    if died := found_dead(incident):
        parts.append(f'<p class="open-by">{escape(died)}</p>')
    st.html(f'<div class="waiting">{"".join(parts)}</div>')


def _in_short(incident: Row) -> str:
    """Return when, where and how many, as the record has it."""
    when = widgets.when(incident.get("date_start"), incident.get("date_end"), incident.get("date_precision"))
    killed = widgets.killed(*(incident.get(f"killed_{part}") for part in ("low", "best", "high")))
    told = [
        escape(when),
        widgets.text(incident.get("place_as_reported")),
        escape(say("killed: {number}", number=Word(killed))),
    ]
    return language.joined(told)


def claims_of(number: int) -> str:
    """Return how many claims stand."""
    return count("{n} claim", "{n} claims", number)


def origins_of(number: int) -> str:
    """Return how many independent origins stand behind them."""
    return count("{n} independent origin", "{n} independent origins", number)


def found_dead(incident: Row) -> str:
    """Return a word on missing people who were found dead since the last judgement, or nothing."""
    if incident["status"] not in review.queueing.WAITING:
        return ""
    told: list[Revised] = session.store().history("incident", incident["id"])
    for revision in reversed(told):
        if (
            revision.operation == Operation.REVIEW
            and (revision.after or {}).get("incident", [{}])[0].get("status") in rules.JUDGED
        ):
            break
        if revision.before and revision.after and bodies.found_dead(revision.before, revision.after):
            return say(
                "Since {when} somebody missing is recorded as killed, by {who}: this asks for your judgement. {reason}",
                when=Word(language.moment(revision.at)), who=revision.actor, reason=revision.reason,
            )  # fmt: skip
    return ""


def open_by(names: Iterable[str]) -> str:
    """Return who else has an incident open, as HTML."""
    listed = language.joined(map(widgets.text, names))
    return f'<p class="open-by">{phrase("Open now with: {names}", names=listed)}</p>' if listed else ""


@st.fragment(run_every=HEARTBEAT)
def presence(by: Acting, key: str) -> None:
    """Say that this page is open, and show with whom else it is."""
    try:
        review.viewing(session.store(), key, by)
        others = review.viewers(session.store(), key, by)
    except CasualtyError as told:
        widgets.told(told)
        return
    st.html(f'<div role="status">{open_by(others)}</div>')


def bar(by: Acting, key: str) -> None:
    """Show who else is here, and the ways onward in the queue."""
    presence(by, key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("screens/review.py", label=say("Back to the queue"),
                     query_params=parse_qs(st.query_params.get("queue", "")))  # fmt: skip
        st.button(say("Next in the queue"), key=f"next-{key}", on_click=go_on, args=(by, key))
    if said := st.session_state.pop("queue_end", None):
        st.caption(said)


def go_on(by: Acting, key: str) -> None:
    """Open the next incident of the part of the queue that this one was opened from."""
    situations = {row.id: row.name for row in session.listed("situation")}
    part = st.query_params.get("queue", "")
    wanted, _ = waiting.read(parse_qs(part), situations)
    found = wanted.following(session.store(), by, key)
    if found is None:
        st.session_state["queue_end"] = say("Nothing else waits in this part of the queue.")
        return
    st.query_params.from_dict({"code": found, "view": "review"} | ({"queue": part} if part else {}))


def documents(by: Acting, key: str, compared: Comparison) -> None:
    """Offer the documents behind the claims; pictures stay covered until somebody asks for one."""
    ids = list(dict.fromkeys(told.document_id for told in compared.columns))
    if ids and st.toggle(say("Show the documents"), key=f"documents-{key}"):
        evidence.gallery(ids, by, f"gallery-{key}")


# The judgement -------------------------------------------------------------------------------------------------------


def judge(by: Acting, key: str, incident: Row) -> None:
    """Ask for a judgement: a status that may follow, its standard of proof, and the reasons."""
    st.subheader(say("Judgement"), anchor=False)
    status, version = IncidentStatus(incident["status"]), incident["version"]
    form = signing.form_of(by, key, "review")
    if status == IncidentStatus.SUBMITTED:
        st.button(
            say("Take it into review"), type="primary", key=f"{form.id}-take", on_click=take_up,
            args=(by, key, version),
        )  # fmt: skip
        signing.refused(form)
        return
    follow = sorted(rules.MOVES[status] - {rules.BY_MERGE}, key=list(IncidentStatus).index)
    seen = form.typed.get("seen")
    if form.typed.get("reasons") and seen not in (None, version):
        st.info(say("It was saved again since you began to write this. Look at History before you judge."))
    left, right = st.columns(2)
    with left:
        to = form.terms("to_status", say("New status (required)"), follow, unset=say("Choose a status"))
    with right:
        form.terms(
            "standard_of_proof", say("Standard of proof"), [s for s in StandardOfProof if s != StandardOfProof.NOT_STATED],
            unset=language.term(StandardOfProof.NOT_STATED),
        )  # fmt: skip
    if to:
        st.caption(widgets.plain(language.explain(IncidentStatus(to))))
    written = form.lines(
        "reasons", say("Reasons (required)"), placeholder=say("What you saw, and why it is enough or not")
    )
    form.typed["seen"] = (seen or version) if written else None
    form.keep()
    signing.refused(form)
    st.button(say("Sign this judgement"), type="primary", key=f"{form.id}-save", on_click=sign, args=(by, key, version))


def take_up(by: Acting, key: str, version: int) -> None:
    """Take an incident into review, and upon oneself if nobody has it."""
    form = signing.form_of(by, key, "review")
    now = session.store().current("incident", key, by=by)["incident"][0]
    if now["status"] == IncidentStatus.IN_REVIEW:
        return  # pressed twice
    try:
        session.store().review(
            key, IncidentStatus.IN_REVIEW, say("Taken up for review."), by, StandardOfProof.NOT_STATED, expected=version
        )
        assignment = table("assignment")
        if not session.store().rows(sa.select(assignment.c.reviewer).where(assignment.c.incident_id == key)):
            review.assign(session.store(), key, by.name, by)
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    form.state.pop("refused", None)
    signing.done(key, say("It is in review now, and yours."))


def sign(by: Acting, key: str, version: int) -> None:
    """Record the judgement as it was written; what is refused stays written, with the reason."""
    form = signing.form_of(by, key, "review")
    to, standard, reasons = (form.typed.get(box) or "" for box in JUDGEMENT)
    try:
        signing.must(
            (to, "to_status", later("No status is chosen."), later("Choose one that may follow.")),
            (reasons, "reasons", later("No reasons are given."), later("Write why.")),
        )
        session.store().review(
            key,
            IncidentStatus(to),
            reasons,
            by,
            StandardOfProof(standard or StandardOfProof.NOT_STATED),
            expected=version,
        )
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, dict.fromkeys(JUDGEMENT, ""))
    signing.done(key, say("Judged: {status}.", status=IncidentStatus(to)))
