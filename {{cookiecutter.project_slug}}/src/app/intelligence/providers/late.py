"""A provider made when it is first asked: where replies are mostly reused, an HTTP client is not worth loading.

What is wrong with its address or key is then found at the first call, so a service does not use it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest
from app.intelligence.providers.provider import Provider, Timeouts


class LateProvider:
    """A `Provider`; `make` is called once, inside the event loop that uses it."""

    def __init__(self, make: Callable[[], Provider]) -> None:
        self._make = make
        self._made: Provider | None = None

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """As the provider does."""
        return await self._provider().complete(request, timeouts)

    def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """As the provider does."""
        return self._provider().stream(request, timeouts)

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """As the provider does."""
        return await self._provider().embed(model, texts, timeouts)

    async def close(self) -> None:
        """Close the provider, if there was ever need of one."""
        if self._made is not None:
            await self._made.close()

    def _provider(self) -> Provider:
        if self._made is None:
            self._made = self._make()
        return self._made
