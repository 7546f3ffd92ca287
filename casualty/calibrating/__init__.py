"""Questions tried where the truth is known: how often they are wrong without a pattern, and find one that is planted.

The records are made from the user's own places and dates (`patterns.simulating`), and asked through the one entry that
a user's question goes through.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from casualty import asking
from casualty.calibrating.trying import LEVEL, Ask, Case, Trial, case, conditions, null_of, planting, trial
from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.rates import adjust, at_least, share_interval
from casualty.patterns.simulating import NOISE, Noise
from casualty.patterns.wording import count, percent

__all__ = ["Case", "Trial", "calibrate", "case", "conditions", "part_of_all", "trial"]

METHOD = "calibration on simulated records"
QUESTION = (
    "How often are these questions wrong where there is no pattern, and how often do they find one that is planted?"
)
CAVEATS = (
    "The simulated records keep the places, and the dates or their number; what else is in a real record (campaigns, "
    "sources that fall silent, displacement) is in them only as far as these hold it. A question can be right here and "
    "wrong there.",
    "Found means found where it was planted. A pattern of another shape, size or time is found more seldom or more often.",
    "An alarm in the record itself is not made true by few false alarms here, nor the lack of one by much power.",
)
LOST = (
    "In each record about {unknown} of identities, {dates} of days, {places} of places and up to {uneven} "
    "of an area's incidents are lost, whoever was hit; sizes have the tail of the record, or a heavy one if it states none."
)


def calibrate(
    cases: Sequence[Case],
    *,
    seed: int,
    simulations: int = 100,
    strengths: Sequence[float] = (2.0, 4.0),
    noise: Noise = NOISE,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    ask: Ask = asking.answer,
) -> Answer:
    """Say how often questions are wrong in records without a pattern, and how often they find one that is planted.

    cases: from `case`; strengths: by how much the odds (or the rate, or the pairs) are multiplied where a pattern is
    planted, above 1; noise: what reporting loses in each record. Simulation i draws from (seed, i) alone, so `executor`
    changes nothing. ask: the entry, for trying out another test than the program's own.

    Rows by `band`: observed: part of the records (of bins, for alarms in time that have no p) with a false alarm,
    expected 0.05, low and high: exact 95 % interval of that part, p: chance of so many if it were 5 %, alarm: more than
    5 % beyond Monte Carlo error (low above 0.05); simulations: records that could be asked; coverage (coverage_low,
    coverage_high): part of the intervals of the answers' rows that hold the truth, a ratio of 1. One more row for each
    strength: power (again observed) with its interval, planted: what. ratio is not defined in either. A question of which
    too little is left in every record is told in the caveats. Raises NotEnoughData where that holds for all.
    Sources: Clopper and Pearson 1934. Does not show that a question is right in a record made otherwise, see CAVEATS.
    """
    _checked(simulations, strengths)
    jobs = [
        (each, seed, i, strength, noise, ask)
        for each in map(_sent, cases)
        for strength in (1.0, *strengths)
        if strength == 1 or planting(each, strength, null_of(each, noise)) is not None
        for i in range(simulations)
    ]
    trials = _by_condition(jobs, simulations, _run(jobs, executor, progress))
    rows = list(_rows(cases, trials))
    if not rows:
        raise NotEnoughData(f"In no simulated record enough was left to ask. {trials[cases[0].name, 1.0][0].why}")
    _corrected(rows)
    events = cases[0].material.events
    return Answer(
        method=METHOD,
        question=QUESTION,
        n=len(events),
        left_out=events.left_out,
        rows=tuple(rows),
        sentence=_sentence(rows, simulations),
        caveats=(*CAVEATS, _lost(noise), *_unasked(cases, trials)),
        parameters=MappingProxyType(
            {"methods": [each.name for each in cases], "simulations": simulations, "strengths": list(strengths)}
            | {"replications": cases[0].chosen.get("replications"), "noise": vars(noise)}
        ),
        seed=seed,
        correction=f"Benjamini and Hochberg over {sum(row['strength'] == 1 for row in rows)} questions",
    )


def _checked(simulations: int, strengths: Sequence[float]) -> None:
    if simulations < 1:
        raise UsageFault("--simulations must be 1 or more.")
    if any(not 1 < strength < float("inf") for strength in strengths):
        raise UsageFault("--strength says by how much odds are multiplied: numbers above 1, such as 2,4.")


def _sent(case: Case) -> Case:
    """A case that can be sent to another process: a read-only mapping cannot."""
    held, events = case.material, case.material.events
    people, centres, borders = dict(held.people), dict(held.centres), dict(held.borders)
    events = replace(events, left_out=dict(events.left_out))
    plain = replace(held, events=events, people=people, centres=centres, borders=borders)
    return replace(case, material=plain, chosen=dict(case.chosen))


def _run(jobs: Sequence[tuple[Any, ...]], executor: Executor | None, progress: Any) -> list[Trial]:
    from geo.many import in_blocks

    return in_blocks(trial, jobs, executor, progress)


Trials = Mapping[tuple[str, float], Sequence[Trial]]


def _by_condition(jobs: Sequence[tuple[Any, ...]], simulations: int, trials: Sequence[Trial]) -> Trials:
    firsts = range(0, len(jobs), simulations)
    return {(jobs[at][0].name, jobs[at][3]): trials[at : at + simulations] for at in firsts}


def _rows(cases: Iterable[Case], trials: Trials) -> Iterator[dict[str, Any]]:
    known = {each.name: each for each in cases}
    for (name, strength), told in trials.items():
        asked = [one for one in told if one.rate is not None]
        if asked:
            yield _null_row(known[name], asked) if strength == 1 else _planted_row(known[name], strength, asked)


def part_of_all(parts: Iterable[float]) -> dict[str, float]:
    """Return the mean of parts of 1, one for each record, with an exact interval.

    A part varies no more than an outcome that is all or nothing, so that the interval errs on the safe side.
    """
    listed = list(parts)
    low, high = share_interval(sum(listed), len(listed))
    return {"observed": float(np.mean(listed)), "low": float(low), "high": float(high)}


def _null_row(case: Case, asked: Sequence[Trial]) -> dict[str, Any]:
    rate = part_of_all(one.rate or 0.0 for one in asked)
    p = float(at_least(rate["observed"] * len(asked), len(asked), LEVEL))
    held = [one.covered for one in asked if one.covered is not None]
    own = {"expected": LEVEL, "p": p, "alarm": rate["low"] > LEVEL}
    return _row(case.name, rate, len(asked)) | own | _named("coverage", part_of_all(held) if held else {})


def _planted_row(case: Case, strength: float, asked: Sequence[Trial]) -> dict[str, Any]:
    rate = part_of_all(one.rate or 0.0 for one in asked)
    own = {"strength": strength, "planted": case.name}
    return _row(f"{strength:g} times: {case.name}", rate, len(asked)) | _named("power", rate) | own


def _row(band: str, rate: Mapping[str, float], simulations: int) -> dict[str, Any]:
    """A row of the contract, and what else a row may hold: nothing yet but the rate."""
    row: dict[str, Any] = {"band": band, "observed": rate["observed"], "expected": None, "ratio": None}
    row |= {"low": rate["low"], "high": rate["high"], "p": None, "p_adjusted": None, "alarm": False}
    row |= _named("coverage", {}) | _named("power", {})
    return row | {"simulations": simulations, "strength": 1.0, "planted": None}


def _named(name: str, rate: Mapping[str, float]) -> dict[str, float | None]:
    return {name: rate.get("observed"), f"{name}_low": rate.get("low"), f"{name}_high": rate.get("high")}


def _corrected(rows: list[dict[str, Any]]) -> None:
    tested = [row for row in rows if row["p"] is not None]
    for row, p in zip(tested, adjust([row["p"] for row in tested]), strict=True):
        row["p_adjusted"] = float(p)


# Words ---------------------------------------------------------------------------------------------------------------


def _lost(noise: Noise) -> str:
    return LOST.format(**{name: percent(part) for name, part in vars(noise).items()})


def _unasked(cases: Iterable[Case], trials: Trials) -> tuple[str, ...]:
    none = [each.name for each in cases if all(one.rate is None for one in trials[each.name, 1.0])]
    few = [
        f"{name}: {sum(one.rate is None for one in told)}"
        for (name, strength), told in trials.items()
        if strength == 1 and 0 < sum(one.rate is None for one in told) < len(told)
    ]
    said = [f"Too little is left in every simulated record for {name}: {trials[name, 1.0][0].why}" for name in none]
    return (*said, *([f"Records in which too little was left to ask: {'; '.join(few)}."] if few else []))


def _sentence(rows: Sequence[Mapping[str, Any]], simulations: int) -> str:
    nulls = [row for row in rows if row["strength"] == 1]
    told = ", ".join(f"{row['band']} in {_rate(row, simulations)}" for row in nulls)
    bad = [row["band"] for row in nulls if row["alarm"]]
    verdict = (
        f"{', '.join(bad)} raised false alarms more often than 5 %: what it says of this record cannot be relied on."
        if bad
        else f"That is consistent with 5 % or less, as far as {amount_of(simulations)} can tell."
    )
    return (
        f"Of {amount_of(simulations)} without any pattern, made on these places and dates, an alarm was raised by {told}. "
        f"{verdict}{_coverage(nulls)}{_power(rows)}"
    )


def amount_of(simulations: int) -> str:
    """Return a number of simulated records in words."""
    return count(simulations, "simulated record")


def _rate(row: Mapping[str, Any], simulations: int) -> str:
    told, of = row["observed"] * row["simulations"], row["simulations"]
    share = f"{percent(row['low'])} to {percent(row['high'])}"
    if abs(told - round(told)) > 1e-6:
        return f"{percent(row['observed'])} of its bins ({share})"
    return f"{round(told)}{'' if of == simulations else f' of {of}'} ({share})"


def _coverage(nulls: Sequence[Mapping[str, Any]]) -> str:
    told = [
        f"{row['band']} {percent(row['coverage'])} ({percent(row['coverage_low'])} to {percent(row['coverage_high'])})"
        for row in nulls
        if row["coverage"] is not None
    ]
    return f" Of the intervals of 95 %, these held the truth: {', '.join(told)}." if told else ""


def _power(rows: Sequence[Mapping[str, Any]]) -> str:
    planted_rows = [row for row in rows if row["strength"] != 1]
    if not planted_rows:
        return ""
    told = "; ".join(
        f"{row['planted']}, {row['strength']:g} times, in {percent(row['power'])} ({percent(row['power_low'])} to "
        f"{percent(row['power_high'])})"
        for row in planted_rows
    )
    return f" A planted pattern was found: {told}."
