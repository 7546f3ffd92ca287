"""The two sides of a comparison: chosen in plain words, read from the address and written back into it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import streamlit as st

from app import filterbuilder, filterwords, session, widgets
from app.boards import counting, coverage
from app.language import later, say
from casualty import filters, keptfilters
from casualty.errors import UsageFault, Word
from casualty.filters import Asked, Filter, Part
from casualty.overview import NO_DAY, Selection

GROUP, ACTOR, PERIOD, AREA, FREE = "group", "actor", "period", "area", "filter"
WAYS: Mapping[str, str] = {
    GROUP: later("Two groups of victims"),
    ACTOR: later("Two alleged actors"),
    PERIOD: later("Two periods"),
    AREA: later("Two areas"),
    FREE: later("Two filters of your own"),
}
# How a country stands among the areas of an address: as stated, while units stand by their codes.
COUNTRY = "country:"
BY, LEFT, RIGHT = "by", "left", "right"
NAMES: Mapping[str, str] = {LEFT: later("A: {name}"), RIGHT: later("B: {name}")}
BOXES: Mapping[str, str] = {LEFT: later("A"), RIGHT: later("B")}
FREELY = {LEFT: "tier.is(verified)", RIGHT: "not tier.is(verified)"}
MOST_OFFERED = 300
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Side:
    """One side: as it stands in the address, what it is called, and what it asks beyond the shared filter."""

    value: str
    name: str
    parts: tuple[Part, ...]


def read(by: str, value: str) -> tuple[Part, ...]:
    """Return what a side of the address asks; raise UsageFault for what cannot be asked."""
    if by == PERIOD:
        span = _SPAN.fullmatch(value)
        if span is None:
            raise UsageFault(
                "{value} is no period; write FIRST..LAST as YYYY-MM-DD.", values={"value": repr(value[:60])}
            )
        return filters.read(f"date.between({span[1]},{span[2]})").parts
    if by == FREE:
        return filters.read(value).parts
    field = {GROUP: "group", ACTOR: "actor", AREA: "unit"}[by]
    if by == AREA and value.startswith(COUNTRY):
        field, value = "country", value.removeprefix(COUNTRY)
    return filters.read(f"{field}.is({filters.written(value)})").parts


def chosen_way() -> str:
    """Ask what is compared; it stands in the address."""
    asked = st.query_params.get(BY, GROUP)
    if asked not in WAYS:
        st.warning(say("The address names no kind of comparison; groups are compared."))
        asked = GROUP
    if st.session_state.get("compare_asked") != asked:
        st.session_state["compare_by"] = asked
    by: str = st.selectbox(say("Compare"), list(WAYS), key="compare_by", format_func=lambda name: say(WAYS[name]))
    if by != asked:
        # The sides of another kind are none of this one.
        for name in (LEFT, RIGHT):
            st.query_params.pop(name, None)
    st.session_state["compare_asked"] = by
    st.query_params[BY] = by
    return by


def chosen(by: str, shared: Selection) -> tuple[Side, Side] | None:
    """Ask for both sides and return them; None, and said why, while there is nothing to choose or a side is not understood."""
    offered = {} if by in (PERIOD, FREE) else _OFFERED[by](shared)
    if by not in (PERIOD, FREE) and not offered:
        st.info(say(_NOTHING[by]))
        return None
    columns = st.columns(2, gap="medium")
    found = []
    for at, (name, column) in enumerate(zip((LEFT, RIGHT), columns, strict=True)):
        with column:
            value = _asked(by, name, at, offered, shared)
        if value is not None:
            st.query_params[name] = value
            found.append(_side(by, value, offered))
    sides = [side for side in found if side is not None]
    return (sides[0], sides[1]) if len(sides) == 2 else None


_NOTHING = {
    GROUP: later("No identity group is attributed to anybody in these incidents. Choose another comparison, or widen the filter."),
    ACTOR: later("No actor is alleged in these incidents. Choose another comparison, or widen the filter."),
    AREA: later("No area of these incidents is known. Choose another comparison, or widen the filter."),
}  # fmt: skip


def _side(by: str, value: str, offered: Mapping[str, str]) -> Side | None:
    try:
        parts = read(by, value)
    except UsageFault as wrong:
        widgets.told(wrong)
        return None
    name = offered.get(value) or filterwords.words(Filter(parts[0] if len(parts) == 1 else filters.every(parts).part))
    return Side(value, name, parts)


def _asked(by: str, name: str, at: int, offered: Mapping[str, str], shared: Selection) -> str | None:
    """Return what a side is set to; the address sets it once, and what is chosen here is written into the address."""
    key = f"compare_{by}_{name}"
    address = st.query_params.get(name)
    if address is not None and address != st.session_state.get(f"{key}_told"):
        _set(by, key, address)
    found = {PERIOD: _period, FREE: _freely}.get(by, _one_of)(key, name, at, offered, shared)
    st.session_state[f"{key}_told"] = found
    return found


def _set(by: str, key: str, address: str) -> None:
    if by == PERIOD:
        span = _SPAN.fullmatch(address)
        try:
            days = tuple(map(date.fromisoformat, span.groups())) if span else ()
        except ValueError:
            days = ()
        if len(days) == 2 and FIRST_DAY <= days[0] <= days[1] <= LAST_DAY:
            st.session_state[f"{key}_first"], st.session_state[f"{key}_last"] = days
        else:
            st.warning(say("The period of the address was not understood."))
    else:
        st.session_state[key] = address


def _one_of(key: str, name: str, at: int, offered: Mapping[str, str], shared: Selection) -> str | None:
    options = dict(offered)
    if st.session_state.get(key) is None:
        st.session_state[key] = list(options)[min(at, len(options) - 1)]
    # A link may name what is not among the many that are offered.
    asked = st.session_state[key]
    options.setdefault(asked, asked)
    found: str = st.selectbox(say(BOXES[name]), list(options), key=key, format_func=options.get)
    return found


def _period(key: str, name: str, at: int, offered: Mapping[str, str], shared: Selection) -> str | None:
    first, last = _years(shared)[at]
    limits = {"min_value": FIRST_DAY, "max_value": LAST_DAY, "format": "YYYY-MM-DD"}
    for end, day in (("first", first), ("last", last)):
        st.session_state.setdefault(f"{key}_{end}", day)
    label = say(BOXES[name])
    since = st.date_input(say("{side}: from", side=Word(label)), key=f"{key}_first", **limits)
    until = st.date_input(say("{side}: to", side=Word(label)), key=f"{key}_last", **limits)
    if since is None or until is None or since > until:
        widgets.faults(say("A period needs two days, the first of them not after the last."))
        return None
    return f"{since.isoformat()}..{until.isoformat()}"


def _years(shared: Selection) -> tuple[tuple[date, date], tuple[date, date]]:
    """Return the last two calendar years of which anything is recorded."""
    days = shared.columns.first[shared.at]
    known = days[days != NO_DAY]
    year = int(str(np.datetime64(int(known.max()), "D"))[:4]) if len(known) else session.store().today().year
    year = min(max(year, FIRST_DAY.year + 1), LAST_DAY.year)
    return (date(year - 1, 1, 1), date(year - 1, 12, 31)), (date(year, 1, 1), date(year, 12, 31))


def _freely(key: str, name: str, at: int, offered: Mapping[str, str], shared: Selection) -> str | None:
    st.session_state.setdefault(key, FREELY[name])
    by = session.acting()
    kept = {one.name: one.filter.text for one in keptfilters.kept(session.store(), by)} if by else {}
    if kept:
        st.selectbox(
            say("{side}: a saved filter", side=Word(say(BOXES[name]))), list(kept), index=None, key=f"{key}_kept",
            placeholder=say("None"), on_change=_take, args=(key, kept),
        )  # fmt: skip
    found: str = st.text_input(
        say("{side}: a filter", side=Word(say(BOXES[name]))), key=key, max_chars=2_000,
        help=say("Written as it stands in the address of a page, beyond the filter of the sidebar that both sides share."),
    )  # fmt: skip
    return found


def _take(key: str, kept: Mapping[str, str]) -> None:
    """Put a saved filter into the box."""
    name = st.session_state[f"{key}_kept"]
    if name in kept:
        st.session_state[key] = kept[name]


# What is offered -------------------------------------------------------------------------------------------------------


def _most(found: Mapping[str, int], names: Mapping[str, str]) -> dict[str, str]:
    """Return what can be chosen, with its label, the commonest first."""
    ordered = sorted(found, key=lambda key: (-found[key], names.get(key, key)))[:MOST_OFFERED]
    return {key: names.get(key, key) for key in ordered}


def _groups(shared: Selection) -> dict[str, str]:
    names = filterbuilder.groups()
    found = counting.tied(shared, session.store(), "group").n
    return _most(
        {key: n for key, n in found.items() if key in names} | {key: 0 for key in names if key not in found}, names
    )


def _actors(shared: Selection) -> dict[str, str]:
    found = counting.tied(shared, session.store(), "actor").n
    return _most(found, {row.id: row.name for row in session.listed("actor")})


def _areas(shared: Selection) -> dict[str, str]:
    store = session.store()
    found, _ = counting.located(shared, shared.columns.country)
    offered = _most({f"{COUNTRY}{name}": n for name, n in found.items()}, {f"{COUNTRY}{name}": name for name in found})
    for level in coverage.levels(store)[1:]:
        names = coverage.names(store, level)
        found, _ = counting.located(shared, coverage.words(shared, store, level))
        # Below the first order only units that are held can be asked for; a name may stand in several regions.
        asked = {key: n for key, n in found.items() if level == 1 or key in names}
        labels = {key: f"{names[key]} ({key})" for key in asked if key in names}
        offered |= {key: label for key, label in _most(asked, labels).items() if key not in offered}
    return offered


_OFFERED: Mapping[str, Callable[[Selection], dict[str, str]]] = {GROUP: _groups, ACTOR: _actors, AREA: _areas}


def asked_words(wanted: Filter, side: Side, name: str) -> str:
    """Return in words what a side asks, the shared filter in it."""
    return say(NAMES[name], name=Word(filterwords.words(wanted.also(*side.parts))))


def panel(side: Side, name: str) -> str:
    """Return what a side is called at its part of a chart."""
    return say(NAMES[name], name=side.name)


def alike(left: Side, right: Side) -> bool:
    """Return whether both sides ask the same."""
    return set(left.parts) == set(right.parts)


def undated(parts: tuple[Part, ...]) -> bool:
    """Return whether a side asks for dates, so that incidents without one are in no side."""
    return any(isinstance(part, Asked) and part.field.startswith("date") for part in parts)
