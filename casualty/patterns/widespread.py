"""Measures of a widespread and of a systematic attack side by side: what the record holds, never a verdict or a score.

The two words are those of the Rome Statute (art. 7) and of the UN Framework of Analysis for Atrocity Crimes; either is
enough there, and neither is decided here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events, Floats
from casualty.patterns.signature import PAIRS, Period, Progress, in_one, part_of, periods, repeated_signature, seeded
from casualty.patterns.wording import amount, chance, count, interval, number, percent
from geo.permuting import central

WIDESPREAD, SYSTEMATIC = "widespread", "systematic"
LEAST_RESAMPLED = 5

INCIDENTS, AREAS, EVENNESS = "incidents", "areas with an incident", "effective number of areas"
VICTIMS = ("victims, low", "victims, best", "victims, high")
LARGEST, MONTHS = "share of victims in the largest incident", "months with an incident"
GAP, ACTOR = "longest gap between incidents, days", "share of incidents by the leading alleged actor"
REPEATED = "pairs of incidents with one signature"
SIDE = MappingProxyType(
    dict.fromkeys((INCIDENTS, *VICTIMS, AREAS, EVENNESS, LARGEST), WIDESPREAD)
    | dict.fromkeys((MONTHS, GAP, ACTOR, REPEATED), SYSTEMATIC)
)

CAVEATS = (
    "Documented incidents, not all: a measure can be high because much was recorded, and low because little was.",
    "These are measures, not elements of a crime. Whether an attack was widespread or systematic, or directed against "
    "anyone, is a conclusion that people draw from all the evidence; nothing is added up here.",
    "Victims are those of an incident's figures, by the group's part among its victims of known identity.",
    "Other incidents differ in place, time and who records them; thinned to an equal number they are a yardstick, not "
    "a null hypothesis. The resampled interval takes incidents as independent.",
)


@dataclass(frozen=True, eq=False)
class Side:
    """Incidents of one kind, ready to be measured: number of the area (-1: not known), day (NaN: not known to a month).

    victims (n, 3): low, best, high of this kind; actors: n by actors, who is alleged of each.
    """

    area: NDArray[np.intp]
    day: Floats
    victims: Floats
    actors: Floats

    def taken(self, chosen: NDArray[np.intp]) -> "Side":
        return Side(self.area[chosen], self.day[chosen], self.victims[chosen], self.actors[chosen])


def widespread(
    events: Events,
    group: str,
    *,
    rng: np.random.Generator,
    areas: int | None = None,
    period: Period = "year",
    draws: int = 999,
    progress: Progress | None = None,
) -> Answer:
    """Measure scale, spread, persistence and repetition of incidents with victims of a group, beside all others.

    `areas`: how many units there are in all (None: as many as hold an incident of any kind); `period`: of the strata of
    the repeated-signature test; `draws`: how often the larger side is thinned at random to the size of the smaller, and
    incidents are resampled. Rows: `band` names the measure, `side` says to which word it belongs; observed: of the
    group's incidents, all of them; thinned: mean over draws of as many as are compared (`compared`); expected: the same
    of all other incidents; ratio: thinned over expected; low, high, p, p_adjusted: of the repeated-signature test only,
    whose observed and expected are pairs against chance; observed_low, observed_high: 95 % by resampling incidents (the
    effective number of areas only); expected_low, expected_high: central 95 % of the draws; of: out of how many; unknown:
    incidents of the group for which the measure is not known. alarm is always false: there is no verdict here.

    Raises UsageFault (no such group), NotEnoughData (no incident of the group with known identity). Sources: Simpson
    1949 and Hill 1973 (effective number of areas: one over the chance that two incidents lie in one); Rome Statute
    art. 7 and Elements of Crimes; Framework of Analysis, risk factor 11. Does not show intent, policy, nor what was
    never recorded.
    """
    if group not in events.groups:
        raise UsageFault(f"No group {group} among the incidents; there are: {', '.join(events.groups) or 'none'}.")
    used = events.with_identity()
    share = used.share(group)
    if not (share > 0).any():
        raise NotEnoughData(f"No incident has a victim known to be of {group}. Record identities with their basis.")
    own, others = _sides(used, share)
    of = {AREAS: areas or len(_held(used.area)), MONTHS: _months(_dated(used))}
    rows = [*_measured(own, others, of, rng, draws, progress), _repeated(events, group, period, draws, rng, progress)]
    return Answer(
        method="widespread and systematic measures",
        question=f"How large, how spread, how lasting and how alike are incidents with victims of {group}?",
        n=len(used),
        left_out=used.left_out,
        rows=tuple(rows),
        sentence=_sentence(group, {row["band"]: row for row in rows}, others),
        caveats=CAVEATS,
        parameters=MappingProxyType({"group": group, "areas": areas, "period": period, "draws": draws}),
        seed=seeded(rng),
    )


def _held(values: tuple[str | None, ...]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _months(day: Floats) -> int:
    """How many months the incidents span, first and last counted."""
    known = day[np.isfinite(day)]
    return int(np.ptp(periods(known, "month"))) + 1 if known.size else 0


def _sides(events: Events, share: Floats) -> tuple[Side, Side]:
    """The incidents with a victim of the group, with its part of their victims; and those without one."""
    codes = {code: i for i, code in enumerate(_held(events.area))}
    alleged = part_of(events, "actors")
    actors = sorted(frozenset().union(*alleged))
    every = Side(
        area=np.array([-1 if area is None else codes[area] for area in events.area], dtype=np.intp),
        day=_dated(events),
        victims=events.victims * np.where(share > 0, share, 1.0)[:, None],
        actors=np.array([[actor in each for actor in actors] for each in alleged], dtype=float).reshape(len(share), -1),
    )
    return every.taken(np.flatnonzero(share > 0)), every.taken(np.flatnonzero(share == 0))


def _dated(events: Events) -> Floats:
    """The days of incidents that are known to within one month, NaN for the others."""
    day = events.day.copy()
    there = np.flatnonzero(np.isfinite(day))
    day[there[~in_one(events.only(np.isfinite(day)), "month")]] = np.nan
    return day


def _areas(side: Side) -> float:
    known = side.area[side.area >= 0]
    return float(np.unique(known).size) if known.size else np.nan


def _together(number: NDArray[np.intp], weights: Floats) -> Floats:
    """The part of pairs of incidents that lie in one area, each incident counted `weights` (draws by n) times.

    Simpson's unbiased index: a resampled incident makes no pair with itself.
    """
    held = np.array([np.bincount(number, weights=each) for each in weights])
    squares, every = (weights**2).sum(axis=1), weights.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(((held**2).sum(axis=1) - squares) / (every**2 - squares))


def _evenness(side: Side) -> float:
    known = side.area[side.area >= 0]
    held = _areas(side)
    part = _together(known, np.ones((1, known.size)))[0] if known.size > 1 else 1.0
    return min(1 / part, held) if part else held


def _largest(side: Side) -> float:
    best = side.victims[:, 1]
    total = np.nansum(best)
    return float(np.nanmax(best) / total) if total > 0 else np.nan


def _in_months(side: Side) -> float:
    known = side.day[np.isfinite(side.day)]
    return float(np.unique(periods(known, "month")).size) if known.size else np.nan


def _gap(side: Side) -> float:
    known = np.sort(side.day[np.isfinite(side.day)])
    return float(np.diff(known).max()) if known.size > 1 else np.nan


def _leading(side: Side) -> float:
    known = side.actors[side.actors.any(axis=1)]
    return float(known.mean(axis=0).max()) if known.size else np.nan


def _victims(column: int) -> Callable[[Side], float]:
    def total(side: Side) -> float:
        known = side.victims[:, column]
        return float(np.nansum(known)) if np.isfinite(known).any() else np.nan

    return total


MEASURES: Mapping[str, Callable[[Side], float]] = MappingProxyType(
    {INCIDENTS: lambda side: float(side.day.size)}
    | {name: _victims(column) for column, name in enumerate(VICTIMS)}
    | {AREAS: _areas, EVENNESS: _evenness, LARGEST: _largest, MONTHS: _in_months, GAP: _gap, ACTOR: _leading}
)


def _unknown(side: Side) -> dict[str, int]:
    """Incidents for which each measure is not known."""
    without = {name: int((~np.isfinite(side.victims[:, i])).sum()) for i, name in enumerate(VICTIMS)}
    where, when = int((side.area < 0).sum()), int((~np.isfinite(side.day)).sum())
    who = int((~side.actors.any(axis=1)).sum())
    return without | {AREAS: where, EVENNESS: where, LARGEST: without[VICTIMS[1]], MONTHS: when, GAP: when, ACTOR: who}


def _measured(
    own: Side, others: Side, of: Mapping[str, int], rng: np.random.Generator, draws: int, progress: Progress | None
) -> list[dict[str, Any]]:
    size = min(own.day.size, others.day.size)
    thinned, yardstick = (_thinned(side, size, rng, draws, progress) for side in (own, others))
    unknown, even = _unknown(own), _even_interval(own, of[AREAS], rng, draws)
    rows = []
    for i, (name, measure) in enumerate(MEASURES.items()):
        mine, theirs = _mean(thinned[:, i]), _mean(yardstick[:, i])
        low, high = _middle(yardstick[:, i])
        row = _blank(name) | {
            "observed": _told(measure(own)),
            "thinned": mine,
            "expected": theirs,
            "ratio": mine / theirs if mine is not None and theirs else None,
            "expected_low": low,
            "expected_high": high,
            "compared": size,
            "of": of.get(name),
            "unknown": unknown.get(name, 0),
        }
        rows.append(row | (dict(zip(("observed_low", "observed_high"), even, strict=True)) if name == EVENNESS else {}))
    return rows


def _blank(name: str) -> dict[str, Any]:
    tested = dict.fromkeys(("observed", "expected", "ratio", "low", "high", "p", "p_adjusted"))
    return {"band": name, "side": SIDE[name], **tested, "alarm": False, "observed_low": None, "observed_high": None}


def _thinned(side: Side, size: int, rng: np.random.Generator, draws: int, progress: Progress | None) -> Floats:
    """Every measure (columns) of so many incidents drawn without putting back; one row where all of them are taken."""
    every = side.day.size
    if not size:
        return np.full((1, len(MEASURES)), np.nan)
    chosen = [rng.permutation(every)[:size] for _ in range(draws if size < every else 1)]
    found = []
    for done, each in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen))
        found.append([measure(side.taken(each)) for measure in MEASURES.values()])
    return np.array(found)


def _even_interval(side: Side, areas: int, rng: np.random.Generator, draws: int) -> tuple[float | None, float | None]:
    """95 % of the effective number of areas, each incident drawn Poisson(1) times (percentiles).

    Returns None twice for fewer than LEAST_RESAMPLED incidents.
    """
    known = side.area[side.area >= 0]
    if known.size < LEAST_RESAMPLED:
        return None, None
    parts = _together(known, rng.poisson(1.0, size=(draws, known.size)).astype(float))
    most, least = np.quantile(parts[np.isfinite(parts)], [0.975, 0.025])
    low, high = (float(min(1 / part, areas)) if part > 0 else float(areas) for part in (most, least))
    return low, high


def _told(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mean(values: Floats) -> float | None:
    return _told(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else None


def _middle(values: Floats) -> tuple[float | None, float | None]:
    known = values[np.isfinite(values)]
    if not known.size:
        return None, None
    low, high = central(known)
    return float(low), float(high)


def _repeated(
    events: Events, group: str, period: Period, draws: int, rng: np.random.Generator, progress: Progress | None
) -> dict[str, Any]:
    """The pairs of the repeated-signature test, or an empty row where it cannot be asked."""
    try:
        answer = repeated_signature(events, group, rng=rng, period=period, replications=draws, progress=progress)
    except NotEnoughData:
        return _blank(REPEATED) | {"compared": 0}
    row = next(row for row in answer.rows if row["band"] == PAIRS)
    tested = {name: row[name] for name in ("observed", "expected", "ratio", "low", "high", "p")}
    return _blank(REPEATED) | tested | {"p_adjusted": row["p"], "compared": answer.n}


def _sentence(group: str, rows: Mapping[str, Mapping[str, Any]], others: Side) -> str:
    low, _, high = (rows[name]["observed"] for name in VICTIMS)
    victims = (
        "victims not counted"
        if low is None or high is None
        else f"{amount(round(low))} to {amount(round(high))} victims"
    )
    scale = f"{count(rows[INCIDENTS]['observed'], 'documented incident')} with victims of {group} ({victims})"
    parts = [f"{scale}{_spread(rows)}{_lasting(rows)}.", _beside(rows, others), _alike(rows[REPEATED])]
    return " ".join([*filter(None, parts), "These are measures of the record side by side, and no verdict."])


def _spread(rows: Mapping[str, Mapping[str, Any]]) -> str:
    areas, even = rows[AREAS], rows[EVENNESS]
    if areas["observed"] is None:
        return ", none in a known area"
    low, high = even["observed_low"], even["observed_high"]
    sure = "" if low is None else f", {interval(low, high)}"
    return (
        f" lie in {amount(areas['observed'])} of {count(areas['of'], 'area')}, as evenly as over "
        f"{number(even['observed'])} areas{sure}"
    )


def _lasting(rows: Mapping[str, Mapping[str, Any]]) -> str:
    months = rows[MONTHS]
    if months["observed"] is None:
        return ""
    held = rows[LARGEST]["observed"]
    largest = "" if held is None else f"; the largest holds {percent(held)} of the victims"
    return f", in {amount(months['observed'])} of {count(months['of'], 'month')}{largest}"


def _beside(rows: Mapping[str, Mapping[str, Any]], others: Side) -> str:
    areas, months = rows[AREAS], rows[MONTHS]
    if not others.day.size or areas["expected"] is None or months["expected"] is None:
        return "There are no other incidents to set beside them."
    theirs = f"{number(rows[EVENNESS]['expected'])} areas and {number(months['expected'])} months"
    mine = f"{number(rows[EVENNESS]['thinned'])} areas and {number(months['thinned'])} months"
    return (
        f"Of {count(areas['compared'], 'incident')} each, drawn at random, the others lie as evenly as over {theirs}, "
        f"these as over {mine}."
    )


def _alike(row: Mapping[str, Any]) -> str:
    if row["p"] is None:
        return "Too little is known of who did what, how and where to compare their signatures."
    return (
        f"{number(row['observed'])} pairs of them share one signature, against {number(row['expected'])} by chance in "
        f"the same areas and periods ({chance(row['p'])})."
    )
