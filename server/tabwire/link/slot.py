"""One browser as the server sees it: its current link, the commands that wait for it, and who watches its tabs.

A browser has at most one link. Links come and go under one slot: commands that wait are sent again on a new link, until
the browser has been away for too long or has said good-bye.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

import structlog

from tabwire.errors import TabwireError
from tabwire.link import refusal
from tabwire.link.observers import Observer, Observers
from tabwire.link.pending import PendingCommands
from tabwire.link.session import LinkSession
from tabwire.v1 import error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from tabwire.settings import Settings

_log = structlog.get_logger(__name__)

# A browser whose stream broke is back within this time, unless it is really gone.
_REATTACH_GRACE_S = 5.0


class BrowserSlot:
    """One browser's place in the hub. `on_idle` is called when nothing is left in it."""

    def __init__(
        self,
        browser_id: str,
        settings: Settings,
        on_idle: Callable[[BrowserSlot], None],
        on_person_input: Callable[[str, link_pb2.PersonInput], None] = lambda _browser_id, _input: None,
    ) -> None:
        self.browser_id = browser_id
        self.session: LinkSession | None = None
        """The current link."""
        self._settings = settings
        self._on_idle = on_idle
        self._pending = PendingCommands()
        self._observers = Observers()
        self._rules: dict[str, link_pb2.TaskTabsRule] = {}
        self._on_person_input = on_person_input
        self._connected = asyncio.Event()
        self._waiting_for_connection = 0
        self._grace: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._log = _log.bind(browser_id=browser_id)

    @property
    def connected(self) -> bool:
        """Whether the browser can be asked: a stream is attached, or was so a moment ago."""
        return self._connected.is_set()

    # Links

    def open(self, hello: link_pb2.Hello) -> LinkSession:
        """A new link takes the place of the current one, and gets what is still to be done."""
        older = self.session
        session = self.session = LinkSession(secrets.token_urlsafe(18), hello, self._settings, self)
        if older is not None:
            older.end(refusal.replaced())
        self._log.info("link_opened", link_id=session.link_id, replaces=older.link_id if older else "")
        session.send(self._observe_tabs())  # also an empty list: the browser may remember another server's wishes
        for rule in self._task_rules():
            self._tell_rule(rule)
        for command in self._pending.commands():
            try:
                session.send(link_pb2.Downlink(command=command))
            except TabwireError as error:
                self.on_refused_command(command.command_id, refusal.command_refused(error.info).info)
        self._expect_stream()
        return session

    def find(self, link_id: str) -> LinkSession:
        """The link of this id. Raises OUT_OF_RANGE if it is not the current one."""
        if self.session is None or self.session.link_id != link_id:
            raise refusal.unknown_link()
        return self.session

    def close(self, error: TabwireError, *, stream_error: TabwireError | None = None) -> None:
        """The link is closed for good: whoever waits for the browser gets the error."""
        session, self.session = self.session, None
        self._stop_timers()
        self._connected.clear()
        if session is not None:
            session.end(stream_error)
            self._log.info("link_closed", link_id=session.link_id, why=error.info.message)
        self._pending.fail_all(error, refusal.link_closed(error.info.message))
        self._observers.fail_all(error)
        self._look_idle()

    # What callers want of the browser

    async def execute(self, command: link_pb2.Command, timeout_s: float) -> link_pb2.CommandResult:
        """Sends a command, or joins the same one, and waits for its answer."""
        future, must_send = self._pending.join(command)
        is_queued = False
        try:
            if must_send:
                self._send(command.command_id)
            is_queued = True
            timer = asyncio.get_running_loop().call_later(timeout_s, _give_up, future)
            try:
                return await future
            finally:
                timer.cancel()
        except TimeoutError:
            is_away = self.session is None or not self.session.attached
            if is_away and not self._pending.is_sent(command.command_id):
                raise refusal.disconnected(f"The browser did not come back within {timeout_s:g} seconds.") from None
            raise refusal.unanswered(timeout_s) from None
        finally:
            is_sent = self._pending.is_sent(command.command_id)
            if self._pending.leave(command.command_id, future) and is_queued:
                self._cancel(command.command_id, is_sent=is_sent)
            self._look_idle()

    async def updates(self, tab_id: int) -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """State updates of one tab. The browser watches the tab while this runs."""
        observer = Observer(tab_id)
        self._change_observed(self._observers.add(observer))
        try:
            while True:
                yield await observer.next()
        finally:
            self._change_observed(self._observers.remove(observer))
            self._look_idle()

    def set_task_tabs(self, rule: link_pb2.TaskTabsRule) -> None:
        """Tells the browser in which tabs a task works and what holds there; again on every new link."""
        known = self._rules.get(rule.task_id)
        if known == rule or (known is None and not rule.tab_ids):
            return
        if rule.tab_ids:
            self._rules[rule.task_id] = rule
        else:
            del self._rules[rule.task_id]
        self._tell_rule(rule)
        self._look_idle()

    def _tell_rule(self, rule: link_pb2.TaskTabsRule) -> None:
        if self.session is not None and self.session.hello.capabilities.policies:
            self.session.send(link_pb2.Downlink(task_tabs_rule=rule))

    async def wait_connected(self) -> None:
        """Returns as soon as the browser can be asked."""
        self._waiting_for_connection += 1
        try:
            await self._connected.wait()
        finally:
            self._waiting_for_connection -= 1
            self._look_idle()

    # What the link tells (see SessionListener)

    def on_uplink(self, uplink: link_pb2.Uplink) -> None:
        """A numbered message of the browser. A kind that is not known here is ignored."""
        match uplink.WhichOneof("body"):
            case "command_result":
                if not self._pending.resolve(uplink.command_result):
                    self._log.debug("late_result", command_id=uplink.command_result.command_id)
            case "state_update":
                self._observers.publish(uplink.state_update)
            case "person_input":
                self._on_person_input(self.browser_id, uplink.person_input)
            case _:
                self._log.info("unknown_uplink", seq=uplink.seq)

    def on_sent(self, session: LinkSession, command_id: str) -> None:
        """A command was handed to a stream, whole."""
        self._pending.sent(command_id, session.journal_id)

    def on_refused_command(self, command_id: str, error: error_pb2.ErrorInfo) -> None:
        """No answer will come to this command."""
        self._pending.resolve(link_pb2.CommandResult(command_id=command_id, error_info=error))

    def on_attached(self, session: LinkSession) -> None:
        """The browser can be asked."""
        if session is not self.session:
            return
        self._stop_timers()
        self._connected.set()

    def on_detached(self, session: LinkSession) -> None:
        """The browser is expected back."""
        if session is not self.session:
            return
        self._expect_stream()

    def on_overflow(self, session: LinkSession) -> None:
        """Forgets the link. The browser finds that out when it attaches, and opens a new one; commands wait for it."""
        if session is not self.session:
            return
        self.session = None
        session.end(refusal.unknown_link())
        self._connected.clear()
        self._expect_stream()

    # Inside

    def _send(self, command_id: str) -> None:
        if self.session is None:
            return  # it is sent as soon as there is a link
        try:
            self.session.send(link_pb2.Downlink(command=self._pending.to_send(command_id)))
        except TabwireError as error:
            raise refusal.command_refused(error.info) from error

    def _cancel(self, command_id: str, *, is_sent: bool) -> None:
        """Nobody waits for a command any more: one that was not sent yet is taken back, any other is to be stopped."""
        if self.session is None:
            return
        if not self.session.withdraw(command_id) or is_sent:
            cancel = link_pb2.CancelCommand(command_id=command_id, reason="The caller does not wait any longer.")
            self.session.send(link_pb2.Downlink(cancel_command=cancel))

    def _change_observed(self, changed: bool) -> None:
        if changed and self.session is not None:
            self.session.send(self._observe_tabs())

    def _observe_tabs(self) -> link_pb2.Downlink:
        return link_pb2.Downlink(observe_tabs=link_pb2.ObserveTabs(tab_ids=self._observers.tab_ids))

    def _task_rules(self) -> list[link_pb2.TaskTabsRule]:
        """All that holds, for a browser that may remember what no longer does."""
        return [link_pb2.TaskTabsRule(task_id="none", forget_others=True), *self._rules.values()]

    def _expect_stream(self) -> None:
        """The browser counts as connected for a moment more, and everything is kept for a while, without a stream."""
        self._stop_timers()
        loop = asyncio.get_running_loop()
        gone = refusal.disconnected("The browser did not come back.")
        self._grace = loop.call_later(_REATTACH_GRACE_S, self._connected.clear)
        self._expiry = loop.call_later(self._settings.link_window_s, self.close, gone)

    def _stop_timers(self) -> None:
        for timer in (self._grace, self._expiry):
            if timer is not None:
                timer.cancel()
        self._grace = self._expiry = None

    def _look_idle(self) -> None:
        is_wanted = self._pending or self._observers or self._rules or self._waiting_for_connection
        if self.session is None and not is_wanted:
            self._stop_timers()
            self._on_idle(self)


def _give_up(future: asyncio.Future[link_pb2.CommandResult]) -> None:
    """The time of one who waits is over."""
    if not future.done():
        future.set_exception(TimeoutError())
        future.exception()  # if the one who waits is cancelled just now, nobody will ask for it
