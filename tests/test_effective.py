"""The victims' interval with the incident as its unit: against a loop, against the incidents' own, and the truth.

Holds R45 and R56.
"""

from math import inf
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_patterns import FEW, FIGURES, INCIDENTS, ask, figures_of, row, same, tables

from casualty.patterns.rates import share_interval
from casualty.patterns.votes import Votes


@FEW
@given(INCIDENTS, FIGURES)
def test_the_victims_interval_against_the_plain_loop(incidents: list[Any], numbers: list[int]) -> None:
    """R45: the interval with the incident as its unit equals one written out incident by incident."""
    a = row(ask(*tables(incidents, figures_of(numbers))), "all", "A")
    fallen = [(each.get("A", 0), each.get("A", 0) + each.get("B", 0)) for _, each in incidents]
    total = sum(known for _, known in fallen)
    part = sum(own for own, _ in fallen) / total
    effective = total**2 / sum(known**2 for _, known in fallen)
    spread = sum((own - part * known) ** 2 for own, known in fallen)
    if 0 < part < 1 and spread > 1e-9:
        effective = min(effective, total**2 * part * (1 - part) / spread)
    odds = a.population_share / (1 - a.population_share)
    for found, share in zip((a.cluster_low, a.cluster_high), share_interval(part * effective, effective), strict=True):
        assert same(found, float(share / (1 - share) / odds) if share < 1 else inf)


@FEW
@given(st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=30), st.integers(1, 50))
def test_incidents_of_one_size_say_what_their_votes_say(groups: list[str], size: int) -> None:
    """R45: where all incidents are alike the victims' interval is that of the incidents, however many each killed."""
    a = row(ask(*tables([("North", {g: size}) for g in groups], figures_of([3, 6, 1, 1]))), "North", "A")
    assert same(a.cluster_low, a.low)
    assert same(a.cluster_high, a.high)


def test_the_victims_interval_holds_the_truth() -> None:
    """R45, R56: with heavy-tailed sizes, and with larger incidents of a small group, it covers what it says."""
    rng = np.random.default_rng(7)
    for tailed, larger in ((1.0, 1), (0.0, 5)):
        hit = rng.random((400, 100)) < 0.05
        size = np.where(hit, larger, 1) * np.minimum(rng.zipf(1.7, hit.shape), 800) ** tailed
        truth = 0.05 * larger / (0.05 * larger + 0.95)
        held = [_holds(truth, *each) for each in zip(hit, size, strict=True)]
        assert np.mean(held) >= 0.93  # of 400 at 0.95, less has a chance below 1 in 25


def _holds(truth: float, hit: Any, size: Any) -> bool:
    n, none = hit.size, np.zeros(hit.size)
    victims = np.column_stack([hit, ~hit]) * size[:, None]
    cell = none.astype(int)
    every = Votes(("A", "B"), ((None, "2021"),), np.ones((1, 2)), cell, cell, victims, none, np.ones(n, bool), ())
    number = every.effective(np.ones((1, 1)))[0, 0]
    low, high = share_interval(victims[:, 0].sum() / victims.sum() * number, number)
    return bool(low <= truth <= high)
