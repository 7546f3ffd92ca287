"""The form of an incident: what is typed stays typed, through faults, conflicts and a visit to another page."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import entry, session, widgets
from casualty.vocabulary import (
    AttributionBasis,
    CivilStatus,
    DatePrecision,
    DimensionState,
    Harm,
    IncidentType,
    Missing,
    PlacePrecision,
    Sex,
    SourceKind,
    VictimKind,
)

HARMS = [harm for harm in Harm if harm is not Harm.ALIVE]


class Box:
    """Draws labelled boxes whose contents are kept under one name, filled at first with what is given."""

    def __init__(self, name: str, start: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.start = dict(start or {})
        self.typed: dict[str, Any] = {}

    def _key(self, field: str, empty: Any) -> str:
        key = f"{self.name}-{field}"
        if key not in st.session_state:
            given = self.start.get(field)
            st.session_state[key] = empty if given is None else given
        return key

    def text(self, field: str, label: str, *, lines: int = 1, **more: Any) -> str:
        """Ask for text."""
        key = self._key(field, "")
        box = st.text_input if lines == 1 else st.text_area
        self.typed[field] = box(label, key=key, persist_state="session", **more) or ""
        return str(self.typed[field])

    def number(self, field: str, label: str, **more: Any) -> None:
        """Ask for a whole number, which may stay unknown."""
        key = self._key(field, None)
        self.typed[field] = st.number_input(label, min_value=0, step=1, key=key, persist_state="session", **more)

    def choice(self, field: str, label: str, terms: Sequence[Any], *, unset: str | None = None, **more: Any) -> None:
        """Ask for one term of a scheme; `unset` is what an empty choice means."""
        labels = {"": unset} if unset is not None else {}
        labels |= {term.value: term.label for term in terms}
        self._among(field, label, labels, **more)

    def row(self, field: str, label: str, rows: Mapping[str, str]) -> None:
        """Ask for one of several rows of the database by id."""
        self._among(field, label, {"": "Not recorded"} | dict(rows))

    def _among(self, field: str, label: str, labels: Mapping[Any, str], **more: Any) -> None:
        key = self._key(field, next(iter(labels)))
        chosen = st.selectbox(label, labels, key=key, persist_state="session", format_func=labels.get, **more)
        self.typed[field] = None if chosen == "" else chosen

    def tick(self, field: str, label: str) -> None:
        """Ask for yes or no."""
        self.typed[field] = st.checkbox(label, key=self._key(field, False), persist_state="session")


def minimum(box: Box) -> None:
    """Ask for what a record needs: a date, a place and the number killed."""
    first, last, exact = st.columns([2, 2, 2])
    with first:
        box.text("date_from", "Date (required)", placeholder="2024-03-05, 2024-03 or 2024")
    with last:
        box.text("date_to", "Last day, if it was a span")
    with exact:
        box.choice("date_precision", "How closely is it known?", list(DatePrecision), unset="As the date is written")
    _understood(box)
    place, near, point = st.columns([3, 2, 2])
    with place:
        box.text("place_as_reported", "Place as the source names it (required)")
    with near:
        box.choice("place_precision", "How closely is it known? ", list(PlacePrecision), unset="Not recorded")
    with point:
        box.text("coordinates", "Latitude, longitude", placeholder="33.51, 36.29")
    for column, (part, label) in zip(st.columns(3), PARTS, strict=True):
        with column:
            box.number(f"killed_{part}", f"Killed, {label} (one required)")


PARTS = (("low", "at least"), ("best", "best figure"), ("high", "at most"))


def _understood(box: Box) -> None:
    """Say how the date was read, before it is saved."""
    found = entry.read({name: box.typed[name] for name in ("date_from", "date_to", "date_precision")})
    if found.faults:
        for fault in found.faults:
            st.caption(f":red[{widgets.plain(fault)}]")
    elif found.fields["date_start"]:
        shown = widgets.when(*(found.fields[name] for name in entry.SPAN))
        st.caption(f"Understood as {widgets.plain(shown)}.")


def details(box: Box) -> None:
    """Ask for what may be left out."""
    left, right = st.columns(2)
    with left:
        box.choice("incident_type", "Type", sorted(IncidentType, key=lambda kind: kind != "not_recorded"))
        box.text("date_as_reported", "Date in the source's own words")
        box.text("time_of_day", "Time of day")
        box.choice("date_missing", "If there is no date, why", list(Missing), unset="There is a date")
        box.choice("place_missing", "If there is no place, why", list(Missing), unset="There is a place")
    with right:
        box.text("country", "Country")
        box.text("admin1", "First-order unit (region)")
        box.text("admin2", "Second-order unit (district)")
        box.text("pcode", "P-code of the smallest unit known")
        box.text("uncertainty_m", "The place may be off by so many metres")
    for column, (part, label) in zip(st.columns(3), PARTS, strict=True):
        with column:
            box.number(f"injured_{part}", f"Injured, {label}")
    box.tick("count_conflict", "Keep the figures as stated, although they are out of order")
    box.text("narrative_public", "Account that may be made public", lines=4)
    box.text("narrative_restricted", "Account for the house only", lines=4)


def source(box: Box) -> None:
    """Ask who says so, and where."""
    left, right = st.columns(2)
    with left:
        box.text("source", "Source (required): who says so")
        box.choice("source_kind", "Kind of source", sorted(SourceKind, key=lambda kind: kind != "not_recorded"))
    with right:
        box.text("document", "Document: title of the report, recording or page")
        box.text("url", "Its address, if it has one")
        box.text("locator", "Where in it: page, minute")


def victims(name: str) -> list[dict[str, Any]]:
    """Ask for victims one by one; return what was typed of each."""
    rows: list[tuple[int, str]] = st.session_state.setdefault(f"{name}-victims", [])
    typed = []
    for number, (key, kind) in enumerate(rows, start=1):
        with st.container(border=True):
            box = Box(f"{name}-victim-{key}")
            (_person if kind == VictimKind.PERSON else _group)(box, number)
            _common(box)
            st.button("Remove", key=f"{name}-drop-{key}", on_click=rows.remove, args=((key, kind),))
            typed.append({"kind": kind, **box.typed})
    left, right, _ = st.columns([1, 1, 2])
    fresh = max((key for key, _ in rows), default=0) + 1
    left.button("Add a person", key=f"{name}-person", on_click=rows.append, args=((fresh, "person"),))
    right.button("Add an unnamed group", key=f"{name}-group", on_click=rows.append, args=((fresh, "group"),))
    return typed


def _person(box: Box, number: int) -> None:
    who, sex, age = st.columns([3, 2, 1])
    with who:
        box.text("name", f"Victim {number}: name, in its own script", placeholder="unknown")
    with sex:
        box.choice("sex", "Sex", sorted(Sex, key=lambda word: word != "not_recorded"))
    with age:
        box.text("age", "Age", placeholder="34, 30-35")


def _group(box: Box, number: int) -> None:
    who, *parts = st.columns([3, 1, 1, 1])
    with who:
        box.text("described_as", f"Victim {number}: group, described as")
    for column, (part, label) in zip(parts, PARTS, strict=True):
        with column:
            box.number(part, label.capitalize())


def _common(box: Box) -> None:
    harm, status, identity, basis = st.columns(4)
    with harm:
        box.choice("harm", "Harm", HARMS)
    with status:
        box.choice("civil_status", "Status", sorted(CivilStatus, key=lambda word: word != "not_recorded"))
    groups = _groups()
    if groups:
        with identity:
            box.row("identity", "Identity group", groups)
        with basis:
            box.choice("basis", "How is it known?", list(AttributionBasis), unset="Not said")


def _groups() -> dict[str, str]:
    """Return the identity groups that may be entered here: of dimensions that are on, none of those merely imported."""
    dimensions = {row.id: row.label for row in session.listed("dimension") if row.state == DimensionState.ON}
    rows = [row for row in session.listed("identity_group") if row.dimension_id in dimensions]
    return {f"{row.dimension_id}/{row.id}": f"{dimensions[row.dimension_id]}: {row.label}" for row in rows}
