"""Who is calling: the principal of the RPC that runs now, and its correlation id.

The interceptors set both for the time of one call; servicers read them. Nothing here verifies anything: that is
`tabwire.rpc.interceptors.auth`.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Principal:
    """The verified caller of an RPC.

    `browser_id` is empty unless the token belongs to a browser, `family_id` unless that is a paired one: it names the
    pairing, which outlives its tokens. `token_id` names the token, never its secret.
    """

    owner_id: str
    scopes: frozenset[auth_pb2.Scope.ValueType]
    browser_id: str
    token_id: str
    expires_at: datetime
    family_id: str = ""

    @property
    def own_ids(self) -> frozenset[str]:
        """What the caller may revoke without being an admin: its token, or its pairing by either name."""
        return frozenset(filter(None, (self.token_id, self.browser_id, self.family_id)))


# The defaults never stand for a caller: `principal()` refuses them.
current_principal: ContextVar[Principal | None] = ContextVar("tabwire_principal", default=None)
current_correlation_id: ContextVar[str] = ContextVar("tabwire_correlation_id", default="")


def principal() -> Principal:
    """The caller of the RPC that runs now.

    Raises `TabwireError` UNAUTHENTICATED outside of an RPC that needs a token.
    """
    found = current_principal.get()
    if found is None:
        raise TabwireError(
            error_pb2.ERROR_CODE_UNAUTHENTICATED,
            "This call carries no token.",
            remedy="Send a token as `authorization: Bearer …`; `tabwire token create` makes one.",
        )
    return found


def correlation_id() -> str:
    """The id that finds this RPC in the server's log; empty outside of one."""
    return current_correlation_id.get()
