"""When somebody last looked at a situation: what has come since is new to them. It lies on the desk and is no record.

A visit lasts as long as the page is opened again within half an hour; a reload starts no new one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from casualty.access import Acting
from casualty.ledger import GENESIS, Head
from casualty.schema import table
from casualty.store import Store

EVERYTHING = "all"
LASTS = timedelta(minutes=30)
NOTED_EVERY = timedelta(minutes=1)  # the same visit is written again no more often: looking is no work for the database


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody had seen before this visit: up to which link of the ledger, and until when (UTC, as the record has it).

    `first`: nothing, this is their first visit. `since` is None on a first visit, and where the ledger does not hold the
    link any more: the database was restored from an older copy.
    """

    first: bool
    at: str = ""
    since: Head | None = None


def visit(store: Store, by: Acting, place: str, head: Head) -> Seen:
    """Say that `by` looks at a place (a situation's id, or EVERYTHING) as of a link of the ledger; return what they saw before.

    Does not say what they read: a page that was opened counts as seen.
    """
    now = store.now()
    with store.reading() as connection:
        held = _held(connection, by, place)
        if held is not None and _goes_on(held, now) and not _to_note(held, head, now):
            return _seen(connection, held)
    visits = table("visit")
    with store.desk(by) as desk:
        held = _held(desk.connection, by, place, lock=True)
        row = _next(held, head, now, desk.at) | {"account": by.name, "place": place}
        mine = (visits.c.account == by.name) & (visits.c.place == place)
        if held is None:
            desk.connection.execute(_LAY, row)
        else:
            desk.connection.execute(visits.update().where(mine).values(row))
        return _seen(desk.connection, row)


# Two tabs opened at one moment both find no visit yet: the second finds that of the first.
_LAY = sa.text(
    "INSERT INTO visit (account, place, seq, at, since_seq, since_at)"
    " VALUES (:account, :place, :seq, :at, :since_seq, :since_at) ON CONFLICT (account, place) DO NOTHING"
)


def _held(connection: sa.Connection, by: Acting, place: str, *, lock: bool = False) -> dict[str, Any] | None:
    visits = table("visit")
    chosen = sa.select(visits).where(visits.c.account == by.name, visits.c.place == place)
    found = connection.execute(chosen.with_for_update() if lock else chosen).first()
    return None if found is None else dict(found._mapping)


def _goes_on(held: dict[str, Any], now: datetime) -> bool:
    return now - datetime.fromisoformat(held["at"]) < LASTS


def _to_note(held: dict[str, Any], head: Head, now: datetime) -> bool:
    return held["seq"] != head.seq or now - datetime.fromisoformat(held["at"]) >= NOTED_EVERY


def _next(held: dict[str, Any] | None, head: Head, now: datetime, at: str) -> dict[str, Any]:
    """Return the row of a visit as it stands after the page was opened at this moment."""
    if held is None:
        return {"seq": head.seq, "at": at, "since_seq": 0, "since_at": ""}
    before = ("since_seq", "since_at") if _goes_on(held, now) else ("seq", "at")
    return {"seq": head.seq, "at": at, "since_seq": held[before[0]], "since_at": held[before[1]]}


def _seen(connection: sa.Connection, row: dict[str, Any]) -> Seen:
    if not row["since_at"]:
        return Seen(first=True)
    revision = table("revision")
    found = connection.execute(sa.select(revision.c.hash).where(revision.c.seq == row["since_seq"])).scalar()
    since = Head(0, GENESIS) if row["since_seq"] == 0 else None if found is None else Head(row["since_seq"], found)
    return Seen(first=False, at=row["since_at"], since=since)
