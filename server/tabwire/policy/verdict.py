"""Judges addresses and consequences by what is in force. Pure; what an action leads to is told by `consequences.py`.

The twin of `extension/policy/verdict.ts`; both are held to `tests/vectors/policy/verdicts.json`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tabwire.policy.levels import ALLOW, ASK, DENY
from tabwire.policy.origins import Address, matches_any, read_address, read_pattern
from tabwire.v1 import error_pb2
from tabwire.v1 import policy_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Addresses of Chrome's own, and of documents that have the origin of the one that made them: whether they can be looked
# into is not for a policy to say.
_NOT_JUDGED = frozenset({"about", "chrome", "chrome-error", "chrome-extension", "devtools", "view-source"})
_WORDS = {
    pb.CONSEQUENCE_BUY: "buys or orders something",
    pb.CONSEQUENCE_SEND: "sends something to others",
    pb.CONSEQUENCE_DELETE: "deletes or cancels something",
    pb.CONSEQUENCE_PUBLISH: "publishes something",
    pb.CONSEQUENCE_CREDENTIALS: "changes a password or a right of access",
    pb.CONSEQUENCE_DIALOG: "accepts a dialog of the page",
    pb.CONSEQUENCE_UPLOAD: "gives files to the page",
    pb.CONSEQUENCE_DOWNLOAD: "downloads a file",
    pb.CONSEQUENCE_JAVASCRIPT: "runs code in the page",
    pb.CONSEQUENCE_ANY_CHANGE: "changes something",
}


@dataclass(frozen=True)
class Verdict:
    """What a policy says of an action. `digest` names exactly this action, where a person is to be asked."""

    permission: pb.Permission.ValueType
    consequences: tuple[pb.Consequence.ValueType, ...] = ()
    reason: str = ""
    remedy: str = ""
    digest: bytes = b""
    what: str = ""
    url: str = ""
    filled_in: str = ""
    """What is filled in around the element, which would be sent with it."""

    @property
    def is_allowed(self) -> bool:
        """Whether it may be done without more ado."""
        return self.permission == ALLOW

    def error(self) -> error_pb2.ErrorInfo:
        """The error of an action that may not be done, or not yet."""
        code = error_pb2.ERROR_CODE_APPROVAL_NEEDED if self.permission == ASK else error_pb2.ERROR_CODE_POLICY_DENIED
        info = error_pb2.ErrorInfo(
            error_code=code,
            message=self.reason,
            component_origin=error_pb2.COMPONENT_ORIGIN_SERVER,
            remedy=self.remedy,
        )
        info.details.approval.CopyFrom(
            error_pb2.ApprovalDetails(
                action_digest=self.digest, consequences=self.consequences, what=self.what, url=self.url
            )
        )
        return info


@dataclass(frozen=True)
class Approval:
    """A person's word for one action. Of a repeat of what was sent before, the digest is not looked at again."""

    digest: bytes
    consequences: tuple[pb.Consequence.ValueType, ...] = field(default=())
    is_repeat: bool = False


def judge_address(policy: pb.EffectivePolicy, url: str, *, is_main: bool = True) -> Verdict:
    """Whether a document of this address may be shown or looked into."""
    address = read_address(url)
    if address is None:
        # What cannot be read cannot be gone to either; an empty address is a tab that is only being opened.
        return Verdict(
            ALLOW if not url else DENY, reason=f"{_short(url)} is no address.", remedy="Give a whole address."
        )
    if address.scheme in _NOT_JUDGED:
        return Verdict(ALLOW)
    if address.is_local:
        if is_main and policy.local_documents != ALLOW:
            return _forbidden(f"{url.partition(':')[0]}: documents", "Set local_documents in the policy.")
        if not address.host:
            return Verdict(ALLOW)
    return _judge_origin(policy, address)


def _judge_origin(policy: pb.EffectivePolicy, address: Address) -> Verdict:
    origin = address.origin
    for level in policy.levels:
        if matches_any(tuple(level.denied_origins), address):
            return _forbidden(origin, "Take it out of the policy's denied origins, or do without it.")
        if level.allowed_origins and not matches_any(tuple(level.allowed_origins), address):
            return _forbidden(origin, "Add it to the policy's allowed origins, or do without it.")
    if address.is_private and policy.private_network != ALLOW and not _is_named(policy, address):
        remedy = "Name the address in the task or in the policy's allowed origins, or allow private networks there."
        return _forbidden(f"{origin}, an address of a private network,", remedy)
    if address.scheme == "http" and policy.plain_http != ALLOW:
        return _forbidden(f"{origin}, without encryption,", "Use its https address.")
    return Verdict(ALLOW)


def _is_named(policy: pb.EffectivePolicy, address: Address) -> bool:
    """Whether an allowed origin names this private address itself."""
    for level in policy.levels:
        for text in level.allowed_origins:
            pattern = read_pattern(text)
            if pattern is not None and pattern.names_private and pattern.matches(address):
                return True
    return False


def permission_of(
    policy: pb.EffectivePolicy, url: str, consequence: pb.Consequence.ValueType
) -> pb.Permission.ValueType:
    """Whether something that leads to this may be done at an address."""
    address = read_address(url)
    said = [p for level in policy.levels if (p := _first(level.rules, address, consequence))]
    if not said:
        said = [_first(policy.defaults, address, consequence) or ALLOW]
    return next(permission for permission in (DENY, ASK, ALLOW) if permission in said)


def judge_consequences(
    policy: pb.EffectivePolicy, url: str, consequences: Iterable[pb.Consequence.ValueType]
) -> Verdict:
    """Whether an action that leads to all this may be done at an address. What is told are those that decide it."""
    found = sorted(set(consequences))
    permissions = {one: permission_of(policy, url, one) for one in found}
    for permission in (DENY, ASK):
        deciding = tuple(one for one in found if permissions[one] == permission)
        if deciding:
            where = address.origin if (address := read_address(url)) is not None else _short(url)
            words = " and ".join(_WORDS.get(one, "has consequences") for one in deciding)
            if permission == DENY:
                return Verdict(
                    DENY,
                    deciding,
                    f"The policy does not let this be done at {where}: it {words}.",
                    "Change the policy's rules, or do without it.",
                    url=url,
                )
            return Verdict(
                ASK,
                deciding,
                f"A person has to approve this first: it {words} ({where}).",
                "Ask the person to approve it.",
                url=url,
            )
    return Verdict(ALLOW, tuple(found), url=url)


def _first(
    rules: Sequence[pb.PolicyRule], address: Address | None, consequence: pb.Consequence.ValueType
) -> pb.Permission.ValueType:
    """What the first rule says that fits; unspecified if none does."""
    for rule in rules:
        if rule.consequences and consequence not in rule.consequences:
            continue
        if rule.origins and (address is None or not matches_any(tuple(rule.origins), address)):
            continue
        return rule.permission
    return pb.PERMISSION_UNSPECIFIED


def _forbidden(what: str, remedy: str) -> Verdict:
    return Verdict(DENY, (), f"The policy does not allow {what}.".replace(",.", "."), remedy)


def _short(url: str) -> str:
    return url if len(url) <= 80 else f"{url[:79]}…"
