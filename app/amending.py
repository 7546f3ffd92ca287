"""An incident under amendment: the same boxes, filled with what is held, and the choice where two people changed the same."""

from collections.abc import Callable
from html import escape
from uuid import UUID, uuid4

import streamlit as st

from app import entry, language, session, widgets
from app.entry.whole import NOT_SAVED
from app.form import Form
from app.language import say
from casualty import desk
from casualty.access import Acting
from casualty.errors import CasualtyError, EditConflict, Fault, InvalidRecords, NotFound
from casualty.ledger import Rows
from casualty.schema import IncidentDraft

Ask = Callable[..., entry.Whole]
Go = Callable[[str, str], None]


def amend(by: Acting, key: str, rows: Rows, ask: Ask, go_to: Go) -> None:
    """Ask for changes to an incident and save them."""
    edit = opened(by, key)
    start = entry.as_typed(edit.opened, session.store().today(), dict(edit.actors))
    form = Form(edit.form_id, by, start=start, incident_id=key, version=edit.version)
    st.session_state[f"form-{edit.form_id}"].setdefault("edit", edit)
    if edit.version != rows["incident"][0]["version"]:
        st.info(say("Somebody saved this incident since you opened it. What both changed is asked when you save."))
    ask(form, amending=True)
    reason = form.text("reason", say("Why is it changed?"), required=True)
    form.keep()
    conflict: EditConflict | None = form.state.get("conflict")
    theirs = compare(form, conflict) if conflict else frozenset()
    form.leftover()
    with st.container(key="savebar", horizontal=True, vertical_alignment="center"):
        if st.button(say("Save the changes"), type="primary", key=f"{form.id}-save"):
            save(by, edit, form, rows["incident"][0]["code"], reason or "", conflict, theirs, go_to)
        st.button(say("Discard what I typed"), key=f"{form.id}-discard", on_click=form.discard)


def opened(by: Acting, key: str) -> entry.Edit:
    """Return the amendment under way for an incident, on whichever device it was begun, or begin one.

    The address names its form, so that a server that was started anew knows the boxes of an open page again.
    """
    waiting = desk.amending(session.store(), by, key)
    form_id = waiting.id if waiting is not None else form_of_address(by)
    if st.query_params.get("form") != form_id:
        st.query_params["form"] = form_id
    edit: entry.Edit | None = st.session_state.get(f"form-{form_id}", {}).get("edit")
    if edit is None:
        draft, version = session.store().draft(key, by=by)
        if waiting is not None and waiting.version not in (None, version):
            draft, version = as_opened(by, key, waiting.version or version), waiting.version or version
        edit = entry.Edit(form_id, key, version, draft, {row.id: row.name for row in session.listed("actor")})
    return edit


def form_of_address(by: Acting) -> str:
    """Return the form that the address names, or a fresh one."""
    try:
        asked = UUID(st.query_params.get("form", ""))
        taken = asked.version != 4 or desk.form(session.store(), by, str(asked)) is not None
    except (ValueError, NotFound):
        taken = True
    return str(uuid4()) if taken else str(asked)


def as_opened(by: Acting, key: str, version: int) -> IncidentDraft:
    """Return an incident as it stood at the version that a form was begun on."""
    from casualty.bodies import draft_of

    told = session.store().history("incident", key, by=by)
    held = next(r.after for r in reversed(told) if r.after and r.after["incident"][0]["version"] == version)
    return draft_of(held)


def save(
    by: Acting, edit: entry.Edit, form: Form, code: str, reason: str, conflict: EditConflict | None,
    theirs: frozenset[str], go_to: Go,
) -> None:  # fmt: skip
    """Save an amendment; on a conflict or a fault keep everything and say so."""
    store = session.store()
    try:
        if not reason.strip():
            fault = Fault(0, "reason", "No reason is given.", "Write why the record is changed.")
            raise InvalidRecords(NOT_SAVED, [fault])
        if conflict is None:
            saved = entry.amend(store, by, edit, form.typed, reason)
        else:
            saved = entry.settle(store, by, edit, form.typed, reason, seen=conflict.current_version, theirs=theirs)
    except EditConflict as told:
        form.state["conflict"] = told
        form.state.pop("refused", None)
        st.rerun()
    except CasualtyError as told:
        form.refuse(told)
        st.rerun()
    form.forget()
    changed = saved.version > edit.version
    said = (
        say("Saved as version {number}.", number=saved.version)
        if changed
        else say("Nothing was changed, so nothing was saved.")
    )
    go_to(code, said)


def compare(form: Form, conflict: EditConflict) -> frozenset[str]:
    """Show both savings field by field; return the fields in which the other's value is to stay."""
    message, _ = language.told(conflict)
    note = say("Nothing of yours is lost. Choose where both changed the same field, then save again.")
    widgets.faults(f"{message} {note}")
    rows = [[escape(d.field), *map(widgets.text, (d.before, d.theirs, d.yours))] for d in conflict.differences]
    heads = (say("Field"), say("When you opened it"), say("Saved since by somebody else"), say("Yours"))
    widgets.table(heads, rows)
    theirs = set()
    for clash in entry.clashes(conflict, session.store()):
        field = clash.field.removeprefix("incident.")
        label = say("Keep of {field}", field=language.field(field))
        options = {"mine": say("mine"), "theirs": say("theirs")}
        choice = st.radio(
            widgets.plain(label),
            list(options),
            horizontal=True,
            key=f"{form.id}-{field}-choice",
            format_func=options.get,
        )
        if choice == "theirs":
            theirs.add(field)
    return frozenset(theirs)
