"""The server's own life: where it listens, what it says about itself, how it starts twice and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from integration.rpc.harness import Api, bearer, error_of, failed, short_folder, streaming
from integration.rpc.scripted_browser import ScriptedBrowser, one_tab
from tabwire.errors import TabwireError
from tabwire.rpc.server import SERVICES, TabwireServer
from tabwire.settings import Settings
from tabwire.v1 import auth_service_pb2, browser_service_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_what_the_home_folder_holds_is_private(api: Api) -> None:
    home = api.settings.home_path

    def mode(*parts: str) -> int:
        return stat.S_IMODE(home.joinpath(*parts).stat().st_mode)

    assert mode("run") == 0o700
    assert mode("run", "server.sock") == 0o600
    assert mode("cli-token") == 0o600
    assert mode("tabwire.db") == 0o600
    assert mode("keys", "signing.json") == 0o600
    assert "d" not in json.loads((home / "keys" / "jwks.json").read_text())["keys"][0]


async def test_a_second_server_is_refused_and_the_first_goes_on(api: Api) -> None:
    with pytest.raises(TabwireError) as caught:
        await TabwireServer(api.settings).start()
    assert caught.value.code == error_pb2.ERROR_CODE_ALREADY_EXISTS
    assert (await api.auth.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=api.owner)).owner_id == "local"


async def test_a_restart_keeps_tokens_and_the_owners_token(tmp_path: Path) -> None:
    with short_folder() as home:
        settings = Settings(home=home, database_url=f"sqlite+aiosqlite:///{tmp_path / 'elsewhere.db'}")
        tokens = []
        for _ in range(2):
            server = TabwireServer(settings)
            await server.start()
            async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
                api = Api(channel, settings, server)
                tokens.append(api.owner)
                await api.auth.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=tokens[0])
            await server.stop()
            await server.stop()
            assert not settings.socket_path.exists()
        assert tokens[0] == tokens[1]


async def test_what_fails_at_the_start_leaves_nothing_behind() -> None:
    with short_folder() as home:
        settings = Settings(home=home)
        settings.keys_path.mkdir(parents=True)
        broken = settings.keys_path / "signing.json"
        broken.write_text("broken")
        with pytest.raises(TabwireError):
            await TabwireServer(settings).start()
        broken.unlink()
        server = TabwireServer(settings)
        await server.start()
        await server.stop()


async def test_an_address_that_is_taken_is_said() -> None:
    with short_folder() as home:
        listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            with pytest.raises(TabwireError, match="cannot listen") as caught:
                await TabwireServer(Settings(home=home, listen=f"127.0.0.1:{port}")).start()
            assert caught.value.code == error_pb2.ERROR_CODE_UNAVAILABLE


async def test_health_is_open_and_per_service(api: Api) -> None:
    health: Any = health_pb2_grpc.HealthStub(api.channel)
    for service in ("", *SERVICES):
        assert (await health.Check(health_pb2.HealthCheckRequest(service=service))).status == SERVING
    error = await failed(health.Check(health_pb2.HealthCheckRequest(service="nonsense")))
    assert error.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_tells_the_contract_to_those_with_a_token(api: Api, version: str) -> None:
    call: Any = api.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="tabwire.v1.TaskService"),
    ]
    error = await failed(streaming(call, requests[:1]))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    listed, described = [answer async for answer in call(iter(requests), metadata=api.owner)]
    assert set(SERVICES) <= {service.name for service in listed.list_services_response.service}
    files = [FileDescriptorProto.FromString(raw) for raw in described.file_descriptor_response.file_descriptor_proto]
    assert "tabwire/v1/task_service.proto" in {file.name for file in files}


async def test_stopping_ends_streams_with_words_and_links_with_ok() -> None:
    with short_folder() as home:
        settings = Settings(home=home)
        server = TabwireServer(settings)
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
            api = Api(channel, settings, server)
            paired = await api.pair()
            stub: Any = health_pb2_grpc.HealthStub(channel)
            health = stub.Watch(health_pb2.HealthCheckRequest())
            assert (await health.read()).status == SERVING
            browser = ScriptedBrowser(channel, bearer(paired.tokens.access_token), one_tab)
            async with browser:
                request = browser_service_pb2.WatchTabRequest(tab_id=9)
                watch = api.browsers.WatchTab(request, metadata=api.owner)
                await anext(aiter(watch))
                stopping = asyncio.create_task(server.stop())
                assert (await health.read()).status == NOT_SERVING
                assert await asyncio.wait_for(browser.ended, 10) is None
                error = await asyncio.wait_for(failed(watch), 10)
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                assert error_of(error).retryable
                await stopping


@pytest.fixture
async def process() -> AsyncIterator[tuple[asyncio.subprocess.Process, Settings]]:
    """`serve` in a process of its own, ready to answer."""
    with short_folder() as home:
        program = (
            "import asyncio, pathlib, sys\n"
            "from tabwire.rpc.server import serve\n"
            "from tabwire.settings import Settings\n"
            "asyncio.run(serve(Settings(home=pathlib.Path(sys.argv[1]))))\n"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, str(home), stderr=asyncio.subprocess.PIPE, env={**os.environ}
        )
        settings = Settings(home=home)
        try:
            # A channel that finds no socket waits longer and longer before it looks again.
            while not settings.socket_path.exists():
                assert process.returncode is None
                await asyncio.sleep(0.02)
            async with grpc.aio.insecure_channel(f"unix:{settings.socket_path}") as channel:
                stub: Any = health_pb2_grpc.HealthStub(channel)
                await stub.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=60)
            yield process, settings
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly(
    process: tuple[asyncio.subprocess.Process, Settings], number: signal.Signals
) -> None:
    server, settings = process
    server.send_signal(number)
    _, errors = await asyncio.wait_for(server.communicate(), 20)
    assert server.returncode == 0
    events = [json.loads(line)["event"] for line in errors.decode().splitlines()]
    assert "server_started" in events
    assert events[-2:] == ["server_stopping", "server_stopped"]
    assert not settings.socket_path.exists()


async def test_after_a_kill_the_next_one_starts(process: tuple[asyncio.subprocess.Process, Settings]) -> None:
    server, settings = process
    server.kill()
    await server.communicate()
    assert settings.socket_path.is_socket()
    successor = TabwireServer(settings)
    await successor.start()
    await successor.stop()
