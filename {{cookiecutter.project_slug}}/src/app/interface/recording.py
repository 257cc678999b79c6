"""Exchanges with a door, kept in a file: recorded once from the real one, played back in tests.

The file is a JSON list of {"protocol", "request", "reply"}: the request's body, and the reply's body or, for a streamed
one, {"stream": its text}, or a list of [headers, payload] where the stream is of Amazon's frames. A protocol that names
its model in the address has it behind its name; lists of models are `models` with the address, their request the query.
Replies that failed are kept, with their `status`, when the request itself was at fault, and no headers of HTTP, so a
recording holds no key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import InputError
from app.intelligence.wire import amazon_frames

PROTOCOLS: Mapping[str, str] = {
    "/v1/chat/completions": "openai.chat",
    "/v1": "huggingface.text_generation",
    "/v1/responses": "openai.responses",
    "/v1/completions": "openai.completions",
    "/v1/embeddings": "openai.embeddings",
    "/v1/messages": "anthropic.messages",
    "/v1/messages/count_tokens": "anthropic.count_tokens",
    "/api/chat": "ollama.chat",
    "/api/generate": "ollama.generate",
    "/api/embed": "ollama.embed",
    "/api/show": "ollama.show",
    "/v1/chat": "cohere.chat_v1",
    "/v1/embed": "cohere.embed_v1",
    "/v1/generate": "cohere.generate",
    "/v2/chat": "cohere.chat",
    "/v2/embed": "cohere.embed",
    "/voyage/v1/embeddings": "voyage.embeddings",
    "/voyage/v1/rerank": "voyage.rerank",
    "/v1/rerank": "cohere.rerank_v1",
    "/v2/rerank": "cohere.rerank",
    "/v1/interactions": "gemini.interactions",
    "/v1beta/interactions": "gemini.interactions",
}
STREAM_TYPES = ("text/event-stream", "application/x-ndjson")
OK = 200
# What a request deserves by itself. Other failures, of keys, limits or servers, need not come again.
AT_FAULT = (400, 404, 413, 422)
_LISTS = re.compile(r"/v1(?:beta)?/models(?:/[^/:]+)?|/api/tags")
FRAMED = amazon_frames.MEDIA_TYPE
_GEMINI = re.compile(r"/v1(?:beta)?/models/(?P<model>.+):(?P<action>\w+)")
_BEDROCK = re.compile(r"/model/(?P<model>.+)/(?P<action>converse|converse-stream)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what was answered, with its HTTP status."""

    protocol: str
    request: Any
    reply: Any
    status: int = OK

    def as_entry(self) -> dict[str, Any]:
        """As it stands in a file."""
        entry = {"protocol": self.protocol, "request": self.request, "reply": self.reply}
        return entry if self.status == OK else {**entry, "status": self.status}


def protocol_of(path: str, method: str = "POST") -> str | None:
    """The protocol spoken at a path (without its query, escaped or not), None where there is no door."""
    path = unquote(path)
    if method == "GET":
        return f"models{path}" if _LISTS.fullmatch(path) else None
    for family, pattern in (("gemini", _GEMINI), ("bedrock", _BEDROCK)):
        named = pattern.fullmatch(path)
        if named:
            return f"{family}.{named['action']}/{named['model']}"
    return PROTOCOLS.get(path)


def stream_bytes(stream: Any) -> bytes:
    """A recorded stream as it was sent. Raises InputError when it is neither text nor frames."""
    if isinstance(stream, str):
        return stream.encode()
    try:
        return b"".join(amazon_frames.frame(headers, payload.encode()) for headers, payload in stream)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"a recorded stream is broken ({error}): promote the notebook again") from None


def stream_type_of(protocol: str) -> str:
    """The content type of a protocol's streams."""
    if protocol.startswith("bedrock."):
        return FRAMED
    return STREAM_TYPES[protocol.startswith(("ollama.", "cohere.chat_v1", "cohere.generate"))]


def query_of(query: str) -> dict[str, str]:
    """The query of an address as the request it is."""
    return dict(parse_qsl(query))


def read_recording(path: Path) -> list[Exchange]:
    """The exchanges in a file, in order. Raises InputError when it is missing or no recording."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Exchange(e["protocol"], e["request"], e["reply"], int(e.get("status", OK))) for e in entries]
    except OSError as error:
        raise InputError(f"recording {path} cannot be read ({error.strerror}): promote the notebook again") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no recording ({error}): promote the notebook again") from None


def write_recording(path: Path, exchanges: Sequence[Exchange]) -> None:
    """Write the whole file; a reader sees the old one or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    text = json.dumps([exchange.as_entry() for exchange in exchanges], indent=1, ensure_ascii=False)
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)


def record_door(app: ASGIApp, file: Path) -> ASGIApp:
    """The same application, with every exchange at a door written to `file` as soon as it is over."""
    exchanges: list[Exchange] = []
    write_recording(file, exchanges)

    async def recorded(scope: Scope, receive: Receive, send: Send) -> None:
        protocol = protocol_of(scope["path"], scope["method"]) if scope["type"] == "http" else None
        if protocol is None:
            await app(scope, receive, send)
            return
        sent, answered = bytearray(), _Answered()

        async def receive_kept() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def send_kept(message: Message) -> None:
            answered.add(message)
            await send(message)

        await app(scope, receive_kept, send_kept)
        if answered.status == OK or (answered.status in AT_FAULT and answered.is_json):
            request = json.loads(sent) if scope["method"] == "POST" else query_of(scope["query_string"].decode())
            exchanges.append(Exchange(protocol, request, answered.reply(), answered.status))
            write_recording(file, exchanges)

    return recorded


class _Answered:
    """Collects the messages of one response."""

    def __init__(self) -> None:
        self.status = 0
        self.is_json = False
        self._kind = ""
        self._body = bytearray()

    def add(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._kind = dict(message.get("headers", [])).get(b"content-type", b"").decode()
            self.is_json = self._kind.startswith("application/json")
        elif message["type"] == "http.response.body":
            self._body.extend(message.get("body", b""))

    def reply(self) -> Any:
        if self._kind.startswith(FRAMED):
            frames = amazon_frames.frames(bytes(self._body))
            return {"stream": [[headers, payload.decode()] for headers, payload in frames]}
        return {"stream": self._body.decode()} if self._kind.startswith(STREAM_TYPES) else json.loads(self._body)
