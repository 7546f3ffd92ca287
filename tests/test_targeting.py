"""The question asked of the record: which victims, which people, which areas and periods (R40, R44, R45, R47)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import minimum

from casualty import events, intake
from casualty.access import Acting
from casualty.errors import NotEnoughData, NotFound, UsageFault
from casualty.frames import areas
from casualty.schema import AdminUnitFields, DimensionFields, GroupFields, PopulationFields
from casualty.store import Store
from casualty.targeting import question

SQUARE = '{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}'


@pytest.fixture
def identity(store: Store, by: Acting) -> dict[str, str]:
    """A dimension with two groups, and their people in two areas."""
    dimension = store.record(
        "dimension", DimensionFields(code="ethnicity", label="Ethnicity", state="on", assessment="Signed."), by
    ).id
    found = {"dimension": dimension}
    for code in ("kess", "tul"):
        found[code] = store.record("identity_group", GroupFields(dimension_id=dimension, code=code, label=code), by).id
        for area, number in (("North", 600), ("South", 400)):
            fields = PopulationFields(
                area=area, dimension_id=dimension, group_id=found[code], year=2020, number=number, source="Census"
            )
            store.record("population", fields, by)
    return found


def victim(identity: dict[str, str], group: str | None, **fields: Any) -> dict[str, Any]:
    attribution: dict[str, Any] = {"dimension_id": identity["dimension"], "basis": fields.pop("basis", "family")}
    attribution |= {"group_id": identity[group]} if group else {"group_missing": "unknown"}
    attribution |= {"sense": fields.pop("sense", "own")}
    return {"harm": "killed", "attributions": [attribution], **fields}


def counted(store: Store, **options: Any) -> dict[tuple[str | None, str | None], float]:
    """Victims by area and group."""
    asked = question(store, "ethnicity", **options)
    return {(row.area, row.group): row.victims for row in asked.counts.itertuples()}


def test_victims_by_group_with_the_unknown_beside(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R47: what an incident states beyond its victims is of unknown identity, not of none."""
    victims = [victim(identity, "kess"), victim(identity, "tul"), victim(identity, None)]
    store.record("incident", minimum(document, admin1="north", killed_best=7, victims=victims), by)
    assert counted(store) == {("north", "kess"): 1, ("north", "tul"): 1, ("north", None): 5}


def test_a_resolved_person_is_not_counted_in_the_group_again(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R09: a group of six with two persons resolved out of it is four and two."""
    whole = victim(identity, "tul", kind="group", ref="g", count_best=6)
    named = [victim(identity, "kess", resolved_out_of="g"), victim(identity, "kess", resolved_out_of="g")]
    store.record("incident", minimum(document, admin1="North", killed_best=6, victims=[whole, *named]), by)
    assert counted(store) == {("North", "tul"): 4, ("North", "kess"): 2}


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({"basis": "person_inferred"}, False),
        ({"sense": "perceived"}, False),
        ({"harm": "injured"}, False),
        ({"basis": "document"}, True),
    ],
)
def test_what_does_not_enter(
    store: Store, by: Acting, document: str, identity: dict[str, str], fields: dict[str, Any], used: bool
) -> None:
    """R30, R40, R44: inferred or perceived identity and the injured do not enter unless asked for."""
    store.record(
        "incident",
        minimum(document, admin1="North", victims=[victim(identity, "kess"), victim(identity, "tul", **fields)]),
        by,
    )
    assert (("North", "tul") in counted(store)) is used


def test_attributions_that_disagree_are_unknown(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R39: two attributions are both kept; neither is chosen."""
    torn = victim(identity, "kess")
    torn["attributions"] += victim(identity, "tul")["attributions"]
    store.record(
        "incident", minimum(document, admin1="North", killed_best=2, victims=[torn, victim(identity, "kess")]), by
    )
    assert counted(store) == {("North", "kess"): 1, ("North", None): 1}


def test_without_areas_people_are_not_compared_as_one(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R45, R50: where figures are by area, where people live must not pass for who is hit."""
    fields = minimum(document, admin1="North", killed_best=1, victims=[victim(identity, "kess")])
    store.record("incident", fields, by)
    assert counted(store) == {("North", "kess"): 1}
    with pytest.raises(NotEnoughData, match="No incident asked for lies in a known area of the level admin2"):
        question(store, "ethnicity", by="admin2")


@pytest.fixture
def narrow(store: Store, by: Acting, identity: dict[str, str]) -> dict[str, str]:
    """A group within tul, with its own figure in the north."""
    fields = {
        "dimension_id": identity["dimension"],
        "code": "tuln",
        "label": "Northern Tul",
        "parent_id": identity["tul"],
    }
    group = store.record("identity_group", GroupFields(**fields), by).id
    figure = PopulationFields(
        area="North", dimension_id=identity["dimension"], group_id=group, year=2020, number=150, source="Survey"
    )
    store.record("population", figure, by)
    return {**identity, "tuln": group}


@pytest.mark.parametrize(
    ("asked", "victims", "people"),
    [
        # victims in the north                       its people in the north
        (None, {"kess": 1, "tul": 3}, {"kess": 600, "tul": 600}),
        ("tul", {"kess": 1, "tul": 3}, {"kess": 600, "tul": 600}),
        ("tuln", {"kess": 1, "tul": 1, "tuln": 2}, {"kess": 600, "tul": 450, "tuln": 150}),
    ],
)
def test_a_narrower_group_counts_under_its_widest_one(
    store: Store, by: Acting, document: str, narrow: dict[str, str], asked: str | None, victims: dict[str, int],
    people: dict[str, int],
) -> None:  # fmt: skip
    """R39, R40: nobody is lost in a narrower group, nor counted twice; one asked about stands apart from its wider one."""
    both = victim(narrow, "tul")
    both["attributions"] += victim(narrow, "tuln")["attributions"]
    named = [victim(narrow, "kess"), victim(narrow, "tul"), victim(narrow, "tuln"), both]
    store.record("incident", minimum(document, admin1="North", killed_best=4, victims=named), by)
    held = question(store, "ethnicity", group=asked)
    assert {row.group: row.victims for row in held.counts.itertuples()} == victims
    assert {row.group: row.number for row in held.people.itertuples() if row.area == "North"} == people
    met = events.gathered(store, dimension="ethnicity", group=asked)
    assert (met.groups, met.mix[0].tolist()) == (
        tuple(sorted(victims)),
        [victims[code] / 4 for code in sorted(victims)],
    )


def test_figures_of_narrower_groups_are_added_where_the_wide_one_has_none(
    store: Store, by: Acting, document: str, narrow: dict[str, str]
) -> None:
    """R45: people of a group are those of its parts where it has no figure of its own."""
    fields = {"dimension_id": narrow["dimension"], "year": 2020, "source": "Survey", "area": "West"}
    for group, number in (("tuln", 40), ("kess", 10)):
        store.record("population", PopulationFields(group_id=narrow[group], number=number, **fields), by)
    store.record("incident", minimum(document, admin1="West", victims=[victim(narrow, "tuln")]), by)
    held = question(store, "ethnicity")
    assert {row.group: row.number for row in held.people.itertuples() if row.area == "West"} == {"tul": 40, "kess": 10}


def test_a_filter_that_lets_in_nothing_is_said(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R50: an empty question is refused in words."""
    store.record("incident", minimum(document, admin1="North", victims=[victim(identity, "kess")]), by)
    with pytest.raises(NotEnoughData):
        question(store, "ethnicity", only=())


def test_the_nearest_year_stands_in_and_is_said(
    store: Store, by: Acting, document: str, identity: dict[str, str]
) -> None:
    """R45: no figure of 2024 is held; that of 2020 is used, and the answer says so."""
    store.record("incident", minimum(document, admin1="North", victims=[victim(identity, "kess")]), by)
    asked = question(store, "ethnicity")
    assert any("2020" in remark for remark in asked.remarks)
    assert set(asked.people["number"]) == {600.0, 400.0}
    figures, told = events.people(store, "ethnicity", "kess")
    assert (figures["North"], told) == ((600.0,) * 3, asked.remarks)


def test_days_and_periods(store: Store, by: Acting, document: str, identity: dict[str, str]) -> None:
    """R32: a question about time leaves out what has no date, and says how many."""
    for day in ("2023-02-01", "2024-05-02"):
        store.record(
            "incident",
            minimum(document, admin1="North", date_start=day, date_end=day, victims=[victim(identity, "kess")]),
            by,
        )
    undated = {"date_start": None, "date_end": None, "date_missing": "unknown"}
    store.record("incident", minimum(document, admin1="North", victims=[victim(identity, "tul")], **undated), by)
    asked = question(store, "ethnicity", period="year")
    assert set(asked.counts["period"]) == {"2023", "2024"}
    assert any("1 incident without a date is left out" in remark for remark in asked.remarks)
    assert set(question(store, "ethnicity", since=date(2024, 1, 1)).counts["period"]) == {"2024-01-01/2024-05-02"}


def test_areas_follow_code_then_name_then_point(store: Store, by: Acting, document: str) -> None:
    """R33, R34: a code's ancestor, a name as stated, or the unit around a precise point; never around a vague one."""
    for fields in (
        {"pcode": "X1", "name": "North", "level": 1, "geometry": SQUARE},
        {"pcode": "X101", "name": "Low", "level": 2, "parent_pcode": "X1"},
    ):
        store.record("admin_unit", AdminUnitFields(boundary_set="b", **fields), by)
    stated = [{"pcode": "X101"}, {"admin1": "NORTH"}, {"admin1": "Elsewhere"}, {"lat": 5.0, "lon": 5.0, "place_precision": 2},
              {"lat": 5.0, "lon": 5.0, "place_precision": 6}]  # fmt: skip
    ids = [store.record("incident", minimum(document, **fields), by).id for fields in stated]
    found = areas(store, 1)
    assert [found[one] for one in ids] == ["X1", "X1", "Elsewhere", "X1", None]


def test_population_of_districts_adds_up(sqlite_store: Store, tmp_path: Path) -> None:
    """R45: figures of finer units are summed, parts of one figure too, and no unit is counted twice."""
    by = sqlite_store.local("tester")
    for pcode, level, parent in (("X1", 1, None), ("X101", 2, "X1"), ("X102", 2, "X1")):
        sqlite_store.record(
            "admin_unit",
            AdminUnitFields(pcode=pcode, name=pcode, level=level, parent_pcode=parent, boundary_set="b"),
            by,
        )
    (tmp_path / "people.csv").write_text(
        "area,dimension,group,year,number,source\nX101,ethnicity,kess,2024,10,C\nX101,ethnicity,kess,2024,5,C\n"
        "X102,ethnicity,kess,2024,20,C\nX101,ethnicity,tul,2024,7,C\nX102,ethnicity,tul,2024,8,C\n"
    )
    (tmp_path / "v.csv").write_text(
        "id,date,adm1_pcode,ethnicity,name\n1,2024-01-01,X1,kess,A\n2,2024-01-02,X1,tul,B\n"
    )
    for name in ("people.csv", "v.csv"):
        intake.take_in(sqlite_store, tmp_path / name, by)
    people = question(sqlite_store, "ethnicity").people
    assert dict(zip(people["group"], people["number"], strict=True)) == {"kess": 35.0, "tul": 15.0}


def test_questions_that_cannot_be_answered(store: Store, by: Acting, document: str, identity: dict[str, str]) -> None:
    """R45: refused, with the reason; a wrong word is a fault of the command."""
    with pytest.raises(NotFound, match="ethnicity"):
        question(store, "caste")
    with pytest.raises(UsageFault):
        question(store, "ethnicity", by="street")
    with pytest.raises(NotEnoughData, match="No incident"):
        question(store, "ethnicity")
