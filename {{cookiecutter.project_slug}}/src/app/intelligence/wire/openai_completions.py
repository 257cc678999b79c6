"""OpenAI's completions, the endpoint before chat, as its clients still ask it: prompts in, their continuations out.

Only clients speak it: each prompt becomes a chat of one message, since no model of today continues a text. Refuses what
a reply of ours could not carry: several choices, the prompt repeated, log probabilities, prompts of token numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Usage
from app.intelligence.wire.fields import Kind, optional, required, shown, texts, within
from app.intelligence.wire.openai_chat_reply import encode_error, encode_usage
from app.intelligence.wire.sse import DONE, frame

# More than a client of LangChain's sends in one body.
MOST_PROMPTS = 64


def decode_request(body: Mapping[str, Any]) -> tuple[ModelRequest, ...]:
    """A client's body, one request a prompt. Raises InputError naming the field that is wrong."""
    for field in ("echo", "logprobs", "suffix"):
        if body.get(field):
            raise InputError(f"{field} is not served here: leave it out")
    for field in ("n", "best_of"):
        if body.get(field) not in (None, 1):
            raise InputError(f"{field} is {shown(body[field])}: one choice a prompt is served here")
    prompts = _prompts(body.get("prompt"))
    stream = bool(optional(body, "stream", Kind.FLAG))
    if stream and len(prompts) > 1:
        raise InputError("a stream of several prompts is not served here: send one prompt, or no stream")
    stop = body.get("stop")
    return tuple(
        ModelRequest(
            model=required(body, "model", Kind.TEXT),
            messages=(Message("user", prompt),),
            max_output_tokens=within(body, "max_tokens", Kind.WHOLE, 1),
            temperature=within(body, "temperature", Kind.NUMBER, 0, 2),
            top_p=within(body, "top_p", Kind.NUMBER, 0, 1),
            stop=(stop,) if isinstance(stop, str) else texts(stop or [], "stop"),
            seed=optional(body, "seed", Kind.WHOLE),
            stream=stream,
        )
        for prompt in prompts
    )


def _prompts(prompt: Any) -> tuple[str, ...]:
    if isinstance(prompt, str):
        return (prompt,)
    if not isinstance(prompt, list) or not prompt or not all(isinstance(one, str) for one in prompt):
        raise InputError(f"prompt is {shown(prompt)}: send a text or a list of texts")
    if len(prompt) > MOST_PROMPTS:
        raise InputError(f"prompt has {len(prompt)} texts: send at most {MOST_PROMPTS} at a time")
    return tuple(prompt)


def encode_replies(replies: Sequence[ModelReply], *, id: str, model: str, created: int) -> dict[str, Any]:
    """The body of all replies, a choice each. `created` is in seconds since 1970."""
    used = Usage.total([reply.usage for reply in replies])
    choices = [_choice(i, reply.text, reply.finish_reason) for i, reply in enumerate(replies)]
    return {**_head(id, model, created), "choices": choices, "usage": encode_usage(used)}


def _head(id: str, model: str, created: int) -> dict[str, Any]:
    return {"id": id, "object": "text_completion", "created": created, "model": model}


def _choice(index: int, text: str, finish_reason: str | None) -> dict[str, Any]:
    reason = "stop" if finish_reason == "tool_calls" else finish_reason
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


class StreamEncoder:
    """Writes the frames of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_head",)

    def __init__(self, *, id: str, model: str, created: int) -> None:
        self._head = _head(id, model, created)

    def start(self) -> bytes:
        """Nothing: the first text opens the stream."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk."""
        return self._frame(chunk.text, None) if chunk.text else b""

    def end(self, reply: ModelReply) -> bytes:
        """The finish reason and the end mark."""
        return self._frame("", reply.finish_reason) + DONE

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return frame(orjson.dumps(encode_error(kind, message)))

    def _frame(self, text: str, finish_reason: str | None) -> bytes:
        return frame(orjson.dumps({**self._head, "choices": [_choice(0, text, finish_reason)]}))
