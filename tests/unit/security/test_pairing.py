"""Pairing codes: readable aloud, compared generously, guessed in vain."""

from __future__ import annotations

import re

import pytest

from tabwire.security.pairing import ALPHABET, GuessLimit, code_digest, new_code


def test_codes_look_as_the_contract_says() -> None:
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)


def test_no_two_characters_of_the_alphabet_look_alike() -> None:
    for group in ("0O", "1IL", "2Z", "5S", "8B", "UV"):
        assert sum(character in ALPHABET for character in group) <= 1


@pytest.mark.parametrize("typed", ["K7QF-2MXD", "k7qf2mxd", " K7QF 2MXD ", "k7-qf-2m-xd"])
def test_case_hyphen_and_spaces_do_not_matter(typed: str) -> None:
    assert code_digest(typed) == code_digest("K7QF-2MXD") is not None


@pytest.mark.parametrize("typed", ["", "K7QF-2MX", "K7QF-2MXDD", "K7QF-2MX0", "K7QF_2MXD", "ẞ" * 8])
def test_what_cannot_be_a_code_has_no_digest(typed: str) -> None:
    assert code_digest(typed) is None


def test_guesses_are_limited_and_allowed_again_later() -> None:
    limit = GuessLimit(guesses=3, span_s=60)
    for moment in (0, 10, 20):
        assert limit.wait_s(moment) == 0
        limit.missed(moment)
    assert limit.wait_s(30) == 30
    assert limit.wait_s(59) == 1
    assert limit.wait_s(60) == 0
    limit.missed(60)
    assert limit.wait_s(61) == 9
