"""Make room for analyses: each question of patterns as it was asked, on what, and what was answered.

Why: an analysis that goes to a commission must be one that anybody can run again to the same bytes.
What old rows become: they stay as they are; what was asked before was not kept and is not made up.
Evidence and ledger: not touched; rows are neither copied nor rewritten.
"""
# fmt: off

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

col = sa.Column


def check(name: str, text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=op.f(f"ck_analysis_run_{name}"))


def foreign(name: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{other}.id"], name=op.f(f"fk_analysis_run_{name}"))


def upgrade() -> None:
    sensitivity = sa.Enum("low", "moderate", "high", "severe", name="sensitivity", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "analysis_run",
        col("id", sa.String(36), nullable=False), col("version", sa.Integer(), nullable=False),
        col("recorded_at", sa.String(27), nullable=False), col("recorded_by", sa.String(80), nullable=False),
        col("sensitivity", sensitivity, nullable=False), col("codebook_version", sa.String(16), nullable=False),
        col("withdrawn_at", sa.String(27)), col("withdrawn_by", sa.String(80)), col("withdrawn_reason", sa.String()),
        col("method", sa.String(60), nullable=False), col("question", sa.String(), nullable=False),
        col("dimension_id", sa.String(36)), col("group_id", sa.String(36)),
        col("parameters", sa.String(), nullable=False), col("seed", sa.String(40)),
        col("data_sha256", sa.String(64), nullable=False), col("ledger_head", sa.String(64), nullable=False),
        col("versions", sa.String(), nullable=False), col("result", sa.String(), nullable=False),
        col("result_sha256", sa.String(64), nullable=False), col("code", sa.String(14), nullable=False),
        check("version_sign", "version >= 1"),
        check(
            "withdrawal",
            "(withdrawn_at IS NULL AND withdrawn_by IS NULL AND withdrawn_reason IS NULL) OR "
            "(withdrawn_at IS NOT NULL AND withdrawn_by IS NOT NULL AND withdrawn_reason IS NOT NULL)",
        ),
        check("hashes_whole", "length(data_sha256) = 64 AND length(result_sha256) = 64"),
        foreign("dimension_id", "dimension"), foreign("group_id", "identity_group"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analysis_run")),
        sa.UniqueConstraint("code", name=op.f("uq_analysis_run_code")),
    )
    op.create_index(op.f("ix_analysis_run_dimension_id"), "analysis_run", ["dimension_id"])


def downgrade() -> None:
    op.drop_table("analysis_run")
