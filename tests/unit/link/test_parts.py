"""Messages in parts: the shared scenarios (tests/vectors/parts), and what only this side has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tabwire.errors import TabwireError
from tabwire.link.parts import Assembler, part_bytes, pieces
from tabwire.v1 import error_pb2, link_pb2

_VECTORS = Path(__file__).parents[2] / "vectors" / "parts"
_ASSEMBLE: dict[str, Any] = json.loads((_VECTORS / "assemble.json").read_text())
_SPLIT: dict[str, Any] = json.loads((_VECTORS / "split.json").read_text())


@pytest.mark.parametrize("scenario", _ASSEMBLE["scenarios"], ids=lambda scenario: scenario["name"])
def test_assembling(scenario: dict[str, Any]) -> None:
    assembler = Assembler(_ASSEMBLE["max_bytes"])
    for step in scenario["steps"]:
        part = link_pb2.Part(index=step["index"], total_bytes=step["total"], data=step["data"].encode())
        if step["becomes"] == "refused":
            with pytest.raises(TabwireError) as refused:
                assembler.take(part)
            too_large = step["total"] > _ASSEMBLE["max_bytes"]
            assert (refused.value.code == error_pb2.ERROR_CODE_RESOURCE_EXHAUSTED) == too_large
        else:
            whole = assembler.take(part)
            assert ("kept" if whole is None else whole.decode()) == step["becomes"]
        assert assembler.kept_bytes == step["kept"]


def _of_size(size: int) -> link_pb2.Downlink:
    """A command whose message has so many bytes."""
    message = link_pb2.Downlink(command=link_pb2.Command(command_id="c1"))
    message.command.task_id = "x" * size
    while message.ByteSize() > size:
        message.command.task_id = message.command.task_id[: size - message.ByteSize()]
    assert message.ByteSize() == size
    return message


@pytest.mark.parametrize("case", _SPLIT["cases"], ids=str)
def test_taking_apart(case: dict[str, Any]) -> None:
    message = _of_size(case["bytes"])
    made = list(pieces(message, message.ByteSize(), part_bytes(case["asked"])))
    if len(case["parts"]) == 1:
        assert [piece.message for piece in made] == [message]
    else:
        assert [len(piece.message.part.data) for piece in made] == case["parts"]
    assert [piece.is_last for piece in made] == [False] * (len(made) - 1) + [True]
    assert {piece.command_id for piece in made} == {"c1"}
    assembler = Assembler(2**20)
    wholes = [assembler.take(piece.message.part) for piece in made] if len(made) > 1 else [message.SerializeToString()]
    assert wholes[:-1] == [None] * (len(made) - 1)
    assert link_pb2.Downlink.FromString(wholes[-1] or b"") == message
