"""What goes wrong for people, each with the one remedy that is shown for it. Every test breaks a product of its own."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.async_api import async_playwright, expect

from e2e.stack import PANEL_URL, until
from tabwire.v1 import error_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from playwright.async_api import Page

    from e2e.page_server import PageServer
    from e2e.stack import Stack

    Make = Callable[[Mapping[str, str] | None], Stack]

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
_PATIENT_MS = 45_000


@contextlib.asynccontextmanager
async def _own_chrome(stack: Stack, profile: Path, *args: str) -> AsyncIterator[Page]:
    """A Chromium of the test's own with the folder that a person would load, and the panel in a tab."""
    extension = stack.tabwire_home / "extension"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=shutil.which("chromium"),
            headless=False,  # the new headless mode, which runs extensions, is chosen by the argument below
            args=[
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--disable-extensions-except={extension}", f"--load-extension={extension}", *args,
            ],
            ignore_default_args=["--disable-extensions"],
        )  # fmt: skip
        try:
            page = await context.new_page()
            await page.goto(PANEL_URL)
            yield page
        finally:
            await context.close()


async def test_an_unknown_certificate(own_stack: Make, tmp_path: Path) -> None:
    stack = own_stack({"TABWIRE_BROWSER": "none"})
    await stack.start(browser=False)
    async with _own_chrome(stack, tmp_path / "profile") as panel:
        await panel.get_by_test_id("offer-button").click(timeout=_PATIENT_MS)
        await expect(panel.locator("body")).to_contain_text("tabwire certs install", timeout=_PATIENT_MS)


async def test_pairing_by_code_then_a_revoked_token_then_a_dead_server(own_stack: Make, tmp_path: Path) -> None:
    stack = own_stack({"TABWIRE_BROWSER": "none"})
    await stack.start(browser=False)
    shown = await stack.cli_json("certs", "show")
    spki = f"--ignore-certificate-errors-spki-list={_find(shown, 'spki')}"
    async with _own_chrome(stack, tmp_path / "profile", spki) as panel:
        code = (await stack.cli_json("pair"))["code"]
        manual = panel.get_by_test_id("pair-code")
        await until(lambda: _appears(panel), "the pairing view")
        if not await manual.is_visible():
            await panel.get_by_text("another", exact=False).first.click()
        await panel.get_by_label("Server", exact=False).first.fill(stack.server_url)
        await manual.fill("AAAA-AAAA")
        await panel.get_by_test_id("pair-button").click()
        await expect(panel.locator("body")).to_contain_text("tabwire pair", timeout=_PATIENT_MS)
        await manual.fill(code)
        await panel.get_by_test_id("pair-button").click()
        browser = await stack.connected()
        await expect(panel.get_by_test_id("connection")).to_contain_text("onnected", timeout=_PATIENT_MS)

        await stack.cli_json("token", "revoke", browser)
        await expect(panel.locator("body")).to_contain_text("tabwire pair", timeout=_PATIENT_MS)

        fresh = (await stack.cli_json("pair"))["code"]
        await until(lambda: _appears(panel), "the pairing view")
        if not await manual.is_visible():
            await panel.get_by_text("another", exact=False).first.click()
        await panel.get_by_label("Server", exact=False).first.fill(stack.server_url)
        await manual.fill(fresh)
        await panel.get_by_test_id("pair-button").click()
        await stack.connected()
        await stack.stop()
        await expect(panel.locator("body")).to_contain_text("tabwire up", timeout=_PATIENT_MS)
    code, out, err = await stack.cli("doctor")
    assert code == 3
    assert "tabwire up" in out + err


async def _appears(panel: Page) -> bool:
    return await panel.get_by_test_id("pair-code").count() + await panel.get_by_test_id("offer-button").count() > 0


def _find(value: object, part: str) -> str:
    if isinstance(value, dict):
        for key, inner in value.items():
            if part in str(key).lower() and isinstance(inner, str):
                return inner
            if found := _find(inner, part):
                return found
    return ""


async def test_a_port_that_is_in_use(stack: Stack, own_stack: Make) -> None:
    second = own_stack({"TABWIRE_BROWSER": "none", "TABWIRE_PORT": str(stack.port)})
    code, out, err = await second.cli("up")
    assert code == 3
    assert str(stack.port) in out + err
    assert "TABWIRE_PORT" in out + err


async def test_a_wrong_token(stack: Stack, own_stack: Make) -> None:
    other = own_stack({"TABWIRE_PORT": str(stack.port)})
    other.tabwire_home.mkdir(parents=True)
    shutil.copytree(stack.tabwire_home / "keys", other.tabwire_home / "keys")
    (other.tabwire_home / "cli-token").write_text("eyJhbGciOiJFUzI1NiJ9.e30.AAAA")
    code, out, err = await other.cli("browsers")
    assert code == 3
    assert "token" in (out + err).lower()


async def test_a_model_endpoint_that_fails(own_stack: Make, pages: PageServer) -> None:
    stack = own_stack({"TABWIRE_MODEL": "absent", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "x"})
    await stack.start()
    async with stack.client() as client:
        task = await client.create_task("please buy a stapler", start_url=pages.url("chain/actions.html"))

        async def failed() -> task_pb2.Task | None:
            now = await client.get_task(task.task_id)
            return now if now.state == task_pb2.TASK_STATE_FAILED else None

        ended = await until(failed, "the task to fail", 120)
    assert ended.cause.code == error_pb2.ERROR_CODE_MODEL_UNAVAILABLE
    assert "OPENAI_BASE_URL" in ended.cause.remedy
    code, out, err = await stack.cli("task", "show", task.task_id)
    assert "OPENAI_BASE_URL" in out + err, "the command line shows the remedy too"
    assert code in (0, 1)


async def test_ctrl_c_ends_every_child_and_a_second_start_works(own_stack: Make) -> None:
    stack = own_stack(None)
    await stack.start()
    children = json.loads((stack.tabwire_home / "run" / "up.json").read_text())["children"]
    assert set(children) == {"server", "envoy", "browser"}
    assert await stack.stop() == 0
    for name, pid in children.items():
        assert not psutil.pid_exists(pid), f"{name} is still there"
    await stack.start()
    assert await stack.connected(), "the browser is still paired"
