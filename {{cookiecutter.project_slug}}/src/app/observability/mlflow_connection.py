"""A connection to MLflow's records for the commands that write them. Imports MLflow, so never in the service.

It goes straight to the database when the tracking URI names one: no server is needed, and it is much faster.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.observability.mlflow_store import QUIET


@dataclass(frozen=True, slots=True)
class Connection:
    """`client` is an mlflow.MlflowClient; `store` its tracking store; runs go into experiment `experiment_id`."""

    uri: str
    client: Any
    store: Any
    experiment_id: str


def connect(uri: str | None, experiment: str, artifacts: Path | None = None) -> Connection:
    """Open the records at `uri` (None: MLFLOW_TRACKING_URI) and find or create `experiment`.

    A new experiment keeps its artifacts below `artifacts`, or where the server decides when that is None.
    """
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    import mlflow
    from mlflow.tracing.client import TracingClient

    mlflow.set_tracking_uri(uri or mlflow.get_tracking_uri())
    client = mlflow.MlflowClient()
    number = _experiment(client, experiment, artifacts)
    mlflow.set_experiment(experiment_id=number)  # prompts are listed under the experiment that is active
    return Connection(mlflow.get_tracking_uri(), client, TracingClient().store, number)


def _experiment(client: Any, name: str, artifacts: Path | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        location = None if artifacts is None else (artifacts.resolve() / name).as_uri()
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)
