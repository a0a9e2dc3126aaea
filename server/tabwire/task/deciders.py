"""Who decides a task: the plain commands it was given, or a model, which is set up once for all tasks that want it."""

from __future__ import annotations

import asyncio
import importlib
import time
from typing import TYPE_CHECKING

from tabwire.agent.commands import CommandDecider
from tabwire.agent.model import Model
from tabwire.agent.model_decider import ModelDecider
from tabwire.v1 import task_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tabwire.agent.ports import Decider
    from tabwire.settings import Settings
    from tabwire.task.records import Records


class Deciders:
    """Makes deciders. `close` at the end."""

    def __init__(
        self,
        records: Records,
        settings: Settings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._settings = settings
        self._sleep = sleep
        self._clock = clock
        self._models: dict[str, Model] = {}

    async def prepare(self) -> None:
        """Loads what asks models, if one is set up. It takes a moment, in which the server must not stand still."""
        if Model.is_configured(self._settings):
            await asyncio.to_thread(importlib.import_module, "openai")

    async def of(self, owner_id: str, task: task_pb2.Task) -> Decider:
        """Who decides this task."""
        if task.decider == task_pb2.DECIDER_COMMANDS:
            return CommandDecider(sleep=self._sleep, clock=self._clock)
        await self.prepare()
        return ModelDecider(self.model_of(task), await self._records.past(owner_id, task))

    def model_of(self, task: task_pb2.Task | None) -> Model | None:
        """The model that a task wants, else the server's; None if it is not set up any more."""
        settings = self._settings
        if task is not None and task.model:
            settings = settings.model_copy(update={"model": task.model})
        if not Model.is_configured(settings):
            return None
        if settings.model not in self._models:
            self._models[settings.model] = Model(settings, sleep=self._sleep)
        return self._models[settings.model]

    async def close(self) -> None:
        """Closes the connections to all models."""
        models, self._models = list(self._models.values()), {}
        for model in models:
            await model.close()
