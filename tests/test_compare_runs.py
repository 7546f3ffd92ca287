"""Two kept answers side by side, kept under names: what differs is told, and no test is made that was not (R52, R88)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from whole import references

from casualty import asking, runs
from casualty.asking import Effect, Pair, compared, effects
from casualty.cli import run as casualty
from casualty.errors import InvalidRecords
from casualty.runs import Run
from casualty.store import Store

ROWS = [
    {"area": "A", "ratio": 2.0, "low": 1.5, "high": 3.0, "p": 0.01, "p_adjusted": 0.02, "alarm": True},
    {"area": "B", "ratio": 1.0, "low": 0.5, "high": 2.0, "p": 0.5, "p_adjusted": 0.6, "alarm": False},
]


def run_of(code: str = "ONE", **other: Any) -> Run:
    """Return a run of funnel plots as it might be kept."""
    made: dict[str, Any] = {
        "code": code, "method": "funnel", "question": "Which?", "dimension": "faith", "group": "north",
        "parameters": {"by": "admin1"}, "seed": 1, "data_sha256": "a", "ledger_head": "h", "versions": {"numpy": "1"},
        "result": {"n": 100, "rows": ROWS}, "result_sha256": "r", "at": "2025-01-01", "by": "analyst", "withdrawn": None,
    }  # fmt: skip
    return Run(**made | other)


def moved(by: float) -> list[dict[str, Any]]:
    return [{**row, "low": row["low"] + by, "high": row["high"] + by, "ratio": row["ratio"] + by} for row in ROWS]


def test_what_was_asked_differently_is_told() -> None:
    """R88: choices, seed, incidents and program, each with both values."""
    other = run_of("TWO", parameters={"by": "admin2", "filter": "killed_best.from(5)"}, seed=2, data_sha256="b",
                   versions={"numpy": "2"}, result={"n": 112, "rows": ROWS})  # fmt: skip
    found = compared(run_of(), other)
    assert found.parameters == (
        ("by", "admin1", "admin2"), ("filter", "none", "killed_best.from(5)"), ("seed", "1", "2"),
    )  # fmt: skip
    assert found.program == (("numpy", "1", "2"),)
    assert ("incidents asked", "100", "112") in found.apart()
    assert "The second used 12 more incidents." in found.sentence
    assert json.dumps(found.as_json(), allow_nan=False)


SAID = [
    # moved  what is said of the intervals
    (0.0, "both intervals overlap"),
    (1.5, "both intervals overlap"),
    (9.0, "both intervals do not overlap"),
]


@pytest.mark.parametrize(("by", "said"), SAID)
def test_intervals_are_laid_beside_each_other_and_nothing_is_tested(by: float, said: str) -> None:
    """R52: the row that stands out comes first; the sentence ends with what was not done."""
    found = compared(run_of(), run_of("TWO", data_sha256="b", result={"n": 90, "rows": moved(by)}))
    assert [pair.name for pair in found.pairs] == ["A", "B"]
    assert said in found.sentence
    assert "10 fewer incidents" in found.sentence
    assert found.sentence.endswith("No test of a difference was made.")


def test_the_same_run_differs_in_nothing() -> None:
    """R88"""
    found = compared(run_of(), run_of())
    assert (found.same_question, found.same_data, found.apart()) == (True, True, ())
    assert found.sentence.startswith("Both were asked of the same incidents.")


@pytest.mark.parametrize(
    "other", [{"method": "scan"}, {"group": "south"}, {"dimension": None}, {"parameters": {"kind": "prospective"}}]
)
def test_two_questions_are_not_compared(other: dict[str, Any]) -> None:
    """R52: their figures would say nothing side by side."""
    found = compared(run_of(), run_of("TWO", **other))
    assert not found.same_question
    assert found.sentence == "These are two different questions: their figures are not to be compared."


def test_an_interval_without_an_end_reaches_everything() -> None:
    """R52: None above is no limit, None below is no interval."""
    without = Effect(2.0, 1.5, None)
    assert Pair("A", without, Effect(9.0, 8.0, 10.0)).overlap is True
    assert Pair("A", Effect(1.0), without).overlap is None
    assert Effect(2.0, 1.5, 3.0, 0.02).said == "2 (1.5 to 3), p 0.02"


def test_rows_are_known_by_what_tells_them_apart() -> None:
    """R88: one period of two runs may be two spans; counts in time have no interval of a ratio."""
    rows = [{"area": area, "period": "2021/2022", "group": "north", "stratified_ratio": 2.0} for area in ("A", "B")]
    assert list(effects({"rows": rows})) == ["A", "B"]
    days = [{"date": "2021-01-01", "ratio": 1.1, "low": 3.0, "high": 6.0}, {"date": "2021-02-01", "ratio": 1.0}]
    assert effects({"rows": days})["2021-01-01"] == Effect(1.1)
    assert effects({"rows": []}) == {}


def test_clusters_are_known_by_their_places() -> None:
    """R88: rank says nothing: what shares half of its places with another one is that one."""
    first = {"clusters": [
        {"rank": 1, "locations": ["a", "b", "c"], "relative_risk": 3.0, "p_value": 0.01},
        {"rank": 2, "locations": ["x"], "relative_risk": 2.0, "p_value": 0.5},
    ]}  # fmt: skip
    second = {"clusters": [
        {"rank": 1, "locations": ["q"], "relative_risk": 9.0, "p_value": 0.001},
        {"rank": 2, "locations": ["a", "b"], "relative_risk": 2.5, "p_value": 0.2},
    ]}  # fmt: skip
    found = compared(run_of(method="scan", result=first), run_of("TWO", method="scan", result=second))
    (pair,) = found.pairs
    assert (pair.name, pair.first.ratio, pair.second.ratio) == ("cluster 1", 3.0, 2.5)
    assert (pair.first.alarm, pair.second.alarm) == (True, False)
    assert (found.only_first, found.only_second) == (1, 1)


# Names ---------------------------------------------------------------------------------------------------------------


def keep(store: Store, **other: Any) -> str:
    by = store.local("tester")
    given = {"method": "funnel", "question": "Which?", "parameters": {}, "seed": 1, "result": {"n": 1, "rows": ROWS}}
    return runs.keep(store, by, **given | {"data_sha256": "0" * 64} | other)


def test_runs_are_found_by_name_and_by_question(store: Store) -> None:
    """R88: in any case; two may bear one name."""
    codes = [keep(store, name=name) for name in ("  First\n look ", "first look", None)]
    codes.append(keep(store, method="trend"))
    assert [run.code for run in runs.listed(store, name="FIRST LOOK")] == codes[:2]
    assert [run.code for run in runs.listed(store, method="trend")] == codes[3:]
    assert [run.name for run in runs.listed(store)] == ["First look", "first look", None, None]
    assert runs.shown(store, codes[0]).name == "First look"


def test_a_name_that_is_too_long_is_refused_with_the_mend(sqlite_store: Store) -> None:
    """R74: before anything is kept."""
    before = sqlite_store.head()
    with pytest.raises(InvalidRecords) as told:
        keep(sqlite_store, name="x" * (runs.LONGEST_NAME + 1))
    assert "Shorten it" in str(told.value)
    assert sqlite_store.head() == before


def test_the_command_sets_two_beside_each_other(
    sqlite_store: Store, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """R88: by their codes, in words and as a document."""
    references(sqlite_store, sqlite_store.local("tester"))
    one, two = keep(sqlite_store, name="Spring"), keep(sqlite_store, parameters={"by": "admin2"})
    db = str(tmp_path / "record.db")
    assert casualty(["--db", db, "patterns", "compare", one, two]) == 0
    words = capsys.readouterr().out
    assert "Both were asked of the same incidents." in words
    assert "by: none | admin2" in words
    assert "A: 2 (1.5 to 3), p 0.02 | 2 (1.5 to 3), p 0.02" in words
    assert casualty(["--db", db, "patterns", "compare", one, two, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first"] == one
    assert casualty(["--db", db, "patterns", "compare", one, "none"]) == 11
    capsys.readouterr()
    assert casualty(["--db", db, "patterns", "runs", "--name", "spring"]) == 0
    assert "Spring: Which?" in capsys.readouterr().out
    assert replace(run_of(), name="n").as_json()["name"] == "n"
    assert asking.compared is compared
