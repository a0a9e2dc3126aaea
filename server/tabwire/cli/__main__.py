"""`python -m tabwire.cli`, which is how `tabwire up` starts the server with the very same Python."""

import sys

if sys.argv[1:] == ["serve"]:
    from tabwire.cli.serving import serve_alone

    serve_alone()
else:
    from tabwire.cli.main import run

    run()
