"""Streams of Cohere's chat (v2), both ways: upstream events into chunks, chunks into frames for a client.

Each class keeps the state of one stream. Pieces come one after the other: text that has been left by a call begins a
new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.errors import ProviderBrokenError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta
from app.intelligence.wire.cohere_documents import CitedSource, citations
from app.intelligence.wire.cohere_reply import (
    FINISH_REASONS,
    decode_finish,
    decode_usage,
    encode_citations,
    encode_usage,
)
from app.intelligence.wire.fields import shown
from app.intelligence.wire.sse import frame


class StreamDecoder:
    """Reads the events of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_calls", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._calls: dict[int, int] = {}

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        if data == b"[DONE]":
            return None
        try:
            event = orjson.loads(data)
            kind = event["type"]
            if kind == "message-end":
                return self._end(event["delta"])
            if kind in ("content-start", "content-delta"):
                return _text(event["delta"]["message"]["content"].get("text"))
            if kind == "tool-plan-delta":
                return _text(event["delta"]["message"]["tool_plan"])
            if kind in ("tool-call-start", "tool-call-delta"):
                return self._call(event["index"], event["delta"]["message"]["tool_calls"])
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderBrokenError(
                f"an event of the stream is not of the protocol ({error!r}): {shown(data)}"
            ) from None

    def _call(self, index: int, call: Mapping[str, Any]) -> Chunk:
        ordinal = self._calls.setdefault(index, len(self._calls))
        function = call["function"]
        delta = ToolCallDelta(
            ordinal, call.get("id") or "", function.get("name") or "", function.get("arguments") or ""
        )
        return Chunk(tool_calls=(delta,))

    def _end(self, delta: Mapping[str, Any]) -> Chunk:
        finish = decode_finish(delta.get("finish_reason"), delta.get("error") or "")
        self.finished = self.done = True
        usage = decode_usage(delta.get("usage"))
        return Chunk(finish_reason=finish, usage=None if usage.estimated else usage)


def _text(said: Any) -> Chunk | None:
    if said is not None and not isinstance(said, str):
        raise TypeError("text is not a string")
    return Chunk(text=said) if said else None


class StreamEncoder:
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_call", "_id", "_index", "_open", "_sources")

    def __init__(self, *, id: str, sources: Sequence[CitedSource] = ()) -> None:
        self._id = id
        self._sources = sources
        self._index = -1  # of the newest piece of its kind
        self._open = ""  # its kind while it is open: content or tool-call
        self._call = -1  # index of the newest tool call

    def start(self) -> bytes:
        """The frame that opens the message."""
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return _event("message-start", id=self._id, delta={"message": message})

    def chunk(self, chunk: Chunk) -> bytes:
        """Text and tool calls of a chunk; its finish reason and usage wait for `end`."""
        frames = self._text(chunk.text) if chunk.text else b""
        for delta in chunk.tool_calls:
            frames += self._tool(delta)
        return frames

    def end(self, reply: ModelReply) -> bytes:
        """What the text cites, the finish reason and the usage."""
        cited = b"" if reply.tool_calls else self._citations(reply.text)
        delta = {"finish_reason": FINISH_REASONS[reply.finish_reason], "usage": encode_usage(reply.usage)}
        return cited + self._close() + _event("message-end", delta=delta)

    def error(self, kind: str, message: str) -> bytes:
        """The end of a stream that failed after it had begun, as the protocol tells it; SDKs raise nothing."""
        return self._close() + _event("message-end", delta={"error": message, "finish_reason": "ERROR"})

    def _citations(self, text: str) -> bytes:
        frames = b""
        for index, citation in enumerate(encode_citations(citations(text, self._sources))):
            message = {"citations": citation}
            frames += _event("citation-start", index=index, delta={"message": message})
            frames += _event("citation-end", index=index)
        return frames

    def _text(self, text: str) -> bytes:
        opened = b""
        if self._open != "content":
            opened = self._start("content", 0, {"content": {"type": "text", "text": ""}})
        return opened + (
            b"event: content-delta\n"
            b'data: {"type":"content-delta","index":%d,"delta":{"message":{"content":{"text":%s}}}}\n\n'
            % (self._index, orjson.dumps(text))
        )

    def _tool(self, delta: ToolCallDelta) -> bytes:
        if self._open != "tool-call" or delta.index != self._call:
            self._call = delta.index
            function = {"name": delta.name, "arguments": delta.arguments}
            call = {"id": delta.id, "type": "function", "function": function}
            return self._start("tool-call", delta.index, {"tool_calls": call})
        said = {"message": {"tool_calls": {"function": {"arguments": delta.arguments}}}}
        return _event("tool-call-delta", index=self._index, delta=said) if delta.arguments else b""

    def _start(self, kind: str, index: int, message: Mapping[str, Any]) -> bytes:
        closed = self._close()
        self._open, self._index = kind, index
        return closed + _event(f"{kind}-start", index=index, delta={"message": message})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        kind, self._open = self._open, ""
        return _event(f"{kind}-end", index=self._index)


def _event(name: str, **fields: Any) -> bytes:
    return frame(orjson.dumps({"type": name, **fields}), name)
