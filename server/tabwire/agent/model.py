"""One OpenAI-compatible endpoint: sends messages, gets one answer, and says in our words what went wrong.

Finds out by itself how the endpoint can be held to the decision's schema and which parameters it takes. The answer is
streamed where the endpoint can do that, so that people see it come. Does not know what an answer means
(`tabwire.agent.decision`) nor what to do about a bad one (`tabwire.agent.model_decider`).
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import TYPE_CHECKING, Any, Literal

import structlog

from tabwire.agent import profile as profiles
from tabwire.agent.instructions import system_text
from tabwire.agent.model_errors import no_model, unavailable, unreadable, unusable
from tabwire.agent.schema import is_read, sent_schema
from tabwire.agent.streamed import collect, is_stream, whole
from tabwire.agent.usage import Prices, usage_of
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import openai

    from tabwire.agent.profile import Profile
    from tabwire.agent.schema import Schema
    from tabwire.agent.streamed import Completed
    from tabwire.settings import Settings
    from tabwire.v1 import action_pb2

    # Takes what the model reasons and what it wants to reach next, as far as it has come.
    Thinking = Callable[[str, str], None]

_log = structlog.get_logger()

Message = dict[str, str]
Mode = Literal["json_schema", "json_object", "text"]

MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
_RETRIES = 2
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 20.0
_SERVER_FAULT = 500
_TOO_MANY = 429
_REFUSED_REQUEST = (400, 415, 422)
_TOO_LONG = ("context length", "context window", "maximum context", "context size")
_FORMATS = ("response_format", "json_schema", "json_object", "schema")
_LIMIT_NAMES = ("max_tokens", "max_completion_tokens")


class Model:
    """A model behind an endpoint. One for the whole server: what was learnt about the endpoint is kept."""

    def __init__(self, settings: Settings, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.name = settings.model
        self.profile = profiles.choose(settings.model, settings.model_profile)
        self._where = settings.openai_base_url or "OpenAI"
        self._timeout_s = settings.model_timeout_s
        self._prices = Prices.of(settings)
        self._sleep = sleep
        # Importing it takes a third of the time of a server's start: one that never asks a model does without.
        import openai

        self._client = openai.AsyncOpenAI(
            # Local endpoints take any key, but the client insists on one.
            api_key=settings.openai_api_key.get_secret_value() or "none",
            base_url=settings.openai_base_url or None,
            timeout=settings.model_timeout_s,
            max_retries=0,
        )
        self._modes: tuple[Mode, ...] = MODES if settings.model_output == "auto" else _only(settings.model_output)
        thinks = self.profile.temperature is None
        self._limit_names = list(reversed(_LIMIT_NAMES) if thinks else _LIMIT_NAMES)
        self._left_out: set[str] = set()
        """Parameters that the endpoint does not take."""
        self._takes_any = True
        """Whether the endpoint can hold to a schema made for one call."""

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

    async def answer(
        self,
        messages: Sequence[Message],
        *,
        picture: action_pb2.Image | None = None,
        schema: Schema | None = None,
        thinking: Thinking | None = None,
    ) -> task_pb2.ModelReply:
        """One answer to a conversation, before which the system message is put. A picture goes with the last message.

        `schema` is what the answer is held to; without one, to what all pages take.

        Its `error_info` is set if it came but is of no use: cut off, empty, or a refusal.
        Raises `TabwireError` MODEL_UNAVAILABLE if none came.
        """
        began = time.monotonic()
        completed = await self._complete(lambda: self._request(messages, picture, schema), thinking)
        took_ms = round((time.monotonic() - began) * 1000)
        reply = task_pb2.ModelReply(
            model=completed.model or self.name,
            content=completed.content or completed.refusal,
            usage=usage_of(completed.usage, self._prices, model_ms=took_ms),
            duration_ms=took_ms,
        )
        if completed.refusal or completed.finish_reason == "content_filter":
            reply.error_info.CopyFrom(unusable(completed.refusal))
        elif completed.finish_reason == "length":
            reply.error_info.CopyFrom(unreadable("it was cut off because it was too long; answer shorter"))
        elif not completed.content.strip():
            reply.error_info.CopyFrom(unreadable("it was empty"))
        return reply

    async def _complete(self, request: Callable[[], dict[str, Any]], thinking: Thinking | None) -> Completed:
        """`request` is made anew for each try, by what was learnt from the last one."""
        import openai

        retries = 0
        while True:
            delay = float(_FIRST_DELAY_S * 2**retries)
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._call(request(), thinking)
            except openai.APIStatusError as error:
                if _is_refused(error) and self._adapt(error):
                    continue
                if not _is_passing(error) or retries >= _RETRIES:
                    raise self._unavailable(error) from error
                delay = _delay(error, retries)
            except (openai.APITimeoutError, TimeoutError) as error:
                # It has had its time already; once more would only double the wait.
                raise self._unavailable(error) from error
            except openai.APIConnectionError as error:
                if retries >= _RETRIES:
                    raise self._unavailable(error) from error
            except (openai.OpenAIError, json.JSONDecodeError, UnicodeDecodeError) as error:
                # The endpoint answered with something that is no completion: most often a wrong address.
                raise no_model(self._where) from error
            retries += 1
            _log.info("model_retry", model=self.name, retry=retries, delay_s=delay)
            await self._sleep(delay)

    def _unavailable(self, error: openai.APIError | TimeoutError) -> Exception:
        return unavailable(error, model=self.name, where=self._where, timeout_s=self._timeout_s)

    async def _call(self, request: dict[str, Any], thinking: Thinking | None) -> Completed:
        raw = await self._client.chat.completions.with_raw_response.create(**request)
        response = raw.http_response
        if is_stream(response.headers.get("content-type", "")):
            found = await collect(raw.parse(), thinking)
            if found is not None and found.usage is None:
                # What was used up is to be known, rather than seen coming: from now on whole answers, which tell it.
                self._left_out |= {"stream", "stream_options"}
        else:
            # It does not stream, or was not asked to.
            found = whole(json.loads(await response.aread()))
        if found is None:
            raise no_model(self._where)
        return found

    def _request(
        self, messages: Sequence[Message], picture: action_pb2.Image | None, schema: Schema | None
    ) -> dict[str, Any]:
        shown = is_read(self.mode, self.profile)
        system = {"role": "system", "content": system_text(self.profile, shown_schema=shown)}
        told: list[Any] = [system, *messages]
        if picture is not None:
            told[-1] = _with_picture(told[-1], picture)
        request: dict[str, Any] = {"model": self.name, "messages": told}
        if self.profile.temperature is not None:
            request["temperature"] = self.profile.temperature
        if self.profile.reasoning_effort:
            request["reasoning_effort"] = self.profile.reasoning_effort
        request["stream"] = True
        request["stream_options"] = {"include_usage": True}
        if self._limit_names:
            request[self._limit_names[0]] = self.profile.max_output_tokens
        response_format = _response_format(self.mode, self.profile, schema if self._takes_any else None)
        if response_format is not None:
            request["response_format"] = response_format
        return {name: value for name, value in request.items() if name not in self._left_out}

    def _adapt(self, error: openai.APIStatusError) -> bool:
        """Learns from a refused request what the endpoint does not understand. False if nothing is left to try."""
        blamed = (error.param or error.message).lower()
        if any(words in blamed for words in _TOO_LONG):
            return False
        if not any(word in blamed for word in _FORMATS):
            if "stream" in blamed and "stream" not in self._left_out:
                # Without usage in the stream nobody would know what a call used up.
                self._left_out |= {"stream", "stream_options"}
                return True
            for name in ("temperature", "reasoning_effort"):
                if name in blamed and name not in self._left_out:
                    self._left_out.add(name)
                    return True
            if self._limit_names and self._limit_names[0] in blamed:
                # Newer hosted models know the other name; some endpoints know neither.
                self._limit_names.pop(0)
                return True
        if self._takes_any and self.profile.is_weak and self._modes[1:2] != ("json_object",):
            # It may be what this page's schema has in it; the one for all pages is the simpler one.
            self._takes_any = False
            return True
        if len(self._modes) > 1:
            _log.info("model_mode_refused", model=self.name, mode=self.mode)
            self._modes = self._modes[1:]
            return True
        return False


def _with_picture(message: Message, picture: action_pb2.Image) -> dict[str, Any]:
    data = base64.b64encode(picture.data).decode()
    url = f"data:{picture.mime_type or 'image/png'};base64,{data}"
    parts = [{"type": "text", "text": message["content"]}, {"type": "image_url", "image_url": {"url": url}}]
    return {"role": message["role"], "content": parts}


def _is_refused(error: openai.APIStatusError) -> bool:
    """Whether the endpoint did not understand the request. llama-cpp-python says so with a 500."""
    return error.status_code in _REFUSED_REQUEST or "response_format" in error.message


def _only(mode: str) -> tuple[Mode, ...]:
    return tuple(one for one in MODES if one == mode)


def _response_format(mode: Mode, profile: Profile, own: Schema | None) -> dict[str, Any] | None:
    schema = own if own is not None and mode != "text" else sent_schema(mode, profile)
    if mode == "json_schema":
        named = {"name": "decision", "strict": is_read(mode, profile), "schema": schema}
        return {"type": "json_schema", "json_schema": named}
    return None if schema is None else {"type": "json_object", "schema": schema}


def _is_passing(error: openai.APIStatusError) -> bool:
    """Whether the same request may succeed in a moment."""
    if error.status_code == _TOO_MANY:
        return error.code != "insufficient_quota"
    return error.status_code >= _SERVER_FAULT


def _delay(error: openai.APIStatusError, retries: int) -> float:
    """How long to wait: what the endpoint asks for, else a little longer each time."""
    asked = error.response.headers.get("retry-after", "")
    try:
        return min(max(float(asked), 0.0), _LONGEST_DELAY_S)
    except ValueError:
        return float(_FIRST_DELAY_S * 2**retries)
