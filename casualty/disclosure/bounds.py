"""What somebody can work out of what is suppressed, from all that is published: the attack, by linear programming.

Every cell of every table is an unknown number of people, not below nothing; every number published is an equation. The
least and the most that a suppressed cell can be under these equations is all that anybody can know of it who knows nothing
else. Tables of different dates are tied: from one to the next the attacker takes as few people as possible to have left
a cell, none if that fits. Standards: R66; after the audit of Fischetti and Salazar (2000).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from casualty.disclosure.published import Line, Table

NEAR = 1e-6  # below it two numbers of people are one


@dataclass(frozen=True, slots=True)
class Narrow:
    """A suppressed cell that is not protected: of which table, where, and between what it must lie."""

    table: int
    row: int
    column: int
    low: float
    high: float


def narrow(tables: Sequence[Table]) -> list[Narrow]:
    """Return the suppressed cells of these tables that cannot be everything from 0 to twice their table's threshold.

    `tables` are of the same people, oldest first.
    """
    attack = _Attack(tables)
    return [
        Narrow(number, row, column, *interval)
        for (number, row, column), interval in attack.intervals().items()
        if interval[0] > NEAR or interval[1] < 2 * tables[number].threshold - NEAR
    ]


def narrowest(tables: Sequence[Table]) -> float | None:
    """Return the width of the narrowest interval of any suppressed cell, or None if nothing is suppressed.

    Intervals found wide enough are not followed to their end: what is returned is at most the true width.
    """
    widths = [high - low for low, high in _Attack(tables).intervals().values()]
    return min(widths) if widths else None


class _Attack:
    """The unknowns and the equations of some tables."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables
        self._rows = _atoms([table.rows for table in tables])
        self._columns = _atoms([table.columns for table in tables])
        self._at: dict[tuple[int, int, int], int] = {}
        for number, _ in enumerate(tables):
            for i, row in enumerate(self._rows):
                for j, column in enumerate(self._columns):
                    if row[number] >= 0 and column[number] >= 0:
                        self._at[number, i, j] = len(self._at)
        self._equal: list[tuple[dict[int, float], float]] = []
        self._most: list[tuple[dict[int, float], float]] = []
        self._count = len(self._at)
        self._built: tuple[tuple[int, int], dict[str, Any]] = ((0, 0), {})
        for number, table in enumerate(tables):
            self._publish(number, table)
        for number in range(1, len(tables)):
            self._tie(number)

    def _cell(self, number: int, row: int | None, column: int | None) -> dict[int, float]:
        """Return a cell of a table, or with None a whole line of it, as the sum of its unknowns."""
        rows = [i for i, atom in enumerate(self._rows) if atom[number] >= 0 and row in (None, atom[number])]
        columns = [j for j, atom in enumerate(self._columns) if atom[number] >= 0 and column in (None, atom[number])]
        return {self._at[number, i, j]: 1.0 for i in rows for j in columns}

    def _publish(self, number: int, table: Table) -> None:
        for row, total in enumerate(table.row_totals):
            self._equal.append((self._cell(number, row, None), total))
        for column, total in enumerate(table.column_totals):
            self._equal.append((self._cell(number, None, column), total))
        for row, cells in enumerate(table.cells):
            for column, value in enumerate(cells):
                if value is not None:
                    self._equal.append((self._cell(number, row, column), value))

    def _tie(self, number: int) -> None:
        """Let each cell be that of the table before, and who came, less who left: of these as few as can be."""
        left: dict[int, float] = {}
        for i, row in enumerate(self._rows):
            for j, column in enumerate(self._columns):
                if min(row[number - 1], row[number], column[number - 1], column[number]) < 0:
                    continue
                came, went = self._count, self._count + 1
                self._count += 2
                before, after = self._at[number - 1, i, j], self._at[number, i, j]
                self._equal.append(({after: 1.0, before: -1.0, came: -1.0, went: 1.0}, 0.0))
                left[went] = 1.0
        if left:
            least, _ = self._solve(left)
            self._most.append((left, max(least, 0.0) + NEAR))

    def _solve(self, objective: dict[int, float]) -> tuple[float, Any]:
        """Return the least value of a sum of unknowns, and the unknowns at which it is reached."""
        import numpy as np
        from scipy.optimize import linprog

        cost = np.zeros(self._count)
        for at, factor in objective.items():
            cost[at] = factor
        found = linprog(cost, **self._system(), bounds=(0, None), method="highs")
        if found.status == 3:
            return -float("inf"), None
        if found.x is None:
            raise ArithmeticError(f"the tables contradict each other: {found.message}")
        return float(found.fun), found.x

    def _system(self) -> dict[str, Any]:
        size = (len(self._equal), len(self._most))
        if self._built[0] != size:
            (equal, to), (most, limit) = self._matrix(self._equal), self._matrix(self._most)
            self._built = (size, {"A_eq": equal, "b_eq": to, "A_ub": most, "b_ub": limit})
        return self._built[1]

    def _matrix(self, equations: list[tuple[dict[int, float], float]]) -> tuple[Any, Any]:
        from scipy.sparse import csr_array

        if not equations:
            return None, None
        rows = [number for number, (terms, _) in enumerate(equations) for _ in terms]
        columns = [at for terms, _ in equations for at in terms]
        factors = [factor for terms, _ in equations for factor in terms.values()]
        shape = (len(equations), self._count)
        return csr_array((factors, (rows, columns)), shape=shape), [value for _, value in equations]

    def _hidden(self) -> Iterator[tuple[int, int, int]]:
        for number, table in enumerate(self._tables):
            for row, cells in enumerate(table.cells):
                for column, value in enumerate(cells):
                    if value is None:
                        yield number, row, column

    def intervals(self) -> dict[tuple[int, int, int], tuple[float, float]]:
        """Return the interval of each suppressed cell; one seen to reach 0, and twice its threshold, is not asked again.

        Every solution found for one cell is a state of affairs in which the others are something too.
        """
        sums = {key: self._cell(*key) for key in self._hidden()}
        seen: dict[tuple[int, int, int], tuple[float, float]] = dict.fromkeys(sums, (float("inf"), -float("inf")))
        for key, cell in sums.items():
            for sign in (1.0, -1.0):
                wanted = 2 * self._tables[key[0]].threshold
                if (seen[key][0] <= NEAR) if sign > 0 else (seen[key][1] >= wanted - NEAR):
                    continue
                _, state = self._solve(dict.fromkeys(cell, sign))
                if state is None:
                    seen[key] = (seen[key][0], float("inf"))
                    continue
                for other, terms in sums.items():
                    value = float(sum(state[at] for at in terms))
                    seen[other] = (min(seen[other][0], value), max(seen[other][1], value))
        return seen


def _atoms(lines: Sequence[Sequence[Line]]) -> list[tuple[int, ...]]:
    """Return the parts that all tables tell apart or together, each as the number of its line per table, -1 if in none."""
    places: dict[str, list[int]] = {}
    for number, table in enumerate(lines):
        for at, line in enumerate(table):
            for member in line.members:
                places.setdefault(member, [-1] * len(lines))[number] = at
    return sorted({tuple(place) for place in places.values()})
