"""Funnel limits, uncertain denominators, and alleged actors by group: laws by brute force, false alarms, refusals.

Holds R27, R37 (actors are as alleged), R45, R48, R50, R55 and R56.
"""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from casualty.errors import InvalidRecords, NotEnoughData
from casualty.patterns.alleged import NO_ACTOR, NO_AREA, WHOLE, Table, actors_by_group
from casualty.patterns.answers import Answer
from casualty.patterns.events import NO_IDENTITY, Events
from casualty.patterns.funnel import control_limit, funnel, over_range
from casualty.patterns.rates import rate_ratio

SOME = settings(deadline=None, max_examples=60)


def names(n: int) -> list[str]:
    return [f"a{i}" for i in range(n)]


# The funnel -----------------------------------------------------------------------------------------------------------


@SOME
@given(st.integers(1, 60), st.floats(0.02, 0.9), st.sampled_from([0.001, 0.025, 0.975, 0.999]))
def test_a_limit_cuts_off_its_part_of_the_law(trials: int, chance: float, part: float) -> None:
    """The whole counts around a limit hold less, and at least, the part; in between it moves with what is left over."""
    limit = float(control_limit([trials], [chance], part)[0])
    count = next(k for k in range(trials + 1) if binom.cdf(k, trials, chance) >= part)
    over = (binom.cdf(count, trials, chance) - part) / binom.pmf(count, trials, chance)
    assert limit == pytest.approx(max(count - over, 0), abs=1e-6)


def test_a_limit_by_hand() -> None:
    """Two coins: P(0) = 1/4 and P(1) = 1/2, so half lies below 1 - (3/4 - 1/2) / (1/2) heads."""
    assert control_limit([2], [0.5], 0.5)[0] == pytest.approx(0.5)
    assert control_limit([2], [0.5], 0.1)[0] == 0


def test_rows_are_the_exact_law_out_of_incidents_and_out_of_people() -> None:
    """R45: ratio, interval and p by the binomial law, for both kinds of base."""
    x, base = np.array([8.0, 20, 3]), np.array([20.0, 100, 40])
    answer = funnel(names(3), x, base, of="incidents")
    row, share = answer.rows[0], 31 / 160
    assert (row["expected"], row["ratio"]) == pytest.approx((20 * share, 8 / (20 * share)))
    assert row["upper_95"] == pytest.approx(control_limit([20], [share], 0.975)[0] / (20 * share))
    every = binom.pmf(np.arange(21), 20, share)
    assert row["exact_p"] == pytest.approx(every[every <= every[8] * (1 + 1e-7)].sum())
    assert (answer.n, answer.parameters["overdispersion"]) == (160, 1.0)
    people = funnel(names(3), x, base * 100, of="people").rows[0]
    rest = rate_ratio(8, 23, 2_000, 14_000)
    assert people["exact_p"] == pytest.approx(rest.p)
    assert (people["low"] > 1) == (rest.low > 1)


def test_areas_that_vary_by_themselves_widen_the_limits() -> None:
    """The overdispersion is the mean square of the scores, outer tenths drawn in; limits widen by its root, p rises."""
    rng = np.random.default_rng(1)
    base = np.full(40, 300.0)
    answer = funnel(names(40), rng.binomial(300, rng.beta(10, 30, 40)), base, of="incidents")
    score = np.array([row["score"] for row in answer.rows])
    drawn_in = np.clip(score, *np.quantile(score, [0.1, 0.9]))
    spread = answer.parameters["overdispersion"]
    assert spread == pytest.approx((drawn_in**2).mean())
    assert spread > 2
    for row in answer.rows:
        assert row["wide_upper_998"] - 1 == pytest.approx((row["upper_998"] - 1) * spread**0.5)
        assert row["p"] == pytest.approx(max(row["exact_p"], 2 * norm.sf(abs(row["score"]) / spread**0.5)))
        assert row["outside_998"] <= row["outside_95"]
    assert "how much areas vary anyway" in answer.sentence
    json.dumps(answer.as_json(), allow_nan=False)


@pytest.mark.parametrize("of", ["incidents", "people"])
def test_flat_rates_raise_few_alarms(of: Any) -> None:
    """R56: bases from a heavy tail, one rate everywhere: 200 nulls, at most 5 % and what chance adds (1 in 1,000)."""
    alarms, inside, rows = 0, 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base = np.ceil(rng.pareto(1, 20) * 10) + 5
        x = rng.binomial(base.astype(int), 0.25) if of == "incidents" else rng.poisson(base / 4)
        answer = funnel(names(20), x, base if of == "incidents" else base * 100, of=of)
        alarms += any(row["alarm"] for row in answer.rows)
        inside += sum(row["low"] <= 1 <= row["high"] for row in answer.rows)
        rows += 20
    assert alarms <= binom.isf(0.001, 200, 0.05)
    assert inside / rows >= 0.95


def test_one_area_far_out_is_found_and_named() -> None:
    """R48, R56: three times the rate of nineteen others."""
    x, base = np.full(20, 25.0), np.full(20, 100.0)
    x[4] = 75
    answer = funnel(names(20), x, base, of="incidents", group="G")
    assert [row["area"] for row in answer.rows if row["alarm"]] == ["a4"]
    assert "a4 (2.73 times)" in answer.sentence
    assert "does not say why" in answer.sentence


def test_an_area_without_data_is_not_zero() -> None:
    """R50: left out and counted."""
    answer = funnel(names(4), [3, np.nan, 5, 6], [10, 20, np.nan, 30], of="incidents", left_out={"no area": 2})
    assert [row["area"] for row in answer.rows] == ["a0", "a3"]
    assert any(caveat.startswith("2 areas without") for caveat in answer.caveats)
    assert answer.left_out == {"no area": 2}


def test_at_its_tipping_base_an_area_is_undecided() -> None:
    """R47: put the tipping figure in and the interval touches 1; the range of figures moves the ratio the other way."""
    x, people = [40.0, 10, 12], np.array([1_000.0, 1_000, 1_000])
    answer = funnel(names(3), x, people, of="people", low_base=people * 0.8, high_base=people * 2)
    row = answer.rows[0]
    again = funnel(names(3), x, [row["tipping_base"], 1_000, 1_000], of="people").rows[0]
    assert again["low"] == pytest.approx(1)
    assert row["least"] < row["ratio"] < row["most"]
    assert row["least"] == pytest.approx(funnel(names(3), x, [2_000, 1_000, 1_000], of="people").rows[0]["ratio"])


COUNT, FIGURE = st.integers(0, 60), st.floats(10, 1e6)


@SOME
@given(COUNT, COUNT.filter(bool), st.tuples(FIGURE, FIGURE, FIGURE), st.tuples(FIGURE, FIGURE, FIGURE))
def test_a_range_of_denominators_holds_every_ratio_in_it(x: int, others: int, group: Any, rest: Any) -> None:
    """R47: best at its own figures, the ends at the outer ones, and the interval touching 1 at the tipping figure."""
    group, rest = tuple(sorted(group)), tuple(sorted(rest))
    found, exact = over_range(x, others, group, rest), rate_ratio(x, others, group[1], rest[1])
    assert (found.ratio, found.low, found.high) == pytest.approx((exact.ratio, exact.low, exact.high))
    assert found.least <= found.ratio * (1 + 1e-9)
    assert found.ratio <= found.most * (1 + 1e-9)
    assert found.low_least == pytest.approx(rate_ratio(x, others, group[2], rest[0]).low)
    assert found.high_most == pytest.approx(rate_ratio(x, others, group[0], rest[2]).high)
    assert (found.tipping is None) == (exact.low <= 1 <= exact.high)
    if found.tipping is not None:
        there = rate_ratio(x, others, found.tipping, rest[1])
        assert pytest.approx(1) in (there.low, there.high)
    assert not found.holds or found.tipping is not None


def test_a_range_in_words() -> None:
    """R45: the sentence says what the figures decide."""
    open_one = over_range(30, 40, (900, 1_000, 2_000), (3_000, 3_000, 3_100))
    assert "1,353 people in the group, 1.35 times its figure, so the stated figures leave it open" in open_one.sentence
    assert not open_one.holds
    held = over_range(30, 40, (900, 1_000, 1_100), (3_000, 3_000, 3_100))
    assert held.holds
    assert "every stated figure" in held.sentence
    assert "not a sign that there is none" in over_range(2, 3, (900, 1_000, 1_100), (3_000, 3_000, 3_100)).sentence


# Alleged actors by group ----------------------------------------------------------------------------------------------


def made(actors: Any, mix: Any, area: Any = None) -> Events:
    n, empty = len(actors), (frozenset[str](),) * len(actors)
    none, parts = np.full(n, np.nan), np.asarray(mix, dtype=float)
    return Events(
        ids=tuple(f"i{i}" for i in range(n)),
        x=none,
        y=none,
        day=none,
        day_span=np.column_stack([none, none]),
        spread_m=none,
        place_precision=none,
        date_precision=none,
        groups=tuple("GHK"[: parts.shape[1]]),
        mix=parts,
        victims=np.ones((n, 3)),
        reported=none,
        area=tuple(area) if area is not None else ("R",) * n,
        tier=("other",) * n,
        sources=empty,
        actors=tuple(frozenset(one) for one in actors),
        acts=empty,
        means=empty,
        place_type=(None,) * n,
    )


def drawn(seed: int, n: int = 200, aimed: float = 1.0) -> Events:
    """Actors have their home areas, groups theirs: within an area nothing is aimed, unless actor A meets G more often."""
    rng = np.random.default_rng(seed)
    area = rng.choice(6, n, p=(w := rng.pareto(1, 6) + 0.3) / w.sum())
    home, part = rng.integers(4, size=6), rng.beta(1, 2, 6)
    free = rng.choice(list("ABCD"), n, p=[0.5, 0.3, 0.1, 0.1])
    who = [
        {"ABCD"[home[a]]} if rng.random() < 0.7 else {f, "B"} if rng.random() < 0.2 else {f}
        for a, f in zip(area, free, strict=True)
    ]
    odds = np.where(["A" in one for one in who], np.minimum(part[area] * aimed, 0.9), part[area])
    share = np.where(rng.random(n) < 0.1, rng.random(n).round(1), rng.random(n) < odds)
    return made(who, np.column_stack([share, 1 - share]), [f"R{a}" for a in area])


def ask(events: Events, seed: int = 1, **more: Any) -> Answer:
    return actors_by_group(events, rng=np.random.default_rng(seed), **more)


def test_whole_votes_give_the_residuals_of_a_plain_table() -> None:
    """R's chisq.test(...)$stdres and its statistic for 30 10 5 / 12 25 8 / 9 11 20."""
    table = [[30, 10, 5], [12, 25, 8], [9, 11, 20]]
    who = [name for name, row in zip("ABC", table, strict=True) for name in name * sum(row)]
    mix = np.concatenate([np.repeat(np.eye(3), row, axis=0) for row in table])
    answer = ask(made(who, mix), within_areas=False)
    whole, *cells = answer.rows
    assert whole["observed"] == pytest.approx(35.5645188027)
    assert (whole["band"], whole["p"]) == (WHOLE, pytest.approx(1 / (answer.parameters["replications"] + 1)))
    told = [4.66157160264, -2.28364253055, -2.72081864367, -2.13473839747, 3.49960803383, -1.45001712148]
    told += [-2.60460005081, -1.25338855178, 4.29919910171]
    assert [row["residual"] for row in cells] == pytest.approx(told)
    assert [row["observed"] for row in cells] == [count for row in table for count in row]
    assert {row["band"] for row in cells if row["alarm"] and row["ratio"] > 1} == {"A | G", "B | H", "C | K"}


def test_moments_are_those_of_all_orders() -> None:
    """Split votes in two strata: expectation and variance over every order of groups within them."""
    rng = np.random.default_rng(2)
    actors, groups = rng.dirichlet([1, 1], 7), rng.dirichlet([1, 1, 1], 7)
    stratum = np.array([0, 1, 0, 1, 0, 0, 1])
    one, two = np.flatnonzero(stratum == 0), np.flatnonzero(stratum == 1)
    every = []
    for a in permutations(one):
        for b in permutations(two):
            moved = groups.copy()
            moved[one], moved[two] = groups[list(a)], groups[list(b)]
            every.append(actors.T @ moved)
    expected, variance = Table(actors, groups, stratum).moments()
    np.testing.assert_allclose(np.mean(every, axis=0), expected)
    # Haberman's variance is that of independent margins: in each stratum (n - 1) / n of the permutations'.
    parts = [
        Table(actors[s], groups[s], np.zeros(s.size, dtype=np.intp)).moments()[1] * s.size / (s.size - 1)
        for s in (one, two)
    ]
    np.testing.assert_allclose(np.var(every, axis=0), sum(parts))
    np.testing.assert_allclose(variance, parts[0] * 3 / 4 + parts[1] * 2 / 3)


def test_a_cell_is_ranked_among_all_orders() -> None:
    """Twelve incidents, six of each actor: p of a cell is hypergeometric."""
    from scipy.stats import hypergeom

    who, share = "AAAAAABBBBBB", np.array([1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    answer = ask(made(list(who), np.column_stack([share, 1 - share])), replications=20_000)
    row = next(row for row in answer.rows if row["band"] == "A | G")
    assert row["p"] == pytest.approx(2 * hypergeom.sf(4, 12, 6, 6), abs=0.008)
    assert row["p_adjusted"] >= answer.rows[0]["p"]


def test_groups_move_within_areas_only() -> None:
    """R46: A is active where G lives; p of the pair is that of two hypergeometric numbers added up."""
    from scipy.stats import hypergeom

    who, area = "AAAAAABB" + "AABBBBBB", "R" * 8 + "S" * 8
    share = np.array([1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    events = made(list(who), np.column_stack([share, 1 - share]), area)
    row = next(row for row in ask(events, replications=20_000).rows if row["band"] == "A | G")
    sums = np.convolve(hypergeom.pmf(np.arange(8), 8, 7, 6), hypergeom.pmf(np.arange(3), 8, 2, 2))
    assert row["observed"] == 6
    assert row["expected"] == pytest.approx(6 * 7 / 8 + 2 * 2 / 8)
    assert row["p"] == pytest.approx(min(1, 2 * min(sums[:7].sum(), sums[6:].sum())), abs=0.015)


def test_where_actors_and_groups_only_live_together_nothing_is_alleged() -> None:
    """R56, R46: 100 nulls within areas at most 5 % and what chance adds; over all areas together residence shows."""
    alarms: Counter[bool] = Counter()
    for seed in range(100):
        for within in (True, False) if seed < 30 else (True,):
            answer = ask(drawn(seed), seed, within_areas=within, replications=199)
            alarms[within] += any(row["alarm"] for row in answer.rows)
    assert alarms[True] <= binom.isf(0.001, 100, 0.05)
    assert alarms[False] > 8
    assert "residence may explain it" in ask(drawn(1), within_areas=False).sentence


def test_an_actor_that_meets_one_group_is_found() -> None:
    """R37, R56: found within areas, said as alleged, with one seed to the byte and whoever works."""
    events, told = drawn(3, 400, aimed=2.5), []
    answer = ask(events)
    assert "A | G" in {row["band"] for row in answer.rows if row["alarm"] and row["ratio"] > 1}
    assert "alleged" in answer.sentence
    assert "A and G" in answer.sentence
    with ThreadPoolExecutor(2) as pool:
        pooled = ask(events, executor=pool, progress=lambda done, of: told.append((done, of)))
    assert json.dumps(answer.as_json(), allow_nan=False) == json.dumps(pooled.as_json())
    assert told[-1][0] == told[-1][1] == answer.parameters["replications"]


def test_an_incident_is_one_vote_however_it_is_split() -> None:
    """R45: votes of all cells add up to the incidents; who has no actor, identity or area is left out by name."""
    who: list[set[str]] = [{"A", "B"}, {"A"}, set(), {"B"}, {"A", "B", "C"}, {"A"}, *([{"B"}, {"A"}] * 8)]
    share = [0.5, 1, 1, np.nan, 0.25, 0, *([1, 0] * 8)]
    area = [None, *"R" * (len(who) - 1)]
    answer = ask(made(who, np.column_stack([share, 1 - np.array(share)]), area))
    assert answer.n == len(who) - 3
    assert answer.left_out == {NO_IDENTITY: 1, NO_ACTOR: 1, NO_AREA: 1}
    assert sum(row["observed"] for row in answer.rows[1:]) == pytest.approx(answer.n)
    assert {row["p"] for row in answer.rows[1:] if row["actor"] == "C"} == {None}


HALF = np.column_stack([np.tile([1.0, 0], 10), np.tile([0.0, 1], 10)])
RANGE = (900.0, 1_000.0, 1_100.0)
REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: funnel(names(1), [3], [9], of="incidents"), NotEnoughData, "two areas"),
    (lambda: funnel(names(2), [0, 0], [9, 9], of="incidents"), NotEnoughData, "none nor all"),
    (lambda: funnel(names(2), [9, 9], [9, 9], of="incidents"), NotEnoughData, "none nor all"),
    (lambda: funnel(names(2), [3, 3], [9, 0], of="people"), InvalidRecords, "a1"),
    (lambda: funnel(names(2), [3, -3], [9, 9], of="people"), InvalidRecords, "below 0"),
    (lambda: funnel(names(2), [3, 10], [9, 9], of="incidents"), InvalidRecords, "More than the base"),
    (lambda: funnel(names(2), [3, 10], [9], of="people"), InvalidRecords, "differ in number"),
    (lambda: over_range(0, 0, RANGE, RANGE), NotEnoughData, "No incident"),
    (lambda: over_range(1, 2, (5, 4, 6), RANGE), InvalidRecords, "order"),
    (lambda: over_range(1, 2, (0, 4, 6), RANGE), InvalidRecords, "above 0"),
    (lambda: over_range(float("nan"), 2, RANGE, RANGE), InvalidRecords, "counts"),
    (lambda: ask(made(["A", "B"] * 2, HALF[:4])), NotEnoughData, "10 incidents"),
    (lambda: ask(made(["A"] * 20, HALF)), NotEnoughData, "two actors"),
    (lambda: ask(made(["A", "B"] * 10, np.tile([1.0, 0], (20, 1)))), NotEnoughData, "two groups"),
    (lambda: ask(made(["A", "B"] * 10, HALF, ["R", "S"] * 10)), NotEnoughData, "differ in both"),
    (lambda: ask(made(["A", "B"] * 10, HALF, [None] * 20)), NotEnoughData, "compare over all areas"),
]


@pytest.mark.parametrize(("asked", "kind", "said"), REFUSED)
def test_no_number_comes_from_nothing(asked: Callable[[], object], kind: type[Exception], said: str) -> None:
    """R27: what is missing is named, with how to mend it."""
    with pytest.raises(kind, match=said):
        asked()
