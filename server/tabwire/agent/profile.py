"""How models of a family are spoken to, as data: what they are offered, how much they are shown, how they are asked.

Chosen by the model's name, overridden by the setting TABWIRE_MODEL_PROFILE. Nothing here knows an endpoint; whether one
takes a parameter or a schema is found out by `tabwire.agent.model`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType

# Seldom needed: offered in one alternative of the schema for all of them, so that each costs its name and little more.
RARE = frozenset(
    {
        "answer_dialog",
        "ask_human",
        "close_tab",
        "collect_rows",
        "drag",
        "find_elements",
        "find_text",
        "get_attributes",
        "go_back",
        "go_forward",
        "hand_over",
        "hover",
        "open_tab",
        "read_markdown",
        "read_rows",
        "read_value",
        "reload",
        "screenshot",
        "select_text",
        "switch_tab",
    }
)
# A weak model does without these: it confuses them with others more often than it needs them.
_CONFUSING = RARE - {"ask_human", "drag", "find_text", "go_back"}
# Fields that a weak model fills in where they only do harm.
_FINE_POINTS = frozenset(
    {
        "ask_human.options",
        "click.button",
        "click.count",
        "input_text.append",
        # It sends forms that are half filled in.
        "input_text.submit",
        "press_keys.element_id",
        "read_text.element_id",
        "scroll.pages",
        "wait.element_id",
        "wait.gone",
        "wait.timeout_ms",
        "wait.url",
    }
)


@dataclass(frozen=True)
class Profile:
    """How one kind of model is spoken to."""

    name: str
    left_out: frozenset[str] = frozenset({"read_value"})
    """Actions that it is not offered: the page's state tells what is in fields."""
    fields_left_out: frozenset[str] = frozenset()
    """Fields that it is not told of, as "click.count"."""
    is_exact: bool = False
    """It is held to the exact form also of actions that are seldom needed."""
    plans: bool = True
    """It may write a plan, a memory and a next goal; else only why and what."""
    max_actions: int = 6
    """At most so many actions in one decision."""
    is_weak: bool = False
    """It is told less and more plainly: one element a line, only what can be used with a number, an example, the task
    once more at the end of each turn, and a hint as soon as it repeats itself. It is told of and held to what the page
    takes now, on the elements that it was told (`tabwire.agent.choices`)."""
    says_why: int = 0
    """Its reasoning is held to so many characters where the endpoint can do that; 0 for no bound."""
    remembers: bool = True
    """It is told a conversation that grows; else each time anew the task, what was done in short, and the page."""
    deltas: bool = True
    """It is told what changed on a page where that is shorter than the page."""
    state_characters: int = 24_000
    """A page is shown up to here."""
    read_characters: int = 6_000
    """What an action read is shown up to here."""
    budget_tokens: int = 24_000
    """The conversation is shortened beyond this."""
    reads_schema: bool = False
    """Its endpoints show it the schema, so that it need not be told again, and take the strict form alone."""
    vision: bool = False
    """It is offered pictures of the page."""
    temperature: float | None = 0.0
    """None for models that take none."""
    reasoning_effort: str = ""
    """For models that think before they answer; empty for others."""
    max_output_tokens: int = 4096
    """An answer is cut off there."""


SMALL = Profile(
    "small",
    left_out=_CONFUSING,
    fields_left_out=_FINE_POINTS,
    is_exact=True,
    plans=False,
    max_actions=1,
    is_weak=True,
    remembers=False,
    says_why=240,
    state_characters=9_000,
    read_characters=3_000,
    budget_tokens=6_000,
    max_output_tokens=700,
)
DEFAULT = Profile("default")
STRONG = Profile(
    "strong", max_actions=10, state_characters=40_000, budget_tokens=60_000, reads_schema=True, vision=True
)
REASONING = replace(STRONG, name="reasoning", temperature=None, reasoning_effort="low", max_output_tokens=16_384)
# Thinks, but sees nothing.
REASONING_TEXT = replace(REASONING, name="reasoning_text", reads_schema=False, vision=False, reasoning_effort="")

PROFILES = MappingProxyType({one.name: one for one in (SMALL, DEFAULT, STRONG, REASONING, REASONING_TEXT)})

# The first that fits counts. Sizes stand before families: a small model of a strong family is a small model.
_FAMILIES: tuple[tuple[str, Profile], ...] = (
    (r"deepseek-(r1|reasoner)|\bqwq|magistral|[-_:.](thinking|reasoner|reasoning)\b", REASONING_TEXT),
    (r"(?<![\d.a])(0?\.\d+|[1-4](\.\d+)?)b\b", SMALL),
    (r"smollm|tinyllama|gemma-?3n|phi-?[34](\.5)?-mini|[-_](nano|tiny)\b(?<!gpt-5-nano)(?<!gpt-4\.1-nano)", SMALL),
    (r"(^|[/_-])(o[1-9]|gpt-[5-9]|gpt-oss)\b", REASONING),
    (r"gpt-4(o|\.\d)?|chatgpt|claude|gemini|grok|pixtral-large|qwen[\d.]*-?vl-?(72b|max|plus)|llama-?4", STRONG),
)


def choose(model: str, override: str = "auto") -> Profile:
    """The profile for a model of this name; `override` names another one, or is "auto"."""
    if override in PROFILES:
        return PROFILES[override]
    name = model.lower()
    for pattern, profile in _FAMILIES:
        if re.search(pattern, name):
            return profile
    return DEFAULT
