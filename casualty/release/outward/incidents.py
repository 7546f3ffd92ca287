"""An incident as the public, or a partner, may see it: when to the month, where to the area or a masked point, how many.

Nobody's words but a reviewed public summary, no recorder, no source by name. Standards: R11, R32, R60, R68-R72.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casualty import disclosure
from casualty.disclosure import INSTITUTIONS, Phrases
from casualty.disclosure.masking import Area
from casualty.release.outward.figures import Killed
from casualty.release.outward.ground import PRIVATE, REVIEWED, UNKNOWN, Ground
from casualty.vocabulary import DatePrecision, PlacePrecision, Tier

ADDED = {
    "period": "The month, the year, or the years, in which it happened: no closer than this tier allows or the date is known.",
    "area": "First-order administrative unit; `not known` where none is.",
    "place_shown": "masked: moved at random, the true place lies within `uncertainty_m`; area: only the area is told; withheld.",
    "sources": "How many different sources of each kind speak of it; private persons are not told apart in public.",
    "has_point": "Whether a point is shown.",
    "withheld": "What was kept back from this row beyond what the tier never holds, and by which reason of 08_withheld.csv.",
}
MONTH = re.compile(r"\d{4}-\d{2}")
UNMASKABLE = "unmaskable"  # counted and not said of the row: it would tell that the place lies near an edge

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """An incident as it goes out: its values by column, and what was kept back of it: (reason, fields)."""

    values: dict[str, Any]
    withheld: tuple[tuple[str, str], ...]


def header(tier: Tier) -> list[str]:
    """Return the columns of the list of incidents."""
    return [*disclosure.columns("incident", tier), *ADDED]


def seen(ground: Ground, rows: Mapping[str, Sequence[Row]], killed: Killed, kept: str | None) -> Seen:
    """Return an incident as it may go out; `kept` is the reason why no more than its figures may, or None."""
    incident = rows["incident"][0]
    key = incident["id"]
    values: dict[str, Any] = {
        "id": ground.ids.id("incident", key),
        "code": ground.ids.code("incident", key),
        "has_point": "false",
        **{name: incident.get(name) for name in KEPT},
        **{f"killed_{part}": getattr(killed, part) for part in ("low", "best", "high")},
    }
    if kept is not None:
        values |= {"incident_type": "withheld", "date_missing": "withheld", "place_missing": "withheld"}
        return Seen(
            {**values, "period": "withheld", "area": "withheld", "place_shown": "withheld"}, ((kept, "content"),)
        )
    values |= {name: incident.get(name) for name in ("incident_type", "date_missing", "place_missing")}
    values |= _when(ground.tier, incident)
    values["sources"] = _sources(ground, rows.get("claim", ()))
    place, withheld = _where(ground, incident)
    text, reason = _text(ground, incident)
    if reason is not None:
        withheld.append((reason, "narrative_public"))
    return Seen({**values, **place, "narrative_public": text}, tuple(withheld))


KEPT = (
    "status", "codebook_version", "injured_low", "injured_best", "injured_high", "missing_low", "missing_best",
    "missing_high", "count_conflict",
)  # fmt: skip


def period(incident: Row) -> str:
    """Return the month in which an incident lies, else its year or years: never closer than the date is known (R32)."""
    start, end = incident.get("date_start"), incident.get("date_end")
    if start is None or end is None:
        return UNKNOWN
    if start[:7] == end[:7] and (incident.get("date_precision") or 1) <= DatePrecision.MONTH:
        return str(start[:7])
    return str(start[:4]) if start[:4] == end[:4] else f"{start[:4]} to {end[:4]}"


def _when(tier: Tier, incident: Row) -> dict[str, Any]:
    told = period(incident)
    precision = incident.get("date_precision")
    if tier is Tier.PARTNER:
        days = {name: incident.get(name) for name in ("date_start", "date_end")}
        return {"period": told, "date_precision": precision, **days}
    widest = DatePrecision.MONTH if MONTH.fullmatch(told) else DatePrecision.YEAR
    return {"period": told, "date_precision": None if told == UNKNOWN else max(precision or 1, int(widest))}


# Place ---------------------------------------------------------------------------------------------------------------


def area_of(ground: Ground, key: str) -> str:
    """Return the name of the first-order unit of an incident, as it is told in lists and tables."""
    first = ground.units.first.get(key)
    return UNKNOWN if first is None else ground.units.names.get(first, first)


def _where(ground: Ground, incident: Row) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    key = incident["id"]
    first, second = ground.units.first.get(key), ground.units.second.get(key)
    place: dict[str, Any] = {"country": incident.get("country"), "area": area_of(ground, key), "place_shown": "area"}
    place["admin1"] = None if first is None else ground.units.names.get(first, first)
    place["pcode"] = first if first in ground.units.names else None
    if ground.tier is Tier.PARTNER:
        place["admin2"] = None if second is None else ground.units.names.get(second, second)
        place["pcode"] = second if second in ground.units.names else place["pcode"]
        place["boundary_set"] = incident.get("boundary_set")
    precision = incident.get("place_precision")
    if incident.get("lat") is None or (precision is not None and precision > PlacePrecision.NEAR):
        return {**place, "place_precision": precision}, []
    widest = PlacePrecision.ADMIN1 if second is None else PlacePrecision.ADMIN2
    place["place_precision"] = int(widest)
    masked = _masked(ground, incident, first, second)
    if masked is None:
        return place, [(UNMASKABLE, "lat lon")]
    place |= {"lat": masked.lat, "lon": masked.lon, "uncertainty_m": masked.radius_m}
    return {**place, "place_shown": "masked", "has_point": "true"}, []


def _masked(ground: Ground, incident: Row, first: str | None, second: str | None) -> Any:
    """Return the mask of a place inside the unit that is told of it, or None if the place does not lie in that unit."""
    import shapely

    unit = next((code for code in (second, first) if code in ground.units.shapes), None)
    area = ground.areas.get(unit or "") or Area.of()
    if area.shape is not None and not shapely.intersects_xy(area.shape, incident["lon"], incident["lat"]):
        return None
    return ground.masker.mask(incident["lon"], incident["lat"], area)


# Words and sources ---------------------------------------------------------------------------------------------------


def _text(ground: Ground, incident: Row) -> tuple[str | None, str | None]:
    """Return the public summary if a judgement of the incident as it is stands and nothing withheld is named in it.

    An amendment puts a judged incident forward again, so that the status tells whether it was judged as it is.
    """
    text = incident.get("narrative_public")
    if text is None:
        return None, None
    if incident["status"] not in REVIEWED:
        return None, "unreviewed"
    second = ground.units.second.get(incident["id"])
    closer = [incident.get("admin2"), ground.units.names.get(second or "")] if ground.tier is Tier.PUBLIC else []
    own = Phrases.of([incident.get("place_as_reported"), *closer])
    return (None, disclosure.MENTION) if ground.hidden.within(text) or own.within(text) else (text, None)


def _sources(ground: Ground, claims: Sequence[Row]) -> str:
    speakers = {
        claim.get("source_id") or ground.documents.get(claim["document_id"]) or f"document {claim['document_id']}"
        for claim in claims
        if claim["standing"] == "current"
    }
    counts = Counter(source_kind(ground, speaker) for speaker in speakers)
    return "; ".join(f"{kind}: {number}" for kind, number in sorted(counts.items()))


def source_kind(ground: Ground, source: str) -> str:
    """Return how a source is told: its kind, and to a partner its reliability; private persons are one kind in public."""
    kind, reliability = ground.sources.get(source, ("not_recorded", "not rated"))
    if ground.tier is Tier.PARTNER:
        return f"{kind} ({reliability})"
    return kind if kind in INSTITUTIONS else PRIVATE
