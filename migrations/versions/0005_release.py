"""Make room for releases that a second person approves, that follow one another and that are received.

Why: what leaves the house is asked for by one person and granted by another; a correction goes out as a package that names
the one before; what was published before is needed to see that two releases together give nothing away.
What old rows become: they stay as they are; a release made before followed none, was asked for by nobody and has no receipt.
Evidence and ledger: not touched; rows are neither copied nor rewritten. The table seal holds no records and has no revisions:
the house's own secrets, by which packages are signed and places are moved.
"""
# fmt: off

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

col = sa.Column
ADDED = (
    ("follows_id", "VARCHAR(36)"), ("request_id", "VARCHAR(36)"), ("published", "VARCHAR"), ("received_on", "DATE"),
    ("receipt", "VARCHAR"),
)


def terms(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def check(name: str, text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=op.f(f"ck_release_request_{name}"))


def upgrade() -> None:
    op.create_table(
        "release_request",
        col("id", sa.String(36), nullable=False), col("version", sa.Integer(), nullable=False),
        col("recorded_at", sa.String(27), nullable=False), col("recorded_by", sa.String(80), nullable=False),
        col("sensitivity", terms("sensitivity", "low", "moderate", "high", "severe"), nullable=False),
        col("codebook_version", sa.String(16), nullable=False),
        col("withdrawn_at", sa.String(27)), col("withdrawn_by", sa.String(80)), col("withdrawn_reason", sa.String()),
        col("tier", terms("tier", "public", "partner", "commission", "internal"), nullable=False),
        col("recipient", sa.String(300), nullable=False), col("basis", sa.String(), nullable=False),
        col("place", sa.String(), nullable=False), col("follows", sa.String(64)),
        col("manifest_sha256", sa.String(64), nullable=False), col("ledger_head", sa.String(64), nullable=False),
        col("incidents", sa.Integer(), nullable=False),
        col("answer", terms("release_answer", "open", "granted", "refused"), nullable=False),
        col("answered_by", sa.String(80)), col("answer_reasons", sa.String()), col("answered_at", sa.String(27)),
        check("version_sign", "version >= 1"),
        check(
            "withdrawal",
            "(withdrawn_at IS NULL AND withdrawn_by IS NULL AND withdrawn_reason IS NULL) OR "
            "(withdrawn_at IS NOT NULL AND withdrawn_by IS NOT NULL AND withdrawn_reason IS NOT NULL)",
        ),
        check("recipient_basis", "length(recipient) > 0 AND length(basis) > 0"),
        check(
            "answered",
            "(answer = 'open') = (answered_by IS NULL) AND (answer = 'open') = (answered_at IS NULL)"
            " AND (answer <> 'refused' OR coalesce(length(answer_reasons), 0) > 0)",
        ),
        check("second_person", "answer <> 'granted' OR answered_by <> recorded_by"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_request")),
    )
    op.create_index(op.f("ix_release_request_answer"), "release_request", ["answer"])
    # ADD COLUMN copies no row.
    for name, kind in ADDED:
        op.execute(f"ALTER TABLE release ADD COLUMN {name} {kind}")
    op.create_table(
        "seal",
        col("name", sa.String(40), nullable=False), col("secret", sa.String(), nullable=False),
        col("made_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_seal")),
    )


def downgrade() -> None:
    op.drop_table("seal")
    for name, _ in reversed(ADDED):
        op.execute(f"ALTER TABLE release DROP COLUMN {name}")
    op.drop_index(op.f("ix_release_request_answer"), "release_request")
    op.drop_table("release_request")
