"""One question tried on one simulated record: made, asked through the entry of every question, and judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from casualty import asking
from casualty.asking import Chosen, Material
from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.events import Events
from casualty.patterns.simulating import (
    Dates,
    Noise,
    Null,
    Truth,
    alike,
    an_area,
    beside,
    circle,
    crowded,
    followed,
    planted,
    risen,
    without_pattern,
)
from casualty.patterns.surviving import Outcome, same

LEVEL = 0.05
# What is planted: this part of all incidents in a circle, this part of the period.
SHARE, PART, BURST = 0.15, 0.5, 0.05
STEP_DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
# The option that stands behind a colon of a method's name, in order.
CONDITIONS: dict[str, tuple[str, ...]] = {
    "scan": ("model", "kind"),
    "hotspots": ("statistic",),
    "surveillance": ("method",),
    "funnel": ("base",),
}

Ask = Callable[[Material, str, Chosen], Mapping[str, Any]]
Document = Mapping[str, Any]
Made = tuple[Events, Truth]


@dataclass(frozen=True, eq=False)
class Case:
    """One question to be tried: the name it has in the table, method, what is chosen for it, and what it is asked of."""

    name: str
    method: str
    chosen: Chosen
    material: Material

    @property
    def group(self) -> str:
        """The group that is asked about; where there is none, the one with most incidents but one, which is planted."""
        if self.chosen.get("group"):
            return str(self.chosen["group"])
        events = self.material.events
        if not events.groups:
            raise NotEnoughData("No incident has a group: add a column group, or controls with --controls FILE.")
        held = np.nansum(events.mix, axis=0)
        return events.groups[int(np.argsort(-held, kind="stable")[min(1, held.size - 1)])]

    @property
    def model(self) -> str:
        return str(self.chosen.get("model", "")) if self.method == "scan" else ""

    @property
    def people(self) -> dict[str, float] | None:
        """Numbers of people that the question sets incidents against."""
        if self.model == "poisson" or self.chosen.get("base") == "people":
            return {area: figures[1] for area, figures in self.material.people.items()}
        return None


@dataclass(frozen=True)
class Trial:
    """One simulated record asked.

    rate: how wrong it was, or how far what was planted was found; None where too little was left to ask, and then why.
    covered: part of the intervals that hold the truth, None without any.
    """

    rate: float | None
    covered: float | None = None
    why: str = ""


def conditions(words: str) -> tuple[str, dict[str, Any]]:
    """Return a question's method and what its name says beside it: scan:permutation:retrospective, surveillance:farrington.

    Raises NotFound for a question that is none, UsageFault for a condition too many.
    """
    method, *said = words.split(":")
    asking.question(method)
    names = CONDITIONS.get(method, ())
    if len(said) > len(names):
        raise UsageFault(f"{words}: {method} takes {' and '.join(names) or 'nothing'} behind its name.")
    told: dict[str, Any] = dict(zip(names, said, strict=False))
    if method == "scan":
        told = {"model": "bernoulli"} | told
        told = {"kind": "retrospective" if told["model"] == "permutation" else "spatial"} | told
    return method, {name: told[name] for name in names if name in told}


def case(words: str, chosen: Chosen, material: Material) -> Case:
    """Return a question to be tried, by its name and `conditions`, with what else is chosen; raise as `asking.of_group`."""
    method, told = conditions(words)
    given = asking.question(method).given(material, {**chosen, **told})
    return Case(" ".join([method, *told.values()]), method, given, material)


def null_of(case: Case, noise: Noise) -> Null:
    """Return what holds in a record in which this question has nothing to find."""
    if case.method in ("trend", "surveillance"):
        return Null(Dates.EVEN, noise=noise)
    if case.method == "near-repeat" or case.model == "permutation":
        return Null(Dates.DEALT, noise=noise)
    within = case.method in ("signature", "widespread") or bool(
        case.chosen.get("within_areas", case.method == "actors") or case.chosen.get("within_area")
    )
    return Null(within_area=within, people=case.people, noise=noise)


def planting(case: Case, strength: float, null: Null) -> Callable[[Events, np.random.Generator], Made] | None:
    """Return how what this question looks for is planted; None where there is no telling what that would be."""
    kind, chosen = case.chosen.get("kind", "spatial"), case.chosen
    named: dict[str, Any] = {"strength": strength, "null": null}
    if case.people is not None:
        return partial(crowded, group=case.group, **named)
    if case.method == "near-repeat":
        space, days = chosen.get("space", (100.0,)), chosen.get("days", (7.0,))
        return partial(followed, metres=space[-1], days=days[-1], group=chosen.get("group"), **named)
    if case.method in ("trend", "surveillance"):
        lasting = case.method == "trend"
        return partial(risen, part=PART if lasting else BURST, last=lasting, **named)
    choose: Any = circle
    if case.method == "scan" and kind != "spatial":
        choose = partial(circle, part=PART, last=kind == "prospective")
    elif case.method == "colocation":
        if not case.material.near:
            return None
        x, y = np.array(case.material.near, dtype=np.float64).T
        choose = beside(x, y, chosen.get("space", (250.0,))[0])
    elif case.method in ("signature", "actors", "widespread"):
        choose = alike
    elif case.method == "funnel" or (case.method == "hotspots" and not _cells(case)):
        choose = an_area
    return partial(planted, choose=choose, group=case.group, **named)


def trial(case: Case, seed: int, i: int, strength: float, noise: Noise, ask: Ask) -> Trial:
    """Return what comes of simulation i: of (seed, i) without a pattern (strength 1), else of (seed, i, strength)."""
    null = null_of(case, noise)
    rng = np.random.default_rng([seed, i] if strength == 1 else [seed, i, round(1000 * strength)])
    try:
        make = None if strength == 1 else planting(case, strength, null)
        events, truth = (
            make(case.material.events, rng) if make else (without_pattern(case.material.events, rng, null), None)
        )
        chosen = {**case.chosen, "seed": int(rng.integers(2**31))}
        document = ask(replace(case.material, events=events), case.method, chosen)
    except NotEnoughData as few:
        return Trial(None, why=str(few))
    if truth is not None:
        return Trial(float(found(case, document, truth, events)))
    return Trial(wrong(case, document), covered(document))


def wrong(case: Case, document: Document) -> float:
    """Return 1 where an answer says, at its headline, that something stands out; for alarms without p the part of bins."""
    if case.method == "scan":
        return float(any(_at_most(cluster["p_value"]) for cluster in document["clusters"][:1]))
    rows = document["rows"]
    if case.method == "widespread":
        return float(any(_at_most(row["p"]) for row in rows))
    if case.method == "surveillance":
        judged = [row for row in rows if not row["masked"]]
        if any(row["p"] is not None for row in judged):
            return float(any(_at_most(row["p_adjusted"]) for row in judged))
        return float(np.mean([row["alarm"] for row in judged])) if judged else 0.0
    return float(any(row["alarm"] for row in rows))


def _at_most(p: float | None) -> bool:
    return p is not None and p <= LEVEL


def covered(document: Document) -> float | None:
    """Return the part of the tested rows whose interval holds a ratio of 1; None where no row has one."""
    rows = [row for row in document.get("rows", ()) if row.get("p") is not None and row.get("low") is not None]
    held = [row["low"] <= 1 <= (float("inf") if row["high"] is None else row["high"]) for row in rows]
    return float(np.mean(held)) if held else None


def found(case: Case, document: Document, truth: Truth, events: Events) -> bool:
    """Return whether what was planted is what stands out: there, and then, where the answer says where and when."""
    if case.method == "scan":
        return bool(wrong(case, document)) and same(_planted(case, truth, events), _leading(case, document, truth))
    if case.method == "surveillance":
        start, end = truth.span or ("", "")
        first = str(np.datetime64(start) - (STEP_DAYS[case.chosen.get("every", "week")] - 1))
        return any(row["alarm"] and first <= row["date"] <= end for row in document["rows"])
    raised = [row for row in document.get("rows", ()) if row["alarm"] and (row.get("ratio") or 0) > 1]
    if case.method in ("hotspots", "funnel"):
        there = _cells_of(case, truth, events) if _cells(case) else {truth.key}
        return any(row["area"] in there for row in raised)
    if case.method == "actors":
        return any(row["actor"] == truth.key and row["group"] == case.group for row in raised)
    return bool(raised) or (case.method == "widespread" and bool(wrong(case, document)))


def _planted(case: Case, truth: Truth, events: Events) -> Outcome:
    """What the scan should have found: of the planted places those that it can use."""
    if case.people is not None:
        return Outcome(True, frozenset({str(truth.key)}))
    used = events.with_points()
    if case.chosen.get("kind", "spatial") != "spatial":
        used = used.with_dates(float(case.chosen.get("every", 7)))
    used = used.with_identity()
    if case.model == "permutation":
        used = used.only(used.share(case.group) > 0)
    return Outcome(True, truth.ids & set(used.ids), span=truth.span)


def _leading(case: Case, document: Document, truth: Truth) -> Outcome:
    first = document["clusters"][0]
    spanned = truth.span is not None and case.chosen.get("kind", "spatial") != "spatial"
    return Outcome(True, frozenset(first["locations"]), span=(first["start"], first["end"]) if spanned else None)


def _cells(case: Case) -> bool:
    """Whether hot spots are asked for by the cells of a grid."""
    return case.method == "hotspots" and bool(case.chosen.get("cell") or not any(case.material.events.area))


def _cells_of(case: Case, truth: Truth, events: Events) -> set[str]:
    """The cells that hold a planted incident."""
    from casualty.asking.questions import cell_of
    from geo.grid import gridded

    used = events.with_identity().with_points()
    cells = gridded(
        used.x, used.y, case.chosen.get("cell") or cell_of(events), shape=case.chosen.get("shape", "square")
    )
    return {cells.ids[cell] for cell, one in zip(cells.of, used.ids, strict=True) if one in truth.inside}
