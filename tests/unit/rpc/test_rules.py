"""The table of scopes covers the whole contract, and admits as the contract's comments say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tabwire.rpc.rules import ANY, RULES, Rule
from tabwire.v1 import (
    auth_pb2,
    auth_service_pb2,
    browser_service_pb2,
    link_service_pb2,
    policy_service_pb2,
    task_service_pb2,
)

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

FILES: tuple[FileDescriptor, ...] = (
    auth_service_pb2.DESCRIPTOR,
    browser_service_pb2.DESCRIPTOR,
    link_service_pb2.DESCRIPTOR,
    policy_service_pb2.DESCRIPTOR,
    task_service_pb2.DESCRIPTOR,
)
METHODS = {
    f"/{service.full_name}/{method.name}"
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}


def test_every_rpc_of_the_contract_has_a_rule_and_no_rule_is_left_over() -> None:
    assert {name for name in RULES if name.startswith("/tabwire.")} == METHODS


def test_only_pairing_refresh_and_health_need_no_token() -> None:
    public = {name for name, rule in RULES.items() if rule.scope is None}
    assert {name for name in public if name.startswith("/tabwire.")} == {
        "/tabwire.v1.AuthService/Pair",
        "/tabwire.v1.AuthService/RefreshToken",
    }
    assert all(name.startswith("/grpc.health.v1.Health/") for name in public if not name.startswith("/tabwire."))


@pytest.mark.parametrize(
    ("needed", "held", "admitted"),
    [
        (None, [], True),
        (ANY, [], True),
        (auth_pb2.SCOPE_READ, [auth_pb2.SCOPE_READ], True),
        (auth_pb2.SCOPE_READ, [auth_pb2.SCOPE_TASKS], False),
        (auth_pb2.SCOPE_TASKS, [auth_pb2.SCOPE_READ], False),
        (auth_pb2.SCOPE_ADMIN, [auth_pb2.SCOPE_TASKS, auth_pb2.SCOPE_READ, auth_pb2.SCOPE_BROWSER], False),
        (auth_pb2.SCOPE_READ, [auth_pb2.SCOPE_ADMIN], True),
        (auth_pb2.SCOPE_TASKS, [auth_pb2.SCOPE_ADMIN], True),
        (auth_pb2.SCOPE_ADMIN, [auth_pb2.SCOPE_ADMIN], True),
        (auth_pb2.SCOPE_BROWSER, [auth_pb2.SCOPE_ADMIN], False),
    ],
)
def test_who_is_admitted(
    needed: auth_pb2.Scope.ValueType | None, held: list[auth_pb2.Scope.ValueType], admitted: bool
) -> None:
    assert Rule(needed).admits(frozenset(held)) is admitted


def test_an_action_may_wait_as_long_as_the_contract_lets_it() -> None:
    assert RULES["/tabwire.v1.BrowserService/Act"].cap_s > 300
