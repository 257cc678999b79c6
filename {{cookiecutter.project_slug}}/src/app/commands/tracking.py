"""MLflow for commands: where its records are, made ready on first use. Importing this costs nothing of MLflow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.data import postgres
from app.intelligence.prompts import Registry
from app.observability import mlflow_store
from app.observability.mlflow_connection import Connection
from app.orchestration.step import StepResult
from app.settings import Settings

DATABASE = "mlflow"


def records(loaded: Settings, url: str) -> str:
    """The tracking URI of this project, its tables there and current."""
    if loaded.mlflow.tracking_uri:
        return loaded.mlflow.tracking_uri
    uri = mlflow_store.tracking_uri(loaded, postgres.ensure_database(url, DATABASE))
    mlflow_store.initialise(uri)
    return uri


def tracker(loaded: Settings, url: str) -> Callable[[StepResult], str | None]:
    """Records finished pipeline steps as MLflow runs; connects at the first one."""
    opened: list[Any] = []

    def track(result: StepResult) -> str | None:
        from app.observability.mlflow_connection import connect
        from app.observability.mlflow_steps import log_step_run

        if not opened:
            experiment = f"{loaded.mlflow.experiment}-pipeline"
            opened.append(connect(records(loaded, url), experiment, mlflow_store.artifact_root(loaded.data_dir)))
        return log_step_run(
            opened[0],
            workflow_id=result.workflow_id,
            step=result.name,
            status="ok" if result.status == "done" else "failed",
            started_at=result.started_at,
            finished_at=result.started_at + timedelta(seconds=result.seconds),
            parameters={**result.parameters, **{f"prompt.{k}": v for k, v in result.prompt_versions.items()}},
            metrics={"seconds": result.seconds, **_numbers(result.output)},
            tags={"app.pipeline": result.pipeline, "app.kind": result.kind},
            notebook=result.notebook,
        )

    return track


def publish(loaded: Settings, url: str, registry: Registry) -> dict[str, int]:
    """Mirror the registry into MLflow; returns how many versions were published, unchanged and aliased."""
    from app.observability.mlflow_connection import connect

    uri, artifacts = records(loaded, url), mlflow_store.artifact_root(loaded.data_dir)
    with mlflow_store.one_writer(uri):
        return publish_to(connect(uri, loaded.mlflow.experiment, artifacts), registry)


def publish_to(connection: Connection, registry: Registry) -> dict[str, int]:
    """The same over a connection that is open."""
    from app.observability.mlflow_prompts import PublishedPrompt, publish_prompts

    prompts = [
        PublishedPrompt(
            task=prompt.task,
            version=prompt.version,
            sha256=prompt.sha256,
            description=prompt.description,
            messages=[{"role": m.role, "content": m.text} for m in prompt.messages],
            parameters=prompt.parameters,
            output_schema=prompt.output_schema,
        )
        for prompt in registry
    ]
    return publish_prompts(connection, prompts, {task: registry.default_version(task) for task in registry.tasks()})


def _numbers(output: Any) -> dict[str, float]:
    """Numeric results of a step at the top level, as metrics."""
    if not isinstance(output, dict):
        return {}
    return {key: float(v) for key, v in output.items() if isinstance(v, int | float) and not isinstance(v, bool)}
