"""Names in texts."""

from __future__ import annotations

import pytest

from tabwire.agent.mentions import places, quoted


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Go", "go on, Go!", [0, 7]),
        ("Go", "Google the goat", []),
        ("Add to  cart", "now add\nto cart", [4]),
        ("C++", "Learn C++ now", [6]),
        ("2", "2", []),
        ("", "anything", []),
    ],
)
def test_names_are_found_in_whole_words(name: str, text: str, found: list[int]) -> None:
    assert places(name, text) == found


def test_capitals_and_short_names_count_where_they_are_to() -> None:
    assert places("Go", "go on, Go!", exactly=True) == [7]
    assert places("2", "page 2", shortest=1) == [5]
    assert places("", "page 2", shortest=0) == []


def test_what_stands_in_quotation_marks() -> None:
    assert quoted("press \"Go\", 'Add', “Buy now” or «Plus»") == ["Go", "Add", "Buy now", "Plus"]
    assert quoted('"x" is too short') == []
