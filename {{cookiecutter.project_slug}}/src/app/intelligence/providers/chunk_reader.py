"""The chunks of one upstream stream as they arrive, each wait limited by what may be expected at that point."""

from __future__ import annotations

import asyncio

from aiohttp import ClientError, StreamReader

from app.intelligence.messages import Chunk
from app.intelligence.providers.provider import Timeouts
from app.intelligence.providers.timed_reader import TimedReader
from app.intelligence.wire.codec import Codec

# How long a whole reply waits for what may still follow: its usage, and the end of the body, which lets the
# connection be used again.
USAGE_PATIENCE_S = 2.0
END_PATIENCE_S = 0.1


class ChunkReader:
    """`counted` says that usage has come, `said_chars` how much text and tool arguments, `finished` that the reply is
    whole. Times count from `started` on the event loop's clock."""

    def __init__(self, content: StreamReader, codec: Codec, timeouts: Timeouts, started: float) -> None:
        self.counted = False
        self.said_chars = 0
        self._decoder = codec.stream_decoder()
        self._timeouts = timeouts
        self._first_due = started + timeouts.first_token_s
        self._begun = False
        self._frames = codec.framing()
        self._reader = TimedReader(content, started + timeouts.total_s)

    @property
    def finished(self) -> bool:
        """Whether the provider said that the reply is complete."""
        return self._decoder.finished

    async def read(self) -> list[Chunk] | None:
        """The chunks that arrive next, perhaps none of them yet; None at the end of the stream.

        Raises TimeoutError for silence, ProviderError for what the provider says is wrong, ClientError or OSError for
        a lost connection. Once the reply is whole neither silence nor a lost connection spoils it.
        """
        try:
            received = await self._reader.read(self._patience_s())
        except (TimeoutError, ClientError, OSError):
            if self.finished:
                return None
            raise
        if not received:
            return None
        decode = self._decoder.decode
        chunks = [chunk for event in self._frames.feed(received) if (chunk := decode(event)) is not None]
        for chunk in chunks:
            self._begun = True
            self.said_chars += len(chunk.text) + sum(len(call.arguments) for call in chunk.tool_calls)
            self.counted = self.counted or chunk.usage is not None
        return chunks

    def close(self) -> None:
        """Stop the clock."""
        self._reader.close()

    def _patience_s(self) -> float:
        between_s = self._timeouts.between_tokens_s
        if self._decoder.done:
            return END_PATIENCE_S
        if self._decoder.finished:
            return min(USAGE_PATIENCE_S, between_s)
        return between_s if self._begun else self._first_due - asyncio.get_running_loop().time()
