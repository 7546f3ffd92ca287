"""Points from a file: rows become incidents, coordinates metres, and every fault is told with its mend (R33, R36)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.errors import InvalidRecords, UsageFault
from casualty.patterns.events import COARSE_POINT, NO_IDENTITY
from casualty.points import points
from geo.frame import distance_m
from geo.systems import system

HEADER = "id,x,y,date,group,count"
SOUND = f"{HEADER}\na,1000,2000,2024-05-01,kess,3\nb,1500,2500,2024-05-03,tul,\n"


def table(folder: Path, text: str, name: str = "points.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_text(text, encoding=encoding)
    return folder / name


def refused(folder: Path, text: str, **options: Any) -> InvalidRecords:
    with pytest.raises(InvalidRecords) as told:
        points(table(folder, text), **options)
    return told.value


def test_rows_become_incidents(tmp_path: Path) -> None:
    """R33: where, when, to whom; a count that is not stated is one."""
    found = points(table(tmp_path, SOUND))
    assert found.ids == ("a", "b")
    assert found.groups == ("kess", "tul")
    assert (found.x.tolist(), found.y.tolist()) == ([1000, 1500], [2000, 2500])
    assert found.mix.tolist() == [[1, 0], [0, 1]]
    assert found.victims.tolist() == [[3, 3, 3], [1, 1, 1]]
    assert found.day.tolist() == [19844, 19846]
    assert not found.degrees


def test_rows_of_one_id_are_one_incident(tmp_path: Path) -> None:
    """R33: a massacre is one event; it keeps its mix, the unknown stay out of it and in the victims."""
    text = f"{HEADER}\nm,5,5,2024-05-01,kess,30\nm,5,5,2024-05-01,tul,10\nm,5,5,2024-05-01,unknown,5\nb,90,9,2024-05-02,,2\n"
    found = points(table(tmp_path, text))
    assert (found.ids, found.groups) == (("m", "b"), ("kess", "tul"))
    assert found.mix[0].tolist() == [0.75, 0.25]
    assert np.isnan(found.mix[1]).all()
    assert found.victims[:, 1].tolist() == [45, 2]
    assert found.with_identity().left_out == {NO_IDENTITY: 1}


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16"), ("|", "cp1252")])
def test_any_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """R36: a table is read as intake reads one."""
    text = SOUND.replace(",", delimiter).replace("kess", "késs")
    path = tmp_path / "points.csv"
    path.write_text(text, encoding=encoding)
    assert points(path).groups == ("késs", "tul")


def test_further_columns_are_taken(tmp_path: Path) -> None:
    """R33: a rough point is known as one, and never enters a test on points."""
    text = (
        "id;lon;lat;date;area;report_date;actor;act;means;place_type;source;precision;low;high;count\n"
        "a;5;6;2024-05;North;2024-06-03;P; killing;small_arms;home;S1;4;2;9;3\n"
        "a;5;6;2024-05;North;2024-06-03;Q;abduction;;home;S2;4;;;1\n"
        "b;7;8;2024;;;;;;;;;;;\n"
    )
    found = points(table(tmp_path, text))
    assert found.area == ("North", None)
    assert found.actors[0] == {"P", "Q"}
    assert found.acts[0] == {"killing", "abduction"}
    assert found.means[0] == {"small_arms"}
    assert found.sources[0] == {"S1", "S2"}
    assert found.place_type == ("home", None)
    assert found.victims[0].tolist() == [3, 4, 10]
    assert found.date_precision.tolist() == [4, 5]
    assert np.ptp(found.day_span, axis=1).tolist() == [30, 365]
    assert found.reported[0] == found.day_span[0, 1] + 3
    assert found.with_points().left_out == {COARSE_POINT: 1}


def test_controls_are_the_others(tmp_path: Path) -> None:
    """R45: without groups of their own, points are the cases and controls what they are compared with."""
    cases = table(tmp_path, "id,x,y\na,5,5\nb,6,6\n")
    controls = table(tmp_path, "id,x,y\na,7,7\n", "controls.csv")
    found = points(cases, controls=controls)
    assert (found.groups, found.ids) == (("case", "control"), ("a", "b", "a (control)"))
    assert found.share("case").tolist() == [1, 1, 0]


FAULTY = [
    ("a,,2000,2024-05-01,kess,1", "x", "empty", "leave the row out"),
    ("a,NaN,2000,2024-05-01,kess,1", "x", "states nothing", "leave the row out"),
    ("a,inf,2000,2024-05-01,kess,1", "x", "not a number that can be used", "decimal point"),
    ("a,east,2000,2024-05-01,kess,1", "x", "not a number", "decimal point"),
    ("a,1000,2000,01/02/2024,kess,1", "date", "may be day-month or month-day", "YYYY-MM-DD"),
    ("a,1000,2000,2024-02-30,kess,1", "date", "there is no day", "YYYY-MM-DD"),
    ("a,1000,2000,soon,kess,1", "date", "not a date", "YYYY-MM-DD"),
    ("a,1000,2000,2024-05-01,kess,1.5", "count", "not a whole number", "whole number"),
    ("a,1000,2000,2024-05-01,kess,-1", "count", "below zero", "whole number"),
    ("a,1000,2000,2024-05-01,kess,nan", "count", "not a whole number", "whole number"),
    (",1000,2000,2024-05-01,kess,1", "id", "empty", "id of its own"),
    ("b,1000,2000,2024-05-03,tul,1", "x", "differs from row 1 of the same id", "another id"),
    ("a,1000", "", "2 cells where the header has 6", "delimiters"),
]


@pytest.mark.parametrize(("row", "field", "fault", "mend"), FAULTY)
def test_a_fault_names_row_field_and_mend(tmp_path: Path, row: str, field: str, fault: str, mend: str) -> None:
    """R33"""
    told = refused(tmp_path, f"{HEADER}\nb,1500,2500,2024-05-03,tul,2\n{row}\n", needs=("x", "y", "date"))
    assert told.exit_code == 10
    named = [each for each in told.faults if each.field == field]
    assert [each.row for each in named] == [2]
    assert fault in named[0].said
    assert mend in named[0].remedy


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """R36"""
    text = f"{HEADER}\na,x,2000,soon,kess,1\nb,5,y,2024-05-01,tul,many\n"
    assert [(f.row, f.field) for f in refused(tmp_path, text, needs=("x", "y", "date")).faults] == [
        (1, "x"), (1, "date"), (2, "y"), (2, "count"),
    ]  # fmt: skip


def test_what_a_question_does_not_need_may_be_missing(tmp_path: Path) -> None:
    """R33: a trend needs no place, a map no date."""
    path = table(tmp_path, "id,date\na,2024-05-01\nb,2024-05-02\n")
    found = points(path, needs=("date",))
    assert np.isnan(found.x).all()
    assert refused(tmp_path, "id,date\na,2024-05-01\n").faults[0].field == "x"
    assert np.isnan(points(table(tmp_path, "id,x,y,date\na,5,5,\n")).day).all()


def test_days_outside_the_study_period_are_faults(tmp_path: Path) -> None:
    """R32: never dropped in silence."""
    import datetime

    period = {"since": datetime.date(2024, 5, 2), "until": datetime.date(2024, 5, 31)}
    told = refused(tmp_path, SOUND, **period)
    assert [(f.row, f.field) for f in told.faults] == [(1, "date")]
    assert "outside the study period" in told.faults[0].said


# Coordinates ---------------------------------------------------------------------------------------------------------

DEGREES = f"{HEADER}\na,20.5,10.5,2024-05-01,kess,1\nb,20.6,10.7,2024-05-02,tul,1\n"


def test_degrees_are_brought_to_metres(tmp_path: Path) -> None:
    """R36: distances are measured on the earth."""
    for crs in ("EPSG:4326", "lonlat", "4326"):
        found = points(table(tmp_path, DEGREES), crs=crs)
        apart = np.hypot(*(np.diff(axis)[0] for axis in (found.x, found.y)))
        assert apart == pytest.approx(distance_m(20.5, 10.5, 20.6, 10.7)[0], rel=1e-5)
    kept = points(table(tmp_path, DEGREES), crs="lonlat", metres=False)
    assert kept.degrees
    assert kept.x.tolist() == [20.5, 20.6]


def test_what_looks_like_degrees_is_refused(tmp_path: Path) -> None:
    """R36: never a distance of nothing; who says that they are metres is believed."""
    for crs in ("", "EPSG:32634"):
        told = refused(tmp_path, DEGREES, crs=crs, reach=400)
        assert "look like degrees; name their system with --crs EPSG:4326, or --crs local if they are metres" in str(
            told
        )
    assert points(table(tmp_path, DEGREES), crs="local", reach=400).x.tolist() == [20.5, 20.6]
    assert points(table(tmp_path, DEGREES), reach=0.1).x.tolist() == [20.5, 20.6]
    assert points(table(tmp_path, SOUND), reach=1e9).x.tolist() == [1000, 1500]


def test_coordinates_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """R36"""
    told = refused(tmp_path, f"{HEADER}\na,20.5,100,,kess,1\nb,20.6,10.7,,tul,1\nc,181,0,,tul,1\n", crs="lonlat")
    assert [(f.row, f.field) for f in told.faults] == [(1, "x, y"), (3, "x, y")]
    assert "Write longitude (-180 to 180) in x" in str(told)
    assert "no longitude" in str(refused(tmp_path, SOUND, crs="EPSG:4326"))
    told = refused(tmp_path, f"{HEADER}\na,500000,1100000,,kess,1\nb,9500000,1100000,,tul,1\n", crs="EPSG:32634")
    assert [f.row for f in told.faults] == [2]
    assert "far outside the area of EPSG:32634" in str(told)


@pytest.mark.parametrize("crs", ["EPSG:99999999", "nowhere", "EPSG:4978", "EPSG:5703"])
def test_a_system_that_is_not_known_is_refused(tmp_path: Path, crs: str) -> None:
    """R36: exit 2."""
    with pytest.raises(UsageFault, match="--crs"):
        points(table(tmp_path, SOUND), crs=crs)


def test_feet_become_metres(tmp_path: Path) -> None:
    """R36: EPSG:2263 is in US survey feet."""
    found = points(table(tmp_path, f"{HEADER}\na,980000,200000,,k,1\nb,981000,200000,,k,1\n"), crs="EPSG:2263")
    assert np.diff(found.x)[0] == pytest.approx(304.8006096)


@settings(max_examples=50, deadline=None)
@given(st.floats(-179, 179), st.floats(-75, 75), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_a_projection_and_degrees_tell_one_distance(lon: float, lat: float, east: float, north: float) -> None:
    """R36: the same two points by UTM zone and by degrees lie equally far apart, within the scale of the zone."""
    from pyproj import Transformer

    zone = int((lon + 180) // 6) + 1
    code = f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"
    xs, ys = np.array([lon, lon + east]), np.array([lat, lat + north])
    projected = Transformer.from_crs(4326, code, always_xy=True).transform(xs, ys)
    known = system(code)
    assert not known.wrong(*map(np.asarray, projected)).any()
    flat = np.hypot(*(np.diff(axis)[0] for axis in system("lonlat").metres(xs, ys)))
    zoned = np.hypot(*(np.diff(axis)[0] for axis in known.metres(*map(np.asarray, projected))))
    assert flat == pytest.approx(zoned, rel=2e-3, abs=1e-3)
