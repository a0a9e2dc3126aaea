"""AuthService: pairing and tokens. Requests in, answers out; what they are worth is decided by `Access`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp

from tabwire import revisions
from tabwire.agent.model import Model
from tabwire.errors import TabwireError
from tabwire.rpc.access import refresh_refused
from tabwire.rpc.identity import principal
from tabwire.security.tokens import scopes_of
from tabwire.v1 import auth_pb2, auth_service_pb2, auth_service_pb2_grpc, error_pb2

if TYPE_CHECKING:
    from datetime import datetime

    import grpc

    from tabwire.link.hub import LinkHub
    from tabwire.rpc.access import Access, IssuedPair
    from tabwire.rpc.signing import KeyKeeper
    from tabwire.settings import Settings
    from tabwire.store.tables import ApiTokenRow

    Context = grpc.aio.ServicerContext[Any, Any]

_FORWARDED = "x-forwarded-for"


class AuthServicer(auth_service_pb2_grpc.AuthServiceServicer):
    """Answers AuthService."""

    def __init__(
        self, access: Access, keeper: KeyKeeper, hub: LinkHub, settings: Settings, *, server_version: str
    ) -> None:
        self._access = access
        self._keeper = keeper
        self._hub = hub
        self._settings = settings
        self._server_version = server_version

    async def CreatePairingCode(  # noqa: N802 - the contract's name
        self, _request: auth_service_pb2.CreatePairingCodeRequest, _context: Context
    ) -> auth_service_pb2.CreatePairingCodeResponse:
        """Makes a one-time code."""
        code, expires_at = await self._access.new_code(principal().owner_id)
        return auth_service_pb2.CreatePairingCodeResponse(code=code, expires_at=_timestamp(expires_at))

    async def Pair(  # noqa: N802 - the contract's name
        self, request: auth_service_pb2.PairRequest, context: Context
    ) -> auth_service_pb2.PairResponse:
        """Pairs a browser."""
        pair = await self._access.pair(
            request.code,
            display_name=request.display_name,
            browser_id=request.browser_id,
            attempt_id=request.attempt_id,
            address=_address(context),
        )
        return auth_service_pb2.PairResponse(browser_id=pair.browser_id, tokens=_token_pair(pair))

    async def RefreshToken(  # noqa: N802 - the contract's name
        self, request: auth_service_pb2.RefreshTokenRequest, _context: Context
    ) -> auth_service_pb2.RefreshTokenResponse:
        """Exchanges a refresh token."""
        pair, stolen_from = await self._access.refresh(request.refresh_token)
        if stolen_from:
            await self._hub.drop(stolen_from, "A refresh token of this browser was used twice.")
        if pair is None:
            raise refresh_refused()
        return auth_service_pb2.RefreshTokenResponse(tokens=_token_pair(pair))

    async def CreateApiToken(  # noqa: N802 - the contract's name
        self, request: auth_service_pb2.CreateApiTokenRequest, _context: Context
    ) -> auth_service_pb2.CreateApiTokenResponse:
        """Makes a token for a program."""
        token, row = await self._access.new_api_token(
            principal().owner_id,
            request.display_name,
            request.scopes,
            timedelta(days=request.lifetime_days or self._settings.api_token_days),
        )
        return auth_service_pb2.CreateApiTokenResponse(token=token, api_token=_api_token(row))

    async def ListApiTokens(  # noqa: N802 - the contract's name
        self, _request: auth_service_pb2.ListApiTokensRequest, _context: Context
    ) -> auth_service_pb2.ListApiTokensResponse:
        """Lists the owner's tokens."""
        rows = await self._access.list_api_tokens(principal().owner_id)
        return auth_service_pb2.ListApiTokensResponse(api_tokens=map(_api_token, rows))

    async def RevokeToken(  # noqa: N802 - the contract's name
        self, request: auth_service_pb2.RevokeTokenRequest, _context: Context
    ) -> auth_service_pb2.RevokeTokenResponse:
        """Revokes a token or a browser's pairing, and drops the browser's link."""
        caller = principal()
        wanted = request.id
        if wanted in caller.own_ids:
            wanted = caller.family_id or wanted  # an access token is none that is kept; its pairing is
        elif auth_pb2.SCOPE_ADMIN not in caller.scopes:
            raise _not_yours()
        revoked = await self._access.revoke(caller.owner_id, wanted)
        if revoked.browser_id:
            await self._hub.drop(revoked.browser_id, "The browser's pairing was revoked.")
        return auth_service_pb2.RevokeTokenResponse()

    async def RotateSigningKey(  # noqa: N802 - the contract's name
        self, _request: auth_service_pb2.RotateSigningKeyRequest, _context: Context
    ) -> auth_service_pb2.RotateSigningKeyResponse:
        """Signs with a new key from now on."""
        key_id, older_key_ids = await self._keeper.rotate()
        return auth_service_pb2.RotateSigningKeyResponse(key_id=key_id, older_key_ids=older_key_ids)

    async def WhoAmI(  # noqa: N802 - the contract's name
        self, _request: auth_service_pb2.WhoAmIRequest, _context: Context
    ) -> auth_service_pb2.WhoAmIResponse:
        """Tells the caller who it is, and what the server is."""
        caller = principal()
        times = await self._access.pairing_times(caller)
        return auth_service_pb2.WhoAmIResponse(
            owner_id=caller.owner_id,
            scopes=sorted(caller.scopes),
            browser_id=caller.browser_id,
            token_expires_at=_timestamp(caller.expires_at),
            server_version=self._server_version,
            min_revision=revisions.MIN_REVISION,
            max_revision=revisions.MAX_REVISION,
            model_configured=Model.is_configured(self._settings),
            model=self._settings.model,
            token_id=caller.family_id or caller.token_id,
            paired_at=_timestamp(times.paired_at) if times else None,
            pairing_expires_at=_timestamp(times.expires_at) if times and times.expires_at else None,
        )


def _address(context: Context) -> str:
    """Where a call comes from, as Envoy has seen it: it adds the address to what a client may claim, at the end."""
    found = ""
    for key, value in context.invocation_metadata() or ():
        if key == _FORWARDED and isinstance(value, str):
            found = value.rpartition(",")[2].strip()
    return found


def _not_yours() -> TabwireError:
    return TabwireError(
        error_pb2.ERROR_CODE_PERMISSION_DENIED,
        "Only the token itself, and a browser's own pairing, can be revoked without the scope admin.",
        remedy="Use a token with the scope admin, as `tabwire token revoke` does on the server's computer.",
    )


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def _token_pair(pair: IssuedPair) -> auth_pb2.TokenPair:
    return auth_pb2.TokenPair(
        access_token=pair.access_token,
        access_expires_at=_timestamp(pair.access_expires_at),
        refresh_token=pair.refresh_token,
        refresh_expires_at=_timestamp(pair.refresh_expires_at),
    )


def _api_token(row: ApiTokenRow) -> auth_pb2.ApiToken:
    return auth_pb2.ApiToken(
        token_id=row.id,
        display_name=row.display_name,
        scopes=sorted(scopes_of(row.scopes.split())),
        created_at=_timestamp(row.created_at),
        expires_at=_timestamp(row.expires_at),
        revoked_at=_timestamp(row.revoked_at) if row.revoked_at else None,
    )
