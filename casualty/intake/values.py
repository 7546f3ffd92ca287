"""Reading one value: dates in any common notation, numbers as written, ids as they are meant, ages, sexes, slugs.

Each function returns a value, or None for an empty cell, or raises ValueError whose text says what is wrong.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from casualty.linkage import fold

NO_NUMBER = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "?", "unknown", "sin datos"})
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janvier enero ene", "feb february fevrier febrero", "mar march mars marzo",
            "apr april avril abril abr", "may mai mayo", "jun june juin junio", "jul july juillet julio",
            "aug august aout agosto ago", "sep sept september septembre septiembre setiembre",
            "oct october octobre octubre", "nov november novembre noviembre",
            "dec december decembre diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$")
_PARTS = re.compile(r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})(?:[T ]\d.*)?$")
_WORDS = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)?[\s\-/.]+)?([^\W\d_]{3,})\.?[\s\-/.,]+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})$")
_INTEGER = re.compile(r"[+-]?\d{1,3}(?:[ ,'\u00a0\u202f]\d{3})+$|[+-]?\d+$")
WHOLE_AS_FLOAT = re.compile(r"(-?\d+)\.0+$")


@dataclass(frozen=True, slots=True)
class Span:
    """A date as widely as it is stated: first day, last day, and UCDP precision where the wording shows it."""

    start: date
    end: date
    precision: int | None


def identifier(text: str) -> str:
    """Return an id as it is meant: `244657.0` (an id that passed through a float) is 244657; leading zeros stay."""
    text = text.strip()
    found = WHOLE_AS_FLOAT.match(text)
    return found.group(1) if found else text


def count(text: str) -> int | None:
    """Return a whole number of people: `6`, `6.0`, `1,473`."""
    text = text.strip()
    if text.isdecimal():
        return int(text)
    if text.casefold() in NO_NUMBER:
        return None
    found = WHOLE_AS_FLOAT.match(text)
    if found:
        text = found.group(1)
    if not _INTEGER.match(text):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    number = int(re.sub(r"[ ,'\u00a0\u202f]", "", text))
    if number < 0:
        raise ValueError(f"{number} is below zero")
    return number


def decimal(text: str) -> float | None:
    """Return a decimal number; a single comma is a decimal comma."""
    text = text.strip()
    if text.casefold() in NO_NUMBER:
        return None
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"{text!r} is not a number that can be used")
    return number


def day(text: str, order: str = "iso") -> Span | None:
    """Return the days that a date covers: a day, a month (`May 2016`, `2016-05`) or a year.

    `order` settles what `05/11/2015` means: dmy or mdy. Without it (`iso`) such a date is questioned.
    """
    text = text.strip()
    if text.casefold() in NO_NUMBER:
        return None
    if found := _ISO.match(text):
        return _one_day(*map(int, found.groups()))
    if re.fullmatch(r"\d{4}", text):
        return Span(date(int(text), 1, 1), date(int(text), 12, 31), 5)
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", text):
        return whole_month(int(found.group(1)), int(found.group(2)))
    if found := _PARTS.match(text):
        return _one_day(*_ordered(tuple(map(int, found.groups())), order, text))
    if found := _WORDS.match(text):
        first, name, second, year = found.groups()
        month = month_number(name)
        given = first or second
        return _one_day(int(year), month, int(given)) if given else whole_month(int(year), month)
    raise ValueError(f"{text[:40]!r} is not a date that can be read")


def _ordered(parts: tuple[int, ...], order: str, text: str) -> tuple[int, int, int]:
    first, second, third = parts
    if first > 31:
        return first, second, third
    year = third if third > 99 else (2000 + third if third < 70 else 1900 + third)
    if first > 12 and second <= 12:
        return year, second, first
    if second > 12 and first <= 12:
        return year, first, second
    if first == second:
        return year, first, second
    if order == "dmy":
        return year, second, first
    if order == "mdy":
        return year, first, second
    raise ValueError(f"{text!r} may be day-month or month-day; say date_order in the mapping")


def _one_day(year: int, month: int, number: int) -> Span:
    try:
        found = date(year, month, number)
    except ValueError:
        raise ValueError(f"there is no day {year}-{month}-{number}") from None
    return Span(found, found, None)


def whole_month(year: int, month: int) -> Span:
    """Return a month as a span of precision 4."""
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        raise ValueError(f"there is no month {month} of {year}")
    return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]), 4)


def month_number(text: str) -> int:
    """Return 1-12 for a month by number or by name (English, French, Spanish)."""
    plain = fold(text).rstrip(".")
    if plain in MONTHS:
        return MONTHS[plain]
    number = count(text)
    if number is None or not 1 <= number <= 12:
        raise ValueError(f"{text[:20]!r} is not a month")
    return number


def age(text: str) -> tuple[float | None, float | None, float | None, str | None]:
    """Return (exact, low, high, band) of an age: `22`, `20s`, `26 anos`, `30-35`, `child`, `Unknown`."""
    plain = fold(text)
    if not plain or plain in ("na", "n/a", "nan", "none"):
        return None, None, None, None
    if found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)(?: ?(?:years?|yrs?|ans?|anos?|y|old|years old))?", plain):
        years = float(found.group(1))
        if years > 130:
            raise ValueError(f"an age of {text} is not possible")
        return years, None, None, None
    if found := re.fullmatch(r"(\d{1,3}) ?(?:months?|meses|mois)", plain):
        return int(found.group(1)) / 12, None, None, None
    if found := re.fullmatch(r"(\d)0'?s", plain):
        return None, int(found.group(1)) * 10.0, int(found.group(1)) * 10 + 9.0, None
    if found := re.fullmatch(r"(\d{1,3})\s*(?:-|to|–)\s*(\d{1,3})", plain):
        return None, float(found.group(1)), float(found.group(2)), None
    for band, words in _BANDS.items():
        if plain in words:
            return None, None, None, band
    raise ValueError(f"{text[:40]!r} is not an age")


_BANDS = {
    "infant": {"infant", "baby", "newborn"},
    "child": {"child", "minor", "juvenile", "nino", "enfant", "boy", "girl", "under 18"},
    "adult": {"adult", "adulto", "adulte"},
    "older": {"elderly", "older", "older person", "senior"},
    "unknown": {"unknown", "unk", "sin datos", "inconnu", "not known"},
}

SEXES = {
    "m": "man", "male": "man", "man": "man", "boy": "man", "men": "man", "homme": "man", "masculino": "man", "hombre": "man",
    "f": "woman", "female": "woman", "woman": "woman", "girl": "woman", "women": "woman", "femme": "woman",
    "femenino": "woman", "mujer": "woman",
    "transgender": "other", "non-conforming": "other", "nonbinary": "other", "non-binary": "other", "other": "other",
    "": "not_recorded", "unknown": "unknown", "u": "unknown", "unk": "unknown", "na": "not_recorded", "none": "not_recorded",
}  # fmt: skip

UNKNOWN_WORDS = frozenset({"unknown", "unk", "u", "not known", "undetermined", "unspecified", "sin datos", "inconnu"})
UNRECORDED_WORDS = frozenset({"", "na", "n/a", "nan", "none", "null", "not recorded", "-"})


def missing_word(text: str) -> str | None:
    """Return the reason for absence that a word states, or None if it is a value (`Unknown Race` is unknown)."""
    plain = fold(text)
    if plain in UNRECORDED_WORDS:
        return "not_recorded"
    if plain in ("withheld", "not applicable", "not_applicable"):
        return plain.replace(" ", "_")
    if plain in UNKNOWN_WORDS or plain.startswith("unknown "):
        return "unknown"
    return None
