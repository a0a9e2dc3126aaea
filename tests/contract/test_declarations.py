"""What the contract declares about itself is complete: actions, comments, names that users know, the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf import descriptor_pb2

from tabwire.v1 import action_pb2, error_pb2, options_pb2, state_pb2, task_pb2, task_service_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

_KINDS = list(action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields)


@pytest.mark.parametrize("field", _KINDS, ids=lambda f: f.name)
def test_every_action_says_what_it_is_like(field: FieldDescriptor) -> None:
    assert field.message_type is not None
    options = field.message_type.GetOptions().Extensions[options_pb2.action]
    assert options.effect != options_pb2.EFFECT_CLASS_UNSPECIFIED
    assert options.performer != options_pb2.PERFORMER_UNSPECIFIED
    assert field.message_type.name == "".join(p.title() for p in field.name.split("_")) + "Action"


def test_no_message_is_marked_as_an_action_without_being_one() -> None:
    names = {f.message_type.name for f in _KINDS if f.message_type is not None}
    for name, descriptor in action_pb2.DESCRIPTOR.message_types_by_name.items():
        if descriptor.GetOptions().HasExtension(options_pb2.action):
            assert name in names


def test_the_actions_of_the_first_release_are_there() -> None:
    assert {f.name for f in _KINDS} >= {
        "navigate", "go_back", "go_forward", "reload", "click", "input_text", "select_option", "press_keys", "scroll",
        "hover", "wait", "read_text", "read_value", "get_attributes", "open_tab", "switch_tab", "close_tab",
        "screenshot", "ask_human", "done",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            state_pb2.PageState,
            (
                "url title active_element_id actionable_elements scroll_position viewport_dimensions document_id "
                "revision frames truncation"
            ),
        ),
        (
            state_pb2.Element,
            (
                "id type tag text_content current_value attributes is_visible available_operations role name states "
                "bounds frame_slot options form landmark is_new"
            ),
        ),
        (
            action_pb2.ActionResult,
            "original_action_id status outcome_details error_info new_state state_delta",
        ),
        (error_pb2.ErrorInfo, "error_code message details component_origin retryable remedy"),
        (task_service_pb2.CreateTaskRequest, "user_prompt timestamp context idempotency_key task_id"),
        (task_pb2.TaskContext, "url page_title selected_text active_tab_id targeted_element view_summary"),
        (task_pb2.Task, "description current_goal details notes steps scratchpad max_retries"),
        (task_pb2.Step, "description reasoning status retry_count"),
        (task_pb2.HumanRequest, "prompt options"),
    ],
    ids=lambda v: v.DESCRIPTOR.name if hasattr(v, "DESCRIPTOR") else "",
)
def test_names_that_users_know(message: type[Message], fields: str) -> None:
    assert set(fields.split()) <= set(message.DESCRIPTOR.fields_by_name)


def test_the_descriptor_set_carries_every_comment() -> None:
    from importlib.resources import files

    data = files("tabwire.v1").joinpath("descriptors.binpb").read_bytes()
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(data)
    action = next(f for f in descriptors.file if f.name == "tabwire/v1/action.proto")
    comments = {tuple(loc.path): loc.leading_comments.strip() for loc in action.source_code_info.location}
    for index, message in enumerate(action.message_type):
        assert comments.get((4, index)), message.name
        for number, field in enumerate(message.field):
            assert comments.get((4, index, 2, number)), f"{message.name}.{field.name}"
