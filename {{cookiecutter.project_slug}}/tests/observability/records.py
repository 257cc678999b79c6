"""Call records for tests, one valid value a field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.observability.records import AttemptRecord, CallRecord


def call_record(**changes: Any) -> CallRecord:
    """A successful call with one attempt; `changes` replace fields."""
    attempt = AttemptRecord(1, "small", "offline", "standin-small", "ok", None, 11.5)
    fields: dict[str, Any] = {
        "id": uuid4(),
        "at": datetime.now(UTC),
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "1",
        "tenant": "acme",
        "user": "ada",
        "session": None,
        "role": "user",
        "task": "classify",
        "prompt_version": 2,
        "prompt_hash": "abc",
        "identity": "def",
        "model": "small",
        "provider": "offline",
        "deployment": "standin-small",
        "status": "ok",
        "error": None,
        "degraded": False,
        "cached": False,
        "stream": False,
        "input": {"ticket": "My invoice is wrong"},
        "output": "billing",
        "input_tokens": 120,
        "output_tokens": 2,
        "cached_input_tokens": 0,
        "usage_estimated": False,
        "cost_usd": 0.0004,
        "latency_ms": 12.5,
        "first_token_ms": None,
        "attempts": (attempt,),
    }
    return CallRecord(**(fields | changes))
