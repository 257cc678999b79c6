"""Showing that a step asks what its notebook asked: both are run, their requests and outputs compared.

The notebook runs once in a kernel against a recording door, the step in process against the replay. Nothing is called
proved that was not run; what hinders a run is the verdict's reason.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.promote.baseline import Baseline, make_baseline
from tools.promote.promotion import Promotion
from tools.promote.recording_door import Door, DoorUnavailable, open_door
from tools.promote.report import Proof
from tools.promote.workspace import make_workspace

CELL_TIMEOUT_S = 120
RUN_TIMEOUT_S = 600
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
# Run with the project's own Python, which has `app`; tools themselves import nothing of it. The step runs twice: in a
# kernel, as the pipeline runs it, and meanwhile in process, as its generated test does.
REPLAY = """
import json, os, subprocess, sys
from pathlib import Path
from app.interface.replay import ReplayDoor, run_step_in_process
notebook, recording, result, kernel_result, copy, timeout_s = sys.argv[1:]
def left(door):
    asked = [{"protocol": e.protocol, "request": e.request} for e in door.remaining]
    return {"unanswered": door.unanswered, "remaining": asked}
found = {"failed": "", "text": ""}
with ReplayDoor(Path(recording)) as door, ReplayDoor(Path(recording)) as other:
    env = {**os.environ, "APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key}
    command = ["-m", "tools.promote.kernel_run", notebook, kernel_result, str(Path(notebook).parent), timeout_s]
    kernel = subprocess.Popen([sys.executable, *command], env=env)
    try:
        outputs = [output for cell in run_step_in_process(Path(copy), {}, other).outputs for output in cell]
        found["text"] = "".join("".join(o["text"]) for o in outputs if o.get("name") == "stdout")
    except Exception as error:
        found["failed"] = " ".join(f"{type(error).__name__}: {error}".split())
    code = kernel.wait()
    found.update(kernel=left(door), in_process=left(other))
Path(result).write_text(json.dumps(found, default=str))
sys.exit(code)
"""


class CannotRun(Exception):
    """The comparison cannot be made; the message says why."""


def prove(promotion: Promotion) -> None:
    """Run both and note the verdict in the report; a proof adds the recording and what was printed to the files.

    A verdict that stands already, of an earlier promotion of the same notebook, is not made again.
    """
    if promotion.report.proof.verdict == "proved" or not promotion.files:
        return
    refused = promotion.report.hindrance
    if refused is not None:
        promotion.report.proof = Proof("not run", f"cell {refused.place}: {refused.what}: {refused.reason}")
        return
    try:
        with tempfile.TemporaryDirectory(prefix="promote-") as folder:
            _prove_in(promotion, Path(folder))
    except (CannotRun, DoorUnavailable) as why:
        promotion.report.proof = Proof("not run", " ".join(str(why).split()))


def _prove_in(promotion: Promotion, folder: Path) -> None:
    place = promotion.place
    workspace = make_workspace(place.project, folder / "project", promotion.files)
    original = workspace / place.relative(place.original)
    recording = folder / "recording.json"
    baseline = make_baseline(promotion.source, promotion.report.source)
    with open_door(place.project, recording) as door:
        run = _run_original(baseline, original, folder, _environment(place.project, door))
    if not recording.exists():
        recording.write_text("[]\n", encoding="utf-8")
    # Other workspaces: the step must not find what the notebook has just written.
    steps = [make_workspace(place.project, folder / name, promotion.files) for name in ("kernel", "process")]
    kernel, process = (step / place.relative(place.step_file) for step in steps)
    replayed = _run_step(promotion, kernel, process, recording, folder)
    exchanges = json.loads(recording.read_text(encoding="utf-8"))
    proof = compare(run, replayed, len(exchanges), promotion.origins)
    note = " (the notebook ran with its clients pointed at the door)" if baseline.rewired else ""
    if proof.verdict == "proved":
        note += _add_fixture(promotion, recording.read_bytes(), replayed["in_process"])
    promotion.report.proof = Proof(proof.verdict, proof.detail + note, proof.requests, proof.outputs)


def _add_fixture(promotion: Promotion, recording: bytes, in_process: Mapping[str, Any]) -> str:
    """The recording and what was printed become the test's; what to say when the step does not run in process."""
    if in_process["failed"] or in_process["unanswered"] or in_process["remaining"]:
        return f"; its test is left without a recording: {in_process['failed'] or 'it asks otherwise in process'}"
    recorded, printed = promotion.place.fixtures
    promotion.files |= {recorded: recording, printed: in_process["text"].encode("utf-8")}
    return ""


def compare(
    original: Mapping[str, Any], replayed: Mapping[str, Any], requests: int, origins: Mapping[int, int]
) -> Proof:
    """The verdict on two runs: `outputs` by cell number each, of the step also `error`, `unanswered`, `remaining`."""
    if replayed["unanswered"] or replayed["remaining"]:
        return Proof("differs", _request_difference(replayed["unanswered"], replayed["remaining"]), requests)
    if replayed["error"]:
        return Proof("differs", f"the step fails where the notebook did not: {replayed['error']['what']}", requests)
    compared = 0
    given: dict[int, list[dict[str, Any]]] = {}
    for index, origin in origins.items():  # a cell may have been divided
        given.setdefault(origin, []).extend(replayed["outputs"].get(str(index), []))
    for origin, outputs in given.items():
        before, after = _shown(original["outputs"].get(str(origin), [])), _shown(outputs)
        if before != after:
            return Proof("differs", _output_difference(origin, before, after), requests, compared)
        compared += bool(after)
    return Proof("proved", f"{requests} requests and {compared} outputs are the same", requests, compared)


def first_difference(before: Any, after: Any, path: str = "") -> str:
    """`messages[0].content` for the first place where two JSON values differ; empty when they do not."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            found = first_difference(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
            if found:
                return found
        return ""
    if isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            one, other = (side[index] if index < len(side) else None for side in (before, after))
            found = first_difference(one, other, f"{path}[{index}]")
            if found:
                return found
        return ""
    return "" if before == after and type(before) is type(after) else path or "the whole request"


def _run_original(baseline: Baseline, original: Path, folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    source, result = folder / "original.ipynb", folder / "original.json"
    source.write_text(baseline.notebook.dump(), encoding="utf-8")
    command = [sys.executable, "-m", "tools.promote.kernel_run", source, result, original.parent, str(CELL_TIMEOUT_S)]
    _run(command, env, "the notebook", cwd=folder)
    run: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if run["error"]:
        shown = baseline.origins.get(run["error"]["cell"], run["error"]["cell"])
        raise CannotRun(f"the notebook itself fails in cell {shown}: {run['error']['what']}")
    run["outputs"] = {
        str(baseline.origins[int(index)]): outputs
        for index, outputs in run["outputs"].items()
        if int(index) in baseline.origins
    }
    return run


def _run_step(promotion: Promotion, step: Path, copy: Path, recording: Path, folder: Path) -> dict[str, Any]:
    env = {
        **_without_keys(),
        "PYTHONPATH": _python_path(promotion.place.project),
        "APP_RUN_PROMPTS": json.dumps(promotion.report.pins),
    }
    result, kernel_result = folder / "replayed.json", folder / "step.json"
    command = [sys.executable, "-c", REPLAY, step, recording, result, kernel_result, copy, str(CELL_TIMEOUT_S)]
    _run(command, env, "the step", cwd=step.parent)
    found = json.loads(result.read_text(encoding="utf-8"))
    in_process = {**found["in_process"], "failed": found["failed"], "text": found["text"]}
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


def _environment(project: Path, door: Door) -> dict[str, str]:
    """What lets an unmodified notebook reach the door: the variables the SDKs themselves read."""
    return {
        **_without_keys(),
        "PYTHONPATH": _python_path(project),
        **door.environment,
    }


def _without_keys() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def _python_path(project: Path) -> str:
    tools = Path(__file__).resolve().parents[2]
    return os.pathsep.join([str(project / "src"), str(tools), *filter(None, [os.environ.get("PYTHONPATH")])])


def _request_difference(unanswered: list[dict[str, Any]], remaining: list[dict[str, Any]]) -> str:
    if unanswered and remaining:
        asked = unanswered[0]
        wanted = next((r for r in remaining if r["protocol"] == asked["protocol"]), remaining[0])
        path = first_difference(wanted["request"], asked["request"])
        return f"the {asked['protocol']} request differs first at {path}"
    if unanswered:
        return f"the step makes {len(unanswered)} requests that the notebook does not"
    return f"the step leaves out {len(remaining)} requests that the notebook makes"


def _output_difference(cell: int, before: str, after: str) -> str:
    pairs = zip([*before.splitlines(), "(nothing)"], [*after.splitlines(), "(nothing)"], strict=False)
    one, other = next(((a, b) for a, b in pairs if a != b), ("", ""))
    return f"the output of cell {cell} differs first at {one[:80]!r}, in the step {other[:80]!r}"


def _shown(outputs: list[dict[str, Any]]) -> str:
    """What a cell prints and gives, as text; pictures and warnings are left out.

    A kernel sends what is printed in pieces of any size, so pieces that follow each other are one.
    """
    parts: list[str] = []
    printing = False
    for output in outputs:
        if output.get("output_type") == "stream":
            if output.get("name") == "stdout":
                text = "".join(output["text"])
                parts[-1:] = [parts[-1] + text] if printing else [*parts[-1:], text]
                printing = True
            continue
        printing = False
        if output.get("output_type") == "execute_result":
            parts.append("".join(output["data"].get("text/plain", "")))
    return ADDRESS.sub("0x", "\n".join(part.strip("\n") for part in parts))
