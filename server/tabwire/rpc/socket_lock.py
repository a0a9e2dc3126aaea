"""The server's Unix socket as a file: private, never stolen from a server that runs, never left in the way.

A lock beside the socket says whose it is. It ends with its process however that dies, so a socket without a held lock
is a leftover and may go.
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from pathlib import Path

_MAX_PATH_BYTES = 107  # a limit of the kernel


class SocketLock:
    """Holds the right to one socket path from `acquire` to `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_suffix(".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Makes the folder private, takes the lock, and removes a dead server's socket.

        Raises `TabwireError`: INVALID_ARGUMENT (the path is too long), ALREADY_EXISTS (a server runs there),
        FAILED_PRECONDITION (something that is no socket is in the way).
        """
        if len(os.fsencode(self._path)) > _MAX_PATH_BYTES:
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT,
                f"The socket's path {self._path} is longer than the {_MAX_PATH_BYTES} bytes that the system allows.",
                remedy="Set TABWIRE_HOME to a folder with a shorter path.",
            )
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.parent.chmod(0o700)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise TabwireError(
                error_pb2.ERROR_CODE_ALREADY_EXISTS,
                f"A Tabwire server already runs on {self._path}.",
                remedy="Stop it first, or set TABWIRE_HOME to another folder.",
            ) from error
        self._descriptor = descriptor
        self._remove_leftover()

    def protect(self) -> None:
        """Makes the socket that now exists the owner's alone."""
        self._path.chmod(0o600)

    def release(self) -> None:
        """Removes the socket and gives the lock back. Safe to repeat."""
        if self._descriptor is None:
            return
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)  # the lock's file stays: removing it would let two servers lock two files
        self._descriptor = None

    def _remove_leftover(self) -> None:
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            self.release_lock_only()
            raise TabwireError(
                error_pb2.ERROR_CODE_FAILED_PRECONDITION,
                f"{self._path} is in the way and is no socket.",
                remedy=f"Move {self._path} away, then start again.",
            )
        self._path.unlink()

    def release_lock_only(self) -> None:
        """Gives the lock back and leaves the path as it is."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
