"""How long the tests take that promote writes for a step, run in their own project in one process of pytest.

Each is run twice: the first time pays for importing the vendor's library, as the first test of a session does.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.promote.promotion import Promotion
from tools.promote.workspace import make_workspace

TIMEOUT_S = 300
# Wall clock and CPU of the bodies of tests, the second time they run.
TIMED = """
import json, sys, time
import pytest
class Timer:
    def __init__(self):
        self.found = []
    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = yield
        self.found.append([item.nodeid, outcome.excinfo is None, time.perf_counter() - wall, time.process_time() - cpu])
options = ["-q", "-p", "no:cacheprovider", *sys.argv[2:]]
pytest.main(options)
timer = Timer()
pytest.main(options, plugins=[timer])
open(sys.argv[1], "w").write(json.dumps(timer.found))
"""


@dataclass(frozen=True)
class TimedTest:
    """One generated test. Seconds by the clock, and of the processor, which other work does not stretch."""

    name: str
    passed: bool
    wall_s: float
    cpu_s: float


def time_tests(promotion: Promotion, root: Path, scratch: Path) -> list[TimedTest]:
    """The tests of a proved promotion; empty when none ran. `scratch` must not exist, and is taken away again."""
    project = make_workspace(root, scratch, {})
    (project / "src").unlink()  # modules of exported functions are written there
    shutil.copytree(root / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for path, content in promotion.files.items():
        if content is not None:
            target = project / path.relative_to(promotion.place.project)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_symlink():
                target.unlink()
            target.write_bytes(content)
    result = project / "timed.json"
    env = {**os.environ, "PYTHONPATH": f"{project / 'src'}{os.pathsep}{project}"}
    try:
        subprocess.run(
            [sys.executable, "-c", TIMED, str(result), "tests/steps"],
            cwd=project, env=env, capture_output=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        found: list[list[Any]] = json.loads(result.read_text(encoding="utf-8")) if result.exists() else []
    except subprocess.TimeoutExpired:
        found = []
    shutil.rmtree(project)
    return [TimedTest(*entry) for entry in found]


def summary(tests: list[TimedTest]) -> dict[str, Any]:
    """The figures by name: how many passed, and the 95th percentile of their seconds; None when there are none."""
    return {
        "generated_tests_run": len(tests),
        "generated_tests_passed_share": round(sum(t.passed for t in tests) / len(tests), 3) if tests else None,
        "generated_test_seconds_p95": _p95([t.wall_s for t in tests]),
        "generated_test_cpu_seconds_p95": _p95([t.cpu_s for t in tests]),
    }


def _p95(values: list[float]) -> float | None:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3) if ordered else None
