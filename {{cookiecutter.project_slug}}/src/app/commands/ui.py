"""`app ui`: MLflow's pages over this project's evaluations, pipeline runs, traces and prompts."""

from __future__ import annotations

from pathlib import Path

import click

from app import bootstrap
from app.commands import tracking
from app.errors import ConfigurationError
from app.observability import mlflow_server


def run(root: Path) -> None:
    """Start the server, or say where it already runs; it stays until `make stop`."""
    loaded = bootstrap.operating_settings(root)
    if loaded.mlflow.tracking_uri:
        raise ConfigurationError(f"MLflow is served elsewhere: open {loaded.mlflow.tracking_uri}")
    uri = tracking.records(loaded, bootstrap.prepare_database(loaded))
    server = mlflow_server.serve(uri, loaded.data_dir, port=loaded.mlflow.port)
    click.echo(f"MLflow is up at {server.url}  (stop it with: make stop)")
