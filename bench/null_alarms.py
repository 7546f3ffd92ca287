"""False alarms of the targeting question where there is no targeting.

A thousand invented databases: districts with their own mix of groups and their own level of violence, incidents whose
group falls as the district's people do, sizes with a heavy tail (one incident can kill more than all others
together), some incidents with victims of several groups, some without known identity. In each the question is asked as
the program asks it, and beside it as if every victim were an independent event. Prints the share of databases
with any alarm, and of single rows below 0.05 before correction, each with its Monte Carlo error. Ends with 1 if
alarms on incidents are above 5 % by more than that error.

    python -m bench.null_alarms [databases] [seed]
"""

import sys
import time
from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from casualty.patterns import Disparity, disparity
from casualty.patterns.rates import adjust, share_p

LEVEL = 0.05
GROUPS = ("A", "B", "C")
DISTRICTS, PERIODS = ("D1", "D2", "D3", "D4"), ("2021", "2022")
INCIDENTS, LARGEST, TAIL = 160, 800, 1.7
MIXED, UNKNOWN = 0.15, 0.15


def database(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Incidents without targeting, and the people they happen to."""
    people = rng.dirichlet(np.ones(len(GROUPS)), len(DISTRICTS)) * rng.lognormal(10, 1, (len(DISTRICTS), 1)) + 50
    shares = people / people.sum(axis=1, keepdims=True)
    violence = rng.dirichlet(np.ones(len(DISTRICTS)))
    sizes = np.minimum(rng.zipf(TAIL, INCIDENTS), LARGEST)
    rows = []
    for number, size in enumerate(sizes):
        district = rng.choice(len(DISTRICTS), p=violence)
        place = f"i{number:04}", DISTRICTS[district], str(rng.choice(PERIODS)), "other"
        rows += [(*place, group, float(victims)) for group, victims in fallen(rng, int(size), shares[district])]
    figures = [
        (district, period, group, people[d, g])
        for (d, district), period, (g, group) in product(enumerate(DISTRICTS), PERIODS, enumerate(GROUPS))
    ]
    counts = pd.DataFrame(rows, columns=["incident", "area", "period", "tier", "group", "victims"])
    return counts, pd.DataFrame(figures, columns=["area", "period", "group", "number"])


def fallen(rng: np.random.Generator, size: int, shares: np.ndarray) -> Iterator[tuple[str | None, int]]:
    """The victims of one incident: of unknown identity, of one group, or of several as the people are."""
    kind = rng.random()
    if kind < UNKNOWN:
        yield None, size
    elif kind < UNKNOWN + MIXED:
        yield from ((group, many) for group, many in zip(GROUPS, rng.multinomial(size, shares), strict=True) if many)
    else:
        yield str(rng.choice(GROUPS, p=shares)), size


def victims_p(answer: Disparity) -> np.ndarray:
    """p of every row of one district and period if victims were independent events; residence plays no part."""
    rows = [row for row in answer.rows if "all" not in (row.area, row.period) and row.known_victims]
    return np.array([share_p(row.victims, row.known_victims, row.population_share) for row in rows])


def told(of: list[float]) -> str:
    return f"{100 * np.mean(of):5.1f} % +- {100 * 1.96 * np.std(of) / np.sqrt(len(of)):.1f}"


def main(databases: int = 1_000, seed: int = 20_260_101) -> int:
    start = time.process_time()
    alarms, alarms_victims, single, single_victims = (list[float]() for _ in range(4))
    for number in range(databases):
        rng = np.random.default_rng([seed, number])
        answer = disparity(*database(rng), dimension="group")
        as_if = victims_p(answer)
        alarms.append(any(row.alarm for row in answer.rows))
        alarms_victims.append(bool((adjust(as_if) <= LEVEL).any()))
        single.append(np.mean([row.p <= LEVEL for row in answer.rows if row.known_incidents]))
        single_victims.append(np.mean(as_if <= LEVEL))
    print(
        f"{databases} databases without targeting, {INCIDENTS} incidents each, {time.process_time() - start:.0f} s CPU"
    )
    print(f"databases with an alarm, on incidents                  {told(alarms)}")
    print(f"databases with an alarm, on victims as if independent  {told(alarms_victims)}")
    print(f"rows with p <= 0.05 uncorrected, on incidents          {told(single)}")
    print(f"rows with p <= 0.05 uncorrected, on victims            {told(single_victims)}")
    return int(np.mean(alarms) > LEVEL + 1.96 * np.sqrt(LEVEL * (1 - LEVEL) / databases))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
