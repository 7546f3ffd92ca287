"""Reading a table as it comes: its bytes hashed first, then encoding, delimiter, sheet and header found and said."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from casualty.errors import NotFound, UsageFault

DELIMITERS = ",;\t|"
SAMPLE_BYTES = 1 << 18
HXL_WITHIN = 25
OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1256", "iso8859_6", "cp1253", "cp1255"]
WESTERN = "cp1252"


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
        """Yield each data row as a list of cells, as text, in the file's order; blank lines are passed over."""
        for index, cells in enumerate(_lines(self)):
            if index >= self.first_row and any(cells):
                yield cells


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
    return digest.hexdigest(), size


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Open a CSV (any delimiter, any encoding) or an XLSX file; raise NotFound or UsageFault, saying why."""
    sha256, size = fingerprint(path)
    if size == 0:
        raise UsageFault(f"The file {path.name} is empty.")
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    if sample[:4] == b"PK\x03\x04":
        media, used, delimiter = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "utf-8", ""
    else:
        media, used = "text/csv", encoding or detect_encoding(path, sample)
        delimiter = _delimiter(sample.decode(used, errors="replace"))
    plain = Table(path, sha256, size, media, used, delimiter, [], 0)
    return _with_header(plain)


def _with_header(plain: Table) -> Table:
    top = []
    for cells in _lines(plain):
        top.append(cells)
        if len(top) > HXL_WITHIN:
            break
    if not top:
        raise UsageFault(f"The file {plain.path.name} has no rows.")
    tags = next((i for i, cells in enumerate(top) if _is_tag_row(cells)), None)
    at = tags if tags is not None else next((i for i, cells in enumerate(top) if sum(map(bool, cells)) > 1), 0)
    headers = _unique([cell.strip() for cell in top[at]])
    notes = []
    if plain.encoding == WESTERN or plain.encoding in OTHER_SCRIPTS:
        notes = [f"the file states no encoding; read as {plain.encoding}: look at names, and set `encoding` if letters are odd"]
    return Table(
        plain.path, plain.sha256, plain.bytes, plain.media_type, plain.encoding, plain.delimiter, headers, at + 1,
        tags is not None, notes,
    )  # fmt: skip


def _is_tag_row(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return len(filled) > 1 and all(cell.strip().startswith("#") and cell.strip()[1:2].isalpha() for cell in filled)


def _unique(headers: list[str]) -> list[str]:
    """Number repeated or empty headers, so that every column can be named."""
    seen: dict[str, int] = {}
    names = []
    for position, header in enumerate(headers, start=1):
        name = header or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def detect_encoding(path: Path, sample: bytes) -> str:
    """Return the encoding of a text file: by its byte-order mark, as UTF-8 if it is that throughout, else the likeliest."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
        return "utf-8"
    except UnicodeDecodeError:
        pass
    return _eight_bit(path)


def _eight_bit(path: Path) -> str:
    """Choose between Western letters and another script by the lines that hold letters beyond ASCII.

    Western is the rule: among code pages of one script only a reader who knows the language can tell.
    """
    from charset_normalizer import from_bytes

    with path.open("rb") as file:
        odd = b"".join(line for line, _ in zip((one for one in file if not one.isascii()), range(2000), strict=False))
    found = from_bytes(odd, cp_isolation=[WESTERN, *OTHER_SCRIPTS]).best()
    return found.encoding if found is not None and found.encoding in OTHER_SCRIPTS and found.coherence > 0 else WESTERN


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if not lines:
        return ","
    try:
        return csv.Sniffer().sniff(lines[0], DELIMITERS).delimiter
    except csv.Error:
        return max(DELIMITERS, key=lines[0].count)


def _lines(table: Table) -> Iterator[list[str]]:
    if table.delimiter == "":
        yield from _sheet(table.path)
        return
    try:
        with table.path.open(encoding=table.encoding, newline="") as file:
            yield from csv.reader(file, delimiter=table.delimiter)
    except (UnicodeDecodeError, LookupError) as wrong:
        raise UsageFault(f"The file is not {table.encoding} throughout; name its encoding in the mapping.") from wrong
    except csv.Error as wrong:
        raise UsageFault(f"The file cannot be read as CSV: {wrong}.") from wrong


def _sheet(path: Path) -> Iterator[list[str]]:
    """Yield the rows of the first sheet of a workbook as text, dates in ISO 8601."""
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (openpyxl.utils.exceptions.InvalidFileException, zipfile.BadZipFile, KeyError) as wrong:
        raise UsageFault(f"The file {path.name} is not a workbook that can be read.") from wrong
    try:
        for cells in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in cells]
    finally:
        book.close()


def _text(cell: object) -> str:
    from datetime import datetime, time

    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time(0):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
