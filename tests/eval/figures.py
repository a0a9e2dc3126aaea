"""What is told of one try, the same for every side, and the sums over tries."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eval.endpoint import Used


@dataclass(frozen=True)
class Outcome:
    """How an agent says that its try ended."""

    steps: int
    claimed: bool
    """It reported success of its own accord."""
    words: str = ""
    """Its answer, or why it ended; for the reader of a failed try."""


@dataclass(frozen=True)
class Try:
    """One try of one side at one task with one seed."""

    side: str
    task: str
    seed: int
    reward: float
    """What the page awarded, from -1 to 1; 0 if the episode did not end."""
    steps: int
    claimed: bool
    words: str
    seconds: float
    """Of the whole try, after the page was there."""
    model_seconds: float
    calls: int
    failed_calls: int
    untold_calls: int
    prompt: int
    cached: int
    completion: int

    @property
    def solved(self) -> bool:
        """Whether the page awarded all there is."""
        return self.reward >= 1

    @property
    def is_false_success(self) -> bool:
        """Whether success was reported that the page does not bear out."""
        return self.claimed and not self.solved

    def line(self) -> str:
        """One line for the terminal."""
        verdict = "ok " if self.solved else "FALSE SUCCESS" if self.is_false_success else "NOT"
        return (
            f"{self.side:12} {self.task:24} seed {self.seed}: {verdict:13} {self.steps} steps, {self.calls} calls, "
            f"{self.prompt} prompt tokens ({self.cached} cached), {self.completion} written, {self.seconds:.1f} s, "
            f"{self.seconds - self.model_seconds:.1f} s without the model"
        )


def made(side: str, task: str, seed: int, reward: float, outcome: Outcome, seconds: float, used: Used) -> Try:
    """A try from its parts."""
    return Try(
        side=side,
        task=task,
        seed=seed,
        reward=reward,
        steps=outcome.steps,
        claimed=outcome.claimed,
        words=" ".join(outcome.words.split())[:300],
        seconds=round(seconds, 2),
        model_seconds=round(used.seconds, 2),
        calls=used.calls,
        failed_calls=used.failed,
        untold_calls=used.untold,
        prompt=used.prompt,
        cached=used.cached,
        completion=used.completion,
    )


@dataclass
class Sum:
    """Tries of one side, summed up."""

    tries: list[Try] = field(default_factory=list)

    @property
    def solved(self) -> int:
        """Tries that the page awarded in full."""
        return sum(t.solved for t in self.tries)

    @property
    def false_successes(self) -> int:
        """Tries reported as a success that the page does not bear out."""
        return sum(t.is_false_success for t in self.tries)

    @property
    def steps(self) -> float:
        """Steps of a try, mean."""
        return statistics.fmean(t.steps for t in self.tries)

    @property
    def calls(self) -> float:
        """Model calls of a try, mean."""
        return statistics.fmean(t.calls for t in self.tries)

    def a_call(self, name: str) -> float:
        """Tokens of a kind for each answered call whose endpoint told figures, mean over all such calls."""
        told = sum(t.calls - t.failed_calls - t.untold_calls for t in self.tries)
        return float(sum(getattr(t, name) for t in self.tries)) / told if told else 0.0

    def a_step(self, name: str) -> float:
        """A figure for each step, mean over all steps."""
        steps = sum(t.steps for t in self.tries)
        return float(sum(getattr(t, name) for t in self.tries)) / steps if steps else 0.0

    @property
    def seconds(self) -> float:
        """Seconds of a try, median."""
        return statistics.median(t.seconds for t in self.tries)

    @property
    def own_seconds_a_step(self) -> float:
        """Seconds of a step in which no model was waited for, mean over all steps."""
        steps = sum(t.steps for t in self.tries)
        return sum(t.seconds - t.model_seconds for t in self.tries) / steps if steps else 0.0


def of_side(tries: Iterable[Try], side: str) -> Sum:
    """All tries of a side."""
    return Sum([t for t in tries if t.side == side])


def as_json(tries: Iterable[Try]) -> list[dict[str, Any]]:
    """To be stored."""
    return [asdict(one) for one in tries]


def from_json(stored: Iterable[dict[str, Any]]) -> list[Try]:
    """What was stored."""
    return [Try(**one) for one in stored]
