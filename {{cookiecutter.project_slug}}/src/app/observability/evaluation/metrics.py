"""Metrics: many scores summed up in one number, for the whole suite and for each slice.

A metric over nothing has no value; it is never zero or one by default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.observability.evaluation.measured import Measured
from app.observability.evaluation.result import CaseResult


@dataclass(frozen=True, slots=True)
class Metric:
    """A named way to sum up case results."""

    name: str
    measure: Callable[[Sequence[CaseResult]], Measured]


def mean(name: str, of: str) -> Metric:
    """The mean of the scores of scorer `of`, by slice too. Accuracy and recall are means of their scores."""

    def measure(cases: Sequence[CaseResult]) -> Measured:
        scored = [(case.slice, score.value) for case in cases if (score := case.scores.get(of)) is not None]
        slices: dict[str, list[float]] = {}
        for slice_name, value in scored:
            slices.setdefault(slice_name, []).append(value)
        return Measured(
            value=_mean([value for _, value in scored]),
            n=len(scored),
            by_slice={name: sum(values) / len(values) for name, values in sorted(slices.items())},
            scorer=of,
        )

    return Metric(name, measure)


def p95_latency_ms() -> Metric:
    """The 95th percentile (nearest rank) of the time an answer took, reused replies left out."""

    def measure(cases: Sequence[CaseResult]) -> Measured:
        times = sorted(case.output.latency_ms for case in cases if case.output and not case.output.cached)
        value = times[math.ceil(0.95 * len(times)) - 1] if times else None
        return Measured(value=value, n=len(times), reused=_all_reused(cases))

    return Metric("p95_latency_ms", measure)


def cost_per_interaction_usd() -> Metric:
    """The mean cost of an answer in dollars, reused replies left out.

    One answer whose price is unknown leaves the metric without a value: a mean of the rest would flatter.
    """

    def measure(cases: Sequence[CaseResult]) -> Measured:
        fresh = [case.output.cost_usd for case in cases if case.output and not case.output.cached]
        known = [cost for cost in fresh if cost is not None]
        value = _mean(known) if len(known) == len(fresh) else None
        return Measured(value=value, n=len(known), reused=_all_reused(cases))

    return Metric("cost_per_interaction_usd", measure)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _all_reused(cases: Sequence[CaseResult]) -> bool:
    outputs = [case.output for case in cases if case.output]
    return bool(outputs) and all(output.cached for output in outputs)
