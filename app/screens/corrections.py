"""Corrections that families and others ask for: taken down, waiting with their age, answered with reasons."""

from datetime import date
from html import escape
from typing import Any

import streamlit as st

from app import language, revisions, session, signing, widgets
from app.language import count, later, say
from casualty import access, dating, review
from casualty.access import Acting
from casualty.errors import CasualtyError, Fault, InvalidRecords
from casualty.review import Request
from casualty.vocabulary import AskedBy, CorrectionAnswer

SHOWN = (later("Not answered"), later("Answered"), later("Ask"))
MOST = 100
ASKED = {"code": "", "asked_by": "", "wanted": "", "received_on": "", "contact": ""}
ANSWERS = [word for word in CorrectionAnswer if word != CorrectionAnswer.OPEN]


def may_not(by: Acting, action: str) -> str:
    """Return why this person may not do it, or nothing."""
    try:
        access.permit(by, action)
    except CasualtyError as refused:
        return language.told(refused)[0]
    return ""


# Asking --------------------------------------------------------------------------------------------------------------


def ask(by: Acting) -> None:
    """Take down what somebody asks for."""
    if why := may_not(by, "correction"):
        st.info(widgets.plain(why))
        return
    form = signing.form_of(by, "corrections", "ask")
    if "code" in st.query_params and not form.typed.get("code"):
        form.put("code", st.query_params["code"])
    left, right = st.columns(2)
    with left:
        form.text("code", say("Code of the incident or the victim, if there is one"))
        form.terms("asked_by", say("Who asks (required)"), AskedBy, unset=say("Choose"))
    with right:
        form.text("received_on", say("When it came in"), placeholder=say("today"))
        form.text("contact", say("How to reach them; only reviewers and you see it"))
    form.lines("wanted", say("What is to be corrected, in their words (required)"))
    form.keep()
    signing.refused(form)
    st.button(say("Take it down"), type="primary", key=f"{form.id}-save", on_click=take_down, args=(by,))


def take_down(by: Acting) -> None:
    """Record a request; what is refused stays typed."""
    form = signing.form_of(by, "corrections", "ask")
    said = form.typed
    try:
        signing.must(
            (said.get("asked_by"), "asked_by", later("Nobody is named."), later("Choose who asks.")),
            (said.get("wanted"), "wanted", later("Nothing is asked for."), later("Write what is to be corrected.")),
        )
        review.ask(
            session.store(), by, wanted=said["wanted"], asked_by=AskedBy(said["asked_by"]), code=said.get("code") or None,
            received_on=day(said.get("received_on")), contact=said.get("contact") or None,
        )  # fmt: skip
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, ASKED)
    st.query_params.pop("code", None)
    signing.done("corrections", say("Taken down. It waits for an answer now."))


def day(text: str | None) -> date | None:
    """Return the day that was typed, None if none was; raise InvalidRecords if it is none."""
    if not (text or "").strip():
        return None
    try:
        found = dating.read(str(text), today=session.store().today())
    except dating.NotUnderstood as unclear:
        fault = Fault(0, "received_on", unclear.template, unclear.mend, unclear.values)
        raise InvalidRecords("This cannot be recorded yet.", [fault]) from unclear
    if found.start != found.end:
        fault = Fault(0, "received_on", later("{text} is not one day."), later("Write the day, or leave it out for today."),
                      {"text": text})  # fmt: skip
        raise InvalidRecords("This cannot be recorded yet.", [fault])
    return found.start


# Answering -----------------------------------------------------------------------------------------------------------


def listed(by: Acting, *, still_open: bool) -> None:
    """Show the requests, the oldest first."""
    found = review.corrections(session.store(), by)
    chosen = [one for one in found if (one.answer == CorrectionAnswer.OPEN) is still_open]
    said = (
        count("{n} correction waits for an answer.", "{n} corrections wait for an answer.", len(chosen))
        if still_open
        else count("{n} correction was answered.", "{n} corrections were answered.", len(chosen))
    )
    st.html(f'<p class="counts" role="status"><b>{escape(said)}</b></p>')
    why = may_not(by, "answer")
    if why and still_open and chosen:
        st.caption(widgets.plain(say("You may read them; answering is for others. {why}", why=why)))
    if len(chosen) > MOST:
        st.caption(say("The first {most} of {all} are listed.", most=MOST, all=len(chosen)))
    for request in chosen[:MOST]:
        with st.container(border=True, key=f"correction-{request.id}"):
            told(request, by)
            if not why:
                answering(request, by)


def told(request: Request, by: Acting) -> None:
    """Show one request."""
    about = widgets.link(request.code) if request.code else escape(say("no record named"))
    waited = count("{n} day old", "{n} days old", request.age_days)
    if request.answer != CorrectionAnswer.OPEN:
        waited = count("answered within {n} day", "answered within {n} days", request.age_days)
    head = language.joined([about, escape(language.term(request.asked_by)), escape(waited)])
    st.html(
        f'<div class="waiting"><p class="head">{head}</p><p class="long" dir="auto">{escape(request.wanted)}</p></div>'
    )
    facts = [
        (say("Came in"), escape(language.day(request.received_on))),
        (say("Taken down by"), widgets.text(request.recorded_by)),
        (say("Contact"), contact(request, by)),
    ]
    if request.answer != CorrectionAnswer.OPEN:
        facts += [
            (say("Answer"), escape(f"{language.term(request.answer)}, {language.day(request.answered_on)}")),
            (say("Reasons"), widgets.text(request.answer_reasons)),
        ]
    widgets.facts(facts)


def contact(request: Request, by: Acting) -> str:
    """Return how to reach who asks, or that it is not for this person."""
    if request.contact:
        return widgets.text(request.contact)
    told_all = by.role is None or by.role in review.correcting.ANSWERS_SEEN_BY or request.recorded_by == by.name
    return escape(say("none given") if told_all else say("for reviewers only"))


def answering(request: Request, by: Acting) -> None:
    """Ask for an answer, with reasons; given anew, the one before stays told."""
    again = request.answer != CorrectionAnswer.OPEN
    with st.expander(say("Answer it anew") if again else say("Answer it")):
        form = signing.form_of(by, request.id, "answer")
        form.terms("answer", say("Answer (required)"), ANSWERS, unset=say("Choose"))
        form.lines("reasons", say("Reasons (required)"))
        form.keep()
        signing.refused(form)
        args = (request.id, request.version, by)
        st.button(say("Sign this answer"), type="primary", key=f"{form.id}-save", on_click=answer, args=args)


def answer(correction_id: str, version: int, by: Acting) -> None:
    """Record an answer; what is refused stays typed."""
    form = signing.form_of(by, correction_id, "answer")
    said: dict[str, Any] = form.typed
    try:
        signing.must((said.get("answer"), "answer", later("No answer is chosen."), later("Choose one.")))
        review.answer(
            session.store(),
            correction_id,
            CorrectionAnswer(said["answer"]),
            said.get("reasons") or "",
            by,
            expected=version,
        )
    except CasualtyError as refused:
        signing.refuse(form, refused)
        return
    given = CorrectionAnswer(said["answer"])
    signing.empty(form, {"answer": "", "reasons": ""})
    signing.done("corrections", say("Answered: {answer}.", answer=given))


by = session.acting()
if by is None:
    st.stop()
revisions.style()
st.title(say("Corrections"), anchor=False)
signing.tell("corrections")
view = st.segmented_control(
    say("Show"), SHOWN, default="Ask" if "code" in st.query_params else "Not answered", required=True, key="corrections_view",
    label_visibility="collapsed", format_func=lambda name: say(name),
)  # fmt: skip
if view == "Ask":
    ask(by)
else:
    listed(by, still_open=view == "Not answered")
