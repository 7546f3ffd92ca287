"""Reference results of others, reproduced: exact rates as R has them, and each published case through its command."""

import csv
import json
import math
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casualty.cli import run
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


# Each case as a user has it ------------------------------------------------------------------------------------------

CASES = SHARED / "reference" / "cases"
SCANS = ("newmexico_spatial_poisson", "newmexico_stp_retro", "nhumberside_bernoulli", "nycfever_stp_retro_nolimit")


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `casualty patterns ...` writes as JSON."""
    assert run(["patterns", *arguments, "--json", "-"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def told(name: str) -> dict[str, Any]:
    return dict(json.loads((CASES / name / "expected.json").read_text())["expected"])


@pytest.mark.parametrize("name", SCANS)
def test_scans_of_parameter_files(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """R56: SaTScan's likelihood ratio to 1e-5, its places, dates and counts, its p within Monte Carlo error."""
    expected, first = told(name), asked(capsys, "scan", "--prm", str(CASES / name / "case.prm"))["clusters"][0]
    assert first["log_likelihood_ratio"] == pytest.approx(expected["llr"], rel=1e-5)
    places = [{*map(str, those)} for those in expected.get("mlc_sets") or [expected["locations"]]]
    assert {*first["locations"]} in places
    assert first["cases"] == expected["cases_in"]
    assert first["expected"] == pytest.approx(expected["expected_in"], abs=0.005)
    assert first["start"].startswith(str(expected.get("start", "")))
    assert first["end"].startswith(str(expected.get("end", "")))
    p = expected["p_999"]
    assert first["p_value"] == pytest.approx(p, abs=3 * math.sqrt(2 * p * (1 - p) / 999) + 0.002)


def test_knox_of_the_burkitt_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R56: pairs within 5 and 60 days as surveillance::knox has them, and p by permutation, not by Poisson's law."""
    rows = list(csv.DictReader((CASES / "knox_burkitt" / "data.csv").read_text().splitlines()))
    days = [date(1960, 1, 1) + timedelta(days=float(row["t"])) for row in rows]
    lines = [f"c{i},{row['x']},{row['y']},{day}" for i, (row, day) in enumerate(zip(rows, days, strict=True))]
    points = tmp_path / "points.csv"
    points.write_text("\n".join(["id,x,y,date", *lines]))
    expected = told("knox_burkitt")["knox"]
    for name, reach, within in (("s5_t60", "5", "60"), ("s2_t180", "2", "180"), ("s10_t180", "10", "180")):
        given = ("--points", str(points), "--crs", "local", "--space", reach, "--days", within, "--same-place")
        row = asked(capsys, "near-repeat", *given, "--cumulative")["rows"][0]
        assert row["observed"] == expected[name]["obs"]
        assert row["expected"] == pytest.approx(expected[name]["expected"], abs=1e-6)
        if "p_999" in expected[name]:
            assert row["p"] == pytest.approx(expected[name]["p_999"], abs=3 * math.sqrt(2 * 0.2 * 0.8 / 999))


def test_the_change_point_of_the_coal_disasters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R56: the last year of the first regime, both rates, the ratio; p by simulation."""
    rows = list(csv.DictReader((CASES / "changepoint_coal" / "data.csv").read_text().splitlines()))
    series = tmp_path / "series.csv"
    series.write_text("\n".join(["date,count", *(f"{row['year']},{row['n']}" for row in rows)]))
    expected = told("changepoint_coal")
    found = asked(capsys, "trend", "--series", str(series), "--every", "year", "--replications", "9999")
    change = next(row for row in found["rows"] if "log_likelihood_ratio" in row)
    assert found["n"] == expected["events"]
    assert change["last_before"].startswith(str(expected["last_year_regime1"]))
    assert change["log_likelihood_ratio"] == pytest.approx(expected["llr"], rel=1e-9)
    assert change["rate_before"] == pytest.approx(expected["rate1"], rel=1e-9)
    assert change["rate_after"] == pytest.approx(expected["rate2"], rel=1e-9)
    assert change["p_poisson"] == expected["p_9999"]


def test_hot_spots_of_the_counties_of_north_carolina() -> None:
    """R48: Moran's and every county's Gi* as spdep has them; of twelve that stand out two are left by correction."""
    import shapely

    from geo.autocorrelation import moran
    from geo.hotspots import local_g
    from geo.many import benjamini_hochberg
    from geo.neighbours import touching

    case, expected = CASES / "local_stats", told("local_stats")
    features = json.loads((case / "nc.geojson").read_text())["features"]
    counties = [feature["properties"] for feature in features]
    rates = np.array([1000 * county["SID74"] / county["BIR74"] for county in counties])
    near = touching([shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features]).standardised()
    whole = moran(rates, near)
    assert [whole.statistic, whole.z] == pytest.approx([expected["moran"], expected["moran_z"]], rel=1e-9)
    z = local_g(rates, near).z
    rows = csv.DictReader((case / "spdep_nc.csv").read_text().splitlines())
    assert z == pytest.approx([float(row["Gstar"]) for row in rows], rel=1e-6)
    p = np.array([math.erfc(abs(value) / math.sqrt(2)) for value in z])
    assert (p < 0.05).sum() == expected["gistar_unadjusted_p05"]
    left = [county["NAME"] for county, q in zip(counties, benjamini_hochberg(p), strict=True) if q < 0.05]
    assert left == expected["gistar_BH_p05"]
