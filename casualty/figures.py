"""Numbers of people as they are written down: one figure, a range, at least, at most; or not known.

What is not understood is questioned, never dropped and never guessed. A word such as "dozens" is no figure.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from casualty.rules import Range

MOST = 2**31 - 1


class NotUnderstood(ValueError):
    """A figure that could not be read; `template` and `mend` say why and how to write it, with `values` for their slots."""

    def __init__(self, template: str, mend: str, values: dict[str, Any]) -> None:
        super().__init__(template)
        self.template = template
        self.mend = mend
        self.values = values


@dataclass(frozen=True, slots=True)
class Figures:
    """What was written: the low, best and high that it states; `unknown` if it says that nobody knows."""

    low: int | None = None
    best: int | None = None
    high: int | None = None
    unknown: bool = False

    @property
    def range(self) -> Range:
        return Range(self.low, self.best, self.high)


UNKNOWN = {
    "?", "unknown", "not known", "n/a", "inconnu", "inconnue", "pas connu", "غير معروف", "غير معلوم", "مجهول", "لا يعرف",
}  # fmt: skip
_N = r"(\d+)"
_TO = r"\s*(?:-|to|à|a|الى|إلى|حتى)\s*"
_AND = r"\s*(?:-|to|and|à|a|et|الى|إلى|حتى|و)\s*"  # with "between" before it; alone, "9 and 11" are two figures
_LEAST = r"at least|no fewer than|minimum|min\.?|>=|≥|au moins|minimum de|على الاقل|على الأقل|ما لا يقل عن|لا يقل عن"
_MOST = r"at most|up to|no more than|maximum|max\.?|<=|≤|au plus|jusqu'à|على الاكثر|على الأكثر|لا يزيد عن|ما لا يزيد عن"
_ABOUT = r"about|approx\.?|approximately|around|circa|c\.|~|environ|vers|près de|حوالي|نحو|تقريبا|زهاء"
_BETWEEN = r"(?:between|from|entre|de|بين|من)"

# What is written, and what it states.
FORMS: tuple[tuple[str, Callable[..., Figures]], ...] = (
    (_N, lambda n: Figures(best=n)),
    (rf"(?:{_ABOUT})\s*{_N}|{_N}\s*(?:{_ABOUT})", lambda n: Figures(best=n)),
    (rf"(?:{_LEAST})\s*{_N}|{_N}\s*(?:{_LEAST}|\+)", lambda n: Figures(low=n)),
    (rf"(?:{_MOST})\s*{_N}|{_N}\s*(?:{_MOST})", lambda n: Figures(high=n)),
    (rf"{_N}{_TO}{_N}|{_BETWEEN}\s+{_N}{_AND}{_N}", lambda low, high: Figures(low=low, high=high)),
    (rf"{_N}\s*-\s*{_N}\s*-\s*{_N}", lambda low, best, high: Figures(low, best, high)),
    (rf"{_N}\s*\(\s*{_N}{_TO}{_N}\s*\)", lambda best, low, high: Figures(low, best, high)),
    (rf"{_N}\s*\((?:{_LEAST})\s*{_N}\)", lambda best, low: Figures(low, best)),
    (rf"{_N}\s*\((?:{_MOST})\s*{_N}\)", lambda best, high: Figures(best=best, high=high)),
)
_FORMS = tuple((re.compile(form), made) for form, made in FORMS)
_SIGNS = {ord(c): "-" for c in "‐‑‒–—―−\u00ad"} | dict.fromkeys(map(ord, "’‘ʼ′"), "'")
_GROUPED = re.compile(r"(?<=\d)[\u00a0\u202f\u2009' ,٬](?=\d{3}(?!\d))")


def plain(text: str) -> str:
    """Return typed text with digits of any script as 0-9, one kind of dash and of space, in small letters."""
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in unicodedata.normalize("NFC", text))
    marked = "".join("\u200b" if unicodedata.category(c) in ("Cf", "Mn") else c for c in digits.translate(_SIGNS))
    # Between two digits such a mark may stand for a gap: it stays, so that 9 and 11 never become 911.
    seen = re.sub(r"(?<!\d)\u200b|\u200b(?!\d)", "", re.sub("\u200b+", "\u200b", marked))
    return " ".join(seen.split()).casefold()


def read(text: str, *, ordered: bool = True) -> Figures:
    """Return what a number of people, as typed, states; raise NotUnderstood with the mend.

    An empty text states nothing. `11` is a best figure, `9-11` a low and a high, `10 (9-11)` all three, in any digits,
    in English, French or Arabic words. "About" does not widen a figure: how it was counted belongs into the account.
    Without `ordered`, figures out of order are read as they stand: they are kept as a conflict.
    """
    written = _GROUPED.sub("", plain(text))
    if not written:
        return Figures()
    if written in UNKNOWN:
        return Figures(unknown=True)
    for form, made in _FORMS:
        if (match := form.fullmatch(written)) is not None:
            found = made(*(_whole(part, text) for part in match.groups() if part is not None))
            return _sound(found, text) if ordered else found
    raise NotUnderstood(
        "{text} is no number of people.", "Write 11, or 9-11, or at least 9; or that it is not known.", _shown(text)
    )


def _whole(digits: str, text: str) -> int:
    if len(digits) > 10 or int(digits) > MOST:
        raise NotUnderstood("{text} is more people than there are.", "Check the number.", _shown(text))
    return int(digits)


def _sound(figures: Figures, text: str) -> Figures:
    if not figures.range.ordered:
        raise NotUnderstood("{text} is out of order.", "Write the lower number first.", _shown(text))
    return figures


def _shown(text: str) -> dict[str, Any]:
    return {"text": repr(text[:40])}


def write(low: int | None, best: int | None, high: int | None) -> str:
    """Return figures as they would have been typed, so that `read` gives them back; empty if nothing is stated."""
    if best is None:
        return (
            ""
            if low is high is None
            else f">= {low}"
            if high is None
            else f"<= {high}"
            if low is None
            else f"{low}-{high}"
        )
    if low is None and high is None:
        return str(best)
    return f"{best} (>= {low})" if high is None else f"{best} (<= {high})" if low is None else f"{low}-{best}-{high}"
