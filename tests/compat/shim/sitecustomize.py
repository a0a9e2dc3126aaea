"""Makes a process of the product announce other revisions, or write down what passes over its links. Nothing else
of it changes: it is the real server, behind the real edge. Tests that want it put its folder into PYTHONPATH.

COMPAT_REVISIONS=2-3 is the range that is announced; COMPAT_RECORD=<file> is where link messages are written, one JSON
object a line with who sent it, its type, and its bytes in base64.
"""

from __future__ import annotations

import base64
import functools
import importlib.abc
import importlib.machinery
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


def _announce(module: Any) -> None:
    module.MIN_REVISION, module.MAX_REVISION = (int(n) for n in os.environ["COMPAT_REVISIONS"].split("-"))


def _note(sender: str, message: Any) -> None:
    line = {
        "from": sender,
        "type": message.DESCRIPTOR.full_name,
        "base64": base64.b64encode(message.SerializeToString(deterministic=True)).decode(),
    }
    with open(os.environ["COMPAT_RECORD"], "a", encoding="ascii") as file:  # noqa: PTH123 - early in a process's life
        file.write(json.dumps(line) + "\n")


def _record(module: Any) -> None:
    servicer = module.LinkServicer
    open_link, attach, send = servicer.OpenLink, servicer.Attach, servicer.Send

    @functools.wraps(open_link)
    async def noted_open_link(self: Any, request: Any, context: Any) -> Any:
        _note("browser", request.hello)
        response = await open_link(self, request, context)
        _note("server", response.welcome)
        return response

    @functools.wraps(attach)
    async def noted_attach(self: Any, request: Any, context: Any) -> Any:
        async for downlink in attach(self, request, context):
            _note("server", downlink)
            yield downlink

    @functools.wraps(send)
    async def noted_send(self: Any, request: Any, context: Any) -> Any:
        for message in request.messages:
            _note("browser", message)
        return await send(self, request, context)

    servicer.OpenLink, servicer.Attach, servicer.Send = noted_open_link, noted_attach, noted_send


class _Finder(importlib.abc.MetaPathFinder):
    """Lets a module load as always, and changes it before anybody sees it."""

    def __init__(self, changes: dict[str, Callable[[Any], None]]) -> None:
        self._changes = changes

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        change = self._changes.get(fullname)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if change is not None else None
        if change is None or spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def changed(module: ModuleType) -> None:
            load(module)
            change(module)

        spec.loader.exec_module = changed  # type: ignore[method-assign]
        return spec


_CHANGES: dict[str, Callable[[Any], None]] = {}
if os.environ.get("COMPAT_REVISIONS"):
    _CHANGES["tabwire.revisions"] = _announce
if os.environ.get("COMPAT_RECORD"):
    _CHANGES["tabwire.rpc.link_servicer"] = _record
if _CHANGES:
    sys.meta_path.insert(0, _Finder(_CHANGES))
