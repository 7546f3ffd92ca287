"""The timeline: bars in time with a window that one draws, steps and plays. What it shows is counted by its caller."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from app import language
from app.language import say
from geo.calendar_bins import Bins

SCRIPTS = Path(__file__).parent / "map"
Window = tuple[date | None, date | None]


def _text(*names: str) -> str:
    return "".join((SCRIPTS / name).read_text(encoding="utf-8") for name in names)


_timeline = st.components.v2.component(
    "casualty_timeline", css=_text("timeline.css"), js=_text("days.js", "bars.js", "timeline.js")
)


def timeline(
    key: str, *, bins: Bins, categories: Sequence[Mapping[str, str]], inside: ArrayLike, around: ArrayLike,
    band: tuple[ArrayLike, ArrayLike] | None, effort: ArrayLike | None, undated: tuple[int, int], window: Window,
    measure: str, total: str, what: Literal["event", "report"], changed: Callable[[], None],
) -> None:  # fmt: skip
    """Show bars in time; when a window is drawn, moved, played or taken away, `changed` is called and `drawn` tells it.

    `categories`: `name`, `label` in the reader's language and `colour` (#rrggbb, at least 3:1 on white) each, in the
    order they are stacked from the ground up. `inside` (categories, bins): what the filter holds, a number for each
    bin of `bins`. `around` (bins,): what it would hold without its own dates, so that the window can be moved to
    where there is something; what is inside is never more. `band` (low, high; bins each): how far the whole stack may
    lie, NaN where nothing is said of it. `effort` (bins,): how many sources spoke, NaN where that is not known.
    `undated`: what has no date, inside and around. `window`: first and last day that the filter asks for; the page's
    own windows cover whole bins. `measure`: what is counted, in words; `total`: the same with its number within
    the filter, such as 412 incidents. `what`: whose dates these are. Raises ValueError for numbers that are not
    one for each bin. Where bins outnumber what can be seen, bars add several up and a line says so; of effort they show
    the average. A low bar is what is recorded: with few sources heard, it does not show that little happened.
    """
    count = len(bins)
    low, high = (_row(each, count) for each in band) if band else (None, None)
    data = {
        "key": key,
        "bins": {"step": bins.step, "first": bins.first_days[0] if count else None, "count": count},
        "categories": [dict(each) for each in categories],
        "inside": [_row(each, count) for each in np.asarray(inside).reshape(len(categories), count)],
        "around": _row(around, count),
        "low": low,
        "high": high,
        "effort": None if effort is None else _row(effort, count),
        "undated": {"inside": undated[0], "around": undated[1]},
        "window": [None if day is None else day.isoformat() for day in window],
        "measure": measure,
        "total": total,
        "what": what,
        "words": words(),
        "direction": language.direction(),
        "language": language.current().tag,
    }
    _timeline(key=key, data=data, on_window_change=changed)


def drawn(key: str) -> Window | None:
    """Return the first and last day of the window that the page has just told of, each None where there is none.

    None when the page told of no window in this run, or of none that can be read.
    """
    told = (st.session_state.get(key) or {}).get("window")
    if not isinstance(told, list | tuple) or len(told) != 2:
        return None
    try:
        first, last = (None if day is None else date.fromisoformat(day) for day in told)
    except (TypeError, ValueError):
        return None
    return None if first and last and last < first else (first, last)


def _row(values: ArrayLike, count: int) -> list[Any]:
    """Numbers as the page reads them: whole ones short, and None where there is no number."""
    found = np.asarray(values, dtype=np.float64).reshape(count)
    whole = np.isfinite(found) & (found == np.floor(found))
    if whole.all():
        return found.astype(np.int64).tolist()
    return [int(n) if is_whole else (None if n != n else n) for n, is_whole in zip(found.tolist(), whole, strict=True)]


def words() -> dict[str, str]:
    """Return all that the timeline says by itself, in the reader's language."""
    return {
        **_buttons(),
        "label": say("Timeline"),
        "help": say(
            "Left and right arrow move the window by one bar, with Shift they change its length. Page up and page "
            "down move it by its own length, Home and End to the ends. Space plays and pauses. Escape shows all dates."
        ),
        "event": say("date of the event"),
        "report": say("date of the report"),
        "day": say("by day"),
        "week": say("by week"),
        "month": say("by month"),
        "all_dates": say("All dates"),
        "span": say("{from} to {to}"),
        "since": say("from {from} on"),
        "until": say("up to {to}"),
        "range": say("{low} to {high}"),
        "outside": say("outside the chosen dates"),
        "chosen": say("in the chosen dates"),
        "around": say("whatever dates are chosen"),
        "band": say("low to high"),
        "effort": say("sources that spoke"),
        "unknown": say("unknown"),
        "undated": say("no date"),
        "none": say("Nothing here has a date."),
        "table": say("As a table"),
        "dates": say("Dates"),
        "by_year": say("There are too many bars for a table: its rows add up those that begin in one year."),
        "summed_day": say("Days in each bar: {n}."),
        "summed_week": say("Weeks in each bar: {n}."),
        "summed_month": say("Months in each bar: {n}."),
        "averaged": say("Of the sources that spoke, a bar shows the average."),
    }


def _buttons() -> dict[str, str]:
    return {
        "steps": say("Step along the dates"),
        "first": say("To the first dates"),
        "earlier": say("One bar earlier"),
        "play": say("Play"),
        "pause": say("Pause"),
        "later": say("One bar later"),
        "last": say("To the last dates"),
        "all": say("All dates"),
    }
