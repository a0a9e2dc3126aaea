"""Sends cases, many at once over a few connections, and judges every answer.

Cases over HTTP/1.1 that may follow one another are pipelined; those over HTTP/2 run side by side on one connection. A
connection that a case has spoilt is replaced. What is counted, and what was wrong, is in `Tally`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fuzz.cases import Carrier, Case, Ending, Expect
from fuzz.http1 import Http1, request
from fuzz.http2 import Http2
from fuzz.judge import enough, judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fuzz.answer import Answer
    from fuzz.house import House

_PATIENCE_S = 60.0
# A browser that holds a link and does not answer is waited for until then.
_DEADLINE = "8S"
# A stream that says nothing is left after so long: it may be right, as when a task does nothing.
_QUIET_S = 1.5
_PIPELINE = 6
_OVER_HTTP1, _OVER_HTTP2, _SIDE_BY_SIDE = 6, 2, 12
_MOST_PROBLEMS = 200


@dataclass
class Tally:
    """What came of the cases."""

    cases: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""
    attacks: Counter[str] = field(default_factory=Counter)

    def take(self, case: Case, answer: Answer) -> None:
        """Judges and counts one answer."""
        verdict = judge(case, answer)
        self.cases += 1
        self.kinds[case.kind] += 1
        self.methods[case.method.full_name] += 1
        self.labels[verdict.label] += 1
        self.by_kind.setdefault(case.kind, Counter())[verdict.label] += 1
        for problem in verdict.problems:
            if len(self.problems) < _MOST_PROBLEMS:
                self.problems.append(f"{case.told()}: {problem}")
        if answer.took_s > self.slowest_s and not answer.left:
            self.slowest_s, self.slowest = answer.took_s, case.told()


class Driver:
    """Sends cases to one house."""

    def __init__(self, house: House, tally: Tally) -> None:
        self._house = house
        self._tally = tally

    async def run(self, cases: Iterable[Case]) -> None:
        """Sends all of them."""
        queues: dict[int, asyncio.Queue[Case | None]] = {1: asyncio.Queue(64), 2: asyncio.Queue(64)}
        async with asyncio.TaskGroup() as group:
            for _ in range(_OVER_HTTP1):
                group.create_task(self._over_http1(queues[1]))
            for _ in range(_OVER_HTTP2):
                shared = _Shared(self._house)
                for _ in range(_SIDE_BY_SIDE):
                    group.create_task(self._over_http2(queues[2], shared))
            for case in cases:
                await queues[case.http].put(case)
            for queue, readers in ((queues[1], _OVER_HTTP1), (queues[2], _OVER_HTTP2 * _SIDE_BY_SIDE)):
                for _ in range(readers):
                    await queue.put(None)

    async def one(self, case: Case) -> Answer:
        """Sends one case on a connection of its own; its answer, counted and judged as well."""
        if case.http == 1:
            connection = await self._http1()
            answer = await self._alone(connection, case)
            await connection.close()
        else:
            shared = _Shared(self._house)
            answer = await self._streamed(await shared.get(), case)
            await shared.close()
        self._tally.take(case, answer)
        return answer

    # HTTP/1.1

    async def _http1(self) -> Http1:
        settings = self._house.settings
        return await Http1.open(settings.host, settings.port, self._house.trust)

    async def _over_http1(self, queue: asyncio.Queue[Case | None]) -> None:
        connection: Http1 | None = None
        while (case := await queue.get()) is not None:
            batch = [case]
            while _follows(batch[-1]) and len(batch) < _PIPELINE and not queue.empty():
                more = queue.get_nowait()
                if more is None:
                    queue.put_nowait(None)
                    break
                batch.append(more)
            while batch:
                if connection is None or not connection.is_open:
                    connection = await self._http1()
                batch = await self._pipelined(connection, batch)
        if connection is not None:
            await connection.close()

    async def _pipelined(self, connection: Http1, batch: list[Case]) -> list[Case]:
        """Sends what may be sent together; returns what has to be sent again, because the connection ended before."""
        together = [case for case in batch if _follows(case)]
        rest = batch[len(together) :]
        await connection.send(b"".join(self._request(case) for case in together))
        for number, case in enumerate(together):
            if number and not connection.is_open:
                return [*together[number:], *rest]
            answer = await connection.receive(_PATIENCE_S)
            if answer.closed and not answer.status and connection.answers:
                return batch[number:]  # the edge ended the connection after an earlier answer: as a browser, ask again
            self._tally.take(case, answer)
        for number, case in enumerate(rest):
            if not connection.is_open:
                return rest[number:]
            answer = await self._alone(connection, case)
            if answer.closed and not answer.status and connection.answers and case.expect is Expect.GRPC:
                return rest[number:]
            self._tally.take(case, answer)
        return []

    async def _alone(self, connection: Http1, case: Case) -> Answer:
        await connection.send(self._request(case))
        if case.ending is Ending.ABORTED:
            await connection.close(abruptly=True)
        answer = await connection.receive(
            _PATIENCE_S,
            (lambda answer: enough(case, answer)) if case.is_stream else None,
            _QUIET_S if case.is_stream else 0,
            bodiless=case.verb == "HEAD",
        )
        if case.expect is not Expect.GRPC:
            await connection.close()  # what such a request leaves behind is nobody's business
        return answer

    def _request(self, case: Case) -> bytes:
        body = case.encoded(self._house.put)
        length: int | None = len(body) + (50 if case.ending is Ending.ABORTED else 0)
        headers = self._headers(case)
        return request(case.path, headers, body, verb=case.verb, length=None if case.is_chunked else length)

    # HTTP/2

    async def _over_http2(self, queue: asyncio.Queue[Case | None], shared: _Shared) -> None:
        while (case := await queue.get()) is not None:
            if case.expect is Expect.HTTP:  # the edge may close the connection for it, and with it what others wait for
                await self.one(case)
            else:
                self._tally.take(case, await self._streamed(await shared.get(), case))
        await shared.close()

    async def _streamed(self, connection: Http2, case: Case) -> Answer:
        stream = connection.new_stream()
        body = case.encoded(self._house.put)
        pseudo = [(":method", case.verb), (":scheme", "https"), (":path", case.path), (":authority", "localhost")]
        head = connection.head(stream, [*pseudo, *self._headers(case)], ends=case.verb in ("GET", "HEAD"))
        await connection.send(head)
        if case.verb not in ("GET", "HEAD"):
            is_last = case.ending is Ending.WHOLE or case.ending is Ending.CUT
            keeps_open = case.method.client_streaming and case.ending is Ending.WHOLE and case.number % 2 == 0
            ends = is_last and not case.trailers and not keeps_open
            await connection.body(stream, body, ends=ends, piece=case.piece)
        if case.trailers:
            await connection.send(connection.head(stream, case.trailers, ends=True))
        if case.ending is Ending.ABORTED:
            await connection.reset(stream)
            answer = connection.answer(stream)
            connection.forget(stream)
            answer.left = True
            return answer
        return await connection.receive(
            stream,
            _PATIENCE_S,
            (lambda answer: enough(case, answer)) if case.is_stream else None,
            _QUIET_S if case.is_stream else 0,
        )

    # Both

    def _headers(self, case: Case) -> list[tuple[str, str]]:
        usual = [("content-type", case.carrier.value)]
        if case.carrier is Carrier.NATIVE:
            usual.append(("te", "trailers"))
        else:
            usual.append(("x-grpc-web", "1"))
        usual += [("authorization", value) for value in self._credentials(case)]
        if not case.is_stream and "grpc-timeout" not in dict(case.headers):
            usual.append(("grpc-timeout", _DEADLINE))
        return [*((name, value) for name, value in usual if name not in case.without), *case.headers]

    def _credentials(self, case: Case) -> list[str]:
        tokens = self._house.tokens
        right = tokens["browser" if case.method.containing_service.name == "LinkService" else "owner"]
        match case.token:
            case "right":
                return [f"Bearer {right}"]
            case "none":
                return []
            case "noise":
                return ["Bearer " + "x.y.z"]
            case "unsigned":
                return ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJsb2NhbCJ9."]
            case "two":
                return [f"Bearer {right}", f"Bearer {tokens['another']}"]
            case "another":
                return [f"Bearer {tokens['another']}"]
            case _:
                return ["Bearer " + "x" * 9000]


class _Shared:
    """One connection of HTTP/2 for several who send, replaced once it is spent."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._connection: Http2 | None = None
        self._lock = asyncio.Lock()
        self._old: list[Http2] = []

    async def get(self) -> Http2:
        async with self._lock:
            if self._connection is None or not self._connection.is_open:
                if self._connection is not None:
                    self._old.append(self._connection)
                settings = self._house.settings
                trust = self._house.trust_http2
                self._connection = await Http2.open(settings.host, settings.port, trust)
            return self._connection

    async def close(self) -> None:
        """Ends the connections on which nobody waits any more."""
        for connection in (*self._old, self._connection):
            if connection is not None and not connection.busy:
                with contextlib.suppress(ConnectionError):
                    await connection.close()


def _follows(case: Case) -> bool:
    """Whether others may be sent right behind it on the same connection."""
    return case.expect is Expect.GRPC and case.ending is Ending.WHOLE and not case.is_stream and len(case.body) < 20_000
