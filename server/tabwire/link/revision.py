"""Which protocol revision two sides use: the highest that both speak, or else what is to be updated.

A revision changes only when the meaning of what exists changes; additions are capabilities. The rules for both are in
docs/compatibility.md. The browser's side of the same rule is extension/link/revision.ts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire import revisions
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.v1 import link_pb2

UPDATE_SERVER = "Update Tabwire on the server's machine, then run `tabwire up` again."
UPDATE_EXTENSION = "Update the Tabwire extension in this browser: reload it in chrome://extensions."


def negotiate(hello: link_pb2.Hello) -> int:
    """The revision to use with this browser. Raises PROTOCOL_REVISION_UNSUPPORTED if there is none."""
    # A browser that does not name its lowest revision speaks from the first one on.
    lowest = max(hello.min_revision, 1)
    highest = hello.max_revision
    shared = revisions.common(lowest, highest)
    if shared:
        return shared
    update = "server" if lowest > revisions.MAX_REVISION else "extension"
    raise TabwireError(
        error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED,
        f"The extension speaks protocol revisions {lowest} to {highest}, "
        f"the server {revisions.MIN_REVISION} to {revisions.MAX_REVISION}; they share none.",
        remedy=UPDATE_SERVER if update == "server" else UPDATE_EXTENSION,
        details=error_pb2.ErrorDetails(
            revision=error_pb2.RevisionDetails(
                browser_min=lowest,
                browser_max=highest,
                server_min=revisions.MIN_REVISION,
                server_max=revisions.MAX_REVISION,
                update=update,
            )
        ),
    )
