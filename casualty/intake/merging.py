"""Three-way merging: what a file changed since its last version, laid over what people have edited here since.

What the file left as it was stays as people have it. What the file changed is changed here too, unless a person has
edited the same thing; then the person's value stays, the new claim stands beside it, and a warning says so. Things that
only make sense together (the date, the place, three figures) are kept or changed together. Pure: data in, result out.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from casualty import rules
from casualty.bodies import dump
from casualty.errors import Fault
from casualty.ledger import Row, canonical
from casualty.schema import IncidentDraft, IncidentFields, InvolvementDraft, VictimDraft
from casualty.vocabulary import VictimKind

TOGETHER = (
    ("date_start", "date_end", "date_precision", "date_missing", "date_as_reported"),
    ("lat", "lon", "place_precision", "uncertainty_m", "place_as_reported", "place_missing", "country", "admin1", "admin2",
     "pcode", "boundary_set"),
    *(tuple(f"{harm}_{part}" for part in ("low", "best", "high")) for harm in ("killed", "injured", "missing")),
)  # fmt: skip
ALONE = tuple(
    (name,)
    for name in IncidentFields.model_fields
    if name != "count_conflict" and not any(name in block for block in TOGETHER)
)
KEPT = "The edit was kept; the claim says otherwise."

Label = tuple[Hashable, ...]
Versions = Mapping[Any, IncidentDraft]


@dataclass
class Merged:
    """An incident after a merge, and a warning for each thing in which a person's edit was kept against the file."""

    draft: IncidentDraft
    kept: list[Fault] = field(default_factory=list)

    def keep(self, name: str) -> None:
        self.kept.append(Fault(0, name, "Edited here since the last version of the file.", KEPT))


def merge(held: IncidentDraft, base: Versions, fresh: Versions, closed: frozenset[str], today: date) -> Merged:
    """Return an incident with a file's changes in it.

    Parameters
    ----------
    held: the incident as it stands, with its victims' keys.
    base, fresh: the rows of the file that tell of it, by row key in the order of the file, as they were read last time
        and as they read now; the first speaks for the incident itself.
    closed: ids of identity dimensions into which nothing is brought; what is held in them stays, and is not compared.
    """
    merged = Merged(held)
    changes = _changed_fields(held, _first(base), _first(fresh), merged)
    changes["involvements"] = _involvements(held, base, fresh, merged)
    changes["victims"] = _victims(held, base, fresh, closed, merged)
    draft = held.model_copy(update=changes)
    before = rules.check(held, today).faults
    broken = [fault for fault in rules.check(draft, today).faults if fault not in before]
    if broken:
        return Merged(
            held,
            [
                Fault(0, fault.field, f"The file's change does not fit what was edited here: {fault.said}", KEPT)
                for fault in broken
            ],
        )
    return Merged(draft, merged.kept)


def _first(rows: Versions) -> IncidentDraft:
    return next(iter(rows.values()))


def _changed_fields(held: IncidentDraft, base: IncidentDraft, fresh: IncidentDraft, merged: Merged) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for block in (*TOGETHER, *ALONE):
        was, now, is_now = ({name: getattr(part, name) for name in block} for part in (base, fresh, held))
        if was == now or is_now == now:
            continue
        if is_now == was:
            changes |= now
        else:
            merged.keep(", ".join(name for name in block if was[name] != now[name]))
    if changes.keys() & {name for block in TOGETHER[2:] for name in block}:
        after = held.model_copy(update=changes)
        triples = ([getattr(after, name) for name in block] for block in TOGETHER[2:])
        changes["count_conflict"] = not all(rules.Range(*triple).ordered for triple in triples)
    return changes


def _involvements(held: IncidentDraft, base: Versions, fresh: Versions, merged: Merged) -> list[InvolvementDraft]:
    """Return the alleged involvements: those the file dropped are taken out, those it added are put in."""
    was, now = (_by_value(part for draft in rows.values() for part in draft.involvements) for rows in (base, fresh))
    is_now = _by_value(held.involvements)
    if any(value not in is_now and value not in now for value in was):
        merged.keep("involvements")
    stay = [part for value, part in is_now.items() if value not in was or value in now]
    return stay + [part for value, part in now.items() if value not in was and value not in is_now]


def _by_value(parts: Iterable[InvolvementDraft]) -> dict[str, InvolvementDraft]:
    return {canonical({**dump(part), "id": None, "ref": None}): part for part in parts}


def _victims(
    held: IncidentDraft, base: Versions, fresh: Versions, closed: frozenset[str], merged: Merged
) -> list[VictimDraft]:
    """Return the victims: each row's own are followed from version to version, so that a key never passes to another."""
    was, now = _labelled(base), _labelled(fresh)
    here = _followed(was, held.victims, closed)
    after: list[VictimDraft] = []
    for label, victim in here.items():
        old, new = was[label], now.get(label)
        unchanged = new is not None and _stated(new, closed) == _stated(old, closed)
        if unchanged or _stated(victim, closed) != _stated(old, closed):
            after.append(victim)
            if not unchanged and (new is None or _stated(new, closed) != _stated(victim, closed)):
                merged.keep("victims")
        elif new is not None:
            own = [one for one in victim.attributions if one.dimension_id in closed]
            after.append(new.model_copy(update={"id": victim.id, "attributions": [*own, *_open(new, closed)]}))
    if any(
        label in now and label not in here and _stated(now[label], closed) != _stated(was[label], closed)
        for label in was
    ):
        merged.keep("victims")
    followed = {victim.id for victim in here.values()}
    after += [victim for victim in held.victims if victim.id not in followed]
    return after + [victim.model_copy() for label, victim in now.items() if label not in was]


def _labelled(rows: Versions) -> dict[Label, VictimDraft]:
    """Return victims by the row that tells of them and, where one row tells of several groups, by what they are called."""
    return {
        (key, *((victim.described_as, victim.kind) if victim.kind == VictimKind.GROUP else ("person",))): victim
        for key, draft in rows.items()
        for victim in draft.victims
    }


def _followed(
    was: dict[Label, VictimDraft], held: list[VictimDraft], closed: frozenset[str]
) -> dict[Label, VictimDraft]:
    """Return which held victim each earlier one has become: the same, or else the same by name, or else by what is left."""
    left = list(held)
    found: dict[Label, VictimDraft] = {}

    def follow(label: Label, same: list[VictimDraft]) -> None:
        if label not in found and same:
            found[label] = same[0]
            left.remove(same[0])

    for label, victim in was.items():
        follow(label, [one for one in left if _stated(one, closed) == _stated(victim, closed)])
    for label, victim in was.items():
        name = _called(victim)
        follow(label, [one for one in left if name is not None and _called(one) == name])
    unfollowed = [label for label in was if label not in found]
    if len(unfollowed) == len(left):
        for label in unfollowed:
            follow(label, [one for one in left if one.kind == was[label].kind])
    return found


def _called(victim: VictimDraft) -> str | None:
    return victim.described_as if victim.kind == VictimKind.GROUP else next((name.name for name in victim.names), None)


def _open(victim: VictimDraft, closed: frozenset[str]) -> list[Any]:
    return [one for one in victim.attributions if one.dimension_id not in closed]


def _stated(victim: VictimDraft, closed: frozenset[str]) -> Row:
    """Return a victim as comparable values: without keys, and with the counts of a person filled in or not alike."""
    stated = dump(victim.model_copy(update={"attributions": _open(victim, closed)}))
    drop = {"id", "ref"} | ({"count_low", "count_best", "count_high"} if victim.kind == VictimKind.PERSON else set())
    return {name: value for name, value in stated.items() if name not in drop}
