"""What the tests of kits do in a page: find an element by its words, and act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tabwire.v1 import action_pb2 as pb
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage


async def locate(engine: EnginePage, words: str, role: str | None = None) -> state_pb2.Element:
    """The first element that is named so, or that says so; where names are alike, the one that is a control."""
    state = await engine.state(scope=state_pb2.STATE_SCOPE_PAGE)
    fitting = [e for e in state.elements if role is None or e.role == role]
    found = [e for e in fitting if e.name == words] or [e for e in fitting if e.text_content.strip() == words]
    listing = "\n".join(f"  {e.id} {e.role} {e.name!r} {e.text_content[:60]!r}" for e in state.elements)
    assert found, f"nothing is named or says {words!r} ({role}):\n{listing}"
    return found[0]


async def click(engine: EnginePage, words: str, role: str | None = None, **options: Any) -> pb.ActionResult:
    element = await locate(engine, words, role)
    return await engine.do(click=pb.ClickAction(element_id=element.id, **options))


async def write(engine: EnginePage, words: str, text: str, **options: Any) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(input_text=pb.InputTextAction(element_id=element.id, text=text, **options))


async def press(engine: EnginePage, words: str, *keys: str) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(press_keys=pb.PressKeysAction(element_id=element.id, keys=keys))


async def hover(engine: EnginePage, words: str) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(hover=pb.HoverAction(element_id=element.id))


async def check(engine: EnginePage, words: str, checked: bool = True) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(set_checked=pb.SetCheckedAction(element_id=element.id, checked=checked))


async def choose(engine: EnginePage, words: str, option: str) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(select_option=pb.SelectOptionAction(element_id=element.id, options=[option]))


async def drag(engine: EnginePage, words: str, onto: str) -> pb.ActionResult:
    source, target = await locate(engine, words), await locate(engine, onto)
    return await engine.do(drag=pb.DragAction(element_id=source.id, to_element_id=target.id))


async def drag_by(engine: EnginePage, words: str, x: float, y: float) -> pb.ActionResult:
    element = await locate(engine, words)
    return await engine.do(drag=pb.DragAction(element_id=element.id, offset_x=x, offset_y=y))


async def upload(engine: EnginePage, words: str, name: str, content: bytes) -> pb.ActionResult:
    element = await locate(engine, words)
    file = pb.FileUpload(name=name, content=content)
    return await engine.do(upload_files=pb.UploadFilesAction(element_id=element.id, files=[file]))


async def truth(engine: EnginePage) -> dict[str, Any]:
    answer: dict[str, Any] = await engine.truth("truth()")
    return answer
