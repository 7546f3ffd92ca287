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
from casualty.errors import Fault, InvalidRecords, UsageFault, Word
from casualty.ledger import Entry, Row, Rows
from casualty.schema import ROOTS, BatchFields, IncidentDraft, ReleaseFields, ReviewFields, table
from casualty.vocabulary import IncidentStatus, Operation

FLUSH_AT = 2000
MARKS = ("withdrawn_at", "withdrawn_by", "withdrawn_reason")
# What is said once: a sample never becomes a real database, a hash of evidence and what left the house stay as they are.
FIXED: dict[str, tuple[str, ...]] = {
    "account": ("name", "sample", "credential_digest"),
    "batch": tuple(BatchFields.model_fields),
    "deployment": ("sample",),
    "document": ("sha256", "bytes"),
    "release": tuple(ReleaseFields.model_fields),
}


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
        self.at = bodies.stamp(now)
        self.ids = ids
        self.reason = reason
        self.batch_id: str | None = None
        self._permitted = permitted
        self._head = ledger.lock_head(connection)
        bodies.refuse_unstorable({"revision": [{"actor": by.name, "reason": reason}]})
        self._entries: list[Entry] = []
        self._inserts: dict[str, list[Row]] = defaultdict(list)

    @property
    def today(self) -> date:
        return date.fromisoformat(self.at[:10])

    def record(
        self, kind: str, draft: SQLModel, *, status: IncidentStatus = IncidentStatus.SUBMITTED, **extra: object
    ) -> Saved:
        """Record a new record; `extra` fills columns that are not the person's to state."""
        _must_fit(kind, draft)
        if kind == "deployment" and self.connection.execute(sa.select(sa.func.count(table(kind).c.id))).scalar():
            raise InvalidRecords("A database says once what it is; amend that instead.")
        if not isinstance(draft, IncidentDraft):
            return self.insert(
                kind, {kind: [bodies.root(self.ids, self.at, self.by.name, {**bodies.dump(draft), **extra})]}
            )
        if status not in rules.FIRST:
            text = "A new incident cannot be {status}: that is for a review to say."
            raise InvalidRecords(
                "The incident cannot be saved as it is.",
                [Fault(0, "status", text, "Record it, then review it.", {"status": status})],
            )
        return self.insert(kind, bodies.new_incident(draft, self.ids, self.at, self.by.name, status.value))

    def insert(self, kind: str, rows: Rows) -> Saved:
        """Put in the rows of a new record as they are."""
        self._permit(kind, Operation.RECORD)
        for name, part in rows.items():
            self._inserts[name] += part
        return self._sign(kind, Operation.RECORD, None, rows)

    def amended(self, kind: str, before: Rows, draft: SQLModel) -> Rows:
        """Return the rows of a record as this draft would have them."""
        _must_fit(kind, draft)
        if isinstance(draft, IncidentDraft):
            return bodies.amended_incident(before, draft, self.ids)
        held, stated = before[kind][0], bodies.dump(draft)
        faults = [
            Fault(0, name, "Was stated once and stays.", "Record another.")
            for name in FIXED.get(kind, ())
            if name in held and stated.get(name) != held[name]
        ]
        if faults:
            raise InvalidRecords("The {kind} cannot be amended so.", faults, {"kind": word_of(kind)})
        return {kind: [{name: value for name, value in held.items() if name not in type(draft).model_fields} | stated]}

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
        if "withdrawn_at" in before[kind][0]:
            raise InvalidRecords("This {kind} is already withdrawn.", values={"kind": word_of(kind)})
        status = {"status": IncidentStatus.WITHDRAWN.value} if kind == "incident" else {}
        return self.change(kind, before, self._marked(kind, before, status, self.reason), operation)

    def restore(self, kind: str, before: Rows) -> Saved:
        """Take the marks of a withdrawal away; an incident is taken up again by a review."""
        if kind == "incident":
            raise InvalidRecords("A withdrawn incident is taken up again by a review, to: in_review.")
        if "withdrawn_at" not in before[kind][0]:
            raise InvalidRecords("This {kind} is not withdrawn.", values={"kind": word_of(kind)})
        return self.change(kind, before, self._marked(kind, before, {}, None), Operation.RESTORE)

    def submit(self, before: Rows) -> Saved:
        """Put a draft, or what was returned to its recorder, forward for review."""
        status = bodies.status_of(before)
        if not rules.may_submit(status):
            raise InvalidRecords(
                "Only drafts and what needs work are put forward; this one is {status}.", values={"status": status}
            )
        after = self._marked("incident", before, {"status": IncidentStatus.SUBMITTED.value}, None)
        return self.change("incident", before, after, Operation.AMEND)

    def _marked(self, kind: str, before: Rows, status: Row, withdrawn: str | None) -> Rows:
        """Return the rows in another status, with the marks of a withdrawal for this reason, or without any.

        Any new status ends a merge: the record stands for itself again; where it pointed is in the ledger.
        """
        plain = {name: value for name, value in before[kind][0].items() if name not in (*MARKS, "merged_into_id")}
        marks = {} if withdrawn is None else dict(zip(MARKS, (self.at, self.by.name, withdrawn), strict=True))
        return {**before, kind: [plain | status | marks]}

    def review(self, before: Rows, draft: ReviewFields | SQLModel, minimum_origins: int) -> Saved:
        """Add a judgement and move the status; raise InvalidRecords if the rules do not allow it."""
        assert isinstance(draft, ReviewFields)
        self._permit("incident", Operation.REVIEW)
        incident, to = before["incident"][0], draft.to_status
        claims = before.get("claim", [])
        faults = rules.check_review(
            bodies.status_of(before), to, reviewer=self.by.name, recorders=self._hands(incident),
            reasons=draft.reasons, standard=draft.standard_of_proof, minimum_origins=minimum_origins,
            origins=rules.independent_origins(claims, self._sources(claims)),
        )  # fmt: skip
        if faults:
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
        withdrawn = draft.reasons if to == IncidentStatus.WITHDRAWN else None
        after = self._marked("incident", before, {"status": to.value}, withdrawn)
        after["review"] = [*before.get("review", []), judgement]
        return self.change("incident", before, after, Operation.REVIEW)

    def _hands(self, incident: Row) -> set[str]:
        """Return all who recorded or amended an incident, by the ledger."""
        revision = table("revision")
        amended = self.connection.execute(
            sa.select(revision.c.actor).where(
                revision.c.record_kind == "incident", revision.c.record_id == incident["id"],
                revision.c.operation.in_([Operation.RECORD, Operation.AMEND]),
            )
        ).scalars()  # fmt: skip
        return {incident["recorded_by"], *amended}

    def _sources(self, claims: list[Row]) -> dict[str, str | None]:
        """Return the source of each of these claims' documents that still stands."""
        document = table("document")
        wanted = {claim["document_id"] for claim in claims}
        chosen = sa.select(document.c.id, document.c.source_id).where(
            document.c.id.in_(wanted), document.c.withdrawn_at.is_(None)
        )
        return {row.id: row.source_id for row in self.connection.execute(chosen)}

    def _permit(self, kind: str, operation: Operation) -> None:
        if not self._permitted:
            access.permit(self.by, access.action_for(kind, operation.value))

    def _sign(self, kind: str, operation: Operation, before: Rows | None, after: Rows) -> Saved:
        root = after[kind][0]
        was = None if before is None else ledger.body(before)
        now = ledger.body(after)
        if "\\u0000" in now:
            bodies.refuse_unstorable(after)
        self._entries.append(Entry(kind, root["id"], operation.value, self.reason, was, now, self.batch_id))
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
            # A changed person may point at a new group; a new claim may take the key of one that is now superseded.
            if name == "victim":
                self._put(name, came)
            for key, row in news[name].items():
                if key in olds[name] and row != olds[name][key]:
                    self._update(name, row)
            if name != "victim":
                self._put(name, came)
        for name in reversed(order):
            gone = [row for key, row in olds[name].items() if key not in news[name]]
            for row in sorted(
                gone, key=lambda row: "resolved_out_of" not in row
            ):  # persons before the group they point at
                self.connection.exec_driver_sql(f'DELETE FROM "{name}" WHERE id = {self._mark()}', (row["id"],))

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


def _must_fit(kind: str, draft: SQLModel) -> None:
    """Raise UsageFault for a draft that does not state a record of this kind."""
    fits = (
        isinstance(draft, IncidentDraft)
        if kind == "incident"
        else kind in ROOTS and issubclass(ROOTS[kind], type(draft))
    )
    if not fits:
        raise UsageFault(
            "{given} does not state a record of kind {kind}.",
            values={"given": type(draft).__name__, "kind": word_of(kind)},
        )


def word_of(kind: str) -> Word:
    """Return the kind of a record as a word of a sentence."""
    return Word(kind.replace("_", " "))
