"""From a design to the arrays the kernel works on: places made one where they coincide, expectation, intervals, limits."""

import ctypes
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import fsum, isfinite, sqrt
from typing import Any, NamedTuple

from geo.faults import TooLittle, Unusable
from geo.scan.design import Design, Kind, Model, Places, Rates
from geo.scan.geometry import Geometry, geometries

MODELS = {Model.BERNOULLI: 0, Model.POISSON: 1, Model.PERMUTATION: 1, Model.MULTINOMIAL: 2}
LABELS, SHARES, PLACING, TIMES, MIXES = range(5)
NULLS = {Model.BERNOULLI: LABELS, Model.POISSON: PLACING, Model.PERMUTATION: TIMES, Model.MULTINOMIAL: MIXES}
RATES = {Rates.HIGH: 1, Rates.LOW: 2, Rates.BOTH: 3}
FEWEST_CASES = 2
# Beyond these the sums of bits would no longer fit; the other search takes over.
MOST_SINGLE, MOST_DEPTHS = 65_000, 64


class Job(ctypes.Structure):
    """The kernel's `Job`, field by field (geo/kernel/kernel.h)."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("model", "null", "places", "centres", "bins", "categories")),
        *((name, ctypes.c_int32) for name in ("intervals", "rates", "strata", "dims")),
        ("records", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("x", "y", "z", "cx", "cy", "cz", "size")),
        *((name, ctypes.c_double) for name in ("most", "reach", "fine")),
        *((name, ctypes.c_void_p) for name in ("place", "bin", "kind", "weight", "share", "measure")),
        *((name, ctypes.c_double) for name in ("cases", "total")),
        *((name, ctypes.c_void_p) for name in ("mixes", "from", "to")),
        *((name, ctypes.c_double) for name in ("least_high", "least_low", "penalty")),
        ("seed", ctypes.c_uint64),
        ("stop", ctypes.c_void_p),
    ]


class Prepared(NamedTuple):
    """All that a worker needs, as plain arrays: it can be sent to another process.

    members: for each place the indices of the design's places that lie there; first: the bin that the kernel's bin 0 is.
    """

    design: Design
    members: tuple[tuple[int, ...], ...]
    geometries: tuple[Geometry, ...]
    columns: dict[str, array]  # type: ignore[type-arg]
    numbers: dict[str, float]
    observed: tuple[array, array]  # type: ignore[type-arg]
    simulated: tuple[array, array]  # type: ignore[type-arg]
    first: int
    cases_by_kind: tuple[float, ...]
    fast: bool = False


def prepared(design: Design) -> Prepared:
    """Return the arrays of a design; raise Unusable or TooLittle, saying what is wrong or missing and what would mend it."""
    _sound(design)
    asked = design
    if design.windows.kind is Kind.SPATIAL:
        design = _flat(design)
    members, where = _unified(design.places)
    records = design.records
    place = array("i", (where[p] for p in records.place))
    peopled = {p for p, number in zip(place, records.number, strict=True) if number > 0}
    if len(members) < 2 or (len(peopled) < 2 and design.model is not Model.POISSON):
        raise TooLittle("Everything lies at one place: a scan compares places and needs two or more.")
    observed, simulated = _intervals(design)
    first = min(simulated[0]) if design.model is not Model.POISSON else 0
    bins = design.bins - first
    bin_of = array("i", (b - first if b >= first else -1 for b in records.bin))
    measure, cases, total, by_kind = _measure(design, place, where, len(members), first)
    sizes = _sizes(design, place, where, len(members))
    shifted = [array("i", (b - first for b in part)) for part in (*observed, *simulated)]
    kind = array("i", records.kind)
    columns = {
        "place": place,
        "bin": bin_of,
        "kind": kind,
        "weight": array("d", records.number),
        "share": array("d", records.share or ()),
        "mixes": array("d", records.mix or ()),
        "measure": measure,
        "size": sizes,
    }
    numbers = {
        "model": MODELS[design.model],
        "null": SHARES if records.share is not None else NULLS[design.model],
        "places": len(members),
        "bins": bins,
        "records": len(place),
        "categories": len(by_kind),
        "strata": _strata(design),
        "rates": RATES[design.windows.rates],
        "most": design.windows.share * sum(sizes),
        "cases": cases,
        "total": total,
        "least_high": design.windows.least_high,
        "least_low": design.windows.least_low,
    }
    shapes = tuple(geometries(design, members))
    return Prepared(
        asked,
        members,
        shapes,
        columns,
        numbers,
        (shifted[0], shifted[1]),
        (shifted[2], shifted[3]),
        first,
        by_kind,
    )


def single(ready: Prepared) -> Prepared | None:
    """Return the same with every record a place of its own, as the fastest search wants it; None where it cannot serve.

    It serves circles of labels, and cylinders of a permutation that end with the study, of high rates and whole cases.
    """
    design, windows = ready.design, ready.design.windows
    circles = design.model is Model.BERNOULLI and windows.kind is Kind.SPATIAL and design.records.share is None
    alive = design.model is Model.PERMUTATION and windows.kind is Kind.PROSPECTIVE and windows.looked_from is None
    alive = (
        alive and ready.numbers["strata"] == 1 and 1 < ready.numbers["bins"] == len(ready.observed[0]) <= MOST_DEPTHS
    )
    plain = windows.rates is Rates.HIGH and len(ready.geometries) == 1 and design.sizes is None
    old = ready.columns
    rows = [row for row, number in enumerate(old["weight"]) for _ in range(int(number))] if circles or alive else []
    if not (plain and rows and len(rows) <= MOST_SINGLE):
        return None
    geometry, place = ready.geometries[0], old["place"]
    rows.sort(key=_strip(geometry, place, len(rows)))
    ones = array("d", [1.0]) * len(rows)
    columns = old | {
        "place": array("i", range(len(rows))),
        "bin": array("i", [old["bin"][row] for row in rows]),
        "kind": array("i", [old["kind"][row] if circles else 0 for row in rows]),
        "weight": ones,
        "size": ones,
        "measure": _single_measure(ready, circles, len(rows)),
    }
    spread = tuple(array("d", [axis[place[row]] for row in rows]) for axis in geometry.places)
    numbers = ready.numbers | {"places": len(rows), "records": len(rows)}
    return ready._replace(columns=columns, numbers=numbers, geometries=(geometry._replace(places=spread),), fast=True)


def _strip(geometry: Geometry, place: Sequence[int], count: int) -> Any:
    """A way through the places, strip by strip and to and fro, on which neighbours mostly follow one another."""
    x, y = geometry.places[0], geometry.places[1]
    left, width = min(x), (max(x) - min(x)) / max(1.0, sqrt(count) / 4) or 1.0

    def key(row: int) -> tuple[int, float]:
        strip = int((x[place[row]] - left) / width)
        return strip, y[place[row]] if strip % 2 else -y[place[row]]

    return key


def _single_measure(ready: Prepared, circles: bool, count: int) -> Any:
    """One record's part of the measure: itself, or a case spread over the bins as all cases are."""
    if circles:
        return array("d", [1.0]) * count
    bins = int(ready.numbers["bins"])
    sums = [fsum(ready.columns["measure"][t::bins]) for t in range(bins)]
    return array("d", [value / count for value in sums]) * count


def job(ready: Prepared, geometry: Geometry, *, simulated: bool, seed: int, stop: Any) -> tuple[Job, list[Any]]:
    """Return the kernel's job, and what must be kept alive as long as it is used."""
    held: list[Any] = [stop]

    def pointer(values: Any) -> int:
        held.append(values)
        return int(values.buffer_info()[0])

    made = Job(**{name: value if name in _REAL else int(value) for name, value in ready.numbers.items()})
    for name, values in ready.columns.items():
        if values:
            setattr(made, name, pointer(values))
    for names, parts in ((("x", "y", "z"), geometry.places), (("cx", "cy", "cz"), geometry.centres)):
        for name, values in zip(names, parts, strict=False):
            setattr(made, name, pointer(values))
    begin, end = ready.simulated if simulated else ready.observed
    setattr(made, "from", pointer(begin))
    made.to, made.intervals = pointer(end), len(begin)
    made.centres, made.dims = len(geometry.centres[0]), len(geometry.places)
    made.reach, made.penalty, made.seed = geometry.reach, geometry.penalty, seed
    made.fine = geometry.fine
    made.stop = ctypes.addressof(stop)
    return made, held


_REAL = {"most", "cases", "total", "least_high", "least_low"}


def _sound(design: Design) -> None:
    """Refuse what no scan can be made of."""
    for what, places in (("place", design.places), ("centre", design.centres or design.places)):
        for i, (x, y) in enumerate(zip(places.x, places.y, strict=True)):
            if not (isfinite(x) and isfinite(y)):
                raise Unusable(f"The coordinates of {what} {places.ids[i]} are not numbers: leave it out or mend them.")
            if places.degrees and not (-180 <= x <= 180 and -90 <= y <= 90):
                raise Unusable(
                    f"The {what} {places.ids[i]} is not on the globe: longitude {x:g}, latitude {y:g}."
                    " Are the two exchanged, or are these metres?"
                )
    records, n = design.records, len(design.records.place)
    columns = [records.bin, records.number, records.kind, *([records.share] if records.share is not None else [])]
    if any(len(column) != n for column in columns):
        raise Unusable("The columns of the records differ in length.")
    for number in records.number:
        if not (isfinite(number) and number >= 0):
            raise Unusable(f"A record has {number} cases: a number of at least 0 is needed.")
    if design.bins < 1 or any(not 0 <= b < design.bins for b in records.bin):
        raise Unusable("A record lies outside the study period: leave it out or widen the period.")
    if not 0 < design.windows.share <= 1:
        raise Unusable(
            f"The largest share of a window is {design.windows.share:g}: it must lie above 0 and be at most 1."
        )
    _enough(design)


def _enough(design: Design) -> None:
    records, model = design.records, design.model
    whole = all(number == int(number) for number in records.number)
    single = model is not Model.POISSON and records.share is None and records.mix is None
    if single and not whole:
        raise Unusable(f"The {model} scan counts whole cases: a part of a case cannot be permuted.")
    cases = _cases(design)
    if cases < FEWEST_CASES:
        raise TooLittle(f"There are {cases:g} cases: a scan needs {FEWEST_CASES} at least.")
    if model is Model.BERNOULLI and sum(records.number) - cases <= 0:
        raise TooLittle("There are no controls: without records of others a share cannot be compared. Give some.")
    if model is Model.MULTINOMIAL and sum(n > 0 for n in _by_kind(design)) < 2:
        raise TooLittle("All records are of one category: a scan of the mix needs two or more.")
    if model is Model.PERMUTATION and design.windows.kind is Kind.SPATIAL:
        raise Unusable("The permutation scan looks for places and times together: ask retrospective or prospective.")
    if model is Model.PERMUTATION and len(set(records.bin)) < 2:
        raise TooLittle("All cases fall into one time bin: the permutation scan needs two or more.")
    if design.windows.kind is not Kind.SPATIAL and design.bins < 2:
        raise TooLittle("The study period has one time bin: a scan in space and time needs two or more.")
    if model is Model.POISSON:
        expected = design.expected
        if expected is None or not sum(expected) > 0 or not all(isfinite(v) and v >= 0 for v in expected):
            raise TooLittle("There is no expectation: give a population above 0 where the cases lie.")
        if len(expected) != len(design.places.ids) * design.bins:
            raise Unusable("The expectation must have one value for each place and bin.")


def _cases(design: Design) -> float:
    records = design.records
    if design.model is not Model.BERNOULLI:
        return float(sum(records.number))
    held = records.share if records.share is not None else records.kind
    return float(sum(number * part for number, part in zip(records.number, held, strict=True)))


def _flat(design: Design) -> Design:
    """The same without time."""
    bins = design.bins
    expected = design.expected
    if expected is not None and bins > 1:
        expected = array("d", (sum(expected[i : i + bins]) for i in range(0, len(expected), bins)))
    records = replace(design.records, bin=array("i", bytes(4 * len(design.records.place))))
    windows = replace(design.windows, shortest=1, longest=1, looked_from=None)
    return replace(design, bins=1, expected=expected, records=records, windows=windows)


def _unified(places: Places) -> tuple[tuple[tuple[int, ...], ...], list[int]]:
    """Which ids lie at each point, in order of first appearance, and at which point each id lies."""
    number: dict[tuple[float, float], int] = {}
    where = [number.setdefault(point, len(number)) for point in zip(places.x, places.y, strict=True)]
    members: list[list[int]] = [[] for _ in number]
    for i, p in enumerate(where):
        members[p].append(i)
    return tuple(map(tuple, members)), where


def _intervals(design: Design) -> tuple[tuple[list[int], list[int]], tuple[list[int], list[int]]]:
    """First bins and ends of the windows looked at, and of those the replicates are searched for."""
    windows, bins = design.windows, design.bins

    def ending(ends: Iterable[int]) -> tuple[list[int], list[int]]:
        found = [
            (end - length, end)
            for end in ends
            for length in range(windows.shortest, min(windows.longest, end) + 1)
        ]  # fmt: skip
        if not found:
            raise TooLittle("No window of this duration fits into the study period: allow shorter or longer ones.")
        found.sort()
        return [a for a, _ in found], [b for _, b in found]

    if windows.kind is Kind.RETROSPECTIVE:
        every = ending(range(1, bins + 1))
        return every, every
    alive = ending([bins])
    looked = windows.looked_from
    return alive, alive if looked is None else ending(range(looked + 1, bins + 1))


def _measure(
    design: Design, place: Sequence[int], where: Sequence[int], places: int, first: int
) -> tuple[Any, float, float, tuple[float, ...]]:
    """By place and bin what cases are set against; cases and measure in all; cases by kind."""
    records, bins = design.records, design.bins - first
    by_kind = _by_kind(design)
    if design.model is Model.PERMUTATION:
        return _margins(design, place, places, first), _cases(design), _cases(design), by_kind
    measure = array("d", bytes(8 * places * bins))
    if design.model is Model.POISSON:
        expected = design.expected or ()
        for i, p in enumerate(where):
            for t in range(bins):
                measure[p * bins + t] += expected[i * bins + t]
        for p, t, n in zip(place, records.bin, records.number, strict=True):
            if n and not measure[p * bins + t] > 0:
                ids = design.places.ids[where.index(p)]
                raise Unusable(f"There are cases at {ids} where none is expected: its population is 0 or missing.")
        return measure, _cases(design), float(sum(measure)), by_kind
    for p, t, n in zip(place, records.bin, records.number, strict=True):
        if t >= first:
            measure[p * bins + t - first] += n
    return measure, _cases(design), float(sum(records.number)), by_kind


def _by_kind(design: Design) -> tuple[float, ...]:
    """Cases of each category (multinomial), or of each kind that the records tell apart."""
    records = design.records
    if records.mix is not None:
        categories = len(records.mix) // len(records.number)
        parts = zip(records.mix, (n for n in records.number for _ in range(categories)), strict=True)
        weighted = [part * n for part, n in parts]
        return tuple(fsum(weighted[k::categories]) for k in range(categories))
    kinds = Counter[int]()
    for k, n in zip(records.kind, records.number, strict=True):
        kinds[k] += n  # type: ignore[assignment]
    return tuple(float(kinds[k]) for k in range(max(kinds) + 1))


def _margins(design: Design, place: Sequence[int], places: int, first: int) -> Any:
    """What the permutation expects: in each stratum the cases of a place, spread over bins as all cases are."""
    records = design.records
    total, at_bin, at_place = Counter[int](), Counter[tuple[int, int]](), defaultdict[int, Counter[int]](Counter)
    for p, t, n, s in zip(place, records.bin, records.number, records.kind, strict=True):
        if n:
            total[s] += n  # type: ignore[assignment]
            at_bin[s, t] += n  # type: ignore[assignment]
            at_place[p][s] += n  # type: ignore[assignment]
    rows: dict[tuple[tuple[int, int], ...], bytes] = {}

    def row(mix: tuple[tuple[int, int], ...]) -> bytes:
        if mix not in rows:
            spread = (sum(n * at_bin[s, t] / total[s] for s, n in mix) for t in range(first, design.bins))
            rows[mix] = array("d", spread).tobytes()
        return rows[mix]

    measure = array("d")
    measure.frombytes(b"".join(row(tuple(sorted(at_place[p].items()))) for p in range(places)))
    return measure


def _sizes(design: Design, place: Sequence[int], where: Sequence[int], places: int) -> Any:
    sizes = array("d", bytes(8 * places))
    if design.sizes is not None:
        for p, size in zip(where, design.sizes, strict=True):
            sizes[p] += size
    elif design.model is Model.POISSON:
        bins, expected = design.bins, design.expected or ()
        for i, p in enumerate(where):
            sizes[p] += sum(expected[i * bins : (i + 1) * bins])
    else:
        for p, n in zip(place, design.records.number, strict=True):
            sizes[p] += n
    return sizes


def _strata(design: Design) -> int:
    records = design.records
    exchanged = design.model is Model.PERMUTATION or records.share is not None or records.mix is not None
    return max(design.records.kind) + 1 if exchanged else 1
