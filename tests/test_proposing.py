"""Proposed mappings: known formats by their headers, known columns by their names, the rest by what the values look like."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from taking import column, figures, file, take

from casualty import intake
from casualty.errors import InvalidRecords, NotFound, UsageFault
from casualty.intake import mapping as mappings
from casualty.intake.mapping import FIELDS, Identity, Mapping
from casualty.intake.proposing import detect
from casualty.intake.reading import open_table
from casualty.store import Store
from casualty.vocabulary import AttributionBasis, IntakeFormat

GED_COLUMNS = [
    "id",
    "relid",
    "year",
    "active_year",
    "code_status",
    "type_of_violence",
    "conflict_dset_id",
    "conflict_new_id",
    "conflict_name",
    "dyad_dset_id",
    "dyad_new_id",
    "dyad_name",
    "side_a_dset_id",
    "side_a_new_id",
    "side_a",
    "side_b_dset_id",
    "side_b_new_id",
    "side_b",
    "number_of_sources",
    "source_article",
    "source_office",
    "source_date",
    "source_headline",
    "source_original",
    "where_prec",
    "where_coordinates",
    "where_description",
    "adm_1",
    "adm_2",
    "latitude",
    "longitude",
    "geom_wkt",
    "priogrid_gid",
    "country",
    "country_id",
    "region",
    "event_clarity",
    "date_prec",
    "date_start",
    "date_end",
    "deaths_a",
    "deaths_b",
    "deaths_civilians",
    "deaths_unknown",
    "best",
    "high",
    "low",
    "gwnoa",
    "gwnob",
]
GED_ROWS = [
    {
        "id": "501", "relid": "UTO-2026-1-1-1", "year": "2026", "code_status": "Clear", "type_of_violence": "1",
        "conflict_name": "Utopia: Government", "side_a": "Government of Utopia", "side_b": "UFF", "number_of_sources": "-1",
        "source_article": 'Agency, "Battle at the\nold bridge", 2026-07-12', "source_original": "Army spokesman",
        "where_prec": "1", "where_coordinates": "Old Bridge", "where_description": "north of Old Bridge", "adm_1": "North",
        "latitude": "10.5", "longitude": "20.25", "country": "Utopia", "event_clarity": "1", "date_prec": "2",
        "date_start": "2024-07-11 00:00:00.000", "date_end": "2024-07-13 00:00:00.000", "deaths_a": "2", "deaths_b": "0",
        "deaths_civilians": "4", "deaths_unknown": "1", "best": "7", "high": "9", "low": "5",
    },
    {
        "id": "502", "year": "2026", "type_of_violence": "3", "conflict_name": "UFF - Civilians", "side_a": "UFF", "side_b": "Civilians",
        "where_prec": "4", "where_coordinates": "North region", "latitude": "10.9", "longitude": "20.5", "country": "Utopia",
        "event_clarity": "2", "date_prec": "5", "date_start": "2024-01-01 00:00:00.000", "date_end": "2024-12-31 00:00:00.000",
        "deaths_a": "0", "deaths_b": "0", "deaths_civilians": "0", "deaths_unknown": "0", "best": "12", "high": "12", "low": "12",
    },
]  # fmt: skip


def ged() -> bytes:
    """A small file of the full GED form: 49 columns, a byte-order mark, times in dates, line breaks in cells."""
    rows = [[f'"{row.get(name, "").replace(chr(34), chr(34) * 2)}"' for name in GED_COLUMNS] for row in GED_ROWS]
    return "\r\n".join(",".join(row) for row in [GED_COLUMNS, *rows]).encode("utf-8-sig")


def test_the_full_form_of_ged_is_taken_in(store: Store, tmp_path: Path) -> None:
    """R92: 49 columns; party figures are groups of their harm, and never added to the whole."""
    assert len(GED_COLUMNS) == 49
    assert figures(take(store, tmp_path, ged())) == (2, 0, 0, 0, 0)
    first = store.rows(
        sa.text(
            "SELECT incident_type, date_start, date_end, date_precision, lat, lon, place_precision, place_as_reported, country, admin1,"
            " killed_low, killed_best, killed_high, clarity FROM incident WHERE killed_best = 7"
        )
    )[0]
    assert [str(value) for value in first] == [
        "state_based", "2024-07-11", "2024-07-13", "2", "10.5", "20.25", "1", "Old Bridge; north of Old Bridge", "Utopia", "North",
        "5", "7", "9", "1",
    ]  # fmt: skip
    groups = store.rows(sa.text("SELECT described_as, count_best, civil_status FROM victim ORDER BY count_best"))
    assert [tuple(row) for row in groups] == [
        ("deaths of unknown status", 1, "unknown"), ("deaths of the first party", 2, "not_recorded"), ("civilian deaths", 4, "civilian"),
    ]  # fmt: skip
    assert column(store, "SELECT cited FROM claim WHERE cited IS NOT NULL") == [
        'Agency, "Battle at the\nold bridge", 2026-07-12'
    ]
    actors = store.rows(sa.text("SELECT name, kind FROM actor ORDER BY name"))
    assert [tuple(row) for row in actors] == [
        ("Civilians", "civilians"),
        ("Government of Utopia", "state"),
        ("UFF", "non_state_armed"),
    ]


HEADERS = [
    # the header of the file                                         what it is
    (GED_COLUMNS, IntakeFormat.GED),
    (["id", "year", "month", "day", "country", "type_of_violence", "side_a", "side_b", "low_death", "best_death"], IntakeFormat.GED),
    (["IBC code", "Start Date", "End Date", "Reported Minimum", "Reported Maximum"], IntakeFormat.IBC),
    (["#event+id", "#date+occurred", "#affected+killed"], IntakeFormat.HXL),
    (["Victim's name", "Victim's age", "Victim's race", "Date of Incident (month/day/year)"], IntakeFormat.VICTIMS),
    (["uid", "name", "age", "gender", "raceethnicity", "month", "day", "year"], IntakeFormat.VICTIMS),
    (["date", "place", "race", "sex"], IntakeFormat.VICTIMS),
    (["date", "place", "killed", "wounded"], IntakeFormat.INCIDENTS),
    (["state", "race", "year", "population"], IntakeFormat.POPULATION),
    (["dimension", "group", "group_label"], IntakeFormat.GROUPS),
    (["name", "kind", "aliases"], IntakeFormat.ACTORS),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "format"), HEADERS)
def test_a_format_is_known_by_its_header(tmp_path: Path, headers: list[str], format: IntakeFormat) -> None:
    """R92, R95: what the header speaks of."""
    assert detect(open_table(file(tmp_path, ",".join(headers) + "\n" + ",".join("1" * len(headers)) + "\n"))) == format


def proposed(folder: Path, text: str, **options: object) -> Mapping:
    return mappings.parse(intake.propose(file(folder, text), **options))  # type: ignore[arg-type]


def test_a_proposal_names_columns_words_and_what_it_left(tmp_path: Path) -> None:
    """R16: the header's own names, duplicates told apart, and the columns in no field as comments."""
    text = "ID,Date,Place,Name,Age,Sex,Race,Race,Notes on it\n7,25/12/2015,Oldtown,Anna,30,F,Blue ,B,x\n8,01/02/2016,,,,,Unknown Race,,\n"
    written = intake.propose(file(tmp_path, text, "dead.csv"))
    found = mappings.parse(written)
    assert (found.format, found.dataset, found.date_order) == (IntakeFormat.VICTIMS, "dead", "dmy")
    assert found.columns == {
        "id": ["ID"],
        "date_start": ["Date"],
        "place": ["Place"],
        "name": ["Name"],
        "age": ["Age"],
        "sex": ["Sex"],
    }
    assert found.identity["race"].groups == {"Blue": "blue", "Unknown Race": "unknown"}
    assert found.defaults == {"harm": "killed"}
    assert "all are taken as killed" in written
    assert '#   "Race (2)"\n#   "Notes on it"' in written


def test_what_befell_victims_is_read_from_a_column_that_says_so(tmp_path: Path) -> None:
    """R30: the disappeared are not counted as killed; a column of states in Mexico says nothing of it."""
    header = "nombre,fecha,estado\n"
    found = proposed(
        tmp_path, header + "A,2020-01-01,Desaparición forzada\nB,2020-01-01,Asesinado/a\nC,2020-01-01,NIÑA LOCALIZADA\n"
    )
    assert found.values["harm"] == {
        "Asesinado/a": "killed",
        "Desaparición forzada": "disappeared",
        "NIÑA LOCALIZADA": "alive",
    }
    plain = proposed(tmp_path, header + "A,2020-01-01,Jalisco\nB,2020-01-01,Puebla\n")
    assert ("harm" not in plain.columns, plain.defaults) == (True, {"harm": "killed"})


@pytest.mark.parametrize(
    ("dates", "order", "questioned"),
    [
        (["05/11/2015", "25/11/2015"], "dmy", False), (["05/11/2015", "11/25/2015"], "mdy", False), (["05/11/2015"], "iso", True),
        (["2015-11-05"], "iso", False), (["25/11/2015", "11/25/2015"], "iso", True),
    ],
)  # fmt: skip
def test_the_order_of_day_and_month_is_settled_by_the_column(
    tmp_path: Path, dates: list[str], order: str, questioned: bool
) -> None:
    """R32: where nothing shows it, it is asked."""
    text = "id,date,killed\n" + "".join(f"{n},{day},1\n" for n, day in enumerate(dates))
    assert proposed(tmp_path, text).date_order == order
    assert ("set date_order" in intake.propose(file(tmp_path, text))) == questioned


def test_an_hxl_table_is_read_by_its_tags(store: Store, tmp_path: Path) -> None:
    """R95: whatever the words above the tags, in whatever order the attributes."""
    text = (
        "Code,Wann,Tote,Verletzte,Nord,Ost,Kreis,Quelle\n"
        "#event+code,#date+occurred,#affected+killed,#affected+injured,#geo+lat,#geo+lon,#adm2+code,#meta+name+source\n"
        "E1,2020-05-01,3,,10.5,20.5,UT0101,Agency\n"
    )
    assert figures(take(store, tmp_path, text)) == (1, 0, 0, 0, 0)
    row = store.rows(sa.text("SELECT killed_best, injured_best, lat, lon, pcode FROM incident"))[0]
    assert tuple(row) == (3, None, 10.5, 20.5, "UT0101")
    assert column(store, "SELECT cited FROM claim") == ["Agency"]


# Latitude and longitude -----------------------------------------------------------------------------------------------

HERAT = "id,date,country,latitude,longitude,best\n" + "".join(
    f"{n},2020-01-01,Afghanistan,{34 + n / 50},{62 + n / 50},1\n" for n in range(5)
)
TURNED = HERAT.replace("latitude,longitude", "longitude,latitude")
EAST = "id,date,latitude,longitude,best\n" + "".join(
    f"{n},2020-01-01,{121 + n / 50},{14 + n / 50},1\n" for n in range(3)
)
UNITS = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"pcode": "U1", "name": "One", "level": 1},
 "geometry": {"type": "Polygon", "coordinates": [[[30, 10], [34, 10], [34, 14], [30, 14], [30, 10]]]}}]}"""
INSIDE = "id,date,lat,lon,best\n" + "".join(f"{n},2020-01-01,{11 + n / 10},{31 + n / 10},1\n" for n in range(4))
OUTSIDE = INSIDE.replace("lat,lon", "lon,lat")


@pytest.mark.parametrize(
    ("text", "lat"),
    [
        (HERAT, "latitude"),
        (TURNED, "longitude"),
        (EAST, "longitude"),
        (INSIDE, "lat"),
        (INSIDE.replace("best\n", "best\n9,2020-01-01,,,1\n"), "lat"),
    ],
)
def test_a_proposal_exchanges_columns_that_were_exchanged(tmp_path: Path, text: str, lat: str) -> None:
    """R36: by the country that the rows state, or by what no globe has; and it says so."""
    path = file(tmp_path, text)
    turned = lat == "longitude"
    assert mappings.parse(intake.propose(path)).columns["lat"] == [lat]
    assert ("look exchanged throughout" in intake.propose(path)) == turned


@pytest.mark.parametrize(("text", "turned"), [(HERAT, False), (TURNED, True), (EAST, True)])
def test_an_intake_without_a_mapping_exchanges_them_too(store: Store, tmp_path: Path, text: str, turned: bool) -> None:
    """R36: the points lie where they should, and a remark says what was done."""
    report = take(store, tmp_path, text)
    assert (report.refused, report.warnings) == (0, 0)
    assert any("look exchanged" in remark for remark in report.remarks) == turned
    assert (
        max(column(store, "SELECT max(lat) FROM incident")) < 60 < min(column(store, "SELECT min(lon) FROM incident"))
    )


def test_held_units_are_asked_where_no_country_is_stated(store: Store, tmp_path: Path) -> None:
    """R35, R36: the same file is left alone before the units are held."""
    path = file(tmp_path, OUTSIDE)
    assert mappings.parse(intake.propose(path, store=store)).columns["lat"] == ["lat"]
    take(store, tmp_path, UNITS, name="units.geojson", dataset="set 1")
    assert mappings.parse(intake.propose(path, store=store)).columns["lat"] == ["lon"]
    assert mappings.parse(intake.propose(file(tmp_path, INSIDE), store=store)).columns["lat"] == ["lat"]
    assert take(store, tmp_path, OUTSIDE).remarks
    assert max(column(store, "SELECT max(lat) FROM incident")) < 20


def test_a_mapping_that_a_person_gave_is_followed_and_questioned(store: Store, tmp_path: Path) -> None:
    """R36: a remark, a warning in each row, and what no globe has is refused with its mend."""
    straight = proposed(tmp_path, HERAT)
    report = take(store, tmp_path, TURNED, mapping=straight)
    assert (figures(report), report.warnings) == ((5, 0, 0, 0, 0), 5)
    assert any("The mapping was followed all the same" in remark for remark in report.remarks)
    mapping = replace(straight, columns={name: named for name, named in straight.columns.items() if name != "country"})
    report = take(store, tmp_path, EAST, mapping=mapping, dataset="e")
    assert (report.refused, report.faults[0].field) == (3, "lat")
    assert "exchange their columns" in report.faults[0].mend


# Mappings as text -----------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMED = st.sampled_from(sorted(FIELDS[IntakeFormat.VICTIMS]))
MAPPINGS = st.builds(
    Mapping,
    format=st.just(IntakeFormat.VICTIMS),
    dataset=WORDS,
    source=WORDS,
    encoding=WORDS,
    date_order=st.sampled_from(mappings.DATE_ORDERS),
    columns=st.dictionaries(NAMED, st.lists(WORDS, min_size=1, max_size=3)),
    defaults=st.dictionaries(NAMED.filter(lambda name: name not in mappings.TERMS), WORDS),
    values=st.dictionaries(
        st.just("sex"), st.dictionaries(WORDS, st.sampled_from(["man", "woman"]), min_size=1), max_size=1
    ),
    identity=st.dictionaries(
        WORDS,
        st.builds(
            Identity,
            column=WORDS,
            basis=st.sampled_from(AttributionBasis),
            label=WORDS,
            assessment=WORDS,
            groups=st.dictionaries(WORDS, WORDS),
        ),
        max_size=2,
    ),
    wide=st.dictionaries(WORDS, WORDS, max_size=2),
    unused=st.lists(WORDS, max_size=2),
    remarks=st.lists(WORDS, max_size=2),
)


@given(MAPPINGS)
def test_a_mapping_is_read_as_it_was_written(mapping: Mapping) -> None:
    """R94: the text kept with a batch reads a claim again as it was read, whatever its columns are called."""
    assert mappings.parse(mappings.written(mapping)) == replace(mapping, unused=[], remarks=[])


FAULTY = [
    # the mapping                                                                    what is told of
    ('format = "gedd"', ["format"]),
    ('format = "ged"\nextra = 1', ["extra"]),
    ('format = "ged"\ndate_order = "ymd"', ["date_order"]),
    ('format = "ged"\ndataset = 3\ncolumns = 4', ["dataset", "columns"]),
    ('format = "ged"\n[columns]\nkiled = "x"\nid = []\ndate_start = 5', ["columns.kiled", "columns.id", "columns.date_start"]),
    ('format = "ged"\n[defaults]\nnothing = "x"\nharm = "kild"', ["defaults.nothing", "defaults.harm"]),
    ('format = "ged"\n[values]\nincident_type = 3', ["values.incident_type"]),
    ('format = "ged"\n[values.incident_type]\n"1" = "war"', ["values.incident_type.1"]),
    ('format = "ged"\n[values.country]\n"1" = "war"', ["values.country"]),
    ('format = "victims"\n[identity.race]\ngroups = 1', ["identity.race"]),
    (
        'format = "victims"\n[identity.race]\ncolumn = "r"\nbasis = "guess"\ngroups = 1\nother = 2',
        [f"identity.race.{part}" for part in ("other", "basis", "groups")],
    ),
    ('format = "actors"\n[values.kind]\nx = "army"', ["values.kind.x"]),
    ("not toml", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), FAULTY)
def test_a_mapping_with_faults_is_told_all_of_them(text: str, fields: list[str] | None) -> None:
    """R16: unknown fields, words that are no terms, things of the wrong kind; text that is no TOML at all."""
    with pytest.raises(UsageFault if fields is None else InvalidRecords) as wrong:
        mappings.parse(text)
    if fields is not None:
        assert [fault.field for fault in wrong.value.faults] == fields
        assert all(fault.fault and fault.mend for fault in wrong.value.faults)


def test_a_mapping_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """R16: in a sentence."""
    with pytest.raises(NotFound):
        mappings.load(tmp_path / "none.toml")
    with pytest.raises(UsageFault, match="UTF-8"):
        mappings.load(file(tmp_path, b"\xff\xfe\x00", "m.toml"))
    assert mappings.load(file(tmp_path, b'\xef\xbb\xbfformat = "ged"', "n.toml")).format == IntakeFormat.GED


def test_a_table_of_nothing_known_is_told(tmp_path: Path) -> None:
    """R16: with its first columns, and the way on."""
    with pytest.raises(UsageFault, match=r"EXH, ABA.*--mapping"):
        intake.propose(file(tmp_path, "EXH,ABA\n1,0\n"))
    with pytest.raises(UsageFault, match="no column looks like number"):
        intake.propose(file(tmp_path, "area,share\nx,0.1\n"), format=IntakeFormat.POPULATION)
