"""One server for each socket; leftovers go, anything else stays."""

from __future__ import annotations

import socket
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tabwire.errors import TabwireError
from tabwire.rpc.socket_lock import SocketLock
from tabwire.v1 import error_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        yield Path(folder) / "run" / "server.sock"


def listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_the_folder_is_private(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    lock = SocketLock(path)
    lock.acquire()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    lock.release()


def test_a_second_server_is_refused_and_changes_nothing(path: Path) -> None:
    first = SocketLock(path)
    first.acquire()
    with listen(path):
        first.protect()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(TabwireError) as caught:
            SocketLock(path).acquire()
        assert caught.value.code == error_pb2.ERROR_CODE_ALREADY_EXISTS
        assert "already runs" in caught.value.info.message
        assert caught.value.info.remedy
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    first.release()
    first.release()
    assert not path.exists()
    third = SocketLock(path)
    third.acquire()
    third.release()


def test_a_dead_servers_socket_is_removed(path: Path) -> None:
    path.parent.mkdir()
    listen(path).close()
    assert path.is_socket()
    lock = SocketLock(path)
    lock.acquire()
    assert not path.exists()
    lock.release()


def test_what_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("important")
    for _ in range(2):  # the lock is given back, so the second time says the same
        with pytest.raises(TabwireError) as caught:
            SocketLock(path).acquire()
        assert caught.value.code == error_pb2.ERROR_CODE_FAILED_PRECONDITION
    assert path.read_text() == "important"


def test_a_path_that_is_too_long_is_refused_in_words(path: Path) -> None:
    with pytest.raises(TabwireError) as caught:
        SocketLock(path.parent / ("x" * 120) / "server.sock").acquire()
    assert caught.value.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert "TABWIRE_HOME" in caught.value.info.remedy
