"""Replies of Amazon Bedrock's Converse as a client reads them: whole ones, usage, errors.

Input tokens are counted without those read from or written to the cache, as the protocol counts them.
"""

from __future__ import annotations

from typing import Any

from app.intelligence.messages import FinishReason, ModelReply, Usage
from app.intelligence.wire.tool_arguments import shown_object

STOP_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}


def encode_reply(reply: ModelReply, *, took_ms: int) -> dict[str, Any]:
    """The body of a whole reply."""
    content: list[dict[str, Any]] = [{"text": reply.text}] if reply.text or not reply.tool_calls else []
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": shown_object(call.arguments)}}
        for call in reply.tool_calls
    ]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": STOP_REASONS[reply.finish_reason],
        "usage": encode_usage(reply.usage),
        "metrics": {"latencyMs": took_ms},
    }


def encode_usage(usage: Usage) -> dict[str, int]:
    """Tokens in Amazon's words."""
    read, written = usage.cached_input_tokens, usage.cache_write_tokens
    fresh = max(0, usage.input_tokens - read - written)
    return {
        "inputTokens": fresh,
        "outputTokens": usage.output_tokens,
        "totalTokens": fresh + read + written + usage.output_tokens,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }


def encode_error(message: str) -> dict[str, Any]:
    """An error body; its kind stands in the header `x-amzn-errortype`."""
    return {"message": message}
