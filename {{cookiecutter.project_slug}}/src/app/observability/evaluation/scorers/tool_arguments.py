"""`tool_arguments`: it gave the tools what the task says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.scorers.contains import plain
from app.observability.evaluation.scorers.trajectory import trajectory_of


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """Compares with `expected["arguments"]`: by tool, the arguments one of its calls must have had.

    A text must be held by the argument, letter case and white space aside; everything else must be equal.
    """

    name: str = "tool_arguments"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """Right arguments over expected ones, of the best call of each tool; None when the case names none."""
        wanted = case.expected.get("arguments") or {}
        total = sum(len(arguments) for arguments in wanted.values())
        if not total:
            return None
        calls, right, wrong = trajectory_of(output).calls, 0, []
        for tool, arguments in wanted.items():
            found = [[name for name in arguments if _fits(call.arguments.get(name), arguments[name])] for call in calls
                     if call.name == tool]  # fmt: skip
            best = max(found, key=len, default=[])
            right += len(best)
            wrong += [f"{tool}.{name} is not {arguments[name]!r}" for name in arguments if name not in best]
        return Score(right / total, "; ".join(wrong[:2]))


def _fits(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, str) and isinstance(given, str):
        return plain(wanted) in plain(given)
    return bool(given == wanted)
