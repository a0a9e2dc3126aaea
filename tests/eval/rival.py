"""The rival's side as the evaluation sees it: a process in its own environment, asked over standard input."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.side import BENCH, Kind, Side
from eval.figures import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniwob.environment import Episode

_KIND = Kind(
    "browser_use",
    "browser-use",
    BENCH / "browser_use" / "bin" / "python",
    Path(__file__).with_name("rival_side.py"),
)
_OPEN_S = 60.0
# It ends a try by itself when its time is up; so long it may take to do so.
_END_S = 60.0


class Rival:
    """browser-use with its own Chromium."""

    name = "browser_use"

    def __init__(self, base_url: str, model: str) -> None:
        self._base_url = base_url
        self._model = model
        self._side: Side | None = None

    async def start(self) -> None:
        """Starts it."""
        self._side = await asyncio.to_thread(Side, _KIND)

    async def stop(self) -> None:
        """Ends it."""
        if self._side is not None:
            await asyncio.to_thread(self._side.close)

    async def open(self, url: str) -> None:
        """Brings the tab to an address."""
        assert self._side is not None
        answer = await asyncio.to_thread(self._side.ask, "open", _OPEN_S, url=url)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])

    async def solve(
        self,
        episode: Episode,
        instruction: str,
        steps: int,
        seconds: float,
        is_over: Callable[[], bool],  # noqa: ARG002 - it asks the page's server itself
    ) -> Outcome:
        """Gives the task and waits until it has ended."""
        assert self._side is not None
        parts = urlsplit(episode.url)
        answer = await asyncio.to_thread(
            self._side.ask,
            "solve",
            seconds + _END_S,
            seconds=seconds,
            instruction=instruction,
            steps=steps,
            model=self._model,
            base_url=self._base_url,
            episode=f"{parts.scheme}://{parts.netloc}/episodes/{episode.number}",
        )
        if not answer["ok"]:
            return Outcome(0, claimed=False, words=answer["error"])
        return Outcome(answer["steps"], answer["claimed"], answer["words"])
