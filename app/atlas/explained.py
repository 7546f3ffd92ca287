"""What stands in words round the map: what is shown of how much, what colours and sizes mean, and the same as tables."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from app import language, widgets
from app.atlas import categories, spots, units
from app.language import count, later, phrase, say
from casualty.errors import Word

MOST_LISTED = 200
MOST_RANGES = 150  # places with their numbers beside them; the map's script draws no more
# A number for each plural form that a browser may name (Unicode CLDR).
PLURAL_FORMS = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}
MEASURES = {
    "incidents": later("incidents"), "killed": later("killed (best figures)"), "rate": later("killed per 100,000 people"),
}  # fmt: skip
GREY, PAPER = "#7b8794", "#ffffff"


def counts(matched: int, located: int, inside: int) -> None:
    """Say how many of the matching incidents are on the map, and how many are not and why."""
    g = widgets.grouped
    told = phrase("Shown {inside} of {matched}; {outside} outside this view; {unplaced} without a place.", inside=g(inside),
                  matched=g(matched), outside=g(located - inside), unplaced=g(matched - located))  # fmt: skip
    st.html(f'<p class="counts" role="status"><b>{told}</b> {escape(say(widgets.CAVEAT))}</p>')


def counts_in_units(matched: int, elsewhere: int) -> None:
    """Say how many of the matching incidents stand in the units that are shaded."""
    g = widgets.grouped
    told = phrase(
        "Shown {inside} of {matched}; {elsewhere} in none of these units, or their unit is not known.",
        inside=g(matched - elsewhere), matched=g(matched), elsewhere=g(elsewhere),
    )  # fmt: skip
    st.html(f'<p class="counts" role="status"><b>{told}</b> {escape(say(widgets.CAVEAT))}</p>')


def measured(size: str) -> Word:
    """Return what sizes stand for, as a word of a sentence."""
    return Word(say(dict(categories.SIZES)[size]))


def _spans(parts: Sequence[str]) -> None:
    st.html('<p class="legend">' + "".join(f"<span>{part}</span>" for part in parts) + "</p>")


def _mark(colour: str, label: str, edge: str = "") -> str:
    return f'<i style="background:{colour};border-color:{edge or colour}"></i>{escape(label)}'


def _shades(ends: Sequence[float]) -> list[str]:
    """Return the classes of colour, each with its span."""
    lows = [0.0, *ends]
    marks = [_mark(units.SHADES[at], _span(lows[at], end), GREY) for at, end in enumerate(ends)]
    return [_mark(PAPER, say("none"), GREY), *marks]


def legend(kinds: categories.Categories, size: str, drawn: spots.Drawn, ends: Sequence[float]) -> None:
    """Explain colour, form, size and number, each with one meaning."""
    if drawn.form in ("squares", "hexagons"):
        st.caption(
            say(
                "Colour: {measure} in each cell.",
                measure=measured(size) if size != "incidents" else Word(say("incidents")),
            )
        )
        parts = _shades(ends)
    else:
        colours = [*zip(kinds.colours, kinds.labels, strict=True), (categories.SEVERAL, say("none of more than half"))]
        parts = [_mark(colour, label) for colour, label in colours]
        parts.append(f'<i class="ring"></i>{escape(say("stands for an area, not the place"))}')
        parts.append(f'<i class="part"></i>{escape(say("some of each"))}')
        if size != "incidents":
            sized = say("size: number {measure} (best), each step ten times more", measure=measured(size))
            parts.append(f'<i class="small"></i>{escape(sized)}')
        cell, spot = say("number: incidents in one cell of a grid"), say("number: incidents at the same place")
        parts.append(escape(spot if drawn.outlines is None else cell))
        if drawn.form == "places" and size != "incidents" and len(drawn.spots) <= MOST_RANGES:
            parts.append(
                escape(say("beside a place: {measure}, low – high; ? where it is unknown", measure=measured(size)))
            )
    disputed = f'<i class="disputed"></i>{escape(say("disputed border"))}'
    _spans([*parts, disputed, escape(say("land and borders: Natural Earth"))])


def shade_legend(shade: units.Shaded, measure: units.Measure) -> None:
    """Explain the shades, and give the units as a table."""
    _spans([*_shades(shade.ends), f'<i class="hatched"></i>{escape(say("no data"))}'])
    st.caption(units.note(shade, measure))
    with st.expander(say("The units as a table")):
        rows = sorted(shade.rows, key=lambda row: (row[2] is None, -(row[2] or 0)))
        heads = [say("Unit"), say("Code"), say(MEASURES[measure]), say("Incidents")]
        widgets.table(heads, map(_unit, rows), numbers=heads[2:])


def _unit(row: tuple[str, str, float | None, int]) -> list[str]:
    pcode, name, value, n = row
    shown = say("no data") if value is None else language.number(round(value, 2))
    return [widgets.text(name), widgets.text(pcode), escape(shown), str(n)]


def _span(low: float, high: float) -> str:
    if high <= low:
        return language.number(round(high, 2))
    return (
        say("more than {low}, up to {high}", low=round(low, 2), high=round(high, 2))
        if low
        else say("up to {high}", high=round(high, 2))
    )


def as_table(drawn: spots.Drawn, kinds: categories.Categories, size: str) -> None:
    """Give what the map shows as a table, for those who do not see it."""
    with st.expander(say("The map as a table")):
        rows = sorted(drawn.spots, key=lambda spot: -int(spot[2]))[:MOST_LISTED]
        st.caption(
            say("{n} of {all} spots in view, those with most incidents first.", n=len(rows), all=len(drawn.spots))
        )
        labels = [*kinds.labels, say("none of more than half")]
        sums = say("Number ({measure}), low to high", measure=measured(size))
        heads = [say("Latitude, longitude"), say("Incidents"), say("Most are"), sums]
        widgets.table(heads, (_spot(spot, labels) for spot in rows), numbers=heads[1:2])


def _spot(spot: Sequence[Any], labels: Sequence[str]) -> list[str]:
    lon, lat, n, best, unknown, category, _, _, low, high = spot
    known = escape(widgets.killed(low, best, high)) if unknown < n else widgets.unknown()
    beside = f" {escape(say('unknown in {unknown}', unknown=unknown))}" if 0 < unknown < n else ""
    return [f'<bdi dir="ltr">{lat:.3f}, {lon:.3f}</bdi>', str(n), escape(labels[int(category)]), known + beside]


def words(size: str) -> dict[str, Any]:
    """Return what the map says by itself; `incidents` in the plural forms that the browser names for this language."""
    measure = measured(size)
    return {
        "language": language.current().tag, "map": say("Map of incidents; the list below shows the same"), "all": say("All"),
        "show_all": say("Show all places"), "zoom_in": say("Zoom in"), "zoom_out": say("Zoom out"), "metres": say("m"),
        "kilometres": say("km"), "failed": say("The map's script did not load. The list below shows the same incidents."),
        "incidents": {form: count("{n} incident", "{n} incidents", n, n=Word("{n}")) for form, n in PLURAL_FORMS.items()},
        "number": "" if size == "incidents" else say("{number} {measure} (best), {low} to {high}", number=Word("{number}"), measure=measure,
                                                     low=Word("{low}"), high=Word("{high}")),
        "unknown": say("number unknown"), "unknown_in": say("unknown in {unknown}", unknown=Word("{unknown}")),
        "comma": language.joined(("", "")), "draw": say("Draw an area"),
        "drawing": say("Press the corners; the first one again, or Enter, closes; Escape ends."),
        "clear": say("Take the area away"), "here": say("Only what is in view"),
    }  # fmt: skip
