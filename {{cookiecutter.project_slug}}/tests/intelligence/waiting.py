"""Waiting for what another task, process or replica does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(holds: Callable[[], bool], *, within_s: float = 10.0) -> float:
    """Seconds until it holds. Raises TimeoutError when it does not `within_s`."""
    started = time.perf_counter()
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return time.perf_counter() - started
