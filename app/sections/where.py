"""The boxes of when and where: how a date was understood, what a place's name may mean, and the point on the map."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import language, places, widgets
from app import map as components
from app.entry import reading
from app.form import Form
from app.language import say
from casualty import dating
from casualty.vocabulary import DatePrecision, Missing, PlacePrecision
from geo import notation

MOST_READINGS = 4


def when(form: Form, found: reading.Read) -> None:
    """Ask for the date, and say at once how it was read; a question offers its readings."""
    form.text("date", say("Date"), required=True, placeholder="2024-03-05")
    for number, meant in enumerate(found.choices.get("date", ())[:MOST_READINGS]):
        answer = reading.chosen(meant, str(form.typed.get("date") or "").strip())
        label = say("It means {date}", date=span(meant))
        st.button(label, key=f"{form.key('date')}-{number}", on_click=form.note, args=("date_chosen", answer))
    if found.fields["date_start"] and not found.at("date"):
        start, end, precision = (found.fields[name] for name in reading.SPAN)
        said = say("Understood as {date}.", date=widgets.when(start, end, precision))
        hijri = dating.as_hijri(start, language.current().tag) if start == end else ""
        st.caption(widgets.plain(f"{said} ({hijri})" if hijri else said))


def span(meant: dating.Reading) -> str:
    """Return a reading of a date in the reader's language."""
    first = language.day(meant.start)
    return first if meant.start == meant.end else say("{first} to {last}", first=first, last=language.day(meant.end))


def more_when(form: Form) -> None:
    """Ask for what else is known of the time."""
    calendars = {"gregorian": say("Gregorian"), "hijri": say("Hijri"), "jalali": say("Persian (solar)")}
    left, right = st.columns(2)
    with left:
        form.choice("calendar", say("Calendar of the date"), calendars, unset=say("As it is written"))
        form.terms(
            "date_precision", say("How closely is the date known?"), DatePrecision, unset=say("As it is written")
        )
        form.terms("date_missing", say("If there is no date, why?"), Missing, unset=say("There is a date"))
    with right:
        form.text("time_of_day", say("Time of day"), placeholder="14:30")
        _time(form)
        form.text("date_as_reported", say("Date in the source's own words"))
        form.text("report_date", say("Day on which it was reported"), placeholder="2024-03-06")


def _time(form: Form) -> None:
    stated = str(form.typed.get("time_of_day") or "").strip()
    if not stated:
        return
    try:
        time = dating.time(stated)
    except dating.NotUnderstood:
        st.caption(say("Kept in these words; no clock time was read in them."))
    else:
        shown = time.low if time.low == time.high else f"{time.low}–{time.high}"
        st.caption(say("Understood as {time}.", time=shown))


def where(form: Form, found: reading.Read) -> None:
    """Ask for the place by its name, and offer what it may be."""
    form.text("place_as_reported", say("Place, as the source names it"), required=True)
    if found.fields["lat"] is None and not form.typed.get("coordinates"):
        _suggest(form)
    elif found.fields["lat"] is not None:
        _placed(form, found.fields)


def _suggest(form: Form) -> None:
    stated = str(form.typed.get("place_as_reported") or "").strip()
    hits = places.find(stated) if len(stated) > 1 else []
    for number, hit in enumerate(hits):
        named = ", ".join(
            part
            for part in (hit.place.name, hit.place.admin1, language.country(hit.place.country), hit.place.pcode)
            if part
        )
        label = named if hit.matched == hit.place.name else f"{named} ({hit.matched})"
        key = f"{form.key('suggested')}-{number}"
        st.button(widgets.plain(label), key=key, on_click=_take, args=(form, hit.place), icon=None, type="tertiary")
    if stated and len(stated) > 1 and not hits:
        st.caption(say("Not in the gazetteer. That is normal: it is kept as typed."))


def _take(form: Form, place: Any) -> None:
    """Take a suggested place: its point, as near to a known place, or for the whole of a unit."""
    form.put("coordinates", f"{place.lat:.5f}, {place.lon:.5f}")
    form.put("place_precision", str(int(places.precision_of(place))))
    if place.pcode:
        form.put("pcode", place.pcode)
    form.note("gazetteer_key", place.key)


def _placed(form: Form, fields: Mapping[str, Any]) -> None:
    lat, lon, pcode = fields["lat"], fields["lon"], fields["pcode"]
    unit = places.unit_at(lat, lon, fields["place_precision"])
    if unit is not None:
        st.caption(widgets.plain(say("In {unit} ({pcode}).", unit=unit.name, pcode=unit.pcode)))
    off = places.outside(lat, lon, pcode) if pcode else None
    if off is not None:
        text = say(
            "The point lies {km} km outside the unit {pcode}. Which of the two is right?",
            km=round(off / 1000, 1),
            pcode=pcode,
        )
        st.warning(widgets.plain(text))


def point(form: Form, found: reading.Read) -> None:
    """Ask for the point: coordinates in any notation, how closely it is known, and the map."""
    left, right = st.columns(2)
    with left:
        form.text("coordinates", say("Coordinates, or a link to a map"), placeholder="33.51, 36.29")
        for number, meant in enumerate(found.choices.get("coordinates", ())[:MOST_READINGS]):
            answer = {"text": str(form.typed.get("coordinates")).strip(), "lat": meant.lat, "lon": meant.lon}
            label = say("It means {point}", point=notation.write(meant.lat, meant.lon, "decimal"))
            key = f"{form.key('coordinates')}-{number}"
            st.button(label, key=key, on_click=form.note, args=("coordinates_chosen", answer))
    with right:
        form.terms(
            "place_precision", say("How closely is the place known?"), PlacePrecision, unset=say("As it is written")
        )
    _map(form, found.fields)


def _map(form: Form, fields: Mapping[str, Any]) -> None:
    """Show the point with its circle; a press or a drag sets the coordinates."""
    lat, lon, precision = fields["lat"], fields["lon"], fields["place_precision"]
    metres = fields["uncertainty_m"] or places.CIRCLE.get(precision)
    components.place(
        form.key("map"), point=None if lat is None else {"lat": lat, "lon": lon}, metres=metres if lat is not None else None,
        outline=fields["pcode"], words=map_words(), direction=language.direction(), picked=lambda: _picked(form),
    )  # fmt: skip


def _picked(form: Form) -> None:
    """Take the point that was set on the map."""
    state = st.session_state.get(form.key("map")) or {}
    spot = state.get("point")
    if spot:
        form.put("coordinates", f"{spot['lat']:.6f}, {spot['lon']:.6f}")


def map_words() -> dict[str, str]:
    """Return what the small map says by itself; its slots are filled in the browser."""
    return {
        "map": say("Map of the place"),
        "marker": say("Point of the incident"),
        "help": say(
            "Press on the map or drag the point to set it. With the keyboard: arrow keys move it, Enter sets it."
        ),
        "at": say("The point is at {point}."),
        "none": say("No point is set."),
        "enter": say("Set the point here"),
        "zoom_in": say("Zoom in"),
        "zoom_out": say("Zoom out"),
        "two_fingers": say("Move the map with two fingers."),
        "failed": say("The map cannot be drawn here. Write the coordinates."),
    }


def more_where(form: Form) -> None:
    """Ask for what else is known of the place."""
    left, right = st.columns(2)
    with left:
        form.text("pcode", say("P-code of the smallest unit known"))
        form.text("admin2", say("Second-order unit (district)"))
        form.text("admin1", say("First-order unit (region)"))
    with right:
        form.text("country", say("Country"))
        form.text("uncertainty_m", say("The point may be off by so many metres"))
        form.terms("place_missing", say("If there is no place, why?"), Missing, unset=say("There is a place"))
