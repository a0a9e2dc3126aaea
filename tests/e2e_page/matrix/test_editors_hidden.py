"""Editors in a tab that is never in front: there editors hear of the focus and the selection late or never, because
Chrome slows their timers down and draws no frames.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from e2e_page.harness import only
from e2e_page.hidden_tab import HiddenTab
from tabwire.v1 import action_pb2, extension_pb2, state_pb2
from tabwire.v1.action_pb2 import InputTextAction, PressKeysAction, ReadValueAction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = ["tiptap", "quill", "slate", "lexical", "ckeditor", "codemirror", "draft", "monaco", "monaco#textarea"]


@pytest.fixture(scope="module")
def tab(engine_extension: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HiddenTab]:
    tab = HiddenTab(engine_extension, tmp_path_factory.mktemp("hidden"))
    yield tab
    tab.close()


def editor(tab: HiddenTab) -> int:
    options = state_pb2.StateRequest(scope=state_pb2.STATE_SCOPE_PAGE)
    reply = tab.ask(extension_pb2.FrameRequest(perceive=extension_pb2.PerceiveFrame(options=options)))
    return only(reply.state, "Editor").id


def do(tab: HiddenTab, **kind: Any) -> action_pb2.ActionResult:
    act = extension_pb2.ActInFrame(action=action_pb2.Action(id="hidden", **kind))
    result = tab.ask(extension_pb2.FrameRequest(act=act)).action_result
    assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED, result
    return result


def lines(tab: HiddenTab) -> list[str]:
    return [line for line in re.split(r"\n+", tab.truth("truth()")) if line.strip() != ""]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.replace("#", "_")) for page in PAGES])
@pytest.mark.cell("{page}, in a hidden tab", "replace, append, read, type, empty")
def test_an_editor_in_a_hidden_tab(tab: HiddenTab, page: str) -> None:
    name, hash_, fragment = page.partition("#")
    tab.open_kit(name, hash_ + fragment)
    assert tab.truth("[document.hidden, document.hasFocus()]") == [True, False]
    do(tab, input_text=InputTextAction(element_id=editor(tab), text="Dear Ada,\nthank you"))
    assert lines(tab) == ["Dear Ada,", "thank you"]
    do(tab, input_text=InputTextAction(element_id=editor(tab), text=" very much", append=True))
    assert lines(tab) == ["Dear Ada,", "thank you very much"]
    do(tab, press_keys=PressKeysAction(element_id=editor(tab), keys=["!"]))
    assert lines(tab) == ["Dear Ada,", "thank you very much!"]
    value = do(tab, read_value=ReadValueAction(element_id=editor(tab))).text
    assert re.split(r"\n+", value.strip()) == ["Dear Ada,", "thank you very much!"]
    do(tab, input_text=InputTextAction(element_id=editor(tab), text=""))
    assert lines(tab) == []
    assert tab.truth("document.hasFocus()") is False
