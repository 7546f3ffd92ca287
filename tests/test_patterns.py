"""The targeting question: kernels against brute force, what must not change an answer, and false alarms.

Holds R27 (no figure, no rate), R45 to R48, R50, R51, R55 and R56. Small readable cases are in spec/test_targeting.py,
others' results in test_reference.py.
"""

import json
import subprocess
import sys
from itertools import product
from math import comb, inf, isclose, prod
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.errors import InvalidRecords, NotEnoughData
from casualty.patterns import Disparity, Row, disparity
from casualty.patterns.rates import adjust, at_least, at_most, least_likely, rate_ratio, share_interval, share_p
from casualty.patterns.strata import mantel_haenszel, stratified
from casualty.patterns.votes import cast

SOME = settings(deadline=None, max_examples=60)
FEW = settings(deadline=None, max_examples=25)
COUNTS = ["incident", "area", "period", "tier", "group", "victims"]
PEOPLE = ["area", "period", "group", "number"]

# One incident: area, and victims by group; small numbers, so that shared incidents and empty cells are common.
INCIDENT = st.tuples(
    st.sampled_from(["North", "South"]),
    st.dictionaries(st.sampled_from(["A", "B", None]), st.integers(1, 4), min_size=1, max_size=3),
)
INCIDENTS = st.lists(INCIDENT, min_size=3, max_size=25).filter(lambda every: any({"A", "B"} & set(i[1]) for i in every))
FIGURES = st.lists(st.integers(1, 5_000), min_size=4, max_size=4)


def tables(
    incidents: list[tuple[Any, dict[str | None, float]]], figures: dict[tuple[Any, str], float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    counts = [
        (f"i{number:03}", area, "2021", "other", group, float(victims))
        for number, (area, fallen) in enumerate(incidents)
        for group, victims in fallen.items()
    ]
    people = [(area, "2021", group, float(number)) for (area, group), number in figures.items()]
    return pd.DataFrame(counts, columns=COUNTS), pd.DataFrame(people, columns=PEOPLE)


def figures_of(numbers: list[int]) -> dict[tuple[Any, str], float]:
    return dict(zip(product(["North", "South"], ["A", "B"]), numbers, strict=True))


def ask(counts: pd.DataFrame, people: pd.DataFrame) -> Disparity:
    return disparity(counts, people, dimension="ethnicity")


def row(answer: Disparity, area: str, group: str, period: str = "2021") -> Row:
    return next(r for r in answer.rows if (r.area, r.period, r.group) == (area, period, group))


def same(a: float, b: float, close: float = 1e-6) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b)) or isclose(a, b, rel_tol=close, abs_tol=1e-12)


# Kernels beside brute force


def tail_by_hand(k: int, n: int, p: float) -> float:
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@SOME
@given(st.integers(1, 12), st.floats(0.02, 0.98), st.floats(0, 1))
def test_tails_are_the_binomial_ones_and_the_line_between(n: int, p: float, part: float) -> None:
    for k in range(n):
        straight = (1 - part) * tail_by_hand(k, n, p) + part * tail_by_hand(k + 1, n, p)
        assert same(float(at_least(k + part, n, p)), straight, 1e-9) or part < 1e-9 or part > 1 - 1e-9
        assert same(float(at_most(k, n, p)), 1 - tail_by_hand(k + 1, n, p), 1e-9)


@SOME
@given(st.integers(1, 40), st.floats(0, 1), st.sampled_from([0.8, 0.95]))
def test_limits_are_where_the_tails_are_so_small(n: int, part: float, level: float) -> None:
    """Clopper and Pearson for any real count: a limit inside (0, 1) puts half of what is left in its tail."""
    x, alpha = round(part * n, 3), (1 - level) / 2
    low, high = (float(limit) for limit in share_interval(x, n, level))
    assert low <= x / n <= high
    assert same(float(at_least(x, n, low)), alpha) if low > 0 else float(at_least(x, n, 1e-9)) >= alpha - 1e-6
    assert same(float(at_most(x, n, high)), alpha) if high < 1 else float(at_most(x, n, 1 - 1e-9)) >= alpha - 1e-6


def test_limits_of_counts_that_rounding_left_beside_a_whole_number() -> None:
    """10,000 1/3 of 20,003 1/3: what remains is 10,003 but for rounding, and still has both limits."""
    for kind in ("exact", "mid-p"):
        low, high = share_interval(10_000 + 1 / 3, 20_003 + 1 / 3, kind=kind)
        assert 0.49 < float(low) < 0.4999 < float(high) < 0.51


def outcomes(n: list[int], odds: list[float], ratio: float) -> np.ndarray:
    """The law of the total by naming every outcome of every stratum."""
    law = np.zeros(sum(n) + 1)
    shares = [ratio * o / (ratio * o + 1) for o in odds]
    for each in product(*(range(m + 1) for m in n)):
        chances = [comb(m, k) * p**k * (1 - p) ** (m - k) for m, k, p in zip(n, each, shares, strict=True)]
        law[sum(each)] += prod(chances)
    return law


STRATA = st.lists(st.tuples(st.integers(1, 4), st.floats(0.05, 8)), min_size=1, max_size=4)


@SOME
@given(STRATA, st.data())
def test_strata_against_every_outcome(strata: list[tuple[int, float]], data: st.DataObject) -> None:
    """R46: p and both limits of the stratified comparison, from a list of all outcomes."""
    n, odds = [m for m, _ in strata], [o for _, o in strata]
    x = [data.draw(st.integers(0, m)) for m in n]
    found = stratified(*(np.array(v, dtype=float) for v in (x, n, odds, [1.0] * len(n))))
    law, total = outcomes(n, odds, 1), sum(x)
    assert same(found.p, law[law <= law[total] * (1 + 1e-7)].sum(), 1e-7)
    assert same(found.p_greater, law[total:].sum(), 1e-9)
    if found.low < found.ratio:
        assert found.low == 0 if total == 0 else same(outcomes(n, odds, found.low)[total:].sum(), 0.025)
    if found.high > found.ratio:
        whole = total == sum(n)
        assert found.high == inf if whole else same(outcomes(n, odds, found.high)[: total + 1].sum(), 0.025)


@pytest.mark.parametrize("incidents", [7, 300, 2_500, 176_000])
def test_strata_with_equal_odds_are_one_comparison(incidents: int) -> None:
    """Binomials of one probability add up to one binomial: however many incidents, the closed form must come out."""
    rng = np.random.default_rng(incidents)
    n = rng.multinomial(incidents, np.ones(50) / 50).astype(float)
    x = rng.binomial(n.astype(int), 0.3).astype(float)
    x[n > 0] -= np.where(x[n > 0] > 0, 0.25, 0)
    found = stratified(x, n, np.full(50, 200.0), np.full(50, 500.0))
    plain = rate_ratio(x.sum(), n.sum() - x.sum(), 200, 500)
    assert same(found.low, plain.low)
    assert same(found.high, plain.high)
    assert same(found.p, plain.p)


def test_mantel_haenszel_by_hand() -> None:
    """R46: (10*4000/5000 + 8*1500/2000) / (20*1000/5000 + 12*500/2000) = 14/7."""
    x1, x0, t1, t0 = (np.array(v, dtype=float) for v in ([10, 8], [20, 12], [1000, 500], [4000, 1500]))
    assert float(mantel_haenszel(x1, x0, t1, t0)) == pytest.approx(2)


def test_strata_that_contradict_each_other_keep_the_point_inside() -> None:
    """The point weighs strata otherwise than the exact law; the interval is stretched to hold it, never narrowed."""
    x, n, t1 = ([181.0, 40, 153, 38], [211.0, 117, 262, 41], [21.3, 1.42, 0.0727, 0.822])
    found = stratified(np.array(x), np.array(n), np.array(t1), np.ones(4))
    assert found.low == found.ratio < found.high


def test_nothing_counted_is_no_ratio() -> None:
    none = stratified(np.zeros(3), np.zeros(3), np.ones(3), np.ones(3))
    assert all(np.isnan(value) for value in (none.ratio, none.low, none.high, none.p))
    assert np.isnan(share_p(0, 0, 0.5))
    assert all(np.isnan(limit) for limit in share_interval(0, 0))


def test_correction_leaves_out_what_was_not_asked() -> None:
    """R48: a row that could not be tested is not counted among the comparisons."""
    assert np.allclose(adjust([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04], equal_nan=True)


# What must and must not change an answer


@FEW
@given(INCIDENTS, FIGURES)
def test_groups_change_places(incidents: list[Any], numbers: list[int]) -> None:
    """R04: with two groups one's ratio is the other's inverse, and p the same."""
    answer = ask(*tables(incidents, figures_of(numbers)))
    for a in (r for r in answer.rows if r.group == "A" and r.known_incidents):
        b = row(answer, a.area, "B")
        with np.errstate(divide="ignore"):
            assert same(a.rate_ratio, float(1 / np.float64(b.rate_ratio)))
            assert same(a.low, float(1 / np.float64(b.high)), 1e-5)
            assert same(a.stratified_low, float(1 / np.float64(b.stratified_high)), 1e-5)
        assert same(a.p, b.p)
        assert same(a.p_adjusted, b.p_adjusted)


@FEW
@given(INCIDENTS, FIGURES, st.sampled_from([0.001, 7, 1_000]))
def test_only_shares_of_people_matter(incidents: list[Any], numbers: list[int], factor: float) -> None:
    one = ask(*tables(incidents, figures_of(numbers)))
    other = ask(*tables(incidents, {key: number * factor for key, number in figures_of(numbers).items()}))
    for a, b in zip(one.rows, other.rows, strict=True):
        assert same(a.rate_ratio, b.rate_ratio)
        assert same(a.stratified_ratio, b.stratified_ratio)
        assert same(a.p, b.p)
        assert a.verdict == b.verdict


@FEW
@given(INCIDENTS, FIGURES, st.integers(2, 500), st.integers(0, 24))
def test_a_larger_incident_is_still_one(incidents: list[Any], numbers: list[int], times: int, which: int) -> None:
    """R48: an incident that killed many times as many changes no ratio, no interval and no p of incidents."""
    which %= len(incidents)
    larger = [
        (area, {group: many * (times if i == which else 1) for group, many in fallen.items()})
        for i, (area, fallen) in enumerate(incidents)
    ]
    one, other = (ask(*tables(every, figures_of(numbers))) for every in (incidents, larger))
    for a, b in zip(one.rows, other.rows, strict=True):
        names = ("rate_ratio", "low", "high", "p", "p_adjusted", "stratified_low", "stratified_high")
        names += ("bound_low", "bound_high", "votes")
        assert all(same(getattr(a, name), getattr(b, name)) for name in names)


@FEW
@given(INCIDENTS, FIGURES, st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(incidents: list[Any], numbers: list[int], random: Any) -> None:
    """R55: the same data give the same bytes, however the rows are sorted."""
    counts, people = tables(incidents, figures_of(numbers))
    shuffled = [frame.iloc[random.sample(range(len(frame)), len(frame))] for frame in (counts, people)]
    assert json.dumps(ask(counts, people).as_json()) == json.dumps(ask(*shuffled).as_json())


@FEW
@given(st.lists(st.sampled_from(["A", "B"]), min_size=1, max_size=30), st.integers(1, 50), st.integers(1, 50))
def test_one_victim_each_is_the_plain_comparison(groups: list[str], t1: int, t0: int) -> None:
    """Where every incident has one victim, incidents and victims say the same."""
    answer = ask(*tables([("North", {g: 1}) for g in groups], {("North", "A"): t1, ("North", "B"): t0}))
    a, plain = row(answer, "North", "A"), rate_ratio(groups.count("A"), groups.count("B"), t1, t0)
    for name in ("low", "high"):
        assert same(getattr(a, name), getattr(a, f"victim_{name}"))
        assert same(getattr(a, name), getattr(plain, name))
    assert same(a.p, plain.p)


@FEW
@given(INCIDENTS, FIGURES)
def test_bounds_hold_every_filling_in(incidents: list[Any], numbers: list[int]) -> None:
    """R47: whatever group the unknown victims are given, the ratio stays between the bounds."""
    bounds = row(ask(*tables(incidents, figures_of(numbers))), "all", "A")
    for taken in ("A", "B"):
        filled = [
            (area, {g: fallen.get(g, 0) + (fallen.get(None, 0) if g == taken else 0) for g in ("A", "B")})
            for area, fallen in incidents
        ]
        kept = [(area, {group: many for group, many in fallen.items() if many}) for area, fallen in filled]
        ratio = row(ask(*tables(kept, figures_of(numbers))), "all", "A").rate_ratio
        assert same(ratio, bounds.bound_high if taken == "A" else bounds.bound_low)


# The frames


def test_unknown_identities_are_never_guessed() -> None:
    """R47: with 40 % unknown a clear difference is not called a finding, and the bounds say why."""
    incidents = [("North", {"A": 1})] * 36 + [("North", {"B": 1})] * 24 + [("North", {None: 1})] * 40
    answer = ask(*tables(incidents, {("North", "A"): 400, ("North", "B"): 600}))
    found = row(answer, "North", "A")
    assert (answer.n, answer.unknown, answer.unknown_victims) == (60, 40, 40)
    assert found.alarm
    assert found.bound_low < 1 < found.bound_high
    assert found.verdict == "depends on unknown identities"


def test_nothing_recorded() -> None:
    """R27: no incident, or no people, is not enough data rather than zero."""
    for incidents, figures in (([], figures_of([1, 1, 1, 1])), ([("North", {"A": 1})], {})):
        with pytest.raises(NotEnoughData):
            ask(*tables(incidents, figures))


def test_tiers_are_told_apart() -> None:
    """R51: verified only, corroborated or better, and all."""
    counts, people = tables(
        [("North", {"A": 1})] * 12 + [("North", {"B": 1})] * 12, {("North", "A"): 1, ("North", "B"): 1}
    )
    counts["tier"] = ["verified"] * 4 + ["corroborated"] * 4 + ["other"] * 4 + ["verified"] * 2 + ["other"] * 10
    told = {tier.tier: (tier.incidents, tier.rate_ratio) for tier in ask(counts, people).tiers if tier.group == "A"}
    assert told == {"verified": (6, 2.0), "corroborated or better": (10, 4.0), "all": (24, 1.0)}


def test_periods_are_summed_and_compared_within() -> None:
    """R46: with several periods there are rows for each, for their sum, and the sum is compared within them."""
    counts, people = tables(
        [("North", {"A": 1})] * 9 + [("North", {"B": 1})] * 3, {("North", "A"): 30, ("North", "B"): 10}
    )
    later = counts.assign(incident=counts["incident"] + "b", period="2022")
    both = pd.concat([people, people.assign(period="2022", number=[10.0, 30.0])])
    answer = ask(pd.concat([counts, later]), both)
    assert {(r.area, r.period) for r in answer.rows} == set(product(["all", "North"], ["all", "2021", "2022"]))
    whole = row(answer, "North", "A", "all")
    assert (whole.population, whole.population_share) == (20, 0.5)
    assert whole.rate_ratio == pytest.approx(3)
    assert whole.stratified_ratio == pytest.approx((9 * 0.25 + 9 * 0.75) / (3 * 0.75 + 3 * 0.25))


def test_whole_figures_only() -> None:
    """R27: figures without areas give rows for the whole, and no area gets a rate."""
    answer = ask(*tables([("North", {"A": 1}), ("South", {"B": 1})], {(None, "A"): 5, (None, "B"): 5}))
    assert {r.area for r in answer.rows} == {"all"}
    assert answer.n == 2
    assert {left.area for left in answer.left_out} == {"North", "South"}


def test_incident_without_area_has_no_rate() -> None:
    """R50: an incident whose area is not known is left out and said, not put somewhere."""
    answer = ask(
        *tables([("North", {"A": 1}), ("North", {"B": 1}), (None, {"A": 7})], {("North", "A"): 5, ("North", "B"): 5})
    )
    assert (answer.n, answer.left_out_incidents) == (2, 1)
    assert [(left.reason, left.victims) for left in answer.left_out] == [("the area of the incident is not known", 7)]
    assert any("the area of the incident is not known" in sentence for sentence in answer.sentences)


@pytest.mark.parametrize(
    ("frame", "column", "value", "field"),
    [
        (0, "victims", 0.0, "victims"),
        (0, "victims", np.nan, "victims"),
        (0, "tier", "sure", "tier"),
        (0, "area", "all", "area"),
        (0, "period", "all", "period"),
        (0, "incident", "i001", "incident"),
        (1, "number", -1.0, "number"),
        (1, "number", inf, "number"),
        (1, "group", None, "group"),
        (1, "area", "South", "number"),
    ],
)
def test_tables_that_break_the_rules(frame: int, column: str, value: object, field: str) -> None:
    """R28: nothing is mended in silence."""
    both = tables([("North", {"A": 1}), ("South", {"B": 1})], figures_of([1, 1, 1, 1]))
    broken = both[frame].copy()
    broken[column] = [value, *broken[column].iloc[1:]]
    with pytest.raises(InvalidRecords) as refused:
        ask(*(broken if i == frame else each for i, each in enumerate(both)))
    assert field in {fault.field for fault in refused.value.faults}


def test_zero_people_is_no_denominator() -> None:
    """R27: a figure of zero gives no infinite rate; it is refused as no figure is."""
    with pytest.raises(NotEnoughData):
        ask(*tables([("North", {"A": 1})], {("North", "A"): 0, ("North", "B"): 10}))


def test_strict_json() -> None:
    """The contract's keys, every incident accounted for, and no number that JSON does not have."""
    incidents = [("North", {"A": 1})] * 3 + [("North", {None: 2}), (None, {"A": 1})]
    answer = ask(*tables(incidents, figures_of([5, 5, 5, 5])))
    told = json.loads(json.dumps(answer.as_json(), allow_nan=False))
    assert {"dimension", "unit", "n", "unknown", "rows", "stratified", "sentences"} <= told.keys()
    contract = "area period group victims incidents population share population_share rate_ratio low high p p_adjusted"
    contract += " victim_low victim_high bound_low bound_high tipping"
    assert set(contract.split()) <= told["rows"][0].keys()
    assert {"group", "rate_ratio", "low", "high"} <= told["stratified"][0].keys()
    assert (told["rows"][0]["rate_ratio"], told["rows"][0]["verdict"]) == (None, "too few")
    assert told["unit"] == "incident"
    assert told["n"] + told["unknown"] + told["left_out_incidents"] == 5


def test_tipping_point() -> None:
    """The ratio of reporting probabilities at which the interval touches 1, on either side, or none."""
    answer = ask(
        *tables([("North", {"A": 1})] * 40 + [("North", {"B": 1})] * 10, {("North", "A"): 5, ("North", "B"): 5})
    )
    a, b = row(answer, "North", "A"), row(answer, "North", "B")
    assert (a.tipping, b.tipping) == (a.low, b.high)
    assert a.low > 1 > b.high
    even = ask(*tables([("North", {"A": 1}), ("North", {"B": 1})], {("North", "A"): 5, ("North", "B"): 5}))
    assert row(even, "North", "A").tipping is None


# False alarms


@pytest.mark.parametrize("kind", ["whole", "halves", "as the people are"])
def test_p_of_split_votes_is_never_too_small(kind: str) -> None:
    """R48: p at most q no more often than q, over every vote a small place can see, whole or in parts."""
    share, n = 0.25, 6
    parts = {"whole": [0, 1], "halves": [0, 0.5, 1], "as the people are": [0, share, 1]}[kind]
    chances = {
        "whole": [1 - share, share],
        "halves": [(1 - share) ** 2, 2 * share * (1 - share), share**2],
        "as the people are": [(1 - share) / 2, 0.5, share / 2],
    }[kind]
    law = np.array([comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)])
    seen: dict[float, float] = {}
    for each in product(range(len(parts)), repeat=n):
        p = round(least_likely(law, sum(parts[i] for i in each)), 12)
        seen[p] = seen.get(p, 0) + prod(chances[i] for i in each)
    for limit in seen:
        if limit <= 0.1:
            assert sum(chance for p, chance in seen.items() if p <= limit) <= limit * (1 + 1e-9)


def test_no_targeting_no_alarm() -> None:
    """R48, R56: 200 invented databases with heavy-tailed incidents; an alarm in few, where victims alarm in most."""
    people = {("North", "A"): 200, ("North", "B"): 800, ("South", "A"): 600, ("South", "B"): 400}
    alarms = by_victims = 0
    for number in range(200):
        rng = np.random.default_rng([56, number])
        incidents = []
        for size in np.minimum(rng.zipf(1.7, 50), 500):
            area, share = ("North", 0.2) if rng.random() < 0.7 else ("South", 0.6)
            shared = int(rng.binomial(size, share)) if rng.random() < 0.2 else int(size * (rng.random() < share))
            incidents.append((area, {g: n for g, n in (("A", shared), ("B", int(size) - shared)) if n}))
        answer = ask(*tables(incidents, people))
        alarms += any(r.alarm for r in answer.rows)
        by_victims += any(not r.victim_low <= 1 <= r.victim_high for r in answer.rows if r.area != "all")
    assert alarms <= 18
    assert by_victims >= 140


def test_command_line_does_not_wait_for_it() -> None:
    """The package is imported without SciPy and pandas, which load when a question is asked."""
    code = "import sys, casualty.patterns; sys.exit(any(name in sys.modules for name in ('scipy', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_votes_of_thirds_are_whole_again() -> None:
    """Three incidents that each give a third are one vote, not a little less."""
    counts, people = tables([("North", {"A": 1, "B": 2})] * 3, {("North", "A"): 5, ("North", "B"): 5})
    assert cast(counts, people).sums().x[0] == pytest.approx([1, 2])
    assert same(row(ask(counts, people), "North", "A").p, share_p(1, 3, 0.5), 1e-12)
