"""Co-location: cross-K beside a brute force and spatstat's figures, the local quotient, planted and absent patterns.

Holds R33 (rough points stay out), R48 (many radii are corrected), R55 (same seed, same bytes) and R56.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.colocation import colocation
from casualty.patterns.events import COARSE_POINT, NO_IDENTITY
from geo.colocation import cross_k, local_quotient, points_near
from geo.faults import TooLittle, Unusable
from geo.permuting import orders, shuffle
from tests.test_near_repeat import BURKITT, FEW, incidents, mixed

RADII = [1.0, 2.0, 4.0]
POINT = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3))
POINTS = st.lists(POINT, min_size=5, max_size=25)

# spatstat.explore 3 on the 188 cases, aged 6 or less around by older ones, window their bounding box (area 12160):
# radius (between the distances of whole coordinates), cross-K without correction, border, isotropic.
SPATSTAT = [
    (5.25, 276.996336996, 304, 278.776939651),
    (10.25, 865.787545788, 977.612863327, 898.007634285),
    (20.25, 2476.26373626, 2848.19047619, 2763.17791588),
]


def usable(points: list[Any]) -> Any:
    x, y, label = np.array(points, dtype=float).T
    first, second = label.astype(int) & 1 == 1, label.astype(int) & 2 == 2
    one_kind = first.all() or second.all() or not (first.any() and second.any())
    return None if one_kind or np.ptp(x) == np.ptp(y) == 0 else (x, y, first, second)


def counted(x: Any, y: Any, first: Any, second: Any) -> Any:
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    both = first[:, None] & second & ~np.eye(len(x), dtype=bool)
    return np.array([(both & (apart <= r)).sum() for r in RADII])


@FEW
@given(POINTS, st.integers(0, 1000))
def test_the_kernel_counts_what_a_brute_force_counts(points: list[Any], seed: int) -> None:
    """R56: points of both kinds among them, in the data and in a replicate, whose labels move together."""
    if (told := usable(points)) is None:
        return
    x, y, first, second = told
    found = cross_k(x, y, first, second, radii=RADII, replications=1, seed=seed)
    moved = orders(shuffle(len(x), seed), 0, 1)[0]
    assert (found.pairs == counted(x, y, first, second)).all()
    assert (found.found.observed == found.pairs).all()
    assert (found.found.chance_low == counted(x, y, first[moved], second[moved])).all()
    apart = np.where(second & ~np.eye(len(x), dtype=bool), np.hypot(x[:, None] - x, y[:, None] - y), np.inf)
    assert found.near.tolist() == [(apart[first].min(axis=1) <= r).mean() for r in RADII]
    fixed = points_near(x, y, first, x[second], y[second], own=second, radii=RADII, replications=1, seed=seed)
    assert (fixed.found.observed == found.pairs).all()
    assert (fixed.found.chance_low == counted(x, y, first[moved], second)).all()
    assert (fixed.near == found.near).all()


def test_expectations_are_means_over_the_permutations() -> None:
    """R56: exact without strata."""
    events = mixed(2)
    first, second = events.mix[:, 0] > 0, events.mix[:, 1] > 0
    told: Any = {"radii": [200, 1000], "replications": 1999, "seed": 1}
    for found in (
        cross_k(events.x, events.y, first, second, **told),
        cross_k(events.x, events.y, first, second, correction="isotropic", **told),
        points_near(events.x, events.y, first, events.x[:30], events.y[:30], **told),
    ):
        assert np.allclose(found.found.expected, (found.found.chance_low + found.found.chance_high) / 2, rtol=0.05)


@pytest.mark.skipif(
    not BURKITT.exists() and "CI" not in os.environ, reason="the reference cases are not beside this checkout"
)
@pytest.mark.parametrize(("column", "correction"), [(1, "none"), (2, "border"), (3, "isotropic")])
def test_cross_k_as_spatstat_has_it(column: int, correction: Any) -> None:
    """R56: Kcross with correction none, border and isotropic, to the digits given."""
    data = pd.read_csv(BURKITT / "data.csv")
    x, y, young = data.x.to_numpy(), data.y.to_numpy(), (data.age <= 6).to_numpy()
    radii = [row[0] for row in SPATSTAT]
    found = cross_k(x, y, young, ~young, radii=radii, correction=correction, replications=19, seed=1)
    assert found.k == pytest.approx([row[column] for row in SPATSTAT], rel=1e-9)


def test_the_part_of_a_circle_inside_a_window_with_a_hole() -> None:
    """R56: against points laid densely along each circle; a window need not be convex, nor whole."""
    rng = np.random.default_rng(1)
    notched = shapely.Polygon([(0, 0), (10, 0), (10, 6), (6, 6), (4, 3), (0, 6)], [[(7, 1), (9, 1), (9, 3), (7, 3)]])
    x, y = rng.uniform(0, 10, 60), rng.uniform(0, 6, 60)
    inside = shapely.contains_xy(notched, x, y)
    x, y, first = x[inside], y[inside], np.arange(inside.sum()) % 2 == 0
    found = cross_k(x, y, first, ~first, radii=[3.0], window=notched, correction="isotropic", replications=1, seed=1)
    round_about = np.linspace(0, 2 * np.pi, 4001)[:-1]
    total = 0.0
    for i in np.flatnonzero(first):
        for j in np.flatnonzero(~first):
            r = np.hypot(x[i] - x[j], y[i] - y[j])
            if r <= 3:
                total += (
                    1
                    / shapely.contains_xy(
                        notched, x[i] + r * np.cos(round_about), y[i] + r * np.sin(round_about)
                    ).mean()
                )
    assert found.found.observed[0] == pytest.approx(total, rel=5e-3)
    with pytest.raises(Unusable, match="outside the window"):
        cross_k(x + 100, y, first, ~first, radii=[3.0], window=notched, seed=1)


def test_local_quotient_as_its_formula_has_it() -> None:
    """R56: weights of the Gaussian over the distance of the last neighbour, against the share of all others."""
    events = mixed(5, 80)
    x, y, first, second = events.x, events.y, events.mix[:, 0] > 0, events.mix[:, 1] > 0
    found = local_quotient(x, y, first, second, neighbours=8, replications=199, seed=1)
    for at, value, width in zip(found.at, found.value, found.bandwidth, strict=True):
        apart = np.hypot(x - x[at], y - y[at])
        near = [j for j in np.argsort(apart) if j != at][:8]
        weight = np.exp(-0.5 * (apart[near] / apart[near[-1]]) ** 2)
        assert width == apart[near[-1]]
        assert value == pytest.approx((weight * second[near]).sum() / weight.sum() / (second.sum() / 79))
    assert (found.p_adjusted >= found.p).all()
    stacked = local_quotient([*[0] * 15, 9], [0] * 16, first[:16], ~first[:16], neighbours=5, replications=19, seed=1)
    assert np.isfinite(stacked.value).all()


def test_workers_change_nothing() -> None:
    """R55"""
    events = mixed(3)
    told: Any = {"group": "B", "radii": (300, 900), "local": True, "replications": 150, "seed": 5}
    alone = colocation(events, **told)
    with ThreadPoolExecutor(3) as workers:
        together = colocation(events, **told, executor=workers)
    assert json.dumps(alone.as_json()) == json.dumps(together.as_json())


def planted() -> tuple[Any, Any]:
    """Eight checkpoints, and the group's share of what happens within 400 m of one raised to four in five."""
    rng, events = np.random.default_rng(3), mixed(3)
    at = rng.choice(300, 8, replace=False)
    posts = events.x[at] + 50, events.y[at] - 50
    close = np.hypot(events.x[:, None] - posts[0], events.y[:, None] - posts[1]).min(axis=1) < 400
    mix = events.mix.copy()
    mix[close] = np.eye(3)[np.where(rng.random(close.sum()) < 0.8, 2, 0)]
    kind = tuple("checkpoint" if near else None for near in close)
    return replace(events, mix=mix, place_type=kind), posts


def test_a_planted_nearness_is_found_and_told_with_its_caveat() -> None:
    """R56"""
    events, posts = planted()
    answer = colocation(events, group="C", near=posts, radii=(200, 400, 5000), local=True, seed=1)
    by = {row.get("band", row.get("area")): row for row in answer.rows}
    row = by["0-400 m"]
    assert row["alarm"]
    assert row["low"] > 1
    assert row["near"] > row["near_rest"]
    assert "consistent with incidents of C that lie nearer" in answer.sentence
    assert "where the group lives may be the reason" in answer.sentence
    assert {key for key in by if key.startswith("i")} == {events.ids[k] for k in np.flatnonzero(events.mix[:, 2] > 0)}
    assert colocation(events, group="C", place_type="checkpoint", radii=(200, 400), seed=1).rows[1]["alarm"]
    away = colocation(events, group="B", near=posts, radii=(200, 400), seed=1)
    assert not any(row["alarm"] for row in away.rows)
    assert away.rows[1]["ratio"] < 1
    assert "no sign that they lie nearer" in away.sentence


def test_within_areas_a_difference_of_areas_is_none() -> None:
    """R46: the group lives where the checkpoints are; within each area its incidents lie no nearer."""
    rng, events = np.random.default_rng(4), mixed(4)
    east = events.x > np.median(events.x)
    mix = np.eye(2)[(rng.random(300) < np.where(east, 0.8, 0.2)).astype(int)]
    at = rng.choice(np.flatnonzero(east), 15, replace=False)
    lived = replace(events, groups=("A", "B"), mix=mix, area=tuple("east" if e else "west" for e in east))
    told: Any = {"group": "B", "near": (events.x[at] + 100, events.y[at]), "radii": (300, 900), "seed": 1}
    assert all(row["alarm"] for row in colocation(lived, **told).rows)
    assert not any(row["alarm"] for row in colocation(lived, **told, within_area=True).rows)


def test_no_pattern_no_alarm() -> None:
    """R56: clustered places, heavy-tailed sizes, groups dealt out by chance."""
    alarms = np.zeros(3)
    for seed in range(60):
        events, rng = mixed(seed), np.random.default_rng(seed)
        posts = events.x[rng.integers(0, 300, 20)] + 100, events.y[rng.integers(0, 300, 20)]
        told: Any = {"group": "B", "replications": 99, "seed": seed}
        rows = [*colocation(events, **told, local=True).rows]
        alarms += [
            any(row["alarm"] for row in rows if "band" in row),
            any(row["alarm"] for row in rows if "area" in row),
            any(row["alarm"] for row in colocation(events, **told, near=posts).rows),
        ]
    assert (alarms <= 8).all()  # of 60 at 0.05 more than 8 has a chance below 1 in 200


def test_what_is_rough_or_unknown_stays_out_and_is_told() -> None:
    """R33"""
    events = mixed(1)
    rough = replace(
        events,
        place_precision=np.where(np.arange(300) < 3, 3.0, 1.0),
        mix=np.where(np.arange(300)[:, None] == 9, np.nan, events.mix),
    )
    answer = colocation(rough, group="A", other="B", replications=19, seed=1)
    assert answer.n == 296
    assert answer.left_out == {COARSE_POINT: 3, NO_IDENTITY: 1}


def test_refusals_name_what_is_missing() -> None:
    """R50: never a number from nothing."""
    events, n = mixed(1), np.arange(9.0)
    ask: Any = {"group": "A", "replications": 19, "seed": 1}
    two = np.eye(2)[[0, 1] * 4 + [0]]
    with pytest.raises(InvalidRecords, match="degrees"):
        colocation(replace(events, degrees=True), **ask)
    with pytest.raises(NotEnoughData, match="one place"):
        colocation(incidents(n * 0, n * 0, n, two), **ask)
    with pytest.raises(NotEnoughData, match="Only one kind"):
        colocation(incidents(n, n, n), **ask, near=([1], [1]))
    with pytest.raises(NotEnoughData, match="at least 5"):
        colocation(incidents(n[:4], n[:4], n[:4], two[:4]), **ask)
    with pytest.raises(NotEnoughData, match="Name another kind"):
        colocation(events, **ask, place_type="checkpoint")
    with pytest.raises(InvalidRecords, match="finite coordinates"):
        colocation(events, **ask, near=([np.nan], [1]))
    with pytest.raises(UsageFault, match="No group 'Z'"):
        colocation(events, **{**ask, "group": "Z"})
    with pytest.raises(UsageFault, match="one thing"):
        colocation(events, **ask, other="B", means="shelling")
    for radii in ((), (5, 5), (0, 5), (np.inf,)):
        with pytest.raises(InvalidRecords):
            colocation(events, **ask, radii=radii)
    with pytest.raises(TooLittle, match="only one"):
        local_quotient(n, n, two[:, 0] > 0, n == 0, seed=1)
