"""Questions by their names: what each needs, what it may be told, and the one way in which it is answered."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from casualty import events as bridge
from casualty.asking.material import NONE, Chosen, Material, Progress, Question, Spots, Work, flattened, of_group
from casualty.asking.questions import QUESTIONS
from casualty.errors import InvalidRecords, NotEnoughData, NotFound, UsageFault
from casualty.patterns.events import Events
from casualty.store import Store
from geo.faults import TooLittle, Unusable

if TYPE_CHECKING:
    from casualty.patterns.answers import Answer
    from casualty.patterns.scanning import Scanned
    from casualty.patterns.surviving import Outcome

__all__ = [
    "QUESTIONS",
    "Chosen",
    "Material",
    "Question",
    "answer",
    "flattened",
    "gathered",
    "of_group",
    "outcome",
    "question",
    "told",
]


def gathered(store: Store, method: str, chosen: Chosen) -> Material:
    """Return what a question is asked of, from the record.

    chosen: dimension and, if wanted, group, since, until (ISO 8601), status, by, and near (longitudes and latitudes of
    fixed points). Raises NotFound, UsageFault, NotEnoughData as `events.gathered`.
    """
    dimension, by = chosen.get("dimension"), chosen.get("by") or "admin1"
    if not dimension:
        from casualty import frames

        there = ", ".join(frames.dimensions(store)["code"]) or "none yet"
        raise UsageFault(f"--dimension says by what people are grouped; there are: {there}.")
    asked: dict[str, Any] = {"status": chosen.get("status"), "by": by}
    asked |= {name: date.fromisoformat(chosen[name]) if chosen.get(name) else None for name in ("since", "until")}
    near: Spots = ()
    held = bridge.gathered(store, dimension=dimension, metres="near" not in chosen, **asked)
    if "near" in chosen:
        held, near = flattened(held, chosen["near"])
    beside, living = question(method).beside, "people" in (chosen.get("base"), *_of_people(chosen))
    return Material(
        held,
        people=bridge.people(store, dimension, of_group(held, chosen), **asked)
        if living and "people" in beside
        else NONE,
        centres=bridge.centres(store, by) if living and "centres" in beside else NONE,
        borders=bridge.borders(store, by) if "borders" in beside else NONE,
        near=near,
    )


def _of_people(chosen: Chosen) -> tuple[str, ...]:
    """A Poisson scan is out of people, whatever else is said."""
    return ("people",) if chosen.get("model") == "poisson" else ()


def question(method: str) -> Question:
    """Return a question by its name; raise NotFound, naming those there are."""
    if method not in QUESTIONS:
        raise NotFound(f"There is no question {method!r}; there are: {', '.join(QUESTIONS)}.")
    return QUESTIONS[method]


def answer(
    material: Material,
    method: str,
    chosen: Chosen,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Return the answer to a question as a document of strict JSON: the same for the same material, choice and seed.

    Raises NotFound (no such question or group), UsageFault, InvalidRecords and NotEnoughData, with the mend.
    """
    work = Work(chosen.get("seed", 1), executor, progress, workers)
    document = _asked(material, method, chosen, work).as_json()
    if chosen.get("survival"):
        document["survival"] = _survival(material, method, chosen, work)
    return document


def _asked(material: Material, method: str, chosen: Chosen, work: Work) -> "Answer | Scanned":
    asked = question(method)
    given = asked.given(material, chosen)
    with told():
        return asked.ask(material, given, work)


@contextmanager
def told() -> Iterator[None]:
    """Turn what geometry cannot do into what a person is told: too few data, or values that cannot be used."""
    try:
        yield
    except TooLittle as wrong:
        raise NotEnoughData(str(wrong)) from wrong
    except Unusable as wrong:
        raise InvalidRecords(str(wrong)) from wrong


def _survival(material: Material, method: str, chosen: Chosen, work: Work) -> dict[str, Any]:
    """Return how often the answer survives what the record leaves open, as a document of strict JSON."""
    from casualty.patterns import surviving

    if material.series:
        raise UsageFault("--survival asks again of incidents; a series holds none. Leave it out.")
    given = question(method).given(material, chosen)
    asked = partial(outcome, material, method, given)
    group, draws = given.get("group"), chosen["survival"]
    with told():
        found = surviving.survival(material.events, asked, rng=work.rng, draws=draws, group=group, **work.runs)
    return found.as_json()


def outcome(material: Material, method: str, chosen: Chosen, events: Events, seed: int) -> "Outcome":
    """Return what a question finds in other incidents than the material's own; of a module, so that workers find it."""
    from casualty.patterns import surviving
    from casualty.patterns.answers import Answer

    found = _asked(replace(material, events=events), method, chosen, Work(seed))
    return surviving.alarms(found) if isinstance(found, Answer) else surviving.leading(found.scan, found.spans)
