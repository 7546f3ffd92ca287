"""What can be opened and what can be made; everything else is told in words, and left as it was."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import PASSWORD

from casualty.errors import CheckFailed, InvalidRecords, NotFound, UsageFault
from casualty.migrating import HEAD
from casualty.schema import table
from casualty.store import Store
from casualty.vocabulary import Role

URLS = [
    ("mysql://host/db", "not known"), ("http://host/db", "not known"), ("sqlite://", "name a file"),
    ("sqlite:///:memory:", "name a file"), ("postgresql://host:port/db", "cannot be read"), ("://", "cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "why"), URLS)
def test_a_url_that_is_none_is_told(url: str, why: str) -> None:
    """R75"""
    for act in (Store.open, Store.create, Store.upgrade):
        with pytest.raises(UsageFault, match=why):
            act(url)


@pytest.mark.parametrize("where", ["127.0.0.1:1", "no-such-host.invalid:5432"])
def test_a_server_that_is_not_there_is_told_without_the_password(where: str) -> None:
    """R75: in words, and without what was typed to get in."""
    for act in (Store.open, Store.create):
        with pytest.raises(CheckFailed, match="cannot be reached") as told:
            act(f"postgresql://anna:s3cret-word@{where}/record")
        assert "s3cret" not in str(told.value)


def test_a_database_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    """R75: nor is a file that is something else touched."""
    for act in (Store.open, Store.upgrade, Store.schema_of):
        with pytest.raises(NotFound, match=r"casualty --db .* init"):
            act(tmp_path / "none.db")
        with pytest.raises(NotFound):
            act(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("no database " * 100)
    (tmp_path / "empty.db").write_bytes(b"")
    with sqlite3.connect(tmp_path / "other.db") as raw:
        raw.execute("CREATE TABLE birds (name)")
    raw.close()
    for name, fault in (("notes.txt", CheckFailed), ("empty.db", NotFound), ("other.db", NotFound)):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(fault):
            Store.open(tmp_path / name)
        if name != "empty.db":
            with pytest.raises(UsageFault, match="already something"):
                Store.create(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", "notes.txt", "other.db"]


def test_a_missing_folder_is_made_and_an_impossible_one_is_told(tmp_path: Path) -> None:
    """R75"""
    Store.create(tmp_path / "new" / "folder" / "record.db").close()
    assert Store.open(tmp_path / "new" / "folder" / "record.db").deployment()["name"] == "Casualty record"
    (tmp_path / "file").write_text("x")
    for bad in (tmp_path / "file" / "record.db", Path("/proc/none/record.db"), tmp_path / ("x" * 300)):
        with pytest.raises(UsageFault, match="No database can be made"):
            Store.create(bad)
    with pytest.raises(UsageFault, match="already something"):
        Store.create(tmp_path)


def test_a_second_database_in_the_same_place_is_refused(target: str) -> None:
    """R20: what is there stays."""
    Store.create(target).close()
    with pytest.raises(UsageFault, match=r"name another"):
        Store.create(target)
    store = Store.open(target)
    assert store.verify().revisions == 1
    store.close()


def test_a_database_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R20: a fault on the way leaves no file; an empty file is taken over, and closed to others."""
    with pytest.raises(InvalidRecords) as told:
        Store.create(tmp_path / "record.db", name="x" * 201)
    assert [fault.field for fault in told.value.faults] == ["name"]

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("casualty.writing.Writer.finish", fail)
        with pytest.raises(KeyboardInterrupt):
            Store.create(tmp_path / "record.db")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "record.db").touch(mode=0o644)
    Store.create(tmp_path / "record.db").close()
    assert (tmp_path / "record.db").stat().st_mode & 0o777 == 0o600


def test_a_schema_of_the_future_is_told(target: str) -> None:
    """R102: neither opened nor upgraded."""
    store = Store.create(target)
    with store.writing(store.local("tester")) as writer:
        writer.connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(UsageFault, match="does not know"):
        Store.upgrade(target)


def test_upgrading_what_is_up_to_date_changes_nothing(target: str) -> None:
    """R102"""
    Store.create(target).close()
    assert Store.upgrade(target) == (HEAD, HEAD)
    store = Store.open(target)
    assert store.verify().revisions == 1
    store.close()


def test_values_outside_their_terms_are_told(sqlite_store: Store) -> None:
    """R21: a role that is none stops the question, in words."""
    sqlite_store.add_account("one", Role.ADMINISTRATOR, PASSWORD, sqlite_store.local("tester"))
    raw = sqlite3.connect(str(sqlite_store._engine.url.database))
    raw.executescript("PRAGMA ignore_check_constraints=ON; UPDATE account SET role = 'emperor'")
    raw.close()
    with pytest.raises(CheckFailed, match="ledger verify"):
        sqlite_store.rows(sa.select(table("account")))
    with pytest.raises(CheckFailed, match="ledger verify"):
        list(sqlite_store.stream(sa.select(table("account"))))
    with pytest.raises(CheckFailed):
        sqlite_store.sign_in("one", PASSWORD)
