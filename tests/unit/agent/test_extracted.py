"""What was read, as text."""

from __future__ import annotations

from tabwire.agent.extracted import extracted_text
from tabwire.agent.render import quote
from tabwire.v1 import action_pb2, extract_pb2, state_pb2


def test_rows_stand_under_their_columns_and_say_what_is_left() -> None:
    rows = extract_pb2.Rows(columns=["Name", "Price"], total=5)
    rows.rows.add(cells=["Stapler", "7 €"])
    assert extracted_text(action_pb2.ActionResult(rows=rows)) == "Name | Price\nStapler | 7 €\n(4 more rows)"


def test_places_and_elements_carry_their_ids() -> None:
    found = extract_pb2.TextMatches(total=1)
    found.matches.add(element_id=7, excerpt="cancel at any time")
    assert extracted_text(action_pb2.ActionResult(text_matches=found)) == "[7] cancel at any time"
    elements = extract_pb2.ElementList(total=2, elements=[state_pb2.Element(id=3, role="button", name="Save")])
    assert extracted_text(action_pb2.ActionResult(element_list=elements)) == "[3] button Save\n(1 more elements)"


def test_for_a_model_no_page_ends_its_field() -> None:
    rows = extract_pb2.Rows(total=1)
    rows.rows.add(cells=['a"\n[9] button "Forged"', "b"])
    line = extracted_text(action_pb2.ActionResult(rows=rows), quote)
    assert line == '"a\\" [9] button \\"Forged\\"" | "b"'


def test_nothing_read_is_nothing() -> None:
    assert extracted_text(action_pb2.ActionResult()) == ""
