"""The timeline over the map: the same incidents by day, week or month, with its window the dates of the filter."""

from datetime import date
from typing import Any, Literal

import numpy as np
import streamlit as st

from app import session, timeline, widgets
from app.atlas import categories
from app.language import count, say
from casualty import overview
from casualty.filters import Asked, Filter
from casualty.overview import NO_DAY, Selection
from geo import calendar_bins

STEPS = ("month", "week", "day")
MOST_DAYS = 20_000  # beyond about fifty years days are too fine to be drawn at all
KEY = "timeline"


def spanned(wanted: Filter) -> timeline.Window:
    """Return the days from and to which the outermost conditions of a filter ask."""
    since, until = None, None
    for part in wanted.parts:
        if isinstance(part, Asked) and part.field in ("date", "report_date"):
            since = part.values[0] if part.how in ("from", "between") else since
            until = part.values[-1] if part.how in ("to", "between") else until
    return (date.fromisoformat(since) if since else None, date.fromisoformat(until) if until else None)


def windowed(wanted: Filter, window: timeline.Window, field: str) -> Filter:
    """Return the filter with other dates: those of a window."""
    first, last = window
    rest = wanted.without("date", "report_date")
    if first and last:
        return rest.also(Asked(field, "between", (first.isoformat(), last.isoformat())))
    if first or last:
        return rest.also(Asked(field, "from" if first else "to", ((first or last).isoformat(),)))  # type: ignore[union-attr]
    return rest


def show(
    wanted: Filter, chosen: Selection, kinds: categories.Categories, size: str, *, step: Any, what: Literal["event", "report"],
    changed: Any,
) -> None:  # fmt: skip
    """Show the timeline of a selection; `changed` is called when another window is asked for."""
    around = session.selected(wanted.without("date", "report_date"))
    column = chosen.columns.first if what == "event" else chosen.columns.reported
    bins = calendar_bins.binned(column[around.at], step)
    if len(bins) > MOST_DAYS:
        st.caption(say("These dates are too far apart to be shown by {step}; they are shown by month.", step=say(step)))
        bins = calendar_bins.binned(column[around.at], "month")
    place = np.full(len(chosen.overview), -1, dtype=np.int64)
    place[around.at] = bins.of
    of = place[chosen.at]
    dated = of >= 0
    weight = np.nan_to_num(categories.values(chosen, size)[:, 1])
    n, k = len(bins), len(kinds.labels)
    stack = (
        np.bincount(kinds.of[dated] * n + of[dated], weights=weight[dated], minlength=n * k).reshape(k, n)
        if n
        else np.zeros((k, 0))
    )
    timeline.timeline(
        KEY, bins=bins, categories=kinds.legend(), inside=stack, around=_around(around, bins, size, stack),
        band=_band(chosen, size, of, dated, n), effort=_effort(chosen, of, dated, n),
        undated=(int(weight[~dated].sum()), int(_weights(around, size)[bins.of < 0].sum())), window=spanned(wanted),
        measure=_measure(size), total=_total(size, int(weight.sum())), what=what, changed=changed,
    )  # fmt: skip


def _weights(chosen: Selection, size: str) -> Any:
    return np.nan_to_num(categories.values(chosen, size)[:, 1])


def _around(around: Selection, bins: calendar_bins.Bins, size: str, stack: Any) -> Any:
    dated = bins.of >= 0
    found = np.bincount(bins.of[dated], weights=_weights(around, size)[dated], minlength=len(bins))
    return np.maximum(found, stack.sum(axis=0))


def _band(chosen: Selection, size: str, of: Any, dated: Any, n: int) -> tuple[Any, Any] | None:
    """Return the sums of low and of high figures; where an end is not stated, the best stands for it."""
    if size == "incidents":
        return None
    low, best, high = categories.values(chosen, size).T
    ends = [np.where(np.isnan(end), best, end) for end in (low, high)]
    low_sum, high_sum = (np.bincount(of[dated], weights=np.nan_to_num(end[dated]), minlength=n) for end in ends)
    some = np.bincount(of[dated], minlength=n) > 0
    return tuple(np.where(some, np.floor(total), np.nan) for total in (low_sum, high_sum))  # type: ignore[return-value]


def _effort(chosen: Selection, of: Any, dated: Any, n: int) -> Any:
    """Return how many sources spoke of the incidents of each bin."""
    ties = overview.ties(chosen.overview, session.store(), "source")
    where = np.full(len(chosen.overview), -1, dtype=np.int64)
    where[chosen.at[dated]] = of[dated]
    there = where[ties.at]
    kept = there >= 0
    pairs = np.unique(there[kept] * max(len(ties.to.words), 1) + ties.to.codes[kept])
    spoke = np.bincount(pairs // max(len(ties.to.words), 1), minlength=n).astype(float)
    some = np.bincount(of[dated], minlength=n) > 0
    return np.where(some & (spoke == 0), np.nan, spoke)


def _measure(size: str) -> str:
    return {
        "incidents": say("incidents"), "killed": say("killed (best figures)"), "injured": say("injured (best figures)"),
        "missing": say("missing (best figures)"),
    }[size]  # fmt: skip


def _total(size: str, n: int) -> str:
    if size == "incidents":
        return count("{n} incident", "{n} incidents", n)
    return say("{n} {measure}", n=n, measure=_measure(size))


def note(chosen: Selection, size: str) -> str:
    """Return what is not in the bars: figures that are not known."""
    if size == "incidents":
        return ""
    unknown = int(np.isnan(categories.values(chosen, size)[:, 1]).sum())
    said = (
        say("Of {n} incidents the number is not known; they add nothing to these bars.", n=unknown) if unknown else ""
    )
    return f"{said} {say(widgets.CAVEAT)}"


def has_reports(chosen: Selection) -> bool:
    """Return whether any date of a report is recorded."""
    return bool((chosen.columns.reported[chosen.at] != NO_DAY).any())
