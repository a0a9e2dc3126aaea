"""The keys that sign access tokens: made on the first start, read on every later one, exchanged for new ones in time.

Two files in the keys folder: `signing.json`, a private JWK set for this server alone (0600), and `jwks.json`, its
public half for Envoy. The set holds the key that signs, the next one, and older ones whose tokens may still live; all
of them verify. The next key is published long before it signs, so that whoever has read the public file knows it.
What is signed is told by `tabwire.security.tokens`, when a key is due and which older ones are still needed by
`tabwire.rpc.access`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

PRIVATE_NAME = "signing.json"
PUBLIC_NAME = "jwks.json"

# How long a key is in the public file before it may sign, so that every reader of the file has taken it up.
PUBLISHED_S = 30

_SIGNING, _NEXT, _OLDER = "signing", "next", "older"
# Our own members of a private JWK. The public file holds only standard ones.
_STAGE, _SINCE = "tabwire_stage", "tabwire_since"


@dataclass(frozen=True)
class _HeldKey:
    """A key, what it is for, and since when it is, in seconds since 1970. 0: from the beginning, or nobody knows."""

    key: ECKey
    stage: str
    since: int

    @property
    def key_id(self) -> str:
        return str(self.key.kid)


@dataclass(frozen=True)
class OlderKey:
    """A key that signs no more, and since when."""

    key_id: str
    since_s: int


class SigningKeys:
    """The keys of a folder. `load` gets them. `now_s` is the time in seconds since 1970."""

    def __init__(self, folder: Path, now_s: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now_s = now_s
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._held: tuple[_HeldKey, ...] = ()

    @classmethod
    def load(cls, folder: Path, *, now_s: Callable[[], float] = time.time) -> SigningKeys:
        """Reads the keys of a folder, makes them if there are none, and keeps the public file right.

        Raises `TabwireError` FAILED_PRECONDITION if the file is there but is no set of keys.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = cls(folder, now_s)
        private = folder / PRIVATE_NAME
        with _locked(folder):
            if not private.exists():
                keys._write([_HeldKey(_new_key(), _SIGNING, int(now_s())), _HeldKey(_new_key(), _NEXT, 0)])
            private.chmod(0o600)
            keys._read()
            keys._complete()
        return keys

    @property
    def signing_key(self) -> ECKey:
        """The key that signs."""
        return self._held[0].key

    @property
    def all_keys(self) -> KeySet:
        """All keys that tokens may be verified with."""
        return self._key_set

    @property
    def older(self) -> list[OlderKey]:
        """The keys that sign no more, newest first."""
        return [OlderKey(held.key_id, held.since) for held in self._held if held.stage == _OLDER]

    @property
    def signing_since_s(self) -> int:
        """Since when the signing key signs."""
        return self._held[0].since

    def reload(self) -> bool:
        """Takes up what another server of the same folder has changed. True if anything has."""
        if _signature(self._folder / PRIVATE_NAME) == self._seen:
            return False
        with _locked(self._folder):
            self._read()
        return True

    def rotate(self, *, if_older_than_s: float = 0) -> bool:
        """Puts the next key in the place of the signing one, and publishes a new next one.

        Does nothing, and says so, if the signing key is younger than `if_older_than_s`. Raises `TabwireError`
        RESOURCE_EXHAUSTED if the next key was published only now, so that not every reader of the file can know it.
        """
        with _locked(self._folder):
            self._read()
            now = int(self._now_s())
            signing, following, *older = self._held
            if now - signing.since < if_older_than_s:
                return False
            wait_s = following.since + PUBLISHED_S - now
            if wait_s > 0:
                raise _too_soon(wait_s)
            self._write(
                [
                    replace(following, stage=_SIGNING, since=now),
                    _HeldKey(_new_key(), _NEXT, now),
                    replace(signing, stage=_OLDER, since=now),
                    *older,
                ]
            )
            self._read()
            return True

    def drop(self, key_ids: Sequence[str]) -> None:
        """Forgets older keys: no token that they signed can be good any more."""
        with _locked(self._folder):
            self._read()
            kept = [held for held in self._held if held.stage != _OLDER or held.key_id not in key_ids]
            if len(kept) < len(self._held):
                self._write(kept)
                self._read()

    # Inside; all with the folder locked

    def _read(self) -> None:
        private = self._folder / PRIVATE_NAME
        seen = _signature(private)
        try:
            held = _parsed(json.loads(private.read_text()))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, JoseError) as error:
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"The file {private} holds no keys that tokens can be signed with.",
                remedy=f"Move {private} away and start again; browsers and programs must then be paired anew.",
            ) from error
        self._held = tuple(held)
        self._key_set = KeySet([one.key for one in held])
        self._seen = seen

    def _complete(self) -> None:
        """Adds what files of earlier versions lack, and puts the public file right."""
        signing, *others = self._held
        now = int(self._now_s())
        if not any(held.stage == _NEXT for held in others):
            self._write([replace(signing, since=signing.since or now), _HeldKey(_new_key(), _NEXT, now), *others])
            self._read()
            return
        public = self._folder / PUBLIC_NAME
        content = _public_json(self._held)
        if not public.exists() or public.read_text() != content:
            _publish(public, content, mode=0o644)

    def _write(self, held: Sequence[_HeldKey]) -> None:
        """The public file first: a key may be known before it signs, and never the other way round."""
        _publish(self._folder / PUBLIC_NAME, _public_json(held), mode=0o644)
        _publish(self._folder / PRIVATE_NAME, _private_json(held), mode=0o600)


def _parsed(content: Any) -> list[_HeldKey]:
    """The keys of a private file: the signing one, the next one if there is one, then the older ones.

    A file of an earlier version says nothing of stages: its first key signs, the others are older.
    """
    found = []
    for place, jwk in enumerate(content["keys"]):
        key = ECKey.import_key({name: value for name, value in jwk.items() if name not in (_STAGE, _SINCE)})
        if not key.is_private or not key.kid:
            raise ValueError("a key is not private or has no id")
        stage = jwk.get(_STAGE, _OLDER if place else _SIGNING)
        found.append(_HeldKey(key, stage, int(jwk.get(_SINCE, 0))))
    by_stage = {stage: [held for held in found if held.stage == stage] for stage in (_SIGNING, _NEXT, _OLDER)}
    (signing,) = by_stage[_SIGNING]
    return [signing, *by_stage[_NEXT][:1], *by_stage[_OLDER]]


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": secrets.token_hex(8)}, private=True)


def _public_json(held: Sequence[_HeldKey]) -> str:
    return _json([one.key.as_dict(private=False) for one in held])


def _private_json(held: Sequence[_HeldKey]) -> str:
    return _json([{**one.key.as_dict(private=True), _STAGE: one.stage, _SINCE: one.since} for one in held])


def _json(keys: list[dict[str, Any]]) -> str:
    return json.dumps({"keys": keys}, indent=1, sort_keys=True) + "\n"


def _signature(path: Path) -> tuple[int, int, int]:
    """Tells one content of a file from another without reading it: files are only ever replaced whole."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One server at a time, where several share the folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _publish(path: Path, content: str, *, mode: int) -> None:
    """Puts a whole file in place at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _too_soon(wait_s: int) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
        "The next signing key was published only now; not everybody can know it yet.",
        remedy=f"Wait {wait_s} seconds, then try again.",
        details=error_pb2.ErrorDetails(
            limit=error_pb2.LimitDetails(name="key_rotation", limit=1, retry_after_ms=wait_s * 1000)
        ),
    )
