"""How late events are reported, and how much of the latest bins must therefore still be missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.faults import TooLittle, Unusable

Floats = NDArray[np.float64]

LEAST_PAIRS = 30


@dataclass(frozen=True, eq=False)
class Delays:
    """The law of the delay from event to report.

    share (d + 1,): part of all events, among those reported within d days, that is reported within 0, 1, ... d days;
    n: events behind it; until: the day up to which reports were seen.
    """

    share: Floats
    n: int
    until: int

    def within(self, days: ArrayLike) -> Floats:
        """Return the part of the events that is reported within so many days (below 0: none)."""
        waited = np.asarray(days, dtype=float)
        place = np.clip(np.floor(waited), 0, len(self.share) - 1).astype(int)
        return np.where(waited < 0, 0.0, self.share[place])


def reporting_delays(happened: ArrayLike, reported: ArrayLike, until: int | None = None) -> Delays:
    """Estimate the delays of reports without taking the newest events for quickly reported ones.

    happened, reported: (n,) days; pairs with a value that is not finite or a report before the event are not used;
    until: the last day whose reports are in (None: the latest report). An event of t days ago can only be seen with a
    delay up to t: the reverse hazard compares each delay with those events alone that could have shown it (Kalbfleisch
    and Lawless 1989). Delays longer than 30 events could have shown are not judged, and count as never. Raises TooLittle
    for fewer than 30 pairs. It holds if delays have not changed; what is never reported is in no delay.
    """
    start, report = np.floor(np.asarray(happened, dtype=float)), np.floor(np.asarray(reported, dtype=float))
    if start.shape != report.shape:
        raise Unusable("each event needs its day and its report's day: the columns are of unlike length")
    known = np.isfinite(start) & np.isfinite(report)
    last = int(report[known].max()) if until is None and known.any() else until or 0
    usable = known & (report >= start) & (report <= last)
    delay, could = (report - start)[usable].astype(int), (last - start[usable]).astype(int)
    if len(delay) < LEAST_PAIRS:
        raise TooLittle(
            f"{len(delay)} events have both days; {LEAST_PAIRS} are needed to tell how late reports are: record the "
            f"day of the report"
        )
    longest = int(np.sort(could)[-LEAST_PAIRS])
    return Delays(_reversed(delay, could, min(longest, int(delay.max()))), len(delay), last)


def _reversed(delay: NDArray[np.int_], could: NDArray[np.int_], longest: int) -> Floats:
    """The share reported within each delay, from the longest back to none."""
    share = np.ones(longest + 1)
    for days in range(longest, 0, -1):
        at_risk = int(((delay <= days) & (could >= days)).sum())
        now = int(((delay == days) & (could >= days)).sum())
        share[days - 1] = share[days] * (1 - now / at_risk) if at_risk else share[days]
    return share


def completeness(delays: Delays, first: ArrayLike, last: ArrayLike) -> Floats:
    """Return the part of each bin's events that should have been reported by now; first, last: (n,) its days."""
    starts, ends = np.asarray(first, dtype=int), np.asarray(last, dtype=int)
    return np.array(
        [delays.within(delays.until - np.arange(a, b + 1)).mean() for a, b in zip(starts, ends, strict=True)]
    )
