"""Carries planned faults out: breaks the product, and mends what does not mend itself.

Each returns when the fault is over: when a killed part is dead, or what was stalled, filled or stopped goes on. From
then on the product is on its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chaos.house import faketime_library
from chaos.plan import Fault, Planned
from chaos.proxy import Weather

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chaos.house import ChaosStack


def possible() -> tuple[Fault, ...]:
    """The faults that this computer can have."""
    return tuple(kind for kind in Fault if kind is not Fault.CLOCK_JUMPED or faketime_library())


async def carry_out(stack: ChaosStack, planned: Planned) -> None:
    """One fault, from its beginning to its end."""
    await _WAYS[planned.fault](stack, planned)


async def _kill_server(stack: ChaosStack, _planned: Planned) -> None:
    stack.kill("server")


async def _kill_envoy(stack: ChaosStack, _planned: Planned) -> None:
    stack.kill("envoy")


async def _kill_browser(stack: ChaosStack, _planned: Planned) -> None:
    stack.kill("browser")


async def _stop_worker(stack: ChaosStack, _planned: Planned) -> None:
    await stack.stop_worker()


async def _close_offscreen(stack: ChaosStack, _planned: Planned) -> None:
    await stack.close_offscreen()


async def _kill_extension(stack: ChaosStack, _planned: Planned) -> None:
    process = stack.extension_process()
    assert process is not None, "Chromium shows no process of extensions"
    process.kill()


async def _reload_extension(stack: ChaosStack, _planned: Planned) -> None:
    await stack.reload_extension()


async def _cut(stack: ChaosStack, planned: Planned) -> None:
    stack.proxy.change(Weather(refuses=planned.lasts_ms > 0))
    stack.proxy.cut()
    await asyncio.sleep(planned.lasts_ms / 1000)
    stack.proxy.change(Weather())


async def _weather(stack: ChaosStack, planned: Planned, weather: Weather) -> None:
    stack.proxy.change(weather)
    await asyncio.sleep(planned.lasts_ms / 1000)
    stack.proxy.change(Weather())


async def _stall(stack: ChaosStack, planned: Planned) -> None:
    await _weather(stack, planned, Weather(stalled=True))


async def _delay(stack: ChaosStack, planned: Planned) -> None:
    await _weather(stack, planned, Weather(delay_s=planned.amount / 1000))


async def _throttle(stack: ChaosStack, planned: Planned) -> None:
    await _weather(stack, planned, Weather(bytes_per_s=planned.amount))


async def _forget(stack: ChaosStack, _planned: Planned) -> None:
    stack.proxy.forget()


async def _fill(stack: ChaosStack, planned: Planned) -> None:
    if not stack.is_small_disk:
        # Without a disk of its own nothing may grow: the same to the database, short of the error's name.
        await _write_protect(stack, planned)
        return
    stack.fill_disk(full=True)
    await asyncio.sleep(planned.lasts_ms / 1000)
    stack.fill_disk(full=False)


async def _write_protect(stack: ChaosStack, planned: Planned) -> None:
    stack.database_writable(writable=False)
    await asyncio.sleep(planned.lasts_ms / 1000)
    stack.database_writable(writable=True)


async def _jump(stack: ChaosStack, planned: Planned) -> None:
    stack.move_clock(planned.amount)


async def _sleep(stack: ChaosStack, planned: Planned) -> None:
    stack.sleep(asleep=True)
    await asyncio.sleep(planned.lasts_ms / 1000)
    stack.sleep(asleep=False)


_WAYS: dict[Fault, Callable[[ChaosStack, Planned], Awaitable[None]]] = {
    Fault.SERVER_KILLED: _kill_server,
    Fault.ENVOY_KILLED: _kill_envoy,
    Fault.BROWSER_KILLED: _kill_browser,
    Fault.WORKER_STOPPED: _stop_worker,
    Fault.OFFSCREEN_CLOSED: _close_offscreen,
    Fault.EXTENSION_PROCESS_KILLED: _kill_extension,
    Fault.EXTENSION_RELOADED: _reload_extension,
    Fault.CONNECTION_CUT: _cut,
    Fault.CONNECTION_STALLED: _stall,
    Fault.CONNECTION_DELAYED: _delay,
    Fault.CONNECTION_THROTTLED: _throttle,
    Fault.CONNECTION_HALF_OPEN: _forget,
    Fault.DISK_FULL: _fill,
    Fault.DATABASE_READ_ONLY: _write_protect,
    Fault.CLOCK_JUMPED: _jump,
    Fault.LAPTOP_SLEPT: _sleep,
}
