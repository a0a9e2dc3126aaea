"""What tasks are found by (their text), and which task goes on with which."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tabwire.store.task_text import searchable
from tabwire.v1 import task_pb2

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns. The text of tasks that are there already is taken from their snapshots."""
    op.add_column("tasks", sa.Column("text", sa.String(), nullable=False, server_default=""))
    op.add_column("tasks", sa.Column("follows_key", sa.String(), nullable=True))
    op.create_index("ix_tasks_follows_key", "tasks", ["follows_key"])
    tasks = sa.table("tasks", sa.column("id", sa.String), sa.column("snapshot", sa.LargeBinary), sa.column("text"))
    connection = op.get_bind()
    for key, snapshot in connection.execute(sa.select(tasks.c.id, tasks.c.snapshot)).all():
        text = searchable(task_pb2.Task.FromString(snapshot))
        connection.execute(sa.update(tasks).where(tasks.c.id == key).values(text=text))


def downgrade() -> None:
    """Removes the columns."""
    op.drop_index("ix_tasks_follows_key", "tasks")
    for column in ("follows_key", "text"):
        op.drop_column("tasks", column)
