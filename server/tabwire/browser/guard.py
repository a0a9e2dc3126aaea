"""Holds what is asked of a browser against the policy: before it is sent, and what comes back before it is shown.

One for each `LinkedBrowser`. What the policy says is `tabwire.policy`'s business, what is in force `policies.py`'s;
here the two meet what is known of the page. The browser judges once more, about what is really shown; what it finds out
is remembered, so that a person is asked about it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from tabwire.errors import TabwireError
from tabwire.policy import approved, facts, secrets
from tabwire.policy.consequences import classify
from tabwire.policy.verdict import Verdict, judge_address, judge_consequences
from tabwire.v1 import action_pb2, error_pb2, policy_pb2, state_pb2

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from google.protobuf.message import Message

    from tabwire.browser.policies import Policies
    from tabwire.v1 import link_pb2, task_pb2

# Actions that leave a page, or are about the browser and not about what the tab shows.
_LEAVING = frozenset({"navigate", "open_tab", "go_back", "go_forward", "close_tab", "switch_tab"})
_SLOT_SIZE = 100_000
_MAX_LEARNED = 2000


class Learned:
    """What browsers found out about elements that no state tells: by browser, element, and kind of action."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str, int, str], frozenset[policy_pb2.Consequence.ValueType]] = OrderedDict()

    def of(self, browser_id: str, action: action_pb2.Action) -> frozenset[policy_pb2.Consequence.ValueType]:
        """What is known that an action leads to."""
        return self._found.get(_place(browser_id, action), frozenset())

    def learn(
        self, browser_id: str, action: action_pb2.Action, consequences: Iterable[policy_pb2.Consequence.ValueType]
    ) -> None:
        """Notes what an action turned out to lead to."""
        place = _place(browser_id, action)
        self._found[place] = self._found.get(place, frozenset()) | frozenset(consequences)
        self._found.move_to_end(place)
        while len(self._found) > _MAX_LEARNED:
            self._found.popitem(last=False)


def _place(browser_id: str, action: action_pb2.Action) -> tuple[str, str, int, str]:
    return browser_id, action.document_id, facts.element_id_of(action), facts.kind_of(action)


class Guard:
    """The policy of one caller: a task, or the API of an owner."""

    def __init__(
        self,
        policies: Policies | None,
        learned: Learned,
        browser_id: str,
        owner_id: str,
        task: Callable[[], task_pb2.Task] | None,
    ) -> None:
        """Without policies nothing is judged; only tests that are about something else go without."""
        self._policies = policies
        self._learned = learned
        self._browser_id = browser_id
        self._owner_id = owner_id
        self._task = task

    @property
    def judges(self) -> bool:
        """Whether there is a policy at all."""
        return self._policies is not None

    async def in_force(self) -> policy_pb2.EffectivePolicy | None:
        """What holds now."""
        if self._policies is None:
            return None
        return await self._policies.in_force(self._owner_id, self._task() if self._task is not None else None)

    async def judge(
        self,
        action: action_pb2.Action,
        known: state_pb2.PageState | None,
        look: Callable[[], Awaitable[state_pb2.PageState]],
    ) -> Verdict:
        """What the policy says of an action. `known` is the tab as it was seen last; `look` looks at it now.

        It is looked at only where a person is to be asked, who approves what is there then, and where what was never
        seen would be denied.
        """
        policy = await self.in_force()
        if policy is None:
            return Verdict(policy_pb2.PERMISSION_ALLOW)
        verdict = self._judge(policy, action, known)
        is_seen = known is not None or bool(facts.url_of(action))
        if verdict.is_allowed or (verdict.permission == policy_pb2.PERMISSION_DENY and is_seen):
            return verdict
        now = known if facts.kind_of(action) in ("navigate", "open_tab") else await look()
        return self._judge(policy, action, now)

    def _judge(
        self, policy: policy_pb2.EffectivePolicy, action: action_pb2.Action, state: state_pb2.PageState | None
    ) -> Verdict:
        target = facts.url_of(action)
        element_id = facts.element_id_of(action)
        slot = element_id // _SLOT_SIZE
        elements = list(state.actionable_elements) if state is not None else []  # made once, and looked at repeatedly
        element = next((one for one in elements if one.id == element_id), None) if element_id else None
        url = _url_of(state, slot)
        verdicts = [judge_address(policy, target)] if target and target != "about:blank" else []
        if leads_to := facts.link_of(action, element):
            verdicts.append(judge_address(policy, leads_to))
        if url and facts.kind_of(action) not in _LEAVING:
            verdicts.append(judge_address(policy, url, is_main=slot == 0))
        siblings = [one for one in elements if one.frame_slot == slot]
        found = classify(facts.facts_of(action, element, siblings)) | self._learned.of(self._browser_id, action)
        verdicts.append(judge_consequences(policy, target or url, found))
        decided = max(verdicts, key=lambda verdict: verdict.permission)  # DENY > ASK > ALLOW, by their numbers
        where = target or url
        is_asked = decided.permission == policy_pb2.PERMISSION_ASK
        return Verdict(
            decided.permission,
            decided.consequences,
            decided.reason,
            decided.remedy,
            approved.digest_of(action, where, decided.consequences, element, siblings) if is_asked else b"",
            approved.in_words(action, element),
            where,
            approved.filled_in(element, siblings) if is_asked and facts.is_pressing(action) else "",
        )

    @staticmethod
    def is_refused(result: action_pb2.ActionResult) -> bool:
        """Whether the browser has refused an action for what it would lead to."""
        info = result.error_info
        return info.error_code == error_pb2.ERROR_CODE_APPROVAL_NEEDED and bool(info.details.approval.consequences)

    def learn(self, action: action_pb2.Action, refused: action_pb2.ActionResult) -> None:
        """Remembers what an action would lead to."""
        self._learned.learn(self._browser_id, action, refused.error_info.details.approval.consequences)

    async def secret(self, action: action_pb2.Action) -> link_pb2.SecretValue | None:
        """The value of the secret that an action names; None if it names none."""
        name = action.input_text.secret if facts.kind_of(action) == "input_text" else ""
        if not name:
            return None
        if self._policies is None:
            raise TabwireError(error_pb2.ERROR_CODE_SECRET_UNAVAILABLE, "No secrets are kept here.")
        task = self._task() if self._task is not None else None
        return await self._policies.secret_value(self._owner_id, task, name)

    async def clean(self, message: Message) -> None:
        """Takes the values of secrets out of what is to be shown."""
        if values := await self._values():
            secrets.scrub(message, values)

    async def _values(self) -> Mapping[str, str]:
        if self._policies is None:
            return {}
        return await self._policies.values(self._owner_id, self._task() if self._task is not None else None)

    async def screened(self, state: state_pb2.PageState) -> state_pb2.PageState:
        """The state without what may not be looked into, and without the values of secrets."""
        policy = await self.in_force()
        if policy is not None:
            verdict = judge_address(policy, state.url)
            if not verdict.is_allowed:
                error = verdict.error()
                error.error_code = error_pb2.ERROR_CODE_POLICY_DENIED
                return state_pb2.PageState(tab_id=state.tab_id, url=state.url, error_info=error)
            for frame in state.frames:
                if frame.slot and not frame.HasField("error_info"):
                    _hide(policy, state, frame)
        await self.clean(state)
        return state


def _hide(policy: policy_pb2.EffectivePolicy, state: state_pb2.PageState, frame: state_pb2.Frame) -> None:
    """Takes the elements of a frame out that may not be looked into."""
    verdict = judge_address(policy, frame.url, is_main=False)
    if verdict.is_allowed:
        return
    frame.error_info.CopyFrom(verdict.error())
    frame.error_info.error_code = error_pb2.ERROR_CODE_POLICY_DENIED
    kept = [one for one in state.actionable_elements if one.frame_slot != frame.slot]
    del state.actionable_elements[:]
    state.actionable_elements.extend(kept)


def _url_of(state: state_pb2.PageState | None, slot: int) -> str:
    """The address by which a document is judged; one without an origin of its own has that of the one around it."""
    if state is None:
        return ""
    frames = {frame.slot: frame for frame in state.frames}
    for _ in range(len(frames)):
        frame = frames.get(slot)
        if frame is None or slot == 0 or (frame.url and not frame.url.startswith("about:")):
            break
        slot = frame.parent_slot
    return frames[slot].url if slot in frames and frames[slot].url else state.url
