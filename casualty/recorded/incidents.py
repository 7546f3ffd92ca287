"""Recorded incidents near to one in days, place, documents or victims' names, judged."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Any

import sqlalchemy as sa

from casualty.linkage import (
    POSSIBLE,
    IncidentTraits,
    Judged,
    PersonTraits,
    Reason,
    address,
    same_incident,
)
from casualty.recorded.people import AT_ONCE, Names, Sight
from casualty.schema import table

DAYS_AROUND = 35  # days before and after that are looked at: a little beyond the 30 from which none is likely
LONGEST_SPAN = 400  # days: incidents that began earlier and were still going on; a year's range and a little
LONG = 120  # days of a span from which the place is asked first
DAYS_THAT_SAY = 1800  # days of a span beyond which no agreement of place, kind and number reaches POSSIBLE
DEGREES_AROUND = 0.6  # of latitude, 67 km: beyond that no nearness is left, but what uncertainty leaves
VAGUE_M = 40_000  # metres of uncertainty from which an incident is looked at wherever its point is
CLOSER_LOOK, CLOSEST_LOOK = 150, 30  # candidates judged by what stands in their row, and with names and documents


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that may be the one in question; `through` is the code of a duplicate that leads to it, or None."""

    id: str
    code: str
    score: float
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]
    date_start: dt.date | None
    date_end: dt.date | None
    place: str | None
    killed: tuple[int | None, int | None, int | None]
    status: str
    through: str | None = None


def candidates(
    connection: sa.Connection, names: Names, traits: IncidentTraits, limit: int, left: frozenset[str], sight: Sight
) -> list[Candidate]:
    incident = table("incident")
    near: dict[str, sa.Row[Any]] = {}
    for condition in (*_around(traits), *_reported(connection, traits), *_with_victims(names, traits)):
        chosen = sa.select(*(incident.c[column] for column in _ROUGH)).where(
            condition, incident.c.withdrawn_at.is_(None), sight.clause()
        )
        near.update((row.id, row) for row in connection.execute(chosen))
    rough = [row.id for row in nsmallest(CLOSER_LOOK, near.values(), key=lambda row: _roughly(traits, row))]
    closer = connection.execute(_whole().where(incident.c.id.in_(rough))).all()
    plain = [(same_incident(traits, _traits(row)).score, row) for row in closer if row.id not in left]
    first = nsmallest(CLOSEST_LOOK, plain, key=lambda one: (-one[0], one[1].id))
    more = _more(connection, [row.id for _, row in first])
    judged = [(same_incident(traits, _traits(row, more.get(row.id))), row) for _, row in first]
    likely = [(one, row) for one, row in judged if one.score >= POSSIBLE]
    best: dict[str, Candidate] = {}
    for one, row in sorted(likely, key=lambda one: (-one[0].score, one[1].code)):
        found = _leading(connection, row, one, sight)
        if found is not None and found.id not in left:
            best.setdefault(found.id, found)
    return list(best.values())[:limit]


_ROUGH = ("id", "date_start", "date_end", "lat", "lon")
_COLUMNS = ("id", "code", "status", "incident_type", "date_start", "date_end", "lat", "lon", "uncertainty_m", "pcode",
            "place_as_reported", "killed_low", "killed_best", "killed_high", "merged_into_id")  # fmt: skip


def _whole() -> sa.Select[Any]:
    return sa.select(*(table("incident").c[column] for column in _COLUMNS))


def _around(traits: IncidentTraits) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions by which incidents near in days and place are found along an index.

    Where the days are few, they choose the rows and the place is only compared (`+ 0` keeps the index of coordinates
    out); over longer spans the place chooses. Incidents that began long before and went on are asked for by place.
    Without any days, or with more than `DAYS_THAT_SAY`, nothing is asked: place and numbers alone make no candidate.
    """
    if traits.start is None or traits.end is None or (traits.end - traits.start).days > DAYS_THAT_SAY:
        return
    incident, box = table("incident"), _box(traits)
    low, high = traits.start - dt.timedelta(days=DAYS_AROUND), traits.end + dt.timedelta(days=DAYS_AROUND)
    days = incident.c.date_start.between(low, high)
    few = (high - low).days <= LONG
    vague = incident.c.lat.is_(None), incident.c.uncertainty_m >= VAGUE_M
    if few:
        yield days if box is None else sa.and_(days, sa.or_(_in(box, chooses=False), *vague))
    if box is not None:
        began = incident.c.date_start.between(low - dt.timedelta(days=LONGEST_SPAN), low if few else high)
        yield sa.and_(_in(box), began, incident.c.date_end >= low)
    if traits.pcode and not few:
        yield sa.and_(incident.c.pcode == traits.pcode, incident.c.date_start.between(low, high))


Box = tuple[float, float, tuple[tuple[float, float], ...]]


def _box(traits: IncidentTraits) -> Box | None:
    """Return the least and greatest latitude and the one or two ranges of longitude around the place."""
    if traits.lat is None or traits.lon is None:
        return None
    tall = DEGREES_AROUND + min(2.0, (traits.uncertainty_m or 0) / 111_000)
    wide = min(180.0, tall / max(0.01, math.cos(math.radians(min(89.9, abs(traits.lat) + tall)))))
    west, east = traits.lon - wide, traits.lon + wide
    ranges = [(max(-180.0, west), min(180.0, east))]
    ranges += [(west + 360, 180.0)] if west < -180 else []
    ranges += [(-180.0, east - 360)] if east > 180 else []
    return traits.lat - tall, traits.lat + tall, tuple(ranges)


def _in(box: Box, *, chooses: bool = True) -> sa.ColumnElement[bool]:
    lat, lon = (table("incident").c[column] for column in ("lat", "lon"))
    tall = (lat if chooses else lat + 0).between(box[0], box[1])
    return sa.and_(tall, sa.or_(*(lon.between(*one) for one in box[2])))


def _reported(connection: sa.Connection, traits: IncidentTraits) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the condition of being reported by the same documents, if any is held."""
    if not traits.documents:
        return
    document, claim = table("document"), table("claim")
    same = sa.or_(document.c.sha256.in_(_digests(traits)), document.c.url.in_(_addresses(traits)))
    held = connection.execute(sa.select(document.c.id).where(same).limit(AT_ONCE)).scalars().all()
    if held:
        found = sa.select(claim.c.incident_id).where(claim.c.document_id.in_(held)).limit(CLOSER_LOOK)
        yield table("incident").c.id.in_(connection.execute(found).scalars().all())


def _digests(traits: IncidentTraits) -> list[str]:
    return sorted(one.strip().lower() for one in traits.documents)


def _addresses(traits: IncidentTraits) -> list[str]:
    """Return the ways in which these pages' addresses are usually written."""
    pages = {address(one) for one in traits.documents}
    usual = {f"{scheme}{www}{page}{end}" for page in pages for scheme in ("https://", "http://", "")
             for www in ("", "www.") for end in ("", "/")}  # fmt: skip
    return sorted(usual | traits.documents)


def _with_victims(names: Names, traits: IncidentTraits) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the condition of having victims of like names, if there are any."""
    people = [PersonTraits(names=one, date=traits.start) for one in traits.names[:CLOSEST_LOOK]]
    victims = {victim for person in people for victim in names.nearest(person, 20)}
    if victims:
        victim = table("victim")
        yield table("incident").c.id.in_(sa.select(victim.c.incident_id).where(victim.c.id.in_(sorted(victims))))


def _roughly(traits: IncidentTraits, row: sa.Row[Any]) -> tuple[float, str]:
    """Order rows by days and degrees apart, for a first choice: half a degree counts as three weeks do."""
    days = degrees = 0.0
    if traits.start and traits.end and row.date_start:
        days = max(0, (max(traits.start, row.date_start) - min(traits.end, row.date_end)).days)
    if traits.lat is not None and traits.lon is not None and row.lat is not None:
        around = abs(traits.lon - row.lon)
        degrees = abs(traits.lat - row.lat) + min(around, 360 - around) * max(0.0, 1 - abs(traits.lat) / 90)
    return days / 2 + degrees * 20, row.id


def _traits(row: sa.Row[Any], more: Mapping[str, Any] | None = None) -> IncidentTraits:
    stated = IncidentTraits(
        start=row.date_start, end=row.date_end, lat=row.lat, lon=row.lon, uncertainty_m=row.uncertainty_m,
        place=row.place_as_reported, pcode=row.pcode, killed_low=row.killed_low, killed_best=row.killed_best,
        killed_high=row.killed_high, kinds=frozenset({str(row.incident_type)}),
    )  # fmt: skip
    return replace(stated, **more) if more else stated


def _more(connection: sa.Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return the victims' names, alleged actors and documents of these incidents."""
    name, party, actor = table("victim_name"), table("involvement"), table("actor")
    claim, document = table("claim"), table("document")
    spellings: dict[str, dict[str, list[str]]] = {}
    for one in connection.execute(sa.select(name).where(name.c.incident_id.in_(ids)).order_by(name.c.id)):
        spellings.setdefault(one.incident_id, {}).setdefault(one.victim_id, []).append(one.name)
    found: dict[str, dict[str, Any]] = {one: {"actors": set(), "documents": set()} for one in ids}
    named = sa.select(party.c.incident_id, actor.c.name).join(actor, actor.c.id == party.c.actor_id)
    for one in connection.execute(named.where(party.c.incident_id.in_(ids))):
        found[one.incident_id]["actors"].add(one.name)
    told = sa.select(claim.c.incident_id, document.c.url, document.c.sha256)
    told = told.join(document, document.c.id == claim.c.document_id).where(claim.c.standing == "current")
    for one in connection.execute(told.where(claim.c.incident_id.in_(ids))):
        found[one.incident_id]["documents"].update(filter(None, (one.url, one.sha256)))
    for incident, people in spellings.items():
        found[incident]["names"] = tuple(map(tuple, people.values()))
    return {one: {key: frozenset(value) if isinstance(value, set) else value for key, value in held.items()}
            for one, held in found.items()}  # fmt: skip


def _leading(connection: sa.Connection, row: sa.Row[Any], judged: Judged, sight: Sight) -> Candidate | None:
    """Return the record that a row leads to: itself, or what it is a duplicate of, if that may be seen."""
    incident = table("incident")
    found: sa.Row[Any] | None = row
    while found is not None and found.merged_into_id is not None:
        chosen = _whole().where(
            incident.c.id == found.merged_into_id, incident.c.withdrawn_at.is_(None), sight.clause()
        )
        found = connection.execute(chosen).one_or_none()
    if found is None:
        return None
    return Candidate(
        found.id, found.code, judged.score, judged.reasons, judged.against, found.date_start, found.date_end,
        found.place_as_reported, (found.killed_low, found.killed_best, found.killed_high), str(found.status),
        None if found is row else row.code,
    )  # fmt: skip
