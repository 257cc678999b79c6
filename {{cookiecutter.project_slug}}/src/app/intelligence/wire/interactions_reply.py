"""Replies of Google's Interactions as a client reads them: whole ones, and the events of a stream.

Nothing is kept: an interaction's id can be told, and not asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.intelligence.messages import FinishReason, ModelReply, ToolCall, ToolCallDelta, Usage
from app.intelligence.wire.block_encoder import BlockEncoder
from app.intelligence.wire.sse import DONE, frame
from app.intelligence.wire.tool_arguments import shown_object

STATUSES: dict[FinishReason, str] = {
    "stop": "completed",
    "length": "incomplete",
    "tool_calls": "requires_action",
    "content_filter": "incomplete",
}


def encode_reply(reply: ModelReply, *, id: str, model: str, created: str) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for, `created` a time of RFC 3339."""
    steps: list[dict[str, Any]] = []
    if reply.text or not reply.tool_calls:
        steps.append({"type": "model_output", "content": [{"type": "text", "text": reply.text}]})
    steps += [_call(call) for call in reply.tool_calls]
    return {
        **_opened(id, model, created),
        "status": STATUSES[reply.finish_reason],
        "steps": steps,
        "usage": encode_usage(reply.usage),
    }


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Tokens in the words of Interactions."""
    return {
        "total_input_tokens": usage.input_tokens,
        "input_tokens_by_modality": [{"modality": "text", "tokens": usage.input_tokens}],
        "total_cached_tokens": usage.cached_input_tokens,
        "total_output_tokens": usage.output_tokens,
        "total_thought_tokens": 0,
        "total_tool_use_tokens": 0,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def encode_error(kind: str, message: str) -> dict[str, Any]:
    """An error body; `kind` is one of Google's names of errors. The number stands in the answer's status alone."""
    return {"error": {"code": kind, "message": message}}


def _opened(id: str, model: str, created: str) -> dict[str, Any]:
    return {
        "id": id,
        "object": "interaction",
        "status": "in_progress",
        "model": model,
        "created": created,
        "updated": created,
    }


def _call(call: ToolCall) -> dict[str, Any]:
    return {"type": "function_call", "id": call.id, "name": call.name, "arguments": shown_object(call.arguments)}


class StreamEncoder(BlockEncoder):
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`. Its blocks
    are the steps of the interaction."""

    __slots__ = ("_created", "_id", "_model")

    def __init__(self, *, id: str, model: str, created: str) -> None:
        super().__init__()
        self._id = id
        self._model = model
        self._created = created

    def start(self) -> bytes:
        """The frame that opens the interaction."""
        return _event("interaction.created", {"interaction": _opened(self._id, self._model, self._created)})

    def end(self, reply: ModelReply) -> bytes:
        """Status, usage, and the end mark."""
        told = {**_opened(self._id, self._model, self._created), "status": STATUSES[reply.finish_reason]}
        completed = _event("interaction.completed", {"interaction": {**told, "usage": encode_usage(reply.usage)}})
        return self._close() + completed + DONE

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun."""
        return self._close() + _event("error", encode_error(kind, message)) + DONE

    def _text(self, text: str) -> bytes:
        opened = b"" if self._open == "model_output" else self._step({"type": "model_output"})
        return opened + self._delta({"type": "text", "text": text})

    def _tool(self, delta: ToolCallDelta) -> bytes:
        frames = b""
        if not self._holds("function_call", delta):
            step = {"type": "function_call", "id": delta.id, "name": delta.name, "arguments": {}}
            frames = self._step(step, delta.index)
        if not delta.arguments:
            return frames
        return frames + self._delta({"type": "arguments_delta", "arguments": delta.arguments})

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return _event("step.delta", {"index": self._block, "delta": delta})

    def _step(self, step: Mapping[str, Any], call: int = -1) -> bytes:
        ended = self._begin(step["type"], call)
        return ended + _event("step.start", {"index": self._block, "step": step})

    def _ended(self) -> bytes:
        return _event("step.stop", {"index": self._block})


def _event(name: str, fields: Mapping[str, Any]) -> bytes:
    return frame(orjson.dumps({**fields, "event_type": name}), name)
