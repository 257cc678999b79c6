"""One call on its way through the gateway: what was asked, what was tried, and the row it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from app.caller import Caller
from app.intelligence.messages import Message, ModelRequest
from app.intelligence.personal_data.vault import Vault
from app.intelligence.policy import Target
from app.intelligence.prompts import Prompt
from app.intelligence.reply import Reply
from app.observability.records import AttemptRecord, CallRecord
from app.settings import Confidence

Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A question that may be answered by the reply to another. `scope` is a digest of all else the reply depends on."""

    question: str
    scope: str
    similarity: float
    ttl_s: float


@dataclass(slots=True)
class Call:
    """The state of one call. Times come from the monotonic clock, `at` from the wall.

    `request` is what providers see, personal data masked; `vault` puts it back; `known` is what the caller gave, masked
    or not. `harder` are the deployments that answer when a cheap reply is not good enough, empty when the route has no
    tiers; `confidence` is how sure a reply must be, `spent` the last reply that was paid,
    with all that the call has used and cost. `said` is the reply as it is logged: masked, and only what was shown.
    `output` is the Pydantic model a reply must fit beyond its schema. `meaning` is there when a question of
    the same meaning may share its reply, `input_tokens` when they are not those of the request's messages.
    """

    id: UUID
    task: str
    caller: Caller
    request: ModelRequest
    vault: Vault
    known: frozenset[str]
    order: tuple[Target, ...]
    identity: str
    prompt: Prompt | None
    cacheable: bool
    deadline_s: float
    fallback_text: str | None
    harder: tuple[Target, ...] = ()
    confidence: Confidence | None = None
    output: type[BaseModel] | None = None
    spent: Reply | None = None
    meaning: Meaning | None = None
    meaning_vector: Sequence[float] | None = None
    input_tokens: int | None = None
    said: str = ""
    trace_id: str = "0" * 32
    span_id: str = "0" * 16
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.perf_counter)
    first_token_ms: float | None = None
    attempts: list[AttemptRecord] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """How many replies a measurement of confidence may ask for, the first included; 1 without one."""
        return 1 if self.confidence is None or self.confidence.by == "logprobs" else self.confidence.samples

    def elapsed_ms(self) -> float:
        """Milliseconds since the call began."""
        return (time.perf_counter() - self.started) * 1000

    def seconds_left(self) -> float:
        """What remains of the one deadline; negative when it has passed."""
        return self.deadline_s - (time.perf_counter() - self.started)


def row(
    call: Call,
    *,
    status: Literal["ok", "failed", "refused", "cancelled"],
    reply: Reply | None,
    error: str | None,
    redact: Redact,
) -> CallRecord:
    """The call as a row of the log, texts redacted."""
    first = call.order[0] if call.order else None
    return CallRecord(
        id=call.id,
        at=call.at,
        trace_id=call.trace_id,
        span_id=call.span_id,
        tenant=call.caller.tenant,
        user=call.caller.user,
        session=call.caller.session,
        role=call.caller.role,
        task=call.task,
        prompt_version=call.prompt.version if call.prompt else None,
        prompt_hash=call.prompt.sha256 if call.prompt else None,
        identity=call.identity,
        model=reply.model if reply else (first.model if first else call.request.model),
        provider=reply.provider if reply else (first.provider if first else ""),
        deployment=reply.deployment if reply else (first.deployment.id if first else ""),
        status=status,
        error=redact(error) if error else None,
        degraded=reply.degraded if reply else False,
        cached=reply.cached if reply else False,
        stream=call.request.stream,
        input={"messages": [_logged(message, redact) for message in call.request.messages]},
        output=redact(call.said),
        input_tokens=reply.usage.input_tokens if reply else 0,
        output_tokens=reply.usage.output_tokens if reply else 0,
        cached_input_tokens=reply.usage.cached_input_tokens if reply else 0,
        usage_estimated=reply.usage.estimated if reply else False,
        cost_usd=reply.cost_usd if reply else 0.0,
        latency_ms=call.elapsed_ms(),
        first_token_ms=call.first_token_ms,
        attempts=tuple(call.attempts),
        cache=reply.cache if reply else None,
        similarity=reply.similarity if reply else None,
        saved_usd=reply.saved_usd if reply else None,
        saved_tokens=reply.usage.input_tokens + reply.usage.output_tokens if reply and reply.cached else 0,
        cache_write_tokens=reply.usage.cache_write_tokens if reply else 0,
        confidence=reply.confidence if reply else None,
        confidence_by=reply.confidence_by if reply else None,
    )


def _logged(message: Message, redact: Redact) -> dict[str, Any]:
    logged: dict[str, Any] = {"role": message.role, "content": redact(message.text)}
    if message.tool_calls:
        logged["tool_calls"] = [{"name": c.name, "arguments": redact(c.arguments)} for c in message.tool_calls]
    return logged
