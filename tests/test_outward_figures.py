"""Who counts in which figure of a package for those outside: killed, groups, consent, and rows of people.

Holds R09, R29, R40, R44, R60, R65 and R67, case by case.
"""

from collections import Counter
from typing import Any

import pytest

from casualty.disclosure import Phrases
from casualty.disclosure.masking import LEAST_M, Masker
from casualty.disclosure.naming import Pseudonyms
from casualty.release.outward import persons
from casualty.release.outward.figures import GROUPS, SEXES, Killed, Tallied, killed, tally
from casualty.release.outward.ground import UNKNOWN, Consents, Ground, Units
from casualty.release.outward.incidents import seen
from casualty.vocabulary import Tier
from geo.frame import distance_m

SECRET = b"a secret of the house, long enough"


def ground(**other: Any) -> Ground:
    given: dict[str, Any] = {
        "tier": Tier.PARTNER, "ids": Pseudonyms(SECRET, "P"), "consents": Consents(*[frozenset()] * 3), "hidden": Phrases(),
        "units": Units({"N": "North", "N1": "First"}, {}, {"i": "N"}, {"i": "N1"}), "areas": {}, "masker": Masker(SECRET),
        "counted": {}, "elsewhere": {}, "sources": {}, "documents": {}, "belonging": {},
        "groups": {"g": ("Language", "Northfolk"), "h": ("Language", "Southfolk"), "f": ("Faith", "Old")}, **other,
    }  # fmt: skip
    return Ground(**given)


def person(key: str, **fields: Any) -> dict[str, Any]:
    return {"id": key, "incident_id": "i", "kind": "person", "harm": "killed", **fields}


def crowd(key: str, low: int | None, best: int | None, high: int | None) -> dict[str, Any]:
    counts = {"count_low": low, "count_best": best, "count_high": high}
    return person(key, kind="group") | {name: value for name, value in counts.items() if value is not None}


def held(key: str, group: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"a{key}{group}", "victim_id": key, "group_id": group, "sense": "own", "basis": "document", **fields}


def test_a_thousand_recipients_average_to_one_point_far_away() -> None:
    """R68, R71: every recipient has another id and the same point, so that their mean is that point."""
    incident = {
        "id": "i",
        "status": "verified",
        "lat": 10.3,
        "lon": 30.4,
        "place_precision": 1,
        "codebook_version": "2",
    }
    shown = [
        seen(
            ground(ids=Pseudonyms(SECRET, f"R{n}"), masker=Masker(SECRET)),
            {"incident": [incident]},
            Killed(1, 1, 1, False),
            None,
        )
        for n in range(1000)
    ]
    assert len({found.values["id"] for found in shown}) == 1000
    points = [(found.values["lon"], found.values["lat"]) for found in shown]
    lon, lat = (sum(part) / 1000 for part in zip(*points, strict=True))
    assert float(distance_m(lon, lat, 30.4, 10.3)[0]) >= LEAST_M
    assert shown[0].values["uncertainty_m"] > LEAST_M
    assert shown[0].values["place_precision"] == 3


KILLED = [
    # stated low, best, high      victims                                              counted elsewhere   low, best, high, unsure
    ((1, 2, 3), [], {}, (1, 2, 3, False)),
    ((1, None, 3), [], {}, (1, None, 3, True)),
    ((0, 0, 0), [person("a")], {}, (0, 0, 0, False)),
    ((None, None, None), [], {}, (None, None, None, True)),
    ((None, None, None), [person("a"), person("b", harm="injured")], {}, (1, 1, 1, False)),
    ((None, None, None), [crowd("c", 2, 3, 9), person("a", resolved_out_of="c")], {}, (2, 3, 9, False)),
    ((None, None, None), [crowd("c", 2, None, 9)], {}, (2, None, 9, True)),
    ((None, None, None), [crowd("c", 2, None, 9), person("a")], {}, (3, 1, 10, True)),
    ((None, None, None), [person("a"), person("b")], {"b": "x"}, (1, 1, 1, False)),
    ((1, 2, 3), [person("b")], {"b": "x"}, (0, 1, 2, False)),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "victims", "counted", "expected"), KILLED)
def test_how_many_were_killed(
    stated: tuple[Any, ...], victims: list[dict[str, Any]], counted: dict[str, str], expected: tuple[Any, ...]
) -> None:
    """R09, R67: as stated, else as recorded; a person counted in another incident is not counted here."""
    incident = {"id": "i"} | {
        f"killed_{p}": v for p, v in zip(("low", "best", "high"), stated, strict=True) if v is not None
    }
    given = ground(counted=counted, elsewhere={"i": 1} if counted else {})
    assert killed(given, incident, victims) == Killed(*expected)


COUNTED = [
    # attributions of the victims a and b                             best   by group, of Language
    ([held("a", "g"), held("b", "g")], 2, {"Northfolk": 2}),
    ([held("a", "g"), held("b", "h")], 5, {"Northfolk": 1, "Southfolk": 1, UNKNOWN: 3}),
    ([held("a", "g"), held("a", "h"), held("b", "g")], 2, {"Northfolk": 1, UNKNOWN: 1}),
    ([held("a", "g", sense="perceived"), held("b", "g", sense="targeting_ground")], 2, {UNKNOWN: 2}),
    ([held("a", "g", basis="person_inferred")], 2, {UNKNOWN: 2}),
    ([held("a", "f"), held("b", "off")], 2, {UNKNOWN: 2}),
    ([held("a", "g"), held("b", "g")], 1, {"Northfolk": 1}),
    ([], 4, {UNKNOWN: 4}),
    ([], 0, {}),
]  # fmt: skip


@pytest.mark.parametrize(("attributions", "best", "expected"), COUNTED)
def test_which_group_the_dead_are_counted_in(
    attributions: list[dict[str, Any]], best: int, expected: dict[str, int]
) -> None:
    """R29, R40, R44: own identity on which all agree, not inferred; the rest not known; together the best number."""
    found = Tallied(dimensions=frozenset({"Language"}))
    rows = {"victim": [person("a"), person("b")], "attribution": attributions}
    tally(ground(), found, {"id": "i"}, rows, "2023", "North", best)
    counts = found.counts.get((GROUPS, "Language", "2023"), Counter())
    assert {group: number for (group, _), number in counts.items()} == expected
    assert sum(found.counts.get((SEXES, "", "2023"), Counter()).values()) == best


def test_who_refused_stands_in_no_cell_but_not_known() -> None:
    """R60, R67: and the sum stays."""
    found = Tallied(dimensions=frozenset({"Language"}))
    known = {"sex": "man", "age_band": "infant"}
    rows = {
        "victim": [person("a", **known), person("b", **known), person("c", sex="man")],
        "attribution": [held("a", "g"), held("b", "g")],
    }
    refusing = ground(consents=Consents(frozenset("a"), frozenset(), frozenset()))
    tally(refusing, found, {"id": "i"}, rows, "2023", "North", 3)
    assert found.counts[GROUPS, "Language", "2023"] == {("Northfolk", "North"): 1, (UNKNOWN, "North"): 2}
    assert found.counts[SEXES, "", "2023"] == {("man", "child"): 1, (UNKNOWN, UNKNOWN): 2}


def test_one_person_in_two_rows_has_what_is_held_of_either() -> None:
    """R09: as in the analyses of the house."""
    found = Tallied(dimensions=frozenset({"Language"}))
    twice = ground(counted={"other": "a"}, belonging={"a": {"g"}})
    tally(twice, found, {"id": "i"}, {"victim": [person("a")], "attribution": []}, "2023", "North", 1)
    assert found.counts[GROUPS, "Language", "2023"] == {("Northfolk", "North"): 1}


PEOPLE = [
    # who                                     consent      stands in a partner's rows
    (person("a"), "", True),
    (person("a"), "refused", False),
    (person("a", harm="disappeared"), "", True),
    (person("a", harm="injured"), "", False),
    (person("a", harm="injured"), "agreed", True),
    (person("a", harm="detained"), "", False),
    (person("a", harm="alive"), "", False),
    (person("a", kind="group"), "", False),
]


@pytest.mark.parametrize(("row", "consent", "stands"), PEOPLE)
def test_whose_row_goes_to_a_partner(row: dict[str, Any], consent: str, stands: bool) -> None:
    """R60: the living if they agreed, the dead and the lost unless a refusal stands."""
    consents = Consents(*(frozenset("a" if consent == name else "") for name in ("refused", "agreed", "named")))
    people = persons.People()
    people.add(ground(consents=consents), {"id": "i", "status": "verified"}, [row], "2023", "2023-05")
    assert bool(people.by_year) is stands
    if stands:
        (told,) = people.by_year["2023"]
        assert (told["area"], told["period"], told["review"]) == ("North / First", "2023-05", "verified")
        assert told["id"] != "a"
        assert told.keys() == set(persons.COLUMNS)


def many(number: int, sex: str = "man") -> persons.People:
    people = persons.People()
    for n in range(number):
        row = person(f"v{n}", sex=sex, cause=("small_arms", "denial")[n % 2])
        people.add(ground(), {"id": "i", "status": "submitted"}, [row], "2023", "2023-05")
    return people


FOLLOWING = [
    # people then, now     rows that go out now
    (None, 4, 0),
    (None, 5, 5),
    (7, 7, 7),
    (7, 8, 0),
    (7, 12, 12),
    (7, 6, 0),
    (3, 7, 7),
]  # fmt: skip


@pytest.mark.parametrize(("then", "now", "shown"), FOLLOWING)
def test_a_later_package_shows_the_same_partner_no_newcomer(then: int | None, now: int, shown: int) -> None:
    """R65, R66: five more may come at once, or none."""
    earlier = [] if then is None else [persons.shown(many(then), []).classes]
    done = persons.shown(many(now), earlier)
    assert len(done.rows) == shown
    assert sum(done.withheld.values()) == now - shown
    assert [row["id"] for row in done.rows] == sorted(row["id"] for row in done.rows)
