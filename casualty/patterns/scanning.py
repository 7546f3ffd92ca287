"""Where, and when, are incidents of a group a larger part than elsewhere? The scan asked of whole incidents.

An incident counts once, however many it killed, and keeps its mix of groups; whole incidents change places, times or
labels under the null. With victims as weights a label still moves with its whole incident, and only among incidents of
about the same size: a massacre is exchanged with massacres, so that one alone is never what makes a cluster.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from casualty.errors import NotEnoughData, UsageFault
from casualty.patterns.answers import plain
from casualty.patterns.events import Events
from geo.scan import Design, Kind, Model, Places, Rates, Records, Scan, Windows, scan

DAY_0 = np.datetime64("1970-01-01", "D")
LEVEL = 0.05
FEWEST = 10
STEPS, MOST_BINS = (1, 7, 30, 91, 365), 60

NO_PEOPLE = "no number of people for its area"
NO_AREA = "no area"
ONE_PLACE = "All incidents lie in one place: a scan compares places. Give finer places."

RESIDENCE = (
    "A group's part may be larger where more of its people live: this asks where, not whether it is singled out."
)
REPORTING = "Who reports, and on whom, differs between places; that alone can make a cluster."
INTERPLAY = "Only the meeting of place and time is tested: a rise everywhere at once, and a place that always has more, cannot be seen."
EXPOSURE = "Numbers of people are where they were counted: displacement, and who was at risk, are not in them."
EDGE = "The outline of a cluster is a circle's: its edge is not known, and single places in it may have nothing of it."
SIZES = "Weights are victims: labels moved among incidents of about equal size, so that a single massacre cannot make a cluster."


@dataclass(frozen=True)
class Scanned:
    """A scan's answer: the clusters as `patterns scan --json` has them, and what must be said with them.

    n: incidents used; left_out: by reason; spans: first and last ISO day of each bin; scan: the clusters themselves.
    """

    question: str
    group: str | None
    n: int
    left_out: Mapping[str, int]
    scan: Scan
    spans: tuple[tuple[str, str], ...]
    sentence: str
    caveats: tuple[str, ...]
    parameters: Mapping[str, Any]
    seed: int
    areas: tuple[tuple[str, ...], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON: infinite and undefined numbers are null."""
        document = self.scan.as_json(self.spans)
        for cluster, areas in zip(document["clusters"], self.areas, strict=False):
            cluster["areas"] = list(areas)
        told = {
            "method": "scan",
            "question": self.question,
            "n": self.n,
            "left_out": dict(self.left_out),
            "sentence": self.sentence,
            "caveats": list(self.caveats),
            "parameters": dict(self.parameters),
            "seed": self.seed,
            "maxima": [float(f"{value:.6g}") for value in self.scan.maxima],
            "correction": "every cluster is ranked against the best window of each replication",
        }
        return {**document, **{name: plain(value) for name, value in told.items()}, **plain(self.extra)}


def scanning(
    events: Events,
    *,
    seed: int,
    model: str = "bernoulli",
    kind: str = "spatial",
    group: str | None = None,
    people: Mapping[str, float] | None = None,
    centres: Mapping[str, tuple[float, float]] | None = None,
    every: int | None = None,
    longest: int | None = None,
    share: float = 0.5,
    radius: float | None = None,
    rates: str = "high",
    least: int = 2,
    weights: str = "incidents",
    ellipses: Sequence[float] = (),
    looked_from: str | None = None,
    replications: int = 999,
    stop_after: int | None = None,
    gumbel: bool = False,
    executor: Executor | None = None,
    workers: int = 1,
    progress: Any = None,
) -> Scanned:
    """Search circles (and times) for where incidents of a group, or any mix of groups, stand out.

    Parameters
    ----------
    model: bernoulli (the group's part among all incidents of known identity), poisson (against numbers of `people` by
        area, at `centres`), permutation (the group's incidents alone: place and time together), multinomial (no group
        chosen: any mix that differs). kind: spatial, retrospective, prospective (still going on at the last day).
    every: days of a time bin, counted back from the last day (without it 1, 7, 30, 91 or 365, so that there are at most
        60 bins); longest: days of the longest window (half the period).
    share: largest part of all incidents (or expectation) in a circle; radius: largest radius, in metres (kilometres if
        events are in degrees). rates: high, low, both. least: fewest incidents in a window of high rate.
    weights: incidents, or victims (best figures). ellipses: shapes beside the circle. looked_from: ISO day since when
        such looks were taken, to adjust for them. stop_after: sequential stopping. gumbel: a second p, fitted.

    Raises NotEnoughData, and geo.faults.TooLittle or Unusable. Sources: Kulldorff 1997; Kulldorff et al. 2005; Jung,
    Kulldorff and Richard 2010. Does not show intent, nor what was never recorded; see the caveats it returns.
    """
    asked = _known(Model, model, "--model"), _known(Kind, kind, "--type")
    days = events.day[np.isfinite(events.day)]
    every = every or step_of(days)
    chosen = _chosen(events, asked[0], asked[1], group, every)
    if len(chosen) < FEWEST:
        raise NotEnoughData(
            f"{len(chosen)} incidents have all that this scan needs; at least {FEWEST} are needed."
            f" Left out: {_reasons(chosen)}."
        )
    bin_of, spans = _bins(chosen, days, asked[1], every)
    if asked[0] is Model.POISSON:
        chosen, bin_of, design = _against_people(chosen, group or "", people or {}, centres or {}, bin_of, len(spans))
    else:
        design = _of_points(chosen, asked[0], group, bin_of, len(spans), weights)
    windows = Windows(
        kind=asked[1],
        share=share,
        radius=radius,
        longest=max(1, (longest or every * len(spans) // 2) // every),
        looked_from=_look(looked_from, spans),
        rates=_known(Rates, rates, "--rates"),
        least_high=least,
        ellipses=tuple(ellipses),
        turns=tuple(int(3 * shape) for shape in ellipses),
    )
    found = scan(
        replace(design, windows=windows), replications=replications, seed=seed, executor=executor, workers=workers,
        progress=progress, stop_after=stop_after, gumbel=gumbel,
    )  # fmt: skip
    return _answered(chosen, found, spans, group, weights, every)


def _known(words: Any, word: str, option: str) -> Any:
    if word not in set(words):
        raise UsageFault(f"{option} {word} is not known; one of: {', '.join(words)}.")
    return words(word)


def _reasons(events: Events) -> str:
    return "; ".join(f"{number} {reason}" for reason, number in events.left_out.items()) or "none"


def _chosen(events: Events, model: Model, kind: Kind, group: str | None, every: int) -> Events:
    """The incidents that this scan can use, the others counted by the reason."""
    if model is not Model.MULTINOMIAL and group is None:
        raise UsageFault("--group says about which group is asked; only the multinomial scan needs none.")
    there = events if model is Model.POISSON else events.with_points()
    if kind is not Kind.SPATIAL:
        there = there.with_dates(float(every))
    there = there.with_identity()
    if model in (Model.PERMUTATION, Model.POISSON):
        there = there.only(there.share(group or "") > 0)
    if model is Model.POISSON:
        there = there.only(np.array([area is not None for area in there.area], dtype=bool), NO_AREA)
    return there


def _bins(
    events: Events, days: NDArray[np.float64], kind: Kind, every: int
) -> tuple[NDArray[np.int64], tuple[tuple[str, str], ...]]:
    """Each incident's time bin, and the first and last day of every bin, counted back from the last of all `days`.

    The study period is that of everything that was given, not of the group's incidents alone: what ended with them
    long ago is not still going on.
    """
    if not days.size:
        if kind is Kind.SPATIAL:
            return np.zeros(len(events), dtype=np.int64), (("", ""),)
        raise NotEnoughData("No incident has a date: a scan in time needs them.")
    first, last = int(days.min()), int(days.max())
    if kind is Kind.SPATIAL:
        return np.zeros(len(events), dtype=np.int64), ((_iso(first), _iso(last)),)
    bins = -(-(last - first + 1) // every)
    number = bins - 1 - (last - events.day.astype(np.int64)) // every
    starts = [max(first, last - every * (bins - i) + 1) for i in range(bins)]
    return number, tuple((_iso(start), _iso(last - every * (bins - 1 - i))) for i, start in enumerate(starts))


def step_of(days: NDArray[np.float64]) -> int:
    """Return days of a bin that cut the period into no more than enough: finer ones only cost power and time."""
    period = float(np.ptp(days)) + 1 if days.size else 1.0
    return next((step for step in STEPS if period <= step * MOST_BINS), STEPS[-1])


def _iso(day: int) -> str:
    return str(DAY_0 + day)


def _look(day: str | None, spans: Sequence[tuple[str, str]]) -> int | None:
    if day is None:
        return None
    found = [i for i, (_, last) in enumerate(spans) if last >= day]
    if not found:
        raise UsageFault(f"--looked-from {day} lies after the last day, {spans[-1][1]}.")
    return found[0]


def _of_points(
    events: Events, model: Model, group: str | None, bins: NDArray[np.int64], count: int, weights: str
) -> Design:
    places = Places(events.ids, events.x.tolist(), events.y.tolist(), degrees=events.degrees)
    index, n = list(range(len(events))), len(events)
    if weights not in ("incidents", "victims"):
        raise UsageFault(f"--weights {weights} is not known; one of: incidents, victims.")
    if weights == "victims" and model is not Model.BERNOULLI:
        raise UsageFault("--weights victims belongs to the bernoulli scan; the others count incidents.")
    ones, bin_of, zeros = [1.0] * n, bins.tolist(), [0] * n
    if model is Model.PERMUTATION:
        return Design(model, places, Records(index, bin_of, ones, zeros), bins=count)
    if model is Model.MULTINOMIAL:
        whole = (events.mix.max(axis=1) == 1).all()
        kinds = events.mix.argmax(axis=1).tolist() if whole else zeros
        mix = None if whole else events.mix.ravel().tolist()
        return Design(model, places, Records(index, bin_of, ones, kinds, mix=mix), bins=count)
    part = events.share(group or "")
    if not 0 < part.sum() < n:
        raise NotEnoughData(
            f"Every incident is of {group}, or none: its part cannot be compared. Take in incidents of other groups."
        )
    if weights == "victims":
        number, size = _sizes(events)
        return Design(model, places, Records(index, bin_of, number, size, share=part.tolist()), bins=count)
    if np.isin(part, (0.0, 1.0)).all():
        return Design(model, places, Records(index, bin_of, ones, part.astype(int).tolist()), bins=count)
    return Design(model, places, Records(index, bin_of, ones, zeros, share=part.tolist()), bins=count)


def _sizes(events: Events) -> tuple[list[float], list[int]]:
    """Victims of each incident by the best figure (else the least stated, else 1), and the class of its size."""
    low, best, _ = events.victims.T
    number = np.maximum(np.where(np.isfinite(best), best, np.where(np.isfinite(low), low, 1.0)), 1.0)
    octave = np.log2(number).astype(int)
    return number.tolist(), np.unique(octave, return_inverse=True)[1].tolist()


def _against_people(
    events: Events, group: str, people: Mapping[str, float], centres: Mapping[str, tuple[float, float]],
    bins: NDArray[np.int64], count: int,
) -> tuple[Events, NDArray[np.int64], Design]:  # fmt: skip
    """Areas as places, each with its people; an incident weighs the group's part in it."""
    if not people:
        raise NotEnoughData(
            f"No number of people of {group} is held: a rate is refused, not guessed. Bring figures in."
        )
    areas = sorted(area for area in people if area in centres)
    if zero := [area for area in areas if not people[area] > 0]:
        raise NotEnoughData(f"The number of people of {group} is 0 in {', '.join(zero)}: mend the figures.")
    known = np.array([area in set(areas) for area in events.area], dtype=bool)
    events, bins = events.only(known, NO_PEOPLE), bins[known]
    number = {area: i for i, area in enumerate(areas)}
    x, y = zip(*(centres[area] for area in areas), strict=True) if areas else ((), ())
    records = Records(
        [number[str(area)] for area in events.area], bins.tolist(), events.share(group).tolist(), [0] * len(events)
    )
    expected = [people[area] for area in areas for _ in range(count)]
    places = Places(tuple(areas), x, y, degrees=events.degrees)
    return events, bins, Design(Model.POISSON, places, records, bins=count, expected=expected)


# What is said --------------------------------------------------------------------------------------------------------


def _answered(
    events: Events, found: Scan, spans: tuple[tuple[str, str], ...], group: str | None, weights: str, every: int
) -> Scanned:
    design, windows = found.design, found.design.windows
    caveats = {
        Model.BERNOULLI: (RESIDENCE, REPORTING),
        Model.MULTINOMIAL: (RESIDENCE, REPORTING),
        Model.POISSON: (EXPOSURE, REPORTING),
        Model.PERMUTATION: (INTERPLAY, REPORTING),
    }[design.model]
    parameters = {
        "model": str(design.model), "type": str(windows.kind), "group": group, "share": windows.share,
        "radius": windows.radius, "every_days": every, "longest_bins": windows.longest, "rates": str(windows.rates),
        "least": windows.least_high, "weights": weights, "ellipses": windows.ellipses,
        "replications": len(found.maxima),
    }  # fmt: skip
    return Scanned(
        question=_question(design.model, windows.kind, group),
        group=group,
        n=len(events),
        left_out=events.left_out,
        scan=found,
        spans=spans,
        sentence=_sentence(events, found, spans, group),
        caveats=(*caveats, EDGE, *((SIZES,) if weights == "victims" else ())),
        parameters=parameters,
        seed=found.seed,
        areas=_areas(events, found),
        extra={"groups": events.groups} if design.model is Model.MULTINOMIAL else {},
    )


def _areas(events: Events, found: Scan) -> tuple[tuple[str, ...], ...]:
    """The areas that a cluster's places lie in, the most frequent first."""
    if found.design.model is Model.POISSON:
        return tuple(tuple(found.design.places.ids[i] for i in cluster.places) for cluster in found.clusters)
    told = []
    for cluster in found.clusters:
        here = [area for area in (events.area[i] for i in cluster.places) if area is not None]
        told.append(tuple(sorted(set(here), key=lambda area: (-here.count(area), area))))
    return tuple(told)


def _question(model: Model, kind: Kind, group: str | None) -> str:
    where = "anywhere" if kind is Kind.SPATIAL else "anywhere at any time"
    where = "anywhere up to the last day" if kind is Kind.PROSPECTIVE else where
    return {
        Model.BERNOULLI: f"Are incidents of {group} a larger part of all incidents {where} than elsewhere?",
        Model.POISSON: f"Are incidents of {group} more {where} than its numbers of people lead to expect?",
        Model.PERMUTATION: f"Do incidents of {group} gather {where}, beyond what its places and its times explain?",
        Model.MULTINOMIAL: f"Is the mix of groups among incidents different {where}?",
    }[model]


def _sentence(events: Events, found: Scan, spans: Sequence[tuple[str, str]], group: str | None) -> str:
    what = f"incidents of {group}" if group is not None else "the mix of groups"
    spatial = found.design.windows.kind is Kind.SPATIAL
    looked = f"all circles{'' if spatial else ' and times'} that were searched"
    if not found.clusters:
        return f"Nothing stands out: no window has more {what} than expected."
    p = found.clusters[0].p
    if p is None:
        return (
            "The window that stands out most is described below, without any test: no replication was run,"
            f" and whether it is more than chance among {looked} is not said."
        )
    if p > LEVEL:
        return (
            f"No place{'' if spatial else ' and time'} stands out for {what}: the strongest would come about by chance"
            f" in {p:.1%} of cases, among {looked}. Nothing is shown by this; a pattern that is weak or spread out"
            " would not be found."
        )
    others = sum(cluster.p is not None and cluster.p <= LEVEL for cluster in found.clusters) - 1
    more = f" {others} more stand{'s' if others == 1 else ''} out." if others else ""
    return (
        f"{_where(events, found, spans)} {_what(events, found, what)}: consistent with a concentration there,"
        f" p = {p:.3g} after correction for {looked}; this does not say why.{more}"
    )


def _where(events: Events, found: Scan, spans: Sequence[tuple[str, str]]) -> str:
    """Where, and when, the first cluster lies."""
    first, design = found.clusters[0], found.design
    areas = _areas(events, found)[0]
    if design.model is Model.POISSON:
        around = f"In {areas[0]}{_further(areas)}"
    else:
        size = f"{first.radius:,.1f} km" if design.places.degrees else f"{first.radius:,.0f} m"
        around = f"Within {size} around {design.places.ids[first.places[0]]}" if first.radius else "At one place"
        around += f" ({areas[0]}{_further(areas)})" if areas else ""
    if design.windows.kind is Kind.SPATIAL:
        return around
    return f"{around}, {spans[first.first][0]} to {spans[first.last][1]}"


def _further(areas: Sequence[str]) -> str:
    return "" if len(areas) == 1 else f" and {len(areas) - 1} more"


def _what(events: Events, found: Scan, what: str) -> str:
    """What lies within the first cluster, beside what is expected."""
    first = found.clusters[0]
    if isinstance(first.cases, tuple) and isinstance(first.expected, tuple):
        excess = [c - e for c, e in zip(first.cases, first.expected, strict=True)]
        k = excess.index(max(excess))
        number = f"{_number(first.cases[k])} where {_number(first.expected[k])} are expected"
        return f"{what} differs from elsewhere, above all in incidents of {events.groups[k]} ({number})"
    cases, expected = (value if isinstance(value, float | int) else 0.0 for value in (first.cases, first.expected))
    return f"there were {_number(cases)} {what} where {_number(expected)} are expected"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
