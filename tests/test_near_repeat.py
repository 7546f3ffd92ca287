"""Near-repeat: the kernel beside a brute force, others' figures, what must not change an answer, and false alarms.

Holds R33 (rough points stay out), R48 (many bands are corrected), R55 (same seed, same bytes) and R56.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.events import COARSE_DATE, COARSE_POINT, NO_DATE, NO_POINT, Events
from casualty.patterns.near_repeat import AT_ONE_PLACE, DIFFERENT, SAME, SAME_DAY, near_repeat
from geo.faults import TooLittle, Unusable
from geo.near_repeat import alike, close_pairs, mantel
from geo.near_repeat import near_repeat as grid
from geo.permuting import central, orders, ranked, shuffle

SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
BURKITT = SHARED / "reference" / "cases" / "knox_burkitt"
FEW = settings(deadline=None, max_examples=40)
POINT = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 20), st.integers(1, 7))
POINTS = st.lists(POINT, min_size=5, max_size=25).filter(
    lambda every: all(len({point[axis] for point in every}) > 1 for axis in (0, 1, 2))
)
SPACE, DAYS = [1.0, 2.0, 4.0], [0.0, 3.0, 9.0]


def incidents(x: Any, y: Any, day: Any, mix: Any = None, **other: Any) -> Events:
    n, day = len(x), np.asarray(day, dtype=float)
    held = np.ones((n, 1)) if mix is None else np.asarray(mix, dtype=float)
    given = {
        "ids": tuple(f"i{k}" for k in range(n)), "x": np.asarray(x, dtype=float), "y": np.asarray(y, dtype=float),
        "day": day, "day_span": np.column_stack([day, day]), "spread_m": np.full(n, np.nan),
        "place_precision": np.ones(n), "date_precision": np.ones(n),
        "groups": tuple("ABCDEFG"[: held.shape[1]]), "mix": held, "victims": np.ones((n, 3)),
        "reported": np.full(n, np.nan), "area": (None,) * n, "tier": ("other",) * n, "sources": (frozenset(),) * n,
        "actors": (frozenset(),) * n, "acts": (frozenset(),) * n, "means": (frozenset(),) * n, "place_type": (None,) * n,
    }  # fmt: skip
    return Events(**{**given, **other})


def counted(x: Any, y: Any, t: Any, same_place: bool) -> Any:
    """Pairs by band of distance and of time, one after the other."""
    counts = np.zeros((len(SPACE), len(DAYS)), dtype=int)
    for i in range(len(x)):
        for j in range(i):
            apart, days = np.hypot(x[i] - x[j], y[i] - y[j]), abs(t[i] - t[j])
            if apart <= SPACE[-1] and days <= DAYS[-1] and (apart > 0 or same_place):
                counts[np.searchsorted(SPACE, apart), np.searchsorted(DAYS, days)] += 1
    return counts


def mixed(seed: int, n: int = 300) -> Events:
    """Clustered places, dates and groups that have nothing to do with one another, and incidents of heavy-tailed size."""
    rng = np.random.default_rng(seed)
    town = rng.choice(12, n, p=(w := rng.pareto(1.2, 12) + 0.2) / w.sum())
    x, y = (
        rng.uniform(0, 20_000, 12)[town] + rng.normal(0, 300, n),
        rng.uniform(0, 20_000, 12)[town] + rng.normal(0, 300, n),
    )
    member = np.eye(3)[rng.choice(3, n, p=[0.5, 0.3, 0.2])]
    size = np.ceil(rng.pareto(1.0, n) + 1)
    return incidents(x, y, rng.integers(0, 365, n), member, victims=np.column_stack([size] * 3))


@FEW
@given(POINTS, st.booleans(), st.integers(0, 2**64 - 1))
def test_the_kernel_counts_what_a_brute_force_counts(points: list[Any], same_place: bool, seed: int) -> None:
    """R56: in the data and in every replicate, on a grid where ties of distance and of place are the rule."""
    x, y, t, _ = np.array(points, dtype=float).T
    told = {"space": SPACE, "limits": DAYS, "replications": 1, "seed": seed, "same_place": same_place}
    if not counted(x, y, np.zeros_like(t), same_place).any():
        with pytest.raises(TooLittle):
            grid(x, y, t, **told)
        return
    found = grid(x, y, t, **told)
    assert (found.found.observed == counted(x, y, t, same_place)).all()
    event, at = np.unique(np.column_stack([x, y, t]), axis=0, return_inverse=True)
    if same_place:
        event, at = np.column_stack([x, y, t]), np.arange(len(x))
    moved = event[orders(shuffle(len(event), seed), 0, 1)[0], 2][at.reshape(-1)]
    # The one replicate is its own central range.
    assert (found.found.chance_low == counted(x, y, moved, same_place)).all()


@FEW
@given(POINTS, st.integers(0, 1000))
def test_bands_add_up_to_the_cumulative_grid(points: list[Any], seed: int) -> None:
    """R56"""
    x, y, t, _ = np.array(points, dtype=float).T
    told: Any = {"space": [2.0, 10.0], "limits": DAYS, "replications": 19, "seed": seed, "same_place": True}
    banded, up_to = grid(x, y, t, **told), grid(x, y, t, **told, cumulative=True)
    assert (banded.found.observed.cumsum(axis=0).cumsum(axis=1) == up_to.found.observed).all()
    assert np.allclose(banded.found.expected.cumsum(axis=0).cumsum(axis=1), up_to.found.expected)
    assert (banded.pairs_in_space.cumsum() == up_to.pairs_in_space).all()


@FEW
@given(POINTS, st.integers(0, 1000))
def test_pairs_alike_are_those_of_a_brute_force(points: list[Any], seed: int) -> None:
    """R56: groups in bits, several of them in one event, in the data and in a replicate."""
    x, y, t, bits = np.array(points, dtype=float).T
    marks = (bits.astype(int)[:, None] >> np.arange(3)) & 1 == 1
    if (marks.sum(axis=0) > 0).sum() < 2:
        return
    found = alike(x, y, t, marks, space=[3.0, 10.0], limits=[4.0, 20.0], replications=1, seed=seed, same_place=True)
    for labels, told in (
        (marks, found.found.observed),
        (marks[orders(shuffle(len(x), seed), 0, 1)[0]], found.found.chance_low),
    ):
        counts = np.zeros((2, 2, 5))
        for i in range(len(x)):
            for j in range(i):
                at = (
                    np.searchsorted([3, 10], np.hypot(x[i] - x[j], y[i] - y[j])),
                    np.searchsorted([4, 20], abs(t[i] - t[j])),
                )
                both = labels[i] & labels[j]
                counts[at] += [both.any(), not both.any(), *both]
        assert (counts == told).all()


@pytest.mark.skipif(
    not BURKITT.exists() and "CI" not in os.environ, reason="the reference cases are not beside this checkout"
)
def test_burkitt_as_others_have_it() -> None:
    """R56: Knox's table, expectation and p by permutation as surveillance::knox, Mantel as well (Williams and others 1978)."""
    data = pd.read_csv(BURKITT / "data.csv")
    where = data.x.to_numpy(), data.y.to_numpy(), data.t.to_numpy()
    expected = json.loads((BURKITT / "expected.json").read_text())["expected"]
    space, days = [2, 5, 10, 20, 40], [30, 60, 90, 180, 360]
    found = grid(*where, space=space, limits=days, cumulative=True, same_place=True, seed=1)
    lines = [line for line in (BURKITT / "results.txt").read_text().splitlines() if line.startswith("ds<=")]
    assert len(lines) == 25
    for line, (s, t) in zip(lines, np.ndindex(5, 5), strict=True):
        told = dict(part.split("=") for part in line.replace(":", "").replace("<=", "=").split())
        assert (float(told["ds"]), float(told["dt"])) == (space[s], days[t])
        assert found.found.observed[s, t] == int(told["obs"])
        assert found.pairs_in_space[s] == int(told["n_s"])
        assert found.pairs_in_time[t] == int(told["n_t"])
        assert found.found.expected[s, t] == pytest.approx(float(told["expected"]), abs=1e-6)
    knox = grid(*where, space=[5], limits=[60], same_place=True, seed=2)
    assert knox.found.p[0, 0] == pytest.approx(
        expected["knox"]["s5_t60"]["p_999"], abs=4 * np.sqrt(2 * 0.2 * 0.8 / 999)
    )
    raw, p = mantel(*where, replications=199, seed=3)
    turned, p_turned = mantel(*where, reciprocal=True, replications=199, seed=3)
    assert raw == pytest.approx(expected["mantel_r_raw"], abs=1e-10)
    assert turned == pytest.approx(expected["mantel_r_reciprocal"], abs=1e-10)
    assert p > 0.15
    assert p_turned < 0.03


def test_workers_and_blocks_change_nothing() -> None:
    """R55: replicate i draws from the seed and i alone."""
    events, ticks = mixed(3), []
    told: Any = {"space": [300, 900], "days": [7, 14], "by_group": True, "replications": 150, "seed": 5}
    alone = near_repeat(events, **told, progress=lambda done, of: ticks.append((done, of)))
    with ThreadPoolExecutor(3) as workers:
        together = near_repeat(events, **told, executor=workers)
    assert json.dumps(alone.as_json()) == json.dumps(together.as_json())
    assert ticks[:3] == [(64, 150), (128, 150), (150, 150)]
    assert near_repeat(events, **{**told, "seed": 6}).rows != alone.rows


@pytest.mark.parametrize(("replications", "held"), [(19, 0.9), (39, 0.95), (99, 0.96), (200, 0.951), (999, 0.95)])
def test_the_central_range_holds_one_draw_more(replications: int, held: float) -> None:
    """R56: of all ranks one value more can have; what is drawn need not be in order."""
    ranks = np.arange(replications, dtype=float)
    drawn = np.random.default_rng(3).permutation(np.column_stack([ranks, -ranks]))
    low, high = central(drawn)
    more = np.arange(-1, replications) + 0.5
    assert np.mean((low[0] < more) & (more < high[0])) == pytest.approx(held, abs=0.001)
    assert (low[1], high[1]) == (-high[0], -low[0])


@FEW
@given(st.lists(st.integers(0, 6), min_size=1, max_size=120))
def test_the_central_range_is_of_two_values_drawn(drawn: list[int]) -> None:
    """R56: with ties too, the values of rank 0.025 (R + 1) from either end, the last where there is none."""
    rank = max(1, int(0.025 * (len(drawn) + 1) + 1e-9))
    assert central(np.array(drawn)) == (sorted(drawn)[rank - 1], sorted(drawn)[-rank])


def test_the_expectation_is_the_mean_of_the_permutations_and_strata_hold_times() -> None:
    """R48"""
    events, area = mixed(4), np.repeat(["north", "south"], 150)
    told: Any = {"space": [500], "limits": [10, 40], "replications": 1999, "seed": 1}
    free = grid(events.x, events.y, events.day, **told)
    middle = (free.found.chance_low + free.found.chance_high) / 2
    assert np.allclose(free.found.expected, middle, rtol=0.06)
    drawn = orders(shuffle(300, 1, area), 0, 50)
    assert (np.sort(drawn, axis=1) == np.arange(300)).all()
    assert ((drawn < 150) == (np.arange(300) < 150)).all()
    # Where places differ in their dates, only dates that stay within a place show that nothing interacts.
    x = np.where(area == "north", 0, 50_000) + events.x % 1000
    day = events.day % 60 + np.where(area == "north", 0, 200)
    assert grid(x, events.y % 1000, day, **told).found.p_adjusted.min() <= 0.01
    assert grid(x, events.y % 1000, day, **told, strata=area).found.p_adjusted.min() > 0.05


def test_permutations_are_uniform_and_far_seeds_differ() -> None:
    """R56: of three points every order comes as often as any other."""
    drawn = orders(shuffle(3, 11), 0, 6000)
    counts = np.unique(drawn, axis=0, return_counts=True)[1]
    assert counts.size == 6
    assert abs(counts - 1000).max() < 4 * np.sqrt(1000)
    assert (orders(shuffle(50, 11), 7, 1) == orders(shuffle(50, 11), 0, 8)[7]).all()
    assert (orders(shuffle(50, 11), 0, 1) != orders(shuffle(50, 12), 0, 1)).any()


def test_p_counts_ties_and_the_maximum_holds_all() -> None:
    """R48: p = (1 + as many) / (R + 1)."""
    drawn = np.array([[1.0, 5], [2, 5], [3, 9], [4, 9]])
    found = ranked([3.0, 9.0], drawn)
    assert found.p.tolist() == [3 / 5, 3 / 5]
    assert (found.p_adjusted >= found.p).all()
    assert found.ratio.tolist() == [3 / 2.5, 9 / 7]


def test_pairs_at_one_place_are_left_out_and_told() -> None:
    """R33: a village's middle or an event told twice says nothing of distance; an option keeps them."""
    rng = np.random.default_rng(2)
    x, y, day = rng.uniform(0, 3000, 60), rng.uniform(0, 3000, 60), rng.integers(0, 200, 60)
    x, y, day = np.append(x, [500] * 5), np.append(y, [500] * 5), np.append(day, [10, 10, 90, 91, 150])
    told: Any = {"space": [100, 400], "days": [7], "replications": 99, "seed": 1}
    apart, kept = near_repeat(incidents(x, y, day), **told), near_repeat(incidents(x, y, day), **told, same_place=True)
    assert apart.left_out == {AT_ONE_PLACE: 10, SAME_DAY: 1}
    assert "10 pairs at the very same coordinates (1 on the same day" in apart.sentence
    assert kept.left_out == {}
    assert kept.rows[0]["observed"] - apart.rows[0]["observed"] == 2
    assert kept.rows[0]["pairs_in_space"] - apart.rows[0]["pairs_in_space"] == 10
    assert any("hold more than one incident" in caveat for caveat in apart.caveats)
    assert close_pairs(np.zeros(3), np.zeros(3), 1.0).first.size == 0


def test_reports_told_twice_do_not_raise_an_alarm() -> None:
    """R56: each event reported three times at its place and day; the copies' pairs with others come and go together."""
    alarms = 0
    for seed in range(40):
        one = mixed(seed, 60)
        three = one.only(np.ones(60, dtype=bool))
        tripled = incidents(np.tile(three.x, 3), np.tile(three.y, 3), np.tile(three.day, 3), np.tile(three.mix, (3, 1)))
        rows = near_repeat(tripled, space=[400], days=[14], by_group=True, replications=99, seed=seed).rows
        alarms += any(row["alarm"] for row in rows)
    assert alarms <= 9  # two families, 0.05 each: more than 9 of 40 has a chance below 1 in 100


def test_a_planted_series_is_found_and_stays_within_its_group() -> None:
    """R56"""
    rng, quiet = np.random.default_rng(1), mixed(8)
    first = rng.choice(np.flatnonzero(quiet.mix[:, 1] > 0), 35, replace=False)
    x, y = (np.append(part, part[first] + rng.normal(0, 40, 35)) for part in (quiet.x, quiet.y))
    day = np.append(quiet.day, quiet.day[first] + rng.integers(1, 7, 35))
    events = incidents(x, y, day, np.vstack([quiet.mix, quiet.mix[first]]))
    answer = near_repeat(events, space=(100, 200), days=(7, 14), by_group=True, replications=499, seed=1)
    by = {row["band"]: row for row in answer.rows}
    assert by["0-100 m, 0-7 days"]["alarm"]
    assert by["0-100 m, 0-7 days"]["low"] > 1
    assert by["0-100 m, 0-7 days: same group"]["alarm"]
    assert by["0-100 m, 0-7 days: B"]["alarm"]
    assert not by["0-100 m, 0-7 days: A"]["alarm"]
    assert not by["0-100 m, 0-7 days: different groups"]["alarm"]
    assert "consistent with incidents that follow others nearby" in answer.sentence
    assert "within a group" in answer.sentence
    only = near_repeat(events, space=(100,), days=(7,), group="A", replications=99, seed=1)
    assert not only.rows[0]["alarm"]
    assert only.left_out == {"no victim of the group A": int((events.mix[:, 0] == 0).sum())}


def test_groups_that_live_apart_are_no_series() -> None:
    """R46: pairs nearby share a group at any time; the sentence says where they live, and nothing is an alarm."""
    events = mixed(9)
    split = np.eye(2)[(events.x > np.median(events.x)).astype(int)]
    lived = incidents(events.x, events.y, events.day, split)
    answer = near_repeat(lived, space=(300, 900), days=(14, 28), by_group=True, replications=199, seed=2)
    same = [row for row in answer.rows if row["pairs"] == SAME]
    assert min(row["p_adjusted"] for row in same) <= 0.01
    assert not any(row["alarm"] for row in answer.rows if row["pairs"] != "any")
    assert "consistent with where the groups live" in answer.sentence
    assert {row["pairs"] for row in answer.rows} == {"any", SAME, DIFFERENT, "A", "B"}


def test_no_pattern_no_alarm() -> None:
    """R56: clustered places, heavy-tailed sizes, nothing that interacts; the shipped bench does it a thousand times."""
    alarms = np.zeros(2)
    for seed in range(60):
        rows = near_repeat(mixed(seed), space=(200, 600), days=(7, 14), by_group=True, replications=99, seed=seed).rows
        alarms += [any(r["alarm"] for r in rows if (r["pairs"] == "any") == whole) for whole in (True, False)]
    assert (alarms <= 8).all()  # of 60 at 0.05 more than 8 has a chance below 1 in 200


def test_what_is_rough_or_unknown_stays_out_and_is_told() -> None:
    """R33: precision 3 and more, dates wider than the first band, no point, no date."""
    events = mixed(1)
    rough = replace(
        events,
        x=np.where(np.arange(300) == 0, np.nan, events.x),
        place_precision=np.where(np.arange(300) < 3, 3.0, 1.0),
        day=np.where(np.arange(300) == 5, np.nan, events.day),
        day_span=events.day_span + np.array([0, 1]) * np.where(np.arange(300) == 6, 30, 0)[:, None],
    )
    answer = near_repeat(rough, space=(500,), days=(7,), replications=19, seed=1)
    assert answer.n == 300 - 5
    assert answer.left_out == {NO_POINT: 1, COARSE_POINT: 2, NO_DATE: 1, COARSE_DATE: 1}


def test_refusals_name_what_is_missing() -> None:
    """R50: never a number from nothing."""
    events = mixed(1)
    ask: Any = {"space": (100,), "days": (7,), "replications": 19, "seed": 1}
    one_place, n = incidents([5] * 9, [5] * 9, range(9)), np.arange(9)
    with pytest.raises(InvalidRecords, match="degrees"):
        near_repeat(replace(events, degrees=True), **ask)
    with pytest.raises(NotEnoughData, match="one place"):
        near_repeat(one_place, **ask)
    with pytest.raises(NotEnoughData, match="one time"):
        near_repeat(incidents(n, n, [3] * 9), **ask)
    with pytest.raises(NotEnoughData, match="at least 5"):
        near_repeat(incidents([1, 2], [1, 2], [1, 2]), **ask)
    with pytest.raises(NotEnoughData, match="wider distances"):
        near_repeat(incidents(n * 1e5, n, n), **ask)
    with pytest.raises(NotEnoughData, match="two groups"):
        near_repeat(incidents(n, n, n), **ask, by_group=True)
    with pytest.raises(InvalidRecords, match="false year"):
        near_repeat(incidents(n, n, [-200_000, *n[1:]]), **ask)
    with pytest.raises(UsageFault, match="No group 'Z'"):
        near_repeat(events, **ask, group="Z")
    with pytest.raises(UsageFault, match="not both"):
        near_repeat(events, **ask, group="A", by_group=True)
    for wrong in ((), (7, 7), (-1,), (float("nan"),)):
        with pytest.raises(InvalidRecords):
            near_repeat(events, **{**ask, "days": wrong})
    with pytest.raises(Unusable, match="whole days"):
        grid(n, n, n + 0.5, space=[1], limits=[1], seed=1)
    with pytest.raises(Unusable, match="not finite"):
        grid([*n[:-1], np.nan], n, n, space=[1], limits=[1], seed=1)
    with pytest.raises(Unusable, match="0 replications"):
        grid(n, n, n, space=[2], limits=[1], replications=0, seed=1)
