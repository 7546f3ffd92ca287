"""Reference data from a table or a boundary file: recorded, amended, restored or left alone.

Each row has a natural key (a unit's P-code, a group's code within its dimension, ...). A row whose key is held is
unchanged or amends what is held; what a person has stated here stays; a withdrawn record that a file names again is
restored. How rows are read stands in `listed`.
"""

import json
from dataclasses import dataclass, replace

import sqlalchemy as sa

from casualty import bodies
from casualty.errors import Fault
from casualty.intake import listed
from casualty.intake.batch import PROGRESS_EVERY, Batch, Progress
from casualty.intake.listed import Stated
from casualty.intake.references import WITHDRAWAL
from casualty.ledger import Row, canonical, current_bodies
from casualty.linkage import slug
from casualty.vocabulary import DimensionState, IntakeFormat, Operation

KIND = {
    IntakeFormat.POPULATION: "population",
    IntakeFormat.GROUPS: "identity_group",
    IntakeFormat.ACTORS: "actor",
    IntakeFormat.PLACES: "admin_unit",
}
KEYS = {
    "population": ("area", "group_id", "year", "source"),
    "identity_group": ("dimension_id", "code"),
    "actor": ("name",),
    "admin_unit": ("boundary_set", "pcode"),
    "named_place": ("name", "lat", "lon"),
}
# The same figure of another file is the same figure: where it came from first stays beside it.
NOT_COMPARED = ("document_id",)


@dataclass
class Held:
    """What is held of one kind by natural key and occurrence, and which fields of it a person has stated here."""

    kind: str
    rows: dict[tuple[str, int], Row]
    by_hand: dict[str, set[str]]

    def key(self, fields: Row) -> str:
        return canonical([fields.get(name) for name in KEYS[self.kind]])


def run(batch: Batch, progress: Progress) -> None:
    """Take in every row of a reference file; see which records of this data set it no longer names."""
    readers = {
        IntakeFormat.POPULATION: listed.population,
        IntakeFormat.GROUPS: listed.groups,
        IntakeFormat.ACTORS: listed.actors,
        IntakeFormat.PLACES: listed.places,
    }
    kind = KIND[batch.mapping.format]
    if kind == "admin_unit" and batch.table.headers:
        kind, readers[IntakeFormat.PLACES] = "named_place", listed.named_places
    held = _held(batch, kind)
    named: set[str] = set()
    came: dict[str, list[int]] = {}
    mark = batch.references.mark()
    for one in readers[batch.mapping.format](batch):
        batch.report.read += 1
        stated = _once(one, held, came)
        if stated.faults:
            batch.report.refuse(stated.faults)
            batch.references.forget(mark)
        else:
            named.add(_put(batch, held, stated, len(came[held.key(stated.fields)]) - 1, mark))
        mark = batch.references.mark()
        if batch.report.read % PROGRESS_EVERY == 0:
            progress(batch.report.read)
    _vanished(batch, held.kind, named)


def _once(stated: Stated, held: Held, came: dict[str, list[int]]) -> Stated:
    """Refuse what the file says twice; only figures of one group may come in parts, which then share a key."""
    if stated.faults:
        return stated
    rows = came.setdefault(held.key(stated.fields), [])
    if rows and held.kind != "population":
        again = Fault(stated.row, "", f"Says again what row {rows[0]} says.", "Keep one of the two.")
        return replace(stated, faults=[again])
    rows.append(stated.row)
    return stated


def _held(batch: Batch, kind: str) -> Held:
    held = Held(kind, {}, _by_hand(batch, kind))
    count: dict[str, int] = {}
    for _, rows in current_bodies(batch.writer.connection, kind):
        key = held.key(rows[kind][0])
        held.rows[key, count.get(key, 0)] = rows[kind][0]
        count[key] = count.get(key, 0) + 1
    return held


def _by_hand(batch: Batch, kind: str) -> dict[str, set[str]]:
    """Return the fields of each record that were stated or changed outside any batch: a file does not undo them."""
    rows = batch.writer.connection.execute(
        sa.text(
            "SELECT r.record_id, b.before, b.after FROM revision r JOIN revision_body b ON b.seq = r.seq"
            " WHERE r.record_kind = :kind AND r.batch_id IS NULL AND r.operation IN ('record', 'amend')"
        ),
        {"kind": kind},
    )
    found: dict[str, set[str]] = {}
    for record_id, was, now in rows:
        before, after = (json.loads(body)[kind][0] if body else {} for body in (was, now))
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        found.setdefault(record_id, set()).update(changed)
    return found


def _put(batch: Batch, held: Held, stated: Stated, occurrence: int, mark: tuple[int, int]) -> str:
    """Record, amend, restore or leave one record, and return its id."""
    old = held.rows.get((held.key(stated.fields), occurrence))
    if old is None:
        return _new(batch, held.kind, stated)
    kept, merged = _laid_over(old, stated, held.by_hand.get(old["id"], set()))
    batch.report.warn(
        [
            Fault(stated.row, name, "Was stated otherwise here by a person.", "The person's word was kept.")
            for name in kept
        ]
    )
    described = _describe(batch, stated.dimension)
    if merged != old:
        batch.open()
        operation = Operation.RESTORE if "withdrawn_at" in old else Operation.AMEND
        batch.writer.change(held.kind, {held.kind: [old]}, {held.kind: [merged]}, operation)
    elif not described:
        batch.references.forget(mark)
        batch.report.unchanged += 1
        return str(old["id"])
    batch.report.amended += 1
    return str(old["id"])


def _new(batch: Batch, kind: str, stated: Stated) -> str:
    batch.open()
    _describe(batch, stated.dimension)
    row = bodies.root(batch.writer.ids, batch.writer.at, batch.writer.by.name, stated.fields)
    batch.writer.insert(kind, {kind: [row]})
    if kind == "identity_group":
        for word in (row["label"], row["code"]):
            batch.references.know(f"group {row['dimension_id']}", slug(word), row["id"])
    batch.report.recorded += 1
    return str(row["id"])


def _laid_over(old: Row, stated: Stated, by_hand: set[str]) -> tuple[list[str], Row]:
    """Return the fields in which a person's word was kept, and the record with the others as the file states them."""
    fields = {name: value for name, value in stated.fields.items() if name in stated.said}
    differing = [name for name, value in fields.items() if old.get(name) != value and name not in NOT_COMPARED]
    kept = [name for name in differing if name in by_hand and name in old]
    taken = {name: fields[name] for name in differing if name not in kept}
    if taken:
        taken |= {name: fields[name] for name in NOT_COMPARED if name in fields}
    return kept, {name: value for name, value in old.items() if name not in WITHDRAWAL} | taken


def _vanished(batch: Batch, kind: str, named: set[str]) -> None:
    rows = batch.writer.connection.execute(
        sa.text(
            "SELECT DISTINCT r.record_id FROM revision r JOIN batch b ON b.id = r.batch_id"
            f' JOIN "{kind}" k ON k.id = r.record_id WHERE b.dataset = :dataset AND b.format = :format'
            " AND r.record_kind = :kind AND r.operation = 'record' AND k.withdrawn_at IS NULL"
        ),
        {"dataset": batch.mapping.dataset, "kind": kind, "format": batch.mapping.format.value},
    )
    gone = sorted({row[0] for row in rows} - named)
    batch.report.vanished = len(gone)
    if not batch.complete or not gone:
        return
    if batch.report.refused:
        batch.report.remarks.append(
            f"{batch.report.refused} rows were refused, so nothing was withdrawn: mend them first."
        )
        return
    batch.open()
    for record_id in gone:
        batch.writer.withdraw(kind, batch.current(kind, record_id))


def _describe(batch: Batch, stated: Row | None) -> bool:
    """Fill in what a held dimension lacks; what a person has decided about it is not undone by a file."""
    if stated is None:
        return False
    old = batch.current("dimension", stated["id"])["dimension"][0]
    fresh = {name: value for name, value in stated.items() if name not in old}
    if "assessment" in fresh and old["state"] == DimensionState.IMPORTED:
        fresh["state"] = DimensionState.ON.value
    if fresh:
        batch.open()
        batch.writer.change("dimension", {"dimension": [old]}, {"dimension": [old | fresh]}, Operation.AMEND)
    return bool(fresh)
