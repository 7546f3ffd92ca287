"""Masked places and random ids: where they may lie, and what averaging and comparing gives an attacker.

Holds R62, R68, R69 and R71.
"""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.disclosure.masking import DECIMALS, LEAST_M, MOST_M, Area, Masker
from casualty.disclosure.naming import Pseudonyms, keyed
from geo.frame import distance_m

SECRET = b"a secret of the house, long enough"
DISTRICT = shapely.box(30.0, 10.0, 30.8, 10.7)
AREA = Area.of("D1", DISTRICT)
SLIVER = Area.of("D2", shapely.box(30.0, 10.0, 30.02, 10.02))


def far(mask_lon: float, mask_lat: float, lon: float, lat: float) -> float:
    return float(distance_m(mask_lon, mask_lat, lon, lat)[0])


INSIDE = st.tuples(st.floats(30.0, 30.8), st.floats(10.0, 10.7))
ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-84, 84))


@settings(deadline=None)
@given(place=INSIDE, number=st.integers(0, 10**6))
def test_a_mask_is_far_enough_and_inside_its_unit(place: tuple[float, float], number: int) -> None:
    """R68, R69: beyond the minimum, within what `uncertainty_m` says, in the polygon, to two decimals; always the same."""
    secret = SECRET + str(number).encode()
    found = Masker(secret).mask(*place, AREA)
    assert found == Masker(secret).mask(*place, AREA)
    if found is not None:
        assert DISTRICT.contains(shapely.Point(found.lon, found.lat))
        assert AREA.least_m <= far(found.lon, found.lat, *place) <= found.radius_m
        assert (round(found.lon, DECIMALS), round(found.lat, DECIMALS)) == (found.lon, found.lat)


@settings(deadline=None)
@given(place=ANYWHERE)
def test_a_mask_where_no_unit_is_held(place: tuple[float, float]) -> None:
    """R68: anywhere on the globe, across the antimeridian too, at least five kilometres away."""
    found = Masker(SECRET).mask(*place, Area.of())
    assert found is not None
    assert -180 <= found.lon <= 180
    assert MOST_M <= far(found.lon, found.lat, *place) <= found.radius_m


def test_most_places_of_a_district_can_be_masked_and_none_of_a_sliver() -> None:
    """R68: where no point of the unit is far enough, no point is shown."""
    rng = np.random.default_rng(7)
    places = rng.uniform((30.0, 10.0), (30.8, 10.7), (400, 2))
    masked = [Masker(SECRET).mask(lon, lat, AREA) for lon, lat in places]
    assert sum(found is not None for found in masked) > 320
    assert Masker(SECRET).mask(30.01, 10.01, SLIVER) is None
    assert AREA.least_m > LEAST_M == SLIVER.least_m


def test_averaging_a_thousand_releases_gives_nothing() -> None:
    """R68: whoever receives them, and however often, all masks of a place are one."""
    places = {(Masker(SECRET).mask(30.4, 10.3, AREA)) for _ in range(1000)}
    (found,) = places
    assert found is not None
    assert far(found.lon, found.lat, 30.4, 10.3) >= AREA.least_m


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), spread=st.sampled_from([0.0, 0.002, 0.01, 0.05]))
def test_averaging_over_neighbours_or_revised_places_gives_nothing(seed: int, spread: float) -> None:
    """R68: the mean of all masks around a village is no nearer to the village, or to their mean, than the minimum."""
    rng = np.random.default_rng(seed)
    village = rng.uniform((30.3, 10.25), (30.5, 10.45))
    places = village + rng.normal(0, spread, (200, 2))
    masker = Masker(SECRET + str(seed).encode())
    masked = [(masker.mask(lon, lat, AREA), (lon, lat)) for lon, lat in places]
    shown = [(found, place) for found, place in masked if found is not None]
    if len(shown) < 20:
        return
    lon, lat = (np.mean([getattr(found, name) for found, _ in shown]) for name in ("lon", "lat"))
    true = np.mean([place for _, place in shown], axis=0)
    assert far(float(lon), float(lat), *map(float, true)) >= AREA.least_m


def test_incidents_of_one_place_share_one_mask() -> None:
    """R68: a metre of difference in the coordinates is no second mask to average with."""
    masker = Masker(SECRET)
    one = {masker.mask(30.4 + n * 1e-5, 10.3 + n * 1e-5, AREA) for n in range(3)}
    assert len(one) == 1
    assert len({masker.mask(lon, 10.3, AREA) for lon in np.linspace(30.2, 30.6, 40)}) > 5


def test_a_mask_never_falls_on_a_true_place() -> None:
    """R68: it must not blame another house."""
    found = Masker(SECRET).mask(30.4, 10.3, AREA)
    assert found is not None
    other = Masker(SECRET, [(found.lon, found.lat), (30.123456, 10.1)]).mask(30.4, 10.3, AREA)
    assert other is not None
    assert (other.lon, other.lat) != (found.lon, found.lat)


def test_another_secret_masks_elsewhere() -> None:
    """R68: without the secret the way back is not known."""
    masks = [Masker(SECRET + bytes([n])).mask(30.4, 10.3, AREA) for n in range(40)]
    shown = [(found.lon, found.lat) for found in masks if found is not None]
    assert len(set(shown)) > len(shown) * 0.8
    directions = {round(math.atan2(lat - 10.3, lon - 30.4)) for lon, lat in shown}
    assert len(directions) >= 5


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_short_secret_is_refused(secret: bytes) -> None:
    """R62, R68: what can be guessed protects nothing."""
    with pytest.raises(ValueError, match="protects nothing"):
        Masker(secret).mask(30.4, 10.3, AREA)
    with pytest.raises(ValueError, match="protects nothing"):
        Pseudonyms(secret, "a").id("incident", "1")


@given(keys=st.lists(st.uuids().map(str), min_size=1, max_size=30, unique=True))
def test_ids_are_stable_for_one_recipient_and_unlike_for_two(keys: list[str]) -> None:
    """R62, R71: a supplementary package names the same ids; two recipients have none in common."""
    first, again, other = (Pseudonyms(SECRET, name) for name in ("A", "A", "B"))
    ids = [first.id("incident", key) for key in keys]
    assert ids == [again.id("incident", key) for key in keys]
    assert len(
        {*ids, *(other.id("incident", key) for key in keys), *(first.id("victim", key) for key in keys)}
    ) == 3 * len(keys)
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in ids)
    assert len({first.code("incident", key) for key in keys}) == len(keys)


def test_parts_of_a_key_do_not_run_together() -> None:
    """R62: a recipient cannot name themselves into the ids of another."""
    assert keyed(SECRET, "ab", "c") != keyed(SECRET, "a", "bc")
