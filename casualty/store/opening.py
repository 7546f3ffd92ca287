"""Where a database lies, how a connection to it behaves, and what its refusals are called."""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casualty.errors import CasualtyError, CheckFailed, Fault, InvalidRecords, NotFound, UsageFault
from casualty.filters.spelling import unsigned
from casualty.schema import table

WAIT_SECONDS = 30
CONNECT_SECONDS = 10
SAYS = "The database says: {text}."
PRAGMAS = ("foreign_keys=ON", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY")
_CONSTRAINT = re.compile(r"\b(?:ck|fk|uq|pk)_\w+|\b\w+\.\w+$")


def url_of(target: str | Path) -> sa.URL:
    """Return the database URL of a path (SQLite) or of a URL.

    Raises UsageFault for a kind of database that is not SQLite or PostgreSQL, and for a SQLite URL without a file.
    """
    text = str(target)
    if "://" not in text:
        return sa.URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as wrong:
        raise UsageFault(
            "The database URL cannot be read; write postgresql+psycopg://USER@HOST/NAME, or a path."
        ) from wrong
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise UsageFault(
            "Databases of kind {kind} are not known; use a path or postgresql+psycopg://.",
            values={"kind": url.drivername},
        )
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageFault("A record that ends with the program is no record; name a file.")
    return url


def engine_of(url: sa.URL) -> sa.Engine:
    """Return an engine whose connections keep foreign keys, and whose writers wait for each other for a while."""
    if url.drivername != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
    engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where sqlite3 guesses
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}").close()
            connection.create_function("unsigned", 1, unsigned, deterministic=True)
        except BaseException:
            connection.close()
            raise

    def begun(connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine


def must_exist(url: sa.URL) -> None:
    """Raise NotFound if a SQLite file is not there, so that looking for one never makes one."""
    if url.drivername == "sqlite" and not Path(str(url.database)).is_file():
        raise NotFound(
            "There is no database at {path}; make one with: casualty --db {path} init", values={"path": url.database}
        )


def make_file(url: sa.URL) -> None:
    """Make a new SQLite file that its owner alone may read, in WAL mode; raise UsageFault if it cannot be made."""
    if url.drivername != "sqlite":
        return
    path = Path(str(url.database))
    try:
        if path.is_dir() or (path.exists() and path.stat().st_size):
            raise UsageFault("There is already something at {path}; name another.", values={"path": path})
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        path.chmod(0o600)
    except OSError as wrong:
        raise UsageFault(
            "No database can be made at {path}: {why}.", values={"path": path, "why": wrong.strerror}
        ) from wrong
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def fill(url: sa.URL, tables: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> None:
    """Put rows into a SQLite file as they come: no check and no reference is asked of them."""
    connection = sqlite3.connect(str(url.database))
    try:
        connection.executescript("PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; PRAGMA synchronous=OFF;")
        for name, rows in tables:
            columns = [column.name for column in table(name).columns]
            marks = ", ".join(f":{column}" for column in columns)
            connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)
        connection.commit()
    finally:
        connection.close()


def remove_file(url: sa.URL) -> None:
    """Remove a SQLite file that was not finished, with what SQLite laid beside it."""
    if url.drivername == "sqlite":
        for ending in ("", "-wal", "-shm"):
            Path(f"{url.database}{ending}").unlink(missing_ok=True)


@contextmanager
def read_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection in which all that is read is of one moment."""
    with _told(), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def write_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose work is kept whole or not at all, one writer after the other."""
    with _told(), engine.execution_options(writing=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
        yield connection


@contextmanager
def in_terms() -> Iterator[None]:
    """Turn a value that is no word of its scheme, or no date, into a sentence."""
    try:
        yield
    except UnicodeError:
        raise
    except (LookupError, ValueError) as wrong:
        raise CheckFailed("The database holds a value outside its terms; see: casualty ledger verify") from wrong


@contextmanager
def _told() -> Iterator[None]:
    """Turn what a database refuses into a sentence, without the values that stood in it."""
    try:
        yield
    except sa.exc.DBAPIError as wrong:
        raise _sentence(wrong, str(wrong.orig)) from wrong
    except sqlite3.Error as wrong:
        raise _sentence(wrong, str(wrong)) from wrong
    except sa.exc.TimeoutError as wrong:
        raise CasualtyError("Too many are at work on this database at once. Try again shortly.") from wrong
    except UnicodeDecodeError as wrong:
        raise CheckFailed("The database cannot be read: it is damaged. Restore it from a copy.") from wrong
    except (UnicodeEncodeError, OverflowError) as wrong:
        raise InvalidRecords("A value is no text, or no number, that a database can hold.") from wrong


def _sentence(wrong: Exception, stated: str) -> CasualtyError:
    lines = stated.splitlines() or [type(wrong).__name__]
    text = lines[0].partition(" with text ")[0]
    if isinstance(wrong, sa.exc.IntegrityError):
        named = _CONSTRAINT.search(text)
        mend = "It is there already, perhaps withdrawn." if "unique" in text.lower() else "Mend the value it names."
        return InvalidRecords(
            "The database refused the record.", [Fault(0, named[0] if named else "", SAYS, mend, {"text": text})]
        )
    if isinstance(wrong, sa.exc.DataError):
        return InvalidRecords(
            "The database cannot keep or find this value.", [Fault(0, "", SAYS, "Mend the value.", {"text": text})]
        )
    if "locked" in text or "lock timeout" in text:
        return CasualtyError("Somebody else is writing, perhaps a large batch; nothing was saved. Try again shortly.")
    return CheckFailed("The database cannot be reached, read or written: {why}", values={"why": text})
