"""The local owner's token: what makes the command line on this computer work without a login.

Made when the server first starts, kept in the home folder for its owner alone (0600), and replaced when it is revoked,
lost, or near its end.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.store.auth_store import utc_now
from tabwire.v1 import auth_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tabwire.rpc.access import Access

OWNER_ID = "local"
_LIFE = timedelta(days=90)
_RENEW = timedelta(days=14)
_NAME = "The command line on this computer"


async def ensure_owner_token(access: Access, path: Path, *, now: Callable[[], datetime] = utc_now) -> None:
    """Makes sure that the file holds a good token that lasts for a while."""
    held = await asyncio.to_thread(_read, path)
    old_id = ""
    if held:
        try:
            caller = await access.verify(held)
        except TabwireError:
            pass  # revoked, expired, or made with keys that are gone: replaced below
        else:
            if caller.expires_at - now() > _RENEW:
                return
            old_id = caller.token_id
    token, _ = await access.new_api_token(OWNER_ID, _NAME, [auth_pb2.SCOPE_ADMIN], _LIFE)
    await asyncio.to_thread(_write, path, token)
    if old_id:
        await access.revoke(OWNER_ID, old_id)


def _read(path: Path) -> str:
    try:
        path.chmod(0o600)
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token + "\n")
    draft.replace(path)
