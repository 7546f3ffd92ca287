"""The map of incidents: what matches the filter, what of it has a place, and what lies where."""

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
import streamlit as st

from app import filters, session, spots, widgets
from app import map as components
from app.asking import chosen_filter, known
from casualty.schema import table

MOST_LISTED = 200
MOST_AT_SPOT = 50
MOST_SPOTS = 30
LEGEND = (
    ("verified", "verified"),
    ("corroborated", "partly corroborated"),
    ("other", "not corroborated"),
    ("mixed", "several of these"),
    ("", "place known"),
    ("ring", "stands for an area, not the place"),
    ("part", "some of each"),
    ("small", "size: number killed (best), each step ten times more"),
)


def members_of(wanted: filters.Filter, frame: pd.DataFrame) -> list[filters.Mask]:
    """Return the masks of an identity group and of an actor, which stand in other tables than the incident."""
    masks = []
    if wanted.dimension and wanted.group:
        held = session.attributions(wanted.dimension)
        masks.append(frame["id"].isin(held.loc[held["group"] == wanted.group, "incident_id"]).to_numpy())
    if wanted.actor:
        involved = table("involvement")
        rows = session.store().rows(sa.select(involved.c.incident_id).where(involved.c.actor_id == wanted.actor))
        masks.append(frame["id"].isin([row.incident_id for row in rows]).to_numpy())
    return masks


def points_of(located: pd.DataFrame) -> spots.Points:
    """Return what the map needs of the incidents with coordinates."""
    return spots.Points(
        lon=located["lon"].to_numpy(dtype=float),
        lat=located["lat"].to_numpy(dtype=float),
        killed=located["killed_best"].to_numpy(dtype=float),
        tier=located["tier"].map({tier: at for at, tier in enumerate(spots.TIERS)}).to_numpy(dtype=np.int64),
        area=(located["place_precision"] >= spots.AREA_FROM).to_numpy(),
    )


def counts(matched: int, located: int, inside: int) -> None:
    """Say how many of the matching incidents are on the map, and how many are not and why."""
    g = widgets.grouped
    outside = f" {g(located - inside)} lie outside this view." if located > inside else ""
    st.html(
        f'<p class="counts" role="status"><b>Shown {g(located)} of {g(matched)}, '
        f"{g(matched - located)} without a place.</b>{outside} {escape(widgets.CAVEAT)}</p>"
    )


def legend(grid: bool) -> None:
    """Explain colour, form, size and number, each with one meaning."""
    parts = [f'<i class="{name}"></i>{escape(told)}' for name, told in LEGEND]
    parts.append("number: incidents in one cell of a grid" if grid else "number: incidents at the same place")
    parts.append("land: Natural Earth")
    st.html('<p class="legend">' + "".join(f"<span>{part}</span>" for part in parts) + "</p>")


def seen(everything: spots.View | None) -> spots.View | None:
    """Return the window that the map last told of, or else one that holds everything."""
    view = st.session_state.get("map", {}).get("view")
    return spots.View(*view) if view and len(view) == 5 else everything


def marked(row: Any) -> dict[str, Any]:
    """Return how far the chosen incident may lie from its point: a circle in metres, or the unit it is known to."""
    metres = widgets.whole(row["uncertainty_m"])
    precision = widgets.whole(row["place_precision"])
    if metres is None and precision == 2:
        metres = int(spots.NEAR_METRES)
    unit = row["pcode"] if precision in (3, 4) and isinstance(row["pcode"], str) else None
    return {"lon": float(row["lon"]), "lat": float(row["lat"]), "metres": metres, "unit": unit}


@st.fragment
def review(located: pd.DataFrame, points: spots.Points, matched: int) -> None:
    """Show the map with its counts, and beside it what stands at the spot that was pressed."""
    everything = spots.fitted(points)
    view = seen(everything)
    drawn = spots.draw(points, view) if view else spots.Drawn([], 0, False)
    counts(matched, len(located), drawn.inside)
    main, side = st.columns([3, 1], gap="medium")
    with side:
        chosen = panel(located, points)
    with main:
        data = {
            "spots": drawn.spots,
            "grid": drawn.grid,
            "fit": [everything.west, everything.south, everything.east, everything.north] if everything else None,
            "chosen": chosen,
        }
        components.draw("map", data, pressed)
        legend(drawn.grid)


def pressed() -> None:
    """Keep which spots were pressed."""
    st.session_state["pressed"] = st.session_state["map"].get("spot")


def panel(located: pd.DataFrame, points: spots.Points) -> dict[str, Any] | None:
    """Show the incidents at the pressed spot and return where the chosen one is."""
    keys = st.session_state.get("pressed") or []
    here = located.iloc[spots.members(points, keys[:MOST_SPOTS])]
    if here.empty:
        st.caption("Press a spot on the map to see the incidents there.")
        return None
    st.markdown(f"**{len(here)} {'incident' if len(here) == 1 else 'incidents'} here**")
    rows = {row["code"]: row for row in paged(here, MOST_AT_SPOT, "spot").to_dict("records")}
    code = next(iter(rows))
    if len(rows) > 1:
        with st.container(height=230):
            code = st.radio(
                "Incidents here", rows, format_func=lambda c: summary(rows[c]), label_visibility="collapsed"
            )
    row = rows[code]
    at = marked(row)
    around = f", within {at['metres']} m of its point" if at["metres"] else ""
    widgets.facts(
        [
            ("Code", escape(row["code"])),
            ("Date", escape(widgets.when(row["date_start"], row["date_end"], row["date_precision"]))),
            ("Place", f"{widgets.place(row)}, {escape(widgets.where(row['place_precision']))}{around}"),
            ("Killed", escape(widgets.killed(row["killed_low"], row["killed_best"], row["killed_high"]))),
            ("Status", widgets.status(row["status"], row["tier"])),
        ]
    )
    st.page_link(
        "screens/record.py", label="Open the record", icon=":material/description:", query_params={"code": row["code"]}
    )
    return at


def summary(row: dict[str, Any]) -> str:
    """Return one incident in a line."""
    day = "date unknown" if row["date_start"] != row["date_start"] else str(row["date_start"])[:10]
    number = widgets.whole(row["killed_best"])
    return f"{day}, killed: {widgets.UNKNOWN if number is None else number} ({row['code']})"


def listing(found: pd.DataFrame) -> None:
    """List the matching incidents, latest first, with those that have no place."""
    st.subheader("The same incidents as a list, latest first", anchor=False)
    latest = paged(
        found.sort_values("date_start", ascending=False, na_position="last", kind="stable"), MOST_LISTED, "list"
    )
    widgets.table(widgets.INCIDENT_HEADS, map(widgets.incident_cells, latest.to_dict("records")))


def paged(rows: pd.DataFrame, most: int, name: str) -> pd.DataFrame:
    """Return one page of the rows, and say which part of how many that is."""
    if len(rows) <= most:
        return rows
    page = st.pagination(-(-len(rows) // most), max_visible_pages=3, key=f"{name}-{len(rows)}")
    first = (page - 1) * most
    part = rows.iloc[first : first + most]
    st.caption(f"{first + 1} to {first + len(part)} of {len(rows)}.")
    return part


st.title("Map", anchor=False)
frame = session.incidents()
if frame.empty:
    counts(0, 0, 0)
    st.info(
        "No incident is recorded yet. Record one on the Record page, or read a file in on the command line: "
        "`casualty intake FILE`."
    )
else:
    wanted, notes = chosen_filter(known())
    if notes:
        st.warning("Not all of the address was understood.  \n" + "  \n".join(map(widgets.plain, notes)))
    found = filters.apply(wanted, frame, members_of(wanted, frame))
    if found.undated:
        st.caption(f"{found.undated} incidents without a date are left out by the dates asked for.")
    if found.uncounted:
        st.caption(f"{found.uncounted} incidents without a best number killed are left out by the number asked for.")
    matching = frame[found.mask]
    located = matching[matching["lat"].notna()]
    review(located, points_of(located), len(matching))
    if matching.empty:
        st.info("No incident matches the filter. Widen it, or clear it in the sidebar.")
    else:
        listing(matching)
