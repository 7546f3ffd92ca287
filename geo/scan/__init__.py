"""Scan statistics: where, and when, more (or less) lies than expected, corrected for having looked everywhere."""

from geo.scan.design import Design, Kind, Model, Places, Rates, Records, Windows
from geo.scan.found import Cluster, Scan
from geo.scan.running import scan

__all__ = ["Cluster", "Design", "Kind", "Model", "Places", "Rates", "Records", "Scan", "Windows", "scan"]
