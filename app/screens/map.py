"""The map of incidents: what matches the filter, what of it has a place, and what lies where."""

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
import streamlit as st

from app import filters, language, session, spots, widgets
from app import map as components
from app.asking import chosen_filter, known
from app.language import count, later, phrase, say
from casualty.errors import Word
from casualty.schema import table

MOST_LISTED = 200
MOST_AT_SPOT = 50
MOST_SPOTS = 30
# A number for each plural form that a browser may name (Unicode CLDR).
PLURAL_FORMS = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
LEGEND = (
    ("verified", later("verified")),
    ("corroborated", later("partly corroborated")),
    ("other", later("not corroborated")),
    ("mixed", later("several of these")),
    ("", later("place known")),
    ("ring", later("stands for an area, not the place")),
    ("part", later("some of each")),
    ("small", later("size: number killed (best), each step ten times more")),
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
    told = phrase(
        "Shown {located} of {matched}, {unplaced} without a place.",
        located=g(located), matched=g(matched), unplaced=g(matched - located),
    )  # fmt: skip
    outside = f" {phrase('{number} lie outside this view.', number=g(located - inside))}" if located > inside else ""
    st.html(f'<p class="counts" role="status"><b>{told}</b>{outside} {escape(say(widgets.CAVEAT))}</p>')


def legend(grid: bool) -> None:
    """Explain colour, form, size and number, each with one meaning."""
    parts = [f'<i class="{name}"></i>{escape(say(told))}' for name, told in LEGEND]
    cell, spot = say("number: incidents in one cell of a grid"), say("number: incidents at the same place")
    parts.append(escape(cell if grid else spot))
    parts.append(escape(say("land: Natural Earth")))
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


def words() -> dict[str, str | dict[str, str]]:
    """Return what the map says by itself; `incidents` in the plural forms that the browser names for this language."""
    return {
        "language": language.current().tag,
        "map": say("Map of incidents; the list below shows the same"),
        "all": say("All"),
        "show_all": say("Show all places"),
        "zoom_in": say("Zoom in"),
        "zoom_out": say("Zoom out"),
        "metres": say("m"),
        "kilometres": say("km"),
        "failed": say("The map's script did not load. The list below shows the same incidents."),
        "incidents": {
            form: count("{n} incident", "{n} incidents", n, n=Word("{n}")) for form, n in PLURAL_FORMS.items()
        },
        "killed": say("{killed} killed (best)", killed=Word("{killed}")),
        "unknown": say("number killed unknown"),
        "unknown_in": say("unknown in {unknown}", unknown=Word("{unknown}")),
        "comma": language.joined(("", "")),
    }


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
            "words": words(),
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
        st.caption(say("Press a spot on the map to see the incidents there."))
        return None
    st.markdown(f"**{count('{n} incident here', '{n} incidents here', len(here))}**")
    rows = {row["code"]: row for row in paged(here, MOST_AT_SPOT, "spot").to_dict("records")}
    code = next(iter(rows))
    if len(rows) > 1:
        with st.container(height=230):
            code = st.radio(
                say("Incidents here"), rows, format_func=lambda c: summary(rows[c]), label_visibility="collapsed"
            )
    row = rows[code]
    at = marked(row)
    place = [widgets.place(row), escape(widgets.where(row["place_precision"]))]
    if at["metres"]:
        place.append(phrase("within {metres} m of its point", metres=at["metres"]))
    widgets.facts(
        [
            (say("Code"), escape(row["code"])),
            (say("Date"), escape(widgets.when(row["date_start"], row["date_end"], row["date_precision"]))),
            (say("Place"), language.joined(place)),
            (say("Killed"), escape(widgets.killed(row["killed_low"], row["killed_best"], row["killed_high"]))),
            (say("Status"), widgets.status(row["status"], row["tier"])),
        ]
    )
    st.page_link(
        "screens/record.py",
        label=say("Open the record"),
        icon=":material/description:",
        query_params={"code": row["code"]},
    )
    return at


def summary(row: dict[str, Any]) -> str:
    """Return one incident in a line."""
    day = say("date unknown") if row["date_start"] != row["date_start"] else language.day(row["date_start"])
    killed = widgets.whole(row["killed_best"])
    return say("{day}, killed: {killed} ({code})", day=Word(day), killed=killed, code=row["code"])


def listing(found: pd.DataFrame) -> None:
    """List the matching incidents, latest first, with those that have no place."""
    st.subheader(say("The same incidents as a list, latest first"), anchor=False)
    latest = paged(
        found.sort_values("date_start", ascending=False, na_position="last", kind="stable"), MOST_LISTED, "list"
    )
    widgets.table(widgets.incident_heads(), map(widgets.incident_cells, latest.to_dict("records")))


def paged(rows: pd.DataFrame, most: int, name: str) -> pd.DataFrame:
    """Return one page of the rows, and say which part of how many that is."""
    if len(rows) <= most:
        return rows
    page = st.pagination(-(-len(rows) // most), max_visible_pages=3, key=f"{name}-{len(rows)}")
    first = (page - 1) * most
    part = rows.iloc[first : first + most]
    st.caption(say("{first} to {last} of {all}.", first=first + 1, last=first + len(part), all=len(rows)))
    return part


st.title(say("Map"), anchor=False)
frame = session.incidents()
if frame.empty:
    counts(0, 0, 0)
    st.info(
        say(
            "No incident is recorded yet. Record one on the Record page, or read a file in on the command line: "
            "`casualty intake FILE`."
        )
    )
else:
    wanted, notes = chosen_filter(known())
    if notes:
        st.warning(say("Not all of the address was understood.") + "  \n" + "  \n".join(map(widgets.plain, notes)))
    found = filters.apply(wanted, frame, members_of(wanted, frame))
    if found.undated:
        st.caption(
            count(
                "{n} incident without a date is left out by the dates asked for.",
                "{n} incidents without a date are left out by the dates asked for.",
                found.undated,
            )
        )
    if found.uncounted:
        st.caption(
            count(
                "{n} incident without a best number killed is left out by the number asked for.",
                "{n} incidents without a best number killed are left out by the number asked for.",
                found.uncounted,
            )
        )
    matching = frame[found.mask]
    located = matching[matching["lat"].notna()]
    review(located, points_of(located), len(matching))
    if matching.empty:
        st.info(say("No incident matches the filter. Widen it, or clear it in the sidebar."))
    else:
        listing(matching)
