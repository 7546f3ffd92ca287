"""The incidents of a package as the report counts and draws them: one small row each, so that a large record fits in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from sys import intern

from casualty.frames import TIER_OF
from casualty.release.geography import EXACT_ENOUGH
from casualty.release.package import Package
from casualty.release.report import areas, people
from casualty.release.report.people import PARTS, SUPPRESSED, Once, Range, Recorded, Row
from casualty.vocabulary import IncidentStatus

VERIFIED, CORROBORATED, OTHER = "verified", "corroborated", "other"
TIERS = (VERIFIED, CORROBORATED, OTHER)
UNKNOWN = "unknown"
# Where an incident stands in time: to the day, or, at a tier that does not tell days, to the month or the year.
DATED = ("date_start", "period")
# A point that was moved for protection stands for the area around it.
MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident: people killed (low, best, high; an unknown number adds 0), when, where and how sure."""

    id: str
    code: str
    status: str
    kind: str
    year: str
    area: str
    killed: Range
    without_best: bool
    suppressed: bool
    point: tuple[float, float] | None
    has_point: bool
    precision: int | None
    dated: int | None
    conflict: bool
    masked: bool

    @property
    def tier(self) -> str:
        """How far it is corroborated: verified, partly, or not (which takes in contested and refuted ones)."""
        return TIER_OF.get(self.status, OTHER)

    @property
    def of_area(self) -> bool:
        """Whether its point stands for an area, or may: it was moved, or its precision is 3 or more or not stated (R33)."""
        return self.masked or self.precision is None or self.precision > EXACT_ENOUGH

    @property
    def refuted(self) -> bool:
        """Whether it was shown not to have happened as alleged."""
        return self.status == IncidentStatus.REFUTED


@dataclass(frozen=True)
class Record:
    """All incidents, in the order of the file; who stands in several victim rows; and how many rows of victims there are."""

    incidents: Sequence[Incident]
    once: Once = field(default_factory=Once)
    victims: Counter[str] = field(default_factory=Counter)


def read(package: Package) -> Record:
    """Return the incidents of a package, with what their victims add where no figure is stated of an incident itself."""
    same = people.once(package)
    recorded, kinds = people.recorded(package, same) if people.told(package) else ({}, Counter[str]())
    places = areas.first_order(package)
    found = [
        _incident(row, recorded.get(row["id"], Recorded()), same.elsewhere.get(row["id"], 0), area)
        for row, area in zip(package.rows("incident"), places, strict=True)
    ]
    return Record(found, same, kinds)


def _incident(row: Row, recorded: Recorded, elsewhere: int, area: str) -> Incident:
    stated = [row.get(f"killed_{part}", "") for part in PARTS]
    low, best, high = (max((people.number(cell) or 0) - elsewhere, 0) for cell in stated)
    whole = any(stated)
    point = row.get("lat") and row.get("lon")
    return Incident(
        id=row["id"],
        code=row.get("code") or row["id"],
        status=intern(row.get("status", "")),
        kind=intern(row.get("incident_type", "")),
        year=intern(_year(row)),
        area=intern(area),
        killed=(low, best, high) if whole else recorded.killed,
        without_best=not stated[1] if whole else not recorded.known,
        suppressed=SUPPRESSED in stated,
        point=(float(row["lon"]), float(row["lat"])) if point else None,
        has_point=row.get("has_point", "true" if point else "false") == "true",
        precision=people.number(row.get("place_precision")),
        dated=people.number(row.get("date_precision")),
        conflict=row.get("count_conflict") == "true",
        masked=row.get("place_shown") == MASKED,
    )


def _year(row: Row) -> str:
    """Return the year of the first day, as far as it is told."""
    stated = (row.get(name, "")[:4] for name in DATED)
    return next((year for year in stated if year.isdigit()), UNKNOWN)
