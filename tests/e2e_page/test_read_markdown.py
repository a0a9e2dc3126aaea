"""The page or a part of it as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.v1 import state_pb2 as pb
from tabwire.v1.action_pb2 import ReadMarkdownAction

if TYPE_CHECKING:
    from e2e_page.harness import EnginePage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def markdown(engine: EnginePage, html: str) -> str:
    await engine.content(html)
    return (await engine.do(read_markdown=ReadMarkdownAction())).text


CASES = {
    "headings": (
        "<h1>One</h1><h3>Three <em>x</em></h3><div role=heading aria-level=4>Four</div>",
        "# One\n\n### Three *x*\n\n#### Four",
    ),
    "paragraphs": ("<p>One   two\nthree</p><div>Four<br>five</div>six", "One two three\n\nFour  \nfive\n\nsix"),
    "spans-inside-a-word": ("<p>H<span>2</span>O and <b>bold</b>, <i> it </i>.</p>", "H2O and **bold**, *it* ."),
    "links": (
        '<p>See <a href="/a?x=1#y">the <b>page</b></a> and <a href="javascript:void 0">nothing</a></p>',
        "See [the **page**]({origin}/a?x=1#y) and nothing",
    ),
    "a-card-that-is-a-link": (
        '<a href="/p"><h3>Stapler</h3><p>Red</p></a>',
        "### [Stapler]({origin}/p)\n\nRed",
    ),
    "lists": (
        (
            "<ul><li>One<ul><li>Inner</li></ul></li><li><p>Two</p><p>More</p></li></ul><ol start=3><li>c</li>"
            "<li value=9>i</li></ol>"
        ),
        "- One\n  - Inner\n- Two\n\n  More\n\n3. c\n9. i",
    ),
    "checked-items": (
        "<ul><li><input type=checkbox checked> Done</li><li><input type=checkbox> Open</li></ul>",
        "- [x] Done\n- [ ] Open",
    ),
    "definitions": ("<dl><dt>Weight</dt><dd>5 kg</dd></dl>", "**Weight**\n: 5 kg"),
    "table": (
        (
            '<table><caption>Prices</caption><thead><tr><th>Name<th>a|b</thead><tr><td><a href="/s">Stapler</a>'
            "<td>12|50</table>"
        ),
        "**Prices**\n\n| Name | a\\|b |\n| --- | --- |\n| [Stapler]({origin}/s) | 12\\|50 |",
    ),
    "layout-table": ("<table role=presentation><tr><td>Left<td>Right</table>", "Left\n\nRight"),
    "code": (
        '<pre><code class="language-python">if x:\n    print("`")\n</code></pre><p>Run <code>make</code></p>',
        '```python\nif x:\n    print("`")\n```\n\nRun `make`',
    ),
    "code-with-fences": ("<pre>```\nin\n```</pre>", "````\n```\nin\n```\n````"),
    "quotation": ("<blockquote><p>One</p><p>Two</p></blockquote>", "> One\n>\n> Two"),
    "rule": ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
    "pictures": (
        (
            '<p><img alt="A cat" src="/cat.png"><img alt="" src="/x.png">'
            '<svg role=img aria-label="Chart" width=9 height=9></svg></p>'
        ),
        "![A cat]({origin}/cat.png)![Chart]()",
    ),
    "hidden": (
        (
            '<p>Seen <span hidden>not</span><span style="display:none">not</span><span style="opacity:0">not</span></p>'
            '<p style="visibility:hidden">not <b style="visibility:visible">but</b></p><template>not</template>'
        ),
        "Seen\n\n**but**",
    ),
    "a-paragraph-that-looks-like-a-heading": (
        "<p># no heading</p><p>- no item</p><p>1. no number</p>",
        "\\# no heading\n\n\\- no item\n\n1\\. no number",
    ),
    "invisible-signs": ("<p>Ze&#x200b;ro &#x202e;turned</p>", "Zero turned"),
    "fields": (
        (
            '<p>Name <input value="Ada"> <input type=password value=secret> <select><option>A<option selected>B'
            "</select></p>"
        ),
        "Name Ada B",
    ),
    "formula": ('<p><math alttext="x^2"><mi>x</mi></math></p>', "$x^2$"),
}


@pytest.mark.parametrize("case", CASES)
async def test_markdown(engine: EnginePage, case: str) -> None:
    html, expected = CASES[case]
    assert await markdown(engine, html) == expected.replace("{origin}", engine.origins[0])


async def test_shadow_roots_and_slots_are_read_as_they_are_shown(engine: EnginePage) -> None:
    text = await markdown(
        engine,
        "<div><template shadowrootmode=open><h2>In shadow</h2><slot></slot><p>After</p></template><p>Slotted</p></div>",
    )
    # set_content parses no declarative roots, so the page attaches it.
    if "In shadow" not in text:
        await engine.truth(
            "(() => { const host = document.querySelector('div'); const root = host.attachShadow({ mode: 'closed' });"
            "root.innerHTML = '<h2>In shadow</h2><slot></slot><p>After</p>'; })()"
        )
        text = (await engine.do(read_markdown=ReadMarkdownAction())).text
    assert text == "## In shadow\n\nSlotted\n\nAfter"


LONG = "This is a long sentence, with commas, that an article is made of, and it says something. " * 4
NAVIGATION = "<nav><ul>" + "".join(f"<li><a href='/{n}'>Entry {n}</a></li>" for n in range(20)) + "</ul></nav>"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{NAVIGATION}<main><h1>Title</h1><p>{LONG}</p></main><footer>Imprint</footer>", id="main"),
        pytest.param(
            f"{NAVIGATION}<article><h1>Title</h1><p>{LONG}</p></article><footer>Imprint</footer>", id="article"
        ),
        pytest.param(
            f"<div class=menu>{'<a href=/x>Link</a> ' * 30}</div><div class=post><h1>Title"
            f"</h1>{f'<p>{LONG}</p>' * 5}</div>"
            "<div class=foot><a href=/i>Imprint</a></div>",
            id="density",
        ),
        pytest.param(f"{NAVIGATION}<h1>Title</h1><p>{LONG}</p><footer>Imprint</footer>", id="landmarks-left-out"),
    ],
)
async def test_the_main_content(engine: EnginePage, body: str) -> None:
    text = await markdown(engine, body)
    assert text.startswith("# Title")
    assert "commas, that an article" in text
    assert "Imprint" not in text
    assert "Entry" not in text
    assert "Link" not in text


async def test_an_element_is_read_whole_with_what_goes_around(engine: EnginePage) -> None:
    await engine.content(f"<main>{NAVIGATION}</main>")
    link = await engine.find("Entry 3")
    assert (
        await engine.do(read_markdown=ReadMarkdownAction(element_id=link.id))
    ).text == f"[Entry 3]({engine.origins[0]}/3)"


async def test_a_very_long_page_is_cut_and_says_so(engine: EnginePage) -> None:
    await engine.content("<main>" + "<p>twelve chars</p>" * 20_000 + "</main>")
    result = await engine.do(read_markdown=ReadMarkdownAction())
    assert 200_000 < len(result.text) < 200_100
    assert result.text.endswith("(79998 more characters were left out)")
    assert "the first 200000 of 279998 characters" in result.outcome_details.message


async def test_a_page_nested_thousands_of_levels_deep(engine: EnginePage) -> None:
    await engine.content("<div>" * 3000 + "<p>Deep</p>")
    assert (await engine.do(read_markdown=ReadMarkdownAction())).text == "Deep"


async def test_nothing_to_read(engine: EnginePage) -> None:
    await engine.content("<div></div>")
    result = await engine.do(read_markdown=ReadMarkdownAction())
    assert result.text == ""
    state = await engine.state(scope=pb.STATE_SCOPE_PAGE)
    assert len(state.elements) == 0
