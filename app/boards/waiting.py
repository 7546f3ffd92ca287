"""What of a selection waits: put forward, in review, back with its recorder; how long, and for how many nobody is asked."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from casualty.overview import STATUSES, Selection
from casualty.schema import table
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

WAITING = (IncidentStatus.SUBMITTED, IncidentStatus.IN_REVIEW, IncidentStatus.NEEDS_WORK)


@dataclass(frozen=True, slots=True)
class Waits:
    """Incidents at one status that waits: how many, days since the first of them was recorded, how many are unassigned."""

    status: IncidentStatus
    n: int
    oldest: int | None
    unassigned: int


def waits(chosen: Selection, store: Store) -> list[Waits]:
    """Return what waits of a selection, status by status. Age is counted from the recording, as in the queue."""
    assigned = np.zeros(len(chosen.overview), dtype=bool)
    keys = [row.incident_id for row in store.rows(sa.select(table("assignment").c.incident_id))]
    at = chosen.overview.keys.where(np.array(keys, dtype="S36"))
    assigned[at[at >= 0]] = True
    status = chosen.columns.status[chosen.at]
    found = []
    for word in WAITING:
        here = chosen.at[status == STATUSES.index(str(word))]
        # Ids are made in the order of recording, so that the least is the first.
        first = min(chosen.columns.ids[here].tolist()).decode() if len(here) else None
        found.append(Waits(word, len(here), _days(store, first), int((~assigned[here]).sum())))
    return found


def _days(store: Store, incident: str | None) -> int | None:
    if incident is None:
        return None
    held = table("incident")
    rows = store.rows(sa.select(held.c.recorded_at).where(held.c.id == incident))
    return (store.now() - datetime.fromisoformat(rows[0].recorded_at)).days if rows else None
