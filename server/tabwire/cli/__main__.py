"""`python -m tabwire.cli`, which is how `tabwire up` starts the server with the very same Python."""

from tabwire.cli.main import run

run()
