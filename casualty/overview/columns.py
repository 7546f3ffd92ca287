"""The standing incidents as columns: read from the database in parts, and joined again after a few have changed."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from casualty.filters.conditions import listed
from casualty.vocabulary import IncidentStatus, IncidentType

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Small = NDArray[np.int8]

NO_DAY = np.iinfo(np.int32).min
PART = 2_000  # rows read at once: few enough to be let go of before they are counted as old
STATUSES, TYPES = tuple(map(str, IncidentStatus)), tuple(map(str, IncidentType))
COUNTS = ("killed", "injured", "missing")
_NUMBERS = ("lon", "lat", "uncertainty_m", *(f"{name}_{end}" for name in COUNTS for end in ("low", "best", "high")))
_DAYS = ("date_start", "date_end", "report_date")
_PRECISIONS = ("date_precision", "place_precision")
_WORDS = ("situation_id", "pcode", "country", "admin1", "admin2")
# What is read, in this order, and as what it is held.
_READ: Mapping[str, Any] = {
    "id": "S36", "status": np.int8, "incident_type": np.int8, **dict.fromkeys(_NUMBERS, np.float64),
    **dict.fromkeys(_WORDS, np.int32), **dict.fromkeys(_PRECISIONS, np.int8), **dict.fromkeys(_DAYS, np.int32),
}  # fmt: skip
_CALLED = {"id": "ids", "incident_type": "kind", "situation_id": "situation", "date_start": "first", "date_end": "last",
           "report_date": "reported"}  # fmt: skip
_PLACES = {
    "status": {word: number for number, word in enumerate(STATUSES)},
    "incident_type": {word: number for number, word in enumerate(TYPES)},
}
STANDS = "i.withdrawn_at IS NULL AND i.merged_into_id IS NULL"


@dataclass(frozen=True, eq=False)
class Words:
    """A column of words: `codes` point into `words`, -1 where nothing is stated."""

    codes: Codes
    words: tuple[str, ...]

    def __getitem__(self, chosen: Any) -> "Words":
        return Words(self.codes[chosen], self.words)

    @classmethod
    def of(cls, values: Iterable[str | None]) -> "Words":
        """Return words by the order in which they first come."""
        known: dict[str, int] = {}
        codes = [-1 if value is None else known.setdefault(value, len(known)) for value in values]
        return cls(np.array(codes, dtype=np.int32), tuple(known))

    def joined(self, other: "Words") -> "Words":
        """Return both columns under each other."""
        known = {word: at for at, word in enumerate(self.words)}
        to = np.array([known.setdefault(word, len(known)) for word in other.words] or [0], dtype=np.int32)
        theirs = np.where(other.codes < 0, np.int32(-1), to[other.codes])
        return Words(np.concatenate([self.codes, theirs]), tuple(known))


@dataclass(frozen=True, eq=False)
class Columns:
    """Incidents (axis 0), one row each.

    ids: keys (36 bytes). lon, lat: degrees in WGS 84, NaN without a point; uncertainty_m: metres. killed, injured,
    missing (n, 3): low, best, high as stated, NaN where nothing is. first, last, reported: days since 1970-01-01, NO_DAY
    without one. date_precision (1-5), place_precision (1-7): 0 where not stated. status, kind: positions in STATUSES and
    TYPES.
    """

    ids: NDArray[np.bytes_]
    lon: Floats
    lat: Floats
    uncertainty_m: Floats
    killed: Floats
    injured: Floats
    missing: Floats
    first: Codes
    last: Codes
    reported: Codes
    date_precision: Small
    place_precision: Small
    status: Small
    kind: Small
    situation: Words
    pcode: Words
    country: Words
    admin1: Words
    admin2: Words

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, chosen: Any) -> "Columns":
        """Return the chosen rows."""
        return Columns(**{part.name: getattr(self, part.name)[chosen] for part in fields(self)})

    def joined(self, other: "Columns") -> "Columns":
        """Return the rows of both."""
        return Columns(
            **{part.name: _joined(getattr(self, part.name), getattr(other, part.name)) for part in fields(self)}
        )


def _joined(one: Any, other: Any) -> Any:
    return one.joined(other) if isinstance(one, Words) else np.concatenate([one, other])


def read(connection: sa.Connection, ids: Collection[str] | None = None) -> Columns:
    """Return the standing incidents, or those of these ids."""
    forms = dict.fromkeys(_PRECISIONS, "coalesce(i.{0}, 0)") | dict.fromkeys(_DAYS, "CAST(i.{0} AS VARCHAR)")
    asked = ", ".join(forms.get(name, "i.{0}").format(name) for name in _READ)
    text = f"SELECT {asked} FROM incident i WHERE {STANDS}"
    growing = _Growing()
    for rows in parts(connection, text, "i.id", ids):
        growing.add(rows)
    return growing.whole()


def parts(
    connection: sa.Connection, text: str, key: str, ids: Collection[str] | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the rows of a query in parts, if `ids` are given only those whose `key` is among them.

    Read through the driver itself: a row object for each of a million rows would cost more than the reading.
    """
    if ids is not None:
        chosen = sa.text(f"{text} AND {key} IN (SELECT value FROM {_listed(connection)})").bindparams(
            ids=json.dumps(sorted(ids))
        )
        yield [tuple(row) for row in connection.execute(chosen)]
        return
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
        while rows := cursor.fetchmany(PART):
            yield rows
    finally:
        cursor.close()


def _listed(connection: sa.Connection) -> str:
    return str(listed(sa.literal_column(":ids")).compile(dialect=connection.dialect))


class _Growing:
    """Columns that grow by parts. What is read is given back at once: a million rows as objects would not fit."""

    def __init__(self) -> None:
        self.found: dict[str, list[NDArray[Any]]] = {name: [] for name in _READ}
        self.known: dict[str, _Known] = {name: _Known() for name in (*_WORDS, *_DAYS)}

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for name, values in zip(_READ, zip(*rows, strict=True), strict=bool(rows)):
            self.found[name].append(self._column(name, values))

    def _column(self, name: str, values: Sequence[Any]) -> NDArray[Any]:
        if name not in _PLACES and values.count(None) == len(values):  # most of what may be stated is not
            return np.full(len(values), np.nan if name in _NUMBERS else -1, dtype=_READ[name])
        if name in self.known:
            return self.known[name].codes(values)
        if name in _PLACES:
            return np.fromiter(map(_PLACES[name].__getitem__, values), dtype=np.int8, count=len(values))
        return np.array(values, dtype=_READ[name])

    def _whole(self, name: str) -> NDArray[Any]:
        held = self.found.pop(name)
        return np.concatenate(held) if held else np.empty(0, dtype=_READ[name])

    def _days(self, name: str) -> Codes:
        of_word = np.array([*self.known[name].words, "NaT"], dtype="datetime64[D]")
        days = np.where(np.isnat(of_word), NO_DAY, of_word.astype(np.int64)).astype(np.int32)
        return days[self._whole(name)]  # type: ignore[no-any-return]

    def whole(self) -> Columns:
        """Return all that was added; nothing can be added after it."""
        counts = {
            name: np.column_stack([self._whole(f"{name}_{end}") for end in ("low", "best", "high")]) for name in COUNTS
        }
        words = {name: Words(self._whole(name), tuple(self.known[name].words)) for name in _WORDS}
        days = {name: self._days(name) for name in _DAYS}
        rest = {name: self._whole(name) for name in tuple(self.found)}
        made: dict[str, Any] = {**rest, **counts, **words, **days}
        return Columns(**{_CALLED.get(name, name): held for name, held in made.items()})


class _Known(dict[str | None, int]):
    """Words by the order in which they first come; none is -1, the last of what they are looked up in."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, word: str) -> int:
        self[word] = found = len(self) - 1
        return found

    def codes(self, values: Sequence[str | None]) -> Codes:
        return np.fromiter(map(self.__getitem__, values), dtype=np.int32, count=len(values))

    @property
    def words(self) -> list[str]:
        return [word for word in self if word is not None]
