"""How terms are kept: words and ordered codes, each with its label and its definition; and why a value is absent."""

# One line a term: the tables are read more often than they are changed.
# fmt: off

from enum import IntEnum, StrEnum
from typing import Self

CODEBOOK_VERSION = "2"

UNCERTAIN = (
    ("unknown", "Unknown", "Asked or looked for, and not known."),
    ("not_recorded", "Not recorded", "The source or the form did not say; nobody is known to have asked."),
    ("withheld", "Withheld", "Known, and kept back for a person's protection or at their wish."),
    ("not_applicable", "Not applicable", "The question does not arise for this record."),
)


class Terms(StrEnum):
    """A scheme of words; members are (value, label, definition)."""

    label: str
    definition: str

    def __new__(cls, value: str, label: str = "", definition: str = "") -> Self:
        term = str.__new__(cls, value)
        term._value_ = value
        term.label = label
        term.definition = definition
        return term


class Codes(IntEnum):
    """A scheme of ordered codes; members are (code, label, definition)."""

    label: str
    definition: str

    def __new__(cls, value: int, label: str = "", definition: str = "") -> Self:
        code = int.__new__(cls, value)
        code._value_ = value
        code.label = label
        code.definition = definition
        return code


class Missing(Terms):
    """Why a value is absent. Four reasons, never merged into one blank."""

    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN
