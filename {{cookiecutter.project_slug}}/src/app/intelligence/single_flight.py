"""Concurrent identical work done once: the first caller works, the others wait for its result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """One process's flights by key.

    The work runs in a task of its own, so that a leader who leaves does not take the followers' result away.
    """

    def __init__(self) -> None:
        self._flights: dict[str, asyncio.Task[Result]] = {}

    async def share(self, key: str, work: Callable[[], Awaitable[Result]]) -> tuple[Result, bool]:
        """The result of `work` and whether this caller led. A failure reaches everyone who waits."""
        flight = self._flights.get(key)
        led = flight is None
        if flight is None:
            flight = asyncio.ensure_future(work())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(flight), led

    def _landed(self, key: str, flight: asyncio.Task[Result]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            flight.exception()  # mark as retrieved: the waiters, if any are left, raise it themselves
