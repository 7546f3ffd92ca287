"""All that the report says, as values of JSON: put together from the package, set by a template, nothing in it is markup."""

import json
import re
from typing import Any

from casualty.errors import CheckFailed
from casualty.patterns.plainly import clean
from casualty.release.package import Package
from casualty.release.papers import CAVEAT
from casualty.release.report import annex, findings, held, known, maps, method, published, tables, victims
from casualty.release.report.held import Record
from casualty.release.report.lines import inline
from casualty.release.report.tables import figure
from casualty.vocabulary import SituationKind, Tier

SUMMARY = "data/summary.json"
README = "data/00_README.txt"
SAMPLE = "INVENTED SAMPLE DATA"
HEADLINES = ("incidents", "victims", "killed_low", "killed_best", "killed_high", "without_best", "without_place")

Document = dict[str, Any]


def of(package: Package) -> Document:
    """Return the whole of the report; raise CheckFailed if the package has no date or an answer cannot be read."""
    record = held.read(package)
    return {
        "title": _title(package),
        "caveat": " ".join(CAVEAT.split()),
        "headline": _headline(package, record),
        "scope": _scope(package, record),
        "method": method.parts(package),
        "judged": known.judged(record),
        "missing": known.missing(record),
        "victims": known.victims(record),
        "withheld": known.withheld(package),
        "against": known.against(package),
        "removed": known.removed(package),
        "tables": [*tables.of_incidents(record), *victims.of(package, record)],
        "published": published.tables(package),
        "maps": maps.of(package, record),
        "findings": findings.kept(package),
        "annex": annex.of(package, record),
    }


def _title(package: Package) -> dict[str, Any]:
    info = {label: clean(value) for label, value in package.info.items()}
    date = info.get("Bagging-Date", "")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):  # the one date of the file: nothing in it comes from the clock
        raise CheckFailed(f"The package's Bagging-Date {date!r} is no day (YYYY-MM-DD); a report has its date.")
    return {
        "deployment": info.get("Source-Organization", ""),
        "recipient": info.get("Recipient", ""),
        "tier": package.tier.value,
        "tier_label": package.tier.label,
        "tier_means": package.tier.definition,
        "restricted": package.tier != Tier.PUBLIC,
        "basis": info.get("Basis", ""),
        "date": date,
        "seq": info.get("Ledger-Seq", ""),
        "head": info.get("Ledger-Head", ""),
        "identifier": info.get("External-Identifier", ""),
        "sample": _is_sample(package),
    }


def _is_sample(package: Package) -> bool:
    readme = package.folder / README
    return readme.is_file() and SAMPLE in readme.read_text(encoding="utf-8")


def _headline(package: Package, record: Record) -> dict[str, Any]:
    """Return the totals that the package states, else those of its tables; `differs` says so where the two are not equal."""
    sums = tables.of_all(record.incidents)
    counted = dict(zip(HEADLINES, (sums.incidents, record.victims["person"], *sums.killed, sums.without_best,
                                   sum(not incident.has_point for incident in record.incidents)), strict=True))  # fmt: skip
    file = package.folder / SUMMARY
    stated = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else counted
    verified = tables.of_all(incident for incident in record.incidents if incident.tier == held.VERIFIED)
    refuted = tables.of_all(incident for incident in record.incidents if incident.refuted)
    killed = [stated.get(name, counted[name]) for name in ("killed_low", "killed_best", "killed_high")]
    return {
        **{name: figure(int(stated.get(name, number))) for name, number in counted.items()},
        "persons_told": bool(stated.get("victims") or counted["victims"]),
        "verified": {"incidents": figure(verified.incidents), "killed": [figure(number) for number in verified.killed]},
        "refuted": {"incidents": figure(refuted.incidents), "best": figure(refuted.killed[1])},
        "differs": killed != list(sums.killed),
    }


def _scope(package: Package, record: Record) -> dict[str, Any]:
    """Return what the package covers: years, first-order units, situations with who classified them, sources, tables."""
    kinds = {term.value: term.label for term in SituationKind}
    return {
        "years": _years(record),
        "areas": figure(len({incident.area for incident in record.incidents} - {held.UNKNOWN})),
        "situations": [
            f"{inline(row.get('name', ''))} ({kinds.get(row.get('kind', ''), 'Not assessed').lower()}"
            f"{', classified by ' + inline(row['classified_by']) if row.get('classified_by') else ''})"
            for row in package.rows("situation")
            if row.get("name")
        ],
        "sources": figure(sum(int(row.get("number") or 1) for row in package.rows("source"))),
        "documents": figure(sum(1 for _ in package.rows("document"))),
    }


def _years(record: Record) -> list[str]:
    """Return the first and the last year of the incidents, as far as they are known."""
    known_years = sorted({incident.year for incident in record.incidents} - {held.UNKNOWN})
    return [known_years[0], known_years[-1]] if known_years else []
