"""The processes of an embedded server: made, started, found again, ended.

A number in a file is never believed: the process must be alive, a Postgres, and at home in this cluster.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psycopg

from app.data.server_home import USER, Server, read_int, write_private
from app.errors import ConfigurationError, StoreUnavailableError

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.02
LOG_LIMIT_BYTES = 10_000_000
SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
wal_level = minimal
max_wal_senders = 0
timezone = 'UTC'
log_timezone = 'UTC'
"""


def answers(server: Server, database: str) -> bool:
    """Whether our own server takes connections: a stranger on the same port does not know the password."""
    try:
        if not (server.password.exists() and (server.cluster / "postmaster.pid").exists()):
            return False
        psycopg.connect(server.url(database), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename} cannot be read ({error.strerror}): run as the user who created it, or set DATABASE_URL"
        ) from None
    return True


def initialise(server: Server, binaries: Path) -> None:
    """Create the cluster if it is missing. It appears under its name only when complete."""
    if server.cluster.exists() and not server.password.exists():
        if server.cluster.is_relative_to(server.home):
            raise ConfigurationError(
                f"{server.password} is missing, so {server.cluster} cannot be opened: restore it, or delete the folder"
            )
        # The data folder was deleted; what it left in the system's state folder is of no use to anybody.
        end(server.cluster)
        shutil.rmtree(server.cluster)
    if server.cluster.exists():
        return
    server.cluster.parent.mkdir(parents=True, exist_ok=True)
    write_private(server.password, secrets.token_urlsafe(24))
    partial = server.cluster.with_name("cluster.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    server.account.own(partial)
    handed = server.cluster.with_name("password.partial")
    write_private(handed, server.password.read_text(encoding="ascii"))
    server.account.own(handed)
    command = [str(binaries / "initdb"), "-D", str(partial), "-U", USER, "-A", "scram-sha-256", f"--pwfile={handed}"]
    command += ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale", "--no-sync"]
    done = server.account.run(command, cwd=Path("/"))
    handed.unlink()
    if done.returncode != 0:
        raise StoreUnavailableError(
            f"initdb ended with code {done.returncode} for {server.cluster}: is the disk full or the folder read-only?"
        )
    with (partial / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("include_if_exists = 'app.conf'\n")
    partial.rename(server.cluster)


def launch(server: Server, binaries: Path) -> None:
    """Start the server and wait until it answers. A port that is taken, before or meanwhile, is replaced."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        running = postmaster(server.cluster)
        if running is None:
            # Postgres takes any living process of that number, zombies included, for itself and refuses to start.
            (server.cluster / "postmaster.pid").unlink(missing_ok=True)
            port = read_int(server.port)
            if port is None or not _is_free(port):
                port = _free_port()
            write_private(server.port, str(port))
            _write_settings(server, port)
            _spawn(server, binaries)
        else:
            write_private(server.port, _pid_file(server.cluster)[3])
        if _comes_up(server, deadline):
            return
    raise StoreUnavailableError(
        f"the embedded Postgres did not start in {START_TIMEOUT_S:.0f} s: see {server.log}: {_last_line(server.log)}"
    )


def end(cluster: Path) -> bool:
    """Ask the server to stop, its clients cut off, and wait until it has. False when there was none."""
    process = postmaster(cluster)
    if process is None:
        return False
    # Found alive a moment ago; should it be gone by now, all the better.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGINT)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while postmaster(cluster) is not None:
        if time.monotonic() > deadline:
            raise StoreUnavailableError(
                f"the embedded Postgres (process {process.pid}) is still there after {STOP_TIMEOUT_S:.0f} s: try again"
            )
        time.sleep(POLL_S)
    return True


def postmaster(cluster: Path) -> Any:
    """The server's process as psutil knows it, or None when it is gone, a zombie, or the number is someone else's."""
    try:
        pid = int(_pid_file(cluster)[0])
    except (OSError, ValueError, IndexError):
        return None
    import psutil

    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
        return process if alive and Path(process.cwd()) == cluster else None
    except (psutil.Error, OSError):
        return None


def _write_settings(server: Server, port: int) -> None:
    settings = server.cluster / "app.conf"
    settings.write_text(SETTINGS.format(port=port), encoding="utf-8")
    server.account.own(settings)
    if server.log.exists() and server.log.stat().st_size > LOG_LIMIT_BYTES:
        server.log.unlink()
    server.log.touch(mode=0o600)
    server.account.own(server.log)


def _spawn(server: Server, binaries: Path) -> None:
    """Leave `postgres` running on its own. The shell only detaches it; paths reach it as arguments, never as code."""
    detach = '"$@" </dev/null >>"$0" 2>&1 &'
    command = ["/bin/sh", "-c", detach, str(server.log), str(binaries / "postgres"), "-D", str(server.cluster)]
    server.account.run(command, cwd=server.cluster.parent)


def _comes_up(server: Server, deadline: float) -> bool:
    """Wait for the server just spawned; False as soon as it has given up."""
    spawned = time.monotonic()
    while time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            time.sleep(POLL_S)
        if time.monotonic() - spawned > 1.0 and postmaster(server.cluster) is None:
            return False
    return False


def _pid_file(cluster: Path) -> list[str]:
    """Lines of the server's own note about itself: process number first, port fourth."""
    return (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().rsplit("\n", 1)[-1]
    except OSError:
        return "no log was written"
