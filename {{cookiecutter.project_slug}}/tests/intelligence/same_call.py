"""One replica that makes one call: `python same_call.py ROOT URL UPSTREAM QUESTION` prints the reply as JSON.

It says `ready` first and begins when its standard input closes or says something.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from app import bootstrap
from app.caller import Caller
from app.configuration import load
from app.intelligence.messages import Message, ModelRequest


async def _call(root: str, url: str, upstream: str, question: str) -> None:
    env = {
        "APP_PROVIDER": "compatible",
        "COMPATIBLE_BASE_URL": upstream,
        "APP_PROJECT__SLUG": "sample",
        "APP_GATEWAY__CLAIM_LEASE_S": "1.0",
    }
    settings = load(Path(root), env)
    async with bootstrap.open_services(settings, url) as services:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        request = ModelRequest("large", (Message("user", question),))
        reply = await services.gateway.chat(request, Caller(), task="chat")
        print(json.dumps({"text": reply.text, "cache": reply.cache, "cost_usd": reply.cost_usd}), flush=True)


if __name__ == "__main__":
    asyncio.run(_call(*sys.argv[1:]))
