"""The end of a token at the edge: Envoy lets none in that has ended, whether or not it has let it in before."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from .speaking import WEB, WHO_AM_I, Answer, Caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .conftest import Edge

# What Envoy allows for a clock that is behind, as envoy/tokens.yaml.j2 says.
_SKEW_S = 5


async def _ask(edge: Edge, token: str) -> Answer:
    def work() -> Answer:
        with Caller(edge.settings) as caller:
            return caller.ask(WHO_AM_I, [*WEB.items(), ("authorization", f"Bearer {token}"), ("host", "x")])

    return await asyncio.to_thread(work)


async def test_a_token_that_has_ended_does_not_reach_the_server(edge: Edge) -> None:
    now = int(time.time())
    for ended_s in (_SKEW_S + 2, 30, 59, 3600):
        answer = await _ask(edge, edge.token(iat=now - 7200, exp=now - ended_s))
        assert answer.status == 401, ended_s
    assert edge.behind.calls == 0
    assert (await _ask(edge, edge.token(exp=now + 60))).grpc_status == "0"


async def test_a_token_that_was_good_is_let_in_no_longer_than_it_lasts(
    edge: Edge, until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
) -> None:
    """Envoy remembers tokens whose signature it has checked; their end it looks at each time."""
    ends = int(time.time()) + 3
    token = edge.token(exp=ends)
    assert (await _ask(edge, token)).grpc_status == "0"
    assert (await _ask(edge, token)).grpc_status == "0"

    async def refused() -> bool:
        return (await _ask(edge, token)).status == 401

    await until(refused)
    assert ends - 1 <= time.time() <= ends + 45, "Envoy's own default would be a minute"
