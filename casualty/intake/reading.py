"""Reading a table as it comes: its bytes hashed first, then encoding, delimiter, sheet and header found and said."""

import csv
import hashlib
import io
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO

from casualty.bodies import unstorable
from casualty.errors import NotFound, UsageFault

DELIMITERS = ",;\t|"
SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 25
HXL_WITHIN = 25
LONGEST_CELL = 1 << 20
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1256", "iso8859_6", "cp1253", "cp1255"]
WESTERN = "cp1252"
SHEET_ROWS = 500
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Table:
    """An opened table: how it was read, its columns in order, and its rows to be read again from the file.

    `headers` are the names a mapping uses: HXL tags where the table has them, else the header line.
    """

    path: Path
    sha256: str
    bytes: int
    media_type: str
    encoding: str
    delimiter: str
    headers: list[str]
    first_row: int
    tagged: bool = False
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[list[str]]:
        """Yield each data row as a list of cells, as text, in the file's order; blank lines are passed over.

        A sheet leaves out empty cells at the end of a row; a delimited file does not, so there a short row is told.
        """
        width = len(self.headers) if self.delimiter == "" else 0
        for cells in islice(_lines(self), self.first_row, None):
            if any(map(str.strip, cells)):
                yield cells + [""] * (width - len(cells))


def readable(name: str) -> str:
    """Return a name that can be kept: bytes of a file's name that are no text become question marks."""
    return name.encode("utf-8", "replace").decode()


def fingerprint(path: Path) -> tuple[str, int]:
    """Return the SHA-256 (hex) and the size in bytes of a file, before anything else reads it."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except FileNotFoundError as wrong:
        raise NotFound(f"There is no file {path}.") from wrong
    except OSError as wrong:
        raise UsageFault(f"The file {path} cannot be read: {wrong.strerror}.") from wrong
    if size == 0:
        raise UsageFault(f"The file {path.name} is empty.")
    return digest.hexdigest(), size


def open_table(path: Path, encoding: str = "") -> Table:
    """Open a CSV (any delimiter, any encoding) or an XLSX file; raise NotFound or UsageFault, saying why."""
    sha256, size = fingerprint(path)
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if sample.startswith(b"PK\x03\x04"):
        return _with_header(Table(path, sha256, size, WORKBOOK, "utf-8", "", [], 0))
    if sample.startswith(b"\xd0\xcf\x11\xe0"):
        raise UsageFault(
            f"The file {path.name} is a workbook of the old kind, or locked; save it as .xlsx without a password."
        )
    used = encoding or detect_encoding(path, sample)
    try:
        text = sample.decode(used, errors="replace")
    except LookupError as wrong:
        raise UsageFault(f"{used} is not an encoding; write for example utf-8, cp1252, cp1256 or utf-16.") from wrong
    return _with_header(Table(path, sha256, size, "text/csv", used, _delimiter(text), [], 0))


def _with_header(plain: Table) -> Table:
    top = list(islice(_lines(plain), HXL_WITHIN + 1))
    if not top:
        raise UsageFault(f"The file {plain.path.name} has no rows.")
    tags = next((i for i, cells in enumerate(top) if _is_tag_row(cells)), None)
    at = tags if tags is not None else next((i for i, cells in enumerate(top) if sum(map(bool, cells)) > 1), 0)
    headers = _unique([cell.strip() for cell in top[at]])
    if unstorable("".join(headers)):
        raise UsageFault(
            f"The header of {plain.path.name} holds characters that cannot be kept (NUL); save the file again as text."
        )
    guessed = plain.encoding in (WESTERN, *OTHER_SCRIPTS)
    note = (
        f"the file states no encoding; read as {plain.encoding}: look at names, and set `encoding` if letters are odd"
    )
    return replace(plain, headers=headers, first_row=at + 1, tagged=tags is not None, notes=[note] if guessed else [])


def _is_tag_row(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and all(cell.strip().startswith("#") and cell.strip()[1:2].isalpha() for cell in filled)


def _unique(headers: list[str]) -> list[str]:
    """Number repeated or empty headers, so that every column can be named."""
    names: list[str] = []
    for position, header in enumerate(headers, start=1):
        name = header or f"column {position}"
        number = 1
        while name in names:
            number += 1
            name = f"{header or 'column'} ({number})"
        names.append(name)
    return names


def detect_encoding(path: Path, sample: bytes) -> str:
    """Return the encoding of a text file: by its byte-order mark, as UTF-8 if it is that throughout, else the likeliest."""
    for mark, name in MARKS.items():
        if sample.startswith(mark):
            return name
    first, second = sample[::2].count(0), sample[1::2].count(0)
    if max(first, second) > max(4, len(sample) / 50) and min(first, second) < max(first, second) / 10:
        return "utf-16-be" if first > second else "utf-16-le"
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
        return "utf-8"
    except UnicodeDecodeError:
        return _eight_bit(path)


def _eight_bit(path: Path) -> str:
    """Choose between Western letters and another script by the lines that hold letters beyond ASCII.

    Western is the rule: among code pages of one script only a reader who knows the language can tell.
    """
    from charset_normalizer import from_bytes

    with path.open("rb") as file:
        odd = b"".join(islice((line for line in file if not line.isascii()), 2000))
    found = from_bytes(odd, cp_isolation=[WESTERN, *OTHER_SCRIPTS]).best()
    return found.encoding if found is not None and found.encoding in OTHER_SCRIPTS and found.coherence > 0 else WESTERN


def _delimiter(text: str) -> str:
    """Return the delimiter by which the first lines fall most evenly into the most cells."""

    def evenness(delimiter: str) -> int:
        csv.field_size_limit(LONGEST_CELL)
        rows = islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), SAMPLE_LINES)
        return max(((width - 1) * times for width, times in Counter(map(len, rows)).items()), default=0)

    return max(DELIMITERS, key=evenness)


def _lines(table: Table) -> Iterator[list[str]]:
    if table.delimiter == "":
        yield from _sheet(table.path)
        return
    try:
        with table.path.open(encoding=table.encoding, newline="") as file:
            yield from _records(file, table.delimiter)
    except UnicodeError as wrong:
        raise UsageFault(f"The file is not {table.encoding} throughout; name its encoding in the mapping.") from wrong


def _records(file: io.TextIOBase, delimiter: str) -> Iterator[list[str]]:
    """Yield rows; one whose quotes do not close as they should comes as a single cell that says where it stands.

    Read without this strictness, a stray quote joins rows into one and nobody is told.
    """
    # Long enough for outlines and press texts, short enough that one stray quote does not swallow a whole file. Set
    # here and not once: the limit is the process's, and the check of a package sets another.
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    read = 0
    while True:
        try:
            for cells in reader:
                read = reader.line_num
                yield cells
            return
        except csv.Error as wrong:
            yield [f"lines {read + 1} to {reader.line_num} of the file: {wrong}"]
            read = reader.line_num


def _sheet(path: Path) -> Iterator[list[str]]:
    """Yield the rows of the first sheet of a workbook as text, dates in ISO 8601."""
    import zipfile
    from xml.etree.ElementTree import ParseError

    import openpyxl

    wrongs = (
        openpyxl.utils.exceptions.InvalidFileException,
        zipfile.BadZipFile,
        ParseError,
        LookupError,
        ValueError,
        OSError,
    )
    try:
        with path.open("rb") as file:
            rows = _quietly(file)
            while chunk := next(rows):
                yield from chunk
    except wrongs as wrong:
        raise UsageFault(f"The file {path.name} is not a workbook that can be read.") from wrong


def _quietly(file: IO[bytes]) -> Iterator[list[list[str]]]:
    """Yield a sheet's rows, a few hundred at a time, the last time none; styles that the reader does not know are no news."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sheet = openpyxl.load_workbook(file, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()  # some programs write a wrong extent, and cells beyond it would not be read
    rows = sheet.iter_rows(values_only=True)
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chunk = [[_text(cell) for cell in cells] for cells in islice(rows, SHEET_ROWS)]
        yield chunk


def _text(cell: object) -> str:
    from datetime import datetime, time

    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time(0):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
