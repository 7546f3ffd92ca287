"""Counts in time from a file: one row for each date, or for each date and group, every fault told."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from casualty.errors import Fault, InvalidRecords, NotEnoughData, NotFound
from casualty.intake import values
from casualty.intake.reading import open_table
from casualty.points import named
from geo.faults import TooLittle, Unusable
from geo.series import Series
from geo.series import series as in_order
from geo.series.row import parsed

COLUMNS = ("date", "count", "group", "low", "high")
Row = dict[str, Any]


def series(path: Path, *, group: str | None = None, since: date | None = None, until: date | None = None) -> Series:
    """Return the counts of a table with the columns date, count and, if there are any, group, low, high.

    date: 2024, 2024-05, 2024-W05 or a day as intake reads it; the step is read off the dates. group: only its rows;
    without it the groups of one date are added up. since, until: the study period; a date outside it is a fault.
    Raises InvalidRecords with every fault (a count that is missing or none, a date that is none, a gap: no data is not
    zero), NotFound (no such group), NotEnoughData (one row only).
    """
    rows = _of_group(_rows(path, since, until), group)
    if faults := _uneven(rows):
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    days: dict[date, list[Row]] = {}
    for row in rows:
        days.setdefault(row["date"], []).append(row)
    listed = [days[each] for each in sorted(days)]
    try:
        found = in_order(sorted(days), [_sum(each, "count") for each in listed], name=group)
    except TooLittle as wrong:
        raise NotEnoughData(f"{path.name}: {wrong}.") from wrong
    except Unusable as wrong:
        raise InvalidRecords(f"{path.name} cannot be used as it is: {wrong}.") from wrong
    if all(row["low"] is None and row["high"] is None for row in rows):
        return found
    marks = [[_sum(each, name) for name in ("low", "count", "high")] for each in listed]
    return replace(found, marks=np.array(marks, dtype=np.float64))


def every(
    path: Path, *, group: str | None = None, since: date | None = None, until: date | None = None
) -> tuple[Series, ...]:
    """Return the series of one group if it is named; else that of all, and where there are groups each one's after it.

    Else as `series`.
    """
    if group is not None:
        return (series(path, group=group, since=since, until=until),)
    groups = sorted({row["group"] for row in _rows(path, since, until) if row["group"] is not None})
    return tuple(series(path, group=each, since=since, until=until) for each in (None, *groups))


def _rows(path: Path, since: date | None, until: date | None) -> list[Row]:
    table = open_table(path)
    columns = named(table.headers, COLUMNS)
    faults = [
        Fault(
            0,
            name,
            f"there is no such column (there are: {', '.join(table.headers)}).",
            "Name the columns date, count.",
        )
        for name in ("date", "count")
        if name not in columns
    ]
    rows: list[Row] = []
    if not faults:
        for number, cells in enumerate(table.rows(), start=1):
            texts = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
            rows.append(_row(number, texts, since, until, faults))
    if faults:
        raise InvalidRecords(f"{path.name} cannot be used as it is.", faults)
    return rows


def _row(number: int, texts: dict[str, str], since: date | None, until: date | None, faults: list[Fault]) -> Row:
    row: Row = dict.fromkeys(COLUMNS) | {"number": number, "group": texts.get("group") or None}
    for name in ("count", "low", "high"):
        try:
            row[name] = values.count(texts.get(name, ""))
        except ValueError as wrong:
            faults.append(Fault(number, name, f"{wrong}.", "Write a whole number."))
            continue
        if name == "count" and row[name] is None:
            told = f"{texts['count']!r} states nothing; no data is not zero."
            faults.append(Fault(number, name, told, "Write 0 where it is known that nothing was recorded."))
    try:
        row["date"] = _day(texts["date"])
    except ValueError as wrong:
        faults.append(Fault(number, "date", f"{wrong}.", "Write 2024, 2024-05, 2024-W05 or 2024-05-17."))
        return row
    if (since and row["date"] < since) or (until and row["date"] > until):
        told = f"{row['date']} lies outside the study period ({since or ''} to {until or ''})."
        faults.append(Fault(number, "date", told, "Mend the date, or ask for another period."))
    return row


def _day(text: str) -> date:
    """The first day of what a date names."""
    try:
        return parsed(text)
    except Unusable:
        span = values.day(text)
        if span is None:
            raise ValueError(f"{text!r} states no date") from None
        return span.start


def _of_group(rows: list[Row], group: str | None) -> list[Row]:
    if group is None:
        return rows
    there = sorted({row["group"] for row in rows if row["group"] is not None})
    if group not in there:
        raise NotFound(f"There is no group {group!r}; there are: {', '.join(there) or 'none'}.")
    return [row for row in rows if row["group"] == group]


def _uneven(rows: list[Row]) -> list[Fault]:
    """A fault for each row of a date and group that has one already, and for each group without a row on a date."""
    seen: dict[tuple[date, str | None], int] = {}
    faults = []
    for row in rows:
        key = (row["date"], row["group"])
        if key in seen:
            told = f"{row['date']} is there already, in row {seen[key]}."
            faults.append(Fault(row["number"], "date", told, "One row for each date and group: add them up."))
        seen.setdefault(key, row["number"])
    for day in sorted({day for day, _ in seen}):
        for group in sorted({str(group) for _, group in seen} - {str(group) for at, group in seen if at == day}):
            told = f"no row of {group} on {day}; no data is not zero."
            faults.append(Fault(0, "group", told, "Write 0 where it is known that nothing was recorded."))
    return faults


def _sum(rows: list[Row], name: str) -> float:
    return float(sum(row["count"] if row[name] is None else row[name] for row in rows))
