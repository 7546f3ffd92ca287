"""How many people of an incident were killed, and by which attributes they are counted in tables."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casualty import rules
from casualty.release.outward.ground import UNKNOWN, Ground

UNCERTAIN = ("unknown", "not_recorded", "withheld", "not_applicable")
PARTS = ("low", "best", "high")
Row = Mapping[str, Any]


@dataclass
class Headline:
    """The totals that are never held back, counted as `summary.summarise` counts them."""

    incidents: int = 0
    killed_low: int = 0
    killed_best: int = 0
    killed_high: int = 0
    without_best: int = 0

    def add(self, killed: "Killed") -> None:
        """Count one more incident."""
        self.incidents += 1
        self.killed_low += killed.low or 0
        self.killed_best += killed.best or 0
        self.killed_high += killed.high or 0
        self.without_best += killed.unsure


@dataclass(frozen=True, slots=True)
class Killed:
    """Low, best and high number of an incident: as stated, else of the victims recorded as killed; None is not known.

    `unsure`: a best number is not stated, or not of everybody recorded.
    """

    low: int | None
    best: int | None
    high: int | None
    unsure: bool


def killed(ground: Ground, incident: Row, victims: Sequence[Row]) -> Killed:
    """Return how many were killed, each person counted once over all incidents (R09)."""
    stated = [incident.get(f"killed_{part}") for part in PARTS]
    if any(value is not None for value in stated):
        less = ground.elsewhere.get(incident["id"], 0)
        low, best, high = (None if value is None else max(value - less, 0) for value in stated)
        return Killed(low, best, high, best is None)
    dead = [row for row in victims if row["harm"] == "killed"]
    if not dead:
        return Killed(None, None, None, True)
    sums = [sum(weight(ground, row, victims, part) for row in dead) for part in PARTS]
    unsure = any(row["kind"] != "person" and row.get("count_best") is None for row in dead)
    return Killed(sums[0], None if unsure and not sums[1] else sums[1], sums[2], unsure)


def weight(ground: Ground, row: Row, victims: Sequence[Row], part: str = "best") -> int:
    """Return how many people a victim row adds: a person one, a group what is left of it beyond those named out of it."""
    if row["kind"] == "person":
        return int(row["id"] not in ground.counted)
    named = {ground.counted.get(v["id"], v["id"]) for v in victims if v.get("resolved_out_of") == row["id"]}
    return max((row.get(f"count_{part}") or 0) - len(named), 0)


Counts = Counter[tuple[str, str]]


@dataclass
class Tallied:
    """People killed by the tables they stand in: per kind of table, its subject (a dimension, or empty) and year."""

    counts: dict[tuple[str, str, str], Counts] = field(default_factory=dict)
    dimensions: frozenset[str] = frozenset()

    def add(self, kind: str, subject: str, year: str, cell: tuple[str, str], number: int) -> None:
        """Count people into one cell."""
        if number:
            self.counts.setdefault((kind, subject, year), Counter())[cell] += number


# An infant is a child: the bands of SDG indicator 16.1.2.
BANDS = {"infant": "child"}
GROUPS, SEXES, STATUSES = "groups by area", "sex by age", "status by cause"


def tally(
    ground: Ground, found: Tallied, incident: Row, rows: Mapping[str, Sequence[Row]], year: str, area: str, best: int
) -> None:
    """Count the people killed in an incident into the tables of its year; whom nothing is known of counts as not known.

    Who refused has a part in no cell but that one. All cells add up to the incident's best number: where more people are
    recorded one by one, as many of them are counted as it says.
    """
    dead = [
        pair for pair in _dead(ground, rows.get("victim", ()), best) if pair[0]["id"] not in ground.consents.refused
    ]
    own = _groups_of(ground, rows)
    for dimension in found.dimensions:
        placed = Counter[str]()
        for row, number in dead:
            groups = {label for of, label in own.get(row["id"], ()) if of == dimension}
            placed[groups.pop() if len(groups) == 1 else UNKNOWN] += number
        _fill(found, GROUPS, dimension, year, {(group, area): n for group, n in placed.items()}, (UNKNOWN, area), best)
    pairs: dict[str, Counts] = {SEXES: Counter(), STATUSES: Counter()}
    for row, number in dead:
        # Where one of two is not known, both count so: lines of the half-known are small, and would cost those of the known.
        for kind, pair in (
            (SEXES, (known(row, "sex"), BANDS.get(band := age_band(row), band))),
            (STATUSES, _status(row)),
        ):
            pairs[kind][(UNKNOWN, UNKNOWN) if UNKNOWN in pair else pair] += number
    for kind, cells in pairs.items():
        _fill(found, kind, "", year, cells, (UNKNOWN, UNKNOWN), best)


def _dead(ground: Ground, victims: Sequence[Row], best: int) -> Iterator[tuple[Row, int]]:
    """Yield the victims recorded as killed, and how many people each adds, until `best` is reached."""
    left = best
    for row in victims:
        number = min(weight(ground, row, victims), left) if row["harm"] == "killed" else 0
        left -= number
        if number:
            yield row, number


def _fill(
    found: Tallied, kind: str, subject: str, year: str, cells: Mapping[tuple[str, str], int], rest: tuple[str, str],
    best: int,
) -> None:  # fmt: skip
    for cell, number in cells.items():
        found.add(kind, subject, year, cell, number)
    found.add(kind, subject, year, rest, best - sum(cells.values()))


def _status(row: Row) -> tuple[str, str]:
    return known(row, "civil_status"), known(row, "cause")


def known(row: Row, column: str) -> str:
    """Return a term of a row, `not known` for every reason why there is none."""
    return _told(row.get(column))


def _told(value: object) -> str:
    return UNKNOWN if value in (None, *UNCERTAIN) else str(value)


def age_band(row: Row) -> str:
    """Return the age band of a person: as recorded, else that of the age in years."""
    recorded = _told(row.get("age_band"))
    return _told(rules.age_band(row.get("age_years")).value) if recorded == UNKNOWN else recorded


def _groups_of(ground: Ground, rows: Mapping[str, Sequence[Row]]) -> dict[str, set[tuple[str, str]]]:
    """Return the (dimension, group) of each victim: own identity, not inferred by a person (R40, R44)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for row in rows.get("attribution", ()):
        group = ground.groups.get(row.get("group_id") or "")
        if group and row["sense"] == "own" and row["basis"] != "person_inferred":
            found.setdefault(row["victim_id"], set()).add(group)
    for row in rows.get("victim", ()) if ground.belonging else ():
        if also := ground.belonging.get(row["id"]):
            found.setdefault(row["id"], set()).update(ground.groups[group] for group in also)
    return found
