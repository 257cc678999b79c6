"""Running the pipeline: everything is checked before anything runs, each step is recorded, the outcome is one value.

A failing step stops the run and is part of the outcome; the next run goes on there. Which functions, database and
tracker are used is the caller's choice (`app.bootstrap`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.data.store import connect
from app.errors import AppError, ConfigurationError, StepFailedError
from app.orchestration.identity import pipeline_identity
from app.orchestration.notebook_step import check_parameters
from app.orchestration.pipeline_file import Pipeline, Step
from app.orchestration.step import Status, StepFunction, gives, wants
from app.orchestration.step_runner import OpenContext, StepRunner, Track
from app.orchestration.workflow import Results, opened
from app.settings import Settings

LOCK_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How one step ended. `detail` is its result as JSON values; `warning` what the tracker could not do."""

    name: str
    status: Status
    seconds: float
    detail: Mapping[str, Any] = field(default_factory=dict)
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """The outcome of a run. `failure` is what the last step raised, None when all steps are done."""

    pipeline: str
    workflow_id: str
    steps: tuple[StepOutcome, ...]
    seconds: float
    failure: AppError | None = None


def to_stderr(line: str) -> None:
    """The default for progress lines."""
    print(line, file=sys.stderr, flush=True)


def run_pipeline(
    pipeline: Pipeline,
    settings: Settings,
    *,
    database_url: str,
    open_context: OpenContext,
    steps: Mapping[str, StepFunction],
    gates: Mapping[str, StepFunction],
    prompt_versions: Mapping[str, int],
    track: Track | None = None,
    say: Callable[[str], None] = to_stderr,
    again: bool = False,
) -> PipelineResult:
    """Run the steps in order, or go on with an earlier run of the same inputs; blocks until the end.

    `open_context` is entered when the first step really runs, in an event loop of its own, and left at the end.
    Raises ConfigurationError before anything ran; an unexpected error of a step's code is raised as it is.
    """
    functions = resolve(pipeline, steps, gates)
    began = time.perf_counter()
    workflow_id = pipeline_identity(pipeline, settings, prompt_versions)
    runner = StepRunner(pipeline, functions, workflow_id, settings, open_context, track, say)
    failure: AppError | None = None
    results: Results = {}
    names = [step.name for step in pipeline.steps]
    with (
        _only_run(database_url, pipeline.name, say),
        runner,
        opened(database_url, workflow_id, names, runner.work, runner.report, say) as workflow,
    ):
        try:
            results = workflow.finish(lambda found: _missing(found, settings.root), again=again)
        except StepFailedError as error:
            failure = _expected(runner.error) or error
            results = runner.seen
    outcomes = [_outcome(name, results, runner) for name in names if name in results]
    if failure is not None and runner.failed is not None:
        outcomes.append(StepOutcome(runner.failed, "failed", runner.seconds, {"error": str(failure)}))
    return PipelineResult(pipeline.name, workflow_id, tuple(outcomes), round(time.perf_counter() - began, 3), failure)


def resolve(
    pipeline: Pipeline, steps: Mapping[str, StepFunction], gates: Mapping[str, StepFunction]
) -> dict[str, StepFunction]:
    """The function behind each Python step and gate, by step name; the notebooks are checked too.

    Raises ConfigurationError with file and line for an unknown name, a parameter a notebook does not declare, or an
    input that no earlier step gives.
    """
    functions: dict[str, StepFunction] = {}
    for step in pipeline.steps:
        if step.kind == "notebook":
            check_parameters(pipeline.folder / step.target, step.parameters, step.place)
            continue
        known = steps if step.kind == "run" else gates
        if step.target not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigurationError(f"{step.place}: no {step.kind} named {step.target!r}: there are {names}")
        function = known[step.target]
        _check_inputs(step, function, functions)
        functions[step.name] = function
    return functions


def _check_inputs(step: Step, function: StepFunction, earlier: Mapping[str, StepFunction]) -> None:
    given = [gives(found) for found in earlier.values()]
    for name, kind in wants(function).items():
        if kind not in given:
            raise ConfigurationError(
                f"{step.place}: step {step.name!r} takes {name} ({kind.__name__}) and no earlier step gives one: "
                "put that step before it"
            )


def _missing(results: Results, root: Path) -> str | None:
    for name, result in results.items():
        if not all((root / file).is_file() for file in result["files"]):
            return name
    return None


def _outcome(name: str, results: Results, runner: StepRunner) -> StepOutcome:
    result = results[name]
    status: Status = "done" if name in runner.ran else "reused"
    return StepOutcome(name, status, result["seconds"], result["output"], result.get("warning"))


def _expected(error: BaseException | None) -> AppError | None:
    """The step's own error; one that nobody foresaw is a fault in the code and keeps its traceback."""
    if error is None or isinstance(error, AppError):
        return error
    raise error from None


@contextmanager
def _only_run(database_url: str, pipeline: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the pipeline's lock in the database: a second process waits and then finds the first one's results.

    It asks again and again rather than wait in the database: a waiting statement would hold up the indexes that the
    first process may be creating concurrently, for ever.
    """
    key = f"pipeline:{pipeline}"
    with connect(database_url) as connection:
        told = False
        while connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone() != (True,):
            if not told:
                say(f"another run of pipeline {pipeline!r} is in progress: waiting for it")
                told = True
            time.sleep(LOCK_POLL_S)
        yield
