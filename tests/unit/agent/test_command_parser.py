"""The command language: every example of its documentation, every way to write it, and where it says no."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabwire.agent.command_parser import LAST, Purpose, TabChoice, Target, looks_like_commands, parse
from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2

_DOCS = Path(__file__).parents[3] / "docs" / "commands.md"
_EXAMPLES = re.findall(r"^```\n(.*?)^```", _DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
_LINES = [line for example in _EXAMPLES for line in example.splitlines() if line.strip()]


@pytest.mark.parametrize("example", [*_EXAMPLES, *_LINES])
def test_every_example_of_the_documentation_parses(example: str) -> None:
    assert parse(example)


def test_the_documentation_has_examples_of_every_kind_of_action_that_a_command_can_be() -> None:
    kinds = {command.action.WhichOneof("kind") for example in _EXAMPLES for command in parse(example)}
    all_kinds = {field.name for field in action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields}
    # read_value follows from read; attributes, pictures, files and scripts are for programs; a tab is handed over, and
    # page after page collected, by a model.
    programs = {"read_value", "get_attributes", "screenshot", "upload_files", "run_javascript"}
    assert kinds == all_kinds - programs - {"hand_over", "collect_rows"}


def test_commands_are_separated_by_then_and_new_lines() -> None:
    commands = parse('open a.test then\n\n  click "Go" # here\r\nTHEN reload\n# nothing\nread page')
    kinds = [command.action.WhichOneof("kind") for command in commands]
    assert kinds == ["navigate", "click", "reload", "read_text"]
    assert [command.line for command in commands] == [1, 3, 4, 6]
    assert commands[1].source == 'click "Go"'


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ('click "Go"', Target("Go")),
        ("click 'Go'", Target("Go")),
        ("click “Go”", Target("Go")),
        ("click „Go“", Target("Go")),
        ("click «Go»", Target("Go")),
        ("CLICK THE First 'Go'", Target("Go", 1)),
        ('click last "Go" in "Form"', Target("Go", LAST, "Form")),
        ('click 12th "Go" under "Form"', Target("Go", 12, "Form")),
        (r'click "say \"no\" \\"', Target('say "no" \\')),
        ("click 'Don't ask'", Target("Don't ask")),
        ('click "then"', Target("then")),
        ('click "a # b"', Target("a # b")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    (command,) = parse(text)
    assert command.target == target
    assert command.purpose is Purpose.CLICK


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("open https://a.test/x#part", "https://a.test/x#part"),
        ("open a.test", "https://a.test"),
        ("open a.test:8080/x", "https://a.test:8080/x"),
        ("open localhost:3000/x", "http://localhost:3000/x"),
        ("open 127.0.0.1:3000", "http://127.0.0.1:3000"),
        ('open "https://a.test/a b"', "https://a.test/a b"),
        ("open about:blank", "about:blank"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    (command,) = parse(text)
    assert command.action.navigate.url == url


def test_what_commands_become() -> None:
    texts = (
        'type "x" into "F" and press Enter\nclear "F"\nselect "A" and "B" in "L"\npress ctrl+a esc F5 +\n'
        'wait until "W" is gone\nwait for address "/x"\nask "Q?" with options "Y", "N" or "M"\ndone "D"\n'
        'switch to tab "T"\nswitch to tab 3\nopen tab\nclose tab\nscroll to the top\nuncheck "C"'
    )
    typed, clear, select, press, gone, address, ask, done, by_title, by_number, tab, close, top, uncheck = parse(texts)
    assert typed.action.input_text == action_pb2.InputTextAction(text="x", submit=True)
    assert clear.action.input_text == action_pb2.InputTextAction(text="")
    assert list(select.action.select_option.options) == ["A", "B"]
    assert list(press.action.press_keys.keys) == ["Control+a", "Escape", "F5", "+"]
    assert gone.action.wait == action_pb2.WaitAction(text="W", gone=True)
    assert address.action.wait == action_pb2.WaitAction(url="/x")
    assert list(ask.action.ask_human.options) == ["Y", "N", "M"]
    assert done.action.done == action_pb2.DoneAction(text="D", success=True)
    assert by_title.tab == TabChoice(title="T")
    assert by_number.tab == TabChoice(number=3)
    assert tab.action.HasField("open_tab")
    assert close.action.HasField("close_tab")
    assert top.action.scroll.direction == action_pb2.SCROLL_DIRECTION_TOP
    assert uncheck.purpose is Purpose.UNCHECK


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("", 1, 1, "a command"),
        ("dance", 1, 1, "a command"),
        ("click", 1, 6, "a name in quotes"),
        ("click Go", 1, 7, "a name in quotes"),
        ('click ""', 1, 7, "a name in quotes"),
        ('click "Go', 1, 10, 'a closing "'),
        ('click "Go" now', 1, 12, '"then" or a new line'),
        ('open a.test\ntype "x" in to "F"', 2, 13, "a name in quotes"),
        ('type "x" "F"', 1, 10, '"into" or "in"'),
        ("open the door", 1, 6, "an address"),
        ("open", 1, 5, "an address"),
        ("press the button", 1, 7, "a key"),
        ("press", 1, 6, "a key"),
        ("scroll sideways", 1, 8, '"down" or "up"'),
        ("go away", 1, 4, '"back" or "forward"'),
        ("switch to tab two", 1, 15, "a tab's number"),
        ("switch to tab 0", 1, 15, "a tab's number"),
        ("wait a minute", 1, 6, '"for" or "until"'),
        ('click "Go" then', 1, 16, "a command"),
        ('ask "Q" with options', 1, 21, "an answer in quotes"),
        ("read it", 1, 6, '"page", "rows" or a name'),
        ("drag it", 1, 6, "a name in quotes"),
        ('drag "A" over "B"', 1, 10, '"onto" or "to" or "by"'),
        ('drag "A" by far', 1, 13, "how many pixels"),
        ("find", 1, 5, '"text" and a text'),
        ("find flights", 1, 6, '"text" and a text'),
        ("accept it", 1, 8, '"dialog"'),
    ],
)
def test_what_is_not_in_the_language_is_said_precisely(text: str, line: int, column: int, expected: str) -> None:
    with pytest.raises(TabwireError) as raised:
        parse(text)
    syntax = raised.value.info.details.syntax
    assert raised.value.code == error_pb2.ERROR_CODE_COMMAND_SYNTAX
    assert (syntax.line, syntax.column) == (line, column)
    assert expected in syntax.expected
    assert f"Line {line}, column {column}" in raised.value.info.message
    assert raised.value.info.remedy


@pytest.mark.parametrize(
    "text",
    [
        "find the cheapest stapler and put it in the cart",
        "Open the shop and buy a stapler",
        "press the red button",
        "read me the news",
        "click through all pages",
        "check my mails",
        "type a letter to Ann",
    ],
)
def test_ordinary_sentences_are_no_commands(text: str) -> None:
    with pytest.raises(TabwireError):
        parse(text)
    assert not looks_like_commands(text)


def test_a_slip_still_looks_like_commands() -> None:
    assert looks_like_commands('click "Go" quickly')
    assert not looks_like_commands('please click "Go"')


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_with_a_place(text: str) -> None:
    try:
        assert parse(text)
    except TabwireError as error:
        lines = text.split("\n")
        syntax = error.info.details.syntax
        assert 1 <= syntax.line <= len(lines)
        assert 1 <= syntax.column <= len(lines[syntax.line - 1]) + 1


@given(st.text(alphabet=st.characters(exclude_characters='"\\\n\r', exclude_categories=["Cs"]), min_size=1))
def test_any_name_can_be_quoted(name: str) -> None:
    if name.strip():
        (command,) = parse(f'click "{name}"')
        assert command.target == Target(name)
