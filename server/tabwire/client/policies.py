"""PolicyService through a client's connection: `PolicyApi(client.transport)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabwire.v1 import policy_pb2, policy_service_pb2_grpc
from tabwire.v1 import policy_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tabwire.client.transport import Transport

_CALL_S = 30.0


class PolicyApi:
    """The owner's policy and secrets. Every method raises what `Client`'s methods raise."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._stub = policy_service_pb2_grpc.PolicyServiceStub(transport.channel)

    async def get_policy(self) -> pb.GetPolicyResponse:
        """The owner's policy, and what is in force."""
        return await self._transport.unary(self._stub.GetPolicy, pb.GetPolicyRequest(), _CALL_S)

    async def set_policy(self, policy: policy_pb2.Policy) -> pb.SetPolicyResponse:
        """Replaces the owner's policy."""
        return await self._transport.unary(self._stub.SetPolicy, pb.SetPolicyRequest(policy=policy), _CALL_S)

    async def list_secrets(self) -> Sequence[policy_pb2.Secret]:
        """The secrets, without their values."""
        return (await self._transport.unary(self._stub.ListSecrets, pb.ListSecretsRequest(), _CALL_S)).secrets

    async def put_secret(
        self,
        name: str,
        value: str,
        origins: Sequence[str],
        *,
        kind: policy_pb2.SecretKind.ValueType = policy_pb2.SECRET_KIND_TEXT,
    ) -> policy_pb2.Secret:
        """Stores a secret, or replaces the one of that name."""
        request = pb.PutSecretRequest(name=name, kind=kind, value=value, origins=origins)
        return (await self._transport.unary(self._stub.PutSecret, request, _CALL_S)).secret

    async def delete_secret(self, name: str) -> None:
        """Deletes a secret."""
        await self._transport.unary(self._stub.DeleteSecret, pb.DeleteSecretRequest(name=name), _CALL_S)
