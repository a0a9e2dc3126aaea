"""Addresses and origin patterns: read as Chrome reads them, compared part by part, never by how they begin.

The twin of `extension/policy/origins.ts`; both are held to `tests/vectors/policy/origins.json`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

import ada_url

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Documents that the browser or a page makes up by itself.
_LOCAL_SCHEMES = frozenset({"data", "blob", "filesystem", "file"})
# Name endings that no public server can have.
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa")
_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "198.18.0.0/15", "::/127", "fc00::/7", "fe80::/10", "fec0::/10"),
    )
)
# IPv6 addresses that hold an IPv4 address, and how many bits behind it.
_EMBEDDING = ((ipaddress.ip_network("::ffff:0:0/96"), 0), (ipaddress.ip_network("64:ff9b::/96"), 0))
_EMBEDDING_6TO4 = ipaddress.ip_network("2002::/16")
_MAX_ADDRESS = 65_536


@dataclass(frozen=True)
class Address:
    """What counts of an address. `host` is empty for one that has no origin of its own."""

    scheme: str
    host: str
    port: str
    is_local: bool = False
    """A document of a data:, blob:, filesystem: or file: address."""

    @property
    def origin(self) -> str:
        """The origin for a person."""
        if not self.host:
            return f"{self.scheme}:"
        return f"{self.scheme}://{self.host}" + (
            "" if _DEFAULT_PORTS.get(self.scheme) == self.port else f":{self.port}"
        )

    @property
    def is_private(self) -> bool:
        """Whether it is on this computer or in a private network, as far as the address tells."""
        return bool(self.host) and is_private_host(self.host)


@dataclass(frozen=True)
class Pattern:
    """A pattern that was read. `scheme` empty: http and https; `port` empty: the scheme's own, "*": any."""

    scheme: str
    host: str
    port: str
    subdomains: bool

    @property
    def names_private(self) -> bool:
        """Whether it names one private host, by itself."""
        return not self.subdomains and self.host != "*" and is_private_host(self.host)

    def matches(self, address: Address) -> bool:
        """Whether an address lies in it."""
        if address.scheme not in _DEFAULT_PORTS or self.scheme not in ("", address.scheme):
            return False
        if self.port != "*" and address.port != (self.port or _DEFAULT_PORTS[address.scheme]):
            return False
        if self.host == "*":
            return True
        return address.host == self.host or (self.subdomains and address.host.endswith(f".{self.host}"))


@lru_cache(maxsize=4096)
def read_address(url: str) -> Address | None:
    """Reads an address as Chrome does; None if it is none."""
    if len(url) > _MAX_ADDRESS:
        return None
    try:
        parsed = ada_url.URL(url)
        scheme = parsed.protocol.removesuffix(":")
        if scheme in _LOCAL_SCHEMES:
            inner = read_address(url.strip()[len(scheme) + 1 :]) if scheme in ("blob", "filesystem") else None
            if inner is not None and inner.scheme in _DEFAULT_PORTS:
                return Address(inner.scheme, inner.host, inner.port, is_local=True)
            return Address(scheme, "", "", is_local=True)
        if scheme not in _DEFAULT_PORTS:
            return Address(scheme, "", "")
        return Address(scheme, _host(parsed.hostname), parsed.port or _DEFAULT_PORTS[scheme])
    except (ValueError, UnicodeError):
        return None


_PATTERN = re.compile(r"(?:(https?)://)?(\*\.)?(\*|\[[0-9a-fA-F:.]+\]|[^\s/?#@\\:*\[\]]+)(?::(\*|[0-9]{1,5}))?/?")


@lru_cache(maxsize=4096)
def read_pattern(text: str) -> Pattern | None:
    """Reads an origin pattern; None if it is none."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        return None
    scheme, star, host, port = found[1] or "", found[2] is not None, found[3], found[4] or ""
    if host == "*":
        return None if star else Pattern(scheme, "*", _port(scheme, port), subdomains=False)
    address = read_address(f"https://{host}/")
    if address is None or not address.host or (star and _ip(address.host) is not None):
        return None
    if port not in ("", "*") and int(port) > 65_535:
        return None
    return Pattern(scheme, address.host, _port(scheme, port), subdomains=star)


def matches_any(patterns: list[str] | tuple[str, ...], address: Address) -> bool:
    """Whether an address lies in one of some patterns. One that cannot be read matches nothing."""
    return any((pattern := read_pattern(text)) is not None and pattern.matches(address) for text in patterns)


@lru_cache(maxsize=4096)
def is_private_host(host: str) -> bool:
    """Whether a host is on this computer or in a private network: by number, by name without dots, or by ending."""
    number = _ip(host)
    if number is None:
        return "." not in host or host.endswith(_PRIVATE_ENDINGS)
    if isinstance(number, ipaddress.IPv6Address):
        for network, shift in _EMBEDDING:
            if number in network:
                return is_private_host(str(ipaddress.IPv4Address(int(number) >> shift & 0xFFFFFFFF)))
        if number in _EMBEDDING_6TO4:
            return is_private_host(str(ipaddress.IPv4Address(int(number) >> 80 & 0xFFFFFFFF)))
    return any(number in network for network in _NETWORKS if network.version == number.version)


def _port(scheme: str, port: str) -> str:
    """The scheme's own port is the same as none."""
    port = port if port in ("", "*") else str(int(port))
    return "" if scheme and port == _DEFAULT_PORTS[scheme] else port


def _host(hostname: str) -> str:
    """One trailing dot means the same host."""
    return hostname[:-1] if hostname.endswith(".") and len(hostname) > 1 else hostname


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
