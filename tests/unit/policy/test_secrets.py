"""Secrets: one-time passwords against the vectors of RFC 6238, values taken out of messages, and what is stored."""

from __future__ import annotations

import base64
import stat
from typing import TYPE_CHECKING

import pytest

from tabwire.errors import TabwireError
from tabwire.policy.secrets import Totp, read_totp, scrub, shown
from tabwire.security.secrets import KEY_NAME, SecretBox
from tabwire.v1 import action_pb2, error_pb2, state_pb2

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = {
    "SHA1": b"12345678901234567890",
    "SHA256": b"12345678901234567890123456789012",
    "SHA512": b"1234567890123456789012345678901234567890123456789012345678901234",
}


@pytest.mark.parametrize(
    ("seconds", "algorithm", "expected"),
    [
        (59, "SHA1", "94287082"),
        (59, "SHA256", "46119246"),
        (59, "SHA512", "90693936"),
        (1111111109, "SHA1", "07081804"),
        (1111111111, "SHA256", "67062674"),
        (1234567890, "SHA512", "93441116"),
        (2000000000, "SHA1", "69279037"),
        (20000000000, "SHA1", "65353130"),
        (20000000000, "SHA256", "77737706"),
        (20000000000, "SHA512", "47863826"),
    ],
)
def test_one_time_passwords_are_those_of_the_rfc(seconds: int, algorithm: str, expected: str) -> None:
    assert Totp(SEEDS[algorithm], algorithm, digits=8).at(seconds) == expected


def test_shared_secrets_are_read_in_the_forms_that_sites_give() -> None:
    key = base64.b32encode(SEEDS["SHA1"]).decode()
    spaced = " ".join(key[at : at + 4] for at in range(0, len(key), 4)).lower()
    assert read_totp(spaced) == Totp(SEEDS["SHA1"])
    url = f"otpauth://totp/Shop:me%40x.test?secret={key}&issuer=Shop&algorithm=SHA256&digits=8&period=60"
    assert read_totp(url) == Totp(SEEDS["SHA1"], "SHA256", 8, 60)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base32!",
        "otpauth://hotp/x?secret=GEZDGNBV",
        "otpauth://totp/x",
        "otpauth://totp/x?secret=GEZDGNBV&digits=99",
        "otpauth://totp/x?secret=GEZDGNBV&period=0",
        "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5",
    ],
)
def test_what_is_no_shared_secret_is_told(text: str) -> None:
    assert read_totp(text) is None


def test_values_are_taken_out_of_every_text_of_a_message() -> None:
    element = state_pb2.Element(name="Hello hunter22", attributes={"title": "hunter22!"}, current_value="hunter22")
    element.options.add(label="hunter22")
    result = action_pb2.ActionResult()
    result.new_state.actionable_elements.append(element)
    result.outcome_details.message = "typed hunter22longer"
    scrub(result, {"short": "hunter22", "long": "hunter22longer", "tiny": "Hel"})
    assert b"hunter22" not in result.SerializeToString()
    assert result.outcome_details.message == f"typed {shown('long')}"
    assert result.new_state.actionable_elements[0].name == f"Hello {shown('short')}"


_PIPED = 'horse|staple&7 ü"<91%'


@pytest.mark.parametrize(
    "written",
    [
        "https://bank.test/in?word=horse|staple&7%20%C3%BC%22%3C91%",  # as it stands in an address
        "https://bank.test/in?word=horse%7Cstaple%267%20%C3%BC%22%3C91%25",  # encodeURIComponent
        "https://bank.test/in?word=horse%7Cstaple%267+%C3%BC%22%3C91%25&next=1",  # a form
        "https://bank.test/horse|staple&7%20%C3%BC%22%3C91%/",
        r'{"word": "horse|staple&7 ü\"<91%"}',
        r'{"word": "horse|staple&7 \u00fc\"<91%"}',
        "<b>horse|staple&amp;7 ü&quot;&lt;91%</b>",
        '<b>horse|staple&amp;7 ü"&lt;91%</b>',
        r'| word | horse\|staple&7 ü"<91% |',
    ],
)
def test_values_are_taken_out_however_they_are_written(written: str) -> None:
    result = action_pb2.ActionResult()
    result.rows.rows.add(cells=["of the bank", written], links=["", written])
    scrub(result, {"bank": _PIPED})
    [row] = result.rows.rows
    assert row.cells[0] == "of the bank"
    for text in (row.cells[1], row.links[1]):
        assert shown("bank") in text
        assert "staple" not in text


def test_values_are_taken_out_where_spaces_are_folded_or_a_list_begins() -> None:
    result = action_pb2.ActionResult(text="12\\. horse\nand 12. horse")
    scrub(result, {"one": "12.  horse", "two": "12. horse"})
    assert "horse" not in result.text


def test_what_is_sealed_is_opened_only_for_its_owner_and_name(tmp_path: Path) -> None:
    box = SecretBox.load(tmp_path)
    sealed = box.seal("owner", "bank", "päss")
    assert b"p\xc3\xa4ss" not in sealed
    assert sealed != box.seal("owner", "bank", "päss")
    assert SecretBox.load(tmp_path).open("owner", "bank", sealed) == "päss"
    for owner, name, text in (
        ("other", "bank", sealed),
        ("owner", "shop", sealed),
        ("owner", "bank", sealed[:-1]),
        ("owner", "bank", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("owner", "bank", b""),
    ):
        with pytest.raises(TabwireError) as raised:
            box.open(owner, name, text)
        assert raised.value.code == error_pb2.ERROR_CODE_SECRET_UNAVAILABLE


def test_the_key_is_the_owners_alone(tmp_path: Path) -> None:
    SecretBox.load(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys" / KEY_NAME).stat().st_mode) == 0o600
    (tmp_path / "keys" / KEY_NAME).write_bytes(b"short")
    with pytest.raises(TabwireError) as raised:
        SecretBox.load(tmp_path / "keys")
    assert raised.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
