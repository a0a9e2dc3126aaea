"""Says of one answer whether it may be: a documented status, nothing of the inside, no silence.

What is documented: every RPC answers with a gRPC status that `tabwire.errors` gives to some error code, or OK, or
INTERNAL with a correlation id; never UNKNOWN. What the edge answers itself carries a status of gRPC too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
from google.rpc import status_pb2

from fuzz.answer import unpadded
from fuzz.cases import Carrier, Ending, Expect
from tabwire.errors import grpc_status
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from fuzz.answer import Answer
    from fuzz.cases import Case

_NAMES = {str(code.value[0]): code.name for code in grpc.StatusCode}
DOCUMENTED = frozenset({"OK", *(grpc_status(code).name for code in error_pb2.ErrorCode.values())})
# gRPC's specification has its library answer these with INTERNAL itself, before the server sees the message.
_BY_SPECIFICATION = ("Compression bit set but no encoding configured", "Decompression failed due to ")
# What an exception, a path or a library would look like. Nothing that a case sends looks like this.
_INSIDE = re.compile(
    rb"Traceback|\bFile \"|\.pyx?\b|src/core|chttp2|[a-z]Error\b|[a-z]Exception\b|object at 0x"
    rb"|site-packages|/home/|/root/|/tmp/|/usr/"
    rb"|sqlalchemy|sqlite|aiosqlite|asyncio|grpcio|protobuf|upb|protovalidate|pydantic|NoneType|<class|coroutine"
    rb"|BEGIN (EC )?PRIVATE|\bSELECT\b|\bINSERT\b",
)


@dataclass
class Verdict:
    """One answer, judged: what it counts as, and what is wrong with it."""

    label: str
    problems: list[str] = field(default_factory=list)


def judge(case: Case, answer: Answer) -> Verdict:
    """The verdict on the answer to a case."""
    verdict = Verdict(_label(case, answer))
    leak = _INSIDE.search(answer.everything())
    if leak is not None:
        verdict.problems.append(f"it tells of the inside: {leak.group().decode(errors='replace')}")
    if case.expect is Expect.NOTHING:
        return verdict
    if answer.late:
        verdict.problems.append("no answer in time")
    elif answer.status >= 500:
        verdict.problems.append(f"HTTP {answer.status}")
    status = answer.grpc_status
    if status:
        verdict.problems += _of_grpc(answer, status)
    elif case.expect is Expect.GRPC and not answer.late and not answer.left:
        verdict.problems.append(
            "the connection was closed"
            if answer.closed
            else f"no gRPC status, HTTP {answer.status}, reset {answer.reset}"
        )
    return verdict


def _label(case: Case, answer: Answer) -> str:
    if answer.late:
        return "no answer"
    if case.ending is Ending.ABORTED:
        return "hung up by us"
    if answer.left and not answer.grpc_status:
        return "a stream" if answer.status else "a silent stream"
    if answer.grpc_status:
        return _NAMES.get(answer.grpc_status, f"status {answer.grpc_status[:8]}")
    if answer.status:
        return f"HTTP {answer.status}"
    return "closed"


def _of_grpc(answer: Answer, status: str) -> list[str]:
    name = _NAMES.get(status)
    if name is None or name not in DOCUMENTED:
        return [f"status {name or status}: {answer.header('grpc-message')[:100]}"]
    correlation_id = answer.header("x-correlation-id")
    if name == "OK":
        return []
    if not correlation_id:
        if name == "INTERNAL" and not answer.header("grpc-message").startswith(_BY_SPECIFICATION):
            return [f"INTERNAL without a correlation id: {answer.header('grpc-message')[:100]}"]
        return []  # the edge's own
    details = unpadded(answer.header("grpc-status-details-bin"))
    told = status_pb2.Status.FromString(details)
    info = error_pb2.ErrorInfo()
    if len(told.details) != 1 or not told.details[0].Unpack(info):
        return ["an error without an ErrorInfo"]
    problems = []
    if info.correlation_id != correlation_id:
        problems.append("two correlation ids")
    if grpc_status(info.error_code).name != name:
        problems.append("the ErrorInfo says something else than the status")
    # A browser that answers nonsense is INTERNAL too, and the caller is told that it was the browser.
    if info.error_code == error_pb2.ERROR_CODE_INTERNAL:
        problems.append(f"the server failed: {info.message[:200]}")
    return problems


def enough(case: Case, answer: Answer) -> bool:
    """Whether of a stream that may go on for ever enough was seen."""
    return answer.messages() >= (3 if case.carrier is Carrier.NATIVE else 1)
