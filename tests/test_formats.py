"""A package in the formats that other people's tools read: read back by those tools, nothing lost, nothing made up.

Holds R11, R19, R33, R34, R36, R49, R67, R85, R88, R95 and R98 for what is made of a package.
"""

import csv
import shutil
from pathlib import Path
from typing import Any

import packaged
import pytest
from filled import SONGS, Filled, fill
from hypothesis import given, settings
from hypothesis import strategies as st
from packaged import full, package, read
from test_release import contents, send

from casualty.cli import run
from casualty.errors import CheckFailed, NotFound, Refused, UsageFault
from casualty.release import formats
from casualty.release.formats import changes, tables
from casualty.release.formats.output import Output, Wishes, guarded
from casualty.release.package import Package
from casualty.store import Store

PEOPLE = "area,year,population,source\n007,2024,1000,Invented census\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """A package of a record with something of everything, made once."""
    return full(tmp_path_factory.mktemp("formats"))


@pytest.fixture
def bag(made: tuple[Path, Filled]) -> Path:
    """Its folder."""
    return made[0]


@pytest.fixture
def wishes(tmp_path: Path) -> Wishes:
    """A population for the table of rates; other formats pass over it."""
    (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return Wishes(population=tmp_path / "people.csv")


@pytest.mark.parametrize("wanted", formats.FORMATS)
def test_each_format_is_the_same_each_time_and_explains_itself(
    bag: Path, tmp_path: Path, wishes: Wishes, wanted: str
) -> None:
    """R49, R85: the same bytes; which package it is of, the caveat, and a meaning for every column of every table."""
    first = formats.convert(bag, wanted, tmp_path / "one", wishes)
    formats.convert(bag, wanted, tmp_path / "two", wishes)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    readme = (tmp_path / "one/README.txt").read_text(encoding="utf-8")
    made = Package.at(bag)
    manifest = packaged.hashes(bag)["manifest-sha256.txt"]
    for told in (
        made.info["External-Identifier"],
        manifest,
        "not all deaths",
        "Every involvement is an allegation",
        *first.rows,
    ):
        assert told in readme
    told_of = {(row["file"], row["column"]) for row in read(tmp_path / "one/dictionary.csv") if row["meaning"]}
    for path in tmp_path.glob("one/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
        assert {(path.name, column) for column in columns} <= told_of | {("dictionary.csv", name) for name in columns}
    assert {row["file"] for row in read(tmp_path / "one/dictionary.csv")} == set(first.rows) - {"dictionary.csv"}


def test_csv_has_every_row_and_every_letter(bag: Path, tmp_path: Path) -> None:
    """R23, R98: cell by cell what the package has; a mark only if asked for; scripts, quotes and line breaks as they were."""
    formats.convert(bag, "csv", tmp_path / "plain")
    formats.convert(bag, "csv", tmp_path / "marked", Wishes(bom=True))
    for source in sorted((bag / "data/04_records").glob("*.csv")):
        assert read(tmp_path / "plain" / source.name) == read(source)
        plain = (tmp_path / "plain" / source.name).read_bytes()
        assert not plain.startswith(b"\xef\xbb\xbf")
        assert (tmp_path / "marked" / source.name).read_bytes() == b"\xef\xbb\xbf" + plain
    together = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "plain").glob("*.csv"))
    assert [song for song in SONGS if song not in together] == []
    assert {"removed.csv", "withheld.csv", "contradictory.csv"} <= {
        path.name for path in (tmp_path / "plain").iterdir()
    }


def test_what_is_refused_leaves_nothing_behind(bag: Path, tmp_path: Path) -> None:
    """R84, R88: a package that does not hold, none at all, an unknown format; nothing is overwritten."""
    broken = tmp_path / "broken"
    shutil.copytree(bag, broken)
    file = broken / "data/04_records/incidents.csv"
    file.write_bytes(file.read_bytes().replace(b"Market", b"Markit", 1))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/note").write_text("kept")
    asked: list[tuple[type[Exception], str, tuple[Path, str, Path]]] = [
        (CheckFailed, "incidents.csv", (broken, "csv", tmp_path / "out")),
        (NotFound, "no package", (tmp_path / "nowhere", "csv", tmp_path / "out")),
        (UsageFault, "dbf is not a format", (bag, "dbf", tmp_path / "out")),
        (UsageFault, "nothing in a package is changed", (bag, "csv", bag / "csv")),
        (UsageFault, "not empty", (bag, "csv", tmp_path / "full")),
        (UsageFault, "no folder|not a folder", (bag, "csv", tmp_path / "full/note")),
    ]
    for error, text, (source, wanted, out) in asked:
        with pytest.raises(error, match=text):
            formats.convert(source, wanted, out)
    with pytest.raises(CheckFailed, match=r"incidents\.csv"):
        formats.convert(bag, "csv", tmp_path / "out", since=broken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "full"]
    assert (tmp_path / "full/note").read_text() == "kept"


def test_the_command(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R85: needs no database; its exit codes are those of every command."""
    assert run(["convert", str(bag), "csv", str(tmp_path / "out"), "--bom"]) == 0
    shown = capsys.readouterr()
    assert "incidents.csv" in shown.out
    assert "Converted" in shown.err
    assert run(["convert", str(bag), "csv", str(tmp_path / "out")]) == 2
    assert run(["convert", str(bag), "dbf", str(tmp_path / "new")]) == 2
    assert run(["convert", str(bag), "sdg", str(tmp_path / "new"), "--population", str(tmp_path / "none.csv")]) == 11
    assert "Traceback" not in capsys.readouterr().err


# What changed ---------------------------------------------------------------------------------------------------------


def test_changes_since_an_earlier_package(tmp_path: Path, sqlite_store: Store) -> None:
    """R19, R88: what was added, which columns changed, which codes are gone and why; both packages are named."""
    by = sqlite_store.local("tester")
    filled = fill(sqlite_store, by, sqlite_store.local("second person"))
    first = send(sqlite_store, by, tmp_path / "first")
    draft, version = sqlite_store.draft(filled.ids["disorder"])
    draft.killed_best = 4
    sqlite_store.amend("incident", filled.ids["disorder"], draft, expected=version, by=by)
    sqlite_store.withdraw("incident", filled.ids["representative"], by, "not as told")
    second = send(sqlite_store, by, tmp_path / "second")
    formats.convert(second.path, "csv", tmp_path / "out", since=first.path)
    rows = [row for row in read(tmp_path / "out/changes.csv") if row["table"] == "incident"]
    assert {(row["key"], row["change"]): row["columns"] for row in rows} == {
        (filled.codes["disorder"], "changed"): "version killed_best",
        (filled.codes["representative"], "removed"): "withdrawn",
    }
    claims = [row for row in read(tmp_path / "out/changes.csv") if row["table"] == "claim"]
    assert [row["change"] for row in claims] == ["removed"]
    readme = (tmp_path / "out/README.txt").read_text(encoding="utf-8")
    assert first.manifest_sha256 in readme
    assert second.manifest_sha256 in readme
    assert "changes.csv" in {row["file"] for row in read(tmp_path / "out/dictionary.csv")}


def test_the_same_package_has_not_changed(bag: Path, tmp_path: Path) -> None:
    """R88"""
    formats.convert(bag, "hxl", tmp_path / "out", since=bag)
    assert read(tmp_path / "out/changes.csv") == []


@pytest.mark.parametrize(
    ("tier", "other", "differs"),
    [("commission", {"tier": "public"}, "Tier"), ("commission", {"Source-Organization": "Others"}, "Source-Organization"),
     ("partner", {"Recipient": "Others"}, "Recipient")],
)  # fmt: skip
def test_packages_that_cannot_be_compared(tmp_path: Path, tier: str, other: dict[str, str], differs: str) -> None:
    """R67, R88: of two senders or tiers, or of two partners, whose keys differ by design."""
    rows = [{"id": "a", "code": "C1"}]
    one = package(tmp_path / "one", {"incident": rows}, tier)
    two = package(tmp_path / "two", {"incident": rows}, other.pop("tier", tier), **other)
    (tmp_path / "out").mkdir()
    with pytest.raises(Refused, match=differs):
        changes.write(one, two, Output(tmp_path / "out", one))


CELLS = st.sampled_from(["", "1", "2", "x"])
SNAPSHOTS = st.dictionaries(st.integers(0, 8), st.tuples(CELLS, CELLS), min_size=1)


@settings(deadline=None, max_examples=60)
@given(was=SNAPSHOTS, now=SNAPSHOTS)
def test_changes_against_brute_force(tmp_path_factory: pytest.TempPathFactory, was: Any, now: Any) -> None:
    """R19: every row is added, removed, the same, or changed in the columns named, and no other."""
    folder = tmp_path_factory.mktemp("changes")
    made = [
        package(
            folder / str(n),
            {"source": [{"id": f"k{key}", "name": a, "kind": b} for key, (a, b) in sorted(rows.items())]},
        )
        for n, rows in enumerate((was, now))
    ]
    (folder / "out").mkdir()
    changes.write(made[1], made[0], Output(folder / "out", made[1]))
    found = {(row["key"], row["change"]): row["columns"] for row in read(folder / "out/changes.csv")}
    expected = {(f"k{key}", "added"): "" for key in now.keys() - was.keys()}
    expected |= {(f"k{key}", "removed"): "" for key in was.keys() - now.keys()}
    for key in was.keys() & now.keys():
        if was[key] != now[key]:
            names = [name for name, a, b in zip(("name", "kind"), was[key], now[key], strict=True) if a != b]
            expected[f"k{key}", "changed"] = " ".join(names)
    assert found == expected


# Joining and guarding -------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(counts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6))
def test_rows_meet_their_incident(tmp_path_factory: pytest.TempPathFactory, counts: list[tuple[int, int]]) -> None:
    """R85: one incident at a time is the same as all at once."""
    folder = tmp_path_factory.mktemp("joined")
    incidents = [{"id": f"i{n}"} for n in range(len(counts))]
    claims = [{"id": f"c{n}-{m}", "incident_id": f"i{n}"} for n, (many, _) in enumerate(counts) for m in range(many)]
    victims = [{"id": f"v{n}-{m}", "incident_id": f"i{n}"} for n, (_, many) in enumerate(counts) for m in range(many)]
    held = {"incident": incidents, "claim": claims, "victim": victims}
    made = package(folder / "bag", {name: rows for name, rows in held.items() if rows})
    found = list(tables.joined(made, "claim", "victim"))
    assert found == [
        (one, {name: [row for row in held[name] if row["incident_id"] == one["id"]] for name in ("claim", "victim")})
        for one in incidents
    ]


def test_rows_out_of_order_are_found(tmp_path: Path) -> None:
    """R84: no row is lost in silence."""
    claims = [{"id": "c1", "incident_id": "b"}, {"id": "c2", "incident_id": "a"}]
    made = package(tmp_path / "bag", {"incident": [{"id": "a"}, {"id": "b"}], "claim": claims})
    with pytest.raises(CheckFailed, match="claims do not follow"):
        list(tables.joined(made, "claim"))


def test_people_who_name_no_incident_stand_under_none(tmp_path: Path) -> None:
    """R65: a partner's package has people that cannot be led back to an incident; nothing tries to."""
    made = package(tmp_path / "bag", {"incident": [{"id": "a", "code": "C"}], "victim": [{"id": "v", "sex": "man"}],
                                      "victim_name": [{"incident_code": "C", "name": "N"}]}, "partner")  # fmt: skip
    (found,) = tables.joined(made, "victim", "victim_name")
    assert found == ({"id": "a", "code": "C"}, {"victim": [], "victim_name": [{"incident_code": "C", "name": "N"}]})


@given(st.text())
def test_a_guarded_text_is_computed_by_nothing(text: str) -> None:
    """R98: it begins as a text, and is the text."""
    found = guarded(text)
    assert found in (text, f"'{text}")
    assert found.lstrip()[:1] not in ("=", "+", "-", "@")
