"""Cells on the map's plane: every point in exactly one, the nearest middle, the outline round its points, the classes."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from geo import cells
from geo.cells import Shape, classes, degrees, gathered, mercator, numbered, outline

SHAPES: tuple[Shape, ...] = ("square", "hexagon")
SIZES = st.sampled_from([44 / 512 / 2 ** (quarter / 4) for quarter in range(57)])  # as the map asks for: zooms 0 to 14
lons = st.floats(-180, 180, allow_nan=False, allow_subnormal=False)
lats = st.floats(-90, 90, allow_nan=False, allow_subnormal=False)
places = st.lists(st.tuples(lons, lats), min_size=1, max_size=60)
ROUNDING = 1e-9


def beyond(lon: Any, lat: Any) -> tuple[Any, Any]:
    """The plane without its edge: a middle and an outline may lie beyond it."""
    return lon / 360 + 0.5, 0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * math.pi)


def held(made: list[tuple[float, float]]) -> tuple[Any, Any]:
    lon, lat = np.array(made).T
    return lon, lat


@given(places)
def test_the_plane_and_back(made: list[tuple[float, float]]) -> None:
    """R29: a place comes back where it was; beyond the plane's edge it stands on the edge."""
    lon, lat = held(made)
    x, y = mercator(lon, lat)
    back_lon, back_lat = degrees(x, y)
    assert ((x >= 0) & (x <= 1) & (y >= -ROUNDING) & (y <= 1 + ROUNDING)).all()
    assert np.allclose(back_lon, lon, atol=1e-9)
    assert np.allclose(back_lat, np.clip(lat, -cells.HIGHEST, cells.HIGHEST), atol=1e-9)


@settings(deadline=None)
@given(made=places, size=SIZES, shape=st.sampled_from(SHAPES))
def test_every_point_lies_in_exactly_one_cell(made: list[tuple[float, float]], size: float, shape: Shape) -> None:
    """R29: none lost, none double; within half a cell of its middle, and the key is the same whoever else is there."""
    lon, lat = held(made)
    found = gathered(lon, lat, size, shape)
    assert len(found.of) == len(lon)
    assert np.bincount(found.of, minlength=len(found)).sum() == len(lon)
    assert (np.bincount(found.of, minlength=len(found)) > 0).all()
    assert len(found) == len(np.unique(found.keys))
    assert (np.diff(found.keys) > 0).all()
    x, y = mercator(lon, lat)
    middle_x, middle_y = beyond(found.lon, found.lat)
    across, down = np.abs(x - middle_x[found.of]), np.abs(y - middle_y[found.of])
    slack = size * 1e-6
    if shape == "square":
        assert (np.maximum(across, down) <= size / 2 + slack).all()
    else:
        assert (across <= size / 2 + slack).all()
        assert (np.hypot(across, down) <= size / math.sqrt(3) + slack).all()
    alone = numbered(lon[:1], lat[:1], size, shape)
    assert alone[0] == found.keys[found.of[0]]


@settings(deadline=None)
@given(made=places, size=st.sampled_from([0.4, 0.1, 0.03, 44 / 512 / 2**4.25]))
def test_a_hexagon_is_that_of_the_nearest_middle(made: list[tuple[float, float]], size: float) -> None:
    """R29: against looking through all middles round a point one by one."""
    lon, lat = held(made)
    found = gathered(lon, lat, size, "hexagon")
    high = size * math.sqrt(3) / 2
    x, y = mercator(lon, lat)
    for at in range(len(lon)):
        middles = [
            ((column + (row % 2) / 2) * size, row * high)
            for row in range(math.floor(y[at] / high) - 2, math.floor(y[at] / high) + 4)
            for column in range(math.floor(x[at] / size) - 2, math.floor(x[at] / size) + 3)
        ]
        nearest = min(math.dist((x[at], y[at]), middle) for middle in middles)
        own = beyond(found.lon[found.of[at]], found.lat[found.of[at]])
        assert math.dist((x[at], y[at]), (float(own[0]), float(own[1]))) == pytest.approx(nearest, abs=size * 1e-6)


@settings(deadline=None)
@given(made=places, size=SIZES, shape=st.sampled_from(SHAPES))
def test_the_outline_goes_round_its_points(made: list[tuple[float, float]], size: float, shape: Shape) -> None:
    """R29: what is drawn is what was counted; and neighbours do not lie over each other."""
    lon, lat = held(made)
    found = gathered(lon, lat, size, shape)
    corners = outline(found)
    assert corners.shape == (len(found), 4 if shape == "square" else 6, 2)
    x, y = mercator(lon, lat)
    rings = [Polygon(np.column_stack(beyond(ring[:, 0], ring[:, 1]))) for ring in corners]
    area = size**2 * (1 if shape == "square" else math.sqrt(3) / 2)
    for ring in rings:
        assert ring.is_valid
        assert ring.area == pytest.approx(area, rel=1e-5)
    for at, of in enumerate(found.of.tolist()):
        assert rings[of].buffer(size * 1e-6).contains(Point(x[at], y[at]))
    for at, one in enumerate(rings[:12]):
        assert all(one.intersection(other).area < area * 1e-4 for other in rings[at + 1 : 12])


def test_keys_stay_the_same_as_cells_are_asked_for_again() -> None:
    """R74: a spot that was pressed is found again by its key, whatever the filter has become."""
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(-180, 180, 500), rng.uniform(-80, 80, 500)
    for shape in SHAPES:
        all_of_them = numbered(lon, lat, 0.01, shape)
        assert np.array_equal(numbered(lon[::7], lat[::7], 0.01, shape), all_of_them[::7])


# Classes of colour ----------------------------------------------------------------------------------------------------

numbers = st.lists(
    st.one_of(st.integers(0, 40).map(float), st.floats(0.01, 1e6), st.sampled_from([math.nan, -1.0, math.inf])),
    max_size=60,
)


def class_of(value: float, ends: Any) -> int:
    """Look through the ends one by one."""
    return next(at for at, end in enumerate(ends) if value <= end)


@given(values=numbers, most=st.integers(1, 7), by=st.sampled_from(["quantile", "log"]))
def test_every_number_above_zero_has_a_class(values: list[float], most: int, by: Any) -> None:
    """R11: at most so many, rising, the last ends with the largest; equal numbers have equal colours."""
    known = sorted(value for value in values if value > 0 and math.isfinite(value))
    ends = classes(values, most, by=by)
    assert len(ends) <= most
    assert (np.diff(ends) > 0).all()
    assert bool(len(ends)) is bool(known)
    if known:
        assert ends[-1] == known[-1]
        assert [class_of(value, ends) for value in known] == sorted(class_of(value, ends) for value in known)


@given(values=st.lists(st.integers(1, 30).map(float), min_size=1, max_size=80), most=st.integers(1, 7))
def test_quantiles_hold_as_many_as_can_be(values: list[float], most: int) -> None:
    """R11: against counting: up to each end stand as many as are due, and only what is equal to it goes beyond."""
    ends = classes(values, most)
    ordered = sorted(values)
    due = [ordered[min(math.ceil(part * len(ordered) / most) - 1, len(ordered) - 1)] for part in range(1, most + 1)]
    assert ends.tolist() == sorted(set(due))
    for part, end in enumerate(due, 1):
        below = sum(value <= end for value in values)
        assert below >= part * len(values) / most
        assert sum(value < end for value in values) < part * len(values) / most + 1


@given(low=st.floats(0.1, 10), times=st.floats(1.5, 1e5), most=st.integers(1, 7))
def test_steps_of_the_logarithm_are_equal(low: float, times: float, most: int) -> None:
    """R11"""
    ends = classes([low, low * times], most, by="log")
    steps = np.diff(np.log([low, *ends]))
    assert len(ends) == most
    assert np.allclose(steps, math.log(times) / most, rtol=1e-6)


def test_nothing_above_zero_has_no_class() -> None:
    """R08: zero, what is unknown and what is none have no shade of their own."""
    for values in ([], [0.0, 0.0], [math.nan], [0, -3]):
        assert len(classes(values)) == 0
    assert classes([5.0, 5.0], by="log").tolist() == [5.0]
    assert classes([5.0, 5.0], by="quantile").tolist() == [5.0]
