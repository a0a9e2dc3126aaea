"""What owners let tasks do, and the secrets they may have filled in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tabwire.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "owner_policies",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name="fk_owner_policies_owner_id"),
        sa.PrimaryKeyConstraint("owner_id", name="pk_owner_policies"),
    )
    op.create_table(
        "secrets",
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        sa.Column("origins", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name="fk_secrets_owner_id"),
        sa.PrimaryKeyConstraint("owner_id", "name", name="pk_secrets"),
    )


def downgrade() -> None:
    """Removes the tables."""
    op.drop_table("secrets")
    op.drop_table("owner_policies")
