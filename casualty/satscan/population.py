"""Populations between census dates, and the cases that are expected where the covariates' rates hold everywhere."""

from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise
from operator import mul

Stratum = tuple[str, ...]


def weights(dates: Sequence[float], edges: Sequence[float]) -> list[list[float]]:
    """How much the population at each date counts in each interval: intervals x dates, in days.

    Between two dates a population runs straight from one to the other; before the first and after the last it stays.
    The integral over an interval is then this row times the populations at the dates (exact, not by steps).
    """
    return [_weight(dates, a, b) for a, b in pairwise(edges)]


def _weight(dates: Sequence[float], start: float, end: float) -> list[float]:
    row = [0.0] * len(dates)
    row[0] += max(0.0, min(end, dates[0]) - start)
    row[-1] += max(0.0, end - max(start, dates[-1]))
    for i, (left, right) in enumerate(pairwise(dates)):
        low, high = max(start, left), min(end, right)
        if low < high:
            later = ((low + high) / 2 - left) / (right - left)
            row[i] += (high - low) * (1 - later)
            row[i + 1] += (high - low) * later
    return row


def persons(populations: Mapping[tuple[int, Stratum], Sequence[float]], whole: Sequence[float]) -> dict[Stratum, float]:
    """Person-time of each stratum over all places and the whole period; `whole`: the weights summed over intervals."""
    totals: dict[Stratum, float] = {}
    for (_, stratum), numbers in populations.items():
        totals[stratum] = totals.get(stratum, 0.0) + sum(map(mul, whole, numbers))
    return totals


def expected(
    populations: Mapping[tuple[int, Stratum], Sequence[float]],
    cases: Mapping[Stratum, float],
    dates: Sequence[float],
    edges: Sequence[float],
    places: int,
) -> Sequence[float]:
    """Cases expected at each place in each interval, places x intervals in row order, summing to all cases.

    Indirect standardisation: each stratum has the rate of its own cases over its own person-time (Kulldorff 1997).
    populations: by place and stratum, one number for each date; every stratum with cases has person-time above 0.
    """
    rows = weights(dates, edges)
    totals = persons(populations, [sum(column) for column in zip(*rows, strict=True)])
    rates = {stratum: cases.get(stratum, 0.0) / total for stratum, total in totals.items() if total}
    adjusted = [[0.0] * len(dates) for _ in range(places)]
    for (place, stratum), numbers in populations.items():
        rate, row = rates.get(stratum, 0.0), adjusted[place]
        for i, number in enumerate(numbers):
            row[i] += rate * number
    return array("d", [sum(map(mul, row, one)) for one in adjusted for row in rows])
