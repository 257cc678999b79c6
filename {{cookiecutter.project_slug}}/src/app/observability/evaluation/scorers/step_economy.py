"""`step_economy`: it asked the model no more often than the task needs."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.trajectory import trajectory_of


@dataclass(frozen=True, slots=True)
class StepEconomy:
    """Compares the model's turns with `expected["max_steps"]`."""

    name: str = "step_economy"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """1 within the limit, else the limit over what was used; 0 when it had to be stopped. None without a limit."""
        limit = case.expected.get("max_steps")
        if limit is None:
            return None
        found = trajectory_of(output)
        if found.capped:
            return Score(0.0, f"was stopped after {found.steps} steps")
        return Score(min(1.0, limit / found.steps), "" if found.steps <= limit else f"{found.steps} steps, {limit} do")
