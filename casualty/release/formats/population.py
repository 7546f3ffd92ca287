"""How many people live where: read from a file that names its source, or from the package's own figures."""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from casualty.errors import Fault, InvalidRecords, NotEnoughData, NotFound, UsageFault
from casualty.intake import values
from casualty.release.package import Package

NEEDED = ("area", "year", "population", "source")
ADULT, CHILD, MAN, WOMAN = "Adult (18 and above)", "Child (below 18)", "Man", "Woman"
SEXES = {"man": MAN, "woman": WOMAN}
AGES = {"adult": ADULT, "older": ADULT, "child": CHILD, "infant": CHILD}
ALL = ("", "all", "total", "both", "everybody")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of people, and who says so."""

    number: float
    source: str


@dataclass
class Population:
    """Figures by area and year: of all residents, and of one sex or age group by its label, where given."""

    everybody: dict[tuple[str, str], Figure] = field(default_factory=dict)
    parts: dict[tuple[str, str, str], Figure] = field(default_factory=dict)

    @property
    def areas(self) -> list[str]:
        """The areas of which there is any figure of all residents, as first written."""
        return list(dict.fromkeys(area for area, _ in self.everybody))


def read(file: Path | None, package: Package) -> Population:
    """Return the figures of a file, or without one those of the package.

    A file is CSV with area, year, population and source, and sex or age for a part of the residents. Raises NotFound,
    UsageFault for a file that is none, InvalidRecords with every faulty row, NotEnoughData where there is no figure at all.
    """
    found = _of_file(file) if file is not None else _of_package(package)
    if not found.everybody:
        raise NotEnoughData(
            "No rate without a population: this package has no figure for all residents of an area. Give one with --population"
            " FILE: CSV with area, year, population, source."
        )
    return found


def _of_package(package: Package) -> Population:
    rows = (
        {
            "area": row.get("area", ""),
            "year": row.get("year", ""),
            "population": row.get("number", ""),
            "source": row.get("source", ""),
        }
        for row in package.rows("population")
        if row.get("dimension_id") == ""
    )
    return _gathered(rows, "The population of the package has faults.")


def _of_file(file: Path) -> Population:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            lacking = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if lacking:
                raise UsageFault(
                    f"{file} has no column {', '.join(lacking)}; it needs {', '.join(NEEDED)}, and may have sex and age."
                )
            return _gathered(reader, f"{file} has faults.")
    except FileNotFoundError as wrong:
        raise NotFound(f"There is no file {file}.") from wrong
    except (OSError, UnicodeDecodeError, csv.Error) as wrong:
        raise UsageFault(f"{file} cannot be read as CSV in UTF-8: {wrong}.") from wrong


def _gathered(rows: Iterable[Mapping[str, str | None]], told: str) -> Population:
    found, faults = Population(), list[Fault]()
    for number, row in enumerate(rows, start=1):
        cells = {name: (row.get(name) or "").strip() for name in (*NEEDED, "sex", "age")}
        faults += _enter(found, number, cells)
    if faults:
        raise InvalidRecords(told, faults)
    return found


def _enter(found: Population, row: int, cells: dict[str, str]) -> list[Fault]:
    """Enter one row; return what is wrong with it."""
    faults = [
        Fault(row, name, "Is empty.", "Fill it in; a figure without a source is none.")
        for name in ("area", "source")
        if not cells[name]
    ]
    if not _YEAR.fullmatch(cells["year"]):
        faults.append(Fault(row, "year", f"{cells['year'][:20]!r} is no year.", "Write a year such as 2019."))
    number = 0.0
    try:
        number = values.amount(cells["population"]) or 0.0
    except ValueError as wrong:
        faults.append(Fault(row, "population", f"{wrong}.", "Write a whole number."))
    if not number > 0:
        faults.append(
            Fault(
                row, "population", "Is not above zero.", "No rate can be made of it: correct it, or leave the row out."
            )
        )
    part, wrong_part = _part(row, cells)
    faults += wrong_part
    if faults:
        return faults
    key, figure = (cells["area"], cells["year"]), Figure(number, cells["source"])
    held = found.parts.setdefault((*key, part), figure) if part else found.everybody.setdefault(key, figure)
    return (
        [] if held is figure else [Fault(row, "area", "Says again what an earlier row says.", "Keep one of the two.")]
    )


def _part(row: int, cells: dict[str, str]) -> tuple[str, list[Fault]]:
    """Return the sex or age group that a row is of, by its label; empty for all residents."""
    stated = [name for name in ("sex", "age") if cells[name].casefold() not in ALL]
    if len(stated) == 2:
        return "", [
            Fault(
                row,
                "sex, age",
                "Both are given.",
                "The table has one of them at a time: give figures by sex, and by age.",
            )
        ]
    if not stated:
        return "", []
    name = stated[0]
    known, word = (SEXES, values.sex(cells[name])) if name == "sex" else (AGES, cells[name].casefold())
    if word in known:
        return known[word], []
    return "", [Fault(row, name, f"{cells[name][:20]!r} is none of the groups.", f"One of: {', '.join(known)}.")]
