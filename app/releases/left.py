"""What left: to whom, when, under which tier; its receipt, and the key that signs it."""

import json
from html import escape

import streamlit as st

from app import language, session, signing, widgets
from app.language import count, later, phrase, say
from app.releases import taking
from app.releases.answering import hashed
from app.releases.asking import named
from casualty import access, dating, release
from casualty.access import Acting
from casualty.errors import CasualtyError, Fault, InvalidRecords
from casualty.release import Sent
from casualty.vocabulary import Tier

BLANK = {"said": "", "on": ""}


def show(by: Acting, everything: list[Sent]) -> None:
    """Show the packages that left, newest first, and what may be done with one of them; then tables taken within the house."""
    gone = [one for one in everything if one.tier != Tier.INTERNAL]
    said = count("{n} package has left this house.", "{n} packages have left this house.", len(gone))
    st.html(f'<p class="counts" role="status"><b>{escape(said)}</b></p>')
    if gone:
        listed(gone)
        labels = {one.id: named(one) for one in gone}
        chosen = st.selectbox(say("Release"), list(labels), format_func=lambda key: labels.get(key, key),
                              key="release-left")  # fmt: skip
        one = next((one for one in gone if one.id == chosen), gone[0])
        with st.container(border=True, key=f"left-{one.id}"):
            told(one)
            taking.offer(one.id, by)
            receive(one, by)
    else:
        st.info(say("Nothing has left yet."))
    within([one for one in everything if one.tier == Tier.INTERNAL])
    key(by)


def within(taken: list[Sent]) -> None:
    """Show which tables of incidents were taken out of the pages for work within the house."""
    if taken:
        with st.expander(widgets.plain(count("Tables taken for work within this house: {n}",
                                             "Tables taken for work within this house: {n}", len(taken)))):  # fmt: skip
            heads = (say("Date"), say("Taken by"), say("Incidents"), say("What for"))
            rows = [
                [escape(language.moment(one.recorded_at)), widgets.text(one.recipient), language.number(one.incidents),
                 widgets.text(json.loads(one.basis)["purpose"])]
                for one in taken
            ]  # fmt: skip
            widgets.table(heads, rows, heads[2:3])


def listed(gone: list[Sent]) -> None:
    """Show all of them as a table."""
    numbers = {one.id: one for one in gone}
    heads = (say("No."), say("Date"), say("Tier"), say("Recipient"), say("Incidents"), say("Corrects"), say("Receipt"))
    rows = [
        [str(one.number), escape(language.day(one.recorded_at)), escape(language.term(Tier(one.tier))),
         widgets.text(one.recipient), language.number(one.incidents), follows(one, numbers),
         escape(language.day(one.received_on) if one.received_on else say("none yet"))]
        for one in gone
    ]  # fmt: skip
    widgets.table(heads, rows, (heads[0], heads[4]))
    st.caption(say("Numbers count the packages of one tier to one recipient."))


def follows(one: Sent, numbers: dict[str, Sent]) -> str:
    """Return which release this one corrects, as HTML."""
    if one.follows_id is None:
        return ""
    earlier = numbers[one.follows_id]
    return escape(say("No. {number}, {day}", number=earlier.number, day=language.day(earlier.recorded_at)))


def told(one: Sent) -> None:
    """Show one release."""
    nobody = say("nobody: the record was kept by one person")
    widgets.facts([
        (say("Basis"), widgets.text(one.basis)),
        (say("Let go by"), widgets.text(one.recorded_by)),
        (say("Second person"), escape(say("yes: one asked, another granted") if one.request_id else nobody)),
        (say("SHA-256 of its manifest"), hashed(one.manifest_sha256)),
        (say("Receipt"), phrase("{day}: {said}", day=escape(language.day(one.received_on)), said=widgets.text(one.receipt))
         if one.received_on else escape(say("none yet"))),
    ])  # fmt: skip


# The receipt ---------------------------------------------------------------------------------------------------------


def receive(one: Sent, by: Acting) -> None:
    """Ask what the recipient confirmed."""
    try:
        access.permit(by, "release")
    except CasualtyError:
        return
    with st.expander(say("Enter a new receipt") if one.received_on else say("Enter the receipt")):
        form = signing.form_of(by, one.id, "receipt")
        form.lines("said", say("What they confirmed, in their words (required)"))
        form.text("on", say("When they had it"), required=True)
        form.keep()
        signing.refused(form)
        st.button(say("Keep the receipt"), type="primary", key=f"{form.id}-save", on_click=keep, args=(one, by))


def keep(one: Sent, by: Acting) -> None:
    """Keep a receipt; what is refused stays typed."""
    form = signing.form_of(by, one.id, "receipt")
    said, on = (str(form.typed.get(box) or "").strip() for box in ("said", "on"))
    try:
        signing.must(
            (said, "said", later("Nothing is written."), later("Write what they confirmed.")),
            (on, "on", later("No day is given."), later("Write the day.")),
        )
        found = dating.read(on, today=session.store().today())
        if found.start != found.end or found.start > session.store().today():
            raise wrong_day(on)
        release.received(session.store(), one.id, found.start, said, by)
    except dating.NotUnderstood:
        signing.refuse(form, wrong_day(on))
    except CasualtyError as refused:
        signing.refuse(form, refused)
    else:
        signing.empty(form, BLANK)
        signing.done("release", say("The receipt is kept."))


def wrong_day(text: str) -> InvalidRecords:
    """Return what is told of a text that is not one day up to today."""
    fault = Fault(0, "on", later("{text} is not one day up to today."), later("Write the day on which they had it."),
                  {"text": text})  # fmt: skip
    return InvalidRecords("This cannot be recorded yet.", [fault])


# The key -------------------------------------------------------------------------------------------------------------


def key(by: Acting) -> None:
    """Show the public half of the house's key."""
    st.subheader(say("The key of this house"), anchor=False)
    st.write(say("Tell recipients this key by another way than the package: by telephone, or in person. With it they see that a package "
                 "comes from you: `python3 verify.py --key KEY`."))  # fmt: skip
    st.html(f'<p class="key" dir="ltr">{hashed(release.public_key(session.store(), by))}</p>')
