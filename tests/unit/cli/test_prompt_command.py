"""`tabwire prompt` without a task needs no server."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tabwire.cli.main import app


@pytest.mark.parametrize(("model", "profile"), [("gpt-4o", "strong"), ("qwen2.5-1.5b", "small")])
def test_the_fixed_part_is_shown_with_its_size(model: str, profile: str) -> None:
    done = CliRunner().invoke(app, ["prompt", "--json", "--model", model])
    told = json.loads(done.stdout)
    assert done.exit_code == 0
    assert 0 < told["messages"][0]["tokens"] < told["fixed_tokens"] <= 1500
    assert (told["profile"], told["tokenizer"]) == (profile, "o200k_base")
    assert json.loads(told["schema"])["required"]


def test_a_person_is_shown_the_text_and_the_size_beside_it() -> None:
    done = CliRunner().invoke(app, ["prompt", "--model", "gpt-4o"])
    assert "You work in a web browser for a person." in done.stdout
    assert "fixed part" in done.stderr
