"""A BagIt 1.0 bag (RFC 8493), written file by file with the hash taken while the bytes go out."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from casualty.errors import CheckFailed, Fault

if TYPE_CHECKING:
    from casualty.release.signing import Signer

INFO, MANIFEST, TAGS = "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"
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

    The declaration and the manifests come last, so that a bag broken off half way is not a bag (`seal`).
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

    def copy(self, path: str, source: Path, sha256: str) -> None:
        """Add the bytes of a file as they are; raise CheckFailed if they are not those of the hash."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with source.open("rb") as read, place.open("xb") as written:
            while part := read.read(FLUSH_AT):
                found.update(part)
                written.write(part)
                self._bytes += len(part)
        if found.hexdigest() != sha256:
            raise CheckFailed(
                "The file of {hash} holds other bytes; see: casualty items check", values={"hash": sha256}
            )
        self._payload[path] = sha256

    def bytes(self, path: str, data: bytes) -> None:
        """Add a whole payload file of bytes."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        self.made(path)

    def hash_of(self, path: str) -> str:
        """Return the SHA-256 (hex) of a payload file written before."""
        return self._payload[path]

    def made(self, path: str) -> None:
        """Add a payload file that another library has written into the folder."""
        with (self.folder / path).open("rb") as file:
            self._payload[path] = hashlib.file_digest(file, "sha256").hexdigest()
            self._bytes += file.tell()

    def table(self, path: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a whole CSV table."""
        with self.sheet(path) as sheet:
            for row in (header, *rows):
                sheet.row(row)

    def close(self, info: Sequence[tuple[str, Any]]) -> tuple[str, int, int]:
        """Add bag-info and the manifest of the payload; return (its SHA-256, files, payload bytes).

        Values of `info` are folded to one line each; Payload-Oxum is added. It is no bag yet: `seal` makes it one.
        """
        lines = [(label, " ".join(str(value).split())) for label, value in info]
        lines.append(("Payload-Oxum", f"{self._bytes}.{len(self._payload)}"))
        self.text(INFO, "".join(f"{label}: {value}\n" for label, value in lines))
        self.text(MANIFEST, _manifest(self._payload))
        return self._tags[MANIFEST], len(self._payload), self._bytes


def seal(folder: Path, manifest: str, more: Sequence[tuple[str, str]], signer: "Signer") -> None:
    """Make a closed folder a bag: every file is hashed again, `more` is added to bag-info, and all of it is signed.

    manifest: SHA-256 of the payload manifest as it was closed. The declaration comes last but for the signature. Raises
    CheckFailed with every file that is not as it was written.
    """
    must_be_whole(folder, manifest)
    told = dict(more) | {"Signing-Key": signer.public}
    lines = [
        f"{label}: {value}" for label, value in info_of(folder).items() if label not in told
    ]  # sealed anew after a break
    lines += [f"{label}: {' '.join(value.split())}" for label, value in told.items()]
    (folder / INFO).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    (folder / "bagit.txt").write_text(DECLARATION, encoding="utf-8", newline="\n")
    tags = {name: _hash(folder / name) for name in ("bagit.txt", INFO, MANIFEST, "verify.py")}
    listed = _manifest(tags).encode()
    (folder / f"{TAGS}.minisig").write_text(signer.sign(listed, f"manifest:{manifest}"), encoding="utf-8", newline="\n")
    (folder / TAGS).write_bytes(listed)


def info_of(folder: Path) -> dict[str, str]:
    """Return the labels of a folder's bag-info.txt."""
    lines = (folder / INFO).read_text(encoding="utf-8").splitlines()
    return {label: value for label, _, value in (line.partition(": ") for line in lines)}


def must_be_whole(folder: Path, manifest: str) -> None:
    """Return if every payload file is as it was closed; raise CheckFailed, naming each that is not."""
    lines = (line.partition("  ") for line in (folder / MANIFEST).read_text(encoding="utf-8").splitlines())
    listed = {path: digest for digest, _, path in lines}
    there = {path.relative_to(folder).as_posix() for path in (folder / "data").rglob("*") if path.is_file()}
    wrong = sorted(there ^ set(listed)) + [
        name for name in sorted(there & set(listed)) if _hash(folder / name) != listed[name]
    ]
    if _hash(folder / MANIFEST) != manifest:
        wrong.insert(0, MANIFEST)
    if wrong:
        faults = [Fault(0, name, "Is not as it was shown.", "Ask for the package anew.") for name in wrong]
        raise CheckFailed("The package was changed after it was asked for; nothing left.", faults)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
