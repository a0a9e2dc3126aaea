"""The files that Envoy reads, in a folder of their own (`edge/`), each replaced as a whole.

Envoy watches three of them and takes a new one up while it runs. It needs nothing else of the home: neither the
authority's key nor the one that signs tokens. When they are written is decided by `tabwire.edge.keeper`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from typing import TYPE_CHECKING

from tabwire.edge import render
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tabwire.settings import Settings

CONFIG, TLS, TOKENS, PLAIN = "envoy.yaml", "tls.yaml", "tokens.yaml", "plain.yaml"


def publish(settings: Settings) -> list[str]:
    """Brings the three files up to date with the certificate and the keys; returns the names of those that changed.

    Raises `TabwireError` FAILED_PRECONDITION if certificate or keys are missing or unreadable. What was published
    before stays then.
    """
    chain = settings.keys_path / "server.pem"
    wanted = {
        TLS: render.tls(_read(chain), _read(settings.keys_path / "server.key")),
        TOKENS: render.tokens(_jwks(settings.jwks_path)),
        PLAIN: render.plain(chain),
    }
    settings.edge_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [name for name, content in wanted.items() if write(settings.edge_path / name, content)]


def write(path: Path, content: str) -> bool:
    """Puts a file in place as a whole, readable for its owner alone. False if it was there already."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == content:
            return False
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _jwks(path: Path) -> str:
    text = _read(path)
    try:
        keys = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path) from error
    if not isinstance(keys, list) or not keys:
        raise _unreadable(path)
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_FAILED_PRECONDITION,
        f"The file {path} is missing or damaged.",
        remedy="Start `tabwire up` again, which makes it.",
    )
