"""Puts the server together and runs it: one Unix socket, all services, one way in and one way out.

Nothing is decided here; it is the one place where the parts of the server know each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import os
import signal
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from tabwire import log, origins
from tabwire.agent.model import Model
from tabwire.browser.browsers import LinkedBrowsers
from tabwire.browser.permissions import Permissions
from tabwire.browser.policies import Policies
from tabwire.errors import TabwireError
from tabwire.link.hub import LinkHub
from tabwire.rpc.access import Access
from tabwire.rpc.auth_servicer import AuthServicer
from tabwire.rpc.browser_servicer import BrowserServicer
from tabwire.rpc.interceptors.auth import AuthInterceptor
from tabwire.rpc.interceptors.correlation import CorrelationInterceptor
from tabwire.rpc.interceptors.deadline import DeadlineInterceptor
from tabwire.rpc.interceptors.guard import GuardInterceptor
from tabwire.rpc.interceptors.messages import MessagesInterceptor
from tabwire.rpc.link_servicer import LinkServicer
from tabwire.rpc.maintenance import Maintenance
from tabwire.rpc.owner_token import OWNER_ID, ensure_owner_token
from tabwire.rpc.policy_servicer import PolicyServicer
from tabwire.rpc.signing import KeyKeeper
from tabwire.rpc.socket_lock import SocketLock
from tabwire.rpc.streams import OpenStreams
from tabwire.rpc.task_servicer import TaskServicer
from tabwire.security.keys import SigningKeys
from tabwire.security.secrets import SecretBox
from tabwire.store.auth_store import AuthStore
from tabwire.store.browser_store import BrowserStore
from tabwire.store.database import Database
from tabwire.store.policy_store import PolicyStore
from tabwire.store.task_store import TaskStore
from tabwire.task.manager import TaskManager
from tabwire.v1 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    browser_service_pb2,
    browser_service_pb2_grpc,
    error_pb2,
    link_service_pb2,
    link_service_pb2_grpc,
    policy_service_pb2,
    policy_service_pb2_grpc,
    task_service_pb2,
    task_service_pb2_grpc,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from tabwire.settings import Settings

_log = structlog.get_logger()

SERVICES: tuple[str, ...] = tuple(
    service.full_name
    for module in (auth_service_pb2, browser_service_pb2, link_service_pb2, policy_service_pb2, task_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
)
_REFLECTION = "grpc.reflection.v1alpha.ServerReflection"
_REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"

# How long calls may go on after the server has stopped to take new ones.
_GRACE_S = 3.0
# Between two looks of the garbage collector; a call makes some tens that outlive it for a moment.
_NEW_OBJECTS = 10_000
# Must stay below the interval of Envoy's keepalive pings (envoy/envoy.yaml.j2), or grpc takes them for an attack.
_MIN_PING_INTERVAL_MS = 5_000
# Must stay above Envoy's `max_request_headers_kb`.
_MAX_METADATA_BYTES = 32 * 1024


def server_version() -> str:
    """This server's version."""
    return importlib.metadata.version("tabwire")


class TabwireServer:
    """The whole server. `start` it, then `stop` it; `serve` does both around signals."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = SocketLock(settings.socket_path)
        self._database = Database(settings.database)
        self._browser_store = BrowserStore(self._database)
        self._streams = OpenStreams()
        self._health = health.aio.HealthServicer()
        self._exits = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Starts everything, in an order in which each part finds what it needs. Undone if any part fails."""
        try:
            await self._start()
        except BaseException:
            await self._exits.aclose()
            raise
        _log.info("server_started", socket=str(self._settings.socket_path), version=server_version())

    async def stop(self) -> None:
        """Stops everything in the opposite order. Whatever fails on the way, the rest is stopped. Safe to repeat."""
        _log.info("server_stopping")
        await self._exits.aclose()
        _log.info("server_stopped")

    async def _start(self) -> None:
        settings = self._settings
        await asyncio.to_thread(self._lock.acquire)
        self._exits.callback(self._lock.release)
        await self._database.open()
        self._exits.push_async_callback(self._database.close)
        keys = await asyncio.to_thread(SigningKeys.load, settings.keys_path)
        auth_store = AuthStore(self._database)
        await auth_store.ensure_owner(OWNER_ID)
        access = Access(auth_store, keys, settings, self._streams)
        keeper = KeyKeeper(keys, auth_store, settings)
        await ensure_owner_token(access, settings.cli_token_path)

        hub = LinkHub(
            settings,
            model_configured=Model.is_configured(settings),
            server_version=server_version(),
            on_seen=self._browser_store.introduced,
        )
        box = await asyncio.to_thread(SecretBox.load, settings.keys_path)
        policies = Policies(PolicyStore(self._database), box, settings)
        browsers = LinkedBrowsers(hub, self._browser_store, Permissions.of(settings), policies)
        manager = TaskManager(TaskStore(self._database), browsers, settings, secret_names=_names_of(policies))
        server = self._grpc_server(access)
        served: Any = _Served(server)
        auth_service_pb2_grpc.add_AuthServiceServicer_to_server(
            AuthServicer(access, keeper, hub, settings, server_version=server_version()), served
        )
        browser_service_pb2_grpc.add_BrowserServiceServicer_to_server(BrowserServicer(browsers), served)
        link_service_pb2_grpc.add_LinkServiceServicer_to_server(LinkServicer(hub), served)
        task_service_pb2_grpc.add_TaskServiceServicer_to_server(TaskServicer(manager), served)
        policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(PolicyServicer(policies), served)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, served)
        _add_reflection(server)

        self._exits.push_async_callback(server.stop, _GRACE_S)
        self._exits.callback(self._streams.end_all, _stopping())
        await manager.start()
        self._exits.push_async_callback(_end_work, hub, manager)
        await self._listen(server)
        maintenance = Maintenance(
            access, keeper, self._streams, auth_store, self._browser_store, browsers, settings.cli_token_path
        )
        maintaining = asyncio.create_task(maintenance.run())
        self._exits.push_async_callback(_cancelled, maintaining)
        for service in ("", *SERVICES):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        self._exits.push_async_callback(self._health.enter_graceful_shutdown)

    def _grpc_server(self, access: Access) -> grpc.aio.Server:
        limit = self._settings.max_message_bytes
        return grpc.aio.server(
            interceptors=(
                CorrelationInterceptor(),
                GuardInterceptor(),
                DeadlineInterceptor(),
                AuthInterceptor(access, self._streams, origins=frozenset(origins.allowed(self._settings))),
                MessagesInterceptor(limit),
            ),
            options=(
                # Above the limit that MessagesInterceptor holds, so that it is the one to say what is wrong.
                ("grpc.max_receive_message_length", 2 * limit),
                ("grpc.max_send_message_length", 2 * limit),
                # Above what the edge lets through: a long token is refused for what it is, not for its length.
                ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
                ("grpc.absolute_max_metadata_size", 2 * _MAX_METADATA_BYTES),
                ("grpc.http2.min_ping_interval_without_data_ms", _MIN_PING_INTERVAL_MS),
                ("grpc.http2.max_ping_strikes", 0),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.so_reuseport", 0),
            ),
        )

    async def _listen(self, server: grpc.aio.Server) -> None:
        before = os.umask(0o177)  # the socket is never open to others, not even for a moment
        try:
            _bind(server, f"unix:{self._settings.socket_path}")
        finally:
            os.umask(before)
        self._lock.protect()
        if self._settings.listen:
            _bind(server, self._settings.listen)
            _log.warning("listening_without_tls", address=self._settings.listen)
        await server.start()


class _Served:
    """What generated code adds services to: each of them as a handler for all of its methods, and no more.

    It would also register each method by itself. Then grpc.aio waits for the next call of each of them apart, all over
    again with every call: with forty methods that was a quarter of what a call costs.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(
        self, _service: str, _handlers: dict[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """See the class."""


def _bind(server: grpc.aio.Server, address: str) -> None:
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        bound = 0
        _log.error("listen_failed", address=address, error=str(error))
    if not bound:
        raise TabwireError(
            error_pb2.ERROR_CODE_UNAVAILABLE,
            f"The server cannot listen on {address}.",
            remedy="Check that the address is free, or for a socket the rights and the kind of its folder.",
        )


def _names_of(policies: Policies) -> Callable[[str], Awaitable[Collection[str]]]:
    """Which secrets an owner has."""

    async def names(owner_id: str) -> Collection[str]:
        return [secret.name for secret in await policies.list_secrets(owner_id)]

    return names


async def _end_work(hub: LinkHub, manager: TaskManager) -> None:
    """Ends links and tasks, each politely.

    The links begin to end first: a task that is interrupted now must not cancel its action in the browser, which
    finishes it and keeps the result for the server that takes the task up again.
    """
    links_end = asyncio.create_task(hub.shutdown())
    await asyncio.sleep(0)
    try:
        await manager.stop()
    finally:
        await links_end


def _stopping() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAVAILABLE, "The server is stopping.", remedy="Try again in a few seconds."
    )


def _add_reflection(server: grpc.aio.Server) -> None:
    """Reflection in both versions that tools ask for; their messages are the same on the wire."""
    names = (*SERVICES, health.SERVICE_NAME, _REFLECTION, _REFLECTION_V1)
    servicer = reflection.aio.ReflectionServicer(names)
    for name in (_REFLECTION, _REFLECTION_V1):
        handler: Any = grpc.stream_stream_rpc_method_handler(
            servicer.ServerReflectionInfo,
            request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
            response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
        )
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler}),)
        )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _collect_seldom() -> None:
    """What is there by now stays: the garbage collector need not look at it, nor at what is new every few calls.

    With a hundred callers it took several percent of the server's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)


async def serve(settings: Settings) -> None:
    """Runs the server until SIGTERM or SIGINT, then stops it gracefully.

    Raises `TabwireError` if it cannot start.
    """
    log.configure(settings.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        server = TabwireServer(settings)
        await server.start()
        _collect_seldom()
        try:
            await stop.wait()
        finally:
            await server.stop()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
