"""What an HTTP proxy adds to a model call: our door, everything on, Postgres included, against ones without a database.

`make bench-doors`. Each is a server process of its own before the same upstream; CPU is that of its whole process tree
over the same load, from a client that costs the servers nothing. Peers join where they are named:
BENCH_LITELLM_PROXY the `litellm` script of a Python with litellm[proxy], BENCH_PORTKEY the start-server.js of npm's
@portkey-ai/gateway (node on the path). The last line is JSON. Compare ratios inside one run, never figures of two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from contenders import CAPS, SYSTEM, TEXT  # noqa: E402
from drill import project  # noqa: E402

from app.data import postgres  # noqa: E402

NAMES = ("own", "litellm-proxy", "portkey")
START_S = 90


def load(address: str, headers: dict[str, str], model: str, calls: int, concurrency: int) -> list[float]:
    """Milliseconds of each call, every one with another text. Raises RuntimeError for a call that is not answered."""
    return asyncio.run(_load(address, headers, model, calls, concurrency))


async def _load(address: str, headers: dict[str, str], model: str, calls: int, concurrency: int) -> list[float]:
    walls: list[float] = []
    numbers = iter(range(calls))
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one_after_another() -> None:
            for number in numbers:
                text = TEXT.format(number=f"{number} {time.time_ns()}")
                messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
                began = time.perf_counter()
                async with session.post(address, json={"model": model, "messages": messages}) as response:
                    told = await response.read()
                    if response.status != 200 or b"bank account instead" not in told:
                        raise RuntimeError(f"{address} answered {response.status}: {told[:300]!r}")
                walls.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    return walls


def command(name: str, folder: Path, port: int, upstream: str) -> tuple[list[str], dict[str, str], dict[str, str], str]:
    """How a proxy is started and asked: words, environment, request headers, model."""
    if name == "own":
        root = project(folder)
        key = "bench-on-loopback-only"
        entry = {"name": "bench", "sha256": hashlib.sha256(key.encode()).hexdigest()}
        environment = {
            "APP_ENVIRONMENT": "staging",
            "DATABASE_OWNER_URL": postgres.start(root / ".data"),
            "DATABASE_URL": postgres.service(root / ".data"),
            "APP_PROVIDER": "openai",
            "OPENAI_API_KEY": "sk-only-on-loopback-0123456789",
            "APP_PROVIDERS__OPENAI__BASE_URL": upstream,
            "APP_ADMISSION__CAPS": CAPS,
            "APP_AUTH__MODE": "api_key",
            "APP_AUTH__KEYS": json.dumps([entry]),
            "APP_PROJECT__OWNER": "bench",
            "APP_PROJECT__ON_CALL": "bench@example.org",
            "APP_TRACING__MLFLOW": "false",
            "APP_RUN_ROOT": str(root),
            "PYTHONPATH": f"{HERE.parent / 'src'}:{HERE.parent}",
        }
        migrate = [sys.executable, "-m", "app", "db", "migrate"]
        subprocess.run(migrate, env={**os.environ, **environment}, cwd=root, check=True, stdout=subprocess.DEVNULL)
        words = [sys.executable, "-m", "app", "serve", "--port", str(port)]
        return words, environment, {"authorization": f"Bearer {key}"}, "large"
    if name == "litellm-proxy":
        models = [
            {"model_name": model, "litellm_params": {"model": "openai/bench", "api_base": upstream, "api_key": "b"}}
            for model in ("first", "second")
        ]
        settings = {"num_retries": 2, "fallbacks": [{"first": ["second"]}]}
        written = {"model_list": models, "router_settings": settings, "litellm_settings": {"telemetry": False}}
        (folder / "litellm.yaml").write_text(json.dumps(written))
        words = [os.environ["BENCH_LITELLM_PROXY"], "--config", str(folder / "litellm.yaml"), "--host", "127.0.0.1"]
        environment = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        }
        return [*words, "--port", str(port)], environment, {}, "first"
    host = upstream.removeprefix("http://").removesuffix("/v1")
    target = {"provider": "openai", "api_key": "b", "custom_host": upstream}
    config = {"strategy": {"mode": "fallback"}, "retry": {"attempts": 2}, "targets": [target, target]}
    environment = {"TRUSTED_CUSTOM_HOSTS": f"127.0.0.1,localhost,{host}", "NODE_ENV": "production"}
    words = ["node", os.environ["BENCH_PORTKEY"], f"--port={port}", "--headless"]
    return words, environment, {"x-portkey-config": json.dumps(config)}, "bench"


def is_there(name: str) -> bool:
    """Whether a contender can run."""
    if name == "own":
        return True
    variable = {"litellm-proxy": "BENCH_LITELLM_PROXY", "portkey": "BENCH_PORTKEY"}[name]
    path = os.environ.get(variable, "")
    return Path(path).is_file() and (name != "portkey" or shutil.which("node") is not None)


@contextmanager
def served(name: str, upstream: str) -> Iterator[tuple[psutil.Process, str, dict[str, str], str]]:
    """A running proxy that has answered a first call: its process, address, headers and model."""
    with tempfile.TemporaryDirectory(prefix="doors-") as folder, socket.socket() as probe:
        Path(folder).chmod(0o711)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        words, environment, headers, model = command(name, Path(folder), port, upstream)
        log = (Path(folder) / "log").open("w+b")
        root = Path(folder) / "project"
        process = subprocess.Popen(
            words,
            env={**os.environ, **environment},
            cwd=root if root.is_dir() else folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}/v1/chat/completions"
            _until_it_answers(process, Path(folder) / "log", address, headers, model)
            yield psutil.Process(process.pid), address, headers, model
        finally:
            tree = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
            for one in tree:
                one.terminate()
            process.wait(20)
            if root.is_dir():
                postgres.stop(root / ".data")


def _until_it_answers(process: Any, log: Path, address: str, headers: dict[str, str], model: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            load(address, headers, model, 1, 1)
            return
        except (RuntimeError, aiohttp.ClientError, OSError) as error:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no answer: {error}: {log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.2)


def measure(name: str, upstream: str, calls: int, concurrency: int) -> dict[str, float]:
    """One proxy's figures over so many calls."""
    with served(name, upstream) as (process, address, headers, model):
        load(address, headers, model, max(50, calls // 5), concurrency)
        began = _cpu_s(process)
        walls = sorted(load(address, headers, model, calls, concurrency))
        spent = _cpu_s(process) - began
        peak = sum(one.memory_info().rss for one in _tree(process)) / 1e6
    return {
        "cpu_ms": spent * 1000 / calls,
        "p50_ms": statistics.median(walls),
        "p99_ms": walls[int(len(walls) * 0.99)],
        "rss_mb": peak,
    }


def _tree(process: psutil.Process) -> list[psutil.Process]:
    """The proxy's processes. The database is a service of its own and not among them, as the others have none."""
    children = [one for one in process.children(recursive=True) if "postgres" not in one.name()]
    return [process, *children]


def _cpu_s(process: psutil.Process) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in _tree(process))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--concurrency", type=int, default=32)
    chosen = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    upstream = subprocess.Popen([sys.executable, str(HERE / "upstream.py")], stdin=-1, stdout=-1, text=True)
    assert upstream.stdout is not None
    base_url = upstream.stdout.readline().strip()
    present = [name for name in NAMES if is_there(name)]
    try:
        for _ in range(chosen.rounds):
            for name in random.sample(present, len(present)):
                found.setdefault(name, []).append(measure(name, base_url, chosen.calls, chosen.concurrency))
    finally:
        upstream.communicate(timeout=10)
    figures = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in found.items()
    }
    print(f"{chosen.calls} calls, {chosen.concurrency} at a time, median of {chosen.rounds} rounds\n")
    print("| proxy | CPU ms | times ours | p50 ms | p99 ms | RSS MB |\n|---|---|---|---|---|---|")
    for name in NAMES:
        if name not in figures:
            print(f"| {name} | not there | | | | |")
            continue
        f, times = figures[name], figures[name]["cpu_ms"] / figures["own"]["cpu_ms"]
        print(
            f"| {name} | {f['cpu_ms']:.2f} | {times:.2f} | {f['p50_ms']:.1f} | {f['p99_ms']:.1f} | {f['rss_mb']:.0f} |"
        )
    key = {f"{name}.{what}": round(value, 3) for name, f in figures.items() for what, value in f.items()}
    print(json.dumps({**key, "missing": [name for name in NAMES if name not in figures]}))


if __name__ == "__main__":
    main()
