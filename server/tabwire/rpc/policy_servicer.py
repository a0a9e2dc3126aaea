"""PolicyService: the owner's policy and secrets. Requests in, answers out; what one means is `tabwire.policy`'s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tabwire.errors import TabwireError
from tabwire.policy.levels import unreadable_patterns
from tabwire.policy.origins import read_pattern
from tabwire.policy.secrets import read_totp
from tabwire.rpc.identity import principal
from tabwire.v1 import error_pb2, policy_pb2, policy_service_pb2_grpc
from tabwire.v1 import policy_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    import grpc

    from tabwire.browser.policies import Policies

    Context = grpc.aio.ServicerContext[Any, Any]


class PolicyServicer(policy_service_pb2_grpc.PolicyServiceServicer):
    """Answers PolicyService."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    async def GetPolicy(self, request: pb.GetPolicyRequest, context: Context) -> pb.GetPolicyResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        owner_id = principal().owner_id
        return pb.GetPolicyResponse(
            policy=await self._policies.of_owner(owner_id), in_force=await self._policies.in_force(owner_id, None)
        )

    async def SetPolicy(self, request: pb.SetPolicyRequest, context: Context) -> pb.SetPolicyResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        owner_id = principal().owner_id
        check_patterns(unreadable_patterns(request.policy))
        await self._policies.set_policy(owner_id, request.policy)
        return pb.SetPolicyResponse(policy=request.policy, in_force=await self._policies.in_force(owner_id, None))

    async def ListSecrets(self, request: pb.ListSecretsRequest, context: Context) -> pb.ListSecretsResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        return pb.ListSecretsResponse(secrets=await self._policies.list_secrets(principal().owner_id))

    async def PutSecret(self, request: pb.PutSecretRequest, context: Context) -> pb.PutSecretResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        check_patterns(
            [f"origins[{index}]" for index, text in enumerate(request.origins) if read_pattern(text) is None]
        )
        kind = request.kind or policy_pb2.SECRET_KIND_TEXT
        if kind == policy_pb2.SECRET_KIND_TOTP and read_totp(request.value) is None:
            raise _violation(["value"], "must be base32, or an otpauth://totp/ address")
        secret = await self._policies.put_secret(
            principal().owner_id, request.name, kind, request.value, request.origins
        )
        return pb.PutSecretResponse(secret=secret)

    async def DeleteSecret(self, request: pb.DeleteSecretRequest, context: Context) -> pb.DeleteSecretResponse:  # noqa: ARG002, N802 - gRPC's interface
        """See the contract."""
        await self._policies.delete_secret(principal().owner_id, request.name)
        return pb.DeleteSecretResponse()


def check_patterns(fields: Sequence[str]) -> None:
    """Raises INVALID_ARGUMENT for fields with origin patterns that cannot be understood."""
    if fields:
        raise _violation(fields, "must be an origin pattern, as https://example.com or *.example.com")


def _violation(fields: Sequence[str], description: str) -> TabwireError:
    violations = [error_pb2.FieldViolation(field=field, description=description) for field in fields]
    return TabwireError(
        error_pb2.ERROR_CODE_INVALID_ARGUMENT,
        f"{', '.join(fields)} {description}.",
        remedy="Correct it and try again.",
        details=error_pb2.ErrorDetails(field_violations=error_pb2.FieldViolationsDetails(violations=violations)),
    )
