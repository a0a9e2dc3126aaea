"""Renders what Envoy reads from its templates: the configuration, and the three files that change while it runs.

Says what differs between a laptop (a Unix socket behind, the admin page on a socket) and containers (a host name
behind, logs to standard output). What an RPC's route looks like is said in the templates alone; where the files are put
is left to `tabwire.edge.files`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jinja2

from tabwire import assets, origins
from tabwire.edge import lanes
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tabwire.settings import Settings

_MAX_SOCKET_PATH = 107  # bytes; a limit of the kernel
_UNARY = "60s"
_ACT = "330s"  # an action may wait for 300 seconds, and the way there and back takes some too
_WATCH_IDLE = "3600s"


def admin_socket(settings: Settings) -> str:
    """Envoy's admin socket on a laptop."""
    return str(settings.run_path / "envoy.sock")


def for_laptop(settings: Settings) -> str:
    """The configuration that `tabwire up` runs: everything inside the home folder."""
    for path in (str(settings.socket_path), admin_socket(settings)):
        if len(path.encode()) > _MAX_SOCKET_PATH:
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                f"The socket's path {path} is longer than the {_MAX_SOCKET_PATH} bytes that the system allows.",
                remedy="Set TABWIRE_HOME to a folder with a shorter path.",
            )
    return _configuration(
        settings,
        folder=str(settings.edge_path),
        access_log_path=str(settings.logs_path / "access.log"),
        admin_socket=admin_socket(settings),
        upstream_socket=str(settings.socket_path),
        listen_host=settings.host,
        listen_port=settings.port,
    )


def for_container(settings: Settings, *, upstream_host: str, upstream_port: int, listen_port: int = 8443) -> str:
    """The configuration for Envoy's official image: its folder at /edge, the server at a host name."""
    return _configuration(
        settings,
        folder="/edge",
        access_log_path="/dev/stdout",
        admin_port=9901,
        upstream_host=upstream_host,
        upstream_port=upstream_port,
        listen_host="0.0.0.0",  # noqa: S104 - inside a container the ports that are published decide who gets in
        listen_port=listen_port,
    )


def tls(chain: str, key: str) -> str:
    """The file with the certificate and its key (PEM)."""
    return _render("tls", chain=chain, key=key)


def tokens(jwks: str) -> str:
    """The file with the public keys of tokens."""
    return _render("tokens", jwks=jwks)


def plain(certificate: Path) -> str:
    """The file with the answer to plain HTTP."""
    return _render(
        "plain",
        begins=_utc(ca.begins_at(certificate)),
        ends=_utc(ca.expires_at(certificate)),
        names=", ".join(ca.hosts_of(certificate)),
    )


def _configuration(settings: Settings, **variables: str | int) -> str:
    missed = math.ceil(3 * settings.heartbeat_ms) / 1000
    return _render(
        "envoy",
        origins=origins.allowed(settings),
        link_idle=f"{missed:.3f}s",
        stream_idle=f"{max(missed, 30):.3f}s",
        request_timeout=f"{settings.request_timeout_s}s",
        unary_timeout=_UNARY,
        act_timeout=_ACT,
        watch_idle=_WATCH_IDLE,
        max_connections=settings.max_connections,
        memory_bytes=settings.edge_memory_mb * 2**20,
        lanes=lanes.of(settings),
        window_bytes=lanes.WINDOW_BYTES,
        buffer_bytes=lanes.BUFFER_BYTES,
        rate_connection=settings.rate_connection,
        rate_links=settings.rate_links,
        rate_calls=settings.rate_calls,
        rate_refresh=settings.rate_refresh,
        rate_pairing=settings.rate_pairing,
        pairing_retry_s=math.ceil(60 / settings.rate_pairing),
        **{"admin_socket": "", "upstream_host": "", **variables},
    )


def _render(name: str, **variables: object) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - YAML, not HTML
    return environment.from_string(assets.envoy_template(name).read_text(encoding="utf-8")).render(**variables)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
