"""The typed client of the whole API, for programs and for the command line.

    async with Client.local() as client:
        task = await client.create_task('open "https://example.org" then read "Example Domain"')
        async for event in client.watch_task(task.task_id):
            ...

Every method returns messages of the contract and raises `TabwireError`, or `UnreachableError` if no answer came.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from grpc_health.v1 import health_pb2

from tabwire.client import diagnose
from tabwire.client.task_calls import ENDED, TaskCalls
from tabwire.client.transport import Transport
from tabwire.settings import Settings
from tabwire.v1 import (
    action_pb2,
    auth_pb2,
    auth_service_pb2,
    auth_service_pb2_grpc,
    browser_pb2,
    browser_service_pb2,
    browser_service_pb2_grpc,
    state_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from types import TracebackType

    import grpc

    from tabwire.v1 import link_pb2

__all__ = ["ENDED", "Client"]

_CALL_S = 30.0
_ACT_S = 320.0


class Client(TaskCalls):
    """One connection to one server. Use it as an async context manager, or call `close`."""

    def __init__(self, url: str, token: str = "", *, ca: bytes | None = None) -> None:
        """`ca` is the certificate (PEM) of the authority to trust; without it, those that the system trusts."""
        super().__init__(Transport(url, token, ca))
        channel = self.transport.channel
        self._auth = auth_service_pb2_grpc.AuthServiceStub(channel)
        self._browsers = browser_service_pb2_grpc.BrowserServiceStub(channel)
        self._check: grpc.aio.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
        self._check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    @classmethod
    def local(cls, settings: Settings | None = None) -> Self:
        """The server of this computer's home folder, as its owner."""
        chosen = settings or Settings()
        try:
            token = chosen.cli_token_path.read_text(encoding="ascii").strip()
        except OSError:
            token = ""
        return cls(chosen.server_url, token, ca=diagnose.read_ca(chosen.grpc_ca_path))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self.transport.close()

    # Who, and tokens

    async def is_serving(self) -> bool:
        """Whether the server says that it is healthy. Needs no token."""
        response = await self.transport.unary(self._check, health_pb2.HealthCheckRequest(), _CALL_S)
        return response.status == health_pb2.HealthCheckResponse.SERVING

    async def who_am_i(self) -> auth_service_pb2.WhoAmIResponse:
        """Who this client is to the server, and what the server is."""
        return await self.transport.unary(self._auth.WhoAmI, auth_service_pb2.WhoAmIRequest(), _CALL_S)

    async def create_pairing_code(self) -> auth_service_pb2.CreatePairingCodeResponse:
        """A one-time code that pairs one browser."""
        request = auth_service_pb2.CreatePairingCodeRequest()
        return await self.transport.unary(self._auth.CreatePairingCode, request, _CALL_S)

    async def create_api_token(
        self, display_name: str, scopes: Sequence[auth_pb2.Scope.ValueType], *, lifetime_days: int = 0
    ) -> auth_service_pb2.CreateApiTokenResponse:
        """A token for a program. The secret in the answer is not to be had again."""
        request = auth_service_pb2.CreateApiTokenRequest(
            display_name=display_name, scopes=scopes, lifetime_days=lifetime_days
        )
        return await self.transport.unary(self._auth.CreateApiToken, request, _CALL_S)

    async def list_api_tokens(self) -> auth_service_pb2.ListApiTokensResponse:
        """The owner's tokens without their secrets."""
        return await self.transport.unary(self._auth.ListApiTokens, auth_service_pb2.ListApiTokensRequest(), _CALL_S)

    async def revoke_token(self, token_or_browser_id: str) -> None:
        """Revokes a token, or a browser's pairing, at once."""
        request = auth_service_pb2.RevokeTokenRequest(id=token_or_browser_id)
        await self.transport.unary(self._auth.RevokeToken, request, _CALL_S)

    async def rotate_signing_key(self) -> auth_service_pb2.RotateSigningKeyResponse:
        """Signs tokens with a new key from now on. Those of older keys stay good until they end."""
        request = auth_service_pb2.RotateSigningKeyRequest()
        return await self.transport.unary(self._auth.RotateSigningKey, request, _CALL_S)

    # Browsers

    async def list_browsers(self) -> browser_service_pb2.ListBrowsersResponse:
        """The paired browsers, connected ones first."""
        request = browser_service_pb2.ListBrowsersRequest()
        return await self.transport.unary(self._browsers.ListBrowsers, request, _CALL_S)

    async def wait_for_browser(self, *, interval_s: float = 0.25) -> browser_pb2.Browser:
        """Returns the first browser that is connected, as soon as there is one."""
        while True:
            for browser in (await self.list_browsers()).browsers:
                if browser.is_connected:
                    return browser
            await asyncio.sleep(interval_s)

    async def list_tabs(self, browser_id: str = "") -> browser_service_pb2.ListTabsResponse:
        """The tabs of a browser; of the only connected one if none is named."""
        request = browser_service_pb2.ListTabsRequest(browser_id=browser_id)
        return await self.transport.unary(self._browsers.ListTabs, request, _CALL_S)

    async def get_page_state(
        self, tab_id: int = 0, *, browser_id: str = "", options: state_pb2.StateRequest | None = None
    ) -> browser_service_pb2.GetPageStateResponse:
        """The state of a tab; of the active one for 0.

        With a base revision in the options the answer may be a delta; `tabwire.client.fold` makes a state of it again.
        """
        request = browser_service_pb2.GetPageStateRequest(browser_id=browser_id, tab_id=tab_id, options=options)
        return await self.transport.unary(self._browsers.GetPageState, request, _ACT_S)

    async def act(
        self,
        action: action_pb2.Action,
        tab_id: int = 0,
        *,
        browser_id: str = "",
        state_after: state_pb2.StateRequest | None = None,
        approved_digest: bytes = b"",
    ) -> browser_service_pb2.ActResponse:
        """Does one action. A browser that tried and could not gives a failed result, not an exception.

        One that needs a person's approval raises APPROVAL_NEEDED; the digest in its details is the approval.
        """
        request = browser_service_pb2.ActRequest(
            browser_id=browser_id,
            tab_id=tab_id,
            action=action,
            state_after=state_after,
            approved_digest=approved_digest,
        )
        return await self.transport.unary(self._browsers.Act, request, _ACT_S)

    async def ping(
        self, tab_id: int = 0, *, browser_id: str = "", into_page: bool = True
    ) -> browser_service_pb2.PingResponse:
        """Measures the round trip to the browser, part by part."""
        request = browser_service_pb2.PingRequest(browser_id=browser_id, tab_id=tab_id, into_page=into_page)
        return await self.transport.unary(self._browsers.Ping, request, _CALL_S)

    async def watch_tab(self, tab_id: int = 0, *, browser_id: str = "") -> AsyncGenerator[link_pb2.StateUpdate, None]:
        """State updates of a tab until the iterator is closed."""
        request = browser_service_pb2.WatchTabRequest(browser_id=browser_id, tab_id=tab_id)
        async for response in self.transport.stream(self._browsers.WatchTab, request):
            yield response.update
