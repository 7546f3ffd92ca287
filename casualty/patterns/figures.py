"""An answer as a figure: what was documented beside what was expected, its interval, and the caveat on the same sheet.

Read without colour: what stands out is filled, the rest is open; a threshold is dashed, what is not yet
complete is dotted. No map is drawn, so nothing is fetched from anywhere. Drawn by Vega-Lite, through altair.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from casualty.errors import UsageFault
from casualty.patterns.courses import series
from casualty.patterns.plainly import clean, clipped, number, sentences, wrapped
from casualty.patterns.sheets import (
    BLACK,
    GREY,
    LEFT_TO_RIGHT,
    MOST_ROWS,
    PALE,
    SCALE,
    WIDTH,
    Chart,
    Row,
    data,
    dot,
    dots,
    filled,
    foremost,
    label,
    log_axis,
    said_p,
)
from casualty.patterns.wording import count

Document = Mapping[str, Any]

CELL_WIDTH, CELL_HEIGHT, BINS = 96, 64, 30
TITLE_COLUMNS, CAVEAT_COLUMNS = 74, 104
FONT = "Noto Sans, DejaVu Sans, Liberation Sans, Arial, sans-serif"
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
    "series": "Black: documented; grey: expected, its interval or (dashed) threshold; triangle: stands out; dotted: "
    "not complete yet; upright line: where the rate changed (dashed: not beyond chance).",
    "_funnel": "Dashed: limits of 95 %; dotted: of 99.8 %.",
    "_envelope": "Grey: what chance alone gives; dashed: its mean.",
}
AROUND = ("around_ratio", "around_low", "around_high")
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


def picture(document: Document, kind: str) -> bytes:
    """Return an answer drawn as the content of a file: `svg` or `png`."""
    return _content(figure(document), kind)


def _content(chart: Chart, kind: str) -> bytes:
    held = io.BytesIO() if kind == "png" else io.StringIO()
    chart.save(held, format=kind, **HOW.get(f".{kind}", {}))
    content = held.getvalue()
    return content if isinstance(content, bytes) else content.encode()


def pairs(rows: Sequence[tuple[str, Row, Row]], caveat: str, kind: str = "svg") -> bytes:
    """Return rows that two answers have, each under the other on one scale, as a file's content.

    rows: name, and ratio, low, high, p and alarm of either answer.
    """
    found = [dot({**each, "band": f"{clean(name)} · {at}"}) for name, *both in rows for at, each in enumerate(both, 1)]
    title = {"text": wrapped(clean(caveat), TITLE_COLUMNS), "anchor": "start", "frame": "bounds", "fontSize": 11}
    return _content(_plain(dots(found, f"Documented over expected ({SCALE})").properties(title=title)), kind)


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
        return series
    if LIMITS[0] in keys:
        return _funnel
    if {"pairs", "band"} <= keys:
        return _grid
    return _envelope if "chance_low" in keys else _ranked


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
    rows = document.get("rows") or ()
    used = [f"Drawn from {count(document['n'], 'incident')}."] if document.get("n") is not None else []
    if len(rows) > MOST_ROWS and _drawing(document) in (_ranked, _disparity):
        used.append(f"Shown are the {MOST_ROWS} of {len(rows):,} rows that stand out most.")
    if filtered := (document.get("parameters") or {}).get("filter"):
        lines += wrapped(clean(f"Only incidents of the filter: {filtered}"), CAVEAT_COLUMNS)
    said = " ".join([*used, KEYS.get(_drawing(document).__name__, "")])
    return [*lines, *wrapped(said, CAVEAT_COLUMNS)]


def _plain(chart: Chart) -> Chart:
    """Return a chart in black, white and grey, with one font."""
    return (
        chart.configure(font=FONT, background="white")
        .configure_view(stroke=PALE)
        .configure_axis(
            labelLimit=400, labelFontSize=10, titleFontSize=11, titleFontWeight="normal", gridColor="#eeeeee"
        )
        .configure_legend(labelFontSize=10, titleFontSize=10, orient="bottom", columns=4, symbolStrokeColor=BLACK)
        .configure_header(labelFontSize=11, titleFontSize=11)
    )


def _nothing(document: Document) -> Chart:
    """A sheet that says that there is nothing to draw, so that an empty answer is not taken for a lost one."""
    import altair as alt

    said = "No cluster." if "clusters" in document else "No rows."
    return alt.Chart(data([{"said": said}]), width=WIDTH, height=60).mark_text(fontSize=12).encode(text="said:N")


# Rows by area or by name --------------------------------------------------------------------------------------------


def _ranked(document: Document) -> Chart:
    """Ratios with their intervals: areas with the highest first, whatever else in its order.

    Where an area was judged together with those around it, the ratio is of them all, as the p is.
    """
    rows = document["rows"]
    around = any(row.get("around_ratio") is not None for row in rows)
    found = [dot(row, *AROUND) if around else dot(row) for row in rows]
    if len(found) > MOST_ROWS or any("area" in row for row in rows):
        found = foremost(found)
    return dots(found, f"Documented over expected{', area and its neighbours' if around else ''} ({SCALE})")


def _disparity(document: Document) -> Chart:
    """The comparison within areas and periods, as a forest of ratios."""
    parts = ("stratified_ratio", "stratified_low", "stratified_high")
    rows = [dot({**row, "band": row.get("group"), "group": None}, *parts) for row in document["rows"]]
    return dots(foremost(rows), f"Incidents a head over all other groups' within areas ({SCALE})")


# Bands --------------------------------------------------------------------------------------------------------------


def _grid(document: Document) -> Chart:
    """Ratios of pairs by distance and days apart: darker where there are more than expected, with the p of each."""
    import altair as alt

    rows = [_cell(row) for row in document["rows"]]
    kinds = list(dict.fromkeys(row["pairs"] for row in rows))
    x = alt.X("time:N", title="Days apart", sort=None, axis=alt.Axis(labelAngle=0, domain=False))
    y = alt.Y("space:N", title="Distance apart", sort=None, axis=alt.Axis(domain=False))
    base = alt.Chart(data(rows)).encode(x=x, y=y)
    shade = alt.Color("shade:Q", scale=alt.Scale(domain=[0.5, 3], range=["white", "#333333"]), legend=None)
    ink = alt.condition("datum.shade > 1.9", alt.value("white"), alt.value(BLACK))
    layers = alt.layer(
        base.mark_rect(stroke=GREY).encode(color=shade),
        base.mark_text(fontSize=13, dy=-11, fontWeight="bold").encode(text="said:N", color=ink),
        base.mark_text(fontSize=9, dy=5).encode(text="count:N", color=ink),
        base.mark_text(fontSize=9, dy=18).encode(text="p:N", color=ink),
        data=data(rows),
    ).properties(width=alt.Step(CELL_WIDTH), height=alt.Step(CELL_HEIGHT))
    return layers if len(kinds) == 1 else layers.facet(facet=alt.Facet("pairs:N", title=None, sort=kinds), columns=2)


def _cell(row: Mapping[str, Any]) -> Row:
    space, _, days = str(row["band"]).removesuffix(f": {row['pairs']}").partition(", ")
    return {
        "space": space, "time": days.removesuffix(" days"), "pairs": clean(row["pairs"]), "p": said_p(row),
        "shade": min(max(row.get("ratio") or 0, 0.5), 3.0),
        "said": f"{number(row.get('ratio'))}{'*' if row.get('alarm') else ''}",
        "count": f"{number(row.get('observed'))} of {number(row.get('expected'))}",
    }  # fmt: skip


def _envelope(document: Document) -> Chart:
    """What was counted within each distance, in the band that chance alone gives; rows of places are in the table only."""
    import altair as alt

    rows = [{**row, "alarm": bool(row.get("alarm"))} for row in document["rows"] if row.get("band")]
    x = alt.X("band:O", title="Distance", sort=None, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(data(rows), width=WIDTH, height=260).encode(x=x)
    y = alt.Y("observed:Q", title="Pairs documented")
    return alt.layer(
        base.mark_area(color=PALE).encode(y=alt.Y("chance_low:Q", title="Pairs documented"), y2="chance_high:Q"),
        base.mark_line(color=GREY, strokeDash=[5, 3], strokeWidth=1.2).encode(y="expected:Q"),
        base.mark_line(color=BLACK, strokeWidth=1.2).encode(y=y),
        base.mark_point(size=55, stroke=BLACK, opacity=1).encode(y=y, fill=filled()),
    )


def _funnel(document: Document) -> Chart:
    """Ratios against how much could be seen, with the limits within which chance alone leaves them."""
    import altair as alt

    rows = [{**row, "label": label(row), "alarm": bool(row.get("alarm"))} for row in document["rows"]]
    rows = [row for row in rows if (row.get("expected") or 0) > 0]
    sizes = [row["expected"] for row in rows] or [1.0]
    edges = [min(sizes) / 1.25, max(sizes) * 1.25]
    scale = alt.Scale(type="log", domain=edges, nice=False)
    x = alt.X("expected:Q", title="Incidents expected (log scale)", scale=scale, axis=log_axis(edges))
    base = alt.Chart(data(rows), width=WIDTH, height=300).encode(x=x)
    limits = [
        base.mark_line(color=GREY, strokeWidth=1.2, strokeDash=[5, 3] if name.endswith("95") else [1, 2]).encode(
            y=alt.Y(f"{name}:Q", title="Documented over expected")
        )
        for name in LIMITS
    ]
    one = alt.Chart(data([{"at": 1}])).mark_rule(color=GREY).encode(y="at:Q")
    y = alt.Y("ratio:Q", title="Documented over expected")
    points = base.mark_point(size=50, stroke=BLACK, opacity=1).encode(y=y, fill=filled())
    named = base.transform_filter("datum.alarm").mark_text(align="left", dx=7, fontSize=9).encode(y=y, text="label:N")
    return alt.layer(*limits, one, points, named)


# The scan -----------------------------------------------------------------------------------------------------------


def _scan(document: Document) -> Chart:
    """Clusters by rank with their ratio, above the largest ratios of the simulations that they are ranked against."""
    import altair as alt

    parts = []
    if document["clusters"]:
        found = [one for cluster in document["clusters"][:MOST_ROWS] for one in _cluster(cluster)]
        parts.append(dots(found, f"Documented over expected within the cluster ({SCALE})"))
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
    name = f"{cluster['rank']}. {place}{more}, {span}"
    p = cluster.get("p_value")
    shown = {
        "alarm": p is not None and p <= LEVEL,
        "p": "" if p is None else f"p {number(p)}",
        "low": None,
        "high": None,
    }
    cases, expected = cluster["cases"], cluster["expected"]
    if not isinstance(cases, list):
        return [{"label": name, "ratio": cases / expected if expected else None, **shown}]
    return [
        {"label": f"{name}, category {at}", "ratio": one / mean if mean else None, **shown}
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
    bars = alt.Chart(data(counted), width=WIDTH, height=130).mark_bar(color=PALE, stroke=GREY)
    lines = alt.Chart(data(found)).encode(x="at:Q")
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
