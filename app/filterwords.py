"""A filter as a sentence in the reader's language, with the names of what it asks for in the place of ids."""

from collections.abc import Callable, Iterable, Mapping

import sqlalchemy as sa

from app import language, session, widgets
from app.language import count, later, say
from app.locale.fields import FIELDS
from casualty.errors import Word
from casualty.filters import ROOT, TIERS, All, Any, Asked, Field, Filter, Not, Part, Some, Sort, field
from casualty.schema import table
from casualty.vocabulary import Codes, DimensionState

TIER_WORDS = dict(
    zip(TIERS, (later("verified"), later("partly corroborated"), later("not corroborated")), strict=True)
)  # fmt: skip
# What a field is called where the codebook's own name of it would not say enough beside others.
LABELS: Mapping[str, str] = {
    "actor": later("Alleged actor"),
    "actor_id": later("Alleged actor"),
    "actor_kind": later("Kind of alleged actor"),
    "age_high": later("Age, at most"),
    "age_low": later("Age, at least"),
    "basis": later("Basis of the attribution"),
    "batch_id": later("Batch"),
    "cited": later("Cited text"),
    "clarity": later("Clarity of the event"),
    "codebook_version": later("Codebook version"),
    "confidence": later("Confidence"),
    "count_best": later("Number of people, best"),
    "count_conflict": later("Figures out of order"),
    "count_high": later("Number of people, high"),
    "count_low": later("Number of people, low"),
    "credibility": later("Credibility"),
    "dataset": later("Data set"),
    "described_as": later("Described as"),
    "dimension_id": later("Identity dimension"),
    "document_id": later("Document"),
    "external_id": later("Key in the data set"),
    "from_status": later("Status before"),
    "group": later("Identity group"),
    "group_id": later("Identity group"),
    "involvement_id": later("Alleged involvement"),
    "language": later("Language"),
    "locator": later("Where in the document"),
    "means": later("Means"),
    "missing_best": later("Missing, best"),
    "missing_high": later("Missing, high"),
    "missing_low": later("Missing, low"),
    "note": later("Note"),
    "occurrence": later("Occurrence of the key"),
    "origin_id": later("Origin"),
    "point": later("Point"),
    "recorded_at": later("Recorded on"),
    "recorded_by": later("Recorded by"),
    "recorder": later("Recorded by"),
    "response": later("Response of the alleged actor"),
    "reviewed_at": later("Reviewed on"),
    "role": later("Alleged part"),
    "row_number": later("Row in the file"),
    "script": later("Script"),
    "sense": later("Whose view of the identity"),
    "source_id": later("Source"),
    "source_kind": later("Kind of source"),
    "source_reliability": later("Reliability of the source"),
    "standing": later("Standing of the claim"),
    "stated": later("Row as read"),
    "text": later("Code, title or place"),
    "tier": later("Status tier"),
    "unit": later("Administrative unit"),
    "version": later("Version"),
}
KIND_OF: Mapping[str, str] = {
    "victim": later("Kind of victim"),
    "name": later("Kind of name"),
    "act": later("Kind of act"),
}
ROWS: Mapping[str, str] = {
    "victim": later("a victim"),
    "name": later("a name"),
    "attribution": later("an attributed identity"),
    "act": later("an act"),
    "involvement": later("an alleged involvement"),
    "claim": later("a claim"),
    "review": later("a review"),
}
NAMED = {
    "actor": "name", "source": "name", "situation": "name", "dimension": "label", "identity_group": "label",
    "document": "title", "origin": "label", "batch": "number",
}  # fmt: skip


def words(wanted: Filter) -> str:
    """Return a filter as a sentence: its parts divided by semicolons, ids resolved to names, terms to their labels."""
    if wanted.part is None:
        return say("everything that is recorded")
    return _all(wanted.parts, ROOT)


def label(kind: str, name: str) -> str:
    """Return what a field of a kind of row is called in the reader's language."""
    if name == "kind":
        return say(KIND_OF[kind])
    return say(LABELS[name]) if name in LABELS else language.field(name)


def known(kind: str, name: str) -> bool:
    """Return whether a field has a name for people."""
    return kind in KIND_OF if name == "kind" else name in LABELS or name in FIELDS


def _all(parts: Iterable[Part], kind: str) -> str:
    return language.joined((_part(part, kind) for part in parts), ";")


def _part(part: Part, kind: str) -> str:
    if isinstance(part, All):
        return f"({_all(part.parts, kind)})"
    if isinstance(part, Any):
        return f"({_either(_part(one, kind) for one in part.parts)})"
    if isinstance(part, Not):
        return say("not: {part}", part=Word(_part(part.part, kind)))
    if isinstance(part, Some):
        return _some(part)
    held = field(kind, part.field)
    assert held is not None
    return say("{field}: {what}", field=Word(label(kind, part.field)), what=Word(_asked(held, part)))


def _either(parts: Iterable[str]) -> str:
    return f" {say('or')} ".join(parts)


def _some(part: Some) -> str:
    row = Word(say(ROWS[part.kind]))
    if part.part is None:
        return say("{row} is recorded", row=row)
    inner = part.part.parts if isinstance(part.part, All) else (part.part,)
    return say("{row} with ({what})", row=row, what=Word(_all(inner, part.kind)))


def _asked(held: Field, part: Asked) -> str:
    if part.how in _STATES:
        return say(_STATES[part.how])
    if part.how == "within":
        return count("in a drawn area of {n} corner", "in a drawn area of {n} corners", len(part.values))
    said = _values(held, part.values)
    if part.how == "has":
        return say("contains {text}", text=part.values[0])
    if part.how == "is":
        return _either(said)
    return say(_ENDS[held.sort is Sort.DAY, part.how], low=Word(said[0]), high=Word(said[-1]))


_STATES: Mapping[str, str] = {
    "missing": later("not stated"),
    "unknown": later("stated as unknown"),
    "yes": later("yes"),
    "no": later("no"),
}
_ENDS: Mapping[tuple[bool, str], str] = {
    (False, "from"): later("at least {low}"),
    (False, "to"): later("at most {high}"),
    (False, "between"): later("{low} to {high}"),
    (True, "from"): later("on or after {low}"),
    (True, "to"): later("on or before {high}"),
    (True, "between"): later("{low} to {high}"),
}


def _values(held: Field, values: tuple[str, ...]) -> list[str]:
    if held.sort is Sort.KEY:
        return _shown(values, names(held.of or "", values))
    if held.sort is Sort.GROUP:
        return _shown(values, _groups(values))
    if held.sort is Sort.UNIT:
        return _shown(values, _units(values))
    return [_READ.get(held.sort, _typed)(held, value) for value in values]


def _shown(values: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [_apart(names.get(value, value)) for value in values]


def _apart(text: str) -> str:
    """Return what somebody typed, in its own direction."""
    return language.shown().written(text)


def _typed(held: Field, value: str) -> str:
    return _apart(value)


def _term(held: Field, value: str) -> str:
    if held.name == "tier":
        return say(TIER_WORDS[value])
    scheme = held.scheme
    assert scheme is not None
    return widgets.label(scheme, int(value) if issubclass(scheme, Codes) else value)


_READ: Mapping[Sort, Callable[[Field, str], str]] = {
    Sort.TERM: _term,
    Sort.CODE: _term,
    Sort.NUMBER: lambda held, value: language.number(float(value)),
    Sort.DAY: lambda held, value: language.day(value),
}


def names(of: str, keys: Iterable[str]) -> dict[str, str]:
    """Return the names of the rows of a table by id; an involvement has none."""
    if of not in NAMED:
        return {}
    held = table(of)
    chosen = sa.select(held.c.id, held.c[NAMED[of]]).where(held.c.id.in_(list(keys)))
    if of == "dimension":
        chosen = chosen.where(held.c.state != DimensionState.OFF)
    if of == "identity_group":
        chosen = chosen.where(held.c.dimension_id.in_(_on()))
    return {row[0]: str(row[1]) for row in session.store().rows(chosen)}


def _on() -> "sa.Select[tuple[str]]":
    """The dimensions in use: one that is switched off has no name on any page."""
    dimension = table("dimension")
    return sa.select(dimension.c.id).where(dimension.c.state != DimensionState.OFF)


def _groups(pairs: Iterable[str]) -> dict[str, str]:
    group, dimension = table("identity_group"), table("dimension")
    chosen = sa.select(dimension.c.code, group.c.code, group.c.label, dimension.c.label).select_from(
        group.join(dimension, dimension.c.id == group.c.dimension_id)
    )
    rows = session.store().rows(chosen.where(dimension.c.state != DimensionState.OFF))
    found = {f"{row[0]}/{row[1]}": f"{row[2]} ({row[3]})" for row in rows}
    return {pair: found[pair] for pair in pairs if pair in found}


def _units(pcodes: Iterable[str]) -> dict[str, str]:
    unit = table("admin_unit")
    chosen = sa.select(unit.c.pcode, unit.c.name).where(
        unit.c.pcode.in_(list(pcodes)), unit.c.withdrawn_at.is_(None)
    )  # fmt: skip
    return {row.pcode: f"{row.name} ({row.pcode})" for row in session.store().rows(chosen)}
