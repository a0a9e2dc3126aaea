"""What is decided when a browser opens a link: which revision both use, and which browsers were refused for theirs.

The rule is in `revision.py`. Here it is kept which browsers it refused, so that whoever looks for a browser that is not
connected is told why; and the log has it once, not at each of the tries that a refused browser makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from tabwire.errors import TabwireError
from tabwire.link import refusal, revision

if TYPE_CHECKING:
    from tabwire.v1 import error_pb2, link_pb2

_log = structlog.get_logger(__name__)

# Only paired browsers get here, so this is far more than there are; beyond it the oldest is forgotten.
_MAX_REFUSED = 10_000


class Handshakes:
    """The browsers that were refused for the protocol they speak, until they come with another one."""

    def __init__(self) -> None:
        self._refused: dict[str, error_pb2.ErrorInfo] = {}

    def agree(self, browser_id: str, hello: link_pb2.Hello) -> int:
        """The revision to use with this browser. Raises PROTOCOL_REVISION_UNSUPPORTED if there is none."""
        try:
            common = revision.negotiate(hello)
        except TabwireError as error:
            self._refuse(browser_id, hello, error.info)
            raise
        if self._refused.pop(browser_id, None) is not None:
            _log.info("revision_agreed", browser_id=browser_id, revision=common)
        return common

    def refusal(self, browser_id: str) -> error_pb2.ErrorInfo | None:
        """Why this browser's last try to open a link was refused, if it was."""
        return self._refused.get(browser_id)

    def forget(self, browser_id: str) -> None:
        """The browser is not this server's any more."""
        self._refused.pop(browser_id, None)

    def disconnected(self, browser_id: str) -> TabwireError:
        """The error for a browser that cannot be asked, with the cause if it is known."""
        return refusal.disconnected_for(self._refused.get(browser_id))

    def _refuse(self, browser_id: str, hello: link_pb2.Hello, info: error_pb2.ErrorInfo) -> None:
        known = self._refused.pop(browser_id, None)
        self._refused[browser_id] = info
        if len(self._refused) > _MAX_REFUSED:
            del self._refused[next(iter(self._refused))]
        if known == info:
            return
        ranges = info.details.revision
        _log.warning(
            "revision_unsupported",
            browser_id=browser_id,
            extension_version=hello.extension_version,
            browser_revisions=f"{ranges.browser_min}-{ranges.browser_max}",
            server_revisions=f"{ranges.server_min}-{ranges.server_max}",
            update=ranges.update,
            remedy=info.remedy,
        )
