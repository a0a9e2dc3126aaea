"""`tabwire doctor`, row after row: each test breaks one thing, does what the remedy says, and sees it healed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.cli import doctor
from tabwire.client import Client, UnreachableError, diagnose
from tabwire.edge import envoy, files
from tabwire.edge.keeper import make_certificate
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import extension_pb2

from .conftest import Edge, free_port, new_key, open_edge, public

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from .conftest import EdgeWith

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


async def first_fault(settings: Settings, **how: Any) -> doctor.Check | None:
    """The first thing that the doctor finds wrong, apart from `tabwire up`, which these tests start piece by piece."""
    async for check in doctor.examine(settings, **how):
        if not check.ok and check.name not in {"tabwire up", "browser"}:
            return check
    return None


def log_in(edge: Edge, **claims: object) -> None:
    edge.settings.cli_token_path.write_text(edge.token(**claims))


class House:
    """The real server and Envoy, as `tabwire up` starts them; starting again is what most remedies ask for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._processes: list[asyncio.subprocess.Process] = []

    async def up(self, until: Until) -> None:
        settings = self.settings
        for folder in (settings.run_path, settings.logs_path):
            folder.mkdir(exist_ok=True)
        make_certificate(settings)
        await self._start_server(until)
        await self._start(*envoy.command(await envoy.prepare(settings)))
        await until(self._healthy)

    async def restart_server(self, until: Until) -> None:
        """The part of starting again that takes care of tokens."""
        server = self._processes.pop(0)
        server.terminate()
        await server.wait()

        async def noticed() -> bool:
            return not await envoy.server_is_healthy(self.settings)

        await until(noticed)
        await self._start_server(until)
        self._processes.insert(0, self._processes.pop())
        await until(self._healthy)

    async def _start_server(self, until: Until) -> None:
        settings = self.settings
        await self._start(sys.executable, "-m", "tabwire.cli", "serve")

        async def keys() -> bool:
            return settings.jwks_path.exists() and settings.cli_token_path.exists() and settings.socket_path.exists()

        await until(keys)

    async def _healthy(self) -> bool:
        return await envoy.is_ready(self.settings) and await envoy.server_is_healthy(self.settings)

    async def down(self) -> None:
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
        self._processes.clear()

    async def _start(self, *command: str) -> None:
        env = {"PATH": "/usr/bin:/bin", "TABWIRE_HOME": str(self.settings.home_path)}
        log = (self.settings.logs_path / "house.log").open("ab")
        self._processes.append(await asyncio.create_subprocess_exec(*command, env=env, stdout=log, stderr=log))
        log.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(Settings(home=tmp_path, port=free_port()))
    yield house
    await house.down()


async def test_nothing_listens(house: House, until: Until) -> None:
    make_certificate(house.settings)
    fault = await first_fault(house.settings)
    assert fault is not None
    assert fault.name == "nothing listening"
    assert "`tabwire up`" in fault.remedy
    await house.up(until)
    assert await first_fault(house.settings) is None


async def test_no_certificate_yet(house: House, until: Until) -> None:
    fault = await first_fault(house.settings)
    assert fault is not None
    assert fault.name == "certificate"
    assert "`tabwire up`" in fault.remedy
    await house.up(until)
    assert await first_fault(house.settings) is None


async def test_the_server_behind_the_edge_is_down(edge: Edge, until: Until) -> None:
    log_in(edge)
    await edge.behind.stop()
    fault = await first_fault(edge.settings)
    assert fault is not None
    assert fault.name == "server down"
    assert "start `tabwire up` again" in fault.remedy
    await edge.behind.start()

    async def healed() -> bool:
        return (await first_fault(edge.settings) or doctor.Check("", True, "")).name != "server down"

    await until(healed)


async def test_the_certificate_is_of_another_home(edge: Edge, tmp_path: Path) -> None:
    log_in(edge)
    other = edge.settings.model_copy(update={"home": tmp_path / "other"})
    make_certificate(other)
    fault = await first_fault(other)
    assert fault is not None
    assert fault.name == "certificate"
    assert "set TABWIRE_HOME" in fault.remedy
    fault = await first_fault(edge.settings)  # with TABWIRE_HOME set
    assert fault is None or fault.name != "certificate"


async def test_the_certificate_has_ended(tmp_path: Path, until: Until) -> None:
    async with open_edge(tmp_path, age_days=91) as edge:
        fault = await first_fault(edge.settings)
        assert fault is not None
        assert fault.name == "certificate expired"
        assert "start `tabwire up` again" in fault.remedy
        trouble, _, remedy = await diagnose.diagnose(edge.settings.server_url, edge.ca)
        assert trouble == extension_pb2.CONNECTION_TROUBLE_CERTIFICATE_EXPIRED
        assert "`tabwire up` again" in remedy
        async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
            with pytest.raises(UnreachableError) as caught:
                await client.who_am_i()
        assert caught.value.trouble == extension_pb2.CONNECTION_TROUBLE_CERTIFICATE_EXPIRED
        make_certificate(edge.settings)  # what `tabwire up` does first
        files.publish(edge.settings)

        async def healed() -> bool:
            found, _, _ = await diagnose.diagnose(edge.settings.server_url, edge.ca)
            return found == extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED

        await until(healed)


async def test_the_certificate_is_for_other_names(edge: Edge, until: Until) -> None:
    log_in(edge)
    url = edge.settings.server_url.replace("127.0.0.1", "127.0.0.2")
    listening_everywhere = edge.settings.model_copy(update={"host": "0.0.0.0", "port": free_port()})
    process = await asyncio.create_subprocess_exec(
        *envoy.command(await envoy.prepare(listening_everywhere)), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        url = f"https://127.0.0.2:{listening_everywhere.port}"

        async def listens() -> bool:
            found, _, _ = await diagnose.diagnose(url, edge.ca)
            return found != extension_pb2.CONNECTION_TROUBLE_NOTHING_LISTENING

        await until(listens)
        trouble, message, remedy = await diagnose.diagnose(url, edge.ca)
        assert trouble == extension_pb2.CONNECTION_TROUBLE_CERTIFICATE_HOST
        assert "localhost, 127.0.0.1" in message
        assert "TABWIRE_HOST_NAMES=127.0.0.2" in remedy
        told = listening_everywhere.model_copy(update={"host_names": "127.0.0.2"})
        make_certificate(told)
        files.publish(told)

        async def healed() -> bool:
            found, _, _ = await diagnose.diagnose(url, edge.ca)
            return found == extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED

        await until(healed)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.timeout(240)  # the server is started five times
async def test_the_token_is_missing_ended_revoked_or_of_another_server(house: House, until: Until) -> None:
    await house.up(until)
    path = house.settings.cli_token_path

    async def revoke() -> None:
        async with Client.local(house.settings) as client:
            body = path.read_text().split(".")[1]
            mine = json.loads(base64.urlsafe_b64decode(body + "=="))["jti"]
            await client.revoke_token(mine)

    async def hold(text: str) -> None:
        path.write_text(text)

    ways: list[tuple[str, Callable[[], Awaitable[None]]]] = [
        ("token missing", lambda: hold("")),
        ("token expired", lambda: hold(_ended_token())),
        ("token revoked", revoke),
        ("token", lambda: hold(Edge(house.settings, new_key()).token())),
    ]
    for name, breaking in ways:
        await breaking()
        fault = await first_fault(house.settings)
        assert fault is not None
        assert fault.name == name
        assert fault.remedy == "Start `tabwire up` again; it makes a new one."
        await house.restart_server(until)
        assert await first_fault(house.settings) is None


def _ended_token() -> str:
    return Edge(Settings(), new_key()).token(exp=int(time.time()) - 60)


async def test_an_origin_that_the_edge_does_not_let_in(tmp_path: Path) -> None:
    mine = "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    async with open_edge(tmp_path) as edge:
        settings = edge.settings.model_copy(update={"allowed_origins": mine})
        log_in(edge)
        fault = await first_fault(settings)
        assert fault is not None
        assert fault.name == "origin"
        assert mine in fault.message
        assert "TABWIRE_ALLOWED_ORIGINS" in fault.remedy
        assert "start `tabwire up` again" in fault.remedy
    second = tmp_path / "second"
    second.mkdir()
    async with open_edge(second, allowed_origins=mine) as edge:
        trouble, _, _ = await diagnose.diagnose(edge.settings.server_url, edge.ca, origin=mine)
        assert trouble == extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED


async def test_another_version(edge: Edge) -> None:
    """The small server of these tests says no version and no revision, as a very old one might."""
    log_in(edge)
    fault = await first_fault(edge.settings)
    assert fault is not None
    assert fault.name == "versions"
    assert "Update Tabwire where the server runs" in fault.remedy


async def test_a_server_of_the_same_version(house: House, until: Until) -> None:
    """What the row before comes to once its remedy was followed."""
    await house.up(until)
    checks = [check async for check in doctor.examine(house.settings)]
    assert [check.ok for check in checks if check.name == "versions"] == [True]


@pytest.mark.parametrize("off", [timedelta(hours=-2), timedelta(hours=2)])
async def test_the_clock_is_off(edge: Edge, off: timedelta) -> None:
    log_in(edge)
    fault = await first_fault(edge.settings, now=lambda: datetime.now(UTC) + off)
    assert fault is not None
    assert fault.name == "clock"
    assert "et the clock" in fault.remedy
    fault = await first_fault(edge.settings)  # with the clock set
    assert fault is None or fault.name != "clock"


async def test_a_wrong_clock_is_not_taken_for_an_ended_certificate(tmp_path: Path) -> None:
    """Certificate ended by both clocks, and by a clock that is far ahead alone."""
    async with open_edge(tmp_path, age_days=91) as edge:
        ahead = datetime.now(UTC) + timedelta(days=400)
        trouble, message, _ = await diagnose.diagnose(edge.settings.server_url, edge.ca, now=lambda: ahead)
        assert trouble == extension_pb2.CONNECTION_TROUBLE_CLOCK
        assert "ahead" in message


async def test_too_busy(edge_with: EdgeWith) -> None:
    edge = await edge_with(rate_calls=1)
    log_in(edge)
    fault = None
    for _ in range(30):
        fault = await first_fault(edge.settings)
        if fault is not None and fault.name == "busy":
            break
    assert fault is not None
    assert fault.name == "busy"
    words = fault.remedy.split()
    assert words[0] == "Wait"
    await asyncio.sleep(2 * int(words[1]))  # two calls are made to find out
    fault = await first_fault(edge.settings)
    assert fault is None or fault.name != "busy"


async def test_another_program_has_the_port(edge: Edge) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    taken = edge.settings.model_copy(update={"port": port})
    fault = await first_fault(taken)
    server.close()
    await server.wait_closed()
    assert fault is not None
    assert fault.name in {"certificate", "network"}
    assert fault.remedy


def test_the_end_of_a_token_is_read_from_any_text() -> None:
    for text in ("", "x", "a.b.c", "a.!!!.c", "a.e30.c", "a.eyJleHAiOjFlOTl9.c"):
        assert doctor._end_of(text) is None
    assert doctor._end_of(_ended_token()) is not None


async def test_keys_that_are_not_there_are_named(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=free_port())
    ca.ensure(settings.keys_path)
    from tabwire.errors import TabwireError

    with pytest.raises(TabwireError, match=r"jwks\.json"):
        files.publish(settings)
    settings.jwks_path.write_text(public(new_key()))
    assert set(files.publish(settings)) == {files.TLS, files.TOKENS, files.PLAIN}
    assert files.publish(settings) == []
