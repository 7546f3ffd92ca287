"""Every window of a scan, one after the other: what the fast search is judged by.

Written from the papers (Kulldorff 1997; Kulldorff et al. 2005 and 2006; Jung, Kulldorff and Richard 2010) and from the
words of geo/scan/design.py and found.py, with sums over arrays and no bound, no block and no early end.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geo.kernel import function
from geo.scan import Cluster, Design, Kind, Model, Rates, Records, Scan
from geo.scan.preparing import Prepared, job, prepared, single

LISTED = 100
NEAR = 1e-9  # ratios and distances that agree to this are one

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Circles:
    """A centre's circles (or ellipses of one shape and angle): `order` of the places, how many lie within each, radii."""

    centre: int
    order: Array
    counts: Array
    radii: Array
    penalty: float = 1.0
    shape: float = 1.0
    angle: float = 0.0


@dataclass(frozen=True)
class Window:
    """One window, all that is to be said of it. `cases` by category where there are several."""

    ratio: float
    radius: float
    centre: int
    places: frozenset[int]
    first: int
    last: int
    cases: Array
    measure: float
    high: bool
    shape: float = 1.0
    angle: float = 0.0


@dataclass(frozen=True)
class Data:
    """Cases by place, bin and category; measure by place and bin; sums of the whole study."""

    cases: Array
    measure: Array
    all_cases: Array
    total: float


def xlogx(x: Array) -> Array:
    x = np.where(np.abs(x) < 1e-13, 0.0, x)
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0)


def times_log(x: Array, of: Array) -> Array:
    return np.where(x > 0, x * np.log(np.where(x > 0, of, 1.0)), 0.0)


def poisson(c: Array, mu: Array, cases: float) -> Array:
    """Kulldorff 1997: c ln(c/mu) + (C-c) ln((C-c)/(C-mu))."""
    inside, outside = np.maximum(mu, 1e-300), np.maximum(cases - mu, 1e-300)
    rest = np.maximum(cases - c, 0.0)
    ratio = xlogx(c) - times_log(c, inside) + xlogx(rest) - times_log(rest, outside)
    return np.where(cases - mu > 1e-12 * cases, ratio, 0.0)


def mixed(c: Array, n: Array, cases: Array, total: float) -> Array:
    """Jung, Kulldorff and Richard 2010; with cases and controls as two categories that of Kulldorff 1997 (Bernoulli)."""
    inside, outside, null = xlogx(c), xlogx(cases - c), xlogx(cases)
    ratio = inside.sum(-1) - xlogx(n) + outside.sum(-1) - xlogx(total - n) - null.sum() + float(xlogx(np.array(total)))
    return np.where((n > 0) & (n < total), ratio, 0.0)


def interval_list(design: Design, simulated: bool) -> list[tuple[int, int]]:
    """First and last bin of the windows, both included."""
    w, bins = design.windows, design.bins
    if w.kind is Kind.SPATIAL:
        return [(0, bins - 1)]
    lasts = range(bins) if w.kind is Kind.RETROSPECTIVE else range(bins - 1, bins)
    if simulated and w.kind is Kind.PROSPECTIVE and w.looked_from is not None:
        lasts = range(w.looked_from, bins)
    return [(a, b) for b in lasts for a in range(b + 1) if w.shortest <= b - a + 1 <= w.longest]


def distances(design: Design, centre: int, shape: float, angle: float) -> Array:
    """How far each place lies from a centre; for an ellipse its half longest axis, the angle counted from the x axis."""
    places, centres = design.places, design.centres or design.places
    x, y = np.array(places.x, float), np.array(places.y, float)
    cx, cy = float(centres.x[centre]), float(centres.y[centre])
    if places.degrees:
        half = np.sin(np.radians(y - cy) / 2) ** 2
        half += np.cos(np.radians(y)) * np.cos(np.radians(cy)) * np.sin(np.radians(x - cx) / 2) ** 2
        around: Array = 2 * design.earth_km * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
        return around
    along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
    across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
    far: Array = np.hypot(along, shape * across)
    return far


def handed_out(ready: Prepared, replicate: int, seed: int) -> tuple[Array, Array, Array]:
    """Place, bin and count of a replicate's cells, from the kernel."""
    made, held = job(ready, ready.geometries[0], simulated=True, seed=seed, stop=ctypes.c_int32(0))
    draw = function("scan_drawn")
    draw.argtypes = [ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_void_p] * 3]
    size = draw(ctypes.addressof(made), replicate, None, None, None)
    place, bin_, count = np.zeros(size, "i4"), np.zeros(size, "i4"), np.zeros(size)
    draw(ctypes.addressof(made), replicate, *(column.ctypes.data for column in (place, bin_, count)))
    del held
    return place, bin_, count


class Exhaustive:
    """All windows of a design."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.data = self.observed()
        self.sizes = self._sizes()
        self.circles = list(self._circles())

    def observed(self) -> Data:
        records, shape = self.design.records, (len(self.design.places.ids), self.design.bins)
        where, number = (np.array(records.place), np.array(records.bin)), np.array(records.number, float)
        mixes = self._mixes()
        cases, measure = np.zeros((*shape, mixes.shape[1])), np.zeros(shape)
        np.add.at(cases, where, number[:, None] * mixes)
        np.add.at(measure, where, number)
        if self.design.model is Model.POISSON:
            measure = np.array(self.design.expected, float).reshape(shape)
        if self.design.model is Model.PERMUTATION:
            measure = self._margins(shape)
        return Data(cases, measure, cases.sum((0, 1)), float(measure.sum()))

    def drawn(self, replicate: int, seed: int, quick: bool = True) -> Data:
        """A replicate as the kernel draws it, each count put at the first of the places that lie where it lies."""
        if self.design.model is Model.MULTINOMIAL:
            return self._exchanged(replicate, seed)
        whole = prepared(self.design)
        ready = (single(whole) if quick else None) or whole
        place, bin_, count = handed_out(ready, replicate, seed)
        kept = (bin_ >= 0) & (bin_ < ready.numbers["bins"])
        first = dict(zip(zip(*whole.geometries[0].places, strict=True), (m[0] for m in whole.members), strict=True))
        at = np.array([first[point] for point in zip(*ready.geometries[0].places, strict=True)])[place[kept]]
        cases = np.zeros_like(self.data.cases)
        np.add.at(cases[..., 0], (at, bin_[kept] + ready.first), count[kept])
        before = self.data.all_cases if self.design.records.share is None else np.array([count.sum()])
        return Data(cases, self.data.measure, before, self.data.total)

    def _exchanged(self, replicate: int, seed: int) -> Data:
        """Mixes change places as shares do, so shares that number the records tell which mix came to which record."""
        records, mixes = self.design.records, self._mixes()
        times = np.ones(len(mixes), int) if records.mix is not None else np.array(records.number, int)
        row = np.repeat(np.arange(len(mixes)), times)
        place, bin_, number, kind = (
            np.array(column)[row] for column in (records.place, records.bin, records.number, records.kind)
        )
        number, kind = (number, kind) if records.mix is not None else (np.ones(len(row)), np.zeros(len(row), int))
        share = 1 - np.arange(len(row)) / (9.0 * len(row))
        alike = Records(place.tolist(), bin_.tolist(), [4] * len(row), kind.tolist(), share.tolist())
        ready = prepared(replace(self.design, model=Model.BERNOULLI, records=alike))
        came = np.rint((1 - handed_out(ready, replicate, seed)[2] / 4) * 9 * len(row)).astype(int)
        cases = np.zeros_like(self.data.cases)
        np.add.at(cases, (place, bin_), number[:, None] * mixes[row[came]])
        return Data(cases, self.data.measure, cases.sum((0, 1)), self.data.total)

    def maximum(self, data: Data) -> float:
        """The highest ratio among the windows that replicates are searched for."""
        spans = interval_list(self.design, simulated=True)
        return max(
            (float(self._ratios(circles, data, spans)[0].max(initial=0.0)) for circles in self.circles), default=0.0
        )

    def best(self) -> list[list[Window]]:
        """For each centre with a window that stands out, those of its windows that reach its highest ratio."""
        spans = interval_list(self.design, simulated=False)
        found: list[list[Window]] = []
        for circles in self.circles:
            ratios, high, cases, measure = self._ratios(circles, self.data, spans)
            top = ratios.max(initial=0.0)
            tied = np.argwhere((ratios >= top * (1 - NEAR) - 1e-12) & (ratios > NEAR))
            windows = [
                Window(
                    float(ratios[k, i]), float(circles.radii[k]), circles.centre,
                    frozenset(circles.order[: circles.counts[k]].tolist()), spans[i][0], spans[i][1],
                    cases[k, i], float(measure[k, i]), bool(high[k, i]), circles.shape, circles.angle,
                )
                for k, i in tied
            ]  # fmt: skip
            found += [windows] if windows else []
        return found

    def clusters(self) -> list[list[Window]]:
        """By rank, the windows that may stand there: the smallest radius, then the first centre, among equal ratios."""
        ranked: list[list[Window]] = []
        taken: set[tuple[int, int]] = set()
        left = [[w for w in tied if same(w.radius, min(v.radius for v in tied))] for tied in self.best()]
        while left:
            top = max(tied[0].ratio for tied in left)
            level = [tied for tied in left if same(tied[0].ratio, top)]
            smallest = min(tied[0].radius for tied in level)
            first = min((tied for tied in level if same(tied[0].radius, smallest)), key=lambda tied: tied[0].centre)
            left.remove(first)
            if taken.isdisjoint(filled(first[0])):
                ranked.append(first)
                taken |= filled(first[0])
        return ranked

    def risk(self, window: Window) -> tuple[Array, Array]:
        """Expected cases of a window, and its relative risk (cases over expected within, against the same without)."""
        everything = self.data.all_cases
        expected = everything * window.measure / self.data.total
        with np.errstate(divide="ignore", invalid="ignore"):
            outside = np.where(everything - window.cases > NEAR * everything, everything - window.cases, 0.0)
            risk = (window.cases / expected) / (outside / (everything - expected))
        return expected, risk

    def _ratios(self, circles: Circles, data: Data, spans: list[tuple[int, int]]) -> tuple[Array, Array, Array, Array]:
        """Ratios of windows, circles by spans, 0 where a window is not asked for; whether high; cases; measure."""
        inside = np.cumsum(data.cases[circles.order], axis=0)[circles.counts - 1]
        held = np.cumsum(data.measure[circles.order], axis=0)[circles.counts - 1]
        cases = np.stack([inside[:, a : b + 1].sum(1) for a, b in spans], axis=1)
        measure = np.stack([held[:, a : b + 1].sum(1) for a, b in spans], axis=1)
        if self.design.model is Model.MULTINOMIAL:
            return mixed(cases, measure, data.all_cases, data.total) * circles.penalty, measure > 0, cases, measure
        c, everything = cases[..., 0], float(data.all_cases[0])
        mu = measure * everything / data.total
        if self.design.model is Model.BERNOULLI:
            two = np.stack([c, measure - c], axis=-1)
            ratios = mixed(two, measure, np.array([everything, data.total - everything]), data.total)
        else:
            ratios = poisson(c, mu, everything)
        w = self.design.windows
        high = (c > mu) & (c >= w.least_high - NEAR) & (w.rates is not Rates.LOW)
        low = (c < mu) & (c >= w.least_low - NEAR) & (w.rates is not Rates.HIGH)
        return np.where(high | low, ratios, 0.0) * circles.penalty, high, cases, measure

    def _circles(self) -> Iterator[Circles]:
        w = self.design.windows
        turned = [(1.0, 0.0), *((s, np.pi * i / n) for s, n in zip(w.ellipses, w.turns, strict=True) for i in range(n))]
        for shape, angle in turned:
            penalty = (4 * shape / (shape + 1) ** 2) ** w.penalty
            for centre in range(len((self.design.centres or self.design.places).ids)):
                far = distances(self.design, centre, shape, angle)
                order = np.argsort(far, kind="stable")
                sorted_ = far[order]
                last = np.append(np.diff(sorted_) > NEAR * (sorted_[1:] + 1e-3), True)
                fits = np.cumsum(self.sizes[order]) <= w.share * self.sizes.sum() * (1 + NEAR)
                near = sorted_ <= (np.inf if w.radius is None else w.radius * (1 + NEAR))
                at = np.flatnonzero(last & fits & near)
                yield Circles(centre, order, at + 1, sorted_[at], penalty, shape, float(angle))

    def _mixes(self) -> Array:
        """The part of each category in each record; cases are the only category of all models but multinomial."""
        records, model = self.design.records, self.design.model
        if records.share is not None:
            return np.array(records.share, float)[:, None]
        if records.mix is not None:
            return np.array(records.mix, float).reshape(len(records.place), -1)
        kind = np.array(records.kind)
        if model is Model.MULTINOMIAL:
            return np.array(kind[:, None] == np.arange(kind.max() + 1), float)
        return (kind == 1).astype(float)[:, None] if model is Model.BERNOULLI else np.ones((len(kind), 1))

    def _margins(self, shape: tuple[int, int]) -> Array:
        """Kulldorff et al. 2005: cases of the place times cases of the bin over all cases, summed over strata."""
        records, measure = self.design.records, np.zeros(shape)
        place, bin_, kind = (np.array(column) for column in (records.place, records.bin, records.kind))
        number = np.array(records.number, float)
        for stratum in set(kind.tolist()):
            of = kind == stratum
            by_place = np.bincount(place[of], number[of], shape[0])
            by_bin = np.bincount(bin_[of], number[of], shape[1])
            if number[of].sum() > 0:
                measure += np.outer(by_place, by_bin) / number[of].sum()
        return measure

    def _sizes(self) -> Array:
        if self.design.sizes is not None:
            return np.array(self.design.sizes, float)
        n = len(self.design.places.ids)
        if self.design.model is Model.POISSON:
            return np.array(self.data.measure.sum(1))
        records = self.design.records
        return np.array(np.bincount(np.array(records.place), np.array(records.number, float), n))


def filled(window: Window | Cluster) -> set[tuple[int, int]]:
    """The places of a window at each of its bins."""
    return {(place, bin_) for place in window.places for bin_ in range(window.first, window.last + 1)}


def same(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=NEAR, atol=1e-11))


def is_told(cluster: Cluster, window: Window, brute: Exhaustive) -> bool:
    """Whether a cluster says of a window all that is so; a category without cases has no relative risk to be told."""
    expected, risk = brute.risk(window)
    told = [np.atleast_1d(value) for value in (cluster.cases, cluster.expected, cluster.relative_risk)]
    found = [window.cases, expected, np.where(brute.data.all_cases > 0, risk, told[2])]
    return (
        set(cluster.places) == window.places
        and len(cluster.places) == len(window.places)
        and (cluster.first, cluster.last, cluster.high) == (window.first, window.last, window.high)
        and all(np.allclose(a, b, rtol=NEAR, atol=1e-10, equal_nan=True) for a, b in zip(told, found, strict=True))
        and same(cluster.log_likelihood_ratio, window.ratio)
        and bool(np.isclose(cluster.records, window.measure, rtol=NEAR, atol=1e-10))
        and bool(np.isclose(cluster.radius, window.radius, rtol=1e-7, atol=1e-9))
        and cluster.shape == window.shape
        and bool(np.isclose(cluster.angle, window.angle))
    )


def faults(found: Scan, brute: Exhaustive) -> Iterator[str]:
    """What is wrong with the clusters, whichever of windows of equal ratio stands first."""
    best, before = brute.best(), np.inf
    taken: dict[tuple[int, int], float] = {}
    for cluster in found.clusters:
        if not any(is_told(cluster, window, brute) for tied in best for window in tied):
            yield f"no centre's best window is {cluster}"
        if cluster.log_likelihood_ratio > before * (1 + NEAR) or not taken.keys().isdisjoint(filled(cluster)):
            yield f"out of order, or sharing a place with a better one: {cluster}"
        before = cluster.log_likelihood_ratio
        taken |= dict.fromkeys(filled(cluster), before)
    for tied in best:
        if len(found.clusters) < LISTED and not any(_covered(window, taken) for window in tied):
            yield f"left out: {tied[0]}"


def _covered(window: Window, taken: dict[tuple[int, int], float]) -> bool:
    return any(taken.get(there, -1.0) >= window.ratio * (1 - NEAR) - 1e-11 for there in filled(window))
