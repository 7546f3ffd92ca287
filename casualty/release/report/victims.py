"""The tables of the report over victims recorded as killed: by sex and age, and by identity group, unknown ones among them.

Own identities only, and none that a person inferred, as in every analysis (R40, R44). The rows of an incident stand
together in every table of a package, so one incident at a time is held in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from casualty.errors import CheckFailed
from casualty.patterns.plainly import clean
from casualty.release.package import Package
from casualty.release.report import people
from casualty.release.report.held import OTHER, UNKNOWN, Record
from casualty.release.report.people import NOBODY, Counted, Row
from casualty.release.report.tables import Sums, Table, largest, table
from casualty.vocabulary import AgeBand, AttributionBasis, IdentitySense, Sex

DISPUTED = "attributions disagree"
CHILDREN = frozenset({AgeBand.INFANT, AgeBand.CHILD})
ADULTS = frozenset({AgeBand.ADULT, AgeBand.OLDER})
UNIT = "Incidents with at least one such victim, and people recorded one by one or as groups as killed"
NOTE = (
    "An incident stands in every row in which it has people, so the incidents of the rows add up to more than the last"
    " one; the people add up to it. Incidents of which only a figure is stated have no victims recorded and are not here."
    " The last column counts groups of people whose best number is not known."
)
# What people of a sex are called: adults, those of unknown age, children.
CALLED = {
    Sex.WOMAN: ("women", "women or girls, age unknown", "girls"),
    Sex.MAN: ("men", "men or boys, age unknown", "boys"),
    Sex.OTHER: ("adults of other sex", "people of other sex, age unknown", "children of other sex"),
}
SEX_UNKNOWN = ("adults, sex unknown", "sex and age unknown", "children, sex unknown")

Named = Mapping[tuple[str, str], set[str]]


@dataclass
class _Parts:
    """Sums by part, where an incident counts once in each part it has people in."""

    sums: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    total: Sums = field(default_factory=Sums)

    def add(self, parts: Sequence[str], victims: Sequence[Counted], tier: str) -> None:
        """Add the victims of one incident, each to its part."""
        seen: set[str] = set()
        for part, victim in zip(parts, victims, strict=True):
            self.sums[part].add(victim.people, tier, incidents=int(part not in seen), without_best=int(not victim.sure))
            self.total.add(victim.people, tier, incidents=int(not seen), without_best=int(not victim.sure))
            seen.add(part)


def of(package: Package, record: Record) -> Iterator[Table]:
    """Yield the tables; none at a tier that does not tell its victims row by row.

    Raises CheckFailed if the package's attributions do not stand in the order of its victims.
    """
    if not people.told(package):
        return
    tiers = {incident.id: incident.tier for incident in record.incidents}
    identities = _Identities(package, record)
    ages, by_group = _Parts(), {key: _Parts() for key in identities.dimensions}
    rows = people.counted(package, record.once)
    for incident, victims in groupby(rows, key=lambda victim: victim.row["incident_id"]):
        named = identities.of_incident(incident)
        killed = [one for one in victims if one.killed and (one.people != NOBODY or not one.sure)]
        tier = tiers.get(incident, OTHER)
        ages.add([_person(victim.row) for victim in killed], killed, tier)
        for key, parts in by_group.items():
            parts.add([identities.called(key, victim.row["id"], named) for victim in killed], killed, tier)
    identities.close()
    if ages.sums:
        yield _table("sex_age", "By sex and age", ages)
        for key, parts in by_group.items():
            if set(parts.sums) != {UNKNOWN}:
                yield _table("group", f"By identity group: {identities.dimensions[key]}", parts)


def _table(name: str, title: str, parts: _Parts) -> Table:
    last = [label for label in (DISPUTED, UNKNOWN) if label in parts.sums]
    ranked = largest({label: sums for label, sums in parts.sums.items() if label not in last})
    rows = [[label[:1].upper() + label[1:], *sums.cells()] for label, sums in ranked]
    rows += [[label.capitalize(), *parts.sums[label].cells()] for label in last]
    return table(name, title, UNIT, rows, parts.total, NOTE)


def _person(row: Row) -> str:
    sex = row.get("sex", "")
    adult, unknown, child = next((called for term, called in CALLED.items() if term == sex), SEX_UNKNOWN)
    age = row.get("age_band", "")
    return child if age in CHILDREN else adult if age in ADULTS else unknown


class _Identities:
    """The identities that a package attributes, read incident by incident beside its victims; `dimensions`: id to label."""

    def __init__(self, package: Package, record: Record) -> None:
        self._labels = _names_of_groups(list(package.rows("identity_group")))
        self._joined = _joined(package, record.once.rows) if record.once.rows else {}
        labels = [(clean(row.get("label") or row["id"]), row["id"]) for row in package.rows("dimension")]
        self.dimensions = {key: label for label, key in sorted(labels)}
        self._ahead = groupby(_attributed(package), key=lambda row: row["incident_id"])
        self._next = next(self._ahead, None)

    def of_incident(self, incident: str) -> Named:
        """Return the groups named for each victim of the next incident, by dimension and victim."""
        named: dict[tuple[str, str], set[str]] = defaultdict(set)
        if self._next is not None and self._next[0] == incident:
            for row in self._next[1]:
                named[row["dimension_id"], row["victim_id"]].add(row["group_id"])
            self._next = next(self._ahead, None)
        return named

    def called(self, dimension: str, victim: str, named: Named) -> str:
        """Return what a victim's group is called: by the one group that is attributed; else that they disagree, or unknown."""
        key = (dimension, victim)
        groups = self._joined.get(key) or named.get(key) or set()
        if len(groups) > 1:
            return DISPUTED
        return next((self._labels.get(group, group) for group in groups), UNKNOWN)

    def close(self) -> None:
        """Raise CheckFailed if identities are left over: they would have been counted as unknown."""
        if self._next is not None:
            raise CheckFailed("The package's attributions are not in the order of its victims; nothing was written.")


def _joined(package: Package, same: Mapping[str, str]) -> Named:
    """Return the groups of those who stand in several rows: what is attributed to any of them is the one person's."""
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    persons = {*same.values()}
    for row in _attributed(package):
        person = same.get(row["victim_id"], row["victim_id"])
        if person in persons:
            named[row["dimension_id"], person].add(row["group_id"])
    return named


def _attributed(package: Package) -> Iterator[Row]:
    """Yield the attributions of own identity that name a group and that nobody inferred."""
    for row in package.rows("attribution"):
        if row["sense"] == IdentitySense.OWN and row["basis"] != AttributionBasis.PERSON_INFERRED and row["group_id"]:
            yield row


def _names_of_groups(rows: Sequence[Row]) -> dict[str, str]:
    """Return what each group is called; two of one dimension that have one name, with their codes."""
    times = Counter((row.get("dimension_id"), row.get("label")) for row in rows)
    return {
        row["id"]: clean(f"{label} ({row.get('code', '')})" if times[row.get("dimension_id"), label] > 1 else label)
        for row in rows
        if (label := row.get("label") or row["id"])
    }
