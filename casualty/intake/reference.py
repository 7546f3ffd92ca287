"""Reference data from a table or a boundary file: population, identity groups, actors, administrative units.

Each row has a natural key (a unit's P-code, a group's code within its dimension, ...). A row whose key is held is
unchanged or amends what is held; a withdrawn record that a file names again is restored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import bodies
from casualty.errors import Fault
from casualty.intake import values
from casualty.intake.batch import PROGRESS_EVERY, Batch, Progress
from casualty.intake.mapping import Identity
from casualty.ledger import Row, canonical, current_bodies
from casualty.linkage import slug
from casualty.schema import ActorFields, AdminUnitFields, DimensionFields, GroupFields, PopulationFields
from casualty.store import faults_of
from casualty.vocabulary import ActorKind, DimensionState, IntakeFormat, Operation

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
    "dimension": ("code",),
}
WITHDRAWAL = ("withdrawn_at", "withdrawn_by", "withdrawn_reason")


@dataclass(frozen=True)
class Stated:
    """One row as stated: what kind of record, its fields, or the faults that keep it out."""

    row: int
    kind: str
    fields: Row
    model: type[SQLModel]
    faults: list[Fault]


def run(batch: Batch, progress: Progress) -> None:
    """Take in every row of a reference file; see which records of this data set it no longer names."""
    readers = {
        IntakeFormat.POPULATION: _population,
        IntakeFormat.GROUPS: _groups,
        IntakeFormat.ACTORS: _actors,
        IntakeFormat.PLACES: _places,
    }
    kind = KIND[batch.mapping.format]
    held = _held(batch, kind)
    named: set[str] = set()
    came: dict[str, int] = {}
    for stated in readers[batch.mapping.format](batch):
        batch.report.read += 1
        if stated.faults:
            batch.report.refuse(stated.faults)
            batch.references.forget()
            continue
        key = canonical([stated.fields.get(name) for name in KEYS[kind]])
        occurrence = came.get(key, 0)
        came[key] = occurrence + 1
        record = _put(batch, kind, held.get((key, occurrence)), stated)
        named.add(record)
        if batch.report.read % PROGRESS_EVERY == 0:
            progress(batch.report.read)
    _vanished(batch, kind, named)


def _held(batch: Batch, kind: str) -> dict[tuple[str, int], Row]:
    """Return what is held by natural key and occurrence: figures of one group stated in parts share a key."""
    held: dict[tuple[str, int], Row] = {}
    count: dict[str, int] = {}
    for _, rows in current_bodies(batch.writer.connection, kind):
        row = rows[kind][0]
        key = canonical([row.get(name) for name in KEYS[kind]])
        held[key, count.get(key, 0)] = row
        count[key] = count.get(key, 0) + 1
    return held


def _put(batch: Batch, kind: str, old: Row | None, stated: Stated) -> str:
    """Record, amend, restore or leave one record, and return its id."""
    report, writer = batch.report, batch.writer
    if old is None:
        batch.open()
        row = bodies.root(writer.ids, writer.at, writer.by.name, stated.fields)
        writer.insert(kind, {kind: [row]})
        report.recorded += 1
        return str(row["id"])
    merged = {name: value for name, value in old.items() if name not in WITHDRAWAL} | stated.fields
    if merged == old:
        batch.references.forget()
        report.unchanged += 1
    else:
        batch.open()
        operation = Operation.RESTORE if "withdrawn_at" in old else Operation.AMEND
        writer.change(kind, {kind: [old]}, {kind: [merged]}, operation)
        report.amended += 1
    return str(old["id"])


def _vanished(batch: Batch, kind: str, named: set[str]) -> None:
    rows = batch.writer.connection.execute(
        sa.text(
            "SELECT DISTINCT r.record_id FROM revision r JOIN batch b ON b.id = r.batch_id"
            f' JOIN "{kind}" k ON k.id = r.record_id WHERE b.dataset = :dataset AND r.record_kind = :kind AND k.withdrawn_at IS NULL'
        ),
        {"dataset": batch.mapping.dataset, "kind": kind},
    )
    gone = sorted({row[0] for row in rows} - named)
    batch.report.vanished = len(gone)
    if batch.complete and gone:
        batch.open()
        for record_id in gone:
            batch.writer.withdraw(kind, batch.current(kind, record_id))


def _cells(batch: Batch) -> Iterator[tuple[int, dict[str, str], list[str]]]:
    """Yield row number, text by field (defaults filled in) and the cells."""
    from casualty.intake.drafts import found_columns

    columns = found_columns(batch.mapping, batch.table.headers)
    at = {name: [batch.table.headers.index(column) for column in named] for name, named in columns.items()}
    for number, cells in enumerate(batch.table.rows(), start=1):
        text = {name: "; ".join(part for i in places if i < len(cells) and (part := cells[i].strip())) for name, places in at.items()}
        yield number, {name: text.get(name) or batch.mapping.defaults.get(name, "") for name in {*at, *batch.mapping.defaults}}, cells


def _stated(row: int, kind: str, model: type[SQLModel], fields: dict[str, Any], faults: list[Fault]) -> Stated:
    """Validate the fields, adding their faults to those already found."""
    if faults:
        return Stated(row, kind, {}, model, faults)
    try:
        return Stated(row, kind, bodies.dump(model.model_validate(fields)), model, [])
    except ValidationError as wrong:
        return Stated(row, kind, {}, model, faults_of(wrong, row))


def _population(batch: Batch) -> Iterator[Stated]:
    wide = [(batch.table.headers.index(column), word) for column, word in batch.mapping.wide.items()]
    for number, text, cells in _cells(batch):
        parts = [(cells[at] if at < len(cells) else "", word) for at, word in wide] if wide else [(text.get("number", ""), text.get("group", ""))]
        faults: list[Fault] = []
        for figure, word in parts:
            faults += _population_faults(number, text, figure)
        # One row of a wide table is several figures, and each is counted as read.
        for figure, word in parts if not faults else parts[:1]:
            yield _figure(batch, number, text, figure, word, faults)


def _population_faults(row: int, text: dict[str, str], figure: str) -> list[Fault]:
    faults = []
    try:
        if values.decimal(figure) is None:
            faults.append(Fault(row, "number", "No number.", "Leave the row out if the figure is unknown: no figure is not zero."))
    except ValueError as wrong:
        faults.append(Fault(row, "number", f"{wrong}.", "Write a whole number."))
    try:
        if values.count(text.get("year", "")) is None:
            faults.append(Fault(row, "year", "No year.", "Map a column to year, or set it under [defaults]."))
    except ValueError as wrong:
        faults.append(Fault(row, "year", f"{wrong}.", "Write a year such as 2019."))
    if not text.get("area"):
        faults.append(Fault(row, "area", "No area.", "Name the unit by P-code or name."))
    return faults


def _figure(batch: Batch, row: int, text: dict[str, str], figure: str, word: str, faults: list[Fault]) -> Stated:
    if faults:
        return Stated(row, "population", {}, PopulationFields, faults)
    fields: dict[str, Any] = {
        "area": values.identifier(text["area"]),
        "year": values.count(text["year"]),
        "number": values.decimal(figure),
        "source": text.get("source") or batch.mapping.source or batch.mapping.dataset,
        "document_id": batch.document_id,
    }
    word = batch.mapping.values.get("group", {}).get(word, word)
    if word and slug(word) not in ("total", "all"):
        dimension = text.get("dimension") or "group"
        fields["dimension_id"] = batch.references.dimension(dimension, Identity("", label=dimension.capitalize()))
        fields["group_id"] = batch.references.group(fields["dimension_id"], word)
    return _stated(row, "population", PopulationFields, fields, [])


def _groups(batch: Batch) -> Iterator[Stated]:
    for number, text, _ in _cells(batch):
        faults = [Fault(number, name, "Is empty.", "Give a code.") for name in ("dimension", "group") if not text.get(name)]
        dimension_id = "" if faults else _dimension(batch, number, text, faults)
        if faults:
            yield Stated(number, "identity_group", {}, GroupFields, faults)
            continue
        parent = text.get("parent")
        fields = {
            "dimension_id": dimension_id,
            "code": slug(text["group"]),
            "label": " ".join((text.get("group_label") or text["group"]).split()),
            "label_local": text.get("label_local") or None,
            "parent_id": batch.references.group(dimension_id, parent) if parent else None,
        }
        yield _stated(number, "identity_group", GroupFields, fields, [])


def _dimension(batch: Batch, row: int, text: dict[str, str], faults: list[Fault]) -> str:
    """Record or amend the dimension that a group's row describes; with an assessment it is on, without it is not."""
    code = slug(text["dimension"])
    assessment = text.get("assessment", "")
    old = next((rows["dimension"][0] for _, rows in current_bodies(batch.writer.connection, "dimension") if rows["dimension"][0]["code"] == code), None)
    identity = Identity("", label=text.get("dimension_label") or text["dimension"], assessment=assessment)
    stated = _stated(
        row, "dimension", DimensionFields,
        {
            "code": code,
            "label": identity.label,
            "genocide_ground": text.get("genocide_ground") or None,
            "persecution_ground": text.get("persecution_ground") or None,
            "state": DimensionState.ON if assessment else DimensionState.IMPORTED,
            "assessment": assessment or None,
        },
        [],
    )  # fmt: skip
    faults += stated.faults
    if stated.faults:
        return ""
    if old is None:
        batch.open()
        row_ = bodies.root(batch.writer.ids, batch.writer.at, batch.writer.by.name, stated.fields)
        batch.writer.insert("dimension", {"dimension": [row_]})
        batch.references.know("dimension", code, row_["id"])
        batch.writer.flush()
        return str(row_["id"])
    # What a person has decided about a dimension (on or off) is not undone by a file.
    fresh = {name: value for name, value in stated.fields.items() if name not in ("state", "label") or name not in old}
    if {**old, **fresh} != old:
        batch.open()
        batch.writer.change("dimension", {"dimension": [old]}, {"dimension": [{**old, **fresh}]}, Operation.AMEND)
    return str(old["id"])


def _actors(batch: Batch) -> Iterator[Stated]:
    kinds = {slug(kind.label): kind for kind in ActorKind} | {kind.value: kind for kind in ActorKind}
    for number, text, _ in _cells(batch):
        faults: list[Fault] = []
        word = batch.mapping.values.get("kind", {}).get(text.get("kind", ""), text.get("kind", ""))
        kind = kinds.get(slug(word)) if word else ActorKind.NOT_RECORDED
        if kind is None:
            known = ", ".join(ActorKind)
            faults.append(Fault(number, "kind", f"{word!r} is not a kind of actor.", f"One of: {known}; or give its meaning under [values.kind]."))
        fields = {
            "name": text.get("name", ""),
            "kind": kind,
            "aliases": text.get("aliases") or None,
            "affiliation": text.get("affiliation") or None,
            "external_id": values.identifier(text.get("id", "")) or None,
        }
        yield _stated(number, "actor", ActorFields, fields, faults)


def _places(batch: Batch) -> Iterator[Stated]:
    from geo.places import read_units

    found = read_units(batch.table.path)
    for problem in found.problems:
        fault = Fault(problem.feature, problem.field, problem.fault, problem.mend)
        if problem.refused:
            yield Stated(problem.feature, "admin_unit", {}, AdminUnitFields, [fault])
        else:
            batch.report.warn([fault])
    for number, unit in enumerate(found.units, start=1):
        fields = {
            "pcode": unit.code,
            "boundary_set": batch.mapping.dataset[:80],
            "name": unit.name,
            "name_local": unit.name_local,
            "level": unit.level,
            "parent_pcode": unit.parent,
            "lat": unit.lat,
            "lon": unit.lon,
            "geometry": unit.geojson,
        }
        yield _stated(number, "admin_unit", AdminUnitFields, fields, [])
