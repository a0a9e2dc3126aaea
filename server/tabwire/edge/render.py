"""Renders Envoy's configuration from its template.

Says what differs between a laptop (a Unix socket behind, the admin page on a socket) and containers (a host name
behind, logs to standard output). What an RPC's route looks like is said in the template alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jinja2

from tabwire.edge import assets
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
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
    keys = settings.keys_path
    for path in (str(settings.socket_path), admin_socket(settings)):
        if len(path.encode()) > _MAX_SOCKET_PATH:
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                f"The socket's path {path} is longer than the {_MAX_SOCKET_PATH} bytes that the system allows.",
                remedy="Set TABWIRE_HOME to a folder with a shorter path.",
            )
    return _render(
        settings,
        certificate=str(keys / "server.pem"),
        private_key=str(keys / "server.key"),
        jwks=str(settings.jwks_path),
        access_log_path=str(settings.logs_path / "access.log"),
        admin_socket=admin_socket(settings),
        upstream_socket=str(settings.socket_path),
        listen_host=settings.host,
        listen_port=settings.port,
    )


def for_container(settings: Settings, *, upstream_host: str, upstream_port: int, listen_port: int = 8443) -> str:
    """The configuration for Envoy's official image: keys under /keys, the server at a host name."""
    return _render(
        settings,
        certificate="/keys/server.pem",
        private_key="/keys/server.key",
        jwks="/keys/jwks.json",
        access_log_path="/dev/stdout",
        admin_port=9901,
        upstream_host=upstream_host,
        upstream_port=upstream_port,
        listen_host="0.0.0.0",  # noqa: S104 - inside a container the ports that are published decide who gets in
        listen_port=listen_port,
    )


def _render(settings: Settings, **variables: str | int) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - YAML, not HTML
    template = environment.from_string(assets.envoy_template().read_text(encoding="utf-8"))
    missed = math.ceil(3 * settings.heartbeat_ms) / 1000
    return template.render(
        origin=f"chrome-extension://{assets.extension_id()}",
        link_idle=f"{missed:.3f}s",
        stream_idle=f"{max(missed, 30):.3f}s",
        unary_timeout=_UNARY,
        act_timeout=_ACT,
        watch_idle=_WATCH_IDLE,
        rate_burst=2000,
        rate_per_second=1000,
        **{"admin_socket": "", "upstream_host": "", **variables},
    )
