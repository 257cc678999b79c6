"""A wire format as a value: everything a provider needs to speak it. Adding a protocol is adding a constant here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Relevance
from app.intelligence.wire import (
    anthropic_messages,
    anthropic_messages_reply,
    anthropic_messages_stream,
    cohere,
    cohere_embeddings,
    cohere_reply,
    cohere_rerank,
    cohere_stream,
    gemini,
    gemini_embeddings,
    gemini_reply,
    gemini_stream,
    ollama,
    ollama_embeddings,
    ollama_reply,
    ollama_stream,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_embeddings,
    openai_responses,
    openai_responses_reply,
    openai_responses_stream,
)
from app.intelligence.wire.ndjson import LineReader
from app.intelligence.wire.sse import EventReader


class StreamDecoder(Protocol):
    """The state of one stream being read."""

    finished: bool
    done: bool

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing."""
        ...


class FrameReader(Protocol):
    """Cuts the bytes of a stream into what a decoder reads."""

    def feed(self, received: bytes) -> list[bytes]:
        """What `received` completes."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingsCodec:
    """The part of a protocol that asks for vectors."""

    path: str
    encode_request: Callable[[str, Sequence[str]], dict[str, Any]]
    decode_reply: Callable[[Mapping[str, Any], int], Embeddings]


@dataclass(frozen=True, slots=True)
class RerankCodec:
    """The part of a protocol that scores texts for a question."""

    path: str
    encode_request: Callable[[str, str, Sequence[str]], dict[str, Any]]
    decode_reply: Callable[[Mapping[str, Any], int], Relevance]


@dataclass(frozen=True, slots=True)
class Codec:
    """One protocol, seen from the side that calls. `headers` are sent with every request, besides the key's.

    Paths are relative to the base URL; `{model}` in one stands for the model's id. `stream_path` is where streams have
    an address of their own, `framing` how they are cut.
    """

    path: str
    headers: Mapping[str, str]
    auth_headers: Callable[[str], dict[str, str]]
    encode_request: Callable[[ModelRequest], dict[str, Any]]
    decode_reply: Callable[[Mapping[str, Any]], ModelReply]
    decode_error: Callable[[Any], tuple[str, str]]
    stream_decoder: Callable[[], StreamDecoder]
    embeddings: EmbeddingsCodec | None
    rerank: RerankCodec | None = None
    stream_path: str | None = None
    framing: Callable[[], FrameReader] = EventReader


OPENAI = Codec(
    path=openai_chat.PATH,
    headers={},
    auth_headers=openai_chat.auth_headers,
    encode_request=openai_chat.encode_request,
    decode_reply=openai_chat_reply.decode_reply,
    decode_error=openai_chat_reply.decode_error,
    stream_decoder=openai_chat_stream.StreamDecoder,
    embeddings=EmbeddingsCodec(
        openai_embeddings.PATH, openai_embeddings.encode_request, openai_embeddings.decode_reply
    ),
)
# Servers that imitate OpenAI know the older name of the output limit for sure, the newer one perhaps.
COMPATIBLE = replace(OPENAI, encode_request=partial(openai_chat.encode_request, limit_field="max_tokens"))
ANTHROPIC = Codec(
    path=anthropic_messages.PATH,
    headers={"anthropic-version": anthropic_messages.VERSION},
    auth_headers=anthropic_messages.auth_headers,
    encode_request=anthropic_messages.encode_request,
    decode_reply=anthropic_messages_reply.decode_reply,
    decode_error=anthropic_messages_reply.decode_error,
    stream_decoder=anthropic_messages_stream.StreamDecoder,
    embeddings=None,
)
RESPONSES = replace(
    OPENAI,
    path=openai_responses.PATH,
    encode_request=openai_responses.encode_request,
    decode_reply=openai_responses_reply.decode_reply,
    stream_decoder=openai_responses_stream.StreamDecoder,
)
GEMINI = Codec(
    path=gemini.PATH,
    stream_path=gemini.STREAM_PATH,
    headers={},
    auth_headers=gemini.auth_headers,
    encode_request=gemini.encode_request,
    decode_reply=gemini_reply.decode_reply,
    decode_error=gemini_reply.decode_error,
    stream_decoder=gemini_stream.StreamDecoder,
    embeddings=EmbeddingsCodec(
        gemini_embeddings.PATH, gemini_embeddings.encode_request, gemini_embeddings.decode_reply
    ),
)
OLLAMA = Codec(
    path=ollama.PATH,
    headers={},
    auth_headers=ollama.auth_headers,
    encode_request=ollama.encode_request,
    decode_reply=ollama_reply.decode_reply,
    decode_error=ollama_reply.decode_error,
    stream_decoder=ollama_stream.StreamDecoder,
    embeddings=EmbeddingsCodec(
        ollama_embeddings.PATH, ollama_embeddings.encode_request, ollama_embeddings.decode_reply
    ),
    framing=LineReader,
)
COHERE = Codec(
    path=cohere.PATH,
    headers={},
    auth_headers=cohere.auth_headers,
    encode_request=cohere.encode_request,
    decode_reply=cohere_reply.decode_reply,
    decode_error=cohere_reply.decode_error,
    stream_decoder=cohere_stream.StreamDecoder,
    embeddings=EmbeddingsCodec(
        cohere_embeddings.PATH, cohere_embeddings.encode_request, cohere_embeddings.decode_reply
    ),
    rerank=RerankCodec(cohere_rerank.PATH, cohere_rerank.encode_request, cohere_rerank.decode_reply),
)
# By the name of the protocol in the configuration.
CODECS: Mapping[str, Codec] = {
    "openai": OPENAI,
    "compatible": COMPATIBLE,
    "responses": RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
    "cohere": COHERE,
}
