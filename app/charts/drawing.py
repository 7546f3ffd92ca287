"""A chart as SVG, for the page at two widths and for a sheet that is taken away; PNG is that very SVG, rastered.

All is laid out from the left; for a language that is read from the right the finished places are mirrored, save those of
bins of time: time runs from the left in every language.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import escape

from app.charts.forms import COLOURS, Chart, Form, Panel, Row

FONT = "Noto Sans, Noto Sans Arabic, DejaVu Sans, Liberation Sans, Arial, sans-serif"
INK, GREY, PALE, HATCH = "#1f2933", "#52606d", "#d5dae0", 8
ROW, BAR, BIN, SIZE, SMALL = 24, 15, 96, 12.0, 11.0
WIDE, NARROW, BESIDE, TWO_LINES, GAP, EDGE = 900, 340, 640, 480, 28, 4
# Isolates of Unicode: a text keeps its own direction, and one of the page's is laid out as the page is.
OWN, RIGHT, LEFT, END = "\u2068", "\u2067", "\u2066", "\u2069"
# Letters that no font of the machine can draw look like this one, which stands for no letter at all.
NO_LETTER = "\U0010fffe"
SCALE = 2.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a picture says when it is alone: the filter in words, of which state of the record, and the caveats."""

    asked: str
    record: str
    caveats: tuple[str, ...]


@dataclass
class _Pen:
    """Draws on a sheet of a width; `rtl` mirrors every place."""

    width: float
    rtl: bool
    parts: list[str] = field(default_factory=list)

    def _x(self, x: float, wide: float = 0) -> float:
        return self.width - x - wide if self.rtl else x

    def box(self, x: float, y: float, wide: float, high: float, fill: str, edge: str = "") -> None:
        stroke = f' stroke="{edge}"' if edge else ""
        place = f'x="{self._x(x, wide):.1f}" y="{y:.1f}" width="{max(wide, 0):.1f}" height="{max(high, 0):.1f}"'
        self.parts.append(f'<rect {place} fill="{fill}"{stroke}/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str, wide: float = 1) -> None:
        self.parts.append(
            f'<line x1="{self._x(x1):.1f}" y1="{y1:.1f}" x2="{self._x(x2):.1f}" y2="{y2:.1f}" stroke="{colour}"'
            f' stroke-width="{wide:g}"/>'
        )

    def dot(self, x: float, y: float, colour: str) -> None:
        self.parts.append(f'<circle cx="{self._x(x):.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')

    def text(
        self,
        x: float,
        y: float,
        said: str,
        at: str = "start",
        size: float = SIZE,
        colour: str = INK,
        bold: bool = False,
    ) -> None:
        """Write a text; `at`: where in it the place lies, as the page is read: start, middle or end."""
        anchor = {"start": "end", "end": "start"}.get(at, at) if self.rtl else at
        weight = ' font-weight="bold"' if bold else ""
        turned = f"{RIGHT if self.rtl else LEFT}{escape(said)}{END}"
        self.parts.append(
            f'<text x="{self._x(x):.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight}>'
            f"{turned}</text>"
        )


def svg(chart: Chart, width: int, *, rtl: bool, sheet: Sheet | None = None) -> str:
    """Return a chart as SVG of a width in pixels; with a `sheet` its title, filter, notes and caveats stand in it."""
    pen = _Pen(width, rtl)
    y = _headed(pen, chart, sheet) if sheet else EDGE
    y = _drawn(pen, chart, y)
    if sheet:
        y = _footed(pen, chart, sheet, y)
    label = escape(chart.title, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y:.0f}" viewBox="0 0 {width} {y:.0f}" role="img"'
        f' aria-label="{label}" font-family="{FONT}"><defs>{_hatches()}</defs><rect width="{width}" height="{y:.0f}"'
        f' fill="#ffffff"/>{"".join(pen.parts)}</svg>'
    )


def png(drawn: str) -> bytes:
    """Return an SVG as PNG, twice as large; ask `drawable` first, or letters without a font become boxes."""
    from vl_convert import svg_to_png

    return bytes(svg_to_png(drawn, scale=SCALE))


def drawable(texts: Iterable[str]) -> bool:
    """Return whether this machine has fonts for every letter of these texts."""
    return all(map(_has_font, {letter for text in texts for letter in text if ord(letter) > 0x7F and letter.isalpha()}))


@cache
def _has_font(letter: str) -> bool:
    return _raster(letter) not in _without_font()


@cache
def _without_font() -> frozenset[bytes]:
    return frozenset(map(_raster, (NO_LETTER, "")))


def _raster(letter: str) -> bytes:
    drawn = f'<text x="4" y="30" font-size="24" font-family="{FONT}">{escape(letter)}</text>'
    return png(f'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="44">{drawn}</svg>')


def _hatches() -> str:
    """The fills of parts after the first: lines, crossed lines and dots over the colour."""
    marks = (
        "", "M0,8 L8,0", "M0,4 L8,4", "M0,0 L8,8 M0,8 L8,0", "M4,0 L4,8", "M2,2 h2 v2 h-2 z", "M0,0 L8,8",
    )  # fmt: skip
    return "".join(
        f'<pattern id="p{at}" width="{HATCH}" height="{HATCH}" patternUnits="userSpaceOnUse"><rect width="{HATCH}"'
        f' height="{HATCH}" fill="{colour}"/><path d="{mark}" stroke="#ffffff" stroke-width="1.4" fill="none"/></pattern>'
        for at, (colour, mark) in enumerate(zip(COLOURS, marks, strict=True))
    )


def _fill(part: int) -> str:
    return f"url(#p{part % len(COLOURS)})" if part else COLOURS[0]


# Text ----------------------------------------------------------------------------------------------------------------


def wide(text: str, size: float = SIZE) -> float:
    """Return about how wide a text is in pixels; it errs to the wider side."""
    return sum(_broad(c) for c in text) * size


def _broad(c: str) -> float:
    """Return about how broad a letter is, as a part of its size; letters of DejaVu Sans, the widest of the font's list."""
    if ord(c) > 0x2E7F or c in "mwMW@%…":
        return 1.0
    if c in "ilj.,:;|' ":
        return 0.3
    return 0.45 if c in "frtI()-" else 0.74 if c.isupper() else 0.62


def digits(value: float) -> str:
    """Return a whole number as every language of the pages writes it, so that a picture can be drawn for nobody's page."""
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10_000 else f"{value:.0f}"


def clipped(text: str, room: float, size: float = SIZE) -> str:
    """Return a text cut to a width in pixels, with an ellipsis where it was cut; the table has it whole."""
    if wide(text, size) <= room:
        return text
    kept = text
    while kept and wide(kept + "…", size) > room:
        kept = kept[:-1]
    # A cut isolate would turn all that follows; and the ellipsis stands where this text ends, not where the page's would.
    opened = sum(kept.count(sign) for sign in (OWN, RIGHT, LEFT)) - kept.count(END)
    return OWN + kept.rstrip() + "…" + END * (max(opened, 0) + 1)


def wrapped(text: str, room: float, size: float = SIZE) -> list[str]:
    """Return a text in lines of a width in pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and wide(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return [clipped(line, room, size) for line in lines]


def _written(pen: _Pen, y: float, text: str, size: float = SMALL, colour: str = GREY, bold: bool = False) -> float:
    for line in wrapped(text, pen.width - 4 * EDGE, size):
        y += size * 1.35
        pen.text(2 * EDGE, y, line, size=size, colour=colour, bold=bold)
    return y


def _headed(pen: _Pen, chart: Chart, sheet: Sheet) -> float:
    y = _written(pen, 2.0 * EDGE, chart.title, size=15, colour=INK, bold=True)
    return _written(pen, y + EDGE, sheet.asked) + 3 * EDGE


def _footed(pen: _Pen, chart: Chart, sheet: Sheet, y: float) -> float:
    pen.line(2 * EDGE, y, pen.width - 2 * EDGE, y, PALE)
    for note in chart.notes:
        y = _written(pen, y + EDGE, note, colour=INK)
    for caveat in sheet.caveats:
        y = _written(pen, y + EDGE, caveat, colour=INK, bold=True)
    return _written(pen, y + EDGE, sheet.record) + 3 * EDGE


# The panels ----------------------------------------------------------------------------------------------------------


def _drawn(pen: _Pen, chart: Chart, y: float) -> float:
    """Draw legend and panels from `y` down; return where they end."""
    if len(chart.parts) > 1:
        y = _legend(pen, chart.parts, y)
    beside = chart.form is not Form.TIMES and len(chart.panels) == 2 and pen.width >= BESIDE
    room = (pen.width - GAP) / 2 if beside else pen.width
    foot = y
    for at, panel in enumerate(chart.panels):
        left, top = (at * (room + GAP), y) if beside else (0.0, foot)
        foot = max(foot, _panel(pen, chart, panel, at, left, top, room))
    return foot + 2 * EDGE


def _legend(pen: _Pen, parts: Iterable[str], y: float) -> float:
    x = 2.0 * EDGE
    for at, part in enumerate(parts):
        long = wide(part) + 34
        if x > 2 * EDGE and x + long > pen.width:
            x, y = 2.0 * EDGE, y + ROW
        pen.box(x, y + 4, 16, 12, _fill(at), COLOURS[at % len(COLOURS)])
        pen.text(x + 22, y + 14, clipped(part, pen.width - x - 30))
        x += long
    return y + ROW + EDGE


def _panel(pen: _Pen, chart: Chart, panel: Panel, at: int, left: float, y: float, room: float) -> float:
    if panel.name:
        y += ROW
        pen.text(left + 2 * EDGE, y - 7, clipped(panel.name, room - 3 * EDGE), bold=True)
    if chart.form is Form.TIMES:
        return _bins(pen, chart, panel, at, left, y, room)
    names = min(max((wide(row.label) for row in _rows(chart)), default=0.0) + 2 * EDGE, room * 0.4)
    across = _across(chart, room - names - 6 * EDGE)
    if chart.form is Form.RANGES and room < TWO_LINES:
        return _whiskers(pen, chart, panel, at, left, y, room)
    for row in panel.rows:
        pen.text(left + 2 * EDGE + names - 2 * EDGE, y + 16, clipped(row.label, names - EDGE), "end")
        end = _marks(pen, chart, row, at, left + 2 * EDGE + names, y, across)
        pen.text(end + 2 * EDGE, y + 16, clipped(row.said, left + room - end - 2 * EDGE), colour=GREY)
        y += ROW
    pen.line(left + 2 * EDGE + names, y - len(panel.rows) * ROW, left + 2 * EDGE + names, y, GREY)
    return y + EDGE


def _whiskers(pen: _Pen, chart: Chart, panel: Panel, at: int, left: float, y: float, room: float) -> float:
    """Draw ranges on a narrow page: name and words in one line, the range below it, so that no figure is cut."""
    scale = (room - 6 * EDGE) / chart.top
    for row in panel.rows:
        told = wide(row.said)
        pen.text(left + 2 * EDGE, y + 14, clipped(row.label, max(room - told - 6 * EDGE, room * 0.2)))
        pen.text(left + room - 2 * EDGE, y + 14, clipped(row.said, room * 0.8), "end", colour=GREY)
        middle = y + 14 + ROW / 2
        pen.line(left + 2 * EDGE, middle, left + room - 2 * EDGE, middle, PALE)
        _whisker(pen, row, at, left + 3 * EDGE, middle, scale)
        y += ROW + 18
    return y + EDGE


def _across(chart: Chart, room: float) -> float:
    """Return how wide the whole scale is, so that every row of every panel has room for its mark and its words."""
    least = room
    for row in _rows(chart):
        if row.reach:
            least = min(least, (room - min(wide(row.said), room * 0.6)) * chart.top / row.reach)
    return max(least, 30.0)


def _rows(chart: Chart) -> Iterator[Row]:
    return (row for panel in chart.panels for row in panel.rows)


def _marks(pen: _Pen, chart: Chart, row: Row, at: int, x: float, y: float, across: float) -> float:
    """Draw what a row's numbers are; return where its words begin."""
    scale = across / chart.top
    if chart.form is Form.RANGES:
        return _whisker(pen, row, at, x, y + ROW / 2, scale)
    for part, value in enumerate(row.values):
        long = (value or 0) * scale
        shade = part if len(chart.parts) > 1 else at
        pen.box(x, y + (ROW - BAR) / 2, long, BAR, _fill(shade), COLOURS[shade % len(COLOURS)] if long else "")
        x += long
    return x


def _whisker(pen: _Pen, row: Row, at: int, x: float, y: float, scale: float) -> float:
    best = row.values[0]
    ends = [value for value in (row.low, best, row.high) if value is not None]
    if not ends:
        return x
    low, high = (x + end(ends) * scale for end in (min, max))
    colour = COLOURS[at % len(COLOURS)]
    pen.line(low, y, high, y, colour, 3)
    for place, stated in ((low, row.low), (high, row.high)):
        # An end that nobody stated is left open: the line does not say how far it goes.
        if stated is not None:
            pen.line(place, y - 6, place, y + 6, colour, 2)
    if best is not None:
        pen.dot(x + best * scale, y, colour)
    return high + 6


def _bins(pen: _Pen, chart: Chart, panel: Panel, at: int, left: float, y: float, room: float) -> float:
    """Draw bars upright, one for each bin of time, over a scale that all panels share; the first day is at the left."""
    pen = _Pen(pen.width, False, pen.parts)
    top = digits(chart.top)
    x = left + 3 * EDGE + max(wide(top, SMALL), 12)
    floor, across = y + BIN, left + room - x - 2 * EDGE
    for value, said in ((0.0, "0"), (chart.top, top)):
        height = floor - value / chart.top * (BIN - 10)
        pen.line(x, height, x + across, height, PALE)
        pen.text(x - EDGE, height + 4, said, "end", SMALL, GREY)
    step = across / max(len(panel.rows), 1)
    for place, row in enumerate(panel.rows):
        value = row.values[0]
        high = (value or 0) / chart.top * (BIN - 10)
        if value:
            # A bin that holds something is never too thin or too low to be seen.
            pen.box(x + place * step, floor - max(high, 1.5), max(step * 0.86, 0.8), max(high, 1.5), COLOURS[at % 7])
    _dates(pen, panel, x, floor, step, across)
    return floor + ROW


def _dates(pen: _Pen, panel: Panel, x: float, floor: float, step: float, across: float) -> None:
    """Write as many names of bins as find room, the first and the last among them where they do."""
    long = max((wide(row.label, SMALL) for row in panel.rows), default=1.0) + 12
    # The first name may be moved in from the edge by half of itself.
    every = max(1, -(-len(panel.rows) // max(int(across / (long * 1.5)), 1)))
    for place in range(0, len(panel.rows), every):
        middle = x + (place + 0.43) * step
        half = wide(panel.rows[place].label, SMALL) / 2
        pen.line(middle, floor, middle, floor + 4, GREY)
        pen.text(
            min(max(middle, x + half), x + across - half + EDGE),
            floor + 16,
            panel.rows[place].label,
            "middle",
            SMALL,
            GREY,
        )
