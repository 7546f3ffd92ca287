"""Hot spots by area: neighbours and laws against brute force and R's spdep, false alarms, and what is refused.

Holds R33 (rough points), R45, R48 (many areas corrected), R50 (no data is not zero), R55 and R56.
"""

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, permutations
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm
from test_neighbours import lattice, linked

from casualty.errors import CasualtyError, InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import COARSE_POINT, NO_IDENTITY, Events
from casualty.patterns.hotspots import NO_AREA, NO_BASE, Areas, by_area, by_cell, hotspots
from casualty.patterns.rates import rate_ratio
from geo.autocorrelation import concentration, geary, joins, moran
from geo.faults import TooLittle, Unusable
from geo.hotspots import both_sides, local_g, local_joins, local_moran, quadrants, shuffled_p, steadied
from geo.many import benjamini_hochberg
from geo.neighbours import from_pairs, nearest, touching

SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
CASE = SHARED / "reference" / "cases" / "local_stats"
SOME = settings(deadline=None, max_examples=40)


def made(
    x: Any, y: Any, share: Any, *, area: tuple[str | None, ...] | None = None, precision: float = 1.0, **more: Any
) -> Events:
    """Incidents at points, with part of group G in each."""
    n, part = len(x), np.asarray(share, dtype=float)
    none, empty = np.full(n, np.nan), (frozenset[str](),) * n
    return Events(
        ids=tuple(f"i{i}" for i in range(n)),
        x=np.asarray(x, dtype=float),
        y=np.asarray(y, dtype=float),
        day=none,
        day_span=np.column_stack([none, none]),
        spread_m=none,
        place_precision=np.full(n, precision),
        date_precision=none,
        groups=("G", "H"),
        mix=np.column_stack([part, 1 - part]),
        victims=np.ones((n, 3)),
        reported=none,
        area=area or (None,) * n,
        tier=("other",) * n,
        sources=empty,
        actors=empty,
        acts=empty,
        means=empty,
        place_type=(None,) * n,
        **more,
    )


def heavy(seed: int, n: int = 300, planted: float = 0.0) -> Events:
    """Incidents in towns of very unlike size; labels fall at random unless a part of those in the west are made G's."""
    rng = np.random.default_rng(seed)
    towns, size = rng.uniform(0, 100_000, (40, 2)), rng.pareto(1.0, 40) + 0.1
    spread = 500 + 3_000 * rng.pareto(1.5, (n, 1))
    x, y = (towns[rng.choice(40, n, p=size / size.sum())] + rng.normal(0, 1, (n, 2)) * np.minimum(spread, 30_000)).T
    label = (rng.random(n) < 0.26) | ((x < 35_000) & (rng.random(n) < planted))
    return made(x, y, np.where(rng.random(n) < 0.1, rng.random(n).round(1), label))


def grid_of(observed: Any, base: Any, width: int, **more: Any) -> Areas:
    x, n = np.asarray(observed, dtype=float), np.asarray(base, dtype=float)
    ids = tuple(f"a{i}" for i in range(x.size))
    held: dict[str, Any] = {"of": "people", "n": int(np.nansum(x))} | more
    return Areas(ids, x, n, lattice(width, x.size // width), **held)


def ask(areas: Areas, seed: int = 1, **more: Any) -> Answer:
    return hotspots(areas, group="G", rng=np.random.default_rng(seed), **more)


def found(answer: Answer) -> set[str]:
    return {row["area"] for row in answer.rows if row["alarm"]}


# The published case: 100 counties of North Carolina ------------------------------------------------------------------


@pytest.fixture(scope="module")
def counties() -> dict[str, Any]:
    if not CASE.exists() and "CI" not in os.environ:
        pytest.skip("the reference cases are not beside this checkout")
    features = json.loads((CASE / "nc.geojson").read_text())["features"]
    table = [feature["properties"] for feature in features]
    cases, births = (np.array([row[name] for row in table]) for name in ("SID74", "BIR74"))
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]
    rows = list(csv.DictReader((CASE / "spdep_nc.csv").read_text().splitlines()))
    told = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "NAME"}
    names = [str(row["NAME"]) for row in table]
    expected = json.loads((CASE / "expected.json").read_text())["expected"]
    near = touching(shapes)
    return {
        "x": 1000 * cases / births,
        "cases": cases,
        "births": births,
        "near": near,
        "told": told,
        "names": names,
    } | {
        "expected": expected,
        "shapes": shapes,
    }


def test_the_whole_map_is_as_spdep_has_it(counties: dict[str, Any]) -> None:
    """Moran, Geary, global G and join counts, each with its deviate (results.txt of the case)."""
    x, near, told = counties["x"], counties["near"], counties["expected"]
    rows = near.standardised()
    assert moran(x, rows).statistic == pytest.approx(told["moran"], rel=1e-12)
    assert moran(x, rows).z == pytest.approx(told["moran_z"], rel=1e-9)
    assert geary(x, rows).statistic == pytest.approx(told["geary"], rel=1e-12)
    assert geary(x, rows).z == pytest.approx(-3.630122191, rel=1e-9)
    assert concentration(x, near).statistic == pytest.approx(told["globalG"], rel=1e-11)
    assert concentration(x, near).z == pytest.approx(2.452582112, rel=1e-9)
    high = x > np.median(x)
    assert (joins(high, near).statistic, joins(~high, near).statistic) == (told["joincount_TT"], told["joincount_FF"])
    assert joins(high, near).z == pytest.approx(1.481465296, rel=1e-9)
    assert joins(~high, near).z == pytest.approx(2.01253976, rel=1e-8)
    steady = steadied(counties["cases"], counties["births"])
    assert moran(steady.standardised, rows).statistic == pytest.approx(told["ebi"], rel=1e-9)


def test_each_county_is_as_spdep_has_it(counties: dict[str, Any]) -> None:
    """R48: every local figure, and that correction leaves two of twelve."""
    x, rows, told = counties["x"], counties["near"].standardised(), counties["told"]
    local = local_moran(x, rows)
    for seen, name in [
        (local.statistic, "Ii"),
        (local.expected, "E"),
        (local.variance, "Var"),
        (local.z, "Z"),
        (local_g(x, rows, own=False).z, "G"),
        (local_g(x, rows).z, "Gstar"),
        (local_g(x, counties["near"]).z, "Gstar"),
    ]:
        np.testing.assert_allclose(seen, told[name], rtol=1e-9, atol=1e-12, err_msg=name)
    p = 2 * norm.sf(np.abs(local_g(x, rows).z))
    assert (p < 0.05).sum() == counties["expected"]["gistar_unadjusted_p05"]
    left = np.flatnonzero(benjamini_hochberg(p) < 0.05)
    assert [counties["names"][i] for i in left] == counties["expected"]["gistar_BH_p05"]


# Name, rates drawn to the mean, standardised rates, local Moran of these and its z: spdep 1.2-7, EBest and localmoran.
STEADIED = [
    ("Ashe", 0.00169729733086, -0.682304189005, 0.563356225933, 1.41583449821),
    ("Northampton", 0.00353491314916, 2.912636720179, 4.461521369061, 3.56131234459),
    ("Bertie", 0.00286250973281, 1.656645814426, 2.342950565667, 3.64042983007),
    ("Robeson", 0.00345277511371, 1.884178247967, 2.050266964104, 2.81027548300),
]


@pytest.mark.parametrize(("name", "smoothed", "score", "local", "z"), STEADIED)
def test_steadied_rates_are_as_spdep_has_them(
    counties: dict[str, Any], name: str, smoothed: float, score: float, local: float, z: float
) -> None:
    """Empirical-Bayes rates and local Moran on them."""
    i, steady = counties["names"].index(name), steadied(counties["cases"], counties["births"])
    around = local_moran(steady.standardised, counties["near"].standardised())
    seen = [steady.smoothed[i], steady.standardised[i], around.statistic[i], around.z[i]]
    assert seen == pytest.approx([smoothed, score, local, z], rel=1e-9)


def test_borders_are_as_spdep_has_them(counties: dict[str, Any]) -> None:
    """490 links by common points, 462 by common borders."""
    rook = touching(counties["shapes"], rook=True)
    assert counties["near"].matrix.nnz == 490
    assert rook.matrix.nnz == 462
    assert linked(rook) < linked(counties["near"])


def test_shuffled_p_of_a_county_is_that_of_all_ways_to_draw_its_neighbours(counties: dict[str, Any]) -> None:
    """Ashe has three neighbours: 156,849 ways for Gi, against what was drawn."""
    x, near = counties["x"], counties["near"]
    others = np.delete(x, 0)
    sums = np.array([sum(one) for one in combinations(others, near.counts[0])])
    seen = x[near.of(0)].sum()
    low, high = shuffled_p(x, near, own=False, replications=40_000, rng=np.random.default_rng(3))
    assert low[0] == pytest.approx((sums <= seen + 1e-9).mean(), abs=0.004)
    assert high[0] == pytest.approx((sums >= seen - 1e-9).mean(), abs=0.004)


def test_the_counties_through_the_question(counties: dict[str, Any]) -> None:
    """R48: Gi* of steadied rates with shuffled p finds places among those that spdep's corrected z finds nearby."""
    ids = tuple(counties["names"])
    cases, births = counties["cases"].astype(float), counties["births"].astype(float)
    answer = ask(Areas(ids, cases, births, counties["near"], "people", int(cases.sum())))
    hot = {row["area"] for row in answer.rows if row["alarm"] and row["kind"] == "hot"}
    assert "Northampton" in hot
    assert len(found(answer)) < 12
    row = next(row for row in answer.rows if row["area"] == "Northampton")
    rest = rate_ratio(row["observed"], cases.sum() - row["observed"], row["base"], births.sum() - row["base"])
    assert (row["ratio"], row["low"], row["high"]) == pytest.approx((rest.ratio, rest.low, rest.high))
    assert row["ratio"] == pytest.approx(row["observed"] / row["expected"])


# Laws against brute force ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [True, False])
def test_shuffled_p_is_that_of_all_orders(own: bool) -> None:
    """Every order of seven values with ties, one place an island: low and high tails by enumeration."""
    x = np.array([0.0, 1, 1, 2, 5, 0, 3])
    near = from_pairs(7, [0, 1, 1, 2, 3, 3, 4, 4, 4, 5], [1, 0, 2, 1, 4, 5, 3, 5, 0, 3], "by hand")
    low, high = shuffled_p(x, near, own=own, replications=20_000, rng=np.random.default_rng(5))
    assert np.isnan(low[6])
    assert np.isnan(high[6])
    for i in range(6):
        orders = [np.array(o) for o in permutations(range(7)) if own or o[i] == i]
        around = np.append(near.of(i), i) if own else near.of(i)
        sums = np.array([x[order][around].sum() for order in orders])
        seen = x[around].sum()
        assert low[i] == pytest.approx((sums <= seen).mean(), abs=0.015)
        assert high[i] == pytest.approx((sums >= seen).mean(), abs=0.015)


def test_shuffled_p_of_many_places_is_that_of_plain_shuffling() -> None:
    """Few taken of many places go the other way of drawing: against numpy's permutation of the whole map."""
    rng, near = np.random.default_rng(7), lattice(20, 20)
    x = rng.pareto(1.2, 400)
    every = np.stack([x[rng.permutation(400)] for _ in range(4_000)])
    sums = (near.matrix @ every.T).T + every
    low, high = shuffled_p(x, near, own=True, replications=4_000, rng=rng)
    seen = near.matrix @ x + x
    assert np.abs(high - (sums >= seen - 1e-9).mean(axis=0)).max() < 0.05
    assert np.abs(low - (sums <= seen + 1e-9).mean(axis=0)).max() < 0.05


@SOME
@given(st.lists(st.integers(0, 1), min_size=6, max_size=8).filter(lambda f: 2 <= sum(f) < len(f)))
def test_local_joins_are_exactly_those_of_all_orders(flags: list[int]) -> None:
    """As many flagged neighbours or more, flags shuffled over the other places."""
    x, n = np.array(flags), len(flags)
    near = nearest(np.arange(n) ** 1.1, np.zeros(n), 2)
    beside, p = local_joins(x, near)
    for i in range(n):
        assert beside[i] == x[near.of(i)].sum()
        others = [np.insert(np.array(o), i, x[i]) for o in set(permutations(np.delete(x, i)))]
        told = np.mean([order[near.of(i)].sum() >= beside[i] for order in others])
        assert np.isnan(p[i]) if not x[i] else p[i] == pytest.approx(told)


def test_moments_are_those_of_all_orders() -> None:
    """Expectation and variance of Moran, Geary, G, joins and Gi* over every order of six values."""
    x, near = (
        np.array([0.0, 1, 1, 4, 2, 7]),
        from_pairs(6, [0, 1, 1, 2, 3, 4, 5, 2], [1, 0, 2, 1, 4, 3, 3, 5], "by hand"),
    )
    flags = (x > 1).astype(float)
    kinds: list[tuple[Callable[..., Any], Any]] = [(moran, x), (geary, x), (concentration, x), (joins, flags)]
    for kind, values in kinds:
        every = [kind(values[list(order)], near).statistic for order in permutations(range(6))]
        told = kind(values, near)
        assert (np.mean(every), np.var(every)) == pytest.approx((told.expected, told.variance)), kind.__name__
    local = np.array([local_g(x[list(order)], near).statistic for order in permutations(range(6))])
    np.testing.assert_allclose(local.mean(axis=0), local_g(x, near).expected)
    np.testing.assert_allclose(local.var(axis=0), local_g(x, near).variance)


def test_small_bases_are_drawn_in_and_a_big_one_is_not() -> None:
    """One incident out of one is no summit."""
    steady = steadied([1, 350, 30, 5, 20], [1, 500, 200, 40, 300], shares=True)
    assert [int(rates.argmax()) for rates in (steady.raw, steady.smoothed)] == [0, 1]
    assert abs(steady.smoothed[0] - steady.mean) < abs(steady.smoothed[1] - steady.mean)
    assert quadrants([1.0, 2, 9], from_pairs(3, [0, 1, 2], [1, 2, 0], "")) == ("low-low", "low-high", "high-low")


# The question ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", ["gistar", "moran-eb", "join-count"])
def test_without_clustering_alarms_are_as_rare_as_promised(statistic: Any) -> None:
    """R56: heavy-tailed towns, labels at random: 100 nulls, at most 5 % and what chance adds (1 in 1,000)."""
    answers = [ask(by_cell(heavy(seed), "G", 10_000), seed, statistic=statistic) for seed in range(100)]
    assert sum(bool(found(answer)) for answer in answers) <= binom.isf(0.001, 100, 0.05)
    for row in (row for answer in answers for row in answer.rows if row["alarm"]):
        assert row["p_adjusted"] <= 0.05
        assert not row["around_low"] <= 1 <= row["around_high"]


def test_a_planted_half_of_the_country_is_found_where_it_is() -> None:
    """R56: most of the west's incidents made G's; hot cells lie in the west, and the sentence names them."""
    areas = by_cell(heavy(4, 600, planted=0.7), "G", 10_000)
    answer = ask(areas)
    hot = {row["area"] for row in answer.rows if row["alarm"] and row["kind"] == "hot"}
    assert hot
    assert {int(name[1:].split("r")[0]) for name in hot} <= {0, 1, 2, 3, 4, 5}
    assert "consistent with" in answer.sentence
    assert next(iter(sorted(hot))) in answer.sentence or "more" in answer.sentence
    assert any("modifiable areal unit" in caveat for caveat in answer.caveats)
    lisa = ask(areas, statistic="moran-eb")
    assert {row["kind"] for row in lisa.rows if row["alarm"]} <= {"high-high", "low-low", "high-low", "low-high"}
    json.dumps(answer.as_json(), allow_nan=False)


def test_the_same_seed_is_the_same_answer_whoever_works() -> None:
    """R55: with threads or without, to the byte; another seed is another draw."""
    areas, told = by_cell(heavy(1), "G", 10_000), []
    alone = ask(areas)
    with ThreadPoolExecutor(2) as pool:
        pooled = ask(areas, executor=pool, progress=lambda done, of: told.append((done, of)))
    assert json.dumps(alone.as_json()) == json.dumps(pooled.as_json())
    assert told[-1] == (9_999, 9_999)
    assert alone.seed == 1
    assert [row["p"] for row in alone.rows] != [row["p"] for row in ask(areas, 2).rows]


def test_an_area_without_data_is_left_out_and_an_island_is_not_tested() -> None:
    """R50: neither is zero, and both are counted."""
    rng = np.random.default_rng(2)
    observed, base = rng.poisson(20, 36).astype(float), np.full(36, 1000.0)
    observed[[0, 30, 31, 25, 24]] = np.nan
    observed[30] = 7
    base[35] = np.nan
    areas = grid_of(observed, base, 6)
    answer = ask(areas)
    rows = {row["area"]: row for row in answer.rows}
    assert not {"a0", "a35", "a31"} & rows.keys()
    assert len(rows) == 31
    assert {name: row["reason"] for name, row in rows.items() if row["p"] is None} == {"a30": "no neighbour with data"}
    assert rows["a30"]["low"] < rows["a30"]["ratio"] < rows["a30"]["high"]
    assert any(caveat.startswith("5 areas without") for caveat in answer.caveats)


def test_incidents_go_to_areas_as_one_vote_each() -> None:
    """R45, R50: unknown identities, unknown areas and areas without people are left out by name."""
    ids, near = tuple("abcd"), lattice(2, 2)
    events = made(range(6), range(6), [1, 0, 0.5, np.nan, 1, 1], area=("a", "a", "b", "a", None, "c"))
    out_of = by_area(events, "G", ids, near)
    np.testing.assert_array_equal(out_of.observed, [1, 0.5, 1, np.nan])
    np.testing.assert_array_equal(out_of.base, [2, 1, 1, np.nan])
    assert (out_of.n, dict(out_of.left_out)) == (4, {NO_IDENTITY: 1, NO_AREA: 1})
    per_head = by_area(events, "G", ids, near, {"a": 10, "b": 20, "d": 5})
    assert (per_head.n, dict(per_head.left_out)) == (3, {NO_IDENTITY: 1, NO_AREA: 1, NO_BASE: 1})
    assert np.isnan(per_head.base[2])


def test_rough_points_enter_no_cell() -> None:
    """R33, R36: precision 3 and more stays out; degrees are made metres first."""
    events = made([10.0, 10.001, 11.0], [50.0, 50.001, 50.0], [1, 0, 1], degrees=True)
    cells = by_cell(events, "G", 5_000)
    np.testing.assert_array_equal(np.sort(cells.base), [1, 2])
    with pytest.raises(NotEnoughData, match="point"):
        by_cell(made([1.0, 2], [1.0, 2], [1, 0], precision=3), "G", 100)
    mixed = made([1.0, 2, 3], [1.0, 2, 3], [1, 0, 1])
    mixed.place_precision[1] = 4
    assert dict(by_cell(mixed, "G", 100).left_out) == {COARSE_POINT: 1}


def test_too_few_shufflings_are_said_to_show_nothing() -> None:
    """R48: 99 replications cannot pass a correction for a hundred areas; the sentence must not read as a result."""
    rng = np.random.default_rng(1)
    areas = grid_of(rng.poisson(20, 400), np.full(400, 1000.0), 20)
    assert "no outcome could have stood out" in ask(areas, replications=5).sentence
    assert "no outcome" not in ask(areas).sentence


FLAT, PEOPLE = np.full(36, 5.0), np.full(36, 100.0)
REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: ask(grid_of([3, 4, 5, 6], [9, 9, 9, 9], 2)), NotEnoughData, "at least 10"),
    (lambda: ask(grid_of(FLAT, PEOPLE, 6)), NotEnoughData, "one and the same"),
    (lambda: ask(grid_of(FLAT * 0, PEOPLE, 6)), NotEnoughData, "one and the same"),
    (lambda: ask(grid_of(FLAT, PEOPLE * np.nan, 6)), NotEnoughData, "denominator"),
    (lambda: ask(grid_of(FLAT, np.where(np.arange(36) == 7, 0, PEOPLE), 6)), InvalidRecords, "a7"),
    (lambda: ask(grid_of(-FLAT, PEOPLE, 6)), InvalidRecords, "below 0"),
    (lambda: ask(grid_of(FLAT, FLAT - 1, 6, of="incidents")), InvalidRecords, "More than the base"),
    (lambda: ask(grid_of(FLAT, PEOPLE, 6), statistic="best"), UsageFault, "gistar"),
    (lambda: by_cell(heavy(1, 20), "Q", 5_000), UsageFault, "G, H"),
    (lambda: by_cell(heavy(1, 20), "G", -1), Unusable, "cell"),
    (lambda: moran([1, 2, 3, np.nan], lattice(2, 2)), Unusable, "number"),
    (lambda: moran([1, 1, 1, 1], lattice(2, 2)), TooLittle, "same value"),
    (lambda: moran([1, 2, 3, 4], from_pairs(4, [], [], "")), TooLittle, "neighbour"),
    (lambda: concentration([-1, 2, 3, 4], lattice(2, 2)), Unusable, "0 or more"),
    (lambda: local_joins([0, 1, 2, 1], lattice(2, 2)), Unusable, "0 or 1"),
    (lambda: steadied([1, 2], [1, 0]), Unusable, "base of 0"),
    (
        lambda: shuffled_p([1, 2, 3, 4], lattice(2, 2), own=True, replications=0, rng=np.random.default_rng(1)),
        Unusable,
        "replications",
    ),
]


@pytest.mark.parametrize(("asked", "kind", "said"), REFUSED)
def test_no_number_comes_from_nothing(asked: Callable[[], object], kind: type[Exception], said: str) -> None:
    """R27: what is missing is named, with how to mend it."""
    with pytest.raises(kind, match=said) as told:
        asked()
    assert isinstance(told.value, CasualtyError | Unusable | TooLittle)


def test_what_is_left_out_cannot_be_changed_afterwards() -> None:
    """R55: an answer is frozen."""
    answer = ask(by_cell(heavy(1), "G", 10_000))
    assert isinstance(answer.parameters, MappingProxyType)
    with pytest.raises(TypeError):
        answer.rows[0]["p"] = 0  # type: ignore[index]
    assert both_sides(np.array([0.7]), np.array([0.6]))[0] == 1
