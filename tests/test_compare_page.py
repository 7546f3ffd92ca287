"""The comparison: two sides of one filter on the same scales, each counted as the database counts it."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from drawn import Cells, boxes, figures, html, pictures
from paged import Page, moved_in, opener, shown, three_incidents

from app import language, locale, session
from app.boards import comparison, sides
from app.gate import Sessions
from casualty import filters, overview, sample
from casualty.access import Acting
from casualty.errors import CheckFailed, UsageFault
from casualty.schema import SituationFields
from casualty.store import Store
from casualty.vocabulary import Role

STANDS = "i.withdrawn_at IS NULL AND i.merged_into_id IS NULL"
GROUP = (
    "i.id IN (SELECT a.incident_id FROM attribution a JOIN identity_group g ON g.id = a.group_id JOIN dimension m ON m.id ="
    " g.dimension_id WHERE m.code = '{0}' AND g.code = '{1}' AND a.sense = 'own' AND a.basis <> 'person_inferred')"
)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    held = Store.open(path)
    yield held
    held.close()


@pytest.fixture
def full(sampled: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    session.move_in(session.House(sampled, Sessions(sampled)))
    return opener(monkeypatch)


@pytest.fixture
def house(sqlite_store: Store) -> Store:
    return moved_in(sqlite_store)


@pytest.fixture
def page(house: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    return opener(monkeypatch)


def asked(store: Store, text: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.rows(sa.text(text))]


def number(text: str) -> int:
    return 0 if text == "nothing recorded" else int(text.replace(" ", ""))


def side(drawn: Cells, letter: str) -> dict[str, list[str]]:
    """The rows of one side of a chart by their labels."""
    return {row[1]: row[2:] for row in drawn[1:] if row[0].startswith(f"{letter}: ")}


def groups(store: Store) -> list[tuple[str, str]]:
    return [
        (row[0], row[1])
        for row in asked(
            store,
            "SELECT m.code, g.code FROM identity_group g JOIN dimension m ON m.id = g.dimension_id WHERE m.state <> 'off' ORDER BY 1, 2",
        )
    ]  # fmt: skip


def actors(store: Store) -> list[tuple[str, str]]:
    return [
        (row[0], row[1]) for row in asked(store, "SELECT id, name FROM actor WHERE withdrawn_at IS NULL ORDER BY name")
    ]


def ways(store: Store) -> list[tuple[str, str, str, str, str]]:
    """What is compared: kind, both sides as in the address, and both as SQL by hand."""
    (one, two, *_), (first, second, *_) = groups(store), actors(store)
    alleged = "i.id IN (SELECT incident_id FROM involvement WHERE actor_id = '{0}')"
    year = "i.date_end >= '{0}-01-01' AND i.date_start <= '{0}-12-31'"
    return [
        ("group", "/".join(one), "/".join(two), GROUP.format(*one), GROUP.format(*two)),
        ("actor", first[0], second[0], alleged.format(first[0]), alleged.format(second[0])),
        ("period", "2022-01-01..2022-12-31", "2023-01-01..2023-12-31", year.format(2022), year.format(2023)),
        ("filter", "tier.is(verified)", "not tier.is(verified)", "i.status = 'verified'", "i.status <> 'verified'"),
        ("filter", "killed_best.from(5)", "killed_best.from(2)", "i.killed_best >= 5", "i.killed_best >= 2"),
    ]


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize(("text", "where"), [("", "1 = 1"), ("killed_best.from(1)", "i.killed_best >= 1")])
def test_both_sides_are_what_the_database_counts(full: Page, sampled: Store, at: int, text: str, where: str) -> None:
    """R08, R49: numbers, sums with ranges, what is in both and in neither; sides add nothing and lose nothing."""
    by, left, right, one, two = ways(sampled)[at]
    test = full("compare", Role.ANALYST, by=by, left=left, right=right, filter=text)
    drawn = figures(test)
    harm = drawn["Killed, injured and missing: low, best and high"]
    for letter, condition in (("A", one), ("B", two)):
        ((n, low, best, high),) = asked(
            sampled,
            "SELECT count(*), sum(killed_low), sum(killed_best), sum(killed_high)"
            f" FROM incident i WHERE {STANDS} AND {where} AND {condition}",
        )
        assert side(harm, letter)["Killed"] == [str(value) for value in (best, low, high)]
        for title in ("Incidents by type", "Incidents by status tier"):
            assert sum(number(row[0]) for row in side(drawn[title], letter).values()) == n
        ((undated,),) = asked(
            sampled,
            f"SELECT count(*) FROM incident i WHERE {STANDS} AND {where} AND {condition} AND i.date_start IS NULL",
        )
        months = side(drawn["Incidents over time"], letter)
        assert sum(number(row[0]) for row in months.values()) + undated == n
    ((both, neither),) = asked(
        sampled,
        f"SELECT sum(CASE WHEN {one} AND {two} THEN 1 ELSE 0 END), sum(CASE WHEN ({one}) OR ({two}) THEN 0 ELSE 1 END)"
        f" FROM incident i WHERE {STANDS} AND {where}",
    )
    said = shown(test).replace("\u202f", "")
    assert f"In both {both} " in said
    assert f"In neither {neither} " in said


def test_both_sides_have_the_same_rows_and_scales(full: Page, sampled: Store) -> None:
    """R49: the same bins, types, actors and areas on each side, and lengths that can be held against each other."""
    by, left, right, *_ = ways(sampled)[0]
    test = full("compare", Role.ANALYST, by=by, left=left, right=right)
    drawn = figures(test)
    assert len(drawn) == 8
    for cells in drawn.values():
        assert list(side(cells, "A")) == list(side(cells, "B"))
    body = next(part for part in html(test).split("<figure") if "Incidents by status tier" in part)
    lengths = [box[2] for box in boxes(pictures(body)["wide"])]
    values = [number(row[2]) for row in drawn["Incidents by status tier"][1:]]
    drawn_of = [(length, value) for length, value in zip(lengths, values, strict=True) if value > 20]
    scale = drawn_of[0][0] / drawn_of[0][1]
    assert all(length == pytest.approx(value * scale, rel=0.02) for length, value in drawn_of)


@pytest.mark.parametrize("level", ["0", "1", "2"])
def test_areas_without_an_incident_are_not_zero(full: Page, sampled: Store, level: str) -> None:
    """R50: on either side."""
    test = full(
        "compare", Role.ANALYST, by="filter", left="killed_best.from(100)", right="tier.is(verified)", level=level
    )
    cells = figures(test)["Incidents by area"]
    assert all(row[2] == "nothing recorded" or number(row[2]) > 0 for row in cells[1:])


def test_two_counts_are_no_rates_and_the_way_to_a_test_is_shown(full: Page) -> None:
    """R48, R49: no p-value here."""
    test = full("compare", Role.ANALYST, filter="tier.is(verified)")
    assert "Two counts are no rates" in shown(test)
    assert "/patterns?filter=tier.is%28verified%29" in html(test)
    assert "p-value" not in shown(test)


def test_the_address_is_written_as_it_is_chosen(full: Page, sampled: Store) -> None:
    """R74: a link reopens the same two sides."""
    test = full("compare", Role.ANALYST)
    one, two = groups(sampled)[0], groups(sampled)[1]
    (box,) = [part for part in test.selectbox if part.label == "A"]
    box.select("/".join(one)).run()
    (box,) = [part for part in test.selectbox if part.label == "B"]
    box.select("/".join(two)).run()
    assert "/".join(one) in test.query_params["left"]
    assert "/".join(two) in test.query_params["right"]
    (box,) = [part for part in test.selectbox if part.label == "Compare"]
    box.select("period").run()
    assert "period" in test.query_params["by"]
    assert ".." in str(test.query_params["left"])


@pytest.mark.parametrize(
    "value", ["yesterday", "2022-01-01", "2022-12-31..2022-01-01", "2022-02-30..2022-03-01", "' OR 1=1 --"]
)
def test_a_period_that_is_none_is_refused_in_words(full: Page, value: str) -> None:
    """R74: nothing is shown that was not asked for."""
    test = full("compare", Role.ANALYST, by="period", left=value, right="2023-01-01..2023-12-31")
    assert "not understood" in test.warning[0].value
    with pytest.raises(UsageFault):
        sides.read("period", value)


@pytest.mark.parametrize(
    ("by", "value"), [("filter", "tier.is("), ("filter", "nonsense"), ("group", "north"), ("actor", "a b")]
)
def test_a_side_that_is_not_understood_is_told_and_nothing_is_compared(full: Page, by: str, value: str) -> None:
    """R74"""
    test = full("compare", Role.ANALYST, by=by, left=value)
    assert "The filter is not understood" in shown(test)
    assert figures(test) == {}


def test_an_unknown_kind_of_comparison_is_told(full: Page) -> None:
    """R74"""
    assert "names no kind of comparison" in full("compare", Role.ANALYST, by="race").warning[0].value


def test_the_same_on_both_sides_is_told(full: Page) -> None:
    """R49"""
    test = full("compare", Role.ANALYST, by="filter", left="tier.is(verified)", right="tier.is(verified)")
    assert "Both sides ask the same." in test.warning[0].value


def test_areas_are_compared_by_code_name_and_country() -> None:
    """R34: as they are known."""
    assert sides.read("area", "AB01") == filters.read("unit.is(AB01)").parts
    assert sides.read("area", "country:Ivory Coast") == filters.read('country.is("Ivory Coast")').parts


@pytest.mark.parametrize("tag", ["ar", "fr"])
def test_the_page_stands_in_every_language(full: Page, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    """R80"""
    monkeypatch.setattr(language, "shown", lambda: locale.catalogue(tag))
    assert len(figures(full("compare", Role.ANALYST))) == 8


def test_an_empty_record_and_a_record_without_groups_say_what_to_do(page: Page, house: Store) -> None:
    """R50"""
    assert "No incident is recorded yet" in page("compare", Role.ANALYST).info[0].value
    three_incidents(house)
    assert len(figures(page("compare", Role.ANALYST))) == 8
    alone = page("compare", Role.ANALYST, filter="group.missing()", by="actor")
    assert "No actor is alleged" in alone.info[0].value


def test_an_account_of_one_situation_compares_what_it_sees(page: Page, house: Store) -> None:
    """R75"""
    three_incidents(house)
    admin = Acting("administrator", Role.ADMINISTRATOR)
    key = house.record("situation", SituationFields(name="North"), admin).id
    house.clear("reviewer", key, admin, "works on the north")
    test = page("compare", Role.REVIEWER, by="filter", left="killed_best.from(0)", right="killed_best.missing()")
    assert "No incident is recorded yet" in test.info[0].value


def test_both_sides_are_of_one_state_of_the_record(sampled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R58: while somebody writes, nothing is compared across two states."""
    real = overview.selected(sampled, None, filters.EVERYTHING)
    older = overview.Overview(overview.keeping.Head(1, "a" * 64), real.columns, real.overview.keys)
    stale = overview.Selection(older, filters.EVERYTHING, real.at)
    given = iter([stale, real, real, real])
    monkeypatch.setattr(session, "selected", lambda wanted: next(given))
    assert comparison.together(filters.EVERYTHING, filters.EVERYTHING) == [real, real]
    endless = iter([stale, real] * 99)
    monkeypatch.setattr(session, "selected", lambda wanted: next(endless))
    with pytest.raises(CheckFailed):
        comparison.together(filters.EVERYTHING, filters.EVERYTHING)
