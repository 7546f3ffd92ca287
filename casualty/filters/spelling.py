"""Whether a text holds some letters, however they are spelt: the same answer on both databases.

Letters are one where only case, accent or the usual exchange of Arabic, Persian, Hebrew, Greek and Cyrillic letters keeps
them apart. Signs that are not heard are passed over: vowel signs, hamza on the line, tatweel, loose accents, marks of
direction. Apostrophes of all kinds are one sign, and so are hyphens, quotation marks and spaces.
"""

import functools
import re
from typing import Any as Anything

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from geo.spelling import fold

# The scripts whose letters have more than one form, digits of others, and where signs that are not heard stand.
_LETTERS = (
    range(0x20, 0x250), range(0x370, 0x700), range(0x900, 0x1100), range(0x1E00, 0x2000), range(0xFB00, 0xFEFD),
    range(0xFF10, 0xFF5B),
)  # fmt: skip
_SIGNS = (
    range(0xA8, 0xB9), range(0x2B9, 0x370), range(0x483, 0x488), range(0x591, 0x700), range(0x900, 0x1100), range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00), range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2070), range(0x20D0, 0x20F1),
    range(0xFE20, 0xFE30), range(0xFEFF, 0xFF00),
)  # fmt: skip
_ONE_SIGN = ("'´’‘‛′＇ʼʻʾʿ׳", "-‐‑‒–—־", '"“”„״', " \u00a0\u2002\u2003\u2009\u202f")
_SAME_SIGN = {sign: signs for signs in _ONE_SIGN for sign in signs}


def form(letter: str) -> str:
    """Return the form in which a letter is compared."""
    folded = fold(letter)
    return folded if len(folded) == 1 else letter.lower()


@functools.cache
def _alphabet() -> dict[str, str]:
    """Letters by their form."""
    found: dict[str, str] = {}
    for letter in (chr(number) for part in _LETTERS for number in part):
        if letter.isalnum() and len(form(letter)) == 1:
            found[form(letter)] = found.get(form(letter), "") + letter
    return found


@functools.cache
def _unheard() -> str:
    """The signs that are passed over."""
    signs = dict.fromkeys(chr(number) for part in _SIGNS for number in part)
    return "".join(sign for sign in signs if fold(f"a{sign}a") == "aa" and sign not in _SAME_SIGN)


@functools.cache
def _left_out() -> dict[int, None]:
    return dict.fromkeys(map(ord, _unheard()))


@functools.cache
def _unheard_class() -> str:
    """The signs that are passed over, as what stands between the brackets of a pattern."""
    spans: list[tuple[int, int]] = []
    for number in sorted(_left_out()):
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return "".join(chr(low) if low == high else f"{chr(low)}-{chr(high)}" for low, high in spans)


def unsigned(text: str | None) -> str | None:
    """Return a text without the signs that are passed over; the databases that need it call it by this name."""
    return None if text is None else text.translate(_left_out())


def spellings(letter: str) -> str:
    """Return every way in which a letter or a sign may be written."""
    if letter in _SAME_SIGN:
        return _SAME_SIGN[letter]
    found = _alphabet().get(form(letter), "")
    cases = (one for one in (letter, letter.lower(), letter.upper()) if len(one) == 1)
    return "".join(dict.fromkeys((*found, *cases)))


class matches(FunctionElement[bool]):  # noqa: N801  # written like the SQL functions beside it
    """Whether a text holds letters: the column, then a pattern for each way in which a database can look."""

    type = sa.Boolean()
    inherit_cache = True


class matches_wide(matches):  # noqa: N801
    """As `matches`, for letters that no plain (ASCII) text holds."""

    inherit_cache = True


@compiles(matches, "sqlite")
def _glob(element: Anything, compiler: Anything, **named: Anything) -> str:
    column, plain, *_ = (compiler.process(part, **named) for part in element.clauses)
    return _asked_in_turn(rf"{column} LIKE {plain} ESCAPE '\' OR {_wide(element, compiler, **named)}")


@compiles(matches_wide, "sqlite")
def _glob_wide(element: Anything, compiler: Anything, **named: Anything) -> str:
    return _asked_in_turn(_wide(element, compiler, **named))


def _wide(element: Anything, compiler: Anything, **named: Anything) -> str:
    """Text of plain letters only, of one byte each, needs no dear look for accents."""
    column, _, wide, signs, _ = (compiler.process(part, **named) for part in element.clauses)
    bare = f"({column} GLOB {signs} AND unsigned({column}) GLOB {wide})"
    return f"(length({column}) <> length(CAST({column} AS BLOB)) AND ({column} GLOB {wide} OR {bare}))"


def _asked_in_turn(condition: str) -> str:
    """As a value every part would be worked out; after WHEN none that is not needed."""
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


@compiles(matches, "postgresql")
def _regex(element: Anything, compiler: Anything, **named: Anything) -> str:
    column, *_, pattern = (compiler.process(part, **named) for part in element.clauses)
    return f"({column} ~ {pattern})"


def has(column: Anything, text: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text column holds these letters, in any of their usual spellings."""
    # Of a text of signs alone nothing would be left to look for.
    letters = [spellings(letter) for letter in unsigned(text) or text]
    plain = [next(filter(str.isascii, ways), "") for ways in letters]
    patterns = (
        "%" + re.sub(r"([\\%_])", r"\\\1", "".join(plain)) + "%",
        "*" + "".join(map(_glob_of, letters)) + "*",
        f"*[{_unheard_class()}]*",
        f"[{_unheard_class()}]*".join(map(_regex_of, letters)),
    )
    return (matches if all(plain) else matches_wide)(column, *patterns)


def _glob_of(letters: str) -> str:
    if len(letters) == 1:
        return f"[{letters}]" if letters in "*?[" else letters
    # A hyphen last is no span, a bracket or a circumflex never stands first: they have one spelling only.
    return f"[{letters.replace('-', '')}{'-' if '-' in letters else ''}]"


def _regex_of(letters: str) -> str:
    return "[" + "".join("\\" + c if c in "\\]^-[" else c for c in letters) + "]"
