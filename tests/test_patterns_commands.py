"""Questions on the command line: from a file and from the record, what is printed, and what is refused with which mend.

Holds R33 and R36 (points and metres), R45 and R50 (no number from nothing), R49 and R52 (words), R55 (the same again).
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casualty import sample
from casualty.cli import run

Files = Callable[..., str]
Row = dict[str, Any]

# Each question with what it must be told; and what it needs of a file.
ASKED: dict[str, list[str]] = {
    "near-repeat": ["--space", "500,1000,2000", "--days", "7,14"],
    "colocation": ["--space", "500,1000"],
    "hotspots": ["--cell", "1000"],
    "signature": [],
    "actors": [],
    "funnel": [],
    "widespread": [],
    "trend": [],
    "surveillance": [],
}
POINTS = ("near-repeat", "colocation", "hotspots")
DATES = ("near-repeat", "trend", "surveillance")
GROUPS = ("colocation", "hotspots", "signature", "funnel", "widespread")
# It measures and tests nothing: one incident can be counted, and one group measured alone.
MEASURES = "widespread"
SEEDED = tuple(method for method in ASKED if method not in ("funnel", "trend", "surveillance"))


def rows_of(n: int = 240, seed: int = 5) -> list[Row]:
    """Incidents without any pattern: a heavy tail of victims, two groups, two parties, three years."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2021-01-01") + np.sort(rng.integers(0, 3 * 365, n))
    return [
        {
            "id": f"i{i}", "x": round(rng.uniform(0, 9000), 1), "y": round(rng.uniform(0, 9000), 1), "date": str(days[i]),
            "group": "kess" if rng.random() < 0.3 else "tul", "count": int(np.ceil((1 - rng.random()) ** (-1 / 1.2))),
            "area": f"A{rng.integers(14):02}", "actor": f"P{rng.integers(3)}", "act": f"a{rng.integers(2)}",
        }
        for i in range(n)
    ]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write rows as a table; return its path."""

    def write(rows: list[Row], name: str = "points.csv", without: tuple[str, ...] = ()) -> str:
        columns = [column for column in rows[0] if column not in without]
        lines = [",".join(columns), *(",".join(str(row[column]) for column in columns) for row in rows)]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(tmp_path / name)

    return write


def ask(method: str, *more: str, quick: bool = True) -> int:
    drawn = ["--replications", "99"] if quick and method in SEEDED else []
    group = ["--group", "kess"] if method in GROUPS and "--group" not in more and "--controls" not in more else []
    return run(["patterns", method, *ASKED[method], *group, *drawn, *more])


# What is answered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ASKED)
def test_a_question_is_answered_from_a_file(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R52, R55: words on standard output; a document of the contract's shape; the same again, byte for byte."""
    path = files(rows_of())
    assert ask(method, "--points", path) == 0
    words = capsys.readouterr().out
    assert ask(method, "--points", path, "--json", "-") == 0
    document = (told := capsys.readouterr()).out
    assert ask(method, "--points", path, "--json", "-", *(["--threads", "2"])) == 0
    assert capsys.readouterr().out == document
    found = json.loads(document, parse_constant=pytest.fail)
    assert {"method", "n", "left_out", "rows", "sentence"} <= found.keys()
    assert found["rows"]
    for row in found["rows"]:
        assert {"band", "area", "date"} & row.keys()
        assert {"observed", "expected", "ratio", "low", "high", "p", "p_adjusted", "alarm"} <= row.keys()
    assert found["sentence"] in told.err
    assert found["sentence"].split()[0] in words
    assert all(caveat.split()[0] in words for caveat in found["caveats"])


@pytest.mark.parametrize("method", ASKED)
def test_nothing_is_found_where_nothing_is(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R48: one draw of noise; how often each cries wolf is measured apart."""
    assert ask(method, "--points", files(rows_of(seed=13)), "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(bool(row["alarm"]) for row in found["rows"]) <= len(found["rows"]) * 0.05


def test_the_document_goes_where_it_is_sent(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R55: to a file the words are printed all the same; a figure is drawn beside."""
    path, out, figure = files(rows_of()), tmp_path / "out.json", tmp_path / "out.json.vl.json"
    assert ask("funnel", "--points", path, "--json", str(out), "--figure", str(figure)) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert document["sentence"].split()[0] in capsys.readouterr().out
    assert "$schema" in json.loads(figure.read_text(encoding="utf-8"))
    assert ask("funnel", "--points", path, "--json", str(tmp_path / "no" / "out.json")) == 2


def test_how_often_it_survives_is_told(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R51, R55"""
    rows = [row | {"source": f"S{i % 3}", "low": 0, "high": row["count"] + 2} for i, row in enumerate(rows_of())]
    path = files(rows)
    assert ask("actors", "--points", path, "--survival", "3", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert {change["kind"] for change in found["survival"]["changes"]} >= {"draws", "sources", "alleged actors"}
    assert ask("actors", "--points", path, "--survival", "3") == 0
    assert "3 sources" in capsys.readouterr().out


# What is refused -----------------------------------------------------------------------------------------------------


def refused(code: int | tuple[int, ...], mend: str, capsys: pytest.CaptureFixture[str], given: int) -> None:
    told = capsys.readouterr()
    assert told.out == ""
    assert given in (code if isinstance(code, tuple) else (code,)), told.err
    assert mend.casefold() in " ".join(told.err.casefold().split())


@pytest.mark.parametrize("method", [method for method in ASKED if method != MEASURES])
def test_too_few_incidents(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R50: exit 13; what is missing is a number."""
    given = ask(method, "--points", files([rows_of()[0] | {"group": "kess"}]))
    refused(13, "", capsys, given)


@pytest.mark.parametrize("method", POINTS)
def test_all_in_one_place(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R33: exit 13."""
    given = ask(method, "--points", files([row | {"x": 500, "y": 500} for row in rows_of()]))
    refused(13, "", capsys, given)


@pytest.mark.parametrize("method", [method for method in GROUPS if method != MEASURES])
def test_one_group_only(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R45: there is nothing to compare it with."""
    given = ask(method, "--points", files([row | {"group": "kess"} for row in rows_of()]))
    refused(13, "", capsys, given)


@pytest.mark.parametrize("method", GROUPS)
def test_no_group_at_all(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R45"""
    refused(13, "add a column group", capsys, ask(method, "--points", files(rows_of(), without=("group",))))


@pytest.mark.parametrize("method", GROUPS)
def test_a_group_that_is_not_there(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R45: exit 11, naming those there are."""
    refused(11, "there are: kess, tul", capsys, ask(method, "--points", files(rows_of()), "--group", "omb"))


@pytest.mark.parametrize("method", POINTS)
@pytest.mark.parametrize("value", ["NaN", "", "inf", "east"])
def test_coordinates_that_are_none(method: str, value: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R33: exit 10 with the row."""
    rows = rows_of()
    rows[6]["x"] = value
    refused(10, "row 7, x: ", capsys, ask(method, "--points", files(rows)))


@pytest.mark.parametrize("method", DATES)
@pytest.mark.parametrize("value", ["NaN", "", "2021-02-30", "03/04/2021"])
def test_dates_that_are_none(method: str, value: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R32: exit 10 with the row."""
    rows = rows_of()
    rows[6]["date"] = value
    refused(10, "row 7, date: ", capsys, ask(method, "--points", files(rows)))


@pytest.mark.parametrize("method", ASKED)
def test_dates_outside_the_study_period(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R32: exit 10, never dropped in silence."""
    rows = rows_of()
    rows[6]["date"] = "1921-01-01"
    given = ask(method, "--points", files(rows), "--from", "2021-01-01", "--to", "2023-12-31")
    refused(10, "row 7, date: 1921-01-01 lies outside the study period", capsys, given)


@pytest.mark.parametrize("method", POINTS)
def test_coordinates_out_of_range(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R36: exit 10."""
    given = ask(method, "--points", files(rows_of()), "--crs", "EPSG:4326")
    refused(10, "write longitude (-180 to 180) in x", capsys, given)


@pytest.mark.parametrize("method", POINTS)
def test_degrees_that_nobody_named(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R36: exit 10; named, they are answered."""
    rows = [row | {"x": 30 + row["x"] / 1e5, "y": 20 + row["y"] / 1e5} for row in rows_of()]
    path = files(rows)
    refused(10, "name their system with --crs EPSG:4326, or --crs local", capsys, ask(method, "--points", path))
    assert ask(method, "--points", path, "--crs", "EPSG:4326") == 0


def test_no_denominator(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R27, R45: no people, no rate; people of zero are no denominator."""
    path = files(rows_of())
    refused(13, "a rate is refused", capsys, ask("funnel", "--points", path, "--base", "people"))
    people = [{"area": f"A{i:02}", "group": group, "number": 900 + i} for i in range(14) for group in ("kess", "tul")]
    assert ask("funnel", "--points", path, "--people", files(people, "people.csv")) == 0
    capsys.readouterr()
    people[4]["number"] = 0
    given = ask("funnel", "--points", path, "--people", files(people, "people.csv"))
    refused(10, "the base is 0", capsys, given)


WRONG = [
    (["trend", "--points", "{}", "--series", "{}"], 2, "give one of them"),
    (["near-repeat", "--points", "{}", "--dimension", "ethnicity"], 2, "belongs to the database"),
    (["near-repeat", "--controls", "{}"], 2, "belongs to --points"),
    (["near-repeat", "--points", "{}", "--space", "many"], 2, "write for example --space 100,200,400"),
    (["near-repeat", "--points", "{}", "--space", "400,100"], 2, "greater than the one before"),
    (["near-repeat", "--points", "{}", "--space", "-5"], 2, "above 0"),
    (["near-repeat", "--points", "{}", "--crs", "EPSG:0"], 2, "--crs"),
    (["near-repeat", "--points", "{}", "--from", "yesterday"], 2, "write YYYY-MM-DD"),
    (["near-repeat", "--points", "{}", "--from", "2024-01-01", "--to", "2023-01-01"], 2, "lies before"),
    (["near-repeat", "--points", "none.csv"], 11, "there is no file none.csv"),
    (["near-repeat", "--points", "{}", "--cluster", "tcp://127.0.0.1:1"], 2, "--threads"),
    (["hotspots", "--points", "{}", "--group", "kess", "--statistic", "p"], 2, "one of: gistar"),
    (["hotspots", "--points", "{}"], 2, "there are: kess, tul"),
    (["signature", "--points", "{}", "--group", "kess", "--parts", "hat"], 2, "one or more of: actors"),
]


@pytest.mark.parametrize(("words", "code", "mend"), WRONG)
def test_what_cannot_be_understood(
    words: list[str], code: int, mend: str, files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    """R02: exit 2 or 11, with what to write instead."""
    path = files(rows_of())
    refused(code, mend, capsys, run(["patterns", *(word.format(path) for word in words)]))


# The record ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sundovel(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("sample") / "sample.db")
    sample.build(path, lambda _: None)
    return path


def of_record(path: str, method: str, *more: str) -> int:
    group = ["--group", "tulvet"] if method in GROUPS else []
    return run(["patterns", method, "--db", path, "--dimension", "ethnicity", *group, *more])


@pytest.mark.parametrize("method", ASKED)
def test_the_record_is_asked(
    method: str, sundovel: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R51, R55: an answer of the record is kept, and is the same when it is asked again."""
    monkeypatch.setenv("CASUALTY_PASSWORD", sample.PASSWORD)
    drawn = ["--replications", "99"] if method in SEEDED else []
    assert of_record(sundovel, method, *drawn, "--by", "admin2", "--json", "-", "--as", "analyst") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n"] > 100
    assert document["left_out"]["drafts, and incidents that were refuted"] == 33
    assert run(["patterns", "rerun", document["run"], "--db", sundovel, "--as", "analyst"]) == 0
    assert "byte for byte" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["near-repeat", "trend", "surveillance"])
def test_a_question_of_all_incidents_needs_no_dimension(
    method: str, sundovel: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R45, R55: where people are not grouped, incidents are counted as they are, kept, and asked again to the same bytes."""
    monkeypatch.setenv("CASUALTY_PASSWORD", sample.PASSWORD)
    drawn = ["--replications", "99"] if method in SEEDED else []
    assert run(["patterns", method, "--db", sundovel, *drawn, "--json", "-", "--as", "analyst"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n"] > 1000
    assert {row.get("group") for row in document["rows"]} == {None}
    grouped = ["--dimension", "ethnicity", "--json", "-"]
    assert run(["patterns", method, "--db", sundovel, *drawn, *grouped]) == 0
    beside = json.loads(capsys.readouterr().out)
    assert beside["n"] == document["n"]
    # Beside the groups' own series a p is corrected for more of them; what was seen is the same.
    seen = [row["observed"] for row in document["rows"]]
    assert [row["observed"] for row in beside["rows"] if row.get("group") is None] == seen
    assert run(["patterns", "rerun", document["run"], "--db", sundovel, "--as", "analyst"]) == 0
    assert "byte for byte" in capsys.readouterr().out
    refused(2, "--dimension says by what", capsys, run(["patterns", method, "--db", sundovel, "--group", "tulvet"]))


def test_chance_drawn_too_seldom_is_said(sundovel: str, capsys: pytest.CaptureFixture[str]) -> None:
    """R50: with few drawings nothing can be found, so that "no sign" means nothing."""
    for drawn, few in (("9", True), ("18", True), ("19", False)):
        assert run(["patterns", "near-repeat", "--db", sundovel, "--replications", drawn, "--json", "-"]) == 0
        told = " ".join(json.loads(capsys.readouterr().out)["caveats"])
        assert ("too much to find anything" in told) is few


def test_who_may_ask(sundovel: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: a wrong password asks nothing; without a name nothing is kept, and that is said."""
    monkeypatch.setenv("CASUALTY_PASSWORD", "wrong")
    refused(12, "", capsys, of_record(sundovel, "funnel", "--as", "analyst"))
    monkeypatch.setenv("CASUALTY_PASSWORD", sample.PASSWORD)
    refused(12, "may not analyse", capsys, of_record(sundovel, "funnel", "--as", "recorder"))
    assert of_record(sundovel, "funnel") == 0
    assert "say who asks with --as NAME" in capsys.readouterr().err


def test_what_the_record_does_not_hold(sundovel: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R45, R50: an unknown dimension or group, days without incidents, an empty record."""
    given = run(["patterns", "funnel", "--db", sundovel, "--dimension", "caste", "--group", "x"])
    refused(11, "known: ethnicity", capsys, given)
    given = run(["patterns", "funnel", "--db", sundovel, "--dimension", "ethnicity", "--group", "x"])
    refused(11, "there are: ibrenne", capsys, given)
    given = run(["patterns", "funnel", "--db", sundovel])
    refused(2, "--dimension says by what", capsys, given)
    refused(13, "ask for others", capsys, of_record(sundovel, "funnel", "--from", "1990-01-01", "--to", "1990-02-01"))
    empty = str(tmp_path / "empty.db")
    assert run(["init", "--db", empty]) == 0
    capsys.readouterr()
    refused(11, "none yet", capsys, of_record(empty, "funnel"))


# Series, and points beside the incidents ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["trend", "surveillance"])
def test_a_series_is_asked(method: str, files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R49, R50: counts that somebody made are asked as they are; a gap or a word is refused."""
    weeks = [{"date": f"2024-W{week:02}", "count": 3 + week % 4} for week in range(1, 50)]
    assert ask(method, "--series", files(weeks), "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert {"observed", "expected", "alarm"} <= document["rows"][-1].keys()
    refused(10, "no data is not zero", capsys, ask(method, "--series", files([*weeks[:20], *weeks[22:]])))
    refused(10, "row 2, count", capsys, ask(method, "--series", files([weeks[0], weeks[1] | {"count": "few"}])))
    refused(13, "at least 2", capsys, ask(method, "--series", files(weeks[:1])))
    given = ask(method, "--series", files(weeks), "--survival", "3")
    refused(2, "a series holds none", capsys, given)


def test_fixed_points_lie_in_the_frame_of_the_incidents(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """R36: in metres and in degrees the same incidents lie near the same checkpoints."""
    rows, spots = rows_of(), [{"x": 4000, "y": 4500}, {"x": 1000, "y": 8000}]
    ways = []
    for crs, made in (("local", lambda v: v), ("lonlat", lambda v: v / 111_319.4907932736)):
        moved = [row | {axis: made(row[axis]) for axis in ("x", "y")} for row in rows]
        near = files([{axis: made(spot[axis]) for axis in ("x", "y")} for spot in spots], "near.csv")
        assert ask("colocation", "--points", files(moved), "--near", near, "--crs", crs, "--json", "-") == 0
        ways.append([row["observed"] for row in json.loads(capsys.readouterr().out)["rows"]])
    assert ways[0] == pytest.approx(ways[1], abs=2)
    assert sum(ways[0]) > 0
