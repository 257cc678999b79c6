"""A suite: cases, the solver that answers them, the scorers that judge answers, the metrics that sum them up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.observability.evaluation.case import Case
from app.observability.evaluation.metrics import Metric
from app.observability.evaluation.output import Output, Score

Solver = Callable[[Case], Awaitable[Output]]


class Scorer(Protocol):
    """Judges one answer. May be a coroutine function, as a judging model needs.

    None means that the scorer does not apply to this case, such as recall where nothing is to be found. Raising
    marks the case as errored.
    """

    @property
    def name(self) -> str:
        """The name under which its scores are kept."""
        ...

    def __call__(self, case: Case, output: Output) -> Score | Awaitable[Score | None] | None:
        """The score of `output` as the answer to `case`."""
        ...


@dataclass(frozen=True, slots=True)
class Suite:
    """`name` is also the name of its case file, its baseline and its section in config/success.yaml."""

    name: str
    cases: Sequence[Case]
    solver: Solver
    scorers: Sequence[Scorer]
    metrics: Sequence[Metric]
