"""Make room for review, clearances, second factors, a deployment's own place names, and forms that are being typed.

Why: recorders must lose nothing that they type, reviewers need their queue, their corrections, second codings and
judged pairs, and accounts their situations and their second factor.
What old rows become: they stay as they are; each new column is empty, which means what was true before: an account
without a scope sees all situations, a credential without a second factor has none.
Evidence and ledger: not touched; rows are neither copied nor rewritten. The tables session, unfinished, assignment and
viewing hold no records and have no revisions.
"""
# fmt: off

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

col = sa.Column

INCIDENT_TYPES = (
    "state_based", "non_state", "one_sided", "armed_clash", "bombardment", "explosive_device", "raid", "checkpoint", "detention",
    "abduction", "law_enforcement", "migration", "other", "unknown", "not_recorded", "withheld", "not_applicable",
)
STATUSES = (
    "draft", "submitted", "in_review", "needs_work", "corroborated", "verified", "contested", "unverifiable", "refuted",
    "duplicate", "withdrawn",
)
TABLES = ("viewing", "assignment", "unfinished", "session", "pairing", "coding", "coding_sample", "correction", "named_place", "clearance")
# Each as one ADD COLUMN, which copies no row; a CHECK looks at its own column alone, so that DROP COLUMN can undo it.
COLUMNS = (
    ("account", "scope", "VARCHAR(32) CONSTRAINT ck_account_account_scope CHECK (scope IN ('all', 'named'))"),
    ("account", "organisation_digest", "VARCHAR(64)"),
    ("credential", "totp_secret", "VARCHAR(64)"),
    ("credential", "totp_since", "VARCHAR(27)"),
    ("credential", "totp_step", "INTEGER"),
    ("credential", "failures", "INTEGER"),
    ("credential", "locked_until", "VARCHAR(27)"),
    ("document", "file_name", "VARCHAR(300)"),
)


def words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def key(name: str, *, null: bool = False) -> sa.Column:
    return col(name, sa.String(36), nullable=null)


def held() -> Iterator[sa.Column]:
    """The columns of every root record."""
    yield key("id")
    yield col("version", sa.Integer(), nullable=False)
    yield col("recorded_at", sa.String(27), nullable=False)
    yield col("recorded_by", sa.String(80), nullable=False)
    yield col("sensitivity", words("sensitivity", "low", "moderate", "high", "severe"), nullable=False)
    yield col("codebook_version", sa.String(16), nullable=False)
    yield col("withdrawn_at", sa.String(27))
    yield col("withdrawn_by", sa.String(80))
    yield col("withdrawn_reason", sa.String())


def check(table: str, name: str, text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=op.f(f"ck_{table}_{name}"))


def held_checks(table: str) -> Iterator[sa.Constraint]:
    """The checks and the key of every root record."""
    yield check(table, "version_sign", "version >= 1")
    yield check(
        table, "withdrawal",
        "(withdrawn_at IS NULL AND withdrawn_by IS NULL AND withdrawn_reason IS NULL) OR "
        "(withdrawn_at IS NOT NULL AND withdrawn_by IS NOT NULL AND withdrawn_reason IS NOT NULL)",
    )
    yield primary(table, "id")


def primary(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{table}"))


def foreign(table: str, name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_{table}_{name}"))


def index(table: str, *names: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(names)}"), table, list(names))


def upgrade() -> None:
    for table, name, kind in COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    op.create_index("uq_account_organisation_digest", "account", ["organisation_digest"], unique=True)
    index("incident", "status", "recorded_at")
    make_house()
    make_judging()
    make_desk()


def make_house() -> None:
    op.create_table(
        "clearance", *held(), key("account_id"), key("situation_id"), *held_checks("clearance"),
        foreign("clearance", "account_id", "account"), foreign("clearance", "situation_id", "situation"),
        sa.UniqueConstraint("account_id", "situation_id", name=op.f("uq_clearance_account_id_situation_id")),
    )
    index("clearance", "account_id")
    index("clearance", "situation_id")
    op.create_table(
        "named_place", *held(),
        col("name", sa.String(300), nullable=False), col("also", sa.String()),
        col("lat", sa.Float(), nullable=False), col("lon", sa.Float(), nullable=False), col("uncertainty_m", sa.Float()),
        col("pcode", sa.String(40)), col("country", sa.String(120)), col("admin1", sa.String(200)),
        *held_checks("named_place"),
        check("named_place", "lat_range", "lat BETWEEN -90 AND 90"),
        check("named_place", "lon_range", "lon BETWEEN -180 AND 180"),
        check("named_place", "uncertainty_sign", "uncertainty_m >= 0"),
        sa.UniqueConstraint("name", "lat", "lon", name=op.f("uq_named_place_name_lat_lon")),
    )


def make_judging() -> None:
    op.create_table(
        "correction", *held(), key("incident_id", null=True), key("victim_id", null=True),
        col("asked_by", words("asked_by", "family", "survivor", "witness", "source", "organisation", "other"), nullable=False),
        col("received_on", sa.Date(), nullable=False), col("wanted", sa.String(), nullable=False), col("contact", sa.String()),
        col("answer", words("correction_answer", "open", "accepted", "partly", "declined"), nullable=False),
        col("answer_reasons", sa.String()), col("answered_on", sa.Date()),
        *held_checks("correction"),
        check(
            "correction", "answer_reasoned",
            "(answer = 'open') = (answered_on IS NULL) AND (answer = 'open' OR coalesce(length(answer_reasons), 0) > 0)",
        ),
        check("correction", "wanted_stated", "length(wanted) > 0"),
        foreign("correction", "incident_id", "incident"), foreign("correction", "victim_id", "victim"),
    )
    index("correction", "answer")
    index("correction", "incident_id")
    op.create_table(
        "coding_sample", *held(), col("coder", sa.String(80), nullable=False), col("seed", sa.Integer(), nullable=False),
        col("drawn_from", sa.String(400), nullable=False), col("population", sa.Integer(), nullable=False),
        col("incidents", sa.String(), nullable=False), *held_checks("coding_sample"),
        check("coding_sample", "population_sign", "population >= 1"),
    )
    op.create_table(
        "coding", *held(), key("sample_id"), key("incident_id"),
        col("incident_type", words("incident_type", *INCIDENT_TYPES), nullable=False),
        col("date_precision", sa.Integer()), col("place_precision", sa.Integer()), col("killed_best", sa.Integer()),
        col("to_status", words("to_status", *STATUSES), nullable=False), col("note", sa.String()),
        *held_checks("coding"),
        check("coding", "date_precision", "date_precision IN (1, 2, 3, 4, 5)"),
        check("coding", "place_precision", "place_precision IN (1, 2, 3, 4, 5, 6, 7)"),
        check("coding", "killed_best_sign", "killed_best >= 0"),
        foreign("coding", "sample_id", "coding_sample"), foreign("coding", "incident_id", "incident"),
        sa.UniqueConstraint("sample_id", "incident_id", name=op.f("uq_coding_sample_id_incident_id")),
    )
    index("coding", "sample_id")
    index("coding", "incident_id")
    op.create_table(
        "pairing", *held(), key("victim_id"), key("other_id"),
        col("verdict", words("verdict", "same", "different"), nullable=False), col("reasons", sa.String(), nullable=False),
        *held_checks("pairing"),
        check("pairing", "two_rows", "victim_id <> other_id"), check("pairing", "reasons_given", "length(reasons) > 0"),
        foreign("pairing", "victim_id", "victim"), foreign("pairing", "other_id", "victim"),
        sa.UniqueConstraint("victim_id", "other_id", name=op.f("uq_pairing_victim_id_other_id")),
    )
    index("pairing", "victim_id")
    index("pairing", "other_id")
    standing = sa.text("verdict = 'same' AND withdrawn_at IS NULL")
    op.create_index(
        "uq_pairing_counted_once", "pairing", ["victim_id"], unique=True, sqlite_where=standing, postgresql_where=standing
    )


def make_desk() -> None:
    op.create_table(
        "session", col("token_digest", sa.String(64), nullable=False), key("account_id"),
        col("begun_at", sa.String(27), nullable=False), col("used_at", sa.String(27), nullable=False),
        primary("session", "token_digest"), foreign("session", "account_id", "account"),
    )
    index("session", "account_id")
    op.create_table(
        "unfinished", key("id"), col("account", sa.String(80), nullable=False), key("incident_id", null=True),
        col("version", sa.Integer()), col("begun_at", sa.String(27), nullable=False),
        col("typed_at", sa.String(27), nullable=False), col("typed", sa.String(), nullable=False), key("saved_id", null=True),
        primary("unfinished", "id"), foreign("unfinished", "incident_id", "incident"),
    )
    index("unfinished", "account", "typed_at")
    op.create_table(
        "assignment", key("incident_id"), col("reviewer", sa.String(80), nullable=False),
        col("assigned_by", sa.String(80), nullable=False), col("assigned_at", sa.String(27), nullable=False),
        primary("assignment", "incident_id"), foreign("assignment", "incident_id", "incident"),
    )
    index("assignment", "reviewer")
    op.create_table(
        "viewing", key("incident_id"), col("account", sa.String(80), nullable=False), col("seen_at", sa.String(27), nullable=False),
        primary("viewing", "incident_id", "account"), foreign("viewing", "incident_id", "incident"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_incident_status_recorded_at", "incident")
    op.drop_index("uq_account_organisation_digest", "account")
    for table, name, _ in reversed(COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {name}")
