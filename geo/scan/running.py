"""Running a scan: the observed windows, the replicates' maxima, and the clusters ranked among them."""

import ctypes
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from math import exp, fsum, log, pi, sqrt
from typing import Any

from geo.kernel import function
from geo.scan.design import Design, Kind, Model
from geo.scan.found import Cluster, Scan
from geo.scan.preparing import Geometry, Prepared, job, prepared, reach, single

Progress = Callable[[int, int], None]

# A simulated maximum counts as equal when it agrees to this: the same window's ratio, summed in another order.
EQUAL = 1e-9
MOST_LISTED = 100
LANES = 64
EULER = 0.5772156649015329

INT, LONG, POINTER = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p
OBSERVE = (POINTER, INT, INT, POINTER)
REPLICATE = (POINTER, INT, INT, POINTER, LONG, POINTER)
CIRCLES = (*REPLICATE, POINTER)
MEMBERS = (POINTER, INT, ctypes.c_double, POINTER)


class Best(ctypes.Structure):
    """The kernel's `Best`: a centre's best window."""

    _fields_ = [
        *((name, ctypes.c_double) for name in ("ratio", "cases", "measure", "key")),
        *((name, ctypes.c_int32) for name in ("count", "interval", "high", "unused")),
    ]


@dataclass(frozen=True)
class Window:
    """A centre's best window, of one geometry."""

    ratio: float
    radius: float
    centre: int
    geometry: int
    key: float
    interval: int
    cases: float
    measure: float
    high: bool


def scan(
    design: Design,
    *,
    replications: int = 999,
    seed: int = 0,
    executor: Executor | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    stop_after: int | None = None,
    gumbel: bool = False,
) -> Scan:
    """Search every window of a design, and rank what stands out among the maxima of replications under the null.

    Replicate i draws from the stream (seed, i), so neither the number of workers nor their order changes the result.
    `executor` runs the parts (threads, or another machine's processes); `workers` says into how many to part the work.
    `progress(done, of)` is told after each part. `stop_after`: stop once so many maxima reach the observed one
    (Besag and Clifford 1991); p is then their number over the replications run. `gumbel`: also fit a Gumbel law to the
    maxima (Abrams, Kleinman and Kulldorff 2010); it is good far out in the tail, and poor where the null has few values.
    Raises Unusable and TooLittle. Sources: Kulldorff 1997; Kulldorff et al. 2005; Jung, Kulldorff and Richard 2010.
    Does not show why more cases lie in a window, nor that cases within it are independent of one another.
    """
    ready = prepared(design)
    maxima: list[float] = []
    which = range(1, replications + 1)
    quick = single(ready) if replications and stop_after is None else None
    if quick is not None:
        best = (Best * len(ready.geometries[0].centres[0]))()
        maxima = _maxima(quick, seed, which, executor, workers, progress, best)
        found = _windows(ready, 0, best)
    else:
        found = _observed(ready)
    windows = sorted(found, key=lambda w: (-w.ratio, w.radius, w.centre))
    early = False
    if quick is None:
        top = windows[0].ratio if windows else 0.0
        maxima, early = _simulated(ready, seed, which, top, executor, workers, progress, stop_after)
    ranked = _clusters(ready, windows, maxima, early, gumbel)
    return Scan(design, tuple(ranked), tuple(maxima), seed, *_whole(ready), stopped_early=early)


def _whole(ready: Prepared) -> tuple[float | tuple[float, ...], float]:
    by_kind = ready.cases_by_kind
    return (by_kind if ready.design.model is Model.MULTINOMIAL else ready.numbers["cases"]), ready.numbers["total"]


def _observed(ready: Prepared) -> Iterator[Window]:
    for number, geometry in enumerate(ready.geometries):
        made, held = job(ready, geometry, simulated=False, seed=0, stop=ctypes.c_int32(0))
        best = (Best * made.centres)()
        if ready.design.model is Model.MULTINOMIAL:
            _kernel("scan_mixes", CIRCLES)(ctypes.addressof(made), 0, made.centres, None, 0, None, best)
        else:
            _kernel("scan_observe", OBSERVE)(ctypes.addressof(made), 0, made.centres, best)
        del held
        yield from _windows(ready, number, best)


def _windows(ready: Prepared, geometry: int, best: Iterable[Best]) -> Iterator[Window]:
    for centre, window in enumerate(best):
        if window.ratio > 0:
            yield Window(
                window.ratio,
                reach(window.key, ready.design),
                centre,
                geometry,
                window.key,
                window.interval,
                window.cases,
                window.measure,
                bool(window.high),
            )


def _kernel(name: str, takes: Sequence[Any]) -> Any:
    found = function(name)
    found.argtypes = list(takes)
    return found


@dataclass(frozen=True)
class Part:
    """A piece of the work: replicates over a range of centres, where they stand already, and whether to look at what
    was observed too. It can be sent to another process, and depends on nothing else."""

    ready: Prepared
    seed: int
    which: bytes
    reached: bytes
    first: int
    last: int
    observed: bool = False


def worked(part: Part) -> tuple[bytes, bytes]:
    """Return the maxima of a part's replicates over its centres, and the best windows there if they were asked for."""
    which, best = array("q", part.which), array("d", part.reached)
    windows = (Best * part.last)() if part.observed else None
    for geometry in part.ready.geometries:
        made, held = job(part.ready, geometry, simulated=True, seed=part.seed, stop=ctypes.c_int32(0))
        arguments = [ctypes.addressof(made), part.first, part.last]
        arguments += [which.buffer_info()[0], len(which), best.buffer_info()[0]]
        if part.ready.fast:
            _kernel("scan_circles", CIRCLES)(*arguments, windows)
        elif part.ready.design.model is Model.MULTINOMIAL:
            _kernel("scan_mixes", CIRCLES)(*arguments, None)
        else:
            _kernel("scan_replicate", REPLICATE)(*arguments)
        del held
    return best.tobytes(), bytes(windows) if windows is not None else b""


def _parts(
    ready: Prepared, seed: int, which: Sequence[int], reached: float, workers: int, observed: bool
) -> list[Part]:
    """The work cut up: the fast search by centres, since it orders the places once for all replicates; others by replicates."""
    centres = len(ready.geometries[0].centres[0])
    if ready.fast:
        pieces = min(centres, workers * max(1, centres // 4000))
        cuts = [centres * i // pieces for i in range(pieces + 1)]
        every, start = array("q", which).tobytes(), array("d", [reached] * len(which)).tobytes()
        return [Part(ready, seed, every, start, a, b, observed) for a, b in pairwise(cuts)]
    size = max(LANES, -(-len(which) // (workers * 4 * LANES)) * LANES)
    groups = [which[i : i + size] for i in range(0, len(which), size)]
    return [
        Part(ready, seed, array("q", some).tobytes(), array("d", [reached] * len(some)).tobytes(), 0, centres)
        for some in groups
    ]


def _done(parts: Sequence[Part], executor: Executor | None, progress: Progress | None) -> Iterator[tuple[bytes, bytes]]:
    pending = [executor.submit(worked, part) for part in parts] if executor is not None else []
    try:
        for number, part in enumerate(parts):
            yield pending[number].result() if pending else worked(part)
            if progress is not None:
                progress(number + 1, len(parts))
    finally:
        for future in pending:
            future.cancel()


def _maxima(
    ready: Prepared, seed: int, which: Sequence[int], executor: Executor | None, workers: int, progress: Progress | None,
    best: Any = None,
) -> list[float]:  # fmt: skip
    """Maxima of these replicates. Almost all pass the first guess somewhere; those that do not are searched again."""
    guess = 0.5 * log(len(ready.geometries[0].centres[0])) if len(which) > 1 else 0.0
    found = _merged(ready, _parts(ready, seed, which, guess, workers, best is not None), executor, progress, best)
    again = [i for i, value in enumerate(found) if value == guess and guess > 0]
    if again:
        weak = [which[i] for i in again]
        more = _merged(ready, _parts(ready, seed, weak, 0.0, workers, False), executor, None, None)
        for i, value in zip(again, more, strict=True):
            found[i] = value
    return found


def _simulated(
    ready: Prepared, seed: int, which: Sequence[int], top: float, executor: Executor | None, workers: int,
    progress: Progress | None, stop_after: int | None,
) -> tuple[list[float], bool]:  # fmt: skip
    """Maxima in order; fewer, and True, where enough of them reached the observed one early."""
    if stop_after is None:
        return _maxima(ready, seed, which, executor, workers, progress), False
    maxima: list[float] = []
    reached = 0
    for start in range(0, len(which), LANES * workers):
        for value in _maxima(ready, seed, which[start : start + LANES * workers], executor, workers, None):
            maxima.append(value)
            reached += value >= top * (1 - EQUAL)
            if reached >= stop_after:
                return maxima, len(maxima) < len(which)
        if progress is not None:
            progress(len(maxima), len(which))
    return maxima, False


def _merged(
    ready: Prepared, parts: Sequence[Part], executor: Executor | None, progress: Progress | None, best: Any
) -> list[float]:
    found: list[float] = []
    for part, (maxima, windows) in zip(parts, _done(parts, executor, progress), strict=True):
        values = array("d", maxima)
        if not ready.fast:
            found.extend(values)
            continue
        found = list(map(max, found, values)) if found else list(values)
        if best is not None:
            size = ctypes.sizeof(Best)
            ctypes.memmove(
                ctypes.byref(best, part.first * size), windows[part.first * size :], (part.last - part.first) * size
            )
    return found


def _clusters(
    ready: Prepared, windows: Iterable[Window], maxima: Sequence[float], early: bool, gumbel: bool
) -> Iterator[Cluster]:
    """Windows in order, those left out that share a place with a better one (Kulldorff 1997, secondary clusters)."""
    taken: set[int] = set()
    rank = 0
    law = _gumbel(maxima) if gumbel and len(maxima) > 1 else None
    for window in windows:
        geometry = ready.geometries[window.geometry]
        if ready.design.centres is None and window.centre in taken:
            continue
        places = _members(ready, geometry, window)
        if not taken.isdisjoint(places):
            continue
        taken.update(places)
        rank += 1
        yield _told(ready, geometry, window, places, rank, _p(window.ratio, maxima, early), law)
        if rank == MOST_LISTED:
            return


def _members(ready: Prepared, geometry: Geometry, window: Window) -> list[int]:
    made, held = job(ready, geometry, simulated=False, seed=0, stop=ctypes.c_int32(0))
    out = (ctypes.c_int32 * made.places)()
    count = _kernel("scan_members", MEMBERS)(ctypes.addressof(made), window.centre, window.key, out)
    del held
    return list(out[:count])


def _p(ratio: float, maxima: Sequence[float], early: bool) -> float | None:
    if not maxima:
        return None
    reached = sum(value >= ratio * (1 - EQUAL) for value in maxima)
    return reached / len(maxima) if early and reached else (1 + reached) / (len(maxima) + 1)


def _gumbel(maxima: Sequence[float]) -> tuple[float, float]:
    """Place and scale of the Gumbel law with the maxima's mean and standard deviation."""
    mean = fsum(maxima) / len(maxima)
    spread = sqrt(fsum((value - mean) ** 2 for value in maxima) / (len(maxima) - 1))
    scale = spread * sqrt(6) / pi
    return mean - EULER * scale, scale


def _told(
    ready: Prepared,
    geometry: Geometry,
    window: Window,
    places: Sequence[int],
    rank: int,
    p: float | None,
    law: tuple[float, float] | None,
) -> Cluster:
    begin, end = ready.observed
    spatial = ready.design.windows.kind is Kind.SPATIAL
    first = 0 if spatial else begin[window.interval] + ready.first
    last = 0 if spatial else end[window.interval] + ready.first - 1
    cases, expected = _within(ready, places, first, last, window)
    gumbel_p = None
    if law is not None and law[1] > 0:
        gumbel_p = 1 - exp(-exp(-(window.ratio - law[0]) / law[1]))
    return Cluster(
        rank=rank,
        centre=window.centre,
        places=tuple(i for p in places for i in ready.members[p]),
        radius=window.radius,
        first=first,
        last=last,
        cases=cases[0] if len(cases) == 1 else cases,
        expected=expected[0] if len(expected) == 1 else expected,
        records=window.measure,
        high=window.high,
        log_likelihood_ratio=window.ratio,
        relative_risk=_risk(ready, cases, expected),
        p=p,
        gumbel_p=gumbel_p,
        shape=geometry.shape,
        angle=geometry.angle,
    )


def _within(
    ready: Prepared, places: Sequence[int], first: int, last: int, window: Window
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Cases and what is expected in a window: one number each, or one for each category."""
    total = ready.numbers["total"]
    if ready.design.model is not Model.MULTINOMIAL:
        return (window.cases,), (window.measure * ready.numbers["cases"] / total,)
    here, columns, categories = set(places), ready.columns, len(ready.cases_by_kind)
    sums = [0.0] * categories
    rows = zip(columns["place"], columns["bin"], columns["weight"], columns["kind"], strict=True)
    for row, (place, bin_, weight, kind) in enumerate(rows):
        if place not in here or not first - ready.first <= bin_ <= last - ready.first:
            continue
        if not columns["mixes"]:
            sums[kind] += weight
            continue
        for k in range(categories):
            sums[k] += weight * columns["mixes"][row * categories + k]
    return tuple(sums), tuple(all_ * window.measure / total for all_ in ready.cases_by_kind)


def _risk(ready: Prepared, cases: tuple[float, ...], expected: tuple[float, ...]) -> float | tuple[float, ...]:
    """Observed over expected within, against the same without; infinite where every case lies within."""
    alls = ready.cases_by_kind if len(cases) > 1 else (ready.numbers["cases"],)
    risks = [
        (c / e) / ((all_ - c) / (all_ - e)) if all_ - c > 1e-9 * all_ else float("inf")
        for c, e, all_ in zip(cases, expected, alls, strict=True)
    ]
    return risks[0] if len(risks) == 1 else tuple(risks)
