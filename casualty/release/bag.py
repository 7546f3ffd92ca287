"""A BagIt 1.0 bag (RFC 8493), written file by file with the hash taken while the bytes go out."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
FLUSH_AT = 1 << 20


_QUOTED = re.compile('[,"\r\n]')


class Sheet:
    """One open file of a bag: text in, UTF-8 with newlines as given out, hash and size known at the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._parts: list[str] = []
        self._waiting = 0
        self.size = 0

    def write(self, text: str) -> None:
        """Add text."""
        self._parts.append(text)
        self._waiting += len(text)
        if self._waiting >= FLUSH_AT:
            self._spill()

    def row(self, cells: Iterable[str]) -> None:
        """Add one row of a CSV table (RFC 4180 quoting, ended by a line feed)."""
        self.write(",".join(map(quoted, cells)) + "\n")

    def _spill(self) -> None:
        data = "".join(self._parts).encode()
        self._hash.update(data)
        self._file.write(data)
        self.size += len(data)
        self._parts, self._waiting = [], 0

    def close(self) -> str:
        """Write what remains; return the SHA-256 (hex) of the whole."""
        self._spill()
        self._file.close()
        return self._hash.hexdigest()


class Bag:
    """A bag in the making, in a folder of its own that nobody else reads yet.

    The declaration and the manifests come last, so that a bag broken off half way is not a bag.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._payload: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._bytes = 0

    @contextmanager
    def sheet(self, path: str) -> Iterator[Sheet]:
        """Give a file to write to; a path under `data/` is payload, any other a tag file."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        sheet = Sheet(place.open("xb"))
        try:
            yield sheet
        finally:
            found = sheet.close()
        if path.startswith("data/"):
            self._payload[path] = found
            self._bytes += sheet.size
        else:
            self._tags[path] = found

    def text(self, path: str, text: str) -> None:
        """Add a whole file."""
        with self.sheet(path) as sheet:
            sheet.write(text)

    def table(self, path: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a whole CSV table."""
        with self.sheet(path) as sheet:
            for row in (header, *rows):
                sheet.row(row)

    def finish(self, info: Sequence[tuple[str, Any]]) -> tuple[str, int, int]:
        """Add bag-info, manifests and declaration; return (SHA-256 of the payload manifest, files, payload bytes).

        Values of `info` are folded to one line each; Payload-Oxum is added.
        """
        lines = [(label, " ".join(str(value).split())) for label, value in info]
        lines.append(("Payload-Oxum", f"{self._bytes}.{len(self._payload)}"))
        self.text("bag-info.txt", "".join(f"{label}: {value}\n" for label, value in lines))
        self.text("manifest-sha256.txt", _manifest(self._payload))
        self.text("bagit.txt", DECLARATION)
        self.text("tagmanifest-sha256.txt", _manifest(self._tags))
        return self._tags["manifest-sha256.txt"], len(self._payload), self._bytes


def _manifest(hashes: dict[str, str]) -> str:
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes))


def quoted(text: str) -> str:
    """Return a CSV cell, in quotes where it must be; the same text with every version of Python."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def cell(value: object) -> str:
    """Return a JSON value as the text of one CSV cell: absent is empty, booleans are true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
