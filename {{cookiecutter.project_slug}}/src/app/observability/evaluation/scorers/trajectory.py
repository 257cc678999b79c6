"""What an agent did, as the scorers of trajectories read it out of an answer's `detail`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.observability.evaluation.output import Output


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a tool. `outcome` is `ok`, `failed`, `refused`, `invalid`, or `waiting` for a person."""

    name: str
    arguments: Mapping[str, Any]
    outcome: str


@dataclass(frozen=True, slots=True)
class Trajectory:
    """All calls in their order, and how many times the model was asked. `capped`: it was made to answer."""

    calls: tuple[Called, ...]
    steps: int
    capped: bool

    @property
    def names(self) -> list[str]:
        """The tools in the order they were called."""
        return [call.name for call in self.calls]


def trajectory_of(output: Output) -> Trajectory:
    """Raises KeyError when the solver left no trajectory."""
    detail = output.detail
    return Trajectory(tuple(Called(**call) for call in detail["calls"]), detail["steps"], detail["capped"])
