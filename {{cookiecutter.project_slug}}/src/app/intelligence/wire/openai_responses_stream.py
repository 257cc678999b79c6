"""Streams of OpenAI's Responses, both ways: upstream events into chunks, chunks into frames for a client.

Each class keeps the state of one stream. The output is a row of items, each opened, filled and closed before the next;
the last event holds the whole reply once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import Chunk, ModelReply, TokenLogprob, ToolCall, ToolCallDelta
from app.intelligence.wire.fields import shown
from app.intelligence.wire.openai_custom import InputPieces, input_of
from app.intelligence.wire.openai_responses_reply import (
    call_item,
    call_item_id,
    custom_names,
    decode_finish,
    decode_usage,
    encode_reply,
    message_item,
    opened,
    text_part,
)
from app.intelligence.wire.openai_tokens import by_character, decode_token, encode_token
from app.intelligence.wire.sse import frame

# Items that are a call of the client's tools.
CALLS = ("function_call", "custom_tool_call")


class StreamDecoder:
    """Reads the events of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_calls", "_inputs", "_refused", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._calls: dict[int, int] = {}
        self._inputs = InputPieces()
        self._refused = False

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        if data == b"[DONE]":
            return None
        try:
            event = orjson.loads(data)
            kind = event["type"]
            if kind == "response.output_text.delta":
                tokens = tuple(decode_token(token) for token in event.get("logprobs") or ())
                return Chunk(event["delta"], logprobs=tuple(each.logprob for each in tokens), tokens=tokens)
            if kind == "response.function_call_arguments.delta":
                return Chunk(tool_calls=(ToolCallDelta(self._calls[event["output_index"]], arguments=event["delta"]),))
            if kind == "response.custom_tool_call_input.delta":
                index = self._calls[event["output_index"]]
                return Chunk(tool_calls=(ToolCallDelta(index, arguments=self._inputs.piece(index, event["delta"])),))
            if kind == "response.custom_tool_call_input.done":
                ends = (ToolCallDelta(index, arguments=end) for index, end in self._inputs.ends())
                return Chunk(tool_calls=tuple(ends))
            if kind == "response.output_item.added" and event["item"]["type"] in CALLS:
                return self._call(event["output_index"], event["item"])
            if kind == "response.refusal.delta":
                self._refused = True
                return Chunk(text=event["delta"])
            if kind in ("response.completed", "response.incomplete", "response.failed"):
                return self._end(event["response"])
            if kind == "error":
                said = event.get("error") or event
                raise ProviderUnavailableError(f"the stream broke off: {said.get('message') or 'no reason given'}")
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderBrokenError(
                f"an event of the stream is not of the protocol ({error!r}): {shown(data)}"
            ) from None

    def _call(self, index: int, item: Mapping[str, Any]) -> Chunk:
        ordinal = self._calls[index] = len(self._calls)
        if item["type"] == "custom_tool_call":
            said = self._inputs.piece(ordinal, item.get("input") or "")
            return Chunk(tool_calls=(ToolCallDelta(ordinal, item["call_id"], item["name"], said),))
        return Chunk(tool_calls=(ToolCallDelta(ordinal, item["call_id"], item["name"], item.get("arguments") or ""),))

    def _end(self, response: Mapping[str, Any]) -> Chunk:
        finish = decode_finish(response, called=bool(self._calls), refused=self._refused)
        self.finished = self.done = True
        usage = decode_usage(response.get("usage"))
        return Chunk(finish_reason=finish, usage=None if usage.estimated else usage, model=response.get("model") or "")


class StreamEncoder:
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = (
        "_asked",
        "_call",
        "_created",
        "_custom",
        "_id",
        "_index",
        "_model",
        "_number",
        "_open",
        "_said",
        "_tokens",
    )

    def __init__(self, *, id: str, model: str, created: int, asked: Mapping[str, Any]) -> None:
        self._id = id
        self._model = model
        self._created = created
        self._asked = asked
        self._custom = custom_names(asked)
        self._number = -1  # of the newest event
        self._index = -1  # of the newest output item
        self._open: ToolCall | str | None = None  # what the open item is: a call, or the text's kind
        self._call = -1  # index of the newest tool call
        self._said: list[str] = []  # what the open item holds so far
        self._tokens: list[TokenLogprob] = []  # of its text

    def start(self) -> bytes:
        """The frames that open the reply."""
        begun = opened(id=self._id, model=self._model, created=self._created, asked=self._asked)
        return self._event("response.created", response=begun) + self._event("response.in_progress", response=begun)

    def chunk(self, chunk: Chunk) -> bytes:
        """Text and tool calls of a chunk; its finish reason and usage wait for `end`."""
        pieces = by_character(chunk.tokens) if chunk.tokens else [(chunk.text, ())] if chunk.text else []
        frames = b"".join(self._text(text, tokens) for text, tokens in pieces)
        for delta in chunk.tool_calls:
            frames += self._tool(delta)
        return frames

    def end(self, reply: ModelReply) -> bytes:
        """The open item's end, then the whole reply."""
        frames = self._close()
        whole = encode_reply(reply, id=self._id, model=self._model, created=self._created, asked=self._asked)
        return frames + self._event(f"response.{whole['status']}", response=whole)

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        told = {"type": kind, "code": kind, "message": message, "param": None}
        return self._event("error", code=kind, message=message, param=None, error=told)

    def _text(self, text: str, tokens: Sequence[TokenLogprob]) -> bytes:
        frames = b""
        if self._open != "message":
            frames = self._close() + self._added("message", message_item(self._item_id(), "", "in_progress"))
            frames += self._in_item("response.content_part.added", content_index=0, part=text_part(""))
        self._said.append(text)
        self._tokens += tokens
        told = [encode_token(one, with_bytes=False) for one in tokens]
        return frames + self._in_item("response.output_text.delta", content_index=0, delta=text, logprobs=told)

    def _tool(self, delta: ToolCallDelta) -> bytes:
        frames = b""
        if not isinstance(self._open, ToolCall) or delta.index != self._call:
            frames = self._close()
            self._call = delta.index
            call = ToolCall(delta.id, delta.name, "")
            item = call_item(self._item_id(call), call, "in_progress", custom=call.name in self._custom)
            frames += self._added(call, item)
        if not delta.arguments:
            return frames
        self._said.append(delta.arguments)
        if isinstance(self._open, ToolCall) and self._open.name in self._custom:
            return frames  # the text in the arguments is told when they are whole
        return frames + self._in_item("response.function_call_arguments.delta", delta=delta.arguments)

    def _added(self, kind: ToolCall | str, item: Mapping[str, Any]) -> bytes:
        self._open = kind
        self._index += 1
        self._said, self._tokens = [], []
        return self._event("response.output_item.added", output_index=self._index, item=item)

    def _close(self) -> bytes:
        said, what = "".join(self._said), self._open
        if what is None:
            return b""
        if isinstance(what, ToolCall) and what.name in self._custom:
            text = input_of(said)
            frames = self._in_item("response.custom_tool_call_input.delta", delta=text)
            frames += self._in_item("response.custom_tool_call_input.done", input=text)
            item = call_item(self._item_id(what), ToolCall(what.id, what.name, said), custom=True)
        elif isinstance(what, ToolCall):
            frames = self._in_item("response.function_call_arguments.done", name=what.name, arguments=said)
            item = call_item(self._item_id(what), ToolCall(what.id, what.name, said))
        else:
            told = [encode_token(one, with_bytes=False) for one in self._tokens]
            frames = self._in_item("response.output_text.done", content_index=0, text=said, logprobs=told)
            part = text_part(said, self._tokens)
            frames += self._in_item("response.content_part.done", content_index=0, part=part)
            item = message_item(self._item_id(), said, tokens=self._tokens)
        frames += self._event("response.output_item.done", output_index=self._index, item=item)
        self._open = None
        return frames

    def _item_id(self, call: ToolCall | None = None) -> str:
        return f"msg_{self._id}" if call is None else call_item_id(self._id, self._call, call.name in self._custom)

    def _in_item(self, event: str, /, **fields: Any) -> bytes:
        call = self._open if isinstance(self._open, ToolCall) else None
        return self._event(event, item_id=self._item_id(call), output_index=self._index, **fields)

    def _event(self, event: str, /, **fields: Any) -> bytes:
        self._number += 1
        return frame(orjson.dumps({"type": event, "sequence_number": self._number, **fields}), event)
