"""Incidents and victims from a table: recorded, amended where a newer version changed, left alone where not.

A row is known by (data set, its id, how many times that id came before in the file). An amendment is three-way: what
the file changed since its last version is changed here, unless a person has edited the same field since; then the
person's value stays, the new claim stands beside it, and a warning says so.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from casualty import bodies, rules
from casualty.errors import Fault
from casualty.intake import drafts, mapping
from casualty.intake.batch import PROGRESS_EVERY, Batch, Progress
from casualty.intake.drafts import Reading, RowReader
from casualty.ledger import Row, Rows, canonical
from casualty.schema import IncidentDraft, IncidentFields, table
from casualty.vocabulary import IncidentStatus, Operation

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A row that came before: its incident, and the digest of what it said."""

    incident_id: str
    digest: str


@dataclass
class Ready:
    """A row that may enter: its key, its draft without the claim, the digest of that draft."""

    reading: Reading
    key: Key
    draft: IncidentDraft
    digest: str


@dataclass
class Intake:
    """The work on one table of incidents or victims."""

    batch: Batch
    today: date
    reader: RowReader = field(init=False)
    known: dict[Key, Known] = field(init=False)
    seen: set[Key] = field(default_factory=set)
    came: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reader = RowReader(self.batch.mapping, self.batch.table.headers, self.batch.references)
        claim = table("claim")
        rows = self.batch.writer.connection.execute(
            sa.select(claim.c.external_id, claim.c.occurrence, claim.c.incident_id, claim.c.digest).where(
                claim.c.dataset == self.batch.mapping.dataset, claim.c.standing == "current"
            )
        )
        self.known = {(row[0], row[1]): Known(row[2], row[3]) for row in rows}

    def run(self, progress: Progress) -> None:
        """Take in every row; then see which known rows the file no longer names."""
        report = self.batch.report
        told = 0
        for unit in self._units():
            report.read += len(unit)
            self._take(unit)
            if report.read - told >= PROGRESS_EVERY:
                told = report.read
                progress(report.read)
        self._vanished()

    def _units(self) -> Iterator[list[tuple[int, list[str]]]]:
        """Yield rows that belong to one incident together: one by one, unless a column names the incident."""
        numbered = enumerate(self.batch.table.rows(), start=1)
        if "incident" not in self.batch.mapping.columns:
            yield from ([row] for row in numbered)
            return
        at = self.batch.table.headers.index(self.batch.mapping.columns["incident"][0])

        def incident(row: tuple[int, list[str]]) -> tuple[str, int]:
            name = row[1][at].strip() if at < len(row[1]) else ""
            return name, 0 if name else row[0]

        units = [list(rows) for _, rows in groupby(sorted(numbered, key=lambda row: (*incident(row), row[0])), key=incident)]
        yield from sorted(units, key=lambda unit: unit[0][0])

    def _take(self, unit: list[tuple[int, list[str]]]) -> None:
        ready = [one for number, cells in unit if (one := self._ready(self.reader.read(number, cells))) is not None]
        if not ready:
            return
        held = {known.incident_id for one in ready if (known := self.known.get(one.key))}
        if not held:
            self._record(ready)
        elif len(held) == 1 and all((known := self.known.get(one.key)) and known.digest == one.digest for one in ready):
            self.batch.report.unchanged += len(ready)
            self.batch.references.forget()
        else:
            self._amend(min(held), ready)
        for one in ready:
            self.batch.report.warn(one.reading.warnings)

    def _ready(self, reading: Reading) -> Ready | None:
        """Validate one row on its own; a row with a fault is listed and never enters."""
        key = self._key(reading)
        if not reading.faults:
            draft, reading.faults = drafts.validated(reading.fields, reading.row)
        if not reading.faults:
            assert draft is not None
            checked = rules.check(draft, self.today)
            reading.faults = [_at_row(fault, reading.row) for fault in checked.faults if fault.field != "source"]
            reading.warnings += [_at_row(warning, reading.row) for warning in checked.warnings]
        if reading.faults:
            self.batch.report.refuse(reading.faults)
            self.batch.references.forget()
            return None
        assert draft is not None
        fields = bodies.dump(draft)
        return Ready(reading, key, draft, hashlib.sha256(canonical(fields).encode()).hexdigest())

    def _key(self, reading: Reading) -> Key:
        """A refused row too counts as named by the file, so that it is not reported as vanished."""
        name = reading.external_id or f"row:{hashlib.sha256(reading.stated.encode()).hexdigest()[:24]}"
        occurrence = self.came.get(name, 0)
        self.came[name] = occurrence + 1
        self.seen.add((name, occurrence))
        return name, occurrence

    def _record(self, ready: list[Ready]) -> None:
        batch_id = self.batch.open()
        draft = self._merged(ready)
        writer = self.batch.writer
        rows = bodies.new_incident(draft, writer.ids, writer.at, writer.by.name, IncidentStatus.SUBMITTED.value)
        self._sign(rows["claim"], ready, batch_id)
        writer.insert("incident", rows)
        self.batch.report.recorded += len(ready)

    def _sign(self, claims: list[Row], ready: list[Ready], batch_id: str) -> None:
        for claim, one in zip(claims, ready, strict=True):
            claim |= {
                "dataset": self.batch.mapping.dataset,
                "external_id": one.key[0],
                "occurrence": one.key[1],
                "row_number": one.reading.row,
                "batch_id": batch_id,
                "digest": one.digest,
            }

    def _merged(self, ready: list[Ready]) -> IncidentDraft:
        """Return one draft of all rows of an incident, each row its own claim; the first row speaks for the incident."""
        draft = ready[0].draft
        first = ready[0].reading
        for one in ready[1:]:
            odd = [name for name in ("date_start", "lat", "lon", "pcode") if one.reading.fields.get(name) != first.fields.get(name)]
            if odd:
                text = f"differs from row {first.row} of the same incident."
                one.reading.warnings.append(Fault(one.reading.row, ", ".join(odd), text, "The first row's value is held."))
            draft.victims.extend(one.draft.victims)
            draft.involvements.extend(part for part in one.draft.involvements if part not in draft.involvements)
        draft.claims = [self._claim(one.reading) for one in ready]
        return draft

    def _claim(self, reading: Reading) -> Any:
        from casualty.schema import ClaimFields

        text = self.reader.claim_text(reading)
        origin = self.batch.references.origin(text["origin"]) if text["origin"] else None
        stated = drafts.claim(reading, self.batch.document_id, self.batch.source_id, origin, text)
        return ClaimFields.model_validate(stated)

    # Amending ----------------------------------------------------------------------------------------------------

    def _amend(self, incident_id: str, ready: list[Ready]) -> None:
        before = self.batch.current("incident", incident_id)
        mine = {(c["external_id"], c["occurrence"]): c for c in before["claim"] if self._is_ours(c)}
        changed = [one for one in ready if one.key not in mine or mine[one.key]["digest"] != one.digest]
        named = {one.key for one in ready}
        gone = [claim for key, claim in mine.items() if key not in named and self.batch.complete]
        stay = [claim for key, claim in mine.items() if key not in named and not self.batch.complete]
        self.batch.report.unchanged += len(ready) - len(changed)
        self.batch.report.amended += len(changed)
        base = self._as_read(mine.values())
        fresh = self._together([one.draft for one in ready] + self._drafts(stay))
        batch_id = self.batch.open()
        after, kept = _three_way(before, base, fresh, self.batch)
        changed[0].reading.warnings += [_at_row(warning, changed[0].reading.row) for warning in kept]
        after["claim"] = self._claims(before["claim"], changed, mine, gone, incident_id, batch_id)
        self.batch.writer.change("incident", before, after, Operation.AMEND)

    def _is_ours(self, claim: Row) -> bool:
        return claim.get("dataset") == self.batch.mapping.dataset and bool(claim["standing"] == "current")

    def _claims(
        self, held: list[Row], changed: list[Ready], mine: dict[Key, Row], gone: list[Row], incident_id: str, batch_id: str
    ) -> list[Row]:
        """Return the claims after an amendment: old ones superseded, rows no longer named withdrawn, new ones added."""
        superseded = {mine[one.key]["id"] for one in changed if one.key in mine}
        withdrawn = {claim["id"] for claim in gone}
        marked = [
            claim | {"standing": "superseded"} if claim["id"] in superseded
            else claim | {"standing": "withdrawn"} if claim["id"] in withdrawn else claim
            for claim in held
        ]  # fmt: skip
        new = [
            {"id": self.batch.writer.ids.key(), "incident_id": incident_id, "standing": "current", **bodies.dump(self._claim(one.reading))}
            for one in changed
        ]
        self.batch.references.keep()
        self._sign(new, changed, batch_id)
        return marked + new

    def _as_read(self, claims: Iterable[Row]) -> IncidentDraft | None:
        return self._together(self._drafts(claims))

    def _drafts(self, claims: Iterable[Row]) -> list[IncidentDraft]:
        """Read claims again as they were read then: by the mapping of their own batch."""
        found = []
        for claim in sorted(claims, key=lambda claim: int(claim["row_number"])):
            reader, headers = self._reader_of(claim["batch_id"])
            stated = drafts.restated(claim["stated"])
            reading = reader.read(claim["row_number"], [stated.get(name, "") for name in headers])
            draft, _ = drafts.validated(reading.fields, reading.row)
            if draft is not None:
                found.append(draft)
        return found

    def _reader_of(self, batch_id: str) -> tuple[RowReader, list[str]]:
        batch = table("batch")
        text = self.batch.writer.connection.execute(sa.select(batch.c.mapping).where(batch.c.id == batch_id)).scalar_one()
        old = mapping.parse(text)
        headers = sorted({c for columns in old.columns.values() for c in columns} | {part.column for part in old.identity.values()})
        return RowReader(old, headers, self.batch.references), headers

    @staticmethod
    def _together(parts: list[IncidentDraft]) -> IncidentDraft | None:
        if not parts:
            return None
        first = parts[0].model_copy(deep=True)
        for part in parts[1:]:
            first.victims.extend(part.victims)
            first.involvements.extend(one for one in part.involvements if one not in first.involvements)
        return first

    # What is no longer named --------------------------------------------------------------------------------------

    def _vanished(self) -> None:
        """Count known rows the file no longer names; with `complete`, withdraw the incidents nothing names any more."""
        gone = [key for key in self.known if key not in self.seen]
        self.batch.report.vanished = len(gone)
        if not gone or not self.batch.complete:
            return
        self.batch.open()
        still = {known.incident_id for key, known in self.known.items() if key in self.seen}
        for incident_id in sorted({self.known[key].incident_id for key in gone} - still):
            withdraw(self.batch.writer, self.batch.current("incident", incident_id))
        for incident_id in sorted({self.known[key].incident_id for key in gone} & still):
            self._drop_rows(incident_id)

    def _drop_rows(self, incident_id: str) -> None:
        before = self.batch.current("incident", incident_id)
        mine = [claim for claim in before["claim"] if self._is_ours(claim)]
        stay = [claim for claim in mine if (claim["external_id"], claim["occurrence"]) in self.seen]
        gone = {claim["id"] for claim in mine} - {claim["id"] for claim in stay}
        if not gone:
            return
        after, _ = _three_way(before, self._as_read(mine), self._as_read(stay), self.batch)
        after["claim"] = [claim | {"standing": "withdrawn"} if claim["id"] in gone else claim for claim in before["claim"]]
        self.batch.writer.change("incident", before, after, Operation.AMEND)


def withdraw(writer: Any, before: Rows) -> None:
    """Withdraw an incident together with the claims that intake made, so that their rows may come again."""
    marked = [claim | {"standing": "withdrawn"} if claim.get("dataset") and claim["standing"] == "current" else claim for claim in before["claim"]]
    incident = before["incident"][0]
    marks = {
        "withdrawn_at": writer.at,
        "withdrawn_by": writer.by.name,
        "withdrawn_reason": writer.reason,
        "status": IncidentStatus.WITHDRAWN.value,
    }
    plain = {name: value for name, value in incident.items() if name != "merged_into_id"}
    already = "withdrawn_at" in incident
    after = {**before, "claim": marked, "incident": [incident if already else plain | marks]}
    writer.change("incident", before, after, Operation.WITHDRAW)


def _three_way(before: Rows, base: IncidentDraft | None, fresh: IncidentDraft | None, batch: Batch) -> tuple[Rows, list[Fault]]:
    """Return the rows with the file's changes in, and a warning for each place where a person's edit was kept."""
    held = bodies.draft_of(before)
    if base is None or fresh is None:
        return dict(before), []
    kept: list[Fault] = []
    changes: dict[str, Any] = {}
    for name in IncidentFields.model_fields:
        was, now, is_now = getattr(base, name), getattr(fresh, name), getattr(held, name)
        if was != now and is_now == was:
            changes[name] = now
        elif was not in (now, is_now) and is_now != now:
            kept.append(Fault(0, name, "was edited here since the last version.", "The edit was kept; the claim says otherwise."))
    draft = held.model_copy(update=changes)
    for name in ("victims", "involvements"):
        was, now, is_now = (_stated(getattr(part, name)) for part in (base, fresh, held))
        if was == now:
            continue
        if is_now == was:
            parts = [part.model_copy() for part in getattr(fresh, name)]
            if name == "victims":
                for part, old in zip(parts, held.victims, strict=False):
                    part.id = old.id if part.kind == old.kind else None
            draft = draft.model_copy(update={name: parts})
        else:
            kept.append(Fault(0, name, "were edited here since the last version.", "The edit was kept; the claim says otherwise."))
    return bodies.amended_incident(before, draft, batch.writer.ids), kept


def _stated(parts: list[Any]) -> list[Row]:
    """Return children as comparable values: without keys, and with the counts of a person filled in or not alike."""
    drop = {"id", "ref", "count_low", "count_best", "count_high"}
    return sorted(
        ({k: v for k, v in bodies.dump(p).items() if k not in (drop if getattr(p, "kind", "") == "person" else {"id", "ref"})} for p in parts),
        key=canonical,
    )


def _at_row(fault: Fault, row: int) -> Fault:
    return Fault(row, fault.field, fault.fault, fault.mend)
