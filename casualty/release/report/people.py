"""The victims of a package, each row with the people it adds: a person once, a group what it has beyond those named out of it.

The same rules as the record's own sums (R09, R30), read from the tables alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from casualty import rules
from casualty.release.package import Package
from casualty.vocabulary import Harm, VictimKind

PARTS = ("low", "best", "high")
SUPPRESSED = "suppressed"

Row = Mapping[str, str]
Range = tuple[int, int, int]
NOBODY: Range = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Counted:
    """A victim row: whom it adds (`people`: low, best, high), and whether its best number is known."""

    row: Row
    people: Range
    sure: bool

    @property
    def killed(self) -> bool:
        """Whether these people are recorded as killed."""
        return self.row.get("harm") == Harm.KILLED


@dataclass(frozen=True)
class Once:
    """Who stands in several rows: the row each is counted as, and how many killed of an incident are counted elsewhere."""

    rows: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)


def number(cell: str | None) -> int | None:
    """Return a number of people; None where it is unknown, withheld or suppressed."""
    return int(cell) if cell and cell.isdigit() else None


def told(package: Package) -> bool:
    """Return whether the package tells of its victims row by row, with the incident of each."""
    return {"incident_id", "kind", "harm"} <= set(package.columns("victim"))


def once(package: Package) -> Once:
    """Return which rows are one person, by the judgements that the package holds."""
    judged = [
        (row["victim_id"], row["other_id"])
        for row in package.rows("pairing")
        if row["verdict"] == "same" and not row["withdrawn_at"]
    ]
    if not judged:
        return Once()
    involved = {key for pair in judged for key in pair}
    held = {row["id"]: (row["incident_id"], row["harm"]) for row in package.rows("victim") if row["id"] in involved}
    rows = rules.counted_once(judged, held.keys())
    people: dict[str, set[str]] = defaultdict(set)
    for one, other in rows.items():
        if held[one][1] == Harm.KILLED and held[one][0] != held[other][0]:
            people[held[one][0]].add(other)
    return Once(rows, {incident: len(those) for incident, those in people.items()})


def counted(package: Package, same: Once) -> Iterator[Counted]:
    """Yield the victims in the order of the file; one whose person is counted as another row adds nobody."""
    for _, rows in groupby(package.rows("victim"), key=lambda row: row.get("incident_id", "")):
        yield from _of_incident(list(rows), same.rows)


def _of_incident(rows: Sequence[Row], same: Mapping[str, str]) -> Iterator[Counted]:
    named: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.get("resolved_out_of"):
            named[row["resolved_out_of"]].add(same.get(row["id"], row["id"]))
    for row in rows:
        if row.get("kind") == VictimKind.PERSON:
            yield Counted(row, NOBODY if row["id"] in same else (1, 1, 1), True)
        else:
            less = len(named.get(row.get("id", ""), ()))
            low, best, high = (max((number(row.get(f"count_{part}")) or 0) - less, 0) for part in PARTS)
            yield Counted(row, (low, best, high), number(row.get("count_best")) is not None)


@dataclass(slots=True)
class Recorded:
    """What the victim rows of one incident add up to: the killed, and whether a best number of them is known."""

    killed: Range = NOBODY
    rows: int = 0
    sure: bool = True

    @property
    def known(self) -> bool:
        """Whether the rows give a best number of people killed."""
        return self.rows > 0 and self.sure


def recorded(package: Package, same: Once) -> tuple[dict[str, Recorded], Counter[str]]:
    """Return for each incident what its victims add up to, and of the whole how many rows there are of each kind."""
    found: dict[str, Recorded] = {}
    kinds: Counter[str] = Counter()
    for victim in counted(package, same):
        kinds[victim.row.get("kind", "")] += victim.people != NOBODY or victim.row.get("kind") != VictimKind.PERSON
        if victim.killed:
            held = found.setdefault(victim.row.get("incident_id", ""), Recorded())
            held.killed = added(held.killed, victim.people)
            held.rows += 1
            held.sure = held.sure and victim.sure
    return found, kinds


def added(one: Range, other: Range) -> Range:
    """Return the sum of two ranges."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])
