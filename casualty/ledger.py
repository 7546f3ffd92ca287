"""The ledger: a chain of SHA-256 links over salted digests of bodies, and its verification.

A link covers the previous link and (sequence, time, actor, kind, record, operation, reason, batch, digest); the
digest covers a random salt and the record before and after. So a body may lawfully leave without breaking the
chain, and an extract of the chain can be checked by someone who sees no body. Standards: R20, R21.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa

from casualty.errors import CheckFailed, Fault
from casualty.schema import CHILDREN, ROOTS, table

GENESIS = "0" * 64
MOST_FAULTS = 1000
LONGEST_SHOWN = 200
RESTORE = "Restore it from a copy."
FLAG: dict[object, object] = {0: False, 1: True}
# Given with each statement, never set on the connection: a connection so set sends its writes through a cursor too.
STREAMED = {"stream_results": True, "yield_per": 500}
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision to be appended: the bodies are canonical JSON or None."""

    kind: str
    record_id: str
    operation: str
    reason: str
    before: str | None
    after: str | None
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last link: its sequence number and its hash."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification covered."""

    head: Head
    revisions: int
    bodies: int
    erased: int
    records: int


class Progress(Protocol):
    """Told how much is done, of how much."""

    def __call__(self, done: int, total: int) -> None: ...


def canonical(value: object) -> str:
    """Return JSON with sorted keys, no spaces and no escapes beyond those required: the same text each time."""
    return _encode(value)


def body(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the canonical body of a record: its rows by table, each list in order of id, absent values left out."""
    return _encode({name: sorted(part, key=_row_id) for name, part in rows.items() if part})


def _row_id(row: Row) -> str:
    return str(row["id"])


def digest(salt: str, before: str | None, after: str | None) -> str:
    """Return the SHA-256 (hex) of salt, newline, before, newline, after; an absent body is empty."""
    return hashlib.sha256(f"{salt}\n{before or ''}\n{after or ''}".encode()).hexdigest()


def link(previous: str, fields: Sequence[object]) -> str:
    """Return the SHA-256 (hex) of the previous link, newline, and the canonical JSON list of `fields`.

    `fields` are seq, at, actor, record_kind, record_id, operation, reason, batch_id, digest, in this order.
    """
    return hashlib.sha256(f"{previous}\n{_encode(list(fields))}".encode()).hexdigest()


def lock_head(connection: sa.Connection) -> Head:
    """Return the head, locked until the transaction ends, so that two writers cannot append the same link."""
    return _the_head(_heads(connection, lock=True))


def read_head(connection: sa.Connection) -> Head:
    """Return the head as it stands; raise CheckFailed if there is none."""
    return _the_head(_heads(connection))


def _heads(connection: sa.Connection, *, lock: bool = False) -> list[Head]:
    head = table("ledger_head")
    statement = sa.select(head.c.seq, head.c.hash)
    return [Head(row.seq, row.hash) for row in connection.execute(statement.with_for_update() if lock else statement)]


def _the_head(heads: list[Head]) -> Head:
    if len(heads) != 1:
        raise CheckFailed(f"The ledger has {len(heads)} heads; restore the database from a copy.")
    return heads[0]


def append(
    entries: Sequence[Entry], head: Head, at: str, actor: str, salts: Sequence[str]
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], Head]:
    """Return the rows that continue the chain after `head`: of `revision`, of `revision_body`, and the new head."""
    revisions: list[tuple[object, ...]] = []
    bodies: list[tuple[object, ...]] = []
    seq, previous = head.seq, head.hash
    for entry, salt in zip(entries, salts, strict=True):
        seq += 1
        signed = digest(salt, entry.before, entry.after)
        fields = (seq, at, actor, entry.kind, entry.record_id, entry.operation, entry.reason, entry.batch_id, signed)
        previous = link(previous, fields)
        revisions.append((*fields, previous))
        bodies.append((seq, salt, entry.before, entry.after))
    return revisions, bodies, Head(seq, previous)


class _Faults:
    """What a verification finds: all of it counted, the first thousand kept."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.count = 0

    def add(self, where: str, fault: str, mend: str) -> None:
        self.count += 1
        if len(self.kept) < MOST_FAULTS:
            self.kept.append(Fault(0, where, fault, mend))


@dataclass
class _Chain:
    """How far a walk along the chain has come."""

    head: Head = Head(0, GENESIS)
    revisions: int = 0
    erased: int = 0
    bears: bool = False


def verify(connection: sa.Connection, expected_head: str | None = None, progress: Progress | None = None) -> Verified:
    """Check every link, every body's digest, and every current row against the last revision of its record.

    Parameters
    ----------
    connection: within one read transaction.
    expected_head: a hash noted earlier; if no link bears it, the tail was cut or the chain replaced.
    progress: called now and then with revisions done and their total.

    Raises
    ------
    CheckFailed, listing each missing or broken link, each body that is not the one signed, and each field of a
    current row that differs from its revisions (all counted, at most 1,000 listed).

    Source: design of the chain after RFC 6962's idea of a verifiable log. It does not show who stood at a
    keyboard, and a chain rewritten whole is found only by a head hash kept elsewhere.
    """
    faults = _Faults()
    with _undecodable_kept(connection):
        _check_file(connection, faults)
        chain = _check_chain(connection, (expected_head or "").strip().lower(), faults, progress)
        if (heads := _heads(connection)) != [chain.head]:
            says = "; ".join(f"revision {head.seq}, {head.hash}" for head in heads) or "nothing"
            text = f"Says {says}; the chain ends at revision {chain.head.seq}, {chain.head.hash}."
            faults.add("ledger_head", text, "The tail was cut or the head altered.")
        if expected_head is not None and not chain.bears:
            faults.add(
                "--head", "No link of this chain bears that hash.", "The tail was cut, or the chain was replaced."
            )
        records = sum(_check_records(connection, kind, faults) for kind in ROOTS)
        _check_strays(connection, faults)
    if faults.count:
        raise CheckFailed(f"The ledger does not verify: {faults.count:,} fault(s).", faults.kept)
    return Verified(chain.head, chain.revisions, chain.revisions - chain.erased, chain.erased, records)


@contextmanager
def _undecodable_kept(connection: sa.Connection) -> Iterator[None]:
    """On SQLite read text with damaged bytes as damaged text, so that the record it stands in can be named."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    raw.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        yield
    finally:
        raw.text_factory = str


def _check_file(connection: sa.Connection, faults: _Faults) -> None:
    """Let SQLite look over its own pages: through a damaged index a row is missed, not misread."""
    if connection.dialect.name == "sqlite":
        for row in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                faults.add("database", f"{row[0]}.", RESTORE)


def _check_chain(connection: sa.Connection, expected: str, faults: _Faults, progress: Progress | None) -> _Chain:
    total = connection.execute(sa.text("SELECT count(*) FROM revision")).scalar_one()
    erasures = _erasures(connection)
    done = _Chain(bears=expected == GENESIS)
    previous: str | None = GENESIS
    for row in _chain(connection):
        seq = row[0]
        if seq != done.head.seq + 1:
            faults.add(
                f"revision {done.head.seq + 1}",
                f"Missing: the next link is {seq}.",
                "A revision was removed, or this one put in.",
            )
            previous = None
        if previous is not None and _linked(previous, row[:9]) != row[9]:
            text = f"The link is broken ({row[3]} {row[4]}, {row[5]} by {row[2]} at {row[1]})."
            faults.add(f"revision {seq}", text, "This revision, or the one before, was altered.")
        if row[10] is None:
            done.erased += 1
            if erasures.get(row[4], 0) <= seq:
                faults.add(
                    f"revision {seq}", f"The body of {row[3]} {row[4]} is gone and no erasure says why.", RESTORE
                )
        elif digest(row[10], row[11], row[12]) != row[8]:
            faults.add(f"revision {seq}", f"The body of {row[3]} {row[4]} is not the one that was signed.", RESTORE)
        previous = row[9]
        done.head = Head(seq, row[9])
        done.revisions += 1
        done.bears = done.bears or row[9] == expected
        if progress and done.revisions % 5000 == 0:
            progress(done.revisions, total)
    return done


def _linked(previous: str, fields: Sequence[object]) -> str | None:
    """Return the link, or None where a field holds what no revision was ever written with."""
    try:
        return link(previous, fields)
    except TypeError:
        return None


def _chain(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    result = connection.exec_driver_sql(
        "SELECT r.seq, r.at, r.actor, r.record_kind, r.record_id, r.operation, r.reason, r.batch_id, r.digest, r.hash,"
        " b.salt, b.before, b.after FROM revision r LEFT JOIN revision_body b ON b.seq = r.seq ORDER BY r.seq",
        execution_options=STREAMED,
    )
    return iter(result)


def _erasures(connection: sa.Connection) -> dict[str, int]:
    rows = connection.exec_driver_sql(
        "SELECT record_id, max(seq) FROM revision WHERE operation = 'erase' GROUP BY record_id"
    )
    return {row[0]: row[1] for row in rows}


def _check_records(connection: sa.Connection, kind: str, faults: _Faults) -> int:
    """Walk the current records of a kind and their last revisions side by side, both in order of id."""
    held = current_bodies(connection, kind)
    last = _last_bodies(connection, kind)
    count = 0
    record, signed = next(held, None), next(last, None)
    while record is not None or signed is not None:
        if signed is None or (record is not None and record[0] < signed[0]):
            assert record is not None
            text = f"Stands in the database ({', '.join(record[1])}) and in no revision."
            faults.add(f"{kind} {record[0]}", text, "It was put in behind the program's back.")
            record = next(held, None)
        elif record is None or signed[0] < record[0]:
            if signed[1] is not None:
                faults.add(
                    f"{kind} {signed[0]}", "Its revisions stand, its rows are gone.", "Restore it from the ledger."
                )
            signed = next(last, None)
        else:
            _check_record(kind, record[0], record[1], signed[1], faults)
            count += 1
            record, signed = next(held, None), next(last, None)
    return count


def _check_record(kind: str, record_id: str, rows: Rows, signed: str | None, faults: _Faults) -> None:
    try:
        if body(rows) == signed:
            return
    except (TypeError, ValueError):
        pass  # a value no body could hold: said below, where it stands
    before = parsed(signed)
    if before is None:
        faults.add(f"{kind} {record_id}", "Its last revision holds no body to compare it with.", RESTORE)
        return
    found = differences(before, rows)
    for name, was, now in found:
        text = f"Is {_shown(now)}, the ledger says {_shown(was)}."
        faults.add(f"{kind} {record_id} {name}", text, "It was changed behind the program's back.")
    if not found:
        faults.add(
            f"{kind} {record_id}", "Is not written as it was signed.", "It was changed behind the program's back."
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}... ({len(text):,} characters)"


def parsed(text: str | None) -> Rows | None:
    """Return the rows of a body, or None if there is none or it is not what a body looks like."""
    try:
        found = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    lists = isinstance(found, dict) and all(isinstance(part, list) for part in found.values())
    whole = lists and all(isinstance(row, dict) and "id" in row for part in found.values() for row in part)
    return found if whole else None


def differences(
    before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]
) -> list[tuple[str, object, object]]:
    """Return (table.id.column or table.column, value before, value after) for every value that differs."""
    found: list[tuple[str, object, object]] = []
    for name in sorted({*before, *after}):
        olds = {row["id"]: row for row in before.get(name, ())}
        news = {row["id"]: row for row in after.get(name, ())}
        for key in sorted({*olds, *news}, key=str):
            old, new = olds.get(key, {}), news.get(key, {})
            where = name if name in ROOTS else f"{name} {key}"
            found += [
                (f"{where}.{column}", old.get(column), new.get(column))
                for column in sorted({*old, *new})
                if old.get(column) != new.get(column)
            ]
    return found


def _last_bodies(connection: sa.Connection, kind: str) -> Iterator[tuple[str, str | None]]:
    # Walked along the index: grouped and joined, all the texts would be sorted at once.
    statement = sa.text(
        "SELECT r.record_id, b.after FROM revision r LEFT JOIN revision_body b ON b.seq = r.seq"
        " WHERE r.record_kind = :kind AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.record_kind = r.record_kind"
        f" AND n.record_id = r.record_id AND n.seq > r.seq) ORDER BY {_by_bytes(connection, 'r.record_id')}"
    )
    for row in connection.execute(statement, {"kind": kind}, execution_options=STREAMED):
        yield str(row[0]), row[1]


def _by_bytes(connection: sa.Connection, column: str) -> str:
    """Return an ORDER BY in which the database agrees with Python, whatever language the server sorts for."""
    return f'{column} COLLATE "C"' if connection.dialect.name == "postgresql" else column


def current_bodies(
    connection: sa.Connection, kind: str, ids: Iterable[str] | None = None
) -> Iterator[tuple[str, Rows]]:
    """Yield (id, rows by table) of every record of a kind, or of those named, in order of id.

    Values are as in a body: dates as ISO text, booleans as such, absent values left out. Children whose root is
    missing are yielded under the id they claim, so that a verification can report them.
    """
    wanted = None if ids is None else sorted(ids)
    parts = [_grouped(connection, kind, "id", wanted)]
    parts += [_grouped(connection, child, f"{kind}_id", wanted) for child in CHILDREN.get(kind, ())]
    fronts = [next(part, None) for part in parts]
    names = (kind, *CHILDREN.get(kind, ()))
    while any(front is not None for front in fronts):
        lowest = min(front[0] for front in fronts if front is not None)
        rows: Rows = {}
        for index, front in enumerate(fronts):
            if front is not None and front[0] == lowest:
                rows[names[index]] = front[1]
                fronts[index] = next(parts[index], None)
        yield lowest, rows


def _grouped(connection: sa.Connection, name: str, key: str, ids: list[str] | None) -> Iterator[tuple[str, list[Row]]]:
    part = table(name)
    columns = [column.name for column in part.columns]
    quoted = ", ".join(f'"{column}"' for column in columns)
    where = "" if ids is None else f'WHERE "{key}" IN :ids'
    # Plain text, not typed columns: a value altered to a word outside its scheme must be read, to be reported.
    order = _by_bytes(connection, f'"{key}"')
    statement = sa.text(f'SELECT {quoted} FROM "{name}" {where} ORDER BY {order}, id')
    if ids is not None:
        statement = statement.bindparams(sa.bindparam("ids", ids, expanding=True))
    result = connection.execute(statement, execution_options=STREAMED if ids is None else {})
    flags = {column.name for column in part.columns if isinstance(column.type, sa.Boolean)}
    dates = {column.name for column in part.columns if isinstance(column.type, sa.Date)}
    convert = flags | dates
    group: list[Row] = []
    last = None
    for raw in result:
        row = {c: v for c, v in zip(columns, raw, strict=True) if v is not None}
        for column in convert & row.keys():
            row[column] = FLAG.get(row[column], row[column]) if column in flags else str(row[column])
        if row[key] != last and group:
            yield str(last), group
            group = []
        last = row[key]
        group.append(row)
    if group:
        yield str(last), group


def _check_strays(connection: sa.Connection, faults: _Faults) -> None:
    """Look at what lies outside every body: password hashes and second factors, by the account's digest, and bodies without a link."""
    hashes = connection.execute(
        sa.text(
            "SELECT a.id, a.credential_digest, c.argon2 ||"
            " CASE WHEN c.totp_since IS NULL THEN '' ELSE ' ' || c.totp_secret END"
            " FROM account a LEFT JOIN credential c ON c.account_id = a.id"
        )
    )
    for account, signed, secrets in hashes:
        if secrets is None or hashlib.sha256(str(secrets).encode()).hexdigest() != signed:
            faults.add(
                f"account {account}",
                "Its password hash or second factor is not the one that was recorded.",
                "Withdraw it and add another.",
            )
    for name, key, other in (("credential", "account_id", "account"), ("revision_body", "seq", "revision")):
        whole = "id" if other == "account" else key
        statement = f"SELECT {key} FROM {name} WHERE {key} NOT IN (SELECT {whole} FROM {other})"
        for row in connection.exec_driver_sql(statement):
            faults.add(f"{name} {row[0]}", f"Belongs to no {other}.", "It was put in behind the program's back.")
