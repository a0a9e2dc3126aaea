"""Shows a prompt and how large its parts are: what is the same in every step, and the conversation of a task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tabwire.agent import tokens
from tabwire.agent.instructions import system_text
from tabwire.agent.profile import DEFAULT, Profile
from tabwire.agent.prompt import Prompt
from tabwire.agent.schema import is_read, sent_schema
from tabwire.v1 import task_service_pb2

if TYPE_CHECKING:
    from tabwire.agent.history import History
    from tabwire.agent.model import Mode
    from tabwire.v1 import task_pb2


def prompt_of(
    task: task_pb2.Task | None = None,
    history: History | None = None,
    *,
    profile: Profile = DEFAULT,
    mode: Mode = "json_schema",
) -> task_service_pb2.GetTaskPromptResponse:
    """The prompt of a task as its model got it last; without one, what is the same for all tasks.

    `profile` and `mode` are the model's (see `tabwire.agent.model.Model`). Reads a vocabulary the first time: half a
    second, in which the caller should not hold up others.
    """
    shown = sent_schema(mode, profile)
    schema = "" if shown is None else json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    messages = [{"role": "system", "content": system_text(profile, shown_schema=is_read(mode, profile))}]
    if task is not None and history is not None:
        messages.extend(Prompt(task, profile).messages(history))
    response = task_service_pb2.GetTaskPromptResponse(schema=schema, tokenizer=tokens.TOKENIZER, profile=profile.name)
    for message in messages:
        response.messages.add(**message, tokens=tokens.count(message["content"]))
    in_schema = tokens.count(schema)
    response.fixed_tokens = response.messages[0].tokens + in_schema
    response.total_tokens = sum(message.tokens for message in response.messages) + in_schema
    return response
