"""What figures share: one line a row with its interval, black and white, names that cannot turn what stands beside them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casualty.patterns.plainly import clean, clipped, number

if TYPE_CHECKING:
    import altair as alt

Row = dict[str, Any]
Chart = Any  # one of altair's: layers, facets, sheets under each other; they share no type that says what they can do

MOST_ROWS, LONGEST = 40, 64
WIDTH, STEP = 460, 19
BLACK, GREY, PALE = "#000000", "#777777", "#dddddd"
LEFT_TO_RIGHT = "\u200e"
SCALE = "1: as expected; log scale; p at the right"


def data(rows: Iterable[Row]) -> "alt.Data":
    import altair as alt

    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]


def label(row: Mapping[str, Any]) -> str:
    names = ("area", "band", "group", "name")
    parts = [str(row[name]) for name in names if row.get(name) not in (None, "")]
    said = [
        clipped(clean(part), LONGEST) for at, part in enumerate(parts) if not any(part in one for one in parts[:at])
    ]
    return " · ".join(f"{LEFT_TO_RIGHT}{word}{LEFT_TO_RIGHT}" for word in said) or "(all)"


def foremost(rows: Sequence[Row]) -> list[Row]:
    """Return as many rows as a sheet holds: alarms first, then the largest ratios."""
    return sorted(rows, key=lambda row: (not row["alarm"], -(row["ratio"] or 0)))[:MOST_ROWS]


def dot(row: Mapping[str, Any], ratio: str = "ratio", low: str = "low", high: str = "high") -> Row:
    figures = {name: _finite(row.get(key)) for name, key in (("ratio", ratio), ("low", low), ("high", high))}
    return {"label": label(row), "alarm": bool(row.get("alarm")), "p": said_p(row), **figures}


def said_p(row: Mapping[str, Any]) -> str:
    found = row.get("p_adjusted") if row.get("p_adjusted") is not None else row.get("p")
    return "" if found is None else f"p {number(found)}"


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def dots(rows: Sequence[Row], title: str) -> Chart:
    """Dots with intervals, one line a row; filled where it is an alarm, a triangle at the edge where the ratio is 0."""
    import altair as alt

    values = [value for row in rows for value in (row["ratio"], row["low"], row["high"]) if value]
    edges = [min([0.5, *values]) / 1.25, max([2.0, *values]) * 1.25]
    drawn = [_on_sheet(row, edges) | {"order": at} for at, row in enumerate(_unique(rows))]
    x = alt.X("at:Q", title=title, scale=alt.Scale(type="log", domain=edges, nice=False), axis=log_axis(edges))
    y = alt.Y("label:N", title=None, sort=alt.EncodingSortField("order"), axis=alt.Axis(domain=False, ticks=False))
    base = alt.Chart(data(drawn), width=WIDTH, height=alt.Step(STEP)).encode(y=y)
    one = alt.Chart(data([{"at": 1}])).mark_rule(color=GREY, strokeDash=[4, 3]).encode(x="at:Q")
    whiskers = base.transform_filter("isValid(datum.to)").mark_rule(color=BLACK).encode(x="from:Q", x2="to:Q")
    shape = alt.Shape("none:N", scale=alt.Scale(domain=[False, True], range=["circle", "triangle-left"]), legend=None)
    points = base.transform_filter("isValid(datum.at)").mark_point(size=55, stroke=BLACK, strokeWidth=1.2, opacity=1)
    said = base.mark_text(align="left", fontSize=9, color="#333333").encode(x=alt.value(WIDTH + 6), text="p:N")
    return alt.layer(one, whiskers, points.encode(x=x, fill=filled(), shape=shape), said)


def _on_sheet(row: Row, edges: Sequence[float]) -> Row:
    """Return a row with what lies at 0 put at the left edge, and an interval without an upper end run to the right one."""
    at, low, high = row["ratio"], row["low"], row["high"]
    ends = {"from": low or edges[0], "to": high or edges[1]} if low is not None else {"from": None, "to": None}
    return {
        **row,
        "at": None if at is None else at or edges[0] * (edges[1] / edges[0]) ** 0.02,
        "none": at == 0,
        **ends,
    }


def _unique(rows: Iterable[Row]) -> list[Row]:
    """Return the rows with labels that differ: a figure would lay two of one name upon each other."""
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        seen[row["label"]] = times = seen.get(row["label"], 0) + 1
        found.append({**row, "label": row["label"] if times == 1 else f"{row['label']} ({times})"})
    return found


def log_axis(edges: Sequence[float]) -> "alt.Axis":
    import altair as alt

    marks = [part * 10**power for power in range(-6, 9) for part in (1, 2, 5)]
    inside = [mark for mark in marks if edges[0] <= mark <= edges[1]]
    return alt.Axis(values=inside if len(inside) <= 9 else inside[:: math.ceil(len(inside) / 9)], format="~g")


def filled() -> "alt.Fill":
    import altair as alt

    return alt.Fill(
        "alarm:N",
        scale=alt.Scale(domain=[True, False], range=[BLACK, "white"]),
        legend=alt.Legend(
            title=None, labelExpr="datum.value ? 'stands out after correction' : 'does not, or not tested'"
        ),
    )
