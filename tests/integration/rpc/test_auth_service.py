"""AuthService as its callers meet it: pair, refresh, tokens, revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc

from integration.rpc.harness import bearer, error_of, failed
from tabwire.v1 import auth_pb2, auth_service_pb2, browser_service_pb2, error_pb2

if TYPE_CHECKING:
    from integration.rpc.harness import Api, Metadata

WHO = auth_service_pb2.WhoAmIRequest()


async def who(api: Api, metadata: Metadata) -> auth_service_pb2.WhoAmIResponse:
    return await api.auth.WhoAmI(WHO, metadata=metadata)


async def locked_out(api: Api, metadata: Metadata) -> bool:
    error = await failed(api.auth.WhoAmI(WHO, metadata=metadata))
    return error.code() is grpc.StatusCode.UNAUTHENTICATED and bool(error_of(error).remedy)


async def test_the_owner_is_told_what_the_server_is(api: Api) -> None:
    answer = await who(api, api.owner)
    assert (answer.owner_id, list(answer.scopes), answer.browser_id) == ("local", [auth_pb2.SCOPE_ADMIN], "")
    assert answer.server_version == "0.1.0"
    assert answer.min_revision == answer.max_revision == 1
    assert not answer.model_configured
    assert answer.token_expires_at.ToDatetime(UTC) > datetime.now(UTC) + timedelta(days=80)


async def test_a_browser_pairs_refreshes_and_keeps_its_id(api: Api) -> None:
    paired = await api.pair()
    answer = await who(api, bearer(paired.tokens.access_token))
    assert answer.browser_id == paired.browser_id
    assert answer.token_expires_at == paired.tokens.access_expires_at
    assert auth_pb2.SCOPE_ADMIN not in answer.scopes
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
    refreshed = (await api.auth.RefreshToken(request)).tokens
    assert (await who(api, bearer(refreshed.access_token))).browser_id == paired.browser_id
    again = await api.pair(paired.browser_id)
    assert again.browser_id == paired.browser_id
    assert await locked_out(api, bearer(refreshed.access_token))


async def test_a_code_pairs_once_and_looks_as_promised(api: Api) -> None:
    code = await api.auth.CreatePairingCode(auth_service_pb2.CreatePairingCodeRequest(), metadata=api.owner)
    assert len(code.code) == 9
    assert code.code[4] == "-"
    assert code.expires_at.ToDatetime(UTC) > datetime.now(UTC) + timedelta(seconds=590)
    request = auth_service_pb2.PairRequest(code=code.code.lower())
    assert (await api.auth.Pair(request)).browser_id
    error = await failed(api.auth.Pair(request))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_of(error).remedy == "Get a new code with `tabwire pair`."


async def test_guessing_codes_is_stopped(api: Api) -> None:
    request = auth_service_pb2.PairRequest(code="2222-2222")
    codes = [(await failed(api.auth.Pair(request))).code() for _ in range(11)]
    assert codes[:10] == [grpc.StatusCode.UNAUTHENTICATED] * 10
    assert codes[10] is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_stolen_refresh_token_ends_the_pairing_for_both(api: Api) -> None:
    paired = await api.pair()
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
    refreshed = (await api.auth.RefreshToken(request)).tokens
    error = await failed(api.auth.RefreshToken(request))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_of(error).remedy == "Pair the browser again with `tabwire pair`."
    for token in (paired.tokens.access_token, refreshed.access_token):
        assert await locked_out(api, bearer(token))
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=refreshed.refresh_token)
    assert (await failed(api.auth.RefreshToken(request))).code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_programs_token_does_what_it_may_until_it_is_revoked(api: Api) -> None:
    request = auth_service_pb2.CreateApiTokenRequest(
        display_name="CI", scopes=[auth_pb2.SCOPE_READ, auth_pb2.SCOPE_TASKS], lifetime_days=7
    )
    made = await api.auth.CreateApiToken(request, metadata=api.owner)
    token = bearer(made.token)
    await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=token)
    listed = (await api.auth.ListApiTokens(auth_service_pb2.ListApiTokensRequest(), metadata=api.owner)).api_tokens
    assert made.api_token in listed
    assert made.api_token.expires_at.seconds - made.api_token.created_at.seconds == 7 * 86400
    assert made.token not in str(listed)
    for _ in range(2):
        await api.auth.RevokeToken(auth_service_pb2.RevokeTokenRequest(id=made.api_token.token_id), metadata=api.owner)
        assert await locked_out(api, token)
    listed = (await api.auth.ListApiTokens(auth_service_pb2.ListApiTokensRequest(), metadata=api.owner)).api_tokens
    (row,) = [row for row in listed if row.token_id == made.api_token.token_id]
    assert row.HasField("revoked_at")


async def test_what_is_not_there_cannot_be_revoked(api: Api) -> None:
    error = await failed(api.auth.RevokeToken(auth_service_pb2.RevokeTokenRequest(id="nothing"), metadata=api.owner))
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert error_of(error).error_code == error_pb2.ERROR_CODE_NOT_FOUND


async def test_the_same_scope_twice_and_scopes_beyond_the_contract(api: Api) -> None:
    twice = [auth_pb2.SCOPE_READ, auth_pb2.SCOPE_READ]
    made = await api.auth.CreateApiToken(
        auth_service_pb2.CreateApiTokenRequest(display_name="x", scopes=twice), metadata=api.owner
    )
    assert list(made.api_token.scopes) == [auth_pb2.SCOPE_READ]
    for raw in (0, 99):
        request = auth_service_pb2.CreateApiTokenRequest(display_name="x")
        request.scopes.append(raw)  # type: ignore[arg-type] # the point of it
        error = await failed(api.auth.CreateApiToken(request, metadata=api.owner))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
