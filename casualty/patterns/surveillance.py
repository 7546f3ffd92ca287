"""Alarms in time: the bins in which documented incidents were more than those before them lead to expect."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np

from casualty.errors import UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.trend import (
    DOCUMENTED,
    LEAST_COMPLETE,
    NAMED,
    NO_REPORTS,
    UNIT,
    WHOLE_PERIOD,
    beside,
    left_out,
    named,
    told_number,
)  # fmt: skip
from geo.faults import TooLittle
from geo.many import benjamini_hochberg
from geo.series.alarms import Alarms
from geo.series.cusum import H, K, cusum
from geo.series.ears import ears
from geo.series.farrington import IMPROVED, ORIGINAL, Settings, Threshold, farrington
from geo.series.row import PER_YEAR, Series, Step

Method = Literal["ears-c1", "ears-c2", "ears-c3", "cusum", "farrington", "noufaily"]
EARS = {"ears-c1": 1, "ears-c2": 2, "ears-c3": 3}
YEARLY = {"farrington": ORIGINAL, "noufaily": IMPROVED}

TITLES = {
    "ears-c1": "EARS C1 (Hutwagner and others 2003)",
    "ears-c2": "EARS C2 (Hutwagner and others 2003)",
    "ears-c3": "EARS C3 (Hutwagner and others 2003)",
    "cusum": "cumulative sum (Rossi and others 1999)",
    "farrington": "Farrington's alarm (Farrington and others 1996)",
    "noufaily": "Farrington's alarm, improved (Noufaily and others 2013)",
}
# Chosen so that counts without a change, varying up to three times as much as Poisson counts, raise an alarm in at most
# about one bin in twenty. The literature's own (no least spread; 0.025 for C3) do so in up to one bin in six.
EARS_ALPHA = {"ears-c1": 0.001, "ears-c2": 0.001, "ears-c3": 1e-5}
EARS_BASELINE, LEAST_SPREAD = 7, 1.0
FARRINGTON_ALPHA = 0.005
FALSE_ALARMS = 0.05
# Half a window, seasons and the gap before the judged bin, in bins, by how long these are (Noufaily's for weeks).
SEASONS = {Step.WEEK: (3, 10, 26), Step.MONTH: (1, 4, 6), Step.QUARTER: (0, 4, 2)}
# A cumulative sum learns from the first half of the series, two years at most.
LEARNING_YEARS, LEAST_LEARNING = 2, 8


def surveillance(
    series: Series,
    *,
    method: Method = "ears-c1",
    alpha: float | None = None,
    baseline: int | None = None,
    least_spread: float = LEAST_SPREAD,
    years: int = 5,
    half_window: int | None = None,
    threshold: Threshold | None = None,
    k: float = K,
    h: float = H,
    least_complete: float = LEAST_COMPLETE,
) -> Answer:
    """Say in which bins there were more documented incidents than those before lead to expect.

    series: from `counted` or a file. alpha: one-sided chance of a false alarm in a bin if the method's law held (None:
    0.001 for C1 and C2, 1e-5 for C3, 0.005 for Farrington's; the cumulative sum has k and h instead). baseline: bins
    before the judged one (EARS, None: 7), or first bins that the cumulative sum learns its mean and dispersion from
    (None: the first half, two years at most). least_spread: EARS takes the baseline's standard deviation to be at least this;
    0 is as published. years, half_window, threshold: of Farrington's, as in geo.series.Settings. least_complete: bins
    at the end with a smaller part of their reports in are masked: shown, without an alarm.

    Rows by `date` (first day of the bin), for each bin judged and each masked: observed, expected, ratio, low (None),
    high: the count above which an alarm is raised (from which on, for the cumulative sum), None where Farrington's
    method raises none because fewer than 5 were counted in 4 bins; p: chance of as many or more (Farrington's, None
    elsewhere), p_adjusted: Benjamini and Hochberg over all bins judged; alarm: by the threshold, bin by bin; masked.
    Raises TooLittle where the series is too short for the method, UsageFault for a method that is none or does not fit
    the step. An alarm is a reason to look, no finding: nothing tells a rise of incidents from a rise of recording.
    """
    masked = series.masked(least_complete)
    part = series.until(len(series) - masked)
    if not len(part):
        raise TooLittle("late reports may still fill every bin: wait, or ask with a smaller least_complete")
    chosen = _chosen(part, method, alpha, baseline, least_spread, years, half_window, threshold, k, h)
    found = _judged(part, method, chosen)
    rows = [_row(series, found, i) for i in range(len(part)) if found.watched[i]]
    adjusted = benjamini_hochberg([np.nan if row["p"] is None else row["p"] for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        row["p_adjusted"] = None if np.isnan(p) else float(p)
    late = [_late(series, i) for i in range(len(part), len(series))]
    return Answer(
        method=TITLES[method],
        question=f"In which {series.step}s were there more incidents than those before lead to expect?",
        n=int(part.counts.sum()),
        left_out=left_out([(series, masked)]),
        rows=(*rows, *late),
        sentence=_sentence(series, method, rows, late),
        caveats=_caveats(series, method, chosen),
        parameters=MappingProxyType(
            {"method": method, "every": str(series.step), "group": series.name, "least_complete": least_complete}
            | chosen
        ),
        correction=f"Benjamini and Hochberg over {len(rows)} {series.step}s" if found.p is not None else "",
    )


def _chosen(
    part: Series,
    method: str,
    alpha: float | None,
    baseline: int | None,
    least_spread: float,
    years: int,
    half_window: int | None,
    threshold: Threshold | None,
    k: float,
    h: float,
) -> dict[str, Any]:
    """What the method is run with, nothing left open."""
    if method in EARS:
        return {
            "alpha": EARS_ALPHA[method] if alpha is None else alpha,
            "baseline": EARS_BASELINE if baseline is None else baseline,
            "least_spread": least_spread,
        }
    if method == "cusum":
        return {"k": k, "h": h, "baseline": _learning(part) if baseline is None else baseline}
    if method not in YEARLY:
        raise UsageFault(f"The method {method!r} is not known; choose one of: {', '.join(get_args(Method))}.")
    if part.step not in SEASONS:
        raise UsageFault(f"Farrington's method compares weeks, months or quarters: {part.step}s it cannot.")
    return {
        "alpha": FARRINGTON_ALPHA if alpha is None else alpha,
        "years": years,
        "half_window": SEASONS[part.step][0] if half_window is None else half_window,
        "threshold": threshold or YEARLY[method].threshold,
    }


def _learning(part: Series) -> int:
    half = min(len(part) // 2, LEARNING_YEARS * PER_YEAR[part.step])
    if half < LEAST_LEARNING:
        raise TooLittle(
            f"{len(part)} {part.step}s; a cumulative sum needs at least {2 * LEAST_LEARNING}: a longer time"
        )
    return half


def _judged(part: Series, method: str, chosen: Mapping[str, Any]) -> Alarms:
    if method in EARS:
        return ears(part.counts, EARS[method], **chosen)
    if method == "cusum":
        first = chosen["baseline"]
        spread = _dispersion(part.counts[:first])
        return cusum(part.counts, first, k=chosen["k"], h=chosen["h"], scale="rossi", dispersion=spread, reset=True)
    return farrington(part.counts, _settings(part.step, method, chosen))


def _dispersion(counts: Any) -> float:
    mean = counts.mean() if len(counts) > 1 else 0.0
    return max(1.0, float(counts.var(ddof=1) / mean)) if mean > 0 else 1.0


def _settings(step: Step, method: str, chosen: Mapping[str, Any]) -> Settings:
    settings = replace(YEARLY[method], per_year=PER_YEAR[step], **chosen)
    if method == "farrington":
        return settings
    _, seasons, gap = SEASONS[step]
    return replace(settings, seasons=seasons, gap=gap)


# Rows ----------------------------------------------------------------------------------------------------------------


def _row(series: Series, found: Alarms, i: int) -> dict[str, Any]:
    observed, expected, upper = float(series.counts[i]), float(found.expected[i]), float(found.upper[i])
    return {
        "date": series.starts[i].isoformat(),
        "group": series.name,
        "observed": observed,
        "expected": expected,
        "ratio": observed / expected if expected else None,
        "low": None,
        "high": None if np.isnan(upper) else upper,
        "p": None if found.p is None else float(found.p[i]),
        "p_adjusted": None,
        "alarm": bool(found.alarm[i]),
        "masked": False,
        **beside(series, i),
    }


def _late(series: Series, i: int) -> dict[str, Any]:
    nothing = dict.fromkeys(("expected", "ratio", "low", "high", "p", "p_adjusted"))
    first = {"date": series.starts[i].isoformat(), "group": series.name, "observed": float(series.counts[i])}
    return first | nothing | {"alarm": False, "masked": True, **beside(series, i)}


# Words ---------------------------------------------------------------------------------------------------------------


def _sentence(series: Series, method: str, rows: list[dict[str, Any]], late: list[dict[str, Any]]) -> str:
    raised = [row for row in rows if row["alarm"]]
    step, judged, whose = series.step, f"{len(rows)} {series.step}s judged", named(series)
    waiting = f" The last {len(late)} are masked, because late reports may still fill them." if late else ""
    if not raised:
        return (
            f"In none of the {judged} were documented incidents ({whose}) more than this method takes for chance; that is "
            f"no sign that nothing changed.{waiting}"
        )
    dates = ", ".join(
        f"{row['date']} ({told_number(row['observed'])} where {told_number(row['expected'])} were expected)"
        for row in raised[-NAMED:]
    )
    latest = "the latest: " if len(raised) > NAMED else ""
    return (
        f"{len(raised)} of the {judged} raise an alarm for documented incidents ({whose}), {_weighed(rows, raised)}; "
        f"{latest}{dates}. Each {step} is judged alone.{waiting}"
    )


def _weighed(rows: list[dict[str, Any]], raised: list[dict[str, Any]]) -> str:
    """What so many alarms are worth among so many bins."""
    chance = max(1, round(FALSE_ALARMS * len(rows)))
    clear = sum(row["p_adjusted"] is not None and row["p_adjusted"] <= FALSE_ALARMS for row in raised)
    if clear:
        told = f"{clear} of them clear after correction for all bins"
    elif len(raised) > chance:
        told = f"more than the about {chance} that can come without any change"
    else:
        return f"where up to about {chance} can come without any change: reasons to look, no finding"
    return f"{told}: consistent with a rise of incidents or of their recording"


def _caveats(series: Series, method: str, chosen: Mapping[str, Any]) -> tuple[str, ...]:
    alone = (
        f"Each {series.step} is judged by itself. Simulated counts without a change, as uneven as three times Poisson, "
        f"raised an alarm in at most about {FALSE_ALARMS:.0%} of bins with what is chosen by default; alpha is what it "
        f"would be if the method's law held."
    )
    about = {
        "cusum": "A cumulative sum speaks of the recent bins together, not of this one; it begins anew after an alarm.",
        "farrington": "Past outbreaks are damped, seasons of earlier years compared; a changed way of recording is not seen.",
        "noufaily": "Past outbreaks are damped, seasons of earlier years compared; a changed way of recording is not seen.",
    }
    short = "Only the few bins before count: a slow rise moves the baseline along, and seasons are not seen."
    reports = NO_REPORTS if series.complete is None else ""
    return tuple(part for part in (DOCUMENTED, UNIT, alone, about.get(method, short), WHOLE_PERIOD, reports) if part)
