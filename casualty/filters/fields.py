"""The catalogue of what may be asked about: kinds of rows, their fields, and in which ways each is asked.

Columns of the schema are fields under their own names; what people ask for and no column states (the tier, any text, a
drawn area, an administrative unit, who is alleged) stands beside them. A new column is a field at once.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any
from unicodedata import category

import sqlalchemy as sa

from casualty.schema import table
from casualty.vocabulary import (
    ActorKind,
    Codes,
    DatePrecision,
    IncidentStatus,
    Missing,
    PlacePrecision,
    Reliability,
    SourceKind,
    Terms,
)

ROOT = "incident"
# Kinds of rows: the table, and within which kinds they can be asked of by which column.
KINDS: Mapping[str, tuple[str, Mapping[str, tuple[str, str]]]] = MappingProxyType(
    {
        ROOT: (ROOT, {}),
        "victim": ("victim", {ROOT: ("incident_id", "id")}),
        "name": ("victim_name", {ROOT: ("incident_id", "id"), "victim": ("victim_id", "id")}),
        "attribution": ("attribution", {ROOT: ("incident_id", "id"), "victim": ("victim_id", "id")}),
        "act": ("act", {ROOT: ("incident_id", "id"), "victim": ("victim_id", "id")}),
        "involvement": ("involvement", {ROOT: ("incident_id", "id"), "act": ("id", "involvement_id")}),
        "claim": ("claim", {ROOT: ("incident_id", "id")}),
        "review": ("review", {ROOT: ("incident_id", "id")}),
    }
)
TIERS = ("verified", "corroborated", "other")
TIER_OF = {IncidentStatus.VERIFIED: TIERS[0], IncidentStatus.CORROBORATED: TIERS[1]}
SEARCHED = ("code", "title", "place_as_reported", "country", "admin1", "admin2", "pcode")
# Keys and marks of the house's own: nobody asks for them.
NOT_ASKED = frozenset(
    {"id", "incident_id", "victim_id", "withdrawn_at", "withdrawn_by", "withdrawn_reason", "merged_into_id", "digest"}
)
CODES: Mapping[str, type[Codes]] = {"date_precision": DatePrecision, "place_precision": PlacePrecision}
REASONS = {"actor_id": "actor_missing", "group_id": "group_missing", "occupation": "occupation_missing"}
MOST_CORNERS = 400
LONGEST_TEXT = 200
_WORD = re.compile(r"[\w.:-]{1,120}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,8})?")


class Sort(enum.StrEnum):
    """What kind of value a field has."""

    TERM = "term"
    CODE = "code"
    NUMBER = "number"
    DAY = "day"
    TEXT = "text"
    KEY = "key"
    GROUP = "group"
    FLAG = "flag"
    AREA = "area"
    UNIT = "unit"


RANGE = {"from": (1, 1), "to": (1, 1), "between": (2, 2)}
SOME = {"is": (1, 500)}
# In which ways a field of a sort is asked, each with the least and the most values it takes.
WAYS: Mapping[Sort, Mapping[str, tuple[int, int]]] = {
    Sort.TERM: SOME,
    Sort.CODE: {**SOME, **RANGE},
    Sort.NUMBER: {**SOME, **RANGE},
    Sort.DAY: RANGE,
    Sort.TEXT: {"has": (1, 1), **SOME},
    Sort.KEY: SOME,
    Sort.GROUP: SOME,
    Sort.FLAG: {"yes": (0, 0), "no": (0, 0)},
    Sort.AREA: {"within": (3, MOST_CORNERS)},
    Sort.UNIT: SOME,
}
WANTED = {
    Sort.TERM: "one of: {terms}", Sort.CODE: "one of: {terms}", Sort.NUMBER: "a number such as 5 or 2.5",
    Sort.DAY: "a day as YYYY-MM-DD", Sort.TEXT: "up to 200 letters", Sort.KEY: "an id, as lists and addresses have it",
    Sort.GROUP: "DIMENSION/GROUP by their codes", Sort.UNIT: "the P-code of a unit", Sort.FLAG: "nothing",
    Sort.AREA: 'a corner as "LONGITUDE LATITUDE" in degrees',
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field: its name and sort, its terms, and whether its absence and a stated `unknown` can be asked for.

    `of`: the kind of row, and of what a key is the id (`actor`, `source`, ...), if it is one.
    """

    name: str
    kind: str
    sort: Sort
    scheme: type[Terms] | type[Codes] | None = None
    of: str | None = None
    absent: bool = True
    unknown: bool = False
    words: tuple[str, ...] = ()

    @property
    def ways(self) -> Mapping[str, tuple[int, int]]:
        """In which ways it is asked, each with the least and most values."""
        found = dict(WAYS[self.sort])
        found |= {"missing": (0, 0)} if self.absent else {}
        return found | ({"unknown": (0, 0)} if self.unknown else {})

    @property
    def terms(self) -> tuple[str, ...]:
        """The words, or numbers, that it can have."""
        if self.words or self.scheme is None:
            return self.words
        return tuple(str(int(term)) if issubclass(self.scheme, Codes) else str(term) for term in self.scheme)

    def wanted(self, how: str) -> str:
        """Return what is wanted as a value."""
        return WANTED[self.sort].format(terms=", ".join(self.terms))

    def understood(self, how: str, value: str) -> str | None:
        """Return a value as it is written canonically, None for one that it cannot have."""
        return _READ[self.sort](self, value.strip())

    def ordered(self, value: str) -> Any:
        """Return what two values of a range are compared by."""
        return float(value) if self.sort in (Sort.NUMBER, Sort.CODE) else value


def _term(held: Field, value: str) -> str | None:
    return value if value in held.terms else None


def _number(held: Field, value: str) -> str | None:
    if not _NUMBER.fullmatch(value) or not value.isascii():
        return None
    found = float(value)
    # Never as 1e-05: that would not be read again.
    return str(int(found)) if found.is_integer() else f"{found:.8f}".rstrip("0") if abs(found) < 1 else repr(found)


def _day(held: Field, value: str) -> str | None:
    try:
        return date.fromisoformat(value).isoformat() if len(value) == 10 else None
    except ValueError:
        return None


def _text(held: Field, value: str) -> str | None:
    # Persian words are divided by a sign without width, and what is copied brings spaces of all kinds.
    shown = all(letter.isprintable() or category(letter) in ("Cf", "Zs") for letter in value)
    return value if 0 < len(value) <= LONGEST_TEXT and shown else None


def _key(held: Field, value: str) -> str | None:
    return value if _WORD.fullmatch(value) else None


def _group(held: Field, value: str) -> str | None:
    dimension, slash, group = value.partition("/")
    return value if dimension and slash and group and _text(held, value) else None


def _corner(held: Field, value: str) -> str | None:
    parts = [_number(held, part) for part in value.split()]
    if len(parts) != 2 or None in parts:
        return None
    lon, lat = (round(float(str(part)), 5) for part in parts)
    return f"{_short(lon)} {_short(lat)}" if abs(lon) <= 540 and abs(lat) <= 90 else None


def _short(degrees: float) -> str:
    # Plain zero for its negative, which would be read again as another text.
    return f"{degrees + 0.0:.5f}".rstrip("0").rstrip(".")


_READ = {
    Sort.TERM: _term, Sort.CODE: _term, Sort.NUMBER: _number, Sort.DAY: _day, Sort.TEXT: _text, Sort.KEY: _key,
    Sort.GROUP: _group, Sort.FLAG: _term, Sort.AREA: _corner, Sort.UNIT: _text,
}  # fmt: skip


def kinds_in(kind: str) -> tuple[str, ...]:
    """Return the kinds of rows that can be asked of within a row of this kind."""
    return tuple(name for name, (_, links) in KINDS.items() if kind in links)


def field(kind: str, name: str) -> Field | None:
    """Return a field of a kind of row, None if there is none of this name."""
    return fields_of(kind).get(name)


@cache
def fields_of(kind: str) -> Mapping[str, Field]:
    """Return every field of a kind of row by its name."""
    made = {held.name: held for held in (*_columns(kind), *_OWN.get(kind, ()))}
    return MappingProxyType(made)


def _columns(kind: str) -> Iterator[Field]:
    held = table(KINDS[kind][0])
    for column in held.columns:
        # A reason why something is absent is asked for by the field itself.
        if column.name not in NOT_ASKED and not column.name.endswith("_missing"):
            yield _of_column(kind, column)


def _of_column(kind: str, column: "sa.Column[Any]") -> Field:
    name, absent = column.name, bool(column.nullable)
    reason = REASONS.get(name) is not None
    if isinstance(column.type, sa.Enum):
        scheme: Any = column.type.enum_class
        words = {str(term) for term in scheme or ()}
        return Field(
            name, kind, Sort.TERM, scheme, absent=absent or Missing.NOT_RECORDED in words, unknown="unknown" in words
        )
    if name in CODES:
        return Field(name, kind, Sort.CODE, CODES[name])
    if isinstance(column.type, sa.Boolean):
        return Field(name, kind, Sort.FLAG, absent=absent)
    if isinstance(column.type, sa.Integer | sa.Float):
        return Field(name, kind, Sort.NUMBER, absent=absent)
    if isinstance(column.type, sa.Date) or name.endswith("_at"):
        return Field(name, kind, Sort.DAY, absent=absent)
    if name.endswith("_id") and column.foreign_keys:
        other = next(iter(column.foreign_keys)).column.table.name
        return Field(name, kind, Sort.KEY, of=other, absent=absent, unknown=reason)
    return Field(name, kind, Sort.TEXT, absent=absent, unknown=reason)


# What people ask for under a word of its own.
_OWN: Mapping[str, tuple[Field, ...]] = {
    ROOT: (
        Field("tier", ROOT, Sort.TERM, words=TIERS, absent=False),
        Field("text", ROOT, Sort.TEXT, absent=False),
        Field("date", ROOT, Sort.DAY, unknown=True),
        Field("point", ROOT, Sort.AREA),
        Field("place", ROOT, Sort.AREA, unknown=True),
        Field("unit", ROOT, Sort.UNIT),
        Field("actor", ROOT, Sort.KEY, of="actor"),
        Field("source", ROOT, Sort.KEY, of="source"),
        Field("group", ROOT, Sort.GROUP),
    ),
    "attribution": (Field("group", "attribution", Sort.GROUP, unknown=True),),
    "involvement": (
        Field("actor", "involvement", Sort.KEY, of="actor", unknown=True),
        Field("actor_kind", "involvement", Sort.TERM, ActorKind, absent=False),
    ),
    "claim": (
        Field("source", "claim", Sort.KEY, of="source"),
        Field("source_kind", "claim", Sort.TERM, SourceKind, absent=False),
        Field("source_reliability", "claim", Sort.TERM, Reliability),
    ),
}
