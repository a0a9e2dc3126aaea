"""Tasks: life cycle, journal, leases, and who runs what."""
