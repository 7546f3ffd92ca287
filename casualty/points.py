"""Points and series from files: the same questions asked of a table as of the record, with every fault told."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import Fault, InvalidRecords, UsageFault
from casualty.intake import values
from casualty.intake.reading import open_table
from casualty.linkage import fold
from casualty.patterns.events import Events
from geo.faults import Unusable
from geo.systems import LOCAL, NOT_STATED, System, may_be_degrees, system

CASE, CONTROL = "case", "control"
EPOCH = date(1970, 1, 1).toordinal()
# What a column may be called besides its own name.
ALSO = {
    "x": ("lon", "longitude", "easting"),
    "y": ("lat", "latitude", "northing"),
    "count": ("cases", "number"),
    "report_date": ("reported",),
}
TOLD = ("actor", "act", "means", "source")

Row = dict[str, Any]
Floats = NDArray[np.float64]
Read = Callable[[str], Any]


@dataclass(frozen=True)
class Incident:
    """The rows of one id: the first of them, and how many of each group (None: not known) were counted in all."""

    first: Row
    counts: Mapping[str | None, float]
    low: float
    high: float
    told: Mapping[str, frozenset[str]]


def points(
    path: Path, *, crs: str = NOT_STATED, controls: Path | None = None, reach: float | None = None,
    needs: Collection[str] = ("x", "y"), since: date | None = None, until: date | None = None, metres: bool = True,
) -> Events:  # fmt: skip
    """Return the incidents of a table of points.

    Parameters
    ----------
    path: CSV in any encoding and with any delimiter, or XLSX. Columns id, x, y, date, group, count, and if there are
    any area, report_date, actor, act, means, place_type, source, precision, low, high. Rows of one id are one incident.
    crs: EPSG code, lonlat (degrees), local (metres), or nothing: then metres are taken for granted, unless they look
    like degrees beside `reach`, the largest distance asked for, in metres.
    controls: a second table of the same columns, of those the points are compared with. Without groups of their own
    the points become the group `case` and the controls the group `control`.
    needs: columns that the question cannot do without: an empty cell in one of them is a fault.
    since, until: the study period; a day outside it is a fault.
    metres: False keeps degrees as they are, for distances over the globe.

    Raises InvalidRecords with every fault of every row; NotFound or UsageFault if a table cannot be opened.
    """
    known, wanted = crs_of(crs), Wanted(needs, since, until)
    faults: list[Fault] = []
    cases = _rows(path, wanted, faults, "", CASE if controls else "")
    others = _rows(controls, wanted, faults, "controls ", CONTROL) if controls else []
    faults += [*_misplaced(cases, known, ""), *_misplaced(others, known, "controls ")]
    incidents = [*_incidents(cases, faults, ""), *_incidents(others, faults, "controls ")]
    if faults:
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    x, y = _coordinates(each.first for each in incidents)
    _must_be_metres(x, y, known, reach)
    kept = known.degrees and not metres
    return _events(incidents, *(known.lonlat(x, y) if kept else known.metres(x, y)), degrees=kept)


@dataclass(frozen=True)
class Wanted:
    """What every row is asked for: the columns needed, the days within which it must lie, and whether it has an id."""

    needs: Collection[str]
    since: date | None = None
    until: date | None = None
    named: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return (*(("id",) if self.named else ()), *self.needs)


# Rows ----------------------------------------------------------------------------------------------------------------


def _rows(path: Path, wanted: Wanted, faults: list[Fault], which: str, group: str) -> list[Row]:
    """Return the rows of a table with their values, of the group given where it has no column of groups.

    What cannot be read is a fault.
    """
    table = open_table(path)
    columns = named(table.headers, READ)
    if missing := [name for name in wanted.columns if name not in columns]:
        raise _without(path, which + missing[0], table.headers, "id, x, y, date, group, count")
    rows: list[Row] = []
    for number, cells in enumerate(table.rows(), start=1):
        wrong: list[Fault] = []
        if len(cells) != len(table.headers):
            told = f"has {len(cells)} cells where the header has {len(table.headers)}."
            wrong.append(Fault(number, which.strip(), told, "Mend its delimiters and quotes."))
        rows.append({"group": group or None} | _row(number, cells, columns, wanted, wrong, which))
        faults += wrong
    if not rows:
        raise InvalidRecords(f"{path.name} has a header and no rows.", [Fault(0, "", "There is nothing to ask.", "")])
    return rows


def _without(path: Path, column: str, headers: Iterable[str], wanted: str) -> InvalidRecords:
    told = f"there is no such column (there are: {', '.join(headers)})."
    return InvalidRecords(
        f"{path.name} cannot be used as it is.", [Fault(0, column, told, f"Name the columns {wanted}.")]
    )


def named(headers: Iterable[str], known: Collection[str]) -> dict[str, int]:
    """Return where each known column stands, by its own name first and then by what else it may be called."""
    at = {fold(header).replace(" ", "_"): place for place, header in reversed(list(enumerate(headers)))}
    found = {name: next((at[word] for word in (name, *ALSO.get(name, ())) if word in at), None) for name in known}
    return {name: place for name, place in found.items() if place is not None}


def _row(
    number: int, cells: list[str], columns: Mapping[str, int], wanted: Wanted, wrong: list[Fault], which: str
) -> Row:
    known = {name: place for name, place in columns.items() if name in wanted.needs or name not in ("x", "y")}
    row = _cells(number, cells, known, READ, wrong, which)
    for name in [name for name in columns if name in wanted.columns]:
        if row[name] is None and not any(fault.field == which + name for fault in wrong):
            text = cells[columns[name]].strip() if columns[name] < len(cells) else ""
            said = f"{text[:40]!r} states nothing." if text else "is empty."
            wrong.append(Fault(number, which + name, said, MENDS.get(name, "State it, or leave the row out.")))
    if (span := row.get("date")) and not _within(span, wanted):
        told = f"{span.start} lies outside the study period ({wanted.since or ''} to {wanted.until or ''})."
        wrong.append(Fault(number, which + "date", told, "Mend the date, or ask for another period."))
    return row


def _cells(
    number: int,
    cells: list[str],
    columns: Mapping[str, int],
    read: Mapping[str, Read],
    wrong: list[Fault],
    which: str = "",
) -> Row:
    """Return the values of a row's cells; one that cannot be read is a fault, and None."""
    row: Row = {"number": number}
    for name, place in columns.items():
        try:
            row[name] = read[name](cells[place].strip() if place < len(cells) else "")
        except ValueError as fault:
            row[name] = None
            wrong.append(Fault(number, which + name, f"{fault}.", MENDS.get(name, "")))
    return row


def _within(span: values.Span, wanted: Wanted) -> bool:
    return (wanted.since or span.end) <= span.end and span.start <= (wanted.until or span.start)


def _day(text: str) -> values.Span | None:
    try:
        return values.day(text)
    except ValueError as wrong:
        raise ValueError(str(wrong).partition("; say date_order")[0]) from None


def _people(text: str) -> float:
    """One where the cell is empty; a word for nothing known is no number."""
    if not text:
        return 1.0
    number = values.count(text)
    if number is None:
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return float(number)


def _figure(text: str) -> float | None:
    number = values.count(text)
    return None if number is None else float(number)


def _precision(text: str) -> float | None:
    number = values.count(text)
    if number is not None and not 1 <= number <= 7:
        raise ValueError(f"{text[:40]} is not a precision from 1 to 7")
    return None if number is None else float(number)


def _group(text: str) -> str | None:
    return None if values.missing_group(text) else text


def _several(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(";") if not values.missing_group(part))


def _word(text: str) -> str | None:
    return text or None


READ: dict[str, Read] = {
    "id": lambda text: values.identifier(text) or None,
    "x": values.decimal, "y": values.decimal, "date": _day, "report_date": _day, "group": _group, "count": _people,
    "low": _figure, "high": _figure, "precision": _precision, "area": _word, "place_type": _word,
    **dict.fromkeys(TOLD, _several),
}  # fmt: skip
DEGREES_MEND = "Write longitude (-180 to 180) in x and latitude (-90 to 90) in y, or name another system with --crs."
PEOPLE: dict[str, Read] = {
    "area": _word, "group": _group, "count": _figure, "low": _figure, "high": _figure,
}  # fmt: skip
MENDS = {
    "id": "Give every incident an id of its own.",
    "x": "Write a number with a decimal point, or leave the row out.",
    "y": "Write a number with a decimal point, or leave the row out.",
    "date": "Write it as YYYY-MM-DD, or leave the row out.",
    "report_date": "Write it as YYYY-MM-DD, or leave it empty.",
    "count": "Write a whole number; an empty cell counts one.",
    "precision": "Write the place's precision as 1 (exact) to 7.",
}


# Coordinates ---------------------------------------------------------------------------------------------------------


def crs_of(name: str) -> System:
    """Return the system of coordinates that --crs names; raise UsageFault if there is none of that name."""
    try:
        return system(name)
    except Unusable as wrong:
        raise UsageFault(f"--crs: {wrong}. Write an EPSG code (EPSG:32637), lonlat for degrees, or local.") from wrong


def _misplaced(rows: list[Row], crs: System, which: str) -> list[Fault]:
    """Return a fault for each row whose coordinates cannot be in the system."""
    x, y = _coordinates(rows)
    if crs.degrees:
        told, mend = "is no longitude and latitude in degrees.", DEGREES_MEND
    else:
        told, mend = f"lies far outside the area of {crs.name}.", "Name with --crs the system they are written in."
    return [
        Fault(rows[at]["number"], which + "x, y", f"{x[at]:.12g}, {y[at]:.12g} {told}", mend)
        for at in np.flatnonzero(crs.wrong(x, y))
    ]


def _must_be_metres(x: Floats, y: Floats, crs: System, reach: float | None) -> None:
    if reach is not None and not crs.degrees and crs.name != LOCAL and may_be_degrees(x, y, reach):
        raise InvalidRecords(
            "The coordinates look like degrees; name their system with --crs EPSG:4326, or --crs local if they are metres."
        )


def _coordinates(rows: Iterable[Row]) -> tuple[Floats, Floats]:
    both = np.array([[row.get(name) for name in ("x", "y")] for row in rows], dtype=np.float64).reshape(-1, 2)
    both[np.isnan(both).any(axis=1)] = np.nan
    return both[:, 0], both[:, 1]


def _firsts(rows: Iterable[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(_key(row), row)
    return found


def _key(row: Row) -> str:
    return row["id"] or f"row {row['number']}"


# Incidents -----------------------------------------------------------------------------------------------------------


def _incidents(rows: list[Row], faults: list[Fault], which: str) -> list[Incident]:
    """Return one incident for each id; rows of one id that lie apart, or on other days, are faults."""
    firsts, held = _firsts(rows), dict[str, list[Row]]()
    for row in rows:
        key = _key(row)
        held.setdefault(key, []).append(row)
        apart = [name for name in ("x", "y", "date", "area") if row.get(name) != firsts[key].get(name)]
        if apart:
            told = f"differs from row {firsts[key]['number']} of the same id ({key[:40]})."
            mend = "Rows of one id are one incident: mend it, or give another id."
            faults.append(Fault(row["number"], which + apart[0], told, mend))
    return [_incident(those) for those in held.values()]


def _incident(rows: list[Row]) -> Incident:
    counts: dict[str | None, float] = {}
    for row in rows:
        group = row.get("group")
        counts[group] = counts.get(group, 0.0) + _counted(row)
    told = {name: frozenset[str]().union(*(row.get(name) or () for row in rows)) for name in TOLD}
    low, high = (sum(_counted(row, name) for row in rows) for name in ("low", "high"))
    return Incident(rows[0], counts, low, high, told)


def _counted(row: Row, name: str = "count") -> float:
    """Return a row's number, its best where no low or high is stated, one where none is."""
    for column in (name, "count"):
        if (number := row.get(column)) is not None:
            return float(number)
    return 1.0


def _events(incidents: list[Incident], x: Any, y: Any, *, degrees: bool) -> Events:
    firsts = [each.first for each in incidents]
    groups = tuple(sorted({group for each in incidents for group in each.counts if group is not None}))
    spans = _days(firsts, "date")
    told = {name: tuple(each.told[name] for each in incidents) for name in TOLD}
    return Events(
        ids=_ids(firsts),
        x=x, y=y,
        day=np.floor(spans.mean(axis=1)),
        day_span=spans,
        spread_m=np.full(len(firsts), np.nan),
        place_precision=np.array([row.get("precision") or np.nan for row in firsts], dtype=np.float64),
        date_precision=np.array([_closeness(row.get("date")) for row in firsts], dtype=np.float64),
        groups=groups,
        mix=np.array([_mix(each.counts, groups) for each in incidents], dtype=np.float64).reshape(len(firsts), len(groups)),
        victims=np.array([(e.low, sum(e.counts.values()), e.high) for e in incidents], dtype=np.float64).reshape(-1, 3),
        reported=_days(firsts, "report_date")[:, 0],
        area=tuple(row.get("area") for row in firsts),
        tier=("other",) * len(firsts),
        sources=told["source"], actors=told["actor"], acts=told["act"], means=told["means"],
        place_type=tuple(row.get("place_type") for row in firsts),
        degrees=degrees,
        left_out=MappingProxyType({}),
    )  # fmt: skip


def none() -> Events:
    """Return no incidents at all, for a question that is asked of something else."""
    return _events([], np.empty(0), np.empty(0), degrees=False)


def _ids(firsts: list[Row]) -> tuple[str, ...]:
    """A control that bears the id of a point is told from it."""
    seen: set[str] = set()
    found = []
    for row in firsts:
        found.append(row["id"] if row["id"] not in seen else f"{row['id']} ({CONTROL})")
        seen.add(row["id"])
    return tuple(found)


def _mix(counts: Mapping[str | None, float], groups: tuple[str, ...]) -> list[float]:
    known = sum(number for group, number in counts.items() if group is not None)
    return [counts.get(group, 0.0) / known if known else np.nan for group in groups]


def _days(rows: list[Row], name: str) -> NDArray[np.float64]:
    """First and last day of each row, counted from 1970-01-01."""
    spans = [row.get(name) for row in rows]
    held = [(s.start.toordinal() - EPOCH, s.end.toordinal() - EPOCH) if s else (np.nan, np.nan) for s in spans]
    return np.array(held, dtype=np.float64).reshape(-1, 2)


def _closeness(span: values.Span | None) -> float:
    return np.nan if span is None else float(span.precision or 1)


# People --------------------------------------------------------------------------------------------------------------


def spots(path: Path, *, crs: str = NOT_STATED) -> tuple[tuple[float, float], ...]:
    """Return the fixed points of a table with the columns x and y: longitudes and latitudes, or metres, by the system.

    Raises InvalidRecords with every fault of every row.
    """
    known = crs_of(crs)
    faults: list[Fault] = []
    rows = _rows(path, Wanted(("x", "y"), named=False), faults, "", "")
    faults += _misplaced(rows, known, "")
    if faults:
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    x, y = _coordinates(rows)
    x, y = known.lonlat(x, y) if known.degrees else known.metres(x, y)
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def people(path: Path, group: str) -> dict[str, tuple[float, float, float]]:
    """Return how many people of a group live in each area: low, best, high, from a table area, group, number, low, high.

    Without a column group all rows are the group's; without low or high they are the number. Raises InvalidRecords with
    every fault: a number that is missing or none, an area named twice.
    """
    faults: list[Fault] = []
    found: dict[str, tuple[float, float, float]] = {}
    table = open_table(path)
    columns = named(table.headers, PEOPLE)
    if missing := [name for name in ("area", "count") if name not in columns]:
        raise _without(path, "number" if "area" in columns else missing[0], table.headers, "area, group, number")
    for number, cells in enumerate(table.rows(), start=1):
        row = _cells(number, cells, columns, PEOPLE, faults)
        if row.get("group", group) != group or faults:
            continue
        if row["area"] is None or row["count"] is None or row["area"] in found:
            told = "An area and a number are needed, each area once for each group."
            faults.append(Fault(number, "area", told, "Mend the row, or leave it out."))
            continue
        best = row["count"]
        found[row["area"]] = (row.get("low") or best, best, row.get("high") or best)
    if faults:
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    return found


def centres(path: Path, *, crs: str = NOT_STATED) -> dict[str, tuple[float, float]]:
    """Return where the areas of a table of people lie, by code: longitude and latitude, or metres, by the system.

    From its columns area, x and y; an area is taken where it first stands. Raises InvalidRecords with every fault.
    """
    known, faults = crs_of(crs), list[Fault]()
    table = open_table(path)
    read: dict[str, Read] = {"area": _word, "x": values.decimal, "y": values.decimal}
    columns = named(table.headers, read)
    if missing := [name for name in read if name not in columns]:
        raise _without(path, missing[0], table.headers, "area, x, y, number: a scan needs to know where each area lies")
    rows = [_cells(number, cells, columns, read, faults) for number, cells in enumerate(table.rows(), start=1)]
    for row in rows:
        if not faults and None in (row["area"], row["x"], row["y"]):
            faults.append(Fault(row["number"], "area", "has no code, x or y.", "State them, or leave the row out."))
    faults += _misplaced(rows, known, "") if not faults else []
    if faults:
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    x, y = _coordinates(rows)
    x, y = known.lonlat(x, y) if known.degrees else known.metres(x, y)
    found: dict[str, tuple[float, float]] = {}
    for row, point in zip(rows, zip(x.tolist(), y.tolist(), strict=True), strict=True):
        found.setdefault(row["area"], point)
    return found
