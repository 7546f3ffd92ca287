"""The one way in which a question is answered, and asked again of what the record leaves open."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from casualty.asking.material import Chosen, Material, Progress, Work
from casualty.asking.questions import question
from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.events import Events
from casualty.patterns.results import ALARM_LEVEL
from geo.faults import TooLittle, Unusable

if TYPE_CHECKING:
    from casualty.asking.shares import Shares
    from casualty.patterns.answers import Answer
    from casualty.patterns.scanning import Scanned
    from casualty.patterns.surviving import Outcome


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
    document["caveats"] = [*_few(chosen.get("replications")), *material.remarks, *document["caveats"]]
    if chosen.get("filter"):
        document["parameters"] = {**document["parameters"], "filter": chosen["filter"]}
    if chosen.get("survival"):
        document["survival"] = _survival(material, method, chosen, work)
    return document


def _few(replications: int | None) -> list[str]:
    """Return what to know where chance was drawn so seldom that nothing can be found."""
    if replications is None or (least := 1 / (replications + 1)) <= ALARM_LEVEL:
        return []
    told = f"no p that rests on it can be below {least:.2g}, too much to find anything"
    return [f"Chance was drawn only so often ({replications}) that {told}: ask with 999."]


def _asked(material: Material, method: str, chosen: Chosen, work: Work) -> "Answer | Scanned | Shares":
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
    from casualty.patterns.scanning import Scanned

    found = _asked(replace(material, events=events), method, chosen, Work(seed))
    if isinstance(found, Scanned):
        return surviving.leading(found.scan, found.spans)
    if isinstance(found, Answer):
        return surviving.alarms(found)
    raise UsageFault("This comparison states its bounds and its tiers itself; leave --survival out.")
