"""Structured logs: one JSON object a line for everything, uvicorn and libraries included.

Each line carries the trace and span it belongs to. Secrets are removed at the sink, after every other processor,
so no caller can forget. It writes to standard error and nowhere else; collecting lines is the platform's work.
"""

from __future__ import annotations

import logging
import logging.config
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from opentelemetry import trace

from app.errors import ConfigurationError
from app.observability.redaction import redact, redact_value

_QUIET = {"uvicorn.access": "WARNING", "httpx": "WARNING", "httpcore": "WARNING", "asyncio": "WARNING"}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

EventDict = MutableMapping[str, Any]


def _without_colours(_: Any, __: str, event: EventDict) -> EventDict:
    """uvicorn sends each of its lines a second time, with escape sequences for a terminal."""
    event.pop("color_message", None)
    return event


def configure_logs(
    level: str = "INFO", json: bool = True, *, redact_secrets: bool = True, stream: TextIO | None = None
) -> None:
    """Send all log lines, structlog's and the standard library's, through one formatter.

    `json=False` prints for people. `redact_secrets` is the guard `redact_logs` of the settings. May be called again;
    the last call wins. Raises ConfigurationError for an unknown level.
    """
    name = level.upper()
    if name not in LEVELS:
        raise ConfigurationError(f"log level is {level!r}: use one of {', '.join(LEVELS)}")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_ids,
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(default=str)
        if json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([redact_event] if redact_secrets else []),
            renderer,
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    _replace_handlers(handler, name)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def add_trace_ids(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add `trace_id` and `span_id` (hex) of the current span; both None outside any span."""
    context = trace.get_current_span().get_span_context()
    event["trace_id"] = f"{context.trace_id:032x}" if context.is_valid else None
    event["span_id"] = f"{context.span_id:016x}" if context.is_valid else None
    return event


def redact_event(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Remove secrets from the whole line. Objects other than numbers and containers are read as their text."""
    for key, value in event.items():
        if key in ("trace_id", "span_id", "timestamp", "level"):
            continue
        if value is None or isinstance(value, (bool, int, float)):
            continue
        if not isinstance(value, (str, dict, list, tuple, set, frozenset)):
            value = str(value)
        event[key] = redact(value) if isinstance(value, str) else redact_value(value)
    return event


def _replace_handlers(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.getLevelName(quiet_level)))
