"""The SDK: errors as values, a watch that goes on where it broke, and troubles on the way told apart."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import grpc
import pytest

from ports import free_port
from tabwire.client import Client, UnreachableError
from tabwire.client.diagnose import split_url
from tabwire.errors import TabwireError
from tabwire.settings import Settings
from tabwire.v1 import error_pb2, extension_pb2, task_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Tasks


def journal(count: int) -> list[task_pb2.TaskEvent]:
    events = [task_pb2.TaskEvent(task_id="t1", seq=seq) for seq in range(1, count)]
    ended = task_pb2.TaskStateChanged(to=task_pb2.TASK_STATE_SUCCEEDED)
    return [*events, task_pb2.TaskEvent(task_id="t1", seq=count, state_changed=ended)]


async def test_the_servers_error_arrives_whole(client: Client, tasks: Tasks) -> None:
    tasks.error = error_pb2.ErrorInfo(
        error_code=error_pb2.ERROR_CODE_NOT_FOUND, message="No such task.", remedy="List them.", correlation_id="c1"
    )
    with pytest.raises(TabwireError) as caught:
        await client.get_task("nothing")
    assert caught.value.info == tasks.error
    assert not isinstance(caught.value, UnreachableError)


async def test_every_call_carries_the_token(client: Client, tasks: Tasks) -> None:
    await client.get_task("t1")
    assert tasks.tokens == ["Bearer secret-token"]


async def test_a_task_gets_a_key_so_that_a_repeat_is_the_same_task(client: Client, tasks: Tasks) -> None:
    await client.create_task("open it", start_url="http://x/")
    await client.create_task("open it", start_url="http://x/")
    first, second = tasks.created
    assert first.idempotency_key
    assert first.idempotency_key != second.idempotency_key
    assert first.timestamp.seconds > 0


async def test_a_watch_ends_with_the_task(client: Client, tasks: Tasks) -> None:
    tasks.journal = journal(4)
    assert [event.seq async for event in client.watch_task("t1")] == [1, 2, 3, 4]
    assert tasks.asked_after == [0]


async def test_a_broken_watch_goes_on_without_gap_or_repeat(client: Client, tasks: Tasks) -> None:
    tasks.journal, tasks.breaks_after = journal(6), [2, 2, 5]
    assert [event.seq async for event in client.watch_task("t1")] == [1, 2, 3, 4, 5, 6]
    assert tasks.asked_after == [0, 2, 2, 5]


async def test_a_watch_that_stays_broken_gives_up(client: Client, tasks: Tasks) -> None:
    tasks.journal, tasks.breaks_after = journal(6), [0] * 50
    with pytest.raises(UnreachableError):
        async for _ in client.watch_task("t1", resume_s=0):
            pass


async def test_a_watch_of_a_task_that_had_ended_returns(client: Client, tasks: Tasks) -> None:
    tasks.journal, tasks.state = journal(3), task_pb2.TASK_STATE_FAILED
    assert [event.seq async for event in client.watch_task("t1", after_seq=3)] == []


async def test_nothing_listens() -> None:
    async with Client(f"https://127.0.0.1:{free_port()}", "t") as client:
        with pytest.raises(UnreachableError) as caught:
            await client.who_am_i()
    assert caught.value.trouble == extension_pb2.CONNECTION_TROUBLE_NOTHING_LISTENING
    assert "tabwire up" in caught.value.info.remedy


async def test_an_unknown_authority(client: Client) -> None:
    async with Client(client.transport.url, "t") as stranger:
        with pytest.raises(UnreachableError) as caught:
            await stranger.get_task("t1")
    assert caught.value.trouble == extension_pb2.CONNECTION_TROUBLE_CERTIFICATE


async def test_a_status_without_details_is_explained(client: Client, tasks: Tasks) -> None:
    tasks.error, tasks.status = error_pb2.ErrorInfo(), grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(TabwireError) as caught:
        await client.list_tasks()  # this small server does not know it
    assert caught.value.code == error_pb2.ERROR_CODE_UNIMPLEMENTED
    assert caught.value.info.remedy


async def test_the_local_client_reads_its_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=18443)
    async with Client.local(settings) as client:  # no file yet: the error comes with the first call, not here
        assert client.transport.url == "https://127.0.0.1:18443"
    settings.cli_token_path.write_text("abc\n")
    assert stat.S_ISREG(settings.cli_token_path.stat().st_mode)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("https://box.lan", ("box.lan", 443)),
        ("[::1]:9", ("::1", 9)),
        ("localhost:8443", ("localhost", 8443)),
    ],
)
def test_addresses(url: str, expected: tuple[str, int]) -> None:
    assert split_url(url) == expected
