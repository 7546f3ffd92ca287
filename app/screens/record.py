"""One incident: read, recorded or amended, with its whole history."""

from html import escape
from secrets import token_hex
from typing import Any

import streamlit as st

from app import entry, form, reading, session, widgets
from casualty import access
from casualty.access import Acting
from casualty.errors import CasualtyError, EditConflict, NotFound, Refused

VIEWS = ("Record", "Amend", "History")


def may(by: Acting, action: str) -> str:
    """Return why this person may not do it, or nothing."""
    try:
        access.permit(by, action)
    except Refused as refused:
        return refused.message
    return ""


def refused(name: str, told: CasualtyError) -> None:
    """Keep what a saving was refused for, until the next one."""
    st.session_state[f"{name}-faults"] = (told.message, told.faults)


def show_faults(name: str) -> None:
    """Show what the last saving was refused for."""
    message, faults = st.session_state.get(f"{name}-faults", ("", ()))
    if message:
        widgets.faults(message, faults)


def go_to(code: str, said: str) -> None:
    """Show a saved record, with a word on what happened."""
    st.session_state["said"] = said
    st.query_params.from_dict({"code": code})
    st.rerun()


def record_new(by: Acting) -> None:
    """Ask for a new incident and record it."""
    st.title("Record an incident", anchor=False)
    if why := may(by, "record"):
        st.info(widgets.plain(f"{why} To read a record, open it by its code or from the map."))
        return
    name = f"new-{st.session_state.setdefault('new', token_hex(4))}"
    box = form.Box(name)
    form.minimum(box)
    box.tick("killed_unknown", "It is not known how many were killed")
    form.source(box)
    with st.expander("More about the incident"):
        form.details(box)
    st.subheader("Victims, as far as they are known", anchor=False)
    people = form.victims(name)
    show_faults(name)
    if st.button("Save the incident", type="primary", key=f"{name}-save"):
        try:
            saved = entry.record(session.store(), by, box.typed, people)
        except CasualtyError as told:
            refused(name, told)
            st.rerun()
        # A new name empties the form, so that pressing twice cannot record twice.
        del st.session_state["new"]
        go_to(str(saved.code), f"Recorded as {saved.code}.")


def opened(key: str) -> entry.Edit:
    """Return the amendment under way for an incident, or begin one."""
    name = f"edit-{key}"
    if name not in st.session_state:
        draft, version = session.store().draft(key)
        st.session_state[name] = entry.Edit(key, version, draft)
    edit: entry.Edit = st.session_state[name]
    return edit


def forget(edit: entry.Edit) -> None:
    """Drop an amendment with all that was typed in it."""
    name = f"amend-{edit.incident_id}"
    for key in [key for key in st.session_state if str(key).startswith(name)]:
        del st.session_state[key]
    st.session_state.pop(f"edit-{edit.incident_id}", None)


def amend(by: Acting, key: str, code: str) -> None:
    """Ask for changes to an incident and save them."""
    if why := may(by, "amend"):
        st.info(widgets.plain(why))
        return
    edit = opened(key)
    name = f"amend-{key}-{edit.version}"
    box = form.Box(name, entry.as_typed(edit.opened))
    form.minimum(box)
    form.details(box)
    reason = box.text("reason", "Why it is changed")
    show_faults(name)
    conflict: EditConflict | None = st.session_state.get(f"{name}-conflict")
    theirs = compare(name, conflict) if conflict else frozenset()
    saving, leaving, _ = st.columns([2, 2, 3])
    if saving.button("Save the changes", type="primary", key=f"{name}-save"):
        save(by, edit, name, code, box.typed, reason, conflict, theirs)
    if leaving.button("Discard what I typed", key=f"{name}-discard"):
        forget(edit)
        st.rerun()


def save(
    by: Acting, edit: entry.Edit, name: str, code: str, typed: dict[str, Any], reason: str,
    conflict: EditConflict | None, theirs: frozenset[str],
) -> None:  # fmt: skip
    """Save an amendment; on a conflict or a fault keep everything and say so."""
    store = session.store()
    try:
        if conflict is None:
            saved = entry.amend(store, by, edit, typed, reason)
        else:
            saved = entry.settle(store, by, edit, typed, reason, seen=conflict.current_version, theirs=theirs)
    except EditConflict as told:
        st.session_state[f"{name}-conflict"] = told
        st.session_state.pop(f"{name}-faults", None)
        st.rerun()
    except CasualtyError as told:
        refused(name, told)
        st.rerun()
    forget(edit)
    changed = saved.version > edit.version
    go_to(code, f"Saved as version {saved.version}." if changed else "Nothing was changed, so nothing was saved.")


def compare(name: str, conflict: EditConflict) -> frozenset[str]:
    """Show both savings field by field; return the fields in which the other's value is to stay."""
    said = f"{conflict.message} Nothing of yours is lost. Choose where both changed the same field, then save again."
    widgets.faults(said)
    rows = [[escape(d.field), *map(widgets.text, (d.before, d.theirs, d.yours))] for d in conflict.differences]
    widgets.table(("Field", "When you opened it", "Saved since by somebody else", "Yours"), rows)
    theirs = set()
    for clash in entry.clashes(conflict):
        field = clash.field.removeprefix("incident.")
        choice = st.radio(
            f"Keep of {widgets.plain(field)}", ("mine", "theirs"), horizontal=True, key=f"{name}-{field}-choice"
        )
        if choice == "theirs":
            theirs.add(field)
    return frozenset(theirs)


def read(by: Acting, code: str) -> None:
    """Show the incident of a code, or of a victim's code."""
    store = session.store()
    kind, key = store.identify(code)
    if kind != "incident":
        st.title("Record", anchor=False)
        st.info(widgets.plain(f"{code} is a {kind.replace('_', ' ')}, not an incident. Only incidents are shown here."))
        return
    rows = store.current("incident", key)
    held = rows["incident"][0]["code"]
    st.title(f"Incident {held}", anchor=False)
    if said := st.session_state.pop("said", None):
        st.success(widgets.plain(said))
    views = [view for view in VIEWS if view != "Amend" or not may(by, "amend")]
    view = st.segmented_control(
        "Show", views, default="Record", required=True, key=f"view-{key}", label_visibility="collapsed"
    )
    if view == "Amend":
        amend(by, key, held)
    elif view == "History":
        reading.history(store.history("incident", key))
    else:
        reading.show(rows)
        st.caption(widgets.CAVEAT)


def look_up() -> None:
    """Open the record whose code was typed."""
    st.query_params.from_dict({"code": st.session_state["look_up"].strip()})


by = session.acting()
if by is None:
    st.stop()
with st.sidebar:
    st.text_input("Open by code of an incident or a victim", key="look_up", on_change=look_up)
    st.page_link("screens/record.py", label="Record a new incident")
    st.page_link("screens/map.py", label="Back to the map", query_params=st.session_state.get("filter_address") or {})
if code := st.query_params.get("code", "").strip():
    try:
        read(by, code)
    except NotFound as missing:
        st.title("Record", anchor=False)
        st.info(widgets.plain(f"{missing.message} Check the code, or find the incident on the map."))
else:
    record_new(by)
