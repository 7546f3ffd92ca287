"""Are two persons one, are two incidents one? Weights of agreement and disagreement, added up, each with its reason.

The weighing is that of Fellegi and Sunter (1969, "A theory for record linkage", JASA 64): each thing that both sides
state adds log2(m/u) if it agrees and log2((1-m)/(1-u)) if not, m and u being how often it agrees for true pairs and
for others. What either side does not state adds nothing, for or against. With W the sum and P the prior against any
two records being one,

    score = 1 / (1 + 2 ** (P - W))

so a pair of which little can be compared stays low however well that little agrees. Weights are in bits, set by hand
from how often such things agree by chance, and rounded; `bench/linkage.py` shows what they find on lists of which the
true pairs are known. A score orders and explains; it is no probability that two records are one.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from casualty.linkage.names import SAME_NAME, is_placeholder, name_keys, names_alike

POSSIBLE = 0.5  # shown: what speaks for it is at least what speaks against
LIKELY = 0.9  # found by over nine in ten of the bits; on the benchmark's lists nearly all such pairs are true
GUARDED = 0.85  # what one strong contradiction leaves of a score: below LIKELY, however much else agrees

PERSON_PRIOR = 16.0  # one in 65,000: a true partner among the people of a large list
INCIDENT_PRIOR = 14.0  # one in 16,000: a true partner among the incidents of a country's worst year

PART, INITIAL, FEWER = 5.0, 2.0, -0.5  # bits of a part of a name: one in 32 bears it, in lists where names are common
MOST_FOR_NAMES = 15.0
OTHER_NAME, ONE_MORE, NEARLY = -2.0, -4.0, 4.0  # bits where a part differs, of each further part, of a near miss
AGE_FAR = 10.0  # years: a guess or a digit is out by less, a namesake of another generation by more
DAYS_FAR = 30  # SORMAS-Foundation/SORMAS-Project, pull requests on duplicates: dates within 30 days
TIME_OF_RECORD = 3650.0  # days over which a chance agreement of dates is reckoned: ten years of a conflict
KM_NEAR, KM_FAR = 25.0, 100.0  # at 25 km nearness says nothing; 100 km beyond both uncertainties is elsewhere
EARTH_KM = 6371.0088
_KNOWN_SEXES = frozenset({"woman", "man", "other"})
_NOT_DEAD_YET = frozenset({"missing", "disappeared", "detained"})
_SAID_NOTHING = frozenset({"unknown", "not_recorded", "withheld", "not_applicable", "other"})

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against, in bits; `template` is a sentence with slots for `values`."""

    template: str
    values: Mapping[str, int | float | str]
    weight: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What speaks for two records being one, and what against, the weightiest first; `score` is 0 to 1."""

    score: float
    reasons: tuple[Reason, ...] = ()
    against: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonTraits:
    """What is known of a person: ages in years at the incident, place as (lat, lon) in degrees of WGS 84.

    `date` is the day of death or else the first day of the incident, `date_end` its last. `sex` and `harm` are words
    of the vocabulary. Everything may be left out.
    """

    names: tuple[str, ...] = ()
    sex: str | None = None
    age_low: float | None = None
    age_high: float | None = None
    date: dt.date | None = None
    date_end: dt.date | None = None
    place: Point | None = None
    uncertainty_m: float | None = None
    pcode: str | None = None
    harm: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentTraits:
    """What is known of an incident; degrees of WGS 84, metres, ranges low to high. Everything may be left out.

    `names` are those of its victims, one tuple of spellings for each; `kinds` the types of incident; `actors` names
    of alleged actors; `documents` URLs and SHA-256 of what reports it.
    """

    start: dt.date | None = None
    end: dt.date | None = None
    lat: float | None = None
    lon: float | None = None
    uncertainty_m: float | None = None
    place: str | None = None
    pcode: str | None = None
    killed_low: int | None = None
    killed_best: int | None = None
    killed_high: int | None = None
    names: tuple[tuple[str, ...], ...] = ()
    kinds: frozenset[str] = field(default_factory=frozenset)
    actors: frozenset[str] = field(default_factory=frozenset)
    documents: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A reason as it is weighed; `guards` if with it no pair is likely."""

    template: str
    values: Mapping[str, int | float | str]
    weight: float
    guards: bool = False


def same_person(a: PersonTraits, b: PersonTraits) -> Judged:
    """Return what speaks for and against two persons being one: names, sex, age, date, place.

    Never LIKELY, whatever else agrees: persons of whom a part of the name differs (brothers; the same name with another
    father), whose ages lie more than 10 years apart, whose sex is stated otherwise, or who are not both named. A person
    missing on one day may be found dead on another, so days apart weigh little there. It does not show who is who: two
    persons of one common name, age, day and town are two persons nonetheless, and only somebody who knows can say so.
    """
    return _judged(PERSON_PRIOR, (*_by_names(a, b), *_by_sex(a, b), *_by_age(a, b), *_by_death(a, b), *_by_home(a, b)))


def same_incident(a: IncidentTraits, b: IncidentTraits) -> Judged:
    """Return what speaks for and against two incidents being one: days, place, figures, names, kind, actors, documents.

    Spans of days agree if they overlap, and say the less the longer they are: log2(ten years / both spans). Places agree
    as far as both uncertainties allow: nearness is reckoned from the furthest they may lie apart, distance from the
    nearest. Never LIKELY: spans more than 30 days apart, places more than 100 km apart beyond their uncertainties.
    Actors that differ say nothing, for sources differ most about those. It does not show that two incidents are two:
    one that was reported from another town on another day looks like that.
    """
    return _judged(INCIDENT_PRIOR, (*_by_days(a, b), *_by_place(a, b), *_by_killed(a, b), *_by_victims(a, b),
                                    *_by_kind(a, b), *_by_documents(a, b)))  # fmt: skip


def _judged(prior: float, found: Iterable[_Weighed]) -> Judged:
    weighed = sorted(found, key=lambda one: (-abs(one.weight), one.template))
    score = 1 / (1 + 2 ** (prior - sum(one.weight for one in weighed)))
    if any(one.guards for one in weighed):
        score = min(score, GUARDED)
    told = [(one, Reason(one.template, one.values, one.weight)) for one in weighed if one.template]
    return Judged(
        score,
        tuple(reason for one, reason in told if one.weight > 0 and not one.guards),
        tuple(reason for one, reason in told if one.weight < 0 or one.guards),
    )


# Persons ---------------------------------------------------------------------------------------------------------


def _by_names(a: PersonTraits, b: PersonTraits) -> Iterable[_Weighed]:
    if not all(any(not is_placeholder(name) for name in person.names) for person in (a, b)):
        yield _Weighed("Not both are named.", {}, 0.0, guards=True)
        return
    alike = names_alike(a.names, b.names)
    counted = {part: int(alike.values[part]) for part in ("agree", "initial", "differ", "missing")}
    if counted["differ"]:
        bits = OTHER_NAME + ONE_MORE * (counted["differ"] - 1) + NEARLY * int(alike.values["near"]) / 100
        bits = bits if alike.score else 2 * ONE_MORE
        yield _Weighed(alike.template, alike.values, bits, guards=True)
        return
    bits = min(MOST_FOR_NAMES, PART * counted["agree"] + INITIAL * counted["initial"]) + FEWER * counted["missing"]
    yield _Weighed(alike.template, alike.values, bits * alike.score if alike.score else 2 * ONE_MORE)


def _by_sex(a: PersonTraits, b: PersonTraits) -> Iterable[_Weighed]:
    if a.sex in _KNOWN_SEXES and b.sex in _KNOWN_SEXES:
        if a.sex == b.sex:
            yield _Weighed("The same sex is recorded.", {}, 0.5)
        else:
            yield _Weighed("Another sex is recorded.", {}, -5.0, guards=True)


def _by_age(a: PersonTraits, b: PersonTraits) -> Iterable[_Weighed]:
    first, second = _range(a.age_low, a.age_high), _range(b.age_low, b.age_high)
    if first is None or second is None:
        return
    apart = _gap(first, second)
    width = max(first[1], second[1]) - min(first[0], second[0])
    values = {"years": round(apart, 1)}
    if apart <= 2:
        yield _Weighed("Ages agree, or nearly.", values, max(0.0, math.log2(32 / (width + 4))) if width < 28 else 0.0)
    elif apart <= AGE_FAR:
        yield _Weighed("Ages lie {years} years apart.", values, -1.0 if apart <= 5 else -2.0)
    else:
        yield _Weighed("Ages lie {years} years apart.", values, -5.0, guards=True)


def _by_death(a: PersonTraits, b: PersonTraits) -> Iterable[_Weighed]:
    first, second = _span(a.date, a.date_end), _span(b.date, b.date_end)
    if first is None or second is None:
        return
    one = _dated(first, second)
    found_later = bool({a.harm, b.harm} & _NOT_DEAD_YET) and a.harm != b.harm
    if found_later and one.weight < 0:
        yield _Weighed("{days} days apart; one of the two was missing or held at first.", one.values, -1.0)
    else:
        yield _Weighed(one.template, one.values, one.weight)


def _by_home(a: PersonTraits, b: PersonTraits) -> Iterable[_Weighed]:
    yield from _placed(a.place, b.place, (a.uncertainty_m or 0) + (b.uncertainty_m or 0), a.pcode, b.pcode)


# Incidents -------------------------------------------------------------------------------------------------------


def _by_days(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    first, second = _span(a.start, a.end), _span(b.start, b.end)
    if first is not None and second is not None:
        yield _dated(first, second)


def _by_place(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    points = [(one.lat, one.lon) if one.lat is not None and one.lon is not None else None for one in (a, b)]
    unsure = (a.uncertainty_m or 0) + (b.uncertainty_m or 0)
    found = list(_placed(points[0], points[1], unsure, a.pcode, b.pcode))
    yield from found
    if not found and a.place and b.place and names_alike([a.place], [b.place]).score >= SAME_NAME:
        yield _Weighed("The places have one name, or nearly.", {}, 2.0)


def _by_killed(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    """Weigh the numbers killed: 40 and 40 agree by chance far less often than 1 and 1."""
    one, two = _killed(a), _killed(b)
    if one is None or two is None:
        return
    (low, high), (other_low, other_high) = one, two
    values = {"first": _told(one), "second": _told(two)}
    if low <= other_high and other_low <= high:
        width = 1 + max(high, other_high) - min(low, other_low)
        bits = min(5.0, max(0.5, math.log2((1 + (high + other_high) / 2) / width**0.5)))
        yield _Weighed("The numbers killed are compatible: {first} and {second}.", values, bits)
        return
    nearest = max(low, other_low) / max(1, min(high, other_high))
    bits = -0.5 if nearest <= 1.5 else -1.5 if nearest <= 2 else -3.0 if nearest <= 5 else -5.0
    yield _Weighed("The numbers killed differ: {first} and {second}.", values, bits)


def _by_victims(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    if not a.names or not b.names:
        return
    keys, others = ([frozenset().union(*map(name_keys, one)) for one in side.names] for side in (a, b))
    alike = [
        (i, j)
        for i, one in enumerate(keys)
        for j, other in enumerate(others)
        if len(one & other) >= max(1, min(len(one), len(other)) - 1)
        and names_alike(a.names[i], b.names[j]).score >= SAME_NAME
    ]
    if common := min(len({i for i, _ in alike}), len({j for _, j in alike})):
        yield _Weighed(
            "Victims of like names are named in both: {number}.", {"number": common}, min(15.0, 7.5 * common)
        )
    elif all((one.killed_high or one.killed_best or math.inf) <= len(one.names) for one in (a, b)):
        yield _Weighed("All victims are named in both, and none alike.", {}, -4.0)


def _by_kind(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    kinds, others = a.kinds - _SAID_NOTHING, b.kinds - _SAID_NOTHING
    if kinds and others:
        if kinds & others:
            yield _Weighed("The same kind of incident.", {}, 1.0)
        else:
            yield _Weighed("Another kind of incident.", {}, -1.0)
    if any(names_alike([one], [other]).score >= SAME_NAME for one in a.actors for other in b.actors):
        yield _Weighed("The same actor is alleged.", {}, 1.5)


def _by_documents(a: IncidentTraits, b: IncidentTraits) -> Iterable[_Weighed]:
    common = {address(one) for one in a.documents} & {address(one) for one in b.documents}
    if common:
        yield _Weighed("Both are reported by the same document or page.", {"number": len(common)}, 4.0)


def address(url: str) -> str:
    """Return a page's address, or a SHA-256, as it is compared: no scheme, www, fragment, closing slash or tracking."""
    text = url.strip()
    if "/" not in text and "." not in text:
        return text.casefold()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        asked = [one for one in parse_qsl(parts.query) if not one[0].startswith(("utm_", "fbclid", "gclid"))]
    except ValueError:
        return text.casefold()
    tail = f"?{urlencode(sorted(asked))}" if asked else ""
    return parts.netloc.casefold().removeprefix("www.") + parts.path.rstrip("/") + tail


# Days, places, ranges --------------------------------------------------------------------------------------------


def _dated(first: tuple[dt.date, dt.date], second: tuple[dt.date, dt.date]) -> _Weighed:
    apart = max(0, (max(first[0], second[0]) - min(first[1], second[1])).days)
    long = (first[1] - first[0]).days + (second[1] - second[0]).days + 1
    values = {"days": apart}
    if not apart:
        bits = max(0.0, min(10.0, math.log2(TIME_OF_RECORD / long)))
        return _Weighed("On the same day." if long == 1 else "The days overlap.", values, bits)
    bits = {1: 8.0, 2: 6.0, 3: 5.0}.get(apart, 1.0 if apart <= 7 else -2.0 if apart <= DAYS_FAR else -6.0)
    return _Weighed("{days} days apart." if apart > 1 else "A day apart.", values, bits, guards=apart > DAYS_FAR)


def _placed(
    a: Point | None, b: Point | None, unsure_m: float, pcode: str | None, other: str | None
) -> Iterable[_Weighed]:
    same_unit = bool(pcode and other) and (str(pcode).startswith(str(other)) or str(other).startswith(str(pcode)))
    if a is not None and b is not None:
        yield _distant(kilometres(a, b), unsure_m / 1000)
        if same_unit and pcode == other:
            yield _Weighed("In the same unit: {pcode}.", {"pcode": str(pcode)}, 0.5)
    elif pcode and other:
        if same_unit:
            shorter = min(pcode, other, key=len)
            yield _Weighed("In the same unit: {pcode}.", {"pcode": shorter}, 3.0 if pcode == other else 1.5)
        else:
            yield _Weighed(
                "In other units: {first} and {second}.",
                dict(zip(("first", "second"), sorted((pcode, other)), strict=True)),
                -2.0,
            )


def _distant(km: float, unsure_km: float) -> _Weighed:
    least, most = max(0.0, km - unsure_km), max(1.0, km + unsure_km)
    values = {"km": round(km, 1), "least": round(least, 1), "most": round(most, 1)}
    bits = min(5.0, max(0.0, 2 * math.log2(KM_NEAR / most)))
    if least > KM_NEAR:
        bits = max(-6.0, 2 * math.log2(KM_NEAR / least))
    template = "{km} km apart." if unsure_km < 0.1 else "{km} km apart; given both uncertainties {least} to {most} km."
    return _Weighed(template, values, bits, guards=least > KM_FAR)


def kilometres(a: Point, b: Point) -> float:
    """Return the great-circle distance of two points (lat, lon in degrees), by the haversine; within 0.6 %."""
    lat, other = math.radians(a[0]), math.radians(b[0])
    half = math.sin((other - lat) / 2) ** 2
    half += math.cos(lat) * math.cos(other) * math.sin(math.radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _range(low: float | None, high: float | None) -> tuple[float, float] | None:
    known = [one for one in (low, high) if one is not None]
    return (min(known), max(known)) if known else None


def _gap(first: tuple[float, float], second: tuple[float, float]) -> float:
    return max(0.0, max(first[0], second[0]) - min(first[1], second[1]))


def _span(start: dt.date | None, end: dt.date | None) -> tuple[dt.date, dt.date] | None:
    known: list[dt.date] = [one for one in (start, end) if one is not None]
    return (min(known), max(known)) if known else None


def _killed(one: IncidentTraits) -> tuple[int, int] | None:
    known = [n for n in (one.killed_low, one.killed_best, one.killed_high) if n is not None]
    return (min(known), max(known)) if known else None


def _told(numbers: tuple[int, int]) -> str:
    return str(numbers[0]) if numbers[0] == numbers[1] else f"{numbers[0]}–{numbers[1]}"
