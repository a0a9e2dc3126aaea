"""What a field of secrets holds never leaves the page: in no state, name or result, nor by reading or finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import state_pb2
from tabwire.v1.action_pb2 import (
    ClickAction,
    FindTextAction,
    InputTextAction,
    ReadMarkdownAction,
    ReadRowsAction,
    ReadTextAction,
    ReadValueAction,
)

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SECRET = "hunter2-of-mine"
_FIELDS = {
    "password": '<input type="password">',
    "shown password": '<input type="password" onfocus="this.type=\'text\'">',
    "password from the focus on": '<input type="text" onfocus="this.type=\'password\'">',
    "one-time code": '<input type="text" autocomplete="one-time-code" inputmode="numeric">',
    "card code": '<input type="tel" autocomplete="cc-csc">',
    "masked by style": '<input type="tel" style="-webkit-text-security: disc">',
    "masked area": '<textarea style="-webkit-text-security: disc"></textarea>',
}


@pytest.mark.parametrize("field", _FIELDS.values(), ids=_FIELDS)
async def test_nothing_tells_it(engine: EnginePage, field: str) -> None:
    await engine.content(
        f'<main><h1>Sign in</h1><div role="row"><label>Code {field}</label></div>'
        "<table><tr><th>Name</th></tr><tr><td>Ann</td></tr></table><button>Other</button></main>"
    )
    element = await engine.find("Code")
    told = [await engine.do(input_text=InputTextAction(element_id=element.id, text=_SECRET))]
    assert await engine.truth("document.querySelector('input, textarea').value") == _SECRET
    told.append(await engine.do(click=ClickAction(element_id=(await engine.find("Other")).id)))
    told.append(await engine.act(input_text=InputTextAction(element_id=element.id, text="!", append=True)))
    looks: tuple[dict[str, Any], ...] = (
        {"read_text": ReadTextAction()},
        {"read_value": ReadValueAction(element_id=element.id)},
        {"read_markdown": ReadMarkdownAction()},
        {"read_rows": ReadRowsAction()},
        {"find_text": FindTextAction(text=_SECRET[:5])},
    )
    told += [await engine.act(**look) for look in looks]
    states = [await engine.state(scope=state_pb2.STATE_SCOPE_PAGE)]
    for message in (*told, *states):
        text = str(message)
        assert _SECRET[5:] not in text, text
