"""What somebody is typing: kept in the database as it is typed, until it is saved as a record or thrown away.

A form is a mapping of field names to what stands in them. Two devices of one person may type in the same form: each sends
only the fields that it changed, and the last one to change a field wins that field alone. Nothing here is a record, and
none of it is in the ledger. Standards: R75 (offline-tolerant entry); Berkeley Protocol, chapter VI, on integrity of entry.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotFound
from casualty.schema import table
from casualty.store import Desk, Store

MOST_TYPED = 2_000_000  # characters of one form: some thousand victims with all their details
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LAY = sa.text(
    "INSERT INTO unfinished (id, account, incident_id, version, begun_at, typed_at, typed)"
    " VALUES (:id, :account, :incident_id, :version, :begun_at, :typed_at, :typed) ON CONFLICT (id) DO NOTHING"
)
KEPT_DAYS = 30  # how long a form that became a record is remembered, so that saving it again makes nothing new


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its fields as typed, what it amends (if anything), and the record that it became (if it did)."""

    id: str
    typed: dict[str, Any]
    incident_id: str | None
    version: int | None
    begun_at: str
    typed_at: str
    saved_id: str | None


def forms(store: Store, by: Acting) -> list[Form]:
    """Return the forms that `by` has not finished, the last typed first."""
    unfinished = table("unfinished")
    mine = sa.select(unfinished).where(unfinished.c.account == by.name, unfinished.c.saved_id.is_(None))
    return [_form(dict(row._mapping)) for row in store.rows(mine.order_by(unfinished.c.typed_at.desc()))]


def form(store: Store, by: Acting, form_id: str) -> Form | None:
    """Return one form of `by`, None if nothing has been typed in it yet; raise NotFound if it is somebody else's."""
    unfinished = table("unfinished")
    found = store.rows(sa.select(unfinished).where(unfinished.c.id == form_id))
    if not found:
        return None
    if found[0].account != by.name:
        raise NotFound("This form is not on your desk.")
    return _form(dict(found[0]._mapping))


def amending(store: Store, by: Acting, incident_id: str) -> Form | None:
    """Return the unfinished amendment of an incident by `by`, if there is one."""
    return next((form for form in forms(store, by) if form.incident_id == incident_id), None)


def keep(
    store: Store, by: Acting, form_id: str, changed: Mapping[str, Any], *, incident_id: str | None = None,
    version: int | None = None,
) -> Form:  # fmt: skip
    """Write the fields that were typed into a form, leaving the others as they are; return it as it now stands.

    The first field typed lays the form on the desk of `by`; `incident_id` and `version` then say which record it amends, as it
    was read. `form_id` is a UUID that the page chose. A field set to None is empty again. Raises NotFound if the form
    is somebody else's, InvalidRecords if it has grown beyond measure.
    """
    unfinished = table("unfinished")
    with store.desk(by) as desk:
        row = _held(desk, form_id) or _laid(desk, form_id, incident_id, version)
        if row["account"] != by.name:
            raise NotFound("This form is not on your desk.")
        held = _form(row)
        typed = {name: value for name, value in (held.typed | dict(changed)).items() if value is not None}
        if held.saved_id is not None or typed == held.typed:
            return held
        values = {"typed": _dumped(typed), "typed_at": desk.at}
        desk.connection.execute(unfinished.update().where(unfinished.c.id == form_id).values(values))
        return _form(row | values)


def _held(desk: Desk, form_id: str) -> dict[str, Any] | None:
    """Return the row of a form, which nobody else changes until this transaction ends."""
    unfinished = table("unfinished")
    found = desk.connection.execute(sa.select(unfinished).where(unfinished.c.id == form_id).with_for_update()).first()
    return None if found is None else dict(found._mapping)


def _laid(desk: Desk, form_id: str, incident_id: str | None, version: int | None) -> dict[str, Any]:
    """Lay an empty form on the desk; return what lies there then, which a second device may have laid at this moment."""
    if not _ID.fullmatch(form_id):
        raise NotFound("A form has no such key.")
    _sweep(desk)
    row = {
        "id": form_id, "account": desk.by.name, "incident_id": incident_id, "version": version, "begun_at": desk.at,
        "typed_at": desk.at, "typed": "{}", "saved_id": None,
    }  # fmt: skip
    desk.connection.execute(_LAY, row)
    return _held(desk, form_id) or row


def discard(store: Store, by: Acting, form_id: str) -> None:
    """Throw a form away; one that became a record stays, and so does the record."""
    unfinished = table("unfinished")
    with store.desk(by) as desk:
        desk.connection.execute(
            unfinished.delete().where(
                unfinished.c.id == form_id, unfinished.c.account == by.name, unfinished.c.saved_id.is_(None)
            )
        )


def became(connection: sa.Connection, by: Acting, form_id: str) -> str | None:
    """Return the record that a form has become, asked within the transaction that would save it; None if none yet.

    Raises NotFound if the form was thrown away meanwhile, so that what was discarded is not recorded after all, or if
    it is somebody else's.
    """
    unfinished = table("unfinished")
    mine = sa.and_(unfinished.c.id == form_id, unfinished.c.account == by.name)
    found = connection.execute(sa.select(unfinished.c.saved_id).where(mine).with_for_update()).first()
    if found is None:
        raise NotFound("This form was thrown away, on another device perhaps.")
    return None if found[0] is None else str(found[0])


def leave(connection: sa.Connection, by: Acting, form_id: str, typed: Mapping[str, Any]) -> None:
    """Leave these fields alone in a form of `by`, within the transaction that saved the others elsewhere."""
    unfinished = table("unfinished")
    mine = sa.and_(unfinished.c.id == form_id, unfinished.c.account == by.name, unfinished.c.saved_id.is_(None))
    connection.execute(unfinished.update().where(mine).values(typed=_dumped(typed)))


def finish(connection: sa.Connection, by: Acting, form_id: str, saved_id: str) -> None:
    """Say within the saving transaction what a form of `by` became, once; what was typed stands in the record now."""
    unfinished = table("unfinished")
    mine = sa.and_(unfinished.c.id == form_id, unfinished.c.account == by.name, unfinished.c.saved_id.is_(None))
    connection.execute(unfinished.update().where(mine).values(saved_id=saved_id, typed="{}"))


def _form(row: Mapping[str, Any]) -> Form:
    return Form(
        row["id"], json.loads(row["typed"]), row["incident_id"], row["version"], row["begun_at"], row["typed_at"],
        row["saved_id"],
    )  # fmt: skip


def _dumped(typed: Mapping[str, Any]) -> str:
    # Half a pair of surrogates and NUL are typed by nobody, but pasted: escaped, they are kept to be named at saving.
    text = json.dumps(dict(typed), ensure_ascii=True)
    if len(text) > MOST_TYPED:
        fault = Fault(
            0, "form", "More is typed than one form holds.", "Save it, then go on by amending, or take in a file."
        )
        raise InvalidRecords("This form has grown too large.", [fault])
    return text


def _sweep(desk: Desk) -> None:
    """Forget the forms that became records long ago."""
    from datetime import datetime, timedelta

    from casualty.bodies import stamp

    unfinished = table("unfinished")
    since = stamp(datetime.strptime(desk.at, "%Y-%m-%dT%H:%M:%S.%fZ") - timedelta(days=KEPT_DAYS))
    desk.connection.execute(
        unfinished.delete().where(unfinished.c.saved_id.is_not(None), unfinished.c.typed_at < since)
    )
