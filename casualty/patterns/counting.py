"""Incidents counted in time: one series for all or one for each group, zeros filled in, nothing smeared."""

from collections.abc import Sequence
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.events import NO_DATE, Events
from geo.faults import TooLittle
from geo.series.delays import completeness, reporting_delays
from geo.series.row import EPOCH, Series, Step, bins, following, number_of

Floats = NDArray[np.float64]

OUTSIDE = "outside the study period"
CUT = "in the part of a {step} that the study period cuts"
COARSE = "date could lie in more than one {step}"


def counted(
    events: Events,
    *,
    every: str = "week",
    groups: Sequence[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> tuple[Series, ...]:
    """Count incidents by day, week, month, quarter or year, each once in every series it belongs to.

    groups: None counts all incidents in one series without a name; otherwise one series for each group named, of the
    incidents with at least one victim of it, so an incident with victims of two groups is in both. since, until: first
    and last day of the study period (None: of the first and last incident, the bins they lie in taken whole); bins
    that it cuts are not counted. A bin without an incident is a zero. An incident whose date could lie in two bins is left out
    and counted in `left_out`, never shared out. `marks`: victims low, best and high (of the group, where its incidents
    are counted). `complete`: from the delays of reports, the same for all groups, where at least 30 incidents have both
    days. Raises UsageFault for another step or group, NotEnoughData without an incident with a usable date. It shows
    what is documented: a period in which nobody recorded is counted as zeros too.
    """
    step = _step(every)
    known = events if groups is None else events.with_identity()
    if groups is not None and not len(known):
        raise NotEnoughData("No incident has a victim of known identity: identities are what is missing.")
    starts, dated = _within(_in_one_bin(known, step), step, since, until)
    edges = np.array([number_of(day) for day in (*starts, following(starts[-1], step))])
    at = np.searchsorted(edges, dated.day_span[:, 0], side="right") - 1
    complete = _complete(dated, edges)
    every_one = np.ones(len(dated))
    if groups is None:
        return (_series(starts, step, at, every_one, dated, None, complete),)
    missing = [group for group in groups if group not in dated.groups]
    if missing:
        raise UsageFault(f"No group {missing[0]!r}; there are: {', '.join(dated.groups) or 'none'}.")
    return tuple(_series(starts, step, at, dated.share(group), dated, group, complete) for group in groups)


def _step(every: str) -> Step:
    if every not in list(Step):
        raise UsageFault(f"Incidents are not counted by {every!r}; choose one of: {', '.join(Step)}.")
    return Step(every)


def _in_one_bin(events: Events, step: Step) -> Events:
    """Return the incidents whose date lies in one bin, wherever within its precision it lies."""
    dated = events.only(np.isfinite(events.day), NO_DATE)
    if not len(dated):
        raise NotEnoughData("No incident has a date: dates are what is missing.")
    first, last = (_day(day) for day in (dated.day_span.min(), dated.day_span.max()))
    edges = np.array([number_of(day) for day in bins(first, last, step)])
    low, high = (np.searchsorted(edges, dated.day_span[:, end], side="right") for end in (0, 1))
    sure = dated.only(low == high, COARSE.format(step=step))
    if not len(sure):
        raise NotEnoughData(f"No date is known to within a {step}: count by a longer step.")
    return sure


def _within(events: Events, step: Step, since: date | None, until: date | None) -> tuple[tuple[date, ...], Events]:
    """Return the bins that lie wholly in the study period, and the incidents in them."""
    first, last = events.day_span[:, 0], events.day_span[:, 1]
    begin, end = since or _day(first.min()), until or _day(last.max())
    inside = events.only((first >= number_of(begin)) & (last <= number_of(end)), OUTSIDE)
    touched = bins(begin, end, step)
    whole = [
        start
        for start in touched
        if (since is None or start >= since)
        and (until is None or number_of(following(start, step)) - 1 <= number_of(until))
    ]
    if not whole or not len(inside):
        raise NotEnoughData(f"No whole {step} with an incident lies in the study period: choose a longer one.")
    low, high = number_of(whole[0]), number_of(following(whole[-1], step)) - 1
    kept = (inside.day_span[:, 0] >= low) & (inside.day_span[:, 1] <= high)
    return tuple(whole), inside.only(kept, CUT.format(step=step))


def _day(number: float) -> date:
    return date.fromordinal(int(number) + EPOCH)


def _complete(events: Events, edges: NDArray[np.int_]) -> Floats | None:
    try:
        delays = reporting_delays(events.day, events.reported)
    except TooLittle:
        return None
    return completeness(delays, edges[:-1], edges[1:] - 1)


def _series(
    starts: tuple[date, ...],
    step: Step,
    at: NDArray[np.intp],
    share: Floats,
    events: Events,
    name: str | None,
    complete: Floats | None,
) -> Series:
    of = share > 0
    counts = np.bincount(at[of], minlength=len(starts)).astype(float)
    # A figure not stated is at least 0, of no known best, and of no upper limit.
    stated = np.column_stack([np.nan_to_num(events.victims[:, 0]), events.victims[:, 1:]])
    stated[:, 2] = np.where(np.isnan(stated[:, 2]), np.inf, stated[:, 2])
    marks: Floats = np.column_stack(
        [
            np.bincount(at[of], stated[of, i] * share[of], minlength=len(starts)).astype(float)
            for i in range(stated.shape[1])
        ]
    )
    left = MappingProxyType(dict(events.left_out))
    return Series(starts, counts, step, name, marks, complete, "victims", left)
