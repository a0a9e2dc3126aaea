"""What an action on an element leads to, as far as its labels, its form and its kind tell. Pure, and without a page.

Labels are compared after what could disguise them is taken away: case, accents, invisible characters, letters of other
scripts that look alike, and letters set apart. The words are data (`words.json`). A page that says "Next" and buys is
not seen through; where that matters, a policy denies the origin or asks about any change.
The twin of `extension/policy/consequences.ts`; both are held to `tests/vectors/policy/consequences.json`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from urllib.parse import unquote

from tabwire.v1 import policy_pb2 as pb

# A label that is longer says other things, too: a card that can be clicked as a whole is no button of its words.
_MAX_LABEL = 160
# What leads to another page by an address alone is a way and no deed, unless it is named like one, shortly.
_MAX_LINK_WORDS = 4

_NAMES = {
    "buy": pb.CONSEQUENCE_BUY,
    "send": pb.CONSEQUENCE_SEND,
    "delete": pb.CONSEQUENCE_DELETE,
    "publish": pb.CONSEQUENCE_PUBLISH,
    "credentials": pb.CONSEQUENCE_CREDENTIALS,
}
# Letters that look like Latin ones: in words that also have Latin letters, or no others than these.
_ALIKE = str.maketrans("авеікмнорстухјѕԁɡοαενικρτυχ", "abeikmhopctyxjsdgoaevikptux")
_LATIN = re.compile(r"[a-z]")
# Scripts that set no spaces between words, or join endings on to them.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Field:
    """One field of a form: its type, its `autocomplete`, and what labels and names it."""

    type: str = ""
    autocomplete: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What is known of an action and of its element."""

    kind: str
    changes: bool = False
    """Its effect class is MUTATE or COMMIT."""
    activates: bool = False
    """It presses what the labels name: a click, Enter or Space."""
    submits: bool = False
    """It sends the form that the fields belong to."""
    is_link: bool = False
    """Pressing it leads to an address and does nothing else."""
    address: str = ""
    """That address, as the link has it; empty if it is not known, or if the page does something of its own besides."""
    downloads: bool = False
    """It is a link that downloads."""
    accepts_dialog: bool = False
    labels: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()


def classify(facts: Facts) -> frozenset[pb.Consequence.ValueType]:
    """What the action leads to."""
    found: set[pb.Consequence.ValueType] = set()
    if facts.changes:
        found.add(pb.CONSEQUENCE_ANY_CHANGE)
    if facts.kind == "run_javascript":
        found.add(pb.CONSEQUENCE_JAVASCRIPT)
    if facts.kind == "upload_files":
        found.add(pb.CONSEQUENCE_UPLOAD)
    if facts.downloads and facts.activates:
        found.add(pb.CONSEQUENCE_DOWNLOAD)
    if facts.accepts_dialog:
        found.add(pb.CONSEQUENCE_DIALOG)
    if facts.activates:
        for label in facts.labels:
            found.update(_of_label(label, is_link=facts.is_link, may_read=_is_plain(facts)))
    if facts.submits:
        found.update(_of_form(facts.fields))
    return frozenset(found)


def _of_form(fields: tuple[Field, ...]) -> set[pb.Consequence.ValueType]:
    purposes = [purpose(field) for field in fields]
    found = set()
    if "payment" in purposes:
        found.add(pb.CONSEQUENCE_BUY)
    if "new_password" in purposes or purposes.count("password") > 1:
        found.add(pb.CONSEQUENCE_CREDENTIALS)
    if "message" in purposes:
        found.add(pb.CONSEQUENCE_SEND)
    return found


def purpose(field: Field) -> str:
    """What a field is for: payment, new_password, password, message, or empty for anything else."""
    told = field.autocomplete.lower().split()
    if any(token.startswith("cc-") for token in told):
        return "payment"
    if "new-password" in told:
        return "new_password"
    if field.type == "password":
        return "password"
    words = _vocabulary()["fields"]
    labels = [plain(label) for label in field.labels]
    if any(_has(label, words["payment"]) for label in labels):
        return "payment"
    # A line for a message may be a search; an area of text, or an editor, is not.
    if field.type == "textarea" and any(_has(label, words["message"]) for label in labels):
        return "message"
    return ""


# What stands between the parts of an address.
_PARTS = re.compile(r"[/?#&=;:]+")


def _is_plain(facts: Facts) -> bool:
    """Whether a link's address is known, and no part of it says that following it does something: `/delete/12`.

    Parts are compared whole: `/help/delete-account` is the name of a page.
    """
    if not facts.is_link or not facts.address:
        return False
    parts = {plain(unquote(part)) for part in _PARTS.split(facts.address)}
    return parts.isdisjoint(_vocabulary()["reading"]["acting"])


def _is_about(text: str) -> bool:
    """Whether a link's label names a page about a deed, as "Delete account help", and not the deed."""
    reading = _vocabulary()["reading"]
    return text in reading["labels"] or any(
        text.endswith(word if _UNSPACED.search(word) else f" {word}") for word in reading["endings"]
    )


@lru_cache(maxsize=4096)
def _of_label(label: str, *, is_link: bool, may_read: bool) -> frozenset[pb.Consequence.ValueType]:
    text = plain(label)
    if not text or len(text) > _MAX_LABEL:
        return frozenset()
    if is_link and (len(text.split()) > _MAX_LINK_WORDS or (may_read and _is_about(text))):
        return frozenset()
    found = set()
    for name, consequence in _NAMES.items():
        words = _vocabulary()[name]
        # Such words name places, too: a folder "Trash", a book. What they are on is a button where they name a deed.
        is_whole = not is_link and text in words["whole"]
        is_one = is_whole or text.replace(" ", "") in _squeezed(name)
        if is_one or _has(text, words["phrases"], at_start=is_link):
            found.add(consequence)
    return frozenset(found)


def _has(text: str, phrases: tuple[str, ...], *, at_start: bool = False) -> bool:
    padded = f" {text} "
    for phrase in phrases:
        if _UNSPACED.search(phrase):
            if phrase in text:
                return True
        elif padded.startswith(f" {phrase} ") or (not at_start and f" {phrase} " in padded):
            return True
    return False


@lru_cache(maxsize=8192)
def plain(label: str) -> str:
    """A label without what could disguise it: only letters and digits, words set apart by one space."""
    folded = unicodedata.normalize("NFKC", label[:2000]).lower().replace("ß", "ss").replace("\u0131", "i")
    decomposed = unicodedata.normalize("NFD", folded)
    letters = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    letters = letters.translate({0x142: "l", 0xF8: "o", 0x111: "d", 0xE6: "ae"})
    composed = unicodedata.normalize("NFC", letters)
    spaced = "".join(c if _is_letter(c) else " " for c in composed)
    words = [_unmasked(word) for word in spaced.split()]
    return " ".join(_joined(words))


def _unmasked(word: str) -> str:
    looks_latin = _LATIN.search(word) is not None or all(ord(char) in _ALIKE for char in word)
    return word.translate(_ALIKE) if looks_latin else word


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in ("L", "N", "M")


def _joined(words: list[str]) -> list[str]:
    """Letters that are set apart are one word: three of them or more in a row."""
    out: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if len(word) == 1 and not _UNSPACED.search(word):
            run.append(word)
            continue
        out.extend(["".join(run)] if len(run) > 2 else run)
        run = []
        if word:
            out.append(word)
    return out


@cache
def _squeezed(name: str) -> frozenset[str]:
    """The phrases of a deed as they are in a label whose letters are all set apart, or not apart at all."""
    return frozenset(phrase.replace(" ", "") for phrase in _vocabulary()[name]["phrases"])


@cache
def _vocabulary() -> dict[str, dict[str, tuple[str, ...]]]:
    """The words, written as `plain` writes labels."""
    read = json.loads(resources.files("tabwire.policy").joinpath("words.json").read_text(encoding="utf-8"))
    return {
        name: {part: tuple(dict.fromkeys(plain(word) for word in words)) for part, words in parts.items()}
        for name, parts in read.items()
        if name != "about"
    }
