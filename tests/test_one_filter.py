"""One filter everywhere: what map, timeline, list, units and export show of random filters is what plain SQL says."""

import csv
import io
import random
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
import streamlit as st
from mapped import ANALYST
from paged import moved_in, opener, shown
from varied import Varied, varied
from whole import database

from app import map as components
from app import session, timeline
from app.atlas import categories, listed, spots, times, units
from app.gate import Sessions
from casualty import asking, extract, filters, overview
from casualty.filters import Filter
from casualty.overview import Selection
from casualty.store import Store
from casualty.vocabulary import Role

pytestmark = pytest.mark.usefixtures("quick_hashes")
STANDS = "i.withdrawn_at IS NULL AND i.merged_into_id IS NULL"
PAGE = 20


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Both:
    """A condition as a filter has it, and the same by hand in SQL."""

    filter: str
    sql: str


def conditions(made: Varied) -> list[Both]:
    """Conditions of many sorts, each written twice."""
    ids = made.ids
    tier = "CASE i.status WHEN 'verified' THEN 'verified' WHEN 'corroborated' THEN 'corroborated' ELSE 'other' END"
    own = ("SELECT a.incident_id FROM attribution a JOIN identity_group g ON g.id = a.group_id JOIN dimension m ON"
           " m.id = g.dimension_id WHERE m.code = 'faith' AND g.code = 'north' AND m.state <> 'off' AND a.sense = 'own'"
           " AND a.basis <> 'person_inferred'")  # fmt: skip
    spoke = ("SELECT c.incident_id FROM claim c JOIN document d ON d.id = c.document_id WHERE c.standing = 'current' AND"
             f" coalesce(c.source_id, d.source_id) = {quoted(ids['Radio'])}")  # fmt: skip
    return [
        Both("tier.is(verified)", f"{tier} = 'verified'"),
        Both("tier.is(other)", f"{tier} = 'other'"),
        Both("status.is(in_review,corroborated)", "i.status IN ('in_review', 'corroborated')"),
        Both("killed_best.from(2)", "i.killed_best >= 2"),
        Both("killed_low.between(1,2)", "i.killed_low BETWEEN 1 AND 2"),
        Both("killed_best.missing()", "i.killed_best IS NULL"),
        Both("injured_best.is(3)", "i.injured_best = 3"),
        Both("date.from(2024-06-01)", "i.date_end >= '2024-06-01'"),
        Both("date.between(2024-02-01,2024-09-15)", "i.date_end >= '2024-02-01' AND i.date_start <= '2024-09-15'"),
        Both("date.missing()", "i.date_start IS NULL"),
        Both("report_date.is_there", "i.report_date IS NOT NULL"),
        Both("point.missing()", "i.lat IS NULL"),
        Both('point.within("0 49","5 49","5 52","0 52")', "i.lon BETWEEN 0 AND 5 AND i.lat BETWEEN 49 AND 52"),
        Both("place_precision.to(2)", "i.place_precision <= 2"),
        Both("country.is(Syria)", "i.country = 'Syria'"),
        Both("situation_id.missing()", "i.situation_id IS NULL"),
        Both(f"actor.is({ids['Army']})", f"i.id IN (SELECT v.incident_id FROM involvement v WHERE v.actor_id = {quoted(ids['Army'])})"),
        Both(f"source.is({ids['Radio']})", f"i.id IN ({spoke})"),
        Both("group.is(faith/north)", f"i.id IN ({own})"),
        Both("victim(sex.is(woman))", "i.id IN (SELECT v.incident_id FROM victim v WHERE v.sex = 'woman')"),
        Both("victim(kind.is(person) and age_years.from(17))",
             "i.id IN (SELECT v.incident_id FROM victim v WHERE v.kind = 'person' AND v.age_years >= 17)"),
        Both("claim(killed_best.from(5))",
             "i.id IN (SELECT c.incident_id FROM claim c WHERE c.standing = 'current' AND c.killed_best >= 5)"),
        Both("involvement()", "i.id IN (SELECT v.incident_id FROM involvement v)"),
    ]  # fmt: skip


def random_filters(made: Varied, n: int, seed: int) -> list[Both]:
    """Filters at random out of these conditions, joined by and, or and not; the first asks nothing."""
    rng = random.Random(seed)
    known = [
        one if one.filter != "report_date.is_there" else Both("not report_date.missing()", one.sql)
        for one in conditions(made)
    ]
    found = [Both("", "1 = 1")]
    while len(found) < n:
        some = [negated(one) if rng.random() < 0.3 else one for one in rng.sample(known, rng.choice((1, 2, 2, 3)))]
        word = rng.choice(("and", "or"))
        found.append(
            Both(f" {word} ".join(one.filter for one in some), f" {word} ".join(f"({one.sql})" for one in some))
        )
    return found


def negated(one: Both) -> Both:
    """What does not hold, and what is not known."""
    return Both(f"not ({one.filter})", f"CASE WHEN {one.sql} THEN 0 ELSE 1 END = 1")


@dataclass
class Ground:
    """A varied record that the pages show, and what SQL says of it."""

    store: Store
    made: Varied

    def rows(self, condition: str) -> dict[str, Any]:
        """The standing incidents that a condition in SQL holds for, by id."""
        text = f"SELECT i.id, i.code, i.killed_best, i.lat, i.date_start, i.report_date FROM incident i WHERE {STANDS} AND ({condition})"
        return {row.id: row for row in self.store.rows(sa.text(text))}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, quick_hashes: None
) -> Iterator[Ground]:
    """Fifty-seven incidents of every sort, on each kind of database."""
    store = Store.create(database(request, tmp_path_factory, "onefilter"))
    made = varied(store, tmp_path_factory.mktemp("lists"))
    moved_in(store)
    yield Ground(store, made)
    store.close()


@pytest.fixture
def given(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the timeline is given, as the page gives it; the pages are shown to an analyst."""
    told: dict[str, Any] = {}
    # Units are remembered by the ledger's length alone: a process has one record, these tests have two.
    st.cache_data.clear()
    session.move_in(session.House(ground.store, Sessions(ground.store)))
    monkeypatch.setattr(session, "acting", lambda: ANALYST)
    monkeypatch.setattr(timeline, "timeline", lambda key, **parts: told.update(parts))
    return told


@pytest.fixture(scope="module")
def map_page() -> types.ModuleType:
    """The functions of the map page, without its last line, which shows it."""
    path = Path(components.__file__).parent.parent / "screens" / "map.py"
    text = path.read_text(encoding="utf-8").rstrip()
    assert text.endswith("\nshow()")
    made = types.ModuleType("map_page")
    exec(compile(text.removesuffix("show()"), str(path), "exec"), made.__dict__)
    return made


def killed(rows: dict[str, Any]) -> float:
    return float(sum(row.killed_best or 0 for row in rows.values()))


# Each surface ---------------------------------------------------------------------------------------------------------

WORLD = (-180.0, -85.0, 180.0, 85.0)
FORMS: tuple[spots.Form, ...] = ("bubbles", "squares", "hexagons", "places")
WINDOWS = [(*WORLD, 0.0), (*WORLD, 3.3), (0.0, 48.5, 4.0, 52.0, 6.0), (170.0, -30.0, 180.0, 10.0, 11.25)]


def on_the_map(page: types.ModuleType, chosen: Selection, rows: dict[str, Any]) -> None:
    """In view, outside it and without a place are all, in every form and at every zoom; each stands in one spot."""
    points = page.points_of(chosen, categories.tier(chosen), "killed")
    ids = np.array([key.decode() for key in chosen.columns.ids[points.at]])
    placed = {key: row for key, row in rows.items() if row.lat is not None}
    assert len(chosen) == len(rows)
    assert len(chosen) - len(points) == len(rows) - len(placed)
    assert sorted(ids) == sorted(placed)
    for form in FORMS:
        for window in WINDOWS:
            view = spots.View(*window)
            drawn = spots.draw(points, view, form)
            inside = set(ids[view.holds(points.lon, points.lat)])
            assert sum(int(spot[2]) for spot in drawn.spots) == drawn.inside == len(inside)
            assert sum(int(spot[3]) for spot in drawn.spots) == killed({key: placed[key] for key in inside})
            found = [spots.members(points, [str(spot[7])]) for spot in drawn.spots]
            together = [key for members in found for key in ids[members]]
            assert len(together) == len(set(together))
            assert set(together) >= inside
            assert window[:4] != WORLD or set(together) == set(placed)


def over_time(given: dict[str, Any], wanted: Filter, chosen: Selection, rows: dict[str, Any]) -> None:
    """Bars and what has no date are all, by every step, by both dates, of incidents and of people killed."""
    kinds = categories.tier(chosen)
    for step, what, size in (("month", "event", "killed"), ("week", "event", "incidents"), ("day", "report", "incidents"),
                             ("month", "report", "killed")):  # fmt: skip
        times.show(wanted, chosen, kinds, size, step=step, what=what, changed=lambda: None)
        number = {key: (row.killed_best or 0) if size == "killed" else 1 for key, row in rows.items()}
        day = {key: row.date_start if what == "event" else row.report_date for key, row in rows.items()}
        assert given["inside"].sum() + given["undated"][0] == sum(number.values())
        assert given["undated"][0] == sum(n for key, n in number.items() if day[key] is None)
        first, last = given["bins"].first_days, given["bins"].last_days
        by_bin = [
            sum(n for key, n in number.items() if day[key] is not None and low <= str(day[key])[:10] <= high)
            for low, high in zip(first, last, strict=True)
        ]
        assert given["inside"].sum(axis=0).tolist() == by_bin
        assert (given["around"] >= given["inside"].sum(axis=0)).all()


def in_the_list(monkeypatch: pytest.MonkeyPatch, chosen: Selection, rows: dict[str, Any]) -> None:
    """All pages of the list together have each once, in every order."""
    for order in listed.ORDERS:
        positions = listed.ordered(chosen, order)
        pages = [listed.rows(chosen, positions[at : at + PAGE]) for at in range(0, len(positions), PAGE)]
        codes = [row["code"] for page in pages for row in page]
        assert len(codes) == len(set(codes))
        assert set(codes) == {row.code for row in rows.values()}
        assert sum(row["killed_best"] or 0 for page in pages for row in page) == killed(rows)


def in_the_units(store: Store, wanted: Filter, chosen: Selection, rows: dict[str, Any]) -> None:
    """Units and what lies in none of them are all; each unit has those that the filter of that unit finds."""
    for level in (1, 2):
        shade = units.shaded(chosen, level, "incidents", "quantile")
        assert sum(row[3] for row in shade.rows) + shade.elsewhere == len(rows)
        assert shade.elsewhere >= 0
        for pcode, _, value, n in shade.rows:
            lies = overview.selected(store, ANALYST, wanted.also(filters.Asked("unit", "is", (pcode,))))
            assert n == len(lies)
            assert value is None or value == n
        deaths = units.shaded(chosen, level, "killed", "log")
        assert sum(row[2] or 0 for row in deaths.rows) <= killed(rows)


def in_the_export(store: Store, wanted: Filter, rows: dict[str, Any]) -> None:
    """One row each, with the figures that are held."""
    made = extract.take(store, ANALYST, wanted, "to compare")
    lines = [line for line in csv.reader(io.StringIO(made.csv.decode("utf-8-sig"))) if not line[0].startswith("#")]
    told = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert len(told) == made.incidents == len(rows)
    assert [row["id"] for row in told] == sorted(rows)
    assert sum(float(row["killed_best"] or 0) for row in told) == killed(rows)


def test_every_surface_shows_what_sql_says(
    ground: Ground, given: dict[str, Any], map_page: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R74, R49: for twenty filters at random; none is lost and none stands twice, on either database."""
    sizes = []
    for both in random_filters(ground.made, 20, seed=11):
        wanted = filters.read(both.filter)
        rows = ground.rows(both.sql)
        chosen = session.selected(wanted)
        assert sorted(chosen.ids) == sorted(rows), both.filter
        on_the_map(map_page, chosen, rows)
        over_time(given, wanted, chosen, rows)
        in_the_list(monkeypatch, chosen, rows)
        in_the_units(ground.store, wanted, chosen, rows)
        in_the_export(ground.store, wanted, rows)
        sizes.append(len(rows))
    assert sizes[0] > 50
    assert sum(0 < size < sizes[0] for size in sizes) >= 14


# Nothing goes round it ------------------------------------------------------------------------------------------------


@pytest.fixture
def two(ground: Ground, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever is asked for, two certain incidents are selected; their codes."""
    everything = overview.selected(ground.store, None, filters.EVERYTHING)
    columns, at = everything.columns, everything.at
    fit = at[~np.isnan(columns.lat[at]) & (columns.first[at] != overview.NO_DAY) & ~np.isnan(columns.killed[at, 1])]
    ids = {columns.ids[place].decode() for place in fit[[1, 4]]}
    real = overview.selected

    def selected(store: Store, by: Any, wanted: Filter) -> Selection:
        whole = real(store, None, filters.EVERYTHING)
        here = [place for place in whole.at.tolist() if whole.columns.ids[place].decode() in ids]
        return Selection(whole.overview, wanted, np.array(here, dtype=np.int32))

    monkeypatch.setattr(overview, "selected", selected)
    rows = ground.rows(f"i.id IN ({', '.join(map(quoted, sorted(ids)))})")
    return sorted(str(row.code) for row in rows.values())


def codes_in(text: str, ground: Ground) -> list[str]:
    """The codes of incidents that stand in a page or a file."""
    return sorted(str(row.code) for row in ground.rows("1 = 1").values() if str(row.code) in text)


@pytest.mark.parametrize("name", ["map", "situation", "compare", "patterns"])
def test_every_page_speaks_of_what_is_selected(
    ground: Ground, two: list[str], given: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """R74: with a door that answers two incidents to everything, no page knows of a third."""
    drawn: dict[str, Any] = {}
    asked: list[Any] = []
    gathered = asking.gathered
    monkeypatch.setattr(components, "draw", lambda key, data, *calls: drawn.update(data))
    monkeypatch.setattr(asking, "gathered", lambda *told: [asked.append(told[2]), gathered(*told)][1])
    test = opener(monkeypatch)(name, Role.ANALYST, filter="killed_best.from(0)")
    text = shown(test) + " ".join(part.value for kind in (test.markdown, test.caption, test.info) for part in kind)
    dead = killed(ground.rows(f"i.code IN ({', '.join(map(quoted, two))})"))
    said = {
        "map": "Shown 2 of 2;", "situation": f"Incidents 2 Documented incidents, not all deaths. Killed {dead:.0f} ",
        "compare": "A: north (faith) 2 incidents B: north (language) 2 incidents",
        "patterns": "Asked of the incidents of the filter: killed_best.from(0)",
    }  # fmt: skip
    assert said[name] in text
    assert codes_in(text, ground) == (two if name == "map" else [])
    assert [chosen["filter"] for chosen in asked[:1]] == (["killed_best.from(0)"] if name == "patterns" else [])
    if name == "map":
        assert sum(spot[2] for spot in drawn["spots"]) == 2
        assert given["inside"].sum() + given["undated"][0] == dead


def test_the_export_and_every_question_speak_of_what_is_selected(ground: Ground, two: list[str]) -> None:
    """R74: so do the table that leaves, and what a question is asked of."""
    wanted = filters.read("killed_best.from(0)")
    made = extract.take(ground.store, ANALYST, wanted, "to compare")
    assert (made.incidents, codes_in(made.csv.decode(), ground)) == (2, two)
    chosen = {"filter": wanted.text, "dimension": "faith", "group": "north", "by": "admin1"}
    for method in ("near-repeat", "trend", "hotspots"):
        material = asking.gathered(ground.store, method, chosen, ANALYST)
        assert len(material.events.ids) <= 2, method
        assert set(material.events.ids) <= set(two)
