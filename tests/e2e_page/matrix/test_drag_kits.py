"""Drag libraries and drop zones, as they come from npm; the truth is their own or the page's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e_page.matrix.kit_hands import drag, locate, press, truth, upload
from tabwire.v1 import action_pb2 as pb

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


each_sortable = pytest.mark.parametrize(
    "fragment", [pytest.param("", id="html5"), pytest.param("#fallback", id="pointer")]
)


@each_sortable
@pytest.mark.cell("SortableJS{fragment}", "sort by dragging")
async def test_sortablejs(engine: EnginePage, fragment: str) -> None:
    await engine.open_kit("sortable", fragment)
    await drag(engine, "One", "Three")
    after = await truth(engine)
    assert after["todo"].index("One") > 0
    assert after["ends"] == 1


@each_sortable
@pytest.mark.cell("SortableJS{fragment}", "drag to another list")
async def test_sortablejs_to_another_list(engine: EnginePage, fragment: str) -> None:
    await engine.open_kit("sortable", fragment)
    await drag(engine, "Two", "Four")
    after = await truth(engine)
    assert after["todo"] == ["One", "Three"]
    assert sorted(after["done"]) == ["Four", "Two"]


@pytest.mark.cell("Pragmatic drag and drop", "drag and drop")
async def test_pragmatic(engine: EnginePage) -> None:
    await engine.open_kit("pragmatic")
    await drag(engine, "Card A", "Inbox")
    await drag(engine, "Card B", "Archive")
    after = await truth(engine)
    assert (after["Inbox"], after["Archive"]) == (["Card A"], ["Card B"])


@pytest.mark.cell("Pragmatic drag and drop", "drop a file")
async def test_pragmatic_file(engine: EnginePage) -> None:
    await engine.open_kit("pragmatic")
    await upload(engine, "Inbox", "notes.txt", b"hello")
    assert (await truth(engine))["files"] == ["notes.txt"]


@pytest.mark.cell("dnd kit", "sort by dragging")
async def test_dnd_kit(engine: EnginePage) -> None:
    await engine.open_kit("dnd_kit")
    await drag(engine, "One", "Three")
    assert (await truth(engine))["order"] == ["Two", "Three", "One", "Four"]


@pytest.mark.cell("dnd kit", "sort by keys")
async def test_dnd_kit_by_keys(engine: EnginePage) -> None:
    await engine.open_kit("dnd_kit")
    await press(engine, "One", "Space")
    await engine.do(press_keys=pb.PressKeysAction(keys=["ArrowDown"]))
    await engine.do(press_keys=pb.PressKeysAction(keys=["Space"]))
    assert (await truth(engine))["order"] == ["Two", "One", "Three", "Four"]


@pytest.mark.cell("react-dnd", "drag and drop")
async def test_react_dnd(engine: EnginePage) -> None:
    await engine.open_kit("react_dnd")
    await drag(engine, "Knight", "left")
    await drag(engine, "Bishop", "right")
    after = await truth(engine)
    assert (after["left"], after["right"]) == (["Knight"], ["Bishop"])


@pytest.mark.cell("react-dnd", "drop a file")
async def test_react_dnd_file(engine: EnginePage) -> None:
    await engine.open_kit("react_dnd")
    await upload(engine, "left", "notes.txt", b"hello")
    assert (await truth(engine))["files"] == ["notes.txt"]


@pytest.mark.cell("react-dropzone", "drop a file")
async def test_dropzone(engine: EnginePage) -> None:
    await engine.open_kit("dropzone")
    await upload(engine, "Drop zone", "notes.txt", "grüezi".encode())
    assert (await truth(engine))["files"] == [{"name": "notes.txt", "type": "text/plain", "text": "grüezi"}]


@pytest.mark.cell("react-dropzone", "a file of another type is rejected")
async def test_dropzone_rejects(engine: EnginePage) -> None:
    await engine.open_kit("dropzone")
    element = await locate(engine, "Drop zone")
    file = pb.FileUpload(name="photo.png", content=b"\x89PNG")
    await engine.act(upload_files=pb.UploadFilesAction(element_id=element.id, files=[file]))
    assert (await truth(engine))["files"] == []
