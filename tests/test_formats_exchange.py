"""Incidents for the tools of others: HXL that validates, and a table shaped like ACLED's in which nothing is made up."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from filled import Filled
from packaged import KINDS, SUPPRESSED, converted, field, full, package, read

from casualty.release import formats


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """A package of a record with something of everything, made once."""
    return full(tmp_path_factory.mktemp("formats"))


@pytest.fixture
def bag(made: tuple[Path, Filled]) -> Path:
    """Its folder."""
    return made[0]


@pytest.fixture
def codes(made: tuple[Path, Filled]) -> dict[str, str]:
    """The codes of its incidents by the words of the test."""
    return made[1].codes


def errors_of(path: Path) -> list[str]:
    """What libhxl's default schema finds wrong, remarks on rare values apart."""
    import hxl

    found: list[Any] = []
    source = hxl.data(BytesIO(path.read_bytes()))
    hxl.schema(callback=found.append).validate(source)
    return [str(issue) for issue in found if issue.rule.severity == "error"]


def test_hxl_validates(bag: Path, tmp_path: Path) -> None:
    """R95: tags under the header; libhxl finds no error; units by P-code at their own order."""
    formats.convert(bag, "hxl", tmp_path / "out")
    path = tmp_path / "out/incidents.csv"
    assert errors_of(path) == []
    tagged, *rows = read(path)
    assert tagged["code"] == "#event+id"
    assert (tagged["killed_best"], tagged["killed_low"]) == ("#affected+killed", "#affected+killed+min")
    assert (tagged["lat"], tagged["adm1_code"]) == ("#geo+lat", "#adm1+code+v_pcode")
    held = read(bag / "data/04_records/incidents.csv")
    assert [row["code"] for row in rows] == [row["code"] for row in held]
    assert [row["adm1_code"] for row in rows] == [row["pcode"] for row in held]
    assert {row["loc_code"] for row in rows} == {""}
    assert "Army of Example" in {row["alleged_parties"] for row in rows}


def test_hxl_of_a_narrow_tier_validates_and_says_what_is_suppressed(tmp_path: Path) -> None:
    """R67, R95: numbers are numbers or empty; what is kept back is named in a column of its own; unknown units keep their code."""
    made = package(tmp_path / "bag", {"incident": SUPPRESSED}, "public", KINDS)
    path = converted(made, "hxl", tmp_path / "out") / "incidents.csv"
    assert errors_of(path) == []
    _, first, second = read(path)
    assert (first["killed_best"], first["not_told"], first["date_start"]) == ("", "killed_best: suppressed", "2024-05")
    assert (second["killed_best"], second["not_told"], second["loc_code"]) == ("7", "", "suppressed")
    (tmp_path / "wrong.csv").write_text("a\n#affected\nsuppressed\n", encoding="utf-8")
    assert errors_of(tmp_path / "wrong.csv") != []


ACLED = [
    "event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type",
    "actor1", "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "interaction", "civilian_targeting",
    "iso", "region", "country", "admin1", "admin2", "admin3", "location", "latitude", "longitude", "geo_precision",
    "source", "source_scale", "notes", "fatalities", "tags", "timestamp",
]  # fmt: skip
SUB_EVENTS = {
    "Government regains territory", "Non-state actor overtakes territory", "Armed clash", "Chemical weapon", "Air/drone strike",
    "Suicide bomb", "Shelling/artillery/missile attack", "Remote explosive/landmine/IED", "Grenade", "Sexual violence", "Attack",
    "Abduction/forced disappearance", "Excessive force against protesters", "Protest with intervention", "Peaceful protest",
    "Violent demonstration", "Mob violence", "Agreement", "Arrests", "Change to group/activity", "Disrupted weapons use",
    "Headquarters or base established", "Looting/property destruction", "Non-violent transfer of territory", "Other",
}  # fmt: skip


def test_a_table_shaped_like_acled(bag: Path, tmp_path: Path, codes: dict[str, str]) -> None:
    """R93: 31 columns; nothing made up; what is empty and what is left out is counted, refuted incidents named."""
    formats.convert(bag, "acled", tmp_path / "out")
    rows = read(tmp_path / "out/acled.csv")
    assert list(rows[0]) == ACLED
    held = {row["code"]: row for row in read(bag / "data/04_records/incidents.csv")}
    assert {row["event_id_cnty"] for row in rows} == set(held) - {codes["refuted"]}
    for row in rows:
        incident = held[row["event_id_cnty"]]
        assert row["fatalities"] == incident["killed_best"]
        assert row["event_date"] == (incident["date_start"] if incident["date_start"] == incident["date_end"] else "")
        assert (row["latitude"], row["longitude"]) == (incident["lat"], incident["lon"])
    losses = {(row["kind"], row["column"]): int(row["rows"]) for row in read(tmp_path / "out/lossiness.csv")}
    for column in ACLED:
        assert losses.get(("empty", column), 0) == sum(row[column] == "" for row in rows), column
    assert losses["left_out", "incident"] == 1
    keys = read(tmp_path / "out/incidents.csv")
    assert [row["incident_code"] for row in keys if not row["row"]] == [codes["refuted"]]
    assert [row["incident_code"] for row in keys if row["row"]] == [row["event_id_cnty"] for row in rows]


TYPED = [
    # type of incident    event type                      sub-event type                     civilians targeted
    ("explosive_device", "Explosions/Remote violence", "Remote explosive/landmine/IED", ""),
    ("abduction", "Violence against civilians", "Abduction/forced disappearance", ""),
    ("armed_clash", "Battles", "", ""),
    ("bombardment", "Explosions/Remote violence", "", ""),
    ("one_sided", "", "", "Civilian targeting"),
    ("raid", "", "", ""),
    ("not_recorded", "", "", ""),
]


def test_acled_types_and_parties_only_where_certain(tmp_path: Path) -> None:
    """R93: a type that may be several of ACLED's is empty; parties by the order of their roles, kinds where they are one."""
    rows = [
        {"id": f"i{n}", "code": f"C{n}", "status": "submitted", "incident_type": one[0]} for n, one in enumerate(TYPED)
    ]
    actors = [{"id": "s", "name": "Army", "kind": "state"}, {"id": "c", "name": "Neighbours", "kind": "communal_militia"},
              {"id": "g", "name": "Group", "kind": "non_state_armed"}]  # fmt: skip
    said = [("i0", "c", "alleged_perpetrator"), ("i0", "s", "side_a"), ("i1", "g", "side_a"), ("i1", "s", "side_b"),
            ("i2", "s", "side_a"), ("i2", "s", "alleged_command"), ("i3", "", "side_a"),
            ("i4", "s", "side_a"), ("i4", "c", "side_b"), ("i4", "g", "present"), ("i4", "g", "alleged_support")]  # fmt: skip
    parties = [{"id": f"v{n}", "incident_id": i, "actor_id": a, "role": r} for n, (i, a, r) in enumerate(said)]
    made = package(tmp_path / "bag", {"incident": rows, "actor": actors, "involvement": parties})
    out = converted(made, "acled", tmp_path / "out")
    found = read(out / "acled.csv")
    assert [(row["event_type"], row["sub_event_type"], row["civilian_targeting"]) for row in found] == [
        one[1:] for one in TYPED
    ]
    assert {row["sub_event_type"] for row in found} - {""} <= SUB_EVENTS
    who = [tuple(row[name] for name in ("actor1", "inter1", "actor2", "inter2", "interaction")) for row in found[:5]]
    assert who == [("Army", "1", "Neighbours", "4", "14"), ("Group", "", "Army", "1", ""), ("Army", "1", "", "", ""),
                   ("", "", "", "", ""), ("Army", "1", "Neighbours", "4", "14")]  # fmt: skip
    assert {row["reason"] for row in read(out / "lossiness.csv") if row["column"] == "involvement"} == {
        "a third party or a further one"
    }


@pytest.mark.parametrize(("wanted", "file"), [("ged", "ged.csv"), ("acled", "acled.csv"), ("hxl", "incidents.csv")])
def test_coordinates_of_a_narrow_tier_are_numbers(tmp_path: Path, wanted: str, file: str) -> None:
    """R98: a masked point south of the equator is no formula; a text that begins so is neutralised."""
    row = {
        "id": "a",
        "code": "C",
        "lat": "-30.77",
        "lon": "-21.14",
        "country": "=1+1",
        "period": "2024-05",
        "killed_best": "3",
    }
    fields = [field("incident", "lat", "number"), field("incident", "lon", "number")]
    out = converted(package(tmp_path / "bag", {"incident": [row]}, "partner", fields), wanted, tmp_path / "out")
    found = read(out / file)[-1]
    assert found["country"] == "'=1+1"
    assert [found[name] for name in (("lat", "lon") if wanted == "hxl" else ("latitude", "longitude"))] == [
        "-30.77",
        "-21.14",
    ]
    assert found.get("year", "2024") == "2024"
