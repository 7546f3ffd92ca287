"""What a stranger gains who attacks published packages: nothing nearer than what is claimed of them (R66, R68).

Worlds of our own making, with truth planted in them; the attacks of `attack` see their packages alone.
"""

import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import attack
import numpy as np
import pytest

from casualty import release, review
from casualty.schema import (
    AdminUnitFields,
    DimensionFields,
    DocumentFields,
    GroupFields,
    IncidentDraft,
    OriginFields,
    SourceFields,
)
from casualty.store import Store
from casualty.vocabulary import SourceKind, Tier

T, NEAR = 10, 2_000.0
Box = tuple[float, float, float, float]
# West, south, east, north of the first order; `Tarn` is a kilometre across, `Slip` one by four.
UNITS: dict[str, Box] = {
    "Ard": (0, 10, 1, 11), "Bel": (1, 10, 2, 11), "Cor": (2, 10, 3, 11), "Dun": (3, 10, 3.3, 10.3),
    "Slip": (4, 10, 4.01, 10.036), "Tarn": (5, 10, 5.009, 10.009),
}  # fmt: skip
INNER: dict[str, tuple[str, Box]] = {
    "Ard West": ("Ard", (0, 10, 0.5, 11)), "Ard East": ("Ard", (0.5, 10, 1, 11)), "Bel Mill": ("Bel", (1.5, 10.5, 1.52, 10.52)),
}  # fmt: skip
GROUPS = {"faith": ("kess", "tul", "omb"), "speech": ("north", "south")}


@dataclass
class World:
    """A record with truth planted in it, and how to make packages of it."""

    store: Store
    folder: Path
    rng: np.random.Generator
    ids: dict[str, str] = field(default_factory=dict)
    truth: dict[str, tuple[float, float]] = field(default_factory=dict)
    area: dict[str, str] = field(default_factory=dict)
    village: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    bags: int = 0

    def put(self, name: str, kind: str, draft: Any) -> None:
        self.ids[name] = self.store.record(kind, draft, self.store.local("tester")).id

    def references(self) -> None:
        self.put("paper", "source", SourceFields(name="Paper", kind=SourceKind.MEDIA))
        self.put("issue", "document", DocumentFields(title="Issue", source_id=self.ids["paper"]))
        self.put("wire", "origin", OriginFields(label="wire"))
        for name, groups in GROUPS.items():
            self.put(name, "dimension", DimensionFields(code=name, label=name, state="on", assessment="Signed"))
            for group in groups:
                self.put(group, "identity_group", GroupFields(dimension_id=self.ids[name], code=group, label=group))
        for name, box in UNITS.items():
            self.unit(name, 1, box, None)
        for name, (parent, box) in INNER.items():
            self.unit(name, 2, box, parent)

    def unit(self, name: str, level: int, box: Box, parent: str | None) -> None:
        west, south, east, north = box
        ring = f"[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]"
        geometry = f'{{"type":"Polygon","coordinates":[[{ring}]]}}'
        stated = {"pcode": f"P {name}", "boundary_set": "now", "name": name, "level": level, "geometry": geometry}
        if parent:
            stated["parent_pcode"] = f"P {parent}"
        self.put(f"unit {name}", "admin_unit", AdminUnitFields.model_validate(stated))

    def drawn(
        self, number: int, area: str, year: int, killed: int, at: tuple[float, float] | None = None, inner: str | None = None,
        village: str = "", known: float = 0.9, **shares: str,
    ) -> tuple[IncidentDraft, tuple[float, float]]:  # fmt: skip
        """Return an incident; `shares` names the one group of a dimension that all of its people are of.

        The number injured is its mark, by which the judge of an attack knows it again: the attacks never read it.
        """
        rng = self.rng
        west, south, east, north = INNER[inner][1] if inner else UNITS[area]
        lon, lat = at or (float(rng.uniform(west, east)), float(rng.uniform(south, north)))
        day = f"{year}-{rng.integers(1, 13):02}-{rng.integers(1, 29):02}"
        people = []
        for _ in range(killed):
            said = [
                {"dimension_id": self.ids[name], "group_id": self.ids[shares.get(name) or str(rng.choice(groups))],
                 "basis": "document"}
                for name, groups in GROUPS.items() if name in shares or rng.random() < known
            ]  # fmt: skip
            people.append({
                "harm": "killed", "sex": str(rng.choice(["woman", "man", "unknown"], p=[0.3, 0.6, 0.1])),
                "age_band": str(rng.choice(["child", "adult", "older", "unknown"], p=[0.15, 0.6, 0.1, 0.15])),
                "civil_status": str(rng.choice(["civilian", "armed_forces", "unknown"], p=[0.7, 0.1, 0.2])),
                "cause": str(rng.choice(["small_arms", "heavy_weapons", "unknown"], p=[0.5, 0.3, 0.2])), "attributions": said,
            })  # fmt: skip
        stated = {
            "date_start": day, "date_end": day, "date_precision": 1, "lon": lon, "lat": lat, "place_precision": 1,
            "uncertainty_m": 100.0, "pcode": f"P {inner or area}", "boundary_set": "now", "country": "Land", "admin1": area,
            "admin2": inner, "place_as_reported": f"Secretplace {village}", "killed_low": killed, "killed_best": killed,
            "killed_high": killed, **dict.fromkeys(("injured_low", "injured_best", "injured_high"), number),
            "claims": [{"document_id": self.ids["issue"], "killed_best": killed}], "victims": people,
            "narrative_public": "Told of Secretplace", "title": "Secretplace",
        }  # fmt: skip
        return IncidentDraft.model_validate(stated), (lon, lat)

    def add(self, *made: dict[str, Any]) -> list[str]:
        """Record incidents; return their marks."""
        marks = []
        with self.store.writing(self.store.local("tester"), reason="told") as writer:
            for one in made:
                mark = str(len(self.order) + 1)
                draft, self.truth[mark] = self.drawn(int(mark), **one)
                self.keys[mark] = writer.record("incident", draft).id
                self.area[mark], self.village[mark] = one["area"], one.get("village", "")
                self.order.append(mark)
                marks.append(mark)
        return marks

    def moved(self, mark: str, place: tuple[float, float]) -> None:
        """State other coordinates of an incident."""
        key, by = self.keys[mark], self.store.local("tester")
        draft, version = self.store.draft(key)
        draft.lon, draft.lat = self.truth[mark] = place
        self.store.amend("incident", key, draft, expected=version, by=by, reason="nearer")

    def send(self, tier: Tier, recipient: str = "Somebody") -> Path:
        self.bags += 1
        return release.build(
            self.store, self.folder / f"bag {self.bags}", tier=tier, recipient=recipient, basis="Agreement",
            by=self.store.local("tester"), report=False,
        ).path  # fmt: skip


def marked(bag: Path) -> dict[str, dict[str, str]]:
    """Return the published incidents by the mark of each."""
    return {row["injured_best"]: row for row in attack.incidents(bag)}


def shown(bag: Path) -> dict[str, tuple[float, float]]:
    """Return where each incident is shown, by its mark."""
    marks = {row["code"]: row["injured_best"] for row in attack.incidents(bag)}
    return {marks[code]: place for code, place in attack.spots(bag).items()}


def world(folder: Path, seed: int) -> World:
    """An empty record with its references."""
    folder.mkdir(parents=True, exist_ok=True)
    made = World(Store.create(folder / "record.db"), folder, np.random.default_rng(seed))
    made.references()
    return made


def ordinary(made: World, n: int, known: float = 0.9) -> list[dict[str, Any]]:
    """Incidents here and there: most small, some of one group alone."""
    rng, found = made.rng, []
    for _ in range(n):
        area = str(rng.choice(list(UNITS), p=[0.35, 0.25, 0.15, 0.15, 0.05, 0.05]))
        killed = min(40, int(np.ceil((1 - rng.random()) ** (-1 / 1.1))))
        one = {"area": area, "year": int(rng.choice([2021, 2022, 2023])), "killed": killed, "known": known}
        inner = [name for name, (parent, _) in INNER.items() if parent == area]
        if inner and rng.random() < 0.8:
            one["inner"] = str(rng.choice(inner))
        if rng.random() < 0.4:
            one["faith"] = {"Ard": "kess", "Bel": "tul"}.get(area, "omb")
        found.append(one)
    return found


def numbers(folder: Path, seed: int, n: int, known: float) -> World:
    """A record of which some numbers have to be suppressed, with a massacre of one group and one person killed alone."""
    made = world(folder, seed)
    made.add(*ordinary(made, n, known))
    made.add(
        {"area": "Cor", "year": 2022, "killed": 40, "faith": "tul"},
        {"area": "Dun", "year": 2023, "killed": 1, "faith": "tul"},
    )
    return made


VILLAGES: dict[str, tuple[str, str | None, tuple[float, float]]] = {
    "v0": ("Ard", "Ard West", (0.17, 10.41)), "v1": ("Ard", "Ard East", (0.81, 10.66)), "v2": ("Bel", None, (1.3, 10.7)),
    "v3": ("Cor", None, (2.4, 10.2)), "v4": ("Dun", None, (3.16, 10.13)),
}  # fmt: skip


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """A public and a partner package of each of three records."""
    folder, made = tmp_path_factory.mktemp("counted"), []
    for seed, n, known in ((4, 150, 0.9), (8, 400, 0.9), (11, 400, 0.4)):
        record = numbers(folder / str(seed), seed, n, known)
        made.append((record.send(Tier.PUBLIC), record.send(Tier.PARTNER)))
        record.store.close()
    return made


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Public packages of one record that follow each other: people added, few and many, then an incident less and two made one."""
    record = numbers(tmp_path_factory.mktemp("followed"), 8, 250, 0.9)
    bags, by = [record.send(Tier.PUBLIC)], record.store.local("second")
    for more in (1, 3, 60):
        record.add(*ordinary(record, more), {"area": "Dun", "year": 2022, "killed": 3, "faith": "tul"})
        bags.append(record.send(Tier.PUBLIC, f"Reader {more}"))
    record.store.withdraw("incident", record.keys["5"], by, "entered twice")
    codes = [record.store.current("incident", record.keys[mark])["incident"][0]["code"] for mark in ("8", "9")]
    review.merge(record.store, codes[0], codes[1], "The same", by)
    bags.append(record.send(Tier.PUBLIC, "Last"))
    record.store.close()
    return bags


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A record of incidents here and there, and of 25 in each of five villages, recorded within some hundred metres."""
    record = world(tmp_path_factory.mktemp("placed"), 2)
    record.add(*ordinary(record, 150))
    for name, (area, inner, (lon, lat)) in VILLAGES.items():
        near = record.rng.normal((lon, lat), 0.003, (25, 2))
        record.add(*(
            {"area": area, "inner": inner, "year": 2022, "killed": 2, "at": (float(x), float(y)), "village": name} for x, y in near
        ))  # fmt: skip
    yield record
    record.store.close()


@pytest.fixture(scope="module")
def readers(placed: World) -> tuple[list[Path], list[Path]]:
    """Packages of it for twelve readers of the public and four partners."""
    return (
        [placed.send(Tier.PUBLIC, f"Reader {n}") for n in range(12)],
        [placed.send(Tier.PARTNER, f"Partner {n}") for n in range(4)],
    )


def given_away(bound: attack.Bound) -> bool:
    """Whether a hidden number is pinned closer than from 0 to twice the threshold, or to all that were killed there anyway."""
    return not (bound.least <= 0 and bound.most >= min(2 * T, bound.anyway))


# Numbers ---------------------------------------------------------------------------------------------------------------


def test_the_attack_finds_what_is_hidden_badly(tmp_path: Path) -> None:
    """R68: one number suppressed alone in its line is what the others leave; with two lines open it is not."""
    weak = tmp_path / "data/07_tables"
    weak.mkdir(parents=True)
    (tmp_path / "data/04_records").mkdir()
    (weak / "by_year.csv").write_text("year,killed_best,in_tables\n2022,57,yes\n", encoding="utf-8")
    head, total = "of,year,sex,age_band,killed\n", "man,total,30|woman,total,27|total,child,24|total,adult,33"
    for inner, least, most in (
        ("man,child,suppressed|man,adult,26|woman,child,20|woman,adult,7", 4, 4),
        ("man,child,suppressed|man,adult,suppressed|woman,child,suppressed|woman,adult,suppressed", 0, 24),
    ):
        lines = "\n".join(f",2022,{line}" for line in f"{inner}|{total}|total,total,57".split("|"))
        (weak / "sex_by_age.csv").write_text(head + lines + "\n", encoding="utf-8")
        first = attack.hidden([tmp_path])[0]
        assert (first.least, first.most) == (least, most)
        assert given_away(first) == (least > 0)


def test_no_number_of_one_package_is_given_away(counted: list[tuple[Path, Path]]) -> None:
    """R68: by every cell, margin, total of a year and the list of incidents, a suppressed number may be 0 and 2 T."""
    found = [bound for public, partner in counted for bag in (public, partner) for bound in attack.hidden([bag])]
    assert len(found) >= 20
    assert [bound for bound in found if given_away(bound)] == []


def test_public_and_partner_packages_together_give_nothing_away(counted: list[tuple[Path, Path]]) -> None:
    """R68: nor both tiers of the same record together."""
    found = [bound for both in counted for bound in attack.hidden(both)]
    assert len(found) >= 20
    assert [bound for bound in found if given_away(bound)] == []


@pytest.mark.parametrize("growing", [False, True], ids=["as told", "only added"])
def test_releases_that_follow_each_other_give_nothing_away(followed: list[Path], growing: bool) -> None:
    """R68: releases subtracted, with and without the knowledge that people are only added; then after a withdrawal."""
    chains = [followed[i : i + 2] for i in range(3)] + [followed[:4]]
    if not growing:
        chains.append(followed)  # incidents were taken out of the last
    found = [bound for chain in chains for bound in attack.hidden(chain, growing)]
    assert found
    assert [bound for bound in found if given_away(bound)] == []


def test_no_difference_of_two_releases_is_a_small_number(followed: list[Path]) -> None:
    """R68: of no cell do two releases, next to each other or not, differ by one to nine people."""
    told = [attack.tables(bag) for bag in followed]
    shared = [
        abs(int(after[cell]) - int(before[cell]))
        for i, before in enumerate(told)
        for after in told[i + 1 :]
        for cell in before.keys() & after.keys()
        if attack.HIDDEN not in (before[cell], after[cell])
    ]
    assert len(shared) > 500
    assert [number for number in shared if 0 < number < T] == []


def test_no_line_told_together_gives_a_small_number_away(counted: list[tuple[Path, Path]]) -> None:
    """R68: lines told together, taken apart by what the list of incidents adds up to, pin nobody's one to nine people.

    In these records. One where all people of the joined areas are of one group is another matter.
    """
    found = [bound for public, _ in counted for bound in attack.joined([public])]
    assert len(found) > 100
    assert [bound for bound in found if bound.least > 0 and bound.most < T] == []


def test_what_was_added_is_no_small_number(followed: list[Path]) -> None:
    """R68: nor is it known of one to nine people who were added between two releases of what group or sex they are."""
    found = attack.added(followed[2:4])
    assert len(found) > 100
    assert [bound for bound in found if not (bound.least <= 0 or bound.least >= T)] == []


# Places ----------------------------------------------------------------------------------------------------------------


def test_averages_come_to_no_place(placed: World, readers: tuple[list[Path], list[Path]]) -> None:
    """R66: every reader sees the same spot, so that a thousand tell no more than one; and it lies 2,000 m off.

    Sixteen packages are made, of two tiers; because all are equal, the average of any number of them is this spot.
    """
    seen = [shown(bag) for bags in readers for bag in bags]
    assert len(seen[0]) > 200
    assert all(spots == seen[0] for spots in seen)
    for mark, spot in seen[0].items():
        assert attack.metres(spot, placed.truth[mark]) >= NEAR
        assert attack.metres(attack.mean(spots[mark] for spots in seen), placed.truth[mark]) >= NEAR


def test_averages_over_a_village_come_to_no_place(placed: World, readers: tuple[list[Path], list[Path]]) -> None:
    """R66: the spots of 25 incidents of one village, averaged each or each spot once, are 2,000 m from it."""
    seen = shown(readers[0][0])
    for name, (_, _, place) in VILLAGES.items():
        spots = [spot for mark, spot in seen.items() if placed.village[mark] == name]
        assert len(spots) == 25
        assert attack.metres(attack.mean(spots), place) >= NEAR
        assert attack.metres(attack.mean(set(spots)), place) >= NEAR


def test_revised_coordinates_come_to_no_place(tmp_path: Path) -> None:
    """R66: a place stated twelve times anew, some hundred metres apart, released each time: the average is 2,000 m off."""
    record, place = world(tmp_path, 3), (0.2, 10.4)
    mark = record.add({"area": "Ard", "inner": "Ard West", "year": 2022, "killed": 3, "at": place})[0]
    seen = []
    for n in range(12):
        lon, lat = record.rng.normal(0, 0.002, 2) + place
        record.moved(mark, (float(lon), float(lat)))
        seen.append(shown(record.send(Tier.PUBLIC, f"Reader {n}"))[mark])
        assert attack.metres(seen[-1], record.truth[mark]) >= NEAR
    assert attack.metres(attack.mean(seen), place) >= NEAR
    assert attack.metres(attack.mean(set(seen)), place) >= NEAR
    record.store.close()


def test_a_spot_lies_in_the_unit_that_is_told(readers: tuple[list[Path], list[Path]]) -> None:
    """R66: at each tier; a unit that is itself no larger than the way to a spot is told by no name."""
    boxes = UNITS | {name: box for name, (_, box) in INNER.items()}
    for bag in (readers[0][0], readers[1][0]):
        for row in attack.incidents(bag):
            if row["lat"] and row["pcode"]:
                west, south, east, north = boxes[row["pcode"].removeprefix("P ")]
                assert west <= float(row["lon"]) <= east
                assert south <= float(row["lat"]) <= north
            assert row["area"] not in ("Slip", "Tarn")


# Links -----------------------------------------------------------------------------------------------------------------


def test_ids_link_no_two_partners_and_no_tiers(readers: tuple[list[Path], list[Path]]) -> None:
    """R66: what one partner holds cannot be joined by any id or code to what another, or the public, holds."""
    names = ("incidents", "victims", "sources")
    bags = [readers[0][0], *readers[1]]
    held = [
        {row[key] for name in names for row in attack.rows(bag / f"data/04_records/{name}.csv") for key in ("id", "code") if row.get(key)}
        for bag in bags
    ]  # fmt: skip
    assert all(held)
    assert all(not one & other for i, one in enumerate(held) for other in held[i + 1 :])


def test_order_tells_no_time_of_recording(placed: World, readers: tuple[list[Path], list[Path]]) -> None:
    """R66: neither rows nor codes nor ids stand in the order in which incidents were recorded."""
    for bag in (readers[0][0], readers[1][0]):
        marks = marked(bag)
        recorded = [int(mark) for mark in marks]
        for orders in (range(len(marks)), *([row[key] for row in marks.values()] for key in ("id", "code"))):
            ranks = np.argsort(np.argsort(np.array(orders)))
            assert abs(np.corrcoef(ranks, recorded)[0, 1]) < 4 / np.sqrt(len(recorded))


def test_no_text_and_no_true_place_is_left_in_any_file(placed: World, readers: tuple[list[Path], list[Path]]) -> None:
    """R66: titles, places as reported and unread summaries are in no byte of a package; nor is a coordinate as it was stated."""
    for bag in (readers[0][0], readers[1][0]):
        everything = b"".join(path.read_bytes() for path in sorted(bag.rglob("*")) if path.is_file())
        assert b"Secretplace" not in everything
        for number in (number for place in placed.truth.values() for number in place):
            assert repr(number)[:9].encode() not in everything
            assert struct.pack("<d", number) not in everything


def test_map_files_tell_what_the_table_tells(readers: tuple[list[Path], list[Path]]) -> None:
    """R66: the same spots in GeoJSON and GeoPackage as in the table."""
    for bag in (readers[0][0], readers[1][0]):
        told = attack.spots(bag)
        features = json.loads((bag / "data/05_geo/incidents.geojson").read_text(encoding="utf-8"))["features"]
        drawn = {one["properties"]["code"]: one["geometry"] for one in features}
        assert {code: tuple(at["coordinates"]) for code, at in drawn.items() if at} == told
        with closing(sqlite3.connect(bag / "data/05_geo/package.gpkg")) as file:
            indexes = file.execute("SELECT name FROM sqlite_master WHERE name LIKE 'rtree_incidents%_geom'").fetchall()
            boxes = [box for (name,) in indexes for box in file.execute(f'SELECT minx, miny FROM "{name}"')]
        assert len(boxes) == len(told)
        assert {(round(lon, 3), round(lat, 3)) for lon, lat in boxes} == set(told.values())
