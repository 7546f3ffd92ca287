"""Whether the data can answer a question, said before it is asked: from the minimums of the questions themselves (R33, R50)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from casualty import asking
from casualty.asking import QUESTIONS, Material
from casualty.errors import NotEnoughData
from casualty.patterns.events import Events
from casualty.readiness import Can, Readiness, Verdict, readiness

GROUP = {"dimension": "faith", "group": "north"}
# What each question is asked with here; `disparity` is asked of the record alone, see test_filtered_runs.
ASKED: dict[str, Mapping[str, Any]] = {
    "scan": GROUP | {"model": "bernoulli", "kind": "spatial", "replications": 9},
    "near-repeat": {"space": [2000.0, 9000.0], "days": [7.0, 14.0], "replications": 9},
    "hotspots": GROUP | {"cell": 2500.0, "replications": 9},
    "trend": {"every": "month", "replications": 9},
    "surveillance": {"every": "week"},
    "colocation": GROUP | {"space": [1000.0], "replications": 9},
    "signature": GROUP | {"replications": 9},
    "actors": {"replications": 9, "within_areas": False},
    "funnel": GROUP,
    "widespread": GROUP | {"replications": 9},
}


def events(n: int = 120, **changed: Any) -> Events:
    """Incidents of two groups in a square of 9 km and twelve areas, over a year."""
    rng = np.random.default_rng(3)
    own = np.arange(n) % 3 == 0
    made: dict[str, Any] = {
        "ids": tuple(f"I-{i}" for i in range(n)), "x": rng.uniform(0, 9000, n), "y": rng.uniform(0, 9000, n),
        "day": 19000.0 + np.arange(n) * 3 % 365, "spread_m": np.full(n, np.nan), "place_precision": np.ones(n),
        "date_precision": np.ones(n), "groups": ("north", "south"), "mix": np.column_stack([own, ~own]).astype(float),
        "victims": np.ones((n, 3)), "reported": np.full(n, np.nan), "area": tuple(f"A{i % 12}" for i in range(n)),
        "tier": ("verified",) * n, "sources": (frozenset({"s"}),) * n,
        "actors": tuple(frozenset({f"P{(i // 7) % 2}"}) for i in range(n)),
        "acts": (frozenset({"killing"}),) * n, "means": (frozenset(),) * n, "place_type": (None,) * n,
    }  # fmt: skip
    made["day_span"] = np.column_stack([made["day"], made["day"]])
    return Events(**made | changed)


def line(found: Readiness, words: str) -> Any:
    (one,) = [each for each in found.lines if words in each.what]
    return one


def test_every_question_but_the_one_of_the_record_is_looked_at() -> None:
    """R50"""
    assert set(ASKED) | {"disparity"} == set(QUESTIONS)


@pytest.mark.parametrize("method", ASKED)
def test_what_can_be_asked_is_answered(method: str) -> None:
    """R50: where there is enough of everything no question refuses."""
    material = Material(events())
    found = readiness(material, method, ASKED[method])
    assert found.can is Can.YES, [each for each in found.lines if each.verdict is Verdict.SHORT]
    assert asking.answer(material, method, ASKED[method])["n"] > 0


@pytest.mark.parametrize("method", [method for method in ASKED if method != "surveillance"])
@pytest.mark.parametrize("n", [0, 1, 2])
def test_what_cannot_be_asked_is_said_before(method: str, n: int) -> None:
    """R50: where readiness says no, with the mend, the question would refuse itself."""
    material = Material(events().only(np.arange(120) < n))
    found = readiness(material, method, ASKED[method])
    if found.can is Can.NO:
        short = [each for each in found.lines if each.verdict is Verdict.SHORT]
        assert all(each.mend for each in short)
        with pytest.raises(NotEnoughData):
            asking.answer(material, method, ASKED[method])
    else:
        assert asking.answer(material, method, ASKED[method])["n"] == n


MINIMUMS = [("scan", 10), ("near-repeat", 5), ("colocation", 5), ("actors", 10), ("trend", 5)]


@pytest.mark.parametrize(("method", "least"), MINIMUMS)
def test_the_minimum_is_the_one_at_which_the_question_refuses(method: str, least: int) -> None:
    """R50: never one that was made up: with one less it refuses."""
    assert line(readiness(Material(events()), method, ASKED[method]), "can be used").least == least
    few = Material(events().only(np.arange(120) < least - 1))
    assert readiness(few, method, ASKED[method]).can is Can.NO
    with pytest.raises(NotEnoughData):
        asking.answer(few, method, ASKED[method])


def test_coarse_places_never_count_as_points() -> None:
    """R33: a place known to a district is none."""
    half = np.where(np.arange(120) % 2, 3.0, 1.0)
    found = readiness(Material(events(place_precision=half)), "near-repeat", ASKED["near-repeat"])
    assert (line(found, "better than to a district").number, line(found, "can be used").number) == (60, 60)
    assert readiness(Material(events(place_precision=np.full(120, 4.0))), "scan", ASKED["scan"]).can is Can.NO


def test_dates_and_unknown_identities_are_counted() -> None:
    """R50: with what would mend them; what is unknown stays unknown."""
    mix = events().mix.copy()
    mix[:70] = np.nan
    span = events().day_span.copy()
    span[:20, 1] += 30
    found = readiness(
        Material(events(mix=mix, day_span=span)), "scan", {**ASKED["scan"], "kind": "retrospective", "every": 7}
    )
    known = line(found, "known identity")
    assert (known.number, known.of, known.verdict) == (50, 120, Verdict.COUNT)
    assert "basis" in known.mend
    assert line(found, "date known").number == 100
    assert found.can is Can.CAUTION  # less than half can be used


def test_people_are_counted_where_a_rate_is_asked_for() -> None:
    """R45: without a denominator the answer is no."""
    chosen = ASKED["funnel"] | {"base": "people"}
    assert readiness(Material(events()), "funnel", chosen).can is Can.NO
    people = {f"A{i}": (90.0, 100.0, 110.0) for i in range(12)}
    found = readiness(Material(events(), people=people), "funnel", chosen)
    assert (found.can, line(found, "number of people").number) == (Can.YES, 12)
    against = {**GROUP, "model": "poisson"}
    assert line(readiness(Material(events(), people=people), "scan", against), "can be used").number == 40


def test_a_group_that_is_everything_cannot_be_compared() -> None:
    """R50: a part needs a whole."""
    every = np.column_stack([np.ones(120), np.zeros(120)])
    found = readiness(Material(events(mix=every)), "scan", ASKED["scan"])
    assert line(found, "other groups").verdict is Verdict.SHORT
    assert found.can is Can.NO
    none = replace(events(), mix=every[:, ::-1])
    assert line(readiness(Material(none), "scan", ASKED["scan"]), "victim of the group").number == 0


def test_one_group_and_its_incidents_alone() -> None:
    """R50: a question of one group in time counts the group's incidents."""
    found = readiness(Material(events()), "trend", {**ASKED["trend"], **GROUP})
    assert line(found, "can be used").number == 40
    assert line(found, "Steps of time").least == 4
