"""A small TLS server that plays the tasks' part, with what a test wants it to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import status_pb2

from tabwire.client import Client
from tabwire.security import ca
from tabwire.v1 import error_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from google.protobuf.message import Message


def detailed(info: error_pb2.ErrorInfo, code: grpc.StatusCode) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries an error."""
    detail = any_pb2.Any()
    detail.Pack(info)
    status = status_pb2.Status(code=code.value[0], message=info.message, details=[detail])
    return (("grpc-status-details-bin", status.SerializeToString()),)


class Tasks:
    """Journals that a test wrote, and streams that break where it says."""

    def __init__(self) -> None:
        self.journal: list[task_pb2.TaskEvent] = []
        self.breaks_after: list[int] = []
        self.asked_after: list[int] = []
        self.state: task_pb2.TaskState.ValueType = task_pb2.TASK_STATE_RUNNING
        self.error: error_pb2.ErrorInfo | None = None
        self.status = grpc.StatusCode.NOT_FOUND
        self.tokens: list[str] = []
        self.created: list[task_service_pb2.CreateTaskRequest] = []

    async def get(self, request: bytes, context: Any) -> task_service_pb2.GetTaskResponse:
        self.tokens.append(str(dict(context.invocation_metadata()).get("authorization")))
        if self.error is not None:
            await context.abort(self.status, "x", trailing_metadata=detailed(self.error, self.status))
        task_id = task_service_pb2.GetTaskRequest.FromString(request).task_id
        return task_service_pb2.GetTaskResponse(task=task_pb2.Task(task_id=task_id, state=self.state))

    async def create(self, request: bytes, _: Any) -> task_service_pb2.CreateTaskResponse:
        self.created.append(task_service_pb2.CreateTaskRequest.FromString(request))
        return task_service_pb2.CreateTaskResponse(task=task_pb2.Task(task_id="t1"))

    async def watch(self, request: bytes, context: Any) -> AsyncIterator[task_service_pb2.WatchTaskResponse]:
        after = task_service_pb2.WatchTaskRequest.FromString(request).after_seq
        self.asked_after.append(after)
        stop = self.breaks_after.pop(0) if self.breaks_after else len(self.journal)
        for event in self.journal:
            if after < event.seq <= stop:
                yield task_service_pb2.WatchTaskResponse(event=event)
        if stop < len(self.journal):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the stream broke")

    def handler(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            "tabwire.v1.TaskService",
            {
                "GetTask": grpc.unary_unary_rpc_method_handler(self.get, response_serializer=serialized),
                "CreateTask": grpc.unary_unary_rpc_method_handler(self.create, response_serializer=serialized),
                "WatchTask": grpc.unary_stream_rpc_method_handler(self.watch, response_serializer=serialized),
            },
        )


def serialized(message: Message) -> bytes:
    return message.SerializeToString()


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


@pytest.fixture
async def client(tmp_path: Path, tasks: Tasks) -> AsyncIterator[Client]:
    made = ca.ensure(tmp_path)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((tasks.handler(),))
    credentials = grpc.ssl_server_credentials([(made.key.read_bytes(), made.chain.read_bytes())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    async with Client(f"https://127.0.0.1:{port}", "secret-token", ca=made.grpc_ca.read_bytes()) as client:
        yield client
    await server.stop(None)
