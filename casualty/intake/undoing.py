"""Taking a batch back: what it recorded is withdrawn, what it changed returns to the state before, all of it kept."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import sqlalchemy as sa

from casualty.intake import incidents
from casualty.intake.batch import PROGRESS_EVERY
from casualty.ledger import Rows, body, current_bodies
from casualty.vocabulary import IntakeFormat, Operation
from casualty.writing import Writer

AT_ONCE = 500
WITH_THE_BATCH = ("incident", "population", "admin_unit", "named_place", "identity_group", "actor")
NAMED_BY_ROWS = ("identity_group", "actor")


def undo(writer: Writer, batch_id: str, progress: Callable[[int], None]) -> dict[str, int]:
    """Take back a batch's revisions, newest record first, and mark the batch withdrawn.

    Incidents, population figures and units go with their batch, and groups and actors with the file that lists them.
    Names that an incident's row brought along (actors, sources, origins, situations, dimensions, groups) stay: others
    may have come to rely on them, and a name accuses nobody. A record that tells of something else by now (another
    batch, a person, another source) is left as it is, but for this batch's claims on it.
    """
    batch = next(found for _, found in current_bodies(writer.connection, "batch", [batch_id]))
    listed = {IntakeFormat.GROUPS: "identity_group", IntakeFormat.ACTORS: "actor"}.get(batch["batch"][0]["format"])
    kinds = [kind for kind in WITH_THE_BATCH if kind not in NAMED_BY_ROWS or kind == listed]
    done = {"withdrawn": 0, "restored": 0, "left": 0}
    for number, (kind, held, was, left) in enumerate(_touched(writer, batch_id, kinds), start=1):
        done[_undo_one(writer, batch_id, kind, held, was, left)] += 1
        if number % PROGRESS_EVERY == 0:
            progress(number)
    writer.withdraw("batch", batch)
    return done


def _touched(
    writer: Writer, batch_id: str, kinds: Sequence[str]
) -> Iterator[tuple[str, Rows, Rows | None, Rows | None]]:
    """Yield kind, rows as they stand, rows before the batch (None: not there), and rows as it left them, in bulk."""
    revision = sa.table("revision", *map(sa.column, ("seq", "record_kind", "record_id", "batch_id")))
    touched = (
        sa.select(
            revision.c.record_kind, revision.c.record_id, sa.func.min(revision.c.seq), sa.func.max(revision.c.seq)
        )
        .where(revision.c.batch_id == batch_id, revision.c.record_kind.in_(kinds))
        .group_by(revision.c.record_kind, revision.c.record_id)
        .order_by(sa.func.min(revision.c.seq).desc())
    )
    records = iter(writer.connection.execute(touched).all())
    while chunk := list(islice(records, AT_ONCE)):
        writer.flush()
        before, after = (
            _bodies(writer, "before", [row[2] for row in chunk]),
            _bodies(writer, "after", [row[3] for row in chunk]),
        )
        for kind in dict.fromkeys(row[0] for row in chunk):
            held = dict(current_bodies(writer.connection, kind, [row[1] for row in chunk if row[0] == kind]))
            for _, record_id, first, last in (row for row in chunk if row[0] == kind):
                was, left = before.get(first), after.get(last)
                yield (
                    kind,
                    held[record_id],
                    json.loads(was) if was else None,
                    json.loads(left) if was and left else None,
                )


def _bodies(writer: Writer, side: str, numbers: list[int]) -> dict[int, str | None]:
    bodies = sa.table("revision_body", sa.column("seq"), sa.column(side))
    rows = writer.connection.execute(sa.select(bodies.c.seq, bodies.c[side]).where(bodies.c.seq.in_(numbers)))
    return {row[0]: row[1] for row in rows}


def _undo_one(writer: Writer, batch_id: str, kind: str, held: Rows, was: Rows | None, left: Rows | None) -> str:
    if was is not None:
        if _told(held, left) != _told(left or {}, left) or _taken(writer, was):
            return "left"
        writer.change(kind, held, _as_it_was(held, was), Operation.RESTORE)
        return "restored"
    if kind == "incident":
        return _take_back(writer, batch_id, held)
    if "withdrawn_at" not in held[kind][0]:
        writer.withdraw(kind, held)
    return "withdrawn"


def _told(rows: Rows, left: Rows | None) -> str:
    """Return what rows say, to be compared with what the batch left: without versions, and without later claims."""
    claims = {claim["id"] for claim in (left or {}).get("claim", [])}
    return body(
        {
            name: [
                {k: v for k, v in row.items() if k != "version"}
                for row in part
                if name != "claim" or row["id"] in claims
            ]
            for name, part in rows.items()
        }
    )


def _taken(writer: Writer, was: Rows) -> bool:
    """Return whether a row that would stand again tells of another incident by now."""
    claim = sa.table("claim", *map(sa.column, ("incident_id", "dataset", "external_id", "occurrence", "standing")))
    again = [one for one in was.get("claim", []) if one["standing"] == "current" and one.get("dataset")]
    return any(
        writer.connection.execute(
            sa.select(claim.c.incident_id).where(
                *(claim.c[name] == one[name] for name in ("dataset", "external_id", "occurrence", "standing")),
                claim.c.incident_id != one["incident_id"],
            )
        ).first()
        for one in again
    )  # fmt: skip


def _take_back(writer: Writer, batch_id: str, held: Rows) -> str:
    """Withdraw an incident that the batch recorded, unless another claim supports it by now."""
    if any(claim["standing"] == "current" and claim.get("batch_id") != batch_id for claim in held["claim"]):
        claims = [
            claim | {"standing": "withdrawn"} if claim.get("batch_id") == batch_id else claim for claim in held["claim"]
        ]
        writer.change("incident", held, {**held, "claim": claims}, Operation.AMEND)
        return "left"
    incidents.withdraw(writer, held)
    return "withdrawn"


def _as_it_was(held: Rows, was: Rows) -> Rows:
    """Return the earlier state; claims that came since are evidence and stay, as withdrawn, first to free their keys."""
    if "claim" not in held:
        return was
    before = {claim["id"] for claim in was.get("claim", [])}
    later = [claim | {"standing": "withdrawn"} for claim in held["claim"] if claim["id"] not in before]
    return {**was, "claim": [*later, *was.get("claim", [])]}
