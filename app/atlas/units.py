"""Administrative units coloured by what is recorded in them: a unit without data looks unlike one with none of it."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
import streamlit as st

from app import session
from app.language import say
from casualty import filters, overview, targeting
from casualty.overview import Selection
from casualty.schema import table
from geo import cells

LEVELS = (1, 2, 3)
# From light to dark; no data is hatched, zero is the colour of the land.
SHADES = ("#d6e4f0", "#a6c4df", "#6b9cc7", "#3a73a8", "#1f4e79")
PER = 100_000
Measure = Literal["incidents", "killed", "rate"]


@dataclass(frozen=True)
class Shaded:
    """Units of one level: the class of each (`classes`: P-code to number of the shade, -1 for zero), those without data,
    the upper end of each class, what each unit has (for the table), and the incidents in none of these units."""

    level: int
    classes: dict[str, int]
    without: list[str]
    ends: list[float]
    rows: list[tuple[str, str, float | None, int]]
    elsewhere: int

    def as_data(self) -> dict[str, Any]:
        """Return what the map needs."""
        return {"level": self.level, "classes": self.classes, "without": self.without, "shades": list(SHADES)}


def held() -> list[int]:
    """Return the levels of units whose outlines are held."""
    return _levels(_link())


def _link() -> tuple[int, str]:
    head = session.head()
    return head.seq, head.hash


@st.cache_data(max_entries=2, show_spinner=False)
def _levels(at: tuple[int, str]) -> list[int]:
    unit = table("admin_unit")
    chosen = sa.select(unit.c.level).distinct().where(unit.c.geometry.is_not(None), unit.c.withdrawn_at.is_(None))
    return sorted(row.level for row in session.store().rows(chosen) if row.level in LEVELS)


@st.cache_data(max_entries=4, show_spinner=False)
def _names(at: tuple[int, str], level: int) -> dict[str, str]:
    unit = table("admin_unit")
    chosen = sa.select(unit.c.pcode, unit.c.name).where(
        unit.c.level == level, unit.c.withdrawn_at.is_(None), unit.c.geometry.is_not(None)
    )
    return {row.pcode: row.name for row in session.store().rows(chosen)}


@st.cache_data(max_entries=4, show_spinner=False)
def _people(at: tuple[int, str], level: int) -> dict[str, tuple[float, int]]:
    return targeting.inhabitants(session.store(), level)


def shaded(chosen: Selection, level: int, measure: Measure, by: Literal["quantile", "log"]) -> Shaded:
    """Return the units of a level shaded by a measure of the selection.

    incidents: how many; killed: best figures added up as far as known; rate: these per 100,000 people. Without data is a unit
    of which nothing at all is recorded, whatever the filter, and for a rate one whose people are not known.
    """
    link = _link()
    names = _names(link, level)
    lies = overview.units(chosen.overview, session.store(), level)
    here = lies.codes[chosen.at]
    whole = session.selected(filters.EVERYTHING)
    ever = np.bincount(lies.codes[whole.at][lies.codes[whole.at] >= 0], minlength=len(lies.words))
    known = here >= 0
    count = np.bincount(here[known], minlength=len(lies.words))
    killed = np.nan_to_num(chosen.columns.killed[chosen.at, 1])
    best = np.bincount(here[known], weights=killed[known], minlength=len(lies.words))
    at = {word: number for number, word in enumerate(lies.words)}
    people = _people(link, level) if measure == "rate" else {}
    rows: list[tuple[str, str, float | None, int]] = []
    for pcode, name in names.items():
        number = at.get(pcode, -1)
        some = number >= 0 and ever[number] > 0
        value = None if not some else float(count[number] if measure == "incidents" else best[number])
        if measure == "rate" and value is not None:
            value = value / people[pcode][0] * PER if people.get(pcode, (0.0, 0))[0] > 0 else None
        rows.append((pcode, name, value, int(count[number]) if number >= 0 else 0))
    return _classed(level, rows, by, len(chosen) - sum(row[3] for row in rows))


def _classed(level: int, rows: list[tuple[str, str, float | None, int]], by: Any, elsewhere: int) -> Shaded:
    ends = cells.classes([row[2] for row in rows if row[2] is not None], len(SHADES), by=by)
    classes = {
        pcode: -1 if value == 0 else int(np.searchsorted(ends, value))
        for pcode, _, value, _ in rows
        if value is not None
    }
    without = [pcode for pcode, _, value, _ in rows if value is None]
    return Shaded(level, classes, without, ends.tolist(), rows, elsewhere)


def note(shade: Shaded, measure: Measure) -> str:
    """Return what must be said beside the shades: what is not in them."""
    said = [say("Hatched: no data, which is not zero.")]
    if shade.elsewhere:
        said.append(say("{n} incidents lie in none of these units, or their unit is not known.", n=shade.elsewhere))
    if measure == "rate" and len(shade.without) == len(shade.rows):
        said.append(say("No number of people is held for these units: a rate is refused, not guessed."))
    elif measure == "rate":
        said.append(
            say("Killed (best figures) per 100,000 people of the latest year counted; unknown figures add nothing.")
        )
    return " ".join(said)
