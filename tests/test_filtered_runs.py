"""A question of a filter is the question of a record that holds nothing else; kept, and asked again (R52, R75, R88)."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from whole import references

from casualty import asking, filters, overview, runs, sample
from casualty.access import Acting
from casualty.cli import run as casualty
from casualty.errors import NotEnoughData, Refused, UsageFault
from casualty.store import Store
from casualty.vocabulary import Role

FILTER = "tier.is(verified,corroborated) and killed_best.from(1)"
GROUP = {"dimension": "ethnicity", "group": "tulvet", "by": "admin1"}
ASKED: dict[str, dict[str, Any]] = {
    "disparity": {**GROUP, "period": "year"},
    "scan": {**GROUP, "model": "bernoulli", "kind": "spatial", "replications": 19},
    "near-repeat": {**GROUP, "space": [5000.0], "days": [14.0], "replications": 19},
    "hotspots": {**GROUP, "by": "admin2", "replications": 19},
    "trend": {**GROUP, "every": "quarter", "replications": 19},
    "funnel": {**GROUP, "base": "people"},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filtered") / "sample.db"
    sample.build(str(path), lambda _: None)
    return path


@pytest.fixture(scope="module")
def record(built: Path) -> Any:
    store = Store.open(built)
    yield store
    store.close()


@pytest.fixture(scope="module")
def part(built: Path, record: Store, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The same record without the incidents that the filter does not let in: they were withdrawn, by brute force."""
    path = tmp_path_factory.mktemp("filtered") / "part.db"
    kept = overview.selected(record, None, filters.read(FILTER)).ids
    with closing(sqlite3.connect(built)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        gone = [
            (key,)
            for (key,) in copy.execute("SELECT id FROM incident WHERE merged_into_id IS NULL")
            if key not in set(kept)
        ]
        withdrawn = "withdrawn_at = '2025-01-01T00:00:00.000000Z', withdrawn_by = 'tester', withdrawn_reason = 'a test'"
        copy.executemany(f"UPDATE incident SET status = 'withdrawn', {withdrawn} WHERE id = ?", gone)
        copy.commit()
    store = Store.open(path)
    yield store
    store.close()


def asked(store: Store, method: str, chosen: dict[str, Any]) -> dict[str, Any]:
    return asking.answer(asking.gathered(store, method, chosen), method, chosen)


@pytest.mark.parametrize("method", ASKED)
def test_a_question_of_a_filter_is_that_of_a_record_that_holds_nothing_else(
    record: Store, part: Store, method: str
) -> None:
    """R88: the same incidents by their hash, the same answer to the last byte, but that it names its filter."""
    filtered = {**ASKED[method], "filter": FILTER}
    found, other = asking.gathered(record, method, filtered), asking.gathered(part, method, ASKED[method])
    assert 100 < len(found.events) < len(asking.gathered(record, method, ASKED[method]).events)
    assert asking.digest(found) == asking.digest(other)
    document, plain = asking.answer(found, method, filtered), asking.answer(other, method, ASKED[method])
    assert document["parameters"].pop("filter") == FILTER
    assert runs.canonical(document) == runs.canonical(plain)


@pytest.mark.parametrize("method", ["disparity", "trend"])
def test_a_kept_run_of_a_filter_gives_the_same_bytes(record: Store, method: str) -> None:
    """R88: asked again from what is kept alone."""
    by = Acting("analyst", Role.ANALYST)
    chosen = {**ASKED[method], "filter": asking.canonical(f"  {FILTER} "), "seed": 3}
    material = asking.gathered(record, method, chosen, by)
    document = asking.answer(material, method, chosen)
    code = asking.keep(record, by, method, chosen, material, document, name="Verified ones")
    run = runs.shown(record, code)
    assert (run.name, run.parameters["filter"], run.group) == ("Verified ones", FILTER, "tulvet")
    again = runs.rerun(record, code, asking.again(record, by), by=by)
    assert (again.same, again.same_data) == (True, True)


def test_the_filter_is_told_in_the_words_of_an_answer(
    built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R52: among what was chosen, on the command line as in the document."""
    monkeypatch.setenv("CASUALTY_PASSWORD", sample.PASSWORD)
    of = ["--db", str(built), "--as", "analyst", "patterns", "trend", "--dimension", "ethnicity", "--replications", "9"]
    assert casualty([*of, "--filter", f" {FILTER}", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"]["filter"] == FILTER
    assert casualty([*of, "--filter", FILTER]) == 0
    assert "filter tier.is(verified,corroborated)" in " ".join(capsys.readouterr().out.split())
    assert casualty([*of, "--filter", "nonsense(1)"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--filter", "killed_best.from(1)"], ["--name", "Mine"]])
def test_a_file_has_no_filter_and_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    """R74: refused beside points and series, with the mend."""
    path = tmp_path / "points.csv"
    path.write_text("id,x,y,date\n1,0,0,2021-01-01\n", encoding="utf-8")
    for file in ("--points", "--series"):
        assert casualty(["patterns", "trend", file, str(path), *option]) == 2
        assert "belongs to the database" in capsys.readouterr().err


def test_a_filter_without_an_incident_is_refused(record: Store) -> None:
    """R50"""
    with pytest.raises(NotEnoughData, match="filter lets in no incident"):
        asked(record, "trend", {**ASKED["trend"], "filter": "killed_best.from(1000000)"})
    with pytest.raises(UsageFault):
        asking.canonical("not a filter")
    assert asking.canonical("") is None


def test_an_account_of_named_situations_may_not_ask(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: with or without a filter: an answer tells of every incident."""
    first = accounts["administrator"]
    situation = references(store, first)["situation"]
    store.clear("analyst", situation, first, "works there")
    for more in ({}, {"filter": "killed_best.from(1)"}):
        with pytest.raises(Refused, match="whole record"):
            asking.gathered(store, "trend", {"dimension": "faith", **more}, accounts["analyst"])


def test_the_comparison_is_about_one_group_or_about_all(record: Store) -> None:
    """R46: of one group its own verdict comes first; the figures are the same."""
    every = asked(record, "disparity", {"dimension": "ethnicity", "by": "admin1"})
    of = asked(record, "disparity", {"dimension": "ethnicity", "by": "admin1", "group": "tulvet"})
    assert of["sentence"].startswith("tulvet: consistent with targeting.")
    assert of["sentences"][1:] == every["sentences"]
    assert of["rows"] == every["rows"]
    assert not set(of["caveats"]) & set(of["sentences"])
