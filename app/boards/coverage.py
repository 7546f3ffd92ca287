"""Who speaks and where: sources with what is known from each alone, units with those of which nothing is recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from app.boards import counting
from app.boards.counting import Bins, Flags, Sums, Tied
from app.language import later, say
from casualty import overview
from casualty.overview import NO_DAY, Selection, Words
from casualty.schema import table
from casualty.store import Store

Numbers = NDArray[Any]
COUNTRY = 0
LEVELS = (later("Country"), later("First-order units"), later("Second-order units"), later("Units of level {level}"))
# A month is thin when fewer than half as many sources speak of it as of the month in the middle, or only one does.
THIN = 0.5


@dataclass(frozen=True, slots=True)
class Source:
    """One source: incidents it speaks of, of which known from it alone, the last day it reported on and of its incidents."""

    id: str
    n: int
    alone: int
    reported: int | None
    latest: int | None


def sources(chosen: Selection, held: Tied) -> list[Source]:
    """Return the sources that speak of a selection, the one that speaks of most first. Days are counted from 1970-01-01."""
    columns = chosen.columns
    reported, latest = (_last(held, days) for days in (columns.reported, columns.last))
    found = [
        Source(key, n, held.alone.get(key, 0), _day(reported, held, key), _day(latest, held, key))
        for key, n in held.n.items()
    ]
    return sorted(found, key=lambda source: (-source.n, source.id))


def _last(held: Tied, days: Numbers) -> Numbers:
    found = np.full(max(len(held.words), 1), NO_DAY, dtype=np.int32)
    np.maximum.at(found, held.codes, days[held.at])
    return found


def _day(days: Numbers, held: Tied, key: str) -> int | None:
    found = int(days[held.words.index(key)])
    return None if found == NO_DAY else found


def written(day: int | None) -> str | None:
    """Return a day counted from 1970-01-01 as ISO 8601 writes it."""
    return None if day is None else str(np.datetime64(day, "D"))


# Areas ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Area:
    """A unit: incidents in it and their sums of killed; `verified` of them are verified. n 0: nothing is recorded there."""

    name: str
    key: str
    n: int
    killed: Sums
    verified: int


def levels(store: Store) -> list[int]:
    """Return the levels by which areas can be listed: the country as stated, the first order, and those of held units."""
    held = table("admin_unit")
    chosen = sa.select(held.c.level).distinct().where(held.c.withdrawn_at.is_(None))
    return sorted({COUNTRY, 1, 2} | {int(row.level) for row in store.rows(chosen) if row.level})


def level_said(level: int) -> str:
    """Return what a level is called."""
    return say(LEVELS[min(level, 3)], level=level)


def words(chosen: Selection, store: Store, level: int) -> Words:
    """Return the unit of every standing incident at a level."""
    return chosen.columns.country if level == COUNTRY else overview.units(chosen.overview, store, level)


def names(store: Store, level: int) -> dict[str, str]:
    """Return the names of the units of a level by P-code, of the set of boundaries that was recorded last."""
    if level == COUNTRY:
        return {}
    held = table("admin_unit")
    stands = held.c.withdrawn_at.is_(None)
    latest = sa.select(held.c.boundary_set).where(stands).order_by(held.c.recorded_at.desc(), held.c.id.desc()).limit(1)
    chosen = sa.select(held.c.pcode, held.c.name).where(
        held.c.level == level, stands, held.c.boundary_set == latest.scalar_subquery()
    )
    return {row.pcode: row.name for row in store.rows(chosen.order_by(held.c.name))}


def areas(chosen: Selection, held: Words, known: dict[str, str]) -> tuple[list[Area], int]:
    """Return the units in which incidents of the selection lie, most first, then those that are known and of which nothing is
    recorded; and how many incidents lie in none that is known."""
    codes = held.codes[chosen.at]
    inside = codes >= 0
    codes, at = codes[inside], chosen.at[inside]
    killed = chosen.columns.killed[at]
    n = _by(codes, held)
    figures = [_by(codes, held, np.nan_to_num(killed[:, end])) for end in range(3)]
    without = [_by(codes[np.isnan(killed[:, end])], held) for end in range(3)]
    is_verified = flags_of(chosen)[at]
    verified = _by(codes[is_verified], held)
    found = [
        Area(known.get(word, word), word, int(n[k]), _sums(int(n[k]), [f[k] for f in figures], [w[k] for w in without]),
             int(verified[k]))
        for k, word in enumerate(held.words) if n[k]
    ]  # fmt: skip
    here = {area.key for area in found}
    nothing = [Area(name, key, 0, _sums(0, [0, 0, 0], [0, 0, 0]), 0) for key, name in known.items() if key not in here]
    return [*sorted(found, key=lambda area: (-area.n, area.name)), *nothing], int((~inside).sum())


def _by(codes: Numbers, held: Words, weights: Numbers | None = None) -> Numbers:
    return np.bincount(codes, weights=weights, minlength=len(held.words))


def _sums(n: int, figures: Sequence[Any], without: Sequence[Any]) -> Sums:
    low, best, high = map(int, figures)
    return Sums(n, low, best, high, (int(without[0]), int(without[1]), int(without[2])))


def flags_of(chosen: Selection) -> Flags:
    """Return for every standing incident whether it is of the selection and verified."""
    found = np.zeros(len(chosen.overview), dtype=bool)
    found[counting.tiers(chosen)["verified"]] = True
    return found


# Effort --------------------------------------------------------------------------------------------------------------


def thin(bins: Bins, spoke: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Yield the months (or years) of which few sources speak, with how many do; those of which none does are among them."""
    heard = sorted(n for n in spoke if n)
    middle = heard[len(heard) // 2] if heard else 0
    for name, n in zip(bins.names, spoke, strict=True):
        if n < middle * THIN or (n <= 1 < middle) or not n:
            yield name, n
