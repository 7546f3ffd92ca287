"""Recorded persons: the index of their names in memory, and what is known of each."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import combinations
from typing import Any

import sqlalchemy as sa

from casualty.linkage import PersonTraits, name_keys
from casualty.schema import table

AT_ONCE = 400  # values of one IN list
ANEW = 5_000  # changed incidents from which reading all names anew is sooner done
CROWD = 30  # persons who share something: beyond that they must share more to be compared with each other
_FAR_DAYS = 35
_AGES = {"infant": (0.0, 1.0), "child": (0.0, 18.0), "adult": (18.0, 130.0), "older": (60.0, 130.0)}


@dataclass(frozen=True, slots=True)
class Person:
    """A person as recorded; `incident_code` is that of the record which their incident leads to."""

    victim_id: str
    victim_code: str
    incident_id: str
    incident_code: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Sight:
    """Which situations may be looked into: None is all of them.

    An incident of no situation is nobody's in particular: with a list of situations it is left out unless
    `unassigned`, so that what is not yet filed is not shown to those who were let into one situation only.
    """

    situations: frozenset[str] | None = None
    unassigned: bool = False

    def clause(self) -> sa.ColumnElement[bool]:
        """Return the condition on `incident`."""
        column = table("incident").c.situation_id
        if self.situations is None:
            return sa.true()
        return sa.or_(column.in_(sorted(self.situations)), column.is_(None) if self.unassigned else sa.false())


EVERYTHING = Sight()


class Names:
    """Keys of every recorded person's names, and the day; brought up to date along the ledger.

    The ledger says which incidents were written since: an amended name, a clock that runs late on another machine and
    a withdrawn batch are seen alike, which ids that rise with time would not show.
    """

    def __init__(self) -> None:
        self._seq = 0
        self._lock = threading.Lock()
        self._by_key: dict[str, set[str]] = {}
        self._held: dict[str, tuple[frozenset[str], int | None]] = {}
        self._of_incident: dict[str, list[str]] = {}

    def refresh(self, connection: sa.Connection) -> None:
        """Take in what was written since the last time."""
        revision = table("revision")
        with self._lock:
            seq = connection.execute(sa.select(sa.func.max(revision.c.seq))).scalar() or 0
            if seq <= self._seq:
                return
            changed = self._changed(connection)
            if changed is None:
                self._by_key, self._held, self._of_incident = {}, {}, {}
                self._take(connection.execute(_named()))
            for some in chunks(changed or ()):
                for incident in some:
                    self._forget(incident)
                self._take(connection.execute(_named().where(table("incident").c.id.in_(some))))
            self._seq = seq

    def _changed(self, connection: sa.Connection) -> Sequence[str] | None:
        """Return ids of the incidents written since the last time; None if everything is to be read anew."""
        if not self._seq:
            return None
        revision = table("revision")
        since = sa.select(revision.c.record_id).distinct()
        since = since.where(revision.c.seq > self._seq, revision.c.record_kind == "incident").limit(ANEW + 1)
        changed = connection.execute(since).scalars().all()
        return changed if len(changed) <= ANEW else None

    def _take(self, rows: Iterable[sa.Row[Any]]) -> None:
        for row in rows:
            incident, victim, name, day = tuple(row)
            before, _ = self._held.get(victim, (frozenset(), None))
            keys = name_keys(name)
            if victim not in self._held:
                self._of_incident.setdefault(incident, []).append(victim)
            self._held[victim] = before | keys, day.toordinal() if day else None
            for key in keys:
                self._by_key.setdefault(key, set()).add(victim)

    def _forget(self, incident: str) -> None:
        for victim in self._of_incident.pop(incident, ()):
            for key in self._held.pop(victim)[0]:
                self._by_key[key].discard(victim)

    def nearest(self, traits: PersonTraits, most: int) -> list[str]:
        """Return ids of the persons who share most parts of a name, and of those the nearest in days."""
        wanted = frozenset().union(*map(name_keys, traits.names)) if traits.names else frozenset()
        day = traits.date.toordinal() if traits.date else None
        with self._lock:
            votes = Counter[str]()
            for key in wanted:
                votes.update(self._by_key.get(key, ()))
            return nlargest(most, votes, key=lambda victim: self._nearness(victim, votes[victim], len(wanted), day))

    def _nearness(self, victim: str, votes: int, wanted: int, day: int | None) -> tuple[float, str]:
        keys, held = self._held[victim]
        apart = abs(day - held) if day is not None and held is not None else _FAR_DAYS
        # One part and the very day weigh as two parts do; parts that only one has weigh a little against.
        return votes + max(0.0, 1 - apart / 7) - 0.1 * abs(len(keys) - wanted) - min(apart, 3650) / 36500, victim

    def pairs(self) -> list[tuple[str, str]]:
        """Return pairs of persons who share a shelf (see `_shelves`) that is not crowded."""
        shelves: dict[tuple[str, ...], list[str]] = {}
        with self._lock:
            for victim, (keys, day) in sorted(self._held.items()):
                for shelf in _shelves(sorted(keys), day):
                    shelves.setdefault(shelf, []).append(victim)
            uncrowded = (victims for victims in shelves.values() if 1 < len(victims) <= CROWD)
            return sorted({two for victims in uncrowded for two in combinations(victims, 2) if self._may_be_one(*two)})

    def _may_be_one(self, a: str, b: str) -> bool:
        """Say whether two persons can be likely at all: more than a week apart two common parts of a name do not do."""
        (keys, day), (others, other_day) = self._held[a], self._held[b]
        return day is None or other_day is None or abs(day - other_day) <= 7 or len(keys & others) > 2


def _shelves(keys: list[str], day: int | None) -> Iterator[tuple[str, ...]]:
    """Yield what two records of one person share: two parts of a name, or one and the week, or in a crowd more of them.

    Where many bear the same names, two parts are shared by too many to compare: there it takes a third, the week, or
    the whole name. What is lost so is pairs of common names, a week or more apart, spelled differently in a part.
    """
    weeks = [f"{week} w" for week in (day // 7, day // 7 + 1)] if day is not None else []
    for some in (*combinations(keys, 2), *combinations(keys, 3)):
        yield some
        yield from ((*some, week) for week in weeks)
    yield from ((key, week) for key in keys for week in weeks)
    yield (*keys, "whole")


def _named() -> sa.Select[Any]:
    name, incident = table("victim_name"), table("incident")
    return sa.select(name.c.incident_id, name.c.victim_id, name.c.name, incident.c.date_start).join(
        incident, incident.c.id == name.c.incident_id
    )


def described(
    connection: sa.Connection, victims: Collection[str], sight: Sight, *, counted: bool = False
) -> list[tuple[Person, PersonTraits]]:
    """Return persons with their traits, those that may be seen; with `counted` none of a duplicate."""
    victim, incident, name, target = (table("victim"), table("incident"), table("victim_name"),
                                      table("incident").alias("target"))  # fmt: skip
    whole = sa.select(victim, *(incident.c[column].label(f"incident_{column}") for column in _OF_INCIDENT),
                      sa.func.coalesce(target.c.code, incident.c.code).label("record"))  # fmt: skip
    whole = whole.join(incident, incident.c.id == victim.c.incident_id)
    whole = whole.outerjoin(target, target.c.id == incident.c.merged_into_id)
    whole = whole.where(incident.c.withdrawn_at.is_(None), sight.clause())
    if counted:
        whole = whole.where(incident.c.merged_into_id.is_(None))
    names: dict[str, list[str]] = {}
    rows: list[sa.Row[Any]] = []
    for some in chunks(sorted(victims)):
        rows += connection.execute(whole.where(victim.c.id.in_(some))).all()
        said = sa.select(name.c.victim_id, name.c.name).where(name.c.victim_id.in_(some)).order_by(name.c.id)
        for one in connection.execute(said):
            names.setdefault(one.victim_id, []).append(one.name)
    return [_person(row, tuple(names.get(row.id, ()))) for row in rows]


_OF_INCIDENT = ("date_start", "date_end", "lat", "lon", "uncertainty_m", "pcode")


def _person(row: sa.Row[Any], names: tuple[str, ...]) -> tuple[Person, PersonTraits]:
    low, high = (row.age_years, row.age_years) if row.age_years is not None else (row.age_low, row.age_high)
    if low is None and high is None:
        low, high = _AGES.get(row.age_band, (None, None))
    traits = PersonTraits(
        names=names, sex=row.sex, age_low=low, age_high=high, date=row.date_of_death or row.incident_date_start,
        date_end=row.date_of_death or row.incident_date_end, pcode=row.incident_pcode, harm=row.harm,
        place=None if row.incident_lat is None else (row.incident_lat, row.incident_lon),
        uncertainty_m=row.incident_uncertainty_m,
    )  # fmt: skip
    return Person(row.id, row.code, row.incident_id, row.record, names), traits


def chunks(values: Collection[str]) -> Iterator[list[str]]:
    every = list(values)
    yield from (every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE))
