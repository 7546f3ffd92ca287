"""What waits for review: a page of it at a time, the first recorded first, with who is at work on what.

Ids are made in the order of recording (UUIDv7), so the order of ids is the order of the queue and a page begins where the
one before ended, whatever was added meanwhile. Age is counted from the recording, not from the last change of status.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from casualty import access, bodies, rules
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, UsageFault
from casualty.review.stating import JUDGEMENT
from casualty.rules import Range
from casualty.schema import table
from casualty.store import Desk, Store
from casualty.vocabulary import IncidentStatus, Operation, Role

WAITING = (IncidentStatus.SUBMITTED, IncidentStatus.IN_REVIEW)
COUNTED_TO = 10_000  # more are counted as "more than": counting them all would cost more than showing a page
VIEWED_SECONDS = 60
KEPT_SECONDS = 24 * 3600
MOST = 200
NOBODY, ME = "nobody", "me"


@dataclass(frozen=True, slots=True)
class Item:
    """One incident in the queue. `age_days` since it was recorded; `claims` and `origins` as review counts them.

    `own` is the reader's own work, which another must review; `waits_for` says what its next move needs.
    """

    id: str
    code: str
    status: IncidentStatus
    age_days: int
    title: str | None
    place: str | None
    date_start: date | None
    date_end: date | None
    killed: Range
    claims: int
    origins: int
    recorded_by: str
    assignee: str | None
    viewers: tuple[str, ...]
    own: bool
    waits_for: Fault


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the queue. `total` counts what was asked for; with `more` there are more than that. `next`: the cursor."""

    items: tuple[Item, ...]
    total: int
    more: bool
    next: str | None


def queue(
    store: Store, by: Acting, *, status: IncidentStatus | Sequence[IncidentStatus] | None = None,
    assignee: str | None = None, text: str | None = None, situation: str | None = None, recorder: str | None = None,
    older_than_days: int | None = None, after: str | None = None, limit: int = 25,
) -> Page:  # fmt: skip
    """Return a page of the incidents that wait for review, the first recorded first, as far as `by` sees them.

    Parameters
    ----------
    status: one or several; without it submitted and in review. assignee: a name, "me" or "nobody"; without it everybody's.
    text: stands in the code, the title, the place as reported or the names of its units. situation: its id.
    recorder: who recorded it. older_than_days: recorded longer ago. after: `next` of the page before. limit: 1 to 200.
    """
    wanted = _statuses(status)
    if not 1 <= limit <= MOST:
        raise UsageFault("A page holds 1 to {most} incidents.", values={"most": MOST})
    seen_by = store.visible(by)
    minimum = store.deployment()["minimum_origins"]
    incident = table("incident")
    now = store.now()
    chosen = [*_filters(by, assignee, text, situation, recorder), seen_by]
    if older_than_days is not None:
        chosen.append(incident.c.recorded_at < bodies.stamp(now - timedelta(days=older_than_days)))
    with store.reading() as connection:
        total = _total(connection, wanted, chosen)
        rows = _rows(connection, wanted, chosen, after, limit + 1, many=total > COUNTED_TO)
        items = tuple(_items(connection, rows[:limit], by, now, minimum))
    following = rows[limit - 1].id if len(rows) > limit else None
    return Page(items, min(total, COUNTED_TO), total > COUNTED_TO, following)


def _statuses(status: IncidentStatus | Sequence[IncidentStatus] | None) -> tuple[IncidentStatus, ...]:
    if status is None:
        return WAITING
    return (IncidentStatus(status),) if isinstance(status, str) else tuple(map(IncidentStatus, status))


def _filters(
    by: Acting, assignee: str | None, text: str | None, situation: str | None, recorder: str | None
) -> list[sa.ColumnElement[bool]]:
    incident, assignment = table("incident"), table("assignment")
    chosen: list[sa.ColumnElement[bool]] = []
    if assignee == NOBODY:
        chosen.append(incident.c.id.not_in(sa.select(assignment.c.incident_id)))
    elif assignee is not None:
        name = by.name if assignee == ME else assignee
        chosen.append(incident.c.id.in_(sa.select(assignment.c.incident_id).where(assignment.c.reviewer == name)))
    if text and text.strip():
        words = text.strip().replace("\x00", "")
        columns = (incident.c[name] for name in ("code", "title", "place_as_reported", "admin1", "admin2", "country"))
        chosen.append(sa.or_(*(column.icontains(words, autoescape=True) for column in columns)))
    if situation is not None:
        chosen.append(incident.c.situation_id == situation)
    if recorder is not None:
        chosen.append(incident.c.recorded_by == recorder)
    return chosen


def _total(connection: sa.Connection, statuses: Sequence[IncidentStatus], chosen: list[sa.ColumnElement[bool]]) -> int:
    """Count what was asked for, up to one more than is counted at all."""
    incident = table("incident")
    some = sa.select(incident.c.id).where(incident.c.status.in_(statuses), *chosen).limit(COUNTED_TO + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _rows(
    connection: sa.Connection, statuses: Sequence[IncidentStatus], chosen: list[sa.ColumnElement[bool]],
    after: str | None, limit: int, *, many: bool,
) -> Sequence[sa.Row[Any]]:  # fmt: skip
    """Return the rows of a page, in order of id.

    Where many are asked for, the index of ids is walked and few rows are passed over; where few are, the index of statuses
    finds them. A database that keeps no statistics would sort all of the many: the joined text hides that index from it.
    """
    incident = table("incident")
    status = sa.type_coerce(incident.c.status, sa.String)
    plain = (status + "").in_([s.value for s in statuses]) if many else incident.c.status.in_(statuses)
    columns = [incident.c[name] for name in COLUMNS.split()]
    statement = sa.select(*columns).where(plain, *chosen).order_by(incident.c.id).limit(limit)
    return connection.execute(statement.where(incident.c.id > after) if after else statement).all()


COLUMNS = (
    "id code status recorded_at recorded_by title place_as_reported admin2 admin1 country date_start date_end"
    " killed_low killed_best killed_high"
)


def _items(
    connection: sa.Connection, rows: Sequence[sa.Row[Any]], by: Acting, now: datetime, minimum: int
) -> Iterable[Item]:
    ids = [row.id for row in rows]
    repeats = _repeats(connection, ids)
    claims = _claims(connection, {*ids, *repeats}, repeats)
    hands = _hands(connection, {*ids, *repeats}, repeats)
    viewed = _viewers(connection, ids, by, now)
    assignment = table("assignment")
    assigned = dict(
        connection.execute(
            sa.select(assignment.c.incident_id, assignment.c.reviewer).where(assignment.c.incident_id.in_(ids))
        ).all()
    )
    for row in rows:
        number, origins = claims.get(row.id, (0, 0))
        own = any(rules.same_hand(by.name, hand) for hand in {row.recorded_by, *hands.get(row.id, ())})
        yield Item(
            row.id, row.code, row.status, (now - datetime.fromisoformat(row.recorded_at)).days, row.title,
            row.place_as_reported or row.admin2 or row.admin1 or row.country, row.date_start, row.date_end,
            Range(row.killed_low, row.killed_best, row.killed_high), number, origins, row.recorded_by,
            assigned.get(row.id), viewed.get(row.id, ()), own, rules.waits_for(row.status, origins, minimum, own=own),
        )  # fmt: skip


def _repeats(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    """Return the incidents merged into these, through others too: the id of each, and of the one it leads to."""
    incident = table("incident")
    found: dict[str, str] = {}
    edge = {key: key for key in ids}
    while edge:
        chosen = sa.select(incident.c.id, incident.c.merged_into_id).where(incident.c.merged_into_id.in_(list(edge)))
        edge = {row.id: edge[row.merged_into_id] for row in connection.execute(chosen) if row.id not in found}
        found |= edge
    return found


def _claims(connection: sa.Connection, ids: Iterable[str], repeats: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Return the number of current claims and of independent origins of each incident."""
    claim, document = table("claim"), table("document")
    chosen = (
        sa.select(
            claim.c.incident_id, claim.c.document_id, claim.c.source_id, claim.c.origin_id, claim.c.standing,
            document.c.source_id.label("of_document"),
        )
        .join(document, document.c.id == claim.c.document_id)
        .where(claim.c.incident_id.in_(list(ids)), claim.c.standing == "current", document.c.withdrawn_at.is_(None))
    )  # fmt: skip
    held: dict[str, list[dict[str, Any]]] = {}
    source_of: dict[str, str | None] = {}
    for row in connection.execute(chosen):
        held.setdefault(repeats.get(row.incident_id, row.incident_id), []).append(dict(row._mapping))
        source_of[row.document_id] = row.of_document
    return {key: (len(claims), rules.independent_origins(claims, source_of)) for key, claims in held.items()}


def _hands(connection: sa.Connection, ids: Iterable[str], repeats: dict[str, str]) -> dict[str, set[str]]:
    revision = table("revision")
    written = [Operation.RECORD, Operation.AMEND, Operation.RESTORE]
    chosen = sa.select(revision.c.record_id, revision.c.actor).where(
        revision.c.record_kind == "incident", revision.c.record_id.in_(list(ids)), revision.c.operation.in_(written)
    )
    found: dict[str, set[str]] = {}
    for row in connection.execute(chosen):
        found.setdefault(repeats.get(row.record_id, row.record_id), set()).add(row.actor)
    return found


def assign(store: Store, incident_id: str, reviewer: str | None, by: Acting) -> None:
    """Ask somebody to review an incident, or nobody (None); only who may judge it can be asked. Raises NotFound."""
    access.permit(by, "review")
    rows = store.current("incident", incident_id, by=by)
    assignment = table("assignment")
    with store.desk(by) as desk:
        if reviewer is not None:
            _must_be_able(desk, rows["incident"][0], reviewer)
        desk.connection.execute(assignment.delete().where(assignment.c.incident_id == incident_id))
        if reviewer is not None:
            row = {"incident_id": incident_id, "reviewer": reviewer, "assigned_by": by.name, "assigned_at": desk.at}
            desk.connection.execute(assignment.insert(), row)


def _must_be_able(desk: Desk, incident: dict[str, Any], reviewer: str) -> None:
    account = table("account")
    bodies.refuse_unstorable({"assignment": [{"reviewer": reviewer}]})
    hands = _hands(desk.connection, [incident["id"]], {}).get(incident["id"], set()) | {incident["recorded_by"]}
    if any(rules.same_hand(reviewer, hand) for hand in hands):
        text = "{name} recorded or amended it."
        raise InvalidRecords(JUDGEMENT, [Fault(0, "reviewer", text, "Ask a second person.", {"name": reviewer})])
    if desk.by.local:
        return
    chosen = sa.select(account.c.id).where(
        account.c.name == reviewer, account.c.role == Role.REVIEWER, account.c.active, account.c.withdrawn_at.is_(None)
    )
    if desk.connection.execute(chosen).first() is None:
        text = "{name} is no account that may review."
        raise InvalidRecords(JUDGEMENT, [Fault(0, "reviewer", text, "Name a reviewer.", {"name": reviewer})])


def viewing(store: Store, incident_id: str, by: Acting) -> None:
    """Say that `by` has an incident open, now; a page says so again while it stays open. What is a day old is swept."""
    store.current("incident", incident_id, by=by)
    part = table("viewing")
    with store.desk(by) as desk:
        old = bodies.stamp(datetime.fromisoformat(desk.at) - timedelta(seconds=KEPT_SECONDS))
        mine = (part.c.incident_id == incident_id) & (part.c.account == by.name)
        desk.connection.execute(part.delete().where(mine | (part.c.seen_at < old)))
        desk.connection.execute(part.insert(), {"incident_id": incident_id, "account": by.name, "seen_at": desk.at})


def viewers(store: Store, incident_id: str, by: Acting) -> tuple[str, ...]:
    """Return who else has an incident open: those whose page said so within the last minute."""
    with store.reading() as connection:
        return _viewers(connection, [incident_id], by, store.now()).get(incident_id, ())


def _viewers(connection: sa.Connection, ids: Sequence[str], by: Acting, now: datetime) -> dict[str, tuple[str, ...]]:
    part = table("viewing")
    since = bodies.stamp(now - timedelta(seconds=VIEWED_SECONDS))
    chosen = sa.select(part.c.incident_id, part.c.account).where(
        part.c.incident_id.in_(ids), part.c.seen_at >= since, part.c.account != by.name
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(chosen.order_by(part.c.account)):
        found[row.incident_id] = (*found.get(row.incident_id, ()), row.account)
    return found
