"""Packages asked for: looked at, and granted or refused by a custodian who did not ask."""

from collections.abc import Callable
from html import escape

import streamlit as st

from app import language, session, signing, widgets
from app.form import Form
from app.language import count, later, phrase, say
from app.releases import looking
from casualty import release
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.release import Request, approving
from casualty.store import Store
from casualty.vocabulary import ReleaseAnswer, Tier

REFUSED = "release-refused"
BLANK = {"looked": False, "reasons": ""}


def waits(asked: Request) -> bool:
    """Return whether a request is not answered, or was granted and the granting broke off."""
    broken_off = asked.answer == ReleaseAnswer.GRANTED and asked.folder.is_dir()
    return asked.answer == ReleaseAnswer.OPEN or broken_off


def show(by: Acting, found: list[Request]) -> None:
    """Show the packages that would leave, one of them in full."""
    there = [asked for asked in found if waits(asked)]
    said = count("{n} package waits to be granted.", "{n} packages wait to be granted.", len(there))
    st.html(f'<p class="counts" role="status"><b>{escape(said)}</b></p>')
    refused(*(asked.id for asked in there), elsewhere=True)
    if not there:
        st.info(say("Nothing would leave. Somebody asks for a package first."))
        return
    labels = {asked.id: named(asked) for asked in there}
    chosen = next(iter(labels))
    if len(labels) > 1:
        chosen = st.selectbox(say("Package to look at"), list(labels), format_func=lambda key: labels.get(key, key),
                              key="release-looked-at")  # fmt: skip
    asked = next((one for one in there if one.id == chosen), there[0])
    with st.container(border=True, key=f"request-{asked.id}"):
        told(asked)
        looking.show(asked)
        answer(asked, by)


def named(asked: Request) -> str:
    """Return a request as a list names it."""
    return language.joined([language.moment(asked.recorded_at), language.term(Tier(asked.tier)), asked.recipient])


def told(asked: Request) -> None:
    """Show who asked for what, for whom and on what basis."""
    widgets.facts([
        (say("Recipient"), widgets.text(asked.recipient)),
        (say("Tier"), escape(language.term(Tier(asked.tier)))),
        (say("Basis"), widgets.text(asked.basis)),
        (say("Asked for by"), phrase("{name}, {moment}", name=widgets.text(asked.recorded_by),
                                     moment=escape(language.moment(asked.recorded_at)))),
        (say("Corrects the release"), hashed(asked.follows) if asked.follows else escape(say("none"))),
        (say("SHA-256 of its manifest"), hashed(asked.manifest_sha256)),
    ])  # fmt: skip


def hashed(sha256: str) -> str:
    """Return a hash as HTML that can be broken anywhere."""
    return f"<code>{escape(sha256)}</code>"


# The answer ----------------------------------------------------------------------------------------------------------


def answer(asked: Request, by: Acting) -> None:
    """Offer the answer to whoever may give it; tell everybody else why it is not theirs."""
    if why := not_theirs(asked, by):
        st.info(widgets.plain(why))
        if asked.recorded_by == by.name:
            withdrawing(asked, by)
        return
    form = _form(asked, by)
    looked = form.tick(
        "looked", widgets.plain(say("I have looked at it. It may go to {recipient}.", recipient=asked.recipient))
    )
    form.lines("reasons", say("Reasons, if it is refused"))
    form.keep()
    refused(asked.id)
    with st.container(horizontal=True):
        st.button(say("Grant"), type="primary", key=f"{form.id}-grant", disabled=not looked, on_click=grant,
                  args=(asked, by))  # fmt: skip
        st.button(say("Refuse"), key=f"{form.id}-refuse", on_click=refuse, args=(asked, by))
    st.caption(
        say("Granting hashes and seals every file; of a large package this takes a minute. Refusing removes it.")
    )


def withdrawing(asked: Request, by: Acting) -> None:
    """Offer to take back one's own request."""
    with st.expander(say("Take it back")):
        form = _form(asked, by)
        form.lines("reasons", say("Reasons (required)"))
        form.keep()
        refused(asked.id)
        st.button(say("Take the request back"), key=f"{form.id}-back", on_click=take_back, args=(asked, by))


def not_theirs(asked: Request, by: Acting) -> str:
    """Return why this person may not answer a request, or nothing."""
    if asked.recorded_by == by.name:
        return say("You asked for this package, so you cannot grant it: a custodian other than you does.")
    if asked.answer != ReleaseAnswer.OPEN:
        if asked.answered_by == by.name:
            return ""
        return say("{name} granted it, and the granting broke off. Only they can end it.", name=asked.answered_by)
    if not approving.may_grant(by, asked):
        return say("You may look at it; a custodian who did not ask grants it or refuses it.")
    return ""


def _form(asked: Request, by: Acting) -> Form:
    return signing.form_of(by, asked.id, "release answer")


def grant(asked: Request, by: Acting) -> None:
    """Let the package go exactly as it was shown, or keep why not."""
    try:
        done = release.grant(session.store(), _now(asked, by), by)
    except CasualtyError as why:
        _kept(asked, why)
        return
    signing.empty(_form(asked, by), BLANK)
    text = count("Granted: {n} incident, for {recipient}. It can be taken from the list of what left.",
                 "Granted: {n} incidents, for {recipient}. It can be taken from the list of what left.", done.incidents,
                 recipient=asked.recipient)  # fmt: skip
    signing.done("release", text)


def refuse(asked: Request, by: Acting) -> None:
    """Refuse the package with the reasons that were typed, or keep why not."""
    _removed(asked, by, release.refuse, say("Refused. What was written is removed."))


def take_back(asked: Request, by: Acting) -> None:
    """Take back one's own request with the reasons that were typed, or keep why not."""
    _removed(asked, by, release.take_back, say("Taken back. What was written is removed."))


def _removed(asked: Request, by: Acting, act: Callable[[Store, Request, str, Acting], None], said: str) -> None:
    form = _form(asked, by)
    reasons = str(form.typed.get("reasons") or "")
    try:
        signing.must((reasons.strip(), "reasons", later("No reasons are given."), later("Say why it may not leave.")))
        act(session.store(), _now(asked, by), reasons, by)
    except CasualtyError as why:
        _kept(asked, why)
        return
    signing.empty(form, BLANK)
    signing.done("release", said)


def _now(asked: Request, by: Acting) -> Request:
    """Return a request as it stands now: somebody may have answered it since it was shown."""
    return release.one(session.store(), asked.id, by)


def _kept(asked: Request, why: CasualtyError) -> None:
    st.session_state[REFUSED] = (asked.id, why)


def refused(*shown: str, elsewhere: bool = False) -> None:
    """Show why the last answer could not be given: beside its request, or (`elsewhere`) above, if that is shown no more."""
    asked_id, why = st.session_state.get(REFUSED, ("", None))
    if why is not None and (asked_id in shown) is not elsewhere:
        del st.session_state[REFUSED]
        widgets.told(why)


def history(found: list[Request]) -> None:
    """Show what was asked for and answered."""
    rows = [
        [escape(language.moment(asked.answered_at)), escape(language.term(ReleaseAnswer(asked.answer))),
         widgets.text(asked.answered_by), widgets.text(asked.recorded_by), escape(language.term(Tier(asked.tier))),
         widgets.text(asked.recipient), widgets.text(asked.answer_reasons) if asked.answer_reasons else ""]
        for asked in found if not waits(asked)
    ]  # fmt: skip
    if rows:
        with st.expander(say("Packages that were asked for, and what was answered")):
            heads = (say("When"), say("Answer"), say("Answered by"), say("Asked for by"), say("Tier"), say("Recipient"),
                     say("Reasons"))  # fmt: skip
            widgets.table(heads, rows)
