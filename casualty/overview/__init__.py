"""The record in memory: standing incidents as columns, kept up with the ledger, and the rows that a filter asks for."""

from casualty.overview.beside import Ties, ties, units
from casualty.overview.columns import NO_DAY, STATUSES, TYPES, Columns, Words
from casualty.overview.keeping import Overview, Positions, changes, of
from casualty.overview.selecting import Selection, selected

__all__ = [
    "NO_DAY", "STATUSES", "TYPES", "Columns", "Overview", "Positions", "Selection", "Ties", "Words", "changes", "of",
    "selected", "ties", "units",
]  # fmt: skip
