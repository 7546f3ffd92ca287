"""The ledger's form, its erasures, and a file that was damaged: what is lawful verifies, what is broken is told in words."""

import hashlib
import json
import random
import re
import shutil
import sqlite3
import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel
from whole import PASSWORD, incident, references, whole

from casualty import ledger, telling
from casualty.errors import CasualtyError, CheckFailed, NotFound
from casualty.ledger import GENESIS, Entry
from casualty.schema import table
from casualty.store import Store
from casualty.vocabulary import Operation

LINK = [column.name for column in table("revision").columns]


def test_nothing_is_written_without_a_head(tmp_path: Path) -> None:
    """R21: a database whose head is gone says so instead of starting another chain."""
    store = Store.create(tmp_path / "record.db")
    with sqlite3.connect(tmp_path / "record.db") as raw:
        raw.execute("DELETE FROM ledger_head")
    raw.close()
    for act in (store.head, lambda: references(store, store.local("tester"))):
        with pytest.raises(CheckFailed, match="0 heads"):
            act()
    store.close()


# The form ------------------------------------------------------------------------------------------------------------


def test_a_link_is_what_is_written_down() -> None:
    """R21, R85: anyone can compute it with the standard library alone."""
    fields = (1, "2025-01-01T12:00:00.000000Z", "local:anna", "source", "id", "record", 'für "x"', None, "d" * 64)
    text = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    assert ledger.link(GENESIS, fields) == hashlib.sha256(f"{GENESIS}\n{text}".encode()).hexdigest()
    assert ledger.digest("salt", None, "{}") == hashlib.sha256(b"salt\n\n{}").hexdigest()
    assert (
        ledger.body({"b": [{"id": "2", "x": None}, {"id": "1"}], "a": []}) == '{"b":[{"id":"1"},{"id":"2","x":null}]}'
    )


def test_salts_differ_and_hide_equal_bodies(sqlite_store: Store) -> None:
    """R99: the same record twice has two digests, so a digest tells nothing of an erased body."""
    by = sqlite_store.local("tester")
    with sqlite_store.writing(by) as writer:
        for _ in range(50):
            writer.insert("origin", {"origin": [{**ORIGIN, "id": writer.ids.key(), "label": writer.ids.key()}]})
    salts = [row.salt for row in sqlite_store.rows(sa.select(table("revision_body").c.salt))]
    assert len(set(salts)) == len(salts) == 51
    assert all(len(salt) == 32 for salt in salts)


ORIGIN = {"version": 1, "recorded_at": "x", "recorded_by": "x", "sensitivity": "low", "codebook_version": "1"}


# Erasure -------------------------------------------------------------------------------------------------------------


def erase(store: Store, record_id: str, after: str | None) -> int:
    """Append an erasure of a record, as an order would: its rows go or lose what must go, its bodies leave."""
    with store.writing(store.local("tester")) as writer:
        writer.flush()
        (row,), (text,), head = ledger.append(
            [Entry("incident", record_id, Operation.ERASE.value, "court order 7", None, after)],
            ledger.lock_head(writer.connection), writer.at, writer.by.name, ["s" * 32],
        )  # fmt: skip
        writer.connection.execute(table("revision").insert(), dict(zip(LINK, row, strict=True)))
        writer.connection.execute(
            table("revision_body").insert(), dict(zip(("seq", "salt", "before", "after"), text, strict=True))
        )
        earlier = sa.text(
            "DELETE FROM revision_body WHERE seq < :s AND seq IN (SELECT seq FROM revision WHERE record_id = :r)"
        )
        gone = writer.connection.execute(earlier, {"s": head.seq, "r": record_id}).rowcount
        writer._head = head
    return gone


def test_a_lawful_erasure_leaves_the_chain_whole(store: Store) -> None:
    """R99: bodies and rows of one record are gone; the chain, the other records and the noted head still verify."""
    by = store.local("tester")
    ids = references(store, by)
    victim, other = (store.record("incident", incident(ids, title=title), by) for title in ("Erased", "Other"))
    draft, version = store.draft(victim.id)
    draft.title = "Erased still"
    store.amend("incident", victim.id, draft, expected=version, by=by)
    noted = store.head().hash
    with store.writing(by) as writer:
        for name in ("act", "attribution", "victim_name"):
            writer.connection.execute(sa.text(f"DELETE FROM {name} WHERE incident_id = :i"), {"i": victim.id})
        writer.connection.execute(
            sa.text("DELETE FROM victim WHERE incident_id = :i AND kind = 'person'"), {"i": victim.id}
        )
        for name in ("victim", "involvement", "claim"):
            writer.connection.execute(sa.text(f"DELETE FROM {name} WHERE incident_id = :i"), {"i": victim.id})
        writer.connection.execute(sa.text("DELETE FROM incident WHERE id = :i"), {"i": victim.id})
    assert erase(store, victim.id, None) == 2
    done = store.verify(noted)
    assert (done.erased, done.bodies) == (2, done.revisions - 2)
    told = store.history("incident", victim.id)
    assert [(revised.operation, revised.after) for revised in told] == [
        ("record", None),
        ("amend", None),
        ("erase", None),
    ]
    with pytest.raises(NotFound, match="lawfully erased"):
        telling.history(store, victim.id, told[0].seq)
    assert "Erased" not in str(told)
    assert store.current("incident", other.id)["incident"][0]["title"] == "Other"


def test_a_redaction_leaves_a_record_that_verifies(store: Store) -> None:
    """R99: the erasure's own body is what remains; the record goes on from there, and may be erased again."""
    by = store.local("tester")
    ids = references(store, by)
    saved = store.record("incident", incident(ids, narrative_public="Named her"), by)
    for _ in range(2):
        rows = store.current("incident", saved.id)
        del rows["incident"][0]["narrative_public"]
        with store.writing(by) as writer:
            writer.connection.execute(sa.text("UPDATE incident SET narrative_public = NULL"))
        assert erase(store, saved.id, ledger.body(rows)) >= 1
        store.verify()
        draft, version = store.draft(saved.id)
        draft.narrative_public = "Named her again"
        store.amend("incident", saved.id, draft, expected=version, by=by)
        store.verify()


# The file ------------------------------------------------------------------------------------------------------------


def dumped(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Read every row of every table, however it is indexed."""
    with sqlite3.connect(path) as raw:
        rows = {
            name: raw.execute(f"SELECT * FROM {name} ORDER BY +rowid").fetchall() for name in SQLModel.metadata.tables
        }
    raw.close()
    return rows


def test_damage_anywhere_in_the_file_is_told_in_words(tmp_path: Path) -> None:
    """R21, R82: random bytes in a database are told without a traceback; what verifies holds every row as it was."""
    sound, path = tmp_path / "sound.db", tmp_path / "damaged.db"
    store = Store.create(sound)
    ids = whole(store)
    store.close()
    size, rows = sound.stat().st_size, dumped(sound)
    rng = random.Random(8)
    verified = 0
    for number in range(80):
        shutil.copy(sound, path)
        with path.open("r+b") as file:
            file.seek(rng.randrange(0 if number % 10 == 0 else 4096, size))
            file.write(rng.randbytes(rng.choice((1, 16, 600, 5000))))
        if survived(path, ids["incident"]):
            verified += 1
            assert dumped(path) == rows
    assert 0 < verified < 60, "much of so small a file is free space"


def survived(path: Path, record_id: str) -> bool:
    """Ask everything of a database; return whether it verifies."""
    try:
        store = Store.open(path)
    except CasualtyError:
        return False
    acts = (store.deployment, lambda: store.history("incident", record_id), lambda: store.current("incident", record_id),
            lambda: store.sign_in("keeper", PASSWORD), store.verify)  # fmt: skip
    for act in acts:
        try:
            act()
            sound = True
        except CasualtyError:
            sound = False
    store.close()
    return sound


def test_a_damaged_index_is_found(tmp_path: Path) -> None:
    """R82: a row that an index no longer leads to would be missed, not misread."""
    Store.create(tmp_path / "record.db").close()
    with sqlite3.connect(tmp_path / "record.db") as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute("DELETE FROM sqlite_master WHERE name = 'ix_revision_record'")
    raw.close()
    store = Store.open(tmp_path / "record.db")
    with pytest.raises(CheckFailed) as told:
        store.verify()
    assert [fault.field for fault in told.value.faults] == ["database"]
    store.close()


def test_one_flipped_letter_is_found_where_it_stands(tmp_path: Path) -> None:
    """R21: a byte of a text, in the file itself, whether it stays text or not."""
    path = tmp_path / "record.db"
    store = Store.create(path)
    ids = whole(store)
    store.close()
    whole_file = path.read_bytes()
    for letter in (b"N", b"\xff"):
        for at in [place.start() for place in re.finditer(b"At the market", whole_file)]:
            path.write_bytes(whole_file[:at] + letter + whole_file[at + 1 :])
            damaged = Store.open(path)
            with pytest.raises(CheckFailed) as told:
                damaged.verify()
            damaged.close()
            named = [fault.field for fault in told.value.faults]
            assert any(ids["incident"] in field or field.startswith("revision ") for field in named)


def test_verification_streams(tmp_path: Path) -> None:
    """R21: a record far larger than what is held at once."""
    store = Store.create(tmp_path / "record.db")
    by = store.local("tester")
    ids = references(store, by)
    draft = incident(ids, narrative_public="x" * 10_000)
    with store.writing(by) as writer:
        for _ in range(3000):
            writer.record("incident", draft)
    store.verify()
    tracemalloc.start()
    store.verify()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 25e6, "30 MB of texts stand in the rows and again in the bodies"
    store.close()


def test_verification_sorts_nothing_whole(sqlite_store: Store) -> None:
    """R21: SQLite sorts in memory, outside what Python can see; every walk goes along an index."""
    whole(sqlite_store)
    asked: list[tuple[str, object]] = []
    with sqlite_store.reading() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        ledger.verify(connection)
        plans = {
            statement: [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", told)]
            for statement, told in list(asked)
            if "ORDER BY" in statement
        }
    assert len(plans) > 20
    assert [statement for statement, plan in plans.items() if "USE TEMP B-TREE FOR ORDER BY" in plan] == []


def test_progress_is_told_while_verifying(sqlite_store: Store) -> None:
    """R21"""
    by = sqlite_store.local("tester")
    ids = references(sqlite_store, by)
    with sqlite_store.writing(by) as writer:
        for _ in range(5000):
            writer.record("incident", incident(ids, victims=[], involvements=[]))
    told: list[tuple[int, int]] = []
    sqlite_store.verify(progress=lambda done, total: told.append((done, total)))
    assert told == [(5000, 5011)]
