"""One write transaction: rows of many records put in together, each with its own revision.

The store hands out a `Writer`; nothing else makes one. Rows go in by table, a few thousand at a time, so that a
bulk intake costs little more than its inserts.
"""

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty import access, bodies, guarding, ledger, rules
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotFound, Refused, UsageFault, Word
from casualty.ledger import Entry, Row, Rows
from casualty.schema import ROOTS, AnalysisRunFields, BatchFields, IncidentDraft, ReleaseFields, ReviewFields, table
from casualty.vocabulary import IncidentStatus, Operation

FLUSH_AT = 2000
RECEIPT = ("received_on", "receipt")
MARKS = ("withdrawn_at", "withdrawn_by", "withdrawn_reason")
# What is said once: a sample never becomes a real database; a hash of evidence, what left the house and what was once
# computed stay as they are.
FIXED: dict[str, tuple[str, ...]] = {
    "account": ("name", "sample", "credential_digest"),
    "analysis_run": tuple(AnalysisRunFields.model_fields),
    "batch": tuple(BatchFields.model_fields),
    "deployment": ("sample",),
    "document": ("sha256", "bytes"),
    "release": tuple(name for name in ReleaseFields.model_fields if name not in RECEIPT),
}


MERGED_INTO = sa.text(
    "WITH RECURSIVE merged(id) AS (SELECT id FROM incident WHERE merged_into_id = :id UNION"
    " SELECT i.id FROM incident i JOIN merged m ON i.merged_into_id = m.id) SELECT id FROM merged ORDER BY id"
)


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
        self.cleared: frozenset[str] | None = None  # the situations that `by` is cleared for; None is all
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
        if kind == "analysis_run":
            extra = {"code": self.ids.code(), **extra}
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
        self._must_be_cleared(kind, None, rows)
        self._must_hold(kind, None, rows)
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
        self._must_be_cleared(kind, before, after)
        root = before[kind][0]
        if ledger.body(before) == ledger.body(after):
            return Saved(root["id"], root.get("code"), root["version"])
        if kind == "incident" and operation == Operation.AMEND:
            self._must_say_how_found(before, after)
        self._must_hold(kind, before, after)
        self.flush()
        after = {**after, kind: [after[kind][0] | {"version": root["version"] + 1}]}
        self._exchange(before, after)
        return self._sign(kind, operation, before, after)

    def _must_hold(self, kind: str, before: Rows | None, after: Rows) -> None:
        if kind in guarding.GUARDED:
            self.flush()
            guarding.must_hold(self.connection, self.by, kind, before, after)

    def _must_say_how_found(self, before: Rows, after: Rows) -> None:
        """Raise InvalidRecords if somebody missing is now dead and nobody says how that is known; a file says it itself."""
        if not self.reason.strip() and self.batch_id is None and bodies.found_dead(before, after):
            text, mend = "Somebody missing would be dead, without a reason.", "Write how it is known."
            raise InvalidRecords("The incident cannot be saved as it is.", [Fault(0, "reason", text, mend)])

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

    def review(
        self, before: Rows, draft: ReviewFields | SQLModel, minimum_origins: int, *, into: str | None = None
    ) -> Saved:
        """Add a judgement and move the status; raise InvalidRecords if the rules do not allow it.

        `into` is the id of the incident that this one repeats: only with it does an incident become a duplicate.
        """
        assert isinstance(draft, ReviewFields)
        self._permit("incident", Operation.REVIEW)
        faults = rules.check_review(
            bodies.status_of(before), draft.to_status, reviewer=self.by.name, recorders=self.hands(before),
            reasons=draft.reasons, standard=draft.standard_of_proof, minimum_origins=minimum_origins,
            origins=self.origins(before), merging=into is not None,
        )  # fmt: skip
        if faults:
            raise InvalidRecords("This judgement cannot be recorded.", faults)
        return self.judge(before, before, draft, into=into)

    def judge(self, before: Rows, after: Rows, draft: ReviewFields, *, into: str | None = None) -> Saved:
        """Put an incident as `after` has it into the status of a judgement that was found to be allowed, and sign it."""
        incident, to = before["incident"][0], draft.to_status
        judgement = {
            "id": self.ids.key(),
            "incident_id": incident["id"],
            "from_status": incident["status"],
            "reviewer": self.by.name,
            "recorder": incident["recorded_by"],
            "reviewed_at": self.at,
            **bodies.dump(draft),
        }
        status = {"status": to.value} | ({"merged_into_id": into} if into is not None else {})
        withdrawn = draft.reasons if to == IncidentStatus.WITHDRAWN else None
        rows = self._marked("incident", after, status, withdrawn)
        rows["review"] = [*before.get("review", []), judgement]
        return self.change("incident", before, rows, Operation.REVIEW)

    def hands(self, rows: Rows) -> set[str]:
        """Return all whose hand is in an incident, or in one merged into it, by the ledger: recorded, amended, restored.

        A row that came by intake has the hand of who took the file in, and of who took a later one back.
        """
        incident, revision = rows["incident"][0], table("revision")
        written = [Operation.RECORD, Operation.AMEND, Operation.RESTORE]
        chosen = sa.select(revision.c.actor).where(
            revision.c.record_kind == "incident",
            revision.c.record_id.in_([incident["id"], *self.merged_into(incident["id"])]),
            revision.c.operation.in_(written),
        )
        return {incident["recorded_by"], *self.connection.execute(chosen).scalars()}

    def origins(self, rows: Rows) -> int:
        """Return how many independent origins stand behind an incident, with those of what was merged into it."""
        claim, document = table("claim"), table("document")
        claims = list(rows.get("claim", []))
        if merged := self.merged_into(rows["incident"][0]["id"]):
            theirs = sa.select(claim).where(claim.c.incident_id.in_(merged))
            claims += [dict(row._mapping) for row in self.connection.execute(theirs)]
        wanted = {one["document_id"] for one in claims}
        standing = sa.select(document.c.id, document.c.source_id).where(
            document.c.id.in_(wanted), document.c.withdrawn_at.is_(None)
        )
        return rules.independent_origins(claims, {row.id: row.source_id for row in self.connection.execute(standing)})

    def merged_into(self, incident_id: str) -> list[str]:
        """Return the ids of the incidents merged into one, through others too."""
        return list(self.connection.execute(MERGED_INTO, {"id": incident_id}).scalars())

    def _permit(self, kind: str, operation: Operation) -> None:
        if not self._permitted:
            access.permit(self.by, access.action_for(kind, operation.value))

    def _must_be_cleared(self, kind: str, before: Rows | None, after: Rows) -> None:
        """Raise NotFound for what this person does not see, Refused for where they may not put it."""
        if self.cleared is None:
            return
        if kind in access.WHOLE:
            access.permit_whole(self.cleared)
        asked = [before, after if kind != "incident" else None]
        if any(rows and hidden(self.connection, kind, rows, self.cleared, self.by.name) for rows in asked):
            raise nothing(kind, after[kind][0]["id"])
        was = before["incident"][0] if before is not None and kind == "incident" else None
        if kind == "incident" and not access.may_leave(was, after[kind][0], self.cleared, self.by.name):
            raise Refused("{name} is not cleared for the situation named.", values={"name": self.by.name})

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


def hidden(connection: sa.Connection, kind: str, rows: Rows, situations: frozenset[str] | None, name: str) -> bool:
    """Return whether a record is one, or speaks of one, that an account cleared for these situations does not see."""
    if situations is None:
        return False
    if kind == "incident":
        return not access.sees(rows["incident"][0], situations, name)
    if kind == "analysis_run":  # it tells of every incident of the record
        return True
    incidents, victims = _spoken_of(rows[kind][0])
    if not incidents and not victims:
        return False
    incident, victim = table("incident"), table("victim")
    theirs = sa.select(victim.c.incident_id).where(victim.c.id.in_(victims))
    chosen = sa.select(incident.c.situation_id, incident.c.recorded_by).where(
        incident.c.id.in_(incidents) | incident.c.id.in_(theirs)
    )
    return not all(access.sees(dict(row._mapping), situations, name) for row in connection.execute(chosen))


def _spoken_of(row: Row) -> tuple[list[str], list[str]]:
    """Return the ids of the incidents and of the victims that a record beside the incidents names."""
    incidents = json.loads(row["incidents"]) if "incidents" in row and "coder" in row else []
    incidents += [row["incident_id"]] if "incident_id" in row else []
    return incidents, [row[name] for name in ("victim_id", "other_id") if name in row]


def nothing(kind: str, record_id: str) -> NotFound:
    """Return what is told of a record that is not held, or not for this person."""
    return NotFound("No {kind} {id} is held.", values={"kind": word_of(kind), "id": repr(record_id)})


def word_of(kind: str) -> Word:
    """Return the kind of a record as a word of a sentence."""
    return Word(kind.replace("_", " "))
