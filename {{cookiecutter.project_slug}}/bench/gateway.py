"""CPU and latency of one model call, ours with everything on against the peers that are installed.

`make bench-gateway`. Every contender runs in a process of its own against the same upstream, in turn, in a new order
each round; CPU is the operating system's account of that process. The last line is JSON: key figures by name.
BENCH_LITELLM_PYTHON names a Python that has LiteLLM installed.
Compare ratios inside one run, never figures of two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CONTENDERS = ("own", "openai-sdk", "litellm-router")
NOT_INSTALLED = 77
# What a model takes at least: beside it one sees what a contender adds, not how long calls queue for the processor.
THINKS_S = 0.25
# LiteLLM does not install beside this project's pins; a Python that has it joins the run.
PYTHONS = {"litellm-router": os.environ.get("BENCH_LITELLM_PYTHON", sys.executable)}


def measure(name: str, base_url: str, calls: int, concurrency: int, streamed: bool) -> dict[str, float]:
    """One contender's figures: milliseconds of CPU and wall time a call."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_measure(name, base_url, calls, concurrency, streamed))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop the service runs on, for all contenders alike."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _measure(name: str, base_url: str, calls: int, concurrency: int, streamed: bool) -> dict[str, float]:
    sys.path.insert(0, str(HERE))
    from contenders import opened

    async with opened(name, base_url) as contender:
        work = contender.stream if streamed else contender.call
        await _repeat(work, max(20, calls // 10), concurrency)
        began = _cpu_s()
        walls = sorted(await _repeat(work, calls, concurrency))
        spent = _cpu_s() - began
    return {
        "cpu_ms": spent * 1000 / calls,
        "p50_ms": statistics.median(walls),
        "p99_ms": walls[int(len(walls) * 0.99)],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


async def _repeat(work: Callable[[], Awaitable[int]], calls: int, concurrency: int) -> list[float]:
    walls: list[float] = []
    left = iter(range(calls))

    async def one_after_another() -> None:
        for _ in left:
            began = time.perf_counter()
            if not await work():
                raise RuntimeError("a call came back empty: the figures would mean nothing")
            walls.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    return walls


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def compare(
    rounds: int, calls: int, concurrency: int, streamed: bool, delay_s: float = 0.0
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Median figures of each contender, and the peers that are not installed. The upstream thinks for `delay_s`."""
    words = [sys.executable, str(HERE / "upstream.py"), str(delay_s)]
    upstream = subprocess.Popen(words, stdin=-1, stdout=-1, text=True)
    assert upstream.stdout is not None
    base_url = upstream.stdout.readline().strip()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    missing: set[str] = set()
    try:
        for _ in range(rounds):
            for name in random.sample(CONTENDERS, len(CONTENDERS)):
                if name not in missing:
                    figures = _in_a_process(name, base_url, calls, concurrency, streamed)
                    found[name].append(figures) if figures else missing.add(name)
    finally:
        upstream.communicate(timeout=10)
    return {name: _medians(runs) for name, runs in found.items() if runs}, sorted(missing)


def _in_a_process(name: str, base_url: str, calls: int, concurrency: int, streamed: bool) -> dict[str, float] | None:
    words = [name, base_url, str(calls), str(concurrency), str(int(streamed))]
    command = [PYTHONS.get(name, sys.executable), str(HERE / "gateway.py"), "--worker", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode == NOT_INSTALLED:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed: {done.stderr.strip()[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(title: str, figures: dict[str, dict[str, float]], missing: list[str]) -> str:
    """Markdown, with each contender's CPU as a multiple of ours."""
    lines = [
        f"{title}",
        "",
        "| contender | CPU ms | times ours | p50 ms | p99 ms | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, f in figures.items():
        times = f["cpu_ms"] / figures["own"]["cpu_ms"]
        lines.append(
            f"| {name} | {f['cpu_ms']:.2f} | {times:.2f} | {f['p50_ms']:.2f} | {f['p99_ms']:.2f} | {f['peak_mb']:.0f} |"
        )
    lines += [f"| {name} | not installed | | | | |" for name in missing]
    return "\n".join(lines)


def own_figures(calls: int) -> dict[str, float]:
    """What only we have: a hit of the exact cache, one at a time, and the import of the gateway in a fresh process."""
    upstream = subprocess.Popen([sys.executable, str(HERE / "upstream.py")], stdin=-1, stdout=-1, text=True)
    assert upstream.stdout is not None
    try:
        hit = _in_a_process("own-cache-hit", upstream.stdout.readline().strip(), calls, 1, False)
    finally:
        upstream.communicate(timeout=10)
    assert hit is not None
    code = (
        "import time; began = time.process_time(); import app.intelligence.gateway; print(time.process_time() - began)"
    )
    spent = [float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(5)]
    return {
        "cache_hit.p50_ms": round(hit["p50_ms"], 3),
        "cache_hit.cpu_ms": round(hit["cpu_ms"], 3),
        "import_ms": round(min(spent) * 1000, 1),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.worker:
        name, base_url, calls, concurrency, streamed = chosen.worker
        try:
            print(json.dumps(measure(name, base_url, int(calls), int(concurrency), streamed == "1")))
        except ImportError:
            sys.exit(NOT_INSTALLED)
        return
    key: dict[str, Any] = {}
    for title, concurrency, streamed, delay_s in (
        ("call", 1, False, 0.0),
        ("call_32", 32, False, 0.0),
        ("thinking_32", 32, False, THINKS_S),
        ("stream_64", 8, True, 0.0),
    ):
        calls = chosen.calls // 4 if streamed else chosen.calls
        figures, missing = compare(chosen.rounds, calls, concurrency, streamed, delay_s)
        thinks = f", upstream thinks {delay_s * 1000:.0f} ms" if delay_s else ""
        print(table(f"\n{title}: {calls} calls, {concurrency} at a time{thinks}", figures, missing), flush=True)
        for name, f in figures.items():
            key[f"{title}.{name}.cpu_ms"] = round(f["cpu_ms"], 3)
            key[f"{title}.{name}.p50_ms"] = round(f["p50_ms"] - delay_s * 1000, 2)
            key[f"{title}.{name}.p99_ms"] = round(f["p99_ms"] - delay_s * 1000, 2)
        key["missing"] = missing
    key |= own_figures(chosen.calls)
    print(f"\ncache hit: p50 {key['cache_hit.p50_ms']:.2f} ms; import of the gateway: {key['import_ms']:.0f} ms of CPU")
    print(json.dumps(key))


if __name__ == "__main__":
    main()
