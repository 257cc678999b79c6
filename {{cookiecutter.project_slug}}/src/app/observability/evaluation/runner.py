"""Runs a suite: every case through solver and scorers, many at a time, each failure kept with its case.

A spend cap may end a run early: the cases that were not reached are named, and running again goes on with them, as far
as the solver keeps its answers.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.result import CaseResult, SuiteResult
from app.observability.evaluation.spend import Spend
from app.observability.evaluation.suite import Scorer, Solver, Suite

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `cost_usd` counts what was really spent: reused replies and unknown prices add nothing."""

    suite: str
    done: int
    total: int
    errors: int
    reused: int
    cost_usd: float


async def run(
    suite: Suite,
    *,
    label: str = "current",
    at_once: int | asyncio.Semaphore = 32,
    case_timeout_s: float | None = 120.0,
    on_progress: Callable[[Progress], None] | None = None,
    quarantined: Collection[str] = (),
    spend: Spend | None = None,
) -> SuiteResult:
    """Run all cases and measure. Results are in the order of the cases; a failing case never stops the others.

    Suites that run together share `at_once` and `spend`. `quarantined` cases are run and left out of the metrics.
    """
    started_at, started = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()
    free = asyncio.Semaphore(at_once) if isinstance(at_once, int) else at_once
    spend = spend or Spend()
    finished: list[CaseResult] = []

    async def run_one(case: Case) -> CaseResult | None:
        async with free:
            if not await spend.admit():
                return None
            paid: float | None = None
            reused = False
            try:
                result = await _run_case(suite, case, case_timeout_s, quarantined=case.id in quarantined)
                paid, reused = _paid(result), result.output is None or result.output.cached
            finally:
                spend.settle(paid, reused=reused)
        finished.append(result)
        if on_progress is not None:
            on_progress(_progress(suite, finished))
        return result

    found = await asyncio.gather(*(run_one(case) for case in suite.cases))
    cases = tuple(result for result in found if result is not None)
    counted = [case for case in cases if not case.quarantined]
    return SuiteResult(
        suite=suite.name,
        label=label,
        started_at=started_at,
        seconds=round(time.perf_counter() - started, 3),
        cases=cases,
        metrics={metric.name: metric.measure(counted) for metric in suite.metrics},
        not_run=tuple(case.id for case, result in zip(suite.cases, found, strict=True) if result is None),
        stopped=spend.stopped,
    )


async def _run_case(suite: Suite, case: Case, timeout_s: float | None, *, quarantined: bool) -> CaseResult:
    output: Output | None = None
    scores: dict[str, Score | None] = {}
    errors: list[str] = []
    answered = await _outcome(_solve(suite.solver, case, timeout_s))
    if isinstance(answered, BaseException):
        errors.append(_describe("solver", answered))
    else:
        output = answered
        for scorer in suite.scorers:
            scored = await _outcome(_score(scorer, case, answered))
            if isinstance(scored, BaseException):
                errors.append(_describe(f"scorer {scorer.name}", scored))
            else:
                scores[scorer.name] = scored
    return CaseResult(
        id=case.id,
        slice=case.slice,
        inputs=case.inputs,
        expected=case.expected,
        output=output,
        scores=scores,
        error="; ".join(errors) or None,
        quarantined=quarantined,
    )


async def _outcome(work: Coroutine[Any, Any, T]) -> T | BaseException:
    """The value of `work`, or what it raised, whatever that is: a case keeps its error. Cancelling still cancels."""
    outcomes: tuple[T | BaseException] = await asyncio.gather(work, return_exceptions=True)
    return outcomes[0]


async def _solve(solver: Solver, case: Case, timeout_s: float | None) -> Output:
    async with asyncio.timeout(timeout_s):
        return await solver(case)


async def _score(scorer: Scorer, case: Case, output: Output) -> Score | None:
    score = scorer(case, output)
    if inspect.isawaitable(score):
        score = await score
    if score is not None and not 0.0 <= score.value <= 1.0:
        raise ValueError(f"score {score.value} lies outside 0 to 1")
    return score


def _describe(part: str, error: BaseException) -> str:
    return f"{part}: {type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def _paid(result: CaseResult) -> float | None:
    """What a case cost; None when a model answered at a price nobody knows. A case without an answer counts as free."""
    scored = sum(score.cost_usd for score in result.scores.values() if score)
    output = result.output
    if output is None or output.cached:
        return scored
    return None if output.cost_usd is None else output.cost_usd + scored


def _progress(suite: Suite, finished: list[CaseResult]) -> Progress:
    outputs = [case.output for case in finished if case.output]
    return Progress(
        suite=suite.name,
        done=len(finished),
        total=len(suite.cases),
        errors=sum(case.error is not None for case in finished),
        reused=sum(output.cached for output in outputs),
        cost_usd=sum(_paid(case) or 0.0 for case in finished),
    )
