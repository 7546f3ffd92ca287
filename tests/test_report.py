"""The report of a package as those who receive it read it: text, tags, scripts, voices, limits, the same bytes.

Holds R01, R05, R06, R11, R23, R25, R37, R45, R49, R52, R67, R80, R85 and R87 for the PDF.
"""

import json
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from filled import CANARIES, Filled, fill
from reported import incident, package, victim
from test_docs import NEVER

from casualty import release
from casualty.errors import CheckFailed, UsageFault
from casualty.release import report
from casualty.release.package import Package
from casualty.release.report import annex, document
from casualty.store import Store
from casualty.vocabulary import Tier

TEMPLATES = Path(report.__file__).parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Package, Filled]:
    """A package of the commission tier with something of everything; nobody changes it."""
    folder = tmp_path_factory.mktemp("made")
    store = Store.create(folder / "record.db", name="Record of Example")
    by = store.local("tester")
    filled = fill(store, by, store.local("second person"))
    release.build(store, folder / "bag", tier=Tier.COMMISSION, recipient="Commission", basis="Resolution 1", by=by)
    store.close()
    return Package.at(folder / "bag"), filled


@pytest.fixture(scope="module")
def pdf(made: tuple[Package, Filled]) -> bytes:
    """Its report."""
    return report.compiled(made[0])


def text(pdf: bytes) -> str:
    """Return the words of a report, on one line."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages).split())


def small(folder: Path, *incidents: dict[str, str], **other: Any) -> Package:
    return package(folder, {"incident": incidents or [incident(killed_best="3")]}, **other)


def test_it_can_be_archived_and_read_by_ear(pdf: bytes) -> None:
    """R84: PDF/A-2a and PDF/UA-1 by its own statement, tagged, with title, language and date, all fonts within."""
    reader = pypdf.PdfReader(BytesIO(pdf))
    root: Any = reader.trailer["/Root"]
    stated = root["/Metadata"].get_data().decode()
    for words in ("<pdfaid:part>2<", "<pdfaid:conformance>A<", "<pdfuaid:part>1<"):
        assert words in stated
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"], "/StructTreeRoot" in root) == (True, "en", True)
    assert reader.metadata is not None
    assert reader.metadata.title == "Documented casualties: Record of Example"
    assert reader.metadata.creation_date is not None
    fonts = list(_fonts(reader))
    assert {name.split("+")[1].split("-")[0] for name, _ in fonts} == {"NotoSans", "NotoSansArabic"}
    assert all(embedded for _, embedded in fonts)
    assert not {"/OpenAction", "/AA", "/AcroForm", "/Names"} & set(root) - {"/Names"}


def _fonts(reader: pypdf.PdfReader) -> Iterator[tuple[str, bool]]:
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            held = inner["/FontDescriptor"].get_object()
            yield inner["/BaseFont"], bool({"/FontFile2", "/FontFile3"} & set(held))


def test_the_same_package_gives_the_same_bytes(made: tuple[Package, Filled], pdf: bytes, tmp_path: Path) -> None:
    """R85: from another folder, at another time; another date gives other bytes."""
    moved = shutil.copytree(made[0].folder, tmp_path / "elsewhere")
    assert report.compiled(Package.at(moved)) == pdf
    other = Package(moved, {**made[0].info, "Bagging-Date": "2020-02-29"})
    assert report.compiled(other) != pdf


def test_it_says_what_it_must(made: tuple[Package, Filled], pdf: bytes) -> None:
    """R01, R06, R49, R86: for whom, on what basis, from which ledger head, the five areas, the caveat, what is withheld."""
    told = text(pdf)
    info = made[0].info
    for label in ("Source-Organization", "Recipient", "Basis", "Bagging-Date", "External-Identifier", "Ledger-Head"):
        assert info[label] in told
    for area in ("1. Source types", "2. Collection process", "4. Corroboration", "5. Quality control"):
        assert area in told
    assert told.count("These are documented cases, not all deaths.") >= 2
    assert "Disclosure could cost lives." in told
    assert "Taken back: 1 incident. Merged as duplicates: 0." in told
    assert "Allegation that the party denies 1 1" in told


def test_names_are_whole_in_every_script(pdf: bytes) -> None:
    """R23, R80: Arabic and Cyrillic, each word of a name."""
    told = text(pdf)
    for word in ("Пример", "Примерович", "أمينة", "المثال"):
        assert word in told


def test_every_incident_is_flagged_by_how_sure_it_is(made: tuple[Package, Filled], pdf: bytes) -> None:
    """R11: in the annex, at the code; in tables, by a column."""
    told = text(pdf)
    for row in made[0].rows("incident"):
        flag = "VERIFIED" if row["status"] == "verified" else "NOT CORROBORATED"
        assert re.search(rf"{row['code']}(?:(?!AAAA).){{0,120}}?{flag}", told), row["status"]
    assert "(Refuted)" in told
    assert "(Contested)" in told


def test_what_is_withheld_is_not_in_it(pdf: bytes) -> None:
    """R41, R60, R62: what the package keeps back, its report does; not a word of it."""
    told = text(pdf).casefold()
    assert [canary for canary in CANARIES if canary.casefold() in told] == []


HOSTILE = (
    "#panic()", "*bold* _thin_", "$x^2$", "](x)", "@label", "`raw`", "<tag>", "//x", "/*y*/", "= head", "\\u{41}", "~",
    '"; #eval("1")', "#{1+1}", "---", "#image(x)", "https://example.org", "'q'",
)  # fmt: skip


def test_texts_are_never_read_as_markup(tmp_path: Path) -> None:
    """R80: what a person typed is printed letter by letter, wherever it stands."""
    typed = "  ".join(HOSTILE)
    rows = [
        incident(
            killed_best="3", title=typed, narrative_public=f"{typed}\n{typed}", place_as_reported=typed, admin1=typed
        )
    ]
    answer = {"sentence": typed, "caveats": [typed], "left_out": {typed: 2}, "rows": [{"area": typed, "observed": 1}]}
    run = {
        "id": "r", "code": "RUN-1", "method": "trend", "question": typed, "parameters": json.dumps({"name": typed}),
        "result": json.dumps(answer),
    }  # fmt: skip
    held = package(
        tmp_path,
        {"incident": rows, "victim": [victim(1, 1)], "victim_name": [
            {"incident_id": "i1", "incident_code": "AAAA-0001", "victim_id": "v1", "name": typed, "kind": "full"}],
         "analysis_run": [run]},
        {"data/01_methodology.md": f"# M\n\n## {typed.replace('`', '')}\n\n- {typed.replace('`', '')}\n"},
        Basis=typed, Recipient=typed, **{"Source-Organization": typed},
    )  # fmt: skip
    told = text(report.compiled(held)).replace(" ", "")
    for piece in HOSTILE:
        assert told.count(piece.replace(" ", "")) >= 8, piece


def test_a_letter_that_the_fonts_lack_is_an_error(tmp_path: Path) -> None:
    """R23: every one of them is named, with the records it stands in, and nothing of the text; nothing is written."""
    rows = [incident(1, title="Secretplace 村"), incident(2, narrative_public="ꮴ Secretplace"), incident(3, title="村")]
    with pytest.raises(CheckFailed) as raised:
        report.write(small(tmp_path / "bag", *rows), tmp_path / "out.pdf")
    assert [(fault.field, fault.fault.split(" (")[0]) for fault in raised.value.faults] == [
        ("AAAA-0001, AAAA-0003", "holds U+6751"), ("AAAA-0002", "holds U+ABB4"),
    ]  # fmt: skip
    assert "Secretplace" not in str(raised.value)
    assert not (tmp_path / "out.pdf").exists()


def test_marks_that_turn_the_line_are_taken_out(tmp_path: Path) -> None:
    """R80: an override or a control sign in a name moves nothing else."""
    told = text(report.compiled(small(tmp_path, incident(title="ab\u202ecd\u0007ef"))))
    assert "abcd·ef" in told


def test_the_annex_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R67: beyond it those with most people killed are shown, and the count and the file of the others are named."""
    monkeypatch.setattr(annex, "MOST", 5)
    rows = [
        incident(number, killed_best=str(number % 7), date_start=f"2024-01-{28 - number:02}") for number in range(20)
    ]
    held = small(tmp_path, *rows)
    shown = document.of(held)["annex"]["incidents"]
    assert [entry["killed"] for entry in sorted(shown, key=lambda entry: entry["code"])] == ["5", "6", "5", "6", "5"]
    assert [entry["day"] for entry in shown] == sorted(entry["day"] for entry in shown)
    told = text(report.compiled(held))
    assert (
        "5 of 20 incidents: those with the most people killed, by day. All stand in data/04_records/incidents.csv."
        in told
    )
    assert len(set(re.findall(r"AAAA-\d{4}", told))) == 5


def test_two_thousand_incidents_are_the_most() -> None:
    """R67: the limit as it ships."""
    assert annex.MOST == 2000


PUBLIC = {
    "id": "p1", "code": "PPPP-0001", "status": "verified", "incident_type": "raid", "period": "2023-05", "area": "North",
    "place_shown": "masked", "lat": "10.5", "lon": "20.5", "uncertainty_m": "9000.0", "place_precision": "2",
    "killed_low": "2", "killed_best": "4", "killed_high": "6", "sources": "media (b): 2; ngo: 1", "has_point": "true",
    "narrative_public": "", "withheld": "unreviewed: narrative_public",
}  # fmt: skip
CELLS = [
    ("north", "East", "12"), ("north", "West", "suppressed"), ("north", "total", "15"), ("south", "East", "suppressed"),
    ("south", "West", "20"), ("south", "total", "22"), ("total", "East", "14"), ("total", "West", "23"),
    ("total", "total", "37"),
]  # fmt: skip


@pytest.fixture
def public(tmp_path: Path) -> Package:
    """A package of the public tier: no persons, masked points, months, areas, small numbers suppressed."""
    rows = [
        PUBLIC,
        {**PUBLIC, "id": "p2", "code": "PPPP-0002", "status": "submitted", "area": "not known", "lat": "", "lon": "",
         "place_shown": "withheld", "has_point": "false", "period": "withheld", "killed_low": "", "killed_best": "",
         "killed_high": "", "sources": ""},
    ]  # fmt: skip
    tables = [
        {"of": "language", "year": "2023", "group": group, "area": area, "killed": killed, "as_of": "2025-03-01"}
        for group, area, killed in CELLS
    ]
    return package(
        tmp_path,
        {"incident": rows, "source": [{"kind": "media", "number": "2"}], "victim_name": []},
        {
            "data/07_tables/groups_by_area.csv": tables,
            "data/08_withheld.csv": [{"category": "tier", "table": "act", "fields": "whole table", "count": "",
                                      "why": "Not for readers of this tier.", "who_decides": "the list"}],
            "data/summary.json": {"incidents": 2, "killed_low": 2, "killed_best": 4, "killed_high": 6},
        },
        Tier="public",
    )  # fmt: skip


def test_a_tier_with_fewer_columns_shows_what_there_is(public: Package) -> None:
    """R11, R64, R67: no persons, no days; suppressed reads suppressed; a moved point is said to be moved."""
    told = text(report.compiled(public))
    assert "People killed, by identity group and area, language, 2023" in told
    assert "north 12 suppressed 15" in told
    assert "south suppressed 20 22" in told
    assert "A number that reads suppressed is kept back" in told
    assert "1 of these points were moved at random for protection" in told
    assert "1 points stand for an area (squares)" in told
    assert "2023-05" in told
    assert "media (b): 2; non-governmental organisation: 1" in told
    assert "For the recipient named on page 1 only" not in told
    assert "persons recorded one by one" not in told
    assert "No analysis is kept in this package." in told


def test_persons_without_incidents_are_counted_as_they_are_given(tmp_path: Path) -> None:
    """R65: rows of a partner's package, with what is suppressed as a value of its own."""
    rows = [
        {"id": str(at), "harm": harm, "sex": sex, "age_band": age}
        for at, (harm, sex, age) in enumerate([
            ("killed", "woman", "adult"), ("killed", "woman", "adult"), ("killed", "man", "suppressed"),
            ("injured", "man", "adult"),
        ])
    ]  # fmt: skip
    (table,) = document.of(package(tmp_path, {"incident": [PUBLIC], "victim": rows}, Tier="partner"))["published"]
    assert table["head"] == ["sex", "Adult", "suppressed"]
    assert table["rows"] == [["Man or boy", "0", "1"], ["Woman or girl", "2", "0"]]


def test_lines_that_were_joined_are_called_by_all_their_names(tmp_path: Path) -> None:
    """R67: in words, and in no more columns than the paper takes."""
    cells = [
        {"of": "", "year": "2023", "civil_status": "civilian", "cause": cause, "killed": str(at), "as_of": ""}
        for at, cause in enumerate(["small_arms", "together: cbrn; incendiary", "a", "b", "c", "d", "e", "f"])
    ]
    cells += [{**cells[0], "civil_status": f"s{at}"} for at in range(8)]
    held = package(tmp_path, {"incident": [PUBLIC]}, {"data/07_tables/status_by_cause.csv": cells}, Tier="public")
    (table,) = document.of(held)["published"]
    assert (table["title"], table["words"]) == ("People killed, by civil status and cause, 2023", 2)
    assert ["Civilian", "together: Chemical, biological, radiological, nuclear; Incendiary", "1"] in table["rows"]
    assert len(table["rows"]) == len(cells)


def test_an_area_or_month_that_is_not_told_is_no_part_of_its_own(public: Package) -> None:
    """R25: what is withheld stands under unknown, and the parts add up."""
    tables = {table["name"]: table for table in document.of(public)["tables"]}
    assert [row[:2] for row in tables["year"]["rows"]] == [["2023", "1"], ["Unknown", "1"]]
    assert [row[:2] for row in tables["area"]["rows"]] == [["North", "1"], ["Unknown", "1"]]


def test_conclusions_stand_apart_with_their_caveats(tmp_path: Path) -> None:
    """R45, R52, R87: question, sentence, interval, what was left out, caveats; an answer withheld is said to be."""
    answer = {
        "n": 40, "sentence": "Consistent with chance.", "caveats": ["Documented incidents only."],
        "left_out": {"no date": 3}, "correction": "Benjamini and Hochberg over 2 areas",
        "rows": [{"area": "XS01", "observed": 7, "expected": 3.5, "ratio": 2.0, "low": 0.8, "high": 4.123, "p": 0.2}],
    }  # fmt: skip
    run = {"id": "r", "code": "RUN-1", "method": "funnel", "question": "Which areas differ?", "seed": "7", "withheld": "",
           "parameters": '{"by":"admin1"}', "result": json.dumps(answer), "data_sha256": "ab" * 32, "withdrawn_at": ""}  # fmt: skip
    kept = {**run, "code": "RUN-2", "question": "Who?", "result": "", "withheld": "severe: data_sha256 result"}
    gone = {**run, "code": "RUN-3", "withdrawn_at": "2025-01-01"}
    told = text(report.compiled(package(tmp_path, {"incident": [incident()], "analysis_run": [run, kept, gone]})))
    for words in (
        "Analysis RUN-1, method: funnel.", "ANALYSTS' CONCLUSION, NO FACT OF THE RECORD Consistent with chance.",
        "Incidents used: 40. Left out: 3 incidents: no date.", "XS01 7 3.5 2 0.8 4.12 0.2", "Adjusted p: Benjamini",
        "To be said with it • Documented incidents only.", "by admin1; seed 7; data abababababababab",
        "The answer is withheld from this package: severe (see what is withheld).",
    ):  # fmt: skip
        assert words in told.replace("’", "'"), words
    assert "RUN-3" not in told


def test_an_answer_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """R87: all of them are named."""
    runs = [{"id": name, "code": name, "result": "{half"} for name in ("RUN-1", "RUN-2")]
    with pytest.raises(CheckFailed) as raised:
        report.compiled(package(tmp_path, {"incident": [incident()], "analysis_run": runs}))
    assert [fault.field for fault in raised.value.faults] == ["analysis RUN-1, result", "analysis RUN-2, result"]


@pytest.mark.parametrize("date", ["", "yesterday", "2025-3-1"])
def test_a_report_has_a_date(tmp_path: Path, date: str) -> None:
    """R85: it is the package's, never the clock's."""
    with pytest.raises(CheckFailed, match="Bagging-Date"):
        report.compiled(small(tmp_path, **{"Bagging-Date": date}))


def test_a_package_without_incidents_has_a_report(tmp_path: Path) -> None:
    """R29: with nothing in it, and nothing made up."""
    told = text(report.compiled(package(tmp_path, {"incident": []})))
    assert "All incidents of the package by day: 0." in told
    assert "Maps" not in told


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """R88: a file that is there stays; one that cannot be written is said in words."""
    held = small(tmp_path / "bag")
    (tmp_path / "out.pdf").write_text("kept")
    with pytest.raises(UsageFault, match="is there already"):
        report.write(held, tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").read_text() == "kept"
    with pytest.raises(UsageFault, match="cannot be written"):
        report.write(held, tmp_path / "nowhere" / "out.pdf")
    report.write(held, tmp_path / "new.pdf")
    assert (tmp_path / "new.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bag", "new.pdf", "out.pdf"]


def test_the_command_checks_the_package_first(
    made: tuple[Package, Filled], pdf: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R84: from a package that holds, and from no other."""
    from casualty.cli import run

    assert run(["report", str(made[0].folder), str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes() == pdf
    spoilt = shutil.copytree(made[0].folder, tmp_path / "bag")
    with (spoilt / "data/04_records/incidents.csv").open("a") as file:
        file.write("\n")
    assert run(["report", str(spoilt), str(tmp_path / "b.pdf")]) == 1
    assert "does not hold" in capsys.readouterr().err
    assert not (tmp_path / "b.pdf").exists()


def test_labels_are_neutral() -> None:
    """R05, R37, R52: no word of the templates takes a side or settles a matter."""
    found = [
        (file.name, match.group())
        for file in sorted((*TEMPLATES.glob("*.typ"), *TEMPLATES.glob("*.py")))
        for pattern in NEVER
        for match in re.finditer(pattern, file.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert found == []
    assert len(list(TEMPLATES.glob("*.typ"))) == len(report.TEMPLATES)
