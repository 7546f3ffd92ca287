"""Counts in time: trends, change points, alarms, and how late reports are. Numbers in, frozen results out."""

from geo.series.alarms import Alarms
from geo.series.changepoint import ChangePoint, change_point
from geo.series.cusum import cusum
from geo.series.delays import Delays, completeness, reporting_delays
from geo.series.ears import ears
from geo.series.farrington import IMPROVED, ORIGINAL, Settings, farrington
from geo.series.row import Series, Step, series
from geo.series.trend import Trend, trend

__all__ = [
    "IMPROVED", "ORIGINAL", "Alarms", "ChangePoint", "Delays", "Series", "Settings", "Step", "Trend",
    "change_point", "completeness", "cusum", "ears", "farrington", "reporting_delays", "series", "trend",
]  # fmt: skip
