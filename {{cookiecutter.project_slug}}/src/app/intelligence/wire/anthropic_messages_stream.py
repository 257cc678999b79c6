"""Streams of Anthropic's Messages, both ways: upstream events into chunks, chunks into frames for a client.

Each class keeps the state of one stream. Content blocks come one after the other: a tool call that has been left cannot
be taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta, Usage
from app.intelligence.wire.anthropic_messages_reply import (
    STOP_REASONS,
    decode_error,
    decode_stop_reason,
    decode_usage,
    encode_error,
    encode_usage,
)
from app.intelligence.wire.anthropic_tools import SCHEMA_TOOL
from app.intelligence.wire.block_encoder import BlockEncoder
from app.intelligence.wire.fields import shown
from app.intelligence.wire.sse import frame


class StreamDecoder:
    """Reads the events of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_calls", "_model", "_structured", "_usage", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._model = ""
        self._usage: dict[str, Any] = {}
        self._structured: int | None = None
        self._calls: dict[int, int] = {}

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        try:
            event = orjson.loads(data)
            kind = event["type"]
            if kind == "content_block_delta":
                return self._delta(event["index"], event["delta"])
            if kind == "content_block_start":
                return self._block(event["index"], event["content_block"])
            if kind == "message_start":
                self._model = event["message"].get("model") or ""
                self._usage = event["message"].get("usage") or {}
            elif kind == "message_delta":
                return self._message_delta(event)
            elif kind == "message_stop":
                self.finished = self.done = True
            elif kind == "error":
                raise ProviderUnavailableError(f"the stream broke off: {decode_error(event)[0]}")
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderBrokenError(
                f"an event of the stream is not of the protocol ({error!r}): {shown(data)}"
            ) from None

    def _block(self, index: int, block: Mapping[str, Any]) -> Chunk | None:
        if block["type"] == "text":
            return Chunk(text=block["text"], model=self._model) if block.get("text") else None
        if block["type"] != "tool_use":
            return None
        if block["name"] == SCHEMA_TOOL:
            self._structured = index
            return None
        ordinal = self._calls[index] = len(self._calls)
        return Chunk(tool_calls=(ToolCallDelta(ordinal, block["id"], block["name"]),), model=self._model)

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Chunk | None:
        kind = delta["type"]
        if kind == "text_delta":
            return Chunk(text=delta["text"], model=self._model)
        if kind != "input_json_delta" or not delta["partial_json"]:
            return None
        if index == self._structured:
            return Chunk(text=delta["partial_json"], model=self._model)
        return Chunk(
            tool_calls=(ToolCallDelta(self._calls[index], arguments=delta["partial_json"]),), model=self._model
        )

    def _message_delta(self, event: Mapping[str, Any]) -> Chunk:
        self._usage = {**self._usage, **{k: v for k, v in (event.get("usage") or {}).items() if v is not None}}
        structured = self._structured is not None and not self._calls
        return Chunk(
            finish_reason=decode_stop_reason(event["delta"].get("stop_reason"), structured),
            usage=decode_usage(self._usage) if self._usage else None,
            model=self._model,
        )


class StreamEncoder(BlockEncoder):
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_id", "_model")

    def __init__(self, *, id: str, model: str) -> None:
        super().__init__()
        self._id = id
        self._model = model

    def start(self) -> bytes:
        """The frame that opens the message. Its usage is empty: the counts come at the end."""
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": encode_usage(Usage()),
        }
        return _event("message_start", {"message": message})

    def end(self, reply: ModelReply) -> bytes:
        """The stop reason, the usage, and the end mark."""
        delta = {"stop_reason": STOP_REASONS[reply.finish_reason], "stop_sequence": None}
        return (
            self._close()
            + _event("message_delta", {"delta": delta, "usage": encode_usage(reply.usage)})
            + _event("message_stop", {})
        )

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return frame(orjson.dumps(encode_error(kind, message)), "error")

    def _text(self, text: str) -> bytes:
        opened = b"" if self._open == "text" else self._start("text", {"type": "text", "text": ""})
        return opened + (
            b"event: content_block_delta\n"
            b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%s}}\n\n'
            % (self._block, orjson.dumps(text))
        )

    def _tool(self, delta: ToolCallDelta) -> bytes:
        frames = b""
        if not self._holds("tool_use", delta):
            block = {"type": "tool_use", "id": delta.id, "name": delta.name, "input": {}}
            frames = self._start("tool_use", block, delta.index)
        if not delta.arguments:
            return frames
        said = {"type": "input_json_delta", "partial_json": delta.arguments}
        return frames + _event("content_block_delta", {"index": self._block, "delta": said})

    def _start(self, kind: str, block: Mapping[str, Any], call: int = -1) -> bytes:
        ended = self._begin(kind, call)
        return ended + _event("content_block_start", {"index": self._block, "content_block": block})

    def _ended(self) -> bytes:
        return _event("content_block_stop", {"index": self._block})


def _event(name: str, fields: Mapping[str, Any]) -> bytes:
    return frame(orjson.dumps({"type": name, **fields}), name)
