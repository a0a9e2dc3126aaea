"""The local certificate authority and the edge's certificate.

Makes both on the first start, renews the edge's certificate in time, and tells the hash that a managed Chromium is
given. The authority can only vouch for this computer and for the names in the settings, so a stolen key is of no use
elsewhere. Who is made to trust the authority is left to `tabwire certs install`; serving the certificate to Envoy.

There are two certificates of the one authority. `ca.pem` is limited to names and addresses and is what browsers trust.
gRPC's own TLS library (BoringSSL) refuses every chain that limits addresses, so programs on gRPC trust `ca-grpc.pem`:
the same key and name, limited to names alone. It is for programs that name it for one connection, never for a browser.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CA_LIFE = timedelta(days=3650)
_SERVER_LIFE = timedelta(days=90)
_BACKDATE = timedelta(hours=1)  # another clock on the same network may be a little behind
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Certificates:
    """Where the files are, and what was done to them by `ensure`."""

    ca: Path
    grpc_ca: Path
    chain: Path
    key: Path
    ca_made: bool
    server_made: bool


def ensure(
    keys: Path, hosts: Sequence[str] = (), *, now: datetime | None = None, life: timedelta = _SERVER_LIFE
) -> Certificates:
    """Makes or renews what is missing, unreadable, soon over, or not good for all the hosts.

    `life` is that of an edge's certificate that is made now.

    A new authority is made only when there is none, or when the old one may not vouch for a host that the settings
    name now; the programs that trusted the old one must then trust the new one.
    """
    moment = now or datetime.now(UTC)
    names, addresses = _split(hosts)
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_made = not _ca_is_good(keys, names, addresses, moment + life)
    if ca_made:
        _make_ca(keys, names, addresses, moment)
    server_made = ca_made or not _server_is_good(keys, names, addresses, moment)
    if server_made:
        _make_server(keys, names, addresses, moment, life)
    return Certificates(
        keys / "ca.pem", keys / "ca-grpc.pem", keys / "server.pem", keys / "server.key", ca_made, server_made
    )


def spki_sha256(certificate: Path) -> str:
    """The base64 SHA-256 of a certificate's public key, as Chromium's list of excused keys takes it."""
    spki = (
        _load(certificate)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def fingerprint(certificate: Path) -> str:
    """The SHA-256 fingerprint of a certificate, as browsers show it."""
    return _load(certificate).fingerprint(hashes.SHA256()).hex(":").upper()


def expires_at(certificate: Path) -> datetime:
    """When a certificate ends."""
    return _load(certificate).not_valid_after_utc


def begins_at(certificate: Path) -> datetime:
    """From when on a certificate is good."""
    return _load(certificate).not_valid_before_utc


def hosts_of(certificate: Path) -> list[str]:
    """The names and addresses that a certificate is good for."""
    alternative = _load(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [
        *alternative.get_values_for_type(x509.DNSName),
        *(str(address) for address in alternative.get_values_for_type(x509.IPAddress)),
    ]


def der(certificate: Path) -> bytes:
    """A certificate as it is shown in a TLS handshake."""
    return _load(certificate).public_bytes(serialization.Encoding.DER)


def _load(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"The certificate {path} cannot be read.",
            remedy="Start `tabwire up`, which makes it.",
        ) from error


def _split(hosts: Sequence[str]) -> tuple[list[str], list[_Address]]:
    """Names and addresses apart, with this computer's own first and without what cannot be connected to."""
    names, addresses = ["localhost"], [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    for host in (part.strip().strip("[]").lower() for part in hosts):
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if host and host not in names:
                names.append(host)
            continue
        if not address.is_unspecified and address not in addresses:
            addresses.append(address)
    return names, addresses


def _constraints(names: Sequence[str], addresses: Sequence[_Address] | None) -> x509.NameConstraints:
    """What the authority may vouch for; with None for addresses, only names are limited."""
    if addresses is None:
        return x509.NameConstraints(permitted_subtrees=[x509.DNSName(name) for name in names], excluded_subtrees=None)
    networks = [*_LOOPBACK, *(ipaddress.ip_network(a) for a in addresses if not any(a in net for net in _LOOPBACK))]
    return x509.NameConstraints(
        permitted_subtrees=[*(x509.DNSName(name) for name in names), *(x509.IPAddress(net) for net in networks)],
        excluded_subtrees=None,
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tabwire"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def _read_pair(cert: Path, key: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """A certificate with its key, or nothing if one is missing, damaged, or they do not belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(cert.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or certificate.public_key() != private.public_key():
        return None
    return certificate, private


def _ca_is_good(keys: Path, names: Sequence[str], addresses: Sequence[_Address], until: datetime) -> bool:
    pair = _read_pair(keys / "ca.pem", keys / "ca.key")
    if pair is None or pair[0].not_valid_after_utc < until:
        return False
    if _read_pair(keys / "ca-grpc.pem", keys / "ca.key") is None:
        return False
    try:
        permitted = pair[0].extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return False
    allowed_names = {subtree.value for subtree in permitted if isinstance(subtree, x509.DNSName)}
    networks = [subtree.value for subtree in permitted if isinstance(subtree, x509.IPAddress)]
    return all(name in allowed_names for name in names) and all(
        any(isinstance(net, ipaddress.IPv4Network | ipaddress.IPv6Network) and address in net for net in networks)
        for address in addresses
    )


def _server_is_good(keys: Path, names: Sequence[str], addresses: Sequence[_Address], now: datetime) -> bool:
    authority = _read_pair(keys / "ca.pem", keys / "ca.key")
    pair = _read_pair(keys / "server.pem", keys / "server.key")
    if authority is None or pair is None:
        return False
    certificate = pair[0]
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if now < certificate.not_valid_before_utc or certificate.not_valid_after_utc - now < life / 3:
        return False
    try:
        certificate.verify_directly_issued_by(authority[0])
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return set(names) <= set(alternative.get_values_for_type(x509.DNSName)) and set(addresses) <= set(
        alternative.get_values_for_type(x509.IPAddress)
    )


def _make_ca(keys: Path, names: Sequence[str], addresses: Sequence[_Address], now: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    _write(keys / "ca.key", _pem_key(private), 0o600)
    for file, limited in (("ca.pem", addresses), ("ca-grpc.pem", None)):
        certificate = _authority(private, _constraints(names, limited), now)
        _write(keys / file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _authority(private: ec.EllipticCurvePrivateKey, limits: x509.NameConstraints, now: datetime) -> x509.Certificate:
    subject = _subject("Tabwire local authority")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(limits, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )


def _make_server(
    keys: Path, names: Sequence[str], addresses: Sequence[_Address], now: datetime, life: timedelta
) -> None:
    pair = _read_pair(keys / "ca.pem", keys / "ca.key")
    if pair is None:
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"The local authority in {keys} was changed while it was used.",
            remedy="Start `tabwire up` again.",
        )
    authority, signer = pair
    private = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_subject("Tabwire edge"))
        .issuer_name(authority.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(min(now + life, authority.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName(
                [*(x509.DNSName(name) for name in names), *(x509.IPAddress(address) for address in addresses)]
            ),
            critical=False,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write(keys / "server.key", _pem_key(private), 0o600)
    # The authority is part of the chain that is served, so that Chromium's list of key hashes may name either.
    chain = [certificate, authority]
    _write(keys / "server.pem", b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain), 0o644)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem_key(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Writes a whole file or nothing; a key is never readable by others, not even for a moment."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.chmod(mode)
    temporary.replace(path)
