"""Cohere's generate, the endpoint before chat, as its clients still ask it: a prompt in, its continuation out.

Only clients speak it: the prompt becomes a chat of one message, several generations as many chats. Refuses what a reply
of ours could not carry: several in a stream, likelihoods of the prompt's own tokens or in a stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Usage
from app.intelligence.wire import ndjson
from app.intelligence.wire.cohere_v1 import DEFAULT_MODEL, encode_meta, finish_of
from app.intelligence.wire.fields import Kind, optional, required, texts, within
from app.intelligence.wire.several import decode_each


def decode_requests(body: Mapping[str, Any]) -> tuple[ModelRequest, ...]:
    """A client's body, a request for each generation it wants. Raises InputError naming the field that is wrong."""
    return decode_each(body, "num_generations", _decode_request)


def _decode_request(body: Mapping[str, Any]) -> ModelRequest:
    stream = bool(optional(body, "stream", Kind.FLAG))
    return ModelRequest(
        model=optional(body, "model", Kind.TEXT) or DEFAULT_MODEL,
        messages=(Message("user", required(body, "prompt", Kind.TEXT)),),
        max_output_tokens=within(body, "max_tokens", Kind.WHOLE, 1),
        temperature=within(body, "temperature", Kind.NUMBER, 0),
        top_p=within(body, "p", Kind.NUMBER, 0, 1),
        stop=texts(body.get("stop_sequences") or [], "stop_sequences"),
        seed=optional(body, "seed", Kind.WHOLE),
        stream=stream,
        logprobs=_likelihoods_wanted(body, stream),
    )


def _likelihoods_wanted(body: Mapping[str, Any], stream: bool) -> bool:
    asked = optional(body, "return_likelihoods", Kind.TEXT) or "NONE"
    if asked not in ("NONE", "GENERATION"):
        raise InputError(
            f"return_likelihoods is {asked!r}: GENERATION and NONE are served, a prompt's own tokens are not"
        )
    if asked == "GENERATION" and stream:
        raise InputError("return_likelihoods is not served in a stream: send no stream, or leave it out")
    return asked == "GENERATION"


def encode_replies(replies: Sequence[ModelReply], *, id: str, prompt: str) -> dict[str, Any]:
    """The body of all replies, a generation each, with the usage of all of them together."""
    used = Usage.total([reply.usage for reply in replies])
    generations = [
        _generation(reply, id if index == 0 else f"{id}-{index}", index) for index, reply in enumerate(replies)
    ]
    return {"id": id, "prompt": prompt, "generations": generations, "meta": encode_meta(used)}


def _generation(reply: ModelReply, id: str, index: int = 0) -> dict[str, Any]:
    told: dict[str, Any] = {"id": id, "index": index, "text": reply.text, "finish_reason": finish_of(reply)}
    if reply.tokens:
        told["likelihood"] = sum(each.logprob for each in reply.tokens) / len(reply.tokens)
        told["token_likelihoods"] = [{"token": each.token, "likelihood": each.logprob} for each in reply.tokens]
    return told


class StreamEncoder:
    """Writes the lines of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_id", "_prompt")

    def __init__(self, *, id: str, prompt: str) -> None:
        self._id, self._prompt = id, prompt

    def start(self) -> bytes:
        """Nothing: the first text opens the stream."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk."""
        if not chunk.text:
            return b""
        return ndjson.line({"event_type": "text-generation", "text": chunk.text, "index": 0, "is_finished": False})

    def end(self, reply: ModelReply) -> bytes:
        """The whole reply once more."""
        whole = {"id": self._id, "prompt": self._prompt, "generations": [_generation(reply, self._id)]}
        ended = {"event_type": "stream-end", "is_finished": True, "finish_reason": finish_of(reply), "response": whole}
        return ndjson.line(ended)

    def error(self, kind: str, message: str) -> bytes:
        """The end of a stream that failed after it had begun."""
        ended = {"event_type": "stream-error", "is_finished": True, "finish_reason": "ERROR", "err": message}
        return ndjson.line({**ended, "index": 0})
