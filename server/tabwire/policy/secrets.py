"""Secrets, as far as that is pure: where one may be filled in, one-time passwords (RFC 6238), and taking values out of
what is shown. Keeping them is for `tabwire.security.secrets` and `tabwire.store`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import html
import json
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

_ALGORITHMS = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}
_DIGITS = range(6, 11)
# A shorter value is no secret that could be told from ordinary text.
_SHORTEST = 4


@dataclass(frozen=True)
class Totp:
    """How the one-time passwords of a shared secret are made."""

    key: bytes
    algorithm: str = "SHA1"
    digits: int = 6
    period_s: int = 30

    def at(self, seconds: float) -> str:
        """The password of a moment, in seconds since 1970."""
        counter = struct.pack(">Q", int(seconds) // self.period_s)
        mac = hmac.new(self.key, counter, _ALGORITHMS[self.algorithm]).digest()
        offset = mac[-1] & 0x0F
        number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
        return str(number % 10**self.digits).zfill(self.digits)


def read_totp(text: str) -> Totp | None:
    """Reads the shared secret of one-time passwords: base32, or an otpauth:// address. None if it is neither."""
    text = text.strip()
    if not text.lower().startswith("otpauth:"):
        key = _base32(text)
        return Totp(key) if key else None
    parts = urlsplit(text)
    told = {name.lower(): values[-1] for name, values in parse_qs(parts.query).items()}
    key = _base32(unquote(told.get("secret", "")))
    algorithm = told.get("algorithm", "SHA1").upper().replace("-", "")
    digits, period = told.get("digits", "6"), told.get("period", "30")
    if parts.netloc.lower() != "totp" or not key or algorithm not in _ALGORITHMS:
        return None
    if not (digits.isdecimal() and int(digits) in _DIGITS and period.isdecimal() and 1 <= int(period) <= 3600):
        return None
    return Totp(key, algorithm, int(digits), int(period))


def _base32(text: str) -> bytes:
    bare = "".join(text.split()).replace("-", "").rstrip("=").upper()
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except (binascii.Error, ValueError):
        return b""


def shown(name: str) -> str:
    """What stands in the place of a secret's value."""
    return f"<secret {name}>"


# What stays as it is where a browser writes an address: in its path, in its query, by encodeURIComponent, in a form.
_IN_ADDRESSES = ("!$&'()*+,/:;=@[]^|%", "!$&()*+,/:;=?@[]^`{|}%", "!'()*", "*")
_NUMBERED = re.compile(r"^(\d+)([.)])")


@lru_cache(maxsize=256)
def _written(value: str) -> frozenset[str]:
    """The ways in which a page, or what is made of it, writes a value."""
    folded = " ".join(value.split())
    ways = {value, folded}
    for one in (value, folded):
        ways |= {quote(one, safe=""), quote_plus(one, safe="*")}
        ways |= {quote(one, safe=safe) for safe in _IN_ADDRESSES}
        ways |= {json.dumps(one)[1:-1], json.dumps(one, ensure_ascii=False)[1:-1]}
        ways |= {html.escape(one), html.escape(one, quote=False)}
        # As the page's text is told in Markdown.
        ways |= {one.replace("|", "\\|"), one.replace("](", "\\]("), _NUMBERED.sub(r"\1\\\2", one)}
    return frozenset(way for way in ways if len(way) >= _SHORTEST)


def scrub(message: Message, values: Mapping[str, str]) -> None:
    """Replaces the values (by name) wherever they stand in the texts of a message. Bytes are left alone."""
    told = sorted(
        ((way, shown(name)) for name, value in values.items() if len(value) >= _SHORTEST for way in _written(value)),
        key=lambda pair: -len(pair[0]),
    )
    if told:
        _scrub(message, told)


def _scrub(message: Message, told: list[tuple[str, str]]) -> None:
    data = message.SerializeToString()
    if not any(value.encode() in data for value, _ in told):
        return
    for field, held in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _scrub_map(held, field, told)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in held if field.is_repeated else [held]:
                _scrub(one, told)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                held[:] = [_replaced(text, told) for text in held]
            else:
                setattr(message, field.name, _replaced(held, told))


def _scrub_map(held: object, field: FieldDescriptor, told: list[tuple[str, str]]) -> None:
    entry = field.message_type
    if entry is None or entry.fields_by_name["value"].type != FieldDescriptor.TYPE_STRING:
        return
    texts: dict[str, str] = held  # type: ignore[assignment] # a map of texts
    for key in list(texts):
        if (new := _replaced(texts[key], told)) != texts[key]:
            texts[key] = new


def _replaced(text: str, told: list[tuple[str, str]]) -> str:
    for value, instead in told:
        text = text.replace(value, instead)
    return text
