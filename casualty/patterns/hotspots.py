"""Hot spots by area: where a group's incidents are many for their base, and many among the neighbours too."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from math import comb
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from casualty.errors import Fault, InvalidRecords, NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events
from casualty.patterns.rates import Floats, as_ratio, share_interval
from casualty.patterns.results import ALARM_LEVEL
from geo.autocorrelation import moran
from geo.faults import TooLittle
from geo.frame import local_frame
from geo.grid import gridded
from geo.hotspots import Steadied, both_sides, local_g, local_joins, local_moran, quadrants, shuffled_p, steadied
from geo.many import benjamini_hochberg
from geo.neighbours import Neighbours

Statistic = Literal["gistar", "moran-eb", "join-count"]

METHODS = {
    "gistar": "Gi* of steadied rates (Ord and Getis 1995), values shuffled over areas",
    "moran-eb": "local Moran of steadied rates (Anselin 1995; Assuncao and Reis 1999), conditional permutation",
    "join-count": "local join count of raised areas (Anselin and Li 2019), exact",
}
# Fewer areas with neighbours than this cannot be told from one another after correction.
LEAST_AREAS = 10
# Shufflings: so many, and enough that one area alone could be an alarm after correction.
LEAST_REPLICATIONS = 9_999
# An area counts as raised for the join count when its rate is this many standard deviations above the whole.
RAISED = 1.0
NAMED = 8

NO_AREA = "area not known, or not among the areas given"
NO_BASE = "no denominator for the area"
NO_RECORD = "no recorded incident with known identity in the area"
ISLAND = "no neighbour with data"


@dataclass(frozen=True, eq=False)
class Areas:
    """Areas (n) with what was counted in each.

    ids: codes; observed: the group's incidents (parts where an incident's victims are of several groups), NaN where
    nothing is known; base: `of` which (all incidents with known identity, or people), NaN where not known; neighbours:
    in the same order; n: incidents behind it; left_out: incidents by reason; cell: metres, where areas are a grid.
    """

    ids: tuple[str, ...]
    observed: Floats
    base: Floats
    neighbours: Neighbours
    of: Literal["incidents", "people"]
    n: int
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    cell: float | None = None


def by_area(
    events: Events, group: str, ids: Sequence[str], neighbours: Neighbours, people: Mapping[str, float] | None = None
) -> Areas:
    """Return a group's incidents by area, out of all incidents with known identity or, if given, out of `people`.

    `ids`: the areas' codes in the order of `neighbours`; `people`: of the group (or all) by code; a code that is
    missing has no denominator. An area without any recorded incident is not a zero: out of incidents it has no
    rate, and out of people it is left out too, since nothing tells quiet from unrecorded.
    """
    known = events.with_identity()
    number = {code: i for i, code in enumerate(ids)}
    placed = known.only(np.array([area in number for area in known.area], dtype=bool), NO_AREA)
    at = np.array([number[str(area)] for area in placed.area], dtype=np.intp)
    return _counted(placed, group, at, tuple(ids), neighbours, people)


def by_cell(events: Events, group: str, metres: float, shape: Literal["square", "hexagon"] = "square") -> Areas:
    """Return a group's incidents out of all, by cells of a grid, for incidents with good points and known identity.

    `metres`: from side to side of a cell, north up, laid over the points' own corner. Cells have ids such as c3r7.
    """
    known = events.with_identity().with_points()
    if not len(known):
        raise NotEnoughData("No incident has both a point and victims of known identity. Record points or use areas.")
    east, north = known.x, known.y
    if known.degrees:
        east, north = local_frame(east, north).to_metres(east, north).T
    cells = gridded(east, north, metres, shape=shape)
    return _counted(known, group, cells.of, cells.ids, cells.neighbours, None, metres)


def _counted(
    events: Events,
    group: str,
    at: NDArray[np.intp],
    ids: tuple[str, ...],
    neighbours: Neighbours,
    people: Mapping[str, float] | None,
    cell: float | None = None,
) -> Areas:
    if group not in events.groups:
        raise UsageFault(f"No group {group!r} among the incidents; there are: {', '.join(events.groups) or 'none'}.")
    every = np.bincount(at, minlength=len(ids)).astype(float)
    held = np.where(every > 0, np.bincount(at, events.share(group), minlength=len(ids)), np.nan)
    base = every if people is None else np.array([float(people.get(code, np.nan)) for code in ids])
    base = np.where(every > 0, base, np.nan) if people is None else base
    of: Literal["incidents", "people"] = "incidents" if people is None else "people"
    lost = int(every[np.isnan(base)].sum())
    left = dict(events.left_out) | ({NO_BASE: lost} if lost else {})
    return Areas(ids, held, base, neighbours, of, len(events) - lost, MappingProxyType(left), cell)


def hotspots(
    areas: Areas,
    *,
    group: str,
    rng: np.random.Generator,
    statistic: Statistic = "gistar",
    replications: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Answer:
    """Say around which areas a group's incidents are high or low for their base, beyond an unordered map.

    `areas`: from `by_area` or `by_cell`. Rates are steadied first: each is its distance from the rate of the whole in
    standard deviations of an area of that base, so that one incident out of one is no summit. statistic: `gistar`
    (the area with its neighbours; all values shuffled over areas), `moran-eb` (neighbours of the area, given its own
    value), `join-count` (raised areas beside raised ones). replications: None for as many as one area alone needs to be
    an alarm; block b of 1000 draws from child b of `rng`.

    Rows by `area`: observed; expected at the rate of all other areas; ratio with exact 95 % interval of this area
    against all others (low, high; Przyborowski and Wilenski 1940); around_ratio, around_low, around_high: the same for
    the ground that the statistic judges (with the area itself, but for moran-eb: without) against what is outside it;
    smoothed: empirical-Bayes rate (Marshall 1991); statistic, z; p, two-sided (join-count: of as many or more; None
    where the area is not raised); p_adjusted (Benjamini and Hochberg 1995); alarm: p_adjusted at most 0.05 and 1
    outside the around interval on the side of the statistic; kind: hot or cold, for moran-eb high-high, low-low,
    high-low, low-high, None without alarm; reason: why it was not tested.
    Raises NotEnoughData for fewer than 10 areas with neighbours, no base or one rate everywhere; InvalidRecords for a base
    of 0 or a count that is none. Does not show intent, nor where a group lives apart from where it is hit: out of
    incidents, a high share may be residence. Which neighbours, and which areas, changes the answer.
    """
    if statistic not in METHODS:
        raise UsageFault(f"The statistic {statistic!r} is not known; one of: {', '.join(METHODS)}.")
    _check(areas)
    tested = _tested(areas)
    rates, drawn = _rates(areas, tested), replications or max(LEAST_REPLICATIONS, 40 * int(tested.sum()) - 1)
    near = areas.neighbours.only(tested)
    try:
        judged = _judged(statistic, rates.standardised, near, drawn, rng, executor, progress)
    except TooLittle as fault:
        raise NotEnoughData(str(fault)) from fault
    rows = _rows(areas, tested, rates, near, judged, own=statistic != "moran-eb")
    able = _able(statistic, near, judged, drawn)
    return Answer(
        method=METHODS[statistic],
        question=f"Around which areas are incidents with victims of {group} many or few for their base?",
        n=areas.n,
        left_out=areas.left_out,
        rows=tuple(rows),
        sentence=_sentence(areas, group, rows, int(tested.sum()), able),
        caveats=_caveats(areas, rows, rates, near, statistic),
        parameters=MappingProxyType(
            {
                "group": group,
                "statistic": statistic,
                "base": areas.of,
                "neighbours": near.rule,
                "cell_m": areas.cell,
                "replications": None if statistic == "join-count" else drawn,
            }
        ),
        seed=_seed(rng),
        correction=f"Benjamini and Hochberg over {int(np.isfinite(judged['p']).sum())} areas",
    )


def _seed(rng: np.random.Generator) -> int | None:
    entropy = getattr(rng.bit_generator.seed_seq, "entropy", None)
    return entropy if isinstance(entropy, int) else None


def _check(areas: Areas) -> None:
    x, base = areas.observed, areas.base
    if not len(areas.ids) == x.size == base.size == len(areas.neighbours):
        raise InvalidRecords("Areas, counts, bases and neighbours differ in number. Give one of each per area.")
    wrong = [
        (x < 0, "observed", "A count is below 0.", "Correct it."),
        (np.isinf(x) | np.isinf(base), "observed", "A count or base is infinite.", "Correct it."),
        (base <= 0, "base", "The base is 0: there is no rate.", "Correct the figure, or leave the area out."),
        ((x > base * (1 + 1e-9)) & (areas.of == "incidents"), "observed", "More than the base.", "Count both alike."),
    ]
    faults = [
        Fault(0, f"{areas.ids[i]}, {name}", fault, mend)
        for bad, name, fault, mend in wrong
        for i in np.flatnonzero(bad)
    ]
    if faults:
        raise InvalidRecords("The areas cannot be compared.", faults)
    if not np.isfinite(base).any():
        raise NotEnoughData("No area has a denominator: a rate is refused, not guessed. Record population figures.")


def _tested(areas: Areas) -> NDArray[np.bool_]:
    """Areas with data that have a neighbour with data."""
    known = np.isfinite(areas.observed) & np.isfinite(areas.base)
    tested = known.copy()
    tested[known] = areas.neighbours.only(known).counts > 0
    if tested.sum() < LEAST_AREAS:
        raise NotEnoughData(
            f"{int(tested.sum())} areas have data and a neighbour with data; at least {LEAST_AREAS} are needed. "
            "Take smaller areas or cells, a wider rule of neighbours, or a longer period."
        )
    return tested


def _rates(areas: Areas, tested: NDArray[np.bool_]) -> Steadied:
    try:
        return steadied(areas.observed[tested], areas.base[tested], shares=areas.of == "incidents")
    except TooLittle as fault:
        raise NotEnoughData(str(fault)) from fault


def _judged(
    statistic: Statistic,
    values: Floats,
    near: Neighbours,
    replications: int,
    rng: np.random.Generator,
    executor: Executor | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """Statistic, z, p, p_adjusted, sign (of what is around) and kind of each tested area."""
    if statistic == "join-count":
        beside, p = local_joins((values >= RAISED).astype(float), near)
        n = len(values)
        found: dict[str, Any] = {"statistic": beside, "z": np.full(n, np.nan), "sign": np.ones(n), "kind": ["hot"] * n}
    else:
        own = statistic == "gistar"
        local = local_g(values, near.standardised()) if own else local_moran(values, near.standardised())
        low, high = shuffled_p(
            values, near, own=own, replications=replications, rng=rng, executor=executor, progress=progress
        )
        p, sign = both_sides(low, high), np.where(high < low, 1.0, -1.0)
        kind = ["hot" if up > 0 else "cold" for up in sign] if own else quadrants(values, near)
        found = {"statistic": local.statistic, "z": local.z, "sign": sign, "kind": kind}
    return found | {"p": p, "p_adjusted": benjamini_hochberg(p)}


def _able(statistic: Statistic, near: Neighbours, judged: Mapping[str, Any], replications: int) -> bool:
    """Whether any outcome could have been an alarm: the smallest p that each area's neighbours and the draws allow."""
    n, raised = len(near), int(np.isfinite(judged["p"]).sum())
    if statistic == "join-count":
        least = [comb(raised - 1, int(k)) / comb(n - 1, int(k)) for k in near.counts[np.isfinite(judged["p"])]]
    else:
        own = statistic == "gistar"
        ways = {int(k): comb(n if own else n - 1, int(k) + own) for k in np.unique(near.counts)}
        least = [2 * max(1 / (replications + 1), 1 / ways[int(k)]) for k in near.counts]
    return bool(benjamini_hochberg(least).min() <= ALARM_LEVEL)


def _against(x: Floats, base: Floats, total: float, whole: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Expected at the rate of the rest, ratio to it, and its exact 95 % interval."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = base / (whole - base)
        expected = odds * np.maximum(total - x, 0.0)
        ratio = x / expected
        low, high = (as_ratio(limit, odds) for limit in share_interval(np.minimum(x, total), total))
    return np.where(base < whole, expected, np.nan), ratio, low, high


def _rows(
    areas: Areas, tested: NDArray[np.bool_], rates: Steadied, near: Neighbours, judged: dict[str, Any], *, own: bool
) -> list[Mapping[str, Any]]:
    known = np.isfinite(areas.observed) & np.isfinite(areas.base)
    total, whole = float(areas.observed[known].sum()), float(areas.base[known].sum())
    names = ("expected", "ratio", "low", "high")
    mine = dict(zip(names, _against(areas.observed[known], areas.base[known], total, whole), strict=True))
    x, base = areas.observed[tested], areas.base[tested]
    around_x, around_base = near.matrix @ x + own * x, near.matrix @ base + own * base
    around = dict(zip(names, _against(around_x, around_base, total, whole), strict=True))
    judged |= {f"around_{name}": around[name] for name in names[1:]}
    apart = np.where(judged["sign"] > 0, around["low"] > 1, around["high"] < 1)
    judged["alarm"] = (judged["p_adjusted"] <= ALARM_LEVEL) & apart
    place = {int(i): j for j, i in enumerate(np.flatnonzero(tested))}
    return [
        _row(areas, int(i), {name: mine[name][j] for name in names}, judged, rates, near, place.get(int(i)))
        for j, i in enumerate(np.flatnonzero(known))
    ]


JUDGED = ("p", "p_adjusted", "alarm", "kind", "statistic", "z", "around_ratio", "around_low", "around_high")


def _row(
    areas: Areas,
    i: int,
    mine: dict[str, Any],
    judged: Mapping[str, Any],
    rates: Steadied,
    near: Neighbours,
    at: int | None,
) -> Mapping[str, Any]:
    row: dict[str, Any] = {"area": areas.ids[i], "observed": areas.observed[i], "base": areas.base[i]} | mine
    if at is None:
        extra = dict.fromkeys(JUDGED) | {"alarm": False, "smoothed": None, "neighbours": 0, "reason": ISLAND}
    else:
        extra = {name: judged[name][at] for name in JUDGED}
        extra["alarm"] = bool(extra["alarm"])
        extra["kind"] = extra["kind"] if extra["alarm"] else None
        extra |= {"smoothed": rates.smoothed[at], "neighbours": int(near.counts[at]), "reason": None}
    return MappingProxyType(row | extra)


def _named(rows: Sequence[Mapping[str, Any]]) -> str:
    names = [str(row["area"]) for row in sorted(rows, key=lambda row: row["p"])]
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _sentence(areas: Areas, group: str, rows: Sequence[Mapping[str, Any]], tested: int, able: bool) -> str:
    rate = (
        f"the part of {group} in documented incidents" if areas.of == "incidents" else f"incidents of {group} per head"
    )
    found = [row for row in rows if row["alarm"]]
    if found:
        kinds = dict.fromkeys(str(row["kind"]) for row in found)
        parts = "; ".join(f"{kind}: {_named([row for row in found if row['kind'] == kind])}" for kind in kinds)
        return (
            f"Around {len(found)} of {tested} areas {rate} differs from the rest, consistent with a spatial cluster "
            f"({parts}), after correction for {tested} areas; this does not say why, and may be where people live."
        )
    if not able:
        return (
            f"With {tested} areas, these neighbours and this many shufflings no outcome could have stood out after "
            f"correction: nothing is shown about {rate}, either way."
        )
    return (
        f"Around no area does {rate} differ from the rest beyond chance, after correction for {tested} areas; "
        "that is not a sign that there is no difference."
    )


def _caveats(
    areas: Areas, rows: Sequence[Mapping[str, Any]], rates: Steadied, near: Neighbours, statistic: Statistic
) -> tuple[str, ...]:
    whole = moran(rates.standardised, near.standardised())
    islands, silent = sum(row["reason"] == ISLAND for row in rows), len(areas.ids) - len(rows)
    said = [
        "These are documented incidents, one vote each whatever the number of victims; what is recorded more often "
        "seems to happen more often.",
        "Out of all incidents, a high share may only be where the group lives; compare with its share of the people."
        if areas.of == "incidents"
        else "The people are where they were counted; displacement moves the risk and not the figure.",
        f"Over the whole map Moran's I of the steadied rates is {whole.statistic:.3f} "
        f"(expected {whole.expected:.3f}, z {whole.z:.1f}).",
    ]
    if areas.cell is not None:
        said.append(
            f"The areas are cells of {areas.cell:g} m: another size or another start of the grid can give another answer "
            "(the modifiable areal unit problem). Repeat with half and with twice the size."
        )
    if silent:
        said.append(f"{silent} areas without a recorded incident or without a base are left out; they are not zero.")
    if islands:
        said.append(f"{islands} areas without a neighbour with data are shown and not tested.")
    if statistic == "join-count":
        said.append("An area counts as raised when its rate is one standard deviation above the whole.")
    return tuple(said)
