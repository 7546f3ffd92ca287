"""Charts: every panel on one scale, nothing unknown drawn as zero, the caveat inside whatever is taken away."""

import csv
import io
from typing import Any
from xml.etree import ElementTree

import pytest
from drawn import NAMESPACE, boxes, pictures, plain, rows, said
from hypothesis import given
from hypothesis import strategies as st
from paged import Page, moved_in, opener, three_incidents

from app import charts, language, locale
from app.charts import Panel, Row, Sheet, drawing, forms, showing
from casualty import tables
from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import Role

NASTY = '<script>alert(1)</script> & "quoted" \u202e*star*'
SHEET = Sheet(
    "Filter: Status tier: verified",
    "Record as of 2025-01-01 12:00Z; link 7",
    ("Documented incidents, not all deaths.", "No rates."),
)
BARS = charts.bars(
    "By type", "Type", "Incidents",
    [
        ("A", [Row("Raid", (40,), "40"), Row("Clash", (10,), "10")]),
        ("B", [Row("Raid", (5,), "5"), Row("Clash", (None,), "nothing recorded")]),
    ],
    ["3 incidents are of unknown type."],
)  # fmt: skip


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "shown", lambda: locale.catalogue("en"))


def drawn(
    chart: charts.Chart, width: int = drawing.WIDE, *, rtl: bool = False, sheet: Sheet | None = None
) -> ElementTree.Element:
    return ElementTree.fromstring(charts.svg(chart, width, rtl=rtl, sheet=sheet))


@pytest.mark.parametrize("width", [drawing.WIDE, drawing.NARROW])
def test_all_panels_have_one_scale(width: int) -> None:
    """R49: a bar of one side is as much longer than one of the other as its number is larger."""
    wide = [box[2] for box in boxes(drawn(BARS, width)) if box[2]]
    assert [length / wide[0] for length in wide] == pytest.approx([1, 10 / 40, 5 / 40], rel=0.02)


def test_bars_over_time_have_one_height_for_a_number() -> None:
    """R49: small multiples share bins and scale, whatever each holds."""
    months = [f"2024-{month:02d}" for month in range(1, 13)]
    panels = [
        ("A", [Row(name, (at * 10,), "") for at, name in enumerate(months)]),
        ("B", [Row(name, (at,), "") for at, name in enumerate(months)]),
    ]
    high = [box[3] for box in boxes(drawn(charts.times("t", "Month", "n", panels)))]
    assert high[10] / high[-1] == pytest.approx(10, rel=0.02)
    with pytest.raises(ValueError, match="the same bins"):
        charts.times("t", "Month", "n", [("A", panels[0][1]), ("B", panels[0][1][:3])])


def test_what_is_not_known_is_not_drawn_as_nothing() -> None:
    """R08, R50: no bar, and a word; a zero keeps its number."""
    found = said(drawn(BARS))
    assert "nothing recorded" in found
    zero = charts.bars("t", "h", "n", [("", [Row("Zero", (0,), "0")])])
    assert "0" in said(drawn(zero)).split()


def test_a_range_ends_where_it_is_stated_and_is_open_where_it_is_not() -> None:
    """R08: low, best and high keep their places on the scale; an end that nobody stated has no bar across it."""
    held = [
        Row("Killed", (40,), "40 (low 20, high 80)", 20, 80),
        Row("Injured", (40,), "40", None, None),
        Row("Missing", (None,), "unknown"),
    ]
    picture = drawn(charts.ranges("t", "Harm", "Best", [("", held)]))
    (first, second) = picture.findall(f"{NAMESPACE}circle")
    ends = [line for line in picture.findall(f"{NAMESPACE}line") if line.get("stroke-width") == "2"]
    low, high = (float(line.get("x1", 0)) for line in ends)
    assert first.get("cx") == second.get("cx")
    best = float(first.get("cx", 0))
    assert (high - best) == pytest.approx(2 * (best - low), rel=0.02)
    assert "unknown" in said(picture)


def test_no_figure_of_a_range_is_cut_on_a_narrow_page() -> None:
    """R49: a number that has lost its end is another number."""
    told = "123 456 (low 23 456, high 987 654)"
    held = charts.ranges("t", "h", "Best", [("", [Row("Killed", (123456,), told, 23456, 987654)])])
    assert told in said(drawn(held, drawing.NARROW))


@pytest.mark.parametrize("form", ["bars", "stacked", "ranges"])
def test_a_page_from_the_right_mirrors_the_chart(form: str) -> None:
    """R80: bars grow from the right, and by as much."""
    one, two = [("", [Row("x", (3,), "3", 1, 5)])], [("", [Row("x", (3, 4), "7")])]
    chart = (
        charts.stacked("t", "h", ["a", "b"], two) if form == "stacked" else getattr(charts, form)("t", "h", "a", one)
    )
    left, right = drawn(chart), drawn(chart, rtl=True)
    assert len(boxes(left)) == len(boxes(right))
    for one, other in zip(boxes(left), boxes(right), strict=True):
        assert other[0] == pytest.approx(drawing.WIDE - one[0] - one[2], abs=0.2)
        assert other[1:] == pytest.approx(one[1:])


def test_time_runs_from_the_left_in_every_language() -> None:
    """R80: as on the timeline of the map."""
    chart = charts.times("t", "h", "a", [("one", [Row("2024-01", (3,), "3"), Row("2024-02", (5,), "5")])])
    assert boxes(drawn(chart)) == boxes(drawn(chart, rtl=True))


def test_an_ellipsis_stands_where_the_text_ends() -> None:
    """R80: a Latin name that is cut on a page from the right."""
    assert drawing.clipped("Longshore Guardians", 60) == f"{drawing.OWN}Longsh…{drawing.END}"


def test_parts_differ_by_more_than_colour() -> None:
    """R11: each part after the first has its own hatch, and the legend names it."""
    chart = charts.stacked("t", "h", [f"part {at}" for at in range(7)], [("", [Row("x", (1,) * 7, "7")])])
    text = charts.svg(chart, drawing.WIDE, rtl=False)
    fills = {f"url(#p{at})" for at in range(1, 7)} | {charts.COLOURS[0]}
    assert all(f'fill="{fill}"' in text for fill in fills)
    marks = [path.get("d") for path in ElementTree.fromstring(text).iter(f"{NAMESPACE}path")]
    assert len(set(marks)) == len(marks) == 7
    assert all(f"part {at}" in said(ElementTree.fromstring(text)) for at in range(7))


def test_a_hostile_label_stays_a_label() -> None:
    """R71: in the drawing, the caption, the note and the table."""
    chart = charts.bars(NASTY, NASTY, NASTY, [(NASTY, [Row(NASTY, (1,), NASTY)])], [NASTY])
    assert "<script" not in charts.svg(chart, drawing.WIDE, rtl=False, sheet=Sheet(NASTY, NASTY, (NASTY,)))
    body = charts.figure(chart, rtl=True)
    assert "<script" not in body
    assert set(pictures(body)) == {"wide", "narrow"}


def test_each_chart_has_its_numbers_as_a_table() -> None:
    """R74: what a screen reader cannot see in a picture stands in rows, with the side it belongs to."""
    body = charts.figure(BARS, rtl=False)
    assert rows(body) == [
        ["Shown for", "Type", "Incidents"], ["A", "Raid", "40"], ["A", "Clash", "10"], ["B", "Raid", "5"],
        ["B", "Clash", "nothing recorded"],
    ]  # fmt: skip
    assert "<figcaption><bdi>By type</bdi></figcaption>" in body
    assert 'alt="By type; the table below has the numbers"' in body
    assert "3 incidents are of unknown type." in plain(body)
    ends = charts.ranges("t", "Harm", "Best", [("", [Row("Killed", (3,), "3", 1, None)])])
    assert rows(charts.figure(ends, rtl=False)) == [["Harm", "Best", "Low", "High"], ["Killed", "3", "1", "unknown"]]


def test_nothing_at_all_is_said() -> None:
    """R50"""
    assert "Nothing recorded here." in charts.figure(charts.bars("t", "h", "n", [("", [])]), rtl=False)


@pytest.mark.parametrize("rtl", [False, True])
def test_a_picture_that_travels_says_what_it_is(rtl: bool) -> None:
    """R49, R64: title, filter, notes, every caveat and the state of the record stand inside it."""
    found = said(drawn(BARS, rtl=rtl, sheet=SHEET))
    for told in (BARS.title, SHEET.asked, SHEET.record, *SHEET.caveats, *BARS.notes):
        assert told in found
    assert "Documented" not in said(drawn(BARS, rtl=rtl))


def test_a_png_is_that_drawing_twice_as_large() -> None:
    """R49"""
    from PIL import Image

    picture = charts.svg(BARS, drawing.WIDE, rtl=False, sheet=SHEET)
    made = Image.open(io.BytesIO(charts.png(picture)))
    assert made.format == "PNG"
    assert made.width == 2 * drawing.WIDE


def test_letters_without_a_font_are_known_before_they_become_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """R80: a picture with boxes in the place of names is not given."""
    assert charts.drawable(["plain", "Émile", "12", ""])
    assert not drawing._has_font(drawing.NO_LETTER)
    monkeypatch.setattr(drawing, "_has_font", lambda letter: letter != "ح")
    assert not charts.drawable(["حلب"])
    assert charts.drawable(["Алеппо"])


def test_the_data_say_first_what_they_are_and_keep_what_is_absent_empty() -> None:
    """R64, R71: absent is not 0."""
    head = tables.head(Acting("analyst", Role.ANALYST), None, what="w", caveats=SHEET.caveats, ledger_head="abc")
    found = list(csv.reader(io.StringIO(showing.data(BARS, head).decode("utf-8-sig"), newline="")))
    told = [row for row in found if row[0].startswith("# ")]
    assert ["# caveats", SHEET.caveats[0]] in told
    assert ["# notes", BARS.notes[0]] in told
    assert found[len(told) :][0] == ["panel", "Type", "Incidents", "said"]
    assert found[-1] == ["B", "Clash", "", "nothing recorded"]


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_the_scale_reaches_and_is_not_wasted(value: float) -> None:
    """R49"""
    top = forms.rounded(value)
    assert top >= value
    assert top == 1 or top <= 2 * value
    assert top == int(top)


@given(st.text(max_size=60), st.floats(min_value=20, max_value=300))
def test_a_cut_text_turns_nothing_after_it(text: str, room: float) -> None:
    """R80: whatever opens a direction closes it."""
    bare = "".join(letter for letter in text if letter not in (drawing.OWN, drawing.END, drawing.LEFT, drawing.RIGHT))
    opened = f"{drawing.OWN}{bare}{drawing.END}"
    cut = drawing.clipped(opened, room)
    assert cut.count(drawing.OWN) <= cut.count(drawing.END)
    assert drawing.wide(cut.replace(drawing.END, ""), 12) <= room + 12


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=8), max_size=30))
def test_wrapping_loses_no_word(words: list[str]) -> None:
    """R49: no caveat loses its end."""
    assert " ".join(drawing.wrapped(" ".join(words), 200)).split() == words


# On a page -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.undo()
    three_incidents(moved_in(sqlite_store))
    return opener(monkeypatch)


def taken(test: Any) -> list[str]:
    return [part.label for part in test.get("download_button")]


@pytest.mark.parametrize("role", list(Role))
def test_who_may_not_ask_takes_no_chart_away(page: Page, role: Role) -> None:
    """R60, R71: the same rule as for tables; reading is for all."""
    test = page("situation", role)
    may = role is not Role.RECORDER
    assert bool(taken(test)) is may
    assert any("is not for this account" in part.value for part in test.caption) is not may


def test_without_a_font_the_picture_is_missing_and_that_is_said(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """R80: drawing and data stay."""
    assert any("PNG" in label for label in taken(page("situation", Role.ANALYST)))
    monkeypatch.setattr(showing, "drawable", lambda texts: False)
    test = page("situation", Role.ANALYST)
    assert not any("PNG" in label for label in taken(test))
    assert any("SVG" in label for label in taken(test))
    assert any("No font of this machine" in part.value for part in test.caption)


def test_an_empty_panel_takes_no_room() -> None:
    """R49: a chart of panels without names and one with them differ by the names alone."""
    named = forms.Chart("t", forms.Form.BARS, "h", ("n",), (Panel("A", (Row("x", (1,), "1"),)),))
    bare = forms.Chart("t", forms.Form.BARS, "h", ("n",), (Panel("", (Row("x", (1,), "1"),)),))
    heights = [float(drawn(chart).get("height", 0)) for chart in (named, bare)]
    assert heights[0] - heights[1] == drawing.ROW
