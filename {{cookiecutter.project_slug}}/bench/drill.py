"""Failure drills: break something under load, and print what is promised beside what was seen.

`make drill`. Everything is on loopback: an embedded Postgres of its own in a temporary folder, two scripted providers,
this project's gateway out of its own bootstrap. Loads are bounded in count and time. The last line is JSON; the exit
code says whether every promise held.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from app import bootstrap
from app.caller import Caller
from app.data import postgres
from app.errors import AppError
from app.intelligence.providers.faults_server import FaultsServer
from app.intelligence.reply import Reply
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
CALLER = Caller(tenant="drill", user="drill")
LEFT_OUT = {".env", ".data", "build", ".git", ".venv"}


@dataclass
class Seen:
    """What a load saw. Seconds for each call that was answered, and the errors of the others by class."""

    answered: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0

    def note(self, outcome: Reply | AppError, seconds: float) -> None:
        """Count one call."""
        self.slowest_s = max(self.slowest_s, seconds)
        if isinstance(outcome, Reply):
            self.answered.append(seconds)
        else:
            name = type(outcome).__name__
            self.errors[name] = self.errors.get(name, 0) + 1

    @property
    def p95_s(self) -> float:
        """The 95th percentile of the answered calls."""
        return statistics.quantiles(self.answered, n=20)[-1] if len(self.answered) > 1 else 0.0


@dataclass(frozen=True)
class Finding:
    """One drill's result."""

    drill: str
    promised: str
    observed: str
    held: bool


def project(folder: Path) -> Path:
    """This project as links, without its data, so that a drill breaks nothing of anybody's."""
    root = folder / "project"
    root.mkdir(exist_ok=True)
    for entry in ROOT.iterdir():
        if entry.name not in LEFT_OUT and not (root / entry.name).exists():
            (root / entry.name).symlink_to(entry)
    return root


def settings(root: Path, first: str, second: str, **more: str) -> Settings:
    """Two providers behind one route: the first is meant, the second is its fallback."""
    variables = {
        "APP_PROVIDER": "openai",
        "OPENAI_API_KEY": "drill-on-loopback-only",
        "APP_PROVIDERS__OPENAI__BASE_URL": first,
        "COMPATIBLE_BASE_URL": second,
        "APP_ROUTES__CLASSIFY__MODELS": "[small, small@compatible]",
        "APP_ROUTES__CLASSIFY__CACHE": "false",
        "APP_GATEWAY__ATTEMPT_TIMEOUT_S": "1",
        "APP_GATEWAY__DEADLINE_S": "4",
        **more,
    }
    return bootstrap.settings(root, {**os.environ, **variables})


async def load(gateway: Any, calls: int, concurrency: int, begin: float | None = None) -> Seen:
    """So many calls, so many at a time, each with another text."""
    seen, numbers = Seen(), iter(range(calls))

    async def one_after_another() -> None:
        for number in numbers:
            began = time.perf_counter()
            try:
                outcome: Reply | AppError = await gateway.complete("classify", {"ticket": f"no {number}"}, CALLER)
            except AppError as error:
                outcome = error
            seen.note(outcome, time.perf_counter() - began)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    return seen


@asynccontextmanager
async def gateway_over(
    root: Path, first: Sequence[str], second: Sequence[str], **more: str
) -> AsyncIterator[tuple[bootstrap.Services, FaultsServer, FaultsServer, str]]:
    """The gateway between two scripted providers, and the address of its database."""
    async with FaultsServer(list(first)) as meant, FaultsServer(list(second)) as behind:
        loaded = settings(root, meant.base_url, behind.base_url, **more)
        url = bootstrap.prepare_database(loaded)
        async with bootstrap.open_services(loaded, url) as services:
            yield services, meant, behind, url


async def outage(root: Path) -> Finding:
    """The provider answers 503 to everything."""
    async with gateway_over(root, ["503"], ["ok"]) as (services, meant, _, _):
        seen = await load(services.gateway, 300, 16)
        asked = meant.count
    held = len(seen.answered) == 300 and asked <= 90
    return Finding(
        "provider outage",
        "all calls answered by the fallback; the dead provider is asked for at most 30 % of them",
        f"{len(seen.answered)} of 300 answered, p95 {seen.p95_s * 1000:.0f} ms, {asked} requests to the dead provider",
        held,
    )


async def slow(root: Path) -> Finding:
    """The provider takes every request and never answers."""
    async with gateway_over(root, ["hang"], ["ok"]) as (services, _, _, _):
        seen = await load(services.gateway, 60, 20)
    held = len(seen.answered) == 60 and seen.slowest_s <= 4.5
    return Finding(
        "slow provider",
        "all calls answered by the fallback, none past its deadline of 4 s",
        f"{len(seen.answered)} of 60 answered, slowest {seen.slowest_s:.2f} s",
        held,
    )


async def storm(root: Path) -> Finding:
    """The provider throttles everything and asks for a second's rest."""
    async with gateway_over(root, ["429-retry-after-1"], ["ok"]) as (services, meant, _, _):
        seen = await load(services.gateway, 300, 16)
        asked = meant.count
    amplification = asked / 300
    return Finding(
        "429 storm",
        "all calls answered; at most 1.2 requests a call to the throttling provider",
        f"{len(seen.answered)} of 300 answered, {amplification:.2f} requests a call",
        len(seen.answered) == 300 and amplification <= 1.2,
    )


async def restart(root: Path) -> Finding:
    """The database is stopped and started again in the middle of the load."""
    caps = "[{scope: tenant, period: day, usd: 1000}]"
    async with gateway_over(root, ["ok"], ["ok"], APP_ADMISSION__CAPS=caps) as (services, meant, behind, url):
        loading = asyncio.create_task(load(services.gateway, 1500, 8))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.stop, root / ".data")
        await asyncio.sleep(0.5)
        await asyncio.to_thread(postgres.start, root / ".data")
        seen = await loading
        served = meant.count + behind.count
        await services.call_log.flush()
        rows = _rows(url)
    refused = sum(seen.errors.values())
    held = set(seen.errors) <= {"StoreUnavailableError"} and len(seen.answered) == served and rows == (1500, 1500)
    return Finding(
        "database restart",
        "calls go on or are refused in one way; every call has one row",
        f"{len(seen.answered)} answered, {refused} refused {seen.errors}, {rows[0]} rows of {rows[1]} different calls",
        held,
    )


async def killed(root: Path, kills: int = 3, calls: int = 450) -> Finding:
    """The serving process is killed under load, again and again, the database restarted in between; what each left is
    delivered by the next."""
    async with FaultsServer(["ok"]) as meant, FaultsServer(["ok"]) as behind:
        loaded = settings(root, meant.base_url, behind.base_url)
        url = bootstrap.prepare_database(loaded)
        finished: set[str] = set()
        for kill in range(kills):
            finished |= await asyncio.to_thread(
                _killed_worker, root, meant.base_url, behind.base_url, -(-calls // kills)
            )
            if kill % 4 == 3:
                await asyncio.to_thread(postgres.stop, root / ".data")
                await asyncio.to_thread(postgres.start, root / ".data")
        async with bootstrap.open_services(loaded, url) as services:
            await services.call_log.flush()
            await asyncio.sleep(0.5)
        with psycopg.connect(url) as connection:
            stored = [str(row[0]) for row in connection.execute("select id from app.calls where tenant = 'drill'")]
        asked = meant.count + behind.count
    lost, doubled = len(finished - set(stored)), len(stored) - len(set(stored))
    # A worker makes one call at a time, so each kill may cut off one that was asked and never answered.
    unanswered = asked - len(set(stored))
    return Finding(
        "kill -9 under load",
        "every call whose reply was handed out has exactly one row; the provider counts at most one more a kill",
        f"{len(finished)} replies over {kills} kills, {lost} without a row, {doubled} doubled; "
        f"the provider counts {asked}, the log {len(set(stored))}",
        len(finished) >= calls and not lost and not doubled and 0 <= unanswered <= kills,
    )


def _killed_worker(root: Path, first: str, second: str, calls: int) -> set[str]:
    """A process that makes calls until it is killed after so many; the ids of the replies it saw."""
    command = [sys.executable, str(Path(__file__)), "--worker", str(root), first, second]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    seen = {worker.stdout.readline().strip() for _ in range(calls)}
    worker.send_signal(signal.SIGKILL)
    rest, _ = worker.communicate(timeout=10)
    return {line for line in {*seen, *rest.split("\n")[:-1]} if line}


async def _work(root: Path, first: str, second: str) -> None:
    loaded = settings(root, first, second)
    async with bootstrap.open_services(loaded, bootstrap.database_url(loaded)) as services:
        for number in range(100_000):
            reply = await services.gateway.complete("classify", {"ticket": f"w {os.getpid()} {number}"}, CALLER)
            print(reply.call_id, flush=True)


def _rows(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*), count(distinct id) from app.calls where tenant = 'drill' and input::text like '%no %' "
            "and at > now() - interval '2 minutes'"
        ).fetchone()
    return (row[0], row[1]) if row else (0, 0)


DRILLS: tuple[Callable[[Path], Awaitable[Finding]], ...] = (outage, slow, storm, restart, killed)


def main() -> None:
    """Run all drills, one after the other, each on a database of its own."""
    if sys.argv[1:2] == ["--worker"]:
        asyncio.run(_work(Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="only the drill of kills, with so many")
    parser.add_argument("--calls", type=int, default=450, help="calls over all kills")
    asked = parser.parse_args()
    findings = []
    for drill in DRILLS if not asked.kills else (partial(killed, kills=asked.kills, calls=asked.calls),):
        with tempfile.TemporaryDirectory(prefix="drill-") as folder:
            Path(folder).chmod(0o711)
            root = project(Path(folder))
            try:
                finding = asyncio.run(drill(root))
            finally:
                postgres.stop(root / ".data")
        findings.append(finding)
        print(f"{'held' if finding.held else 'BROKEN':<7} {finding.drill}", flush=True)
        print(f"        promised  {finding.promised}\n        observed  {finding.observed}", flush=True)
    print(json.dumps({"drills": [asdict(finding) for finding in findings], "held": all(f.held for f in findings)}))
    sys.exit(0 if all(finding.held for finding in findings) else 1)


if __name__ == "__main__":
    main()
