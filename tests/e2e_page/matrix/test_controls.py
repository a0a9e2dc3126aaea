"""Every HTML control and every ARIA widget: told for what it is, with its state, and its main operation works."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ClickAction, InputTextAction, SelectOptionAction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")

# A widget of the page's own making: pressing it turns its state over.
TOGGLES = "this.setAttribute('{0}', this.getAttribute('{0}') === 'true' ? 'false' : 'true')"
HEARD = "window.heard = (window.heard || 0) + 1"
OFF, ON, MIXED = pb.TOGGLE_OFF, pb.TOGGLE_ON, pb.TOGGLE_MIXED


@dataclass(frozen=True)
class Control:
    """A control named "It" and what is to be told of it."""

    html: str
    role: str
    type: int
    states: dict[str, Any] = field(default_factory=dict)
    value: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    operations: tuple[int, ...] = ()
    # What is done to it: "click", or ("input_text", text), or ("select_option", label).
    act: str | tuple[str, str] = "click"
    # What the page is to know afterwards.
    truth: str = "window.heard"
    after: Any = 1


def toggle(attribute: str) -> str:
    return TOGGLES.format(attribute)


CLICK, TYPE, SELECT = pb.OPERATION_CLICK, pb.OPERATION_INPUT_TEXT, pb.OPERATION_SELECT_OPTION
CHECK, DRAG, UPLOAD = pb.OPERATION_SET_CHECKED, pb.OPERATION_DRAG, pb.OPERATION_UPLOAD_FILES
LABEL = "<label for=x>It</label>"

CONTROLS: dict[str, Control] = {
    "button": Control(f"<button onclick='{HEARD}'>It</button>", "button", pb.ELEMENT_TYPE_BUTTON, operations=(CLICK,)),
    "button-input": Control(
        f"<input type=button value=It onclick='{HEARD}'>", "button", pb.ELEMENT_TYPE_BUTTON, attributes={"value": "It"}
    ),
    "submit": Control(
        f"<form onsubmit='{HEARD}; return false'><button>It</button></form>", "button", pb.ELEMENT_TYPE_BUTTON
    ),
    "image-button": Control(
        f"<form onsubmit='{HEARD}; return false'><input type=image alt=It src=x width=20 height=20></form>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
    ),
    "reset": Control(f"<form onreset='{HEARD}'><input type=reset value=It></form>", "button", pb.ELEMENT_TYPE_BUTTON),
    "toggle-button": Control(
        f'<button aria-pressed=true onclick="{toggle("aria-pressed")}">It</button>',
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"pressed": ON},
        truth="document.querySelector('button').getAttribute('aria-pressed')",
        after="false",
    ),
    "menu-button": Control(
        f"<button aria-haspopup=menu aria-expanded=false onclick='{HEARD}'>It</button>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"expanded": OFF},
        attributes={"aria-haspopup": "menu"},
    ),
    "popover-button": Control(
        "<button popovertarget=p>It</button><div id=p popover>Shown</div>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"expanded": OFF},
        truth="p.matches(':popover-open')",
        after=True,
    ),
    "disclosure": Control(
        "<details><summary>It</summary>More</details>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"expanded": OFF},
        truth="document.querySelector('details').open",
        after=True,
    ),
    "link": Control(
        f"<a href='#there' onclick='{HEARD}'>It</a>", "link", pb.ELEMENT_TYPE_LINK, attributes={"href": "#there"}
    ),
    "area": Control(
        "<img usemap='#m' src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' width=100 height=100 alt=Map>"
        f"<map name=m><area shape=rect coords='10,10,60,40' href='#a' alt=It onclick='{HEARD}'></map>",
        "link",
        pb.ELEMENT_TYPE_LINK,
    ),
    "svg-link": Control(
        f"<svg width=100 height=50><a href='#a' onclick='{HEARD}'><text y=20>It</text></a></svg>",
        "link",
        pb.ELEMENT_TYPE_LINK,
    ),
    "checkbox": Control(
        LABEL + "<input type=checkbox id=x checked>",
        "checkbox",
        pb.ELEMENT_TYPE_CHECKBOX,
        {"checked": ON},
        operations=(CLICK, CHECK),
        truth="x.checked",
        after=False,
    ),
    "mixed-checkbox": Control(
        LABEL + "<input type=checkbox id=x><script>x.indeterminate = true</script>",
        "checkbox",
        pb.ELEMENT_TYPE_CHECKBOX,
        {"checked": MIXED},
        truth="x.checked",
        after=True,
    ),
    "hidden-checkbox": Control(
        "<input type=checkbox id=x style='display:none'><label for=x>It</label>",
        "checkbox",
        pb.ELEMENT_TYPE_CHECKBOX,
        {"checked": OFF},
        operations=(CLICK, CHECK),
        truth="x.checked",
        after=True,
    ),
    "radio": Control(
        "<label><input type=radio name=r checked>Other</label><label><input type=radio name=r id=x>It</label>",
        "radio",
        pb.ELEMENT_TYPE_RADIO,
        {"checked": OFF},
        operations=(CLICK, CHECK),
        truth="x.checked",
        after=True,
    ),
    "switch-input": Control(
        LABEL + "<input type=checkbox role=switch id=x>",
        "switch",
        pb.ELEMENT_TYPE_CHECKBOX,
        {"checked": OFF},
        operations=(CHECK,),
        truth="x.checked",
        after=True,
    ),
    "text": Control(
        LABEL + "<input id=x value=old required>",
        "textbox",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        {"required": True},
        value="old",
        operations=(TYPE, pb.OPERATION_READ_VALUE),
        act=("input_text", "new"),
        truth="x.value",
        after="new",
    ),
    "readonly": Control(
        LABEL + "<input id=x value=old readonly>",
        "textbox",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        {"readonly": True},
        value="old",
        truth="document.activeElement === x",
        after=True,
    ),
    "text-area": Control(
        LABEL + "<textarea id=x>old</textarea>",
        "textbox",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        value="old",
        act=("input_text", "a\nb"),
        truth="x.value",
        after="a\nb",
    ),
    "editable": Control(
        "<div contenteditable aria-label=It id=x>old</div>",
        "textbox",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        value="old",
        act=("input_text", "new"),
        truth="x.textContent",
        after="new",
    ),
    "suggestions": Control(
        LABEL + "<input id=x list=l><datalist id=l><option>One<option>Two</datalist>",
        "combobox",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        options=("One", "Two"),
        act=("input_text", "Two"),
        truth="x.value",
        after="Two",
    ),
    "progress": Control(
        "<progress aria-label=It max=10 value=3></progress>",
        "progressbar",
        pb.ELEMENT_TYPE_TEXT_CONTENT,
        value="3",
        attributes={"max": "10"},
        act="",
    ),
    "meter": Control(
        "<meter aria-label=It min=1 max=9 value=5></meter>",
        "meter",
        pb.ELEMENT_TYPE_TEXT_CONTENT,
        value="5",
        attributes={"min": "1", "max": "9"},
        act="",
    ),
    "select": Control(
        LABEL + "<select id=x><option>One<option>Two</select>",
        "combobox",
        pb.ELEMENT_TYPE_SELECT,
        value="One",
        options=("One", "Two"),
        operations=(SELECT,),
        act=("select_option", "Two"),
        truth="x.value",
        after="Two",
    ),
    "list-box": Control(
        LABEL + "<select id=x size=3 multiple><optgroup label=G><option>One<option selected>Two</optgroup></select>",
        "listbox",
        pb.ELEMENT_TYPE_SELECT,
        value="Two",
        options=("One", "Two"),
        operations=(SELECT,),
        act=("select_option", "One"),
        truth="[...x.selectedOptions].map((o) => o.label).includes('One')",
        after=True,
    ),
    "disabled": Control(
        "<fieldset disabled><button>It</button></fieldset>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"disabled": True},
        act="",
    ),
    "aria-disabled": Control(
        "<div aria-disabled=true><div role=button tabindex=0>It</div></div>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        {"disabled": True},
        act="",
    ),
    "file": Control(
        LABEL + "<input type=file id=x accept=.txt multiple>",
        "button",
        pb.ELEMENT_TYPE_INPUT_FIELD,
        attributes={"accept": ".txt", "type": "file"},
        operations=(UPLOAD,),
        act="",
    ),
    "file-button": Control(
        "<div><button onclick=x.click()>It</button><input type=file id=x hidden></div>",
        "button",
        pb.ELEMENT_TYPE_BUTTON,
        operations=(UPLOAD,),
        act="",
    ),
    "draggable": Control(
        "<div draggable=true title=It>It</div>", "", pb.ELEMENT_TYPE_GENERIC, operations=(DRAG,), act=""
    ),
}

FIELDS = {
    "email": ("a@b.example", "textbox"),
    "tel": ("12345", "textbox"),
    "url": ("https://a.example/", "textbox"),
    "search": ("words", "searchbox"),
    "number": ("12", "spinbutton"),
    "range": ("30", "slider"),
    "date": ("2026-11-21", "textbox"),
    "time": ("14:30", "textbox"),
    "datetime-local": ("2026-11-21T14:30", "textbox"),
    "month": ("2026-11", "textbox"),
    "week": ("2026-W47", "textbox"),
    "color": ("#ff8800", "button"),
}
for kind, (text, role) in FIELDS.items():
    CONTROLS[kind] = Control(
        f"{LABEL}<input id=x type={kind}>",
        role,
        pb.ELEMENT_TYPE_RANGE if kind == "range" else pb.ELEMENT_TYPE_INPUT_FIELD,
        value={"range": "50", "color": "#000000"}.get(kind, ""),
        attributes={"min": "0", "max": "100"} if kind == "range" else {"type": kind},
        operations=(TYPE, DRAG) if kind == "range" else (TYPE,),
        act=("input_text", text),
        truth="x.value",
        after=text,
    )

WIDGETS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "button": ("", pb.ELEMENT_TYPE_BUTTON, {}),
    "link": ("", pb.ELEMENT_TYPE_LINK, {}),
    "checkbox": ("aria-checked=true", pb.ELEMENT_TYPE_CHECKBOX, {"checked": ON}),
    "radio": ("aria-checked=false", pb.ELEMENT_TYPE_RADIO, {"checked": OFF}),
    "switch": ("aria-checked=true", pb.ELEMENT_TYPE_CHECKBOX, {"checked": ON}),
    "tab": ("aria-selected=true", pb.ELEMENT_TYPE_TAB, {"selected": ON}),
    "menuitem": ("aria-expanded=false", pb.ELEMENT_TYPE_MENU_ITEM, {"expanded": OFF}),
    "menuitemcheckbox": ("aria-checked=mixed", pb.ELEMENT_TYPE_MENU_ITEM, {"checked": MIXED}),
    "menuitemradio": ("aria-checked=true", pb.ELEMENT_TYPE_MENU_ITEM, {"checked": ON}),
    "option": ("aria-selected=false", pb.ELEMENT_TYPE_OPTION, {"selected": OFF}),
    "treeitem": ("aria-expanded=true aria-selected=true", pb.ELEMENT_TYPE_LIST_ITEM, {"expanded": ON, "selected": ON}),
    "gridcell": ("aria-selected=true", pb.ELEMENT_TYPE_CELL, {"selected": ON}),
    "row": ("aria-selected=false", pb.ELEMENT_TYPE_GENERIC, {"selected": OFF}),
    "columnheader": ("aria-sort=ascending onclick=0", pb.ELEMENT_TYPE_CELL, {}),
}
for kind, (attributes, type_, states) in WIDGETS.items():
    CONTROLS[f"role-{kind}"] = Control(
        f'<div role={kind} tabindex=0 {attributes} onclick="{HEARD}">It</div>'.replace("onclick=0 ", ""),
        kind,
        type_,
        states,
        operations=(CLICK,),
    )

NUMBER = 'aria-valuenow=30 aria-valuemin=10 aria-valuemax=90 style="width:90px;height:20px"'
for kind, type_, value in (
    ("slider", pb.ELEMENT_TYPE_RANGE, "30"),
    ("spinbutton", pb.ELEMENT_TYPE_RANGE, "30"),
    ("scrollbar", pb.ELEMENT_TYPE_GENERIC, "30"),
):
    CONTROLS[f"role-{kind}"] = Control(
        f'<div role={kind} tabindex=0 aria-label=It {NUMBER} onclick="{HEARD}"></div>',
        kind,
        type_,
        value=value,
        attributes={"min": "10", "max": "90"},
        operations=(CLICK,) if kind == "spinbutton" else (CLICK, DRAG),
    )

CONTROLS["role-textbox"] = Control(
    "<div role=textbox contenteditable aria-label=It id=x aria-multiline=true>old</div>",
    "textbox",
    pb.ELEMENT_TYPE_INPUT_FIELD,
    value="old",
    act=("input_text", "new"),
    truth="x.textContent",
    after="new",
)
CHOOSE = "this.parentNode.querySelectorAll('[role=option]').forEach((o) => o.setAttribute('aria-selected', o === this))"
CONTROLS["role-listbox"] = Control(
    f'<div role=listbox aria-label=It><div role=option aria-selected=true onclick="{CHOOSE}">One</div>'
    f'<div role=option aria-selected=false id=two onclick="{CHOOSE}">Two</div></div>',
    "listbox",
    pb.ELEMENT_TYPE_SELECT,
    value="One",
    options=("One", "Two"),
    operations=(SELECT,),
    act=("select_option", "Two"),
    truth="two.getAttribute('aria-selected')",
    after="true",
)
CONTROLS["role-combobox-list-elsewhere"] = Control(
    "<div role=combobox tabindex=0 aria-label=It aria-expanded=true aria-controls=l id=x>One</div><p>Between</p>"
    "<div role=listbox id=l><div role=option aria-selected=true>One</div><div role=option id=two "
    "onclick=\"x.textContent = 'Two'\">Two</div></div>",
    "combobox",
    pb.ELEMENT_TYPE_SELECT,
    {"expanded": ON},
    value="One",
    options=("One", "Two"),
    operations=(SELECT,),
    act=("select_option", "Two"),
    truth="x.textContent",
    after="Two",
)
CONTROLS["role-separator"] = Control(
    f'<div role=separator tabindex=0 aria-label=It aria-valuenow=5 style="width:9px;height:50px"'
    f' onclick="{HEARD}"></div>',
    "separator",
    pb.ELEMENT_TYPE_GENERIC,
    operations=(CLICK, DRAG),
)


def named_it(elements: Iterable[pb.Element], role: str) -> pb.Element:
    """The control in question: of several things that say "It" the one with the role."""
    found = [e for e in elements if "It" in (e.name, e.text_content) and (role == "" or e.role == role)]
    assert len(found) == 1, [(e.role, e.name, e.text_content) for e in elements]
    return found[0]


@pytest.mark.cell("{kind}", "told and operated")
@pytest.mark.parametrize("kind", CONTROLS)
async def test_a_control(engine: EnginePage, kind: str) -> None:
    control = CONTROLS[kind]
    await engine.content(f"<!doctype html>{control.html}")
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    element = named_it(state.elements, control.role)
    assert element.type == control.type
    assert element.bounds.width > 0
    told = {name: getattr(element.states, name) for name in control.states}
    assert told == control.states
    others = ("checked", "selected", "pressed", "expanded", "disabled", "required", "invalid", "readonly")
    assert not any(getattr(element.states, name) for name in others if name not in control.states)
    if control.value is not None:
        assert element.current_value == control.value
    assert control.attributes.items() <= dict(element.attributes).items()
    assert tuple(option.label for option in element.options) == control.options
    assert set(control.operations) <= set(element.available_operations)
    if control.states.get("disabled"):
        assert CLICK not in element.available_operations
    if control.act == "":
        return
    if control.act == "click":
        await engine.do(click=ClickAction(element_id=element.id))
    elif control.act[0] == "input_text":
        await engine.do(input_text=InputTextAction(element_id=element.id, text=control.act[1]))
    else:
        await engine.do(select_option=SelectOptionAction(element_id=element.id, options=[control.act[1]]))
    assert await engine.truth(control.truth) == control.after
