"""TaskService through a whole server: what is new in the contract arrives at the task, and comes back to the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from integration.rpc.harness import bearer, error_of, failed
from integration.rpc.scripted_browser import ScriptedBrowser, one_tab
from tabwire.v1 import error_pb2, link_pb2, task_pb2, task_service_pb2, task_service_pb2_grpc

if TYPE_CHECKING:
    from integration.rpc.harness import Api

pb = task_service_pb2
WAITING = task_pb2.TASK_STATE_WAITING_HUMAN


async def _until(stub: Any, api: Api, task_id: str, kind: str) -> task_pb2.TaskEvent:
    watch = stub.WatchTask(pb.WatchTaskRequest(task_id=task_id, include_thinking=True), metadata=api.owner)
    async for response in watch:
        if response.event.WhichOneof("kind") == kind:
            watch.cancel()
            event: task_pb2.TaskEvent = response.event
            return event
    raise AssertionError(f"no {kind}")


async def test_a_task_from_its_creation_to_its_deletion(api: Api) -> None:
    stub: Any = task_service_pb2_grpc.TaskServiceStub(api.channel)
    paired = await api.pair()
    async with ScriptedBrowser(api.channel, bearer(paired.tokens.access_token), one_tab) as browser:
        request = pb.CreateTaskRequest(
            user_prompt='open "https://a.test/"\nask "Really?"',
            decider=task_pb2.DECIDER_COMMANDS,
            plan=task_pb2.Plan(items=[task_pb2.PlanItem(text="one")]),
        )
        task = (await stub.CreateTask(request, metadata=api.owner)).task
        await _until(stub, api, task.task_id, "human_input_needed")
        named = {"task_id": task.task_id}
        with_person = await stub.GetTask(pb.GetTaskRequest(**named), metadata=api.owner)
        assert with_person.task.state == WAITING
        assert list(with_person.task.tab_ids) == [9]
        assert with_person.task.plan.items[0].text == "one"
        steer = await failed(stub.SteerTask(pb.SteerTaskRequest(text="x", **named), metadata=api.owner))
        assert error_of(steer).error_code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
        delete = await failed(stub.DeleteTask(pb.DeleteTaskRequest(**named), metadata=api.owner))
        assert delete.code() is grpc.StatusCode.FAILED_PRECONDITION
        await stub.AnswerTask(pb.AnswerTaskRequest(answer="yes", **named), metadata=api.owner)
        await _until(stub, api, task.task_id, "state_changed")
        async for _ in stub.WatchTask(pb.WatchTaskRequest(**named), metadata=api.owner):
            pass
        effects = await stub.ListTaskEffects(pb.ListTaskEffectsRequest(**named), metadata=api.owner)
        assert [one.kind for one in effects.effects] == [task_pb2.EFFECT_KIND_NAVIGATED]
        pieces = [
            piece
            async for piece in stub.ExportTask(
                pb.ExportTaskRequest(format=pb.EXPORT_FORMAT_MARKDOWN, **named), metadata=api.owner
            )
        ]
        assert pieces[0].file_name == f"{task.task_id}.md"
        assert "Really?" in b"".join(piece.data for piece in pieces).decode()
        found = await stub.ListTasks(pb.ListTasksRequest(text="REALLY"), metadata=api.owner)
        assert [one.task_id for one in found.tasks] == [task.task_id]
        prompt = await stub.GetTaskPrompt(pb.GetTaskPromptRequest(), metadata=api.owner)
        assert 0 < prompt.fixed_tokens <= prompt.total_tokens
        await stub.DeleteTask(pb.DeleteTaskRequest(**named), metadata=api.owner)
        gone = await failed(stub.GetTask(pb.GetTaskRequest(**named), metadata=api.owner))
        assert gone.code() is grpc.StatusCode.NOT_FOUND
        assert browser.commands


async def test_what_a_browser_tells_of_a_person_pauses_the_task(api: Api) -> None:
    def silent_at_work(command: link_pb2.Command) -> link_pb2.CommandResult | None:
        return None if command.WhichOneof("request") == "action" else one_tab(command)

    stub: Any = task_service_pb2_grpc.TaskServiceStub(api.channel)
    paired = await api.pair()
    async with ScriptedBrowser(api.channel, bearer(paired.tokens.access_token), silent_at_work) as browser:
        request = pb.CreateTaskRequest(user_prompt='open "https://a.test/"', decider=task_pb2.DECIDER_COMMANDS)
        task = (await stub.CreateTask(request, metadata=api.owner)).task
        await _until(stub, api, task.task_id, "action_started")
        browser.send(person_input=link_pb2.PersonInput(tab_id=9, what="click"))
        acted = await _until(stub, api, task.task_id, "person_acted")
        assert (acted.person_acted.tab_id, acted.person_acted.what) == (9, "click")
        named = {"task_id": task.task_id}
        paused = (await stub.GetTask(pb.GetTaskRequest(**named), metadata=api.owner)).task
        assert (paused.state, paused.cause.code) == (task_pb2.TASK_STATE_PAUSED, error_pb2.ERROR_CODE_PERSON_ACTED)
        await stub.StopTask(pb.StopTaskRequest(**named), metadata=api.owner)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"secrets": ["none"]}, grpc.StatusCode.NOT_FOUND),
        ({"output_schema": "{"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"follows_task_id": "none"}, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_what_cannot_be_taken(api: Api, fields: dict[str, Any], code: grpc.StatusCode) -> None:
    stub: Any = task_service_pb2_grpc.TaskServiceStub(api.channel)
    paired = await api.pair()
    async with ScriptedBrowser(api.channel, bearer(paired.tokens.access_token), one_tab):
        request = pb.CreateTaskRequest(user_prompt="done", **fields)
        assert (await failed(stub.CreateTask(request, metadata=api.owner))).code() is code
