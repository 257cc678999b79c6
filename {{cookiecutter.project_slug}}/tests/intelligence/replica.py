"""A replica in a process of its own: `python replica.py URL PROMPTS KEPT TASK VERSION` ends when it serves a version.

It says `ready` first, and at the end how many seconds after `ready` that was.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from app.caller import Caller
from app.data.change_feed import ChangeFeed
from app.intelligence.prompts import Registry
from app.intelligence.releases import Releases


async def _watch(url: str, prompts: str, kept: str, task: str, version: str) -> None:
    releases = Releases(Registry.open(Path(prompts)), url, Path(kept))
    feed = ChangeFeed(url, [("releases", releases.reload)])
    await feed.start()
    print("ready", flush=True)
    started = time.perf_counter()
    while releases.version(task, Caller()) != int(version):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    print(f"{time.perf_counter() - started:.3f}", flush=True)
    await feed.close()


if __name__ == "__main__":
    asyncio.run(_watch(*sys.argv[1:]))
