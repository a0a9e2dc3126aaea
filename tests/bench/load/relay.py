"""What Tabwire is compared with: a bare grpc.aio server, without a link, tokens, rules, journals or errors of its own.

Two kinds of round trip, both with the very messages of Tabwire's: `Observe` and `Act` are answered by the server itself
(the bare echo); `RelayObserve` and `RelayAct` go on to a peer over its open stream and come back from there, which is
the way that a command to a browser has to go (the bare relay). python -m bench.load.relay SOCKET
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import TYPE_CHECKING, Any

import grpc

from bench.load import answers
from tabwire.v1 import browser_service_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVICE = "bench.Echo"
PEER = "x-bench-peer"
_NUMBER_BYTES = 8


def canned() -> dict[str, bytes]:
    """The answers, of the size of Tabwire's own."""
    observe, act = link_pb2.Command(command_id="0" * 32), link_pb2.Command(command_id="0" * 32)
    observe.observe.base_revision = 2
    act.action.id = act.command_id
    act.state_after.base_revision = 2
    browser_id = "0" * 32
    return {
        "Observe": browser_service_pb2.GetPageStateResponse(
            state_delta=answers.result_of(observe, 3).state_delta, browser_id=browser_id
        ).SerializeToString(),
        "Act": browser_service_pb2.ActResponse(
            result=answers.result_of(act, 3).action_result, browser_id=browser_id
        ).SerializeToString(),
    }


class Echo:
    """The server's side."""

    def __init__(self) -> None:
        self._canned = canned()
        self._peers: dict[str, Any] = {}
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}
        self._numbers = itertools.count(1)

    def handlers(self) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
        """By the names of their methods."""
        found: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name: grpc.unary_unary_rpc_method_handler(self._answered_with(name)) for name in self._canned
        }
        found |= {f"Relay{name}": grpc.unary_unary_rpc_method_handler(self._relayed(name)) for name in self._canned}
        return {**found, "Peer": grpc.stream_stream_rpc_method_handler(self.peer)}

    def _answered_with(self, name: str) -> Any:
        answer = self._canned[name]

        async def echo(_request: bytes, _context: Any) -> bytes:
            return answer

        return echo

    def _relayed(self, name: str) -> Any:
        kind = name[:1].encode()

        async def relay(request: bytes, context: Any) -> bytes:  # to the peer that the metadata names, and back
            peer = next(str(value) for key, value in context.invocation_metadata() if key == PEER)
            number = next(self._numbers).to_bytes(_NUMBER_BYTES, "big")
            future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            await self._peers[peer].write(number + kind + request)
            return await future

        return relay

    async def peer(self, requests: AsyncIterator[bytes], context: Any) -> None:
        """A peer's stream."""
        name = next(str(value) for key, value in context.invocation_metadata() if key == PEER)
        self._peers[name] = context
        async for answer in requests:
            self._waiting.pop(answer[:_NUMBER_BYTES]).set_result(answer[_NUMBER_BYTES:])


async def peer(address: str, ca: bytes, token: str, number: int) -> None:
    """A peer: answers what it gets."""
    answered = {name[:1].encode(): answer for name, answer in canned().items()}
    options = (("grpc.use_local_subchannel_pool", 1),)
    async with grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(ca), options=options) as channel:
        metadata = ((PEER, str(number)), ("authorization", f"Bearer {token}"))
        call: Any = channel.stream_stream(f"/{SERVICE}/Peer")(metadata=metadata)
        async for message in call:
            await call.write(message[:_NUMBER_BYTES] + answered[message[_NUMBER_BYTES : _NUMBER_BYTES + 1]])


async def main(socket: str) -> None:
    """Serves until it is ended."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, Echo().handlers()),))
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    print("ready", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
