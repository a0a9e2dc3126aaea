"""A scripted browser: a native client of the link that answers commands as a test says. No page, no Chrome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tabwire.v1 import action_pb2, link_pb2, link_service_pb2_grpc, state_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import grpc

    from integration.rpc.harness import Metadata

    Answer = Callable[[link_pb2.Command], link_pb2.CommandResult | None]


_TABS = link_pb2.TabList(tabs=[state_pb2.Tab(tab_id=9, title="Shop", is_active=True)])


def one_tab(command: link_pb2.Command) -> link_pb2.CommandResult | None:
    """A browser with one tab that does all it is told."""
    match command.WhichOneof("request"):
        case "observe":
            state = state_pb2.PageState(tab_id=command.tab_id or 9, title="Shop", document_id="main-1")
            return link_pb2.CommandResult(page_state=state)
        case "action":
            result = action_pb2.ActionResult(
                original_action_id=command.action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED
            )
            return link_pb2.CommandResult(action_result=result)
        case "list_tabs":
            return link_pb2.CommandResult(tab_list=_TABS)
        case "ping":
            return link_pb2.CommandResult(pong=link_pb2.Pong(hops=[link_pb2.Hop(name="service worker")]))
        case _:
            return None


class ScriptedBrowser:
    """Holds one Connect stream. `answer` gives the result of a command, or None to stay silent."""

    def __init__(self, channel: grpc.aio.Channel, metadata: Metadata, answer: Answer) -> None:
        self.link_id = ""
        self.commands: list[link_pb2.Command] = []
        self.commanded = asyncio.Event()
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()
        self.observed: asyncio.Queue[list[int]] = asyncio.Queue()
        self.ended: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._out: asyncio.Queue[link_pb2.Uplink] = asyncio.Queue()
        self._seq = 0
        self._recorded = 0
        self._attached = asyncio.Event()
        self._call = link_service_pb2_grpc.LinkServiceStub(channel).Connect(self._uplinks(), metadata=metadata)
        self._task = asyncio.create_task(self._run())

    async def __aenter__(self) -> ScriptedBrowser:
        await asyncio.wait_for(self._attached.wait(), 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._call.cancel()

    def send(self, **body: Any) -> None:
        """Sends a numbered message."""
        self._seq += 1
        self._out.put_nowait(link_pb2.Uplink(seq=self._seq, ack=self._recorded, **body))

    async def _uplinks(self) -> AsyncIterator[link_pb2.Uplink]:
        yield link_pb2.Uplink(hello=link_pb2.Hello(min_revision=1, max_revision=1, extension_version="1.2.3"))
        while True:
            yield await self._out.get()

    async def _run(self) -> None:
        try:
            async for downlink in self._call:
                self._take(downlink)
        except BaseException as error:
            if not self.ended.done():
                self.ended.set_result(error)
            raise
        self.ended.set_result(None)

    def _take(self, downlink: link_pb2.Downlink) -> None:
        self._recorded = max(self._recorded, downlink.seq)
        match downlink.WhichOneof("body"):
            case "welcome":
                self.link_id = downlink.welcome.link_id
            case "attached":
                self._attached.set()
            case "heartbeat":
                self._out.put_nowait(link_pb2.Uplink(ack=self._recorded, heartbeat=link_pb2.Heartbeat()))
            case "command":
                self.commands.append(downlink.command)
                self.commanded.set()
                result = self._answer(downlink.command)
                if result is not None:
                    result.command_id = downlink.command.command_id
                    self.send(command_result=result)
            case "cancel_command":
                self.cancelled.put_nowait(downlink.cancel_command.command_id)
            case "observe_tabs":
                self.observed.put_nowait(list(downlink.observe_tabs.tab_ids))
            case _:
                pass
