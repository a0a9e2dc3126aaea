"""What a browser is not even asked for, and what goes with every command that it is asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tabwire.browser.permissions import MAX_UPLOAD_BYTES, Permissions
from tabwire.errors import TabwireError
from tabwire.settings import Settings
from tabwire.v1 import action_pb2, error_pb2, link_pb2
from unit.browser.test_linked import CLICK, ScriptedHub, done, port

SCRIPT = action_pb2.Action(run_javascript=action_pb2.RunJavascriptAction(code="return 1"))
DRAG = action_pb2.Action(drag=action_pb2.DragAction(element_id=1))


def upload(*sizes: int) -> action_pb2.Action:
    files = [action_pb2.FileUpload(name=f"{at}.bin", content=bytes(size)) for at, size in enumerate(sizes)]
    return action_pb2.Action(upload_files=action_pb2.UploadFilesAction(element_id=1, files=files))


def able(*actions: str, **more: bool) -> ScriptedHub:
    made = ScriptedHub(done())
    made.can.CopyFrom(link_pb2.BrowserCapabilities(actions=actions, **more))
    return made


async def refusal(hub: ScriptedHub, action: action_pb2.Action, permissions: Permissions | None = None) -> TabwireError:
    with pytest.raises(TabwireError) as caught:
        await port(hub, permissions=permissions).act(9, action, timeout_s=5)
    assert hub.commands == []
    assert caught.value.info.remedy
    return caught.value


async def test_a_browser_that_does_not_list_an_action_is_not_asked_for_it() -> None:
    assert (await refusal(able("click"), DRAG)).code == error_pb2.ERROR_CODE_UNIMPLEMENTED
    await port(able("click", "drag")).act(9, DRAG, timeout_s=5)


async def test_a_browser_that_lists_nothing_can_do_what_the_first_release_could() -> None:
    await port(able()).act(9, CLICK, timeout_s=5)
    assert (await refusal(able(), DRAG)).code == error_pb2.ERROR_CODE_UNIMPLEMENTED


async def test_javascript_is_refused_until_an_origin_is_granted() -> None:
    hub = able("run_javascript", javascript=True)
    assert (await refusal(hub, SCRIPT)).code == error_pb2.ERROR_CODE_POLICY_DENIED
    await port(hub, permissions=Permissions(["https://a.test"])).act(9, SCRIPT, timeout_s=5)
    assert list(hub.commands[0].grants.javascript_origins) == ["https://a.test"]


@pytest.mark.parametrize(
    ("setting", "can", "granted", "mode"),
    [
        ("never", True, False, action_pb2.INPUT_MODE_UNSPECIFIED),
        ("when_needed", True, True, action_pb2.INPUT_MODE_UNSPECIFIED),
        ("always", True, True, action_pb2.INPUT_MODE_TRUSTED),
        ("always", False, True, action_pb2.INPUT_MODE_UNSPECIFIED),
    ],
)
async def test_trusted_input_is_granted_as_the_setting_says(
    setting: str, can: bool, granted: bool, mode: action_pb2.InputMode.ValueType
) -> None:
    hub = able(trusted_input=can)
    await port(hub, permissions=Permissions(trusted_input=setting)).act(9, CLICK, timeout_s=5)
    assert (hub.commands[0].grants.trusted_input, hub.commands[0].action.input_mode) == (granted, mode)


async def test_an_action_that_says_how_its_input_is_given_is_left_alone() -> None:
    hub = able(trusted_input=True)
    asked = action_pb2.Action(click=CLICK.click, input_mode=action_pb2.INPUT_MODE_SYNTHETIC)
    await port(hub, permissions=Permissions(trusted_input="always")).act(9, asked, timeout_s=5)
    assert hub.commands[0].action.input_mode == action_pb2.INPUT_MODE_SYNTHETIC


async def test_files_have_a_limit_together() -> None:
    half = MAX_UPLOAD_BYTES // 2
    await port(able("upload_files")).act(9, upload(half, half), timeout_s=5)
    error = await refusal(able("upload_files"), upload(half, half + 1))
    assert error.code == error_pb2.ERROR_CODE_INVALID_ARGUMENT
    assert str(MAX_UPLOAD_BYTES) in error.info.details.field_violations.violations[0].description


def test_the_settings_name_origins_and_nothing_else() -> None:
    settings = Settings(javascript_origins="https://a.test, http://localhost:8000")
    assert Permissions.of(settings).grants() == link_pb2.Grants(
        javascript_origins=["https://a.test", "http://localhost:8000"], trusted_input=True
    )
    for wrong in ("a.test", "https://a.test/", "file:///x", "https://me@a.test", "https://A.test", "javascript:1"):
        with pytest.raises(ValidationError):
            Settings(javascript_origins=wrong)
