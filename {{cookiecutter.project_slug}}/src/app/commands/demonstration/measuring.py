"""The demo's evaluation: every suite with first and served version of its prompt, the gate, MLflow's records."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence

from app import bootstrap
from app.commands import tracking
from app.commands.demonstration.report import Report
from app.commands.evaluation import judging
from app.commands.evaluation.running import evaluate as evaluate_suites
from app.commands.evaluation.suite_files import suite_files
from app.commands.evaluation.telling import table
from app.commands.evaluation.wanted import choose
from app.errors import GateFailedError, StoreUnavailableError
from app.observability import mlflow_server, mlflow_store
from app.observability.evaluation.result import SuiteResult
from app.observability.mlflow_export import start_export
from app.settings import Settings


def evaluate(loaded: Settings, url: str, report: Report, say: Callable[[str], None]) -> tuple[list[SuiteResult], str]:
    """Run the suites; the results of both versions, served ones last."""
    registry = bootstrap.registry(loaded)
    wanted = []
    for name in suite_files(loaded.root):
        served = choose(loaded, name, {})
        first = registry.versions(served.task)[0]
        if first != served.version:
            wanted.append(choose(loaded, name, {served.task: first}))
        wanted.append(served)
    results = evaluate_suites(loaded, url, wanted)
    for found in results:
        report.evaluated(found, found.seconds)
        say(table(found).splitlines()[0])
    report.prompts = [
        {"task": prompt.task, "version": prompt.version, "sha256": prompt.sha256}
        | {"served": prompt.version == registry.default_version(prompt.task)}
        for prompt in registry
    ]
    return results, f"{sum(len(found.cases) for found in results)} cases"


def gate(loaded: Settings, results: Sequence[SuiteResult], report: Report) -> tuple[None, str]:
    """Judge the served versions. Raises GateFailedError when it is red."""
    served = {choose(loaded, name, {}).label for name in suite_files(loaded.root)}
    judged = [found for found in results if found.label in served]
    verdict = judging.verdict(loaded, judged, judging.yardstick(loaded, [found.suite for found in judged]))
    report.judged(verdict)
    if not verdict.green:
        raise GateFailedError("the evaluation gate is red", verdict.reasons)
    return None, verdict.status


def publish(loaded: Settings, url: str, uri: str, results: Sequence[SuiteResult], report: Report) -> tuple[None, str]:
    """Write evaluation runs and prompt versions to MLflow. Raises StoreUnavailableError when MLflow refuses them."""
    files = [loaded.build_dir / "evals" / f"{found.suite}@{found.label}.json" for found in results]
    experiment, artifacts = loaded.mlflow.experiment, mlflow_store.artifact_root(loaded.data_dir)
    published = tracking.publish(loaded, url, bootstrap.registry(loaded))  # first: the runs link to them
    export = start_export(files, uri=uri, experiment=experiment, artifacts=artifacts)
    printed, complaint = _finished(export)
    if export.returncode != 0:
        raise StoreUnavailableError(f"evaluation runs could not be written to MLflow: {complaint.strip()}")
    server = mlflow_server.status(loaded.data_dir)
    report.mlflow = {
        "url": server.url if server else None,
        "runs": [json.loads(line) for line in printed.splitlines() if line.startswith("{")],
        "prompts": published,
    }
    written = sum(bool(run.get("written")) for run in report.mlflow["runs"])
    return None, f"{written} evaluation runs and {published['published']} prompt versions written"


def _finished(export: subprocess.Popen[str]) -> tuple[str, str]:
    printed, complaint = export.communicate(timeout=180)
    return printed, complaint or ""
