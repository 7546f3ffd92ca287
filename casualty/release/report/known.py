"""What a package knows and what it does not: statuses, unknowns, what is withheld, what speaks against it, what was taken back."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from casualty.release.package import LONGEST_CELL, Package
from casualty.release.report.held import Incident, Record
from casualty.release.report.tables import figure, of_all
from casualty.vocabulary import DatePrecision, IncidentStatus, Operation, VictimKind

WITHHELD = "data/08_withheld.csv"
AGAINST = "data/09_contradictory.csv"
REMOVED = "data/04_records/removed.csv"
LEDGER = "data/06_ledger/revisions.csv"

Lines = list[list[str]]

# What may be missing of an incident: said, and how it is seen.
MISSING: tuple[tuple[str, Callable[[Incident], bool]], ...] = (
    ("Without a best number of people killed", lambda i: i.without_best),
    ("Figures out of order as stated, kept as they are", lambda i: i.conflict),
    ("Number of people killed suppressed at this tier", lambda i: i.suppressed),
    ("Without a point on the map", lambda i: not i.has_point),
    ("Point known and withheld", lambda i: i.has_point and i.point is None),
    ("Point moved at random for protection, within the distance told beside it", lambda i: i.masked),
    ("Point stands for an area, or how precise it is was not stated",
     lambda i: i.point is not None and i.of_area and not i.masked),
    ("Year not known, or withheld", lambda i: i.year == "unknown"),
    ("Known to the month only, or less closely", lambda i: i.dated is not None and i.dated >= DatePrecision.MONTH),
    ("First-order unit not known, or withheld", lambda i: i.area == "unknown"),
)  # fmt: skip

JUDGED: tuple[tuple[str, Callable[[Incident], bool]], ...] = (
    ("Verified: a stated standard of proof is met", lambda i: i.status == IncidentStatus.VERIFIED),
    ("Partly corroborated: more than one origin, short of the standard", lambda i: i.status == IncidentStatus.CORROBORATED),
    ("Contested: credible accounts contradict each other", lambda i: i.status == IncidentStatus.CONTESTED),
    ("Unverifiable with what can be had", lambda i: i.status == IncidentStatus.UNVERIFIABLE),
    ("Refuted: shown not to have happened as alleged; kept", lambda i: i.refuted),
)  # fmt: skip
NOT_JUDGED = "Not judged yet"


def rows(package: Package, name: str) -> Iterator[Mapping[str, str]]:
    """Yield the rows of any CSV file of the package; none if it has no such file."""
    file = package.folder / name
    if file.is_file():
        csv.field_size_limit(LONGEST_CELL)
        with file.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def judged(record: Record) -> Lines:
    """Return how far the incidents are corroborated: in words, incidents, and people killed, low, best and high."""
    rest = list(record.incidents)
    lines: Lines = []
    for said, holds in JUDGED:
        lines.append(_line(said, [incident for incident in rest if holds(incident)]))
        rest = [incident for incident in rest if not holds(incident)]
    lines.insert(2, _line(NOT_JUDGED, rest))
    return [line for line in lines if line[1] != "0"]


def _line(said: str, incidents: list[Incident]) -> list[str]:
    total = of_all(incidents)
    return [said, figure(total.incidents), *map(figure, total.killed)]


def missing(record: Record) -> Lines:
    """Return what is not known of how many incidents; what is known of all is left out."""
    lines = [[said, figure(sum(map(holds, record.incidents)))] for said, holds in MISSING]
    return [line for line in lines if line[1] != "0"]


def victims(record: Record) -> dict[str, str]:
    """Return how many rows of victims there are: persons, each once, and groups of people not told apart; empty if none is told."""
    return (
        {}
        if not record.victims
        else {
            "persons": figure(record.victims[VictimKind.PERSON]),
            "groups": figure(sum(number for kind, number in record.victims.items() if kind != VictimKind.PERSON)),
        }
    )


def withheld(package: Package) -> Lines:
    """Return what is withheld, by category: how many rows or fields, why, who decides; never any content."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows(package, WITHHELD):
        key = (row.get("category") or row.get("reason", ""), row.get("why", ""), row.get("who_decides", ""))
        counts[key] += int(row["count"]) if row.get("count", "").isdigit() else 0
    return [
        [category, figure(count) if count else "all", why, who]
        for (category, why, who), count in sorted(counts.items())
    ]


# What is said of each category of contradiction; a category that is not here is said by its own name.
SAID = {
    "refuted": "Incident refuted by review",
    "contested": "Incident contested by review",
    "unverifiable": "Incident found unverifiable by review",
    "count_conflict": "Low, best and high out of order as stated",
    "claims_disagree": "Claims of the same incident that state other figures",
    "claim_differs_from_held": "A single claim that differs from what is held",
    "claim_superseded": "Claim of an older version of a data set",
    "claim_withdrawn": "Claim of a file that was taken back",
    "identities_disagree": "Identities attributed to one victim that contradict each other",
    "denied": "Allegation that the party denies",
}


def against(package: Package) -> Lines:
    """Return what speaks against the record as held: in words, rows, incidents."""
    found: Counter[str] = Counter()
    incidents: dict[str, set[str]] = {}
    for row in rows(package, AGAINST):
        found[row["category"]] += 1
        incidents.setdefault(row["category"], set()).add(row["incident_code"])
    return [
        [SAID.get(key, key.replace("_", " ")), figure(count), figure(len(incidents[key]))]
        for key, count in sorted(found.items())
    ]


def removed(package: Package) -> dict[str, Any]:
    """Return how many incidents were taken back or merged, and how many amendments of incidents the ledger shows."""
    gone = Counter(row.get("incident_status", "") for row in rows(package, REMOVED))
    merged = gone[IncidentStatus.DUPLICATE]
    return {
        "withdrawn": figure(gone.total() - merged),
        "merged": figure(merged),
        "amended": _amended(package),
    }


def _amended(package: Package) -> str:
    """Return the number of amendments of incidents in the ledger's extract; empty where the package has none."""
    if not (package.folder / LEDGER).is_file():
        return ""
    changes = (Operation.AMEND, Operation.RESTORE)
    return figure(
        sum(row["record_kind"] == "incident" and row["operation"] in changes for row in rows(package, LEDGER))
    )
