"""The corrections log of a public page: what differs between two public packages, leading nobody to what was taken out.

What changed is found by the comparison of packages (`formats.changes`); here each change is told from what to what, when, and
why where the house gave its reason in words for the public; never who. A correction may be that something should not have
been told. So an incident of which the later package tells less, in any column, is counted and not named, and changes of
texts, points and sources are counted without their incidents. Standards: R19, R64.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from casualty.errors import Fault, InvalidRecords, NotFound
from casualty.release.formats import changes
from casualty.release.formats.output import Output, manifest_of
from casualty.release.formats.tables import Column
from casualty.release.package import Package
from casualty.release.report import held, tables
from casualty.vocabulary import IncidentStatus, IncidentType, Terms

# What may be told from what to what, and what it is called.
TOLD = {
    "status": "status of review", "incident_type": "type of incident", "period": "when", "country": "country", "area": "area",
    "pcode": "code of the area",
    "killed_low": "killed, low", "killed_best": "killed, best", "killed_high": "killed, high",
    "injured_low": "injured, low", "injured_best": "injured, best", "injured_high": "injured, high",
    "missing_low": "missing, low", "missing_best": "missing, best", "missing_high": "missing, high",
}  # fmt: skip
# What is counted, and told of no incident.
NAMED = {
    "lat": "point on the map", "lon": "point on the map", "uncertainty_m": "point on the map",
    "place_precision": "how closely the place is told", "place_missing": "how closely the place is told",
    "place_shown": "how closely the place is told", "has_point": "how closely the place is told",
    "date_precision": "how closely the date is told", "date_missing": "how closely the date is told",
    "narrative_public": "public summary", "sources": "sources", "count_conflict": "mark that figures are out of order",
    "withheld": "what is withheld",
}  # fmt: skip
# Of these a value that begins with the later one told more closely.
COARSER = ("period", "pcode")
LABELS: dict[str, type[Terms]] = {"status": IncidentStatus, "incident_type": IncidentType}
KEPT_BACK = ("", "withheld", "suppressed", "not known", "not_recorded", "not_applicable")
# Beside what is told, these may have been taken back.
TAKEN = ("lat", "narrative_public")
NOT_TOLD = "not told"
NO_LONGER = "no longer told"
COLUMNS = (
    Column("release", "The release in which it changed."),
    Column("date", "The day of the record that this release tells."),
    Column("code", "Code of the incident."),
    Column("change", "added, changed or removed."),
    Column("what", "What of it."),
    Column("before", "What the earlier release told."),
    Column("after", "What this release tells."),
    Column("reason", "Why, as the house tells the public; empty where it told no reason."),
)
SUMS = ("Incidents", "People killed, low", "People killed, best", "People killed, high")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    code: str
    change: str
    what: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Step:
    """From one release to the next: both, their totals, the entries (corrections first), and what is counted alone.

    `counted`: in how many incidents a text, a point and the like changed; `less`: of how many the later release tells less.
    """

    earlier: Package
    later: Package
    totals: list[list[str]]
    entries: list[Entry]
    counted: Counter[str] = field(default_factory=Counter)
    less: int = 0

    def of(self, change: str) -> list[Entry]:
        """Return the entries of one kind: added, changed or removed."""
        return [entry for entry in self.entries if entry.change == change]


def steps(packages: Sequence[Package], reasons: Mapping[str, str]) -> list[Step]:
    """Return what changed from each public package to the next, the latest first; the packages stand oldest first.

    Raises Refused where they are not of one sender, InvalidRecords for reasons of incidents without an entry.
    """
    found = [_step(earlier, later, reasons) for earlier, later in pairwise(packages)]
    changed = {entry.code for step in found for entry in step.entries}
    if strange := sorted(reasons.keys() - changed):
        faults = [
            Fault(0, code, "Has no line in the log of these packages.", "Mend the code, or leave it out.")
            for code in strange
        ]
        raise InvalidRecords("Reasons are given for incidents of which the log tells nothing.", faults)
    return found[::-1]


def read_reasons(file: Path) -> dict[str, str]:
    """Return the reasons for the public by code of incident, from a CSV file with the columns `code` and `reason`.

    Raises NotFound for no such file, InvalidRecords for its faults, all of them.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found: dict[str, str] = {}
    faults = []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if not {"code", "reason"} <= set(reader.fieldnames or ()):
            raise InvalidRecords("The reasons need a header with the columns code and reason.")
        for number, row in enumerate(reader, start=1):
            code, reason = ((row[name] or "").strip() for name in ("code", "reason"))
            if not code or not reason:
                faults.append(
                    Fault(number, "reason" if code else "code", "Is empty.", "Fill it, or leave the row out.")
                )
            elif code in found:
                faults.append(Fault(number, "code", "Stands twice.", "Give one reason for each incident."))
            else:
                found[code] = reason
    if faults:
        raise InvalidRecords("The reasons cannot be taken as they are.", faults)
    return found


def lines(found: Sequence[Step]) -> Iterator[list[str]]:
    """Yield the whole log as rows in the order of COLUMNS."""
    for step in found:
        info = step.later.info
        for entry in step.entries:
            yield [
                info.get("External-Identifier", ""), info.get("Bagging-Date", ""), entry.code, entry.change, entry.what,
                entry.before, entry.after, entry.reason,
            ]  # fmt: skip


def _step(earlier: Package, later: Package, reasons: Mapping[str, str]) -> Step:
    compared = _compared(earlier, later)
    changed = {row["key"] for row in compared if row["change"] == "changed"}
    before, after = (_rows(package, changed) for package in (earlier, later))
    entries: list[Entry] = []
    step = Step(
        earlier, later, _totals(earlier, later), entries, less=sum(_less(before[code], after[code]) for code in changed)
    )
    for row in compared:
        code, change, why = row["key"], row["change"], reasons.get(row["key"], "")
        if change != "changed":
            entries.append(Entry(code, change, "the incident", "", _became(row), why))
        elif not _less(before[code], after[code]):
            columns = row["columns"].split()
            entries += _changed(code, columns, before[code], after[code], why)
            step.counted.update({NAMED[column] for column in columns if column in NAMED})
    order = ("changed", "removed", "added")
    entries.sort(key=lambda entry: (order.index(entry.change), entry.code))
    return step


def _compared(earlier: Package, later: Package) -> list[dict[str, str]]:
    """Return what the comparison of two packages tells of incidents."""
    with TemporaryDirectory() as folder:
        changes.write(later, earlier, Output(Path(folder), later))
        with (Path(folder) / "changes.csv").open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if row["table"] == "incident"]


def _rows(package: Package, codes: set[str]) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in package.rows("incident") if row["code"] in codes}


def _became(row: Mapping[str, str]) -> str:
    """Return what became of an incident that is no longer told; nothing of one that was added."""
    if row["change"] == "added":
        return ""
    status, _, into = row["columns"].partition(" ")
    if status == IncidentStatus.DUPLICATE:
        return f"told under {into}: the same incident" if into else "told under another code: the same incident"
    return "taken back" if status else NO_LONGER


def _changed(
    code: str, columns: Sequence[str], before: Mapping[str, str], after: Mapping[str, str], why: str
) -> Iterator[Entry]:
    for column in columns:
        if column in TOLD:
            was, now = (_value(column, row.get(column, "")) for row in (before, after))
            yield Entry(code, "changed", TOLD[column], was, now, why)


def _less(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Return whether the later release tells less of an incident: something is kept back, or told less closely."""
    for column in (*TOLD, *TAKEN):
        was, now = before.get(column, ""), after.get(column, "")
        coarser = column in COARSER and was.startswith(now)
        if was != now and was not in KEPT_BACK and (now in KEPT_BACK or coarser):
            return True
    return False


def _value(column: str, cell: str) -> str:
    if column in LABELS:
        return next((term.label for term in LABELS[column] if term.value == cell), cell) or NOT_TOLD
    return cell or NOT_TOLD


def _totals(earlier: Package, later: Package) -> list[list[str]]:
    """Return the totals of both packages: what, before, after."""
    sums = [tables.of_all(held.read(package).incidents) for package in (earlier, later)]
    was, now = ([tables.figure(number) for number in (total.incidents, *total.killed)] for total in sums)
    return [list(line) for line in zip(SUMS, was, now, strict=True)]


def name(package: Package) -> str:
    """Return by what a release is called: its identifier, its day, and the start of its manifest's hash."""
    info = package.info
    return (
        f"{info.get('External-Identifier', '')} of {info.get('Bagging-Date', '')}, manifest {manifest_of(package)[:16]}"
    )
