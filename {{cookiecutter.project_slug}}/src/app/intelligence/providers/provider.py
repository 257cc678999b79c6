"""What a provider is: request in, reply or stream of chunks out, and errors the gateway can act on.

A provider tries once. It never retries, never logs, never counts money: the gateway does, for all of them alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Relevance


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Limits of one attempt, in seconds. `first_token_s` and `between_tokens_s` hold for streams."""

    connect_s: float = 5.0
    first_token_s: float = 30.0
    between_tokens_s: float = 15.0
    total_s: float = 60.0


class Provider(Protocol):
    """One served endpoint. Raises only ProviderError and its kinds (see app.errors)."""

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """One reply, whole."""
        ...

    def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The reply in chunks; closing the iterator closes the connection upstream."""
        ...

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """One vector a text."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """A provider that also scores texts for a question; most do not."""

    async def rerank(self, model: str, question: str, texts: Sequence[str], timeouts: Timeouts) -> Relevance:
        """One score a text."""
        ...
