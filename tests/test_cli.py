"""The command line is a contract: its JSON, its exit codes, its streams (R20, R21, R75)."""

import json
from pathlib import Path

import pytest

from casualty.cli import hoisted, run

INCIDENTS = """id,date,latitude,longitude,killed
a1,2024-05-01,10.5,20.5,3
a2,2024-05-02,11.5,21.5,4
"""
BROKEN = """id,date,latitude,longitude,killed
a1,2024-05-01,10.5,20.5,3
a2,2024-05-02,11.5,21.5,four
"""
VICTIMS = """id,incident,date,state,ethnicity,name
v1,i1,2024-05-01,North,kess,A
v2,i1,2024-05-01,North,kess,B
v3,i2,2024-05-02,North,tul,C
v4,i3,2024-05-03,South,tul,D
v5,i4,2024-05-04,South,,E
"""
POPULATION = """area,dimension,group,year,number,source
North,ethnicity,kess,2024,600,Census
North,ethnicity,tul,2024,400,Census
South,ethnicity,kess,2024,500,Census
South,ethnicity,tul,2024,500,Census
"""


@pytest.fixture
def db(tmp_path: Path) -> str:
    """An empty database made by the command."""
    path = str(tmp_path / "record.db")
    assert run(["--db", path, "init"]) == 0
    return path


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["summary", "--db", "x.db", "--json"], ["--db", "x.db", "summary", "--json"]),
        (["intake", "f.csv", "--as", "ana"], ["--as", "ana", "intake", "file", "f.csv"]),
        (["intake", "propose", "f.csv"], ["intake", "propose", "f.csv"]),
        (["--db=x", "intake", "--dry-run", "f.csv"], ["--db=x", "intake", "file", "--dry-run", "f.csv"]),
        (["history", "--", "--db"], ["history", "--", "--db"]),
    ],
)
def test_the_database_and_the_person_may_be_named_anywhere(given: list[str], meant: list[str]) -> None:
    """R75: who acts on what is said before or after the command."""
    assert hoisted(given) == meant


def test_intake_prints_one_document_and_sums_add_up(
    db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R16: every row read is accounted for."""
    file = written(tmp_path, "list.csv", INCIDENTS)
    assert run(["intake", file, "--db", db, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == [
        "batch",
        "read",
        "recorded",
        "amended",
        "unchanged",
        "refused",
        "vanished",
        "warnings",
        "faults",
    ]
    assert (report["batch"], report["read"], report["recorded"]) == (1, 2, 2)
    assert run(["intake", file, "--db", db, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["batch"], again["recorded"], again["unchanged"]) == (None, 0, 2)


def test_a_refused_row_is_told_and_the_others_land(db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 10 with row, field, fault and mend; the acceptable row is in."""
    assert run(["intake", written(tmp_path, "list.csv", BROKEN), "--db", db, "--json"]) == 10
    report = json.loads(capsys.readouterr().out)
    assert (report["recorded"], report["refused"]) == (1, 1)
    assert report["faults"][0]["row"] == 2
    assert report["faults"][0]["field"] == "killed_best"
    assert all(report["faults"][0][part] for part in ("fault", "mend"))
    assert run(["summary", "--db", db, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["killed_best"] == 3


def test_summary_has_the_keys_of_the_contract(db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R29: the parts by year add up to the whole."""
    run(["intake", written(tmp_path, "list.csv", INCIDENTS), "--db", db])
    capsys.readouterr()
    assert run(["summary", "--by", "year", "--json", "--db", db]) == 0
    document = json.loads(capsys.readouterr().out)
    keys = ["incidents", "victims", "killed_low", "killed_best", "killed_high", "without_best", "without_place"]
    assert list(document) == [*keys, "by"]
    assert list(document["by"]["2024"]) == keys
    assert document["killed_best"] == 7


def test_disparity_needs_population_and_then_answers(
    db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R45: without a denominator a rate is refused (13); with one the document has the contract's keys."""
    run(["intake", written(tmp_path, "victims.csv", VICTIMS), "--db", db])
    assert run(["patterns", "disparity", "--dimension", "ethnicity", "--db", db]) == 13
    assert run(["patterns", "disparity", "--dimension", "caste", "--db", db]) == 11
    run(["intake", written(tmp_path, "people.csv", POPULATION), "--db", db])
    out = tmp_path / "out.json"
    capsys.readouterr()
    assert (
        run(["patterns", "disparity", "--dimension", "ethnicity", "--by", "admin1", "--json", str(out), "--db", db])
        == 0
    )
    assert capsys.readouterr().out == ""
    document = json.loads(out.read_text("utf-8"))
    assert document["unit"] == "incident"
    assert (document["n"], document["unknown"]) == (3, 1)
    wanted = {"area", "period", "group", "victims", "incidents", "population", "share", "population_share", "rate_ratio", "low",
              "high", "p", "p_adjusted", "victim_low", "victim_high", "bound_low", "bound_high", "tipping"}  # fmt: skip
    assert all(wanted <= row.keys() for row in document["rows"])
    assert {row["area"] for row in document["rows"]} == {"all", "North", "South"}
    assert all({"group", "rate_ratio", "low", "high"} <= part.keys() for part in document["stratified"])
    run(["patterns", "disparity", "--dimension", "ethnicity", "--by", "admin1", "--json", str(out), "--db", db])
    again = json.loads(out.read_text("utf-8"))
    assert again.pop("run") != document.pop("run")  # each answer is kept under a code of its own
    assert again == document


def test_history_shows_revisions_and_a_past_state(db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R20: every state that ever was can be shown."""
    run(["intake", written(tmp_path, "list.csv", INCIDENTS), "--db", db])
    written(tmp_path, "list.csv", INCIDENTS.replace(",3\n", ",5\n"))
    run(["intake", str(tmp_path / "list.csv"), "--db", db])
    from casualty.store import Store

    store = Store.open(db)
    import sqlalchemy as sa

    code = store.rows(sa.text("SELECT code FROM incident WHERE killed_best = 5"))[0][0]
    store.close()
    capsys.readouterr()
    assert run(["history", code, "--json", "--db", db]) == 0
    revisions = json.loads(capsys.readouterr().out)
    assert [revision["operation"] for revision in revisions] == ["record", "amend"]
    assert ["incident.killed_best", 3, 5] in revisions[1]["differences"]
    assert run(["history", code, "--at", str(revisions[0]["seq"]), "--json", "--db", db]) == 0
    assert json.loads(capsys.readouterr().out)["state"]["incident"][0]["killed_best"] == 3
    assert run(["history", code, "--at", "1", "--db", db]) == 11
    assert run(["history", "NONE-SUCH-CODE", "--db", db]) == 11


def test_ledger_head_and_verify(db: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R21: the head printed earlier is found in the longer chain; another is not."""
    capsys.readouterr()
    assert run(["ledger", "head", "--db", db]) == 0
    head = capsys.readouterr().out.strip()
    run(["intake", written(tmp_path, "list.csv", INCIDENTS), "--db", db])
    assert run(["ledger", "verify", "--head", head, "--db", db]) == 0
    assert run(["ledger", "verify", "--head", "f" * 64, "--db", db]) == 1


def test_accounts_are_asked_for_once_there_are_any(
    db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R75: the first account is added locally; from then on a write names who acts, and shows it."""
    file = written(tmp_path, "list.csv", INCIDENTS)
    monkeypatch.setenv("CASUALTY_PASSWORD", "correct horse battery")
    assert run(["account", "add", "ana", "--role", "administrator", "--db", db]) == 0
    assert run(["intake", file, "--db", db]) == 12
    assert run(["intake", file, "--db", db, "--as", "ana"]) == 0
    monkeypatch.setenv("CASUALTY_PASSWORD", "wrong horse battery")
    assert run(["intake", file, "--db", db, "--as", "ana"]) == 12
    monkeypatch.delenv("CASUALTY_PASSWORD")
    assert run(["intake", file, "--db", db, "--as", "ana"]) == 12
    assert "correct horse" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["summary", "--by", "colour"], 2),
        (["summary", "--status", "odd"], 2),
        (["patterns", "disparity"], 2),
        (["nonsense"], 2),
        (["intake", "missing.csv"], 11),
        (["intake", "missing.csv", "--format", "odd"], 2),
        (["intake", "withdraw", "9", "--reason", "why"], 11),
        (["account", "add", "ana", "--role", "king"], 2),
        (["--help"], 0),
        (["intake", "--help"], 0),
    ],
)
def test_a_users_error_is_an_exit_code_and_a_sentence(
    db: str,
    arguments: list[str],
    code: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """No traceback for a user's error, ever."""
    monkeypatch.chdir(tmp_path)
    assert run(["--db", db, *arguments]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_database_that_is_not_there_or_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R20: what is not a record is said to be none; it is not made into one."""
    assert run(["--db", str(tmp_path / "none.db"), "summary"]) == 11
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("this is a text and no database, however long it may be" * 50)
    assert run(["--db", str(tmp_path / "text.db"), "summary"]) == 1
    assert run(["--db", "mysql://x/y", "summary"]) == 2
    assert "Traceback" not in capsys.readouterr().err
