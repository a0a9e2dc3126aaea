"""Pairing codes: readable aloud, compared generously, guessed in vain."""

from __future__ import annotations

import hashlib
import re
import time

import pytest

from tabwire.security.pairing import ALPHABET, GuessLimit, code_digest, network_of, new_code


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


def test_a_code_is_costly_to_find_from_its_digest() -> None:
    digest = code_digest("K7QF-2MXD")
    assert digest is not None
    assert digest not in {hashlib.new(name, b"K7QF2MXD").digest() for name in ("sha256", "sha1", "md5", "sha512")}
    began = time.process_time()
    for _ in range(5):
        code_digest("K7QF-2MXD")
    # Even at a tenth of a millisecond each, 22^8 codes within their ten minutes would need nine thousand processors.
    assert (time.process_time() - began) / 5 > 1e-4


def guesses(limit: GuessLimit, address: str, now_s: float, count: int) -> int:
    """How many of so many guesses at one moment are let through."""
    return sum(limit.guess(address, now_s) is not None for _ in range(count))


def test_guesses_are_limited_and_allowed_again_later() -> None:
    limit = GuessLimit(guesses=3, span_s=60)
    for moment in (0, 10, 20):
        assert limit.wait_s("", moment) == 0
        assert limit.guess("", moment) is not None
    assert limit.guess("", 30) is None
    assert [limit.wait_s("", moment) for moment in (30, 59, 60)] == [30, 1, 0]
    assert guesses(limit, "", 60, 5) == 1
    assert limit.wait_s("", 61) == 9


def test_many_guesses_at_once_are_counted_before_anybody_knows_if_they_are_right() -> None:
    assert guesses(GuessLimit(guesses=3), "10.0.0.1", 0, 1000) == 3


def test_a_right_guess_costs_nothing() -> None:
    limit = GuessLimit(guesses=3)
    for _ in range(10):
        was_right = limit.guess("10.0.0.1", 0)
        assert was_right is not None
        was_right()
        was_right()
    assert guesses(limit, "10.0.0.1", 0, 5) == 3


def test_who_guesses_locks_out_nobody_else_but_all_together_are_limited() -> None:
    limit = GuessLimit(guesses=3, addresses=2)
    assert guesses(limit, "10.0.0.1", 0, 100) == 3
    assert guesses(limit, "10.0.0.2", 0, 2) == 2
    assert guesses(limit, "10.0.0.3", 0, 100) == 1
    assert guesses(limit, "10.0.0.4", 59, 100) == 0
    assert guesses(limit, "10.0.0.4", 60, 100) == 3


def test_an_address_of_ipv6_stands_for_its_network_and_nothing_else_gets_round_the_limit() -> None:
    limit = GuessLimit(guesses=1)
    assert guesses(limit, "2001:db8:0:1::1", 0, 1) == 1
    assert guesses(limit, "2001:db8:0:1:ffff::9", 0, 1) == 0
    assert guesses(limit, "2001:db8:0:2::1", 0, 1) == 1
    assert guesses(limit, "192.0.2.1", 0, 1) == 1
    assert guesses(limit, "::ffff:192.0.2.1", 0, 1) == 0
    assert network_of("x" * 1000) == network_of("x" * 64)
