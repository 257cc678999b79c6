"""Ways to answer the same for less: another model of the configuration, or less of each retrieved passage.

Each is tried on the dev split against things as they are, by fresh replies, so that its cost is measured and not
remembered. The cheapest that loses nothing is judged once by the held-out cases. Nothing is applied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.commands.evaluation.running import How, evaluate
from app.commands.evaluation.telling import comparisons
from app.commands.evaluation.wanted import Wanted
from app.commands.optimising.trial import held_out, on_dev
from app.observability.evaluation.comparison import Comparison
from app.observability.evaluation.conclusion import lost_beyond_noise
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.success import Success
from app.settings import Settings

COST = "cost_per_interaction_usd"
LATENCY = "p95_latency_ms"
# A cheaper way is worth a review when an answer costs at least this share less.
WORTH = 0.05

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Option:
    """One way: its name, what a run of it takes, and the configuration that would make it permanent."""

    name: str
    model: str | None
    settings: Settings
    proposal: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """The cheapest way that lost nothing, on the held-out cases too: costs of an answer in USD."""

    option: Option
    before_usd: float
    after_usd: float


@dataclass(frozen=True, slots=True)
class Tried:
    """An option on the dev split: what it costs, and the metrics it loses."""

    option: Option
    usd: float | None
    lost: tuple[str, ...]


def models(loaded: Settings, task: str) -> list[Option]:
    """The other models that answer chats here, each alone on the task's route."""
    route = loaded.routes[task]
    wordless = {loaded.retrieval.embedding_model, loaded.retrieval.rerank.removeprefix("model:")}
    found = []
    for name, served in loaded.models.items():
        if name != route.models[0] and name not in wordless and served.get(loaded.provider):
            others = [other for other in route.models if other != name]
            found.append(Option(f"model {name}", name, loaded, {"routes": {task: {"models": [name, *others]}}}))
    return found


def contexts(loaded: Settings) -> list[Option]:
    """Fewer passages, sentences of them alone, summaries of them."""
    found = []
    for count in range(loaded.retrieval.top_k - 1, 0, -1):
        fewer = loaded.model_copy(update={"retrieval": loaded.retrieval.model_copy(update={"top_k": count})})
        passages = "passage" if count == 1 else "passages"
        found.append(Option(f"{count} {passages}", None, fewer, {"retrieval": {"top_k": count}}))
    for form, name in (("sentences", "sentences that share words with the question"), ("summaries", "summaries")):
        if loaded.assistant.context != form:
            shorter = loaded.assistant.model_copy(update={"context": form})
            settings = loaded.model_copy(update={"assistant": shorter})
            found.append(Option(name, None, settings, {"assistant": {"context": form}}))
    return found


def cheapest(
    present: Option, options: Sequence[Option], url: str, wanted: Wanted, how: How, success: Success, say: Say
) -> Found | None:
    """Try all on the dev split, judge the best by the held-out cases; None when nothing cheaper is as good."""
    how = replace(how, apart=int(time.time()))
    before = _run(present, url, wanted, replace(how, only=on_dev))
    if before.not_run:
        say(f"  stopped: {before.stopped}")
        return None
    usd = cost(before)
    say(f"  as it is: {_usd(usd)}{_latency(before)}")
    if not usd:
        say("  nothing to save: no price is known, or it is 0; set prices under `models` in config/base.yaml")
        return None
    tried = []
    for option in options:
        result = _run(option, url, wanted, replace(how, only=on_dev))
        if result.not_run:
            say(f"  stopped: {result.stopped}")
            break
        one = Tried(option, cost(result), losses(comparisons(result, before), success, errors=bool(result.errors)))
        tried.append(one)
        quality = f"loses {', '.join(one.lost)}" if one.lost else "loses nothing"
        say(f"  {option.name:<46} {_usd(one.usd, usd)}{_latency(result)}  {quality}")
    fit = [(one.usd, one.option) for one in tried if not one.lost and one.usd is not None]
    if not fit:
        return None
    least, best = min(fit, key=lambda one: one[0])
    if least > usd * (1 - WORTH):
        return None
    return _judged(present, best, url, wanted, how, success, say)


def losses(compared: Sequence[tuple[str, Comparison]], success: Success, *, errors: bool = False) -> tuple[str, ...]:
    """The metrics that fell beyond noise, or by more than the margin of quality. An error loses everything."""
    alpha, margin = success.regression.alpha, success.releases.margins.quality
    if errors:
        return ("everything, to errors",)
    return tuple(name for name, one in compared if one.change < -margin or lost_beyond_noise(one, alpha))


def cost(result: SuiteResult) -> float | None:
    """Of an answer in USD, as measured; None where one price is not known."""
    measured = result.metrics.get(COST)
    return None if measured is None else measured.value


def _judged(
    present: Option, best: Option, url: str, wanted: Wanted, how: How, success: Success, say: Say
) -> Found | None:
    old, new = (_run(option, url, wanted, replace(how, only=held_out)) for option in (present, best))
    if old.not_run or new.not_run:
        say(f"  the held-out cases were not all run ({new.stopped or old.stopped}): nothing is proposed")
        return None
    lost = losses(comparisons(new, old), success, errors=bool(new.errors))
    before, after = cost(old), cost(new)
    if lost or not before or after is None or after > before * (1 - WORTH):
        why = f"it loses {', '.join(lost)}" if lost else "it is hardly cheaper there"
        say(f"  {best.name}: the held-out cases do not bear it out, {why}; nothing is proposed")
        return None
    say(f"  {best.name}: held-out cases bear it out, {_usd(after, before)}")
    return Found(best, before, after)


def _run(option: Option, url: str, wanted: Wanted, how: How) -> SuiteResult:
    [result] = evaluate(option.settings, url, [replace(wanted, model=option.model)], how)
    return result


def _usd(usd: float | None, before: float | None = None) -> str:
    if usd is None:
        return "cost unknown"
    return f"{usd:.6f} USD an answer" + (f" ({usd / before - 1:+.0%})" if before else "")


def _latency(result: SuiteResult) -> str:
    measured = result.metrics.get(LATENCY)
    return f", p95 {measured.value:.0f} ms" if measured and measured.value is not None else ""
