"""Sources, actors, and a form that is saved once: who says what stays apart, and nothing becomes two (R22, R37, R58)."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from typed import MINIMUM, kept, record, rows

from app import entry
from casualty import desk
from casualty.access import Acting
from casualty.errors import InvalidRecords, NotFound
from casualty.store import Store

# Sources --------------------------------------------------------------------------------------------------------------


def test_an_only_source_states_what_the_incident_states(store: Store, by: Acting) -> None:
    """R22: until it is given figures of its own."""
    typed = MINIMUM | {"injured": "20", "date": "May 2024"}
    (claim,) = store.current("incident", record(store, by, typed).id)["claim"]
    assert (claim["killed_low"], claim["killed_high"], claim["injured_best"], claim["date_as_reported"]) == (
        9,
        11,
        20,
        "May 2024",
    )
    (claim,) = store.current("incident", record(store, by, typed | {"source.1.killed": "8"}).id)["claim"]
    assert (claim["killed_best"], claim.get("killed_low"), claim.get("injured_best")) == (8, None, None)


def test_of_several_sources_each_states_its_own(store: Store, by: Acting) -> None:
    """R22: two that disagree are both kept, and none is made to say what it did not."""
    typed = MINIMUM | {"sources": ["b", "c"], "source.1.killed": "11", "source.b.name": "Clinic", "source.b.killed": "9",
                       "source.c.name": "Neighbour"}  # fmt: skip
    claims = store.current("incident", record(store, by, typed).id)["claim"]
    assert [(claim.get("killed_best"), claim.get("killed_low")) for claim in claims] == [
        (11, None),
        (9, None),
        (None, None),
    ]
    assert len({claim["document_id"] for claim in claims}) == 3


def test_one_source_by_any_capitals_is_one_source(store: Store, by: Acting) -> None:
    """R22: and so is an actor; each report is a document of its own."""
    typed = MINIMUM | {"sources": ["b"], "source.b.name": " RADIO sample ", "actors": ["x", "y"], "actor.x.actor": "Group B",
                       "actor.y.actor": "GROUP b", "actor.y.role": "alleged_support"}  # fmt: skip
    record(store, by, typed)
    record(store, by, MINIMUM | {"source.1.name": "radio SAMPLE", "actors": ["z"], "actor.z.actor": "group B"})
    assert [row["name"] for row in rows(store, "source")] == ["Radio Sample"]
    assert [row["name"] for row in rows(store, "actor")] == ["Group B"]
    assert len(rows(store, "document")) == 3
    assert len(rows(store, "involvement")) == 3


def test_an_unknown_actor_is_an_allegation_all_the_same(store: Store, by: Acting) -> None:
    """R37: and one that was added and not filled in is none."""
    typed = MINIMUM | {"actors": ["x", "y"], "actor.x.role": "alleged_perpetrator"}
    (part,) = store.current("incident", record(store, by, typed).id)["involvement"]
    assert (part["actor_missing"], part["role"], part.get("actor_id")) == ("unknown", "alleged_perpetrator", None)


def test_a_source_may_be_added_to_a_record_that_is_held(store: Store, by: Acting) -> None:
    """R22, R30: instead of recording the same incident twice; nothing else of it changes."""
    saved = record(store, by, MINIMUM)
    before = store.current("incident", saved.id)
    typed = {"source.1.name": "Clinic", "killed": "8", "date": "2 May 2024", "place_as_reported": "The market"}
    form_id = kept(store, by, typed)
    for _ in range(2):
        entry.attach(store, by, form_id, typed, saved.id)
    after = store.current("incident", saved.id)
    assert {name: part for name, part in after.items() if name not in ("incident", "claim")} == {
        name: part for name, part in before.items() if name not in ("incident", "claim")
    }
    assert after["incident"][0] == before["incident"][0] | {"version": 2}
    assert [claim.get("killed_best") for claim in after["claim"]] == [None, 8]
    with pytest.raises(InvalidRecords) as told:
        entry.attach(store, by, kept(store, by, MINIMUM), {}, saved.id)
    assert [fault.field for fault in told.value.faults] == ["source.1.name"]


# Once -----------------------------------------------------------------------------------------------------------------


def test_victims_typed_beside_an_added_source_stay_on_the_desk(store: Store, by: Acting) -> None:
    """R58: the source goes to the record that is held; pressed twice it goes once; nothing else is lost."""
    held = record(store, by, MINIMUM)
    typed = MINIMUM | {"source.1.name": "A second paper", "people": [{"id": "a", "name": "Amina"}]}
    form_id = kept(store, by, typed)
    entry.attach(store, by, form_id, typed, held.id)
    (left,) = desk.forms(store, by)
    assert left.typed["people"] == typed["people"]
    assert not [name for name in left.typed if name.startswith("source.")]
    with pytest.raises(InvalidRecords):
        entry.attach(store, by, form_id, left.typed, held.id)
    assert len(rows(store, "claim")) == 2


def test_a_form_saved_again_is_the_same_record(store: Store, by: Acting) -> None:
    """R58: whatever stands in it by then."""
    form_id = kept(store, by, MINIMUM)
    first = entry.record(store, by, form_id, MINIMUM)
    head = store.head()
    assert entry.record(store, by, form_id, MINIMUM | {"killed": "50"}) == first
    assert store.head() == head


def test_a_form_saved_from_two_devices_at_once_is_one_record(store: Store, by: Acting) -> None:
    """R58: one incident, one source, one document."""
    for _ in range(3):
        form_id, start = kept(store, by, MINIMUM), Barrier(4)

        def save(_: int, form_id: str = form_id, start: Barrier = start) -> str:
            start.wait()
            return entry.record(store, by, form_id, MINIMUM).id

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(save, range(4)))) == 1
    assert [len(rows(store, name)) for name in ("incident", "claim", "document", "source")] == [3, 3, 3, 1]
    store.verify()


def test_nobody_else_saves_my_form_and_what_was_thrown_away_stays_so(tmp_path: Path) -> None:
    """R58, R75"""
    store = Store.create(tmp_path / "record.db")
    by, other = store.local("tester"), store.local("second")
    form_id = kept(store, by, MINIMUM)
    with pytest.raises(NotFound):
        entry.record(store, other, form_id, MINIMUM)
    desk.discard(store, by, form_id)
    with pytest.raises(NotFound):
        entry.record(store, by, form_id, MINIMUM)
    assert [rows(store, name) for name in ("incident", "source", "document")] == [[], [], []]
    store.close()
