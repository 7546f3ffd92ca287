"""What happened: events in time and place with the people harmed, and the four patterns planted among them.

Nothing here is a report yet. Outside the plantings the group of the people harmed follows the district's population,
and when an event happens does not depend on where.
"""

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray

from sample_data.people import (
    BORDER,
    COLUMN,
    COMMITTEE,
    CROWD,
    ETHNICITY,
    FIGHTING,
    MASSACRE,
    MASSACRED,
    POLICE,
    STATE,
    TARGETED,
    TARGETING,
    WARDENS,
    Peopled,
    Weighted,
    region_numbers,
    violence,
)
from sample_data.territory import KM_EAST, KM_NORTH, Settlement, Territory

FIRST, DAYS = date(2021, 1, 1), 1461  # to the end of 2024
BACKGROUND = 1446  # incidents outside the targeting and the massacre
TAIL, LARGEST = 1.17, 50  # a share of k ** -TAIL of incidents harms k people or more
ONE_GROUP = 0.4  # of incidents with several victims, those in which all are of one group
CHAINS, LINKS = 20, 4  # of the near-repeat series: chains, and incidents in each
NEAR_KM, NEAR_DAYS = 5.0, 14

KINDS = Weighted(
    {
        "armed_clash": 15, "bombardment": 17, "explosive_device": 9, "raid": 16, "checkpoint": 8, "detention": 5,
        "abduction": 7, "one_sided": 8, "state_based": 5, "non_state": 4, "law_enforcement": 3, "other": 1,
        "unknown": 1, "not_recorded": 1,
    }
)  # fmt: skip
TARGETING_KINDS = Weighted({"raid": 12, "checkpoint": 8, "abduction": 4, "one_sided": 8})
PARTIES = Weighted({STATE: 30, COLUMN: 26, COMMITTEE: 16, WARDENS: 9, POLICE: 9, BORDER: 3, CROWD: 3, "": 22})


@dataclass(frozen=True)
class Event:
    """One thing that happened. Without `group` each person's group is drawn; `party` is empty if nobody knows."""

    day: int
    district: str
    place: Settlement
    lon: float
    lat: float
    people: int
    group: str | None
    kind: str
    party: str
    planted: str | None = None

    @property
    def date(self) -> date:
        return FIRST + timedelta(days=self.day)


@dataclass(frozen=True)
class Scene:
    """The land, its people, and prepared shapes to keep points inside their district."""

    land: Territory
    peopled: Peopled

    def near(self, rng: np.random.Generator, district: str, lon: float, lat: float, km: float) -> tuple[float, float]:
        """Return a point within `km` of another and in the same district."""
        shape = self.land.units[district].shape
        for _ in range(20):
            turn, away = rng.uniform(0, 2 * math.pi), km * math.sqrt(rng.random())
            there = (round(lon + away * math.cos(turn) / KM_EAST, 5), round(lat + away * math.sin(turn) / KM_NORTH, 5))
            if shapely.contains_xy(shape, *there):
                return there
        return lon, lat

    def somewhere(self, rng: np.random.Generator, district: str) -> tuple[Settlement, float, float]:
        """Return a settlement of a district, by its weight, and a point in or by it."""
        places = Weighted({place: place.weight for place in self.land.settlements[district]})
        place = places.pick(rng)
        return place, *self.near(rng, district, place.lon, place.lat, 2.5)

    def district(self, region: int, rank: int, by: NDArray[np.float64]) -> str:
        """Return the district that stands at a rank from the lowest, by some number, within a region."""
        here = np.flatnonzero(region_numbers() == region)
        return str(self.land.districts[here[np.argsort(by[here], kind="stable")[rank]]])


def happen(rng: np.random.Generator, scene: Scene) -> list[Event]:
    """Return all events in order of time, with what is planted."""
    events = near_repeats(rng, scene, background(rng, scene))
    events += targeting(rng, scene)
    events.append(massacre(rng, scene))
    return sorted(events, key=lambda event: (event.day, event.district, event.lon))


def background(rng: np.random.Generator, scene: Scene) -> list[Event]:
    """Return events that carry no pattern, except that violence differs between regions."""
    at = rng.choice(len(scene.land.districts), BACKGROUND, p=violence(scene.peopled))
    days = _days(rng, BACKGROUND)
    dealers = scene.peopled.dealers(rng, ETHNICITY)
    events = []
    for day, number in zip(days, at, strict=True):
        district = scene.land.districts[number]
        people = _size(rng, LARGEST)
        single = people == 1 or rng.random() < ONE_GROUP
        group = dealers[district].pick(rng) if single else None
        place = scene.somewhere(rng, district)
        events.append(Event(int(day), district, *place, people, group, KINDS.pick(rng), PARTIES.pick(rng)))
    return events


def _days(rng: np.random.Generator, number: int) -> NDArray[np.int64]:
    """Return days with a season and a slow wave, the same for all places."""
    day = np.arange(DAYS)
    weight = 1 + 0.3 * np.sin(day * 2 * math.pi / 365.25) + 0.25 * np.sin(day * 2 * math.pi / 1000 + 1)
    return np.asarray(rng.choice(DAYS, number, p=weight / weight.sum()))


def _size(rng: np.random.Generator, largest: int) -> int:
    """Return a number of people harmed, heavy in the tail."""
    cut = 1 - (largest + 1.0) ** -TAIL
    return int((1 - rng.random() * cut) ** (-1 / TAIL))


def near_repeats(rng: np.random.Generator, scene: Scene, events: list[Event]) -> list[Event]:
    """Move some events of the most violent region's largest district so that they follow each other closely.

    Neither the number of incidents nor the groups of the people harmed are touched.
    """
    district = scene.district(FIGHTING, -1, scene.peopled.totals)
    here = [at for at, event in enumerate(events) if event.district == district]
    room = [at for at in here if events[at].day < DAYS - LINKS * NEAR_DAYS]
    firsts = rng.choice(room, CHAINS, replace=False).tolist()
    rest = iter(rng.permutation([at for at in here if at not in set(firsts)]).tolist())
    moved = list(events)
    for first in firsts:
        last = moved[first] = replace(events[first], planted="near_repeat")
        for at in [next(rest) for _ in range(LINKS - 1)]:
            lon, lat = scene.near(rng, district, last.lon, last.lat, NEAR_KM / 2)
            day = last.day + int(rng.integers(1, NEAR_DAYS // 2))
            last = moved[at] = replace(
                events[at], day=day, place=last.place, lon=lon, lat=lat, planted="near_repeat"
            )  # fmt: skip
    return moved


def season(rng: np.random.Generator) -> tuple[int, int]:
    """Return the first day and the length of a quarter of 2022 or 2023."""
    start = date(int(rng.integers(2022, 2024)), int(rng.integers(0, 4)) * 3 + 1, 1)
    end = date(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1)
    return (start - FIRST).days, (end - start).days


def targeting(rng: np.random.Generator, scene: Scene) -> list[Event]:
    """Return many small events in one district and one quarter, all against one group.

    None falls within six days of the quarter's ends, so that imprecise dates stay inside it too.
    """
    shares = scene.peopled.shares("ethnicity")[:, [g.code for g in ETHNICITY.groups].index(TARGETED)]
    district = scene.district(TARGETING, 1, shares)
    start, days = season(rng)
    events = []
    for day in rng.integers(start + 6, start + days - 6, int(rng.integers(36, 41))):
        place = scene.somewhere(rng, district)
        party = WARDENS if rng.random() < 0.7 else ""
        kind = TARGETING_KINDS.pick(rng)
        events.append(Event(int(day), district, *place, _size(rng, 5), TARGETED, kind, party, "targeted"))
    return events


def massacre(rng: np.random.Generator, scene: Scene) -> Event:
    """Return one event that harms more people than any other, all of one group."""
    district = scene.district(MASSACRE, 2, scene.peopled.totals)
    day = int(rng.integers(200, DAYS - 200))
    people = int(rng.integers(210, 241))
    return Event(day, district, *scene.somewhere(rng, district), people, MASSACRED, "one_sided", COLUMN, "massacre")
