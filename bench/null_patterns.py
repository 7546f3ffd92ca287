"""False alarms and coverage of every pattern question where there is no pattern.

A thousand invented records of 300 incidents at 99 replications: areas with their own mix of groups and their own level
of violence, towns, sizes with a heavy tail, incidents with victims of several groups, identities, days and places lost
in reporting. Each question is asked as the program asks it (`asking.answer`; the targeting question through its own
entry), in a record in which it has nothing to find. Prints how often each is wrong at its headline, with an exact
interval, and how often its intervals hold the truth, by their kind. Ends with 1 if a question is wrong in more than 5 %
beyond Monte Carlo error, or its intervals hold the truth less often than they must.

    python -m bench.null_patterns [nulls] [seed] [question ...]
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from casualty import asking
from casualty.asking import Material
from casualty.calibrating import Trial, case, part_of_all, trial
from casualty.patterns import disparity
from casualty.patterns.events import Events
from casualty.patterns.rates import rate_ratio
from casualty.patterns.signature import PAIRS
from casualty.patterns.simulating import Noise, noisy
from casualty.patterns.widespread import REPEATED

LEVEL = 0.05
INCIDENTS, AREAS, YEARS, REPLICATIONS = 300, 16, 7, 99
TAIL, LARGEST, MIXED = 1.7, 800, 0.15
GROUPS = ("kess", "omb", "tul")
FIRST_DAY, SIDE, TOWN = 17_532, 120_000.0, 3_000.0
NOISE = Noise(uneven=0.0)  # the records are to hold 300 incidents
# Intervals must hold the truth so often: exact ones (of a share, at the effective number of incidents, of ranks among
# permutations) at their level, others 2 points below it.
LEAST = {"exact": 0.95, "effective": 0.95, "permutation": 0.95, "mid-p": 0.93, "bootstrap": 0.93, "model": 0.93}

SPACE = {"space": [1_000.0, 2_000.0, 4_000.0]}
DAYS = {"days": [14.0, 28.0]}
GROUP = {"group": GROUPS[0]}
TIMES = GROUP | {"every": 30}
CHOSEN: dict[str, tuple[str, Mapping[str, Any]]] = {
    "scan bernoulli": ("scan:bernoulli", GROUP),
    "scan bernoulli, victims": ("scan:bernoulli", GROUP | {"weights": "victims"}),
    "scan bernoulli, in time": ("scan:bernoulli:retrospective", GROUP | {"every": 90}),
    "scan bernoulli, prospective": ("scan:bernoulli:prospective", TIMES),
    "scan multinomial": ("scan:multinomial", {}),
    "scan permutation": ("scan:permutation:retrospective", TIMES),
    "scan permutation, prospective": ("scan:permutation:prospective", TIMES),
    "scan poisson": ("scan:poisson", GROUP),
    "near-repeat": ("near-repeat", SPACE | DAYS),
    "near-repeat of a group": ("near-repeat", SPACE | DAYS | GROUP),
    "near-repeat by group": ("near-repeat", SPACE | DAYS | {"by_group": True}),
    "colocation": ("colocation", SPACE | GROUP),
    "colocation, points": ("colocation", SPACE | GROUP),
    "hotspots, areas": ("hotspots:gistar", GROUP),
    "hotspots, areas, 9,999": ("hotspots:gistar", GROUP | {"replications": 9_999}),
    "hotspots, cells, 9,999": ("hotspots:gistar", GROUP | {"replications": 9_999, "cell": 20_000.0}),
    "hotspots, moran, 9,999": ("hotspots:moran-eb", GROUP | {"replications": 9_999, "cell": 20_000.0}),
    "hotspots, join count": ("hotspots:join-count", GROUP | {"cell": 20_000.0}),
    "trend": ("trend", {}),
    "surveillance ears-c1, bins": ("surveillance:ears-c1", {"every": "month"}),
    "surveillance cusum, bins": ("surveillance:cusum", {"every": "month"}),
    "surveillance farrington": ("surveillance:farrington", {"every": "month"}),
    "surveillance noufaily": ("surveillance:noufaily", {"every": "month"}),
    "signature": ("signature", GROUP),
    "actors": ("actors", {}),
    "widespread": ("widespread", GROUP),
    "funnel": ("funnel:incidents", GROUP),
    "funnel, people": ("funnel:people", GROUP),
}
OWN = ("disparity", "rate ratio")
# What kind of interval a question's rows have.
KINDS = {"near-repeat": "permutation", "colocation": "permutation", "trend": "model"}
Told = dict[str, list[float]]


def world(rng: np.random.Generator) -> tuple[Material, np.ndarray]:
    """Return 300 incidents as they are recorded, with the people (areas by groups) to whom they happen as they live."""
    shares = rng.dirichlet(np.full(len(GROUPS), 4.0), AREAS)
    people = np.round(shares * rng.lognormal(10, 0.7, (AREAS, 1))) + 500
    towns = rng.uniform(0, SIDE, (AREAS, 2))
    area = rng.choice(AREAS, INCIDENTS, p=rng.dirichlet(np.full(AREAS, 3.0)))
    at = towns[area] + rng.normal(0, TOWN, (INCIDENTS, 2))
    day = FIRST_DAY + np.floor(rng.uniform(0, 365.25 * YEARS, INCIDENTS))
    sizes = np.minimum(rng.zipf(TAIL, INCIDENTS), LARGEST).astype(float)
    codes = [f"A{i:02}" for i in range(AREAS)]
    events = _events(rng, at, day, sizes, _mix(rng, people[area], sizes), tuple(codes[i] for i in area))
    figures = {code: (float(people[i, 0]),) * 3 for i, code in enumerate(codes)}
    centres = {code: (float(towns[i, 0]), float(towns[i, 1])) for i, code in enumerate(codes)}
    spots = tuple((float(x), float(y)) for x, y in rng.uniform(0, SIDE, (40, 2)))
    return Material(events, people=figures, centres=centres, near=spots), people


def _mix(rng: np.random.Generator, people: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Most incidents hit one group, some several; each group as it is among the people of the area."""
    shares = people / people.sum(axis=1, keepdims=True)
    one = np.array([rng.multinomial(1, share) for share in shares], dtype=float)
    several = np.array([rng.multinomial(int(size), share) / size for size, share in zip(sizes, shares, strict=True)])
    return np.where(rng.random((len(sizes), 1)) < MIXED, several, one)


def _events(
    rng: np.random.Generator, at: np.ndarray, day: np.ndarray, sizes: np.ndarray, mix: np.ndarray, area: tuple[str, ...]
) -> Events:
    n = len(day)
    ids = tuple(f"i{i:04}" for i in range(n))
    # Each area has its own armed actors, so that actors and groups go together where the areas are not looked at.
    actors = tuple(frozenset({f"P{(int(a[1:]) + int(rng.integers(2))) % 5}"}) for a in area)
    acts, means = (tuple(frozenset({f"{kind}{rng.integers(2)}"}) for _ in ids) for kind in ("act", "means"))
    return Events(
        ids=ids, x=at[:, 0], y=at[:, 1], day=day, day_span=np.column_stack([day, day]), spread_m=np.full(n, np.nan),
        place_precision=np.ones(n), date_precision=np.ones(n), groups=GROUPS, mix=mix,
        victims=np.column_stack([sizes] * 3), reported=np.full(n, np.nan), area=area, tier=("other",) * n,
        sources=(frozenset({"s"}),) * n, actors=actors, acts=acts, means=means, place_type=(None,) * n,
        left_out=MappingProxyType({}),
    )  # fmt: skip


# One record ----------------------------------------------------------------------------------------------------------


def asked(name: str, material: Material, seed: int, i: int) -> tuple[Trial, Told]:
    """Return how wrong a question is in null i, and how much of the truth its intervals hold, by their kind."""
    words, chosen = CHOSEN[name]
    spots = () if name != "colocation, points" else material.near
    borne = Material(material.events, people=material.people, centres=material.centres, near=spots)
    documents: list[Mapping[str, Any]] = []

    def ask(held: Material, method: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        documents.append(asking.answer(held, method, given))
        return documents[-1]

    question = case(words, {"replications": REPLICATIONS} | dict(chosen), borne)
    if question.method == "hotspots" and question.people is None:
        question = case(words, dict(question.chosen), Material(material.events))
    tried = trial(question, seed, i, 1.0, NOISE, ask)
    return tried, holding(question.method, documents[0]) if documents else {}


def holding(method: str, document: Mapping[str, Any]) -> Told:
    """Return for each tested row with an interval whether it holds a ratio of 1, by the kind of interval."""
    held: Told = {}
    for row in document.get("rows", ()):
        if row.get("p") is None or row.get("low") is None:
            continue
        kind = "bootstrap" if row.get("band") in (PAIRS, REPEATED) else KINDS.get(method, "exact")
        top = float("inf") if row["high"] is None else row["high"]
        held.setdefault(kind, []).append(float(row["low"] <= 1 <= top))
    return held


def targeting(material: Material, people: np.ndarray, rng: np.random.Generator) -> tuple[Trial, Told]:
    """Ask the targeting question of the same record, through its own entry."""
    events = noisy(material.events, rng, NOISE)
    years = (1970 + events.day / 365.25).astype(int)
    counts = pd.DataFrame(
        [
            (one, events.area[i], str(years[i]), "other", group, part * events.victims[i, 1])
            for i, one in enumerate(events.ids)
            for group, part in _hit(events, i)
        ],
        columns=["incident", "area", "period", "tier", "group", "victims"],
    )
    figures = [
        (code, str(year), group, float(people[a, g]))
        for a, code in enumerate(material.people)
        for year in np.unique(years)
        for g, group in enumerate(GROUPS)
    ]
    told = pd.DataFrame(figures, columns=["area", "period", "group", "number"])
    answer = disparity(counts, told, dimension="group")
    rows = [row for row in answer.rows if row.known_incidents and row.area != "all" and row.period == "all"]
    held = {"exact": [float(row.stratified_low <= 1 <= row.stratified_high) for row in rows]}
    return Trial(float(any(row.alarm for row in answer.rows))), held | {
        "effective": [float(row.cluster_low <= 1 <= row.cluster_high) for row in rows]
    }


def _hit(events: Events, i: int) -> Iterator[tuple[str | None, float]]:
    if np.isnan(events.mix[i]).any():
        yield None, 1.0
        return
    yield from ((group, float(part)) for group, part in zip(events.groups, events.mix[i], strict=True) if part > 0)


def ratio(people: np.ndarray, rng: np.random.Generator) -> tuple[Trial, Told]:
    """Count incidents of one group and of all others as the people are; test the ratio of their rates."""
    group, every = float(people[:, 0].sum()), float(people.sum())
    seen = int(rng.binomial(INCIDENTS // 10, group / every))
    found = {
        kind: rate_ratio(seen, INCIDENTS // 10 - seen, group, every - group, kind=kind) for kind in ("exact", "mid-p")
    }
    held = {kind: [float(one.low <= 1 <= one.high)] for kind, one in found.items()}
    return Trial(float(found["exact"].p <= LEVEL)), held


# All of them ---------------------------------------------------------------------------------------------------------


def line(name: str, trials: Sequence[Trial], held: Sequence[Told], seconds: float) -> bool:
    """Print one question's figures; return whether they are within what is allowed."""
    rates = [one.rate for one in trials if one.rate is not None]
    if not rates:
        print(f"{name:31} too little in every record", flush=True)
        return False
    rate = part_of_all(rates)
    told = f"{name:31} {len(rates):5} {rate['observed']:7.1%} ({rate['low']:6.1%} to {rate['high']:6.1%})"
    sound = rate["low"] <= LEVEL
    for kind in sorted({kind for each in held for kind in each}):
        cover = part_of_all(float(np.mean(each[kind])) for each in held if each.get(kind))
        sound &= cover["high"] >= LEAST[kind]
        told += f"  {kind} {cover['observed']:.1%} ({cover['low']:.1%} to {cover['high']:.1%})"
    print(f"{told}  {seconds:.0f} s{'' if sound else '  WRONG'}", flush=True)
    return sound


def tried(name: str, seed: int, i: int) -> tuple[Trial, Told]:
    rng = np.random.default_rng([i, seed])  # apart from the stream (seed, i) of what is simulated from it
    material, people = world(rng)
    if name == "disparity":
        return targeting(material, people, rng)
    return ratio(people, rng) if name == "rate ratio" else asked(name, material, seed, i)


def main(nulls: int = 1_000, seed: int = 20_260_101, *names: str) -> int:
    """Run the questions named, or all; return how many do not hold what they promise."""
    print(f"{nulls:,} records of {INCIDENTS} incidents without a pattern, {REPLICATIONS} replications unless said")
    print(f"{'question':31} {'asked':>5} {'wrong':>7} (95 % interval)   intervals that hold the truth, by kind")
    wrong = 0
    for name in [name for name in (*CHOSEN, *OWN) if not names or name.split(",")[0].split()[0] in names]:
        start = time.process_time()
        trials, held = zip(*(tried(name, seed, i) for i in range(nulls)), strict=True)
        wrong += not line(name, trials, held, time.process_time() - start)
    return wrong


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *sys.argv[3:]) > 0)
