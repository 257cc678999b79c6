"""Streams of OpenAI's chat completions, both ways: upstream events into chunks, chunks into frames for a client.

Each class keeps the state of one stream.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from app.errors import ProviderBrokenError, ProviderUnavailableError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta
from app.intelligence.wire.fields import shown
from app.intelligence.wire.openai_chat_reply import (
    FINISH,
    decode_error,
    decode_tokens,
    decode_usage,
    encode_error,
    encode_tokens,
    encode_usage,
)
from app.intelligence.wire.openai_custom import InputPieces, input_of
from app.intelligence.wire.openai_tokens import by_character
from app.intelligence.wire.sse import DONE, frame


class StreamDecoder:
    """Reads the events of one upstream stream. `finished` says that the reply is whole, `done` that nothing follows."""

    __slots__ = ("_inputs", "done", "finished")

    def __init__(self) -> None:
        self.finished = False
        self.done = False
        self._inputs = InputPieces()

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing. Raises ProviderError kinds for errors and nonsense."""
        if data == b"[DONE]":
            self.finished = self.done = True
            return None
        try:
            event = orjson.loads(data)
            choices = event.get("choices")
            usage = event.get("usage")
            if not choices:
                return self._without_choice(event, usage)
            delta = choices[0].get("delta") or {}
            finish = choices[0].get("finish_reason")
            text = delta.get("content") or delta.get("refusal") or ""
            calls = delta.get("tool_calls")
            tokens = decode_tokens(choices[0]["logprobs"]) if choices[0].get("logprobs") else ()
            if finish is None and usage is None and not text and not calls and not tokens:
                return None
            if not isinstance(text, str):
                raise TypeError("content is not text")
            if finish is not None:
                self.finished = True
            deltas = [self._call_delta(call) for call in calls or ()]
            if finish is not None:
                deltas += [ToolCallDelta(index, arguments=end) for index, end in self._inputs.ends()]
            return Chunk(
                text=text,
                tool_calls=tuple(deltas),
                finish_reason=None if finish is None else FINISH.get(finish, "stop"),
                usage=None if usage is None else decode_usage(usage),
                model=event.get("model") or "",
                logprobs=tuple(each.logprob for each in tokens),
                tokens=tokens,
            )
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise ProviderBrokenError(f"an event of the stream is not a chunk ({error}): {shown(data)}") from None

    def _without_choice(self, event: Mapping[str, Any], usage: Any) -> Chunk | None:
        if event.get("error") is not None:
            raise ProviderUnavailableError(f"the stream broke off: {decode_error(event)[0]}")
        return None if usage is None else Chunk(usage=decode_usage(usage), model=event.get("model") or "")

    def _call_delta(self, call: Mapping[str, Any]) -> ToolCallDelta:
        index, id, custom = call.get("index") or 0, call.get("id") or "", call.get("custom")
        if custom is not None:
            said = self._inputs.piece(index, custom.get("input") or "")
            return ToolCallDelta(index, id, custom.get("name") or "", said)
        function = call.get("function") or {}
        return ToolCallDelta(index, id, function.get("name") or "", function.get("arguments") or "")


class StreamEncoder:
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`.

    `retired`: the client reads calls in the retired way, `function_call`, of which a reply holds one. `thoughts`: it
    looks for thoughts in each piece of text, and finds that there are none. `custom`: the names of its custom tools,
    whose text, kept back in JSON, is told at the end.
    """

    __slots__ = ("_custom", "_head", "_include_usage", "_inputs", "_last", "_retired", "_tail", "_text")

    def __init__(
        self,
        *,
        id: str,
        model: str,
        created: int,
        include_usage: bool = False,
        retired: bool = False,
        thoughts: bool = False,
        custom: Collection[str] = (),
    ) -> None:
        self._retired = retired
        self._custom = custom
        self._inputs: dict[int, str] = {}  # arguments of custom calls so far
        self._text = b'{"content":%s,"reasoning_content":null,"reasoning":null}' if thoughts else b'{"content":%s}'
        self._last = self._text % b"null" if thoughts else b"{}"
        common = {"id": id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._head = b"data: " + orjson.dumps(common)[:-1]
        self._tail = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._include_usage = include_usage

    def start(self) -> bytes:
        """The frame that opens the message."""
        opened = b'{"role":"assistant","refusal":null,' + (self._text % b'""')[1:]
        return self._frame(opened)

    def chunk(self, chunk: Chunk) -> bytes:
        """Text and tool calls of a chunk; its finish reason and usage wait for `end`."""
        if chunk.tokens:
            frames = b"".join(
                self._frame(self._text % orjson.dumps(text), logprobs=orjson.dumps(encode_tokens(tokens)))
                for text, tokens in by_character(chunk.tokens)
            )
        else:
            frames = self._frame(self._text % orjson.dumps(chunk.text)) if chunk.text else b""
        if self._retired:
            deltas = [_encode_call_delta(delta)["function"] for delta in chunk.tool_calls if not delta.index]
            return frames + b"".join(self._frame(orjson.dumps({"function_call": function})) for function in deltas)
        if chunk.tool_calls:
            calls = [told for delta in chunk.tool_calls if (told := self._call(delta)) is not None]
            frames += self._frame(orjson.dumps({"tool_calls": calls})) if calls else b""
        return frames

    def _call(self, delta: ToolCallDelta) -> dict[str, Any] | None:
        """A piece of a call; None for one of a custom call's text."""
        if delta.name in self._custom:
            self._inputs[delta.index] = delta.arguments
            told = {"name": delta.name, "input": ""}
            return {"index": delta.index, "id": delta.id, "type": "custom", "custom": told}
        if delta.index in self._inputs:
            self._inputs[delta.index] += delta.arguments
            return None
        return _encode_call_delta(delta)

    def end(self, reply: ModelReply) -> bytes:
        """The finish reason, the usage when it was asked for, and the end mark."""
        retired = self._retired and reply.finish_reason == "tool_calls"
        said = [{"index": index, "custom": {"input": input_of(text)}} for index, text in self._inputs.items()]
        frames = self._frame(orjson.dumps({"tool_calls": said})) if said else b""
        frames += self._frame(self._last, orjson.dumps("function_call" if retired else reply.finish_reason))
        if self._include_usage:
            frames += b'%s,"choices":[],"usage":%s}\n\n' % (self._head, orjson.dumps(encode_usage(reply.usage)))
        return frames + DONE

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return frame(orjson.dumps(encode_error(kind, message)))

    def _frame(self, delta: bytes, finish_reason: bytes = b"null", logprobs: bytes = b"null") -> bytes:
        return b'%s,"choices":[{"index":0,"delta":%s,"logprobs":%s,"finish_reason":%s}]%s' % (
            self._head,
            delta,
            logprobs,
            finish_reason,
            self._tail,
        )


def _encode_call_delta(delta: ToolCallDelta) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": delta.arguments}
    if delta.name:
        function["name"] = delta.name
    if delta.id:
        return {"index": delta.index, "id": delta.id, "type": "function", "function": function}
    return {"index": delta.index, "function": function}
