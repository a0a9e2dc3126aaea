"""What may be asked of a browser at all: by what its extension can do, by what this server grants, and by size.

Answers before a browser is asked; the browser holds itself to the grants once more. What policies say of an action is
`guard.py`'s business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import action_pb2, error_pb2, link_pb2, policy_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.settings import Settings

MAX_UPLOAD_BYTES = 10 * 2**20

# What a browser can do that does not say what it can do: the actions of the first release, all below this number.
_LATER_ACTIONS_FROM = 30
_KINDS = action_pb2.Action.DESCRIPTOR.oneofs_by_name["kind"].fields
_FIRST_ACTIONS = frozenset(kind.name for kind in _KINDS if kind.number < _LATER_ACTIONS_FROM)
# Actions that need a capability beside being known.
_NEEDED = {"screenshot": "screenshots", "run_javascript": "javascript", "answer_dialog": "dialogs"}


class Permissions:
    """What this server grants."""

    def __init__(self, javascript_origins: Sequence[str] = (), trusted_input: str = "when_needed") -> None:
        """`trusted_input` is "never", "when_needed" or "always"."""
        self._javascript_origins = tuple(javascript_origins)
        self._trusted_input = trusted_input

    @classmethod
    def of(cls, settings: Settings) -> Permissions:
        """As the settings say."""
        return cls(settings.javascript_origin_list, settings.trusted_input)

    def grants(self, policy: policy_pb2.EffectivePolicy | None = None) -> link_pb2.Grants:
        """What goes with every command."""
        grants = link_pb2.Grants(
            javascript_origins=self._javascript_origins, trusted_input=self._trusted_input != "never"
        )
        if policy is not None:
            grants.policy.CopyFrom(policy)
            grants.trusted_input = policy.trusted_input == policy_pb2.PERMISSION_ALLOW
        return grants

    def input_mode(
        self, action: action_pb2.Action, can: link_pb2.BrowserCapabilities
    ) -> action_pb2.InputMode.ValueType:
        """How an action's input is to be given."""
        if self._trusted_input == "always" and can.trusted_input and not action.input_mode:
            return action_pb2.INPUT_MODE_TRUSTED
        return action.input_mode

    def check(
        self,
        action: action_pb2.Action,
        can: link_pb2.BrowserCapabilities | None,
        policy: policy_pb2.EffectivePolicy | None = None,
    ) -> None:
        """Raises UNIMPLEMENTED, POLICY_DENIED or INVALID_ARGUMENT for what the browser need not be asked for.

        `can` is None for a browser that is not connected now. Where there is a policy, it says what of JavaScript.
        """
        kind = action.WhichOneof("kind")
        if kind is None:
            return
        if kind == "run_javascript" and not self._javascript_origins and not _grants_javascript(policy):
            raise TabwireError(
                error_pb2.ERROR_CODE_POLICY_DENIED,
                "JavaScript is granted to no page.",
                remedy="Name the origins that it may run in: TABWIRE_JAVASCRIPT_ORIGINS=https://example.com",
            )
        if can is not None and not _can(can, kind):
            raise TabwireError(
                error_pb2.ERROR_CODE_UNIMPLEMENTED,
                f"The extension in this browser does not know the action {kind}.",
                remedy="Update the Tabwire extension in this browser.",
            )
        if can is not None and kind == "input_text" and action.input_text.secret and not can.secrets:
            # It would not see the name, and type nothing.
            raise TabwireError(
                error_pb2.ERROR_CODE_UNIMPLEMENTED,
                "The extension in this browser cannot fill in secrets.",
                remedy="Update the Tabwire extension in this browser.",
            )
        if kind == "upload_files":
            _check_size(action.upload_files)


def _grants_javascript(policy: policy_pb2.EffectivePolicy | None) -> bool:
    """Whether a policy lets JavaScript be run anywhere, or a person be asked."""
    rules = [rule for level in policy.levels for rule in level.rules] if policy is not None else []
    return any(
        rule.permission != policy_pb2.PERMISSION_DENY
        and (not rule.consequences or policy_pb2.CONSEQUENCE_JAVASCRIPT in rule.consequences)
        for rule in rules
    )


def _can(can: link_pb2.BrowserCapabilities, kind: str) -> bool:
    needed = _NEEDED.get(kind)
    return kind in (can.actions or _FIRST_ACTIONS) and (needed is None or getattr(can, needed))


def _check_size(upload: action_pb2.UploadFilesAction) -> None:
    size = sum(len(file.content) for file in upload.files)
    if size <= MAX_UPLOAD_BYTES:
        return
    violation = error_pb2.FieldViolation(
        field="action.upload_files.files", description=f"must have at most {MAX_UPLOAD_BYTES} bytes together"
    )
    raise TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"The files have {size} bytes together; at most {MAX_UPLOAD_BYTES} can be given to a page.",
        remedy="Give smaller files, or fewer at once.",
        details=error_pb2.ErrorDetails(
            field_violations=error_pb2.FieldViolationsDetails(violations=[violation]),
        ),
    )
