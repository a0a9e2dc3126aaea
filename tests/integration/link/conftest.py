"""Each scenario runs over both carriers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from integration.link.harness import Backend, Carrier, NativeCarrier, WebCarrier, running_backend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Connect = Callable[..., Carrier]


@pytest.fixture
async def backend(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    """The server; `@pytest.mark.parametrize("backend", [{…}], indirect=True)` changes its settings."""
    async with running_backend(tmp_path, **getattr(request, "param", {})) as running:
        yield running


@pytest.fixture(params=["web", "native"])
async def connect(backend: Backend, request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """Makes carriers of one kind, and closes them."""
    kind: type[WebCarrier | NativeCarrier] = WebCarrier if request.param == "web" else NativeCarrier
    made: list[Carrier] = []

    def make(browser_id: str = "browser-1") -> Carrier:
        carrier = cast("Carrier", kind(backend, browser_id))
        made.append(carrier)
        return carrier

    yield make
    for carrier in made:
        await carrier.close()
