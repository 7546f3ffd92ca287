"""The incidents of a selection as a list, a page at a time, read by their keys."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
import streamlit as st

from app import session, widgets
from app.atlas import remembered
from app.language import later, say
from casualty.filters import TIER_OF, TIERS
from casualty.overview import NO_DAY, Selection
from casualty.schema import table

PAGE = 100
COLUMNS = (
    "id code status incident_type date_start date_end date_precision place_precision uncertainty_m killed_low killed_best"
    " killed_high place_as_reported admin2 admin1 country pcode lat lon version"
)
ORDERS = {
    "latest": later("Latest first"),
    "earliest": later("Earliest first"),
    "killed": later("Most killed first"),
    "placeless": later("Without a place first"),
}


def ordered(chosen: Selection, order: str) -> Any:
    """Return the positions of a selection in an order; what is unknown stands at the end, and ties by position."""
    return remembered.of(chosen, ("order", order), lambda: _ordered(chosen, order))


def _ordered(chosen: Selection, order: str) -> Any:
    held, at = chosen.columns, chosen.at
    days = chosen.of(held.first).astype(np.int64)
    keys: list[Any] = [-days]  # NO_DAY is the least of all numbers, so that it stands at the end
    if order == "earliest":
        keys = [np.where(days == NO_DAY, np.iinfo(np.int64).max, days)]
    elif order == "killed":
        best = chosen.of(held.killed)[:, 1]
        keys.append(np.where(np.isnan(best), np.inf, -best))
    elif order == "placeless":
        keys.append(~np.isnan(chosen.of(held.lat)))
    # Positions rise and the sort is stable, so that ties stand by position.
    return at[np.lexsort(keys)]


def rows(chosen: Selection, positions: Sequence[int] | Any) -> list[dict[str, Any]]:
    """Return what lists and panels show of some incidents, in the order given."""
    keys = [key.decode() for key in chosen.columns.ids[positions]]
    incident = table("incident")
    held = [
        sa.type_coerce(incident.c[name], sa.String) if name in ("status", "incident_type") else incident.c[name]
        for name in COLUMNS.split()
    ]
    found = {
        row.id: dict(row._mapping) for row in session.store().rows(sa.select(*held).where(incident.c.id.in_(keys)))
    }
    return [_shown(found[key]) for key in keys if key in found]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"tier": TIER_OF.get(row["status"], TIERS[-1]), "place": row["place_as_reported"]}


@st.fragment
def show(chosen: Selection) -> None:
    """Show one page of the list, and say which part of how many it is."""
    head, pick = st.columns([3, 1], vertical_alignment="bottom")
    head.subheader(say("The same incidents as a list"), anchor=False)
    orders = {name: say(label) for name, label in ORDERS.items()}
    order = pick.selectbox(say("Order"), list(orders), key="list_order", format_func=orders.get)
    positions = ordered(chosen, order)
    page = 1
    if len(positions) > PAGE:
        page = st.pagination(-(-len(positions) // PAGE), max_visible_pages=5, key=f"list-{order}-{len(positions)}")
    first = (page - 1) * PAGE
    part = rows(chosen, positions[first : first + PAGE])
    st.caption(say("{first} to {last} of {all}.", first=first + 1, last=first + len(part), all=len(positions)))
    widgets.table(widgets.incident_heads(), map(widgets.incident_cells, part))
