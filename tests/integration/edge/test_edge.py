"""The edge as its callers meet it: what gets through, what does not, and what each is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import grpc
import pytest

from tabwire import assets
from tabwire.client import Client, UnreachableError
from tabwire.edge import envoy
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.v1 import auth_service_pb2, error_pb2, extension_pb2, link_pb2, link_service_pb2, link_service_pb2_grpc

from .speaking import PAIR, WHO_AM_I, plain_get, post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .conftest import Edge

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def test_health_needs_no_token(edge: Edge) -> None:
    async with Client(edge.settings.server_url, ca=edge.ca) as client:
        assert await client.is_serving()


async def test_a_token_reaches_the_server_with_its_header(edge: Edge) -> None:
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        me = await client.who_am_i()
    assert me.owner_id == "local"
    assert me.server_version == "Bearer "


@pytest.mark.parametrize("claims", [None, {"exp": 1}, {"iss": "someone"}])
async def test_a_bad_token_is_refused_at_the_edge(edge: Edge, claims: dict[str, object] | None) -> None:
    token = "" if claims is None else edge.token(**claims)
    async with Client(edge.settings.server_url, token, ca=edge.ca) as client:
        with pytest.raises(TabwireError) as caught:
            await client.who_am_i()
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED
    assert caught.value.info.remedy


async def test_grpc_web_from_the_extension(edge: Edge) -> None:
    origin = f"chrome-extension://{assets.extension_id()}"
    answer = await post(edge.settings, WHO_AM_I, {"authorization": f"Bearer {edge.token()}", "origin": origin})
    body = answer.body
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    length = int.from_bytes(body[1:5])
    assert auth_service_pb2.WhoAmIResponse.FromString(body[5 : 5 + length]).owner_id == "local"
    assert b"grpc-status:0" in body[5 + length :].replace(b" ", b"")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
)
async def test_other_origins_never_reach_the_server(edge: Edge, origin: str) -> None:
    response = await post(edge.settings, WHO_AM_I, {"authorization": f"Bearer {edge.token()}", "origin": origin})
    pairing = await post(edge.settings, PAIR, {"origin": origin})
    assert (response.status, pairing.status) == (403, 403)
    assert "access-control-allow-origin" not in response.headers


async def test_pairing_needs_no_token(edge: Edge) -> None:
    assert (await post(edge.settings, PAIR)).status == 200


async def test_plain_http_is_told_to_use_https(edge: Edge) -> None:
    status, headers = await plain_get(edge.settings)
    assert status == 426
    assert headers["x-tabwire-certificate-names"] == "localhost, 127.0.0.1, ::1"
    ends = datetime.fromisoformat(headers["x-tabwire-certificate-ends"].upper())
    assert ends == ca.expires_at(edge.settings.keys_path / "server.pem")
    assert parsedate_to_datetime(headers["date"]) <= datetime.now(UTC)


async def test_unknown_methods_are_answered_by_the_server(edge: Edge) -> None:
    response = await post(edge.settings, "/tabwire.v1.Nothing/Here", {"authorization": f"Bearer {edge.token()}"})
    assert response.status == 200
    assert response.headers["grpc-status"] == str(grpc.StatusCode.UNIMPLEMENTED.value[0])


async def test_a_link_without_heartbeats_is_ended_after_three(edge: Edge) -> None:
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        stub = link_service_pb2_grpc.LinkServiceStub(client.transport.channel)
        call = stub.Attach(
            link_service_pb2.AttachRequest(), metadata=(("authorization", f"Bearer {edge.token()}"),), timeout=20
        )
        first = await call.read()
        assert isinstance(first, link_pb2.Downlink)
        assert first.attached.link_id == "l1"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
    assert caught.value.code() != grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_silent_watch_lives_on(edge: Edge) -> None:
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        seen = []
        async for event in client.watch_task("t1"):
            seen.append(event.seq)
            if event.seq == 2:
                break
    assert seen == [1, 2]


async def test_the_server_down_and_back_again(edge: Edge, until: Until) -> None:
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        await edge.behind.stop()
        with pytest.raises(UnreachableError) as caught:
            await client.who_am_i()
        assert caught.value.trouble == extension_pb2.CONNECTION_TROUBLE_SERVER_DOWN
        await edge.behind.start()

        async def answers() -> bool:
            try:
                return (await client.who_am_i()).owner_id == "local"
            except UnreachableError:
                return False

        await until(answers)


async def test_a_foreign_certificate_is_told_apart(edge: Edge, tmp_path: Path) -> None:
    other = ca.ensure(tmp_path / "other")
    async with Client(edge.settings.server_url, edge.token(), ca=other.grpc_ca.read_bytes()) as client:
        with pytest.raises(UnreachableError) as caught:
            await client.who_am_i()
    assert caught.value.trouble == extension_pb2.CONNECTION_TROUBLE_CERTIFICATE
    assert caught.value.info.remedy


async def test_the_access_log_tells_the_truth_about_grpc_web(edge: Edge, until: Until) -> None:
    await post(edge.settings, WHO_AM_I, {"authorization": f"Bearer {edge.token()}"})
    await post(edge.settings, WHO_AM_I)
    path = edge.settings.logs_path / "access.log"

    async def both_are_written() -> bool:
        return path.read_text().count("WhoAmI") == 2

    await until(both_are_written)
    lines = [json.loads(line) for line in path.read_text().splitlines() if "WhoAmI" in line]
    served = next(line for line in lines if line["log"] == "server")
    refused = next(line for line in lines if line["log"] == "edge")
    assert served["grpc_status"] == "OK"
    assert refused["http_status"] == 401
    assert "Bearer" not in path.read_text()


async def test_a_faulty_configuration_is_refused_with_envoys_words(tmp_path: Path) -> None:
    config = tmp_path / "envoy.yaml"
    config.write_text("static_resources: {listeners: [{nonsense: 1}]}")
    with pytest.raises(TabwireError, match="nonsense"):
        await envoy.validate(config)
