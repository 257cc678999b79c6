"""Runs of a notebook and of its step in processes of their own, with an environment that leads to a door and no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tools.promote.functions.exporting import PACKAGE
from tools.promote.functions.step_module import module_path
from tools.promote.promotion import Promotion
from tools.promote.proving.baseline import Baseline
from tools.promote.proving.placeholders import CREDENTIALS
from tools.promote.proving.recording_door import Door
from tools.promote.proving.versions import advice
from tools.promote.workspace import make_workspace

CELL_TIMEOUT_S = 120
RUN_TIMEOUT_S = 600
FUNCTIONS_TIMEOUT_S = 60
# DSPy keeps replies in a folder of the user: a second run would ask nothing that the first has asked.
REPLY_CACHE = "DSPY_CACHEDIR"
# By its path: a kernel that inherits no root of these tools does not take their packages for the notebook's own.
KERNEL_RUN = Path(__file__).with_name("kernel_run.py")
# The notebook again, against the replay, its clients pointed there by the environment or by what was rewired.
AGAIN = """
import json, os, subprocess, sys
from pathlib import Path
from app.interface.replay import ReplayDoor
from app.orchestration.notebook import environment_of
kernel_run, notebook, recording, result, folder, *options = sys.argv[1:]
with ReplayDoor(Path(recording)) as door:
    variables = {"APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key, **environment_of(door.url, door.key)}
    command = [sys.executable, kernel_run, notebook, result, folder, *options]
    code = subprocess.call(command, env={**os.environ, **variables})
remaining = [{"protocol": exchange.protocol, "request": exchange.request} for exchange in door.remaining]
Path(result + ".left").write_text(json.dumps({"unanswered": door.unanswered, "remaining": remaining}, default=str))
sys.exit(code)
"""


class CannotRun(Exception):
    """The comparison cannot be made; the message says why."""


def run_original(
    baseline: Baseline, original: Path, folder: Path, env: Mapping[str, str], unset: Collection[str], *, fixed: bool
) -> dict[str, Any]:
    """The outputs of the notebook. Raises CannotRun when it fails, with the settings it reads that are not there.

    `fixed`, here and below: in kernels that leave nothing to chance.
    """
    source, result = folder / "original.ipynb", folder / "original.json"
    source.write_text(baseline.notebook.dump(), encoding="utf-8")
    command = [
        sys.executable,
        KERNEL_RUN,
        source,
        result,
        original.parent,
        *_options(fixed),
    ]
    _run(command, {**env, REPLY_CACHE: str(folder / "replies")}, "the notebook", cwd=folder)
    run: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if run["error"]:
        shown = baseline.origins.get(run["error"]["cell"], run["error"]["cell"])
        said = f"the notebook itself fails in cell {shown}: {run['error']['what']}"
        if unset:
            said += f" (it reads settings that are not set: {', '.join(sorted(unset))})"
        if about := advice(run["error"]["what"], run["error"].get("library", ""), baseline.pins):
            said += f"; {about}"
        raise CannotRun(said)
    return _in_original_cells(run, baseline)


def run_again(
    promotion: Promotion, baseline: Baseline, recording: Path, folder: Path, given: Mapping[str, str], *, fixed: bool
) -> dict[str, Any]:
    """The notebook once more, in a folder to be made, against the replay; `unanswered` and `remaining` as of a step.

    What it prints or asks otherwise by itself tells nothing of the step.
    """
    workspace = make_workspace(promotion.place.project, folder / "project", {})
    original = workspace / promotion.place.relative(promotion.place.original)
    original.parent.mkdir(parents=True, exist_ok=True)
    source, result = recording.with_name("original.ipynb"), folder / "again.json"
    env = {
        **_surrounding(given),
        REPLY_CACHE: str(folder / "replies"),
        "PYTHONPATH": _python_path(promotion.place.project),
    }
    command = [sys.executable, "-c", AGAIN, KERNEL_RUN, source, recording, result, original.parent, *_options(fixed)]
    _run(command, env, "the notebook a second time", cwd=folder)
    left = json.loads(result.with_name(f"{result.name}.left").read_text(encoding="utf-8"))
    return _in_original_cells({**json.loads(result.read_text(encoding="utf-8")), **left}, baseline)


def _options(fixed: bool) -> list[str]:
    return [str(CELL_TIMEOUT_S), *(["fixed"] if fixed else [])]


def _in_original_cells(run: dict[str, Any], baseline: Baseline) -> dict[str, Any]:
    """Outputs under the numbers their cells have in the notebook."""
    outputs = run["outputs"].items()
    run["outputs"] = {str(baseline.origins[int(i)]): given for i, given in outputs if int(i) in baseline.origins}
    return run


def run_step(
    promotion: Promotion,
    step: Path,
    copy: Path,
    recording: Path,
    folder: Path,
    given: Mapping[str, str],
    *,
    fixed: bool,
) -> dict[str, Any]:
    env = {
        **_surrounding(given),
        REPLY_CACHE: str(folder / "replies-of-step"),
        "PYTHONPATH": _python_path(promotion.place.project),
        "APP_RUN_PROMPTS": json.dumps(promotion.report.pins),
    }
    place, result, kernel_result = promotion.place, folder / "replayed.json", folder / "step.json"
    module = promotion.files.get(module_path(place.project, place.step))
    source, trial = folder / f"{place.step}.py", folder / "trial.json"
    source.write_bytes(module or b"")
    kernel = [sys.executable, KERNEL_RUN, step, kernel_result, step.parent, *_options(fixed)]
    asked = {
        "recording": str(recording),
        "result": str(result),
        "kernel_command": [str(word) for word in kernel],
        "copy": str(copy),
        "module": f"app.{PACKAGE}.{place.step}",
        "source": str(source),
        "functions": promotion.functions if module else {},
        "functions_s": FUNCTIONS_TIMEOUT_S,
    }
    trial.write_text(json.dumps(asked), encoding="utf-8")
    # With the project's own Python, which has `app`; these tools themselves import nothing of it.
    _run([sys.executable, "-m", "app.interface.trial", trial], env, "the step", cwd=step.parent)
    found = json.loads(result.read_text(encoding="utf-8"))
    in_process = {**found["in_process"], **{name: found[name] for name in ("failed", "printed", "functions")}}
    run: dict[str, Any] = json.loads(kernel_result.read_text(encoding="utf-8"))
    return {**run, **found["kernel"], "in_process": in_process}


def _run(command: list[Any], env: Mapping[str, str], what: str, *, cwd: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603  our own Python, with paths we made
            [str(word) for word in command],
            env=dict(env), cwd=cwd, capture_output=True, text=True, errors="replace",
            timeout=RUN_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{what} did not end within {RUN_TIMEOUT_S} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise CannotRun(f"{what} could not be run: {last}")


def door_environment(project: Path, door: Door, given: Mapping[str, str]) -> dict[str, str]:
    """What lets an unmodified notebook reach the door: the variables the SDKs themselves read.

    `given` are placeholders for what is not there; a login that is made up goes before one that is there.
    """
    inherited = {name: value for name, value in _surrounding(given).items() if name not in door.unset}
    return {**inherited, "PYTHONPATH": _python_path(project), **door.environment}


def _surrounding(given: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY") and name != CREDENTIALS}
    return {**given, **kept}


def _python_path(project: Path) -> str:
    """The application alone. Of what is inherited neither the project's root nor that of these tools, whose packages
    would hide a notebook's own `tools` or `evals`."""
    roots = {project.resolve(), Path(__file__).resolve().parents[3]}
    inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join([str(project / "src"), *(path for path in inherited if Path(path).resolve() not in roots)])
