"""What a person types becomes a record: read, checked whole, and saved in one transaction; or every fault, at its box."""

from typing import Any

import sqlalchemy as sa

from app.entry import sources
from app.entry.amending import Edit, amend, clashes, settle
from app.entry.reading import Read, Typed
from app.entry.refill import as_typed
from app.entry.whole import Derived, Whole, checked, understood
from casualty import desk
from casualty.access import Acting
from casualty.errors import InvalidRecords
from casualty.schema import IncidentDraft, table
from casualty.store import Saved, Store

__all__ = ["Edit", "Read", "Whole", "amend", "as_typed", "attach", "clashes", "record", "settle", "understood"]


def record(store: Store, by: Acting, form_id: str, typed: Typed, *, derived: Derived = dict) -> Saved:
    """Record what stands in a form, with its sources, in one transaction, once: saving the same form again gives the same.

    Raises InvalidRecords with every fault, or Refused; nothing is saved then, and the form stays as it is.
    """
    whole = understood(typed, store, derived=derived)
    checked(store, whole, whole.fields, typed)
    with store.writing(by, reason=str(typed.get("reason") or "")) as writer:
        if (already := desk.became(writer.connection, by, form_id)) is not None:
            return _as_saved(writer.connection, already)
        claims = sources.record(writer, whole.told, sources.attached(typed, whole.told))
        parties = sources.with_actors(writer, sources.involvements(typed))
        people = sources.pointed(whole.fields["victims"], sources.documents_of(whole.told, claims))
        fields = {**whole.fields, "claims": claims, "involvements": parties, "victims": people}
        draft = IncidentDraft.model_validate(fields)
        saved = writer.record("incident", draft)
        desk.finish(writer.connection, by, form_id, saved.id)
        return saved


def attach(store: Store, by: Acting, form_id: str, typed: Typed, incident_id: str) -> Saved:
    """Add a form's sources, with what they claim, to an incident that is held; nothing else of the incident changes.

    A form that says no more than what the incident is known by is finished by it; whatever else was typed, victims above
    all, stays on the desk without the sources, so that it is neither lost nor added twice. Raises InvalidRecords with the
    faults of the sources, EditConflict, or Refused.
    """
    whole = understood(typed, store)
    draft, version = store.draft(incident_id, by=by)
    faults = [f for f in (*whole.found.faults, *whole.absent) if f.field.startswith("source.")]
    if faults:
        raise InvalidRecords("The source cannot be added as it is. Nothing you typed is lost.", faults)
    with store.writing(by, reason="a further source") as writer:
        if (already := desk.became(writer.connection, by, form_id)) is not None:
            return _as_saved(writer.connection, already)
        claims = sources.record(writer, whole.told, sources.attached(typed, whole.told))
        more = draft.model_copy(update={"claims": [*draft.claims, *claims]})
        saved = store.amend_within(writer, "incident", incident_id, more, expected=version)
        if left := _left(typed):
            desk.leave(writer.connection, by, form_id, left)
        else:
            desk.finish(writer.connection, by, form_id, saved.id)
        return saved


# What an incident is known by while one asks whether it is recorded already.
KNOWN_BY = {
    "date", "date_chosen", "place_as_reported", "coordinates", "coordinates_chosen", "place_precision", "pcode", "killed",
    "gazetteer_key", "turns",
}  # fmt: skip


def _left(typed: Typed) -> dict[str, Any]:
    """Return what stays of a form whose sources went to another incident; nothing if that says no more than they do."""
    gone = ("sources", "documents")
    left = {
        name: value for name, value in typed.items() if not name.startswith("source.") and name not in gone and value
    }
    return left if left.keys() - KNOWN_BY else {}


def _as_saved(connection: sa.Connection, incident_id: str) -> Saved:
    incident = table("incident")
    row = connection.execute(
        sa.select(incident.c.id, incident.c.code, incident.c.version).where(incident.c.id == incident_id)
    ).one()
    return Saved(row.id, row.code, row.version)
