"""Hugging Face's text generation, as its `InferenceClient` asks a server of its own: inputs in, their continuation out.

Only clients speak it: the inputs become a chat of one message, and as no model is named the default answers. Refuses
what a reply of ours could not carry: several candidates, single tokens and their probabilities, regular expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Chunk, FinishReason, Message, ModelReply, ModelRequest
from app.intelligence.wire.fields import Kind, optional, required, shown, texts, within
from app.intelligence.wire.sse import frame

PROTOCOL = "text_generation"
# No client names one; an alias of the door may take this up.
MODEL = "text-generation"

_REFUSED = ("decoder_input_details", "top_n_tokens", "watermark", "adapter_id")
_READ = {"max_new_tokens", "temperature", "top_p", "stop", "seed", "do_sample", "grammar", "details", "best_of"}
_READ |= {"return_full_text", *_REFUSED}
_REASONS: dict[FinishReason, str] = {"length": "length"}


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    given = optional(body, "parameters", Kind.OBJECT) or {}
    for field in _REFUSED:
        if given.get(field):
            raise InputError(f"parameters.{field} is not served here: leave it out")
    if given.get("best_of") not in (None, 1):
        raise InputError(f"parameters.best_of is {shown(given['best_of'])}: one is served here")
    extra = {key: value for key, value in given.items() if key not in _READ and value is not None}
    temperature = within(given, "temperature", Kind.NUMBER, 0)
    return ModelRequest(
        model=MODEL,
        messages=(Message("user", required(body, "inputs", Kind.TEXT)),),
        max_output_tokens=within(given, "max_new_tokens", Kind.WHOLE, 1),
        temperature=0.0 if given.get("do_sample") is False else temperature,
        top_p=within(given, "top_p", Kind.NUMBER, 0, 1),
        stop=texts(given.get("stop") or [], "parameters.stop"),
        seed=optional(given, "seed", Kind.WHOLE, "parameters."),
        output_schema=_grammar(optional(given, "grammar", Kind.OBJECT, "parameters.")),
        stream=bool(optional(body, "stream", Kind.FLAG)),
        extra={PROTOCOL: extra} if extra else {},
    )


def prefix_of(body: Mapping[str, Any]) -> str:
    """What stands before the continuation: the inputs, where the client wants the full text."""
    return str(body["inputs"]) if (body.get("parameters") or {}).get("return_full_text") else ""


def encode_reply(reply: ModelReply, *, prefix: str) -> list[dict[str, Any]]:
    """The body of a whole reply. Its details tell no single tokens."""
    details = {
        "finish_reason": _REASONS.get(reply.finish_reason, "eos_token"),
        "generated_tokens": reply.usage.output_tokens,
        "prefill": [],
        "tokens": [],
    }
    return [{"generated_text": prefix + reply.text, "details": details}]


class StreamEncoder:
    """Writes the events of one stream to a client; what it calls tokens are the pieces as they came."""

    __slots__ = ("_index", "_prefix", "_said")

    def __init__(self, *, prefix: str) -> None:
        self._index = 0
        self._prefix = prefix
        self._said = ""

    def start(self) -> bytes:
        """Nothing: the first text opens the stream."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk."""
        if not chunk.text:
            return b""
        self._said += chunk.text
        return self._event(chunk.text, special=False)

    def end(self, reply: ModelReply) -> bytes:
        """An end mark, with the whole text once more, and what it took."""
        details = {
            "finish_reason": _REASONS.get(reply.finish_reason, "eos_token"),
            "generated_tokens": reply.usage.output_tokens,
            "input_length": reply.usage.input_tokens,
        }
        return self._event("", special=True, generated_text=self._prefix + self._said, details=details)

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; the client raises it."""
        return frame(orjson.dumps({"error": message, "error_type": "generation"}))

    def _event(self, text: str, *, special: bool, **more: Any) -> bytes:
        self._index += 1
        token = {"id": 0, "text": text, "logprob": 0.0, "special": special}
        return frame(orjson.dumps({"index": self._index, "token": token, **more}))


def _grammar(grammar: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if grammar is None:
        return None
    if grammar.get("type") not in ("json", "json_schema"):
        raise InputError(f"parameters.grammar.type is {shown(grammar.get('type'))}: only json is served here")
    schema: Mapping[str, Any] = required(grammar, "value", Kind.OBJECT, "parameters.grammar.")
    return schema
