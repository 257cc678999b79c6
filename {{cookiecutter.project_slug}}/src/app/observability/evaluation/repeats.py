"""Several runs of one suite as one: each score the mean over the runs, and the cases whose score was not stable named.

What varies from run to run with nothing changed is noise; a case that does so often is one for quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.observability.evaluation.output import Score
from app.observability.evaluation.result import CaseResult, SuiteResult
from app.observability.evaluation.suite import Suite


def merged(suite: Suite, runs: Sequence[SuiteResult]) -> SuiteResult:
    """One result out of runs over the same cases. The answer shown is the first run's; an error in any run counts."""
    if len(runs) == 1:
        return runs[0]
    by_run = [{case.id: case for case in run.cases} for run in runs]
    cases, unstable = [], []
    for case in runs[0].cases:
        same = [found[case.id] for found in by_run if case.id in found]
        scores = {name: _mean(name, same) for name in case.scores}
        errors = [one.error for one in same if one.error]
        if any(len({round(s.value, 6) for one in same if (s := one.scores.get(name))}) > 1 for name in case.scores):
            unstable.append(case.id)
        cases.append(replace(case, scores=scores, error=errors[0] if errors else None))
    counted = [case for case in cases if not case.quarantined]
    missing = dict.fromkeys(name for run in runs for name in run.not_run)
    return replace(
        runs[0],
        cases=tuple(cases),
        seconds=round(sum(run.seconds for run in runs), 3),
        metrics={metric.name: metric.measure(counted) for metric in suite.metrics},
        not_run=tuple(missing),
        stopped=next((run.stopped for run in runs if run.stopped), ""),
        repeats=len(runs),
        unstable=tuple(unstable),
    )


def _mean(name: str, cases: Sequence[CaseResult]) -> Score | None:
    found = [score for case in cases if (score := case.scores.get(name)) is not None]
    if not found:
        return None
    value = sum(score.value for score in found) / len(found)
    worst = min(found, key=lambda score: score.value)
    return Score(value, worst.reason, sum(score.cost_usd for score in found))
