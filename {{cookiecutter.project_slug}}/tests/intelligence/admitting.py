"""A process of its own that asks for admission, for tests over several: `python admitting.py URL FOLDER RULES`.

It stands for eight replicas, so that statements really run beside each other: one would send its calls together. It
reads lines `TENANT CALLS USD SETTLED|held` and answers each with how many of so many concurrent calls were admitted.
`RULES` is JSON: `{"caps": [[scope, period, usd]], "requests": N}`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from app.caller import Caller
from app.errors import BudgetExceededError, RateLimitedError
from app.intelligence.admission import Admission, CapRule, LimitRule, Rules
from app.intelligence.ask import Ask, Outcome


def spawn(url: str, folder: Path, rules: dict[str, object]) -> subprocess.Popen[str]:
    """Start one; it says `ready`."""
    command = [sys.executable, __file__, url, str(folder), json.dumps(rules)]
    paths = {"PYTHONPATH": f"{Path(__file__).parents[2] / 'src'}", "PATH": ""}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=paths)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(timeout=20)
    assert process.stdout is not None
    process.stdout.close()


async def _serve(url: str, folder: Path, given: dict[str, list[list[float | str]]]) -> None:
    limits = (LimitRule("tenant", requests=given["requests"]),) if "requests" in given else ()  # type: ignore[arg-type]
    rules = Rules(caps=tuple(CapRule(*cap) for cap in given.get("caps", [])), limits=limits)  # type: ignore[arg-type]
    replicas = [Admission(rules, url, folder) for _ in range(8)]
    for replica in replicas:
        replica.start()
    print("ready", flush=True)

    async def call(admission: Admission, tenant: str, usd: float, settled: str) -> bool:
        ask = Ask(uuid4(), Caller(tenant), "answer", usd, 10, 10)
        try:
            reservation = await admission.admit(ask)
        except (BudgetExceededError, RateLimitedError):
            return False
        if settled != "held":
            admission.settle(reservation, Outcome(float(settled), 5))
        return True

    while line := await asyncio.to_thread(sys.stdin.readline):
        tenant, calls, usd, settled = line.split()
        asking = (call(replicas[n % 8], tenant, float(usd), settled) for n in range(int(calls)))
        print(sum(await asyncio.gather(*asking)), flush=True)
    for replica in replicas:
        await replica.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
