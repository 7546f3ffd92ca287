"""The tables of the report: incidents and people killed, low, best and high, by part, each with how far it is corroborated.

Every table is of the whole package, says its unknowns as a row of their own, and adds up to the total it shows, or says
why it does not (R11, R25, R29).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casualty.release.report.held import CORROBORATED, OTHER, TIERS, UNKNOWN, VERIFIED, Incident, Record
from casualty.release.report.people import NOBODY, Range, added
from casualty.vocabulary import IncidentStatus, IncidentType, Terms

HEAD = ("Incidents", "Low", "Best", "High", "Verified", "Partly corroborated", "Not corroborated", "No best")
# More parts than this are added up as one, and said to be.
MOST_PARTS = 40

Table = dict[str, Any]


@dataclass
class Sums:
    """What some incidents add up to; `tiers` splits the best number by how far the incidents are corroborated."""

    incidents: int = 0
    killed: Range = NOBODY
    tiers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIERS, 0))
    without_best: int = 0

    def add(self, killed: Range, tier: str, *, incidents: int = 1, without_best: int = 0) -> None:
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
    rows = largest(parts) if order is None else [(key, parts[key]) for key in sorted(parts, key=order)]
    lines = [[labels.get(key, key), *sums.cells()] for key, sums in rows]
    if unknown is not None:
        lines.append([labels.get(UNKNOWN, "Unknown"), *unknown.cells()])
    return table(name, title, "Incidents and people killed", lines, of_all(record.incidents))


def largest(parts: Mapping[str, Sums]) -> list[tuple[str, Sums]]:
    """Return the parts from the most incidents down; those beyond MOST_PARTS as one."""
    ranked = sorted(parts.items(), key=lambda item: (-item[1].incidents, item[0]))
    if len(ranked) <= MOST_PARTS:
        return ranked
    rest = Sums()
    for _, sums in ranked[MOST_PARTS:]:
        rest.join(sums)
    return [*ranked[:MOST_PARTS], (f"{len(ranked) - MOST_PARTS:,} others together", rest)]


def table(name: str, title: str, unit: str, rows: Sequence[Sequence[str]], total: Sums, note: str = "") -> Table:
    return {
        "name": name, "title": title, "unit": unit, "head": list(HEAD), "rows": [list(row) for row in rows],
        "total": ["All", *total.cells()], "note": note,
    }  # fmt: skip
