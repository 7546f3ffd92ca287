"""The tables of a package as every format takes them: columns with their kind and meaning, rows as text, incidents joined."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from casualty.errors import CheckFailed
from casualty.release.package import LONGEST_CELL, Package
from casualty.release.records import FILES

CODEBOOK = "data/02_codebook/fields.csv"
RECORDS, SUMS = "data/04_records", "data/07_tables"
# Files of a package that are no table of the schema, by the name they have here, and what is told of their columns.
FURTHER = {
    "removed": (f"{RECORDS}/removed.csv", "Codes of incidents taken back or merged."),
    "groups_by_area": (f"{SUMS}/groups_by_area.csv", "People killed, of each identity group, by area and year; `suppressed` is kept back."),
    "sex_by_age": (f"{SUMS}/sex_by_age.csv", "People killed, by sex, age and year; `suppressed` is kept back."),
    "status_by_cause": (f"{SUMS}/status_by_cause.csv", "People killed, by status, cause and year; `suppressed` is kept back."),
    "by_year": (f"{SUMS}/by_year.csv", "Everybody, by year: adds up to the totals of the package."),
    "by_status": (f"{SUMS}/by_status.csv", "Everybody, by where the incident stands in review: adds up to the totals of the package."),
    "withheld": ("data/08_withheld.csv", "What is withheld, why, and who decides."),
    "contradictory": ("data/09_contradictory.csv", "What speaks against the record as held."),
    "corrections": ("data/11_changes.csv", "Records that were added, changed or taken back since the package that this one follows."),
}  # fmt: skip
WHOLE, NUMBER, FLAG, DAY, TEXT = "whole number", "number", "true or false", "date", "text"
KINDS = {"whole number": WHOLE, "code": WHOLE, "number": NUMBER, "true or false": FLAG, "date, ISO 8601": DAY}
_FORMS = {
    WHOLE: re.compile(r"-?\d{1,18}"),
    NUMBER: re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"),
    FLAG: re.compile("true|false"),
    DAY: re.compile(r"(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
}
REFUTED = "refuted"
_PERIOD = re.compile(r"(\d{4})(-\d{2})?")

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, what it means, its kind, and the field of the package that it comes from."""

    name: str
    meaning: str
    kind: str = TEXT
    source: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a package: its name in the schema, the name of its file, its columns."""

    name: str
    stem: str
    columns: list[Column]
    path: Path

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows as text, in the order of the columns; absent is empty."""
        csv.field_size_limit(LONGEST_CELL)
        with self.path.open(encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            next(reader, None)
            yield from reader

    def at(self, name: str) -> int | None:
        """Return where a column stands, or None."""
        return next((at for at, column in enumerate(self.columns) if column.name == name), None)

    def typed(self) -> "Table":
        """Return the table with the kind of each column as its cells bear it out.

        A column of numbers in which anything else stands, such as `suppressed`, is one of text. Reads all rows once.
        """
        open_still = {at: _FORMS[column.kind] for at, column in enumerate(self.columns) if column.kind in _FORMS}
        for cells in self.rows():
            for at in [at for at, form in open_still.items() if cells[at] and not form.fullmatch(cells[at])]:
                del open_still[at]
        kinds = [column.kind if at in open_still else TEXT for at, column in enumerate(self.columns)]
        columns = [Column(c.name, c.meaning, kind, c.source) for c, kind in zip(self.columns, kinds, strict=True)]
        return Table(self.name, self.stem, columns, self.path)


def numeric(column: Column, cell: str) -> bool:
    """Return whether a cell of a column of numbers is one."""
    return column.kind in (WHOLE, NUMBER) and number(cell)


def number(cell: str) -> bool:
    """Return whether a text is a number as packages write them."""
    return _FORMS[NUMBER].fullmatch(cell) is not None


def held(package: Package) -> list[Table]:
    """Return the tables of a package, those of the schema first."""
    told = _codebook(package)
    found = [_table(package, name, f"{RECORDS}/{FILES[name]}.csv", FILES[name], told) for name in FILES]
    found += [_table(package, name, path, name, told) for name, (path, _) in FURTHER.items()]
    return [table for table in found if table is not None]


def one(package: Package, name: str) -> Table | None:
    """Return one table of a package, or None where the package has no such file."""
    return next((table for table in held(package) if table.name == name), None)


def _codebook(package: Package) -> dict[tuple[str, str], tuple[str, str]]:
    """Return kind and meaning of each field as this package's own codebook has them."""
    file = package.folder / CODEBOOK
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        return {(row["table"], row["field"]): (row["kind"], row["meaning"]) for row in csv.DictReader(lines)}


def _table(
    package: Package, name: str, path: str, stem: str, told: dict[tuple[str, str], tuple[str, str]]
) -> Table | None:
    file = package.folder / path
    if not file.is_file():
        return None
    csv.field_size_limit(LONGEST_CELL)
    with file.open(encoding="utf-8", newline="") as lines:
        header = next(csv.reader(lines), [])
    columns = []
    for column in header:
        kind, meaning = told.get((name, column), ("", FURTHER.get(name, ("", ""))[1]))
        columns.append(Column(column, meaning, KINDS.get(kind, TEXT), f"{name}.{column}"))
    return Table(name, stem, columns, file)


def joined(package: Package, *names: str) -> Iterator[tuple[Row, dict[str, list[Row]]]]:
    """Yield each incident with its rows of these tables, holding one incident at a time.

    Packages write the rows of an incident in the order of the incidents; CheckFailed for one that does not. A table whose rows
    name no incident, such as the people of a partner's package, has none here.
    """
    keys = {name: pair for name in names if (pair := _keys(package, name)) is not None}
    parts = {name: groupby(package.rows(name), key=itemgetter(child)) for name, (_, child) in keys.items()}
    fronts = {name: next(part, None) for name, part in parts.items()}
    for incident in package.rows("incident"):
        found: dict[str, list[Row]] = {name: [] for name in names}
        for name, front in fronts.items():
            if front is not None and front[0] == incident[keys[name][0]]:
                found[name] = list(front[1])
                fronts[name] = next(parts[name], None)
        yield incident, found
    if late := [FILES[name] for name, front in fronts.items() if front is not None]:
        raise CheckFailed(f"Rows of {', '.join(late)} do not follow the order of the incidents.")


def _keys(package: Package, name: str) -> tuple[str, str] | None:
    """Return the columns by which an incident and its rows know each other, or None where they do not."""
    own, theirs = package.columns("incident"), package.columns(name)
    pairs = (("id", "incident_id"), ("code", "incident_code"))
    return next(((parent, child) for parent, child in pairs if parent in own and child in theirs), None)


def year_of(incident: Row) -> str:
    """Return the year in which an incident lies, by its days or the period that a tier tells; empty where it is in none or two."""
    start, end = incident.get("date_start", "")[:4], incident.get("date_end", "")[:4]
    if start or end:
        return start if start == end else ""
    found = _PERIOD.fullmatch(incident.get("period", ""))
    return found[1] if found else ""


def named(package: Package, name: str, column: str = "name") -> dict[str, str]:
    """Return one column of a table of references by the key of its rows; empty where the package does not have it."""
    columns = package.columns(name)
    if "id" not in columns or column not in columns:
        return {}
    return {row["id"]: row[column] for row in package.rows(name)}
