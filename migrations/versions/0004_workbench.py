"""Make room for an analyst's day: filters saved by name, what was there at the last visit, and names for analyses.

Why: a question is asked again under the name it was given, and what changed is told from where somebody left off. Two indexes
answer who speaks of an incident and who is alleged without reading the claims themselves.
What old rows become: they stay as they are; an analysis that was kept before has no name.
Evidence and ledger: not touched; rows are neither copied nor rewritten. The tables saved_filter and visit hold no records
and have no revisions.
"""
# fmt: off

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

col = sa.Column


def upgrade() -> None:
    # ADD COLUMN copies no row.
    op.execute("ALTER TABLE analysis_run ADD COLUMN name VARCHAR(120)")
    op.create_table(
        "saved_filter",
        col("account", sa.String(80), nullable=False), col("name", sa.String(120), nullable=False),
        col("filter", sa.String(), nullable=False), col("saved_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_saved_filter")),
    )
    op.create_table(
        "visit",
        col("account", sa.String(80), nullable=False), col("place", sa.String(36), nullable=False),
        col("seq", sa.Integer(), nullable=False), col("at", sa.String(27), nullable=False),
        col("since_seq", sa.Integer(), nullable=False), col("since_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("account", "place", name=op.f("pk_visit")),
    )
    op.create_index("ix_claim_standing_speaker", "claim", ["standing", "source_id", "document_id", "incident_id"])
    op.create_index("ix_involvement_role_actor_id", "involvement", ["role", "actor_id", "incident_id"])


def downgrade() -> None:
    op.drop_index("ix_involvement_role_actor_id", "involvement")
    op.drop_index("ix_claim_standing_speaker", "claim")
    op.drop_table("visit")
    op.drop_table("saved_filter")
    op.execute("ALTER TABLE analysis_run DROP COLUMN name")
