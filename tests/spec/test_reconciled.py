"""How the rows of the grid stand beside the figure stated: "7 named of 9-11", and nobody is counted twice (R09, R30).

A row is a name, `-` for an unnamed person, or a number for an unnamed group; `x` puts a number of such rows, `:` a harm
other than killed, `<` the row (counted from 1) of the group that a person is part of. The answer: how many are named; the
least and the most described; the least and the most stated and not described (`..` is no end); and how many rows go beyond the
highest figure stated. `?` is unknown.
"""

from datetime import date

import pytest

from app.entry import Read, people
from casualty import figures
from casualty.rules import Range

TODAY = date(2024, 6, 1)


TABLE = """
rows                                   | stated      | named | described | left    | over
                                       | 11          | 0     | 0-0       | 11-11   | 0
                                       | ?           | 0     | 0-0       | ?       | 0
A                                      | ?           | 1     | 1-1       | ?       | 0
A x7                                   | 9-11        | 7     | 7-7       | 2-4     | 0
A x7                                   | 11          | 7     | 7-7       | 4-4     | 0
A x7                                   | at least 9  | 7     | 7-7       | 2-..    | 0
A x7                                   | at most 11  | 7     | 7-7       | 0-4     | 0
A x7                                   | 10 (>= 9)   | 7     | 7-7       | 2-3     | 0
A x7, - x2                             | 9-11        | 7     | 9-9       | 0-2     | 0
A x7, 4                                | 9-11        | 7     | 11-11     | 0-0     | 0
A x7, 2-4                              | 9-11        | 7     | 9-11      | 0-2     | 0
A x7, at least 2                       | 9-11        | 7     | 9-..      | 0-2     | 0
A x7, at most 4                        | 9-11        | 7     | 7-11      | 0-4     | 0
A x7, ?                                | 9-11        | 7     | 7-..      | 0-4     | 0
A x12                                  | 9-11        | 12    | 12-12     | 0-0     | 1
A x12                                  | at least 9  | 12    | 12-12     | 0-..    | 0
A x7, 6-8                              | 9-11        | 7     | 13-15     | 0-0     | 2
8, A <1, A <1, A <1                    | 11          | 3     | 8-8       | 3-3     | 0
8, A <1, A <1, A <1, A                 | 11          | 4     | 9-9       | 2-2     | 0
2, A <1, A <1, A <1                    | 11          | 3     | 3-3       | 8-8     | 0
6-8, A <1, - <1                        | 9-11        | 1     | 6-8       | 1-5     | 0
?, A <1                                | 9-11        | 1     | 1-..      | 0-10    | 0
4, 3, A <2                             | 9-11        | 1     | 7-7       | 2-4     | 0
A:injured                              | 9-11        | 0     | 0-0       | 9-11    | 0
A:missing, A                           | 1           | 1     | 1-1       | 0-0     | 0
8:injured, A                           | 1           | 1     | 1-1       | 0-0     | 0
8, A:injured <1                        | 8           | 0     | 7-7       | 1-1     | 0
A <1                                   | 1           | 1     | 1-1       | 0-0     | 0
0                                      | 0           | 0     | 0-0       | 0-0     | 0
"""  # fmt: skip
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip("\n").splitlines()[1:]]


def typed(cells: str) -> dict[str, object]:
    """Return the form in which these rows are typed."""
    rows: list[dict[str, str]] = []
    boxes: dict[str, object] = {}
    for cell in cells.split(", ") if cells else ():
        said, _, times = cell.partition(" x")
        said, _, group = said.partition(" <")
        said, _, harm = said.partition(":")
        for _ in range(int(times or 1)):
            key = f"row{len(rows) + 1}"
            who = {"name": f"Name {key}"} if said == "A" else {"note": "somebody"} if said == "-" else {"count": said}
            rows.append({"id": key, "harm": harm, **who})
            if group:
                boxes[f"person.{key}.part_of"] = f"row{group}"
    return {"people": rows, **boxes}


def shown(bounds: people.Bounds | None) -> str:
    """Return the least and the most as the table writes them."""
    return "?" if bounds is None else f"{bounds[0]}-{'..' if bounds[1] is None else bounds[1]}"


@pytest.mark.parametrize(("rows", "stated", "named", "described", "left", "over"), ROWS)
def test_rows_beside_the_figure_stated(
    rows: str, stated: str, named: str, described: str, left: str, over: str
) -> None:
    """R09, R30: named, unnamed and groups add up; a person out of a group is inside its number; no end is no end."""
    found = Read()
    figure: Range = figures.read(stated).range
    tally = people.tally(people.victims(typed(rows), TODAY, found), figure)
    assert found.faults == []
    told = (str(tally.named), shown(tally.described), shown(tally.left), str(tally.over))
    assert told == (named, described, left, over)
