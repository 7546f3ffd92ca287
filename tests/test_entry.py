"""What is typed becomes a record or a fault at its box; nothing of it is dropped in silence (R07, R08, R23, R32, R58)."""

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typed import BOXES, CHOSEN, MINIMUM, READ, WORDS, everything, full, held, kept, put, record, rows, standing

from app import entry
from app.entry import people
from casualty import desk
from casualty.access import Acting
from casualty.errors import CasualtyError, Fault, InvalidRecords
from casualty.rules import Range
from casualty.store import Store

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MARK = "§"
ODD = st.sampled_from(["", "\x00", "\ud800", "\u202e", "😀", "' --", "<b>", "x" * 3000, "9", "\n", "٩", "/", "unknown"])
TEXT = st.text(st.characters(), max_size=12) | ODD


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Acting, dict[str, str]]]:
    """A store with what a form can choose; each use of it adds records."""
    store = Store.create(tmp_path_factory.mktemp("entry") / "record.db")
    by = store.local("tester")
    yield store, by, held(store, by)
    store.close()


def refused(store: Store, typed: dict[str, Any]) -> list[str]:
    """Return the boxes at which a saving is refused, none if it would be saved."""
    whole = entry.understood(typed, store)
    faults: tuple[Fault, ...] = ()
    try:
        entry.whole.checked(store, whole, whole.fields, typed)
    except InvalidRecords as told:
        faults = told.faults
    assert all(fault.said and fault.remedy for fault in faults)
    return [fault.field for fault in faults]


# Whole forms ----------------------------------------------------------------------------------------------------------


def test_the_minimum_is_enough(store: Store, by: Acting) -> None:
    """R07: place, date, number killed, source; all else is left open, and is not zero."""
    saved = record(store, by, MINIMUM)
    held_now = store.current("incident", saved.id)
    (row,) = held_now["incident"]
    assert (row["killed_low"], row.get("killed_best"), row["killed_high"], row.get("injured_best")) == (
        9,
        None,
        11,
        None,
    )
    assert (row["date_start"], row["date_as_reported"]) == ("2024-05-02", "2024-05-02")
    (claim,) = held_now["claim"]
    assert (claim["killed_low"], claim["killed_high"], claim["date_as_reported"]) == (9, 11, "2024-05-02")
    assert "victim" not in held_now
    store.verify()


def test_nothing_typed_is_refused_with_all_four_at_their_boxes(store: Store) -> None:
    """R07: all at once, each with its mend."""
    boxes = ["killed", "source.1.name", "date", "place_as_reported"]
    assert sorted(refused(store, {})) == sorted(boxes)
    assert sorted(refused(store, {box: " \u200f" if box == "killed" else "  " for box in boxes})) == sorted(boxes)


def test_every_box_of_a_full_form_is_in_the_record(store: Store, by: Acting) -> None:
    """R08, R09, R23, R32, R37, R39: what was typed stands where it belongs."""
    typed = full(held(store, by))
    saved = record(store, by, typed)
    now = store.current("incident", saved.id)
    (row,) = now["incident"]
    stated = {"date_start": "2024-03-05", "date_end": "2024-03-05", "date_precision": 2, "date_as_reported": "last Tuesday",
              "report_date": "2024-03-06", "lat": 33.51, "lon": 36.29, "place_precision": 2, "uncertainty_m": 1500.0,
              "killed_low": 9, "killed_best": 10, "killed_high": 11, "injured_best": 20, "missing_low": 3, "sensitivity": "high",
              "incident_type": "raid", "situation_id": typed["situation_id"]}  # fmt: skip
    assert row.items() >= stated.items()
    group, person = sorted(now["victim"], key=lambda row: row["kind"])
    assert (group["count_low"], group["count_high"], group["age_band"], group["described_as"]) == (
        2,
        4,
        "child",
        "harvesters",
    )
    assert (person["age_years"], person["sex"], person["resolved_out_of"]) == (34, "woman", group["id"])
    assert (person["described_as"], person["date_of_death"]) == ("a teacher; with a scarf", "2024-03-07")
    assert [name["name"] for name in now["victim_name"]] == ["أمينة المثال", "Amina", "Aminah", "Umm Said"]
    assert [(one["basis"], one["sense"], one["confidence"]) for one in now["attribution"]] == [
        ("family", "own", "not_recorded"), ("document", "perceived", "high")]  # fmt: skip
    (part,) = now["involvement"]
    assert (part["role"], part["confidence"], part["response"]) == ("alleged_perpetrator", "medium", "denied")
    assert {(act["kind"], act["means"], act["involvement_id"]) for act in now["act"]} == {
        ("killing", "rifle", part["id"]), ("torture", "rifle", part["id"])}  # fmt: skip
    first, second = now["claim"]
    assert (first["killed_best"], first["injured_low"], first["injured_high"]) == (11, 18, 20)
    assert (second["killed_best"], second.get("injured_low"), second.get("date_as_reported")) == (9, None, None)
    values = {str(value) for value in everything(store)}
    words = [
        value for box, value in typed.items() if box in WORDS and box != "person.p1.names" and "described" not in box
    ]
    assert [word for word in words if word not in values] == []
    store.verify()


# Nothing in silence ---------------------------------------------------------------------------------------------------


@SETTINGS
@given(st.dictionaries(st.sampled_from(sorted((*WORDS, *READ, *CHOSEN))), TEXT, min_size=1, max_size=6))
@example(dict.fromkeys(WORDS, ""))
@example(dict.fromkeys(READ, "x"))
@example(dict.fromkeys(CHOSEN, "x"))
@example(dict.fromkeys(WORDS, "\x00"))
@example(dict.fromkeys((*WORDS, *READ), "x" * 3000))
def test_what_is_typed_is_in_the_record_or_at_fault_in_its_box(
    filled: tuple[Store, Acting, dict[str, str]], texts: dict[str, str]
) -> None:
    """R32: each box gets a text of its own; it is found in what is saved, or the fault names its box, and no other."""
    store, by, ids = filled
    marked = {box: f"{MARK}{number}{MARK}{text}" for number, (box, text) in enumerate(texts.items())}
    good = full(ids)
    typed = functools.reduce(lambda form, box: put(form, box, marked[box]), marked, good)
    told: set[str] = set()
    while boxes := set(refused(store, typed)):  # an identity without its group is asked for its group first
        assert boxes <= marked.keys() - told
        told |= boxes
        typed = functools.reduce(lambda form, box: put(form, box, standing(good, box)), boxes, typed)
    assert {box for box in marked if box in (*READ, *CHOSEN)} <= told
    record(store, by, typed)
    found = [str(value) for value in everything(store)]
    for box in marked.keys() - told:
        parts = marked[box].splitlines() if box == "person.p1.names" else [marked[box]]
        assert [part for part in parts if not any(part.strip() in value for value in found)] == [], box


ROW = st.fixed_dictionaries(
    {},
    optional={
        name: TEXT | st.sampled_from(["3", "0", "1", "2-4", "killed", "injured", "woman", "34", "d/unknown", "family"])
        for name in ("name", "other_name", "count", "sex", "age", "harm", "identity", "basis", "note")
    },
)
LOOSE = st.dictionaries(
    st.sampled_from([*(box for box in sorted(BOXES) if not box.startswith("people")), "calendar", "date_chosen",
                     "coordinates_chosen", "person.r0.names", "person.r0.part_of", "person.r0.means", "identity.r0.sense"]),
    TEXT, max_size=12,
)  # fmt: skip


@SETTINGS
@given(LOOSE, st.lists(ROW, max_size=5), st.booleans())
def test_any_form_is_saved_or_refused_in_words(
    filled: tuple[Store, Acting, dict[str, str]], boxes: dict[str, str], listed: list[dict[str, str]], minimum: bool
) -> None:
    """R58, R74: no traceback; what is refused changes nothing, neither the record nor the form."""
    store, by, _ = filled
    typed = (MINIMUM if minimum else {}) | {"people": [row | {"id": f"r{at}"} for at, row in enumerate(listed)]} | boxes
    typed |= {"actors": ["a1"], "sources": ["s2"], "person.r0.acts": ["killing"], "person.r0.identities": ["i2"]}
    head, form_id = store.head(), kept(store, by, typed)
    whole = entry.understood(typed, store)
    people.tally(whole.fields["victims"], Range(1, 2, 3))
    try:
        entry.record(store, by, form_id, typed)
    except CasualtyError:
        saved = False
    else:
        saved = True
    form = desk.form(store, by, form_id)
    assert form is not None
    assert (store.head() != head, form.saved_id is not None) == (saved, saved)
    assert saved or form.typed == typed


# Rows -----------------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"people": [{"id": "r", "name": "A", "count": "3"}]}, "people.r.count"),
    ({"people": [{"id": "r", "count": "some"}]}, "people.r.count"),
    ({"people": [{"id": "r", "count": "4-2"}]}, "people.r.count"),
    ({"people": [{"id": "r", "count": "3"}], "person.r.names": "A\nB"}, "people.r.count"),
    ({"people": [{"id": "r", "name": "A", "age": "old as the hills"}]}, "people.r.age"),
    ({"people": [{"id": "r", "name": "A", "age": "200"}]}, "people.r.age"),
    ({"people": [{"id": "r", "name": "A", "basis": "family"}]}, "people.r.identity"),
    ({"people": [{"id": "r", "name": "A", "identity": "d/unknown"}]}, "people.r.basis"),
    ({"people": [{"id": "r", "name": "A", "identity": "North", "basis": "family"}]}, "people.r.identity"),
    ({"people": [{"id": "r", "name": "A", "harm": "hurt"}]}, "people.r.harm"),
    ({"people": [{"id": "r", "name": "A", "sex": "f"}]}, "people.r.sex"),
    ({"people": [{"id": "r", "name": "A" * 301}]}, "people.r.name"),
    ({"people": [{"id": "r", "name": "A", "other_name": "A" * 301}]}, "people.r.other_name"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.names": "B" * 301}, "person.r.names"),
    ({"people": [{"id": "r", "name": "A", "note": "n" * 401}]}, "people.r.note"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.means": "rifle"}, "person.r.acts"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.act_by": "gone", "person.r.acts": ["killing"]}, "person.r.act_by"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.date_of_death": "March 2024"}, "person.r.date_of_death"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.date_of_death": "2024-04-01"}, "person.r.date_of_death"),
    ({"people": [{"id": "r", "name": "A"}], "person.r.identities": ["i"], "identity.i.sense": "perceived"}, "identity.i.group"),
    ({"people": [{"id": "g", "count": "at most 1"}, *({"id": n, "name": n} for n in "ab")], "person.a.part_of": "g",
      "person.b.part_of": "g"}, "people"),
    ({"sources": ["s"], "source.s.title": "A list"}, "source.s.name"),
    ({"source.1.name": None, "source.1.title": "A list"}, "source.1.name"),
    ({"source.1.name": "x" * 301}, "source.1.name"),
    ({"source.1.actor": "x" * 401}, "source.1.actor"),
    ({"source.1.date": "x" * 301}, "source.1.date"),
    ({"source.1.killed": "many"}, "source.1.killed"),
    ({"source.1.url": "x" * 2001}, "source.1.url"),
    ({"actors": ["a"], "actor.a.actor": "x" * 301}, "actor.a.actor"),
    ({"actors": ["a"], "actor.a.note": "x" * 501}, "actor.a.note"),
    ({"date": "05/04/24"}, "date"),
    ({"date": "2999-01-01"}, "date"),
    ({"date_missing": "unknown"}, "date"),
    ({"place_missing": "unknown"}, "place_as_reported"),
    ({"report_date": "2024"}, "report_date"),
    ({"coordinates": "33"}, "coordinates"),
    ({"uncertainty_m": "far"}, "uncertainty_m"),
    ({"uncertainty_m": "-5"}, "uncertainty_m"),
    ({"coordinates": "33.51, 36.29", "place_precision": "1", "uncertainty_m": "2000"}, "uncertainty_m"),
    ({"killed": "11-9"}, "killed"),
    ({"injured": "a few"}, "injured"),
    ({"title": "x" * 301}, "title"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "box"), REFUSED)
def test_each_fault_stands_at_its_own_box_and_alone(sqlite_store: Store, typed: dict[str, Any], box: str) -> None:
    """R08, R09, R32, R39: one thing is wrong, one fault is told, where it was typed."""
    assert refused(sqlite_store, MINIMUM | typed) == [box]


TAKEN: list[tuple[dict[str, Any], dict[str, object]]] = [
    ({"harm": "killed"}, {"kind": "person", "harm": "killed"}),
    ({"sex": "woman"}, {"kind": "person", "harm": "killed", "sex": "woman"}),
    ({"note": "a guard"}, {"kind": "person", "described_as": "a guard"}),
    ({"count": "0"}, {"kind": "group", "count_best": 0}),
    ({"count": "1"}, {"kind": "group", "count_best": 1}),
    ({"count": "٣"}, {"kind": "group", "count_best": 3}),
    ({"count": "?"}, {"kind": "group", "count_low": None, "count_best": None, "count_high": None}),
    ({"count": "3", "age": "child"}, {"kind": "group", "age_band": "child"}),
    ({"name": "A", "count": "1"}, {"kind": "person"}),
    ({"name": "A", "age": "34"}, {"age_years": 34, "age_band": "adult"}),
    ({"name": "A", "age": "٣٤ سنة"}, {"age_years": 34}),
    ({"name": "A", "age": "34 عامًا"}, {"age_years": 34}),
    ({"name": "A", "age": "34 ans"}, {"age_years": 34}),
    ({"name": "A", "age": "6 أشهر"}, {"age_years": 0.5, "age_band": "infant"}),
    ({"name": "A", "age": "30-35"}, {"age_low": 30, "age_high": 35}),
    ({"name": "A", "age": "٣٠–٣٥"}, {"age_low": 30, "age_high": 35}),
    ({"name": "A", "age": "طفلة"}, {"age_band": "child"}),
    ({"name": "A", "age": "غير معروف"}, {"age_band": "unknown"}),
    ({"name": "A", "age": "0"}, {"age_years": 0, "age_band": "infant"}),
]  # fmt: skip


@pytest.mark.parametrize(("row", "stated"), TAKEN)
def test_a_row_is_a_person_or_a_group(sqlite_store: Store, row: dict[str, Any], stated: dict[str, object]) -> None:
    """R08, R09, R23, R24: unnamed persons count; a number alone is a group; ages in the words of the recorder."""
    record(sqlite_store, sqlite_store.local("tester"), MINIMUM | {"people": [row | {"id": "r"}]})
    (victim,) = rows(sqlite_store, "victim")
    assert {name: victim[name] for name in stated} == stated


def test_an_identity_may_be_unknown_and_says_why(sqlite_store: Store) -> None:
    """R39, R44: unknown is stated, with its basis, and is no group."""
    by = sqlite_store.local("tester")
    ids = held(sqlite_store, by)
    row = {"id": "r", "name": "A", "identity": f"{ids['dimension']}/unknown", "basis": "family"}
    record(sqlite_store, by, MINIMUM | {"people": [row]})
    (one,) = rows(sqlite_store, "attribution")
    assert (one["group_id"], one["group_missing"], one["basis"]) == (None, "unknown", "family")


def test_a_person_out_of_a_group_that_was_removed_counts_alone(sqlite_store: Store) -> None:
    """R09"""
    typed = MINIMUM | {"people": [{"id": "r", "name": "A"}], "person.r.part_of": "gone"}
    record(sqlite_store, sqlite_store.local("tester"), typed)
    assert [row["resolved_out_of"] for row in rows(sqlite_store, "victim")] == [None]


def test_many_victims_are_saved_at_once(sqlite_store: Store) -> None:
    """R09: more than two hundred rows, in their order."""
    people_typed = [{"id": f"r{number}", "name": f"اسم {number}", "age": str(number % 90)} for number in range(300)]
    record(sqlite_store, sqlite_store.local("tester"), MINIMUM | {"killed": "300", "people": people_typed})
    assert len(rows(sqlite_store, "victim")) == 300
    assert {row["name"] for row in rows(sqlite_store, "victim_name")} == {row["name"] for row in people_typed}


# Questions ------------------------------------------------------------------------------------------------------------


def test_an_answer_holds_for_the_text_that_was_asked_about(sqlite_store: Store) -> None:
    """R32: a date that may be two is asked; once another text is typed the answer is none."""
    store = sqlite_store
    typed = MINIMUM | {"date": "03/04/2024"}
    found = entry.understood(typed, store).found
    assert [fault.field for fault in found.faults] == ["date"]
    april = next(reading for reading in found.choices["date"] if f"{reading.start}" == "2024-04-03")
    answered = typed | {"date_chosen": entry.reading.chosen(april, "03/04/2024")}
    assert refused(store, answered) == []
    assert f"{entry.understood(answered, store).fields['date_start']}" == "2024-04-03"
    for other in ("03/05/2024", "03/04/2023"):
        assert refused(store, answered | {"date": other}) == ["date"]


def test_an_answer_about_coordinates_holds_for_that_text(sqlite_store: Store) -> None:
    """R33"""
    store = sqlite_store
    typed = MINIMUM | {"coordinates": "0, 0"}
    (point,) = entry.understood(typed, store).found.choices["coordinates"]
    answered = typed | {"coordinates_chosen": {"text": "0, 0", "lat": point.lat, "lon": point.lon}}
    assert refused(store, answered) == []
    assert entry.understood(answered, store).fields["lat"] == 0
    assert refused(store, answered | {"coordinates": "0,0 "}) == ["coordinates"]


def test_a_hijri_date_is_never_more_precise_than_a_day_either_way(sqlite_store: Store) -> None:
    """R32: and its text is kept."""
    typed = MINIMUM | {"date": "3 رمضان 1445", "calendar": "hijri"}
    record(sqlite_store, sqlite_store.local("tester"), typed)
    (row,) = rows(sqlite_store, "incident")
    assert (str(row["date_start"]), str(row["date_end"])) == ("2024-03-12", "2024-03-14")
    assert (row["date_precision"], row["date_as_reported"]) == (2, "3 رمضان 1445")
