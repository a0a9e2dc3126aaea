"""Signing keys: made once, private, published without their private part."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tabwire.errors import TabwireError
from tabwire.security.keys import PUBLISHED_S, SigningKeys
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path


def test_the_private_file_is_private_and_the_public_one_holds_no_secret(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path / "keys")
    private, public = tmp_path / "keys" / "signing.json", tmp_path / "keys" / "jwks.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    for key in json.loads(public.read_text())["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")


def test_a_second_start_finds_the_same_key(tmp_path: Path) -> None:
    first, second = SigningKeys.load(tmp_path), SigningKeys.load(tmp_path)
    assert first.signing_key.kid == second.signing_key.kid


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kids = {keys.signing_key.kid for keys in pool.map(SigningKeys.load, [tmp_path] * 16)}
    assert len(kids) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jwks.json", "signing.json"]


def test_rights_that_became_too_wide_are_narrowed(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path)
    (tmp_path / "signing.json").chmod(0o644)
    SigningKeys.load(tmp_path)
    assert stat.S_IMODE((tmp_path / "signing.json").stat().st_mode) == 0o600


def test_a_lost_or_changed_public_file_is_written_again(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path)
    public = tmp_path / "jwks.json"
    content = public.read_text()
    public.write_text("{}")
    SigningKeys.load(tmp_path)
    assert public.read_text() == content


def test_several_keys_the_first_signs_and_all_are_published(tmp_path: Path) -> None:
    older = SigningKeys.load(tmp_path / "older").signing_key.as_dict(private=True)
    newer = SigningKeys.load(tmp_path / "newer").signing_key.as_dict(private=True)
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "signing.json").write_text(json.dumps({"keys": [newer, older]}))
    keys = SigningKeys.load(tmp_path / "both")
    assert keys.signing_key.kid == newer["kid"]
    signing, _next, old = published(tmp_path / "both")
    assert [signing, old] == [newer["kid"], older["kid"]]
    assert [key.key_id for key in keys.older] == [older["kid"]]


def published(folder: Path) -> list[str]:
    return [key["kid"] for key in json.loads((folder / "jwks.json").read_text())["keys"]]


class Clock:
    """Seconds, as the test wants them."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_the_next_key_is_published_before_it_signs_and_the_older_one_goes_on_verifying(tmp_path: Path) -> None:
    clock = Clock()
    keys = SigningKeys.load(tmp_path, now_s=clock)
    first = keys.signing_key.kid
    before = published(tmp_path)
    assert keys.rotate()
    assert keys.signing_key.kid in before
    assert keys.signing_key.kid != first
    assert [key.key_id for key in keys.older] == [first]
    assert {str(key.kid) for key in keys.all_keys.keys} == set(published(tmp_path)) >= set(before)
    again = SigningKeys.load(tmp_path, now_s=clock)
    assert again.signing_key.kid == keys.signing_key.kid
    assert again.older == keys.older


def test_a_key_that_was_published_only_now_does_not_sign_yet(tmp_path: Path) -> None:
    clock = Clock()
    keys = SigningKeys.load(tmp_path, now_s=clock)
    keys.rotate()
    second = keys.signing_key.kid
    clock.now_s += PUBLISHED_S - 1
    with pytest.raises(TabwireError) as caught:
        keys.rotate()
    assert caught.value.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED
    assert caught.value.info.details.limit.retry_after_ms == 1000
    assert keys.signing_key.kid == second
    clock.now_s += 1
    assert keys.rotate()
    assert keys.signing_key.kid != second


def test_a_file_of_an_earlier_version_gets_a_next_key_that_waits_for_its_readers(tmp_path: Path) -> None:
    clock = Clock()
    old = SigningKeys.load(tmp_path / "old").signing_key.as_dict(private=True)
    (tmp_path / "signing.json").write_text(json.dumps({"keys": [old]}))
    keys = SigningKeys.load(tmp_path, now_s=clock)
    assert keys.signing_key.kid == old["kid"]
    assert keys.signing_since_s == clock.now_s
    with pytest.raises(TabwireError):
        keys.rotate()
    clock.now_s += PUBLISHED_S
    assert keys.rotate()


def test_servers_that_find_the_key_old_together_replace_it_once(tmp_path: Path) -> None:
    clock = Clock()
    servers = [SigningKeys.load(tmp_path, now_s=clock) for _ in range(8)]
    clock.now_s += 1000
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda server: server.rotate(if_older_than_s=1000), servers))
    assert done.count(True) == 1
    for server in servers:
        server.reload()
    assert len({server.signing_key.kid for server in servers}) == 1
    assert len(published(tmp_path)) == 3


def test_dropped_keys_are_gone_from_both_files_and_only_older_ones_can_be(tmp_path: Path) -> None:
    keys = SigningKeys.load(tmp_path)
    first = str(keys.signing_key.kid)
    keys.rotate()
    keys.drop([first, str(keys.signing_key.kid)])
    assert keys.older == []
    assert published(tmp_path) == [str(key.kid) for key in keys.all_keys.keys]
    assert len(published(tmp_path)) == 2
    assert first not in (tmp_path / "signing.json").read_text()
    assert SigningKeys.load(tmp_path).signing_key.kid == keys.signing_key.kid


def test_a_rotation_that_fails_half_way_leaves_keys_that_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fills up between the two files: the public one knows a key too many, never one too few."""
    keys = SigningKeys.load(tmp_path)
    signing = str(keys.signing_key.kid)
    replace = type(tmp_path).replace

    def only_the_public_one(self: Path, target: Path) -> Path:
        if target.name == "signing.json":
            raise OSError("no space left")
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(type(tmp_path), "replace", only_the_public_one)
        with pytest.raises(OSError, match="no space"):
            keys.rotate()
    assert keys.signing_key.kid == signing
    assert signing in published(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"jwks.json", "signing.json"}
    again = SigningKeys.load(tmp_path)
    assert again.signing_key.kid == signing
    assert published(tmp_path) == [str(key.kid) for key in again.all_keys.keys]


@pytest.mark.parametrize(
    "content", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}', "[1]"]
)
def test_a_broken_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "signing.json").write_text(content)
    with pytest.raises(TabwireError) as caught:
        SigningKeys.load(tmp_path)
    assert caught.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert "Move" in caught.value.info.remedy
