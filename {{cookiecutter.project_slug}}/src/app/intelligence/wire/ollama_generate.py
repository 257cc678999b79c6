"""Ollama's generate, as its clients ask it: a prompt, perhaps a system's word and pictures, in; its continuation out.

Only clients speak it: the prompt becomes a chat. Refuses what a chat cannot say: templates, suffixes, prompts without
any format, and the token numbers of an earlier reply.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Chunk, ModelReply, ModelRequest
from app.intelligence.wire import ollama
from app.intelligence.wire.fields import Kind, optional, required
from app.intelligence.wire.ndjson import line
from app.intelligence.wire.ollama_reply import encode_end, encode_error, stamp

_REFUSED = ("suffix", "template", "context", "raw", "width", "height", "steps")
_READ = {"prompt", "system", "images", *_REFUSED}


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    for field in _REFUSED:
        if body.get(field):
            raise InputError(f"{field} is not served here: send prompt and system, or the conversation to /api/chat")
    said: dict[str, Any] = {"role": "user", "content": required(body, "prompt", Kind.TEXT)}
    if body.get("images"):
        said["images"] = body["images"]
    system = optional(body, "system", Kind.TEXT)
    messages = [{"role": "system", "content": system}, said] if system else [said]
    return ollama.decode_request({**{k: v for k, v in body.items() if k not in _READ}, "messages": messages})


def encode_reply(reply: ModelReply, *, model: str, created: datetime, took_ns: int) -> dict[str, Any]:
    """The body of a whole reply. `model` is the name the client asked for."""
    return {"model": model, "created_at": stamp(created), "response": reply.text, **encode_end(reply, took_ns)}


@dataclass(frozen=True, slots=True)
class StreamEncoder:
    """Writes the lines of one stream to a client. `started_ns` is of the process's clock."""

    model: str
    started_ns: int

    def start(self) -> bytes:
        """Nothing: the first words open the reply."""
        return b""

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk; its usage waits for `end`."""
        return self._line(chunk.text, {"done": False}) if chunk.text else b""

    def end(self, reply: ModelReply) -> bytes:
        """The line that is done."""
        return self._line("", encode_end(reply, time.perf_counter_ns() - self.started_ns))

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun; SDKs raise it."""
        return line(encode_error(message))

    def _line(self, text: str, more: Mapping[str, Any]) -> bytes:
        return line({"model": self.model, "created_at": stamp(datetime.now(UTC)), "response": text, **more})
