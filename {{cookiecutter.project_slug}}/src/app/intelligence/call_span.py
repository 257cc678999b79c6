"""The span of one call: opened before the first attempt, described when the outcome is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from app.intelligence.call import Call
from app.intelligence.reply import Reply
from app.observability import semconv
from app.observability.semconv import Operation
from app.observability.tracing import OperationSpan, operation_span

OPERATIONS = {"chat": Operation.CHAT, "embeddings": Operation.EMBEDDINGS, "rerank": Operation.RETRIEVAL}


@contextmanager
def call_span(call: Call, kind: Literal["chat", "embeddings", "rerank"]) -> Iterator[OperationSpan]:
    """A span over the call; the call learns its trace and span ids. Streams do not become the current span."""
    attach = not call.request.stream
    with operation_span(OPERATIONS[kind], call.request.model, caller=call.caller, attach=attach) as span:
        call.trace_id, call.span_id = span.trace_id, span.span_id
        yield span


def describe(span: OperationSpan, call: Call, reply: Reply | None) -> None:
    """Say on the span what was asked and what came of it. Texts are redacted by the span itself."""
    request = call.request
    span.inputs({"messages": [{"role": m.role, "content": m.text} for m in request.messages]})
    span.set(
        {
            semconv.CALL_ID: str(call.id),
            semconv.TASK: call.task,
            semconv.PROVIDER: reply.provider if reply else call.order[0].provider,
            semconv.REQUEST_MODEL: request.model,
            semconv.REQUEST_TEMPERATURE: request.temperature,
            semconv.REQUEST_MAX_TOKENS: request.max_output_tokens,
            semconv.REQUEST_STREAM: request.stream or None,
            semconv.PROMPT_NAME: call.prompt.task if call.prompt else None,
            semconv.PROMPT_VERSION: str(call.prompt.version) if call.prompt else None,
        }
    )
    if reply is None:
        return
    span.outputs({"text": call.said} if not reply.tool_calls else {"tool_calls": [c.name for c in reply.tool_calls]})
    span.usage(reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_input_tokens)
    span.set(
        {
            semconv.RESPONSE_MODEL: reply.deployment,
            semconv.FINISH_REASONS: [reply.finish_reason],
            semconv.FIRST_CHUNK_S: call.first_token_ms / 1000 if call.first_token_ms is not None else None,
            semconv.DEPLOYMENT: f"{reply.provider}/{reply.deployment}",
            semconv.CACHED: reply.cached,
            semconv.DEGRADED: reply.degraded,
            semconv.CONFIDENCE: reply.confidence,
            semconv.CONFIDENCE_BY: reply.confidence_by,
        }
    )
    if reply.cost_usd is not None:
        span.cost(0.0, reply.cost_usd)
