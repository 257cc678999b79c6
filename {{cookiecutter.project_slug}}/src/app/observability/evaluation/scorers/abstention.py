"""`abstention`: it answers what can be answered and declines what cannot."""

from __future__ import annotations

from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score


@dataclass(frozen=True, slots=True)
class Abstention:
    """Compares `abstained` with `expected["answerable"]`."""

    name: str = "abstention"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """1 when it did the right one of the two, else 0; None when the case does not say."""
        answerable = case.expected.get("answerable")
        if answerable is None:
            return None
        if output.abstained != answerable:
            return Score(1.0)
        return Score(0.0, "declined an answerable question" if answerable else "answered without grounds")
