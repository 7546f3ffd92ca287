"""The one filter of the analyst's pages: read from the address, shown in the sidebar, written back into the address.

The boxes of the sidebar are the outermost conditions that people ask for most; whatever else the address holds is kept,
shown in words, and can be taken out. So no link loses a condition, and no page sees another filter than the address has.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from app import filterbuilder, language, widgets
from app.language import say
from casualty import filters
from casualty.errors import UsageFault
from casualty.filters import EVERYTHING, Asked, Filter, Part
from casualty.vocabulary import IncidentStatus, IncidentType

PARAMETER = "filter"
ADDRESS, NOTES = "filter_address", "filter_notes"
STATUSES = [str(word) for word in IncidentStatus if word not in (IncidentStatus.DUPLICATE, IncidentStatus.WITHDRAWN)]
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
MOST_KILLED = 10_000_000


def chosen() -> Filter:
    """Show the filter in the sidebar and return it; say what of the address was not understood."""
    text = st.query_params.get(PARAMETER, "")
    if text != st.session_state.get(ADDRESS):
        wanted, fault = _read(text)
        st.session_state[NOTES] = fault
        _seed(wanted)
        _write(wanted if fault is None else EVERYTHING)
    if st.session_state.get(NOTES):
        st.warning(widgets.plain(st.session_state[NOTES]))
    wanted = _asked()
    _write(wanted)
    return wanted


def current() -> Filter:
    """Return the filter that the page last had."""
    return filters.read(st.session_state.get(ADDRESS) or "")


def link(wanted: Filter) -> dict[str, str]:
    """Return a filter as parameters of an address."""
    return {PARAMETER: wanted.text} if wanted else {}


def ask(wanted: Filter) -> None:
    """Ask for another filter from the next run of the page on; to be called by what was pressed."""
    st.session_state[NOTES] = None
    _seed(wanted)
    _write(wanted)


def _read(text: str) -> tuple[Filter, str | None]:
    try:
        return filters.read(text), None
    except UsageFault as wrong:
        told, faults = language.told(wrong)
        why = " ".join(language.fault(fault) for fault in faults)
        return (
            EVERYTHING,
            f"{say('The filter of the address was not understood, and nothing of it is applied.')} {told} {why}",
        )


def _write(wanted: Filter) -> None:
    st.session_state[ADDRESS] = wanted.text
    if wanted.text == st.query_params.get(PARAMETER, ""):
        return
    if wanted:
        st.query_params[PARAMETER] = wanted.text
    else:
        st.query_params.pop(PARAMETER, None)


# The boxes ------------------------------------------------------------------------------------------------------------


def _first(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


# Each box: the fields and ways of the one condition that it stands for.
_SINGLE: Mapping[str, tuple[str, str]] = {"text": ("text", "has"), "killed": ("killed_best", "from"), "actor": ("actor", "is"),
                                          "source": ("source", "is"), "unit": ("unit", "is"), "group": ("group", "is")}  # fmt: skip
_MANY: Mapping[str, tuple[str, str]] = {
    "tier": ("tier", "is"),
    "status": ("status", "is"),
    "kind": ("incident_type", "is"),
}


def _seed(wanted: Filter) -> None:
    """Set the boxes to a filter, and keep what no box can show."""
    state: dict[str, Any] = dict.fromkeys((*_SINGLE, "since", "until"))
    state |= {"text": ""} | {name: [] for name in _MANY}
    rest: list[Part] = []
    for part in wanted.parts:
        if not _into_box(part, state):
            rest.append(part)
    for name, value in state.items():
        st.session_state[f"filter_{name}"] = value
    st.session_state["filter_rest"] = filters.every(tuple(rest)).text


def _into_box(part: Part, state: dict[str, Any]) -> bool:
    if not isinstance(part, Asked):
        return False
    if part.field == "date" and part.how in ("from", "to", "between") and not (state["since"] or state["until"]):
        state["since"] = _day(part.values[0]) if part.how != "to" else None
        state["until"] = _day(part.values[-1]) if part.how != "from" else None
        return bool(state["since"] or state["until"])
    for name, (field, how) in _SINGLE.items():
        value = _first(part.values)
        if (part.field, part.how) == (field, how) and value is not None and not state[name] and _fits(name, value):
            state[name] = int(value) if name == "killed" else value
            return True
    for name, (field, how) in _MANY.items():
        if (part.field, part.how) == (field, how) and not state[name]:
            if not set(part.values) <= set(_options()[name]):
                return False
            state[name] = list(part.values)
            return True
    return False


def _fits(name: str, value: str) -> bool:
    if name == "killed":
        return value.isdigit() and int(value) <= MOST_KILLED
    return name == "text" or value in _options()[name]


def _day(text: str) -> date | None:
    day = date.fromisoformat(text)
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _options() -> dict[str, Mapping[str, str]]:
    """Return what each box offers, with its labels."""
    return {
        "tier": filterbuilder.tiers(),
        "status": {word: widgets.label(IncidentStatus, word) for word in STATUSES},
        "kind": {str(word): language.term(word) for word in IncidentType},
        "actor": filterbuilder.named("actor"),
        "source": filterbuilder.named("source"),
        "unit": filterbuilder.units(),
        "group": filterbuilder.groups(),
    }


def _asked() -> Filter:
    options, any_of = _options(), say("Any")

    def one(label: str, name: str) -> str | None:
        return _select(label, name, options[name], any_of)

    def many(label: str, name: str) -> list[str]:
        labels = options[name]
        found: list[str] = st.multiselect(
            label, list(labels), key=f"filter_{name}", format_func=labels.get, placeholder=any_of
        )
        return found

    with st.sidebar:
        st.subheader(say("Filter"), anchor=False)
        filterbuilder.saved(filters.read(st.session_state.get(ADDRESS) or ""), ask)
        text = st.text_input(say("Code, title or place contains"), key="filter_text", max_chars=100)
        since, until = _days()
        parts: list[Part | None] = [_made("tier", "is", many(say("How well it is supported"), "tier"))]
        parts.append(_made("group", "is", one(say("Group attributed to a victim"), "group")))
        parts.append(_made("unit", "is", one(say("Administrative unit"), "unit")))
        with st.expander(
            say("Type, number, actor, source"), expanded=_any_of("kind", "status", "killed", "actor", "source")
        ):
            parts.append(_made("incident_type", "is", many(say("Type"), "kind")))
            parts.append(_made("status", "is", many(say("Status"), "status")))
            parts.append(_number())
            parts.append(_made("actor", "is", one(say("Actor alleged to be involved"), "actor")))
            parts.append(_made("source", "is", one(say("Source"), "source")))
        rest = filterbuilder.more(filters.read(st.session_state.get("filter_rest") or ""))
        st.session_state["filter_rest"] = rest.text
        st.button(say("Clear the filter"), on_click=ask, args=(EVERYTHING,))
    given = [_text(text), _dates(since, until), *parts]
    return filters.every((*(part for part in given if part is not None), *rest.parts))


def _any_of(*names: str) -> bool:
    """Return whether one of these boxes asks for anything."""
    return any(st.session_state.get(f"filter_{name}") not in (None, [], "") for name in names)


def _select(label: str, name: str, options: Mapping[str, str], any_of: str) -> str | None:
    if not options:
        return None
    if st.session_state.get(f"filter_{name}") not in options:
        st.session_state[f"filter_{name}"] = None
    found: str | None = st.selectbox(
        label, list(options), index=None, key=f"filter_{name}", format_func=options.get, placeholder=any_of
    )
    return found


def _number() -> Part | None:
    least = st.number_input(
        say("Killed at least (best)"), min_value=0, max_value=MOST_KILLED, value=None, step=1, key="filter_killed"
    )
    return None if least is None else Asked("killed_best", "from", (str(least),))


def _text(text: str | None) -> Part | None:
    try:
        return filters.read(f"text.has({filters.written(text.strip())})").part if text and text.strip() else None
    except UsageFault:
        st.sidebar.caption(say("This text cannot be searched for."))
        return None


def _made(field: str, how: str, value: str | list[str] | None) -> Part | None:
    values = (value,) if isinstance(value, str) else tuple(value or ())
    return Asked(field, how, values) if values else None


def _days() -> tuple[date | None, date | None]:
    limits: dict[str, Any] = {"value": None, "min_value": FIRST_DAY, "max_value": LAST_DAY, "format": "YYYY-MM-DD"}
    # One below the other: side by side in the sidebar neither would show its whole day.
    since = st.date_input(say("From"), key="filter_since", **limits)
    until = st.date_input(say("To"), key="filter_until", **limits)
    if since and until and since > until:
        widgets.faults(say("The first day lies after the last."), [say("Swap or mend them; both are ignored.")])
        return None, None
    return since, until


def _dates(since: date | None, until: date | None) -> Part | None:
    if since and until:
        return Asked("date", "between", (since.isoformat(), until.isoformat()))
    if since or until:
        return Asked("date", "from" if since else "to", ((since or until).isoformat(),))  # type: ignore[union-attr]
    return None
