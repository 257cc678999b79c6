"""What the gateway hands back, and how a reply is kept for the next identical call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from app.errors import InputError
from app.intelligence.messages import (
    Chunk,
    FinishReason,
    ModelRequest,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)

# What a client is told that asks for log probabilities of a text that has none.
NOT_TOLD = (
    "logprobs cannot be told of this {what}: its provider tells none, or its text had personal data taken out or put "
    "back: leave logprobs and top_logprobs out"
)

# Kept under the same identity, kept under a question of the same meaning, taken from a call under way, kept vectors.
CacheKind = Literal["exact", "semantic", "shared", "embedding"]


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of one call.

    `data` is the parsed JSON when the prompt has an output schema. `degraded` says that another than the route's first
    model answered. `cost_usd` is what this call cost, 0 for a cached one, None when no price is known. `cache` says
    where a cached one came from, `similarity` how near its question was (cosine); `saved_usd` is what a cache saved,
    ours or the provider's. `confidence` in [0, 1] is how sure the reply is and `confidence_by` how that was measured
    (`intelligence/confidence.py`), None where the route asks for none. `thoughts` is what the model says it thought.
    `tokens` are those of `text`, where the request asks for log probabilities; none when the text is no longer what the
    model wrote.
    """

    text: str
    task: str
    model: str
    provider: str
    deployment: str
    usage: Usage
    cost_usd: float | None
    identity: str
    call_id: str
    trace_id: str
    prompt_version: int | None = None
    prompt_hash: str | None = None
    data: Any = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: FinishReason = "stop"
    degraded: bool = False
    cached: bool = False
    cache: CacheKind | None = None
    similarity: float | None = None
    saved_usd: float | None = 0.0
    latency_ms: float = 0.0
    confidence: float | None = None
    confidence_by: Literal["logprobs", "samples"] | None = None
    thoughts: str = ""
    tokens: tuple[TokenLogprob, ...] = ()


# By name: `asdict` copies a whole reply deeply, for each call.
_PASSING = ("call_id", "trace_id", "latency_ms", "cached", "cache", "similarity", "saved_usd")
_STORED = tuple(each.name for each in fields(Reply) if each.name not in _PASSING)
_USAGE = tuple(each.name for each in fields(Usage))


def to_stored(reply: Reply) -> dict[str, Any]:
    """The parts of a reply that hold for every identical call, as JSON values; its cost is what the next one saves."""
    stored = {name: getattr(reply, name) for name in _STORED}
    usage = reply.usage
    stored["usage"] = {name: getattr(usage, name) for name in _USAGE}
    stored["tool_calls"] = [asdict(call) for call in reply.tool_calls]
    stored["tokens"] = [[each.token, each.logprob, each.top, each.part.hex()] for each in reply.tokens]
    return stored


def from_stored(stored: Mapping[str, Any], *, call_id: str, trace_id: str) -> Reply:
    """A stored reply as the outcome of another call: cached, and free."""
    values = dict(stored)
    saved = values.pop("cost_usd", None)
    values["usage"] = Usage(**values["usage"])
    values["tool_calls"] = tuple(ToolCall(**call) for call in values["tool_calls"])
    values["tokens"] = tuple(map(_token_of, values.get("tokens", ())))
    reply = Reply(**values, call_id=call_id, trace_id=trace_id, cost_usd=0.0, cached=True)
    return replace(reply, cache="exact", saved_usd=saved)


def _token_of(stored: Sequence[Any]) -> TokenLogprob:
    """A stored token; those of earlier versions end before the bytes of a part."""
    token, logprob, top, *part = stored
    return TokenLogprob(token, logprob, (*map(tuple, top),), bytes.fromhex(part[0]) if part else b"")


def with_tokens_of_text(reply: Reply) -> Reply:
    """The reply without its tokens when they do not make up its text any more."""
    if not reply.tokens or b"".join(each.said for each in reply.tokens) == reply.text.encode("utf-8", "surrogatepass"):
        return reply
    return replace(reply, tokens=())


def with_likelihoods(request: ModelRequest, reply: Reply) -> Reply:
    """The reply, which has its tokens when they are asked for. Raises InputError when it cannot have them."""
    told = with_tokens_of_text(reply)
    if request.logprobs and told.text and not told.tokens:
        raise InputError(NOT_TOLD.format(what=f"reply of {reply.model}"))
    return told


def shared(reply: Reply, *, call_id: str, trace_id: str) -> Reply:
    """A reply somebody else is paying for, as the outcome of an identical concurrent call."""
    saved = reply.saved_usd if reply.cached else reply.cost_usd
    mine = replace(reply, call_id=call_id, trace_id=trace_id, cost_usd=0.0, cached=True)
    return replace(mine, cache=reply.cache or "shared", saved_usd=saved)


def as_chunk(reply: Reply) -> Chunk:
    """A whole reply as the one chunk of its stream."""
    calls = (ToolCallDelta(index, c.id, c.name, c.arguments) for index, c in enumerate(reply.tool_calls))
    return Chunk(reply.text, tuple(calls), reply.finish_reason, reply.usage, reply.model, tokens=reply.tokens)


def combined(first: Reply, last: Reply) -> Reply:
    """The last of two replies of one call, with what both used and cost."""
    usage = Usage(
        first.usage.input_tokens + last.usage.input_tokens,
        first.usage.output_tokens + last.usage.output_tokens,
        first.usage.cached_input_tokens + last.usage.cached_input_tokens,
        first.usage.estimated or last.usage.estimated,
        first.usage.cache_write_tokens + last.usage.cache_write_tokens,
    )
    known = first.cost_usd is not None and last.cost_usd is not None
    return replace(last, usage=usage, cost_usd=(first.cost_usd or 0) + (last.cost_usd or 0) if known else None)
