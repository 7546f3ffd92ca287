"""The people: identity groups, how many live where, and the parties to the violence. All invented.

Religion and political tie are drawn apart from ethnicity, so that a pattern planted in one shows in no other.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sample_data.names import COUNTRY, in_script
from sample_data.territory import DISTRICTS, Territory

T = TypeVar("T")
Floats = NDArray[np.float64]

PEOPLE = 2_400_000  # in the first year
YEARS = (2021, 2022, 2023, 2024)
SOURCE = f"Invented census of {COUNTRY} 2020, projected"

# Regions by number; see the README for what each number does to the patterns.
REGION_PEOPLE = (0.18, 0.18, 0.16, 0.18, 0.17, 0.13)
REGION_VIOLENCE = (1.0, 6.0, 2.0, 1.0, 1.0, 1.0)  # incidents per head, relative; the same in all districts of a region
REGION_GROWTH = (1.008, 1.002, 1.006, 1.011, 1.010, 1.007)  # a year, the same for every group
FIGHTING, TARGETING, MASSACRE = 1, 3, 4  # numbers of the regions where patterns are planted


class Weighted(Generic[T]):
    """A table to draw from, with weights that need not add up to one."""

    def __init__(self, table: dict[T, float]) -> None:
        self.items: Sequence[T] = tuple(table)
        self.reach = list(accumulate(table.values()))

    def pick(self, rng: np.random.Generator) -> T:
        return self.items[bisect(self.reach, rng.random() * self.reach[-1])]


class Dealt(Weighted[T]):
    """A table dealt from evenly, not drawn from: after any number of picks each item stands close to its share.

    The picks step round a circle by an irrational part of it (a Kronecker sequence). Tables that are used together
    take different steps, or what one deals would foretell what the other deals.
    """

    def __init__(self, table: dict[T, float], start: float, step: float) -> None:
        super().__init__(table)
        self.at, self.step = start, step

    def pick(self, rng: np.random.Generator) -> T:
        self.at = (self.at + self.step) % 1.0
        return self.items[bisect(self.reach, self.at * self.reach[-1])]


@dataclass(frozen=True)
class Group:
    """An identity group with its share of each region's people."""

    code: str
    label: str
    by_region: tuple[float, ...]


@dataclass(frozen=True)
class Dimension:
    """An identity dimension with its grounds and the assessment under which it is recorded."""

    code: str
    label: str
    genocide_ground: str
    persecution_ground: str
    assessment: str
    groups: tuple[Group, ...]


def _same(share: float) -> tuple[float, ...]:
    return (share,) * len(DISTRICTS)


TARGETED, SEEMS_TARGETED, MASSACRED = "tulvet", "ombreth", "ibrenne"

# Each minority but the Ombreth has about the same share of the violence-weighted people as of all people; the
# Ombreth live where the violence is.
ETHNICITY = Dimension(
    "ethnicity", "Ethnicity", "ethnical", "ethnic",
    "Sample assessment: recorded only with a basis and a source, never from a name; seen by analysts, published in "
    "totals of ten and more.",
    (
        Group("kessand", "Kessand", (0.750, 0.355, 0.535, 0.720, 0.720, 0.750)),
        Group("tulvet", "Tulvet", (0.090, 0.100, 0.100, 0.120, 0.090, 0.090)),
        Group("ombreth", "Ombreth", (0.050, 0.420, 0.240, 0.050, 0.050, 0.050)),
        Group("ibrenne", "Ibrenne", (0.110, 0.125, 0.125, 0.110, 0.140, 0.110)),
    ),
)  # fmt: skip
RELIGION = Dimension(
    "religion", "Religion or belief", "religious", "religious",
    "Sample assessment: recorded when the person or the family said so or a source says so; published in totals of "
    "ten and more.",
    (
        Group("lantern_rite", "Lantern Rite", _same(0.58)),
        Group("tide_rite", "Tide Rite", _same(0.30)),
        Group("hearth_rite", "Hearth Rite", _same(0.12)),
    ),
)  # fmt: skip
POLITICAL = Dimension(
    "political", "Political affiliation", "", "political",
    "Sample assessment: a living person can be harmed by it, so it is recorded of the dead alone and never published "
    "of one person.",
    (
        Group("quay_party", "Quay Party", _same(0.34)),
        Group("orchard_party", "Orchard Party", _same(0.28)),
        Group("no_party", "No party tie", _same(0.38)),
    ),
)  # fmt: skip
DIMENSIONS = (ETHNICITY, RELIGION, POLITICAL)
STEPS = {"ethnicity": 5**0.5 % 1, "religion": 2**0.5 % 1, "political": 3**0.5 % 1}

STATE, POLICE, COLUMN, COMMITTEE, WARDENS, BORDER, CROWD = (
    f"{COUNTRY} Territorial Forces", f"{COUNTRY} Civil Constabulary", "Amber Column", "Saltwater Committee",
    "Valley Wardens", "Longshore Guarding Company", "Civilians, not organised",
)  # fmt: skip
# name, kind, aliases, affiliation
ACTORS = (
    (STATE, "state", "Territorials; STF", f"Government of {COUNTRY}"),
    (POLICE, "state", "Constabulary", f"Government of {COUNTRY}"),
    (COLUMN, "non_state_armed", "The Column; العمود الكهرماني; Янтарная колонна", ""),
    (COMMITTEE, "non_state_armed", "Salt Committee; لجنة المياه المالحة", ""),
    (WARDENS, "communal_militia", "The Wardens; Стражи долины", ""),
    (BORDER, "private", "Longshore", ""),
    (CROWD, "civilians", "", ""),
)


@dataclass(frozen=True)
class Peopled:
    """How many people of each group live in each district (rows) in the first year, by dimension."""

    districts: tuple[str, ...]
    totals: Floats
    numbers: dict[str, Floats]

    def shares(self, dimension: str) -> Floats:
        return np.asarray(self.numbers[dimension] / self.numbers[dimension].sum(axis=1, keepdims=True))

    def dealers(self, rng: np.random.Generator, dimension: Dimension) -> dict[str, Dealt[str]]:
        """Return for each district a table that deals groups by their shares of the people there."""
        codes, step = [group.code for group in dimension.groups], STEPS[dimension.code]
        rows = zip(self.districts, self.shares(dimension.code).tolist(), strict=True)
        return {d: Dealt(dict(zip(codes, row, strict=True)), float(rng.random()), step) for d, row in rows}


def region_numbers() -> NDArray[np.int64]:
    """Return the number of its region for each district in order."""
    return np.repeat(np.arange(len(DISTRICTS)), DISTRICTS)


def settle(rng: np.random.Generator, land: Territory) -> Peopled:
    """Return the people of the territory: groups unequally spread over districts, their shares of regions as set."""
    region = region_numbers()
    weight = rng.uniform(0.6, 1.6, len(region))
    for number, share in enumerate(REGION_PEOPLE):
        weight[region == number] *= share / weight[region == number].sum()
    totals = np.asarray(weight * PEOPLE)
    spread = {"ethnicity": 30.0, "religion": 90.0, "political": 90.0}
    numbers = {d.code: _spread(rng, d, totals, region, spread[d.code]) for d in DIMENSIONS}
    return Peopled(land.districts, totals, numbers)


def _spread(
    rng: np.random.Generator, dimension: Dimension, totals: Floats, region: NDArray[np.int64], even: float
) -> Floats:
    """Return people by district and group: drawn unequal, then fitted to both margins region by region."""
    wanted = np.array([group.by_region for group in dimension.groups]).T
    table = np.array([rng.dirichlet(wanted[r] * even) + 0.01 for r in region]) * totals[:, None]
    for number in range(len(DISTRICTS)):
        here = region == number
        people = wanted[number] * totals[here].sum()
        for _ in range(200):  # iterative proportional fitting: converges far below one person
            table[here] *= people / table[here].sum(axis=0)
            table[here] *= (totals[here] / table[here].sum(axis=1))[:, None]
    return table


def violence(peopled: Peopled) -> Floats:
    """Return each district's share of the incidents: people times the violence of its region."""
    weight = peopled.totals * np.array(REGION_VIOLENCE)[region_numbers()]
    return np.asarray(weight / weight.sum())


def population_rows(peopled: Peopled) -> list[tuple[str, ...]]:
    """Return the population table: area, dimension, group, year, number, source."""
    rows: list[tuple[str, ...]] = []
    region = region_numbers()
    for dimension in DIMENSIONS:
        for at, area in enumerate(peopled.districts):
            for group, number in zip(dimension.groups, peopled.numbers[dimension.code][at], strict=True):
                for year in YEARS:
                    grown = round(float(number) * REGION_GROWTH[region[at]] ** (year - YEARS[0]))
                    rows.append((area, dimension.code, group.code, str(year), str(grown), SOURCE))
    return rows


def group_rows() -> list[tuple[str, ...]]:
    """Return the identity groups: dimension with grounds and assessment, then the group; no group has a parent."""
    return [
        (
            d.code, d.label, d.genocide_ground, d.persecution_ground, d.assessment, group.code, group.label,
            "" if " " in group.label else in_script(group.label, "ar" if at % 2 else "ru"), "",
        )
        for d in DIMENSIONS
        for at, group in enumerate(d.groups)
    ]  # fmt: skip
