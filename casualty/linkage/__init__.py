"""How names, persons and incidents are compared; the original characters stay untouched.

`fold` and `slug` make codes of words: rows that are stored hang on their results, so they stay as they are.
`names_alike`, `same_person` and `same_incident` say what speaks for two being one and what against; a person decides.
"""

import re
import unicodedata

from casualty.linkage.judging import (
    LIKELY,
    POSSIBLE,
    IncidentTraits,
    Judged,
    PersonTraits,
    Reason,
    address,
    kilometres,
    same_incident,
    same_person,
)
from casualty.linkage.names import SAME_NAME, Likeness, is_placeholder, name_keys, names_alike

__all__ = [
    "LIKELY", "POSSIBLE", "SAME_NAME", "IncidentTraits", "Judged", "Likeness", "PersonTraits", "Reason", "address", "fold",
    "is_placeholder", "kilometres", "name_keys", "names_alike", "same_incident", "same_person", "slug",
]  # fmt: skip


def fold(text: str) -> str:
    """Return text for comparison only: no case, no accents, single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def slug(text: str) -> str:
    """Return a code from a label: `Hispanic/Latino ` becomes hispanic_latino; letters of any script stay."""
    return re.sub(r"[^\w]+", "_", fold(text)).strip("_") or "unnamed"
