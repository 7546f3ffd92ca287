"""How often a finding survives: asked again of what the record allows too, and of less than the record holds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from casualty.errors import NotEnoughData
from casualty.patterns.answers import Answer, plain
from casualty.patterns.drawing import bounds, drawn, movable, tiers, undrawn, without_actors, without_sources
from casualty.patterns.events import Events
from casualty.patterns.signature import seeded
from casualty.patterns.wording import amount, count, number
from geo.faults import TooLittle
from geo.scan.found import Scan

ALARM_LEVEL = 0.05
# Two leading clusters are one finding when they have this part of their places in common (Jaccard), and share a day.
SAME = 0.5

DRAWN, IDENTITY, TIER = "draws", "unknown identities", "tiers"
SOURCE, ACTOR = "sources", "alleged actors"
ALL_OF_GROUP, NONE_OF_GROUP = "all of the group", "none of the group"

CAVEATS = (
    "Surviving is not the same as being true: what is not recorded at all, or recorded wrongly by everyone, is never "
    "drawn. Dates, places and counts are drawn apart from one another and evenly within what is recorded.",
    "A finding that rests on fewer incidents can vanish for want of numbers alone; that is no sign against it.",
    "The same question asked many times is one question: the counts say how steady it is, and are no p-value.",
)


@dataclass(frozen=True)
class Outcome:
    """What one asking found.

    found: whether anything stands out; keys: what stands out (ids of a cluster's places, alarmed rows); p, effect: of
    the leading one (None: not defined); span: its first and last day or bin, None without time; lead: the leading row
    where rows have names of their own (None: findings are compared by keys in common and span); rows: p and effect by
    name, so that the same row can be followed.
    """

    found: bool
    keys: frozenset[str] = frozenset()
    p: float | None = None
    effect: float | None = None
    span: tuple[str, str] | None = None
    lead: str | None = None
    rows: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


Asked = Callable[[Events, int], Outcome]
Progress = Callable[[int, int], None]
Range = tuple[float, float, float]


@dataclass(frozen=True)
class Change:
    """How a finding fares under one kind of change.

    runs: how often it was asked; stood: how often the same was found; too_few: how often too little was left to ask;
    vanishes: names (source ids, actors, tiers, bounds; numbers of draws from 1) under which it does not stand, or under
    which something stands out where nothing did; p, effect: least, median and greatest over the runs that have one (for
    rows: of the same row); keys: how often each key of the original was among those found.
    """

    kind: str
    runs: int
    stood: int
    too_few: int
    vanishes: tuple[str, ...]
    p: Range | None
    effect: Range | None
    keys: Mapping[str, int]


@dataclass(frozen=True)
class Survival:
    """How often a finding survives, by kind of change.

    original: what was found in the record as it stands; changes: one for each kind that could be made; drawn: which of
    dates, places and counts had a span to be drawn from; undrawn: incidents with a point that says nothing of how sure
    it is; numbers: of the sources, in the order of their ids, as the sentence has them, which names no source.
    """

    original: Outcome
    changes: tuple[Change, ...]
    drawn: tuple[str, ...]
    undrawn: int
    numbers: Mapping[str, int]
    seed: int
    sentence: str
    caveats: tuple[str, ...] = CAVEATS

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON, the sources by their ids."""
        parts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        found = {name: getattr(self.original, name) for name in ("found", "p", "effect", "span", "lead")}
        told = {"original": found | {"keys": sorted(self.original.keys)}, "changes": [vars(c) for c in self.changes]}
        return {name: plain(told.get(name, value)) for name, value in parts.items()}


@dataclass(frozen=True, eq=False)
class Job:
    """One asking: of these incidents, drawn first if there is a generator."""

    kind: str
    name: str
    events: Events
    rng: np.random.Generator | None = None


def survival(
    events: Events,
    asked: Asked,
    *,
    rng: np.random.Generator,
    draws: int = 100,
    group: str | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Survival:
    """Ask a question again and report how often it finds the same.

    asked: the question, pure, of incidents and a seed; the same seed each time, so that only the incidents change. For
    an executor of processes both it and its outcome must be picklable. rng: freshly seeded; draw i takes its i-th child
    (seed, i), so that no executor and no order changes the result. group: whose bounds are asked for where identities
    are unknown (None: none). progress: called with the askings done and all of them.

    Changes: `draws` tables drawn within what is recorded; unknown identities all of the group, none of it; by tier;
    without the incidents known only from one source, for each; without those attributed to one alleged actor, for
    each. What a change leaves as it was is not asked again. TooLittle and NotEnoughData under a change count as not
    standing and in `too_few`; of the record as it stands they are raised, as is every other fault.

    Same finding: see `same`. If nothing stands out originally, standing means that nothing does. Does not show that a
    finding is true, see CAVEATS.
    """
    number = seeded(rng)
    seed = int(rng.integers(2**63)) if number is None else number
    original = asked(events, seed)
    spans = movable(events)
    jobs = [*_draws(events, rng, draws if spans else 0), *_others(events, group)]
    outcomes = _outcomes(jobs, events, original, asked, seed, executor, progress)
    kinds = dict.fromkeys(job.kind for job in jobs)
    changes = tuple(
        _change(kind, original, [(j.name, o) for j, o in zip(jobs, outcomes, strict=True) if j.kind == kind])
        for kind in kinds
    )
    numbers = {job.name: i for i, job in enumerate((job for job in jobs if job.kind == SOURCE), 1)}
    return Survival(
        original=original,
        changes=changes,
        drawn=spans,
        undrawn=undrawn(events),
        numbers=numbers,
        seed=seed,
        sentence=_sentence(original, changes, spans, numbers, group),
    )


def _draws(events: Events, rng: np.random.Generator, draws: int) -> Iterator[Job]:
    for i, child in enumerate(rng.spawn(draws), 1):
        yield Job(DRAWN, str(i), events, child)


def _others(events: Events, group: str | None) -> Iterator[Job]:
    if group is not None and len(events.with_identity()) < len(events):
        for name, bound in zip((ALL_OF_GROUP, NONE_OF_GROUP), bounds(events, group), strict=True):
            yield Job(IDENTITY, name, bound)
    kinds = ((TIER, tiers(events)), (SOURCE, without_sources(events)), (ACTOR, without_actors(events)))
    for kind, tables in kinds:
        for name, left in tables:
            # The very same table tells the asking apart that need not be repeated.
            yield Job(kind, name, events if len(left) == len(events) else left)


def _outcomes(
    jobs: Sequence[Job],
    events: Events,
    original: Outcome,
    asked: Asked,
    seed: int,
    executor: Executor | None,
    progress: Progress | None,
) -> list[Outcome | None]:
    """The outcome of each job in order, None where too little was left; stops the rest when one fails."""
    outcomes: list[Outcome | None] = [original] * len(jobs)
    changed = [i for i, job in enumerate(jobs) if job.rng is not None or job.events is not events]
    answers = _asked(asked, seed, [jobs[i] for i in changed], executor)
    for done, (i, outcome) in enumerate(zip(changed, answers, strict=True), 1):
        outcomes[i] = outcome
        if progress is not None:
            progress(done, len(changed))
    return outcomes


def _asked(asked: Asked, seed: int, jobs: Sequence[Job], executor: Executor | None) -> Iterator[Outcome | None]:
    if executor is None:
        yield from (ask(asked, seed, job) for job in jobs)
        return
    # A read-only mapping cannot be sent to another process.
    sent = (replace(job, events=replace(job.events, left_out=dict(job.events.left_out))) for job in jobs)
    waiting = [executor.submit(ask, asked, seed, job) for job in sent]
    try:
        yield from (future.result() for future in waiting)
    finally:
        for future in waiting:
            future.cancel()


def ask(asked: Asked, seed: int, job: Job) -> Outcome | None:
    """Return the outcome of one job, None where too little is left to ask."""
    try:
        return asked(job.events if job.rng is None else drawn(job.events, job.rng), seed)
    except (TooLittle, NotEnoughData):
        return None


def same(original: Outcome, other: Outcome | None) -> bool:
    """Return whether another asking found the same.

    Nothing both times; or, for rows, the original's leading row stands out again; or half or more of all places of the
    two leading clusters are in both (Jaccard of at least SAME) and their times, if they have any, share a day or bin.
    """
    if other is None or original.found != other.found:
        return False
    if not original.found:
        return True
    if original.lead is not None:
        return original.lead in other.keys
    every = original.keys | other.keys
    alike = bool(every) and len(original.keys & other.keys) >= SAME * len(every)
    if original.span is None or other.span is None:
        return alike
    return alike and original.span[0] <= other.span[1] and other.span[0] <= original.span[1]


def _change(kind: str, original: Outcome, runs: Sequence[tuple[str, Outcome | None]]) -> Change:
    told = [outcome for _, outcome in runs if outcome is not None]
    figures = [o.rows.get(original.lead, (None, None)) if original.lead else (o.p, o.effect) for o in told]
    return Change(
        kind=kind,
        runs=len(runs),
        stood=sum(same(original, outcome) for _, outcome in runs),
        too_few=len(runs) - len(told),
        vanishes=tuple(name for name, outcome in runs if not same(original, outcome) and (outcome or original.found)),
        p=_range(p for p, _ in figures),
        effect=_range(effect for _, effect in figures),
        keys={key: sum(key in outcome.keys for outcome in told) for key in sorted(original.keys)},
    )


def _range(values: Iterable[float | None]) -> Range | None:
    known = sorted(value for value in values if value is not None and not np.isnan(value))
    return (known[0], float(np.median(known)), known[-1]) if known else None


def alarms(answer: Answer) -> Outcome:
    """Return what an answer's rows found: the alarmed rows by name, led by the one with the least corrected p."""
    rows: dict[str, tuple[float | None, float | None]] = {}
    alarmed: list[str] = []
    for row in sorted(answer.rows, key=_least):
        name = _named(row)
        rows.setdefault(name, (_p(row), row.get("ratio")))
        if row.get("alarm") and name not in alarmed:
            alarmed.append(name)
    lead = next(iter(alarmed or rows), None)
    p, effect = rows[lead] if lead is not None else (None, None)
    return Outcome(bool(alarmed), frozenset(alarmed), p, effect, lead=lead, rows=rows)


def _named(row: Mapping[str, Any]) -> str:
    return str(next(row[key] for key in ("band", "area", "date") if row.get(key) is not None))


def _p(row: Mapping[str, Any]) -> float | None:
    p = row.get("p_adjusted")
    return row.get("p") if p is None else p


def _least(row: Mapping[str, Any]) -> float:
    p = _p(row)
    return float("inf") if p is None or np.isnan(p) else float(p)


def leading(scan: Scan, spans: Sequence[tuple[str, str]] | None = None) -> Outcome:
    """Return what a scan found: its leading cluster if p is at most 0.05.

    `spans`: first and last ISO day of each bin; needed where the bins of two askings are not the same days. The ids of
    the scan's places must mean the same in each asking (codes of units or of incidents), as places may be drawn anew.
    """
    if not scan.clusters:
        return Outcome(False)
    first = min(scan.clusters, key=lambda cluster: cluster.rank)
    effect = first.relative_risk
    when = (f"{first.first:09}", f"{first.last:09}") if spans is None else (spans[first.first][0], spans[first.last][1])
    return Outcome(
        found=first.p is not None and first.p <= ALARM_LEVEL,
        keys=frozenset(scan.design.places.ids[place] for place in first.places),
        p=first.p,
        effect=max(effect) if isinstance(effect, tuple) else effect,
        span=when,
    )


def _sentence(
    original: Outcome, changes: Sequence[Change], spans: Sequence[str], numbers: Mapping[str, int], group: str | None
) -> str:
    verb = "vanishes" if original.found else "something does"
    told = [_told(change, spans, numbers, group or "the group", verb) for change in changes]
    if not spans:
        told.insert(0, "no date, place or count is recorded with a span to draw from")
    start = "The finding stands" if original.found else "Nothing stands out in the record as it is; the same holds"
    few = sum(change.too_few for change in changes)
    left = f" In {count(few, 'asking')} too little was left to ask." if few else ""
    return f"{start} {'; '.join(told)}.{_moves(changes)}{left}"


def _moves(changes: Sequence[Change]) -> str:
    """The spread of p and effect over the draws."""
    draws = next((change for change in changes if change.kind == DRAWN), None)
    if draws is None or draws.p is None:
        return ""
    effect = "" if draws.effect is None else f", the effect from {number(draws.effect[0])} to {number(draws.effect[2])}"
    return f" Over the draws p was from {draws.p[0]:.3f} to {draws.p[2]:.3f}{effect}."


def _told(change: Change, spans: Sequence[str], numbers: Mapping[str, int], group: str, verb: str) -> str:
    of = f"in {amount(change.stood)} of {amount(change.runs)}"
    if change.kind == DRAWN:
        return f"{of} draws of {_listed(spans)} within what is recorded"
    lost = [_lost(change.kind, name, numbers, group) for name in change.vanishes]
    but = f" ({verb} {_listed(lost[:5])}{' and others' if len(lost) > 5 else ''})" if lost else ""
    if change.kind == IDENTITY:
        return f"{of} bounds of unknown identities{but}"
    if change.kind == TIER:
        return f"{of} tiers of verification{but}"
    return f"leaving out each of {amount(change.runs)} {change.kind} in turn, {of}{but}"


def _lost(kind: str, name: str, numbers: Mapping[str, int], group: str) -> str:
    if kind == IDENTITY:
        return f"if {name.split(' ')[0]} of the unknown are of {group}"
    if kind == TIER:
        return f"with {name}"
    return f"without source #{numbers[name]}" if kind == SOURCE else f"without {name}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
