"""The decider that asks a model: builds the prompt, reads the answer, and gives the model one chance to repair it.

Every answer is kept in the journal before anything is done with it; an answer that was kept before a restart is used
instead of asking again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import decision
from tabwire.agent.model_errors import not_configured
from tabwire.agent.prompt import Prompt
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, state_pb2

if TYPE_CHECKING:
    from tabwire.agent.history import History
    from tabwire.agent.model import Model
    from tabwire.agent.ports import StepContext
    from tabwire.v1 import action_pb2, task_pb2

# One answer, and one more after it was told what is wrong.
_ANSWERS = 2


class ModelDecider:
    """Decides by a model, for one task."""

    def __init__(self, model: Model | None) -> None:
        self._model = model
        self._prompt: Prompt | None = None
        self._told = 0

    @property
    def sees_outcomes(self) -> bool:
        """A model is shown what failed and decides again."""
        return True

    def result(self, task: task_pb2.Task, history: History) -> str | None:
        """A model's task ends only by an action of its own."""
        return None

    def unmet(
        self,
        task: task_pb2.Task,
        number: int,
        action: action_pb2.Action,
        result: action_pb2.ActionResult,
    ) -> error_pb2.ErrorInfo | None:
        """A model sees for itself what came of its actions."""
        return None

    async def decide(self, context: StepContext) -> task_pb2.Decision:
        """See `Decider`."""
        state = context.state
        if state is None:
            state = await context.look(state_pb2.STATE_SCOPE_VIEWPORT)
        prompt = self._conversation(context)
        prompt.turn(context.task, state, repeats=context.history.repeats_in_a_row)
        kept = list(context.record.replies)
        for number in range(1, _ANSWERS + 1):
            if kept:
                reply = kept.pop(0)
            else:
                reply = await self._ask(prompt, context)
            prompt.answered(reply.content)
            try:
                return _decision(reply)
            except TabwireError as error:
                if error.code != error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID or number == _ANSWERS:
                    raise _final(error) from error
                prompt.repair(error.info.message)
        raise AssertionError("unreachable: the last answer returns or raises")

    async def _ask(self, prompt: Prompt, context: StepContext) -> task_pb2.ModelReply:
        if self._model is None:  # it was set up when the task was taken, and is no more
            raise not_configured("TABWIRE_MODEL, or its key or endpoint, is no longer set")
        reply = await self._model.answer(prompt.messages)
        reply.step_number = context.record.number
        if not reply.HasField("error_info"):
            try:
                decision.parse(reply.content)
            except TabwireError as error:
                reply.error_info.CopyFrom(error.info)
        await context.keep_reply(reply)
        return reply

    def _conversation(self, context: StepContext) -> Prompt:
        """The prompt, with all steps that have ended since the last turn told."""
        closed = context.history.closed_steps
        if self._prompt is None:
            self._prompt = Prompt(context.task)
            self._prompt.replay(context.history)
        else:
            for record in closed[self._told :]:
                self._prompt.outcome(record)
        self._told = len(closed)
        return self._prompt


def _decision(reply: task_pb2.ModelReply) -> task_pb2.Decision:
    if reply.HasField("error_info"):
        raise TabwireError.of(reply.error_info)
    return decision.parse(reply.content)


def _final(error: TabwireError) -> TabwireError:
    """The same error for a person: what was said to the model does not help them."""
    if error.code != error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID:
        return error
    return TabwireError(
        error.code,
        f"The model's answer is not a decision, also after it was told why: {error.info.message[:300]}",
        remedy=error.info.remedy,
        origin=error.info.component_origin,
        retryable=True,
    )
