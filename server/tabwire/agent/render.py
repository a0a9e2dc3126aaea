"""A page state as compact text for a model: one line an element, grouped by where it stands; alike rows as tables.

Page text is data. Every string of the page stands between quotes, escaped like JSON, on a line that begins with what
the agent wrote: no page can end its field, forge a line or an id, or leave the frame that the prompt puts around it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

from tabwire.agent.colours import colour
from tabwire.agent.render_rows import Told, find_table
from tabwire.enums import name_of
from tabwire.v1 import state_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_TEXT = 300
MAX_URL = 200
MAX_OPTIONS = 20
# About 6,000 tokens; what does not fit is said to be left out.
MAX_CHARACTERS = 24_000
_SPACE = re.compile(r"\s+")
# Types whose role need not be said otherwise, by the word that says it best.
_ROLES = {
    state_pb2.ELEMENT_TYPE_TEXT_CONTENT: "text",
    state_pb2.ELEMENT_TYPE_IMAGE: "image",
    state_pb2.ELEMENT_TYPE_VIDEO: "video",
    state_pb2.ELEMENT_TYPE_FRAME: "frame",
    state_pb2.ELEMENT_TYPE_CANVAS: "canvas",
    state_pb2.ELEMENT_TYPE_INPUT_FIELD: "textbox",
    state_pb2.ELEMENT_TYPE_GENERIC: "clickable",
}


# What a value is put into, by which it is told.
FIELDS = frozenset(
    {
        state_pb2.ELEMENT_TYPE_INPUT_FIELD,
        state_pb2.ELEMENT_TYPE_SELECT,
        state_pb2.ELEMENT_TYPE_RANGE,
        state_pb2.ELEMENT_TYPE_CHECKBOX,
        state_pb2.ELEMENT_TYPE_RADIO,
    }
)


# The parts of drawings that are told by their shape (SVG 2, "Basic shapes").
SHAPES = frozenset({"circle", "ellipse", "line", "polygon", "polyline", "rect"})
_ENDING = re.compile(r"(?:\.\w{1,5})?(?:[?#].*)?$")
_MAX_ICON = 40
# More of them are about layout; and ids without a word are a program's.
_MAX_CLASSES = 3
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{3}")


def quote(text: str, limit: int = MAX_TEXT) -> str:
    """A string of a page, safe inside a line: quoted, escaped, on one line, without invisible characters."""
    folded = _SPACE.sub(" ", text).strip()
    visible = "".join(character for character in folded if unicodedata.category(character) not in _INVISIBLE)
    if len(visible) > limit:
        visible = visible[: limit - 1] + "…"
    return json.dumps(visible, ensure_ascii=False)


# Controls, formats (zero width, direction overrides), surrogates, private use, and line or paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def role(element: state_pb2.Element) -> str:
    """What an element is, in one word of ours. A page may invent roles; only letters of them are kept."""
    named = re.sub(r"[^a-z]", "", element.role.lower())[:24]
    if named and named not in ("generic", "none", "presentation", "paragraph", "statictext"):
        return named
    return _ROLES.get(element.type, name_of(state_pb2.ElementType, element.type, "ELEMENT_TYPE_").lower())


def label(element: state_pb2.Element) -> str:
    """What a person calls an element."""
    return (
        element.name
        or element.text_content
        or element.attributes.get("placeholder", "")
        or element.attributes.get("title", "")
        or element.attributes.get("alt", "")
    )


def element_line(element: state_pb2.Element) -> str:
    """An element on one line, as `[12] button "Add to cart"`."""
    name = label(element)
    parts = (f"[{element.id}]", role(element), quote(name) if name else "", details(element))
    return " ".join(filter(None, parts))


def shown_colour(element: state_pb2.Element) -> str:
    """The colour by which a thing without a name, or a part of a drawing, is told; empty if it is not told by that."""
    is_told = element.type not in FIELDS and (not label(element) or "fill" in element.attributes)
    return colour(element) if is_told else ""


def shown_icon(element: state_pb2.Element) -> str:
    """What its author calls a thing that says nothing to a reader: the file of its picture, its id or its class."""
    if label(element) or element.type in FIELDS or element.tag in SHAPES or colour(element):
        return ""
    attributes = element.attributes
    picture = attributes.get("src", "")
    file = "" if picture.startswith("data:") else _ENDING.sub("", picture.rsplit("/", 1)[-1])
    classes = attributes.get("class", "")
    words = (file, attributes.get("id", ""), classes if len(classes.split()) <= _MAX_CLASSES else "")
    return next((word for word in words if _SAYS_SOMETHING.search(word)), "")


def details(element: state_pb2.Element, *, plain: bool = False) -> str:
    """What is told of an element besides its role and what it is called; `plain`: in words that need no key."""
    parts = []
    name = label(element)
    if element.tag in SHAPES:
        parts.append(f"shape={element.tag}")
    if shown := shown_colour(element):
        parts.append(f"colour={shown}")
    if icon := shown_icon(element):
        parts.append(f"icon={quote(icon, _MAX_ICON)}")
    text = _SPACE.sub(" ", element.text_content).strip()
    if text and name and text.casefold() != _SPACE.sub(" ", name).strip().casefold() and not element.options:
        parts.append(f"text={quote(text)}")
    if element.HasField("current_value") and not element.options:
        is_empty = plain and not element.current_value
        parts.append("empty" if is_empty else f"value={quote(element.current_value)}")
    placeholder = element.attributes.get("placeholder", "")
    if placeholder and placeholder != name:
        parts.append(f"placeholder={quote(placeholder, 80)}")
    input_type = element.attributes.get("type", "")
    if (
        element.tag == "input"
        and re.fullmatch(r"[a-z-]{1,16}", input_type)
        and input_type not in ("text", role(element))
    ):
        parts.append(f"type={input_type}")
    parts.extend(_states(element))
    if element.options:
        parts.append(_options(element, plain=plain))
    if not element.is_visible:
        parts.append("hidden")
    return " ".join(parts)


def _states(element: state_pb2.Element) -> list[str]:
    states = element.states
    words = []
    for name in ("checked", "selected", "pressed", "expanded"):
        toggle = getattr(states, name)
        if toggle == state_pb2.TOGGLE_ON:
            words.append(name)
        elif toggle == state_pb2.TOGGLE_MIXED:
            words.append(f"{name}=partly")
        elif toggle == state_pb2.TOGGLE_OFF and name != "selected":
            words.append({"expanded": "collapsed"}.get(name, f"not {name}"))
    words.extend(name for name in ("disabled", "required", "invalid", "readonly", "focused") if getattr(states, name))
    if states.obscured:
        words.append("unreadable for people")
    return words


def _options(element: state_pb2.Element, *, plain: bool) -> str:
    shown = list(element.options[:MAX_OPTIONS])
    words = []
    for option in shown:
        chosen = " chosen" if plain else "*"
        marks = (chosen if option.selected else "") + (" disabled" if option.disabled else "")
        words.append(quote(option.label or option.value, 60) + marks)
    left_out = len(element.options) - len(shown) + element.options_omitted
    more = f", {left_out} more" if left_out else ""
    return f"options({', '.join(words)}{more})"


def place(element: state_pb2.Element) -> str:
    """Where an element stands, as a line of its own: landmark, form, heading."""
    parts = []
    if element.landmark:
        parts.append(f"in {quote(element.landmark, 80)}")
    if element.form:
        parts.append(f"form {quote(element.form, 80)}")
    if element.heading and element.heading != label(element):
        parts.append(f"under {quote(element.heading, 80)}")
    return " ".join(parts)


def page_lines(state: state_pb2.PageState, *, brief: bool = False) -> list[str]:
    """The head of a state: what page this is and how much of it is shown; `brief`: without its tab and its query."""
    address = re.split(r"[?#]", state.url, maxsplit=1)[0] if brief else state.url
    tab = "" if brief else f" tab={state.tab_id}"
    lines = [f"page {quote(state.title, 120)} at {quote(address, MAX_URL)}{tab}"]
    if state.is_loading:
        lines.append("still loading")
    if state.HasField("error_info"):
        lines.append(f"the page cannot be seen: {quote(state.error_info.message)}")
    height = state.viewport_dimensions.height
    if height:
        above = state.scroll_position.y / height
        below = (state.document_dimensions.height - state.scroll_position.y - height) / height
        if above > _EDGE or below > _EDGE:
            lines.append(f"scrolled: {max(above, 0):.1f} screens above, {max(below, 0):.1f} below")
    cut = state.truncation
    if cut.elements_above or cut.elements_below:
        lines.append(f"not shown: {cut.elements_above} elements above, {cut.elements_below} below; scroll to see")
    elif cut.elements_omitted:
        lines.append(f"not shown: {cut.elements_omitted} elements")
    lines.extend(
        f"frame {quote(frame.url, 80)} cannot be seen: {quote(frame.error_info.message, 120)}"
        for frame in state.frames
        if frame.HasField("error_info")
    )
    return lines


_EDGE = 0.05


def state_text(state: state_pb2.PageState, *, limit: int = MAX_CHARACTERS) -> str:
    """A whole state. What is beyond the limit is counted in the last line."""
    return _fit(state, limit)[0]


def shown_part(state: state_pb2.PageState, *, limit: int = MAX_CHARACTERS) -> state_pb2.PageState:
    """The state without the elements that `state_text` left out, so that a later delta shows them."""
    count = _fit(state, limit)[1]
    if count == len(state.actionable_elements):
        return state
    part = state_pb2.PageState()
    part.CopyFrom(state)
    del part.actionable_elements[count:]
    return part


def _fit(state: state_pb2.PageState, limit: int) -> tuple[str, int]:
    """The text of a state, and how many of its elements fit into it."""
    lines = page_lines(state)
    size = sum(len(line) + 1 for line in lines)
    shown = 0
    for own, count in _element_lines(state.actionable_elements):
        size += sum(len(line) + 1 for line in own)
        if size > limit:
            lines.append(f"not shown: {len(state.actionable_elements) - shown} more elements; scroll to see")
            break
        lines.extend(own)
        shown += count
    return "\n".join(lines), shown


def _element_lines(elements: Sequence[state_pb2.Element]) -> Iterator[tuple[list[str], int]]:
    """The lines of all elements, each lot with how many elements it tells; alike rows as tables."""
    told = [Told(one, role(one), label(one), details(one)) for one in elements]
    where = ""
    at = 0
    while at < len(told):
        element = told[at].element
        own = []
        if place(element) != where:
            where = place(element)
            own.append(f"# {where}" if where else "#")
        table = find_table(told, at, quote)
        if table is None:
            own.append(element_line(element))
            yield own, 1
            at += 1
            continue
        yield [*own, table.head, table.lines[0]], table.columns
        for line in table.lines[1:]:
            yield [line], table.columns
        at += table.columns * len(table.lines)


def delta_text(before: state_pb2.PageState, after: state_pb2.PageState) -> str | None:
    """What changed between two states of one document, or None if a whole state says it better."""
    if before.document_id != after.document_id or before.tab_id != after.tab_id or after.HasField("error_info"):
        return None
    old = {element.id: element_line(element) for element in before.actionable_elements}
    new = {element.id: element_line(element) for element in after.actionable_elements}
    lines = _changed_lines(after.actionable_elements, old)
    gone = [number for number in old if number not in new]
    if len(lines) + len(gone) // 4 > max(8, len(new) // 2):
        return None
    if page_lines(before) != page_lines(after):
        lines = page_lines(after) + lines
    if gone:
        lines.append("- gone: " + ", ".join(f"[{number}]" for number in gone))
    return "\n".join(lines) if lines else "nothing changed"


def _changed_lines(elements: Sequence[state_pb2.Element], old: dict[int, str]) -> list[str]:
    lines = []
    where = ""
    for element in elements:
        line = element_line(element)
        if old.get(element.id) == line:
            continue
        if place(element) != where:
            where = place(element)
            lines.append(f"# {where}" if where else "#")
        lines.append(f"{'~' if element.id in old else '+'} {line}")
    return lines
