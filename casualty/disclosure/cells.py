"""Tables of numbers of people by two attributes, with small cells suppressed so that sums do not give them back.

A cell of 1 to T-1 people is suppressed, and others with it until linear programming (`bounds`) finds that every suppressed
cell could be anything from 0 to 2T. Margins are never changed: where a line holds too few people for that, it is joined with
others, and says so. A table that cannot be protected is not made. Standards: R29, R66, R67, R70.

A large cell is shown even if its people died in one incident: a massacre is a fact about an event, not about a person,
and the event stands in the list of incidents with its number. Who was a victim of it is what is not told.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casualty.disclosure.bounds import narrow
from casualty.disclosure.published import Line, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grid = NDArray[Any]

MOST_HIDDEN = 0.5  # of the cells; beyond it the table says more with fewer lines
MOST_LINES = 80


def protect(
    name: str, counts: Mapping[tuple[str, str], int], threshold: int, *, like: Table | None = None, as_of: str = ""
) -> Table | None:
    """Return the table of these counts, or None if no table of them is safe that says more than its margins.

    counts: people by (row, column); what is not in it is 0. like: an earlier table of the same name: what was joined there
    stays joined, what was suppressed there stays suppressed.
    """
    rows, columns = (_lines(counts, axis, like, 2 * threshold) for axis in (0, 1))
    while len(rows) > 1 and len(columns) > 1:
        grid = _grid(counts, rows, columns)
        hidden = _hide(grid, threshold, _inherited(rows, columns, like))
        if hidden is not None:
            return _table(name, rows, columns, grid, hidden, threshold, as_of)
        rows, columns = _fewer(grid, rows, columns, threshold)
    return None


def _table(
    name: str, rows: list[Line], columns: list[Line], grid: "Grid", hidden: "Grid", threshold: int, as_of: str
) -> Table:
    cells = tuple(
        tuple(None if hide else int(value) for value, hide in zip(values, hides, strict=True))
        for values, hides in zip(grid, hidden, strict=True)
    )
    row_totals, column_totals = (tuple(int(value) for value in grid.sum(axis=axis)) for axis in (1, 0))
    return Table(name, tuple(rows), tuple(columns), cells, row_totals, column_totals, threshold, as_of)


# Lines ---------------------------------------------------------------------------------------------------------------


def _lines(counts: Mapping[tuple[str, str], int], axis: int, like: Table | None, least: int) -> list[Line]:
    """Return the lines of one axis: those of the earlier table, and each new thing, joined until each holds `least` people."""
    held = {pair[axis] for pair, value in counts.items() if value > 0}
    lines: list[Line] = []
    if like is not None:
        lines = [Line(line.members) for line in (like.rows, like.columns)[axis]]
    known = {member for line in lines for member in line.members}
    lines += [Line((member,)) for member in sorted(held - known)]
    totals = [sum(v for pair, v in counts.items() if pair[axis] in line.members) for line in lines]
    return _joined(lines, totals, least)


def _joined(lines: list[Line], totals: Sequence[int], least: int) -> list[Line]:
    """Join the smallest lines into one until no line holds fewer than `least` people, and no more than MOST_LINES are left.

    One pool is made of all that are too small; if it is too small itself, the next smallest comes in.
    """
    order = sorted(range(len(lines)), key=lambda at: (totals[at], lines[at].members))
    count = max(sum(total < least for total in totals), len(lines) - MOST_LINES, 0)
    while 0 < count < len(order) and sum(totals[at] for at in order[:count]) < least:
        count += 1
    return _pooled(lines, order[:count]) if count else lines


def _pooled(lines: list[Line], chosen: Sequence[int]) -> list[Line]:
    pool = Line(tuple(sorted(member for at in chosen for member in lines[at].members)))
    return [*(line for at, line in enumerate(lines) if at not in chosen), pool]


def _fewer(grid: "Grid", rows: list[Line], columns: list[Line], threshold: int) -> tuple[list[Line], list[Line]]:
    """Join two rows or two columns: the smallest that holds a small cell, and the smallest other.

    Of the two ways the one that leaves fewer small cells, then the one that leaves more cells; no axis is left with one
    line while the other has more than two.
    """
    import numpy as np

    ways = []
    for axis, lines in ((0, rows), (1, columns)):
        table = grid if axis == 0 else grid.T
        small = np.any((table > 0) & (table < threshold), axis=1)
        order = sorted(range(len(lines)), key=lambda at: (not small[at], int(table[at].sum())))
        second = min(order[1:], key=lambda at: int(table[at].sum()))
        pair = [order[0], second]
        after = np.vstack([np.delete(table, pair, axis=0), table[pair].sum(axis=0)])
        left = int(((after > 0) & (after < threshold)).sum())
        ways.append((len(lines) <= 2, left, -after.size, axis, _pooled(lines, pair)))
    _, _, _, axis, joined = min(ways, key=lambda way: way[:4])
    return (joined, columns) if axis == 0 else (rows, joined)


def _grid(counts: Mapping[tuple[str, str], int], rows: list[Line], columns: list[Line]) -> "Grid":
    import numpy as np

    at_row = {member: at for at, line in enumerate(rows) for member in line.members}
    at_column = {member: at for at, line in enumerate(columns) for member in line.members}
    grid = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for (row, column), value in counts.items():
        if value > 0:
            grid[at_row[row], at_column[column]] += value
    return grid


# Cells ---------------------------------------------------------------------------------------------------------------


def _inherited(rows: list[Line], columns: list[Line], like: Table | None) -> set[tuple[int, int]]:
    """Return the cells that were suppressed in the earlier table and are there still."""
    if like is None:
        return set()
    at_row = {line.members: at for at, line in enumerate(rows)}
    at_column = {line.members: at for at, line in enumerate(columns)}
    return {
        (at_row[like.rows[i].members], at_column[like.columns[j].members])
        for i, values in enumerate(like.cells)
        for j, value in enumerate(values)
        if value is None and like.rows[i].members in at_row and like.columns[j].members in at_column
    }


def _hide(grid: "Grid", threshold: int, inherited: set[tuple[int, int]]) -> "Grid | None":
    """Return which cells to suppress, or None if no choice tried protects them all.

    Small ones first; then one more in a line that would give them back, or beside the cell whose interval is too narrow.
    """
    hidden = (grid > 0) & (grid < threshold)
    for cell in inherited:
        hidden[cell] = True
    while hidden.any():
        weak = _weak_line(grid, hidden, threshold) or _weak_cell(grid, hidden, threshold)
        if weak is None:
            return hidden
        more = _another(grid, hidden, weak)
        if more is None:
            return None
        hidden[more] = True
        if hidden.mean() > MOST_HIDDEN and hidden.sum() > 4:
            return None
    return hidden


Weak = tuple[int | None, int | None]


def _weak_line(grid: "Grid", hidden: "Grid", threshold: int) -> Weak | None:
    """Return a row, or a column, whose suppressed cells are one, or hold together fewer than twice the threshold."""
    for axis in (0, 1):
        count, held = hidden.sum(axis=1 - axis), (grid * hidden).sum(axis=1 - axis)
        for at in range(len(count)):
            if count[at] and (count[at] < 2 or held[at] < 2 * threshold):
                return (at, None) if axis == 0 else (None, at)
    return None


def _weak_cell(grid: "Grid", hidden: "Grid", threshold: int) -> Weak | None:
    rows, columns = ([Line((str(at),)) for at in range(size)] for size in grid.shape)
    found = narrow([_table("", rows, columns, grid, hidden, threshold, "")])
    return (found[0].row, found[0].column) if found else None


def _another(grid: "Grid", hidden: "Grid", weak: Weak) -> tuple[int, int] | None:
    """Return the cell of the weak lines that is best suppressed too: one in lines already touched, then the smallest."""
    row, column = weak
    places = [(row, at) for at in range(grid.shape[1])] if row is not None else []
    places += [(at, column) for at in range(grid.shape[0])] if column is not None else []
    free = [place for place in places if not hidden[place]]

    def cost(place: tuple[int, int]) -> tuple[bool, int, int, tuple[int, int]]:
        touched = int(hidden[place[0]].any()) + int(hidden[:, place[1]].any())
        return bool(grid[place] == 0), -touched, int(grid[place]), place

    return min(free, key=cost) if free else None
