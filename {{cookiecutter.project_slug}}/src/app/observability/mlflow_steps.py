"""One MLflow run for each step of a pipeline: parameters, metrics, tags and the executed notebook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from app.observability.mlflow_connection import Connection

WORKFLOW_TAG = "app.workflow_id"
STEP_TAG = "app.step"


def log_step_run(
    connection: Connection,
    *,
    workflow_id: str,
    step: str,
    status: Literal["ok", "failed"],
    started_at: datetime,
    finished_at: datetime,
    parameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    notebook: Path | None = None,
) -> str:
    """Record one finished step and return the run's id; times carry a time zone.

    A step of a workflow that is already recorded as ok is not recorded again: its run's id is returned.
    """
    known = _recorded(connection, workflow_id, step)
    if known is not None:
        return known
    client = connection.client
    run = client.create_run(
        connection.experiment_id,
        start_time=_ms(started_at),
        run_name=step,
        tags={WORKFLOW_TAG: workflow_id, STEP_TAG: step, "mlflow.source.name": "app pipeline", **(tags or {})},
    )
    run_id = str(run.info.run_id)
    _log_values(connection, run_id, _ms(started_at), parameters or {}, metrics or {})
    if notebook is not None:
        client.log_artifact(run_id, str(notebook))
    client.set_terminated(run_id, status="FINISHED" if status == "ok" else "FAILED", end_time=_ms(finished_at))
    return run_id


def _recorded(connection: Connection, workflow_id: str, step: str) -> str | None:
    runs = connection.client.search_runs(
        [connection.experiment_id],
        filter_string=(
            f"tags.`{WORKFLOW_TAG}` = '{workflow_id}' and tags.`{STEP_TAG}` = '{step}' "
            "and attributes.status = 'FINISHED'"
        ),
        max_results=1,
    )
    return str(runs[0].info.run_id) if runs else None


def _log_values(
    connection: Connection, run_id: str, at_ms: int, parameters: Mapping[str, Any], metrics: Mapping[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    connection.client.log_batch(
        run_id,
        metrics=[Metric(name, float(value), at_ms, 0) for name, value in metrics.items()],
        params=[Param(name, str(value)[:6000]) for name, value in parameters.items()],
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
