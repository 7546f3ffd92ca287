"""Where a point can be meant, by its country or near any land; and the land and borders that every map begins with."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from app.outline import territory
from casualty.schema import AdminUnitFields
from casualty.store import Store
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


STATIC = Path(__file__).parent.parent / "app/static"


def outlines(name: str) -> dict[str, Any]:
    """The lines of a file of outlines by kind, and the land as one shape; degrees."""
    held = json.loads((STATIC / f"{name}.json").read_text(encoding="utf-8"))

    def corners(steps: list[int]) -> Any:
        return np.cumsum(np.reshape(steps, (-1, 2)), axis=0) / held["scale"]

    polygons = [[corners(ring) for ring in rings] for rings in held.get("land", [])]
    land = shapely.MultiPolygon([shapely.Polygon(outer, holes) for outer, *holes in polygons])
    kinds = {kind: lines for kind, lines in held.items() if kind not in ("scale", "land")}
    return {"land": land} | {
        kind: shapely.MultiLineString([corners(s) for s in lines]) for kind, lines in kinds.items()
    }


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    """All that the maps begin with."""
    return outlines("provinces") | outlines("world")


def test_the_maps_ground_is_small() -> None:
    """R73: land and borders come at once, provinces only when a map is close."""
    packed = {name: len(gzip.compress((STATIC / f"{name}.json").read_bytes())) for name in ("world", "provinces")}
    assert packed["world"] <= 120_000
    assert packed["provinces"] <= 450_000


def test_no_edge_of_the_ground_jumps_over_the_world(world: dict[str, Any]) -> None:
    """R73: cut at the antimeridian, within the world, valid, and whole continents among it."""
    for kind, shape in world.items():
        west, south, east, north = shape.bounds
        assert (west >= -180, south >= -90, east <= 180, north <= 90) == (True,) * 4, kind
        for part in shapely.get_parts(shape):
            for line in (part.exterior, *part.interiors) if kind == "land" else (part,):
                lon = shapely.get_coordinates(line)[:, 0]
                assert np.abs(np.diff(lon)).max() <= 90, kind
    land = world["land"]
    assert land.is_valid
    assert land.bounds[0] == -180
    assert land.bounds[2] == 180
    inside = [(36.3, 33.5), (20, 10), (-60, -10), (-100, 45), (134, -25), (178.0, -17.8), (-179.9, 68.8), (179.9, 68.8)]
    assert shapely.contains(land, shapely.points(inside)).all()
    assert not shapely.contains(land, shapely.points([(-30, 30), (50.5, 42), (80, -20), (-150, 0)])).any()


# A place on each line that is not agreed on (longitude, latitude), and on borders that are.
CONTESTED = {
    "Line of Control": (74.3, 34.75), "Aksai Chin": (78.9, 34.4), "Arunachal": (94.0, 29.1), "Golan": (35.87, 33.0),
    "West Bank": (34.99, 31.9), "Gaza": (34.45, 31.45), "Western Sahara": (-10.0, 27.67), "Kosovo": (21.2, 42.9),
    "Crimea": (33.7, 46.2), "Donbas": (38.3, 48.6), "Transnistria": (29.2, 47.3), "Abkhazia": (41.8, 42.7), "Korea": (127.2, 38.3),
    "Cyprus": (33.3, 35.15), "Abyei": (28.4, 9.9), "Hala'ib": (35.0, 22.0), "Essequibo": (-60.7, 5.2), "Somaliland": (48.6, 9.5),
}  # fmt: skip
AGREED = {
    "Syria-Iraq": (41.3, 34.4),
    "France-Spain": (0.7, 42.7),
    "Chad-Sudan": (22.0, 13.0),
    "Afghanistan-Iran": (60.8, 33.5),
}


def test_what_is_disputed_is_drawn_as_disputed(world: dict[str, Any]) -> None:
    """R73: each known one has its line, and borders that are agreed on do not."""
    away = {name: world["disputed"].distance(shapely.Point(at)) for name, at in CONTESTED.items()}
    assert {name: round(gap, 2) for name, gap in away.items() if gap > 0.35} == {}
    assert [name for name, at in AGREED.items() if world["border"].distance(shapely.Point(at)) > 0.35] == []
    assert [name for name, at in AGREED.items() if world["disputed"].distance(shapely.Point(at)) < 1] == []


def test_no_disputed_line_is_also_a_plain_one(world: dict[str, Any]) -> None:
    """R73: not the same, and not beside each other either: a plain line in the gaps would make the dashes whole."""
    for kind in ("border", "province"):
        assert shapely.intersection(world[kind], world["disputed"]).length == 0
        near = shapely.buffer(world["disputed"], 0.02)
        shapely.prepare(near)
        edges = [pair for line in world[kind].geoms for pair in pairwise(line.coords)]
        hidden = shapely.covers(near, shapely.linestrings(np.array(edges)))
        assert not hidden.any(), [edge for edge, bad in zip(edges, hidden, strict=True) if bad][:5]


def test_the_units_are_sent_with_what_they_are_part_of(sqlite_store: Store) -> None:
    """R73: each unit with its parent, and another tag as soon as a unit comes in."""
    by = sqlite_store.local("tester")
    square = json.dumps({"type": "MultiPolygon", "coordinates": [[[[36, 33], [37, 33], [37, 34], [36, 33]]]]})
    unit = {"boundary_set": "test-1", "name": "Seven", "geometry": square}
    sqlite_store.record("admin_unit", AdminUnitFields(pcode="07", level=1, **unit), by)
    first = territory(sqlite_store)
    assert territory(sqlite_store) is first
    sqlite_store.record("admin_unit", AdminUnitFields(pcode="0701", level=2, parent_pcode="07", **unit), by)
    second = territory(sqlite_store)
    told = {one["properties"]["pcode"]: one["properties"]["parent"] for one in json.loads(second.body)["features"]}
    assert told == {"07": None, "0701": "07"}
    assert first.tag != second.tag
