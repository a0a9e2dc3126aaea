"""The benchmark's pages have the nodes they claim, the same every time, and what every side needs on them."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from bench import pages


class _Counter(HTMLParser):
    """Counts elements as a browser does: a declarative shadow root's template is none."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "template" and "shadowrootmode" in given:
            return
        self.count += 1
        if given.get("id"):
            self.ids.append(given["id"] or "")


def _parsed(page: pages.Page) -> dict[str, _Counter]:
    counters = {}
    for path, html in page.documents.items():
        counters[path] = _Counter()
        counters[path].feed(html)
    return counters


@pytest.mark.parametrize("kind", pages.KINDS)
@pytest.mark.parametrize("nodes", [*pages.SIZES, 1_357])
def test_a_page_has_exactly_its_nodes(kind: str, nodes: int) -> None:
    page = pages.make(kind, nodes)
    assert sum(counter.count for counter in _parsed(page).values()) == page.nodes == nodes


@pytest.mark.parametrize("kind", pages.KINDS)
def test_a_page_has_one_button_one_field_and_one_counter(kind: str) -> None:
    page = pages.make(kind, 1_000)
    ids = _parsed(page)
    main = ids[f"{page.name}.html"].ids
    around = ids[f"{page.name}-frame-0.html"].ids if page.button.frame_css else main
    assert around.count(page.button.css.removeprefix("#")) == 1
    assert around.count(page.counter.css.removeprefix("#")) == 1
    assert main.count(page.field.css.removeprefix("#")) == 1


def test_pages_are_the_same_every_time() -> None:
    assert pages.make("shop", 1_000).documents == pages.make("shop", 1_000).documents


def test_only_the_page_without_a_doctype_has_none() -> None:
    made = {kind: pages.make(kind, 1_000).documents for kind in pages.KINDS}
    without = {
        kind for kind, documents in made.items() if not all(d.startswith("<!doctype") for d in documents.values())
    }
    assert without == {"quirks"}


def test_the_list_has_142_elements_that_can_be_operated() -> None:
    page = pages.make_list()
    (html,) = page.documents.values()
    assert sum(html.count(tag) for tag in ("<a ", "<button ", "<input ")) == 142
    assert next(iter(_parsed(page).values())).count == page.nodes


def test_the_text_to_type_has_500_characters() -> None:
    assert len(pages.TEXT) == 500
