"""Reference results of others, reproduced: exact rate ratios, intervals and corrections as R has them."""

import json
import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casualty.patterns.rates import Ratio, adjust, at_least, rate_ratio, share_interval, standardised_ratio
from casualty.patterns.strata import stratified

SHARED = Path(os.environ.get("CASUALTY_SHARED") or Path(__file__).parents[2] / "shared")
CASE = SHARED / "reference" / "cases" / "exact_rates"
# The raw p-values of the example in Benjamini and Hochberg's procedure (McDonald, Handbook of Biological Statistics).
DIETS = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34, 0.341]
DIETS += [0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986]

pytestmark = pytest.mark.skipif(
    not CASE.exists() and "CI" not in os.environ, reason="the reference cases are not beside this checkout"
)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return dict(json.loads((CASE / "expected.json").read_text())["expected"])


@pytest.fixture(scope="module")
def results() -> str:
    return (CASE / "results.txt").read_text()


def close(found: float, told: float, digits: float = 1e-9) -> bool:
    return found == told if math.isinf(told) else math.isclose(found, told, rel_tol=digits, abs_tol=1e-12)


def midp_rows(results: str) -> list[tuple[list[float], list[float], list[float]]]:
    """The table "x1 x2 t1 t2 | rr lo hi p2 pgreater | exact lo hi p" of results.txt."""
    lines = re.findall(r"^(\d+ \d+ \d+ \d+) \| (.*?) \| (.*)$", results, flags=re.MULTILINE)
    return [tuple([float(word) for word in part.split()] for part in line) for line in lines]  # type: ignore[misc]


def test_every_row_of_the_table_exact_and_midp(results: str) -> None:
    """Ratios, both intervals, both p, zero cells and infinite limits of seven pairs of counts."""
    rows = midp_rows(results)
    assert len(rows) == 7
    for (x1, x0, t1, t0), midp, (low, high, p) in rows:
        exact, mid = rate_ratio(x1, x0, t1, t0), rate_ratio(x1, x0, t1, t0, kind="mid-p")
        assert close(exact.ratio, midp[0]), (x1, x0)
        assert close(exact.low, low), (x1, x0)
        assert close(exact.high, high), (x1, x0)
        assert close(exact.p, p), (x1, x0)
        found = [mid.ratio, mid.low, mid.high, mid.p, mid.p_greater]
        assert all(close(a, b, 1e-8) for a, b in zip(found, midp, strict=True)), (x1, x0, found)


def test_one_stratum_is_the_plain_comparison(results: str) -> None:
    """R46: the stratified law over a single stratum gives R's interval and p too."""
    for (x1, x0, t1, t0), _, (low, high, p) in midp_rows(results):
        one: Ratio = stratified(*(np.array([value]) for value in (x1, x1 + x0, t1, t0)))
        assert close(one.low, low)
        assert close(one.high, high)
        assert close(one.p, p) or p < 1e-30


def test_named_examples(expected: dict[str, Any]) -> None:
    """The two examples of poisson.test, Rothman's breast cancer table, and a rate of nothing against something."""
    for name in ("ex2", "rothman", "zero"):
        case = expected[name]
        exact, mid = rate_ratio(*case["x"], *case["T"]), rate_ratio(*case["x"], *case["T"], kind="mid-p")
        found = {"rr": exact.ratio, "lo": exact.low, "exact_lo": exact.low, "hi": exact.high, "exact_hi": exact.high}
        found |= {"p": exact.p, "exact_p": exact.p, "p_greater": exact.p_greater, "midp_lo": mid.low}
        found |= {"midp_hi": mid.high, "midp_p": mid.p, "epitools_midp_p": mid.p}
        told = {key: value for key, value in case.items() if key not in ("x", "T")}
        assert {key for key in told if not close(found[key], told[key], 1e-8)} == set(), name


def test_observed_over_expected(expected: dict[str, Any]) -> None:
    """An exact standardised ratio, and 137 events where 24.2 were expected, p far below any rounding."""
    smr, one = expected["smr"], expected["ex1"]
    found = standardised_ratio(smr["obs"], smr["exp"])
    assert all(close(a, b) for a, b in ((found.low, smr["lo"]), (found.high, smr["hi"]), (found.p, smr["p"])))
    found = standardised_ratio(one["x"], one["T"])
    assert all(close(a, b) for a, b in ((found.low, one["lo"]), (found.high, one["hi"]), (found.p, one["p"])))


def test_one_sided(expected: dict[str, Any], results: str) -> None:
    """A share above its base, p and lower limit; and the one-sided limit of a ratio."""
    share = expected["binom"]
    assert close(float(at_least(share["x"], share["n"], share["p0"])), share["p_greater"])
    assert "3.90370813347e-01" in results
    assert close(float(share_interval(share["x"], share["n"], level=0.9)[0]), 0.390370813347)
    assert close(rate_ratio(11, 21, 800, 3011, level=0.9).low, 0.9775843474967)


def test_corrections(results: str) -> None:
    """R48: Benjamini-Hochberg, Benjamini-Yekutieli and Holm, all twenty-five values of each."""
    printed = results.split("## BH / BY / Holm on p")[1]
    numbers = [float(word) for word in re.sub(r"\[\d+\]", " ", printed).split()]
    assert len(numbers) == 75
    for how, start in (("bh", 0), ("by", 25), ("holm", 50)):
        assert np.allclose(adjust(DIETS, how), numbers[start : start + 25], rtol=1e-10)  # type: ignore[arg-type]
