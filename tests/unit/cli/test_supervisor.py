"""The supervisor: children start again when they die, and never outlive it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from tabwire.cli.supervisor import Child, Supervisor
from tabwire.errors import TabwireError

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]


def child(tmp_path: Path, command: list[str], *, ready_s: float = 20.0) -> Child:
    log = tmp_path / "child.log"

    async def made() -> list[str]:
        return command

    async def ready() -> bool:
        return log.exists() and b"ready" in log.read_bytes()

    return Child("child", made, log, ready, ready_s=ready_s)


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        # Another process decides when, so it has to be asked.
        while is_alive(pid):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


async def test_a_child_that_dies_starts_again(tmp_path: Path) -> None:
    started = asyncio.Event()
    told: list[str] = []
    keeper = Supervisor(started.set, told.append)
    one = child(tmp_path, SLEEP)
    await keeper.start(one)
    try:
        first = one.pid
        started.clear()
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(20):
            await started.wait()
        assert one.pid not in (0, first)
        assert "SIGKILL" in told[0]
    finally:
        await keeper.stop()
    assert one.pid == 0


async def test_stop_ends_what_a_child_started_too(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('ready', p.pid, flush=True); time.sleep(600)"
    )
    one = child(tmp_path, [sys.executable, "-c", script])
    keeper = Supervisor(lambda: None, lambda _: None)
    await keeper.start(one)
    grandchild = int((tmp_path / "child.log").read_text().split()[1])
    await keeper.stop()
    await gone(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is raised there")
async def test_a_child_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    import resource

    told = (
        "import resource, time; print('ready', resource.getrlimit(resource.RLIMIT_NOFILE), flush=True); time.sleep(600)"
    )
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    keeper = Supervisor(lambda: None, lambda _: None)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    try:
        one = child(tmp_path, [sys.executable, "-c", told])
        await keeper.start(one)
        hard = before[1]
        assert f"({65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)}, {hard})" in one.log.read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        await keeper.stop()


async def test_a_child_that_cannot_start_tells_its_log(tmp_path: Path) -> None:
    keeper = Supervisor(lambda: None, lambda _: None)
    with pytest.raises(TabwireError, match="boom") as caught:
        await keeper.start(child(tmp_path, [sys.executable, "-c", "import sys; sys.exit('boom')"]))
    assert str(tmp_path / "child.log") in caught.value.info.remedy
    await keeper.stop()


async def test_a_child_that_is_never_ready(tmp_path: Path) -> None:
    keeper = Supervisor(lambda: None, lambda _: None)
    with pytest.raises(TabwireError, match="not ready"):
        await keeper.start(child(tmp_path, [sys.executable, "-c", "import time; time.sleep(600)"], ready_s=0.2))
    await keeper.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_children_end_even_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "up.py"
    script.write_text(
        "import asyncio, sys\nfrom pathlib import Path\nfrom tabwire.cli.supervisor import Child, Supervisor\n"
        "async def command(): return [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "async def ready(): return True\n"
        "async def main():\n"
        "    keeper = Supervisor(lambda: None, lambda _: None)\n"
        "    one = Child('c', command, Path(sys.argv[1]), ready)\n"
        "    await keeper.start(one)\n"
        "    print(one.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    up = await asyncio.create_subprocess_exec(
        *(sys.executable, str(script), str(tmp_path / "log")), stdout=asyncio.subprocess.PIPE
    )
    assert up.stdout is not None
    pid = int(await up.stdout.readline())
    assert is_alive(pid)
    up.kill()
    await up.wait()
    await gone(pid)


async def test_a_child_that_is_to_start_again_does_so_at_once_and_without_a_complaint(tmp_path: Path) -> None:
    started = asyncio.Event()
    told: list[str] = []
    keeper = Supervisor(started.set, told.append)
    one = child(tmp_path, SLEEP)
    await keeper.start(one)
    try:
        first = one.pid
        started.clear()
        await keeper.restart("child")
        async with asyncio.timeout(20):
            await started.wait()
        assert one.pid not in (0, first)
        assert told == []
        assert one.restarts == 0
        # The next death is one that nobody asked for.
        started.clear()
        os.kill(one.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            await started.wait()
        assert len(told) == 1
    finally:
        await keeper.stop()
