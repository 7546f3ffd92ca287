"""Which characters the shipped fonts can draw, and which a document holds that they cannot.

A character without a glyph would be printed as a box or not at all: a name would be lost and nobody would see it. So it
is found before anything is set, in every text, and told by the record it stands in and never by the text around it.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from casualty.errors import CheckFailed, Fault

# Families in the order in which a character is looked for. The first two are shipped in two weights, and both are needed; of
# the others the one weight stands for both.
SCRIPTS = (
    "Hebrew", "Ethiopic", "Myanmar", "Devanagari", "Bengali", "Armenian", "Georgian", "Thai", "Khmer", "Tamil", "Sinhala", "Syriac",
)  # fmt: skip
FAMILIES = {
    "NotoSans": ("Regular", "Bold"),
    "NotoSansArabic": ("Regular", "Bold"),
    **{f"NotoSans{script}": ("Regular",) for script in SCRIPTS},
}
BREAKS = frozenset("\n\t")
SEGMENTS = 4


def fonts() -> dict[str, bytes]:
    """Return the shipped fonts by the name of their file."""
    folder = files("casualty.release").joinpath("fonts")
    names = [f"{stem}-{weight}.ttf" for stem, weights in FAMILIES.items() for weight in weights]
    return {name: folder.joinpath(name).read_bytes() for name in names}


@cache
def drawable() -> frozenset[int]:
    """Return the code points that one of the families has a glyph for, in each of its weights."""
    held = fonts()
    families = (
        set.intersection(*(characters(held[f"{stem}-{weight}.ttf"]) for weight in weights))
        for stem, weights in FAMILIES.items()
    )
    return frozenset(set().union(*families))


def characters(font: bytes) -> set[int]:
    """Return the code points of a font, from its table of characters (OpenType, `cmap`, segments of format 4)."""
    start = _cmap(font)
    found: set[int] = set()
    for record in range(start + 4, start + 4 + 8 * _number(font, start + 2, 2), 8):
        at = start + _number(font, record + 4, 4)
        if _number(font, at, 2) == SEGMENTS:
            found.update(_segments(font, at))
    return found


def _number(font: bytes, at: int, size: int) -> int:
    return int.from_bytes(font[at : at + size], "big")


def _cmap(font: bytes) -> int:
    for at in range(12, 12 + 16 * _number(font, 4, 2), 16):
        if font[at : at + 4] == b"cmap":
            return _number(font, at + 8, 4)
    raise CheckFailed("A shipped font has no table of characters: install this program anew.")


def _segments(font: bytes, at: int) -> Iterator[int]:
    double = _number(font, at + 6, 2)  # twice the number of segments
    ends, starts = at + 14, at + 16 + double
    for place in range(0, double, 2):
        first, last = _number(font, starts + place, 2), _number(font, ends + place, 2)
        shift = _number(font, starts + double + place, 2)
        offset_at = starts + 2 * double + place
        offset = _number(font, offset_at, 2)
        for character in range(first, min(last, 0xFFFE) + 1):
            glyph = character if not offset else _number(font, offset_at + offset + 2 * (character - first), 2)
            if (glyph + shift) & 0xFFFF if not offset else glyph:
                yield character


def check(document: Mapping[str, Any]) -> None:
    """Raise CheckFailed, naming each character that cannot be drawn and the records it stands in, never the text.

    A text belongs to the nearest mapping around it that has a `code`.
    """
    known = drawable()
    lacking: dict[str, dict[str, None]] = {}
    for code, text in _texts(document, "the package itself"):
        for sign in set(text):
            if sign not in BREAKS and ord(sign) not in known:
                lacking.setdefault(sign, {})[code] = None
    if lacking:
        raise CheckFailed(
            f"The report would leave out {len(lacking)} character(s) that its fonts cannot draw; nothing was written.",
            [_fault(sign, list(codes)) for sign, codes in sorted(lacking.items())],
        )


def _texts(part: Any, code: str) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield code, part
    elif isinstance(part, Mapping):
        own = part.get("code") or code
        for value in part.values():
            yield from _texts(value, own)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _texts(value, code)


MOST_NAMED = 10


def _fault(sign: str, codes: list[str]) -> Fault:
    named = ", ".join(codes[:MOST_NAMED]) + (f" and {len(codes) - MOST_NAMED:,} more" if codes[MOST_NAMED:] else "")
    name = unicodedata.name(sign, "a character without a name")
    return Fault(
        0,
        named,
        f"holds U+{ord(sign):04X} ({name}).",
        "Add a spelling in Latin letters, or ask for the package without a report.",
    )
