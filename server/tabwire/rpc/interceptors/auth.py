"""Fourth: no call from a web page that is not ours, none without a good token, and none beyond the token's scopes.

Asks `Access` who the token belongs to and `RULES` what the method needs, and sets the principal. A method that has no
rule is refused. Streams are kept account of in `OpenStreams`, so that those of a revoked or ended token end at once.
Envoy has looked at origins and signatures before; whoever speaks to the server's own socket meets the same rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import structlog

from tabwire.errors import TabwireError
from tabwire.rpc.identity import current_principal
from tabwire.rpc.interceptors.handlers import Normal, normal, refusing
from tabwire.rpc.rules import RULES, Rule
from tabwire.v1 import auth_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tabwire.rpc.access import Access
    from tabwire.rpc.interceptors.handlers import Context, Continuation, Handler
    from tabwire.rpc.streams import OpenStreams

_log = structlog.get_logger()

_HEADER = "authorization"
_SCHEME = "bearer "
_ORIGIN = "origin"


class AuthInterceptor(grpc.aio.ServerInterceptor):
    """Lets in who may come in."""

    def __init__(
        self,
        access: Access,
        streams: OpenStreams,
        *,
        origins: frozenset[str] = frozenset(),
        rules: dict[str, Rule] | None = None,
    ) -> None:
        self._access = access
        self._streams = streams
        self._origins = origins
        self._rules = RULES if rules is None else rules

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Checks before the request is read."""
        handler = await normal(continuation, handler_call_details)
        if not self._origins.issuperset(_values(handler_call_details, _ORIGIN)):
            return refusing(_foreign_origin())
        if handler.unknown:
            return handler
        rule = self._rules.get(handler_call_details.method)
        if rule is None:
            _log.error("method_without_rule")
            return refusing(_denied("This method is not open to anybody."))
        if rule.scope is None:
            return self._open(handler)
        return self._checked(handler, rule, _bearer(handler_call_details))

    def _open(self, handler: Normal) -> Normal:
        """For everybody. Its streams are kept account of all the same, for the day the server stops."""
        if not handler.response_streaming:
            return handler

        async def counted(requests: AsyncIterator[bytes], context: Context) -> bytes | None:
            async with self._streams.opened():
                return await handler.behaviour(requests, context)

        return handler.wrapped(counted)

    def _checked(self, handler: Normal, rule: Rule, token: str) -> Normal:
        async def checked(requests: AsyncIterator[bytes], context: Context) -> bytes | None:
            if not token:
                raise _no_token()
            caller = await self._access.verify(token)
            if not rule.admits(caller.scopes):
                raise _denied(_missing(rule))
            current_principal.set(caller)
            structlog.contextvars.bind_contextvars(
                owner_id=caller.owner_id, caller=caller.browser_id or caller.token_id
            )
            if not handler.response_streaming:
                return await handler.behaviour(requests, context)
            async with self._streams.opened(*caller.own_ids, expires_at=caller.expires_at):
                return await handler.behaviour(requests, context)

        return handler.wrapped(checked)


def _bearer(details: grpc.HandlerCallDetails) -> str:
    """The token; none if there are several, of which somebody else may have looked at another one."""
    tokens = [
        value[len(_SCHEME) :].strip() for value in _values(details, _HEADER) if value[: len(_SCHEME)].lower() == _SCHEME
    ]
    return tokens[0] if len(tokens) == 1 else ""


def _values(details: grpc.HandlerCallDetails, name: str) -> list[str]:
    return [value for key, value in details.invocation_metadata or () if key == name and isinstance(value, str)]


def _foreign_origin() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_PERMISSION_DENIED,
        "Calls from this origin are not let in.",
        remedy="Use the Tabwire extension as it was installed, or add its origin to TABWIRE_ALLOWED_ORIGINS.",
    )


def _no_token() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_UNAUTHENTICATED,
        "This call carries no token.",
        remedy="Send a token as `authorization: Bearer …`; `tabwire token create` makes one.",
    )


def _missing(rule: Rule) -> str:
    name = auth_pb2.Scope.Name(rule.scope or auth_pb2.SCOPE_UNSPECIFIED).removeprefix("SCOPE_").lower()
    return f"This method needs a token with the scope {name}."


def _denied(message: str) -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_PERMISSION_DENIED,
        message,
        remedy="Make a token with the scope that is needed with `tabwire token create`.",
    )
