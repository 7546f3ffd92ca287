"""Three-way merging in tables: what the file said, what it says now, what people made of it, and what is held then."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.intake.merging import KEPT, merge
from casualty.schema import IncidentDraft

TODAY = date(2025, 1, 1)
NOTHING: frozenset[str] = frozenset()
BASE: dict[str, Any] = {
    "date_start": "2020-01-01", "date_end": "2020-01-05", "place_as_reported": "Market", "killed_low": 1, "killed_best": 2,
    "killed_high": 3, "claims": [{"document_id": "d"}],
}  # fmt: skip


def draft(**fields: Any) -> IncidentDraft:
    return IncidentDraft.model_validate({**BASE, **fields})


def person(name: str, age: float, **fields: Any) -> dict[str, Any]:
    return {"kind": "person", "harm": "killed", "names": [{"name": name}], "age_years": age, **fields}


FIELDS = [
    # the file said           it says now                what is held              what is held then                    kept
    ({}, {}, {"title": "Mine"}, {"title": "Mine"}, []),
    ({}, {"title": "New"}, {}, {"title": "New"}, []),
    ({"title": "Old"}, {}, {"title": "Old"}, {"title": None}, []),
    ({}, {"title": "New"}, {"title": "Mine"}, {"title": "Mine"}, ["title"]),
    ({}, {"title": "Mine"}, {"title": "Mine"}, {"title": "Mine"}, []),
    ({}, {"killed_best": 3}, {}, {"killed_best": 3, "count_conflict": False}, []),
    ({}, {"killed_best": 9, "count_conflict": True}, {}, {"killed_best": 9, "count_conflict": True}, []),
    ({"killed_best": 9, "count_conflict": True}, {}, {"killed_best": 9, "count_conflict": True},
     {"killed_best": 2, "count_conflict": False}, []),
    ({}, {"killed_high": 9}, {"killed_low": 2}, {"killed_low": 2, "killed_high": 3}, ["killed_high"]),
    ({}, {"injured_best": 4}, {"killed_low": 2}, {"killed_low": 2, "injured_best": 4}, []),
    ({}, {"date_start": "2020-01-04", "date_end": "2020-01-06"}, {"date_end": "2020-01-03"},
     {"date_start": date(2020, 1, 1), "date_end": date(2020, 1, 3)}, ["date_start, date_end"]),
    ({}, {"place_as_reported": "Bridge"}, {"pcode": "U1"}, {"place_as_reported": "Market", "pcode": "U1"}, ["place_as_reported"]),
    ({}, {"place_as_reported": None, "place_missing": "unknown"}, {}, {"place_as_reported": None, "place_missing": "unknown"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("said", "says", "held", "then", "kept"), FIELDS)
def test_fields(
    said: dict[str, Any], says: dict[str, Any], held: dict[str, Any], then: dict[str, Any], kept: list[str]
) -> None:
    """R20: an edit stays, a change comes, and where both touched the same thing a warning says so."""
    found = merge(draft(**held), {"a": draft(**said)}, {"a": draft(**says)}, NOTHING, TODAY)
    assert {name: getattr(found.draft, name) for name in then} == then
    assert [(fault.field, fault.mend) for fault in found.kept] == [(field, KEPT) for field in kept]


def held_with(*victims: dict[str, Any]) -> IncidentDraft:
    return draft(victims=[{**victim, "id": f"id{n}"} for n, victim in enumerate(victims)])


def rows(*victims: dict[str, Any] | None) -> dict[str, IncidentDraft]:
    return {f"row{n}": draft(victims=[victim]) for n, victim in enumerate(victims) if victim is not None}


def told(found: IncidentDraft) -> list[tuple[str | None, str, float | None]]:
    return [(victim.id, victim.names[0].name, victim.age_years) for victim in found.victims]


ANNA, BORIS, CLARA = person("Anna", 30), person("Boris", 40), person("Clara", 50)
OLDER = person("Anna", 31)
MARRIED = person("Anna Nova", 30)
VICTIMS = [
    # the file said     it says now               what is held        who is held then                                       kept
    ([ANNA], [ANNA, BORIS], [ANNA], [("id0", "Anna", 30), (None, "Boris", 40)], 0),
    ([ANNA, BORIS], [None, BORIS], [ANNA, BORIS], [("id1", "Boris", 40)], 0),
    ([ANNA, BORIS], [OLDER, BORIS], [ANNA, BORIS], [("id0", "Anna", 31), ("id1", "Boris", 40)], 0),
    ([ANNA], [OLDER], [MARRIED], [("id0", "Anna Nova", 30)], 1),
    ([ANNA], [ANNA], [MARRIED], [("id0", "Anna Nova", 30)], 0),
    ([ANNA], [OLDER], [OLDER], [("id0", "Anna", 31)], 0),
    ([ANNA], [OLDER], [ANNA, CLARA], [("id0", "Anna", 31), ("id1", "Clara", 50)], 0),
    ([ANNA, BORIS], [OLDER, BORIS], [BORIS], [("id0", "Boris", 40)], 1),
    ([ANNA, BORIS], [ANNA, BORIS], [BORIS], [("id0", "Boris", 40)], 0),
    ([ANNA, BORIS], [ANNA, None], [ANNA, person("Boris", 41)], [("id0", "Anna", 30), ("id1", "Boris", 41)], 1),
    ([ANNA, ANNA], [ANNA, OLDER], [ANNA, ANNA], [("id0", "Anna", 30), ("id1", "Anna", 31)], 0),
    ([BORIS, ANNA], [BORIS, OLDER], [ANNA, BORIS], [("id1", "Boris", 40), ("id0", "Anna", 31)], 0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "says", "held", "then", "kept"), VICTIMS)
def test_victims(said: list[Any], says: list[Any], held: list[Any], then: list[Any], kept: int) -> None:
    """R09, R20: a key stays with its person; whom people added stays, whom they took out does not come back."""
    found = merge(held_with(*held), rows(*said), rows(*says), NOTHING, TODAY)
    assert sorted(told(found.draft), key=str) == sorted(then, key=str)
    assert len(found.kept) == kept


def test_unnamed_groups_are_followed_by_what_they_are_called() -> None:
    """R09: three figures of parties; one vanishes, one changes, one comes."""

    def group(called: str, number: int) -> dict[str, Any]:
        return {"kind": "group", "harm": "killed", "described_as": called, "count_best": number}

    said = {"a": draft(victims=[group("first", 3), group("second", 4)])}
    says = {"a": draft(victims=[group("second", 5), group("civilians", 6)])}
    found = merge(held_with(group("first", 3), group("second", 4)), said, says, NOTHING, TODAY)
    assert [(v.id, v.described_as, v.count_best) for v in found.draft.victims] == [
        ("id1", "second", 5),
        (None, "civilians", 6),
    ]
    assert found.kept == []


def test_what_is_held_in_a_closed_dimension_stays_and_is_not_compared() -> None:
    """R41: the file's new age comes; the attribution that it may not bring is not taken away."""
    attributed = [{"dimension_id": "race", "group_id": "g", "basis": "family"}]
    found = merge(held_with({**ANNA, "attributions": attributed}), rows(ANNA), rows(OLDER), frozenset({"race"}), TODAY)
    assert told(found.draft) == [("id0", "Anna", 31)]
    assert [one.basis for one in found.draft.victims[0].attributions] == ["family"]


def test_involvements_that_the_file_drops_and_adds() -> None:
    """R37: one replaced; another, on which a person wrote an answer, is kept with a warning."""
    army, band = ({"actor_id": name, "role": "side_a"} for name in ("army", "band"))
    answered = {**army, "response": "denied"}
    found = merge(
        draft(involvements=[army]), {"a": draft(involvements=[army])}, {"a": draft(involvements=[band])}, NOTHING, TODAY
    )
    assert ([part.actor_id for part in found.draft.involvements], found.kept) == (["band"], [])
    found = merge(
        draft(involvements=[answered]),
        {"a": draft(involvements=[army])},
        {"a": draft(involvements=[band])},
        NOTHING,
        TODAY,
    )
    assert ([part.actor_id for part in found.draft.involvements], len(found.kept)) == (["army", "band"], 1)


def test_a_change_that_does_not_fit_an_edit_is_not_made() -> None:
    """R08, R20: a person resolved two people out of a group of two, which the file now counts as one."""

    def group(number: int) -> dict[str, Any]:
        return {"kind": "group", "harm": "killed", "described_as": "g", "count_high": number}

    held = held_with(group(2), person("Anna", 30, resolved_out_of="id0"), person("Boris", 40, resolved_out_of="id0"))
    found = merge(held, {"a": draft(victims=[group(2)])}, {"a": draft(victims=[group(1)], title="New")}, NOTHING, TODAY)
    assert found.draft == held
    assert ["does not fit" in fault.fault for fault in found.kept] == [True]


PEOPLE = st.dictionaries(
    st.sampled_from(["r1", "r2", "r3", "r4"]), st.tuples(st.sampled_from("ABC"), st.sampled_from([20, 30]))
)


@given(PEOPLE.filter(bool), PEOPLE.filter(bool))
def test_without_edits_the_file_is_followed_to_the_letter(said: dict[str, Any], says: dict[str, Any]) -> None:
    """R94: then what is held is what the file says, no key stands for two, and a key passes only within its row."""

    def read(people: dict[str, Any]) -> dict[str, IncidentDraft]:
        return {row: draft(victims=[person(*people[row])]) for row in sorted(people)}

    base = read(said)
    held = draft(victims=[{**person(*said[row]), "id": row} for row in base])
    found = merge(held, base, read(says), NOTHING, TODAY)
    assert sorted((v.names[0].name, v.age_years) for v in found.draft.victims) == sorted(says.values())
    keys = [victim.id for victim in found.draft.victims if victim.id]
    assert len(set(keys)) == len(keys) <= len(said.keys() & says.keys())
    assert found.kept == []


@given(PEOPLE.filter(bool), PEOPLE)
def test_what_the_file_left_alone_is_left_alone(said: dict[str, Any], held: dict[str, Any]) -> None:
    """R20: whatever people made of it, the same file again changes nothing."""
    base = {row: draft(victims=[person(*said[row])]) for row in sorted(said)}
    edited = draft(title="Mine", victims=[{**person(*held[row]), "id": row} for row in sorted(held)])
    found = merge(edited, base, base, NOTHING, TODAY)
    assert sorted(told(found.draft)) == sorted(told(edited))
    assert (found.draft.title, found.kept) == ("Mine", [])
