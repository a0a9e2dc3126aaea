"""What `tabwire doctor` says of a browser that is not connected: one remedy for each way it can be away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, cast

import pytest

from tabwire.cli import chromium, doctor
from tabwire.settings import Settings
from tabwire.v1 import browser_pb2, browser_service_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tabwire.client import Client

_SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
_BROWSER = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_SLEEP!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
child.stdout.readline()
{_SLEEP}
"""


class _Server:
    """What is asked of the client."""

    def __init__(self, *browsers: browser_pb2.Browser) -> None:
        self._browsers = browsers

    async def list_browsers(self) -> browser_service_pb2.ListBrowsersResponse:
        return browser_service_pb2.ListBrowsersResponse(browsers=self._browsers)


async def _check(settings: Settings, *browsers: browser_pb2.Browser) -> doctor.Check:
    return await doctor._browsers(cast("Client", _Server(*browsers)), settings)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, browser="headless")
    made.run_path.mkdir(parents=True)
    chromium.extension(made).mkdir(parents=True)
    return made


@pytest.fixture(params=["--extension-process", "--type=renderer"])
def browser(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A running "browser" with one child, and what is said of it."""
    mark: str = request.param
    with subprocess.Popen(
        [sys.executable, "-c", _BROWSER, mark], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (settings.run_path / "up.json").write_text(json.dumps({"children": {"browser": process.pid}}))
        try:
            yield mark
        finally:
            os.killpg(process.pid, signal.SIGKILL)


AWAY = browser_pb2.Browser(browser_id="b", display_name="Mine")


async def test_a_connected_one_is_well(settings: Settings) -> None:
    found = await _check(settings, browser_pb2.Browser(browser_id="b", display_name="Mine", is_connected=True))
    assert found.ok
    assert "Mine" in found.message


async def test_a_chromium_whose_extension_has_ended(settings: Settings, browser: str) -> None:
    found = await _check(settings, AWAY)
    assert not found.ok
    if browser == "--extension-process":
        assert "browser.log" in found.remedy
    else:
        assert found.message == "Chromium runs, but the extension in it does not."
        assert "chrome://extensions" in found.remedy


async def test_a_chromium_that_does_not_run(settings: Settings) -> None:
    (settings.run_path / "up.json").write_text(json.dumps({"children": {"browser": 0}}))
    assert "browser.log" in (await _check(settings, AWAY)).remedy


async def test_a_persons_own_chrome(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, browser="none")
    assert "Connect in the panel" in (await _check(own)).remedy
    assert "press Reload at Tabwire" in (await _check(own, AWAY)).remedy
