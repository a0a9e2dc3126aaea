"""A process of callers of the API: each looks and acts in turn at its own browser, and waits for each answer, as an
agent does. The same callers call the bare echo and the bare relay with the same messages.

Started by `stand.py`, asked in lines of JSON on its standard input.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import grpc
import uvloop

from bench.load import answers, relay
from tabwire.v1 import action_pb2, browser_service_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

_BROWSERS = "/tabwire.v1.BrowserService/"
_METHODS = {
    "tabwire": (f"{_BROWSERS}GetPageState", f"{_BROWSERS}Act"),
    "echo": (f"/{relay.SERVICE}/Observe", f"/{relay.SERVICE}/Act"),
    "relay": (f"/{relay.SERVICE}/RelayObserve", f"/{relay.SERVICE}/RelayAct"),
}


class Caller:
    """One caller with a connection of its own."""

    def __init__(self, config: dict[str, Any], number: int, browser_id: str) -> None:
        self._browser_id = browser_id
        self._channel = grpc.aio.secure_channel(
            config["address"],
            grpc.ssl_channel_credentials(config["ca"].encode()),
            options=(("grpc.use_local_subchannel_pool", 1),),
        )
        self._metadata = ((relay.PEER, str(number)), ("authorization", f"Bearer {config['token']}"))
        self._revision = 0

    async def work(self, side: str, until: float, took_s: list[float]) -> None:
        """Looks and acts in turn until it is time. Any error ends the run: it must not be counted as fast."""
        calls: list[Any] = [self._channel.unary_unary(method) for method in _METHODS[side]]
        look, act = calls
        self._revision = 0
        while time.perf_counter() < until:
            took_s.append(await self._look(look))
            took_s.append(await self._act(act))

    async def _look(self, call: Any) -> float:
        options = state_pb2.StateRequest(include_text=True, base_revision=self._revision)
        request = browser_service_pb2.GetPageStateRequest(
            browser_id=self._browser_id, tab_id=answers.TAB_ID, options=options
        )
        began = time.perf_counter()
        answer = browser_service_pb2.GetPageStateResponse.FromString(
            await call(request.SerializeToString(), metadata=self._metadata)
        )
        took_s = time.perf_counter() - began
        seen = answer.state_delta.head if answer.HasField("state_delta") else answer.page_state
        self._revision = seen.revision
        if not seen.revision:
            raise ValueError(f"a look without a state: {answer}")
        return took_s

    async def _act(self, call: Any) -> float:
        options = state_pb2.StateRequest(include_text=True, base_revision=self._revision)
        action = action_pb2.Action(click=action_pb2.ClickAction(element_id=3))
        request = browser_service_pb2.ActRequest(
            browser_id=self._browser_id, tab_id=answers.TAB_ID, action=action, state_after=options
        )
        began = time.perf_counter()
        answer = browser_service_pb2.ActResponse.FromString(
            await call(request.SerializeToString(), metadata=self._metadata)
        )
        took_s = time.perf_counter() - began
        if answer.result.status != action_pb2.ACTION_STATUS_SUCCEEDED:
            raise ValueError(f"an action that failed: {answer}")
        self._revision = answer.result.state_delta.head.revision
        return took_s

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close()


class Callers:
    """All callers of this process."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._callers = [Caller(config, number, browser_id) for number, browser_id in config["browsers"]]

    async def run(self, side: str, count: int, seconds: float) -> dict[str, Any]:
        """Lets this many work for this long; every round trip's time."""
        callers = self._callers[:count]
        await self._work(side, callers, 0.3)  # connections, first looks, and whatever is made on the first call
        began, cpu = time.perf_counter(), time.process_time()
        took_s = await self._work(side, callers, seconds)
        return {
            "took_ms": [round(one * 1000, 3) for one in took_s],
            "seconds": time.perf_counter() - began,
            "cpu_s": time.process_time() - cpu,
        }

    async def _work(self, side: str, callers: Sequence[Caller], seconds: float) -> list[float]:
        took_s: list[float] = []
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(caller.work(side, until, took_s))
        return took_s


async def main() -> None:
    """Answers until the input ends."""
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    callers = Callers(json.loads(await reader.readline()))
    while line := await reader.readline():
        asked = json.loads(line)
        print(json.dumps(await callers.run(asked["side"], asked["count"], asked["seconds"])), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
