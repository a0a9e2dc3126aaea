"""Which refresh token came from which and whether it arrived, and which key signed a token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tabwire.store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns. Tokens of before have none of it: their parents are used up, their key is not known."""
    op.add_column("refresh_tokens", sa.Column("parent_digest", sa.LargeBinary(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("access_token_id", sa.String(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.create_index("ix_refresh_tokens_parent_digest", "refresh_tokens", ["parent_digest"])
    op.create_index("ix_refresh_tokens_access_token_id", "refresh_tokens", ["access_token_id"])
    op.add_column("api_tokens", sa.Column("key_id", sa.String(), nullable=True))


def downgrade() -> None:
    """Removes the columns."""
    op.drop_column("api_tokens", "key_id")
    op.drop_index("ix_refresh_tokens_access_token_id", "refresh_tokens")
    op.drop_index("ix_refresh_tokens_parent_digest", "refresh_tokens")
    for column in ("seen_at", "access_token_id", "parent_digest"):
        op.drop_column("refresh_tokens", column)
