"""The rows of the call log as values: one for each call, one for each attempt inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try at one deployment. `status` is `ok` or the name of the error class that ended it."""

    ordinal: int
    model: str
    provider: str
    deployment: str
    status: str
    http_status: int | None
    latency_ms: float
    message: str = ""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One passage through the gateway, as it is stored.

    `input` and `output` are already masked by the gateway. `trace_id` is the OpenTelemetry id, 32 hex digits.
    `cost_usd` is None when no price is known; it is never guessed as zero. `cache` names the cache that served
    the call, None when a model did; `saved_tokens` were not sent to a model because of it. `saved_usd` is what they
    would have cost, and what the provider's own cache took off the price.
    """

    id: UUID
    at: datetime
    trace_id: str
    span_id: str
    tenant: str
    user: str
    session: str | None
    role: str
    task: str
    prompt_version: int | None
    prompt_hash: str | None
    identity: str
    model: str
    provider: str
    deployment: str
    status: Literal["ok", "failed", "refused", "cancelled"]
    error: str | None
    degraded: bool
    cached: bool
    stream: bool
    input: Mapping[str, Any]
    output: str
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    usage_estimated: bool
    cost_usd: float | None
    latency_ms: float
    first_token_ms: float | None
    attempts: tuple[AttemptRecord, ...] = ()
    cache: str | None = None
    similarity: float | None = None
    saved_usd: float | None = None
    saved_tokens: int = 0
    cache_write_tokens: int = 0
    confidence: float | None = None
    confidence_by: str | None = None
