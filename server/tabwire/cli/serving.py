"""`tabwire serve`: the server alone, as `tabwire up` starts it, and starts it again when it has died.

Loads the server and nothing else. The other commands, and what they are made of, would double the time for which
browsers wait for a server that comes back.
"""

from __future__ import annotations

import gc
import sys

from pydantic import ValidationError

from tabwire.errors import TabwireError
from tabwire.settings import Settings


def serve() -> None:
    """Run the server alone, on its Unix socket; `tabwire up` does this and the rest."""
    settings = Settings()
    # Nothing that is loaded here is ever thrown away: looking for rubbish in it takes a tenth of the time.
    gc.disable()
    import uvloop

    from tabwire.rpc.server import serve as serve_rpc

    gc.freeze()
    gc.enable()
    uvloop.run(serve_rpc(settings))


def serve_alone() -> None:
    """The same as a program of its own: an error is told, and becomes the exit code."""
    try:
        serve()
    except (TabwireError, ValidationError, KeyboardInterrupt) as error:
        from tabwire.cli.main import exit_code

        sys.exit(exit_code(error))
