"""Repeated signatures and the measures set beside them: against brute force, what must not move them, false alarms.

Holds R52 and R54 (measures side by side, no verdict), R47, R48, R50, R55 and R56. The unit is the incident.
"""

from dataclasses import replace
from itertools import combinations
from math import isclose
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import COARSE_DATE, NO_IDENTITY, Events
from casualty.patterns.signature import LEAST_INCIDENTS, NO_AREA, PAIRS, Signed, periods, repeated_signature
from casualty.patterns.widespread import (
    AREAS,
    EVENNESS,
    GAP,
    INCIDENTS,
    LARGEST,
    MEASURES,
    MONTHS,
    REPEATED,
    SIDE,
    VICTIMS,
    widespread,
)

SOME = settings(deadline=None, max_examples=60)
FEW = settings(deadline=None, max_examples=15)


def table(rows: list[dict[str, Any]]) -> Events:
    """Incidents of G and H; a row says what differs from an incident of G with one victim in area a."""
    blank = {
        "g": 1.0,
        "area": "a",
        "day": 0.0,
        "victims": 1.0,
        "who": "p",
        "act": "shot",
        "means": "gun",
        "place": "home",
    }
    full = [blank | row for row in rows]
    n = len(full)
    share = np.array([row["g"] for row in full], dtype=float)
    day = np.array([row["day"] for row in full], dtype=float)
    victims = np.array([row["victims"] for row in full], dtype=float)

    def words(name: str) -> tuple[frozenset[str], ...]:
        return tuple(frozenset({row[name]} if row[name] else ()) for row in full)

    return Events(
        ids=tuple(f"i{i}" for i in range(n)),
        x=np.arange(n, dtype=float),
        y=np.zeros(n),
        day=day,
        day_span=np.stack([day, day], axis=1),
        spread_m=np.full(n, np.nan),
        place_precision=np.ones(n),
        date_precision=np.ones(n),
        groups=("G", "H"),
        mix=np.stack([share, 1 - share], axis=1),
        victims=np.stack([victims] * 3, axis=1),
        reported=day,
        area=tuple(row["area"] for row in full),
        tier=("other",) * n,
        sources=(frozenset({"s"}),) * n,
        actors=words("who"),
        acts=words("act"),
        means=words("means"),
        place_type=tuple(row["place"] for row in full),
    )


def null(seed: int, n: int = 150) -> Events:
    """No targeting: residence and the armed actors differ by area, sizes have a heavy tail, a fifth is mixed."""
    rng = np.random.default_rng(seed)
    area = rng.choice(4, n, p=rng.dirichlet(np.ones(4)))
    live, who = rng.beta(2, 4, 4), rng.dirichlet(np.ones(3) * 0.6, 4)
    rows = []
    for a in area:
        p = rng.choice(3, p=who[a])
        mixed = rng.random() < 0.2
        share = rng.random() if mixed else float(rng.random() < live[a])
        size = float(min(1 + int(rng.pareto(1.1)), 500))
        told = {"who": f"p{p}", "means": f"m{(p + rng.integers(2)) % 3}", "place": f"t{rng.integers(2)}"}
        rows.append({"g": share, "area": f"a{a}", "day": float(rng.integers(730)), "victims": size, **told})
    return table(rows)


def ask(events: Events, seed: int = 1, **chosen: Any) -> Answer:
    return repeated_signature(events, "G", rng=np.random.default_rng(seed), **chosen)


def row(answer: Answer, band: str) -> Any:
    return next(row for row in answer.rows if row["band"] == band)


SIGNED = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=12
)


def signed(rows: list[tuple[float, int, int]]) -> Signed:
    share, signature, stratum = (np.array(column) for column in zip(*rows, strict=True))
    names = tuple((frozenset({str(i)}),) for i in range(3))
    return Signed(share.astype(float), signature.astype(np.intp), stratum.astype(np.intp), names[: signature.max() + 1])


@SOME
@given(SIGNED)
def test_pairs_are_those_counted_by_hand(rows: list[tuple[float, int, int]]) -> None:
    """R56"""
    by_hand = sum(a[0] * b[0] for a, b in combinations(rows, 2) if a[1] == b[1])
    assert isclose(signed(rows).pairs(np.array([[r[0] for r in rows]]))[0], by_hand, abs_tol=1e-12)


@SOME
@given(SIGNED)
def test_the_expectation_is_the_mean_over_every_exchange_within_strata(rows: list[tuple[float, int, int]]) -> None:
    """R46, R56: against the mean over pairs of places that two shares can take."""
    n, total = len(rows), 0.0
    votes = np.zeros(3)
    for i in range(n):
        home = [r[0] for r in rows if r[2] == rows[i][2]]
        votes[rows[i][1]] += sum(home) / len(home)
        for j in range(i):
            if rows[i][1] == rows[j][1]:
                there = [r[0] for r in rows if r[2] == rows[j][2]]
                if rows[i][2] == rows[j][2]:
                    two = [a * b for a, b in combinations(home, 2)]
                    total += sum(two) / len(two)
                else:
                    total += sum(home) / len(home) * sum(there) / len(there)
    made = signed(rows)
    assert isclose(made.expected_pairs(np.ones((1, n)))[0], total, abs_tol=1e-9)
    assert np.allclose(made.expected_votes(), votes[: len(made.signatures)])


@SOME
@given(SIGNED, st.integers(0, 99))
def test_shares_change_places_only_within_their_stratum(rows: list[tuple[float, int, int]], seed: int) -> None:
    """R46, R56: whole mixes move, none is lost or split."""
    made = signed(rows)
    for drawn in made.shuffled(np.random.default_rng(seed), 5):
        for stratum in set(made.stratum.tolist()):
            inside = made.stratum == stratum
            assert sorted(drawn[inside]) == sorted(made.share[inside])


def test_no_targeting_raises_an_alarm_no_more_often_than_it_may() -> None:
    """R48, R56: heavy-tailed sizes, mixed incidents, residence and actors that differ by area; 5 % of 120 and 3 sd."""
    wrong = sum(any(row["alarm"] for row in ask(null(seed), seed, replications=99).rows) for seed in range(120))
    assert wrong <= 13


def test_a_repeated_signature_is_found_and_its_size_moves_nothing() -> None:
    """R56: and victims do not count."""
    campaign = [{"who": "p9", "place": "t9", "g": 1.0, "day": float(10 * i), "area": "a0"} for i in range(9)]
    quiet = null(3)
    loud = [{"who": f"p{i % 3}", "place": f"t{i % 4}", "g": 0.0, "day": float(7 * i), "area": "a0"} for i in range(40)]
    events = table(campaign + loud)
    answer = ask(events)
    found = row(answer, "p9 · shot · gun · t9")
    assert found["alarm"]
    assert found["observed"] == 9
    assert found["low"] > 1
    assert "consistent with" in answer.sentence
    assert "p9 · shot · gun · t9" in answer.sentence
    assert ask(replace(events, victims=events.victims * 500)) == answer
    assert not any(row["alarm"] for row in ask(quiet).rows)


def test_the_same_excess_between_areas_is_no_alarm() -> None:
    """R46: the group lives where one actor is; within areas nothing differs."""
    rows = [{"who": "p1", "area": "a", "g": float(i % 10 > 0), "day": float(i)} for i in range(40)]
    rows += [{"who": "p2", "area": "b", "g": float(i % 10 == 0), "day": float(i)} for i in range(40)]
    answer = ask(table(rows))
    assert all(row["p"] == 1 and row["ratio"] == pytest.approx(1) for row in answer.rows)
    assert "nothing can be said" in answer.sentence


def test_what_is_not_known_is_left_out_and_counted() -> None:
    """R50: an unknown part is no value that could repeat."""
    rows = [{"day": float(i), "g": float(i % 2), "who": f"p{i % 3}"} for i in range(30)]
    events = table([*rows, {"means": ""}, {"means": "unknown"}, {"place": None}, {"area": None}, {"g": np.nan}])
    answer = ask(events)
    assert answer.n == 30
    assert sorted(answer.left_out.values()) == [1, 1, 1, 2]
    assert {NO_AREA, NO_IDENTITY} < set(answer.left_out)
    assert "unknown" not in str(answer.rows)
    fewer = ask(events, parts=("actors", "acts"))
    assert fewer.n == 33


def test_a_part_that_no_incident_has_is_no_part() -> None:
    """R50: the record holds no kind of place, and the answer says which parts it compared."""
    events = table([{"day": float(i), "g": float(i % 2), "who": f"p{i % 3}", "place": None} for i in range(30)])
    answer = ask(events)
    assert answer.n == 30
    assert answer.parameters["parts"] == ("actors", "acts", "means")
    assert "(alleged actor, act, means)" in answer.sentence or "nothing can be said" in answer.sentence
    assert measured(events)[REPEATED]["p"] is not None
    with pytest.raises(NotEnoughData):
        ask(events, parts=("place_type",))


def test_a_date_that_spans_two_periods_is_in_none() -> None:
    """R32"""
    rows = [{"day": float(i), "g": float(i % 2)} for i in range(30)]
    events = table(rows)
    events.day_span[0] = (-5, 5)
    assert ask(events, period="year").n == 29
    assert ask(events, period="all").n == 30


def test_days_lie_in_their_months() -> None:
    """R32: 1969-12-31, 1970-01-01, 1970-02-01 and 1971-01-01."""
    days = np.array([-1.0, 0.0, 31.0, 365.0])
    assert periods(days, "month").tolist() == [-1, 0, 1, 12]
    assert periods(days, "quarter").tolist() == [-1, 0, 0, 4]
    assert periods(days, "year").tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "chosen", "fault"),
    [
        ([{"g": 1.0}] * 9, {}, NotEnoughData),
        ([{"g": 0.0}] * 9, {}, NotEnoughData),
        ([{"g": 1.0}] + [{"g": 0.0}] * 9, {}, NotEnoughData),
        ([{"g": np.nan}] * 9, {}, NotEnoughData),
        ([], {}, NotEnoughData),
        ([{}], {"parts": ("colour",)}, UsageFault),
        ([{}], {"parts": ()}, UsageFault),
        ([{}], {"period": "week"}, UsageFault),
    ],
)
def test_too_little_gives_no_number(rows: list[dict[str, Any]], chosen: dict[str, Any], fault: type[Exception]) -> None:
    """R50"""
    with pytest.raises(fault):
        ask(table(rows), **chosen)


def test_a_group_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(UsageFault, match="No group X"):
        repeated_signature(null(1), "X", rng=np.random.default_rng(1))
    with pytest.raises(UsageFault, match="No group X"):
        widespread(null(1), "X", rng=np.random.default_rng(1))


@FEW
@given(st.permutations(range(60)), st.integers(0, 9))
def test_the_order_of_incidents_moves_neither_effect_nor_interval_of_a_signature(order: list[int], seed: int) -> None:
    """R55"""
    events = null(seed, 60)
    mixed = events.only(np.ones(60, dtype=bool))
    turned = replace(
        mixed,
        **{
            name: tuple(getattr(events, name)[i] for i in order)
            for name in ("ids", "area", "actors", "acts", "means", "place_type", "tier", "sources")
        },
        **{name: getattr(events, name)[order] for name in ("day", "day_span", "mix", "victims", "x", "y")},
    )
    kept = ("observed", "expected", "ratio", "incidents")
    one, other = ask(events, replications=19), ask(turned, replications=19)
    for found in one.rows:
        assert {k: row(other, found["band"])[k] for k in kept} == pytest.approx({k: found[k] for k in kept})


def test_the_same_seed_gives_the_same_answer_and_strict_json() -> None:
    """R55"""
    assert ask(null(2), 7).as_json() == ask(null(2), 7).as_json()
    assert ask(null(2), 7).seed == 7
    rows = ask(null(2)).rows
    assert rows[0]["band"] == PAIRS
    assert all(r["incidents"] >= LEAST_INCIDENTS for r in rows[1:])
    assert all(0 < r["p"] <= r["p_adjusted"] <= 1 for r in rows)


# Widespread and systematic


def measured(events: Events, **chosen: Any) -> dict[str, Any]:
    answer = widespread(events, "G", rng=np.random.default_rng(1), draws=99, **chosen)
    return {row["band"]: row for row in answer.rows}


def test_measures_are_those_counted_by_hand() -> None:
    """R54: both words have theirs, and none is added to another."""
    rows = [{"area": "a", "day": 0.0, "victims": 8.0}, {"area": "a", "day": 10.0}, {"area": "b", "day": 50.0}]
    rows += [{"area": "c", "g": 0.0, "day": float(40 * i), "victims": 2.0} for i in range(4)]
    found = measured(table(rows), areas=5)
    assert [found[name]["observed"] for name in (INCIDENTS, *VICTIMS, AREAS, MONTHS, GAP)] == [3, 10, 10, 10, 2, 2, 40]
    assert found[LARGEST]["observed"] == pytest.approx(0.8)
    # Of three pairs one lies in one area: three by the index, but two areas at most hold an incident.
    assert found[EVENNESS]["observed"] == 2
    assert (found[AREAS]["of"], found[MONTHS]["of"]) == (5, 5)
    assert found[INCIDENTS]["expected"] == found[INCIDENTS]["thinned"] == 3
    assert found[VICTIMS[1]]["expected"] == 6
    assert set(SIDE) == {*MEASURES, REPEATED} == set(found)
    assert {row["side"] for row in found.values()} == {"widespread", "systematic"}
    assert not any(row["alarm"] for row in found.values())


@SOME
@given(st.lists(st.integers(0, 4), min_size=5, max_size=20))
def test_the_effective_number_of_areas_lies_between_one_and_those_held(areas: list[int]) -> None:
    """R54"""
    rows = [{"area": f"a{a}", "day": float(i)} for i, a in enumerate(areas)]
    found = measured(table([*rows, {"g": 0.0, "area": "a0"}]))[EVENNESS]
    held = len(set(areas))
    assert 1 <= found["observed"] <= held
    assert 1 <= found["observed_low"] <= found["observed_high"] <= len({*areas, 0})
    pairs = [a == b for a, b in combinations(areas, 2)]
    assert found["observed"] == pytest.approx(min(held, len(pairs) / sum(pairs)) if any(pairs) else held)


def test_victims_of_a_shared_incident_are_those_of_the_groups_part() -> None:
    """R54: those of an incident without the group are all others'."""
    found = measured(table([{"g": 0.25, "victims": 8.0}, {"g": 0.0, "victims": 6.0}]))
    assert (found[VICTIMS[1]]["observed"], found[VICTIMS[1]]["expected"]) == (2, 6)


def test_one_massacre_moves_no_measure_but_those_of_victims() -> None:
    """R54: the unit is the incident."""
    events = null(4)
    struck = events.victims.copy()
    struck[int(np.argmax(events.share("G")))] = 5000.0
    before, after = measured(events), measured(replace(events, victims=struck))
    moved = {name for name in before if before[name] != after[name]}
    assert moved == {*VICTIMS, LARGEST}


def test_a_side_without_others_has_no_yardstick() -> None:
    """R50"""
    events = table([{"day": float(i), "area": f"a{i % 2}"} for i in range(6)])
    answer = widespread(events, "G", rng=np.random.default_rng(1), draws=19)
    assert all(row["expected"] is None for row in answer.rows)
    assert "no other incidents" in answer.sentence
    assert "no verdict" in answer.sentence
    with pytest.raises(NotEnoughData):
        widespread(table([{"g": 0.0}] * 3), "G", rng=np.random.default_rng(1))


def test_what_a_measure_does_not_know_is_counted_beside_it() -> None:
    """R50, R32: a date known to a year only counts in no month."""
    rows = [{"day": float(40 * i), "g": float(i % 3 > 0)} for i in range(12)]
    events = table([*rows, {"area": None, "day": np.nan, "victims": np.nan, "who": ""}])
    events.day_span[1] = (0, 300)
    found = measured(events)
    assert [found[name]["unknown"] for name in (INCIDENTS, AREAS, MONTHS, VICTIMS[0])] == [0, 1, 2, 1]
    assert COARSE_DATE not in widespread(events, "G", rng=np.random.default_rng(1), draws=9).left_out
