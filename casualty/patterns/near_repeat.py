"""Near-repeat: whether incidents follow others nearby more often than chance, and whether what follows stays in a group.

near_repeat(events, *, space=(100, 200, 400), days=(7, 14), group=None, by_group=False, cumulative=False,
within_area=False, same_place=False, replications=999, seed, executor=None, progress=None) -> Answer
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import numpy as np

from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events
from casualty.patterns.results import ALARM_LEVEL
from geo.faults import TooLittle, Unusable
from geo.near_repeat import ALIKE, Alike, Grid, alike
from geo.near_repeat import near_repeat as grid_of

METHOD = "near-repeat (Knox 1964; Johnson and others 2007), dates permuted over places"
ANY, SAME, DIFFERENT = "any", "same group", "different groups"
CORRECTION = "the largest standardised excess over all bands (Westfall and Young 1993), so that any false alarm among them is held"
TWO = "; pairs of groups are a family of their own"
AT_ONE_PLACE = "pairs of incidents at the very same coordinates"
SAME_DAY = "of these pairs, on the same day too: probably one event reported twice"
FOLLOWING = "Pairs of incidents near in place and time do not say that one led to the other, nor who did either."
RECORDED = "These are documented incidents: where and when more is recorded, more pairs are seen; a rise everywhere at once adds none."
FIXED = (
    "An incident with victims of several groups has each of them in common with others. A pair counts as an alarm by group "
    "only if it stands out both against groups dealt out over all incidents and against pairs at the same distance at any "
    "time; the first alone is what groups that live apart bring about."
)
Progress = Callable[[int, int], None]


def near_repeat(
    events: Events,
    *,
    space: Sequence[float] = (100, 200, 400),
    days: Sequence[float] = (7, 14),
    group: str | None = None,
    by_group: bool = False,
    cumulative: bool = False,
    within_area: bool = False,
    same_place: bool = False,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Say whether incidents near in place are near in time more often than their dates, dealt out anew, would have it.

    `space` metres and `days`: upper ends of bands (lower, upper], the first from 0 with 0; `cumulative`: everything up
    to both ends (Knox). `group`: only its incidents; `by_group`: pairs split by whether both have a group in common.
    `within_area`: dates (and groups) move within each area only. `same_place`: pairs at the very same coordinates
    count; else they are left out, in the permutations too. Dates known no better than the first band are left out.
    Rows by `band` (and `pairs`: any, same group, different groups, or a group): observed and expected pairs, ratio, low
    and high (observed over the central 95 % of the permutations), chance_low, chance_high (pairs), p (one-sided),
    p_adjusted, alarm; by group also p_place, p_place_adjusted (dates permuted), share and share_near (part of the pairs,
    and of those at any time). Raises NotEnoughData, InvalidRecords (degrees), UsageFault. Sources: Knox 1964; Johnson
    and others 2007. Does not show that one incident led to another.
    """
    used = _used(events, space, days, group, by_group)
    chosen: dict[str, Any] = {
        "space": tuple(space), "limits": tuple(days), "cumulative": cumulative, "same_place": same_place,
        "replications": replications, "seed": seed, "executor": executor, "progress": progress,
        "strata": [area or "" for area in used.area] if within_area else None,
    }  # fmt: skip
    when = np.floor(used.day)
    with plainly_refused():
        found = grid_of(used.x, used.y, when, **chosen)
        groups = alike(used.x, used.y, when, _membership(used), **chosen) if by_group else None
    rows = [*_rows(found), *(_group_rows(found, groups, used.groups) if groups else ())]
    parameters = {
        "space": tuple(space), "days": tuple(days), "group": group, "by_group": by_group, "cumulative": cumulative,
        "within_area": within_area, "same_place": same_place, "replications": replications,
    }  # fmt: skip
    return Answer(
        METHOD, _question(group), found.n, _left_out(used, found), tuple(rows), _sentence(found, rows, group),
        _caveats(found, by_group), parameters, seed, CORRECTION + (TWO if by_group else ""),
    )  # fmt: skip


@contextmanager
def plainly_refused() -> Iterator[None]:
    """Turn what geometry cannot be asked of into the errors a user is told."""
    try:
        yield
    except TooLittle as fault:
        raise NotEnoughData(str(fault)) from fault
    except Unusable as fault:
        raise InvalidRecords(str(fault)) from fault


def in_metres(events: Events) -> Events:
    """Return incidents whose points may enter a test on points; raise InvalidRecords where they are in degrees."""
    if events.degrees:
        raise InvalidRecords(
            "The coordinates are degrees, and distances are asked for in metres. Project them: name their system (EPSG "
            "code) when they are read."
        )
    return events.with_points()


def member(events: Events, group: str) -> Any:
    """Return which incidents have a victim of the group; raise UsageFault for a group that is none of theirs."""
    if group not in events.groups:
        raise UsageFault(f"No group {group!r} among the incidents; there are: {', '.join(events.groups) or 'none'}.")
    return np.nan_to_num(events.share(group)) > 0


def _used(events: Events, space: Sequence[float], days: Sequence[float], group: str | None, by_group: bool) -> Events:
    if group is not None and by_group:
        raise UsageFault(
            "Ask for one group's incidents or for pairs by group, not both: within one group all are alike."
        )
    with plainly_refused():
        if not len(space) or not len(days):
            raise Unusable("Bands need upper ends, such as space 100,200,400 and days 7,14.")
    used = in_metres(events).with_dates(max(1.0, min(7.0, float(days[0]))))
    if group is None:
        return used
    known = used.with_identity()
    return known.only(member(known, group), f"no victim of the group {group}")


def _membership(events: Events) -> Any:
    return np.nan_to_num(events.mix) > 0


# Rows ---------------------------------------------------------------------------------------------------------------


def span(ends: Sequence[float], at: int, unit: str, cumulative: bool) -> str:
    """Return the name of a band, such as "100-200 m"."""
    lower = 0.0 if cumulative or at == 0 else ends[at - 1]
    return f"{lower:.10g}-{ends[at]:.10g} {unit}"


def _band(found: Grid, s: int, t: int) -> str:
    ends = list(found.space), list(found.limits)
    return f"{span(ends[0], s, 'm', found.cumulative)}, {span(ends[1], t, 'days', found.cumulative)}"


def contract_row(tested: Any, at: tuple[int, ...]) -> dict[str, Any]:
    """Return the contract's keys of one tested statistic."""
    names = ("observed", "expected", "ratio", "low", "high", "p", "p_adjusted")
    row = {name: float(getattr(tested, name)[at]) for name in names}
    ends = {name: float(getattr(tested, name)[at]) for name in ("chance_low", "chance_high")}
    return {**row, "alarm": row["p_adjusted"] <= ALARM_LEVEL, **ends}


def _rows(found: Grid) -> Iterator[dict[str, Any]]:
    for s, t in np.ndindex(found.found.p.shape):
        near = {"pairs_in_space": int(found.pairs_in_space[s]), "pairs_in_time": int(found.pairs_in_time[t])}
        yield {"band": _band(found, s, t), "pairs": ANY, **_whole(contract_row(found.found, (s, t))), **near}


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "observed": int(row["observed"])}


def _group_rows(grid: Grid, found: Alike, groups: Sequence[str]) -> Iterator[dict[str, Any]]:
    names = [SAME, DIFFERENT, *groups]
    for s, t, kind in np.ndindex(found.found.p.shape):
        row = _whole(contract_row(found.found, (s, t, kind)))
        row["alarm"] = bool(row["alarm"] and found.p_place_adjusted[s, t, kind] <= ALARM_LEVEL)
        place = {
            "p_place": float(found.p_place[s, t, kind]),
            "p_place_adjusted": float(found.p_place_adjusted[s, t, kind]),
        }
        share = {"share": float(found.share[s, t]), "share_near": float(found.share_near[s])} if kind == ALIKE else {}
        yield {"band": f"{_band(grid, s, t)}: {names[kind]}", "pairs": names[kind], **row, **place, **share}


# Words --------------------------------------------------------------------------------------------------------------


def _question(group: str | None) -> str:
    whose = f"incidents of {group}" if group else "incidents"
    return f"Do {whose} follow others nearby sooner than chance has it?"


def _left_out(events: Events, found: Grid) -> Mapping[str, int]:
    pairs = {AT_ONE_PLACE: found.at_one_place, SAME_DAY: found.of_one_time if found.at_one_place else 0}
    return {**events.left_out, **{reason: count for reason, count in pairs.items() if count}}


def _sentence(found: Grid, rows: Sequence[Mapping[str, Any]], group: str | None) -> str:
    whose = f"{found.n} documented incidents" + (f" of {group}" if group else "")
    every = [row for row in rows if row["pairs"] == ANY]
    parts = [_main(whose, every), *_of_groups([row for row in rows if row["pairs"] != ANY])]
    if found.at_one_place:
        told = f" ({found.of_one_time} on the same day, probably one event reported twice)" if found.of_one_time else ""
        parts.append(f"{found.at_one_place} pairs at the very same coordinates{told} are left out of all figures.")
    return " ".join(parts)


def _main(whose: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if found := strongest(rows):
        return (
            f"Among {whose}, {found['observed']} pairs lie within {found['band']} of one another, {times(found)} what the "
            f"same places with dates dealt out by chance give: consistent with incidents that follow others nearby "
            f"(p = {found['p_adjusted']:.3g}, {compared(rows)}); it does not say that one led to the other."
        )
    if max(row["expected"] for row in rows) < 1:
        return f"Among {whose} hardly any lie near in place and time, fewer than a pair by chance: too few to show anything."
    return (
        f"Among {whose}, no band of distance and time holds more pairs than the same places with dates dealt out by chance "
        f"({compared(rows)}): no sign that incidents follow others nearby."
    )


def strongest(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the clearest alarm, if there is any."""
    alarms = [row for row in rows if row["alarm"]]
    return min(alarms, key=lambda row: (row["p_adjusted"], -row["ratio"])) if alarms else None


def times(row: Mapping[str, Any]) -> str:
    """Return a ratio with its range in words."""
    high = f"{row['high']:.2g}" if np.isfinite(row["high"]) else "no upper end"
    return f"{row['ratio']:.2g} times ({row['low']:.2g} to {high})"


def compared(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return for how many comparisons p was corrected."""
    return f"corrected for {len(rows)} bands" if len(rows) > 1 else "one band"


def _of_groups(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    for kind, said in ((SAME, "that share a group"), (DIFFERENT, "of different groups")):
        mine = [row for row in rows if row["pairs"] == kind]
        if found := strongest(mine):
            yield (
                f"Pairs {said} are {times(found)} what groups dealt out by chance give ({found['band'].split(':')[0]}), and "
                f"a larger part of these pairs than of pairs as near at any time: consistent with incidents that follow one "
                f"another {'within a group' if kind == SAME else 'between groups'}."
            )
        elif any(row["p_adjusted"] <= ALARM_LEVEL for row in mine):
            yield (
                f"Pairs {said} are more than groups dealt out by chance give, but no larger part than of pairs as near at any "
                "time: consistent with where the groups live, no sign that what follows keeps to it."
            )
    named = sorted({row["pairs"] for row in rows if row["alarm"]} - {SAME, DIFFERENT})
    if named:
        yield f"By group, pairs of {', '.join(named)} stand out in this way."
    elif not any(row["p_adjusted"] <= ALARM_LEVEL for row in rows):
        yield "Pairs share a group no more and no less often than chance has it."


def _caveats(found: Grid, by_group: bool) -> tuple[str, ...]:
    stacked = (
        f"{found.shared_places} coordinates hold more than one incident, one of them {found.fullest}: such points may stand for "
        "a village or a district, and distances from them are not known to the metre."
    )
    return tuple(
        text
        for text, holds in ((FOLLOWING, True), (RECORDED, True), (FIXED, by_group), (stacked, found.shared_places > 0))
        if holds
    )
