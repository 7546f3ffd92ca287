"""The tables of a package as every format takes them: columns with their kind and meaning, rows as text, incidents joined."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from casualty.errors import CheckFailed
from casualty.release.package import LONGEST_CELL, Package
from casualty.release.records import FILES

CODEBOOK = "data/02_codebook/fields.csv"
# Files of a package that are no table of the schema, and what is told of them.
FURTHER = {
    "removed": ("data/04_records/removed.csv", "Codes of incidents taken back or merged."),
    "withheld": ("data/08_withheld.csv", "What is withheld, why, and who decides."),
    "contradictory": ("data/09_contradictory.csv", "What speaks against the record as held."),
}
WHOLE, NUMBER, FLAG, DAY, TEXT = "whole number", "number", "true or false", "date", "text"
KINDS = {"whole number": WHOLE, "code": WHOLE, "number": NUMBER, "true or false": FLAG, "date, ISO 8601": DAY}
_FORMS = {
    WHOLE: re.compile(r"-?\d{1,18}"),
    NUMBER: re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"),
    FLAG: re.compile("true|false"),
    DAY: re.compile(r"(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"),
}
REFUTED = "refuted"

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
    return column.kind in (WHOLE, NUMBER) and _FORMS[NUMBER].fullmatch(cell) is not None


def held(package: Package) -> list[Table]:
    """Return the tables of a package, those of the schema first."""
    told = _codebook(package)
    found = [_table(package, name, f"data/04_records/{FILES[name]}.csv", FILES[name], told) for name in FILES]
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

    Packages write the rows of an incident in the order of the incidents. Raises CheckFailed for one that does not.
    """
    parent, child = _keys(package, names)
    parts = {name: groupby(package.rows(name), key=lambda row: row[child]) for name in names}
    fronts = {name: next(part, None) for name, part in parts.items()}
    for incident in package.rows("incident"):
        found: dict[str, list[Row]] = {}
        for name, front in fronts.items():
            mine = front is not None and front[0] == incident[parent]
            found[name] = list(front[1]) if mine and front is not None else []
            if mine:
                fronts[name] = next(parts[name], None)
        yield incident, found
    if late := [FILES[name] for name, front in fronts.items() if front is not None]:
        raise CheckFailed(f"Rows of {', '.join(late)} do not follow the order of the incidents.")


def _keys(package: Package, names: tuple[str, ...]) -> tuple[str, str]:
    """Return the columns by which incidents and their rows know each other: keys, else codes where a tier has no keys."""
    own = set(package.columns("incident"))
    theirs = [set(package.columns(name)) for name in names if package.holds(name)]
    for parent, child in (("id", "incident_id"), ("code", "incident_code")):
        if parent in own and all(child in columns for columns in theirs):
            return parent, child
    raise CheckFailed("The rows of this package do not say to which incident they belong.")


def named(package: Package, name: str, column: str = "name") -> dict[str, str]:
    """Return one column of a table of references by the key of its rows; empty where the package does not have it."""
    columns = package.columns(name)
    if "id" not in columns or column not in columns:
        return {}
    return {row["id"]: row[column] for row in package.rows(name)}
