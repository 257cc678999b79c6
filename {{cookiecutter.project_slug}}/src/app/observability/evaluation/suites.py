"""The suites every project starts with: which scorers and metrics belong to which kind of task.

Their metric names are those of config/success.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.observability.evaluation.case import Case
from app.observability.evaluation.metrics import cost_per_interaction_usd, mean, p95_latency_ms
from app.observability.evaluation.scorers.abstention import Abstention
from app.observability.evaluation.scorers.citation_verified import CitationVerified
from app.observability.evaluation.scorers.contains import Contains
from app.observability.evaluation.scorers.label import Label
from app.observability.evaluation.scorers.retrieval_recall import RetrievalRecall
from app.observability.evaluation.suite import Solver, Suite


def classification_suite(cases: Sequence[Case], solver: Solver, *, name: str = "classification") -> Suite:
    """One label a case: accuracy, time and cost."""
    return Suite(
        name=name,
        cases=cases,
        solver=solver,
        scorers=(Label(),),
        metrics=(mean("accuracy", of="label"), p95_latency_ms(), cost_per_interaction_usd()),
    )


def rag_suite(cases: Sequence[Case], solver: Solver, *, name: str = "rag", k: int = 5) -> Suite:
    """Questions over documents: recall of the search, verified citations, facts in the answer, abstention."""
    recall = RetrievalRecall(k)
    return Suite(
        name=name,
        cases=cases,
        solver=solver,
        scorers=(recall, CitationVerified(), Contains(), Abstention()),
        metrics=(
            mean(f"retrieval_recall_at_{k}", of=recall.name),
            mean("citation_precision", of="citation"),
            mean("answer_contains", of="contains"),
            mean("abstention_accuracy", of="abstention"),
            p95_latency_ms(),
            cost_per_interaction_usd(),
        ),
    )
