"""Taking files in: every row accounted for, all of it or nothing, each value traced to its file and row."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from taking import column, figures, file, killed, take

from casualty import intake
from casualty.access import Acting
from casualty.errors import Interrupted, InvalidRecords, NotFound, Refused, UsageFault
from casualty.intake import mapping as mappings
from casualty.intake.batch import MOST_FAULTS
from casualty.schema import DimensionFields
from casualty.store import Store
from casualty.vocabulary import DimensionState, IntakeFormat

LIST = "id,date,country,actor,source_original,low,best,high\n"
THREE = LIST + "1,2020-01-01,X,Army,Agency A,1,2,3\n2,2020-01-02,X,Army,Agency B,0,4,9\n3,2020-02-01,Y,Unknown,,1,1,1\n"


def test_every_row_lands_with_its_claim(store: Store, tmp_path: Path) -> None:
    """R16, R81: a claim names the file by its SHA-256 and the row by its number, and keeps the row word for word."""
    report = take(store, tmp_path, THREE)
    assert figures(report) == (3, 0, 0, 0, 0)
    assert report.batch == 1
    rows = store.rows(
        sa.text(
            "SELECT c.external_id, c.row_number, c.locator, c.stated, c.killed_best, d.sha256, d.bytes, o.label FROM claim c"
            " JOIN document d ON d.id = c.document_id LEFT JOIN origin o ON o.id = c.origin_id ORDER BY c.row_number"
        )
    )
    assert [tuple(row[:3]) for row in rows] == [("1", 1, "row 1"), ("2", 2, "row 2"), ("3", 3, "row 3")]
    assert json.loads(rows[1].stated) == dict(
        zip(LIST.strip().split(","), ["2", "2020-01-02", "X", "Army", "Agency B", "0", "4", "9"], strict=True)
    )
    assert {(row.sha256, row.bytes) for row in rows} == {(hashlib.sha256(THREE.encode()).hexdigest(), len(THREE))}
    assert [row.label for row in rows] == ["Agency A", "Agency B", None]
    assert column(store, "SELECT status FROM incident") == ["submitted"] * 3
    assert column(store, "SELECT actor_missing FROM involvement WHERE actor_id IS NULL") == ["unknown"]


def test_taken_again_nothing_is_new(store: Store, tmp_path: Path) -> None:
    """R94: a file taken in twice is one batch, one document and one head of the ledger."""
    take(store, tmp_path, THREE)
    head = store.head()
    again = take(store, tmp_path, THREE)
    assert (figures(again), again.batch, store.head()) == ((0, 0, 3, 0, 0), None, head)


def test_one_revision_a_record(store: Store, tmp_path: Path) -> None:
    """R20: bulk writes leave a revision for each record, never one for the batch."""
    take(store, tmp_path, THREE)
    counted = dict(
        tuple(row) for row in store.rows(sa.text("SELECT record_kind, count(*) FROM revision GROUP BY record_kind"))
    )
    assert counted == {"deployment": 1, "source": 1, "document": 1, "batch": 2, "actor": 1, "origin": 2, "incident": 3}
    in_batch = column(store, "SELECT DISTINCT batch_id FROM revision WHERE record_kind <> 'deployment'")
    assert in_batch == column(store, "SELECT id FROM batch")


def test_a_dry_run_writes_nothing_and_reports_the_same(store: Store, tmp_path: Path) -> None:
    """R94: but for the number of the batch, which there is none."""
    text = THREE + "4,2020-13-01,X,Militia,,1,1,1\n"
    take(store, tmp_path, THREE)
    newer = text.replace("0,4,9", "0,5,9")
    head = store.head()
    dry = take(store, tmp_path, newer, dry_run=True, complete=True)
    assert (dry.batch, store.head(), figures(dry)) == (None, head, (0, 1, 2, 1, 0))
    real = take(store, tmp_path, newer, complete=True)
    assert real.as_json() == {**dry.as_json(), "batch": 2}
    assert real.remarks == dry.remarks


def test_refused_rows_are_listed_and_leave_nothing(store: Store, tmp_path: Path) -> None:
    """R16: row, field, fault, mend; no actor, origin or group of a refused row enters, be it the first of the file."""
    text = (
        LIST
        + "1,2020-13-01,X,Ghosts,Rumour,1,2,3\n2,2020-01-02,X,Army,Agency,0,many,-9\n3,2020-02-01,Y,Army,Agency,1,1,1\n"
    )
    report = take(store, tmp_path, text)
    assert figures(report) == (1, 0, 0, 2, 0)
    assert [(fault.row, fault.field) for fault in report.faults] == [
        (1, "date_start"),
        (2, "killed_best"),
        (2, "killed_high"),
    ]
    assert all(fault.fault and fault.mend for fault in report.faults)
    assert column(store, "SELECT name FROM actor") == ["Army"]
    assert column(store, "SELECT label FROM origin") == ["Agency"]


def test_a_file_of_refused_rows_only_writes_nothing(store: Store, tmp_path: Path) -> None:
    """R16: no batch, no document, no link in the ledger; at most a thousand faults are listed, all are counted."""
    head = store.head()
    report = take(store, tmp_path, LIST + "1,2020-13-01,X,A,B,1,2,3\n" * (MOST_FAULTS + 5))
    assert (report.batch, report.refused, len(report.faults), store.head()) == (
        None,
        MOST_FAULTS + 5,
        MOST_FAULTS,
        head,
    )


def test_a_header_alone_is_no_fault(store: Store, tmp_path: Path) -> None:
    """R16: a list without rows is read and leaves nothing."""
    report = take(store, tmp_path, LIST)
    assert (report.read, report.batch) == (0, None)


def test_an_id_that_came_before_in_the_file_is_another_row(store: Store, tmp_path: Path) -> None:
    """R94: the Iraq file uses four codes twice; each is known by its code and how many times it came before."""
    text = "ibc_code,start_date,reported_minimum,reported_maximum\nk1,1 Jan 2004,1,2\nk1,2 Jan 2004,3,4\nk2,3 Jan 2004,5,6\n"
    assert figures(take(store, tmp_path, text)) == (3, 0, 0, 0, 0)
    report = take(store, tmp_path, text.replace("3,4", "3,5"))
    assert figures(report) == (0, 1, 2, 0, 0)
    found = store.rows(
        sa.text("SELECT external_id, occurrence, killed_high FROM claim WHERE standing = 'current' ORDER BY 1, 2")
    )
    assert [tuple(row) for row in found] == [("k1", 0, 2), ("k1", 1, 5), ("k2", 0, 6)]


def test_an_id_through_a_float_is_the_same_row(sqlite_store: Store, tmp_path: Path) -> None:
    """R94: `244657.0` is 244657."""
    take(sqlite_store, tmp_path, "id,date,best\n244657.0,2020-01-01,2.0\n")
    assert figures(take(sqlite_store, tmp_path, "id,date,best\n244657,2020-01-01,2\n")) == (0, 0, 1, 0, 0)


def test_rows_without_an_id_are_known_by_what_they_say(sqlite_store: Store, tmp_path: Path) -> None:
    """R94: two rows that say the same are two, in whatever order they come."""
    rows = ["2020-01-01,2", "2020-01-01,2", "2020-01-02,3"]
    assert figures(take(sqlite_store, tmp_path, "date,best\n" + "\n".join(rows))) == (3, 0, 0, 0, 0)
    assert figures(take(sqlite_store, tmp_path, "date,best\n" + "\n".join(reversed(rows)))) == (0, 0, 3, 0, 0)


def test_cells_are_kept_as_they_stand(sqlite_store: Store, tmp_path: Path) -> None:
    """R23: what looks like a formula, a tag or a blank is kept letter by letter in the claim."""
    cells = ["=HYPERLINK(1)", "+1", "@x", "<b>", " two  blanks ", "\\u0000", "مدينة", "a\nb"]
    header = [f"c{n}" for n in range(len(cells))]
    quoted = ",".join('"' + cell + '"' for cell in cells)
    take(sqlite_store, tmp_path, f"id,date,best,{','.join(header)}\n1,2020-01-01,2,{quoted}\n")
    stated = json.loads(column(sqlite_store, "SELECT stated FROM claim")[0])
    assert [stated[name] for name in header] == cells


def test_two_data_sets_do_not_meddle(sqlite_store: Store, tmp_path: Path) -> None:
    """R94: the same id in another data set is another row."""
    take(sqlite_store, tmp_path, THREE)
    assert figures(take(sqlite_store, tmp_path, THREE, dataset="e")) == (3, 0, 0, 0, 0)
    assert figures(take(sqlite_store, tmp_path, LIST, complete=True)) == (0, 0, 0, 0, 3)
    assert len(killed(sqlite_store)) == 3


@pytest.mark.parametrize(("name", "fits"), [("d" * 120, True), ("d" * 121, False), (" ", False)])
def test_a_data_set_has_a_name_that_fits(sqlite_store: Store, tmp_path: Path, name: str, fits: bool) -> None:
    """R94: it is told before anything is read; a long name of a file is cut."""
    long = file(tmp_path, THREE, "n" * 200 + ".csv")
    assert intake.take_in(sqlite_store, long, sqlite_store.local("tester")).recorded == 3
    if fits:
        assert take(sqlite_store, tmp_path, THREE, dataset=name).recorded == 3
        return
    with pytest.raises(UsageFault, match="1 to 120"):
        take(sqlite_store, tmp_path, THREE, dataset=name)


def test_rows_are_taken_one_by_one(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R94: however long a file, no more than one row of it is in hand, unless rows name incidents."""
    from casualty.intake import drafts, reading

    at_once: list[int] = [0]
    rows, read = reading.Table.rows, drafts.RowReader.read

    def handed(table: reading.Table) -> Iterator[list[str]]:
        for cells in rows(table):
            at_once.append(at_once[-1] + 1)
            yield cells

    def taken(reader: drafts.RowReader, row: int, cells: list[str]) -> drafts.Reading:
        at_once.append(at_once[-1] - 1)
        return read(reader, row, cells)

    mapping = mappings.parse(intake.propose(file(tmp_path, THREE)))
    monkeypatch.setattr(reading.Table, "rows", handed)
    monkeypatch.setattr(drafts.RowReader, "read", taken)
    take(sqlite_store, tmp_path, THREE, mapping=mapping)
    assert (max(at_once), at_once[-1]) == (1, 0)


def test_a_name_of_no_text_is_kept_readable(store: Store, tmp_path: Path) -> None:
    """R16: a file's name may be any bytes; the record keeps text."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/list\xff.csv"))
    path.write_text(THREE, encoding="utf-8")
    assert intake.take_in(store, path, store.local("tester")).recorded == 3
    assert column(store, "SELECT title FROM document") == ["list?.csv"]
    assert column(store, "SELECT dataset FROM batch") == ["list?"]


def test_half_a_letter_is_refused(store: Store, tmp_path: Path) -> None:
    """R23: an encoding that can write what no database keeps."""
    mapping = mappings.parse('format = "incidents"\nencoding = "utf-7"\n[columns]\nid = "id"\ndate_start = "date"\n')
    report = take(store, tmp_path, "id,date,note\n1,2020-01-01,+2AA-\n2,2020-01-01,x\n", mapping=mapping)
    assert (figures(report), report.faults[0].row) == ((1, 0, 0, 1, 0), 1)


# Mappings -------------------------------------------------------------------------------------------------------------


def test_a_mapping_is_followed(store: Store, tmp_path: Path) -> None:
    """R16: its columns, its order of dates, its meanings of words and its defaults."""
    text = """
format = "incidents"
date_order = "mdy"
[columns]
id = "Nr"
date_start = "When"
place = ["Street", "Town"]
killed_best = "Dead"
incident_type = "Kind"
[defaults]
country = "Utopia"
[values.incident_type]
"Luftangriff" = "bombardment"
"""
    rows = "Nr;When;Street;Town;Dead;Kind\n7;05/11/2015;High Street;Oldtown;3;Luftangriff\n8;05/12/2015;;Oldtown;;Raid on a thing\n"
    report = take(store, tmp_path, rows, mapping=mappings.parse(text))
    assert (figures(report), report.warnings) == ((2, 0, 0, 0, 0), 1)
    found = store.rows(
        sa.text("SELECT date_start, place_as_reported, country, incident_type FROM incident ORDER BY date_start")
    )
    assert [(str(row[0]), *row[1:]) for row in found] == [
        ("2015-05-11", "High Street; Oldtown", "Utopia", "bombardment"), ("2015-05-12", "Oldtown", "Utopia", "not_recorded"),
    ]  # fmt: skip


def test_a_mapping_that_names_absent_columns_is_told_whole(store: Store, tmp_path: Path) -> None:
    """R16: every one of them, and nothing is written."""
    text = 'format = "victims"\n[columns]\nid = "Nr"\nname = "Who"\n[identity.race]\ncolumn = "Group"\n'
    head = store.head()
    with pytest.raises(InvalidRecords) as wrong:
        take(store, tmp_path, "Nr,Name\n1,x\n", mapping=mappings.parse(text))
    assert [fault.field for fault in wrong.value.faults] == ["name", "identity.race"]
    assert store.head() == head


def test_an_encoding_of_the_mapping_is_used(sqlite_store: Store, tmp_path: Path) -> None:
    """R23: the person who knows the file decides."""
    mapping = mappings.parse(
        'format = "incidents"\nencoding = "cp1251"\n[columns]\nid = "id"\ndate_start = "date"\nplace = "place"\n'
    )
    take(sqlite_store, tmp_path, "id,date,place\n1,2020-01-01,Москва\n".encode("cp1251"), mapping=mapping)
    assert column(sqlite_store, "SELECT place_as_reported FROM incident") == ["Москва"]


def test_a_format_against_the_mapping_is_told(sqlite_store: Store, tmp_path: Path) -> None:
    """R16: one of the two must be meant."""
    with pytest.raises(UsageFault, match="leave one out"):
        take(sqlite_store, tmp_path, THREE, format=IntakeFormat.GED, mapping=mappings.parse('format = "incidents"'))


# Identity -------------------------------------------------------------------------------------------------------------

VICTIMS = "id,date,name,age,sex,race\n1,2020-01-01,Anna,30,F,Blue\n2,2020-01-02,Boris,over 60,?,Green\n3,2020-01-03,,,,Unknown race\n"


def test_an_identity_that_came_with_a_file_is_imported_only(store: Store, tmp_path: Path) -> None:
    """R39, R42: no assessment, no form; each attribution has its basis, and absence its reason."""
    report = take(store, tmp_path, VICTIMS)
    assert (figures(report), report.kinds_of_warning) == ((3, 0, 0, 0, 0), {"age: Kept as stated.": 1})
    assert column(store, "SELECT state FROM dimension") == ["imported"]
    found = store.rows(
        sa.text(
            "SELECT a.basis, a.group_missing, g.label FROM attribution a LEFT JOIN identity_group g ON g.id = a.group_id ORDER BY 3"
        )
    )
    assert {tuple(row) for row in found} == {
        ("source_claim", None, "Blue"),
        ("source_claim", None, "Green"),
        ("source_claim", "unknown", None),
    }
    people = store.rows(
        sa.text("SELECT sex, age_years, age_band, harm FROM victim ORDER BY age_years NULLS LAST, sex DESC")
    )
    assert [tuple(row) for row in people] == [
        ("woman", 30, "adult", "killed"), ("unknown", None, "unknown", "killed"), ("not_recorded", None, "not_recorded", "killed"),
    ]  # fmt: skip


def switch(store: Store, state: DimensionState, assessment: str | None = None) -> None:
    by = store.local("tester")
    held = store.rows(sa.text("SELECT id, version FROM dimension WHERE code = 'race'"))
    draft = DimensionFields.model_validate({"code": "race", "label": "Race", "state": state, "assessment": assessment})
    if held:
        store.amend("dimension", held[0].id, draft, expected=held[0].version, by=by)
    else:
        store.record("dimension", draft, by)


def test_a_file_brings_nothing_into_a_dimension_that_is_off(store: Store, tmp_path: Path) -> None:
    """R41: no attribution, no group, not the word in the claim; and it is said."""
    switch(store, DimensionState.OFF)
    report = take(store, tmp_path, VICTIMS)
    assert report.recorded == 3
    assert any("race is switched off" in remark for remark in report.remarks)
    assert column(store, "SELECT count(*) FROM attribution") + column(store, "SELECT count(*) FROM identity_group") == [
        0,
        0,
    ]
    kept = "".join(
        column(store, "SELECT stated FROM claim")
        + column(store, "SELECT after FROM revision_body WHERE after LIKE '%claim%'")
    )
    assert "Anna" in kept
    assert "Blue" not in kept
    assert "Unknown race" not in kept


def test_switching_a_dimension_off_changes_no_row_of_a_file(store: Store, tmp_path: Path) -> None:
    """R20, R41: what was recorded stays, also when a newer version changes the victim; the rest is unchanged."""
    take(store, tmp_path, VICTIMS)
    switch(store, DimensionState.OFF)
    assert figures(take(store, tmp_path, VICTIMS)) == (0, 0, 3, 0, 0)
    assert figures(take(store, tmp_path, VICTIMS.replace("Anna,30", "Anna,31"))) == (0, 1, 2, 0, 0)
    assert column(store, "SELECT age_years FROM victim WHERE sex = 'woman'") == [31]
    assert column(store, "SELECT count(*) FROM attribution") == [3]


def test_an_assessment_in_the_mapping_switches_a_new_dimension_on(sqlite_store: Store, tmp_path: Path) -> None:
    """R42: only where somebody wrote why."""
    text = 'format = "victims"\n[columns]\nid = "id"\nname = "name"\n[identity.race]\ncolumn = "race"\nassessment = "Needed."\n'
    take(sqlite_store, tmp_path, VICTIMS, mapping=mappings.parse(text))
    assert column(sqlite_store, "SELECT state FROM dimension") == ["on"]


def test_a_group_of_endless_length_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    """R39: a column of stories is no column of groups."""
    text = 'format = "victims"\n[columns]\nid = "id"\nname = "name"\n[identity.race]\ncolumn = "race"\n'
    report = take(
        sqlite_store, tmp_path, f"id,name,race\n1,Anna,{'long ' * 60}\n2,Boris,Blue\n", mapping=mappings.parse(text)
    )
    assert (figures(report), report.faults[0].field) == ((1, 0, 0, 1, 0), "identity.race")


# Who may, and what stops it -------------------------------------------------------------------------------------------


def test_intake_needs_the_role(store: Store, tmp_path: Path, accounts: dict[str, Acting]) -> None:
    """R75: recorders and analysts take in; reviewers and custodians do not; only recorders take back."""
    take(store, tmp_path, THREE, by=accounts["recorder"])
    for name in ("reviewer", "custodian"):
        with pytest.raises(Refused):
            take(store, tmp_path, THREE, by=accounts[name])
    with pytest.raises(Refused):
        intake.withdraw_batch(store, 1, accounts["analyst"], "wrong file")
    with pytest.raises(Refused):
        take(store, tmp_path, THREE, by=Acting("local:tester"))


def test_what_is_not_there_is_told(sqlite_store: Store, tmp_path: Path) -> None:
    """R16: a file, a batch, a reason."""
    by = sqlite_store.local("tester")
    with pytest.raises(NotFound):
        intake.take_in(sqlite_store, tmp_path / "none.csv", by)
    with pytest.raises(NotFound):
        intake.withdraw_batch(sqlite_store, 7, by, "wrong")
    take(sqlite_store, tmp_path, THREE)
    with pytest.raises(UsageFault, match="reason"):
        intake.withdraw_batch(sqlite_store, 1, by, "  ")


def test_stopped_by_the_keyboard_nothing_is_kept(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R20: Ctrl-C in the middle rolls all of it back, and is said."""
    from casualty.intake import batch, incidents

    monkeypatch.setattr(incidents, "PROGRESS_EVERY", 1)
    assert batch.PROGRESS_EVERY > 1
    head = store.head()

    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Nothing of this file was kept"):
        take(store, tmp_path, THREE, progress=stop)
    assert store.head() == head
    assert figures(take(store, tmp_path, THREE)) == (3, 0, 0, 0, 0)


KILLED = """
import sys
from pathlib import Path
from casualty import intake
from casualty.store import Store
store = Store.open(sys.argv[1])
print("ready", flush=True)
report = intake.take_in(store, Path(sys.argv[2]), store.local("tester"), dataset="d")
print(report.recorded, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no SIGKILL")
@pytest.mark.parametrize("after", [0.0, 0.15, 0.4, 0.8])
def test_killed_at_any_moment_nothing_is_half_there(sqlite_store: Store, tmp_path: Path, after: float) -> None:
    """R20: the database opens, the ledger verifies, the batch is whole or absent, and the next run takes it in."""
    take(sqlite_store, tmp_path, THREE, dataset="first")
    rows = 4000
    path = file(
        tmp_path, LIST + "".join(f"{n},2020-01-01,X,Army {n % 50},Agency {n % 90},1,2,3\n" for n in range(rows))
    )
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "record.db"), str(path)], stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(after)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    sqlite_store.verify()
    there = column(sqlite_store, "SELECT count(*) FROM incident")[0]
    assert there in (3, rows + 3)
    report = intake.take_in(sqlite_store, path, sqlite_store.local("tester"), dataset="d")
    assert report.recorded + report.unchanged == rows
    assert column(sqlite_store, "SELECT count(*) FROM incident") == [rows + 3]
    sqlite_store.verify()
