"""Replies of Ollama's chat, both ways: whole ones, usage and errors. Streams are in `ollama_stream`.

That tools were called is seen by the calls; content withheld has no word here. Times are in nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.errors import ProviderBrokenError
from app.intelligence.messages import FinishReason, ModelReply, ToolCall, Usage
from app.intelligence.wire.call_matching import id_or_new
from app.intelligence.wire.fields import mean, shown
from app.intelligence.wire.tool_arguments import as_text, shown_object

_FINISH: dict[Any, FinishReason] = {"length": "length"}


def encode_reply(reply: ModelReply, *, model: str, created: datetime, took_ns: int) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.thoughts:
        message["thinking"] = reply.thoughts
    if reply.tool_calls:
        message["tool_calls"] = encode_calls(reply.tool_calls)
    return {"model": model, "created_at": stamp(created), "message": message, **encode_end(reply, took_ns)}


def encode_calls(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    """Calls the model made."""
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": shown_object(call.arguments)}}
        for index, call in enumerate(calls)
    ]


def encode_end(reply: ModelReply, took_ns: int) -> dict[str, Any]:
    """What the last line of a reply says besides its text."""
    usage = reply.usage
    counts = {"prompt_eval_count": usage.input_tokens, "eval_count": usage.output_tokens}
    if usage.cached_input_tokens:
        counts["prompt_eval_cached_count"] = usage.cached_input_tokens
    reason = "length" if reply.finish_reason == "length" else "stop"
    return {"done": True, "done_reason": reason, "total_duration": took_ns, **counts}


def stamp(moment: datetime) -> str:
    """A time as Ollama writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def decode_reply(body: Mapping[str, Any]) -> ModelReply:
    """A provider's body as a reply. Raises ProviderBrokenError when the shape is wrong."""
    try:
        text, calls = decode_message(body["message"])
        return ModelReply(
            text=text,
            model=body.get("model") or "",
            usage=decode_usage(body),
            finish_reason=decode_finish(body, bool(calls)),
            tool_calls=tuple(calls),
            thoughts=body["message"].get("thinking") or "",
            logprob=mean([float(token["logprob"]) for token in body.get("logprobs") or ()]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProviderBrokenError(f"the reply is not a message ({error!r}): {shown(body)}") from None


def decode_message(message: Mapping[str, Any]) -> tuple[str, list[ToolCall]]:
    """Text and calls of a message or of a piece of one. Raises KeyError or TypeError."""
    text = message.get("content") or ""
    if not isinstance(text, str):
        raise TypeError("content is not text")
    calls = []
    for call in message.get("tool_calls") or ():
        function = call["function"]
        name = function["name"]
        calls.append(ToolCall(id_or_new(call.get("id"), name), name, as_text(function.get("arguments") or {})))
    return text, calls


def decode_finish(body: Mapping[str, Any], called: bool) -> FinishReason:
    """Why the reply ended; `called` says whether it made calls."""
    return _FINISH.get(body.get("done_reason"), "tool_calls" if called else "stop")


def decode_usage(body: Mapping[str, Any]) -> Usage:
    """Tokens as a value, zeros marked as estimated when there are none. Raises TypeError or ValueError."""
    asked = body.get("prompt_eval_count")
    if asked is None:
        return Usage(estimated=True)
    return Usage(int(asked), int(body.get("eval_count") or 0), int(body.get("prompt_eval_cached_count") or 0))


def encode_error(message: str) -> dict[str, Any]:
    """An error body; it has no kinds."""
    return {"error": message}


def decode_error(body: Any) -> tuple[str, str]:
    """Message of a provider's error body, and no code; empty where it has none. Never raises."""
    error = body.get("error") if isinstance(body, dict) else None
    return (error if isinstance(error, str) else ""), ""
