"""The pages that are measured on: six kinds, each of exactly so many element nodes, and one list for the token figure.

Everything is made by code from numbers, so that every run and every side sees the same bytes. A page's nodes are its
elements in all its documents and shadow trees, as a browser counts them; `fill` makes the number exact. What every page
has: a button whose click counts in a text and marks its card, and a text field. Serving is the host's (host.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("shop", "table", "deep", "iframes", "shadow", "quirks")
SIZES = (1_000, 11_000, 55_000)
LIST_ROWS = 47
TEXT = " ".join(f"word{number:03}" for number in range(63))[:500]

_FRAMES = 20
_COLUMNS = 24
_DEPTH = 100
_COLOURS = ("Green", "Blue", "Red", "Black", "White", "Oak", "Steel", "Copper")
_THINGS = ("kettle", "lamp", "chair", "notebook", "bottle", "blanket", "clock", "basket", "mirror")
_STYLE = (
    "body{font:14px/1.4 sans-serif;margin:16px}main{display:grid;grid-template-columns:repeat(4,1fr);gap:8px}"
    ".card{border:1px solid #ccc;padding:8px}.marked{border-color:#060;background:#efe}"
    ".pic{width:48px;height:48px;background:#ddd}p{margin:4px 0}iframe{width:560px;height:260px}"
)
# One listener for all buttons, so that what a click costs the page does not grow with the page.
_SCRIPT = """
let clicks = 0;
addEventListener("click", (event) => {
  const button = event.composedPath()[0].closest?.("[data-add]");
  if (!button) return;
  clicks += 1;
  document.getElementById("count").textContent = "In the cart: " + clicks;
  const card = button.closest(".card") ?? button;
  card.classList.toggle("marked");
  button.setAttribute("aria-pressed", String(clicks % 2 === 1));
});
"""


@dataclass(frozen=True)
class Target:
    """How an element is found. Tabwire goes by role and name, as it shows them; the others get the cheapest way."""

    role: str
    name: str
    css: str
    # The frame's element, if it is not in the main document.
    frame_css: str = ""


@dataclass(frozen=True)
class Page:
    """One page: its documents by path, and what is to be done on it."""

    name: str
    kind: str
    nodes: int
    documents: dict[str, str] = field(repr=False)
    button: Target
    field: Target
    # Where the number of clicks is told.
    counter: Target


def make(kind: str, nodes: int) -> Page:
    """A page of a kind with exactly so many nodes."""
    name = f"{kind}-{nodes}"
    frame_css = ""
    if kind == "iframes":
        documents = _with_frames(name, nodes)
        frame_css = "#frame-0"
    else:
        documents = {f"{name}.html": _document(kind, nodes)}
    return Page(
        name=name,
        kind=kind,
        nodes=nodes,
        documents=documents,
        button=Target("button", "Add to cart 0", "#add-0", frame_css),
        field=Target("textbox", "Note", "#note"),
        counter=Target("", "", "#count", frame_css),
    )


def make_list() -> Page:
    """The list page for the token figure: 142 elements that can be operated, three a row and one field.

    Names and ids are as shops have them, of such a length that browser-use needs about the tokens of the figure.
    """
    rows = [
        f"<li class=row><a id=item-{n} href=/item/{n}>{_title(n)}, 1.{n % 10} kg</a> <span>{_price(n)}</span>"
        f" <button type=button data-add id=add-{n}>Add to cart</button>"
        f" <button type=button id=details-{n}>Details</button></li>"
        for n in range(LIST_ROWS)
    ]
    body = f"<ul>{''.join(rows)}</ul>"
    style = "body{font:14px/1 sans-serif}ul{margin:0;padding:0}.row{height:26px}"
    html = f"<!doctype html>{_head(style)}<body>{_TOP}{body}<script>{_SCRIPT}</script></body></html>"
    return Page(
        name="list-142",
        kind="list",
        nodes=_AROUND + LIST_ROWS * 5,
        documents={"list-142.html": html},
        button=Target("button", "Add to cart", "#add-0"),
        field=Target("textbox", "Note", "#note"),
        counter=Target("", "", "#count"),
    )


def make_busy() -> Page:
    """A page that changes its DOM all the time, fifty times fifty nodes a second."""
    script = """
let changes = 0;
const box = document.querySelector("main");
setInterval(() => {
  for (let n = 0; n < 50; n += 1) {
    const line = document.createElement("p");
    line.textContent = "line " + (changes += 1);
    box.append(line);
    if (box.childElementCount > 100) box.firstElementChild.remove();
  }
  document.getElementById("count").textContent = String(changes);
}, 20);
"""
    html = f"<!doctype html>{_head(_STYLE)}<body>{_TOP}<main></main><script>{script}</script></body></html>"
    target = Target("", "", "#count")
    return Page("busy", "busy", _AROUND, {"busy.html": html}, target, target, target)


_TOP = (
    "<h1>The shop of everyday things</h1><p id=count>In the cart: 0</p>"
    '<input id=note aria-label=Note value="" autocomplete=off>'
)
# html, head, meta, title, style, body, h1, p, input, script; and the main element around what fills the page.
_AROUND = 11


def _document(kind: str, nodes: int, start: int = 0) -> str:
    """A document of exactly so many nodes, `start` being the number of its first card."""
    unit, size, fixed = _UNITS[kind]
    opening, closing, own = fixed
    room = nodes - _AROUND - own
    count, rest = divmod(room, size)
    if count < 1 or rest < 0:
        raise ValueError(f"{nodes} nodes are too few for a page of the kind {kind}.")
    units = "".join(unit(start + number) for number in range(count))
    doctype = "" if kind == "quirks" else "<!doctype html>"
    main = f"<main>{opening}{units}{closing}{'<br>' * rest}</main>"
    return f"{doctype}{_head(_STYLE)}<body>{_TOP}{main}<script>{_SCRIPT}</script></body></html>"


def _head(style: str) -> str:
    return f"<html lang=en><head><meta charset=utf-8><title>Everyday things</title><style>{style}</style></head>"


def _title(number: int) -> str:
    return f"{_COLOURS[number % len(_COLOURS)]} {_THINGS[number % len(_THINGS)]} {number}"


def _price(number: int) -> str:
    return f"{5 + number * 37 % 95}.{number * 13 % 100:02} EUR"


def _button(number: int) -> str:
    return f'<button type=button data-add id=add-{number} aria-label="Add to cart {number}">Add<i></i></button>'


def _card(number: int) -> str:
    """11 nodes, as a shop has them."""
    return (
        f"<article class=card><div class=pic><img alt=''></div><div><a href=#item-{number}>{_title(number)}</a>"
        f"<p><b>{_price(number)}</b> <span>Ships in {1 + number % 5} days</span></p></div>"
        f"<div>{_button(number)}</div></article>"
    )


def _row(number: int) -> str:
    """A table row of 29 nodes: a link, a button and a check box in the first cells, and much text."""
    first = (
        f"<td><a href=#item-{number}>{_title(number)}</a></td><td>{_button(number)}</td>"
        f"<td><input type=checkbox aria-label='Choose {number}'></td>"
    )
    rest = "".join(f"<td>{number * column % 997}</td>" for column in range(4, _COLUMNS + 1))
    return f"<tr class=card>{first}{rest}</tr>"


def _nested(number: int) -> str:
    """A card at the bottom of a hundred nested boxes: 111 nodes."""
    return "<div>" * _DEPTH + _card(number) + "</div>" * _DEPTH


def _shadowed(number: int) -> str:
    """A card in a shadow tree, and its button in another one inside of that: 13 nodes."""
    return (
        "<x-card><template shadowrootmode=open><article class=card><div class=pic><img alt=''></div>"
        f"<div><a href=#item-{number}>{_title(number)}</a><p><b>{_price(number)}</b>"
        f" <span>Ships in {1 + number % 5} days</span></p></div><div><x-buy>"
        f"<template shadowrootmode=open>{_button(number)}</template></x-buy></div></article></template></x-card>"
    )


def _old(number: int) -> str:
    """A card as it was made with tables and fonts: 11 nodes."""
    return (
        "<table class=card><tbody><tr>"
        f"<td><a href=#item-{number}>{_title(number)}</a></td><td><font color=navy><b>{_price(number)}</b></font></td>"
        f"<td>{_button(number)}</td></tr></tbody></table>"
    )


_HEADS = "".join(f"<th>Column {column}</th>" for column in range(1, _COLUMNS + 1))
_NONE = ("", "", 0)
# By kind: one unit, its nodes, and what stands around the units with the nodes of that.
_UNITS: dict[str, tuple[Callable[[int], str], int, tuple[str, str, int]]] = {
    "shop": (_card, 11, _NONE),
    "table": (
        _row,
        _COLUMNS + 5,
        (f"<table><thead><tr>{_HEADS}</tr></thead><tbody>", "</tbody></table>", _COLUMNS + 4),
    ),
    "deep": (_nested, _DEPTH + 11, _NONE),
    "shadow": (_shadowed, 13, _NONE),
    "quirks": (_old, 11, _NONE),
}


def _with_frames(name: str, nodes: int) -> dict[str, str]:
    """A page of twenty frames with a shop list in each; every other one is of another site."""
    own = _AROUND + _FRAMES
    each, rest = divmod(nodes - own, _FRAMES)
    documents = {}
    holders = []
    for number in range(_FRAMES):
        path = f"{name}-frame-{number}.html"
        # All start with the same card, so that the first frame has the button that every page has.
        documents[path] = _document("shop", each)
        host = "{self}" if number % 2 == 0 else "{other}"
        holders.append(f'<iframe id=frame-{number} title="Part {number}" src="{host}/{path}"></iframe>')
    main = f"<main>{''.join(holders)}{'<br>' * rest}</main>"
    documents[f"{name}.html"] = (
        f"<!doctype html>{_head(_STYLE)}<body>{_TOP}{main}<script>{_SCRIPT}</script></body></html>"
    )
    return documents
