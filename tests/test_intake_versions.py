"""Newer versions of a file: what changed is amended, what people edited stays, what is gone is told, batches come back."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from taking import column, figures, killed, take

from casualty import intake
from casualty.access import Acting
from casualty.errors import UsageFault
from casualty.schema import ClaimFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, IntakeFormat

LIST = "id,date,country,source_original,low,best,high\n"
FIRST = LIST + "1,2020-01-01,X,Agency,1,2,3\n2,2020-01-02,X,Agency,0,4,9\n3,2020-02-01,Y,,1,1,1\n"
SECOND = FIRST.replace("0,4,9", "3,5,9")


def incident(store: Store, external_id: str) -> str:
    return str(
        column(store, "SELECT incident_id FROM claim WHERE external_id = :id AND standing = 'current'", id=external_id)[
            0
        ]
    )


def edit(store: Store, by: Acting, external_id: str, **fields: Any) -> None:
    draft, version = store.draft(incident(store, external_id))
    store.amend(
        "incident",
        incident(store, external_id),
        draft.model_copy(update=fields),
        expected=version,
        by=by,
        reason="seen",
    )


def standings(store: Store, external_id: str) -> list[tuple[str, int]]:
    query = sa.text("SELECT standing, killed_best FROM claim WHERE external_id = :id ORDER BY id")
    return [tuple(row) for row in store.rows(query, id=external_id)]


def test_a_newer_version_amends_what_it_changed(store: Store, tmp_path: Path) -> None:
    """R94: one row of three; the earlier claim stays, superseded; the others are not touched."""
    take(store, tmp_path, FIRST)
    report = take(store, tmp_path, SECOND)
    assert (figures(report), report.batch) == ((0, 1, 2, 0, 0), 2)
    assert killed(store) == [2, 5, 1]
    assert standings(store, "2") == [("superseded", 4), ("current", 5)]
    assert column(store, "SELECT version FROM incident ORDER BY version") == [1, 1, 2]
    assert figures(take(store, tmp_path, SECOND)) == (0, 0, 3, 0, 0)


def test_what_only_a_source_changed_is_a_new_claim(store: Store, tmp_path: Path) -> None:
    """R15, R94: who first reported is part of what the row says."""
    take(store, tmp_path, FIRST)
    assert figures(take(store, tmp_path, FIRST.replace("X,Agency,0", "X,Witness,0"))) == (0, 1, 2, 0, 0)
    found = column(
        store, "SELECT label FROM origin o JOIN claim c ON c.origin_id = o.id WHERE external_id = '2' ORDER BY c.id"
    )
    assert found == ["Agency", "Witness"]


def test_a_column_in_no_field_is_no_change(sqlite_store: Store, tmp_path: Path) -> None:
    """R94: a running number that every version counts anew amends nothing."""
    take(sqlite_store, tmp_path, "id,date,best,days\n1,2020-01-01,2,100\n")
    assert figures(take(sqlite_store, tmp_path, "id,date,days,best\n1,2020-01-01,200,2\n")) == (0, 0, 1, 0, 0)


def test_an_edit_stays_where_the_file_changed_something_else(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: the person's place and title stay, the file's figure comes."""
    take(store, tmp_path, FIRST)
    edit(store, by, "2", title="Attack on the road", admin1="North")
    report = take(store, tmp_path, SECOND)
    assert (figures(report), report.warnings) == ((0, 1, 2, 0, 0), 0)
    row = store.current("incident", incident(store, "2"))["incident"][0]
    assert (row["title"], row["admin1"], row["killed_best"], row["version"]) == ("Attack on the road", "North", 5, 3)


def test_an_edit_stays_where_the_file_changed_the_same_thing(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: with a warning; the claim says what the file says, and reading it again changes nothing more."""
    take(store, tmp_path, FIRST)
    edit(store, by, "2", killed_best=6)
    report = take(store, tmp_path, SECOND)
    assert (figures(report), report.warnings) == ((0, 1, 2, 0, 0), 1)
    assert [kind.partition(":")[0] for kind in report.kinds_of_warning] == ["killed_low, killed_best"]
    assert killed(store) == [2, 6, 1]
    assert standings(store, "2") == [("superseded", 4), ("current", 5)]
    head = store.head()
    assert figures(take(store, tmp_path, SECOND)) == (0, 0, 3, 0, 0)
    assert store.head() == head


def test_things_that_belong_together_are_never_mixed(store: Store, tmp_path: Path, by: Acting) -> None:
    """R32: an end that a person moved, and a start that the file moved behind it, would be no date."""
    text = "id,date_start,date_end,best\n1,2020-01-01,2020-01-05,2\n"
    take(store, tmp_path, text)
    edit(store, by, "1", date_end="2020-01-03")
    report = take(store, tmp_path, text.replace("2020-01-01,2020-01-05", "2020-01-04,2020-01-06"))
    assert (figures(report), report.warnings) == ((0, 1, 0, 0, 0), 1)
    row = store.current("incident", incident(store, "1"))["incident"][0]
    assert (row["date_start"], row["date_end"]) == ("2020-01-01", "2020-01-03")


def test_a_judged_incident_that_a_file_changes_is_put_forward_again(
    store: Store, tmp_path: Path, accounts: dict[str, Acting]
) -> None:
    """R13: a judgement was of what it saw."""
    take(store, tmp_path, FIRST, by=accounts["recorder"])
    for status in (IncidentStatus.IN_REVIEW, IncidentStatus.UNVERIFIABLE):
        store.review(incident(store, "2"), status, "Looked at.", accounts["reviewer"])
    take(store, tmp_path, SECOND, by=accounts["recorder"])
    assert store.current("incident", incident(store, "2"))["incident"][0]["status"] == "submitted"


def test_a_changed_mapping_amends_what_it_reads_otherwise(store: Store, tmp_path: Path, by: Acting) -> None:
    """R94: the same file, another column for the same field; what a person edited is still theirs."""
    text = "id,date,country,region,best\n1,2020-01-01,X,North,2\n2,2020-01-02,X,South,4\n"
    take(store, tmp_path, text)
    edit(store, by, "1", title="Mine")
    from casualty.intake import mapping

    plain = mapping.parse(
        'format = "incidents"\n[columns]\nid = "id"\ndate_start = "date"\nkilled_best = "best"\nplace = "region"\n'
    )
    assert figures(take(store, tmp_path, text, mapping=plain)) == (0, 2, 0, 0, 0)
    found = store.rows(sa.text("SELECT title, country, admin1, place_as_reported FROM incident ORDER BY date_start"))
    assert [tuple(row) for row in found] == [("Mine", None, None, "North"), (None, None, None, "South")]


# What a file no longer names ------------------------------------------------------------------------------------------


def test_what_is_no_longer_named_is_told_and_stays(store: Store, tmp_path: Path) -> None:
    """R94: a shorter file may be a part of the list."""
    take(store, tmp_path, FIRST)
    shorter = FIRST.replace("2,2020-01-02,X,Agency,0,4,9\n", "")
    head = store.head()
    assert figures(take(store, tmp_path, shorter)) == (0, 0, 2, 0, 1)
    assert store.head() == head


def test_complete_withdraws_what_is_no_longer_named(store: Store, tmp_path: Path) -> None:
    """R94: the incident and its claim; named again, it is recorded anew."""
    take(store, tmp_path, FIRST)
    shorter = FIRST.replace("2,2020-01-02,X,Agency,0,4,9\n", "")
    assert figures(take(store, tmp_path, shorter, complete=True)) == (0, 0, 2, 0, 1)
    assert killed(store) == [2, 1]
    withdrawn = store.rows(sa.text("SELECT status, withdrawn_reason FROM incident WHERE withdrawn_at IS NOT NULL"))
    assert [tuple(row) for row in withdrawn] == [("withdrawn", "intake batch 2")]
    assert figures(take(store, tmp_path, shorter, complete=True)) == (0, 0, 2, 0, 0)
    assert figures(take(store, tmp_path, FIRST, complete=True)) == (1, 0, 2, 0, 0)
    assert killed(store) == [2, 4, 1]


def test_a_refused_row_is_still_named(store: Store, tmp_path: Path) -> None:
    """R94: a row with a fault withdraws nothing, nor does one whose id cannot be read."""
    take(store, tmp_path, FIRST)
    faulty = FIRST.replace("0,4,9", "0,many,9")
    assert figures(take(store, tmp_path, faulty, complete=True)) == (0, 0, 2, 1, 0)
    broken = FIRST.replace("2,2020-01-02,X", '2,"2020-01-02"x,X')
    report = take(store, tmp_path, broken, complete=True)
    assert figures(report) == (0, 0, 2, 1, 1)
    assert any("nothing was withdrawn" in remark for remark in report.remarks)
    assert killed(store) == [2, 4, 1]


def test_an_incident_that_another_source_supports_stays(store: Store, tmp_path: Path, by: Acting) -> None:
    """R22: only the claim of the file that no longer names it goes."""
    take(store, tmp_path, FIRST)
    draft, version = store.draft(incident(store, "2"))
    draft.claims.append(
        ClaimFields(document_id=draft.claims[0].document_id, killed_best=4, locator="seen at the hospital")
    )
    store.amend("incident", incident(store, "2"), draft, expected=version, by=by, reason="second source")
    take(store, tmp_path, FIRST.replace("2,2020-01-02,X,Agency,0,4,9\n", ""), complete=True)
    query = "SELECT i.status, c.standing FROM incident i JOIN claim c ON c.incident_id = i.id WHERE i.killed_best = 4"
    rows = store.rows(sa.text(query))
    assert sorted(tuple(row) for row in rows) == [("submitted", "current"), ("submitted", "withdrawn")]


# Several rows of one incident -----------------------------------------------------------------------------------------

PEOPLE = "victim_id,incident_id,date,name,age\n"
THREE_DEAD = PEOPLE + "a,X,2020-01-01,Anna,30\nb,Y,2020-01-05,Boris,40\nc,X,2020-01-01,Clara,50\n"


def names(store: Store) -> dict[str, list[tuple[str, float]]]:
    """Names and ages of the victims of each incident that stands, by the day of the incident."""
    found: dict[str, list[tuple[str, float]]] = {}
    query = (
        "SELECT i.date_start, n.name, v.age_years FROM incident i JOIN victim v ON v.incident_id = i.id JOIN victim_name n"
        " ON n.victim_id = v.id WHERE i.withdrawn_at IS NULL ORDER BY 1, 2"
    )
    for day, name, age in store.rows(sa.text(query)):
        found.setdefault(str(day), []).append((name, age))
    return found


def test_rows_that_name_one_incident_are_one(store: Store, tmp_path: Path) -> None:
    """R09: two incidents with three victims, each row its own claim, wherever it stands in the file."""
    assert figures(take(store, tmp_path, THREE_DEAD)) == (3, 0, 0, 0, 0)
    assert names(store) == {"2020-01-01": [("Anna", 30), ("Clara", 50)], "2020-01-05": [("Boris", 40)]}
    assert column(store, "SELECT count(*) FROM claim") == [3]
    assert figures(take(store, tmp_path, THREE_DEAD)) == (0, 0, 3, 0, 0)


def test_a_new_victim_of_a_known_incident(store: Store, tmp_path: Path) -> None:
    """R94: recorded in the incident there is; the others keep their codes."""
    take(store, tmp_path, THREE_DEAD)
    codes = column(store, "SELECT code FROM victim ORDER BY code")
    assert figures(take(store, tmp_path, THREE_DEAD + "d,X,2020-01-01,Dora,60\n")) == (1, 0, 3, 0, 0)
    assert names(store)["2020-01-01"] == [("Anna", 30), ("Clara", 50), ("Dora", 60)]
    assert set(codes) < set(column(store, "SELECT code FROM victim"))
    assert column(store, "SELECT count(*) FROM incident") == [2]


def test_a_victim_keeps_the_code_through_changes_of_others(store: Store, tmp_path: Path) -> None:
    """R20: a code never passes to another person, though the file changes order, ages and who is on it."""
    take(store, tmp_path, THREE_DEAD + "d,X,2020-01-01,Dora,60\n")
    code = dict(
        tuple(row)
        for row in store.rows(sa.text("SELECT n.name, v.code FROM victim v JOIN victim_name n ON n.victim_id = v.id"))
    )
    newer = PEOPLE + "d,X,2020-01-01,Dora,61\nc,X,2020-01-01,Klara,50\nb,Y,2020-01-05,Boris,40\n"
    assert figures(take(store, tmp_path, newer, complete=True)) == (0, 2, 1, 0, 1)
    now = dict(
        tuple(row)
        for row in store.rows(sa.text("SELECT n.name, v.code FROM victim v JOIN victim_name n ON n.victim_id = v.id"))
    )
    assert now == {"Boris": code["Boris"], "Klara": code["Clara"], "Dora": code["Dora"]}
    assert names(store)["2020-01-01"] == [("Dora", 61), ("Klara", 50)]


def test_a_victim_no_longer_named_goes_only_with_complete(store: Store, tmp_path: Path) -> None:
    """R94: first told, then taken out of the incident, which stays for the others."""
    take(store, tmp_path, THREE_DEAD)
    shorter = THREE_DEAD.replace("c,X,2020-01-01,Clara,50\n", "")
    assert figures(take(store, tmp_path, shorter)) == (0, 0, 2, 0, 1)
    assert len(names(store)["2020-01-01"]) == 2
    assert figures(take(store, tmp_path, shorter, complete=True)) == (0, 0, 2, 0, 1)
    assert names(store) == {"2020-01-01": [("Anna", 30)], "2020-01-05": [("Boris", 40)]}


def test_an_edited_victim_stays_and_new_ones_come(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: a person's age for Anna, the file's new age for Clara, and Dora new."""
    take(store, tmp_path, THREE_DEAD)
    draft, version = store.draft(incident(store, "a"))
    draft.victims[0] = draft.victims[0].model_copy(update={"age_years": 33.0})
    store.amend("incident", incident(store, "a"), draft, expected=version, by=by, reason="birth certificate")
    newer = THREE_DEAD.replace("Anna,30", "Anna,31").replace("Clara,50", "Clara,51") + "d,X,2020-01-01,Dora,60\n"
    report = take(store, tmp_path, newer)
    assert (figures(report), report.warnings) == ((1, 2, 1, 0, 0), 1)
    assert names(store)["2020-01-01"] == [("Anna", 33), ("Clara", 51), ("Dora", 60)]


def test_a_row_that_names_another_incident_moves_there(store: Store, tmp_path: Path) -> None:
    """R09, R94: nobody is counted twice, and an incident that nothing names any more is withdrawn."""
    take(store, tmp_path, THREE_DEAD)
    moved = THREE_DEAD.replace("c,X,2020-01-01", "c,Y,2020-01-05")
    assert figures(take(store, tmp_path, moved)) == (0, 1, 2, 0, 0)
    assert names(store) == {"2020-01-01": [("Anna", 30)], "2020-01-05": [("Boris", 40), ("Clara", 50)]}
    together = moved.replace("a,X,2020-01-01", "a,Y,2020-01-05")
    assert figures(take(store, tmp_path, together)) == (0, 1, 2, 0, 0)
    assert names(store) == {"2020-01-05": [("Anna", 30), ("Boris", 40), ("Clara", 50)]}
    assert figures(take(store, tmp_path, THREE_DEAD)) == (0, 3, 0, 0, 0)
    assert names(store) == {"2020-01-01": [("Anna", 30), ("Clara", 50)], "2020-01-05": [("Boris", 40)]}


def test_an_incident_that_only_got_another_name_is_the_same(store: Store, tmp_path: Path) -> None:
    """R94: its rows are the same, so it is."""
    take(store, tmp_path, THREE_DEAD)
    before = incident(store, "a")
    assert figures(take(store, tmp_path, THREE_DEAD.replace(",X,", ",X-1,"))) == (0, 0, 3, 0, 0)
    assert incident(store, "a") == before


def test_a_refused_row_does_not_take_its_neighbours_names_along(store: Store, tmp_path: Path) -> None:
    """R16: of three rows of one incident the middle one is refused; groups of the others are kept."""
    text = (
        PEOPLE.replace("age", "race")
        + "a,X,2020-01-01,Anna,Blue\nb,X,2020-13-01,Boris,Red\nc,X,2020-01-01,Clara,Green\n"
    )
    assert figures(take(store, tmp_path, text, format=IntakeFormat.VICTIMS)) == (2, 0, 0, 1, 0)
    assert column(store, "SELECT label FROM identity_group ORDER BY 1") == ["Blue", "Green"]


def test_rows_of_one_incident_that_disagree_are_told(store: Store, tmp_path: Path) -> None:
    """R08: the first row speaks for the incident; the other's date stays in its claim."""
    report = take(store, tmp_path, THREE_DEAD.replace("c,X,2020-01-01", "c,X,2020-01-02"))
    assert report.kinds_of_warning == {"date_start: The first row's value is held.": 1}


# Taking a batch back --------------------------------------------------------------------------------------------------


def test_a_batch_is_taken_back_and_its_file_comes_in_anew(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: withdrawn with its reason, kept in the ledger; once more, it is recorded, not restored."""
    take(store, tmp_path, FIRST)
    assert intake.withdraw_batch(store, 1, by, "wrong file") == {"withdrawn": 3, "restored": 0, "left": 0}
    store.verify()
    assert killed(store) == []
    reasons = set(column(store, "SELECT withdrawn_reason FROM incident"))
    assert reasons == {"withdrawal of batch 1: wrong file"}
    assert [batch["withdrawn_at"] is not None for batch in intake.batches(store)] == [True]
    with pytest.raises(UsageFault, match="already withdrawn"):
        intake.withdraw_batch(store, 1, by, "again")
    assert figures(take(store, tmp_path, FIRST)) == (3, 0, 0, 0, 0)
    assert killed(store) == [2, 4, 1]


def test_an_amending_batch_taken_back_restores(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20, R94: what it amended is as before, what it recorded is gone, what it withdrew stands again."""
    take(store, tmp_path, FIRST)
    newer = SECOND.replace("3,2020-02-01,Y,,1,1,1\n", "4,2020-03-01,Z,,7,7,7\n")
    assert figures(take(store, tmp_path, newer, complete=True)) == (1, 1, 1, 0, 1)
    assert killed(store) == [2, 5, 7]
    assert intake.withdraw_batch(store, 2, by, "bad version") == {"withdrawn": 1, "restored": 2, "left": 0}
    store.verify()
    assert killed(store) == [2, 4, 1]
    assert standings(store, "2") == [("current", 4), ("withdrawn", 5)]
    assert figures(take(store, tmp_path, FIRST)) == (0, 0, 3, 0, 0)
    assert figures(take(store, tmp_path, newer)) == (1, 1, 1, 0, 1)


def test_what_changed_since_is_left(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: an incident a person edited after the amendment; and one that a later batch supports."""
    take(store, tmp_path, FIRST)
    take(store, tmp_path, SECOND)
    edit(store, by, "2", title="Mine")
    assert intake.withdraw_batch(store, 2, by, "bad version") == {"withdrawn": 0, "restored": 0, "left": 1}
    assert killed(store) == [2, 5, 1]
    assert intake.withdraw_batch(store, 1, by, "bad list") == {"withdrawn": 2, "restored": 0, "left": 1}
    store.verify()
    assert killed(store) == [5]


def test_a_row_that_came_back_elsewhere_is_not_restored(store: Store, tmp_path: Path, by: Acting) -> None:
    """R94: batch 2 withdrew it, batch 3 recorded it anew: one of the two stands."""
    take(store, tmp_path, FIRST)
    take(store, tmp_path, FIRST.replace("2,2020-01-02,X,Agency,0,4,9\n", ""), complete=True)
    take(store, tmp_path, SECOND)
    assert intake.withdraw_batch(store, 2, by, "was a part only") == {"withdrawn": 0, "restored": 0, "left": 1}
    store.verify()
    assert killed(store) == [2, 5, 1]


def test_victims_that_moved_move_back(store: Store, tmp_path: Path, by: Acting) -> None:
    """R20: a batch that moved rows between incidents is taken back whole."""
    take(store, tmp_path, THREE_DEAD)
    before = names(store)
    take(
        store,
        tmp_path,
        THREE_DEAD.replace("c,X,2020-01-01", "c,Z,2020-01-09").replace("a,X,2020-01-01", "a,Y,2020-01-05"),
    )
    assert names(store) != before
    intake.withdraw_batch(store, 2, by, "wrong join")
    store.verify()
    assert names(store) == before
    assert figures(take(store, tmp_path, THREE_DEAD)) == (0, 0, 3, 0, 0)
