"""How the scripted provider speaks each protocol: where it is asked, and its replies, streams, errors and vectors.

Adding a protocol is adding an entry; what happens to a request is no business of this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from app.intelligence.messages import Chunk, Embeddings, ModelReply, Usage
from app.intelligence.providers.scripted import vectors
from app.intelligence.wire import (
    anthropic_messages_reply,
    anthropic_messages_stream,
    cohere_embeddings,
    cohere_reply,
    cohere_stream,
    gemini_embeddings,
    gemini_reply,
    gemini_stream,
    ndjson,
    ollama_embeddings,
    ollama_reply,
    ollama_stream,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_embeddings,
    openai_responses_reply,
    openai_responses_stream,
)

ID = "scripted"
KIND = "scripted_error"
EVENTS = "text/event-stream"
GEMINI_PATH = "/v1beta/models/{model}"

Body = Mapping[str, Any]


class StreamEncoder(Protocol):
    """What the encoders of all protocols have in common."""

    def start(self) -> bytes: ...
    def chunk(self, chunk: Chunk) -> bytes: ...
    def end(self, reply: ModelReply) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Speech:
    """One protocol's chat. `{model}` in `path` is where the address names the model.

    `reply` and `encoder` take the client's body, the model it named and what is said, `error` a status and a text.
    `usage_fields` are where a reply counts its tokens; `streams` says by the body whether a stream is asked for.
    """

    path: str
    reply: Callable[[Body, str, ModelReply], dict[str, Any]]
    encoder: Callable[[Body, str, ModelReply], StreamEncoder]
    error: Callable[[int, str], dict[str, Any]]
    usage_fields: tuple[str, ...] = ("usage",)
    streams: Callable[[Body], bool] = lambda body: bool(body.get("stream"))
    media_type: str = EVENTS


@dataclass(frozen=True, slots=True)
class EmbeddingSpeech:
    """One protocol's embeddings: the body of the answer to a client's body."""

    path: str
    reply: Callable[[Body], dict[str, Any]]
    error: Callable[[int, str], dict[str, Any]]
    usage_fields: tuple[str, ...] = ("usage",)


def _now() -> int:
    return int(time.time())


def _openai_error(status: int, message: str) -> dict[str, Any]:
    return openai_chat_reply.encode_error(KIND, message)


def _gemini_error(status: int, message: str) -> dict[str, Any]:
    return gemini_reply.encode_error("SCRIPTED", message, status)


def _ollama_error(status: int, message: str) -> dict[str, Any]:
    return ollama_reply.encode_error(message)


def _cohere_error(status: int, message: str) -> dict[str, Any]:
    return cohere_reply.encode_error(message)


def _openai_stream(body: Body, model: str, said: ModelReply) -> StreamEncoder:
    counted = openai_chat.wants_usage(body) and not said.usage.estimated
    return openai_chat_stream.StreamEncoder(id=ID, model=model, created=_now(), include_usage=counted)


def _gemini(action: str, *, streamed: bool) -> Speech:
    return Speech(
        path=f"{GEMINI_PATH}:{action}",
        reply=lambda body, model, said: gemini_reply.encode_reply(said, id=ID, model=model),
        encoder=lambda body, model, said: gemini_stream.StreamEncoder(id=ID, model=model),
        error=_gemini_error,
        usage_fields=("usageMetadata",),
        streams=lambda body: streamed,
    )


SPEECHES = (
    Speech(
        path="/v1/chat/completions",
        reply=lambda body, model, said: openai_chat_reply.encode_reply(said, id=ID, model=model, created=_now()),
        encoder=_openai_stream,
        error=_openai_error,
    ),
    Speech(
        path="/v1/responses",
        reply=lambda body, model, said: openai_responses_reply.encode_reply(
            said, id=ID, model=model, created=_now(), asked=body
        ),
        encoder=lambda body, model, said: openai_responses_stream.StreamEncoder(
            id=ID, model=model, created=_now(), asked=body
        ),
        error=_openai_error,
    ),
    Speech(
        path="/v1/messages",
        reply=lambda body, model, said: anthropic_messages_reply.encode_reply(said, id=ID, model=model),
        encoder=lambda body, model, said: anthropic_messages_stream.StreamEncoder(id=ID, model=model),
        error=lambda status, message: anthropic_messages_reply.encode_error(KIND, message),
    ),
    _gemini("generateContent", streamed=False),
    _gemini("streamGenerateContent", streamed=True),
    Speech(
        path="/api/chat",
        reply=lambda body, model, said: ollama_reply.encode_reply(
            said, model=model, created=datetime.now(UTC), took_ns=1
        ),
        encoder=lambda body, model, said: ollama_stream.StreamEncoder(model=model),
        error=_ollama_error,
        usage_fields=("prompt_eval_count", "eval_count"),
        streams=lambda body: body.get("stream") is not False,
        media_type=ndjson.MEDIA_TYPE,
    ),
    Speech(
        path="/v2/chat",
        reply=lambda body, model, said: cohere_reply.encode_reply(said, id=ID),
        encoder=lambda body, model, said: cohere_stream.StreamEncoder(id=ID),
        error=_cohere_error,
    ),
)


def _embedded(texts: tuple[str, ...]) -> Embeddings:
    """A vector a text, a token a character."""
    return Embeddings(vectors(texts), "scripted", Usage(input_tokens=sum(map(len, texts))))


def _openai_vectors(body: Body) -> dict[str, Any]:
    wanted = openai_embeddings.decode_request(body)
    return openai_embeddings.encode_reply(_embedded(wanted.texts), model=wanted.model, encoding=wanted.encoding)


def _gemini_vectors(body: Body) -> dict[str, Any]:
    return gemini_embeddings.encode_reply(_embedded(gemini_embeddings.decode_request(body).texts))


def _ollama_vectors(body: Body) -> dict[str, Any]:
    wanted = ollama_embeddings.decode_request(body)
    return ollama_embeddings.encode_reply(_embedded(wanted.texts), model=wanted.model, took_ns=1)


def _cohere_vectors(body: Body) -> dict[str, Any]:
    wanted = cohere_embeddings.decode_request(body)
    return cohere_embeddings.encode_reply(_embedded(wanted.texts), wanted, id=ID)


EMBEDDING_SPEECHES = (
    EmbeddingSpeech("/v1/embeddings", _openai_vectors, _openai_error),
    EmbeddingSpeech(f"{GEMINI_PATH}:batchEmbedContents", _gemini_vectors, _gemini_error, ("usageMetadata",)),
    EmbeddingSpeech("/api/embed", _ollama_vectors, _ollama_error, ("prompt_eval_count",)),
    EmbeddingSpeech("/v2/embed", _cohere_vectors, _cohere_error, ("meta",)),
)
