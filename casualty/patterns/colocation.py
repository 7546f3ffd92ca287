"""Co-location: whether a group's incidents lie nearer to something (checkpoints, other incidents) than others do.

colocation(events, *, group, near=None, other=None, place_type=None, means=None, radii=(250, 500, 1000), local=False,
neighbours=20, within_area=False, replications=999, seed, executor=None, progress=None) -> Answer
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events, Flags, Floats
from casualty.patterns.near_repeat import (
    compared,
    contract_row,
    in_metres,
    member,
    plainly_refused,
    span,
    strongest,
    times,
)
from casualty.patterns.results import ALARM_LEVEL
from geo.colocation import CrossK, Quotient, cross_k, local_quotient, points_near

METHOD = "cross-K with random labelling (Lotwick and Silverman 1982; Diggle 1986)"
LOCAL = ", local co-location quotient (Cromley and others 2014; Wang and others 2017)"
CORRECTION = "the largest standardised excess over all radii (Westfall and Young 1993)"
LOCAL_CORRECTION = "; of the local quotients, Benjamini and Hochberg 1995"
LIVING = (
    "Where a group lives, travels or works near what is asked about, its incidents lie near it too: a difference does not "
    "say that the place brings them about. Comparing within areas takes out what holds for whole areas."
)
RECORDED = "The others are the documented incidents of other groups: whatever thins both alike near a place cancels."
SINGLES = "A local quotient is of one incident's surroundings; of many, a few stand out by chance, and p_adjusted allows for it."
Progress = Callable[[int, int], None]


def colocation(
    events: Events,
    *,
    group: str,
    near: tuple[ArrayLike, ArrayLike] | None = None,
    other: str | None = None,
    place_type: str | None = None,
    means: str | None = None,
    radii: Sequence[float] = (250, 500, 1000),
    local: bool = False,
    neighbours: int = 20,
    within_area: bool = False,
    replications: int = 999,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Say whether a group's incidents lie nearer to others than incidents in general do, the places standing still.

    `near`: x, y (m,) of fixed points in the metres of the events (checkpoints); or else the incidents of a `place_type`
    or `means`, which stand still too; or else of the group `other`; or else of all other groups. An incident with victims
    of several groups belongs to each; its groups move as one over the incidents with known identity, `within_area`
    within each area only. Rows by `band` (0 to a radius, cumulative): observed and expected pairs, ratio, low and high
    (observed over the central 95 % of the permutations), chance_low, chance_high, p (one-sided: nearer), p_adjusted,
    alarm, p_global (either way, all radii at once), near and near_rest (part of the group's incidents, and of the others,
    with one within the radius), k (cross-K, square metres, without edge correction). `local`: a row by `area` (the incident's
    code) with its local quotient among `neighbours` nearest, labels of incidents and points permuted together. Raises
    NotEnoughData, InvalidRecords (degrees), UsageFault. Does not show why incidents lie where they do.
    """
    if sum(target is not None for target in (near, other, place_type, means)) > 1:
        raise UsageFault("Name one thing to be near to: points, another group, a kind of place or a means.")
    used = in_metres(events).with_identity()
    first = member(used, group)
    target = {"other": other, "place_type": place_type, "means": means}
    what, flags = _others(used, group, near is not None, target)
    chosen: dict[str, Any] = {"replications": replications, "seed": seed, "executor": executor, "progress": progress}
    strata = [area or "" for area in used.area] if within_area else None
    stands = near if near is not None else _standing(used, flags) if place_type or means else None
    with plainly_refused():
        if stands is None:
            found = cross_k(used.x, used.y, first, flags, radii=radii, strata=strata, **chosen)
        else:
            own = None if near is not None else flags
            found = points_near(used.x, used.y, first, *stands, radii=radii, own=own, strata=strata, **chosen)
        each = _local(used, first, flags, near, neighbours, chosen) if local else None
    rows = tuple(_rows(found))
    listed = (*rows, *(_local_rows(each, used.ids) if each else ()))
    parameters: dict[str, Any] = {
        "group": group,
        "near": None if near is None else len(np.atleast_1d(near[0])),
        **target,
    }
    parameters |= {"radii": tuple(radii), "local": local, "neighbours": neighbours if local else None}
    parameters |= {"within_area": within_area, "replications": replications}
    caveats = (LIVING, RECORDED, *((SINGLES,) if local else ()))
    return Answer(
        METHOD + (LOCAL if local else ""), f"Do incidents of {group} lie nearer to {what} than other incidents do?", found.n,
        used.left_out, listed, _sentence(found, rows, group, what, each), caveats, parameters, seed,
        CORRECTION + (LOCAL_CORRECTION if local else ""),
    )  # fmt: skip


def _others(events: Events, group: str, points: bool, target: Mapping[str, str | None]) -> tuple[str, Flags]:
    """What the group is to be near to, in words, and which incidents that is."""
    if points:
        return "the points given", np.zeros(len(events), dtype=bool)
    if target["place_type"]:
        kind = target["place_type"]
        return f"incidents at a {kind}", np.array([each == kind for each in events.place_type], dtype=bool)
    if target["means"]:
        kind = target["means"]
        return f"incidents by {kind}", np.array([kind in each for each in events.means], dtype=bool)
    if target["other"]:
        return f"incidents of {target['other']}", member(events, target["other"])
    rest = np.delete(events.mix, events.groups.index(group), axis=1)
    return "incidents of other groups", np.asarray((rest > 0).any(axis=1))


def _standing(events: Events, flags: Flags) -> tuple[Floats, Floats]:
    if not flags.any():
        raise NotEnoughData(
            "No incident of this kind has a point and known identity. Name another kind of place or means."
        )
    return events.x[flags], events.y[flags]


def _local(
    events: Events,
    first: Flags,
    flags: Flags,
    near: tuple[ArrayLike, ArrayLike] | None,
    neighbours: int,
    chosen: Mapping[str, Any],
) -> Quotient:
    added = (np.empty(0), np.empty(0)) if near is None else near
    x, y = (
        np.concatenate([own, np.asarray(new, dtype=float)])
        for own, new in zip((events.x, events.y), added, strict=True)
    )
    more = x.size - first.size
    ours, theirs = np.pad(first, (0, more)), np.pad(flags, (0, more), constant_values=True)
    return local_quotient(x, y, ours, theirs, neighbours=neighbours, **chosen)


def _rows(found: CrossK) -> Iterator[dict[str, Any]]:
    for at in range(found.radii.size):
        row = contract_row(found.found, (at,))
        yield {
            "band": span(list(found.radii), at, "m", True), **row, "observed": int(row["observed"]),
            "p_global": found.p_global, "near": float(found.near[at]), "near_rest": float(found.near_rest[at]),
            "k": float(found.k[at]),
        }  # fmt: skip


def _local_rows(each: Quotient, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for at, value, p, adjusted, width in zip(each.at, each.value, each.p, each.p_adjusted, each.bandwidth, strict=True):
        yield {
            "area": ids[at], "observed": float(value), "expected": 1.0, "ratio": float(value), "p": float(p),
            "p_adjusted": float(adjusted), "alarm": bool(adjusted <= ALARM_LEVEL), "bandwidth": float(width),
        }  # fmt: skip


def _sentence(found: CrossK, rows: Sequence[Mapping[str, Any]], group: str, what: str, each: Quotient | None) -> str:
    return " ".join([_main(found, rows, group, what), *([_locally(each, group)] if each else [])])


def _main(found: CrossK, rows: Sequence[Mapping[str, Any]], group: str, what: str) -> str:
    of = f"{found.n_first} documented incidents of {group} among {found.n}"
    if row := strongest(rows):
        within = row["band"].removeprefix("0-")
        return (
            f"Of {of}, {row['near']:.0%} lie within {within} of {what}, of the other incidents {row['near_rest']:.0%}; pairs "
            f"are {times(row)} what groups dealt out over the same places give (p = {row['p_adjusted']:.3g}, {compared(rows)}): "
            f"consistent with incidents of {group} that lie nearer to them, of which where the group lives may be the reason."
        )
    if max(row["expected"] for row in rows) < 1:
        return f"With {of}, hardly any lie as near as this to {what}: too few to show anything."
    apart = " Taken either way, over all radii at once, they do lie otherwise than chance has it: see the ratios below and above 1."
    return (
        f"With {of}, no radius holds more of {what} than groups dealt out over the same places would have "
        f"({compared(rows)}): no sign that they lie nearer.{apart if found.p_global <= ALARM_LEVEL else ''}"
    )


def _locally(each: Quotient, group: str) -> str:
    many = int((each.p_adjusted <= ALARM_LEVEL).sum())
    return f"By local quotient {many or 'none'} of {each.at.size} incidents of {group} stand out (false discovery rate 5 %)."
