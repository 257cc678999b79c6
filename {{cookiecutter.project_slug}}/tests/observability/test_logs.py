"""Logs: one JSON object a line, tied to its trace, without secrets."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from app.errors import ConfigurationError
from app.observability import tracing
from app.observability.logs import configure_logs
from app.observability.redaction import redact, redact_value
from app.observability.semconv import Operation

SECRETS = {
    "openai key": ("key sk-proj-abcdefghij0123456789XYZ rejected", "abcdefghij0123456789XYZ"),
    "bearer token": ("Authorization: Bearer abc.def-ghi_123456", "abc.def-ghi_123456"),
    "json web token": ("got eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abcDEF123", "eyJzdWIiOiIxMjM0"),
    "password in a url": ("postgresql://app:hunter2hunter2@db:5432/app", "hunter2hunter2"),
    "e-mail": ("wrote ada.lovelace+x@mail.example.org today", "ada.lovelace"),
    "card": ("card 4242 4242 4242 4242 declined", "4242 4242"),
    "assignment": ("OPENAI_API_KEY=verysecretvalue", "verysecretvalue"),
    "json field": ('{"password": "hunter2hunter2"}', "hunter2hunter2"),
}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs("INFO", json=True, stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.feature("O3")
@pytest.mark.parametrize("logger", ["app.x", "uvicorn.error", "some.library"])
def test_every_logger_writes_json_with_its_trace(lines: io.StringIO, logger: str) -> None:
    """Standard library loggers, uvicorn's among them, write the same shape, tied to the current span."""
    tracing.configure_for_tests()
    with tracing.operation_span(Operation.CHAT, "large") as span:
        logging.getLogger(logger).warning("took %d ms", 12)
    line = json.loads(lines.getvalue())
    assert line["event"] == "took 12 ms"
    assert (line["level"], line["logger"]) == ("warning", logger)
    assert (line["trace_id"], line["span_id"]) == (span.trace_id, span.span_id)


@pytest.mark.feature("O3")
def test_structlog_fields_arrive_as_fields(lines: io.StringIO) -> None:
    """Key-value pairs stay apart from the event, so that they can be searched."""
    structlog.get_logger("app.y").info("call finished", task="classify", latency_ms=3.5)
    line = json.loads(lines.getvalue())
    assert (line["event"], line["task"], line["latency_ms"]) == ("call finished", "classify", 3.5)
    assert line["trace_id"] is None


@pytest.mark.feature("O3")
@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS.keys())
def test_no_secret_reaches_a_line(lines: io.StringIO, text: str, secret: str) -> None:
    """In the message, an argument, a field, a nested field or a traceback: it is gone from all of them."""
    logging.getLogger("app.a").info(text)
    logging.getLogger("app.b").info("said %s", text)
    structlog.get_logger("app.c").info("said", detail=text, nested={"list": [text]})
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("app.d").exception("failed")
    assert lines.getvalue().count("\n") == 4
    assert secret not in lines.getvalue()


def test_a_value_under_a_secrets_name_goes_whole() -> None:
    """Whatever its shape; counters whose names merely sound like it stay."""
    assert redact_value({"api_key": "short", "input_tokens": 12, "token": "abc"}) == {
        "api_key": "[redacted]",
        "input_tokens": 12,
        "token": "[redacted]",
    }


@pytest.mark.parametrize(
    "text",
    [
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 took 12.5 ms",
        "order 1234567890123456 shipped",
        "see https://tallybird.example/docs?page=2 at 2026-01-02T03:04:05Z",
        "input tokens: 120, output tokens: 7",
        "keyboard-shortcuts-for-exports and sk-eleton-based-approaches",
    ],
)
def test_ordinary_text_stays_readable(text: str) -> None:
    """Ids, order numbers, addresses and token counts are not secrets."""
    assert redact(text) == text


@pytest.mark.parametrize("piece", ["a-", "a.", "key-", "token ", "1 ", "a@a.", "://a:", "eyJa.", "bearer "])
def test_no_text_makes_redaction_slow(piece: str) -> None:
    """A hundred kilobytes of the worst repetition take a fraction of a second."""
    started = time.perf_counter()
    redact(piece * (100_000 // len(piece)))
    assert time.perf_counter() - started < 1.5


def test_an_unknown_level_is_refused() -> None:
    """The message names the value and the choices."""
    with pytest.raises(ConfigurationError, match="log level is 'loud': use one of DEBUG"):
        configure_logs("loud")
