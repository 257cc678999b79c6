"""Streams of Gemini's generateContent, both ways: upstream events into chunks, chunks into frames for a client.

Each class keeps the state of one stream. An event is a reply of its own that goes on; calls come whole. There is no end
mark: the event with the finish reason is the last that matters.
"""

from __future__ import annotations

from typing import Any

import orjson

from app.errors import InputError, ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta
from app.intelligence.wire.fields import shown
from app.intelligence.wire.gemini_reply import (
    FINISH_REASONS,
    decode_candidate,
    decode_error,
    decode_usage,
    encode_call,
    encode_error,
    encode_usage,
    without_quotes,
)
from app.intelligence.wire.sse import frame


class StreamDecoder:
    """Reads the events of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_called", "_usage", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._called = 0
        self._usage: dict[str, Any] = {}

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        try:
            event = orjson.loads(data)
            if event.get("error") is not None:
                raise ProviderUnavailableError(f"the stream broke off: {decode_error(event)[0]}")
            text, calls, finish = decode_candidate(event, called_before=self._called > 0)
            self._usage = event.get("usageMetadata") or self._usage
            deltas = tuple(ToolCallDelta(self._called + i, c.id, c.name, c.arguments) for i, c in enumerate(calls))
            self._called += len(calls)
            self.finished = self.finished or finish is not None
            self.done = self.finished and bool(self._usage)
            if not (text or deltas or self.finished):
                return None
            usage = decode_usage(self._usage) if self.done else None
            return Chunk(text, deltas, finish, usage, event.get("modelVersion") or "")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, InputError) as error:
            raise ProviderBrokenError(
                f"an event of the stream is not of the protocol ({error!r}): {shown(data)}"
            ) from None


class StreamEncoder:
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_bare", "_id", "_model", "_tail")

    def __init__(self, *, id: str, model: str, bare: bool = False) -> None:
        self._bare = bare  # the reply is one JSON string, told without its quotes: as a whole, at the end
        self._id = id
        self._model = model
        self._tail = (
            b',"index":0,"safetyRatings":[]}],%s\n\n' % orjson.dumps({"modelVersion": model, "responseId": id})[1:]
        )

    def start(self) -> bytes:
        """Nothing: the first words open the message."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk; its calls, which go out whole, its finish reason and usage wait for `end`."""
        if self._bare or not chunk.text:
            return b""
        said = orjson.dumps(chunk.text)
        return b'data: {"candidates":[{"content":{"parts":[{"text":%s}],"role":"model"}%s' % (said, self._tail)

    def end(self, reply: ModelReply) -> bytes:
        """The calls, the finish reason and the usage."""
        rest = without_quotes(reply).text if self._bare else ""
        parts = [encode_call(call) for call in reply.tool_calls] or [{"text": rest}]
        content = {"parts": parts, "role": "model"}
        reason = FINISH_REASONS[reply.finish_reason]
        event = {
            "candidates": [{"content": content, "finishReason": reason, "index": 0, "safetyRatings": []}],
            "usageMetadata": encode_usage(reply.usage),
            "modelVersion": self._model,
            "responseId": self._id,
        }
        return frame(orjson.dumps(event))

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return frame(orjson.dumps(encode_error(kind, message)))
