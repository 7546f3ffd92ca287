"""Metres on the ellipsoid, the local frame, sound polygons, and exchanged coordinates.

Holds R36: longitude first, geodesic distances, the antimeridian, a detector of exchanged coordinates.
"""

from math import cos, pi, sin
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import frame

SOME = settings(deadline=None, max_examples=60)
SPOKES = st.lists(st.floats(1, 60), min_size=12, max_size=12)


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


CROSSING = [
    # ring, longitude first                                       area   parts   a point inside        one outside
    (box(170, 10, 190, 20), 200.0, 2, (-175, 15), (0, 15)),
    ([[[170, 10], [-170, 10], [-170, 20], [170, 20], [170, 10]]], 200.0, 2, (175, 15), (0, 15)),
    (box(-190, 10, -170, 20), 200.0, 2, (175, 15), (-165, 15)),
    (box(190, 10, 200, 20), 100.0, 1, (-165, 15), (-175, 15)),
    (box(-180, -90, 180, 90), 64_800.0, 1, (7, 7), None),
    (box(-180, 10, 180, 20), 3_600.0, 1, (7, 15), (7, 25)),
    ([[[-180, -70], [-90, -70], [0, -70], [90, -70], [180, -70], [-180, -70]]], 7_200.0, 1, (7, -89), (7, -69)),
    ([[[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]]], 3_600.0, 1, (-45, 89), (45, 79)),
]


@pytest.mark.parametrize(("ring", "area", "parts", "inside", "outside"), CROSSING)
def test_rings_across_the_antimeridian_and_round_a_pole_are_cut(
    ring: Any, area: float, parts: int, inside: tuple[float, float], outside: tuple[float, float] | None
) -> None:
    """R36: RFC 7946, 3.1.9."""
    (shape,) = frame.sound([shapely.Polygon(ring[0])])
    assert shape.is_valid
    assert (shape.area, len(shape.geoms)) == (pytest.approx(area), parts)
    assert -180 <= shape.bounds[0] <= shape.bounds[2] <= 180
    assert shape.covers(shapely.Point(inside))
    assert outside is None or not shape.covers(shapely.Point(outside))


def test_a_hole_across_the_antimeridian_stays_a_hole() -> None:
    """R36"""
    (shape,) = frame.sound([shapely.Polygon(box(170, 0, 190, 10)[0], box(178, 4, 182, 6))])
    assert shape.area == pytest.approx(200 - 8)
    assert not shape.covers(shapely.Point(-179, 5))


@st.composite
def stars(draw: st.DrawFn) -> list[tuple[float, float]]:
    """A ring of twelve spokes around longitude 0: simple by construction."""
    ring = [(far * cos(i * pi / 6), far * sin(i * pi / 6)) for i, far in enumerate(draw(SPOKES))]
    return [*ring, ring[0]]


def wrapped(lon: float) -> float:
    return (lon + 180) % 360 - 180


@SOME
@given(stars(), st.integers(-720, 720), st.lists(st.tuples(st.floats(-70, 70), st.floats(-70, 70)), max_size=20))
def test_where_on_the_globe_a_shape_lies_makes_no_difference(
    ring: list[tuple[float, float]], turn: int, probes: list[tuple[float, float]]
) -> None:
    """R36: turned round the globe and wrapped to -180..180, a shape keeps its area and what lies in it."""
    here, near = shapely.Polygon(ring), 1e-9
    (there,) = frame.sound([shapely.Polygon([(wrapped(x + turn), y) for x, y in ring])])
    assert there.is_valid
    assert there.area == pytest.approx(here.area, rel=1e-9)
    for x, y in probes:
        if here.boundary.distance(shapely.Point(x, y)) > near:
            assert there.covers(shapely.Point(wrapped(x + turn), y)) == here.covers(shapely.Point(x, y))


DISTANCES = [
    # from              to                  metres        source
    ((0, 0), (1, 0), 111_319.4908),  # a degree of the equator: 6,378,137 m times pi over 180
    ((0, 0), (0, 90), 10_001_965.7293),  # a quarter of the meridian (NGA.STND.0036)
    ((144.42486789, -37.95103342), (143.92649553, -37.65282114), 54_972.271),  # Flinders Peak to Buninyong (GDA manual)
    ((179.5, 0), (-179.5, 0), 111_319.4908),  # across the antimeridian
    ((7, 50), (7, 50), 0.0),
]


@pytest.mark.parametrize(("start", "end", "metres"), DISTANCES)
def test_distances_are_geodesic(start: tuple[float, float], end: tuple[float, float], metres: float) -> None:
    """R36"""
    assert frame.distance_m(*start, *end) == pytest.approx([metres], abs=0.01)


def test_points_off_the_globe_are_refused_by_name() -> None:
    """R36"""
    with pytest.raises(ValueError, match=r"point 1 is not on the globe: longitude 10\.0, latitude 95\.0"):
        frame.distance_m([10, 10], [50, 95], 0, 0)
    with pytest.raises(ValueError, match="differ in number"):
        frame.local_frame([1, 2], [1])
    with pytest.raises(ValueError, match="no point"):
        frame.local_frame([], [])
    with pytest.raises(ValueError, match="all round the globe"):
        frame.local_frame([0, 180], [0, 0])


@SOME
@given(st.floats(-180, 180), st.floats(-70, 70), st.lists(st.tuples(*[st.floats(-4, 4)] * 2), min_size=2, max_size=12))
def test_the_local_frame_is_true_wherever_it_lies(lon: float, lat: float, offsets: list[tuple[float, float]]) -> None:
    """R36: true from the centre; between points wrong by at most the stretch it states; and it leads back."""
    x, y = np.array([(wrapped(lon + a), lat + b) for a, b in offsets]).T
    here = frame.local_frame(x, y)
    flat = here.to_metres(x, y)
    assert np.hypot(*flat.T) == pytest.approx(frame.distance_m(here.lon, here.lat, x, y), abs=1e-3)
    true, drawn = frame.distance_m(x[:-1], y[:-1], x[1:], y[1:]), np.hypot(*np.diff(flat, axis=0).T)
    assert (drawn <= true * (here.stretch + 1e-4) + 1e-3).all()
    assert (drawn >= true * (1 - 1e-4) - 1e-3).all()
    back = here.to_degrees(flat)
    assert frame.distance_m(*back, x, y) == pytest.approx(np.zeros(len(x)), abs=1e-3)


def test_a_point_at_the_antimeridian_leads_back_onto_the_globe() -> None:
    """R36: rounding must not carry it past 180 degrees."""
    here = frame.local_frame([-179.99999999999997, 179.0], [0, 0])
    lon, _ = here.to_degrees(here.to_metres([-179.99999999999997], [0]))
    assert -180 <= lon[0] <= 180


def test_the_stretch_is_what_a_ruler_finds() -> None:
    """R36: measured across the line of sight at the furthest point."""
    for reach, expected in ((500_000, 1.001), (1_000_000, 1.004), (4_800_000, 1.1)):
        here = frame.LocalFrame(20, 10, reach)
        lon, lat = here.to_degrees([[reach, -500.0], [reach, 500.0]])
        assert here.stretch == pytest.approx(1000 / frame.distance_m(lon[0], lat[0], lon[1], lat[1])[0], rel=2e-3)
        assert here.stretch == pytest.approx(expected, abs=2e-3)


def test_boxes_may_cross_the_antimeridian() -> None:
    """R36"""
    lon, lat = [175, -175, 0, 175, 200], [0, 0, 0, 80, 0]
    assert frame.in_box(lon, lat, (170, -10, -170, 10)).tolist() == [True, True, False, False, False]
    each = [(170, -10, 180, 10), (170, -10, 180, 10), (-1, -1, 1, 1), (0, 0, 180, 90), (0, 0, 180, 90)]
    assert frame.in_box(lon, lat, each).tolist() == [True, False, True, True, False]


def france(lon: Any, lat: Any) -> frame.Flags:
    return frame.in_box(lon, lat, (-5, 42, 8, 51))


SWAPPED = [
    # latitudes                        longitudes                   known by   whole   rows
    ([48, 43, 50], [2, 5, 3], france, False, ()),
    ([2, 5, 3], [48, 43, 50], france, True, (0, 1, 2)),
    ([2, 43, 50], [48, 5, 3], france, False, (0,)),
    ([48, 43, 10], [2, 5, 60], france, False, ()),  # elsewhere both ways: another fault
    ([-122, 47], [47, -122], None, False, (0,)),  # one row certain, the rest cannot be told
    ([-122, -118, -80, -74], [47, 34, 26, 40], None, True, (0, 1)),
    ([33, 34], [44, 45], None, False, ()),  # both orders lie on the globe: no evidence
    ([400, 33], [44, 400], None, False, ()),  # off the globe both ways
    ([float("nan"), 2, 5], [1, 48, 43], france, True, (1, 2)),
    ([], [], None, False, ()),
]


@pytest.mark.parametrize(("lat", "lon", "inside", "whole", "rows"), SWAPPED)
def test_exchanged_coordinates_are_found(
    lat: list[float], lon: list[float], inside: Any, whole: bool, rows: tuple[int, ...]
) -> None:
    """R36: a whole column, or single rows; never on a guess."""
    found = frame.looks_swapped(lat, lon, inside)
    assert (found.whole, found.rows) == (whole, rows)
    assert ("throughout" in found.sentence) == whole


@SOME
@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=30))
def test_plausible_points_are_never_called_exchanged_on_the_globe_alone(pairs: list[tuple[float, float]]) -> None:
    """R36"""
    found = frame.looks_swapped([lat for lat, _ in pairs], [lon for _, lon in pairs])
    assert (found.whole, found.rows, found.inside_as_given) == (False, (), len(pairs))
