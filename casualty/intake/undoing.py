"""Taking a batch back: what it recorded is withdrawn, what it changed returns to the state before, all of it kept."""

import json
from collections.abc import Callable

import sqlalchemy as sa

from casualty.intake import incidents
from casualty.ledger import Rows, current_bodies
from casualty.vocabulary import Operation
from casualty.writing import Writer

WITH_THE_BATCH = ("incident", "population", "admin_unit", "identity_group")


def undo(writer: Writer, batch_id: str, progress: Callable[[int], None]) -> dict[str, int]:
    """Take back a batch's revisions, newest record first, and mark the batch withdrawn.

    Incidents, population figures, units and groups go with their batch. Actors, sources, origins, situations and
    dimensions that it named stay: others may have come to rely on them, and a name accuses nobody.
    """
    revision, body = sa.table("revision", *map(sa.column, ("seq", "record_kind", "record_id", "operation", "batch_id"))), sa.table(
        "revision_body", sa.column("seq"), sa.column("before")
    )
    rows = writer.connection.execute(
        sa.select(revision.c.record_kind, revision.c.record_id, sa.func.min(revision.c.seq), sa.func.max(revision.c.seq))
        .where(revision.c.batch_id == batch_id, revision.c.record_kind.in_(WITH_THE_BATCH))
        .group_by(revision.c.record_kind, revision.c.record_id)
        .order_by(sa.func.min(revision.c.seq).desc())
    ).all()
    done = {"withdrawn": 0, "restored": 0, "left": 0}
    for number, (kind, record_id, first, last) in enumerate(rows, start=1):
        held = next(found for _, found in current_bodies(writer.connection, kind, [record_id]))
        was = writer.connection.execute(sa.select(body.c.before).where(body.c.seq == first)).scalar()
        since = writer.connection.execute(
            sa.select(sa.exists().where(revision.c.record_id == record_id, revision.c.seq > last))
        ).scalar()
        done[_undo_one(writer, kind, held, json.loads(was) if was else None, changed_since=bool(since))] += 1
        if number % 2000 == 0:
            progress(number)
    batch = next(found for _, found in current_bodies(writer.connection, "batch", [batch_id]))
    writer.withdraw("batch", batch)
    return done


def _undo_one(writer: Writer, kind: str, held: Rows, was: Rows | None, *, changed_since: bool) -> str:
    if was is not None:
        if changed_since:
            return "left"
        writer.change(kind, held, _as_it_was(held, was), Operation.RESTORE)
        return "restored"
    if kind == "incident":
        incidents.withdraw(writer, held)
    elif "withdrawn_at" not in held[kind][0]:
        writer.withdraw(kind, held)
    return "withdrawn"


def _as_it_was(held: Rows, was: Rows) -> Rows:
    """Return the earlier state; claims that came since are evidence and stay, as withdrawn."""
    if "claim" not in held:
        return was
    before = {claim["id"] for claim in was.get("claim", [])}
    later = [claim | {"standing": "withdrawn"} for claim in held["claim"] if claim["id"] not in before]
    return {**was, "claim": [*was.get("claim", []), *later]}
