"""A text of the record within a line of the report: on one line, and turning nothing that stands beside it."""

import unicodedata

from casualty.patterns.plainly import END, ISOLATE, RIGHT_TO_LEFT, clean


def inline(text: object) -> str:
    """Return a text to be put into a sentence: cleaned, and set apart (Unicode isolates) where it is written from the right."""
    words = clean(text)
    turning = any(unicodedata.bidirectional(sign) in RIGHT_TO_LEFT for sign in words)
    return f"{ISOLATE}{words}{END}" if turning else words
