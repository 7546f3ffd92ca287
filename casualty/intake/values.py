"""Reading one value: dates in any common notation, numbers as written, ids as they are meant, ages, sexes.

Each function returns a value, or None for a cell that states none, or raises ValueError whose text says what is wrong.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import isfinite

from casualty.linkage import fold

NO_NUMBER = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "?", "unknown", "sin datos"})
MOST_PEOPLE = 2**31 - 1
# A file says the same things again and again: what was read once is remembered.
REMEMBERED = 1 << 16
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
NUMERIC_DATE = re.compile(r"(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})(?:[T ]\d.*)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th)?"
_WORDS = re.compile(rf"(?:{_ORDINAL}[\s\-/.]+)?([^\W\d_]{{3,}})\.?[\s\-/.,]+(?:{_ORDINAL},?\s+)?(\d{{4}})")
_SHORT = re.compile(r"(\d{1,2})[\s\-/.]([^\W\d_]{3,})\.?[\s\-/.](\d{2})")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[ ,'\u00a0\u202f]\d{3})+")
_INTEGER = re.compile(r"[+-]?\d+")
_WHOLE_AS_FLOAT = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True, slots=True)
class Span:
    """A date as widely as it is stated: first day, last day, and UCDP precision where the wording shows it."""

    start: date
    end: date
    precision: int | None


def identifier(text: str) -> str:
    """Return an id as it is meant: `244657.0` (an id that passed through a float) is 244657; leading zeros stay."""
    text = text.strip()
    found = _WHOLE_AS_FLOAT.fullmatch(text)
    return found.group(1) if found else text


@lru_cache(REMEMBERED)
def count(text: str) -> int | None:
    """Return a whole number of people: `6`, `6.0`, `1,473`."""
    text = identifier(text)
    if text.casefold() in NO_NUMBER:
        return None
    if not (_INTEGER.fullmatch(text) or _THOUSANDS.fullmatch(text)):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    digits = re.sub(r"[ ,'\u00a0\u202f]", "", text)
    number = int(digits) if len(digits) < 20 else MOST_PEOPLE + 1
    if digits.startswith("-") and number:
        raise ValueError(f"{text[:40]} is below zero")
    if number > MOST_PEOPLE:
        raise ValueError(f"{text[:40]} is more people than there are")
    return number


@lru_cache(REMEMBERED)
def decimal(text: str) -> float | None:
    """Return a decimal number; a single comma is a decimal comma."""
    text = text.strip()
    if text.casefold() in NO_NUMBER:
        return None
    plain = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        number = float(plain)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a number") from None
    if not isfinite(number) or "_" in plain:
        raise ValueError(f"{text[:40]!r} is not a number that can be used")
    return number


def amount(text: str) -> float | None:
    """Return a number of people that may be an estimate: `1,234` is over a thousand, `1234.5` is read as it stands."""
    if _THOUSANDS.fullmatch(text.strip()):
        return float(re.sub(r"[ ,'\u00a0\u202f]", "", text))
    return decimal(text)


@lru_cache(REMEMBERED)
def day(text: str, order: str = "iso") -> Span | None:
    """Return the days that a date covers: a day, a month (`May 2016`, `2016-05`) or a year.

    `order` settles what `05/11/2015` means: dmy or mdy. Without it (`iso`) such a date is questioned.
    """
    text = text.strip()
    if text.casefold() in NO_NUMBER:
        return None
    if found := _ISO.fullmatch(text) or _COMPACT.fullmatch(identifier(text)):
        return _one_day(*map(int, found.groups()))
    if re.fullmatch(r"\d{4}", identifier(text)):
        return Span(date(int(text[:4]), 1, 1), date(int(text[:4]), 12, 31), 5)
    if found := re.fullmatch(r"(\d{4})[-/.](\d{1,2})", text):
        return whole_month(int(found.group(1)), int(found.group(2)))
    if found := re.fullmatch(r"(\d{1,2})[-/.](\d{4})", text):
        return whole_month(int(found.group(2)), int(found.group(1)))
    if found := NUMERIC_DATE.fullmatch(text):
        first, second, third = map(int, found.groups())
        return _one_day(*_ordered(first, second, third, order, text))
    return _in_words(text)


def _in_words(text: str) -> Span:
    if found := _SHORT.fullmatch(text):
        return _one_day(_year(int(found.group(3))), month_number(found.group(2)), int(found.group(1)))
    if found := _WORDS.fullmatch(text):
        first, name, second, year = found.groups()
        given = first or second
        month = month_number(name)
        return _one_day(int(year), month, int(given)) if given else whole_month(int(year), month)
    raise ValueError(f"{text[:40]!r} is not a date that can be read")


def _ordered(first: int, second: int, third: int, order: str, text: str) -> tuple[int, int, int]:
    if first > 31:
        return first, second, third
    year = third if third > 99 else _year(third)
    if order == "mdy" or (order == "iso" and first <= 12 < second):
        return year, first, second
    if order == "dmy" or first > 12 or first == second:
        return year, second, first
    raise ValueError(f"{text[:40]!r} may be day-month or month-day; say date_order in the mapping")


def _year(two_digits: int) -> int:
    return two_digits + (2000 if two_digits < 70 else 1900)


def _one_day(year: int, month: int, number: int) -> Span:
    try:
        found = date(year, month, number)
    except ValueError:
        raise ValueError(f"there is no day {year:04}-{month:02}-{number:02}") from None
    return Span(found, found, None)


def whole_month(year: int, month: int) -> Span:
    """Return a month as a span of precision 4."""
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        raise ValueError(f"there is no month {month} of {year}")
    return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]), 4)


@lru_cache(REMEMBERED)
def parts(year: str, month: str, number: str) -> Span | None:
    """Return the days that year, month and day cover together; a month or a day that is blank or 0 is not known."""
    if (known_year := count(year)) is None:
        return None
    if month.strip().casefold() in NO_NUMBER or not month.strip(" 0."):
        return day(f"{known_year:04}")
    known_month, known_day = month_number(month), count(number)
    return _one_day(known_year, known_month, known_day) if known_day else whole_month(known_year, known_month)


def month_number(text: str) -> int:
    """Return 1-12 for a month by number or by name (English, French, Spanish)."""
    plain = fold(text).rstrip(".")
    number = MONTHS.get(plain) or (count(plain) if plain[:1].isdecimal() else None)
    if number is None or not 1 <= number <= 12:
        raise ValueError(f"{text[:20]!r} is not a month")
    return number


@dataclass(frozen=True, slots=True)
class Age:
    """An age in years as stated: exact, between two bounds, or a band of the codebook."""

    exact: float | None = None
    low: float | None = None
    high: float | None = None
    band: str | None = None


def age(text: str) -> Age | None:
    """Return an age: `22`, `20s`, `26 años`, `8 months`, `30-35`, `child`, `Unknown`."""
    plain = fold(text)
    if plain in UNRECORDED_WORDS:
        return None
    if found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)(?: ?(?:years?|yrs?|ans?|anos?|y|old|years old|year old))?", plain):
        return Age(exact=_possible(float(found.group(1)), text))
    if found := re.fullmatch(r"(\d{1,3}) ?(?:months?|meses|mois)(?: old)?", plain):
        return Age(exact=_possible(int(found.group(1)) / 12, text))
    if found := re.fullmatch(r"(\d)0'?s", plain):
        return Age(low=int(found.group(1)) * 10.0, high=int(found.group(1)) * 10 + 9.0)
    if found := re.fullmatch(r"(\d{1,3})\s*(?:-|to|–)\s*(\d{1,3})", plain):
        low, high = (_possible(float(bound), text) for bound in found.groups())
        if low > high:
            raise ValueError(f"{text[:40]!r} ends before it begins")
        return Age(low=low, high=high)
    for band, words in _BANDS.items():
        if plain in words:
            return Age(band=band)
    raise ValueError(f"{text[:40]!r} is not an age")


def _possible(years: float, text: str) -> float:
    if years > 130:
        raise ValueError(f"{text[:40]!r} is not a possible age")
    return years


_BANDS = {
    "infant": {"infant", "baby", "newborn"},
    "child": {"child", "minor", "juvenile", "nino", "enfant", "boy", "girl", "under 18"},
    "adult": {"adult", "adulto", "adulte"},
    "older": {"elderly", "older", "older person", "senior"},
    "unknown": {"unknown", "unk", "u", "?", "sin datos", "inconnu", "not known"},
}

SEXES = {
    "man": {"m", "male", "man", "boy", "men", "homme", "masculino", "hombre"},
    "woman": {"f", "female", "woman", "girl", "women", "femme", "femenino", "mujer"},
    "other": {"transgender", "non-conforming", "nonbinary", "non-binary", "other"},
}

UNKNOWN_WORDS = frozenset(
    {"unknown", "unk", "u", "?", "not known", "undetermined", "unspecified", "sin datos", "inconnu"}
)
UNRECORDED_WORDS = frozenset({"", "na", "n/a", "#n/a", "nan", "none", "null", "not recorded", "-"})


def sex(text: str) -> str | None:
    """Return the term of a sex, or of the reason why none is stated; None for a word that is not known."""
    plain = fold(text)
    return next((term for term, words in SEXES.items() if plain in words), None) or missing_word(text)


@lru_cache(REMEMBERED)
def missing_word(text: str) -> str | None:
    """Return the reason for absence that a word states, or None if it is a value."""
    plain = fold(text)
    if plain in UNKNOWN_WORDS:
        return "unknown"
    if plain in ("withheld", "not applicable", "not_applicable"):
        return plain.replace(" ", "_")
    if plain in UNRECORDED_WORDS or not any(letter.isalnum() for letter in plain):
        return "not_recorded"
    return None


@lru_cache(REMEMBERED)
def missing_group(text: str) -> str | None:
    """Return the reason for absence of a group or a party: `Unknown Race` is unknown."""
    return missing_word(text) or ("unknown" if fold(text).startswith("unknown ") else None)


def unnamed(text: str) -> bool:
    """Return whether a cell for a name says that there is none, or that it is kept back."""
    return missing_group(text) is not None or fold(text).startswith(("name withheld", "unidentified"))
