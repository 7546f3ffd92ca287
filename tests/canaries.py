"""A canary in every column in which somebody writes, taken from the schema itself, so that a new column has one too."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import SQLModel
from whole import whole

from casualty.store import Store
from casualty.vocabulary import Tier

# Never written over: the ledger refuses, or a check allows a few words only, or there is no room for a canary.
UNTOUCHED = {"revision", "revision_body", "ledger_head", "deployment", "credential", "alembic_version"}
FEW_WORDS = {("claim", "standing"), ("victim_name", "script"), ("admin_unit", "geometry")}
# Areas, a judged summary and the names of groups may go out.
MAY_STAND = {
    ("incident", "country"), ("incident", "admin1"), ("incident", "codebook_version"), ("incident", "narrative_public"),
    ("identity_group", "label"), ("dimension", "label"), ("admin_unit", "name"),
}  # fmt: skip
ALLOWED = {Tier.PUBLIC: MAY_STAND, Tier.PARTNER: MAY_STAND | {("incident", "admin2"), ("incident", "boundary_set")}}


def written_columns() -> Iterator[tuple[str, str, int]]:
    """Every column of the schema that holds text of somebody's own, a new one too, with its length."""
    for name, part in sorted(SQLModel.metadata.tables.items()):
        for column in part.columns:
            kind = getattr(column.type, "impl", column.type)
            text = isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)
            free = text and not column.primary_key and not column.foreign_keys and name not in UNTOUCHED
            if free and (name, column.name) not in FEW_WORDS:
                yield name, column.name, getattr(column.type, "length", None) or 100


def plant(store: Store) -> dict[str, tuple[str, str]]:
    """Write a canary into every such column of every row; return the canaries by the column they stand in."""
    canaries: dict[str, tuple[str, str]] = {}
    with store._engine.begin() as connection:
        for number, (name, column, length) in enumerate(written_columns()):
            canary = f"Canary{number:03}"
            assert length > len(canary), (name, column)
            canaries[canary] = (name, column)
            filler = f"'{'x' * (64 - len(canary))}'" if length == 64 else "rowid"
            last = f"substr({filler}, 1, {length - len(canary)})"
            update = f'UPDATE "{name}" SET "{column}" = \'{canary}\' || {last}'
            try:
                connection.exec_driver_sql(update)
            except sa.exc.IntegrityError:  # stands only with others beside it: a withdrawal, an answer
                connection.exec_driver_sql(f'{update} WHERE "{column}" IS NOT NULL')
    return canaries


def planted(store: Store) -> dict[str, tuple[str, str]]:
    """Fill a store: a row in every table, a canary in every written column, one incident judged; return the canaries."""
    whole(store)
    found = plant(store)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE incident SET status = 'verified' WHERE withdrawn_at IS NULL")
        connection.exec_driver_sql("UPDATE release SET published = NULL")
    return found
