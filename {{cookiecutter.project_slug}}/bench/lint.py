"""Time of the prompt linter against parsing the same files and walking their trees once.

`make bench-lint`. The files are the standard library's and the installed packages', chosen by the hash of their paths,
so that a machine always measures the same ones. Rounds alternate between the two in one process, both without the
garbage collector; figures are CPU of the process, compared within a round. `read` are those files that the linter does
not put aside after a look at their bytes. A synthetic commit of an LLM application, with a prompt in every tenth line,
is the worst case; it is timed as a whole process too, start-up included.
The last line is JSON: key figures by name. Compare ratios inside one run, never figures of two runs.
"""

from __future__ import annotations

import argparse
import ast
import gc
import hashlib
import json
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.hints import interesting
from tools.prompt_lint.inspection import inspect

PROJECT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 400_000
COMMIT_LINES = 10_000
COMMIT_FILES = 40
# A commit of an LLM application: each block has what makes the linter look closely, and plain code around it.
BLOCK = '''
SYSTEM_{n} = """You are an assistant of the {n}th desk. Answer from the context only.
If the context holds no answer, say so."""


def ask_{n}(client, settings, question: str, context: str) -> str:
    """Ask the {n}th desk."""
    prompt = f"Context: {{context}}\\n\\nQuestion: {{question}}"
    reply = client.chat.completions.create(
        model=settings.model_{n},
        messages=[{{"role": "system", "content": SYSTEM_{n}}}, {{"role": "user", "content": prompt}}],
    )
    return reply.choices[0].message.content


def total_{n}(rows: list[dict[str, float]], rate: float = 0.{n}) -> float:
    found = 0.0
    for row in rows:
        if row["amount"] > 0 and row.get("open", True):
            found += row["amount"] * (1 + rate)
    return round(found, 2)
'''


def chosen(count: int) -> list[Path]:
    """`count` parsable .py files of the standard library and of site-packages, the same on each call."""
    paths = sysconfig.get_paths()
    found: list[tuple[str, Path]] = []
    for root in (Path(paths["stdlib"]), Path(paths["purelib"])):
        for file in root.rglob("*.py"):
            inner = file.relative_to(root).as_posix()
            if root == Path(paths["stdlib"]) and "site-packages" in inner:
                continue
            found.append((hashlib.sha256(inner.encode()).hexdigest(), file))
    picked: list[Path] = []
    for _, file in sorted(found):
        if len(picked) == count:
            break
        if file.stat().st_size < LARGEST_BYTES and _parses(file):
            picked.append(file)
    return picked


def _parses(file: Path) -> bool:
    try:
        ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def parse_and_walk(files: list[Path]) -> None:
    """What any tool that looks at syntax pays at least."""
    for file in files:
        for _ in ast.walk(ast.parse(file.read_bytes())):
            pass


def cpu_s(work: Callable[[], object]) -> float:
    """Seconds of CPU of this process that `work` takes, without the collector."""
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        work()
        return time.process_time() - began
    finally:
        gc.enable()


def compared(files: list[Path], rounds: int) -> tuple[float, float, float]:
    """Median CPU seconds of ours and of parse and walk, and the median of the rounds' ratios."""
    configuration = Configuration(PROJECT)
    ours: list[float] = []
    floor: list[float] = []
    for round_ in range(rounds + 1):
        works = [
            (ours, lambda: inspect(files, configuration, jobs=1)),
            (floor, lambda: parse_and_walk(files)),
        ]
        for times, work in works if round_ % 2 else works[::-1]:
            spent = cpu_s(work)
            if round_:  # the first round only warms caches
                times.append(spent)
    ratio = statistics.median(a / b for a, b in zip(ours, floor, strict=True))
    return statistics.median(ours), statistics.median(floor), ratio


def wall_s(command: list[str], rounds: int, cwd: Path) -> float:
    """Median wall seconds of a whole process. Raises RuntimeError when it does not end with 0 or 1."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False)
        times.append(time.perf_counter() - began)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.decode()[-1000:]}")
    return statistics.median(times)


def commit(folder: Path) -> int:
    """Write a commit of COMMIT_LINES lines of an LLM application into `folder`; returns the lines written."""
    lines = number = 0
    for index in range(COMMIT_FILES):
        parts = ["import json\n\nfrom openai import OpenAI\n"]
        while parts and sum(p.count("\n") for p in parts) < COMMIT_LINES // COMMIT_FILES:
            number += 1
            parts.append(BLOCK.format(n=number))
        text = "\n".join(parts)
        lines += text.count("\n")
        (folder / f"desk_{index}.py").write_text(text, encoding="utf-8")
    return lines


def linter(*arguments: str) -> list[str]:
    """The command line, as people call it."""
    return [sys.executable, "-m", "tools.prompt_lint", *arguments]


def main() -> int:
    """Run it all and print a table and the line of JSON."""
    parser = argparse.ArgumentParser(description="Time of the prompt linter.")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    files = chosen(options.files)
    read = [file for file in files if interesting(file.read_bytes())]
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    print(f"{len(files)} files, {lines} lines; {len(read)} of them are read, the others put aside by their bytes")
    every = compared(files, options.rounds)
    closely = compared(read, options.rounds)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        committed = commit(folder)
        dense = compared(sorted(folder.glob("*.py")) * 5, options.rounds)
        startup = wall_s(linter("--help"), options.rounds, PROJECT)
        checked = wall_s(linter(str(folder)), options.rounds, PROJECT)
        one = wall_s(linter("--jobs", "1", *map(str, files)), options.rounds, PROJECT)
        many = wall_s(linter(*map(str, files)), options.rounds, PROJECT)
    rows = [
        ("all files", *every),
        ("files that are read", *closely),
        ("the commit's files", *dense),
    ]
    print(f"{'':28}{'ours CPU s':>12}{'parse+walk':>12}{'ratio':>8}")
    for name, ours, floor, ratio in rows:
        print(f"{name:28}{ours:12.2f}{floor:12.2f}{ratio:8.2f}")
    print(f"start-up {startup * 1000:.0f} ms; {committed} lines of a commit {checked * 1000:.0f} ms")
    print(f"all files as a process: {one:.2f} s with --jobs 1, {many:.2f} s in parallel")
    key = {
        "ratio": round(every[2], 3),
        "ratio_read_files": round(closely[2], 3),
        "ratio_llm_commit": round(dense[2], 3),
        "ours_cpu_s": round(every[0], 3),
        "parse_walk_cpu_s": round(every[1], 3),
        "parallel_speedup": round(one / many, 2),
        "commit_10k_s": round(checked, 3),
        "startup_ms": round(startup * 1000, 1),
        "files": len(files),
        "lines": lines,
    }
    print(json.dumps(key))
    return 0


if __name__ == "__main__":
    sys.exit(main())
