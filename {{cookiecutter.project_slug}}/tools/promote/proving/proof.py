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
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.promote.cells.installed import missing_packages
from tools.promote.notebook.program import read_program
from tools.promote.promotion import Promotion
from tools.promote.proving.baseline import Baseline, make_baseline
from tools.promote.proving.comparison import compare
from tools.promote.proving.recording_door import Door, DoorUnavailable, open_door
from tools.promote.report import Proof
from tools.promote.rewiring.environment import names_read
from tools.promote.workspace import make_workspace

CELL_TIMEOUT_S = 120
# A coin that is tossed comes up alike in two runs half the time: so many more decide that an output is steady.
RUNS_AGAIN = 4
# Keys of providers whose clients the door serves: a notebook that reads one wants it there, whatever it is.
PROVIDER_KEY = re.compile(
    r"(?:\w+_)?(?:OPENAI|AZURE|ANTHROPIC|CLAUDE|GOOGLE|GEMINI|CO|COHERE|MISTRAL|OLLAMA|GROQ|TOGETHER|FIREWORKS|DEEPSEEK"
    r"|OPENROUTER|PERPLEXITY|NVIDIA|XAI|HF|HUGGINGFACE(?:HUB)?|LLM)"
    r"(?:_(?:OPENAI|AI|GENAI|STUDIO|INFERENCE|API|ACCESS|AUTH|SECRET))*_(?:KEY|TOKEN)",
    re.IGNORECASE,
)
PLACEHOLDER = "no-key-is-needed-here"
RUN_TIMEOUT_S = 600
# By its path: a kernel that inherits no root of these tools does not take their packages for the notebook's own.
KERNEL_RUN = Path(__file__).with_name("kernel_run.py")
# Run with the project's own Python, which has `app`; tools themselves import nothing of it. The step runs in a kernel,
# as the pipeline runs it, and meanwhile in process, as its generated test does; there once more, for what it prints
# otherwise each time is nothing the test could ask for.
REPLAY = """
import contextlib, json, os, subprocess, sys
from pathlib import Path
from app.interface.replay import ReplayDoor, run_step_in_process
kernel_run, notebook, recording, result, kernel_result, copy, timeout_s = sys.argv[1:]
def left(door):
    asked = [{"protocol": e.protocol, "request": e.request} for e in door.remaining]
    return {"unanswered": door.unanswered, "remaining": asked}
def printed(door):
    outputs = run_step_in_process(Path(copy), {}, door).outputs
    return ["".join("".join(o["text"]) for o in cell if o.get("name") == "stdout") for cell in outputs]
found = {"failed": "", "printed": []}
with ReplayDoor(Path(recording)) as door, ReplayDoor(Path(recording)) as other:
    env = {**os.environ, "APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key}
    command = [kernel_run, notebook, kernel_result, str(Path(notebook).parent), timeout_s]
    kernel = subprocess.Popen([sys.executable, *command], env=env)
    try:
        found["printed"] = printed(other)
    except Exception as error:
        found["failed"] = " ".join(f"{type(error).__name__}: {error}".split())
    code = kernel.wait()
    if not found["failed"]:
        with ReplayDoor(Path(recording)) as third, contextlib.suppress(Exception):
            found["printed"] = [one if one == two else None for one, two in zip(found["printed"], printed(third))]
    found.update(kernel=left(door), in_process=left(other))
Path(result).write_text(json.dumps(found, default=str))
sys.exit(code)
"""

# The notebook again, against the replay, its clients pointed there by the environment or by what was rewired.
AGAIN = """
import os, subprocess, sys
from pathlib import Path
from app.interface.replay import ReplayDoor
from app.orchestration.notebook import environment_of
kernel_run, notebook, recording, result, folder, timeout_s = sys.argv[1:]
with ReplayDoor(Path(recording)) as door:
    variables = {"APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key, **environment_of(door.url, door.key)}
    command = [sys.executable, kernel_run, notebook, result, folder, timeout_s]
    sys.exit(subprocess.call(command, env={**os.environ, **variables}))
"""


class CannotRun(Exception):
    """The comparison cannot be made; the message says why."""


def prove(promotion: Promotion) -> None:
    """Run both and note the verdict in the report; a proof adds the recording and what was printed to the files.

    A verdict that stands already, of an earlier promotion of the same notebook, is not made again.
    """
    if promotion.report.proof.verdict == "proved" or not promotion.files:
        return
    _wait_for_packages(promotion)
    refused = promotion.report.hindrance
    if refused is not None:
        promotion.report.proof = Proof("not run", f"cell {refused.place}: {refused.what}: {refused.reason}")
        return
    try:
        with tempfile.TemporaryDirectory(prefix="promote-") as folder:
            _prove_in(promotion, Path(folder))
    except (CannotRun, DoorUnavailable) as why:
        promotion.report.proof = Proof("not run", " ".join(str(why).split()))


def _wait_for_packages(promotion: Promotion) -> None:
    """What the step imports and nobody has installed keeps it out of the pipeline."""
    report, place = promotion.report, promotion.place
    program = read_program(promotion.step, report.source)
    missing = missing_packages(program, place.original.parent, place.source.parent, report.dependencies)
    # Places of findings are those of the notebook.
    placed = [replace(f, cell=promotion.origins.get(f.cell, f.cell)) for f in missing]
    report.findings = sorted([*report.findings, *placed], key=lambda f: (f.cell, f.line))
    report.in_pipeline = report.in_pipeline and not missing


def _prove_in(promotion: Promotion, folder: Path) -> None:
    place = promotion.place
    workspace = make_workspace(place.project, folder / "project", promotion.files)
    original = workspace / place.relative(place.original)
    recording = folder / "recording.json"
    baseline = make_baseline(promotion.source, promotion.report.source)
    read = names_read(read_program(promotion.source, promotion.report.source))
    placeholders = {name: PLACEHOLDER for name in read if PROVIDER_KEY.fullmatch(name)}
    with open_door(place.project, recording) as door:
        environment = {**placeholders, **_environment(place.project, door)}
        run = _run_original(baseline, original, folder, environment, read - set(environment))
    if not recording.exists():
        recording.write_text("[]\n", encoding="utf-8")
    # Other workspaces: the step must not find what the notebook has just written.
    steps = [make_workspace(place.project, folder / name, promotion.files) for name in ("kernel", "process")]
    kernel, process = (step / place.relative(place.step_file) for step in steps)
    replayed = _run_step(promotion, kernel, process, recording, folder, placeholders)
    exchanges = json.loads(recording.read_text(encoding="utf-8"))
    proof = compare(run, replayed, len(exchanges), promotion.origins)
    again: list[dict[str, Any]] = []
    while proof.verdict == "differs" and not replayed["error"] and _same_requests(replayed) and len(again) < RUNS_AGAIN:
        once_more = _run_again(promotion, baseline, recording, folder / f"again-{len(again)}", placeholders)
        if once_more["error"]:
            break  # what it did not come to print tells nothing
        again.append(once_more)
        proof = compare(run, replayed, len(exchanges), promotion.origins, again)
    note = " (the notebook ran with its clients pointed at the door)" if baseline.rewired else ""
    if proof.verdict == "proved":
        note += _add_fixture(promotion, recording.read_bytes(), replayed["in_process"], proof.unsteady)
    promotion.report.proof = replace(proof, detail=proof.detail + note)


def _add_fixture(
    promotion: Promotion, recording: bytes, in_process: Mapping[str, Any], unsteady: Collection[int]
) -> str:
    """The recording and what was printed become the test's; what to say when the step does not run in process."""
    if in_process["failed"] or in_process["unanswered"] or in_process["remaining"]:
        return f"; its test is left without a recording: {in_process['failed'] or 'it asks otherwise in process'}"
    recorded, printed = promotion.place.fixtures
    code_cells = [i for i, cell in enumerate(promotion.step.cells) if cell["cell_type"] == "code"]
    steady = [promotion.origins.get(index) not in unsteady for index in code_cells]
    texts = [text if kept else None for text, kept in zip(in_process["printed"], steady, strict=True)]
    written = json.dumps(texts, indent=1, ensure_ascii=False) + "\n"
    promotion.files |= {recorded: recording, printed: written.encode("utf-8")}
    return ""


def _run_original(
    baseline: Baseline, original: Path, folder: Path, env: Mapping[str, str], unset: Collection[str]
) -> dict[str, Any]:
    """The outputs of the notebook. Raises CannotRun when it fails, with the settings it reads that are not there."""
    source, result = folder / "original.ipynb", folder / "original.json"
    source.write_text(baseline.notebook.dump(), encoding="utf-8")
    command = [
        sys.executable,
        KERNEL_RUN,
        source,
        result,
        original.parent,
        str(CELL_TIMEOUT_S),
    ]
    _run(command, env, "the notebook", cwd=folder)
    run: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if run["error"]:
        shown = baseline.origins.get(run["error"]["cell"], run["error"]["cell"])
        said = f"the notebook itself fails in cell {shown}: {run['error']['what']}"
        if unset:
            said += f" (it reads settings that are not set: {', '.join(sorted(unset))})"
        raise CannotRun(said)
    return _in_original_cells(run, baseline)


def _same_requests(replayed: Mapping[str, Any]) -> bool:
    return not replayed["unanswered"] and not replayed["remaining"]


def _run_again(
    promotion: Promotion, baseline: Baseline, recording: Path, folder: Path, placeholders: Mapping[str, str]
) -> dict[str, Any]:
    """The notebook once more, in a folder to be made, against the replay.

    What it prints otherwise by itself tells nothing of the step.
    """
    workspace = make_workspace(promotion.place.project, folder / "project", {})
    original = workspace / promotion.place.relative(promotion.place.original)
    original.parent.mkdir(parents=True, exist_ok=True)
    source, result = recording.with_name("original.ipynb"), folder / "again.json"
    env = {**placeholders, **_without_keys(), "PYTHONPATH": _python_path(promotion.place.project)}
    command = [sys.executable, "-c", AGAIN, KERNEL_RUN, source, recording, result, original.parent, str(CELL_TIMEOUT_S)]
    _run(command, env, "the notebook a second time", cwd=folder)
    return _in_original_cells(json.loads(result.read_text(encoding="utf-8")), baseline)


def _in_original_cells(run: dict[str, Any], baseline: Baseline) -> dict[str, Any]:
    """Outputs under the numbers their cells have in the notebook."""
    outputs = run["outputs"].items()
    run["outputs"] = {str(baseline.origins[int(i)]): given for i, given in outputs if int(i) in baseline.origins}
    return run


def _run_step(
    promotion: Promotion, step: Path, copy: Path, recording: Path, folder: Path, placeholders: Mapping[str, str]
) -> dict[str, Any]:
    env = {
        **placeholders,
        **_without_keys(),
        "PYTHONPATH": _python_path(promotion.place.project),
        "APP_RUN_PROMPTS": json.dumps(promotion.report.pins),
    }
    result, kernel_result = folder / "replayed.json", folder / "step.json"
    command = [
        sys.executable,
        "-c",
        REPLAY,
        KERNEL_RUN,
        step,
        recording,
        result,
        kernel_result,
        copy,
        str(CELL_TIMEOUT_S),
    ]
    _run(command, env, "the step", cwd=step.parent)
    found = json.loads(result.read_text(encoding="utf-8"))
    in_process = {**found["in_process"], "failed": found["failed"], "printed": found["printed"]}
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
    inherited = {name: value for name, value in _without_keys().items() if name not in door.unset}
    return {**inherited, "PYTHONPATH": _python_path(project), **door.environment}


def _without_keys() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}


def _python_path(project: Path) -> str:
    """The application alone. Of what is inherited neither the project's root nor that of these tools, whose packages
    would hide a notebook's own `tools` or `evals`."""
    roots = {project.resolve(), Path(__file__).resolve().parents[3]}
    inherited = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join([str(project / "src"), *(path for path in inherited if Path(path).resolve() not in roots)])
