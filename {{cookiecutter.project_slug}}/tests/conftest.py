"""Fixtures every test may use. One embedded Postgres serves the whole run, all xdist workers included.

    project_root   the project as it is checked out; read it, never write to it
    private_root   a folder of links to everything in it except `.env`, `.data` and `build`
    load_settings  Settings of that folder, variables as keywords: `load_settings(APP_SERVICE__PORT="0")`
    settings       `load_settings()`: environment dev, provider offline
    postgres_url   the server (database `postgres`), for tests that make databases of their own
    empty_database URL of a new database without tables
    database_url   URL of a new, migrated database, for its owner; each test has its own, from a template in about 30 ms
    service_url    the same database for the service's role: it owns nothing, and row security holds for it
    pool           an open pool on `service_url`

No test sees the developer's environment: variables that are settings are removed before the
first test, the provider is `offline`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from app.configuration import WELL_KNOWN, load
from app.data import postgres, store
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SERVER_DIR = pytest.StashKey[Path]()
OFFLINE = {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "sample"}
LEFT_OUT = {".env", ".data", "build", ".git"}
TEMPLATE = "template_of_tests"
SERVICE, PASSWORD = "service", "of-the-tests-alone"
TEMPLATE_LOCK = 7_201_511_084
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Forget the developer's settings. The first process also names the folder of the server."""
    for name in [name for name in os.environ if name in WELL_KNOWN or name.startswith("APP_")]:
        del os.environ[name]
    os.environ.update(OFFLINE)
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="tests-postgres-"))
        folder.chmod(0o711)  # so that a test run by root, whose server is not root, needs no other place
        config.stash[SERVER_DIR] = folder
    else:
        config.stash[SERVER_DIR] = Path(config.workerinput["server_dir"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker where the server of this run is."""
    node.workerinput["server_dir"] = str(node.config.stash[SERVER_DIR])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that named the folder stops the server, after the last worker has ended."""
    if not hasattr(config, "workerinput"):
        folder = config.stash[SERVER_DIR]
        if (folder / "postgres").exists():
            postgres.stop(folder)
        shutil.rmtree(folder)


@contextlib.contextmanager
def _database(postgres_url: str, template: str) -> Iterator[str]:
    """A database of its own for one test, dropped afterwards whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(create)
        try:
            yield postgres.database_url(postgres_url, name)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture
def private_root(tmp_path: Path, project_root: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for entry in project_root.iterdir():
        if entry.name not in LEFT_OUT:
            (root / entry.name).symlink_to(entry)
    return root


@pytest.fixture
def load_settings(private_root: Path) -> Callable[..., Settings]:
    def read(**variables: str) -> Settings:
        return load(private_root, {**OFFLINE, **variables})

    return read


@pytest.fixture
def settings(load_settings: Callable[..., Settings]) -> Settings:
    return load_settings()


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    url = postgres.database_url(postgres.start(request.config.stash[SERVER_DIR]), "postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # the data does not outlive the run
        connection.execute("SELECT pg_reload_conf()")
    return url


@pytest.fixture(scope="session")
def database_template(postgres_url: str) -> str:
    """Name of a migrated database to copy; whichever worker comes first makes it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        url = postgres.ensure_database(postgres_url, TEMPLATE)
        if not store.schema_current(url):
            store.migrate(url)
            postgres.make_role(connection, SERVICE, PASSWORD)
            store.grant(url, SERVICE)
    return TEMPLATE


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    with _database(postgres_url, "template1") as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str, database_template: str) -> Iterator[str]:
    with _database(postgres_url, database_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(name, sql.Identifier(SERVICE)))
        yield url


@pytest.fixture
def service_url(database_url: str) -> str:
    place = urlsplit(database_url)
    return place._replace(netloc=f"{SERVICE}:{PASSWORD}@{place.hostname}:{place.port}").geturl()


@pytest.fixture
async def pool(service_url: str) -> AsyncIterator[AsyncConnectionPool]:
    opened = await store.open_pool(service_url, max_size=4)
    yield opened
    await opened.close()
