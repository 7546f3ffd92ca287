"""A package as it lies in its folder, read back: what every format, the report and the second run of an analysis start from.

Nothing here opens a database: what the tables do not hold was not given to this recipient.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TextIO

from casualty.errors import NotFound
from casualty.release.records import FILES
from casualty.vocabulary import Tier

RECORDS = "data/04_records"
# A boundary or the answer of an analysis is one cell.
LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True)
class Package:
    """One package: its folder, and the labels of its bag-info.txt."""

    folder: Path
    info: dict[str, str]

    @classmethod
    def at(cls, folder: Path) -> "Package":
        """Open a finished package; NotFound if the folder holds none. It is not verified here: see `release.verify`."""
        file = folder / "bag-info.txt"
        if not file.is_file():
            raise NotFound(f"There is no package at {folder}: it has no bag-info.txt.")
        lines = (line.partition(": ") for line in file.read_text(encoding="utf-8").splitlines())
        return cls(folder, {label: value for label, _, value in lines})

    @property
    def tier(self) -> Tier:
        """At which tier it was made."""
        return Tier(self.info["Tier"])

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table's file, by the table's name in the schema; empty if the package has no such file."""
        with self._opened(name) as lines:
            return next(csv.reader(lines), [])

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a table, column to text; absent is empty. Nothing if the package has no such file."""
        csv.field_size_limit(LONGEST_CELL)
        with self._opened(name) as lines:
            yield from csv.DictReader(lines)

    def holds(self, name: str) -> bool:
        """Return whether the package has a file of this table."""
        return self._file(name).is_file()

    def _file(self, name: str) -> Path:
        return self.folder / RECORDS / f"{FILES[name]}.csv"

    def _opened(self, name: str) -> TextIO:
        file = self._file(name)
        return file.open(encoding="utf-8", newline="") if file.is_file() else StringIO("")
