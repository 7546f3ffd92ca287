"""Sums over the record, each with its unknowns beside it."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from casualty import rules
from casualty.errors import UsageFault
from casualty.schema import VictimDraft
from casualty.vocabulary import Harm, IncidentStatus, VictimKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casualty.store import Store

BY = ("year", "status", "group", "admin1")

# As `rules.victims_harmed`: a person counts one, a group what it has beyond those named out of it, at least nothing (R09).
_FIGURES = """
WITH resolved AS (
  SELECT resolved_out_of AS id, count(*) AS n FROM victim WHERE resolved_out_of IS NOT NULL GROUP BY resolved_out_of
), counted AS (
  SELECT v.incident_id, v.kind, v.harm,
    CASE WHEN COALESCE(v.count_low, 0) < COALESCE(r.n, 0) THEN 0 ELSE COALESCE(v.count_low, 0) - COALESCE(r.n, 0) END AS low,
    CASE WHEN COALESCE(v.count_best, 0) < COALESCE(r.n, 0) THEN 0 ELSE COALESCE(v.count_best, 0) - COALESCE(r.n, 0) END AS best,
    CASE WHEN COALESCE(v.count_high, 0) < COALESCE(r.n, 0) THEN 0 ELSE COALESCE(v.count_high, 0) - COALESCE(r.n, 0) END AS high,
    CASE WHEN v.count_best IS NULL THEN 1 ELSE 0 END AS unsure
  FROM victim v LEFT JOIN resolved r ON r.id = v.id
), persons AS (
  SELECT incident_id, sum(CASE WHEN kind = 'person' THEN 1 ELSE 0 END) AS persons,
    sum(CASE WHEN harm = 'killed' THEN low ELSE 0 END) AS low,
    sum(CASE WHEN harm = 'killed' THEN best ELSE 0 END) AS best,
    sum(CASE WHEN harm = 'killed' THEN high ELSE 0 END) AS high,
    sum(CASE WHEN harm = 'killed' THEN unsure ELSE 0 END) AS unsure,
    sum(CASE WHEN harm = 'killed' THEN 1 ELSE 0 END) AS killed
  FROM counted GROUP BY incident_id
), figures AS (
  SELECT i.id, i.status, SUBSTR(CAST(i.date_start AS TEXT), 1, 4) AS year, COALESCE(p.persons, 0) AS victims,
    CASE WHEN i.killed_low IS NULL AND i.killed_best IS NULL AND i.killed_high IS NULL THEN 0 ELSE 1 END AS stated,
    i.killed_low, i.killed_best, i.killed_high, p.low, p.best, p.high, p.unsure, p.killed,
    CASE WHEN i.lat IS NULL THEN 1 ELSE 0 END AS without_place
  FROM incident i LEFT JOIN persons p ON p.incident_id = i.id
  WHERE i.withdrawn_at IS NULL AND i.merged_into_id IS NULL
)
"""
_SUMS = """
  count(*) AS incidents, COALESCE(sum(victims), 0) AS victims,
  COALESCE(sum(CASE WHEN stated = 1 THEN COALESCE(killed_low, 0) ELSE COALESCE(low, 0) END), 0) AS killed_low,
  COALESCE(sum(CASE WHEN stated = 1 THEN COALESCE(killed_best, 0) ELSE COALESCE(best, 0) END), 0) AS killed_best,
  COALESCE(sum(CASE WHEN stated = 1 THEN COALESCE(killed_high, 0) ELSE COALESCE(high, 0) END), 0) AS killed_high,
  COALESCE(sum(CASE WHEN stated = 1 AND killed_best IS NULL THEN 1
    WHEN stated = 0 AND (COALESCE(killed, 0) = 0 OR unsure > 0) THEN 1 ELSE 0 END), 0) AS without_best,
  COALESCE(sum(without_place), 0) AS without_place
"""


@dataclass
class Sums:
    """Sums of some incidents; an unknown adds 0 and is counted in `without_best` or `without_place`.

    `victims` are individual persons; `killed_*` sum the figures stated of each incident, or, where none is stated,
    the victims recorded as killed. A person judged to stand in two rows is counted in one of them; an incident whose
    stated figures hold somebody who is counted in another one counts without them. `without_place` are incidents
    without coordinates: no map can show them.
    """

    incidents: int = 0
    victims: int = 0
    killed_low: int = 0
    killed_best: int = 0
    killed_high: int = 0
    without_best: int = 0
    without_place: int = 0

    def add(self, other: "Sums") -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Summary:
    """The sums over all incidents asked for, and by the parts asked for."""

    total: Sums
    by: dict[str, Sums] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as the command line prints it."""
        return {**asdict(self.total), "by": {name: asdict(sums) for name, sums in self.by.items()}}


def summarise(store: "Store", by: str | None = None, status: str | None = None) -> Summary:
    """Return the sums of every incident not withdrawn or merged away, whole and by part.

    Parameters
    ----------
    by: year (of the start), status, group (identity groups of the victims; an incident stands under each group it
        harmed, so these parts do not add up to the whole), or admin1 (first-order unit).
    status: only incidents of this status.

    It does not show deaths that nobody documented.
    """
    if by is not None and by not in BY:
        raise UsageFault(f"--by {by} is not known; one of: {', '.join(BY)}.")
    if status is not None and status not in set(IncidentStatus):
        raise UsageFault(f"--status {status} is not known; one of: {', '.join(IncidentStatus)}.")
    if by == "group":
        return Summary(_parts(store, "'all'", status).get("all", Sums()), _by_group(store, status))
    if by == "admin1":
        return _by_admin1(store, status)
    parts = _parts(store, {"year": "year", "status": "status"}.get(by or "", "'all'"), status)
    total = Sums()
    for sums in parts.values():
        total.add(sums)
    return Summary(total, parts if by else {})


def _parts(store: "Store", key: str, status: str | None) -> dict[str, Sums]:
    where = "WHERE status = :status" if status else ""
    statement = sa.text(f"{_FIGURES} SELECT {key} AS part, {_SUMS} FROM figures {where} GROUP BY 1 ORDER BY 1")
    rows = store.rows(statement, **({"status": status} if status else {}))
    parts = {row[0] or "unknown": Sums(*map(int, row[1:])) for row in rows}
    for incident, less in _doubled(store, status):
        parts[{"year": incident["year"], "status": incident["status"]}.get(key, "all") or "unknown"].add(less)
    return {name: parts[name] for name in sorted(parts, key=lambda name: (name == "unknown", name))}


def _by_admin1(store: "Store", status: str | None) -> Summary:
    from casualty import frames

    where = "WHERE status = :status" if status else ""
    statement = sa.text(f"{_FIGURES} SELECT id AS part, {_SUMS} FROM figures {where} GROUP BY 1")
    areas = frames.areas(store, level=1)
    total = Sums()
    parts: dict[str, Sums] = {}
    for row in store.rows(statement, **({"status": status} if status else {})):
        sums = Sums(*map(int, row[1:]))
        total.add(sums)
        parts.setdefault(areas.get(row[0]) or "unknown", Sums()).add(sums)
    for incident, less in _doubled(store, status):
        total.add(less)
        parts[areas.get(incident["id"]) or "unknown"].add(less)
    return Summary(total, {name: parts[name] for name in sorted(parts, key=lambda name: (name == "unknown", name))})


def _doubled(store: "Store", status: str | None) -> "Iterator[tuple[sa.RowMapping, Sums]]":
    """Yield each incident that holds people counted as other rows, and what it adds less for that: sums of 0 or below."""
    from casualty import frames

    if not (counted := frames.counted_as(store)):
        return
    elsewhere = frames.counted_elsewhere(store, counted)
    for incident, victims in _incidents_of(store, sorted(counted)):
        if status is None or incident["status"] == status:
            was = _figures(incident, victims, {}, 0)
            now = _figures(incident, victims, counted, elsewhere.get(incident["id"], 0))
            yield incident, Sums(0, *(b - a for a, b in zip(was, now, strict=True)))


def _incidents_of(store: "Store", victims: list[str]) -> "Iterator[tuple[sa.RowMapping, list[VictimDraft]]]":
    """Yield the incidents in which these victims stand, each once, with all their victims."""
    from casualty.frames import AT_ONCE

    held, told = (sa.text(text).bindparams(sa.bindparam("ids", expanding=True)) for text in (_HELD, _TOLD))
    done: set[str] = set()
    for start in range(0, len(victims), AT_ONCE):
        rows = store.rows(held, ids=victims[start : start + AT_ONCE])
        fresh = {row.id: row._mapping for row in rows if row.id not in done}
        done |= fresh.keys()
        found: dict[str, list[VictimDraft]] = {}
        for row in store.rows(told, ids=sorted(fresh)):
            draft = {name: value for name, value in row._mapping.items() if name != "incident_id"}
            found.setdefault(row.incident_id, []).append(VictimDraft.model_validate(draft))
        yield from ((incident, found[key]) for key, incident in fresh.items())


_HELD = (
    "SELECT i.id, i.status, SUBSTR(CAST(i.date_start AS TEXT), 1, 4) AS year, i.killed_low, i.killed_best, i.killed_high"
    " FROM incident i WHERE i.id IN (SELECT incident_id FROM victim WHERE id IN :ids)"
)
_TOLD = (
    "SELECT incident_id, id, kind, harm, count_low, count_best, count_high, count_conflict, resolved_out_of FROM victim"
    " WHERE incident_id IN :ids"
)


def _figures(
    incident: sa.RowMapping, victims: list[VictimDraft], counted: dict[str, str], elsewhere: int
) -> tuple[int, int, int, int]:
    """Return the persons of an incident and its killed, low, best and high, as the queries sum them."""
    persons = sum(victim.kind == VictimKind.PERSON and victim.id not in counted for victim in victims)
    stated = rules.Range(incident["killed_low"], incident["killed_best"], incident["killed_high"])
    if stated.stated:
        low, best, high = (max((value or 0) - elsewhere, 0) for value in (stated.low, stated.best, stated.high))
        return persons, low, best, high
    killed = rules.victims_harmed(victims, Harm.KILLED, counted)
    return persons, killed.low or 0, killed.best or 0, killed.high or 0


def _by_group(store: "Store", status: str | None) -> dict[str, Sums]:
    """Per dimension and group: the incidents that harmed it, its persons, and those of it recorded as killed."""
    from casualty import frames

    where = "AND i.status = :status" if status else ""
    statement = sa.text(
        "SELECT DISTINCT v.id, v.incident_id, v.kind, v.harm, v.count_low, v.count_best, v.count_high, i.lat,"
        " d.code AS dimension, g.code AS grp, a.group_missing FROM attribution a JOIN victim v ON v.id = a.victim_id"
        " JOIN incident i ON i.id = v.incident_id JOIN dimension d ON d.id = a.dimension_id"
        " LEFT JOIN identity_group g ON g.id = a.group_id WHERE a.sense = 'own' AND d.state <> 'off'"
        f" AND i.withdrawn_at IS NULL AND i.merged_into_id IS NULL {where} ORDER BY 9, 10"
    )
    counted = frames.counted_as(store)
    harms = {row.id: row.harm for row in frames.victims_of(store, set(counted.values()))}
    parts: dict[str, Sums] = {}
    people: set[tuple[str, str]] = set()
    incidents: dict[str, dict[str, bool]] = {}
    for row in store.rows(statement, **({"status": status} if status else {})):
        name = f"{row.dimension}: {row.grp or row.group_missing}"
        sums = parts.setdefault(name, Sums())
        incidents.setdefault(name, {})[row.incident_id] = row.lat is None
        person = counted.get(row.id, row.id)
        if (name, person) not in people:
            people.add((name, person))
            _add_victim(sums, row, harms.get(person, row.harm))
    for name, found in incidents.items():
        parts[name].incidents = len(found)
        parts[name].without_place = sum(found.values())
    return parts


def _add_victim(sums: Sums, row: "sa.Row[Any]", harm: str) -> None:
    sums.victims += int(row.kind == "person")
    if harm == "killed":
        sums.killed_low += row.count_low or 0
        sums.killed_best += row.count_best or 0
        sums.killed_high += row.count_high or 0
        sums.without_best += int(row.count_best is None)
