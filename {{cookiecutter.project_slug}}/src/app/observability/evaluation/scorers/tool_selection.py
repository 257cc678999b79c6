"""`tool_selection`: it called the tools the task needs, and no others."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.trajectory import trajectory_of


@dataclass(frozen=True, slots=True)
class ToolSelection:
    """Compares the set of tools called with that of `expected["tools"]`; an empty list says that none is needed."""

    name: str = "tool_selection"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """Tools in both over tools in either; None when the case does not say."""
        if "tools" not in case.expected:
            return None
        wanted, called = set(case.expected["tools"]), set(trajectory_of(output).names)
        if not wanted | called:
            return Score(1.0)
        value = len(wanted & called) / len(wanted | called)
        missing, needless = sorted(wanted - called), sorted(called - wanted)
        reason = f"did not call {missing[0]}" if missing else f"called {needless[0]} needlessly" if needless else ""
        return Score(value, reason)
