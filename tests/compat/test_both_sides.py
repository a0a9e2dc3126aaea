"""Two versions that do not fit, end to end: the side panel, the command line and the log say which side to update, and
that update heals it. Chromium, extension, Envoy and server are real; one side announces another range.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from compat.conftest import Range
from compat.versions import announcing, build_extension, chromium
from e2e.stack import PANEL_URL, Stack, until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Page

pytestmark = pytest.mark.timeout(300)
_PATIENT_MS = 60_000
_EXTENSION = "Update the Tabwire extension in this browser"
_SERVER = "Update Tabwire on the server's machine"


async def _refused(stack: Stack) -> dict[str, Any]:
    """Waits until the server knows why the browser is not there; the browser as it is listed."""

    async def listed() -> dict[str, Any] | None:
        code, out, _ = await stack.cli("browsers", "--json")
        browsers = json.loads(out).get("browsers", []) if code == 0 else []
        return next((one for one in browsers if "error_info" in one), None)

    return await until(listed, "a refused browser", 60)


async def _told_everywhere(stack: Stack, panel: Page, remedy: str, message: str) -> None:
    """The side panel, `tabwire browsers`, `tabwire doctor`, any other command, and the server's log."""
    connection = panel.get_by_test_id("connection")
    await expect(connection).to_have_attribute("data-trouble", "version", timeout=_PATIENT_MS)
    await expect(connection).to_have_attribute("data-phase", "failed")
    await expect(connection).to_contain_text(message)
    await expect(panel.get_by_test_id("remedy")).to_contain_text(remedy)

    browser = await _refused(stack)
    assert browser["error_info"]["error_code"] == "ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED"
    assert not browser.get("is_connected")
    for words, exit_code in (("browsers", 0), ("doctor", 3), ("tabs", 3)):
        code, out, err = await stack.cli(words)
        assert code == exit_code, f"tabwire {words}: {out}{err}"
        assert remedy in out + err, f"tabwire {words}"
        assert message in out + err, f"tabwire {words}"
    doctor = json.loads((await stack.cli("doctor", "--json"))[1])
    (fault,) = [check for check in doctor["checks"] if not check["ok"]]
    assert fault["name"] == "browser version"
    assert remedy in fault["remedy"]

    log = (stack.tabwire_home / "logs" / "server.log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines() if '"revision_unsupported"' in line]
    assert lines
    assert lines[-1]["browser_id"] == browser["browser_id"]
    assert remedy in lines[-1]["remedy"]


async def test_a_newer_server_says_that_the_extension_is_to_be_updated(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "stack", announcing(Range(2, 3)))
    await stack.start(browser=False)
    try:
        async with stack.inspect() as context:
            panel = await context.new_page()
            await panel.goto(PANEL_URL)
            await _told_everywhere(stack, panel, _EXTENSION, "revisions 1 to 1, the server 2 to 3")

        # A command line of the older version, as on another computer, says so of itself.
        stack.env["COMPAT_REVISIONS"] = ""
        code, out, err = await stack.cli("doctor")
        assert code == 3
        assert "this command 1 to 1" in out + err
        assert "Update Tabwire where this command runs" in out + err

        # What heals it is that both speak one; here the server learns the old one again.
        assert await stack.stop() == 0
        stack.env["COMPAT_REVISIONS"] = "1-3"
        await stack.start()
        async with stack.inspect() as context, stack.client() as client:
            panel = await context.new_page()
            await panel.goto(PANEL_URL)
            await expect(panel.get_by_test_id("connection")).to_contain_text("Connected", timeout=_PATIENT_MS)
            assert (await client.ping(0, into_page=False)).hops
        code, out, err = await stack.cli("browsers")
        assert "cannot" not in out + err
    finally:
        await stack.stop_if_running()


async def test_a_newer_extension_says_that_the_server_is_to_be_updated(tmp_path: Path) -> None:
    extension = await build_extension(tmp_path / "newer", Range(2, 3))
    stack = Stack(tmp_path / "stack", {"TABWIRE_BROWSER": "none", **announcing(None)})
    await stack.start(browser=False)
    try:
        async with chromium(stack, extension, tmp_path / "profile") as panel:
            await panel.get_by_test_id("offer-button").click(timeout=_PATIENT_MS)
            await _told_everywhere(stack, panel, _SERVER, "revisions 2 to 3, the server 1 to 1")

            assert await stack.stop() == 0
            stack.env["COMPAT_REVISIONS"] = "1-2"  # the update
            await stack.start(browser=False)
            await panel.get_by_test_id("try-now").click()
            await stack.connected()
            await expect(panel.get_by_test_id("connection")).to_contain_text("Connected", timeout=_PATIENT_MS)
            await panel.locator(".connection-more").click()
            await expect(panel.locator("#connection-facts")).to_contain_text("revision 2")
            assert (await stack.cli("tabs"))[0] == 0
    finally:
        await stack.stop_if_running()
