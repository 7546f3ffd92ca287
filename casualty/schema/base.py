"""What every table shares: constraint names, term columns, count triples and the root's own columns.

This package does not postpone the evaluation of annotations: SQLModel needs the types themselves.
"""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from casualty.vocabulary import CODEBOOK_VERSION, Codes, Sensitivity, Terms

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

ID = 36  # characters of a key
MOST = 2**31 - 1  # the widest whole number that both databases keep in an INTEGER


def terms(scheme: type[Terms], column: str | None = None) -> sa.Enum:
    """Return a column type that stores the word itself, with a CHECK named for the column or else for the scheme."""
    name = column or "".join(f"_{c.lower()}" if c.isupper() else c for c in scheme.__name__).lstrip("_")
    return sa.Enum(
        scheme,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=True,
        name=name,
        length=32,
    )


def codes(column: str, scheme: type[Codes]) -> sa.CheckConstraint:
    """Return a named CHECK that holds a column to the scheme's codes."""
    return sa.CheckConstraint(f"{column} IN ({', '.join(str(int(code)) for code in scheme)})", name=column)


def counts(prefix: str) -> list[sa.CheckConstraint]:
    """Return named CHECKs for a low/best/high triple: none negative, ordered unless marked as in conflict."""
    low, best, high = (f"{prefix}_{part}" for part in ("low", "best", "high"))
    ordered = " AND ".join(
        f"({a} IS NULL OR {b} IS NULL OR {a} <= {b})" for a, b in ((low, best), (best, high), (low, high))
    )
    return [
        *(sa.CheckConstraint(f"{column} >= 0", name=f"{column}_sign") for column in (low, best, high)),
        sa.CheckConstraint(f"count_conflict OR ({ordered})", name=f"{prefix}_order"),
    ]


def together(name: str, *columns: str) -> sa.CheckConstraint:
    """Return a CHECK that these columns are all known or all absent."""
    all_null = " AND ".join(f"{column} IS NULL" for column in columns)
    none_null = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return sa.CheckConstraint(f"({all_null}) OR ({none_null})", name=name)


def either(name: str, value: str, reason: str) -> sa.CheckConstraint:
    """Return a CHECK that a value is there, or the reason why it is absent, never both and never neither."""
    return sa.CheckConstraint(f"({value} IS NULL) <> ({reason} IS NULL)", name=name)


def point() -> list[sa.CheckConstraint]:
    """Return CHECKs for WGS 84 coordinates in degrees: in range, and both or none."""
    return [
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name="lat_range"),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name="lon_range"),
        together("lat_lon", "lat", "lon"),
    ]


class Held(SQLModel):
    """Columns of every root record: who recorded it, under which codebook, how sensitive, whether withdrawn.

    Times are UTC in ISO 8601 with microseconds and a Z, kept as text so that both databases and every
    hash see the same characters.
    """

    id: str = Field(primary_key=True, max_length=ID)
    version: int = Field(default=1, ge=1)
    recorded_at: str = Field(max_length=27)
    recorded_by: str = Field(max_length=80)
    sensitivity: Sensitivity = Field(default=Sensitivity.MODERATE, sa_type=terms(Sensitivity))
    codebook_version: str = Field(default=CODEBOOK_VERSION, max_length=16)
    withdrawn_at: str | None = Field(default=None, max_length=27)
    withdrawn_by: str | None = Field(default=None, max_length=80)
    withdrawn_reason: str | None = None


def held() -> list[sa.CheckConstraint]:
    """Return the CHECKs of the root columns: a withdrawal names its time, its author and its reason."""
    return [
        sa.CheckConstraint("version >= 1", name="version_sign"),
        together("withdrawal", "withdrawn_at", "withdrawn_by", "withdrawn_reason"),
    ]
