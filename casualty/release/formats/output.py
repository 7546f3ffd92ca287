"""What a conversion writes: files in a folder that appears whole, each explained in a data dictionary beside it."""

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from casualty.errors import UsageFault
from casualty.release.bag import Sheet
from casualty.release.formats.tables import Column, numeric
from casualty.release.package import Package
from casualty.vocabulary import Tier

# What a spreadsheet computes, after the spaces, quotes and marks that it passes over; full-width signs among them.
_COMPUTED = re.compile("[\\s'\"\u200b\u200e\u200f\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r\\n]")
# A semicolon or a tab divides cells where a spreadsheet's language says so; in quotes they do not.
_QUOTED = re.compile('[,;\t"\r\n]')
DICTIONARY = (
    Column("file", "File in this folder."),
    Column("column", "Column of it."),
    Column("meaning", "What it means."),
    Column("type", "Kind of its values."),
    Column("source_field", "Field of the package it comes from."),
)
LOSSES = (
    Column("kind", "empty: the column is not filled; left_out: the record holds it and the format has no place for it;"
           " changed: the record is held otherwise than its source states."),
    Column("column", "Column of the format, or field of the record."),
    Column("reason", "Why."),
    Column("rows", "In how many rows; of a field left out, how many hold it.", "whole number"),
)  # fmt: skip
EMPTY, LEFT_OUT, CHANGED = "empty", "left_out", "changed"


@dataclass
class Losses:
    """What a format could not be given or could not carry, counted as the rows go by."""

    counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, kind: str, column: str, reason: str) -> None:
        """Count one row."""
        self.counted[kind, column, reason] += 1

    def rows(self) -> list[list[str]]:
        """Return the report, in the order of LOSSES."""
        return [[*key, str(number)] for key, number in sorted(self.counted.items())]


def guarded(cell: str) -> str:
    """Return a text that no spreadsheet computes: with an apostrophe before it where one would (R98)."""
    return f"'{cell}" if _COMPUTED.match(cell) else cell


def quoted(cell: str) -> str:
    """Return a cell of CSV, in quotes where a reader of any language could divide it."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be asked for beside the format: a byte order mark, a file of population, years of the table of rates."""

    bom: bool = False
    population: Path | None = None
    years: tuple[int, ...] = ()


class Output:
    """A folder in the making: tables, their dictionary, and notes for the README.

    `guards`: text that a spreadsheet would compute is made plain text, in the public and the partner tier only; evidence stays as it is.
    """

    def __init__(self, folder: Path, package: Package, *, bom: bool = False) -> None:
        self.folder = folder
        self.package = package
        self.bom = bom
        self.guards = package.tier in (Tier.PUBLIC, Tier.PARTNER)
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}
        self._dictionary: list[list[str]] = []

    def place(self, name: str) -> Path:
        """Return where a file goes, in a folder that is there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def describe(self, file: str, columns: Sequence[Column], rows: int) -> None:
        """Enter a file into the dictionary, and how many rows it has into the README."""
        self.counts[file] = rows
        self._dictionary += [[file, c.name, c.meaning, c.kind, c.source] for c in columns]

    def table(
        self, file: str, columns: Sequence[Column], rows: Iterable[Sequence[str]], tags: Sequence[str] = ()
    ) -> None:
        """Write a table as CSV (UTF-8, RFC 4180 quoting, line feeds), `tags` below its header, and describe it."""
        count = 0
        with self._opened(file) as sheet:
            sheet.write("\ufeff" if self.bom else "")
            for line in ([column.name for column in columns], tags):
                if line:
                    sheet.write(",".join(map(quoted, line)) + "\n")
            for cells in rows:
                sheet.write(",".join(map(quoted, self._safe(columns, cells))) + "\n")
                count += 1
        self.describe(file, columns, count)

    def _safe(self, columns: Sequence[Column], cells: Sequence[str]) -> Iterable[str]:
        if not self.guards:
            return cells
        return [cell if numeric(column, cell) else guarded(cell) for column, cell in zip(columns, cells, strict=True)]

    @contextmanager
    def _opened(self, file: str) -> Iterator[Sheet]:
        sheet = Sheet(self.place(file).open("xb"))
        try:
            yield sheet
        finally:
            sheet.close()

    def text(self, file: str, parts: Iterable[str]) -> None:
        """Write a text piece by piece."""
        with self._opened(file) as sheet:
            for part in parts:
                sheet.write(part)

    def losses(self, losses: Losses) -> None:
        """Write the report of what was lost."""
        self.table("lossiness.csv", LOSSES, losses.rows())

    def finish(self, wanted: str, told: str, earlier: Package | None) -> None:
        """Write the dictionary and the README: which package this is made of, what is in it, what binds its reader."""
        self.table("dictionary.csv", DICTIONARY, list(self._dictionary))
        self.text("README.txt", [_readme(self, wanted, told, earlier)])


def manifest_of(package: Package) -> str:
    """Return the SHA-256 of a package's manifest, by which its sender knows it."""
    return hashlib.sha256((package.folder / "manifest-sha256.txt").read_bytes()).hexdigest()


def _of(package: Package) -> str:
    info = package.info
    return (
        f"  Release:   {info.get('External-Identifier', '')}\n  Manifest:  SHA-256 {manifest_of(package)}\n"
        f"  From:      {info.get('Source-Organization', '')}\n  As of:     {info.get('Bagging-Date', '')}\n"
        f"  Tier:      {package.tier.value}\n"
    )


README = """{told}

Made of this package, and of nothing else:
{package}  To:        {recipient}
  Basis:     {basis}
{earlier}
These are documented cases, not all deaths. What was not reported, or not found, is not here; a place or time without
records is one without data, not one without harm. Every involvement is an allegation. An empty cell means that no value is
held; `suppressed` means that a value is kept back because the number is small. Only the status `verified` means that a
standard of proof is met.

The conditions of the package bind every reader of these files too. They are not evidence: the package is.

Files (rows):
{files}
{notes}
What every column means stands in dictionary.csv.
"""


def _readme(output: Output, wanted: str, told: str, earlier: Package | None) -> str:
    info = output.package.info
    return README.format(
        told=f"{wanted.upper()}: {told}",
        package=_of(output.package),
        recipient=info.get("Recipient", ""),
        basis=info.get("Basis", ""),
        earlier=f"\nCompared in changes.csv with the earlier package:\n{_of(earlier)}" if earlier else "",
        files="\n".join(f"  {file}: {count:,}" for file, count in output.counts.items()),
        notes="".join(f"\n{note}\n" for note in output.notes),
    )


@contextmanager
def placed(out: Path) -> Iterator[Path]:
    """Give a folder beside `out` that becomes it when all is written, and is removed if anything fails.

    Raises UsageFault where `out` is no folder or is not empty: nothing is ever overwritten.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UsageFault(f"{out} is not a folder; name a new one.")
    if out.exists() and any(out.iterdir()):
        raise UsageFault(f"{out} is not empty; nothing is overwritten. Name a new folder.")
    folder = out.parent / f".{out.name}.unfinished"
    if folder.exists():  # left by a conversion that was killed
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
        if out.exists():
            out.rmdir()
        folder.rename(out)
    finally:
        if folder.exists():
            shutil.rmtree(folder)
