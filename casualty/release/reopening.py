"""The tables of a package as rows of a database, for questions that are asked of the package alone (R50, R87).

Whoever has the package and the program, and nothing else, gets the same answer: the same bytes with the same versions, else
the same counts and ranks, and numbers to nine digits. It does not show that what was recorded is true.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from casualty.release.package import Package
from casualty.release.records import FILES
from casualty.schema import table

OUTLINES = "data/05_geo/admin_units.geojson"
ABSENT, WITHHELD, UNKNOWN = ("", "not_applicable", "not_recorded", "withheld"), "withheld", "unknown"
# Consents say nothing to a question, and the analyses are read from their own folders.
NAMES = tuple(name for name in FILES if name not in ("consent", "analysis_run"))


def tables(package: Package) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield each table of a package by name with its rows, as a database holds them."""
    for name in NAMES:
        if package.holds(name):
            yield name, _rows(package, name)


def _rows(package: Package, name: str) -> Iterator[dict[str, Any]]:
    columns = {column.name: column for column in table(name).columns}
    outlines = _outlines(package) if name == "admin_unit" else {}
    for row in package.rows(name):
        values = {key: _value(columns[key], row.get(key, ""), row["id"]) for key in columns}
        if any(value is WITHHELD for value in values.values()):
            continue  # what kind of thing it is was withheld: no question can be asked of it
        if row["id"] in outlines:
            values["geometry"] = outlines[row["id"]]
        yield values


def _value(column: sa.Column[Any], cell: str, key: str) -> Any:
    """Return a cell as the database has it: what is absent or withheld is absent, the word for not known, or the row's own key."""
    if isinstance(column.type, sa.Enum):
        return _term(column, column.type.enums, cell)
    if cell == "":
        return None if column.nullable else 0 if isinstance(column.type, sa.Boolean | sa.Integer | sa.Float) else key
    if isinstance(column.type, sa.Boolean):
        return cell == "true"
    if isinstance(column.type, sa.Integer):
        return int(cell)
    return float(cell) if isinstance(column.type, sa.Float) else cell


def _term(column: sa.Column[Any], terms: Sequence[str], cell: str) -> str | None:
    if cell in terms or cell not in ABSENT:
        return cell
    if column.nullable:
        return None
    return UNKNOWN if UNKNOWN in terms else WITHHELD


def _outlines(package: Package) -> Mapping[str, str]:
    """Return the outline of each unit that has one, as JSON text, by the unit's id."""
    file = package.folder / OUTLINES
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"type":"Feature",'):
                feature = json.loads(line.rstrip(",\n"))
                if feature["geometry"]["type"] != "Point":
                    found[feature["id"]] = json.dumps(feature["geometry"])
    return found
