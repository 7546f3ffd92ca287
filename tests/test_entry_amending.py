"""Amending: what was changed in the form is changed in the record, all else stays byte for byte (R20, R22, R30, R58)."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typed import actors, changed, full, held, kept, opened, record, rich, values
from whole import incident, references

from app import entry
from casualty import desk, sample
from casualty.access import Acting
from casualty.errors import InvalidRecords
from casualty.ledger import Rows
from casualty.schema import IncidentDraft, table
from casualty.store import Store

SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def example_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The sample data set as it is taken in."""
    path = tmp_path_factory.mktemp("sample") / "record.db"
    sample.build(str(path), lambda _: None)
    store = Store.open(path)
    yield store
    store.close()


# Nothing changed ------------------------------------------------------------------------------------------------------


def test_a_form_that_is_only_opened_writes_nothing(store: Store, by: Acting) -> None:
    """R20: for a record with every kind of content, whether the form lies on the desk or not."""
    key = rich(store, by)
    head = store.head()
    edit, typed = opened(store, key)
    assert entry.amend(store, by, edit, typed, "").version == edit.version
    desk.keep(store, by, edit.form_id, typed | {"reason": "?"}, incident_id=key, version=edit.version)
    assert entry.amend(store, by, edit, typed, "?").version == edit.version
    assert store.head() == head
    assert desk.amending(store, by, key) is None


def test_every_incident_of_the_sample_is_left_as_it_is(example_store: Store) -> None:
    """R20: whatever was taken in, the form that it fills says the same, without a question of its own."""
    store, head = example_store, example_store.head()
    by = store.sign_in("administrator", sample.PASSWORD)
    asked: list[str] = []
    for row in store.rows(sa.select(table("incident").c.id, table("incident").c.code)):
        edit, typed = opened(store, row.id)
        found = entry.understood(typed, store, amending=True).found
        asked += [f"{row.code}: {fault}" for fault in found.faults]
        assert entry.amend(store, by, edit, typed, "").version == edit.version, row.code
    assert asked == []
    assert store.head() == head


STRANGE: list[dict[str, Any]] = [
    {"lat": 0.0, "lon": 0.0},
    {"lat": 1e-05, "lon": -1e-06},
    {"lat": 1.123456789, "lon": 2.0, "place_precision": None, "uncertainty_m": None},
    {"date_start": "1066-10-14", "date_end": "1066-10-14"},
    {"date_start": "0001-01-01", "date_end": "0001-01-01"},
    {"date_precision": None},
    {"date_start": None, "date_end": None, "date_precision": None, "date_missing": "withheld"},
    {"date_start": "2020-01-01", "date_end": "2021-12-31", "date_precision": 5},
    {"killed_low": 9, "killed_best": 5, "killed_high": 1, "count_conflict": True},
    {"killed_low": None, "killed_best": None, "killed_high": None},
    {"uncertainty_m": 0.1234567891},
    {"clarity": 2, "boundary_set": "a set"},
    {"victims": [{}]},
    {"victims": [{}, {"names": [{"name": "A"}]}, {}]},
    {"victims": [{"kind": "group"}, {"kind": "group", "ref": "g"}, {"resolved_out_of": "g"}]},
    {"victims": [{"kind": "group", "count_low": 9, "count_high": 2, "count_conflict": True}]},
    {"victims": [{"age_years": 0.0001}, {"age_low": 10.5, "age_high": 12.5}, {"age_low": 3.0}, {"age_band": "withheld"}]},
    {"victims": [{"age_years": 8 / 12, "age_band": "infant"}, {"age_band": "unknown"}, {"harm": "alive", "sex": "withheld"}]},
    {"victims": [{"names": [{"name": "A"}, {"name": "A", "kind": "alias"}]}]},
    {"victims": [{"acts": [{"kind": "torture", "means": "a"}, {"kind": "torture", "means": "b", "note": "n"}]}]},
    {"victims": [{"occupation_missing": "withheld", "described_as": "x" * 400}]},
    {"involvements": [{"actor_missing": "withheld"}, {"actor_missing": "unknown", "note": "n"}]},
    {"claims": []},
]  # fmt: skip


@pytest.mark.parametrize("fields", STRANGE)
def test_what_cannot_be_typed_stays_as_it_is(sqlite_store: Store, fields: dict[str, Any]) -> None:
    """R20, R08: an amendment of something else neither changes it nor is hindered by it."""
    store, by = sqlite_store, sqlite_store.local("tester")
    ids = references(store, by)
    fields = fields | {"claims": [{"document_id": ids["document"]}]}
    key = store.record("incident", incident(ids, **{"victims": [], "involvements": []} | fields), by).id
    before = store.current("incident", key)
    edit, typed = opened(store, key)
    assert entry.amend(store, by, edit, typed, "").version == 1
    assert changed(store, by, key, counted_how="by hand").version == 2
    after = values(store.current("incident", key))
    assert after["incident"][0].pop("counted_how") == "by hand"
    assert after == values(before)


# One thing changed ----------------------------------------------------------------------------------------------------

ONE: list[tuple[dict[str, Any], str, dict[str, object]]] = [
    ({"killed": "12"}, "incident", {"killed_best": 12, "killed_low": None, "killed_high": None}),
    ({"killed": "?"}, "incident", {"killed_low": None, "killed_best": None, "killed_high": None}),
    ({"title": None}, "incident", {"title": None}),
    ({"date": "2024-05-01"}, "incident", {"date_start": "2024-05-01", "date_end": "2024-05-01"}),
    ({"coordinates": "2.5, 1.25"}, "incident", {"lat": 2.5, "lon": 1.25}),
    ({"sensitivity": "severe"}, "incident", {"sensitivity": "severe"}),
    ({"people__PERSON__sex": ""}, "victim", {"sex": "not_recorded"}),
    ({"people__PERSON__age": ""}, "victim", {"age_years": None, "age_band": "not_recorded"}),
    ({"people__PERSON__age": "40"}, "victim", {"age_years": 40}),
    ({"people__PERSON__note": "a nurse"}, "victim", {"described_as": "a nurse"}),
    ({"people__PERSON__harm": "injured"}, "victim", {"harm": "injured"}),
    ({"person__PERSON__part_of": None}, "victim", {"resolved_out_of": None}),
    ({"person__PERSON__date_of_death": None}, "victim", {"date_of_death": None}),
    ({"people__GROUP__count": "4-6"}, "victim", {"count_low": 4, "count_best": None, "count_high": 6}),
    ({"people__GROUP__count": "?"}, "victim", {"count_low": None, "count_best": None, "count_high": None}),
]  # fmt: skip


@pytest.mark.parametrize(("boxes", "name", "stated"), ONE)
def test_one_box_changes_one_thing(
    sqlite_store: Store, boxes: dict[str, Any], name: str, stated: dict[str, object]
) -> None:
    """R20: an emptied box empties what stood in it; every other value of the record stays."""
    store, by = sqlite_store, sqlite_store.local("tester")
    key = rich(store, by)
    before = values(store.current("incident", key))
    ids = {row["kind"].upper(): row["id"] for row in before["victim"]}
    named = {box.replace("PERSON", ids["PERSON"]).replace("GROUP", ids["GROUP"]): value for box, value in boxes.items()}
    changed(store, by, key, **named)
    after = values(store.current("incident", key))
    where = next((ids[word] for word in ids if word in next(iter(boxes))), key)
    now = next(row for row in after[name] if row["id"] == where)
    was = next(row for row in before[name] if row["id"] == where)
    assert {column: now.get(column) for column in stated} == stated
    follows = {"date_as_reported", "age_band", "date_precision"} | stated.keys()
    rest = [{k: v for k, v in row.items() if k not in follows} for row in (now, was)]
    assert rest[0] == rest[1]
    now.clear(), was.clear()
    assert after == before


def test_a_name_is_added_and_the_others_keep_what_is_held_of_them(sqlite_store: Store) -> None:
    """R23: the kind of a name is not asked in the form, and not lost by it; nor is a name that stands twice."""
    store, by = sqlite_store, sqlite_store.local("tester")
    names = [{"name": "A"}, {"name": "B", "kind": "alias"}, {"name": "A", "kind": "birth", "language": "ar"}]
    key = rich(store, by, victims=[{"names": names}])
    (victim,) = store.current("incident", key)["victim"]
    changed(store, by, key, **{f"person__{victim['id']}__names": "C"})
    found = [(row["name"], row["kind"], row.get("language")) for row in store.current("incident", key)["victim_name"]]
    assert sorted(found, key=str) == sorted(
        [("A", "full", None), ("B", "alias", None), ("A", "birth", "ar"), ("C", "full", None)], key=str
    )
    changed(store, by, key, **{f"people__{victim['id']}__other_name": ""})
    assert sorted(row["name"] for row in store.current("incident", key)["victim_name"]) == ["A", "A", "C"]


def test_an_act_is_changed_and_keeps_its_note(sqlite_store: Store) -> None:
    """R24: means are asked once for all acts; what was said of each stays."""
    store, by = sqlite_store, sqlite_store.local("tester")
    acts = [{"kind": "torture", "means": "a", "note": "n"}, {"kind": "torture", "means": "b"}, {"kind": "killing"}]
    key = rich(store, by, victims=[{"names": [{"name": "A"}], "acts": acts}])
    (victim,) = store.current("incident", key)["victim"]
    at = f"person__{victim['id']}"

    def stands() -> set[tuple[str | None, ...]]:
        held_now = store.current("incident", key)["act"]
        return {(act["kind"], act.get("means"), act.get("note")) for act in held_now}

    changed(store, by, key, **{f"{at}__acts": ["torture", "killing", "injury"]})
    assert stands() == {("torture", "a", "n"), ("torture", "b", None), ("killing", None, None), ("injury", None, None)}
    changed(store, by, key, **{f"{at}__acts": ["torture"], f"{at}__means": "c"})
    assert stands() == {("torture", "c", "n"), ("torture", "c", None)}


def test_an_identity_is_changed_and_the_others_stay(store: Store, by: Acting) -> None:
    """R39, R44: each attribution keeps its sense, how sure it is and its document."""
    ids = references(store, by)
    one = {"dimension_id": ids["dimension"], "group_id": ids["identity_group"], "basis": "document", "sense": "perceived",
           "confidence": "low", "document_id": ids["document"]}  # fmt: skip
    two = {"dimension_id": ids["dimension"], "group_missing": "withheld", "basis": "family"}
    for victim in ({"names": [{"name": "A"}]}, {"kind": "group", "count_best": 3}):
        drafted = incident(ids, victims=[{**victim, "attributions": [one, two, one | {"basis": "family"}]}])
        key = store.record("incident", drafted, by).id
        (row,) = store.current("incident", key)["victim"]
        before = {part["id"]: part for part in store.current("incident", key)["attribution"]}
        changed(store, by, key, **{f"identity__{row['id']}.1__basis": "self_stated"})
        after = {part["id"]: part for part in store.current("incident", key)["attribution"]}
        kept_now = [part for part in before.values() if after.get(part["id"]) == part]
        assert len(kept_now) == 2
        (new,) = [part for part in after.values() if part["id"] not in before]
        assert (new["group_missing"], new["basis"], new["sense"]) == ("withheld", "self_stated", "own")
        changed(store, by, key, **{f"person__{row['id']}__identities": []})
        assert len(store.current("incident", key)["attribution"]) == 1


def test_a_row_that_is_removed_takes_that_victim_alone(store: Store, by: Acting) -> None:
    """R20, R24: the others keep their keys and codes."""
    key = rich(store, by, victims=[{"names": [{"name": name}]} for name in "ABC"])
    before = {row["id"]: row for row in store.current("incident", key)["victim"]}
    _, typed = opened(store, key)
    rows = [row for row in typed["people"] if row["name"] != "B"]
    changed(store, by, key, people=[*rows, {"id": "new", "name": "D"}])
    after = {row["id"]: row for row in store.current("incident", key)["victim"]}
    assert len(before.keys() - after.keys()) == len(after.keys() - before.keys()) == 1
    assert all(after[key] == row for key, row in before.items() if key in after)
    assert [row["name"] for row in store.current("incident", key)["victim_name"]].count("B") == 0


def test_the_group_of_a_person_may_be_removed(store: Store, by: Acting) -> None:
    """R09: who was counted in it counts alone."""
    key = rich(store, by)
    _, typed = opened(store, key)
    changed(store, by, key, people=[row for row in typed["people"] if row.get("name")])
    (person,) = store.current("incident", key)["victim"]
    assert (person["kind"], person.get("resolved_out_of")) == ("person", None)


def test_a_group_gets_a_name_and_is_a_person(store: Store, by: Acting) -> None:
    """R09, R24: the row keeps its code."""
    key = rich(store, by, victims=[{"kind": "group", "count_best": 1, "described_as": "a guard"}])
    (group,) = store.current("incident", key)["victim"]
    _, typed = opened(store, key)
    changed(store, by, key, people=[typed["people"][0] | {"count": "", "name": "A"}])
    (person,) = store.current("incident", key)["victim"]
    assert (person["code"], person["kind"], person["count_best"], person["described_as"]) == (
        group["code"],
        "person",
        1,
        "a guard",
    )


# Actors and sources ---------------------------------------------------------------------------------------------------


def test_an_involvement_is_changed_removed_and_added(store: Store, by: Acting) -> None:
    """R37: each alone; an actor who is held is not recorded again, also one that was withdrawn."""
    key = rich(store, by)
    before = store.current("incident", key)["involvement"]
    first, second = (part["id"] for part in sorted(before, key=lambda part: "actor_missing" in part))
    store.withdraw("actor", before[0].get("actor_id") or before[1]["actor_id"], by, "twice")
    changed(store, by, key, **{f"actor__{first}__response": "denied"})
    now = {part["id"]: part for part in store.current("incident", key)["involvement"]}
    assert now[first] == next(part for part in before if part["id"] == first) | {"response": "denied"}
    assert now[second] == next(part for part in before if part["id"] == second)
    assert len(store.rows(sa.select(table("actor")))) == 1
    changed(store, by, key, **{f"actor__{first}__role": None, f"actor__{second}__actor": "Group Z"})
    now = {part["id"]: part for part in store.current("incident", key)["involvement"]}
    assert now[first]["role"] == "not_recorded"
    assert (now[second].get("actor_missing"), actors(store)[now[second]["actor_id"]]) == (None, "Group Z")
    changed(store, by, key, actors=[second, "new"], actor__new__role="present")
    now = {part["id"]: part for part in store.current("incident", key)["involvement"]}
    assert first not in now
    assert {part["role"] for part in now.values()} == {"not_recorded", "present"}


def test_an_act_by_an_involvement_that_is_removed_is_questioned(store: Store, by: Acting) -> None:
    """R24, R37: at the box of that act."""
    saved = record(store, by, full(held(store, by)))
    person = next(row["id"] for row in store.current("incident", saved.id)["victim"] if row["kind"] == "person")
    with pytest.raises(InvalidRecords) as told:
        changed(store, by, saved.id, actors=[])
    assert [fault.field for fault in told.value.faults] == [f"person.{person}.act_by"]


def test_a_source_typed_into_an_amendment_comes_in_addition(store: Store, by: Acting) -> None:
    """R22, R30: evidence is never removed, and a new source states its own figures only."""
    key = rich(store, by)
    before = store.current("incident", key)["claim"]
    changed(store, by, key, source__1__name="Clinic", source__1__killed="4", killed="4")
    after = store.current("incident", key)["claim"]
    assert [claim for claim in after if claim in before] == before
    (new,) = [claim for claim in after if claim not in before]
    assert (new["killed_best"], new.get("injured_best")) == (4, None)


def test_a_full_form_is_opened_again_as_it_was_typed(store: Store, by: Acting) -> None:
    """R20, R23: the same record, read from the form that it fills."""
    saved = record(store, by, full(held(store, by)))
    edit, typed = opened(store, saved.id)
    assert entry.understood(typed, store, amending=True).found.faults == []
    before = store.current("incident", saved.id)
    form_id = kept(store, by, typed | {"source.1.name": "Another"})
    again = entry.record(store, by, form_id, typed | {"source.1.name": "Another"})
    after = store.current("incident", again.id)

    def bare(rows: Rows) -> dict[str, list[Any]]:
        apart = ("id", "code", "version", "recorded_at")
        said = {
            name: [{k: v for k, v in row.items() if k not in apart and not k.endswith("_id") and k != "resolved_out_of"} for row in part]
            for name, part in rows.items() if name not in ("claim", "involvement")
        }  # fmt: skip
        return {name: sorted(part, key=str) for name, part in said.items()}

    assert bare(after) == bare(before)
    assert edit.version == 1


# Any change -----------------------------------------------------------------------------------------------------------

TYPED = {
    "killed": st.sampled_from(["0", "12", "9-11", "?", "at least 3"]), "injured": st.sampled_from(["", "4", "2-3"]),
    "date": st.sampled_from(["2024-05-01", "May 2024", "2024-05-02"]), "title": st.sampled_from(["", "Another", "عنوان"]),
    "country": st.sampled_from(["", "Elsewhere"]), "coordinates": st.sampled_from(["", "3, 4", "0.5, 0.5"]),
    "place_precision": st.sampled_from(["", "2", "7"]), "counted_how": st.sampled_from(["", "by hand"]),
}  # fmt: skip


@SETTINGS
@given(st.fixed_dictionaries({}, optional=TYPED))
@example({"coordinates": ""})
def test_only_fields_of_changed_boxes_change(
    entered: tuple[Store, Acting, IncidentDraft, dict[str, Any]], boxes: dict[str, str]
) -> None:
    """R20: whatever is typed, the rest of the record is what it was."""
    store, by, draft, first = entered
    saved = store.record("incident", draft, by)
    before = store.current("incident", saved.id)
    changed(store, by, saved.id, **{box: value or None for box, value in boxes.items()})
    after = store.current("incident", saved.id)
    assert {name: part for name, part in after.items() if name != "incident"} == {
        name: part for name, part in before.items() if name != "incident"
    }
    was, now = before["incident"][0], after["incident"][0]
    moved = {name for name in {*was, *now} if was.get(name) != now.get(name)}
    of = {"killed": ("killed_low", "killed_best", "killed_high"), "injured": ("injured_low", "injured_best", "injured_high"),
          "date": ("date_start", "date_end", "date_precision", "date_as_reported"), "coordinates": ("lat", "lon")}  # fmt: skip
    assert moved <= {"version", *(name for box in boxes for name in of.get(box, (box,)))}
    assert (now["version"] == 1) is (moved == set())
    assert first.keys() >= {"killed", "date"}


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Acting, IncidentDraft, dict[str, Any]]]:
    """A store, and a draft with every kind of content to be recorded in it again and again."""
    store = Store.create(tmp_path_factory.mktemp("entered") / "record.db")
    by = store.local("tester")
    draft = incident(references(store, by))
    yield store, by, draft, entry.as_typed(draft, store.today())
    store.close()
