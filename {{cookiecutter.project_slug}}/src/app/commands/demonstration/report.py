"""What the demo found, as a table for people and as build/demo.json for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.verdict import Verdict
from app.settings import Settings

# Shown apart from the scores: they are those of a run with many cases at once, or of none when all was reused.
TIMES_AND_COSTS = ("p95_latency_ms", "cost_per_interaction_usd")


@dataclass
class Report:
    """Filled while the demo runs. Seconds are wall time, costs US dollars."""

    loaded: Settings
    steps: list[dict[str, Any]] = field(default_factory=list)
    promoted: list[dict[str, Any]] = field(default_factory=list)
    pipeline: dict[str, Any] = field(default_factory=dict)
    suites: list[dict[str, Any]] = field(default_factory=list)
    gate: dict[str, Any] = field(default_factory=dict)
    prompts: list[dict[str, Any]] = field(default_factory=list)
    mlflow: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    trace: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def step(self, name: str, status: str, seconds: float, outcome: str) -> None:
        """Note a finished step."""
        self.steps.append({"name": name, "status": status, "seconds": round(seconds, 3), "outcome": outcome})

    def evaluated(self, found: SuiteResult, seconds: float) -> None:
        """Note a suite's scores."""
        self.suites.append(
            {
                "suite": found.suite,
                "label": found.label,
                "cases": len(found.cases),
                "errors": len(found.errors),
                "seconds": round(seconds, 3),
                "scores": {name: measured.value for name, measured in found.metrics.items()},
                "cost_usd": sum(case.output.cost_usd or 0.0 for case in found.cases if case.output),
            }
        )

    def judged(self, verdict: Verdict) -> None:
        """Note the gate's verdict."""
        self.gate = {"verdict": verdict.status, "reasons": list(verdict.reasons), "notes": list(verdict.notes)}

    @contextmanager
    def kept(self, path: Path) -> Iterator[None]:
        """Write the report when the block ends, however it ends."""
        try:
            yield
        finally:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.document(), indent=1, ensure_ascii=False, default=str) + "\n", "utf-8")

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "project": self.loaded.project.slug,
            "provider": self.loaded.provider,
            "seconds": round(time.perf_counter() - self.began, 3),
            "steps": self.steps,
            "promoted": self.promoted,
            "pipeline": self.pipeline,
            "suites": self.suites,
            "gate": self.gate,
            "prompts": self.prompts,
            "mlflow": self.mlflow,
            "answers": self.answers,
            "trace_id": self.trace.get("trace_id"),
            "trace": self.trace,
        }

    def table(self) -> str:
        """The summary a person reads."""
        lines = ["", f"{self.loaded.project.name}: {time.perf_counter() - self.began:.1f} s in all", ""]
        lines += [f"  {s['seconds']:7.1f} s  {s['status']:<7} {s['name']:<22} {s['outcome']}" for s in self.steps]
        lines += ["", *self._scores(), "", f"  gate: {self.gate.get('verdict', 'not reached')}"]
        lines += [f"    {reason}" for reason in self.gate.get("reasons", ())]
        lines += ["", *self._answers(), "", *self._trace(), "", *_further(self.mlflow.get("url"))]
        if self.loaded.provider == "offline":
            lines += ["", "  The models were the offline stand-in: these scores prove the machinery, not a model."]
        return "\n".join(lines)

    def _scores(self) -> Iterator[str]:
        for suite in self.suites:
            yield f"  {suite['suite']:<15} {suite['label']:<12} {suite['cases']:>4} cases  {suite['cost_usd']:.4f} USD"
            for name, value in suite["scores"].items():
                if name not in TIMES_AND_COSTS:
                    yield f"      {name:<26} {'-' if value is None else f'{value:.3f}'}"

    def _answers(self) -> Iterator[str]:
        for answer in self.answers:
            yield f"  Q ({answer['client']}) {answer['question']}"
            yield f"  A {answer['answer']}"
            for citation in answer["citations"]:
                place = " > ".join((citation["document_id"], *citation["heading"]))
                yield f"      [{citation['marker']}] {place}"

    def _trace(self) -> Iterator[str]:
        if self.trace:
            yield f"  trace {self.trace['trace_id']}"
            yield f"    {self.trace['calls']} rows in the call log, {self.trace['mlflow_spans']} spans in MLflow"


def _further(mlflow_url: str | None) -> Iterator[str]:
    if mlflow_url:
        yield f"  MLflow     {mlflow_url}  (evaluation runs, traces, prompts; it stays up)"
    yield "  look       make ui         MLflow's pages over this project"
    yield "  serve      make serve      the service, then: curl -s localhost:8000/healthz"
    yield "  stop       make stop       ends the database and MLflow"
