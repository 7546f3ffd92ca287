"""SDG indicator 16.1.2: people counted once, in their year of death; no rate without a population; the unknown stays unknown.

Holds R26-R31 for the table of rates.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaged import converted, package, read

from casualty.errors import CasualtyError, InvalidRecords, NotEnoughData, NotFound, UsageFault
from casualty.release.formats.sdg import CATEGORIES

WAR = {"id": "w", "kind": "non_international", "date_start": "2020-01-01", "date_end": ""}
STRIFE = {"id": "s", "kind": "other_violence", "date_start": "", "date_end": ""}
Rows = Sequence[dict[str, object]]


def incident(key: str, **fields: object) -> dict[str, object]:
    return {"id": key, "code": key, "status": "verified", "situation_id": "w", "date_start": "2024-05-02", "date_end": "2024-05-02",
            "country": "Example", "admin1": "", "admin2": "", "pcode": "", "killed_low": "", "killed_best": "", "killed_high": "",
            **fields}  # fmt: skip


def victim(key: str, under: str, **fields: object) -> dict[str, object]:
    return {"id": key, "incident_id": under, "incident_status": "verified", "kind": "person", "count_best": "1", "harm": "killed",
            "sex": "unknown", "age_years": "", "age_band": "unknown", "civil_status": "unknown", "cause": "unknown",
            "date_of_death": "", "resolved_out_of": "", **fields}  # fmt: skip


def people(folder: Path, text: str = "Example,2024,1000,Census,,\n") -> Path:
    path = folder / "people.csv"
    path.write_text(f"area,year,population,source,sex,age\n{text}", encoding="utf-8")
    return path


def table(
    folder: Path, incidents: Rows, victims: Rows = (), population: Path | None = None, years: tuple[int, ...] = (), **more: Rows
) -> Any:  # fmt: skip
    """Return the table by (area, situation, year, dimension, category), and what is left out."""
    held = {"incident": incidents, "situation": [WAR, STRIFE], **({"victim": victims} if victims else {}), **more}
    made = package(folder / "bag", held)
    out = converted(made, "sdg", folder / "out", population=population or people(folder), years=years)
    keys = ("area", "situation", "year", "dimension", "category")
    rows = {tuple(row[key] for key in keys): row for row in read(out / "sdg_16_1_2.csv")}
    return rows, {row["reason"]: (int(row["incidents"]), int(row["deaths"])) for row in read(out / "left_out.csv")}


def counted(rows: Any, dimension: str, *where: str) -> dict[str, int]:
    """Return the deaths, verified or not, by category, those of none left out."""
    area, situation, year = (*where, *("Example", "armed conflict", "2024")[len(where) :])
    found = {key[4]: row for key, row in rows.items() if key[:4] == (area, situation, year, dimension)}
    totals = {
        name: int(row["documented_verified"]) + int(row["documented_not_verified"]) for name, row in found.items()
    }
    return {name: number for name, number in totals.items() if number}


def test_by_sex_age_cause_and_status(tmp_path: Path) -> None:
    """R26, R27, R28: the labels of the indicator; a person of exactly 18 is an adult; every rate per 100,000 of all residents."""
    victims = [
        victim("a", "i", sex="woman", age_years="17.9", age_band="child", civil_status="civilian", cause="small_arms"),
        victim("b", "i", sex="man", age_years="18.0", age_band="not_recorded", civil_status="armed_forces", cause="heavy_weapons"),
        victim("c", "i", sex="other", age_band="older", civil_status="direct_part", cause="denial"),
        victim("d", "i", age_band="infant", civil_status="other_protected", cause="not_recorded"),
        victim("e", "i", harm="injured", sex="woman"), victim("f", "i", harm="missing"),
    ]  # fmt: skip
    given_people = people(
        tmp_path, "Example,2024,1000,Census,,\nExample,2024,400,Census,female,\nExample,2024,300,Census,,child\n"
    )
    rows, left = table(tmp_path, [incident("i")], victims, given_people)
    assert counted(rows, "total") == {"All": 4}
    assert counted(rows, "sex") == {"Woman": 1, "Man": 1, "Other": 1, "Unknown": 1}
    assert counted(rows, "age") == {"Child (below 18)": 2, "Adult (18 and above)": 2}
    assert counted(rows, "cause") == {
        "Small arms and light weapons": 1, "Heavy weapons and explosive munitions": 1, "Unknown": 1,
        "Denial of access to or destruction of objects indispensable to survival": 1,
    }  # fmt: skip
    assert counted(rows, "status") == {
        "Civilian": 1, "Member of armed forces": 1, "Person directly participating in hostilities": 1, "Other protected person": 1,
    }  # fmt: skip
    key = ("Example", "armed conflict", "2024")
    total, woman, child = rows[*key, "total", "All"], rows[*key, "sex", "Woman"], rows[*key, "age", "Child (below 18)"]
    assert (total["rate_verified"], total["population"], total["population_source"]) == ("400.0000", "1000", "Census")
    assert (woman["rate_documented"], woman["population_of_category"], woman["rate_of_category"]) == (
        "100.0000",
        "400",
        "250.0000",
    )
    assert (child["rate_documented"], child["rate_of_category"]) == ("200.0000", "666.6667")
    assert {row["estimated_undocumented"] for row in rows.values()} == {"not estimated"}
    assert left == {}


def test_a_death_counts_in_its_own_year(tmp_path: Path) -> None:
    """R26: who died the next year counts then; an incident that spans two years is of no year."""
    incidents = [incident("i", killed_low="3", killed_best="4", killed_high="9"),
                 incident("j", date_start="2023-12-31", date_end="2024-01-02", killed_best="2")]  # fmt: skip
    victims = [victim("a", "i", date_of_death="2025-01-01", sex="man"), victim("b", "i")]
    given_people = people(tmp_path, "Example,2024,1000,Census,,\nExample,2025,2000,Census,,\n")
    rows, _ = table(tmp_path, incidents, victims, given_people)
    assert [counted(rows, "total", "Example", "armed conflict", year) for year in ("2024", "2025", "unknown")] == [
        {"All": 3}, {"All": 1}, {"All": 2},
    ]  # fmt: skip
    assert counted(rows, "sex", "Example", "armed conflict", "2025") == {"Man": 1}
    totals = [rows["Example", "armed conflict", year, "total", "All"] for year in ("2024", "2025", "unknown")]
    assert [(row["lowest"], row["highest"]) for row in totals] == [("2", "8"), ("1", "1"), ("2", "2")]
    assert rows["Example", "armed conflict", "unknown", "total", "All"]["rate_documented"] == ""


def test_who_is_not_told_apart_is_unknown(tmp_path: Path) -> None:
    """R28, R29: the rest of a stated number is unknown; a group is without those named out of it; too many victims are not spread."""
    incidents = [
        incident("i", killed_best="10"),
        incident("j", killed_best="1"),
        incident("k", killed_low="1"),
        incident("l"),
    ]
    victims = [
        victim("g", "i", kind="group", count_best="5", sex="man"), victim("a", "i", sex="man", resolved_out_of="g"),
        victim("b", "i", sex="woman"), victim("c", "j", sex="man"), victim("d", "j", sex="man"), victim("e", "k", sex="woman"),
    ]  # fmt: skip
    rows, left = table(tmp_path, incidents, victims)
    assert counted(rows, "total") == {"All": 12}
    assert counted(rows, "sex") == {"Man": 5, "Woman": 2, "Unknown": 5}
    assert left == {
        "more victims than the number stated: shown as unknown": (1, 1),
        "counted by its victims: a lowest or highest number is stated and no best one": (1, 1),
        "no number of people killed is known": (1, 0),
    }


def test_one_person_in_two_rows_is_one_death(tmp_path: Path) -> None:
    """R26, R58: by a reviewer's judgement that stands; the stated number of the other incident is without that person."""
    incidents = [incident("i", killed_best="3"), incident("j", killed_best="2")]
    victims = [victim("a", "i"), victim("b", "j", sex="woman")]
    pairing: Rows = [{"victim_id": "a", "other_id": "b", "verdict": "same", "withdrawn_at": ""}]
    rows, _ = table(tmp_path, incidents, victims, pairing=pairing)
    assert counted(rows, "total") == {"All": 4}
    assert counted(rows, "sex") == {"Woman": 1, "Unknown": 3}
    apart: Rows = [{**pairing[0], "withdrawn_at": "2025"}, {**pairing[0], "verdict": "different"}]
    rows, _ = table(tmp_path / "apart", incidents, victims, people(tmp_path), pairing=apart)
    assert counted(rows, "total") == {"All": 5}


def test_only_what_is_verified_and_of_a_conflict_is_the_headline(tmp_path: Path) -> None:
    """R27, R31: other statuses stand beside it, refuted incidents nowhere; unclassified violence stands apart."""
    incidents = [
        incident("a", killed_best="1"), incident("b", killed_best="2", status="submitted"),
        incident("c", killed_best="4", status="refuted"),
        incident("d", killed_best="8", situation_id="s"), incident("e", killed_best="16", situation_id=""),
        incident("f", killed_best="32", date_start="2019-05-02", date_end="2019-05-02"),
    ]  # fmt: skip
    rows, left = table(tmp_path, incidents, years=(2024,))
    of = {key[1]: row for key, row in rows.items() if key[3] == "total"}
    figures = {name: (row["documented_verified"], row["documented_not_verified"], row["rate_verified"], row["rate_documented"])
               for name, row in of.items()}  # fmt: skip
    assert figures == {
        "armed conflict": ("1", "2", "100.0000", "300.0000"),
        "not classified as armed conflict": ("24", "0", "2400.0000", "2400.0000"),
    }
    assert left == {
        "left out: refuted, shown not to have happened as alleged": (1, 4),
        "not of the indicator: its situation is not classified as an armed conflict": (1, 8),
        "not of the indicator: in no situation of violence": (1, 16),
        "not of the indicator: outside the dates of its situation": (1, 32),
    }
    rows, _ = table(
        tmp_path / "none", [incident("b", killed_best="2", status="submitted")], population=people(tmp_path)
    )
    assert rows["Example", "armed conflict", "2024", "total", "All"]["rate_verified"] == ""


def test_areas_by_code_and_by_name(tmp_path: Path) -> None:
    """R27, R34: a unit and those above it; what lies in none of them is shown without a rate, not dropped."""
    units: Rows = [{"pcode": "07", "parent_pcode": ""}, {"pcode": "0701", "parent_pcode": "07"}]
    incidents = [incident("a", country="", pcode="0701", killed_best="1"), incident("b", country="", admin1="north", killed_best="2"),
                 incident("c", country="Elsewhere", killed_best="4")]  # fmt: skip
    given_people = people(tmp_path, '07,2024,100,Census,,\n0701,2024,50,Census,,\nNorth,2024,"1,000",Census,,\n')
    rows, _ = table(tmp_path, incidents, population=given_people, admin_unit=units)
    totals = {
        key[0]: (row["documented_verified"], row["rate_verified"]) for key, row in rows.items() if key[3] == "total"
    }
    assert totals == {"07": ("1", "1000.0000"), "0701": ("1", "2000.0000"), "North": ("2", "200.0000"),
                      "(in none of the areas)": ("4", "")}  # fmt: skip


def test_the_package_may_bring_its_own_population(tmp_path: Path) -> None:
    """R27, R45: figures of everybody, not of one group."""
    own: Rows = [{"area": "Example", "year": "2024", "number": "500.0", "source": "Census", "dimension_id": ""},
                 {"area": "Example", "year": "2024", "number": "7", "source": "Census", "dimension_id": "d"}]  # fmt: skip
    made = package(
        tmp_path / "bag", {"incident": [incident("a", killed_best="1")], "situation": [WAR], "population": own}
    )
    rows = read(converted(made, "sdg", tmp_path / "out") / "sdg_16_1_2.csv")
    assert rows[0]["rate_verified"] == "200.0000"


REFUSED: list[tuple[str | None, type[CasualtyError], str]] = [
    # the rows of the file                            the error       what it says
    (None, NotEnoughData, "No rate without a population"),
    ("", NotEnoughData, "No rate without a population"),
    ("Example,2023,1000,Census,,\n", NotEnoughData, "Example, 2024: Has deaths and no population"),
    ("Example,2024,0,Census,,\n", InvalidRecords, "row 1, population: Is not above zero"),
    ("Example,2024,-5,Census,,\n", InvalidRecords, "below zero|above zero"),
    ("Example,2024,many,Census,,\n", InvalidRecords, "row 1, population: 'many' is not a number"),
    ("Example,24,1000,Census,,\n", InvalidRecords, "row 1, year: '24' is no year"),
    ("Example,2024,1000,,,\n", InvalidRecords, "row 1, source: Is empty"),
    (",2024,1000,Census,,\n", InvalidRecords, "row 1, area: Is empty"),
    ("Example,2024,1000,Census,,\n" * 2, InvalidRecords, "row 2, area: Says again"),
    ("Example,2024,1000,Census,m,child\n", InvalidRecords, "row 1, sex, age: Both are given"),
    ("Example,2024,1000,Census,,tall\n", InvalidRecords, "row 1, age: 'tall' is none of the groups"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "told"), REFUSED)
def test_no_rate_without_a_population(tmp_path: Path, text: str | None, error: type[CasualtyError], told: str) -> None:
    """R27: missing, zero, without a source, not understood: refused, with the row."""
    made = package(tmp_path / "bag", {"incident": [incident("a", killed_best="1")], "situation": [WAR]})
    with pytest.raises(error, match=told):
        converted(made, "sdg", tmp_path / "out", population=None if text is None else people(tmp_path, text))


def test_files_that_are_no_population(tmp_path: Path) -> None:
    """R27"""
    made = package(tmp_path / "bag", {"incident": [incident("a", killed_best="1")], "situation": [WAR]})
    (tmp_path / "other.csv").write_text("area,year,people\n", encoding="utf-8")
    (tmp_path / "binary.csv").write_bytes(b"area\xff\xfe")
    for name, error, told in (("none.csv", NotFound, "no file"), ("other.csv", UsageFault, "no column population, source"),
                              ("binary.csv", UsageFault, "cannot be read")):  # fmt: skip
        with pytest.raises(error, match=told):
            converted(made, "sdg", tmp_path / name.partition(".")[0], population=tmp_path / name)
    with pytest.raises(NotEnoughData, match="No death is held in these years"):
        converted(made, "sdg", tmp_path / "years", population=people(tmp_path), years=(1999,))


SEXES = {"man": "Man", "woman": "Woman", "other": "Other", "unknown": "Unknown", "withheld": "Unknown"}
PERSONS = st.tuples(
    st.sampled_from(["killed", "injured"]),
    st.sampled_from(sorted(SEXES)),
    st.sampled_from(["", "2024-12-31", "2025-01-01"]),
)
NUMBERS, STATUSES = st.sampled_from(["", "0", "2", "5"]), st.sampled_from(["verified", "submitted", "refuted"])
EVENTS = st.lists(st.tuples(NUMBERS, STATUSES, st.lists(PERSONS, max_size=4)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=80)
@given(events=EVENTS)
def test_every_dimension_adds_up_and_the_count_is_that_of_brute_force(
    tmp_path_factory: pytest.TempPathFactory, events: Any
) -> None:
    """R29: totals are the sums of their parts, the unknown with them; by sex and year as counted one by one."""
    folder = tmp_path_factory.mktemp("sdg")
    incidents = [incident(f"i{n}", killed_best=best, status=status) for n, (best, status, _) in enumerate(events)]
    victims = [victim(f"v{n}-{m}", f"i{n}", harm=harm, sex=sex, date_of_death=died, incident_status=status)
               for n, (_, status, persons) in enumerate(events) for m, (harm, sex, died) in enumerate(persons)]  # fmt: skip
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for best, status, persons in events:
        killed = [(died[:4] or "2024", SEXES[sex]) for harm, sex, died in persons if harm == "killed"]
        if status == "refuted":
            continue
        if best and len(killed) > int(best):
            expected["2024"]["Unknown"] += int(best)
            continue
        for year, sex in killed:
            expected[year][sex] += 1
        expected["2024"]["Unknown"] += int(best or len(killed)) - len(killed)
    given_people = people(folder, "Example,2024,1000,Census,,\nExample,2025,1000,Census,,\n")
    try:
        rows, _ = table(folder, incidents, victims, given_people)
    except NotEnoughData:
        assert {status for _, status, _ in events} == {"refuted"}
        return
    for year in ("2024", "2025"):
        assert counted(rows, "sex", "Example", "armed conflict", year) == {k: v for k, v in expected[year].items() if v}
        sums = {sum(counted(rows, name, "Example", "armed conflict", year).values()) for name in CATEGORIES}
        assert sums == {sum(expected[year].values())}
