"""TaskService: proto in, proto out. Who asks is told by `rpc.identity`, everything else by the task manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tabwire.rpc.identity import principal
from tabwire.v1 import task_service_pb2 as pb
from tabwire.v1 import task_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from tabwire.task.manager import TaskManager

    Context = grpc.aio.ServicerContext[Any, Any]


class TaskServicer(task_service_pb2_grpc.TaskServiceServicer):
    """Tasks of the caller's owner."""

    def __init__(self, manager: TaskManager) -> None:
        self._manager = manager

    async def CreateTask(self, request: pb.CreateTaskRequest, context: Context) -> pb.CreateTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract. A browser that names no browser means itself."""
        caller = principal()
        if not request.browser_id and caller.browser_id:
            request.browser_id = caller.browser_id
        return pb.CreateTaskResponse(task=await self._manager.create(caller.owner_id, request))

    async def GetTask(self, request: pb.GetTaskRequest, context: Context) -> pb.GetTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.GetTaskResponse(task=await self._manager.get(principal().owner_id, request))

    async def ListTasks(self, request: pb.ListTasksRequest, context: Context) -> pb.ListTasksResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return await self._manager.list(principal().owner_id, request)

    async def WatchTask(self, request: pb.WatchTaskRequest, context: Context) -> AsyncIterator[pb.WatchTaskResponse]:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        async for response in self._manager.watch(principal().owner_id, request):
            yield response

    async def ModifyTask(self, request: pb.ModifyTaskRequest, context: Context) -> pb.ModifyTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.ModifyTaskResponse(task=await self._manager.modify(principal().owner_id, request))

    async def PauseTask(self, request: pb.PauseTaskRequest, context: Context) -> pb.PauseTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.PauseTaskResponse(task=await self._manager.pause(principal().owner_id, request))

    async def ResumeTask(self, request: pb.ResumeTaskRequest, context: Context) -> pb.ResumeTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.ResumeTaskResponse(task=await self._manager.resume(principal().owner_id, request))

    async def StopTask(self, request: pb.StopTaskRequest, context: Context) -> pb.StopTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.StopTaskResponse(task=await self._manager.stop_task(principal().owner_id, request))

    async def AnswerTask(self, request: pb.AnswerTaskRequest, context: Context) -> pb.AnswerTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.AnswerTaskResponse(task=await self._manager.answer(principal().owner_id, request))

    async def SteerTask(self, request: pb.SteerTaskRequest, context: Context) -> pb.SteerTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.SteerTaskResponse(task=await self._manager.steer(principal().owner_id, request))

    async def DeleteTask(self, request: pb.DeleteTaskRequest, context: Context) -> pb.DeleteTaskResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        await self._manager.delete(principal().owner_id, request)
        return pb.DeleteTaskResponse()

    async def ListTaskEffects(  # noqa: N802 - gRPC's interface
        self,
        request: pb.ListTaskEffectsRequest,
        context: Context,  # noqa: ARG002 - gRPC's interface
    ) -> pb.ListTaskEffectsResponse:
        """See the contract."""
        return await self._manager.effects(principal().owner_id, request)

    async def ExportTask(self, request: pb.ExportTaskRequest, context: Context) -> AsyncIterator[pb.ExportTaskResponse]:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        async for piece in self._manager.export(principal().owner_id, request):
            yield piece

    async def GetTaskPrompt(self, request: pb.GetTaskPromptRequest, context: Context) -> pb.GetTaskPromptResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return await self._manager.prompt(principal().owner_id, request)
