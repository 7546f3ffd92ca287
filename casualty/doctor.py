"""Whether a machine and a database are fit for work."""

import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from casualty.errors import CasualtyError


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
    ]
