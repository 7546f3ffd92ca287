"""Workbooks, maps and columns: read back by openpyxl, pyogrio, geopandas and pyarrow, typed and complete.

Holds R23, R33, R34, R36, R67, R85 and R98 for these formats.
"""

import json
from pathlib import Path
from typing import Any

import packaged
import pytest
from filled import Filled
from packaged import AWKWARD, KINDS, SUPPRESSED, converted, field, full, package, read
from test_release import contents

from casualty.errors import InvalidRecords
from casualty.release import formats
from casualty.release.formats import workbook


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


# Workbook -------------------------------------------------------------------------------------------------------------


def test_a_workbook_is_typed_linked_and_complete(bag: Path, tmp_path: Path, codes: dict[str, str]) -> None:
    """R34, R98: every cell of every table; numbers as numbers, all else as text, no formula; links lead to the row they mean."""
    import openpyxl

    formats.convert(bag, "xlsx", tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out/package.xlsx")
    assert book.sheetnames[:2] == ["contents", "incidents"]
    checked = 0
    for source in sorted((bag / "data/04_records").glob("*.csv")):
        sheet = book[source.stem]
        rows = list(sheet.iter_rows())
        heads = [cell.value for cell in rows[0]]
        held = read(source)
        assert len(held) == len(rows) - 1
        for row, cells in zip(held, rows[1:], strict=True):
            for cell, name in zip(cells, heads, strict=True):
                checked += _checked(cell, row.get(name))
    assert checked > 500
    incidents, claims = book["incidents"], book["claims"]
    at = {cell.value: cell.column for cell in claims[1]}
    for row in range(2, claims.max_row + 1):
        link = claims.cell(row, at["incident_id"])
        assert link.hyperlink.location.split("!")[0] == "incidents"
        assert incidents[link.hyperlink.location.split("!")[1]].value == link.value
    heads = {cell.value: cell.column for cell in incidents[1]}
    persons = next(
        row for row in range(2, incidents.max_row + 1) if incidents.cell(row, heads["code"]).value == codes["persons"]
    )
    to = incidents.cell(persons, heads["rows_in_victims"])
    assert (to.value, to.data_type) == (4, "n")
    victims = book["victims"]
    first = int(to.hyperlink.location.removeprefix("victims!A"))
    column = {cell.value: cell.column for cell in victims[1]}
    own = [victims.cell(row, column["incident_id"]).value for row in range(first, first + 4)]
    assert own == [incidents.cell(persons, heads["id"]).value] * 4


def _checked(cell: Any, held: str | None) -> int:
    """See that a cell says what the package's table says, and in its type."""
    if held is None:  # a count of rows below the incident
        assert cell.data_type == "n"
        return 0
    if cell.value is None:
        assert held == ""
        return 0
    assert cell.data_type in ("s", "n")
    if cell.data_type == "n":
        assert float(held) == cell.value
        assert cell.number_format == "General"
    else:
        assert (cell.value, cell.number_format) == (held, "@")
    return 1


def test_awkward_texts_survive_a_workbook(tmp_path: Path) -> None:
    """R23, R98: line breaks, scripts, signs of XML, letters that look like its escapes; codes that look like numbers or dates."""
    import openpyxl

    texts = [AWKWARD, "007", "1-2", "2024-05-02", "1E5", "=SUM(A1)", "true", "  two  ", "\U0001f54a", "\r\n", "]]>"]
    rows = [{"id": f"i{n}", "code": text, "killed_best": "5"} for n, text in enumerate(texts)]
    fields = [field("incident", "code", "text"), field("incident", "killed_best", "whole number")]
    out = converted(package(tmp_path / "bag", {"incident": rows}, fields=fields), "xlsx", tmp_path / "out")
    sheet = openpyxl.load_workbook(out / "package.xlsx")["incidents"]
    found = [(row[1].value, row[1].data_type, row[2].value, row[2].data_type) for row in sheet.iter_rows(min_row=2)]
    assert [one[0].replace("_x005F_", "_") for one in found] == texts
    assert {one[1:] for one in found} == {("s", 5, "n")}


def test_what_is_more_than_excel_takes_is_refused_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R98: nothing is cut; every cell is named. Letters beyond the first 65,536 count twice, as they do there."""
    rows = [
        {"id": "a", "title": "x" * 32_767},
        {"id": "b", "title": "x" * 32_768},
        {"id": "c", "title": "\U0001f54a" * 16_384},
    ]
    made = package(tmp_path / "bag", {"incident": rows})
    with pytest.raises(InvalidRecords) as told:
        converted(made, "xlsx", tmp_path / "out")
    assert [(fault.row, fault.field) for fault in told.value.faults] == [
        (2, "incidents, title"),
        (3, "incidents, title"),
    ]
    assert "32,768" in str(told.value)
    monkeypatch.setattr(workbook, "UNITS", 10**6)
    monkeypatch.setattr(workbook, "ROWS", 3)
    with pytest.raises(InvalidRecords, match=r"incidents: Has 3 rows; a sheet takes 2"):
        converted(made, "xlsx", tmp_path / "again")
    monkeypatch.setattr(workbook, "ROWS", 4)
    monkeypatch.setattr(workbook, "SIZE", 10)
    with pytest.raises(InvalidRecords, match=r"incidents: Has 81,922 characters"):
        converted(made, "xlsx", tmp_path / "thrice")


def test_links_end_where_excel_takes_no_more_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R98: all rows are there all the same."""
    import openpyxl

    monkeypatch.setattr(workbook, "LINKS", 5)
    rows = [{"id": f"i{n}", "code": f"c{n}"} for n in range(4)]
    claims = [{"id": f"k{n}", "incident_id": f"i{n // 2}"} for n in range(8)]
    out = converted(package(tmp_path / "bag", {"incident": rows, "claim": claims}), "xlsx", tmp_path / "out")
    book = openpyxl.load_workbook(out / "package.xlsx")
    linked = [row[1].hyperlink.location if row[1].hyperlink else None for row in book["claims"].iter_rows(min_row=2)]
    assert linked == [*(f"incidents!A{n // 2 + 2}" for n in range(5)), None, None, None]
    told = {row[0]: row[3] for row in book["contents"].iter_rows(min_row=2, values_only=True)}
    assert "no" not in (told["incidents"] or "")
    assert "rows further down have none" in told["claims"]
    assert book["claims"].max_row == 9


# Places ---------------------------------------------------------------------------------------------------------------


def test_geojson_keeps_every_incident(bag: Path, tmp_path: Path, codes: dict[str, str]) -> None:
    """R33, R36: longitude first; no point is a null geometry; a point that stands for an area says so."""
    formats.convert(bag, "geojson", tmp_path / "out")
    features = json.loads((tmp_path / "out/incidents.geojson").read_text(encoding="utf-8"))["features"]
    held = {row["id"]: row for row in read(bag / "data/04_records/incidents.csv")}
    assert [feature["id"] for feature in features] == list(held)
    for feature in features:
        row, properties = held[feature["id"]], feature["properties"]
        assert (feature["geometry"] is None) == (row["lat"] == "")
        if feature["geometry"]:
            assert feature["geometry"]["coordinates"] == [float(row["lon"]), float(row["lat"])]
        assert properties["representative"] == (row["place_precision"] not in ("1", "2"))
        assert {name: "" if value is None else _text(value) for name, value in properties.items() if name in row} == {
            name: _text(_number(value)) for name, value in row.items() if name not in ("lat", "lon")
        }
    assert contents(tmp_path / "out")["admin_units.geojson"] == contents(bag)["data/05_geo/admin_units.geojson"]


def _number(cell: Any) -> Any:
    try:
        return float(str(cell))
    except ValueError:
        return str(cell)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{float(value):g}" if isinstance(value, int | float) or _number(value) != str(value) else str(value)


def test_a_geopackage_is_read_by_others(bag: Path, tmp_path: Path, codes: dict[str, str]) -> None:
    """R33, R34, R36, R85: the reference system, the layers, codes as text; incidents without a point are in a table of their own."""
    import pyogrio

    done = formats.convert(bag, "gpkg", tmp_path / "out")
    path = tmp_path / "out/package.gpkg"
    held = read(bag / "data/04_records/incidents.csv")
    layers = dict(pyogrio.list_layers(path))
    assert layers == {"incidents": "Point", "incidents_without_point": None, "administrative_units": "MultiPolygon"}
    points, without, units = (pyogrio.read_dataframe(path, layer=name) for name in (
        "incidents", "incidents_without_point", "administrative_units"))  # fmt: skip
    assert (points.crs.to_epsg(), units.crs.to_epsg()) == (4326, 4326)
    assert [*points["id"]] == [row["id"] for row in held if row["lat"]]
    assert [*without["id"]] == [row["id"] for row in held if not row["lat"]]
    assert codes["placeless"] in {*without["code"]}
    assert {(point.x, point.y) for point in points.geometry} == {(1.25, 50.5)}
    assert {*points["pcode"]} == {"007"}
    assert [*units["pcode"]] == ["007"]
    assert units.geometry.iloc[0].bounds == (1.0, 50.0, 2.0, 51.0)
    assert done.rows["package.gpkg, incidents"] == len(points)
    assert (points["killed_best"].dtype.kind, points["date_start"].dtype.kind) in (("f", "M"), ("i", "M"))
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_parquet_is_typed_and_complete(bag: Path, tmp_path: Path) -> None:
    """R34, R36: each table cell by cell; GeoParquet in WGS 84; meanings and the package's hash travel in the schema."""
    import geopandas
    import pyarrow.parquet as pq

    formats.convert(bag, "parquet", tmp_path / "out")
    for source in sorted((bag / "data/04_records").glob("*.csv")):
        held, found = read(source), pq.read_table(tmp_path / "out" / f"{source.stem}.parquet")
        assert found.num_rows == len(held)
        for name in held[0] if held else ():
            values = ["" if value is None else _text(value) for value in found.column(name).to_pylist()]
            assert values == [_text(_number(row[name])) if row[name] else "" for row in held], name
    metadata = pq.read_schema(tmp_path / "out/incidents.parquet")
    assert metadata.metadata[b"manifest_sha256"].decode() == packaged.hashes(bag)["manifest-sha256.txt"]
    assert metadata.field("code").metadata[b"meaning"].startswith(b"Readable code")
    assert (str(metadata.field("killed_best").type), str(metadata.field("pcode").type)) == ("int64", "string")
    frame = geopandas.read_parquet(tmp_path / "out/incidents.parquet")
    held = read(bag / "data/04_records/incidents.csv")
    assert frame.crs.to_epsg() == 4326
    assert [*frame.geometry.isna()] == [row["lat"] == "" for row in held]
    assert {(point.x, point.y) for point in frame.geometry.dropna()} == {(1.25, 50.5)}


@pytest.mark.parametrize("wanted", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_suppressed_stays_suppressed(tmp_path: Path, wanted: str) -> None:
    """R67: in columns of numbers and of dates too, whatever columns a tier has."""
    import openpyxl
    import pyogrio

    out = converted(package(tmp_path / "bag", {"incident": SUPPRESSED}, "public", KINDS), wanted, tmp_path / "out")
    found: list[tuple[Any, ...]]
    if wanted == "csv":
        found = [(row["killed_best"], row["date_start"]) for row in read(out / "incidents.csv")]
    elif wanted == "xlsx":
        sheet = openpyxl.load_workbook(out / "package.xlsx")["incidents"]
        found = [(str(row[2]), row[5]) for row in sheet.iter_rows(min_row=2, values_only=True)]
    elif wanted == "geojson":
        features = json.loads((out / "incidents.geojson").read_text(encoding="utf-8"))["features"]
        found = [(f["properties"]["killed_best"], f["properties"]["date_start"]) for f in features]
    else:
        import pandas
        import pyarrow.parquet as pq

        if wanted == "parquet":
            frame = pq.read_table(out / "incidents.parquet").to_pandas()
        else:
            parts = [
                pyogrio.read_dataframe(out / "package.gpkg", layer=name)
                for name in ("incidents", "incidents_without_point")
            ]
            frame = pandas.concat([pandas.DataFrame(part) for part in parts])
        found = [*zip(frame["killed_best"], frame["date_start"], strict=True)]
    assert found == [("suppressed", "2024-05"), ("7", "2024-05-02")]
