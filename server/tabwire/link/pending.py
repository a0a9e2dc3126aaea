"""The commands of one browser that wait for their answer. They outlive any single link of the browser.

Each command id has one entry, however many callers wait for it; each caller has a future of its own, so that one that
gives up does not disturb the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2, link_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator


# So many may wait, and so many bytes of them: all of it must fit into a new link at once.
_MOST_COMMANDS = 512
_MOST_BYTES = 16 * 2**20


class Pending:
    """One command and who waits for it."""

    def __init__(self, command: link_pb2.Command) -> None:
        self.command = command
        self.size = command.ByteSize()
        self.is_sent = False
        """Whether it was handed to a stream: from then on it may have had effect."""
        self.journal_id = command.journal_id
        """The browser's journal that it may be recorded in; empty as long as it was never sent."""
        self.waiters: set[asyncio.Future[link_pb2.CommandResult]] = set()


class PendingCommands:
    """All waiting commands of one browser, in the order they were given."""

    def __init__(self) -> None:
        self._entries: dict[str, Pending] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def commands(self) -> Iterator[link_pb2.Command]:
        """The commands, to be sent again on a new link."""
        return (_stamped(entry) for entry in list(self._entries.values()))

    def to_send(self, command_id: str) -> link_pb2.Command:
        """A command that waits, as it is to be sent now."""
        return _stamped(self._entries[command_id])

    def sent(self, command_id: str, journal_id: str) -> None:
        """A command was handed to a stream, to a browser that keeps this journal. The first one counts."""
        entry = self._entries.get(command_id)
        if entry is not None:
            entry.is_sent = True
            entry.journal_id = entry.journal_id or journal_id

    def is_sent(self, command_id: str) -> bool:
        """Whether a command that waits was handed to a stream."""
        entry = self._entries.get(command_id)
        return entry is not None and entry.is_sent

    def join(self, command: link_pb2.Command) -> tuple[asyncio.Future[link_pb2.CommandResult], bool]:
        """Waits for a command's answer. The flag says that the command must be sent: it is new, or its epoch is.

        Raises ALREADY_EXISTS if the id is in use for something else, RESOURCE_EXHAUSTED if too much waits already.
        """
        entry = self._entries.get(command.command_id)
        must_send = entry is None or command.epoch > entry.command.epoch
        if entry is None:
            entry = Pending(command)
            self._check_room(entry.size)
            self._entries[command.command_id] = entry
        elif _request(entry.command) != _request(command):
            raise TabwireError(
                error_pb2.ERROR_CODE_ALREADY_EXISTS,
                f"The command id {command.command_id!r} is in use for another command.",
                remedy="Give each command an id of its own.",
            )
        elif must_send:
            entry.command = command
        future: asyncio.Future[link_pb2.CommandResult] = asyncio.get_running_loop().create_future()
        entry.waiters.add(future)
        return future, must_send

    def _check_room(self, size: int) -> None:
        count = len(self._entries)
        if count == 0:
            return
        if count < _MOST_COMMANDS and size + sum(entry.size for entry in self._entries.values()) <= _MOST_BYTES:
            return
        raise TabwireError(
            error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED,
            f"{count} commands wait for this browser already.",
            remedy="Wait until some of them are done.",
            details=error_pb2.ErrorDetails(
                limit=error_pb2.LimitDetails(name="max_pending_commands", limit=_MOST_COMMANDS, retry_after_ms=1000)
            ),
        )

    def leave(self, command_id: str, future: asyncio.Future[link_pb2.CommandResult]) -> bool:
        """A caller waits no longer. True if it was the last one and no answer has come: nobody needs it any more."""
        entry = self._entries.get(command_id)
        if entry is None or future not in entry.waiters:
            return False
        entry.waiters.remove(future)
        if entry.waiters:
            return False
        del self._entries[command_id]
        return True

    def resolve(self, result: link_pb2.CommandResult) -> bool:
        """Hands an answer to everybody who waits for it. False if nobody does."""
        entry = self._entries.get(result.command_id)
        if entry is None:
            return False
        fenced = result.error_info.error_code == error_pb2.ERROR_CODE_EPOCH_FENCED
        if fenced and result.epoch < entry.command.epoch:
            return False  # the refusal of an older epoch; the answer to this one is still to come
        del self._entries[result.command_id]
        for future in entry.waiters:
            if not future.done():
                future.set_result(result)
        return True

    def fail_all(self, unsent: TabwireError, sent: TabwireError) -> None:
        """No answer will come any more: what it means depends on whether a command was sent."""
        entries, self._entries = self._entries, {}
        for entry in entries.values():
            error = sent if entry.is_sent else unsent
            for future in entry.waiters:
                if not future.done():
                    future.set_exception(TabwireError.of(error.info))


def _stamped(entry: Pending) -> link_pb2.Command:
    """The command with the journal that it may be recorded in."""
    if entry.command.journal_id == entry.journal_id:
        return entry.command
    stamped = link_pb2.Command()
    stamped.CopyFrom(entry.command)
    stamped.journal_id = entry.journal_id
    return stamped


def _request(command: link_pb2.Command) -> bytes:
    """What makes two commands the same: all but when they are due, how often sent, and what the asker knows."""
    bare = link_pb2.Command()
    bare.CopyFrom(command)
    bare.ClearField("deadline")
    bare.ClearField("epoch")
    bare.ClearField("journal_id")
    if bare.HasField("state_after"):
        bare.state_after.ClearField("base_revision")
    return bare.SerializeToString(deterministic=True)
