"""What a draft's form refuses, said as faults: one sentence for each usual kind of wrong value."""

from pydantic import ValidationError

from casualty.errors import Fault

SHOWN_AT_MOST = 80

_NO_NUMBER = ("Is not a number.", "Write it in digits; given: {given}.")
_NO_WHOLE_NUMBER = ("Is not a whole number.", "Write it in digits, without a fraction; given: {given}.")
_NO_DAY = ("Is not a day.", "Write YYYY-MM-DD; given: {given}.")
_NO_TRUTH = ("Is neither yes nor no.", "Choose one; given: {given}.")
_NO_WORD = ("Is not one of: {expected}.", "Choose one of them; given: {given}.")

# By the name pydantic gives an error; slots are filled from its context.
SENTENCES: dict[str, tuple[str, str]] = {
    "missing": ("Is missing.", "Fill it in."),
    "extra_forbidden": ("Is no field of this record.", "Leave it out; given: {given}."),
    "string_too_long": ("Is longer than {max_length} characters.", "Shorten it; it begins: {given}."),
    "string_too_short": ("Is empty.", "Fill it in."),
    "string_type": ("Is not a text.", "Write it as text; given: {given}."),
    "string_pattern_mismatch": ("Is not written as it should be.", "Mend how it is written; given: {given}."),
    "greater_than": ("Should be greater than {gt}.", "Raise it; given: {given}."),
    "greater_than_equal": ("Should be greater than or equal to {ge}.", "Raise it; given: {given}."),
    "less_than": ("Should be less than {lt}.", "Lower it; given: {given}."),
    "less_than_equal": ("Should be less than or equal to {le}.", "Lower it; given: {given}."),
    "finite_number": _NO_NUMBER,
    "float_parsing": _NO_NUMBER,
    "float_type": _NO_NUMBER,
    "int_parsing": _NO_WHOLE_NUMBER,
    "int_parsing_size": ("Is too large a number.", "Lower it; given: {given}."),
    "int_type": _NO_WHOLE_NUMBER,
    "int_from_float": _NO_WHOLE_NUMBER,
    "date_type": _NO_DAY,
    "date_parsing": _NO_DAY,
    "date_from_datetime_parsing": _NO_DAY,
    "date_from_datetime_inexact": _NO_DAY,
    "bool_type": _NO_TRUTH,
    "bool_parsing": _NO_TRUTH,
    "enum": _NO_WORD,
    "literal_error": _NO_WORD,
}
OTHERWISE = ("Does not fit here: {message}.", "Mend it; given: {given}.")


def faults_of(wrong: ValidationError, row: int = 0) -> list[Fault]:
    """Return a validation's errors as faults, in the codebook's field names."""
    return [
        Fault(
            row,
            ".".join(str(part) for part in error["loc"]),
            *SENTENCES.get(error["type"], OTHERWISE),
            {**error.get("ctx", {}), "message": error["msg"], "given": repr(str(error["input"])[:SHOWN_AT_MOST])},
        )
        for error in wrong.errors(include_url=False)
    ]
