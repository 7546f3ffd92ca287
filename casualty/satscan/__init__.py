"""SaTScan's parameter files and data files, read into designs that `geo.scan` runs; standard library only."""

from casualty.satscan.run import Run, described, read

__all__ = ["Run", "described", "read"]
