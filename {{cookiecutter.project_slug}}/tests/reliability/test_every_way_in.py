"""What holds for one route holds for all: keys, budgets, and what a client makes of a refusal."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from typing import Any

import aiohttp
import anthropic
import openai
import psycopg
import pytest

from tests.reliability.conftest import BODIES, FREE, KEY, OTHER_KEY, Run

EMPTY = '[{"scope": "tenant", "period": "day", "usd": 0}]'


def token(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A JSON web token without a signature worth the name."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return f"{parts[0]}.{parts[1]}.{base64.urlsafe_b64encode(b'x' * 32).decode()}"


CLAIMS = {"sub": "ada", "aud": "app", "exp": 4_102_444_800}
PRESENTED = {
    "nothing": {},
    "an empty bearer": {"authorization": "Bearer "},
    "garbage": {"authorization": "Bearer xyzzy"},
    "another scheme": {"authorization": f"Basic {base64.b64encode(b'web:' + KEY.encode()).decode()}"},
    "the key's hash": {"authorization": "Bearer 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"},
    "a part of the key": {"authorization": f"Bearer {KEY[:-1]}"},
    "more than the key": {"authorization": f"Bearer {KEY}x"},
    "alg none": {"authorization": f"Bearer {token({'alg': 'none'}, CLAIMS)}"},
    "expired": {"authorization": f"Bearer {token({'alg': 'HS256'}, CLAIMS | {'exp': 1})}"},
    "wrong audience": {"authorization": f"Bearer {token({'alg': 'RS256'}, CLAIMS | {'aud': 'other'})}"},
    "SQL": {"authorization": "Bearer ' OR '1'='1' --"},
    "SQL again": {"x-api-key": "'; DROP TABLE calls; --"},
    "SQL with UNION": {"x-goog-api-key": "1 UNION SELECT sha256 FROM keys"},
    "a long one": {"authorization": "Bearer " + "k" * 6_000},
    "not ASCII": {"x-api-key": "schl\u00fcssel"},
}


@pytest.mark.reliability("auth")
@pytest.mark.feature("I1")
@pytest.mark.slow
async def test_no_route_serves_without_a_good_key(service: Run, http: aiohttp.ClientSession) -> None:
    """Every route times every way to have no key: 401 or 403 alone, nothing reaches a model, nothing is a 5xx."""
    async with service("ok") as running:
        seen = {}
        for method, path in running.routes():
            assert method != "POST" or path in BODIES, f"{path} is new: give it a body in conftest.py"
            for name, headers in PRESENTED.items():
                address = running.url + path.replace("{model}", "large").replace("{model:path}", "large").replace(
                    "{name}", "large"
                )
                async with http.request(method, address, headers=headers, json=BODIES.get(path)) as response:
                    seen[method, path, name] = response.status
        asked = running.provider.count

    assert len(seen) >= 20 * len(PRESENTED)
    assert {at: status for at, status in seen.items() if status not in (401, 403)} == {}
    assert asked == 0


@pytest.mark.reliability("auth")
@pytest.mark.feature("I1")
async def test_another_tenants_key_is_another_tenant(service: Run, http: aiohttp.ClientSession) -> None:
    """What a header claims does not count; the row says whose key it was."""
    async with service("ok") as running:
        claim = {"authorization": f"Bearer {OTHER_KEY}", "x-tenant-id": "acme", "x-tenant": "acme"}
        body = BODIES["/v1/chat/completions"]
        async with http.post(f"{running.url}/v1/chat/completions", json=body, headers=claim) as response:
            assert response.status == 200
        await running.services.call_log.flush()
        with psycopg.connect(running.database_url) as connection:
            assert connection.execute("SELECT DISTINCT tenant FROM app.calls").fetchall() == [("other",)]


@pytest.mark.reliability("forgotten limit")
@pytest.mark.feature("G7")
@pytest.mark.slow
async def test_an_exhausted_budget_refuses_every_route(service: Run, http: aiohttp.ClientSession) -> None:
    """Each route that reaches a model, streaming or not: 402, and the provider hears nothing."""
    async with service("ok", APP_ADMISSION__CAPS=EMPTY) as running:
        seen = {}
        for path, body in running.posted():
            if path.endswith(FREE):
                continue
            async with http.post(running.url + path, json=body, headers=running.headers) as response:
                seen[path, str(body.get("stream"))] = (response.status, "used up" in await response.text())
        asked = running.provider.count

    assert len(seen) >= 20
    assert {at: found for at, found in seen.items() if found != (402, True)} == {}
    assert asked == 0


@pytest.mark.reliability("forgotten limit")
@pytest.mark.slow
async def test_every_route_does_serve_with_money(service: Run, http: aiohttp.ClientSession) -> None:
    """The other half of the proof: the same bodies are answered where nothing is capped."""
    async with service("ok") as running:
        seen = {}
        for path, body in running.posted():
            async with http.post(running.url + path, json=body, headers=running.headers) as response:
                await response.read()
                seen[path] = response.status

    assert {path: status for path, status in seen.items() if status != 200} == {}


@pytest.mark.reliability("retried refusal")
@pytest.mark.feature("G7")
async def test_a_refusal_is_not_tried_again_by_the_vendors_sdks(service: Run) -> None:
    """With the retries they come with, each makes exactly one request, streamed or not."""
    async with service("ok", APP_ADMISSION__CAPS=EMPTY) as running:
        counts = []
        async with (
            openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY) as ours,
            anthropic.AsyncAnthropic(base_url=running.url, api_key=KEY) as theirs,
        ):
            asked: list[tuple[type[Exception], Any]] = [
                (openai.APIStatusError, lambda s: ours.chat.completions.create(model="large", messages=SAY, stream=s)),
                (openai.APIStatusError, lambda s: ours.responses.create(model="large", input="Hi", stream=s)),
                (
                    anthropic.APIStatusError,
                    lambda s: theirs.messages.create(model="large", max_tokens=9, messages=SAY, stream=s),
                ),
            ]
            for error, ask in asked:
                for stream in (False, True):
                    before = running.requests
                    with pytest.raises(error, match="used up"):
                        await ask(stream)
                    counts.append(running.requests - before)

    assert counts == [1] * 6


SAY: Any = [{"role": "user", "content": "Hi"}]


@pytest.mark.reliability("bad bodies")
@pytest.mark.feature("I3")
@pytest.mark.slow
async def test_huge_and_deep_bodies_cost_little_and_disturb_nobody(service: Run, http: aiohttp.ClientSession) -> None:
    """10 MB and 100,000 brackets, forty of each at once: refused, at most 50 MB more, neighbours served as before."""
    import psutil

    async with service("ok") as running:
        address = f"{running.url}/v1/chat/completions"

        async def ask(number: int) -> float:
            began = asyncio.get_running_loop().time()
            body = {"model": "large", "messages": [{"role": "user", "content": f"no {number}"}]}
            async with http.post(address, json=body, headers=running.headers) as response:
                assert response.status == 200
            return asyncio.get_running_loop().time() - began

        async def attack(each: int) -> tuple[set[int], float, float]:
            """The statuses, the most memory above the beginning (MB) and the slowest neighbour (s)."""
            process = psutil.Process()
            before, highest, slowest = process.memory_info().rss, 0, 0.0
            attacker = await asyncio.create_subprocess_exec(
                sys.executable, "-c", ATTACKER, address, KEY, str(each), stdout=asyncio.subprocess.PIPE
            )
            ended = asyncio.create_task(attacker.communicate())
            for number in itertools.count():
                slowest = max(slowest, await ask(1_000 * each + number))
                highest = max(highest, process.memory_info().rss)
                if ended.done():
                    break
                await asyncio.sleep(0.005)
            return set(map(int, json.loads(ended.result()[0]))), (highest - before) / 1e6, slowest

        await attack(1)
        statuses, more_mb, slowest = await attack(40)

    assert statuses <= {400, 413, 422, 503}
    assert more_mb <= 50
    assert slowest < 1.0


# Sends so many huge and so many deep bodies at once and prints the statuses; the service may hang up on a huge one.
ATTACKER = """
import asyncio, json, sys
import aiohttp

address, key, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
deep = b'{"model": "large", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
large = json.dumps({"model": "large", "messages": [{"role": "user", "content": "x" * 10_000_000}]}).encode()

async def main():
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"}) as session:
        async def send(body):
            try:
                async with session.post(address, data=body) as response:
                    return response.status
            except aiohttp.ClientError:
                return 413
        return await asyncio.gather(*(send(body) for body in (deep, large) for _ in range(each)))

print(json.dumps(asyncio.run(main())))
"""
