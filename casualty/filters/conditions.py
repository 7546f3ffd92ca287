"""A filter as SQL: the one way in which a filter becomes rows, on both databases.

A value that is not known satisfies no condition on it, and is among what `not` leaves: `x` and `not x` together are
always everything. How letters are compared stands in `spelling`.
"""

import json
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any as Anything

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from casualty.errors import NotFound
from casualty.filters.asked import All, Any, Asked, Filter, Not, Part, Some
from casualty.filters.fields import KINDS, REASONS, ROOT, SEARCHED, TIER_OF, TIERS, Field, Sort, field
from casualty.filters.spelling import has
from casualty.schema import table
from casualty.vocabulary import AttributionBasis, DimensionState, IdentitySense

Condition = sa.ColumnElement[bool]
# The ids of the incidents that lie in a unit, by its P-code; "": those of which no unit is known.
Located = Callable[[str], Collection[str]]


def condition(wanted: Filter, located: Located | None = None) -> Condition:
    """Return the condition on the table `incident` that holds for what a filter asks for.

    `located` answers which incidents lie in an administrative unit; raise NotFound where a unit is asked for without it.
    Withdrawn and merged incidents are not left out here: that is for whoever asks.
    """
    return sa.true() if wanted.part is None else _Row(table(ROOT), ROOT, located).holds(wanted.part)


class _Row:
    """One row of a kind, of which conditions are made."""

    def __init__(self, held: sa.FromClause, kind: str, located: Located | None) -> None:
        self.held, self.kind, self.located = held, kind, located

    def holds(self, part: Part) -> Condition:
        """Return the condition that a part holds for this row."""
        if isinstance(part, All):
            return sa.and_(*map(self.holds, part.parts))
        if isinstance(part, Any):
            return sa.or_(*map(self.holds, part.parts))
        if isinstance(part, Not):
            return self.holds(part.part).is_not(sa.true())
        return self.some(part) if isinstance(part, Some) else self.asked(part)

    def some(self, part: Some) -> Condition:
        """Return the condition that there is such a row."""
        name, links = KINDS[part.kind]
        theirs, ours = links[self.kind]
        other = table(name).alias()
        inner = _Row(other, part.kind, self.located)
        where = [other.c[theirs] == self.held.c[ours], *inner.standing()]
        if part.part is not None:
            where.append(inner.holds(part.part))
        if self.kind != ROOT:
            return sa.exists(sa.select(sa.literal(1)).select_from(other).where(*where))
        # As a set of ids the rows are read once; asked again for each incident they would be sought one by one.
        return self.held.c.id.in_(sa.select(other.c.incident_id).where(*where[1:]))

    def standing(self) -> Sequence[Condition]:
        """Return what a row must be to count at all: a claim that is current, a dimension that is not switched off."""
        if self.kind == "claim":
            return [self.held.c.standing == "current"]
        if self.kind == "attribution":
            dimension = table("dimension").alias()
            on = sa.select(dimension.c.id).where(dimension.c.state != DimensionState.OFF)
            return [self.held.c.dimension_id.in_(on)]
        return []

    def asked(self, part: Asked) -> Condition:
        """Return the condition on one field."""
        held = field(self.kind, part.field)
        assert held is not None
        own = _OWN.get((self.kind, part.field))
        return own(self, part) if own else _of_column(self.held, held, part)


def _of_column(held: sa.FromClause, asked: Field, part: Asked) -> Condition:
    column = held.c[part.field]
    if part.how == "missing":
        return _missing(column, asked)
    if part.how == "unknown":
        reason = REASONS.get(part.field)
        return sa.type_coerce(held.c[reason] if reason else column, sa.String) == "unknown"
    return _compared(column, asked, part.how, part.values)


def _missing(column: Anything, asked: Field) -> Condition:
    word = sa.type_coerce(column, sa.String)
    if asked.sort is Sort.TERM and "not_recorded" in asked.terms:
        return sa.or_(column.is_(None), word == "not_recorded")
    return column.is_(None)  # type: ignore[no-any-return]


def _compared(column: Anything, asked: Field, how: str, values: Sequence[str]) -> Condition:
    if asked.sort is Sort.FLAG:
        return column.is_(sa.true() if how == "yes" else sa.false())  # type: ignore[no-any-return]
    if asked.sort is Sort.TEXT and how == "has":
        return has(column, values[0])
    number = asked.sort in (Sort.NUMBER, Sort.CODE)
    if how == "is":
        word = column if number else sa.type_coerce(column, sa.String)
        return word.in_(list(map(_number, values)) if number else values)
    low, high = _ends(how, values)
    if asked.sort is Sort.DAY:
        return _between(column, column, *_days(low, high, moments=not isinstance(column.type, sa.Date)))
    return _between(column, column, *(None if end is None else _number(end) for end in (low, high)))


def _number(value: str) -> Anything:
    """A number as it is written, whatever the column: made whole, 2.5 would be another number."""
    return sa.literal(float(value), sa.Double)


def _days(low: str | None, high: str | None, *, moments: bool = False) -> tuple[Anything, Anything]:
    """Return both ends as a column holds them: days, or moments as ISO text, the last of the day included."""
    if moments:
        return low, None if high is None else f"{high}T99"
    return tuple(None if end is None else date.fromisoformat(end) for end in (low, high))  # type: ignore[return-value]


def _ends(how: str, values: Sequence[str]) -> tuple[Anything, Anything]:
    return {"from": (values[0], None), "to": (None, values[0]), "between": (values[0], values[-1])}[how]


def _between(first: Anything, last: Anything, low: Anything, high: Anything) -> Condition:
    """A span from `first` to `last` touches the span from `low` to `high`."""
    return sa.and_(*([last >= low] if low is not None else []), *([first <= high] if high is not None else []))


# What stands under a word of its own -----------------------------------------------------------------------------------


def _tier(row: _Row, part: Asked) -> Condition:
    status = sa.type_coerce(row.held.c.status, sa.String)
    words = [str(word) for word, tier in TIER_OF.items() if tier in part.values]
    # The rest is every status without a tier of its own.
    rest = [status.not_in(list(map(str, TIER_OF)))] if TIERS[-1] in part.values else []
    return sa.or_(*([status.in_(words)] if words else []), *rest)


def _any_text(row: _Row, part: Asked) -> Condition:
    columns = [row.held.c[name] for name in SEARCHED]
    if part.how == "has":
        return sa.or_(*(has(column, part.values[0]) for column in columns))
    return sa.or_(*(column.in_(part.values) for column in columns))


def _date(row: _Row, part: Asked) -> Condition:
    if part.how == "missing":
        return row.held.c.date_start.is_(None)
    if part.how == "unknown":
        return sa.type_coerce(row.held.c.date_missing, sa.String) == "unknown"
    return _between(row.held.c.date_start, row.held.c.date_end, *_days(*_ends(part.how, part.values)))


def _place(row: _Row, part: Asked) -> Condition:
    if part.how == "missing":
        return row.held.c.place_missing.is_not(None)
    if part.how == "unknown":
        return sa.type_coerce(row.held.c.place_missing, sa.String) == "unknown"
    return _within(row, part)


def _point(row: _Row, part: Asked) -> Condition:
    return row.held.c.lat.is_(None) if part.how == "missing" else _within(row, part)


def _within(row: _Row, part: Asked) -> Condition:
    """The point lies in a polygon: a line from it to the east crosses the outline an odd number of times."""
    corners = [tuple(map(float, corner.split())) for corner in part.values]
    lon, lat = row.held.c.lon, row.held.c.lat
    found: list[Condition] = []
    # A view across the antimeridian has corners beyond 180 degrees; points have none.
    for turn in (-360.0, 0.0, 360.0):
        ring = [(x + turn, y) for x, y in corners]
        (west, east), (south, north) = ((min(axis), max(axis)) for axis in zip(*ring, strict=True))
        if east < -180 or west > 180:
            continue
        crossed = sum(
            (_crossed(lon, lat, one, other) for one, other in zip(ring, ring[1:] + ring[:1], strict=True)),
            start=sa.literal(0),
        )
        box = sa.and_(lat >= south, lat <= north, lon >= west, lon <= east)
        found.append(sa.and_(box, crossed % 2 == 1))
    return sa.or_(sa.false(), *found)


def _crossed(lon: Anything, lat: Anything, one: tuple[float, float], other: tuple[float, float]) -> Anything:
    (x1, y1), (x2, y2) = one, other
    if y1 == y2:
        return sa.literal(0)
    upward = sa.and_(lat >= min(y1, y2), lat < max(y1, y2))
    edge = (lat - y1) * ((x2 - x1) / (y2 - y1)) + x1
    return sa.case((sa.and_(upward, lon < edge), 1), else_=0)


def _unit(row: _Row, part: Asked) -> Condition:
    if row.located is None:
        raise NotFound("Administrative units cannot be asked for here.")
    if part.how == "missing":
        return row.held.c.id.in_(_ids(row.located("")))
    return row.held.c.id.in_(_ids({key for pcode in part.values for key in row.located(pcode)}))


class listed(FunctionElement[str]):  # noqa: N801
    """The values of a JSON list as rows with a column `value`: one parameter, however many they are."""

    inherit_cache = True


@compiles(listed, "sqlite")
def _json_each(element: Anything, compiler: Anything, **named: Anything) -> str:
    return f"json_each({compiler.process(element.clauses, **named)})"


@compiles(listed, "postgresql")
def _json_elements(element: Anything, compiler: Anything, **named: Anything) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **named)} AS json))"


def _ids(keys: Collection[str]) -> Anything:
    rows = listed(sa.literal(json.dumps(sorted(keys)), sa.String))
    return sa.select(sa.literal_column("value")).select_from(rows)


def _some_of(kind: str, **also: Callable[[Anything], Condition]) -> Callable[[_Row, Asked], Condition]:
    """Return how a field of the incident is asked of a row that belongs to it."""

    def asked(row: _Row, part: Asked) -> Condition:
        other = table(kind).alias()
        inner = _Row(other, kind, row.located)
        must = [*inner.standing(), *(made(other) for made in also.values())]
        if part.how == "missing":
            there = inner.holds(Asked(part.field, "missing")).is_not(sa.true())
            return row.held.c.id.not_in(sa.select(other.c.incident_id).where(*must, there))
        return row.held.c.id.in_(sa.select(other.c.incident_id).where(*must, inner.holds(part)))

    return asked


def _group(row: _Row, part: Asked) -> Condition:
    if part.how == "missing":
        return row.held.c.group_id.is_(None)
    if part.how == "unknown":
        return sa.type_coerce(row.held.c.group_missing, sa.String) == "unknown"
    group, dimension = table("identity_group").alias(), table("dimension").alias()
    joined = group.join(dimension, dimension.c.id == group.c.dimension_id)
    pairs = [tuple(value.split("/", 1)) for value in part.values]
    asked = sa.or_(*(sa.and_(dimension.c.code == one, group.c.code == other) for one, other in pairs))
    return row.held.c.group_id.in_(sa.select(group.c.id).select_from(joined).where(asked))


def _renamed(name: str) -> Callable[[_Row, Asked], Condition]:
    def asked(row: _Row, part: Asked) -> Condition:
        held = field(row.kind, name)
        assert held is not None
        return _of_column(row.held, held, Asked(name, part.how, part.values))

    return asked


def _actor_kind(row: _Row, part: Asked) -> Condition:
    actor = table("actor").alias()
    kind = sa.type_coerce(actor.c.kind, sa.String)
    words = ["unknown"] if part.how == "unknown" else list(part.values)
    return row.held.c.actor_id.in_(sa.select(actor.c.id).where(kind.in_(words)))


def _spoken_by(held: sa.FromClause, sources: Anything) -> Condition:
    """A claim speaks for its own source, or else for that of its document."""
    document = table("document").alias()
    theirs = sa.select(document.c.id).where(document.c.source_id.in_(sources))
    return sa.or_(held.c.source_id.in_(sources), sa.and_(held.c.source_id.is_(None), held.c.document_id.in_(theirs)))


def _source(row: _Row, part: Asked) -> Condition:
    if part.how == "missing":
        document = table("document").alias()
        nobody = sa.select(document.c.id).where(document.c.source_id.is_(None))
        return sa.and_(row.held.c.source_id.is_(None), row.held.c.document_id.in_(nobody))
    return _spoken_by(row.held, part.values)


def _about_source(name: str) -> Callable[[_Row, Asked], Condition]:
    def asked(row: _Row, part: Asked) -> Condition:
        source = table("source").alias()
        column = sa.type_coerce(source.c[name], sa.String)
        if part.how == "missing":
            return _spoken_by(row.held, sa.select(source.c.id).where(column.is_not(None))).is_not(sa.true())
        words = ["unknown"] if part.how == "unknown" else list(part.values)
        return _spoken_by(row.held, sa.select(source.c.id).where(column.in_(words)))

    return asked


_OWN: dict[tuple[str, str], Callable[[_Row, Asked], Condition]] = {
    (ROOT, "tier"): _tier,
    (ROOT, "text"): _any_text,
    (ROOT, "date"): _date,
    (ROOT, "point"): _point,
    (ROOT, "place"): _place,
    (ROOT, "unit"): _unit,
    (ROOT, "actor"): _some_of("involvement"),
    (ROOT, "source"): _some_of("claim"),
    # Own identity, on whatever basis but a person's conclusion, which is left out unless it is asked for (R40, R44).
    (ROOT, "group"): _some_of(
        "attribution",
        sense=lambda held: held.c.sense == IdentitySense.OWN,
        basis=lambda held: held.c.basis != AttributionBasis.PERSON_INFERRED,
    ),
    ("attribution", "group"): _group,
    ("involvement", "actor"): _renamed("actor_id"),
    ("involvement", "actor_kind"): _actor_kind,
    ("claim", "source"): _source,
    ("claim", "source_kind"): _about_source("kind"),
    ("claim", "source_reliability"): _about_source("reliability"),
}
