"""Each question as it is asked of its module, which is loaded only then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from casualty.asking.material import Material, Question, Work, some
from casualty.errors import NotEnoughData, NotFound, UsageFault
from casualty.patterns.answers import Answer
from casualty.patterns.events import Events

if TYPE_CHECKING:
    from casualty.asking.shares import Shares
    from casualty.patterns.scanning import Scanned
    from geo.series import Series

# Areas whose borders are not held are next to those whose incidents lie nearest on average.
NEAREST_AREAS = 6
SURVEILLANCE = ("method", "alpha", "baseline", "years", "half_window", "threshold")
PAIRS = ("space", "days", "group", "by_group", "cumulative", "within_area", "same_place", "replications")
NEAR = ("group", "other", "place_type", "means", "local", "neighbours", "within_area", "replications")
SCAN = (
    "model", "kind", "group", "every", "longest", "share", "radius", "rates", "least", "weights", "ellipses",
    "looked_from", "replications", "stop_after", "gumbel",
)  # fmt: skip


def _scan(material: Material, chosen: dict[str, Any], work: Work) -> "Scanned":
    from casualty.patterns.scanning import scanning

    people = {area: best for area, (_, best, _) in material.people.items()}
    return scanning(
        material.events, seed=work.seed, people=people, centres=material.centres, workers=work.workers,
        **some(chosen, *SCAN), **work.runs,
    )  # fmt: skip


def _near_repeat(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.near_repeat import near_repeat

    return near_repeat(material.events, seed=work.seed, **some(chosen, *PAIRS), **work.runs)


def _colocation(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.colocation import colocation

    radii = {"radii": chosen["space"]} if "space" in chosen else {}
    x, y = np.array(material.near, dtype=np.float64).reshape(-1, 2).T
    near = (x, y) if material.near else None
    return colocation(material.events, near=near, seed=work.seed, **radii, **some(chosen, *NEAR), **work.runs)


def _counted(
    material: Material, chosen: dict[str, Any], every: str, groups: Sequence[str] | None = None
) -> "tuple[Series, ...]":
    """Return counts in time: those that were read, else of the groups given or of the one asked about, else of all incidents."""
    from casualty.patterns.counting import counted

    if material.series:
        return material.series
    since, until = (date.fromisoformat(chosen[name]) if chosen.get(name) else None for name in ("since", "until"))
    which = groups or ([chosen["group"]] if chosen.get("group") else None)
    return counted(material.events, groups=which, every=chosen.get("every", every), since=since, until=until)


def _by_group(material: Material, chosen: dict[str, Any]) -> "tuple[tuple[Series, ...], tuple[str, ...]]":
    """Return the groups' own counts, which stand beside those of all, and what to know where there are none."""
    if material.series or chosen.get("group") or not material.events.groups:
        return (), ()
    try:
        return _counted(material, chosen, "month", material.events.groups), ()
    except NotEnoughData as why:
        return (), (f"The groups have no course of their own here; that of all incidents stands alone. {why}",)


def _trend(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.trend import trend

    beside, told = _by_group(material, chosen)
    series = (*_counted(material, chosen, "month"), *beside)
    found = trend(series, rng=work.rng, **some(chosen, "replications"), **work.runs)
    found = replace(found, caveats=(*told, *found.caveats))
    if len(series) == 1:
        return found
    # An incident stands in the series of all and in each of its groups', and is one incident.
    bins = [row for row in found.rows if row.get("band") is None and row.get("group") is None and not row["masked"]]
    return replace(found, n=int(sum(row["observed"] for row in bins)))


def _surveillance(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.surveillance import surveillance

    first, named = _counted(material, chosen, "week")[0], some(chosen, *SURVEILLANCE)
    return surveillance(first, **named)


def _signature(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.signature import PARTS, part_of, repeated_signature

    # A part that nowhere is recorded would leave every incident out.
    recorded = [part for part in PARTS if any(part_of(material.events, part))] or list(PARTS)
    named = {"parts": recorded} | some(chosen, "parts", "period", "replications")
    return repeated_signature(material.events, chosen["group"], rng=work.rng, progress=work.progress, **named)


def _actors(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.alleged import actors_by_group

    named = some(chosen, "within_areas", "replications")
    return actors_by_group(material.events, rng=work.rng, **named, **work.runs)


def _widespread(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.widespread import widespread

    areas = len(material.borders) or None
    named = some(chosen, "period") | ({"draws": chosen["replications"]} if "replications" in chosen else {})
    return widespread(material.events, chosen["group"], rng=work.rng, areas=areas, progress=work.progress, **named)


def _hotspots(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.hotspots import by_area, by_cell, hotspots

    group, events = chosen["group"], material.events
    if chosen.get("cell") or not any(events.area):
        areas = by_cell(events, group, chosen.get("cell") or cell_of(events), chosen.get("shape", "square"))
    else:
        best = {code: figures[1] for code, figures in material.people.items()} or None
        areas = by_area(events, group, *_bordering(material), best)
    named = some(chosen, "statistic", "replications")
    return hotspots(areas, group=group, rng=work.rng, **named, **work.runs)


def cell_of(events: Events) -> float:
    """Return metres from side to side of a cell when none is asked for: twice the ground there is to each incident.

    The rule of quadrats (Greig-Smith 1952; Wong and Lee 2005); to two figures, so that it can be named.
    """
    known = events.with_identity().with_points()
    x, y = known.x, known.y
    ground = float(np.ptp(x) * np.ptp(y)) if len(known) else 0.0
    if not ground > 0:
        raise NotEnoughData(
            "All incidents lie in one place or on one line: there are no areas to compare. Give finer places."
        )
    side = float(np.sqrt(2 * ground / len(known)))
    scale = 10.0 ** (np.floor(np.log10(side)) - 1)
    return float(round(side / scale) * scale)


def _bordering(material: Material) -> tuple[Sequence[str], Any]:
    """Return the areas' codes and which of them are neighbours: by their borders, else by where their incidents lie."""
    from geo.neighbours import nearest, touching

    if material.borders:
        import shapely

        return tuple(material.borders), touching(shapely.from_geojson(list(material.borders.values())))
    placed = material.events.only(np.isfinite(material.events.x))
    codes = sorted({area for area in placed.area if area is not None})
    if len(codes) <= NEAREST_AREAS:
        raise NotEnoughData(
            f"{len(codes)} areas with a point; more than {NEAREST_AREAS} are needed. Ask with --cell METRES."
        )
    at = np.array([codes.index(area) if area is not None else -1 for area in placed.area])
    x, y = ([float(axis[at == i].mean()) for i in range(len(codes))] for axis in (placed.x, placed.y))
    return codes, nearest(x, y, NEAREST_AREAS)


def _funnel(material: Material, chosen: dict[str, Any], work: Work) -> Answer:
    from casualty.patterns.funnel import funnel
    from casualty.patterns.hotspots import NO_AREA

    group, known = chosen["group"], material.events.with_identity()
    placed = known.only(np.array([area is not None for area in known.area], dtype=bool), NO_AREA)
    codes = sorted({str(area) for area in placed.area})
    at = np.array([codes.index(str(area)) for area in placed.area], dtype=np.intp)
    every = np.bincount(at, minlength=len(codes)).astype(float)
    observed = np.bincount(at, placed.share(group), minlength=len(codes))
    if chosen.get("base") != "people":
        return funnel(codes, observed, every, of="incidents", group=group, left_out=placed.left_out)
    figures = np.array([material.people.get(code, (np.nan,) * 3) for code in codes], dtype=float).reshape(-1, 3)
    if not np.isfinite(figures).any():
        raise NotEnoughData(
            f"No area has a number of people of {group}: a rate is refused, not guessed. Bring figures in."
        )
    low, best, high = figures.T
    return funnel(
        codes, observed, best, of="people", low_base=low, high_base=high, group=group, left_out=placed.left_out
    )


def _disparity(material: Material, chosen: dict[str, Any], work: Work) -> "Shares":
    from casualty.asking.shares import compared

    if material.shares is None:
        raise UsageFault("The shares of groups are compared in the database, with its own numbers of people.")
    return compared(material.shares, chosen)


def question(method: str) -> Question:
    """Return a question by its name; raise NotFound, naming those there are."""
    if method not in QUESTIONS:
        raise NotFound(f"There is no question {method!r}; there are: {', '.join(QUESTIONS)}.")
    return QUESTIONS[method]


QUESTIONS: dict[str, Question] = {
    "disparity": Question(_disparity, grouped=False),
    "scan": Question(_scan, needs=("x", "y"), but="multinomial", beside=("people", "centres")),
    "near-repeat": Question(_near_repeat, needs=("x", "y", "date"), grouped=False, of_all=True),
    "hotspots": Question(_hotspots, needs=("x", "y"), beside=("people", "borders")),
    "trend": Question(_trend, needs=("date",), grouped=False, of_all=True),
    "surveillance": Question(_surveillance, needs=("date",), grouped=False, of_all=True),
    "colocation": Question(_colocation, needs=("x", "y")),
    "signature": Question(_signature),
    "actors": Question(_actors, grouped=False),
    "funnel": Question(_funnel, needs=("area",), beside=("people",)),
    "widespread": Question(_widespread, beside=("borders",)),
}
