"""Counts in time as a figure: documented, expected, threshold or interval, alarms, changes, the part not yet complete."""

from collections.abc import Mapping, Sequence
from typing import Any

from casualty.patterns.plainly import clean
from casualty.patterns.sheets import BLACK, GREY, PALE, Chart, Row, data

MOST_COURSES, WIDTH = 6, 640


def series(document: Mapping[str, Any]) -> Chart:
    """Counts by day, week or month, a sheet for each group: see `_course`. Rows with a band are of the whole course."""
    import altair as alt

    bins = [{**row, "day": str(row["date"])[:10]} for row in document["rows"] if "band" not in row]
    changes = [{**row, "day": str(row["date"])[:10]} for row in document["rows"] if row.get("last_before")]
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
    base = alt.Chart(data([{**row, "masked": bool(row.get("masked"))} for row in bins]), width=WIDTH, height=200)
    base = base.encode(x=x)
    counted = base.encode(y=alt.Y("observed:Q", title=title))
    whole, masked = counted.transform_filter("!datum.masked"), counted.transform_filter("datum.masked")
    dots = alt.OverlayMarkDef(color=GREY, shape="cross", size=25)
    rules = alt.Chart(data([{"day": row["day"], "alarm": bool(row.get("alarm"))} for row in changes])).encode(x=x)
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
