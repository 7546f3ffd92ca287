"""What a public or a partner package holds in place of the records: incidents without people, tables, and the reckoning.

`write` makes it in one pass over the record. Rows go out in the order of their random ids, so that not even the order tells
when they were recorded. Standards: R60, R63-R72.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from casualty import codebook, disclosure, ledger
from casualty.disclosure.naming import PUBLIC
from casualty.disclosure.people import REFERENCE_RISK
from casualty.release import chain, geography
from casualty.release.bag import Bag, cell, quoted
from casualty.release.outward import fields, figures, incidents, papers, persons, tables
from casualty.release.outward.figures import Headline, Tallied
from casualty.release.outward.ground import REVIEWED, UNKNOWN, Ground, kept_back, read
from casualty.schema import CHILDREN, table
from casualty.vocabulary import Tier

__all__ = ["Outward", "write"]

RECORDS = "data/04_records"


@dataclass
class Outward:
    """What was written: rows by file, what was kept back by (reason, table, fields), the headline totals and statuses.

    `kept` is what the next package of any tier must be checked against: give it back in `earlier`. It holds nothing that is
    not in the package.
    """

    written: Counter[str] = field(default_factory=Counter)
    withheld: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    headline: Headline = field(default_factory=Headline)
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Pass:
    """What is gathered while the incidents go by."""

    ground: Ground
    header: list[str]
    this_year: str
    out: Outward
    rows: list[tuple[str, str, str | None]] = field(default_factory=list)
    names: list[tuple[str, ...]] = field(default_factory=list)
    removed: list[tuple[str, ...]] = field(default_factory=list)
    years: dict[tuple[str, str], Headline] = field(default_factory=dict)
    standing: dict[str, Headline] = field(default_factory=dict)
    tallied: Tallied = field(default_factory=Tallied)
    people: persons.People = field(default_factory=persons.People)
    points: Counter[str] = field(default_factory=Counter)


def write(
    bag: Bag, connection: sa.Connection, tier: Tier, recipient: str, secret: bytes, earlier: Sequence[Mapping[str, Any]]
) -> Outward:
    """Write what a package of the public or the partner tier holds; return what the papers and the next package need.

    Parameters
    ----------
    secret: at least 16 bytes of the deployment's own, the same for every package; it is written nowhere.
    earlier: `Outward.kept` of every public and partner package sent before, oldest first, whoever received it.

    Raises ValueError for a tier that is neither, or a secret that is too short.
    """
    if tier not in (Tier.PUBLIC, Tier.PARTNER):
        raise ValueError(f"a package of the {tier.value} tier holds the records themselves")
    ground = read(connection, tier, recipient, secret)
    _, date = chain.head_of_record(connection)
    done = _Pass(ground, incidents.header(tier), date[:4], Outward())
    done.tallied.dimensions = frozenset(dimension for dimension, _ in ground.groups.values())
    for _, rows in ledger.current_bodies(connection, "incident"):
        _take(done, rows)
    done.rows.sort()
    with bag.sheet(f"{RECORDS}/incidents.csv") as sheet:
        sheet.row(done.header)
        for _, line, _ in done.rows:
            sheet.write(line)
    with bag.sheet("data/05_geo/incidents.geojson") as sheet:
        features = geography.Features(sheet)
        for _, _, feature in done.rows:
            features.add(feature)
        features.close()
    done.out.written["incident"] = len(done.rows)
    bag.table(f"{RECORDS}/removed.csv", fields.REMOVED, sorted(done.removed))
    _sources(bag, connection, done)
    bag.table(f"{RECORDS}/victim_names.csv", fields.NAMES, sorted(done.names))
    done.out.written["victim_name"] = len(done.names)
    shown = _persons(bag, done, recipient, earlier)
    settled = tables.write(bag, done.tallied, tier, earlier, date[:10])
    tables.write_sums(bag, done.years, done.standing)
    _close(bag, done, recipient, date[:10], settled, shown)
    return done.out


def _take(done: _Pass, rows: ledger.Rows) -> None:
    """Take in one incident: its row, its feature, its names, and its people in tables."""
    incident, ground, out = rows["incident"][0], done.ground, done.out
    if incident.get("withdrawn_at") is not None or incident.get("merged_into_id") is not None:
        reason = disclosure.WITHDRAWN if incident.get("withdrawn_at") is not None else "merged"
        out.withheld[reason, "incident", "whole row"] += 1
        into = incident.get("merged_into_id")
        code = ground.ids.code("incident", incident["id"])
        done.removed.append((code, incident["status"], ground.ids.code("incident", into) if into else ""))
        return
    kept = kept_back(incident)
    killed = figures.killed(ground, incident, rows.get("victim", ()))
    seen = incidents.seen(ground, rows, killed, kept)
    for reason, taken in seen.withheld:
        out.withheld[reason, "incident", taken] += 1
    note = "; ".join(f"{reason}: {taken}" for reason, taken in seen.withheld if reason != incidents.UNMASKABLE)
    values = {**seen.values, "withheld": note}
    line = ",".join(quoted(cell(values.get(name))) for name in done.header)
    done.rows.append((seen.values["id"], f"{line}\n", geography.incident(seen.values)))
    done.points[seen.values["place_shown"]] += 1
    out.statuses[incident["status"]] += 1
    out.headline.add(killed)
    done.standing.setdefault(incident["status"], Headline()).add(killed)
    year = "withheld" if kept else incident.get("date_start", "")[:4] or UNKNOWN
    why = tables.why_not(incident, kept, year, done.this_year)
    done.years.setdefault((year, why), Headline()).add(killed)
    if kept is None:
        _names(done, rows, seen.values["code"])
    if not why:
        area = incidents.area_of(ground, incident["id"])
        figures.tally(ground, done.tallied, incident, rows, year, area, killed.best or 0)
        if ground.tier is Tier.PARTNER:
            done.people.add(ground, incident, rows.get("victim", ()), year, incidents.period(incident))


def _names(done: _Pass, rows: ledger.Rows, code: str) -> None:
    """List the names whose publication was decided: agreed to, of an incident that was reviewed."""
    status = rows["incident"][0]["status"]
    for row in rows.get("victim_name", ()):
        if row["victim_id"] in done.ground.consents.named and status in REVIEWED:
            done.names.append((code, status, *(cell(row.get(column)) for column in fields.NAMES[2:])))
        else:
            done.out.withheld[disclosure.CONSENT, "victim_name", "whole row"] += 1


def _sources(bag: Bag, connection: sa.Connection, done: _Pass) -> None:
    """List the sources: to a partner one by one under random ids, in public by kind and number."""
    ground = done.ground
    standing = connection.execute(sa.text("SELECT id FROM source WHERE withdrawn_at IS NULL"))
    ids = [row.id for row in standing]
    path = f"{RECORDS}/sources.csv"
    if ground.tier is Tier.PARTNER:
        told = sorted((ground.ids.id("source", key), *ground.sources[key]) for key in ids)
        bag.table(path, fields.SOURCES[ground.tier], told)
    else:
        counts = Counter(incidents.source_kind(ground, key) for key in ids)
        told = [(kind, str(number), "") for kind, number in sorted(counts.items())]
        bag.table(path, fields.SOURCES[ground.tier], (row[:2] for row in told))
    done.out.written["source"] = len(told)


def _persons(bag: Bag, done: _Pass, recipient: str, earlier: Sequence[Mapping[str, Any]]) -> persons.Shown | None:
    if done.ground.tier is not Tier.PARTNER:
        return None
    before = [kept["people"] for kept in earlier if kept["recipient"] == recipient and kept["people"]]
    shown = persons.shown(done.people, before)
    rows = ([row[name] for name in persons.COLUMNS] for row in shown.rows)
    bag.table(f"{RECORDS}/victims.csv", persons.COLUMNS, rows)
    done.out.written["victim"] = len(shown.rows)
    for reason, number in shown.withheld.items():
        if number:
            done.out.withheld[reason, "victim", "whole row"] += number
    return shown


def _close(
    bag: Bag, done: _Pass, recipient: str, date: str, settled: tables.Written, shown: persons.Shown | None
) -> None:
    """Write the reckoning, and note what the next package must be checked against."""
    out, tier = done.out, done.ground.tier
    out.withheld.update(settled.withheld)
    out.kept = {
        "tier": tier.value,
        "recipient": PUBLIC if tier is Tier.PUBLIC else recipient,
        "as_of": date,
        "tables": [made.as_json() for made in settled.tables],
        "people": shown.classes if shown else {},
    }
    reckoning = {
        "tier": tier.value,
        "headline": asdict(out.headline),
        "tables": settled.told,
        "threshold": tables.THRESHOLD,
        "people": {"k": persons.K, "reference_risk": REFERENCE_RISK, "years": shown.reports} if shown else None,
        "points": dict(sorted(done.points.items())),
        "statement": papers.STATEMENT,
    }
    bag.text("data/disclosure.json", ledger.canonical(reckoning) + "\n")
    bag.table("data/02_codebook/fields.csv", codebook.FIELD_COLUMNS, fields.rows(tier))
    bag.table("data/08_withheld.csv", papers.COLUMNS, [*papers.rows(out.withheld), *_of_the_tier(tier)])


def _of_the_tier(tier: Tier) -> Iterator[tuple[str, ...]]:
    """Yield, for each table a commission is given, what of it this tier never holds."""
    for name in ("incident", *CHILDREN["incident"], "source", "document", "origin", "actor", "analysis_run", "consent"):
        held = set(disclosure.columns(name, tier))
        gone = [column.name for column in table(name).columns if column.name not in held]
        what = "whole table" if not held else " ".join(gone)
        if gone:
            yield ("tier", name, what, "", *papers.WHY["tier"])
