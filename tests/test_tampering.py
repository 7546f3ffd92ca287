"""The ledger finds what was changed behind the program's back, and says where; what was lawfully erased it lets be.

The one who attacks here holds the database: triggers are off, foreign keys and CHECKs too where the database allows it.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from whole import database, whole

from casualty import ledger
from casualty.errors import CheckFailed, Fault
from casualty.ledger import GENESIS, Entry, Head
from casualty.schema import CHILDREN, ROOTS, table
from casualty.store import Store
from casualty.store.opening import engine_of, url_of

CURRENT = [*ROOTS, *(child for children in CHILDREN.values() for child in children)]
LINK = [column.name for column in table("revision").columns]


class Ground:
    """A whole record, and an engine that no trigger and, on SQLite, no CHECK holds back."""

    def __init__(self, target: str) -> None:
        self.target = target
        store = Store.create(target)
        self.ids = whole(store)
        self.head = store.head()
        store.close()
        self.engine = engine_of(url_of(target))
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", self._unguarded)

    @staticmethod
    def _unguarded(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @contextmanager
    def attack(self) -> Iterator[sa.Connection]:
        """Give a connection without triggers; all that is done on it is taken back at the end."""
        with self.engine.connect() as connection, connection.begin() as work:
            if self.engine.dialect.name == "sqlite":
                for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                    connection.exec_driver_sql(f"DROP TRIGGER {row[0]}")
            else:
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
            work.rollback()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    made = Ground(database(request, tmp_path_factory, "ground"))
    yield made
    made.engine.dispose()


def found(connection: sa.Connection, head: str | None = None) -> tuple[Fault, ...]:
    """Return the faults of a verification, or none."""
    try:
        ledger.verify(connection, head)
    except CheckFailed as told:
        return told.faults
    return ()


def where(faults: tuple[Fault, ...]) -> list[str]:
    return [fault.field for fault in faults]


def test_a_whole_record_verifies(ground: Ground) -> None:
    """R20, R21: nothing was changed, so nothing is found; the head is the one that was noted."""
    with ground.attack() as connection:
        done = ledger.verify(connection, ground.head.hash.upper() + " ")
        rows = {
            name: connection.execute(sa.select(sa.func.count()).select_from(table(name))).scalar_one()
            for name in CURRENT
        }
    assert done.head == ground.head
    assert (done.revisions, done.bodies, done.erased) == (ground.head.seq, ground.head.seq, 0)
    assert done.records == sum(rows[kind] for kind in ROOTS)
    assert all(rows.values()), "a table without rows would be tried by nothing"


# The chain -----------------------------------------------------------------------------------------------------------

LINKS = [
    ("at", "'2001-01-01T00:00:00.000000Z'"), ("actor", "'another'"), ("record_kind", "'source'"), ("record_id", "'another'"),
    ("operation", "'restore'"), ("reason", "'another'"), ("batch_id", "'another'"), ("digest", f"'{'0' * 64}'"),
    ("hash", f"'{'0' * 64}'"), ("seq", "70000"),
]  # fmt: skip


def test_every_field_of_a_link_is_tried() -> None:
    """R21"""
    assert {column for column, _ in LINKS} == set(LINK)


@pytest.mark.parametrize(("column", "value"), LINKS)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_changed_link_is_found(ground: Ground, column: str, value: str, place: str) -> None:
    """R21: each field of a revision, wherever it stands in the chain; the place is named."""
    seq = {"first": 1, "middle": ground.head.seq // 2, "last": ground.head.seq}[place]
    with ground.attack() as connection:
        connection.exec_driver_sql(f"UPDATE revision SET {column} = {value} WHERE seq = {seq}")
        faults = found(connection)
    assert f"revision {seq}" in where(faults) or (
        column == "seq" and place == "last" and "revision 70000" not in where(faults)
    )


BODIES = [
    "salt = 'another'", "before = NULL", "after = '{}'", "after = NULL", "after = 'no JSON'", "after = '[1, 2]'",
    "after = '{\"incident\": 3}'", "after = '{\"incident\": [{}]}'", "after = before", "after = '[[[[' || after",
]  # fmt: skip


@pytest.mark.parametrize("change", BODIES)
def test_a_changed_body_is_found(ground: Ground, change: str) -> None:
    """R21: the body's digest is in the chain; a body that is no body is told, not stumbled over."""
    with ground.attack() as connection:
        last = "SELECT max(seq) FROM revision WHERE record_kind = 'incident' AND operation = 'withdraw'"
        seq = connection.exec_driver_sql(last).scalar_one()
        connection.exec_driver_sql(f"UPDATE revision_body SET {change} WHERE seq = {seq}")
        faults = found(connection)
    assert f"revision {seq}" in where(faults)
    assert any("not the one that was signed" in fault.fault for fault in faults)


def test_a_deep_body_is_found(ground: Ground) -> None:
    """R21: JSON too deep to read is a changed body like any other."""
    with ground.attack() as connection:
        deep = sa.text("UPDATE revision_body SET after = :deep WHERE seq = :seq")
        connection.execute(deep, {"deep": "[" * 100_000, "seq": ground.head.seq})
        assert f"revision {ground.head.seq}" in where(found(connection))


@pytest.mark.parametrize(("removed", "first"), [("= 1", 1), ("= 5", 5), ("BETWEEN 5 AND 8", 5), ("IN (3, 9)", 3)])
def test_removed_links_are_found(ground: Ground, removed: str, first: int) -> None:
    """R21: a gap is named by the first that is missing, and the check goes on behind it."""
    with ground.attack() as connection:
        connection.exec_driver_sql(f"DELETE FROM revision_body WHERE seq {removed}")
        connection.exec_driver_sql(f"DELETE FROM revision WHERE seq {removed}")
        connection.exec_driver_sql(f"UPDATE revision SET reason = 'another' WHERE seq = {ground.head.seq}")
        faults = found(connection)
    assert f"revision {first}" in where(faults)
    assert f"revision {ground.head.seq}" in where(faults)
    assert "ledger_head" not in where(faults)


def test_a_link_put_in_is_found(ground: Ground) -> None:
    """R21: before the first, between, or behind the last; and a body without a link."""
    columns = ", ".join(LINK)
    for seq in (-1, 0, ground.head.seq + 1):
        with ground.attack() as connection:
            chosen = columns.replace("seq", str(seq), 1)
            connection.exec_driver_sql(f"INSERT INTO revision ({columns}) SELECT {chosen} FROM revision WHERE seq = 4")
            assert found(connection)
    with ground.attack() as connection:
        connection.exec_driver_sql("INSERT INTO revision_body (seq, salt) VALUES (70000, 'x')")
        assert where(found(connection)) == ["revision_body 70000"]


def cut(connection: sa.Connection, seq: int, *, cover: bool) -> None:
    """Cut the chain's last link, `seq`, and the row it recorded; with `cover`, move the head there too."""
    last = connection.exec_driver_sql(f"SELECT record_kind, record_id, operation FROM revision WHERE seq = {seq}").one()
    assert last.operation == "record", "a changed row would have to be changed back"
    connection.exec_driver_sql(f"DELETE FROM revision_body WHERE seq >= {seq}")
    connection.exec_driver_sql(f"DELETE FROM revision WHERE seq >= {seq}")
    connection.exec_driver_sql(f"DELETE FROM {last.record_kind} WHERE id = '{last.record_id}'")
    if cover:
        last = connection.exec_driver_sql(f"SELECT hash FROM revision WHERE seq = {seq - 1}").scalar_one()
        connection.exec_driver_sql(f"UPDATE ledger_head SET seq = {seq - 1}, hash = '{last}'")


def test_a_cut_tail_is_found(ground: Ground) -> None:
    """R21: by the head; and if the head was moved along, by the hash that was noted elsewhere."""
    with ground.attack() as connection:
        cut(connection, ground.head.seq, cover=False)
        assert where(found(connection)) == ["ledger_head"]
    with ground.attack() as connection:
        cut(connection, ground.head.seq, cover=True)
        assert found(connection) == ()
        assert where(found(connection, ground.head.hash)) == ["--head"]
        earlier = connection.exec_driver_sql("SELECT hash FROM revision WHERE seq = 3").scalar_one()
        assert found(connection, earlier) == ()
        assert where(found(connection, "")) == ["--head"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_head SET seq = seq - 1", "UPDATE ledger_head SET seq = 0", "DELETE FROM ledger_head",
        f"UPDATE ledger_head SET hash = '{GENESIS}'",
    ],
)  # fmt: skip
def test_a_moved_head_is_found(ground: Ground, statement: str) -> None:
    """R21"""
    with ground.attack() as connection:
        connection.exec_driver_sql(statement)
        assert where(found(connection)) == ["ledger_head"]


def rewrite(connection: sa.Connection) -> None:
    """Write the whole chain anew after changing a figure in the row and in its bodies, as a thief of the file could."""
    rows = connection.exec_driver_sql(f"SELECT {', '.join(LINK)} FROM revision ORDER BY seq").all()
    held = {
        row[0]: tuple(row) for row in connection.exec_driver_sql("SELECT seq, salt, before, after FROM revision_body")
    }
    connection.exec_driver_sql("UPDATE incident SET killed_high = 4444 WHERE killed_high = 3")
    previous = Head(0, GENESIS)
    for row in rows:
        _, salt, *texts = held[row[0]]
        before, after = (text and text.replace('"killed_high":3', '"killed_high":4444') for text in texts)
        entry = Entry(row[3], row[4], row[5], row[6], before, after, row[7])
        (link,), _, previous = ledger.append([entry], previous, row[1], row[2], [salt])
        for name, values in (
            ("revision_body", {"before": before, "after": after}),
            ("revision", {"digest": link[8], "hash": link[9]}),
        ):
            connection.execute(table(name).update().where(table(name).c.seq == row[0]), values)
    connection.execute(table("ledger_head").update().values(seq=previous.seq, hash=previous.hash))


def test_a_chain_rewritten_whole_is_found_by_a_noted_head_only(ground: Ground) -> None:
    """R21: that is what a head noted elsewhere is for."""
    with ground.attack() as connection:
        rewrite(connection)
        assert connection.exec_driver_sql("SELECT count(*) FROM incident WHERE killed_high = 4444").scalar_one() == 2
        assert found(connection) == ()
        assert where(found(connection, ground.head.hash)) == ["--head"]


# The rows ------------------------------------------------------------------------------------------------------------


def altered(column: sa.Column[object]) -> str:
    """Return an SQL value other than what stands there."""
    if isinstance(column.type, sa.Boolean):
        return f"NOT {column.name}"
    if isinstance(column.type, sa.Enum):
        return f"CASE {column.name} WHEN '{column.type.enums[0]}' THEN '{column.type.enums[1]}' ELSE '{column.type.enums[0]}' END"
    if isinstance(column.type, sa.Integer | sa.Float):
        return f"coalesce({column.name}, 0) + 1"
    return "'1999-09-09'" if isinstance(column.type, sa.Date) else "'odd'"


def tried(connection: sa.Connection, statement: str) -> bool:
    """Return whether the database let a statement through that changes something."""
    try:
        with connection.begin_nested():
            return connection.exec_driver_sql(statement).rowcount > 0
    except sa.exc.IntegrityError:
        return False


@pytest.mark.parametrize("name", CURRENT)
def test_every_changed_value_of_every_row_is_found(ground: Ground, name: str) -> None:
    """R20, R21: any column of any table, children too: refused by the database, or found and named with was and now."""
    missed = []
    for column in table(name).columns:
        for value in (altered(column), "NULL"):
            with ground.attack() as connection:
                one = (
                    f"SELECT min(id) FROM {name} WHERE {column.name} IS NOT NULL"
                    if value == "NULL"
                    else f"SELECT min(id) FROM {name}"
                )
                if not tried(connection, f"UPDATE {name} SET {column.name} = {value} WHERE id = ({one})"):
                    continue
                if column.name == "id":
                    named = bool(found(connection))
                else:
                    named = any(
                        fault.field.endswith(f".{column.name}") and name in fault.field for fault in found(connection)
                    )
                if not named:
                    missed.append(f"{column.name} = {value}")
    assert missed == []


def test_was_and_now_are_told(ground: Ground) -> None:
    """R21: record, field, what stands there and what was signed."""
    with ground.attack() as connection:
        connection.exec_driver_sql("UPDATE claim SET killed_best = 50 WHERE killed_best = 5")
        connection.exec_driver_sql(
            f"UPDATE incident SET narrative_public = '{'x' * 900}' WHERE title = 'At the market'"
        )
        claims = [row[0] for row in connection.exec_driver_sql("SELECT id FROM claim WHERE killed_best = 50")]
        told = {fault.field: fault.fault for fault in found(connection)}
    key = ground.ids["incident"]
    assert len(told) == 3
    assert told[f"incident {key} incident.narrative_public"].endswith("(902 characters), the ledger says 'Told'.")
    assert {told[field] for field in told if "claim" in field} == {"Is 50, the ledger says 5."}
    assert all(any(claim in field for claim in claims) for field in told if "claim" in field)


SQLITE_TRICKS = [
    "UPDATE incident SET count_conflict = 2", "UPDATE incident SET count_conflict = 'no'", "UPDATE incident SET lat = x'00ff'",
    "UPDATE incident SET uncertainty_m = 9e999", "UPDATE incident SET killed_best = 2.5", "UPDATE incident SET title = x'c3'",
    "UPDATE incident SET title = CAST(x'c328ff' AS TEXT)", "UPDATE source SET name = CAST(x'ff' AS TEXT)",
    "UPDATE claim SET id = x'00' WHERE id = (SELECT min(id) FROM claim)", "UPDATE source SET id = x'00'",
    "UPDATE revision SET reason = x'00'", "UPDATE revision SET reason = CAST(x'ff' AS TEXT)",
    "UPDATE revision_body SET after = x'00'", "UPDATE revision_body SET after = CAST(x'ff' AS TEXT)",
    "UPDATE credential SET argon2 = x'00'", "UPDATE revision SET record_id = x'00'", "UPDATE incident SET date_start = 20240502",
    "UPDATE incident SET status = 'of no scheme'", "UPDATE account SET role = 'emperor'", "UPDATE account SET active = 2",
]  # fmt: skip


@pytest.mark.parametrize("statement", SQLITE_TRICKS)
def test_what_no_program_would_write_is_found(ground: Ground, statement: str) -> None:
    """R21: SQLite keeps any value anywhere; bytes, infinities and broken text are found and named, never a traceback."""
    if ground.engine.dialect.name != "sqlite":
        statement = "UPDATE incident SET uncertainty_m = 'NaN'"
    with ground.attack() as connection:
        connection.exec_driver_sql(statement)
        faults = found(connection)
    name = statement.split()[1]
    assert any(
        name.replace("_body", "") in fault.field or (name == "credential" and "account" in fault.field)
        for fault in faults
    )


@pytest.mark.parametrize("name", CURRENT)
def test_an_inserted_row_is_found(ground: Ground, name: str) -> None:
    """R20, R21: a copy of a row under another key, in every table."""
    with ground.attack() as connection:
        columns = [column.name for column in table(name).columns]
        unique = {"code", "name", "label", "number", "pcode"} & set(columns)
        chosen = [
            "'foreign'" if c == "id" else (f"{c} + 7000" if c == "number" else "'foreign'") if c in unique else c
            for c in columns
        ]
        if name in ("claim", "victim_name"):
            chosen = ["'foreign'" if c == "id" else c for c in columns]
        # Where a pair may stand once only, the copy is of another, so that the database lets it in.
        pair = {"clearance": "account_id", "coding": "incident_id", "pairing": "other_id"}.get(name)
        chosen = [
            f"'{ground.ids['other']}'" if c == pair else expression
            for c, expression in zip(columns, chosen, strict=True)
        ]
        one = f"SELECT {', '.join(chosen)} FROM {name} WHERE id = (SELECT min(id) FROM {name})"
        assert connection.exec_driver_sql(f"INSERT INTO {name} ({', '.join(columns)}) {one}").rowcount == 1
        faults = found(connection)
    assert any("foreign" in fault.field for fault in faults)


@pytest.mark.parametrize("name", CURRENT)
def test_a_removed_row_is_found(ground: Ground, name: str) -> None:
    """R20, R21: in every table; a child is named with its record."""
    with ground.attack() as connection:
        key = connection.exec_driver_sql(f"SELECT min(id) FROM {name}").scalar_one()
        connection.exec_driver_sql(f"DELETE FROM {name} WHERE id = '{key}'")
        assert any(key in fault.field for fault in found(connection))


def test_a_child_without_a_record_is_found(ground: Ground) -> None:
    """R21: rows that point at an incident that is not there."""
    with ground.attack() as connection:
        connection.exec_driver_sql("UPDATE claim SET incident_id = 'nowhere' WHERE id = (SELECT min(id) FROM claim)")
        told = {fault.field: fault.fault for fault in found(connection)}
    assert told["incident nowhere"].startswith("Stands in the database (claim)")


def test_an_exchanged_password_is_found(ground: Ground) -> None:
    """R21: hashes lie outside the bodies, and are held by their digest."""
    account = f"account {ground.ids['account']}"
    with ground.attack() as connection:
        connection.exec_driver_sql("UPDATE credential SET argon2 = 'mine'")
        assert where(found(connection)) == [account]
        mine = hashlib.sha256(b"mine").hexdigest()
        connection.exec_driver_sql(f"UPDATE account SET credential_digest = '{mine}'")
        assert where(found(connection)) == [f"{account} account.credential_digest"]
    with ground.attack() as connection:
        connection.exec_driver_sql("DELETE FROM credential")
        assert where(found(connection)) == [account]
    with ground.attack() as connection:
        connection.exec_driver_sql("INSERT INTO credential (account_id, argon2) VALUES ('nobody', 'mine')")
        assert where(found(connection)) == ["credential nobody"]


def test_all_faults_are_counted_and_a_thousand_listed(ground: Ground) -> None:
    """R21"""
    with ground.attack() as connection:
        columns = ", ".join(column.name for column in table("origin").columns)
        chosen = columns.replace("id", "'f' || n.i", 1).replace("label", "'l' || n.i")
        connection.exec_driver_sql(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
            f"INSERT INTO origin ({columns}) SELECT {chosen} FROM origin, n"
        )
        with pytest.raises(CheckFailed, match=r"1,500 fault") as told:
            ledger.verify(connection)
    assert len(told.value.faults) == ledger.MOST_FAULTS


def test_a_body_that_left_without_erasure_is_found(ground: Ground) -> None:
    """R99: neither an erasure of another record nor an earlier one of the same excuses it."""
    with ground.attack() as connection:
        connection.exec_driver_sql("DELETE FROM revision_body WHERE seq = 7")
        faults = found(connection)
    assert "revision 7" in where(faults)
    assert any("no erasure says why" in fault.fault for fault in faults)


def append(connection: sa.Connection, operation: str, record_id: str, before: str | None, after: str | None) -> int:
    """Append a link as the program would, and return its number."""
    entry = Entry("incident", record_id, operation, "order", before, after)
    (link,), (texts,), head = ledger.append([entry], ledger.read_head(connection), "at", "custodian", ["s" * 32])
    connection.execute(table("revision").insert(), dict(zip(LINK, link, strict=True)))
    connection.execute(
        table("revision_body").insert(), dict(zip(("seq", "salt", "before", "after"), texts, strict=True))
    )
    connection.execute(table("ledger_head").update().values(seq=head.seq, hash=head.hash))
    return head.seq


def test_an_erasure_excuses_what_came_before_it_and_nothing_else(ground: Ground) -> None:
    """R99: neither its own body, nor a later one of the same record, nor one of another record."""
    key, other = ground.ids["incident"], ground.ids["other"]
    gone = "DELETE FROM revision_body WHERE seq IN (SELECT seq FROM revision WHERE record_id = '{}' AND seq {})"
    with ground.attack() as connection:
        now = next(ledger.body(rows) for _, rows in ledger.current_bodies(connection, "incident", [key]))
        seq = append(connection, "erase", key, None, now)
        connection.exec_driver_sql(gone.format(key, f"< {seq}"))
        assert ledger.verify(connection).erased == 2
        later = append(connection, "amend", key, now, now)
        assert found(connection) == ()
        connection.exec_driver_sql(gone.format(other, "< 99"))
        connection.exec_driver_sql(gone.format(key, f">= {seq}"))
        named = where(found(connection))
    assert {f"revision {seq}", f"revision {later}", f"incident {key}", f"incident {other}"} < set(named)
    assert len([field for field in named if field.startswith("revision ")]) == 5
