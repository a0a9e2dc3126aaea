"""AuthService as its callers meet it: pair, refresh, tokens, revocation."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc

from integration.rpc.harness import bearer, error_of, failed
from tabwire.v1 import auth_pb2, auth_service_pb2, browser_service_pb2, error_pb2

if TYPE_CHECKING:
    import pytest

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


async def test_a_lost_answer_to_pair_costs_no_new_code(api: Api) -> None:
    code = (await api.auth.CreatePairingCode(auth_service_pb2.CreatePairingCodeRequest(), metadata=api.owner)).code
    mine = auth_service_pb2.PairRequest(code=code, attempt_id="a" * 36)
    lost = await api.auth.Pair(mine)
    again = await api.auth.Pair(auth_service_pb2.PairRequest(code=code.lower(), attempt_id="a" * 36))
    assert again.browser_id == lost.browser_id
    assert again.tokens.refresh_token != lost.tokens.refresh_token
    for other in ("b" * 36, ""):
        error = await failed(api.auth.Pair(auth_service_pb2.PairRequest(code=code, attempt_id=other)))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert (await who(api, bearer(again.tokens.access_token))).browser_id == lost.browser_id
    # From here on it has arrived, and the code is used up for good.
    error = await failed(api.auth.Pair(mine))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_guesses_are_counted_by_the_address_that_envoy_adds(api: Api) -> None:
    """What a client claims to come from stands before it and counts for nothing."""
    request = auth_service_pb2.PairRequest(code="2222-2222")

    async def guess(forwarded: str) -> grpc.StatusCode:
        return (await failed(api.auth.Pair(request, metadata=(("x-forwarded-for", forwarded),)))).code()

    claimed = [await guess(f"10.0.0.{n}, 192.0.2.7") for n in range(12)]
    assert claimed == [grpc.StatusCode.UNAUTHENTICATED] * 10 + [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
    assert await guess("192.0.2.8") is grpc.StatusCode.UNAUTHENTICATED


async def test_guessing_codes_is_stopped(api: Api) -> None:
    request = auth_service_pb2.PairRequest(code="2222-2222")
    codes = [(await failed(api.auth.Pair(request))).code() for _ in range(11)]
    assert codes[:10] == [grpc.StatusCode.UNAUTHENTICATED] * 10
    assert codes[10] is grpc.StatusCode.RESOURCE_EXHAUSTED


async def refreshed(api: Api, refresh_token: str) -> auth_pb2.TokenPair:
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=refresh_token)
    return (await api.auth.RefreshToken(request)).tokens


async def test_a_stolen_refresh_token_ends_the_pairing_for_both(api: Api) -> None:
    paired = await api.pair()
    second = await refreshed(api, paired.tokens.refresh_token)
    third = await refreshed(api, second.refresh_token)
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
    error = await failed(api.auth.RefreshToken(request))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert error_of(error).remedy == "Pair the browser again with `tabwire pair`."
    for token in (paired.tokens, second, third):
        assert await locked_out(api, bearer(token.access_token))
        request = auth_service_pb2.RefreshTokenRequest(refresh_token=token.refresh_token)
        assert (await failed(api.auth.RefreshToken(request))).code() is grpc.StatusCode.UNAUTHENTICATED


async def test_an_answer_that_got_lost_is_had_again_by_the_same_token(api: Api) -> None:
    paired = await api.pair()
    for _ in range(3):  # nobody has seen these
        await refreshed(api, paired.tokens.refresh_token)
    arrived = await refreshed(api, paired.tokens.refresh_token)
    assert (await who(api, bearer(arrived.access_token))).browser_id == paired.browser_id
    again = await refreshed(api, arrived.refresh_token)
    assert (await who(api, bearer(again.access_token))).browser_id == paired.browser_id


async def test_a_browser_learns_of_its_pairing_and_ends_it_with_its_own_token(api: Api) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    paired, other = await api.pair(), await api.pair()
    mine = bearer(paired.tokens.access_token)
    told = await who(api, mine)
    assert told.browser_id == paired.browser_id
    assert before < told.paired_at.ToDatetime(UTC) <= datetime.now(UTC)
    assert told.pairing_expires_at == paired.tokens.refresh_expires_at
    assert told.token_id not in ("", paired.browser_id)
    for foreign in (other.browser_id, (await who(api, bearer(other.tokens.access_token))).token_id, "nothing"):
        error = await failed(api.auth.RevokeToken(auth_service_pb2.RevokeTokenRequest(id=foreign), metadata=mine))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    await api.auth.RevokeToken(auth_service_pb2.RevokeTokenRequest(id=paired.browser_id), metadata=mine)
    assert await locked_out(api, mine)
    request = auth_service_pb2.RefreshTokenRequest(refresh_token=paired.tokens.refresh_token)
    assert (await failed(api.auth.RefreshToken(request))).code() is grpc.StatusCode.UNAUTHENTICATED
    assert (await who(api, bearer(other.tokens.access_token))).browser_id == other.browser_id
    theirs = bearer(other.tokens.access_token)
    by_its_own_name = auth_service_pb2.RevokeTokenRequest(id=(await who(api, theirs)).token_id)
    await api.auth.RevokeToken(by_its_own_name, metadata=theirs)
    assert await locked_out(api, theirs)


async def test_a_program_may_give_back_its_own_token_whatever_its_scopes(api: Api) -> None:
    mine = await api.token(auth_pb2.SCOPE_READ)
    other = await api.token(auth_pb2.SCOPE_READ)
    request = auth_service_pb2.RevokeTokenRequest(id=(await who(api, other)).token_id)
    error = await failed(api.auth.RevokeToken(request, metadata=mine))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "scope admin" in error_of(error).remedy
    request = auth_service_pb2.RevokeTokenRequest(id=(await who(api, mine)).token_id)
    await api.auth.RevokeToken(request, metadata=mine)
    assert await locked_out(api, mine)
    assert (await who(api, other)).owner_id == "local"


async def test_a_new_signing_key_breaks_nobody(api: Api) -> None:
    paired, program = await api.pair(), await api.token(auth_pb2.SCOPE_READ)
    browser = bearer(paired.tokens.access_token)
    published = api.settings.jwks_path.read_text()
    before = key_of(paired.tokens.access_token)
    rotate = auth_service_pb2.RotateSigningKeyRequest()
    answer = await api.auth.RotateSigningKey(rotate, metadata=api.owner)
    assert answer.key_id in published  # known to whoever read the file before
    assert list(answer.older_key_ids) == [before]
    tokens = await refreshed(api, paired.tokens.refresh_token)
    assert key_of(tokens.access_token) == answer.key_id
    for metadata in (browser, program, api.owner, bearer(tokens.access_token)):
        assert (await who(api, metadata)).owner_id == "local"
    error = await failed(api.auth.RotateSigningKey(rotate, metadata=api.owner))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert 0 < error_of(error).details.limit.retry_after_ms <= 30_000


def key_of(token: str) -> str:
    header = token.split(".")[0]
    key_id = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    assert isinstance(key_id, str)
    return key_id


async def test_no_secret_stands_in_the_database_or_in_the_log(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """Codes used and unused, tokens good and dead: none of them, and no part that would do as one, is stored."""
    unused = (await api.auth.CreatePairingCode(auth_service_pb2.CreatePairingCodeRequest(), metadata=api.owner)).code
    paired = await api.pair()
    again = await refreshed(api, paired.tokens.refresh_token)
    program = (await api.token(auth_pb2.SCOPE_READ))[0][1].removeprefix("Bearer ")
    owner = api.owner[0][1].removeprefix("Bearer ")
    await failed(api.auth.Pair(auth_service_pb2.PairRequest(code="2222-2222")))
    secrets = {
        "code": unused,
        "code without hyphen": unused.replace("-", ""),
        "refresh": paired.tokens.refresh_token,
        "refresh again": again.refresh_token,
    }
    for name, token in (
        ("access", paired.tokens.access_token),
        ("access again", again.access_token),
        ("program", program),
        ("owner", owner),
    ):
        secrets[name], secrets[f"{name}'s signature"] = token, token.split(".")[2]
    kept = {file: file.read_bytes() for file in api.settings.home_path.glob("tabwire.db*")}
    assert any(b"refresh_tokens" in content for content in kept.values())
    logged = capfd.readouterr()
    for place, content in (*kept.items(), ("log", (logged.out + logged.err).encode())):
        for name, secret in secrets.items():
            assert secret.encode() not in content, f"{name} in {place}"


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
