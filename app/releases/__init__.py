"""Packages as the pages know them: whose they are to ask for, where they are written, and where one that left lies."""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from casualty import access
from casualty.access import Acting
from casualty.errors import NotFound, Refused, UsageFault
from casualty.release import approving
from casualty.schema import table
from casualty.store import Store

VARIABLE = "CASUALTY_RELEASES"
MANIFEST, DECLARATION = "manifest-sha256.txt", "bagit.txt"
NOT_YOURS = (
    "Packages are asked for by analysts and custodians, and granted by custodians. Your role ({role}) does neither."
)
UNFINISHED = ".*.unfinished"
STALE_SECONDS = 3600  # what nothing was written to for so long is not being written any more


def alone(store: Store) -> bool:
    """Return whether the record is kept by one person, so that nobody else could grant a package."""
    return not approving.second_person(store)


def permit_page(store: Store, by: Acting) -> None:
    """Return if this person has to do with packages at all; raise Refused."""
    access.permit_whole(store.situations_of(by))
    actions = ("ask_release", "release_alone") if alone(store) else ("ask_release",)
    if not by.local and not any(by.role in access.PERMITTED[action] for action in actions):
        raise Refused(NOT_YOURS, values={"role": by.role})


def permit_asking(store: Store, by: Acting) -> None:
    """Return if this person may have a package written; raise Refused."""
    access.permit(by, "release_alone" if alone(store) else "ask_release")


def permit_taking(store: Store, by: Acting) -> None:
    """Return if this person may take a package that left, to send it on its way; raise Refused."""
    access.permit_whole(store.situations_of(by))
    access.permit(by, "release_alone" if alone(store) else "release")


def folder(store: Store) -> Path:
    """Return where the pages write packages: beside a SQLite file, or the folder named by CASUALTY_RELEASES for a server.

    Raises UsageFault if a server's database has none named, or not by a whole path.
    """
    with store.reading() as connection:
        url = connection.engine.url
    if url.drivername == "sqlite":
        database = Path(str(url.database)).absolute()
        return database.with_name(f"{database.name}.releases")
    named = Path(os.environ.get(VARIABLE, "").strip() or ".").expanduser()
    if not named.is_absolute():
        raise UsageFault(
            "There is no folder for packages: set {variable} to the whole path of one, or ask on the command line: "
            "casualty release request",
            values={"variable": VARIABLE},
        )
    return named


def taken(store: Store, tier: str) -> Path:
    """Take the next free number of this tier and return the empty folder that is to be the package.

    Raises UsageFault where nothing can be written.
    """
    into = folder(store)
    try:
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(into)
        return next(place for number in count(1) if _made(place := into / f"{tier}-{number}"))
    except OSError as wrong:
        why = str(wrong.strerror)
        raise UsageFault("The folder for packages cannot be written to: {why}.", values={"why": why}) from wrong


def given_back(place: Path) -> None:
    """Let a number go of which no package came; what is not empty stays."""
    with suppress(OSError):
        place.rmdir()


def underway(place: Path) -> tuple[int, int]:
    """Return how many files, and how many bytes, of a package that is being written are there already."""
    # It is written beside its place, and renamed at the end.
    parts = (place.parent / f".{name}.unfinished" for name in (place.name, approving.shown_at(place).name))
    sizes = [length for part in parts for length, _ in _written(part)]
    return len(sizes), sum(sizes)


def lies_at(store: Store, release_id: str) -> Path:
    """Return the folder of a package that left, known by the hash of its manifest.

    Raises NotFound if there is no such release, or its package does not lie on this machine.
    """
    release, request = table("release"), table("release_request")
    chosen = sa.select(release.c.manifest_sha256, request.c.place).where(release.c.id == release_id)
    found = store.rows(chosen.join_from(release, request, request.c.id == release.c.request_id, isouter=True))
    if not found:
        raise NotFound("There is no release {key}.", values={"key": release_id})
    for place in _places(store, found[0].place):
        manifest = place / MANIFEST
        if (place / DECLARATION).is_file() and manifest.is_file() and _sha256(manifest) == found[0].manifest_sha256:
            return place
    raise NotFound("This package does not lie on this machine. Look for it where it was written.")


def _made(place: Path) -> bool:
    """Make a folder, and return whether nobody had made it before."""
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _places(store: Store, asked_for: str | None) -> Iterator[Path]:
    if asked_for:
        yield Path(asked_for)
    with suppress(UsageFault):  # a server's database for which no folder is named: only what was asked for has a place
        yield from sorted(folder(store).glob("[!.]*"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _written(part: Path) -> Iterator[tuple[int, float]]:
    """Yield length and time of every file in a folder that somebody may be writing to, or of the file itself."""
    for path in (part, *part.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file():
                found = path.stat()
                yield found.st_size, found.st_mtime


def _sweep(into: Path) -> None:
    """Remove what a server that was killed left half written."""
    for part in into.glob(UNFINISHED):
        last = max((moment for _, moment in _written(part)), default=part.stat().st_mtime)
        if last < time.time() - STALE_SECONDS:
            part.unlink() if part.is_file() else shutil.rmtree(part)
