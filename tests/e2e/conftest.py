"""One product for most end-to-end tests; tests that break things start one of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from e2e.agent import Agent, running_agent
from e2e.page_server import PageServer
from e2e.stack import ROOT, Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from playwright.async_api import BrowserContext

    from tabwire.client import Client


@pytest.fixture(scope="session")
def pages() -> Iterator[PageServer]:
    server = PageServer(ROOT / "tests" / "pages")
    yield server
    server.let_go()
    server.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    product = Stack(tmp_path_factory.mktemp("stack"))
    await product.start()
    yield product
    assert await product.stop() == 0


@pytest_asyncio.fixture(loop_scope="session")
async def own_stack(tmp_path: Path) -> AsyncIterator[Callable[[Mapping[str, str] | None], Stack]]:
    """Makes products for one test, and ends those that were started."""
    made: list[Stack] = []

    def make(env: Mapping[str, str] | None = None) -> Stack:
        made.append(Stack(tmp_path / f"stack{len(made)}", env))
        return made[-1]

    yield make
    for product in made:
        await product.stop_if_running()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def context(stack: Stack) -> AsyncIterator[BrowserContext]:
    async with stack.inspect() as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with stack.client() as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """The product with a scripted model, for tasks in free words."""
    async for running in running_agent(tmp_path_factory.mktemp("agent")):
        yield running
