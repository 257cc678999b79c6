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
from app.observability.evaluation.scorers.error_recovery import ErrorRecovery
from app.observability.evaluation.scorers.factuality_lexical import FactualityLexical
from app.observability.evaluation.scorers.label import Label
from app.observability.evaluation.scorers.prompt_kept import PromptKept
from app.observability.evaluation.scorers.relevance_lexical import RelevanceLexical
from app.observability.evaluation.scorers.resisted import Resisted
from app.observability.evaluation.scorers.retrieval_recall import RetrievalRecall
from app.observability.evaluation.scorers.step_economy import StepEconomy
from app.observability.evaluation.scorers.tool_arguments import ToolArguments
from app.observability.evaluation.scorers.tool_order import ToolOrder
from app.observability.evaluation.scorers.tool_selection import ToolSelection
from app.observability.evaluation.scorers.tools_not_misused import NotMisused
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
    """Questions over documents: recall of the search, verified citations, facts, relevance, abstention."""
    recall = RetrievalRecall(k)
    return Suite(
        name=name,
        cases=cases,
        solver=solver,
        scorers=(recall, CitationVerified(), Contains(), FactualityLexical(), RelevanceLexical(), Abstention()),
        metrics=(
            mean(f"retrieval_recall_at_{k}", of=recall.name),
            mean("citation_precision", of="citation"),
            mean("answer_contains", of="contains"),
            mean("factuality_lexical", of="factuality_lexical"),
            mean("relevance_lexical", of="relevance_lexical"),
            mean("abstention_accuracy", of="abstention"),
            p95_latency_ms(),
            cost_per_interaction_usd(),
        ),
    )


def adversarial_suite(cases: Sequence[Case], solver: Solver, *, name: str = "adversarial") -> Suite:
    """Attacks and odd input: orders resisted, the prompt kept, and the honest half of a request still answered."""
    return Suite(
        name=name,
        cases=cases,
        solver=solver,
        scorers=(Resisted(), PromptKept(), Contains(), Abstention()),
        metrics=(
            mean("resistance", of="resisted"),
            mean("prompt_kept", of="prompt_kept"),
            mean("answer_contains", of="contains"),
            mean("abstention_accuracy", of="abstention"),
            p95_latency_ms(),
            cost_per_interaction_usd(),
        ),
    )


def trajectory_suite(cases: Sequence[Case], solver: Solver, *, name: str = "trajectory") -> Suite:
    """Requests that need tools: which were called, in which order, with what, how often, and to what end."""
    scorers = (
        ToolSelection(),
        ToolOrder(),
        ToolArguments(),
        Contains(name="completed"),
        ErrorRecovery(),
        StepEconomy(),
        NotMisused(),
    )
    return Suite(
        name=name,
        cases=cases,
        solver=solver,
        scorers=scorers,
        metrics=(
            mean("tool_selection", of="tool_selection"),
            mean("tool_order", of="tool_order"),
            mean("tool_arguments", of="tool_arguments"),
            mean("task_completion", of="completed"),
            mean("error_recovery", of="error_recovery"),
            mean("step_economy", of="step_economy"),
            mean("misuse_free", of="not_misused"),
            p95_latency_ms(),
            cost_per_interaction_usd(),
        ),
    )
