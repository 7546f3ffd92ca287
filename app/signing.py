"""What a reviewer writes before it is signed: kept as it is typed, refused with the reason beside it, emptied once recorded."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import streamlit as st

from app import revisions, session, widgets
from app.form import Form
from app.language import say
from casualty import desk
from casualty.access import Acting
from casualty.errors import CasualtyError, EditConflict, Fault, InvalidRecords


def form_of(by: Acting, key: str, part: str) -> Form:
    """Return the form in which this person writes this part of the review of a record, on whatever device.

    Its key follows from the two and the account (a UUID of version 5), so that it is found again after a reload and is
    never taken for an incident that somebody is recording.
    """
    return Form(str(uuid5(NAMESPACE_URL, f"casualty:{part}:{by.name}:{key}")), by)


def empty(form: Form, blanks: Mapping[str, Any]) -> None:
    """Empty the boxes of a form whose step was recorded, each to its blank; called from a button, before they are drawn."""
    for box, blank in blanks.items():
        st.session_state[form.key(box)] = blank
    form.typed.clear()
    form.state.pop("refused", None)
    form.state["known"] = {}
    desk.discard(session.store(), form.by, form.id)


def refuse(form: Form, told: CasualtyError, box: str = "reasons") -> None:
    """Keep why a step was refused; what it says of reasons is shown at the box in which they are written."""
    conflict = isinstance(told, EditConflict)
    told.faults = tuple(
        replace(f, field=box) if f.field in ("reason", "reasons") else f for f in told.faults if not conflict
    )
    form.refuse(told)


def refused(form: Form) -> None:
    """Show why a step was refused; of a record that was saved meanwhile, what changed."""
    form.leftover()
    told = form.state["refused"][0] if "refused" in form.state else None
    if isinstance(told, EditConflict):
        st.caption(say("What you wrote is kept. Read what changed, then decide again."))
        revisions.differences([(d.field, d.before, d.theirs) for d in told.differences])


def must(*stated: tuple[Any, str, str, str]) -> None:
    """Refuse a step that lacks what the store cannot be asked without, all of it at once.

    Each is what was stated, its box, and the fault and its mend (templates) if it is nothing.
    """
    faults = [Fault(0, box, fault, mend) for value, box, fault, mend in stated if not value]
    if faults:
        raise InvalidRecords("This cannot be recorded yet.", faults)


def done(key: str, text: str) -> None:
    """Say on the next run what was done."""
    st.session_state[f"done-{key}"] = text


def tell(key: str) -> None:
    """Show what was done just now."""
    if text := st.session_state.pop(f"done-{key}", None):
        st.success(widgets.plain(text))
        st.toast(widgets.plain(text))  # the button stands far below
