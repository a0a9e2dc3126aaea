"""Which protocol revision the two ends of a link use: the highest that both speak, or else what is to be updated.

A revision changes only when the meaning of what exists changes; additions are capabilities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.v1 import link_pb2

MIN_REVISION = 1
"""The lowest revision this server speaks."""
MAX_REVISION = 1
"""The highest revision this server speaks."""


def negotiate(hello: link_pb2.Hello) -> int:
    """The revision to use with this browser. Raises PROTOCOL_REVISION_UNSUPPORTED if there is none."""
    # A browser that does not name its lowest revision speaks from the first one on.
    lowest = max(hello.min_revision, 1)
    highest = hello.max_revision
    common = min(highest, MAX_REVISION)
    if common >= max(lowest, MIN_REVISION):
        return common
    update = "server" if lowest > MAX_REVISION else "extension"
    remedy = (
        "Update Tabwire on the server's machine, then run `tabwire up` again."
        if update == "server"
        else "Update the Tabwire extension in this browser."
    )
    raise TabwireError(
        error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED,
        f"The extension speaks protocol revisions {lowest} to {highest}, "
        f"the server {MIN_REVISION} to {MAX_REVISION}; they share none.",
        remedy=remedy,
        details=error_pb2.ErrorDetails(
            revision=error_pb2.RevisionDetails(
                browser_min=lowest,
                browser_max=highest,
                server_min=MIN_REVISION,
                server_max=MAX_REVISION,
                update=update,
            )
        ),
    )
