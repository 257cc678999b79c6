"""Doing one step: find its inputs, run it, check and store its result, write the row that says so.

Async step functions and the context they share live in one event loop of their own thread, for the whole run; notebooks
run in the workflow's thread so that the door in that loop can answer them.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NoReturn

from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.orchestration.notebook_step import NotebookOutput, run_notebook
from app.orchestration.pipeline_file import Pipeline, Step
from app.orchestration.step import (
    Status,
    StepContext,
    StepFunction,
    StepResult,
    as_json,
    from_json,
    gives,
    wants,
)
from app.orchestration.step_log import record_end, record_start
from app.settings import Settings

OpenContext = Callable[[], AbstractAsyncContextManager[StepContext]]
Track = Callable[[StepResult], str | None]
TRACK_TIMEOUT_S = 60.0


class StepRunner:
    """Runs the steps of one workflow in this process and remembers what happened. A context manager.

    `ran`: steps done by this process. `seen`: results known so far. `failed`, `error`, `seconds`: the step that raised.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        functions: Mapping[str, StepFunction],
        workflow_id: str,
        settings: Settings,
        open_context: OpenContext,
        track: Track | None,
        say: Callable[[str], None],
    ) -> None:
        self.ran: set[str] = set()
        self.seen: dict[str, Any] = {}
        self.failed: str | None = None
        self.error: BaseException | None = None
        self.seconds = 0.0
        self._pipeline = pipeline
        self._functions = functions
        self._workflow_id = workflow_id
        self._root = settings.root
        self._folder = settings.build_dir / "pipeline" / workflow_id
        self._open_context = open_context
        self._track = track
        self._say = say
        self._stack = ExitStack()
        self._opened: tuple[BlockingPortal, StepContext] | None = None

    def __enter__(self) -> StepRunner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def work(self, name: str, results: dict[str, Any]) -> dict[str, Any]:
        """One step's work. Returns JSON: output, files (from the project root), started_at, seconds."""
        self.seen = dict(results)
        step, label = self._step(name)
        self._say(f"{label} ...")
        portal, context = self._context(step)
        attempt = portal.call(record_start, context.pool, self._workflow_id, name)
        result: dict[str, Any] = {"started_at": datetime.now(UTC).isoformat()}
        began = time.perf_counter()
        with _HeldBack() as held:
            result["output"] = self._output(step, results, portal, context)
            result["files"] = self._files(name)
        result["seconds"] = round(time.perf_counter() - began, 3)
        if held.error is not None:
            result["output"] = {"error": _one_line(held.error)}
        status: Status = "done" if held.error is None else "failed"
        portal.call(record_end, context.pool, self._workflow_id, name, attempt, status, result["output"])
        if held.error is not None:
            self._give_up(step, result, held.error)
        self._say(f"{label} done in {result['seconds']:.1f} s")
        self.ran.add(name)
        return result

    def report(self, name: str, result: dict[str, Any]) -> str | None:
        """Tell the tracker about a finished step; what it cannot do comes back as a warning."""
        step, _ = self._step(name)
        warning = self._tracked(step, result, "done")
        self.seen[name] = {**result, "warning": warning}
        return warning

    def _step(self, name: str) -> tuple[Step, str]:
        steps = self._pipeline.steps
        position = [step.name for step in steps].index(name)
        return steps[position], f"[{position + 1}/{len(steps)}] {name}"

    def _output(self, step: Step, results: Mapping[str, Any], portal: BlockingPortal, context: StepContext) -> Any:
        if step.kind == "notebook":
            notebook = (self._pipeline.folder / step.target).resolve()
            return as_json(NotebookOutput, run_notebook(notebook, step.parameters, context))
        function = self._functions[step.name]
        arguments = self._arguments(function, results)
        return as_json(gives(function), portal.call(lambda: _awaited(function(context, **arguments))))

    def _give_up(self, step: Step, result: Mapping[str, Any], error: BaseException) -> NoReturn:
        self.failed, self.error, self.seconds = step.name, error, result["seconds"]
        warning = self._tracked(step, result, "failed")
        self._say(f"step {step.name} failed: {_one_line(error)}" + (f" ({warning})" if warning else ""))
        raise error

    def _arguments(self, function: StepFunction, results: Mapping[str, Any]) -> dict[str, Any]:
        given = {gives(self._functions[name]): name for name in results if name in self._functions}
        return {name: from_json(kind, results[given[kind]]["output"]) for name, kind in wants(function).items()}

    def _context(self, step: Step) -> tuple[BlockingPortal, StepContext]:
        if self._opened is None:
            portal = self._stack.enter_context(start_blocking_portal())
            shared = self._stack.enter_context(portal.wrap_async_context_manager(self._open_context()))
            self._opened = portal, shared
        portal, shared = self._opened
        folder = self._folder / step.name
        folder.mkdir(parents=True, exist_ok=True)
        return portal, replace(shared, folder=folder, say=self._say)

    def _files(self, name: str) -> list[str]:
        """What the step has written: its folder, and its executed notebook beside it."""
        found = [path for path in (self._folder / name).rglob("*") if path.is_file()]
        notebook = (self._folder / name).with_suffix(".ipynb")
        found += [notebook] if notebook.is_file() else []
        return sorted(path.relative_to(self._root).as_posix() for path in found)

    def _tracked(self, step: Step, result: Mapping[str, Any], status: Status) -> str | None:
        """The tracker runs with a time limit of its own and may fail: the step's work stands all the same."""
        if self._track is None:
            return None
        executor = ThreadPoolExecutor(1, thread_name_prefix="tracker")
        future = executor.submit(self._track, self._step_result(step, result, status))
        executor.shutdown(wait=False)
        try:
            error = future.exception(timeout=TRACK_TIMEOUT_S)
        except TimeoutError:
            return f"tracking took longer than {TRACK_TIMEOUT_S:.0f} s and was left: see that MLflow answers"
        return None if error is None else f"not tracked: {type(error).__name__}: {_one_line(error)}"

    def _step_result(self, step: Step, result: Mapping[str, Any], status: Status) -> StepResult:
        executed = (self._folder / step.name).with_suffix(".ipynb")
        versions = self._opened[1].prompt_versions if self._opened else {}
        return StepResult(
            pipeline=self._pipeline.name,
            workflow_id=self._workflow_id,
            name=step.name,
            kind=step.kind,
            status=status,
            started_at=datetime.fromisoformat(result["started_at"]),
            seconds=result["seconds"],
            output=result["output"],
            parameters=step.parameters,
            prompt_versions=versions,
            notebook=executed if step.kind == "notebook" and executed.is_file() else None,
        )


class _HeldBack:
    """Holds back what a block raises, so that it is recorded before it goes on."""

    error: BaseException | None = None

    def __enter__(self) -> _HeldBack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return error is not None


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


async def _awaited(outcome: Awaitable[Any]) -> Any:
    return await outcome
