"""The rows of reference files as they state it: figures of population, identity groups, actors, administrative units, named places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import bodies
from casualty.errors import Fault, UsageFault
from casualty.intake import values
from casualty.intake.batch import Batch
from casualty.intake.drafts import found_columns, misshapen
from casualty.intake.mapping import Identity, term
from casualty.ledger import Row
from casualty.linkage import slug
from casualty.schema import (
    ActorFields,
    AdminUnitFields,
    DimensionFields,
    GroupFields,
    NamedPlaceFields,
    PopulationFields,
)
from casualty.store import faults_of
from casualty.vocabulary import ActorKind, DimensionState

TOTALS = ("total", "all", "everybody")


@dataclass(frozen=True)
class Stated:
    """One row as stated: the record it would make and which of its fields it says, or the faults that keep it out.

    `dimension` is what a group's row says of its dimension, where that is already held.
    """

    row: int
    fields: Row
    faults: list[Fault]
    said: frozenset[str] = frozenset()
    dimension: Row | None = None


@dataclass(frozen=True)
class Cells:
    """One row of the file: its number, its text by field (defaults filled in), its cells, and the fault of its shape."""

    row: int
    text: dict[str, str]
    cells: list[str]
    faults: list[Fault]


def _rows(batch: Batch) -> Iterator[Cells]:
    headers = batch.table.headers
    columns = found_columns(batch.mapping, headers)
    at = {name: [headers.index(column) for column in named] for name, named in columns.items()}
    for number, cells in enumerate(batch.table.rows(), start=1):
        if wrong := misshapen(number, cells, len(headers)):
            yield Cells(number, {}, cells, [wrong])
            continue
        text = {name: "; ".join(part for i in places if (part := cells[i].strip())) for name, places in at.items()}
        stated = {name: part for name, part in text.items() if part}
        yield Cells(number, {**batch.mapping.defaults, **stated}, cells, [])


def _stated(row: int, model: type[SQLModel], fields: dict[str, Any]) -> Stated:
    """Validate the fields; those that are None are not said."""
    try:
        said = frozenset(name for name, value in fields.items() if value is not None)
        return Stated(row, bodies.dump(model.model_validate(fields)), [], said)
    except ValidationError as wrong:
        return Stated(row, {}, faults_of(wrong, row))


# Population -----------------------------------------------------------------------------------------------------------


def population(batch: Batch) -> Iterator[Stated]:
    """Yield the figures of each row: one, or in a wide table one for each group, each counted as read."""
    wide = [(batch.table.headers.index(column), word) for column, word in batch.mapping.wide.items()]
    for one in _rows(batch):
        parts = [(one.text.get("number", ""), one.text.get("group", ""))]
        if wide and not one.faults:
            parts = [(one.cells[at], word) for at, word in wide]
        if faults := one.faults or _faults(one, parts, [f"number ({word})" if wide else "number" for _, word in parts]):
            yield Stated(one.row, {}, faults)
            continue
        for figure, word in parts:
            yield _figure(batch, one.row, one.text, figure, word)


def _faults(one: Cells, parts: list[tuple[str, str]], names: list[str]) -> list[Fault]:
    figures = (_figure_faults(one.row, figure, name) for (figure, _), name in zip(parts, names, strict=True))
    return [*_area_faults(one.row, one.text), *chain.from_iterable(figures)]


def _area_faults(row: int, text: dict[str, str]) -> list[Fault]:
    faults = []
    try:
        if values.count(text.get("year", "")) is None:
            faults.append(Fault(row, "year", "No year.", "Map a column to year, or set it under [defaults]."))
    except ValueError as wrong:
        faults.append(Fault(row, "year", f"{wrong}.", "Write a year such as 2019."))
    if not text.get("area"):
        faults.append(Fault(row, "area", "No area.", "Name the unit by P-code or name."))
    return faults


def _figure_faults(row: int, figure: str, name: str) -> list[Fault]:
    try:
        if values.amount(figure) is not None:
            return []
        return [Fault(row, name, "No number.", "Leave the row out if the figure is unknown: no figure is not zero.")]
    except ValueError as wrong:
        return [Fault(row, name, f"{wrong}.", "Write a whole number.")]


def _figure(batch: Batch, row: int, text: dict[str, str], figure: str, word: str) -> Stated:
    fields: dict[str, Any] = {
        "area": values.identifier(text["area"]),
        "year": values.count(text["year"]),
        "number": values.amount(figure),
        "source": text.get("source") or batch.mapping.source or batch.mapping.dataset,
        "document_id": batch.document_id,
    }
    word = batch.mapping.values.get("group", {}).get(word, word)
    if word and slug(word) not in TOTALS:
        dimension = text.get("dimension") or "group"
        if batch.references.closed(dimension):
            return Stated(row, {}, [_closed(row, dimension)])
        try:
            fields["dimension_id"] = batch.references.dimension(dimension, Identity("", label=dimension.capitalize()))
            fields["group_id"] = batch.references.group(fields["dimension_id"], word)
        except ValidationError as wrong:
            return Stated(row, {}, faults_of(wrong, row))
    return _stated(row, PopulationFields, fields)


def _closed(row: int, dimension: str) -> Fault:
    return Fault(
        row, "dimension", f"{dimension} is switched off here.", "Leave it out, or switch the dimension on first."
    )


# Identity groups ------------------------------------------------------------------------------------------------------


def groups(batch: Batch) -> Iterator[Stated]:
    """Yield the groups, parents before their children wherever they stand in the file."""
    named: dict[tuple[str, str], Cells] = {}
    for one in _rows(batch):
        empty = [
            Fault(one.row, name, "Is empty.", "Give a code.")
            for name in ("dimension", "group")
            if not one.text.get(name)
        ]
        faults = one.faults or empty
        key = (slug(one.text.get("dimension", "")), slug(one.text.get("group", "")))
        if not faults and key in named:
            faults = [Fault(one.row, "group", f"Says again what row {named[key].row} says.", "Keep one of the two.")]
        if faults:
            yield Stated(one.row, {}, faults)
        else:
            named[key] = one
    for key in _parents_first({key: one.text for key, one in named.items()}):
        yield _group(batch, named[key].row, named[key].text)


def _parents_first(groups: dict[tuple[str, str], dict[str, str]]) -> list[tuple[str, str]]:
    """Return the keys of groups in an order in which each stands after its parent; UsageFault if there is none."""
    called = {
        (dimension, slug(text.get("group_label", ""))): (dimension, code) for (dimension, code), text in groups.items()
    }
    called |= {key: key for key in groups}
    above = {
        key: [called.get((key[0], slug(text["parent"])))] if text.get("parent") else [] for key, text in groups.items()
    }
    try:
        return [key for key in TopologicalSorter(above).static_order() if key is not None]
    except CycleError as wrong:
        circle = ", ".join(code for _, code in wrong.args[1])
        raise UsageFault(f"Groups of this file are their own parents, in a circle: {circle}.") from wrong


def _group(batch: Batch, row: int, text: dict[str, str]) -> Stated:
    dimension = _stated(row, DimensionFields, _of_dimension(text))
    group = {
        "dimension_id": "",
        "code": slug(text["group"]),
        "label": " ".join((text.get("group_label") or text["group"]).split()),
        "label_local": text.get("label_local") or None,
    }
    faults = dimension.faults + _stated(row, GroupFields, group).faults
    if batch.references.closed(text["dimension"]):
        faults = [_closed(row, text["dimension"])]
    if faults:
        return Stated(row, {}, faults)
    known = batch.references.find("dimension", text["dimension"])
    group["dimension_id"] = known or batch.references.described(dimension.fields)
    if text.get("parent"):
        group["parent_id"] = batch.references.find(f"group {group['dimension_id']}", text["parent"])
        if group["parent_id"] is None:
            mend = "Give it a row of its own, without faults."
            return Stated(row, {}, [Fault(row, "parent", f"{text['parent']!r} is no group of this dimension.", mend)])
    stated = _stated(row, GroupFields, group)
    return replace(stated, dimension=dimension.fields | {"id": known} if known else None)


def _of_dimension(text: dict[str, str]) -> dict[str, Any]:
    return {
        "code": slug(text["dimension"]),
        "label": text.get("dimension_label") or text["dimension"],
        "genocide_ground": text.get("genocide_ground") or None,
        "persecution_ground": text.get("persecution_ground") or None,
        "state": DimensionState.ON if text.get("assessment") else DimensionState.IMPORTED,
        "assessment": text.get("assessment") or None,
    }


# Actors and places ----------------------------------------------------------------------------------------------------


def actors(batch: Batch) -> Iterator[Stated]:
    """Yield the actors."""
    for one in _rows(batch):
        word = one.text.get("kind", "")
        meant = batch.mapping.values.get("kind", {}).get(word, word)
        kind = term(ActorKind, meant) if word else None
        fields = {
            "name": one.text.get("name", ""),
            "kind": kind,
            "aliases": one.text.get("aliases"),
            "affiliation": one.text.get("affiliation"),
            "external_id": values.identifier(one.text.get("id", "")) or None,
        }
        stated = _stated(one.row, ActorFields, {name: value for name, value in fields.items() if value is not None})
        unknown = [] if kind or not word or one.faults else [_unknown_kind(one.row, meant)]
        yield replace(stated, faults=one.faults or stated.faults + unknown)


def _unknown_kind(row: int, word: str) -> Fault:
    mend = f"One of: {', '.join(ActorKind)}; or give its meaning under [values.kind]."
    return Fault(row, "kind", f"{word[:60]!r} is not a kind of actor.", mend)


def places(batch: Batch) -> Iterator[Stated]:
    """Yield the administrative units of a boundary file; what is wrong with the file as a whole is a UsageFault."""
    from geo.places import read_units

    found = read_units(batch.table.path)
    for problem in found.problems:
        told = f"{problem.layer}: {problem.fault}" if problem.layer else problem.fault
        if problem.refused and not problem.feature:
            raise UsageFault(f"{batch.table.path.name}: {told} {problem.mend}")
        if problem.refused:
            yield Stated(problem.feature, {}, [Fault(problem.feature, problem.field, problem.fault, problem.mend)])
        elif problem.feature:
            batch.report.warn([Fault(problem.feature, problem.field, problem.fault, problem.mend)])
        else:
            batch.report.remarks.append(f"{told} {problem.mend}")
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
        yield _stated(number, AdminUnitFields, fields)


def named_places(batch: Batch) -> Iterator[Stated]:
    """Yield the places of a table: a deployment's own gazetteer, by name in any script, WGS 84."""
    for one in _rows(batch):
        faults = list(one.faults)
        numbers = {name: _degrees(one, name, faults) for name in ("lat", "lon", "uncertainty_m")}
        also = [part.strip() for part in re.split(r"[|;]", one.text.get("also", "")) if part.strip()]
        fields: dict[str, Any] = {name: one.text.get(name) for name in ("country", "admin1")}
        fields |= {"name": one.text.get("name", ""), "also": "|".join(dict.fromkeys(also)) or None}
        fields |= {"pcode": values.identifier(one.text.get("pcode", "")) or None, **numbers}
        lacking = [name for name in ("name", "lat", "lon") if not one.faults and not one.text.get(name)]
        faults += [Fault(one.row, name, "Is missing.", "A place has a name and a point.") for name in lacking]
        yield Stated(one.row, {}, faults) if faults else _stated(one.row, NamedPlaceFields, fields)


def _degrees(one: Cells, name: str, faults: list[Fault]) -> float | None:
    try:
        return values.decimal(one.text.get(name, ""))
    except ValueError as wrong:
        faults.append(Fault(one.row, name, f"{wrong}.", "Write decimal degrees, or metres: 33.51."))
    return None
