"""The log of corrections on the public page of a release, how an error is reported, and what a page is not made of.

Holds R19, R60, R64 and R88 for the page.
"""

import csv
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from filled import fill
from test_release import send
from test_webpage import LONG, Published, Seen, cells, public, publish

from casualty.cli import run
from casualty.errors import CheckFailed, InvalidRecords, NotFound, Refused, UsageFault
from casualty.release import webpage
from casualty.release.formats.output import manifest_of
from casualty.release.package import Package
from casualty.release.webpage import log, reading
from casualty.store import Store


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Nobody changes it but the database, which one test corrects once more."""
    return publish(tmp_path_factory.mktemp("published"))


# Errors and corrections -----------------------------------------------------------------------------------------------


def test_it_says_how_to_report_an_error(published: Published) -> None:
    """R19: where, what helps, what is done with it; each line in its own direction; without an address it says so."""
    text = published.text("corrections.html")
    assert '<p dir="auto">Write to corrections@example.org</p>' in text
    assert '<p dir="auto">اتصل بنا على الرقم</p>' in text
    assert "accepted, accepted in part, or declined, each with reasons" in text
    assert "This page names no address." in reading.corrections(Package.at(published.second), " \n", [], [])


def entries(published: Published) -> list[dict[str, str]]:
    with (published.page / "corrections.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def both(published: Published) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    before, after = (Package.at(package).rows("incident") for package in (published.first, published.second))
    return {row["code"]: row for row in before}, {row["code"]: row for row in after}


def test_the_log_tells_from_what_to_what_and_why(published: Published) -> None:
    """R19, R88: figures and areas with both values, the day, the reason that was given for the public; who is never told."""
    codes, text = published.codes, published.text("corrections.html")
    changed = {(row[0], row[1]): row[2:] for row in cells(text, "Corrected")}
    assert changed[codes["A"], "killed, best"][:2] == ["101", "111"]
    assert "Two lists were one &lt;script&gt;" in changed[codes["A"], "killed, best"][2]
    assert changed[codes["B"], "area"] == [f"North {LONG}", "South", reading.NO_REASON]
    gone = {row[0]: row[1] for row in cells(text, "No longer told")}
    assert gone == {codes["D"]: "taken back", codes["E"]: f"told under {codes['A']}: the same incident"}
    taken_out = {row[0]: row[1:] for row in cells(text, "Taken out")}
    assert taken_out[codes["D"]] == ["Taken back", ""]
    assert taken_out[codes["E"]] == ["The same incident as another", codes["A"]]
    told = Seen(text).text
    assert "as listed: 2. No longer told: 2. New: 1. Told less closely than before, and not listed: 1." in told
    assert f"Release of {Package.at(published.second).info['Bagging-Date']}" in told


def test_the_log_agrees_with_the_rows(published: Published) -> None:
    """R19: every cell of corrections.csv against both packages; every change that may be told stands in it."""
    before, after = both(published)
    rows, columns = entries(published), {what: name for name, what in log.TOLD.items()}
    told = {
        (row["code"], columns[row["what"]]): (row["before"], row["after"]) for row in rows if row["what"] in columns
    }
    stays = before.keys() & after.keys() - {published.codes["C"]}
    cell = {(code, name): (before[code][name], after[code][name]) for code in stays for name in log.TOLD}
    assert told == {key: pair for key, pair in cell.items() if pair[0] != pair[1]}
    assert {row["code"] for row in rows if row["change"] == "added"} == after.keys() - before.keys()
    assert {row["code"] for row in rows if row["change"] == "removed"} == before.keys() - after.keys()


def test_the_log_leads_nobody_to_what_was_taken_out(published: Published) -> None:
    """R60, R64: an incident whose content is withheld from now on is counted, and its code stands on no page and in no log."""
    code = published.codes["C"]
    before, after = both(published)
    assert (before[code]["area"], after[code]["area"]) == (f"North {LONG}", "withheld")
    for path in published.page.iterdir():
        assert path.is_dir() or code not in path.read_text(encoding="utf-8")


LESS = [
    # column      before      after        whether the later package tells less
    ("period", "2024-05", "2024-06", False),
    ("period", "2024-05", "2024", True),
    ("period", "2024", "2024-05", False),
    ("period", "2024-05", "withheld", True),
    ("period", "withheld", "withheld", False),
    ("area", "North", "not known", True),
    ("area", "not known", "North", False),
    ("area", "not known", "withheld", False),
    ("pcode", "XS0101", "XS01", True),
    ("pcode", "XS0101", "", True),
    ("killed_best", "12", "1", False),
    ("killed_best", "12", "", True),
    ("killed_best", "12", "suppressed", True),
    ("narrative_public", "Told", "", True),
    ("narrative_public", "Told", "Told otherwise", False),
    ("lat", "1.5", "", True),
    ("lat", "1.5", "1.6", False),
    ("lat", "", "1.6", False),
]


@pytest.mark.parametrize(("column", "before", "after", "less"), LESS)
def test_what_is_told_less_closely_is_known(column: str, before: str, after: str, less: bool) -> None:
    """R64: kept back, or the place or the time became coarser; not a correction to another value, nor to a closer one."""
    assert log._less({column: before, "status": "verified"}, {column: after, "status": "refuted"}) is less


def test_no_text_no_point_and_no_source_is_ever_told_in_a_log(published: Published) -> None:
    """R64: a text may have been changed to take a name out of it; two points of one place would narrow it: they are counted."""
    rows = [
        {"narrative_public": f"{at} Canary", "lat": f"1{at}", "sources": f"media: {at}", "code": "X"} for at in (1, 2)
    ]
    assert list(log._changed("X", ["lat", "narrative_public", "sources"], rows[0], rows[1], "")) == []
    assert log.NAMED.keys().isdisjoint(log.TOLD)
    step = log.Step(Package.at(published.first), Package.at(published.second), [], [], Counter({"public summary": 3}))
    assert cells(reading._step(step), "without a list") == [["public summary", "3"]]


def test_every_column_of_a_public_package_is_told_named_or_left_out_on_purpose(published: Published) -> None:
    """R19: a new column does not slip out of the log, nor into it."""
    left_out = {"id", "code", "codebook_version", "admin1"}
    assert set(Package.at(published.second).columns("incident")) == log.TOLD.keys() | log.NAMED.keys() | left_out


def test_a_log_goes_over_several_releases(published: Published, tmp_path: Path) -> None:
    """R19: from each to the next, the latest first."""
    store = Store.open(str(published.page.parent / "record.db"))
    draft, version = store.draft(published.filled.ids["B"])
    draft.killed_best = 107
    by = store.local("tester")
    store.amend("incident", published.filled.ids["B"], draft, expected=version, by=by, reason="counted again")
    third = public(store, by, tmp_path / "third")
    store.close()
    done = webpage.write(third, tmp_path / "page", since=[published.first, published.second])
    text = (tmp_path / "page/corrections.html").read_text(encoding="utf-8")
    steps = re.findall(r"manifest (\w+); compared with .*?, manifest (\w+)\.", text)
    packages = (published.first, published.second, third)
    first, second, last = (manifest_of(Package.at(package))[:16] for package in packages)
    assert steps == [(last, second), (second, first)]
    with (tmp_path / "page/corrections.csv").open(encoding="utf-8", newline="") as log_file:
        rows = list(csv.DictReader(log_file))
    assert done.corrections == len(rows)
    assert [(row["before"], row["after"]) for row in rows if row["code"] == published.codes["B"]][:1] == [
        ("102", "107")
    ]


def test_a_long_log_says_where_the_rest_is(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """R19: the page shows so many lines, and names the file of all."""
    step = log.Step(Package.at(published.first), Package.at(published.second), [], [
        log.Entry(f"C{at}", "changed", "area", "X", "Y", "") for at in range(4)])  # fmt: skip
    monkeypatch.setattr(reading, "MOST", 3)
    shown = reading._step(step)
    assert ("C2" in shown, "C3" in shown) == (True, False)
    assert "the first 3 lines are shown; all stand in corrections.csv" in shown


# What it refuses ------------------------------------------------------------------------------------------------------


def test_a_page_is_made_of_a_public_package_that_holds(published: Published, tmp_path: Path) -> None:
    """R60: no other tier, nothing that was changed, no folder without a package; nothing is left of the attempt."""
    store = Store.create(tmp_path / "record.db")
    by = store.local("tester")
    fill(store, by, store.local("second person"))
    commission = send(store, by, tmp_path / "commission").path
    store.close()
    broken = shutil.copytree(published.first, tmp_path / "broken")
    with (broken / "data/04_records/incidents.csv").open("a", encoding="utf-8") as file:
        file.write("x")
    out = tmp_path / "page"
    with pytest.raises(Refused, match="of the commission tier; a page is made of a public one only"):
        webpage.write(commission, out)
    with pytest.raises(Refused, match="commission tier"):
        webpage.write(published.second, out, since=[commission])
    with pytest.raises(CheckFailed, match="does not hold"):
        webpage.write(broken, out)
    with pytest.raises(NotFound):
        webpage.write(tmp_path / "nothing", out)
    assert {path.name for path in tmp_path.iterdir()} == {"record.db", "record.db.items", "commission", "broken"} & {
        path.name for path in tmp_path.iterdir()}  # fmt: skip


def test_packages_of_another_sender_or_order_are_refused(published: Published, tmp_path: Path) -> None:
    """R19: no log between two records, from a release to itself, or backwards."""
    store = Store.create(tmp_path / "record.db", name="Another record")
    by = store.local("tester")
    fill(store, by, store.local("second person"))
    other = public(store, by, tmp_path / "other")
    store.close()
    with pytest.raises(Refused, match="they differ in Source-Organization"):
        webpage.write(published.second, tmp_path / "page", since=[other])
    with pytest.raises(UsageFault, match="are the same release"):
        webpage.write(published.second, tmp_path / "page", since=[published.second])
    older, later = (
        Package(Path("a"), {"Bagging-Date": "2024-01-01"}),
        Package(Path("b"), {"Bagging-Date": "2024-01-02"}),
    )
    with pytest.raises(UsageFault, match="oldest first"):
        webpage._in_order([later, older])
    assert not (tmp_path / "page").exists()


def test_nothing_is_overwritten(published: Published, tmp_path: Path) -> None:
    """R88: no folder with anything in it, no file, and nothing within a package; an empty folder will do."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full/kept").write_text("kept", encoding="utf-8")
    for out in (tmp_path / "full", tmp_path / "full/kept", published.second / "page", published.second):
        with pytest.raises(UsageFault):
            webpage.write(published.second, out)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["kept"]
    (tmp_path / "empty").mkdir()
    webpage.write(published.second, tmp_path / "empty")
    assert (tmp_path / "empty/index.html").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_interruption_leaves_nothing(published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R88: half a page is no page."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "method", interrupt)
    with pytest.raises(KeyboardInterrupt):
        webpage.write(published.second, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


REASONS = [
    ("code,why\nX,Y\n", "columns code and reason", []),
    ("code,reason\nX,\n,Y\nX,Y\nX,Z\n", "cannot be taken", ["row 1, reason", "row 2, code", "row 4, code"]),
    ("code,reason\nNOPE,Y\n", "the log tells nothing", ["NOPE"]),
]


@pytest.mark.parametrize(("text", "said", "faults"), REASONS)
def test_faults_of_the_reasons_are_all_told(
    published: Published, tmp_path: Path, text: str, said: str, faults: list[str]
) -> None:
    """R19: where, what, and the mend; a reason for an incident without a line in the log is one."""
    (tmp_path / "reasons.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRecords, match=said) as raised:
        webpage.write(published.second, tmp_path / "page", since=[published.first], reasons=tmp_path / "reasons.csv")
    assert [str(fault).partition(": ")[0] for fault in raised.value.faults] == faults
    with pytest.raises(NotFound):
        log.read_reasons(tmp_path / "nothing.csv")


def test_the_command_makes_the_page(published: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R19: without a database; it says so where no address for errors was given, and refuses in a sentence."""
    out = tmp_path / "page"
    assert run(["webpage", str(published.second), str(out), "--since", str(published.first)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{out / 'index.html'}\n"
    assert "It names no address for errors" in told.err
    assert run(["webpage", str(published.second), str(out)]) == UsageFault.exit_code
    assert "is not empty; nothing is overwritten" in capsys.readouterr().err
