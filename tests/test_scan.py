"""R56: the fast search of a scan against every window, one after the other (tests/exhaustive.py)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from exhaustive import Exhaustive, faults, is_told, same
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.faults import TooLittle, Unusable
from geo.scan import Design, Kind, Model, Places, Rates, Records, Windows, scan
from geo.scan.preparing import prepared, single

SEED = 7
SOME = settings(max_examples=60, deadline=None)
PLANAR = {
    "lattice": st.tuples(st.integers(0, 4), st.integers(0, 4)),
    "line": st.tuples(st.integers(0, 9), st.just(0)),
    "plane": st.tuples(st.floats(-50, 50).map(lambda v: round(v, 3)), st.floats(-50, 50).map(lambda v: round(v, 3))),
}
GLOBE = {
    "globe": st.tuples(st.integers(-1790, 1790).map(lambda v: v / 10), st.integers(-890, 890).map(lambda v: v / 10)),
    "near the pole": st.tuples(st.integers(-180, 180), st.sampled_from([89, 89.5, 90, 88])),
}
# Model and what its records are: numbers of cases, shares exchanged, or mixes exchanged.
FORMS = ("bernoulli", "shares", "poisson", "permutation", "multinomial", "mixes")


def placed(letter: str, points: Sequence[tuple[float, float]], degrees: bool) -> Places:
    ids = tuple(f"{letter}{i}" for i in range(len(points)))
    return Places(ids, [x for x, _ in points], [y for _, y in points], degrees)


@st.composite
def point_sets(draw: st.DrawFn, most: int = 14) -> Places:
    style = draw(st.sampled_from([*PLANAR, *GLOBE]))
    points = draw(st.lists((PLANAR | GLOBE)[style], min_size=2, max_size=most))
    return placed("p", points, style in GLOBE)


@st.composite
def windows(draw: st.DrawFn, kind: Kind, bins: int, degrees: bool) -> Windows:
    shortest = draw(st.integers(1, min(2, bins)))
    shapes = draw(st.sampled_from([(), (), (), (2.0,), (1.5, 3.0)])) if not degrees else ()
    return Windows(
        kind=kind,
        share=draw(st.sampled_from([0.5, 0.5, 0.1, 0.3, 0.8, 1.0])),
        radius=draw(st.sampled_from([None, None, 1, 3.5, 300])),
        shortest=shortest,
        longest=draw(st.integers(shortest, bins)),
        looked_from=draw(st.none() | st.integers(0, bins - 1)) if kind is Kind.PROSPECTIVE else None,
        rates=draw(st.sampled_from(Rates)),
        least_high=draw(st.integers(1, 5)),
        least_low=draw(st.sampled_from([0, 0, 1, 3])),
        ellipses=shapes,
        turns=tuple(draw(st.sampled_from([3, 4])) for _ in shapes),
        penalty=draw(st.sampled_from([0.0, 0.5, 1.0])),
    )


def numbers(form: str) -> st.SearchStrategy[float]:
    if form == "poisson":
        return st.sampled_from([1, 1, 2, 0.5, 1.5])
    several: dict[str, list[float]] = {"shares": [1, 2, 2.5, 9], "mixes": [1, 2, 2.5, 9], "multinomial": [1, 1, 2, 5]}
    return st.sampled_from(several.get(form, [1, 1, 0, 2, 5]))


@st.composite
def records(draw: st.DrawFn, form: str, places: int, bins: int) -> Records:
    number = st.just(1) if draw(st.booleans()) else numbers(form)
    kinds = st.integers(0, {"bernoulli": 1, "poisson": 0, "permutation": draw(st.integers(0, 2))}.get(form, 2))
    row = st.tuples(st.integers(0, places - 1), st.integers(0, bins - 1), number, kinds)
    columns = list(zip(*draw(st.lists(row, min_size=3, max_size=40)), strict=True))
    share = mix = None
    if form == "shares":
        share = draw(st.lists(st.sampled_from([0, 1, 0.5, 1 / 3]), min_size=len(columns[0]), max_size=len(columns[0])))
    if form == "mixes":
        of = st.sampled_from([(1, 0, 0), (0, 1, 0), (0.5, 0, 0.5), (1 / 3, 1 / 3, 1 / 3), (0, 0.25, 0.75)])
        mix = [part for row in columns[0] for part in draw(of)]
    place, bin_, number_, kind = columns
    return Records(place, bin_, number_, kind, share, mix)


@st.composite
def designs(draw: st.DrawFn, form: str) -> Design:
    """A design that a scan can be made of."""
    places = draw(point_sets())
    n = len(places.ids)
    kind = draw(st.sampled_from([k for k in Kind if form != "permutation" or k is not Kind.SPATIAL]))
    bins = 1 if kind is Kind.SPATIAL else draw(st.integers(2, 6))
    expected = None
    if form == "poisson":
        one = st.sampled_from([1, 1, 2, 5]) if draw(st.booleans()) else st.floats(0.1, 5)
        expected = draw(st.lists(one, min_size=n * bins, max_size=n * bins))
    design = Design(
        Model({"shares": "bernoulli", "mixes": "multinomial"}.get(form, form)),
        places,
        draw(records(form, n, bins)),
        bins,
        draw(windows(kind, bins, places.degrees)),
        expected,
        draw(centres(places)),
        draw(st.none() | st.lists(st.sampled_from([1, 2, 3]), min_size=n, max_size=n)),
    )
    try:
        prepared(design)
    except (TooLittle, Unusable):
        assume(False)
    return design


@st.composite
def centres(draw: st.DrawFn, places: Places) -> Places | None:
    if draw(st.sampled_from([True, True, True, False])):
        return None
    at = draw(st.lists(st.integers(0, len(places.ids) - 1), min_size=1, max_size=5))
    moved = [(places.x[i] + (0 if places.degrees else 0.25 * (k % 2)), places.y[i]) for k, i in enumerate(at)]
    return placed("c", moved, places.degrees)


def judged(design: Design, replications: int = 5) -> None:
    """Windows, what is said of them, their p, and the replicates' maxima are those of the exhaustive search."""
    found, brute = scan(design, replications=replications, seed=SEED), Exhaustive(design)
    maxima = [brute.maximum(brute.drawn(i + 1, SEED)) for i in range(replications)]
    assert [i for i in range(replications) if not same(maxima[i], found.maxima[i])] == [], (maxima, found.maxima)
    assert list(faults(found, brute)) == []
    for cluster in found.clusters:
        reached = sum(value >= cluster.log_likelihood_ratio * (1 - 1e-9) for value in found.maxima)
        assert cluster.p == (1 + reached) / (replications + 1)


@pytest.mark.parametrize("form", FORMS)
def test_every_model_finds_what_an_exhaustive_search_finds(form: str) -> None:
    """The pattern engine's judge: same windows and counts, ratio within 1e-9, and the same maximum of each replicate."""

    @SOME
    @given(designs(form))
    def holds(design: Design) -> None:
        judged(design)

    holds()


@st.composite
def quick_designs(draw: st.DrawFn) -> Design:
    """Those that the search by bits serves: circles of labels, and cylinders alive at the end, of high rates."""
    places, spatial = draw(point_sets()), draw(st.booleans())
    bins = 1 if spatial else draw(st.integers(2, 6))
    longest = draw(st.integers(1, bins))
    searched = Windows(
        Kind.SPATIAL if spatial else Kind.PROSPECTIVE,
        share=draw(st.sampled_from([0.1, 0.3, 0.5, 1.0])),
        radius=draw(st.sampled_from([None, None, 2, 500])),
        shortest=draw(st.integers(1, longest)),
        longest=longest,
        least_high=draw(st.integers(1, 5)),
    )
    kinds, n = st.integers(0, 1) if spatial else st.just(0), len(places.ids)
    row = st.tuples(st.integers(0, n - 1), st.integers(0, bins - 1), st.sampled_from([1, 1, 1, 0, 4]), kinds)
    columns = zip(*draw(st.lists(row, min_size=3, max_size=60)), strict=True)
    model = Model.BERNOULLI if spatial else Model.PERMUTATION
    design = Design(model, places, Records(*columns), bins, searched, centres=draw(centres(places)))
    try:
        assume(single(prepared(design)) is not None)
    except (TooLittle, Unusable):
        assume(False)
    return design


@settings(max_examples=150, deadline=None)
@given(quick_designs())
def test_the_search_by_bits_finds_what_an_exhaustive_search_finds(design: Design) -> None:
    """Both routes: the one that sums bits gives the windows and maxima too, and the observed windows of the other."""
    judged(design, 8)
    assert list(faults(scan(design, replications=0), Exhaustive(design))) == []


def towns(rng: np.random.Generator, n: int) -> np.ndarray[Any, Any]:
    return np.round(rng.random((6, 2))[rng.integers(0, 6, n)] * 300 + rng.normal(0, 4, (n, 2)), 1)


LAYOUTS: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "lattice": lambda rng, n: rng.integers(0, 12, (n, 2)),
    "few places": lambda rng, n: rng.integers(0, 3, (n, 2)) * 7,
    "towns": towns,
    "plane": lambda rng, n: rng.normal(0, 30, (n, 2)),
}
# Model, layout, places, records, bins, windows: blocks of many places, ties, limits, minimum cases, long windows.
LARGE = (
    (Model.BERNOULLI, "plane", 400, 400, 1, Windows()),
    (Model.BERNOULLI, "lattice", 300, 900, 1, Windows(share=0.1, least_high=1)),
    (Model.BERNOULLI, "few places", 150, 500, 1, Windows(share=1.0, least_high=5)),
    (Model.BERNOULLI, "towns", 300, 500, 1, Windows(radius=12.5)),
    (Model.BERNOULLI, "towns", 200, 400, 1, Windows(rates=Rates.BOTH, share=1.0)),
    (Model.BERNOULLI, "lattice", 150, 400, 6, Windows(Kind.RETROSPECTIVE, longest=6, least_high=3)),
    (Model.PERMUTATION, "plane", 300, 300, 20, Windows(Kind.PROSPECTIVE, longest=12)),
    (Model.PERMUTATION, "towns", 250, 700, 8, Windows(Kind.PROSPECTIVE, longest=8, share=1.0, least_high=4)),
    (Model.PERMUTATION, "lattice", 200, 600, 10, Windows(Kind.PROSPECTIVE, longest=3, looked_from=6)),
    (Model.PERMUTATION, "towns", 200, 300, 12, Windows(Kind.RETROSPECTIVE, longest=12, radius=30)),
    (Model.PERMUTATION, "few places", 150, 600, 6, Windows(Kind.RETROSPECTIVE, longest=3, rates=Rates.BOTH)),
    (Model.POISSON, "plane", 400, 300, 1, Windows(share=0.5)),
    (Model.POISSON, "lattice", 200, 900, 1, Windows(share=1.0, rates=Rates.LOW)),
    (Model.POISSON, "towns", 150, 300, 5, Windows(Kind.RETROSPECTIVE, longest=2, rates=Rates.BOTH)),
    (Model.POISSON, "towns", 120, 200, 1, Windows(ellipses=(2.0, 4.0), turns=(4, 6))),
    (Model.MULTINOMIAL, "towns", 250, 400, 1, Windows()),
    (Model.MULTINOMIAL, "lattice", 150, 300, 4, Windows(Kind.RETROSPECTIVE, longest=4, share=0.9)),
)


@pytest.mark.parametrize("number", range(len(LARGE)))
def test_many_places(number: int) -> None:
    """Blocks of many places, ties on a lattice, many records at one place, every limit: still nothing is missed."""
    model, layout, n, rows, bins, searched = LARGE[number]
    rng = np.random.default_rng(number)
    points = LAYOUTS[layout](rng, n).T.tolist()
    kinds = {Model.BERNOULLI: 2, Model.MULTINOMIAL: 4}.get(model, 1)
    kind = rng.choice(kinds, rows, p=[0.7, 0.3] if kinds == 2 else None).tolist()
    place = np.minimum(rng.pareto(0.7, rows) * 9, n - 1).astype(int) if number % 3 == 0 else rng.integers(0, n, rows)
    which = Records(place.tolist(), rng.integers(0, bins, rows).tolist(), [1] * rows, kind)
    expected = (rng.random(n * bins) + 0.1).tolist() if model is Model.POISSON else None
    design = Design(model, Places(tuple(map(str, range(n))), *points), which, bins, searched, expected)
    judged(design, 2)


def unit_design(
    x: list[float], cases: list[int], controls: list[int], y: list[float] | None = None, **searched: Any
) -> Design:
    """Places on a line with so many cases and controls each."""
    n = len(x)
    places = Places(tuple("abcdefghijklmnopqrstuvwxyz"[:n]), x, y or [0.0] * n)
    which = Records([*range(n)] * 2, [0] * 2 * n, cases + controls, [1] * n + [0] * n)
    return Design(Model.BERNOULLI, places, which, windows=Windows(**searched))


def test_places_at_one_distance_enter_together() -> None:
    """Two places equally far from a centre are both within or both without."""
    design = unit_design([0, 1, 2, 3, 4], [0, 2, 2, 0, 0], [2, 0, 0, 2, 2])
    found = scan(design, replications=0).clusters[0]
    assert set(found.places) in ({1}, {2})  # no circle holds b and c alone
    moved = unit_design([0, 1.1, 2, 3, 4], [0, 2, 2, 0, 0], [2, 0, 0, 2, 2])
    assert set(scan(moved, replications=0).clusters[0].places) == {1, 2}


def test_a_share_that_is_exactly_reached_is_within() -> None:
    """29 of 100 records are 29 %, whatever the machine makes of 0.29 times 100; so are five of ten equal expectations."""
    n = 100
    line = Places(tuple(map(str, range(n))), range(n), [0] * n)
    which = Records(range(n), [0] * n, [1] * n, [1] * 29 + [0] * 71)
    searched = Windows(share=0.29)
    assert len(scan(Design(Model.BERNOULLI, line, which, 1, searched), replications=9).clusters[0].places) == 29
    ten = Places(line.ids[:10], range(10), [0] * 10)
    design = Design(Model.POISSON, ten, Records(range(5), [0] * 5, [2] * 5, [0] * 5), expected=[0.1] * 10)
    assert len(scan(design, replications=0).clusters[0].places) == 5


@pytest.mark.parametrize("form", ["bernoulli", "permutation", "poisson"])
def test_of_equal_ratios_the_smaller_radius_then_the_first_place(form: str) -> None:
    """The contract's order of windows that stand out alike, whatever the last digit of their sums."""

    @SOME
    @given(designs(form))
    def holds(design: Design) -> None:
        found, brute = scan(design, replications=0).clusters, Exhaustive(design)
        expected = brute.clusters()[: len(found)]
        for cluster, tied in zip(found, expected, strict=True):
            assert any(is_told(cluster, window, brute) for window in tied), (cluster, tied[0])

    holds()


def test_low_rates_up_to_the_whole_region() -> None:
    """The last places of the region are searched too when the circle may hold all of it."""
    places = Places(("a", "b", "c"), [0, 1, 2], [0, 0, 0])
    searched = Windows(share=1.0, rates=Rates.LOW)
    design = Design(Model.POISSON, places, Records([2, 0], [0, 0], [1, 1], [0, 0]), 1, searched, [1, 2, 3])
    assert scan(design, replications=0).clusters[0].places == (1,)


def test_parts_that_add_up_to_the_fewest_cases_are_enough() -> None:
    """Shares of a third that add up to one case are one case, for the fewest cases a window must hold."""
    which = Records([0, 1, 0, 0], [2, 1, 1, 1], [1] * 4, [0] * 4, [1, 0.25, 1, 1 / 3])
    searched = Windows(Kind.PROSPECTIVE, share=0.9, longest=3, least_high=1)
    judged(Design(Model.BERNOULLI, Places(("a", "b"), [0, 1], [0, 0]), which, 4, searched))


@pytest.mark.parametrize("degrees", [True, False])
@pytest.mark.parametrize("step", [1, 0.1, 0.01, 0.001])
def test_a_grid_written_in_decimals_is_a_grid(step: float, degrees: bool) -> None:
    """Places a hundredth apart are equally far apart, although no machine writes their coordinates exactly."""
    x = [round(36.1 + i * step, 6) for i in range(9)]
    places = Places(tuple("abcdefghi"), x, [33.5] * 9, degrees)
    which = Records(range(9), [0] * 9, [1] * 9, [0, 0, 0, 1, 1, 0, 0, 0, 0])
    found = scan(Design(Model.BERNOULLI, places, which, 1, Windows(least_high=1)), replications=0).clusters[0]
    assert set(found.places) != {3, 4}


def test_ids_at_one_point_are_one_place() -> None:
    """Several ids at one point enter together, all are named, and the centre is an index of the design's places."""
    places = Places(("a", "b", "c", "d"), [0, 0, 1, 9], [0, 0, 0, 0])
    which = Records([0, 1, 2, 3, 3], [0] * 5, [1, 1, 3, 4, 4], [0, 0, 1, 1, 0])
    found = scan(Design(Model.BERNOULLI, places, which), replications=0).clusters
    assert [set(cluster.places) for cluster in found] == [{2}]
    assert found[0].centre == 2
    turned = replace(which, kind=[1, 1, 0, 0, 0])
    found = scan(Design(Model.BERNOULLI, places, turned), replications=0).clusters
    assert set(found[0].places) == {0, 1}


def test_great_circle_and_radius_in_kilometres() -> None:
    """One degree along the equator is 111.195 km on a sphere of 6371.0088 km; the antimeridian is no border."""
    places = Places(("a", "b", "c"), [179.5, -179.5, 170.0], [0, 0, 0], degrees=True)
    which = Records([0, 1, 2, 2], [0] * 4, [3, 3, 6, 1], [1, 1, 0, 1])
    near, far = (Design(Model.BERNOULLI, places, which, windows=Windows(share=0.9, radius=r)) for r in (111.1, 111.3))
    assert len(scan(near, replications=0).clusters[0].places) == 1
    cluster = scan(far, replications=0).clusters[0]
    assert set(cluster.places) == {0, 1}
    assert cluster.radius == pytest.approx(6371.0088 * np.pi / 180, rel=1e-9)


def test_an_ellipse_finds_what_no_circle_holds() -> None:
    """Cases along a slanting line: shape and angle are told, and a heavy penalty prefers the circle."""
    x = [float(i) for i in range(7)] + [0.0, 6.0, 3.0, 3.0, 1.0, 5.0]
    y = [float(i) for i in range(7)] + [6.0, 0.0, 1.0, 5.0, 4.0, 2.0]
    design = unit_design(x, [2] * 7 + [0] * 6, [0] * 7 + [2] * 6, y, ellipses=(4.0,), turns=(4,), penalty=0.0)
    found = scan(design, replications=0).clusters[0]
    assert found.shape == 4.0
    assert found.angle == pytest.approx(np.pi / 4)
    assert set(found.places) <= set(range(7))
    heavy = replace(design, windows=replace(design.windows, penalty=50.0))
    assert scan(heavy, replications=0).clusters[0].shape == 1.0


def test_windows_that_overlap_a_better_one_are_left_out() -> None:
    """Two apart are both told, with p of the same maxima; their ratios fall."""
    design = unit_design([0, 1, 10, 11, 20, 21, 22], [4, 0, 3, 0, 0, 1, 0], [0, 4, 0, 4, 4, 3, 4])
    found = scan(design, replications=99, seed=1)
    assert [cluster.rank for cluster in found.clusters] == list(range(1, len(found.clusters) + 1))
    assert [set(cluster.places) for cluster in found.clusters[:2]] == [{0}, {2}]
    assert found.clusters[0].p is not None
    assert found.clusters[1].p is not None
    assert found.clusters[0].p <= found.clusters[1].p


CANNOT: dict[str, tuple[Callable[[Design], Design], type[Exception]]] = {
    "not numbers": (lambda d: replace(d, places=replace(d.places, x=[float("nan"), 1, 2])), Unusable),
    "one place": (lambda d: replace(d, places=replace(d.places, x=[1, 1, 1])), TooLittle),
    "no controls": (lambda d: replace(d, records=replace(d.records, kind=[1] * 6)), TooLittle),
    "needs 2 at least": (lambda d: replace(d, records=replace(d.records, kind=[0] * 6)), TooLittle),
    "not on the globe": (lambda d: replace(d, places=replace(d.places, y=[0, 91, 0], degrees=True)), Unusable),
    "study period": (lambda d: replace(d, records=replace(d.records, bin=[0, 0, 0, 0, 0, 1])), Unusable),
    "differ in length": (lambda d: replace(d, records=replace(d.records, bin=[0])), Unusable),
    "at least 0": (lambda d: replace(d, records=replace(d.records, number=[-1, 1, 1, 1, 1, 1])), Unusable),
    "whole cases": (lambda d: replace(d, records=replace(d.records, number=[0.5, 1, 1, 1, 1, 1])), Unusable),
    "largest share": (lambda d: replace(d, windows=Windows(share=0.0)), Unusable),
    "no expectation": (lambda d: replace(d, model=Model.POISSON, expected=[0, 0, 0]), TooLittle),
    "one value for each": (lambda d: replace(d, model=Model.POISSON, expected=[1, 1]), Unusable),
    "two or more": (lambda d: replace(d, windows=Windows(Kind.RETROSPECTIVE)), TooLittle),
    "places and times together": (lambda d: replace(d, model=Model.PERMUTATION), Unusable),
    "one category": (
        lambda d: replace(d, model=Model.MULTINOMIAL, records=replace(d.records, kind=[1] * 6)),
        TooLittle,
    ),
}


@pytest.mark.parametrize("says", CANNOT)
def test_what_cannot_be_scanned_is_refused_with_the_reason(says: str) -> None:
    """Never a number from nothing: what is missing or wrong is said, and the mend."""
    spoilt, fault = CANNOT[says]
    with pytest.raises(fault, match=says):
        scan(spoilt(unit_design([0, 1, 2], [2, 1, 0], [1, 2, 3])), replications=9)


def test_a_stratum_without_cases_changes_nothing() -> None:
    """A permutation's stratum whose records hold no case is as good as absent."""
    places = Places(("a", "b"), [0, 1], [0, 0])
    searched = Windows(Kind.RETROSPECTIVE, longest=1)
    rows = Records([0, 1, 0, 1], [0, 1, 1, 0], [3, 2, 1, 1], [0, 0, 0, 0])
    empty = Records([*rows.place, 0], [*rows.bin, 1], [*rows.number, 0], [*rows.kind, 1])
    one, other = (scan(Design(Model.PERMUTATION, places, r, 2, searched), replications=9) for r in (rows, empty))
    assert one.clusters == other.clusters


@example(0.5)
@settings(max_examples=20, deadline=None)
@given(st.floats(0.001, 1000))
def test_the_scale_of_an_expectation_does_not_matter(scale: float) -> None:
    """Expectations in any scale give the same clusters."""
    places = Places(("a", "b", "c"), [0, 1, 3], [0, 0, 0])
    which = Records([0, 1, 2], [0] * 3, [6, 2, 3], [0] * 3)
    one, other = (
        scan(Design(Model.POISSON, places, which, expected=[k * v for v in (1, 2, 3)]), replications=9)
        for k in (1, scale)
    )
    assert [(c.places, c.cases) for c in one.clusters] == [(c.places, c.cases) for c in other.clusters]
    assert np.allclose(one.maxima, other.maxima, rtol=1e-9)
