"""The keys that sign access tokens: made on the first start, read on every later one.

Two files in the keys folder: `signing.json`, a private JWK set for this server alone (0600), and `jwks.json`, its
public half for Envoy. The set may hold several keys: the first one signs, all of them verify, so that a new key can be
put in front while tokens of the old one still live. What is signed is told by `tabwire.security.tokens`.
"""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_NAME = "signing.json"
PUBLIC_NAME = "jwks.json"


class SigningKeys:
    """The keys, newest first. `load` gets them."""

    def __init__(self, keys: KeySet) -> None:
        first = keys.keys[0]
        if not isinstance(first, ECKey) or not first.is_private:
            raise ValueError("the first key must be a private elliptic curve key")
        self.signing_key = first
        self.all_keys = keys

    @classmethod
    def load(cls, folder: Path) -> SigningKeys:
        """Reads the keys of a folder, makes them if there are none, and keeps the public file right.

        Raises `TabwireError` FAILED_PRECONDITION if the file is there but is no set of keys.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = folder / PRIVATE_NAME
        if not private.exists():
            _publish(private, _json(KeySet([_new_key()]), private=True), mode=0o600, replace=False)
        private.chmod(0o600)
        try:
            keys = cls(KeySet.import_key_set(json.loads(private.read_text())))
        except (ValueError, KeyError, IndexError, TypeError, JoseError) as error:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"The file {private} holds no keys that tokens can be signed with.",
                remedy=f"Move {private} away and start again; browsers and programs must then be paired anew.",
            ) from error
        public = folder / PUBLIC_NAME
        content = _json(keys.all_keys, private=False)
        if not public.exists() or public.read_text() != content:
            _publish(public, content, mode=0o644, replace=True)
        return keys


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": secrets.token_hex(8)}, private=True)


def _json(keys: KeySet, *, private: bool) -> str:
    return json.dumps(keys.as_dict(private=private), indent=1, sort_keys=True) + "\n"


def _publish(path: Path, content: str, *, mode: int, replace: bool) -> None:
    """Puts a whole file in place at once. Without `replace` the first of two writers wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        if replace:
            draft.replace(path)
        else:
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return
    finally:
        draft.unlink(missing_ok=True)
