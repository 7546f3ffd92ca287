"""The attack of a reader who holds published packages and nothing else: bounds on hidden numbers, guesses of places.

Written from the artefacts and from what they claim, never from the code that protects them. Standard tools: linear
programming (HiGHS), averages, circles on a plane. `hidden`, `joined` and `added` bound numbers; `spots` and `mean` guess places.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

HIDDEN, TOTAL, TOGETHER = "suppressed", "total", "together: "
# How the two margins of each table are called in its file.
MARGINS = {
    "groups_by_area": ("group", "area"), "sex_by_age": ("sex", "age_band"), "status_by_cause": ("civil_status", "cause"),
}  # fmt: skip
METRES = 111_195.0  # in a degree of latitude

Table = tuple[str, str, str]  # file, dimension, year
Cell = tuple[str, str, str, str, str]  # and the two lines it stands in


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def incidents(bag: Path) -> list[dict[str, str]]:
    """Return the published incidents of a package."""
    return rows(bag / "data/04_records/incidents.csv")


def tables(bag: Path) -> dict[Cell, str]:
    """Return every cell of the tables of a package, as it is told."""
    found = {}
    for name, (one, other) in MARGINS.items():
        for row in rows(bag / f"data/07_tables/{name}.csv"):
            found[(name, row["of"], row["year"], row[one], row[other])] = row["killed"]
    return found


def members(label: str) -> tuple[str, ...]:
    """Return what a line stands for: itself, or the lines that are told together."""
    return tuple(label.removeprefix(TOGETHER).split("; ")) if label.startswith(TOGETHER) else (label,)


# Numbers ---------------------------------------------------------------------------------------------------------------


Terms = list[tuple[Any, float]]


@dataclass
class Programme:
    """Sums that must hold over numbers of people, each at least 0; `bounds` gives the least and most of a sum of them."""

    numbers: dict[Any, int] = field(default_factory=dict)
    sums: list[tuple[Terms, float]] = field(default_factory=list)
    at_most: list[tuple[Terms, float]] = field(default_factory=list)

    def number(self, name: Any) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def equal(self, terms: Terms, value: float) -> None:
        self.sums.append(([(self.number(name), by) for name, by in terms], value))

    def most(self, terms: Terms, value: float) -> None:
        self.at_most.append(([(self.number(name), by) for name, by in terms], value))

    def bounds(self, terms: Terms) -> tuple[float, float]:
        """Return least and most, in whole people; nan if what is published contradicts itself, inf if nothing limits it."""
        costs = np.zeros(len(self.numbers))
        for name, by in terms:
            costs[self.numbers[name]] += by
        found = []
        for sign in (1.0, -1.0):
            solved = linprog(
                sign * costs, *self._matrix(self.at_most), *self._matrix(self.sums), bounds=(0, None), method="highs"
            )
            found.append(sign * solved.fun if solved.success else float("nan" if solved.status == 2 else "inf"))
        return float(np.ceil(found[0] - 1e-6)), float(np.floor(found[1] + 1e-6))

    def _matrix(self, lines: list[tuple[Terms, float]]) -> tuple[Any, Any]:
        if not lines:
            return None, None
        cells = [(i, j, by) for i, (terms, _) in enumerate(lines) for j, by in terms]
        at, to, by = zip(*cells, strict=True)
        return coo_matrix((by, (at, to)), shape=(len(lines), len(self.numbers))).tocsr(), [v for _, v in lines]


def told_of(bag: Path) -> dict[tuple[str, str], int]:
    """Return by year and area how many people the list of incidents tells, as whoever reads it would add them up."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in incidents(bag):
        if row["status"] != "refuted" and row["period"][:4].isdigit() and row["killed_best"].isdigit():
            found[row["period"][:4], row["area"] or "not known"] += int(row["killed_best"])
    return found


def by_year(bag: Path) -> dict[str, int]:
    """Return how many people each year's tables must add up to, if they are of this day."""
    told = rows(bag / "data/07_tables/by_year.csv")
    return {row["year"]: int(row["killed_best"]) for row in told if row["in_tables"] == "yes"}


@dataclass
class Published:
    """The tables of a package taken apart: each line told together is split into those it stands for."""

    bag: Path
    release: int = 0

    def __post_init__(self) -> None:
        self.cells = tables(self.bag)
        self.lines: dict[Table, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
        for name, of, year, *ends in self.cells:
            for held, label in zip(self.lines[name, of, year], ends, strict=True):
                held.update(() if label == TOTAL else members(label))
        self.areas, self.years = told_of(self.bag), by_year(self.bag)

    def parts(self, table: Table, one: str, other: str) -> Terms:
        """Return the single numbers of which a cell is the sum."""
        first, second = (
            sorted(all_of) if label == TOTAL else members(label)
            for all_of, label in zip(self.lines[table], (one, other), strict=True)
        )
        return [((self.release, table, a, b), 1.0) for a in first for b in second]

    def of_this_day(self, table: Table) -> bool:
        """Return whether the totals of a table are those of the year, so that it tells the record as it is."""
        total = self.cells.get((*table, TOTAL, TOTAL), HIDDEN)
        if total == HIDDEN:
            ends = [value for cell, value in self.cells.items() if cell[:3] == table and cell[3] == TOTAL]
            total = HIDDEN if HIDDEN in ends else str(sum(map(int, ends)))
        return total.isdigit() and int(total) == self.years.get(table[2])

    def state(self, programme: Programme) -> None:
        """Put all that is told of numbers into a programme: cells, totals of years, and what the list of incidents adds up to."""
        for cell, value in self.cells.items():
            parts = self.parts(cell[:3], *cell[3:])
            for name, _ in parts:
                programme.number(name)
            if value != HIDDEN:
                programme.equal(parts, int(value))
        for table, (_, areas) in self.lines.items():
            if self.of_this_day(table):
                programme.equal(self.parts(table, TOTAL, TOTAL), self.years[table[2]])
                if table[0] == "groups_by_area":
                    for area in areas:
                        programme.equal(self.parts(table, TOTAL, area), self.areas.get((table[2], area), 0))


@dataclass(frozen=True)
class Bound:
    """A number that was not told, between what it must lie by all that is published, and the most it could be anyway."""

    name: Any
    least: float
    most: float
    anyway: float


def hidden(bags: Sequence[Path], growing: bool = False) -> list[Bound]:
    """Bound every suppressed number of packages of one record that followed each other, by all of them together.

    growing: suppose that people are only added from one to the next.
    """
    programme, every = _together(bags, growing)
    return [
        Bound((one.release, cell), *programme.bounds(one.parts(cell[:3], *cell[3:])), _anyway(one, cell))
        for one in every
        for cell, value in one.cells.items()
        if value == HIDDEN
    ]


def joined(bags: Sequence[Path], growing: bool = False) -> list[Bound]:
    """Bound the number of each group in each area that is told only together with other areas or groups."""
    programme, every = _together(bags, growing)
    found = []
    for one in every:
        told = {(cell[:3], cell[3], cell[4]) for cell, value in one.cells.items() if value != HIDDEN}
        for table, (groups, areas) in one.lines.items():
            for group, area in ((g, a) for g in groups for a in areas if (table, g, a) not in told):
                cell = (*table, group, area)
                found.append(
                    Bound((one.release, cell), *programme.bounds(one.parts(table, group, area)), _anyway(one, cell))
                )
    return found


def added(bags: Sequence[Path]) -> list[Bound]:
    """Bound what each single number has grown by from each package to the next, if people are only added."""
    programme, every = _together(bags, growing=True)
    found = []
    for before, after in pairwise(every):
        for table in set(before.lines) & set(after.lines):
            for group, area in product(*after.lines[table]):
                old = before.parts(table, group, area)
                if old[0][0] not in programme.numbers:
                    continue
                grown = [*after.parts(table, group, area), (old[0][0], -1.0)]
                found.append(Bound((after.release, (*table, group, area)), *programme.bounds(grown), float("inf")))
    return found


def _anyway(one: Published, cell: Cell) -> float:
    """Return what the list of incidents alone gives as the most: nobody hides how many were killed in a year and an area."""
    if cell[0] != "groups_by_area" or not one.of_this_day(cell[:3]):
        return float(one.years.get(cell[2], 0))
    areas = one.lines[cell[:3]][1] if cell[4] == TOTAL else members(cell[4])
    return float(sum(one.areas.get((cell[2], area), 0) for area in areas))


def _together(bags: Sequence[Path], growing: bool) -> tuple[Programme, list[Published]]:
    programme, every = Programme(), [Published(bag, release) for release, bag in enumerate(bags)]
    for one in every:
        one.state(programme)
    for before, after in pairwise(every):
        for table in set(before.lines) & set(after.lines):
            same = _told(before, table) == _told(after, table)
            for ends in product(*(a & b for a, b in zip(before.lines[table], after.lines[table], strict=True))):
                old, new = before.parts(table, *ends)[0], after.parts(table, *ends)[0]
                if same:
                    programme.equal([old, (new[0], -1.0)], 0)
                elif growing:
                    programme.most([old, (new[0], -1.0)], 0)
    return programme, every


def _told(one: Published, table: Table) -> dict[Cell, str]:
    return {cell: value for cell, value in one.cells.items() if cell[:3] == table}


# Places ----------------------------------------------------------------------------------------------------------------


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two places (longitude, latitude), good to a thousandth at distances of a few kilometres."""
    middle = np.radians((one[1] + other[1]) / 2)
    return float(METRES * np.hypot((one[0] - other[0]) * np.cos(middle), one[1] - other[1]))


def spots(bag: Path) -> dict[str, tuple[float, float]]:
    """Return where each incident is shown, by its code; those told by their area alone are left out."""
    return {row["code"]: (float(row["lon"]), float(row["lat"])) for row in incidents(bag) if row["lat"]}


def mean(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the average of places: what many independent displacements would give away."""
    lon, lat = np.mean(np.array(list(points)), axis=0)
    return float(lon), float(lat)
