"""What is typed of an incident becomes its fields, or faults and questions at the box where they arise; nothing is dropped.

A form is a flat mapping, as it lies on the desk: `date`, `place`, `killed`, ... for the incident; lists of keys in
`sources`, `actors`, and `people` with the boxes of each under `source.KEY.name` and so on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from casualty import dating, figures
from casualty.errors import Fault
from casualty.intake import values
from casualty.schema import IncidentDraft
from geo import notation

Typed = Mapping[str, Any]

PLAIN = (
    "incident_type", "title", "date_missing", "time_of_day", "place_as_reported", "place_missing", "country", "admin1",
    "admin2", "pcode", "boundary_set", "counted_how", "narrative_public", "narrative_restricted", "situation_id",
)  # fmt: skip
SPAN = ("date_start", "date_end", "date_precision")
POINT = ("lat", "lon", "place_precision", "uncertainty_m")
HARMED = ("killed", "injured", "missing")
PARTS = ("low", "best", "high")
EXACT_METRES = 1000.0  # what is written more finely is taken for the place itself, unless the recorder says otherwise
NO_NUMBER = Fault(
    0, "killed", "No number killed.", "Write a number or a range, 0 if nobody was killed, or that it is not known."
)


@dataclass
class Read:
    """Fields understood from what was typed; a fault for each that was not; and the readings to choose among, by box."""

    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    choices: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def at(self, box: str) -> list[Fault]:
        """Return the faults of one box."""
        return [fault for fault in self.faults if fault.field == box]


def read(typed: Typed, today: date) -> Read:
    """Return the incident's own fields as typed; an empty box is an absent value, a 0 is a 0."""
    found = Read({name: text(typed, name) for name in PLAIN})
    found.fields["incident_type"] = typed.get("incident_type") or "not_recorded"
    found.fields["sensitivity"] = typed.get("sensitivity") or "moderate"
    found.fields["count_conflict"] = bool(typed.get("count_conflict"))
    _date(typed, today, found)
    _day(typed, "report_date", today, found)
    _point(typed, found)
    for harm in HARMED:
        read_figures(typed, harm, harm, found, ordered=not typed.get("count_conflict"))
    return found


def text(typed: Typed, name: str) -> str | None:
    """Return what stands in a box, without the spaces around it; None if nothing does."""
    value = typed.get(name)
    return (value.strip() or None) if isinstance(value, str) else value


def code(typed: Typed, name: str) -> int | str | None:
    """Return the number of a coded term that was chosen; what is no number stands as it is, to be questioned."""
    value = typed.get(name) or None
    return int(value) if str(value).isdecimal() and len(str(value)) < 10 else value


def _date(typed: Typed, today: date, found: Read) -> None:
    found.fields |= dict.fromkeys(SPAN)
    stated = text(typed, "date")
    found.fields["date_as_reported"] = text(typed, "date_as_reported") or stated
    reading = read_date(typed, "date", today, found) if stated else None
    if reading is None:
        return
    precision = code(typed, "date_precision") or reading.precision
    found.fields |= {"date_start": reading.start, "date_end": reading.end, "date_precision": precision}


def read_date(typed: Typed, box: str, today: date, found: Read) -> dating.Reading | None:
    """Return what the date in a box means; a question that was answered for this very text stays answered."""
    stated = text(typed, box) or ""
    kept = [each for each in dating.Calendar if box == "date" and each == typed.get("calendar")]
    calendar = kept[0] if kept else dating.Calendar.GREGORIAN
    try:
        return dating.read(stated, calendar=calendar, today=today)
    except dating.NotUnderstood as wrong:
        answer = typed.get(f"{box}_chosen")
        for reading in wrong.readings:
            if answer == chosen(reading, stated):
                return reading
        found.faults.append(Fault(0, box, wrong.template, wrong.mend, wrong.values))
        found.choices[box] = wrong.readings
    return None


def _day(typed: Typed, box: str, today: date, found: Read) -> None:
    """Read a box that holds one day."""
    found.fields[box] = None
    if not text(typed, box):
        return
    reading = read_date(typed, box, today, found)
    if reading is not None and reading.start == reading.end:
        found.fields[box] = reading.start
    elif reading is not None:
        found.faults.append(Fault(0, box, "This is more than one day.", "Write one day, or leave it empty."))


def _point(typed: Typed, found: Read) -> None:
    found.fields |= dict.fromkeys(POINT)
    metres = _metres(typed, found)
    precision = code(typed, "place_precision")
    stated = text(typed, "coordinates")
    point = read_point(stated, typed.get("coordinates_chosen"), found) if stated else None
    if point is not None:
        implied = 1 if max(point.metres, metres or 0) <= EXACT_METRES else 2
        found.fields |= {"lat": round(point.lat, 7), "lon": round(point.lon, 7)}
        precision = precision or implied
    found.fields |= {"place_precision": precision, "uncertainty_m": metres}


def _metres(typed: Typed, found: Read) -> float | None:
    stated = text(typed, "uncertainty_m")
    if stated is None:
        return None
    try:
        metres = values.amount(figures.plain(str(stated)))
    except ValueError:
        metres = None
    if metres is not None and metres >= 0:
        return metres
    found.faults.append(
        Fault(0, "uncertainty_m", "{text} is no distance.", "Write metres: 500.", {"text": repr(str(stated)[:40])})
    )
    return None


def read_point(stated: str, chosen: object, found: Read) -> notation.Point | None:
    """Return the point that coordinates mean; a question that was answered for this very text stays answered."""
    try:
        return notation.read(stated)
    except notation.NotUnderstood as wrong:
        answer = chosen if isinstance(chosen, Mapping) else {}
        for point in wrong.readings if answer.get("text") == stated else ():
            if (answer.get("lat"), answer.get("lon")) == (point.lat, point.lon):
                return point
        mend = (
            "Choose the reading that is meant, or write it anew."
            if wrong.readings
            else "Write latitude, then longitude: 33.51, 36.29."
        )
        found.faults.append(Fault(0, "coordinates", wrong.template, mend, dict(wrong.values)))
        found.choices["coordinates"] = tuple(wrong.readings)
    return None


def read_figures(typed: Typed, box: str, prefix: str, found: Read, *, ordered: bool = True) -> figures.Figures:
    """Read a number of people from a box into `prefix`_low, _best and _high."""
    got = figures.Figures()
    try:
        got = figures.read(str(typed.get(box) or ""), ordered=ordered)
    except figures.NotUnderstood as wrong:
        found.faults.append(Fault(0, box, wrong.template, wrong.mend, wrong.values))
    found.fields |= {f"{prefix}_{part}": getattr(got, part) for part in PARTS}
    return got


def as_typed(draft: IncidentDraft, today: date) -> dict[str, Any]:
    """Return an incident's own fields as they would have been typed, to fill a form with."""
    held = draft.model_dump(mode="json")
    typed = {name: held[name] for name in (*PLAIN, "sensitivity", "count_conflict", "date_as_reported", "report_date")}
    first, last = held["date_start"], held["date_end"]
    typed["date"] = None if first is None else first if first == last else f"{first} to {last}"
    typed["uncertainty_m"] = None if held["uncertainty_m"] is None else f"{held['uncertainty_m']:g}"
    typed["coordinates"] = None if held["lat"] is None else f"{_degrees(held['lat'])}, {_degrees(held['lon'])}"
    typed["place_precision"] = str(held["place_precision"] or "") or None
    for harm in HARMED:
        typed[harm] = figures.write(*(held[f"{harm}_{part}"] for part in PARTS)) or None
    written = read(typed, today).fields["date_precision"]
    typed["date_precision"] = str(held["date_precision"] or "") if held["date_precision"] != written else None
    return {name: value for name, value in typed.items() if value not in (None, "")}


def _degrees(value: float) -> str:
    """Return degrees as one types them: repr of a very small number would be 1e-05."""
    return repr(value) if "e" not in repr(value) else f"{value:.7f}"


def changed(mine: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that stand otherwise than before."""
    return {name: value for name, value in mine.items() if value != before.get(name)}


def chosen(reading: dating.Reading, stated: str) -> dict[str, str]:
    """Return the answer to a question about a date, as the desk keeps it beside the text that was asked about."""
    return {"text": stated, "start": f"{reading.start}", "end": f"{reading.end}"}
