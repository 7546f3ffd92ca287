"""Incidents and victims from a table: recorded, amended where a newer version changed, left alone where not.

A row is known by (data set, its id, how many times that id came before in the file). Rows that name one incident are
one incident; a row that names another than before moves there. How an amendment respects what people have edited since
stands in `merging`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from casualty import bodies, rules
from casualty.errors import Fault
from casualty.intake import drafts, mapping
from casualty.intake.batch import PROGRESS_EVERY, Batch, Progress
from casualty.intake.drafts import RowReader
from casualty.intake.merging import merge
from casualty.ledger import Row, Rows, current_bodies
from casualty.schema import IncidentDraft, table
from casualty.vocabulary import IncidentStatus, Operation
from casualty.writing import Writer

AT_ONCE = 500

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A row that came before: its incident, and the digest of what it said."""

    incident_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Keyed:
    """A row of the file with its key."""

    number: int
    key: Key
    cells: list[str]


@dataclass
class Ready:
    """A row that may enter: its key, its draft with the one claim it makes, the digests of what it means."""

    row: int
    key: Key
    draft: IncidentDraft
    digests: tuple[str, ...]
    warnings: list[Fault]


@dataclass
class Intake:
    """The work on one table of incidents or victims."""

    batch: Batch
    today: date
    exchanged: bool = False
    reader: RowReader = field(init=False)
    known: dict[Key, Known] = field(init=False)
    seen: set[Key] = field(default_factory=set)
    came: dict[str, int] = field(default_factory=dict)
    nameless: int = 0
    _waiting: dict[str, list[Ready]] = field(default_factory=dict)
    _readers: dict[str, tuple[RowReader, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = RowReader(
            self.batch.mapping, self.batch.table.headers, self.batch.references, exchanged=self.exchanged
        )
        still = {name: part for name, part in self.batch.mapping.identity.items() if name not in self.reader.closed}
        self.batch.mapping = replace(self.batch.mapping, identity=still)
        for name in self.reader.closed:
            remark = f"The identity dimension {name} is switched off here: what the file says of it was left out."
            self.batch.report.remarks.append(remark)
        claim = table("claim")
        rows = self.batch.writer.connection.execute(
            sa.select(claim.c.external_id, claim.c.occurrence, claim.c.incident_id, claim.c.digest).where(
                claim.c.dataset == self.batch.mapping.dataset, claim.c.standing == "current"
            )
        )
        self.known = {(row[0], row[1]): Known(row[2], row[3]) for row in rows}

    def run(self, progress: Progress) -> None:
        """Take in every row; then see which known rows the file no longer names."""
        told = 0
        for unit, incident_id in self._units():
            self._take(unit, incident_id)
            self.batch.report.read += len(unit)
            if self.batch.report.read - told >= PROGRESS_EVERY:
                told = self.batch.report.read
                progress(told)
        self._amend_waiting()
        self._vanished()

    # Which rows, and which incident ------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Keyed]:
        """Yield the rows in the file's order; a row without an id of its own is known by what it says."""
        for number, cells in enumerate(self.batch.table.rows(), start=1):
            name = self.reader.key("id", cells)[: drafts.LONGEST_ID] or self.reader.digest_of(cells)
            occurrence = self.came.get(name, 0)
            self.came[name] = occurrence + 1
            self.seen.add((name, occurrence))
            yield Keyed(number, (name, occurrence), cells)

    def _units(self) -> Iterator[tuple[list[Keyed], str | None]]:
        """Yield rows of one incident together, with the incident that is theirs here, if one is."""
        if "incident" not in self.batch.mapping.columns:
            for row in self._rows():
                yield [row], known.incident_id if (known := self.known.get(row.key)) else None
            return
        units: dict[str, list[Keyed]] = {}
        for row in self._rows():
            name = self.reader.key("incident", row.cells)
            units.setdefault(f"incident {name}" if name else f"row {row.number}", []).append(row)
        theirs = self._theirs(units)
        for name, unit in units.items():
            yield unit, theirs.get(name)

    def _theirs(self, units: dict[str, list[Keyed]]) -> dict[str, str]:
        """Give each unit the incident most of its rows were in, and no incident to two units."""
        votes = Counter(
            (name, known.incident_id)
            for name, unit in units.items()
            for row in unit
            if (known := self.known.get(row.key))
        )
        theirs: dict[str, str] = {}
        taken: set[str] = set()
        for (name, incident_id), _ in votes.most_common():
            if name not in theirs and incident_id not in taken:
                theirs[name] = incident_id
                taken.add(incident_id)
        return theirs

    # Taking in ---------------------------------------------------------------------------------------------------

    def _take(self, unit: list[Keyed], incident_id: str | None) -> None:
        mark = self.batch.references.mark()
        ready = [one for row in unit if (one := self._ready(row)) is not None]
        if not ready:
            return
        moved = [one.key for one in ready if (known := self.known.get(one.key)) and known.incident_id != incident_id]
        if moved:
            self._move(moved)
        if incident_id is None:
            self._record(ready)
        elif all((known := self.known.get(one.key)) and known.digest in one.digests for one in ready) and not moved:
            self.batch.references.forget(mark)
            self.batch.report.unchanged += len(ready)
        else:
            self._wait(incident_id, ready)
            return
        for one in ready:
            self.batch.report.warn(one.warnings)

    def _ready(self, row: Keyed) -> Ready | None:
        """Validate one row on its own; a row with a fault is listed and never enters, nor do the names it brought."""
        mark = self.batch.references.mark()
        reading = self.reader.read(row.number, row.cells)
        draft = None
        if not reading.faults:
            reading.fields["claims"] = [self.reader.claim(reading, self.batch.document_id, self.batch.source_id)]
            draft, reading.faults = drafts.validated(reading.fields, row.number)
        if draft is not None:
            checked = rules.check(draft, self.today)
            reading.faults = [_at_row(fault, row.number) for fault in checked.faults]
            reading.warnings += [_at_row(warning, row.number) for warning in checked.warnings]
        if draft is None or reading.faults:
            self.batch.report.refuse(reading.faults)
            self.batch.references.forget(mark)
            self.nameless += not self.reader.key("id", row.cells)
            return None
        return Ready(row.number, row.key, draft, reading.digests, reading.warnings)

    def _record(self, ready: list[Ready]) -> None:
        batch_id = self.batch.open()
        writer, draft = self.batch.writer, _together([one.draft for one in ready])
        for one in ready[1:]:
            _compare(ready[0], one)
        rows = bodies.new_incident(draft, writer.ids, writer.at, writer.by.name, IncidentStatus.SUBMITTED.value)
        self._sign(rows["claim"], ready, batch_id)
        writer.insert("incident", rows)
        self._count(ready)

    def _count(self, changed: Iterable[Ready]) -> None:
        """A row that was not known is recorded, be it in an incident that was; one that was known is amended."""
        for one in changed:
            if one.key in self.known:
                self.batch.report.amended += 1
            else:
                self.batch.report.recorded += 1

    def _sign(self, claims: list[Row], ready: Sequence[Ready], batch_id: str) -> None:
        for claim, one in zip(claims, ready, strict=True):
            claim |= {
                "dataset": self.batch.mapping.dataset,
                "external_id": one.key[0],
                "occurrence": one.key[1],
                "row_number": one.row,
                "batch_id": batch_id,
                "digest": one.digests[0],
            }

    # Amending ----------------------------------------------------------------------------------------------------

    def _wait(self, incident_id: str, ready: list[Ready]) -> None:
        """Let an amendment wait for others, so that what is held is read for many incidents at once."""
        self.batch.open()
        if incident_id in self._waiting:
            self._amend_waiting()
        self._waiting[incident_id] = ready
        if len(self._waiting) >= AT_ONCE:
            self._amend_waiting()

    def _amend_waiting(self) -> None:
        if not self._waiting:
            return
        self.batch.writer.flush()
        held = dict(current_bodies(self.batch.writer.connection, "incident", self._waiting))
        for incident_id, ready in self._waiting.items():
            self._amend(incident_id, held[incident_id], ready)
            for one in ready:
                self.batch.report.warn(one.warnings)
        self._waiting.clear()

    def _amend(self, incident_id: str, before: Rows, ready: list[Ready]) -> None:
        mine = self._claims_of(before)
        changed = [one for one in ready if one.key not in mine or mine[one.key]["digest"] not in one.digests]
        base = self._read_again(mine)
        now = {one.key: one.draft for one in ready if one.key in base or one.key not in mine}
        fresh = {key: now.get(key, draft) for key, draft in base.items()} | now
        after = self._merged(before, base, fresh, changed[0])
        if "withdrawn_at" in before["incident"][0]:
            text = "The incident was withdrawn here, and stays so."
            changed[0].warnings.append(Fault(changed[0].row, "status", text, "Restore it if the file is right."))
        superseded = {mine[one.key]["id"] for one in changed if one.key in mine}
        new = [self._new_claim(one, incident_id) for one in changed]
        self._sign(new, changed, self.batch.open())
        after["claim"] = _marked(before["claim"], superseded, "superseded") + new
        self.batch.writer.change("incident", before, after, Operation.AMEND)
        self.batch.report.unchanged += len(ready) - len(changed)
        self._count(changed)

    def _merged(
        self, before: Rows, base: dict[Key, IncidentDraft], fresh: dict[Key, IncidentDraft], told: Ready | None
    ) -> Rows:
        """Return the rows of an incident with the file's changes in; `told` is the row that carries the warnings."""
        held = bodies.draft_of(before)
        if not base or not fresh:
            return dict(before)
        found = merge(held, base, fresh, self.batch.references.closed_ids, self.today)
        if told is not None:
            told.warnings += [_at_row(warning, told.row) for warning in found.kept]
        return bodies.amended_incident(before, found.draft, self.batch.writer.ids)

    def _claims_of(self, rows: Rows) -> dict[Key, Row]:
        """Return the current claims of this data set by row key, in the order of their file."""
        ours = (
            c for c in rows["claim"] if c.get("dataset") == self.batch.mapping.dataset and c["standing"] == "current"
        )
        return {
            (c["external_id"], c["occurrence"]): c for c in sorted(ours, key=lambda claim: int(claim["row_number"]))
        }

    def _new_claim(self, one: Ready, incident_id: str) -> Row:
        stated = bodies.dump(one.draft.claims[0])
        return {"id": self.batch.writer.ids.key(), "incident_id": incident_id, "standing": "current", **stated}

    def _read_again(self, claims: dict[Key, Row]) -> dict[Key, IncidentDraft]:
        """Read claims as they were read when they came: by the mapping of their own batch."""
        mark = self.batch.references.mark()
        found = {}
        for key, claim in claims.items():
            reader, headers = self._reader_of(claim["batch_id"])
            stated = drafts.restated(claim["stated"])
            reading = reader.read(claim["row_number"], [stated.get(name, "") for name in headers])
            draft, _ = drafts.validated(reading.fields, reading.row)
            if draft is not None and not reading.faults:
                found[key] = draft
        self.batch.references.forget(mark)
        return found

    def _reader_of(self, batch_id: str) -> tuple[RowReader, list[str]]:
        if batch_id not in self._readers:
            batch = table("batch")
            text = self.batch.writer.connection.execute(
                sa.select(batch.c.mapping).where(batch.c.id == batch_id)
            ).scalar_one()
            old = mapping.parse(text)
            headers = [
                *{c: None for columns in old.columns.values() for c in columns}
                | {part.column: None for part in old.identity.values()}
            ]
            self._readers[batch_id] = RowReader(old, headers, self.batch.references), headers
        return self._readers[batch_id]

    # Rows that leave an incident ---------------------------------------------------------------------------------

    def _move(self, keys: list[Key]) -> None:
        """Take rows out of the incidents they were in, since the file now names another; what is left empty goes."""
        self.batch.open()
        for incident_id in {self.known[key].incident_id: None for key in keys}:
            self._leave(incident_id, {key for key in keys if self.known[key].incident_id == incident_id}, "superseded")

    def _leave(self, incident_id: str, keys: set[Key], standing: str) -> None:
        before = self.batch.current("incident", incident_id)
        mine = self._claims_of(before)
        going = {claim["id"] for key, claim in mine.items() if key in keys}
        if all(claim["id"] in going or claim["standing"] != "current" for claim in before["claim"]):
            withdraw(self.batch.writer, before, standing)
            return
        base = self._read_again(mine)
        after = self._merged(before, base, {key: draft for key, draft in base.items() if key not in keys}, None)
        after["claim"] = _marked(before["claim"], going, standing)
        self.batch.writer.change("incident", before, after, Operation.AMEND)

    def _vanished(self) -> None:
        """Count known rows the file no longer names; with `complete`, take them out, and incidents nothing else tells of."""
        gone = [key for key in self.known if key not in self.seen]
        report = self.batch.report
        report.vanished = len(gone)
        if not gone or not self.batch.complete:
            return
        if self.nameless:
            told = (
                f"{self.nameless} refused rows have no id that can be read, so nothing was withdrawn: mend them first."
            )
            report.remarks.append(told)
            return
        self.batch.open()
        for incident_id in sorted({self.known[key].incident_id for key in gone}):
            self._leave(incident_id, {key for key in gone if self.known[key].incident_id == incident_id}, "withdrawn")


def _together(parts: list[IncidentDraft]) -> IncidentDraft:
    """Return one draft of all rows of an incident, each row its own claim; the first row speaks for the incident."""
    first = parts[0]
    for part in parts[1:]:
        first.victims.extend(part.victims)
        first.claims.extend(part.claims)
        first.involvements.extend(one for one in part.involvements if one not in first.involvements)
    return first


def _compare(first: Ready, other: Ready) -> None:
    names = ("date_start", "lat", "lon", "pcode")
    odd = [name for name in names if getattr(first.draft, name) != getattr(other.draft, name)]
    if odd:
        text = f"Differs from row {first.row} of the same incident."
        other.warnings.append(Fault(other.row, ", ".join(odd), text, "The first row's value is held."))


def _marked(claims: list[Row], ids: set[str], standing: str) -> list[Row]:
    return [claim | {"standing": standing} if claim["id"] in ids else claim for claim in claims]


def withdraw(writer: Writer, before: Rows, standing: str = "withdrawn") -> None:
    """Withdraw an incident together with the claims that intake made, so that their rows may come again."""
    claims = {claim["id"] for claim in before["claim"] if claim.get("dataset") and claim["standing"] == "current"}
    incident: dict[str, Any] = {
        name: value for name, value in before["incident"][0].items() if name != "merged_into_id"
    }
    if "withdrawn_at" not in incident:
        incident |= {
            "withdrawn_at": writer.at,
            "withdrawn_by": writer.by.name,
            "withdrawn_reason": writer.reason,
            "status": IncidentStatus.WITHDRAWN.value,
        }
    after = {**before, "claim": _marked(before["claim"], claims, standing), "incident": [incident]}
    writer.change("incident", before, after, Operation.WITHDRAW)


def _at_row(fault: Fault, row: int) -> Fault:
    return replace(fault, row=row)
