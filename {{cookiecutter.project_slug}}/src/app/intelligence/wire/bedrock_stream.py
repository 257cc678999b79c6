"""Streams of Amazon Bedrock's Converse to a client: chunks into frames of Amazon's own framing.

One encoder keeps the state of one stream. Content blocks come one after the other; a text opens without an event of its
own, as it does at Amazon.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from app.intelligence.messages import ModelReply, ToolCallDelta
from app.intelligence.wire.amazon_frames import frame
from app.intelligence.wire.bedrock_reply import STOP_REASONS, encode_error, encode_usage
from app.intelligence.wire.block_encoder import BlockEncoder

# Errors a stream already begun can end with; every other kind is told as the model's.
_ERRORS = {
    "InternalServerException": "internalServerException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ThrottlingException": "throttlingException",
    "ValidationException": "validationException",
}
_OTHER = "modelStreamErrorException"


class StreamEncoder(BlockEncoder):
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_began",)

    def __init__(self) -> None:
        super().__init__()
        self._began = time.perf_counter()

    def start(self) -> bytes:
        """The frame that opens the message."""
        return _event("messageStart", {"role": "assistant"})

    def end(self, reply: ModelReply) -> bytes:
        """The stop reason, then usage and time."""
        took_ms = round((time.perf_counter() - self._began) * 1000)
        return (
            self._close()
            + _event("messageStop", {"stopReason": STOP_REASONS[reply.finish_reason]})
            + _event("metadata", {"usage": encode_usage(reply.usage), "metrics": {"latencyMs": took_ms}})
        )

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        headers = {":exception-type": _ERRORS.get(kind, _OTHER), ":content-type": "application/json"}
        return frame({**headers, ":message-type": "exception"}, orjson.dumps(encode_error(message)))

    def _text(self, text: str) -> bytes:
        opened = b"" if self._open == "text" else self._begin("text")
        return opened + self._delta({"text": text})

    def _tool(self, delta: ToolCallDelta) -> bytes:
        frames = b""
        if not self._holds("toolUse", delta):
            frames = self._begin("toolUse", delta.index)
            start = {"toolUse": {"toolUseId": delta.id, "name": delta.name}}
            frames += _event("contentBlockStart", {"start": start, "contentBlockIndex": self._block})
        if delta.arguments:
            frames += self._delta({"toolUse": {"input": delta.arguments}})
        return frames

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return _event("contentBlockDelta", {"delta": delta, "contentBlockIndex": self._block})

    def _ended(self) -> bytes:
        return _event("contentBlockStop", {"contentBlockIndex": self._block})


def _event(name: str, fields: Mapping[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, orjson.dumps(fields))
