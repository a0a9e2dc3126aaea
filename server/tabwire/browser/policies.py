"""Owners' policies and secrets as the browser port needs them: what is in force for a task, and a secret's value at the
moment it is sent.

Evaluating is pure and stands in `tabwire.policy`; keeping is `tabwire.store`'s and `tabwire.security`'s. Where the two
are held against an action is `guard.py`.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from tabwire.browser.recent import Recent
from tabwire.errors import TabwireError
from tabwire.policy import levels, secrets
from tabwire.v1 import error_pb2, link_pb2, policy_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tabwire.security.secrets import SecretBox
    from tabwire.settings import Settings
    from tabwire.store.policy_store import PolicyStore
    from tabwire.store.tables import SecretRow
    from tabwire.v1 import task_pb2

# Of so many tasks it is remembered which values were filled in.
_MAX_TASKS = 500
_ADDRESS = re.compile(r"""\bhttps?://[^\s<>"'`)\]}]+|\blocalhost(?::\d+)?""", re.IGNORECASE)


class _Held(NamedTuple):
    """An owner's policy, and what is in force by it for those who call directly."""

    policy: policy_pb2.Policy
    directly: policy_pb2.EffectivePolicy


class Policies:
    """See the module."""

    def __init__(
        self, store: PolicyStore, box: SecretBox, settings: Settings, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._box = box
        self._settings = settings
        self._now = now
        self._recent: Recent[_Held] = Recent(self._read)
        self._filled: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()

    async def of_owner(self, owner_id: str) -> policy_pb2.Policy:
        """The owner's policy; an empty one if none was set."""
        return (await self._recent.get(owner_id)).policy

    async def _read(self, owner_id: str) -> _Held:
        return self._held(policy_pb2.Policy.FromString(await self._store.policy(owner_id)))

    def _held(self, policy: policy_pb2.Policy) -> _Held:
        # Who calls directly names the addresses: they begin there.
        return _Held(policy, self._levels([policy], ["http://localhost"]))

    async def set_policy(self, owner_id: str, policy: policy_pb2.Policy) -> None:
        """Replaces the owner's policy. It holds from the next command on."""
        await self._store.set_policy(owner_id, policy.SerializeToString(deterministic=True))
        self._recent.put(owner_id, self._held(policy))

    async def in_force(self, owner_id: str, task: task_pb2.Task | None) -> policy_pb2.EffectivePolicy:
        """What holds for a task, or for direct calls; not to be changed."""
        held = await self._recent.get(owner_id)
        if task is None:
            return held.directly
        return self._levels([held.policy, *([task.policy] if task.HasField("policy") else [])], began_at(task))

    def _levels(self, policies: Sequence[policy_pb2.Policy], began: Sequence[str]) -> policy_pb2.EffectivePolicy:
        return levels.in_force(
            policies,
            began_at=began,
            trusted_input=self._settings.trusted_input != "never",
            javascript_origins=self._settings.javascript_origin_list,
        )

    async def list_secrets(self, owner_id: str) -> Sequence[policy_pb2.Secret]:
        """The owner's secrets, without their values."""
        return [_told(row) for row in await self._store.secrets(owner_id)]

    async def put_secret(
        self, owner_id: str, name: str, kind: policy_pb2.SecretKind.ValueType, value: str, origins: Sequence[str]
    ) -> policy_pb2.Secret:
        """Stores a secret, or replaces the one of that name."""
        sealed = self._box.seal(owner_id, name, value)
        return _told(await self._store.put_secret(owner_id, name, kind=kind, origins=origins, sealed=sealed))

    async def delete_secret(self, owner_id: str, name: str) -> None:
        """Deletes a secret."""
        await self._store.delete_secret(owner_id, name)

    async def has_secret(self, owner_id: str, name: str) -> bool:
        """Whether there is a secret of this name."""
        return await self._store.secret(owner_id, name) is not None

    async def secret_value(self, owner_id: str, task: task_pb2.Task | None, name: str) -> link_pb2.SecretValue:
        """What is to be typed for a secret now. Raises SECRET_UNAVAILABLE if it does not exist or was not given."""
        row = None
        if task is None or name in task.secrets:
            row = await self._store.secret(owner_id, name)
        if row is None:
            raise _unavailable(name, was_given=task is None or name in task.secrets)
        value = self._value(owner_id, row)
        key = (owner_id, task.task_id if task is not None else "")
        self._filled.setdefault(key, {})[name] = value
        self._filled.move_to_end(key)
        while len(self._filled) > _MAX_TASKS:
            self._filled.popitem(last=False)
        return link_pb2.SecretValue(name=name, value=value, origins=row.origins.split("\n"))

    async def values(self, owner_id: str, task: task_pb2.Task | None) -> Mapping[str, str]:
        """The values that nobody is to be shown: those that were filled in, and those that the task was given."""
        known = self._filled.setdefault((owner_id, task.task_id if task is not None else ""), {})
        for name in task.secrets if task is not None else ():
            if name not in known:
                row = await self._store.secret(owner_id, name)
                # One-time passwords are worth nothing before they are made.
                is_text = row is not None and row.kind != policy_pb2.SECRET_KIND_TOTP
                known[name] = self._box.open(owner_id, name, row.sealed) if row is not None and is_text else ""
        return known

    def _value(self, owner_id: str, row: SecretRow) -> str:
        value = self._box.open(owner_id, row.name, row.sealed)
        if row.kind != policy_pb2.SECRET_KIND_TOTP:
            return value
        totp = secrets.read_totp(value)
        if totp is None:
            raise _unavailable(row.name, was_given=True)
        return totp.at(self._now())


def began_at(task: task_pb2.Task) -> list[str]:
    """The addresses that the person named for a task, or was at when they gave it.

    Until its first step is there, nobody knows yet where a task begins that is given for the tab the person is in.
    """
    if not task.start_url and not task.steps:
        return ["http://localhost"]
    named = [task.start_url, task.context.url, *(step.url for step in task.steps[:1])]
    for text in (task.description, task.details):
        named.extend(found if "//" in found else f"http://{found}" for found in _ADDRESS.findall(text))
    return [url for url in named if url]


def _told(row: SecretRow) -> policy_pb2.Secret:
    return policy_pb2.Secret(
        name=row.name,
        kind=policy_pb2.SecretKind.ValueType(row.kind),
        origins=row.origins.split("\n"),
        stored_at_s=int(row.stored_at.timestamp()),
    )


def _unavailable(name: str, *, was_given: bool) -> TabwireError:
    message = f"There is no secret {name}." if was_given else f"The task was not given the secret {name}."
    remedy = f"Store it: tabwire secret put {name}" if was_given else f"Give it to the task: --secret {name}"
    return TabwireError(error_pb2.ERROR_CODE_SECRET_UNAVAILABLE, message, remedy=remedy)
