"""Which web origins may call: the extension's own, and those that the settings add.

Envoy refuses every other one, and so does the server, should it be reached without Envoy. A program sends no origin;
what it may do is told by its token. Origin alone proves nothing: whoever forges one still has no token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire import assets

if TYPE_CHECKING:
    from tabwire.settings import Settings


def own() -> str:
    """The origin of the extension with the pinned id."""
    return f"chrome-extension://{assets.extension_id()}"


def allowed(settings: Settings) -> list[str]:
    """All origins that are let in, the extension's first, compared as they are written."""
    return list(dict.fromkeys([own(), *settings.allowed_origin_list]))
