"""Two who amend the same record, and one who saves twice: what both changed is asked, nothing else is lost (R20, R58)."""

import pytest
import sqlalchemy as sa
from typed import MINIMUM, changed, opened, put, record, rich
from whole import incident, references

from app import entry
from casualty import desk
from casualty.access import Acting
from casualty.errors import EditConflict, InvalidRecords, NotFound
from casualty.schema import ActorFields, table
from casualty.store import Store

# Two at once ----------------------------------------------------------------------------------------------------------


def test_two_who_amend_different_things_both_stand(store: Store, by: Acting) -> None:
    """R20: fields, rows and sources of both, after the second was told."""
    key = rich(store, by)
    person = next(row["id"] for row in store.current("incident", key)["victim"] if row["kind"] == "person")
    edit, typed = opened(store, key)
    _, others = opened(store, key)
    changed(store, by, key, country="Elsewhere", people=[*others["people"], {"id": "x", "name": "Of the other"}])
    mine = put(typed, f"people.{person}.age", "35") | {"counted_how": "by hand", "source.1.name": "Clinic"}
    mine |= {"people": [*put(typed, f"people.{person}.age", "35")["people"], {"id": "y", "name": "Mine"}]}
    desk.keep(store, by, edit.form_id, mine, incident_id=key, version=edit.version)
    with pytest.raises(EditConflict) as told:
        entry.amend(store, by, edit, mine, "mine")
    assert entry.clashes(told.value, store) == []
    saved = entry.settle(store, by, edit, mine, "mine", seen=told.value.current_version, theirs=frozenset())
    now = store.current("incident", key)
    assert saved.version == 3
    assert (now["incident"][0]["country"], now["incident"][0]["counted_how"]) == ("Elsewhere", "by hand")
    assert {"Of the other", "Mine"} < {row["name"] for row in now["victim_name"]}
    assert next(row["age_years"] for row in now["victim"] if row["id"] == person) == 35
    assert len(now["claim"]) == 3


def test_of_a_field_that_both_changed_the_chosen_one_stands(store: Store, by: Acting) -> None:
    """R20: mine, or theirs."""
    ids = references(store, by)
    for theirs, best in ((frozenset({"killed_best"}), 6), (frozenset[str](), 8)):
        key = store.record("incident", incident(ids, killed_low=None, killed_high=None), by).id
        edit, typed = opened(store, key)
        changed(store, by, key, killed="6", country="Elsewhere")
        mine = typed | {"killed": "8", "time_of_day": "dawn"}
        desk.keep(store, by, edit.form_id, mine, incident_id=key, version=edit.version)
        with pytest.raises(EditConflict) as told:
            entry.amend(store, by, edit, mine, "mine")
        assert [clash.field for clash in entry.clashes(told.value, store)] == ["incident.killed_best"]
        entry.settle(store, by, edit, mine, "mine", seen=told.value.current_version, theirs=theirs)
        row = store.current("incident", key)["incident"][0]
        assert (row["killed_best"], row["country"], row["time_of_day"]) == (best, "Elsewhere", "dawn")


def test_a_third_who_saves_meanwhile_is_asked_about_too(store: Store, by: Acting) -> None:
    """R20: a settlement is of the version that was seen."""
    key = rich(store, by)
    edit, typed = opened(store, key)
    mine = typed | {"time_of_day": "dawn"}
    desk.keep(store, by, edit.form_id, mine, incident_id=key, version=edit.version)
    changed(store, by, key, country="Elsewhere")
    changed(store, by, key, admin1="West")
    with pytest.raises(EditConflict):
        entry.settle(store, by, edit, mine, "mine", seen=2, theirs=frozenset())


def test_a_victim_that_another_removed_stays_removed(store: Store, by: Acting) -> None:
    """R20"""
    key = rich(store, by, victims=[{"names": [{"name": name}]} for name in "AB"])
    edit, typed = opened(store, key)
    changed(store, by, key, people=[row for row in typed["people"] if row["name"] == "A"])
    mine = typed | {"time_of_day": "dawn"}
    desk.keep(store, by, edit.form_id, mine, incident_id=key, version=edit.version)
    entry.settle(store, by, edit, mine, "mine", seen=2, theirs=frozenset())
    assert [row["name"] for row in store.current("incident", key)["victim_name"]] == ["A"]


# Once, and by whom ----------------------------------------------------------------------------------------------------


def test_an_amendment_is_saved_once_and_by_its_own(store: Store, by: Acting) -> None:
    """R58, R75"""
    saved = record(store, by, MINIMUM)
    edit, typed = opened(store, saved.id)
    mine = typed | {"killed": "12"}
    desk.keep(store, by, edit.form_id, mine, incident_id=saved.id, version=edit.version)
    with pytest.raises(NotFound):
        entry.amend(store, store.local("second"), edit, mine, "not mine")
    assert entry.amend(store, by, edit, mine, "recount").version == 2
    with pytest.raises(InvalidRecords, match="saved already"):
        entry.amend(store, by, edit, mine | {"killed": "13"}, "again")
    assert store.history("incident", saved.id)[-1].reason == "recount"
    store.verify()


def test_a_fault_saves_nothing_and_names_its_box(store: Store, by: Acting) -> None:
    """R58: neither the change nor the source that was typed with it."""
    saved = record(store, by, MINIMUM)
    head = store.head()
    with pytest.raises(InvalidRecords) as told:
        changed(store, by, saved.id, date="some day", source__1__name="Clinic", people=[{"id": "r", "age": "x"}])
    assert sorted(fault.field for fault in told.value.faults) == ["date", "people.r.age"]
    assert store.head() == head
    assert [row.name for row in store.rows(sa.select(table("source")))] == ["Radio Sample"]


def test_an_actor_of_the_same_name_is_chosen_not_made(store: Store, by: Acting) -> None:
    """R37"""
    store.record("actor", ActorFields(name="Group B"), by)
    saved = record(store, by, MINIMUM)
    changed(store, by, saved.id, actors=["new"], actor__new__actor="group B")
    assert [row.name for row in store.rows(sa.select(table("actor")))] == ["Group B"]
