"""The map of incidents: what matches the filter, where and when it lies, layers over it, and the record beside it."""

from typing import Any

import numpy as np
import streamlit as st

from app import export, filtering, language, session, widgets
from app import map as components
from app.atlas import categories, explained, findings, listed, overlaid, panel, remembered, spots, times, units
from app.language import count, later, say
from casualty.filters import Asked, Filter
from casualty.overview import Selection
from geo import cells

MOST_SPOTS = 30
MOST_FANNED = 40
MOST_AREAS = 60
FORMS = {
    "bubbles": later("Bubbles"), "hexagons": later("Hexagons"), "squares": later("Squares"), "places": later("Single places"),
    "units1": later("First-order units"), "units2": later("Second-order units"), "units3": later("Third-order units"),
}  # fmt: skip
CLASSES = {"quantile": later("as many units or cells in each shade"), "log": later("equal steps of the logarithm")}
# What a link keeps beside the filter and the view: each choice, and what it is when the address says nothing.
KEPT = {"color": "tier", "size": "killed", "draw": "bubbles", "classes": "quantile", "measure": "incidents", "step": "month",
        "when": "event", "run": ""}  # fmt: skip


# What a link keeps ------------------------------------------------------------------------------------------------------


def kept(name: str, options: Any) -> str:
    """Return a choice that the address or the page states; what is no option is the first of them."""
    asked = st.query_params.get(name, KEPT[name])
    return asked if asked in options else KEPT[name] if KEPT[name] in options else next(iter(options), "")


def choose(place: Any, label: str, name: str, options: dict[str, str], **more: Any) -> str:
    """Show a choice and keep it in the address."""
    key = f"map_{name}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = kept(name, options)
    found: str = place.selectbox(label, list(options), key=key, format_func=options.get, **more)
    if found == KEPT[name]:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != found:
        st.query_params[name] = found
    return found


def forms() -> dict[str, str]:
    """Return how incidents can be drawn here: units only where their outlines are held."""
    levels = {f"units{level}" for level in units.held()}
    return {name: say(label) for name, label in FORMS.items() if not name.startswith("units") or name in levels}


# What is drawn ------------------------------------------------------------------------------------------------------------


def points_of(chosen: Selection, kinds: categories.Categories, size: str) -> spots.Points:
    """Return what the map needs of the incidents with coordinates."""
    return remembered.of(chosen, ("points", kinds, size), lambda: _points(chosen, kinds, size))


def _points(chosen: Selection, kinds: categories.Categories, size: str) -> spots.Points:
    held = chosen.columns
    found = spots.Points(
        lon=chosen.of(held.lon), lat=chosen.of(held.lat), value=categories.values(chosen, size), category=kinds.of,
        categories=len(kinds.labels), area=chosen.of(held.place_precision) >= spots.AREA_FROM, at=chosen.at,
    )  # fmt: skip
    there = ~np.isnan(found.lat)
    return found if there.all() else found.only(there)


def placeless(wanted: Filter, unplaced: int) -> None:
    """Lead to the list of those without a place."""
    if unplaced:
        without = wanted.also(Asked("point", "missing"))
        label = count("List the {n} incident without a place", "List the {n} incidents without a place", unplaced)
        st.button(label, key="placeless", type="tertiary", on_click=filtering.ask, args=(without,))


def seen(everything: spots.View | None) -> spots.View | None:
    """Return the window that the map last told of, or else one that holds everything."""
    view = (st.session_state.get("map") or {}).get("view")
    return spots.View(*view) if view and len(view) == 5 else everything


def marked(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return how far the chosen incident may lie from its point: a circle in metres, or the unit it is known to."""
    if row["lon"] is None:
        return None
    metres, precision = widgets.whole(row["uncertainty_m"]), widgets.whole(row["place_precision"])
    if metres is None and precision == 2:
        metres = int(spots.NEAR_METRES)
    unit = row["pcode"] if precision in (3, 4) else None
    return {"lon": float(row["lon"]), "lat": float(row["lat"]), "metres": metres, "unit": unit}


def fan(chosen: Selection, kinds: categories.Categories, points: spots.Points, here: Any) -> dict[str, Any] | None:
    """Return the incidents that stand at one and the same place, so that the map can fan them out."""
    if (
        not 1 < len(here) <= MOST_FANNED
        or len(np.unique(np.column_stack([points.lon[here], points.lat[here]]), axis=0)) > 1
    ):
        return None
    rows = listed.rows(chosen, points.at[here])
    leaves = [
        [row["code"], int(points.category[place]), panel.summary(row).replace("\\", "")]
        for row, place in zip(rows, here, strict=True)
    ]
    return {"lon": float(points.lon[here[0]]), "lat": float(points.lat[here[0]]), "leaves": leaves}


def areas(drawn: spots.Drawn, points: spots.Points, chosen: Selection, view: spots.View | None) -> dict[str, Any]:
    """Return what places stand for that are no points: circles (lon, lat, metres) and units (P-codes) in view, where single
    places are drawn and they are few."""
    none: dict[str, Any] = {"circles": [], "units": []}
    if drawn.form != "places" or view is None:
        return none
    rows = np.flatnonzero(points.area & view.holds(points.lon, points.lat))
    if len(rows) > MOST_AREAS:
        return none
    held, at = chosen.columns, points.at[rows]
    codes = held.pcode.codes[at]
    metres = held.uncertainty_m[at]
    # One that is known to its unit is that unit, and no circle round a point that stands for it.
    wide = (codes < 0) & (metres > 0)
    circles = np.round(np.column_stack([points.lon[rows][wide], points.lat[rows][wide], metres[wide]]), 5).tolist()
    return {"circles": circles, "units": sorted({held.pcode.words[code] for code in codes if code >= 0})}


# The map --------------------------------------------------------------------------------------------------------------------


@st.fragment
def review(
    wanted: Filter, chosen: Selection, kinds: categories.Categories, choice: dict[str, str], layers: dict[str, Any]
) -> None:
    """Show the map with its counts, and beside it what stands at the spot that was pressed."""
    if filtering.current() != wanted:  # an area was drawn: all of the page follows it, not the map alone
        st.rerun()
    size, form = choice["size"], choice["draw"]
    points = points_of(chosen, kinds, size)
    everything = spots.fitted(points)
    view = seen(everything)
    shade = shaded(chosen, choice)
    drawn = spots.draw(points, view, "bubbles" if shade else form) if view else spots.Drawn([], 0, "bubbles")  # type: ignore[arg-type]
    told(chosen, points, drawn, shade)
    main, side = st.columns([3, 1], gap="medium")
    here = spots.members(points, (st.session_state.get("pressed") or [])[:MOST_SPOTS])
    with side:
        row = panel.show(acting(), chosen, points.at[here])
    ends = class_ends(drawn, size, choice["classes"])
    data = {
        "spots": [] if shade else drawn.spots, "form": drawn.form, "outlines": drawn.outlines if drawn.form != "bubbles" else None,
        "colours": [*kinds.colours, categories.SEVERAL], "size": size, "ends": ends, "shades": list(units.SHADES),
        "fit": [everything.west, everything.south, everything.east, everything.north] if everything else None,
        "chosen": marked(row) if row else None, "fan": None if shade else fan(chosen, kinds, points, here),
        "areas": areas(drawn, points, chosen, view), "shaded": shade.as_data() if shade else None, "drawnArea": outline(wanted),
        "words": explained.words(size), "direction": language.direction(), **layers,
    }  # fmt: skip
    with main:
        components.draw("map", data, pressed, area_drawn)
        if shade:
            explained.shade_legend(shade, choice["measure"])  # type: ignore[arg-type]
        else:
            explained.legend(kinds, size, drawn, ends)
            explained.as_table(drawn, kinds, size)


def shaded(chosen: Selection, choice: dict[str, str]) -> units.Shaded | None:
    """Return the units as they are shaded, where units are to be drawn."""
    form = choice["draw"]
    return (
        units.shaded(chosen, int(form[5:]), choice["measure"], choice["classes"]) if form.startswith("units") else None
    )  # type: ignore[arg-type]


def class_ends(drawn: spots.Drawn, size: str, by: Any) -> list[float]:
    """Return the upper ends of the classes of colour of cells."""
    if drawn.form not in ("squares", "hexagons"):
        return []
    numbers = [float(spot[2 if size == "incidents" else 3]) for spot in drawn.spots]
    return cells.classes(numbers, len(units.SHADES), by=by).tolist()


def told(chosen: Selection, points: spots.Points, drawn: spots.Drawn, shade: units.Shaded | None) -> None:
    """Say what of the filter the map shows, and what it does not."""
    if shade:
        explained.counts_in_units(len(chosen), shade.elsewhere)
        return
    explained.counts(len(chosen), len(points), drawn.inside)
    if drawn.fallback:
        why = "More than {most} incidents are in view: they are drawn by cells. Come closer for single places."
        st.caption(say(why, most=spots.MOST_POINTS))


def acting() -> Any:
    """Return who is signed in; the page stops where nobody is."""
    by = session.acting()
    if by is None:
        st.stop()
    return by


def outline(wanted: Filter) -> list[list[float]] | None:
    """Return the corners of the drawn area that the filter asks for, if there is one."""
    for part in wanted.parts:
        if isinstance(part, Asked) and part.field in ("point", "place") and part.how == "within":
            return [list(map(float, corner.split())) for corner in part.values]
    return None


def pressed() -> None:
    """Keep which spots were pressed, or which one of a fan."""
    told = st.session_state["map"].get("spot")
    if isinstance(told, dict) and told.get("code"):
        st.session_state[panel.CHOSEN] = told["code"]
    else:
        st.session_state["pressed"] = told


def area_drawn() -> None:
    """Ask for what lies in the area that was drawn on the map, or take the area away."""
    corners = st.session_state["map"].get("area")
    rest = filtering.current().without("point", "place")
    if not corners:
        filtering.ask(rest)
    elif 3 <= len(corners) <= 200:
        values = tuple(f"{float(lon):.5f} {float(lat):.5f}" for lon, lat in corners)
        filtering.ask(rest.also(Asked("point", "within", values)))


# The page ----------------------------------------------------------------------------------------------------------------


def choices() -> dict[str, str]:
    """Ask what colours, sizes and forms stand for."""
    first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
    found = {
        "color": choose(first, say("Colour"), "color", categories.kinds()),
        "size": choose(second, say("Size"), "size", {name: say(label) for name, label in categories.SIZES}),
        "draw": choose(third, say("Draw as"), "draw", forms()),
    }
    found["measure"] = KEPT["measure"]
    with fourth.popover(say("Layers and shades"), width="stretch"):
        found["classes"] = choose(
            st, say("Classes of colour"), "classes", {name: say(label) for name, label in CLASSES.items()}
        )
        if found["draw"].startswith("units"):
            found["measure"] = choose(
                st, say("Units show"), "measure", {name: say(label) for name, label in explained.MEASURES.items()}
            )
        runs = {"": say("None"), **{run.code: f"{run.code} {run.name or run.question}"[:90] for run in findings.kept()}}
        found["run"] = choose(st, say("Findings of an analysis"), "run", runs)
        found["overlays"] = overlaid.choose()  # type: ignore[assignment]
    return found


def window_changed() -> None:
    """Ask for the dates of the window that was drawn on the timeline."""
    from app import timeline

    window = timeline.drawn(times.KEY)
    if window is not None:
        field = "date" if st.session_state.get("map_when", "event") == "event" else "report_date"
        filtering.ask(times.windowed(filtering.current(), window, field))


def over_time(wanted: Filter, chosen: Selection, kinds: categories.Categories, size: str) -> None:
    """Show the timeline, with its step and whose dates it shows."""
    left, right = st.columns(2)
    step = choose(left, say("Time by"), "step", {"month": say("Month"), "week": say("Week"), "day": say("Day")})
    dates = {"event": say("Date of the event")} | (
        {"report": say("Date of the report")} if times.has_reports(chosen) else {}
    )
    what = choose(right, say("Dates"), "when", dates)
    times.show(wanted, chosen, kinds, size, step=step, what=what, changed=window_changed)  # type: ignore[arg-type]
    if told := times.note(chosen, size):
        st.caption(told)


def keys() -> None:
    """Listen to the keys of this page; the question mark lists them."""
    bindings = [
        {"keys": "Alt+N", "says": say("Next incident of the spot"), "press": "step_on"},
        {"keys": "Alt+P", "says": say("Previous incident of the spot"), "press": "step_back"},
    ]
    others = (
        ("?", say("This list")), ("← ↑ → ↓", say("Move the map, when it has the focus")),
        ("← →", say("Step along the dates, when the timeline has the focus")),
        ("Space", say("Play the dates; while an area is drawn, set a corner in the middle of the map")),
    )  # fmt: skip
    words = {"title": say("Keys"), "close": say("Close"), "absent": say("There is nothing here for this key.")}
    components.keys(
        bindings, {**words, "more": [{"keys": key, "says": says} for key, says in others]}, language.direction()
    )


def show() -> None:
    """Show the page."""
    st.title(say("Map"), anchor=False)
    keys()
    wanted = filtering.chosen()
    chosen = session.selected(wanted)
    if not len(chosen.overview):
        explained.counts(0, 0, 0)
        st.info(
            say(
                "No incident is recorded yet. Record one on the Record page, or read a file in on the command line: `casualty intake FILE`."
            )
        )
        return
    choice = choices()
    kinds = categories.of(chosen, choice["color"])
    found = findings.layer(choice["run"]) if choice["run"] else None
    layers = {"findings": found[1] if found else findings.EMPTY, "overlays": choice["overlays"]}
    review(wanted, chosen, kinds, choice, layers)
    if found:
        st.info(widgets.plain(findings.caption(found[0])))
    placeless(wanted, int(np.isnan(chosen.columns.lat[chosen.at]).sum()))
    over_time(wanted, chosen, kinds, choice["size"])
    if not len(chosen):
        st.info(say("No incident matches the filter. Widen it, or clear it in the sidebar."))
        return
    listed.show(chosen)
    export.offer(acting(), wanted, len(chosen))


show()
