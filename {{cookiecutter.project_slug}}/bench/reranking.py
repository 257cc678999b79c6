"""What the second look at hits costs, at fifty of 220 tokens: lexical, a cross encoder, a rerank API over loopback.

The API is a server of its own process that answers after a tenth of a second. It is asked through the gateway with
everything on (masking, admission, call rows, spans, Postgres) and by a bare client with the same body; what the gateway
adds is the difference. A cross encoder takes part when it is named, and fastembed is installed and has the model:

    python bench/reranking.py [--encoder NAME] [--calls 100]

The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from aiohttp import web

from app import bootstrap
from app.caller import Caller
from app.data.reranking import rerank, texts_of
from app.data.retrieval import Hit
from app.intelligence.wire import cohere_rerank
from bench.ranking_sets import sample

ROOT = Path(__file__).resolve().parent.parent
HITS, TOKENS, CHARACTERS_PER_TOKEN, THINKS_S = 50, 220, 4, 0.1
WARM = 10


def hits(seed: int = 3) -> list[Hit]:
    """Hits as long as chunks are, of words of the sample corpus."""
    words = " ".join(document.text for document in sample()[0]).split()
    draw = random.Random(seed)
    found = []
    for place in range(HITS):
        text = " ".join(draw.choices(words, k=TOKENS))[: TOKENS * CHARACTERS_PER_TOKEN]
        found.append(Hit(f"{place:02}", "d", "Title", ("Heading",), text, 1 / (10 + place), place + 1, None))
    return found


async def served(request: web.Request) -> web.Response:
    """Rerank as the protocol has it: after a while, a score a text."""
    body = await request.json()
    await asyncio.sleep(THINKS_S)
    results = [{"index": n, "relevance_score": 1 / (n + 1)} for n in range(len(body["documents"]))]
    return web.json_response({"id": "r", "results": results, "meta": {"billed_units": {"search_units": 1}}})


async def serve() -> None:
    """On a free loopback port, until standard input ends."""
    application = web.Application(client_max_size=10_000_000)
    application.router.add_post(cohere_rerank.PATH, served)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


async def timed(work: Callable[[int], Awaitable[object]], calls: int) -> dict[str, float]:
    """Milliseconds a call by the clock and of this process's processor, the first few left out."""
    for number in range(WARM):
        await work(-1 - number)
    walls, began_cpu = [], time.process_time()
    for number in range(calls):
        began = time.perf_counter()
        await work(number)
        walls.append((time.perf_counter() - began) * 1000)
    spent = (time.process_time() - began_cpu) * 1000 / calls
    p95 = sorted(walls)[int(0.95 * len(walls))]
    return {"p50_ms": round(statistics.median(walls), 2), "p95_ms": round(p95, 2), "cpu_ms": round(spent, 2)}


async def through_api(found: list[Hit], url: str, calls: int) -> dict[str, dict[str, float]]:
    """The same texts by a bare client and through the gateway; every question is new, so that no cache serves."""
    texts, caller = texts_of(found), Caller(tenant="bench", user="bench", session="bench")
    variables = {
        "APP_PROVIDER": "compatible",
        "COMPATIBLE_BASE_URL": f"{url}/v1",
        "COHERE_API_KEY": "key-only-on-loopback-0123",
        "APP_PROVIDERS__COHERE__BASE_URL": url,
        "APP_MODELS__RANK__COMPATIBLE": "[{id: rerank-v3.5, provider: cohere}]",
        "APP_RETRIEVAL__RERANK": "model:rank",
    }
    loaded = bootstrap.settings(ROOT, {**os.environ, **variables})
    async with (
        bootstrap.open_services(loaded, bootstrap.prepare_database(loaded)) as services,
        httpx.AsyncClient() as client,
    ):

        async def bare(number: int) -> object:
            body = cohere_rerank.encode_request("rerank-v3.5", f"question {number}", texts)
            reply = await client.post(url + cohere_rerank.PATH, json=body)
            return cohere_rerank.decode_reply(reply.json(), len(texts))

        async def gateway(number: int) -> object:
            return await services.gateway.rerank(f"question {number}", texts, caller, model="rank")

        return {"API, bare client": await timed(bare, calls), "API, through the gateway": await timed(gateway, calls)}


async def measure(encoder: str | None, calls: int) -> dict[str, dict[str, float]]:
    """Each way's figures."""
    found = hits()
    question = " ".join(found[7].text.split()[:7])

    async def local(by: str) -> object:
        return await rerank(question, found, 10, by=by)

    report = {"lexical": await timed(lambda _: local("lexical"), calls)}
    if encoder:
        report[f"cross encoder {encoder}"] = await timed(lambda _: local(encoder), max(5, calls // 10))
    command = [sys.executable, str(Path(__file__)), "--serve"]
    server = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        report |= await through_api(found, (await server.stdout.readline()).decode().strip(), calls)
    finally:
        await asyncio.wait_for(server.communicate(b""), 10)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", metavar="NAME", help="a cross encoder that fastembed knows")
    parser.add_argument("--calls", type=int, default=100, help="how many each way is asked (default 100)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    report = asyncio.run(measure(options.encoder, options.calls))
    for way, figures in report.items():
        print(f"{way:<28}" + "  ".join(f"{name} {value}" for name, value in figures.items()))
    added = report["API, through the gateway"]["p50_ms"] - report["API, bare client"]["p50_ms"]
    print(f"the gateway adds {added:.1f} ms in the median, to an API that takes {THINKS_S * 1000:.0f}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
