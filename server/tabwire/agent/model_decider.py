"""The decider that asks a model: tells it what it has to know, reads the answer, and gives it one chance to repair it.

What the model is told is kept in the journal before it is asked, and every answer before anything is done with it; what
was kept before a restart is used instead of asking again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.agent import decision, intent, overlooked, progress
from tabwire.agent.choices import narrowed
from tabwire.agent.events import documents_of
from tabwire.agent.model_errors import not_configured
from tabwire.agent.profile import DEFAULT
from tabwire.agent.prompt import Prompt
from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, state_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.agent.history import History, Past
    from tabwire.agent.model import Model
    from tabwire.agent.ports import StepContext
    from tabwire.agent.schema import Schema
    from tabwire.v1 import action_pb2

# One answer, and one more after it was told what is wrong.
_ANSWERS = 2


class ModelDecider:
    """Decides by a model, for one task."""

    def __init__(self, model: Model | None, past: Sequence[Past] = ()) -> None:
        """`past` are the tasks that this one goes on from, the oldest first."""
        self._model = model
        self._past = past
        self._profile = model.profile if model is not None else DEFAULT
        self._shown: state_pb2.PageState | None = None
        self._schema: Schema | None = None
        """What the answer to this turn is held to, if not to what all pages take. It is in no journal: a server that
        comes back before the answer holds it to the latter."""

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
        prompt = Prompt(context.task, self._profile, past=self._past)
        record = context.record
        if not record.asked:
            await self._tell(prompt, context)
        # Answers that came before a restart are not asked for again.
        for number in range(1, _ANSWERS + 1):
            if len(record.replies) < number:
                await self._ask(prompt, context)
            reply = record.replies[number - 1]
            try:
                decided = self._read(reply)
                doubt = self._doubt(decided, context) if number < _ANSWERS else ""
                # What was told back before a restart stays told back.
                if not doubt and len(record.asked) <= number:
                    return decided
                if len(record.asked) == number:
                    await self._keep_asked(context, prompt.repair(context.history, doubt), record.page_digest)
            except TabwireError as error:
                if error.code != error_pb2.ERROR_CODE_MODEL_OUTPUT_INVALID or number == _ANSWERS:
                    raise _final(error) from error
                if len(record.asked) == number:
                    text = prompt.repair(context.history, error.info.message)
                    await self._keep_asked(context, text, record.page_digest)
        raise AssertionError("unreachable: the last answer returns or raises")

    async def _tell(self, prompt: Prompt, context: StepContext) -> None:
        """Writes down what the model is to be told."""
        state = context.state
        if state is None:
            state = await context.look(state_pb2.STATE_SCOPE_VIEWPORT)
        digest = progress.digest(state)
        stands = progress.look(context.history, digest)
        hint = stands.early_hint if self._profile.is_weak else stands.hint
        turn = prompt.turn(context.task, context.history, state, shown=self._shown, hint=hint)
        events = []
        if turn.compacted is not None:
            events.append(task_pb2.TaskEvent(context_compacted=turn.compacted))
        asked = self._asked(context, turn.text, digest)
        for slot, document_id in documents_of(state).items():
            asked.model_asked.documents.add(slot=slot, document_id=document_id)
        await context.keep(*events, asked)
        self._shown = turn.shown
        self._schema = turn.schema

    async def _keep_asked(self, context: StepContext, text: str, digest: int) -> None:
        await context.keep(self._asked(context, text, digest))

    def _asked(self, context: StepContext, text: str, digest: int) -> task_pb2.TaskEvent:
        return task_pb2.TaskEvent(
            model_asked=task_pb2.ModelAsked(
                step_number=context.record.number,
                text=text,
                through_seq=context.history.last_seq,
                page_digest=digest,
            )
        )

    async def _ask(self, prompt: Prompt, context: StepContext) -> None:
        if self._model is None:  # it was set up when the task was taken, and is no more
            raise not_configured("TABWIRE_MODEL, or its key or endpoint, is no longer set")
        number = context.record.number

        def tell(reasoning: str, next_goal: str) -> None:
            context.thinking(task_pb2.Thinking(step_number=number, reasoning=reasoning, next_goal=next_goal))

        messages = prompt.messages(context.history)
        reply = await self._model.answer(messages, picture=context.picture, schema=self._schema, thinking=tell)
        reply.step_number = number
        if not reply.HasField("error_info"):
            try:
                decision.parse(reply.content, self._profile)
            except TabwireError as error:
                reply.error_info.CopyFrom(error.info)
        await context.keep(task_pb2.TaskEvent(model_reply=reply))

    def _doubt(self, decided: task_pb2.Decision, context: StepContext) -> str:
        """What a weak model is told before its choice is taken, or its word that it is done."""
        if not self._profile.is_weak:
            return ""
        slip = intent.slip(decided, self._shown, self._schema)
        if slip is not None and self._schema is not None:
            self._schema = narrowed(self._schema, slip.only)
            return slip.words
        return overlooked.doubt(decided, context.task, context.history, self._shown)

    def _read(self, reply: task_pb2.ModelReply) -> task_pb2.Decision:
        if reply.HasField("error_info"):
            raise TabwireError.of(reply.error_info)
        return decision.parse(reply.content, self._profile)


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
