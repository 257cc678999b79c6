"""A wire format as a value: everything a provider needs to speak it. Adding a protocol is adding a constant here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest
from app.intelligence.wire import (
    anthropic_messages,
    anthropic_messages_reply,
    anthropic_messages_stream,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_embeddings,
)


class StreamDecoder(Protocol):
    """The state of one stream being read."""

    finished: bool
    done: bool

    def decode(self, data: bytes) -> Chunk | None:
        """One event as a chunk, None when it says nothing."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingsCodec:
    """The part of a protocol that asks for vectors; paths are relative to the base URL."""

    path: str
    encode_request: Callable[[str, Sequence[str]], dict[str, Any]]
    decode_reply: Callable[[Mapping[str, Any], int], Embeddings]


@dataclass(frozen=True, slots=True)
class Codec:
    """One protocol, seen from the side that calls. `headers` are sent with every request, besides the key's."""

    path: str
    headers: Mapping[str, str]
    auth_headers: Callable[[str], dict[str, str]]
    encode_request: Callable[[ModelRequest], dict[str, Any]]
    decode_reply: Callable[[Mapping[str, Any]], ModelReply]
    decode_error: Callable[[Any], tuple[str, str]]
    stream_decoder: Callable[[], StreamDecoder]
    embeddings: EmbeddingsCodec | None


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
# By the name of the protocol in the configuration.
CODECS: Mapping[str, Codec] = {"openai": OPENAI, "compatible": COMPATIBLE, "anthropic": ANTHROPIC}
