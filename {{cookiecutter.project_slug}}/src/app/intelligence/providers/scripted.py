"""A provider that plays a list of outcomes and remembers what it was asked: the fake for all that calls models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from app.errors import (
    ConfigurationError,
    ProviderBrokenError,
    ProviderError,
    ProviderUnavailableError,
)
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Usage
from app.intelligence.providers.faults import Outcome, outcome_named, words
from app.intelligence.providers.http_errors import error_for
from app.intelligence.providers.provider import Timeouts

DIMENSIONS = 8

Play = str | Outcome | ModelReply | ProviderError


class ScriptedProvider:
    """Plays `script` in order, one outcome a request; the last one stays. See `faults` for the names.

    `requests` and `embedded` hold what was asked, `cancelled` counts the streams closed before their end.
    """

    def __init__(self, *script: Play) -> None:
        if not script:
            raise ConfigurationError("a script without outcomes: give at least one, such as 'ok'")
        self.requests: list[ModelRequest] = []
        self.embedded: list[tuple[str, ...]] = []
        self.cancelled = 0
        self.closed = False
        self._script = script
        self._played = 0

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """The next outcome as a whole reply or as its error."""
        self.requests.append(request)
        outcome = await self._begin(timeouts.total_s)
        if outcome.kind != "reply":
            raise ProviderBrokenError(f"scripted: {outcome.kind}")
        if outcome.gap_s:
            await asyncio.sleep(outcome.gap_s)
        return outcome.reply

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The next outcome in chunks, a word each."""
        self.requests.append(request)
        outcome = await self._begin(min(timeouts.first_token_s, timeouts.total_s))
        if outcome.kind == "badjson":
            raise ProviderBrokenError("scripted: badjson")
        chunks = words(outcome.reply)
        whole = False
        try:
            for chunk in chunks[: len(chunks) // 2] if outcome.kind == "cut" else chunks:
                if outcome.gap_s:
                    await asyncio.sleep(outcome.gap_s)
                yield chunk
            whole = True
        finally:
            self.cancelled += not whole
        if outcome.kind == "cut":
            raise ProviderBrokenError("scripted: cut")

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """The next outcome; vectors are DIMENSIONS long and tell texts apart by their length only."""
        self.embedded.append(tuple(texts))
        outcome = await self._begin(timeouts.total_s)
        if outcome.kind != "reply":
            raise ProviderBrokenError(f"scripted: {outcome.kind}")
        return Embeddings(vectors(texts), model, Usage(input_tokens=sum(map(len, texts))))

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def _begin(self, patience_s: float) -> Outcome:
        """The next outcome of the script, its error raised when it is one."""
        play = self._script[min(self._played, len(self._script) - 1)]
        self._played += 1
        if isinstance(play, ProviderError):
            raise play
        if isinstance(play, ModelReply):
            return Outcome(reply=play)
        outcome = outcome_named(play) if isinstance(play, str) else play
        if outcome.kind == "hang":
            await asyncio.sleep(patience_s)
            raise ProviderUnavailableError(f"scripted: no answer within {patience_s:g} s")
        if outcome.kind == "status":
            raise error_for(outcome.status, f"scripted: {outcome.status}", "", outcome.retry_after_s)
        return outcome


def vectors(texts: Sequence[str]) -> list[list[float]]:
    """Unit vectors of DIMENSIONS, one a text."""
    return [[float(len(text) % DIMENSIONS == place) for place in range(DIMENSIONS)] for text in texts]
