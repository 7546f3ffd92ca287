"""The individual persons among the victims of a selection: how many are named, their sex and their age.

Unnamed groups are no persons with a sex and an age of their own; they are left out, and the page says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from app.boards.counting import flags
from casualty import frames
from casualty.overview import Overview, Selection
from casualty.store import Store
from casualty.vocabulary import AgeBand, Sex

SEXES, BANDS = tuple(map(str, Sex)), tuple(map(str, AgeBand))
NOT_STATED = AgeBand.NOT_RECORDED
_PERSONS = sa.text(
    "SELECT v.id, v.incident_id, v.sex, v.age_band, v.age_years,"
    " CASE WHEN EXISTS (SELECT 1 FROM victim_name n WHERE n.victim_id = v.id) THEN 1 ELSE 0 END"
    " FROM victim v WHERE v.kind = 'person' ORDER BY v.id"
)


@dataclass(frozen=True, eq=False)
class Persons:
    """Victim rows of individual persons: the incident of each (`at`), who it is (`who`: rows judged to be one person have
    one number), sex and age band as positions in SEXES and BANDS, and whether a name is recorded."""

    at: NDArray[np.int32]
    who: NDArray[np.int64]
    sex: NDArray[np.int8]
    band: NDArray[np.int8]
    named: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class People:
    """Persons of a selection, each once: how many, how many with a name, by sex and by age."""

    n: int
    named: int
    sexes: Mapping[str, int]
    bands: Mapping[str, int]


def people(chosen: Selection, store: Store) -> People:
    """Return the individual persons recorded in the incidents of a selection; one who stands in two counts once."""
    held = persons(chosen.overview, store)
    inside = flags(chosen)[held.at] if len(held.at) else np.zeros(0, dtype=bool)
    who, first = np.unique(held.who[inside], return_index=True)
    named = np.unique(held.who[inside & held.named])
    sex, band = held.sex[inside][first], held.band[inside][first]
    return People(len(who), len(named), _counted(sex, SEXES), _counted(band, BANDS))


def _counted(codes: NDArray[np.int8], words: tuple[str, ...]) -> dict[str, int]:
    found = np.bincount(codes, minlength=len(words)) if len(codes) else np.zeros(len(words), dtype=np.int64)
    return {word: int(n) for word, n in zip(words, found, strict=True) if n}


def persons(over: Overview, store: Store) -> Persons:
    """Return the individual persons of all standing incidents, read once for each state of the record."""
    with over.lock:
        if "persons" not in over.beside:
            over.beside["persons"] = _read(over, store)
        found: Persons = over.beside["persons"]
        return found


def _read(over: Overview, store: Store) -> Persons:
    rows = [tuple(row) for row in store.rows(_PERSONS)]
    counted = frames.counted_as(store)
    number: dict[str, int] = {}
    who = [number.setdefault(counted.get(row[0], row[0]), len(number)) for row in rows]
    at = over.keys.where(np.array([row[1] for row in rows], dtype="S36"))
    sex = np.array([SEXES.index(row[2]) for row in rows], dtype=np.int8)
    band = np.array([BANDS.index(_band(row[3], row[4])) for row in rows], dtype=np.int8)
    named = np.array([bool(row[5]) for row in rows], dtype=bool)
    standing = at >= 0
    held: Any = (at, np.array(who, dtype=np.int64), sex, band, named)
    return Persons(*(column[standing] for column in held))


def _band(band: str, years: float | None) -> str:
    """Return the age band as recorded, or else that of the age in years, by the codebook's own definitions."""
    if band != NOT_STATED or years is None:
        return band
    ends = ((1, AgeBand.INFANT), (18, AgeBand.CHILD), (60, AgeBand.ADULT))
    return str(next((word for end, word in ends if years < end), AgeBand.OLDER))
