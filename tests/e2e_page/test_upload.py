"""UploadFilesAction: what the page got is read from its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e_page.test_pointer import id_of
from tabwire.v1 import action_pb2
from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import FileUpload, UploadFilesAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

HELLO = FileUpload(name="hello.txt", content="héllo".encode())
PICTURE = FileUpload(name="p.png", mime_type="image/png", content=bytes(range(256)))


async def upload(engine: EnginePage, name: str, *files: FileUpload) -> action_pb2.ActionResult:
    element = await engine.find(name)
    return await engine.do(upload_files=UploadFilesAction(element_id=element.id, files=files))


async def test_a_file_field(engine: EnginePage) -> None:
    await engine.open("upload")
    result = await upload(engine, "One file", HELLO)
    await engine.page.wait_for_function("truth.log.length === 1")
    assert await engine.truth("truth.log") == ["one hello.txt text/plain 6 héllo"]
    assert result.outcome_details.value_now == "hello.txt"


async def test_several_and_their_bytes(engine: EnginePage) -> None:
    await engine.open("upload")
    result = await upload(engine, "Pictures", PICTURE, FileUpload(name="q.HEIC", content=b"x"))
    assert result.outcome_details.value_now == "p.png, q.HEIC"
    read = "pictures.files[0].arrayBuffer().then((bytes) => [...new Uint8Array(bytes)])"
    assert await engine.truth(read) == list(range(256))


async def test_a_field_that_is_hidden_behind_a_button(engine: EnginePage) -> None:
    await engine.open("upload")
    result = await upload(engine, "Choose a file", HELLO)
    await engine.page.wait_for_function("truth.log.length === 1")
    assert await engine.truth("truth.log") == ["behind hello.txt text/plain 6 héllo"]
    assert "took them" in result.outcome_details.message


async def test_a_drop_zone(engine: EnginePage) -> None:
    await engine.open("upload")
    # Zones are no controls: a control would open its chooser instead.
    await engine.truth("zone.setAttribute('role', 'region')")
    zone = await id_of(engine, "#zone")
    result = await engine.do(upload_files=UploadFilesAction(element_id=zone, files=[HELLO]))
    await engine.page.wait_for_function("truth.log.at(-1).startsWith('zone')")
    assert await engine.truth("[truth.log[0], truth.log.at(-1)]") == ["over Files", "zone hello.txt text/plain 6 héllo"]
    assert result.outcome_details.message.startswith('Dropped "hello.txt"')


async def test_refusals(engine: EnginePage) -> None:
    await engine.open("upload")
    for name, files, code in [
        ("One file", [HELLO, PICTURE], err.ERROR_CODE_INVALID_ARGUMENT),
        ("Pictures", [HELLO], err.ERROR_CODE_INVALID_ARGUMENT),
        ("Locked", [HELLO], err.ERROR_CODE_TARGET_ELEMENT_NOT_INTERACTABLE),
    ]:
        element = await engine.find(name)
        await engine.refused(code, upload_files=UploadFilesAction(element_id=element.id, files=files))
    wall = await id_of(engine, "#wall p")
    await engine.refused(
        err.ERROR_CODE_OPERATION_FAILED_IN_TARGET, upload_files=UploadFilesAction(element_id=wall, files=[HELLO])
    )
    assert await engine.truth("[one, pictures, locked].map((field) => field.files.length)") == [0, 0, 0]
