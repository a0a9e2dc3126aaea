"""Names of keys as people write them in plain commands, and as the contract writes them."""

from __future__ import annotations

_NAMES = {
    name.lower(): name
    for name in (
        "Enter", "Tab", "Escape", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown",
        "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", *(f"F{number}" for number in range(1, 13)),
    )
} | {"esc": "Escape", "return": "Enter", "del": "Delete", "space": "Space"}  # fmt: skip
_MODIFIERS = {
    "control": "Control",
    "ctrl": "Control",
    "shift": "Shift",
    "alt": "Alt",
    "meta": "Meta",
    "cmd": "Meta",
    "command": "Meta",
}


def key_name(word: str) -> str | None:
    """A key or chord by its name in the contract, or None if there is no such key."""
    *modifiers, key = word.split("+") if word != "+" and not word.endswith("++") else [*word[:-2].split("+"), "+"]
    found = [_MODIFIERS.get(modifier.lower()) for modifier in modifiers if modifier]
    name = _NAMES.get(key.lower()) or (key if len(key) == 1 and not key.isspace() else None)
    if name is None or None in found:
        return None
    return "+".join([*(modifier for modifier in found if modifier), name])
