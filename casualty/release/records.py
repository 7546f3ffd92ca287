"""The records themselves: one pass over the database, one CSV file per table, nothing held in memory.

Every row passes `disclosure.show` on its way out; what was kept back is counted, without content.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from casualty import disclosure, ledger
from casualty.disclosure import Withheld
from casualty.release import contradictions, geography
from casualty.release.bag import Bag, Sheet, cell
from casualty.release.chain import Proofs
from casualty.schema import CHILDREN, table
from casualty.vocabulary import IncidentStatus, Tier

KINDS = (
    "incident", "situation", "dimension", "identity_group", "actor", "source", "document", "origin", "admin_unit",
    "population", "batch", "consent", "pairing", "analysis_run",
)  # fmt: skip
FILES = {
    "incident": "incidents", "claim": "claims", "involvement": "involvements", "victim": "victims",
    "victim_name": "victim_names", "attribution": "attributions", "act": "acts", "review": "reviews",
    "situation": "situations", "dimension": "dimensions", "identity_group": "groups", "actor": "actors",
    "source": "sources", "document": "documents", "origin": "origins", "admin_unit": "admin_units",
    "population": "population", "batch": "batches", "consent": "consents",
    "pairing": "pairings", "analysis_run": "analysis_runs",
}  # fmt: skip
IN_GEOGRAPHY = {"admin_unit": "geometry"}
REMOVED = ("incident_code", "incident_status", "merged_into", "at")
WHOLE_ROW = "whole row"
TOLD_EVERY = 500

Row = Mapping[str, Any]


@dataclass
class Tally:
    """What was written and what was kept back, counted as the records go by.

    `reserved` holds the records of which anything was kept back: their bodies and reasons stay in the house.
    """

    written: Counter[str] = field(default_factory=Counter)
    withheld: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    reserved: set[str] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    bodies: int = 0


def header(name: str, tier: Tier) -> list[str]:
    """Return the columns of a table's file: those allowed, where it stands, and what was withheld from the row."""
    own = [column for column in disclosure.columns(name, tier) if column != IN_GEOGRAPHY.get(name)]
    if name == "incident":
        return [*own, "has_point", "withheld"]
    if name in CHILDREN["incident"]:
        return [*own, "incident_code", "incident_status", "withheld"]
    return [*own, "withheld"]


class Tables:
    """The open CSV files of one group of tables, and the rules by which rows enter them."""

    def __init__(self, bag: Bag, files: ExitStack, names: Iterable[str], tier: Tier, held: Withheld, tally: Tally):
        self._held, self.tally = held, tally
        self._sheets: dict[str, Sheet] = {}
        self._columns: dict[str, list[str]] = {}
        self._absent: dict[str, dict[str, str]] = {}
        for name in names:
            self._sheets[name] = files.enter_context(bag.sheet(f"data/04_records/{FILES[name]}.csv"))
            self._columns[name] = header(name, tier)
            self._sheets[name].row(self._columns[name])
            self._absent[name] = {
                column.name: "not_applicable" if column.name.endswith("_missing") else "not_recorded"
                for column in table(name).columns
                if isinstance(column.type, sa.Enum) and column.nullable
            }

    def put(self, name: str, record_id: str, row: Row, **extra: str) -> Mapping[str, Any] | None:
        """Write a row as it may go out and return it; None if the whole of it stays in the house."""
        shown = disclosure.show(name, row, self._held)
        if isinstance(shown, str):
            self.tally.withheld[shown, name, WHOLE_ROW] += 1
            self.tally.reserved.add(record_id)
            return None
        if shown.withheld:
            self.tally.reserved.add(record_id)
            for reason, fields in shown.withheld:
                self.tally.withheld[reason, name, " ".join(fields)] += 1
        kept = "; ".join(f"{reason}: {' '.join(fields)}" for reason, fields in shown.withheld)
        self._write(name, {**shown.values, **extra, "withheld": kept})
        self.tally.written[name] += 1
        return shown.values

    def _write(self, name: str, values: dict[str, Any]) -> None:
        if name == "victim" and values.get("occupation") is None and values.get("occupation_missing") is None:
            values["occupation_missing"] = "not_recorded"
        for column, word in self._absent[name].items():
            if values.get(column) is None:
                values[column] = word
        self._sheets[name].row(cell(values.get(column)) for column in self._columns[name])


def write(
    bag: Bag, connection: sa.Connection, tier: Tier, held: Withheld, told: Callable[[int], None] = lambda done: None
) -> Tally:
    """Write every record of a package; return what was written and what was kept back. `told`: how many incidents are done."""
    tally = Tally()
    with bag.sheet("data/06_ledger/bodies.jsonl") as bodies:
        for kind in KINDS:
            with ExitStack() as files, Proofs(bodies, connection, kind) as proofs:
                tables = Tables(bag, files, (kind, *CHILDREN.get(kind, ())), tier, held, tally)
                shown = proofs if disclosure.whole(kind, tier) else None
                if kind == "incident":
                    _incidents(bag, files, connection, tables, shown, told)
                else:
                    _others(kind, bag, files, connection, tables, shown)
                tally.bodies += proofs.shown
    _removed(bag, connection, tally)
    return tally


def _incidents(
    bag: Bag,
    files: ExitStack,
    connection: sa.Connection,
    tables: Tables,
    proofs: Proofs | None,
    told: Callable[[int], None],
) -> None:
    against = files.enter_context(bag.sheet("data/09_contradictory.csv"))
    against.row(contradictions.COLUMNS)
    features = geography.Features(files.enter_context(bag.sheet("data/05_geo/incidents.geojson")))
    for done, (key, rows) in enumerate(ledger.current_bodies(connection, "incident")):
        if done % TOLD_EVERY == 0:
            told(done)
        incident = rows["incident"][0]
        if incident.get("withdrawn_at") is not None or incident.get("merged_into_id") is not None:
            tables.tally.reserved.add(key)
            continue
        tables.tally.statuses[incident["status"]] += 1
        shown = _incident(tables, key, rows)
        features.add(geography.incident(shown["incident"][0]))
        for line in contradictions.of_incident(shown):
            against.row(line)
        _prove("incident", key, proofs, tables.tally)
    features.close()


def _others(
    kind: str, bag: Bag, files: ExitStack, connection: sa.Connection, tables: Tables, proofs: Proofs | None
) -> None:
    features = None
    if kind == "admin_unit":
        features = geography.Features(files.enter_context(bag.sheet("data/05_geo/admin_units.geojson")))
    for key, rows in ledger.current_bodies(connection, kind):
        values = tables.put(kind, key, rows[kind][0])
        if features and values is not None:
            features.add(geography.unit(values))
        _prove(kind, key, proofs, tables.tally)
    if features:
        features.close()


def _prove(kind: str, key: str, proofs: Proofs | None, tally: Tally) -> None:
    """Show the body of a record of which nothing was kept back, unless it tells what no longer stands."""
    if proofs and key not in tally.reserved and not proofs.show(key):
        tally.withheld["earlier", kind, "ledger body"] += 1
        tally.reserved.add(key)


def _incident(tables: Tables, key: str, rows: ledger.Rows) -> dict[str, list[Row]]:
    """Write an incident and all that stands under it; return what was shown."""
    incident = rows["incident"][0]
    where = {"incident_code": incident["code"], "incident_status": incident["status"]}
    point = {"has_point": "true" if "lat" in incident else "false"}
    shown: dict[str, list[Row]] = {}
    for name in ("incident", *CHILDREN["incident"]):
        extra = point if name == "incident" else where
        written = (tables.put(name, key, row, **extra) for row in rows.get(name, ()))
        shown[name] = [values for values in written if values is not None]
    return shown


def _removed(bag: Bag, connection: sa.Connection, tally: Tally) -> None:
    """List the incidents that were taken back or merged: their codes, never their content."""
    bag.table("data/04_records/removed.csv", REMOVED, _gone(connection, tally))


def _gone(connection: sa.Connection, tally: Tally) -> Iterator[tuple[str, ...]]:
    rows = connection.execute(
        sa.text(
            "SELECT i.code, i.status, j.code, i.withdrawn_at FROM incident i LEFT JOIN incident j"
            " ON j.id = i.merged_into_id WHERE i.withdrawn_at IS NOT NULL OR i.merged_into_id IS NOT NULL"
            " ORDER BY i.code"
        )
    )
    for code, status, into, at in rows:
        merged = status == IncidentStatus.DUPLICATE
        tally.withheld["merged" if merged else disclosure.WITHDRAWN, "incident", WHOLE_ROW] += 1
        yield code, status, cell(into), cell(at)
