"""Replies of Cohere's chat (v2), both ways: whole ones, usage and errors. Streams are in `cohere_stream`.

What is said beside calls is their plan. The citations of a provider are left out, for other protocols have none; those
of a reply to a client are made of its documents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import FinishReason, ModelReply, ToolCall, Usage
from app.intelligence.wire.cohere_documents import Citation, CitedSource
from app.intelligence.wire.cohere_messages import encode_call
from app.intelligence.wire.fields import shown

_FINISH: dict[Any, FinishReason] = {
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}
# Characters of sources in one reply: each citation repeats its own, and a document of a megabyte may be cited often.
MOST_TOLD = 4_000_000
_FAILED = ("ERROR", "TIMEOUT", "ERROR_LIMIT")
# Finish reasons in Cohere's words.
FINISH_REASONS: dict[FinishReason, str] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
}


def encode_reply(reply: ModelReply, *, id: str, cited: Sequence[Citation] = ()) -> dict[str, Any]:
    """The body of a whole reply."""
    message: dict[str, Any] = {"role": "assistant"}
    content = [{"type": "thinking", "thinking": reply.thoughts}] if reply.thoughts else []
    if reply.tool_calls:
        message["tool_calls"] = [encode_call(call) for call in reply.tool_calls]
        message["tool_plan"] = reply.text
    else:
        content.append({"type": "text", "text": reply.text})
        if cited:
            message["citations"] = encode_citations(cited)
    if content:
        message["content"] = content
    return {
        "id": id,
        "finish_reason": FINISH_REASONS[reply.finish_reason],
        "message": message,
        "usage": encode_usage(reply.usage),
    }


def encode_citations(cited: Sequence[Citation]) -> list[dict[str, Any]]:
    """Spans and what they rest on.

    Each repeats its sources whole, up to MOST_TOLD characters of them in a reply; then their ids must do.
    """
    left, encoded = MOST_TOLD, []
    for citation in cited:
        left -= sum(len(source.text) for source in citation.sources)
        encoded.append(_citation(citation, whole=left >= 0))
    return encoded


def _citation(citation: Citation, *, whole: bool) -> dict[str, Any]:
    return {
        "start": citation.start,
        "end": citation.end,
        "text": citation.text,
        "content_index": 0,
        "type": "TEXT_CONTENT",
        "sources": [_source(source, whole=whole) for source in citation.sources],
    }


def _source(source: CitedSource, *, whole: bool) -> dict[str, Any]:
    if not whole:
        return {"type": source.kind, "id": source.id}
    if source.kind == "tool":
        return {"type": "tool", "id": source.id, "tool_output": dict(source.fields)}
    return {"type": "document", "id": source.id, "document": {"id": source.id, **source.fields}}


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply. Raises ProviderBrokenError when the shape is wrong."""
    try:
        message = body["message"]
        blocks = message.get("content") or ()
        said = "".join(block["text"] for block in blocks if block["type"] == "text")
        return ModelReply(
            text=said or message.get("tool_plan") or "",
            model="",
            usage=decode_usage(body.get("usage")),
            finish_reason=decode_finish(body["finish_reason"]),
            tool_calls=tuple(
                ToolCall(call["id"], call["function"]["name"], call["function"].get("arguments") or "")
                for call in message.get("tool_calls") or ()
            ),
            id=body.get("id") or "",
            thoughts="\n".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply is not a message ({error!r}): {shown(body)}") from None


def decode_finish(reason: Any, why: str = "") -> FinishReason:
    """Why the reply ended. Raises ProviderUnavailableError when the model gave up; `why` is what it said."""
    if reason in _FAILED:
        raise ProviderUnavailableError(f"the reply ended with {reason}: {why or 'no reason given'}")
    return _FINISH.get(reason, "stop")


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in Cohere's words."""
    counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    return {"billed_units": counts, "tokens": counts, "cached_tokens": usage.cached_input_tokens}


def decode_usage(usage: Mapping[str, Any] | None) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises TypeError or ValueError."""
    counts = (usage or {}).get("tokens") or (usage or {}).get("billed_units")
    if not usage or not counts:
        return Usage(estimated=True)
    cached = int(usage.get("cached_tokens") or 0)
    return Usage(int(counts.get("input_tokens") or 0), int(counts.get("output_tokens") or 0), cached)


def encode_error(message: str) -> dict[str, Any]:
    """An error body; the HTTP status is its kind."""
    return {"message": message}


def decode_error(body: Any) -> tuple[str, str]:
    """Message of a provider's error body, and no code; empty where it has none. Never raises."""
    message = body.get("message") if isinstance(body, dict) else None
    return (message if isinstance(message, str) else ""), ""
