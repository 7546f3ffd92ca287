"""The ledger: a chain of SHA-256 links over salted digests of bodies, and its verification.

A link covers the previous link and (sequence, time, actor, kind, record, operation, reason, batch, digest); the
digest covers a random salt and the record before and after. So a body may lawfully leave without breaking the
chain, and an extract of the chain can be checked by someone who sees no body. Standards: R20, R21.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from casualty.errors import CheckFailed, Fault
from casualty.schema import CHILDREN, ROOTS, table

GENESIS = "0" * 64
MOST_FAULTS = 1000
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
    head = table("ledger_head")
    row = connection.execute(sa.select(head.c.seq, head.c.hash).with_for_update()).one()
    return Head(row.seq, row.hash)


def read_head(connection: sa.Connection) -> Head:
    """Return the head as it stands."""
    head = table("ledger_head")
    row = connection.execute(sa.select(head.c.seq, head.c.hash)).one()
    return Head(row.seq, row.hash)


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


def verify(connection: sa.Connection, expected_head: str | None = None, progress: Progress | None = None) -> Verified:
    """Check every link, every body's digest, and every current row against the last revision of its record.

    Parameters
    ----------
    connection: within one read transaction.
    expected_head: a hash noted earlier; if no link bears it, the tail was cut or the chain replaced.
    progress: called now and then with revisions done and their total.

    Raises
    ------
    CheckFailed, listing the first broken link, each body that is not the one signed, and each record whose
    current rows differ from its revisions (at most 1,000 faults).

    Source: design of the chain after RFC 6962's idea of a verifiable log. It does not show who stood at a
    keyboard, and a chain rewritten whole is found only by a head hash kept elsewhere.
    """
    faults: list[Fault] = []
    head, erased, found = _check_chain(connection, expected_head, faults, progress)
    stated = read_head(connection)
    if (stated.seq, stated.hash) != (head.seq, head.hash):
        faults.append(
            Fault(0, "ledger_head", f"The head says {stated.seq}, the chain ends at {head.seq}.", "The tail was cut or the head altered.")
        )
    if expected_head is not None and not found:
        faults.append(
            Fault(0, "--head", "No link of this chain bears that hash.", "The tail was cut, or the chain was replaced.")
        )
    records = sum(_check_records(connection, kind, faults) for kind in ROOTS)
    _check_credentials(connection, faults)
    if faults:
        raise CheckFailed(f"The ledger does not verify: {len(faults)} fault(s).", faults[:MOST_FAULTS])
    return Verified(head, head.seq, head.seq - erased, erased, records)


def _check_chain(
    connection: sa.Connection, expected: str | None, faults: list[Fault], progress: Progress | None
) -> tuple[Head, int, bool]:
    total = connection.execute(sa.text("SELECT count(*) FROM revision")).scalar_one()
    erasures = _erasures(connection)
    seq, previous, erased = 0, GENESIS, 0
    found = expected is None or expected == GENESIS
    for row in _chain(connection):
        seq += 1
        if row[0] != seq:
            faults.append(Fault(0, f"revision {seq}", f"Missing: the next link is {row[0]}.", "A revision was removed."))
            return Head(seq - 1, previous), erased, found
        if link(previous, row[:9]) != row[9]:
            faults.append(
                Fault(0, f"revision {seq}", f"The link is broken ({row[3]} {row[4]}).", "This revision, or the one before, was altered.")
            )
        previous = row[9]
        found = found or previous == expected
        if row[10] is None:
            erased += 1
            if erasures.get(row[4], 0) < seq:
                faults.append(Fault(0, f"revision {seq}", "Its body is gone and no erasure says why.", "Restore it from a copy."))
        elif digest(row[10], row[11], row[12]) != row[8]:
            faults.append(
                Fault(0, f"revision {seq}", f"The body of {row[3]} {row[4]} is not the one that was signed.", "Restore it from a copy.")
            )
        if progress and seq % 5000 == 0:
            progress(seq, total)
    return Head(seq, previous), erased, found


def _chain(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    result = connection.execution_options(stream_results=True, yield_per=2000).exec_driver_sql(
        "SELECT r.seq, r.at, r.actor, r.record_kind, r.record_id, r.operation, r.reason, r.batch_id, r.digest, r.hash,"
        " b.salt, b.before, b.after FROM revision r LEFT JOIN revision_body b ON b.seq = r.seq ORDER BY r.seq"
    )
    return iter(result)


def _erasures(connection: sa.Connection) -> dict[str, int]:
    rows = connection.exec_driver_sql("SELECT record_id, max(seq) FROM revision WHERE operation = 'erase' GROUP BY record_id")
    return {row[0]: row[1] for row in rows}


def _check_records(connection: sa.Connection, kind: str, faults: list[Fault]) -> int:
    """Walk the current records of a kind and their last revisions side by side, both in order of id."""
    held = current_bodies(connection, kind)
    last = _last_bodies(connection, kind)
    count = 0
    record, signed = next(held, None), next(last, None)
    while record is not None or signed is not None:
        if signed is None or (record is not None and record[0] < signed[0]):
            assert record is not None
            faults.append(Fault(0, f"{kind} {record[0]}", "Stands in the database and in no revision.", "It was put in behind the program's back."))
            record = next(held, None)
            continue
        if record is None or signed[0] < record[0]:
            if signed[1] is not None:
                faults.append(Fault(0, f"{kind} {signed[0]}", "Its revisions stand, its rows are gone.", "Restore it from the ledger."))
            signed = next(last, None)
            continue
        if signed[1] is None or body(record[1]) != signed[1]:
            faults.extend(_row_faults(kind, record[0], record[1], signed[1]))
        count += 1
        record, signed = next(held, None), next(last, None)
    return count


def _row_faults(kind: str, record_id: str, rows: Rows, signed: str | None) -> Iterator[Fault]:
    for name, before, now in differences(json.loads(signed) if signed else {}, rows):
        yield Fault(0, f"{kind} {record_id} {name}", f"Is {now!r}, the ledger says {before!r}.", "It was changed behind the program's back.")


def differences(before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]]) -> list[tuple[str, object, object]]:
    """Return (table.id.column or table.column, value before, value after) for every value that differs."""
    found: list[tuple[str, object, object]] = []
    for name in sorted({*before, *after}):
        olds = {row["id"]: row for row in before.get(name, ())}
        news = {row["id"]: row for row in after.get(name, ())}
        for key in sorted({*olds, *news}):
            old, new = olds.get(key, {}), news.get(key, {})
            where = name if name in ROOTS else f"{name} {key}"
            found += [
                (f"{where}.{column}", old.get(column), new.get(column))
                for column in sorted({*old, *new})
                if old.get(column) != new.get(column)
            ]
    return found


def _last_bodies(connection: sa.Connection, kind: str) -> Iterator[tuple[str, str | None]]:
    statement = sa.text(
        "SELECT r.record_id, b.after FROM (SELECT record_id, max(seq) AS seq FROM revision WHERE record_kind = :kind"
        " GROUP BY record_id) r LEFT JOIN revision_body b ON b.seq = r.seq ORDER BY r.record_id"
    )
    for row in connection.execution_options(stream_results=True, yield_per=2000).execute(statement, {"kind": kind}):
        yield row[0], row[1]


def current_bodies(connection: sa.Connection, kind: str, ids: Iterable[str] | None = None) -> Iterator[tuple[str, Rows]]:
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
    statement = sa.text(f'SELECT {quoted} FROM "{name}" {where} ORDER BY "{key}", id')
    if ids is not None:
        statement = statement.bindparams(sa.bindparam("ids", ids, expanding=True))
    result = connection.execution_options(stream_results=True, yield_per=2000).execute(statement)
    flags = {column.name for column in part.columns if isinstance(column.type, sa.Boolean)}
    dates = {column.name for column in part.columns if isinstance(column.type, sa.Date)}
    convert = flags | dates
    group: list[Row] = []
    last = None
    for raw in result:
        row = {c: v for c, v in zip(columns, raw, strict=True) if v is not None}
        for column in convert & row.keys():
            row[column] = bool(row[column]) if column in flags else str(row[column])
        if row[key] != last and group:
            yield str(last), group
            group = []
        last = row[key]
        group.append(row)
    if group:
        yield str(last), group


def _check_credentials(connection: sa.Connection, faults: list[Fault]) -> None:
    """A password hash lies outside the bodies; the account's digest in the ledger shows an exchanged one."""
    rows = connection.execute(
        sa.text("SELECT a.id, a.credential_digest, c.argon2 FROM account a LEFT JOIN credential c ON c.account_id = a.id")
    )
    faults += [
        Fault(0, f"account {row[0]}", "Its password hash is not the one that was recorded.", "Set a new password.")
        for row in rows
        if row[2] is None or hashlib.sha256(row[2].encode()).hexdigest() != row[1]
    ]
