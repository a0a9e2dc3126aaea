"""`tabwire act`: arguments that come from the contract become the action that they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from tabwire.agent import catalog
from tabwire.cli import act_commands
from tabwire.cli.main import app
from tabwire.v1 import action_pb2, options_pb2

if TYPE_CHECKING:
    from pathlib import Path

runner = CliRunner()


def built(name: str, *values: str, **options: Any) -> action_pb2.Action:
    return act_commands.build(catalog.actions()[name], values, options)


@pytest.mark.parametrize("name", [name for name, facts in catalog.actions().items()])
def test_every_action_of_the_contract_has_its_command(name: str) -> None:
    facts = catalog.actions()[name]
    result = runner.invoke(app, ["act", name.replace("_", "-"), "--help"], env={"COLUMNS": "300"})
    if facts.performer == options_pb2.PERFORMER_AGENT:
        assert result.exit_code == 2
        return
    assert result.exit_code == 0
    assert facts.description.split(".")[0][:60] in " ".join(result.output.split())
    for field in facts.fields:
        assert f"--{field.name.replace('_', '-')}" in result.output


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (built("click", "12"), action_pb2.Action(click=action_pb2.ClickAction(element_id=12))),
        (built("click", element_id=12), action_pb2.Action(click=action_pb2.ClickAction(element_id=12))),
        (
            built("input_text", "3", "a b", submit=True),
            action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=3, text="a b", submit=True)),
        ),
        (
            built("input_text", "a b", element_id=3),
            action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=3, text="a b")),
        ),
        (
            built("press_keys", "Control+a", "Enter"),
            action_pb2.Action(press_keys=action_pb2.PressKeysAction(keys=["Control+a", "Enter"])),
        ),
        (
            built("select_option", "4", "Blue", "Red"),
            action_pb2.Action(select_option=action_pb2.SelectOptionAction(element_id=4, options=["Blue", "Red"])),
        ),
        (
            built("scroll", "down", pages=2.0),
            action_pb2.Action(scroll=action_pb2.ScrollAction(direction=action_pb2.SCROLL_DIRECTION_DOWN, pages=2)),
        ),
        (built("wait", "Results"), action_pb2.Action(wait=action_pb2.WaitAction(text="Results"))),
        (
            built("wait", url="/cart", gone=True),
            action_pb2.Action(wait=action_pb2.WaitAction(url="/cart", gone=True)),
        ),
        (built("go_back"), action_pb2.Action(go_back=action_pb2.GoBackAction())),
    ],
)
def test_arguments_become_the_action(action: action_pb2.Action, expected: action_pb2.Action) -> None:
    assert action == expected
    assert action.WhichOneof("kind") == expected.WhichOneof("kind")


@pytest.mark.parametrize(
    ("name", "values", "options", "words"),
    [
        ("click", [], {}, "needs --element-id"),
        ("click", ["twelve"], {}, "must be a number"),
        ("read_value", ["1", "2"], {}, "no further value"),
        ("scroll", ["sideways"], {}, "must be one of"),
        ("wait", [], {"text": "a", "url": "b"}, "only one of"),
        ("press_keys", [], {}, "needs --keys"),
        ("click", ["1"], {"modifiers": ["hyper"]}, "must be one of"),
        ("upload_files", ["1", "/nowhere/a.txt"], {}, "cannot be read"),
    ],
)
def test_what_is_no_action_is_wrong_usage(name: str, values: list[str], options: dict[str, object], words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words):
        built(name, *values, **options)


def test_modifiers_and_files_are_taken_from_words_and_paths(tmp_path: Path) -> None:
    assert list(built("click", "1", modifiers=["control", "shift"]).click.modifiers) == [
        action_pb2.KEY_MODIFIER_CONTROL,
        action_pb2.KEY_MODIFIER_SHIFT,
    ]
    (tmp_path / "a.txt").write_bytes(b"one")
    files = built("upload_files", "1", str(tmp_path / "a.txt")).upload_files.files
    assert [(one.name, one.content) for one in files] == [("a.txt", b"one")]
