"""Evaluation results for tests, made by running real suites over made-up cases with a scripted solver."""

from __future__ import annotations

from collections.abc import Callable, Collection

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Source
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import run
from app.observability.evaluation.suites import classification_suite, rag_suite

LABELS = ("billing", "technical", "account")
SLICES = ("common", "common", "common", "edge")


def tickets(count: int = 240) -> list[Case]:
    """Tickets `t-000` ... with labels in turn."""
    return [
        Case(
            f"t-{n:03d}",
            {"ticket": f"ticket {n}"},
            {"label": LABELS[n % len(LABELS)]},
            SLICES[n % len(SLICES)],
        )
        for n in range(count)
    ]


async def classified(
    cases: list[Case] | None = None,
    *,
    wrong: Collection[int] = (),
    answer: Callable[[Case], str] | None = None,
    cached: bool = False,
    label: str = "classify@2",
) -> SuiteResult:
    """The classification suite, right except for the cases whose index is in `wrong`."""
    cases = tickets() if cases is None else cases
    missed = {cases[index].id for index in wrong}

    async def solve(case: Case) -> Output:
        text = answer(case) if answer else ("other" if case.id in missed else str(case.expected["label"]))
        return Output(text, cost_usd=0.001, latency_ms=10.0, cached=cached, prompt_version=2)

    return await run(classification_suite(cases, solve), label=label)


async def answered(text: str, *, abstained: bool = False, count: int = 3) -> SuiteResult:
    """The RAG suite where every question gets the same answer and the same two sources."""
    sources = (
        Source("billing/refunds.md", "Refund window", "Refunds are possible within 14 days of the invoice."),
        Source("billing/plans.md", "Plans", "The team plan costs 40 euro a month."),
    )
    expected = {
        "answerable": True,
        "relevant": [{"document": "billing/refunds.md", "heading": "Refund window"}],
        "contains": ["14 days"],
    }
    cases = [Case(f"q-{n}", {"question": f"Refund window {n}?"}, expected) for n in range(count)]

    async def solve(case: Case) -> Output:
        return Output(text, sources=sources, abstained=abstained, cost_usd=0.01, latency_ms=5.0)

    return await run(rag_suite(cases, solve), label="answer@1")
