"""The search: leave parts out as long as the dev split does not suffer, then try what a model proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.commands.optimising.parts import Part, parts_of, without
from app.commands.optimising.proposals import Proposal
from app.commands.optimising.trial import Trial, on_dev
from app.intelligence.messages import Message
from app.intelligence.stream import estimate_tokens
from app.observability.evaluation.result import SuiteResult

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class State:
    """A text, what it scored on the dev split, and what every call sends of it."""

    messages: tuple[Message, ...]
    result: SuiteResult
    score: float

    @property
    def tokens(self) -> int:
        """Of the prompt itself, without its inputs; estimated."""
        return sum(estimate_tokens(message.text) for message in self.messages)


def start(trial: Trial, metric: str) -> State:
    """The prompt as it is."""
    [result] = trial.results([trial.prompt.messages], on_dev)
    return State(trial.prompt.messages, result, score_of(result, metric))


def shorten(trial: Trial, metric: str, first: State, most: int, tolerance: float, say: Say) -> State:
    """Without the parts that do not pay: each is left out alone, then those that cost nothing, one after the other."""
    parts = sorted(parts_of(first.messages), key=lambda part: -part.tokens)[:most]
    results = trial.results([without(first.messages, [part]) for part in parts], on_dev)
    alone = []
    for part, result in zip(parts, results, strict=True):
        if result.not_run:
            break
        change = score_of(result, metric) - first.score
        alone.append((change, part))
        say(f"  without {part.told():<76} {part.tokens:>5} tokens  {metric} {change:+.4f}")
    gone: list[Part] = []
    best = first
    for _, part in sorted(((c, p) for c, p in alone if c >= -tolerance), key=lambda one: (-one[0], -one[1].tokens)):
        messages = without(first.messages, [*gone, part])
        [result] = trial.results([messages], on_dev)
        if result.not_run:
            say(f"  stopped: {result.stopped}")
            break
        score = score_of(result, metric)
        if score >= max(best.score, first.score) - tolerance:
            gone.append(part)
            best = State(messages, result, score)
    if gone:
        say(
            f"  left out together: {len(gone)} parts, {first.tokens} -> {best.tokens} tokens, {metric} {best.score:.4f}"
        )
    return best


def reworded(trial: Trial, metric: str, best: State, proposals: Sequence[Proposal], say: Say) -> State:
    """The best proposal, where one beats what there is."""
    for proposal in proposals:
        if proposal.refused is not None:
            say(f"  proposal not tried: {proposal.refused}")
            continue
        [result] = trial.results([proposal.messages], on_dev)
        if result.not_run:
            say(f"  stopped: {result.stopped}")
            break
        score = score_of(result, metric)
        say(f"  proposal: {proposal.change[:80]}: {metric} {score - best.score:+.4f}")
        if score > best.score:
            best = State(proposal.messages, result, score)
    return best


def score_of(result: SuiteResult, metric: str) -> float:
    """The metric that is optimised; 0 where nothing was measured or a case errored."""
    measured = result.metrics.get(metric)
    return 0.0 if measured is None or measured.value is None or result.errors else measured.value
