"""`tabwire up` without a browser: what it starts, what it says when it cannot, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tabwire.client import Client
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import auth_pb2, error_pb2

from .conftest import free_port
from .speaking import shown_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

TABWIRE = str(Path(sys.executable).parent / "tabwire")
pytestmark = pytest.mark.timeout(240)  # the extension is built first if it was not


class Up:
    """A running `tabwire up`."""

    def __init__(self, settings: Settings, process: asyncio.subprocess.Process) -> None:
        self.settings = settings
        self.process = process

    @property
    def env(self) -> dict[str, str]:
        return environment(self.settings)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.settings.run_path / "up.json").read_text())
        return found


def environment(settings: Settings) -> dict[str, str]:
    home, port = str(settings.home_path), str(settings.port)
    return {**os.environ, "TABWIRE_HOME": home, "TABWIRE_PORT": port, "TABWIRE_BROWSER": "none", "HOME": home}


async def command(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(TABWIRE, *arguments), env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    settings = Settings(home=tmp_path, port=free_port())
    process = await asyncio.create_subprocess_exec(
        *(TABWIRE, "up"), env=environment(settings), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    told = b""
    try:
        while b"Tabwire is running" not in told:
            line = await process.stdout.readline()
            assert line, told.decode()
            told += line
        yield Up(settings, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def test_it_serves_with_everything_a_person_needs(up: Up) -> None:
    status = up.status()
    assert status["server_url"] == up.settings.server_url
    assert set(status["children"]) == {"server", "envoy"}
    async with Client.local(up.settings) as client:
        assert list((await client.who_am_i()).scopes) == [auth_pb2.SCOPE_ADMIN]
    folder = up.settings.home_path / "extension"
    offer = json.loads((folder / "pairing.json").read_text())
    assert offer["automatic"] is False
    assert offer["server_url"] == up.settings.server_url
    assert (folder / "manifest.json").is_file()


async def test_the_doctor_finds_all_well_but_the_browser(up: Up) -> None:
    code, told = await command(up.env, "doctor", "--json")
    found = json.loads(told)
    assert code == 3
    assert [check["name"] for check in found["checks"] if not check["ok"]] == ["browser"]
    assert "chrome://extensions" in found["checks"][-1]["remedy"]


async def test_the_doctor_tells_a_bad_token_from_a_server_that_is_down(up: Up, until: Until) -> None:
    token = up.settings.cli_token_path.read_text()
    up.settings.cli_token_path.write_text("not-a-token")
    _, told = await command(up.env, "doctor", "--json")
    assert json.loads(told)["checks"][-1]["name"] == "token"
    up.settings.cli_token_path.write_text(token)

    server = psutil.Process(up.status()["children"]["server"])
    server.suspend()
    try:

        async def down() -> bool:
            _, told = await command(up.env, "doctor", "--json")
            return bool(json.loads(told)["checks"][-1]["name"] == "server down")

        await until(down)  # as soon as Envoy's health check has noticed
    finally:
        server.resume()


async def test_a_server_that_dies_is_started_again(up: Up, until: Until) -> None:
    before = up.status()["children"]["server"]
    os.kill(before, signal.SIGKILL)

    async def serves_again() -> bool:
        code, _ = await command(up.env, "token", "list", "--json")
        return code == 0 and up.status()["children"]["server"] not in (0, before)

    await until(serves_again)


async def test_a_certificate_made_anew_is_shown_without_starting_envoy_again(up: Up, until: Until) -> None:
    settings, envoy_before = up.settings, up.status()["children"]["envoy"]
    before = shown_certificate(settings)
    (settings.keys_path / "server.pem").unlink()
    code, told = await command(up.env, "certs", "make")
    assert code == 0, told

    async def shown() -> bool:
        return shown_certificate(settings) == ca.der(settings.keys_path / "server.pem") != before

    await until(shown)
    assert up.status()["children"]["envoy"] == envoy_before


async def test_a_second_one_says_what_is_in_its_way(up: Up) -> None:
    code, told = await command(up.env, "up")
    assert code == 3
    assert "already runs" in told
    other = {**up.env, "TABWIRE_HOME": str(up.settings.home_path / "other")}
    code, told = await command(other, "up")
    assert code == 3
    assert f"Port {up.settings.port} is already in use by envoy" in told


async def test_ctrl_c_ends_every_child(up: Up) -> None:
    children = up.status()["children"].values()
    up.process.send_signal(signal.SIGINT)
    await up.process.communicate()
    assert up.process.returncode == 0
    assert not [pid for pid in children if psutil.pid_exists(pid)]
    assert not (up.settings.run_path / "up.json").exists()


async def test_tokens_made_and_revoked_on_the_command_line(up: Up) -> None:
    _, told = await command(up.env, "token", "create", "a script", "--scope", "read", "--json")
    made = json.loads(told)
    ca = up.settings.grpc_ca_path.read_bytes()
    async with Client(up.settings.server_url, made["token"], ca=ca) as client:
        assert list((await client.who_am_i()).scopes) == [auth_pb2.SCOPE_READ]
        code, _ = await command(up.env, "token", "revoke", made["api_token"]["token_id"])
        assert code == 0
        with pytest.raises(TabwireError) as caught:
            await client.who_am_i()
    assert caught.value.code == error_pb2.ERROR_CODE_UNAUTHENTICATED


async def test_a_new_signing_key_made_on_the_command_line_breaks_nobody(up: Up) -> None:
    """Also through Envoy, at once: it has known the key since it started."""
    _, told = await command(up.env, "token", "create", "before", "--json")
    before = json.loads(told)["token"]
    code, told = await command(up.env, "token", "rotate-key")
    assert code == 0, told
    _, told = await command(up.env, "token", "create", "after", "--json")
    after = json.loads(told)["token"]
    ca = up.settings.grpc_ca_path.read_bytes()
    for token in (before, after):
        async with Client(up.settings.server_url, token, ca=ca) as client:
            assert (await client.who_am_i()).owner_id == "local"
    code, told = await command(up.env, "token", "rotate-key")
    assert code != 0
    assert "Wait" in told
