"""The situation page: what it says of the sample is what the database says, counted there by hand."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import minimum
from drawn import figures, tables
from paged import Page, html, moved_in, opener, shown, three_incidents

from app import language, session
from app.boards import changes, counting, coverage, people
from app.gate import Sessions
from casualty import filters, overview, sample, visits
from casualty.access import Acting
from casualty.ledger import Head
from casualty.overview import Selection
from casualty.schema import AdminUnitFields, SituationFields, table
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Role

ANALYST, REVIEWER = Acting("analyst", Role.ANALYST), Acting("reviewer", Role.REVIEWER)
STANDS = "i.withdrawn_at IS NULL AND i.merged_into_id IS NULL"
# A filter, and the same as SQL by hand.
ASKED = [
    ("", "1 = 1"),
    ("tier.is(verified)", "i.status = 'verified'"),
    ("killed_best.from(5) and not tier.is(other)", "i.killed_best >= 5 AND i.status IN ('verified', 'corroborated')"),
    ("killed_best.missing()", "i.killed_best IS NULL"),
    ("date.between(2022-01-01,2022-12-31)", "i.date_end >= '2022-01-01' AND i.date_start <= '2022-12-31'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    held = Store.open(path)
    yield held
    held.close()


@pytest.fixture
def full(sampled: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Opens pages of the sample."""
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


def numbers(text: str) -> int:
    return int(text.replace(" ", ""))


def chosen(store: Store, text: str) -> Selection:
    return overview.selected(store, None, filters.read(text))


# What is recorded and verified -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "where"), ASKED)
def test_the_page_sums_what_the_database_sums(full: Page, sampled: Store, text: str, where: str) -> None:
    """R08, R49, R74: counts, sums with their ranges, unknowns apart, for the filter of the address."""
    test = full("situation", Role.ANALYST, filter=text)
    drawn = figures(test)
    harms = {row[0]: row[1:] for row in drawn["Killed, injured and missing: low, best and high"]}
    said = shown(test).replace("\u202f", "")
    for harm in ("killed", "injured", "missing"):
        ((low, best, high, without, n),) = asked(
            sampled,
            f"SELECT sum({harm}_low), sum({harm}_best), sum({harm}_high), sum(CASE WHEN {harm}_best IS NULL THEN 1 ELSE 0 END),"
            f" count(*) FROM incident i WHERE {STANDS} AND {where}",
        )
        assert harms[harm.capitalize()] == ["unknown" if value is None else str(value) for value in (best, low, high)]
        assert f"unknown in {without} incident" in said
    assert f"Incidents {n} " in said
    statuses = dict(asked(sampled, f"SELECT status, count(*) FROM incident i WHERE {STANDS} AND {where} GROUP BY 1"))
    told = {row[0]: numbers(row[1]) for row in drawn["Incidents by status"][1:]}
    assert told == {language.term(IncidentStatus(word)): n for word, n in statuses.items()}
    assert sum(numbers(row[1]) for row in drawn["Incidents by type"][1:]) == n


@pytest.mark.parametrize(("text", "where"), ASKED)
def test_the_tiers_add_up_and_keep_what_is_unknown_apart(full: Page, sampled: Store, text: str, where: str) -> None:
    """R08, R11"""
    drawn = figures(full("situation", Role.ANALYST, filter=text))
    told = {row[0]: row[1:] for row in drawn["Killed by status tier: low, best and high"]}
    other = "i.status NOT IN ('verified', 'corroborated')"
    for name, tier in (
        ("Verified", "i.status = 'verified'"),
        ("Partly corroborated", "i.status = 'corroborated'"),
        ("Not corroborated", other),
    ):
        ((low, best, high),) = asked(
            sampled,
            f"SELECT sum(killed_low), sum(killed_best), sum(killed_high) FROM incident i WHERE {STANDS} AND {where} AND {tier}",
        )
        known = ["unknown" if value is None else str(value) for value in (best, low, high)]
        if told[name] != known:
            # Nothing recorded in a tier is said so, not as unknown.
            assert (told[name][0], best) == ("nothing recorded", None)


def test_what_waits_is_counted_with_its_oldest(full: Page, sampled: Store) -> None:
    """R12: as the queue counts it."""
    (waiting,) = [cells for cells in tables(full("situation", Role.ANALYST)) if "Assigned to nobody" in cells[0]]
    for word, row in zip(("submitted", "in_review", "needs_work"), waiting[1:], strict=True):
        ((n, first),) = asked(
            sampled, f"SELECT count(*), min(recorded_at) FROM incident i WHERE {STANDS} AND status = '{word}'"
        )
        days = (sampled.now().date() - date.fromisoformat(first[:10])).days
        assert (numbers(row[1]), abs(int(row[2]) - days) <= 1) == (n, True)
        ((assigned,),) = asked(
            sampled,
            f"SELECT count(*) FROM incident i WHERE {STANDS} AND status = '{word}' AND id IN (SELECT incident_id FROM assignment)",
        )
        assert numbers(row[3]) == n - assigned


def test_named_victims_and_persons_are_those_of_the_rows(full: Page, sampled: Store) -> None:
    """R09: individual persons, each once."""
    ((persons, named),) = asked(
        sampled,
        "SELECT count(*), sum(CASE WHEN EXISTS (SELECT 1 FROM victim_name n WHERE n.victim_id = v.id) THEN 1 ELSE 0 END) FROM"
        f" victim v JOIN incident i ON i.id = v.incident_id WHERE {STANDS} AND v.kind = 'person'",
    )
    ((pairs,),) = asked(sampled, "SELECT count(*) FROM pairing WHERE verdict = 'same' AND withdrawn_at IS NULL")
    found = people.people(chosen(sampled, ""), sampled)
    assert persons - pairs <= found.n <= persons
    assert found.named <= named
    said = shown(full("situation", Role.ANALYST)).replace("\u202f", "")
    assert f"Victims named {found.named} {found.n} individual persons are recorded" in said
    assert sum(found.sexes.values()) == sum(found.bands.values()) == found.n


# Coverage ----------------------------------------------------------------------------------------------------------------


def spoken(store: Store, where: str) -> dict[str, set[str]]:
    """The incidents of each source, by hand."""
    found: dict[str, set[str]] = {}
    for incident, source in asked(
        store,
        "SELECT i.id, coalesce(c.source_id, d.source_id) FROM claim c JOIN document d ON d.id = c.document_id JOIN incident i ON"
        f" i.id = c.incident_id WHERE {STANDS} AND {where} AND c.standing = 'current'",
    ):
        if source is not None:
            found.setdefault(source, set()).add(incident)
    return found


@pytest.mark.parametrize(("text", "where"), ASKED)
def test_sources_are_counted_with_what_is_known_from_each_alone(sampled: Store, text: str, where: str) -> None:
    """R36: an incident of which one source speaks hangs on that source."""
    by_hand = spoken(sampled, where)
    times = Counter(incident for incidents in by_hand.values() for incident in incidents)
    here = chosen(sampled, text)
    held = counting.tied(here, sampled, "source")
    found = {source.id: source for source in coverage.sources(here, held)}
    assert {key: one.n for key, one in found.items()} == {key: len(incidents) for key, incidents in by_hand.items()}
    alone = {key: sum(times[incident] == 1 for incident in incidents) for key, incidents in by_hand.items()}
    assert {key: one.alone for key, one in found.items()} == alone
    assert held.without == len(here) - len(times)
    reported = dict(asked(sampled, f"SELECT i.id, i.report_date FROM incident i WHERE {STANDS}"))
    for key, one in found.items():
        days = [str(reported[incident]) for incident in by_hand[key] if reported[incident] is not None]
        assert coverage.written(one.reported) == (max(days) if days else None)


@pytest.mark.parametrize("level", [1, 2])
def test_areas_add_up_and_those_with_nothing_are_no_zeros(full: Page, sampled: Store, level: int) -> None:
    """R50: a unit of which nothing is recorded is listed as that."""
    here = chosen(sampled, "killed_best.from(60)")
    held, known = coverage.words(here, sampled, level), coverage.names(sampled, level)
    areas, without = coverage.areas(here, held, known)
    assert sum(area.n for area in areas) + without == len(here)
    ((best,),) = asked(sampled, f"SELECT sum(killed_best) FROM incident i WHERE {STANDS} AND killed_best >= 60")
    assert sum(area.killed.best for area in areas) <= best
    nothing = [area for area in areas if not area.n]
    assert {area.key for area in nothing} == set(known) - {area.key for area in areas if area.n}
    assert all(area.killed.said == "nothing recorded" for area in nothing)
    test = full("situation", Role.ANALYST, filter="killed_best.from(60)", level=str(level))
    said = shown(test)
    assert f"Nothing recorded in {len(nothing)} area" in said
    assert "does not show that nobody was killed" in said
    drawn = figures(test)["Incidents by area"]
    assert {row[0] for row in drawn[1:]} <= {area.name for area in areas if area.n}


def test_months_count_every_dated_incident_and_every_source(sampled: Store) -> None:
    """R49: bins have no gap, and what has no date is told."""
    here = chosen(sampled, "")
    bins = counting.months(here)
    n, undated = bins.counted(here.at)
    by_hand = Counter(
        str(day)[:7] for (day,) in asked(sampled, f"SELECT date_start FROM incident i WHERE {STANDS}") if day
    )
    assert {name: count for name, count in zip(bins.names, n, strict=True) if count} == by_hand
    assert sum(n) + undated == len(here)
    assert list(bins.names) == sorted(bins.names)
    spoke = counting.speakers(bins, counting.tied(here, sampled, "source"))
    heard: dict[str, set[str]] = {}
    start = dict(asked(sampled, "SELECT id, date_start FROM incident"))
    for source, incidents in spoken(sampled, "1 = 1").items():
        for incident in incidents:
            if start[incident]:
                heard.setdefault(str(start[incident])[:7], set()).add(source)
    assert spoke == [len(heard.get(name, ())) for name in bins.names]


@pytest.mark.parametrize(
    ("spoke", "few"),
    [([4, 4, 1, 4], ["c"]), ([4, 0, 4, 4], ["b"]), ([1, 1, 1, 1], []), ([8, 8, 3, 5], ["c"]), ([0, 0, 0, 0], ["a", "b", "c", "d"])],
)  # fmt: skip
def test_a_month_of_few_sources_stands_out(spoke: list[int], few: list[str]) -> None:
    """R49"""
    bins = counting.Bins(("a", "b", "c", "d"), counting.np.zeros(0, dtype=counting.np.int64), yearly=False)
    assert [name for name, _ in coverage.thin(bins, spoke)] == few


def test_many_months_become_years(sampled: Store) -> None:
    """R49: all that is dated is still there."""
    here = chosen(sampled, "")
    bins = counting.months(here, most=3)
    assert bins.yearly
    by_hand = Counter(
        str(day)[:4] for (day,) in asked(sampled, f"SELECT date_start FROM incident i WHERE {STANDS}") if day
    )
    assert {name: count for name, count in zip(bins.names, bins.counted(here.at)[0], strict=True) if count} == by_hand


# Which situation, and who sees it ----------------------------------------------------------------------------------------


def test_an_empty_record_is_said_and_not_drawn(page: Page) -> None:
    """R50"""
    test = page("situation", Role.ANALYST)
    assert "No incident is recorded yet" in test.info[0].value
    assert figures(test) == {}
    assert "This is your first visit here." in " ".join(part.value for part in test.caption)


@pytest.fixture
def two(house: Store) -> dict[str, str]:
    """Three incidents of no situation, and one of each of two situations."""
    three_incidents(house)
    admin = Acting("administrator", Role.ADMINISTRATOR)
    document = house.rows(sa.select(table("document").c.id))[0].id
    found = {}
    for name in ("North", "South"):
        key = house.record("situation", SituationFields(name=name), admin).id
        saved = house.record("incident", minimum(document, situation_id=key), Acting("recorder", Role.RECORDER))
        found |= {name: key, f"{name} code": str(saved.code)}
    return found


def total(test: Any) -> int:
    return sum(numbers(row[1]) for row in figures(test).get("Incidents by status", [[]])[1:])


def test_a_situation_is_chosen_by_the_address_and_by_the_box(page: Page, two: dict[str, str]) -> None:
    """R74: the address keeps the choice."""
    assert total(page("situation", Role.ANALYST)) == 5
    assert total(page("situation", Role.ANALYST, situation="none")) == 3
    test = page("situation", Role.ANALYST, situation=two["North"])
    assert total(test) == 1
    assert "Situation: North" in " ".join(part.value for part in test.caption).replace("\\", "")
    (box,) = [part for part in test.selectbox if part.label == "Situation"]
    box.select(two["South"]).run()
    assert two["South"] in test.query_params["situation"]
    wrong = page("situation", Role.ANALYST, situation="nowhere")
    assert "There is no such situation" in wrong.warning[0].value
    assert total(wrong) == 5


def test_an_account_of_one_situation_sees_that_one(page: Page, house: Store, two: dict[str, str]) -> None:
    """R75: of the other it learns neither the count nor that anything changed."""
    house.clear("analyst", two["North"], Acting("administrator", Role.ADMINISTRATOR), "works on the north")
    test = page("situation", Role.ANALYST)
    assert total(test) == 1
    assert two["South code"] not in html(test)
    assert (
        "No incident is recorded here that you can see"
        in page("situation", Role.ANALYST, situation=two["South"]).info[0].value
    )


@pytest.mark.parametrize("tag", ["ar", "fr"])
def test_the_page_stands_in_every_language(full: Page, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    """R80"""
    from app import locale

    monkeypatch.setattr(language, "shown", lambda: locale.catalogue(tag))
    assert len(figures(full("situation", Role.ANALYST))) >= 7


def test_a_hostile_name_stays_a_name(page: Page, house: Store, two: dict[str, str]) -> None:
    """R71"""
    admin = Acting("administrator", Role.ADMINISTRATOR)
    house.record(
        "admin_unit", AdminUnitFields(pcode="XX1", boundary_set="b", name="<script>x</script>", level=1), admin
    )
    test = page("situation", Role.ANALYST)
    assert "<script>x" not in html(test)
    assert "&lt;script&gt;x" in html(test)


# What is new -------------------------------------------------------------------------------------------------------------


def later_visit(house: Store, monkeypatch: pytest.MonkeyPatch, hours: int = 2) -> None:
    """Let time pass, so that the next opening of the page is another visit."""
    now = house.now() + timedelta(hours=hours)
    monkeypatch.setattr(house, "_clock", lambda: now)


def test_what_was_written_since_is_listed_with_who_wrote_it(
    page: Page, house: Store, two: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R58: new, judged, amended and taken back, each once, and no more after the next visit."""
    assert "first visit" in " ".join(part.value for part in page("situation", Role.ANALYST).caption)
    later_visit(house, monkeypatch)
    recorder = Acting("recorder", Role.RECORDER)
    document = house.rows(sa.select(table("document").c.id))[0].id
    new = house.record("incident", minimum(document), recorder)
    ids = {code: house.identify(code)[1] for code in (two["North code"], two["South code"])}
    draft, version = house.draft(ids[two["North code"]])
    house.amend(
        "incident",
        ids[two["North code"]],
        draft.model_copy(update={"title": "x"}),
        expected=version,
        by=recorder,
        reason="y",
    )
    house.withdraw("incident", ids[two["South code"]], recorder, "in error")
    other = next(
        row.id for row in house.rows(sa.select(table("incident").c.id)) if row.id not in {*ids.values(), new.id}
    )
    house.review(other, IncidentStatus.IN_REVIEW, "I look at it.", REVIEWER)
    text = shown(page("situation", Role.ANALYST))
    for told in (
        "New: 1",
        "Judged: 1",
        "Amended: 1",
        "Withdrawn or merged: 1",
        str(new.code),
        *ids,
        "by recorder",
        "by reviewer",
    ):
        assert told in text
    again = page("situation", Role.ANALYST)
    assert "New: 1" in shown(again)
    later_visit(house, monkeypatch, 4)
    assert "New: 1" not in shown(page("situation", Role.ANALYST))


def test_what_fell_out_of_another_situation_is_not_told(
    page: Page, house: Store, two: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R75: nor to an account that is not cleared for it."""
    house.clear("analyst", two["North"], Acting("administrator", Role.ADMINISTRATOR), "works on the north")
    page("situation", Role.ANALYST)
    page("situation", Role.CUSTODIAN, situation=two["North"])
    later_visit(house, monkeypatch)
    house.withdraw("incident", house.identify(two["South code"])[1], Acting("recorder", Role.RECORDER), "in error")
    assert two["South code"] not in html(page("situation", Role.ANALYST))
    assert two["South code"] not in html(page("situation", Role.CUSTODIAN, situation=two["North"]))


def test_too_many_changes_are_told_by_their_number(
    page: Page, house: Store, two: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R58"""
    page("situation", Role.ANALYST)
    later_visit(house, monkeypatch)
    monkeypatch.setattr(changes, "since", lambda *_: None)
    assert "too many to list them" in " ".join(part.value for part in page("situation", Role.ANALYST).caption)


def test_an_older_copy_of_the_database_is_told(
    page: Page, house: Store, two: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R58: what cannot be known is not made up."""
    visits.visit(house, ANALYST, visits.EVERYTHING, Head(10_000, "f" * 64))
    later_visit(house, monkeypatch)
    assert "older copy" in page("situation", Role.ANALYST).warning[0].value
