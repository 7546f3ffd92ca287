"""The filter's widgets in the sidebar, kept the same as the address, so that a link reopens the same incidents."""

from datetime import date
from typing import Any

import streamlit as st

from app import session, widgets
from app.filters import FIRST_DAY, LAST_DAY, Filter, Known, read
from app.language import say
from casualty.vocabulary import DimensionState, IncidentStatus, IncidentType

STATUSES = [word for word in IncidentStatus if word not in (IncidentStatus.DUPLICATE, IncidentStatus.WITHDRAWN)]
KINDS = list(IncidentType)


def known() -> Known:
    """Return what a filter may name here; a dimension that is switched off does not exist."""
    dimensions = [row for row in session.listed("dimension") if row.state != DimensionState.OFF]
    groups: dict[str, dict[str, str]] = {row.id: {} for row in dimensions}
    for row in session.listed("identity_group"):
        if row.dimension_id in groups:
            groups[row.dimension_id][row.code] = row.label
    return Known(
        groups={row.code: groups[row.id] for row in dimensions},
        dimensions={row.code: row.label for row in dimensions},
        actors={row.id: row.name for row in sorted(session.listed("actor"), key=lambda row: row.name.casefold())},
    )


def chosen_filter(there: Known) -> tuple[Filter, list[str]]:
    """Show the filter and return it, with notes on what in the address was not understood."""
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    if address != st.session_state.get("filter_address"):
        wanted, notes = read(address, there)
        _seed(wanted)
        st.session_state["filter_notes"] = (wanted, notes)
    wanted = _asked(there)
    if wanted.params() != address:
        st.query_params.from_dict(wanted.params())
    st.session_state["filter_address"] = wanted.params()
    linked, notes = st.session_state["filter_notes"]
    return wanted, notes if wanted == linked else []


def _seed(wanted: Filter) -> None:
    """Set the widgets to a filter that came by the address."""
    values: dict[str, Any] = {
        "since": wanted.since,
        "until": wanted.until,
        "status": list(wanted.status),
        "kind": list(wanted.kind),
        "dimension": wanted.dimension,
        "group": wanted.group,
        "actor": wanted.actor,
        "killed": wanted.killed,
        "text": wanted.text,
    }
    for name, value in values.items():
        st.session_state[f"filter_{name}"] = value


def _asked(there: Known) -> Filter:
    with st.sidebar:
        st.subheader(say("Filter"), anchor=False)
        text = st.text_input(say("Code or place contains"), key="filter_text", max_chars=100)
        since, until = _days()
        any_of = say("Any")
        status = st.multiselect(
            say("Status"), [s.value for s in STATUSES], key="filter_status", format_func=_status, placeholder=any_of
        )
        kind = st.multiselect(
            say("Type"), [k.value for k in KINDS], key="filter_kind", format_func=_kind, placeholder=any_of
        )
        killed = st.number_input(
            say("Killed at least (best)"), min_value=0, max_value=10_000_000, value=None, step=1, key="filter_killed"
        )
        dimension, group = _identity(there)
        actor = None
        if there.actors:
            actor = st.selectbox(
                say("Actor alleged to be involved"),
                there.actors,
                index=None,
                key="filter_actor",
                format_func=there.actors.get,
                placeholder=any_of,
            )
        st.button(say("Clear the filter"), on_click=_seed, args=(Filter(),))
    return Filter(since, until, tuple(status), tuple(kind), dimension, group, actor, killed, (text or "").strip())


def _days() -> tuple[date | None, date | None]:
    limits: dict[str, Any] = {"value": None, "min_value": FIRST_DAY, "max_value": LAST_DAY, "format": "YYYY-MM-DD"}
    since = st.date_input(say("From"), key="filter_since", **limits)
    until = st.date_input(say("To"), key="filter_until", **limits)
    if since and until and since > until:
        widgets.faults(say("The first day lies after the last."), [say("Swap or mend them; no incident matches.")])
    return since, until


def _identity(there: Known) -> tuple[str | None, str | None]:
    if not there.dimensions:
        return None, None
    dimension = st.selectbox(
        say("Identity dimension"),
        there.dimensions,
        index=None,
        key="filter_dimension",
        format_func=there.dimensions.get,
        placeholder=say("Any"),
    )
    groups = there.groups.get(dimension, {}) if dimension else {}
    if not groups:
        return dimension, None
    if st.session_state.get("filter_group") not in groups:
        st.session_state["filter_group"] = None
    label = say("Group attributed to a victim")
    return dimension, st.selectbox(
        label, groups, index=None, key="filter_group", format_func=groups.get, placeholder=say("Any")
    )


def _status(word: str) -> str:
    return widgets.label(IncidentStatus, word)


def _kind(word: str) -> str:
    return widgets.label(IncidentType, word)
