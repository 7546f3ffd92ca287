"""SaTScan's data files as rows of words: columns between white space, or a CSV file with a map of its columns."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from casualty.errors import InvalidRecords
from casualty.satscan.parameters import Values

Row = tuple[int, list[str]]
"""The number of a line, from 1, and its words."""

_WORD = r'"([^"]*)"|(\S+)'
_ONE = "oneCount"


class Source(NamedTuple):
    """A data file: the key that names it, where it is, and, for CSV, how its columns are told apart and mapped.

    columns: for each column wanted, its place in the file from 0, None for a count of one; empty: as they stand.
    """

    key: str
    path: Path
    columns: tuple[int | None, ...] = ()
    delimiter: str = ""
    quote: str = '"'
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.key} {self.path.name}"


def source(values: Values, key: str, remarks: list[str]) -> Source | None:
    """The file that a key names, looked for beside the parameter file; None if the key is blank.

    A file that is missing keeps the path as written. Names are found in whatever case, and a path of another machine
    by its last part, with a remark.
    """
    written = values.text(key)
    if not written:
        return None
    path = _found(values.folder, written.replace("\\", "/"), key, remarks)
    values.choice(f"{key}-SourceType", {0: "CSV"}, {1: "a dBase file", 2: "a shapefile"})
    skipped = values.whole(f"{key}-SourceSkip") + values.flag(f"{key}-SourceFirstRowHeader")
    delimiter, quote = values.text(f"{key}-SourceDelimiter"), values.text(f"{key}-SourceGrouper")
    if (len(delimiter) > 1 and delimiter.strip()) or delimiter == quote[:1]:
        mend = "Write one character, unlike the grouper, or leave it blank for white space."
        values.wrong(f"{key}-SourceDelimiter", "is {value}.", mend)
    return Source(key, path, _columns(values, key), delimiter.strip(" \t") and delimiter[:1], quote[:1], skipped)


def _found(folder: Path, written: str, key: str, remarks: list[str]) -> Path:
    path = folder / written
    if path.is_file():
        return path
    name = PurePosixPath(written).name.lower()
    near = [other for other in folder.iterdir() if other.name.lower() == name and other.is_file()]
    if len(near) != 1:
        return path
    remarks.append(f"{key} {written} is not there; {near[0].name} beside the parameter file was read instead.")
    return near[0]


def _columns(values: Values, key: str) -> tuple[int | None, ...]:
    name = f"{key}-SourceFieldMap"
    columns: list[int | None] = []
    for part in filter(None, (part.strip() for part in values.text(name).split(","))):
        if part.isdecimal() and int(part) > 0:
            columns.append(int(part) - 1)
        elif part.lower() == _ONE.lower():
            columns.append(None)
        else:
            values.refuse(name, f"the column {part!r}", "numbers of columns from 1, or oneCount")
    return tuple(columns)


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, in UTF-16 with its mark, or else in the western code page; lines end with \\n."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def rows(file: Source) -> list[Row]:
    """The rows of a file, without blank lines and those that begin with ; or // or a # that stands alone."""
    text = text_of(file.path)
    found = _separated(text, file) if file.delimiter else _spaced(text, file.skipped)
    return [(line, _mapped(words, file.columns)) for line, words in found] if file.columns else found


def _spaced(text: str, skipped: int) -> list[Row]:
    split: Callable[[str], list[str]] = _quoted if '"' in text else str.split
    return [
        (number, words)
        for number, line in enumerate(text.split("\n"), 1)
        if number > skipped and (words := split(line)) and not _is_comment(words[0])
    ]


def _separated(text: str, file: Source) -> list[Row]:
    import csv

    reader = csv.reader(text.split("\n"), delimiter=file.delimiter, quotechar=file.quote)
    try:
        found = [(reader.line_num, [word.strip() for word in words]) for words in reader]
    except csv.Error as wrong:
        raise InvalidRecords("{file} cannot be read: {why}.", values={"file": str(file), "why": str(wrong)}) from wrong
    return [(n, words) for n, words in found if n > file.skipped and any(words) and not _is_comment(words[0])]


def _is_comment(word: str) -> bool:
    return word.startswith((";", "//")) or word == "#"


def _quoted(line: str) -> list[str]:
    return [match[1] if match[2] is None else match[2] for match in re.finditer(_WORD, line)]


def _mapped(words: list[str], columns: tuple[int | None, ...]) -> list[str]:
    """The wanted columns of a row; it ends at the first that the row lacks."""
    mapped = []
    for column in columns:
        if column is not None and column >= len(words):
            break
        mapped.append("1" if column is None else words[column])
    return mapped
