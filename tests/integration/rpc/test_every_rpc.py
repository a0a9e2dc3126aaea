"""Every RPC of the contract, against every caller that must not get in and every input that must not get through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor

from integration.rpc.harness import Api, bearer, error_of, every_method, failed, path_of, streaming
from tabwire import origins
from tabwire.rpc.rules import RULES
from tabwire.v1 import auth_pb2, auth_service_pb2, error_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = list(every_method())
PROTECTED = [method for method in ALL if RULES[path_of(method)].scope is not None]
SCOPED = [method for method in PROTECTED if RULES[path_of(method)].scope != auth_pb2.SCOPE_UNSPECIFIED]
MALFORMED = (b"\xff", b"\xff\xff\xff\xff\xff\xff", b"\x0a\x05ab", b"\x0b")


def name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


def long_string(message: Descriptor, depth: int = 4) -> bytes | None:
    """A message whose first string, at whatever depth, is longer than any rule allows."""
    for field in message.fields:
        repeated = field.is_repeated
        if field.type == FieldDescriptor.TYPE_STRING and not (repeated and field.message_type):
            text = b"x" * 60_000
            return _tagged(field.number, text)
    for field in message.fields:
        inner = field.message_type
        if inner is not None and depth and not inner.GetOptions().map_entry and inner.file.package == "tabwire.v1":
            found = long_string(inner, depth - 1)
            if found is not None:
                return _tagged(field.number, found)
    return None


def _tagged(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


async def all_scopes(api: Api) -> tuple[tuple[str, str], ...]:
    """A token that may call everything: a paired browser could not call AuthService, an owner no link."""
    return await api.token(auth_pb2.SCOPE_BROWSER, auth_pb2.SCOPE_ADMIN)


@pytest.mark.parametrize("method", PROTECTED, ids=name)
async def test_nobody_gets_in_without_a_good_token(shared_api: Api, method: MethodDescriptor) -> None:
    paired = await shared_api.pair()
    await shared_api.auth.RevokeToken(
        auth_service_pb2.RevokeTokenRequest(id=paired.browser_id), metadata=shared_api.owner
    )
    owner = shared_api.owner[0][1]
    for metadata in (
        (),
        (("authorization", ""),),
        (("authorization", "Bearer "),),
        (("authorization", owner.removeprefix("Bearer ")),),
        (("authorization", "Basic " + owner.removeprefix("Bearer ")),),
        bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJsb2NhbCJ9."),
        bearer(owner.removeprefix("Bearer ")[:-4]),
        bearer(paired.tokens.access_token),
        bearer(paired.tokens.refresh_token),
    ):
        # Malformed on purpose: whoever may not call learns nothing about the messages either.
        error = await failed(shared_api.call(method, MALFORMED[0], metadata))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED, metadata
        info = error_of(error)
        assert info.error_code == error_pb2.ERROR_CODE_UNAUTHENTICATED
        assert info.remedy


FOREIGN = (
    "https://example.com",
    "null",
    "",
    "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    *(trick.format(own=origins.own()) for trick in ("{own}/", "{own}.", "{own}.example.com", " {own}", "{own},{own}")),
    origins.own().upper(),
)


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_a_web_page_gets_in_nowhere_also_past_envoy(shared_api: Api, method: MethodDescriptor) -> None:
    for origin in FOREIGN:
        error = await failed(shared_api.call(method, MALFORMED[0], (*await all_scopes(shared_api), ("origin", origin))))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED, origin
        assert "origin" in error_of(error).message
    two = (("origin", origins.own()), ("origin", "https://example.com"))
    error = await failed(shared_api.call(method, MALFORMED[0], (*await all_scopes(shared_api), *two)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    own = (*await all_scopes(shared_api), ("origin", origins.own()))
    error = await failed(shared_api.call(method, MALFORMED[0], own))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_of_two_tokens_none_counts(shared_api: Api) -> None:
    """Whoever looks at the first one, and whoever looks at the last one, must not let in different callers."""
    request = auth_service_pb2.WhoAmIRequest()
    for other in (("authorization", "Bearer x"), shared_api.owner[0]):
        for pair in ((shared_api.owner[0], other), (other, shared_api.owner[0])):
            error = await failed(shared_api.auth.WhoAmI(request, metadata=pair))
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("method", SCOPED, ids=name)
async def test_nobody_gets_beyond_the_scopes_of_their_token(shared_api: Api, method: MethodDescriptor) -> None:
    needed = RULES[path_of(method)].scope
    others = [
        scope
        for scope in auth_pb2.Scope.values()
        if scope not in (needed, auth_pb2.SCOPE_UNSPECIFIED)
        and (scope != auth_pb2.SCOPE_ADMIN or needed == auth_pb2.SCOPE_BROWSER)
    ]
    error = await failed(shared_api.call(method, MALFORMED[0], await shared_api.token(*others)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    info = error_of(error)
    assert info.error_code == error_pb2.ERROR_CODE_PERMISSION_DENIED
    assert needed is not None
    assert auth_pb2.Scope.Name(needed).removeprefix("SCOPE_").lower() in info.message


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_malformed_bytes_get_a_typed_answer(shared_api: Api, method: MethodDescriptor) -> None:
    metadata = await all_scopes(shared_api)
    for raw in MALFORMED:
        error = await failed(shared_api.call(method, raw, metadata))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, raw
        assert error_of(error).error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_no_message_gets_a_typed_answer(shared_api: Api, method: MethodDescriptor) -> None:
    call: Any = shared_api.channel.stream_stream(path_of(method))
    error = await failed(streaming(call, [], metadata=await all_scopes(shared_api), timeout=20))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error_of(error).error_code == error_pb2.ERROR_CODE_INVALID_ARGUMENT


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_an_empty_message_is_answered_or_refused_in_words(shared_api: Api, method: MethodDescriptor) -> None:
    if method.name == "WatchTab":
        expected: tuple[grpc.StatusCode, ...] = (grpc.StatusCode.UNAVAILABLE,)  # no browser is connected
    elif name(method) in {
        "AuthService.CreatePairingCode",
        "AuthService.ListApiTokens",
        "AuthService.RotateSigningKey",
        "AuthService.WhoAmI",
        "BrowserService.ListBrowsers",
        "PolicyService.GetPolicy",
        "PolicyService.ListSecrets",
        "TaskService.GetTaskPrompt",
        "TaskService.ListTasks",
    }:
        await shared_api.call(method, b"", await all_scopes(shared_api))
        return
    else:
        expected = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE)
    error = await failed(shared_api.call(method, b"", await all_scopes(shared_api)))
    assert error.code() in expected
    error_of(error)


@pytest.mark.parametrize("method", [method for method in ALL if long_string(method.input_type) is not None], ids=name)
async def test_a_field_out_of_its_range_is_named(shared_api: Api, method: MethodDescriptor) -> None:
    raw = long_string(method.input_type)
    assert raw is not None
    error = await failed(shared_api.call(method, raw, await all_scopes(shared_api)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    info = error_of(error)
    assert info.details.field_violations.violations
    assert len(info.SerializeToString()) < 6000


@pytest.mark.parametrize("method", ALL, ids=name)
async def test_a_message_beyond_the_limit_is_refused_in_words(shared_api: Api, method: MethodDescriptor) -> None:
    unknown_field = _tagged(1000, b"x" * 70_000)
    error = await failed(shared_api.call(method, unknown_field, await all_scopes(shared_api)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert error_of(error).details.limit.name == "max_message_bytes"


@pytest.mark.parametrize(
    "path", ["/tabwire.v1.AuthService/Nonsense", "/tabwire.v9.AuthService/Pair", "/nonsense", "/a/b/c"]
)
async def test_what_does_not_exist_is_unimplemented_with_or_without_a_token(shared_api: Api, path: str) -> None:
    call: Any = shared_api.channel.unary_unary(path)
    for metadata in ((), shared_api.owner):
        error = await failed(call(b"", metadata=metadata, timeout=20))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error_of(error).error_code == error_pb2.ERROR_CODE_UNIMPLEMENTED
