"""What was changed in a form goes onto the record as it is held, and nothing else does: what no box shows stays as it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.entry import people, reading, sources
from app.entry.reading import Typed
from app.entry.refill import as_typed
from app.entry.whole import Whole, checked, understood
from casualty import desk
from casualty.access import Acting
from casualty.errors import Difference, EditConflict, Fault, InvalidRecords
from casualty.schema import IncidentDraft
from casualty.store import Saved, Store

Fields = dict[str, Any]


@dataclass(frozen=True)
class Edit:
    """An amendment under way: the form, the incident, the version that was opened, and what it held then."""

    form_id: str
    incident_id: str
    version: int
    opened: IncidentDraft
    actors: Mapping[str, str]


def amend(store: Store, by: Acting, edit: Edit, typed: Typed, reason: str) -> Saved:
    """Save what was changed; raise EditConflict, InvalidRecords or Refused, and save nothing then."""
    return _save(store, by, edit, typed, reason, edit.opened, edit.version, frozenset())


def settle(
    store: Store, by: Acting, edit: Edit, typed: Typed, reason: str, *, seen: int, theirs: frozenset[str]
) -> Saved:
    """Save after a conflict: this person's changes go onto version `seen`, except the fields named in `theirs`."""
    fresh, _ = store.draft(edit.incident_id)
    return _save(store, by, edit, typed, reason, fresh, seen, theirs)


def _save(
    store: Store, by: Acting, edit: Edit, typed: Typed, reason: str, held: IncidentDraft, version: int,
    theirs: frozenset[str],
) -> Saved:  # fmt: skip
    opened = as_typed(edit.opened, store.today(), dict(edit.actors))
    mine, before = understood(typed, store, amending=True), understood(opened, store, amending=True)
    mine.found.faults = [f for f in mine.found.faults if f not in before.found.faults or _typed_in(f, typed, opened)]
    fields = _onto(held, mine, before, typed, opened, theirs)
    documents = sources.attached(typed, mine.told)
    if not (mine.found.faults or mine.told or documents) and fields == held.model_dump(mode="json"):
        desk.discard(store, by, edit.form_id)
        return Saved(edit.incident_id, None, version)
    claims = [*fields["claims"], *mine.fields["claims"]]
    checked(store, mine, fields | {"claims": claims, "involvements": _placed(fields["involvements"])}, typed)
    with store.writing(by, reason=reason) as writer:
        if desk.became(writer.connection, by, edit.form_id) is not None:
            raise InvalidRecords("This form was saved already, on another device perhaps. Open the record anew.")
        fresh = sources.record(writer, mine.told, documents)
        fields["victims"] = sources.pointed(fields["victims"], sources.documents_of(mine.told, fresh))
        parties = sources.with_actors(writer, fields["involvements"])
        draft = IncidentDraft.model_validate(fields | {"claims": [*held.claims, *fresh], "involvements": parties})
        saved = store.amend_within(writer, "incident", edit.incident_id, draft, expected=version)
        desk.finish(writer.connection, by, edit.form_id, saved.id)
        return saved


def _typed_in(fault: Fault, typed: Typed, opened: Typed) -> bool:
    """Return whether the box of a fault stands otherwise than it was opened: what was held so is no fault of the typing."""
    return _standing(fault.field, typed) != _standing(fault.field, opened)


def _standing(box: str, typed: Typed) -> Any:
    first, _, rest = box.partition(".")
    key, _, column = rest.rpartition(".")
    if first != "people":
        return typed.get(box)
    return next((row.get(column) for row in people.rows(typed) if row["id"] == key), None)


def _onto(
    held: IncidentDraft, mine: Whole, before: Whole, typed: Typed, opened: Typed, theirs: frozenset[str]
) -> Fields:
    """Return the fields of the held incident with what was changed in the form."""
    changed = reading.changed(mine.found.fields, before.found.fields)
    fields = held.model_dump(mode="json") | {name: value for name, value in changed.items() if name not in theirs}
    fields["victims"] = _victims(held, _by_key(mine, typed), _by_key(before, opened))
    parts = frozenset(str(key) for key in opened.get("actors") or ())
    now, was = sources.involvements(typed, parts), sources.involvements(opened, parts)
    fields["involvements"] = _involvements(held, now, {one["ref"]: one for one in was})
    return fields


def _by_key(whole: Whole, typed: Typed) -> dict[str, Fields]:
    keys = [str(row["id"]) for row in people.rows(typed)]
    return dict(zip(keys, whole.fields["victims"], strict=True))


def _victims(held: IncidentDraft, now: Mapping[str, Fields], was: Mapping[str, Fields]) -> list[Fields]:
    """Return the victims: those of the form as changed in it, those saved by others since as they are."""
    is_held = {str(victim.id): victim.model_dump(mode="json") for victim in held.victims}
    here = {key: who for key, who in now.items() if key in is_held or key not in was}
    after = [_victim(is_held[key], who, was.get(key, {})) if key in is_held else who for key, who in here.items()]
    return after + [victim for key, victim in is_held.items() if key not in now and key not in was]


def _victim(held: Fields, now: Fields, was: Fields) -> Fields:
    changed = {name: value for name, value in reading.changed(now, was).items() if name != "ref"}
    for name, same in (("names", "name"), ("acts", "kind")):
        if name in changed:
            changed[name] = [part for one in now[name] for part in _as_held(one, was.get(name, []), held[name], same)]
    if "attributions" in changed:
        changed["attributions"] = _attributions(now["attributions"], was.get("attributions", []), held["attributions"])
    return held | changed


def _as_held(one: Fields, was: list[Fields], held: list[Fields], same: str) -> list[Fields]:
    """Return every name or act that is held under the word of this one, with what was changed of it; or this one, new."""
    before = next((part for part in was if part[same] == one[same]), {})
    kept = [part for part in held if part[same] == one[same]]
    return [part | reading.changed(one, before) for part in kept] or [one]


IDENTITY = ("dimension_id", "group_id", "group_missing")
UNSAID = {"sense": "own", "confidence": "not_recorded"}


def _attributions(now: list[Fields], was: list[Fields], held: list[Fields]) -> list[Fields]:
    """Return the identities as typed, each with what is held of the same one and stands in no box."""
    left, after = list(held), []
    for one in now:
        like = [part for part in left if all(part.get(n) == one.get(n) for n in IDENTITY)]
        part = next((part for part in like if part["basis"] == one["basis"]), like[0] if like else None)
        before = one if one in was else next((w for w in was if all(w.get(n) == one.get(n) for n in IDENTITY)), {})
        if part is None:
            after.append(one)
            continue
        left.remove(part)
        names = [name for name in {*one, *before} if one.get(name) != before.get(name)]
        after.append(part | {name: one.get(name, UNSAID.get(name)) for name in names})
    return after


ACTOR = ("actor_id", "actor_missing", "new_actor", "kind")


def _involvements(held: IncidentDraft, now: list[Fields], was: Mapping[str, Fields]) -> list[Fields]:
    """Return the involvements: those of the form as changed in it, those saved by others since as they are."""
    is_held = {str(part.id): part.model_dump(mode="json") for part in held.involvements}
    after = []
    for one in now:
        key, before = one["ref"], was.get(one["ref"], {})
        if key not in is_held:
            after += [one] if key not in was else []
            continue
        changed = {n: v for n, v in reading.changed(one, before).items() if n not in (*ACTOR, "ref")}
        actor = {} if one.get("new_actor") == before.get("new_actor") else {n: one.get(n) for n in ACTOR}
        after.append(is_held[key] | changed | actor)
    shown = {one["ref"] for one in now}
    return after + [part for key, part in is_held.items() if key not in shown and key not in was]


def _placed(parts: list[Fields]) -> list[Fields]:
    """Return the involvements as a draft can be checked before new actors are recorded."""
    return [
        {n: v for n, v in part.items() if n not in ("new_actor", "kind")}
        | ({"actor_id": sources.PLACEHOLDER} if part.get("new_actor") else {})
        for part in parts
    ]


def clashes(conflict: EditConflict, store: Store) -> list[Difference]:
    """Return the fields of the form that both changed, and differently: somebody has to choose between them."""
    asked = {f"incident.{name}" for name in reading.read({}, store.today()).fields}
    both = [d for d in conflict.differences if d.theirs != d.before and d.yours not in (d.before, d.theirs)]
    return [d for d in both if d.field in asked]
