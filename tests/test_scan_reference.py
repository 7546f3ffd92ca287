"""R56: SaTScan's own results of four cases, reproduced through its parameter files: ratios, places, dates, counts, p, nulls."""

import json
import math
import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casualty.satscan import Run, read
from geo.scan import Cluster, Scan, scan

SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
CASES = SHARED / "reference" / "cases"
NAMES = ("newmexico_spatial_poisson", "newmexico_stp_retro", "nhumberside_bernoulli", "nycfever_stp_retro_nolimit")

pytestmark = pytest.mark.skipif(
    not CASES.exists() and "CI" not in os.environ, reason="the reference cases are not beside this checkout"
)


@cache
def found(name: str) -> tuple[Run, Scan, dict[str, Any]]:
    run = read(CASES / name / "case.prm")
    told = json.loads((CASES / name / "expected.json").read_text())["expected"]
    return run, scan(run.design, replications=999, seed=20), told


def listed(name: str) -> list[dict[str, Any]]:
    """SaTScan's clusters: columns of its text file, those of a multiple of time intervals as dates."""
    rows = []
    for line in (CASES / name / "satscan.col.txt").read_text().splitlines():
        word = line.split()
        start, end = (date(*map(int, text.split("/"))).isoformat() for text in word[6:8])
        keys = ("centre", "radius", "start", "end", "places", "ratio", "p", "cases", "expected")
        values = (word[1], word[4], start, end, *word[8:13])
        rows.append(dict(zip(keys, values, strict=True)))
    return rows


def ids(run: Run, cluster: Cluster) -> list[str]:
    return [run.design.places.ids[i] for i in cluster.places]


def error(p: float, runs: int = 999) -> float:
    """Three standard errors of the difference of two Monte Carlo shares."""
    return 3 * math.sqrt(2 * p * (1 - p) / runs) + 2 / runs


@pytest.mark.parametrize("name", NAMES)
def test_the_most_likely_cluster(name: str) -> None:
    """Likelihood ratio to 1e-5, the same places, dates and counts, p within Monte Carlo error."""
    run, result, told = found(name)
    first = result.clusters[0]
    assert first.log_likelihood_ratio == pytest.approx(told["llr"], rel=1e-5)
    sets = told.get("mlc_sets") or [told["locations"]]
    assert {*ids(run, first)} in [{str(place) for place in places} for places in sets]
    assert first.cases == told["cases_in"]
    assert first.expected == pytest.approx(told["expected_in"], abs=0.005)
    start, end = run.spans[first.first][0], run.spans[first.last][1]
    assert start.startswith(str(told.get("start", start)))
    assert end.startswith(str(told.get("end", end)))
    assert first.p is not None
    assert abs(first.p - told["p_999"]) <= error(told["p_999"])


@pytest.mark.parametrize("name", NAMES)
def test_the_simulated_maxima(name: str) -> None:
    """The null's quantiles within error, and the whole of it by two samples' greatest distance."""
    from scipy import stats

    _, result, told = found(name)
    for level, value in told["sim_llr_quantiles"].items():
        above, reach = (
            np.mean([maximum >= value + shift for maximum in result.maxima]) for shift in (value * 1e-5, -value * 1e-5)
        )
        tail = 1 - float(level)
        assert above - error(tail) <= tail <= reach + error(tail), level
    theirs = [float(line) for line in (CASES / name / "satscan.llr.txt").read_text().split()]
    assert stats.ks_2samp(np.round(result.maxima, 6), theirs).pvalue > 0.001


# How many of SaTScan's clusters are determined: further down, windows of equal ratio leave room for another choice.
SECONDARY = {
    "newmexico_spatial_poisson": 3,
    "newmexico_stp_retro": 4,
    "nhumberside_bernoulli": 6,
    "nycfever_stp_retro_nolimit": 7,
}


@pytest.mark.parametrize("name", NAMES)
def test_secondary_clusters(name: str) -> None:
    """The same ratios, dates, counts and p in the same order; windows of equal ratio may stand in another order."""
    run, result, _ = found(name)
    theirs = listed(name)[: SECONDARY[name]]
    ours = result.clusters[: len(theirs)]
    assert [c.log_likelihood_ratio for c in ours] == pytest.approx([float(r["ratio"]) for r in theirs], rel=1e-5)
    said = sorted((run.spans[c.first][0], run.spans[c.last][1], c.cases) for c in ours)
    assert said == sorted((r["start"], r["end"], float(r["cases"])) for r in theirs)
    for cluster, row in zip(result.clusters, theirs, strict=False):
        assert cluster.p is not None
        assert abs(cluster.p - float(row["p"])) <= error(float(row["p"]))


def test_radii_and_risk() -> None:
    """Great-circle radii in kilometres and relative risks as SaTScan prints them."""
    run, result, _ = found("newmexico_spatial_poisson")
    assert [round(c.radius, 2) for c in result.clusters[:3]] == [113.54, 0, 75.18]
    assert [round(float(c.relative_risk), 2) for c in result.clusters[:3]] == [1.24, 1.24, 1.19]  # type: ignore[arg-type]
    assert len(run.spans) == 1


def test_ties_count() -> None:
    """North Humberside: half the maxima equal the observed one, and count, so that p is 0.67 and no less."""
    run, result, told = found("nhumberside_bernoulli")
    assert [c.log_likelihood_ratio for c in result.clusters[:2]] == pytest.approx([told["llr"]] * 2, rel=1e-5)
    assert {tuple(sorted(ids(run, c))) for c in result.clusters[:2]} == {
        tuple(sorted(map(str, places))) for places in told["mlc_sets"]
    }
    assert float(np.median(result.maxima)) == pytest.approx(told["llr"], rel=1e-5)
    assert result.clusters[0].radius < result.clusters[1].radius
