"""The figures, maps and fonts of the report, each against a count made without them.

Holds R09, R11, R25, R29, R30, R33, R40, R44, R49 and R50 for the report.
"""

import math
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from filled import fill
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reported import incident, package, read, victim

from casualty import frames, release
from casualty.errors import CheckFailed
from casualty.release.package import Package
from casualty.release.report import document, glyphs, held, maps, method, tables
from casualty.release.report.maps import Window
from casualty.store import Store
from casualty.summary import Summary, summarise
from casualty.vocabulary import IncidentStatus, IncidentType, Tier

RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, dict[str, Summary], dict[str, str | None]]:
    """A package with something of everything, the record's own sums, and in which unit it has each incident."""
    folder = tmp_path_factory.mktemp("made")
    store = Store.create(folder / "record.db")
    by = store.local("tester")
    fill(store, by, store.local("second person"))
    release.build(store, folder / "bag", tier=Tier.COMMISSION, recipient="R", basis="B", by=by)
    sums = {name: summarise(store, name) for name in ("status", "year")}
    areas = frames.areas(store, level=1)
    store.close()
    return Package.at(folder / "bag"), sums, areas


def numbers(row: list[str]) -> list[int]:
    return [int(cell.replace(",", "")) for cell in row[1:]]


def by_name(held_package: Package) -> dict[str, dict[str, Any]]:
    return {table["name"]: table for table in document.of(held_package)["tables"]}


def test_the_sums_are_those_of_the_record(filled: tuple[Package, dict[str, Summary], Any]) -> None:
    """R29: by status, as `casualty summary` has them; in all, by every table."""
    made, sums, _ = filled
    shown = by_name(made)
    labels = {term.label: term.value for term in IncidentStatus}
    for row in shown["status"]["rows"]:
        own = sums["status"].by[labels[row[0]]]
        assert numbers(row)[:4] == [own.incidents, own.killed_low, own.killed_best, own.killed_high]
        assert numbers(row)[7] == own.without_best
    total = sums["year"].total
    for name in ("status", "year", "area", "type"):
        assert numbers(shown[name]["total"])[:4] == [
            total.incidents, total.killed_low, total.killed_best, total.killed_high,
        ]  # fmt: skip
    headline = document.of(made)["headline"]
    assert {key: headline[key] for key in ("victims", "without_best", "without_place")} == {
        "victims": str(total.victims), "without_best": str(total.without_best),
        "without_place": str(total.without_place),
    }  # fmt: skip
    assert not headline["differs"]


def test_an_incident_lies_where_the_record_has_it(filled: tuple[Package, Any, dict[str, str | None]]) -> None:
    """R34: by the unit as recorded, else around the point, where that may be told."""
    made, _, areas = filled
    told = {row["id"] for row in made.rows("incident") if not row["withheld"]}
    found = {one.id: one.area for one in held.read(made).incidents if one.id in told}
    assert found == {key: {"007": "007 Seven", None: "unknown"}[areas[key]] for key in told}
    assert len(found) > 5


FIGURE = st.one_of(st.just(""), st.integers(0, 40).map(str))


@st.composite
def records(draw: st.DrawFn) -> dict[str, list[dict[str, str]]]:
    """Incidents with and without stated figures, persons and groups, people in two rows, groups people are named out of."""
    incidents = [
        incident(
            number,
            status=draw(st.sampled_from(["verified", "corroborated", "submitted", "refuted", "contested"])),
            incident_type=draw(st.sampled_from(["raid", "unknown", "not_recorded"])),
            date_start=draw(st.sampled_from(["", "2023-01-01", "2024-12-31"])),
            admin1=draw(st.sampled_from(["", "North", "South"])),
            killed_low=draw(FIGURE), killed_best=draw(FIGURE), killed_high=draw(FIGURE),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]  # fmt: skip
    victims: list[dict[str, str]] = []
    for of in range(1, len(incidents) + 1):
        for _ in range(draw(st.integers(0, 4))):
            group = draw(st.booleans())
            counts = {f"count_{part}": draw(FIGURE) if group else "1" for part in ("low", "best", "high")}
            victims.append(victim(
                len(victims) + 1, of, kind="group" if group else "person", **counts,
                harm=draw(st.sampled_from(["killed", "injured"])), sex=draw(st.sampled_from(["woman", "man", "unknown"])),
                age_band=draw(st.sampled_from(["adult", "child", "unknown"])),
            ))  # fmt: skip
    for row in victims:
        groups = [
            other["id"] for other in victims if other["incident_id"] == row["incident_id"] and other["kind"] == "group"
        ]
        if row["kind"] == "person" and groups:
            row["resolved_out_of"] = draw(st.sampled_from(["", *groups]))
    persons = [row["id"] for row in victims if row["kind"] == "person"]
    pairs = []
    if len(persons) > 1 and draw(st.booleans()):
        verdict = draw(st.sampled_from(["same", "different"]))
        pairs = [{"id": "p", "victim_id": persons[-1], "other_id": persons[0], "verdict": verdict, "withdrawn_at": ""}]
    attributions = [
        {"incident_id": row["incident_id"], "victim_id": row["id"], "dimension_id": "d", "group_id": group,
         "sense": sense, "basis": basis}
        for row in victims
        for group, sense, basis in draw(st.lists(st.tuples(
            st.sampled_from(["g1", "g2", ""]), st.sampled_from(["own", "perceived"]),
            st.sampled_from(["document", "person_inferred"])), max_size=2))
    ]  # fmt: skip
    dimension = [{"id": "d", "label": "Language"}]
    return {
        "incident": incidents,
        "victim": victims,
        "pairing": pairs,
        "attribution": attributions,
        "dimension": dimension,
    }


def people_of(rows: list[dict[str, str]], row: dict[str, str], twin: str, kept: str) -> list[int]:
    """Low, best, high that one victim row adds, counted by hand."""
    if row["kind"] == "person":
        return [0, 0, 0] if row["id"] == twin else [1, 1, 1]
    named = {kept if one["id"] == twin else one["id"] for one in rows if one["resolved_out_of"] == row["id"]}
    return [max(int(row[f"count_{part}"] or 0) - len(named), 0) for part in ("low", "best", "high")]


@given(drawn=records())
@RELAXED
def test_figures_are_the_sums_of_the_tables(drawn: dict[str, list[dict[str, str]]], tmp_path_factory: Any) -> None:
    """R09, R25, R29, R30: counted again by hand; every table adds up to its last row, unknowns as a row of their own."""
    made = package(tmp_path_factory.mktemp("bag"), drawn)
    twin = kept = ""
    for pair in drawn["pairing"]:
        if pair["verdict"] == "same":
            twin, kept = pair["victim_id"], pair["other_id"]
    victims = {row["id"]: row for row in drawn["victim"]}
    expected: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {"2023": Counter(), "2024": Counter(), "Unknown": Counter()}
    for row in read(made, "incident"):
        rows = [one for one in drawn["victim"] if one["incident_id"] == row["id"]]
        dead = [one for one in rows if one["harm"] == "killed"]
        killed = [people_of(rows, one, twin, kept) for one in dead]
        unsure = [one["kind"] == "group" and one["count_best"] == "" for one in dead]
        expected["with victims"] += any(any(each) or doubt for each, doubt in zip(killed, unsure, strict=True))
        added = [sum(each) for each in zip(*killed, strict=True)] or [0, 0, 0]
        stated = [row[f"killed_{part}"] for part in ("low", "best", "high")]
        if any(stated):
            less = int(
                twin != "" and victims[twin]["incident_id"] == row["id"] != victims[kept]["incident_id"]
                and victims[twin]["harm"] == "killed"
            )  # fmt: skip
            added = [max(int(cell or 0) - less, 0) for cell in stated]
        for name, value in zip(("low", "best", "high"), added, strict=True):
            expected[name] += value
            parts[row["date_start"][:4] or "Unknown"][name] += value
    shown = by_name(made)
    for table in shown.values():
        total = numbers(table["total"])
        rows_ = [numbers(row) for row in table["rows"]]
        if table["name"] in ("status", "year", "area", "type"):
            assert total[0] == len(drawn["incident"]) == sum(row[0] for row in rows_)
            assert total[1:4] == [expected["low"], expected["best"], expected["high"]]
        else:
            assert total[0] == expected["with victims"]
            assert max(row[0] for row in rows_) <= total[0] <= sum(row[0] for row in rows_)
        assert [sum(column) for column in zip(*(row[1:] for row in rows_), strict=True)] == total[1:]
        assert all(row[2] == sum(row[4:7]) for row in [*rows_, total])
    for row in shown["year"]["rows"]:
        assert numbers(row)[1:4] == [parts[row[0]][name] for name in ("low", "best", "high")]


@given(drawn=records())
@RELAXED
def test_groups_are_own_identities_and_unknown_is_a_group(
    drawn: dict[str, list[dict[str, str]]], tmp_path_factory: Any
) -> None:
    """R25, R40, R44: neither perceived nor inferred identities count; two that disagree are said to; the rest is unknown."""
    made = package(tmp_path_factory.mktemp("bag"), drawn)
    twin, kept = next(
        ((pair["victim_id"], pair["other_id"]) for pair in drawn["pairing"] if pair["verdict"] == "same"), ("", "")
    )
    groups: dict[str, set[str]] = {}
    for row in drawn["attribution"]:
        if row["sense"] == "own" and row["basis"] == "document" and row["group_id"]:
            groups.setdefault(kept if row["victim_id"] == twin else row["victim_id"], set()).add(row["group_id"])
    expected: Counter[str] = Counter()
    for row in drawn["victim"]:
        rows = [one for one in drawn["victim"] if one["incident_id"] == row["incident_id"]]
        if row["harm"] == "killed":
            named = groups.get(row["id"], set())
            label = (
                "G1"
                if named == {"g1"}
                else "G2"
                if named == {"g2"}
                else "Attributions disagree"
                if named
                else "Unknown"
            )
            expected[label] += people_of(rows, row, twin, kept)[1]
    shown = by_name(made).get("group")
    if shown is not None:
        found = {row[0]: numbers(row)[2] for row in shown["rows"]}
        assert {label: number for label, number in found.items() if number} == {k: v for k, v in expected.items() if v}


def test_two_groups_of_one_name_are_two(tmp_path: Path) -> None:
    """R39: they are told apart by their codes; a person of whom both are said is of neither."""
    groups = [{"id": f"g{at}", "dimension_id": "d", "code": f"c{at}", "label": "Same"} for at in (1, 2)]
    own = {"incident_id": "i1", "dimension_id": "d", "sense": "own", "basis": "family"}
    attributions = [{**own, "victim_id": f"v{at}", "group_id": f"g{at}"} for at in (1, 2)]
    attributions += [{**own, "victim_id": "v3", "group_id": f"g{at}"} for at in (1, 2)]
    made = package(
        tmp_path,
        {"incident": [incident()], "victim": [victim(1, 1), victim(2, 1), victim(3, 1)], "attribution": attributions,
         "identity_group": groups, "dimension": [{"id": "d", "label": "Language"}]},
    )  # fmt: skip
    assert [row[:3] for row in by_name(made)["group"]["rows"]] == [
        ["Same (c1)", "1", "1"], ["Same (c2)", "1", "1"], ["Attributions disagree", "1", "1"],
    ]  # fmt: skip


def test_attributions_out_of_order_are_an_error(tmp_path: Path) -> None:
    """R29: they would be counted as unknown, and nobody would see it."""
    attributions = [
        {
            "incident_id": f"i{at}",
            "victim_id": f"v{at}",
            "dimension_id": "d",
            "group_id": "g",
            "sense": "own",
            "basis": "family",
        }
        for at in (2, 1)
    ]
    rows = {"incident": [incident(1), incident(2)], "victim": [victim(1, 1), victim(2, 2)], "attribution": attributions}
    with pytest.raises(CheckFailed, match="order"):
        document.of(package(tmp_path, rows))


def test_a_long_table_says_what_it_joins(tmp_path: Path) -> None:
    """R29: the smallest parts are added up as one, and the total stays."""
    rows = [incident(number, admin1=f"Unit {number}", killed_best="2") for number in range(1, tables.MOST_PARTS + 4)]
    table = by_name(package(tmp_path, {"incident": rows}))["area"]
    assert table["rows"][-1][:2] == ["3 others together", "3"]
    assert numbers(table["total"])[:3] == [len(rows), 0, 2 * len(rows)]


# Maps -----------------------------------------------------------------------------------------------------------------

POINTS = st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=1, max_size=20)


@given(points=POINTS)
@settings(deadline=None)
def test_every_point_lies_on_the_map(points: list[tuple[float, float]]) -> None:
    """R36: whatever the form of the window, over the date line too; never taller than a page."""
    window = Window.around(points)
    for lon, lat in points:
        x, y = window.at(lon, lat)
        assert -1e-6 <= x <= maps.WIDTH + 1e-6
        assert -1e-6 <= y <= window.tall + 1e-6


def test_the_date_line_cuts_no_map() -> None:
    """R36: islands on both sides of it are neighbours."""
    window = Window.around([(179.5, -17.0), (-179.5, -18.0)])
    assert window.width < 5
    assert window.at(179.5, -17.0)[0] < window.at(-179.5, -18.0)[0]


def drawn(number: int, lon: float, lat: float, **fields: str) -> dict[str, str]:
    return incident(number, lon=str(lon), lat=str(lat), has_point="true", place_precision="1", **fields)


def test_signs_say_how_many_how_sure_and_how_close(tmp_path: Path) -> None:
    """R11, R33, R49: no one lost, kinds never mixed; refuted ones are drawn nowhere; what is left out is counted."""
    rows = [
        drawn(1, 20.0, 10.0, killed_best="4"), drawn(2, 20.0, 10.0, killed_best="5"),
        drawn(3, 20.0, 10.0, killed_best="7", status="submitted"), drawn(4, 21.0, 11.0, killed_best="100"),
        {**drawn(5, 21.0, 11.0), "place_precision": "4"}, drawn(6, 21.0, 11.0, status="refuted"), incident(7),
    ]  # fmt: skip
    made = package(tmp_path, {"incident": rows})
    record = held.read(made)
    shown = [one for one in record.incidents if one.point and not one.refuted]
    signs, near = maps.gathered(shown, Window.around([one.point for one in shown if one.point]))
    assert near == maps.NEAREST
    assert [(sign.killed, sign.tier, sign.of_area) for sign in signs] == [
        (100, "verified", False), (9, "verified", False), (7, "other", False), (0, "verified", True),
    ]  # fmt: skip
    (sheet,) = maps.of(made, record)
    assert sheet["notes"][0] == (
        "Shown 5 of 7 incidents; 1 without a place that may be shown; 1 refuted are not drawn."
    )
    assert sheet["notes"][1].startswith("4 of those shown are verified")
    assert sheet["notes"][2].startswith("1 points stand for an area")
    assert (sheet["picture"].count("<circle"), sheet["picture"].count("<rect")) == (3, 1)


def test_a_crowded_map_draws_fewer_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R49: nobody is lost, and the paper says within which distance incidents became one sign."""
    monkeypatch.setattr(maps, "MOST_SIGNS", 10)
    rows = [drawn(at, at % 20, at // 20, killed_best="2") for at in range(1, 200)]
    record = held.read(package(tmp_path, {"incident": rows}))
    signs, near = maps.gathered(record.incidents, Window.around([one.point for one in record.incidents if one.point]))
    assert len(signs) <= 10
    assert near > maps.NEAREST
    assert sum(sign.killed for sign in signs) == 2 * len(rows)


@given(killed=st.integers(1, 10**6), largest=st.integers(1, 10**6))
def test_a_sign_of_four_times_the_people_is_twice_as_wide(killed: int, largest: int) -> None:
    """R49: area for number, as far as the smallest sign allows."""
    largest = max(largest, 4 * killed)
    small, large = maps.radius(killed, largest), maps.radius(4 * killed, largest)
    assert maps.LEAST <= small <= large <= maps.MOST / 2 + 1e-9
    assert math.isclose(large, 2 * small) or small == maps.LEAST


def unit(code: str, west: float, level: int = 1, boundary_set: str = "s") -> dict[str, Any]:
    ring = [[west, 0.0], [west + 1, 0.0], [west + 1, 1.0], [west, 1.0], [west, 0.0]]
    own = {"pcode": code, "name": f"Unit {code}", "level": level, "boundary_set": boundary_set}
    return {"type": "Feature", "id": code, "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": own}


def test_a_unit_without_incidents_is_white(tmp_path: Path) -> None:
    """R50: no data is not zero; a unit with incidents and nobody killed is not white; points find their unit."""
    features = [unit("A", 0), unit("B", 1), unit("C", 2)]
    lines = ",\n".join(_line(feature) for feature in features)
    rows = [drawn(1, 0.5, 0.5, killed_best="1200"), drawn(2, 1.5, 0.5, killed_best="0"), drawn(3, 9.5, 0.5)]
    units = [{"id": code, "pcode": code, "name": f"Unit {code}", "level": "1", "boundary_set": "s", "withdrawn_at": "",
              "recorded_at": "2024", "parent_pcode": "", "name_local": ""} for code in "ABC"]  # fmt: skip
    made = package(tmp_path, {"incident": rows, "admin_unit": units},
                   {"data/05_geo/admin_units.geojson": f'{{"features":[\n{lines}\n]}}\n'})  # fmt: skip
    record = held.read(made)
    assert [one.area for one in record.incidents] == ["A Unit A", "B Unit B", "unknown"]
    sheet = maps.of(made, record)[1]
    picture = sheet["picture"]
    assert picture.count(f'fill="{maps.SEA}"') == 1
    assert picture.count(f'fill="{maps.CLASSES[0][1]}"') == 1
    assert picture.count(f'fill="{maps.CLASSES[3][1]}"') == 1
    assert sheet["notes"][0].startswith("Shown 2 of 3 incidents, of every status but refuted; 1 without a unit")


def _line(feature: dict[str, Any]) -> str:
    import json

    return json.dumps(feature, separators=(",", ":"))


def test_the_scale_bar_is_as_long_as_it_says(tmp_path: Path) -> None:
    """R36: by the great circle, at the middle of the map."""
    window = Window.around([(20.0, 48.0), (24.0, 52.0)])
    bar = maps._scale(window)
    kilometres = float(bar["said"].removesuffix(" km"))
    degrees = bar["width"] / window.scale  # of latitude
    assert math.isclose(degrees * 40030.2 / 360, kilometres, rel_tol=0.01)
    assert bar["width"] <= maps.WIDTH / 4


# Fonts and method -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NotoSans-Regular.ttf", "NotoSansArabic-Bold.ttf"])
def test_the_characters_of_a_font_are_those_it_draws(name: str) -> None:
    """R23: against what another library draws: a character is missing exactly where it looks like one that is."""
    data = glyphs.fonts()[name]
    face = ImageFont.truetype(BytesIO(data), 24, layout_engine=ImageFont.Layout.BASIC)
    held_by_font = glyphs.characters(data)

    def look(character: int) -> bytes:
        image = Image.new("L", (60, 60))
        ImageDraw.Draw(image).text((15, 15), chr(character), 255, font=face)
        return image.tobytes()

    missing = look(0xFFFF)
    asked = [*range(0x20, 0x180), *range(0x400, 0x460), *range(0x600, 0x700), 0x4E2D, 0x12A0, 0x25A1, 0x2265]
    visible = [one for one in asked if chr(one).isprintable() and not chr(one).isspace()]
    assert {one for one in visible if one not in held_by_font} == {one for one in visible if look(one) == missing}


def test_every_letter_of_the_program_can_be_drawn() -> None:
    """R23, R80: the terms of the vocabulary, and the alphabets the report is made for."""
    terms = "".join(term.label + term.definition for scheme in (IncidentStatus, IncidentType) for term in scheme)
    alphabets = (
        "АБВГҐДЂЃЄЖЗЅИІЇЙЈКЛЉМНЊОПРСТЋЌУЎФХЦЧЏШЩЪЫЬЭЮЯәғқңөұүһі أبتثجحخدذرزسشصضطظعغفقكلمنهويءآةىئپچژگکیێۆڕڵ٠١٢٣۴"
    )
    signs = "éüñçøåßşğıİœæđőžÉ–—“”’…«»\u2068\u2069\u200c\u200d"
    assert [sign for sign in terms + alphabets + signs if ord(sign) not in glyphs.drawable()] == []


def test_the_method_is_read_as_text(tmp_path: Path) -> None:
    """R01: headings, lists, paragraphs over several lines, terms; nothing else is markup."""
    told = "# Title\n\nOne\ntwo `a_b`.\n\n## 1. Area\n\nFiles:\n\n- *x*: 1\n- y\n\n### no heading\n"
    made = package(tmp_path, {"incident": [incident()]}, {"data/01_methodology.md": told})
    plain = [(part["kind"], part.get("text") or part.get("items")) for part in method.parts(made)]
    run = {"term": False}
    assert plain == [
        ("text", [{"text": "One two ", **run}, {"text": "a_b", "term": True}, {"text": ".", **run}]),
        ("heading", [{"text": "1. Area", **run}]),
        ("text", [{"text": "Files:", **run}]),
        ("list", [[{"text": "*x*: 1", **run}], [{"text": "y", **run}]]),
        ("text", [{"text": "### no heading", **run}]),
    ]  # fmt: skip
