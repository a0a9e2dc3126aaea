"""What the simulated browsers answer, and the bare echo with them: messages of the size and make of a real page's.

The page is a list with some forty things to operate, which changes a little with every action. Pure.
"""

from __future__ import annotations

from tabwire.v1 import action_pb2, link_pb2, state_pb2

TAB_ID = 1
_ELEMENTS = 40
_DOCUMENT = "6f1f2f0c-load"
_URL = "https://shop.example/list?page=3"


def head(revision: int) -> state_pb2.PageState:
    """A state without its elements."""
    return state_pb2.PageState(
        tab_id=TAB_ID,
        url=_URL,
        title="A list, page 3",
        document_id=_DOCUMENT,
        revision=revision,
        viewport_dimensions=state_pb2.Dimensions(width=1280, height=800),
        document_dimensions=state_pb2.Dimensions(width=1280, height=4200),
        timing=state_pb2.Timing(in_page_us=900, in_browser_us=2500),
    )


def element(number: int, revision: int) -> state_pb2.Element:
    """One thing of the list."""
    return state_pb2.Element(
        id=number,
        type=state_pb2.ELEMENT_TYPE_BUTTON,
        tag="button",
        text_content=f"Put article {number} into the cart ({revision})",
        is_visible=True,
        available_operations=[state_pb2.OPERATION_CLICK, state_pb2.OPERATION_READ_TEXT],
        role="button",
        name=f"Put article {number} into the cart",
        bounds=state_pb2.Rect(x=300, y=40.0 * number, width=180, height=32),
        landmark="main",
        heading="Articles",
        in_viewport=number < 20,
    )


def state(revision: int) -> state_pb2.PageState:
    """A whole state."""
    whole = head(revision)
    whole.actionable_elements.extend(element(number, revision) for number in range(1, _ELEMENTS + 1))
    return whole


def delta(base: int, revision: int) -> state_pb2.StateDelta:
    """What two actions change: three of the things of the list."""
    return state_pb2.StateDelta(
        base_revision=base, head=head(revision), changed=[element(number, revision) for number in (3, 4, 5)]
    )


# Made once: what a page costs is measured elsewhere, and here it would be the simulated browsers' cost.
_STATE = state(1)
_DELTA = delta(1, 2)
_ACTION = action_pb2.ActionResult(
    status=action_pb2.ACTION_STATUS_SUCCEEDED,
    outcome_details=action_pb2.OutcomeDetails(message="Clicked; the page changed.", dom_changes=3),
    timing=state_pb2.Timing(in_page_us=4200),
    current_tab_id=TAB_ID,
)


def result_of(command: link_pb2.Command, revision: int) -> link_pb2.CommandResult:
    """The answer to a command, whose state is of this revision."""
    result = link_pb2.CommandResult(command_id=command.command_id, epoch=command.epoch)
    match command.WhichOneof("request"):
        case "observe" if command.observe.base_revision:
            _tell_delta(result.state_delta, command.observe.base_revision, revision)
        case "observe":
            _tell_state(result.page_state, revision)
        case "action":
            done = result.action_result
            done.CopyFrom(_ACTION)
            done.original_action_id = command.action.id
            if command.state_after.base_revision:
                _tell_delta(done.state_delta, command.state_after.base_revision, revision)
            elif command.HasField("state_after"):
                _tell_state(done.new_state, revision)
        case "ping":
            result.pong.hops.add(name="simulated", round_trip_us=1)
        case "list_tabs":
            result.tab_list.tabs.add(tab_id=TAB_ID, url=_URL, title="A list, page 3", is_active=True)
        case _:
            result.error_info.message = "A simulated browser does not know this command."
    return result


def _tell_delta(told: state_pb2.StateDelta, base: int, revision: int) -> None:
    told.CopyFrom(_DELTA)
    told.base_revision = base
    told.head.revision = revision


def _tell_state(told: state_pb2.PageState, revision: int) -> None:
    told.CopyFrom(_STATE)
    told.revision = revision
