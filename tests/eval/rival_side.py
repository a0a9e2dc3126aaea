"""browser-use's side of the evaluation, in its own environment: its agent as it comes, with the same model.

In its favour: no screenshots (the model cannot see), no judge that would cost further calls, no highlighting, and none
of the extensions that it would download. Everything else is its default.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import urllib.request
from typing import Any

os.environ.setdefault("ANONYMIZED_TELEMETRY", "false")
os.environ.setdefault("BROWSER_USE_CLOUD_SYNC", "false")
os.environ.setdefault("BROWSER_USE_VERSION_CHECK", "false")
os.environ.setdefault("BROWSER_USE_LOGGING_LEVEL", "error")

# Installed in this side's own environment only.
from browser_use import Agent, BrowserProfile, BrowserSession, ChatOpenAI  # type: ignore[import-not-found]

from bench.rivals.wire import serve

_MODEL_S = 300


class RivalSide:
    """One session with one tab."""

    def __init__(self, session: BrowserSession) -> None:
        self._session = session

    async def about(self, _request: dict[str, Any]) -> dict[str, Any]:
        """What is measured."""
        return {"version": importlib.metadata.version("browser-use")}

    async def open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Brings the tab to an address."""
        await self._session.navigate_to(request["url"])
        return {}

    async def solve(self, request: dict[str, Any]) -> dict[str, Any]:
        """Lets its agent work until it is done, has used up its steps, or the page has awarded everything."""

        async def is_over() -> bool:
            return await asyncio.to_thread(_won, request["episode"])

        agent = Agent(
            task=request["instruction"],
            llm=ChatOpenAI(model=request["model"], base_url=request["base_url"], api_key="none", timeout=_MODEL_S),
            browser_session=self._session,
            use_vision=False,
            use_judge=False,
            directly_open_url=False,
            llm_timeout=_MODEL_S,
            step_timeout=2 * _MODEL_S,
            register_should_stop_callback=is_over,
        )
        try:
            history = await asyncio.wait_for(agent.run(max_steps=request["steps"]), request["seconds"])
        except TimeoutError:
            words = f"not within {request['seconds']:.0f} s"
            return {"steps": agent.history.number_of_steps(), "claimed": False, "words": words}
        words = history.final_result() or "; ".join(error for error in history.errors() if error)
        return {"steps": history.number_of_steps(), "claimed": bool(history.is_successful()), "words": words or ""}


def _won(address: str) -> bool:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bool(json.load(answer)["won"])


async def main() -> None:
    """Starts the browser and answers."""
    profile = BrowserProfile(
        executable_path="/usr/bin/chromium",
        headless=True,
        chromium_sandbox=False,
        enable_default_extensions=False,
        highlight_elements=False,
        viewport={"width": 1280, "height": 800},
        args=["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"],
        user_data_dir=None,
        keep_alive=True,
    )
    session = BrowserSession(browser_profile=profile)
    await session.start()
    side = RivalSide(session)
    await serve({name: getattr(side, name) for name in ("about", "open", "solve")})
    await session.kill()


if __name__ == "__main__":
    asyncio.run(main())
