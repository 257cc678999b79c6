"""MLflow's tables and artifacts: where they are, and how they come to be. MLflow itself is never imported here.

Its tables live in a database of their own (its migrations would collide with ours), its artifacts in a local
folder whose absolute address is fixed in each experiment, so that the server and direct clients see the same.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from app.errors import ConfigurationError, StoreUnavailableError
from app.settings import Settings

DATABASE = "mlflow"
_LOCK = 7_201_511_090
_WRITER_LOCK = 7_201_511_091
# Without the first, a request that stores traces fetches price lists over the network.
QUIET = {
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def tracking_uri(settings: Settings, database_url: str) -> str:
    """Where MLflow keeps its records: the configured server, else `database_url`, the URL of its own database."""
    return settings.mlflow.tracking_uri or database_url


def artifact_root(data_dir: Path) -> Path:
    """The folder of artifacts below the project's local state."""
    return data_dir / "mlflow" / "artifacts"


def child_environment(uri: str, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a process that uses MLflow at `uri`; the password travels here, not on a command line.

    The process imports this very package, installed or not.
    """
    variables = dict(os.environ if base is None else base)
    path = [str(Path(__file__).resolve().parents[2]), *filter(None, [variables.get("PYTHONPATH")])]
    return {**variables, **QUIET, "MLFLOW_TRACKING_URI": uri, "PYTHONPATH": os.pathsep.join(path)}


def initialise(uri: str) -> bool:
    """Create or upgrade MLflow's tables at `uri`; True when there was something to do.

    One process does it while the others wait. A mark with MLflow's version makes the next call cost milliseconds.
    Servers look after themselves: for an http `uri` nothing is done. Raises StoreUnavailableError.
    """
    if urlsplit(uri).scheme in ("http", "https"):
        return False
    version = mlflow_version()
    try:
        with psycopg.connect(uri, autocommit=True, connect_timeout=5) as connection:
            connection.execute("select pg_advisory_lock(%s)", [_LOCK])
            connection.execute("create schema if not exists app")
            connection.execute("create table if not exists app.mlflow_schema (version text primary key)")
            if connection.execute("select 1 from app.mlflow_schema where version = %s", [version]).fetchone():
                return False
            _create_tables(uri)
            connection.execute("insert into app.mlflow_schema values (%s)", [version])
            return True
    except psycopg.OperationalError as error:
        raise StoreUnavailableError(
            f"MLflow's database cannot be reached ({' '.join(str(error).split())}): is the server running?"
        ) from None


@contextmanager
def one_writer(uri: str) -> Iterator[None]:
    """Let one process at a time write evaluation results to the database at `uri`; http servers are not locked."""
    if urlsplit(uri).scheme not in ("postgresql", "postgres"):
        yield
        return
    with psycopg.connect(uri, autocommit=True, connect_timeout=5) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_WRITER_LOCK])
        yield


def mlflow_version() -> str:
    """The installed version. Raises ConfigurationError when MLflow is not installed."""
    try:
        return importlib.metadata.version("mlflow")
    except importlib.metadata.PackageNotFoundError:
        raise ConfigurationError(
            "MLflow is not installed here: install the development requirements, or set MLFLOW_TRACKING_URI "
            "to a server and run its commands where MLflow is"
        ) from None


def _create_tables(uri: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.observability.mlflow_schema"],
        env=child_environment(uri),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise StoreUnavailableError(f"MLflow's tables could not be created: {last}")
