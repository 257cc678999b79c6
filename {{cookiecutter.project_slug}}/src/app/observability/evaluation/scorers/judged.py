"""`judged`: a judging model finds the answer good. Whether that may block is for its calibration to say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said. `cost_usd` is 0 for a reply that was reused."""

    passed: bool
    reason: str
    cost_usd: float = 0.0


Ask = Callable[[str, str, str], Awaitable[Opinion]]


@dataclass(frozen=True, slots=True)
class Judged:
    """`ask(question, sources, answer)` gives an Opinion. A judge that fails leaves the case errored, never passed."""

    ask: Ask
    name: str = "judged"

    async def __call__(self, case: Case, output: Output) -> Score:
        """1 for an answer the judge passes, else 0."""
        question = str(case.inputs.get("question") or case.inputs.get("request") or "")
        opinion = await self.ask(question, sources_of(output), output.text)
        return Score(float(opinion.passed), opinion.reason, opinion.cost_usd)


def sources_of(output: Output) -> str:
    """The passages as the judge reads them, numbered as the answer cites them."""
    numbered = enumerate(output.sources, start=1)
    return "\n\n".join(f"[{number}] {one.heading}\n{one.text}" for number, one in numbered) or "(none were found)"
