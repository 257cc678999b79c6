"""`error_recovery`: a tool that failed is tried again or gone around, and the task is done all the same."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.contains import plain
from app.observability.evaluation.scorers.trajectory import trajectory_of


@dataclass(frozen=True, slots=True)
class ErrorRecovery:
    """Only for cases with `expected["recovers"]`, whose simulated tools fail at first."""

    name: str = "error_recovery"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """1 when a call after the failed one was made and the answer holds what it must; 0.5 for the call alone."""
        if not case.expected.get("recovers"):
            return None
        outcomes = [call.outcome for call in trajectory_of(output).calls]
        failed = next((at for at, outcome in enumerate(outcomes) if outcome != "ok"), None)
        if failed is None:
            return Score(0.0, "never called what fails")
        if "ok" not in outcomes[failed + 1 :]:
            return Score(0.0, "gave up after the failure")
        held = all(plain(string) in plain(output.text) for string in case.expected.get("contains") or [])
        return Score(1.0) if held else Score(0.5, "tried again, and the answer lacks what it must hold")
