"""Replies of Anthropic's Messages, both ways: whole ones, usage, errors. Streams are in `anthropic_messages_stream`.

Input tokens are counted with those read from the cache, as everywhere else here; the protocol counts without. Thoughts
are told without the signature of the model that had them. A call of the schema stand-in is the text of the reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import ProviderBrokenError
from app.intelligence.messages import FinishReason, ModelReply, ToolCall, Usage
from app.intelligence.wire.anthropic_tools import SCHEMA_TOOL
from app.intelligence.wire.fields import shown
from app.intelligence.wire.tool_arguments import as_text, shown_object

_FINISH: dict[Any, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
# Finish reasons in Anthropic's words.
STOP_REASONS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def encode_reply(reply: ModelReply, *, id: str, model: str) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for."""
    content: list[dict[str, Any]] = []
    if reply.thoughts:
        content.append({"type": "thinking", "thinking": reply.thoughts, "signature": ""})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": shown_object(call.arguments)}
        for call in reply.tool_calls
    ]
    return {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": STOP_REASONS[reply.finish_reason],
        "stop_sequence": None,
        "usage": encode_usage(reply.usage),
    }


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply. Raises ProviderBrokenError when the shape is wrong."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolCall] = []
    structured = False
    try:
        for block in body["content"]:
            kind = block["type"]
            if kind == "text":
                texts.append(block["text"])
            elif kind == "thinking":
                thoughts.append(block["thinking"])
            elif kind == "tool_use" and block["name"] == SCHEMA_TOOL:
                structured = True
                texts = [as_text(block["input"])]
            elif kind == "tool_use":
                calls.append(ToolCall(block["id"], block["name"], as_text(block["input"])))
        return ModelReply(
            text="".join(texts),
            model=body.get("model") or "",
            usage=decode_usage(body.get("usage") or {}),
            finish_reason=decode_stop_reason(body.get("stop_reason"), structured and not calls),
            tool_calls=tuple(calls),
            id=body.get("id") or "",
            thoughts="\n".join(thoughts),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply is not a message ({error!r}): {shown(body)}") from None


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in Anthropic's words."""
    return {
        "input_tokens": max(0, usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }


def decode_usage(usage: Mapping[str, Any]) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises TypeError or ValueError."""
    if not usage:
        return Usage(estimated=True)
    read = int(usage.get("cache_read_input_tokens") or 0)
    written = int(usage.get("cache_creation_input_tokens") or 0)
    fresh = int(usage.get("input_tokens") or 0)
    return Usage(fresh + read + written, int(usage.get("output_tokens") or 0), read, cache_write_tokens=written)


def decode_stop_reason(stop_reason: Any, structured: bool) -> FinishReason:
    """Why the reply ended; `structured` says that the schema's stand-in was the only tool called."""
    finish = _FINISH.get(stop_reason, "stop")
    return "stop" if structured and finish == "tool_calls" else finish


def encode_error(kind: str, message: str) -> dict[str, Any]:
    """An error body; `kind` is a type such as `invalid_request_error`."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def decode_error(body: Any) -> tuple[str, str]:
    """Message and type of a provider's error body; empty where it has none. Never raises."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("message") or ""), str(error.get("type") or "")
