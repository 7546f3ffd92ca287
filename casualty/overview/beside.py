"""What stands beside the columns: the unit each incident lies in, who speaks of it, who is alleged, whom it hit.

Worked out when it is first asked for, and after a write only for the incidents that were written.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import sqlalchemy as sa

from casualty import filters, frames
from casualty.linkage import fold
from casualty.overview import columns
from casualty.overview.columns import Codes, Columns, Words
from casualty.overview.keeping import Overview, Positions
from casualty.store import Store

Made = TypeVar("Made")
NOT_HELD = -2  # no code: -1 stands for incidents of which no unit is known

_TIES = {
    "source": (
        "SELECT DISTINCT c.incident_id, coalesce(c.source_id, d.source_id) FROM claim c JOIN document d ON d.id = c.document_id"
        " WHERE c.standing = 'current' AND coalesce(c.source_id, d.source_id) IS NOT NULL",
        "c.incident_id",
    ),
    "actor": (
        "SELECT DISTINCT v.incident_id, v.actor_id FROM involvement v WHERE v.actor_id IS NOT NULL",
        "v.incident_id",
    ),
    # Own identity, without what a person concluded (R40, R44); a dimension that is switched off does not exist (R41).
    "group": (
        "SELECT DISTINCT a.incident_id, m.code || '/' || g.code FROM attribution a JOIN identity_group g ON g.id = a.group_id"
        " JOIN dimension m ON m.id = g.dimension_id WHERE m.state <> 'off' AND a.sense = 'own'"
        " AND a.basis <> 'person_inferred'",
        "a.incident_id",
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ties:
    """Incidents (`at`, positions) and what each is tied to (`to`, words): one row for each tie, none twice."""

    at: Positions
    to: Words

    def only(self, to: Codes, n: int) -> "Ties":
        """Return the ties of the rows that are kept; `to` holds the new position of each, -1 where it is gone."""
        moved = to[self.at] if n else self.at
        kept = moved >= 0
        return Ties(moved[kept].astype(np.int32), self.to[kept])


def ties(overview: Overview, store: Store, name: str) -> Ties:
    """Return what the incidents are tied to: `source` (ids of who speaks of them now), `actor` (ids of who is alleged
    to have had a part in it), `group` (DIMENSION/GROUP of own identities)."""

    def read(ids: Collection[str] | None) -> Ties:
        text, key = _TIES[name]
        with store.reading() as connection:
            rows = [row for part in columns.parts(connection, text, key, ids) for row in part]
        held = np.array([row[0] for row in rows], dtype="S36")
        where = overview.keys.where(held)
        standing = where >= 0
        return Ties(where[standing], Words.of(row[1] for row in rows)[standing])

    return _kept(overview, name, read, _carried_ties)


def units(overview: Overview, store: Store, level: int) -> Words:
    """Return the unit of a level in which each incident lies: P-code, or the name as stated; the rules of `frames.areas`."""

    def read(ids: Collection[str] | None) -> Words:
        rows = overview.columns if ids is None else overview.columns.only(slice(_stayed(overview), None))
        return _located(store, rows, level)

    return _kept(overview, f"units:{level}", read, _carried_words)


def _kept(
    overview: Overview, name: str, read: Callable[[Collection[str] | None], Made],
    carried: Callable[[Overview, Any, Any], Made],
) -> Made:  # fmt: skip
    made: Made | None = overview.beside.get(name)
    if made is not None:  # nobody waits for what is there while something else is worked out
        return made
    with overview.lock:
        found = overview.beside.get(name)
        if found is None:
            earlier = overview.before.beside.get(name) if overview.before is not None else None
            fresh = read(None if earlier is None else _new(overview))
            found = fresh if earlier is None else carried(overview, earlier, fresh)
            overview.beside[name] = found
        return found


def _stayed(overview: Overview) -> int:
    return 0 if overview.came_from is None else len(overview.came_from)


def _new(overview: Overview) -> list[str]:
    return [key.decode() for key in overview.columns.ids[_stayed(overview) :]]


def _carried_words(overview: Overview, earlier: Words, fresh: Words) -> Words:
    return earlier[overview.came_from].joined(fresh)


def _carried_ties(overview: Overview, earlier: Ties, fresh: Ties) -> Ties:
    assert overview.before is not None
    assert overview.came_from is not None
    to = np.full(len(overview.before), -1, dtype=np.int32)
    to[overview.came_from] = np.arange(len(overview.came_from), dtype=np.int32)
    stayed = earlier.only(to, len(to))
    return Ties(np.concatenate([stayed.at, fresh.at]), stayed.to.joined(fresh.to))


def _located(store: Store, rows: Columns, level: int) -> Words:
    """Return the units: by P-code, else by the name stated, else by the point where its precision allows it."""
    where, names = frames.locator(store), frames.unit_names(store, level)
    stated = {1: rows.admin1, 2: rows.admin2}.get(level)
    above = [(where.ancestor(code, level) if where is not None else code) for code in rows.pcode.words]
    found = _through(rows.pcode, above)
    if stated is not None:
        by_name = _through(stated, [names.get(fold(word), word) for word in stated.words])
        found = [name if unit is None else unit for unit, name in zip(found, by_name, strict=True)]
    if where is not None:
        precise = rows.place_precision <= (4 if level == 1 else 3)
        open_rows = np.flatnonzero(
            np.array([unit is None for unit in found], dtype=bool) & precise & ~np.isnan(rows.lat)
        )
        for at, unit in zip(open_rows, where.locate(rows.lon[open_rows], rows.lat[open_rows], level), strict=True):
            found[int(at)] = unit
    return Words.of(found)


def _through(held: Words, to: list[str | None]) -> list[str | None]:
    return [None if code < 0 else to[code] for code in held.codes.tolist()]


def located(overview: Overview, store: Store) -> filters.Located:
    """Return what answers which incidents lie in a unit, by its P-code or the name stated; "": in none that is known."""

    def answered(pcode: str) -> Collection[str]:
        if not pcode:
            outside = units(overview, store, 1).codes < 0
            return [key.decode() for key in overview.columns.ids[outside]]
        lies = np.zeros(len(overview), dtype=bool)
        for level in _levels(store, pcode):
            held = units(overview, store, level)
            lies |= held.codes == (held.words.index(pcode) if pcode in held.words else NOT_HELD)
        return [key.decode() for key in overview.columns.ids[lies]]

    return answered


def _levels(store: Store, pcode: str) -> tuple[int, ...]:
    """Return the level of a unit; a word without boundaries is the name of a first- or second-order unit as stated."""
    text = "SELECT level FROM admin_unit WHERE pcode = :p AND withdrawn_at IS NULL ORDER BY recorded_at DESC, id DESC"
    found = store.rows(sa.text(text), p=pcode)
    return (int(found[0].level),) if found else (1, 2)
