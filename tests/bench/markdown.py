"""Tables and numbers in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table, and the empty line after it."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def safe(text: str) -> str:
    """A message of another program inside a table."""
    return text.replace("|", "/").replace("<", "&lt;").replace("`", "'")


def ms(value: float) -> str:
    """Milliseconds without their unit."""
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"


def or_dash(value: float | None) -> str:
    """The same, of something that may be missing."""
    return "-" if value is None else ms(value)


def count(value: float | None) -> str:
    """A whole number that may be missing."""
    return "-" if value is None else f"{value:,.0f}"
