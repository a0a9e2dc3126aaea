"""Rich text and code editors, as they come from npm. What they hold is read from the editor's own model, never from
what the page shows: in several of them that lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1.action_pb2 import InputTextAction, PressKeysAction, ReadTextAction, ReadValueAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1 import action_pb2

pytestmark = pytest.mark.asyncio(loop_scope="session")

START = ["First line", "Second line"]


@dataclass(frozen=True)
class Editor:
    """An editor's page, and what the editor can do."""

    name: str
    page: str
    fragment: str = ""
    bold: bool = True

    def __str__(self) -> str:
        return self.name


EDITORS = [
    Editor("TipTap (ProseMirror)", "tiptap"),
    Editor("Quill 2", "quill"),
    Editor("Slate", "slate"),
    Editor("Lexical", "lexical"),
    Editor("CKEditor 5", "ckeditor"),
    Editor("CodeMirror 6", "codemirror", bold=False),
    Editor("Draft.js", "draft"),
    Editor("Monaco", "monaco", bold=False),
    Editor("Monaco, text area", "monaco", "#textarea", bold=False),
    Editor("CodeMirror 5", "codemirror5", bold=False),
    Editor("Trix", "trix"),
    Editor("TinyMCE", "tinymce"),
]

each_editor = pytest.mark.parametrize(
    "editor", [pytest.param(editor, id=editor.page + editor.fragment.replace("#", "_")) for editor in EDITORS]
)


def lines(text: str) -> list[str]:
    """The paragraphs of a text. Editors differ in how many line ends they put between them."""
    return [line for line in re.split(r"\n+", text.replace("\u00a0", " ")) if line.strip() != ""]


async def truth(engine: EnginePage) -> list[str]:
    return lines(await engine.truth("truth()"))


async def field(engine: EnginePage) -> tuple[int, int]:
    """The frame and the id of the editor's field: in the page, or in the frame that an editor keeps it in."""
    frames = await engine.worker.evaluate(
        "async (tab) => (await chrome.webNavigation.getAllFrames({ tabId: tab }))", engine.tab_id
    )
    frame: int = next((frame["frameId"] for frame in frames if frame["parentFrameId"] == 0), 0)
    return frame, (await engine.find("Editor", "textbox", frame)).id


async def write(engine: EnginePage, text: str, **options: Any) -> action_pb2.ActionResult:
    frame, element_id = await field(engine)
    return await engine.do(frame, input_text=InputTextAction(element_id=element_id, text=text, **options))


async def press(engine: EnginePage, *keys: str) -> action_pb2.ActionResult:
    frame, element_id = await field(engine)
    return await engine.do(frame, press_keys=PressKeysAction(keys=keys, element_id=element_id))


async def read(engine: EnginePage) -> list[str]:
    frame, element_id = await field(engine)
    return lines((await engine.do(frame, read_value=ReadValueAction(element_id=element_id))).text)


@each_editor
@pytest.mark.cell("{editor}", "replace all text")
async def test_all_text_is_replaced(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    assert await truth(engine) == START
    result = await write(engine, "Brand new")
    assert await truth(engine) == ["Brand new"]
    assert lines(result.outcome_details.value_now) == ["Brand new"]
    await write(engine, "And again")
    assert await truth(engine) == ["And again"]


@each_editor
@pytest.mark.cell("{editor}", "append")
async def test_text_is_appended(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, " and more", append=True)
    assert await truth(engine) == ["First line", "Second line and more"]


@each_editor
@pytest.mark.cell("{editor}", "empty it")
async def test_it_is_emptied(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    result = await write(engine, "")
    assert await truth(engine) == []
    assert result.outcome_details.value_now.strip() == ""
    await write(engine, "Filled again")
    assert await truth(engine) == ["Filled again"]


@each_editor
@pytest.mark.cell("{editor}", "several paragraphs")
async def test_line_ends_make_paragraphs(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    result = await write(engine, "Dear Ada,\nthank you.\n\nYours, Bob")
    assert await truth(engine) == ["Dear Ada,", "thank you.", "Yours, Bob"]
    assert lines(result.outcome_details.value_now) == ["Dear Ada,", "thank you.", "Yours, Bob"]


@each_editor
@pytest.mark.cell("{editor}", "500 characters")
async def test_500_characters_are_written_at_once(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    text = "stapler! " * 55 + "stapl"
    result = await write(engine, text)
    assert await truth(engine) == [text]
    # Not a limit of speed, which differs by machine: 500 single keys would take many times as long.
    assert result.timing.in_page_us < 3_000_000


@each_editor
@pytest.mark.cell("{editor}", "signs of all kinds")
async def test_no_sign_is_changed(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    text = "ü 世界 👍🏽 <b>&amp;</b> \"quoted\" 'single' {a} [b] $1 \\n"
    await write(engine, text)
    assert await truth(engine) == [text]


@each_editor
@pytest.mark.cell("{editor}", "read the value")
async def test_the_value_that_is_read_is_the_models(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "One  two\nthree")
    assert await read(engine) == await truth(engine) == ["One  two", "three"]


@each_editor
@pytest.mark.cell("{editor}", "read the text")
async def test_the_text_that_is_read_is_the_models(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "One two\nthree")
    frame, element_id = await field(engine)
    text = await engine.do(frame, read_text=ReadTextAction(element_id=element_id))
    assert lines(text.text) == await truth(engine) == ["One two", "three"]


@pytest.mark.parametrize("page", ["codemirror", "monaco"])
@pytest.mark.cell("{page}, 2,000 lines", "read, replace and append")
async def test_more_lines_than_are_drawn(engine: EnginePage, page: str) -> None:
    await engine.open_kit(page, "#long")
    everything = [f"line {number}" for number in range(1, 2001)]
    assert await read(engine) == everything
    await write(engine, "\nthe end", append=True)
    assert await truth(engine) == [*everything, "the end"]
    await write(engine, "short")
    assert await truth(engine) == ["short"]


@each_editor
@pytest.mark.cell("{editor}", "undo")
async def test_undo_brings_the_old_text_back(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "A mistake")
    assert await truth(engine) == ["A mistake"]
    for _ in range(3):  # editors differ in how many steps a replacement is
        if await truth(engine) == START:
            break
        await press(engine, "Control+z")
    assert await truth(engine) == START


@each_editor
@pytest.mark.cell("{editor}", "Enter makes a paragraph")
async def test_enter_makes_a_paragraph(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "One")
    await press(engine, "Enter", "T", "w", "o")
    assert await truth(engine) == ["One", "Two"]


@each_editor
@pytest.mark.cell("{editor}", "Backspace deletes")
async def test_backspace_deletes(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "Three")
    await press(engine, "Backspace", "Backspace")
    assert await truth(engine) == ["Thr"]


@each_editor
@pytest.mark.cell("{editor}", "Control+a, then typing")
async def test_selecting_all_and_typing_replaces(engine: EnginePage, editor: Editor) -> None:
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "Old")
    await press(engine, "Control+a", "N", "e", "w")
    assert await truth(engine) == ["New"]


@each_editor
@pytest.mark.cell("{editor}", "Control+b makes bold")
async def test_control_b_makes_bold(engine: EnginePage, editor: Editor) -> None:
    if not editor.bold:
        pytest.skip("an editor of code has no bold text")
    await engine.open_kit(editor.page, editor.fragment)
    await write(engine, "Loud")
    await press(engine, "Control+a", "Control+b")
    assert await engine.truth("bold()") == "Loud"
    assert await truth(engine) == ["Loud"]


@pytest.mark.parametrize("page", ["tiptap", "slate"])
@pytest.mark.cell("{page}, as a messenger", "write and send")
async def test_what_is_submitted_is_sent(engine: EnginePage, page: str) -> None:
    await engine.open_kit(page, "#chat")
    for message in ["Hello there", "How are you?"]:
        result = await write(engine, message, submit=True)
        assert "Enter" in result.outcome_details.message
    assert await engine.truth("sent") == ["Hello there", "How are you?"]
    assert await truth(engine) == []
