"""The tables as one workbook (XLSX): a sheet each, linked, numbers as numbers and all else as typed text, never a formula.

Written part by part as ISO/IEC 29500 has it, because a workbook of 176,579 incidents must not be held in memory and must
have the same bytes each time: no time and no name of a program is in it.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from casualty.errors import Fault, InvalidRecords
from casualty.release.formats.output import Output, Wishes
from casualty.release.formats.tables import WHOLE, Column, Table, held, numeric
from casualty.release.package import Package
from casualty.release.records import FILES
from casualty.schema import CHILDREN, table

# Limits of Excel: rows of a sheet with its header, UTF-16 units of a cell, links of a sheet.
ROWS, UNITS, LINKS = 1_048_576, 32_767, 65_530
SIZE = 500_000_000  # characters of a sheet, so that with its tags it stays under the 2 GiB of a part
MOST_FAULTS = 200
# What is no matter for a cell: the parameters and answers of analyses are documents (JSON), longer than a cell can be.
DOCUMENTS = {"analysis_run": ("parameters", "versions", "result")}
PLAIN, AS_TEXT, LINKED, HEAD, COUNTED = 0, 1, 2, 3, 4
BEGINNING = (1980, 1, 1, 0, 0, 0)
_SPECIAL = re.compile("[&<>\\x00-\\x1f\\ufffe\\uffff]|_x[0-9A-Fa-f]{4}_")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
CONTENTS = (
    Column("sheet", "Sheet of this workbook."),
    Column("rows", "Rows below its header.", WHOLE),
    Column("linked", "Columns whose cells lead to the row they mean."),
    Column("remark", "What is not in it."),
)


@dataclass
class _Sheet:
    """A sheet in the making: its table, the columns that are in it, and what its links lead to."""

    table: Table
    shown: list[int]
    count: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    first: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.table.stem[:31]


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write package.xlsx. Raises InvalidRecords with every cell or sheet that is more than Excel takes: nothing is cut."""
    sheets = {found.name: _sheet(found) for found in held(package)}
    faults = [fault for sheet in sheets.values() for fault in _survey(sheet)][:MOST_FAULTS]
    if faults:
        raise InvalidRecords(
            "The package does not fit into a workbook; nothing was cut. CSV and Parquet take it whole.", faults
        )
    _find_children(sheets)
    linked = {name: _links(sheet, sheets) for name, sheet in sheets.items()}
    with zipfile.ZipFile(output.place("package.xlsx"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in _frame([sheet.name for sheet in sheets.values()]):
            _part(archive, path, iter([text]))
        _part(archive, "xl/worksheets/sheet1.xml", _contents(sheets, linked))
        for number, (name, sheet) in enumerate(sheets.items(), start=2):
            _part(
                archive,
                f"xl/worksheets/sheet{number}.xml",
                _sheet_xml(rows := _Rows(sheet, linked[name], sheets), rows.links),
            )
    for sheet in sheets.values():
        columns = [sheet.table.columns[at] for at in sheet.shown]
        counted = [_counter(sheets[child]) for child in sheet.children]
        output.describe(f"package.xlsx, {sheet.name}", [*columns, *counted], sheet.count)
    output.notes.append(
        "Codes, P-codes and dates are text; numbers are numbers; there is no formula. The sheet `contents` says what\nis linked."
    )


def _sheet(found: Table) -> _Sheet:
    out = DOCUMENTS.get(found.name, ())
    return _Sheet(found, [at for at, column in enumerate(found.columns) if column.name not in out])


def _counter(child: _Sheet) -> Column:
    return Column(
        f"rows_in_{child.name}", f"Rows of this incident in the sheet {child.name}, linked to the first.", WHOLE
    )


# Before writing: what fits, and what leads where ----------------------------------------------------------------------


def _survey(sheet: _Sheet) -> Iterator[Fault]:
    """Yield what does not fit, counting the rows and, where links lead here, noting at which row each key stands."""
    key = sheet.table.at("id") if sheet.table.name in _targets() else None
    size = 0
    for row, cells in enumerate(sheet.table.rows(), start=1):
        sheet.count = row
        size += sum(map(len, cells))
        if key is not None:
            sheet.rows[cells[key]] = row + 1
        for at in sheet.shown:
            if len(cells[at]) > UNITS // 2 and (units := len(cells[at].encode("utf-16-le")) // 2) > UNITS:
                where = f"{sheet.name}, {sheet.table.columns[at].name}"
                yield Fault(
                    row,
                    where,
                    f"Has {units:,} characters; a cell takes {UNITS:,}.",
                    "Take the CSV or the Parquet file.",
                )
    if size > SIZE:
        yield Fault(
            0, sheet.name, f"Has {size:,} characters; a sheet takes {SIZE:,}.", "Take the CSV or the Parquet file."
        )
    if sheet.count + 1 > ROWS:
        text = f"Has {sheet.count:,} rows; a sheet takes {ROWS - 1:,}."
        yield Fault(0, sheet.name, text, "Take the CSV or the Parquet file.")


def _find_children(sheets: Mapping[str, _Sheet]) -> None:
    """Note, for each table under the incident, the first row of each incident and how many it has."""
    incidents = sheets.get("incident")
    for name in CHILDREN["incident"]:
        child = sheets.get(name)
        at = child.table.at("incident_id") if child else None
        if incidents is None or child is None or at is None:
            continue
        incidents.children.append(name)
        for row, cells in enumerate(child.table.rows(), start=2):
            first, count = child.first.get(cells[at], (row, 0))
            child.first[cells[at]] = (first, count + 1)


def _links(sheet: _Sheet, sheets: Mapping[str, _Sheet]) -> dict[int, str]:
    """Return the columns that are linked, with the tables they lead to: as many as Excel takes, but always the first."""
    leads = _leads(sheet.table.name)
    found: dict[int, str] = {}
    for at in sheet.shown:
        target = leads.get(sheet.table.columns[at].name, "")
        if target in sheets and (not found or sheet.count * (len(found) + 1 + len(sheet.children)) <= LINKS):
            found[at] = target
    return found


def _leads(name: str) -> dict[str, str]:
    """Return the columns of a table of the schema that name a row, with the table of that row."""
    columns = table(name).columns if name in FILES else ()
    return {column.name: key.column.table.name for column in columns for key in column.foreign_keys}


@cache
def _targets() -> frozenset[str]:
    return frozenset(target for name in FILES for target in _leads(name).values())


# Writing --------------------------------------------------------------------------------------------------------------


def _part(archive: zipfile.ZipFile, path: str, pieces: Iterator[str]) -> None:
    info = zipfile.ZipInfo(path, BEGINNING)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
    with archive.open(info, "w") as file:
        waiting: list[str] = []
        for number, piece in enumerate(pieces, start=1):
            waiting.append(piece)
            if number % 500 == 0:
                file.write("".join(waiting).encode())
                waiting.clear()
        file.write("".join(waiting).encode())


class _Rows:
    """The rows of a sheet as XML, with the links that they need, as many as Excel takes."""

    def __init__(self, sheet: _Sheet, linked: Mapping[int, str], sheets: Mapping[str, _Sheet]) -> None:
        self.sheet = sheet
        self.links: list[str] = []
        self._targets = {at: sheets[name] for at, name in linked.items()}
        self._children = [sheets[name] for name in sheet.children]
        self._columns = [sheet.table.columns[at] for at in sheet.shown]
        self._letters = [_letters(at) for at in range(len(self._columns) + len(self._children))]
        self._key = sheet.table.at("id")

    def __iter__(self) -> Iterator[str]:
        heads = [*self._columns, *map(_counter, self._children)]
        yield _row(1, [(self._letters[at], c.name, HEAD) for at, c in enumerate(heads)], self._columns)
        for number, cells in enumerate(self.sheet.table.rows(), start=2):
            yield _row(number, [*self._own(number, cells), *self._counts(number, cells)], self._columns)

    def _own(self, number: int, cells: list[str]) -> Iterator[tuple[str, str, int]]:
        for letter, at in zip(self._letters, self.sheet.shown, strict=False):
            row = self._targets[at].rows.get(cells[at]) if at in self._targets else None
            linked = row is not None and self._link(f"{letter}{number}", self._targets[at], row)
            yield letter, cells[at], LINKED if linked else AS_TEXT

    def _counts(self, number: int, cells: list[str]) -> Iterator[tuple[str, str, int]]:
        key = "" if self._key is None else cells[self._key]
        for letter, child in zip(self._letters[len(self._columns) :], self._children, strict=True):
            first, count = child.first.get(key, (0, 0))
            linked = first > 0 and self._link(f"{letter}{number}", child, first)
            yield letter, str(count), COUNTED if linked else PLAIN

    def _link(self, cell: str, sheet: _Sheet, row: int) -> bool:
        if len(self.links) >= LINKS:
            return False
        self.links.append(_link(cell, sheet, row))
        return True


def _sheet_xml(rows: Iterable[str], links: list[str]) -> Iterator[str]:
    yield f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
    yield '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
    yield from rows
    yield "</sheetData>"
    if links:
        yield "<hyperlinks>"
        yield from links
        yield "</hyperlinks>"
    yield "</worksheet>"


def _row(number: int, cells: list[tuple[str, str, int]], columns: list[Column]) -> str:
    """Return a row; a cell beyond the table's own columns is a number."""
    parts = []
    for at, (letter, text, style) in enumerate(cells):
        if not text:
            continue
        if style != HEAD and (at >= len(columns) or numeric(columns[at], text)):
            parts.append(f'<c r="{letter}{number}" s="{PLAIN if style == AS_TEXT else style}"><v>{text}</v></c>')
        else:
            parts.append(
                f'<c r="{letter}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'
            )
    return f'<row r="{number}">{"".join(parts)}</row>'


def _link(cell: str, sheet: _Sheet, row: int) -> str:
    return f'<hyperlink ref="{cell}" location="{sheet.name}!A{row}"/>'


def _escaped(text: str) -> str:
    """Return text for XML; what XML cannot hold, and what looks like its escape, is escaped as the standard says."""
    return _SPECIAL.sub(_escape, text) if _SPECIAL.search(text) else text


def _escape(found: re.Match[str]) -> str:
    part = found[0]
    if part in "&<>":
        return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[part]
    if part in "\t\n\r":
        return f"&#{ord(part)};"
    return f"_x005F{part}" if len(part) > 1 else f"_x{ord(part):04X}_"


def _letters(at: int) -> str:
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _contents(sheets: Mapping[str, _Sheet], linked: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    def rows() -> Iterator[str]:
        yield _row(1, [(_letters(at), column.name, HEAD) for at, column in enumerate(CONTENTS)], list(CONTENTS))
        for number, (name, sheet) in enumerate(sheets.items(), start=2):
            cells = [sheet.name, str(sheet.count), _told(sheet, linked[name]), _remark(sheet, linked[name])]
            shown = [(_letters(at), cell, AS_TEXT) for at, cell in enumerate(cells)]
            yield _row(number, shown, list(CONTENTS))

    links = [_link(f"A{number}", sheet, 1) for number, sheet in enumerate(sheets.values(), start=2)]
    return _sheet_xml(rows(), links)


def _told(sheet: _Sheet, linked: Mapping[int, str]) -> str:
    return " ".join([*(sheet.table.columns[at].name for at in linked), *(f"to {name}" for name in sheet.children)])


def _remark(sheet: _Sheet, linked: Mapping[int, str]) -> str:
    told = []
    if sheet.count * (len(linked) + len(sheet.children)) > LINKS:
        told.append(f"Excel takes {LINKS:,} links a sheet: rows further down have none.")
    if out := [c.name for at, c in enumerate(sheet.table.columns) if at not in sheet.shown]:
        told.append(f"Documents that are no matter for a cell stand in the package: {', '.join(out)}.")
    return " ".join(told)


def _frame(names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the parts that hold a workbook together."""
    sheets = list(enumerate(["contents", *names], start=1))
    yield "[Content_Types].xml", XML + _types(len(sheets))
    yield "_rels/.rels", XML + _related([("officeDocument", "xl/workbook.xml")])
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in sheets)
    yield "xl/workbook.xml", f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{DOC}"><sheets>{listed}</sheets></workbook>'
    targets = [("worksheet", f"worksheets/sheet{n}.xml") for n, _ in sheets]
    yield "xl/_rels/workbook.xml.rels", XML + _related([*targets, ("styles", "styles.xml")])
    yield "xl/styles.xml", XML + STYLES


def _types(sheets: int) -> str:
    of = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [
        ("workbook", "sheet.main"),
        ("styles", "styles"),
        *((f"worksheets/sheet{n}", "worksheet") for n in range(1, sheets + 1)),
    ]
    overrides = "".join(f'<Override PartName="/xl/{path}.xml" ContentType="{of}.{kind}+xml"/>' for path, kind in parts)
    return (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )


def _related(parts: list[tuple[str, str]]) -> str:
    """Return the relationships of a part: (kind, target), under the ids rId1, rId2 and so on."""
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{DOC}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(parts, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


# Cell styles by number: PLAIN, AS_TEXT (format 49, "@"), LINKED, HEAD, COUNTED (a linked number).
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><u/><sz val="11"/><color rgb="FF0563C1"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="2" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
