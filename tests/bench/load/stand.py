"""What the load is measured on: the product's own server and Envoy with TLS, a bare server behind the same Envoy, and
the processes of simulated browsers and of callers. Nothing is measured here.

The bare server's routes are copies of the product's own, with the same filters; only limits of rates are lifted for
both, which are there to slow down exactly what is done here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import psutil
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from bench.load import relay
from ports import free_port
from tabwire.edge import envoy
from tabwire.security import ca
from tabwire.settings import Settings
from tabwire.v1 import auth_pb2, auth_service_pb2, auth_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATIENCE_S = 120.0
_UNLIMITED = {"rate_connection": 10**6, "rate_links": 10**6, "rate_calls": 10**6}
_TOKENS_AT_ONCE = 8
_TESTS = str(Path(__file__).parents[2])


class Worker:
    """A process that is asked in lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.usage = psutil.Process(process.pid)

    @classmethod
    async def start(cls, module: str, config: dict[str, Any]) -> Worker:
        """Starts it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            env=_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**28,
        )
        worker = cls(process)
        worker._tell(config)
        return worker

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Asks something, and waits for the answer."""
        self._tell(request)
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("a worker of the load ended; its words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def stop(self) -> None:
        """Ends it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class Stand:
    """Everything that runs. Use it as an async context manager."""

    def __init__(self, home: Path, python: Sequence[str] = (), **changes: Any) -> None:
        """`python` is what runs the server in place of this Python, such as a profiler with it."""
        self.settings = Settings(home=home, port=free_port(), **{**_UNLIMITED, **changes})
        self._python = tuple(python) or (sys.executable,)
        self._exits = contextlib.AsyncExitStack()
        self._server: asyncio.subprocess.Process | None = None
        self._bare_socket = self.settings.run_path / "bare.sock"
        self._changes = {name: str(value) for name, value in {**_UNLIMITED, **changes}.items()}
        self.envoy_usage = psutil.Process()
        self.bare_usage = psutil.Process()
        self.browsers: list[tuple[str, str]] = []
        """The ids of the browsers there are, and their tokens."""

    @property
    def address(self) -> str:
        """Where Envoy listens."""
        return f"{self.settings.host}:{self.settings.port}"

    @property
    def cli_token(self) -> str:
        """The owner's token."""
        return self.settings.cli_token_path.read_text(encoding="ascii").strip()

    @property
    def server_usage(self) -> psutil.Process:
        """The server's process."""
        assert self._server is not None
        return psutil.Process(self._server.pid)

    async def __aenter__(self) -> Stand:
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def _start(self) -> None:
        settings = self.settings
        settings.home_path.chmod(0o700)
        for folder in (settings.run_path, settings.logs_path):
            folder.mkdir(mode=0o700)
        ca.ensure(settings.keys_path, settings.certificate_hosts, now=datetime.now(UTC))
        self._exits.push_async_callback(self.stop_server)
        await self.start_server()
        bare = await self._spawn((sys.executable, "-m", "bench.load.relay", str(self._bare_socket)))
        self.bare_usage = psutil.Process(bare.pid)
        path = await envoy.prepare(settings)
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        with_bare_server(document, str(self._bare_socket))
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        edge = await self._spawn(tuple(envoy.command(path, log_level="error")))
        self.envoy_usage = psutil.Process(edge.pid)

        async def serves() -> bool:
            return await envoy.is_ready(settings) and await envoy.server_is_healthy(settings)

        await _until(serves)

    async def _spawn(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(*command, env=_environment(), stdout=subprocess.DEVNULL)
        self._exits.push_async_callback(_ended, process)
        return process

    async def start_server(self) -> None:
        """Starts the server and waits until it listens."""
        env = _environment()
        env |= {f"TABWIRE_{name.upper()}": value for name, value in self._changes.items()}
        env |= {"TABWIRE_HOME": str(self.settings.home_path), "TABWIRE_PORT": str(self.settings.port)}
        with (self.settings.logs_path / "server.log").open("ab") as log:
            self._server = await asyncio.create_subprocess_exec(
                *(*self._python, "-m", "tabwire.cli", "serve"), env=env, stderr=log
            )

        async def listens() -> bool:
            assert self._server is not None
            if self._server.returncode is not None:
                raise RuntimeError(f"the server ended, see {self.settings.logs_path / 'server.log'}")
            return self.settings.cli_token_path.exists() and await _is_serving(f"unix:{self.settings.socket_path}")

        await _until(listens)

    async def stop_server(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends the server."""
        if self._server is not None and self._server.returncode is None:
            self._server.send_signal(how)
            await asyncio.wait_for(self._server.wait(), 60)

    async def add_browsers(self, count: int) -> None:
        """Makes tokens of native browsers until there are this many; each token is a browser of its own."""
        credentials = grpc.ssl_channel_credentials(self.settings.grpc_ca_path.read_bytes())
        metadata = (("authorization", f"Bearer {self.cli_token}"),)
        room = asyncio.Semaphore(_TOKENS_AT_ONCE)
        async with grpc.aio.secure_channel(self.address, credentials) as channel:
            stub = auth_service_pb2_grpc.AuthServiceStub(channel)

            async def add(number: int) -> None:
                scopes = (auth_pb2.SCOPE_BROWSER,)
                request = auth_service_pb2.CreateApiTokenRequest(display_name=f"simulated {number}", scopes=scopes)
                async with room:
                    made = await stub.CreateApiToken(request, metadata=metadata)
                self.browsers.append((_browser_id(made.token), made.token))

            await asyncio.gather(*(add(number) for number in range(len(self.browsers), count)))

    async def swarm(self, count: int, carrier: str, *, peers: int = 0) -> Worker:
        """A process of this many attached browsers, and of peers of the bare relay."""
        await self.add_browsers(count)
        config = {
            "address": self.address,
            "ca": self.settings.grpc_ca_path.read_text(encoding="ascii"),
            "web_ca": self.settings.ca_path.read_text(encoding="ascii"),
            "carrier": carrier,
            "tokens": [token for _, token in self.browsers[:count]],
            "peers": peers,
            "peer_token": self.cli_token,
        }
        worker = await Worker.start("bench.load.swarm", config)
        self._exits.push_async_callback(worker.stop)
        await self.attached(worker, count)
        return worker

    async def attached(self, worker: Worker, count: int) -> dict[str, Any]:
        """Waits until all are attached; how they are then."""
        status: dict[str, Any] = {}

        async def all_are() -> bool:
            status.update(await worker.ask(do="status"))
            if status["ended"]:
                raise RuntimeError(f"simulated browsers gave up: {status['ended'][:3]}")
            return bool(status["attached"] == count)

        try:
            await _until(all_are)
        except TimeoutError:
            told = {name: value for name, value in status.items() if name != "attached_at"}
            raise RuntimeError(f"not all browsers are attached: {told}") from None
        return status

    async def back(self, worker: Worker, count: int, since: float) -> dict[str, Any]:
        """Waits until all have attached after a moment; who still seems attached to what is gone does not count."""
        status: dict[str, Any] = {}

        async def all_are() -> bool:
            status.update(await self.attached(worker, count))
            return all(at > since for at in status["attached_at"])

        await _until(all_are)
        return status

    async def callers(self, numbers: Sequence[int]) -> Worker:
        """A process of callers of these browsers."""
        config = {
            "address": self.address,
            "ca": self.settings.grpc_ca_path.read_text(encoding="ascii"),
            "token": self.cli_token,
            "browsers": [(number, self.browsers[number][0]) for number in numbers],
        }
        worker = await Worker.start("bench.load.callers", config)
        self._exits.push_async_callback(worker.stop)
        return worker


def with_bare_server(document: dict[str, Any], socket: str) -> None:
    """Adds the bare server to Envoy's configuration, on the same listener and behind the same filters."""
    chains = document["static_resources"]["listeners"][0]["filter_chains"]
    manager = next(chain for chain in chains if chain["name"] == "tls")["filters"][0]["typed_config"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    for of, now in (
        ({"prefix": "/tabwire.v1.BrowserService/"}, {"prefix": f"/{relay.SERVICE}/"}),
        ({"path": "/tabwire.v1.LinkService/Connect"}, {"path": f"/{relay.SERVICE}/Peer"}),
    ):
        route = copy.deepcopy(next(route for route in routes if route["match"] == of))
        route["match"] = now
        route["route"]["cluster"] = "bare"
        if "path" in now:
            # Peers give no signs of life.
            route["route"]["idle_timeout"] = "3600s"
        routes.insert(0, route)
    clusters = document["static_resources"]["clusters"]
    cluster = copy.deepcopy(next(cluster for cluster in clusters if cluster["name"] == "tabwire"))
    cluster["name"] = cluster["load_assignment"]["cluster_name"] = "bare"
    del cluster["health_checks"]
    (endpoints,) = cluster["load_assignment"]["endpoints"]
    endpoints["lb_endpoints"][0]["endpoint"]["address"]["pipe"]["path"] = socket
    clusters.append(cluster)


def _environment() -> dict[str, str]:
    """For all processes: none of a person's settings, and the way to this package."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("TABWIRE_", "OPENAI_"))}
    return {**env, "PYTHONPATH": os.pathsep.join((_TESTS, *filter(None, (env.get("PYTHONPATH"),))))}


async def _is_serving(address: str) -> bool:
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            health: Any = health_pb2_grpc.HealthStub(channel)
            answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=2)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _browser_id(token: str) -> str:
    """What a token says of whose it is; the signature is the server's business."""
    body = token.split(".")[1]
    said: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return said["browser_id"]


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _until(holds: Any) -> None:
    """Returns as soon as it holds; another process decides when, so it has to be asked."""
    async with asyncio.timeout(_PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)
