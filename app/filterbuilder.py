"""More conditions than the sidebar's boxes: any field, grouped by all, any or none of, and filters kept by name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from app import filterwords, language, session, widgets
from app.language import later, say
from casualty import filters, keptfilters
from casualty.errors import CasualtyError, UsageFault
from casualty.filters import ROOT, Asked, Field, Filter, Not, Part, Some, Sort
from casualty.filters import Any as AnyOf
from casualty.vocabulary import DimensionState

JOINS = {"all": later("all of these"), "any": later("at least one of these"), "none": later("none of these")}
WAYS = {
    "is": later("is one of"), "from": later("is at least"), "to": later("is at most"), "between": later("is between"),
    "has": later("contains"), "within": later("lies within"), "yes": later("is so"), "no": later("is not so"),
    "missing": later("is missing"), "unknown": later("is stated as unknown"),
}  # fmt: skip
DAY_WAYS = {"from": later("is on or after"), "to": later("is on or before")}
KINDS = {
    ROOT: later("the incident"), "victim": later("a victim"), "name": later("a name"), "attribution": later("an identity attribution"),
    "act": later("an act"), "involvement": later("an alleged involvement"), "claim": later("a claim of a source"),
    "review": later("a review"),
}  # fmt: skip
NAMED = {"actor": "name", "source": "name", "situation": "name", "dimension": "label", "identity_group": "label",
         "origin": "label", "document": "title"}  # fmt: skip
DRAFT = "filter_draft"


def tiers() -> dict[str, str]:
    """Return the tiers with their words."""
    return dict(zip(filters.TIERS, (say("Verified"), say("Partly corroborated"), say("Not corroborated")), strict=True))


def way(held: Field, how: str) -> str:
    """Return in words how a field is asked."""
    return say(DAY_WAYS.get(how, WAYS[how]) if held.sort is Sort.DAY else WAYS[how])


# What no box shows -----------------------------------------------------------------------------------------------------


def more(rest: Filter) -> Filter:
    """Show further conditions in words, each with a way to take it out, and a form to add some; return them."""
    parts = list(rest.parts)
    for number, part in enumerate(parts):
        said, out = st.columns([6, 1], vertical_alignment="center")
        said.caption(widgets.plain(filterwords.words(Filter(part))))
        if out.button("✕", key=f"filter_out_{number}", type="tertiary", help=say("Take this condition out")):
            del parts[number]
            return filters.every(tuple(parts))
    with st.expander(say("More conditions")):
        added = _form()
    return filters.every((*parts, added)) if added is not None else rest


def _form() -> Part | None:
    """Ask for a group of conditions; return it once it is added."""
    draft: list[tuple[str, Asked]] = st.session_state.setdefault(DRAFT, [])
    joins, kinds = ({name: say(label) for name, label in words.items()} for words in (JOINS, KINDS))
    join = st.radio(say("Incidents for which"), list(joins), key="filter_join", format_func=joins.get)
    for number, (kind, part) in enumerate(draft):
        said, out = st.columns([6, 1], vertical_alignment="center")
        said.caption(widgets.plain(filterwords.words(Filter(_of_kind(kind, [part])))))
        if out.button("✕", key=f"filter_draft_out_{number}", type="tertiary", help=say("Take this condition out")):
            del draft[number]
            st.rerun()
    kind = st.selectbox(say("About"), list(kinds), key="filter_about", format_func=kinds.get)
    fields = {held.name: held for held in filters.fields_of(kind).values() if held.sort is not Sort.AREA or held.absent}
    labels = {name: filterwords.label(kind, name) for name in fields}
    name = st.selectbox(
        say("Field"),
        sorted(fields, key=lambda one: labels[one].casefold()),
        key=f"filter_field_{kind}",
        format_func=labels.get,
    )
    asked = _condition(fields[name])
    buttons = st.container(horizontal=True)
    if buttons.button(say("Add condition"), key="filter_add", disabled=asked is None) and asked is not None:
        draft.append((kind, asked))
        st.rerun()
    if buttons.button(say("Apply"), key="filter_apply", disabled=not draft, type="primary"):
        st.session_state[DRAFT] = []
        return joined(join, draft)
    return None


def _of_kind(kind: str, parts: Sequence[Part]) -> Part:
    part = parts[0] if len(parts) == 1 else filters.All(tuple(parts))
    return part if kind == ROOT else Some(kind, part)


def joined(join: str, draft: Sequence[tuple[str, Asked]]) -> Part:
    """Return conditions as one part. `all`: those on one kind of row must hold for the same row (the same victim)."""
    kinds = list(dict.fromkeys(kind for kind, _ in draft))
    if join == "all":
        parts = [_of_kind(kind, [part for other, part in draft if other == kind]) for kind in kinds]
        flat = filters.every(tuple(parts)).part
        assert flat is not None
        return flat
    each = tuple(dict.fromkeys(_of_kind(kind, [part]) for kind, part in draft))
    one = each[0] if len(each) == 1 else AnyOf(each)
    return Not(one) if join == "none" else one


def _condition(held: Field) -> Asked | None:
    """Ask in which way a field is asked, and for its values; None while they are not there or not understood."""
    ways = {how: way(held, how) for how in held.ways if how != "within"}
    key = f"filter_{held.kind}_{held.name}"
    how = st.selectbox(say("Condition"), list(ways), key=f"{key}_way", format_func=ways.get)
    _, most = held.ways[how]
    values = [] if not most else _values(held, how, f"{key}_{how}")
    try:
        text = f"{held.name}.{how}({','.join(map(filters.written, values))})"
        found = filters.read(text if held.kind == ROOT else f"{held.kind}({text})").part
    except UsageFault as wrong:
        if values:
            st.caption(widgets.plain(" ".join(map(language.fault, wrong.faults))))
        return None
    return found.part if isinstance(found, Some) else found  # type: ignore[return-value]


def _values(held: Field, how: str, key: str) -> list[str]:
    if how == "between":
        first, last = st.columns(2)
        return [
            box.text_input(label, key=f"{key}_{label}").strip()
            for box, label in ((first, say("from")), (last, say("to")))
        ]
    options = _options(held)
    if options and how == "is":
        return list(
            st.multiselect(say("Values"), list(options), key=key, format_func=options.get, placeholder=say("Any"))
        )
    text = st.text_input(say("Value") if held.sort is not Sort.DAY else say("Day (YYYY-MM-DD)"), key=key).strip()
    return [text] if text else []


def _options(held: Field) -> Mapping[str, str]:
    """Return what a field can be asked for, where that is a list."""
    if held.sort in (Sort.TERM, Sort.CODE):
        return {word: _term(held, word) for word in held.terms}
    if held.sort is Sort.GROUP:
        return groups()
    if held.sort is Sort.UNIT:
        return units()
    if held.sort is Sort.KEY and held.of in NAMED:
        return named(held.of)
    return {}


def _term(held: Field, word: str) -> str:
    if held.scheme is None:
        return tiers().get(word, word)
    return language.term(held.scheme(int(word) if held.sort is Sort.CODE else word))


def named(kind: str) -> dict[str, str]:
    """Return the records of a kind by id, with what each is called."""
    column = NAMED[kind]
    rows = sorted(session.listed(kind), key=lambda row: str(getattr(row, column)).casefold())
    return {row.id: str(getattr(row, column)) for row in rows}


def groups() -> dict[str, str]:
    """Return the identity groups as filters name them; those of a dimension that is switched off do not exist (R41)."""
    on = {row.id: row for row in session.listed("dimension") if row.state != DimensionState.OFF}
    rows = [row for row in session.listed("identity_group") if row.dimension_id in on]
    return {f"{on[row.dimension_id].code}/{row.code}": f"{row.label} ({on[row.dimension_id].label})" for row in rows}


def units() -> dict[str, str]:
    """Return the administrative units by P-code, the largest first."""
    rows = sorted(session.listed("admin_unit"), key=lambda row: (row.level, row.name))
    return {row.pcode: f"{row.name} ({row.pcode})" for row in rows}


# Kept by name ------------------------------------------------------------------------------------------------------------


def saved(wanted: Filter, ask: Callable[[Filter], None]) -> None:
    """Offer the filters that this person keeps, and to keep this one under a name."""
    by = session.acting()
    if by is None:
        return
    held = {one.name: one for one in keptfilters.kept(session.store(), by)}
    with st.popover(say("Saved filters"), width="stretch"):
        for name, one in held.items():
            use, drop = st.columns([5, 1])
            use.button(widgets.plain(name), key=f"filter_use_{name}", on_click=ask, args=(one.filter,), width="stretch")
            drop.button("✕", key=f"filter_drop_{name}", type="tertiary", help=say("Forget this filter"), on_click=keptfilters.forget,
                        args=(session.store(), by, name))  # fmt: skip
        if not held:
            st.caption(say("None is saved yet."))
        name = st.text_input(say("Save this filter as"), key="filter_name", max_chars=120)
        if st.button(say("Save"), key="filter_save", disabled=not wanted) and name.strip():
            _keep(by, name, wanted)


def _keep(by: Any, name: str, wanted: Filter) -> None:
    try:
        keptfilters.keep(session.store(), by, name, wanted)
    except CasualtyError as wrong:
        widgets.told(wrong)
    else:
        st.rerun()
