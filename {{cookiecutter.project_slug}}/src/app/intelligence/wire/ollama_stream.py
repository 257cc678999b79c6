"""Streams of Ollama's chat, both ways: upstream lines into chunks, chunks into lines for a client.

Each class keeps the state of one stream. Calls come whole; the line that is `done` is the last.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import orjson

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta
from app.intelligence.wire.fields import shown
from app.intelligence.wire.ndjson import line
from app.intelligence.wire.ollama_reply import (
    decode_error,
    decode_finish,
    decode_message,
    decode_usage,
    encode_calls,
    encode_end,
    encode_error,
    stamp,
)


class StreamDecoder:
    """Reads the lines of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_called", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._called = 0

    def decode(self, data: bytes) -> Chunk | None:
        """One line as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        try:
            event = orjson.loads(data)
            if event.get("error") is not None:
                raise ProviderUnavailableError(f"the stream broke off: {decode_error(event)[0]}")
            text, calls = decode_message(event["message"])
            deltas = tuple(ToolCallDelta(self._called + i, c.id, c.name, c.arguments) for i, c in enumerate(calls))
            self._called += len(calls)
            model = event.get("model") or ""
            if not event.get("done"):
                return Chunk(text, deltas, model=model) if text or deltas else None
            self.finished = self.done = True
            usage = decode_usage(event)
            finish = decode_finish(event, self._called > 0)
            return Chunk(text, deltas, finish, None if usage.estimated else usage, model)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderBrokenError(
                f"a line of the stream is not of the protocol ({error!r}): {shown(data)}"
            ) from None


class StreamEncoder:
    """Writes the lines of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_model", "_started_ns")

    def __init__(self, *, model: str) -> None:
        self._model = model
        self._started_ns = time.perf_counter_ns()

    def start(self) -> bytes:
        """Nothing: the first words open the message."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk; its calls, which go out whole, its finish reason and usage wait for `end`."""
        return self._line({"content": chunk.text}) if chunk.text else b""

    def end(self, reply: ModelReply) -> bytes:
        """The calls, then the line that is done."""
        calls = self._line({"content": "", "tool_calls": encode_calls(reply.tool_calls)}) if reply.tool_calls else b""
        last = encode_end(reply, time.perf_counter_ns() - self._started_ns)
        return calls + self._line({"content": ""}, **last)

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return line(encode_error(message))

    def _line(self, message: dict[str, Any], **more: Any) -> bytes:
        said = {"role": "assistant", **message}
        created = stamp(datetime.now(UTC))
        return line({"model": self._model, "created_at": created, "message": said, "done": False, **more})
