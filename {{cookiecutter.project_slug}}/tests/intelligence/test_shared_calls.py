"""The same call in several processes at once costs once, whatever happens to the process that makes it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.intelligence.providers.faults import Outcome
from app.intelligence.providers.faults_server import FaultsServer
from tests.intelligence.waiting import until

pytestmark = [pytest.mark.feature("G5"), pytest.mark.slow]
PROGRAM = Path(__file__).with_name("same_call.py")


async def replica(root: Path, url: str, upstream: str) -> Process:
    """A process that is ready to make the call."""
    path = os.pathsep.join([str(root / "src"), str(root)])
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), str(root), url, upstream, "What does Flock cost?",
        env={**os.environ, "PYTHONPATH": path}, stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def told(process: Process) -> dict[str, Any]:
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    reply: dict[str, Any] = json.loads(out)
    return reply


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def test_four_processes_make_one_request(private_root: Path, database_url: str) -> None:
    """One pays, three wait and have the same reply for nothing."""
    async with FaultsServer([Outcome(gap_s=0.8)]) as server:
        processes = [await replica(private_root, database_url, server.base_url) for _ in range(4)]
        for process in processes:
            go(process)
        replies = [await told(process) for process in processes]

        assert server.count == 1
    assert Counter(reply["cache"] for reply in replies) == {None: 1, "exact": 3}
    assert len({reply["text"] for reply in replies}) == 1


async def test_when_the_one_that_pays_dies_the_next_goes_on(private_root: Path, database_url: str) -> None:
    """SIGKILL in mid-call: its claim runs out, one of the others asks again, all have an answer."""
    async with FaultsServer([Outcome(gap_s=1.5), Outcome()]) as server:
        leader, *others = [await replica(private_root, database_url, server.base_url) for _ in range(3)]
        go(leader)
        await until(lambda: server.count == 1)
        for process in others:
            go(process)
        leader.kill()
        await leader.wait()
        replies = [await told(process) for process in others]

        assert server.count == 2
    assert all(reply["text"] for reply in replies)
