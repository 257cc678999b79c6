"""The MLflow server of development, as a child process: its interface and the address traces are sent to.

It listens on 127.0.0.1 and outlives the command that started it. It is for looking at results; nothing in the
product waits for it, and records are written whether it runs or not.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from app.errors import ConfigurationError, StoreUnavailableError
from app.observability.mlflow_store import artifact_root, child_environment, mlflow_version


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    url: str

    @property
    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except OSError:
            return False


def serve(uri: str, data_dir: Path, *, port: int = 5000, wait_s: float = 90.0) -> Server:
    """Start a server over the records at `uri`, or wait for the one already started for `data_dir`.

    Port 0 takes any free one. Call `mlflow_store.initialise(uri)` before. `wait_s=0` returns at once: call again
    when it is needed. Raises ConfigurationError when the port is taken, StoreUnavailableError when it does not come up.
    """
    folder = data_dir / "mlflow"
    running = status(data_dir)
    if running is not None:
        _wait(running, folder / "server.log", wait_s)
        return running
    mlflow_version()
    address = f"http://127.0.0.1:{_free_port(port)}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603
            _command(address, data_dir),
            env=child_environment(uri) | {"MLFLOW_BACKEND_STORE_URI": uri},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(process.pid, address)
    (folder / "server.json").write_text(json.dumps(asdict(server)) + "\n", encoding="utf-8")
    _wait(server, folder / "server.log", wait_s)
    return server


def status(data_dir: Path) -> Server | None:
    """The server that `serve` started for `data_dir`, None when it is gone."""
    try:
        server = Server(**json.loads((data_dir / "mlflow" / "server.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return server if _is_ours(server) else None


def stop(data_dir: Path, *, wait_s: float = 10.0) -> bool:
    """Stop that server and its workers; False when none was running."""
    server = status(data_dir)
    if server is None:
        return False
    os.killpg(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + wait_s
    while _is_ours(server) and time.monotonic() < deadline:
        time.sleep(0.1)
    if _is_ours(server):
        os.killpg(server.pid, signal.SIGKILL)
    (data_dir / "mlflow" / "server.json").unlink(missing_ok=True)
    return True


def _command(address: str, data_dir: Path) -> list[str]:
    host, port = address.removeprefix("http://").split(":")
    options = {
        "--workers": "1",
        "--host": host,
        "--port": port,
        "--default-artifact-root": artifact_root(data_dir).resolve().as_uri(),
    }
    flags = [part for option in options.items() for part in option]
    return [sys.executable, "-m", "mlflow", "server", "--no-serve-artifacts", *flags]


def _free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError(
                f"port {port} is taken: stop what uses it or set APP_MLFLOW__PORT to another"
            ) from None
        return int(probe.getsockname()[1])


def _wait(server: Server, log: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        if server.healthy:
            return
        if not _is_alive(server):
            raise StoreUnavailableError(f"the MLflow server ended before it answered: see {log}")
        time.sleep(0.2)
    if wait_s > 0:
        raise StoreUnavailableError(f"the MLflow server did not answer within {wait_s:g} s: see {log}")


def _is_alive(server: Server) -> bool:
    """Whether the process is there. A process that is starting may show no command line for a moment, so only that."""
    import psutil

    try:
        return bool(psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is_ours(server: Server) -> bool:
    """Whether that process id is still an MLflow server and not someone else's later process."""
    import psutil

    try:
        return _is_alive(server) and "mlflow" in psutil.Process(server.pid).cmdline()
    except psutil.NoSuchProcess:
        return False
