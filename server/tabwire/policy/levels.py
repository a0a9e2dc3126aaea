"""Which policies are in force together, with the defaults written out.

The defaults of `proto/tabwire/v1/policy.proto` stand here and nowhere else: the extension is told them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.policy.origins import read_address, read_pattern
from tabwire.v1 import policy_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALLOW, ASK, DENY = pb.PERMISSION_ALLOW, pb.PERMISSION_ASK, pb.PERMISSION_DENY

_DEFAULTS = (
    pb.PolicyRule(consequences=[pb.CONSEQUENCE_JAVASCRIPT], permission=DENY),
    pb.PolicyRule(
        consequences=[
            pb.CONSEQUENCE_BUY,
            pb.CONSEQUENCE_SEND,
            pb.CONSEQUENCE_DELETE,
            pb.CONSEQUENCE_PUBLISH,
            pb.CONSEQUENCE_CREDENTIALS,
            pb.CONSEQUENCE_DIALOG,
            pb.CONSEQUENCE_UPLOAD,
        ],
        permission=ASK,
    ),
    pb.PolicyRule(permission=ALLOW),
)
_STRICTNESS = (DENY, ASK, ALLOW)


def in_force(
    levels: Iterable[pb.Policy],
    *,
    began_at: Iterable[str] = (),
    trusted_input: bool = True,
    javascript_origins: Iterable[str] = (),
) -> pb.EffectivePolicy:
    """What holds where several policies do, the owner's first.

    `began_at` are the addresses that the person named for the task: what began in a private network may be there.
    `javascript_origins` are those that the server's settings grant JavaScript to.
    """
    held = list(levels)
    began_private = any((address := read_address(url)) is not None and address.is_private for url in began_at)
    granted = list(javascript_origins)
    javascript = [pb.PolicyRule(origins=granted, consequences=[pb.CONSEQUENCE_JAVASCRIPT], permission=ALLOW)]
    return pb.EffectivePolicy(
        levels=held,
        defaults=[*(javascript if granted else []), *_DEFAULTS],
        private_network=_strictest((one.private_network for one in held), ALLOW if began_private else DENY),
        local_documents=_strictest((one.local_documents for one in held), DENY),
        trusted_input=_strictest((one.trusted_input for one in held), ALLOW if trusted_input else DENY),
        plain_http=_strictest((one.plain_http for one in held), ALLOW),
    )


def unreadable_patterns(policy: pb.Policy, field: str = "policy") -> list[str]:
    """The fields of a policy whose patterns cannot be understood."""
    return [name for name, pattern in _patterns(policy, field) if read_pattern(pattern) is None]


def _patterns(policy: pb.Policy, field: str) -> Iterator[tuple[str, str]]:
    for name in ("allowed_origins", "denied_origins"):
        for index, pattern in enumerate(getattr(policy, name)):
            yield f"{field}.{name}[{index}]", pattern
    for at, rule in enumerate(policy.rules):
        for index, pattern in enumerate(rule.origins):
            yield f"{field}.rules[{at}].origins[{index}]", pattern


def _strictest(given: Iterable[pb.Permission.ValueType], default: pb.Permission.ValueType) -> pb.Permission.ValueType:
    """The strictest of what was said; the default where nothing was."""
    said = set(given)
    return next((permission for permission in _STRICTNESS if permission in said), default)
