"""Which RPC needs which scope, and how long one may take: one line for each RPC of the contract.

A test holds this table against the descriptors; a method that is missing here is refused, not let through.
"""

from __future__ import annotations

from dataclasses import dataclass

from tabwire.v1 import auth_pb2

# None: no token is needed. ANY: any valid token. Else: a token with this scope.
ANY = auth_pb2.SCOPE_UNSPECIFIED

_UNARY_S = 60.0
# A command may make the browser wait for a page for 300 s (WaitAction.timeout_ms); a little more for the way.
_ACT_S = 330.0


@dataclass(frozen=True)
class Rule:
    """What an RPC needs, and after how many seconds the server gives up on it if it is not a stream."""

    scope: auth_pb2.Scope.ValueType | None
    cap_s: float = _UNARY_S

    def admits(self, scopes: frozenset[auth_pb2.Scope.ValueType]) -> bool:
        """Whether a token with these scopes may call."""
        if self.scope is None or self.scope == ANY or self.scope in scopes:
            return True
        return auth_pb2.SCOPE_ADMIN in scopes and self.scope != auth_pb2.SCOPE_BROWSER


_PUBLIC = Rule(None)
_ANY = Rule(ANY)
_BROWSER = Rule(auth_pb2.SCOPE_BROWSER)
_TASKS = Rule(auth_pb2.SCOPE_TASKS)
_READ = Rule(auth_pb2.SCOPE_READ)
_ADMIN = Rule(auth_pb2.SCOPE_ADMIN)

RULES: dict[str, Rule] = {
    "/tabwire.v1.AuthService/CreatePairingCode": _ADMIN,
    "/tabwire.v1.AuthService/Pair": _PUBLIC,
    "/tabwire.v1.AuthService/RefreshToken": _PUBLIC,
    "/tabwire.v1.AuthService/CreateApiToken": _ADMIN,
    "/tabwire.v1.AuthService/ListApiTokens": _ADMIN,
    # One's own token, or more with the scope admin: the servicer looks at what is to be revoked.
    "/tabwire.v1.AuthService/RevokeToken": _ANY,
    "/tabwire.v1.AuthService/RotateSigningKey": _ADMIN,
    "/tabwire.v1.AuthService/WhoAmI": _ANY,
    "/tabwire.v1.LinkService/Connect": _BROWSER,
    "/tabwire.v1.LinkService/OpenLink": _BROWSER,
    "/tabwire.v1.LinkService/Attach": _BROWSER,
    "/tabwire.v1.LinkService/Send": _BROWSER,
    "/tabwire.v1.LinkService/CloseLink": _BROWSER,
    "/tabwire.v1.BrowserService/ListBrowsers": _READ,
    "/tabwire.v1.BrowserService/ListTabs": _READ,
    "/tabwire.v1.BrowserService/GetPageState": _READ,
    "/tabwire.v1.BrowserService/Act": Rule(auth_pb2.SCOPE_TASKS, cap_s=_ACT_S),
    "/tabwire.v1.BrowserService/Ping": _READ,
    "/tabwire.v1.BrowserService/WatchTab": _READ,
    "/tabwire.v1.TaskService/CreateTask": _TASKS,
    "/tabwire.v1.TaskService/GetTask": _READ,
    "/tabwire.v1.TaskService/ListTasks": _READ,
    "/tabwire.v1.TaskService/WatchTask": _READ,
    "/tabwire.v1.TaskService/ModifyTask": _TASKS,
    "/tabwire.v1.TaskService/PauseTask": _TASKS,
    "/tabwire.v1.TaskService/ResumeTask": _TASKS,
    "/tabwire.v1.TaskService/StopTask": _TASKS,
    "/tabwire.v1.TaskService/AnswerTask": _TASKS,
    "/tabwire.v1.TaskService/SteerTask": _TASKS,
    "/tabwire.v1.TaskService/DeleteTask": _TASKS,
    "/tabwire.v1.TaskService/ListTaskEffects": _READ,
    "/tabwire.v1.TaskService/ExportTask": _READ,
    "/tabwire.v1.TaskService/GetTaskPrompt": _READ,
    "/tabwire.v1.PolicyService/GetPolicy": _READ,
    "/tabwire.v1.PolicyService/SetPolicy": _ADMIN,
    "/tabwire.v1.PolicyService/ListSecrets": _READ,
    "/tabwire.v1.PolicyService/PutSecret": _ADMIN,
    "/tabwire.v1.PolicyService/DeleteSecret": _ADMIN,
    "/grpc.health.v1.Health/Check": _PUBLIC,
    "/grpc.health.v1.Health/Watch": _PUBLIC,
    "/grpc.health.v1.Health/List": _PUBLIC,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": _ANY,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": _ANY,
}
