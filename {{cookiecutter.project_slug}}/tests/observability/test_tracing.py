"""Traces: one trace id over all operations, names both vocabularies know, and a dead backend costs nothing."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.caller import Caller
from app.errors import CallFailedError, ConfigurationError, StoreUnavailableError
from app.observability import semconv, tracing
from app.observability.semconv import Operation
from app.observability.span_export import PatientExporter, mlflow_exporter, otlp_exporter
from app.observability.tracing import operation_span

ADA = Caller(tenant="acme", user="ada", session="s1")


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    yield tracing.configure_for_tests()
    tracing.shutdown()


@pytest.mark.feature("O1")
def test_nested_operations_share_one_trace(spans: InMemorySpanExporter) -> None:
    """The agent, its retrieval and its model call carry the same trace id, each with its own span id."""
    with operation_span(Operation.AGENT, "assistant", caller=ADA) as agent:
        with operation_span(Operation.RETRIEVAL, "corpus") as retrieval:
            pass
        with operation_span(Operation.CHAT, "large") as chat:
            pass
    assert {agent.trace_id, retrieval.trace_id, chat.trace_id} == {agent.trace_id}
    assert len({agent.span_id, retrieval.span_id, chat.span_id}) == 3
    assert [span.name for span in spans.get_finished_spans()] == [
        "retrieval corpus",
        "chat large",
        "invoke_agent assistant",
    ]


@pytest.mark.feature("O1")
def test_a_chat_span_speaks_both_vocabularies(spans: InMemorySpanExporter) -> None:
    """GenAI names for any backend, MLflow's own for its type, cost, inputs and outputs."""
    with operation_span(
        Operation.CHAT,
        "large",
        caller=ADA,
        attributes={semconv.PROMPT_NAME: "answer", semconv.PROMPT_VERSION: "2", semconv.RESPONSE_ID: None},
    ) as span:
        span.inputs({"question": "Why?"})
        span.outputs("Because [1]")
        span.usage(100, 7, cached_input_tokens=40)
        span.cost(0.001, 0.002)
    [finished] = spans.get_finished_spans()
    seen = dict(finished.attributes or {})
    assert seen["gen_ai.operation.name"] == "chat"
    assert seen["mlflow.spanType"] == "CHAT_MODEL"
    assert seen["gen_ai.prompt.version"] == "2"
    assert seen["gen_ai.conversation.id"] == "s1"
    assert seen["mlflow.traceTag.tenant"] == "acme"
    assert seen["gen_ai.usage.cache_read.input_tokens"] == 40
    assert json.loads(seen["mlflow.spanInputs"]) == {"question": "Why?"}
    assert json.loads(seen["mlflow.llm.cost"])["total_cost"] == pytest.approx(0.003)
    assert "gen_ai.response.id" not in seen


@pytest.mark.parametrize("operation", list(Operation), ids=lambda operation: operation.name)
def test_every_operation_has_a_type_in_mlflow(spans: InMemorySpanExporter, operation: Operation) -> None:
    """MLflow derives no type from most GenAI operation names, so it is always set."""
    with operation_span(operation, "x"):
        pass
    [finished] = spans.get_finished_spans()
    assert finished.attributes is not None
    assert finished.attributes["mlflow.spanType"]


def test_an_error_marks_the_span_without_its_secrets(spans: InMemorySpanExporter) -> None:
    """The span ends as an error with its class; a key in the message is not kept."""
    with pytest.raises(CallFailedError), operation_span(Operation.CHAT, "large"):
        raise CallFailedError("rejected key sk-abcdefghijklmno12345")
    [finished] = spans.get_finished_spans()
    assert finished.attributes is not None
    assert finished.attributes["error.type"] == "CallFailedError"
    assert finished.status.description == "CallFailedError: rejected key [redacted-key]"


@pytest.mark.feature("O1")
def test_a_trace_goes_on_over_http(spans: InMemorySpanExporter) -> None:
    """The headers of one process make the spans of another part of the same trace; nonsense starts a new one."""
    with operation_span(Operation.AGENT, "first") as first:
        headers = tracing.trace_headers()
    with operation_span(Operation.AGENT, "second", parent=tracing.parent_of(headers)) as second:
        pass
    assert second.trace_id == first.trace_id
    assert tracing.parent_of({"Traceparent": "00-nonsense"}) is None
    assert tracing.parent_of({}) is None


def test_a_span_in_a_generator_may_be_closed_elsewhere(spans: InMemorySpanExporter) -> None:
    """`attach=False` leaves the current span alone, so a stream closed by another context stays sound."""

    def stream() -> Iterator[str]:
        with operation_span(Operation.CHAT, "large", attach=False):
            yield "a"

    generator = stream()
    next(generator)
    closer = threading.Thread(target=generator.close)
    closer.start()
    closer.join()
    [finished] = spans.get_finished_spans()
    assert finished.status.is_unset


def test_ids_are_real_before_anything_is_configured() -> None:
    """A call made before `configure` still has a trace id to write into its row."""
    tracing.shutdown()
    with operation_span(Operation.CHAT, "large") as span:
        assert int(span.trace_id, 16) > 0


@pytest.mark.parametrize(
    ("build", "address"),
    [(otlp_exporter, "http://127.0.0.1:1"), (lambda uri: mlflow_exporter(uri, "app"), "http://127.0.0.1:2")],
    ids=["otlp", "mlflow"],
)
def test_a_dead_backend_delays_nobody_and_says_so_once(build, address: str, caplog: pytest.LogCaptureFixture) -> None:
    """Spans end at once, shutdown is bounded, and the log holds one line, not one for each span.

    Shutdown waits for no thread of an exporter: what the other's says late is not counted here.
    """
    with caplog.at_level(logging.WARNING):
        tracing.configure("test", [build(address)])
        started = time.perf_counter()
        for _ in range(2000):
            with operation_span(Operation.CHAT, "large"):
                pass
        spent_s = time.perf_counter() - started
        tracing.shutdown(timeout_s=1.0)
    assert spent_s < 2.0
    assert time.perf_counter() - started < spent_s + 1.5
    assert sum(address in record.getMessage() for record in caplog.records) <= 1


def test_an_exporter_rests_after_a_failure_and_recovers() -> None:
    """While it rests nothing is tried; afterwards spans flow again, and the dropped ones were counted."""

    class Flaky(SpanExporter):
        calls = 0

        def export(self, spans) -> SpanExportResult:
            self.calls += 1
            return SpanExportResult.FAILURE if self.calls == 1 else SpanExportResult.SUCCESS

    now = [0.0]
    flaky = Flaky()
    exporter = PatientExporter("x", lambda: flaky, rest_s=10, clock=lambda: now[0])
    exporter.export(["one"])
    exporter.export(["two"])
    assert (flaky.calls, exporter.dropped) == (1, 2)
    now[0] = 11.0
    assert exporter.export(["three"]) is SpanExportResult.SUCCESS


def test_a_backend_that_is_not_there_yet_is_built_later() -> None:
    """An exporter that cannot be built is tried again after its rest."""
    attempts: list[int] = []

    def build() -> SpanExporter:
        attempts.append(1)
        if len(attempts) == 1:
            raise StoreUnavailableError("not yet")
        return InMemorySpanExporter()

    exporter = PatientExporter("x", build, rest_s=0.0)
    assert exporter.export([]) is SpanExportResult.FAILURE
    assert exporter.export([]) is SpanExportResult.SUCCESS


def test_a_backend_address_must_be_http() -> None:
    """A wrong address is refused at start with the remedy."""
    with pytest.raises(ConfigurationError, match="use http://HOST:PORT"):
        otlp_exporter("localhost:4318")


@pytest.mark.feature("O1")
def test_spans_reach_any_otlp_backend() -> None:
    """A plain OTLP/HTTP server receives the spans at /v1/traces when the process shuts tracing down."""
    received: list[tuple[str, bytes]] = []

    class Backend(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Backend) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        tracing.configure("support", [otlp_exporter(f"http://127.0.0.1:{server.server_port}")])
        with operation_span(Operation.CHAT, "large"):
            pass
        assert tracing.shutdown()
        server.shutdown()
    [(path, body)] = received
    assert path == "/v1/traces"
    assert b"chat large" in body
    assert b"support" in body


def test_importing_tracing_is_light() -> None:
    """Neither MLflow nor the OTLP exporter is imported before a span is to be sent."""
    code = (
        "import sys, app.observability.tracing, app.observability.span_export, app.observability.cost;"
        "heavy = {'mlflow', 'requests', 'genai_prices', 'opentelemetry.exporter.otlp.proto.http'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
