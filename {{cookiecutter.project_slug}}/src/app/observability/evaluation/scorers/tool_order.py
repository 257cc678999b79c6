"""`tool_order`: it called the tools in the order the task needs."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.trajectory import trajectory_of


@dataclass(frozen=True, slots=True)
class ToolOrder:
    """Looks for `expected["tools"]` as a subsequence of the calls; other calls in between do no harm here."""

    name: str = "tool_order"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """The share of the expected tools that come one after the other; None for fewer than two."""
        wanted = case.expected.get("tools") or []
        if len(wanted) < 2:
            return None
        reached = 0
        for name in trajectory_of(output).names:
            if reached < len(wanted) and name == wanted[reached]:
                reached += 1
        return Score(reached / len(wanted), "" if reached == len(wanted) else f"{wanted[reached]} did not follow")
