"""A provider for benchmarks: OpenAI's chat over loopback, its replies made beforehand so that it costs next to nothing.

`python bench/upstream.py` prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

# A reply as a support desk gives it, a word a chunk.
TEXT = (
    "A refund for an invoice that was charged twice is made to the card it was paid with and takes up to fourteen days "
    "from the day it was asked for. You ask for it under Billing, then Invoices, then Refund. If the "
    "card has expired since, write to the billing team, which sends the money to a bank account instead."
)
WORDS = [f"{word} " for word in TEXT.split()]
CHUNKS = len(WORDS)
USAGE = {"prompt_tokens": 40, "completion_tokens": CHUNKS, "total_tokens": 40 + CHUNKS}
HEAD = {"id": "chatcmpl-bench", "created": 1, "model": "bench"}


def _whole() -> bytes:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()


def _event(choices: list[dict[str, object]], **more: object) -> bytes:
    body = {**HEAD, "object": "chat.completion.chunk", "choices": choices, **more}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def _events() -> list[bytes]:
    words = [_event([{"index": 0, "delta": {"content": word}, "finish_reason": None}]) for word in WORDS]
    end = _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    return [*words, end, _event([], usage=USAGE), b"data: [DONE]\n\n"]


REPLY, EVENTS = _whole(), _events()
# `python bench/upstream.py 0.1` thinks for a tenth of a second before it answers.
DELAY_S = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0


async def chat(request: web.Request) -> web.StreamResponse:
    """One completion, streamed when asked for."""
    body = json.loads(await request.read())
    if DELAY_S:
        await asyncio.sleep(DELAY_S)
    if not body.get("stream"):
        return web.Response(body=REPLY, content_type="application/json")
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for event in EVENTS:
        await response.write(event)
    await response.write_eof()
    return response


async def main() -> None:
    """Serve on a free loopback port."""
    application = web.Application()
    application.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    print(f"http://127.0.0.1:{port}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
