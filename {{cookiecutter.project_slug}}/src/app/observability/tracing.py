"""Traces: spans with the GenAI convention's names, readable in MLflow and any OTLP backend.

Every span has real ids even when nothing is exported, so a call row always knows its trace. Exporting happens on
a background thread and gives up quickly: a backend that is down costs spans, never latency and never a log storm.
"""

from __future__ import annotations

import atexit
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.caller import Caller
from app.observability import semconv
from app.observability.redaction import redact, redact_value
from app.observability.semconv import Operation

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

_QUEUE = 4096
_DELAY_MS = 500
_propagator = TraceContextTextMapPropagator()
_provider: TracerProvider | None = None
# The provider's tracer: looking it up costs more than starting a span.
_tracer: Tracer | None = None
_lock = threading.Lock()


def configure(service_name: str, exporters: Sequence[SpanExporter] = (), *, environment: str = "dev") -> None:
    """Trace as `service_name` to `exporters` (see span_export). An earlier configuration is shut down first."""
    shutdown()
    provider = _new_provider(service_name, environment)
    for exporter in exporters:
        provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=_QUEUE, schedule_delay_millis=_DELAY_MS)
        )
    _install(provider)


def configure_for_tests(service_name: str = "test") -> InMemorySpanExporter:
    """Trace into memory, at once; the returned exporter holds the finished spans."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    shutdown()
    exporter = InMemorySpanExporter()
    provider = _new_provider(service_name, "test")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    _install(provider)
    return exporter


def tracer() -> Tracer:
    """The tracer of this project. Before `configure` its spans have ids and go nowhere."""
    global _provider, _tracer
    found = _tracer
    if found is None:
        with _lock:
            _provider = _provider or _new_provider("app", "dev")
            found = _tracer = _provider.get_tracer("app")
    return found


def shutdown(timeout_s: float = 5.0) -> bool:
    """Send what is waiting and stop, in at most `timeout_s`. False when some spans were left behind."""
    global _provider, _tracer
    with _lock:
        provider, _provider, _tracer = _provider, None, None
    if provider is None:
        return True
    worker = threading.Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    worker.start()
    worker.join(timeout_s)
    return not worker.is_alive()


def flush(timeout_s: float = 5.0) -> bool:
    """Send what is waiting and go on. False when it took longer than `timeout_s`."""
    provider = _provider
    if provider is None:
        return True
    worker = threading.Thread(target=provider.force_flush, name="tracing-flush", daemon=True)
    worker.start()
    worker.join(timeout_s)
    return not worker.is_alive()


class OperationSpan:
    """A span being filled in. Inputs and outputs are JSON values already masked for the log."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self._span.get_span_context().span_id:016x}"

    def set(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes by their name in semconv; None is left out."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, value)

    def inputs(self, value: Mapping[str, Any]) -> None:
        """What went in, as a JSON object: MLflow builds datasets from objects, not from lists."""
        self._span.set_attribute(semconv.MLFLOW_INPUTS, _as_json(value))

    def outputs(self, value: Any) -> None:
        """What came out, any JSON value."""
        self._span.set_attribute(semconv.MLFLOW_OUTPUTS, _as_json(value))

    def usage(self, input_tokens: int, output_tokens: int, cached_input_tokens: int = 0) -> None:
        """Tokens; `input_tokens` includes the cached ones."""
        self.set(
            {
                semconv.INPUT_TOKENS: input_tokens,
                semconv.OUTPUT_TOKENS: output_tokens,
                semconv.CACHED_INPUT_TOKENS: cached_input_tokens or None,
            }
        )

    def cost(self, input_usd: float, output_usd: float) -> None:
        """Dollars of this operation, so that MLflow shows our figure and not its own guess."""
        total = input_usd + output_usd
        self._span.set_attribute(
            semconv.MLFLOW_COST,
            json.dumps({"input_cost": input_usd, "output_cost": output_usd, "total_cost": total}),
        )

    def tag(self, name: str, value: str) -> None:
        """A tag of the whole trace in MLflow; heeded on the root span only."""
        self._span.set_attribute(semconv.MLFLOW_TRACE_TAG + name, value)

    def fail(self, error: BaseException) -> None:
        """Mark the operation as failed by `error`."""
        self._span.set_attribute(semconv.ERROR_TYPE, type(error).__name__)
        self._span.set_status(Status(StatusCode.ERROR, redact(f"{type(error).__name__}: {error}")))


@contextmanager
def operation_span(
    operation: Operation,
    name: str,
    *,
    caller: Caller | None = None,
    attributes: Mapping[str, Any] | None = None,
    parent: Context | None = None,
    attach: bool = True,
) -> Iterator[OperationSpan]:
    """A span over the block, named by the convention: `chat {model}`, `invoke_agent {agent}`.

    `attach=False` leaves the current span as it is: for generators, which may be closed from another context.
    An exception marks the span and passes on.
    """
    kind = SpanKind.CLIENT if operation in (Operation.CHAT, Operation.EMBEDDINGS) else SpanKind.INTERNAL
    label = f"{operation.operation_name} {name}".strip()
    span = tracer().start_span(label, context=parent, kind=kind, attributes=_identity(operation, caller))
    operated = OperationSpan(span)
    operated.set(attributes or {})
    try:
        if attach:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield operated
        else:
            yield operated
    except BaseException as error:
        if not isinstance(error, GeneratorExit):
            operated.fail(error)
        raise
    finally:
        span.end()


def parent_of(headers: Mapping[str, str]) -> Context | None:
    """The caller's trace as its `traceparent` header names it; None when there is none or it is malformed."""
    carrier = {name.lower(): value for name, value in headers.items()}
    if "traceparent" not in carrier:
        return None
    context = _propagator.extract(carrier)
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def trace_headers() -> dict[str, str]:
    """Headers that carry the current trace to another process."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def _identity(operation: Operation, caller: Caller | None) -> dict[str, str]:
    attributes = {semconv.MLFLOW_SPAN_TYPE: operation.span_type}
    if operation.operation_name:
        attributes[semconv.OPERATION] = operation.operation_name
    if caller is not None:
        attributes |= {
            semconv.USER: caller.user,
            semconv.TENANT: caller.tenant,
            semconv.MLFLOW_TRACE_TAG + "tenant": caller.tenant,
        }
        if caller.session is not None:
            attributes |= {semconv.CONVERSATION: caller.session, semconv.SESSION: caller.session}
    return attributes


def _as_json(value: Any) -> str:
    return json.dumps(redact_value(value), ensure_ascii=False, default=str)


def _new_provider(service_name: str, environment: str) -> TracerProvider:
    resource = Resource.create({"service.name": service_name, "deployment.environment.name": environment})
    return TracerProvider(resource=resource, shutdown_on_exit=False)


def _install(provider: TracerProvider) -> None:
    global _provider, _tracer
    with _lock:
        _provider, _tracer = provider, None
    atexit.unregister(shutdown)
    atexit.register(shutdown)
