"""What has been written since a link of the ledger, as far as somebody sees it: new, amended, judged, taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from app.language import later
from casualty import overview
from casualty.access import Acting
from casualty.ledger import Head
from casualty.overview import Selection
from casualty.schema import table
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Operation

NEW, JUDGED, AMENDED, GONE = "new", "judged", "amended", "gone"
HEADS: Mapping[str, str] = {
    NEW: later("New"),
    JUDGED: later("Judged"),
    AMENDED: later("Amended"),
    GONE: later("Withdrawn or merged"),
}
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Change:
    """An incident that was written: its code and status now, what was done (the weightiest of all), by whom and when last."""

    code: str
    what: str
    status: IncidentStatus
    by: tuple[str, ...]
    at: str


def since(
    chosen: Selection, store: Store, by: Acting, seen: Head, situation: sa.ColumnElement[bool]
) -> list[Change] | None:
    """Return the incidents of a selection that were written after a link, the last written first; None if too many were.

    Of those that stand no more, all that `by` sees and for which `situation` holds on the table `incident` are among them,
    whatever else the filter asks: it can no longer be asked of them.
    """
    visible = sa.and_(store.visible(by), situation)
    with store.reading() as connection:
        changed = overview.changes(connection, seen, chosen.overview.head)
        if changed is None:
            return None
        ids = sorted(changed.get("incident", frozenset()))
        at = chosen.overview.keys.where(np.array(ids, dtype="S36"))
        inside = np.isin(at, chosen.at)
        mine = {key for key, held in zip(ids, inside, strict=True) if held}
        fallen = [key for key, place in zip(ids, at, strict=True) if place < 0]
        mine |= _seen(connection, fallen, visible)
        return _changes(connection, mine, seen, chosen.overview.head)


def _seen(connection: sa.Connection, ids: list[str], condition: sa.ColumnElement[bool]) -> set[str]:
    incident = table("incident")
    found: set[str] = set()
    for part in _parts(ids):
        chosen = sa.select(incident.c.id).where(incident.c.id.in_(part), condition)
        found |= set(connection.execute(chosen).scalars())
    return found


def _parts(ids: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(ids)
    return (listed[at : at + AT_ONCE] for at in range(0, len(listed), AT_ONCE))


def _changes(connection: sa.Connection, ids: set[str], seen: Head, until: Head) -> list[Change]:
    revision, incident = table("revision"), table("incident")
    done: dict[str, list[Any]] = {}
    held: dict[str, Any] = {}
    for part in _parts(ids):
        wrote = sa.select(revision).where(
            revision.c.record_kind == "incident", revision.c.record_id.in_(part), revision.c.seq > seen.seq,
            revision.c.seq <= until.seq,
        )  # fmt: skip
        for row in connection.execute(wrote.order_by(revision.c.seq)):
            done.setdefault(row.record_id, []).append(row)
        now = sa.select(incident.c.id, incident.c.code, incident.c.status).where(incident.c.id.in_(part))
        held |= {row.id: row for row in connection.execute(now)}
    found = [_change(held[key], rows) for key, rows in done.items()]
    return sorted(found, key=lambda change: (change.at, change.code), reverse=True)


def _change(row: Any, done: list[Any]) -> Change:
    operations = {one.operation for one in done}
    status = IncidentStatus(row.status)
    what = AMENDED
    if status in (IncidentStatus.WITHDRAWN, IncidentStatus.DUPLICATE):
        what = GONE
    elif Operation.RECORD in operations:
        what = NEW
    elif Operation.REVIEW in operations:
        what = JUDGED
    return Change(row.code, what, status, tuple(dict.fromkeys(one.actor for one in done)), done[-1].at)
