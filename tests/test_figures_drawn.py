"""Figures: every answer can be drawn, whole in itself, in black and white, with its caveat on the sheet (R01, R75)."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casualty.errors import UsageFault
from casualty.patterns import figures

CAVEAT = "These are documented incidents, not all deaths."
BASE = {
    "n": 312,
    "left_out": {},
    "caveats": [CAVEAT],
    "seed": 1,
    "sentence": "Nothing stands out. It does not say why.",
}
JUDGED = {"observed": 12, "expected": 6.0, "ratio": 2.0, "low": 1.1, "high": 3.5, "p": 0.01, "p_adjusted": 0.02}
LONG = "A very long name of an administrative unit that goes on and on " * 3


def document(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {**BASE, "method": "x", "rows": rows, **more}


def cluster(rank: int, **more: Any) -> dict[str, Any]:
    return {
        "rank": rank, "locations": [f"I-{i}" for i in range(9)], "start": "2024-01-01", "end": "2024-05-31", "cases": 20,
        "expected": 7.5, "log_likelihood_ratio": 14.2 / rank, "relative_risk": 3.1, "p_value": 0.01 * rank**3, "high": True,
        "radius": 3.1, **more,
    }  # fmt: skip


def scan(*clusters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**BASE, "model": "bernoulli", "replications": 99, "clusters": list(clusters), **more}


DAYS = [{"date": f"2024-03-{i:02}", "group": g, **JUDGED, "low": None, "alarm": i == 9, "masked": i > 25}
        for g in ("north", "south") for i in range(1, 30)]  # fmt: skip
GRID = [{"band": f"{s} m, {t} days{end}", "pairs": pairs, **JUDGED, "alarm": s == "0-100"}
        for pairs, end in (("any", ""), ("of one group", ": of one group"))
        for s in ("0-100", "100-200") for t in ("0-7", "7-14")]  # fmt: skip
DOCUMENTS = {
    "areas": document([{"area": name, **JUDGED, "alarm": True} for name in ("A", "محافظة دير الزور", LONG, LONG)]),
    "zero and none": document([{"area": "A", **JUDGED, "ratio": 0.0, "low": 0.0, "high": None, "alarm": False},
                               {"area": "B", **dict.fromkeys(JUDGED), "alarm": False}]),
    "neighbours": document([{"area": "A", **JUDGED, "alarm": True, "around_ratio": 3.0, "around_low": 2.0, "around_high": 4.0}]),
    "many": document([{"area": f"A{i}", **JUDGED, "ratio": 1 + i / 50, "alarm": i == 3} for i in range(200)]),
    "bands": document([{"band": "Actor · killing", "group": "north", **JUDGED, "alarm": False}]),
    "days": document(DAYS),
    "course": document([{"date": "2024-01-01", **JUDGED, "alarm": False}, {"date": "2025-01-01", **JUDGED, "alarm": False},
                        {"band": "change point", "date": "2025-01-01", "last_before": "2024-12-01", **JUDGED, "alarm": True},
                        {"band": "change by the year", "date": "2024-01-01", **JUDGED, "alarm": True}]),
    "grid": document(GRID),
    "envelope": document([{"band": f"0-{d} m", **JUDGED, "chance_low": 3.0, "chance_high": 9.0, "alarm": d == 200}
                          for d in (100, 200)] + [{"area": "I-1", **JUDGED, "alarm": False}]),
    "funnel": document([{"area": "A", **JUDGED, "alarm": True, **dict.fromkeys(figures.LIMITS, 1.5)},
                        {"area": "B", **JUDGED, "expected": 0.0, "alarm": False, **dict.fromkeys(figures.LIMITS)}]),
    "disparity": {**BASE, "sentence": "", "sentences": ["North is hit more."], "stratified": [], "rows": [
        {"area": "all", "period": "all", "group": "north", "stratified_ratio": 2.4, "stratified_low": 1.6,
         "stratified_high": None, "p_adjusted": 0.01, "alarm": True}]},
    "scan": scan(cluster(1), cluster(2), cluster(5), maxima=[1.0, 2.5, 2.5, 9.0]),
    "mix": scan(cluster(1, locations=["قرية"], cases=[20, 0], expected=[7.5, 2.0], relative_risk=[3.1, None])),
    "without replications": scan(cluster(1, p_value=None), maxima=[]),
    "no cluster": scan(),
    "no rows": document([]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """R67: what Python asked of elsewhere would fail here; the renderer is compiled, and is given no address to ask."""

    def refuse(*_: object) -> None:
        raise AssertionError("a figure asked the network")

    with monkeypatch.context() as patched:
        patched.setattr(socket.socket, "connect", refuse)
        yield


def drawn(name: str, tmp_path: Path, ending: str = ".svg") -> str:
    path = tmp_path / f"figure{ending}"
    figures.write(DOCUMENTS[name], path)
    return path.read_text(encoding="utf-8")


def texts(svg: str) -> list[str]:
    found = re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg)
    return [re.sub(r"&amp;|&lt;|&gt;", "&", text) for text in found]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_answer_is_drawn_with_its_sentence_and_its_caveat(name: str, tmp_path: Path) -> None:
    """R01: the sentence's first part is the title; the caveat travels with the picture; the same bytes each time."""
    svg = drawn(name, tmp_path)
    said = texts(svg)
    assert ("North is hit more." if name == "disparity" else "Nothing stands out.") in said
    assert CAVEAT in said
    assert "Infinity" not in svg
    assert "NaN" not in svg
    assert drawn(name, tmp_path) == svg


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_figure_is_black_white_and_grey(name: str, tmp_path: Path) -> None:
    """R75: printed without colour, nothing is lost."""
    colours = re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]{3,6}|rgb\([^)]*\)|[a-z]+)"', drawn(name, tmp_path))
    for colour in {one for one in colours if one not in ("none", "white", "black", "transparent")}:
        parts = re.findall(r"\d+", colour) if colour.startswith("rgb") else [colour[1:][i::3] for i in range(3)]
        if not colour.startswith("rgb") and len(colour) == 7:
            parts = [colour[1:3], colour[3:5], colour[5:7]]
        assert len(set(parts)) == 1, colour


MARKS = [
    # document        what the sheet says of it
    ("areas",         ["محافظة دير الزور", "p 0.02", "stands out after correction"]),
    ("zero and none", ["A", "B"]),
    ("neighbours",    ["Documented over expected, area and its neighbours (1: as expected; log scale; p at the right)"]),
    ("many",          ["A3", "A199"]),
    ("days",          ["north", "south", "Incidents documented", "First day of each bin"]),
    ("grid",          ["0-100 m", "7-14", "2*", "12 of 6", "any", "of one group"]),
    ("envelope",      ["0-100 m", "0-200 m", "Pairs documented"]),
    ("funnel",        ["A", "Incidents expected (log scale)"]),
    ("scan",          ["1. I-0 +8, 2024-01-01 to 2024-05-31", "p 0.01", "Simulations", "5"]),
    ("mix",           ["1. قرية, 2024-01-01 to 2024-05-31, category 2"]),
    ("no cluster",    ["No cluster."]),
    ("no rows",       ["No rows."]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), MARKS)
def test_what_a_sheet_says(name: str, said: list[str], tmp_path: Path) -> None:
    """R01: names, figures and units of what was found."""
    found = {text.replace("\u200e", "") for text in texts(drawn(name, tmp_path))}
    assert set(said) <= found


def test_of_many_rows_a_sheet_says_how_many_there_are(tmp_path: Path) -> None:
    """R01: 40 of 200 rows, those that stand out first."""
    said = texts(drawn("many", tmp_path))
    assert "Shown are the 40 of 200 rows that stand out most." in " ".join(said)
    rows = [text.strip("\u200e") for text in said if re.fullmatch(r"\u200e?A\d+\u200e?", text)]
    assert (len(rows), rows[0], "A159" in rows, "A161" in rows) == (40, "A3", False, True)


def test_two_places_of_one_name_keep_a_line_each(tmp_path: Path) -> None:
    """R75: a place is not drawn over its namesake."""
    cut = [text for text in texts(drawn("areas", tmp_path)) if "A very long name" in text]
    assert len(set(cut)) == 2


HOSTILE = "</script><script>document.title='x'</script>&\u202e"


def test_a_page_is_whole_and_no_name_becomes_its_script(tmp_path: Path) -> None:
    """R67, R75: nothing is fetched, nothing is sent to an editor of others, and names come from files of others."""
    path = tmp_path / "figure.html"
    figures.write(document([{"area": HOSTILE, **JUDGED, "alarm": True}], sentence=f"About {HOSTILE}."), path)
    page = path.read_text(encoding="utf-8")
    assert "<script>document" not in page
    assert "\u202e" not in page
    assert '"actions": false' in page
    assert not re.search(r"<script[^>]+src|<link\b", page)


def test_a_figure_as_vega_lite_is_strict_json(tmp_path: Path) -> None:
    """R88: for whoever draws it elsewhere; the data are within."""
    spec = json.loads(drawn("scan", tmp_path, ".json"), parse_constant=lambda word: pytest.fail(word))
    assert "vega-lite" in spec["$schema"]
    assert '"url"' not in json.dumps(spec)


def test_a_picture_is_a_picture(tmp_path: Path) -> None:
    """R75"""
    figures.write(DOCUMENTS["areas"], tmp_path / "figure.PNG")
    assert (tmp_path / "figure.PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["figure.pdf", "figure", "figure.svg.exe", "missing/figure.svg"])
def test_what_cannot_be_written_is_told(name: str, tmp_path: Path) -> None:
    """R75: an ending that is none of those, a folder that is not there."""
    with pytest.raises(UsageFault, match="figure"):
        figures.write(DOCUMENTS["areas"], tmp_path / name)


def test_every_caveat_and_the_filter_stand_in_the_picture(tmp_path: Path) -> None:
    """R64: however many there are; a picture travels without its table."""
    many = [f"Caveat number {i}: " + "what must be said with it " * 6 for i in range(12)]
    document = {**DOCUMENTS["areas"], "caveats": many, "parameters": {"filter": "killed_best.from(5)"}}
    svg = figures.picture(document, "svg").decode()
    said = " ".join(texts(svg))
    assert all(" ".join(caveat.split()) in said for caveat in many)
    assert "Only incidents of the filter: killed_best.from(5)" in said
    assert figures.picture(document, "png").startswith(b"\x89PNG")
