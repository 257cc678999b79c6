"""The demo's service: a process of its own, as in production, on a free port, stopped at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.commands.serve import listening
from app.errors import StoreUnavailableError

READY_WITHIN_S = 20.0
POLL_S = 0.05


@contextmanager
def running_service(root: Path, mlflow_url: str) -> Iterator[str]:
    """The address of a service that is ready; it sends its traces to `mlflow_url`."""
    with listening("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    log = root / "build" / "service.log"
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": mlflow_url}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=output)  # noqa: S603
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_S)
    tail = log.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["no output"]
    raise StoreUnavailableError(f"the service did not become ready within {READY_WITHIN_S:.0f} s: {tail[0]} ({log})")
