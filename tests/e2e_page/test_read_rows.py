"""Tables and lists of alike items as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import error_pb2 as err
from tabwire.v1.action_pb2 import ReadRowsAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage
    from tabwire.v1.extract_pb2 import Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def rows(engine: EnginePage, html: str | None = None, **options: int) -> Rows:
    if html is not None:
        await engine.content(html)
    return (await engine.do(read_rows=ReadRowsAction(**options))).rows


def table(read: Rows) -> list[list[str]]:
    return [list(row.cells) for row in read.rows]


TABLES = {
    "plain": (
        "<table><tr><th>Name<th>Price<tr><td>Stapler<td>12<tr><td>Tape<td>3</table>",
        ["Name", "Price"],
        [["Stapler", "12"], ["Tape", "3"]],
    ),
    "no-header": ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", ["column 1", "column 2"], [["a", "b"], ["c", "d"]]),
    "row-headers": (
        "<table><tr><td><th scope=col>2025<th scope=col>2026<tr><th scope=row>Norway<td>1<td>2</table>",
        ["", "2025", "2026"],
        [["Norway", "1", "2"]],
    ),
    "colspan-in-the-header": (
        (
            "<table><thead><tr><th rowspan=2>Name<th colspan=2>Price<tr><th>net<th>gross</thead><tr><td>Tape"
            "<td>3<td>4</table>"
        ),
        ["Name", "Price / net", "Price / gross"],
        [["Tape", "3", "4"]],
    ),
    "rowspan-in-the-body": (
        "<table><tr><th>Team<th>Person<tr><td rowspan=2>Red<td>Ada<tr><td>Bob<tr><td>Blue<td>Eve</table>",
        ["Team", "Person"],
        [["Red", "Ada"], ["Red", "Bob"], ["Blue", "Eve"]],
    ),
    "rowspan-zero-goes-to-the-end": (
        "<table><tr><th>Team<th>Person<tr><td rowspan=0>Red<td>Ada<tr><td>Bob</table>",
        ["Team", "Person"],
        [["Red", "Ada"], ["Red", "Bob"]],
    ),
    "headers-repeated-and-empty-rows": (
        "<table><tr><th>A<th>B<tr><td>1<td>2<tr><td><td><tr><th>A<th>B<tr><td>3<td>4</table>",
        ["A", "B"],
        [["1", "2"], ["3", "4"]],
    ),
    "nested-table": (
        "<table><tr><th>A<th>B<tr><td>1<td><table><tr><td>x<td>y</table></table>",
        ["A", "B"],
        [["1", "x y"]],
    ),
    "hidden-row": ("<table><tr><th>A<th>B<tr hidden><td>1<td>2<tr><td>3<td>4</table>", ["A", "B"], [["3", "4"]]),
    "fields-and-boxes": (
        (
            "<table><tr><th>On<th>Name<tr><td><input type=checkbox checked><td><input value=Ada>"
            "<tr><td><input type=checkbox><td><select><option>x<option selected>y</select></table>"
        ),
        ["On", "Name"],
        [["[x]", "Ada"], ["[ ]", "y"]],
    ),
    "role-grid": (
        (
            "<div role=grid><div role=row><span role=columnheader>A</span><span role=columnheader>B</span></div>"
            "<div role=rowgroup><div role=row><span role=gridcell>1</span><span role=gridcell>2</span></div></div>"
            "</div>"
        ),
        ["A", "B"],
        [["1", "2"]],
    ),
    "display-table": (
        (
            "<div style='display:table'><div style='display:table-header-group'><div style='display:table-row'>"
            "<b style='display:table-cell'>A</b><b style='display:table-cell'>B</b></div></div>"
            "<div style='display:table-row'><i style='display:table-cell'>1</i><i style='display:table-cell'>2"
            "</i></div></div>"
        ),
        ["A", "B"],
        [["1", "2"]],
    ),
}


@pytest.mark.parametrize("case", TABLES)
async def test_tables(engine: EnginePage, case: str) -> None:
    html, columns, cells = TABLES[case]
    await engine.content(html)
    # A table that only style makes one is found by what stands in it.
    within = 0
    if case == "display-table":
        within = next(e.id for e in (await engine.state()).elements if e.text_content.startswith("A"))
    read = await rows(engine, element_id=within)
    assert (list(read.columns), table(read), read.total) == (columns, cells, len(cells))


async def test_links_ids_and_title(engine: EnginePage) -> None:
    read = await rows(
        engine,
        "<h2>Office</h2><table><tr><th>Name<th>Site<tr id=r><td>Tape<td><a href='/t'>shop</a></table>",
    )
    assert (read.title, list(read.rows[0].links)) == ("Office", ["", f"{engine.origins[0]}/t"])
    assert read.element_id != 0
    assert read.rows[0].element_id != 0


async def test_a_part_at_a_time(engine: EnginePage) -> None:
    html = "<table><tr><th>N<th>Square" + "".join(f"<tr><td>{n}<td>{n * n}" for n in range(500)) + "</table>"
    first = await rows(engine, html)
    assert (len(first.rows), first.total, list(first.rows[0].cells)) == (200, 500, ["0", "0"])
    last = await rows(engine, skip_rows=490, max_rows=100)
    assert (len(last.rows), list(last.rows[0].cells)) == (10, ["490", "240100"])
    assert (await rows(engine, skip_rows=900)).total == 500


PRODUCTS = [("Stapler", "12.50 €", "/s"), ("Tape", "3.20 €", "/t"), ("Glue", "2.00 €", "/g"), ("Pen", "1.10 €", "/p")]


def cards(item: str, around: str = "<div class=list>{}</div>") -> str:
    made = "".join(
        item.format(name=name, price=price, href=href, n=n) for n, (name, price, href) in enumerate(PRODUCTS)
    )
    menu = "<nav><ul>" + "".join(f"<li><a href='/m{n}'>Menu entry {n}</a></li>" for n in range(30)) + "</ul></nav>"
    return menu + "<h1>Shop</h1>" + around.format(made)


LISTS = {
    "cards": cards(
        "<div class='product-card'><img src=x.png alt='{name} picture'><h3><a href='{href}'>{name}</a></h3>"
        "<span class='product-card__price'>{price}</span><button>Add</button></div>"
    ),
    "list-items": cards("<li><a href='{href}'>{name}</a> <b class=price>{price}</b></li>", "<ul>{}</ul>"),
    "hashed-classes": cards(
        "<div class='css-1x2y3z'><div class='sc-bdVaJa kQwErT'><a class='css-9a8b7c' href='{href}'>{name}"
        "</a></div><div><div>{price}</div></div></div>"
    ),
    "no-classes": cards("<div><p><a href='{href}'>{name}</a></p><p>{price}</p></div>"),
    "whole-card-is-a-link": cards("<a class=card href='{href}'><h4>{name}</h4><span class=price>{price}</span></a>"),
    "rows-of-two": (
        lambda made: (
            f"<h1>Shop</h1><div class=grid><div class=row>{made[0]}{made[1]}</div>"
            f"<div class=row>{made[2]}{made[3]}</div></div>"
        )
    )([f"<div class=cell><h4><a href='{h}'>{n}</a></h4><em class=price>{p}</em></div>" for n, p, h in PRODUCTS]),
    "custom-elements": cards(
        "<shop-item><template-less></template-less><h4><a href='{href}'>{name}</a></h4>"
        "<span class=price>{price}</span></shop-item>"
    ),
    "first-and-odd-items-differ-in-class": cards(
        "<div class='item-{n} item'><a href='{href}'>{name}</a><i class=price>{price}</i></div>"
    ),
}


@pytest.mark.parametrize("case", LISTS)
async def test_lists_of_alike_items(engine: EnginePage, case: str) -> None:
    read = await rows(engine, LISTS[case])
    assert read.total == 4
    assert read.title == "Shop"
    named = next(i for i in range(len(read.columns)) if read.rows[0].cells[i] == "Stapler")
    priced = list(read.columns).index("price")
    assert [row.cells[named] for row in read.rows] == [name for name, _, _ in PRODUCTS]
    assert [row.cells[priced] for row in read.rows] == [price for _, price, _ in PRODUCTS]
    assert [row.links[named] for row in read.rows] == [engine.origins[0] + href for _, _, href in PRODUCTS]
    # The same button in every item says nothing.
    assert not any("Add" in row.cells for row in read.rows)


async def test_a_missing_value_leaves_its_column_empty(engine: EnginePage) -> None:
    item = "<li><h3>{}</h3><span class=rating>{}</span><span class=price>{}</span></li>"
    short = "<li><h3>{}</h3><span class=price>{}</span></li>"
    html = "<ul>" + item.format("A", "5", "1 €") + short.format("B", "2 €") + item.format("C", "4", "3 €") + "</ul>"
    read = await rows(engine, html)
    assert (list(read.columns), table(read)) == (
        ["title", "rating", "price"],
        [["A", "5", "1 €"], ["B", "", "2 €"], ["C", "4", "3 €"]],
    )


async def test_the_list_that_an_element_stands_in(engine: EnginePage) -> None:
    await engine.content(
        "<ul>" + "".join(f"<li><b>Small {n}</b> <i>x{n}</i></li>" for n in range(3)) + "</ul>"
        "<ol>"
        + "".join(f"<li><b>Large {n} with more to say</b> <button>Open {n}</button></li>" for n in range(9))
        + "</ol>"
    )
    assert (await rows(engine)).total == 9
    small = next(e for e in (await engine.state()).elements if e.text_content == "Small 1 x1")
    assert (await rows(engine, element_id=small.id)).total == 3
    button = await engine.find("Open 4")
    assert (await rows(engine, element_id=button.id)).total == 9


async def test_items_in_shadow_roots(engine: EnginePage) -> None:
    await engine.content("<div id=host></div>")
    await engine.truth(
        "host.attachShadow({ mode: 'closed' }).innerHTML = '<ul>' + [1, 2, 3].map((n) => "
        "`<li><h4>Item ${n}</h4><p class=note>Note ${n}</p></li>`).join('') + '</ul>'"
    )
    read = await rows(engine)
    assert (list(read.columns), table(read)[2]) == (["title", "note"], ["Item 3", "Note 3"])


async def test_no_rows_at_all(engine: EnginePage) -> None:
    await engine.content("<p>Only text</p>")
    await engine.refused(err.ERROR_CODE_TARGET_ELEMENT_NOT_FOUND, read_rows=ReadRowsAction())
