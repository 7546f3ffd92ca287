"""The timeline over the map: the same incidents by day, week or month, with its window the dates of the filter."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import streamlit as st

from app import session, timeline, widgets
from app.atlas import categories, remembered
from app.language import count, say
from casualty import overview
from casualty.filters import Asked, Filter
from casualty.overview import NO_DAY, Selection
from geo import calendar_bins

STEPS = ("month", "week", "day")
MOST_DAYS = 20_000  # beyond about fifty years days are too fine to be drawn at all
MOST_MARKS = 20_000_000
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


@dataclass(frozen=True, eq=False)
class Counts:
    """What the timeline shows, as `timeline.timeline` takes it; too_fine: bins of the step asked for would be too many."""

    bins: calendar_bins.Bins
    inside: Any
    around: Any
    band: tuple[Any, Any] | None
    effort: Any
    undated: tuple[int, int]
    total: int
    too_fine: bool


def show(
    wanted: Filter, chosen: Selection, kinds: categories.Categories, size: str, *, step: Any, what: Literal["event", "report"],
    changed: Any,
) -> None:  # fmt: skip
    """Show the timeline of a selection; `changed` is called when another window is asked for."""
    around = session.selected(wanted.without("date", "report_date"))
    asked = ("times", around, kinds, size, step, what)
    found = remembered.of(chosen, asked, lambda: counted(chosen, around, kinds, size, step, what))
    if found.too_fine:
        st.caption(say("These dates are too far apart for so fine a step; they are shown by month."))
    timeline.timeline(
        KEY, bins=found.bins, categories=kinds.legend(), inside=found.inside, around=found.around, band=found.band,
        effort=found.effort, undated=found.undated, window=spanned(wanted), measure=_measure(size),
        total=_total(size, found.total), what=what, changed=changed,
    )  # fmt: skip


def counted(
    chosen: Selection, around: Selection, kinds: categories.Categories, size: str, step: Any, what: Literal["event", "report"]
) -> Counts:  # fmt: skip
    """Return the numbers of the timeline: of a selection, and of what it would hold without its own dates."""
    days = around.of(chosen.columns.first if what == "event" else chosen.columns.reported)
    bins = calendar_bins.binned(days, step)
    too_fine = len(bins) > MOST_DAYS
    if too_fine:
        bins = calendar_bins.binned(days, "month")
    of = _bin_of(chosen, around, bins)
    dated = of >= 0
    low, weight, high = _ends(chosen, size)
    wide = weight if chosen.at is around.at else _ends(around, size)[1]
    inside = _stacked(kinds, weight, of, dated, len(bins))
    whole = np.bincount(bins.of[bins.of >= 0], weights=wide[bins.of >= 0], minlength=len(bins))
    some = np.bincount(of[dated], minlength=len(bins)) > 0
    band = None if size == "incidents" else (_edge(low, of, dated, some), _edge(high, of, dated, some))
    return Counts(
        bins, inside, np.maximum(whole, inside.sum(axis=0)), band, _effort(chosen, of, dated, some),
        (int(weight[~dated].sum()), int(wide[bins.of < 0].sum())), int(weight.sum()), too_fine,
    )  # fmt: skip


def _bin_of(chosen: Selection, around: Selection, bins: calendar_bins.Bins) -> Any:
    """Return the bin of each incident of the selection, below 0 where it has none."""
    if chosen.at is around.at:
        return bins.of
    place = np.full(len(chosen.overview), -1, dtype=np.int32)
    place[around.at] = bins.of
    return chosen.of(place)


def _ends(chosen: Selection, size: str) -> tuple[Any, Any, Any]:
    """Return low, best and high of each incident: nought where unknown, the best where an end is not stated."""
    low, best, high = categories.values(chosen, size).T
    filled = (np.where(np.isnan(end), best, end) for end in (low, high))
    first, last = (np.nan_to_num(end, copy=False) for end in filled)
    return first, np.nan_to_num(best), last


def _stacked(kinds: categories.Categories, weight: Any, of: Any, dated: Any, n: int) -> Any:
    k = len(kinds.labels)
    if not n:
        return np.zeros((k, 0))
    return np.bincount(kinds.of[dated] * n + of[dated], weights=weight[dated], minlength=n * k).reshape(k, n)


def _edge(end: Any, of: Any, dated: Any, some: Any) -> Any:
    """Return the sums of one end in each bin, where there is any incident."""
    total = np.bincount(of[dated], weights=end[dated], minlength=len(some))
    return np.where(some, np.floor(total), np.nan)


def _effort(chosen: Selection, of: Any, dated: Any, some: Any) -> Any:
    """Return how many sources spoke of the incidents of each bin."""
    ties = overview.ties(chosen.overview, session.store(), "source")
    where = np.full(len(chosen.overview), -1, dtype=np.int32)
    where[chosen.at[dated]] = of[dated]
    there = where[ties.at]
    kept = there >= 0
    n, m = len(some), max(len(ties.to.words), 1)
    pairs = there[kept].astype(np.int64) * m + ties.to.codes[kept]
    if n * m <= MOST_MARKS:
        marks = np.zeros(n * m, dtype=bool)
        marks[pairs] = True
        spoke = marks.reshape(n, m).sum(axis=1).astype(float)
    else:  # a table of so many would be larger than the sources that spoke
        spoke = np.bincount(np.unique(pairs) // m, minlength=n).astype(float)
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
    return bool((chosen.of(chosen.columns.reported) != NO_DAY).any())
