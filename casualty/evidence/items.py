"""The originals: each file lies under its own hash, is written once, and is never changed or replaced.

The folder belongs to one database. A file comes in under another name, is hashed as its bytes arrive, and takes its place
only when all of it is on the disk. Standards: R81; Berkeley Protocol (2022), chapter VI, on preservation.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from casualty.errors import CheckFailed, Fault, InvalidRecords, UsageFault
from casualty.store import Store, url_of

VARIABLE = "CASUALTY_ITEMS"
LARGEST = 2 * 1024**3
CHUNK = 1024**2
HEAD = 512  # bytes from the beginning, enough to tell what kind of file it is
INCOMING = "incoming"
STALE_SECONDS = 3600  # a file that nothing was written to for so long is not being written any more
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was taken in: its SHA-256 (hex), its length in bytes, and its first bytes."""

    sha256: str
    size: int
    head: bytes


def items_folder(target: str | Path | sa.URL) -> Path:
    """Return the folder of a database's originals: beside a SQLite file, or named by CASUALTY_ITEMS for a server.

    Raises UsageFault if a server's database has none named, or not by a whole path.
    """
    url = target if isinstance(target, sa.URL) else url_of(target)
    if url.drivername == "sqlite":
        database = Path(str(url.database)).absolute()
        return database.with_name(f"{database.name}.items")
    named = Path(os.environ.get(VARIABLE, "").strip() or ".").expanduser()
    if not named.is_absolute():
        raise UsageFault(
            "There is no folder for original files: set {variable} to the whole path of one that is for this database alone.",
            values={"variable": VARIABLE},
        )
    return named


def hash_of(path: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Items:
    """The folder of originals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, store: Store) -> "Items":
        """Return the originals of an open database; raise UsageFault if it has no folder for them."""
        with store.reading() as connection:
            return cls(items_folder(connection.engine.url))

    def path(self, sha256: str) -> Path:
        """Return where the file of a hash lies, or would lie; raise CheckFailed for what is no hash."""
        if not SHA256.fullmatch(sha256):
            raise CheckFailed("The record names a file by something that is no hash; see: casualty ledger verify")
        return self.folder / sha256[:2] / sha256[2:]

    def take(self, data: BinaryIO) -> Taken:
        """Keep what `data` holds from where it stands; nothing reads the bytes before the hash has.

        Raises InvalidRecords for an empty or too large file, CheckFailed if the folder does not take it. Bytes that are
        here already are kept once.
        """
        coming = self.folder / INCOMING / secrets.token_hex(16)
        try:
            self._make(coming.parent)
            self.sweep()
            taken = _copied(data, coming)
            self._settle(coming, taken.sha256)
            return taken
        except OSError as wrong:
            raise CheckFailed(
                "The file cannot be kept in {folder}: {why}. Nothing was recorded.",
                values={"folder": str(self.folder), "why": wrong.strerror or type(wrong).__name__},
            ) from wrong
        finally:
            _drop(coming)

    def _settle(self, coming: Path, sha256: str) -> None:
        """Give a complete file its place, unless its bytes are there."""
        final = self.path(sha256)
        self._make(final.parent)
        if final.exists():
            _must_hold(final, sha256)
            return
        coming.chmod(0o400)
        coming.rename(final)
        _sync(final.parent)
        _sync(self.folder)

    def _make(self, folder: Path) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)

    def original(self, sha256: str) -> Path:
        """Return the path of a file whose bytes are what was kept; raise CheckFailed if it is gone or changed."""
        path = self.path(sha256)
        _must_hold(path, sha256)
        return path

    def holds(self, sha256: str) -> bool:
        """Return whether the file of this hash is there with its bytes."""
        try:
            return hash_of(self.path(sha256)) == sha256
        except OSError:
            return False

    def read(self, sha256: str, most: int) -> bytes:
        """Return the bytes of a file of at most so many, checked; raise CheckFailed, or InvalidRecords if it is longer."""
        path = self.path(sha256)
        if path.is_file() and path.stat().st_size > most:
            raise InvalidRecords(
                "This file cannot be opened here.",
                [Fault(0, "file", "Is larger than {most} megabytes.", "Take the original out instead.", _mb(most))],
            )
        try:
            data = path.read_bytes()
        except OSError as wrong:
            raise _gone(sha256) from wrong
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _changed(sha256)
        return data

    def sweep(self) -> int:
        """Remove what was left half written; return how many files that were."""
        swept = 0
        for path in (self.folder / INCOMING).glob("*"):
            if _age(path) > STALE_SECONDS:
                swept += _drop(path)
        return swept

    def listed(self) -> Iterator[str]:
        """Yield the hash of every file kept, by its name, and the path of what has no business here."""
        for path in sorted(self.folder.glob("*/*")):
            named = path.parent.name + path.name
            if path.parent.name != INCOMING:
                yield named if SHA256.fullmatch(named) else path.relative_to(self.folder).as_posix()

    @property
    def open_to_others(self) -> bool:
        """Whether other accounts of the machine may look into the folder."""
        return os.name == "posix" and self.folder.is_dir() and bool(self.folder.stat().st_mode & 0o077)


def _copied(data: BinaryIO, path: Path) -> Taken:
    digest, size, head = hashlib.sha256(), 0, b""
    with open(path, "xb", opener=partial(os.open, mode=0o600)) as out:
        while part := data.read(CHUNK):
            digest.update(part)
            size += len(part)
            if size > LARGEST:
                mend = "Keep it where it is, and say in the custody note where that is."
                raise _not_kept(Fault(0, "file", "Is larger than {most} megabytes.", mend, _mb(LARGEST)))
            head += part[: HEAD - len(head)] if len(head) < HEAD else b""
            out.write(part)
        if not size:
            raise _not_kept(Fault(0, "file", "Is empty.", "Look whether it was saved, then choose it again."))
        out.flush()
        os.fsync(out.fileno())
    return Taken(digest.hexdigest(), size, head)


def _not_kept(fault: Fault) -> InvalidRecords:
    return InvalidRecords("The file was not kept.", [fault])


def _mb(size: int) -> dict[str, object]:
    return {"most": size // 1024**2}


def _must_hold(path: Path, sha256: str) -> None:
    try:
        held = hash_of(path)
    except OSError as wrong:
        raise _gone(sha256) from wrong
    if held != sha256:
        raise _changed(sha256)


def _gone(sha256: str) -> CheckFailed:
    return CheckFailed("The original {sha256} is not in its folder; restore it from a copy.", values={"sha256": sha256})


def _changed(sha256: str) -> CheckFailed:
    return CheckFailed(
        "The original {sha256} is no longer what was kept: its bytes have changed. Restore it from a copy.",
        values={"sha256": sha256},
    )


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _drop(path: Path) -> bool:
    """Remove a file if it is there and can be removed; one that stays is swept later."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _sync(folder: Path) -> None:
    """See that a new name in a folder is on the disk; systems that cannot open a folder do it by themselves."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
