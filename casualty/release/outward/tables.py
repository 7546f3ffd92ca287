"""The tables of a public or a partner package, and why protecting each apart is enough.

One block a year, of years that are over; in a block: each dimension's groups by area, sex by age, status by cause. The list
of incidents tells the people killed by area and month. Two tables of a block share the number of people of an area
(groups of two dimensions), or of the year (all others), and these are published: so any way in which one table's
suppressed cells can be filled goes together with any way of the other's, and with any way of giving the people of an area to
its incidents. Groups by month, or areas by sex, would close a circle and break that: they are not made. `docs/disclosure.md`.

A table is the same at both tiers, with the threshold of the public one: two tables with different cells suppressed could be
subtracted. The partner's people stand in rows of their own, so there its tables are those of groups alone (R66, R67, R70).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from casualty.disclosure.bounds import narrowest
from casualty.disclosure.differences import Settled, follow
from casualty.disclosure.published import SUPPRESSED, Table
from casualty.release.bag import Bag
from casualty.release.outward import papers
from casualty.release.outward.figures import GROUPS, SEXES, STATUSES, Headline, Tallied
from casualty.release.outward.ground import UNKNOWN
from casualty.vocabulary import IncidentStatus, Tier

THRESHOLD = 10
FILES = {GROUPS: "groups_by_area", SEXES: "sex_by_age", STATUSES: "status_by_cause"}
HEADS = {GROUPS: ("group", "area"), SEXES: ("sex", "age_band"), STATUSES: ("civil_status", "cause")}
FIGURES = ("incidents", "killed_low", "killed_best", "killed_high")
TOTAL = "total"


@dataclass
class Written:
    """The tables that went out, what is told of them in disclosure.json, and what was kept back."""

    tables: list[Table] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    withheld: Counter[tuple[str, str, str]] = field(default_factory=Counter)


def why_not(incident: Mapping[str, Any], kept: str | None, year: str, this_year: str) -> str:
    """Return why the people of an incident stand in no table but that by year, or nothing if they do."""
    if kept is not None:
        return "withheld"
    if year == UNKNOWN:
        return "date not known"
    if incident["status"] == IncidentStatus.REFUTED:
        return "refuted"
    return "year not over" if year >= this_year else ""


def write(bag: Bag, tallied: Tallied, tier: Tier, earlier: Sequence[Mapping[str, Any]], date: str) -> Written:
    """Write the tables of a package under data/07_tables; return what went out."""
    done = Written()
    before: dict[str, list[Table]] = {}
    for kept in earlier:
        for made in map(Table.from_json, kept["tables"]):
            before.setdefault(made.name, []).append(made)
    for kind in (GROUPS,) if tier is Tier.PARTNER else (GROUPS, SEXES, STATUSES):
        lines: list[tuple[str, ...]] = []
        for (of, subject, year), counts in sorted(tallied.counts.items()):
            if of == kind and _tells(kind, counts):
                name = f"{kind}, {subject}, {year}" if subject else f"{kind}, {year}"
                known = {cell: number for cell, number in counts.items() if kind == GROUPS or UNKNOWN not in cell}
                apart = sum(counts.values()) - sum(known.values())
                settled = follow(
                    name, known, THRESHOLD, before.get(name, []), date, open_columns=kind == GROUPS, apart=apart
                )
                if kind == GROUPS and settled.table is not None and gives_away(settled.table, counts):
                    settled = Settled(None, "none")
                _note(done, name, settled)
                lines += _lines(subject, year, settled.table)
        bag.table(f"data/07_tables/{FILES[kind]}.csv", ("of", "year", *HEADS[kind], "killed", "as_of"), lines)
    bag.text("data/07_tables/README.txt", papers.LEGEND.format(threshold=THRESHOLD))
    return done


def gives_away(table: Table, counts: Mapping[tuple[str, str], int]) -> bool:
    """Return whether areas told together tell the group of the few people of one of them.

    The list of incidents tells how many were killed in each area. Where all of a joined line but a few are of one group, so are
    the few of an area in it: of its k people at least k less those of other groups.
    """
    killed: Counter[str] = Counter()
    for (_, area), number in counts.items():
        killed[area] += number
    for at, line in enumerate(table.columns):
        few = [killed[area] for area in line.members if 0 < killed[area] < table.threshold]
        if len(line.members) == 1 or not few:
            continue
        for row, cells in zip(table.rows, table.cells, strict=True):
            told = cells[at]
            if told is not None and row.members != (UNKNOWN,) and max(few) > table.column_totals[at] - told:
                return True
    return False


def _tells(kind: str, counts: Mapping[tuple[str, str], int]) -> bool:
    """Return whether of anybody more is known than nothing, or than the area."""
    return any(row != UNKNOWN or (kind != GROUPS and column != UNKNOWN) for row, column in counts)


def _note(done: Written, name: str, settled: Settled) -> None:
    table = settled.table
    told: dict[str, Any] = {"name": name, "course": settled.course}
    if table is None:
        done.withheld["few", "tables", name] += 1
    else:
        done.tables.append(table)
        told |= {
            "as_of": table.as_of,
            "suppressed": table.suppressed,
            "joined": sum(len(line.members) > 1 for line in (*table.rows, *table.columns)),
            "narrowest_interval_at_least": narrowest([table]),
        }
    if settled.course == "earlier":
        done.withheld["difference", "tables", name] += 1
    done.told.append(told)


def _lines(subject: str, year: str, table: Table | None) -> Iterator[tuple[str, ...]]:
    """Yield the cells of a table one by one, with both margins and the total; people apart in a line of their own."""
    if table is None:
        return
    rows, columns = ([line.label for line in lines] for lines in (table.rows, table.columns))
    cells = [[SUPPRESSED if value is None else str(value) for value in values] for values in table.cells]
    margins = [[*map(str, totals)] for totals in (table.row_totals, table.column_totals)]
    if table.apart:
        rows, columns = [*rows, UNKNOWN], [*columns, UNKNOWN]
        cells = [*([*values, "0"] for values in cells), [*["0"] * (len(columns) - 1), str(table.apart)]]
        margins = [[*totals, str(table.apart)] for totals in margins]
    for row, values, total in zip(rows, cells, margins[0], strict=True):
        for column, value in zip([*columns, TOTAL], [*values, total], strict=True):
            yield (subject, year, row, column, value, table.as_of)
    for column, total in zip([*columns, TOTAL], [*margins[1], str(table.total)], strict=True):
        yield (subject, year, TOTAL, column, total, table.as_of)


def write_sums(bag: Bag, years: Mapping[tuple[str, str], Headline], standing: Mapping[str, Headline]) -> None:
    """Write everybody by year and, apart, by where the incident stands in review: each adds up to the headline totals."""
    by_year = ((year, *_figures(sums), why or "yes") for (year, why), sums in sorted(years.items()))
    bag.table("data/07_tables/by_year.csv", ("year", *FIGURES, "in_tables"), by_year)
    by_status = ((status.value, *_figures(standing[status])) for status in IncidentStatus if status in standing)
    bag.table("data/07_tables/by_status.csv", ("status", *FIGURES), by_status)


def _figures(sums: Headline) -> tuple[str, ...]:
    return tuple(str(getattr(sums, name)) for name in FIGURES)
