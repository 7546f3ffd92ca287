"""Where a point can be meant: by the country it is said to lie in, or near any land."""

import numpy as np
import pytest

from geo import land
from geo.frame import looks_swapped

PLACES = [
    # longitude, latitude, the country stated, plausible
    (69.2, 34.5, "Afghanistan", True), (34.5, 69.2, "Afghanistan", False), (69.2, 34.5, "Syria", False),
    (38.0, 35.0, "Syrian Arab Republic", True), (-4.0, 5.3, "Ivory Coast", True), (-4.0, 5.3, "Côte d'Ivoire", True),
    (15.3, -4.3, "DR Congo (Zaire)", True), (15.3, -4.3, "Democratic Republic of the Congo", True),
    (17.8, 43.3, "Bosnia-Herzegovina", True), (17.8, 43.3, "Bosnia and Herzegovina", True), (31.6, 4.8, "South Sudan", True),
    (-97.0, 38.0, "USA", True), (38.0, -97.0, "USA", False), (179.9, -16.6, "Fiji", True), (-179.9, -16.6, "Fiji", True),
    (12.5, 35.5, None, True), (-40.0, 30.0, None, False), (15.0, -74.0, None, False), (15.0, 47.0, "Ruritania", True),
]  # fmt: skip


@pytest.mark.parametrize(("lon", "lat", "country", "plausible"), PLACES)
def test_a_point_is_plausible_or_not(lon: float, lat: float, country: str | None, plausible: bool) -> None:
    """R36: near its country, under any usual name; without one near any land but Antarctica."""
    assert land.plausible(lon, lat, [country]).tolist() == [plausible]


def test_known_countries() -> None:
    """R36: a name that is not known is no evidence."""
    assert land.known(["Syria", "Ruritania", "", None, "Myanmar (Burma)"]).tolist() == [True, False, False, False, True]
    assert land.known([]).tolist() == []


def test_many_points_at_once_are_each_alone() -> None:
    """R36: an array answers as its points do, one by one."""
    lon, lat, countries, expected = (list(part) for part in zip(*PLACES, strict=True))
    assert land.plausible(lon, lat, countries).tolist() == expected


def test_seas_are_not_taken_for_exchanged_land() -> None:
    """R36: points all over the Mediterranean, which exchanged lie on the land of Africa and Arabia."""
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(32, 37, 300), rng.uniform(12, 30, 300)
    assert not looks_swapped(lat, lon, land.plausible).whole
    lat, lon = rng.uniform(34, 36, 300), rng.uniform(62, 70, 300)
    assert looks_swapped(lon, lat, lambda x, y: land.plausible(x, y, ["Afghanistan"] * len(x))).whole


def test_the_outlines_are_small_and_whole() -> None:
    """R36: small enough to travel with the program; no antarctic land."""
    from importlib.resources import files

    text = files("geo").joinpath("land.geojson").read_text(encoding="utf-8")
    assert len(text.encode()) < 150_000
    places, shapes = land._outlines()
    assert len(shapes) == 176
    assert shapes[-1].bounds[1] > -60
    assert set(places.values()) == set(range(175))
    assert all(other.split("; ")[0] in places for name, other in land.ALSO.items() if name in places)
    assert land.ALSO.keys() <= places.keys()
