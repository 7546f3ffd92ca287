"""Kept analyses as layers of the map: clusters of a scan, areas that stand out, pairs that follow each other.

What is drawn is what the analysis found when it was run; it is never worked out anew in another way.
"""

import json
import re
from typing import Any

import numpy as np
import sqlalchemy as sa

from app import session
from app.language import say
from casualty import filters, runs
from casualty.errors import CasualtyError
from casualty.overview import NO_DAY, STATUSES
from casualty.patterns.events import POINT_PRECISION
from casualty.runs import Run
from casualty.schema import table
from casualty.targeting import NOT_ANALYSED

MOST_CLUSTERS = 20
MOST_PAIRS = 4000
LEVEL = 0.05
_BAND = re.compile(r"([0-9.]+)-([0-9.]+) m, ([0-9.]+)-([0-9.]+) days")
EMPTY: dict[str, Any] = {"circles": [], "areas": [], "lines": []}


def kept() -> list[Run]:
    """Return the analyses whose findings have a place, the newest first."""
    return [
        run
        for run in reversed(runs.listed(session.store(), by=session.acting()))
        if run.withdrawn is None and placed(run)
    ]


def placed(run: Run) -> bool:
    """Return whether an analysis found something that a map can show."""
    rows = run.result.get("rows") or []
    near = run.method == "near-repeat"
    return "clusters" in run.result or near or any(row.get("area") for row in rows[:1])


def layer(code: str) -> tuple[Run, dict[str, Any]] | None:
    """Return an analysis and what to draw of it: circles (lon, lat, metres, rank, stands out), areas (P-code, `more` or
    `less`, label), lines (lon, lat, lon, lat). None if there is no such analysis for who is signed in."""
    try:
        run = runs.shown(session.store(), code, by=session.acting())
    except CasualtyError:
        return None
    if "clusters" in run.result:
        return run, EMPTY | _clusters(run)
    if run.method == "near-repeat":
        return run, EMPTY | {"lines": _pairs(run)}
    return run, EMPTY | {"areas": _areas(run)}


def _clusters(run: Run) -> dict[str, Any]:
    clusters = run.result["clusters"][:MOST_CLUSTERS]
    places = _points([cluster["locations"][0] for cluster in clusters if cluster["locations"]])
    circles, areas = [], []
    for cluster in clusters:
        out = cluster.get("p_value") is not None and cluster["p_value"] <= LEVEL
        said = _told(cluster)
        centre = places.get(cluster["locations"][0]) if cluster["locations"] else None
        if centre is not None:
            circles.append([*centre, max(float(cluster["radius"]), 250.0), cluster["rank"], out, said])
        else:  # a scan against people is of areas, not of incidents
            areas += [[pcode, "more" if cluster["high"] else "less", said] for pcode in cluster["locations"] if out]
    return {"circles": circles, "areas": areas}


def _told(cluster: dict[str, Any]) -> str:
    p = cluster.get("p_value")
    return say(
        "Cluster {rank}: {start} to {end}, p = {p} after correction", rank=cluster["rank"], start=cluster["start"],
        end=cluster["end"], p="-" if p is None else p,
    )  # fmt: skip


def _areas(run: Run) -> list[list[Any]]:
    return [
        [
            row["area"],
            "more" if (row.get("ratio") or 0) >= 1 else "less",
            say("{area}: stands out after correction", area=str(row["area"])),
        ]
        for row in run.result.get("rows") or []
        if row.get("alarm") and row.get("area")
    ]


def _points(codes: list[str]) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of incidents by their codes, of those that who is signed in sees."""
    incident = table("incident")
    chosen = sa.select(incident.c.code, incident.c.id).where(incident.c.code.in_(codes))
    rows = session.store().rows(chosen)
    seen = session.selected(filters.EVERYTHING)
    at = seen.overview.keys.where(np.array([row.id for row in rows], dtype="S36")) if rows else []
    sight = set(seen.at.tolist()) if len(seen) < len(seen.overview) else None
    held = seen.columns
    return {
        row.code: (float(held.lon[place]), float(held.lat[place]))
        for row, place in zip(rows, at, strict=True)
        if place >= 0 and (sight is None or int(place) in sight) and held.lon[place] == held.lon[place]
    }


def _pairs(run: Run) -> list[list[float]]:
    """Return the pairs of incidents within the bands that stand out; at most MOST_PAIRS, the nearest in time first."""
    bands = [
        tuple(map(float, found.groups()))
        for row in run.result.get("rows") or []
        if row.get("alarm") and (found := _BAND.match(str(row.get("band"))))
    ]
    if not bands:
        return []
    from geo.near_repeat import close_pairs
    from geo.systems import flat

    at = _asked(run)
    held = session.selected(filters.EVERYTHING).columns
    x, y = flat(held.lon[at], held.lat[at])
    near = close_pairs(x, y, max(band[1] for band in bands))
    days = np.abs(held.first[at][near.first].astype(np.int64) - held.first[at][near.second])
    kept = np.zeros(len(days), dtype=bool)
    for low, high, soon, late in bands:
        kept |= (near.distance > low) & (near.distance <= high) & (days >= soon) & (days <= late)
    order = np.flatnonzero(kept)[np.argsort(days[kept], kind="stable")][:MOST_PAIRS]
    one, other = at[near.first[order]], at[near.second[order]]
    ends = np.column_stack([held.lon[one], held.lat[one], held.lon[other], held.lat[other]])
    return np.round(ends, 5).tolist()  # type: ignore[no-any-return]


def _asked(run: Run) -> Any:
    """Return the positions of the incidents that such a question is asked of: placed and dated closely, and judged fit."""
    told = run.parameters
    chosen = session.selected(filters.read(str(told.get("filter") or "")))
    held, at = chosen.columns, chosen.at
    fit = np.isfinite(held.lon[at]) & (held.place_precision[at] <= POINT_PRECISION) & (held.first[at] != NO_DAY)
    status = told.get("status")
    wrong = [STATUSES.index(str(word)) for word in NOT_ANALYSED]
    fit &= held.status[at] == STATUSES.index(status) if status in STATUSES else ~np.isin(held.status[at], wrong)
    for name, holds in (("since", np.greater_equal), ("until", np.less_equal)):
        if told.get(name):
            fit &= holds(held.first[at], int(np.datetime64(str(told[name])).astype(np.int64)))
    return at[fit & (held.date_precision[at] <= 3)]


def caption(run: Run) -> str:
    """Return what stands under the map while the findings of an analysis are on it."""
    sentence = run.result.get("sentence") or " ".join(run.result.get("sentences") or []) or json.dumps(run.question)
    return f"{run.code}: {sentence}"
