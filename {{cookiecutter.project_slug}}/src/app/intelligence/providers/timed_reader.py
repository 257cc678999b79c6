"""Reading a response's body with a limit on each wait, at the price of one timer for the whole stream.

The timer is not moved for every read: when it fires it looks at what is due by then and sleeps again. A pause of the
reader's own, between reads, never counts as the provider's silence.
"""

from __future__ import annotations

import asyncio
from math import inf

from aiohttp import StreamReader


class TimedReader:
    """Reads `content` until `ends_at` (event loop's clock) at the latest. `close` it when done."""

    def __init__(self, content: StreamReader, ends_at: float) -> None:
        self._content = content
        self._ends_at = ends_at
        self._loop = asyncio.get_running_loop()
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, patience_s: float) -> bytes:
        """What has arrived, b"" at the end. Raises TimeoutError after `patience_s` of silence, aiohttp's own errors."""
        self._due = due = min(self._loop.time() + patience_s, self._ends_at)
        timer = self._timer
        if timer is None or timer.when() > due:
            self._arm(due)
        try:
            return await self._content.readany()
        finally:
            self._due = inf

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, when: float) -> None:
        self.close()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due == inf:
            return
        if self._loop.time() >= self._due:
            self._content.set_exception(TimeoutError())
        else:
            self._arm(self._due)
