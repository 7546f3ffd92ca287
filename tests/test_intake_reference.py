"""Reference data: population, groups, actors and units, each known by its natural key, and a person's word kept."""

import json
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely
import sqlalchemy as sa
from taking import column, figures, file, take

from casualty import intake
from casualty.access import Acting
from casualty.errors import UsageFault
from casualty.intake import mapping as mappings
from casualty.schema import ActorFields, DimensionFields, table
from casualty.store import Store
from casualty.vocabulary import ActorKind, DimensionState, IntakeFormat

LONG = 'area,race,year,population,source\nU1,Blue,2019,"1,234",Census\nU1,Green,2019,100.5,Census\nU1,Total,2019,1334.5,Census\n'


def population(store: Store) -> list[tuple[Any, ...]]:
    query = (
        "SELECT p.area, g.label, p.year, p.number, p.source FROM population p LEFT JOIN identity_group g ON g.id = p.group_id"
        " WHERE p.withdrawn_at IS NULL ORDER BY 1, 2 NULLS LAST, 4"
    )
    return [tuple(row) for row in store.rows(sa.text(query))]


def test_population_one_figure_a_row(store: Store, tmp_path: Path) -> None:
    """R27: group, area, year, number, source; a total is everybody, not a group."""
    assert figures(take(store, tmp_path, LONG)) == (3, 0, 0, 0, 0)
    assert population(store) == [
        ("U1", "Blue", 2019, 1234.0, "Census"), ("U1", "Green", 2019, 100.5, "Census"), ("U1", None, 2019, 1334.5, "Census"),
    ]  # fmt: skip
    assert column(store, "SELECT code FROM dimension") == ["race"]
    assert figures(take(store, tmp_path, LONG)) == (0, 0, 3, 0, 0)


def test_a_newer_population_amends_only_what_it_changed(store: Store, tmp_path: Path) -> None:
    """R94: another file with the same figures changes nothing, not even where they came from first."""
    take(store, tmp_path, LONG)
    newer = LONG.replace("100.5", "101").replace("U1,Total,2019,1334.5,Census\n", "U2,Blue,2019,5,Census\n")
    assert figures(take(store, tmp_path, newer)) == (1, 1, 1, 0, 1)
    assert figures(take(store, tmp_path, newer, complete=True)) == (0, 0, 3, 0, 1)
    assert [row[:2] for row in population(store)] == [("U1", "Blue"), ("U1", "Green"), ("U2", "Blue")]
    assert figures(take(store, tmp_path, LONG, complete=True)) == (0, 2, 1, 0, 1)


def test_population_with_a_column_for_each_group(store: Store, tmp_path: Path) -> None:
    """R27: each figure is read as one; a share is no figure of people."""
    text = "\ufeffstate;total;perctotal;blue;percblue;green\nAL;4874747;1;1000;0.5;200\nAK;739795;1;51;0.1;3\n"
    written = intake.propose(file(tmp_path, text), format=IntakeFormat.POPULATION)
    assert "No column states the year" in written
    mapping = mappings.parse(
        written.replace('year = ""', 'year = "2017"').replace('dimension = "group"', 'dimension = "race"')
    )
    assert mapping.wide == {"total": "", "blue": "blue", "green": "green"}
    assert figures(take(store, tmp_path, text, mapping=mapping)) == (6, 0, 0, 0, 0)
    assert [row[:4] for row in population(store)] == [
        ("AK", "blue", 2017, 51.0), ("AK", "green", 2017, 3.0), ("AK", None, 2017, 739795.0),
        ("AL", "blue", 2017, 1000.0), ("AL", "green", 2017, 200.0), ("AL", None, 2017, 4874747.0),
    ]  # fmt: skip


def test_figures_of_one_group_in_parts_are_kept_apart(store: Store, tmp_path: Path) -> None:
    """R27: a group counted in two parts is two figures, also the second time."""
    text = "area,race,hispanic,year,population\nU1,Blue,yes,2019,10\nU1,Blue,no,2019,20\n"
    assert figures(take(store, tmp_path, text)) == (2, 0, 0, 0, 0)
    assert figures(take(store, tmp_path, text)) == (0, 0, 2, 0, 0)
    assert [row[3] for row in population(store)] == [10.0, 20.0]


FAULTY = [
    # the row                      the field in fault
    ("U1,Blue,2019,many,x", ["number"]), ("U1,Blue,2019,,x", ["number"]), ("U1,Blue,,5,x", ["year"]), (",Blue,2019,5,x", ["area"]),
    (",Blue,0,-5,x", ["area"]), ("U1,Blue,2019,-5,x", ["number"]), ("U1,Blue,0,5,x", ["year"]), ("U1,Blue,2019", [""]),
    (f"U1,{'long ' * 60},2019,5,x", ["code", "label"]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "fields"), FAULTY)
def test_a_figure_with_a_fault_is_refused(sqlite_store: Store, tmp_path: Path, row: str, fields: list[str]) -> None:
    """R27: no figure is not zero; and no group of a refused row enters."""
    report = take(sqlite_store, tmp_path, LONG.splitlines()[0] + f"\n{row}\n")
    assert (report.refused, [fault.field for fault in report.faults]) == (1, fields)
    assert column(sqlite_store, "SELECT count(*) FROM identity_group") == [0]


def test_figures_of_a_dimension_that_is_off_are_refused(store: Store, tmp_path: Path, by: Acting) -> None:
    """R41: nothing is brought in; the totals are."""
    store.record("dimension", DimensionFields(code="race", label="Race", state=DimensionState.OFF), by)
    report = take(store, tmp_path, LONG)
    assert figures(report) == (1, 0, 0, 2, 0)
    assert "switched off" in report.faults[0].fault


# Groups ---------------------------------------------------------------------------------------------------------------

GROUPS = (
    "dimension,dimension_label,persecution_ground,genocide_ground,assessment,group,group_label,parent\n"
    "faith,Faith,religious,religious,Needed; kept apart.,reed_north,Northern Reed,reed\n"
    "faith,Faith,,,,reed,People of the Reed,\n"
    "faith,Faith,,,,hill,People of the Hill,\n"
)


def groups(store: Store) -> list[tuple[Any, ...]]:
    query = (
        "SELECT g.code, g.label, p.code FROM identity_group g LEFT JOIN identity_group p ON p.id = g.parent_id"
        " WHERE g.withdrawn_at IS NULL ORDER BY 1"
    )
    return [tuple(row) for row in store.rows(sa.text(query))]


def test_groups_come_with_their_parents_in_any_order(store: Store, tmp_path: Path) -> None:
    """R43: the Convention's ground and the ground of persecution are told apart; an assessment switches on."""
    assert figures(take(store, tmp_path, GROUPS)) == (3, 0, 0, 0, 0)
    assert groups(store) == [
        ("hill", "People of the Hill", None),
        ("reed", "People of the Reed", None),
        ("reed_north", "Northern Reed", "reed"),
    ]
    row = store.rows(sa.text("SELECT state, genocide_ground, persecution_ground, assessment FROM dimension"))[0]
    assert tuple(row) == ("on", "religious", "religious", "Needed; kept apart.")
    assert figures(take(store, tmp_path, GROUPS)) == (0, 0, 3, 0, 0)
    assert figures(take(store, tmp_path, GROUPS.replace("People of the Hill", "Hill people"), complete=True)) == (
        0,
        1,
        2,
        0,
        0,
    )


def test_groups_that_cannot_be_are_refused(store: Store, tmp_path: Path) -> None:
    """R39: twice, without a code, of a parent that is none; those that can be are kept."""
    text = "dimension,group,parent\nfaith,a,\nfaith,A ,\nfaith,,\n,b,\nfaith,c,nobody\nfaith,d,a\n"
    report = take(store, tmp_path, text)
    assert (figures(report), sorted(fault.row for fault in report.faults)) == ((2, 0, 0, 4, 0), [2, 3, 4, 5])
    with pytest.raises(UsageFault, match="in a circle"):
        take(store, tmp_path, "dimension,group,parent\nfaith,x,y\nfaith,y,x\n")
    refused = take(store, tmp_path, f"dimension,group\nother,{'long ' * 60}\n", dataset="e")
    assert (refused.refused, column(store, "SELECT count(*) FROM dimension")) == (1, [1])


def test_a_groups_file_does_not_undo_what_a_person_decided(store: Store, tmp_path: Path, by: Acting) -> None:
    """R41, R42: a dimension switched off stays off; one that was only imported is switched on by an assessment."""
    take(store, tmp_path, "id,date,name,religion\n1,2020-01-01,Anna,hill\n", dataset="people")
    take(store, tmp_path, GROUPS.replace("faith", "religion"))
    assert column(store, "SELECT state FROM dimension") == ["on"]
    assert len(groups(store)) == 3
    held = store.rows(sa.text("SELECT id, version FROM dimension"))[0]
    draft = DimensionFields.model_validate(
        {"code": "religion", "label": "Faith", "state": "off", "assessment": "Needed; kept apart."}
    )
    store.amend("dimension", held.id, draft, expected=held.version, by=by)
    report = take(store, tmp_path, GROUPS.replace("faith", "religion").replace("Hill\n", "Hills\n"))
    assert (figures(report), column(store, "SELECT state FROM dimension")) == ((0, 0, 0, 3, 2), ["off"])


def test_a_group_that_went_with_its_batch_comes_back_when_named_again(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: the record is restored, with the key it had; groups that a list of victims brought along stay."""
    take(store, tmp_path, GROUPS)
    assert intake.withdraw_batch(store, 1, by, "draft only")["withdrawn"] == 3
    assert groups(store) == []
    mapping = mappings.parse('format = "victims"\n[columns]\nname = "name"\n[identity.faith]\ncolumn = "faith"\n')
    take(store, tmp_path, "name,faith\nAnna,People of the Hill\n", dataset="people", mapping=mapping)
    assert [code for code, *_ in groups(store)] == ["hill"]
    assert intake.withdraw_batch(store, 2, by, "wrong list")["withdrawn"] == 1
    assert [code for code, *_ in groups(store)] == ["hill"]
    assert figures(take(store, tmp_path, GROUPS)) == (0, 2, 1, 0, 0)
    store.verify()


# Actors ---------------------------------------------------------------------------------------------------------------

ACTORS = "name,kind,aliases,id\nUFF,Non-State armed group,Front; UF,77.0\nArmy,state,,\nBand,,,\n"


def actors(store: Store) -> dict[str, tuple[Any, ...]]:
    rows = store.rows(sa.text("SELECT name, kind, aliases, external_id FROM actor WHERE withdrawn_at IS NULL"))
    return {row[0]: tuple(row[1:]) for row in rows}


def test_actors_are_known_by_name(store: Store, tmp_path: Path) -> None:
    """R37: kinds by value or label; what a list of incidents named is filled in, not doubled."""
    take(store, tmp_path, "id,date,actor,best\n1,2020-01-01,UFF,2\n", dataset="events")
    assert actors(store) == {"UFF": ("not_recorded", None, None)}
    assert figures(take(store, tmp_path, ACTORS)) == (2, 1, 0, 0, 0)
    assert actors(store) == {
        "UFF": ("non_state_armed", "Front; UF", "77"),
        "Army": ("state", None, None),
        "Band": ("not_recorded", None, None),
    }
    assert figures(take(store, tmp_path, ACTORS)) == (0, 0, 3, 0, 0)


def test_a_persons_word_on_an_actor_stays(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: with a warning, however often the file is taken in; what the person left blank is filled."""
    store.record("actor", ActorFields.model_validate({"name": "Army", "kind": "foreign_state"}), by)
    for attempt in ((2, 0, 1, 0, 0), (0, 0, 3, 0, 0)):
        report = take(store, tmp_path, ACTORS)
        assert (figures(report), report.kinds_of_warning) == (attempt, {"kind: The person's word was kept.": 1})
    assert actors(store)["Army"][0] == ActorKind.FOREIGN_STATE
    assert figures(take(store, tmp_path, ACTORS.replace("Army,state,", "Army,state,Forces"))) == (0, 1, 2, 0, 0)
    assert actors(store)["Army"] == ("foreign_state", "Forces", None)


def test_actors_that_cannot_be_are_refused(store: Store, tmp_path: Path) -> None:
    """R37: of no known kind, without a name, twice."""
    report = take(store, tmp_path, "name,kind\nX,warlords\n,state\nY,state\nY,state\n")
    assert (figures(report), [(fault.row, fault.field) for fault in report.faults]) == (
        (1, 0, 0, 3, 0),
        [(1, "kind"), (2, "name"), (4, "")],
    )


def test_complete_withdraws_only_what_this_data_set_recorded(store: Store, tmp_path: Path) -> None:
    """R94: an actor that a list of incidents named first stays; and a file with refused rows withdraws nothing."""
    take(store, tmp_path, "id,date,actor,best\n1,2020-01-01,UFF,2\n", dataset="events")
    take(store, tmp_path, ACTORS)
    assert figures(take(store, tmp_path, "name,kind\nBand,\nX,warlords\n", complete=True)) == (0, 0, 1, 1, 1)
    assert len(actors(store)) == 3
    assert figures(take(store, tmp_path, "name,kind\nBand,\n", complete=True)) == (0, 0, 1, 0, 1)
    assert sorted(actors(store)) == ["Band", "UFF"]


# Units ----------------------------------------------------------------------------------------------------------------


def square(west: float, south: float, size: float = 1) -> Any:
    return shapely.box(west, south, west + size, south + size)


def test_units_from_geojson_topojson_and_geopackage(store: Store, tmp_path: Path) -> None:
    """R34: P-codes are text, leading zeros and all, within a named set of boundaries."""
    frame = geopandas.GeoDataFrame(
        {"ADM1_PCODE": ["01", "02"], "ADM1_EN": ["One", "Two"]}, geometry=[square(0, 0), square(1, 0)], crs="EPSG:4326"
    )
    frame.to_file(tmp_path / "units.gpkg", layer="admin1")
    frame.to_file(tmp_path / "units.geojson")
    by = store.local("tester")
    first = intake.take_in(store, tmp_path / "units.gpkg", by, dataset="2024")
    assert figures(first) == (2, 0, 0, 0, 0)
    assert figures(intake.take_in(store, tmp_path / "units.geojson", by, dataset="2024")) == (0, 0, 2, 0, 0)
    shape = {"type": "Polygon", "id": "03", "arcs": [[0]], "properties": {"name": "Three"}}
    topology = {
        "type": "Topology", "arcs": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]],
        "objects": {"units": {"type": "GeometryCollection", "geometries": [shape]}},
    }  # fmt: skip
    assert figures(take(store, tmp_path, json.dumps(topology), name="units.json", dataset="2024")) == (1, 0, 0, 0, 2)
    found = store.rows(sa.text("SELECT pcode, boundary_set, name, level, lat FROM admin_unit ORDER BY pcode"))
    assert [tuple(row) for row in found] == [
        ("01", "2024", "One", 1, 0.5),
        ("02", "2024", "Two", 1, 0.5),
        ("03", "2024", "Three", 1, 0.5),
    ]
    media = column(store, "SELECT media_type FROM document ORDER BY media_type")
    assert media == ["application/geo+json", "application/geopackage+sqlite3"]


def test_units_of_another_set_stand_beside(store: Store, tmp_path: Path) -> None:
    """R34: the boundaries of another year are other units; a moved border amends its own."""

    def layer(size: float) -> str:
        return geopandas.GeoDataFrame(
            {"pcode": ["01"], "name": ["One"]}, geometry=[square(0, 0, size)], crs="EPSG:4326"
        ).to_json()

    take(store, tmp_path, layer(1), name="a.geojson", dataset="2023")
    assert figures(take(store, tmp_path, layer(2), name="b.geojson", dataset="2024")) == (1, 0, 0, 0, 0)
    assert figures(take(store, tmp_path, layer(3), name="c.geojson", dataset="2024")) == (0, 1, 0, 0, 0)


def test_a_file_of_no_units_is_told(sqlite_store: Store, tmp_path: Path) -> None:
    """R34: as a whole; a unit without a code in its row."""
    with pytest.raises(UsageFault, match="neither GeoJSON"):
        take(sqlite_store, tmp_path, "a,b\n1,2\n", name="u.geojson", format=IntakeFormat.PLACES)
    with pytest.raises(UsageFault, match="no column looks like name"):
        take(sqlite_store, tmp_path, "a,b\n1,2\n", format=IntakeFormat.PLACES)
    frame = geopandas.GeoDataFrame(
        {"pcode": ["01", None], "name": ["One", "Two"]}, geometry=[square(0, 0), square(1, 0)], crs="EPSG:4326"
    )
    report = take(sqlite_store, tmp_path, frame.to_json(), name="u.geojson")
    assert (figures(report), report.faults[0].row) == ((1, 0, 0, 1, 0), 2)


def test_a_table_of_places_is_the_deployments_own_gazetteer(store: Store, tmp_path: Path) -> None:
    """R34: names in any script with their point; a row without one is refused; taking the batch back takes them back."""
    rows = "name,name_ar,lat,lon,adm2_pcode\nOld Mill,الطاحونة القديمة,34.5,36.5,SY0101\nBad,,x,1,\n,,1,2,\n"
    report = take(store, tmp_path, rows, format=IntakeFormat.PLACES)
    assert (figures(report), [(f.row, f.field) for f in report.faults]) == ((1, 0, 0, 2, 0), [(2, "lat"), (3, "name")])
    again = take(store, tmp_path, rows, format=IntakeFormat.PLACES)
    assert figures(again) == (0, 0, 1, 2, 0)
    held = store.rows(sa.select(table("named_place")))[0]
    assert (held.name, held.also, held.lat, held.lon, held.pcode) == (
        "Old Mill",
        "الطاحونة القديمة",
        34.5,
        36.5,
        "SY0101",
    )
    intake.withdraw_batch(store, 1, store.local("tester"), "not ours")
    assert store.rows(sa.select(table("named_place").c.withdrawn_at))[0][0]
    store.verify()
