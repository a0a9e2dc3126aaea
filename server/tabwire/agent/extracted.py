"""What an action read from a page, as text: for a person, for the result of a task, and for the model.

Whoever shows page text to a model passes `quote` of `tabwire.agent.render`, so that no page can end its field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tabwire.v1 import action_pb2, extract_pb2, state_pb2


def _as_it_is(text: str) -> str:
    return text


def extracted_text(result: action_pb2.ActionResult, quote: Callable[[str], str] = _as_it_is) -> str:
    """Everything that was read, a line for each row, place, element or attribute; empty if nothing was."""
    match result.WhichOneof("extracted"):
        case "text":
            return quote(result.text)
        case "attribute_map":
            attributes = result.attribute_map.attributes
            return "\n".join(f"{quote(name)} = {quote(attributes[name])}" for name in sorted(attributes))
        case "element_list":
            lines = [_element(element, quote) for element in result.element_list.elements]
            return _or_none([*lines, *_left_out(result.element_list.total - len(lines), "elements")])
        case "rows":
            return _rows(result.rows, quote)
        case "text_matches":
            lines = [f"[{match.element_id}] {quote(match.excerpt)}" for match in result.text_matches.matches]
            return _or_none([*lines, *_left_out(result.text_matches.total - len(lines), "places")])
        case _:
            return ""


def _element(element: state_pb2.Element, quote: Callable[[str], str]) -> str:
    return f"[{element.id}] {quote(element.role or element.tag)} {quote(element.name or element.text_content)}"


def _rows(rows: extract_pb2.Rows, quote: Callable[[str], str]) -> str:
    lines = [" | ".join(map(quote, rows.columns))] if any(rows.columns) else []
    # Who acts on what was read needs the ids; a person does not.
    numbered = quote is not _as_it_is
    for row in rows.rows:
        number = f"[{row.element_id}] " if numbered and row.element_id else ""
        lines.append(number + " | ".join(map(quote, row.cells)))
    return _or_none([*lines, *_left_out(rows.total - len(rows.rows), "rows")])


def _or_none(lines: list[str]) -> str:
    return "\n".join(lines) if lines else "(nothing found)"


def _left_out(count: int, what: str) -> list[str]:
    return [f"({count} more {what})"] if count > 0 else []
