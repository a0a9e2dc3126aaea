"""Access tokens: what is issued is what is verified, and nothing else is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tabwire.errors import TabwireError
from tabwire.security.keys import SigningKeys
from tabwire.security.tokens import Claims, Tokens, digest, new_secret, scope_names, scopes_of
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLAIMS = Claims(
    owner_id="local",
    token_id="t1",
    scopes=frozenset({auth_pb2.SCOPE_BROWSER, auth_pb2.SCOPE_READ}),
    expires_at=NOW + timedelta(minutes=15),
    browser_id="b1",
    family_id="f1",
)


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys.load(tmp_path)


def tokens(keys: SigningKeys, now: datetime = NOW) -> Tokens:
    return Tokens(keys, lambda: now)


def body_of(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


def test_what_is_issued_is_verified(keys: SigningKeys) -> None:
    assert tokens(keys).verify(tokens(keys).issue(CLAIMS)[0]) == CLAIMS


def test_the_body_is_what_envoy_is_told_to_expect(keys: SigningKeys) -> None:
    body = body_of(tokens(keys).issue(CLAIMS)[0])
    assert body["iss"] == "tabwire"
    assert body["aud"] == "tabwire"
    assert body["sub"] == "local"
    assert body["scope"] == ["browser", "read"]
    assert body["browser_id"] == "b1"


def test_a_token_ends_with_its_time(keys: SigningKeys) -> None:
    token = tokens(keys).issue(CLAIMS)[0]
    tokens(keys, CLAIMS.expires_at - timedelta(seconds=1)).verify(token)
    with pytest.raises(TabwireError, match="expired") as caught:
        tokens(keys, CLAIMS.expires_at).verify(token)
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED


def test_tokens_of_an_older_key_live_on(tmp_path: Path) -> None:
    old = SigningKeys.load(tmp_path / "old")
    new = SigningKeys.load(tmp_path / "new")
    token = tokens(old).issue(CLAIMS)[0]
    both = {"keys": [key.signing_key.as_dict(private=True) for key in (new, old)]}
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "signing.json").write_text(json.dumps(both))
    assert tokens(SigningKeys.load(tmp_path / "both")).verify(token) == CLAIMS


def test_a_token_says_which_key_signed_it(keys: SigningKeys) -> None:
    token, key_id = tokens(keys).issue(CLAIMS)
    header = token.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] == key_id == keys.signing_key.kid


def test_a_key_that_another_server_brought_in_is_taken_up_when_it_is_met(tmp_path: Path) -> None:
    one, other = SigningKeys.load(tmp_path, now_s=lambda: 100), SigningKeys.load(tmp_path, now_s=lambda: 100)
    later = SigningKeys.load(tmp_path, now_s=lambda: 200)
    one.rotate()
    later.rotate()  # its next key is one that `other` has never read
    token, _ = tokens(later).issue(CLAIMS)
    assert tokens(other).verify(token) == CLAIMS
    (tmp_path / "signing.json").write_text("{}")
    stranger = SigningKeys.load(tmp_path / "else")
    with pytest.raises(TabwireError, match="not made by this server"):
        tokens(other).verify(tokens(stranger).issue(CLAIMS)[0])
    assert tokens(other).verify(token) == CLAIMS


def forged(keys: SigningKeys) -> dict[str, str]:
    good = tokens(keys).issue(CLAIMS)[0]
    header, body, signature = good.split(".")
    claims = body_of(good)
    other_body = tokens(keys).issue(Claims("x", "y", frozenset(), NOW))[0].split(".")[1]
    own = keys.signing_key
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    stranger = ECKey.generate_key("P-256", {"kid": str(own.kid)})
    public = json.dumps(own.as_dict(private=False)).encode()

    def signed(**changes: object) -> str:
        return jwt.encode({"alg": "ES256", "kid": own.kid}, {**claims, **changes}, own, algorithms=["ES256"])

    return {
        "nothing": "",
        "noise": "not a token",
        "too long": "a" * 10_000,
        "no signature": f"{header}.{body}.",
        "algorithm none": f"{none}.{body}.",
        "changed body": f"{header}.{other_body}.{signature}",
        "another key": jwt.encode({"alg": "ES256", "kid": own.kid}, claims, stranger, algorithms=["ES256"]),
        "unknown key id": jwt.encode({"alg": "ES256", "kid": "zz"}, claims, own, algorithms=["ES256"]),
        "public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": own.kid}, claims, OctKey.import_key(public), algorithms=["HS256"]
        ),
        "another issuer": signed(iss="other"),
        "another audience": signed(aud="other"),
        "no owner": signed(sub=None),
        "scopes as text": signed(scope="admin"),
        "end as text": signed(exp="2099"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "nothing",
        "noise",
        "too long",
        "no signature",
        "algorithm none",
        "changed body",
        "another key",
        "unknown key id",
        "public key as a secret",
        "another issuer",
        "another audience",
        "no owner",
        "scopes as text",
        "end as text",
    ],
)
def test_forged_tokens_are_refused_without_saying_why(keys: SigningKeys, kind: str) -> None:
    with pytest.raises(TabwireError) as caught:
        tokens(keys).verify(forged(keys)[kind])
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED
    assert caught.value.info.message == "The token was not made by this server."


def test_a_scope_of_a_newer_server_gives_nothing() -> None:
    assert scopes_of(["read", "teleport", "unspecified"]) == {auth_pb2.SCOPE_READ}
    assert scope_names([auth_pb2.SCOPE_TASKS, auth_pb2.SCOPE_ADMIN]) == ["admin", "tasks"]


def test_secrets_are_long_and_stored_as_digests() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(base64.urlsafe_b64decode(new_secret() + "=")) == 32
    assert len(digest("x")) == 32
