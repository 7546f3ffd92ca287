"""A table of numbers of people as it is published: what is suppressed in it is not in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column of a table: what it stands for, one thing or several that were joined."""

    members: tuple[str, ...]

    @property
    def label(self) -> str:
        """Return what is written at its head."""
        return self.members[0] if len(self.members) == 1 else f"together: {'; '.join(self.members)}"


@dataclass(frozen=True)
class Table:
    """A table as it is published: numbers of people, None where suppressed; `as_of` is the day of the record it tells.

    `apart` are people of whom too little is known for any cell; they are in the total and in no line.
    """

    name: str
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int, ...]
    column_totals: tuple[int, ...]
    threshold: int
    as_of: str = ""
    apart: int = 0

    @property
    def total(self) -> int:
        """Return how many people it tells of."""
        return sum(self.row_totals) + self.apart

    @property
    def suppressed(self) -> int:
        """Return how many of its cells are suppressed."""
        return sum(value is None for row in self.cells for value in row)

    def as_json(self) -> dict[str, Any]:
        """Return the table as it is kept for the check of the next one: nothing that is not published."""
        return {
            "name": self.name,
            "as_of": self.as_of,
            "threshold": self.threshold,
            "rows": [list(line.members) for line in self.rows],
            "columns": [list(line.members) for line in self.columns],
            "cells": [[SUPPRESSED if value is None else value for value in row] for row in self.cells],
            "row_totals": list(self.row_totals),
            "column_totals": list(self.column_totals),
            "apart": self.apart,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Table":
        """Return a table that was kept by `as_json`."""
        return cls(
            kept["name"],
            tuple(Line(tuple(members)) for members in kept["rows"]),
            tuple(Line(tuple(members)) for members in kept["columns"]),
            tuple(tuple(None if value == SUPPRESSED else int(value) for value in row) for row in kept["cells"]),
            tuple(kept["row_totals"]),
            tuple(kept["column_totals"]),
            kept["threshold"],
            kept["as_of"],
            kept["apart"],
        )
