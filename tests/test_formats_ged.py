"""The layout of UCDP GED: what came in goes out again, cell by cell; what nobody stated is empty and counted.

Holds R92 and R94 for what is made of a package.
"""

import csv
import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from packaged import converted, package, read
from taking import column, figures, file, take
from test_release import send

from casualty import intake
from casualty.intake import mapping as mappings
from casualty.release import formats
from casualty.review import merging
from casualty.store import Store

COLUMNS = [
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id", "conflict_new_id",
    "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a",
    "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article", "source_office", "source_date",
    "source_headline", "source_original", "where_prec", "where_coordinates", "where_description", "adm_1", "adm_2",
    "latitude", "longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region", "event_clarity", "date_prec",
    "date_start", "date_end", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low",
    "gwnoa", "gwnob",
]  # fmt: skip
EVENT = {
    "id": "101", "relid": "EXA-2019-1-1-1", "year": "2019", "active_year": "1", "code_status": "Clear",
    "type_of_violence": "1", "conflict_dset_id": "11", "conflict_new_id": "12", "conflict_name": "Example: Government",
    "dyad_dset_id": "21", "dyad_new_id": "22", "dyad_name": "Government of Example - Northern Front", "side_a_dset_id": "31",
    "side_a_new_id": "32", "side_a": "Government of Example", "side_b_dset_id": "41", "side_b_new_id": "42",
    "side_b": "Northern Front", "number_of_sources": "2", "source_article": '"Paper, 2019-05-03, ""Fighting"""',
    "source_office": "Paper", "source_date": "2019-05-03", "source_headline": "Fighting, again", "source_original": "police",
    "where_prec": "2", "where_coordinates": "Oldtown", "where_description": "near Oldtown, south", "adm_1": "North",
    "adm_2": "Oldtown district", "latitude": "50.500000", "longitude": "1.25", "geom_wkt": "POINT (1.250000 50.500000)",
    "priogrid_gid": "202323", "country": "Example", "country_id": "999", "region": "Europe", "event_clarity": "1",
    "date_prec": "2", "date_start": "2019-05-02 00:00:00.000", "date_end": "2019-05-04 00:00:00.000", "deaths_a": "1",
    "deaths_b": "2", "deaths_civilians": "3", "deaths_unknown": "0", "best": "6", "high": "9", "low": "4", "gwnoa": "999",
    "gwnob": "",
}  # fmt: skip
EVENTS = [
    EVENT,
    EVENT | {"id": "102", "type_of_violence": "3", "side_b": "Civilians", "where_prec": "4", "date_prec": "4", "gwnob": "5",
             "date_start": "2019-05-01 00:00:00.000", "date_end": "2019-05-31 00:00:00.000", "low": "9", "high": "4"},
    EVENT | {"id": "103", "best": "7", "where_description": "", "source_original": "", "adm_2": ""},
    EVENT | {"id": "104", "latitude": "-12.3456789", "longitude": "170", "date_end": "2020-01-02 00:00:00.000", "date_prec": "5"},
]  # fmt: skip


def ged(*events: dict[str, str]) -> str:
    """Return events as UCDP publishes them: with a byte order mark."""
    lines = [
        ",".join(COLUMNS),
        *(",".join('"' + event[c].replace('"', '""') + '"' for c in COLUMNS) for event in events),
    ]
    return "\ufeff" + "\n".join(lines) + "\n"


def exported(store: Store, folder: Path) -> Path:
    """Release the record and write the package in this layout."""
    bag = send(store, store.local("tester"), folder / "bag").path
    return formats.convert(bag, "ged", folder / "ged").path


def test_what_came_in_goes_out_cell_by_cell(store: Store, tmp_path: Path) -> None:
    """R92: 49 columns in their order; every cell as it stood, in the order of the file; read in again it changes nothing."""
    take(store, tmp_path, ged(*EVENTS), name="ged.csv")
    out = exported(store, tmp_path)
    assert (out / "ged.csv").read_text(encoding="utf-8").splitlines()[0].split(",") == COLUMNS
    assert read(out / "ged.csv") == EVENTS
    assert figures(take(store, tmp_path, (out / "ged.csv").read_bytes(), name="ged.csv")) == (0, 0, 4, 0, 0)
    losses = {(row["kind"], row["column"]): row["rows"] for row in read(out / "lossiness.csv")}
    assert losses == {("empty", "gwnob"): "3", ("empty", "adm_2"): "1", ("empty", "source_original"): "1",
                      ("empty", "where_description"): "1"}  # fmt: skip
    checks = [(row["row"], row["check"]) for row in read(out / "checks.csv")]
    assert checks == [("2", "low 9, best 6, high 4 are out of order in the source"),
                      ("3", "best is 7, its four parts add up to 6")]  # fmt: skip
    keys = read(out / "incidents.csv")
    assert [(row["row"], row["id"], row["incident_status"], row["remark"]) for row in keys] == [
        (str(n), event["id"], "submitted", "") for n, event in enumerate(EVENTS, start=1)
    ]


def test_numbers_that_passed_through_a_float_are_whole_again(sqlite_store: Store, tmp_path: Path) -> None:
    """R92: an id such as 101.0 is 101; nothing else is touched."""
    floated = EVENT | {
        name: f"{EVENT[name]}.0" for name in ("id", "year", "best", "where_prec", "type_of_violence", "priogrid_gid")
    }
    take(sqlite_store, tmp_path, ged(floated), name="ged.csv")
    assert read(exported(sqlite_store, tmp_path) / "ged.csv") == [EVENT]


def test_the_record_speaks_where_it_differs_from_the_source(sqlite_store: Store, tmp_path: Path) -> None:
    """R92: what was corrected here goes out corrected and is counted; what followed from it is not left standing."""
    by = sqlite_store.local("tester")
    take(sqlite_store, tmp_path, ged(EVENT), name="ged.csv")
    (incident,) = column(sqlite_store, "SELECT id FROM incident")
    draft, version = sqlite_store.draft(incident)
    draft.killed_best, draft.lat, draft.date_end, draft.admin1 = 8, 50.25, draft.date_start, "Nor"
    sqlite_store.amend("incident", incident, draft, expected=version, by=by, reason="a later report")
    out = exported(sqlite_store, tmp_path)
    (row,) = read(out / "ged.csv")
    changed = {"best": "8", "latitude": "50.25", "date_end": "2019-05-02", "adm_1": "Nor"}
    follows = {"geom_wkt": "POINT (1.25 50.25)", "priogrid_gid": "", "where_coordinates": ""}
    assert row == EVENT | changed | follows
    losses = {(row["kind"], row["column"]) for row in read(out / "lossiness.csv")}
    assert {(kind, column) for kind, column in losses if kind == "changed"} == {("changed", name) for name in changed}
    assert [row["check"] for row in read(out / "checks.csv")] == ["best is 8, its four parts add up to 6"]


def test_days_before_months_and_long_names_are_what_they_were(sqlite_store: Store, tmp_path: Path) -> None:
    """R32, R92: what intake read by its mapping, or cut to what fits, is no difference; days go out year first, numbers with a point."""
    event = EVENT | {"date_start": "02/05/2019", "date_end": "04/05/2019", "adm_1": "N" * 300, "latitude": "50,5"}
    path = file(tmp_path, ged(event), "ged.csv")
    mapping = mappings.parse(intake.propose(path).replace('date_order = "iso"', 'date_order = "dmy"'))
    assert take(sqlite_store, tmp_path, ged(event), name="ged.csv", mapping=mapping).recorded == 1
    out = exported(sqlite_store, tmp_path)
    assert read(out / "ged.csv") == [event | {"date_start": "2019-05-02", "date_end": "2019-05-04", "latitude": "50.5"}]
    assert {row["kind"] for row in read(out / "lossiness.csv")} == {"empty"}


def test_an_event_merged_into_another_is_no_row_and_is_listed(sqlite_store: Store, tmp_path: Path) -> None:
    """R19, R58, R92: no death is in the table twice."""
    take(sqlite_store, tmp_path, ged(EVENT, EVENT | {"id": "105"}), name="ged.csv")
    one, other = column(sqlite_store, "SELECT code FROM incident ORDER BY id")
    merging.merge(sqlite_store, other, one, "the same event", sqlite_store.local("second person"))
    out = exported(sqlite_store, tmp_path)
    assert [row["id"] for row in read(out / "ged.csv")] == ["101"]
    assert [(row["row"], row["incident_code"], row["remark"]) for row in read(out / "incidents.csv")] == [
        ("1", one, ""), ("", other, f"merged into {one}"),
    ]  # fmt: skip


def test_two_events_of_one_incident_are_one_row(tmp_path: Path) -> None:
    """R92: the first of the file speaks; the number of the other is listed; claims that no longer stand say nothing."""
    claims = [
        {"id": f"k{n}", "incident_id": "a", "standing": standing, "batch_id": "b", "row_number": str(number),
         "external_id": str(number), "stated": json.dumps({"id": str(number), "relid": f"R{number}"})}
        for n, (number, standing) in enumerate([(7, "current"), (3, "current"), (1, "superseded")])
    ]  # fmt: skip
    tables = {"incident": CHEAP[:1], "claim": claims, "batch": [{"id": "b", "format": "ged", "mapping": ""}]}
    out = converted(package(tmp_path / "bag", tables), "ged", tmp_path / "out")
    assert [(row["id"], row["relid"], row["best"]) for row in read(out / "ged.csv")] == [("3", "R3", "3")]
    assert [(row["id"], row["remark"]) for row in read(out / "incidents.csv")] == [("3", "also 7")]


CHEAP = [
    {"id": "a", "code": "C1", "status": "submitted", "incident_type": "raid", "date_start": "2024-05-02", "date_end": "2024-05-02",
     "lat": "1.5", "lon": "2.5", "killed_best": "3", "killed_low": "", "killed_high": "", "place_as_reported": "Market",
     "situation_id": "w"},
    {"id": "b", "code": "C2", "status": "verified", "incident_type": "one_sided", "date_start": "2023-12-31",
     "date_end": "2024-01-01", "lat": "", "lon": "", "killed_best": "suppressed", "killed_low": "", "killed_high": "",
     "place_as_reported": "", "situation_id": ""},
    {"id": "c", "code": "C3", "status": "refuted", "incident_type": "raid", "date_start": "", "date_end": "", "lat": "", "lon": "",
     "killed_best": "", "killed_low": "", "killed_high": "", "place_as_reported": "", "situation_id": ""},
]  # fmt: skip


def test_incidents_from_elsewhere_say_what_is_held_and_no_more(tmp_path: Path) -> None:
    """R92: no id of UCDP's is made up; sides only where a source named sides; every empty column is counted."""
    tables: dict[str, list[dict[str, object]]] = {
        "incident": CHEAP, "actor": [{"id": "n", "name": "Army"}, {"id": "m", "name": "Front"}],
        "involvement": [{"id": "v", "incident_id": "a", "actor_id": "n", "role": "side_a"},
                        {"id": "x", "incident_id": "a", "actor_id": "m", "role": "alleged_perpetrator"}],
        "situation": [{"id": "w", "name": "Example war"}],
    }  # fmt: skip
    out = converted(package(tmp_path / "bag", tables), "ged", tmp_path / "out")
    first, second = read(out / "ged.csv")
    assert {name: cell for name, cell in first.items() if cell} == {
        "year": "2024", "date_start": "2024-05-02", "date_end": "2024-05-02", "best": "3", "latitude": "1.5", "longitude": "2.5",
        "geom_wkt": "POINT (2.5 1.5)", "side_a": "Army", "conflict_name": "Example war", "where_description": "Market",
    }  # fmt: skip
    assert {name: cell for name, cell in second.items() if cell} == {
        "date_start": "2023-12-31", "date_end": "2024-01-01", "type_of_violence": "3", "best": "suppressed",
    }  # fmt: skip
    empty = Counter({row["column"]: int(row["rows"]) for row in read(out / "lossiness.csv") if row["kind"] == "empty"})
    assert empty == Counter(name for row in (first, second) for name, cell in row.items() if not cell)
    assert [(row["row"], row["incident_code"], row["remark"]) for row in read(out / "incidents.csv")] == [
        ("1", "C1", ""), ("2", "C2", ""), ("", "C3", "refuted"),
    ]  # fmt: skip
    assert "no death is stated: such an event is not in the UCDP data set" in {
        row["check"] for row in read(out / "checks.csv")
    }


# Where a column of these files, by a name of its own, goes.
RENAMED = {"best": "best_death", "low": "low_death", "high": "high_death"}
TYPES = {"State-based violence": "1", "Non-state violence": "2", "One-sided violence": "3"}


@pytest.mark.parametrize(
    "path", ["ucdp_syria/ucdp_ged_syria_2016_2019.csv", "ucdp_ged211_subset/ged211_whereprec12.csv"]
)
def test_real_files_come_back(sqlite_store: Store, shared: Path, tmp_path: Path, path: str) -> None:
    """R92: 600 rows from all over a real file: same ids, dates, precisions, places, counts; what it lacks is empty."""
    with (shared / "data" / path).open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(islice(reader, 0, None, 97 if "211" in path else 27))[:600]
    text = [
        ",".join(rows[0]),
        *(",".join('"' + cell.replace('"', '""') + '"' for cell in row.values()) for row in rows),
    ]
    part = file(tmp_path, "\n".join(text) + "\n", "ged_part.csv")
    take(sqlite_store, tmp_path, part.read_bytes(), name="ged.csv")
    found = {row["id"]: row for row in read(exported(sqlite_store, tmp_path) / "ged.csv")}
    assert len(found) == len(rows) == 600
    for row in rows:
        back = found[_plain(row["id"])]
        for name in COLUMNS:
            stated = row.get(name, row.get(RENAMED.get(name, ""), ""))
            assert name in ("geom_wkt", "date_start", "date_end", "year") or _plain(back[name]) == _plain(
                TYPES.get(stated, stated)
            ), name
        day = row.get("date_start") or "-".join(f"{int(float(row[part])):02}" for part in ("year", "month", "day"))
        assert (back["date_start"], back["date_end"]) == (day, row.get("date_end", day))


def _plain(cell: str) -> Any:
    try:
        return f"{float(cell):.9g}"
    except ValueError:
        return cell
