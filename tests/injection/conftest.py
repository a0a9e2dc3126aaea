"""One product with the obedient model for all attacks, with its policy as it is by default."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from doubles.scripted_model import ScriptedModel
from e2e.stack import Stack
from injection.site import Site
from tabwire.client.policies import PolicyApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory, model: ScriptedModel, site: Site) -> AsyncIterator[Stack]:
    env = {"TABWIRE_MODEL": "obedient", "OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "none needed"}
    product = Stack(tmp_path_factory.mktemp("injection"), env)
    await product.start()
    async with product.client() as client:
        api = PolicyApi(client.transport)
        await api.put_secret("bank", "the-bank-password-42", ["https://bank.example"])
        await api.put_secret("shop", "the-shop-password-42", [site.shop])
    yield product
    await product.stop_if_running()


@pytest.fixture(scope="session")
def rows() -> Iterator[list[dict[str, str]]]:
    """What became of each attack; written where TABWIRE_INJECTION_TABLE says, for the documentation."""
    collected: list[dict[str, str]] = []
    yield collected
    if path := os.environ.get("TABWIRE_INJECTION_TABLE"):
        Path(path).write_text(json.dumps(collected, indent=1), encoding="utf-8")
