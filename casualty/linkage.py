"""How words are compared: folded for comparison only, the original characters untouched."""

import re
import unicodedata


def fold(text: str) -> str:
    """Return text for comparison only: no case, no accents, single spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def slug(text: str) -> str:
    """Return a code from a label: `Hispanic/Latino ` becomes hispanic_latino; letters of any script stay."""
    return re.sub(r"[^\w]+", "_", fold(text)).strip("_") or "unnamed"
