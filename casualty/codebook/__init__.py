"""The codebook: what every field and every term of the record means, written from the vocabulary and the schema.

One text for the repository's CODEBOOK.md and for every package that leaves the house, so that a reader of either
finds the definitions under which a value was coded. Standards: R02, R03; Standards for Casualty Recording, pp. 18-20.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty import schema
from casualty.codebook.meanings import MEANINGS, SHARED
from casualty.schema import CHILDREN, ROOTS
from casualty.vocabulary import CODEBOOK_VERSION, SCHEMES, Codes, DatePrecision, Missing, PlacePrecision, Terms

TERM_COLUMNS = ("scheme", "value", "label", "definition", "authority_and_caution")
FIELD_COLUMNS = ("table", "field", "kind", "required", "scheme", "meaning")

CODED: dict[str, type[Codes]] = {"date_precision": DatePrecision, "place_precision": PlacePrecision}

KINDS = (
    (sa.Boolean, "true or false"),
    (sa.Date, "date, ISO 8601"),
    (sa.Integer, "whole number"),
    (sa.Float, "number"),
)

# Keys of the house itself, and what lies on the desks: of no meaning to a reader of the record.
EXCLUDED = (
    "credential", "ledger_head", "revision_body", "session", "unfinished", "assignment", "viewing", "saved_filter", "visit", "seal",
)  # fmt: skip

INCLUSION = """A record is an incident in which one or more people were, or are alleged to have been, killed, injured,
abducted, made to disappear, detained, tortured, displaced or harmed in another of the listed ways. Every victim is
included irrespective of side, identity, status and of who is alleged to have done it; combatants are included.
An incident is one event, bounded in time, place, means and parties. What is not shown to have happened is kept with
its status (`refuted`, `unverifiable`, `contested`), never removed. Estimates are not recorded: every figure is a
documented one, and documented figures are not all deaths."""

ABSENT = """An empty cell means that no value is held. Where the reason for absence matters it stands beside the value,
as one of four that are never merged: unknown, not recorded, withheld, not applicable. In packages no term is left
empty: a reason beside a value that is present reads `not_applicable`, a rating or ground that nobody gave reads
`not_recorded` (both of the scheme Missing), and what is kept back reads `withheld`."""

HISTORY_COLUMNS = ("version", "changed", "definitions_changed")
HISTORY = (
    ("1", "The first.", "none"),
    (
        "2",
        "New: corrections, second codings, judged pairs of victim rows, clearances and named places; later packages add requests"
        " for releases.",
        "none: every term of version 1 reads as it did",
    ),
)


def tables() -> list[str]:
    """Return the names of the tables that the codebook explains: records first, each with what stands under it."""
    listed = [name for kind in ("incident", *ROOTS) for name in (kind, *CHILDREN.get(kind, ()))] + ["revision"]
    return [name for name in dict.fromkeys(listed) if name not in EXCLUDED]


def scheme_of(column: sa.Column[Any]) -> type[Terms] | type[Codes] | None:
    """Return the scheme whose terms or codes a column holds, or None."""
    if isinstance(column.type, sa.Enum):
        return cast("type[Terms]", column.type.enum_class)
    return CODED.get(column.name)


def _scheme_name(column: sa.Column[Any]) -> str:
    """Name the scheme; a term that may be absent in the record reads as one of the reasons for absence in a package."""
    scheme = scheme_of(column)
    if scheme is None:
        return ""
    optional = column.nullable and issubclass(scheme, Terms) and scheme is not Missing
    return f"{scheme.__name__}, Missing" if optional else scheme.__name__


def meaning(name: str, field: str) -> str:
    """Return the one-sentence meaning of a field; raises KeyError for a field that nobody has explained."""
    own = MEANINGS.get(name, {})
    return own[field] if field in own else SHARED[field]


def _kind(column: sa.Column[Any]) -> str:
    if scheme_of(column):
        return "code" if column.name in CODED else "term"
    return next((word for kind, word in KINDS if isinstance(column.type, kind)), "text")


def field_rows(names: Sequence[str] | None = None) -> list[tuple[str, ...]]:
    """Return one row per field of these tables, or of all, in the order of FIELD_COLUMNS."""
    rows: list[tuple[str, ...]] = []
    for name in names if names is not None else tables():
        for column in schema.table(name).columns:
            required = "no" if column.nullable else "yes"
            rows.append((name, column.name, _kind(column), required, _scheme_name(column), meaning(name, column.name)))
    return rows


def history_rows() -> list[tuple[str, ...]]:
    """Return what changed with each version, in the order of HISTORY_COLUMNS: a record keeps the version it was coded under."""
    return [*HISTORY]


def term_rows() -> list[tuple[str, ...]]:
    """Return one row per term or code of every scheme, in the order of TERM_COLUMNS."""
    return [
        (scheme.__name__, str(term.value), term.label, term.definition, " ".join((scheme.__doc__ or "").split()))
        for scheme in SCHEMES
        for term in scheme
    ]


def _cells(values: Sequence[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|").replace("\n", " ") for value in values) + " |"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_cells(header), "|" + " --- |" * len(header), *map(_cells, rows), ""]


def markdown(in_use: Mapping[str, Sequence[Sequence[str]]] | None = None) -> str:
    """Return the codebook as Markdown.

    Parameters
    ----------
    in_use: headings, each with rows of (code, label, further remark) that a deployment itself defined, such as its
        identity dimensions and groups; they stand at the end. Without it the codebook is that of the program.
    """
    lines = [f"# Codebook, version {CODEBOOK_VERSION}", "", "What every field and every term means.", ""]
    lines += ["## What is recorded", "", INCLUSION, "", "## What is absent", "", ABSENT, "", "## Fields", ""]
    rows = field_rows()
    for name in tables():
        doc = " ".join(about(name).split())
        lines += [f"### {name}", "", doc, ""]
        lines += _table(("Field", "Kind", "Required", "Scheme", "Meaning"), [row[1:] for row in rows if row[0] == name])
    lines += ["## Terms", ""]
    for scheme in SCHEMES:
        lines += [f"### {scheme.__name__}", "", " ".join((scheme.__doc__ or "").split()), ""]
        lines += _table(("Value", "Label", "Definition"), [(str(t.value), t.label, t.definition) for t in scheme])
    if in_use is not None:
        lines += ["## Defined by this deployment", ""]
        for heading, own in in_use.items():
            lines += [f"### {heading}", "", *_table(("Code", "Label", "Remark"), own)]
    return "\n".join(lines).rstrip("\n") + "\n"


def about(name: str) -> str:
    """Return what a table is, as its model says it."""
    models = (part for part in vars(schema).values() if isinstance(part, type) and issubclass(part, SQLModel))
    return next(model.__doc__ or "" for model in models if getattr(model, "__table__", None) is schema.table(name))
