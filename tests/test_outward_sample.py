"""What those outside receive of the sample database, attacked and counted again from the files alone.

Holds R02, R29, R32, R64-R70, R71 and R85: sums, small cells, masks, people in classes, one release after another.
"""

import csv
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import shapely
import sqlalchemy as sa
from scipy.optimize import linprog
from sending import BOTH, SECRET, contents, json_of, rows, sent
from test_disclosure_cells import attack

from casualty import sample
from casualty.disclosure.naming import Pseudonyms
from casualty.release.outward import Outward
from casualty.release.outward.persons import QUASI, K
from casualty.release.records import FILES
from casualty.store import Store
from casualty.summary import summarise
from casualty.vocabulary import Tier
from geo.frame import distance_m


@pytest.fixture(scope="module")
def territory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The sample database, which is not changed here."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample.build(str(path), lambda _: None)
    store = Store.open(str(path))
    yield store
    store.close()


@pytest.fixture(scope="module")
def packages(territory: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[Tier, tuple[Path, Outward]]:
    """One package of each tier, and what was returned of it."""
    base = tmp_path_factory.mktemp("packages")
    return {tier: (base / tier.value, sent(territory, base / tier.value, tier)) for tier in BOTH}


def total(lines: Sequence[Mapping[str, str]], column: str) -> int:
    return sum(int(line[column] or 0) for line in lines)


@pytest.mark.parametrize("tier", BOTH)
def test_everything_adds_up(packages: dict[Tier, tuple[Path, Outward]], territory: Store, tier: Tier) -> None:
    """R29, R67: list, years, tables and the summary of the record say one number."""
    folder, done = packages[tier]
    whole_record = summarise(territory).total
    incidents, years = rows(folder, "04_records/incidents"), rows(folder, "07_tables/by_year")
    for part in ("low", "best", "high"):
        name = f"killed_{part}"
        assert (
            getattr(whole_record, name) == getattr(done.headline, name) == total(incidents, name) == total(years, name)
        )
    assert whole_record.incidents == len(incidents) == total(years, "incidents") == sum(done.statuses.values())
    standing = rows(folder, "07_tables/by_status")
    assert {row["status"]: int(row["incidents"]) for row in standing} == dict(done.statuses)
    assert total(standing, "killed_best") == done.headline.killed_best
    assert whole_record.without_best == done.headline.without_best
    for table in done.kept["tables"]:
        (year,) = [row for row in years if row["year"] == table["name"][-4:] and row["in_tables"] == "yes"]
        assert sum(table["row_totals"]) == sum(table["column_totals"]) == int(year["killed_best"]) - table["apart"]


@pytest.mark.parametrize("tier", BOTH)
def test_the_tables_published_give_nothing_away(packages: dict[Tier, tuple[Path, Outward]], tier: Tier) -> None:
    """R66, R70: read back from the files, every suppressed cell may be 0 to 20, and no number under 10 stands."""
    folder, _ = packages[tier]
    files = sorted(path.stem for path in (folder / "data/07_tables").glob("*.csv") if not path.stem.startswith("by_"))
    assert files == ["groups_by_area"] if tier is Tier.PARTNER else ["groups_by_area", "sex_by_age", "status_by_cause"]
    suppressed = 0
    for file in files:
        lines = rows(folder, f"07_tables/{file}")
        row, column = list(lines[0])[2:4]
        for table in sorted({(line["of"], line["year"]) for line in lines}):
            cells = {(line[row], line[column]): line["killed"] for line in lines if (line["of"], line["year"]) == table}
            above = sorted({name for name, _ in cells} - {"total"})
            left = sorted({name for _, name in cells} - {"total"})
            told = [[cells[i, j] if cells[i, j] == "suppressed" else int(cells[i, j]) for j in left] for i in above]
            suppressed += sum(value == "suppressed" for line in told for value in line)
            published = {
                "cells": told, "row_totals": [int(cells[i, "total"]) for i in above],
                "column_totals": [int(cells["total", j]) for j in left],
            }  # fmt: skip
            assert all(low <= 1e-6 and high >= 20 - 1e-6 for low, high in attack(published))
            assert not [value for line in told for value in line if value != "suppressed" and 0 < value < 10]
    assert suppressed == sum(table["suppressed"] for table in json_of(folder)["tables"] if "suppressed" in table) > 0


def test_the_list_of_incidents_narrows_nothing(packages: dict[Tier, tuple[Path, Outward]]) -> None:
    """R66, R70: with every incident's number killed an equation of its own, suppressed cells stay as wide as before.

    The unknowns are people by group and incident, of the incidents that the list puts into the table's year and areas.
    """
    folder, done = packages[Tier.PUBLIC]
    tables = [table for table in done.kept["tables"] if "suppressed" in json.dumps(table["cells"])]
    assert tables
    for table in tables:
        held = [row for row in rows(folder, "04_records/incidents") if row["period"][:4] == table["name"][-4:]]
        held = [row for row in held if row["status"] != "refuted" and int(row["killed_best"] or 0)]
        at = [next(j for j, line in enumerate(table["columns"]) if row["area"] in line) for row in held]
        high, size = len(table["rows"]), len(held)
        of = np.arange(high * size).reshape(high, size)
        equations = [(of[:, n], int(row["killed_best"])) for n, row in enumerate(held)]
        equations += [(of[i], total) for i, total in enumerate(table["row_totals"])]
        hidden = []
        for i, values in enumerate(table["cells"]):
            for j, value in enumerate(values):
                cell = of[i, [n for n, column in enumerate(at) if column == j]]
                if value == "suppressed":
                    hidden.append(cell)
                else:
                    equations.append((cell, value))
        matrix = scipy.sparse.lil_array((len(equations), of.size))
        for number, (terms, _) in enumerate(equations):
            matrix[number, terms] = 1
        known = {"A_eq": matrix.tocsr(), "b_eq": [value for _, value in equations]}
        for cell in hidden:
            aim = np.zeros(of.size)
            aim[cell] = 1
            low, high_end = linprog(aim, **known), linprog(-aim, **known)
            assert low.success, table["name"]
            assert low.fun <= 1e-6
            assert -high_end.fun >= 20 - 1e-6


def test_both_tiers_tell_the_same_of_groups(packages: dict[Tier, tuple[Path, Outward]]) -> None:
    """R66: with two patterns of suppression, one tier's table would open the other's."""
    name = "data/07_tables/groups_by_area.csv"
    assert (packages[Tier.PUBLIC][0] / name).read_bytes() == (packages[Tier.PARTNER][0] / name).read_bytes()


DRAWN = "SELECT pcode, geometry FROM admin_unit WHERE geometry IS NOT NULL"


@pytest.mark.parametrize("tier", BOTH)
def test_every_point_is_masked(packages: dict[Tier, tuple[Path, Outward]], territory: Store, tier: Tier) -> None:
    """R68, R69: at least 2 km off, no farther than said, in the unit told, two decimals, and never a place of the record."""
    folder, done = packages[tier]
    held = territory.rows(sa.text("SELECT id, lon, lat FROM incident"))
    ids = Pseudonyms(SECRET, done.kept["recipient"])
    true = {ids.id("incident", row.id): (row.lon, row.lat) for row in held}
    shapes = {
        row.name: shapely.from_geojson(row.geometry)
        for row in territory.rows(sa.text("SELECT name, geometry FROM admin_unit WHERE level = 1"))
    }
    units = {row.pcode: shapely.from_geojson(row.geometry) for row in territory.rows(sa.text(DRAWN))}
    shown = [row for row in rows(folder, "04_records/incidents") if row["lat"]]
    assert len(shown) > 500
    for row in shown:
        lon, lat, off = (float(row[name]) for name in ("lon", "lat", "uncertainty_m"))
        away = float(distance_m(lon, lat, *true[row["id"]])[0])
        assert 2000 <= away <= off
        assert (lon, lat) == (round(lon, 2), round(lat, 2))
        assert (lon, lat) not in true.values()
        assert row["place_shown"] == "masked"
        assert int(row["place_precision"]) >= 3
        assert shapely.intersects_xy(shapes[row["area"]], lon, lat)
        assert shapely.intersects_xy(units[row["pcode"]], lon, lat)
    features = json.loads((folder / "data/05_geo/incidents.geojson").read_text(encoding="utf-8"))["features"]
    assert [f["id"] for f in features] == [row["id"] for row in shown]
    assert all(feature["properties"]["representative"] for feature in features)


def test_recipients_see_the_same_points_under_other_ids(
    packages: dict[Tier, tuple[Path, Outward]], territory: Store, tmp_path: Path
) -> None:
    """R68, R71: two partners and the public have no id, no code and no order in common, and nothing to average."""
    sent(territory, tmp_path / "other", Tier.PARTNER, to="Another partner")
    lists = [rows(folder, "04_records/incidents") for folder in
             (packages[Tier.PUBLIC][0], packages[Tier.PARTNER][0], tmp_path / "other")]  # fmt: skip
    points = [Counter((row["lat"], row["lon"]) for row in found) for found in lists]
    assert points[0] == points[1] == points[2]
    for column in ("id", "code"):
        names = [row[column] for found in lists for row in found]
        assert len(set(names)) == len(names)
    assert all([row["id"] for row in found] == sorted(row["id"] for row in found) for found in lists)
    people = [{row["id"] for row in rows(folder, "04_records/victims")}
              for folder in (packages[Tier.PARTNER][0], tmp_path / "other")]  # fmt: skip
    assert people[0]
    assert not people[0] & people[1]


def test_a_partners_people_are_each_one_of_five(packages: dict[Tier, tuple[Path, Outward]]) -> None:
    """R65: counted by hand from the file; the report in disclosure.json says the same."""
    folder, _ = packages[Tier.PARTNER]
    people = rows(folder, "04_records/victims")
    classes = Counter(tuple(row[name] for name in QUASI) for row in people)
    assert min(classes.values()) >= K
    reports = json_of(folder)["people"]["years"].values()
    assert sum(report["rows"] for report in reports) == len(people) > 1000
    assert min(report["smallest"] for report in reports) >= K
    for name in ("cause", "civil_status"):
        kinds: dict[tuple[str, ...], set[str]] = {}
        for row in people:
            kinds.setdefault(tuple(row[part] for part in QUASI), set()).add(row[name])
        bare = {"unknown", "not_recorded", "not_applicable", "withheld", "suppressed"}
        assert all(len(found) > 1 or found <= bare for found in kinds.values())
    assert {"incident_id", "incident_code", "group", "occupation"}.isdisjoint(people[0])
    assert not (packages[Tier.PUBLIC][0] / "data/04_records/victims.csv").exists()


@pytest.mark.parametrize("tier", BOTH)
def test_the_same_record_gives_the_same_bytes(
    packages: dict[Tier, tuple[Path, Outward]], territory: Store, tmp_path: Path, tier: Tier
) -> None:
    """R85: and so does a package that follows one of the same record."""
    folder, done = packages[tier]
    sent(territory, tmp_path / "again", tier)
    sent(territory, tmp_path / "after", tier, [done.kept])
    assert contents(tmp_path / "again") == contents(folder)
    after, before = contents(tmp_path / "after"), contents(folder)
    assert {name for name in before if after[name] != before[name]} == {"data/disclosure.json"}
    assert {told["course"] for told in json_of(tmp_path / "after")["tables"]} <= {"unchanged", "none"}


def test_days_and_districts_are_for_partners(packages: dict[Tier, tuple[Path, Outward]]) -> None:
    """R32, R64: the public has a month and a first-order area at the closest."""
    public, partner = (rows(packages[tier][0], "04_records/incidents") for tier in BOTH)
    assert {"date_start", "date_end", "admin2"}.isdisjoint(public[0])
    assert {"date_start", "date_end", "admin2"} <= set(partner[0])
    assert all(len(row["period"]) <= 12 and "T" not in row["period"] for row in public)
    assert all(row["status"] for row in public + partner)
    assert {row["kind"] for row in rows(packages[Tier.PUBLIC][0], "04_records/sources")} & {"media", "ngo"}


def test_a_later_release_tells_no_newcomer(territory: Store, tmp_path: Path) -> None:
    """R66: one person more in a year that is over: the tables of that year stay as they were, and say so."""
    first = sent(territory, tmp_path / "first", Tier.PUBLIC)
    path = tmp_path / "copy.db"
    with sqlite3.connect(str(territory._engine.url.database)) as held, sqlite3.connect(path) as copy:
        held.backup(copy)
    changed = Store.open(str(path))
    with changed._engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE incident SET killed_best = killed_best + 1, killed_high = killed_high + 1 WHERE id ="
            " (SELECT id FROM incident WHERE date_start LIKE '2023%' AND killed_best > 3 AND sensitivity = 'moderate'"
            " AND status = 'verified' ORDER BY id LIMIT 1)"
        )
    second = sent(changed, tmp_path / "second", Tier.PUBLIC, [first.kept])
    changed.close()
    assert second.headline.killed_best == first.headline.killed_best + 1
    courses = {told["name"]: told["course"] for told in json_of(tmp_path / "second")["tables"]}
    groups = {name for name in courses if name.startswith("groups") and name.endswith("2023")}
    assert {courses[name] for name in groups} == {"earlier"}
    assert {course for name, course in courses.items() if not name.endswith("2023")} <= {"unchanged", "none"}
    for table in second.kept["tables"]:
        if table["name"].endswith("2023") and table["name"] not in groups:  # of whom neither sex nor cause is known
            (old,) = [part for part in first.kept["tables"] if part["name"] == table["name"]]
            assert {**table, "apart": 0} == {**old, "apart": 0}
            assert table["apart"] == old["apart"] + 1
    name = "data/07_tables/groups_by_area.csv"
    assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert sum(second.withheld["difference", "tables", name] for name in groups) == len(groups) > 1


@pytest.mark.parametrize("tier", BOTH)
def test_every_column_is_explained(packages: dict[Tier, tuple[Path, Outward]], tier: Tier) -> None:
    """R02: fields.csv has each column of each file of records, in order, with a sentence."""
    folder, _ = packages[tier]
    told: dict[str, list[str]] = {}
    for row in rows(folder, "02_codebook/fields"):
        told.setdefault(row["table"], []).append(row["field"])
        assert row["meaning"].endswith((".", ";"))
    files = {**FILES, "removed": "removed"}
    held = {path.stem for path in (folder / "data/04_records").iterdir()}
    assert {files[name] for name in told} == held
    for name, columns in told.items():
        with open(folder / f"data/04_records/{files[name]}.csv", encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == columns
