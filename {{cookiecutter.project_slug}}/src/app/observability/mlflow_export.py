"""Evaluation results as MLflow evaluation runs, to be compared side by side in its interface.

`python -m app.observability.mlflow_export RESULT.json ... --experiment NAME [--tracking-uri URI] [--artifacts DIR]`
writes, for each result, one run with metrics, parameters and dataset, and one trace a case with its inputs,
outputs, expectations and scores, linked to the version of the prompt where that is published. It evaluates nothing:
scores are those of the result. A result already there is not written again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.observability.evaluation.result import SuiteResult, load
from app.observability.mlflow_case_trace import CaseTrace, linked
from app.observability.mlflow_connection import Connection, connect
from app.observability.mlflow_dataset import register
from app.observability.mlflow_prompts import numbers
from app.observability.mlflow_store import child_environment, one_writer

HASH_TAG = "app.result_hash"
_BATCH = 100


def start_export(results: Sequence[Path], *, uri: str, experiment: str, artifacts: Path) -> subprocess.Popen[str]:
    """Export in a process of its own; its standard output has one JSON object a result, its return code the outcome."""
    command = [sys.executable, "-m", "app.observability.mlflow_export", *map(str, results)]
    return subprocess.Popen(  # noqa: S603
        [*command, "--experiment", experiment, "--artifacts", str(artifacts)],
        env=child_environment(uri),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def export(result: SuiteResult, connection: Connection) -> tuple[str, bool]:
    """Write one result; returns the run's id and whether it was written now (False: it was there already)."""
    known = _finished_run(result, connection)
    if known is not None:
        return known, False
    prompt = _published(result, connection)
    run_id = _start_run(result, connection, prompt)
    traces = [CaseTrace(case, result, run_id, prompt) for case in result.cases]
    for trace in traces:
        connection.store.start_trace(trace.info(connection.experiment_id))
        if prompt is not None:
            connection.store.link_prompts_to_trace(trace.id, [prompt])
    for batch in _batches([trace.span() for trace in traces]):
        connection.store.log_spans(connection.experiment_id, batch)
    for batch in _batches([trace.id for trace in traces]):
        connection.client.link_traces_to_run(batch, run_id)
    connection.client.set_terminated(run_id, status="FINISHED")
    return run_id, True


def _published(result: SuiteResult, connection: Connection) -> Any | None:
    """The version in MLflow's registry whose text the result measured, as a PromptVersion; None without one."""
    from mlflow.entities.model_registry import PromptVersion

    task = result.label.partition("@")[0]
    number = numbers(connection, task).get(result.prompt_sha256)
    return None if number is None else PromptVersion(name=task, version=number, template="")


def _finished_run(result: SuiteResult, connection: Connection) -> str | None:
    """The run that holds this very result. What an interrupted export left is removed."""
    runs = connection.client.search_runs(
        [connection.experiment_id], filter_string=f"tags.`{HASH_TAG}` = '{result.content_hash}'"
    )
    for run in runs:
        if run.info.status == "FINISHED":
            return str(run.info.run_id)
        _discard(run.info.run_id, connection)
    return None


def _discard(run_id: str, connection: Connection) -> None:
    while traces := connection.client.search_traces(
        locations=[connection.experiment_id], run_id=run_id, max_results=_BATCH, include_spans=False
    ):
        connection.client.delete_traces(connection.experiment_id, trace_ids=[trace.info.trace_id for trace in traces])
    connection.client.delete_run(run_id)


def _start_run(result: SuiteResult, connection: Connection, prompt: Any | None) -> str:
    from mlflow.entities import Metric, Param

    started_ms = int(datetime.fromisoformat(result.started_at).timestamp() * 1000)
    tags = {
        "mlflow.runType": "genai_evaluate",
        "mlflow.source.name": "app eval",
        HASH_TAG: result.content_hash,
        "suite": result.suite,
        "mlflow.note.content": _note(result),
    }
    if prompt is not None:
        tags["mlflow.linkedPrompts"] = linked(prompt)
    run = connection.client.create_run(
        connection.experiment_id, start_time=started_ms, tags=tags, run_name=f"{result.label} {result.suite}"
    )
    metrics = [Metric(name, value, started_ms, 0) for name, value in _metrics(result)]
    params = {
        "suite": result.suite,
        "label": result.label,
        "prompt_version": result.prompt_version,
        "model": result.label.partition("+")[2] or "route",
        "prompt_sha256": result.prompt_sha256[:12],
        "cases": len(result.cases),
    }
    connection.client.log_batch(
        run.info.run_id, metrics=metrics, params=[Param(name, str(value)) for name, value in params.items()]
    )
    connection.client.log_inputs(run.info.run_id, datasets=[register(result, connection)])
    return str(run.info.run_id)


def _metrics(result: SuiteResult) -> Iterable[tuple[str, float]]:
    """What two runs are compared by. Slices are in the note: a column for each would bury these."""
    for name, measured in result.metrics.items():
        if measured.value is not None:
            yield name, measured.value
    yield "errored_cases", float(len(result.errors))
    yield "seconds", result.seconds


def _note(result: SuiteResult) -> str:
    """Every metric with its slices, as the Markdown table that a run's page shows."""
    slices = sorted({name for measured in result.metrics.values() for name in measured.by_slice})
    lines = [f"| metric | all | {' | '.join(slices)} |", "| --- " * (len(slices) + 2) + "|"]
    for name, measured in result.metrics.items():
        numbers = [measured.value, *(measured.by_slice.get(one) for one in slices)]
        lines.append(f"| {name} | {' | '.join('' if value is None else f'{value:.4g}' for value in numbers)} |")
    return "\n".join(lines)


def _batches(items: Sequence[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), _BATCH):
        yield list(items[start : start + _BATCH])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Prints one JSON object a result; ends with 1 and one line when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m app.observability.mlflow_export")
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--tracking-uri", help="default: MLFLOW_TRACKING_URI")
    parser.add_argument("--artifacts", type=Path, help="folder for the artifacts of a new experiment")
    options = parser.parse_args(arguments)
    try:
        results = [load(path) for path in options.results]
        connection = connect(options.tracking_uri, options.experiment, options.artifacts)
        with one_writer(connection.uri):
            for result in results:
                _export_and_tell(result, connection)
    except AppError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _export_and_tell(result: SuiteResult, connection: Connection) -> None:
    started = time.perf_counter()
    run_id, written = export(result, connection)
    line = {
        "suite": result.suite,
        "label": result.label,
        "run_id": run_id,
        "experiment_id": connection.experiment_id,
        "written": written,
        "seconds": round(time.perf_counter() - started, 2),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
