"""R55: what the replicates are drawn from, that no way of running them changes them, and what is made of their maxima."""

import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from exhaustive import Data, Exhaustive, handed_out
from numpy.typing import ArrayLike
from scipy import stats

from geo.scan import Design, Kind, Model, Places, Records, Windows, scan
from geo.scan.preparing import prepared

FIVE = Places(tuple("abcde"), [0, 1, 3, 7, 12], [0, 2, 1, 5, 3])
DRAWS = 3000
UNLIKELY = 1e-3  # the seed is fixed: a fair draw that fails once fails always, so this is looked at once

BERNOULLI = Design(Model.BERNOULLI, FIVE, Records([0, 1, 2, 3, 4, 4], [0] * 6, [5, 4, 3, 8, 2, 4], [0, 1, 0, 1, 0, 1]))
POISSON = Design(Model.POISSON, FIVE, Records([0, 3], [0, 0], [10, 10], [0, 0]), expected=[1, 2, 3, 4, 0.5])
PERMUTATION = Design(
    Model.PERMUTATION,
    FIVE,
    Records([0, 0, 1, 2, 3, 4, 4], [0, 1, 2, 2, 3, 0, 1], [3, 1, 2, 4, 1, 5, 2], [0] * 7),
    4,
    Windows(Kind.RETROSPECTIVE, longest=2),
)
PROSPECTIVE = replace(PERMUTATION, windows=Windows(Kind.PROSPECTIVE, longest=4))
MULTINOMIAL = replace(BERNOULLI, model=Model.MULTINOMIAL)
SHARES = replace(
    BERNOULLI,
    records=Records(
        [0, 1, 2, 3, 4, 0, 2, 4], [0] * 8, [1, 9, 2, 4, 1, 1, 3, 20], [0, 0, 0, 0, 1, 1, 1, 1],
        share=[1, 0.5, 0.25, 0, 0.75, 0.1, 1, 0.2],
    ),
)  # fmt: skip
EVERY = {
    "bernoulli": BERNOULLI, "poisson": POISSON, "permutation": PERMUTATION, "prospective": PROSPECTIVE,
    "multinomial": MULTINOMIAL, "shares": SHARES,
}  # fmt: skip


def tables(design: Design, draws: int = DRAWS, seed: int = 11) -> np.ndarray[Any, Any]:
    """Counts of the replicates by place and bin: replicates, places, bins."""
    ready = prepared(design)
    out = np.zeros((draws, len(ready.members), int(ready.numbers["bins"])))
    for i in range(draws):
        place, bin_, count = handed_out(ready, i + 1, seed)
        np.add.at(out[i], (place, bin_), count)
    return out


def fits(seen: ArrayLike, chances: ArrayLike) -> bool:
    """Whether frequencies agree with chances, the rare ones taken together."""
    counts = np.array(seen, float)
    wanted = np.array(chances, float) * counts.sum()
    kept = wanted >= 5
    rest = [counts[~kept].sum()], [max(wanted[~kept].sum(), 1e-9)]
    counts, wanted = (np.append(a[kept], b) for a, b in zip((counts, wanted), rest, strict=True))
    return bool(stats.chisquare(counts, wanted * counts.sum() / wanted.sum()).pvalue > UNLIKELY)


def test_bernoulli_cases_of_a_place_are_hypergeometric() -> None:
    """Labels lie at random among the records, each set of records alike."""
    drawn = tables(BERNOULLI)[:, :, 0]
    assert set(drawn.sum(1)) == {16}
    for place, size in enumerate([5, 4, 3, 8, 6]):
        seen = np.bincount(drawn[:, place].astype(int), minlength=size + 1)
        assert fits(seen, stats.hypergeom(26, 16, size).pmf(range(size + 1)))


def test_poisson_cases_are_multinomial() -> None:
    """The same number of cases each time, placed by expectation and independently."""
    drawn = tables(POISSON)[:, :, 0]
    assert set(drawn.sum(1)) == {20}
    chances = np.array([1, 2, 3, 4, 0.5]) / 10.5
    assert fits(drawn.sum(0), chances)
    for place in range(5):
        seen = np.bincount(drawn[:, place].astype(int), minlength=21)
        assert fits(seen, stats.binom(20, chances[place]).pmf(range(21)))


def test_poisson_places_parts_of_cases_and_bins() -> None:
    """Fractional numbers keep their sum; bins are drawn by their expectation too."""
    which = Records([0, 1], [0, 1], [2.5, 3.25], [0, 0])
    design = Design(Model.POISSON, FIVE, which, 2, Windows(Kind.RETROSPECTIVE), [1.0, 3.0] * 5)
    drawn = tables(design, 1000)
    assert np.allclose(drawn.sum((1, 2)), 5.75)
    half = (drawn[:, :, 1] * 4 % 4 >= 2).any(1)
    assert stats.binomtest(int(np.sum(half)), 1000, 0.75).pvalue > UNLIKELY


@pytest.mark.parametrize("strata", [1, 2])
def test_a_permutation_keeps_margins_within_strata(strata: int) -> None:
    """Cases by place and cases by bin of each stratum are those observed, in every replicate."""
    rng = np.random.default_rng(3)
    place, bin_ = rng.integers(0, 5, 60), rng.integers(0, 4, 60)
    kind = (place > 2).astype(int) if strata == 2 else np.zeros(60, int)
    records = Records(place.tolist(), bin_.tolist(), [1] * 60, kind.tolist())
    observed = np.zeros((5, 4))
    np.add.at(observed, (place, bin_), 1)
    drawn = tables(replace(PERMUTATION, records=records), 300)
    assert (drawn.sum(2) == observed.sum(1)).all()
    for part in [slice(0, 3), slice(3, 5)] if strata == 2 else [slice(0, 5)]:
        assert (drawn[:, part].sum(1) == observed[part].sum(0)).all()
    assert len({table.tobytes() for table in drawn}) == 300


def test_a_permutation_is_uniform() -> None:
    """Cases of one place in one bin are hypergeometric."""
    drawn = tables(PERMUTATION)
    by_bin, n = [8, 3, 6, 1], 18
    for bin_, count in enumerate(by_bin):
        seen = np.bincount(drawn[:, 2, bin_].astype(int), minlength=5)
        assert fits(seen, stats.hypergeom(n, count, 4).pmf(range(5)))


def test_shares_move_whole_and_within_their_class() -> None:
    """Each record carries one of its own class's shares, whole, and each of them alike often."""
    ready = prepared(SHARES)
    weights, shares = np.array(SHARES.records.number), np.array(SHARES.records.share)
    came = np.array([handed_out(ready, i + 1, 2)[2] / weights for i in range(DRAWS)])
    for part in (slice(0, 4), slice(4, 8)):
        assert np.allclose(np.sort(came[:, part], axis=1), np.sort(shares[part]))
        seen = Counter(np.round(came[:, part.start], 6).tolist())
        assert fits([seen[round(float(share), 6)] for share in shares[part]], [0.25] * 4)


@pytest.mark.parametrize("weights", [[1] * 6, [1, 5, 1, 2, 1, 9]])
def test_mixes_move_whole(weights: list[float]) -> None:
    """The maxima are those of every order of the mixes, each as likely; a replicate is judged by its own totals."""
    mixes = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0.25, 0.75], [1, 0, 0]])
    six = Places(tuple("abcdef"), [0, 1, 3, 7, 12, 20], [0, 2, 1, 5, 3, 1])
    which = Records(range(6), [0] * 6, weights, [0] * 6, mix=mixes.ravel().tolist())
    design = Design(Model.MULTINOMIAL, six, which)
    brute = Exhaustive(design)
    exact: Counter[float] = Counter()
    for order in permutations(range(6)):
        cases = (np.array(weights, float)[:, None] * mixes[list(order)])[:, None, :]
        data = Data(cases, brute.data.measure, cases.sum((0, 1)), brute.data.total)
        exact[round(brute.maximum(data), 8)] += 1
    seen = Counter(round(value, 8) for value in scan(design, replications=DRAWS, seed=5).maxima)
    assert set(seen) <= set(exact)
    assert fits([seen[value] for value in exact], [count / 720 for count in exact.values()])


@pytest.mark.parametrize("name", EVERY)
def test_workers_and_executors_change_nothing(name: str) -> None:
    """Replicate i draws from (seed, i): however the work is cut up, and however many more follow, it is the same."""
    design = EVERY[name]
    one = scan(design, replications=150, seed=4)
    with ThreadPoolExecutor(3) as executor:
        for workers in (1, 2, 3, 7):
            other = scan(design, replications=150, seed=4, executor=executor, workers=workers)
            assert (other.maxima, other.clusters) == (one.maxima, one.clusters)
    assert scan(design, replications=70, seed=4).maxima == one.maxima[:70]
    assert scan(design, replications=150, seed=5).maxima != one.maxima


@pytest.mark.parametrize("name", EVERY)
def test_sequential_stopping(name: str) -> None:
    """Besag and Clifford 1991: after h maxima as high as the observed one p is h over the replications run."""
    design = EVERY[name]
    whole = scan(design, replications=999, seed=4, stop_after=1000)
    assert not whole.stopped_early
    assert len(whole.maxima) == 999
    top = whole.clusters[0].log_likelihood_ratio * (1 - 1e-9)
    reached = np.flatnonzero(np.array(whole.maxima) >= top)
    for after in (1, 5, 20):
        early = scan(design, replications=999, seed=4, stop_after=after)
        if len(reached) < after:
            assert not early.stopped_early
            continue
        run = int(reached[after - 1]) + 1
        assert early.stopped_early
        assert early.maxima == whole.maxima[:run]
        assert early.clusters[0].p == pytest.approx(after / run)


def test_gumbel() -> None:
    """Abrams, Kleinman and Kulldorff 2010: a Gumbel law with the maxima's mean and standard deviation."""
    found = scan(BERNOULLI, replications=99, seed=1, gumbel=True)
    scale = float(np.std(found.maxima, ddof=1)) * math.sqrt(6) / math.pi
    middle = float(np.mean(found.maxima)) - 0.5772156649 * scale
    for cluster in found.clusters:
        law = 1 - math.exp(-math.exp(-(cluster.log_likelihood_ratio - middle) / scale))
        assert cluster.gumbel_p == pytest.approx(law, rel=0.02)
    assert {cluster.gumbel_p for cluster in scan(BERNOULLI, replications=99, seed=1).clusters} == {None}


def test_no_replications_no_p() -> None:
    """p is nothing where nothing was simulated."""
    assert {cluster.p for cluster in scan(BERNOULLI, replications=0).clusters} == {None}


@pytest.mark.parametrize("form", ["labels", "shares", "mixes"])
def test_heavy_tailed_weights_and_no_pattern_raise_no_alarm(form: str) -> None:
    """p is uniform where nothing is targeted, however unlike in size the records that move as a whole."""
    rng, n = np.random.default_rng(9), 40
    p: list[float] = []
    for trial in range(150):
        x, y = rng.normal(0, 10, (2, n)).tolist()
        weights = np.ceil(np.minimum(rng.pareto(1.1, n) + 0.01, 80)).tolist()
        group = rng.choice(3, n, p=[0.6, 0.3, 0.1])
        which = Records(range(n), [0] * n, [1] * n, (group > 0).astype(int).tolist())
        model = Model.MULTINOMIAL if form == "mixes" else Model.BERNOULLI
        if form == "shares":
            which = replace(which, number=weights, kind=[0] * n, share=(group > 0).astype(float).tolist())
        if form == "mixes":
            which = replace(which, number=weights, kind=[0] * n, mix=np.eye(3)[group].ravel().tolist())
        found = scan(Design(model, Places(tuple(map(str, range(n))), x, y), which), replications=19, seed=trial)
        p.append(found.clusters[0].p or 0.0 if found.clusters else 1.0)
    assert stats.binomtest(sum(value == 0.05 for value in p), 150, 0.05, alternative="greater").pvalue > UNLIKELY
    assert abs(np.mean(p) - 0.525) < 4 * 0.29 / math.sqrt(150) + (0.1 if form == "labels" else 0)
