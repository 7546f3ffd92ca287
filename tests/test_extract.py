"""The incidents of a filter as a table that leaves the pages: to whom, for what, noted, and what of it is withheld."""

import csv
import hashlib
import io
import json
from typing import Any

import pytest
import sqlalchemy as sa
from filled import Filled, fill

from casualty import extract, filters
from casualty.access import Acting
from casualty.errors import InvalidRecords, Refused
from casualty.extract import Extract
from casualty.filters import EVERYTHING
from casualty.schema import SituationFields, table
from casualty.store import Store

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def held(store: Store) -> Filled:
    return fill(store, store.local("tester"), store.local("reviewer"))


def lines(made: Extract) -> tuple[dict[str, list[str]], list[dict[str, str]]]:
    """What the first lines say, and the rows below them."""
    read = list(csv.reader(io.StringIO(made.csv.decode("utf-8-sig"))))
    said: dict[str, list[str]] = {}
    for line in read:
        if line[0].startswith("# "):
            said.setdefault(line[0][2:], []).append(line[1])
    heads, *rows = [line for line in read if not line[0].startswith("# ")]
    return said, [dict(zip(heads, row, strict=True)) for row in rows]


def taken(store: Store, by: Acting, wanted: str = "") -> tuple[dict[str, list[str]], list[dict[str, str]]]:
    return lines(extract.take(store, by, filters.read(wanted), "to count"))


def standing(store: Store) -> dict[str, Any]:
    incident = table("incident")
    chosen = sa.select(incident).where(incident.c.withdrawn_at.is_(None), incident.c.merged_into_id.is_(None))
    return {row.id: row for row in store.rows(chosen)}


@pytest.mark.parametrize("role", ["recorder", "reviewer"])
def test_who_may_take_none_is_refused(store: Store, accounts: dict[str, Acting], role: str) -> None:
    """R64, R75: and nothing is noted."""
    head = store.head()
    with pytest.raises(Refused, match="must be one of: administrator, analyst, custodian"):
        extract.take(store, accounts[role], EVERYTHING, "to count")
    assert store.head() == head


def test_an_account_of_named_situations_takes_none(store: Store, accounts: dict[str, Acting]) -> None:
    """R75"""
    north = store.record("situation", SituationFields(name="North"), accounts["administrator"]).id
    store.clear("analyst", north, accounts["administrator"], "works on the north")
    head = store.head()
    with pytest.raises(Refused, match="whole record"):
        extract.take(store, accounts["analyst"], EVERYTHING, "to count")
    assert store.head() == head


@pytest.mark.parametrize("purpose", ["", "  \n"])
def test_without_a_purpose_nothing_leaves(store: Store, by: Acting, held: Filled, purpose: str) -> None:
    """R64, R81"""
    head = store.head()
    with pytest.raises(InvalidRecords) as told:
        extract.take(store, by, EVERYTHING, purpose)
    assert [fault.field for fault in told.value.faults] == ["purpose"]
    assert store.head() == head


def test_what_is_taken_is_noted(store: Store, by: Acting, held: Filled) -> None:
    """R81: who, what for, under which filter, how many, at which state of the record, with the file's own hash."""
    before = store.head()
    made = extract.take(store, by, filters.read("killed_best.from(3)"), " to count\n")
    (row,) = store.rows(sa.select(table("release")))
    assert (row.id, row.recipient, row.tier, row.incidents) == (made.release_id, by.name, "internal", made.incidents)
    assert json.loads(row.basis) == {
        "purpose": "to count",
        "filter": "killed_best.from(3)",
        "what": "table of incidents",
    }
    assert row.manifest_sha256 == made.sha256 == hashlib.sha256(made.csv).hexdigest()
    assert row.ledger_head == before.hash
    assert store.history("release", made.release_id)[0].reason == "a table of incidents was taken"
    said, rows = lines(made)
    assert said["filter"] == ["killed_best.from(3)"]
    assert said["ledger_head"] == [before.hash]
    assert said["caveats"] == list(extract.CAVEATS)
    assert len(rows) == made.incidents
    store.verify()


def test_every_incident_has_a_row_with_its_figures(store: Store, by: Acting, held: Filled) -> None:
    """R08, R49: unknown is empty and never 0; the rows stand in the order of their keys, whatever is withheld of them."""
    there = standing(store)
    _, rows = taken(store, by)
    assert [row["id"] for row in rows] == sorted(there)
    for row in rows:
        if not row["withheld"]:
            assert row["killed_best"] == (
                "" if there[row["id"]].killed_best is None else str(there[row["id"]].killed_best)
            )


def test_what_is_withheld_is_told_and_not_dropped(store: Store, by: Acting, held: Filled) -> None:
    """R41, R60: a title that names a group of a dimension that is off does not leave; that it was withheld does."""
    made = extract.take(store, by, EVERYTHING, "to count")
    _, rows = lines(made)
    told = {row["id"]: row for row in rows}
    assert "Canarycult" not in made.csv.decode()
    assert "Canaryfaith" not in made.csv.decode()
    off = told[held.ids["off"]]
    assert off["title"] == ""
    assert "title" in off["withheld"]
    assert told[held.ids["verified"]]["title"] == ""
    assert told[held.ids["persons"]]["withheld"] == ""


def test_work_goes_on_in_parts_and_says_so(
    store: Store, by: Acting, held: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R49: in parts or at once, the same table."""
    whole = lines(extract.take(store, by, EVERYTHING, "to count"))[1]
    monkeypatch.setattr(extract, "AT_ONCE", 3)
    seen: list[tuple[int, int]] = []
    parts = lines(extract.take(store, by, EVERYTHING, "to count", lambda done, of: seen.append((done, of))))[1]
    assert parts == whole
    assert seen[-1] == (len(whole), len(whole))
    assert [done for done, _ in seen] == sorted({min(at + 3, len(whole)) for at in range(0, len(whole), 3)})
