"""Tables as they come: any encoding, any delimiter, workbooks, headers that repeat, quotes that do not close."""

import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from taking import file

from casualty.errors import NotFound, UsageFault
from casualty.intake import propose, reading

ARABIC = "المكان,العدد,ملاحظات\n" + "بغداد حي الجامعة,12,قتل المدنيون في السوق القديم بعد انفجار كبير في المدينة\n" * 4
RUSSIAN = (
    "место,число,заметки\n" + "Старая площадь у рынка,12,погибли жители города во время обстрела жилых домов\n" * 4
)
FRENCH = "lieu,nombre,notes\n" + "Marché de la cité,12,tués près du château à l'été\n" * 4


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (FRENCH, "utf-8", "utf-8"), (FRENCH, "utf-8-sig", "utf-8-sig"), (FRENCH, "utf-16", "utf-16"),
        (ARABIC, "utf-16-be", "utf-16-be"), (FRENCH, "utf-16-le", "utf-16-le"), (FRENCH, "cp1252", "cp1252"),
        (FRENCH, "latin-1", "cp1252"), (ARABIC, "cp1256", "cp1256"), (RUSSIAN, "cp1251", "cp1251"), (RUSSIAN, "koi8_r", "koi8_r"),
        ("a,b\n1,2\n", "ascii", "utf-8"),
    ],
)  # fmt: skip
def test_an_encoding_is_found(tmp_path: Path, text: str, encoding: str, found: str) -> None:
    """R23: names are kept letter by letter; what the file does not state and was guessed is said."""
    table = reading.open_table(file(tmp_path, text.encode(encoding)))
    assert table.encoding == found
    assert [table.headers, *table.rows()] == [line.split(",") for line in text.splitlines()]
    assert bool(table.notes) == (found in ("cp1252", "cp1256", "cp1251", "koi8_r"))


def test_a_mark_of_another_byte_order_is_heeded(tmp_path: Path) -> None:
    """R23: UTF-16 with its mark, the big end first."""
    table = reading.open_table(file(tmp_path, b"\xfe\xff" + ARABIC.encode("utf-16-be")))
    assert table.headers == ["المكان", "العدد", "ملاحظات"]


def test_a_stated_encoding_is_followed(tmp_path: Path) -> None:
    """R23: what a person says of the file counts; what cannot be so is told."""
    path = file(tmp_path, RUSSIAN.encode("cp1251"))
    assert reading.open_table(path, "cp1251").headers == ["место", "число", "заметки"]
    with pytest.raises(UsageFault, match="not utf-8 throughout"):
        list(reading.open_table(path, "utf-8").rows())
    for name in ("no-such", "rot13", "base64"):
        with pytest.raises(UsageFault, match="is not an encoding"):
            reading.open_table(path, name)


def test_bytes_that_are_no_text_late_in_the_file_are_told(tmp_path: Path) -> None:
    """R23: a UTF-8 mark, and then bytes that are not."""
    table = reading.open_table(file(tmp_path, b"\xef\xbb\xbfa,b\n" + b"1,2\n" * 100_000 + b"\xff\xfe,1\n"))
    with pytest.raises(UsageFault, match="name its encoding"):
        list(table.rows())


@pytest.mark.parametrize("delimiter", reading.DELIMITERS)
def test_a_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """R94: by the evenness of the rows, not by one line full of commas."""
    rows = [
        ["id", "a note, with commas; and more", "best"],
        *([str(n), "near x, y, z" * (n % 3), "5"] for n in range(30)),
    ]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    table = reading.open_table(file(tmp_path, text))
    assert (table.delimiter, [table.headers, *table.rows()]) == (delimiter, rows)


def test_titles_above_the_header_are_passed_over_and_blank_lines_too(tmp_path: Path) -> None:
    """R95: of a title, a header and a row of tags, the tags are the names."""
    plain = reading.open_table(
        file(tmp_path, "List of the dead,,\n,,\nid,date,killed\n\n1,2020-01-01,2\n ,, \n2,2020-01-02,3\n")
    )
    assert (plain.headers, len(list(plain.rows())), plain.tagged) == (["id", "date", "killed"], 2, False)
    tagged = reading.open_table(file(tmp_path, "Event,When,Dead\n#event+id,#date,#affected+dead\n1,2020-01-01,2\n"))
    assert (tagged.headers, list(tagged.rows()), tagged.tagged) == (
        ["#event+id", "#date", "#affected+dead"], [["1", "2020-01-01", "2"]], True,
    )  # fmt: skip


@given(st.lists(st.sampled_from(["", "x", "x (2)", "column 1", "column 3", "column (2)", "y"]), min_size=1, max_size=9))
def test_every_column_has_a_name_of_its_own(headers: list[str]) -> None:
    """R16: a column that repeats another's name, or has none, can still be mapped."""
    names = reading._unique(headers)
    assert len(set(names)) == len(headers)
    assert all(names.index(header) <= at for at, header in enumerate(headers) if header)


def test_quotes_that_do_not_close_lose_no_other_row(tmp_path: Path) -> None:
    """R16: the rows that a stray quote joins are told by their lines; those after it are read."""
    text = (
        'id,note,best\n1,"fine, ""quoted""\nand on",1\n2,"stray,2\n3,plain,3\n4,"x" y,4\n5,plain,5\n6,"never,6\n7,x,7\n'
    )
    rows = list(reading.open_table(file(tmp_path, text)).rows())
    assert rows[0] == ["1", 'fine, "quoted"\nand on', "1"]
    assert [row for row in rows if len(row) == 3] == [rows[0], ["5", "plain", "5"]]
    assert [row[0].partition(":")[0] for row in rows if len(row) == 1] == [
        "lines 4 to 6 of the file",
        "lines 8 to 9 of the file",
    ]


def test_a_cell_of_unbounded_length_is_a_fault_of_its_row(tmp_path: Path) -> None:
    """R16: long texts are read; one of more than a megabyte is told, and those after it are read."""
    long = "x" * (reading.LONGEST_CELL - 10)
    text = f'id,note\n1,"{long}"\n2,"' + "a,b;" * 300_000 + '"\n3,plain\n'
    rows = list(reading.open_table(file(tmp_path, text)).rows())
    assert rows[0] == ["1", long]
    assert rows[-1] == ["3", "plain"]
    assert "larger than field limit" in rows[1][0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"), (b"\n\n", "has no rows|no date"), (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old kind"),
        (b"PK\x03\x04 torn", "not a workbook"), (b"i\x00d,b\n1,2\n", "NUL"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    """R16: in a sentence."""
    path = file(tmp_path, content)
    with pytest.raises(UsageFault, match=told):
        propose(path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """R16: no such file, and a folder in its place."""
    with pytest.raises(NotFound):
        reading.open_table(tmp_path / "none.csv")
    with pytest.raises(UsageFault, match="cannot be read"):
        reading.open_table(tmp_path)


def book(folder: Path, *rows: list[object], name: str = "book.xlsx") -> Path:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    made.create_sheet("Second").append(["not", "read"])
    made.save(folder / name)
    return folder / name


def test_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    """R32: dates in ISO 8601, whole numbers without a point, blanks at the end of a row filled up."""
    path = book(
        tmp_path,
        ["id", "date", "time", "best", "lat", "note"],
        [244657.0, datetime(2020, 5, 1), time(13, 45), 6.0, 33.3125, "=text"],
        [2, date(2020, 5, 2), datetime(2020, 5, 2, 8, 30), None],
        [None, None, None],
        [3, None, None, True],
    )
    table = reading.open_table(path)
    assert list(table.rows()) == [
        ["244657", "2020-05-01", "13:45:00", "6", "33.3125", ""], ["2", "2020-05-02", "2020-05-02 08:30:00", "", "", ""],
        ["3", "", "", "True", "", ""],
    ]  # fmt: skip
    assert len(table.sha256) == 64
    assert table.bytes == path.stat().st_size


def test_a_workbook_that_states_too_small_an_extent_is_read_whole(tmp_path: Path) -> None:
    """R16: some programs write `A1` as the extent of every sheet."""
    path = book(tmp_path, ["id", "date"], [1, "2020-01-01"], [2, "2020-01-02"])
    with zipfile.ZipFile(path) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b'ref="A1:B3"' in parts[sheet]
    parts[sheet] = parts[sheet].replace(b'ref="A1:B3"', b'ref="A1"')
    with zipfile.ZipFile(tmp_path / "wrong.bin", "w") as wrong:
        for name, part in parts.items():
            wrong.writestr(name, part)
    assert list(reading.open_table(tmp_path / "wrong.bin").rows()) == [["1", "2020-01-01"], ["2", "2020-01-02"]]


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    """R16: a zip of something else, and a workbook torn in the middle."""
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "x")
    path = book(tmp_path, ["id", "date"], *([n, "2020-01-01"] for n in range(2000)))
    (tmp_path / "torn.xlsx").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for name in ("other.zip", "torn.xlsx"):
        with pytest.raises(UsageFault, match="not a workbook"):
            list(reading.open_table(tmp_path / name).rows())


@given(content=st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """R16: whatever a file holds, it is a table or a sentence says why not."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        table = reading.open_table(path)
        rows = list(table.rows())
    except UsageFault:
        return
    assert len(set(table.headers)) == len(table.headers)
    assert all(any(cell.strip() for cell in row) for row in rows)
