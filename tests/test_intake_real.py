"""Real files, with the figures that their own papers state. None of them is part of this repository."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from taking import column, figures

from casualty import intake
from casualty.intake import mapping as mappings
from casualty.intake.batch import Report
from casualty.store import Store
from casualty.summary import summarise
from casualty.vocabulary import IntakeFormat


@pytest.fixture
def data(shared: Path) -> Path:
    return shared / "data"


def read(store: Store, path: Path, **options: object) -> Report:
    """Take in a real file, verify the ledger, and see that a second reading changes nothing."""
    by = store.local("tester")
    report = intake.take_in(store, path, by, **options)  # type: ignore[arg-type]
    again = intake.take_in(store, path, by, **options)  # type: ignore[arg-type]
    assert figures(again) == (0, 0, report.recorded, report.refused, 0)
    assert report.read == report.recorded + report.refused
    store.verify()
    return report


def test_ged_by_a_proposed_mapping_and_then_directly(sqlite_store: Store, data: Path, tmp_path: Path) -> None:
    """R92, R94: 176,579 events with ids such as 244657.0; 1,462 of them with figures out of order, kept and warned of."""
    path = data / "ucdp_ged211_subset/ged211_whereprec12.csv"
    by = sqlite_store.local("tester")
    (tmp_path / "mapping.toml").write_text(intake.propose(path), encoding="utf-8")
    report = intake.take_in(sqlite_store, path, by, mapping=mappings.load(tmp_path / "mapping.toml"))
    assert (figures(report), report.warnings) == ((176_579, 0, 0, 0, 0), 1_462)
    assert figures(intake.take_in(sqlite_store, path, by)) == (0, 0, 176_579, 0, 0)
    found = summarise(sqlite_store, "year")
    total = found.total
    assert (total.incidents, total.killed_best, total.killed_low, total.killed_high) == (
        176_579,
        1_797_771,
        1_461_366,
        2_818_326,
    )
    years = {"1989": 40_847, "1994": 524_800, "2012": 55_556, "2014": 92_970, "2019": 41_065, "2020": 41_380}
    assert {year: found.by[year].killed_best for year in years} == years
    sqlite_store.verify()


def test_ged_of_syria(sqlite_store: Store, data: Path) -> None:
    """R32, R33, R92: 41 columns; the precisions of date and place as the codebook has them."""
    report = read(sqlite_store, data / "ucdp_syria/ucdp_ged_syria_2016_2019.csv")
    assert report.recorded == 16_566
    by_year = {year: sums.killed_best for year, sums in summarise(sqlite_store, "year").by.items()}
    assert by_year == {"2016": 48_710, "2017": 33_316, "2018": 20_251, "2019": 10_060}
    for name, counted in (
        ("place_precision", {1: 9010, 2: 5786, 3: 334, 4: 620, 5: 562, 6: 254}),
        ("date_precision", {1: 15480, 2: 828, 3: 21, 4: 186, 5: 51}),
    ):
        rows = sqlite_store.rows(sa.text(f"SELECT {name}, count(*) FROM incident GROUP BY 1"))
        assert {row[0]: row[1] for row in rows} == counted
    civilians = column(sqlite_store, "SELECT sum(count_best) FROM victim WHERE civil_status = 'civilian'")
    assert civilians == [26_653]


def test_the_iraq_file(sqlite_store: Store, data: Path) -> None:
    """R08, R94: a minimum and a maximum and no best; four codes that stand twice."""
    report = read(sqlite_store, data / "iraq_body_count/ibc_incidents_2003_2017.csv")
    total = summarise(sqlite_store).total
    assert (report.recorded, total.killed_low, total.killed_high, total.without_best) == (
        51_607,
        171_238,
        190_818,
        51_607,
    )
    twice = column(sqlite_store, "SELECT external_id FROM claim WHERE occurrence = 1 ORDER BY 1")
    assert twice == ["k20337", "k5674c", "k5997e", "m2338"]
    query = (
        "SELECT date_start, date_end FROM incident i JOIN claim c ON c.incident_id = i.id WHERE external_id = 'x493g'"
    )
    months = sqlite_store.rows(sa.text(query))
    assert [tuple(map(str, row)) for row in months] == [("2006-07-01", "2006-07-31")]


def test_missing_migrants(sqlite_store: Store, data: Path) -> None:
    """R30, R95: tags for a header, letters of Western Europe, days before months; the missing are not the dead."""
    report = read(sqlite_store, data / "missing_migrants/MissingMigrantsProject.csv")
    total = summarise(sqlite_store).total
    assert (report.recorded, total.killed_best, total.without_place) == (2_420, 10_962, 4)
    assert column(sqlite_store, "SELECT sum(missing_best) FROM incident") == [10_747]
    assert (
        column(sqlite_store, "SELECT min(date_start) FROM incident WHERE date_as_reported = '05/11/2015'")[0]
        is not None
    )


def test_one_list_as_a_workbook_and_as_text(sqlite_store: Store, data: Path) -> None:
    """R25, R39: 9,097 people; `Hispanic ` and `Hispanic` are one group, `Unknown race` is none."""
    folder = data / "us_police_killings"
    assert read(sqlite_store, folder / "MPVDatasetDownload.xlsx", dataset="MPV").recorded == 9_097
    other = intake.take_in(sqlite_store, folder / "mpv_people.csv", sqlite_store.local("tester"), dataset="MPV")
    # People without an id are known by all that is said of them, which the two forms write a little differently.
    nameless = (
        column(sqlite_store, "SELECT count(DISTINCT incident_id) FROM claim WHERE external_id LIKE 'row:%'")[0] // 2
    )
    assert (other.recorded, other.refused, other.vanished) == (nameless, 0, nameless)
    assert nameless < 30
    intake.withdraw_batch(sqlite_store, 2, sqlite_store.local("tester"), "the same list")
    assert column(sqlite_store, "SELECT code FROM identity_group ORDER BY 1") == [
        "asian",
        "black",
        "hispanic",
        "native_american",
        "pacific_islander",
        "white",
    ]
    assert column(sqlite_store, "SELECT state FROM dimension") == ["imported"]
    standing = "SELECT count(*) FROM attribution a JOIN incident i ON i.id = a.incident_id WHERE i.withdrawn_at IS NULL"
    assert column(sqlite_store, standing) == [9_097]


@pytest.mark.parametrize(
    ("name", "people", "unplaced"),
    [
        ("the-counted-2015.csv", 1_146, 1_146),
        ("the-counted-2016.csv", 1_093, 1_093),
        ("wapo_fatal-police-shootings-data.csv", 6_241, 300),
    ],
)
def test_lists_of_people_killed_by_police(
    sqlite_store: Store, data: Path, name: str, people: int, unplaced: int
) -> None:
    """R09: one row a person; months by name, letters for groups, blanks for names."""
    assert read(sqlite_store, data / "us_police_killings" / name).recorded == people
    total = summarise(sqlite_store).total
    assert (total.victims, total.killed_best, total.without_place) == (people, people, unplaced)


def test_the_disappeared_of_argentina(sqlite_store: Store, data: Path) -> None:
    """R23, R30: two lists with Spanish letters; the disappeared are not counted as killed."""
    folder = data / "argentina_desaparecidos"
    assert read(sqlite_store, folder / "victimas-accionar-represivo-ilegal.csv").recorded == 8_753
    assert read(sqlite_store, folder / "parque_de_la_memoria.csv").recorded == 8_751
    counted = column(sqlite_store, "SELECT count(*) FROM victim WHERE harm = 'disappeared'")[0]
    assert counted > 14_000 > 4_000 > summarise(sqlite_store).total.killed_best


def test_populations_and_units_of_the_united_states(sqlite_store: Store, data: Path) -> None:
    """R27, R34: states by race in two parts, in long and in wide form; 56 and 3,287 units, codes with their zeros."""
    folder = data / "us_denominators_and_boundaries"
    long = mappings.parse(intake.propose(folder / "pop_race_2019.csv").replace('year = ""', 'year = "2019"'))
    assert read(sqlite_store, folder / "pop_race_2019.csv", mapping=long).recorded == 408
    assert column(sqlite_store, "SELECT sum(number) FROM population") == [328_239_523]
    wide = intake.propose(folder / "statepop.csv", format=IntakeFormat.POPULATION).replace('year = ""', 'year = "2017"')
    mapping = mappings.parse(wide)
    assert list(mapping.wide) == ["total", "hispanic", "white", "black", "asian", "americanindian"]
    assert read(sqlite_store, folder / "statepop.csv", mapping=mapping).recorded == 51 * 6
    assert read(sqlite_store, folder / "states-10m.json").recorded == 56
    assert read(sqlite_store, folder / "counties-10m.json").recorded == 3_287
    assert column(sqlite_store, "SELECT name FROM admin_unit WHERE pcode = '01' AND boundary_set = 'states-10m'") == [
        "Alabama"
    ]


def test_real_coordinates_are_not_taken_for_exchanged(sqlite_store: Store, data: Path) -> None:
    """R36: no false alarm on any of these files, at sea or on land."""
    for name in (
        "ucdp_ged211_subset/ged211_whereprec12.csv", "ucdp_syria/ucdp_ged_syria_2016_2019.csv",
        "missing_migrants/MissingMigrantsProject.csv", "us_police_killings/wapo_fatal-police-shootings-data.csv",
        "iraq_sigacts/geocausal_insurgencies.csv",
    ):  # fmt: skip
        written = intake.propose(data / name)
        assert "exchanged" not in written
        assert mappings.parse(written).columns["lat"][0].lower().endswith(("lat", "latitude"))
