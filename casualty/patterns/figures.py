"""An answer as a figure: what was documented beside what was expected, its interval, and the caveat on the same sheet.

Read without colour: what stands out is filled, the rest is open; a threshold is dashed, what is masked is hatched by a
lighter line. No map is drawn, so nothing is fetched from anywhere. Drawn by Vega-Lite, through altair.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casualty.errors import UsageFault
from casualty.patterns.plainly import clean, clipped, number, sentences, wrapped
from casualty.patterns.wording import count

if TYPE_CHECKING:
    import altair as alt

Document = Mapping[str, Any]
Chart = Any  # one of altair's: layers, facets, sheets under each other; they share no type that says what they can do
Row = dict[str, Any]

MOST_ROWS, MOST_COURSES, LONGEST = 40, 6, 46
WIDTH, STEP, GRID_STEP, COURSE, BINS = 460, 19, 64, 640, 30
TITLE_COLUMNS, CAVEAT_COLUMNS, CAVEAT_LINES = 74, 104, 8
FONT = "Noto Sans, DejaVu Sans, Liberation Sans, Arial, sans-serif"
BLACK, GREY, PALE = "#000000", "#777777", "#dddddd"
FORMATS = (".svg", ".png", ".html", ".json")


class _InPage(json.JSONEncoder):
    """JSON that no name in it can end: a page would read what follows as its own script."""

    def encode(self, o: Any) -> str:
        return super().encode(o).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# The menu that comes with a page of Vega-Lite has an entry that sends the data to an editor of others.
HOW: dict[str, dict[str, Any]] = {
    ".html": {"inline": True, "embed_options": {"actions": False, "renderer": "svg"}, "json_kwds": {"cls": _InPage}},
    ".png": {"scale_factor": 2},
}
LEVEL = 0.05
KEYS = {
    "_grid": "Each cell: documented over expected (*: stands out after correction), pairs of pairs expected, p.",
    "_series": "Black: documented; grey: expected, its interval or (dashed) threshold; triangle: stands out; dotted: "
    "not complete yet; upright line: where the rate changed (dashed: not beyond chance).",
    "_funnel": "Dashed: limits of 95 %; dotted: of 99.8 %.",
    "_envelope": "Grey: what chance alone gives; dashed: its mean.",
}
AROUND = ("around_ratio", "around_low", "around_high")
SCALE = "1: as expected; log scale; p at the right"
LEFT_TO_RIGHT = "\u200e"
LIMITS = ("wide_lower_95", "wide_upper_95", "wide_lower_998", "wide_upper_998")


def write(document: Document, path: Path) -> None:
    """Draw an answer's document into a file: .svg, .png, .html (whole in itself, opens without a network) or .json.

    Raises UsageFault for another ending, or where the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise UsageFault(f"{path} is none of {', '.join(FORMATS)}.")
    drawn = figure(document)
    try:
        drawn.save(str(path), format=ending[1:], **HOW.get(ending, {}))
    except OSError as wrong:
        raise UsageFault(f"{path} cannot be written: {wrong.strerror}.") from wrong


def figure(document: Document) -> Chart:
    """Return the chart of an answer, scan or disparity, given as its JSON document."""
    import altair as alt

    draw = _drawing(document)
    chart = draw(document)
    title = alt.TitleParams(
        text=_title(document), subtitle=_subtitle(document), anchor="start", frame="bounds", fontSize=13, offset=12,
        subtitleFontSize=10, subtitleColor="#333333", font=FONT, subtitleFont=FONT, fontWeight="bold",
    )  # fmt: skip
    return _plain(chart.properties(title=title))


def _drawing(document: Document) -> Callable[[Document], Chart]:
    """Return how this document is drawn, by what its rows hold."""
    if "clusters" in document:
        return _scan if document["clusters"] or document.get("maxima") else _nothing
    rows = document.get("rows") or ()
    if not rows:
        return _nothing
    keys = set().union(*rows)
    if "stratified" in document:
        return _disparity
    if any("date" in row and "band" not in row for row in rows):
        return _series
    if LIMITS[0] in keys:
        return _funnel
    if {"space", "time"} <= keys:
        return _grid
    return _envelope if "distance" in keys else _ranked


def _title(document: Document) -> list[str]:
    said = sentences(document)
    first = said[0] if said else str(document.get("question") or document.get("method") or "")
    return wrapped(_first_sentence(first), TITLE_COLUMNS) or [" "]


def _first_sentence(text: str) -> str:
    """Return the text up to its first full stop that ends a sentence: not one within a number or an abbreviation."""
    at = text.find(". ")
    while at >= 0 and not text[at + 2 : at + 3].isupper():
        at = text.find(". ", at + 2)
    return text if at < 0 else text[: at + 1]


def _subtitle(document: Document) -> list[str]:
    lines = [line for caveat in document.get("caveats") or () for line in wrapped(clean(caveat), CAVEAT_COLUMNS)]
    if len(lines) > CAVEAT_LINES:
        lines = [*lines[: CAVEAT_LINES - 1], f"{lines[CAVEAT_LINES - 1]} … (further caveats stand with the table)"]
    rows = document.get("rows") or ()
    used = [f"Drawn from {count(document['n'], 'incident')}."] if document.get("n") is not None else []
    if len(rows) > MOST_ROWS and _drawing(document) in (_ranked, _disparity):
        used.append(f"Shown are the {MOST_ROWS} of {len(rows):,} rows that stand out most.")
    said = " ".join([*used, KEYS.get(_drawing(document).__name__, "")])
    return [*lines, *wrapped(said, CAVEAT_COLUMNS)]


def _plain(chart: Chart) -> Chart:
    """Return a chart in black, white and grey, with one font."""
    return (
        chart.configure(font=FONT, background="white")
        .configure_view(stroke=PALE)
        .configure_axis(
            labelLimit=280, labelFontSize=10, titleFontSize=11, titleFontWeight="normal", gridColor="#eeeeee"
        )
        .configure_legend(labelFontSize=10, titleFontSize=10, orient="bottom", columns=4, symbolStrokeColor=BLACK)
        .configure_header(labelFontSize=11, titleFontSize=11)
    )


def _data(rows: Iterable[Row]) -> "alt.Data":
    import altair as alt

    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def _nothing(document: Document) -> Chart:
    """A sheet that says that there is nothing to draw, so that an empty answer is not taken for a lost one."""
    import altair as alt

    said = "No cluster." if "clusters" in document else "No rows."
    return alt.Chart(_data([{"said": said}]), width=WIDTH, height=60).mark_text(fontSize=12).encode(text="said:N")


# Rows by area or by name --------------------------------------------------------------------------------------------


def _label(row: Mapping[str, Any]) -> str:
    names = ("area", "band", "group", "name")
    parts = [str(row[name]) for name in names if row.get(name) not in (None, "")]
    said = [
        clipped(clean(part), LONGEST) for at, part in enumerate(parts) if not any(part in one for one in parts[:at])
    ]
    return " · ".join(f"{LEFT_TO_RIGHT}{word}{LEFT_TO_RIGHT}" for word in said) or "(all)"


def _ranked(document: Document) -> Chart:
    """Ratios with their intervals: areas with the highest first, whatever else in its order.

    Where an area was judged together with those around it, the ratio is of them all, as the p is.
    """
    rows = document["rows"]
    around = any(row.get("around_ratio") is not None for row in rows)
    dots = [_dot(row, *AROUND) if around else _dot(row) for row in rows]
    if len(dots) > MOST_ROWS or any("area" in row for row in rows):
        dots = _foremost(dots)
    return _dots(dots, f"Documented over expected{', area and its neighbours' if around else ''} ({SCALE})")


def _foremost(rows: Sequence[Row]) -> list[Row]:
    """Return as many rows as a sheet holds: alarms first, then the largest ratios."""
    return sorted(rows, key=lambda row: (not row["alarm"], -(row["ratio"] or 0)))[:MOST_ROWS]


def _dot(row: Mapping[str, Any], ratio: str = "ratio", low: str = "low", high: str = "high") -> Row:
    figures = {name: _finite(row.get(key)) for name, key in (("ratio", ratio), ("low", low), ("high", high))}
    return {"label": _label(row), "alarm": bool(row.get("alarm")), "p": _p(row), **figures}


def _p(row: Mapping[str, Any]) -> str:
    found = row.get("p_adjusted") if row.get("p_adjusted") is not None else row.get("p")
    return "" if found is None else f"p {number(found)}"


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _dots(rows: Sequence[Row], title: str) -> Chart:
    """Dots with intervals, one line a row; filled where it is an alarm, a triangle at the edge where the ratio is 0."""
    import altair as alt

    values = [value for row in rows for value in (row["ratio"], row["low"], row["high"]) if value]
    edges = [min([0.5, *values]) / 1.25, max([2.0, *values]) * 1.25]
    drawn = [_on_sheet(row, edges) | {"order": at} for at, row in enumerate(_unique(rows))]
    x = alt.X("at:Q", title=title, scale=alt.Scale(type="log", domain=edges, nice=False), axis=_log_axis(edges))
    y = alt.Y("label:N", title=None, sort=alt.EncodingSortField("order"), axis=alt.Axis(domain=False, ticks=False))
    base = alt.Chart(_data(drawn), width=WIDTH, height=alt.Step(STEP)).encode(y=y)
    one = alt.Chart(_data([{"at": 1}])).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="at:Q")
    whiskers = base.transform_filter("isValid(datum.to)").mark_rule(color=BLACK).encode(x="from:Q", x2="to:Q")
    shape = alt.Shape("none:N", scale=alt.Scale(domain=[False, True], range=["circle", "triangle-left"]), legend=None)
    dots = base.transform_filter("isValid(datum.at)").mark_point(size=55, stroke=BLACK, strokeWidth=1.2, opacity=1)
    said = base.mark_text(align="left", fontSize=9, color="#333333").encode(x=alt.value(WIDTH + 6), text="p:N")
    return alt.layer(one, whiskers, dots.encode(x=x, fill=_filled(), shape=shape), said)


def _on_sheet(row: Row, edges: Sequence[float]) -> Row:
    """Return a row with what lies at 0 put at the left edge, and an interval without an upper end run to the right one."""
    at, low, high = row["ratio"], row["low"], row["high"]
    ends = {"from": low or edges[0], "to": high or edges[1]} if low is not None else {"from": None, "to": None}
    return {**row, "at": None if at is None else at or edges[0] * 1.12, "none": at == 0, **ends}


def _unique(rows: Iterable[Row]) -> list[Row]:
    """Return the rows with labels that differ: a figure would lay two of one name upon each other."""
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        seen[row["label"]] = times = seen.get(row["label"], 0) + 1
        found.append({**row, "label": row["label"] if times == 1 else f"{row['label']} ({times})"})
    return found


def _log_axis(edges: Sequence[float]) -> "alt.Axis":
    import altair as alt

    marks = [part * 10**power for power in range(-6, 9) for part in (1, 2, 5)]
    inside = [mark for mark in marks if edges[0] <= mark <= edges[1]]
    return alt.Axis(values=inside if len(inside) <= 9 else inside[:: math.ceil(len(inside) / 9)], format="~g")


def _filled() -> "alt.Fill":
    import altair as alt

    return alt.Fill(
        "alarm:N",
        scale=alt.Scale(domain=[True, False], range=[BLACK, "white"]),
        legend=alt.Legend(
            title=None, labelExpr="datum.value ? 'stands out after correction' : 'does not, or not tested'"
        ),
    )


def _disparity(document: Document) -> Chart:
    """The comparison within areas and periods, as a forest of ratios."""
    parts = ("stratified_ratio", "stratified_low", "stratified_high")
    rows = [_dot({**row, "band": row.get("group"), "group": None}, *parts) for row in document["rows"]]
    return _dots(_foremost(rows), f"Incidents a head over all other groups' within areas ({SCALE})")


# Rows by day --------------------------------------------------------------------------------------------------------


def _series(document: Document) -> Chart:
    """Counts by day, week or month, a sheet for each group: see `_course`. Rows with a band are of the whole course."""
    import altair as alt

    bins = [{**row, "day": str(row["date"])[:10]} for row in document["rows"] if "band" not in row]
    changes = [{**row, "day": str(row["date"])[:10]} for row in document["rows"] if row.get("band") and row.get("date")]
    names = list(dict.fromkeys(row.get("group") for row in bins))[:MOST_COURSES]
    courses = [
        _course(*([row for row in part if row.get("group") == name] for part in (bins, changes))).properties(
            **{"title": clean(name)} if len(names) > 1 and name else {}
        )
        for name in names
    ]
    return courses[0] if len(courses) == 1 else alt.vconcat(*courses, spacing=18)


def _course(bins: Sequence[Row], changes: Sequence[Row]) -> Chart:
    """One group's counts: documented, expected, threshold or interval, alarms, changes and the part not yet complete."""
    import altair as alt

    axis = alt.Axis(format="%Y-%m-%d", labelAngle=-35)
    x = alt.X("day:T", title="First day of each bin", scale=alt.Scale(type="utc"), axis=axis)
    title = "Incidents documented"
    base = alt.Chart(_data([{**row, "masked": bool(row.get("masked"))} for row in bins]), width=COURSE, height=200)
    base = base.encode(x=x)
    counted = base.encode(y=alt.Y("observed:Q", title=title))
    whole, masked = counted.transform_filter("!datum.masked"), counted.transform_filter("datum.masked")
    dots = alt.OverlayMarkDef(color=GREY, shape="cross", size=25)
    rules = alt.Chart(_data([{"day": row["day"], "alarm": bool(row.get("alarm"))} for row in changes])).encode(x=x)
    strong, weak = rules.transform_filter("datum.alarm"), rules.transform_filter("!datum.alarm")
    return alt.layer(
        *_range(base, bins, title),
        base.mark_line(color=GREY, strokeWidth=1.2).encode(y=alt.Y("expected:Q", title=title)),
        whole.mark_line(color=BLACK, strokeWidth=1.2),
        masked.mark_line(color=GREY, strokeWidth=1.2, strokeDash=[1, 3], point=dots),
        counted.transform_filter("datum.alarm").mark_point(shape="triangle-up", size=70, fill=BLACK, color=BLACK),
        *((strong.mark_rule(strokeWidth=1.5), weak.mark_rule(strokeDash=[2, 4], color=GREY)) if changes else ()),
    )


def _range(base: Any, bins: Sequence[Row], title: str) -> list[Chart]:
    """The interval of what was expected where it has two ends, else the threshold above it."""
    import altair as alt

    if any(row.get("low") is not None for row in bins):
        return [base.mark_area(color=PALE).encode(y=alt.Y("low:Q", title=title), y2="high:Q")]
    dashed = base.mark_line(color=GREY, strokeWidth=1.2, strokeDash=[5, 3])
    return [dashed.encode(y=alt.Y("high:Q", title=title))]


# Bands --------------------------------------------------------------------------------------------------------------


def _grid(document: Document) -> Chart:
    """Ratios of pairs by distance and days apart: darker where there are more than expected, with the p of each."""
    import altair as alt

    rows = [
        {
            "space": str(row["space"]), "time": str(row["time"]), "pairs": str(row.get("pairs") or ""), "order": at,
            "ratio": row.get("ratio"), "shade": min(max(row.get("ratio") or 0, 0.5), 3.0),
            "said": f"{number(row.get('ratio'))}{'*' if row.get('alarm') else ''}", "p": _p(row),
            "count": f"{number(row.get('observed'))} of {number(row.get('expected'))}",
        }
        for at, row in enumerate(document["rows"])
    ]  # fmt: skip
    data = _data(rows)
    x = alt.X("time:N", title="Days apart", sort=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y("space:N", title="Distance apart, metres", sort=None)
    base = alt.Chart(data).encode(x=x, y=y)
    shade = alt.Color("shade:Q", scale=alt.Scale(domain=[0.5, 3], range=["white", "#333333"]), legend=None)
    ink = alt.condition("datum.shade > 1.9", alt.value("white"), alt.value(BLACK))
    layers = alt.layer(
        base.mark_rect(stroke=GREY).encode(color=shade),
        base.mark_text(fontSize=13, dy=-11, fontWeight="bold").encode(text="said:N", color=ink),
        base.mark_text(fontSize=9, dy=5).encode(text="count:N", color=ink),
        base.mark_text(fontSize=9, dy=18).encode(text="p:N", color=ink),
        data=data,
    ).properties(width=alt.Step(96), height=alt.Step(GRID_STEP))
    kinds = list(dict.fromkeys(row["pairs"] for row in rows))
    return layers if len(kinds) == 1 else layers.facet(column=alt.Column("pairs:N", title=None, sort=kinds))


def _envelope(document: Document) -> Chart:
    """What was counted within each distance, in the band that chance alone gives."""
    import altair as alt

    rows = sorted(document["rows"], key=lambda row: row["distance"])
    base = alt.Chart(_data([{**row, "alarm": bool(row.get("alarm"))} for row in rows]), width=WIDTH, height=260).encode(
        x=alt.X("distance:Q", title="Distance, metres")
    )
    title = alt.Y("observed:Q", title="Documented, and what random labels give (grey)")
    return alt.layer(
        base.mark_area(color=PALE).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(color=GREY, strokeDash=[5, 3]).encode(y="expected:Q"),
        base.mark_line(color=BLACK).encode(y=title),
        base.mark_point(size=55, stroke=BLACK, opacity=1).encode(y=title, fill=_filled()),
    )


def _funnel(document: Document) -> Chart:
    """Ratios against how much could be seen, with the limits within which chance alone leaves them."""
    import altair as alt

    rows = [{**row, "label": _label(row), "alarm": bool(row.get("alarm"))} for row in document["rows"]]
    rows = [row for row in rows if (row.get("expected") or 0) > 0]
    sizes = [row["expected"] for row in rows] or [1.0]
    edges = [min(sizes) / 1.25, max(sizes) * 1.25]
    scale = alt.Scale(type="log", domain=edges, nice=False)
    x = alt.X("expected:Q", title="Incidents expected (log scale)", scale=scale, axis=_log_axis(edges))
    base = alt.Chart(_data(rows), width=WIDTH, height=300).encode(x=x)
    limits = [
        base.mark_line(color=GREY, strokeWidth=1.2, strokeDash=[5, 3] if name.endswith("95") else [1, 2]).encode(
            y=alt.Y(f"{name}:Q", title="Documented over expected")
        )
        for name in LIMITS
    ]
    one = alt.Chart(_data([{"at": 1}])).mark_rule(color=GREY).encode(y="at:Q")
    y = alt.Y("ratio:Q", title="Documented over expected")
    dots = base.mark_point(size=50, stroke=BLACK, opacity=1).encode(y=y, fill=_filled())
    named = base.transform_filter("datum.alarm").mark_text(align="left", dx=7, fontSize=9).encode(y=y, text="label:N")
    return alt.layer(*limits, one, dots, named)


# The scan -----------------------------------------------------------------------------------------------------------


def _scan(document: Document) -> Chart:
    """Clusters by rank with their ratio, above the largest ratios of the simulations that they are ranked against."""
    import altair as alt

    parts = []
    if document["clusters"]:
        dots = [dot for cluster in document["clusters"][:MOST_ROWS] for dot in _cluster(cluster)]
        parts.append(_dots(dots, f"Documented over expected within the cluster ({SCALE})"))
    if document.get("maxima"):
        parts.append(_maxima(document))
    return parts[0] if len(parts) == 1 else alt.vconcat(*parts, spacing=26)


def _cluster(cluster: Mapping[str, Any]) -> list[Row]:
    """Return a dot for a cluster, or one for each category of a multinomial one."""
    places = cluster["locations"]
    more = f" +{len(places) - 1}" if len(places) > 1 else ""
    span = cluster["start"] if cluster["start"] == cluster["end"] else f"{cluster['start']} to {cluster['end']}"
    # Marked on both sides, so that a place written from the right does not turn the days beside it.
    place = f"{LEFT_TO_RIGHT}{clipped(clean(places[0]), 24)}{LEFT_TO_RIGHT}" if places else ""
    label = f"{cluster['rank']}. {place}{more}, {span}"
    p = cluster.get("p_value")
    shown = {
        "alarm": p is not None and p <= LEVEL,
        "p": "" if p is None else f"p {number(p)}",
        "low": None,
        "high": None,
    }
    cases, expected = cluster["cases"], cluster["expected"]
    if not isinstance(cases, list):
        return [{"label": label, "ratio": cases / expected if expected else None, **shown}]
    return [
        {"label": f"{label}, category {at}", "ratio": one / mean if mean else None, **shown}
        for at, (one, mean) in enumerate(zip(cases, expected, strict=True), start=1)
    ]


def _maxima(document: Document) -> Chart:
    """How often the largest ratio of a simulation lay where, and where the clusters lie."""
    import altair as alt

    found = [{"at": c["log_likelihood_ratio"], "rank": str(c["rank"])} for c in document["clusters"][:9]]
    title = "Log likelihood ratio: largest of each simulation (bars), clusters by rank (lines)"
    counted = _counted(document["maxima"])
    ticks = min(4, max(row["count"] for row in counted))
    y = alt.Y("count:Q", title="Simulations", axis=alt.Axis(tickCount=ticks, format="d"))
    bars = alt.Chart(_data(counted), width=WIDTH, height=130).mark_bar(color=PALE, stroke=GREY)
    lines = alt.Chart(_data(found)).encode(x="at:Q")
    return alt.layer(
        bars.encode(x=alt.X("at:Q", title=title), x2="to:Q", y=y, y2=alt.datum(0)),
        lines.mark_rule(color=BLACK),
        lines.mark_text(dy=-6, fontSize=10).encode(text="rank:N", y=alt.value(0)),
    )


def _counted(values: Sequence[float]) -> list[Row]:
    """Return how many values lie in each of so many bins of one width."""
    first = min(values)
    width = (max(values) - first) / BINS or 1.0
    bins = [min(int((value - first) / width), BINS - 1) for value in values]
    return [
        {"at": first + at * width, "to": first + (at + 1) * width, "count": bins.count(at)} for at in sorted(set(bins))
    ]
