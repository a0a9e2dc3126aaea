"""Encrypts what is stored of secrets: AES-256-GCM under a key of this server's home, bound to owner and name.

The key is a file (0600) beside the database, not in it: a copy of the database alone tells nothing. Whoever can read
both can read the secrets; what protects against that is the computer's own protection of files.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

KEY_NAME = "secrets.key"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_VERSION = b"\x01"


class SecretBox:
    """Closes and opens secrets."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    @classmethod
    def load(cls, folder: Path) -> SecretBox:
        """Reads the key, or makes it on the first start. Raises FAILED_PRECONDITION if the file is no key."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / KEY_NAME
        if not path.exists():
            _make(path)
        key = path.read_bytes()
        if len(key) != _KEY_BYTES:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"{path} is no key of {_KEY_BYTES} bytes.",
                remedy="Restore the file, or delete it and store your secrets anew.",
            )
        path.chmod(0o600)
        return cls(key)

    def seal(self, owner_id: str, name: str, value: str) -> bytes:
        """Encrypts a value."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, value.encode(), _bound(owner_id, name))

    def open(self, owner_id: str, name: str, sealed: bytes) -> str:
        """Decrypts a value. Raises SECRET_UNAVAILABLE if it was sealed under another key, owner or name."""
        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        with suppress(InvalidTag, ValueError):
            if version == _VERSION:
                return self._aead.decrypt(nonce, text, _bound(owner_id, name)).decode()
        raise TabwireError(
            error_pb2.ERROR_CODE_SECRET_UNAVAILABLE,
            f"The secret {name} cannot be decrypted with this server's key.",
            remedy=f"Store it anew: tabwire secret put {name}",
        )


def _bound(owner_id: str, name: str) -> bytes:
    return b"\0".join((b"tabwire secret", owner_id.encode(), name.encode()))


def _make(path: Path) -> None:
    """Writes a new key whole or not at all; a server that starts at the same time wins or loses as a whole."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # then the other one's key it is
            os.link(draft, path)
    finally:
        draft.unlink()
