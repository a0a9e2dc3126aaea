"""The local authority: what it vouches for, when it renews, and who can read its keys."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tabwire.errors import TabwireError
from tabwire.security import ca

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for key in (made.key, tmp_path / "keys" / "ca.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not [path for path in (tmp_path / "keys").iterdir() if path.name.startswith(".")]


def test_the_authority_vouches_for_this_computer_only(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path, ["127.0.0.1", "box.lan", "192.168.7.5"])
    constraints = load(made.ca).extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = {subtree.value for subtree in constraints.value.permitted_subtrees or []}
    assert permitted == {
        "localhost",
        "box.lan",
        ipaddress.ip_network("127.0.0.0/8"),
        ipaddress.ip_network("::1/128"),
        ipaddress.ip_network("192.168.7.5/32"),
    }


def test_the_server_certificate(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path, ["127.0.0.1", "box.lan"])
    certificate = load(made.chain)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "box.lan"]
    assert ipaddress.ip_address("::1") in names.get_values_for_type(x509.IPAddress)
    certificate.verify_directly_issued_by(load(made.ca))
    certificate.verify_directly_issued_by(load(made.grpc_ca))


@pytest.mark.parametrize("authority", ["ca.pem", "ca-grpc.pem"])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_openssl_trusts_it(tmp_path: Path, authority: str, name: str) -> None:
    made = ca.ensure(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(made.chain, made.key)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with serving.wrap_socket(theirs, server_side=True) as wrapped:
            wrapped.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with ssl.create_default_context(cafile=tmp_path / authority).wrap_socket(ours, server_hostname=name) as wrapped:
        wrapped.send(b"x")
    thread.join()


def test_nothing_is_made_twice(tmp_path: Path) -> None:
    first = ca.ensure(tmp_path, now=NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = ca.ensure(tmp_path, now=NOW + timedelta(days=59))
    assert (first.ca_made, first.server_made) == (True, True)
    assert (again.ca_made, again.server_made) == (False, False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_renewal_within_the_last_third_of_its_life(tmp_path: Path) -> None:
    ca.ensure(tmp_path, now=NOW)
    authority = (tmp_path / "ca.pem").read_bytes()
    renewed = ca.ensure(tmp_path, now=NOW + timedelta(days=61))
    assert (renewed.ca_made, renewed.server_made) == (False, True)
    assert (tmp_path / "ca.pem").read_bytes() == authority
    assert ca.expires_at(renewed.chain) > NOW + timedelta(days=149)


def test_a_new_host_makes_a_new_authority(tmp_path: Path) -> None:
    ca.ensure(tmp_path)
    assert ca.ensure(tmp_path, ["box.lan"]).ca_made
    assert not ca.ensure(tmp_path, ["box.lan"]).ca_made
    # One host fewer is no reason: what the old authority may vouch for includes what is left.
    assert not ca.ensure(tmp_path).server_made


@pytest.mark.parametrize("name", ["ca.pem", "ca-grpc.pem", "ca.key", "server.pem", "server.key"])
@pytest.mark.parametrize("harm", ["gone", "empty", "foreign"])
def test_what_is_damaged_is_made_again(tmp_path: Path, name: str, harm: str) -> None:
    keys, other = tmp_path / "keys", tmp_path / "other"
    ca.ensure(keys)
    ca.ensure(other)
    if harm == "gone":
        (keys / name).unlink()
    else:
        (keys / name).write_bytes(b"" if harm == "empty" else (other / name).read_bytes())
    assert ca.ensure(keys).server_made
    load(keys / "server.pem").verify_directly_issued_by(load(keys / "ca.pem"))
    again = ca.ensure(keys)
    assert (again.ca_made, again.server_made) == (False, False)


def test_the_hash_that_chromium_takes(tmp_path: Path) -> None:
    made = ca.ensure(tmp_path)
    assert len(ca.spki_sha256(made.ca)) == 44
    assert ca.spki_sha256(made.ca) == ca.spki_sha256(made.grpc_ca)
    assert ca.spki_sha256(made.ca) != ca.spki_sha256(made.chain)


def test_no_certificate_yet(tmp_path: Path) -> None:
    with pytest.raises(TabwireError) as caught:
        ca.expires_at(tmp_path / "ca.pem")
    assert "tabwire up" in caught.value.info.remedy
