"""Alembic's environment: runs the migrations over the connection that `tabwire.store.database` hands in.

There is no alembic.ini and no offline mode: the server migrates when it starts.
"""

from __future__ import annotations

from alembic import context

from tabwire.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
    transactional_ddl=True,
)
# The caller's transaction holds: all or nothing.
context.run_migrations()
