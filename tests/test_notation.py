"""Coordinates in text: what is written is read again, and whatever is typed, only NotUnderstood is raised."""

import math
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.frame import distance_m
from geo.notation import NotUnderstood, Point, read, write

LAT = st.floats(-90, 90)
LON = st.floats(-180, 180)
DIGITS = {"arabic": "٠١٢٣٤٥٦٧٨٩", "persian": "۰۱۲۳۴۵۶۷۸۹", "fullwidth": "０１２３４５６７８９", "nagari": "०१२३४५६७८९"}


def understood(text: str) -> Point:
    """The point that is read, or the only one that is offered."""
    try:
        return read(text)
    except NotUnderstood as question:
        (reading,) = question.readings
        return reading


def apart(point: Point, lat: float, lon: float) -> float:
    return float(distance_m(point.lon, point.lat, lon, lat)[0])


@given(LAT, LON, st.sampled_from(["decimal", "DMS", "MGRS"]))
@example(84.0, 180.0, "MGRS")
@example(-80.0, -180.0, "MGRS")
@example(90.0, 0.0, "MGRS")
@example(59.99999999, 179.9999999999, "DMS")
@example(0.0, 0.0, "decimal")
def test_what_is_written_is_read_within_its_metres(
    lat: float, lon: float, notation: Literal["decimal", "DMS", "MGRS"]
) -> None:
    """R33, R36"""
    point = understood(write(lat, lon, notation))
    assert apart(point, lat, lon) <= point.metres + 0.01
    assert point.metres < 3
    assert point.notation == notation


@given(
    LAT, LON, st.integers(0, 4), st.sampled_from(["{}, {}", "{} {}", "{};{}", "({}, {})", "geo:{},{}", "lat {} lon {}"])
)
def test_fewer_digits_make_a_wider_circle(lat: float, lon: float, decimals: int, form: str) -> None:
    """R33: the circle of what was written holds all that could have been rounded to it."""
    point = understood(form.format(f"{lat:.{decimals}f}", f"{lon:.{decimals}f}"))
    assert apart(point, lat, lon) <= point.metres + 0.01
    assert 0.25 < point.metres / 10**-decimals / 111_000 < 0.75


@given(LAT, LON, st.sampled_from(sorted(DIGITS)))
def test_digits_of_any_script_are_digits(lat: float, lon: float, script: str) -> None:
    """R36"""
    text = write(lat, lon, "DMS")
    assert understood(text.translate(str.maketrans("0123456789", DIGITS[script]))) == understood(text)


@given(LAT.filter(lambda x: abs(x) > 0.01), LON)
def test_marks_of_direction_and_links_change_nothing(lat: float, lon: float) -> None:
    """R36"""
    text = write(lat, lon, "decimal")
    assert read("\u200f\u202b" + text.replace(", ", "\u200e،\u00a0") + "\u202c") == read(text)
    linked = read("https://maps.example.org/?q=" + quote(text.replace(" ", "")))
    assert (linked.lat, linked.lon, linked.metres) == (read(text).lat, read(text).lon, read(text).metres)


@given(st.sampled_from(range(6)), LAT.filter(lambda x: abs(x) < 80), LON)
def test_a_square_of_the_grid_holds_the_point_it_was_made_of(half: int, lat: float, lon: float) -> None:
    """R33: squares are cut off, not rounded, so that the circle must hold all of them."""
    zone, square, east, north = write(lat, lon, "MGRS").split()
    point = read(f"{zone} {square} {east[:half]} {north[:half]}")
    assert point.metres == pytest.approx(max(1.5, 10 ** (5 - half) * math.hypot(0.5, 0.5)), abs=1.1)
    assert apart(point, lat, lon) <= point.metres * 1.002 + 1


PIECES = st.sampled_from(
    [*"0123456789.,;:°'\"NSEWO-+/ ()", "33", "36.29", "0.0", "９", "٣", "٫", "،", "\u200f", "nan", "inf", "1e309", "9" * 400,
     "37S", "BT", "37SBT", "248272", "3711116", "شمال", "с.ш.", "d", "m", "s", "lat", "lon", "geo:", "https://", "?q=",
     "&ll=", "@", "!3d", "!4d", "#map=1/", "%2C", "%ff", ";u=", "UTM", "8FVC9G8F+6X", "\x00", "\ud800", "²", "½", "Ⅷ"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60))
@example("9" * 5000 + ", 1")
@example("0." + "0" * 390 + "1, 1")
@example("https://[/?q=1,2")
@example("60X 999999 10000000")
@example("01C 100000 0")
@example("١" * 30)
def test_whatever_is_typed_is_read_or_questioned(text: str) -> None:
    """R36: a point on the globe, or a question whose readings are such points; never another error."""
    try:
        points: tuple[Point, ...] = (read(text),)
    except NotUnderstood as question:
        points = question.readings
    for point in points:
        assert abs(point.lat) <= 90
        assert abs(point.lon) <= 180
        assert 0 <= point.metres < math.inf


def test_what_is_off_the_globe_is_not_written() -> None:
    """R36"""
    for lat, lon in ((91.0, 0.0), (0.0, 181.0), (math.nan, 0.0)):
        with pytest.raises(ValueError, match="not on the globe"):
            write(lat, lon, "decimal")
