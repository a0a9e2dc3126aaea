"""One OpenAI-compatible endpoint: sends messages, gets one answer, and says in our words what went wrong.

Finds out by itself how the endpoint can be held to the decision's schema. Does not know what an answer means
(`tabwire.agent.decision`) nor what to do about a bad one (`tabwire.agent.model_decider`).
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Literal

import openai
import structlog

from tabwire.agent.model_errors import no_model, unavailable, unreadable, unusable
from tabwire.agent.schema import decision_schema, strict_schema
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from openai.types.chat import ChatCompletion

    from tabwire.settings import Settings

_log = structlog.get_logger()

Message = dict[str, str]
Mode = Literal["json_schema", "json_object", "text"]

MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
# A decision is short; a small model that repeats itself for ever is cut off here.
MAX_OUTPUT_TOKENS = 4096
_RETRIES = 2
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 20.0
_SERVER_FAULT = 500
_TOO_MANY = 429
_REFUSED_REQUEST = (400, 415, 422)


class Model:
    """A model behind an endpoint. One for the whole server: what was learnt about the endpoint is kept."""

    def __init__(self, settings: Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.name = settings.model
        self._where = settings.openai_base_url or "OpenAI"
        self._timeout_s = settings.model_timeout_s
        self._sleep = sleep
        self._client = openai.AsyncOpenAI(
            # Local endpoints take any key, but the client insists on one.
            api_key=settings.openai_api_key.get_secret_value() or "none",
            base_url=settings.openai_base_url or None,
            timeout=settings.model_timeout_s,
            max_retries=0,
        )
        self._modes: tuple[Mode, ...] = MODES if settings.model_output == "auto" else _only(settings.model_output)
        self._limit_name: str | None = "max_tokens"
        self._with_temperature = True

    @staticmethod
    def is_configured(settings: Settings) -> bool:
        """Whether a model is set up: its name, and a key or an endpoint."""
        return bool(settings.model and (settings.openai_api_key.get_secret_value() or settings.openai_base_url))

    @property
    def mode(self) -> Mode:
        """How the endpoint is asked to keep to the schema."""
        return self._modes[0]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def answer(self, messages: Sequence[Message]) -> task_pb2.ModelReply:
        """One answer. Its `error_info` is set if it came but is of no use: cut off, empty, or a refusal.

        Raises `TabwireError` MODEL_UNAVAILABLE if none came.
        """
        began = time.monotonic()
        completion = await self._complete(messages)
        reply = task_pb2.ModelReply(
            model=completion.model or self.name,
            usage=_usage(completion),
            duration_ms=round((time.monotonic() - began) * 1000),
        )
        choice = completion.choices[0] if completion.choices else None
        if choice is None:
            reply.error_info.CopyFrom(unreadable("it was empty"))
            return reply
        refusal = getattr(choice.message, "refusal", None)
        reply.content = choice.message.content or refusal or ""
        if refusal or choice.finish_reason == "content_filter":
            reply.error_info.CopyFrom(unusable(refusal or ""))
        elif choice.finish_reason == "length":
            reply.error_info.CopyFrom(unreadable("it was cut off because it was too long; answer shorter"))
        elif not reply.content.strip():
            reply.error_info.CopyFrom(unreadable("it was empty"))
        return reply

    async def _complete(self, messages: Sequence[Message]) -> ChatCompletion:
        retries = 0
        while True:
            try:
                return await self._call(messages)
            except openai.APIStatusError as error:
                if _is_refused(error) and self._adapt(error):
                    continue
                if not _is_passing(error) or retries >= _RETRIES:
                    raise unavailable(error, model=self.name, where=self._where, timeout_s=self._timeout_s) from error
                delay = _delay(error, retries)
            except openai.APITimeoutError as error:
                # It has had its time already; once more would only double the wait.
                raise unavailable(error, model=self.name, where=self._where, timeout_s=self._timeout_s) from error
            except openai.APIConnectionError as error:
                if retries >= _RETRIES:
                    raise unavailable(error, model=self.name, where=self._where, timeout_s=self._timeout_s) from error
                delay = _delay(None, retries)
            except (openai.OpenAIError, json.JSONDecodeError) as error:
                # The endpoint answered with something that is no completion: most often a wrong address.
                raise no_model(self._where) from error
            retries += 1
            _log.info("model_retry", model=self.name, retry=retries, delay_s=delay)
            await self._sleep(delay)

    async def _call(self, messages: Sequence[Message]) -> ChatCompletion:
        request: dict[str, Any] = {"model": self.name, "messages": list(messages)}
        if self._with_temperature:
            request["temperature"] = 0
        if self._limit_name:
            request[self._limit_name] = MAX_OUTPUT_TOKENS
        response_format = _response_format(self.mode)
        if response_format is not None:
            request["response_format"] = response_format
        completion = await self._client.chat.completions.create(**request)
        if not isinstance(getattr(completion, "choices", None), list):
            raise no_model(self._where)
        found: ChatCompletion = completion
        return found

    def _adapt(self, error: openai.APIStatusError) -> bool:
        """Learns from a refused request what the endpoint does not understand. False if nothing is left to try."""
        blamed = (error.param or error.message).lower()
        if any(words in blamed for words in ("context length", "context window", "maximum context", "context size")):
            return False
        blames_format = any(word in blamed for word in ("response_format", "json_schema", "json_object", "schema"))
        if self._with_temperature and "temperature" in blamed and not blames_format:
            self._with_temperature = False
            return True
        if self._limit_name and self._limit_name in blamed and not blames_format:
            # Newer hosted models know the other name; some endpoints know neither.
            self._limit_name = "max_completion_tokens" if self._limit_name == "max_tokens" else None
            return True
        if len(self._modes) > 1:
            _log.info("model_mode_refused", model=self.name, mode=self.mode)
            self._modes = self._modes[1:]
            return True
        return False


def _is_refused(error: openai.APIStatusError) -> bool:
    """Whether the endpoint did not understand the request. llama-cpp-python says so with a 500."""
    return error.status_code in _REFUSED_REQUEST or "response_format" in error.message


def _only(mode: str) -> tuple[Mode, ...]:
    return tuple(one for one in MODES if one == mode)


def _response_format(mode: Mode) -> dict[str, Any] | None:
    if mode == "json_schema":
        return {
            "type": "json_schema",
            "json_schema": {"name": "decision", "strict": True, "schema": strict_schema()},
        }
    if mode == "json_object":
        return {"type": "json_object", "schema": decision_schema()}
    return None


def _usage(completion: ChatCompletion) -> task_pb2.Usage:
    usage = task_pb2.Usage(model_calls=1)
    given = completion.usage
    if given is not None:
        usage.prompt_tokens = max(given.prompt_tokens or 0, 0)
        usage.completion_tokens = max(given.completion_tokens or 0, 0)
        details = given.prompt_tokens_details
        usage.cached_tokens = max((details.cached_tokens or 0) if details else 0, 0)
    return usage


def _is_passing(error: openai.APIStatusError) -> bool:
    """Whether the same request may succeed in a moment."""
    if error.status_code == _TOO_MANY:
        return error.code != "insufficient_quota"
    return error.status_code >= _SERVER_FAULT


def _delay(error: openai.APIStatusError | None, retries: int) -> float:
    """How long to wait: what the endpoint asks for, else a little longer each time."""
    asked = error.response.headers.get("retry-after", "") if error is not None else ""
    try:
        return min(max(float(asked), 0.0), _LONGEST_DELAY_S)
    except ValueError:
        return float(_FIRST_DELAY_S * 2**retries)
