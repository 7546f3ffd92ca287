"""An incident as held, as it would have been typed: what fills the form when it is amended."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from app.entry import people, reading
from casualty import figures
from casualty.schema import IncidentDraft, InvolvementDraft, VictimDraft
from casualty.vocabulary import AgeBand, VictimKind

UNTYPED = (AgeBand.NOT_RECORDED, AgeBand.WITHHELD, AgeBand.NOT_APPLICABLE)
UNSAID = (None, "own", "not_recorded")  # what an empty box means


def as_typed(draft: IncidentDraft, today: date, actors: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a whole incident as it would have been typed; `actors` gives the names of the actors held, by key.

    Claims are not refilled: they are evidence, and what is typed into an amendment's sources comes in addition.
    """
    typed = reading.as_typed(draft, today)
    typed["people"] = [_row(victim) for victim in draft.victims]
    typed["actors"] = [part.id for part in draft.involvements]
    for victim in draft.victims:
        typed |= _more(victim)
    for part in draft.involvements:
        typed |= _involvement(part, actors or {})
    return typed


def _row(victim: VictimDraft) -> dict[str, Any]:
    held = victim.model_dump(mode="json")
    row: dict[str, Any] = {"id": victim.id, "harm": held["harm"]}
    row |= {"sex": held["sex"] if held["sex"] != "not_recorded" else "", "age": _age(victim)}
    row |= {"note": victim.described_as or ""}
    if victim.attributions:
        first = victim.attributions[0]
        row |= {"identity": f"{first.dimension_id}/{first.group_id or first.group_missing}", "basis": first.basis.value}
    if victim.kind == VictimKind.GROUP:
        # A group whose number nobody knows is still a group; figures that contradict each other stay as stated.
        count = figures.write(victim.count_low, victim.count_best, victim.count_high) or "?"
        return row | {"count": count} | ({"count_conflict": "yes"} if victim.count_conflict else {})
    names = _names(victim)
    return row | {"name": names[0] if names else "", "other_name": names[1] if len(names) > 1 else ""}


def _names(victim: VictimDraft) -> list[str]:
    return list(dict.fromkeys(name.name for name in victim.names))


def _age(victim: VictimDraft) -> str:
    """Return an age as one types it; empty if there is no way to type it."""
    written = "" if victim.age_band in UNTYPED else victim.age_band.value
    if victim.age_years is not None:
        written = f"{victim.age_years:g}"
    elif victim.age_low is not None and victim.age_high is not None:
        written = f"{victim.age_low:g}-{victim.age_high:g}"
    try:
        people.age_of(written)
    except ValueError:
        return ""
    return written


def _more(victim: VictimDraft) -> dict[str, Any]:
    held = victim.model_dump(mode="json")
    at = f"person.{victim.id}"
    more: dict[str, Any] = {name: held[name] for name in ("occupation", "date_of_death")}
    more |= {name: held[name] for name in ("civil_status", "cause") if held[name] != "not_recorded"}
    more["part_of"] = victim.resolved_out_of
    more["names"] = "\n".join(_names(victim)[2:])
    more["acts"] = list(dict.fromkeys(act.kind.value for act in victim.acts))
    more["means"] = _same(act.means for act in victim.acts)
    more["act_by"] = _same(act.involvement for act in victim.acts)
    identities = [f"{victim.id}.{number}" for number in range(1, len(victim.attributions))]
    more["identities"] = identities
    typed = {f"{at}.{name}": value for name, value in more.items() if value not in (None, "", [])}
    for key, one in zip((str(victim.id), *identities), victim.attributions, strict=False):
        stated = {"group": f"{one.dimension_id}/{one.group_id or one.group_missing}", "basis": one.basis.value}
        stated = {} if key == victim.id else stated  # those of the first stand in its row
        more = {"sense": one.sense.value, "confidence": one.confidence.value, "document": one.document_id}
        typed |= {f"identity.{key}.{name}": value for name, value in (stated | more).items() if value not in UNSAID}
    return typed


def _same(values: Iterable[str | None]) -> str | None:
    """Return the one value that all have, or nothing where they differ: then the form leaves them alone."""
    listed = set(values)
    return next(iter(listed)) if len(listed) == 1 else None


def _involvement(part: InvolvementDraft, actors: dict[str, str]) -> dict[str, Any]:
    held = part.model_dump(mode="json")
    stated = {
        name: held[name]
        for name in ("role", "confidence", "response", "note")
        if held[name] not in (None, "not_recorded")
    }
    if part.actor_id is not None:
        stated["actor"] = actors.get(part.actor_id, part.actor_id)
    return {f"actor.{part.id}.{name}": value for name, value in stated.items()}
