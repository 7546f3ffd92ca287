"""One incident: recorded, read or amended, with its whole history."""

from typing import Any
from uuid import UUID, uuid4

import streamlit as st

from app import amending, entry, filtering, language, places, reading, reviewing, revisions, session, widgets
from app import map as components
from app.entry import people
from app.form import Form
from app.language import later, say
from app.sections import already, more, sources, victims, where
from casualty import access, desk
from casualty.access import Acting
from casualty.errors import CasualtyError, NotFound, Refused
from casualty.rules import Range

VIEWS = (later("Record"), later("Review"), later("Amend"), later("History"))


def may(by: Acting, action: str) -> str:
    """Return why this person may not do it, or nothing."""
    try:
        access.permit(by, action)
    except Refused as refused:
        return language.told(refused)[0]
    return ""


def go_to(code: str, said: str) -> None:
    """Show a saved record, with a word on what happened."""
    st.session_state["said"] = said
    st.query_params.from_dict({"code": code})
    st.rerun()


def form_of_address() -> str:
    """Return the form that the address names; a new one is named there at once, so that a reload finds it again."""
    asked = st.query_params.get("form", "")
    try:
        return str(UUID(asked))
    except ValueError:
        fresh = str(uuid4())
        st.query_params["form"] = fresh
        return fresh


def record_new(by: Acting) -> None:
    """Ask for a new incident and record it."""
    st.title(say("Record an incident"), anchor=False)
    if why := may(by, "record"):
        st.info(widgets.plain(f"{why} {say('To read a record, open it by its code or from the map.')}"))
        return
    form_id = form_of_address()
    try:
        form = Form(form_id, by)
    except NotFound:
        del st.query_params["form"]
        st.rerun()
    if form.saved_id:
        saved = session.store().current("incident", form.saved_id, by=by)["incident"][0]["code"]
        go_to(saved, say("This form was recorded as {code}.", code=saved))
    form.keep()
    on_desk(by, form_id)
    ask(form)
    form.keep()
    save_bar(form, by)


def on_desk(by: Acting, here: str) -> None:
    """Offer the forms that are not finished."""
    begun = (form for form in desk.forms(session.store(), by) if UUID(form.id).version == 4)  # others are reviewers'
    waiting = [form for form in begun if form.id != here and form.incident_id is None]
    if not waiting:
        return
    with st.container(border=True, key="on-desk"):
        st.markdown(f"**{say('Not finished')}**")
        for form in waiting[:5]:
            named = form.typed.get("place_as_reported") or say("no place yet")
            label = say("Go on: {place}, {date} (typed {at})", place=named, date=form.typed.get("date") or say("no date yet"),
                        at=language.moment(form.typed_at))  # fmt: skip
            st.button(widgets.plain(label), key=f"resume-{form.id}", on_click=resume, args=(form.id,), type="tertiary")


def resume(form_id: str) -> None:
    """Open a form that was not finished."""
    st.query_params.from_dict({"form": form_id})


def ask(form: Form, *, amending: bool = False) -> entry.Whole:
    """Draw all boxes of an incident; return what they say."""
    whole = entry.understood(form.typed, session.store(), amending=amending, derived=places.with_unit)
    found = whole.found
    form.live = found.faults
    with st.container(key="minimum"):
        left, right = st.columns(2)
        with left:
            where.when(form, found)
            more.killed(form, found)
        with right:
            where.where(form, found)
            if not amending:
                sources.first(form)
    if not amending:
        already.show(form, whole)
    with st.expander(say("Point on the map"), expanded=found.fields["lat"] is not None):
        where.point(form, found)
    with st.expander(say("Victims"), expanded=True):
        victims.grid(form, found)
        stated = Range(*(found.fields[f"killed_{part}"] for part in more.PARTS))
        now = people.victims(form.typed, session.store().today(), entry.Read())
        victims.adds_up(people.tally(now, stated))
        victims.details(form, found, sources.parties(form))
    with st.expander(say("Actors alleged to be involved")):
        sources.actors(form)
    with st.expander(say("Sources and documents")):
        sources.more(form, form.by)
    with st.expander(say("More about the incident")):
        where.more_when(form)
        where.more_where(form)
        more.more(form, found)
    return whole


def save_bar(form: Form, by: Acting) -> None:
    """Show what the last saving was refused for, and the way to save; it stays in sight while the page is scrolled."""
    form.leftover()
    with st.container(key="savebar", horizontal=True, vertical_alignment="center"):
        if st.button(say("Save and submit for review"), type="primary", key=f"{form.id}-save"):
            save(form, by)
        with st.popover(say("Throw away"), key=f"{form.id}-discarding"):
            st.write(say("What is typed here is gone then. Nothing that is recorded changes."))
            st.button(say("Yes, throw it away"), key=f"{form.id}-discard", on_click=throw_away, args=(form,))
        st.caption(say("Kept as you type. You can go on later, here or on another device."))


def save(form: Form, by: Acting) -> None:
    """Record the incident once; on a fault keep everything and say what is wrong, where it is."""
    try:
        saved = entry.record(session.store(), by, form.id, form.typed, derived=places.with_unit)
    except CasualtyError as told:
        form.refuse(told)
        st.rerun()
    form.forget()
    go_to(str(saved.code), say("Recorded as {code}.", code=str(saved.code)))


def throw_away(form: Form) -> None:
    """Discard the form and begin another."""
    form.discard()
    st.query_params.clear()


def read(by: Acting, code: str) -> None:
    """Show the incident of a code, or of a victim's code."""
    store = session.store()
    kind, key = store.identify(code, by=by)
    if kind != "incident":
        st.title(say("Record"), anchor=False)
        st.info(widgets.plain(say("{code} is not an incident. Only incidents are shown here.", code=code)))
        return
    rows = store.current("incident", key, by=by)
    held = rows["incident"][0]["code"]
    st.title(say("Incident {code}", code=held), anchor=False)
    if said := st.session_state.pop("said", None):
        st.success(widgets.plain(said))
    views = [view for view in VIEWS if view != "Amend" or not may(by, "amend")]
    asked = st.query_params.get("view", "").capitalize()
    view = st.segmented_control(
        say("Show"), views, default=asked if asked in views else "Record", required=True, key=f"view-{key}",
        label_visibility="collapsed", format_func=lambda view: say(view),
    )  # fmt: skip
    if view == "Review":
        reviewing.show(by, key, rows)
    elif view == "Amend":
        amending.amend(by, key, rows, ask, go_to)
    elif view == "History":
        revisions.show(store.history("incident", key, by=by))
    else:
        reading.show(rows)
        st.caption(say(widgets.CAVEAT))


def look_up() -> None:
    """Open the record whose code was typed."""
    st.query_params.from_dict({"code": st.session_state["look_up"].strip()})


def key_words() -> dict[str, Any]:
    """Return what the list of keys says, with the keys that the grid listens to."""
    grid = (
        ("Enter", say("Next row")),
        ("Ctrl+D", say("Same as the cell above")),
        ("Ctrl+Shift+D", say("Same as the row above")),
        ("Ctrl+Delete", say("Remove the row")),
    )
    return {
        "title": say("Keys"),
        "close": say("Close"),
        "absent": say("There is nothing here for this key."),
        "more": [{"keys": keys, "says": says} for keys, says in (("?", say("This list")), *grid)],
    }


def bindings() -> list[dict[str, str]]:
    """Return the keys of this page."""
    return [
        {"keys": "Alt+S", "says": say("Save"), "press": "[class*='-save'] button"},
        {"keys": "Alt+D", "says": say("Go to the date"), "press": "#minimum input, .st-key-minimum input"},
        {"keys": "Alt+V", "says": say("Go to the victims"), "press": ".grid input"},
        {"keys": "Alt+N", "says": say("Next in the queue"), "press": "[class*='st-key-next-'] button"},
        {"keys": "Alt+F", "says": say("Go to the first fault"), "press": "[aria-invalid='true']"},
    ]


by = session.acting()
if by is None:
    st.stop()
components.keys(bindings(), key_words(), language.direction())
with st.sidebar:
    st.text_input(say("Open by code of an incident or a victim"), key="look_up", on_change=look_up)
    st.page_link("screens/record.py", label=say("Record a new incident"))
    st.page_link("screens/map.py", label=say("Back to the map"), query_params=filtering.link(filtering.current()))
if code := st.query_params.get("code", "").strip():
    try:
        read(by, code)
    except NotFound as missing:
        st.title(say("Record"), anchor=False)
        told = f"{language.told(missing)[0]} {say('Check the code, or find the incident on the map.')}"
        st.info(widgets.plain(told))
else:
    record_new(by)
