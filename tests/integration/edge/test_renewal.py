"""Certificate and keys change while Envoy runs: new calls meet the new ones, and nothing that is open is dropped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tabwire.cli.up import keep_going
from tabwire.client import Client
from tabwire.edge import envoy, files
from tabwire.edge.keeper import Keeper
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2, link_service_pb2_grpc

from .conftest import new_key, public
from .speaking import WHO_AM_I, plain_get, post, shown_certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import grpc

    from .conftest import Edge, EdgeWith

    Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]


@contextlib.asynccontextmanager
async def kept(edge: Edge, told: list[str]) -> AsyncIterator[Keeper]:
    """A keeper at work."""
    keeper = Keeper(edge.settings, told.append)
    work = asyncio.create_task(keeper.run(0.05))
    try:
        yield keeper
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@contextlib.asynccontextmanager
async def open_link(edge: Edge) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A stream that must still be there in the end; what is handed out makes sure of it."""
    async with Client(edge.settings.server_url, edge.token(), ca=edge.ca) as client:
        stub = link_service_pb2_grpc.LinkServiceStub(client.transport.channel)
        call = stub.Attach(
            link_service_pb2.AttachRequest(), metadata=(("authorization", f"Bearer {edge.token()}"),), timeout=60
        )
        assert await _next(call) == "attached"

        async def lives() -> None:
            edge.behind.word.set()
            assert await _next(call) == "caught_up"

        yield lives


async def _next(call: grpc.aio.UnaryStreamCall[link_service_pb2.AttachRequest, link_pb2.Downlink]) -> str | None:
    message = await call.read()
    assert isinstance(message, link_pb2.Downlink)
    return message.WhichOneof("body")


async def accepted(edge: Edge, token: str) -> bool:
    return (await post(edge.settings, WHO_AM_I, {"authorization": f"Bearer {token}"})).grpc_status == "0"


async def test_a_certificate_is_renewed_in_time_without_dropping_a_link(edge_with: EdgeWith, until: Until) -> None:
    edge = await edge_with(age_days=61, heartbeat_ms=10_000)  # of ninety days: it is time
    settings, told = edge.settings, list[str]()
    before = shown_certificate(settings)
    old_end = ca.expires_at(settings.keys_path / "server.pem")
    async with open_link(edge) as link_lives, kept(edge, told):

        async def renewed() -> bool:
            return shown_certificate(settings) != before

        await until(renewed)
        assert shown_certificate(settings) == ca.der(settings.keys_path / "server.pem")
        new_end = ca.expires_at(settings.keys_path / "server.pem")
        assert new_end - old_end > timedelta(days=60)

        async def plain_tells() -> bool:
            return (await plain_get(settings))[1]["x-tabwire-certificate-ends"] == f"{new_end:%Y-%m-%dt%H:%M:%Sz}"

        await until(plain_tells)
        assert await accepted(edge, edge.token())
        await link_lives()

        async def said() -> bool:
            return any("was renewed" in sentence for sentence in told)

        await until(said)


async def test_a_new_key_is_taken_up_and_an_old_one_dropped_without_dropping_a_link(
    edge_with: EdgeWith, until: Until
) -> None:
    edge = await edge_with(heartbeat_ms=10_000)
    path, old, new = edge.settings.jwks_path, edge.key, new_key()
    old_token = edge.token()
    edge.key = new
    new_token = edge.token()
    edge.key = old
    assert not await accepted(edge, new_token)
    async with open_link(edge) as link_lives, kept(edge, []):
        files.write(path, public(new, old))

        async def new_is_known() -> bool:
            return await accepted(edge, new_token)

        await until(new_is_known)
        assert await accepted(edge, old_token), "tokens of the old key are good until it is dropped"
        files.write(path, public(new))

        async def old_is_gone() -> bool:
            return not await accepted(edge, old_token)

        await until(old_is_gone)
        assert await accepted(edge, new_token)
        await link_lives()


async def test_a_token_that_is_remembered_is_forgotten_when_it_ends(edge: Edge, until: Until) -> None:
    """Envoy grants five seconds for clocks that differ, which the server does not."""
    token = edge.token(exp=int(time.time()) + 3)
    assert await accepted(edge, token)
    assert await accepted(edge, token)

    async def refused() -> bool:
        return not await accepted(edge, token)

    await until(refused)
    forged = token.rpartition(".")[0] + "." + "A" * 86
    assert not await accepted(edge, forged)


@pytest.mark.parametrize("content", ["", "{", '{"keys": []}', '{"keys": [{"kty": "EC"}]}', "[]"])
async def test_damaged_keys_change_nothing(edge: Edge, until: Until, content: str) -> None:
    told: list[str] = []
    async with kept(edge, told):
        good = edge.settings.jwks_path.read_text()
        files.write(edge.settings.jwks_path, content)
        if content != '{"keys": [{"kty": "EC"}]}':  # that is for Envoy to refuse

            async def complained() -> bool:
                return any("jwks.json" in sentence for sentence in told)

            await until(complained)
            await asyncio.sleep(0.3)
            assert len(told) == 1, "once is enough"
        await asyncio.sleep(0.5)
        assert await accepted(edge, edge.token())
        files.write(edge.settings.jwks_path, good)
        edge.key = new_key()
        files.write(edge.settings.jwks_path, public(edge.key))

        async def works_again() -> bool:
            return await accepted(edge, edge.token())

        await until(works_again)


async def test_the_keeper_outlives_a_disk_that_cannot_be_written(edge: Edge, until: Until) -> None:
    told: list[str] = []
    folder = edge.settings.edge_path
    aside = folder.with_name("aside")
    async with kept(edge, told):
        await asyncio.sleep(0.2)
        folder.rename(aside)
        folder.write_text("in the way")
        edge.key = new_key()
        files.write(edge.settings.jwks_path, public(edge.key))

        async def complained() -> bool:
            return any("could not be looked after" in sentence for sentence in told)

        await until(complained)
        folder.unlink()
        aside.rename(folder)

        async def published() -> bool:
            return str(edge.key.kid) in (folder / files.TOKENS).read_text()

        await until(published)


async def test_an_envoy_that_does_not_take_up_the_certificate_is_started_again(edge: Edge) -> None:
    """As if it had stopped to look at its files: what is published goes elsewhere."""
    settings = edge.settings.model_copy(update={"home": edge.settings.home_path / "elsewhere"})
    settings.run_path.mkdir(parents=True)
    settings.keys_path.mkdir()
    ca.ensure(settings.keys_path, settings.certificate_hosts)
    settings.jwks_path.write_text(public(edge.key))
    told: list[str] = []
    restarted: list[str] = []

    async def restart() -> None:
        restarted.append("envoy")

    keeper = Keeper(settings, told.append, restart=restart)
    assert set(await keeper.once()) == {files.TLS, files.TOKENS, files.PLAIN}
    assert not restarted
    (settings.keys_path / "server.pem").unlink()
    ca.ensure(settings.keys_path, settings.certificate_hosts)
    assert files.TLS in await keeper.once()
    assert restarted == ["envoy"]
    assert "starts again" in told[-1]


async def test_work_without_end_is_begun_again_whatever_ends_it() -> None:
    told: list[str] = []
    ways = iter([OSError("disk full"), TabwireError(error_pb2.ERROR_CODE_UNAVAILABLE, "no server"), None])
    begun = asyncio.Event()

    async def work() -> None:
        try:
            how = next(ways)
        except StopIteration:
            begun.set()
            await asyncio.Event().wait()
        else:
            if how is not None:
                raise how

    task = asyncio.create_task(keep_going("things", work, told.append, again_s=0))
    async with asyncio.timeout(20):
        await begun.wait()
    assert ["disk full" in told[0], "no server" in told[1], "came to an end" in told[2]] == [True] * 3
    assert len(told) == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_access_log_does_not_grow_for_ever(edge: Edge, until: Until) -> None:
    log = envoy.access_log(edge.settings)
    await post(edge.settings, WHO_AM_I)

    async def written() -> bool:
        return log.exists() and "Unauthenticated" in log.read_text()

    await until(written)
    assert not await envoy.rotate_access_log(edge.settings)
    assert await envoy.rotate_access_log(edge.settings, limit=10)
    assert "Unauthenticated" in log.with_suffix(".old.log").read_text()
    await post(edge.settings, WHO_AM_I)
    await until(written)


async def test_the_keeper_of_containers_waits_for_keys_and_goes_on_looking(tmp_path: Path, until: Until) -> None:
    settings = Settings(home=tmp_path)
    env = {**os.environ, "TABWIRE_HOME": str(tmp_path), "TABWIRE_HOST": "envoy"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tabwire.cli", "edge", "keep", "--upstream", "server:50051"),
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:

        async def waits() -> bool:
            return settings.edge_path.exists()

        await until(waits)
        assert not (settings.edge_path / files.CONFIG).exists(), "Envoy's container waits for this one"
        settings.keys_path.mkdir(exist_ok=True)
        files.write(settings.jwks_path, public(new_key()))

        async def ready() -> bool:
            return (settings.edge_path / files.CONFIG).exists()

        await until(ready)
        assert {path.name for path in settings.edge_path.iterdir()} == {
            *(files.CONFIG, files.TLS, files.TOKENS, files.PLAIN)
        }
        assert "envoy" in ca.hosts_of(settings.keys_path / "server.pem")
        newer = new_key()
        files.write(settings.jwks_path, public(newer))

        async def handed_over() -> bool:
            return str(newer.kid) in (settings.edge_path / files.TOKENS).read_text()

        await until(handed_over)
    finally:
        process.terminate()
        await process.wait()


async def test_what_envoy_reads_is_closed_to_others_and_holds_no_other_key(edge: Edge) -> None:
    settings = edge.settings
    assert settings.edge_path.stat().st_mode & 0o777 == 0o700
    secret = "".join((settings.keys_path / "ca.key").read_text().split()[3:-3])
    for path in settings.edge_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert secret not in "".join(path.read_text().split())
    assert not any(path.name.startswith(".") for path in settings.edge_path.iterdir()), "no drafts are left"
    _, told = await envoy.admin(settings, "/config_dump")
    assert "PRIVATE KEY" not in told


async def test_an_authority_that_must_be_made_anew_is_told_and_works(edge: Edge, until: Until) -> None:
    """A name that the old authority may not vouch for makes a new one; who trusts that is served."""
    settings = edge.settings
    before = datetime.now(UTC)
    chosen = settings.model_copy(update={"host_names": "box.lan"})
    await Keeper(chosen, lambda _: None).once()
    assert ca.begins_at(settings.ca_path) >= before - timedelta(hours=2)

    async def trusted() -> bool:
        with contextlib.suppress(OSError):
            return await accepted(edge, edge.token())
        return False

    await until(trusted)
