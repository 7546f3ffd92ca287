"""Running a scan: the observed windows, the replicates' maxima, and the clusters ranked among them."""

import ctypes
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from math import exp, fsum, log, pi, sqrt
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from geo.kernel import function
from geo.scan.design import Design, Kind, Model
from geo.scan.found import Cluster, Scan
from geo.scan.geometry import Geometry, reach
from geo.scan.preparing import Prepared, job, prepared, single

if TYPE_CHECKING:
    from concurrent.futures import Executor

Progress = Callable[[int, int], None]
Result = TypeVar("Result")

# A simulated maximum counts as equal when it agrees to this: the same window's ratio, summed in another order.
EQUAL = 1e-9
MOST_LISTED = 100
# A ratio below this is a rounding error: the window holds what is expected.
NOTHING = 1e-9
LANES = 64
# Replicates that the fast search takes together: so many that ordering the places anew for each lot hardly counts.
TOGETHER = 4096
# Centres of one part of the other search: enough parts for many machines, and each still learns from its first centres.
PIECE = 2000
EULER = 0.5772156649015329

INT, LONG, POINTER = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p
OBSERVE = (POINTER, INT, INT, POINTER)
REPLICATE = (POINTER, INT, INT, POINTER, LONG, POINTER)
CIRCLES = (*REPLICATE, POINTER)
MEMBERS = (POINTER, INT, ctypes.c_double, POINTER)
MEETS = (*MEMBERS, INT)


class Best(ctypes.Structure):
    """The kernel's `Best`: a centre's best window."""

    _fields_ = [
        *((name, ctypes.c_double) for name in ("ratio", "cases", "measure", "key")),
        *((name, ctypes.c_int32) for name in ("count", "interval", "high", "unused")),
    ]


class Window(NamedTuple):
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
    executor: "Executor | None" = None,
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
    windows = sorted(found, key=lambda w: (-float(f"{w.ratio:.11g}"), w.radius, w.centre))
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
        stop = ctypes.c_int32(0)
        made, held = job(ready, geometry, simulated=False, seed=0, stop=stop)
        best, at = (Best * made.centres)(), ctypes.addressof(made)
        if ready.design.model is Model.MULTINOMIAL:
            _attended(stop, function("scan_mixes", CIRCLES), at, 0, made.centres, None, 0, None, best)
        else:
            _attended(stop, function("scan_observe", OBSERVE), at, 0, made.centres, best)
        del held
        yield from _windows(ready, number, best)


def _windows(ready: Prepared, geometry: int, best: Iterable[Best]) -> Iterator[Window]:
    for centre, window in enumerate(best):
        if window.ratio > NOTHING:
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


class Part(NamedTuple):
    """A piece of the work: replicates over a range of centres, where they stand already, and whether to look at what
    was observed too. It can be sent to another process. `stop`: 1 ends it early; all parts share it, but one that was
    sent away has its own."""

    seed: int
    which: bytes
    reached: bytes
    first: int
    last: int
    stop: ctypes.c_int32
    observed: bool = False


def worked(ready: Prepared, part: Part) -> tuple[bytes, bytes]:
    """Return the maxima of a part's replicates over its centres, and the best windows there if they were asked for."""
    which, best = array("q", part.which), array("d", part.reached)
    windows = (Best * part.last)() if part.observed else None
    for geometry in ready.geometries:
        made, held = job(ready, geometry, simulated=True, seed=part.seed, stop=part.stop)
        arguments = [ctypes.addressof(made), part.first, part.last]
        arguments += [which.buffer_info()[0], len(which), best.buffer_info()[0]]
        if ready.fast:
            function("scan_circles", CIRCLES)(*arguments, windows)
        elif ready.design.model is Model.MULTINOMIAL:
            function("scan_mixes", CIRCLES)(*arguments, None)
        else:
            function("scan_replicate", REPLICATE)(*arguments)
        del held
    return best.tobytes(), bytes(windows) if windows is not None else b""


def _parts(
    ready: Prepared, seed: int, which: Sequence[int], reached: float, workers: int, observed: bool
) -> Iterator[Part]:
    """The work cut up by replicates and by centres. One window's sum may differ in its last digit from centre to centre,
    so that only the fast search, which counts in whole numbers, is cut by the number of workers."""
    centres, stop = len(ready.geometries[0].centres[0]), ctypes.c_int32(0)
    size = TOGETHER if ready.fast else LANES
    pieces = min(centres, workers * max(1, centres // 20_000)) if ready.fast else max(1, centres // PIECE)
    cuts = [centres * i // pieces for i in range(pieces + 1)]
    for start in range(0, len(which), size):
        some = array("q", which[start : start + size])
        begun = array("d", [reached]) * len(some)
        for first, last in pairwise(cuts):
            yield Part(seed, some.tobytes(), begun.tobytes(), first, last, stop, observed and start == 0)


def _done(
    ready: Prepared, parts: Sequence[Part], executor: "Executor | None", progress: Progress | None
) -> Generator[tuple[bytes, bytes], None, None]:
    """What each part gives, in order; whoever leaves early (Ctrl-C) ends those at work and drops those that wait."""
    pending = [executor.submit(worked, ready, part) for part in parts] if executor is not None else []
    try:
        for number, part in enumerate(parts):
            yield pending[number].result() if pending else _attended(part.stop, worked, ready, part)
            if progress is not None:
                progress(number + 1, len(parts))
    finally:
        for part in parts:
            part.stop.value = 1
        for future in pending:
            future.cancel()


def _attended(stop: ctypes.c_int32, call: Callable[..., Result], *arguments: Any) -> Result:
    """What a long call gives, made in another thread: Ctrl-C is not heard within the kernel, but by whoever waits."""
    found: list[Result] = []
    wrong: list[BaseException] = []

    def called() -> None:
        try:
            found.append(call(*arguments))
        except BaseException as error:  # noqa: BLE001 (raised by whoever waits)
            wrong.append(error)

    thread = Thread(target=called)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)  # without an end to the wait, Windows would hear of Ctrl-C too late
    except BaseException:
        stop.value = 1
        thread.join()
        raise
    if wrong:
        raise wrong[0]
    return found[0]


def _maxima(
    ready: Prepared, seed: int, which: Sequence[int], executor: "Executor | None", workers: int, progress: Progress | None,
    best: Any = None,
) -> list[float]:  # fmt: skip
    """Maxima of these replicates. Almost all pass the first guess somewhere; those that do not are searched again."""
    guess = 0.6 * log(len(ready.geometries[0].centres[0])) if len(which) > 1 else 0.0
    found = _merged(ready, _parts(ready, seed, which, guess, workers, best is not None), executor, progress, best)
    again = [i for i, value in enumerate(found) if value == guess and guess > 0]
    if again:
        weak = [which[i] for i in again]
        more = _merged(ready, _parts(ready, seed, weak, 0.0, workers, False), executor, None, None)
        for i, value in zip(again, more, strict=True):
            found[i] = value
    return found


def _simulated(
    ready: Prepared, seed: int, which: Sequence[int], top: float, executor: "Executor | None", workers: int,
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
    ready: Prepared, work: Iterable[Part], executor: "Executor | None", progress: Progress | None, best: Any
) -> list[float]:
    """The maximum of each replicate over all parts, in order; the best windows go to `best`."""
    found: dict[int, float] = {}
    parts = list(work)
    size = ctypes.sizeof(Best)
    with closing(_done(ready, parts, executor, progress)) as done:
        for part, (maxima, windows) in zip(parts, done, strict=True):
            for replicate, value in zip(array("q", part.which), array("d", maxima), strict=True):
                found[replicate] = max(value, found.get(replicate, value))
            if part.observed:
                within = windows[part.first * size : part.last * size]
                ctypes.memmove(ctypes.byref(best, part.first * size), within, len(within))
    return list(found.values())


def _clusters(
    ready: Prepared, windows: Iterable[Window], maxima: Sequence[float], early: bool, gumbel: bool
) -> Iterator[Cluster]:
    """Windows in order, those left out that share a place, at the same time, with a better one (Kulldorff 1997)."""
    reached = _Reached(ready)
    maxima = sorted(maxima)
    law = _gumbel(maxima) if gumbel and len(maxima) > 1 else None
    rank = 0
    for window in windows:
        if reached.before(window):
            continue
        rank += 1
        places = reached.now(window)
        yield _told(
            ready, ready.geometries[window.geometry], window, places, rank, _p(window.ratio, maxima, early), law
        )
        if rank == MOST_LISTED:
            return


class _Reached:
    """The places and times that clusters have taken so far, and whether a window would share any of them."""

    def __init__(self, ready: Prepared) -> None:
        self.ready = ready
        self.made = [
            job(ready, geometry, simulated=False, seed=0, stop=ctypes.c_int32(0)) for geometry in ready.geometries
        ]
        self.taken: dict[int, array[int]] = {}
        self.meets, self.members = function("scan_meets", MEETS), function("scan_members", MEMBERS)

    def before(self, window: Window) -> bool:
        address = ctypes.addressof(self.made[window.geometry][0])
        begin, end = self.ready.observed
        return any(
            begin[interval] < end[window.interval]
            and begin[window.interval] < end[interval]
            and self.meets(address, window.centre, window.key, places.buffer_info()[0], len(places))
            for interval, places in self.taken.items()
        )

    def now(self, window: Window) -> list[int]:
        """Take a window's places for its time, and return them, nearest first."""
        out = (ctypes.c_int32 * len(self.ready.members))()
        address = ctypes.addressof(self.made[window.geometry][0])
        places = out[: self.members(address, window.centre, window.key, out)]
        self.taken.setdefault(window.interval, array("i")).extend(places)
        return places


def _p(ratio: float, maxima: Sequence[float], early: bool) -> float | None:
    """The rank of a ratio among the maxima, which are in rising order."""
    if not maxima:
        return None
    reached = len(maxima) - bisect_left(maxima, ratio * (1 - EQUAL))
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
    last = ready.design.bins - 1 if spatial else end[window.interval] + ready.first - 1
    cases, expected = _within(ready, places, first, last, window)
    gumbel_p = None
    if law is not None and law[1] > 0:
        gumbel_p = 1 - exp(-exp(-(window.ratio - law[0]) / law[1]))
    return Cluster(
        rank=rank,
        centre=window.centre if ready.design.centres is not None else ready.members[window.centre][0],
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
