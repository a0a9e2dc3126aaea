"""Access tokens: JWTs signed with ES256, and the opaque refresh tokens beside them.

Issues and verifies by signature and time. Whether a token was revoked is known to the store, and what it may be used
for to the auth interceptor; Envoy checks the same signatures with the public keys before the server does.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joserfc import jwt
from joserfc.errors import JoseError

from tabwire.errors import TabwireError
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tabwire.security.keys import SigningKeys

ISSUER = "tabwire"
AUDIENCE = "tabwire"
_ALGORITHMS = ["ES256"]
_MAX_TOKEN_CHARACTERS = 8192

_PREFIX = "SCOPE_"


@dataclass(frozen=True)
class Claims:
    """What a token says. `family_id` is set for the tokens of a paired browser."""

    owner_id: str
    token_id: str
    scopes: frozenset[auth_pb2.Scope.ValueType]
    expires_at: datetime
    browser_id: str = ""
    family_id: str = ""


def new_id() -> str:
    """A fresh id that nobody can guess."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """A fresh opaque secret of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored in place of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def scope_names(scopes: Iterable[auth_pb2.Scope.ValueType]) -> list[str]:
    """The names of scopes as they stand in tokens and in the database, sorted."""
    return sorted(auth_pb2.Scope.Name(scope).removeprefix(_PREFIX).lower() for scope in scopes)


def scopes_of(names: Iterable[str]) -> frozenset[auth_pb2.Scope.ValueType]:
    """The scopes of such names. A name that is not known gives nothing."""
    known = {name.removeprefix(_PREFIX).lower(): value for name, value in auth_pb2.Scope.items() if value}
    return frozenset(known[name] for name in names if name in known)


class Tokens:
    """Issues and verifies access tokens."""

    def __init__(self, keys: SigningKeys, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now

    def issue(self, claims: Claims) -> tuple[str, str]:
        """The token that says this, and the id of the key that signed it."""
        body: dict[str, object] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.owner_id,
            "jti": claims.token_id,
            "iat": int(self._now().timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "scope": scope_names(claims.scopes),
        }
        if claims.browser_id:
            body["browser_id"] = claims.browser_id
        if claims.family_id:
            body["family_id"] = claims.family_id
        key = self._keys.signing_key
        return jwt.encode({"alg": "ES256", "kid": key.kid}, body, key, algorithms=_ALGORITHMS), str(key.kid)

    def verify(self, token: str) -> Claims:
        """What a token says, if it is ours and its time has not passed.

        Raises `TabwireError` UNAUTHENTICATED. The message tells an ended token from a wrong one, and nothing more.
        """
        if len(token) > _MAX_TOKEN_CHARACTERS:
            raise _wrong()
        claims = _read(self._body(token))
        if claims is None:
            raise _wrong()
        if claims.expires_at <= self._now():
            raise expired()
        return claims

    def _body(self, token: str) -> dict[str, object]:
        """What a token says, if one of our keys has signed it. Keys may be newer than those that this server knows."""
        try:
            return jwt.decode(token, self._keys.all_keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            if not self._keys_have_changed():
                raise _wrong() from error
        try:
            return jwt.decode(token, self._keys.all_keys, algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError) as error:
            raise _wrong() from error

    def _keys_have_changed(self) -> bool:
        try:
            return self._keys.reload()
        except TabwireError:
            # A caller with a wrong token must not learn of it; maintenance reads the file too, and complains.
            return False


def _read(body: dict[str, object]) -> Claims | None:
    """The claims of a verified body; None if anything in it is not as `issue` writes it."""
    owner_id, token_id, scopes = body.get("sub"), body.get("jti"), body.get("scope")
    expiry, browser_id, family_id = body.get("exp"), body.get("browser_id", ""), body.get("family_id", "")
    if body.get("iss") != ISSUER or body.get("aud") != AUDIENCE:
        return None
    if not isinstance(owner_id, str) or not isinstance(token_id, str) or not isinstance(expiry, int):
        return None
    if not isinstance(browser_id, str) or not isinstance(family_id, str) or not isinstance(scopes, list):
        return None
    return Claims(
        owner_id=owner_id,
        token_id=token_id,
        scopes=scopes_of(name for name in scopes if isinstance(name, str)),
        expires_at=datetime.fromtimestamp(expiry, UTC),
        browser_id=browser_id,
        family_id=family_id,
    )


def expired() -> TabwireError:
    """What is answered to a token whose time has passed."""
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        "The token has expired.",
        remedy="Get a new token: a browser does so by itself, for a program use `tabwire token create`.",
    )


def _wrong() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        "The token was not made by this server.",
        remedy="Pair the browser again with `tabwire pair`, or make a token with `tabwire token create`.",
    )
