"""A step tried against a recording, for the proof of a promotion: `python -m app.interface.trial TRIAL.json`.

In a kernel, as the pipeline runs it; in process, as its generated test does, there once more, for what it prints
otherwise each time is nothing a test could ask for; then with each function of its module in the place of its own.
TRIAL.json says what to run (`Trial`) and where to write what came of it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.interface.replay import ReplayDoor, run_step_in_process


@dataclass(frozen=True)
class Trial:
    """What is to be run. `kernel_command` runs the step in a kernel, `copy` is the step in a folder of its own.

    `functions` are those of `module`, whose text is at `source`, with the ids of the cells that define them; no more is
    begun after `functions_s` seconds.
    """

    recording: str
    result: str
    kernel_command: list[str]
    copy: str
    module: str
    source: str
    functions: Mapping[str, str]
    functions_s: float


def run(trial: Trial) -> int:
    """Run everything and write the result; the exit code of the kernel's run."""
    found: dict[str, Any] = {"failed": "", "printed": [], "functions": {}}
    recording, copy = Path(trial.recording), Path(trial.copy)
    with ReplayDoor(recording) as door, ReplayDoor(recording) as other:
        env = {**os.environ, "APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key}
        kernel = subprocess.Popen(trial.kernel_command, env=env)  # noqa: S603  the command of who called us
        try:
            found["printed"] = _printed(copy, other)
        except Exception as error:  # noqa: BLE001  whatever a cell raises
            found["failed"] = _one_line(error)
        code = kernel.wait()
        found.update(kernel=_left(door), in_process=_left(other))
    if not found["failed"]:
        with ReplayDoor(recording) as again, contextlib.suppress(Exception):
            pairs = zip(found["printed"], _printed(copy, again), strict=True)
            found["printed"] = [one if one == two else None for one, two in pairs]
        if not other.unanswered and not other.remaining:
            found["functions"] = _functions_that_differ(trial, found["printed"])
    Path(trial.result).write_text(json.dumps(found, default=str), encoding="utf-8")
    return code


def _functions_that_differ(trial: Trial, printed: list[str | None]) -> dict[str, str]:
    """The functions with which the step does not do the same, and what it does."""
    until = time.monotonic() + trial.functions_s
    differing = {}
    for name, cell in trial.functions.items():
        if time.monotonic() > until:
            differing[name] = f"not tried: all functions together take longer than {trial.functions_s:g} s"
            continue
        try:
            differing[name] = _difference_with(trial, name, cell, printed)
        except Exception as error:  # noqa: BLE001  whatever a cell raises
            differing[name] = _one_line(error)
    return {name: what for name, what in differing.items() if what}


def _difference_with(trial: Trial, name: str, cell: str, printed: list[str | None]) -> str:
    if trial.module not in sys.modules:
        spec = importlib.util.spec_from_file_location(trial.module, trial.source)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[trial.module] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[trial.module])
    copy = Path(trial.copy)
    step = json.loads(copy.read_text(encoding="utf-8"))
    defining = next(found for found in step["cells"] if found["id"] == cell)
    defining["source"] = "".join(defining["source"]) + f"\nfrom {trial.module} import {name}"
    with_it = copy.with_name(f"with_{copy.name}")
    with_it.write_text(json.dumps(step), encoding="utf-8")
    with ReplayDoor(Path(trial.recording)) as door:
        said = _printed(with_it, door)
    if door.unanswered or door.remaining:
        return "the step asks otherwise with it"
    same = all(one in (None, two) for one, two in zip(printed, said, strict=True))
    return "" if same else "the step prints otherwise with it"


def _printed(step: Path, door: ReplayDoor) -> list[str]:
    """What each code cell prints."""
    outputs = run_step_in_process(step, {}, door).outputs
    return ["".join("".join(o["text"]) for o in cell if o.get("name") == "stdout") for cell in outputs]


def _left(door: ReplayDoor) -> dict[str, Any]:
    asked = [{"protocol": exchange.protocol, "request": exchange.request} for exchange in door.remaining]
    return {"unanswered": list(door.unanswered), "remaining": asked, "renamed": door.renamed, "key": door.key}


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


if __name__ == "__main__":
    sys.exit(run(Trial(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
