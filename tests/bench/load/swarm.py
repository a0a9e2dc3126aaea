"""A process of many simulated browsers. Started by `stand.py`, asked in lines of JSON on its standard input.

It also plays the peers of the bare relay, which are no browsers: they send back what they get.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections import Counter
from typing import Any

import uvloop

from bench.load import relay
from bench.load.carriers import NativeCarrier, WebCarrier
from bench.load.simulated import SimulatedBrowser

# So often everybody is asked whether something is due; signs of life may be late by as much.
_TICK_S = 0.25
# So many begin at the same moment; a person's browsers do not all start at once either.
_AT_ONCE = 50


class Swarm:
    """The browsers, and who asks for them."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._ca = config["ca"].encode()
        self._browsers: list[SimulatedBrowser] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Starts all of them."""
        trust = ssl.create_default_context(cadata=self._config["web_ca"])
        address = self._config["address"]
        for number, token in enumerate(self._config["tokens"]):
            if self._config["carrier"] == "native":
                browser = SimulatedBrowser(NativeCarrier(address, self._ca, token))
            else:
                browser = SimulatedBrowser(WebCarrier(address, trust, token))
            self._browsers.append(browser)
            self._keep(browser.run())
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0.2)
        self._keep(self._tick())
        for number in range(self._config["peers"]):
            self._keep(relay.peer(address, self._ca, self._config["peer_token"], number))

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            for browser in self._browsers:
                await browser.tick()

    def status(self) -> dict[str, Any]:
        """How they are."""
        broken = [task for task in self._tasks if task.done()]
        return {
            "attached": sum(browser.attached for browser in self._browsers),
            "attached_at": [browser.attached_at for browser in self._browsers],
            "links": sum(browser.links for browser in self._browsers),
            "troubles": Counter(trouble for browser in self._browsers for trouble in browser.troubles),
            "most_troubles": max((len(browser.troubles) for browser in self._browsers), default=0),
            "ended": [repr(task.exception()) for task in broken if not task.cancelled()],
        }

    def forget_troubles(self) -> dict[str, Any]:
        """Counts troubles anew from here on."""
        for browser in self._browsers:
            browser.troubles.clear()
        return {}


async def main() -> None:
    """Starts the browsers and answers until the input ends."""
    reader = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    swarm = Swarm(json.loads(await reader.readline()))
    await swarm.start()
    while line := await reader.readline():
        asked = json.loads(line)["do"]
        answer = swarm.status() if asked == "status" else swarm.forget_troubles()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
