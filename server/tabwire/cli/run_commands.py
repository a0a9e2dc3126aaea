"""The commands that run things: `up` and `demo`. `serve` is in `tabwire.cli.serving`."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tabwire.cli import watch
from tabwire.cli.console import OK, execute, out, settings, tell_error
from tabwire.cli.up import House
from tabwire.client import Client
from tabwire.demo.shop import Shop
from tabwire.demo.task import IN_WORDS, prompt
from tabwire.errors import TabwireError
from tabwire.settings import Settings
from tabwire.v1 import action_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Coroutine


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Do the demo task in the demo shop first.")] = False,
) -> None:
    """Run Tabwire: certificates, server, Envoy, the extension and a browser. Ctrl-C ends them all."""
    execute(lambda: _up(demo=demo))


def demo(port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the shop; 0 for a free one.")] = 0) -> None:
    """Serve the bundled demo shop until Ctrl-C."""

    async def work() -> None:
        async with Shop(port) as shop:
            out.print(f"The demo shop is at [bold]{shop.url}[/]  (Ctrl-C ends it)")
            await asyncio.Event().wait()

    execute(work)


async def _up(*, demo: bool) -> None:
    async with House(settings()) as house, contextlib.AsyncExitStack() as stack:
        if demo:
            house.demo_url = (await stack.enter_async_context(Shop())).url
        if not await _until_stopped(house, house.start()):
            return
        _tell_own_chrome(house)
        if demo:
            await _until_stopped(house, _demo(house))
        _tell_next(house)
        await house.serve()
        out.print("Ending …")


async def _until_stopped(house: House, work: Coroutine[None, None, None]) -> bool:
    """Does the work unless Ctrl-C comes first. True if it was done."""
    task = asyncio.ensure_future(work)
    stop = asyncio.create_task(house.serve())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return False
    await task
    return True


async def _demo(house: House) -> None:
    """Gives the demo task and shows every step. A demo that fails leaves everything running."""
    text = prompt(house.settings)
    try:
        async with Client.local(house.settings) as client:
            out.print("[dim]Waiting for the browser …[/]")
            browser = await client.wait_for_browser()
            out.print(f"[green]✓[/] Connected: {escape(browser.display_name or browser.browser_id)}")
            out.print(f"\n[bold]Demo:[/] {IN_WORDS} [dim]({house.demo_url})[/]")
            if text != IN_WORDS:
                out.print("[dim]No model is set up, so these plain commands do it:[/]")
                out.print(escape("\n".join(f"    {line}" for line in text.splitlines())), style="dim")
            task = await _demo_task(client, text, house.demo_url, browser.browser_id)
            task = await watch.watch(client, task.task_id, console=out)
            watch.show_end(task, out)
            if watch.exit_code(task) != OK:
                out.print("[yellow]![/] The demo did not succeed; Tabwire goes on serving.")
    except TabwireError as error:
        tell_error(error.info)


async def _demo_task(client: Client, text: str, url: str, browser_id: str) -> task_pb2.Task:
    """Gives the task for the tab in which the shop is open, where a person can watch; else for a tab of its own."""
    shown = await _shop_tab(client, url, browser_id)
    if shown:
        context = task_pb2.TaskContext(active_tab_id=shown, url=url)
        return await client.create_task(text, context=context, browser_id=browser_id)
    return await client.create_task(text, start_url=url, browser_id=browser_id)


async def _shop_tab(client: Client, url: str, browser_id: str) -> int:
    """The tab that shows the shop. Chromium was started with it, but on a busy computer that first page may hang."""
    tabs = (await client.list_tabs(browser_id)).tabs
    shown = next((tab.tab_id for tab in tabs if tab.url == url), 0)
    empty = next((tab.tab_id for tab in tabs if tab.is_active and not tab.url), 0)
    if shown or not empty:
        return shown
    navigate = action_pb2.Action(navigate=action_pb2.NavigateAction(url=url))
    result = (await client.act(navigate, empty, browser_id=browser_id)).result
    return empty if result.status == action_pb2.ACTION_STATUS_SUCCEEDED else 0


def _tell_own_chrome(house: House) -> None:
    if house.settings.browser == "none":
        out.print("\nYour own Chrome, once:")
        out.print("  1. [bold]tabwire certs install[/], then start Chrome again")
        folder = house.settings.home_path / "extension"
        out.print(f"  2. chrome://extensions → Developer mode → Load unpacked → [bold]{escape(str(folder))}[/]")
        out.print("  3. open Tabwire's side panel and press “Connect”")


def _tell_next(house: House) -> None:
    where = f' --url "{house.demo_url}"' if house.demo_url else ""
    text = IN_WORDS if house.settings.model else 'read "Search"' if house.demo_url else 'open "https://example.org"'
    out.print("\n[bold]Tabwire is running.[/] Give it the next task from another terminal:")
    program = f"{_environment(house)}{_program()}"
    out.print(f"    [bold]{escape(f'{program} task run {_quoted(text)}{where}')}[/]")
    out.print("[dim]`tabwire task --help` and docs/cli.md tell the rest. Ctrl-C here ends everything.[/]")


def _environment(house: House) -> str:
    """What another terminal must set to reach this very server, if it is not the usual one."""
    usual, chosen = Settings.model_fields, house.settings
    names = [name for name in ("home", "host", "port") if getattr(chosen, name) != usual[name].default]
    return "".join(f"TABWIRE_{name.upper()}={shlex.quote(str(getattr(chosen, name)))} " for name in names)


def _program() -> str:
    """How this program was called, as another terminal in the same folder may call it."""
    called = Path(sys.argv[0])
    if called.name != "tabwire" or len(called.parts) == 1:
        return "tabwire"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
