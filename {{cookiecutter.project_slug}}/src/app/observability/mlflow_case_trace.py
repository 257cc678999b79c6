"""An evaluated case as an MLflow trace: what its interface shows in one row of a comparison.

The trace is made up from the stored result. The trace of the call that gave the answer is named in a tag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.observability.evaluation.result import CaseResult, SuiteResult


class CaseTrace:
    """One case as a trace of one span, with an assessment for each expectation and score."""

    def __init__(self, case: CaseResult, result: SuiteResult, run_id: str, prompt: Any | None = None) -> None:
        self._case, self._result, self._run_id, self._prompt = case, result, run_id, prompt
        key = hashlib.sha256(f"{run_id}/{case.id}".encode()).digest()
        self._trace_key, self._span_key = int.from_bytes(key[:16]), int.from_bytes(key[16:24])
        self.id = f"tr-{self._trace_key:032x}"
        self._start_ns = int(datetime.fromisoformat(result.started_at).timestamp() * 1e9)
        self._duration_ms = int(case.output.latency_ms) if case.output else 0

    def info(self, experiment_id: str) -> Any:
        """The trace's record, assessments included, as an mlflow.entities.TraceInfo."""
        from mlflow.entities import TraceInfo, TraceLocation, TraceState

        inputs, outputs = _json(self._case.inputs), _json(_shown(self._case))
        return TraceInfo(
            trace_id=self.id,
            trace_location=TraceLocation.from_experiment_id(experiment_id),
            request_time=self._start_ns // 1_000_000,
            execution_duration=self._duration_ms,
            state=TraceState.ERROR if self._case.error else TraceState.OK,
            request_preview=inputs[:1000],
            response_preview=outputs[:1000],
            trace_metadata={
                "mlflow.sourceRun": self._run_id,
                "mlflow.trace_schema.version": "3",
                "mlflow.traceInputs": inputs[:8000],
                "mlflow.traceOutputs": outputs[:8000],
            },
            tags=self._tags(),
            assessments=[*self._expectations(), *self._scores()],
        )

    def span(self) -> Any:
        """Its one span, as an mlflow.entities.Span."""
        from mlflow.entities import Span
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, Status, StatusCode

        attributes = {
            "mlflow.traceRequestId": _json(self.id),
            "mlflow.spanType": _json("AGENT" if self._case.output and self._case.output.sources else "CHAT_MODEL"),
            "mlflow.spanInputs": _json(self._case.inputs),
            "mlflow.spanOutputs": _json(_shown(self._case)),
        }
        failed = Status(StatusCode.ERROR, self._case.error) if self._case.error else Status(StatusCode.OK)
        return Span(
            ReadableSpan(
                name=f"{self._result.suite} case",
                context=SpanContext(self._trace_key, self._span_key, is_remote=False),
                attributes=attributes,
                status=failed,
                start_time=self._start_ns,
                end_time=self._start_ns + self._duration_ms * 1_000_000,
            )
        )

    def _tags(self) -> dict[str, str]:
        """`mlflow.eval.requestId` is what the interface pairs the cases of two runs by."""
        output = self._case.output
        tags = {
            "mlflow.traceName": self._case.id,
            "mlflow.eval.requestId": hashlib.sha256(_json(self._case.inputs).encode()).hexdigest(),
            "case": self._case.id,
            "slice": self._case.slice,
            "label": self._result.label,
        }
        if output and output.prompt_version is not None:
            tags["prompt_version"] = str(output.prompt_version)
        if self._prompt is not None:
            tags["mlflow.linkedPrompts"] = linked(self._prompt)
        if output and output.trace_id:
            tags["call_trace_id"] = output.trace_id
        return tags

    def _expectations(self) -> Iterable[Any]:
        from mlflow.entities import AssessmentSource, Expectation

        source = AssessmentSource(source_type="HUMAN", source_id="case file")
        for name, value in self._case.expected.items():
            shown = str(value).lower() if isinstance(value, bool) else value  # the interface shows false as null
            yield self._placed(Expectation(name=f"expected_{name}", value=shown, source=source))

    def _scores(self) -> Iterable[Any]:
        from mlflow.entities import AssessmentSource, Feedback

        for name, score in self._case.scores.items():
            if score is not None:
                source = AssessmentSource(source_type="LLM_JUDGE" if name == "judged" else "CODE", source_id=name)
                yield self._placed(
                    Feedback(name=name, value=score.value, rationale=score.reason or None, source=source)
                )
        if self._case.error:
            source = AssessmentSource(source_type="CODE", source_id="runner")
            yield self._placed(Feedback(name="error", error=self._case.error, source=source))

    def _placed(self, assessment: Any) -> Any:
        assessment.trace_id, assessment.span_id = self.id, f"{self._span_key:016x}"
        assessment.metadata = {"mlflow.assessment.sourceRunId": self._run_id}
        return assessment


def linked(prompt: Any) -> str:
    """The tag by which the interface shows the version of a prompt (an mlflow PromptVersion) beside a run or trace."""
    return json.dumps([{"name": prompt.name, "version": str(prompt.version)}])


def _shown(case: CaseResult) -> dict[str, Any]:
    """The answer as the interface shows it: circumstances that would drown a comparison are left out."""
    if case.output is None:
        return {"error": case.error}
    shown = asdict(case.output)
    return {name: shown[name] for name in ("text", "abstained", "sources", "detail") if shown[name]}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
