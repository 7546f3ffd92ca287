"""The tables of the report: incidents and people killed, low, best and high, by part, each with how far it is corroborated.

Every table is of the whole package, says its unknowns as a row of their own, and adds up to the total it shows, or says
why it does not (R11, R25, R29).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casualty.release.package import Package
from casualty.release.report import people
from casualty.release.report.held import CORROBORATED, OTHER, TIERS, UNKNOWN, VERIFIED, Incident, Record
from casualty.release.report.people import NOBODY, Counted, Range, added
from casualty.vocabulary import AgeBand, AttributionBasis, IdentitySense, IncidentStatus, IncidentType, Sex, Terms

HEAD = ("Incidents", "Low", "Best", "High", "Verified", "Partly corroborated", "Not corroborated", "No best")
# More parts than this are added up as one, and said to be.
MOST_PARTS = 40
DISPUTED = "attributions disagree"
CHILDREN = frozenset({AgeBand.INFANT, AgeBand.CHILD})
ADULTS = frozenset({AgeBand.ADULT, AgeBand.OLDER})

Table = dict[str, Any]


@dataclass
class Sums:
    """What some incidents add up to; `tiers` splits the best number by how far the incidents are corroborated."""

    incidents: int = 0
    killed: Range = NOBODY
    tiers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIERS, 0))
    without_best: int = 0

    def add(self, killed: Range, tier: str, *, incidents: int = 1, without_best: bool = False) -> None:
        """Add an incident, or some of its people (`incidents` 0 where it is counted already)."""
        self.incidents += incidents
        self.killed = added(self.killed, killed)
        self.tiers[tier] += killed[1]
        self.without_best += without_best

    def join(self, other: "Sums") -> None:
        """Add other sums."""
        self.incidents += other.incidents
        self.killed = added(self.killed, other.killed)
        self.without_best += other.without_best
        for tier in TIERS:
            self.tiers[tier] += other.tiers[tier]

    def cells(self) -> list[str]:
        """Return the sums in the order of HEAD."""
        tiers = (self.tiers[tier] for tier in (VERIFIED, CORROBORATED, OTHER))
        return [figure(number) for number in (self.incidents, *self.killed, *tiers, self.without_best)]


def figure(number: int) -> str:
    """Return a number as it is printed."""
    return f"{number:,}"


def of_all(incidents: Iterable[Incident]) -> Sums:
    """Return what all of these incidents add up to."""
    total = Sums()
    for incident in incidents:
        total.add(incident.killed, incident.tier, without_best=incident.without_best)
    return total


def of_incidents(record: Record) -> Iterator[Table]:
    """Yield the tables over incidents: by status, year, first-order unit and type."""
    statuses = {term.value: at for at, term in enumerate(IncidentStatus)}
    yield _by(
        record, "status", "By status of review", lambda i: i.status, _labels(IncidentStatus), statuses.__getitem__
    )
    yield _by(record, "year", "By year of the first day", lambda i: i.year, {}, lambda year: year)
    yield _by(record, "area", "By first-order unit", lambda i: i.area, {}, None)
    yield _by(record, "type", "By type of incident", lambda i: i.kind, _labels(IncidentType), None)


def _labels(scheme: type[Terms]) -> dict[str, str]:
    return {term.value: term.label for term in scheme}


def _by(
    record: Record,
    name: str,
    title: str,
    part: Callable[[Incident], str],
    labels: Mapping[str, str],
    order: Callable[[str], Any] | None,
) -> Table:
    """Return one table; parts in the given order, or else from the most incidents down; what is not known stands last."""
    parts: dict[str, Sums] = defaultdict(Sums)
    for incident in record.incidents:
        parts[part(incident)].add(incident.killed, incident.tier, without_best=incident.without_best)
    unknown = parts.pop(UNKNOWN, None)
    rows = _largest(parts) if order is None else [(key, parts[key]) for key in sorted(parts, key=order)]
    lines = [[labels.get(key, key), *sums.cells()] for key, sums in rows]
    if unknown is not None:
        lines.append([labels.get(UNKNOWN, "Unknown"), *unknown.cells()])
    return _table(name, title, "Incidents and people killed", lines, of_all(record.incidents))


def _largest(parts: Mapping[str, Sums]) -> list[tuple[str, Sums]]:
    """Return the parts from the most incidents down; those beyond MOST_PARTS as one."""
    ranked = sorted(parts.items(), key=lambda item: (-item[1].incidents, item[0]))
    if len(ranked) <= MOST_PARTS:
        return ranked
    rest = Sums()
    for _, sums in ranked[MOST_PARTS:]:
        rest.join(sums)
    return [*ranked[:MOST_PARTS], (f"{len(ranked) - MOST_PARTS:,} others together", rest)]


def _table(name: str, title: str, unit: str, rows: Sequence[Sequence[str]], total: Sums, note: str = "") -> Table:
    return {
        "name": name, "title": title, "unit": unit, "head": list(HEAD), "rows": [list(row) for row in rows],
        "total": ["All", *total.cells()], "note": note,
    }  # fmt: skip


# Of victims -----------------------------------------------------------------------------------------------------------


@dataclass
class _Parts:
    """Sums by part over victims, where an incident counts once in each part it has people in."""

    sums: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    total: Sums = field(default_factory=Sums)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, part: str, victim: Counted, tier: str) -> None:
        incident = victim.row.get("incident_id", "")
        for sums, key in ((self.sums[part], part), (self.total, "")):
            fresh = (key, incident) not in self._seen
            self._seen.add((key, incident))
            sums.add(victim.people, tier, incidents=int(fresh), without_best=not victim.sure)


OF_VICTIMS = "Incidents with at least one such victim, and people recorded one by one or as groups as killed"
ONCE = (
    "An incident stands in every row in which it has people, so the incidents of the rows add up to more than the last"
    " one; the people add up to it. Incidents of which only a figure is stated have no victims recorded and are not here."
)


def of_victims(package: Package, record: Record) -> Iterator[Table]:
    """Yield the tables over victims recorded as killed: by sex and age, and by group for each identity dimension."""
    if not people.told(package):
        return
    tiers = {incident.id: incident.tier for incident in record.incidents}
    groups = _Groups.of(package, record)
    ages, by_group = _Parts(), {key: _Parts() for key in groups.dimensions}
    for victim in people.counted(package, record.once):
        if not victim.killed or (victim.people == NOBODY and victim.sure):
            continue
        tier = tiers.get(victim.row.get("incident_id", ""), OTHER)
        ages.add(_person(victim.row), victim, tier)
        for key, parts in by_group.items():
            parts.add(groups.of_victim(key, victim.row["id"]), victim, tier)
    if ages.sums:
        yield _victims_table("sex_age", "By sex and age", ages)
        for key, parts in by_group.items():
            yield _victims_table("group", f"By identity group: {groups.dimensions[key]}", parts)


def _victims_table(name: str, title: str, parts: _Parts) -> Table:
    last = [label for label in (DISPUTED, UNKNOWN) if label in parts.sums]
    ranked = _largest({label: sums for label, sums in parts.sums.items() if label not in last})
    rows = [[label[:1].upper() + label[1:], *sums.cells()] for label, sums in ranked]
    rows += [[label.capitalize(), *parts.sums[label].cells()] for label in last]
    return _table(name, title, OF_VICTIMS, rows, parts.total, ONCE)


# What a person of a sex is called: an adult, one of unknown age, a child.
CALLED = {
    Sex.WOMAN: ("women", "women or girls, age unknown", "girls"),
    Sex.MAN: ("men", "men or boys, age unknown", "boys"),
    Sex.OTHER: ("adults of other sex", "people of other sex, age unknown", "children of other sex"),
}
SEX_UNKNOWN = ("adults, sex unknown", "sex and age unknown", "children, sex unknown")


def _person(row: Mapping[str, str]) -> str:
    sex = row.get("sex", "")
    adult, unknown, child = next((called for term, called in CALLED.items() if term == sex), SEX_UNKNOWN)
    age = row.get("age_band", "")
    return child if age in CHILDREN else adult if age in ADULTS else unknown


@dataclass(frozen=True)
class _Groups:
    """The identity dimensions of a package by id, and the groups that its attributions name for each victim."""

    dimensions: Mapping[str, str]
    labels: Mapping[str, str]
    held: Mapping[tuple[str, str], set[str]]

    @classmethod
    def of(cls, package: Package, record: Record) -> "_Groups":
        """Read own identities; those that a person inferred are left out, as in every analysis (R40, R44)."""
        held: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in package.rows("attribution"):
            if (
                row["sense"] == IdentitySense.OWN
                and row["basis"] != AttributionBasis.PERSON_INFERRED
                and row["group_id"]
            ):
                victim = record.once.rows.get(row["victim_id"], row["victim_id"])
                held[row["dimension_id"], victim].add(row["group_id"])
        used = {dimension for dimension, _ in held}
        labels = _names_of_groups(list(package.rows("identity_group")))
        known = {row["id"]: row.get("label") or row["id"] for row in package.rows("dimension")}
        named = sorted((known.get(key, key), key) for key in used)
        return cls({key: label for label, key in named}, labels, held)

    def of_victim(self, dimension: str, victim: str) -> str:
        groups = self.held.get((dimension, victim), set())
        if len(groups) > 1:
            return DISPUTED
        return next((self.labels.get(group, group) for group in groups), UNKNOWN)


def _names_of_groups(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return what each group is called; two of one dimension that have one name, with their codes."""
    times = Counter((row.get("dimension_id"), row.get("label")) for row in rows)
    return {
        row["id"]: f"{label} ({row.get('code', '')})" if times[row.get("dimension_id"), label] > 1 else label
        for row in rows
        if (label := row.get("label") or row["id"])
    }
