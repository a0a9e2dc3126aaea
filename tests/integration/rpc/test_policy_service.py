"""The owner's policy and secrets over the API, and both held against what a browser is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

from integration.rpc.harness import bearer, error_of, failed
from integration.rpc.scripted_browser import ScriptedBrowser
from tabwire.v1 import (
    action_pb2,
    browser_service_pb2,
    error_pb2,
    link_pb2,
    policy_pb2,
    policy_service_pb2,
    policy_service_pb2_grpc,
    state_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from integration.rpc.harness import Api

VALUE = "correct horse battery"
CLICK = action_pb2.Action(click=action_pb2.ClickAction(element_id=1))


def shop(command: link_pb2.Command) -> link_pb2.CommandResult | None:
    """A shop that tells aloud what is typed into it. That the second button buys only the page sees."""
    match command.WhichOneof("request"):
        case "observe":
            state = state_pb2.PageState(
                tab_id=9, url="https://shop.example/", title=VALUE, document_id="main-1", revision=1
            )
            for number, name in ((1, "Buy now"), (2, "Next")):
                element = state.actionable_elements.add(id=number, name=name, role="button", tag="button")
                element.type = state_pb2.ELEMENT_TYPE_BUTTON
            return link_pb2.CommandResult(page_state=state)
        case "action":
            result = action_pb2.ActionResult(
                original_action_id=command.action.id, status=action_pb2.ACTION_STATUS_SUCCEEDED
            )
            result.outcome_details.message = f"Typed {command.secret.value}"
            buys = command.action.click.element_id == 2
            if buys and policy_pb2.CONSEQUENCE_BUY not in command.grants.approved:
                result.status = action_pb2.ACTION_STATUS_FAILED
                result.error_info.error_code = error_pb2.ERROR_CODE_APPROVAL_NEEDED
                result.error_info.details.approval.consequences.append(policy_pb2.CONSEQUENCE_BUY)
            return link_pb2.CommandResult(action_result=result)
        case _:
            return None


async def set_policy(api: Api, policy: policy_pb2.Policy) -> policy_service_pb2.SetPolicyResponse:
    policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
    return await policies.SetPolicy(policy_service_pb2.SetPolicyRequest(policy=policy), metadata=api.owner)


async def act(api: Api, action: action_pb2.Action, digest: bytes = b"") -> action_pb2.ActionResult:
    request = browser_service_pb2.ActRequest(tab_id=9, action=action, approved_digest=digest)
    return (await api.browsers.Act(request, metadata=api.owner)).result


async def refused(api: Api, action: action_pb2.Action, digest: bytes = b"") -> error_pb2.ErrorInfo:
    request = browser_service_pb2.ActRequest(tab_id=9, action=action, approved_digest=digest)
    return error_of(await failed(api.browsers.Act(request, metadata=api.owner)))


class ModernBrowser(ScriptedBrowser):
    """One that keeps to policies and fills in secrets."""

    async def _uplinks(self) -> AsyncIterator[link_pb2.Uplink]:
        hello = link_pb2.Hello(min_revision=1, max_revision=1, extension_version="1.2.3")
        hello.capabilities.policies = hello.capabilities.secrets = True
        yield link_pb2.Uplink(hello=hello)
        while True:
            yield await self._out.get()


async def connected(api: Api) -> ScriptedBrowser:
    paired = await api.pair()
    return ModernBrowser(api.channel, bearer(paired.tokens.access_token), shop)


async def test_a_pattern_that_cannot_be_read_is_refused_by_its_field(api: Api) -> None:
    policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
    rule = policy_pb2.PolicyRule(origins=["https://x.example/path"], permission=policy_pb2.PERMISSION_DENY)
    policy = policy_pb2.Policy(allowed_origins=["example.com", "*.*"], rules=[rule])
    request = policy_service_pb2.SetPolicyRequest(policy=policy)
    error = await failed(policies.SetPolicy(request, metadata=api.owner))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    fields = [one.field for one in error_of(error).details.field_violations.violations]
    assert fields == ["policy.allowed_origins[1]", "policy.rules[0].origins[0]"]


@pytest.mark.parametrize("field", ["private_network", "local_documents", "trusted_input", "plain_http"])
async def test_what_pages_load_by_themselves_is_allowed_or_denied_and_never_asked_about(api: Api, field: str) -> None:
    policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
    asking = policy_pb2.Policy()
    setattr(asking, field, policy_pb2.PERMISSION_ASK)
    error = await failed(policies.SetPolicy(policy_service_pb2.SetPolicyRequest(policy=asking), metadata=api.owner))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [one.field for one in error_of(error).details.field_violations.violations] == [f"policy.{field}"]


async def test_the_policy_holds_from_the_next_call_on_and_nothing_is_sent(api: Api) -> None:
    async with await connected(api) as browser:
        go = action_pb2.Action(navigate=action_pb2.NavigateAction(url="https://EVIL.example./x"))
        await act(api, go)
        answer = await set_policy(api, policy_pb2.Policy(denied_origins=["evil.example"]))
        assert answer.in_force.local_documents == policy_pb2.PERMISSION_DENY
        sent = len(browser.commands)
        info = await refused(api, go)
        assert info.error_code == error_pb2.ERROR_CODE_POLICY_DENIED
        assert "evil.example" in info.message
        assert len(browser.commands) == sent


async def test_an_approval_is_good_for_exactly_this_action(api: Api) -> None:
    async with await connected(api) as browser:
        await api.browsers.GetPageState(browser_service_pb2.GetPageStateRequest(tab_id=9), metadata=api.owner)
        info = await refused(api, CLICK)
        assert info.error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED
        asked = info.details.approval
        assert list(asked.consequences) == [policy_pb2.CONSEQUENCE_BUY]
        assert "Buy now" in asked.what
        assert not [command for command in browser.commands if command.HasField("action")]
        twice = action_pb2.Action(click=action_pb2.ClickAction(element_id=1, count=2))
        assert (await refused(api, twice, asked.action_digest)).error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED
        result = await act(api, CLICK, asked.action_digest)
        assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED
        assert list(browser.commands[-1].grants.approved) == [policy_pb2.CONSEQUENCE_BUY]


async def test_a_browser_that_does_not_judge_is_looked_at_first(api: Api) -> None:
    paired = await api.pair()
    async with ScriptedBrowser(api.channel, bearer(paired.tokens.access_token), shop) as browser:
        info = await refused(api, CLICK)
        assert info.error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED
        assert not [command for command in browser.commands if command.HasField("action")]


async def test_what_only_the_page_finds_out_is_asked_about_too(api: Api) -> None:
    async with await connected(api):
        click = action_pb2.Action(click=action_pb2.ClickAction(element_id=2))
        info = await refused(api, click)
        assert info.error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED
        assert list(info.details.approval.consequences) == [policy_pb2.CONSEQUENCE_BUY]
        result = await act(api, click, info.details.approval.action_digest)
        assert result.status == action_pb2.ACTION_STATUS_SUCCEEDED


async def test_a_secret_goes_to_the_browser_and_never_comes_back(api: Api) -> None:
    policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
    put = policy_service_pb2.PutSecretRequest(name="shop", value=VALUE, origins=["https://shop.example"])
    await policies.PutSecret(put, metadata=api.owner)
    listed = await policies.ListSecrets(policy_service_pb2.ListSecretsRequest(), metadata=api.owner)
    assert [secret.name for secret in listed.secrets] == ["shop"]
    assert VALUE.encode() not in listed.SerializeToString()
    async with await connected(api) as browser:
        fill = action_pb2.Action(input_text=action_pb2.InputTextAction(element_id=1, secret="shop"))
        result = await act(api, fill)
        sent = browser.commands[-1]
        assert (sent.secret.value, list(sent.secret.origins)) == (VALUE, ["https://shop.example"])
        assert VALUE.encode() not in sent.action.SerializeToString()
        assert result.outcome_details.message == "Typed <secret shop>"
        request = browser_service_pb2.GetPageStateRequest(tab_id=9)
        state = (await api.browsers.GetPageState(request, metadata=api.owner)).page_state
        assert state.title == "<secret shop>"
        delete = policy_service_pb2.DeleteSecretRequest(name="shop")
        await policies.DeleteSecret(delete, metadata=api.owner)
        info = await refused(api, fill)
        assert info.error_code == error_pb2.ERROR_CODE_SECRET_UNAVAILABLE


async def test_nothing_that_is_kept_holds_a_secrets_value(api: Api) -> None:
    policies = policy_service_pb2_grpc.PolicyServiceStub(api.channel)
    put = policy_service_pb2.PutSecretRequest(name="shop", value=VALUE, origins=["https://shop.example"])
    await policies.PutSecret(put, metadata=api.owner)
    kept = [path for path in api.settings.home_path.rglob("*") if path.is_file()]
    assert kept
    assert [path.name for path in kept if VALUE.encode() in path.read_bytes()] == []
