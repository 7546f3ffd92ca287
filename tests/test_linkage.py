"""Whether two persons or two incidents are one: what speaks for it, what against, and what may never be likely (R58, R59).

Every weight is held by what it must bring about: a table of pairs and where each must stand.
"""

import datetime as dt
import math
import random
import re
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty.linkage import (
    LIKELY,
    POSSIBLE,
    IncidentTraits,
    Judged,
    PersonTraits,
    address,
    fold,
    kilometres,
    name_keys,
    names_alike,
    same_incident,
    same_person,
    slug,
)
from casualty.linkage.names import AGREES, Part, _alike, taken_apart

DAY = dt.date(2024, 5, 2)
PERSON = PersonTraits(
    names=("Ahmad Khalid Hassan",), sex="man", age_low=30, age_high=30, date=DAY, place=(35.2, 40.1), pcode="XX0102",
    harm="killed",
)  # fmt: skip
INCIDENT = IncidentTraits(
    start=DAY, end=DAY, lat=35.2, lon=40.1, uncertainty_m=1000, killed_low=9, killed_best=11, killed_high=11,
    kinds=frozenset({"air_strike"}),
)  # fmt: skip


def later(days: int) -> dt.date:
    return DAY + dt.timedelta(days=days)


PERSONS: list[tuple[str, dict[str, Any], str]] = [
    # what                                       the other person differs by                                       stands
    ("the same", {}, "likely"),
    ("in another script", {"names": ("أحمد خالد حسن",)}, "likely"),
    ("without a father's name", {"names": ("Ahmed Hasan",)}, "likely"),
    ("an age that is a guess", {"age_low": 25, "age_high": 35}, "likely"),
    ("no age, sex or place", {"age_low": None, "age_high": None, "sex": None, "place": None, "pcode": None}, "likely"),
    ("a brother in the same attack", {"names": ("Omar Khalid Hassan",), "age_low": 24, "age_high": 24}, "not shown"),
    ("a twin in the same attack", {"names": ("Omar Khalid Hassan",)}, "possible"),
    ("a namesake with another father", {"names": ("Ahmad Omar Hassan",), "age_low": 36, "age_high": 36}, "not shown"),
    ("a namesake of another generation", {"age_low": 50, "age_high": 50}, "possible"),
    ("a namesake a year later and far away", {"date": later(400), "place": (33.0, 44.0), "pcode": "YY01"}, "not shown"),
    ("a sister", {"names": ("Amal Khalid Hassan",), "sex": "woman"}, "not shown"),
    ("another sex recorded", {"sex": "woman"}, "possible"),
    ("nobody's name", {"names": ("Unknown",)}, "possible"),
    ("a name and nothing else", {"names": ("Ahmad Hassan",), "sex": None, "age_low": None, "age_high": None,
                                 "date": None, "place": None, "pcode": None}, "not shown"),
    ("found dead months after going missing", {"date": later(200), "harm": "missing"}, "likely"),
    ("a slip of the pen", {"names": ("Ahmad Khalid Hassann",)}, "likely"),
    ("sex not recorded", {"sex": "not_recorded"}, "likely"),
]  # fmt: skip

INCIDENTS: list[tuple[str, dict[str, Any], str]] = [
    ("the same", {}, "likely"),
    ("another figure that fits", {"killed_low": 11, "killed_best": 12, "killed_high": 14}, "likely"),
    ("a day later, a kilometre on, the same dead", {"start": later(1), "end": later(1), "lat": 35.21}, "possible"),
    ("another figure that does not fit", {"killed_low": 1, "killed_best": 1, "killed_high": 1}, "not shown"),
    ("another town", {"lat": 36.4}, "not shown"),
    ("another town, but only the province is known", {"lat": 35.7, "uncertainty_m": 60_000}, "not shown"),
    ("two months later, with all the names",
     {"start": later(60), "end": later(60), "names": (("Ahmad Hassan",), ("Omar Saleh",))}, "possible"),
    ("the month only", {"start": DAY.replace(day=1), "end": DAY.replace(day=31)}, "possible"),
    ("no place", {"lat": None, "lon": None}, "not shown"),
    ("no place, one page", {"lat": None, "lon": None, "documents": frozenset({"http://www.example.org/a/"})}, "likely"),
    ("ten days later in the same place", {"start": later(10), "end": later(10)}, "not shown"),
]  # fmt: skip


def standing(found: Judged) -> str:
    return "likely" if found.score >= LIKELY else "possible" if found.score >= POSSIBLE else "not shown"


@pytest.mark.parametrize(("what", "changes", "expected"), PERSONS)
def test_persons(what: str, changes: dict[str, Any], expected: str) -> None:
    """R58: kin and namesakes are never likely; what is the same person is."""
    found = same_person(PERSON, replace(PERSON, **changes))
    assert standing(found) == expected, (what, found)


@pytest.mark.parametrize(("what", "changes", "expected"), INCIDENTS)
def test_incidents(what: str, changes: dict[str, Any], expected: str) -> None:
    """R58, R59: near in day and place is likely only with figures, names or documents that agree."""
    one = replace(INCIDENT, names=(("Ahmad Hassan",), ("Omar Saleh",)), documents=frozenset({"https://example.org/a"}))
    found = same_incident(one, replace(INCIDENT, **changes))
    assert standing(found) == expected, (what, found)


def test_reasons_are_told_with_their_values() -> None:
    """R58: each reason fills its own sentence, those for it apart from those against, the weightiest first."""
    other = replace(INCIDENT, start=later(2), end=later(2), lat=35.3, killed_low=2, killed_best=2, killed_high=2)
    found = same_incident(INCIDENT, other)
    told = [reason.template.format(**reason.values) for reason in found.reasons]
    assert told == [
        "2 days apart.",
        "11.1 km apart; given both uncertainties 9.1 to 13.1 km.",
        "The same kind of incident.",
    ]
    assert [one.template.format(**one.values) for one in found.against] == ["The numbers killed differ: 9–11 and 2."]
    assert all(one.weight > 0 for one in found.reasons)
    assert sorted((abs(one.weight) for one in found.reasons), reverse=True) == [one.weight for one in found.reasons]


def test_the_score_is_that_of_the_weights() -> None:
    """R58: the formula of the docstring, by hand: 15 bits of names, half a bit of sex, 3 of age, 10 of days, 5 + 0.5 of place."""
    found = same_person(PERSON, PERSON)
    assert sum(reason.weight for reason in found.reasons) == 15 + 0.5 + 3 + 10 + 5 + 0.5
    assert found.score == pytest.approx(1 / (1 + 2 ** (16 - 34)))
    assert same_person(PersonTraits(), PersonTraits()).score == pytest.approx(1 / (1 + 2**16))
    assert same_incident(IncidentTraits(), IncidentTraits()) == Judged(pytest.approx(1 / (1 + 2**14)))


def test_what_is_not_stated_speaks_neither_way() -> None:
    """R58: taking any one value away leaves every other reason as it was."""
    whole = same_person(PERSON, PERSON)
    for name in ("sex", "date", "harm"):
        part = same_person(PERSON, replace(PERSON, **{name: None}))
        assert set(map(str, part.reasons)) <= set(map(str, whole.reasons))
        assert part.against == ()


def test_addresses_of_one_page() -> None:
    """R58: a page is the same page however its address was copied."""
    same = (
        "https://www.Example.org/a/",
        "http://example.org/a",
        "example.org/a?utm_source=x",
        "https://example.org/a#top",
    )
    assert {address(one) for one in same} == {"example.org/a"}
    assert address("https://example.org/a?id=2&x=1") == address("https://example.org/a?x=1&id=2") != address(same[0])
    assert address("https://[broken") == "https://[broken"
    assert address("AB" * 32) == "ab" * 32


def test_distance() -> None:
    """R58: the great circle, across the antimeridian and at the pole too."""
    assert kilometres((0, 0), (0, 1)) == pytest.approx(111.195, abs=0.01)
    assert kilometres((0, 179.5), (0, -179.5)) == pytest.approx(111.195, abs=0.01)
    assert kilometres((90, 0), (90, 120)) == pytest.approx(0, abs=1e-6)


def test_codes_of_stored_rows_stay() -> None:
    """R02: fold and slug of this module make codes that are stored; they are not those for comparison."""
    assert [slug(one) for one in ("Hispanic/Latino ", "Ёлка", "أحمد", "--", "Straße")] == [
        "hispanic_latino", "елка", "احمد", "unnamed", "strasse",
    ]  # fmt: skip
    assert fold("  Al-Ḥasan ") == "al-hasan"
    assert fold("خديجة") == "خديجة"


# Invariants ------------------------------------------------------------------------------------------------------

days = st.none() | st.dates(dt.date(2020, 1, 1), dt.date(2022, 1, 1))
people = st.builds(
    PersonTraits,
    names=st.lists(st.sampled_from(["Ahmad Hassan", "أحمد حسن", "Omar Hassan", "Ahmad", "Unknown", "A. H."])).map(tuple),
    sex=st.sampled_from([None, "man", "woman", "unknown"]),
    age_low=st.none() | st.floats(0, 100), age_high=st.none() | st.floats(0, 100), date=days, date_end=days,
    place=st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)), uncertainty_m=st.none() | st.floats(0, 1e6),
    pcode=st.sampled_from([None, "A1", "A102", "B1"]), harm=st.sampled_from([None, "killed", "missing"]),
)  # fmt: skip
counts = st.none() | st.integers(0, 500)
events = st.builds(
    IncidentTraits,
    start=days, end=days, lat=st.none() | st.floats(-90, 90), lon=st.none() | st.floats(-180, 180),
    uncertainty_m=st.none() | st.floats(0, 1e6), place=st.sampled_from([None, "Homs", "حمص", "Hama"]),
    pcode=st.sampled_from([None, "A1", "A102"]), killed_low=counts, killed_best=counts, killed_high=counts,
    names=st.lists(st.sampled_from([("Ahmad Hassan",), ("Omar Saleh", "عمر صالح")])).map(tuple),
    kinds=st.frozensets(st.sampled_from(["air_strike", "shelling", "unknown"])),
    actors=st.frozensets(st.sampled_from(["Party A", "Party B"])),
    documents=st.frozensets(st.sampled_from(["https://example.org/a", "example.org/a/", "ab" * 32])),
)  # fmt: skip


@given(people, people)
def test_persons_are_judged_alike_from_both_sides(a: PersonTraits, b: PersonTraits) -> None:
    """R58: symmetric, within 0 and 1, every sentence filled."""
    there, back = same_person(a, b), same_person(b, a)
    assert there.score == pytest.approx(back.score)
    assert 0 <= there.score <= 1
    for reason in (*there.reasons, *there.against):
        assert "{" not in reason.template.format(**reason.values)


@given(events, events)
def test_incidents_are_judged_alike_from_both_sides(a: IncidentTraits, b: IncidentTraits) -> None:
    """R58: symmetric, within 0 and 1, every sentence filled."""
    there, back = same_incident(a, b), same_incident(b, a)
    assert there.score == pytest.approx(back.score)
    assert 0 <= there.score <= 1
    for reason in (*there.reasons, *there.against):
        assert "{" not in reason.template.format(**reason.values)


@given(people, people)
def test_no_strong_contradiction_is_likely(a: PersonTraits, b: PersonTraits) -> None:
    """R58: whatever else agrees, another part of the name, another sex, ages far apart, or no name."""
    known = {"man", "woman"}
    other_sex = a.sex in known and b.sex in known and a.sex != b.sex
    alike = names_alike(a.names, b.names)
    if other_sex or not alike.score or alike.values["differ"]:
        assert same_person(a, b).score < LIKELY


# Beside brute force ----------------------------------------------------------------------------------------------

GIVEN = re.findall(
    r"\w+", "Ahmad Mohammed Khalid Hassan Hussein Omar Yusuf Ibrahim Said Layla Fatima Zainab Maryam Samir Karim"
)
FAMILY = re.findall(
    r"\w+", "Saleh Haddad Khoury Masri Najjar Halabi Homsi Diallo Petrov Ivanov Kovalenko Okafor Mbeki Garcia Lopez"
)
SLIPS = [("mm", "m"), ("ee", "i"), ("ss", "s"), ("ou", "u"), ("ai", "ay"), ("kh", "h"), ("o", "u"), ("ei", "ay")]


def spelled(name: str, rng: random.Random) -> str:
    """Return another spelling of a name: exchanged letters, a part left out, another order, a slip."""
    for one, other in rng.sample(SLIPS, 3):
        name = name.replace(one, other)
    words = name.split()
    if len(words) > 2 and rng.random() < 0.3:
        words.pop(1)
    if rng.random() < 0.1:
        words = [*words[1:], words[0]]
    if rng.random() < 0.15:
        place, word = next((i, word) for i, word in enumerate(words) if len(word) == max(map(len, words)))
        cut = rng.randrange(1, len(word))
        words[place] = word[:cut] + word[cut + 1 :]
    return " ".join(words)


def test_what_bringing_together_by_keys_loses() -> None:
    """R58: beside every pair of 250 people and 250 other spellings, keys miss at most one likely pair in a hundred."""
    rng = random.Random(4)
    held = [
        replace(PERSON, names=(" ".join([*rng.sample(GIVEN, 2), rng.choice(FAMILY)]),), date=later(rng.randrange(300)))
        for _ in range(250)
    ]
    told = [replace(one, names=(spelled(one.names[0], rng),)) for one in held]
    likely = {
        (i, j) for i, one in enumerate(held) for j, other in enumerate(told) if same_person(one, other).score >= LIKELY
    }
    kept = {
        (i, j)
        for i, j in likely
        for common in [name_keys(held[i].names[0]) & name_keys(told[j].names[0])]
        if len(common) > 1 or (common and held[i].date == told[j].date)
    }
    assert len(likely) > 200
    assert len(likely - kept) <= len(likely) / 100


def test_parts_are_paired_as_well_as_they_can_be() -> None:
    """R58: taking the likest first finds as many agreeing parts as trying every pairing."""
    rng = random.Random(5)
    for _ in range(300):
        a, b = (taken_apart(" ".join(rng.sample(GIVEN + FAMILY, rng.randrange(1, 5)))).parts for _ in range(2))
        shorter, longer = sorted((a, b), key=len)
        best = max(agreements(shorter, order) for order in permutations(longer, len(shorter)))
        values = names_alike([" ".join(p.heard for p in a)], [" ".join(p.heard for p in b)]).values
        assert values["agree"] == best


def agreements(some: tuple[Part, ...], others: tuple[Part, ...]) -> int:
    return sum(_alike(one, other) >= AGREES for one, other in zip(some, others, strict=True))


def test_bits_of_days() -> None:
    """R58: the longer the spans, the less their meeting says: log2 of ten years by the days of both."""
    for month in (1, 30, 365):
        span = {"start": DAY, "end": later(month - 1)}
        (reason,) = same_incident(IncidentTraits(**span), IncidentTraits(**span)).reasons
        assert reason.weight == min(10.0, math.log2(3650 / (2 * month - 1)))
