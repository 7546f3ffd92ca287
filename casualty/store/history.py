"""What stands of a record and what stood: its rows, its revisions, and what two savings of it disagree on."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty import bodies, ledger
from casualty.errors import CheckFailed, Difference, EditConflict
from casualty.ledger import Rows
from casualty.schema import ROOTS, table
from casualty.writing import Writer, nothing


@dataclass(frozen=True, slots=True)
class Revised:
    """One revision of a record, with the record before and after it (None where it was not, or was erased)."""

    seq: int
    at: str
    actor: str
    operation: str
    reason: str
    batch_id: str | None
    hash: str
    before: Rows | None
    after: Rows | None

    def differences(self) -> list[tuple[str, object, object]]:
        """Return (field, before, after) for every value that this revision changed."""
        return ledger.differences(self.before or {}, self.after or {})


def current(connection: sa.Connection, kind: str, record_id: str) -> Rows:
    """Return the rows of a record as they stand; raise NotFound."""
    if kind in ROOTS and not bodies.unstorable(record_id):
        for _, rows in ledger.current_bodies(connection, kind, [record_id]):
            if kind in rows:
                return rows
    raise nothing(kind, record_id)


def revisions(connection: sa.Connection, kind: str, record_id: str) -> list[Revised]:
    """Return every revision of a record, oldest first; raise NotFound if there is none."""
    revision, body = table("revision"), table("revision_body")
    chosen = (
        sa.select(revision, body.c.before, body.c.after)
        .outerjoin(body, body.c.seq == revision.c.seq)
        .where(revision.c.record_kind == kind, revision.c.record_id == record_id)
        .order_by(revision.c.seq)
    )
    found = [] if bodies.unstorable(record_id) else connection.execute(chosen).all()
    if not found:
        raise nothing(kind, record_id)
    return [
        Revised(
            row.seq, row.at, row.actor, str(row.operation), row.reason, row.batch_id, row.hash,
            _body(row.seq, row.before), _body(row.seq, row.after),
        )
        for row in found
    ]  # fmt: skip


def _body(seq: int, text: str | None) -> Rows | None:
    rows = ledger.parsed(text)
    if text is not None and rows is None:
        raise CheckFailed("The body of revision {seq} cannot be read; see: casualty ledger verify", values={"seq": seq})
    return rows


def must_be_version(writer: Writer, kind: str, before: Rows, expected: int, draft: SQLModel | None = None) -> None:
    """Raise EditConflict if a record is no longer at the version somebody read, with what they and the draft changed."""
    version = before[kind][0]["version"]
    if version == expected:
        return
    told = revisions(writer.connection, kind, before[kind][0]["id"])
    opened = next((r.after for r in told if r.after and r.after[kind][0]["version"] == expected), before)
    yours = opened if draft is None else writer.amended(kind, opened, draft)
    was = {where: (old, new) for where, old, new in ledger.differences(opened, before)}
    mine = {where: new for where, _, new in ledger.differences(opened, yours)}
    differing = [
        Difference(
            where, *was.get(where, (_at(opened, where), _at(opened, where))), mine.get(where, _at(opened, where))
        )
        for where in sorted({*was, *mine})
        if not where.endswith(".version")
    ]
    said = "Saved by somebody else since you opened it (now version {version})."
    raise EditConflict(said, differing, version, {"version": version})


def _at(rows: Rows, where: str) -> object:
    """Return the value at `table.column` or `table id.column` of a body."""
    name, _, column = where.rpartition(".")
    name, _, key = name.partition(" ")
    return next((row.get(column) for row in rows.get(name, []) if not key or row["id"] == key), None)
