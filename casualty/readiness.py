"""Can the data answer this question? Said before it is asked, from the minimums that the questions themselves hold to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from casualty.asking import Chosen, Material
from casualty.errors import NotEnoughData, Word
from casualty.patterns.events import Events

# Less than this part of what is asked about can be used: whatever is found is found in the smaller part.
MOST_LOST = 0.5
DAYS = 7.0

POINTS, DATES, IDENTITY, AREAS, ACTORS, SIGNATURE = "points", "dates", "identity", "areas", "actors", "signature"
# What an incident must have for a question to use it.
NEEDS: dict[str, tuple[str, ...]] = {
    "disparity": (IDENTITY,), "scan": (POINTS, IDENTITY), "near-repeat": (POINTS, DATES), "hotspots": (IDENTITY, AREAS),
    "trend": (), "surveillance": (), "colocation": (POINTS, IDENTITY), "signature": (IDENTITY, SIGNATURE),
    "actors": (IDENTITY, ACTORS), "funnel": (IDENTITY, AREAS), "widespread": (IDENTITY,),
}  # fmt: skip
WHAT = {
    POINTS: Word("Incidents with a place known better than to a district"),
    DATES: Word("Incidents with a date known closely enough"),
    IDENTITY: Word("Incidents with a victim of known identity"),
    AREAS: Word("Incidents with a known area"),
    ACTORS: Word("Incidents with an actor that is alleged"),
    SIGNATURE: Word("Incidents with an actor, an act, means or a kind of place on record"),
}
# Asked of a group, these are about its incidents alone.
ALONE = ("near-repeat", "trend", "surveillance")
MENDS = {
    POINTS: "Record points, with the precision that their sources give.",
    DATES: "Record the days, or ask about place alone.",
    IDENTITY: "Record identities with their basis; what is unknown stays unknown.",
    AREAS: "Bring administrative units in, or record the unit of each incident.",
    ACTORS: "Record who is alleged, with the source that says so.",
    SIGNATURE: "Record actors, acts and means, as alleged.",
}
WIDEN = "Widen the filter or the days, or record more."


class Verdict(StrEnum):
    """Whether there is enough of something; COUNT where no question states a minimum for it."""

    ENOUGH = "enough"
    THIN = "thin"
    SHORT = "not enough"
    COUNT = "counted"


class Can(StrEnum):
    """Whether the question can be asked."""

    YES = "can be asked"
    CAUTION = "can be asked, with caution"
    NO = "cannot be asked"


@dataclass(frozen=True)
class Line:
    """One thing that a question rests on: how much of it there is, out of how many, the least it must be, and the mend."""

    what: Word
    number: int
    verdict: Verdict
    of: int | None = None
    least: int | None = None
    mend: str = ""


@dataclass(frozen=True)
class Readiness:
    """What a question would rest on, line by line."""

    lines: tuple[Line, ...]

    @property
    def can(self) -> Can:
        """The worst of the verdicts, as whether the question can be asked."""
        verdicts = {line.verdict for line in self.lines}
        return Can.NO if Verdict.SHORT in verdicts else Can.CAUTION if Verdict.THIN in verdicts else Can.YES


def readiness(material: Material, method: str, chosen: Chosen) -> Readiness:
    """Say whether a question can be asked of this material, before it is.

    Minimums are those at which the question would itself refuse. THIN is said where less than half of the incidents
    asked about can be used. Does not say whether a pattern that is there would be found: see `patterns calibrate`.
    Raises NotFound and UsageFault for a group that is not there or not named.
    """
    events, needs = material.events, _needs(material, method, chosen)
    lines = [_least(Word("Incidents asked about"), len(events), 1, WIDEN)]
    lines += [_part(each, len(_having(events, each, chosen)), len(events)) for each in needs]
    used = events
    for each in needs:
        used = _having(used, each, chosen)
    lines += _own(material, used, method, chosen)
    lines.append(_usable(events, used, method, chosen))
    return Readiness(tuple(lines))


def _needs(material: Material, method: str, chosen: Chosen) -> tuple[str, ...]:
    needs = list(NEEDS[method])
    if method == "scan" and chosen.get("model") == "poisson":
        needs[needs.index(POINTS)] = AREAS
    if method == "scan" and chosen.get("kind", "spatial") != "spatial":
        needs.insert(1, DATES)
    if method == "hotspots" and (chosen.get("cell") or not any(material.events.area)):
        needs[needs.index(AREAS)] = POINTS
    if chosen.get("group") and IDENTITY not in needs:
        needs.append(IDENTITY)
    return tuple(needs)


def _having(events: Events, need: str, chosen: Chosen) -> Events:
    """Return the incidents that have one of the things that are needed."""
    if need == POINTS:
        return events.with_points()
    if need == DATES:
        return events.with_dates(_closely(events, chosen))
    if need == IDENTITY:
        return events.with_identity()
    told: dict[str, Callable[[], Any]] = {
        AREAS: lambda: (area is not None for area in events.area),
        ACTORS: lambda: (bool(each) for each in events.actors),
        SIGNATURE: lambda: (any(parts) for parts in zip(events.actors, events.acts, events.means, events.place_type, strict=True)),
    }  # fmt: skip
    return events.only(np.fromiter(told[need](), dtype=bool, count=len(events)))


def _closely(events: Events, chosen: Chosen) -> float:
    """Days within which a date must be known: of a scan, those of its step of time."""
    from casualty.patterns.scanning import step_of

    if "model" not in chosen:
        return DAYS
    return float(chosen.get("every") or step_of(events.day[np.isfinite(events.day)]))


def _usable(events: Events, used: Events, method: str, chosen: Chosen) -> Line:
    """What is left for the question itself: of some, the group's incidents alone."""
    group, least = chosen.get("group"), _fewest(method)
    alone = method in ALONE or (method == "scan" and chosen.get("model") in ("permutation", "poisson"))
    number = int((used.share(group) > 0).sum()) if alone and group in used.groups else len(used)
    verdict = Verdict.THIN if len(used) < MOST_LOST * len(events) else Verdict.ENOUGH
    verdict = Verdict.SHORT if number < least else verdict
    mend = "" if verdict is Verdict.ENOUGH else WIDEN
    return Line(Word("Incidents that can be used, with all of this"), number, verdict, len(events), least, mend)


def _fewest(method: str) -> int:
    """The number of usable incidents below which a question refuses."""
    from casualty.patterns import alleged, scanning
    from geo import colocation, near_repeat
    from geo.series import changepoint

    known = {
        "scan": scanning.FEWEST, "near-repeat": near_repeat.FEWEST, "colocation": colocation.FEWEST,
        "actors": alleged.LEAST_INCIDENTS, "signature": 3, "trend": changepoint.LEAST_EVENTS,
    }  # fmt: skip
    return known.get(method, 1)


def _part(need: str, number: int, of: int) -> Line:
    verdict = Verdict.SHORT if not number else Verdict.COUNT
    return Line(WHAT[need], number, verdict, of, None, MENDS[need] if number < of or not number else "")


def _least(what: Word, number: int, least: int | None, mend: str) -> Line:
    verdict = Verdict.COUNT if least is None else Verdict.ENOUGH if number >= least else Verdict.SHORT
    return Line(what, number, verdict, None, least, mend if verdict is Verdict.SHORT else "")


# What each question needs beside ---------------------------------------------------------------------------------------


def _own(material: Material, used: Events, method: str, chosen: Chosen) -> Iterator[Line]:
    group = chosen.get("group")
    if group is not None and group in used.groups:
        yield from _of_group(used, method, chosen, used.share(group))
    if method in ("hotspots", "funnel", "disparity"):
        yield from _areas(used, method)
    if method == "actors":
        names = len(frozenset().union(*used.actors)) if len(used) else 0
        yield _least(Word("Different actors that are alleged"), names, 2, MENDS[ACTORS])
        yield _least(
            Word("Groups with a victim"), int((used.mix > 0).any(axis=0).sum()) if len(used) else 0, 2, MENDS[IDENTITY]
        )
    if method in ("trend", "surveillance"):
        yield from _bins(used, method, chosen)
    yield from _people(material, method, chosen)
    known = used.day[np.isfinite(used.day)]
    yield _least(Word("Days from the first to the last of them"), int(np.ptp(known)) + 1 if known.size else 0, None, "")


def _of_group(used: Events, method: str, chosen: Chosen, share: Any) -> Iterator[Line]:
    """The group's incidents and, where they are compared with others, these."""
    from geo.scan import preparing

    own = {"scan": preparing.FEWEST_CASES, "signature": 2}.get(method, 1)
    yield _least(
        Word("Incidents with a victim of the group"),
        int((share > 0).sum()),
        own,
        "Take another group or a wider filter.",
    )
    compared = method in ("colocation", "signature", "hotspots") or (
        method == "scan" and chosen.get("model") == "bernoulli"
    )
    if compared:
        mend = "Take in incidents of other groups: a part is compared with a whole."
        yield _least(Word("Incidents with a victim of other groups, to compare with"), int((share < 1).sum()), 1, mend)


def _areas(used: Events, method: str) -> Iterator[Line]:
    from casualty.patterns import hotspots

    held = len({area for area in used.area if area is not None})
    least = {"hotspots": hotspots.LEAST_AREAS, "funnel": 2}.get(method)
    if method != "hotspots" or held:
        yield _least(Word("Areas with an incident"), held, least, "Take smaller areas, or the cells of a grid.")


def _bins(used: Events, method: str, chosen: Chosen) -> Iterator[Line]:
    """Bins of the calendar, as the question itself counts them."""
    from casualty.patterns.counting import counted
    from casualty.patterns.surveillance import EARS_BASELINE
    from geo.series import changepoint
    from geo.series.ears import LAG

    step = chosen.get("every") or ("month" if method == "trend" else "week")
    try:
        found = len(counted(used, every=step)[0])
    except NotEnoughData:
        found = 0
    least: int | None = changepoint.LEAST_BINS
    if method == "surveillance":
        plain = chosen.get("method", "ears-c1") == "ears-c1"
        least = (chosen.get("baseline") or EARS_BASELINE) + LAG[1] + 1 if plain else None
    yield _least(
        Word("Steps of time, from the first to the last"), found, least, "Take shorter steps or a longer time."
    )


def _people(material: Material, method: str, chosen: Chosen) -> Iterator[Line]:
    """Areas with a number of people, where the question is out of people."""
    mend = "Bring in numbers of people by group, area and year: a rate is refused, not guessed."
    if material.shares is not None:
        people = material.shares.people
        groups, years = people["group"].nunique(), people["period"].nunique()
        yield _least(Word("Groups with a number of people"), int(groups), 2, mend)
        yield _least(Word("Areas with a number of people"), int(people["area"].nunique()), None, mend)
        yield _least(Word("Periods with a number of people"), int(years), 1, mend)
    elif (method == "scan" and chosen.get("model") == "poisson") or chosen.get("base") == "people":
        yield _least(Word("Areas with a number of people of the group"), len(material.people), 2, mend)
