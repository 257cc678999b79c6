"""Streams that are cut, databases that restart, processes that are killed: every call has its row and its price."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path

import aiohttp
import psycopg
import pytest

from app.intelligence.messages import ModelReply, Usage
from app.intelligence.providers.faults import Outcome
from tests.reliability.conftest import Run

LONG = " ".join(f"word{number:03d}" for number in range(60))
SPOKEN = Outcome(reply=ModelReply(LONG, "scripted", Usage(12, 120)), gap_s=0.003)


@pytest.mark.reliability("unmetered stream")
@pytest.mark.feature("G10")
@pytest.mark.slow
async def test_500_streams_cut_anywhere_are_metered_and_closed(service: Run, http: aiohttp.ClientSession) -> None:
    """No stream is unrecorded; what each cost lies between what its client saw and the whole; upstream ends in 1 s."""
    draw = random.Random(7)
    async with service(SPOKEN) as running:
        address = f"{running.url}/v1/chat/completions"
        seen: dict[str, int] = {}
        late = 0

        async def leave_early(number: int) -> None:
            body = {"model": "large", "stream": True, "messages": [{"role": "user", "content": f"no {number}"}]}
            wanted, read = draw.randint(1, 40), 0
            async with http.post(address, json=body, headers=running.headers) as response:
                assert response.status == 200
                async for line in response.content:
                    if line.startswith(b"data: {"):
                        choices = json.loads(line[6:])["choices"]
                        read += len(choices[0]["delta"].get("content") or "") if choices else 0
                        wanted -= 1
                    if wanted == 0:
                        break
                seen[response.headers["x-trace-id"]] = read
                response.close()

        for start in range(0, 500, 50):
            await asyncio.gather(*(leave_early(number) for number in range(start, start + 50)))
            for _ in range(100):
                if running.provider.streaming == 0:
                    break
                await asyncio.sleep(0.01)
            late += running.provider.streaming
        await asyncio.sleep(0.2)
        await running.services.call_log.flush()
        with psycopg.connect(running.database_url) as connection:
            rows = connection.execute(
                "SELECT trace_id, status, output_tokens, cost_usd, usage_estimated FROM app.calls"
            ).fetchall()

    assert len(rows) == len(seen) == running.provider.count == 500
    assert late <= 5
    for trace, status, tokens, cost, estimated in rows:
        assert status in ("cancelled", "ok")
        assert seen[trace] / 4 <= tokens <= 120
        assert cost >= (2000 * tokens) / 1e6
        assert estimated or tokens == 120


@pytest.mark.reliability("unmetered stream")
@pytest.mark.feature("G10")
async def test_a_whole_stream_costs_what_the_provider_counted(service: Run, http: aiohttp.ClientSession) -> None:
    """And one whose provider sends no usage is estimated within one per cent, and says so."""
    body = {"model": "large", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    reply = ModelReply("abcd" * 400, "scripted", Usage(12, 400))
    silent = ModelReply("abcd" * 400, "scripted", Usage(estimated=True))
    async with service(Outcome(reply=reply), Outcome(reply=silent)) as running:
        for text in ("one", "two"):
            asked = body | {"messages": [{"role": "user", "content": text}]}
            async with http.post(f"{running.url}/v1/chat/completions", json=asked, headers=running.headers) as response:
                await response.read()
        await running.services.call_log.flush()
        with psycopg.connect(running.database_url) as connection:
            rows = connection.execute("SELECT output_tokens, usage_estimated FROM app.calls ORDER BY at").fetchall()

    assert rows[0] == (400, False)
    assert rows[1][1]
    assert abs(rows[1][0] - 400) <= 4


@pytest.mark.reliability("lost call rows")
@pytest.mark.reliability("database restart")
@pytest.mark.reliability("multiplied retries")
@pytest.mark.feature("O2")
@pytest.mark.slow
def test_every_drill_holds(project_root: Path) -> None:
    """`make drill`: outage, hang, storm of 429, database restart and kill -9, each with its promise and its number."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.drill"], cwd=project_root, capture_output=True, text=True, timeout=180
    )

    found = json.loads(done.stdout.splitlines()[-1])["drills"]
    assert [one["drill"] for one in found if not one["held"]] == []
    assert len(found) == 5
    assert done.returncode == 0


@pytest.mark.reliability("lost call rows")
@pytest.mark.feature("O2")
@pytest.mark.soak
def test_soak_ten_thousand_calls_with_restarts_and_kills(project_root: Path) -> None:
    """10,000 calls over 20 kills, the database restarted meanwhile: a row for every reply, none twice."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.drill", "--kills", "20", "--calls", "10000"],
        cwd=project_root,
        capture_output=True,
        text=True,
        timeout=1_800,
    )

    assert [one for one in json.loads(done.stdout.splitlines()[-1])["drills"] if not one["held"]] == []
