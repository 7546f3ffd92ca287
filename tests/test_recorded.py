"""Already recorded? Found by day, place, names and documents, on both databases; never what may not be seen (R58, R59)."""

import datetime as dt
import random
import re
from dataclasses import replace
from typing import Any

import pytest
from conftest import minimum

from casualty.access import Acting
from casualty.linkage import LIKELY, POSSIBLE, IncidentTraits, PersonTraits, same_incident, same_person
from casualty.recorded import OpenPair, Person, PersonCandidate, Recorded, Sight, fewer
from casualty.recorded.incidents import _traits, _whole
from casualty.schema import DocumentFields, SituationFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Operation

DAY = dt.date(2024, 5, 2)
ASKED = IncidentTraits(start=DAY, end=DAY, lat=35.2, lon=40.1, killed_low=7, killed_best=7, killed_high=7)
KHALID = PersonTraits(names=("Khalid Omar Saleh",), sex="man", age_low=30, age_high=30, date=DAY, place=(35.2, 40.1))


@pytest.fixture
def recorded(store: Store) -> Recorded:
    return Recorded(store)


class House:
    """Records incidents in few words."""

    def __init__(self, store: Store, by: Acting, document: str) -> None:
        self.store, self.by, self.document = store, by, document

    def put(self, *names: str, day: dt.date = DAY, **fields: Any) -> str:
        victims = [{"sex": "man", "age_years": 30, "harm": "killed", "names": [{"name": name}]} for name in names]
        stated = {"date_start": day, "date_end": day, "lat": 35.2, "lon": 40.1, "victims": victims, **fields}
        return self.store.record("incident", minimum(self.document, **stated), self.by).id

    def codes(self, *ids: str) -> list[str]:
        return [self.store.current("incident", one)["incident"][0]["code"] for one in ids]

    def duplicate(self, one: str, of: str) -> None:
        before = self.store.current("incident", one)
        merged = before["incident"][0] | {"status": "duplicate", "merged_into_id": of}
        with self.store.writing(self.by) as writer:
            writer.change("incident", before, {**before, "incident": [merged]}, Operation.AMEND)


@pytest.fixture
def house(store: Store, by: Acting, document: str) -> House:
    return House(store, by, document)


def names_of(found: list[PersonCandidate]) -> list[str]:
    return [name for one in found for name in one.person.names]


# Incidents -------------------------------------------------------------------------------------------------------


def test_an_incident_is_found_by_day_and_place(house: House, recorded: Recorded) -> None:
    """R58: the nearest first, with reasons; what is far in days or kilometres is not there."""
    same = house.put()
    next_day = house.put(day=DAY + dt.timedelta(days=1), lat=35.25)
    house.put(day=DAY + dt.timedelta(days=20))
    house.put(lat=33.0)
    found = recorded.incidents(ASKED)
    assert [one.id for one in found] == [same, next_day]
    assert found[0].code == house.codes(same)[0]
    assert (found[0].date_start, found[0].date_end, found[0].killed, found[0].status) == (
        DAY,
        DAY,
        (None, 7, None),
        "submitted",
    )
    assert {reason.template for reason in found[0].reasons} >= {"On the same day.", "{km} km apart."}
    assert recorded.incidents(ASKED, limit=1) == found[:1]
    assert recorded.incidents(ASKED, leave_out=[same]) == found[1:]


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ({"date_start": DAY - dt.timedelta(days=300), "date_end": DAY + dt.timedelta(days=3), "killed_best": 40},
         {"killed_low": 40, "killed_best": 40, "killed_high": 40}),
        ({"lat": None, "lon": None, "pcode": "XX0102"}, {"pcode": "XX0102"}),
        ({"lat": None, "lon": None, "place_as_reported": "حلب"}, {"lat": None, "lon": None, "place": "Halab"}),
        ({"lat": -16.5, "lon": 179.99}, {"lat": -16.5, "lon": -179.99}),
        ({"lat": 89.9, "lon": 10.0}, {"lat": 89.9, "lon": -170.0}),
        ({"lat": 35.9, "uncertainty_m": 80_000, "killed_best": 60}, {"killed_low": 60, "killed_best": 60, "killed_high": 60}),
        ({}, {"start": DAY - dt.timedelta(days=100), "end": DAY + dt.timedelta(days=100), "killed_low": 7}),
    ],
    ids=["went on for months", "a unit and no point", "a name in another script", "antimeridian", "pole", "wide circle", "wide span"],
)  # fmt: skip
def test_an_incident_is_found_however_it_is_placed(
    house: House, recorded: Recorded, held: dict[str, Any], asked: dict[str, Any]
) -> None:
    """R58: whatever the indexes bring together is what judging alone would propose."""
    key = house.put(**held)
    wanted = replace(ASKED, **asked)
    (row,) = house.store.rows(_whole())
    alone = same_incident(wanted, _traits(row)).score
    assert [one.id for one in recorded.incidents(wanted)] == ([key] if alone >= POSSIBLE else [])


def test_an_incident_is_found_by_its_victims(house: House, recorded: Recorded) -> None:
    """R58: by two names in another script, though the day is two months off and the place unknown."""
    key = house.put("Khalid Omar Saleh", "Ahmad Hassan Najjar", day=DAY + dt.timedelta(days=60))
    named = (("خالد عمر صالح",), ("أحمد حسن نجار",))
    assert [one.id for one in recorded.incidents(replace(ASKED, names=named))] == [key]
    assert recorded.incidents(replace(ASKED, names=())) == []


def test_an_incident_is_found_by_its_page(store: Store, by: Acting, recorded: Recorded) -> None:
    """R58: the same page, though its address was copied in another way; and the same file."""
    page = store.record("document", DocumentFields(title="Report", url="https://www.example.org/news/7/"), by).id
    file = store.record("document", DocumentFields(title="Scan", sha256="ab" * 32), by).id
    keys = [House(store, by, one).put(lat=None, lon=None) for one in (page, file)]
    asked = replace(ASKED, lat=None, lon=None)
    for link, key in (("http://example.org/news/7?utm_source=feed", keys[0]), ("AB" * 32, keys[1])):
        found = recorded.incidents(replace(asked, documents=frozenset({link})))
        assert found[0].id == key
        assert "Both are reported by the same document or page." in {one.template for one in found[0].reasons}


def test_a_duplicate_leads_to_its_record(house: House, recorded: Recorded) -> None:
    """R58: through two duplicates, once; and not at all where the record may not be proposed."""
    first, second, third = (house.put(lat=35.2 + n / 5) for n in (6, 1, 0))
    house.duplicate(second, first)
    house.duplicate(third, second)
    (found,) = recorded.incidents(ASKED)
    assert (found.id, found.through) == (first, house.codes(third)[0])
    assert recorded.incidents(ASKED, leave_out=[first]) == []


def test_a_withdrawn_incident_is_not_proposed(house: House, recorded: Recorded) -> None:
    """R18, R58"""
    key = house.put("Khalid Omar Saleh")
    assert recorded.incidents(ASKED)
    assert recorded.persons(KHALID)
    house.store.withdraw("incident", key, house.by, "entered by mistake")
    assert recorded.incidents(ASKED) == []
    assert recorded.persons(KHALID) == []
    assert recorded.open_pairs() == []


def test_only_what_may_be_seen_is_proposed(house: House, recorded: Recorded) -> None:
    """R58: by situation; what is of no situation only if asked for; and no duplicate leads out of sight."""
    north, south = (house.store.record("situation", SituationFields(name=name), house.by).id for name in ("N", "S"))
    keys = {name: house.put("Khalid Omar Saleh", situation_id=of) for name, of in
            (("north", north), ("south", south), ("none", None))}  # fmt: skip
    sights = {
        Sight(): {"north", "south", "none"},
        Sight(frozenset({north})): {"north"},
        Sight(frozenset({north}), unassigned=True): {"north", "none"},
        Sight(frozenset()): set(),
        Sight(frozenset(), unassigned=True): {"none"},
    }
    for sight, names in sights.items():
        wanted = {keys[name] for name in names}
        assert {one.id for one in recorded.incidents(ASKED, sight=sight)} == wanted
        assert {one.person.incident_id for one in recorded.persons(KHALID, sight=sight)} == wanted
        seen = {
            one
            for pair in recorded.open_pairs(sight=sight)
            for one in (pair.first.incident_id, pair.second.incident_id)
        }
        assert seen == (wanted if len(wanted) > 1 else set())
    house.duplicate(keys["north"], keys["south"])
    assert recorded.incidents(ASKED, sight=Sight(frozenset({north}))) == []


# Persons ---------------------------------------------------------------------------------------------------------


def test_persons_are_found_in_any_script(house: House, recorded: Recorded) -> None:
    """R23, R58: with names as they were written, and not the brother."""
    house.put("خالد عمر صالح", "Ahmad Omar Saleh")
    found, brother = recorded.persons(KHALID)
    assert found.person.names == ("خالد عمر صالح",)
    assert found.score >= LIKELY > brother.score
    assert brother.against[0].template == "Parts of the names differ: {differ}; alike: {agree}."
    assert "The names are alike in sound, in another spelling or script." in {one.template for one in found.reasons}
    assert recorded.persons(KHALID, leave_out=[found.person.victim_id]) == [brother]
    assert recorded.persons(KHALID, leave_out=[found.person.incident_id]) == []
    assert recorded.persons(replace(KHALID, names=("Unknown",))) == []
    assert recorded.persons(PersonTraits()) == []


@pytest.mark.parametrize("anew", [0, 5_000])
def test_the_index_follows_the_ledger(
    house: House, recorded: Recorded, anew: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R58: names added, amended and gone are seen at the next question, one by one or read anew, by another index too."""
    monkeypatch.setattr("casualty.recorded.people.ANEW", anew)
    recorded.prepare()
    assert recorded.persons(KHALID) == []
    key = house.put("Khalid Omar Saleh")
    assert names_of(recorded.persons(KHALID)) == ["Khalid Omar Saleh"]
    draft, version = house.store.draft(key)
    draft.victims[0].names[0].name = "Yusuf Diarra"
    house.store.amend("incident", key, draft, expected=version, by=house.by, reason="named anew")
    for one in (recorded, Recorded(house.store)):
        assert one.persons(KHALID) == []
        assert names_of(one.persons(replace(KHALID, names=("يوسف ديارا",)))) == ["Yusuf Diarra"]


def test_a_person_of_a_duplicate_is_shown_under_its_record(house: House, recorded: Recorded) -> None:
    """R58: who was named only in the duplicate is found, and is in no pair to be decided."""
    first, second = house.put("Khalid Omar Saleh"), house.put("Khaled Omar Salih")
    assert len(recorded.open_pairs()) == 1
    house.duplicate(second, first)
    found = recorded.persons(KHALID)
    assert {one.person.incident_code for one in found} == set(house.codes(first))
    assert len(found) == 2
    assert recorded.open_pairs() == []


def test_pairs_on_whom_nobody_decided(house: House, recorded: Recorded) -> None:
    """R58: every two that are likely one, until they are judged; and by how many the persons would be fewer."""
    house.put("Khalid Omar Saleh", "Ahmad Omar Saleh")
    house.put("Khaled Omar Salih", "Maryam Haddad")
    house.put("خالد عمر صالح", day=DAY + dt.timedelta(days=1))
    pairs = recorded.open_pairs()
    assert len(pairs) == 3
    assert fewer(pairs) == 2
    one = pairs[0]
    assert recorded.open_pairs(judged={one.key}) == pairs[1:]
    assert fewer(pairs[1:], same=[one.key]) == 1
    assert all(pair.score >= LIKELY and pair.reasons for pair in pairs)


# Beside brute force ----------------------------------------------------------------------------------------------

PARTS = re.findall(
    r"\w+", "Ahmad Mohammed Khalid Hassan Hussein Omar Yusuf Ibrahim Said Fatima Maryam Saleh Haddad Najjar"
)
ARABIC = dict(
    zip(
        PARTS,
        re.findall(r"\w+", "أحمد محمد خالد حسن حسين عمر يوسف إبراهيم سعيد فاطمة مريم صالح حداد نجار"),
        strict=True,
    )
)


@pytest.fixture
def crowd(sqlite_store: Store) -> House:
    """Ninety incidents in a small district and a short time, with two people each, a third of them recorded twice."""
    rng, by = random.Random(7), sqlite_store.local("tester")
    house = House(sqlite_store, by, sqlite_store.record("document", DocumentFields(title="List"), by).id)
    for _ in range(60):
        names = [" ".join(rng.sample(PARTS, 3)) for _ in range(2)]
        stated = {
            "day": DAY + dt.timedelta(days=rng.randrange(40)), "killed_best": rng.randrange(1, 9),
            "lat": 35 + rng.random(), "lon": 40 + rng.random(),
        }  # fmt: skip
        house.put(*names, **stated)
        if rng.random() < 0.5:
            arabic = [" ".join(ARABIC[part] for part in name.split()) for name in names]
            house.put(*arabic, **stated)
    return house


def test_finding_is_as_good_as_asking_everything(crowd: House) -> None:
    """R58: incidents and pairs beside judging every one: none that is likely is lost."""
    recorded, rng = Recorded(crowd.store), random.Random(8)
    rows = crowd.store.rows(_whole())
    for _ in range(25):
        day = DAY + dt.timedelta(days=rng.randrange(40))
        asked = IncidentTraits(start=day, end=day, lat=35 + rng.random(), lon=40 + rng.random(), killed_best=5)
        every = {row.id for row in rows if same_incident(asked, _traits(row)).score >= POSSIBLE}
        assert {one.id for one in recorded.incidents(asked, limit=1000)} == every
    everybody = people_of(crowd.store)
    likely = {
        frozenset((a, b))
        for a, one in everybody.items()
        for b, other in everybody.items()
        if a < b and same_person(one, other).score >= LIKELY
    }
    assert {pair.key for pair in recorded.open_pairs()} == likely
    assert len(likely) > 20


def people_of(store: Store) -> dict[str, PersonTraits]:
    found = {}
    for (key,) in store.rows(_whole().with_only_columns(_whole().selected_columns.id)):
        rows = store.current("incident", key)
        incident = rows["incident"][0]
        for victim in rows["victim"]:
            names = tuple(name["name"] for name in rows["victim_name"] if name["victim_id"] == victim["id"])
            found[victim["id"]] = PersonTraits(
                names=names, sex=victim["sex"], age_low=victim["age_years"], age_high=victim["age_years"],
                date=dt.date.fromisoformat(incident["date_start"]), place=(incident["lat"], incident["lon"]), harm="killed",
            )  # fmt: skip
    return found


def pair(a: int, b: int) -> OpenPair:
    one, other = (Person(f"v{n}", f"V{n}", "i", "I", ()) for n in (a, b))
    return OpenPair(one, other, 1.0, (), ())


def test_fewer_is_what_counting_by_hand_gives() -> None:
    """R58: persons less groups, beside a walk through every group."""
    rng = random.Random(9)
    for _ in range(100):
        pairs = [pair(*rng.sample(range(12), 2)) for _ in range(rng.randrange(14))]
        left, groups = {one for two in pairs for one in two.key}, 0
        people = len(left)
        while left:
            groups, reached = groups + 1, {left.pop()}
            while more := {one for two in pairs if two.key & reached for one in two.key} - reached:
                reached |= more
            left -= reached
        assert fewer(pairs) == people - groups
        assert fewer([*pairs, *pairs]) == people - groups


def test_a_draft_of_somebody_is_found_too(house: House, recorded: Recorded) -> None:
    """R58: what a colleague is still writing is the likeliest to be written twice."""
    key = house.store.record(
        "incident", minimum(house.document, lat=35.2, lon=40.1), house.by, status=IncidentStatus.DRAFT
    ).id
    assert [(one.id, one.status) for one in recorded.incidents(ASKED)] == [(key, "draft")]
