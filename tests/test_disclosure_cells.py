"""Tables of few people: what an attacker can work out of what is published, by linear programming written apart.

Holds R29, R66, R67 and R70: small cells, complementary suppression, margins kept, and one release after another.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from casualty.disclosure import bounds
from casualty.disclosure.cells import protect
from casualty.disclosure.differences import follow, small_difference
from casualty.disclosure.published import SUPPRESSED, Line, Table

Counts = dict[tuple[str, str], int]
PUBLIC, PARTNER = 10, 5


def attack(published: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield the interval of every suppressed cell, from the published numbers of one table alone."""
    cells, rows, columns = published["cells"], published["row_totals"], published["column_totals"]
    wide, high = len(columns), len(rows)
    matrix, values = [], []
    for at in range(high):
        matrix.append([float(i == at) for i in range(high) for _ in range(wide)])
        values.append(rows[at])
    for at in range(wide):
        matrix.append([float(j == at) for _ in range(high) for j in range(wide)])
        values.append(columns[at])
    known = [
        (value, value) if value != SUPPRESSED else (0, None)
        for value in (cells[i][j] for i in range(high) for j in range(wide))
    ]
    for place, (low, most) in enumerate(known):
        if (low, most) == (0, None):
            aim = np.zeros(high * wide)
            aim[place] = 1
            least = linprog(aim, A_eq=matrix, b_eq=values, bounds=known)
            greatest = linprog(-aim, A_eq=matrix, b_eq=values, bounds=known)
            assert least.success
            assert greatest.success
            yield float(least.fun), float(-greatest.fun)


GROUPS, AREAS = [f"g{n}" for n in range(5)], [f"a{n}" for n in range(6)]
SMALL = st.integers(0, 14)
LARGE = st.one_of(st.just(0), SMALL, st.integers(15, 60), st.integers(200, 5000))
TABLES = st.one_of(
    st.dictionaries(st.tuples(st.sampled_from(GROUPS), st.sampled_from(AREAS)), LARGE, min_size=1, max_size=30),
    st.dictionaries(st.tuples(st.sampled_from(GROUPS), st.sampled_from(AREAS)), SMALL, min_size=10, max_size=30),
)
MASSACRE: Counts = {("g0", "a0"): 4000, ("g1", "a0"): 3, ("g0", "a1"): 12, ("g1", "a1"): 25, ("g2", "a2"): 30}
VILLAGES: Counts = {(f"g{n % 3}", f"a{n}"): 7 + n for n in range(6)} | {("g0", "a5"): 90, ("g1", "a5"): 40}
HAND = [MASSACRE, VILLAGES, {("g0", "a0"): 1}, {}]


def checked(counts: Counts, threshold: int, table: Table | None) -> None:
    if table is None:
        return
    kept = table.as_json()
    for low, high in attack(kept):
        assert low <= 1e-6
        assert high >= 2 * threshold - 1e-6
    for axis, lines, totals in ((0, table.rows, table.row_totals), (1, table.columns, table.column_totals)):
        assert [sum(v for pair, v in counts.items() if pair[axis] in line.members) for line in lines] == list(totals)
        members = [member for line in lines for member in line.members]
        assert sorted(members) == sorted({pair[axis] for pair, value in counts.items() if value})
    for i, row in enumerate(table.rows):
        for j, column in enumerate(table.columns):
            true = sum(counts.get((r, c), 0) for r in row.members for c in column.members)
            assert table.cells[i][j] in (None, true)
            assert table.cells[i][j] is None or not 0 < true < threshold
    assert table.total == sum(counts.values()) == sum(table.column_totals)


@pytest.mark.parametrize("counts", HAND)
@pytest.mark.parametrize("threshold", [PARTNER, PUBLIC])
def test_tables_made_by_hand_give_nothing_away(counts: Counts, threshold: int) -> None:
    """R66: a massacre beside three others, villages of one group each, one person, nobody."""
    checked(counts, threshold, protect("t", counts, threshold))


@settings(max_examples=150, deadline=None)
@given(counts=TABLES, threshold=st.sampled_from([PARTNER, PUBLIC]))
def test_no_suppressed_cell_can_be_told(counts: Counts, threshold: int) -> None:
    """R29, R66, R67: each may be anything from 0 to twice the threshold; no small number stands; all margins are true."""
    checked(counts, threshold, protect("t", counts, threshold))


def spread(seed: int, rows: int = 6, columns: int = 12) -> Counts:
    """A table as records have it: a few large cells, many small ones."""
    rng = np.random.default_rng(seed)
    values = np.floor(rng.lognormal(2.5, 1.4, (rows, columns))).astype(int)
    return {(f"g{i}", f"a{j:02}"): int(values[i, j]) for i in range(rows) for j in range(columns)}


@pytest.mark.parametrize("seed", range(6))
def test_a_table_of_many_small_cells_still_says_something(seed: int) -> None:
    """R66, R70: it is made, it suppresses, and most of it stands."""
    counts = spread(seed)
    table = protect("t", counts, PUBLIC)
    checked(counts, PUBLIC, table)
    assert table is not None
    assert len(table.rows) > 2
    assert len(table.columns) > 2
    assert table.suppressed <= len(table.rows) * len(table.columns) / 2


def test_the_own_attack_finds_what_the_other_finds() -> None:
    """R66: the audit before publication agrees with the attack of this file, also where a cell is not protected."""
    rows, columns = ((Line((f"{name}0",)), Line((f"{name}1",)), Line((f"{name}2",))) for name in "rc")
    for cells in (
        ((None, None, 50), (None, None, 60), (20, 30, 40)),
        ((None, 4, 50), (None, 2, 60), (20, 30, 40)),
        ((None, None, None), (None, 2, None), (20, 30, 40)),
    ):
        true = np.array([[3, 4, 50], [6, 2, 60], [20, 30, 40]])
        totals = (tuple(map(int, true.sum(axis=axis))) for axis in (1, 0))
        table = Table("t", rows, columns, cells, *totals, 5)
        weak = [(low, high) for low, high in attack(table.as_json()) if low > 1e-6 or high < 10 - 1e-6]
        found = [(round(cell.low), round(cell.high)) for cell in bounds.narrow([table])]
        assert found == [(round(low), round(high)) for low, high in weak]
        assert found


def both(old: dict[str, Any], new: dict[str, Any], monotone: bool) -> Iterator[tuple[int, float, float]]:
    """Yield (threshold, low, high) of every suppressed cell of two published tables, each told by its members.

    The unknowns are people by (group, area) then, and those who came since; monotone: nobody left.
    """
    rows = sorted({m for table in (old, new) for line in table["rows"] for m in line})
    columns = sorted({m for table in (old, new) for line in table["columns"] for m in line})
    size = len(rows) * len(columns)
    matrix, values, hidden = [], [], []
    for moment, table in enumerate((old, new)):
        for i, above in enumerate([*table["rows"], None]):
            for j, left in enumerate([*table["columns"], None]):
                terms = np.zeros(2 * size)
                for at, row in enumerate(rows):
                    for to, column in enumerate(columns):
                        inside = (above is None or row in above) and (left is None or column in left)
                        if inside:
                            terms[at * len(columns) + to] = 1
                            terms[size + at * len(columns) + to] = moment
                value = (
                    table["cells"][i][j] if above and left else table["row_totals"][i] if above
                    else table["column_totals"][j] if left else sum(table["row_totals"])
                )  # fmt: skip
                if value == SUPPRESSED:
                    hidden.append((table["threshold"], terms))
                else:
                    matrix.append(terms)
                    values.append(value)
    limits = [(0, None)] * size + [(0 if monotone else None, None)] * size
    for threshold, terms in hidden:
        extra = {} if monotone else {"A_ub": -np.hstack([np.eye(size)] * 2), "b_ub": np.zeros(size)}
        low = linprog(terms, A_eq=matrix, b_eq=values, bounds=limits, **extra)
        high = linprog(-terms, A_eq=matrix, b_eq=values, bounds=limits, **extra)
        assert low.success, low.message
        yield threshold, float(low.fun), float("inf") if high.status == 3 else float(-high.fun)


@settings(max_examples=60, deadline=None)
@given(
    first=TABLES,
    came=st.dictionaries(st.tuples(st.sampled_from(GROUPS), st.sampled_from([*AREAS, "a9"])), LARGE, max_size=8),
    left=st.booleans(),
)
def test_two_releases_subtracted_tell_nothing(first: Counts, came: Counts, left: bool) -> None:
    """R66: no cell suppressed in either is narrowed by both; no published difference is of few people."""
    old = protect("t", first, PUBLIC, as_of="2024-01-01")
    if old is None:
        return
    second = {pair: first.get(pair, 0) + came.get(pair, 0) for pair in {*first, *came}}
    if left:
        second[min(first)] = 0
    settled = follow("t", second, PUBLIC, [old], "2025-01-01")
    assert settled.table is not None
    if settled.course == "earlier":
        assert settled.table == old
        return
    checked({pair: value for pair, value in second.items() if value}, PUBLIC, settled.table if not left else None)
    assert not small_difference(old, settled.table)
    for threshold, low, high in both(old.as_json(), settled.table.as_json(), monotone=not left):
        assert low <= 1e-5
        assert high >= 2 * threshold - 1e-5


BASE: Counts = {
    (group, area): number
    for group, numbers in {"g0": (40, 6, 80, 90), "g1": (70, 60, 4, 50), "g2": (33, 45, 120, 60)}.items()
    for area, number in zip(AREAS, numbers, strict=False)
}
COURSES = [
    # who came or left since                     what the next release holds
    ({}, "unchanged"),
    ({("g0", "a0"): 3}, "earlier"),
    ({("g2", "a3"): 30}, "new"),
    ({("g0", "a1"): 30}, "earlier"),  # both margins grow by 30: everybody who came is in the suppressed cell
    ({("g2", "a3"): -12}, "new"),
    ({("g2", "a3"): -1}, "earlier"),
    ({("g0", "a9"): 50, ("g1", "a9"): 60}, "new"),
    ({("g0", "a9"): 50, ("g1", "a9"): 1}, "earlier"),
]  # fmt: skip


@pytest.mark.parametrize(("came", "course"), COURSES)
def test_what_follows_an_earlier_table(came: Counts, course: str) -> None:
    """R66: the same, a new one, or the earlier one again with its own date."""
    old = protect("t", BASE, PUBLIC, as_of="2024-01-01")
    assert old is not None
    assert old.suppressed
    counts = {pair: BASE.get(pair, 0) + came.get(pair, 0) for pair in {*BASE, *came}}
    settled = follow("t", counts, PUBLIC, [old], "2025-01-01")
    assert settled.course == course
    assert settled.table is not None
    assert settled.table.as_of == ("2024-01-01" if course == "earlier" else "2025-01-01")


def test_a_table_read_back_is_the_same() -> None:
    """R66: what is kept for the next check is what was published, and no more."""
    table = protect("t", BASE, PUBLIC, as_of="2024-01-01")
    assert table is not None
    assert Table.from_json(table.as_json()) == table
    hidden = [BASE[row.members[0], column.members[0]] for i, row in enumerate(table.rows)
              for j, column in enumerate(table.columns) if table.cells[i][j] is None]  # fmt: skip
    told = [value for row in table.as_json()["cells"] for value in row]
    assert 6 in hidden
    assert told.count(SUPPRESSED) == len(hidden) == table.suppressed
    assert not {6, 4} & set(told)
