"""Alembic migrations of the database, shipped with the package and run by `Database.open`."""
