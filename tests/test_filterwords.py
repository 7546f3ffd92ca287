"""A filter in words: every field in every way, with names in the place of ids, in each language."""

from typing import Any

import pytest
from paged import moved_in, three_incidents

from app import filterwords, language, locale, session
from casualty import filters
from casualty.access import Acting
from casualty.filters import KINDS, ROOT, Asked, Field, Filter, Some, Sort, fields_of, kinds_in
from casualty.schema import DimensionFields
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role

VALUES = {
    Sort.NUMBER: ("5", "12"), Sort.DAY: ("2024-01-01", "2024-12-31"), Sort.TEXT: ("سوق", "old"), Sort.KEY: ("k1", "k2"),
    Sort.GROUP: ("faith/north", "faith/nobody"), Sort.AREA: ("1 1", "2 1", "2 2"), Sort.UNIT: ("AB01", "AB02"),
    Sort.FLAG: (),
}  # fmt: skip
EVERY = [(kind, held, how) for kind in KINDS for held in fields_of(kind).values() for how in held.ways]


@pytest.fixture
def house(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    speak(monkeypatch, "en")
    return moved_in(sqlite_store)


def speak(monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    monkeypatch.setattr(language, "shown", lambda: locale.catalogue(tag))


def within(kind: str, part: Asked) -> Filter:
    """A filter that asks a part of a row of a kind, which may stand within another row only."""
    if kind == ROOT:
        return Filter(part)
    assert kind in kinds_in(ROOT)
    return Filter(Some(kind, part))


def asked(held: Field, how: str) -> Asked:
    least, most = held.ways[how]
    values = held.terms[:2] if held.sort in (Sort.TERM, Sort.CODE) else VALUES[held.sort]
    return Asked(held.name, how, tuple(values[: min(most, max(least, 2))]) if most else ())


def test_every_field_has_a_name_for_people() -> None:
    """R74: a reader who knows no column name can read a filter."""
    unnamed = [(kind, name) for kind in KINDS for name in fields_of(kind) if not filterwords.known(kind, name)]
    assert unnamed == []


@pytest.mark.parametrize("tag", locale.tags())
def test_every_field_and_way_can_be_said(house: Store, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    """R74, R80: none raises, none is empty, no slot is left open and no two different ways read alike."""
    speak(monkeypatch, tag)
    for kind, held, how in EVERY:
        said = filterwords.words(within(kind, asked(held, how)))
        assert said
        assert "{" not in said
        assert filterwords.label(kind, held.name) in said
    for kind in KINDS:
        for held in fields_of(kind).values():
            told = [filterwords.words(within(kind, asked(held, how))) for how in held.ways]
            assert len(set(told)) == len(told)


SAID: list[tuple[str, str]] = [
    ("", "everything that is recorded"),
    ("tier.is(verified,corroborated)", "Status tier: verified or partly corroborated"),
    ("tier.is(other) and killed_best.from(5)", "Status tier: not corroborated; Killed, best: at least 5"),
    ("killed_best.to(0)", "Killed, best: at most 0"),
    ("killed_best.between(2,7.5)", "Killed, best: 2 to 7.5"),
    ("not date.between(2024-01-01,2024-12-31)", "not: Date: 2024-01-01 to 2024-12-31"),
    ("date.from(2024-01-01)", "Date: on or after 2024-01-01"),
    ("date.to(2024-01-01)", "Date: on or before 2024-01-01"),
    ("date.missing()", "Date: not stated"),
    ("date.unknown()", "Date: stated as unknown"),
    ('text.has("سوق")', "Code, title or place: contains سوق"),
    ("count_conflict.yes()", "Figures out of order: yes"),
    ("date_precision.is(1,4)", "How closely the date is known: Exact day or Month"),
    ("point.within(1 1,2 1,2 2)", "Point: in a drawn area of 3 corners"),
    ("not (killed_best.from(1) or point.missing())", "not: (Killed, best: at least 1 or Point: not stated)"),
    ("not (killed_best.from(1) and point.missing())", "not: (Killed, best: at least 1; Point: not stated)"),
    ("victim(sex.is(woman) and age_years.to(17))", "a victim with (Sex: Woman or girl; Age: at most 17)"),
    ("victim(name(name.has(Mary)))", "a victim with (a name with (Name: contains Mary))"),
    ("claim()", "a claim is recorded"),
    ("unit.is(XX99)", "Administrative unit: XX99"),
    ("group.is(faith/north)", "Identity group: Northern (Faith)"),
    ("group.is(faith/nobody)", "Identity group: faith/nobody"),
]


@pytest.mark.parametrize(("text", "said"), SAID)
def test_a_filter_reads_as_a_person_would_say_it(house: Store, text: str, said: str) -> None:
    """R74"""
    three_incidents(house)
    assert filterwords.words(filters.read(text)) == said


def test_ids_become_names_and_stay_apart_in_arabic(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R37, R80: an actor is alleged, and its name keeps its own direction."""
    full = three_incidents(house)
    wanted = filters.read(f"not actor.is({full['actor']})")
    assert filterwords.words(wanted) == "not: Alleged actor: Group A"
    speak(monkeypatch, "ar")
    assert "\u2068Group A\u2069" in filterwords.words(wanted)


def test_a_dimension_that_is_switched_off_has_no_name(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R41: it is in no sentence either."""
    full = three_incidents(house)
    dimension, group = full["identity"].split("/")
    asked_for: list[Any] = []
    for text in (
        "group.is(faith/north)",
        f"attribution(group_id.is({group}))",
        f"attribution(dimension_id.is({dimension}))",
    ):
        asked_for.append(filters.read(text))
    assert all(
        word in filterwords.words(one) for one, word in zip(asked_for, ("Northern", "Northern", "Faith"), strict=True)
    )
    rows = session.store().current("dimension", dimension)
    draft = {name: rows["dimension"][0][name] for name in ("code", "label", "assessment")}
    off = DimensionFields(**draft, state=DimensionState.OFF)
    version = rows["dimension"][0]["version"]
    house.amend("dimension", dimension, off, expected=version, by=Acting("analyst", Role.ANALYST), reason="no longer")
    said = " ".join(map(filterwords.words, asked_for))
    assert "Northern" not in said
    assert "Faith" not in said
