"""Whether a machine and a database are fit for work."""

import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from casualty.errors import CasualtyError

if TYPE_CHECKING:
    from casualty.store import Store


@dataclass(frozen=True)
class Finding:
    """One thing looked at, what was found, and how to mend it if it is not well."""

    what: str
    ok: bool
    found: str
    mend: str = ""


def examine(target: str) -> list[Finding]:
    """Return the findings on Python, SQLite, the packages and the database named."""
    findings = [
        Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0], "Install Python 3.11 or newer."),
        Finding(
            "SQLite",
            sqlite3.sqlite_version_info >= (3, 35),
            sqlite3.sqlite_version,
            "Install a newer Python or SQLite.",
        ),
    ]
    findings += [
        _package(name) for name in ("sqlmodel", "alembic", "geopandas", "shapely", "streamlit", "psycopg", "maplibre")
    ]
    return [*findings, *_database(target)]


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "Run: make install")


def _database(target: str) -> list[Finding]:
    from casualty.store import Store

    try:
        store = Store.open(target)
        head = store.head()
        deployment = store.deployment()
    except CasualtyError as told:
        return [Finding("database", False, told.message, "See the command it names.")]
    kind = "a sample: its accounts work on this machine only" if deployment["sample"] else "in use"
    return [
        Finding("database", True, f"{deployment['name']}, {kind}"),
        Finding("ledger", True, f"{head.seq:,} revisions; to check them all: casualty ledger verify"),
        Finding("accounts", True, "yes" if store.has_accounts() else "none yet: writes are signed by your login name"),
        _originals(store),
        *_layers(store),
    ]


def _originals(store: "Store") -> Finding:
    """Say whether every document's file is in the folder of originals, with its hash (R82)."""
    from casualty import evidence

    try:
        found, items = evidence.check(store), evidence.Items.of(store)
    except CasualtyError as told:
        return Finding("originals", False, told.message, "Name the folder, then start the program again.")
    bad = [
        f"document {key}: its file is {what}"
        for what, keys in (("gone", found.missing), ("changed", found.changed))
        for key, _ in keys
    ]
    if bad:
        return Finding("originals", False, "; ".join(bad), "Restore the files from a copy.")
    if items.open_to_others:
        return Finding("originals", False, f"others may look into {items.folder}", f"Run: chmod 700 {items.folder}")
    well = f"{found.documents:,} file{'' if found.documents == 1 else 's'}, each with the hash of its document"
    extra = f"; {len(found.unrecorded):,} in the folder that no document names" if found.unrecorded else ""
    return Finding("originals", True, well + extra)


def _layers(store: "Store") -> list[Finding]:
    """Say which map layers of the deployment's own are found, and which files cannot be read."""
    from casualty import overlays

    try:
        found = overlays.of(store)
    except CasualtyError as told:
        return [Finding("map layers", False, told.message, "Name the folder, then start the program again.")]
    where = f"in {found.folder}" if found.folder else f"as {overlays.VARIABLE} names no folder for them"
    named = ", ".join(f"{layer.title} ({layer.kind})" for layer in found.layers)
    faults = [Finding("map layer", False, f"{fault.field}: {fault.said}", fault.remedy) for fault in found.faults]
    return [Finding("map layers", True, f"{named or 'none'}, {where}"), *faults]
