"""Where a typed place may be, and in which unit a point lies: the gazetteer and the boundaries, read once and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import session
from casualty.store import Store
from casualty.vocabulary import PlacePrecision

if TYPE_CHECKING:
    from geo.gazetteer import Found, Gazetteer, Place
    from geo.places import Locator

# How far a point of each precision may be off, metres: what the circle on the map shows. The classes from 3 on stand for an
# area: their outline is drawn where it is held, and no circle pretends to know it.
CIRCLE = {PlacePrecision.EXACT: 100.0, PlacePrecision.NEAR: 25_000.0}
MOST_SHOWN = 5


@st.cache_resource(max_entries=2, show_spinner=False)
def _gazetteer(marks: tuple[object, ...], _store: Store) -> "Gazetteer":
    from geo import gazetteer

    own = [
        gazetteer.Place(
            f"own:{row.id}", row.name, tuple(filter(None, (row.also or "").split("|"))), row.lat, row.lon,
            admin1=row.admin1 or row.country or "", pcode=row.pcode,
        )
        for row in session.listed("named_place")
    ]  # fmt: skip
    units = [
        gazetteer.Place(
            f"unit:{row.level}:{row.pcode}",
            row.name,
            tuple(filter(None, (row.name_local,))),
            row.lat,
            row.lon,
            pcode=row.pcode,
        )
        for row in session.listed("admin_unit")
        if row.lat is not None
    ]
    return gazetteer.merged(gazetteer.Gazetteer.of(own), gazetteer.Gazetteer.of(units), gazetteer.shipped())


def gazetteer() -> "Gazetteer":
    """Return the deployment's own places, its units and the shipped places, in this order of preference."""
    return _gazetteer((_mark("named_place"), _mark("admin_unit")), session.store())


def _mark(name: str) -> tuple[Any, ...]:
    """Return what changes when rows of a reference table do."""
    import sqlalchemy as sa

    from casualty.schema import table

    part = table(name)
    counted = sa.select(sa.func.count(), sa.func.max(part.c.recorded_at), sa.func.sum(part.c.version))
    return tuple(session.store().rows(counted)[0])


def precision_of(place: "Place") -> PlacePrecision:
    """Return how closely a place of the gazetteer is known: a unit's point stands for the whole unit."""
    kind, _, rest = place.key.partition(":")
    if kind != "unit":
        return PlacePrecision.NEAR
    return {"0": PlacePrecision.COUNTRY, "1": PlacePrecision.ADMIN1}.get(rest.partition(":")[0], PlacePrecision.ADMIN2)


def find(text: str, near: tuple[float, float] | None = None) -> "list[Found]":
    """Return the places that a typed name may mean, best first."""
    return gazetteer().find(text, MOST_SHOWN, near=near)


@st.cache_resource(max_entries=2, show_spinner=False)
def _locator(
    marks: tuple[object, ...], _store: Store
) -> "tuple[Locator | None, dict[str, tuple[str, int]], str | None]":
    from casualty import frames

    units = {row.pcode: (row.name, row.level) for row in session.listed("admin_unit")}
    latest = max(session.listed("admin_unit"), key=lambda row: (row.recorded_at, row.id), default=None)
    return frames.locator(_store), units, latest.boundary_set if latest else None


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest unit in which a point lies, with the names of the first and second order above it."""

    pcode: str
    name: str
    boundary_set: str | None
    admin1: str | None
    admin2: str | None


# A point that stands for a region says nothing of the district in which it happens to lie.
LEVELS = {PlacePrecision.ADMIN2: 2, PlacePrecision.ADMIN1: 1}


def unit_at(lat: float, lon: float, precision: int | None = None) -> Unit | None:
    """Return the administrative unit in which a point lies, no finer than its precision; None if none is held there."""
    if (precision or PlacePrecision.EXACT) >= PlacePrecision.LARGER:
        return None
    locator, units, boundary_set = _locator(_mark("admin_unit"), session.store())
    if locator is None:
        return None
    code = locator.locate([lon], [lat], LEVELS.get(PlacePrecision(precision or 1)))[0]
    if code is None:
        return None
    above = {level: locator.ancestor(code, level) for level in (1, 2)}
    names = {level: units[above_code][0] for level, above_code in above.items() if above_code in units}
    return Unit(code, units.get(code, (code, 0))[0], boundary_set, names.get(1), names.get(2))


def outside(lat: float, lon: float, pcode: str) -> float | None:
    """Return by how many metres a point lies outside the unit named; None if it lies in it or the unit is not held."""
    import numpy as np

    locator, units, _ = _locator(_mark("admin_unit"), session.store())
    if locator is None or pcode not in units or bool(np.all(locator.lies_in([lon], [lat], [pcode]))):
        return None
    return float(locator.off_by_m(lon, lat, pcode))


def with_unit(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a point adds to an incident's fields where nothing is stated: its unit by P-code, and the names above it."""
    if fields.get("lat") is None or fields.get("pcode"):
        return {}
    unit = unit_at(fields["lat"], fields["lon"], fields.get("place_precision"))
    if unit is None:
        return {}
    return {"pcode": unit.pcode, "boundary_set": unit.boundary_set} | {
        name: value
        for name, value in (("admin1", unit.admin1), ("admin2", unit.admin2))
        if value and not fields.get(name)
    }
