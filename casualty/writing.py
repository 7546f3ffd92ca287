"""One write transaction: rows of many records put in together, each with its own revision.

The store hands out a `Writer`; nothing else makes one. Rows go in by table, a few thousand at a time, so that a
bulk intake costs little more than its inserts.
"""

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty import access, bodies, ledger, rules
from casualty.access import Acting
from casualty.errors import InvalidRecords
from casualty.ledger import Entry, Row, Rows
from casualty.schema import IncidentDraft, ReviewFields, table
from casualty.vocabulary import IncidentStatus, Operation

FLUSH_AT = 2000


@dataclass(frozen=True, slots=True)
class Saved:
    """A record as saved: its id, its code where it has one, and its version."""

    id: str
    code: str | None
    version: int


class Writer:
    """Collects writes of one person at one moment; `finish` puts the last of them in."""

    def __init__(
        self, connection: sa.Connection, by: Acting, now: datetime, ids: bodies.Ids, *, permitted: bool, reason: str
    ) -> None:
        self.connection = connection
        self.by = by
        self.at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.ids = ids
        self.reason = reason
        self.batch_id: str | None = None
        self._permitted = permitted
        self._head = ledger.lock_head(connection)
        self._entries: list[Entry] = []
        self._inserts: dict[str, list[Row]] = defaultdict(list)

    @property
    def today(self) -> date:
        return date.fromisoformat(self.at[:10])

    def record(self, kind: str, draft: SQLModel, *, status: IncidentStatus = IncidentStatus.SUBMITTED, **extra: object) -> Saved:
        """Record a new record; `extra` fills columns that are not the person's to state."""
        if isinstance(draft, IncidentDraft):
            return self.insert(kind, bodies.new_incident(draft, self.ids, self.at, self.by.name, status.value))
        return self.insert(kind, {kind: [bodies.root(self.ids, self.at, self.by.name, {**bodies.dump(draft), **extra})]})

    def insert(self, kind: str, rows: Rows) -> Saved:
        """Put in the rows of a new record as they are."""
        self._permit(kind, Operation.RECORD)
        for name, part in rows.items():
            self._inserts[name] += part
        return self._sign(kind, Operation.RECORD, None, rows)

    def amended(self, kind: str, before: Rows, draft: SQLModel) -> Rows:
        """Return the rows of a record as this draft would have them."""
        if isinstance(draft, IncidentDraft):
            return bodies.amended_incident(before, draft, self.ids)
        stated = type(draft).model_fields
        kept = {name: value for name, value in before[kind][0].items() if name not in stated}
        return {kind: [kept | bodies.dump(draft)]}

    def change(self, kind: str, before: Rows, after: Rows, operation: Operation) -> Saved:
        """Replace the rows of a record; if nothing differs, nothing is written."""
        self._permit(kind, operation)
        root = before[kind][0]
        if ledger.body(before) == ledger.body(after):
            return Saved(root["id"], root.get("code"), root["version"])
        self.flush()
        after = {**after, kind: [after[kind][0] | {"version": root["version"] + 1}]}
        self._exchange(before, after)
        return self._sign(kind, operation, before, after)

    def withdraw(self, kind: str, before: Rows, operation: Operation = Operation.WITHDRAW) -> Saved:
        """Mark a record withdrawn, by this person, now, for this writer's reason."""
        root = before[kind][0]
        if "withdrawn_at" in root:
            raise InvalidRecords(f"This {kind} is already withdrawn.")
        marks = {"withdrawn_at": self.at, "withdrawn_by": self.by.name, "withdrawn_reason": self.reason}
        if kind == "incident":
            marks["status"] = IncidentStatus.WITHDRAWN.value
            root = {name: value for name, value in root.items() if name != "merged_into_id"}
        return self.change(kind, before, {**before, kind: [root | marks]}, operation)

    def review(self, before: Rows, draft: ReviewFields | SQLModel, minimum_origins: int) -> Saved:
        """Add a judgement and move the status; raise InvalidRecords if the rules do not allow it."""
        assert isinstance(draft, ReviewFields)
        incident = before["incident"][0]
        claims = [claim for claim in before.get("claim", []) if claim["standing"] == "current"]
        origins = {claim.get("origin_id") or claim.get("source_id") or claim["document_id"] for claim in claims}
        faults = rules.check_review(
            IncidentStatus(incident["status"]), draft.to_status, reviewer=self.by.name, recorder=incident["recorded_by"],
            reasons=draft.reasons, standard=draft.standard_of_proof, origins=len(origins), minimum_origins=minimum_origins,
        )  # fmt: skip
        if faults:
            self._permit("incident", Operation.REVIEW)
            raise InvalidRecords("This judgement cannot be recorded.", faults)
        judgement = {
            "id": self.ids.key(),
            "incident_id": incident["id"],
            "from_status": incident["status"],
            "reviewer": self.by.name,
            "recorder": incident["recorded_by"],
            "reviewed_at": self.at,
            **bodies.dump(draft),
        }
        after = {**before, "incident": [incident | {"status": draft.to_status.value}]}
        after["review"] = [*before.get("review", []), judgement]
        return self.change("incident", before, after, Operation.REVIEW)

    def _permit(self, kind: str, operation: Operation) -> None:
        if not self._permitted:
            access.permit(self.by, access.action_for(kind, operation.value))

    def _sign(self, kind: str, operation: Operation, before: Rows | None, after: Rows) -> Saved:
        root = after[kind][0]
        was = None if before is None else ledger.body(before)
        self._entries.append(
            Entry(kind, root["id"], operation.value, self.reason, was, ledger.body(after), self.batch_id)
        )
        if len(self._entries) >= FLUSH_AT:
            self.flush()
        return Saved(root["id"], root.get("code"), root["version"])

    def _exchange(self, before: Rows, after: Rows) -> None:
        """Delete the rows that left, put in those that came, update those that changed."""
        order = [part.name for part in SQLModel.metadata.sorted_tables if part.name in {*before, *after}]
        olds = {name: {row["id"]: row for row in before.get(name, [])} for name in order}
        news = {name: {row["id"]: row for row in after.get(name, [])} for name in order}
        for name in order:
            came = [row for key, row in news[name].items() if key not in olds[name]]
            self._put(name, came)
            for key, row in news[name].items():
                if key in olds[name] and row != olds[name][key]:
                    self._update(name, row)
        for name in reversed(order):
            for key in olds[name].keys() - news[name].keys():
                self.connection.exec_driver_sql(f'DELETE FROM "{name}" WHERE id = {self._mark()}', (key,))

    def _update(self, name: str, row: Row) -> None:
        columns = [column.name for column in table(name).columns if column.name != "id"]
        setting = ", ".join(f'"{column}" = {self._mark()}' for column in columns)
        values = (*(row.get(column) for column in columns), row["id"])
        self.connection.exec_driver_sql(f'UPDATE "{name}" SET {setting} WHERE id = {self._mark()}', values)

    def _mark(self) -> str:
        return "?" if self.connection.dialect.name == "sqlite" else "%s"

    def _put(self, name: str, rows: list[Row]) -> None:
        if rows:
            columns = [column.name for column in table(name).columns]
            self._many(name, columns, [tuple(map(row.get, columns)) for row in rows])

    def _many(self, name: str, columns: list[str], values: list[tuple[object, ...]]) -> None:
        quoted = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join([self._mark()] * len(columns))
        self.connection.exec_driver_sql(f'INSERT INTO "{name}" ({quoted}) VALUES ({marks})', values)

    def flush(self) -> None:
        """Put in all rows collected so far, with their revisions."""
        for part in SQLModel.metadata.sorted_tables:
            self._put(part.name, self._inserts.pop(part.name, []))
        if not self._entries:
            return
        random = os.urandom(16 * len(self._entries)).hex()
        salts = [random[start : start + 32] for start in range(0, len(random), 32)]
        revisions, signed, self._head = ledger.append(self._entries, self._head, self.at, self.by.name, salts)
        self._many("revision", [column.name for column in table("revision").columns], revisions)
        self._many("revision_body", [column.name for column in table("revision_body").columns], signed)
        self._entries = []

    def finish(self) -> None:
        """Put in what remains and move the ledger's head."""
        self.flush()
        head = table("ledger_head")
        self.connection.execute(head.update().values(seq=self._head.seq, hash=self._head.hash))
