"""Signing keys: made once, private, published without their private part."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tabwire.errors import TabwireError
from tabwire.security.keys import SigningKeys
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path


def test_the_private_file_is_private_and_the_public_one_holds_no_secret(tmp_path: Path) -> None:
    SigningKeys.load(tmp_path / "keys")
    private, public = tmp_path / "keys" / "signing.json", tmp_path / "keys" / "jwks.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    (key,) = json.loads(public.read_text())["keys"]
    assert "d" not in key
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert key["kid"]


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
    published = json.loads((tmp_path / "both" / "jwks.json").read_text())["keys"]
    assert [key["kid"] for key in published] == [newer["kid"], older["kid"]]


@pytest.mark.parametrize(
    "content", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}', "[1]"]
)
def test_a_broken_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "signing.json").write_text(content)
    with pytest.raises(TabwireError) as caught:
        SigningKeys.load(tmp_path)
    assert caught.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert "Move" in caught.value.info.remedy
