"""When and where an event was, as closely as a recorder knows it: spans of dates and places of every precision."""

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from sample_data.events import DAYS, FIRST, Event
from sample_data.names import COUNTRY, COUNTRY_CODE, in_script
from sample_data.people import Weighted
from sample_data.sources import written_date
from sample_data.territory import BOUNDARY_SET, KM_EAST, KM_NORTH, LAT, LON, Territory

Row = dict[str, Any]

LAST = FIRST + timedelta(days=DAYS - 1)
NO_DATE, NO_PLACE, NAMES_ONLY = 0, 0, -1  # beside the precisions
DATES = Weighted({1: 78.8, 2: 9, 3: 6, 4: 4, 5: 1.5, NO_DATE: 0.7})
PLACES = Weighted({1: 57, 2: 17, 3: 13.5, 4: 5, 5: 2.5, 6: 1.4, 7: 0.8, NO_PLACE: 1.3, NAMES_ONLY: 1.5})
PLANTED_DATES = {
    "targeted": Weighted({1: 85, 2: 15}),
    "near_repeat": Weighted({1: 96, 2: 4}),
    "massacre": Weighted({1: 1}),
}
PLANTED_PLACES = {
    "targeted": Weighted({1: 70, 2: 15, 3: 15}),
    "near_repeat": Weighted({1: 96, 2: 4}),
    "massacre": Weighted({1: 1}),
}
WHY_MISSING = Weighted({"unknown": 60, "not_recorded": 30, "withheld": 10})
VAGUE_DATES = ("some time in the dry season", "before the last harvest", "during the second year of the violence")
TIMES = Weighted(
    {
        "": 58, "early morning": 6, "about 06:30": 3, "midday": 5, "about 15:00": 4, "afternoon": 6, "evening": 8,
        "about 22:00": 3, "night": 6, "between 23:00 and 01:00": 1,
    }
)  # fmt: skip
PCODE_KNOWN = 0.96  # of places of which the unit is known by name


def when(rng: np.random.Generator, event: Event, language: str) -> Row:
    """Return the date fields of an event as recorded."""
    precision = PLANTED_DATES.get(event.planted or "", DATES).pick(rng)
    if precision == NO_DATE:
        vague = {"date_as_reported": VAGUE_DATES[int(rng.integers(len(VAGUE_DATES)))]} if rng.random() < 0.6 else {}
        return {"date_missing": WHY_MISSING.pick(rng)} | vague
    start, end = span(rng, event.date, precision)
    row: Row = {"date_start": start.isoformat(), "date_end": end.isoformat(), "date_precision": precision}
    if precision == 1:
        row["date_as_reported"] = written_date(start, language)
    else:
        row["date_as_reported"] = f"{written_date(start, language)} - {written_date(end, language)}"
    if precision == 1 and (time := TIMES.pick(rng)):
        row["time_of_day"] = time
    return row


def span(rng: np.random.Generator, day: date, precision: int) -> tuple[date, date]:
    """Return the first and last day that a date of some precision may mean, within the years of the record."""
    start, end = _span(rng, day, precision)
    return max(start, FIRST), min(end, LAST)


def _span(rng: np.random.Generator, day: date, precision: int) -> tuple[date, date]:
    if precision == 1:
        return day, day
    if precision == 2:
        length = int(rng.integers(2, 7))
        start = day - timedelta(days=int(rng.integers(0, length)))
        return start, start + timedelta(days=length - 1)
    if precision == 3:
        start = day - timedelta(days=day.weekday())
        return start, start + timedelta(days=6)
    months = 1 if precision == 4 else 3 if rng.random() < 0.7 else 12
    return _months(day, months)


def _months(day: date, months: int) -> tuple[date, date]:
    first = (day.month - 1) // months * months
    after = first + months
    return date(day.year, first + 1, 1), date(day.year + after // 12, after % 12 + 1, 1) - timedelta(days=1)


def where(rng: np.random.Generator, land: Territory, event: Event, language: str) -> Row:
    """Return the place fields of an event as recorded."""
    precision = PLANTED_PLACES.get(event.planted or "", PLACES).pick(rng)
    if precision == NO_PLACE:
        return {"place_missing": WHY_MISSING.pick(rng)}
    row = _spot(rng, land, event, language, precision)
    if precision != NAMES_ONLY:
        row["place_precision"] = precision
    if "pcode" in row and (precision == 1 or rng.random() < PCODE_KNOWN):
        return row | {"boundary_set": BOUNDARY_SET}
    row.pop("pcode", None)
    return row


def _spot(rng: np.random.Generator, land: Territory, event: Event, language: str, precision: int) -> Row:
    town = in_script(event.place.name, language)
    region = land.region_of(event.district)
    named: Row = {"place_as_reported": town, "country": COUNTRY, "admin1": land.units[region].name}
    in_district = named | {"admin2": land.units[event.district].name, "pcode": event.district}
    if precision == NAMES_ONLY:
        return in_district
    if precision == 1:
        metres = int(rng.choice((50, 100, 250, 500, 1000)))
        return in_district | {"lat": event.lat, "lon": event.lon, "uncertainty_m": metres}
    if precision == 2:
        metres = int(rng.integers(3, 16)) * 1000
        return in_district | {"lat": event.place.lat, "lon": event.place.lon, "uncertainty_m": metres}
    if precision == 3:
        return in_district | _stands_for(land, event.district)
    if precision == 4:
        return named | {"pcode": region} | _stands_for(land, region)
    if precision == 5:
        return named | {"pcode": region} | _road(rng, land, event)
    if precision == 6:
        return {"country": COUNTRY, "pcode": COUNTRY_CODE} | _stands_for(land, COUNTRY_CODE)
    return _at_sea(land, event, town)


def _stands_for(land: Territory, pcode: str) -> Row:
    """Return the point that stands for a unit, and the radius of a circle of the unit's size."""
    shape = land.units[pcode].shape
    centre = shape.centroid
    seat = land.settlements[next(code for code in land.districts if code.startswith(pcode))][0]
    lon, lat = (centre.x, centre.y) if shape.contains(centre) else (seat.lon, seat.lat)
    radius = math.sqrt(shape.area * KM_EAST * KM_NORTH / math.pi)
    return {"lat": round(lat, 4), "lon": round(lon, 4), "uncertainty_m": round(radius) * 1000}


def _road(rng: np.random.Generator, land: Territory, event: Event) -> Row:
    """Return a road from the event's settlement to another of the same district."""
    others = [place for place in land.settlements[event.district] if place != event.place]
    other = others[int(rng.integers(len(others)))]
    lon, lat = (event.place.lon + other.lon) / 2, (event.place.lat + other.lat) / 2
    half = math.hypot((event.place.lon - other.lon) * KM_EAST, (event.place.lat - other.lat) * KM_NORTH) / 2
    reported = f"road from {event.place.name} to {other.name}"
    return {"place_as_reported": reported, "lat": round(lat, 4), "lon": round(lon, 4)} | {
        "uncertainty_m": (round(half) + 1) * 1000
    }


def _at_sea(land: Territory, event: Event, town: str) -> Row:
    """Return a point at sea, outward from the territory's centre."""
    east, north = event.lon - LON, event.lat - LAT
    length = math.hypot(east, north) or 1.0
    reach = 0.0
    while shapely.contains_xy(land.units[COUNTRY_CODE].shape, event.lon + east * reach, event.lat + north * reach):
        reach += 0.05 / length
    reach += 0.25 / length
    lon, lat = round(event.lon + east * reach, 3), round(event.lat + north * reach, 3)
    return {"place_as_reported": f"at sea, off {town}", "lat": lat, "lon": lon, "uncertainty_m": 20000}
