"""What a person is shown of an action, and that an approval holds for exactly that."""

from __future__ import annotations

from typing import Any

import pytest

from tabwire.policy.approved import digest_of, filled_in, in_words
from tabwire.policy.facts import facts_of
from tabwire.v1 import action_pb2, state_pb2

URL = "https://shop.example/checkout"
CLICK = action_pb2.Action(click=action_pb2.ClickAction(element_id=9))


def element(number: int, type_name: str, name: str, **more: Any) -> state_pb2.Element:
    kind = state_pb2.ElementType.Value(f"ELEMENT_TYPE_{type_name}")
    return state_pb2.Element(id=number, type=kind, name=name, heading="Checkout", **more)


def page(
    *, form: str = "", address: str = "1 Main Street", total: str = "$7.00", more: tuple[state_pb2.Element, ...] = ()
) -> list[state_pb2.Element]:
    return [
        element(3, "INPUT_FIELD", "Deliver to", current_value=address, form=form, role="textbox"),
        element(4, "TEXT_CONTENT", "", text_content=f"Total: {total}", form=form),
        element(9, "BUTTON", "Place order", role="button", form=form),
        *more,
    ]


def digest(elements: list[state_pb2.Element], action: action_pb2.Action = CLICK) -> bytes:
    pressed = next(one for one in elements if one.id == 9)
    return digest_of(action, URL, [1], pressed, elements)


@pytest.mark.parametrize("form", ["", "Order"], ids=["a form without a name", "a form with a name"])
@pytest.mark.parametrize("changed", [{"address": "666 Elsewhere"}, {"total": "$700.00"}], ids=str)
def test_what_is_filled_in_and_said_around_it_is_bound(form: str, changed: dict[str, Any]) -> None:
    assert digest(page(form=form)) == digest(page(form=form))
    assert digest(page(form=form)) != digest(page(form=form, **changed))


def test_fields_far_from_it_count_where_no_form_has_a_name() -> None:
    far = element(5, "CHECKBOX", "Insurance", role="checkbox")
    far.heading, ticked = "Extras", state_pb2.Element()
    ticked.CopyFrom(far)
    ticked.states.checked = state_pb2.TOGGLE_ON
    assert digest(page(more=(far,))) != digest(page(more=(ticked,)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"text_content": "Held for 09:58"}, {"text_content": "Held for 09:41"}),
        ({"text_content": "58 seconds left"}, {"text_content": "41 seconds left"}),
        ({"role": "status", "text_content": "Saving"}, {"role": "status", "text_content": "Saved"}),
    ],
    ids=str,
)
def test_what_changes_by_itself_is_not(before: dict[str, str], after: dict[str, str]) -> None:
    one, other = (element(6, "TEXT_CONTENT", "", **said) for said in (before, after))
    assert digest(page(more=(one,))) == digest(page(more=(other,)))


def test_an_amount_is_no_countdown_and_the_time_on_the_button_counts() -> None:
    few, many = (element(6, "TEXT_CONTENT", "", text_content=f"{metres} m of rope") for metres in (5, 50))
    assert digest(page(more=(few,))) != digest(page(more=(many,)))
    early, late = (element(3, "BUTTON", f"Book {hour}:00") for hour in ("09", "18"))
    assert digest_of(CLICK, URL, [1], early) != digest_of(CLICK, URL, [1], late)


def test_another_part_of_the_page_does_not_matter() -> None:
    advert = element(7, "TEXT_CONTENT", "", text_content="Now $19.99")
    advert.heading = "You may also like"
    other = state_pb2.Element()
    other.CopyFrom(advert)
    other.text_content = "Now $9.99"
    assert digest(page(more=(advert,))) == digest(page(more=(other,)))


def test_another_document_element_address_or_consequence_is_another_action() -> None:
    elements = page()
    pressed = elements[2]
    known = digest_of(CLICK, URL, [1], pressed, elements)
    assert digest_of(CLICK, URL + "?2", [1], pressed, elements) != known
    assert digest_of(CLICK, URL, [1, 2], pressed, elements) != known
    assert digest_of(CLICK, URL, [1], elements[1], elements) != known
    named = action_pb2.Action()
    named.CopyFrom(CLICK)
    named.id, named.document_id = "s1-a1", "doc"
    assert digest_of(named, URL, [1], pressed, elements) == known, "its id and document are no part of what it does"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (CLICK, 'click the button "Place order"'),
        (
            action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=9, text="hello", submit=True)),
            'type "hello" into the button "Place order" and press Enter',
        ),
        (
            action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=9, secret="bank")),
            'type the secret bank into the button "Place order"',
        ),
        (
            action_pb2.Action(answer_dialog=action_pb2.AnswerDialogAction(accept=True)),
            "say OK to the dialog of the page",
        ),
        (
            action_pb2.Action(
                click=action_pb2.ClickAction(element_id=9), dialog_answer=action_pb2.DialogAnswer(accept=True)
            ),
            'click the button "Place order" and say OK to the dialog that follows',
        ),
        (
            action_pb2.Action(navigate=action_pb2.NavigateAction(url="https://shop.example/")),
            "navigate https://shop.example/",
        ),
    ],
)
def test_an_action_is_told_with_all_that_it_does(action: action_pb2.Action, words: str) -> None:
    assert in_words(action, page()[2]) == words


def test_what_would_be_sent_along_is_told() -> None:
    elements = page()
    elements[0].current_value = "<secret home>"
    assert filled_in(elements[2], elements) == 'Deliver to "<secret home>"'
    many = tuple(element(20 + n, "INPUT_FIELD", f"Field {n}", current_value="x") for n in range(10))
    assert filled_in(elements[2], page(more=many)).endswith('Field 6 "x" and 3 more')


@pytest.mark.parametrize(
    ("href", "is_link"),
    [
        ("https://shop.example/", True),
        ("../help", True),
        ("/a:b", True),
        ("?page=2", True),
        ("#", False),
        ("#delete", False),
        ("javascript:void(0)", False),
        ("java\nscript:void(0)", False),
        ("", False),
    ],
)
def test_a_link_is_what_leads_to_a_page(href: str, is_link: bool) -> None:
    link = element(9, "LINK", "How to buy a house", attributes={"href": href})
    assert facts_of(CLICK, link).is_link is is_link
