"""Administrative units: read from boundary files, and asked which points lie in them.

Holds R34 (codes are strings, names as reported kept), R35 (a point against its stated unit) and R36 (the reference
system explicit, longitude first, exchanged coordinates found) on real boundaries and real points.
"""

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import frame
from geo.places import Locator, Unit, UnitSet, read_units, unit

SOME = settings(deadline=None, max_examples=60)


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    shape = {"type": kind, "coordinates": coordinates} if coordinates else None
    return {"type": "Feature", "properties": properties, "geometry": shape}


def geojson(*features: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


def told(units: UnitSet) -> list[tuple[object, ...]]:
    return [(unit.code, unit.name, unit.level, unit.parent) for unit in units.units]


def faults(units: UnitSet) -> str:
    return " | ".join(f"{p.feature} {p.field}: {p.fault}{' REFUSED' if p.refused else ''}" for p in units.problems)


ONE = box(1, 1, 2, 2)
COLUMN_NAMES = [
    # the file's columns                                                          code    name        level parent
    ({"ADM1_PCODE": "X01", "ADM1_EN": "North", "ADM0_PCODE": "X"}, ("X01", "North", 1, "X")),
    ({"adm2_pcode": "X0101", "adm2_name": "Old", "adm1_pcode": "X01", "adm0_pcode": "X"}, ("X0101", "Old", 2, "X01")),
    ({"admin1Pcode": "X01", "admin1Name_en": "North", "admin0Pcode": "X"}, ("X01", "North", 1, "X")),
    ({"ADM3_PCODE": "007", "ADM3_FR": "Nord", "ADM2_PCODE": "07", "ADM0_PCODE": "X"}, ("007", "Nord", 3, "07")),
    ({"GID_0": "XXX", "GID_1": "XXX.1_1", "NAME_1": "North"}, ("XXX.1_1", "North", 1, "XXX")),
    ({"pcode": "01", "name": "North", "level": 2, "parent": "0"}, ("01", "North", 2, "0")),
    ({"Code": " 01 ", "Name": " North ", "Level": "ADM1"}, ("01", "North", 1, None)),
    ({"shapeID": "9", "shapeName": "North", "shapeType": "ADM2"}, ("9", "North", 2, None)),
    ({"fips": "01001", "name": "North"}, ("01001", "North", 1, None)),
    ({"code": 7.0, "name": "North"}, ("7", "North", 1, None)),
]


@pytest.mark.parametrize(("properties", "expected"), COLUMN_NAMES)
def test_columns_are_found_by_their_usual_names(properties: dict[str, Any], expected: tuple[object, ...]) -> None:
    """R34: codes stay strings, leading zeros and all, whatever the file calls its columns."""
    assert told(read_units(geojson(feature(ONE, **properties)))) == [expected]


def test_the_local_name_and_the_columns_read_are_told() -> None:
    """R34: the name as the file reports it, in its own script."""
    data = geojson(feature(ONE, ADM1_PCODE="X01", ADM1_EN="North", ADM1_AR="الشمال", ADM0_PCODE="X"), name="regions")
    read = read_units(data)
    assert read.units[0].name_local == "الشمال"
    assert read.read_as["regions"] == {
        "code": "ADM1_PCODE",
        "name": "ADM1_EN",
        "name_local": "ADM1_AR",
        "parent": "ADM0_PCODE",
        "level": "1 (from ADM1_PCODE)",
    }


def test_columns_can_be_overruled_and_a_level_given() -> None:
    """R34"""
    data = geojson(feature(ONE, pcode="wrong", key="01", called="North"))
    read = read_units(data, columns={"code": "KEY", "name": "called"}, level=3)
    assert told(read) == [("01", "North", 3, None)]


FAULTY = [
    # features                                                                                    what is told
    ([feature(ONE, pcode="1", name="a"), feature(ONE, pcode=None, name="b")], "2 pcode: the unit has no code. REFUSED"),
    ([feature(ONE, pcode="1", name="a"), feature(ONE, pcode="1", name="b")], "2 pcode: 1 stands for another"),
    ([feature(ONE, pcode="1", name="a", level="nine")], "1 level: the level is nine. REFUSED"),
    ([feature(ONE, pcode="1", name="a", level=9)], "1 level: the level is 9. REFUSED"),
    ([feature(ONE, pcode="1", name=" ")], "1 name: 1 has no name; its code stands for it."),
    ([feature(None, pcode="1", name="a"), feature(ONE, pcode="2", name="b")], "1 geometry: 1 has no area"),
    ([feature(ONE, pcode=1, name="a")], "0 pcode: codes are numbers"),
    ([feature(ONE, title="a")], "no column of codes was found"),
    ([feature([1, 1], "Point", pcode="1")], "not areas"),
    ([feature(box(1, 1, 1, 1), pcode="1", name="a")], "1 geometry: 1 has no area"),
    ([feature(box(500_000, 4_000_000, 500_100, 4_000_100), pcode="1", name="a")], "are not degrees"),
    ([], "the file holds no unit. REFUSED"),
]


@pytest.mark.parametrize(("features", "expected"), FAULTY)
def test_each_fault_is_told_in_words(features: list[dict[str, Any]], expected: str) -> None:
    """R34, R36: nothing is dropped in silence."""
    assert expected in faults(read_units(geojson(*features)))


def test_only_what_has_no_code_is_refused() -> None:
    """R34: a unit without a drawing is still known by its code."""
    read = read_units(geojson(feature(None, pcode="2", name="b"), feature(ONE, name="c"), feature(ONE, pcode="1")))
    assert [unit.code for unit in read.units] == ["2", "1"]
    assert [problem.feature for problem in read.refused] == [2]
    assert read.units[0].geojson is None
    assert read.units[0].lon is None


UNREADABLE = [
    (b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>", "neither GeoJSON, TopoJSON nor GeoPackage"),
    (b"code,name\n1,a\n", "neither GeoJSON, TopoJSON nor GeoPackage"),
    (b"", "neither GeoJSON, TopoJSON nor GeoPackage"),
    (b'{"type": "FeatureCollection", "features": [', "cannot be read"),
    (b'{"a": 1}', "cannot be read"),
    (b"SQLite format 3\0" + bytes(500), "cannot be read"),
]


@pytest.mark.parametrize(("data", "expected"), UNREADABLE)
def test_an_unreadable_file_is_told_and_not_raised(data: bytes, expected: str) -> None:
    """R34: and a form that could point to other files or hosts is never opened (R73)."""
    read = read_units(data)
    assert not read.units
    assert expected in faults(read)
    assert read.refused


def test_the_readers_own_remarks_are_passed_on() -> None:
    """R34"""
    data = json.loads(geojson(feature(ONE, pcode="1", name="a"), feature(ONE, pcode="2", name="b")))
    data["features"][0]["id"] = data["features"][1]["id"] = 7
    assert "while reading: Several features with id = 7" in faults(read_units(json.dumps(data).encode()))


def test_a_missing_file_and_an_unknown_reference_system_are_told(tmp_path: Path) -> None:
    """R36"""
    assert "cannot be opened" in faults(read_units(tmp_path / "none.json"))
    assert "cannot be read" in faults(read_units(TOPOLOGY, crs="EPSG:nonsense"))


def test_latitude_first_is_named_as_such() -> None:
    """R36: GeoJSON is longitude first; a file the other way round is told so where the globe shows it."""
    data = geojson(feature([[[-40, 100.0], [-40, 101.0], [-41, 101.0], [-40, 100.0]]], pcode="1", name="a"))
    assert "because their coordinates are latitude first: 1. REFUSED" in faults(read_units(data))


TOPOLOGY = json.dumps(
    {
        "type": "Topology",
        "arcs": [[[1, 1], [0, 1], [0, 0], [1, 0]], [[1, 0], [1, 1]], [[1, 0], [2, 0], [2, 1], [1, 1]]],
        "objects": {
            "districts": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "id": "001", "properties": {"name": "West"}, "arcs": [[0, 1]]},
                    {"type": "Polygon", "id": "002", "properties": {"name": "East"}, "arcs": [[2, -2]]},
                ],
            },
            "regions": {
                "type": "GeometryCollection",
                "geometries": [{"type": "Polygon", "id": "01", "properties": {"name": "All"}, "arcs": [[0, 2]]}],
            },
        },
    }
).encode()


def test_a_topojson_of_two_layers_gives_levels_and_parents() -> None:
    """R34: ids with leading zeros are the codes; the layer of fewer units lies above."""
    read = read_units(TOPOLOGY)
    assert told(read) == [("001", "West", 1, "01"), ("002", "East", 1, "01"), ("01", "All", 0, None)]
    assert read.problems == ()


def packed(folder: Path, crs: int, name: str = "units.gpkg", **layers: list[tuple[str, Any]]) -> Path:
    from geopandas import GeoDataFrame

    for layer, rows in layers.items():
        data = {"pcode": [code for code, _ in rows], "name": [code for code, _ in rows]}
        table = GeoDataFrame(data, geometry=[shape for _, shape in rows], crs=4326).to_crs(crs)
        table.to_file(folder / name, layer=layer, driver="GPKG")
    return folder / name


def test_a_geopackage_is_reprojected_and_its_layers_names_give_levels(tmp_path: Path) -> None:
    """R36: any stated reference system becomes WGS 84."""
    west, east = shapely.box(10, 50, 11, 51), shapely.box(11, 50, 12, 51)
    file = packed(tmp_path, 3857, admin2=[("0101", west), ("0102", east)], admin1=[("01", shapely.box(10, 50, 12, 51))])
    for source in (file, file.read_bytes()):
        read = read_units(source)
        assert told(read) == [("0101", "0101", 2, "01"), ("0102", "0102", 2, "01"), ("01", "01", 1, None)]
        assert shapely.equals_exact(read.units[0].geometry.geoms[0].normalize(), west.normalize(), tolerance=1e-9)


def test_a_stated_reference_system_is_used_where_the_file_has_none() -> None:
    """R36"""
    topology = json.loads(TOPOLOGY)
    topology["arcs"] = [[[x * 111_319.49079327, y * 110_000] for x, y in arc] for arc in topology["arcs"]]
    data = json.dumps(topology).encode()
    assert "are not degrees" in faults(read_units(data))
    west = read_units(data, crs="EPSG:3857").units[0]
    assert west.geometry.bounds[2] == pytest.approx(1.0)


def test_a_bow_tie_is_repaired_to_areas_only() -> None:
    """R36: lines left over by a repair are dropped, and it is told."""
    tie = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]
    spike = [[[4, 4], [5, 4], [5, 5], [5, 9], [5, 5], [4, 5], [4, 4]]]
    read = read_units(geojson(feature(tie, pcode="1", name="a"), feature(spike, pcode="2", name="b")))
    assert [unit.geometry.area for unit in read.units] == pytest.approx([0.5, 1.0])
    assert {unit.geometry.geom_type for unit in read.units} == {"MultiPolygon"}
    assert "cross or touch themselves: 2." in faults(read)


def test_parts_of_a_unit_that_overlap_are_joined() -> None:
    """R36: the overlap is neither lost nor counted twice."""
    read = read_units(geojson(feature([box(0, 0, 2, 2), box(1, 1, 3, 3)], "MultiPolygon", pcode="1", name="a")))
    assert read.units[0].geometry.area == pytest.approx(7.0)


def test_a_representative_point_lies_inside_its_unit() -> None:
    """R35: also where the middle of the box does not."""
    hook = shapely.box(0, 0, 10, 10).difference(shapely.box(1, 1, 10, 10))
    made = unit("1", "Hook", 1, None, shapely.to_geojson(hook))
    assert hook.contains(shapely.Point(made.lon, made.lat))
    assert json.loads(str(made.geojson))["type"] == "MultiPolygon"


def square(code: str, level: int, west: float, south: float, size: float, parent: str | None = None) -> Unit:
    return unit(code, code, level, parent, shapely.to_geojson(shapely.box(west, south, west + size, south + size)))


@st.composite
def squares(draw: st.DrawFn) -> list[Unit]:
    """Units of three levels on a coarse grid, overlapping and touching as they like."""
    sides = draw(st.lists(st.tuples(st.integers(0, 2), *[st.integers(0, 8)] * 2, st.integers(1, 4)), max_size=12))
    return [square(f"{i:02}", level, west, south, size) for i, (level, west, south, size) in enumerate(sides)]


def held_by(units: list[Unit], x: float, y: float) -> Iterator[tuple[int, str]]:
    for one in units:
        west, south, east, north = one.geometry.bounds
        if west <= x <= east and south <= y <= north:
            yield -one.level, one.code


@SOME
@given(squares(), st.lists(st.tuples(*[st.integers(-2, 26)] * 2), max_size=20), st.randoms())
def test_the_locator_agrees_with_plain_comparison(units: list[Unit], halves: list[tuple[int, int]], rng: Any) -> None:
    """R35: points on borders too, in whatever order the units come."""
    lon, lat = [x / 2 for x, _ in halves], [y / 2 for _, y in halves]
    expected = [min(held_by(units, x, y), default=(0, None))[1] for x, y in zip(lon, lat, strict=True)]
    shuffled = rng.sample(units, len(units))
    assert Locator(shuffled).locate(lon, lat).tolist() == expected


COUNTRY = [
    square("X", 0, 0, 0, 4),
    square("X1", 1, 0, 0, 2, "X"),
    square("X2", 1, 2, 0, 2, "X"),
    square("X11", 2, 0, 0, 1, "X1"),
    square("X21", 2, 2, 0, 1, "X2"),
    square("Y31", 2, 8, 0, 1, "Y3"),
    Unit("X19", "Not drawn", 2, "X1"),
]
ASKED = [
    # point           level  code    why
    ((0.5, 0.5), None, "X11"),  # the finest
    ((1.5, 0.5), None, "X1"),  # no district there
    ((0.5, 0.5), 1, "X1"),
    ((0.5, 0.5), 0, "X"),
    ((1.5, 0.5), 2, None),  # a region is no district
    ((2.0, 0.5), 2, "X21"),
    ((2.0, 1.5), 1, "X1"),  # on the border of both: the first in the alphabet
    ((1.0, 0.5), None, "X11"),  # on the border of a district and in a region: the district
    ((8.5, 0.5), 1, "Y3"),  # the parent is named only
    ((8.5, 0.5), 0, None),
    ((9.5, 0.5), None, None),
    ((float("nan"), 0.5), None, None),
    ((0.5, 400.0), None, None),
]


@pytest.mark.parametrize(("point", "level", "code"), ASKED)
def test_points_are_answered_at_the_level_asked(point: tuple[float, float], level: int | None, code: str) -> None:
    """R35: figures of finer units add up to those above."""
    assert Locator(COUNTRY).locate([point[0]], [point[1]], level).tolist() == [code]


ANCESTORS = [
    ("X11", 2, "X11"),
    ("X11", 1, "X1"),
    ("X11", 0, "X"),
    ("X19", 0, "X"),
    ("X1", 2, None),
    ("Y31", 1, "Y3"),
    ("Y31", 0, None),
    ("no such", 1, None),
]


@pytest.mark.parametrize(("code", "level", "expected"), ANCESTORS)
def test_ancestors_follow_the_stated_parents(code: str, level: int, expected: str | None) -> None:
    """R34"""
    assert Locator(COUNTRY).ancestor(code, level) == expected


def test_parents_that_go_in_a_circle_end() -> None:
    """R34"""
    around = Locator([square("A", 2, 0, 0, 1, "B"), square("B", 2, 2, 0, 1, "A")])
    assert [around.ancestor("A", level) for level in (0, 1, 2)] == [None, None, "A"]


def test_no_unit_holds_nothing() -> None:
    """R35"""
    assert Locator([]).locate([1.0], [1.0]).tolist() == [None]
    assert Locator(COUNTRY).locate([], []).tolist() == []


def test_a_point_is_checked_against_the_unit_it_is_said_to_lie_in() -> None:
    """R35: and how far off it is, for the reason that must then be given."""
    where = Locator(COUNTRY)
    lies = where.lies_in([0.5, 0.5, 2.0, 0.5, 0.5], [0.5] * 5, ["X11", "X21", "X21", "X19", None])
    assert lies.tolist() == [True, False, True, False, False]
    assert where.off_by_m(0.5, 0.5, "X11") == 0.0
    assert where.off_by_m(0.5, -0.01, "X11") == pytest.approx(1105.7, abs=0.1)


@SOME
@given(st.floats(-3, 7), st.floats(-3, 7))
def test_how_far_off_agrees_with_walking_along_the_border(lon: float, lat: float) -> None:
    """R35, R36: brute force, geodesic to 4,001 points of the border."""
    border = shapely.get_coordinates(shapely.segmentize(COUNTRY[0].geometry.boundary, 0.004))
    nearest = frame.distance_m(lon, lat, *border.T).min()
    off = Locator(COUNTRY[:1]).off_by_m(lon, lat, "X")
    inside = 0 <= lon <= 4 and 0 <= lat <= 4
    assert off == (0.0 if inside else pytest.approx(nearest, rel=2e-3, abs=250))


@cache
def boundaries(folder: Path, name: str) -> UnitSet:
    return read_units(folder / "data/us_denominators_and_boundaries" / name)


@pytest.fixture
def counties(shared: Path) -> UnitSet:
    return boundaries(shared, "counties-10m.json")


@pytest.fixture
def states(shared: Path) -> UnitSet:
    return boundaries(shared, "states-10m.json")


@cache
def stated(shared: Path) -> tuple[list[float], list[float], list[str]]:
    """Points of a real list with the state each is said to lie in, as a FIPS code of the units read."""
    folder = shared / "data/us_denominators_and_boundaries"
    codes = {unit.name: unit.code for unit in boundaries(shared, "states-10m.json").units}
    with (folder / "pop_race_2019.csv").open(encoding="utf-8") as file:
        fips = {row["state"]: codes[row["state_name"]] for row in csv.DictReader(file)}
    with (shared / "data/us_police_killings/wapo_fatal-police-shootings-data.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["longitude"]]
    lon, lat = ([float(row[key]) for row in rows] for key in ("longitude", "latitude"))
    return lon, lat, [fips[row["state"]] for row in rows]


def test_real_counties_keep_their_codes_and_find_their_states(counties: UnitSet) -> None:
    """R34: five-digit codes with leading zeros; the state found by place is the one the code begins with."""
    fine = [unit for unit in counties.units if unit.level == 2]
    assert (len(fine), len(counties.units)) == (3231, 3231 + 56)
    assert {len(unit.code) for unit in fine} == {5}
    assert "01001" in {unit.code for unit in fine}
    assert all(unit.parent == unit.code[:2] for unit in fine if unit.geometry)
    assert [unit.code for unit in fine if not unit.geometry] == ["51610"]
    assert all(unit.geometry.is_valid for unit in counties.units if unit.geometry)
    assert "cross or touch themselves: 22." in faults(counties)
    assert not counties.refused


def test_real_points_lie_in_their_stated_states(shared: Path, states: UnitSet) -> None:
    """R35: 5,899 of 5,941, and 7 in no state, as computed elsewhere from the same files."""
    lon, lat, said = stated(shared)
    where = Locator(states.units)
    found = where.locate(lon, lat)
    assert len(lon) == 5941
    assert int((found == np.array(said, dtype=object)).sum()) == 5899
    assert [code for code in found if code is None] == [None] * 7
    assert int(where.lies_in(lon, lat, said).sum()) == 5899


def test_real_points_exchanged_are_found_by_state_and_by_the_globe(shared: Path, states: UnitSet) -> None:
    """R36"""
    lon, lat, said = stated(shared)
    where = Locator(states.units)

    def inside(x: Any, y: Any) -> frame.Flags:
        return where.lies_in(x, y, said)

    right, wrong = frame.looks_swapped(lat, lon, inside), frame.looks_swapped(lon, lat, inside)
    assert (right.whole, right.rows, right.inside_as_given) == (False, (), 5899)
    certain = inside(lon, lat) | (np.array(lon) < -90)
    assert (wrong.whole, wrong.inside_exchanged, wrong.inside_as_given) == (True, 5899, 0)
    assert wrong.rows == tuple(np.flatnonzero(certain).tolist())
    assert frame.looks_swapped(lon, lat).whole


def test_real_points_agree_county_by_county_with_brute_force(shared: Path, counties: UnitSet) -> None:
    """R35: every tenth point against every county, one by one."""
    lon, lat, _ = stated(shared)
    lon, lat = lon[::10], lat[::10]
    clever = Locator(counties.units).locate(lon, lat, 2).tolist()
    fine = sorted((unit for unit in counties.units if unit.level == 2 and unit.geometry), key=lambda unit: unit.code)
    holds = np.array([shapely.intersects_xy(unit.geometry, lon, lat) for unit in fine])
    assert clever == [fine[column.argmax()].code if column.any() else None for column in holds.T]
