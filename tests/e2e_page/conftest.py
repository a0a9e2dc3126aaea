"""One Chromium with the engine's extension for all tests of this folder, and an empty tab for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from e2e_page.harness import CHROMIUM, PageFiles, TabKeeper, build_extension

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from playwright.async_api import BrowserContext, Worker

    from e2e_page.harness import EnginePage

# Playwright's defaults that would make the page behave better than it does for a user.
TOO_KIND = [
    "--disable-extensions",
    "--disable-popup-blocking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]


@pytest.fixture(scope="session")
def engine_extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_extension(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def page_files() -> Iterator[PageFiles]:
    files = PageFiles()
    yield files
    files.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine_browser(
    engine_extension: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[BrowserContext, Worker]]:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            headless=True,
            viewport={"width": 1000, "height": 700},
            args=[
                "--no-sandbox",
                f"--disable-extensions-except={engine_extension}",
                f"--load-extension={engine_extension}",
            ],
            ignore_default_args=TOO_KIND,
        )
        workers = context.service_workers
        worker = workers[0] if workers else await context.wait_for_event("serviceworker")
        yield context, worker
        await context.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tab_keeper(engine_browser: tuple[BrowserContext, Worker], page_files: PageFiles) -> TabKeeper:
    return TabKeeper(*engine_browser, page_files.origins)


@pytest_asyncio.fixture(loop_scope="session")
async def engine(tab_keeper: TabKeeper) -> AsyncIterator[EnginePage]:
    engine = await tab_keeper.take()
    yield engine
    await tab_keeper.give_back(engine)


@pytest_asyncio.fixture(loop_scope="session")
async def engine_in_new_tab(tab_keeper: TabKeeper) -> AsyncIterator[EnginePage]:
    engine = await tab_keeper.take(new=True)
    yield engine
    await tab_keeper.give_back(engine)
