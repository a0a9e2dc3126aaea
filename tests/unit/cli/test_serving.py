"""`tabwire serve` as a program: it loads the server alone, since browsers wait for it, and tells what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOADED = "import tabwire.cli.serving, tabwire.rpc.server, sys; print(*sys.modules)"
_MODEL = """
import asyncio, sys
from tabwire.settings import Settings
from tabwire.task.deciders import Deciders
deciders = Deciders(None, Settings(model="some", openai_api_key="none"))
print("openai" in sys.modules)
asyncio.run(deciders.prepare())
print("openai" in sys.modules)
"""


@pytest.mark.parametrize(
    "module", ["typer", "openai", "alembic", "jsonschema", "xlsxwriter", "tabwire.client", "tabwire.cli.main"]
)
def test_a_server_that_starts_again_does_not_wait_for_what_it_may_never_need(module: str, loaded: set[str]) -> None:
    assert "tabwire.rpc.server" in loaded
    assert module not in loaded


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    done = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_what_asks_models_is_loaded_when_the_server_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", _MODEL], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def _serve(home: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tabwire.cli", "serve"],
        env={**os.environ, "TABWIRE_HOME": str(home), **env},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def _served(folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The server as `tabwire up` starts it, in an environment in which it cannot start."""
    command = [sys.executable, "-m", "tabwire.cli", "serve"]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    env = {"TABWIRE_PORT": "none"}
    done = _served(tmp_path, env)
    assert done.returncode == 2
    assert "The setting TABWIRE_PORT is wrong" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_at_the_start_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "tabwire.db").write_text("this is not a database at all")
    env = {"TABWIRE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'tabwire.db'}"}
    done = _served(tmp_path, env)
    assert done.returncode == 3
    assert "cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr
