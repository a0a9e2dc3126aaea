"""What a real Chrome can find out about a certificate that it refuses, and that the remedy that it shows heals it."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright, expect

from e2e.stack import PANEL_URL
from tabwire.security import ca

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from playwright.async_api import Page

    from e2e.stack import Stack

    Make = Callable[[Mapping[str, str] | None], Stack]

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
_PATIENT_MS = 60_000


@contextlib.asynccontextmanager
async def _persons_chrome(stack: Stack, profile: Path) -> AsyncIterator[Page]:
    """A Chromium with the person's own home, whose certificates it trusts, and the panel in a tab."""
    extension = stack.tabwire_home / "extension"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=shutil.which("chromium"),
            headless=False,  # the new headless mode, which runs extensions, is chosen by the argument below
            env=dict(stack.env),
            args=[
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                f"--disable-extensions-except={extension}", f"--load-extension={extension}",
            ],
            ignore_default_args=["--disable-extensions"],
        )  # fmt: skip
        try:
            page = await context.new_page()
            await page.goto(PANEL_URL)
            yield page
        finally:
            await context.close()


async def test_a_certificate_that_has_ended_is_told_from_one_that_is_not_trusted(
    own_stack: Make, tmp_path: Path
) -> None:
    stack = own_stack({"TABWIRE_BROWSER": "none"})
    await stack.start(browser=False)
    code, out, err = await stack.cli("certs", "install")
    assert code == 0, out + err
    keys = stack.settings().keys_path
    (keys / "server.pem").unlink()
    ended = datetime.now(UTC) - timedelta(days=100)
    ca.ensure(keys, ["127.0.0.1"], now=ended)  # a new one of the same authority, made a hundred days ago
    async with _persons_chrome(stack, tmp_path / "profile") as panel:
        await panel.get_by_test_id("offer-button").click(timeout=_PATIENT_MS)
        await expect(panel.locator("body")).to_contain_text("ended on", timeout=_PATIENT_MS)
        await expect(panel.locator("body")).to_contain_text("Start tabwire up again", timeout=_PATIENT_MS)
        assert "certs install" not in await panel.locator("body").inner_text()
        await stack.stop()
        await stack.start(browser=False)  # the remedy
        await panel.reload()
        await panel.get_by_test_id("offer-button").click(timeout=_PATIENT_MS)
        await expect(panel.get_by_test_id("connection")).to_contain_text("onnected", timeout=_PATIENT_MS)
    assert ca.expires_at(keys / "server.pem") > datetime.now(UTC)
