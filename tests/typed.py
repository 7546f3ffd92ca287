"""A form with something in every box, and what forms in tests are recorded with."""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from whole import incident, references

from app import entry
from casualty import desk
from casualty.access import Acting
from casualty.ledger import Rows
from casualty.schema import ActorFields, DimensionFields, GroupFields, SituationFields, table
from casualty.store import Saved, Store

MINIMUM: dict[str, Any] = {
    "date": "2024-05-02", "place_as_reported": "Market", "killed": "9-11", "source.1.name": "Radio Sample",
}  # fmt: skip
# Boxes that take any words; the others are read, or chosen from a list.
WORDS = (
    "title", "date_as_reported", "time_of_day", "place_as_reported", "country", "admin1", "admin2", "pcode", "counted_how",
    "narrative_public", "narrative_restricted", "people.p1.name", "people.p1.other_name", "people.p1.note", "people.g1.note",
    "person.p1.names", "person.p1.occupation", "person.p1.described_as", "person.p1.means", "actor.a1.actor",
    "actor.a1.note", "source.1.name", "source.1.title", "source.1.url", "source.1.retrieved_at", "source.1.locator",
    "source.1.actor", "source.1.date", "source.s2.name", "source.s2.title", "source.s2.locator", "source.s2.actor",
)  # fmt: skip
READ = (
    "date", "report_date", "coordinates", "uncertainty_m", "killed", "injured", "missing", "people.p1.age", "people.g1.count",
    "people.g1.age", "person.p1.date_of_death", "source.1.killed", "source.1.injured", "source.s2.killed",
)  # fmt: skip
CHOSEN = (
    "incident_type", "sensitivity", "date_precision", "place_precision", "people.p1.harm", "people.p1.sex",
    "people.p1.identity", "people.p1.basis", "person.p1.civil_status", "person.p1.cause", "person.p1.act_by",
    "identity.i2.group", "identity.i2.basis", "identity.i2.sense", "identity.i2.confidence", "actor.a1.role", "actor.a1.kind",
    "actor.a1.confidence", "actor.a1.response", "source.1.kind", "source.s2.kind",
)  # fmt: skip
# Boxes of lists, ticks and answers, in which no text can stand.
OTHER = ("people", "people.p1.count", "person.p1.acts", "person.p1.part_of", "situation_id", "count_conflict", "date_missing",
         "place_missing", "calendar")  # fmt: skip
BOXES = frozenset((*WORDS, *READ, *CHOSEN, *OTHER))


def held(store: Store, by: Acting) -> dict[str, str]:
    """Record what a form can choose: a situation, an actor, a dimension that is on with two groups."""
    dimension = DimensionFields(code="faith", label="Faith", state="on", assessment="Signed")
    ids = {"dimension": store.record("dimension", dimension, by).id}
    for code in ("north", "south"):
        group = GroupFields(dimension_id=ids["dimension"], code=code, label=code.title())
        ids[code] = f"{ids['dimension']}/{store.record('identity_group', group, by).id}"
    ids["actor"] = store.record("actor", ActorFields(name="Group A", kind="other"), by).id
    war = SituationFields(name="A war", kind="non_international", classified_by="A court")
    ids["situation"] = store.record("situation", war, by).id
    return ids


def full(ids: dict[str, str]) -> dict[str, Any]:
    """Return a form in which every box is filled, each with something of its own."""
    people = [
        {"id": "p1", "name": "أمينة المثال", "other_name": "Amina", "sex": "woman", "age": "٣٤ سنة", "harm": "killed",
         "identity": ids["north"], "basis": "family", "note": "a teacher"},
        {"id": "g1", "count": "2-4", "note": "harvesters", "age": "child", "harm": "killed"},
    ]  # fmt: skip
    return MINIMUM | {
        "people": people, "sources": ["s2"], "actors": ["a1"], "date": "5 March 2024", "date_as_reported": "last Tuesday",
        "date_precision": "2", "time_of_day": "dawn", "report_date": "2024-03-06", "coordinates": "33.51, 36.29",
        "place_precision": "2", "uncertainty_m": "1,500", "country": "Sampleland", "admin1": "West", "admin2": "Low",
        "pcode": "SL01", "killed": "9-10-11", "injured": "about 20", "missing": "at least 3", "incident_type": "raid",
        "sensitivity": "high", "counted_how": "by the ward list", "title": "At the market", "situation_id": ids["situation"],
        "narrative_public": "Told", "narrative_restricted": "Told in the house",
        "person.p1.names": "Aminah\nUmm Said", "person.p1.occupation": "teacher", "person.p1.described_as": "with a scarf",
        "person.p1.date_of_death": "2024-03-07", "person.p1.civil_status": "civilian", "person.p1.cause": "small_arms",
        "person.p1.acts": ["killing", "torture"], "person.p1.means": "rifle", "person.p1.act_by": "a1",
        "person.p1.part_of": "g1", "person.p1.identities": ["i2"], "identity.i2.group": ids["south"],
        "identity.i2.basis": "document", "identity.i2.sense": "perceived", "identity.i2.confidence": "high",
        "actor.a1.actor": "Group B", "actor.a1.kind": "other", "actor.a1.role": "alleged_perpetrator",
        "actor.a1.confidence": "medium", "actor.a1.response": "denied", "actor.a1.note": "in a broadcast",
        "source.1.kind": "media", "source.1.title": "Evening news", "source.1.url": "https://news.example/1",
        "source.1.retrieved_at": "2024-03-06 14:30", "source.1.locator": "minute 3", "source.1.killed": "11",
        "source.1.injured": "18-20", "source.1.date": "5 March", "source.1.actor": "the army",
        "source.s2.name": "Clinic", "source.s2.kind": "medical", "source.s2.title": "Ward list", "source.s2.killed": "9",
        "source.s2.locator": "p. 2", "source.s2.actor": "unknown men",
    }  # fmt: skip


def put(typed: dict[str, Any], box: str, value: Any) -> dict[str, Any]:
    """Return a form with something else in one box, a cell of the grid too."""
    first, _, rest = box.partition(".")
    if first != "people" or not rest:
        return typed | {box: value}
    key, _, column = rest.partition(".")
    rows = [row | ({column: value} if row["id"] == key else {}) for row in typed["people"]]
    return typed | {"people": rows}


def standing(typed: dict[str, Any], box: str) -> Any:
    """Return what stands in one box of a form, a cell of the grid too."""
    first, _, rest = box.partition(".")
    key, _, column = rest.partition(".")
    return typed.get(box) if first != "people" else next(row.get(column) for row in typed["people"] if row["id"] == key)


def kept(store: Store, by: Acting, typed: dict[str, Any]) -> str:
    """Lay a form on the desk; return its key."""
    form_id = str(uuid4())
    desk.keep(store, by, form_id, typed)
    return form_id


def record(store: Store, by: Acting, typed: dict[str, Any]) -> Saved:
    """Record what is typed, in a form of its own."""
    return entry.record(store, by, kept(store, by, typed), typed)


def everything(store: Store) -> list[object]:
    """Return every value of the tables into which a form may write."""
    names = (
        "incident",
        "claim",
        "victim",
        "victim_name",
        "attribution",
        "act",
        "involvement",
        "actor",
        "source",
        "document",
    )
    return [value for name in names for row in store.rows(table(name).select()) for value in row]


def actors(store: Store) -> dict[str, str]:
    return {
        row.id: row.name for row in store.rows(sa.select(table("actor")).where(table("actor").c.withdrawn_at.is_(None)))
    }


def opened(store: Store, incident_id: str) -> tuple[entry.Edit, dict[str, Any]]:
    """Open an amendment; return it with the form as it is filled."""
    draft, version = store.draft(incident_id)
    edit = entry.Edit(str(uuid4()), incident_id, version, draft, actors(store))
    return edit, entry.as_typed(draft, store.today(), dict(edit.actors))


def changed(store: Store, by: Acting, incident_id: str, **boxes: Any) -> Saved:
    """Amend an incident by what is typed into these boxes (`__` for a dot); return what was saved."""
    edit, typed = opened(store, incident_id)
    for box, value in boxes.items():
        typed = put(typed, box.replace("__", "."), value)
    desk.keep(store, by, edit.form_id, typed, incident_id=incident_id, version=edit.version)
    return entry.amend(store, by, edit, typed, "recount")


def values(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a record by table without the version."""
    return {
        name: [{k: v for k, v in row.items() if k != "version"} for row in part] for name, part in rows.items() if part
    }


def rich(store: Store, by: Acting, **fields: Any) -> str:
    """Record an incident with every kind of content; return its id."""
    return store.record("incident", incident(references(store, by), **fields), by).id


def rows(store: Store, name: str) -> list[dict[str, Any]]:
    """Return all rows of a table."""
    return [dict(row._mapping) for row in store.rows(sa.select(table(name)))]
