"""Numbers of a selection: sums with what is unknown beside them, and counts by what an incident is or is tied to.

Everything here comes from the rows that `session.selected` gave; nothing asks the record for other rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import language
from app.charts import Row
from app.language import count, say
from casualty import overview
from casualty.errors import Word
from casualty.filters import TIER_OF, TIERS
from casualty.overview import NO_DAY, STATUSES, TYPES, Positions, Selection, Words
from casualty.store import Store
from geo.calendar_bins import binned

Flags = NDArray[np.bool_]
# So many bins at most stand beside each other over time; more become years.
MOST_MONTHS = 72
UNDATED = -1


@dataclass(frozen=True, slots=True)
class Sums:
    """What `n` incidents state of one harm: sums of low, best and high, and in how many of them each is not stated."""

    n: int
    low: int
    best: int
    high: int
    without: tuple[int, int, int]

    @property
    def stated(self) -> bool:
        """Whether any of the incidents states any figure."""
        return self.n > 0 and min(self.without) < self.n

    def row(self, label: str) -> Row:
        """Return the sums as a row of ranges; an end that no incident states is left open."""
        ends = [None if gone == self.n else value for value, gone in zip(self.figures, self.without, strict=True)]
        return Row(label, (ends[1],), self.said, ends[0], ends[2])

    @property
    def figures(self) -> tuple[int, int, int]:
        """Low, best and high."""
        return self.low, self.best, self.high

    @property
    def said(self) -> str:
        """The sums in words; unknown where nothing is stated, never 0."""
        if not self.stated:
            return say("nothing recorded") if not self.n else say("unknown")
        ends = [None if gone == self.n else value for value, gone in zip(self.figures, self.without, strict=True)]
        return say("{best} (low {low}, high {high})", low=ends[0], best=ends[1], high=ends[2])

    @property
    def unknown(self) -> str:
        """How many incidents state no best figure, in words."""
        return count("unknown in {n} incident", "unknown in {n} incidents", self.without[1])


def sums(chosen: Selection, harm: str, at: Positions | None = None) -> Sums:
    """Return the sums of killed, injured or missing as stated of each incident; one that states none adds nothing."""
    held = getattr(chosen.columns, harm)[chosen.at if at is None else at]
    low, best, high = (int(value) for value in np.nansum(held, axis=0)) if len(held) else (0, 0, 0)
    gone = np.isnan(held).sum(axis=0)
    return Sums(len(held), low, best, high, (int(gone[0]), int(gone[1]), int(gone[2])))


def tiers(chosen: Selection) -> dict[str, Positions]:
    """Return the incidents of each status tier: verified, corroborated, other."""
    to = np.array([TIERS.index(_tier(word)) for word in STATUSES])
    tier = to[chosen.columns.status[chosen.at]]
    return {name: chosen.at[tier == at] for at, name in enumerate(TIERS)}


def _tier(word: str) -> str:
    return next((tier for status, tier in TIER_OF.items() if status == word), TIERS[-1])


def statuses(chosen: Selection) -> dict[str, int]:
    """Return how many incidents stand at each status that any has."""
    return _counted(chosen.columns.status[chosen.at], STATUSES)


def types(chosen: Selection) -> dict[str, int]:
    """Return how many incidents are of each type that any has."""
    return _counted(chosen.columns.kind[chosen.at], TYPES)


def _counted(codes: NDArray[Any], words: Sequence[str]) -> dict[str, int]:
    found = np.bincount(codes, minlength=len(words)) if len(codes) else np.zeros(len(words), dtype=np.int64)
    return {word: int(n) for word, n in zip(words, found, strict=True) if n}


@dataclass(frozen=True, eq=False)
class Tied:
    """Incidents of a selection by what they are tied to: `n` by word, and how many are tied to nothing (`without`)."""

    n: Mapping[str, int]
    without: int
    alone: Mapping[str, int]
    at: Positions
    codes: NDArray[np.int32]
    words: tuple[str, ...]


def tied(chosen: Selection, store: Store, name: str, only: str = "") -> Tied:
    """Return how many incidents are tied to each source, alleged actor or group; an incident may be tied to several.

    `alone`: how many are tied to that one and to no other. `only`: words that begin so alone (a dimension's groups).
    """
    held = overview.ties(chosen.overview, store, name)
    inside = flags(chosen)
    wanted = np.array([word.startswith(only) for word in held.to.words] or [True])
    kept = inside[held.at] & wanted[held.to.codes] if len(held.at) else np.zeros(0, dtype=bool)
    at, codes = held.at[kept], held.to.codes[kept]
    many = np.bincount(at, minlength=len(inside)) if len(at) else np.zeros(len(inside), dtype=np.int64)
    single = many[at] == 1
    return Tied(
        _named(codes, held.to), int((many[chosen.at] == 0).sum()), _named(codes[single], held.to), at, codes,
        held.to.words,
    )  # fmt: skip


def located(chosen: Selection, held: Words) -> tuple[dict[str, int], int]:
    """Return how many incidents lie in each unit of a column of words, and how many in none that is known."""
    codes = held.codes[chosen.at]
    return _named(codes[codes >= 0], held), int((codes < 0).sum())


def _named(codes: NDArray[np.int32], held: Words) -> dict[str, int]:
    found = np.bincount(codes, minlength=len(held.words)) if len(codes) else np.zeros(len(held.words), dtype=np.int64)
    return {word: int(n) for word, n in zip(held.words, found, strict=True) if n}


def flags(chosen: Selection) -> Flags:
    """Return for every standing incident whether it is of the selection."""
    inside = np.zeros(len(chosen.overview), dtype=bool)
    inside[chosen.at] = True
    return inside


# Time ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bins:
    """Months or years without a gap: their names, and the bin of each standing incident (UNDATED without a date).

    `yearly`: years, because so many months could not be told apart.
    """

    names: tuple[str, ...]
    of: NDArray[np.int64]
    yearly: bool

    def counted(self, at: Positions) -> tuple[list[int], int]:
        """Return how many of these incidents begin in each bin, and how many have no date."""
        held = self.of[at]
        found = np.bincount(held[held >= 0], minlength=len(self.names)) if len(self.names) else np.zeros(0, np.int64)
        return [int(n) for n in found], int((held < 0).sum())


def months(chosen: Selection, *, most: int = MOST_MONTHS) -> Bins:
    """Return the months from the first to the last day on which an incident of the selection began; years where many."""
    days = chosen.columns.first[chosen.at]
    found = binned(days, "month")
    of = np.full(len(chosen.overview), UNDATED, dtype=np.int64)
    names = [day[:7] for day in found.first_days]
    if len(names) <= most:
        of[chosen.at] = np.where(days == NO_DAY, UNDATED, found.of)
        return Bins(tuple(names), of, yearly=False)
    first = int(names[0][:4])
    years = np.array([int(name[:4]) - first for name in names])
    of[chosen.at] = np.where(days == NO_DAY, UNDATED, years[np.maximum(found.of, 0)])
    return Bins(tuple(str(first + at) for at in range(int(years[-1]) + 1)), of, yearly=True)


def speakers(bins: Bins, sources: Tied) -> list[int]:
    """Return how many different sources speak of the incidents of each bin."""
    when = bins.of[sources.at]
    dated = when >= 0
    pairs = np.unique(when[dated] * max(len(sources.words), 1) + sources.codes[dated])
    found = np.bincount(pairs // max(len(sources.words), 1), minlength=len(bins.names))
    return [int(n) for n in found[: len(bins.names)]]


def per_bin(bins: Bins) -> str:
    """Return what a bin is called."""
    return say("Year") if bins.yearly else say("Month")


def share(part: int, whole: int) -> str:
    """Return a part of a whole in words: its number and its per cent; nothing recorded is no share of 0."""
    if not whole:
        return say("nothing recorded")
    return say("{part} ({share} %)", part=part, share=Word(language.number(round(100 * part / whole))))
