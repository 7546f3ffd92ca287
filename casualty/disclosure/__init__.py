"""What may leave the house: which columns at which tier, what of a record is withheld, and how few is too few to show.

`tiers` is the allow-list, `rows` withholds parts of what is allowed; `people`, `cells`, `differences`, `masking` and
`naming` are the protections of the tiers below a commission of inquiry. All of it is pure: rows in, result out.
Standards: R41, R60, R63-R72; Standards for Casualty Recording (2016), pp. 41 and 44.
"""

from casualty.disclosure.rows import (
    CONSENT,
    INSTITUTIONS,
    MENTION,
    OFF,
    SEVERE,
    WITHDRAWN,
    Phrases,
    Shown,
    Withheld,
    show,
)
from casualty.disclosure.tiers import COLUMNS, OUTWARD, columns, require_tier, table_tier, whole

__all__ = [
    "COLUMNS", "CONSENT", "INSTITUTIONS", "MENTION", "OFF", "OUTWARD", "SEVERE", "WITHDRAWN", "Phrases", "Shown",
    "Withheld", "columns", "require_tier", "show", "table_tier", "whole",
]  # fmt: skip
