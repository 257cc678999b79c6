"""MLflow: results, steps and prompts written straight to its database, and read back as its interface reads them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.caller import Caller
from app.data import postgres
from app.errors import ConfigurationError, StoreUnavailableError
from app.observability import mlflow_server, mlflow_store, tracing
from app.observability.evaluation.result import save
from app.observability.mlflow_connection import Connection, connect
from app.observability.mlflow_export import export, start_export
from app.observability.mlflow_prompts import PublishedPrompt, publish_prompts
from app.observability.mlflow_steps import log_step_run
from app.observability.semconv import Operation
from app.observability.span_export import mlflow_exporter
from app.settings import Mlflow, Settings
from tests.observability.evaluations import classified, tickets

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def records(postgres_url: str) -> str:
    """URL of MLflow's own database, with its tables; several processes asked for them at once."""
    url = postgres.ensure_database(postgres_url, "mlflow_of_tests")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(mlflow_store.initialise, [url] * 3))
    return url


@pytest.fixture
def connection(records: str, tmp_path: Path) -> Connection:
    return connect(records, f"tests {time.time_ns()}", tmp_path / "artifacts")


def test_records_are_in_their_own_database_unless_a_server_is_configured(settings: Settings) -> None:
    """A tracking URI in the settings wins."""
    assert mlflow_store.tracking_uri(settings, "postgresql://h/mlflow") == "postgresql://h/mlflow"
    remote = settings.model_copy(update={"mlflow": Mlflow(tracking_uri="http://mlflow:5000")})
    assert mlflow_store.tracking_uri(remote, "postgresql://h/mlflow") == "http://mlflow:5000"
    assert mlflow_store.initialise("http://mlflow:5000") is False


def test_an_unreachable_database_is_one_line() -> None:
    """With what to check."""
    with pytest.raises(StoreUnavailableError, match="MLflow's database cannot be reached"):
        mlflow_store.initialise("postgresql://nobody@127.0.0.1:1/none")


def test_no_module_of_the_service_imports_mlflow() -> None:
    """The store and server modules steer MLflow as a process."""
    code = (
        "import sys, app.observability.mlflow_store, app.observability.mlflow_server,"
        " app.observability.mlflow_export, app.observability.mlflow_prompts, app.observability.mlflow_steps;"
        "sys.exit('mlflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


@pytest.mark.slow
def test_tables_are_made_once(records: str) -> None:
    """The next start of any command pays milliseconds for asking."""
    started = time.perf_counter()
    assert mlflow_store.initialise(records) is False
    assert time.perf_counter() - started < 0.5


@pytest.mark.slow
@pytest.mark.feature("E2")
@pytest.mark.feature("E9")
async def test_two_prompt_versions_become_comparable_evaluation_runs(connection: Connection) -> None:
    """Each a run with metrics, parameters and dataset; their traces pair up case by case."""
    runs = []
    for version, wrong in ((1, range(60)), (2, range(24))):
        result = await classified(wrong=wrong, label=f"classify@{version}")
        runs.append(export(result, connection)[0])
    read = [connection.client.get_run(run) for run in runs]
    assert [run.data.metrics["accuracy"] for run in read] == [0.75, 0.9]
    assert [run.data.tags["mlflow.runType"] for run in read] == ["genai_evaluate"] * 2
    assert [run.data.params["label"] for run in read] == ["classify@1", "classify@2"]
    digests = {run.inputs.dataset_inputs[0].dataset.digest for run in read}
    assert len(digests) == 1
    first, second = (_traces(connection, run) for run in runs)
    assert len(first) == 240
    assert first.keys() == second.keys()


@pytest.mark.slow
@pytest.mark.feature("E9")
@pytest.mark.feature("P2")
async def test_runs_and_traces_are_linked_to_the_published_text(connection: Connection) -> None:
    """By what was measured, not by number: the version of MLflow's registry that holds this very text."""
    task = f"classify_{time.time_ns()}"
    texts = [
        PublishedPrompt(
            task=task, version=version, sha256=f"{version}" * 64, messages=[{"role": "user", "content": "x"}]
        )
        for version in (3, 7)
    ]
    publish_prompts(connection, texts, {task: 3})
    result = replace(await classified(tickets(2), label=f"{task}@7"), prompt_sha256="7" * 64)

    run = connection.client.get_run(export(result, connection)[0])

    assert json.loads(run.data.tags["mlflow.linkedPrompts"]) == [{"name": task, "version": "2"}]
    found = connection.client.search_traces(
        locations=[connection.experiment_id], filter_string=f"prompt = '{task}/2'", include_spans=False
    )
    assert {trace.info.tags["case"] for trace in found} == {"t-000", "t-001"}
    assert connection.experiment_id in connection.client.get_prompt(task).tags["_mlflow_experiment_ids"]


@pytest.mark.slow
@pytest.mark.feature("E2")
async def test_the_cases_are_a_dataset_that_follows_the_file(connection: Connection) -> None:
    """Registered once with inputs, expectations and slices; a case that is gone goes there too."""
    runs = [export(await classified(tickets(count)), connection)[0] for count in (4, 3)]

    [dataset] = connection.client.search_datasets(experiment_ids=[connection.experiment_id])

    assert sorted(record.tags["case"] for record in dataset.records) == ["t-000", "t-001", "t-002"]
    assert dataset.records[0].expectations.keys() == {"label"}
    [used] = connection.client.get_run(runs[1]).inputs.dataset_inputs
    assert json.loads(used.dataset.source) == {"dataset_id": dataset.dataset_id}


@pytest.mark.slow
@pytest.mark.feature("E9")
async def test_a_case_is_a_trace_with_inputs_outputs_expectation_and_score(connection: Connection) -> None:
    """A wrong answer carries why; an errored case is an error."""
    cases = tickets(3)
    result = await classified(
        cases, answer=lambda case: {"t-000": "other", "t-001": "technical"}[case.id], label="classify@3"
    )
    run_id, _ = export(result, connection)
    traces = {trace.info.tags["case"]: trace for trace in _traces(connection, run_id).values()}
    wrong = connection.store.get_trace(traces["t-000"].info.trace_id)
    [span] = wrong.data.spans
    assert span.inputs == {"ticket": "ticket 0"}
    assert span.outputs == {"text": "other"}
    told = {assessment.name: assessment for assessment in wrong.info.assessments}
    assert told["expected_label"].value == "billing"
    assert (told["label"].value, told["label"].rationale) == (0.0, "expected 'billing', got 'other'")
    assert traces["t-002"].info.state == "ERROR"
    assert "KeyError" in str(traces["t-002"].info.assessments)


@pytest.mark.slow
async def test_the_same_result_is_written_once_and_a_broken_export_again(connection: Connection) -> None:
    """An export that was cut leaves nothing behind once the next one has run."""
    result = await classified(tickets(5))
    first, written = export(result, connection)
    assert written
    assert export(result, connection) == (first, False)
    connection.client.update_run(first, status="RUNNING")
    second, written = export(result, connection)
    assert written
    assert second != first
    assert _traces(connection, first) == {}
    assert len(_traces(connection, second)) == 5


@pytest.mark.slow
@pytest.mark.feature("E9")
async def test_export_runs_as_a_process_of_its_own(records: str, tmp_path: Path) -> None:
    """One JSON object a result on standard output; a file that is no result ends it with one line."""
    path = save(await classified(tickets(4)), tmp_path)
    process = start_export([path], uri=records, experiment="process", artifacts=tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    line = json.loads(out)
    assert (line["suite"], line["label"], line["written"]) == ("classification", "classify@2", True)
    path.write_text("{}")
    process = start_export([path], uri=records, experiment="process", artifacts=tmp_path)
    assert "is no evaluation result" in process.communicate(timeout=60)[1]
    assert process.returncode == 2


@pytest.mark.slow
def test_a_pipeline_step_is_one_run_with_its_notebook(connection: Connection, tmp_path: Path) -> None:
    """Recording the same step of the same workflow again finds the run; another attempt after failure is new."""
    notebook = tmp_path / "support_poc.ipynb"
    notebook.write_text("{}")
    step = {
        "workflow_id": "w1",
        "step": "support_poc",
        "started_at": NOON,
        "finished_at": NOON + timedelta(seconds=3),
        "parameters": {"limit": 5},
        "metrics": {"rows": 5},
        "tags": {"prompt.classify": "2"},
        "notebook": notebook,
    }
    failed = log_step_run(connection, status="failed", **step)
    passed = log_step_run(connection, status="ok", **step)
    assert log_step_run(connection, status="ok", **step) == passed != failed
    run = connection.client.get_run(passed)
    assert (run.data.params, run.data.metrics) == ({"limit": "5"}, {"rows": 5.0})
    assert run.info.end_time - run.info.start_time == 3000
    assert run.data.tags["app.workflow_id"] == "w1"
    assert [file.path for file in connection.client.list_artifacts(passed)] == ["support_poc.ipynb"]


@pytest.mark.slow
@pytest.mark.feature("P2")
def test_prompts_are_published_once_with_the_released_one_aliased(connection: Connection) -> None:
    """Publishing again changes nothing; a rollback moves the alias and publishes nothing."""
    name = f"answer_{time.time_ns()}"
    prompts = [
        PublishedPrompt(
            task=name,
            version=version,
            sha256=f"{version}" * 64,
            messages=[{"role": "system", "content": f"v{version}"}, {"role": "user", "content": "{{question}}"}],
            description="cites sources",
        )
        for version in (1, 2)
    ]
    assert publish_prompts(connection, prompts, {name: 2}) == {"published": 2, "unchanged": 0, "aliased": 1}
    assert publish_prompts(connection, prompts, {name: 2}) == {"published": 0, "unchanged": 2, "aliased": 1}
    live = connection.client.get_prompt_version_by_alias(name, "production")
    assert live.template[0]["content"] == "v2"
    assert live.tags["app.version"] == "2"
    publish_prompts(connection, prompts, {name: 1})
    assert connection.client.get_prompt_version_by_alias(name, "production").template[0]["content"] == "v1"


@pytest.fixture(scope="module")
def server(records: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[mlflow_server.Server, Path]]:
    data_dir = tmp_path_factory.mktemp("server data")
    running = mlflow_server.serve(records, data_dir, port=0)
    yield running, data_dir
    assert mlflow_server.stop(data_dir)
    assert mlflow_server.status(data_dir) is None
    assert not running.healthy


@pytest.mark.slow
@pytest.mark.feature("O1")
def test_a_trace_of_the_service_is_readable_in_mlflow(server: tuple[mlflow_server.Server, Path]) -> None:
    """By the trace id of the call log, with session, tokens and our own cost; the experiment is made on the way."""
    running, _ = server
    tracing.configure("support", [mlflow_exporter(running.url, "live traces")])
    ada = Caller("acme", "ada", "s1")
    with (
        tracing.operation_span(Operation.AGENT, "assistant", caller=ada) as agent,
        tracing.operation_span(Operation.CHAT, "large") as chat,
    ):
        chat.usage(100, 7)
        chat.cost(0.001, 0.002)
    assert tracing.shutdown(timeout_s=20)
    info = _get(f"{running.url}/api/3.0/mlflow/traces/tr-{agent.trace_id}")["trace"]["trace_info"]
    assert info["trace_metadata"]["mlflow.trace.session"] == "s1"
    assert info["tags"]["tenant"] == "acme"
    assert json.loads(info["trace_metadata"]["mlflow.trace.cost"])["total_cost"] == pytest.approx(0.003)


@pytest.mark.slow
async def test_the_server_sees_what_was_written_without_it(
    server: tuple[mlflow_server.Server, Path], records: str, tmp_path: Path
) -> None:
    """Artifacts too: direct clients and server use one address for them."""
    running, data_dir = server
    assert mlflow_server.serve(records, data_dir, port=0) == running
    direct = connect(records, "direct", mlflow_store.artifact_root(data_dir))
    notebook = tmp_path / "step.ipynb"
    notebook.write_text('{"cells": []}')
    run_id = log_step_run(
        direct, workflow_id="w", step="s", status="ok", started_at=NOON, finished_at=NOON, notebook=notebook
    )
    assert _get(f"{running.url}/get-artifact?path=step.ipynb&run_uuid={run_id}") == {"cells": []}


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    """Before anything is started, with the setting to change."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match=r"is taken: .*APP_MLFLOW__PORT"):
            mlflow_server.serve("postgresql://x/y", tmp_path, port=taken.getsockname()[1])
    assert mlflow_server.stop(tmp_path) is False


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=20) as response:
        return json.load(response)


def _traces(connection: Connection, run_id: str) -> dict[str, Any]:
    """The traces of a run, by the key that pairs the cases of two runs."""
    found: dict[str, Any] = {}
    token = None
    while True:
        page = connection.client.search_traces(
            locations=[connection.experiment_id],
            run_id=run_id,
            max_results=200,
            include_spans=False,
            page_token=token,
        )
        found |= {trace.info.tags["mlflow.eval.requestId"]: trace for trace in page}
        token = page.token
        if not token:
            return found
