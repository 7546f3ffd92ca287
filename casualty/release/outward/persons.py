"""The people of a partner's package: one row each, under a random id, of whom none can be told from four others.

They name no incident: an incident with its day and place would tell them apart again. Rows are made year by year of
years that are over, so that a later package for the same partner shows no newcomer by subtraction. Standards: R60, R65.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from casualty.disclosure.people import Anonymous, Step, anonymise
from casualty.disclosure.published import SUPPRESSED
from casualty.release.outward.figures import UNCERTAIN, Row, age_band, known
from casualty.release.outward.ground import REVIEWED, UNKNOWN, Ground

K = 5
QUASI = ("harm", "sex", "age_band", "area", "period", "review")
SENSITIVE = dict.fromkeys(("cause", "civil_status"), frozenset(UNCERTAIN))
COLUMNS = ("id", *QUASI, *SENSITIVE)
ADDED = {
    "area": "Second-order unit within the first, the first alone, or suppressed: as close as five or more people share it.",
    "period": "Month, quarter or year, or suppressed.",
    "review": "Where the incident stands: verified, corroborated, or other.",
}
WITHIN = " / "
LIVING = frozenset({"injured", "detained", "displaced", "alive"})
CHILD, GROWN = frozenset({"infant", "child"}), frozenset({"adult", "older"})


def _quarter(period: str) -> str:
    return f"{period[:4]} quarter {(int(period[5:7]) + 2) // 3}" if len(period) == 7 else period


def _band(band: str) -> str:
    return "under 18" if band in CHILD else "18 and over" if band in GROWN else band


def _gone(_: str) -> str:
    return SUPPRESSED


STEPS: tuple[Step, ...] = (
    ("quarter", "period", _quarter),
    ("first-order area", "area", lambda area: area.split(WITHIN)[0]),
    ("year", "period", lambda period: period[:4]),
    ("child or adult", "age_band", _band),
    ("review withheld", "review", _gone),
    ("area withheld", "area", _gone),
    ("age withheld", "age_band", _gone),
)


@dataclass
class People:
    """The people gathered for a partner, by year, and those left out by the reason."""

    by_year: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, ground: Ground, incident: Row, victims: Sequence[Row], year: str, period: str) -> None:
        """Take in the persons of an incident: the dead and the lost unless a refusal stands, the living if they agreed."""
        first, second = (part.get(incident["id"]) for part in (ground.units.first, ground.units.second))
        names = [ground.units.names.get(code, code) for code in (first, second) if code is not None]
        review = incident["status"] if incident["status"] in REVIEWED else "other"
        for row in victims:
            if row["kind"] != "person" or row["id"] in ground.counted:
                continue
            living = row["harm"] in LIVING
            if row["id"] in ground.consents.refused or (living and row["id"] not in ground.consents.agreed):
                self.left_out["consent"] += 1
                continue
            told = {name: str(row.get(name) or "not_recorded") for name in ("harm", *SENSITIVE)}
            told |= {
                "sex": known(row, "sex"),
                "age_band": age_band(row),
                "id": ground.ids.id("victim", row["id"]),
                "area": WITHIN.join(names) or UNKNOWN,
            }
            self.by_year.setdefault(year, []).append({**told, "period": period, "review": review})


@dataclass(frozen=True)
class Shown:
    """Rows as they go out, in order of their random ids; the reports by year; the classes to be kept for the next check."""

    rows: list[dict[str, str]]
    reports: dict[str, dict[str, Any]]
    classes: dict[str, dict[str, int]]
    withheld: Counter[str]


def shown(people: People, earlier: Sequence[Mapping[str, Any]]) -> Shown:
    """Return the rows that may go out to a partner to whom `earlier` classes went, by year, oldest first."""
    rows: list[dict[str, str]] = []
    reports: dict[str, dict[str, Any]] = {}
    kept: dict[str, dict[str, int]] = {}
    withheld = Counter(people.left_out)
    for year, held in sorted(people.by_year.items()):
        done = anonymise(held, K, QUASI, STEPS, SENSITIVE)
        classes = _classes(done)
        before = [package[year] for package in earlier if year in package]
        reports[year] = {**asdict(done.report), "above_reference": done.report.above_reference}
        withheld["few"] += len(held) - len(done.rows)
        if any(_tells_few(old, classes) for old in before):
            withheld["difference"] += len(done.rows)
            kept[year] = dict(before[-1])
            continue
        kept[year] = classes
        rows += done.rows
    return Shown(sorted(rows, key=lambda row: row["id"]), reports, kept, withheld)


def _classes(done: Anonymous) -> dict[str, int]:
    return dict(sorted(Counter("|".join(row[name] for name in QUASI) for row in done.rows).items()))


def _tells_few(old: Mapping[str, int], new: Mapping[str, int]) -> bool:
    """Return whether a class grew or shrank by fewer than k people, one that came or went whole included."""
    return any(0 < abs(new.get(name, 0) - old.get(name, 0)) < K for name in {*old, *new})
