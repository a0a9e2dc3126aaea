"""`tabwire doctor`: goes the way from this computer to a browser, and says where it ends and what to do about it.

Each check has one remedy. A check that cannot be made because an earlier one failed is not made.
"""

from __future__ import annotations

import base64
import json as jsonlib
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

import psutil
import typer
from rich.markup import escape

from tabwire import origins, revisions
from tabwire.cli import chromium
from tabwire.cli.console import OK, UNREACHABLE, Json, execute, out, print_json, settings
from tabwire.cli.extension_watch import extension_process
from tabwire.client import Client, diagnose
from tabwire.errors import TabwireError
from tabwire.security import ca
from tabwire.v1 import error_pb2, extension_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tabwire.settings import Settings


@dataclass(frozen=True)
class Check:
    """What was looked at and what was found."""

    name: str
    ok: bool
    message: str
    remedy: str = ""


def doctor(json: Json = False) -> None:
    """Find out what stands between you, the server and a browser."""

    async def work() -> list[Check]:
        found = []
        async for check in examine(settings()):
            found.append(check)
            if not json:
                _tell(check)
        return found

    checks = execute(work, json=json)
    good = all(check.ok for check in checks)
    if json:
        print_json({"ok": good, "checks": [vars(check) for check in checks]})
    raise typer.Exit(OK if good else UNREACHABLE)


async def examine(chosen: Settings, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> AsyncIterator[Check]:
    """The checks, in the order of the way. Ends with the first one that makes the rest pointless."""
    certificate = _certificate(chosen, now())
    yield certificate
    if not certificate.ok:
        return
    yield _supervisor(chosen)
    authority = diagnose.read_ca(chosen.grpc_ca_path)
    for origin in origins.allowed(chosen):
        trouble, message, remedy = await diagnose.diagnose(chosen.server_url, authority, origin=origin, now=now)
        if trouble != extension_pb2.CONNECTION_TROUBLE_UNSPECIFIED:
            name = extension_pb2.ConnectionTrouble.Name(trouble).removeprefix("CONNECTION_TROUBLE_").lower()
            yield Check(name.replace("_", " "), False, message, remedy)
            return
    yield Check("edge and server", True, f"Envoy and the server answer at {chosen.server_url}.")
    async with Client.local(chosen) as client:
        async for check in _with_token(client, chosen, now()):
            yield check


def _certificate(chosen: Settings, now: datetime) -> Check:
    path = chosen.keys_path / "server.pem"
    try:
        begins, ends = ca.begins_at(path), ca.expires_at(path)
    except TabwireError as error:
        return Check("certificate", False, error.info.message, error.info.remedy)
    if ends < now:
        # The clock may be what is wrong; then the server's tells, if it can be asked.
        return Check(
            "certificate expired",
            False,
            f"By this computer's clock ({now:%Y-%m-%d}) the certificate ended on {ends:%Y-%m-%d}.",
            "Check the clock; if it is right, start `tabwire up` again, which makes a new one.",
        )
    if now < begins:
        return Check(
            "clock",
            False,
            f"By this computer's clock ({now:%Y-%m-%d %H:%M}) the certificate begins on {begins:%Y-%m-%d %H:%M}.",
            "Set the clock; on Linux: timedatectl set-ntp true",
        )
    return Check("certificate", True, f"The certificate is good until {ends:%Y-%m-%d}.")


def _supervisor(chosen: Settings) -> Check:
    """Whether `tabwire up` runs with all its children. Tabwire may also run without it, in containers."""
    try:
        status = jsonlib.loads((chosen.run_path / "up.json").read_text(encoding="utf-8"))
        pid, children = int(status["pid"]), dict(status["children"])
    except (OSError, ValueError, KeyError, TypeError):
        return Check("tabwire up", False, "`tabwire up` does not run for this home.", "Start it: tabwire up")
    if not psutil.pid_exists(pid):
        return Check("tabwire up", False, "`tabwire up` was killed.", "Start it again: tabwire up")
    dead = [name for name, child in children.items() if not (child and psutil.pid_exists(child))]
    if dead:
        logs = ", ".join(str(chosen.logs_path / f"{name}.log") for name in dead)
        return Check("tabwire up", False, f"Not running: {', '.join(dead)}.", f"Look into {logs}")
    return Check("tabwire up", True, f"`tabwire up` runs {', '.join(children)} (process {pid}).")


async def _with_token(client: Client, chosen: Settings, now: datetime) -> AsyncIterator[Check]:
    try:
        me = await client.who_am_i()
    except TabwireError as error:
        yield _refused(error.info, chosen, now)
        return
    yield Check("token", True, f"The token in {chosen.cli_token_path} is good.")
    mine = metadata.version("tabwire")
    if not revisions.common(me.min_revision, me.max_revision):
        older = "this command" if me.min_revision > revisions.MAX_REVISION else "the server"
        yield Check(
            "versions",
            False,
            f"The server speaks protocol revisions {me.min_revision} to {me.max_revision}, "
            f"this command {revisions.MIN_REVISION} to {revisions.MAX_REVISION}; they share none.",
            f"Update Tabwire where {older} runs, then start `tabwire up` again.",
        )
        return
    if me.server_version != mine:
        yield Check(
            "versions",
            False,
            f"The server has version {me.server_version}, this command {mine}.",
            "Start `tabwire up` again.",
        )
    else:
        yield Check("versions", True, f"Everything has version {mine}.")
    model = f"The model is {me.model}." if me.model_configured else "No model is set up: plain commands only."
    yield Check("model", True, model)
    yield await _browsers(client, chosen)


def _refused(info: error_pb2.ErrorInfo, chosen: Settings, now: datetime) -> Check:
    """Why the command line's own token did not do."""
    if info.error_code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED:
        return Check("busy", False, info.message, info.remedy)
    if info.error_code != error_pb2.ERROR_CODE_UNAUTHENTICATED:
        return Check("token", False, info.message, info.remedy)
    remedy = "Start `tabwire up` again; it makes a new one."
    path = chosen.cli_token_path
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token:
        return Check("token missing", False, f"There is no token in {path}.", remedy)
    ends = _end_of(token)
    if ends is not None and ends <= now:
        return Check("token expired", False, f"The token in {path} ended on {ends:%Y-%m-%d %H:%M} UTC.", remedy)
    if info.correlation_id:  # the edge let it pass; only the server knows of revocations
        return Check("token revoked", False, f"The token in {path} was revoked.", remedy)
    return Check("token", False, f"The token in {path} was not made by this server.", remedy)


def _end_of(token: str) -> datetime | None:
    """When a token says that it ends. Whether it says the truth is for others to find out."""
    try:
        body = token.split(".")[1]
        claims = jsonlib.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


async def _browsers(client: Client, chosen: Settings) -> Check:
    paired = (await client.list_browsers()).browsers
    connected = [one.display_name or one.browser_id for one in paired if one.is_connected]
    for one in paired:
        if one.HasField("error_info"):
            words = f"{one.display_name or one.browser_id} cannot connect. {one.error_info.message}"
            return Check("browser version", False, words, one.error_info.remedy)
    if connected:
        return Check("browser", True, f"Connected: {', '.join(connected)}.")
    if chosen.browser == "none" and paired:
        # Chrome says so to nobody else: an extension that was killed or has crashed stays away while Chrome runs.
        remedy = "Start Chrome. If it runs, open Tabwire's side panel, which says what is in the way; if it does not "
        remedy += "open, press Reload at Tabwire in chrome://extensions."
    elif chosen.browser == "none":
        folder = chosen.home_path / "extension"
        remedy = f"Load {folder} in chrome://extensions, run `tabwire certs install`, and press Connect in the panel."
    elif _runs_without_extension(chosen):
        words = "Chromium runs, but the extension in it does not."
        return Check(
            "browser", False, words, "Switch Tabwire on in its chrome://extensions, or start `tabwire up` again."
        )
    else:
        remedy = f"Look into {chosen.logs_path / 'browser.log'} and start `tabwire up` again."
        if not chromium.extension(chosen).is_dir():
            remedy = "Start `tabwire up`, which starts one."
    words = "No browser is connected." if paired else "No browser is paired."
    return Check("browser", False, words, remedy)


def _runs_without_extension(chosen: Settings) -> bool:
    """Whether the managed Chromium runs, and no extension in it."""
    try:
        status = jsonlib.loads((chosen.run_path / "up.json").read_text(encoding="utf-8"))
        browser = int(status["children"]["browser"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(browser) and psutil.pid_exists(browser) and extension_process(browser) is None


def _tell(check: Check) -> None:
    out.print(f"{'[green]✓[/]' if check.ok else '[bold red]✗[/]'} [bold]{check.name}[/]  {escape(check.message)}")
    if check.remedy and not check.ok:
        out.print(f"  [bold]→[/] {escape(check.remedy)}")
