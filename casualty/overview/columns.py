"""The standing incidents as columns: read from the database in parts, and joined again after a few have changed."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import reduce
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
PART = 50_000
STATUSES, TYPES = tuple(map(str, IncidentStatus)), tuple(map(str, IncidentType))
COUNTS = ("killed", "injured", "missing")
_NUMBERS = ("lon", "lat", "uncertainty_m", *(f"{name}_{end}" for name in COUNTS for end in ("low", "best", "high")))
_DAYS = ("date_start", "date_end", "report_date")
_PRECISIONS = ("date_precision", "place_precision")
_WORDS = ("situation_id", "pcode", "country", "admin1", "admin2")
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
    text = (
        f"SELECT i.id, i.status, i.incident_type, {', '.join(f'i.{name}' for name in (*_NUMBERS, *_PRECISIONS, *_WORDS))},"
        f" {', '.join(f'CAST(i.{name} AS VARCHAR)' for name in _DAYS)} FROM incident i WHERE {STANDS}"
    )
    found = [_columns(rows) for rows in parts(connection, text, "i.id", ids)]
    return reduce(Columns.joined, found) if found else _columns(())


def parts(
    connection: sa.Connection, text: str, key: str, ids: Collection[str] | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the rows of a query in parts, if `ids` are given only those whose `key` is among them.

    Read through the driver itself: a row object for each of a million rows would cost more than the reading.
    """
    if ids is not None:
        chosen = sa.text(f"{text} AND {key} IN ({_listed(connection)})").bindparams(ids=json.dumps(sorted(ids)))
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


def _columns(rows: Sequence[tuple[Any, ...]]) -> Columns:
    wide = 3 + len(_NUMBERS) + len(_PRECISIONS) + len(_WORDS) + len(_DAYS)
    held = list(zip(*rows, strict=True)) if rows else [()] * wide
    ids, status, kind, *rest = held
    numbers = [np.array(values, dtype=np.float64) for values in rest[: len(_NUMBERS)]]
    rest = rest[len(_NUMBERS) :]
    date_precision, place_precision = (np.array([v or 0 for v in values], dtype=np.int8) for values in rest[:2])
    words = [Words.of(values) for values in rest[2:7]]
    first, last, reported = (_days(values) for values in rest[7:])
    lon, lat, uncertainty, *counts = numbers
    killed, injured, missing = (np.column_stack(counts[at : at + 3]).reshape(-1, 3) for at in (0, 3, 6))
    return Columns(
        np.array(ids, dtype="S36"), lon, lat, uncertainty, killed, injured, missing, first, last, reported,
        date_precision, place_precision, _placed(status, STATUSES), _placed(kind, TYPES), *words,
    )  # fmt: skip


def _placed(values: Sequence[str], words: tuple[str, ...]) -> Small:
    at = {word: number for number, word in enumerate(words)}
    return np.array([at[value] for value in values], dtype=np.int8)


def _days(values: Sequence[str | None]) -> Codes:
    days = np.array([value or "NaT" for value in values], dtype="datetime64[D]")
    missing = np.isnat(days)
    found = days.astype(np.int64)
    found[missing] = NO_DAY
    return found.astype(np.int32)
