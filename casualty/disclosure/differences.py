"""One table after another of the same people: what may follow what was published before.

Whoever subtracts two tables has a third one, of those who came in between: it needs the same protection. A new table
follows only if no number of it differs from an earlier one by 1 to T-1 people and if no suppressed cell, of this or of any
earlier table, can be narrowed by all of them together. Else the earlier table goes out again, unchanged and with its date:
a number that is right for its day, in place of one that would tell of a few people. Standards: R66, R67.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from casualty.disclosure.bounds import narrow
from casualty.disclosure.cells import protect
from casualty.disclosure.published import Line, Table

Course = Literal["new", "unchanged", "earlier", "none"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What goes out under a name: a table or none, and how it came to it.

    `new`: made of the record as it is, or `unchanged` from the last; `earlier`: the last one again, because a new one would
    tell of few people; `none`: no table of it is safe.
    """

    table: Table | None
    course: Course


def follow(
    name: str, counts: Mapping[tuple[str, str], int], threshold: int, earlier: Sequence[Table], as_of: str, *,
    open_columns: bool = False, apart: int = 0,
) -> Settled:  # fmt: skip
    """Return the table of these counts that may follow the earlier ones (oldest first).

    apart: people of whom too little is known for any cell. open_columns: the numbers of the columns are known to everybody
    anyway, from the list of incidents.
    """
    before = _distinct(earlier)
    last = before[-1] if before else None
    made = protect(name, counts, threshold, like=last, as_of=as_of)
    new = None if made is None else replace(made, apart=apart)
    if last is None:
        return Settled(new, "none" if new is None else "new")
    if new is None:
        return Settled(last, "earlier")
    if replace(new, as_of=last.as_of) == last:
        return Settled(new, "unchanged")
    if any(small_difference(old, new, open_columns=open_columns) for old in before) or narrow([*before, new]):
        return Settled(last, "earlier")
    return Settled(new, "new")


def _distinct(tables: Sequence[Table]) -> list[Table]:
    """Return the tables without those that only repeat the one before."""
    kept: list[Table] = []
    for table in tables:
        if not kept or replace(table, as_of=kept[-1].as_of) != kept[-1]:
            kept.append(table)
    return kept


def small_difference(old: Table, new: Table, *, open_columns: bool = False) -> bool:
    """Return whether any number of a table differs by 1 to T-1 from what an earlier one told of the same people.

    Compared are cells and rows, and columns unless they are open; a line made of several earlier ones with their sum. The
    total of everybody is a headline figure and is never held back.
    """
    smallest = max(old.threshold, new.threshold)
    rows, columns = _of(new.rows, old.rows), _of(new.columns, old.columns)
    pairs: list[tuple[int | None, int | None]] = []
    for i, above in rows.items():
        pairs.append((new.row_totals[i], sum(old.row_totals[at] for at in above)))
        pairs += [(new.cells[i][j], _sum(old, above, left)) for j, left in columns.items()]
    if not open_columns:
        pairs += [(new.column_totals[j], sum(old.column_totals[at] for at in left)) for j, left in columns.items()]
    return any(a is not None and b is not None and 0 < abs(a - b) < smallest for a, b in pairs)


def _of(new: Sequence[Line], old: Sequence[Line]) -> dict[int, list[int]]:
    """Return, for each line, the earlier lines that it is made of; a line of new things alone is made of none."""
    at = {member: number for number, line in enumerate(old) for member in line.members}
    found = {}
    for number, line in enumerate(new):
        parts = sorted({at[member] for member in line.members if member in at})
        if {member for part in parts for member in old[part].members} <= set(line.members):
            found[number] = parts
    return found


def _sum(table: Table, rows: Sequence[int], columns: Sequence[int]) -> int | None:
    values = [table.cells[i][j] for i in rows for j in columns]
    return None if None in values else sum(value for value in values if value is not None)
