"""The tables that a public or a partner package publishes of people, small numbers suppressed: shown as they are, never added up."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from casualty.patterns.plainly import clean
from casualty.release.package import Package
from casualty.release.report import known, people
from casualty.release.report.people import SUPPRESSED
from casualty.vocabulary import AgeBand, Cause, CivilStatus, Harm, Sex, Terms

FOLDER = "data/07_tables"
BY_YEAR = "by_year"
TITLES = {
    BY_YEAR: "Incidents and people killed, by year, and whether they stand in the tables that follow",
    "groups_by_area": "People killed, by identity group and area",
    "sex_by_age": "People killed, by sex and age",
    "status_by_cause": "People killed, by civil status and cause",
}
SCHEMES: dict[str, type[Terms]] = {"sex": Sex, "age_band": AgeBand, "civil_status": CivilStatus, "cause": Cause}
VALUES = ("killed", "as_of")
TOGETHER = "together: "
MOST_COLUMNS = 7

UNIT = "Best number of people killed, as the package publishes it."
PERSONS = "Persons killed, by sex and age"
OF_ROWS = (
    "Persons whose rows the package gives; what few have in common is told less closely, as suppressed, or not at all."
)
NOTE = (
    "A number that reads suppressed is kept back for protection, or to keep another one back; it is not 0. Lines of few"
    " people are told together. Totals hold the suppressed numbers too."
)

Row = Mapping[str, str]


def tables(package: Package) -> list[dict[str, Any]]:
    """Return the package's own tables of people as the report shows them; none at a tier that holds the records."""
    return [table for name in TITLES for table in _of(package, name)] + _persons(package)


def _of(package: Package, name: str) -> Iterator[dict[str, Any]]:
    rows = list(known.rows(package, f"{FOLDER}/{name}.csv"))
    if rows and name == BY_YEAR:
        yield _table(
            TITLES[name], [head.replace("_", " ") for head in rows[0]], [list(row.values()) for row in rows], 1
        )
    elif rows:
        for (of, year), cells in groupby(rows, key=lambda row: (row["of"], row["year"])):
            title = ", ".join(part for part in (TITLES[name], clean(of), year) if part)
            yield _cross(title, list(cells))


def _persons(package: Package) -> list[dict[str, Any]]:
    """Return the persons killed by sex and age, counted from rows that tell of no incident; none where there are none."""
    if people.told(package) or not {"sex", "age_band", "harm"} <= set(package.columns("victim")):
        return []
    killed = [row for row in package.rows("victim") if row["harm"] == Harm.KILLED]
    counts = Counter((row["sex"], row["age_band"]) for row in killed)
    sexes, ages = (sorted({key[axis] for key in counts}) for axis in (0, 1))
    cells = [
        {"of": "", "year": "", "sex": sex, "age_band": age, "killed": str(counts[sex, age])}
        for sex in sexes
        for age in ages
    ]
    return [{**_cross(PERSONS, cells), "unit": OF_ROWS, "note": ""}] if cells else []


def _cross(title: str, cells: Sequence[Row]) -> dict[str, Any]:
    """Return one table of two attributes: crossed where the paper is wide enough, else one line a number."""
    down, across = [name for name in cells[0] if name not in ("of", "year", *VALUES)]
    if len({row[down] for row in cells}) < len({row[across] for row in cells}):
        down, across = across, down
    said = {(row[down], row[across]): row["killed"] for row in cells}
    lines, columns = (list(dict.fromkeys(row[name] for row in cells)) for name in (down, across))
    if len(columns) > MOST_COLUMNS:
        listed = [[_word(down, row[down]), _word(across, row[across]), _number(row["killed"])] for row in cells]
        return _table(title, [down.replace("_", " "), across.replace("_", " "), "killed"], listed, 2)
    head = [down.replace("_", " "), *(_word(across, column) for column in columns)]
    body = [[_word(down, line), *(_number(said.get((line, column), "")) for column in columns)] for line in lines]
    return _table(title, head, body, 1)


def _table(title: str, head: list[str], rows: list[list[str]], words: int) -> dict[str, Any]:
    note = NOTE if any(SUPPRESSED in row for row in rows) else ""
    return {"title": title, "unit": UNIT, "head": head, "rows": rows, "words": words, "note": note}


def _word(name: str, value: str) -> str:
    """Return what a line is called; one in which several were joined names them all."""
    start, joined, rest = value.partition(TOGETHER)
    members = rest.split("; ") if joined and not start else [value]
    labels = {term.value: term.label for term in SCHEMES.get(name, ())}
    told = "; ".join(labels.get(member, clean(member)) for member in members)
    return f"{TOGETHER}{told}" if joined and not start else told


def _number(cell: str) -> str:
    return f"{int(cell):,}" if cell.isdigit() else cell
