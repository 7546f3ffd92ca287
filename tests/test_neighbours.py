"""Who is whose neighbour, cells of a grid, and many questions at once: each against brute force.

Holds R36 (distances on the earth), R48 (many comparisons corrected) and R55.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from geo.faults import TooLittle, Unusable
from geo.frame import distance_m
from geo.grid import gridded
from geo.many import benjamini_hochberg, benjamini_yekutieli, in_blocks
from geo.neighbours import Neighbours, from_pairs, nearest, touching, within

SOME = settings(deadline=None, max_examples=40)
COORDINATES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=6, max_size=25)


def lattice(width: int, height: int) -> Neighbours:
    """Squares in rows, each with the up to eight around it."""
    y, x = np.indices((height, width)).reshape(2, -1)
    return within(x, y, 1.5)


def linked(near: Neighbours) -> set[tuple[int, int]]:
    return {(i, int(j)) for i in range(len(near)) for j in near.of(i)}


@SOME
@given(COORDINATES, st.integers(1, 4), st.booleans())
def test_neighbours_are_those_of_all_distances(at: list[tuple[int, int]], k: int, degrees: bool) -> None:
    """Nearest and within a distance, points on one spot too, flat and on the globe (R36)."""
    x, y = np.array(at, dtype=float).T
    far = np.array([[distance_m(a, b, c, d)[0] if degrees else np.hypot(a - c, b - d) for c, d in at] for a, b in at])
    reach = 250_000.0 if degrees else 2.5
    near = linked(within(x, y, reach, degrees=degrees))
    sure = np.abs(far - reach) > 0.01 * reach
    told = {(i, j) for i, j in np.argwhere((far <= reach) & sure) if i != j}
    assert {(i, j) for i, j in near if sure[i, j]} == told
    chosen = nearest(x, y, k, degrees=degrees)
    assert (chosen.counts == k).all()
    for i in range(len(at)):
        kth = np.sort(np.delete(far[i], i))[k - 1]
        assert (far[i, chosen.of(i)] <= kth * 1.01).all()


@SOME
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20), st.booleans())
def test_touching_squares_are_those_a_step_away(cells: set[tuple[int, int]], rook: bool) -> None:
    """A king's move for queen, a rook's move for rook; alone is an island."""
    at = sorted(cells)
    near = touching([shapely.box(x, y, x + 1, y + 1) for x, y in at], rook=rook)
    told = {
        (i, j)
        for i, a in enumerate(at)
        for j, b in enumerate(at)
        if i != j and max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1 and (not rook or a[0] == b[0] or a[1] == b[1])
    }
    assert linked(near) == told
    assert set(near.islands) == {i for i in range(len(at)) if not any(i == one for one, _ in told)}
    np.testing.assert_allclose(near.standardised().matrix.sum(axis=1), near.counts > 0)


def test_a_gap_between_borders_is_bridged_only_if_asked_for() -> None:
    """R36: borders that do not meet."""
    apart = [shapely.box(0, 0, 1, 1), shapely.box(1.001, 0, 2, 1)]
    assert linked(touching(apart)) == set()
    assert linked(touching(apart, gap=0.01)) == {(0, 1), (1, 0)}


@SOME
@given(COORDINATES, st.sampled_from(["square", "hexagon"]), st.floats(0.5, 3))
def test_a_point_lies_in_its_cell(at: list[tuple[int, int]], shape: Any, size: float) -> None:
    """Each point is at its own centre's side of the cell, and neighbours are the cells one step away."""
    x, y = (np.array(at, dtype=float) + 0.01 * np.arange(len(at))[:, None]).T
    cells = gridded(x, y, size, shape=shape)
    assert len(set(cells.ids)) == len(cells.ids) == len(set(cells.of.tolist()))
    assert all(np.char.find(cells.ids, "-") == -1)
    east, north = np.abs(x - cells.x[cells.of]), np.abs(y - cells.y[cells.of])
    reach = np.maximum(east, north) if shape == "square" else np.maximum(east, east / 2 + north * np.sqrt(3) / 2)
    assert (reach <= size / 2 + 1e-9).all()
    steps = np.hypot(cells.x[:, None] - cells.x, cells.y[:, None] - cells.y)
    limit = 1.5 * size if shape == "square" else 1.1 * size
    assert linked(cells.neighbours) == {(i, j) for i, j in np.argwhere(steps < limit) if i != j}


@SOME
@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=30))
def test_corrections_are_those_of_scipy(p: list[float]) -> None:
    """R48: NaN stays and is not counted."""
    asked = ~np.isnan(np.array(p, dtype=float))
    for found, how in ((benjamini_hochberg(p), "bh"), (benjamini_yekutieli(p), "by")):
        assert (np.isnan(found) == ~asked).all()
        if asked.any():
            told = false_discovery_control(np.array(p, dtype=float)[asked], method=how)
            np.testing.assert_allclose(found[asked], told, rtol=1e-12)


def test_blocks_come_back_in_order_and_stop_whole() -> None:
    """R55: workers never change the order; a block that fails fails the whole."""
    blocks = [(i, 2) for i in range(7)]
    told: list[tuple[int, int]] = []
    with ThreadPoolExecutor(3) as pool:
        assert in_blocks(pow, blocks, pool, lambda done, of: told.append((done, of))) == in_blocks(pow, blocks)
        with pytest.raises(ZeroDivisionError):
            in_blocks(divmod, [(1, 1), (1, 0)], pool)
    assert told == [(i, 7) for i in range(1, 8)]


REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: gridded([1, np.nan], [1, 1], 5), Unusable, "numbers"),
    (lambda: nearest([1, 2, 3], [1, 2, 3], 3), TooLittle, "3 neighbours"),
    (lambda: nearest([1, np.inf], [1, 2], 1), Unusable, "numbers"),
    (lambda: within([181.0], [2.0], 5, degrees=True), Unusable, "180"),
    (lambda: within([1.0], [2.0], 0), Unusable, "above 0"),
    (lambda: touching([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)]), Unusable, "polygon"),
    (lambda: from_pairs(3, [0], [3], ""), Unusable, "not among"),
]


@pytest.mark.parametrize(("asked", "kind", "said"), REFUSED)
def test_no_neighbour_comes_from_nothing(asked: Callable[[], object], kind: type[Exception], said: str) -> None:
    """R27: what is missing is named, with how to mend it."""
    with pytest.raises(kind, match=said):
        asked()
