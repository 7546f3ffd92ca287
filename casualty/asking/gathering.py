"""What a question is asked of, taken from the record: the incidents that its filter lets in, and what stands beside them."""

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from casualty import events as bridge
from casualty.asking.material import NONE, Chosen, Figures, Material, Spots, flattened, of_group
from casualty.asking.questions import question
from casualty.errors import UsageFault
from casualty.store import Store

if TYPE_CHECKING:
    from casualty.access import Acting

SHARES = "disparity"


def gathered(store: Store, method: str, chosen: Chosen, who: "Acting | None" = None) -> Material:
    """Return what a question is asked of, from the record.

    chosen: dimension (not needed for a question of all incidents) and, if wanted, group, filter (the text of one), since,
    until (ISO 8601), status, by, period, and near (longitudes and latitudes of fixed points). who: who asks; None: whoever
    holds the database. Raises NotFound, UsageFault, NotEnoughData as `events.gathered`, and Refused for an account that
    sees a part of the record only.
    """
    dimension, by = _grouped(store, method, chosen), chosen.get("by") or "admin1"
    asked: dict[str, Any] = {"status": chosen.get("status"), "by": by, "only": only(store, chosen, who)}
    asked["group"] = chosen.get("group")
    asked |= {name: date.fromisoformat(chosen[name]) if chosen.get(name) else None for name in ("since", "until")}
    if dimension and method == SHARES:
        return _shares(store, dimension, chosen, asked)
    near: Spots = ()
    held = bridge.gathered(store, dimension=dimension, metres="near" not in chosen, **asked)
    if "near" in chosen:
        held, near = flattened(held, chosen["near"])
    beside, living = question(method).beside, "people" in (chosen.get("base"), *_of_people(chosen))
    people: Figures = NONE
    told: tuple[str, ...] = ()
    if dimension and living and "people" in beside:
        people, told = bridge.people(store, dimension, **asked | {"group": of_group(held, chosen)})
    return Material(
        held,
        people=people,
        centres=bridge.centres(store, by) if living and "centres" in beside else NONE,
        borders=bridge.borders(store, by) if "borders" in beside else NONE,
        near=near,
        remarks=told,
    )


def _grouped(store: Store, method: str, chosen: Chosen) -> str | None:
    """Return by what people are grouped, None where a question is asked of all incidents alike; raise UsageFault."""
    dimension: str | None = chosen.get("dimension") or None
    if dimension or (question(method).of_all and not chosen.get("group")):
        return dimension
    from casualty import frames

    there = ", ".join(frames.dimensions(store)["code"]) or "none yet"
    raise UsageFault(f"--dimension says by what people are grouped; there are: {there}.")


def _of_people(chosen: Chosen) -> tuple[str, ...]:
    """A Poisson scan is out of people, whatever else is said."""
    return ("people",) if chosen.get("model") == "poisson" else ()


def _shares(store: Store, dimension: str, chosen: Chosen, asked: dict[str, Any]) -> Material:
    """Victims and people brought to the same areas and periods; the incidents themselves, so that they are hashed too."""
    from casualty import targeting

    shares = targeting.question(store, dimension, period=chosen.get("period") or "all", **asked)
    return Material(bridge.gathered(store, dimension=dimension, metres=False, **asked), shares=shares)


def only(store: Store, chosen: Chosen, who: "Acting | None" = None) -> Collection[str] | None:
    """Return the ids of the incidents that the chosen filter lets in, None where there is no filter.

    Raises UsageFault for a filter that is not understood, Refused for an account that sees a part of the record only.
    """
    from casualty import access, filters

    if who is not None:
        access.permit_whole(store.situations_of(who))
    wanted = filters.read(chosen.get("filter") or "")
    if wanted == filters.EVERYTHING:
        return None
    from casualty import overview

    return frozenset(overview.selected(store, who, wanted).ids)


def canonical(text: str | None) -> str | None:
    """Return a filter as it is kept with an answer, None where it asks nothing; raise UsageFault."""
    from casualty import filters

    return str(filters.read(text or "")) or None
