"""Sums with their unknowns beside them (R09, R29, R30, R50)."""

from pathlib import Path

import pytest
from conftest import minimum

from casualty import intake
from casualty.access import Acting
from casualty.store import Store
from casualty.summary import Sums, summarise
from casualty.vocabulary import IncidentStatus


def person(**fields: object) -> dict[str, object]:
    return {"kind": "person", "harm": "killed", **fields}


def group(low: int | None, best: int | None, high: int | None, ref: str = "g") -> dict[str, object]:
    return {"kind": "group", "harm": "killed", "ref": ref, "count_low": low, "count_best": best, "count_high": high}


NONE = {"killed_best": None}
CASES = [
    # stated figures                       victims                                   low best high without_best persons
    ({"killed_low": 2, "killed_best": 3, "killed_high": 5}, [],                        2, 3, 5, 0, 0),
    ({"killed_low": 2, "killed_best": None, "killed_high": 5}, [],                     2, 0, 5, 1, 0),
    ({"killed_best": 0}, [],                                                           0, 0, 0, 0, 0),
    ({"killed_best": 9}, [person(), person()],                                         0, 9, 0, 0, 2),
    (NONE, [],                                                                         0, 0, 0, 1, 0),
    (NONE, [person(), person()],                                                       2, 2, 2, 0, 2),
    (NONE, [person(harm="injured")],                                                   0, 0, 0, 1, 1),
    (NONE, [group(4, 6, 9)],                                                           4, 6, 9, 0, 0),
    (NONE, [group(4, 6, 9), person(resolved_out_of="g"), person()],                    5, 7, 10, 0, 2),
    (NONE, [group(4, None, 9)],                                                        4, 0, 9, 1, 0),
    (NONE, [group(1, 1, 4), person(resolved_out_of="g"), person(resolved_out_of="g")], 2, 2, 4, 0, 2),
    ({"killed_low": 9, "killed_best": 3, "killed_high": 5, "count_conflict": True}, [], 9, 3, 5, 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "victims", "low", "best", "high", "without", "persons"), CASES)
def test_what_one_incident_adds(
    store: Store, by: Acting, document: str, stated: dict[str, object], victims: list[dict[str, object]],
    low: int, best: int, high: int, without: int, persons: int,
) -> None:  # fmt: skip
    """R09, R30: stated figures first; else the victims, each once; an unknown adds 0 and is told."""
    store.record("incident", minimum(document, victims=victims, **stated), by)
    assert summarise(store).total == Sums(1, persons, low, best, high, without, 1)


def test_withdrawn_incidents_are_left_out(store: Store, by: Acting, document: str) -> None:
    """R10, R18: withdrawn is not counted; a draft is, until it is."""
    saved = store.record("incident", minimum(document), by)
    store.record("incident", minimum(document), by, status=IncidentStatus.DRAFT)
    store.withdraw("incident", saved.id, by, "entered twice")
    assert summarise(store).total.incidents == 1
    assert summarise(store, status="draft").total.incidents == 1
    assert summarise(store, status="withdrawn").total.incidents == 0


def test_parts_add_up_to_the_whole(store: Store, by: Acting, document: str) -> None:
    """R29: by year, by status and by area, the parts with the unknown part are the whole."""
    store.record("incident", minimum(document, admin1="North", lat=1.0, lon=2.0), by)
    undated = {"date_start": None, "date_end": None, "date_missing": "unknown", "killed_best": None}
    store.record("incident", minimum(document, **undated), by, status=IncidentStatus.DRAFT)
    for part in ("year", "status", "admin1"):
        found = summarise(store, part)
        whole = Sums()
        for sums in found.by.values():
            whole.add(sums)
        assert whole == found.total
    assert list(summarise(store, "year").by) == ["2024", "unknown"]
    assert list(summarise(store, "admin1").by) == ["North", "unknown"]


def test_real_lists_sum_as_published(sqlite_store: Store, shared: Path) -> None:
    """R92: the Iraq list and the migrants' list give the totals computed from the files."""
    data = shared / "data"
    intake.take_in(sqlite_store, data / "iraq_body_count/ibc_incidents_2003_2017.csv", sqlite_store.local("tester"))
    years = summarise(sqlite_store, "year")
    assert (years.total.killed_low, years.total.killed_high) == (171_238, 190_818)
    assert (years.by["2006"].killed_low, years.by["2006"].killed_high) == (27_582, 29_560)
    assert years.total.without_best == years.total.without_place == 51_607
