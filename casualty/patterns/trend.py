"""Trend and change of documented incidents, for all or by group."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casualty.patterns.answers import Answer
from casualty.patterns.rates import rate_ratio
from casualty.patterns.results import ALARM_LEVEL
from geo.faults import TooLittle
from geo.many import benjamini_hochberg
from geo.series.changepoint import BLOCK, ChangePoint, change_point
from geo.series.row import ON_AVERAGE, Series
from geo.series.trend import Trend, yearly
from geo.series.trend import trend as fitted

Floats = NDArray[np.float64]

METHOD = "quasi-Poisson trend; exact conditional Poisson change point"
LATE = "in the latest bins, which late reports may still fill"
LEAST_COMPLETE = 0.9
# Half the 95 % quantile of chi-square with one degree: cuts within it of the best are about as likely.
NEARLY_BEST = 1.9207
NAMED = 5
RANGE = ("low", "best", "high")

DOCUMENTED = "These are documented incidents, not all: a change in who records, or how fast, looks like a change in what happens."
UNIT = "The unit is the incident: one with many victims counts once. Victims stand beside it as low, best and high."
BURSTS = (
    "A cut's p is the larger of two: as if incidents came independently of each other (p_poisson), and with the counts "
    "as uneven as they are (p_blocks). Incidents in bursts make p_poisson too small."
)
ONE_CUT = (
    "One straight trend and one change are looked for, each alone: a steady trend is cut in two by the change point, a "
    "season or a burst can make either."
)
NO_REPORTS = "No days of reports are known: the latest bins may be incomplete, and a fall at the end may be only that."
WHOLE_PERIOD = "Bins without a row in the record count as zero, also where nobody was there to record."


@dataclass(frozen=True, eq=False)
class Asked:
    """One series with its latest bins masked, and what was found in it."""

    series: Series
    masked: int
    slope: Trend
    change: ChangePoint

    @property
    def whole(self) -> Series:
        """The bins that are complete enough."""
        return self.series.until(len(self.series) - self.masked)


def trend(
    series: Sequence[Series],
    *,
    rng: np.random.Generator,
    replications: int = 999,
    least_complete: float = LEAST_COMPLETE,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Answer:
    """Say whether documented incidents rise or fall over the years, and whether their rate changed at one time.

    series: from `counted` or a file, one for each group; replications: draws for each change point; least_complete: the
    latest bins with a smaller part of their reports in are left out. 64 draws share a child generator, so `executor`
    changes nothing.

    n: of the series of all incidents where it is given, else of the series together. Rows of two kinds. With `band`, two
    for each series: the change by the year (ratio with 95 % interval, p; beside it the ratio of the victims, or whatever
    the series carries, at low, best and high, without interval because victims of one incident are no trials), and the
    change point: date of the first bin after it, observed after it, expected at the rate before it, ratio with its
    interval (exact, widened for dispersion, over all cuts nearly as likely, and to 1 where p is above 0.05),
    last_before, log_likelihood_ratio, rates of a bin, p (the larger of p_poisson and p_blocks, both named); alarm:
    p_adjusted at most 0.05 (Benjamini and Hochberg over these rows). Without `band`, one for each bin: observed,
    expected on the line with its interval, what it carries at low, best and high, complete, masked; no p.
    Raises TooLittle where no series has 4 bins and 5 incidents. It does not say why, nor that a group is hit more than
    another: shares are another question.
    """
    found: list[Asked] = []
    faults: list[tuple[str, TooLittle]] = []
    pieces = -(-replications // BLOCK)
    for i, (one, child) in enumerate(zip(series, rng.spawn(len(series)), strict=True)):
        told = progress and partial(_further, progress, i * pieces, len(series) * pieces)
        try:
            found.append(_asked(one, least_complete, child, replications, executor, told))
        except TooLittle as fault:
            faults.append((named(one), fault))
    if not found:
        raise faults[0][1] if faults else TooLittle("there is no series to look at")
    rows, used = _tests(found), [(each.series, each.masked) for each in found]
    return Answer(
        method=METHOD,
        question="Do documented incidents rise or fall over the years, and did their rate change at one time?",
        n=int(sum(one.counts[: len(one) - masked].sum() for one, masked in _once(used))),
        left_out=left_out(used),
        rows=(*rows, *(row for each in found for row in _bins(each))),
        sentence=_sentence(found, rows),
        caveats=_caveats(found, faults),
        parameters=MappingProxyType(
            {
                "every": str(found[0].series.step),
                "groups": [each.series.name for each in found if each.series.name],
                "replications": replications,
                "block": found[0].change.block,
                "least_complete": least_complete,
            }
        ),
        seed=seed_of(rng),
        correction=f"Benjamini and Hochberg over {sum(row['p'] is not None for row in rows)} questions",
    )


def _further(progress: Callable[[int, int], None], before: int, of: int, done: int, _: int) -> None:
    progress(before + done, of)


def _asked(
    series: Series,
    least_complete: float,
    rng: np.random.Generator,
    replications: int,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> Asked:
    masked = series.masked(least_complete)
    counts = series.counts[: len(series) - masked]
    if not len(counts):
        raise TooLittle("late reports may still fill every bin: wait, or ask with a smaller least_complete")
    change = change_point(counts, rng=rng, replications=replications, executor=executor, progress=progress)
    return Asked(series, masked, fitted(counts, ON_AVERAGE[series.step]), change)


def named(series: Series) -> str:
    """Return what a series is called."""
    return series.name or "all incidents"


def seed_of(rng: np.random.Generator) -> int | None:
    """Return the number a generator was seeded with, None if it was another thing."""
    entropy = getattr(rng.bit_generator.seed_seq, "entropy", None)
    return entropy if isinstance(entropy, int) else None


def left_out(asked: Sequence[tuple[Series, int]]) -> Mapping[str, int]:
    """Return the incidents left out by reason: those of the counting, and those in the masked bins."""
    left: dict[str, int] = {}
    for series, _ in asked:
        left |= {reason: max(number, left.get(reason, 0)) for reason, number in series.left_out.items()}
    late = int(sum(series.counts[len(series) - masked :].sum() for series, masked in _once(asked)))
    return MappingProxyType(left | ({LATE: late} if late else {}))


def _once(asked: Sequence[tuple[Series, int]]) -> Sequence[tuple[Series, int]]:
    """Return the series of all incidents where there is one: it holds those of every group."""
    return [pair for pair in asked if pair[0].name is None] or asked


# Rows ----------------------------------------------------------------------------------------------------------------


def _tests(found: Sequence[Asked]) -> list[dict[str, Any]]:
    """Two rows for each series, their p corrected together."""
    rows = [row for each in found for row in (_slope(each), _change(each))]
    adjusted = benjamini_hochberg([np.nan if row["p"] is None else row["p"] for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        row["p_adjusted"] = None if np.isnan(p) else float(p)
        row["alarm"] = bool(p <= ALARM_LEVEL)
    return rows


def _slope(asked: Asked) -> dict[str, Any]:
    part, slope = asked.whole, asked.slope
    return {
        "band": f"{named(part)}: change by the year",
        "group": part.name,
        "date": part.starts[0].isoformat(),
        "to": part.last_day.isoformat(),
        "observed": float(part.counts.sum()),
        "expected": None,
        "ratio": slope.ratio,
        "low": slope.low,
        "high": slope.high,
        "p": slope.p,
        "dispersion": slope.dispersion,
        **_ranges(part),
    }


def _ranges(part: Series) -> dict[str, Any]:
    """The change by the year of what stands beside the incidents, at its low, best and high."""
    if part.marks is None:
        return {}
    sums = zip(RANGE, part.marks.T, strict=True)
    return {f"{part.marked}_ratio_{end}": yearly(each, ON_AVERAGE[part.step]) for end, each in sums}


def _change(asked: Asked) -> dict[str, Any]:
    part, change = asked.whole, asked.change
    after = len(part) - change.cut
    low, high = _interval(part.counts, change)
    return {
        "band": f"{named(part)}: change point",
        "group": part.name,
        "date": part.starts[change.cut].isoformat(),
        "to": part.last_day.isoformat(),
        "observed": float(part.counts[change.cut :].sum()),
        "expected": change.before * after,
        "ratio": change.after / change.before if change.before else np.inf,
        "low": low,
        "high": high,
        "p": change.p,
        "last_before": part.starts[change.cut - 1].isoformat(),
        "step": str(part.step),
        "log_likelihood_ratio": change.log_likelihood_ratio,
        "rate_before": change.before,
        "rate_after": change.after,
        "p_poisson": change.p_poisson,
        "p_blocks": change.p_blocks,
        "dispersion": change.dispersion,
    }


def _interval(counts: Floats, change: ChangePoint) -> tuple[float, float]:
    """The interval of the ratio over all cuts nearly as likely as the best; it holds 1 where the change could be chance."""
    spread = max(1.0, change.dispersion)
    likely = np.flatnonzero(change.ratios >= change.log_likelihood_ratio - NEARLY_BEST * spread) + 1
    limits = [_limits(counts, int(cut), spread) for cut in likely]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    if change.p is None or change.p > ALARM_LEVEL:
        low, high = min(low, 1.0), max(high, 1.0)
    return low, high


def _limits(counts: Floats, cut: int, spread: float) -> tuple[float, float]:
    """Exact limits of the ratio at one cut, drawn out from it by the root of the dispersion."""
    before, after = counts[:cut].sum(), counts[cut:].sum()
    found = rate_ratio(float(after), float(before), len(counts) - cut, cut)
    if not (before and after):
        return found.low ** np.sqrt(spread) if found.low < 1 else found.low, found.high
    return (
        float(found.ratio * (found.low / found.ratio) ** np.sqrt(spread)),
        float(found.ratio * (found.high / found.ratio) ** np.sqrt(spread)),
    )


def _bins(asked: Asked) -> list[dict[str, Any]]:
    one, slope, shown = asked.series, asked.slope, len(asked.whole)
    return [
        {
            "date": day.isoformat(),
            "group": one.name,
            "observed": float(one.counts[i]),
            "expected": float(slope.fitted[i]) if i < shown else None,
            "ratio": float(one.counts[i] / slope.fitted[i]) if i < shown else None,
            "low": float(slope.fitted_low[i]) if i < shown else None,
            "high": float(slope.fitted_high[i]) if i < shown else None,
            "p": None,
            "p_adjusted": None,
            "alarm": False,
            "masked": i >= shown,
            **beside(one, i),
        }
        for i, day in enumerate(one.starts)
    ]


def beside(series: Series, bin_: int) -> dict[str, Any]:
    """Return what stands beside the incidents of a bin: victims, and how complete it should be by now."""
    marks = () if series.marks is None else map(float, series.marks[bin_])
    told: dict[str, Any] = {f"{series.marked}_{end}": mark for end, mark in zip(RANGE, marks, strict=False)}
    return told | ({} if series.complete is None else {"complete": float(series.complete[bin_])})


# Words ---------------------------------------------------------------------------------------------------------------


def _sentence(found: Sequence[Asked], rows: Sequence[Mapping[str, Any]]) -> str:
    several = len(rows) > 2
    stand_out = [row for row in rows if row["alarm"]]
    corrected = f"after correction for {len(rows)} questions"
    if not stand_out:
        return (
            f"Neither a steady trend nor one change of the rate of documented incidents stands out {corrected}; "
            f"that is no sign that there is none."
        )
    said = "; ".join(_said(row, several) for row in stand_out[:NAMED])
    more = f"; and {len(stand_out) - NAMED} more in the table" if len(stand_out) > NAMED else ""
    return (
        f"Documented incidents are consistent with {said}{more} ({corrected}; each is looked for as if alone, and the "
        f"recording may have changed as well)."
    )


def _said(row: Mapping[str, Any], several: bool) -> str:
    whose = f" ({row['group']})" if several and row["group"] else ""
    if "last_before" not in row:
        return f"a {'rise' if row['ratio'] > 1 else 'fall'} by the year{whose}, {_yearly(row)}"
    interval = f"95 % interval {told_number(row['low'])} to {told_number(row['high'])}"
    return (
        f"a change of rate{whose} at {row['date']}, from {told_number(row['rate_before'])} to "
        f"{told_number(row['rate_after'])} a {row['step']} ({told_number(row['ratio'])} times, {interval})"
    )


def _yearly(row: Mapping[str, Any]) -> str:
    """A change by the year in per cent, or in times where it more than doubles or halves."""
    if not 0.5 <= row["ratio"] <= 2:
        each = [told_number(row[name]) for name in ("ratio", "low", "high")]
        return f"{each[0]} times each year (95 % interval {each[1]} to {each[2]})"
    each = [f"{100 * (row[name] - 1):+.1f}" for name in ("ratio", "low", "high")]
    return f"{each[0]} % each year (95 % interval {each[1]} to {each[2]} %)"


def told_number(value: float) -> str:
    """Return a number in three figures."""
    return "without limit" if np.isinf(value) else f"{value:.3g}"


def _caveats(found: Sequence[Asked], faults: Sequence[tuple[str, TooLittle]]) -> tuple[str, ...]:
    uneven = max(found, key=lambda each: each.change.dispersion)
    spread = (
        f"Counts vary {uneven.change.dispersion:.2g} times as much as Poisson counts about the two rates of "
        f"{named(uneven.series)}; intervals allow for it."
    )
    reports = NO_REPORTS if any(each.series.complete is None for each in found) else ""
    few = tuple(f"Not asked of {name}: {fault}." for name, fault in faults)
    return tuple(part for part in (DOCUMENTED, UNIT, BURSTS, spread, ONE_CUT, WHOLE_PERIOD, reports, *few) if part)
