"""All links of this server: the way from the rest of the server to any browser, and the entrance for both carriers.

A link's life is in `session.py`, a browser's in `slot.py`; this is the registry above them. The carriers call
`open_link`, `attach`, `receive`, `send` and `close_link` with the browser's verified id.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import structlog

from tabwire.errors import TabwireError
from tabwire.link import refusal
from tabwire.link.handshake import Handshakes
from tabwire.link.slot import BrowserSlot
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from datetime import datetime

    from tabwire.link.session import LinkSession
    from tabwire.settings import Settings

_log = structlog.get_logger(__name__)

_SHUTDOWN_WAIT_S = 3.0

# How much earlier than the caller the browser gives up; at most a tenth of the time there is.
_ANSWER_MARGIN_S = 3.0


class LinkHub:
    """The links of all browsers. `on_seen` is awaited whenever a browser opens or resumes its link."""

    def __init__(
        self,
        settings: Settings,
        *,
        model_configured: bool,
        server_version: str,
        on_seen: Callable[[str, link_pb2.Hello], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._model_configured = model_configured
        self._server_version = server_version
        self._on_seen = on_seen
        self._slots: dict[str, BrowserSlot] = {}
        self._on_person_input: Callable[[str, link_pb2.PersonInput], None] | None = None
        self._handshakes = Handshakes()
        self._stopping = False
        self._changes = 0

    # For the rest of the server

    async def execute(self, browser_id: str, command: link_pb2.Command, *, timeout_s: float) -> link_pb2.CommandResult:
        """Has a browser carry out a command, and returns its one answer. The caller's command is not changed.

        A command with the id of one that is still waiting joins it. A command survives the link it was sent on: on a
        new link of the browser it is sent again, and the browser answers a repeat from its store. If the calling task
        is cancelled, or the time is over, and nobody else waits, the browser is told to cancel.

        Raises `TabwireError` if no answer comes: BROWSER_DISCONNECTED (nothing was sent), COMMAND_REFUSED (too large),
        DEADLINE_EXCEEDED (not in time), LINK_CLOSED (the link went for good after it was sent). Before anything is
        sent also ALREADY_EXISTS (the id is in use for another command), RESOURCE_EXHAUSTED (too much waits already)
        and UNAVAILABLE (the server stops). A browser's own refusal is an answer with COMMAND_REFUSED.
        """
        self._check_running()
        slot = self._slots.get(browser_id)
        if slot is None or not slot.connected:
            raise self._handshakes.disconnected(browser_id)
        own = link_pb2.Command()
        own.CopyFrom(command)
        # The browser gives up a little earlier, so that its own answer, which knows more, still arrives.
        browser_s = timeout_s - min(_ANSWER_MARGIN_S, timeout_s / 10)
        own.deadline.FromNanoseconds(time.time_ns() + round(browser_s * 1e9))
        return await slot.execute(own, timeout_s)

    def is_connected(self, browser_id: str) -> bool:
        """Whether the browser can be asked right now."""
        slot = self._slots.get(browser_id)
        return slot is not None and slot.connected

    def capabilities(self, browser_id: str) -> link_pb2.BrowserCapabilities:
        """What the browser can do, as it said when it opened its link; nothing if it has none."""
        slot = self._slots.get(browser_id)
        session = slot.session if slot is not None else None
        return session.hello.capabilities if session is not None else link_pb2.BrowserCapabilities()

    def refused_revision(self, browser_id: str) -> error_pb2.ErrorInfo | None:
        """Why the browser got no link when it last asked, if it shares no protocol revision with this server."""
        return self._handshakes.refusal(browser_id)

    def journal_id(self, browser_id: str) -> str:
        """Names the journal that the browser records commands in now; empty if it cannot be asked."""
        slot = self._slots.get(browser_id)
        return slot.session.journal_id if slot is not None and slot.session is not None and slot.connected else ""

    @property
    def changes(self) -> int:
        """Counts what may have changed which browsers there are: links that were opened, browsers that were dropped."""
        return self._changes

    async def wait_connected(self, browser_id: str) -> None:
        """Returns as soon as the browser can be asked."""
        await self._slot(browser_id).wait_connected()

    async def updates(self, browser_id: str, tab_id: int) -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """State updates of a tab. The browser watches the tab while anyone iterates; reconnects are not noticed.

        Raises `TabwireError` BROWSER_DISCONNECTED if the browser is away, at the start or for good later.
        """
        self._check_running()
        slot = self._slots.get(browser_id)
        if slot is None or not slot.connected:
            raise self._handshakes.disconnected(browser_id)
        async with aclosing(slot.updates(tab_id)) as updates:
            async for update in updates:
                yield update

    def set_task_tabs(self, browser_id: str, rule: link_pb2.TaskTabsRule) -> None:
        """Tells a browser in which tabs a task works and what holds there; again on every new link of it."""
        if rule.tab_ids or browser_id in self._slots:
            self._slot(browser_id).set_task_tabs(rule)

    def on_person_input(self, heard: Callable[[str, link_pb2.PersonInput], None]) -> None:
        """Has a person's use of a task's tab told, with the browser's id."""
        self._on_person_input = heard

    def _heard_person(self, browser_id: str, told: link_pb2.PersonInput) -> None:
        if self._on_person_input is not None:
            self._on_person_input(browser_id, told)

    async def drop(self, browser_id: str, reason: str) -> None:
        """Ends the browser's link for good, because it may not use it any more."""
        self._changes += 1
        self._handshakes.forget(browser_id)
        slot = self._slots.get(browser_id)
        if slot is None:
            return
        revoked = TabwireError(
            error_pb2.ERROR_CODE_UNAUTHENTICATED, reason, remedy="Pair the browser again: run `tabwire pair`."
        )
        slot.close(refusal.disconnected(reason), stream_error=revoked)

    async def shutdown(self) -> None:
        """Ends all streams politely and fails whoever still waits. New links are refused from here on."""
        self._stopping = True
        ends = []
        for slot in list(self._slots.values()):
            ended = slot.session.rotate(link_pb2.ROTATE_REASON_SHUTDOWN) if slot.session is not None else None
            if ended is not None:
                ends.append(asyncio.ensure_future(ended.wait()))
        if ends:
            _, late = await asyncio.wait(ends, timeout=_SHUTDOWN_WAIT_S)
            for task in late:
                task.cancel()  # a reader that does not read cannot hold the server up
        for slot in list(self._slots.values()):
            slot.close(refusal.stopping())

    # For the carriers

    async def open_link(self, browser_id: str, hello: link_pb2.Hello) -> link_pb2.Welcome:
        """Opens a link in place of the browser's older one. Raises PROTOCOL_REVISION_UNSUPPORTED, UNAVAILABLE."""
        self._check_running()
        common = self._handshakes.agree(browser_id, hello)
        await self._on_seen(browser_id, hello)
        self._check_running()
        session = self._slot(browser_id).open(hello)
        self._changes += 1
        welcome = link_pb2.Welcome(
            link_id=session.link_id,
            revision=common,
            server_version=self._server_version,
            capabilities=link_pb2.ServerCapabilities(model=self._model_configured),
            limits=session.server_limits(),
            heartbeat_interval_ms=self._settings.heartbeat_ms,
            browser_id=browser_id,
        )
        welcome.server_time.GetCurrentTime()
        return welcome

    async def attach(
        self, browser_id: str, resume: link_pb2.Resume, expires_at: datetime | None
    ) -> AsyncGenerator[link_pb2.Downlink, None]:
        """The messages of a stream that attaches to a link; `expires_at` is the end of its token.

        Raises `TabwireError`: OUT_OF_RANGE if the link cannot go on there, EPOCH_FENCED if a newer stream is attached.
        """
        self._check_running()
        session = self._find(browser_id, resume.link_id)
        await self._on_seen(browser_id, session.hello)
        session = self._find(browser_id, resume.link_id)
        async with aclosing(session.downlinks(resume, expires_at)) as downlinks:
            async for downlink in downlinks:
                yield downlink

    def send(self, browser_id: str, request: link_service_pb2.SendRequest) -> link_service_pb2.SendResponse:
        """Takes the messages of one Send."""
        return self._find(browser_id, request.link_id).receive(request.attach_epoch, request.messages)

    def receive(self, browser_id: str, link_id: str, epoch: int, message: link_pb2.Uplink) -> None:
        """Takes one message of a Connect stream."""
        self._find(browser_id, link_id).receive_on_stream(epoch, message)

    def end_stream(self, browser_id: str, link_id: str, epoch: int) -> None:
        """Ends the stream of this epoch, if it still runs: the client of a Connect stream sends no more."""
        slot = self._slots.get(browser_id)
        session = slot.session if slot is not None else None
        if session is not None and session.link_id == link_id:
            session.end_stream(epoch, None)

    def close_link(self, browser_id: str, link_id: str, reason: str) -> None:
        """Forgets a link. Nothing happens if it is forgotten already."""
        slot = self._slots.get(browser_id)
        if slot is not None and slot.session is not None and slot.session.link_id == link_id:
            _log.info("link_closed_by_browser", browser_id=browser_id, reason=reason)
            slot.close(refusal.disconnected("The browser has closed its link."))

    # Inside

    def _check_running(self) -> None:
        if self._stopping:
            raise refusal.stopping()

    def _slot(self, browser_id: str) -> BrowserSlot:
        slot = self._slots.get(browser_id)
        if slot is None:
            slot = self._slots[browser_id] = BrowserSlot(browser_id, self._settings, self._forget, self._heard_person)
        return slot

    def _forget(self, slot: BrowserSlot) -> None:
        if self._slots.get(slot.browser_id) is slot:
            del self._slots[slot.browser_id]

    def _find(self, browser_id: str, link_id: str) -> LinkSession:
        slot = self._slots.get(browser_id)
        if slot is None:
            raise refusal.unknown_link()
        return slot.find(link_id)
