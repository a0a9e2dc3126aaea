"""The database: tables, migrations, and one narrow store per concern."""
