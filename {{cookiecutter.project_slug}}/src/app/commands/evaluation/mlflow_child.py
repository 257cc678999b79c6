"""MLflow's records of an evaluation, written by a process of low priority that nobody waits for.

Importing MLflow alone takes longer than many an evaluation. The child starts when the verdict is out, and leaves what
it did in build/evals/mlflow.json; a failure is told by `--wait`, or by the next evaluation.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import AppError, StoreUnavailableError
from app.observability.evaluation import result as results
from app.observability.evaluation.result import SuiteResult
from app.settings import Settings

NICENESS = 10
WAIT_S = 120.0


def installed() -> bool:
    """Whether this environment has MLflow: the service's has not."""
    return importlib.util.find_spec("mlflow") is not None


def start(loaded: Settings, url: str, found: Sequence[SuiteResult]) -> subprocess.Popen[bytes]:
    """Begin to write the records of results that were saved under build/evals.

    The child is told where the database is, so that it never starts one that somebody stopped meanwhile.
    """
    folder = loaded.build_dir / "evals"
    paths = [str(results.path_of(folder, one.suite, one.label)) for one in found]
    note(folder, {"status": "writing", "results": paths})
    with (folder / "mlflow.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "app.commands.evaluation.mlflow_child", str(loaded.root), *paths],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=loaded.root,
            env={**os.environ, "PYTHONPATH": _path(), "DATABASE_URL": url},
            start_new_session=True,
        )


def wait(loaded: Settings, child: subprocess.Popen[bytes]) -> str:
    """What was written, as one line. Raises StoreUnavailableError when it was not."""
    try:
        child.wait(WAIT_S)
    except subprocess.TimeoutExpired:
        raise StoreUnavailableError(
            f"MLflow's records are not written after {WAIT_S:.0f} s: see build/evals/mlflow.log"
        ) from None
    told = read(loaded.build_dir / "evals")
    if told.get("status") != "written":
        raise StoreUnavailableError(failure(told))
    return f"MLflow: {len(told['runs'])} runs in {told['seconds']:.1f} s"


def last_failure(loaded: Settings) -> str | None:
    """Why the records of the evaluation before this one are missing, None when they are not."""
    told = read(loaded.build_dir / "evals")
    if told.get("status") in (None, "written"):
        return None
    if told["status"] == "writing" and time.time() - told["at"] < WAIT_S:
        return None
    return failure(told)


def failure(told: Mapping[str, Any]) -> str:
    """One line out of what the child left."""
    reason = told.get("error", "the process ended before it was done")
    count = len(told.get("results", []))
    return f"MLflow's records of {count} results were not written ({reason}): see build/evals/mlflow.log"


def note(folder: Path, values: Mapping[str, Any]) -> None:
    """Leave word, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".mlflow.{os.getpid()}.json"
    part.write_text(json.dumps({**values, "at": time.time()}) + "\n", encoding="utf-8")
    part.replace(folder / "mlflow.json")


def read(folder: Path) -> dict[str, Any]:
    """The word that was left; nothing when there is none."""
    try:
        told = json.loads((folder / "mlflow.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def main(arguments: Sequence[str]) -> int:
    """`ROOT RESULT.json ...`: write them, and leave word."""
    os.nice(NICENESS)
    from app import bootstrap
    from app.commands import tracking
    from app.observability import mlflow_store

    root, paths = Path(arguments[0]), [Path(one) for one in arguments[1:]]
    loaded = bootstrap.operating_settings(root)
    folder, began = loaded.build_dir / "evals", time.perf_counter()
    try:
        uri = tracking.records(loaded, os.environ["DATABASE_URL"])
        os.environ.update({"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", **mlflow_store.child_environment(uri)})
        from app.observability.mlflow_connection import connect
        from app.observability.mlflow_export import export

        runs = []
        with mlflow_store.one_writer(uri):  # fails at once without a database, which MLflow would wait minutes for
            connection = connect(uri, loaded.mlflow.experiment, mlflow_store.artifact_root(loaded.data_dir))
            tracking.publish_to(connection, bootstrap.registry(loaded))  # first, so that runs and traces link to them
            for path in paths:
                found = results.load(path)
                run_id, written = export(found, connection)
                runs.append({"suite": found.suite, "label": found.label, "run_id": run_id, "written": written})
    except AppError as error:
        note(folder, {"status": "failed", "results": arguments[1:], "error": " ".join(str(error).split())})
        return error.exit_code
    except BaseException as error:
        note(folder, {"status": "failed", "results": arguments[1:], "error": f"{type(error).__name__}: {error}"})
        raise
    note(folder, {"status": "written", "runs": runs, "seconds": round(time.perf_counter() - began, 2)})
    return 0


def _path() -> str:
    """This very package, installed or not."""
    here = str(Path(__file__).resolve().parents[3])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
