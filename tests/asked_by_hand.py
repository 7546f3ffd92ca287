"""What a filter asks for, worked out by hand over the rows of the record, for the tests of filters.

Written from the words of what fields and ways mean, never from the SQL: plain loops over `store.current`. Also a record of
sixty incidents in several scripts, and what may be asked of it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from casualty import filters, frames
from casualty.filters import Asked, Filter, Not, Part, Some, Sort
from casualty.store import Store
from geo.spelling import fold

Row = dict[str, Any]
TABLE = {"name": "victim_name"}
REFERENCES = ("dimension", "identity_group", "actor", "source", "document")
REASON = {"actor_id": "actor_missing", "group_id": "group_missing", "occupation": "occupation_missing",
          "date": "date_missing", "place": "place_missing", "actor": "actor_missing",
          "group": "group_missing"}  # fmt: skip
SEARCHED = ("code", "title", "place_as_reported", "country", "admin1", "admin2", "pcode")
ONE_SIGN = ("'´’‘‛′＇ʼʻʾʿ׳", "-‐‑‒–—־", '"“”„״', " \u00a0\u2002\u2003\u2009\u202f")


@dataclass
class Told:
    """The record as rows: bodies by id of the incident, references by table and id, units by level."""

    bodies: dict[str, dict[str, list[Row]]]
    known: dict[str, dict[str, Row]]
    units: dict[int, dict[str, str | None]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> "Told":
        ids = [row.id for row in store.rows(sa.text("SELECT id FROM incident"))]
        known = {
            name: {row.id: dict(row._mapping) for row in store.rows(sa.text(f"SELECT * FROM {name}"))}
            for name in REFERENCES
        }
        units = {level: frames.areas(store, level) for level in (1, 2)}
        return cls({key: store.current("incident", key) for key in ids}, known, units)

    def asked(self, wanted: Filter) -> set[str]:
        """The standing incidents that a filter asks for."""
        return {key for key, body in self.bodies.items() if stands(body) and matches(self, wanted, body)}


def stands(body: dict[str, list[Row]]) -> bool:
    """Neither withdrawn nor merged into another."""
    incident = body["incident"][0]
    return incident.get("withdrawn_at") is None and incident.get("merged_into_id") is None


def matches(told: Told, wanted: Filter, body: dict[str, list[Row]]) -> bool:
    return wanted.part is None or holds(told, wanted.part, "incident", body["incident"][0], body)


def holds(told: Told, part: Part, kind: str, row: Row, body: dict[str, list[Row]]) -> bool:
    """A part holds, or it does not; what is not known holds nothing."""
    if isinstance(part, filters.All):
        return all(holds(told, one, kind, row, body) for one in part.parts)
    if isinstance(part, filters.Any):
        return any(holds(told, one, kind, row, body) for one in part.parts)
    if isinstance(part, Not):
        return not holds(told, part.part, kind, row, body)
    if isinstance(part, Some):
        there = rows_of(told, part.kind, kind, row, body)
        return any(part.part is None or holds(told, part.part, part.kind, one, body) for one in there)
    return asked(told, part, kind, row, body)


def rows_of(told: Told, kind: str, within: str, row: Row, body: dict[str, list[Row]]) -> Iterator[Row]:
    """Rows of a kind under an incident, a victim or an act; claims that are not current, and dimensions off, are none."""
    for one in body.get(TABLE.get(kind, kind), []):
        if within == "victim" and one.get("victim_id") != row["id"]:
            continue
        if within == "act" and one["id"] != row.get("involvement_id"):
            continue
        if kind == "claim" and one["standing"] != "current":
            continue
        if kind == "attribution" and told.known["dimension"][one["dimension_id"]]["state"] == "off":
            continue
        yield one


def asked(told: Told, part: Asked, kind: str, row: Row, body: dict[str, list[Row]]) -> bool:
    if kind == "incident" and part.field in ("actor", "source", "group"):
        return _belonging(told, part, row, body)
    if kind == "incident" and part.field == "unit":
        lies = {level: units.get(row["id"]) for level, units in told.units.items()}
        return lies[1] is None if part.how == "missing" else any(unit in part.values for unit in lies.values())
    if kind == "incident" and part.field == "text":
        texts = [row[name] for name in SEARCHED if row.get(name) is not None]
        return any(_text(text, part) for text in texts)
    if part.field in ("place", "point") and kind == "incident":
        return _placed(part, row)
    if part.field == "date" and kind == "incident" and part.how not in ("missing", "unknown"):
        low, high = _ends(part)
        start, end = row.get("date_start"), row.get("date_end")
        return start is not None and (low is None or end >= low) and (high is None or start <= high)
    return _valued(part, filters.field(kind, part.field), _value(told, part.field, kind, row), row)


def _value(told: Told, name: str, kind: str, row: Row) -> Any:
    """What a row says in a field, also in those that stand in no column of it."""
    known = told.known
    if name == "tier":
        return {"verified": "verified", "corroborated": "corroborated"}.get(row["status"], "other")
    if (kind, name) == ("incident", "date"):
        return row.get("date_start")
    if (kind, name) == ("attribution", "group"):
        group = known["identity_group"].get(row.get("group_id", ""))
        return None if group is None else f"{known['dimension'][group['dimension_id']]['code']}/{group['code']}"
    if kind == "involvement" and name in ("actor", "actor_kind"):
        actor = known["actor"].get(row.get("actor_id", ""))
        return None if actor is None else actor["id"] if name == "actor" else actor["kind"]
    if kind == "claim" and name.startswith("source") and name != "source_id":
        speaker = row.get("source_id") or known["document"][row["document_id"]]["source_id"]
        source = known["source"].get(speaker or "", {})
        return source.get({"source": "id"}.get(name, name.removeprefix("source_")))
    return row.get(name)


def _belonging(told: Told, part: Asked, row: Row, body: dict[str, list[Row]]) -> bool:
    """Who is alleged, who speaks, whom it hit: of one row at least; missing where no row says it."""
    kind = {"actor": "involvement", "source": "claim", "group": "attribution"}[part.field]
    there = [_value(told, part.field, kind, one) for one in rows_of(told, kind, "incident", row, body)
             if kind != "attribution" or (one["sense"] == "own" and one["basis"] != "person_inferred")]  # fmt: skip
    if part.how == "missing":
        return all(value is None for value in there)
    return any(value in part.values for value in there)


def _valued(part: Asked, held: filters.Field | None, value: Any, row: Row) -> bool:
    assert held is not None
    if part.how == "missing":
        return value is None or (value == "not_recorded" and held.sort is Sort.TERM)
    if part.how == "unknown":
        return value == "unknown" if held.sort is Sort.TERM else row.get(REASON[part.field]) == "unknown"
    if value is None:
        return False
    if held.sort is Sort.FLAG:
        return bool(value) is (part.how == "yes")
    if held.sort is Sort.TEXT:
        return _text(value, part)
    number = held.sort in (Sort.NUMBER, Sort.CODE)
    if part.how == "is":
        return float(value) in map(float, part.values) if number else str(value) in part.values
    low, high = _ends(part)
    if number:
        return (low is None or float(value) >= float(low)) and (high is None or float(value) <= float(high))
    return (low is None or value[:10] >= low) and (high is None or value[:10] <= high)


def _ends(part: Asked) -> tuple[str | None, str | None]:
    if part.how == "between":
        return part.values[0], part.values[1]
    return (part.values[0], None) if part.how == "from" else (None, part.values[0])


def _text(text: str, part: Asked) -> bool:
    if part.how == "is":
        return text in part.values
    asked = spelt(part.values[0])
    # Of signs alone nothing would be left: they are looked for as they stand.
    return asked in spelt(text) if asked else part.values[0] in text


def spelt(text: str) -> str:
    """A text as it is compared: each letter in one form, without the signs that are not heard; punctuation as it is."""
    kept = [one for one in text if one.isascii() or one in "".join(ONE_SIGN) or fold(f"a{one}a") != "aa"]
    return "".join(map(_letter, kept))


def _letter(one: str) -> str:
    for signs in ONE_SIGN:
        if one in signs:
            return signs[0]
    folded = fold(one)
    return folded if len(folded) == 1 else one.lower()


def _placed(part: Asked, row: Row) -> bool:
    if part.how == "missing":
        return row.get("lat") is None if part.field == "point" else row.get("place_missing") is not None
    if part.how == "unknown":
        return row.get("place_missing") == "unknown"
    if row.get("lat") is None:
        return False
    ring = [(float(x), float(y)) for x, y in (corner.split() for corner in part.values)]
    return any(_inside(row["lon"] + turn, row["lat"], ring) for turn in (-360, 0, 360))


def _inside(lon: float, lat: float, ring: list[tuple[float, float]]) -> bool:
    """A line from the point to the north crosses the outline an odd number of times."""
    crossed = 0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (x1 > lon) != (x2 > lon) and y1 + (lon - x1) * (y2 - y1) / (x2 - x1) > lat:
            crossed += 1
    return crossed % 2 == 1


# What may be asked --------------------------------------------------------------------------------------------------

WORDS = (
    "a", "о", "ا", "Jose", "JOSÉ", "é", "e\u0301", "قرية", "قريه", "الأمل", "الامل", "مدرسه", "ى", "ي", "ء", "ّ", "ـ",
    "Село", "ё", "е", "й", "ירושלים", "ם", "מ", "*", "?", "[", "]", "\\", "%", "_", '"', "'", "’", "^", "-", "–", " ",
    "a*b", "[a-z]", "100%", "O'", "market", "MARKET", "Straße", "ss", "ß", "ẞ", "a_b", "\\d", "$", ".", "(", "{1}", "|",
    "+", "ı", "I", "Đ", "北", "ा", "می\u200cخواهم", "میخواهم", "ﻣﺪﻳﻨﺔ", "سوق", "۱", "1", "zzz",
)  # fmt: skip
STRANGE = {
    Sort.NUMBER: ("0", "1", "2", "2.5", "-1", "17.5", "1000000", "999999999999", "0.00000001"),
    Sort.DAY: ("2020-01-01", "2024-05-03", "9999-12-31", "0001-01-01"),
}
AREAS = (
    ("0 49", "3 49", "3 52", "0 52"),
    ("170 -20", "190 -20", "190 0", "170 0"),
    ("-190 -20", "-170 -20", "-170 0", "-190 0"),
    ("1 50", "1 50", "1 50"),
    ("0 0", "10 10", "20 20"),
    ("0 40", "10 60", "10 40", "0 60"),  # crosses itself
    ("-540 -90", "540 -90", "540 90", "-540 90"),
    ("-180.5 -80.123456", "180.5 -80", "0.25 89.75"),
)


@dataclass
class Asking:
    """Filters at random over every field and way, with values that occur and values that do not."""

    told: Told
    rng: random.Random

    def filter(self) -> Filter:
        return filters.read(self.joined("incident", 3))

    def joined(self, kind: str, depth: int) -> str:
        """A text of one to three parts."""
        n = self.rng.choice((1, 1, 2, 3))
        parts = [self.part(kind, depth) for _ in range(n)]
        return self.rng.choice((" and ", " or ")).join(parts)

    def part(self, kind: str, depth: int) -> str:
        turn = self.rng.random()
        inner = filters.kinds_in(kind)
        if depth > 0 and turn < 0.15:
            return f"not ({self.joined(kind, depth - 1)})"
        if depth > 0 and turn < 0.25:
            return f"({self.joined(kind, depth - 1)})"
        if depth > 0 and inner and turn < 0.5:
            name = self.rng.choice(inner)
            return f"{name}({self.joined(name, depth - 1) if self.rng.random() < 0.9 else ''})"
        return self.one(kind, self.rng.choice(list(filters.fields_of(kind).values())))

    def one(self, kind: str, held: filters.Field, how: str = "") -> str:
        """A condition on a field, in the way named or in any."""
        how = how or self.rng.choice(list(held.ways))
        least, most = held.ways[how]
        if held.sort is Sort.AREA and most:
            return str(Asked(held.name, how, self.rng.choice(AREAS)))
        values = [self.value(kind, held, how) for _ in range(self.rng.randint(least, min(most, 3)))]
        if how == "between":
            values.sort(key=held.ordered)
        return str(Asked(held.name, how, tuple(values)))

    def value(self, kind: str, held: filters.Field, how: str) -> str:
        there = self.there(kind, held)
        if held.terms:
            return self.rng.choice((*held.terms, *there) if there else held.terms)
        if held.sort is Sort.TEXT and (how == "has" or not there):
            return self.piece(there)
        strange = STRANGE.get(held.sort, ())
        if strange:
            return self.rng.choice((*strange, *there))
        return self.rng.choice((*there, "nobody/here") if held.sort in (Sort.GROUP, Sort.UNIT) else (*there, "nobody"))

    def piece(self, there: list[str]) -> str:
        """Some letters of a text that occurs, or others."""
        if not there or self.rng.random() < 0.6:
            return self.rng.choice(WORDS).strip() or "-"
        text = self.rng.choice(there)
        start = self.rng.randrange(len(text))
        found = text[start : start + self.rng.randint(1, 6)].strip()
        return found if found and filters.field("incident", "title").understood("has", found) == found else "x"  # type: ignore[union-attr]

    def there(self, kind: str, held: filters.Field) -> list[str]:
        """Values that occur, as a filter writes them."""
        if held.sort is Sort.UNIT:
            found: set[Any] = {unit for units in self.told.units.values() for unit in units.values()}
        elif kind == "incident" and held.name == "text":
            found = {body["incident"][0].get(name) for body in self.told.bodies.values() for name in SEARCHED}
        else:
            own = {("incident", "actor"): "involvement", ("incident", "source"): "claim",
                   ("incident", "group"): "attribution"}.get((kind, held.name), kind)  # fmt: skip
            rows = [row for body in self.told.bodies.values() for row in body.get(TABLE.get(own, own), [])]
            found = {_value(self.told, held.name, own, row) for row in rows}
        texts = [str(value) for value in found if value is not None and not isinstance(value, bool)]
        texts = [text[:10] if held.sort is Sort.DAY else text for text in texts]
        return sorted({text for text in (held.understood("is", text) for text in texts) if text})
