"""Alarms and trends as R has them: figures of the packages stats and surveillance 1.20.3 (R 4.2.2), which was run, not read.

How they were obtained: `s <- sts(observed = y, start = c(2015, 1), frequency = 52)`, then `earsC`, `cusum(range =
105:416)`, `farrington(range = 265:416)` and `farringtonFlexible(range = 265:416)` with the settings named beside each case
(where no others are named: b = 5, w = 3, alpha = 0.005 or 0.01 as stated, noPeriods = 10, pastWeeksNotIncluded = 26,
weightsThreshold = 2.58, pThresholdTrend = 1), and `upperbound` and `alarms` of the result. The counts were drawn once:
MANY of a negative binomial with trend, season and an outbreak, FEW of a Poisson law with an outbreak.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from geo.series import IMPROVED, Settings, cusum, ears, farrington, trend
from geo.series.alarms import Floats
from geo.series.glm import quasi_poisson


def counts_of(text: str) -> Floats:
    return np.array(text.split(), dtype=float)


MANY = counts_of("""
    10 2 3 3 6 8 5 7 10 9 16 0 10 5 5 11 19 4 19 12 4 6 7 6 6 3 6 3 2 8 4 3 4 5 6 3 2 2 2 2 2 7 4 6 1 2 7 6 5 3 6 3
    9 6 4 5 11 10 9 8 5 22 9 8 7 10 8 10 11 10 5 1 3 4 10 1 3 4 4 4 7 3 6 9 3 1 5 4 4 4 7 2 3 3 4 8 0 5 1 5 3 6 6 3
    0 7 3 5 10 5 10 13 2 9 15 5 19 8 14 20 4 8 13 10 13 9 10 22 6 5 5 6 7 3 8 11 2 3 4 5 2 2 1 2 5 2 5 5 8 1 6 2 3 1
    9 3 7 2 6 8 23 17 9 21 8 20 9 4 11 10 10 2 12 18 6 4 6 4 4 7 15 13 10 1 10 6 9 2 8 5 0 4 3 3 5 0 5 5 3 6 1 3 3 2
    8 5 9 7 16 4 16 8 7 3 4 10 7 5 10 8 8 5 9 9 6 13 20 8 15 6 11 11 7 3 4 8 5 9 8 5 3 4 3 5 5 5 4 0 6 1 5 0 2 3 7 6
    6 7 2 8 2 2 2 8 6 2 11 14 3 14 8 2 11 12 9 9 28 19 3 8 11 6 5 11 9 2 9 5 4 3 3 5 5 8 4 0 5 1 4 1 5 6 6 4 2 3 6 3
    6 7 7 1 5 1 9 8 13 4 5 10 29 23 5 5 21 2 28 14 10 16 19 5 8 13 3 4 16 6 7 14 1 6 2 7 0 2 3 6 2 6 2 6 6 3 7 4 9 9
    1 4 11 5 3 0 0 0 4 7 6 7 14 6 8 36 9 3 7 9 3 11 14 4 9 10 9 9 5 4 1 10 11 2 16 0 2 4 7 6 2 3 26 26 28 27 4 12 6
    4 3 2 5 0 3 11 13 1
""")
FEW = counts_of("""
    0 0 0 1 0 0 1 0 0 1 0 1 0 0 0 1 0 0 0 0 0 1 1 2 1 0 1 0 1 1 0 0 1 0 0 1 0 0 0 1 0 0 1 1 1 1 0 1 0 1 0 0 0 1 0 0
    2 0 1 0 1 0 1 0 1 0 0 0 0 2 0 0 0 2 2 0 0 0 1 1 1 0 0 1 1 1 1 0 0 0 0 0 1 0 0 0 0 0 2 2 0 0 1 0 0 0 0 1 1 0 0 1
    1 3 0 0 0 1 1 0 0 0 3 0 1 0 1 0 0 1 0 0 1 0 0 0 1 0 0 0 1 0 2 0 0 1 0 0 2 0 0 0 0 0 0 1 0 1 1 1 0 0 0 1 0 0 1 0
    0 1 0 0 0 1 2 0 0 0 0 0 1 0 1 0 0 0 0 0 0 0 0 0 0 2 0 1 0 1 2 1 0 0 0 0 0 1 0 0 2 1 0 1 1 0 1 1 0 1 0 0 0 0 0 1
    0 1 1 1 0 0 1 0 0 0 2 0 0 2 0 0 1 0 0 0 0 1 0 0 1 0 1 1 0 0 0 0 0 0 2 1 0 2 0 0 0 0 1 0 1 1 1 0 2 4 1 1 1 0 1 1
    0 0 1 0 1 0 1 1 0 0 0 0 0 0 1 0 0 2 0 1 0 0 0 0 0 0 0 2 0 2 0 0 0 2 0 0 1 0 1 0 0 0 2 1 0 0 0 0 1 0 1 0 2 0 2 0
    0 0 0 1 0 1 1 0 0 0 0 0 1 0 2 0 0 2 0 0 0 0 1 0 1 0 0 0 1 0 1 1 0 1 0 1 0 1 0 1 0 0 1 1 1 0 0 0 1 1 1 0 0 1 4 4
    5 0 0 0 0 1 0 0 0 0 0 0 0 1 0 0 0 0 1 0 1 1 0 0
""")
# Four weeks make a month here, so that 104 months are eight years and eight months.
MONTHS = MANY.reshape(104, 4).sum(axis=1)

AT_LIMIT = "negative binomial, mean at its limit"

# Bins (from 0) whose upper bounds are compared, of weeks and of months.
WEEKS, OF_MONTHS = (266, 278, 319, 338, 372, 392, 400, 402), (64, 72, 83, 98)
NONE = math.nan

# What R was told, counts, our settings, upper bounds at these bins (NONE: too few for an alarm), and alarms in all.
FARRINGTON = [
    ("farrington b=5 w=3 alpha=0.05",
     MANY, Settings(alpha=0.025),
     [16.700726, 18.983717, 19.034611, 13.473257, 19.934093, 12.036858, 7.452759, 8.021522], 18),
    ("farrington b=5 w=3 alpha=0.05",
     FEW, Settings(alpha=0.025),
     [NONE, NONE, NONE, NONE, NONE, 1.803881, NONE, NONE], 4),
    ('farrington b=4 w=4 alpha=0.01 powertrans="1/2"',
     MANY, Settings(years=4, half_window=4, power=1 / 2),
     [23.372412, 22.091756, 22.868109, 17.675242, 28.492998, 17.639103, 11.147283, 10.918516], 9),
    ('farrington b=3 w=3 alpha=0.01 powertrans="none" reweight=FALSE',
     MANY, Settings(years=3, power=1.0, damp_above=None),
     [25.337151, 23.825644, 15.185392, 17.13477, 26.747634, 13.504113, 9.302785, 9.532334], 14),
    ("farrington b=2 w=2 alpha=0.01 trend=FALSE",
     MANY, Settings(years=2, half_window=2, trend_level=None),
     [29.665456, 26.41103, 20.916547, 12.794122, 32.829085, 14.845153, 9.746687, 10.672449], 13),
    ("farrington b=2 w=5 alpha=0.01",
     MANY, Settings(years=2, half_window=5),
     [23.754783, 19.881898, 18.25319, 13.682424, 26.372455, 15.926629, 10.974493, 10.528541], 12),
    ("flexible delta",
     MANY, replace(IMPROVED, threshold="delta", relative_error=True),
     [24.284327, 23.572639, 24.211382, 17.340569, 23.080104, 17.534255, 12.947338, 12.909023], 8),
    ("flexible delta",
     FEW, replace(IMPROVED, threshold="delta", relative_error=True),
     [NONE, NONE, NONE, NONE, NONE, 2.990528, NONE, NONE], 4),
    ("flexible nbPlugin",
     MANY, IMPROVED,
     [25.0, 24.0, 25.0, 18.0, 24.0, 18.0, 14.0, 14.0], 8),
    ("flexible nbPlugin",
     FEW, IMPROVED,
     [NONE, NONE, NONE, NONE, NONE, 3.0, NONE, NONE], 4),
    ("flexible muan",
     MANY, replace(IMPROVED, threshold=AT_LIMIT, relative_error=True),
     [27.0, 26.0, 27.0, 20.0, 26.0, 20.0, 15.0, 15.0], 7),
    ("flexible muan",
     FEW, replace(IMPROVED, threshold=AT_LIMIT, relative_error=True),
     [NONE, NONE, NONE, NONE, NONE, 6.0, NONE, NONE], 0),
    ("flexible, its defaults",
     MANY, Settings(alpha=0.05, damp_above=2.58, relative_error=True),
     [19.370726, 19.49975, 17.503477, 15.598147, 21.887199, 10.849703, 7.111237, 8.783923], 19),
    ('flexible b=4 alpha=0.1 weightsThreshold=1 powertrans="1/2"',
     MANY, Settings(years=4, alpha=0.1, power=1 / 2, relative_error=True),
     [14.996277, 18.001986, 13.455152, 11.697924, 13.288111, 7.974871, 6.345701, 6.8249], 29),
    ('flexible b=4 alpha=0.1 pThresholdTrend=0.2 powertrans="none" reweight=FALSE',
     MANY, Settings(years=4, alpha=0.1, damp_above=None, trend_level=0.2, power=1.0),
     [17.327069, 15.690954, 17.191213, 13.137939, 18.645438, 10.447043, 6.210682, 6.41431], 23),
    ("flexible nbPlugin b=4 noPeriods=5 pThresholdTrend=0.2",
     MANY, replace(IMPROVED, years=4, alpha=0.01, seasons=5, trend_level=0.2, relative_error=True),
     [25.0, 24.0, 21.0, 17.0, 22.0, 17.0, 13.0, 14.0], 10),
    ("flexible nbPlugin b=4 w=2 noPeriods=10",
     MANY, replace(IMPROVED, years=4, half_window=2, alpha=0.01),
     [25.0, 24.0, 20.0, 16.0, 24.0, 17.0, 13.0, 13.0], 10),
    ("flexible nbPlugin b=3 w=5 noPeriods=4 pastWeeksNotIncluded=20",
     MANY, replace(IMPROVED, years=3, half_window=5, alpha=0.01, seasons=4, gap=20),
     [21.0, 21.0, 19.0, 15.0, 22.0, 19.0, 14.0, 14.0], 10),
    ("flexible nbPlugin b=3 noPeriods=8",
     MANY, replace(IMPROVED, years=3, alpha=0.01, seasons=8),
     [22.0, 22.0, 20.0, 15.0, 23.0, 17.0, 15.0, 15.0], 10),
    ("flexible nbPlugin b=3 trend=FALSE",
     MANY, replace(IMPROVED, years=3, alpha=0.01, trend_level=None),
     [23.0, 22.0, 23.0, 18.0, 21.0, 17.0, 13.0, 14.0], 10),
    ("flexible nbPlugin b=2 pThresholdTrend=0.05",
     MANY, replace(IMPROVED, years=2, alpha=0.01, trend_level=0.05),
     [25.0, 21.0, 17.0, 16.0, 24.0, 18.0, 14.0, 16.0], 10),
    ("flexible, monthly w=1",
     MONTHS, Settings(per_year=12, half_window=1, alpha=0.05, damp_above=2.58, relative_error=True),
     [64.046029, 25.256922, 40.756553, 21.868508], 5),
    ("flexible nbPlugin, monthly b=4 w=1 noPeriods=4 pastWeeksNotIncluded=6",
     MONTHS, replace(IMPROVED, per_year=12, years=4, half_window=1, alpha=0.01, seasons=4, gap=6),
     [87.0, 36.0, 41.0, 38.0], 2),
    ("flexible nbPlugin, monthly b=4 w=0 noPeriods=12 pastWeeksNotIncluded=6",
     MONTHS, replace(IMPROVED, per_year=12, years=4, half_window=0, alpha=0.01, seasons=12, gap=6),
     [98.0, 30.0, 37.0, 27.0], 3),
]  # fmt: skip
TOLD = [case[0] for case in FARRINGTON]

# Counts, method, minSigma, upper bounds, alarms in all; baseline 7, alpha 0.001.
EARS = [
    (MANY, 1, 0.0, *(
        {7: 14.332988, 8: 11.865131, 12: 22.935933, 23: 30.596723, 63: 27.19917, 131: 28.712286, 237: 16.933707, 307: 9.572497}, 13)),
    (MANY, 2, 0.0, *(
        {9: 14.332988, 10: 11.865131, 14: 22.935933, 25: 30.596723, 65: 27.19917, 133: 28.712286, 239: 16.933707, 309: 9.572497}, 19)),
    (FEW, 1, 0.0, *(
        {7: 1.793593, 8: 1.793593, 12: 2.08037, 23: 1.793593, 63: 3.050282, 131: 2.08037, 237: 2.859953, 307: 0.0}, 20)),
    (FEW, 1, 0.5, *(
        {7: 1.83083, 8: 1.83083, 12: 2.08037, 23: 1.83083, 63: 3.050282, 131: 2.08037, 237: 2.859953, 307: 1.545116}, 19)),
    (FEW, 2, 0.0, *(
        {9: 1.793593, 10: 1.793593, 14: 2.08037, 25: 1.793593, 65: 3.050282, 133: 2.08037, 239: 2.859953, 309: 0.0}, 20)),
    (FEW, 2, 0.5, *(
        {9: 1.83083, 10: 1.83083, 14: 2.08037, 25: 1.83083, 65: 3.050282, 133: 2.08037, 239: 2.859953, 309: 1.545116}, 19)),
]  # fmt: skip
# Counts, transformation, upper bounds, alarms in all; k = 1.04, h = 2.26, m from the bins before.
CUSUM = [
    (MANY, "standard", *(
        {104: 14.0, 105: 14.0, 109: 13.0, 120: 0.0, 160: 14.0, 228: 0.0, 334: 0.0, 404: 0.0}, 181)),
    (FEW, "standard", *(
        {104: 3.0, 105: 3.0, 109: 3.0, 120: 3.0, 160: 3.0, 228: 3.0, 334: 3.0, 404: 3.0}, 19)),
    (MANY, "rossi", *(
        {104: 14.775154, 105: 14.775154, 109: 13.057842, 120: 0.0, 160: 14.775154, 228: 1.358803, 334: 0.0, 404: 0.0}, 153)),
    (FEW, "rossi", *(
        {104: 3.373016, 105: 3.373016, 109: 3.373016, 120: 3.373016, 160: 3.373016, 228: 3.373016, 334: 3.373016, 404: 3.373016}, 10)),
]  # fmt: skip


def bounds(upper: Floats, told: dict[int, float]) -> dict[int, float]:
    return {bin_: math.nan if math.isnan(upper[bin_]) else float(upper[bin_]) for bin_ in told}


@pytest.mark.parametrize(("counts", "settings", "upper", "alarms"), [case[1:] for case in FARRINGTON], ids=TOLD)
def test_farrington(counts: Floats, settings: Settings, upper: list[float], alarms: int) -> None:
    """R48: thresholds and alarms of both methods; glm stops at 1e-8 of the deviance, so the last digits are not R's."""
    weeks = len(counts) > len(MONTHS)
    found = farrington(counts, settings, 264 if weeks else 63)
    assert found.upper[list(WEEKS if weeks else OF_MONTHS)] == pytest.approx(upper, rel=1e-4, nan_ok=True)
    assert found.alarm.sum() == alarms


@pytest.mark.parametrize(("counts", "method", "least", "upper", "alarms"), EARS)
def test_ears(counts: Floats, method: int, least: float, upper: dict[int, float], alarms: int) -> None:
    """C1 and C2, with and without a least spread. (C3 is held by hand in test_series: R 1.20.3 has the count in its bound.)"""
    found = ears(counts, method, least_spread=least)
    assert bounds(found.upper, upper) == pytest.approx(upper, rel=1e-6)
    assert found.alarm.sum() == alarms


@pytest.mark.parametrize(("counts", "scale", "upper", "alarms"), CUSUM)
def test_cusum(counts: Floats, scale: str, upper: dict[int, float], alarms: int) -> None:
    """The count from which on a bin raises an alarm; R rounds it up for the standard score."""
    found = cusum(counts, 104, scale="rossi" if scale == "rossi" else "standard")
    limits = np.ceil(found.upper) if scale == "standard" else found.upper
    # Where no count is low enough to end the alarm, R squares a negative root; 0 is meant.
    told = {bin_: 0.0 if found.upper[bin_] == 0 else limit for bin_, limit in upper.items()}
    assert bounds(limits, told) == pytest.approx(told, rel=1e-6)
    assert found.alarm.sum() == alarms


def test_a_quasi_poisson_regression() -> None:
    """R45: R's glm(family = quasipoisson) on MANY: coefficients, errors, dispersion, leverage, interval and p."""
    years = (np.arange(416) - 207.5) / 52
    fit = quasi_poisson(MANY, np.column_stack([np.ones(416), years]))
    assert fit.dispersion == pytest.approx(4.16276897213, rel=1e-9)
    assert fit.coefficients == pytest.approx([1.923663452778, 0.0304937613734], rel=1e-9)
    assert [fit.spread(0), fit.spread(1)] == pytest.approx([0.0382792475311, 0.0165590557432], rel=1e-9)
    assert fit.leverage[[0, 99, 415]] == pytest.approx([0.009009267658, 0.004390382225, 0.010170856921], rel=1e-8)
    line = trend(MANY, 52)
    assert [line.ratio, line.low, line.high] == pytest.approx(
        [1.030963458233, 0.997945563024, 1.065073779165], rel=1e-9
    )
    assert line.p == pytest.approx(6.62611961426e-02, rel=1e-8)


def test_a_weighted_regression() -> None:
    """The same with prior weights 1, 1/4, 1/2, 1 in turn."""
    years = (np.arange(416) - 207.5) / 52
    fit = quasi_poisson(MANY, np.column_stack([np.ones(416), years]), np.tile([1, 0.25, 0.5, 1], 104))
    assert fit.dispersion == pytest.approx(2.83962608607, rel=1e-9)
    assert fit.coefficients == pytest.approx([1.9204327881474, 0.0261712073381], rel=1e-9)
    assert [fit.spread(0), fit.spread(1)] == pytest.approx([0.0381796339775, 0.0165196230027], rel=1e-9)
