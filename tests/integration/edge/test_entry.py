"""Who is let in at the edge: origins with every trick of headers, TLS old and weak, and the server's own door."""

from __future__ import annotations

import asyncio
import socket
import ssl
import stat
import subprocess
from typing import TYPE_CHECKING

import grpc
import pytest

from tabwire import origins
from tabwire.settings import Settings
from tabwire.v1 import auth_service_pb2, auth_service_pb2_grpc

from .speaking import PAIR, WEB, WHO_AM_I, Answer, Caller, post

if TYPE_CHECKING:
    from .conftest import Edge, EdgeWith

OWN = origins.own()


async def ask(edge: Edge, *headers: tuple[str, str], method: str = "POST", path: str = WHO_AM_I) -> Answer:
    """A call with these headers beside the usual ones, on a connection of its own."""

    def work() -> Answer:
        with Caller(edge.settings) as caller:
            token = ("authorization", f"Bearer {edge.token()}")
            return caller.ask(path, [*WEB.items(), token, ("host", "x"), *headers], method=method)

    return await asyncio.to_thread(work)


TRICKS = [
    ["null"],
    [""],
    [" "],
    ["*"],
    [OWN.upper()],
    [f"{OWN}."],
    [f"{OWN}/"],
    [f"{OWN}:443"],
    [f"{OWN}.evil.example"],
    [f"https://{OWN.removeprefix('chrome-extension://')}"],
    [OWN.removeprefix("chrome-extension://")],
    [f"{OWN}\t{OWN}"],
    [f"{OWN},{OWN}"],
    [OWN, "https://evil.example"],
    ["https://evil.example", OWN],
    [OWN, OWN],
    [OWN, "null"],
    ["", "https://evil.example"],
    ["https://evil.example", "null", OWN],
]


async def test_only_the_very_origin_gets_in(edge: Edge) -> None:
    for tried in TRICKS:
        for path in (WHO_AM_I, PAIR):
            answer = await ask(edge, *(("origin", value) for value in tried), path=path)
            assert answer.status == 403, tried
            assert answer.headers["x-tabwire-edge"] == "origin"
            assert "access-control-allow-origin" not in answer.headers
    assert edge.behind.calls == 0


async def test_how_the_header_is_written_makes_no_difference(edge: Edge) -> None:
    for name in ("origin", "Origin", "ORIGIN"):
        assert (await ask(edge, (name, OWN))).grpc_status == "0"
        assert (await ask(edge, (name, "https://evil.example"))).status == 403
    assert (await ask(edge, ("origin", OWN), ("origin", ""))).grpc_status == "0", "an empty second one says nothing"


async def test_other_headers_do_not_stand_for_the_origin(edge: Edge) -> None:
    for headers in (
        [("x-forwarded-host", OWN), ("referer", OWN)],
        [("x-original-origin", OWN)],
        [("x-envoy-original-path", PAIR)],
        [("x-forwarded-for", "127.0.0.1")],
    ):
        assert (await ask(edge, ("origin", "https://evil.example"), *headers)).status == 403, headers


async def test_a_preflight_of_another_origin_is_given_nothing(edge: Edge) -> None:
    wanted = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")]
    other = await ask(edge, ("origin", "https://evil.example"), *wanted, method="OPTIONS")
    assert "access-control-allow-origin" not in other.headers
    own = await ask(edge, ("origin", OWN), *wanted, method="OPTIONS")
    assert own.headers["access-control-allow-origin"] == OWN
    assert edge.behind.calls == 0


async def test_origins_that_the_settings_add(edge_with: EdgeWith) -> None:
    mine = "https://console.example"
    edge = await edge_with(allowed_origins=f"{mine}, chrome-extension://{'a' * 32}")
    for origin in (OWN, mine, f"chrome-extension://{'a' * 32}"):
        answer = await ask(edge, ("origin", origin))
        assert (answer.grpc_status, answer.headers["access-control-allow-origin"]) == ("0", origin)
    for origin in ("https://console.example.evil", "http://console.example", f"chrome-extension://{'b' * 32}"):
        assert (await ask(edge, ("origin", origin))).status == 403


@pytest.mark.parametrize(
    "value",
    ["*", "null", "https://x.example/", "http://x.example", "x.example", "https://X.example", "https://u@x.example"],
)
def test_settings_take_only_exact_and_safe_origins(value: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        Settings(allowed_origins=value)


async def test_a_path_written_otherwise_opens_no_door(edge: Edge) -> None:
    """Nothing but pairing and health goes without a token, however the path is written."""

    def work(path: str) -> Answer:
        with Caller(edge.settings) as caller:
            return caller.ask(path, [*WEB.items(), ("host", "x")])

    for path in (
        "/tabwire.v1.AuthService/pair",
        f"/x/..{WHO_AM_I}",
        f"/{WHO_AM_I}",
        "/tabwire%2ev1.x/y",
        "/x%2f..%2fy",
    ):
        answer = await asyncio.to_thread(work, path)
        # What calls itself gRPC is refused in its words.
        assert answer.status in {400, 401} or answer.headers["grpc-status"] == "3", path
    assert edge.behind.calls == 0


# -- TLS ---------------------------------------------------------------------------------------------------------------


def handshake(edge: Edge, context: ssl.SSLContext) -> tuple[str, str]:
    """The version and the cipher that were agreed on."""
    settings = edge.settings
    with (
        socket.create_connection((settings.host, settings.port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        cipher = secure.cipher()
        return str(secure.version()), cipher[0] if cipher else ""


def client(edge: Edge) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=edge.settings.ca_path)


async def test_what_browsers_and_programs_of_today_speak(edge: Edge) -> None:
    assert handshake(edge, client(edge))[0] == "TLSv1.3"
    for cipher in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-GCM-SHA384"):
        context = client(edge)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher)
        assert handshake(edge, context) == ("TLSv1.2", cipher)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_versions_are_refused_by_the_edge(edge: Edge) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = client(edge)
        context.set_ciphers("ALL:@SECLEVEL=0")  # else it would be this side that refuses
        context.minimum_version = context.maximum_version = version
        with pytest.raises(ssl.SSLError, match=r"(?i)alert|protocol"):
            handshake(edge, context)


async def test_weak_ciphers_are_refused(edge: Edge) -> None:
    for ciphers in (
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA384",
        "AES128-SHA",
        "aNULL",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ):
        context = client(edge)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            handshake(edge, context)


async def test_key_exchange(edge: Edge) -> None:
    settings = edge.settings

    def agreed(group: str) -> bool:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"{settings.host}:{settings.port}", "-groups", group, "-brief",
             "-CAfile", str(settings.ca_path)],
            input="", capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        return "CONNECTION ESTABLISHED" in done.stdout + done.stderr

    found = {group: await asyncio.to_thread(agreed, group) for group in ("X25519", "P-256", "P-521", "ffdhe2048")}
    assert found == {"X25519": True, "P-256": True, "P-521": False, "ffdhe2048": False}


async def test_h2_and_http11_are_offered_and_nothing_else(edge: Edge) -> None:
    for offered, agreed in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["spdy/3"], None)):
        context = client(edge)
        context.set_alpn_protocols(offered)
        settings = edge.settings
        with (
            socket.create_connection((settings.host, settings.port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            assert secure.selected_alpn_protocol() == agreed


# -- the server's own door ---------------------------------------------------------------------------------------------


async def test_the_server_is_behind_a_closed_door_and_checks_again(real_server: Settings) -> None:
    """Asked directly on its socket, as a program of the same user can, it lets nobody in without a token either."""
    path = real_server.socket_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(real_server.home_path.stat().st_mode) == 0o700
    token = real_server.cli_token_path.read_text().strip()
    async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
        stub = auth_service_pb2_grpc.AuthServiceStub(channel)

        async def status(*metadata: tuple[str, str]) -> grpc.StatusCode:
            try:
                await stub.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=metadata, timeout=30)
            except grpc.aio.AioRpcError as error:
                return error.code()
            return grpc.StatusCode.OK

        assert await status() is grpc.StatusCode.UNAUTHENTICATED
        assert await status(("authorization", "Bearer x.y.z")) is grpc.StatusCode.UNAUTHENTICATED
        assert await status(("x-user", "local"), ("x-forwarded-for", "127.0.0.1")) is grpc.StatusCode.UNAUTHENTICATED
        forged = token.rpartition(".")[0] + "." + "A" * 86
        assert await status(("authorization", f"Bearer {forged}")) is grpc.StatusCode.UNAUTHENTICATED
        assert await status(("authorization", f"Bearer {token}")) is grpc.StatusCode.OK
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Pair(auth_service_pb2.PairRequest(code="AAAA-AAAA"), timeout=30)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_server_refuses_other_origins_too(real_server: Settings) -> None:
    token = real_server.cli_token_path.read_text().strip()
    async with grpc.aio.insecure_channel(f"unix:{real_server.socket_path}") as channel:
        stub = auth_service_pb2_grpc.AuthServiceStub(channel)

        async def call(origin: str) -> None:
            metadata = (("authorization", f"Bearer {token}"), ("origin", origin))
            await stub.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=metadata, timeout=30)

        await call(OWN)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call("https://evil.example")
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_nothing_listens_beside_the_socket(real_server: Settings) -> None:
    import psutil

    pid = int((real_server.run_path / "test.pid").read_text())
    process = await asyncio.to_thread(psutil.Process, pid)
    assert [one for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN] == []
    assert await asyncio.to_thread(process.net_connections, "unix")


async def test_the_edge_asks_for_a_token_before_it_asks_the_server(edge: Edge) -> None:
    assert (await post(edge.settings, WHO_AM_I)).status == 401
    assert edge.behind.calls == 0
