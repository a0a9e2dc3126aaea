"""Reads a JSON object that is still being written: what its text fields say so far, for those who watch.

Takes each character once. It does not judge: what the whole answer means is for `tabwire.agent.decision`.
"""

from __future__ import annotations

import json


class PartialObject:
    """The text fields of the outermost object, as far as they have come."""

    def __init__(self) -> None:
        self._done: dict[str, str] = {}
        self._depth = 0
        self._string: list[str] | None = None
        """What has come of the string that is being written, still escaped; None outside of strings."""
        self._escaped = False
        self._key = ""
        self._last = ""
        self._after_colon = False

    def feed(self, text: str) -> None:
        """Takes the next piece."""
        for character in text:
            if self._string is not None:
                self._in_string(self._string, character)
            elif character == '"' and self._depth:
                self._string = []
            elif character in "{[":
                self._depth += 1
                self._after_colon = False
            elif character in "}]":
                self._depth -= 1
            elif character == ":" and self._depth == 1:
                self._key, self._after_colon = self._last, True
            elif character == "," and self._depth == 1:
                self._key, self._after_colon = "", False

    def get(self, name: str) -> str:
        """What a field says so far; empty if it has not begun."""
        if name in self._done:
            return self._done[name]
        if self._string is not None and self._after_colon and self._depth == 1 and self._key == name:
            return _plain("".join(self._string))
        return ""

    def _in_string(self, string: list[str], character: str) -> None:
        if self._escaped:
            self._escaped = False
        elif character == "\\":
            self._escaped = True
        elif character == '"':
            text = _plain("".join(string))
            if self._depth == 1 and self._after_colon:
                self._done.setdefault(self._key, text)
            self._last, self._string = text, None
            return
        string.append(character)


def _plain(escaped: str) -> str:
    """A string without its escapes; an escape that is not whole yet is left out."""
    for end in range(len(escaped), max(len(escaped) - 12, -1), -1):
        try:
            text = json.loads(f'"{escaped[:end]}"', strict=False)
        except ValueError:
            continue
        # Half of a character that takes two escapes is none.
        return str(text).encode("utf-8", "ignore").decode()
    return ""
