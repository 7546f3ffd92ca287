"""Areas against their precision, and rates against denominators that are not known well.

A funnel plot keeps small areas from looking extreme: each ratio stands against limits as wide as its own precision
makes them, widened once more where areas vary more than chance alone would have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from casualty.errors import Fault, InvalidRecords, NotEnoughData
from casualty.patterns.answers import Answer
from casualty.patterns.rates import Floats, adjust, as_ratio, at_least, at_most, share_interval, share_p
from casualty.patterns.results import ALARM_LEVEL
from casualty.patterns.wording import amount, interval, number

Base = Literal["incidents", "people"]

LEVELS = {"95": 0.95, "998": 0.998}
# Overdispersion is the mean of squared scores of which the outer tenth on either side is drawn in.
WINSORISED = 0.1
# Fewer areas do not tell how much areas vary.
LEAST_FOR_SPREAD = 5
NAMED = 8

METHOD = "funnel plot with exact limits (Spiegelhalter 2005)"


@dataclass(frozen=True, slots=True)
class Range:
    """A rate ratio, and what it becomes when both denominators move through the ranges stated for them.

    ratio, low, high: at the best figures, with exact 95 % interval. least, most: the ratio at the denominators that
    make it smallest and largest; low_least, high_most: the outer ends of the interval there. tipping: people of the
    group at which the interval touches 1 when the others' best figure holds, None where it holds 1 already;
    tipping_times: the same as a multiple of the group's best figure; holds: whether 1 stays outside the interval wherever
    in both ranges the figures lie.
    """

    ratio: float
    low: float
    high: float
    least: float
    most: float
    low_least: float
    high_most: float
    tipping: float | None
    tipping_times: float | None
    holds: bool
    sentence: str


def over_range(
    incidents: float, others: float, people: tuple[float, float, float], rest: tuple[float, float, float]
) -> Range:
    """Return a group's rate ratio over denominators that are only known as low, best and high.

    incidents, others: incidents of the group and of all others (parts of incidents are possible). people, rest: low,
    best, high figure of the group and of all others. Raises InvalidRecords where these are not above 0 and in order,
    NotEnoughData without any incident. Exact conditional interval (Przyborowski and Wilenski 1940). Shows what a wrong
    figure could do, not which figure is right.
    """
    _check_range(incidents, others, people, rest)
    total = incidents + others
    share_low, share_high = (float(limit) for limit in share_interval(incidents, total))

    def at(share: float, group: float, those: float) -> float:
        return float(as_ratio(share, group / those))

    low, high = at(share_low, people[1], rest[1]), at(share_high, people[1], rest[1])
    touching = share_low if low > 1 else share_high if high < 1 else None
    tipping = None if touching is None else rest[1] * touching / (1 - touching)
    seen = incidents / total
    found = {
        "ratio": at(seen, people[1], rest[1]),
        "least": at(seen, people[2], rest[0]),
        "most": at(seen, people[0], rest[2]),
        "low_least": at(share_low, people[2], rest[0]),
        "high_most": at(share_high, people[0], rest[2]),
    }
    times = None if tipping is None else tipping / people[1]
    holds = found["low_least"] > 1 or found["high_most"] < 1
    said = _said(found, low, high, tipping, people[1], holds)
    return Range(low=low, high=high, tipping=tipping, tipping_times=times, holds=holds, sentence=said, **found)


def _check_range(incidents: float, others: float, *ranges: tuple[float, float, float]) -> None:
    if not (incidents >= 0 and others >= 0 and np.isfinite(incidents + others)):
        raise InvalidRecords("The counts of incidents are not numbers of 0 or more. Correct them.")
    if any(not (0 < low <= best <= high < np.inf) for low, best, high in ranges):
        raise InvalidRecords("A population range is not above 0 with low, best and high in order. Correct the figures.")
    if incidents + others == 0:
        raise NotEnoughData("No incident, so no rate. Record incidents with known identity or take a longer period.")


def _said(
    found: Mapping[str, float], low: float, high: float, tipping: float | None, people: float, holds: bool
) -> str:
    told = (
        f"Incidents per head were {number(found['ratio'])} times those of all others ({interval(low, high)}), "
        f"{number(found['least'])} to {number(found['most'])} times over the ranges stated for both populations"
    )
    if tipping is None:
        return f"{told}: no difference beyond chance at the best figures; that is not a sign that there is none."
    end = "so a difference is left at every stated figure" if holds else "so the stated figures leave it open"
    least = f"{amount(round(tipping))} people in the group, {number(tipping / people)} times its figure"
    return f"{told}; it could be chance at {least}, {end}."


def funnel(
    areas: Sequence[str],
    observed: ArrayLike,
    base: ArrayLike,
    *,
    of: Base,
    low_base: ArrayLike | None = None,
    high_base: ArrayLike | None = None,
    group: str = "the group",
    left_out: Mapping[str, int] | None = None,
) -> Answer:
    """Return each area's ratio to the rate of the whole, with the limits that chance sets at its precision.

    areas: codes (n,); observed: the group's incidents in each (parts are possible); base: all its incidents (`of`
    "incidents") or its people; NaN where an area has no data: it is left out and counted, never zero. low_base,
    high_base: the range of the people's figures, if stated.

    The law: out of incidents, binomial with the whole's share; out of people, binomial in all of the group's incidents
    with the area's part of the people. Rows by `area`: observed, expected, ratio with exact 95 % interval (low, high),
    precision (expected); lower_95, upper_95, lower_998, upper_998: control limits of the ratio, interpolated between
    whole counts; wide_...: the same drawn out by the square root of the overdispersion; outside_95, outside_998: beyond
    the wide ones; score: normal score of the exact mid-p; p: exact, or that of the score over the square root of the
    overdispersion where that is larger; p_adjusted (Benjamini and Hochberg 1995); alarm: p_adjusted at most 0.05 and 1
    outside the interval. With people: tipping_base, at which the interval touches 1; least, most: ratio at high_base
    and low_base, the rest of the country at its figure. parameters["overdispersion"]: 1 where areas vary no more than
    chance. Raises NotEnoughData for fewer than two areas with data or no incident, InvalidRecords for a base of 0 or a
    count that is none. Source: Spiegelhalter 2005. Does not show why an area differs.
    """
    x, n = np.asarray(observed, dtype=float).ravel(), np.asarray(base, dtype=float).ravel()
    _check(areas, x, n, of)
    known = np.isfinite(x) & np.isfinite(n)
    names, x, n = [area for area, kept in zip(areas, known, strict=True) if kept], x[known], n[known]
    total, whole = float(x.sum()), float(n.sum())
    if len(names) < 2 or not total > 0 or (of == "incidents" and total >= whole):
        raise NotEnoughData("A funnel needs two areas with data and a rate that is neither none nor all. Add areas.")
    trials = n if of == "incidents" else np.full(n.size, total)
    chance = np.full(n.size, total / whole) if of == "incidents" else n / whole
    figures = _figures(x, trials, chance)
    spread = _overdispersion(figures["score"])
    figures |= _widened(figures, spread)
    if of == "people":
        figures |= _bases(
            figures,
            x,
            n,
            whole,
            [None if b is None else np.asarray(b, dtype=float).ravel()[known] for b in (low_base, high_base)],
        )
    rows = tuple(MappingProxyType({"area": area} | _plain(figures, i)) for i, area in enumerate(names))
    return Answer(
        method=METHOD,
        question=f"Which areas differ from the whole in incidents with victims of {group}, given their precision?",
        n=round(whole) if of == "incidents" else round(total),
        left_out=MappingProxyType(dict(left_out or {})),
        rows=rows,
        sentence=_sentence(rows, group, spread),
        caveats=_caveats(int((~known).sum()), of, spread),
        parameters=MappingProxyType({"group": group, "base": of, "overdispersion": spread, "rate": total / whole}),
        correction=f"Benjamini and Hochberg over {len(rows)} areas",
    )


def _check(areas: Sequence[str], x: Floats, n: Floats, of: Base) -> None:
    if not len(areas) == x.size == n.size:
        raise InvalidRecords("Areas, counts and bases differ in number. Give one of each per area.")
    wrong = [
        ((x < 0) | np.isinf(x), "observed", "The count is below 0 or infinite.", "Correct it."),
        (
            (n <= 0) | np.isinf(n),
            "base",
            "The base is 0, below it or infinite: there is no rate.",
            "Correct the figure.",
        ),
        ((x > n * (1 + 1e-9)) & (of == "incidents"), "observed", "More than the base.", "Count both alike."),
    ]
    faults = [
        Fault(0, f"{areas[int(i)]}, {what}", said, mend) for bad, what, said, mend in wrong for i in np.flatnonzero(bad)
    ]
    if faults:
        raise InvalidRecords("The areas cannot be compared.", faults)


def _figures(x: Floats, trials: Floats, chance: Floats) -> dict[str, Floats]:
    """Everything about each area that is exact: x of so many trials, each the area's with this chance."""
    from scipy.stats import norm

    expected = trials * chance
    low, high = share_interval(np.minimum(x, trials), trials)
    tail_up, tail_down = at_least(x, trials, chance), at_most(x, trials, chance)
    mid = np.clip((tail_up + 1 - tail_down) / 2, 1e-300, 1 - 1e-16)
    figures = {
        "observed": x,
        "expected": expected,
        "ratio": x / expected,
        "low": low / chance,
        "high": high / chance,
        "precision": expected,
        "score": np.asarray(norm.isf(mid)),
        "exact_p": np.array([share_p(*one) for one in zip(x, trials, chance, strict=True)]),
    }
    for name, level in LEVELS.items():
        figures[f"lower_{name}"] = control_limit(trials, chance, (1 - level) / 2) / expected
        figures[f"upper_{name}"] = control_limit(trials, chance, (1 + level) / 2) / expected
    return figures


def control_limit(trials: ArrayLike, chance: ArrayLike, part: float) -> Floats:
    """Return the count below which a part of the binomial law lies, interpolated between whole counts.

    `trials` whole numbers, `chance` of each, arrays of one shape; `part` between 0 and 1. Source: Spiegelhalter 2005,
    appendix: with r the smallest count of which at least the part lies at or below, r less (P(X <= r) - part) / P(X = r).
    """
    from scipy.stats import binom

    n, share = np.round(np.asarray(trials, dtype=float)), np.asarray(chance, dtype=float)
    count = binom.ppf(part, n, share)
    over = (binom.cdf(count, n, share) - part) / binom.pmf(count, n, share)
    return np.asarray(np.maximum(count - over, 0.0))


def _overdispersion(score: Floats) -> float:
    """Mean of the squared scores, the outer tenth on either side drawn in; 1 where that is no more than chance."""
    if score.size < LEAST_FOR_SPREAD:
        return 1.0
    drawn_in = np.clip(score, *np.quantile(score, [WINSORISED, 1 - WINSORISED]))
    spread = float((drawn_in**2).mean())
    return spread if spread * score.size > score.size - 1 else 1.0


def _widened(figures: dict[str, Floats], spread: float) -> dict[str, Floats]:
    from scipy.stats import norm

    wide: dict[str, Any] = {}
    for name in LEVELS:
        wide[f"wide_lower_{name}"] = np.maximum(1 + (figures[f"lower_{name}"] - 1) * sqrt(spread), 0.0)
        wide[f"wide_upper_{name}"] = 1 + (figures[f"upper_{name}"] - 1) * sqrt(spread)
        beyond = figures["ratio"] > wide[f"wide_upper_{name}"]
        wide[f"outside_{name}"] = beyond | (figures["ratio"] < wide[f"wide_lower_{name}"])
    scored = 2 * norm.sf(np.abs(figures["score"]) / sqrt(spread))
    wide["p"] = figures["exact_p"] if spread == 1 else np.maximum(figures["exact_p"], scored)
    wide["p_adjusted"] = adjust(wide["p"])
    apart = (figures["low"] > 1) | (figures["high"] < 1)
    return wide | {"alarm": (wide["p_adjusted"] <= ALARM_LEVEL) & apart}


def _bases(
    figures: dict[str, Floats], x: Floats, n: Floats, whole: float, stated: list[Floats | None]
) -> dict[str, Floats]:
    """What the people's figures decide: the base at which the interval touches 1, and the ratio over their range."""
    total, rest = float(x.sum()), whole - n
    low, high = share_interval(x, total)
    touching = np.where(figures["low"] > 1, low, np.where(figures["high"] < 1, high, np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {"tipping_base": rest * touching / (1 - touching)}
    for name, base in zip(("most", "least"), stated, strict=True):
        if base is not None:
            found[name] = x / (total * base / (base + rest))
    return found


def _plain(figures: Mapping[str, Any], i: int) -> dict[str, Any]:
    return {name: values[i].item() for name, values in figures.items()}


def _sentence(rows: Sequence[Mapping[str, Any]], group: str, spread: float) -> str:
    found = sorted((row for row in rows if row["alarm"]), key=lambda row: row["p"])
    after = f"after correction for {len(rows)} areas" + (" and for how much areas vary anyway" if spread > 1 else "")
    if not found:
        return (
            f"No area differs from the whole in incidents of {group} beyond what its precision allows, {after}; "
            "that is not a sign that there is no difference."
        )
    named = ", ".join(f"{row['area']} ({number(row['ratio'])} times)" for row in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return (
        f"{len(found)} of {len(rows)} areas differ from the whole in incidents of {group} by more than chance would "
        f"have it: {named}{more}, {after}; this does not say why."
    )


def _caveats(lost: int, of: Base, spread: float) -> tuple[str, ...]:
    said = [
        "These are documented incidents, one vote each; what is recorded more often seems to happen more often.",
        "Out of all incidents, a high share may only be where the group lives."
        if of == "incidents"
        else "The people are where they were counted; displacement moves the risk and not the figure.",
    ]
    if spread > 1:
        said.append(
            f"Areas vary {number(spread)} times as much as chance alone would have it; limits and p allow for it."
        )
    if lost:
        said.append(f"{lost} areas without a count or a base are left out; they are not zero.")
    return tuple(said)
