"""Splits plain commands into words, quoted strings and ends of lines. What they mean is told by `command_parser`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

# What opens a string, and what may close it. Typographic quotes come in many national pairs, also mixed by keyboards.
_QUOTES = {
    '"': '"',
    "'": "'",
    "“": '”“"',
    "”": '”“"',
    "„": '“”"',
    "‘": "’‘",  # noqa: RUF001 - the quotes that word processors write
    "’": "’",  # noqa: RUF001 - the quotes that word processors write
    "‚": "‘’",  # noqa: RUF001 - the quotes that word processors write
    "«": "»",
    "»": "«",
    "「": "」",
}
_ESCAPES = {"n": "\n", "t": "\t"}


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    LINE_END = "end of the line"


@dataclass(frozen=True)
class Token:
    """One word, string or end of a line, and where it stands: line and column from 1."""

    kind: Kind
    text: str
    line: int
    column: int
    start: int
    end: int


def syntax_error(line: int, column: int, expected: str, found: str = "") -> TabwireError:
    """The text is not in the command language: where, and what would have been understood."""
    saw = f", not {found}" if found else ""
    return TabwireError(
        error_pb2.ERROR_CODE_COMMAND_SYNTAX,
        f"Line {line}, column {column}: expected {expected}{saw}.",
        remedy="Correct that line; docs/commands.md lists all commands.",
        details=error_pb2.ErrorDetails(syntax=error_pb2.SyntaxDetails(line=line, column=column, expected=expected)),
    )


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, with an end of line after the last.

    Raises `TabwireError` COMMAND_SYNTAX for a string that does not end.
    """
    tokens: list[Token] = []
    offset = 0
    for number, line in enumerate(text.split("\n"), start=1):
        tokens.extend(_line(line.rstrip("\r"), number, offset))
        end = offset + len(line)
        tokens.append(Token(Kind.LINE_END, "", number, len(line) + 1, end, end))
        offset = end + 1
    return tokens


def _line(line: str, number: int, offset: int) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(line):
        character = line[at]
        if character.isspace() or character == ",":
            at += 1
        elif character == "#":
            break
        elif character in _QUOTES:
            value, end = _string(line, at, number)
            tokens.append(Token(Kind.STRING, value, number, at + 1, offset + at, offset + end))
            at = end
        else:
            end = at
            while end < len(line) and not line[end].isspace():
                end += 1
            word = line[at:end].rstrip(",") or line[at:end]
            tokens.append(Token(Kind.WORD, word, number, at + 1, offset + at, offset + at + len(word)))
            at = end
    return tokens


def _string(line: str, start: int, number: int) -> tuple[str, int]:
    """The value of the string that begins here, and where it ends."""
    closing = _QUOTES[line[start]]
    value: list[str] = []
    at = start + 1
    while at < len(line):
        character = line[at]
        if character == "\\" and at + 1 < len(line):
            value.append(_ESCAPES.get(line[at + 1], line[at + 1]))
            at += 2
        elif character in closing and not _is_apostrophe(line, at):
            return "".join(value), at + 1
        else:
            value.append(character)
            at += 1
    raise syntax_error(number, len(line) + 1, f"a closing {closing[0]}")


def _is_apostrophe(line: str, at: int) -> bool:
    """A single quote between two letters belongs to a word, as in 'Don't ask'."""
    if line[at] not in "'’":  # noqa: RUF001 - the typographic one
        return False
    before, after = line[at - 1], line[at + 1 : at + 2]
    return before.isalpha() and after.isalpha()
