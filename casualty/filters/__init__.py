"""One filter for every page, chart, layer, question and export: its text, its parts, and the SQL it becomes.

`read` and `condition` are the two doors: text in, condition out. What a filter can ask stands in `fields`.
"""

from casualty.filters.asked import EVERYTHING, All, Any, Asked, Filter, Not, Part, Some, every, written
from casualty.filters.conditions import Condition, Located, condition
from casualty.filters.fields import KINDS, ROOT, TIER_OF, TIERS, Field, Sort, field, fields_of, kinds_in
from casualty.filters.grammar import read

__all__ = [
    "EVERYTHING", "KINDS", "ROOT", "TIERS", "TIER_OF", "All", "Any", "Asked", "Condition", "Field", "Filter", "Located",
    "Not", "Part", "Some", "Sort", "condition", "every", "field", "fields_of", "kinds_in", "read", "written",
]  # fmt: skip
