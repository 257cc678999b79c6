"""`app demo`: one notebook's whole way: promoted, run in the pipeline, evaluated, gated, served, asked and traced.

It uses the same commands a person would. What it prints and writes to build/demo.json is measured, never assumed; run
twice, the second run finds what the first has done.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from app import bootstrap, configuration
from app.commands import tracking
from app.commands.demonstration import asking, measuring, promoting
from app.commands.demonstration.progress import Progress
from app.commands.demonstration.report import Report
from app.commands.demonstration.serving import running_service
from app.commands.pipeline import execute
from app.data import store
from app.observability import mlflow_server
from app.production import missing_key
from app.settings import Settings


def run(root: Path) -> None:
    """Do all of it. Raises the first AppError that stops it; the report is written all the same."""
    choose_models(root)
    loaded = bootstrap.settings(root)
    report = Report(loaded)
    with report.kept(root / "build" / "demo.json"), Progress(report) as progress:
        url = progress.step("database", lambda: _database(loaded))
        records = progress.background("MLflow", lambda: _mlflow(loaded, url))
        for notebook in promoting.notebooks(root):
            progress.step(f"promote {notebook.stem}", partial(promoting.promote, root, notebook, report))
        progress.step("pipeline", lambda: _pipeline(loaded, url, report, progress.say))
        results = progress.step("evaluate", lambda: measuring.evaluate(loaded, url, report, progress.say))
        progress.step("gate", lambda: measuring.gate(loaded, results, report))
        uri, server = progress.join(records)
        publishing = progress.background(
            "records in MLflow", lambda: measuring.publish(loaded, url, uri, results, report)
        )
        with progress.measured("service", lambda: running_service(root, server.url)) as address:
            progress.step("ask", lambda: asking.ask_all(root, address, report, progress.say))
            progress.step("trace", lambda: asking.follow_trace(loaded, url, server.url, report))
        progress.join(publishing)
    click.echo(report.table())


def choose_models(root: Path) -> None:
    """Say who serves the models: in development the stand-in, where the chosen provider has no key yet."""
    loaded = configuration.load(root)
    missing = missing_key(loaded)
    if missing is not None and loaded.environment == "dev":
        os.environ["APP_PROVIDER"] = "offline"
        click.echo(f"models: the offline stand-in, for this demo; {missing}")
    elif loaded.provider != "offline":
        click.echo(f"models: {loaded.provider}, about a thousand calls; APP_PROVIDER=offline make demo costs nothing")


def _database(loaded: Settings) -> tuple[str, str]:
    url = bootstrap.prepare_database(loaded)
    return url, f"up at {store.describe(url)}"


def _mlflow(loaded: Settings, url: str) -> tuple[tuple[str, mlflow_server.Server], str]:
    uri = tracking.records(loaded, url)
    server = mlflow_server.status(loaded.data_dir)
    if server is None or not server.healthy:
        server = mlflow_server.serve(uri, loaded.data_dir, port=0)
    return (uri, server), f"up at {server.url}"


def _pipeline(loaded: Settings, url: str, report: Report, say: Callable[[str], None]) -> tuple[None, str]:
    result = execute(loaded, url, say=say)
    report.pipeline = {
        "workflow_id": result.workflow_id,
        "steps": [{**asdict(step), "detail": dict(step.detail)} for step in result.steps],
    }
    if result.failure is not None:
        raise result.failure
    done = sum(step.status == "done" for step in result.steps)
    return None, f"{done} steps run, {len(result.steps) - done} found done"
